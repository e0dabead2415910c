package easserver

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// phoneMIME are messages in the forms in which phones send them.
var phoneMIME = [...]string{
	toBen, withFile, answerBen, bomb(5),
	// iOS: a format of flowed text, and a name in encoded words.
	"Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 7bit\nFrom: =?utf-8?Q?Anna_Ek?= <anna@contoso.example>\nMime-Version: 1.0 (1.0)\nDate: Mon, 2 Mar 2026 10:00:00 +0100\nSubject: Re: Plan\nMessage-Id: <A1B2C3D4-0000-0000-0000-000000000001@contoso.example>\nReferences: <plan@contoso.example>\nIn-Reply-To: <plan@contoso.example>\nTo: Ben Vogel <ben@contoso.example>\nX-Mailer: iPhone Mail (21A329)\n\n\n\nSent from my iPhone\n",
	// iOS: an image between two texts.
	"Content-Type: multipart/mixed; boundary=Apple-Mail-1\nContent-Transfer-Encoding: 7bit\nFrom: anna@contoso.example\nMime-Version: 1.0\nSubject: Photo\nTo: ben@contoso.example\n\n\n--Apple-Mail-1\nContent-Type: text/plain; charset=us-ascii\n\nSee\n\n--Apple-Mail-1\nContent-Type: image/jpeg; name=IMG_0001.jpg\nContent-Disposition: inline; filename=IMG_0001.jpg\nContent-Transfer-Encoding: base64\n\n/9j/4AAQ\n\n--Apple-Mail-1\nContent-Type: text/plain; charset=us-ascii\n\n\n\nSent from my iPhone\n--Apple-Mail-1--\n",
	// Android: alternatives in base64, and a message that ends without its end.
	"Date: Mon, 02 Mar 2026 10:00:00 +0100\nSubject: =?UTF-8?B?R3LDvMOfZQ==?=\nMessage-ID: <x@email.android.com>\nFrom: anna@contoso.example\nTo: \"Vogel, Ben\" <ben@contoso.example>\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"--_com.android.email_1\"\n\n----_com.android.email_1\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZQ==\n\n----_com.android.email_1\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\nPHA+R3LDvMOfZTwvcD4=\n",
	// An invitation of a phone before 16.0.
	"From: anna@contoso.example\nTo: ben@contoso.example\nSubject: Talk\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/plain\n\nCome.\n--c\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nDTSTART:20260310T090000Z\nDTEND:20260310T100000Z\nORGANIZER:mailto:anna@contoso.example\nATTENDEE:mailto:ben@contoso.example\nEND:VEVENT\nEND:VCALENDAR\n--c--\n",
	// What somebody would slip in.
	"From: anna@contoso.example\nFrom: carla@contoso.example\nSender: carla@contoso.example\nBcc: dora@contoso.example\n Resent-Bcc: emil@contoso.example\nTo: ben@contoso.example\n\nx\n",
	"\nFrom: carla@contoso.example\n\nx", "From:\n\n", "",
}

// FuzzSubmission: whatever a phone hands in, what comes out has one sender, who was
// allowed, no reader of a blind copy in its header, and can be read and answered.
func FuzzSubmission(f *testing.F) {
	for _, s := range phoneMIME {
		f.Add(mimeOf(s), true)
		f.Add([]byte(s), false)
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	anna := message.Address{Name: "Anna Ek", SMTP: "anna@contoso.example"}
	f.Fuzz(func(t *testing.T, raw []byte, forward bool) {
		it := &mailbox.Item{Parts: mailbox.AllParts}
		if err := it.SetMIME(bytes.Clone(raw), mailbox.ConvertOptions{}); err != nil || it.MIME == nil {
			return
		}
		delivery.Sign(it, anna, anna, at)
		if err := delivery.SignBytes(it); err != nil {
			return
		}
		m, err := message.Parse(it.MIME, message.DefaultLimits())
		if err != nil {
			return // the header grew beyond the limit
		}
		if len(m.From) != 1 || m.From[0].SMTP != anna.SMTP && !strings.EqualFold(m.From[0].SMTP, anna.SMTP) || len(m.Sender) > 0 || len(m.Bcc) > 0 {
			t.Fatalf("from %v, sender %v, bcc %v: %q", m.From, m.Sender, m.Bcc, it.MIME)
		}
		old := &mailbox.Item{Body: it.Body, Props: it.Props.Clone(), Recipients: it.Recipients}
		quote(it, old)
		thread(&it.Props, old, at)
		if n := len(it.Props.Bytes(mailbox.PidTagConversationIndex)); n < 27 || (n-22)%5 != 0 {
			t.Fatalf("a conversation index of %d bytes", n)
		}
		it.MIME = nil
		if _, err := mailbox.ComposeMIME(it, mailbox.ComposeOptions{}); err != nil {
			t.Fatalf("the answer cannot be written: %v", err)
		}
	})
}

// FuzzMailElements: what a phone writes into a draft, a flag or a search never
// does more than fail.
func FuzzMailElements(f *testing.F) {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.AirSyncApplicationData)
	w.Text(wbxml.EmailTo, `"A" <a@b>, c`)
	w.Text(wbxml.EmailSubject, "s")
	w.Start(wbxml.EmailFlag)
	w.Text(wbxml.EmailStatus, "2")
	w.Text(wbxml.TasksDueDate, "2026-03-02T00:00:00.000Z")
	w.End()
	w.Start(wbxml.AirSyncBaseBody)
	w.Text(wbxml.AirSyncBaseType, "1")
	w.Text(wbxml.AirSyncBaseData, "x")
	w.End()
	w.Start(wbxml.AirSyncBaseAttachments)
	w.Start(wbxml.AirSyncBaseAdd)
	w.Text(wbxml.AirSyncBaseDisplayName, "n")
	w.Opaque(wbxml.AirSyncBaseContent, []byte("c"))
	w.End()
	w.End()
	w.End()
	f.Add(w.Bytes(), `from:ben "a phrase" wor* AND x`, "1:2:3", "0-9")
	c := &call{line: activesync.RequestLine{Version: activesync.V161}}
	f.Fuzz(func(t *testing.T, doc []byte, text, ref, part string) {
		if in, err := wbxml.Parse(doc, wbxml.DefaultLimits()); err == nil {
			it := &mailbox.Item{}
			_ = editDraft(c, it, in)
			_ = setFlag(&it.Props, in.Child(wbxml.EmailFlag), time.Time{})
			_ = setCategories(&it.Props, in, wbxml.EmailCategory)
			_, _ = readAttachments(c, it, in)
			var o options
			_ = readBodyOptions(in, &o)
		}
		h := hunt{call: c}
		if h.words(text); len(h.where) > maxWords {
			t.Errorf("%d words", len(h.where))
		}
		if folder, item, n, ok := parseFileReference(ref); ok {
			if again := fileReference(&mailbox.Item{Folder: folder, ID: item}, &mailbox.Attachment{ID: n}); again != ref {
				t.Errorf("%q is %q", ref, again)
			}
		}
		if r, ok := parseRange(part); ok && (r.first < 0 || r.last < r.first) {
			t.Errorf("%q is %v", part, r)
		}
	})
}
