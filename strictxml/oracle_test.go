package strictxml

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Two oracles stand beside the Reader: encoding/xml and libxml2's xmllint.
// What either of them refuses, the Reader refuses; what the Reader accepts,
// they read as the same tree.

// seeds are well-formed documents to compare and to damage.
var seeds = []string{
	`<a/>`,
	"\uFEFF<?xml version='1.0' encoding='utf-8'?>\r\n<!-- c --><a b='c'>d</a><!--d-->\n",
	`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body xmlns="urn:x"><a b=" c &amp; d "/></s:Body></s:Envelope>`,
	`<a xmlns="urn:u"><b xmlns=""><c xmlns="urn:u"/></b><p:d xmlns:p="urn:p" p:e="1" e="2"><p:f xmlns:p="urn:q"/></p:d></a>`,
	"<a b='\tc\nd\r\ne&#9;&#10;&#13;'>\r\n\tx\ry &lt;&gt;&#x1F600;&apos;&quot; z<![CDATA[<&\r\n]] >]]>]]<!-- - -\r\n--></a>",
	`<p:a xmlns:p="urn:p" xmlns:q="urn:q" q:z="1" p:y="2" x="3" xml:lang="en"><p:b xmlns:p="urn:p" xml:space="preserve"> </p:b></p:a>`,
	"<list><item id=\"1\">\u00E9\u3042\uFF21\U0001F600</item><item id=\"2\"/>\n<item id=\"3\">]]&gt;</item></list>",
	string(request),
}

// A node is a token in a form in which readers can be compared: text joined,
// declarations apart, attributes sorted.
type node struct {
	kind  string
	name  Name
	attrs []string
	text  string
}

func (n node) String() string { return fmt.Sprintf("%s %v %q %q", n.kind, n.name, n.attrs, n.text) }

// add appends a node, joining text to text and leaving out what is outside the
// document element.
func add(tree []node, depth int, n node) []node {
	last := len(tree) - 1
	switch {
	case n.kind == "text" && (depth == 0 || n.text == ""):
		return tree
	case n.kind == "text" && last >= 0 && tree[last].kind == "text":
		tree[last].text += n.text
		return tree
	}
	slices.Sort(n.attrs)
	return append(tree, n)
}

// ours reads a tree with Next.
func ours(in []byte, max Limits) (tree []node, err error) {
	r, depth := NewReader(in, max), 0
	for {
		t, err := r.Next()
		switch {
		case err == io.EOF:
			return tree, nil
		case err != nil:
			return nil, err
		}
		switch t.Kind {
		case StartElement:
			depth++
			n := node{kind: "start", name: t.Name}
			for _, a := range t.Attrs {
				if _, ok := a.Declares(); !ok {
					n.attrs = append(n.attrs, a.Name.String()+"="+blank(a.Value))
				}
			}
			tree = add(tree, depth, n)
		case EndElement:
			tree = add(tree, depth, node{kind: "end", name: t.Name})
			depth--
		case Comment:
			tree = add(tree, depth, node{kind: "comment", text: t.Text})
		default:
			tree = add(tree, depth, node{kind: "text", text: t.Text})
		}
	}
}

// theirs reads a tree with encoding/xml.
func theirs(in []byte) (tree []node, err error) {
	d, depth := xml.NewDecoder(bytes.NewReader(in)), 0
	for {
		t, err := d.Token()
		switch {
		case err == io.EOF:
			return tree, nil
		case err != nil:
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
			n := node{kind: "start", name: Name(t.Name)}
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && a.Name != (xml.Name{Local: "xmlns"}) {
					n.attrs = append(n.attrs, Name(a.Name).String()+"="+blank(a.Value))
				}
			}
			tree = add(tree, depth, n)
		case xml.EndElement:
			tree = add(tree, depth, node{kind: "end", name: Name(t.Name)})
			depth--
		case xml.CharData:
			tree = add(tree, depth, node{kind: "text", text: string(t)})
		case xml.Comment:
			// encoding/xml leaves the line ends of comments alone.
			s := strings.ReplaceAll(strings.ReplaceAll(string(t), "\r\n", "\n"), "\r", "\n")
			tree = add(tree, depth, node{kind: "comment", text: s})
		}
	}
}

// blank makes white space in attributes alike: encoding/xml does not normalize
// it (3.3.3). xmllint does, and is the oracle for that.
func blank(s string) string {
	return strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(s)
}

