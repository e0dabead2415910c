package transport_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entente/admin"
	"entente/calendar"
	"entente/mailbox"
	"entente/server"
	"entente/test/kit"
)

// pair are two organizations that send each other their mail over loopback.
type pair struct{ contoso, fabrikam *house }

func newPair(t *testing.T, urls func() string) *pair {
	t.Helper()
	// Each names the other's port, so one of them is started twice.
	p := &pair{newHouse(t, "contoso.example", urls, inward()), newHouse(t, "fabrikam.example", urls, inward())}
	p.contoso.start()
	there := p.contoso.at("in")
	p.contoso.stop()
	p.contoso.config.Transport.Receive[0].Listen = there
	p.fabrikam.config.Transport.Send = []server.SendConnectorConfig{{Name: "contoso", AddressSpaces: []string{"contoso.example"}, SmartHosts: []string{there}}}
	p.fabrikam.start()
	p.contoso.config.Transport.Send = []server.SendConnectorConfig{{Name: "fabrikam", AddressSpaces: []string{"fabrikam.example"}, SmartHosts: []string{p.fabrikam.at("in")}}}
	p.contoso.start()
	p.contoso.people("anna", "ben")
	p.fabrikam.people("carla", "dora")
	return p
}

func tomorrow(hour int) time.Time {
	return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Add(time.Duration(hour) * time.Hour)
}

// invites makes somebody's meeting and returns its id and change key.
func (h *house) invites(who, subject string, start time.Time, attendees ...string) string {
	h.t.Helper()
	var b strings.Builder
	for _, w := range attendees {
		b.WriteString(`<t:Attendee><t:Mailbox><t:EmailAddress>` + w + `</t:EmailAddress></t:Mailbox></t:Attendee>`)
	}
	return h.does(who, fmt.Sprintf(`<m:CreateItem SendMeetingInvitations="SendToAllAndSaveCopy"><m:SavedItemFolderId><t:DistinguishedFolderId Id="calendar"/></m:SavedItemFolderId><m:Items>`+
		`<t:CalendarItem><t:Subject>%s</t:Subject><t:Start>%s</t:Start><t:End>%s</t:End><t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus><t:Location>Berlin</t:Location>`+
		`<t:RequiredAttendees>%s</t:RequiredAttendees></t:CalendarItem></m:Items></m:CreateItem>`,
		subject, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339), b.String()))
}

// event is the one appointment of somebody's calendar, nil if there is none.
func (h *house) event(who string) (*calendar.Event, uint64) {
	h.t.Helper()
	v, items := h.items(who, mailbox.Calendar)
	if len(items) == 0 {
		return nil, 0
	}
	if len(items) > 1 {
		h.t.Fatalf("%d items in the calendar of %s", len(items), who)
	}
	e, err := v.Event(items[0])
	must(h.t, err)
	return e, items[0].Change
}

// requestID is the id of a message in somebody's Inbox.
func (h *house) requestID(who, subject string) string {
	h.t.Helper()
	text := h.does(who, `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`)
	for part := range strings.SplitSeq(text, "<t:ItemId ") {
		if strings.Contains(part, ">"+subject+"<") {
			id, _, _ := strings.Cut(part, "/>")
			return "<t:ReferenceItemId " + id + "/>"
		}
	}
	h.t.Fatalf("%s has no %q: %s", who, subject, text)
	return ""
}

