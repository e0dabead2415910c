package easserver

import (
	"strconv"

	"entente/activesync/wbxml"
	"entente/delivery"
	"entente/mailbox"
)

// sendDraft sends a draft and makes it the copy in Sent Items: what Send does in
// Add and Change of 16.0 and later. What was sent is left alone, so that a phone
// that repeats itself sends nothing twice. [MS-ASEMAIL] 2.2.2.69
func (c *call) sendDraft(id mailbox.ItemID) error {
	it, err := delivery.Load(c.ctx, c.view, id)
	if err != nil {
		return err
	}
	sent, err := c.view.FolderByName(c.ctx, mailbox.SentItems)
	if err != nil {
		return err
	}
	if it.MessageFlags()&flagUnsent != 0 {
		// The name holds until the draft is changed: of one try that failed halfway,
		// nobody gets a second one.
		name := c.sendingName([]byte("draft " + strconv.FormatUint(uint64(it.ID), 10) + " " + strconv.FormatUint(it.Change, 10)))
		if err := c.post(it, name, false); err != nil {
			return err
		}
		_, err = c.view.UpdateItem(c.ctx, id, 0, 0, func(now *mailbox.Item) error {
			now.Props, now.Read = it.Props, true
			if it.MIME != nil {
				now.MIME = it.MIME
				now.Parts |= mailbox.PartMIME
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if it.Folder == sent.ID {
		return nil
	}
	moved, err := c.view.MoveItems(c.ctx, []mailbox.ItemID{id}, sent.ID)
	if err == nil {
		err = moved[0].Err
	}
	return err
}

// sends reports whether an Add or a Change is to send the draft, rather than to
// keep it. Phones write Send beside the data or in it.
func sends(e *wbxml.Element) bool {
	return e.Has(wbxml.Email2Send) || e.Child(wbxml.AirSyncApplicationData).Has(wbxml.Email2Send)
}

// sendMade sends what an Add made. What an earlier try of the request made, sent
// and somebody has deleted since stays deleted.
func (c *call) sendMade(it *mailbox.Item) error {
	if it == nil || it.Change == 0 {
		return nil
	}
	return c.sendDraft(it.ID)
}
