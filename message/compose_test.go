package message

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"entente"
)

func mustCompose(t testing.TB, d Draft) []byte {
	t.Helper()
	raw, err := Compose(d)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// full is a draft that has everything.
func full() Draft {
	anna := Address{"Änna, \"A\" Ek", "anna@contoso.example"}
	return Draft{
		From: []Address{anna}, Sender: []Address{{"", "bot@contoso.example"}}, ReplyTo: []Address{{"Replies", "r@contoso.example"}},
		To: []Address{{"Bo", "bo@contoso.example"}, {"", "c@d.example"}}, Cc: []Address{{"日本", "jp@x.example"}}, Bcc: []Address{{"", "hidden@x.example"}},
		Subject: "Grüße an alle, die lange Betreffzeilen lieben und davon nie genug bekommen können", Date: time.Date(2026, 3, 1, 9, 5, 6, 0, time.FixedZone("", 3600)),
		MessageID: "<1@contoso.example>", InReplyTo: "<0@contoso.example>", References: []string{"<00@contoso.example>", "<0@contoso.example>"},
		Importance: High, Sensitivity: Private, ReadReceiptTo: []Address{anna}, AutoSubmitted: "auto-generated",
		Keywords: []string{"Red", "a, b", "é"}, ThreadTopic: "Grüße", ThreadIndex: []byte{1, 2, 3}, Extra: []Field{{"X-One", "1"}, {"X-Two", "zwölf"}},
		TextBody: "Hällo\r\n.dot\r\nFrom here\r\n", HTMLBody: "<p>Hällo <img src=\"cid:i1@x\"></p>",
		Calendar: &Calendar{Method: "REQUEST", Data: "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"},
		Attachments: []Attachment{
			{FileName: "i.png", ContentType: "image/png", ContentID: "i1@x", Inline: true, Data: []byte{0, 1, 2, 255}},
			{FileName: "Übersicht der sehr langen Dateinamen, die jemand vergeben hat (2).pdf", ContentType: "application/pdf", Data: bytes.Repeat([]byte("%PDF"), 100)},
			{FileName: "a.txt", ContentType: "text/plain", Charset: "iso-8859-1", Data: []byte("caf\xe9\n")},
			{ContentType: "message/rfc822", Data: []byte("Subject: inner\r\n\r\n--=_x\r\n")},
		},
	}
}

// draft is what a message says, as the draft that would say it.
func draft(m *Message) Draft {
	d := Draft{
		From: m.From, Sender: m.Sender, ReplyTo: m.ReplyTo, To: m.To, Cc: m.Cc, Bcc: m.Bcc, Subject: m.Subject, Date: m.Date,
		MessageID: m.MessageID, InReplyTo: m.InReplyTo, References: m.References, Importance: m.Importance, Sensitivity: m.Sensitivity,
		ReadReceiptTo: m.ReadReceiptTo, AutoSubmitted: m.AutoSubmitted, Keywords: m.Keywords, ThreadTopic: m.ThreadTopic, ThreadIndex: m.ThreadIndex,
		TextBody: m.TextBody, HTMLBody: m.HTMLBody, Calendar: m.Calendar,
	}
	for _, f := range m.Header {
		if strings.HasPrefix(f.Name, "X-") && f.Name != "X-Priority" {
			d.Extra = append(d.Extra, f)
		}
	}
	for _, p := range m.Attachments {
		d.Attachments = append(d.Attachments, Attachment{p.FileName, p.ContentType, p.Charset, p.ContentID, p.ContentLocation, p.Inline, p.Data()})
	}
	return d
}

func same(a, b Draft) bool {
	dates := a.Date.Equal(b.Date)
	a.Date, b.Date = time.Time{}, time.Time{}
	return dates && reflect.DeepEqual(a, b)
}

func TestComposeRoundTrip(t *testing.T) {
	want := full()
	raw := mustCompose(t, want)
	if got := draft(mustParse(t, string(raw))); !same(got, want) {
		t.Errorf("got  %+v\nwant %+v\n%s", got, want, raw)
	}
	checkWire(t, raw)
	if !bytes.Equal(raw, mustCompose(t, want)) {
		t.Error("the same draft gave other bytes")
	}
}

// checkWire checks what every composed message must keep to on the way: CRLF,
// 7 bits, lines of at most 998 (here: headers of at most 200) characters.
func checkWire(t testing.TB, raw []byte) {
	t.Helper()
	for line := range bytes.Lines(raw) {
		text, ok := bytes.CutSuffix(line, []byte("\r\n"))
		if !ok || bytes.ContainsAny(text, "\r\n\x00") || len(text) > 300 {
			t.Errorf("line %q", line)
		}
		for _, c := range text {
			if c >= 0x80 {
				t.Errorf("eight bits in %q", line)
				break
			}
		}
	}
}

func TestComposeProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := anyDraft(rt)
		raw, err := Compose(d)
		if err != nil {
			rt.Fatalf("refused: %v", err)
		}
		m, err := Parse(raw, DefaultLimits())
		if err != nil {
			rt.Fatal(err)
		}
		if got := draft(m); !same(got, d) {
			rt.Fatalf("got  %+v\nwant %+v\n%s", got, d, raw)
		}
	})
}

