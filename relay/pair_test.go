package relay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entente/audit"
	"entente/calendar"
	"entente/mailbox"
	"entente/test/kit"
)

// TestFreeBusy: people outside see when those of the group are busy, and with
// nothing more; who is not in the group and who does not exist look the same.
func TestFreeBusy(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		p := newPair(t, urls, all)
		p.inner.does("sara@contoso.example", kit.CreateAppointment("Secret plans", tomorrow(9)))
		p.inner.does("hugo@contoso.example", kit.CreateAppointment("Hidden", tomorrow(9)))
		p.connected()
		ask := func(who string) string {
			t.Helper()
			return p.outer.ews("anna@contoso.example", kit.Availability(kit.Detailed, tomorrow(0), 1, who))
		}
		text := ask("sara@contoso.example")
		if !strings.Contains(text, "<t:BusyType>Busy</t:BusyType>") || strings.Contains(text, "Secret") || strings.Contains(text, "Room 7") {
			t.Errorf("of Sara: %s", text)
		}
		if text := ask("tom@contoso.example"); !strings.Contains(text, "NoError") || strings.Contains(text, "BusyType") {
			t.Errorf("of Tom, who is free: %s", text)
		}
		hidden, absent := ask("hugo@contoso.example"), ask("hank@contoso.example")
		if strings.ReplaceAll(hidden, "hugo@", "hank@") != absent || !strings.Contains(absent, "ErrorMailRecipientNotFound") {
			t.Errorf("who is not in the group:\n%s\nwho does not exist:\n%s", hidden, absent)
		}
		// Both sides' logs name who asked about whom, under which agreement.
		for s, kind := range map[*side]audit.Kind{p.outer: audit.Delegate, p.inner: audit.External} {
			var found bool
			for _, r := range s.records("relay.GetUserAvailability") {
				found = found || r.Kind == kind && r.As.Mail == "anna@contoso.example" && r.Allowed &&
					fmt.Sprint(r.Targets) == "[sara@contoso.example]" && strings.Contains(fmt.Sprint(r.Via), "under agreement schedule")
			}
			if !found {
				t.Errorf("%s: %+v", s.config.Name, s.records("relay.GetUserAvailability"))
			}
		}
		one, other := p.outer.records("relay.GetUserAvailability"), p.inner.records("relay.GetUserAvailability")
		if one[len(one)-1].Request != other[len(other)-1].Request {
			t.Error("the two logs call one question differently")
		}
	})
}

// invite makes Anna's meeting.
func invite(p *pair, subject string, start time.Time, who ...string) string {
	var b strings.Builder
	for _, w := range who {
		b.WriteString(`<t:Attendee><t:Mailbox><t:EmailAddress>` + w + `</t:EmailAddress></t:Mailbox></t:Attendee>`)
	}
	return p.outer.does("anna@contoso.example", fmt.Sprintf(`<m:CreateItem SendMeetingInvitations="SendToAllAndSaveCopy"><m:SavedItemFolderId><t:DistinguishedFolderId Id="calendar"/></m:SavedItemFolderId><m:Items>`+
		`<t:CalendarItem><t:Subject>%s</t:Subject><t:Start>%s</t:Start><t:End>%s</t:End><t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus><t:Location>Berlin</t:Location>`+
		`<t:RequiredAttendees>%s</t:RequiredAttendees></t:CalendarItem></m:Items></m:CreateItem>`,
		subject, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), b.String()))
}

// event is the one appointment of somebody's calendar.
func (s *side) event(who string) *calendar.Event {
	s.t.Helper()
	v, items := s.items(who, mailbox.Calendar)
	if len(items) != 1 {
		s.t.Fatalf("%d items in the calendar of %s", len(items), who)
	}
	e, err := v.Event(items[0])
	must(s.t, err)
	return e
}

