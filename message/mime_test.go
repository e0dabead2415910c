package message

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"entente"
)

func mustParse(t testing.TB, raw string) *Message {
	t.Helper()
	m, err := Parse([]byte(raw), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lines joins lines as the wire has them.
func lines(ls ...string) string { return strings.Join(ls, "\r\n") + "\r\n" }

// shape shows what Parse made of a message in one line.
func shape(m *Message) string {
	var out []string
	if m.TextBody != "" {
		out = append(out, fmt.Sprintf("text %q", m.TextBody))
	}
	if m.HTMLBody != "" {
		out = append(out, fmt.Sprintf("html %q", m.HTMLBody))
	}
	if m.Calendar != nil {
		out = append(out, fmt.Sprintf("calendar %s %q", m.Calendar.Method, m.Calendar.Data))
	}
	for _, p := range m.Attachments {
		kind := "file"
		if p.Inline {
			kind = "inline"
		}
		if p.Message {
			kind = "message"
		}
		out = append(out, fmt.Sprintf("%s %s %q %q", kind, p.ContentType, p.FileName+p.ContentID, p.Data()))
	}
	return strings.Join(out, " | ")
}

func TestParseBodies(t *testing.T) {
	test := func(want string, raw ...string) {
		t.Helper()
		if got := shape(mustParse(t, lines(raw...))); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	test(`text "hello\r\n"`, "Subject: x", "", "hello")
	test(`text "héllo\r\n"`, "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "", "h=E9l=", "lo")
	test(`text "héllo"`, "Content-Type: TEXT/PLAIN; charset=\"utf-8\"", "Content-Transfer-Encoding: BASE64 (really)", "", "aMOpbG", "xv")
	test(`text "caf`+"é"+`\r\n"`, "Content-Type: text/plain; charset=nonsense", "", "caf\xe9")
	test(`html "<b>x</b>\r\n"`, "Content-Type: text/html", "", "<b>x</b>")
	test(`text "begin 644 a\r\n#86)C\r\nend\r\n"`, "", "begin 644 a", "#86)C", "end")  // uuencode is left alone
	test(`text "no boundary\r\n"`, "Content-Type: multipart/mixed", "", "no boundary") //
	test(`text "nothing inside\r\n"`, "Content-Type: multipart/mixed; boundary=x", "", "nothing inside")
	test(`text "old\r\n"`, "Content-Type: text", "", "old") // RFC 1049
	test(`file application/pdf "a.pdf" "%PDF\r\n"`, "Content-Type: application/pdf; name=a.pdf", "", "%PDF")
	test(`text "plain" | html "<p>rich</p>"`,
		"Content-Type: multipart/alternative; boundary=b", "", "preamble", "--b", "", "plain", "--b", "Content-Type: text/html", "", "<p>rich</p>",
		"--b", "Content-Type: text/x-amp-html", "", "<amp>", "--b--", "epilogue")
	test(`text "plain" | html "<img src=cid:i@x>" | inline image/png "i.pngi@x" "PNG" | file application/pdf "a.pdf" "%PDF"`,
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: multipart/alternative; boundary=bb", "",
		"--bb", "", "plain", "--bb", "Content-Type: multipart/related; boundary=\"b b\"", "",
		"--b b", "Content-Type: text/html", "", "<img src=cid:i@x>", "--b b", "Content-Type: image/png; name=i.png", "Content-ID: <i@x>", "Content-Transfer-Encoding: base64", "", "UE5H", "--b b--",
		"--bb--", "--b", "Content-Type: application/pdf", "Content-Disposition: attachment; filename=a.pdf", "", "%PDF", "--b--")
	// Apple Mail: text around a picture; and a PDF called inline that nothing shows.
	test(`text "above\r\nbelow" | file image/png "i.png" "PNG" | file application/pdf "a.pdf" "%PDF"`,
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "", "above", "--b", "Content-Type: image/png", "Content-Disposition: inline; filename=i.png", "", "PNG",
		"--b", "Content-Type: application/pdf", "Content-Disposition: inline; filename=a.pdf", "", "%PDF", "--b", "", "below", "--b--")
	test(`text "body" | file text/plain "b.txt" "file"`,
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain; name=a.txt", "", "body", "--b", "Content-Type: text/plain; name=b.txt", "", "file", "--b--")
	// Blank pieces around the page add nothing to it.
	test(`text "\r\n\r\nx" | html "<p>x</p>"`, "Content-Type: multipart/mixed; boundary=b", "", "--b", "", "", "", "--b", "Content-Type: text/html", "", "<p>x</p>", "--b--")
	// A list server's footer belongs to both bodies.
	test(`text "plain\r\nfooter" | html "<p>rich</p>\r\n<div style=\"white-space: pre-wrap\">footer</div>"`,
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: multipart/alternative; boundary=c", "", "--c", "", "plain", "--c", "Content-Type: text/html", "", "<p>rich</p>", "--c--",
		"--b", "Content-Type: text/plain", "Content-Disposition: inline", "", "footer", "--b--")
	// Gmail: shown by its id though it stands among the files.
	test(`html "<img src=\"cid:ii_1\">" | inline image/png "ii_1" "PNG"`,
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/html", "", `<img src="cid:ii_1">`,
		"--b", "Content-Type: image/png", "Content-ID: <ii_1>", "Content-Disposition: attachment", "", "PNG", "--b--")
	// A meeting request, with the same again as a file.
	test(`text "come" | calendar REQUEST "BEGIN:VCALENDAR\r\nEND:VCALENDAR" | file application/ics "invite.ics" "BEGIN:VCALENDAR"`,
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: multipart/alternative; boundary=c", "", "--c", "", "come",
		"--c", "Content-Type: text/calendar; charset=utf-8; method=request", "", "BEGIN:VCALENDAR", "END:VCALENDAR", "--c--",
		"--b", "Content-Type: application/ics; name=invite.ics", "", "BEGIN:VCALENDAR", "--b--")
	test(`calendar  "BEGIN:VCALENDAR\r\n"`, "Content-Type: text/calendar", "", "BEGIN:VCALENDAR") // DavMail's MimeContent
	test(`text "see" | message message/rfc822 "" "Subject: inner\r\n\r\nbody"`,
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "", "see", "--b", "Content-Type: message/rfc822", "", "Subject: inner", "", "body", "--b--")
	test(`message message/rfc822 "" "Subject: 1\r\n\r\nx"`, "Content-Type: multipart/digest; boundary=b", "", "--b", "", "Subject: 1", "", "x", "--b--")
	// The closing delimiter is missing; the outer boundary is a prefix of the inner one.
	test(`text "in\r\nafter\r\n"`, "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: multipart/mixed; boundary=b1", "", "--b1", "", "in", "--b", "", "after")
	test(`text "--bx\r\n --b\r\n--b y"`, "Content-Type: multipart/mixed; boundary=b", "", "--b", "", "--bx", " --b", "--b y", "--b-- ")
}

func TestParseBareLineFeeds(t *testing.T) {
	m := mustParse(t, "Subject: x\nTo: a@b.example,\n c@d.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\nworld\n--b\nContent-Type: text/x-log; name=l\n\nraw\nbytes\n--b--\n")
	if got := shape(m); got != `text "hello\r\nworld" | file text/x-log "l" "raw\nbytes"` || len(m.To) != 2 {
		t.Error(got, m.To)
	}
}

func TestFileNames(t *testing.T) {
	test := func(want string, header ...string) {
		t.Helper()
		m := mustParse(t, lines(append(header, "", "data")...))
		if len(m.Attachments) != 1 || m.Attachments[0].FileName != want {
			t.Errorf("%q: %s", header, shape(m))
		}
	}
	test("a b.txt", `Content-Disposition: attachment; filename="a b.txt"`)
	test("a b.txt", `Content-Disposition: attachment; filename=a b.txt; size=4`)
	test(`a"b.txt`, `Content-Disposition: attachment; filename="a\"b.txt"`)
	test("naïve file.txt", "Content-Disposition: attachment;", " filename*=iso-8859-1'en'na%EFve%20file.txt; filename=naive.txt")
	test("long name é.txt", "Content-Disposition: attachment; filename*0*=utf-8''long%20;", " filename*1=\"name \"; filename*2*=%C3%A9.txt")
	test("é.txt", "Content-Disposition: attachment; filename=\"=?utf-8?q?=C3=A9.txt?=\"")
	test("é.txt", "Content-Type: text/x-log; name=\"=?utf-8?q?=C3=A9.txt?=\"")
	test("é.txt", "Content-Disposition: attachment; filename=\"\xe9.txt\"")
	test("passwd", `Content-Disposition: attachment; filename="../../etc/passwd"`)
	test("evil.exe", `Content-Disposition: attachment; filename="C:\\temp\\evil.exe"`)
	test("", `Content-Disposition: attachment; filename=".."`)
	test("a  b", "Content-Disposition: attachment; filename*=utf-8''a%0D%0Ab")
	test("", "Content-Disposition: attachment; filename")
	test("first", "Content-Disposition: attachment;; filename=first; filename=second")
}

func TestEnvelopeFields(t *testing.T) {
	m := mustParse(t, lines("Received: by x", "From: =?utf-8?q?Anna_=C3=89k?= <anna@contoso.example>", "Sender: s@x.example", "Reply-To: r@x.example",
		"To: a@x.example", "To: b@x.example", "Cc: Group: c@x.example;", "Bcc: d@x.example", "Subject: =?utf-8?q?Gr=C3=BC?=", " =?utf-8?q?=C3=9Fe?=",
		"Date: Fri, 21 Nov 1997 09:55:06 -0600", "Message-ID: <1@x>", "In-Reply-To: <0@x>", "References: <00@x>", " <0@x>",
		"Disposition-Notification-To: anna@contoso.example", "Thread-Topic: Gr", "Content-Type: multipart/report; report-type=Delivery-Status; boundary=q", "", "--q", "", "failed", "--q",
		"Content-Type: message/delivery-status", "", "Reporting-MTA: dns; x", "--q--"))
	got := fmt.Sprint(m.From, m.Sender, m.ReplyTo, m.To, m.Cc, m.Bcc, m.Subject, m.Date.Unix(), m.MessageID, m.InReplyTo, m.References, m.ReadReceiptTo, m.ThreadTopic, m.ContentType, m.ReportType, len(m.Attachments))
	want := "[Anna Ék <anna@contoso.example>] [s@x.example] [r@x.example] [a@x.example b@x.example] [c@x.example] [d@x.example]" +
		"Grüße880127706<1@x><0@x>[<00@x> <0@x>] [anna@contoso.example]Grmultipart/reportdelivery-status1"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var names []string
	for _, f := range m.Header {
		names = append(names, f.Name)
	}
	if !slices.Equal(names[:4], []string{"Received", "From", "Sender", "Reply-To"}) || m.Get("subject") != "Grüße" {
		t.Error(names)
	}
}

func TestLimits(t *testing.T) {
	test := func(want entente.Reason, raw string, max Limits) {
		t.Helper()
		_, err := Parse([]byte(raw), max)
		var e *entente.Error
		switch {
		case want == "" && err != nil:
			t.Errorf("refused: %v", err)
		case want != "" && (!errors.As(err, &e) || e.Kind != entente.TooLarge || e.Reason != want):
			t.Errorf("got %v, want %s", err, want)
		}
	}
	// nested puts n multiparts around a text.
	nested := func(n int) string {
		var head, tail strings.Builder
		for i := range n {
			fmt.Fprintf(&head, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
			fmt.Fprintf(&tail, "\r\n--b%d--", n-1-i)
		}
		return head.String() + "\r\ntext" + tail.String() + "\r\n"
	}
	parts := func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", n) + "--b--\r\n"
	}
	d := DefaultLimits()
	test(ReasonMessageSize, "x", Limits{})
	test("", strings.Repeat("x", d.Bytes), d)
	test(ReasonMessageSize, strings.Repeat("x", d.Bytes+1), d)
	test("", nested(d.Depth), d)
	test(ReasonMIMEDepth, nested(d.Depth+1), d)
	test("", parts(d.Parts-1), d) // the multipart itself is one
	test(ReasonMIMEParts, parts(d.Parts), d)
	test("", strings.Repeat("A: b\r\n", d.Header/6)+"\r\nx", d)
	test(ReasonHeaderSize, strings.Repeat("A: b\r\n", d.Header/6+1)+"\r\nx", d)
	test(ReasonHeaderSize, "A: "+strings.Repeat("b", d.Header)+"\r\n\r\n", d)
	test(ReasonHeaderSize, "A: b\r\n"+strings.Repeat(" c\r\n", d.Header)+"\r\n", d)
	test(ReasonHeaderSize, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: "+strings.Repeat("b", d.Header)+"\r\n\r\nx\r\n--b--", d)
}

func TestUTF7(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		if got := decodeUTF7([]byte(in)); got != want {
			t.Errorf("%q = %q, want %q", in, got, want)
		}
	}
	test("1 +- 1", "1 + 1")
	test("Hi Mom -+Jjo--!", "Hi Mom -☺-!") // RFC 2152's own examples
	test("+ZeVnLIqe-", "日本語")
	test("+2D3eQg-", "🙂")
	test("+", "+")
	test("+a", "")
}