// anyDraft draws drafts whose texts are already in canonical form (CRLF).
func anyDraft(t *rapid.T) Draft {
	word := rapid.StringOfN(rapid.RuneFrom([]rune("abcXYZ  ,;:<>@()\"\\.=?_-éüЖ日🙂'&")), 0, 60, -1)
	text := rapid.Map(rapid.StringOfN(rapid.RuneFrom([]rune("abc <>&.-=F\t\né日\x00")), 0, 300, -1), crlf)
	line := rapid.Map(word, Clean)
	name := rapid.Map(line, strings.TrimSpace)
	addresses := rapid.Custom(func(t *rapid.T) []Address {
		var list []Address
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			list = append(list, Address{name.Draw(t, "name"), rapid.StringMatching(`[a-zé][a-z0-9.!#+é-]{0,9}@[a-z]{1,9}\.example`).Draw(t, "smtp")})
		}
		return list
	})
	d := Draft{
		From: addresses.Draw(t, "from"), To: addresses.Draw(t, "to"), Cc: addresses.Draw(t, "cc"), Bcc: addresses.Draw(t, "bcc"), ReplyTo: addresses.Draw(t, "reply"),
		Subject: line.Draw(t, "subject"), ThreadTopic: line.Draw(t, "topic"),
		Date:       time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "date"), 0).UTC(),
		Importance: Importance(rapid.IntRange(0, 2).Draw(t, "importance")), Sensitivity: Sensitivity(rapid.IntRange(0, 3).Draw(t, "sensitivity")),
		TextBody: text.Draw(t, "text"), HTMLBody: strings.ReplaceAll(text.Draw(t, "html"), "cid:", ""),
	}
	for range rapid.IntRange(0, 3).Draw(t, "keywords") {
		if k := name.Draw(t, "keyword"); k != "" {
			d.Keywords = append(d.Keywords, k)
		}
	}
	if rapid.Bool().Draw(t, "meeting") {
		d.Calendar = &Calendar{Method: rapid.SampledFrom([]string{"", "REQUEST", "CANCEL"}).Draw(t, "method"), Data: text.Draw(t, "calendar")}
	}
	for range rapid.IntRange(0, 3).Draw(t, "files") {
		a := Attachment{FileName: baseName("n" + line.Draw(t, "file")), ContentType: rapid.SampledFrom([]string{"application/pdf", "text/plain", "image/png"}).Draw(t, "type"), Data: rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "data")}
		d.Attachments = append(d.Attachments, a)
	}
	if d.HTMLBody != "" && rapid.Bool().Draw(t, "image") {
		d.Attachments = append([]Attachment{{ContentType: "image/gif", ContentID: "i@x", Inline: true, Data: []byte("GIF")}}, d.Attachments...)
	}
	for i := range d.Attachments {
		if len(d.Attachments[i].Data) == 0 {
			d.Attachments[i].Data = []byte{}
		}
	}
	return d
}

