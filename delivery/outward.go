package delivery

import (
	"bytes"
	"strings"

	"entente"
	"entente/mailbox"
	"entente/message"
)

// ownFields are what a message may carry within this organization and never out of
// it: the reader of a blind copy, where a message is returned to, and what servers
// note for themselves. A name that ends in "-" is the beginning of one.
var ownFields = [...]string{"bcc", "resent-bcc", "return-path", "x-entente-", "x-ms-exchange-organization-"}

// outward writes a message as others may have it. Its sender may have brought its
// bytes: whom it is from is who was found to be allowed to send it, its body is
// left as it is, and no reader of a blind copy stands in it. (threat M3)
func outward(raw []byte, it *mailbox.Item, p *Parcel) ([]byte, error) {
	raw = message.Lines(raw) // else what is no field of its own here might be one there
	m, err := message.Parse(headOf(raw), message.DefaultLimits())
	if err != nil {
		return nil, err
	}
	drop := append([]string(nil), ownFields[:]...)
	var say message.Draft
	person := func(name string, said []message.Address, who message.Address) (now []message.Address) {
		if len(said) == 1 && strings.EqualFold(said[0].SMTP, who.SMTP) && count(m, name) == 1 {
			return nil
		}
		drop = append(drop, name)
		return []message.Address{{Name: message.Clean(who.Name), SMTP: who.SMTP}}
	}
	say.From = person("from", m.From, p.From)
	if strings.EqualFold(p.Sender.SMTP, p.From.SMTP) {
		drop = append(drop, "sender")
	} else {
		say.Sender = person("sender", m.Sender, p.Sender)
	}
	if m.Date.IsZero() || count(m, "date") != 1 {
		drop = append(drop, "date")
		say.Date, _ = it.Props.Time(mailbox.PidTagClientSubmitTime)
	}
	if m.MessageID == "" || count(m, "message-id") != 1 {
		drop = append(drop, "message-id")
		if say.MessageID = plainID(it.Props.String(mailbox.PidTagInternetMessageID)); say.MessageID == "" {
			say.MessageID = messageID(p.From.SMTP)
		}
	}
	added, err := message.Compose(say)
	if err != nil {
		return nil, err
	}
	// Compose ends its header with these two, which the message has itself.
	added, _, ok := bytes.Cut(added, []byte("MIME-Version:"))
	if !ok {
		return nil, entente.Errorf(entente.Internal, "a header was written in another form than expected")
	}
	return append(bytes.Clone(added), message.WithoutFields(raw, drop)...), nil
}

// count is how often a field stands in a header.
func count(m *message.Message, name string) (n int) {
	for _, f := range m.Header {
		if strings.EqualFold(strings.TrimSpace(f.Name), name) {
			n++
		}
	}
	return n
}

// SignBytes has the bytes that a message came with say of its sender what Sign has
// written into it: who sends it, for whom, when, and no reader of a blind copy.
// What follows the header is left as it is, for it may be signed.
func SignBytes(it *mailbox.Item) error {
	raw, err := outward(it.MIME, it, &Parcel{Sender: sender(it), From: represented(it)})
	if err == nil {
		it.MIME = raw
		it.Parts |= mailbox.PartMIME
	}
	return err
}
