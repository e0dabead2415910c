package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// typed runs a command line and returns what it prints.
func typed(t *testing.T, args ...string) (out, problems string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(&terminal{ctx: t.Context(), in: strings.NewReader(""), out: &o, err: &e}, args)
	return o.String(), e.String(), code
}

// TestDoc holds doc/cli.md against the program: entente doc writes it anew.
func TestDoc(t *testing.T) {
	have, err := os.ReadFile("../../doc/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	want, problems, code := typed(t, "doc")
	if code != 0 {
		t.Fatal(problems)
	}
	if string(have) != want {
		t.Error("doc/cli.md is not current: go run ./cmd/entente doc > doc/cli.md")
	}
}

// TestHelp asks every command for its help, and has every one, every argument
// and every flag say what it is.
func TestHelp(t *testing.T) {
	parser, err := kong.New(new(cli), options(&terminal{}, func(int) {})...)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		if n.Help == "" {
			t.Errorf("%v has no help", path)
		}
		for _, p := range n.Positional {
			if p.Help == "" {
				t.Errorf("%v: argument %s has no help", path, p.Name)
			}
		}
		for _, f := range n.Flags {
			if f.Help == "" {
				t.Errorf("%v: --%s has no help", path, f.Name)
			}
		}
		out, problems, code := typed(t, append(path, "--help")...)
		if code != 0 || !strings.Contains(out, "Usage: entente") {
			t.Errorf("%v --help: %d %q %q", path, code, out, problems)
		}
		for _, c := range n.Children {
			walk(c, append(path[:len(path):len(path)], c.Name))
		}
	}
	walk(parser.Model.Node, nil)
}

// TestCmdletsDoc holds doc/cmdlets.md against the program.
func TestCmdletsDoc(t *testing.T) {
	have, err := os.ReadFile("../../doc/cmdlets.md")
	if err != nil {
		t.Fatal(err)
	}
	if want, problems, code := typed(t, "doc", "--cmdlets"); code != 0 || string(have) != want {
		t.Error("doc/cmdlets.md is not current: go run ./cmd/entente doc --cmdlets > doc/cmdlets.md", problems)
	}
}
