package mailbox

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

func TestNamedProps(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, w, ctx := h.anna(), h.open("ben", bens), t.Context()
		appointment, err := ParseGUID("{" + strings.ToUpper(psetAppointment) + "}")
		h.must(err)
		mine := GUID{7}
		names := []PropName{
			{Set: appointment, LID: 0x8208, Type: TypeString},
			{Set: mine, Name: "Color", Type: TypeString},
			{Set: mine, LID: 5, Type: TypeInteger32},
			{Set: mine, Name: "color", Type: TypeString},
			{Set: mine, LID: 6, Type: TypeObject},
		}
		tags, err := v.NamedProps(ctx, names, false)
		h.must(err)
		if tags[0] != PidLidLocation || tags[1] != 0 {
			t.Errorf("tags %v", tags)
		}
		tags, err = v.NamedProps(ctx, names, true)
		h.must(err)
		if tags[1].ID() < firstNamed || tags[1] == tags[3] || tags[2].Type() != TypeInteger32 || tags[4] != 0 {
			t.Errorf("tags %v", tags)
		}
		h.store.named = newNamedCache() // what the database knows
		again, err := v.NamedProps(ctx, names, false)
		h.must(err)
		for i := range again {
			if again[i] != tags[i] {
				t.Errorf("name %d was %v and is %v", i, tags[i], again[i])
			}
		}
		h.store.named = newNamedCache()
		if n, ok, err := v.PropName(ctx, tags[1]); err != nil || !ok || n != names[1] {
			t.Errorf("%v is %+v, %v, %v", tags[1], n, ok, err)
		}

		_, err = w.NamedProps(ctx, []PropName{{Set: mine, Name: "his own", Type: TypeString}}, true) // so that ids differ
		h.must(err)
		var ps Props
		ps.SetString(PidTagSubject, "s")
		ps.SetString(tags[1], "red")
		ps.SetString(PidLidLocation, "here")
		out, err := w.Translate(ctx, v, ps)
		h.must(err)
		his, err := w.NamedProps(ctx, names[1:2], false)
		h.must(err)
		if his[0] == tags[1] || out.String(his[0]) != "red" || out.String(PidLidLocation) != "here" || out.Len() != 3 {
			t.Errorf("%v became %v", ps, out)
		}

		h.store.limits.NamedProps = 4
		_, err = v.NamedProps(ctx, []PropName{{Set: mine, Name: "x", Type: 3}, {Set: mine, Name: "y", Type: 3}}, true)
		h.fails(err, NamedPropertyLimit)
	})
}

func TestUserConfigurations(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		root := h.folder(v, Root)
		_, err := v.UserConfiguration(ctx, root, "OWA.UserOptions")
		h.fails(err, ConfigurationAbsent)
		var ps Props
		ps.SetBytes(PidTagRoamingDictionary, []byte("<xml/>"))
		_, err = v.CreateUserConfiguration(ctx, root, "OWA.UserOptions", ps)
		h.must(err)
		_, err = v.CreateUserConfiguration(ctx, root, "OWA.UserOptions", ps)
		h.fails(err, ConfigurationExists)
		_, err = v.CreateUserConfiguration(ctx, root, "a b", ps)
		h.fails(err, ConfigurationName)
		h.must(v.UpdateUserConfiguration(ctx, root, "OWA.UserOptions", func(ps *Props) error {
			ps.SetBytes(PidTagRoamingXMLStream, []byte("<more/>"))
			return nil
		}))
		it, err := v.UserConfiguration(ctx, root, "OWA.UserOptions")
		h.must(err)
		if !bytes.Equal(it.Props.Bytes(PidTagRoamingDictionary), []byte("<xml/>")) || !it.Props.Has(PidTagRoamingXMLStream) || it.ConfigurationName() != "OWA.UserOptions" {
			t.Errorf("configuration %+v", it)
		}
		f, err := v.Folder(ctx, root)
		h.must(err)
		if f.Total != 0 || f.Unread != 0 || f.Associated != 1 {
			t.Errorf("folder %+v", f)
		}
		_, err = h.ben().UserConfiguration(ctx, root, "OWA.UserOptions")
		h.fails(err, FolderNotFound)
		h.must(v.DeleteUserConfiguration(ctx, root, "OWA.UserOptions"))
		_, err = v.UserConfiguration(ctx, root, "OWA.UserOptions")
		h.fails(err, ConfigurationAbsent)
	})
}

