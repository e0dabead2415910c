package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

const (
	nsTypes    = "http://schemas.microsoft.com/exchange/services/2006/types"
	nsMessages = "http://schemas.microsoft.com/exchange/services/2006/messages"
)

// A schemaWriter collects the definitions of the two schema documents. It
// writes what the operations we serve can reach, no more.
//
// What is valid by our schema is meant to be valid by the published one, not
// the other way round: properties and operations we do not know are absent.
type schemaWriter struct {
	*generator
	byXSD    map[string]*typ              // named types of the source
	done     map[string]bool              // definitions written or under way
	named    map[string]map[string]string // prefix, name: definition
	elements map[string]map[string]string // prefix, name: type of global elements
	err      error
}

// schemaFiles makes types.xsd, messages.xsd and Services.wsdl.
func schemaFiles(m *model) ([]file, error) {
	w := &schemaWriter{
		generator: &generator{model: m},
		byXSD:     map[string]*typ{}, done: map[string]bool{},
		named:    map[string]map[string]string{"t": {}, "m": {}},
		elements: map[string]map[string]string{"t": {}, "m": {}},
	}
	for _, name := range m.names {
		if t := m.types[name]; t.manual == "" {
			if old := w.byXSD[m.xsdName(t)]; old != nil {
				return nil, fmt.Errorf("%s: %s and %s have one name in the schema, %s", t.where, old.name, t.name, m.xsdName(t))
			}
			w.byXSD[m.xsdName(t)] = t
		}
	}
	for _, op := range m.operations {
		w.element("m", op.requestElement, w.typeRef(m.types[op.request]))
		w.element("m", op.responseElement, w.typeRef(m.types[op.response]))
	}
	for _, name := range m.names {
		if t := m.types[name]; t.element != "" {
			w.element("t", t.element, w.typeRef(t))
		}
	}
	for _, h := range headerElements {
		w.element("t", h.name, h.xsd)
		w.use(h.xsd)
	}
	if w.err != nil {
		return nil, w.err
	}
	return []file{
		{"schema/Services.wsdl", indent(wsdl(m.operations))},
		{"schema/messages.xsd", w.document("m", nsMessages, "t", nsTypes, "types.xsd")},
		{"schema/types.xsd", w.document("t", nsTypes, "", "", "")},
	}, nil
}

func (w *schemaWriter) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("schema: "+format, args...)
	}
}

// xsdName is the schema's name of a type, with its prefix.
func (m *model) xsdName(t *typ) string {
	switch {
	case t.manual != "" && strings.Contains(t.manual, ":"):
		return t.manual
	case t.manual != "":
		return "t:" + t.manual
	case strings.Contains(t.xsd, ":"):
		return t.xsd
	case t.xsd != "":
		return m.space(t, 0) + ":" + t.xsd
	}
	return m.space(t, 0) + ":" + strings.ToUpper(t.name[:1]) + t.name[1:] + "Type"
}

// space is the namespace a type is defined in: that of its children.
func (m *model) space(t *typ, depth int) string {
	if depth > 20 || t.shape != structType {
		return "t"
	}
	if m.root(t.name) {
		return "m"
	}
	for _, f := range t.fields {
		switch {
		case f.inline:
			if in := m.types[f.typ.name]; in != nil && in.manual == "" && m.space(in, depth+1) == "m" {
				return "m"
			}
		case !f.attr && !f.text && f.outerNS() == "m":
			return "m"
		}
	}
	return "t"
}

func (m *model) root(name string) bool {
	return slices.ContainsFunc(m.operations, func(o operation) bool { return o.request == name || o.response == name })
}

// element declares a global element.
func (w *schemaWriter) element(prefix, name, xsd string) {
	if old := w.elements[prefix][name]; old != "" && old != xsd {
		w.fail("two types of the element %s:%s: %s and %s", prefix, name, old, xsd)
	}
	w.elements[prefix][name] = xsd
}

// typeRef makes sure that a type is defined and returns its name.
func (w *schemaWriter) typeRef(t *typ) string {
	name := w.model.xsdName(t)
	w.use(name)
	return name
}

// use makes sure that the type of that name is defined.
func (w *schemaWriter) use(name string) {
	prefix, local, _ := strings.Cut(name, ":")
	if prefix == "xs" || w.done[name] {
		return
	}
	w.done[name] = true
	t := w.byXSD[name]
	switch {
	case fragment(local) != "":
		w.named[prefix][local] = fragment(local)
		for _, dep := range references(fragment(local)) {
			w.use(dep)
		}
	case prefix == "t" && w.kindByXSD(local) != nil:
		w.named[prefix][local] = w.kind(w.kindByXSD(local))
	case t == nil:
		w.fail("nothing defines the type %s", name)
	case t.name == "UnindexedFieldURI":
		w.named[prefix][local] = enumeration(local, w.model.fields.uris())
	case t.shape == namedString:
		w.named[prefix][local] = enumeration(local, t)
	case t.shape == namedSlice:
		w.named[prefix][local] = fmt.Sprintf(`<xs:simpleType name="%s"><xs:list itemType="%s"/></xs:simpleType>`,
			local, w.typeRef(w.model.types[t.elem]))
	default:
		w.named[prefix][local] = w.complexType(local, prefix, t)
	}
}

