package ewsserver

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/directory"
	"entente/ews"
	"entente/mailbox"
)

// berlin is the zone requests are sent in: clocks change on the last Sundays of
// March and October.
const berlin = `<t:TimeZone><t:Bias>-60</t:Bias>` +
	`<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>10</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>` +
	`<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>`

// freeBusyOf is a request about people between two times.
func freeBusyOf(view, from, to string, people ...string) string {
	var b strings.Builder
	b.WriteString(`<m:GetUserAvailabilityRequest>` + berlin + `<m:MailboxDataArray>`)
	for _, p := range people {
		if !strings.Contains(p, "@") {
			p = address(p)
		}
		b.WriteString(`<t:MailboxData><t:Email><t:Address>` + p + `</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData>`)
	}
	b.WriteString(`</m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>` + from + `</t:StartTime><t:EndTime>` + to +
		`</t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>` + view +
		`</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>`)
	return b.String()
}

// owner opens somebody's mailbox as its owner.
func (h *house) owner(who string) *mailbox.View {
	h.Helper()
	ctx := context.WithoutCancel(h.Context())
	a, ok := h.door.Directory.Snapshot().FindSID(h.sids[who])
	if !ok {
		h.Fatalf("no %s", who)
	}
	v, err := h.door.Local(a.Principal, "test").Own(ctx)
	h.must(err)
	return v
}

// appoint puts an event into somebody's calendar.
func (h *house) appoint(who string, e *calendar.Event) mailbox.ItemID {
	h.Helper()
	ctx := context.WithoutCancel(h.Context())
	v := h.owner(who)
	f, err := v.FolderByName(ctx, mailbox.Calendar)
	h.must(err)
	it := &mailbox.Item{Class: "IPM.Appointment", Parts: mailbox.AllParts}
	h.must(it.SetEvent(e, mailbox.PartBody|mailbox.PartRecipients))
	h.must(v.CreateItem(ctx, f.ID, it))
	return it.ID
}

// share sets what everybody, or one, may see of somebody's calendar.
func (h *house) share(who string, entries ...access.Entry) {
	h.Helper()
	ctx := context.WithoutCancel(h.Context())
	v := h.owner(who)
	f, err := v.FolderByName(ctx, mailbox.Calendar)
	h.must(err)
	_, err = v.SetPermissions(ctx, f.ID, entries)
	h.must(err)
}

// march is a time on 2 March 2026, a Monday, in UTC.
func march(day, hour, minute int) time.Time {
	return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC)
}

func TestAvailability(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.appoint("ben", &calendar.Event{Subject: "Budget", Location: "Room 4", Start: march(2, 9, 0), End: march(2, 10, 30), Status: calendar.StatusBusy})
		h.appoint("ben", &calendar.Event{Subject: "Doctor", Sensitivity: calendar.Private, Start: march(2, 12, 0), End: march(2, 13, 0), Status: calendar.StatusOOF})
		h.share("ben", access.Entry{Who: access.Default, Rights: access.LevelFreeBusyTimeOnly}, access.Entry{SID: h.sids["carla"], Rights: access.LevelFreeBusyDetails},
			access.Entry{SID: h.sids["dora"], Rights: access.LevelNone})
		day := func(view string) string { return freeBusyOf(view, "2026-03-02T09:00:00", "2026-03-02T17:00:00", "ben") }

		// Times only: a request for details gets what there is, and says so. The
		// answer is on the clock of the request's zone.
		h.post("anna", day("DetailedMerged")).has(
			"<t:FreeBusyViewType>FreeBusyMerged</t:FreeBusyViewType>",
			"<t:MergedFreeBusy>02203000</t:MergedFreeBusy>",
			"<t:StartTime>2026-03-02T10:00:00</t:StartTime><t:EndTime>2026-03-02T11:30:00</t:EndTime><t:BusyType>Busy</t:BusyType>",
			"<t:WorkingHours>", "<t:Bias>-60</t:Bias>",
		).lacks("Budget", "Doctor", "CalendarEventDetails")
		h.post("anna", day("MergedOnly")).has("<t:FreeBusyViewType>MergedOnly<").lacks("CalendarEvent")
		h.post("anna", day("FreeBusy")).has("<t:FreeBusyViewType>FreeBusy<").lacks("MergedFreeBusy")

		// Details, without those of what is private.
		h.post("carla", day("Detailed")).has("<t:FreeBusyViewType>Detailed<", "Budget", "Room 4", "<t:IsPrivate>true</t:IsPrivate>").lacks("Doctor")
		// His own are whole.
		h.post("ben", day("Detailed")).has("Budget", "Doctor")
		// Nothing.
		h.post("dora", day("Detailed")).code(ews.ErrorNoFreeBusyAccess).has("<t:FreeBusyViewType>None<").lacks("Budget", "CalendarEvent>")
	})
}

