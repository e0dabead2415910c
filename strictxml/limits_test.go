package strictxml

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// refusal returns the error of reading a document to its end, which must be a
// SyntaxError of the reason given.
func refusal(t *testing.T, in string, max Limits, want Reason) *SyntaxError {
	t.Helper()
	r := NewReader([]byte(in), max)
	for r.next() {
	}
	var x *SyntaxError
	if !errors.As(r.Err(), &x) || x.Reason != want {
		t.Fatalf("got %v, want reason %d, of %.40q", r.Err(), want, in)
	}
	return x
}

func TestZeroLimitsRefuse(t *testing.T) {
	refusal(t, "<a/>", Limits{}, TooLarge)
	refusal(t, "<a/>", Limits{Depth: 1, Elements: 1, Attributes: 1}, TooLarge)
	refusal(t, "<a/>", Limits{Bytes: 4, Elements: 1}, TooLarge)
	refusal(t, "<a/>", Limits{Bytes: 4, Depth: 1}, TooLarge)
	refusal(t, "<a b='c'/>", Limits{Bytes: 99, Depth: 1, Elements: 1}, TooLarge)
}

// A limit is what is let pass; one more is too much.
func TestLimits(t *testing.T) {
	test := func(in string, max Limits) {
		t.Helper()
		if _, err := outline(in, max); err != nil {
			t.Errorf("%v: %v", max, err)
		}
		for _, less := range []Limits{
			{max.Bytes - 1, max.Depth, max.Attributes, max.Elements},
			{max.Bytes, max.Depth - 1, max.Attributes, max.Elements},
			{max.Bytes, max.Depth, max.Attributes - 1, max.Elements},
			{max.Bytes, max.Depth, max.Attributes, max.Elements - 1},
		} {
			refusal(t, in, less, TooLarge)
		}
	}
	test(`<a b=""/>`, Limits{Bytes: 9, Depth: 1, Attributes: 1, Elements: 1})
	test(`<a b="" xmlns="u"><c/><c><d/></c></a>`, Limits{Bytes: 37, Depth: 3, Attributes: 2, Elements: 4})
}

// Five megabytes of nested tags end at the depth that is allowed.
func TestNestedTags(t *testing.T) {
	const size = 5 << 20
	for _, tag := range []string{"<a>", "<a b='c'>", "<p:a xmlns:p='u'>"} {
		x := refusal(t, strings.Repeat(tag, size/len(tag)), roomy, TooLarge)
		if want := int64(roomy.Depth * len(tag)); x.Offset != want {
			t.Errorf("refused at byte %d, want %d", x.Offset, want)
		}
	}
	x := refusal(t, strings.Repeat("<a>", roomy.Depth)+strings.Repeat("</a>", roomy.Depth+1), roomy, Malformed)
	if x.Text != "end tag without start tag" {
		t.Error(x)
	}
}

func TestManyElements(t *testing.T) {
	refusal(t, "<a>"+strings.Repeat("<b/>", 1<<20)+"</a>", roomy, TooLarge)
}

func TestManyAttributes(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, " a%d='u'", i)
	}
	refusal(t, "<a"+b.String()+"/>", roomy, TooLarge)
	refusal(t, "<a"+strings.ReplaceAll(b.String(), " a", " xmlns:a")+"/>", roomy, TooLarge)
}

// There is nothing to expand: the first entity declared is the end.
func TestBillionLaughs(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE lolz [<!ENTITY lol0 "lol">`)
	for i := range 10 {
		fmt.Fprintf(&b, `<!ENTITY lol%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&lol%d;", i), 10))
	}
	b.WriteString(`]><lolz>&lol10;</lolz>`)
	if x := refusal(t, b.String(), roomy, Forbidden); x.Offset != 0 {
		t.Error(x)
	}
	refusal(t, "<lolz>&lol10;</lolz>", roomy, Malformed)
	refusal(t, "<!DOCTYPE a [<!ENTITY x '"+strings.Repeat("A", 1<<20)+"'>]><a>"+strings.Repeat("&x;", 1<<18)+"</a>", roomy, Forbidden)
}

