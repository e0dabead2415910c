package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// A fieldTable is what field*.go and kindtable.go say.
type fieldTable struct {
	rows  []fieldRow
	kinds []kindRow
	types map[string]string // FieldType constant to schema type
}

type fieldRow struct {
	name, uri, element, typ string
	flags                   []string
	container               string
}

func (r *fieldRow) indexed() bool { return slices.Contains(r.flags, "indexed") }

type kindRow struct {
	name, element, xsd, base string
	own                      []string
}

// all gives the fields of a kind in schema order.
func (t *fieldTable) all(k *kindRow) []string {
	if base := t.kind(k.base); base != nil {
		return append(t.all(base), k.own...)
	}
	return slices.Clone(k.own)
}

func (t *fieldTable) kind(name string) *kindRow {
	for i := range t.kinds {
		if t.kinds[i].name == name {
			return &t.kinds[i]
		}
	}
	return nil
}

func (t *fieldTable) row(name string) *fieldRow {
	for i := range t.rows {
		if t.rows[i].name == name {
			return &t.rows[i]
		}
	}
	return nil
}

// loadFields reads the literals of fieldTable and kindTable, and the schema
// types that stand as comments behind the FieldType constants.
func loadFields(files []*ast.File) (*fieldTable, error) {
	t := &fieldTable{types: map[string]string{}}
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				if v, ok := s.(*ast.ValueSpec); ok {
					if err := t.value(g.Tok, v); err != nil {
						return nil, fmt.Errorf("%s: %w", v.Names[0].Name, err)
					}
				}
			}
		}
	}
	return t, t.check()
}

func (t *fieldTable) value(tok token.Token, v *ast.ValueSpec) error {
	name := v.Names[0].Name
	if tok == token.CONST && strings.HasPrefix(name, "Type") && v.Comment != nil {
		xsd, _, _ := strings.Cut(strings.TrimSpace(v.Comment.Text()), ";")
		t.types[name] = xsd
	}
	if tok != token.VAR || len(v.Values) != 1 {
		return nil
	}
	lit, ok := v.Values[0].(*ast.CompositeLit)
	if !ok {
		return nil
	}
	switch name {
	case "fieldTable":
		return t.rowsOf(lit)
	case "kindTable":
		return t.kindsOf(lit)
	}
	return nil
}

func (t *fieldTable) rowsOf(lit *ast.CompositeLit) error {
	for _, e := range lit.Elts {
		kv := e.(*ast.KeyValueExpr)
		c := kv.Value.(*ast.CompositeLit)
		if len(c.Elts) != 5 {
			return fmt.Errorf("%s: a row has five columns", exprName(kv.Key.(*ast.Ident)))
		}
		t.rows = append(t.rows, fieldRow{
			name: exprName(kv.Key), uri: str(c.Elts[0]), element: str(c.Elts[1]),
			typ: exprName(c.Elts[2]), flags: idents(c.Elts[3]), container: exprName(c.Elts[4]),
		})
	}
	return nil
}

func (t *fieldTable) kindsOf(lit *ast.CompositeLit) error {
	for _, e := range lit.Elts {
		kv := e.(*ast.KeyValueExpr)
		c := kv.Value.(*ast.CompositeLit)
		k := kindRow{name: exprName(kv.Key), element: str(c.Elts[0]), xsd: str(c.Elts[1]), base: exprName(c.Elts[2])}
		if l, ok := c.Elts[3].(*ast.CompositeLit); ok {
			for _, f := range l.Elts {
				k.own = append(k.own, exprName(f))
			}
		}
		t.kinds = append(t.kinds, k)
	}
	return nil
}

func str(e ast.Expr) string {
	l, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, _ := strconv.Unquote(l.Value)
	return s
}

func idents(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return append(idents(e.X), idents(e.Y)...)
	case *ast.Ident:
		return []string{e.Name}
	}
	return nil
}

// check refuses tables with holes: the errors here are typing errors.
func (t *fieldTable) check() error {
	for _, r := range t.rows {
		if t.types[r.typ] == "" {
			return fmt.Errorf("%s: type %s has no schema type behind it", r.name, r.typ)
		}
		if r.indexed() && t.row(r.container) == nil {
			return fmt.Errorf("%s: no container", r.name)
		}
	}
	for _, k := range t.kinds {
		for _, f := range k.own {
			if t.row(f) == nil {
				return fmt.Errorf("%s: %s has no row", k.name, f)
			}
		}
	}
	return nil
}

