package mailbox

import (
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/access"
)

func names(list []*Folder) []string {
	var names []string
	for _, f := range list {
		names = append(names, f.Name)
	}
	return names
}

func TestNewMailboxHasItsFolders(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		for _, d := range distinguished {
			f, err := v.FolderByName(ctx, d.name)
			h.must(err)
			if f.Name != d.title || f.Class != d.class || f.Distinguished != d.name || f.Hidden != d.hidden {
				t.Errorf("%s is %+v", d.name, f)
			}
		}
		root, err := v.FolderByName(ctx, Root)
		h.must(err)
		top, err := v.FolderByName(ctx, MsgFolderRoot)
		h.must(err)
		if root.Name != "root" || root.Parent != 0 || top.Parent != root.ID || top.Name != "Top of Information Store" {
			t.Errorf("root %+v, top %+v", root, top)
		}
		list, err := v.Folders(ctx, root.ID, true)
		h.must(err)
		if len(list) != len(distinguished)-1 {
			t.Errorf("%d folders: %v", len(list), names(list))
		}
		if list, err = v.Folders(ctx, top.ID, false); err != nil || len(list) != top.Children {
			t.Errorf("%d folders in the top, which says %d, %v", len(list), top.Children, err)
		}
		err = h.store.Create(ctx, NewMailbox{ID: annas, Database: database, Owner: principal("anna")})
		h.fails(err, MailboxExists)
	})
}

func TestFolderNames(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		test := func(name string, want entente.Reason) {
			t.Helper()
			_, err := v.CreateFolder(ctx, inbox, NewFolder{Name: name})
			if want == "" {
				h.must(err)
				return
			}
			h.fails(err, want)
		}
		test("Projects", "")
		test("projects", FolderExists)
		test("PROJECTS", FolderExists)
		test("Projekte", "")
		test("Ärger", "")
		test("ärger", FolderExists)
		test("a/b", "")
		test("", FolderName)
		test("  ", FolderName)
		test("a\x00b", FolderName)
		test("line\nbreak", FolderName)
		test("bad \xff", FolderName)
		test(strings.Repeat("x", 255), "")
		test(strings.Repeat("x", 256), FolderName)
		_, err := v.CreateFolder(ctx, 12345, NewFolder{Name: "orphan"})
		h.fails(err, ParentNotFound)
	})
}

func TestFolderLife(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		create := func(parent FolderID, name string) *Folder {
			t.Helper()
			f, err := v.CreateFolder(ctx, parent, NewFolder{Name: name})
			h.must(err)
			return f
		}
		a := create(inbox, "a")
		b := create(a.ID, "b")
		h.put(v, a.ID, "in a")
		h.put(v, b.ID, "in b")

		changed, err := v.UpdateFolder(ctx, a.ID, a.Change, func(f *Folder) error {
			f.Name = "A"
			f.Props.SetString(PidTagComment, "mine")
			return nil
		})
		h.must(err)
		if changed.Name != "A" || changed.Change == a.Change || changed.Props.String(PidTagComment) != "mine" {
			t.Errorf("changed %+v", changed)
		}
		_, err = v.UpdateFolder(ctx, a.ID, a.Change, func(*Folder) error { return nil })
		h.fails(err, StaleFolder)
		_, err = v.UpdateFolder(ctx, inbox, 0, func(f *Folder) error { f.Name = "Posteingang"; return nil })
		h.fails(err, FolderDistinguished)

		_, err = v.MoveFolder(ctx, a.ID, b.ID)
		h.fails(err, FolderIntoItself)
		_, err = v.MoveFolder(ctx, inbox, h.folder(v, Drafts))
		h.fails(err, FolderDistinguished)
		create(h.folder(v, Drafts), "a")
		_, err = v.MoveFolder(ctx, a.ID, h.folder(v, Drafts))
		h.fails(err, FolderExists)
		moved, err := v.MoveFolder(ctx, a.ID, h.folder(v, Notes))
		h.must(err)
		if moved.ID != a.ID || moved.Parent != h.folder(v, Notes) || moved.Total != 1 {
			t.Errorf("moved %+v", moved)
		}

		copied, err := v.CopyFolder(ctx, a.ID, inbox)
		h.must(err)
		below, err := v.Folders(ctx, copied.ID, true)
		h.must(err)
		if copied.ID == a.ID || copied.Total != 1 || copied.Size != moved.Size || len(below) != 1 || below[0].Total != 1 {
			t.Errorf("copied %+v with %v", copied, names(below))
		}
		_, err = v.CopyFolder(ctx, inbox, copied.ID)
		h.fails(err, FolderIntoItself)

		h.must(v.DeleteFolder(ctx, a.ID, MoveToDeletedItems))
		h.must(v.DeleteFolder(ctx, copied.ID, MoveToDeletedItems)) // another of that name
		trash, err := v.Folders(ctx, h.folder(v, DeletedItems), true)
		h.must(err)
		if want := []string{"A", "b", "A 2", "b"}; !slices.Equal(names(trash), want) {
			t.Errorf("deleted items has %v, want %v", names(trash), want)
		}
		h.must(v.DeleteFolder(ctx, a.ID, MoveToDeletedItems))
		got, err := v.Folder(ctx, a.ID)
		h.must(err)
		if got.Parent != h.folder(v, RecoverableItemsDeletions) {
			t.Errorf("deleted twice, and in %d", got.Parent)
		}
		h.must(v.DeleteFolder(ctx, copied.ID, HardDelete))
		_, err = v.Folder(ctx, copied.ID)
		h.fails(err, FolderNotFound)
		h.fails(v.DeleteFolder(ctx, inbox, HardDelete), FolderDistinguished)
	})
}

