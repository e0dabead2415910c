package easserver

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// A tree is a phone's copy of the folders.
type tree struct {
	*phone
	key     string
	folders map[string]string // "parent name type" by ServerId
}

func (p *phone) tree() *tree {
	p.Helper()
	t := &tree{phone: p, key: "0", folders: map[string]string{}}
	t.pull()
	return t
}

// pull follows the hierarchy and returns how many folders were added, changed and
// deleted.
func (t *tree) pull() string {
	t.Helper()
	return t.take(t.folderSync(t.key))
}

func (t *tree) take(a *reply) string {
	t.Helper()
	root := a.ok()
	if s := root.Get(wbxml.FolderHierarchyStatus); s != "1" {
		return "status " + s
	}
	t.key = root.Get(wbxml.FolderHierarchySyncKey)
	var add, update, gone int
	for e := range root.Child(wbxml.FolderHierarchyChanges).Children() {
		id := e.Get(wbxml.FolderHierarchyServerId)
		says := e.Get(wbxml.FolderHierarchyParentId) + " " + e.Get(wbxml.FolderHierarchyDisplayName) + " " + e.Get(wbxml.FolderHierarchyType)
		_, has := t.folders[id]
		switch e.Tag {
		case wbxml.FolderHierarchyAdd:
			if add++; has {
				t.Errorf("folder %s is added twice", id)
			}
			if parent := e.Get(wbxml.FolderHierarchyParentId); parent != "0" && t.folders[parent] == "" {
				t.Errorf("folder %s comes before its parent", id)
			}
			t.folders[id] = says
		case wbxml.FolderHierarchyUpdate:
			if update++; !has {
				t.Errorf("folder %s is changed and was never added", id)
			}
			t.folders[id] = says
		case wbxml.FolderHierarchyDelete:
			gone++
			delete(t.folders, id)
		}
	}
	if n := root.Path(wbxml.FolderHierarchyChanges).Get(wbxml.FolderHierarchyCount); n != strconv.Itoa(add+update+gone) {
		t.Errorf("Count is %s", n)
	}
	return fmt.Sprintf("+%d ~%d -%d", add, update, gone)
}

// change sends FolderCreate, FolderUpdate or FolderDelete with elements in pairs,
// and returns the status and the ServerId.
func (t *tree) change(cmd activesync.Command, pairs ...any) (status, id string) {
	t.Helper()
	a := t.changeLost(cmd, pairs...)
	root := a.ok()
	if key := root.Get(wbxml.FolderHierarchySyncKey); key != "" {
		t.key = key
	}
	return root.Get(wbxml.FolderHierarchyStatus), root.Get(wbxml.FolderHierarchyServerId)
}

func (t *tree) changeLost(cmd activesync.Command, pairs ...any) *reply {
	t.Helper()
	return t.send(cmd, func(w *wbxml.Writer) {
		w.Start(documents()[cmd].root)
		w.Text(wbxml.FolderHierarchySyncKey, t.key)
		for i := 0; i < len(pairs); i += 2 {
			w.Text(pairs[i].(wbxml.Tag), pairs[i+1].(string))
		}
		w.End()
	})
}

func (t *tree) create(parent, name string, kind activesync.FolderType) (status, id string) {
	t.Helper()
	return t.change(activesync.FolderCreate, wbxml.FolderHierarchyParentId, parent, wbxml.FolderHierarchyDisplayName, name,
		wbxml.FolderHierarchyType, strconv.Itoa(int(kind)))
}

func (t *tree) update(id, parent, name string) string {
	t.Helper()
	s, _ := t.change(activesync.FolderUpdate, wbxml.FolderHierarchyServerId, id, wbxml.FolderHierarchyParentId, parent, wbxml.FolderHierarchyDisplayName, name)
	return s
}

func (t *tree) remove(id string) string {
	t.Helper()
	s, _ := t.change(activesync.FolderDelete, wbxml.FolderHierarchyServerId, id)
	return s
}

// makeFolder makes a folder as EWS would.
func (h *house) makeFolder(who string, parent mailbox.FolderID, n mailbox.NewFolder) mailbox.FolderID {
	h.Helper()
	f, err := h.view(who).CreateFolder(context.WithoutCancel(h.Context()), parent, n)
	h.must(err)
	return f.ID
}