// references finds the types a fragment names.
func references(text string) []string {
	var names []string
	for _, attr := range []string{`type="`, `base="`, `itemType="`} {
		for _, part := range strings.Split(text, attr)[1:] {
			name, _, _ := strings.Cut(part, `"`)
			names = append(names, name)
		}
	}
	return names
}

func enumeration(name string, t *typ) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<xs:simpleType name="%s"><xs:restriction base="xs:string">`, name)
	for _, c := range t.consts {
		fmt.Fprintf(&b, `<xs:enumeration value="%s"/>`, attrText(c.value))
	}
	b.WriteString(`</xs:restriction></xs:simpleType>`)
	return b.String()
}

func attrText(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a bytes.Buffer takes all
	return b.String()
}

// complexType writes a struct in the namespace prefix.
func (w *schemaWriter) complexType(name, prefix string, t *typ) string {
	f, err := w.model.flatten(t)
	if err != nil {
		w.fail("%w", err)
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<xs:complexType name="%s">`, name)
	switch {
	case f.text != nil:
		base := w.basicOf(f.text.typ.name).xsd
		w.use(base)
		fmt.Fprintf(&b, `<xs:simpleContent><xs:extension base="%s">%s</xs:extension></xs:simpleContent>`, base, w.attributes(f))
	case t.choice:
		b.WriteString(w.choice(prefix, t, "1", "1") + w.attributes(f))
	default:
		if len(f.groups) > 0 {
			b.WriteString("<xs:sequence>")
			for i := range f.groups {
				b.WriteString(w.group(prefix, f, i))
			}
			b.WriteString("</xs:sequence>")
		}
		b.WriteString(w.attributes(f))
	}
	b.WriteString(`</xs:complexType>`)
	return b.String()
}

func (w *schemaWriter) attributes(f *flat) string {
	var b strings.Builder
	for i := range f.attrs {
		a := &f.attrs[i]
		use := "required"
		if a.optional() {
			use = "optional"
		}
		xsd := w.basicOf(a.typ.name).xsd
		w.use(xsd)
		fmt.Fprintf(&b, `<xs:attribute name="%s" type="%s" use="%s"/>`, a.local, xsd, use)
	}
	return b.String()
}

func (w *schemaWriter) group(prefix string, f *flat, i int) string {
	least := "0"
	if f.groups[i].required {
		least = "1"
	}
	for j := range f.children {
		if f.children[j].group == i {
			return w.child(prefix, &f.children[j], least)
		}
	}
	for j := range f.open {
		if o := &f.open[j]; o.group == i {
			most := "1"
			if o.typ.slice {
				most = "unbounded"
			}
			return w.choice(prefix, w.model.types[o.typ.name], least, most)
		}
	}
	return ""
}

// choice writes the alternatives of a choice where they stand.
func (w *schemaWriter) choice(prefix string, t *typ, least, most string) string {
	body := ""
	if t.manual != "" {
		body = w.kindChoice(prefix, t.manual)
	} else {
		f, err := w.model.flatten(t)
		if err != nil {
			w.fail("%w", err)
			return ""
		}
		for i := range f.children {
			body += w.child(prefix, &f.children[i], "1")
		}
		for i := range f.open {
			body += w.choice(prefix, w.model.types[f.open[i].typ.name], "1", "1")
		}
	}
	return fmt.Sprintf(`<xs:choice%s>%s</xs:choice>`, occurs(least, most), body)
}

// kindChoice writes the elements of items or folders.
func (w *schemaWriter) kindChoice(prefix, manual string) string {
	var b strings.Builder
	for _, k := range w.model.fields.kinds {
		if manual == "AnyFolder" == strings.HasSuffix(k.element, "Folder") {
			b.WriteString(w.elementOf(prefix, "t", k.element, "t:"+k.xsd, "1", "1"))
		}
	}
	return b.String()
}

func occurs(least, most string) string {
	s := ""
	if least != "1" {
		s += ` minOccurs="` + least + `"`
	}
	if most != "1" {
		s += ` maxOccurs="` + most + `"`
	}
	return s
}

// elementOf writes an element with a type. In the other namespace it can only
// be a reference to a global element.
func (w *schemaWriter) elementOf(prefix, own, local, xsd, least, most string) string {
	w.use(xsd)
	if own == prefix {
		return fmt.Sprintf(`<xs:element name="%s" type="%s"%s/>`, local, xsd, occurs(least, most))
	}
	w.element(own, local, xsd)
	return fmt.Sprintf(`<xs:element ref="%s:%s"%s/>`, own, local, occurs(least, most))
}

// child writes one field.
func (w *schemaWriter) child(prefix string, c *member, least string) string {
	if c.wrapper != "" {
		return w.wrapped(prefix, c, least)
	}
	most := "1"
	if c.typ.slice {
		most = "unbounded"
		if !c.nonempty {
			least = "0"
		}
	}
	return w.elementOf(prefix, c.prefix, c.local, w.valueType(c), least, most)
}

