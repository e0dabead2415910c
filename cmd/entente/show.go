package main

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"entente/admin"
	"entente/publish"
	"entente/publish/ruletest"
)

// show prints an answer for people: lists as tables, one object as a line for
// each of its fields.
func show(w io.Writer, answer any) error {
	switch a := answer.(type) {
	case admin.RequestExplained:
		return told(w, &a)
	case []ruletest.Line:
		return tested(w, a)
	case []publish.Taking:
		return taken(w, a)
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	v := reflect.ValueOf(answer)
	if v.Kind() == reflect.Slice {
		table(tw, v)
	} else {
		object(tw, v)
	}
	return tw.Flush()
}

func table(w io.Writer, list reflect.Value) {
	columns := fields(list.Type().Elem())
	var heads []string
	for _, c := range columns {
		heads = append(heads, strings.ToUpper(strings.ReplaceAll(c.name, "_", " ")))
	}
	fmt.Fprintln(w, strings.Join(heads, "\t"))
	for i := range list.Len() {
		var cells []string
		for _, c := range columns {
			cells = append(cells, cell(list.Index(i).FieldByIndex(c.index)))
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
}

// object prints fields; lists of structs come after them, as tables.
func object(w io.Writer, v reflect.Value) {
	var lists []reflect.Value
	for _, c := range fields(v.Type()) {
		f := v.FieldByIndex(c.index)
		switch {
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			if f.Len() > 0 {
				lists = append(lists, f)
			}
		case c.name == "done":
			fmt.Fprintln(w, cell(f))
		case f.Kind() == reflect.Slice:
			for i := range f.Len() {
				fmt.Fprintf(w, "%s\t%s\n", c.name, cell(f.Index(i)))
			}
		case !f.IsZero() || f.Kind() != reflect.String:
			fmt.Fprintf(w, "%s\t%s\n", c.name, cell(f))
		}
	}
	for _, l := range lists {
		if l.Len() == 0 {
			continue
		}
		fmt.Fprintln(w)
		table(w, l)
	}
}

type field struct {
	name  string
	index []int
}

// fields are those of a struct, with those of structs in it, by their names
// in JSON.
func fields(t reflect.Type) []field {
	var all []field
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Tag.Get("table") == "-" {
			continue // for JSON only
		}
		all = append(all, field{name, f.Index})
	}
	return all
}

// cell prints one value. What came from outside must not move the cursor or
// leave its column.
func cell(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Bool && v.Bool():
		return "yes"
	case v.Kind() == reflect.Bool:
		return "no"
	}
	if t, ok := v.Interface().(time.Time); ok {
		if t.IsZero() {
			return "" // never, or not known
		}
		return t.UTC().Format(time.RFC3339)
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8 {
		var some []string
		for i := range v.Len() {
			some = append(some, cell(v.Index(i)))
		}
		return strings.Join(some, ", ")
	}
	return plain(fmt.Sprint(v.Interface()))
}

// plain takes out what would move the cursor.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// told prints what was decided about a request, rule by rule, and what would be
// today.
func told(w io.Writer, e *admin.RequestExplained) error {
	for i := range e.Records {
		r := &e.Records[i]
		outcome := "allowed"
		if !r.Allowed {
			outcome = "refused"
		}
		if r.Code != "" {
			outcome += " (" + r.Code + ")"
		}
		fmt.Fprintf(w, "%s  %s  %s\n", r.Time.UTC().Format("2006-01-02 15:04:05"), r.Action, outcome)
		fmt.Fprintf(w, "  as %s, by %s (%s, %s, %s)\n", r.As, r.By, r.Kind, r.Method, r.Address)
		for _, s := range r.Steps {
			toldStep(w, s.Holds, s.Rule, s.Fact, e.Names[s.Fact], e.Origins[s.Rule+" "+s.Fact])
		}
	}
	if e.Today == nil {
		return nil
	}
	if e.Differs {
		fmt.Fprintf(w, "today: %s\n", e.Today.Done)
		for _, s := range e.Today.Steps {
			toldStep(w, s.Holds, s.Rule, s.Fact, "", s.Origin)
		}
	} else {
		fmt.Fprintln(w, "today the same would be decided")
	}
	if len(e.Today.Changes) == 0 {
		return nil
	}
	fmt.Fprintln(w, "what would change today's answer, each option by itself:")
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	table(tw, reflect.ValueOf(e.Today.Changes))
	return tw.Flush()
}

func toldStep(w io.Writer, holds bool, rule, fact, name, origin string) {
	mark := "no "
	if holds {
		mark = "yes"
	}
	if name != "" {
		fact += " " + name
	}
	if origin != "" {
		fact += " (" + origin + ")"
	}
	fmt.Fprintf(w, "  %s  %-32s %s\n", mark, rule, cell(reflect.ValueOf(fact)))
}