// TestHeaderInjection puts line ends and other controls into every field there
// is: each must be refused, and none may come out as a field of its own.
func TestHeaderInjection(t *testing.T) {
	fields := map[string]func(d *Draft, bad string){
		"from name": func(d *Draft, s string) { d.From[0].Name = s }, "from": func(d *Draft, s string) { d.From[0].SMTP = "a" + s + "@x.example" },
		"sender name": func(d *Draft, s string) { d.Sender[0].Name = s }, "sender": func(d *Draft, s string) { d.Sender[0].SMTP = "a@x" + s },
		"reply name": func(d *Draft, s string) { d.ReplyTo[0].Name = s }, "reply": func(d *Draft, s string) { d.ReplyTo[0].SMTP = s + "@x" },
		"to name": func(d *Draft, s string) { d.To[1].Name = s }, "to": func(d *Draft, s string) { d.To[1].SMTP = "a@x" + s },
		"cc name": func(d *Draft, s string) { d.Cc[0].Name = s }, "cc": func(d *Draft, s string) { d.Cc[0].SMTP = "a@x" + s },
		"bcc name": func(d *Draft, s string) { d.Bcc[0].Name = s }, "bcc": func(d *Draft, s string) { d.Bcc[0].SMTP = "a@x" + s },
		"receipt name": func(d *Draft, s string) { d.ReadReceiptTo[0].Name = s }, "receipt": func(d *Draft, s string) { d.ReadReceiptTo[0].SMTP = "a@x" + s },
		"subject": func(d *Draft, s string) { d.Subject = s }, "topic": func(d *Draft, s string) { d.ThreadTopic = s },
		"message id": func(d *Draft, s string) { d.MessageID = "<a" + s + "@x>" }, "in reply to": func(d *Draft, s string) { d.InReplyTo = "<a" + s + "@x>" },
		"references": func(d *Draft, s string) { d.References[1] = "<a" + s + "@x>" }, "auto": func(d *Draft, s string) { d.AutoSubmitted = "auto" + s },
		"keyword": func(d *Draft, s string) { d.Keywords[0] = "a" + s + "b" }, "extra name": func(d *Draft, s string) { d.Extra[0].Name = "X" + s },
		"extra value": func(d *Draft, s string) { d.Extra[0].Value = s }, "method": func(d *Draft, s string) { d.Calendar.Method = "REQUEST" + s },
		"file name": func(d *Draft, s string) { d.Attachments[1].FileName = s }, "type": func(d *Draft, s string) { d.Attachments[1].ContentType = "a/b" + s },
		"charset": func(d *Draft, s string) { d.Attachments[2].Charset = "x" + s }, "content id": func(d *Draft, s string) { d.Attachments[0].ContentID = "i" + s },
		"location": func(d *Draft, s string) { d.Attachments[0].ContentLocation = "i" + s },
	}
	for name, set := range fields {
		for _, bad := range []string{"\r\nBcc: x@y.example", "\nBcc: x", "\rBcc: x", "\x00", "\x1b[2J", "\x7f", "\u0085", "\u2028", "\xff", "\r\n\r\n<html>"} {
			d := full()
			set(&d, bad)
			raw, err := Compose(d)
			var e *entente.Error
			if !errors.As(err, &e) || e.Kind != entente.Invalid || e.Reason != ReasonInvalidField || raw != nil {
				t.Errorf("%s with %q: %v", name, bad, err)
			}
		}
	}
}

