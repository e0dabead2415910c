package main

import (
	"fmt"
	"slices"
	"strings"
)

// A flat is a struct as it stands on the wire: inline structs replaced by what
// they hold.
type flat struct {
	attrs    []member
	text     *member
	children []member
	open     []member // inline choices, asked for names nobody else has
	groups   []group
}

// A member is one attribute or child with the Go path to it from the struct.
type member struct {
	field
	path  string
	group int // index into flat.groups
}

// A group is what may occur once: a child or a choice.
type group struct {
	required bool
	choice   bool
	names    []string
}

// bit of the group in the decoder's record of what was seen.
func (m *member) bit() string { return fmt.Sprintf("1<<%d", m.group) }

func (m *model) flatten(t *typ) (*flat, error) {
	f := &flat{}
	if t.choice {
		if err := m.flattenChoice(f, t); err != nil {
			return nil, err
		}
		return f, f.check(t)
	}
	if err := m.flattenInto(f, t, "x"); err != nil {
		return nil, err
	}
	return f, f.check(t)
}

func (m *model) flattenInto(f *flat, t *typ, path string) error {
	for _, fl := range t.fields {
		p := path + "." + fl.name
		switch {
		case fl.attr:
			f.attrs = append(f.attrs, member{field: fl, path: p})
		case fl.text:
			f.text = &member{field: fl, path: p}
		case !fl.inline:
			f.groups = append(f.groups, group{required: m.required(&fl), names: []string{fl.local}})
			f.children = append(f.children, member{field: fl, path: p, group: len(f.groups) - 1})
		default:
			if err := m.flattenInline(f, t, &fl, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// required: neither optional nor a bare repetition, which may be of none.
func (m *model) required(f *field) bool {
	if f.wrapper == "" && f.typ.slice && !f.nonempty {
		return false
	}
	return !f.optional()
}

func (m *model) flattenInline(f *flat, t *typ, fl *field, path string) error {
	in := m.types[fl.typ.name]
	if in == nil || fl.typ.slice && !in.choice || fl.typ.ptr {
		return fmt.Errorf("%s.%s: inline needs a tagged struct", t.name, fl.name)
	}
	if in.choice || in.manual != "" {
		f.groups = append(f.groups, group{required: m.required(fl), choice: true, names: []string{in.name}})
		f.open = append(f.open, member{field: *fl, path: path, group: len(f.groups) - 1})
		return nil
	}
	return m.flattenInto(f, in, path)
}

// flattenChoice makes one group of the alternatives of a choice.
func (m *model) flattenChoice(f *flat, t *typ) error {
	f.groups = []group{{required: true, choice: true}}
	for _, fl := range t.fields {
		p := "x." + fl.name
		in := m.types[fl.typ.name]
		switch {
		case fl.inline && in != nil && (in.choice || in.manual != ""):
			f.open = append(f.open, member{field: fl, path: p})
		case fl.attr || fl.text || fl.inline || !fl.typ.ptr && !fl.typ.slice:
			return fmt.Errorf("%s.%s: a choice holds pointers and slices", t.name, fl.name)
		default:
			f.children = append(f.children, member{field: fl, path: p})
		}
	}
	return nil
}

func (f *flat) check(t *typ) error {
	if len(f.groups) > 64 {
		return fmt.Errorf("%s: more than 64 children", t.name)
	}
	if f.text != nil && len(f.children)+len(f.open) > 0 {
		return fmt.Errorf("%s: both text and children", t.name)
	}
	var seen []string
	for _, c := range f.children {
		name := c.outer()
		if slices.Contains(seen, name) {
			return fmt.Errorf("%s: two children %s", t.name, name)
		}
		seen = append(seen, name)
	}
	return nil
}

// outer is the element that stands in the struct itself, with its prefix.
func (f *field) outer() string {
	if f.wrapper != "" {
		return f.wrapper
	}
	return f.prefix + ":" + f.local
}

func (f *field) outerNS() string { p, _, _ := strings.Cut(f.outer(), ":"); return p }

func (f *field) outerLocal() string { _, l, _ := strings.Cut(f.outer(), ":"); return l }

// check refuses fields whose type nobody can read.
func (m *model) check() error {
	for _, name := range m.names {
		t := m.types[name]
		if t.shape != structType || t.manual != "" {
			continue
		}
		for _, f := range t.fields {
			in := m.types[f.typ.name]
			switch {
			case scalar(f.typ.name) != nil:
			case in == nil:
				return fmt.Errorf("%s: %s.%s: type %s has no tags and no directive", t.where, t.name, f.name, f.typ.name)
			case (f.attr || f.text) && in.shape == structType:
				return fmt.Errorf("%s: %s.%s: a struct is no text", t.where, t.name, f.name)
			}
		}
		if _, err := m.flatten(t); err != nil {
			return fmt.Errorf("%s: %w", t.where, err)
		}
	}
	return nil
}
