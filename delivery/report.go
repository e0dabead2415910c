package delivery

import (
	"context"
	"fmt"
	"strings"
	"time"

	"entente/mailbox"
	"entente/message"
)

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

// report puts a non-delivery report into the sender's Inbox. RFC 3464. A sender
// without a mailbox here is told nothing, and nobody else in his place.
func (c *Courier) report(ctx context.Context, o Poster, l *letter, failed []failure) error {
	for _, f := range failed {
		c.failed(f.err)
	}
	to := sender(l.item)
	account, ok := o.Directory().Snapshot().FindSMTP(to.SMTP)
	if !ok || account.Mailbox.IsZero() {
		return nil
	}
	domain := o.Directory().DefaultDomain()
	postmaster := message.Address{Name: "Mail delivery", SMTP: "postmaster@" + string(domain)}
	subject := message.Clean(l.item.Props.String(mailbox.PidTagSubject))
	draft := message.Draft{
		From: []message.Address{postmaster}, To: []message.Address{{Name: message.Clean(account.Name), SMTP: string(account.Mail)}},
		Subject: "Undeliverable: " + subject, Date: o.Now(), MessageID: messageID(postmaster.SMTP),
		InReplyTo:     plainID(l.item.Props.String(mailbox.PidTagInternetMessageID)),
		AutoSubmitted: "auto-replied",
		TextBody:      reportText(subject, failed),
		Report:        &message.Report{Type: "delivery-status", Fields: reportFields(string(domain), failed, o.Now())},
	}
	raw, err := message.Compose(draft)
	if err != nil {
		return fmt.Errorf("write a report: %w", err)
	}
	it := &mailbox.Item{Arrival: l.item.Arrival}
	if err := it.SetMIME(raw, mailbox.ConvertOptions{}); err != nil {
		return fmt.Errorf("write a report: %w", err)
	}
	it.Class = "REPORT.IPM.Note.NDR"
	silence(&it.Props)
	return c.put(ctx, o, &letter{item: it}, &account, it)
}

func reportText(subject string, failed []failure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Your message \"%s\" did not reach some recipients.\r\n", subject)
	for _, f := range failed {
		fmt.Fprintf(&b, "\r\n%s\r\n    %s (%s)\r\n", message.Clean(f.asked.Address), statusText(f.status), f.status)
	}
	return b.String()
}

// reportFields are the groups of RFC 3464 2.2 and 2.3.
func reportFields(domain string, failed []failure, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n", domain, at.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	for _, f := range failed {
		fmt.Fprintf(&b, "\r\nFinal-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: %s\r\n", ascii(f.asked.Address), f.status)
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

// plainID returns a message id if it can stand in a header.
func plainID(id string) string {
	if !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, ">") || ascii(id) != id {
		return ""
	}
	return id
}
