package ewsserver

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"entente/ews"
)

// A schemaCheck collects answers and has xmllint compare them with the
// published schema when the test ends: the schema is large, and loading it once
// for each answer would cost more than all tests together. ENTENTE_SHARED names
// the directory that has it under schemas/; without it nothing is checked.
type schemaCheck struct {
	schema, dir string
	n           int
}

func newSchemaCheck(tb testing.TB) *schemaCheck {
	shared := os.Getenv("ENTENTE_SHARED")
	if _, bench := tb.(*testing.B); shared == "" || bench {
		return nil
	}
	c := &schemaCheck{schema: filepath.Join(shared, "schemas", "ews-lint-all.xsd"), dir: tb.TempDir()}
	if _, err := os.Stat(c.schema); err != nil {
		tb.Fatalf("ENTENTE_SHARED: %v", err)
	}
	tb.Cleanup(func() { c.run(tb) })
	return c
}

// check notes an answer: what is in the envelope's Body, with the namespaces
// the envelope declares.
func (c *schemaCheck) check(tb testing.TB, envelope []byte) {
	if c == nil {
		return
	}
	tb.Helper()
	_, body, ok := bytes.Cut(envelope, []byte("<s:Body>"))
	body, _, ok2 := bytes.Cut(body, []byte("</s:Body>"))
	tag := bytes.IndexAny(body, " />")
	if !ok || !ok2 || tag < 0 {
		tb.Fatalf("no body in %s", envelope)
	}
	doc := append([]byte(nil), body[:tag]...)
	doc = append(doc, ` xmlns:m="`+ews.NSMessages+`" xmlns:t="`+ews.NSTypes+`"`...)
	doc = append(doc, body[tag:]...)
	c.n++
	if err := os.WriteFile(filepath.Join(c.dir, strconv.Itoa(c.n)+".xml"), doc, 0o600); err != nil {
		tb.Fatal(err)
	}
}

func (c *schemaCheck) run(tb testing.TB) {
	files, err := filepath.Glob(filepath.Join(c.dir, "*.xml"))
	if err != nil || len(files) == 0 {
		return
	}
	args := append([]string{"--nonet", "--noout", "--schema", c.schema}, files...)
	out, err := exec.Command("xmllint", args...).CombinedOutput()
	if err == nil {
		return
	}
	for line := range bytes.Lines(out) {
		if !bytes.HasSuffix(bytes.TrimSpace(line), []byte(" validates")) {
			tb.Errorf("schema: %s", bytes.TrimSpace(line))
		}
	}
}
