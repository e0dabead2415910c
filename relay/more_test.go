package relay_test

import (
	"strings"
	"testing"

	"entente/admin"
	"entente/db"
	"entente/mailbox"
	"entente/server"
	"entente/test/kit"
)

// details lets more pass, on the sides named.
func details(outer, inner bool) func(o, i *server.RelayConfig) {
	const level = "FreeBusyTimeAndSubjectAndLocation"
	return func(o, i *server.RelayConfig) {
		if outer {
			o.Agreements[0].Level = level
		}
		if inner {
			i.Agreements[0].Level = level
		}
	}
}

// TestDetails: subjects and places pass if both sides agreed and the calendar
// shows them to everyone, and of private appointments never.
func TestDetails(t *testing.T) {
	p := newPair(t, sqlite(t), all, details(true, true))
	p.connected()
	p.inner.does("sara@contoso.example", kit.CreateAppointment("Planning", tomorrow(9)))
	private := strings.Replace(kit.CreateAppointment("Doctor", tomorrow(12)), "<t:Body ", "<t:Sensitivity>Private</t:Sensitivity><t:Body ", 1)
	p.inner.does("sara@contoso.example", private)
	ask := func() string {
		t.Helper()
		return p.outer.ews("anna@contoso.example", kit.Availability(kit.Detailed, tomorrow(0), 1, "sara@contoso.example"))
	}
	if text := ask(); strings.Contains(text, "Planning") || strings.Count(text, "<t:BusyType>Busy") != 2 {
		t.Errorf("her calendar shows everyone times only: %s", text)
	}
	_, err := p.inner.api().GrantFolder(t.Context(), admin.GrantFolder{
		FolderName: admin.FolderName{AccountName: admin.AccountName{Account: "sara@contoso.example"}, Folder: "calendar"},
		To:         "Default", Rights: []string{"LimitedDetails"},
	})
	must(t, err)
	text := ask()
	if !strings.Contains(text, "Planning") || !strings.Contains(text, "Room 7") || strings.Contains(text, "Doctor") {
		t.Errorf("agreed, and shown: %s", text)
	}
}

// TestExpires: what could not be brought in time comes back to its sender, and
// is not brought later.
func TestExpires(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		p := newPair(t, urls, all)
		p.connected()
		p.inner.stop()
		send(p.outer, "anna@contoso.example", "Too late", "sara@contoso.example")
		p.outer.stop()
		older(t, p.outer)
		p.outer.start()
		soon(t, "the report comes", func() bool { return p.outer.subjects("anna@contoso.example", mailbox.Inbox) != "" })
		_, reports := p.outer.items("anna@contoso.example", mailbox.Inbox)
		if text := string(reports[0].Body.Text); len(reports) != 1 || !strings.Contains(text, "(4.4.7)") {
			t.Errorf("%d reports: %s", len(reports), text)
		}
		if n := p.outer.status().Peers[0].Waiting; n != 0 {
			t.Errorf("%d still wait", n)
		}
		if r := p.outer.records("relay.Deliver"); len(r) != 1 || r[0].Allowed || r[0].Code != "delivery-expired" {
			t.Errorf("recorded %+v", r)
		}
		p.inner.start()
		p.connected()
		if got := p.inner.subjects("sara@contoso.example", mailbox.Inbox); got != "" {
			t.Errorf("and yet it came: %q", got)
		}
	})
}

// older has all that waits put in three days ago.
func older(t *testing.T, s *side) {
	t.Helper()
	d := s.database()
	defer d.Close()
	must(t, d.Update(t.Context(), func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE relay_parcel SET created = created - $1`, 3*24*3600*1000)
		if err == nil && n != 1 {
			t.Errorf("%d wait", n)
		}
		return err
	}))
}

// TestNotAgreed: what the outer side's own copy does not hold is not asked, and
// the sender hears so at once.
func TestNotAgreed(t *testing.T) {
	p := newPair(t, sqlite(t), "GetUserAvailability DeliverMeeting", func(o, _ *server.RelayConfig) {
		o.Agreements[0].Ahead = 24 * 3600e9
		o.Agreements[0].Operations = []string{"GetUserAvailability"}
	})
	p.connected()
	text := p.outer.ews("anna@contoso.example", kit.Availability(kit.Detailed, tomorrow(0), 7, "sara@contoso.example"))
	if !strings.Contains(text, "ErrorProxyRequestProcessingFailed") || !strings.Contains(text, "window-not-agreed") {
		t.Errorf("a week: %s", text)
	}
	if r := p.inner.records("relay.GetUserAvailability"); len(r) != 0 {
		t.Errorf("it was asked: %+v", r)
	}
	if r := p.outer.records("relay.GetUserAvailability"); len(r) != 1 || r[0].Allowed || r[0].Code != "window-not-agreed" {
		t.Errorf("recorded %+v", r)
	}
	// No operation of this side's copy leads mail there: the address is nobody's.
	send(p.outer, "anna@contoso.example", "Hello", "sara@contoso.example")
	if got := p.outer.subjects("anna@contoso.example", mailbox.Inbox); !strings.Contains(got, "Undeliverable: Hello") {
		t.Errorf("she has %q", got)
	}
}
