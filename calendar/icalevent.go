package calendar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// draft reads a VEVENT. RFC 5545 3.6.1
func (im *importer) draft(c *component) (*draft, error) {
	d := &draft{}
	e := &d.event
	e.UID, e.Method = c.value("UID"), im.cal.Method
	if err := im.times(d, c); err != nil {
		return nil, err
	}
	e.Status = StatusBusy
	if strings.EqualFold(c.value("TRANSP"), "TRANSPARENT") {
		e.Status = StatusFree
	}
	for i := range c.props {
		if err := im.property(d, &c.props[i]); err != nil {
			return nil, err
		}
	}
	if busy := c.value("X-MICROSOFT-CDO-BUSYSTATUS"); busy != "" {
		e.Status = parseCDOStatus(busy, e.Status) // outweighs TRANSP and STATUS
	}
	for _, k := range c.children {
		if k.name == "VALARM" {
			e.alarm(k)
		}
	}
	return d, e.Check()
}

// property takes over one property; what it does not know it keeps.
func (im *importer) property(d *draft, p *Property) error {
	e := &d.event
	value := strings.TrimSpace(p.Value)
	switch p.Name {
	case "UID", "DTSTART", "DTEND", "DURATION", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS", "X-MICROSOFT-CDO-ALLDAYEVENT":
		// read before
	case "SUMMARY":
		e.Subject = p.Text()
	case "LOCATION":
		e.Location = p.Text()
	case "DESCRIPTION":
		e.Body = p.Text()
	case "X-ALT-DESC":
		e.BodyHTML = p.Text()
	case "URL":
		e.URL = value
	case "CATEGORIES":
		e.Categories = append(e.Categories, splitText(p.Value)...)
	case "STATUS":
		e.Cancelled = strings.EqualFold(value, "CANCELLED")
		if strings.EqualFold(value, "TENTATIVE") && e.Status == StatusBusy {
			e.Status = StatusTentative
		}
	case "CLASS":
		e.Sensitivity = parseClass(value)
	case "PRIORITY":
		n, _ := strconv.Atoi(value)
		e.Priority = priorityOf(n)
	case "SEQUENCE":
		e.Sequence, _ = strconv.Atoi(value)
	case "DTSTAMP":
		e.Stamp = stampOf(value)
	case "CREATED":
		e.Created = stampOf(value)
	case "LAST-MODIFIED":
		e.Modified = stampOf(value)
	default:
		return im.relation(d, p)
	}
	return nil
}

// relation takes over who is concerned, and how the event comes back.
func (im *importer) relation(d *draft, p *Property) (err error) {
	e := &d.event
	switch p.Name {
	case "ORGANIZER":
		e.Organizer = attendeeOf(p)
	case "ATTENDEE":
		if len(e.Attendees) < maxAttendees {
			e.Attendees = append(e.Attendees, attendeeOf(p))
		}
	case "RECURRENCE-ID":
		var w wallTime
		if w, err = im.wall(p, p.Value); err == nil {
			d.instance = &w
		}
	case "RRULE":
		err = d.recur(p.Value)
	case "RDATE":
		err = im.dates(&d.extra, p)
	case "EXDATE":
		err = im.dates(&d.deleted, p)
	default:
		e.Extra = append(e.Extra, *p)
	}
	return err
}

const maxAttendees = 5000

// recur reads an RRULE; a second one RFC 5545 allows and Exchange does not.
func (d *draft) recur(value string) error {
	if d.rule != nil {
		return fmt.Errorf("calendar: more than one recurrence rule")
	}
	r, err := parseRule(value)
	d.rule = &r
	return err
}

// times reads when the event takes place.
func (im *importer) times(d *draft, c *component) error {
	e := &d.event
	p := c.get("DTSTART")
	if p == nil {
		return fmt.Errorf("calendar: no DTSTART")
	}
	start, err := parseWall(p.Value)
	if err != nil {
		return err
	}
	if e.Zone, err = im.zone(p, start); err != nil {
		return err
	}
	d.start = start
	e.Start = start.in(e.Zone)
	e.AllDay = start.dateOnly
	if err := im.end(d, c); err != nil {
		return err
	}
	// Outlook writes some all-day events from midnight to midnight.
	if strings.EqualFold(c.value("X-MICROSOFT-CDO-ALLDAYEVENT"), "TRUE") {
		_, clock := e.Zone.Wall(e.Start)
		_, endClock := e.EndZone.Wall(e.End)
		e.AllDay = e.AllDay || clock == 0 && endClock == 0 && e.End.After(e.Start)
	}
	return nil
}

