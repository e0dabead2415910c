package ewsserver

import (
	"entente/access"
	"entente/delivery"
	"entente/directory"
	"entente/ews"
	"entente/mailbox"
)

// moveItem answers MoveItem. [MS-OXWSCORE] 3.1.4.7
func (c *call) moveItem(req *ews.MoveItem) (*ews.MoveItemResponse, error) {
	messages, err := c.transfer(req.ItemIDs, &req.ToFolderID, req.ReturnNewItemIDs, true)
	return &ews.MoveItemResponse{ResponseMessages: messages}, err
}

// copyItem answers CopyItem. [MS-OXWSCORE] 3.1.4.1
func (c *call) copyItem(req *ews.CopyItem) (*ews.CopyItemResponse, error) {
	messages, err := c.transfer(req.ItemIDs, &req.ToFolderID, req.ReturnNewItemIDs, false)
	return &ews.CopyItemResponse{ResponseMessages: messages}, err
}

// transfer moves or copies items to a folder, one by one. A folder that is not
// there fails each of them.
func (c *call) transfer(ids []ews.BaseItemID, target *ews.TargetFolderID, returnIDs *bool, move bool) ([]ews.ItemInfoResponseMessage, error) {
	to, folderErr := c.target(target)
	if isReason(folderErr, mailbox.FolderNotFound) {
		folderErr = &ews.Fault{Code: ews.ErrorToFolderNotFound}
	}
	messages := make([]ews.ItemInfoResponseMessage, len(ids))
	for i := range ids {
		item, err := ews.Item{}, folderErr
		if err == nil {
			item, err = c.transferOne(&ids[i], &to, move)
		}
		messages[i] = c.itemInfo(item, err)
		if err == nil && returnIDs != nil && !*returnIDs {
			messages[i].Items = nil
		}
	}
	return messages, nil
}

func (c *call) transferOne(id *ews.BaseItemID, to *folderRef, move bool) (ews.Item, error) {
	ref, err := c.baseItem(id)
	if isReason(err, directory.NotHere) {
		// Items of mailboxes on two nodes are neither moved nor copied: no transaction
		// covers both, and what lies in one is read there.
		return ews.Item{}, &ews.Fault{Code: ews.ErrorCrossMailboxMoveCopy}
	}
	if err != nil {
		return ews.Item{}, err
	}
	if err := c.whole(&ref, access.ReadAny); err != nil {
		return ews.Item{}, err
	}
	if ref.index > 0 || !ref.instance.IsZero() {
		return ews.Item{}, &ews.Fault{Code: ews.ErrorCalendarCannotMoveOrCopyOccurrence}
	}
	if len(ref.attachments) > 0 {
		return ews.Item{}, &ews.Fault{Code: ews.ErrorMoveCopyFailed}
	}
	if ref.view.Mailbox() != to.view.Mailbox() {
		return c.across(&ref, to, move)
	}
	it, err := ref.view.Item(c.ctx, ref.id, 0)
	if err != nil {
		return ews.Item{}, err
	}
	do := ref.view.CopyItems
	if move {
		do = ref.view.MoveItems
	}
	moved, err := do(c.ctx, []mailbox.ItemID{ref.id}, to.folder.ID)
	if err := firstError(moved, err); err != nil {
		return ews.Item{}, err
	}
	it.ID, it.Change, it.Folder = moved[0].ID, moved[0].Change, to.folder.ID
	return c.named(to.view, it), nil
}

// named is the answer about an item that got another id.
func (c *call) named(v *mailbox.View, it *mailbox.Item) ews.Item {
	out := ews.Item{Kind: kindOf(it.Class)}
	out.Add(ews.FieldItemId, itemID(v.Mailbox(), it))
	return out
}

// across brings an item to another mailbox: it is made anew there and deleted
// here only then, so that a failure leaves two and never none.
func (c *call) across(ref *itemRef, to *folderRef, move bool) (ews.Item, error) {
	it, err := delivery.Load(c.ctx, ref.view, ref.id)
	if err != nil {
		return ews.Item{}, err
	}
	if it.Props, err = to.view.Translate(c.ctx, ref.view, it.Props); err != nil {
		return ews.Item{}, err
	}
	it.ID, it.Change, it.Article = 0, 0, 0
	if err := to.view.CreateItem(c.ctx, to.folder.ID, it); err != nil {
		return ews.Item{}, err
	}
	if move {
		if err := firstError(ref.view.DeleteItems(c.ctx, []mailbox.ItemID{ref.id}, mailbox.HardDelete)); err != nil {
			_, _ = to.view.DeleteItems(c.ctx, []mailbox.ItemID{it.ID}, mailbox.HardDelete)
			return ews.Item{}, err
		}
	}
	return c.named(to.view, it), nil
}
