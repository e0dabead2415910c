package wbxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// A node is an element in a form in which readers can be compared.
type node struct {
	space, name, text string
	children          []*node
}

func (n *node) String() string {
	var b strings.Builder
	n.write(&b, "")
	return b.String()
}

func (n *node) write(b *strings.Builder, indent string) {
	if n == nil {
		return
	}
	fmt.Fprintf(b, "%s%s:%s %q\n", indent, n.space, n.name, n.text)
	for _, c := range n.children {
		c.write(b, indent+" ")
	}
}

func (n *node) eachNode(do func(*node)) {
	do(n)
	for _, c := range n.children {
		c.eachNode(do)
	}
}

// difference says where two trees first differ; it is empty if they do not.
func difference(got, want *node) string {
	a, b := strings.Split(got.String(), "\n"), strings.Split(want.String(), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: %s\nnot %s", i+1, a[i], b[i])
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%d lines, not %d", len(a), len(b))
	}
	return ""
}

// nodes turns a tree into nodes; opaque says how bytes are written.
func nodes(e *Element, opaque func(*Element) string) *node {
	if e == nil {
		return nil
	}
	n := &node{space: e.Tag.Namespace(), name: e.Tag.Name(), text: string(e.Content)}
	if e.Opaque && opaque != nil {
		n.text = opaque(e)
	}
	for c := range e.Children() {
		n.children = append(n.children, nodes(c, opaque))
	}
	return n
}

// readXML reads XML as nodes. White space beside elements, and around texts of
// several lines, is layout.
func readXML(doc []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.Strict = true
	top := &node{}
	stack := []*node{top}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		here := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			n := &node{space: strings.TrimSuffix(t.Name.Space, ":"), name: t.Name.Local}
			here.children = append(here.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			if len(here.children) > 0 && strings.TrimSpace(here.text) == "" {
				here.text = ""
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 1 {
				here.text += string(t)
			}
		}
	}
	if len(top.children) != 1 {
		return nil, errors.New("not one root")
	}
	return top.children[0], nil
}

func mustParse(t testing.TB, doc []byte) *Element {
	t.Helper()
	e, err := Parse(doc, DefaultLimits())
	if err != nil {
		t.Fatalf("%v\n% X", err, doc)
	}
	return e
}

// write returns the document of a tree.
func write(e *Element) []byte {
	w := NewWriter(nil)
	w.Tree(e)
	return w.Bytes()
}

// run gives a tool its input and returns its output.
func run(in []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}
