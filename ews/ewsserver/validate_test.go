package ewsserver

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"entente/ews"
)

// A schemaCheck collects the answers of all tests and has xmllint compare them
// with the published schema at the end: the schema is large, and loading it for
// each answer would cost more than all tests together. ENTENTE_SHARED names the
// directory that has it under schemas/; without it nothing is checked.
type schemaCheck struct {
	schema, dir string
	n           atomic.Int64
}

// answers is where answers go; nil if they are not checked.
var answers *schemaCheck

func TestMain(m *testing.M) {
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	shared := os.Getenv("ENTENTE_SHARED")
	if shared == "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "answers")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	answers = &schemaCheck{schema: filepath.Join(shared, "schemas", "ews-lint-all.xsd"), dir: dir}
	code := m.Run()
	if err := answers.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// check notes an answer: what is in the envelope's Body, with the namespaces
// the envelope declares. Benchmarks are spared.
func (c *schemaCheck) check(tb testing.TB, envelope []byte) {
	if _, test := tb.(*testing.T); c == nil || !test {
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
	// We differ here on purpose: Exchange's own clients read these ids in the
	// namespace of messages. See doc/divergences.md.
	if from, ids, ok := bytes.Cut(doc, []byte("<m:ErrorSubscriptionIds>")); ok {
		ids = bytes.ReplaceAll(ids, []byte("m:SubscriptionId>"), []byte("t:SubscriptionId>"))
		doc = append(append(from[:len(from):len(from)], "<m:ErrorSubscriptionIds>"...), ids...)
	}
	name := fmt.Sprintf("%s-%d.xml", strings.ReplaceAll(tb.Name(), "/", "-"), c.n.Add(1))
	if err := os.WriteFile(filepath.Join(c.dir, name), doc, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// run compares all answers. Each complaint has the name of the test in it.
func (c *schemaCheck) run() error {
	files, err := filepath.Glob(filepath.Join(c.dir, "*.xml"))
	if err != nil || len(files) == 0 {
		return err
	}
	args := append([]string{"--nonet", "--noout", "--schema", c.schema}, files...)
	out, err := exec.Command("xmllint", args...).CombinedOutput()
	if err == nil {
		return nil
	}
	var bad []string
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); !strings.HasSuffix(line, " validates") && !strings.HasSuffix(line, " fails to validate") {
			bad = append(bad, strings.TrimPrefix(line, c.dir+"/"))
		}
	}
	return fmt.Errorf("answers that are not as the schema says: %w\n%s", err, strings.Join(bad, "\n"))
}
