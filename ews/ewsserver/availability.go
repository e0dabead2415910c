package ewsserver

import (
	"math"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// codeOfFree maps the reasons of free/busy.
func codeOfFree(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	case availability.RecipientNotFound:
		return ews.ErrorMailRecipientNotFound, true
	case availability.GroupTooBig:
		return ews.ErrorFreeBusyDLLimitReached, true
	case availability.InvalidInterval:
		return ews.ErrorInvalidTimeInterval, true
	case availability.IntervalTooBig:
		return ews.ErrorTimeIntervalTooBig, true
	case availability.InvalidSlot:
		return ews.ErrorInvalidMergedFreeBusyInterval, true
	case availability.InvalidView:
		return ews.ErrorInvalidFreeBusyViewType, true
	case mailbox.NoFreeBusy:
		return ews.ErrorNoFreeBusyAccess, true
	}
	for _, codes := range [...]func(entente.Reason) (ews.ResponseCode, bool){codeOfPartner, codeForPartner} {
		if code, ok := codes(r); ok {
			return code, true
		}
	}
	return codeOfMeeting(r)
}

// codeForPartner maps what keeps people of another organization from seeing a
// calendar here. Who is out of the relationship's scope looks like one whose
// calendar shows nothing.
func codeForPartner(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	case access.OutsideScope:
		return ews.ErrorNoFreeBusyAccess, true
	case access.NoRelationship, access.RelationshipDisabled, access.NoRelationshipFreeBusy:
		return ews.ErrorInvalidOrganizationRelationshipForFreeBusy, true
	case access.OtherOrganization, access.KeyNotPinned:
		return ews.ErrorProxyRequestNotAllowed, true
	}
	return "", false
}

// codeOfPartner maps what keeps people of another organization from being
// asked about. What the other organization says of one of them is passed on as
// it says it.
func codeOfPartner(r entente.Reason) (ews.ResponseCode, bool) {
	if said, ok := strings.CutPrefix(string(r), string(availability.PartnerSays)); ok {
		return ews.ResponseCode(said), true
	}
	switch r {
	case availability.NoRelationship, availability.PartnerUnknownRecipient:
		return ews.ErrorMailRecipientNotFound, true
	case availability.UnusableRelationship, availability.NoRelationshipFreeBusy:
		return ews.ErrorInvalidOrganizationRelationshipForFreeBusy, true
	case availability.OtherOrganization:
		return ews.ErrorProxyRequestNotAllowed, true
	case availability.OrganizationUnfederated:
		return ews.ErrorOrganizationNotFederated, true
	case availability.FederationMisconfigured:
		return ews.ErrorInvalidFederatedOrganizationId, true
	case availability.NoFederatedAddress:
		return ews.ErrorUserWithoutFederatedProxyAddress, true
	case availability.PartnerDiscoveryFailed:
		return ews.ErrorAutoDiscoverFailed, true
	case availability.PartnerFailed, availability.NoDelegationToken:
		return ews.ErrorProxyRequestProcessingFailed, true
	case availability.PartnerTimedOut:
		return ews.ErrorTimeoutExpired, true
	case availability.PartnerTooManyEntries:
		return ews.ErrorResultSetTooBig, true
	case availability.PartnerShowsNoFreeBusy:
		return ews.ErrorNoFreeBusyAccess, true
	}
	return "", false
}

// getUserAvailability answers when people are free, and when they could meet.
// [MS-OXWAVLS] 3.1.4.1
func (c *call) getUserAvailability(r *ews.GetUserAvailabilityRequest) (*ews.GetUserAvailabilityResponse, error) {
	if r.FreeBusyViewOptions == nil && r.SuggestionsViewOptions == nil {
		return nil, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "The request asks neither for free/busy information nor for suggestions."}
	}
	q := freeBusyCall{call: c, r: r}
	if err := q.setZone(); err != nil {
		return nil, err
	}
	for i := range r.MailboxDataArray {
		q.people = append(q.people, smtpOf(&r.MailboxDataArray[i].Email))
	}
	out := &ews.GetUserAvailabilityResponse{}
	if o := r.FreeBusyViewOptions; o != nil {
		var err error
		if out.FreeBusyResponses, err = q.freeBusy(o); err != nil {
			return nil, err
		}
	}
	if o := r.SuggestionsViewOptions; o != nil {
		out.SuggestionsResponse = q.suggestions(o)
	}
	return out, nil
}

