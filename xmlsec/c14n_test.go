package xmlsec

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"entente/strictxml"
)

// canonical is the canonical form of the first element of that name, or of the
// root.
func canonical(doc, local string) (string, error) {
	r := strictxml.NewReader([]byte(doc), Limits())
	for {
		t, err := r.Next()
		if err == io.EOF {
			return "", errors.New("no such element")
		}
		if err != nil {
			return "", err
		}
		if t.Kind == strictxml.StartElement && (local == "" || t.Name.Local == local) {
			b, err := Canonical(nil, r)
			return string(b), err
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ name, doc, element, want string }{
		{"empty element", `<a/>`, "", `<a></a>`},
		{"quotes and spaces", "<a  b = 'x'\n c=\"y\" />", "", `<a b="x" c="y"></a>`},
		{"declaration and byte order mark", "\uFEFF<?xml version=\"1.0\"?>\n<a/>\n", "", `<a></a>`},
		{"escapes in text", `<a>&amp;&lt;&gt;"'&quot;&#xD;&#9;` + "\r\n</a>", "", "<a>&amp;&lt;&gt;\"'\"&#xD;\t\n</a>"},
		{"escapes in values", `<a b="&amp;&lt;>'&quot;&#xD;&#9;&#10;` + "\t\r\n\" />", "", `<a b="&amp;&lt;>'&quot;&#xD;&#x9;&#xA;  "></a>`},
		{"attributes by namespace, then name", `<a xmlns:y="urn:1" xmlns:x="urn:2" x:a="1" y:b="2" y:a="3" b="4" a="5"/>`, "", `<a xmlns:x="urn:2" xmlns:y="urn:1" a="5" b="4" y:a="3" y:b="2" x:a="1"></a>`},
		{"declarations by prefix, the default first", `<c:a xmlns:b="urn:b" xmlns:c="urn:c" xmlns="urn:d" b:x=""><e/></c:a>`, "", `<c:a xmlns:b="urn:b" xmlns:c="urn:c" b:x=""><e xmlns="urn:d"></e></c:a>`},
		{"unused declarations", `<a xmlns:b="urn:b" xmlns:c="urn:c"/>`, "", `<a></a>`},
		{"inherited", `<a xmlns:b="urn:b" xmlns="urn:d" xmlns:n="urn:n"><b:e><f/></b:e></a>`, "e", `<b:e xmlns:b="urn:b"><f xmlns="urn:d"></f></b:e>`},
		{"in each that uses it", `<a xmlns:b="urn:b"><b:c/><b:c><b:d/></b:c></a>`, "", `<a><b:c xmlns:b="urn:b"></b:c><b:c xmlns:b="urn:b"><b:d></b:d></b:c></a>`},
		{"declared anew", `<b:a xmlns:b="urn:1"><b:a xmlns:b="urn:2"><b:a xmlns:b="urn:1"/></b:a><b:a xmlns:b="urn:1"/></b:a>`, "", `<b:a xmlns:b="urn:1"><b:a xmlns:b="urn:2"><b:a xmlns:b="urn:1"></b:a></b:a><b:a></b:a></b:a>`},
		{"default taken back", `<a xmlns="urn:d"><b xmlns=""><c/></b></a>`, "", `<a xmlns="urn:d"><b xmlns=""><c></c></b></a>`},
		{"nothing to take back", `<a xmlns="urn:d"><b xmlns=""><c/></b></a>`, "b", `<b><c></c></b>`},
		{"default not used by attributes", `<p:a xmlns="urn:d" xmlns:p="urn:p" x="1"/>`, "", `<p:a xmlns:p="urn:p" x="1"></p:a>`},
		{"default in force, and attributes in none", `<a xmlns="urn:d" x="1"><b y="2"/></a>`, "", `<a xmlns="urn:d" x="1"><b y="2"></b></a>`},
		{"taken back, and declared again", `<a xmlns="urn:d"><b xmlns=""><c xmlns="urn:d"/></b></a>`, "", `<a xmlns="urn:d"><b xmlns=""><c xmlns="urn:d"></c></b></a>`},
		{"xml: needs no declaration, and is not inherited", `<a xml:lang="en"><b xml:space="preserve"/></a>`, "b", `<b xml:space="preserve"></b>`},
		{"namespace with an ampersand", `<p:a xmlns:p="urn:?a&amp;b"/>`, "", `<p:a xmlns:p="urn:?a&amp;b"></p:a>`},
		{"one namespace, two prefixes", `<p:a xmlns:p="urn:1" xmlns:q="urn:1"><q:a/></p:a>`, "", `<p:a xmlns:p="urn:1"><q:a xmlns:q="urn:1"></q:a></p:a>`},
	} {
		got, err := canonical(c.doc, c.element)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, c.want)
		}
		if again, err := canonical(got, ""); err != nil || again != got {
			t.Errorf("%s: its own canonical form is %s, %v", c.name, again, err)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	prefixes := func(n int) string {
		return `<a` + many(32, ` xmlns:b%d="urn:b%[1]d" b%[1]d:c=""`) + `><a` + many(n-32, ` xmlns:c%d="urn:c%[1]d" c%[1]d:c=""`) + `></a></a>`
	}
	for _, doc := range []string{
		"<a><!-- --></a>", "<a>x<!-- -->y</a>", "<a><![CDATA[x]]></a>", "<a><b></a>", "<a>", "<a b='1' b='2'/>",
		strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65),
	} {
		if got, err := canonical(doc, ""); err == nil {
			t.Errorf("%s has the form %s", doc, got)
		}
	}
	if _, err := canonical(prefixes(maxNamespaces), ""); err != nil {
		t.Error(err)
	}
	if got, err := canonical(strings.Replace(prefixes(maxNamespaces), "></a></a>", "><p:a xmlns:p='urn:p'/></a></a>", 1), ""); !errors.Is(err, ErrRefused) {
		t.Errorf("one prefix too many: %v %s", err, got)
	}
	r := strictxml.NewReader([]byte("<a/>"), Limits())
	if _, err := Canonical(nil, r); !errors.Is(err, ErrRefused) {
		t.Errorf("before any element: %v", err)
	}
}

