package mailbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db/dbtest"
)

// A listener follows a mailbox and says what it hears in a few words.
type listener struct {
	*house
	in    Interest
	point NewsPoint
	names map[FolderID]string
	items map[ItemID]string // by the id they have or had
}

func (h *house) listen(in Interest) *listener {
	h.Helper()
	p, err := h.anna().NewsPoint(h.Context(), in)
	h.must(err)
	l := &listener{house: h, in: in, point: p, names: map[FolderID]string{}, items: map[ItemID]string{}}
	for _, d := range [...]DistinguishedName{Inbox, Drafts, Calendar, DeletedItems, SentItems, MsgFolderRoot, RecoverableItemsDeletions} {
		l.names[h.folder(h.anna(), d)] = string(d)
	}
	return l
}

// hears expects news, in pages of a length, without those of how much is in a
// folder.
func (l *listener) hears(limit int, want ...string) {
	l.Helper()
	var got []string
	for range 1000 {
		page, err := l.anna().News(l.Context(), l.in, l.point, limit)
		l.must(err)
		for i := range page.List {
			x := &page.List[i]
			if x.Number <= l.point.Number || x.Number > page.Next.Number || i > 0 && x.Number < page.List[i-1].Number {
				l.Errorf("news %d is out of order", x.Number)
			}
			if x.Time.IsZero() {
				l.Errorf("%s has no time", l.say(x))
			}
			if !x.Counted {
				got = append(got, l.say(x))
			}
		}
		l.point = page.Next
		if !page.More {
			break
		}
	}
	if !slices.Equal(got, want) {
		l.Errorf("heard\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func (l *listener) say(x *News) string {
	words := []string{"", "delivered", "created", "modified", "moved", "copied", "deleted", "free/busy"}
	folder := func(id FolderID) string {
		if l.names[id] == "" {
			return fmt.Sprintf("folder %d", id)
		}
		return l.names[id]
	}
	if x.Item == 0 {
		s := words[x.Kind] + " " + folder(x.Folder)
		if x.OldParent != 0 {
			s += " from " + folder(x.OldParent)
		}
		if x.Kind != NewsModified {
			s += " in " + folder(x.Parent)
		}
		return s
	}
	name := l.items[x.Item]
	if x.OldItem != 0 && name == "" {
		name = l.items[x.OldItem]
		l.items[x.Item] = name
	}
	s := words[x.Kind] + " " + name + " in " + folder(x.Folder)
	if x.OldFolder != 0 {
		s += " from " + folder(x.OldFolder)
	}
	return s
}

func (l *listener) note(it *Item, name string) *Item { l.items[it.ID] = name; return it }

func TestNews(t *testing.T) {
	for _, limit := range [...]int{500, 1, 2} {
		each(t, func(t *testing.T, h *house) {
			ctx, v := t.Context(), h.anna()
			inbox, drafts := h.folder(v, Inbox), h.folder(v, Drafts)
			old := h.put(v, inbox, "old")
			all := h.listen(Interest{All: true})
			some := h.listen(Interest{Folders: []FolderID{inbox}})
			for _, l := range []*listener{all, some} {
				l.note(old, "old")
				l.hears(limit)
			}
			hear := func(forAll, forSome string) {
				t.Helper()
				cut := func(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == ';' }) }
				all.hears(limit, cut(forAll)...)
				some.hears(limit, cut(forSome)...)
			}

			fresh := h.put(v, inbox, "fresh")
			all.note(fresh, "fresh")
			some.note(fresh, "fresh")
			hear("created fresh in inbox", "created fresh in inbox")

			mine := mail("for anna")
			id, err := h.store.Deliver(ctx, database, annas, h.permit("ben", annas, access.Deliver), here, mine)
			h.must(err)
			all.items[id], some.items[id] = "mail", "mail"
			hear("delivered mail in inbox;created mail in inbox", "delivered mail in inbox;created mail in inbox")

			h.must(v.MarkAllRead(ctx, inbox, false))
			h.must(v.MarkAllRead(ctx, inbox, true))
			hear("modified old in inbox;modified fresh in inbox;modified mail in inbox", "modified old in inbox;modified fresh in inbox;modified mail in inbox")

			moved, err := v.MoveItems(ctx, []ItemID{fresh.ID}, drafts)
			h.must(err)
			hear("moved fresh in drafts from inbox", "moved fresh in drafts from inbox")

			copies, err := v.CopyItems(ctx, []ItemID{moved[0].ID}, inbox)
			h.must(err)
			all.items[copies[0].ID], some.items[copies[0].ID] = "copy", "copy"
			hear("copied copy in inbox from drafts", "copied copy in inbox from drafts")

			_, err = v.DeleteItems(ctx, []ItemID{moved[0].ID}, MoveToDeletedItems)
			h.must(err)
			hear("moved fresh in deleteditems from drafts", "")

			_, err = v.DeleteItems(ctx, []ItemID{copies[0].ID}, SoftDelete)
			h.must(err)
			hear("deleted copy in inbox", "deleted copy in inbox")

			_, err = v.DeleteItems(ctx, []ItemID{old.ID}, HardDelete)
			h.must(err)
			hear("deleted old in inbox", "deleted old in inbox")

			// What came and went since is told of, in order.
			brief := h.put(v, inbox, "brief")
			all.note(brief, "brief")
			some.note(brief, "brief")
			away, err := v.MoveItems(ctx, []ItemID{brief.ID}, drafts)
			h.must(err)
			all.items[away[0].ID], some.items[away[0].ID] = "brief", "brief"
			_, err = v.DeleteItems(ctx, []ItemID{away[0].ID}, HardDelete)
			h.must(err)
			if limit == 500 { // with smaller pages what became of it is no longer known in time
				hear("created brief in inbox;moved brief in drafts from inbox;deleted brief in drafts",
					"created brief in inbox;moved brief in drafts from inbox")
			}
		})
	}
}

