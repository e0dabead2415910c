package easserver

import (
	"strings"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

func note(tb testing.TB, subject, class, body string, categories ...string) *wbxml.Element {
	tb.Helper()
	return data(tb, func(w *wbxml.Writer) {
		if subject != "-" {
			w.Text(wbxml.NotesSubject, subject)
		}
		if class != "" {
			w.Text(wbxml.NotesMessageClass, class)
		}
		if body != "-" {
			w.Start(wbxml.AirSyncBaseBody)
			w.Text(wbxml.AirSyncBaseType, "1")
			w.Text(wbxml.AirSyncBaseData, body)
			w.End()
		}
		if categories != nil {
			w.Start(wbxml.NotesCategories)
			for _, c := range categories {
				w.Text(wbxml.NotesCategory, c)
			}
			w.End()
		}
	})
}

func TestNotes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.classCall("anna", activesync.V140)
		long := strings.Repeat("ä", 300)
		it := h.created(c, notes{}, mailbox.Notes, note(t, "Milk", "IPM.StickyNote", "Buy milk.", "Home"))
		for _, x := range [...]struct {
			in                         *wbxml.Element
			subject, class, body, tags string
		}{
			{note(t, "-", "", "-"), "Milk", "IPM.StickyNote", "Buy milk.", "Home"},
			{note(t, "Bread", "IPM.StickyNote.Red", "-", "Home", "Food"), "Bread", "IPM.StickyNote.Red", "Buy milk.", "Home Food"},
			{note(t, "", "", "\r\nFirst line \r\nsecond"), "First line", "IPM.StickyNote.Red", "\r\nFirst line \r\nsecond", "Home Food"},
			{note(t, "", "", long), long[:510], "IPM.StickyNote.Red", long, "Home Food"},
			{note(t, "Nothing", "", "", ""), "Nothing", "IPM.StickyNote.Red", "", ""},
		} {
			changed, _, err := notes{}.change(c, h.item("anna", it.ID), x.in, &options{})
			h.must(err)
			out := h.shownAs(c, notes{}, it.ID)
			var tags []string
			for e := range out.Child(wbxml.NotesCategories).All(wbxml.NotesCategory) {
				tags = append(tags, e.Text())
			}
			if out.Get(wbxml.NotesSubject) != x.subject || out.Get(wbxml.NotesMessageClass) != x.class ||
				out.Child(wbxml.AirSyncBaseBody).Get(wbxml.AirSyncBaseData) != x.body || strings.Join(tags, " ") != x.tags {
				t.Errorf("%s, want %+v", dump(out), x)
			}
			if got := out.Get(wbxml.NotesLastModifiedDate); got != changed.Modified.UTC().Format("20060102T150405Z") {
				t.Errorf("modified %s", got)
			}
			// Its echo is no change.
			again, _, err := notes{}.change(c, h.item("anna", it.ID), out, &options{})
			h.must(err)
			if again.Change != changed.Change {
				t.Errorf("%q: an echo is a change", x.subject)
			}
		}
		for name, bad := range map[string]*wbxml.Element{
			"a message": note(t, "x", "IPM.Note", "x"), "a lookalike": note(t, "x", "IPM.StickyNotes", "x"),
			"too many categories": note(t, "x", "", "x", strings.Split(strings.Repeat("a ", maxListed+1), " ")...),
		} {
			if _, _, err := (notes{}).change(c, h.item("anna", it.ID), bad, &options{}); err == nil {
				t.Errorf("%s is taken", name)
			}
		}
		old := h.classCall("anna", activesync.V121)
		if _, _, err := (notes{}).change(old, h.item("anna", it.ID), note(t, "x", "", "x"), &options{}); err == nil {
			t.Error("12.1 has notes")
		}
		// What EWS keeps as a page is shown as text, and its echo leaves the page.
		page := &mailbox.Item{Class: "IPM.StickyNote", Body: &mailbox.Body{HTML: []byte("<p>Two</p><p>lines</p>")}}
		id := h.make("anna", mailbox.Notes, page)
		_, _, err := notes{}.change(c, h.item("anna", id), h.shownAs(c, notes{}, id), &options{})
		h.must(err)
		if got := h.item("anna", id); got.Body == nil || string(got.Body.HTML) != "<p>Two</p><p>lines</p>" {
			t.Errorf("the page is now %+v", got.Body)
		}
		h.must((notes{}).remove(c, h.item("anna", id), nil, mailbox.HardDelete))
		if (notes{}).shown(&mailbox.Item{Class: "IPM.Note"}) {
			t.Error("a message is a note")
		}
	})
}