// differs compares the Reader with encoding/xml, and says where they differ.
func differs(in []byte) string {
	a, err := ours(in, generous)
	if err != nil {
		return ""
	}
	b, err := theirs(in)
	if err != nil {
		return "we accept what encoding/xml refuses: " + err.Error()
	}
	for i := range min(len(a), len(b)) {
		if a[i].String() != b[i].String() {
			return fmt.Sprintf("we read %v, encoding/xml reads %v", a[i], b[i])
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("we read %d nodes, encoding/xml %d", len(a), len(b))
	}
	return ""
}

func TestEncodingXML(t *testing.T) {
	for _, s := range seeds {
		if _, err := ours([]byte(s), generous); err != nil {
			t.Errorf("%v in %q", err, s)
		}
	}
	for _, s := range damaged(seeds, 20000) {
		if d := differs(s); d != "" {
			t.Errorf("%s: %q", d, s)
		}
	}
}

// FuzzReader compares with encoding/xml, and the ways of reading one another.
func FuzzReader(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for _, c := range refused {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if d := differs(in); d != "" {
			t.Fatal(d)
		}
		_, err := ours(in, generous)
		r := NewReader(in, generous)
		if r.Root() {
			f := r.Fork()
			pull(f)
			r.Skip()
			if (r.Err() == nil) != (f.Err() == nil) && !unexpected(f.Err()) {
				t.Fatalf("Skip says %v, a fork that is read %v", r.Err(), f.Err())
			}
		}
		if got := r.Finish(); (got == nil) != (err == nil) {
			t.Fatalf("Skip says %v, Next %v", got, err)
		}
	})
}

// pull reads an element the way a decoder does that knows nothing of it.
func pull(r *Reader) {
	for r.Child() {
		for _, a := range r.Attrs() {
			r.AttrNS(a.Name.Space, a.Name.Local)
		}
		f := r.Fork()
		if f.Text(); f.Err() == nil {
			r.Text()
			continue
		}
		pull(r)
	}
}

func unexpected(err error) bool {
	x, ok := err.(*SyntaxError)
	return ok && x.Reason == Unexpected
}

