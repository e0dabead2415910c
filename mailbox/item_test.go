package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"entente/access"
)

func TestItemComesBackAsItWent(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		it := mail("Grüße")
		it.Props.SetStrings(PidNameKeywords, []string{"red", "blue"})
		it.Props.SetInt(PidTagMessageSize, 1) // said by a field: not kept
		it.Attachments = []Attachment{
			{Name: "a.txt", ContentType: "text/plain", Content: []byte("one")},
			{Name: "big", Content: bytes.Repeat([]byte("0123456789abcdef"), 40_000), Inline: true, ContentID: "x@y"},
		}
		h.must(v.CreateItem(ctx, inbox, it))

		got, err := v.Item(ctx, it.ID, AllParts)
		h.must(err)
		if got.Folder != inbox || got.Article != 1 || got.Change != it.Change || got.Creator != sid("anna") || got.Read || !got.Created.Equal(it.Created) {
			t.Errorf("got %+v", got)
		}
		if !bytes.Equal(got.MIME, it.MIME) || string(got.Body.Text) != "text of Grüße" || string(got.Body.HTML) != "<p>Grüße" {
			t.Errorf("bodies %q %+v", got.MIME, got.Body)
		}
		if got.Props.String(PidTagSubject) != "Grüße" || !slices.Equal(got.Props.Strings(PidNameKeywords), []string{"red", "blue"}) ||
			got.Props.Has(PidTagMessageSize) || got.Props.String(PidTagDisplayTo) != "Anna" || got.Props.String(PidTagDisplayCc) != "carla@contoso.example" {
			t.Errorf("props %v", got.Props)
		}
		if len(got.Recipients) != 2 || got.Recipients[0] != it.Recipients[0] || !got.HasAttachments() || len(got.Attachments) != 2 {
			t.Fatalf("recipients %v, attachments %v", got.Recipients, got.Attachments)
		}
		a, r, err := v.AttachmentContent(ctx, it.ID, got.Attachments[1].ID)
		h.must(err)
		content, err := io.ReadAll(r)
		if err != nil || len(content) != 640_000 || !bytes.HasSuffix(content, []byte("abcdef")) || a.ContentID != "x@y" || !a.Inline {
			t.Errorf("attachment %+v of %d bytes, %v", a, len(content), err)
		}
		light, err := v.Item(ctx, it.ID, 0)
		h.must(err)
		if light.Body != nil || light.MIME != nil || light.Recipients != nil || light.Attachments != nil || light.Size != got.Size {
			t.Errorf("an item with no parts has %+v", light)
		}
	})
}

func TestAttachedItems(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inner := mail("inner")
		inner.Attachments = []Attachment{{Name: "deep", Content: []byte("deep")}}
		outer := mail("outer")
		outer.Attachments = []Attachment{{Name: "a mail", Embedded: inner}}
		h.must(v.CreateItem(ctx, h.folder(v, Inbox), outer))
		_, got, err := v.AttachmentItem(ctx, outer.ID, outer.Attachments[0].ID)
		h.must(err)
		if got.Props.String(PidTagSubject) != "inner" || string(got.Body.HTML) != "<p>inner" || string(got.Attachments[0].Content) != "deep" {
			t.Errorf("got %+v", got)
		}
		for range 9 {
			inner = &Item{Class: "IPM.Note", Attachments: []Attachment{{Embedded: inner}}}
		}
		h.fails(v.CreateItem(ctx, h.folder(v, Inbox), inner), AttachmentNesting)
	})
}

