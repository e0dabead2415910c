package strictxml

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestEncode(t *testing.T) {
	test := func(want string, write func(*Encoder)) {
		t.Helper()
		e := NewEncoder(nil)
		write(e)
		if got := string(e.Bytes()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	test(`<a/>`, func(e *Encoder) { e.Start("a"); e.End("a") })
	test(`<a/>`, func(e *Encoder) { e.Elem("a", "") })
	test(`<a b="c"/>`, func(e *Encoder) { e.Start("a"); e.Attr("b", "c"); e.Text(""); e.Raw(nil); e.End("a") })
	test(`<a>`, func(e *Encoder) { e.Start("a") })
	test(`<t:a><t:b>c</t:b></t:a>`, func(e *Encoder) { e.Start("t:a"); e.Elem("t:b", "c"); e.End("t:a") })
	test(`<a b="true" c="-3">x</a>`, func(e *Encoder) {
		e.Start("a")
		e.AttrBool("b", true)
		e.AttrInt("c", -3)
		e.Text("x")
		e.End("a")
	})
	test(`<a><b/></a>`, func(e *Encoder) { e.Start("a"); e.Raw([]byte("<b/>")); e.End("a") })
	test(`<?xml version="1.0" encoding="utf-8"?><a/>`, func(e *Encoder) { e.Declaration(); e.Elem("a", "") })

	test(`<a>&lt;b&gt;&amp;amp;"'&#xD;`+"\n\t"+`]]&gt;</a>`, func(e *Encoder) { e.Elem("a", "<b>&amp;\"'\r\n\t]]>") })
	test(`<a b="&lt;&gt;&amp;&quot;'&#xD;&#xA;&#x9;"/>`, func(e *Encoder) { e.Start("a"); e.Attr("b", "<>&\"'\r\n\t"); e.End("a") })
	test("<a>é\u0085😀\uFFFD\uFFFD\uFFFDb\uFFFD\uFFFD</a>", func(e *Encoder) { e.Elem("a", "é\u0085😀\x00\uFFFF\x1Fb\xC3\uFFFD") })

	test(`<a>false</a>`, func(e *Encoder) { e.ElemBool("a", false) })
	test(`<a>-9223372036854775808</a>`, func(e *Encoder) { e.ElemInt("a", math.MinInt64) })
	test(`<a>0.1</a><a>-100000000</a><a>INF</a><a>-INF</a><a>NaN</a>`, func(e *Encoder) {
		for _, v := range []float64{0.1, -1e8, math.Inf(1), math.Inf(-1), math.NaN()} {
			e.ElemFloat("a", v)
		}
	})
	test(`<a>2026-11-25T01:07:09Z</a>`, func(e *Encoder) {
		e.ElemTime("a", time.Date(2026, 11, 25, 2, 7, 9, 999, time.FixedZone("", 3600)))
	})
	test(`<a>AAEC/w==</a><b/>`, func(e *Encoder) { e.ElemBase64("a", []byte{0, 1, 2, 255}); e.ElemBase64("b", nil) })
}

func TestEncoderReset(t *testing.T) {
	e := NewEncoder([]byte("x"))
	e.Start("a")
	e.Reset(e.Bytes()[:1])
	e.Elem("b", "c")
	if got := string(e.Bytes()); got != "x<b>c</b>" || e.Len() != len(got) {
		t.Error(got)
	}
}

// carried is what becomes of a string on its way through XML. Ranging over a
// string gives U+FFFD for each byte that is not UTF-8.
func carried(s string) string {
	var b strings.Builder
	for _, c := range s {
		if !isChar(c) {
			c = utf8.RuneError
		}
		b.WriteRune(c)
	}
	return b.String()
}

// FuzzEncode: whatever is written is read, and comes back as it was.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "a", "<b>&amp;]]>", "\r\n\t ", "\x00\x1f", "\xff\xc3", "\uFFFE\uFFFF\U0010FFFF", `"'`} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		e := NewEncoder(nil)
		e.Declaration()
		e.Start("p:a")
		e.Attr("xmlns:p", "urn:p")
		e.Attr("b", value)
		e.Text(text)
		e.ElemBase64("c", []byte(text))
		e.End("p:a")
		max := Limits{1 << 24, 2, 2, 2}
		r := NewReader(e.Bytes(), max)
		if !r.Root() {
			t.Fatal(r.Err())
		}
		if got, _ := r.Attr("b"); got != carried(value) {
			t.Fatalf("attribute %q came back as %q", value, got)
		}
		if got, err := r.Next(); text != "" && (err != nil || got.Kind != CharData || got.Text != carried(text)) {
			t.Fatalf("text %q came back as %q, %v", text, got.Text, err)
		}
		for r.next() {
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
	})
}
