package calendar

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AppendICalendar appends the object in iCalendar format. RFC 5545, [MS-OXCICAL]
//
// Zones go by the id they were sent with, and their rules go along; where the
// id is a Windows one, X-LIC-LOCATION names the zone for who does not know it.
func AppendICalendar(b []byte, c *ICalendar) []byte {
	w := icalWriter{b: b}
	w.line("BEGIN", "VCALENDAR")
	w.line("PRODID", "-//Entente//Entente//EN")
	w.line("VERSION", "2.0")
	w.some("METHOD", c.Method)
	w.some("X-WR-CALNAME", escapeText(c.Name))
	for _, z := range zonesOf(c.Events) {
		w.b = appendVTimezone(w.b, z.Zone, z.from, z.to)
	}
	for i := range c.Events {
		w.event(&c.Events[i])
	}
	w.line("END", "VCALENDAR")
	return w.b
}

// A usedZone is a zone and the years it is needed for.
type usedZone struct {
	Zone
	from, to int
}

// zonesOf lists the zones the events name, in order of their ids.
func zonesOf(events []Event) []usedZone {
	var used []usedZone
	add := func(z Zone, from, to int) {
		if !named(z) {
			return
		}
		i := slices.IndexFunc(used, func(u usedZone) bool { return u.ID == z.ID })
		if i < 0 {
			used = append(used, usedZone{z, from, to})
			return
		}
		used[i].from, used[i].to = min(used[i].from, from), max(used[i].to, to)
	}
	for i := range events {
		e := &events[i]
		if e.AllDay {
			continue
		}
		from := max(e.Start.Year(), 1970)
		to := max(e.End.Year(), from)
		if e.Recurrence != nil {
			// Rules change; ten years ahead are enough for a series.
			to = min(max(to, from)+10, lastShiftYear)
		}
		add(e.Zone, from, to)
		add(e.EndZone, from, to)
	}
	slices.SortFunc(used, func(a, b usedZone) int { return cmp.Compare(a.ID, b.ID) })
	return used
}

// named reports whether times in the zone carry a TZID.
func named(z Zone) bool { return z.ID != "" && z.Location() != time.UTC }

// An icalWriter appends content lines.
type icalWriter struct{ b []byte }

func (w *icalWriter) line(name, value string, params ...Param) {
	w.b = appendLine(w.b, Property{Name: name, Params: params, Value: value})
}

// some writes a property that may be missing.
func (w *icalWriter) some(name, value string) {
	if value != "" {
		w.line(name, value)
	}
}

// event writes an event, and its exceptions after it.
func (w *icalWriter) event(e *Event) {
	w.line("BEGIN", "VEVENT")
	w.line("UID", e.UID)
	if !e.Instance.IsZero() {
		w.time("RECURRENCE-ID", e.Instance, e.Zone, e.AllDay)
	}
	w.body(e)
	if e.Recurrence != nil && e.Recurrence.Pattern <= RelativeYearly {
		w.line("RRULE", e.rule())
		for _, d := range e.Deleted {
			w.time("EXDATE", e.OriginalTime(d).Start, e.Zone, e.AllDay)
		}
	}
	w.line("END", "VEVENT")
	for i := range e.Exceptions {
		x := &e.Exceptions[i]
		one := e.At(Occurrence{Interval{x.Start, x.End}, x.Original, x})
		w.line("BEGIN", "VEVENT")
		w.line("UID", e.UID)
		w.time("RECURRENCE-ID", one.Instance, e.Zone, e.AllDay)
		w.body(&one)
		w.line("END", "VEVENT")
	}
}

// body writes what events and exceptions have alike.
func (w *icalWriter) body(e *Event) {
	end := e.EndZone
	if end.IsZero() {
		end = e.Zone
	}
	stamp := e.Stamp
	if stamp.IsZero() {
		stamp = cmp.Or(e.Modified, e.Created, e.Start) // DTSTAMP must be there
	}
	w.line("DTSTAMP", stamp.UTC().Format(icalUTC))
	w.time("DTSTART", e.Start, e.Zone, e.AllDay)
	w.time("DTEND", e.End, end, e.AllDay)
	w.some("SUMMARY", escapeText(e.Subject))
	w.some("LOCATION", escapeText(e.Location))
	w.some("DESCRIPTION", escapeText(e.Body))
	if e.BodyHTML != "" {
		w.line("X-ALT-DESC", escapeText(e.BodyHTML), Param{"FMTTYPE", "text/html"})
	}
	w.some("URL", e.URL)
	w.status(e)
	w.categories(e.Categories)
	w.people(e)
	w.line("SEQUENCE", strconv.Itoa(e.Sequence))
	w.stamp("CREATED", e.Created)
	w.stamp("LAST-MODIFIED", e.Modified)
	for _, p := range e.Extra {
		w.b = appendLine(w.b, p)
	}
	if e.ReminderSet {
		w.line("BEGIN", "VALARM")
		w.line("ACTION", "DISPLAY")
		w.line("DESCRIPTION", "Reminder")
		w.line("TRIGGER", "-PT"+strconv.Itoa(max(e.ReminderMinutes, 0))+"M")
		w.line("END", "VALARM")
	}
}

