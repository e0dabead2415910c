package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A mutant is one mistake.
type mutant struct {
	n       int
	file    string
	line    int
	where   string // function
	kind    string
	text    string
	noticed bool
}

// key names the mistake by what is there, so that it outlives other lines.
func (m *mutant) key() string {
	return m.file + " " + m.where + ": " + m.kind + ": " + m.text
}

// switches is added to the package: which mistake is made is told from outside.
const switches = `package %s

import (
	"os"
	"strconv"
)

var theMutant, _ = strconv.Atoi(os.Getenv("MUTANT"))

func mutating(n int) bool { return theMutant == n }

func mutated[T any](n int, right, wrong T) T {
	if theMutant == n {
		return wrong
	}
	return right
}
`

// A maker puts mistakes into one file.
type maker struct {
	fset    *token.FileSet
	info    *types.Info
	pkg     *types.Package
	file    string
	source  []byte
	where   string
	mutants *[]mutant
	inserts []insert
}

// An insert is text put before or after a piece of source. Where several meet,
// the longer piece is outside.
type insert struct {
	at, length int
	after      bool
	text       string
	order      int
}

// mutants makes every mistake in the files of a package, and returns the files
// with all of them in.
func mutants(dir string, take func(string) bool) ([]mutant, map[string][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, p := range slices.DeleteFunc(paths, func(p string) bool { return strings.HasSuffix(p, "_test.go") }) {
		f, err := parser.ParseFile(fset, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, f)
	}
	// A program that was built to be the same everywhere does not know where the
	// library's sources are.
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, nil, err
	}
	build.Default.GOROOT = strings.TrimSpace(string(root))
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	pkg, err := config.Check(dir, fset, files, info)
	if err != nil {
		return nil, nil, err
	}
	var all []mutant
	out := map[string][]byte{filepath.Join(dir, "zz_mutant.go"): fmt.Appendf(nil, switches, pkg.Name())}
	for _, f := range files {
		path := fset.File(f.Pos()).Name()
		if !take(filepath.Base(path)) {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		m := &maker{fset: fset, info: info, pkg: pkg, file: filepath.Base(path), source: source, mutants: &all}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				m.where = fn.Name.Name
				ast.Inspect(fn.Body, m.visit)
			}
		}
		out[path] = m.apply()
	}
	return all, out, nil
}

func (m *maker) offset(p token.Pos) int { return m.fset.Position(p).Offset }

func (m *maker) text(n ast.Node) string {
	return string(m.source[m.offset(n.Pos()):m.offset(n.End())])
}

// new numbers a mistake at a node.
func (m *maker) new(n ast.Node, kind string) int {
	text := strings.Join(strings.Fields(m.text(n)), " ")
	x := mutant{n: len(*m.mutants) + 1, file: m.file, line: m.fset.Position(n.Pos()).Line, where: m.where, kind: kind, text: text}
	for _, other := range *m.mutants { // twice the same in one function
		if other.key() == x.key() {
			x.text += " (again)"
		}
	}
	*m.mutants = append(*m.mutants, x)
	return x.n
}

// around puts text around a node.
func (m *maker) around(n ast.Node, before, after string) {
	at, end := m.offset(n.Pos()), m.offset(n.End())
	k := len(m.inserts)
	m.inserts = append(m.inserts, insert{at, end - at, false, before, k}, insert{end, end - at, true, after, k})
}

// apply makes all inserts: at one place, ends come before beginnings, ends of
// short pieces before those of long ones, beginnings of long ones first.
func (m *maker) apply() []byte {
	slices.SortStableFunc(m.inserts, func(a, b insert) int {
		switch {
		case a.at != b.at:
			return a.at - b.at
		case a.after != b.after && a.after:
			return -1
		case a.after != b.after:
			return 1
		case a.length != b.length && a.after:
			return a.length - b.length
		case a.length != b.length:
			return b.length - a.length
		case a.after: // of one piece: what was begun last ends first
			return b.order - a.order
		}
		return a.order - b.order
	})
	var out bytes.Buffer
	at := 0
	for _, i := range m.inserts {
		out.Write(m.source[at:i.at])
		out.WriteString(i.text)
		at = i.at
	}
	out.Write(m.source[at:])
	return out.Bytes()
}

