package easserver

import (
	"strings"

	"entente/access"
	"entente/activesync"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// sign makes sure that the caller may send an item as whom it names, and writes
// who sends it into it and its bytes: recipients see what was allowed, wherever
// they look. An address of his own is nobody else's, and of no address comes his
// first.
func (c *call) sign(it *mailbox.Item) error {
	account, ok := c.s.Snapshot().FindSID(c.s.Caller().Subject().SID)
	if !ok || account.Mail == "" {
		return &statusError{activesync.MailSubmissionFailed, "the account has no address to send from"}
	}
	from := message.Address{Name: account.Name, SMTP: string(account.Mail)}
	sender := from
	if named := it.Props.String(mailbox.PidTagSentRepresentingSMTP); strings.Contains(named, "@") && !c.isSelf(&account, named) {
		a, ok := c.s.Snapshot().FindSMTP(named)
		if !ok || a.Mailbox.IsZero() {
			return sendAsDenied()
		}
		from = message.Address{Name: a.Name, SMTP: string(a.Mail)}
		switch {
		case c.s.May(a.Mailbox, access.SendAs) == nil:
			sender = from
		case c.s.May(a.Mailbox, access.SendOnBehalf) != nil:
			return sendAsDenied()
		}
	}
	// Who wrote a message in somebody else's name is not told to those who get it.
	it.Props.Delete(mailbox.PidTagLastModifierName)
	delivery.Sign(it, sender, from, c.s.Now())
	flags, _ := it.Props.Int(mailbox.PidTagMessageFlags)
	it.Props.SetInt(mailbox.PidTagMessageFlags, flags&^flagUnsent|flagFromMe)
	if it.MIME == nil {
		return nil
	}
	if err := delivery.SignBytes(it); err != nil {
		return &statusError{activesync.InvalidMIME, err.Error()}
	}
	return nil
}

// isSelf reports whether an address is one of the account's.
func (c *call) isSelf(account *access.Account, address string) bool {
	a, ok := c.s.Snapshot().FindSMTP(address)
	return strings.EqualFold(string(account.Mail), address) || ok && a.SID == account.SID
}

// sendAsDenied answers both who may not use an address and who has made one up.
func sendAsDenied() error {
	return &statusError{activesync.MailSubmissionFailed, "the sender is somebody else whom the caller may not send as"}
}
