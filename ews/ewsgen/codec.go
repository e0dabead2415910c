package main

import (
	"bytes"
	"fmt"
	"strings"
)

// A generator writes Go text about a model.
type generator struct {
	model *model
	out   bytes.Buffer
}

func (g *generator) p(format string, args ...any) {
	fmt.Fprintf(&g.out, format+"\n", args...)
}

// A basic says how a scalar Go type goes over the wire: the function that
// parses text, the encoder's call for an element (with %[1]s the name and
// %[2]s the value) and for an attribute, the test for the zero value, and the
// schema's type.
type basic struct{ parse, elem, attr, nonzero, xsd string }

func scalar(name string) *basic {
	switch name {
	case "string":
		return &basic{"parseString", "e.Elem(%[1]s, %[2]s)", "e.Attr(%[1]s, %[2]s)", `%s != ""`, "xs:string"}
	case "bool":
		return &basic{"parseBool", "e.ElemBool(%[1]s, %[2]s)", "e.AttrBool(%[1]s, %[2]s)", "%s", "xs:boolean"}
	case "int", "int32":
		return &basic{"parseInt[" + name + "]", "e.ElemInt(%[1]s, int64(%[2]s))", "e.AttrInt(%[1]s, int64(%[2]s))", "%s != 0", "xs:int"}
	case "int64":
		return &basic{"parseInt[int64]", "e.ElemInt(%[1]s, %[2]s)", "e.AttrInt(%[1]s, %[2]s)", "%s != 0", "xs:long"}
	case "float64":
		return &basic{"parseFloat", "e.ElemFloat(%[1]s, %[2]s)", "", "%s != 0", "xs:double"}
	case "time.Time":
		return &basic{"parseTime", "appendTime(e, %[1]s, %[2]s)", "e.Attr(%[1]s, formatTime(%[2]s))", "!%s.IsZero()", "xs:dateTime"}
	case "[]byte":
		return &basic{"parseBase64", "e.ElemBase64(%[1]s, %[2]s)", "", "%s != nil", "xs:base64Binary"}
	}
	return nil
}

// basicOf is scalar for named strings and lists too; nil for structs.
func (g *generator) basicOf(name string) *basic {
	if b := scalar(name); b != nil {
		return b
	}
	t := g.model.types[name]
	switch {
	case t == nil || t.manual != "" && t.shape != namedString:
		return nil
	case t.shape == namedString:
		return &basic{
			"parse" + name, "e.Elem(%[1]s, string(%[2]s))", "e.Attr(%[1]s, string(%[2]s))",
			`%s != ""`, g.model.xsdName(t),
		}
	case t.shape == namedSlice && t.list:
		return &basic{
			"parse" + name, "e.Elem(%[1]s, joinList(%[2]s))", "e.Attr(%[1]s, joinList(%[2]s))",
			"%s != nil", g.model.xsdName(t),
		}
	}
	return nil
}

// enums writes the parser of every named string and list.
func (g *generator) enums() error {
	for _, name := range g.model.names {
		t := g.model.types[name]
		switch {
		case t.manual != "":
		case t.shape == namedString && (t.open || len(t.consts) == 0):
			g.p("func parse%s(_ *strictxml.Reader, s string) %s { return %s(s) }\n", name, name, name)
		case t.shape == namedString:
			g.enum(t)
		case t.shape == namedSlice && t.list:
			g.p("func parse%s(r *strictxml.Reader, s string) %s { return parseList(r, s, parse%s) }\n", name, name, t.elem)
		}
	}
	g.imports(`"entente/strictxml"`)
	return nil
}

func (g *generator) enum(t *typ) {
	var names []string
	for _, c := range t.consts {
		names = append(names, c.name)
	}
	g.p("// parse%s accepts the constants of %s only.", t.name, t.name)
	g.p("func parse%s(r *strictxml.Reader, s string) %s {", t.name, t.name)
	g.p("switch v := %s(trim(s)); v {", t.name)
	g.p("case %s:\nreturn v\n}", strings.Join(names, ",\n"))
	g.p("invalid(r, %q, s)\nreturn \"\"\n}\n", t.name)
}

// structs writes decodeXML and appendXML of every struct, and decodeChoice and
// appendChoice of choices.
func (g *generator) structs() error {
	for _, name := range g.model.names {
		t := g.model.types[name]
		if t.shape != structType || t.manual != "" {
			continue
		}
		f, err := g.model.flatten(t)
		if err != nil {
			return err
		}
		if t.choice {
			g.decodeChoice(t, f)
			g.appendChoice(t, f)
			continue
		}
		g.decode(t, f)
		g.append(t, f)
	}
	g.imports(`"entente/strictxml"`)
	return nil
}

// imports puts the import declaration behind the package clause.
func (g *generator) imports(paths ...string) {
	body := bytes.Clone(g.out.Bytes()[len(header):])
	if bytes.Contains(body, []byte("new(time.")) {
		paths = append([]string{`"time"`, ""}, paths...)
	}
	g.out.Truncate(len(header))
	g.p("import (\n%s\n)\n", strings.Join(paths, "\n"))
	g.out.Write(body)
}