func TestOof(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		if o, err := v.Oof(ctx); err != nil || o != (Oof{}) {
			t.Errorf("%+v, %v", o, err)
		}
		noon := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
		want := Oof{State: OofScheduled, External: OofAll, Start: noon, End: noon.Add(time.Hour), Internal: OofReply{"away", "en"}, Outside: OofReply{"gone", "en"}}
		h.must(v.SetOof(ctx, want))
		if o, err := v.Oof(ctx); err != nil || o != want {
			t.Errorf("%+v, %v", o, err)
		}
		knows := false
		test := func(at time.Time, internal bool, message string) {
			t.Helper()
			r, ok, err := h.ben().OofReply(ctx, at, internal, func() (bool, error) { return knows, nil })
			if err != nil || ok != (message != "") || ok && r.Message != message {
				t.Errorf("%v %v, %v", r, ok, err)
			}
		}
		test(noon.Add(-time.Second), true, "")
		test(noon, true, "away")
		test(noon, false, "gone")
		test(noon.Add(time.Hour), true, "")
		want.External = OofKnown
		h.must(v.SetOof(ctx, want))
		test(noon, true, "away")
		test(noon, false, "")
		knows = true
		test(noon, false, "gone")
		want.External = OofNone
		h.must(v.SetOof(ctx, want))
		test(noon, false, "")
		h.fails(h.ben().SetOof(ctx, Oof{}), FolderNotFound)
		_, err := h.ben().Oof(ctx)
		h.fails(err, FolderNotFound)
		if v.SetOof(ctx, Oof{State: OofScheduled, Start: noon, End: noon}) == nil {
			t.Error("an absence of no length was kept")
		}
	})
}

func TestWatch(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, ctx := h.anna(), t.Context()
		inbox := h.folder(v, Inbox)
		w, other := h.store.Watch(database, annas), h.store.Watch(database, bens)
		defer w.Close()
		defer other.Close()
		quiet := other.Generation()
		woken := func(w *Watch, change func()) {
			t.Helper()
			g := w.Generation()
			change()
			select {
			case <-w.Changed(g):
			case <-time.After(10 * time.Second):
				t.Error("nobody was woken")
			}
		}
		woken(w, func() { h.put(v, inbox, "x") })
		woken(w, func() {
			h.must(v.MarkAllRead(ctx, inbox, true))
		})
		if h.db.Dialect() == "sqlite" && other.Generation() != quiet {
			t.Error("a change in one mailbox woke who watches another")
		}

		// Another process is another store.
		second := New(Config{Databases: func(string) (*db.DB, error) { return h.db, nil }, Now: time.Now, Poll: 10 * time.Millisecond})
		defer second.Close()
		if h.db.Dialect() != "sqlite" {
			far := second.Watch(database, annas)
			defer far.Close()
			woken(far, func() {}) // the first look wakes
			woken(far, func() { h.put(v, inbox, "y") })
		}
		// On a database that others write to, too, somebody may be woken once more
		// than there were changes: the look-up for theirs finds ours as well.
		var mu sync.Mutex
		calls, news := map[string]int{}, make(chan struct{}, 100)
		called := func(name string) func() {
			return func() {
				mu.Lock()
				defer mu.Unlock()
				calls[name]++
				news <- struct{}{}
			}
		}
		hears := func(name string, before int) {
			t.Helper()
			for count := -1; count <= before; {
				select {
				case <-news:
				case <-time.After(10 * time.Second):
					t.Fatalf("%s is not called", name)
				}
				mu.Lock()
				count = calls[name]
				mu.Unlock()
			}
		}
		count := func(name string) int {
			mu.Lock()
			defer mu.Unlock()
			return calls[name]
		}
		first := h.store.WatchFunc(database, annas, called("first"))
		both := h.store.WatchFunc(database, annas, called("both"))
		h.put(v, inbox, "z")
		hears("first", 0)
		if count("both") == 0 {
			hears("both", 0)
		}
		both.Close()
		closed, was := count("both"), count("first")
		h.put(v, inbox, "z")
		if count("first") == was {
			hears("first", was)
		}
		g, was := w.Generation(), count("first")
		h.must(h.store.Close())
		<-w.Changed(g)
		if count("first") == was {
			hears("first", was)
		}
		if n := count("both"); n != closed {
			t.Errorf("called %d times after it was closed", n-closed)
		}
		first.Close()
	})
}