// visit makes the mistakes of one node.
func (m *maker) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		m.binary(n)
	case *ast.IfStmt:
		m.condition(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			m.negate(n.Cond)
		}
	case *ast.SwitchStmt:
		if n.Tag == nil {
			for _, c := range n.Body.List {
				for _, e := range c.(*ast.CaseClause).List {
					m.condition(e)
				}
			}
		}
	case *ast.ReturnStmt:
		for _, e := range n.Results {
			if m.isBool(e) {
				m.negate(e)
			}
		}
	case *ast.BlockStmt:
		for _, s := range n.List {
			m.statement(s)
		}
	case *ast.CaseClause:
		for _, s := range n.Body {
			m.statement(s)
		}
	}
	return true
}

func (m *maker) isBool(e ast.Expr) bool {
	t := m.info.Types[e]
	b, ok := t.Type.(*types.Basic)
	return ok && t.Value == nil && b.Info()&types.IsBoolean != 0
}

func (m *maker) negate(e ast.Expr) {
	m.around(e, "((", fmt.Sprintf(") != mutating(%d))", m.new(e, "negated")))
}

// condition makes a condition always hold, and never. That it is turned round is
// in one of the two.
func (m *maker) condition(e ast.Expr) {
	m.around(e, "(", fmt.Sprintf(" || mutating(%d))", m.new(e, "always")))
	m.around(e, "((", fmt.Sprintf(") && !mutating(%d))", m.new(e, "never")))
}

func (m *maker) binary(e *ast.BinaryExpr) {
	if m.info.Types[e].Value != nil {
		return // constants are the compiler's
	}
	x, y := m.text(e.X), m.text(e.Y)
	switch e.Op {
	case token.LAND:
		m.around(e.X, "((", fmt.Sprintf(") || mutating(%d))", m.new(e.X, "left out of &&")))
		m.around(e.Y, "((", fmt.Sprintf(") || mutating(%d))", m.new(e.Y, "left out of &&")))
	case token.LOR:
		m.around(e.X, "((", fmt.Sprintf(") && !mutating(%d))", m.new(e.X, "left out of ||")))
		m.around(e.Y, "((", fmt.Sprintf(") && !mutating(%d))", m.new(e.Y, "left out of ||")))
	case token.LSS, token.GTR:
		m.around(e, "((", fmt.Sprintf(") || mutating(%d) && %s == %s)", m.new(e, "boundary"), x, y))
	case token.LEQ, token.GEQ:
		m.around(e, "((", fmt.Sprintf(") && !(mutating(%d) && %s == %s))", m.new(e, "boundary"), x, y))
	case token.EQL, token.NEQ:
		m.negate(e)
	case token.AND, token.OR, token.AND_NOT, token.ADD, token.SUB:
		m.arithmetic(e, x, y)
	}
}

// arithmetic puts another operator in the place of one on numbers.
func (m *maker) arithmetic(e *ast.BinaryExpr, x, y string) {
	t, ok := m.info.Types[e].Type.Underlying().(*types.Basic)
	if !ok || t.Info()&types.IsInteger == 0 || t.Info()&types.IsUntyped != 0 {
		return
	}
	op := map[token.Token]string{token.AND: "|", token.OR: "&", token.AND_NOT: "&", token.ADD: "-", token.SUB: "+"}[e.Op]
	name := types.TypeString(m.info.Types[e].Type, func(p *types.Package) string {
		if p == m.pkg {
			return ""
		}
		return p.Name()
	})
	m.around(e, fmt.Sprintf("mutated[%s](%d, ", name, m.new(e, e.Op.String()+" for "+op)), fmt.Sprintf(", %s %s %s)", x, op, y))
}

// statement leaves a statement out.
func (m *maker) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			return
		}
	case *ast.IncDecStmt, *ast.ExprStmt:
	case *ast.ReturnStmt:
		if len(s.Results) > 0 {
			return
		}
	case *ast.BranchStmt:
		if s.Tok != token.CONTINUE && s.Tok != token.BREAK {
			return
		}
	default:
		return
	}
	m.around(s, fmt.Sprintf("if !mutating(%d) { ", m.new(s, "left out")), " }")
}
