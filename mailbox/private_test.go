package mailbox

import (
	"context"
	"testing"

	"entente/access"
)

// Whatever somebody may do with a folder, the private items in it are not there
// for him unless he may see them: every way to all items of a folder, and to one.
func TestPrivateItemsUntouched(t *testing.T) {
	ctx := context.Background()
	tests := []struct {
		name string
		do   func(v *View, folder, to FolderID, private ItemID) error
	}{
		{"MarkAllRead", func(v *View, folder, _ FolderID, _ ItemID) error { return v.MarkAllRead(ctx, folder, true) }},
		{"MarkAllUnread", func(v *View, folder, _ FolderID, _ ItemID) error { return v.MarkAllRead(ctx, folder, false) }},
		{"EmptyFolder", func(v *View, folder, _ FolderID, _ ItemID) error {
			return v.EmptyFolder(ctx, folder, HardDelete, false)
		}},
		{"EmptyFolderSoftly", func(v *View, folder, _ FolderID, _ ItemID) error {
			return v.EmptyFolder(ctx, folder, MoveToDeletedItems, false)
		}},
		{"CopyFolder", func(v *View, folder, to FolderID, _ ItemID) error {
			f, err := v.CopyFolder(ctx, folder, to)
			if err == nil {
				if f.Total != 1 {
					t.Errorf("the copy has %d items", f.Total)
				}
			}
			return err
		}},
		{"DeleteItem", one(func(v *View, id ItemID) error { return moved(v.DeleteItems(ctx, []ItemID{id}, HardDelete)) })},
		{"UpdateItem", one(func(v *View, id ItemID) error {
			_, err := v.UpdateItem(ctx, id, 0, 0, func(it *Item) error { it.Read = true; return nil })
			return err
		})},
		{"GetItem", one(func(v *View, id ItemID) error { _, err := v.Item(ctx, id, AllParts); return err })},
		{"GetAttachment", one(func(v *View, id ItemID) error { _, _, err := v.AttachmentContent(ctx, id, 1); return err })},
		{"AddAttachment", one(func(v *View, id ItemID) error {
			_, err := v.AddAttachments(ctx, id, 0, []Attachment{{Name: "a"}})
			return err
		})},
		{"DeleteAttachment", one(func(v *View, id ItemID) error {
			_, err := v.DeleteAttachments(ctx, id, 0, []uint32{1})
			return err
		})},
		{"MoveItem", func(v *View, _, to FolderID, id ItemID) error {
			return absent(moved(v.MoveItems(ctx, []ItemID{id}, to)))
		}},
		{"CopyItem", func(v *View, _, to FolderID, id ItemID) error {
			return absent(moved(v.CopyItems(ctx, []ItemID{id}, to)))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				anna := h.anna()
				under := h.folder(anna, MsgFolderRoot)
				made, err := anna.CreateFolder(ctx, under, NewFolder{Name: "Shared"})
				h.must(err)
				to, err := anna.CreateFolder(ctx, under, NewFolder{Name: "To"})
				h.must(err)
				h.grant(made.ID, "ben", access.LevelOwner)
				h.grant(to.ID, "ben", access.LevelOwner)
				h.put(anna, made.ID, "open")
				it := mail("private")
				it.Props.SetInt(PidTagSensitivity, 2)
				it.Attachments = []Attachment{{Name: "a", Content: []byte("secret")}}
				h.must(anna.CreateItem(ctx, made.ID, it))

				seen, err := h.ben().Folder(ctx, made.ID)
				h.must(err)
				if seen.Total != 1 || seen.Unread != 1 {
					t.Errorf("Ben counts %d items, %d unread", seen.Total, seen.Unread)
				}
				h.must(test.do(h.ben(), made.ID, to.ID, it.ID))
				after, err := anna.Item(ctx, it.ID, AllParts)
				h.must(err)
				if after.Change != it.Change || after.Folder != made.ID || after.Read || len(after.Attachments) != 1 {
					t.Errorf("the private item was touched: %+v", after)
				}
				hers, err := anna.Folders(ctx, to.ID, true)
				h.must(err)
				target, err := anna.Folder(ctx, to.ID)
				h.must(err)
				for _, f := range append(hers, target) {
					page, err := anna.Find(ctx, Query{Folder: f.ID})
					h.must(err)
					for _, found := range page.Items {
						if found.Private() {
							t.Errorf("a private item was brought to %s", f.Name)
						}
					}
				}
			})
		})
	}
}

// one does something to the private item, which must not be there.
func one(do func(*View, ItemID) error) func(*View, FolderID, FolderID, ItemID) error {
	return func(v *View, _, _ FolderID, id ItemID) error { return absent(do(v, id)) }
}

func absent(err error) error {
	if is(err, ItemNotFound) {
		return nil
	}
	return &notAbsent{err}
}

type notAbsent struct{ error }

func (n *notAbsent) Error() string {
	if n.error == nil {
		return "it was done"
	}
	return n.error.Error()
}

func moved(list []Moved, err error) error {
	if err == nil {
		err = list[0].Err
	}
	return err
}

// A folder with private items is not destroyed by who may not see them, nor by
// deleting what it lies in; it may be put away, for then nothing is lost.
func TestPrivateItemsOutliveFolders(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, h *house) {
		anna := h.anna()
		top, err := anna.CreateFolder(ctx, h.folder(anna, MsgFolderRoot), NewFolder{Name: "Shared"})
		h.must(err)
		h.grant(top.ID, "ben", access.LevelOwner)
		below, err := anna.CreateFolder(ctx, top.ID, NewFolder{Name: "Below"})
		h.must(err)
		it := mail("private")
		it.Props.SetInt(PidTagSensitivity, 2)
		h.must(anna.CreateItem(ctx, below.ID, it))
		h.fails(h.ben().DeleteFolder(ctx, top.ID, HardDelete), DeniedDelete)
		h.fails(h.ben().EmptyFolder(ctx, top.ID, HardDelete, true), DeniedDelete)
		h.must(h.ben().DeleteFolder(ctx, top.ID, MoveToDeletedItems))
		_, err = anna.Item(ctx, it.ID, 0)
		h.must(err)
		h.must(anna.DeleteFolder(ctx, top.ID, HardDelete))
	})
}
