package mailbox

import (
	"context"
	"errors"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// TestForeignIDs calls everything a View can do with the ids of a folder and an
// item that the caller has no rights on: each says that there is no such thing,
// and changes nothing.
func TestForeignIDs(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		inbox := h.folder(h.anna(), Inbox)
		it := mail("hers")
		it.Attachments = []Attachment{{Name: "a", Content: []byte("b")}}
		h.must(h.anna().CreateItem(ctx, inbox, it))
		sub, err := h.anna().CreateFolder(ctx, inbox, NewFolder{Name: "sub"})
		h.must(err)
		_, err = h.anna().CreateUserConfiguration(ctx, inbox, "X", Props{})
		h.must(err)
		shared, err := h.anna().CreateFolder(ctx, h.folder(h.anna(), MsgFolderRoot), NewFolder{Name: "shared"})
		h.must(err)
		h.grant(shared.ID, "ben", access.LevelOwner)
		mine := h.put(h.ben(), shared.ID, "his")

		before := counter(t, h)
		v := h.ben()
		test := func(name string, call func() error) {
			t.Helper()
			var e *entente.Error
			if err := call(); !errors.As(err, &e) || e.Kind != entente.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		one := func(done []Moved, err error) error {
			if err != nil {
				return err
			}
			return done[0].Err
		}
		ids := []ItemID{it.ID}
		noItem := func(*Item) error { t.Error("shown an item"); return nil }
		test("Folder", func() error { _, err := v.Folder(ctx, inbox); return err })
		test("FolderByName", func() error { _, err := v.FolderByName(ctx, Inbox); return err })
		test("Folders", func() error { _, err := v.Folders(ctx, inbox, true); return err })
		test("CreateFolder", func() error { _, err := v.CreateFolder(ctx, inbox, NewFolder{Name: "x"}); return err })
		test("UpdateFolder", func() error { _, err := v.UpdateFolder(ctx, sub.ID, 0, func(*Folder) error { return nil }); return err })
		test("MoveFolder", func() error { _, err := v.MoveFolder(ctx, sub.ID, shared.ID); return err })
		test("MoveFolder to", func() error { _, err := v.MoveFolder(ctx, shared.ID, inbox); return err })
		test("CopyFolder", func() error { _, err := v.CopyFolder(ctx, sub.ID, shared.ID); return err })
		test("CopyFolder to", func() error { _, err := v.CopyFolder(ctx, shared.ID, inbox); return err })
		test("DeleteFolder", func() error { return v.DeleteFolder(ctx, sub.ID, HardDelete) })
		test("EmptyFolder", func() error { return v.EmptyFolder(ctx, inbox, HardDelete, true) })
		test("SetPermissions", func() error { _, err := v.SetPermissions(ctx, inbox, nil); return err })
		test("Item", func() error { _, err := v.Item(ctx, it.ID, AllParts); return err })
		test("Items", func() error { r, err := v.Items(ctx, ids, 0); return errors.Join(err, r[0].Err) })
		test("CreateItem", func() error { return v.CreateItem(ctx, inbox, mail("x")) })
		test("UpdateItem", func() error { _, err := v.UpdateItem(ctx, it.ID, 0, 0, noItem); return err })
		test("MoveItems", func() error { return one(v.MoveItems(ctx, ids, shared.ID)) })
		test("MoveItems to", func() error { return one(v.MoveItems(ctx, []ItemID{mine.ID}, inbox)) })
		test("CopyItems", func() error { return one(v.CopyItems(ctx, ids, shared.ID)) })
		test("CopyItems to", func() error { return one(v.CopyItems(ctx, []ItemID{mine.ID}, inbox)) })
		test("DeleteItems", func() error { return one(v.DeleteItems(ctx, ids, MoveToDeletedItems)) })
		test("MarkAllRead", func() error { return v.MarkAllRead(ctx, inbox, true) })
		test("AttachmentContent", func() error { _, _, err := v.AttachmentContent(ctx, it.ID, 1); return err })
		test("AttachmentItem", func() error { _, _, err := v.AttachmentItem(ctx, it.ID, 1); return err })
		test("AddAttachments", func() error { _, err := v.AddAttachments(ctx, it.ID, 0, []Attachment{{}}); return err })
		test("DeleteAttachments", func() error { _, err := v.DeleteAttachments(ctx, it.ID, 0, []uint32{1}); return err })
		test("Changes", func() error { _, err := v.Changes(ctx, inbox, SyncPoint{}, 10); return err })
		test("UserConfiguration", func() error { _, err := v.UserConfiguration(ctx, inbox, "X"); return err })
		test("CreateUserConfiguration", func() error { _, err := v.CreateUserConfiguration(ctx, inbox, "Y", Props{}); return err })
		test("UpdateUserConfiguration", func() error {
			return v.UpdateUserConfiguration(ctx, inbox, "X", func(*Props) error { t.Error("shown"); return nil })
		})
		test("DeleteUserConfiguration", func() error { return v.DeleteUserConfiguration(ctx, inbox, "X") })
		test("Usage", func() error { _, err := v.Usage(ctx); return err })
		test("Oof", func() error { _, err := v.Oof(ctx); return err })
		test("SetOof", func() error { return v.SetOof(ctx, Oof{}) })
		if after := counter(t, h); after != before {
			t.Errorf("something was changed: the counter went from %d to %d", before, after)
		}
		list, err := v.HierarchyChanges(ctx, 0, HierarchyPoint{})
		h.must(err)
		if n := names(list.Created); len(n) != 1 || n[0] != "shared" {
			t.Errorf("Ben knows of %v", n)
		}
	})
}

func counter(t *testing.T, h *house) (n uint64) {
	t.Helper()
	h.must(h.db.View(context.Background(), func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT counter FROM mailbox WHERE mailbox_id = $1`, annas[:]).Scan(&n)
	}))
	return n
}

// Copying a folder ends, however much in it the copier does not see.
func TestCopyFolderOfPrivate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		root := h.folder(h.anna(), MsgFolderRoot)
		shared, err := h.anna().CreateFolder(ctx, root, NewFolder{Name: "shared"})
		h.must(err)
		h.grant(shared.ID, "ben", access.LevelOwner)
		full, err := h.anna().CreateFolder(ctx, root, NewFolder{Name: "full"})
		h.must(err)
		h.grant(full.ID, "ben", access.LevelReviewer)
		for range chunk {
			it := mail("private")
			it.Props.SetInt(PidTagSensitivity, 2)
			h.must(h.anna().CreateItem(ctx, full.ID, it))
		}
		h.put(h.anna(), full.ID, "open")
		made, err := h.ben().CopyFolder(ctx, full.ID, shared.ID)
		h.must(err)
		if made.Total != 1 {
			t.Errorf("%d items were copied, want the one that is not private", made.Total)
		}
	})
}