// TestMeetings: an invitation to people of another organization is a meeting there,
// their answers are tracked here, a change reaches them, and so does its being called
// off. What is brought twice changes nothing.
func TestMeetings(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		p := newPair(t, urls)
		a, b := p.contoso, p.fabrikam
		a.invites("anna", "Plan", tomorrow(9), "carla@fabrikam.example", "dora@fabrikam.example", "ben@contoso.example")
		soon(t, "Carla has it", func() bool { e, _ := b.event("carla"); return e != nil })
		e, _ := b.event("carla")
		if e.Status != calendar.StatusTentative || !e.Start.Equal(tomorrow(9)) || e.Location != "Berlin" || len(e.Attendees) != 3 || e.Organizer.Address != "anna@contoso.example" {
			t.Errorf("Carla's calendar: %+v", e)
		}
		raw := b.mime("carla", "Plan")
		for _, want := range []string{"Content-Type: multipart/alternative", "text/calendar; charset=utf-8; method=REQUEST", "BEGIN:VCALENDAR"} {
			if !strings.Contains(raw, want) {
				t.Errorf("others' programs find no %q in %s", want, raw)
			}
		}
		b.does("carla", `<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:Items><t:AcceptItem>`+b.requestID("carla", "Plan")+`</t:AcceptItem></m:Items></m:CreateItem>`)
		b.does("dora", `<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:Items><t:DeclineItem><t:Body BodyType="Text">Sorry</t:Body>`+b.requestID("dora", "Plan")+`</t:DeclineItem></m:Items></m:CreateItem>`)
		answers := func() string {
			e, _ := a.event("anna")
			var list []string
			for _, x := range e.Attendees {
				list = append(list, strings.SplitN(x.Address, "@", 2)[0]+" "+x.Response.String())
			}
			return fmt.Sprint(list)
		}
		soon(t, "both are tracked", func() bool {
			got := answers()
			return strings.Contains(got, "carla Accept") && strings.Contains(got, "dora Decline")
		})
		// The same answer again, and one of somebody who was not asked.
		_, change := a.event("anna")
		reply := func(from, subject, part string) {
			t.Helper()
			e, _ := a.event("anna")
			ics := "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:" + e.UID + "\r\nDTSTAMP:20990101T000000Z\r\nDTSTART:" +
				tomorrow(9).Format("20060102T150405Z") + "\r\nSEQUENCE:0\r\nORGANIZER:mailto:anna@contoso.example\r\nATTENDEE;PARTSTAT=" + part + ":mailto:carla@fabrikam.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
			got := brings(t, a.at("in"), from, "From: "+from+"\r\nTo: anna@contoso.example\r\nSubject: "+subject+"\r\nMessage-ID: <"+hash(subject)+"@x.example>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; method=REPLY; charset=utf-8\r\n\r\n"+ics, "anna@contoso.example")
			if got[1][:3] != "250" {
				t.Fatal(got)
			}
		}
		reply("mallory@x.example", "Declined: Plan", "DECLINED") // for Carla, in his own name
		if _, now := a.event("anna"); now != change || !strings.Contains(answers(), "carla Accept") {
			t.Errorf("an answer of somebody uninvited changed %d to %d: %s", change, now, answers())
		}
		// The meeting moves.
		item := a.calendarID("anna")
		a.does("anna", `<m:UpdateItem ConflictResolution="AlwaysOverwrite" SendMeetingInvitationsOrCancellations="SendToAllAndSaveCopy"><m:ItemChanges><t:ItemChange>`+item+`<t:Updates>`+
			`<t:SetItemField><t:FieldURI FieldURI="calendar:Start"/><t:CalendarItem><t:Start>`+tomorrow(14).Format(time.RFC3339)+`</t:Start></t:CalendarItem></t:SetItemField>`+
			`<t:SetItemField><t:FieldURI FieldURI="calendar:End"/><t:CalendarItem><t:End>`+tomorrow(15).Format(time.RFC3339)+`</t:End></t:CalendarItem></t:SetItemField></t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`)
		soon(t, "Carla's moves", func() bool { e, _ := b.event("carla"); return e != nil && e.Start.Equal(tomorrow(14)) })
		// Mallory says that it is called off, in his own name: nothing is believed of it.
		e, change = b.event("carla")
		brings(t, b.at("in"), "mallory@x.example", "From: mallory@x.example\r\nTo: carla@fabrikam.example\r\nSubject: Canceled: Plan\r\nMessage-ID: <m1@x.example>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n"+
			"MIME-Version: 1.0\r\nContent-Type: text/calendar; method=CANCEL; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:"+e.UID+
			"\r\nDTSTAMP:20990101T000000Z\r\nDTSTART:"+tomorrow(14).Format("20060102T150405Z")+"\r\nSEQUENCE:9\r\nSTATUS:CANCELLED\r\nORGANIZER:mailto:anna@contoso.example\r\nATTENDEE:mailto:carla@fabrikam.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "carla@fabrikam.example")
		if _, now := b.event("carla"); now != change {
			t.Error("a stranger called the meeting off")
		}
		// And it is called off.
		a.does("anna", `<m:DeleteItem DeleteType="MoveToDeletedItems" SendMeetingCancellations="SendToAllAndSaveCopy"><m:ItemIds>`+a.calendarID("anna")+`</m:ItemIds></m:DeleteItem>`)
		soon(t, "Carla hears", func() bool { e, _ := b.event("carla"); return e != nil && e.Cancelled })
	})
}

