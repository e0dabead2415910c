package easserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/delivery"
	"entente/mailbox"
	"entente/message"
)

// sendMail sends a message. [MS-ASCMD] 2.2.1.17
func (c *call) sendMail() error {
	m, err := c.submission()
	if err != nil {
		return err
	}
	return c.submit(m)
}

// A submission is a message that a phone hands in.
type submission struct {
	raw  []byte
	save bool // a copy in Sent Items
	// name is what it is sent under once, however often the phone repeats itself;
	// empty if nothing tells two of them apart.
	name string

	// Of SmartReply and SmartForward: what it is about, and whether it says all
	// that it is to say.
	about   *source
	whole   bool
	forward []mailbox.Recipient // Forwardees
}

// maxClientID is how long a ClientId may be. [MS-ASCMD] 2.2.3.28.1
const maxClientID = 40

// submission reads the request: a message and parameters of the query in 12.1, a
// document after that.
func (c *call) submission() (*submission, error) {
	if c.body == nil {
		if c.at(activesync.V140) {
			return nil, &statusError{activesync.InvalidXML, "a message without its document"}
		}
		return &submission{raw: c.raw, save: c.line.SaveInSent, name: c.nameOfMessage()}, nil
	}
	id := c.body.Get(wbxml.ComposeMailClientId)
	if id == "" || len(id) > maxClientID {
		return nil, &statusError{activesync.InvalidXML, "no ClientId, or one that is too long"}
	}
	// The account is the one that signed in, and it has no other one.
	if c.body.Has(wbxml.ComposeMailAccountId) {
		if !c.at(activesync.V141) {
			return nil, &statusError{activesync.InvalidXML, "an AccountId before 14.1"}
		}
		return nil, &statusError{activesync.InvalidAccountID, "an AccountId that was not given out"}
	}
	if c.body.Has(wbxml.RightsManagementTemplateID) {
		return nil, &statusError{activesync.IRMFeatureDisabled, "rights management"}
	}
	m := &submission{save: c.body.Has(wbxml.ComposeMailSaveInSentItems), whole: c.body.Has(wbxml.ComposeMailReplaceMime)}
	if mime := c.body.Child(wbxml.ComposeMailMime); mime != nil {
		m.raw = mime.Content
	}
	m.name = c.sendingName([]byte(id))
	return m, nil
}

// sendingName is the name under which a message is sent once. Phones do not see
// each other's.
func (c *call) sendingName(what []byte) string {
	sum := sha256.Sum256(append([]byte(c.client()+"\x00"), what...))
	return "eas-send " + hex.EncodeToString(sum[:16])
}

// nameOfMessage is the name of a message of 12.1, which has no ClientId: its own
// bytes, provided that two messages differ in them.
func (c *call) nameOfMessage() string {
	head := c.raw[:min(len(c.raw), message.DefaultLimits().Header)]
	m, err := message.Parse(head, message.DefaultLimits())
	if err != nil || m.MessageID == "" && m.Date.IsZero() {
		return ""
	}
	return c.sendingName(c.raw)
}

// submit sends a message once, keeps its copy, and marks what it answers. What is
// done twice, since an answer was lost on the way, is done under the same names:
// no mailbox gets a second one. [MS-ASCMD] 2.2.3.28.1
func (c *call) submit(m *submission) error {
	if c.h.Courier == nil {
		return &statusError{activesync.MailSubmissionFailed, "this server does not send messages"}
	}
	if sent, err := c.sentBefore(m.name); err != nil {
		return err
	} else if sent {
		// 12.1 knows no status for it, and its phone only wants to hear that it went.
		if !c.at(activesync.V140) {
			return nil
		}
		return &statusError{activesync.MessagePreviouslySent, "a ClientId that was used before"}
	}
	it, err := c.letter(m)
	if err != nil {
		return err
	}
	if err := c.post(it, m.name, m.save); err != nil {
		return err
	}
	if m.about != nil {
		c.mark(m.about, it)
	}
	c.noteSent(m.name)
	return nil
}

// letter makes an item of what is handed in.
func (c *call) letter(m *submission) (*mailbox.Item, error) {
	it := &mailbox.Item{Parts: mailbox.AllParts, Read: true}
	switch {
	case len(m.raw) > message.DefaultLimits().Bytes:
		return nil, &statusError{activesync.AttachmentIsTooLarge, "a message beyond the limit"}
	case len(m.raw) == 0 && len(m.forward) == 0:
		return nil, &statusError{activesync.InvalidMIME, "a message without content"}
	case len(m.raw) == 0:
		it.Class = "IPM.Note"
	default:
		if err := c.read(it, m.raw); err != nil {
			return nil, err
		}
	}
	if m.about != nil {
		c.follow(it, m)
	}
	size := int64(len(it.MIME))
	for i := range it.Attachments {
		size += max(it.Attachments[i].Size, int64(len(it.Attachments[i].Content)))
	}
	if size > c.view.Limits().Item {
		return nil, &statusError{activesync.AttachmentIsTooLarge, "a message that no mailbox takes, with what it sends on"}
	}
	return it, nil
}

