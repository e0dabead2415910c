package easserver

import (
	"fmt"
	"slices"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// writeDraft writes what a phone puts into a draft.
func writeDraft(w *wbxml.Writer, to, subject, body string) {
	w.Start(wbxml.AirSyncApplicationData)
	w.Text(wbxml.EmailTo, to)
	w.Text(wbxml.EmailSubject, subject)
	w.Start(wbxml.AirSyncBaseBody)
	w.Text(wbxml.AirSyncBaseType, "1")
	w.Text(wbxml.AirSyncBaseData, body)
	w.End()
	w.End()
}

// TestDraftsSync: drafts are kept, changed and sent by synchronization. Every
// request is repeated, as after an answer that was lost, and nothing happens twice.
func TestDraftsSync(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.phone("anna", activesync.V161).copyOf(mailbox.Drafts)
		p.all()
		twice := func(want string, write func(w *wbxml.Writer)) {
			t.Helper()
			first := p.responses(p.ask(withCommands(write)))
			a := p.ask(withCommands(write))
			if got := p.responses(a); !slices.Equal(first, got) || fmt.Sprint(got) != want {
				t.Errorf("answered with %v, and again with %v, want %s", first, got, want)
			}
			p.take(a)
		}
		add := func(client string, send bool) func(w *wbxml.Writer) {
			return func(w *wbxml.Writer) {
				w.Start(wbxml.AirSyncAdd)
				w.Text(wbxml.AirSyncClientId, client)
				writeDraft(w, "ben@contoso.example", client, "text of "+client)
				if send {
					w.Empty(wbxml.Email2Send)
				}
				w.End()
			}
		}
		twice("[Add kept 1]", add("kept", false))
		draft := h.one("anna", mailbox.Drafts)
		twice("[Add sent 1]", add("sent", true))
		if got := h.one("ben", mailbox.Inbox); got.Props.String(mailbox.PidTagSubject) != "sent" {
			t.Errorf("%q arrived", got.Props.String(mailbox.PidTagSubject))
		}
		h.one("anna", mailbox.SentItems)
		h.one("anna", mailbox.Drafts)

		id := itemID(draft.Folder, draft.ID)
		twice("[]", func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncChange)
			w.Text(wbxml.AirSyncServerId, id)
			writeDraft(w, "ben@contoso.example, carla@contoso.example", "kept", "changed")
			w.End()
		})
		send := func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncChange)
			w.Text(wbxml.AirSyncServerId, id)
			writeDraft(w, "ben@contoso.example, carla@contoso.example", "kept", "final")
			w.Empty(wbxml.Email2Send)
			w.End()
		}
		p.ask(withCommands(send)).ok()
		// When the phone repeats this, there is no such draft any more.
		p.take(p.ask(withCommands(send)))
		if got := h.one("carla", mailbox.Inbox); string(got.Body.Text) != "final" {
			t.Errorf("%q arrived", got.Body.Text)
		}
		if n, s, d := len(h.lies("ben", mailbox.Inbox)), len(h.lies("anna", mailbox.SentItems)), len(h.lies("anna", mailbox.Drafts)); n != 2 || s != 2 || d != 0 {
			t.Errorf("Ben has %d, %d were kept, %d are drafts still", n, s, d)
		}
		p.all()
		p.has()
	})
}

// TestDraftNotSent: a draft that cannot be sent is one still.
func TestDraftNotSent(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V161).copyOf(mailbox.Drafts)
	p.all()
	a := p.ask(withCommands(func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncAdd)
		w.Text(wbxml.AirSyncClientId, "d")
		writeDraft(w, "", "to nobody", "x")
		w.Empty(wbxml.Email2Send)
		w.End()
	}))
	if got := p.responses(a); !slices.Equal(got, []string{"Add d 119"}) {
		t.Errorf("%v", got)
	}
	if it := h.one("anna", mailbox.Drafts); it.MessageFlags()&flagUnsent == 0 {
		t.Errorf("flags %x", it.MessageFlags())
	}
}