func TestFolderSync(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		tr := h.phone("anna", activesync.V161).tree()
		all := fmt.Sprint(tr.folders)
		for _, want := range [...]string{
			"0 Inbox 2", "0 Drafts 3", "0 Deleted Items 4", "0 Sent Items 5", "0 Outbox 6", "0 Tasks 7", "0 Calendar 8", "0 Contacts 9",
			"0 Notes 10", "0 Junk Email 12", "0 Conversation History 12",
		} {
			if !strings.Contains(all, ":"+want) {
				t.Errorf("no folder %q in %s", want, all)
			}
		}
		if len(tr.folders) != 11 {
			t.Errorf("%d folders: %s", len(tr.folders), all)
		}
		test := func(got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		test(tr.pull(), "+0 ~0 -0")
		inbox, journal := h.folder("anna", mailbox.Inbox), h.folder("anna", mailbox.Journal)
		a := h.makeFolder("anna", inbox, mailbox.NewFolder{Name: "A"})
		b := h.makeFolder("anna", journal, mailbox.NewFolder{Name: "B", Class: "IPF.Appointment"})
		h.makeFolder("anna", inbox, mailbox.NewFolder{Name: "hidden", Hidden: true})
		h.makeFolder("anna", h.folder("anna", mailbox.SyncIssues), mailbox.NewFolder{Name: "issues of mine"})
		h.makeFolder("anna", inbox, mailbox.NewFolder{Name: "no class of phones", Class: "IPF.Journal"})
		test(tr.pull(), "+2 ~0 -0")
		test(tr.folders[folderID(a)], folderID(inbox)+" A 12")
		test(tr.folders[folderID(b)], "0 B 13") // it lies in one that is not shown
		ctx := context.WithoutCancel(t.Context())
		_, err := h.view("anna").MoveFolder(ctx, a, h.folder("anna", mailbox.Drafts))
		h.must(err)
		h.make("anna", mailbox.Inbox, letter("mail changes no folder", h.door.Now()))
		test(tr.pull(), "+0 ~1 -0")
		h.must(h.view("anna").DeleteFolder(ctx, a, mailbox.HardDelete))
		test(tr.pull(), "+0 ~0 -1")
		tr.key = "77"
		test(tr.pull(), "status 9")
		tr.key, tr.folders = "0", map[string]string{}
		test(tr.pull(), "+12 ~0 -0")
		// Notes came with 14.0.
		if old := h.phone("anna", activesync.V121).tree(); len(old.folders) != 11 || strings.Contains(fmt.Sprint(old.folders), "Notes") {
			t.Errorf("12.1 has %v", old.folders)
		}
	})
}

// TestFolderSyncLost: an answer that was lost is told again.
func TestFolderSyncLost(t *testing.T) {
	h := open(t)
	tr := h.phone("anna", activesync.V161).tree()
	h.makeFolder("anna", h.folder("anna", mailbox.Inbox), mailbox.NewFolder{Name: "A"})
	tr.folderSync(tr.key)
	h.makeFolder("anna", h.folder("anna", mailbox.Inbox), mailbox.NewFolder{Name: "B"})
	first := tr.folderSync(tr.key)
	tr.folderSync(tr.key)
	if got := tr.take(first); got != "+2 ~0 -0" {
		t.Error(got)
	}
	if got := tr.pull(); got != "+0 ~0 -0" {
		t.Error(got)
	}
}

