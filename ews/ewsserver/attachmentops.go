package ewsserver

import (
	"entente/ews"
	"entente/mailbox"
)

// createAttachment answers CreateAttachment. [MS-OXWSATT] 3.1.4.1
func (c *call) createAttachment(req *ews.CreateAttachment) (*ews.CreateAttachmentResponse, error) {
	resp := &ews.CreateAttachmentResponse{ResponseMessages: make([]ews.AttachmentInfoResponseMessage, len(req.Attachments))}
	for i := range req.Attachments {
		a, err := c.attach(&req.ParentItemID, &req.Attachments[i])
		m := &resp.ResponseMessages[i]
		if err != nil {
			m.ResponseMessage = c.fail(err)
			continue
		}
		m.ResponseMessage, m.Attachments = ews.Success(), []ews.Attachment{a}
	}
	return resp, nil
}

// attach adds an attachment to an item and tells its id, and the change key the
// item has now.
func (c *call) attach(parent *ews.ItemID, in *ews.Attachment) (ews.Attachment, error) {
	ref, err := c.item(parent)
	if err != nil {
		return ews.Attachment{}, err
	}
	if len(ref.attachments) > 0 || !ref.instance.IsZero() {
		return ews.Attachment{}, &ews.Fault{
			Code: ews.ErrorInvalidItemForOperationCreateItemAttachment,
			Text: "Attachments belong to whole items: not to those that are attached themselves, nor to single occurrences.",
		}
	}
	if err := c.mayEdit(&ref); err != nil {
		return ews.Attachment{}, err
	}
	a, err := c.newAttachment(ref.view, in)
	if err != nil {
		return ews.Attachment{}, err
	}
	it, err := ref.view.AddAttachments(c.ctx, ref.id, 0, []mailbox.Attachment{a})
	if err == nil {
		it, err = c.contentChanged(&ref, it)
	}
	if err != nil {
		return ews.Attachment{}, err
	}
	stored := &it.Attachments[len(it.Attachments)-1]
	id := ref.store.WithAttachment(attachmentKey(stored.ID)).String()
	base := ews.AttachmentBase{
		AttachmentID: &ews.AttachmentID{ID: id, RootItemID: parent.ID, RootItemChangeKey: changeKey(ref.view.Mailbox(), it.Change)},
		Name:         stored.Name,
	}
	if stored.Item {
		return ews.Attachment{Item: &ews.ItemAttachment{AttachmentBase: base}}, nil
	}
	return ews.Attachment{File: &ews.FileAttachment{AttachmentBase: base}}, nil
}

// contentChanged drops the bytes a message came with: they do not have the
// attachments that it has now. A contact says whether it has a picture.
func (c *call) contentChanged(ref *itemRef, it *mailbox.Item) (*mailbox.Item, error) {
	kind := kindOf(it.Class)
	if !kind.Is(ews.KindMessage) && kind != ews.KindContact {
		return it, nil
	}
	list := it.Attachments
	it, err := ref.view.UpdateItem(c.ctx, ref.id, 0, 0, func(it *mailbox.Item) error {
		if kind == ews.KindContact {
			hasPhoto(it, list)
			return nil
		}
		it.MIME = nil
		it.Parts |= mailbox.PartMIME
		return nil
	})
	if err == nil {
		it.Attachments = list
	}
	return it, err
}

// attachmentRef opens the item an attachment id leads through.
func (c *call) attachmentRef(id string) (itemRef, error) {
	store, err := ews.ParseStoreID(id)
	if err != nil {
		return itemRef{}, err
	}
	if !store.IsAttachment() {
		return itemRef{}, &ews.Fault{Code: ews.ErrorInvalidAttachmentId}
	}
	return c.ref(store, "")
}

// getAttachment answers GetAttachment. [MS-OXWSATT] 3.1.4.3
func (c *call) getAttachment(req *ews.GetAttachment) (*ews.GetAttachmentResponse, error) {
	want := &ews.ItemResponseShape{BaseShape: ews.ShapeAllProperties}
	if s := req.AttachmentShape; s != nil {
		want.IncludeMimeContent, want.BodyType, want.AdditionalProperties = s.IncludeMimeContent, s.BodyType, s.AdditionalProperties
	}
	shape, err := c.itemShape(want, false)
	if err != nil {
		return nil, err
	}
	resp := &ews.GetAttachmentResponse{ResponseMessages: make([]ews.AttachmentInfoResponseMessage, len(req.AttachmentIDs))}
	for i := range req.AttachmentIDs {
		m := &resp.ResponseMessages[i]
		a, err := c.readAttachment(req.AttachmentIDs[i].ID, shape)
		if err != nil {
			m.ResponseMessage = c.fail(err)
			continue
		}
		m.ResponseMessage, m.Attachments = ews.Success(), []ews.Attachment{a}
	}
	return resp, nil
}

func (c *call) readAttachment(id string, shape *itemShape) (ews.Attachment, error) {
	ref, err := c.attachmentRef(id)
	if err != nil {
		return ews.Attachment{}, err
	}
	a, err := c.attached(&ref)
	if err != nil {
		return ews.Attachment{}, err
	}
	base := ews.AttachmentBase{
		AttachmentID: &ews.AttachmentID{ID: id}, Name: a.Name, ContentType: a.ContentType,
		ContentID: a.ContentID, ContentLocation: a.ContentLocation,
		Size: new(int(a.Size)), LastModifiedTime: a.Modified, IsInline: new(a.Inline),
	}
	if a.Embedded == nil {
		if a.Content == nil {
			a.Content = []byte{}
		}
		return ews.Attachment{File: &ews.FileAttachment{AttachmentBase: base, Content: a.Content}}, nil
	}
	v, err := c.newView(shape, ref.view)
	if err != nil {
		return ews.Attachment{}, err
	}
	v.root = ref.store
	item := v.showItem(shape, a.Embedded)
	return ews.Attachment{Item: &ews.ItemAttachment{AttachmentBase: base, Item: item}}, nil
}

// deleteAttachment answers DeleteAttachment. [MS-OXWSATT] 3.1.4.2
func (c *call) deleteAttachment(req *ews.DeleteAttachment) (*ews.DeleteAttachmentResponse, error) {
	resp := &ews.DeleteAttachmentResponse{ResponseMessages: make([]ews.DeleteAttachmentResponseMessage, len(req.AttachmentIDs))}
	for i := range req.AttachmentIDs {
		m := &resp.ResponseMessages[i]
		root, err := c.detach(req.AttachmentIDs[i].ID)
		if err != nil {
			m.ResponseMessage = c.fail(err)
			continue
		}
		m.ResponseMessage, m.RootItemID = ews.Success(), root
	}
	return resp, nil
}

func (c *call) detach(id string) (*ews.RootItemID, error) {
	ref, err := c.attachmentRef(id)
	if err != nil {
		return nil, err
	}
	n, ok := attachmentNumber(ref.attachments[0])
	if !ok || len(ref.attachments) > 1 {
		return nil, &ews.Fault{Code: ews.ErrorInvalidAttachmentId}
	}
	it, err := ref.view.DeleteAttachments(c.ctx, ref.id, 0, []uint32{n})
	if err == nil {
		it, err = c.contentChanged(&ref, it)
	}
	if err != nil {
		return nil, err
	}
	return &ews.RootItemID{RootItemID: ref.store.Root().String(), RootItemChangeKey: changeKey(ref.view.Mailbox(), it.Change)}, nil
}
