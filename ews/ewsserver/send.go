package ewsserver

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"entente"
	"entente/access"
	"entente/delivery"
	"entente/ews"
	"entente/mailbox"
	"entente/message"
)

// postNew sends a message that is not in a mailbox yet, and keeps a copy if
// that was asked for. The copy is saved first: a message that went out without
// the copy that was promised would be sent again.
func (c *call) postNew(to *folderRef, it *mailbox.Item, keep bool) ([]ews.Item, error) {
	if err := c.sign(it); err != nil {
		return nil, err
	}
	if keep {
		it.Read = true
		if err := to.view.CreateItem(c.ctx, to.folder.ID, it); err != nil {
			return nil, err
		}
	}
	if err := c.post(to.view, it); err != nil {
		if keep {
			_, _ = to.view.DeleteItems(c.ctx, []mailbox.ItemID{it.ID}, mailbox.HardDelete)
		}
		return nil, err
	}
	return nil, nil
}

// post hands an item to the courier.
func (c *call) post(from *mailbox.View, it *mailbox.Item) error {
	if c.h.Courier == nil {
		return &ews.Fault{Code: ews.ErrorInvalidOperation, Text: "This server does not send messages."}
	}
	return c.h.Courier.Send(c.ctx, c.s, from, it)
}

// sign makes sure that the caller may send the item as whom it names, and
// writes who sends it into it.
func (c *call) sign(it *mailbox.Item) error {
	self := c.subject()
	from := message.Address{Name: self.Name, SMTP: string(self.Mail)}
	sender := from
	named := it.Props.String(mailbox.PidTagSentRepresentingSMTP)
	if named != "" && !c.isSelf(&self, named) {
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
	if from.SMTP == "" {
		return entente.Errorf(entente.Invalid, "the account %s has no address to send from", self.UPN).Because(access.MissingEmailAddress)
	}
	if err := c.bytesAgree(it, from.SMTP); err != nil {
		return err
	}
	// Who wrote a message in somebody else's name is not told to those who get it.
	it.Props.Delete(mailbox.PidTagLastModifierName)
	delivery.Sign(it, sender, from, c.s.Now())
	flags, _ := it.Props.Int(mailbox.PidTagMessageFlags)
	it.Props.SetInt(mailbox.PidTagMessageFlags, flags&^flagUnsent|flagFromMe)
	return nil
}

// isSelf reports whether an address is one of the account's.
func (c *call) isSelf(self *access.Account, address string) bool {
	a, ok := c.s.Snapshot().FindSMTP(address)
	return sameAddress(self.Mail, address) || ok && a.SID == self.SID
}

// bytesAgree drops the bytes a message came with if they name another sender
// than the one it is sent as: recipients must see what was allowed, wherever
// they look.
func (c *call) bytesAgree(it *mailbox.Item, from string) error {
	if it.MIME == nil {
		return nil
	}
	m, err := message.Parse(it.MIME, message.DefaultLimits())
	if err != nil {
		return err
	}
	same := func(list []message.Address) bool {
		for _, a := range list {
			if !strings.EqualFold(a.SMTP, from) {
				return false
			}
		}
		return true
	}
	if len(m.From) == 0 || !same(m.From) || !same(m.Sender) || len(m.Bcc) > 0 {
		it.MIME = nil
		it.Parts |= mailbox.PartMIME
	}
	return nil
}

func sendAsDenied() error { return &ews.Fault{Code: ews.ErrorSendAsDenied} }

// sendItem answers SendItem: drafts go out. [MS-OXWSCORE] 3.1.4.8
func (c *call) sendItem(req *ews.SendItem) (*ews.SendItemResponse, error) {
	if !req.SaveItemToFolder && req.SavedItemFolderID != nil {
		return nil, &ews.Fault{Code: ews.ErrorInvalidSendItemSaveSettings}
	}
	resp := &ews.SendItemResponse{ResponseMessages: make([]ews.ResponseMessage, len(req.ItemIDs))}
	for i := range req.ItemIDs {
		m := ews.Success()
		if err := c.sendOne(req, &req.ItemIDs[i]); err != nil {
			m = c.fail(err)
		}
		resp.ResponseMessages[i] = m
	}
	return resp, nil
}

func (c *call) sendOne(req *ews.SendItem, id *ews.BaseItemID) error {
	ref, err := c.baseItem(id)
	if err != nil {
		return err
	}
	// A draft is sent as it was when the client saw it last.
	if ref.change == 0 {
		return &ews.Fault{Code: ews.ErrorChangeKeyRequired}
	}
	if err := c.whole(&ref, access.DeleteAny); err != nil {
		return err
	}
	it, err := delivery.Load(c.ctx, ref.view, ref.id)
	if err != nil {
		return err
	}
	if err := stale(&ref, it); err != nil {
		return err
	}
	if !kindOf(it.Class).Is(ews.KindMessage) {
		return &ews.Fault{Code: ews.ErrorInvalidItemForOperationSendItem}
	}
	to, err := c.sentTo(req, &ref)
	if err != nil {
		return err
	}
	if err := c.mayPutAway(&ref, it, to); err != nil {
		return err
	}
	if err := c.sign(it); err != nil {
		return err
	}
	if err := c.post(ref.view, it); err != nil {
		return err
	}
	return c.putAway(&ref, it, to)
}

// sentTo is where the sent message goes; 0 for nowhere.
func (c *call) sentTo(req *ews.SendItem, ref *itemRef) (mailbox.FolderID, error) {
	if !req.SaveItemToFolder {
		return 0, nil
	}
	if req.SavedItemFolderID == nil {
		f, err := ref.view.FolderByName(c.ctx, mailbox.SentItems)
		if err != nil {
			return 0, err
		}
		return f.ID, nil
	}
	to, err := c.target(req.SavedItemFolderID)
	if err != nil {
		return 0, err
	}
	if to.view.Mailbox() != ref.view.Mailbox() {
		return 0, &ews.Fault{Code: ews.ErrorCrossMailboxMoveCopy}
	}
	return to.folder.ID, nil
}

// putAway turns the draft into the copy of what was sent, or removes it.
func (c *call) putAway(ref *itemRef, sent *mailbox.Item, to mailbox.FolderID) error {
	ids := []mailbox.ItemID{ref.id}
	if to == 0 {
		return firstError(ref.view.DeleteItems(c.ctx, ids, mailbox.HardDelete))
	}
	_, err := ref.view.UpdateItem(c.ctx, ref.id, 0, 0, func(it *mailbox.Item) error {
		it.Props = sent.Props
		it.Read = true
		if sent.MIME == nil {
			it.MIME = nil
			it.Parts |= mailbox.PartMIME
		}
		return nil
	})
	if err != nil {
		return err
	}
	return firstError(ref.view.MoveItems(c.ctx, ids, to))
}

// firstError is the error of a list of one.
func firstError(list []mailbox.Moved, err error) error {
	for i := range list {
		if err == nil {
			err = list[i].Err
		}
	}
	return err
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its documentation
	return hex.EncodeToString(b)
}

// newUID is the UID of a new appointment; Outlook's form of it, so that the
// global object id is the same bytes. [MS-OXOCAL] 2.2.1.27
func newUID() string {
	const class = "040000008200e00074c5b7101a82e008"
	return strings.ToUpper(class + strings.Repeat("0", 40) + "10000000" + randomHex(16))
}

func newMessageID(domain string) string {
	if domain == "" {
		domain = "localhost"
	}
	return "<" + randomHex(16) + "@" + domain + ">"
}
