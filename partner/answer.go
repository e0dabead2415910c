package partner

import (
	"fmt"
	"time"

	"entente/availability"
	"entente/calendar"
	"entente/ews"
	"entente/ews/ewsclient"
)

// maxEntries is what Exchange allows in one answer about one calendar.
const maxEntries = 1000

// answersOf makes answers of what a partner said, in the order of the question.
// What cannot be right of one is that one's error.
func answersOf(a *ews.GetUserAvailabilityResponse, n int, q *availability.Request) ([]availability.Answer, error) {
	if len(a.FreeBusyResponses) != n {
		return nil, fmt.Errorf("%w: %d answers to %d questions", ewsclient.ErrNotEWS, len(a.FreeBusyResponses), n)
	}
	out := make([]availability.Answer, n)
	for i := range out {
		answer, err := answerOf(&a.FreeBusyResponses[i], q)
		if err != nil {
			answer = availability.Answer{Err: err}
		}
		out[i] = answer
	}
	return out, nil
}

func answerOf(r *ews.FreeBusyResponse, q *availability.Request) (availability.Answer, error) {
	if m := r.ResponseMessage; m != nil && m.ResponseClass == ews.ResponseError {
		return availability.Answer{}, said(string(m.ResponseCode), m.MessageText)
	}
	v := r.FreeBusyView
	if v == nil || v.FreeBusyViewType == ews.ViewNone {
		return availability.Answer{}, said(string(ews.ErrorNoFreeBusyAccess), ews.ErrorNoFreeBusyAccess.Text())
	}
	view, err := availability.ParseView(string(v.FreeBusyViewType))
	if err != nil || len(v.CalendarEventArray) > 0 && view == availability.MergedOnly {
		return availability.Answer{}, notUnderstood("view")
	}
	if len(v.CalendarEventArray) > maxEntries {
		return availability.Answer{}, tooManyEntries(len(v.CalendarEventArray))
	}
	a := availability.Answer{View: less(view, q.View)}
	if a.Busy, err = busyOf(v.CalendarEventArray, q.Window, detailed(a.View)); err != nil {
		return a, err
	}
	if a.Hours, err = hoursOf(v.WorkingHours); err != nil {
		return a, err
	}
	return a, merge(&a, v.MergedFreeBusy, view, q)
}

func notUnderstood(what string) error {
	return proxyFailed(fmt.Errorf("%w: %s", ewsclient.ErrNotEWS, what))
}

// less is what is passed on of a view: no more than was asked for.
func less(given, asked availability.View) availability.View {
	switch {
	case given == availability.MergedOnly || asked == availability.MergedOnly:
		return availability.MergedOnly
	case detailed(given) && !detailed(asked) || detailed(asked) && !detailed(given):
		if asked.Merged() {
			return availability.FreeBusyMerged
		}
		return availability.FreeBusy
	}
	return asked
}

func detailed(v availability.View) bool {
	return v == availability.Detailed || v == availability.DetailedMerged
}

// merge puts in the digits, which are computed here wherever there is anything
// to compute them from. Of somebody who gives digits alone, they are what his
// times are made of.
func merge(a *availability.Answer, digits string, given availability.View, q *availability.Request) error {
	if given != availability.MergedOnly {
		if a.View.Merged() {
			a.Merged = calendar.AppendMerged(nil, q.Window, q.Slot, a.Busy)
		}
		if a.View == availability.MergedOnly {
			a.Busy = nil
		}
		return nil
	}
	if len(digits) != calendar.Slots(q.Window, q.Slot) {
		return notUnderstood("digits")
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '0'+byte(calendar.StatusNoData) {
			return notUnderstood("digits")
		}
	}
	a.Merged = []byte(digits)
	if q.Members {
		a.Busy = busyOfDigits(digits, q)
	}
	return nil
}

// busyOfDigits makes times of digits, for who looks for a time at which all can
// meet.
func busyOfDigits(digits string, q *availability.Request) (busy []calendar.Busy) {
	for i := 0; i < len(digits); {
		end := i + 1
		for end < len(digits) && digits[end] == digits[i] {
			end++
		}
		if status := calendar.BusyStatus(digits[i] - '0'); status != calendar.StatusFree {
			busy = append(busy, calendar.Busy{Status: status, Interval: calendar.Interval{
				Start: q.Window.Start.Add(time.Duration(i) * q.Slot), End: q.Window.Start.Add(time.Duration(end) * q.Slot),
			}})
		}
		i = end
	}
	return busy
}

