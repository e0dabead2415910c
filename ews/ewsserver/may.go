package ewsserver

import (
	"entente"
	"entente/access"
	"entente/mailbox"
)

// A property that a mailbox has not seen gets a number there before it is put
// on anything. Numbers are few and never given back, so they are for those
// alone whose change can succeed: who may not write gets his refusal first.

// mayEdit asks whether the caller may change the item of a request.
func (c *call) mayEdit(ref *itemRef) error {
	if doesAll(ref.view) {
		return nil
	}
	it, err := ref.view.Item(c.ctx, ref.id, 0)
	if err != nil {
		return err
	}
	f, err := ref.view.Folder(c.ctx, it.Folder)
	if err != nil || f.Rights.Has(access.EditAny) || f.Rights.Has(access.EditOwned) && it.Creator == c.s.Caller().Subject().SID {
		return err
	}
	return refused(ref.view, f, access.EditAny, mailbox.DeniedEdit)
}

// mayCreateIn asks whether the caller may make items in the folder of a request.
func (c *call) mayCreateIn(to *folderRef) error {
	if to.folder == nil || doesAll(to.view) || to.folder.Rights.Has(access.Create) {
		return nil
	}
	return refused(to.view, to.folder, access.Create, mailbox.DeniedCreateItem)
}

// doesAll reports whether the caller needs no grants in a mailbox.
func doesAll(v *mailbox.View) bool {
	return v.Permit().FolderRights(&access.FolderTable{}).Has(access.FolderOwner | access.ReadAny)
}

// refused asks for a right that is missing, so that the refusal is on record.
func refused(v *mailbox.View, f *mailbox.Folder, want access.Rights, because entente.Reason) error {
	p := v.Permit()
	_, err := p.Folder(&f.Table, want)
	return &entente.Error{Kind: entente.Denied, Reason: because, Text: "the folder's permissions do not allow this", Err: err}
}

// mayRemove asks whether the caller may delete an item, or take one occurrence
// out of its series, which is a change of that: before others are told.
func (c *call) mayRemove(ref *itemRef, it *mailbox.Item, occurrence bool) error {
	if occurrence {
		return c.mayEdit(ref)
	}
	return c.mayPutAway(ref, it, 0)
}

// mayPutAway asks whether the caller may do with a draft what is done to it once
// it is sent: a message must not go out and its sender then be told that it was
// refused, for he would send it again. The folder is 0 for a draft that goes.
func (c *call) mayPutAway(ref *itemRef, it *mailbox.Item, to mailbox.FolderID) error {
	if doesAll(ref.view) {
		return nil
	}
	f, err := ref.view.Folder(c.ctx, it.Folder)
	if err != nil {
		return err
	}
	own := it.Creator == c.s.Caller().Subject().SID
	if !f.Rights.Has(access.DeleteAny) && !(own && f.Rights.Has(access.DeleteOwned)) {
		return refused(ref.view, f, access.DeleteAny, mailbox.DeniedDelete)
	}
	if to == 0 {
		return nil
	}
	if err := c.mayEdit(ref); err != nil {
		return err
	}
	sent, err := ref.view.Folder(c.ctx, to)
	if err != nil {
		return err
	}
	return c.mayCreateIn(&folderRef{view: ref.view, folder: sent})
}
