package message

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	f.Add(mustCompose(f, full()))
	f.Add([]byte("Subject: =?utf-8?q?=C3?=\n =?utf-8?q?=BC?=\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; charset=utf-7\n\n+AGE-<br>\n--b\n\nfoot\n--b--\n"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary*0=a; boundary*1*=%62\r\n\r\n--ab\r\n\r\n--ab--"))
	f.Add([]byte("From: \"a\\\" <x@y>, g: b@c;, (x(y) z\r\nDate: 1 Jan 70\r\n\r\n"))
	f.Add([]byte("Content-Type: text/plain; charset=iso-2022-jp\r\nContent-Transfer-Encoding: base64\r\n\r\nGyRCRnxLXBsoQg=="))
	max := Limits{Bytes: 1 << 20, Header: 64 << 10, Depth: 8, Parts: 50}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		m, err := Parse(raw, max)
		if err != nil {
			return
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("Parse changed its input")
		}
		// A few kinds of growth there are (entities, UTF-8), and no others.
		if n := len(m.TextBody) + len(m.HTMLBody); n > 16*len(raw)+4096 {
			t.Fatalf("%d bytes of body from %d", n, len(raw))
		}
		for _, s := range []string{m.Subject, m.MessageID, m.InReplyTo, m.AutoSubmitted, m.ThreadTopic} {
			checkClean(t, s)
		}
		for _, h := range m.Header {
			checkClean(t, h.Value)
		}
		for _, a := range m.To {
			checkClean(t, a.Name+a.SMTP)
		}
		for _, p := range m.Attachments {
			checkClean(t, p.FileName+p.ContentType+p.ContentID+p.Charset)
			if n := len(p.Data()); n > len(raw) {
				t.Fatalf("%d bytes of data from %d", n, len(raw))
			}
		}
		if !utf8.ValidString(m.TextBody) || !utf8.ValidString(m.HTMLBody) {
			t.Fatal("a body is no UTF-8")
		}
	})
}

func checkClean(t *testing.T, s string) {
	t.Helper()
	if !clean(s) {
		t.Fatalf("control characters in %q", s)
	}
}

func FuzzParseAddressList(f *testing.F) {
	f.Add(`"Ek, Anna" <anna@contoso.example>, g: b@c.example (x), d@e;, =?utf-8?q?=C3=A9?= <f@[::1]>`)
	f.Add(`<@a:b@c>, "x\"y"@z, (((, <<>>, \`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range ParseAddressList(s) {
			checkClean(t, a.Name+a.SMTP)
			if a == (Address{}) {
				t.Fatal("an empty address")
			}
			// Whatever can be written says the same when read again.
			raw, err := Compose(Draft{To: []Address{a}})
			if err != nil {
				continue
			}
			m, err := Parse(raw, DefaultLimits())
			if err != nil || len(m.To) != 1 || m.To[0] != a {
				t.Fatalf("%q came back as %q from %q", a, m.To, raw)
			}
		}
	})
}

func FuzzHTMLToText(f *testing.F) {
	f.Add("<p>a<br>&lt;b <a href='https://x'>c</a><!-- x --><script>d</script><pre> e\n</pre>")
	f.Add("<head><title></title><body><ul><li><table><tr><td>x")
	f.Fuzz(func(t *testing.T, s string) {
		text := HTMLToText(s)
		if !utf8.ValidString(text) || len(text) > 8*len(s)+64 {
			t.Fatalf("%d bytes from %d", len(text), len(s))
		}
		for _, c := range []byte(text) {
			if c < ' ' && c != '\r' && c != '\n' && c != '\t' {
				t.Fatalf("control character in %q", text)
			}
		}
		if p := PreviewHTML(s, 100); utf8.RuneCountInString(p) > 100 {
			t.Fatalf("long preview %q", p)
		}
		// Text is shown as it is: made a page of, no markup comes of it.
		if page := htmlFragment(text); bytes.Count([]byte(page), []byte("<")) != 2+bytes.Count([]byte(page), []byte("<br>")) {
			t.Fatalf("markup in %q", page)
		}
	})
}

func FuzzParseCard(f *testing.F) {
	raw, err := ComposeCard(wholeCard())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("BEGIN:VCARD\nN;ENCODING=QUOTED-PRINTABLE;CHARSET=utf-8:=C3=\n=BC;x\nTEL;WORK;\"a:b\":1\nADR:;;a\\;b;\\\nEND:VCARD"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseCard(raw)
		if err != nil {
			return
		}
		// Whatever can be written says the same when read again.
		out, err := ComposeCard(*c)
		if err != nil {
			return
		}
		again, err := ParseCard(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if c.Name != again.Name || c.Note != again.Note || c.Organization != again.Organization || len(c.Emails) != len(again.Emails) || len(c.Phones) != len(again.Phones) {
			t.Fatalf("%+v\n%+v\n%s", c, again, out)
		}
	})
}