// smtpOf is the address somebody goes by. What is not SMTP, nobody here has.
func smtpOf(m *ews.AvailabilityMailbox) string {
	if m.RoutingType != "" && !strings.EqualFold(m.RoutingType, "SMTP") {
		return ""
	}
	return m.Address
}

// freeBusyCall is one GetUserAvailability at work.
type freeBusyCall struct {
	*call
	r      *ews.GetUserAvailabilityRequest
	zone   calendar.Zone
	loc    *time.Location
	clock  clockPeriod // the last one a time was shown in
	people []string
}

// setZone finds the zone in which the request's times are meant and the answer's
// are written: that of the request, else that of its TimeZoneContext.
func (q *freeBusyCall) setZone() error {
	q.zone, q.loc = calendar.NewZone("", q.call.zone), q.call.zone
	if q.r.TimeZone == nil {
		return nil
	}
	z, err := serializableFrom(q.r.TimeZone)
	if err != nil {
		return badZone(err)
	}
	q.zone, q.loc = z, z.Location()
	return nil
}

// window reads a window: times without a zone are meant in the request's.
func (q *freeBusyCall) window(w ews.TimeWindow) calendar.Interval {
	return calendar.Interval{Start: meantIn(w.StartTime, q.loc), End: meantIn(w.EndTime, q.loc)}
}

// meantIn gives a time that came without a zone the one it is meant in.
func meantIn(t time.Time, loc *time.Location) time.Time {
	if !ews.Floating(t) {
		return t
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), loc)
}

// shown writes a time as these operations do, on the clock of the request's zone
// and without naming it. One answer has thousands of times, nearly all of them
// between the same two changes of the clocks, so that the zone's rules, which are
// slow to read, are read once for these.
func (q *freeBusyCall) shown(t time.Time) time.Time {
	c := &q.clock
	if !c.known || t.Before(c.from) || !c.until.IsZero() && !t.Before(c.until) {
		local := t.In(q.loc)
		_, seconds := local.Zone()
		c.from, c.until = local.ZoneBounds()
		c.offset, c.known = time.Duration(seconds)*time.Second, true
	}
	return ews.FloatingTime(t.UTC().Add(c.offset))
}

// clockPeriod is a time between two changes of the clocks.
type clockPeriod struct {
	from, until time.Time // until is zero for no end
	offset      time.Duration
	known       bool
}

func (q *freeBusyCall) freeBusy(o *ews.FreeBusyViewOptions) ([]ews.FreeBusyResponse, error) {
	r := availability.Request{
		Mailboxes: q.people, Window: q.window(o.TimeWindow), Zone: q.zone,
		View: availability.FreeBusyMerged, Slot: availability.DefaultSlot,
	}
	if o.RequestedView != "" {
		var err error
		if r.View, err = availability.ParseView(string(o.RequestedView)); err != nil {
			return nil, err
		}
	}
	if m := o.MergedFreeBusyIntervalInMinutes; m != nil {
		// 0 is a length like any other that a slot cannot have.
		r.Slot = time.Duration(max(*m, -1)) * time.Minute
		if r.Slot == 0 {
			r.Slot = -1
		}
	}
	q.s.Expect(min(len(r.Mailboxes), availability.MaxMailboxes))
	answers, err := q.h.Free.FreeBusy(q.ctx, q.s, r)
	if err != nil {
		return nil, err
	}
	w := freeBusyWriter{q: q, year: r.Window.Start.Year(), success: ews.Success()}
	out := make([]ews.FreeBusyResponse, len(answers))
	for i := range answers {
		out[i] = w.response(&answers[i])
	}
	return out, nil
}

// freeBusyWriter writes answers; what is the same in all of them is made once.
type freeBusyWriter struct {
	q       *freeBusyCall
	year    int
	success ews.ResponseMessage
	of      *calendar.WorkingHours // those of which hours were made
	hours   *ews.WorkingHours
}

func (w *freeBusyWriter) response(a *availability.Answer) ews.FreeBusyResponse {
	if a.Err != nil {
		// Clients read the view of an answer that says None.
		m := w.q.fail(a.Err)
		return ews.FreeBusyResponse{ResponseMessage: &m, FreeBusyView: &ews.FreeBusyView{FreeBusyViewType: ews.ViewNone}}
	}
	v := &ews.FreeBusyView{FreeBusyViewType: ews.FreeBusyViewType(a.View.String()), MergedFreeBusy: string(a.Merged)}
	if a.View != availability.MergedOnly {
		v.CalendarEventArray = w.events(a.Busy)
	}
	if a.Hours != nil && a.Hours != w.of {
		w.of, w.hours = a.Hours, workingHoursOf(a.Hours, w.year)
	}
	if a.Hours != nil {
		v.WorkingHours = w.hours
	}
	return ews.FreeBusyResponse{ResponseMessage: &w.success, FreeBusyView: v}
}