// read makes an item of a message. Who reads it later has limits too, so what is
// beyond them is refused now.
func (c *call) read(it *mailbox.Item, raw []byte) error {
	err := it.SetMIME(raw, mailbox.ConvertOptions{Zones: c.view.Zones()})
	var known *entente.Error
	switch {
	case errors.As(err, &known) && known.Reason == message.ReasonMessageSize:
		return &statusError{activesync.AttachmentIsTooLarge, known.Text}
	case err != nil:
		return &statusError{activesync.InvalidMIME, err.Error()}
	case it.MIME == nil: // an iCalendar object alone, or a card
		return &statusError{activesync.InvalidMIME, "the content is no message"}
	case len(it.Recipients) == 0 && it.Props.String(mailbox.PidTagSubject) == "" && it.Props.String(mailbox.PidTagSenderSMTPAddress) == "":
		return &statusError{activesync.InvalidMIME, "the content is no message"}
	}
	return nil
}

// post signs an item, keeps a copy and hands it to the courier. The copy is kept
// first: a mailbox that has no room for it says so before anything goes out. The
// name makes of every try the same sending; empty, each is one.
func (c *call) post(it *mailbox.Item, name string, save bool) error {
	if err := c.sign(it); err != nil {
		return err
	}
	it.Arrival = name
	meeting := delivery.IsMeetingMessage(it.Class)
	if meeting {
		// What everybody knows is not sent again, and fills no Sent Items.
		if send, err := c.meetingMail(it); err != nil || !send {
			return err
		}
	}
	copied := mailbox.ItemID(0)
	if save {
		var err error
		if copied, err = c.keepCopy(it, name); err != nil {
			return err
		}
	}
	err := c.h.Courier.Send(c.ctx, c.s, c.view, it)
	if err != nil && copied != 0 {
		_, _ = c.view.DeleteItems(c.ctx, []mailbox.ItemID{copied}, mailbox.HardDelete)
	}
	if err == nil && meeting {
		c.meetingMailSent(it)
	}
	return sendingError(err)
}

// maxCopies is how often a copy is kept of tries that failed.
const maxCopies = 32

// keepCopy keeps a copy in Sent Items: one, however often a message is tried. That
// of a try which failed is gone, and so is its name.
func (c *call) keepCopy(it *mailbox.Item, name string) (mailbox.ItemID, error) {
	folder, err := c.view.FolderByName(c.ctx, mailbox.SentItems)
	if err != nil {
		return 0, err
	}
	for n := range maxCopies {
		kept := *it
		kept.Props = it.Props.Clone()
		if name != "" {
			// The message itself may have come to the sender too, under its name.
			kept.Arrival = name + " copy " + strconv.Itoa(n)
		}
		if err := c.view.CreateItem(c.ctx, folder.ID, &kept); err != nil {
			return 0, err
		}
		if kept.Change != 0 {
			return kept.ID, nil
		}
	}
	return 0, nil
}

// sendingError is what the phone is told of a message that cannot go out.
func sendingError(err error) error {
	switch {
	case err == nil:
		return nil
	case isReason(err, delivery.NoRecipients):
		return &statusError{activesync.MessageHasNoRecipient, err.Error()}
	case isReason(err, delivery.TooManyRecipients):
		return &statusError{activesync.MessageRecipientUnresolved, err.Error()}
	case isReason(err, mailbox.QuotaExceeded):
		return &statusError{activesync.SendQuotaExceeded, err.Error()}
	}
	return err
}

// stateSent is what is kept of a phone's sent messages: the ends of their names,
// the latest last. A phone repeats itself soon or never.
const (
	stateSent   = "sent"
	sentName    = 16
	maxSentKept = 128
)

// sentBefore reports whether a message of the name went out.
func (c *call) sentBefore(name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	kept, err := c.view.ClientState(c.ctx, c.client(), stateSent)
	if err != nil {
		return false, err
	}
	key := name[len(name)-sentName:]
	for one := range slices.Chunk(kept[0].Value, sentName) {
		if string(one) == key {
			return true, nil
		}
	}
	return false, nil
}

// noteSent notes that it did. Should that fail, the names that the message was
// delivered under do the same, only slower.
func (c *call) noteSent(name string) {
	if name == "" {
		return
	}
	kept, err := c.view.ClientState(c.ctx, c.client(), stateSent)
	if err == nil {
		value := append(kept[0].Value, name[len(name)-sentName:]...)
		value = value[max(0, len(value)-sentName*maxSentKept):]
		err = c.view.SetClientState(c.ctx, c.client(), mailbox.ClientState{Name: stateSent, Value: value})
	}
	if err != nil {
		c.h.Log.Warn("sent", "request", c.s.RequestID(), "err", err)
	}
}