func TestFolderEdits(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		tr := h.phone("anna", activesync.V161).tree()
		inbox, drafts := folderID(h.folder("anna", mailbox.Inbox)), folderID(h.folder("anna", mailbox.Drafts))
		test := func(got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		create := func(want, parent, name string, kind activesync.FolderType) string {
			t.Helper()
			s, id := tr.create(parent, name, kind)
			test(s, want)
			return id
		}
		key := tr.key
		id := create("1", inbox, "Mail", activesync.UserMail)
		tr.key = key // the answer was lost
		if again := create("1", inbox, "Mail", activesync.UserMail); again != id {
			t.Errorf("made as %s and as %s", id, again)
		}
		create("2", inbox, "mail", activesync.UserMail)
		create("5", "9999", "x", activesync.UserMail)
		create("10", inbox, "", activesync.UserMail)
		create("10", inbox, "x", activesync.DefaultInbox)
		create("5", folderID(h.folder("anna", mailbox.SyncIssues)), "x", activesync.UserMail)
		cal := create("1", "0", "Second", activesync.UserCalendar)
		test(tr.pull(), "+0 ~0 -0") // the phone knows what it did

		// Another makes a folder meanwhile: the phone is still to be told of it.
		h.makeFolder("anna", h.folder("anna", mailbox.Inbox), mailbox.NewFolder{Name: "other"})
		test(tr.update(cal, inbox, "Third"), "1")
		test(tr.pull(), "+1 ~0 -0")
		f, err := h.view("anna").Folder(context.WithoutCancel(t.Context()), folderNumber(t, cal))
		h.must(err)
		if f.Name != "Third" || folderID(f.Parent) != inbox {
			t.Errorf("%+v", f)
		}
		test(tr.update(id, inbox, "third"), "2")
		test(tr.update(inbox, "0", "Mine"), "3")
		test(tr.update("9999", "0", "x"), "4")
		test(tr.update(id, "9999", "x"), "5")
		test(tr.update(cal, cal, "Third"), "10")
		// A name that is taken where the folder goes leaves it as it was.
		s, _ := tr.create(drafts, "Third", activesync.UserMail)
		test(s, "1")
		test(tr.update(cal, drafts, "Third"), "2")

		test(tr.remove(inbox), "3")
		test(tr.remove("9999"), "4")
		key = tr.key
		test(tr.remove(id), "1")
		tr.key = key
		test(tr.remove(id), "1") // the answer was lost; it lies in Deleted Items and stays there
		f, err = h.view("anna").Folder(context.WithoutCancel(t.Context()), folderNumber(t, id))
		h.must(err)
		if f.Parent != h.folder("anna", mailbox.DeletedItems) {
			t.Errorf("deleted into %d", f.Parent)
		}
		tr.key = "5"
		test(tr.remove(id), "9")
	})
}

func folderNumber(tb testing.TB, s string) mailbox.FolderID {
	tb.Helper()
	id, ok := parseFolderID(s)
	if !ok {
		tb.Fatalf("%q is no folder", s)
	}
	return id
}

// TestManyFolders: of more folders than a phone can have it is shown the first, and
// every one of them after its parent.
func TestManyFolders(t *testing.T) {
	h := open(t)
	inbox := h.folder("anna", mailbox.Inbox)
	parent := h.makeFolder("anna", inbox, mailbox.NewFolder{Name: "z"})
	var last mailbox.FolderID
	for i := range 1010 {
		in := inbox
		if i%2 == 1 {
			in = parent
		}
		last = h.makeFolder("anna", in, mailbox.NewFolder{Name: fmt.Sprintf("f%04d", 2000-i)})
	}
	tr := h.phone("anna", activesync.V161).tree()
	if len(tr.folders) != maxFolders || tr.folders[folderID(last)] != "" || tr.folders[folderID(inbox)] == "" || tr.folders[folderID(parent)] == "" {
		t.Errorf("%d folders", len(tr.folders))
	}
	if got := tr.pull(); got != "+0 ~0 -0" {
		t.Error(got)
	}
	if s, _ := tr.create("0", "one more", activesync.UserMail); s != "6" {
		t.Errorf("one more: %s", s)
	}
}

// moves sends MoveItems and returns status and new ids.
func (p *phone) moves(triples ...string) (list []string) {
	p.Helper()
	a := p.send(activesync.MoveItems, func(w *wbxml.Writer) {
		w.Start(wbxml.MoveMoveItems)
		for i := 0; i < len(triples); i += 3 {
			w.Start(wbxml.MoveMove)
			w.Text(wbxml.MoveSrcMsgId, triples[i])
			w.Text(wbxml.MoveSrcFldId, triples[i+1])
			w.Text(wbxml.MoveDstFldId, triples[i+2])
			w.End()
		}
		w.End()
	})
	for r := range a.ok().All(wbxml.MoveResponse) {
		list = append(list, r.Get(wbxml.MoveStatus)+" "+r.Get(wbxml.MoveDstMsgId))
	}
	return list
}

