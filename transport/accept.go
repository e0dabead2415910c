package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"

	"entente"
	"entente/authn"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// maxHops is through how many servers a message may have come: beyond it goes in a
// circle. RFC 5321 6.3
const maxHops = 50

// An arrival is a message that somebody brings.
type arrival struct {
	raw       []byte
	from      entente.SMTPAddress // the reverse path; "" for none
	to        []entente.SMTPAddress
	connector string
	lmtp      bool
	address   string // of the server that brings it
	hello     string // what that calls itself
	with      string // protocol, RFC 3848
	evidence  string
}

// notOurs are fields that servers of this organization write, and nobody else.
var notOurs = [...]string{"return-path", "x-entente-", "x-ms-exchange-organization-"}

// accept puts a message into the mailboxes of its recipients. The errors are one for
// each of them; err is about all.
func (s *Service) accept(ctx context.Context, a *arrival) (errs []*smtp.SMTPError, err error) {
	id := newID()
	raw := message.WithoutFields(message.Lines(a.raw), notOurs[:])
	if bytes.Count(fields(raw), []byte("\nreceived:")) > maxHops {
		return nil, refuse(554, smtp.EnhancedCode{5, 4, 6}, "The message has come through too many servers: it goes in a circle")
	}
	it := &mailbox.Item{}
	if err := it.SetMIME(raw, mailbox.ConvertOptions{}); err != nil {
		return nil, tooMuch(err)
	}
	own := s.ownSenders(a, it)
	if own && s.OwnSenders == RefuseOwn {
		return nil, refuse(550, smtp.EnhancedCode{5, 7, 1}, "Mail from here does not come from outside")
	}
	marked := own && s.OwnSenders == MarkOwn
	name := arrivalName(it, raw)
	whole := append(s.received(a, id, marked), raw...)
	if it.MIME != nil {
		it.MIME = whole
	}
	if marked {
		delivery.Unverified(it)
	}
	work := s.Door.Posted(authn.Posted{From: from(a, it), Connector: a.connector, Address: a.address, Evidence: a.evidence}, id)
	code := ""
	errs = make([]*smtp.SMTPError, len(a.to))
	var lost []delivery.Result
	got := 0
	for i, err := range s.Courier.Arrive(ctx, work, it, a.to, name) {
		if err == nil {
			got++
			continue
		}
		errs[i], code = s.answer(err), "NotDelivered"
		if errs[i].Code/100 == 5 {
			lost = append(lost, delivery.Result{To: string(a.to[i]), Action: delivery.Failed, Status: statusOf(errs[i])})
		}
	}
	// Those who have it are told yes, and so the server that brought it will not say
	// no to the sender for the others: this one does. By LMTP each is told of.
	if !a.lmtp && got > 0 && len(lost) > 0 && got+len(lost) == len(a.to) {
		err = s.Courier.Bounce(ctx, work, whole, lost, name+":report")
	}
	if e := errors.Join(err, work.Finish(ctx, code)); e != nil {
		s.Log.Error("transport: take a message", "message", id, "from", a.String(), "err", e)
		return nil, refuse(451, smtp.EnhancedCode{4, 3, 0}, "Try again later")
	}
	return errs, nil
}

// fields are the names of a header's fields in lower case, each at the beginning of
// a line.
func fields(raw []byte) []byte {
	head, _ := cutHeader(raw)
	return append([]byte("\n"), bytes.ToLower(head)...)
}

// tooMuch is the answer to a message beyond the limits.
func tooMuch(err error) error {
	switch reasonOf(err) {
	case message.ReasonMessageSize, message.ReasonHeaderSize:
		return refuse(552, smtp.EnhancedCode{5, 3, 4}, "The message is too large")
	case message.ReasonMIMEDepth, message.ReasonMIMEParts:
		return refuse(554, smtp.EnhancedCode{5, 6, 0}, "The message has too many parts")
	}
	return refuse(554, smtp.EnhancedCode{5, 6, 0}, "The message is not understood")
}

// answer says what became of a message for a recipient. What may yet work is to be
// brought again.
func (s *Service) answer(err error) *smtp.SMTPError {
	switch kind := kindOf(err); {
	case reasonOf(err) == mailbox.QuotaExceeded:
		return refuse(552, smtp.EnhancedCode{5, 2, 2}, "The mailbox is full")
	case kind == entente.TooLarge:
		return refuse(552, smtp.EnhancedCode{5, 3, 4}, "The message is too large")
	case !delivery.Final(err) || kind == entente.Conflict:
		s.Log.Error("transport: deliver", "err", err)
		return refuse(451, smtp.EnhancedCode{4, 3, 0}, "Try again later")
	case kind == entente.NotFound:
		return refuse(550, smtp.EnhancedCode{5, 1, 1}, "There is nobody with this address")
	}
	return refuse(550, smtp.EnhancedCode{5, 7, 1}, "The message may not be delivered")
}

// ownSenders reports whether a message says that it is from here.
func (s *Service) ownSenders(a *arrival, it *mailbox.Item) bool {
	for _, text := range [...]string{
		string(a.from), it.Props.String(mailbox.PidTagSenderSMTPAddress), it.Props.String(mailbox.PidTagSentRepresentingSMTP),
	} {
		_, domain, _ := strings.Cut(text, "@")
		if d, err := entente.ParseDomain(strings.TrimSpace(domain)); err == nil && s.Directory.Accepted(d) {
			return true
		}
	}
	return false
}

// from is who is on record with a message: whom its reverse path names, or else
// whom it says it is from.
func from(a *arrival, it *mailbox.Item) entente.SMTPAddress {
	if a.from != "" {
		return a.from
	}
	said, err := entente.ParseSMTPAddress(it.Props.String(mailbox.PidTagSenderSMTPAddress))
	if err != nil {
		return "mailer-daemon@unknown"
	}
	return said
}

// received are the lines that the last server of SMTP puts before a message. RFC
// 5321 4.4
func (s *Service) received(a *arrival, id string, marked bool) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <%s>\r\n", a.from)
	fmt.Fprintf(&b, "Received: from %s (%s)\r\n\tby %s with %s id %s;\r\n\t%s\r\n", helloName(a.hello), a.address, s.Name, a.with, id, s.Now().UTC().Format(traceDate))
	if marked {
		b.WriteString("X-Entente-Sender: unverified\r\n")
	}
	return b.Bytes()
}

// arrivalName is what a delivery is known by when it is tried again: the message's
// own id, and a hash of its body, so that nobody keeps a message out by sending
// another with its id before. What servers on the way write into headers does not
// count. One that has neither id nor date is another each time: mail servers write
// both, and what a script sends twice is meant twice.
func arrivalName(it *mailbox.Item, raw []byte) string {
	_, body := cutHeader(raw)
	id := it.Props.String(mailbox.PidTagInternetMessageID)
	if id == "" {
		at, dated := it.Props.Time(mailbox.PidTagClientSubmitTime)
		if !dated {
			return "smtp:" + newID()
		}
		id = fmt.Sprintf("%d %s %s", at.UnixNano(), it.Props.String(mailbox.PidTagSenderSMTPAddress), it.Props.String(mailbox.PidTagSubject))
	}
	return "smtp:" + hashed(id+"\x00"+string(body))
}
