// Package schematest compares ActiveSync answers with the published schemas, for
// tests.
//
// The schemas are read from a directory of published things, which
// ENTENTE_SHARED names; without it nothing is compared. As published most of them
// cannot be loaded: each refers to others without saying where they are, and
// several have one namespace. So a schema is assembled that has all of them, in
// which every namespace is one file.
package schematest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"entente/activesync/wbxml"
)

// A Check collects answers, and compares them at the end: loading the schema costs
// more than comparing a hundred answers. A nil Check does nothing.
type Check struct {
	dir string
	n   atomic.Int64
}

// Main runs the tests of a package, then compares the answers that they noted, and
// returns the exit code. It is for TestMain.
func Main(m *testing.M, to **Check) int {
	shared := os.Getenv("ENTENTE_SHARED")
	if shared == "" {
		return m.Run()
	}
	c, err := New(filepath.Join(shared, "schemas", "activesync"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer c.Close()
	*to = c
	code := m.Run()
	if err := c.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// New assembles the schemas of a directory.
func New(schemas string) (*Check, error) {
	dir, err := os.MkdirTemp("", "answers")
	if err != nil {
		return nil, err
	}
	c := &Check{dir: dir}
	if err := c.assemble(schemas); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close removes what was collected.
func (c *Check) Close() error { return os.RemoveAll(c.dir) }

const xmlSchema = "http://www.w3.org/2001/XMLSchema"

var (
	target   = regexp.MustCompile(`targetNamespace\s*=\s*"(\w+)"`)
	prefixed = regexp.MustCompile(`xmlns:\w+\s*=\s*"(\w+)"`)
	opening  = regexp.MustCompile(`<xs:schema\b[^>]*>`)
)

// assemble writes a schema that has all others.
func (c *Check) assemble(schemas string) error {
	files, err := filepath.Glob(filepath.Join(schemas, "*.xsd"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no schemas in %s: %w", schemas, err)
	}
	spaces := map[string][]string{} // the files of a namespace
	text := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		// Autodiscover's are XML of their own, with URLs for namespaces.
		if m := target.FindSubmatch(b); m != nil {
			name := filepath.Base(f)
			spaces[string(m[1])] = append(spaces[string(m[1])], name)
			text[name] = string(b)
		}
	}
	for name, s := range text {
		if err := c.write(name, imports(s, spaces)); err != nil {
			return err
		}
	}
	all := `<xs:schema xmlns:xs="` + xmlSchema + `">`
	for _, space := range slices.Sorted(maps.Keys(spaces)) {
		all += imported(space)
		one := `<xs:schema xmlns:xs="` + xmlSchema + `" targetNamespace="` + space + `" elementFormDefault="qualified">`
		for _, f := range spaces[space] {
			one += `<xs:include schemaLocation="` + f + `"/>`
		}
		if err := c.write("all-"+space+".xsd", one+`</xs:schema>`); err != nil {
			return err
		}
	}
	return c.write("all.xsd", all+`</xs:schema>`)
}

func (c *Check) write(name, text string) error {
	return os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600)
}

func imported(space string) string {
	return `<xs:import namespace="` + space + `" schemaLocation="all-` + space + `.xsd"/>`
}

// imports adds to a schema where the namespaces are that it refers to.
func imports(schema string, spaces map[string][]string) string {
	own := target.FindStringSubmatch(schema)[1]
	var add []string
	for _, m := range prefixed.FindAllStringSubmatch(schema, -1) {
		if spaces[m[1]] != nil && m[1] != own {
			add = append(add, imported(m[1]))
		}
	}
	at := opening.FindStringIndex(schema)
	slices.Sort(add)
	return schema[:at[1]] + strings.Join(slices.Compact(add), "") + schema[at[1]:]
}

// Note notes an answer. Benchmarks are spared.
func (c *Check) Note(tb testing.TB, answer *wbxml.Element) {
	if _, test := tb.(*testing.T); c == nil || !test || answer == nil {
		return
	}
	name := fmt.Sprintf("%s-%d.xml", strings.ReplaceAll(tb.Name(), "/", "-"), c.n.Add(1))
	if err := c.write(name, string(wbxml.AppendXML(nil, answer))); err != nil {
		tb.Error(err)
	}
}

// Run compares all that was noted. Each complaint has the name of the test in it.
func (c *Check) Run() error {
	files, err := filepath.Glob(filepath.Join(c.dir, "*.xml"))
	if err != nil {
		return err
	}
	var bad []string
	for some := range slices.Chunk(files, 500) {
		args := append([]string{"--nonet", "--noout", "--schema", filepath.Join(c.dir, "all.xsd")}, some...)
		out, err := exec.Command("xmllint", args...).CombinedOutput()
		if err == nil {
			continue
		}
		if ran := new(exec.ExitError); !errors.As(err, &ran) {
			return err
		}
		bad = append(bad, c.complaints(string(out))...)
	}
	if len(bad) == 0 {
		return nil
	}
	return fmt.Errorf("answers that are not as the schemas say:\n%s", strings.Join(bad, "\n"))
}

// complaints are the lines of xmllint's that say what is wrong with an answer. The
// others are about namespaces that are no URLs, each in three lines.
func (c *Check) complaints(out string) []string {
	var bad []string
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); strings.Contains(line, " error : ") {
			bad = append(bad, strings.TrimPrefix(line, c.dir+"/"))
		}
	}
	return bad
}
