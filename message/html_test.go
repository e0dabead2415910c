package message

import (
	"strings"
	"testing"
)

func TestHTMLToText(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		if got := HTMLToText(in); got != strings.ReplaceAll(want, "\n", "\r\n") {
			t.Errorf("HTMLToText(%q) = %q, want %q", in, got, want)
		}
	}
	test("", "")
	test("plain", "plain")
	test("<p>one</p><p>two</p>", "one\n\ntwo")
	test("<div>one</div><div>two</div>", "one\ntwo")
	test("one<br>two<br/>three", "one\ntwo\nthree")
	test("one<br><br>two", "one\n\ntwo")
	test("  a \n  <b>b</b>c  d ", "a bc d")
	test("<div>a</div>\n   <div> b</div>", "a\nb")
	test("&lt;b&gt; &amp; &eacute;&#8364;&nbsp;x &unknown; &", "<b> & é€ x &unknown; &")
	test("<html><head><title>no</title><style>p{}</style></head><body>yes</body></html>", "yes")
	test("<head><title>no</title><body>yes", "yes") // </head> may be left out
	test("a<script>if (x < y) { '</div>' }</SCRIPT>b", "ab")
	test("a<style><!-- </div> --></style>b", "ab")
	test("a<!-- <p>hidden</p> -->b", "ab")
	test("a<!--[if mso]><p>Outlook</p><![endif]-->b", "ab")
	test("a<![if !mso]>b<![endif]>c", "abc")
	test("1 < 2 and 3<4 but <5", "1 < 2 and 3<4 but <5")
	test("<o:p>&nbsp;</o:p>x", " x")
	test("<ul><li>one<li>two</ul>after", "* one\n* two\n\nafter")
	test("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a b\nc d")
	test("<pre>a\n  b</pre>c", "a\n  b\nc")
	test(`<a href="https://x.example/y?a=1&amp;b=2">here</a>`, "here<https://x.example/y?a=1&b=2>")
	test(`<a href="https://x.example/">x.example</a> <a href='mailto:a@b.example'>a@b.example</a>`, "x.example a@b.example")
	test(`<a href=javascript:alert(1)>x</a><a name="y">z</a>`, "xz")
	test(`<a href="https://x.example/"><img src=y></a>after`, "after")
	test(`<p title="a > b">x</p>`, "x")
	test(`<p title='unclosed>x</p>`, "")
	test("<p", "")
	test("a</p>b</div></div>c", "a\n\nb\nc")
	test("\u200b\u00adpad\ufeff", "pad")
	test("a\x1b[2Jb\x00", "a[2Jb")
	test("&#27;&#0;x", "\ufffdx")
	test("<svg><text>drawn</text></svg>x", "x")
	test("<P>UPPER</P>", "UPPER")
}

func TestTextToHTML(t *testing.T) {
	got := TextToHTML("a <script>\n  \"b\" & c\x00")
	if !strings.Contains(got, "a &lt;script&gt;<br>\r\n  &#34;b&#34; &amp; c</div>") || strings.ContainsAny(got, "\x00") {
		t.Error(got)
	}
	if back := HTMLToText("<pre>" + htmlFragment("a\r\n  b") + "</pre>"); !strings.Contains(back, "a\r\n") {
		t.Errorf("%q", back)
	}
}

func TestPreview(t *testing.T) {
	test := func(in string, n int, want string) {
		t.Helper()
		if got := Preview(in, n); got != want {
			t.Errorf("Preview(%q, %d) = %q, want %q", in, n, got, want)
		}
	}
	test("", 10, "")
	test(" a \r\n\r\n b\tc ", 10, "a b c")
	test("héllo wörld", 7, "héllo w")
	test("héllo wörld", 6, "héllo")
	test("abc", 0, "")
	test("日本語", 2, "日本")
	test("a\u00a0b\x00\u200bc", 9, "a bc")
	if got := PreviewHTML("<head><style>"+strings.Repeat("x{}", 9000)+"</style></head><p>Dear <a href=https://x.example>you</a><li>all", 20); got != "Dear you all" {
		t.Errorf("%q", got)
	}
}
