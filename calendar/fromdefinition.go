package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limits of a definition somebody sends.
const (
	maxPeriods     = 200
	maxGroups      = 200
	maxTransitions = 500
	maxBias        = 24 * time.Hour
)

// lastShiftYear is how far changes are written out one by one where no rule of
// the TZif format says the same. They begin in 1970.
const lastShiftYear = 2100

// CustomZoneID names a zone that its sender gave no name.
const CustomZoneID = "tzone://Microsoft/Custom"

// Zone makes a zone of the definition. If its Id is one we know, that is what
// it means, whatever the client's own tables say: they are seldom newer.
// Otherwise the rules count, and the Zone keeps the definition.
func (d *TimeZoneDefinition) Zone() (Zone, error) {
	if z, err := LoadZone(d.ID); err == nil {
		return z, nil
	}
	if len(d.Periods) == 0 {
		return Zone{}, &UnknownZoneError{ID: d.ID}
	}
	loc, err := d.location()
	if err != nil {
		return Zone{}, err
	}
	id := d.ID
	if id == "" {
		id = CustomZoneID
	}
	return Zone{ID: id, Definition: d, loc: loc}, nil
}

// A stretch is the time a definition leaves to one group.
type stretch struct {
	from  int64 // local time before the change
	round []yearly
	fixed yearly // in force where round is empty
}

func (d *TimeZoneDefinition) location() (*time.Location, error) {
	stretches, err := d.stretches()
	if err != nil {
		return nil, err
	}
	first, last := stretches[0], stretches[len(stretches)-1]
	footer, ok := posix(last.fixed.offset, last.round)
	if len(stretches) == 1 && ok {
		return tzif(d.ID, last.offsetBefore(), nil, footer)
	}
	var shifts []shift
	offset := first.offsetBefore()
	for i, s := range stretches {
		from, until := int64(0), int64(1<<62)
		if i > 0 {
			from = s.from - int64(offset)
		}
		if i+1 < len(stretches) {
			until = stretches[i+1].from
		}
		explicit := i+1 < len(stretches) || !ok
		var added []shift
		if added, offset = s.shifts(from, until, explicit, offset); len(shifts)+len(added) > maxShifts {
			return nil, fmt.Errorf("calendar: time zone definition %.80q has too many transitions", d.ID)
		}
		shifts = append(shifts, added...)
	}
	return tzif(d.ID, first.offsetBefore(), trim(shifts), footer)
}

// trim drops shifts that a later stretch has overtaken.
func trim(shifts []shift) []shift {
	var kept []shift
	for _, s := range shifts {
		for len(kept) > 0 && kept[len(kept)-1].at >= s.at {
			kept = kept[:len(kept)-1]
		}
		kept = append(kept, s)
	}
	return kept
}

// offsetBefore is the offset before anything is known to happen: that of
// standard time.
func (s *stretch) offsetBefore() int {
	for _, y := range s.round {
		if !y.dst {
			return y.offset
		}
	}
	return s.fixed.offset
}

// shifts writes a stretch out: what holds at its beginning, an instant, and, if
// explicit, all changes of its years that come before until, a local time. It
// returns the offset at its end, too.
func (s *stretch) shifts(from, until int64, explicit bool, offset int) ([]shift, int) {
	if len(s.round) == 0 {
		return []shift{{from, s.fixed.offset, s.fixed.dst}}, s.fixed.offset
	}
	year := DateOf(time.Unix(from, 0).UTC()).year()
	end := min(DateOf(time.Unix(min(until, 1<<36), 0).UTC()).year(), lastShiftYear)
	if !explicit {
		end = year
	}
	// The year before says what holds at the beginning.
	now := s.round[len(s.round)-1]
	list := []shift{{from, now.offset, now.dst}}
	before := now.offset
	for y := year; y <= end; y++ {
		for _, c := range s.round {
			at := shift{c.in(y) - int64(before), c.offset, c.dst}
			before = c.offset
			if at.at <= from {
				list[0] = shift{from, c.offset, c.dst}
			} else if explicit && c.in(y) < until {
				list = append(list, at)
			}
		}
	}
	return list, list[len(list)-1].offset
}

