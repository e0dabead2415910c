package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A model is what the source of package ews says about the wire.
//
// A struct takes part when a field has an `ews` tag or its comment has a
// directive. Tags:
//
//	"t:Name"               a child element; prefixes are t (types) and m (messages)
//	"Name,attr"            an attribute
//	",text"                the character content; a []byte is base64
//	"m:Ids>t:Id"           a wrapper and its repeated children
//	"m:Ids>"               a wrapper holding a list of choices
//	",inline"              the fields of that struct, or one choice, stand here
//
// and the option omitempty (optional; pointers always are) and nonempty (a
// wrapper has at least one child). Directives, each on a line of its own:
//
//	ews:choice             exactly one of the pointer or slice fields is set
//	ews:type m:NameType    the name in the schema; GoName+"Type" otherwise
//	ews:lax                unknown children are skipped
//	ews:list               a named slice of an enumeration: an XSD list
//	ews:open               the constants are not all there is: any value is read
//	ews:manual NameType    decodeXML and appendXML are written by hand
//	ews:element Name       written into the schema as a global element too
type model struct {
	types  map[string]*typ
	names  []string // of types, sorted
	fields *fieldTable

	operations []operation
}

type shape int

const (
	structType shape = iota
	namedString
	namedSlice
)

// A typ is one declared type.
type typ struct {
	name    string
	shape   shape
	fields  []field
	elem    string // of a named slice
	consts  []constant
	choice  bool
	lax     bool
	list    bool
	open    bool
	manual  string
	xsd     string // with prefix, as the directive has it
	element string
	where   token.Position
}

type constant struct{ name, value string }

// A goType is a field's type, as far as ewsgen can handle it.
type goType struct {
	slice, ptr bool
	name       string // of the element type; "time.Time", "[]byte", "string" …
}

type field struct {
	name      string
	typ       goType
	prefix    string // t or m
	local     string // element or attribute
	wrapper   string // prefix:Name of the wrapper
	choices   bool   // the wrapper holds a list of choices
	attr      bool
	text      bool
	inline    bool
	omitempty bool
	nonempty  bool
}

// optional reports whether the element or attribute may be absent.
func (f *field) optional() bool { return f.omitempty || f.typ.ptr && !f.typ.slice }

// load parses the package in dir.
func load(dir string) (*model, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") || strings.HasSuffix(p, "_gen.go") {
			continue
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: %w", dir, fs.ErrNotExist)
	}
	m := &model{types: map[string]*typ{}}
	for _, f := range files {
		if err := m.declarations(fset, f); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		m.constants(f)
	}
	for _, f := range files {
		if err := m.loadOperations(f); err != nil {
			return nil, err
		}
	}
	for name := range m.types {
		m.names = append(m.names, name)
	}
	slices.Sort(m.names)
	m.fields, err = loadFields(files)
	if err != nil {
		return nil, err
	}
	return m, m.check()
}

// declarations collects the type declarations of one file.
func (m *model) declarations(fset *token.FileSet, f *ast.File) error {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, s := range g.Specs {
			spec := s.(*ast.TypeSpec)
			doc := spec.Doc
			if doc == nil && len(g.Specs) == 1 {
				doc = g.Doc
			}
			t, err := readType(spec, doc)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", fset.Position(spec.Pos()), spec.Name.Name, err)
			}
			if t != nil {
				t.where = fset.Position(spec.Pos())
				m.types[t.name] = t
			}
		}
	}
	return nil
}

// readType reads one declaration; nil when it has nothing to do with the wire.
func readType(spec *ast.TypeSpec, doc *ast.CommentGroup) (*typ, error) {
	t := &typ{name: spec.Name.Name}
	marked, err := t.directives(doc)
	if err != nil {
		return nil, err
	}
	switch e := spec.Type.(type) {
	case *ast.StructType:
		tagged, err := t.structFields(e)
		if err != nil {
			return nil, err
		}
		marked = marked || tagged
	case *ast.Ident:
		t.shape, marked = namedString, marked || e.Name == "string"
	case *ast.ArrayType:
		t.shape, t.elem = namedSlice, exprName(e.Elt)
	}
	if !marked {
		return nil, nil
	}
	return t, nil
}

