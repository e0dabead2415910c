package scenario

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestWalk types what the pages say, each in one shell, and compares: every line
// of a text block stands in what the block before it printed. In a line, … is
// anything.
func TestWalk(t *testing.T) {
	for _, page := range []string{"scenarios", "federation"} {
		t.Run(page, func(t *testing.T) { walkThrough(t, "../../doc/"+page+".md") })
	}
}

func walkThrough(t *testing.T, file string) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	steps := walk(string(page))
	if len(steps) < 10 {
		t.Fatalf("%d steps", len(steps))
	}
	bin, port := build(t), ""
	if port, err = freePort(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := "exec 2>&1\n"
	for i, s := range steps {
		// The page's port is taken when the page is read at a desk, not when a
		// machine runs several tests.
		script += fmt.Sprintf("echo '%s%d'\n%s\n", mark, i, strings.ReplaceAll(s.commands, "127.0.0.1:8443", "127.0.0.1:"+port))
	}
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	defer cancel()
	sh := exec.CommandContext(ctx, "bash", "-c", script)
	sh.Dir = dir
	sh.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	printed := strings.Split(string(out), mark)[1:]
	for i, s := range steps {
		if i >= len(printed) {
			t.Fatalf("the walk ended at:\n%s\n%s", s.commands, out)
		}
		for _, want := range s.answers {
			if !shows(printed[i], want) {
				t.Errorf("%s\n\nprinted no line with\n\n%s\n\nbut\n%s", s.commands, want, printed[i])
			}
		}
	}
}

const mark = "=== step "

// A step is a sh block of the page and the text block after it.
type step struct {
	commands string
	answers  []string
}

func walk(page string) []step {
	var steps []step
	for n, part := range strings.Split(page, "```") {
		kind, text, _ := strings.Cut(part, "\n")
		switch {
		case n%2 == 0:
		case kind == "sh":
			steps = append(steps, step{commands: text})
		case kind == "text" && len(steps) > 0:
			s := &steps[len(steps)-1]
			s.answers = append(s.answers, strings.Split(strings.TrimSpace(text), "\n")...)
		}
	}
	return steps
}

// shows reports whether a line of text has the parts of want, in their order.
// Blanks count as one: tables are as wide as their contents.
func shows(text, want string) bool {
	for line := range strings.Lines(text) {
		rest, ok := strings.Join(strings.Fields(line), " "), true
		for _, part := range strings.Split(strings.Join(strings.Fields(want), " "), "…") {
			at := strings.Index(rest, strings.TrimSpace(part))
			if at < 0 {
				ok = false
				break
			}
			rest = rest[at+len(strings.TrimSpace(part)):]
		}
		if ok {
			return true
		}
	}
	return false
}