// end reads DTEND or DURATION, or does without. RFC 5545 3.6.1
func (im *importer) end(d *draft, c *component) error {
	e := &d.event
	e.EndZone = e.Zone
	if p := c.get("DTEND"); p != nil {
		end, err := parseWall(p.Value)
		if err != nil {
			return err
		}
		if e.EndZone, err = im.zone(p, end); err != nil {
			return err
		}
		e.End = end.in(e.EndZone)
		if e.AllDay && end.date == d.start.date { // some exporters name the last day
			e.End = e.Zone.Midnight(d.start.date + 1)
		}
		return nil
	}
	days, rest := 0, time.Duration(0)
	if v := c.value("DURATION"); v != "" {
		var err error
		if days, rest, err = parseDuration(v); err != nil {
			return err
		}
	} else if e.AllDay {
		days = 1
	}
	date, clock := e.Zone.Wall(e.Start)
	e.End = e.Start
	if days != 0 {
		e.End = e.Zone.At(clampDate(int64(date)+int64(days)), clock)
	}
	e.End = e.End.Add(rest)
	return nil
}

// zone is the zone of a time: its TZID, UTC, or the owner's.
func (im *importer) zone(p *Property, w wallTime) (Zone, error) {
	id := p.Param("TZID")
	switch {
	case w.utc:
		return UTC(), nil
	case id == "" || w.dateOnly:
		return im.Zone, nil
	}
	if z, ok := im.tzKnown[id]; ok {
		return z, nil
	}
	// An object may name as many zones as it likes, but each costs.
	if im.tried++; im.tried > maxImportZones {
		return Zone{}, &UnknownZoneError{ID: id}
	}
	z, err := zoneFromTZID(id, im.tz[id], im.Zones)
	if err == nil {
		im.tzKnown[id] = z
	}
	return z, err
}

// wall reads a time that will be compared in the zone of a series, to which a
// TZID of its own is brought by way of UTC.
func (im *importer) wall(p *Property, value string) (wallTime, error) {
	w, err := parseWall(value)
	if err != nil || w.utc || w.dateOnly || p.Param("TZID") == "" {
		return w, err
	}
	z, err := im.zone(p, w)
	if err != nil {
		return w, err
	}
	d, clock := UTC().Wall(w.in(z))
	return wallTime{date: d, clock: clock, utc: true}, nil
}

// dates reads a list of dates or times; of PERIOD values the start.
func (im *importer) dates(list *[]wallTime, p *Property) error {
	for v := range strings.SplitSeq(p.Value, ",") {
		v, _, _ = strings.Cut(v, "/")
		if strings.TrimSpace(v) == "" {
			continue
		}
		w, err := im.wall(p, v)
		if err != nil {
			return err
		}
		if len(*list) >= maxImportDates {
			return fmt.Errorf("calendar: more than %d dates", maxImportDates)
		}
		*list = append(*list, w)
	}
	return nil
}

const maxImportDates = 5000

// alarm takes over a VALARM: the first one that would be seen or heard, as an
// appointment has but one reminder. RFC 5545 3.6.6
func (e *Event) alarm(c *component) {
	trigger := c.get("TRIGGER")
	if trigger == nil || e.ReminderSet || strings.EqualFold(c.value("ACTION"), "NONE") || strings.EqualFold(c.value("ACTION"), "EMAIL") {
		return
	}
	if w, err := parseWall(trigger.Value); err == nil { // an instant
		e.ReminderSet, e.ReminderMinutes = true, max(int(e.Start.Sub(w.in(e.Zone))/time.Minute), 0)
		return
	}
	days, rest, err := parseDuration(trigger.Value)
	if err != nil {
		return
	}
	before := -time.Duration(days)*24*time.Hour - rest
	if strings.EqualFold(trigger.Param("RELATED"), "END") {
		before -= e.End.Sub(e.Start)
	}
	e.ReminderSet, e.ReminderMinutes = true, max(int(before/time.Minute), 0)
}