// directives reads the ews: lines of a comment.
func (t *typ) directives(doc *ast.CommentGroup) (found bool, err error) {
	if doc == nil {
		return false, nil
	}
	for _, c := range doc.List {
		text := strings.TrimSpace(strings.TrimPrefix(c.Text, "//"))
		rest, ok := strings.CutPrefix(text, "ews:")
		if !ok {
			continue
		}
		word, arg, _ := strings.Cut(rest, " ")
		arg = strings.TrimSpace(arg)
		found = true
		switch word {
		case "choice":
			t.choice = true
		case "lax":
			t.lax = true
		case "list":
			t.list = true
		case "open":
			t.open = true
		case "manual":
			t.manual = cmp.Or(arg, t.name+"Type")
		case "type":
			t.xsd = arg
		case "element":
			t.element = arg
		default:
			return false, fmt.Errorf("unknown directive %s", text)
		}
	}
	return found, nil
}

func (t *typ) structFields(s *ast.StructType) (tagged bool, err error) {
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		raw, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			return false, err
		}
		tag, ok := reflect.StructTag(raw).Lookup("ews")
		if !ok || tag == "-" {
			continue
		}
		tagged = true
		ft, err := readGoType(f.Type)
		if err != nil {
			return false, err
		}
		names := []string{ft.name} // embedded
		if len(f.Names) > 0 {
			names = names[:0]
			for _, n := range f.Names {
				names = append(names, n.Name)
			}
		}
		for _, n := range names {
			fl := field{name: n, typ: ft}
			if err := fl.readTag(tag); err != nil {
				return false, fmt.Errorf("%s: %w", n, err)
			}
			t.fields = append(t.fields, fl)
		}
	}
	return tagged, nil
}

func (f *field) readTag(tag string) error {
	parts := strings.Split(tag, ",")
	for _, o := range parts[1:] {
		switch o {
		case "attr":
			f.attr = true
		case "text":
			f.text = true
		case "inline":
			f.inline = true
		case "omitempty":
			f.omitempty = true
		case "nonempty":
			f.nonempty = true
		default:
			return fmt.Errorf("unknown option %q in tag %q", o, tag)
		}
	}
	name := parts[0]
	if f.attr {
		f.local = name
		return nil
	}
	if f.text || f.inline {
		return nil
	}
	if wrapper, inner, ok := strings.Cut(name, ">"); ok {
		f.wrapper, f.choices, name = wrapper, inner == "", inner
		if f.choices {
			name = wrapper
		}
		if !f.typ.slice && !f.choices {
			return fmt.Errorf("tag %q: a wrapper needs a slice", tag)
		}
	}
	prefix, local, ok := strings.Cut(name, ":")
	if !ok || prefix != "t" && prefix != "m" || local == "" {
		return fmt.Errorf("tag %q names no element", tag)
	}
	f.prefix, f.local = prefix, local
	return nil
}

func readGoType(e ast.Expr) (goType, error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		t, err := readGoType(e.X)
		if err != nil || t.ptr || t.slice {
			return t, fmt.Errorf("type too deep: %w", cmp.Or(err, errNested))
		}
		t.ptr = true
		return t, nil
	case *ast.ArrayType:
		t, err := readGoType(e.Elt)
		if err == nil && t.ptr {
			return t, errors.New("a slice of pointers")
		}
		if err != nil || e.Len != nil || t.slice {
			return t, fmt.Errorf("array or nested slice: %w", cmp.Or(err, errNested))
		}
		if t.name == "byte" {
			return goType{name: "[]byte"}, nil
		}
		t.slice = true
		return t, nil
	}
	if n := exprName(e); n != "" {
		return goType{name: n}, nil
	}
	return goType{}, errNested
}

var errNested = errors.New("ewsgen cannot handle this type")

func exprName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return exprName(e.X) + "." + e.Sel.Name
	}
	return ""
}

// constants gives named strings the constants declared of them.
func (m *model) constants(f *ast.File) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			spec := s.(*ast.ValueSpec)
			t := m.types[exprName(spec.Type)]
			if t == nil || t.shape != namedString {
				continue
			}
			for i, v := range spec.Values {
				lit, ok := v.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					continue
				}
				value, _ := strconv.Unquote(lit.Value)
				t.consts = append(t.consts, constant{spec.Names[i].Name, value})
			}
		}
	}
}
