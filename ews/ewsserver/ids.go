package ewsserver

import (
	"entente"
	"entente/ews"
	"entente/mailbox"
)

// itemID is how clients know an item. The change key is the state of which the
// answer speaks.
func itemID(box entente.MailboxID, it *mailbox.Item) *ews.ItemID {
	id := ews.StoreID{Mailbox: box, Folder: uint64(it.Folder), Item: uint64(it.ID), Instance: instance(it)}
	return &ews.ItemID{ID: id.String(), ChangeKey: changeKey(box, it.Change)}
}

func folderID(box entente.MailboxID, f *mailbox.Folder) *ews.FolderID {
	return &ews.FolderID{ID: folderStoreID(box, f.ID), ChangeKey: changeKey(box, f.Change)}
}

func folderStoreID(box entente.MailboxID, f mailbox.FolderID) string {
	return ews.StoreID{Mailbox: box, Folder: uint64(f)}.String()
}

func changeKey(box entente.MailboxID, change uint64) string {
	return ews.ChangeKey{Mailbox: box, Change: change}.String()
}

// An itemRef is an item a request names, in a mailbox that has been opened.
type itemRef struct {
	view     *mailbox.View
	store    ews.StoreID
	id       mailbox.ItemID
	change   uint64 // of the change key; 0 if there was none
	instance ews.InstanceDate
	index    int // of OccurrenceItemId, from 1; 0 otherwise
	// attachments leads to an item attached to the item.
	attachments [][]byte
}

// item opens the mailbox of an item id. Whether the caller may see the item,
// the view says; an id grants nothing.
func (c *call) item(id *ews.ItemID) (itemRef, error) {
	store, err := ews.ParseStoreID(id.ID)
	if err != nil {
		return itemRef{}, err
	}
	if store.IsFolder() {
		return itemRef{}, &ews.Fault{Code: ews.ErrorCannotUseFolderIdForItemId}
	}
	return c.ref(store, id.ChangeKey)
}

func (c *call) ref(store ews.StoreID, key string) (itemRef, error) {
	ref := itemRef{store: store, id: mailbox.ItemID(store.Item), instance: store.Instance, attachments: store.Attachments}
	if key != "" {
		k, err := ews.ParseChangeKey(key)
		if err != nil {
			return itemRef{}, err
		}
		ref.change = k.Change
	}
	c.s.Target(store.Mailbox, store.String())
	var err error
	ref.view, err = c.open(store.Mailbox)
	return ref, err
}

// open opens a mailbox for a thing inside it. A mailbox that may not be opened
// looks like one that does not exist: like a thing not found.
func (c *call) open(id entente.MailboxID) (*mailbox.View, error) {
	v, err := c.s.Mailbox(c.ctx, id)
	if isKind(err, entente.Denied) || isKind(err, entente.NotFound) {
		return nil, entente.Errorf(entente.NotFound, "%s", ews.ErrorItemNotFound.Text()).Because(mailbox.ItemNotFound)
	}
	return v, err
}

// baseItem opens what a BaseItemID names, in any of its ways.
func (c *call) baseItem(id *ews.BaseItemID) (itemRef, error) {
	switch {
	case id.ItemID != nil:
		return c.item(id.ItemID)
	case id.OccurrenceItemID != nil:
		ref, err := c.item(&ews.ItemID{ID: id.OccurrenceItemID.RecurringMasterID, ChangeKey: id.OccurrenceItemID.ChangeKey})
		ref.index = id.OccurrenceItemID.InstanceIndex
		if err == nil && ref.index < 1 {
			err = &ews.Fault{Code: ews.ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange}
		}
		return ref, err
	case id.RecurringMasterItemID != nil:
		ref, err := c.item(&ews.ItemID{ID: id.RecurringMasterItemID.OccurrenceID, ChangeKey: id.RecurringMasterItemID.ChangeKey})
		ref.instance = ews.InstanceDate{}
		return ref, err
	}
	return itemRef{}, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "This form of item id is not supported."}
}

// A folderRef is a folder a request names, in a mailbox that has been opened.
type folderRef struct {
	view   *mailbox.View
	folder *mailbox.Folder
	change uint64 // of the change key; 0 if there was none
}

// folder opens what a BaseFolderID names.
func (c *call) folder(id *ews.BaseFolderID) (folderRef, error) {
	switch {
	case id.FolderID != nil:
		return c.folderByID(id.FolderID)
	case id.DistinguishedFolderID != nil:
		return c.folderByName(id.DistinguishedFolderID)
	}
	return folderRef{}, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "The request names no folder."}
}

func (c *call) folderByID(id *ews.FolderID) (folderRef, error) {
	store, err := ews.ParseStoreID(id.ID)
	if err != nil {
		return folderRef{}, err
	}
	if !store.IsFolder() {
		return folderRef{}, &ews.Fault{Code: ews.ErrorCannotUseItemIdForFolderId}
	}
	c.s.Target(store.Mailbox, store.String())
	v, err := c.s.Mailbox(c.ctx, store.Mailbox)
	if isKind(err, entente.Denied) || isKind(err, entente.NotFound) {
		return folderRef{}, noFolder()
	}
	if err != nil {
		return folderRef{}, err
	}
	f, err := v.Folder(c.ctx, mailbox.FolderID(store.Folder))
	ref := folderRef{view: v, folder: f}
	if err == nil && id.ChangeKey != "" {
		var k ews.ChangeKey
		if k, err = ews.ParseChangeKey(id.ChangeKey); err == nil {
			ref.change = k.Change
		}
	}
	return ref, err
}

// noFolder is the error of a folder in a mailbox that may not be opened: the one
// the store has for a folder that is not there, so that operations which turn it
// into a code of their own do not tell the two apart.
func noFolder() error {
	return entente.Errorf(entente.NotFound, "%s", ews.ErrorFolderNotFound.Text()).Because(mailbox.FolderNotFound)
}

// folderByName opens a folder every mailbox has: the caller's own, or that of
// the mailbox named with it.
func (c *call) folderByName(id *ews.DistinguishedFolderID) (folderRef, error) {
	var v *mailbox.View
	var err error
	if id.Mailbox != nil && id.Mailbox.EmailAddress != "" {
		v, err = c.s.MailboxOf(c.ctx, id.Mailbox.EmailAddress)
	} else {
		v, err = c.s.Own(c.ctx)
	}
	if isKind(err, entente.Denied) {
		return folderRef{}, noFolder()
	}
	if err != nil {
		return folderRef{}, err
	}
	f, err := v.FolderByName(c.ctx, mailbox.DistinguishedName(id.ID))
	if err != nil {
		return folderRef{}, err
	}
	c.s.Target(v.Mailbox(), folderStoreID(v.Mailbox(), f.ID))
	return folderRef{view: v, folder: f}, nil
}

// target opens the folder something goes to.
func (c *call) target(id *ews.TargetFolderID) (folderRef, error) {
	base, ok := id.Base()
	if !ok {
		return folderRef{}, &ews.Fault{Code: ews.ErrorInvalidFolderTypeForOperation}
	}
	return c.folder(&base)
}
