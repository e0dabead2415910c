package ewsserver

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"

	"entente"
	"entente/ews"
	"entente/mailbox"
)

// attachmentKey is how an id names an attachment of an item.
func attachmentKey(id uint32) []byte { return binary.BigEndian.AppendUint32(nil, id) }

func attachmentNumber(key []byte) (uint32, bool) {
	if len(key) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(key), true
}

// getAttachments lists attachments without their content.
func getAttachments(v *itemView) any {
	if len(v.it.Attachments) == 0 {
		return nil
	}
	list := make([]ews.Attachment, 0, len(v.it.Attachments))
	for i := range v.it.Attachments {
		list = append(list, v.attachment(i))
	}
	return list
}

// attachment describes the i-th attachment. Those of an attached item have no
// numbers of their own; they are counted.
func (v *itemView) attachment(i int) ews.Attachment {
	a := &v.it.Attachments[i]
	number := a.ID
	if v.it.ID == 0 {
		number = uint32(i + 1)
	}
	base := ews.AttachmentBase{
		AttachmentID: &ews.AttachmentID{ID: v.storeID().WithAttachment(attachmentKey(number)).String()},
		Name:         a.Name, ContentType: a.ContentType, ContentID: a.ContentID, ContentLocation: a.ContentLocation,
		Size: new(int(a.Size)), LastModifiedTime: a.Modified, IsInline: new(a.Inline),
	}
	if base.AttachmentID.ID == "" { // nested deeper than ids reach
		base.AttachmentID = nil
	}
	if a.Item || a.Embedded != nil {
		return ews.Attachment{Item: &ews.ItemAttachment{AttachmentBase: base}}
	}
	return ews.Attachment{File: &ews.FileAttachment{AttachmentBase: base, IsContactPhoto: new(isContactPhoto(v, a))}}
}

// isContactPhoto recognizes the picture of a contact by its name.
// [MS-OXOCNTC] 2.2.1.8.3
func isContactPhoto(v *itemView, a *mailbox.Attachment) bool {
	return v.kind == ews.KindContact && isPhoto(a)
}

func isPhoto(a *mailbox.Attachment) bool { return strings.EqualFold(a.Name, "ContactPicture.jpg") }

// hasPhoto says in a contact whether a picture is attached to it.
func hasPhoto(it *mailbox.Item, list []mailbox.Attachment) {
	it.Props.SetBool(mailbox.PidLidHasPicture, slices.ContainsFunc(list, func(a mailbox.Attachment) bool { return isPhoto(&a) }))
}

// setAttachments takes the attachments of a new item. Afterwards they have
// operations of their own.
func setAttachments(e *itemEdit, v *ews.Value) error {
	list, ok := v.V.([]ews.Attachment)
	if !ok || !e.create {
		return invalidValue(v)
	}
	for i := range list {
		a, err := e.c.newAttachment(e.view, &list[i])
		if err != nil {
			return err
		}
		e.it.Attachments = append(e.it.Attachments, a)
	}
	if e.kind == ews.KindContact {
		hasPhoto(e.it, e.it.Attachments)
	}
	return nil
}

// newAttachment makes what is stored of what a client sent.
func (c *call) newAttachment(v *mailbox.View, in *ews.Attachment) (mailbox.Attachment, error) {
	base := in.Base()
	if base == nil {
		return mailbox.Attachment{}, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "An attachment is empty."}
	}
	a := mailbox.Attachment{
		Name: base.Name, ContentType: base.ContentType, ContentID: strings.Trim(base.ContentID, "<>"),
		ContentLocation: base.ContentLocation, Inline: base.IsInline != nil && *base.IsInline,
	}
	switch {
	case in.File != nil:
		a.Content = in.File.Content
		if a.Content == nil {
			a.Content = []byte{}
		}
		if in.File.IsContactPhoto != nil && *in.File.IsContactPhoto {
			a.Name = "ContactPicture.jpg"
		}
		return a, nil
	case in.Item != nil && in.Item.Item.Kind.IsItem():
		it, err := c.makeItem(v, &in.Item.Item)
		if err != nil {
			return a, err
		}
		it.Created = c.s.Now()
		it.Modified = it.Created
		a.Embedded, a.Item = it, true
		if a.Name == "" {
			a.Name = it.Props.String(mailbox.PidTagSubject)
		}
		return a, nil
	}
	return a, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "Only files and items can be attached."}
}

// attachedItem reads an item that is attached to the item of a reference, or
// to one attached there.
func (c *call) attachedItem(ref *itemRef) (*mailbox.Item, error) {
	a, err := c.attached(ref)
	if err != nil {
		return nil, err
	}
	if a.Embedded == nil {
		return nil, noAttachment()
	}
	return a.Embedded, nil
}

func noAttachment() error {
	return entente.Errorf(entente.NotFound, "%s", ews.ErrorItemNotFound.Text()).Because(mailbox.AttachmentNotFound)
}

// attached follows the way an attachment id describes and returns what is at
// its end, with its content or item.
func (c *call) attached(ref *itemRef) (mailbox.Attachment, error) {
	first, ok := attachmentNumber(ref.attachments[0])
	if !ok {
		return mailbox.Attachment{}, &ews.Fault{Code: ews.ErrorInvalidAttachmentId}
	}
	a, content, err := ref.view.AttachmentContent(c.ctx, ref.id, first)
	if err != nil {
		return a, err
	}
	if a.Item {
		if a, a.Embedded, err = ref.view.AttachmentItem(c.ctx, ref.id, first); err != nil {
			return a, err
		}
	} else if a.Content, err = readAll(content, a.Size); err != nil {
		return a, err
	}
	for _, key := range ref.attachments[1:] {
		n, ok := attachmentNumber(key)
		if !ok {
			return a, &ews.Fault{Code: ews.ErrorInvalidAttachmentId}
		}
		if a.Embedded == nil || n < 1 || int(n) > len(a.Embedded.Attachments) {
			return a, noAttachment()
		}
		a = a.Embedded.Attachments[n-1]
	}
	return a, nil
}

// readAll reads an attachment, of which the size is known.
func readAll(r io.Reader, size int64) ([]byte, error) {
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b, nil
}