func TestEmptyFolder(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		sub, err := v.CreateFolder(ctx, inbox, NewFolder{Name: "sub"})
		h.must(err)
		for range 5 {
			h.put(v, inbox, "x")
		}
		h.put(v, sub.ID, "below")
		h.must(v.EmptyFolder(ctx, inbox, MoveToDeletedItems, false))
		count := func(id FolderID) int {
			f, err := v.Folder(ctx, id)
			h.must(err)
			return f.Total
		}
		trash := h.folder(v, DeletedItems)
		if count(inbox) != 0 || count(trash) != 5 || count(sub.ID) != 1 {
			t.Errorf("%d, %d, %d items", count(inbox), count(trash), count(sub.ID))
		}
		h.must(v.EmptyFolder(ctx, inbox, HardDelete, true))
		_, err = v.Folder(ctx, sub.ID)
		h.fails(err, FolderNotFound)
		h.must(v.EmptyFolder(ctx, trash, HardDelete, true))
		if count(trash) != 0 {
			t.Errorf("%d left", count(trash))
		}
		u, err := v.Usage(ctx)
		h.must(err)
		if u.Size != 0 {
			t.Errorf("an empty mailbox of %d bytes", u.Size)
		}
	})
}

func TestFoldersOfOthers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		calendar, inbox := h.folder(h.anna(), Calendar), h.folder(h.anna(), Inbox)
		_, err := h.ben().FolderByName(ctx, Calendar)
		h.fails(err, FolderNotFound) // to know when she is busy is not to know her calendar
		h.grant(calendar, "ben", access.LevelReviewer&^access.FolderVisible)
		f, err := h.ben().FolderByName(ctx, Calendar)
		h.must(err)
		if f.Rights&access.FolderRights != access.ReadAny {
			t.Errorf("Ben's rights are %v", f.Rights)
		}
		_, err = h.ben().SetPermissions(ctx, calendar, nil)
		h.fails(err, DeniedOwner)
		_, err = h.ben().CreateFolder(ctx, calendar, NewFolder{Name: "his"})
		h.fails(err, DeniedCreateSubFolder)
		_, err = h.ben().CreateFolder(ctx, inbox, NewFolder{Name: "his"})
		h.fails(err, ParentNotFound)
		h.grant(calendar, "ben", access.LevelPublishingEditor)
		mine, err := h.ben().CreateFolder(ctx, calendar, NewFolder{Name: "his"})
		h.must(err)
		if !mine.Rights.Has(access.FolderOwner) {
			t.Errorf("Ben made a folder and has %v", mine.Rights)
		}
		// A table that allows a subfolder's owner nothing above it.
		h.grant(calendar, "ben", access.LevelNone)
		if _, err = h.ben().Folder(ctx, mine.ID); err != nil {
			t.Errorf("Ben's folder: %v", err)
		}
		h.fails(h.ben().DeleteFolder(ctx, calendar, HardDelete), FolderNotFound)
		h.fails(h.open("carla", annas).DeleteFolder(ctx, mine.ID, HardDelete), FolderNotFound)
	})
}

func TestPermissionTables(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		before, err := v.Folder(ctx, inbox)
		h.must(err)
		change, err := v.SetPermissions(ctx, inbox, []access.Entry{{SID: sid("ben"), Rights: access.EditAny | access.Administer}})
		h.must(err)
		f, err := v.Folder(ctx, inbox)
		h.must(err)
		want := []access.Entry{{SID: sid("ben"), Rights: access.EditAny | access.EditOwned}, {Who: access.Default}, {Who: access.Anonymous}}
		if !slices.Equal(f.Table.Entries, want) || f.Change != change || f.Change == before.Change {
			t.Errorf("table %v, change %d", f.Table, f.Change)
		}
		_, err = v.SetPermissions(ctx, inbox, []access.Entry{{SID: sid("ben")}, {SID: sid("ben")}})
		h.fails(err, DuplicatePermission)
		_, err = v.SetPermissions(ctx, inbox, []access.Entry{{Rights: 1}})
		if err == nil {
			t.Error("an entry for nobody was kept")
		}
		sub, err := v.CreateFolder(ctx, inbox, NewFolder{Name: "inherits"})
		h.must(err)
		if !slices.Equal(sub.Table.Entries, want) {
			t.Errorf("inherited %v", sub.Table)
		}
	})
}