// TestAvailabilityEach: one mailbox that cannot be asked about is that one's
// error, in its place.
func TestAvailabilityEach(t *testing.T) {
	h := open(t)
	h.appoint("ben", &calendar.Event{Start: march(2, 9, 0), End: march(2, 10, 0), Status: calendar.StatusBusy})
	h.share("ben", access.Entry{Who: access.Default, Rights: access.LevelFreeBusyTimeOnly})
	resp := &ews.GetUserAvailabilityResponse{}
	h.post("anna", freeBusyOf("FreeBusyMerged", "2026-03-02T09:00:00", "2026-03-02T12:00:00",
		"nobody", "ben", "zoe@elsewhere.example", "not an address@x", "crm", "anna")).decode(resp)
	want := []ews.ResponseCode{
		ews.ErrorMailRecipientNotFound, ews.NoError, ews.ErrorMailRecipientNotFound,
		ews.ErrorMailRecipientNotFound, ews.ErrorMailRecipientNotFound, ews.NoError,
	}
	for i, code := range want {
		if got := resp.FreeBusyResponses[i].ResponseMessage.ResponseCode; got != code {
			t.Errorf("%d: %s, want %s", i, got, code)
		}
	}
	if got := resp.FreeBusyResponses[1].FreeBusyView.MergedFreeBusy; got != "020" {
		t.Errorf("merged %s", got)
	}
}

func TestAvailabilityRefused(t *testing.T) {
	h := open(t)
	test := func(want ews.ResponseCode, body string) { t.Helper(); h.post("anna", body).fault(want) }
	monday := func(view string, people ...string) string {
		return freeBusyOf(view, "2026-03-02T00:00:00", "2026-03-03T00:00:00", people...)
	}
	test(ews.ErrorInvalidTimeInterval, freeBusyOf("FreeBusy", "2026-03-03T00:00:00", "2026-03-02T00:00:00", "ben"))
	test(ews.ErrorInvalidTimeInterval, freeBusyOf("FreeBusy", "2026-03-03T00:00:00", "2026-03-03T00:00:00", "ben"))
	test(ews.ErrorTimeIntervalTooBig, freeBusyOf("FreeBusy", "2026-03-03T00:00:00", "2036-03-03T00:00:00", "ben"))
	test(ews.ErrorInvalidFreeBusyViewType, monday("None", "ben"))
	test(ews.ErrorInvalidMergedFreeBusyInterval, strings.Replace(monday("MergedOnly", "ben"), ">60<", ">4<", 1))
	test(ews.ErrorInvalidMergedFreeBusyInterval, strings.Replace(monday("MergedOnly", "ben"), ">60<", ">1441<", 1))
	test(ews.ErrorInvalidMergedFreeBusyInterval, strings.Replace(monday("MergedOnly", "ben"), ">60<", ">0<", 1))
	test(ews.ErrorTimeZone, strings.Replace(monday("FreeBusy", "ben"), ">03:00:00<", ">soon<", 1))
	many := make([]string, 101)
	for i := range many {
		many[i] = "ben"
	}
	test(ews.ErrorInvalidRequest, monday("FreeBusy", many...))
	only, _, _ := strings.Cut(monday("FreeBusy", "ben"), "<t:FreeBusyViewOptions>")
	test(ews.ErrorInvalidRequest, only+"</m:GetUserAvailabilityRequest>")
}