// stamp writes when something was done, if that is known.
func (w *icalWriter) stamp(name string, t time.Time) {
	if !t.IsZero() {
		w.line(name, t.UTC().Format(icalUTC))
	}
}

// status writes what kind of time it is. [MS-OXCICAL]
func (w *icalWriter) status(e *Event) {
	transparent, status := "OPAQUE", "CONFIRMED"
	if e.Status == StatusFree {
		transparent = "TRANSPARENT"
	}
	switch {
	case e.Cancelled:
		status = "CANCELLED"
	case e.Status == StatusTentative:
		status = "TENTATIVE"
	}
	w.line("TRANSP", transparent)
	w.line("STATUS", status)
	if e.Status != StatusNoData {
		w.line("X-MICROSOFT-CDO-BUSYSTATUS", strings.ToUpper(e.Status.String()))
	}
	if e.AllDay {
		w.line("X-MICROSOFT-CDO-ALLDAYEVENT", "TRUE")
	}
	w.line("CLASS", [...]string{"PUBLIC", "X-PERSONAL", "PRIVATE", "CONFIDENTIAL"}[e.Sensitivity&3])
	w.line("PRIORITY", [...]string{"5", "9", "1", "5"}[e.Priority&3])
}

func (w *icalWriter) categories(names []string) {
	if len(names) == 0 {
		return
	}
	escaped := make([]string, len(names))
	for i, n := range names {
		escaped[i] = escapeText(n)
	}
	w.line("CATEGORIES", strings.Join(escaped, ","))
}

func (w *icalWriter) people(e *Event) {
	if e.Organizer.Address != "" {
		w.line("ORGANIZER", "mailto:"+e.Organizer.Address, names(e.Organizer)...)
	}
	for _, a := range e.Attendees {
		params := names(a)
		switch a.Role {
		case Resource:
			params = append(params, Param{"CUTYPE", "RESOURCE"}, Param{"ROLE", "NON-PARTICIPANT"})
		case Optional:
			params = append(params, Param{"ROLE", "OPT-PARTICIPANT"})
		default:
			params = append(params, Param{"ROLE", "REQ-PARTICIPANT"})
		}
		if s := partstat(a.Response); s != "" {
			params = append(params, Param{"PARTSTAT", s})
		}
		if a.RSVP {
			params = append(params, Param{"RSVP", "TRUE"})
		}
		w.line("ATTENDEE", "mailto:"+a.Address, params...)
	}
}

func names(a Attendee) []Param {
	if a.Name == "" {
		return nil
	}
	return []Param{{"CN", a.Name}}
}

func partstat(r Response) string {
	switch r {
	case Accepted, OrganizerResponse:
		return "ACCEPTED"
	case TentativelyAccepted:
		return "TENTATIVE"
	case Declined:
		return "DECLINED"
	case NoResponse:
		return "NEEDS-ACTION"
	}
	return ""
}

// time writes a time in a zone, or the day of an all-day event.
func (w *icalWriter) time(name string, t time.Time, z Zone, allDay bool) {
	local := t.In(z.Location())
	switch {
	case allDay:
		w.line(name, local.Format(icalDate), Param{"VALUE", "DATE"})
	case named(z):
		w.line(name, local.Format(icalLocal), Param{"TZID", z.ID})
	default:
		w.line(name, local.Format(icalUTC))
	}
}

// rule is the RRULE of the series with its end.
func (e *Event) rule() string {
	r := e.Recurrence
	b := r.appendRule(nil)
	switch r.Range {
	case Numbered:
		b = strconv.AppendInt(append(b, ";COUNT="...), int64(r.Count), 10)
	case EndDate:
		// UNTIL is an instant in UTC where DTSTART has a zone. The last
		// occurrence's own start leaves no doubt about its day.
		last, ok := r.Finish()
		if !ok {
			last = r.End
		}
		b = append(b, ";UNTIL="...)
		if e.AllDay {
			return string(time.Unix(int64(last)*daySeconds, 0).UTC().AppendFormat(b, icalDate))
		}
		return string(e.OriginalTime(last).Start.UTC().AppendFormat(b, icalUTC))
	}
	return string(b)
}