func (d Date) year() int {
	y, _, _ := d.Civil()
	return y
}

// stretches resolves the references of a definition.
func (d *TimeZoneDefinition) stretches() ([]stretch, error) {
	if len(d.Periods) > maxPeriods || len(d.Groups) > maxGroups || len(d.Transitions) > maxTransitions {
		return nil, fmt.Errorf("calendar: time zone definition %.80q is too large", d.ID)
	}
	for _, p := range d.Periods {
		if p.Bias < -maxBias || p.Bias > maxBias {
			return nil, fmt.Errorf("calendar: bias %v of period %.80q is more than a day", p.Bias, p.ID)
		}
	}
	transitions := d.Transitions
	if len(transitions) == 0 { // .NET writes none for a zone of one rule
		switch {
		case len(d.Groups) == 1:
			transitions = []TimeZoneTransition{{ToGroup: true, To: d.Groups[0].ID}}
		case len(d.Groups) == 0 && len(d.Periods) == 1:
			transitions = []TimeZoneTransition{{To: d.Periods[0].ID}}
		default:
			return nil, fmt.Errorf("calendar: time zone definition %.80q has no transitions", d.ID)
		}
	}
	var list []stretch
	for i, t := range transitions {
		s, err := d.stretch(t, i == 0)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list[1:], func(a, b stretch) int { return int(min(max(a.from-b.from, -1), 1)) })
	return list, nil
}

func (d *TimeZoneDefinition) stretch(t TimeZoneTransition, first bool) (stretch, error) {
	s := stretch{}
	switch {
	case t.Kind == AbsoluteDateTransition:
		s.from = t.DateTime.Unix()
		if y := t.DateTime.Year(); y < 1601 || y > 4500 {
			return s, fmt.Errorf("calendar: time zone transition in the year %d", y)
		}
	case t.Kind != Transition || !first:
		return s, fmt.Errorf("calendar: a recurring time zone transition belongs into a group")
	}
	if !t.ToGroup {
		p, err := d.period(t.To)
		s.fixed = p
		return s, err
	}
	i := slices.IndexFunc(d.Groups, func(g TransitionsGroup) bool { return g.ID == t.To })
	if i < 0 {
		return s, fmt.Errorf("calendar: time zone definition %.80q lacks group %.80q", d.ID, t.To)
	}
	return s, d.group(&s, &d.Groups[i])
}

// group resolves the transitions of a group.
func (d *TimeZoneDefinition) group(s *stretch, g *TransitionsGroup) error {
	if len(g.Transitions) == 0 || len(g.Transitions) > 12 {
		return fmt.Errorf("calendar: time zone group %.80q has %d transitions", g.ID, len(g.Transitions))
	}
	for _, t := range g.Transitions {
		y, err := d.period(t.To)
		if err != nil {
			return err
		}
		s.fixed = y
		if t.Kind == Transition {
			continue
		}
		if err := y.recur(t); err != nil {
			return err
		}
		s.round = append(s.round, y)
	}
	slices.SortStableFunc(s.round, func(a, b yearly) int { return int(min(max(a.in(2023)-b.in(2023), -1), 1)) })
	if len(s.round) == 1 { // a change to itself
		s.fixed, s.round = s.round[0], nil
	}
	return nil
}