// group makes a distribution list.
func (h *house) group(name string, kind directory.GroupKind, members ...entente.SID) entente.SID {
	h.Helper()
	g := directory.Group{Group: access.Group{Name: name, Mail: entente.SMTPAddress(address(strings.ToLower(name))), Members: members}, Kind: kind}
	h.must(h.door.Directory.Update(h.Context(), func(c *directory.Change) error { return c.CreateGroup(&g) }))
	return g.SID
}

// TestAvailabilityGroup: of a list comes what its members have together, and
// what nobody shows counts as unknown.
func TestAvailabilityGroup(t *testing.T) {
	h := open(t)
	h.appoint("ben", &calendar.Event{Start: march(2, 8, 0), End: march(2, 9, 0), Status: calendar.StatusTentative})
	h.appoint("carla", &calendar.Event{Subject: "Secret", Start: march(2, 9, 0), End: march(2, 10, 0), Status: calendar.StatusOOF})
	for _, who := range []string{"ben", "carla"} {
		h.share(who, access.Entry{Who: access.Default, Rights: access.LevelFreeBusyDetails})
	}
	inner := h.group("Inner", directory.Distribution, h.sids["carla"])
	h.group("Team", directory.Distribution, h.sids["ben"], inner)
	ask := freeBusyOf("DetailedMerged", "2026-03-02T09:00:00", "2026-03-02T12:00:00", "team")
	h.post("anna", ask).has("<t:FreeBusyViewType>MergedOnly<", "<t:MergedFreeBusy>130<").lacks("Secret", "CalendarEvent")

	h.share("ben", access.Entry{Who: access.Default})
	h.post("anna", ask).has("<t:MergedFreeBusy>535<")
}

// TestSuggestions: the meeting of two is suggested where both are free.
func TestSuggestions(t *testing.T) {
	h := open(t)
	h.appoint("ben", &calendar.Event{Start: march(2, 7, 0), End: march(2, 11, 0), Status: calendar.StatusBusy})
	h.share("ben", access.Entry{Who: access.Default, Rights: access.LevelFreeBusyTimeOnly})
	head, _, _ := strings.Cut(freeBusyOf("FreeBusy", "2026-03-02T00:00:00", "2026-03-03T00:00:00", "anna", "ben"), "<t:FreeBusyViewOptions>")
	options := func(more string) string {
		return head + `<t:SuggestionsViewOptions><t:GoodThreshold>25</t:GoodThreshold><t:MaximumResultsByDay>3</t:MaximumResultsByDay>` + more +
			`<t:MinimumSuggestionQuality>Excellent</t:MinimumSuggestionQuality><t:DetailedSuggestionsWindow><t:StartTime>2026-03-02T00:00:00</t:StartTime>` +
			`<t:EndTime>2026-03-03T00:00:00</t:EndTime></t:DetailedSuggestionsWindow></t:SuggestionsViewOptions></m:GetUserAvailabilityRequest>`
	}
	resp := &ews.GetUserAvailabilityResponse{}
	h.post("anna", options(`<t:MeetingDurationInMinutes>60</t:MeetingDurationInMinutes>`)).decode(resp)
	days := resp.SuggestionsResponse.SuggestionDayResultArray
	if len(days) != 1 || len(days[0].SuggestionArray) != 3 || days[0].DayQuality != ews.QualityExcellent {
		t.Fatalf("days %+v", days)
	}
	first := days[0].SuggestionArray[0]
	if got := first.MeetingTime.Format("15:04"); got != "12:00" || len(first.AttendeeConflictDataArray) != 2 {
		t.Errorf("first at %s with %d people", got, len(first.AttendeeConflictDataArray))
	}
	h.post("anna", options(`<t:MeetingDurationInMinutes>29</t:MeetingDurationInMinutes>`)).has(string(ews.ErrorInvalidRequest))
}

