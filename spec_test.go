package entente_test

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"entente/ews"
	"entente/ews/ewsserver"
)

// specFile says what is implemented of which specification.
const specFile = "doc/spec.txt"

// A specLine is a section of a specification.
type specLine struct{ document, section, title, status, where string }

// serves reports whether the section is kept to, at least in part.
func (s specLine) serves() bool { return s.status == "Yes" || s.status == "Partial" }

// covers reports whether the line speaks about a section: about it, the one it
// belongs to, or a part of it. A citation without a section asks for the
// document only.
func (s specLine) covers(document, section string) bool {
	if s.document != document {
		return false
	}
	under := func(a, b string) bool { return strings.HasPrefix(a+".", b+".") }
	return section == "" || s.section == "-" || under(section, s.section) || under(s.section, section)
}

func readSpec(t *testing.T) []specLine {
	t.Helper()
	f, err := os.Open(specFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []specLine
	for s, n := bufio.NewScanner(f), 1; s.Scan(); n++ {
		if s.Text() == "" || strings.HasPrefix(s.Text(), "#") {
			continue
		}
		c := strings.Split(s.Text(), "\t")
		if len(c) != 5 {
			t.Fatalf("%s:%d has %d columns, not document, section, title, status, where", specFile, n, len(c))
		}
		lines = append(lines, specLine{c[0], c[1], c[2], c[3], c[4]})
	}
	return lines
}

// TestSpecLines checks every line by itself: its status is one of three, and
// what is there says where.
func TestSpecLines(t *testing.T) {
	seen := map[specLine]bool{}
	for _, s := range readSpec(t) {
		name := s.document + " " + s.section + " " + s.title
		if !slices.Contains([]string{"Yes", "Partial", "No"}, s.status) {
			t.Errorf("%s: status %q", name, s.status)
		}
		if s.serves() != (s.where != "-") {
			t.Errorf("%s: %s, at %q", name, s.status, s.where)
		}
		if s.where != "-" {
			if info, err := os.Stat(s.where); err != nil || info.IsDir() {
				t.Errorf("%s is said to be in %s, which is no file", name, s.where)
			}
		}
		key := specLine{document: s.document, section: s.section, title: s.title}
		if seen[key] {
			t.Errorf("%s stands there twice", name)
		}
		seen[key] = true
	}
}

// TestSpecOperations holds the list against the service description and
// against the server: every operation is named once, and is promised exactly
// when it is served.
func TestSpecOperations(t *testing.T) {
	lines := readSpec(t)
	served := ewsserver.Served()
	for _, op := range operationNames() {
		var found []specLine
		for _, s := range lines {
			if s.title == op && (strings.HasPrefix(s.document, "[MS-OXW") || s.document == "Services.wsdl") {
				found = append(found, s)
			}
		}
		if len(found) != 1 {
			t.Errorf("%s has %d lines", op, len(found))
			continue
		}
		if is := slices.Contains(served, op); is != found[0].serves() {
			t.Errorf("%s: %s in %s; served: %t", op, found[0].status, specFile, is)
		}
	}
	for _, op := range served {
		if !slices.Contains(operationNames(), op) {
			t.Errorf("%s is served and not in the service description", op)
		}
	}
}

func operationNames() []string {
	var names []string
	for _, op := range ews.Operations() {
		names = append(names, op.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// citation matches a document and its section as comments name them, line
// breaks between them taken away.
var citation = regexp.MustCompile(`(\[MS-[A-Z0-9]+\]|RFC [0-9]{4,5}\b)(?: ([0-9]+(?:\.[0-9]+)+))?`)

// TestSpecCitations has every section that a comment of the product cites
// covered by a line, so that what we rest on can be found from the list.
func TestSpecCitations(t *testing.T) {
	lines := readSpec(t)
	for path, text := range comments(t) {
		for _, m := range citation.FindAllStringSubmatch(text, -1) {
			covered := slices.ContainsFunc(lines, func(s specLine) bool { return s.covers(m[1], m[2]) })
			if !covered {
				t.Errorf("%s cites %s, which no line of %s covers", path, m[0], specFile)
			}
		}
	}
}

// comments returns the comments of every Go file but generated ones, tests
// left aside, each file's as one text.
func comments(t *testing.T) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_gen.go"):
			return nil
		}
		b, err := os.ReadFile(path)
		var text strings.Builder
		for line := range strings.Lines(string(b)) {
			if _, comment, ok := strings.Cut(line, "//"); ok {
				text.WriteString(" " + strings.TrimSpace(comment))
			}
		}
		m[path] = text.String()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