func TestUpdateStoresWhatDiffers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		it := h.put(v, inbox, "before")
		same, err := v.UpdateItem(ctx, it.ID, it.Change, AllParts, func(it *Item) error { it.Props.SetString(PidTagSubject, "before"); return nil })
		h.must(err)
		if same.Change != it.Change {
			t.Errorf("nothing was changed, and the change number went from %d to %d", it.Change, same.Change)
		}
		after, err := v.UpdateItem(ctx, it.ID, it.Change, 0, func(it *Item) error {
			it.Props.SetString(PidTagSubject, "after")
			it.Parts |= PartMIME
			it.MIME = nil
			return nil
		})
		h.must(err)
		got, err := v.Item(ctx, it.ID, AllParts)
		h.must(err)
		if got.MIME != nil || string(got.Body.Text) != "text of before" || len(got.Recipients) != 2 || got.Props.String(PidTagDisplayTo) != "Anna" ||
			got.Props.String(PidTagSubject) != "after" || got.Change != after.Change || got.Article != it.Article || got.Size != after.Size {
			t.Errorf("got %+v", got)
		}
		_, err = v.UpdateItem(ctx, it.ID, it.Change, 0, func(it *Item) error { it.Read = true; return nil })
		h.fails(err, StaleChangeKey)
		read, err := v.UpdateItem(ctx, it.ID, 0, 0, func(it *Item) error { it.Read = true; return nil })
		h.must(err)
		if !read.Modified.Equal(after.Modified) || read.Change == after.Change {
			t.Errorf("marking read changed Modified from %v to %v, Change from %d to %d", after.Modified, read.Modified, after.Change, read.Change)
		}
		f, err := v.Folder(ctx, inbox)
		h.must(err)
		if f.Total != 1 || f.Unread != 0 || f.Size != read.Size || f.ContentChange != read.Change {
			t.Errorf("folder %+v", f)
		}
	})
}

func TestAttachmentsChangeTheItem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		it := h.put(v, h.folder(v, Drafts), "draft")
		with, err := v.AddAttachments(ctx, it.ID, it.Change, []Attachment{{Name: "1", Content: []byte("11")}, {Name: "2", Content: []byte("2")}})
		h.must(err)
		if with.Change == it.Change || !with.HasAttachments() || with.Size <= it.Size {
			t.Errorf("after adding %+v", with)
		}
		_, err = v.AddAttachments(ctx, it.ID, it.Change, []Attachment{{Name: "3"}})
		h.fails(err, StaleChangeKey)
		without, err := v.DeleteAttachments(ctx, it.ID, 0, []uint32{with.Attachments[0].ID, with.Attachments[1].ID})
		h.must(err)
		if without.HasAttachments() || without.Size != it.Size {
			t.Errorf("after deleting %+v", without)
		}
		_, err = v.DeleteAttachments(ctx, it.ID, 0, []uint32{1})
		h.fails(err, AttachmentNotFound)
		again, err := v.AddAttachments(ctx, it.ID, 0, []Attachment{{Name: "4"}})
		h.must(err)
		if again.Attachments[0].ID <= with.Attachments[1].ID {
			t.Errorf("attachment id %d was given out twice", again.Attachments[0].ID)
		}
	})
}

func TestMoveCopyDelete(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox, drafts, trash := h.folder(v, Inbox), h.folder(v, Drafts), h.folder(v, DeletedItems)
		it := mail("one")
		it.Attachments = []Attachment{{Name: "a", Content: []byte("aa")}}
		h.must(v.CreateItem(ctx, inbox, it))

		moved, err := v.MoveItems(ctx, []ItemID{it.ID, 99999}, drafts)
		h.must(err)
		h.must(moved[0].Err)
		h.fails(moved[1].Err, ItemNotFound)
		if moved[0].ID == it.ID {
			t.Error("a moved item kept its id")
		}
		_, err = v.Item(ctx, it.ID, 0)
		h.fails(err, ItemNotFound)
		got, err := v.Item(ctx, moved[0].ID, AllParts)
		h.must(err)
		if got.Folder != drafts || string(got.Body.Text) != "text of one" || len(got.Attachments) != 1 || uint64(got.ID) != got.Change {
			t.Errorf("moved %+v", got)
		}

		copied, err := v.CopyItems(ctx, []ItemID{got.ID}, drafts)
		h.must(err)
		h.must(copied[0].Err)
		deleted, err := v.DeleteItems(ctx, []ItemID{got.ID}, HardDelete)
		h.must(err)
		h.must(deleted[0].Err)
		_, r, err := v.AttachmentContent(ctx, copied[0].ID, 1)
		h.must(err)
		if b, err := io.ReadAll(r); err != nil || string(b) != "aa" {
			t.Errorf("the copy's attachment is %q, %v", b, err)
		}

		id, where := copied[0].ID, []DistinguishedName{DeletedItems, RecoverableItemsDeletions}
		for _, name := range where {
			gone, err := v.DeleteItems(ctx, []ItemID{id}, MoveToDeletedItems)
			h.must(err)
			h.must(gone[0].Err)
			id = gone[0].ID
			got, err := v.Item(ctx, id, 0)
			h.must(err)
			if got.Folder != h.folder(v, name) {
				t.Errorf("deleted into folder %d, not %s", got.Folder, name)
			}
		}
		gone, err := v.DeleteItems(ctx, []ItemID{id}, SoftDelete)
		h.must(err)
		if gone[0].ID != 0 || gone[0].Err != nil {
			t.Errorf("deleted from recoverable items: %+v", gone[0])
		}
		f, err := v.Folder(ctx, trash)
		h.must(err)
		if f.Total != 0 {
			t.Errorf("deleted items has %d", f.Total)
		}
	})
}