// TestAvailabilitySeries: a weekly meeting keeps its hour over the change of
// the clocks, in the answer's own zone.
func TestAvailabilitySeries(t *testing.T) {
	h := open(t)
	zone, err := calendar.LoadZone("Europe/Berlin")
	h.must(err)
	start := time.Date(2026, 3, 25, 9, 0, 0, 0, zone.Location())
	h.appoint("ben", &calendar.Event{
		Start: start, End: start.Add(time.Hour), Zone: zone, Status: calendar.StatusBusy,
		Recurrence: &calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.OnWednesday, Start: calendar.NewDate(2026, 3, 25)},
	})
	h.share("ben", access.Entry{Who: access.Default, Rights: access.LevelFreeBusyTimeOnly})
	h.post("anna", freeBusyOf("FreeBusy", "2026-03-23T00:00:00", "2026-04-05T00:00:00", "ben")).has(
		"<t:StartTime>2026-03-25T09:00:00</t:StartTime>", "<t:StartTime>2026-04-01T09:00:00</t:StartTime>")
}

// TestShown: the period that is remembered ends where the clocks change.
func TestShown(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, loc := range []*time.Location{zone, time.UTC, time.FixedZone("", -12600)} {
		q := freeBusyCall{loc: loc}
		for _, hours := range []int{0, 1, 2, 3, 5000, 5001, 5002, 5003, 5004, 1, 20000, 3} {
			at := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC).Add(time.Duration(hours) * time.Hour)
			if got, want := q.shown(at), ews.FloatingTime(at.In(loc)); !got.Equal(want) || !ews.Floating(got) {
				t.Errorf("%s in %s is shown as %s, want %s", at, loc, got, want)
			}
		}
	}
}

// benchHouse is an organization of n more people with 250 appointments a year
// each, some of them in series.
func benchHouse(b *testing.B, n int) (*house, []string) {
	h := open(b)
	ctx := context.WithoutCancel(b.Context())
	var people []string
	h.must(h.door.Directory.Update(ctx, func(c *directory.Change) error {
		people = nil
		for i := range n {
			alias := fmt.Sprintf("p%d", i)
			people = append(people, alias)
			a := directory.Account{Account: access.Account{
				Principal: access.Principal{UPN: entente.UPN(address(alias)), Mail: entente.SMTPAddress(address(alias))},
				Name:      alias, Kind: access.KindUser, Enabled: true,
			}}
			if err := c.CreateAccount(&a); err != nil {
				return err
			}
			id, err := c.EnableMailbox(a.SID, "first")
			if err != nil {
				return err
			}
			h.sids[alias], h.boxes[alias] = a.SID, id
		}
		return nil
	}))
	for i, who := range people {
		a, _ := h.door.Directory.Snapshot().FindSID(h.sids[who])
		h.must(h.store.Create(ctx, mailbox.NewMailbox{ID: a.Mailbox, Database: "first", Owner: a.Principal, Address: a.Mail, Name: a.Name}))
		h.share(who, access.Entry{Who: access.Default, Rights: access.LevelFreeBusyDetails})
		h.fill(who, i)
	}
	return h, people
}

func (h *house) fill(who string, seed int) {
	h.Helper()
	for k := range 40 {
		start := march(1+(seed+k)%28, 8+k%9, 30*(k%2))
		e := &calendar.Event{Subject: "Appointment", Start: start, End: start.Add(time.Hour), Status: calendar.StatusBusy}
		if k%10 == 0 {
			e.Recurrence = &calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.On(start.Weekday()), Start: calendar.DateOf(start)}
		}
		h.appoint(who, e)
	}
}

func benchAvailability(b *testing.B, n int, view string, days int) {
	h, people := benchHouse(b, n)
	var bodies []string
	for i := range 16 {
		from := march(1+i, 0, 0)
		bodies = append(bodies, freeBusyOf(view, from.Format("2006-01-02T15:04:05"), from.AddDate(0, 0, days).Format("2006-01-02T15:04:05"), people...))
	}
	for _, body := range bodies {
		h.post("anna", body).code(ews.NoError)
	}
	i := 0
	for b.Loop() {
		h.post("anna", bodies[i%len(bodies)])
		i++
	}
}

func BenchmarkAvailability7Days(b *testing.B) { benchAvailability(b, 1, "DetailedMerged", 7) }

func BenchmarkAvailability20People(b *testing.B) { benchAvailability(b, 20, "FreeBusyMerged", 14) }

func BenchmarkAvailability100MergedOnly(b *testing.B) { benchAvailability(b, 100, "MergedOnly", 14) }
