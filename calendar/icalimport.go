package calendar

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An ICalendar is an iCalendar object: what a file or a message part holds.
type ICalendar struct {
	Method string // REQUEST, REPLY, CANCEL, PUBLISH, … or empty
	Name   string // X-WR-CALNAME
	Events []Event

	// Problems are what could not be taken over, each with the UID it
	// concerns. They are of no consequence for the Events there are.
	Problems []error
}

// ImportOptions say what an iCalendar object leaves open.
type ImportOptions struct {
	// Zone is the owner's: of all-day events, and of times without a zone.
	Zone  Zone
	Zones *Zones // may be nil
}

// Limits of what is made of rules that have no Exchange pattern.
const (
	MaxApproximated = 1000 // occurrences of one series
	maxImportWork   = 20_000_000
	maxImported     = 50_000 // events
	maxImportZones  = 200    // that have to be made of rules, or fail
)

// ParseICalendar reads an iCalendar object. RFC 5545, [MS-OXCICAL]
//
// A series whose rule an Exchange pattern expresses stays a series. One whose
// rule none expresses (the first and third Monday) becomes single events, up to
// MaxApproximated of them or fifty years, marked Approximated and with a UID
// of their own: that of the series, "/" and the day. The same becomes of an
// RDATE, and of a first occurrence that its own rule would not have. Rules
// that come back more often than daily are refused, M1: the event is left out
// and named in Problems, as is every event that makes no sense.
func ParseICalendar(data []byte, o ImportOptions) (*ICalendar, error) {
	top, err := parseComponents(data)
	if err != nil {
		return nil, err
	}
	if o.Zones == nil {
		o.Zones = &Zones{}
	}
	im := importer{ImportOptions: o, cal: &ICalendar{}, work: maxImportWork}
	found := false
	for _, c := range top {
		if c.name == "VCALENDAR" {
			found = true
			im.calendar(c)
		}
	}
	if !found {
		return nil, errNotICalendar
	}
	return im.cal, nil
}

// An importer turns components into events.
type importer struct {
	ImportOptions
	cal     *ICalendar
	tz      map[string]*component
	tzKnown map[string]Zone
	masters map[string]int // UID of a series → its event
	singles map[string]int // UID of a single occurrence → its event
	work    int
	tried   int // zones
}

func (im *importer) calendar(c *component) {
	im.tz, im.tzKnown = map[string]*component{}, map[string]Zone{}
	if m := c.value("METHOD"); m != "" {
		im.cal.Method = strings.ToUpper(m)
	}
	if p := c.get("X-WR-CALNAME"); p != nil {
		im.cal.Name = p.Text()
	}
	// The calendar's own zone stands in for one of times without.
	if z, err := im.Zones.Load(c.value("X-WR-TIMEZONE")); err == nil {
		im.Zone = z
	}
	for _, k := range c.children {
		if k.name == "VTIMEZONE" {
			im.tz[k.value("TZID")] = k
		}
	}
	im.masters, im.singles = map[string]int{}, map[string]int{}
	var overrides []*draft
	for _, k := range c.children {
		if k.name != "VEVENT" {
			continue
		}
		d, err := im.draft(k)
		switch {
		case err != nil:
			im.problem(k.value("UID"), err)
		case d.instance != nil:
			overrides = append(overrides, d)
		case len(im.cal.Events) < maxImported:
			im.master(d)
		}
	}
	for _, d := range overrides {
		im.override(d)
	}
}

func (im *importer) problem(uid string, err error) {
	if len(im.cal.Problems) < 1000 {
		im.cal.Problems = append(im.cal.Problems, fmt.Errorf("event %.100q: %w", uid, err))
	}
}

// A draft is a VEVENT read, but not yet put where it belongs.
type draft struct {
	event    Event
	start    wallTime // as it shows in event.Zone
	instance *wallTime
	rule     *rule
	extra    []wallTime // RDATE
	deleted  []wallTime // EXDATE
	gone     map[Date]bool
}

// master puts an event without RECURRENCE-ID into the calendar.
func (im *importer) master(d *draft) {
	e := &d.event
	uid := e.UID
	d.gone = make(map[Date]bool, len(d.deleted))
	for _, w := range d.deleted {
		d.gone[dateIn(w, e.Zone)] = true
	}
	if d.rule == nil {
		im.cal.Events = append(im.cal.Events, *e)
	} else if err := im.series(d); err != nil {
		im.problem(uid, err)
		return
	}
	for _, w := range d.extra {
		date := dateIn(w, e.Zone)
		if date != d.start.date || d.rule != nil {
			im.single(d, date)
		}
	}
}

// series puts a recurring event into the calendar, as a series if it can.
func (im *importer) series(d *draft) error {
	if d.rule.byTime {
		return fmt.Errorf("calendar: recurrence more often than daily")
	}
	e := d.event
	rec, ok := d.rule.recurrence(d.start.date)
	until, err := d.until()
	if err != nil {
		return err
	}
	if !ok {
		return im.approximate(d, until)
	}
	if err := d.limit(&rec, until); err != nil {
		return err
	}
	begin, ok := rec.Begin()
	if !ok || begin != d.start.date {
		// The rule does not have the first occurrence, RFC 5545 3.8.5.3
		// does, and lets it count.
		im.single(d, d.start.date)
		if rec.Range == Numbered {
			rec.Count--
		}
		if !ok || rec.Range == Numbered && rec.Count == 0 {
			return nil
		}
		at := shiftTo(&e, begin)
		e.Start, e.End = at.Start, at.End
	}
	e.Recurrence = &rec
	im.masters[e.UID] = len(im.cal.Events)
	for _, date := range slices.Sorted(maps.Keys(d.gone)) {
		if rec.Has(date) {
			e.Deleted = append(e.Deleted, date)
		}
	}
	im.cal.Events = append(im.cal.Events, e)
	return nil
}

