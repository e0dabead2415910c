package easserver

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/directory"
	"entente/mailbox"
)

// mimeOf is a message as phones write it: lines that end in LF here end in CRLF
// on the wire.
func mimeOf(s string) []byte {
	return []byte(strings.ReplaceAll(strings.TrimLeft(s, "\n"), "\n", "\r\n"))
}

const toBen = `
From: Anna Ek <anna@contoso.example>
To: Ben Vogel <ben@contoso.example>
Subject: Figures
Date: Mon, 02 Mar 2026 09:00:00 +0000
Message-ID: <figures@phone>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

The figures are in.
`

// hand sends a message the way of the phone's version.
func (p *phone) hand(cmd activesync.Command, id string, raw []byte, more func(w *wbxml.Writer)) *reply {
	p.Helper()
	if p.version < activesync.V140 {
		p.more.SaveInSent = true
		return p.sendRaw(cmd, "message/rfc822", raw)
	}
	return p.send(cmd, func(w *wbxml.Writer) {
		w.Start(documents()[cmd].root)
		w.Text(wbxml.ComposeMailClientId, id)
		w.Empty(wbxml.ComposeMailSaveInSentItems)
		if more != nil {
			more(w)
		}
		if raw != nil {
			w.Opaque(wbxml.ComposeMailMime, raw)
		}
		w.End()
	})
}

// lies are the items of a distinguished folder, with everything in them, the
// latest first.
func (h *house) lies(who string, in mailbox.DistinguishedName) []*mailbox.Item {
	h.Helper()
	page, err := h.view(who).Find(context.WithoutCancel(h.Context()), mailbox.Query{Folder: h.folder(who, in), Parts: mailbox.AllParts})
	h.must(err)
	return page.Items
}

// one expects a single item in a folder.
func (h *house) one(who string, in mailbox.DistinguishedName) *mailbox.Item {
	h.Helper()
	list := h.lies(who, in)
	if len(list) != 1 {
		h.Fatalf("%s has %d items in %s, want one", who, len(list), in)
	}
	return list[0]
}

// TestSendMail: in every version a message arrives once, however often the phone
// sends it, and one copy is kept.
func TestSendMail(t *testing.T) {
	for _, v := range activesync.Versions() {
		t.Run(v.String(), func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				p := h.phone("anna", v)
				if a := p.hand(activesync.SendMail, "m1", mimeOf(toBen), nil); a.status != 200 || len(a.raw) != 0 {
					t.Fatalf("HTTP %d %s", a.status, dump(a.root))
				}
				again := p.hand(activesync.SendMail, "m1", mimeOf(toBen), nil)
				if v >= activesync.V140 {
					again.is(activesync.MessagePreviouslySent)
				} else if again.status != 200 || len(again.raw) != 0 {
					t.Errorf("again: HTTP %d", again.status)
				}
				got := h.one("ben", mailbox.Inbox)
				if s := got.Props.String(mailbox.PidTagSubject); s != "Figures" || !bytes.Contains(got.Body.Text, []byte("The figures are in.")) || got.Read {
					t.Errorf("%q %q read %v", s, got.Body.Text, got.Read)
				}
				kept := h.one("anna", mailbox.SentItems)
				if !kept.Read || kept.MessageFlags()&flagUnsent != 0 || kept.MessageFlags()&flagFromMe == 0 {
					t.Errorf("the copy: read %v, flags %x", kept.Read, kept.MessageFlags())
				}
			})
		})
	}
}

// TestSendMailTwoPhones: ids of one phone mean nothing for another.
func TestSendMailTwoPhones(t *testing.T) {
	h := open(t)
	h.phone("anna", activesync.V161).hand(activesync.SendMail, "m1", mimeOf(toBen), nil).ok()
	h.phone("anna", activesync.V141).hand(activesync.SendMail, "m1", mimeOf(toBen), nil).ok()
	if n := len(h.lies("ben", mailbox.Inbox)); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
}

// TestSendMailLostHalfway: what was delivered and not noted is not delivered again.
func TestSendMailLostHalfway(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.phone("anna", activesync.V161)
		p.hand(activesync.SendMail, "m1", mimeOf(toBen), nil).ok()
		h.must(h.view("anna").ForgetClient(context.WithoutCancel(t.Context()), "eas "+string(h.sids["anna"])+" "+p.id))
		p.hand(activesync.SendMail, "m1", mimeOf(toBen), nil).ok()
		h.one("ben", mailbox.Inbox)
		h.one("anna", mailbox.SentItems)
	})
}