// calendarID is the id of the one item of somebody's calendar.
func (h *house) calendarID(who string) string {
	h.t.Helper()
	text := h.does(who, kit.FindIDs("calendar", 0, 10))
	_, rest, _ := strings.Cut(text, "<t:ItemId ")
	id, _, _ := strings.Cut(rest, "/>")
	return "<t:ItemId " + id + "/>"
}

// request is an invitation by somebody outside.
func request(method, uid, to string, sequence int, start time.Time, stamp, more string) string {
	return "From: Carla <carla@fabrikam.example>\r\nTo: " + to + "\r\nSubject: Visit\r\nMessage-ID: <" + hash(method+uid+stamp+more+fmt.Sprint(sequence, start)) + "@fabrikam.example>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nPlease come\r\n--b\r\nContent-Type: text/calendar; charset=utf-8; method=" + method + "\r\n\r\n" +
		"BEGIN:VCALENDAR\r\nMETHOD:" + method + "\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTAMP:" + stamp + "\r\nDTSTART:" + start.Format("20060102T150405Z") + "\r\nDTEND:" + start.Add(time.Hour).Format("20060102T150405Z") +
		fmt.Sprintf("\r\nSEQUENCE:%d", sequence) + "\r\nSUMMARY:Visit\r\nORGANIZER;CN=Carla:mailto:carla@fabrikam.example\r\nATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:" + to + "\r\n" + more + "END:VEVENT\r\nEND:VCALENDAR\r\n\r\n--b--\r\n"
}

// TestStorm: an invitation that is sent again and again, under new ids, as phones do,
// changes nothing and is answered once; a new one is answered anew, and not without
// end.
func TestStorm(t *testing.T) {
	each(t, func(t *testing.T, urls func() string) {
		host := newHost(t, "8BITMIME")
		c := inward()
		c.Send = outward(host).Send
		h := newHouse(t, "contoso.example", urls, c)
		h.start()
		h.people("anna")
		_, err := h.api().CreateRoom(t.Context(), admin.CreateRoom{Mail: "room@contoso.example", Database: "staff"})
		must(t, err)
		bring := func(to string, m string) {
			t.Helper()
			if got := brings(t, h.at("in"), "carla@fabrikam.example", m, to); got[1][:3] != "250" {
				t.Fatal(got)
			}
		}
		const to, room = "anna@contoso.example", "room@contoso.example"
		bring(to, request("REQUEST", "u1", to, 0, tomorrow(9), "20260302T090000Z", ""))
		_, change := h.event("anna")
		for i := range 5 {
			bring(to, request("REQUEST", "u1", to, 0, tomorrow(9), "20260302T090000Z", fmt.Sprintf("X-TRY:%d\r\n", i)))
		}
		if e, now := h.event("anna"); now != change || e.Status != calendar.StatusTentative {
			t.Errorf("the same again changed %d to %d", change, now)
		}
		for i := range 5 {
			bring(room, request("REQUEST", "u2", room, 0, tomorrow(9), "20260302T090000Z", fmt.Sprintf("X-TRY:%d\r\n", i)))
		}
		soon(t, "the room answers", func() bool { return len(host.has()) == 1 })
		m := host.has()[0]
		if m.to[0] != "carla@fabrikam.example" || !strings.Contains(m.data, "method=REPLY") || !strings.Contains(m.data, "Subject: Accepted: Visit") {
			t.Errorf("%+v", m)
		}
		// Each update is answered, until it is enough for the day.
		for i := range 20 {
			bring(room, request("REQUEST", "u2", room, i+1, tomorrow(9+i%3), fmt.Sprintf("20260302T09%02d00Z", i+1), ""))
		}
		h.pass(time.Second)
		soon(t, "they are sent", func() bool { return len(host.has()) >= 10 })
		h.pass(time.Second)
		if n := len(host.has()); n != 10 {
			t.Errorf("%d answers in a day", n)
		}
		// Another time is proposed.
		h.does("anna", `<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone"><m:ItemIds>`+h.calendarID("anna")+`</m:ItemIds></m:DeleteItem>`)
		h.invites("anna", "Ours", tomorrow(9), "carla@fabrikam.example")
		e, _ := h.event("anna")
		counter := strings.ReplaceAll(strings.ReplaceAll(request("COUNTER", e.UID, "carla@fabrikam.example", 0, tomorrow(16), "20990302T090000Z", ""), "ORGANIZER;CN=Carla:mailto:carla@fabrikam.example", "ORGANIZER:mailto:anna@contoso.example"), "NEEDS-ACTION", "TENTATIVE")
		bring(to, counter)
		_, items := h.items("anna", mailbox.Inbox)
		found := false
		for _, it := range items {
			if it.Class == "IPM.Schedule.Meeting.Resp.Tent" {
				at, _ := it.Props.Time(mailbox.PidLidAppointmentProposedStartWhole)
				found = it.Props.Bool(mailbox.PidLidAppointmentCounterProposal) && at.Equal(tomorrow(16))
			}
		}
		if e, _ := h.event("anna"); !found || e.Attendees[0].Response != calendar.TentativelyAccepted || !e.Start.Equal(tomorrow(9)) {
			t.Errorf("a proposal: %v, %+v", found, e.Attendees)
		}
	})
}

