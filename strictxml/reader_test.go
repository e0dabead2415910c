package strictxml

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// generous lets pass what a test is not about.
var generous = Limits{Bytes: 1 << 20, Depth: 128, Attributes: 64, Elements: 10000}

// outline reads a document with Next and writes down what it saw: names with
// namespaces, attributes, text in quotes.
func outline(in string, max Limits) (string, error) {
	var b strings.Builder
	r := NewReader([]byte(in), max)
	for {
		t, err := r.Next()
		if err == io.EOF {
			return strings.TrimSpace(b.String()), nil
		}
		if err != nil {
			return "", err
		}
		switch t.Kind {
		case StartElement:
			b.WriteString("<" + t.Name.String())
			for _, a := range t.Attrs {
				b.WriteString(" " + a.Name.String() + "=" + quoted(a.Value))
			}
			b.WriteString("> ")
		case EndElement:
			b.WriteString("</" + t.Name.Local + "> ")
		case CharData:
			b.WriteString(quoted(t.Text) + " ")
		case CDATA:
			b.WriteString("cdata" + quoted(t.Text) + " ")
		case Comment:
			b.WriteString("!" + quoted(t.Text) + " ")
		}
	}
}

func quoted(s string) string {
	return `"` + strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}

func TestRead(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		if got, err := outline(in, generous); got != want || err != nil {
			t.Errorf("%s\n got %s, %v\nwant %s", in, got, err, want)
		}
	}
	test(`<a/>`, `<a> </a>`)
	test(` <a ></a > `, `<a> </a>`)
	test("\uFEFF<?xml version='1.0' encoding='utf-8'?>\n<!-- c --><a/><!--d-->", `!" c " <a> </a> !"d"`)
	test(`<?xml version="1.0" encoding="UTF-8" standalone="no" ?><a/>`, `<a> </a>`)
	test(`<?xml  version = "1.0"?><a/>`, `<a> </a>`)
	test(`<?xml version='1.0' standalone='yes'?><a/>`, `<a> </a>`)
	test(`<a>b<c>d</c>e</a>`, `<a> "b" <c> "d" </c> "e" </a>`)
	test(`<a><![CDATA[<b>&amp;]] >]]]></a>`, `<a> cdata"<b>&amp;]] >]" </a>`)
	test(`<a><![CDATA[]]></a>`, `<a> cdata"" </a>`)

	// 2.11: line ends; a reference is a character, not a line end
	test("<a>b\r\nc\rd\n\r\r\ne&#13;&#xD;&#10;</a>", `<a> "b\nc\nd\n\n\ne\r\r\n" </a>`)
	test("<a><![CDATA[b\r\nc\rd]]><!--\r\n--></a>", `<a> cdata"b\nc\nd" !"\n" </a>`)
	// 3.3.3: attribute values
	test("<a b='\tc\nd\r\ne\rf&#9;&#10;&#13; '/>", `<a b=" c d e f\t\n\r "> </a>`)
	test(`<a b="'>/&gt;" c='"'/>`, `<a b="'>/>" c="""> </a>`)
	test("<a b = 'c'\n\td\r=\r'e'/>", `<a b="c" d="e"> </a>`)

	// references
	test(`<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x41;&#x1F600;&#000000000000000000065;</a>`, `<a> "<>&"'AA😀A" </a>`)
	test(`<a>&amp;lt;</a>`, `<a> "&lt;" </a>`)
	test(`<a>]] > ]> ]]</a>`, `<a> "]] > ]> ]]" </a>`)

	// characters
	test("<a>\t\u007F\u0085\u2028\uD7FF\uE000\uFFFD\U00010000\U0010FFFF ｆｕｌｌ</a>", "<a> \"\\t\u007F\u0085\u2028\uD7FF\uE000\uFFFD\U00010000\U0010FFFF ｆｕｌｌ\" </a>")

	// names
	test(`<_a-1.b:c-.9 xmlns:_a-1.b="u"/>`, `<{u}c-.9 {http://www.w3.org/2000/xmlns/}_a-1.b="u"> </c-.9>`)

	// namespaces
	const ns = `{http://www.w3.org/2000/xmlns/}`
	test(`<a xmlns="u" b="c"><d/></a>`, `<{u}a `+ns+`xmlns="u" b="c"> <{u}d> </d> </a>`)
	test(`<a xmlns="u"><b xmlns=""><c/></b><d/></a>`, `<{u}a `+ns+`xmlns="u"> <b `+ns+`xmlns=""> <c> </c> </b> <{u}d> </d> </a>`)
	test(`<p:a q:b="1" xmlns:q="v" xmlns:p="u" b="2"/>`, `<{u}a {v}b="1" `+ns+`q="v" `+ns+`p="u" b="2"> </a>`)
	test(`<p:a xmlns:p="u"><p:b xmlns:p="v"><p:c/></p:b><p:d/></p:a>`, `<{u}a `+ns+`p="u"> <{v}b `+ns+`p="v"> <{v}c> </c> </b> <{u}d> </d> </a>`)
	test(`<a xml:lang="en" xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, `<a {http://www.w3.org/XML/1998/namespace}lang="en" `+ns+`xml="http://www.w3.org/XML/1998/namespace"> </a>`)
	test(`<p:a xmlns="u" xmlns:p="u" b="" p:b=""/>`, `<{u}a `+ns+`xmlns="u" `+ns+`p="u" b="" {u}b=""> </a>`)
	test(`<a xmlns:xmlold="u" xmlold:b=""/>`, `<a `+ns+`xmlold="u" {u}b=""> </a>`)
}

// refused are documents that no part of them may be believed, by reason.
var refused = []struct {
	reason Reason
	text   string // in the error
	in     string
}{
	{Malformed, "no document element", ""},
	{Malformed, "no document element", " <!-- nothing --> "},
	{Malformed, "text outside", "hello"},
	{Malformed, "text outside", "<a/>hello"},
	{Malformed, "text outside", "<a/>&#32;"},
	{Malformed, "unknown declaration", "<a/><![CDATA[ ]]>"},
	{Malformed, "text outside", "\uFEFF\uFEFF<a/>"},
	{Malformed, "second document element", "<a/><a/>"},
	{Malformed, "second document element", "<a></a><b></b>"},
	{Malformed, "end tag without start tag", "<a/></a>"},
	{Malformed, "end tag without start tag", "</a>"},
	{Malformed, "unexpected end", "<"},
	{Malformed, "unexpected end", "<a"},
	{Malformed, "unexpected end", "<a "},
	{Malformed, "unexpected end", "<a:"},
	{Malformed, "unexpected end", "<a>b"},
	{Malformed, "unexpected end", "<a>b<"},
	{Malformed, "unexpected end", "<a b='"},
	{Malformed, "unexpected end", "<a b"},
	{Malformed, "without quotes", "<a b="},
	{Malformed, "no white space", "<a/"},
	{Malformed, "does not match", "<a></"},
	{Malformed, "end tag without end", "<a></a"},
	{Malformed, "end tag without end", "<a></a b='c'>"},
	{Malformed, "does not match a", "<a></a/>"},
	{Malformed, "does not match a", "<a></b>"},
	{Malformed, "does not match a", "<a></ab>"},
	{Malformed, "does not match ab", "<ab></a>"},
	{Malformed, "does not match a", "<a></A>"},
	{Malformed, "does not match b", "<a><b></a></b>"},
	{Malformed, "does not match p:a", "<p:a xmlns:p='u' xmlns:q='u'></q:a>"},
	{Malformed, "does not match a", "<a></ a>"},

	{Malformed, "ill-formed name", "<a>< b/></a>"},
	{Malformed, "ill-formed name", "<1/>"},
	{Malformed, "ill-formed name", "<-a/>"},
	{Malformed, "ill-formed name", "<.a/>"},
	{Malformed, "ill-formed name", "<:a/>"},
	{Malformed, "ill-formed name", "<a:/>"},
	{Malformed, "ill-formed name", "<a:1 xmlns:a='u'/>"},
	{Malformed, "ill-formed name", "<a:b:c xmlns:a='u'/>"},
	{Malformed, "ill-formed name", "<a xmlns:='u'/>"},
	{Malformed, "ill-formed name", "<a x:=''/>"},
	{Malformed, "ill-formed name", "<a ='b'/>"},
	{Malformed, "no white space", "<a@b/>"},
	{Malformed, "attribute without value", "<a b/>"},
	{Malformed, "attribute without value", "<a b c=''/>"},
	{Malformed, "without quotes", "<a b=c/>"},
	{Malformed, "without quotes", "<a b=&quot;c&quot;/>"},
	{Malformed, "no white space", "<a b='c'd='e'/>"},
	{Malformed, "no white space", "<a b='c'/ >"},
	{Malformed, "< in an attribute value", "<a b='<'/>"},
	{Malformed, "attribute b twice", "<a b='c' b='c'/>"},
	{Malformed, "attribute p twice", "<a xmlns:p='u' xmlns:p='v'/>"},
	{Malformed, "attribute xmlns twice", "<a xmlns='u' xmlns='v'/>"},
	{Malformed, "attribute b twice", "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>"},
	{Malformed, "attribute b twice", "<a q:b='' p:b='' xmlns:p='u' xmlns:q='&#x75;'/>"},

	{Malformed, "undeclared prefix p", "<p:a/>"},
	{Malformed, "undeclared prefix p", "<a p:b=''/>"},
	{Malformed, "undeclared prefix p", "<a><b xmlns:p='u'/><p:c/></a>"},
	{Malformed, "undeclared prefix xmlns", "<xmlns:a/>"},
	{Malformed, "prefix xmlns", "<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>"},
	{Malformed, "prefix xmlns", "<a xmlns:xmlns='u'/>"},
	{Malformed, "the prefix xml", "<a xmlns:xml='u'/>"},
	{Malformed, "the prefix xml", "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>"},
	{Malformed, "the prefix xml", "<a xmlns='http://www.w3.org/XML/1998/namespace'/>"},
	{Malformed, "namespace of declarations", "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>"},
	{Malformed, "namespace of declarations", "<a xmlns='http://www.w3.org/2000/xmlns/'/>"},
	{Malformed, "no namespace", "<a xmlns:p=''/>"},

	{Malformed, "no URI", "<a xmlns='urn:a b'/>"},
	{Malformed, "no URI", "<a xmlns:p='urn:a\n'/>"},
	{Malformed, "no URI", "<a xmlns='urn:é'/>"},
	{Malformed, "no URI", "<a xmlns='urn:&lt;'/>"},

	{Malformed, "]]> in character data", "<a>]]></a>"},
	{Malformed, "]]> in character data", "<a>b]]]]>c</a>"},
	{Malformed, "unknown entity", "<a>&b;</a>"},
	{Malformed, "unknown entity", "<a>&nbsp;</a>"},
	{Malformed, "unknown entity", "<a>&amp</a>"},
	{Malformed, "unknown entity", "<a>& </a>"},
	{Malformed, "unknown entity", "<a>&;</a>"},
	{Malformed, "unknown entity", "<a>&LT;</a>"},
	{Malformed, "unknown entity", "<a b='&c;'/>"},
	{Malformed, "character reference", "<a>&#;</a>"},
	{Malformed, "character reference", "<a>&#x;</a>"},
	{Malformed, "character reference", "<a>&#X41;</a>"},
	{Malformed, "character reference", "<a>&#4A;</a>"},
	{Malformed, "character reference", "<a>&#65</a>"},
	{Malformed, "character reference", "<a>&#-65;</a>"},
	{Malformed, "character reference", "<a>&#xG;</a>"},
	{Malformed, "outside XML 1.0", "<a>&#0;</a>"},
	{Malformed, "outside XML 1.0", "<a>&#x1F;</a>"},
	{Malformed, "outside XML 1.0", "<a>&#xD800;</a>"},
	{Malformed, "outside XML 1.0", "<a>&#xFFFE;</a>"},
	{Malformed, "outside XML 1.0", "<a>&#x110000;</a>"},
	{Malformed, "outside XML 1.0", "<a>&#x100000041;</a>"},
	{Malformed, "outside XML 1.0", "<a>&#18446744073709551681;</a>"},
	{Malformed, "outside XML 1.0", "<a b='&#x8;'/>"},
	{Malformed, "outside XML 1.0", "<a>\x00</a>"},
	{Malformed, "outside XML 1.0", "<a>\x1B</a>"},
	{Malformed, "outside XML 1.0", "<a>\uFFFE</a>"},
	{Malformed, "outside XML 1.0", "<a>b\uFFFF</a>"},
	{Malformed, "outside XML 1.0", "<a b='\uFFFF'/>"},
	{Malformed, "outside XML 1.0", "<a b='\x01'/>"},
	{Malformed, "outside XML 1.0", "<a><![CDATA[\x0C]]></a>"},
	{Malformed, "outside XML 1.0", "<a><![CDATA[\uFFFE]]></a>"},
	{Malformed, "outside XML 1.0", "<a><!--\x02--></a>"},
	{Malformed, "no white space", "<a\x0Bb='c'/>"},

	{Malformed, "UTF-8", "<a>\x80</a>"},
	{Malformed, "UTF-8", "<a>\xC0\xBC</a>"},
	{Malformed, "UTF-8", "<a>\xED\xA0\x80</a>"},
	{Malformed, "UTF-8", "<a>\xF4\x90\x80\x80</a>"},
	{Malformed, "UTF-8", "<a>\xE2\x82</a>"},
	{Malformed, "UTF-8", "<a b='\xFF'/>"},
	{Malformed, "UTF-8", "<a/><!--\xFE-->"},

	{Malformed, "-- in a comment", "<a><!-- -- --></a>"},
	{Malformed, "-- in a comment", "<a><!-- ---></a>"},
	{Malformed, "comment without end", "<a><!-- </a>"},
	{Malformed, "comment without end", "<a/><!-->"},
	{Malformed, "CDATA section without end", "<a><![CDATA[ ]] > </a>"},
	{Malformed, "unknown declaration", "<a><![cdata[ ]]></a>"},
	{Malformed, "unknown declaration", "<a><!ELEMENT b ANY></a>"},
	{Malformed, "unknown declaration", "<![CDATA[b]]><a/>"},
	{Malformed, "unknown declaration", "<!doctype a><a/>"},
	{Malformed, "not at the beginning", " <?xml version='1.0'?><a/>"},
	{Malformed, "not at the beginning", "<a><?xml version='1.0'?></a>"},
	{Malformed, "not at the beginning", "<?XML version='1.0'?><a/>"},
	{Malformed, "not at the beginning", "<?xml?><a/>"},
	{Malformed, "without version", "<?xml encoding='UTF-8'?><a/>"},
	{Malformed, "without version", "<?xml version=1.0?><a/>"},
	{Malformed, "without version", "<?xml version='1.0?><a/>"},
	{Malformed, "ill-formed XML declaration", "<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>"},
	{Malformed, "ill-formed XML declaration", "<?xml version='1.0'encoding='UTF-8'?><a/>"},
	{Malformed, "ill-formed XML declaration", "<?xml version='1.0' x='y'?><a/>"},
	{Malformed, "ill-formed XML declaration", "<?xml version='1.0'><a/>"},
	{Malformed, "standalone", "<?xml version='1.0' standalone='maybe'?><a/>"},

	{Forbidden, "name outside ASCII", "<é/>"},
	{Forbidden, "name outside ASCII", "<aé/>"},
	{Forbidden, "name outside ASCII", "<a é=''/>"},
	{Forbidden, "document type", "<!DOCTYPE a><a/>"},
	{Forbidden, "document type", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"},
	{Forbidden, "document type", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"},
	{Forbidden, "processing instruction", "<?xml-stylesheet href='x'?><a/>"},
	{Forbidden, "processing instruction", "<a><?php x?></a>"},
	{Forbidden, "processing instruction", "<a/><?b?>"},
	{Forbidden, "XML 1.0", "<?xml version='1.1'?><a/>"},
	{Forbidden, "UTF-8", "<?xml version='1.0' encoding='ISO-8859-1'?><a/>"},
	{Forbidden, "UTF-8", "<?xml version='1.0' encoding='utf-16'?><a/>"},
	{Forbidden, "UTF-8", "<?xml version='1.0' encoding=''?><a/>"},
	{Forbidden, "UTF-8", "\xFF\xFE<\x00a\x00/\x00>\x00"},
	{Forbidden, "UTF-8", "\xFE\xFF\x00<\x00a\x00/\x00>"},
	{Forbidden, "UTF-8", "\x00\x00\x00<\x00\x00\x00a"},
	{Forbidden, "UTF-8", "<\x00a\x00/\x00>\x00"},
}

func TestRefused(t *testing.T) {
	for _, c := range refused {
		_, err := outline(c.in, generous)
		var x *SyntaxError
		if !errors.As(err, &x) {
			t.Errorf("%q passed: %v", c.in, err)
			continue
		}
		if x.Reason != c.reason || !strings.Contains(x.Text, c.text) {
			t.Errorf("%q: got %d %q, want %d %q", c.in, x.Reason, x.Text, c.reason, c.text)
		}
		if x.Offset < 0 || x.Offset > int64(len(c.in)) {
			t.Errorf("%q: offset %d", c.in, x.Offset)
		}
	}
}

func TestOffset(t *testing.T) {
	test := func(in string, offset int64, line, column int) {
		t.Helper()
		_, err := outline(in, generous)
		var x *SyntaxError
		if !errors.As(err, &x) || x.Offset != offset {
			t.Fatalf("%q: got %v, want %d", in, err, offset)
		}
		if l, c := Position([]byte(in), x.Offset); l != line || c != column {
			t.Errorf("%q: got %d:%d, want %d:%d", in, l, c, line, column)
		}
	}
	test("&", 0, 1, 1)
	test("\uFEFF<a>&b;", 6, 1, 7)
	test("<a>\n <b>\n&c;</b></a>", 9, 3, 1)
	test("<a>\n  é\xFF</a>", 8, 2, 5)
	test("<a>", 3, 1, 4)
}

func TestPull(t *testing.T) {
	const doc = `<l:list xmlns:l="urn:l" xmlns:x="urn:x" x:kind="K" kind="k">
		<item id="1">one<!-- and --> half</item> <!-- between -->
		<item id="2"><![CDATA[<two>]]></item>
		<l:more><deep><er>x</er></deep></l:more>
		<raw a='b' ><c/></raw>
		<item id="3"/>
	</l:list>`
	r := NewReader([]byte(doc), generous)
	if !r.Root() || r.Name() != (Name{"urn:l", "list"}) {
		t.Fatal(r.Name(), r.Err())
	}
	if v, ok := r.Attr("kind"); v != "k" || !ok {
		t.Error(v, ok)
	}
	if v, ok := r.AttrNS("urn:x", "kind"); v != "K" || !ok {
		t.Error(v, ok)
	}
	if _, ok := r.Attr("l"); ok {
		t.Error("a declaration passed for an attribute")
	}
	if _, ok := r.AttrNS("urn:unknown", "kind"); ok {
		t.Error("an attribute of another namespace")
	}
	var got []string
	for r.Child() {
		switch r.Name() {
		case Name{"", "item"}:
			id, _ := r.Attr("id")
			got = append(got, id+"="+r.Text())
		case Name{"", "raw"}:
			got = append(got, string(r.Raw()))
		default:
			r.Skip()
		}
	}
	if err := r.Finish(); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(got, "|"); s != "1=one half|2=<two>|<raw a='b' ><c/></raw>|3=" {
		t.Error(s)
	}
}

// What a decoder does wrong, or a document that has another form than the
// decoder expects, is an error and not an empty value.
func TestUnexpected(t *testing.T) {
	test := func(in, want string, read func(*Reader)) {
		t.Helper()
		r := NewReader([]byte(in), generous)
		r.Root()
		read(r)
		var x *SyntaxError
		if err := r.Finish(); !errors.As(err, &x) || x.Reason != Unexpected || !strings.Contains(x.Text, want) {
			t.Errorf("%s: got %v, want %s", in, err, want)
		}
		if r.Child() || r.Text() != "" || r.Raw() != nil {
			t.Errorf("%s: reading goes on after an error", in)
		}
	}
	test(`<a>b<c/></a>`, "element c where text", func(r *Reader) { r.Text() })
	test(`<a>b<c/></a>`, "text between", func(r *Reader) { r.Child() })
	test(`<a><c/>b</a>`, "text between", func(r *Reader) {
		for r.Child() {
			r.Skip()
		}
	})
	test(`<a><![CDATA[b]]></a>`, "text between", func(r *Reader) { r.Child() })
	test(`<a/>`, "more than was expected", func(r *Reader) {})
	test(`<a><b/></a>`, "more than was expected", func(r *Reader) { r.Child() })
	test(`<a/>`, "read twice", func(r *Reader) { r.Skip(); r.Skip() })
	test(`<a><b/></a>`, "read twice", func(r *Reader) { r.Child(); r.Text(); r.Text() })
	test(`<a><b/></a>`, "read twice", func(r *Reader) { r.Child(); r.Raw(); r.Raw() })
}

func TestFail(t *testing.T) {
	own := errors.New("no such zone")
	r := NewReader([]byte(`<a><b/></a>`), generous)
	r.Root()
	r.Fail(own)
	r.Fail(errors.New("second"))
	if r.Child() || r.Finish() != own || r.Err() != own {
		t.Error(r.Err())
	}
	if _, err := r.Next(); err != own {
		t.Error(err)
	}
}

func TestFork(t *testing.T) {
	r := NewReader([]byte(`<a xmlns="u" xmlns:p="v"><h><p:i/><j xmlns:p="w"><p:k l="m"/></j></h><b>text</b></a>`), generous)
	r.Root()
	r.Child()
	f := r.Fork()
	r.Skip()
	r.Child()
	body := r.Text()
	var names []string
	for f.Child() {
		names = append(names, f.Name().String())
		for f.Child() {
			l, _ := f.Attr("l")
			names = append(names, f.Name().String()+l)
			f.Skip()
		}
	}
	if err := f.Finish(); err != nil {
		t.Error(err)
	}
	if got := strings.Join(names, " "); got != "{v}i {u}j {w}km" {
		t.Error(got)
	}
	if _, err := f.Next(); err != io.EOF {
		t.Errorf("a fork left its element: %v", err)
	}
	if r.Child() || r.Finish() != nil || body != "text" {
		t.Error(r.Err(), body)
	}
}

func TestLookup(t *testing.T) {
	r := NewReader([]byte(`<a xmlns:p="u"><b xmlns="v" xmlns:p="w"/><c/></a>`), generous)
	test := func(prefix, want string, ok bool) {
		t.Helper()
		if got, is := r.Lookup(prefix); got != want || is != ok {
			t.Errorf("%q: got %q, %t", prefix, got, is)
		}
	}
	r.Root()
	test("p", "u", true)
	test("", "", true)
	test("xml", NamespaceXML, true)
	test("q", "", false)
	r.Child()
	test("p", "w", true)
	test("", "v", true)
	r.Skip()
	r.Child()
	test("p", "u", true)
	test("", "", true)
}

func TestQName(t *testing.T) {
	test := func(in string, want Name, ok bool) {
		t.Helper()
		r := NewReader([]byte(`<x xmlns="urn:d" xmlns:a="urn:out">`+in+`</x>`), generous)
		r.Root()
		r.Child()
		got := r.QName()
		if r.Child(); got != want || (r.Finish() == nil) != ok {
			t.Errorf("%s: got %v, %v", in, got, r.Err())
		}
	}
	test(`<f xmlns:a="urn:in"> a:Error </f>`, Name{"urn:in", "Error"}, true)
	test(`<f>a:Error</f>`, Name{"urn:out", "Error"}, true)
	test(`<f>Error</f>`, Name{"urn:d", "Error"}, true)
	test(`<f xmlns="">Error</f>`, Name{"", "Error"}, true)
	test(`<f>b:Error</f>`, Name{}, false)
	test(`<f>:Error</f>`, Name{}, false)
	test(`<f>a:</f>`, Name{}, false)
	test(`<f>a:b:c</f>`, Name{}, false)
	test(`<f/>`, Name{}, false)
	test(`<f><g/></f>`, Name{}, false)
}

// What is kept of a large document does not keep the document.
func TestKeep(t *testing.T) {
	r := NewReader([]byte("<a><b c='d'>e</b>"+strings.Repeat("<f/>", 1<<15)+"</a>"), Limits{1 << 20, 8, 8, 1 << 16})
	r.Root()
	r.Child()
	if n := testing.AllocsPerRun(10, func() { r.Attr("c") }); n != 1 {
		t.Errorf("%v allocations of an attribute of a large document, want a copy", n)
	}
}
