package easserver

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/audit"
	"entente/directory"
	"entente/mailbox"
)

// standard sets what happens to devices that nothing else is said of.
func (h *house) standard(l access.DeviceAccessLevel) {
	h.Helper()
	h.change(func(c *directory.Change) error {
		return c.SetDevices(func(o *access.DeviceOrganization) error {
			o.Default, o.UserMailInsert = l, "Call the help desk, 4711."
			o.AdminRecipients = []entente.SMTPAddress{"emil@contoso.example"}
			return nil
		})
	})
}

// allow puts a phone on a mailbox's list of allowed devices.
func (h *house) allow(who string, ids ...string) {
	h.Helper()
	h.change(func(c *directory.Change) error {
		return c.SetDeviceSettings(h.sids[who], func(s *access.DeviceSettings) error { s.AllowedIDs = ids; return nil })
	})
}

// TestQuarantine: the hierarchy and one message in the Inbox, and nothing else; one
// mail to the administrators; and all of it as soon as the device is allowed.
func TestQuarantine(t *testing.T) {
	versions(t, func(t *testing.T, v activesync.Version) {
		h := open(t)
		var told []string
		h.handler.Tell = func(to []entente.SMTPAddress, subject, text string) {
			if len(to) != 1 || to[0] != "emil@contoso.example" || !strings.Contains(text, "entente device allow anna@contoso.example") {
				t.Errorf("%v: %s", to, text)
			}
			told = append(told, subject)
		}
		inbox, calendar := h.folder("anna", mailbox.Inbox), h.folder("anna", mailbox.Calendar)
		h.make("anna", mailbox.Inbox, &mailbox.Item{Class: "IPM.Note", Body: &mailbox.Body{Text: []byte("secret")}})
		p := h.phone("anna", v)
		key := begin(p, inbox)
		if a := p.sync(inbox, key, nil); !strings.Contains(string(a.raw), "secret") {
			t.Fatalf("before: %s", dump(a.root))
		}
		h.standard(access.QuarantineDevice)

		if folders := p.folderSync("0").ok(); folders.Get(wbxml.FolderHierarchyStatus) != "1" {
			t.Errorf("%s", dump(folders))
		}
		// What it had is to go: its key is not known any more.
		if c := p.sync(inbox, key, nil).collection(inbox); c.Get(wbxml.AirSyncStatus) != "3" {
			t.Errorf("%s", dump(c))
		}
		first := p.sync(inbox, "0", nil).collection(inbox)
		next := p.sync(inbox, first.Get(wbxml.AirSyncSyncKey), nil)
		for range 2 { // the answer is lost, and asked for again
			next = p.sync(inbox, first.Get(wbxml.AirSyncSyncKey), nil)
			adds := slices.Collect(next.collection(inbox).Child(wbxml.AirSyncCommands).Children())
			if len(adds) != 1 || !strings.Contains(string(next.raw), "4711") || !strings.Contains(string(next.raw), p.id) || strings.Contains(string(next.raw), "secret") {
				t.Errorf("%s", dump(next.root))
			}
		}
		if a := p.sync(inbox, next.collection(inbox).Get(wbxml.AirSyncSyncKey), nil); a.status != http.StatusOK || len(a.raw) != 0 {
			t.Errorf("then: HTTP %d %s", a.status, dump(a.root))
		}
		c := p.sync(calendar, "0", nil).collection(calendar)
		if a := p.sync(calendar, c.Get(wbxml.AirSyncSyncKey), nil); len(a.raw) != 0 {
			t.Errorf("calendar: %s", dump(a.root))
		}
		for _, cmd := range []activesync.Command{activesync.SendMail, activesync.Search, activesync.ItemOperations, activesync.MoveItems, activesync.GetItemEstimate, activesync.ResolveRecipients} {
			if _, ok := h.handler.commands[cmd]; ok {
				p.send(cmd, nil).is(activesync.DeviceIsBlockedForThisUser)
			}
		}
		p.look().is(activesync.DeviceIsBlockedForThisUser) // what of Settings is about its user
		p.sync(inbox, "Q1", func(w *wbxml.Writer) {
			w.Start(wbxml.AirSyncCommands)
			w.Start(wbxml.AirSyncDelete)
			w.Text(wbxml.AirSyncServerId, "1:1")
			w.End()
			w.End()
		}).is(activesync.DeviceIsBlockedForThisUser)
		if !slices.Equal(told, []string{"Mobile device of anna@contoso.example is quarantined"}) {
			t.Errorf("administrators were told %q", told)
		}

		h.allow("anna", strings.ToLower(p.id))
		if c := p.sync(inbox, "Q2", nil).collection(inbox); c.Get(wbxml.AirSyncStatus) != "3" {
			t.Errorf("%s", dump(c))
		}
		if a := p.sync(inbox, begin(p, inbox), nil); !strings.Contains(string(a.raw), "secret") || strings.Contains(string(a.raw), "4711") {
			t.Errorf("after: %s", dump(a.root))
		}
	})
}