// valueType is the schema type of a field's value.
func (w *schemaWriter) valueType(c *member) string {
	if b := w.basicOf(c.typ.name); b != nil {
		return b.xsd
	}
	t := w.model.types[c.typ.name]
	if t.manual != "" {
		for _, k := range w.model.fields.kinds {
			if k.element == c.local {
				return "t:" + k.xsd
			}
		}
	}
	return w.model.xsdName(t)
}

// wrapped writes a wrapper with its children: a type without a name for a list
// of one element in the wrapper's namespace, otherwise a named type in the
// namespace of the children. (Search expressions nest: only names can do that.)
func (w *schemaWriter) wrapped(prefix string, c *member, least string) string {
	inner := c.prefix
	if c.choices {
		inner = w.choiceSpace(w.model.types[c.typ.name])
	}
	if own := c.outerNS(); own != prefix {
		w.fail("the wrapper %s stands in a type of %s", c.wrapper, prefix)
	}
	if inner == prefix && !c.choices {
		return fmt.Sprintf(`<xs:element name="%s"%s><xs:complexType>%s</xs:complexType></xs:element>`,
			c.outerLocal(), occurs(least, "1"), w.listBody(inner, c))
	}
	return fmt.Sprintf(`<xs:element name="%s" type="%s:%s"%s/>`, c.outerLocal(), inner, w.arrayName(inner, c), occurs(least, "1"))
}

func (w *schemaWriter) listBody(inner string, c *member) string {
	some, most := "0", "unbounded"
	if c.nonempty || !c.typ.slice {
		some = "1"
	}
	if !c.typ.slice {
		most = "1"
	}
	if c.choices {
		return w.choice(inner, w.model.types[c.typ.name], some, most)
	}
	if c.outerLocal() == "ResponseMessages" {
		// A repeated choice of one, as published: node-ews makes a list of
		// elements that may be repeated themselves, and callers of it expect
		// the one message of an answer bare.
		return `<xs:choice` + occurs(some, most) + `>` + w.elementOf(inner, c.prefix, c.local, w.valueType(c), "1", "1") + `</xs:choice>`
	}
	return `<xs:sequence>` + w.elementOf(inner, c.prefix, c.local, w.valueType(c), some, most) + `</xs:sequence>`
}

// arrayName defines the type of a wrapper; the same list has one name.
func (w *schemaWriter) arrayName(inner string, c *member) string {
	name := strings.ToUpper(c.typ.name[:1]) + strings.ReplaceAll(c.typ.name[1:], ".", "")
	switch {
	case !c.typ.slice:
		name = "One" + name
	case c.nonempty:
		name = "NonEmptyArrayOf" + name
	default:
		name = "ArrayOf" + name
	}
	if !c.choices {
		name += c.local
	}
	name += "List"
	if w.done["list "+inner+name] {
		return name
	}
	w.done["list "+inner+name] = true
	w.named[inner][name] = fmt.Sprintf(`<xs:complexType name="%s">%s</xs:complexType>`, name, w.listBody(inner, c))
	return name
}

// choiceSpace is the namespace of the elements of a choice.
func (w *schemaWriter) choiceSpace(t *typ) string {
	if t.manual != "" {
		return "t"
	}
	for _, f := range t.fields {
		if !f.inline {
			return f.outerNS()
		}
	}
	return "t"
}

// document puts a schema together, its definitions sorted by name.
func (w *schemaWriter) document(prefix, space, other, otherSpace, location string) []byte {
	var b bytes.Buffer
	b.WriteString(`<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:` + prefix + `="` + space + `"`)
	if other != "" {
		b.WriteString(` xmlns:` + other + `="` + otherSpace + `"`)
	}
	b.WriteString(` targetNamespace="` + space + `" elementFormDefault="qualified" version="Exchange2016">`)
	if other != "" {
		b.WriteString(`<xs:import namespace="` + otherSpace + `" schemaLocation="` + location + `"/>`)
	}
	for _, name := range sortedKeys(w.named[prefix]) {
		b.WriteString(w.named[prefix][name])
	}
	for _, name := range sortedKeys(w.elements[prefix]) {
		fmt.Fprintf(&b, `<xs:element name="%s" type="%s"/>`, name, w.elements[prefix][name])
	}
	b.WriteString(`</xs:schema>`)
	return indent(b.Bytes())
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// indent lays XML without text content out, one element a line.
func indent(in []byte) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n")
	depth := 0
	for _, tag := range strings.SplitAfter(string(in), ">") {
		if tag == "" {
			continue
		}
		if strings.HasPrefix(tag, "</") {
			depth--
		}
		b.WriteString(strings.Repeat("  ", depth) + tag + "\n")
		if !strings.HasPrefix(tag, "</") && !strings.HasSuffix(tag, "/>") {
			depth++
		}
	}
	return b.Bytes()
}
