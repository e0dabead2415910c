package ewsserver

import (
	"strings"
	"testing"
	"time"

	"entente/ews"
)

func parse(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// series makes a meeting at nine in Berlin every Monday, four times, over the
// night in March when the clocks go forward.
func (h *house) series(who string) string {
	h.Helper()
	a := h.post(who, `<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>Monday</t:Subject>
		<t:Start>2026-03-16T08:00:00Z</t:Start><t:End>2026-03-16T09:00:00Z</t:End><t:Location>Berlin</t:Location>
		<t:Recurrence><t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Monday</t:DaysOfWeek><t:FirstDayOfWeek>Monday</t:FirstDayOfWeek></t:WeeklyRecurrence>
		<t:NumberedRecurrence><t:StartDate>2026-03-16</t:StartDate><t:NumberOfOccurrences>4</t:NumberOfOccurrences></t:NumberedRecurrence></t:Recurrence>
		<t:StartTimeZone Id="W. Europe Standard Time"/></t:CalendarItem></m:Items></m:CreateItem>`).code(ews.NoError)
	return a.attr("t:ItemId", "Id")
}

func occurrence(master string, index string) string {
	return `<t:OccurrenceItemId RecurringMasterId="` + master + `" InstanceIndex="` + index + `"/>`
}

func TestSeries(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.series("anna")
		master := `<t:ItemId Id="` + id + `"/>`
		h.post("anna", all(master)).code(ews.NoError).has("<t:CalendarItemType>RecurringMaster<", "<t:WeeklyRecurrence><t:Interval>1<", "<t:NumberOfOccurrences>4<",
			`Id="W. Europe Standard Time"`, "<t:FirstOccurrence>", "<t:LastOccurrence>", "<t:IsRecurring>false<").lacks("<t:ModifiedOccurrences>", "<t:DeletedOccurrences>")
		at := func(index string) reply { t.Helper(); return h.post("anna", all(occurrence(id, index))) }
		at("1").code(ews.NoError).has("<t:Start>2026-03-16T08:00:00Z<", "<t:CalendarItemType>Occurrence<", "<t:IsRecurring>true<", "<t:Subject>Monday<").lacks("<t:Recurrence>")
		// Nine o'clock is an hour earlier in UTC once it is summer.
		third := at("3").code(ews.NoError).has("<t:Start>2026-03-30T07:00:00Z<")
		at("5").code(ews.ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange)
		at("0").code(ews.ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange)

		// An occurrence has an id of its own, and leads back to its series.
		third.lacks(id)
		own := `<t:ItemId Id="` + third.attr("t:ItemId", "Id") + `"/>`
		h.post("anna", all(own)).code(ews.NoError).has("2026-03-30T07:00:00Z")
		h.post("anna", all(`<t:RecurringMasterItemId OccurrenceId="`+third.attr("t:ItemId", "Id")+`"/>`)).code(ews.NoError).has(id, "RecurringMaster")

		h.post("anna", changing("AlwaysOverwrite", occurrence(id, "2"), set("calendar:Start", "CalendarItem", `<t:Start>2026-03-24T10:00:00Z</t:Start>`)+
			set("calendar:End", "CalendarItem", `<t:End>2026-03-24T11:00:00Z</t:End>`)+set("item:Subject", "CalendarItem", `<t:Subject>Tuesday</t:Subject>`))).code(ews.NoError)
		at("2").code(ews.NoError).has("<t:Start>2026-03-24T10:00:00Z<", "<t:Subject>Tuesday<", "<t:CalendarItemType>Exception<", "<t:OriginalStart>2026-03-23T08:00:00Z<", "<t:Location>Berlin<")
		h.post("anna", `<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone"><m:ItemIds>`+own+`</m:ItemIds></m:DeleteItem>`).code(ews.NoError)
		at("3").code(ews.ErrorCalendarOccurrenceIsDeletedFromRecurrence)
		h.post("anna", all(own)).code(ews.ErrorCalendarOccurrenceIsDeletedFromRecurrence)
		h.post("anna", all(master)).has("<t:ModifiedOccurrences><t:Occurrence>", "<t:DeletedOccurrences><t:DeletedOccurrence><t:Start>2026-03-30T07:00:00Z<")

		// What an occurrence cannot have of its own is refused, not lost.
		h.post("anna", changing("AlwaysOverwrite", occurrence(id, "1"), set("calendar:IsOnlineMeeting", "CalendarItem", `<t:IsOnlineMeeting>true</t:IsOnlineMeeting>`))).code(ews.ErrorInvalidPropertySet)

		h.post("anna", changing("AlwaysOverwrite", occurrence(id, "1"), set("calendar:IsOnlineMeeting", "CalendarItem", `<t:IsOnlineMeeting>false</t:IsOnlineMeeting>`)+deleting("calendar:When"))).code(ews.NoError)
		h.post("anna", changing("AlwaysOverwrite", occurrence(id, "1"), deleting("calendar:When")+deleting("calendar:NetShowUrl"))).code(ews.NoError)

		// Another hour for the series takes back what was special about single days.
		h.post("anna", changing("AlwaysOverwrite", master, set("calendar:Start", "CalendarItem", `<t:Start>2026-03-16T12:00:00Z</t:Start>`))).code(ews.NoError)
		at("2").code(ews.NoError).has("<t:Start>2026-03-23T12:00:00Z<", "<t:End>2026-03-23T13:00:00Z<", "<t:Subject>Monday<")
		h.post("anna", changing("AlwaysOverwrite", master, deleting("calendar:Recurrence"))).code(ews.NoError)
		h.post("anna", all(master)).has("<t:CalendarItemType>Single<").lacks("<t:Recurrence>")
		at("2").code(ews.ErrorCalendarCannotUseIdForOccurrenceId)
	})
}

