package calendar

import (
	"math"
	"math/bits"
	"time"
)

// steps is a recurrence made ready for arithmetic. Every pattern is a ladder
// of rungs n = 0, 1, 2 … of which date gives the day and from the rung for a
// day, both without walking:
//
//	daily    day  start + n*every
//	weekly   the n%len-th day of week n/len*every
//	monthly  the one day of month month0 + n*every; a year is twelve months
//
// Rungs before first lie before the start of the series, and those after last
// after its end.
type steps struct {
	kind  stepKind
	skip  bool // AbsoluteMonthly and AbsoluteYearly of SkipShort
	every int64
	first int64
	last  int64

	start  Date     // daily: rung 0; weekly: first day of the week of rung 0
	days   uint8    // weekly: bit 0 is the first day of the week
	month0 int      // monthly: month of rung 0
	day    int      // monthly, absolute: day of the month
	on     Weekdays // monthly, relative
	index  DayOfWeekIndex
}

type stepKind uint8

const (
	byNothing stepKind = iota
	byDay
	byWeek
	byAbsoluteMonth
	byRelativeMonth
)

func (r *Recurrence) steps() steps {
	s := steps{every: int64(max(r.Interval, 1)), start: r.Start, last: -1}
	month, _ := r.Start.month()
	switch r.Pattern {
	case Daily:
		s.kind = byDay
	case Weekly:
		s.week(r)
	case AbsoluteMonthly, AbsoluteYearly:
		s.kind, s.day, s.skip = byAbsoluteMonth, r.DayOfMonth, r.SkipShort && r.DayOfMonth > 28
	case RelativeMonthly, RelativeYearly:
		s.kind, s.on, s.index = byRelativeMonth, r.Days, r.DayOfWeekIndex
	}
	s.month0 = month
	if r.Pattern == AbsoluteYearly || r.Pattern == RelativeYearly {
		s.month0 = month - floorMod(month, 12) + int(r.Month) - 1
		s.every *= 12
	}
	if s.kind != byNothing {
		s.first = s.from(r.Start)
		s.last = s.end(r)
	}
	return s
}

func (s *steps) week(r *Recurrence) {
	if r.Days&EveryDay == 0 {
		return // nothing to divide by; Check refuses it
	}
	first := uint(r.FirstDayOfWeek) % 7
	w := uint8(r.Days & EveryDay)
	s.kind = byWeek
	s.days = (w>>first | w<<(7-first)) & 0x7f
	s.start -= Date(floorMod(int(r.Start.Weekday())-int(first), 7))
}

// end is the last rung of the series.
func (s *steps) end(r *Recurrence) int64 {
	last := s.from(maxDate+1) - 1
	switch {
	case r.Range == EndDate:
		last = min(last, s.from(min(r.End, maxDate)+1)-1)
	case r.Range == Numbered && !s.skip:
		last = min(last, s.first+min(int64(r.Count), math.MaxInt32)-1)
	case r.Range == Numbered:
		last = s.nth(last, r.Count)
	}
	return last
}

// nth finds the rung of the count-th occurrence where rungs are missing. It
// walks, over at most the months from 1601 to 4500.
func (s *steps) nth(last int64, count int) int64 {
	for n := s.first; n <= last; n++ {
		if _, ok := s.date(n); ok {
			if count--; count <= 0 {
				return n
			}
		}
	}
	return last
}

// count is the number of occurrences on the rungs from a up to but not b.
func (s *steps) count(a, b int64) int64 {
	if !s.skip {
		return max(b-a, 0)
	}
	var c int64
	for ; a < b; a++ {
		if _, ok := s.date(a); ok {
			c++
		}
	}
	return c
}

// from is the lowest rung of the series on or after the day.
func (s *steps) from(d Date) int64 {
	var n int64
	switch s.kind {
	case byDay:
		n = ceilDiv(int64(d-s.start), s.every)
	case byWeek:
		n = s.fromWeek(d)
	case byAbsoluteMonth, byRelativeMonth:
		m, _ := d.month()
		n = max(ceilDiv(int64(m-s.month0), s.every), 0)
		if day, _ := s.date(n); day < d {
			n++
		}
	case byNothing:
		n = math.MaxInt64
	}
	return max(n, s.first)
}

func (s *steps) fromWeek(d Date) int64 {
	length := int64(bits.OnesCount8(s.days))
	into := max(int64(d-s.start), 0)
	week, day := into/7, uint(into%7)
	n := ceilDiv(week, s.every) * length
	if week%s.every == 0 {
		n += int64(bits.OnesCount8(s.days & (1<<day - 1)))
	}
	return n
}

// date is the day of a rung; false means that the month has no such day.
func (s *steps) date(n int64) (Date, bool) {
	switch s.kind {
	case byDay:
		return s.start + Date(n*s.every), true
	case byWeek:
		length := int64(bits.OnesCount8(s.days))
		return s.start + Date(n/length*s.every*7) + Date(nthBit(s.days, int(n%length))), true
	case byAbsoluteMonth:
		month := s.month0 + int(n*s.every)
		length := monthLen(month)
		return monthStart(month) + Date(min(s.day, length)-1), !s.skip || s.day <= length
	case byRelativeMonth:
		return relative(s.month0+int(n*s.every), s.on, s.index), true
	}
	return 0, false
}

// relative is the First to Last of the days in the set in the month. Every
// month has four of each day of the week, so there always is one.
func relative(month int, on Weekdays, index DayOfWeekIndex) Date {
	first, length := monthStart(month), monthLen(month)
	if index == Last {
		d := first + Date(length-1)
		for !on.Has(d.Weekday()) {
			d--
		}
		return d
	}
	if on == EveryDay {
		return first + Date(index-1)
	}
	if on.Len() == 1 {
		wd := time.Weekday(bits.TrailingZeros8(uint8(on)))
		return first + Date(floorMod(int(wd-first.Weekday()), 7)) + Date(index-1)*7
	}
	d := first
	for left := index; ; d++ {
		if on.Has(d.Weekday()) {
			if left--; left == 0 {
				return d
			}
		}
	}
}

// nthBit is the position of the n-th set bit, from 0.
func nthBit(set uint8, n int) int {
	for ; n > 0; n-- {
		set &= set - 1
	}
	return bits.TrailingZeros8(set)
}

func ceilDiv(a, b int64) int64 { return -floorDiv(-a, b) }