// fields writes the look-ups of the table: by FieldURI, by element name, the
// fields of a kind and their order.
func (g *generator) fields() error {
	t := g.model.fields
	g.byURI("FieldByURI", "the property that an unindexed FieldURI names", func(r *fieldRow) bool { return !r.indexed() })
	g.byURI("FieldByIndexedURI", "the entries that an IndexedFieldURI names", (*fieldRow).indexed)
	g.byElement(t)
	g.kindByElement(t)
	g.ofKind(t)
	g.qnames(t)
	g.ranks(t)
	return nil
}

func (g *generator) byURI(name, what string, want func(*fieldRow) bool) {
	g.p("// %s finds %s.", name, what)
	g.p("func %s(uri string) (Field, bool) {\nswitch uri {", name)
	for i := range g.model.fields.rows {
		if r := &g.model.fields.rows[i]; r.uri != "" && want(r) {
			g.p("case %q:\nreturn %s, true", r.uri, r.name)
		}
	}
	g.p("}\nreturn FieldNone, false\n}\n")
}

// byElement writes fieldOf. An element name means different properties in
// different kinds (Recurrence of an appointment and of a task): then the kinds
// that have the name decide.
func (g *generator) byElement(t *fieldTable) {
	names := map[string][]string{}
	var order []string
	for i := range t.rows {
		if r := &t.rows[i]; !r.indexed() {
			if names[r.element] == nil {
				order = append(order, r.element)
			}
			names[r.element] = append(names[r.element], r.name)
		}
	}
	g.p("// fieldOf finds the property a child element of a kind is; FieldNone if the\n// kind has no such property.")
	g.p("func fieldOf(k Kind, element string) Field {\nvar f Field\nswitch element {")
	for _, n := range order {
		g.p("case %q:\nf = %s", n, names[n][0])
		for _, other := range names[n][1:] {
			g.p("if fieldRanks[k][f] == 0 {\nf = %s\n}", other)
		}
	}
	g.p("}\nif fieldRanks[k][f] == 0 {\nreturn FieldNone\n}\nreturn f\n}\n")
}

func (g *generator) kindByElement(t *fieldTable) {
	g.p("// kindOf finds the kind an element of NSTypes is.")
	g.p("func kindOf(element string) Kind {\nswitch element {")
	for _, k := range t.kinds {
		g.p("case %q:\nreturn %s", k.element, k.name)
	}
	g.p("}\nreturn KindNone\n}\n")
}

func (g *generator) ofKind(t *fieldTable) {
	g.p("// FieldsOf returns the properties of a kind in schema order.")
	g.p("func FieldsOf(k Kind) []Field {\nswitch k {")
	for i := range t.kinds {
		g.p("case %s:\nreturn []Field{%s}", t.kinds[i].name, strings.Join(t.all(&t.kinds[i]), ", "))
	}
	g.p("}\nreturn nil\n}\n")
}

// ranks writes the place of every field in every kind, counted from 1. Entries
// of a dictionary have the place of the dictionary.
func (g *generator) ranks(t *fieldTable) {
	g.p("// fieldRanks has the place of a property in the schema order of a kind, from 1;\n// 0 means that the kind does not have it.")
	g.p("var fieldRanks = [numKinds][numFields]uint8{")
	for i := range t.kinds {
		rank := map[string]int{}
		var parts []string
		for j, f := range t.all(&t.kinds[i]) {
			rank[f] = j + 1
			parts = append(parts, fmt.Sprintf("%s: %d", f, j+1))
		}
		for _, r := range t.rows {
			if n := rank[r.container]; r.indexed() && n > 0 {
				parts = append(parts, fmt.Sprintf("%s: %d", r.name, n))
			}
		}
		g.p("%s: {%s},", t.kinds[i].name, strings.Join(parts, ", "))
	}
	g.p("}")
}

// qnames writes the element names with their prefix, so that encoding makes no
// strings.
func (g *generator) qnames(t *fieldTable) {
	g.p("// fieldQNames has the elements of properties with the prefix we write.")
	g.p("var fieldQNames = [numFields]string{")
	for _, r := range t.rows {
		g.p("%s: %q,", r.name, "t:"+r.element)
	}
	g.p("}\n\n// qnames has the elements of kinds with the prefix we write.\nvar qnames = [numKinds]string{")
	for _, k := range t.kinds {
		g.p("%s: %q,", k.name, "t:"+k.element)
	}
	g.p("}\n")
}