func TestWhatACallerMayNotReadDoesNotExist(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		inbox := h.folder(h.anna(), Inbox)
		it := h.put(h.anna(), inbox, "hers")
		secret := mail("secret")
		secret.Props.SetInt(PidTagSensitivity, 2)
		h.must(h.anna().CreateItem(ctx, inbox, secret))
		own := func(r access.Rights) *Item {
			h.grant(inbox, "ben", access.LevelAuthor)
			it := h.put(h.ben(), inbox, "his")
			h.grant(inbox, "ben", r)
			return it
		}
		test := func(name string, rights access.Rights, read, edit, editOwn, create, remove bool) {
			t.Helper()
			bens := own(rights)
			v := h.ben()
			_, err := v.Item(ctx, it.ID, 0)
			if (err == nil) != read {
				t.Errorf("%s: read: %v", name, err)
			}
			if !read {
				h.fails(err, ItemNotFound)
			}
			_, err = v.Item(ctx, secret.ID, 0)
			h.fails(err, ItemNotFound)
			_, err = v.UpdateItem(ctx, it.ID, 0, 0, func(it *Item) error { it.Read = !it.Read; return nil })
			if (err == nil) != edit {
				t.Errorf("%s: edit: %v", name, err)
			}
			_, err = v.UpdateItem(ctx, bens.ID, 0, 0, func(it *Item) error { it.Read = !it.Read; return nil })
			if (err == nil) != editOwn {
				t.Errorf("%s: edit own: %v", name, err)
			}
			if err = v.CreateItem(ctx, inbox, mail("new")); (err == nil) != create {
				t.Errorf("%s: create: %v", name, err)
			}
			victim := h.put(h.anna(), inbox, "victim")
			done, err := v.DeleteItems(ctx, []ItemID{victim.ID}, MoveToDeletedItems)
			h.must(err)
			if (done[0].Err == nil) != remove {
				t.Errorf("%s: delete: %v", name, done[0].Err)
			}
		}
		test("none", access.LevelNone, false, false, false, false, false)
		test("visible", access.FolderVisible, false, false, false, false, false)
		test("contributor", access.LevelContributor, false, false, false, true, false)
		test("reviewer", access.LevelReviewer, true, false, false, false, false)
		test("nonediting author", access.LevelNoneditingAuthor, true, false, false, true, false)
		test("author", access.LevelAuthor, true, false, true, true, false)
		test("editor", access.LevelEditor, true, true, true, true, true)
		test("owner", access.LevelOwner, true, true, true, true, true)
	})
}

func TestDeliver(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		it := mail("for Anna")
		id, err := h.store.Deliver(ctx, database, annas, h.permit("ben", annas, access.Deliver), here, it)
		h.must(err)
		got, err := h.anna().Item(ctx, id, 0)
		h.must(err)
		if when, ok := got.Props.Time(PidTagMessageDeliveryTime); !ok || when.IsZero() || got.Folder != h.folder(h.anna(), Inbox) || got.Read || got.Creator != "" {
			t.Errorf("delivered %+v at %v", got, when)
		}
		_, err = h.store.Deliver(ctx, database, annas, h.permit("ben", annas, access.FolderLookup), here, mail("no"))
		h.fails(err, access.NoRight)
		_, err = h.store.Deliver(ctx, database, bens, h.permit("ben", annas, access.Deliver), here, mail("no"))
		h.fails(err, access.NoRight)
		_, err = h.store.Open(ctx, database, annas, access.Permit{}, here)
		h.fails(err, access.NoRight)
	})
}

