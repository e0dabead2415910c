package message

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
)

func TestDecodeWords(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		if got := decodeWords(in); got != want {
			t.Errorf("decodeWords(%q) = %q, want %q", in, got, want)
		}
	}
	test("plain", "plain")
	test("=?iso-8859-1?Q?Gr=FC=DFe_aus_K=F6ln?=", "Grüße aus Köln")
	test("=?UTF-8?B?0J/RgNC40LLQtdGC?=", "Привет")
	test("=?utf-8*de?q?=C3=A9?=", "é")                                  // a language, RFC 2231 5
	test("=?utf-8?q?a?= =?utf-8?q?b?= c", "ab c")                       // RFC 2047 8
	test("=?utf-8?q?a?=\t =?utf-8?q?b?=", "ab")                         //
	test("x =?utf-8?q?a?= y", "x a y")                                  //
	test("=?utf-8?q?a?==?utf-8?q?b?=", "ab")                            // nothing between
	test("=?utf-8?q?hello world?=", "hello world")                      // blanks inside
	test("=?utf-8?B?w7w?=", "ü")                                        // not padded
	test("=?utf-8?B?ww==?= =?utf-8?B?vA==?=", "ü")                      // cut in mid character
	test("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü")                        // cut in mid character
	test("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本")                    //
	test("=?gb2312?B?xOO6ww==?=", "你好")                                 //
	test("=?ks_c_5601-1987?B?sKI=?=", "각")                              // the name Outlook gives it
	test("=?utf-7?Q?Gr+APwA3w-e?=", "Grüße")                            //
	test("=?x-nobody-knows?q?caf=C3=A9?=", "café")                      // unknown charset, UTF-8 by luck
	test("=?x-nobody-knows?q?caf=E9?=", "café")                         // unknown charset
	test("=?iso-8859-1?q?=80_100?=", "€ 100")                           // Windows-1252 in disguise
	test("caf\xe9", "café")                                             // eight bits, no charset
	test("caf\xc3\xa9", "café")                                         //
	test("=?utf-8?q?never ends", "=?utf-8?q?never ends")                //
	test("=?utf-8?x?abc?=", "=?utf-8?x?abc?=")                          // no such encoding
	test("=?utf-8?q?a=0D=0ABcc:_x@y?=", "a  Bcc: x@y")                  // injection by encoding
	test("1 =? 2 ?= 3", "1 =? 2 ?= 3")                                  //
	test("=?utf-8?q?=ZZ=4?=", "=ZZ=4")                                  // broken escapes
	test("=?us-ascii?q?a?= (=?us-ascii?q?b?=)", "a (b)")                //
	test("=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "a   b")                    // never unfolded: not ours to join
	test("=?windows-1251?b?z/Do4uXy?=, =?koi8-r?b?0A==?=", "Привет, п") //
}

func TestWindows1252(t *testing.T) {
	var all []byte
	for c := range 256 {
		all = append(all, byte(c))
	}
	r, err := charset.Reader("windows-1252", bytes.NewReader(all))
	if err != nil {
		t.Fatal(err)
	}
	want, err := io.ReadAll(r)
	if got := windows1252(all); err != nil || got != string(want) {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
	}
}

func TestEncodeText(t *testing.T) {
	for _, s := range []string{
		"", "plain", "Grüße", " leading", "trailing ", "two  blanks", "=?utf-8?q?not_a_word?=", "a=?b",
		strings.Repeat("ä", 300), strings.Repeat("x", 300), strings.Repeat("日本語 ", 100), "🙂", "tab-free, comma; <semi> \"q\" \\",
		strings.Repeat("word ", 60) + "end", "_under_score_ é", "é=?", "a?=b é",
	} {
		enc := encodeText(s)
		if got := decodeWords(enc); got != s {
			t.Errorf("%q came back as %q from %q", s, got, enc)
		}
		for w := range strings.FieldsSeq(enc) {
			if strings.HasPrefix(w, "=?utf-8?") && len(w) > 75 {
				t.Errorf("encoded word of %d characters: %s", len(w), w)
			}
		}
		for _, c := range []byte(enc) {
			if c < ' ' || c >= utf8.RuneSelf {
				t.Errorf("%q holds byte %#x", enc, c)
			}
		}
	}
}

func TestClean(t *testing.T) {
	if got := Clean("a\r\nb\x00c\u0085d\u2028e\xff"); got != "a  b c d e\ufffd" {
		t.Errorf("got %q", got)
	}
}
