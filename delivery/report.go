package delivery

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/mailbox"
	"entente/message"
)

// An Action is what has become of a message for a recipient. RFC 3464 2.3.3
type Action string

// The actions.
const (
	Failed    Action = "failed"
	Delayed   Action = "delayed"
	Delivered Action = "delivered" // it lies in the recipient's mailbox
	Relayed   Action = "relayed"   // a server has it that says no more
)

// A Result is what has become of a message for one recipient. RFC 3464 2.3
type Result struct {
	To         string
	Action     Action
	Status     string    // RFC 3463
	Remote     string    // name of the server that said so; "" if it was this one
	Diagnostic string    // what it said: an SMTP reply
	Until      time.Time // of what is delayed: how long it is tried
}

// statusTexts says to people what a status says to programs.
var statusTexts = [...]struct{ status, text string }{
	{statusBadAddress, "The address is not one that mail can be sent to."},
	{statusUnknown, "There is nobody with this address."},
	{statusNoRoute, "This server does not deliver to other organizations."},
	{statusFull, "The recipient's mailbox is full."},
	{statusTooLarge, "The message is too large for the recipient's mailbox."},
	{statusExpired, "The recipient's server could not be reached for too long."},
	{statusRefused, "The message may not be sent to the recipient."},
	{statusOther, "The message could not be delivered."},
}

func statusText(status string) string {
	for _, s := range statusTexts {
		if s.status == status {
			return s.text
		}
	}
	return statusTexts[len(statusTexts)-1].text
}

// report tells the sender who got nothing.
func (c *Courier) report(ctx context.Context, o Poster, l *letter, failed []failure) error {
	of := make([]Result, len(failed))
	for i := range failed {
		c.failed(failed[i].err)
		of[i] = failed[i].result()
	}
	return c.tell(ctx, o, l, of)
}

// tell puts a report into the sender's Inbox. RFC 3464. A sender who is not of this
// organization has it by a route, if the message came in by one and says where it
// is to be returned; else nobody is told, and nobody else in his place.
func (c *Courier) tell(ctx context.Context, o Poster, l *letter, of []Result) error {
	to := sender(l.item)
	account, ok := o.Directory().Snapshot().FindSMTP(to.SMTP)
	if !ok {
		return c.giveBack(ctx, o, l, of)
	}
	if account.Mailbox.IsZero() {
		return nil
	}
	it, err := reportItem(l.item, &account, string(o.Directory().DefaultDomain()), of, o.Now())
	if err != nil {
		return err
	}
	return c.put(ctx, o, &letter{item: it}, &account, it)
}

// giveBack sends a report along the reverse path that a message from outside has.
func (c *Courier) giveBack(ctx context.Context, o Poster, l *letter, of []Result) error {
	back := returnPath(l.item.MIME)
	if back == "" || o.Directory().Accepted(back.Domain()) || c.routeTo(back) == nil {
		return nil
	}
	it, err := reportItem(l.item, &access.Account{Principal: access.Principal{Mail: back}}, string(o.Directory().DefaultDomain()), of, o.Now())
	if err != nil {
		return err
	}
	if failed := c.carry(ctx, &letter{item: it}, []mailbox.Recipient{{Address: string(back)}}); len(failed) > 0 {
		return failed[0].err
	}
	return nil
}

func reportItem(about *mailbox.Item, to *access.Account, domain string, of []Result, at time.Time) (*mailbox.Item, error) {
	form := formOf(of)
	postmaster := message.Address{Name: "Mail delivery", SMTP: "postmaster@" + domain}
	subject := message.Clean(about.Props.String(mailbox.PidTagSubject))
	draft := message.Draft{
		From: []message.Address{postmaster}, To: []message.Address{{Name: message.Clean(to.Name), SMTP: string(to.Mail)}},
		Subject: form.prefix + subject, Date: at, MessageID: messageID(postmaster.SMTP),
		InReplyTo:     plainID(about.Props.String(mailbox.PidTagInternetMessageID)),
		AutoSubmitted: "auto-replied", Extra: noAnswers(),
		TextBody: reportText(form.text, subject, of),
		Report:   &message.Report{Type: "delivery-status", Fields: reportFields(domain, of, at)},
	}
	if head := headOf(about.MIME); len(head) > 0 { // RFC 6522 4
		draft.Attachments = []message.Attachment{{ContentType: "text/rfc822-headers", Data: bytes.Clone(withoutBcc(head))}}
	}
	raw, err := message.Compose(draft)
	if err != nil {
		return nil, fmt.Errorf("write a report: %w", err)
	}
	it := &mailbox.Item{Arrival: about.Arrival}
	if err := it.SetMIME(raw, mailbox.ConvertOptions{}); err != nil {
		return nil, fmt.Errorf("write a report: %w", err)
	}
	it.Class = form.class
	silence(&it.Props)
	return it, nil
}