// Every pattern and every range comes back as it was sent.
func TestRecurrencePatterns(t *testing.T) {
	h := open(t)
	ranges := []string{
		`<t:NoEndRecurrence><t:StartDate>2026-05-04</t:StartDate></t:NoEndRecurrence>`,
		`<t:EndDateRecurrence><t:StartDate>2026-05-04</t:StartDate><t:EndDate>2029-05-04</t:EndDate></t:EndDateRecurrence>`,
		`<t:NumberedRecurrence><t:StartDate>2026-05-04</t:StartDate><t:NumberOfOccurrences>7</t:NumberOfOccurrences></t:NumberedRecurrence>`,
	}
	for i, pattern := range []string{
		`<t:DailyRecurrence><t:Interval>3</t:Interval></t:DailyRecurrence>`,
		`<t:WeeklyRecurrence><t:Interval>2</t:Interval><t:DaysOfWeek>Monday Friday</t:DaysOfWeek><t:FirstDayOfWeek>Monday</t:FirstDayOfWeek></t:WeeklyRecurrence>`,
		`<t:AbsoluteMonthlyRecurrence><t:Interval>1</t:Interval><t:DayOfMonth>31</t:DayOfMonth></t:AbsoluteMonthlyRecurrence>`,
		`<t:RelativeMonthlyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Weekday</t:DaysOfWeek><t:DayOfWeekIndex>Last</t:DayOfWeekIndex></t:RelativeMonthlyRecurrence>`,
		`<t:AbsoluteYearlyRecurrence><t:DayOfMonth>29</t:DayOfMonth><t:Month>February</t:Month></t:AbsoluteYearlyRecurrence>`,
		`<t:RelativeYearlyRecurrence><t:DaysOfWeek>Thursday</t:DaysOfWeek><t:DayOfWeekIndex>Fourth</t:DayOfWeekIndex><t:Month>November</t:Month></t:RelativeYearlyRecurrence>`,
	} {
		a := h.post("anna", `<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Start>2026-05-04T08:00:00Z</t:Start><t:End>2026-05-04T09:00:00Z</t:End><t:Recurrence>`+
			pattern+ranges[i%3]+`</t:Recurrence></t:CalendarItem></m:Items></m:CreateItem>`).code(ews.NoError)
		h.post("anna", all(`<t:ItemId Id="`+a.attr("t:ItemId", "Id")+`"/>`)).has(`<t:Recurrence>` + pattern + ranges[i%3] + `</t:Recurrence>`)
	}
}