func parseCDOStatus(s string, otherwise BusyStatus) BusyStatus {
	switch strings.ToUpper(s) {
	case "FREE":
		return StatusFree
	case "TENTATIVE":
		return StatusTentative
	case "BUSY":
		return StatusBusy
	case "OOF":
		return StatusOOF
	case "WORKINGELSEWHERE":
		return StatusWorkingElsewhere
	}
	return otherwise
}

// parseClass reads CLASS. [MS-OXCICAL] CLASS
func parseClass(s string) Sensitivity {
	switch strings.ToUpper(s) {
	case "PRIVATE":
		return Private
	case "CONFIDENTIAL":
		return Confidential
	case "X-PERSONAL", "PERSONAL":
		return Personal
	}
	return Normal
}

// priorityOf reads PRIORITY: 1 to 4 is high, 6 to 9 low. RFC 5545 3.8.1.9
func priorityOf(n int) Priority {
	switch {
	case n >= 1 && n <= 4:
		return HighPriority
	case n >= 6 && n <= 9:
		return LowPriority
	}
	return NormalPriority
}

// stampOf reads a time that always is UTC, whatever it says; zero if it is
// none.
func stampOf(s string) time.Time {
	w, err := parseWall(s)
	if err != nil {
		return time.Time{}
	}
	return w.in(UTC())
}

// attendeeOf reads ORGANIZER and ATTENDEE. RFC 5545 3.8.4.1
func attendeeOf(p *Property) Attendee {
	a := Attendee{Name: p.Param("CN"), RSVP: strings.EqualFold(p.Param("RSVP"), "TRUE")}
	a.Address = strings.TrimSpace(p.Value)
	if len(a.Address) >= 7 && strings.EqualFold(a.Address[:7], "mailto:") {
		a.Address = a.Address[7:]
	} else if mail := p.Param("EMAIL"); mail != "" {
		a.Address = mail // Apple's, beside a path on its own server
	}
	switch strings.ToUpper(p.Param("ROLE")) {
	case "OPT-PARTICIPANT", "NON-PARTICIPANT":
		a.Role = Optional
	}
	switch strings.ToUpper(p.Param("CUTYPE")) {
	case "RESOURCE", "ROOM":
		a.Role = Resource
	}
	switch strings.ToUpper(p.Param("PARTSTAT")) {
	case "ACCEPTED":
		a.Response = Accepted
	case "DECLINED":
		a.Response = Declined
	case "TENTATIVE":
		a.Response = TentativelyAccepted
	case "NEEDS-ACTION":
		a.Response = NoResponse
	}
	return a
}

const allFields Fields = 1<<14 - 1

// sameFields are those in which two events do not differ.
func sameFields(a, b *Event) (same Fields) {
	for f, eq := range map[Fields]bool{
		SubjectField: a.Subject == b.Subject, LocationField: a.Location == b.Location, AllDayField: a.AllDay == b.AllDay,
		StatusField: a.Status == b.Status, CancelledField: a.Cancelled == b.Cancelled, SensitivityField: a.Sensitivity == b.Sensitivity,
		PriorityField: a.Priority == b.Priority, CategoriesField: slices.Equal(a.Categories, b.Categories),
		BodyField: a.Body == b.Body && a.BodyHTML == b.BodyHTML, URLField: a.URL == b.URL,
		ReminderField:  a.ReminderSet == b.ReminderSet && a.ReminderMinutes == b.ReminderMinutes,
		AttendeesField: a.Organizer == b.Organizer && slices.Equal(a.Attendees, b.Attendees),
		ResponseField:  a.Response == b.Response,
		ExtraField:     slices.EqualFunc(a.Extra, b.Extra, sameProperty),
	} {
		if eq {
			same |= f
		}
	}
	return same
}

func sameProperty(a, b Property) bool {
	return a.Name == b.Name && a.Value == b.Value && slices.Equal(a.Params, b.Params)
}
