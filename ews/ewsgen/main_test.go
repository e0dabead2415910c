package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUpToDate fails when a type was changed and the files were not made
// again: go generate ./ews.
func TestUpToDate(t *testing.T) {
	if err := run("..", true); err != nil {
		t.Error(err)
	}
}

// TestDeterministic makes the files twice: maps must not show.
func TestDeterministic(t *testing.T) {
	var first []file
	for range 3 {
		m, err := load("..")
		if err != nil {
			t.Fatal(err)
		}
		files, err := generate(m)
		if err != nil {
			t.Fatal(err)
		}
		for i := range first {
			if string(first[i].text) != string(files[i].text) {
				t.Errorf("%s differs", files[i].name)
			}
		}
		first = files
	}
}

// TestRefuses: what cannot be encoded is an error of the generator, with the
// place, not code that does not compile or, worse, does.
func TestRefuses(t *testing.T) {
	test := func(source, want string) {
		t.Helper()
		dir := t.TempDir()
		source = "package ews\n" + strings.ReplaceAll(source, "'", "`")
		if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := load(dir)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	test("type X struct { A string 'ews:\"t:A,omitempt\"' }", "omitempt")
	test("type X struct { A string 'ews:\"A\"' }", "names no element")
	test("type X struct { A string 'ews:\"x:A\"' }", "names no element")
	test("type X struct { A map[string]string 'ews:\"t:A\"' }", "cannot handle")
	test("type X struct { A Unknown 'ews:\"t:A\"' }", "no tags")
	test("type X struct { A, B string 'ews:\"t:A\"' }", "two children")
	test("type X struct { A string 'ews:\"t:As>t:A\"' }", "needs a slice")
	test("type X struct { A []*string 'ews:\"t:A\"' }", "pointers")
	test("type X struct { A string 'ews:\",text\"'; B string 'ews:\"t:B\"' }", "both text and children")
	test("// ews:choice\ntype X struct { A string 'ews:\"t:A\"' }", "pointers and slices")
	test("// ews:choce\ntype X struct { A *string 'ews:\"t:A\"' }", "choce")
	test("type Y struct { A string 'ews:\"t:A\"' }\ntype X struct { Y *Y 'ews:\",inline\"' }", "inline")
	test("type Y struct { A string 'ews:\"t:A\"' }\ntype X struct { Y Y 'ews:\"Y,attr\"' }", "no text")
}