// TestAbsence: who is away answers people outside as the audience says, each once,
// along the reverse path, and no program.
func TestAbsence(t *testing.T) {
	host := newHost(t, "8BITMIME")
	c := inward()
	c.Send = outward(host).Send
	h := newHouse(t, "contoso.example", sqlite(), c)
	h.start()
	h.people("anna")
	n := 0
	bring := func(reverse, from, more string) []taken {
		t.Helper()
		n++
		before := len(host.has())
		if got := brings(t, h.at("in"), reverse, letter(from, "anna@contoso.example", fmt.Sprint("To you ", n), more), "anna@contoso.example"); got[1][:3] != "250" {
			t.Fatal(got)
		}
		h.pass(time.Second)
		// The server itself may have begun to send before that.
		soon(t, "nothing waits", func() bool {
			q, err := h.api().ListQueue(t.Context(), admin.ListQueue{})
			waiting := 0
			for _, x := range q {
				waiting += x.Messages
			}
			return err == nil && waiting == 0
		})
		return host.has()[before:]
	}
	away := func(audience string) {
		h.does("anna", `<m:SetUserOofSettingsRequest><t:Mailbox><t:Address>anna@contoso.example</t:Address></t:Mailbox><t:UserOofSettings><t:OofState>Enabled</t:OofState><t:ExternalAudience>`+audience+
			`</t:ExternalAudience><t:InternalReply><t:Message>in</t:Message></t:InternalReply><t:ExternalReply><t:Message>Away, says Anna</t:Message></t:ExternalReply></t:UserOofSettings></m:SetUserOofSettingsRequest>`)
	}
	away("None")
	if got := bring("carla@fabrikam.example", "carla@fabrikam.example", ""); len(got) != 0 {
		t.Errorf("None: %v", got)
	}
	away("Known")
	if got := bring("carla@fabrikam.example", "carla@fabrikam.example", ""); len(got) != 0 {
		t.Errorf("Known, unknown: %v", got)
	}
	h.does("anna", `<m:CreateItem><m:SavedItemFolderId><t:DistinguishedFolderId Id="contacts"/></m:SavedItemFolderId><m:Items><t:Contact><t:FileAs>C</t:FileAs><t:EmailAddresses><t:Entry Key="EmailAddress2">Carla@fabrikam.example</t:Entry></t:EmailAddresses></t:Contact></m:Items></m:CreateItem>`)
	got := bring("carla@fabrikam.example", "carla@fabrikam.example", "")
	if len(got) != 1 || got[0].from != "" || got[0].to[0] != "carla@fabrikam.example" || !strings.Contains(got[0].data, "Away, says Anna") || !strings.Contains(got[0].data, "Auto-Submitted: auto-replied") {
		t.Errorf("Known: %v", got)
	}
	if got := bring("carla@fabrikam.example", "carla@fabrikam.example", ""); len(got) != 0 {
		t.Errorf("a second time: %v", got)
	}
	away("All")
	for _, more := range []string{"Auto-Submitted: auto-generated\r\n", "Precedence: bulk\r\n", "List-Id: <l.x.example>\r\n", "X-Auto-Response-Suppress: OOF\r\n"} {
		if got := bring("dora@fabrikam.example", "dora@fabrikam.example", more); len(got) != 0 {
			t.Errorf("%s: %v", more, got)
		}
	}
	if got := bring("", "dora@fabrikam.example", ""); len(got) != 0 {
		t.Errorf("no reverse path: %v", got)
	}
	if got := bring("dora@fabrikam.example", "anna@contoso.example", ""); len(got) != 0 {
		t.Errorf("as from here: %v", got)
	}
	if got := bring("bounce-1@fabrikam.example", "dora@fabrikam.example", ""); len(got) != 1 || got[0].to[0] != "bounce-1@fabrikam.example" {
		t.Errorf("All: %v", got)
	}
}