// A form is how a report looks by what it is about. [MS-OXCMAIL] 2.2.3.2.2
type form struct{ class, prefix, text string }

// formOf returns the form of a report: that of the worst in it.
func formOf(of []Result) form {
	has := func(a Action) bool {
		for i := range of {
			if of[i].Action == a {
				return true
			}
		}
		return false
	}
	switch {
	case has(Failed):
		return form{"REPORT.IPM.Note.NDR", "Undeliverable: ", "Your message \"%s\" did not reach some recipients.\r\n"}
	case has(Delayed):
		return form{"REPORT.IPM.Note.Delayed.DR", "Delivery delayed: ", "Your message \"%s\" has not reached some recipients yet. There is nothing you need to do: it is tried again.\r\n"}
	case has(Delivered):
		return form{"REPORT.IPM.Note.DR", "Delivered: ", "Your message \"%s\" was delivered.\r\n"}
	}
	return form{"REPORT.IPM.Note.Relayed.DR", "Relayed: ", "Your message \"%s\" was handed to a server that sends no word of its delivery.\r\n"}
}

func reportText(text, subject string, of []Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, text, subject)
	for i := range of {
		r := &of[i]
		fmt.Fprintf(&b, "\r\n%s\r\n", message.Clean(r.To))
		switch r.Action {
		case Failed:
			fmt.Fprintf(&b, "    %s (%s)\r\n", statusText(r.Status), r.Status)
		case Delayed:
			fmt.Fprintf(&b, "    Tried until %s\r\n", r.Until.UTC().Format(time.RFC1123))
		}
		if r.Diagnostic != "" {
			fmt.Fprintf(&b, "    %s says: %s\r\n", message.Clean(r.Remote), message.Clean(r.Diagnostic))
		}
	}
	return b.String()
}

// maxDiagnostic bounds what is told of another server's words.
const maxDiagnostic = 500

// reportFields are the groups of RFC 3464 2.2 and 2.3.
func reportFields(domain string, of []Result, at time.Time) string {
	const date = "Mon, 02 Jan 2006 15:04:05 -0700"
	var b strings.Builder
	fmt.Fprintf(&b, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n", domain, at.UTC().Format(date))
	for i := range of {
		r := &of[i]
		fmt.Fprintf(&b, "\r\nFinal-Recipient: rfc822; %s\r\nAction: %s\r\nStatus: %s\r\n", ascii(r.To), r.Action, ascii(r.Status))
		if r.Remote != "" {
			fmt.Fprintf(&b, "Remote-MTA: dns; %s\r\n", ascii(r.Remote))
		}
		if r.Diagnostic != "" {
			fmt.Fprintf(&b, "Diagnostic-Code: smtp; %s\r\n", oneLine(r.Diagnostic))
		}
		if !r.Until.IsZero() {
			fmt.Fprintf(&b, "Will-Retry-Until: %s\r\n", r.Until.UTC().Format(date))
		}
	}
	return b.String()
}

// ascii makes a text fit for a report's fields.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// oneLine makes a reply fit for a field of a report: its words with single blanks.
func oneLine(s string) string {
	words := strings.Fields(s[:min(len(s), maxDiagnostic)])
	for i := range words {
		words[i] = ascii(words[i])
	}
	return strings.Join(words, " ")
}

// plainID returns a message id if it can stand in a header.
func plainID(id string) string {
	if !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, ">") || ascii(id) != id {
		return ""
	}
	return id
}

// returnPath is where a message that came from outside is to be returned to: the
// reverse path that its last SMTP server noted. RFC 5321 4.4
func returnPath(raw []byte) entente.SMTPAddress {
	if len(raw) == 0 {
		return ""
	}
	m, err := message.Parse(headOf(raw), message.DefaultLimits())
	if err != nil {
		return ""
	}
	text := strings.TrimSpace(m.Get("Return-Path"))
	a, err := entente.ParseSMTPAddress(strings.TrimSuffix(strings.TrimPrefix(text, "<"), ">"))
	if err != nil {
		return ""
	}
	return a
}