// TestSendMailRefused: what cannot be sent says so, and leaves nothing anywhere.
func TestSendMailRefused(t *testing.T) {
	h := open(t)
	n := 0
	test := func(what, raw string, v activesync.Version, want activesync.Status) {
		t.Helper()
		n++
		h.phone("anna", v).hand(activesync.SendMail, fmt.Sprint("r", n), mimeOf(raw), nil).is(want)
		if len(h.lies("anna", mailbox.SentItems)) != 0 || len(h.lies("ben", mailbox.Inbox)) != 0 {
			t.Fatalf("%s: something was sent or kept", what)
		}
	}
	to := func(from string) string { return strings.Replace(toBen, "Anna Ek <anna@contoso.example>", from, 1) }
	test("nobody", strings.Replace(toBen, "To: Ben Vogel <ben@contoso.example>\n", "", 1), activesync.V161, activesync.MessageHasNoRecipient)
	test("somebody else", to("Carla Ruiz <carla@contoso.example>"), activesync.V161, activesync.MailSubmissionFailed)
	test("a stranger", to("x@fabrikam.example"), activesync.V141, activesync.MailSubmissionFailed)
	test("somebody else, of old", to("Carla Ruiz <carla@contoso.example>"), activesync.V121, activesync.MailSubmissionFailed)
	test("nothing", "", activesync.V161, activesync.InvalidMIME)
	test("no message", "BEGIN:VCARD\nVERSION:3.0\nFN:x\nEND:VCARD\n", activesync.V161, activesync.InvalidMIME)
	test("noise", "\x00\x01\x02", activesync.V161, activesync.InvalidMIME)
	test("too large", toBen+strings.Repeat("x", 26<<20), activesync.V161, activesync.AttachmentIsTooLarge)
	test("a bomb", bomb(40), activesync.V161, activesync.InvalidMIME)

	doc := func(what string, want activesync.Status, v activesync.Version, write func(w *wbxml.Writer)) {
		t.Helper()
		h.phone("anna", v).send(activesync.SendMail, func(w *wbxml.Writer) {
			w.Start(wbxml.ComposeMailSendMail)
			write(w)
			w.Opaque(wbxml.ComposeMailMime, mimeOf(toBen))
			w.End()
		}).is(want)
		if len(h.lies("ben", mailbox.Inbox)) != 0 {
			t.Fatalf("%s: something was sent", what)
		}
	}
	doc("no id", activesync.InvalidXML, activesync.V161, func(*wbxml.Writer) {})
	doc("a long id", activesync.InvalidXML, activesync.V161, func(w *wbxml.Writer) { w.Text(wbxml.ComposeMailClientId, strings.Repeat("x", 41)) })
	account := func(w *wbxml.Writer) {
		w.Text(wbxml.ComposeMailClientId, "a")
		w.Text(wbxml.ComposeMailAccountId, "1")
	}
	doc("an account", activesync.InvalidAccountID, activesync.V141, account)
	doc("an account, of old", activesync.InvalidXML, activesync.V140, account)
	doc("a template", activesync.IRMFeatureDisabled, activesync.V161, func(w *wbxml.Writer) {
		w.Text(wbxml.ComposeMailClientId, "a")
		w.Text(wbxml.RightsManagementTemplateID, "1")
	})
}