// TestMoveItems moves mail between two folders that the phone follows: who asks
// again gets the same answer, and all phones are told of the move, the one that made
// it under the id that it was answered.
func TestMoveItems(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		now := h.door.Now()
		id := h.make("anna", mailbox.Inbox, letter("m", now))
		p, q := h.phone("anna", activesync.V161), h.phone("anna", activesync.V161)
		q.id = "another"
		var in, to, in2, to2 *copied
		for _, c := range [...]struct {
			p  *phone
			to **copied
			of mailbox.DistinguishedName
		}{{p, &in, mailbox.Inbox}, {p, &to, mailbox.Drafts}, {q, &in2, mailbox.Inbox}, {q, &to2, mailbox.Drafts}} {
			*c.to = c.p.copyOf(c.of)
			(*c.to).all()
		}
		inbox, drafts := folderID(in.folder), folderID(to.folder)
		source := itemID(in.folder, id)
		first := p.moves(source, inbox, drafts)
		again := p.moves(source, inbox, drafts)
		if len(first) != 1 || !strings.HasPrefix(first[0], "3 "+drafts+":") || again[0] != first[0] {
			t.Fatalf("%v, again %v", first, again)
		}
		for _, c := range [...][2]*copied{{in, to}, {in2, to2}} {
			if a, b := c[0].pull(nil), c[1].pull(nil); a != "+0 ~0 -1 s0" || b != "+1 ~0 -0 s0" {
				t.Errorf("a phone is told %s, %s", a, b)
			}
		}
		// What happens to it at its new place, the phone is told.
		h.edit("anna", number(t, strings.TrimPrefix(first[0], "3 ")), func(it *mailbox.Item) { it.Read = true })
		if got := to.pull(nil); got != "+0 ~1 -0 s0" {
			t.Error(got)
		}
		moved := strings.TrimPrefix(first[0], "3 ")
		for _, c := range [...]struct{ id, from, to, want string }{
			{itemID(in.folder, 9999), inbox, drafts, "1 "},
			{"nonsense", inbox, drafts, "1 "},
			{moved, inbox, drafts, "1 "},
			{moved, drafts, "9999", "2 "},
			{moved, drafts, folderID(h.folder("anna", mailbox.SyncIssues)), "2 "},
			{moved, drafts, drafts, "4 "},
			{source, inbox, folderID(h.folder("anna", mailbox.SentItems)), "1 "},
		} {
			if got := p.moves(c.id, c.from, c.to); len(got) != 1 || got[0] != c.want {
				t.Errorf("%v: %v", c, got)
			}
		}
	})
}

// pendingOf asks pending as a phone's Ping would.
func pendingOf(tb testing.TB, p *phone, folders ...mailbox.FolderID) (changed []mailbox.FolderID, gone bool, err error) {
	tb.Helper()
	seen := false
	cmd := p.handler.commands[activesync.Settings]
	defer func() {
		delete(p.handler.commands, activesync.Settings)
		if cmd.serve != nil {
			p.handler.commands[activesync.Settings] = cmd
		}
	}()
	p.handler.commands[activesync.Settings] = command{serve: func(c *call) error {
		seen = true
		changed, gone, err = c.pending(folders...)
		return nil
	}}
	p.sendRaw(activesync.Settings, contentType, nil)
	if !seen {
		tb.Fatal("nobody asked")
	}
	return changed, gone, err
}

// TestPending: what a Sync would tell, and nothing else.
func TestPending(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		now := h.door.Now()
		p := h.phone("anna", activesync.V161)
		c := p.copyOf(mailbox.Inbox)
		test := func(want bool) {
			t.Helper()
			changed, gone, err := pendingOf(t, p, c.folder)
			h.must(err)
			if gone || (len(changed) > 0) != want {
				t.Errorf("pending %v, gone %v", changed, gone)
			}
		}
		test(false)
		id := h.make("anna", mailbox.Inbox, letter("m", now))
		test(true)
		c.pull(filtered(1))
		test(false)
		h.make("anna", mailbox.Inbox, contact("no mail"))
		h.make("anna", mailbox.Inbox, letter("ancient", now.AddDate(-1, 0, 0)))
		test(false)
		h.edit("anna", id, func(it *mailbox.Item) { it.Read = true })
		test(true)
		c.pull(nil)
		test(false)
		c.pull(withCommands(deleteItems(itemID(c.folder, id))))
		test(false)
		if _, gone, err := pendingOf(t, p, 9999); gone || err != nil {
			t.Errorf("a folder that is not synchronized: %v %v", gone, err)
		}
		f := h.makeFolder("anna", c.folder, mailbox.NewFolder{Name: "goes"})
		x := p.copyOfFolder(f)
		x.all()
		h.must(h.view("anna").DeleteFolder(context.WithoutCancel(t.Context()), f, mailbox.HardDelete))
		if _, gone, err := pendingOf(t, p, f); !gone || err != nil {
			t.Errorf("a folder that is gone: %v %v", gone, err)
		}
		if got := x.pull(nil); got != "status 12" {
			t.Error(got)
		}
	})
}