// limit gives the recurrence the end its rule has.
func (d *draft) limit(rec *Recurrence, until Date) error {
	switch {
	case d.rule.count > 0:
		rec.Range, rec.Count = Numbered, d.rule.count
	case d.rule.until != "":
		rec.Range, rec.End = EndDate, max(until, rec.Start)
	}
	return rec.Check()
}

// approximate puts the occurrences of a rule without a pattern one by one into
// the calendar.
func (im *importer) approximate(d *draft, until Date) error {
	x := expansion{rule: d.rule, start: d.start.date, until: until, limit: MaxApproximated, work: &im.work}
	dates, complete := x.dates()
	if len(dates) == 0 || dates[0] != d.start.date {
		im.single(d, d.start.date)
	}
	for _, date := range dates {
		im.single(d, date)
	}
	if !complete {
		im.problem(d.event.UID, fmt.Errorf("calendar: no pattern for the recurrence; its first %d occurrences were taken over", len(dates)))
	}
	return nil
}

// single puts one occurrence into the calendar as an event of its own, unless
// it is deleted.
func (im *importer) single(d *draft, date Date) {
	if d.gone[date] || len(im.cal.Events) >= maxImported {
		return
	}
	e := d.event
	at := shiftTo(&e, date)
	e.Start, e.End = at.Start, at.End
	e.Approximated = true
	e.UID = singleUID(e.UID, date)
	im.singles[e.UID] = len(im.cal.Events)
	im.cal.Events = append(im.cal.Events, e)
}

func singleUID(uid string, date Date) string { return uid + "/" + date.String() }

// shiftTo is the event's time moved to another day.
func shiftTo(e *Event, date Date) Interval { return e.OriginalTime(date) }

// override puts a VEVENT with RECURRENCE-ID in the place of its occurrence:
// into the series if it came with it, else by itself.
func (im *importer) override(d *draft) {
	i, ok := im.masters[d.event.UID]
	if !ok {
		im.lone(d)
		return
	}
	m := &im.cal.Events[i]
	date := dateIn(*d.instance, m.Zone)
	if !m.Recurrence.Has(date) || len(m.Exceptions) >= maxExceptions {
		im.lone(d)
		return
	}
	if d.event.Cancelled && im.cal.Method != "CANCEL" {
		m.Delete(date) // Google and Apple say so instead of EXDATE
		return
	}
	m.SetException(exceptionOf(date, &d.event, m))
}

// maxExceptions is how many exceptions a series may have.
const maxExceptions = 1000

// lone puts a changed occurrence into the calendar that has no series: in the
// place of the single event that stands for it, or by itself.
func (im *importer) lone(d *draft) {
	e := d.event
	uid := singleUID(e.UID, dateIn(*d.instance, e.Zone))
	if i, ok := im.singles[uid]; ok {
		e.UID, e.Approximated = uid, true
		im.cal.Events[i] = e
		return
	}
	if len(im.cal.Events) >= maxImported {
		return
	}
	e.Instance = d.instance.in(e.Zone)
	im.cal.Events = append(im.cal.Events, e)
}

// until is the last day on which an occurrence may start.
func (d *draft) until() (Date, error) {
	if d.rule.until == "" {
		return maxDate, nil
	}
	w, err := parseWall(d.rule.until)
	if err != nil {
		return 0, err
	}
	if w.dateOnly {
		return w.date, nil
	}
	date, clock := w.date, w.clock
	if w.utc {
		date, clock = d.event.Zone.Wall(w.in(UTC()))
	}
	if clock < d.start.clock && !d.event.AllDay {
		date--
	}
	return date, nil
}

// dateIn is the day on which a time lies in the zone.
func dateIn(w wallTime, z Zone) Date {
	if !w.utc {
		return w.date
	}
	d, _ := z.Wall(w.in(UTC()))
	return d
}

// exceptionOf writes down in what an occurrence differs from its series.
func exceptionOf(date Date, e, m *Event) Exception {
	x := Exception{
		Original: date, Start: e.Start, End: e.End,
		Subject: e.Subject, Location: e.Location, AllDay: e.AllDay, Status: e.Status, Cancelled: e.Cancelled,
		Sensitivity: e.Sensitivity, Priority: e.Priority, Categories: e.Categories, Body: e.Body, BodyHTML: e.BodyHTML,
		URL: e.URL, ReminderSet: e.ReminderSet, ReminderMinutes: e.ReminderMinutes, Organizer: e.Organizer,
		Attendees: e.Attendees, Response: e.Response, Sequence: e.Sequence, Stamp: e.Stamp, Extra: e.Extra,
	}
	x.Changed = allFields &^ sameFields(e, m)
	return x
}
