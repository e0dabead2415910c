package calendar

import (
	"fmt"
	"slices"
	"time"
)

// The years whose rules are compared to recognize a zone: those in force for
// good, since no table says what will be decided later.
const (
	recognizeFrom = 2030
	recognizeTo   = 2034
)

// Recognize finds the Windows id of a zone whose rules are the same. Several
// zones may have the same; it is the first in their order. It reads the rules
// of up to all zones: see [Zones.Recognize].
func Recognize(loc *time.Location) (id string, ok bool) { return recognize(loc, LoadZone) }

// Recognize is the function of that name, with rules that are kept.
func (z *Zones) Recognize(loc *time.Location) (id string, ok bool) { return recognize(loc, z.Load) }

func recognize(loc *time.Location, load func(string) (Zone, error)) (string, bool) {
	for _, w := range windowsTable {
		z, err := load(w.id)
		if err == nil && sameRules(loc, z.Location(), recognizeFrom, recognizeTo) {
			return w.id, true
		}
	}
	return "", false
}

// sameRules reports whether two locations agree from the start of one year to
// the end of another.
func sameRules(a, b *time.Location, from, to int) bool {
	at := time.Date(from, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	end := time.Date(to+1, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	for at < end {
		if offsetAt(a, at) != offsetAt(b, at) {
			return false
		}
		nextA, nextB := nextShift(a, at, end), nextShift(b, at, end)
		if nextA != nextB {
			return false
		}
		at = nextA
	}
	return true
}

// nextShift is the next instant after at, and before end, at which the offset
// changes; end if there is none.
func nextShift(loc *time.Location, at, end int64) int64 {
	offset := offsetAt(loc, at)
	for at < end {
		_, next := time.Unix(at, 0).In(loc).ZoneBounds()
		if next.IsZero() {
			return end
		}
		// On the last day of a leap year the library gives an end that has
		// passed: it takes every year of a rule to have 365 days.
		at = max(next.Unix(), at+3600)
		if offsetAt(loc, at) != offset { // names change without offsets, too
			return min(at, end)
		}
	}
	return end
}

// DefinitionOf spells a zone out for the years from and to; the rules of the
// last hold on for ever. Years with the same rules share a group.
//
// What a year's changes are called is decided by the offset, not by what the
// tables call daylight saving time: Ireland's standard time is its summer's,
// and no client expects that.
func DefinitionOf(z Zone, from, to int) *TimeZoneDefinition {
	if z.Definition != nil {
		return z.Definition
	}
	id := z.Windows()
	if id == "" {
		id = z.ID
	}
	w := definitionWriter{TimeZoneDefinition: TimeZoneDefinition{ID: id, Name: ZoneDisplay(id)}}
	loc := z.Location()
	for run := range runs(loc, from, to) {
		w.add(loc, run)
	}
	return &w.TimeZoneDefinition
}

// A run is a number of years with the same changes of the clock.
type run struct {
	from, to int
	offset   int      // at its beginning
	round    []yearly // empty: the offset does not change
	odd      []shift  // of a single year whose changes are no round
}

// runs groups the years.
func runs(loc *time.Location, from, to int) func(yield func(run) bool) {
	return func(yield func(run) bool) {
		cur := yearRun(loc, from)
		for y := from + 1; y <= to; y++ {
			next := yearRun(loc, y)
			if cur.join(next) {
				continue
			}
			if !yield(cur.settled()) {
				return
			}
			cur = next
		}
		yield(cur.settled())
	}
}

// yearRun reads the changes of one year. Of a change's day both the number
// among its weekday and "the last" are kept until the run decides.
func yearRun(loc *time.Location, year int) run {
	begin := time.Date(year, time.January, 1, 0, 0, 0, 0, loc).Unix()
	end := time.Date(year+1, time.January, 1, 0, 0, 0, 0, loc).Unix()
	r := run{from: year, to: year, offset: int(offsetAt(loc, begin))}
	before := r.offset
	for at := nextShift(loc, begin, end); at < end; at = nextShift(loc, at, end) {
		offset := int(offsetAt(loc, at))
		local := at + int64(before)
		d := Date(floorDiv(local, daySeconds))
		_, month, day := d.Civil()
		r.round = append(r.round, yearly{
			month: month, day: day, weekday: d.Weekday(), occurrence: (day + 6) / 7,
			clock: time.Duration(local-int64(d)*daySeconds) * time.Second, offset: offset, dst: offset > before,
		})
		r.odd = append(r.odd, shift{at: at, offset: offset, dst: offset > before})
		before = offset
	}
	if len(r.round) == 2 && before == r.offset && r.round[1].month >= r.round[0].month {
		r.odd = nil // a round, and none that ends at midnight of New Year
	} else if len(r.round) > 0 {
		r.round = nil
	}
	return r
}

// last reports whether the day is one of the last seven of its month.
func (y yearly) last() bool {
	return y.occurrence == -1 || y.day+7 > monthLen(12*2001+int(y.month)-1)
}

// join takes the next year into the run if one rule can say both.
func (r *run) join(next run) bool {
	if len(r.odd) > 0 || len(next.odd) > 0 || len(r.round) != len(next.round) || r.offset != next.offset {
		return false
	}
	merged := slices.Clone(r.round)
	for i, a := range merged {
		b := next.round[i]
		if a.month != b.month || a.weekday != b.weekday || a.clock != b.clock || a.offset != b.offset || a.dst != b.dst {
			return false
		}
		switch {
		case a.occurrence == b.occurrence: // with a.day kept, to tell whether it was the last
			if !b.last() {
				merged[i].day = min(a.day, b.day)
			}
		case a.last() && b.last():
			merged[i].occurrence = -1
		default:
			return false
		}
	}
	r.round, r.to = merged, next.to
	return true
}

// settled decides what was left open: the fifth of its weekday is the last.
func (r run) settled() run {
	for i := range r.round {
		if y := &r.round[i]; y.occurrence == 5 || y.occurrence == 4 && y.last() {
			y.occurrence = -1
		}
	}
	return r
}

// A definitionWriter puts a definition together.
type definitionWriter struct{ TimeZoneDefinition }

func (w *definitionWriter) add(loc *time.Location, r run) {
	var g TransitionsGroup
	if len(r.round) > 0 {
		for _, y := range r.round {
			g.Transitions = append(g.Transitions, TimeZoneTransition{
				Kind: RecurringDayTransition, To: w.period(y.offset, y.dst), TimeOffset: y.clock,
				Month: y.month, DayOfWeek: y.weekday, Occurrence: y.occurrence,
			})
		}
	} else {
		g.Transitions = []TimeZoneTransition{{To: w.period(r.offset, w.summer(loc, r))}}
	}
	year := time.Date(r.from, time.January, 1, 0, 0, 0, 0, loc).Unix()
	w.begin(g, time.Unix(year+offsetAt(loc, year-1), 0).UTC())
	before := r.offset
	for _, s := range r.odd {
		g := TransitionsGroup{Transitions: []TimeZoneTransition{{To: w.period(s.offset, s.dst)}}}
		w.begin(g, time.Unix(s.at+int64(before), 0).UTC())
		before = s.offset
	}
}

// summer reports whether a stretch without changes is daylight saving time.
func (w *definitionWriter) summer(loc *time.Location, r run) bool {
	return len(r.odd) > 0 && !r.odd[0].dst && time.Date(r.from, time.January, 1, 12, 0, 0, 0, loc).IsDST()
}

// begin lets a group be in force from a local time on.
func (w *definitionWriter) begin(g TransitionsGroup, local time.Time) {
	t := TimeZoneTransition{ToGroup: true}
	if len(w.Transitions) > 0 {
		t.Kind, t.DateTime = AbsoluteDateTransition, local
	}
	i := slices.IndexFunc(w.Groups, func(o TransitionsGroup) bool { return slices.Equal(o.Transitions, g.Transitions) })
	if i < 0 {
		i = len(w.Groups)
		g.ID = fmt.Sprint(i)
		w.Groups = append(w.Groups, g)
	}
	t.To = w.Groups[i].ID
	if n := len(w.Transitions); n > 0 && w.Transitions[n-1].To == t.To {
		return
	}
	w.Transitions = append(w.Transitions, t)
}

// period returns the id of the period with that offset, in the form Exchange
// gives its own.
func (w *definitionWriter) period(offset int, dst bool) string {
	name := "Standard"
	if dst {
		name = "Daylight"
	}
	bias := -time.Duration(offset) * time.Second
	for _, p := range w.Periods {
		if p.Name == name && p.Bias == bias {
			return p.ID
		}
	}
	id := fmt.Sprintf("trule:Microsoft/Registry/%s/%d-%s", w.ID, len(w.Periods)+1, name)
	w.Periods = append(w.Periods, TimeZonePeriod{ID: id, Name: name, Bias: bias})
	return id
}

// SerializableOf writes the rules that a zone has in one year, for
// GetUserAvailability and working hours. A year whose changes are no yearly
// round is shown with the offset of its beginning.
func SerializableOf(z Zone, year int) SerializableTimeZone {
	r := yearRun(z.Location(), year).settled()
	if len(r.round) == 0 {
		return SerializableTimeZone{Bias: -time.Duration(r.offset) * time.Second}
	}
	dlt, std := r.round[0], r.round[1]
	if std.dst {
		dlt, std = std, dlt
	}
	s := SerializableTimeZone{Bias: -time.Duration(std.offset) * time.Second}
	s.StandardTime, s.DaylightTime = std.serializable(), dlt.serializable()
	s.DaylightTime.Bias = -time.Duration(dlt.offset-std.offset) * time.Second
	return s
}

func (y yearly) serializable() SerializableTimeZoneTime {
	t := SerializableTimeZoneTime{Time: y.clock, DayOrder: y.occurrence, Month: y.month, DayOfWeek: y.weekday}
	if t.DayOrder == -1 {
		t.DayOrder = 5
	}
	return t
}
