package easserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// answerBen is what a phone writes to Ben; its lines are those of a short message.
const answerBen = `
From: anna@contoso.example
To: ben@contoso.example
Subject: %s
Date: Mon, 02 Mar 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: %s; charset=utf-8

%s
`

// about writes the Source of a smart command, in the way of the version.
func (p *phone) about(folder mailbox.FolderID, id mailbox.ItemID, whole bool) func(w *wbxml.Writer) {
	if p.version < activesync.V140 {
		p.more.CollectionID, p.more.ItemID = folderID(folder), itemID(folder, id)
		return nil
	}
	return func(w *wbxml.Writer) {
		w.Start(wbxml.ComposeMailSource)
		w.Text(wbxml.ComposeMailFolderId, folderID(folder))
		w.Text(wbxml.ComposeMailItemId, itemID(folder, id))
		w.End()
		if whole {
			w.Empty(wbxml.ComposeMailReplaceMime)
		}
	}
}

// TestSmart: answers quote what they answer in the form that they have, messages
// sent on have its attachments too, and what the phone wrote whole is left alone.
func TestSmart(t *testing.T) {
	for _, v := range []activesync.Version{activesync.V121, activesync.V140, activesync.V161} {
		t.Run(v.String(), func(t *testing.T) {
			h := open(t)
			folder, id := h.arrived(withFile)
			p := h.phone("anna", v)
			n := 0
			smart := func(cmd activesync.Command, kind, text string, whole bool) *mailbox.Item {
				t.Helper()
				n++
				raw := mimeOf(fmt.Sprintf(answerBen, fmt.Sprint("RE: Plan ", n), kind, text))
				p.hand(cmd, fmt.Sprint("s", n), raw, p.about(folder, id, whole)).ok()
				return h.lies("ben", mailbox.Inbox)[0]
			}
			expect := func(what, got string, want ...string) {
				t.Helper()
				for _, s := range want {
					if !strings.Contains(got, s) {
						t.Errorf("%s: no %q in %q", what, s, got)
					}
				}
			}
			it := smart(activesync.SmartReply, "text/plain", "Thanks.", false)
			expect("reply in text", string(it.Body.Text), "Thanks.", "From: Ben Vogel <ben@contoso.example>", "Subject: Plan", "The plan is attached.")
			if it.Body.HTML != nil || len(it.Attachments) != 0 {
				t.Errorf("reply in text: %q, %d attachments", it.Body.HTML, len(it.Attachments))
			}
			if s := it.Props.String(mailbox.PidTagInReplyToID); s != "<plan@contoso.example>" || it.ConversationTopic() != "Plan" {
				t.Errorf("in reply to %q about %q", s, it.ConversationTopic())
			}
			if b := it.Props.Bytes(mailbox.PidTagConversationIndex); len(b) != 27 {
				t.Errorf("conversation index % x", b)
			}
			it = smart(activesync.SmartReply, "text/html", "<html><body><p>Thanks.</p></body></html>", false)
			expect("reply in HTML", string(it.Body.HTML), "<p>Thanks.</p>", "<hr>", "Ben Vogel", "<b>plan</b>")
			if end := string(it.Body.HTML[len(it.Body.HTML)-14:]); end != "</body></html>" && !strings.HasSuffix(strings.TrimSpace(string(it.Body.HTML)), "</html>") {
				t.Errorf("the page ends with %q", end)
			}
			source := h.item("anna", id)
			verb, _ := source.Props.Int(mailbox.PidTagLastVerbExecuted)
			at, _ := source.Props.Time(mailbox.PidTagLastVerbExecutionTime)
			if verb != verbReply || time.Since(at) > time.Hour {
				t.Errorf("verb %d at %s", verb, at)
			}
			it = smart(activesync.SmartForward, "text/plain", "Look.", false)
			var names []string
			for _, a := range it.Attachments {
				names = append(names, a.Name)
			}
			if !slices.Equal(names, []string{"plan.pdf", "Inner"}) {
				t.Errorf("sent on with %q", names)
			}
			expect("forward", string(it.Body.Text), "Look.", "The plan is attached.")
			if verb, _ := h.item("anna", id).Props.Int(mailbox.PidTagLastVerbExecuted); verb != verbForward {
				t.Errorf("verb %d", verb)
			}
			if v >= activesync.V140 {
				it = smart(activesync.SmartReply, "text/plain", "All of it.", true)
				if strings.TrimSpace(string(it.Body.Text)) != "All of it." || it.Props.String(mailbox.PidTagInReplyToID) != "<plan@contoso.example>" {
					t.Errorf("%q", it.Body.Text)
				}
			}
			if sent := h.lies("anna", mailbox.SentItems); len(sent) != n {
				t.Errorf("%d copies of %d", len(sent), n)
			}
		})
	}
}

