package strictxml

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func rewrite(in []byte, omit func(int, Name) bool) (string, error) {
	var out bytes.Buffer
	err := NewReader(in, generous).Rewrite(&out, omit)
	return out.String(), err
}

func TestRewrite(t *testing.T) {
	const declared = `<?xml version="1.0" encoding="utf-8"?>`
	test := func(in, want string) {
		t.Helper()
		got, err := rewrite([]byte(in), func(depth int, n Name) bool { return n.Local == "gone" && depth == 2 })
		if err != nil || got != declared+want {
			t.Errorf("%q\n got %q, %v\nwant %q", in, got, err, declared+want)
		}
	}
	test(`<a/>`, `<a/>`)
	test("\uFEFF<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\r\n<!-- c -->\n<a></a>\n<!-- d -->", `<a/>`)
	test("<a>x\r\ny\rz&#13;</a>", "<a>x\ny\nz&#xD;</a>")
	test(`<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;]]</a>`, "<a>&lt;&gt;&amp;'\"A\U0001F600]]</a>")
	test(`<a><![CDATA[<b>&amp;]]>]]&gt;</a>`, `<a>&lt;b&gt;&amp;amp;]]&gt;</a>`)
	// A comment does not tear text apart for those who read the first piece only.
	test(`<a>anna<!-- -->@contoso.example</a>`, `<a>anna@contoso.example</a>`)
	test("<a b='\t\"\r\n&#10;&#9;&lt;' xml:space = \"preserve\" > </a >", `<a b=" &quot; &#xA;&#x9;&lt;" xml:space="preserve"> </a>`)
	test(`<p:a xmlns:p="urn:p" xmlns="urn:q"><b xmlns="" p:t="p:x">p:y</b></p:a>`, `<p:a xmlns:p="urn:p" xmlns="urn:q"><b xmlns="" p:t="p:x">p:y</b></p:a>`)
	test(`<a><gone>x<gone/></gone><b><gone/></b><gone/></a>`, `<a><b><gone/></b></a>`)
	test(`<gone><a/></gone>`, `<gone><a/></gone>`)

	for _, c := range refused {
		if out, err := rewrite([]byte(c.in), nil); err == nil {
			t.Errorf("%q was written as %q", c.in, out)
		}
	}
	long := "<a>" + strings.Repeat("あé\r\n", 50_000) + "</a>"
	if got, err := rewrite([]byte(long), nil); err != nil || got != declared+strings.ReplaceAll(long, "\r\n", "\n") {
		t.Errorf("a long text: %d bytes, %v", len(got), err)
	}
}

// TestRewriteChunks: no more than about a chunk is held of what was written.
func TestRewriteChunks(t *testing.T) {
	in := "<a>" + strings.Repeat("<b>"+strings.Repeat(">", 1000)+"</b>", 1000) + strings.Repeat(">", 1<<20) + "</a>"
	var w largest
	if err := NewReader([]byte(in), roomy).Rewrite(&w, nil); err != nil {
		t.Fatal(err)
	}
	if w.largest > 6*rewriteChunk || w.total < 4<<20 {
		t.Errorf("%d bytes in pieces of up to %d", w.total, w.largest)
	}
	if err := NewReader([]byte(in), roomy).Rewrite(full{}, nil); err != errFull {
		t.Errorf("a writer that fails: %v", err)
	}
}

type largest struct{ largest, total int }

func (l *largest) Write(b []byte) (int, error) {
	l.largest, l.total = max(l.largest, len(b)), l.total+len(b)
	return len(b), nil
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// FuzzRewrite: the rewritten document reads as the original did, to this Reader
// and to encoding/xml, and is rewritten as itself.
func FuzzRewrite(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for _, c := range refused {
		f.Add([]byte(c.in))
	}
	for _, s := range damaged(seeds, 200) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if d := rewritten(in); d != "" {
			t.Fatal(d)
		}
	})
}

func TestRewriteDamaged(t *testing.T) {
	for _, s := range damaged(seeds, 20_000) {
		if d := rewritten(s); d != "" {
			t.Errorf("%s: %q", d, s)
		}
	}
}

// TestXmllintRewritten has libxml2 read what was rewritten: it sees the tree that
// we see.
func TestXmllintRewritten(t *testing.T) {
	var docs [][]byte
	for _, d := range append(damaged(seeds, 6000), []byte(seeds[3]), []byte(seeds[4])) {
		if out, err := rewrite(d, nil); err == nil && !relative.MatchString(out) && len(docs) < 800 {
			docs = append(docs, []byte(out))
		}
	}
	errors, _ := xmllint(t, docs, "--noout")
	var sound [][]byte
	var want []byte
	for i, d := range docs {
		switch {
		case errors[i] == "":
			sound, want = append(sound, d), append(want, canonical(t, d)...)
		case !strings.HasSuffix(errors[i], "is not a valid URI"): // not for XML to say
			t.Errorf("xmllint refuses what was rewritten: %s: %q", errors[i], d)
		}
	}
	if _, got := xmllint(t, sound, "--c14n"); len(sound) < 400 || !bytes.Equal(got, want) {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		t.Errorf("of %d documents xmllint reads …%.200s\nwe read …%.200s", len(sound), got[max(0, i-80):], want[max(0, i-80):])
	}
}

// rewritten says in what the rewriting of a document is wrong.
func rewritten(in []byte) string {
	before, err := ours(in, generous)
	out, failed := rewrite(in, nil)
	if (err == nil) != (failed == nil) {
		return fmt.Sprintf("read with %v, rewritten with %v", err, failed)
	}
	if err != nil {
		return ""
	}
	// Comments are gone, and text is joined where they stood.
	var plain []node
	depth := 0
	for _, n := range before {
		switch n.kind {
		case "comment":
			continue
		case "start":
			depth++
		}
		plain = add(plain, depth, n)
		if n.kind == "end" {
			depth--
		}
	}
	wide := generous
	wide.Bytes *= 8 // escapes take more room than what they stand for
	after, err := ours([]byte(out), wide)
	if err != nil {
		return fmt.Sprintf("the rewritten document %q is refused: %v", out, err)
	}
	if a, b := fmt.Sprint(plain), fmt.Sprint(after); a != b {
		return fmt.Sprintf("read as %s, rewritten as %s", a, b)
	}
	foreign, err := theirs([]byte(out))
	if err != nil {
		return fmt.Sprintf("encoding/xml refuses %q: %v", out, err)
	}
	if !slices.EqualFunc(after, foreign, func(a, b node) bool { return a.String() == b.String() }) {
		return fmt.Sprintf("we read %v, encoding/xml reads %v", after, foreign)
	}
	if declarations([]byte(out)) != declarations(in) {
		return "the declarations of namespaces are others"
	}
	var again bytes.Buffer
	if err := NewReader([]byte(out), wide).Rewrite(&again, nil); err != nil || again.String() != out {
		return fmt.Sprintf("rewritten as %q, and again as %q: %v", out, again.String(), err)
	}
	return ""
}

// declarations lists which prefix means what, on which element: names in content
// lean on it.
func declarations(in []byte) string {
	var s strings.Builder
	r := NewReader(in, Limits{Bytes: 1 << 30, Depth: generous.Depth, Attributes: generous.Attributes, Elements: generous.Elements})
	for {
		t, err := r.Next()
		if err != nil {
			return s.String()
		}
		for _, a := range t.Attrs {
			if p, ok := a.Declares(); ok {
				fmt.Fprintf(&s, "%s:%s %s=%s\n", t.Prefix, t.Name.Local, p, a.Value)
			}
		}
	}
}