// busyOf reads the times, which are in UTC as the question was. What does not
// touch the window was not asked for.
func busyOf(events []ews.CalendarEvent, window calendar.Interval, details bool) ([]calendar.Busy, error) {
	busy := make([]calendar.Busy, 0, len(events))
	for i := range events {
		e := &events[i]
		status, err := calendar.ParseBusyStatus(string(e.BusyType))
		b := calendar.Busy{Status: status, Interval: calendar.Interval{Start: instant(e.StartTime), End: instant(e.EndTime)}}
		if err != nil || !b.Valid() {
			return nil, notUnderstood("times")
		}
		if !b.Overlaps(window) {
			continue
		}
		if d := e.CalendarEventDetails; details && d != nil {
			b.Detail = &calendar.BusyDetail{
				Subject: ewsclient.Words(d.Subject), Location: ewsclient.Words(d.Location),
				Meeting: d.IsMeeting, Recurring: d.IsRecurring, Exception: d.IsException, ReminderSet: d.IsReminderSet, Private: d.IsPrivate,
			}
		}
		busy = append(busy, b)
	}
	return busy, nil
}

// instant gives a time without a zone the one the question was asked in.
func instant(t time.Time) time.Time {
	if ews.Floating(t) {
		y, m, d := t.Date()
		return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	}
	return t.UTC()
}

// maxPeriods bounds a week's working periods.
const maxPeriods = 50

// hoursOf reads working hours; nil if there are none.
func hoursOf(h *ews.WorkingHours) (*calendar.WorkingHours, error) {
	if h == nil {
		return nil, nil
	}
	zone, err := zoneOf(&h.TimeZone)
	if err != nil || len(h.WorkingPeriodArray) > maxPeriods {
		return nil, notUnderstood("working hours")
	}
	out := &calendar.WorkingHours{Zone: zone}
	for _, p := range h.WorkingPeriodArray {
		period := calendar.WorkingPeriod{
			Start: time.Duration(p.StartTimeInMinutes) * time.Minute, End: time.Duration(p.EndTimeInMinutes) * time.Minute,
		}
		if p.StartTimeInMinutes < 0 || p.EndTimeInMinutes > 24*60 || period.End < period.Start {
			return nil, notUnderstood("working hours")
		}
		for _, name := range p.DayOfWeek {
			day, ok := weekdayOf(name)
			if !ok {
				return nil, notUnderstood("working hours")
			}
			period.Days |= calendar.OnSunday << day
		}
		out.Periods = append(out.Periods, period)
	}
	return out, nil
}

func weekdayOf(name ews.DayOfWeek) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if day.String() == string(name) {
			return day, true
		}
	}
	return 0, false
}

// zoneOf reads the one-year form of a zone.
func zoneOf(z *ews.SerializableTimeZone) (calendar.Zone, error) {
	s := calendar.SerializableTimeZone{Bias: time.Duration(z.Bias) * time.Minute}
	for _, side := range [...]struct {
		from *ews.SerializableTimeZoneTime
		to   *calendar.SerializableTimeZoneTime
	}{{&z.StandardTime, &s.StandardTime}, {&z.DaylightTime, &s.DaylightTime}} {
		clock, err := time.Parse("15:04:05", side.from.Time)
		if err != nil {
			return calendar.Zone{}, err
		}
		day, ok := weekdayOf(side.from.DayOfWeek)
		if !ok && side.from.Month != 0 || side.from.Year != "" {
			return calendar.Zone{}, notUnderstood("working hours")
		}
		*side.to = calendar.SerializableTimeZoneTime{
			Bias: time.Duration(side.from.Bias) * time.Minute, DayOrder: side.from.DayOrder, Month: time.Month(side.from.Month),
			DayOfWeek: day, Time: clock.Sub(clock.Truncate(24 * time.Hour)),
		}
	}
	return s.Zone()
}