func TestEventTimes(t *testing.T) {
	h := open(t)
	test := func(header, event, start, end string) {
		t.Helper()
		h.header = header
		defer func() { h.header = "" }()
		a := h.post("anna", `<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem>`+event+`</t:CalendarItem></m:Items></m:CreateItem>`).code(ews.NoError)
		h.post("anna", all(`<t:ItemId Id="`+a.attr("t:ItemId", "Id")+`"/>`)).has("<t:Start>"+start+"<", "<t:End>"+end+"<")
	}
	const tokyo = `<t:TimeZoneContext><t:TimeZoneDefinition Id="Tokyo Standard Time"/></t:TimeZoneContext>`
	const berlin = `<t:StartTimeZone Id="W. Europe Standard Time"/>`
	const own = `<t:TimeZoneContext><t:TimeZoneDefinition Id="Mine" Name="Mine"><t:Periods><t:Period Bias="-PT5H30M" Name="Standard" Id="s"/></t:Periods>
		<t:TransitionsGroups><t:TransitionsGroup Id="0"><t:Transition><t:To Kind="Period">s</t:To></t:Transition></t:TransitionsGroup></t:TransitionsGroups>
		<t:Transitions><t:Transition><t:To Kind="Group">0</t:To></t:Transition></t:Transitions></t:TimeZoneDefinition></t:TimeZoneContext>`
	times := func(start, end string) string { return `<t:Start>` + start + `</t:Start><t:End>` + end + `</t:End>` }
	test("", times("2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z"), "2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z")
	test("", times("2026-07-01T09:00:00+02:00", "2026-07-01T10:00:00+02:00"), "2026-07-01T07:00:00Z", "2026-07-01T08:00:00Z")
	test("", times("2026-07-01T09:00:00", "2026-07-01T10:00:00"), "2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z")
	test(tokyo, times("2026-07-01T09:00:00", "2026-07-01T10:00:00"), "2026-07-01T00:00:00Z", "2026-07-01T01:00:00Z")
	test(tokyo, times("2026-07-01T09:00:00", "2026-07-01T10:00:00")+berlin, "2026-07-01T07:00:00Z", "2026-07-01T08:00:00Z")
	test(own, times("2026-07-01T09:00:00", "2026-07-01T10:00:00"), "2026-07-01T03:30:00Z", "2026-07-01T04:30:00Z")
	// Whole days are from midnight to midnight in the zone they are meant in.
	test(tokyo, times("2026-07-01T09:00:00", "2026-07-01T10:00:00")+`<t:IsAllDayEvent>true</t:IsAllDayEvent>`, "2026-06-30T15:00:00Z", "2026-07-01T15:00:00Z")
	test("", times("2026-07-01T00:00:00Z", "2026-07-03T00:00:00Z")+`<t:IsAllDayEvent>true</t:IsAllDayEvent>`, "2026-07-01T00:00:00Z", "2026-07-03T00:00:00Z")
	h.header = `<t:TimeZoneContext><t:TimeZoneDefinition Id="Nowhere"/></t:TimeZoneContext>`
	h.post("anna", `<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:ItemIds><t:ItemId Id="x"/></m:ItemIds></m:GetItem>`).fault(ews.ErrorTimeZone)
}

// DavMail reads appointments as iCalendar and wants the zone in it.
func TestCalendarMIME(t *testing.T) {
	h := open(t)
	got := h.get("anna", &ews.ItemID{ID: h.series("anna")}, ews.FieldMimeContent)
	v, _ := got.Get(ews.FieldMimeContent)
	m, _ := v.(*ews.MimeContent)
	if m == nil {
		t.Fatal("no content")
	}
	for _, want := range []string{"BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "RRULE:FREQ=WEEKLY", "SUMMARY:Monday"} {
		if !strings.Contains(string(m.Content), want) {
			t.Errorf("no %s in %s", want, m.Content)
		}
	}
	id := h.create("ben", item(ews.KindCalendarItem, ews.FieldMimeContent, m))[0]
	h.post("ben", all(idXML(id))).has("<t:Subject>Monday<", "<t:CalendarItemType>RecurringMaster<", "<t:Start>2026-03-16T08:00:00Z<", "<t:NumberOfOccurrences>4<")
}