func TestExternalEntity(t *testing.T) {
	refusal(t, `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`, roomy, Forbidden)
	refusal(t, `<!DOCTYPE a [<!ENTITY % b SYSTEM "http://example.com/b.dtd">%b;]><a/>`, roomy, Forbidden)
	refusal(t, `<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><a/>`, roomy, Forbidden)
}

// An error quotes a little of a long name and no more.
func TestLongName(t *testing.T) {
	long := strings.Repeat("n", 1<<20)
	for _, in := range []string{"<" + long + "></a>", "<" + long + ":a/>", "<a " + long + "='' " + long + "=''/>"} {
		if x := refusal(t, in, roomy, Malformed); len(x.Error()) > 200 {
			t.Errorf("an error of %d bytes", len(x.Error()))
		}
	}
}

// hostile documents are within the limits and made to be slow where a reader
// looks things up one by one. BenchmarkHostile shows what they cost a byte.
func hostile() map[string][]byte {
	docs := map[string][]byte{}
	add := func(name, open, each, end string) {
		n := min((4<<20)/len(each), roomy.Elements-roomy.Depth-1)
		docs[name] = []byte(open + strings.Repeat(each, n) + end)
	}
	add("text", "<a>", "some text that is long ", "</a>")
	add("references", "<a>", "&#65;", "</a>")
	add("returns", "<a>", "\r\r\n", "</a>")
	add("brackets", "<a>", "]]", "</a>")
	add("fullwidth", "<a>", "\uFF21", "</a>")
	add("comments", "<a>", "<!---->", "</a>")
	add("cdata", "<a>", "<![CDATA[]]>", "</a>")
	add("elements", "<a>", "<b/>", "</a>")

	var attrs, same strings.Builder
	for i := range 64 {
		fmt.Fprintf(&attrs, " b%02d=''", i)
	}
	add("attributes", "<a>", "<b"+attrs.String()+"/>", "</a>")

	// Every prefix that can be in scope, and names of the first one declared.
	var open, end strings.Builder
	for i := range 127 {
		open.WriteString("<a")
		for j := range 64 {
			fmt.Fprintf(&open, " xmlns:p%d.%d='urn:%d.%d'", i, j, i, j)
		}
		open.WriteString(">")
		end.WriteString("</a>")
	}
	add("prefixes", open.String(), "<p0.0:b/>", end.String())
	add("declarations", "<a>", "<b xmlns='u' xmlns:p='v'/>", "</a>")

	// Attributes that differ only in the end of long namespace names.
	open.Reset()
	open.WriteString("<a")
	for i := range 64 {
		fmt.Fprintf(&open, " xmlns:p%02d='urn:%s%02d'", i, strings.Repeat("u", 16<<10), i)
		fmt.Fprintf(&same, " p%02d:b=''", i)
	}
	add("namespaces", open.String()+">", "<b"+same.String()+"/>", "</a>")
	return docs
}

func TestHostile(t *testing.T) {
	for name, doc := range hostile() {
		if err := walk(doc)(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A table that has grown long is searched by a map, whatever it is asked for.
func TestTable(t *testing.T) {
	var tab table
	for i := range 3 * shortTable {
		if got := tab.number(fmt.Sprint(i)); got != int32(i) || tab.number(fmt.Sprint(i)) != got {
			t.Errorf("%d has number %d", i, got)
		}
		if long := len(tab.list) > shortTable; long != (len(tab.index) == len(tab.list)) {
			t.Errorf("a list of %d has a map of %d", len(tab.list), len(tab.index))
		}
	}
	if tab.find("none") >= 0 {
		t.Error("found what is not there")
	}
}

// After many prefixes the ones that were there first mean what they meant.
func TestManyPrefixes(t *testing.T) {
	doc := hostile()["prefixes"]
	r := NewReader(doc, roomy)
	n := 0
	for r.next() {
		if e := r.Name(); r.kind == StartElement && e.Local == "b" {
			if n++; e.Space != "urn:0.0" {
				t.Fatal(e)
			}
		}
	}
	if r.Err() != nil || n == 0 {
		t.Fatal(r.Err(), n)
	}
	if _, ok := r.Lookup("p0.0"); ok {
		t.Error("a prefix outlives its element")
	}
}

func BenchmarkHostile(b *testing.B) {
	for name, doc := range hostile() {
		b.Run(name, func(b *testing.B) { benchmark(b, doc, walk(doc)) })
	}
}
