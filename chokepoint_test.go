package entente

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A chokepoint is something that one room alone may name, so that a rule about
// it needs to hold in one place only.
type chokepoint struct {
	pkg    string   // import path
	names  []string // "*" for all
	rooms  []string // who may
	reason string
}

var chokepoints = []chokepoint{
	{"entente/access", []string{"Caller{}"}, []string{"authn", "access"}, "callers are made by authn alone, for one request"},
	{"net/http", []string{"Client{}", "Transport{}", "DefaultClient", "DefaultTransport", "Get", "Post", "PostForm", "Head"}, []string{"outgoing", "admin/adminclient", "load", "test/kit"}, "only outgoing dials; adminclient talks to the socket of its own server, load is a client and not in the server"},
	{"net", []string{"Dial", "DialTimeout", "Dialer{}", "DialTCP", "DialUDP", "DialUnix", "DialIP"}, []string{"outgoing", "admin/adminclient", "kerberos/kdctest"}, "only outgoing dials; kdctest waits for the KDCs it starts, for tests"},
	{"crypto/tls", []string{"Dial", "DialWithDialer", "Dialer{}"}, []string{"outgoing"}, "only outgoing dials"},
	{"encoding/xml", []string{"*"}, []string{"ews/ewsgen"}, "XML is read by strictxml; the generator escapes text of the schema"},
	{"crypto/rsa", []string{"EncryptPKCS1v15", "DecryptPKCS1v15", "DecryptPKCS1v15SessionKey", "PKCS1v15DecryptOptions{}"}, nil, "RSA encryption is OAEP: whoever decrypts the older form tells its secrets"},
	{"os/exec", []string{"*"}, []string{"activesync/schematest", "db/dbtest", "kerberos/kdctest", "test/kit", "test/mutate"}, "nothing is run; dbtest starts PostgreSQL, kdctest KDCs, kit a server and schematest xmllint, for tests; mutate runs tests"},
	{"encoding/gob", []string{"*"}, nil, "decodes what it is told to"},
	{"plugin", []string{"*"}, nil, "no code from outside"},
	{"unsafe", []string{"*"}, nil, "bounds are checked"},
	{"math/rand", []string{"*"}, nil, "math/rand/v2 where chance is no secret, crypto/rand where it is"},
}

// TestChokePoints holds the rules that the compiler cannot: see
// doc/design/0001-house.md.
func TestChokePoints(t *testing.T) {
	for path, f := range sources(t) {
		room := filepath.ToSlash(filepath.Dir(path))
		names := imported(f)
		for _, c := range chokepoints {
			local, ok := names[c.pkg]
			if !ok || slices.Contains(c.rooms, room) {
				continue
			}
			if slices.Contains(c.names, "*") {
				t.Errorf("%s imports %s: %s", path, c.pkg, c.reason)
				continue
			}
			for _, used := range usedNames(f, local) {
				if slices.Contains(c.names, used) {
					t.Errorf("%s names %s.%s: %s", path, local, used, c.reason)
				}
			}
		}
	}
}

// TestNoPackageState refuses init functions, and package variables whose
// content is made for changing: maps, channels, mutexes, pointers, sync types.
func TestNoPackageState(t *testing.T) {
	for path, f := range sources(t) {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					t.Errorf("%s has an init function", path)
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR && !generated(f) && !forTests(path) {
					checkVars(t, path, d)
				}
			}
		}
	}
}

// forTests reports whether a file serves tests alone, which may keep one
// database server, KDCs, or keys that are slow to make, for a whole process.
func forTests(path string) bool {
	path = filepath.ToSlash(path)
	return strings.HasPrefix(path, "db/dbtest/") || strings.HasPrefix(path, "kerberos/kdctest/") || strings.HasPrefix(path, "federation/fedtest/")
}

func checkVars(t *testing.T, path string, d *ast.GenDecl) {
	for _, s := range d.Specs {
		v := s.(*ast.ValueSpec)
		if state(v.Type) {
			t.Errorf("%s: package variable %s is state", path, v.Names[0].Name)
		}
		for _, n := range v.Names {
			if len(v.Values) == 0 && v.Type != nil && n.Name != "_" && !embedded(d.Doc) && !embedded(v.Doc) {
				t.Errorf("%s: package variable %s has no value: who sets it?", path, n.Name)
			}
		}
	}
}

func state(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ChanType, *ast.StarExpr:
		return true
	case *ast.SelectorExpr:
		x, ok := e.X.(*ast.Ident)
		return ok && (x.Name == "sync" || x.Name == "atomic")
	}
	return false
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && strings.Contains(doc.List[len(doc.List)-1].Text, "go:embed")
}

func generated(f *ast.File) bool { return ast.IsGenerated(f) }

// imported returns the names under which a file knows its imports.
func imported(f *ast.File) map[string]string {
	m := map[string]string{}
	for _, s := range f.Imports {
		path := strings.Trim(s.Path.Value, `"`)
		m[path] = path[strings.LastIndex(path, "/")+1:]
		if s.Name != nil {
			m[path] = s.Name.Name
		}
	}
	return m
}

// usedNames lists what a file names of a package; a composite literal of a
// type is listed with {} after its name.
func usedNames(f *ast.File, pkg string) []string {
	var names []string
	of := func(e ast.Expr) string {
		if s, ok := e.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg {
				return s.Sel.Name
			}
		}
		return ""
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if name := of(n.Type); name != "" {
				names = append(names, name+"{}")
			}
		case *ast.SelectorExpr:
			if name := of(n); name != "" {
				names = append(names, name)
			}
		}
		return true
	})
	return names
}

// sources parses every file of the product, tests left aside.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	m := map[string]*ast.File{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		m[path] = f
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
