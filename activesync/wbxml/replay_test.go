package wbxml

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shared returns the files below the directory of recorded and published things,
// which ENTENTE_SHARED names.
func shared(t *testing.T, pattern string) []string {
	t.Helper()
	dir := os.Getenv("ENTENTE_SHARED")
	if dir == "" {
		t.Skip("ENTENTE_SHARED is not set: nothing is replayed")
	}
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) == 0 {
		t.Skip("nothing recorded in", filepath.Join(dir, pattern))
	}
	return files
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What clients and servers really sent is read as libwbxml reads it, and written
// again byte by byte.
func TestReplayLive(t *testing.T) {
	for _, file := range shared(t, "wire/wbxml/live/*.wbxml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			doc := readFile(t, file)
			e := mustParse(t, doc)
			if got := write(e); !bytes.Equal(got, doc) {
				t.Errorf("written again is\n%q\nnot\n%q", got, doc)
			}
			compareXML(t, e, strings.TrimSuffix(file, ".wbxml")+".libwbxml.xml")
		})
	}
}

// Bodies of phones and of other encoders, which need not be written as they were.
func TestReplayOthers(t *testing.T) {
	for _, file := range shared(t, "wire/wbxml/[ilt]*/*.wbxml") {
		base := strings.TrimSuffix(file, ".wbxml")
		switch {
		case strings.Contains(file, "/live/"), strings.Contains(base, "airsync-"): // another document type
			continue
		case strings.Contains(file, "/libwbxml-xml/"):
			base += ".xml"
		default:
			base += ".libwbxml.xml"
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			e := mustParse(t, readFile(t, file))
			if a, b := nodes(mustParse(t, write(e)), nil).String(), nodes(e, nil).String(); a != b {
				t.Errorf("written and read again is\n%s\nnot\n%s", a, b)
			}
			compareXML(t, e, base)
		})
	}
	for _, file := range shared(t, "wire/wbxml/horde/*.full.wbxml") {
		mustParse(t, readFile(t, file))
	}
}

// compareXML compares a tree with libwbxml's reading of the same document. Where
// that has no names, it has wrong namespaces, too: then the names alone count.
func compareXML(t *testing.T, e *Element, file string) {
	t.Helper()
	want, err := readXML(readFile(t, file))
	if err != nil {
		t.Fatal(err)
	}
	// The recorded XML has lost white space around texts, and may have lines in
	// base64.
	got := theirTree(e)
	for _, n := range []*node{got, want} {
		n.eachNode(func(n *node) {
			if n.text = strings.TrimSpace(n.text); n.name == "MIME" {
				n.text = strings.Join(strings.Fields(n.text), "")
			}
		})
	}
	if strings.Contains(want.String(), ":unknown ") {
		got.eachNode(func(n *node) { n.space = "" })
		want.eachNode(func(n *node) { n.space = "" })
	}
	if d := difference(got, want); d != "" {
		t.Error(d)
	}
}

// What crashed other readers is an error.
func TestReplayCrashers(t *testing.T) {
	for _, file := range shared(t, "wire/wbxml/libwbxml-fuzz/*") {
		if e, err := Parse(readFile(t, file), DefaultLimits()); err == nil {
			t.Errorf("%s is read as %s", file, AppendXML(nil, e))
		}
	}
}

// misspelled reports whether a name is the schemas' own mistake: the contacts that
// Supported may name, Contacts.xsd calls otherwise than the contacts themselves.
func misspelled(name string) bool {
	return strings.HasPrefix(name, "Contacts:") && strings.HasSuffix(name, "TelephoneNumber") ||
		name == "Contacts:AssistnamePhoneNumber" || name == "Contacts:Webpage"
}

// Every element that a published schema declares has a tag.
func TestSchemasHaveTags(t *testing.T) {
	named := map[string]bool{}
	for tag := range allTags() {
		named[tag.String()] = true
	}
	element := regexp.MustCompile(`<xs:element\s+(?:[a-z]\w*="[^"]*"\s+)*?name="(\w+)"`)
	space := regexp.MustCompile(`targetNamespace\s*=\s*"(\w+)"`)
	for _, file := range shared(t, "schemas/activesync/*.xsd") {
		doc := readFile(t, file)
		ns := space.FindSubmatch(doc)
		if ns == nil {
			continue // Autodiscover, which is XML
		}
		for _, m := range element.FindAllSubmatch(doc, -1) {
			if name := string(ns[1]) + ":" + string(m[1]); !named[name] && !misspelled(name) {
				t.Errorf("%s declares %s, which has no tag", filepath.Base(file), name)
			}
		}
	}
}