func (w *freeBusyWriter) events(busy []calendar.Busy) []ews.CalendarEvent {
	out := make([]ews.CalendarEvent, len(busy))
	for i := range busy {
		b := &busy[i]
		out[i] = ews.CalendarEvent{
			StartTime: w.q.shown(b.Start), EndTime: w.q.shown(b.End), BusyType: ews.LegacyFreeBusy(b.Status.String()),
		}
		if d := b.Detail; d != nil {
			out[i].CalendarEventDetails = eventDetails(d)
		}
	}
	return out
}

// eventDetails shows of a private appointment that it is one, and no more, to
// those from whom its subject is kept.
func eventDetails(d *calendar.BusyDetail) *ews.CalendarEventDetails {
	if d.Private && d.Subject == "" && d.ID == "" {
		return &ews.CalendarEventDetails{IsPrivate: true}
	}
	return &ews.CalendarEventDetails{
		Subject: d.Subject, Location: d.Location, IsMeeting: d.Meeting, IsRecurring: d.Recurring,
		IsException: d.Exception, IsReminderSet: d.ReminderSet, IsPrivate: d.Private,
	}
}

func workingHoursOf(h *calendar.WorkingHours, year int) *ews.WorkingHours {
	out := &ews.WorkingHours{TimeZone: serializableOf(h.Zone, year)}
	for _, p := range h.Periods {
		period := ews.WorkingPeriod{StartTimeInMinutes: int(p.Start / time.Minute), EndTimeInMinutes: int(p.End / time.Minute)}
		for day := time.Sunday; day <= time.Saturday; day++ {
			if p.Days.Has(day) {
				period.DayOfWeek = append(period.DayOfWeek, ews.DayOfWeek(day.String()))
			}
		}
		out.WorkingPeriodArray = append(out.WorkingPeriodArray, period)
	}
	return out
}

// serializableFrom reads the one-year form of a zone.
func serializableFrom(z *ews.SerializableTimeZone) (calendar.Zone, error) {
	s := calendar.SerializableTimeZone{Bias: time.Duration(z.Bias) * time.Minute}
	var err error
	if s.StandardTime, err = yearlyFrom(&z.StandardTime); err != nil {
		return calendar.Zone{}, err
	}
	if s.DaylightTime, err = yearlyFrom(&z.DaylightTime); err != nil {
		return calendar.Zone{}, err
	}
	return s.Zone()
}

func yearlyFrom(t *ews.SerializableTimeZoneTime) (calendar.SerializableTimeZoneTime, error) {
	fault := &ews.Fault{Code: ews.ErrorTimeZone, Text: "The time zone of the request cannot be understood."}
	clock, err := time.Parse("15:04:05", t.Time)
	if err != nil {
		return calendar.SerializableTimeZoneTime{}, fault
	}
	out := calendar.SerializableTimeZoneTime{
		Bias: time.Duration(t.Bias) * time.Minute, DayOrder: t.DayOrder, Month: time.Month(t.Month),
		Time: clock.Sub(clock.Truncate(24 * time.Hour)),
	}
	day, ok := weekday(t.DayOfWeek)
	if !ok && t.Month != 0 {
		return out, fault
	}
	out.DayOfWeek = day
	if t.Year != "" {
		year, err := time.Parse("2006", t.Year)
		if err != nil {
			return out, fault
		}
		out.Year = year.Year()
	}
	return out, nil
}

func serializableOf(z calendar.Zone, year int) ews.SerializableTimeZone {
	s := calendar.SerializableOf(z, year)
	return ews.SerializableTimeZone{
		Bias:         int(math.Round(s.Bias.Minutes())),
		StandardTime: yearlyOf(&s.StandardTime), DaylightTime: yearlyOf(&s.DaylightTime),
	}
}

func yearlyOf(t *calendar.SerializableTimeZoneTime) ews.SerializableTimeZoneTime {
	return ews.SerializableTimeZoneTime{
		Bias:     int(math.Round(t.Bias.Minutes())),
		Time:     time.Time{}.Add(t.Time).Format("15:04:05"),
		DayOrder: t.DayOrder, Month: int(t.Month), DayOfWeek: ews.DayOfWeek(t.DayOfWeek.String()),
	}
}