func TestNewsOfFolders(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, v := t.Context(), h.anna()
		inbox, drafts, root := h.folder(v, Inbox), h.folder(v, Drafts), h.folder(v, MsgFolderRoot)
		all := h.listen(Interest{All: true})
		some := h.listen(Interest{Folders: []FolderID{inbox}})
		hear := func(forAll, forSome string) {
			t.Helper()
			cut := func(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == ';' }) }
			all.hears(500, cut(forAll)...)
			some.hears(500, cut(forSome)...)
		}
		f, err := v.CreateFolder(ctx, inbox, NewFolder{Name: "Projects"})
		h.must(err)
		all.names[f.ID], some.names[f.ID] = "projects", "projects"
		hear("created projects in inbox", "created projects in inbox")
		_, err = v.UpdateFolder(ctx, f.ID, 0, func(f *Folder) error { f.Name = "Project"; return nil })
		h.must(err)
		hear("modified projects", "modified projects")
		h.put(v, f.ID, "within") // not directly in the inbox
		all.in.All = true
		all.point = h.listen(all.in).point
		hear("", "")
		_, err = v.MoveFolder(ctx, f.ID, drafts)
		h.must(err)
		hear("moved projects from inbox in drafts", "moved projects from inbox in drafts")
		h.must(v.DeleteFolder(ctx, f.ID, SoftDelete))
		hear("deleted projects in drafts", "")
		g, err := v.CreateFolder(ctx, root, NewFolder{Name: "Gone"})
		h.must(err)
		all.names[g.ID] = "gone"
		hear("created gone in msgfolderroot", "")
		h.must(v.DeleteFolder(ctx, g.ID, HardDelete))
		hear("deleted gone in msgfolderroot", "")
	})
}

func TestNewsOfTheCalendar(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v := h.anna()
		cal := h.folder(v, Calendar)
		l := h.listen(Interest{Folders: []FolderID{cal}})
		start := h.now()
		it := h.appoint(cal, &calendar.Event{UID: "x", Subject: "x", Start: start, End: start.Add(1), Status: calendar.StatusBusy})
		l.note(it, "x")
		l.hears(500, "created x in calendar", "free/busy x in calendar")
		h.must(v.MarkAllRead(t.Context(), cal, !it.Read))
		l.hears(500, "modified x in calendar")
		_, err := v.DeleteItems(t.Context(), []ItemID{it.ID}, HardDelete)
		h.must(err)
		l.hears(500, "deleted x in calendar", "free/busy x in calendar")
	})
}

// How much of a folder is unread is told once a page.
func TestNewsCount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v := h.anna()
		inbox := h.folder(v, Inbox)
		p, err := v.NewsPoint(t.Context(), Interest{Folders: []FolderID{inbox}})
		h.must(err)
		for range 3 {
			h.put(v, inbox, "x")
		}
		f, err := v.Folder(t.Context(), inbox)
		h.must(err)
		page, err := v.News(t.Context(), Interest{Folders: []FolderID{inbox}}, p, 500)
		h.must(err)
		n := 0
		for _, x := range page.List {
			if x.Counted {
				n++
				if x.Folder != inbox || x.Unread != f.Unread || x.Parent == 0 {
					t.Errorf("counted %+v", x)
				}
			}
		}
		if n != 1 {
			t.Errorf("counted %d times", n)
		}
	})
}

func TestNewsPoints(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, v := t.Context(), h.anna()
		inbox := h.folder(v, Inbox)
		in := Interest{Folders: []FolderID{inbox}}
		p, err := v.NewsPoint(ctx, in)
		h.must(err)
		fails := func(v *View, p NewsPoint, want entente.Reason) {
			t.Helper()
			_, err := v.News(ctx, in, p, 500)
			h.fails(err, want)
		}
		fails(v, NewsPoint{Replica: p.Replica + 1, Number: p.Number}, NewsPointInvalid)
		fails(v, NewsPoint{Replica: p.Replica, Number: p.Number + 1}, NewsPointInvalid)
		h.grant(inbox, "ben", access.LevelOwner)
		fails(h.ben(), p, access.NoRight) // what was private or elsewhere is not his to know
		h.must(h.store.RenewReplicas(ctx, database))
		fails(v, p, NewsPointInvalid)
	})
}

func TestNewsMissed(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t), Limits{Tombstones: 10})
	v := h.anna()
	inbox := h.folder(v, Inbox)
	in := Interest{Folders: []FolderID{inbox}}
	p, err := v.NewsPoint(t.Context(), in)
	h.must(err)
	for range 100 {
		_, err := v.DeleteItems(t.Context(), []ItemID{h.put(v, inbox, "x").ID}, HardDelete)
		h.must(err)
	}
	_, err = v.News(t.Context(), in, p, 500)
	h.fails(err, NewsMissed)
}