func (y *yearly) recur(t TimeZoneTransition) error {
	y.month, y.clock = t.Month, t.TimeOffset
	switch {
	case t.Month < time.January || t.Month > time.December:
		return fmt.Errorf("calendar: time zone transition in month %d", t.Month)
	case t.TimeOffset < -maxBias || t.TimeOffset > maxBias:
		return fmt.Errorf("calendar: time zone transition at %v", t.TimeOffset)
	case t.Kind == RecurringDateTransition:
		if y.day = t.Day; y.day < 1 || y.day > 31 {
			return fmt.Errorf("calendar: time zone transition on day %d", t.Day)
		}
	case t.Kind == RecurringDayTransition:
		y.weekday, y.occurrence = t.DayOfWeek, t.Occurrence
		if t.Occurrence == 5 {
			y.occurrence = -1
		}
		if y.occurrence < -1 || y.occurrence == 0 || y.occurrence > 4 || t.DayOfWeek < 0 || t.DayOfWeek > 6 {
			return fmt.Errorf("calendar: time zone transition on day %d of the week, occurrence %d", t.DayOfWeek, t.Occurrence)
		}
	default:
		return fmt.Errorf("calendar: a dated time zone transition inside of a group")
	}
	return nil
}

// period returns the offset of a period as a change without a date. Which of
// the periods is daylight saving time only its name says.
func (d *TimeZoneDefinition) period(id string) (yearly, error) {
	i := slices.IndexFunc(d.Periods, func(p TimeZonePeriod) bool { return p.ID == id })
	if i < 0 {
		return yearly{}, fmt.Errorf("calendar: time zone definition %.80q lacks period %.80q", d.ID, id)
	}
	p := d.Periods[i]
	return yearly{offset: int(-p.Bias / time.Second), dst: p.daylight()}, nil
}

func (p *TimeZonePeriod) daylight() bool {
	return strings.EqualFold(p.Name, "Daylight") || strings.Contains(strings.ToLower(p.ID), "daylight")
}

// Zone makes a zone of the rules, without a name of its own: [Recognize] finds
// one if it is needed.
func (s *SerializableTimeZone) Zone() (Zone, error) {
	d, err := s.Definition()
	if err != nil {
		return Zone{}, err
	}
	return d.Zone()
}

// Definition writes the one year's rules as a definition.
func (s *SerializableTimeZone) Definition() (*TimeZoneDefinition, error) {
	std := TimeZonePeriod{ID: "Standard", Name: "Standard", Bias: s.Bias + s.StandardTime.Bias}
	dlt := TimeZonePeriod{ID: "Daylight", Name: "Daylight", Bias: s.Bias + s.DaylightTime.Bias}
	d := &TimeZoneDefinition{Periods: []TimeZonePeriod{std}}
	// No month, or the same change both ways: a zone without summer.
	if s.StandardTime.Month == 0 || s.DaylightTime.Month == 0 || std.Bias == dlt.Bias {
		d.Transitions = []TimeZoneTransition{{To: std.ID}}
		return d, nil
	}
	toDlt, err := s.DaylightTime.transition(dlt.ID)
	if err != nil {
		return nil, err
	}
	toStd, err := s.StandardTime.transition(std.ID)
	if err != nil {
		return nil, err
	}
	d.Periods = append(d.Periods, dlt)
	d.Groups = []TransitionsGroup{{ID: "0", Transitions: []TimeZoneTransition{toDlt, toStd}}}
	d.Transitions = []TimeZoneTransition{{ToGroup: true, To: "0"}}
	return d, nil
}

func (t *SerializableTimeZoneTime) transition(to string) (TimeZoneTransition, error) {
	x := TimeZoneTransition{Kind: RecurringDayTransition, To: to, TimeOffset: t.Time, Month: t.Month, DayOfWeek: t.DayOfWeek, Occurrence: t.DayOrder}
	switch {
	case t.Year != 0:
		x.Kind, x.Day = RecurringDateTransition, t.DayOrder
	case t.DayOrder == 5:
		x.Occurrence = -1
	case t.DayOrder < 1 || t.DayOrder > 5:
		return x, fmt.Errorf("calendar: time zone transition on day %d of its month", t.DayOrder)
	}
	return x, nil
}
