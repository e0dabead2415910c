package easserver

import (
	"encoding/base64"
	"strconv"
	"strings"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// How an attachment hangs on its item. An embedded object in OLE, 6, does not
// occur: what arrives as MIME has none. [MS-ASAIRS] 2.2.2.31
const (
	methodFile    = 1
	methodMessage = 5
)

// fileReference is how phones name an attachment: its item's name and its number
// there. [MS-ASAIRS] 2.2.2.24
func fileReference(it *mailbox.Item, a *mailbox.Attachment) string {
	return itemID(it.Folder, it.ID) + ":" + strconv.FormatUint(uint64(a.ID), 10)
}

// parseFileReference reads it.
func parseFileReference(s string) (folder mailbox.FolderID, item mailbox.ItemID, attachment uint32, ok bool) {
	at := strings.LastIndexByte(s, ':')
	if at < 0 {
		return 0, 0, 0, false
	}
	n, ok := parseID(s[at+1:])
	if !ok || n > 1<<32-1 {
		return 0, 0, 0, false
	}
	folder, item, ok = parseItemID(s[:at])
	return folder, item, uint32(n), ok
}

// writeAttachments lists the attachments of an item without their content.
// [MS-ASAIRS] 2.2.2.6
func writeAttachments(c *call, it *mailbox.Item) {
	if len(it.Attachments) == 0 || c.noAttachments() {
		return
	}
	c.out.Start(wbxml.AirSyncBaseAttachments)
	for i := range it.Attachments {
		writeAttachment(c, it, &it.Attachments[i], "")
	}
	c.out.End()
}

func writeAttachment(c *call, it *mailbox.Item, a *mailbox.Attachment, clientID string) {
	w := c.out
	w.Start(wbxml.AirSyncBaseAttachment)
	w.Text(wbxml.AirSyncBaseDisplayName, attachmentName(a))
	w.Text(wbxml.AirSyncBaseFileReference, fileReference(it, a))
	if clientID != "" {
		w.Text(wbxml.AirSyncBaseClientId, clientID)
	}
	method := int64(methodFile)
	if a.Item {
		method = methodMessage
	}
	w.Int(wbxml.AirSyncBaseMethod, method)
	w.Int(wbxml.AirSyncBaseEstimatedDataSize, min(a.Size, 1<<32-1))
	if a.ContentID != "" {
		w.Text(wbxml.AirSyncBaseContentId, a.ContentID)
	}
	if a.ContentLocation != "" {
		w.Text(wbxml.AirSyncBaseContentLocation, a.ContentLocation)
	}
	if a.Inline {
		w.Bool(wbxml.AirSyncBaseIsInline, true)
	}
	w.End()
}

// attachmentName is never empty: phones show nothing for an attachment without a
// name, and save none.
func attachmentName(a *mailbox.Attachment) string {
	if a.Name != "" {
		return a.Name
	}
	if a.Item {
		return "Message.eml"
	}
	return "Attachment"
}

// attachmentEdits are what a phone of 16.0 and later does to the attachments of a
// draft or an appointment. [MS-ASAIRS] 2.2.2.2, 2.2.2.22
type attachmentEdits struct {
	add     []mailbox.Attachment
	clients []string // the ClientId of each that is added
	remove  []uint32
}

func (e *attachmentEdits) empty() bool { return len(e.add) == 0 && len(e.remove) == 0 }

// readAttachments reads airsyncbase:Attachments in ApplicationData. it is the item
// that is changed, nil of a new one. Before 16.0 phones have no say in this.
func readAttachments(c *call, it *mailbox.Item, in *wbxml.Element) (attachmentEdits, error) {
	var e attachmentEdits
	if !c.at(activesync.V160) {
		return e, nil
	}
	list := in.Child(wbxml.AirSyncBaseAttachments)
	for add := range list.All(wbxml.AirSyncBaseAdd) {
		a, err := newAttachment(add)
		if err != nil {
			return e, err
		}
		e.add = append(e.add, a)
		e.clients = append(e.clients, add.Get(wbxml.AirSyncBaseClientId))
	}
	for del := range list.All(wbxml.AirSyncBaseDelete) {
		_, item, n, ok := parseFileReference(del.Get(wbxml.AirSyncBaseFileReference))
		if !ok || it == nil || item != it.ID {
			return e, entente.Errorf(entente.Invalid, "the item has no such attachment").Because(mailbox.AttachmentNotFound)
		}
		e.remove = append(e.remove, n)
	}
	return e, nil
}

func newAttachment(in *wbxml.Element) (mailbox.Attachment, error) {
	inline := in.Child(wbxml.AirSyncBaseIsInline)
	a := mailbox.Attachment{
		Name: in.Get(wbxml.AirSyncBaseDisplayName), ContentType: in.Get(wbxml.AirSyncBaseContentType),
		ContentID: strings.Trim(in.Get(wbxml.AirSyncBaseContentId), "<>"), ContentLocation: in.Get(wbxml.AirSyncBaseContentLocation),
		Inline: inline != nil && inline.Text() != "0" && inline.Text() != "false",
	}
	content := in.Child(wbxml.AirSyncBaseContent)
	if content == nil || a.Name == "" {
		return a, entente.Errorf(entente.Invalid, "an attachment without a name or without content")
	}
	// The content goes as opaque bytes; as text it can only be base64.
	if a.Content = content.Content; !content.Opaque {
		b, err := base64.StdEncoding.DecodeString(string(content.Content))
		if err != nil {
			return a, entente.Errorf(entente.Invalid, "the content of an attachment is not base64")
		}
		a.Content = b
	}
	if a.Content == nil {
		a.Content = []byte{}
	}
	return a, nil
}

// apply does it to an item that is in the mailbox, and returns the item as it is
// then. What is to go and is gone already is no error: the phone repeats itself
// when an answer was lost.
func (e *attachmentEdits) apply(c *call, it *mailbox.Item) (*mailbox.Item, error) {
	if e.empty() {
		return it, nil
	}
	now, err := c.view.Item(c.ctx, it.ID, mailbox.PartAttachments)
	if err != nil {
		return nil, err
	}
	var there []uint32
	for _, a := range now.Attachments {
		for _, id := range e.remove {
			if a.ID == id {
				there = append(there, id)
				break
			}
		}
	}
	if len(there) > 0 {
		if now, err = c.view.DeleteAttachments(c.ctx, it.ID, 0, there); err != nil {
			return nil, err
		}
	}
	if len(e.add) > 0 {
		if now, err = c.view.AddAttachments(c.ctx, it.ID, 0, e.add); err != nil {
			return nil, err
		}
	}
	return now, nil
}

// reply tells the phone the names of those that it added; nil if it added none.
// [MS-ASAIRS] 2.2.2.14
func (e *attachmentEdits) reply(c *call, it *mailbox.Item) func() {
	if len(e.add) == 0 {
		return nil
	}
	return func() {
		// What was made by an earlier try of the request comes without its parts.
		if it.Parts&mailbox.PartAttachments == 0 {
			if whole, err := c.view.Item(c.ctx, it.ID, mailbox.PartAttachments); err == nil {
				it = whole
			}
		}
		if len(it.Attachments) < len(e.add) {
			return
		}
		c.out.Start(wbxml.AirSyncBaseAttachments)
		fresh := it.Attachments[len(it.Attachments)-len(e.add):]
		for i := range fresh {
			writeAttachment(c, it, &fresh[i], e.clients[i])
		}
		c.out.End()
	}
}