// damaged returns n documents, each a seed with a few changes; the same ones
// each time.
func damaged(seeds []string, n int) [][]byte {
	bits := []string{
		"<", ">", "/", "&", ";", "'", `"`, "=", " ", "\r", "\n", ":", "]]>", "<!--", "-->", "<![CDATA[", "</a>", "<a>", "<b/>",
		"&amp;", "&#65;", "&#x0;", "xmlns:p='urn:p'", "xmlns=''", "p:", "xml:", "xmlns", "é", "\uFFFE", "\x00", "\xFF", "-", "0", "<?x?>", " b='c'",
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var all [][]byte
	for range n {
		s := []byte(seeds[rnd.IntN(len(seeds))])
		for range 1 + rnd.IntN(3) {
			i := rnd.IntN(len(s) + 1)
			j := min(len(s), i+rnd.IntN(4))
			switch rnd.IntN(3) {
			case 0: // replace or insert
				s = slices.Replace(s, i, j, []byte(bits[rnd.IntN(len(bits))])...)
			case 1: // leave out
				s = slices.Delete(s, i, j)
			case 2: // say it again elsewhere
				part := slices.Clone(s[i:min(len(s), i+rnd.IntN(24))])
				s = slices.Insert(s, rnd.IntN(len(s)+1), part...)
			}
		}
		all = append(all, s)
	}
	return all
}

var complaint = regexp.MustCompile(`(?m)^(\d+)\.xml:\d+: \w+ error : (.*)$`)

// xmllint runs xmllint over documents and returns what it complains of, by
// number of the document, and what it writes.
func xmllint(t *testing.T, docs [][]byte, option string) (errors map[int]string, out []byte) {
	path, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint: install libxml2-utils to compare with libxml2")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--nonet", option)
	cmd.Dir = t.TempDir()
	for i, d := range docs {
		name := fmt.Sprintf("%d.xml", i)
		if err := os.WriteFile(filepath.Join(cmd.Dir, name), d, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd.Args = append(cmd.Args, name)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if _, ok := err.(*exec.ExitError); !ok { // exit codes tell of the last document only
			t.Fatal(err)
		}
	}
	errors = map[int]string{}
	for _, m := range complaint.FindAllStringSubmatch(stderr.String(), -1) {
		var i int
		fmt.Sscan(m[1], &i)
		errors[i] = m[2]
	}
	return errors, stdout.Bytes()
}

func TestXmllintRefuses(t *testing.T) {
	docs := damaged(seeds, 3000)
	for _, c := range refused {
		if c.in != "" {
			docs = append(docs, []byte(c.in))
		}
	}
	errors, _ := xmllint(t, docs, "--noout")
	if len(errors) < len(docs)/4 {
		t.Fatalf("xmllint complains of %d documents of %d: is its output understood?", len(errors), len(docs))
	}
	for i, d := range docs {
		// What URIs are is not for XML to say, beyond their characters.
		if strings.HasSuffix(errors[i], "is not a valid URI") {
			continue
		}
		if _, err := ours(d, generous); err == nil && errors[i] != "" {
			t.Errorf("we accept what xmllint refuses: %s: %q", errors[i], d)
		}
	}
}

// TestXmllintTree compares canonical forms, which show every difference between
// two trees that XML says there is.
func TestXmllintTree(t *testing.T) {
	docs := [][]byte{}
	for _, s := range seeds {
		docs = append(docs, []byte(s))
	}
	for _, d := range damaged(seeds, 6000) {
		if _, err := ours(d, generous); err == nil && len(docs) < 1500 {
			docs = append(docs, d)
		}
	}
	errors, got := xmllint(t, docs, "--c14n")
	compared := 0
	for i, d := range docs {
		want := canonical(t, d)
		if bytes.HasPrefix(got, want) {
			got = got[len(want):]
			compared++
			continue
		}
		// Canonical XML wants absolute URIs as namespace names, XML does not.
		if !strings.Contains(errors[i], " URI") && !relative.Match(d) {
			t.Fatalf("%q:\nxmllint reads %.300s\n     we read %s", d, got, want)
		}
	}
	if len(got) > 0 || compared < len(docs)/2 {
		t.Errorf("%d of %d compared; left: %.300s", compared, len(docs), got)
	}
}

var relative = regexp.MustCompile(`xmlns(:[\w.-]+)?\s*=\s*["']([^A-Za-z"'][^"']*|[A-Za-z][\w+.-]*([^\w+.:"'-][^"']*)?)["']`)

// canonical writes a document as Canonical XML 1.0 with comments has it.
func canonical(t *testing.T, in []byte) []byte {
	var b bytes.Buffer
	r := NewReader(in, generous)
	scopes := []map[string]string{{"": ""}}
	root := false
	for {
		tok, err := r.Next()
		if err == io.EOF {
			return b.Bytes()
		}
		if err != nil {
			t.Fatal(err)
		}
		switch tok.Kind {
		case StartElement:
			root = true
			scopes = append(scopes, canonicalStart(&b, tok, scopes[len(scopes)-1]))
		case EndElement:
			scopes = scopes[:len(scopes)-1]
			fmt.Fprintf(&b, "</%s>", written(tok.Prefix, tok.Name.Local))
		case Comment:
			before, after := "", ""
			if len(scopes) == 1 && root {
				before = "\n"
			} else if len(scopes) == 1 {
				after = "\n"
			}
			fmt.Fprintf(&b, "%s<!--%s-->%s", before, tok.Text, after)
		default:
			b.WriteString(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;").Replace(tok.Text))
		}
	}
}

// canonicalStart writes a start tag and returns the namespaces in scope.
func canonicalStart(b *bytes.Buffer, tok Token, outer map[string]string) map[string]string {
	scope := map[string]string{}
	for p, u := range outer {
		scope[p] = u
	}
	var attrs []Attr
	var declared []string
	for _, a := range tok.Attrs {
		p, ok := a.Declares()
		if !ok {
			attrs = append(attrs, a)
		} else if u, ok := outer[p]; (!ok || u != a.Value) && p != "xml" {
			scope[p] = a.Value
			declared = append(declared, p)
		}
	}
	slices.Sort(declared)
	slices.SortFunc(attrs, func(a, b Attr) int {
		return cmp.Or(cmp.Compare(a.Name.Space, b.Name.Space), cmp.Compare(a.Name.Local, b.Name.Local))
	})
	esc := strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
	fmt.Fprintf(b, "<%s", written(tok.Prefix, tok.Name.Local))
	for _, p := range declared {
		// libxml2 does not escape & in a namespace name; nothing else could be.
		fmt.Fprintf(b, ` %s="%s"`, strings.TrimSuffix("xmlns:"+p, ":"), scope[p])
	}
	for _, a := range attrs {
		fmt.Fprintf(b, ` %s="%s"`, written(a.Prefix, a.Name.Local), esc.Replace(a.Value))
	}
	b.WriteString(">")
	return scope
}

func written(prefix, local string) string { return strings.TrimPrefix(prefix+":"+local, ":") }

// TestRecorded reads what real clients and servers sent, where recordings are
// at hand: they are not ours to keep here.
func TestRecorded(t *testing.T) {
	dir := os.Getenv("ENTENTE_SHARED")
	if dir == "" {
		t.Skip("ENTENTE_SHARED names no directory with recorded messages")
	}
	n := 0
	err := filepath.WalkDir(filepath.Join(dir, "wire"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, doc := range envelopes.FindAll(b, -1) {
			n++
			if _, err := ours(doc, generous); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if d := differs(doc); d != "" {
				t.Errorf("%s: %s", path, d)
			}
		}
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d envelopes, %v", n, err)
	}
	t.Logf("%d envelopes", n)
}

var envelopes = regexp.MustCompile(`(?s)(<\?xml [^>]*>\s*)?<([\w-]+:)?Envelope\s.*?</([\w-]+:)?Envelope>`)
