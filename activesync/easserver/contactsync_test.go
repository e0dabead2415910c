package easserver

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// supporting writes Supported. [MS-ASCMD] 2.2.3.179
func supporting(tags ...wbxml.Tag) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncSupported)
		for _, t := range tags {
			w.Empty(t)
		}
		w.End()
	}
}

// textCommand writes an Add or a Change with texts in pairs.
func textCommand(tag, id wbxml.Tag, name string, pairs ...any) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(tag)
		w.Text(id, name)
		w.Start(wbxml.AirSyncApplicationData)
		for i := 0; i < len(pairs); i += 2 {
			w.Text(pairs[i].(wbxml.Tag), pairs[i+1].(string))
		}
		w.End()
		w.End()
	}
}

// Two phones of different abilities and another program share one address book, and
// neither takes from it what it does not know.
func TestContactsOnTwoPhones(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		face := []byte("\xff\xd8\xff a face")
		it := contact("Anna")
		it.Props.SetString(mailbox.PidTagTitle, "Clerk")
		it.Props.SetString(mailbox.PidTagHomeTelephoneNumber, "+49 30 1")
		it.Attachments = []mailbox.Attachment{{Name: mailbox.ContactPicture, Content: face}}
		id := h.make("anna", mailbox.Contacts, it)
		simple := &copied{phone: h.phone("anna", activesync.V141), folder: h.folder("anna", mailbox.Contacts), key: "0", items: map[string]string{}}
		simple.begin(supporting(wbxml.ContactsFirstName, wbxml.ContactsLastName, wbxml.ContactsFileAs, wbxml.ContactsJobTitle))
		whole := h.phone("anna", activesync.V161).copyOf(mailbox.Contacts)
		simple.all()
		whole.all()
		server := simple.id("Anna")
		change := func(c *copied, pairs ...any) {
			t.Helper()
			c.pull(withCommands(textCommand(wbxml.AirSyncChange, wbxml.AirSyncServerId, server, pairs...)))
			whole.pull(nil)
			simple.pull(nil)
		}
		expect := func(what string, title, phone string, photo bool, seen ...*copied) {
			t.Helper()
			now := h.item("anna", id)
			if now.Props.String(mailbox.PidTagTitle) != title || now.Props.String(mailbox.PidTagHomeTelephoneNumber) != phone || (photoOf(now) != nil) != photo {
				t.Errorf("%s: %q, %q, %v", what, now.Props.String(mailbox.PidTagTitle), now.Props.String(mailbox.PidTagHomeTelephoneNumber), photoOf(now))
			}
			for _, c := range seen {
				if data := c.items[server]; strings.Contains(data, "<JobTitle>") != (title != "") || strings.Contains(data, "<Picture>") != photo {
					t.Errorf("%s: a phone has %s", what, data)
				}
			}
		}
		expect("at first", "Clerk", "+49 30 1", true, simple, whole)
		// The simple phone took the title away, and knows no telephones and pictures.
		change(simple, wbxml.ContactsFirstName, "Anna", wbxml.ContactsFileAs, "Ek")
		// Nobody hears of his own change again.
		if got := simple.pull(nil); got != "nothing" && got != "+0 ~0 -0 s0" {
			t.Errorf("an echo: %s", got)
		}
		if now := h.item("anna", id).Props; now.Has(mailbox.PidTagTitle) || !now.Has(mailbox.PidTagHomeTelephoneNumber) || photoOf(h.item("anna", id)) == nil {
			t.Error("the simple phone took what it does not know")
		}
		// The other says nothing of what it supports, and so knows all of it but the
		// photo.
		change(whole, wbxml.ContactsFirstName, "Anna", wbxml.ContactsJobTitle, "Boss")
		expect("by the other", "Boss", "", true, simple)
		change(whole, wbxml.ContactsFirstName, "Anna", wbxml.ContactsPicture, "")
		expect("without a face", "", "", false, simple)
		// A picture that is too large is refused alone. [MS-ASCNTC] 2.2.2.58
		large := base64.StdEncoding.EncodeToString(make([]byte, maxPicture))
		a := whole.ask(withCommands(func(w *wbxml.Writer) {
			textCommand(wbxml.AirSyncAdd, wbxml.AirSyncClientId, "1", wbxml.ContactsFirstName, "Ben", wbxml.ContactsPicture, large)(w)
			textCommand(wbxml.AirSyncAdd, wbxml.AirSyncClientId, "2", wbxml.ContactsFirstName, "Carla", wbxml.ContactsEmail1Address, `"Carla" <carla@contoso.example>`)(w)
		}))
		responses := whole.responses(a)
		whole.take(a)
		if !slices.ContainsFunc(responses, func(s string) bool { return s == "Add 1 6" }) || h.count("anna", mailbox.Contacts) != 2 {
			t.Errorf("%v, %d contacts", responses, h.count("anna", mailbox.Contacts))
		}
		simple.all()
		simple.has("Carla", "Anna")
	})
}