// begin returns the first key of a collection.
func begin(p *phone, folder mailbox.FolderID) string {
	p.Helper()
	return p.sync(folder, "0", nil).collection(folder).Get(wbxml.AirSyncSyncKey)
}

// TestBlocked: the states of devices as the wire has them, and what the record says.
func TestBlocked(t *testing.T) {
	versions(t, func(t *testing.T, v activesync.Version) {
		h := open(t)
		p := h.phone("anna", v)
		p.look().ok()
		test := func(want activesync.Status, f func(*directory.Change) error) {
			t.Helper()
			h.change(f)
			p.look().is(want)
		}
		const blocked, ok = activesync.DeviceIsBlockedForThisUser, activesync.OK
		rule := func(l access.DeviceAccessLevel, isNew bool) func(*directory.Change) error {
			return func(c *directory.Change) error {
				return c.PutDeviceRule(access.DeviceRule{Characteristic: access.DeviceType, QueryString: "testphone", Level: l}, isNew)
			}
		}
		own := func(edit func(*access.DeviceSettings)) func(*directory.Change) error {
			return func(c *directory.Change) error {
				return c.SetDeviceSettings(h.sids["anna"], func(s *access.DeviceSettings) error { edit(s); return nil })
			}
		}
		test(blocked, rule(access.BlockDevice, true))
		test(ok, own(func(s *access.DeviceSettings) { s.AllowedIDs = []string{p.id} }))
		test(blocked, own(func(s *access.DeviceSettings) { s.BlockedIDs = []string{p.id} }))
		test(blocked, own(func(s *access.DeviceSettings) { s.AllowedIDs = nil }))
		test(blocked, own(func(s *access.DeviceSettings) { s.BlockedIDs = nil }))
		test(ok, rule(access.AllowDevice, false))
		h.standard(access.BlockDevice)
		p.look().ok()
		test(blocked, func(c *directory.Change) error { return c.RemoveDeviceRule("testphone (DeviceType)") })
		records, err := h.door.Log.Search(t.Context(), audit.Filter{Limit: 1})
		h.must(err)
		r := records[len(records)-1]
		if r.Allowed || !slices.Contains(r.Targets, "device:"+p.id) || !slices.ContainsFunc(r.Steps, func(s audit.Step) bool {
			return s.Rule == "device-default" && s.Fact == "organization: DefaultAccessLevel Block" && !s.Holds
		}) {
			t.Errorf("%+v", r)
		}
		h.standard(access.AllowDevice)
		test(activesync.UserDisabledForSync, func(c *directory.Change) error {
			return c.SetAccount(h.sids["anna"], func(a *directory.Account) error {
				a.Policy = &access.ClientPolicy{ActiveSyncEnabled: access.Off}
				return nil
			})
		})
	})
}

// TestTooManyDevices: twenty phones of one account, ten accounts of one phone.
func TestTooManyDevices(t *testing.T) {
	versions(t, func(t *testing.T, v activesync.Version) {
		h := open(t)
		p := h.phone("anna", v)
		for i := range 20 {
			p.id = "device" + string(rune('a'+i))
			p.look().ok()
		}
		p.id = "devicea"
		p.look().ok()
		p.id = "another"
		p.look().is(activesync.MaximumDevicesReached)
	})
}

// TestQuarantineWaits: a device that waits is told when it is let in, and one that
// waited when it was shut out, that it was.
func TestQuarantineWaits(t *testing.T) {
	h := open(t)
	inbox := h.folder("anna", mailbox.Inbox)
	p := h.phone("anna", activesync.V161)
	ping := func(p *phone) <-chan *reply {
		t.Helper()
		answer := make(chan *reply, 1)
		go func() {
			answer <- p.send(activesync.Ping, func(w *wbxml.Writer) {
				w.Start(wbxml.PingPing)
				w.Int(wbxml.PingHeartbeatInterval, 600)
				w.Start(wbxml.PingFolders)
				w.Start(wbxml.PingFolder)
				w.Text(wbxml.PingId, folderID(inbox))
				w.Text(wbxml.PingClass, "Email")
				w.End()
				w.End()
				w.End()
			})
		}()
		h.settled(1)
		return answer
	}
	p.folderSync("0").ok()
	key := begin(p, inbox)
	p.sync(inbox, key, nil).ok()

	answer := ping(p)
	h.standard(access.QuarantineDevice)
	h.make("anna", mailbox.Inbox, &mailbox.Item{Class: "IPM.Note"})
	(<-answer).is(activesync.DeviceIsBlockedForThisUser)

	answer = ping(p)
	h.make("anna", mailbox.Inbox, &mailbox.Item{Class: "IPM.Note"}) // is none of its business
	select {
	case a := <-answer:
		t.Fatalf("it is told of what it may not see: %s", dump(a.root))
	default:
	}
	h.allow("anna", p.id)
	h.make("anna", mailbox.Drafts, &mailbox.Item{Class: "IPM.Note"})
	(<-answer).is(pingChanges)
}