func TestComposeRefuses(t *testing.T) {
	test := func(what string, d Draft) {
		t.Helper()
		if _, err := Compose(d); err == nil {
			t.Errorf("%s was written", what)
		}
	}
	to := func(s string) Draft { return Draft{To: []Address{{"", s}}} }
	test("an empty address", to(""))
	test("a name as an address", to("Anna"))
	test("two addresses in one", to("a@x.example,b@x.example"))
	test("an angle", to("a@x.example>,<b@x.example"))
	test("a comment", to("a(b)@x.example"))
	test("a blank", to("a b@x.example"))
	test("a no-break space", to("a\u00a0b@x.example"))
	test("a second @", to("a@b@x.example"))
	test("an id without brackets", Draft{MessageID: "a@b"})
	test("two ids", Draft{MessageID: "<a@b> <c@d>"})
	test("a field of ours", Draft{Extra: []Field{{"Bcc", "x@y.example"}}})
	test("a field of MIME", Draft{Extra: []Field{{"Content-Type", "text/html"}}})
	test("a trace field", Draft{Extra: []Field{{"Received", "from x"}}})
	test("no field name", Draft{Extra: []Field{{"", "x"}}})
	test("a colon", Draft{Extra: []Field{{"X:", "x"}}})
	test("a date beyond four digits", Draft{Date: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)})
	test("a type without a subtype", Draft{Attachments: []Attachment{{ContentType: "pdf"}}})
	test("eight bits in a report", Draft{Report: &Report{"delivery-status", "Reporting-MTA: dns; é\r\n"}})
	test("a report of two types", Draft{Report: &Report{"delivery-status; x=y", "A: b\r\n"}})
	test("parameters in a type", Draft{Attachments: []Attachment{{ContentType: "text/plain; x=y"}}})
}

func TestComposeShapes(t *testing.T) {
	test := func(d Draft, want ...string) {
		t.Helper()
		raw := string(mustCompose(t, d))
		for _, w := range want {
			if not, without := strings.CutPrefix(w, "!"); without == strings.Contains(raw, not) {
				t.Errorf("%q: not so in\n%s", w, raw)
			}
		}
	}
	test(Draft{TextBody: "hello\r\n"}, "Content-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n", "!multipart", "!Date:", "!Bcc")
	test(Draft{TextBody: "hello"}, "quoted-printable\r\n\r\nhello=\r\n")
	test(Draft{TextBody: ".\nFrom x\n"}, "=2E\r\n=46rom x\r\n")
	test(Draft{TextBody: "日本語日本語"}, "base64")
	test(Draft{}, "Content-Type: text/plain")
	test(Draft{Calendar: &Calendar{Method: "REPLY", Data: "BEGIN:VCALENDAR\r\n"}}, "Content-Type: text/calendar; charset=utf-8; method=REPLY\r\n\r\nBEGIN")
	test(Draft{Bcc: []Address{{"", "b@x.example"}}, HideBcc: true}, "!Bcc", "!b@x.example")
	test(Draft{Subject: strings.Repeat("word ", 40) + "end"}, "word\r\n word")
	test(Draft{Subject: strings.Repeat("x", 2000)}, "=?utf-8?q?xxx")
	test(Draft{Attachments: []Attachment{{ContentType: "multipart/mixed", Data: []byte("x")}}}, "application/octet-stream", "base64")
	test(Draft{Attachments: []Attachment{{ContentType: "message/rfc822", Data: []byte("A: é\n\nx")}}}, "8bit\r\n", "\r\n\r\nA: é\r\n\r\nx\r\n--")
}

