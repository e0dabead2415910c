package delivery

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"entente/mailbox"
	"entente/message"
)

// away writes what a client has brought as others may have it: Ben sends it in
// Anna's name.
func away(t *testing.T, raw string) string {
	t.Helper()
	it := &mailbox.Item{MIME: []byte(raw)}
	Sign(it, message.Address{Name: "Ben", SMTP: "ben@contoso.example"}, message.Address{Name: "Anna", SMTP: "anna@contoso.example"}, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	it.Props.SetString(mailbox.PidTagInternetMessageID, "<own@contoso.example>")
	p := &Parcel{Sender: sender(it), From: represented(it)}
	out, err := outward([]byte(raw), it, p)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestOutward(t *testing.T) {
	test := func(what, raw string, want, not string) {
		t.Helper()
		got := away(t, raw)
		for line := range strings.SplitSeq(want, "|") {
			if strings.Count("\r\n"+got, "\r\n"+line+"\r\n") != 1 {
				t.Errorf("%s: no line %q in %q", what, line, got)
			}
		}
		for bad := range strings.SplitSeq(not, "|") {
			if bad != "" && strings.Contains(strings.ToLower(got), bad) {
				t.Errorf("%s: %q in %q", what, bad, got)
			}
		}
	}
	const head = "Date: Mon, 02 Mar 2026 08:00:00 +0000\r\nMessage-ID: <a@b>\r\n"
	const right = "From: Anna <anna@contoso.example>\r\nSender: Ben <ben@contoso.example>\r\n"
	test("as it is", right+head+"Subject: x\r\n\r\nbody\r\n",
		"From: Anna <anna@contoso.example>|Sender: Ben <ben@contoso.example>|Message-ID: <a@b>|Date: Mon, 02 Mar 2026 08:00:00 +0000|body", "own@")
	test("another's name", "From: Chef <carla@contoso.example>\r\n"+head+"\r\nbody",
		"From: Anna <anna@contoso.example>|Sender: Ben <ben@contoso.example>", "carla")
	test("two authors", "From: anna@contoso.example, carla@contoso.example\r\n"+head+"\r\n", "From: Anna <anna@contoso.example>", "carla")
	test("two fields", "From: anna@contoso.example\r\nFrom: carla@contoso.example\r\n"+head+"\r\n", "From: Anna <anna@contoso.example>", "carla")
	test("no date, no id", right+"Subject: x\r\n\r\n", "Message-ID: <own@contoso.example>|Date: Mon, 02 Mar 2026 09:00:00 +0000|Subject: x", "")
	test("blind copies", right+head+"Bcc: carla@contoso.example,\r\n\tdora@contoso.example\r\nSubject: x\r\n\r\n", "Subject: x", "carla|dora|bcc")
	test("a blind copy behind a lone CR", right+head+"Subject: x\rBcc: carla@contoso.example\r\n\r\n", "Subject: x", "carla|bcc")
	test("a blind copy behind a lone LF", right+head+"Subject: x\nBcc: carla@contoso.example\r\n\r\n", "Subject: x", "carla|bcc")
	test("a dot that is no end", right+head+"\r\nbody\n.\nQUIT\r.\r", "body|QUIT", "")
	test("what servers say", right+head+"Return-Path: <carla@x.example>\r\nX-Entente-Sender: unverified\r\nX-MS-Exchange-Organization-SCL: -1\r\n\r\n",
		"Message-ID: <a@b>", "carla|x-entente|x-ms-exchange-organization")
	test("nothing", "", "From: Anna <anna@contoso.example>|Message-ID: <own@contoso.example>", "")
}

// FuzzOutward: whatever a client brings, others read one sender, one id, no blind
// copy, and lines that end as they should.
func FuzzOutward(f *testing.F) {
	f.Add([]byte("From: x@y\r\nBcc: a@b\r\n\r\nbody"))
	f.Add([]byte("From: x@y\rFrom : z@y\n\n.\n"))
	f.Add([]byte(" folded\r\nFrom:\r\n anna@contoso.example\r\n\r\n"))
	f.Add([]byte("From anna Mon\r\nFrom: carla@x.example\r\n\r\n"))
	f.Add([]byte(" ,carla@x.example\r\nMessage-ID:@"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		it := &mailbox.Item{}
		anna := message.Address{Name: "Anna", SMTP: "anna@contoso.example"}
		Sign(it, anna, anna, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
		out, err := outward(raw, it, &Parcel{Sender: anna, From: anna})
		if err != nil {
			return // beyond the limits
		}
		m, err := message.Parse(out, message.DefaultLimits())
		if err != nil {
			return
		}
		if len(m.From) != 1 || m.From[0].SMTP != anna.SMTP || len(m.Bcc) > 0 || count(m, "message-id") != 1 || count(m, "from") != 1 || count(m, "return-path") != 0 {
			t.Errorf("%q becomes %q: from %v, blind copies for %v", raw, out, m.From, m.Bcc)
		}
		if rest := bytes.ReplaceAll(out, []byte("\r\n"), nil); bytes.ContainsAny(rest, "\r\n") {
			t.Errorf("%q", out)
		}
	})
}
