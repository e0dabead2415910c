package mailbox

import (
	"slices"
	"testing"

	"entente"
	"entente/access"
	"entente/db"
)

// acting is the witness of a request by which somebody acts for the owner.
type acting string

func (a acting) Note(string, entente.MailboxID) Note {
	return Note{Request: string(a), Record: []byte("{}")}
}

func (a acting) Origin(entente.MailboxID) (Origin, bool) {
	return Origin{Request: string(a), By: "S-1-5-21-1-2-3-9", As: sid("anna"), Grounds: []string{"assignment 7", "folder-permission x"}}, true
}

func (h *house) given() []Given {
	h.Helper()
	all, err := h.store.Given(h.Context(), database)
	h.must(err)
	return all
}

func (h *house) table(id FolderID) []access.Entry {
	h.Helper()
	f, err := h.anna().Folder(h.Context(), id)
	h.must(err)
	return f.Table.Entries
}

func rightsOf(entries []access.Entry, who string) Held {
	return held(entries, &access.Entry{SID: sid(who)})
}

// Rights that somebody gives who acts for another are found and undone, newest
// first; what the owner changed since stays.
func TestGivenIsUndone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.must(h.anna().SetMeetingDelivery(ctx, DelegatesAndMe))
		calendar := h.folder(h.anna(), Calendar)
		inbox := h.folder(h.anna(), Inbox)
		before := h.table(calendar)
		v := h.openFor("anna", annas, acting("r1"))
		set := func(v *View, id FolderID, entries ...access.Entry) {
			t.Helper()
			_, err := v.SetPermissions(ctx, id, append(slices.Clone(before), entries...))
			h.must(err)
		}
		ben := func(r access.Rights) access.Entry { return access.Entry{SID: sid("ben"), Rights: r} }
		carla := func(r access.Rights) access.Entry { return access.Entry{SID: sid("carla"), Rights: r} }

		set(h.anna(), calendar, ben(access.LevelReviewer)) // her own: nothing is kept
		if all := h.given(); len(all) != 0 {
			t.Errorf("kept of the owner: %+v", all)
		}
		set(v, calendar, ben(access.LevelEditor))
		set(v, calendar, ben(access.LevelOwner), carla(access.LevelReviewer))
		sub, err := v.CreateFolder(ctx, calendar, NewFolder{Name: "Sub", Permissions: []access.Entry{carla(access.LevelEditor)}})
		h.must(err)
		below, err := h.anna().CreateFolder(ctx, calendar, NewFolder{Name: "Below"}) // hers, with what it has from above
		h.must(err)
		set(v, inbox, carla(access.LevelReviewer))
		set(h.anna(), inbox, carla(access.LevelAuthor)) // and the owner changes that
		// What did not change is not kept.
		set(v, inbox, carla(access.LevelAuthor))

		all := h.given()
		var got []string
		for _, g := range all {
			if g.Request != "r1" || !slices.Contains(g.Grounds, "assignment 7") || g.By != "S-1-5-21-1-2-3-9" {
				t.Errorf("origin %+v", g)
			}
			got = append(got, g.Name)
		}
		count := map[string]int{}
		for _, name := range got {
			count[name]++
		}
		if count["Calendar"] != 3 || count["Inbox"] < 1 || count["Sub"] < 1 {
			t.Fatalf("given in %v", count)
		}
		owner := h.anna()
		for i := range all {
			err := owner.Undo(ctx, &all[i])
			if all[i].Name == "Inbox" && all[i].SID == sid("carla") {
				h.fails(err, GivenChanged)
				continue
			}
			h.must(err)
		}
		if got := rightsOf(h.table(calendar), "ben"); got != Held(access.LevelReviewer) {
			t.Errorf("Ben holds %v in the calendar", got)
		}
		for _, id := range []FolderID{calendar, sub.ID, below.ID} {
			if got := rightsOf(h.table(id), "carla"); got != NoEntry {
				t.Errorf("Carla holds %v in folder %d", got, id)
			}
		}
		if got := rightsOf(h.table(below.ID), "ben"); got != Held(access.LevelReviewer) {
			t.Errorf("Ben holds %v below", got)
		}
		if got := rightsOf(h.table(inbox), "carla"); got != Held(access.LevelAuthor) {
			t.Errorf("what Anna gave Carla is %v", got)
		}
		left := h.given() // what could not be undone stands, until it is kept
		for i := range left {
			h.must(owner.Keep(ctx, &left[i]))
		}
		if len(left) != 1 || len(h.given()) != 0 {
			t.Errorf("left %+v, then %+v", left, h.given())
		}
		h.fails(owner.Undo(ctx, &left[0]), GivenUnknown)
	})
}

// Becoming a delegate is a right like others: copies of meeting messages go to
// him.
func TestGivenDelegate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		v := h.openFor("anna", annas, acting("r2"))
		add := func(v *View, who string, copies bool) {
			t.Helper()
			h.must(v.changeDelegates(ctx, func(_ *db.Tx, d *Delegates) error {
				d.List = append(slices.DeleteFunc(d.List, func(x Delegate) bool { return x.SID == sid(who) }), Delegate{SID: sid(who), Copies: copies})
				return nil
			}))
		}
		add(h.anna(), "carla", false)
		add(v, "ben", true)
		add(v, "carla", true)
		all := h.given()
		if len(all) != 2 {
			t.Fatalf("given %+v", all)
		}
		owner := h.anna()
		for i := range all {
			h.must(owner.Undo(ctx, &all[i]))
		}
		d, err := owner.Delegates(ctx)
		h.must(err)
		if len(d.List) != 1 || d.List[0].SID != sid("carla") || d.List[0].Copies {
			t.Errorf("delegates %+v", d.List)
		}
	})
}

// Nobody but who may do all in a mailbox undoes anything in it.
func TestUndoIsTheOwners(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v := h.openFor("anna", annas, acting("r3"))
		_, err := v.SetPermissions(t.Context(), h.folder(v, Calendar), []access.Entry{{SID: sid("ben"), Rights: access.LevelEditor}})
		h.must(err)
		all := h.given()
		for i := range all {
			if err := h.ben().Undo(t.Context(), &all[i]); err == nil {
				t.Error("Ben undid it")
			}
			if err := h.ben().Keep(t.Context(), &all[i]); err == nil {
				t.Error("Ben kept it")
			}
		}
		if len(h.given()) != len(all) || len(all) == 0 {
			t.Errorf("given %+v", h.given())
		}
	})
}