// bomb is a message of multiparts within multiparts.
func bomb(depth int) string {
	var b strings.Builder
	b.WriteString("From: anna@contoso.example\nTo: ben@contoso.example\nSubject: x\nMIME-Version: 1.0\n")
	for i := range depth {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\n\nx\n")
	return b.String()
}

// TestSendMailSender: whoever reads a message sees who was allowed to send it, in
// its properties and in its bytes, and nobody reads of blind copies.
func TestSendMailSender(t *testing.T) {
	h := open(t)
	raw := strings.Replace(toBen, "From: Anna Ek <anna@contoso.example>", "Sender: carla@contoso.example\nFrom: ANNA@contoso.example\nBcc: dora@contoso.example", 1)
	h.phone("anna", activesync.V161).hand(activesync.SendMail, "m1", mimeOf(raw), nil).ok()
	for _, who := range []string{"ben", "dora"} {
		got := h.one(who, mailbox.Inbox)
		head, _, _ := strings.Cut(string(got.MIME), "\r\n\r\n")
		for _, bad := range []string{"carla", "dora", "Bcc"} {
			if strings.Contains(head, bad) {
				t.Errorf("%s reads %q in %q", who, bad, head)
			}
		}
		if s := got.Props.String(mailbox.PidTagSentRepresentingName) + got.Props.String(mailbox.PidTagSenderSMTPAddress); s != "Anna Ekanna@contoso.example" {
			t.Errorf("%s has it from %q", who, s)
		}
	}
	kept := h.one("anna", mailbox.SentItems)
	if s := kept.Props.String(mailbox.PidTagDisplayBcc); s != "dora@contoso.example" {
		t.Errorf("the copy's Bcc: %q", s)
	}
}

// TestSendMailSigned: the bytes that a signature covers arrive as they were sent.
func TestSendMailSigned(t *testing.T) {
	h := open(t)
	signed := strings.Replace(toBen, "Content-Type: text/plain; charset=utf-8\n", "Bcc: dora@contoso.example\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s\n", 1)
	head, _, _ := strings.Cut(signed, "\n\n")
	part := "--s\nContent-Type: text/plain\n\nSigned  text, \u00e9 \n--s\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nMIIB\n--s--\n"
	h.phone("anna", activesync.V161).hand(activesync.SendMail, "m1", mimeOf(head+"\n\n"+part), nil).ok()
	got := h.one("ben", mailbox.Inbox)
	_, body, _ := bytes.Cut(got.MIME, []byte("\r\n\r\n"))
	if got.Class != "IPM.Note.SMIME.MultipartSigned" || !bytes.Equal(body, mimeOf(part)) {
		t.Errorf("%s %q", got.Class, body)
	}
}

// TestSendMailFull: who has no room for the copy sends nothing, and can send it
// later under the same id; what failed on the way leaves no copy.
func TestSendMailFull(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V161)
	nobody := strings.Replace(toBen, "To: Ben Vogel <ben@contoso.example>\n", "", 1)
	for range 3 {
		p.hand(activesync.SendMail, "m1", mimeOf(nobody), nil).is(activesync.MessageHasNoRecipient)
	}
	p.hand(activesync.SendMail, "m1", mimeOf(toBen), nil).ok()
	h.one("anna", mailbox.SentItems)
	h.one("ben", mailbox.Inbox)
}

// TestSendMailOnBehalf: who may send on somebody's behalf does so by a phone too,
// and it says so; who may send as him does not.
func TestSendMailOnBehalf(t *testing.T) {
	for _, c := range []struct {
		rights       access.Rights
		sender, head string
	}{
		{access.SendOnBehalf, "anna@contoso.example", "Sender: Anna Ek <anna@contoso.example>\r\n"},
		{access.SendAs, "carla@contoso.example", ""},
	} {
		h := open(t)
		h.must(h.door.Directory.Update(t.Context(), func(x *directory.Change) error {
			return x.SetMailboxPermission(access.MailboxPermission{Mailbox: h.boxes["carla"], To: h.sids["anna"], Rights: c.rights})
		}))
		raw := strings.Replace(toBen, "Anna Ek <anna@contoso.example>", "Carla Ruiz <carla@contoso.example>", 1)
		h.phone("anna", activesync.V161).hand(activesync.SendMail, "b1", mimeOf(raw), nil).ok()
		got := h.one("ben", mailbox.Inbox)
		if s := got.Props.String(mailbox.PidTagSentRepresentingSMTP) + " " + got.Props.String(mailbox.PidTagSenderSMTPAddress); s != "carla@contoso.example "+c.sender {
			t.Errorf("from %s", s)
		}
		if has := bytes.Contains(got.MIME, []byte("\r\nSender:")) || bytes.HasPrefix(got.MIME, []byte("Sender:")); has != (c.head != "") || !bytes.Contains(got.MIME, []byte(c.head)) {
			t.Errorf("%q", got.MIME)
		}
	}
}

// TestSendMailAtOnce: a phone that does not wait for the answer and asks again has
// sent one message.
func TestSendMailAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() { h.phone("anna", activesync.V161).hand(activesync.SendMail, "m1", mimeOf(toBen), nil) })
		}
		all.Wait()
		h.one("ben", mailbox.Inbox)
		h.one("anna", mailbox.SentItems)
	})
}

// TestSendMailOld: 12.1 keeps a copy if it is asked to, and a message by which
// nobody can tell whether it is another one is sent as often as it comes.
func TestSendMailOld(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V121)
	p.sendRaw(activesync.SendMail, "message/rfc822", mimeOf(toBen)).ok()
	if n := len(h.lies("anna", mailbox.SentItems)); n != 0 {
		t.Errorf("%d copies that nobody wanted", n)
	}
	bare := strings.NewReplacer("Date: Mon, 02 Mar 2026 09:00:00 +0000\n", "", "Message-ID: <figures@phone>\n", "").Replace(toBen)
	for range 2 {
		p.hand(activesync.SendMail, "", mimeOf(bare), nil).ok()
	}
	if n := len(h.lies("ben", mailbox.Inbox)); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
}