func TestVerifyFindsDamage(t *testing.T) {
	damage := func(name string, f func(tx *db.Tx) error) {
		t.Run(name, func(t *testing.T) {
			eachDamaged(t, f)
		})
	}
	exec := func(f func(tx *db.Tx) (int64, error)) func(tx *db.Tx) error {
		return func(tx *db.Tx) error {
			n, err := f(tx)
			if err == nil && n == 0 {
				err = errors.New("nothing to damage")
			}
			return err
		}
	}
	damage("count", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE folder_content SET unread = unread + 1`) }))
	damage("size", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE mailbox SET size = size + 1`) }))
	damage("counter", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE mailbox SET counter = 5`) }))
	damage("folder gone", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM folder WHERE distinguished = 'inbox'`) }))
	damage("loop", exec(func(tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE folder SET parent_id = folder_id WHERE distinguished = 'inbox'`)
	}))
	damage("body gone", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM item_content`) }))
	damage("item gone", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM item`) }))
	damage("content gone", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM attachment_data`) }))
	damage("attachment gone", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`DELETE FROM attachment`) }))
	damage("flags", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE item SET flags = flags + 2`) }))
	damage("mime", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE item_content SET mime = NULL`) }))
	damage("props", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE item SET props = $1`, []byte{9}) }))
	damage("articles", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE item SET article = 1`) }))
	damage("changes", exec(func(tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE item SET change_number = 40, content_change = 40`)
	}))
	damage("tombstone", exec(func(tx *db.Tx) (int64, error) { return tx.Exec(`UPDATE tombstone SET folder_id = 77`) }))
}

func eachDamaged(t *testing.T, f func(tx *db.Tx) error) {
	h := newHouse(t, sqlite(t), Limits{})
	v := h.anna()
	inbox := h.folder(v, Inbox)
	h.put(v, inbox, "a")
	it := mail("b")
	it.Attachments = []Attachment{{Name: "x", Content: []byte("y")}}
	h.must(v.CreateItem(t.Context(), inbox, it))
	_, err := v.DeleteItems(t.Context(), []ItemID{h.put(v, inbox, "c").ID}, HardDelete)
	h.must(err)
	h.must(h.store.Verify(t.Context(), database))
	h.must(h.db.Update(t.Context(), f))
	if h.store.Verify(t.Context(), database) == nil {
		t.Error("not found")
	}
}

func TestLimits(t *testing.T) {
	h := newHouse(t, sqlite(t), Limits{Item: 10_000, Props: 2000, Recipients: 3, Attachments: 2, Folders: 30, FolderDepth: 5, Permissions: 3, Configurations: 10})
	v, ctx := h.anna(), t.Context()
	inbox := h.folder(v, Inbox)
	test := func(want entente.Reason, change func(*Item)) {
		t.Helper()
		it := mail("x")
		change(it)
		h.fails(v.CreateItem(ctx, inbox, it), want)
	}
	test(ItemTooLarge, func(it *Item) { it.MIME = make([]byte, 10_000) })
	test(ItemTooLarge, func(it *Item) { it.Props.SetBytes(tagBytes, make([]byte, 2000)) })
	test(RecipientLimit, func(it *Item) { it.Recipients = make([]Recipient, 4) })
	test(AttachmentLimit, func(it *Item) { it.Attachments = make([]Attachment, 3) })
	test(ItemTooLarge, func(it *Item) { it.Attachments = []Attachment{{Content: make([]byte, 10_000)}} })
	test(ItemClass, func(it *Item) { it.Class = "IPM.Nöte" })
	it := h.put(v, inbox, "x")
	_, err := v.AddAttachments(ctx, it.ID, 0, make([]Attachment, 3))
	h.fails(err, AttachmentLimit)
	_, err = v.AddAttachments(ctx, it.ID, 0, []Attachment{{Content: make([]byte, 10_000)}})
	h.fails(err, ItemTooLarge)
	_, err = v.UpdateItem(ctx, it.ID, 0, PartBody, func(it *Item) error { it.Body = &Body{HTML: make([]byte, 10_000)}; return nil })
	h.fails(err, ItemTooLarge)
	_, err = v.SetPermissions(ctx, inbox, make([]access.Entry, 4))
	h.fails(err, PermissionLimit)
	var ps Props
	ps.SetBytes(PidTagRoamingDictionary, make([]byte, 11))
	_, err = v.CreateUserConfiguration(ctx, inbox, "x", ps)
	h.fails(err, ItemTooLarge)
	deep := inbox
	for err = nil; err == nil; {
		var f *Folder
		if f, err = v.CreateFolder(ctx, deep, NewFolder{Name: "deeper"}); err == nil {
			deep = f.ID
		}
	}
	h.fails(err, FolderDepth)
	_, err = v.CreateFolder(ctx, inbox, NewFolder{Name: "one too many"})
	h.fails(err, FolderLimit)
	h.must(h.store.Verify(ctx, database))
	h.must(h.store.Remove(ctx, database, annas))
	_, err = h.anna().FolderByName(ctx, Inbox)
	h.fails(err, FolderNotFound)
}

// TestQueryPlans holds the statements that would walk a mailbox, if SQLite chose
// wrongly, to their indexes.
func TestQueryPlans(t *testing.T) {
	h := newHouse(t, sqlite(t), Limits{})
	h.must(h.db.View(t.Context(), func(tx *db.Tx) error {
		test := func(index string, rows *db.Rows, err error) {
			t.Helper()
			h.must(err)
			defer rows.Close()
			var plan []string
			for rows.Next() {
				var id, parent, unused int64
				var detail string
				h.must(rows.Scan(&id, &parent, &unused, &detail))
				plan = append(plan, detail)
			}
			if all := strings.Join(plan, "; "); !strings.Contains(all, index) || strings.Contains(all, "SCAN") {
				t.Errorf("planned %s, want %s", all, index)
			}
		}
		k := annas[:]
		rows, err := tx.Query(`EXPLAIN QUERY PLAN `+configurationQuery, k, 1, "IPM.Configuration.X")
		test("item_associated (mailbox_id=? AND folder_id=? AND class=?)", rows, err)
		rows, err = tx.Query(`EXPLAIN QUERY PLAN `+itemWithFolder, k, 1)
		test("PRIMARY KEY (mailbox_id=? AND item_id=?)", rows, err)
		rows, err = tx.Query(`EXPLAIN QUERY PLAN `+createdQuery, k, 1, 1, 1, 1)
		test("COVERING INDEX item_article (mailbox_id=? AND folder_id=? AND article>? AND article<?)", rows, err)
		rows, err = tx.Query(`EXPLAIN QUERY PLAN `+updatesQuery, k, 1, 1, 1, 1, 1)
		test("COVERING INDEX item_change (mailbox_id=? AND folder_id=? AND change_number>? AND change_number<?)", rows, err)
		rows, err = tx.Query(`EXPLAIN QUERY PLAN `+receivedDown, k, 1, 1, 1, 1, 1, 1, 1, 1)
		test("COVERING INDEX item_received (mailbox_id=? AND folder_id=? AND received>? AND received<?)", rows, err)
		rows, err = tx.Query(`EXPLAIN QUERY PLAN `+folderColumns+folderByName, k, "inbox")
		test("folder_distinguished (mailbox_id=? AND distinguished=?)", rows, err)
		return nil
	}))
}