// TestInvitation goes in, is tentative there, and its answer comes back out,
// with no word of those inside.
func TestInvitation(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		p := newPair(t, urls, all)
		p.connected()
		invite(p, "Budget", tomorrow(10), "sara@contoso.example", "ben@contoso.example")
		soon(t, "the invitation arrives", func() bool {
			_, items := p.inner.items("sara@contoso.example", mailbox.Calendar)
			return len(items) == 1
		})
		e := p.inner.event("sara@contoso.example")
		if e.Subject != "Budget" || e.Location != "Berlin" || e.Status != calendar.StatusTentative || !e.Start.Equal(tomorrow(10)) || e.Organizer.Address != "anna@contoso.example" {
			t.Errorf("inside: %+v", e)
		}
		text := p.outer.ews("ben@contoso.example", kit.Availability(kit.Detailed, tomorrow(0), 1, "sara@contoso.example"))
		if !strings.Contains(text, "<t:BusyType>Tentative</t:BusyType>") {
			t.Errorf("she is tentative: %s", text)
		}
		// She accepts, with a note that stays inside.
		found := p.inner.does("sara@contoso.example", kit.FindIDs("inbox", 0, 10))
		id := kit.Values(found, "ItemId", "Id")[0]
		p.inner.does("sara@contoso.example", `<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:Items><t:AcceptItem><t:Body BodyType="Text">from the vault, secretly</t:Body><t:ReferenceItemId Id="`+id+`"/></t:AcceptItem></m:Items></m:CreateItem>`)
		soon(t, "the answer comes", func() bool { return p.outer.subjects("anna@contoso.example", mailbox.Inbox) != "" })
		if got := p.outer.subjects("anna@contoso.example", mailbox.Inbox); got != "IPM.Schedule.Meeting.Resp.Pos Accepted: Budget\n" {
			t.Errorf("the organizer got %q", got)
		}
		_, items := p.outer.items("anna@contoso.example", mailbox.Inbox)
		if b := items[0].Body; b != nil && strings.Contains(string(b.Text)+string(b.HTML), "secretly") {
			t.Errorf("a note came out: %s", b.Text)
		}
		for _, a := range p.outer.event("anna@contoso.example").Attendees {
			want := map[string]calendar.Response{"sara@contoso.example": calendar.Accepted, "ben@contoso.example": calendar.UnknownResponse}[a.Address]
			if a.Response != want {
				t.Errorf("%s answered %v, want %v", a.Address, a.Response, want)
			}
		}
		soon(t, "the answer is on record", func() bool { return len(p.outer.records("relay.MeetingAnswer")) > 0 })
		if r := p.outer.records("relay.MeetingAnswer"); len(r) != 1 || r[0].Kind != audit.External || !r[0].Allowed || r[0].As.Mail != "sara@contoso.example" {
			t.Errorf("%+v", r)
		}
		if r := p.inner.records("relay.DeliverMeeting"); len(r) != 1 || r[0].Kind != audit.External || !r[0].Allowed {
			t.Errorf("%+v", r)
		}
	})
}

// send sends a message from Anna.
func send(s *side, from, subject string, to ...string) string {
	var b strings.Builder
	for _, w := range to {
		b.WriteString(`<t:Mailbox><t:EmailAddress>` + w + `</t:EmailAddress></t:Mailbox>`)
	}
	return s.does(from, `<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message><t:Subject>`+subject+`</t:Subject><t:Body BodyType="Text">the text</t:Body>`+
		`<t:ToRecipients>`+b.String()+`</t:ToRecipients></t:Message></m:Items></m:CreateItem>`)
}

// TestMail waits while the inside is away, arrives once, and who is not in the
// group is reported as nobody.
func TestMail(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		p := newPair(t, urls, all)
		p.connected()
		p.inner.stop()
		send(p.outer, "anna@contoso.example", "While you were away", "sara@contoso.example", "hugo@contoso.example", "nobody@contoso.example")
		if n := p.outer.status().Peers[0].Waiting; n != 1 {
			t.Errorf("%d waiting", n)
		}
		// The outer side is away too, for a moment: what waits is kept.
		p.outer.stop()
		p.outer.start()
		p.inner.start()
		p.connected()
		soon(t, "the message arrives", func() bool { return p.inner.subjects("sara@contoso.example", mailbox.Inbox) != "" })
		soon(t, "the report comes", func() bool { return p.outer.subjects("anna@contoso.example", mailbox.Inbox) != "" })
		soon(t, "nothing waits", func() bool { return p.outer.status().Peers[0].Waiting == 0 })
		if got := p.inner.subjects("sara@contoso.example", mailbox.Inbox); got != "IPM.Note While you were away\n" {
			t.Errorf("inside: %q", got)
		}
		if got := p.inner.subjects("hugo@contoso.example", mailbox.Inbox); got != "" {
			t.Errorf("who is not in the group got %q", got)
		}
		_, reports := p.outer.items("anna@contoso.example", mailbox.Inbox)
		text := string(reports[0].Body.Text)
		if len(reports) != 1 || !strings.Contains(text, "hugo@contoso.example\r\n    There is nobody with this address. (5.1.1)") ||
			!strings.Contains(text, "nobody@contoso.example\r\n    There is nobody with this address. (5.1.1)") {
			t.Errorf("%d reports: %s", len(reports), text)
		}
		// What is not agreed does not go out.
		send(p.inner, "sara@contoso.example", "Out", "anna@contoso.example")
		if got := p.inner.subjects("sara@contoso.example", mailbox.Inbox); !strings.Contains(got, "REPORT.IPM.Note.NDR Undeliverable: Out") {
			t.Errorf("inside: %q", got)
		}
	})
}

// TestSendMail lets members write out where that is agreed, in nobody else's
// name.
func TestSendMail(t *testing.T) {
	p := newPair(t, sqlite(t), all+" SendMail")
	p.connected()
	send(p.inner, "sara@contoso.example", "Out", "anna@contoso.example")
	soon(t, "it arrives", func() bool { return p.outer.subjects("anna@contoso.example", mailbox.Inbox) != "" })
	if got := p.outer.subjects("anna@contoso.example", mailbox.Inbox); got != "IPM.Note Out\n" {
		t.Errorf("outside: %q", got)
	}
}