func (g *generator) decode(t *typ, f *flat) {
	g.p("func (x *%s) decodeXML(r *strictxml.Reader) {", t.name)
	for i := range f.attrs {
		g.decodeAttr(t, &f.attrs[i])
	}
	switch {
	case f.text != nil:
		g.decodeText(f.text)
	case len(f.children)+len(f.open) == 0:
		g.p("for r.Child() {\n%s\n}", unknown(t))
	default:
		g.p("var seen uint64\nfor r.Child() {")
		g.decodeChildren(f, unknown(t))
		g.p("}")
		g.missing(t, f)
	}
	g.p("}\n")
}

func unknown(t *typ) string {
	if t.lax {
		return "r.Skip()"
	}
	return fmt.Sprintf("unexpected(r, %q)", t.name)
}

func (g *generator) decodeAttr(t *typ, a *member) {
	b := g.basicOf(a.typ.name)
	g.p("if s, ok := r.Attr(%q); ok {", a.local)
	if a.typ.ptr {
		g.p("%s = new(%s)\n*%s = %s(r, s)", a.path, a.typ.name, a.path, b.parse)
	} else {
		g.p("%s = %s(r, s)", a.path, b.parse)
	}
	if !a.optional() {
		g.p("} else {\nmissingAttr(r, %q, %q)", t.name, a.local)
	}
	g.p("}")
}

func (g *generator) decodeText(m *member) {
	g.p("%s = %s(r, r.Text())", m.path, g.basicOf(m.typ.name).parse)
}

// decodeChildren writes the switch over the children's names. Children nobody
// else knows go to the inline choices, then to other.
func (g *generator) decodeChildren(f *flat, other string) {
	g.p(nameSwitch(f))
	for i := range f.children {
		c := &f.children[i]
		g.p("case n.Local == %q && n.Space == %s:", c.outerLocal(), space(c.outerNS()))
		if c.wrapper != "" || !c.typ.slice {
			g.p("once(r, &seen, %s)", c.bit())
		} else {
			g.p("seen |= %s", c.bit())
		}
		g.decodeMember(c)
	}
	for _, o := range f.open {
		if o.typ.slice {
			g.p("case appendChoice(r, &%s):\nseen |= %s", o.path, o.bit())
		} else {
			g.p("case %s.decodeChoice(r):\nonce(r, &seen, %s)", o.path, o.bit())
		}
	}
	g.p("default:\n%s\n}", other)
}

func nameSwitch(f *flat) string {
	if len(f.children) == 0 {
		return "switch {"
	}
	return "switch n := r.Name(); {"
}

// decodeMember writes the statement that reads the child r stands on.
func (g *generator) decodeMember(c *member) {
	b, name := g.basicOf(c.typ.name), c.typ.name
	switch {
	case c.choices && !c.typ.slice:
		g.p("decodeOne(r, &%s)", c.path)
	case c.choices:
		g.p("%s = decodeChoices[%s](r, %q, %t)", c.path, name, c.outerLocal(), c.nonempty)
	case c.wrapper != "" && b != nil:
		g.p("%s = decodeScalars(r, %s, %q, %t, %s)", c.path, space(c.prefix), c.local, c.nonempty, b.parse)
	case c.wrapper != "":
		g.p("%s = decodeList[%s](r, %s, %q, %t)", c.path, name, space(c.prefix), c.local, c.nonempty)
	case c.typ.slice && b != nil:
		g.p("%s = append(%s, %s(r, r.Text()))", c.path, c.path, b.parse)
	case c.typ.slice:
		g.p("%s = append(%s, %s{})\n%s[len(%s)-1].decodeXML(r)", c.path, c.path, name, c.path, c.path)
	case b != nil && c.typ.ptr:
		g.p("%s = new(%s)\n*%s = %s(r, r.Text())", c.path, name, c.path, b.parse)
	case b != nil:
		g.p("%s = %s(r, r.Text())", c.path, b.parse)
	case c.typ.ptr:
		g.p("%s = new(%s)\n%s.decodeXML(r)", c.path, name, c.path)
	default:
		g.p("%s.decodeXML(r)", c.path)
	}
}

func space(prefix string) string {
	if prefix == "m" {
		return "NSMessages"
	}
	return "NSTypes"
}

// missing writes the check that every required child came.
func (g *generator) missing(t *typ, f *flat) {
	var bits, names []string
	for i, gr := range f.groups {
		name := strings.Join(gr.names, "|")
		if gr.required {
			bits = append(bits, fmt.Sprintf("1<<%d", i))
		} else {
			name = ""
		}
		names = append(names, fmt.Sprintf("%q", name))
	}
	if len(bits) == 0 {
		return
	}
	g.p("if want := uint64(%s); seen&want != want {", strings.Join(bits, "|"))
	g.p("missing(r, seen, %q, %s)\n}", t.name, strings.Join(names, ", "))
}