// TestSmartRefused: what is not there cannot be answered, and nothing goes out.
func TestSmartRefused(t *testing.T) {
	h := open(t)
	folder, id := h.arrived(withFile)
	raw := mimeOf(fmt.Sprintf(answerBen, "x", "text/plain", "x"))
	test := func(v activesync.Version, want activesync.Status, source func(w *wbxml.Writer)) {
		t.Helper()
		h.phone("anna", v).hand(activesync.SmartReply, "r", raw, source).is(want)
		if len(h.lies("ben", mailbox.Inbox)) != 0 {
			t.Fatal("something was sent")
		}
	}
	from := func(pairs ...any) func(w *wbxml.Writer) {
		return func(w *wbxml.Writer) {
			w.Start(wbxml.ComposeMailSource)
			for i := 0; i < len(pairs); i += 2 {
				w.Text(pairs[i].(wbxml.Tag), pairs[i+1].(string))
			}
			w.End()
		}
	}
	item, long, instance := wbxml.ComposeMailItemId, wbxml.ComposeMailLongId, wbxml.ComposeMailInstanceId
	test(activesync.V161, activesync.ItemNotFound, nil)
	test(activesync.V161, activesync.ItemNotFound, from(item, itemID(folder, id+7)))
	test(activesync.V161, activesync.ItemNotFound, from(item, "x"))
	test(activesync.V161, activesync.ItemNotFound, from(item, itemID(folder, id), instance, "2026-03-02T09:00:00.000Z"))
	test(activesync.V161, activesync.ItemNotFound, from(item, itemID(folder, id), instance, "x"))
	test(activesync.V161, activesync.InvalidCombinationOfIDs, from(item, itemID(folder, id), long, itemID(folder, id)))
	h.phone("anna", activesync.V161).hand(activesync.SmartReply, "l", raw, from(long, itemID(folder, id))).ok()
	h.one("ben", mailbox.Inbox)
}

// TestForwardees: a phone of 16.x names whom a meeting is sent on to, and writes
// no message; they get it as a file for their calendars.
func TestForwardees(t *testing.T) {
	h := open(t)
	ics := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:u1@contoso.example\nDTSTAMP:20260301T000000Z\nDTSTART:20260310T090000Z\nDTEND:20260310T100000Z\nSUMMARY:Talk\nEND:VEVENT\nEND:VCALENDAR\n"
	it := &mailbox.Item{Class: "IPM.Appointment"}
	h.must(it.SetMIME(mimeOf(ics), mailbox.ConvertOptions{Zones: h.store.Zones()}))
	id := h.make("anna", mailbox.Calendar, it)
	p := h.phone("anna", activesync.V161)
	p.hand(activesync.SmartForward, "f1", nil, func(w *wbxml.Writer) {
		p.about(h.folder("anna", mailbox.Calendar), id, false)(w)
		w.Start(wbxml.ComposeMailForwardees)
		w.Start(wbxml.ComposeMailForwardee)
		w.Text(wbxml.ComposeMailForwardeeEmail, "carla@contoso.example")
		w.Text(wbxml.ComposeMailForwardeeName, "Carla Ruiz")
		w.End()
		w.End()
	}).ok()
	got := h.one("carla", mailbox.Inbox)
	if s := got.Props.String(mailbox.PidTagSubject); s != "FW: Talk" || len(got.Attachments) != 1 || got.Attachments[0].Name != "meeting.ics" {
		t.Errorf("%q with %v", s, got.Attachments)
	}
}