func TestReport(t *testing.T) {
	original := []byte("Subject: lost\r\n\r\nhello\r\n")
	fields := "Reporting-MTA: dns; mail.contoso.example\r\n\r\nFinal-Recipient: rfc822; x@contoso.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
	m := mustParse(t, string(mustCompose(t, Draft{
		AutoSubmitted: "auto-replied", TextBody: "Could not be delivered.\r\n", Report: &Report{"delivery-status", fields},
		Attachments: []Attachment{{ContentType: "message/rfc822", Data: original}},
	})))
	if m.ContentType != "multipart/report" || m.ReportType != "delivery-status" || m.TextBody != "Could not be delivered.\r\n" || len(m.Attachments) != 2 {
		t.Fatal(m.ContentType, m.ReportType, shape(m))
	}
	if status := m.Attachments[0]; status.ContentType != "message/delivery-status" || string(status.Data()) != fields || !bytes.Equal(m.Attachments[1].Data(), original) {
		t.Error(shape(m))
	}
}

func TestBoundaryIsFree(t *testing.T) {
	d := Draft{TextBody: "x", Attachments: []Attachment{{ContentType: "message/rfc822"}}}
	// A message that quotes the very message it is attached to.
	first := mustCompose(t, d)
	i := bytes.Index(first, []byte("--=_"))
	delimiter := string(first[i : i+2+2+24+1])
	d.Attachments[0].Data = []byte("Subject: x\r\n\r\n" + delimiter + "--\r\nstill inside\r\n")
	m := mustParse(t, string(mustCompose(t, d)))
	if len(m.Attachments) != 1 || !bytes.Equal(m.Attachments[0].Data(), d.Attachments[0].Data) {
		t.Error(shape(m))
	}
}

func TestQuotedPrintable(t *testing.T) {
	for _, s := range []string{"", "a", "a\r\n", " \r\n", "\t", "x \r\n y", strings.Repeat("é", 100), strings.Repeat("a", 75), strings.Repeat("a", 76), strings.Repeat("a", 77) + "\r\n", "=\r\n=", "\r", "\n\r\n", ".\r\n..", "From ", "a=\r\n"} {
		enc := appendQuotedPrintable(nil, []byte(s))
		if got := string(decodeQuotedPrintable(enc)); got != s {
			t.Errorf("%q came back as %q from %q", s, got, enc)
		}
		for line := range bytes.Lines(enc) {
			if len(bytes.TrimSuffix(line, []byte("\r\n"))) > 76 {
				t.Errorf("long line %q", line)
			}
		}
	}
	// Damaged on the way, read all the same.
	for in, want := range map[string]string{"a=\nb": "ab", "a= \r\nb": "ab", "a=3": "a=3", "=C3=bc": "ü", "a \t\r\nb": "a\r\nb", "x=": "x", "==41": "=A"} {
		if got := string(decodeQuotedPrintable([]byte(in))); got != want {
			t.Errorf("%q = %q, want %q", in, got, want)
		}
	}
}

func TestBase64(t *testing.T) {
	for in, want := range map[string]string{"aGVsbG8=": "hello", "aGVs\r\nbG8=\r\n": "hello", "aGVsbG8": "hello", "aGVs bG8=": "hello", "aGVsbG8=\r\n-- \r\nfooter!": "hello~\x8a(\xb9", "aGk=aGk=": "hihi", "a-_/": "k\xef\xff", "====": "", "": ""} {
		got := string(decodeBase64([]byte(in)))
		if in == "aGVsbG8=\r\n-- \r\nfooter!" { // a glued footer adds noise after, and nothing before is lost
			got, want = got[:5], "hello"
		}
		if got != want {
			t.Errorf("%q = %q, want %q", in, got, want)
		}
	}
}

func TestSlices(t *testing.T) {
	// What was not encoded is not copied: a large message costs its own size.
	raw := mustCompose(t, Draft{TextBody: "x", Attachments: []Attachment{{ContentType: "message/rfc822", Data: []byte("A: b\r\n\r\nxyz")}}})
	m := mustParse(t, string(raw))
	if data := m.Attachments[0].Data(); !slices.Equal(data, []byte("A: b\r\n\r\nxyz")) || m.Attachments[0].EncodedSize() != len(data) {
		t.Error(shape(m))
	}
}