func (g *generator) decodeChoice(t *typ, f *flat) {
	g.p("func (x *%s) decodeChoice(r *strictxml.Reader) bool {", t.name)
	g.p(nameSwitch(f))
	for i := range f.children {
		c := &f.children[i]
		g.p("case n.Local == %q && n.Space == %s:", c.outerLocal(), space(c.outerNS()))
		g.decodeMember(c)
	}
	for _, o := range f.open {
		g.p("case %s.decodeChoice(r):", o.path)
	}
	g.p("default:\nreturn false\n}\nreturn true\n}\n")
	// As the type of an element, a choice is that element's only child.
	g.p("func (x *%s) decodeXML(r *strictxml.Reader) { decodeOne(r, x) }\n", t.name)
}

func (g *generator) appendChoice(t *typ, f *flat) {
	g.p("func (x *%s) appendChoice(e *strictxml.Encoder) {", t.name)
	g.alternatives(f.children)
	for _, o := range f.open {
		g.p("%s.appendChoice(e)", o.path)
	}
	g.p("}\n")
	g.p("func (x *%s) appendXML(e *strictxml.Encoder, qname string) {", t.name)
	g.p("e.Start(qname)\nx.appendChoice(e)\ne.End(qname)\n}\n")
}

func (g *generator) alternatives(children []member) {
	if len(children) == 0 {
		return
	}
	g.p("switch {")
	for i := range children {
		c := &children[i]
		g.p("case %s != nil:", c.path)
		g.appendValue(c)
	}
	g.p("}")
}

func (g *generator) append(t *typ, f *flat) {
	g.p("func (x *%s) appendXML(e *strictxml.Encoder, qname string) {\ne.Start(qname)", t.name)
	for i := range f.attrs {
		g.appendAttr(&f.attrs[i])
	}
	if f.text != nil {
		g.appendText(f.text)
	}
	for i := range f.groups {
		g.appendGroup(f, i)
	}
	g.p("e.End(qname)\n}\n")
}

// appendGroup writes the children of one group: one child, or a choice.
func (g *generator) appendGroup(f *flat, i int) {
	var children []member
	for _, c := range f.children {
		if c.group == i {
			children = append(children, c)
		}
	}
	if f.groups[i].choice {
		g.alternatives(children)
	} else {
		for j := range children {
			g.appendMember(&children[j])
		}
	}
	for _, o := range f.open {
		switch {
		case o.group != i:
		case o.typ.slice:
			g.p("for i := range %s {\n%s[i].appendChoice(e)\n}", o.path, o.path)
		default:
			g.p("%s.appendChoice(e)", o.path)
		}
	}
}

func (g *generator) appendAttr(a *member) {
	b := g.basicOf(a.typ.name)
	value, cond := a.path, ""
	switch {
	case a.typ.ptr:
		value, cond = "*"+a.path, a.path+" != nil"
	case a.omitempty:
		cond = fmt.Sprintf(b.nonzero, a.path)
	}
	if cond != "" {
		g.p("if %s {", cond)
		defer g.p("}")
	}
	g.p(b.attr, fmt.Sprintf("%q", a.local), value)
}

func (g *generator) appendText(m *member) {
	switch {
	case m.typ.name == "[]byte":
		g.p("appendBase64(e, %s)", m.path)
	case m.typ.name == "string":
		g.p("e.Text(%s)", m.path)
	default:
		g.p("e.Text(string(%s))", m.path)
	}
}

// appendMember writes a child, if it is there.
func (g *generator) appendMember(c *member) {
	b := g.basicOf(c.typ.name)
	cond := ""
	switch {
	case c.typ.slice && c.wrapper == "":
	case c.typ.slice && c.omitempty, c.typ.ptr && !c.typ.slice:
		cond = c.path + " != nil"
	case c.omitempty && b != nil:
		cond = fmt.Sprintf(b.nonzero, c.path)
	case c.omitempty && c.choices:
		cond = c.path + ".present()"
	}
	if cond != "" {
		g.p("if %s {", cond)
		defer g.p("}")
	}
	g.appendValue(c)
}

// appendValue writes a child that is there.
func (g *generator) appendValue(c *member) {
	b, qname := g.basicOf(c.typ.name), fmt.Sprintf("%q", c.prefix+":"+c.local)
	if c.wrapper != "" {
		g.p("e.Start(%q)", c.wrapper)
		defer g.p("e.End(%q)", c.wrapper)
	}
	value := c.path
	if c.typ.slice {
		value += "[i]"
		g.p("for i := range %s {", c.path)
		defer g.p("}")
	} else if c.typ.ptr && b != nil {
		value = "*" + value
	}
	switch {
	case c.choices:
		g.p("%s.appendChoice(e)", value)
	case b != nil:
		g.p(b.elem, qname, value)
	default:
		g.p("%s.appendXML(e, %s)", value, qname)
	}
}
