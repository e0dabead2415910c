package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// batch runs entente explain --batch on some lines.
func batch(t *testing.T, in string, args ...string) (out, problems string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(&terminal{ctx: t.Context(), in: strings.NewReader(in), out: &o, err: &e}, append([]string{"explain"}, args...))
	return o.String(), e.String(), code
}

// TestBatch: the exit status tells whether every line was a question, and no
// line keeps another from its answer.
func TestBatch(t *testing.T) {
	const good, bad = `{"accounts":[{"name":"anna"}],"request":{"caller":"anna"}}` + "\n", "{}\n"
	test := func(in string, args []string, lines, want int) {
		t.Helper()
		out, problems, code := batch(t, in, args...)
		if code != want || strings.Count(out, "\n") != lines || (problems == "") != (code == 0) {
			t.Errorf("%q %v: %d, %q, %q", in, args, code, out, problems)
		}
	}
	test(good+good, []string{"--batch"}, 2, 0)
	test(good, []string{"batch"}, 1, 0)
	test("", []string{"--batch"}, 0, 0)
	test(good+bad+good, []string{"--batch"}, 3, 1)
	test(good, nil, 0, 1)
	if out, _, _ := batch(t, good, "--batch", "--no-changes"); strings.Contains(out, `"changes"`) {
		t.Errorf("changes were looked for: %s", out)
	}
}

// TestSuggestedCommands: what explanations suggest is understood by the command
// line. The lines are those of doc/explain-batch.md.
func TestSuggestedCommands(t *testing.T) {
	page, err := os.ReadFile("../../doc/explain-batch.md")
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "{") {
			lines.WriteString(line)
		}
	}
	out, problems, code := batch(t, lines.String(), "--batch")
	if code != 0 {
		t.Fatal(problems)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(out) {
		var a struct {
			Changes []struct{ Pieces []struct{ Command string } }
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		for _, c := range a.Changes {
			for _, p := range c.Pieces {
				if p.Command != "" && !seen[p.Command] {
					seen[p.Command] = true
					understood(t, p.Command)
				}
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d commands are suggested", len(seen))
	}
}

func understood(t *testing.T, command string) {
	t.Helper()
	words := shellWords(command)
	if words[0] != "entente" {
		t.Fatal(command)
	}
	parser, err := kong.New(new(cli), options(&terminal{out: new(bytes.Buffer), err: new(bytes.Buffer)}, func(int) {})...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(words[1:]); err != nil {
		t.Errorf("%s: %v", command, err)
	}
}

// shellWords splits a command line as a shell does that knows single quotes.
func shellWords(s string) []string {
	words, word, quoted, begun := []string(nil), "", false, false
	for _, r := range s + " " {
		switch {
		case r == '\'':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			if begun {
				words = append(words, word)
			}
			word, begun = "", false
		default:
			word += string(r)
			begun = true
		}
	}
	return words
}
