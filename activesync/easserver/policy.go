package easserver

import (
	"entente/access"
	"entente/activesync"
	"entente/mailbox"
)

// What of the mobile device mailbox policy is kept to here, whatever a phone says:
// how far back it synchronizes, how much of a message it gets and in which form, and
// which attachments. The rest only the phone can keep to.

// policy is the mobile device mailbox policy of whose mailbox it is; nil if there
// is none. It must not be changed.
func (c *call) policy() *access.MobilePolicy { return c.mobile }

// policyFilter is the filter that a phone may have at most.
func (c *call) policyFilter(class activesync.Class, asked int) int {
	p := c.policy()
	switch {
	case p == nil:
	case class == activesync.Email:
		return p.MaxEmailAgeFilter.Bounds(asked)
	case class == activesync.Calendar:
		return p.MaxCalendarAgeFilter.Bounds(asked)
	}
	return asked
}

// isMail reports whether what the policy says of mail is about an item.
func isMail(it *mailbox.Item) bool {
	return hasPrefixFold(it.Class, "IPM.Note") || hasPrefixFold(it.Class, "IPM.Schedule") || hasPrefixFold(it.Class, "REPORT")
}

// policyBody is how long a body may be: the smaller of what is asked for and what
// the policy lets a phone have, in bytes; -1 for all of it.
func (c *call) policyBody(it *mailbox.Item, kind int, asked int64) int64 {
	p := c.policy()
	if p == nil || !isMail(it) {
		return asked
	}
	most := p.MaxEmailBodyTruncationSize
	if kind != plainBody {
		most = p.MaxEmailHTMLBodyTruncationSize
	}
	if most *= 1024; most > 0 && (asked < 0 || asked > most) {
		return most
	}
	return asked
}

// plainOnly reports whether an item goes out as plain text alone.
func (c *call) plainOnly(it *mailbox.Item) bool {
	p := c.policy()
	return p != nil && !p.AllowHTMLEmail && isMail(it)
}

// wholeMIME reports whether an item may go out as the message it is, with all that
// is in it. What is signed or encrypted goes out so or not at all.
func (c *call) wholeMIME(it *mailbox.Item) bool {
	p := c.policy()
	return p == nil || !isMail(it) || p.AllowHTMLEmail && p.AttachmentsEnabled && p.MaxAttachmentSize == 0 || hasPrefixFold(it.Class, "IPM.Note.SMIME")
}

// noAttachments reports whether attachments do not go out.
func (c *call) noAttachments() bool {
	p := c.policy()
	return p != nil && !p.AttachmentsEnabled
}

// operationWithheld is the status of ItemOperations for what access to is denied.
// [MS-ASCMD] 2.2.3.177.8
const operationWithheld activesync.Status = 16

// mayFetch asks whether an attachment may go out.
func (c *call) mayFetch(size int64) error {
	p := c.policy()
	switch {
	case p == nil:
	case !p.AttachmentsEnabled:
		return &statusError{operationWithheld, "the policy " + p.Name + " lets no attachments out"}
	case p.MaxAttachmentSize > 0 && size > p.MaxAttachmentSize:
		return &statusError{operationTooLarge, "the attachment is larger than the policy " + p.Name + " allows"}
	}
	return nil
}
