package ewsserver

import (
	"time"

	"entente/availability"
	"entente/calendar"
	"entente/ews"
)

// suggestions looks for times to meet. [MS-OXWAVLS] 3.1.4.1
func (q *freeBusyCall) suggestions(o *ews.SuggestionsViewOptions) *ews.SuggestionsResponse {
	options, err := q.suggestOptions(o)
	if err != nil {
		m := q.fail(err)
		return &ews.SuggestionsResponse{ResponseMessage: &m}
	}
	answers, err := q.h.Free.FreeBusy(q.ctx, q.s, availability.Request{
		Mailboxes: q.people, Window: options.Window, Zone: q.zone,
		View: availability.FreeBusy, Slot: availability.DefaultSlot, Members: true,
	})
	if err != nil {
		m := q.fail(err)
		return &ews.SuggestionsResponse{ResponseMessage: &m}
	}
	invitees := make([]calendar.Invitee, len(answers))
	for i := range answers {
		d := &q.r.MailboxDataArray[i]
		invitees[i] = inviteeOf(&answers[i])
		invitees[i].Role, invitees[i].ExcludeConflicts = roleOf(d.AttendeeType), d.ExcludeConflicts
	}
	success := ews.Success()
	out := &ews.SuggestionsResponse{ResponseMessage: &success}
	for _, day := range calendar.Suggest(options, invitees) {
		out.SuggestionDayResultArray = append(out.SuggestionDayResultArray, q.suggestionDay(day, o))
	}
	return out
}

// suggestOptions reads the options, with the limits and defaults of
// SuggestionsViewOptionsType.
func (q *freeBusyCall) suggestOptions(o *ews.SuggestionsViewOptions) (calendar.SuggestOptions, error) {
	out := calendar.SuggestOptions{Window: q.window(o.DetailedSuggestionsWindow), Zone: q.zone}
	ok := true
	number := func(p *int, low, high, usual int) int {
		if p == nil {
			return usual
		}
		ok = ok && *p >= low && *p <= high
		return *p
	}
	out.GoodThreshold = number(o.GoodThreshold, 1, 49, 25)
	out.MaxByDay = number(o.MaximumResultsByDay, 0, 48, 10)
	out.MaxNonWorkByDay = number(o.MaximumNonWorkHourResultsByDay, 0, 48, 0)
	out.Duration = time.Duration(number(o.MeetingDurationInMinutes, 30, 1440, 60)) * time.Minute
	out.Minimum = calendar.Fair
	if o.MinimumSuggestionQuality != "" {
		quality, err := calendar.ParseQuality(string(o.MinimumSuggestionQuality))
		ok = ok && err == nil
		out.Minimum = quality
	}
	if !ok {
		return out, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "An option of the suggestions is out of its range."}
	}
	if !o.CurrentMeetingTime.IsZero() {
		out.CurrentMeetingTime = meantIn(o.CurrentMeetingTime, q.loc)
	}
	return out, nil
}

func roleOf(t ews.MeetingAttendeeType) calendar.InviteeRole {
	switch t {
	case ews.AttendeeOrganizer:
		return calendar.OrganizerInvitee
	case ews.AttendeeOptional:
		return calendar.OptionalInvitee
	case ews.AttendeeRoom:
		return calendar.RoomInvitee
	case ews.AttendeeResource:
		return calendar.ResourceInvitee
	}
	return calendar.RequiredInvitee
}

func inviteeOf(a *availability.Answer) calendar.Invitee {
	if a.Err != nil {
		return calendar.Invitee{Unknown: true, TooBig: isReason(a.Err, availability.GroupTooBig)}
	}
	out := calendar.Invitee{Busy: a.Busy, Hours: a.Hours}
	for i := range a.Members {
		out.Members = append(out.Members, inviteeOf(&a.Members[i]))
	}
	return out
}

func (q *freeBusyCall) suggestionDay(d calendar.SuggestionDay, o *ews.SuggestionsViewOptions) ews.SuggestionDayResult {
	out := ews.SuggestionDayResult{
		Date:       q.shown(q.zone.Midnight(d.Date)),
		DayQuality: ews.SuggestionQuality(d.Quality.String()),
	}
	if o.MaximumResultsByDay != nil && *o.MaximumResultsByDay == 0 {
		return out // only how good the day is was asked
	}
	for _, s := range d.Suggestions {
		out.SuggestionArray = append(out.SuggestionArray, ews.Suggestion{
			MeetingTime: q.shown(s.Time), IsWorkTime: s.WorkTime, SuggestionQuality: ews.SuggestionQuality(s.Quality.String()),
			AttendeeConflictDataArray: conflictsOf(s.Conflicts),
		})
	}
	return out
}

func conflictsOf(list []calendar.Conflict) []ews.AttendeeConflictData {
	out := make([]ews.AttendeeConflictData, len(list))
	for i, c := range list {
		switch c.Kind {
		case calendar.IndividualConflict:
			out[i].IndividualAttendee = &ews.IndividualAttendeeConflictData{BusyType: ews.LegacyFreeBusy(c.Status.String())}
		case calendar.GroupConflict:
			out[i].GroupAttendee = &ews.GroupAttendeeConflictData{
				NumberOfMembers: c.Members, NumberOfMembersAvailable: c.Available,
				NumberOfMembersWithConflict: c.Busy, NumberOfMembersWithNoData: c.NoData,
			}
		case calendar.TooBigGroupConflict:
			out[i].TooBigGroupAttendee = &ews.TooBigGroupAttendeeConflictData{}
		default:
			out[i].UnknownAttendee = &ews.UnknownAttendeeConflictData{}
		}
	}
	return out
}