// TestDeliverAgain tries one delivery several times, at once and after its item
// is gone.
func TestDeliverAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		deliver := func(name string) ItemID {
			t.Helper()
			it := mail("for Anna")
			it.Arrival = name
			id, err := h.store.Deliver(ctx, database, annas, h.permit("ben", annas, access.Deliver), here, it)
			h.must(err)
			return id
		}
		first, again, other := deliver("a1"), deliver("a1"), deliver("a2")
		if again != first || other == first {
			t.Errorf("delivered as %d, again as %d, another as %d", first, again, other)
		}
		_, err := h.anna().DeleteItems(ctx, []ItemID{first}, HardDelete)
		h.must(err)
		if id := deliver("a1"); id != first {
			t.Errorf("what was deleted came again as %d", id)
		}
		page, err := h.anna().Find(ctx, Query{Folder: h.folder(h.anna(), Inbox)})
		h.must(err)
		if len(page.Items) != 1 {
			t.Errorf("%d messages in the inbox", len(page.Items))
		}
	})
}

func TestQuota(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		it := h.put(v, inbox, "fits")
		h.must(h.store.SetQuota(ctx, database, annas, Quota{ProhibitSend: it.Size - 1, ProhibitSendReceive: it.Size + 1}))
		h.fails(v.CreateItem(ctx, inbox, mail("does not")), QuotaExceeded)
		_, err := h.store.Deliver(ctx, database, annas, h.permit("ben", annas, access.Deliver), here, mail("nor this"))
		h.fails(err, QuotaExceeded)
		_, err = v.UpdateItem(ctx, it.ID, 0, PartBody, func(it *Item) error { it.Body = &Body{Text: make([]byte, 99)}; return nil })
		h.fails(err, QuotaExceeded)
		h.fails(v.MaySend(ctx), QuotaExceeded)
		u, err := v.Usage(ctx)
		h.must(err)
		if u.Size != it.Size {
			t.Errorf("usage %+v, item %d", u, it.Size)
		}
		_, err = v.DeleteItems(ctx, []ItemID{it.ID}, HardDelete)
		h.must(err)
		h.must(v.MaySend(ctx))
		_, err = h.ben().Usage(context.Background())
		if err == nil {
			t.Error("Ben was told how full Anna's mailbox is")
		}
	})
}

func TestMarkAllRead(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		for range chunk + 3 {
			h.put(v, inbox, "unread")
		}
		h.must(v.MarkAllRead(ctx, inbox, true))
		f, err := v.Folder(ctx, inbox)
		h.must(err)
		if f.Unread != 0 || f.Total != chunk+3 {
			t.Errorf("folder %+v", f)
		}
		h.must(v.MarkAllRead(ctx, inbox, false))
		f, err = v.Folder(ctx, inbox)
		h.must(err)
		if f.Unread != chunk+3 {
			t.Errorf("folder %+v", f)
		}
	})
}

func TestManyWriters(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		inbox, ctx := h.folder(h.anna(), Inbox), t.Context()
		h.store.now = time.Now
		var writers sync.WaitGroup
		for n := range 8 {
			v := h.anna()
			writers.Go(func() {
				for i := range 5 {
					it := mail(fmt.Sprint(n, i))
					if err := v.CreateItem(ctx, inbox, it); err != nil {
						t.Error(err)
						return
					}
					if _, err := v.UpdateItem(ctx, it.ID, it.Change, 0, func(it *Item) error { it.Read = true; return nil }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		f, err := h.anna().Folder(ctx, inbox)
		h.must(err)
		if f.Total != 40 || f.Unread != 0 || f.Article != 40 {
			t.Errorf("folder %+v", f)
		}
	})
}

func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		old, young := h.put(v, inbox, "old"), h.put(v, inbox, "young")
		_, err := v.DeleteItems(ctx, []ItemID{old.ID, young.ID}, SoftDelete)
		h.must(err)
		n, err := h.store.Purge(ctx, database, annas, young.Modified)
		h.must(err)
		f, err := v.FolderByName(ctx, RecoverableItemsDeletions)
		h.must(err)
		if n != 1 || f.Total != 1 {
			t.Errorf("%d are gone, %d left", n, f.Total)
		}
	})
}