// TestCanonicalStands holds that only an element at its start tag has a form, and
// that no more than it is consumed.
func TestCanonicalStands(t *testing.T) {
	r := strictxml.NewReader([]byte("<a><b>x</b><c/>y</a>"), Limits())
	if !r.Root() || !r.Child() {
		t.Fatal(r.Err())
	}
	if got, err := Canonical([]byte("+"), r); err != nil || string(got) != "+<b>x</b>" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Canonical(nil, r.Fork()); !errors.Is(err, ErrRefused) {
		t.Errorf("at an end tag: %q, %v", got, err)
	}
	if !r.Child() || r.Name().Local != "c" {
		t.Errorf("went on to %v", r.Name())
	}
}

// TestIDs: what identifies has one value each, few or many, and other attributes
// are not looked at.
func TestIDs(t *testing.T) {
	attr := func(space, local, value string) *strictxml.Attr {
		return &strictxml.Attr{Name: strictxml.Name{Space: space, Local: local}, Value: value}
	}
	for _, n := range []int{0, 1, 15, 16, 17, 18, 100} {
		s := &ids{attribute: "Own"}
		for i := range n {
			if !s.add(attr("", "Id", fmt.Sprint("x", i))) {
				t.Fatalf("%d of %d is not new", i, n)
			}
		}
		for i := range n {
			if s.add(attr(SpaceUtility, "Id", fmt.Sprint("x", i))) {
				t.Errorf("%d of %d twice", i, n)
			}
		}
		for _, a := range []*strictxml.Attr{attr("", "ID", "a"), attr("", "id", "b"), attr("", "AssertionID", "c"), attr("", "RequestID", "d"), attr("", "ResponseID", "e"), attr(strictxml.NamespaceXML, "id", "f"), attr("", "Own", "g")} {
			if !s.add(a) || s.add(a) || s.add(attr("", "Id", a.Value)) {
				t.Errorf("%v after %d", a.Name, n)
			}
		}
		for _, a := range []*strictxml.Attr{attr("", "Name", "a"), attr("urn:x", "Id", "a"), attr("urn:x", "Own", "a"), attr(SpaceUtility, "ID", "a"), attr(SpaceUtility, "Own", "a"), attr(strictxml.NamespaceXML, "lang", "a"), attr(strictxml.NamespaceXML, "Id", "a")} {
			for range 2 {
				if !s.add(a) {
					t.Errorf("%v is taken for an id", a.Name)
				}
			}
		}
	}
}

// BenchmarkCanonicalHostile is the worst that fits into the limits: as many
// prefixes in force as may be, and names that search for them.
func BenchmarkCanonicalHostile(b *testing.B) {
	doc := `<a` + many(32, ` xmlns:b%d="urn:b%[1]d" b%[1]d:c=""`) + `><a` + many(31, ` xmlns:c%d="urn:c%[1]d" c%[1]d:c=""`) + `>`
	for len(doc) < 250<<10 {
		doc += `<a` + many(32, ` b%d:c=""`) + many(31, ` c%d:c=""`) + `/>`
	}
	doc += "</a></a>"
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := canonical(doc, ""); err != nil {
			b.Fatal(err)
		}
	}
}
