package calendar

import (
	"slices"
	"time"
)

// An expansion walks a rule that no Exchange pattern expresses, period by
// period. It is slow and general, where [Recurrence] is quick and narrow, and
// runs once, at import.
type expansion struct {
	*rule
	start Date
	until Date // last day, maxDate if none
	limit int  // occurrences
	work  *int // days that may still be looked at, shared by a whole import
}

// maxApproximateYears is how far an endless rule is followed.
const maxApproximateYears = 50

// dates returns the days of the rule in order. It stops early, with false, at
// limit, after maxApproximateYears, or when all work is used up.
func (x *expansion) dates() (list []Date, complete bool) {
	horizon := min(x.start+maxApproximateYears*366, maxDate)
	for n := 0; ; n++ {
		first, days := x.period(n)
		if first > x.until {
			return list, true
		}
		if first > horizon || *x.work <= 0 {
			return list, false
		}
		for _, d := range x.matching(first, days) {
			if d < x.start {
				continue
			}
			if d > x.until {
				return list, true
			}
			list = append(list, d)
			if x.count > 0 && len(list) == x.count {
				return list, true
			}
			if len(list) == x.limit {
				return list, false
			}
		}
	}
}

// period is the first day and the length of the n-th period.
func (x *expansion) period(n int) (Date, int) {
	step := min(n*x.interval, int(maxDate))
	month, _ := x.start.month()
	switch x.freq {
	case "DAILY":
		return x.start + Date(step), 1
	case "WEEKLY":
		back := floorMod(int(x.start.Weekday()-x.weekStart), 7)
		return x.start - Date(back) + 7*Date(min(step, int(maxDate)/7)), 7
	case "MONTHLY":
		m := month + min(step, 12*5000)
		return monthStart(m), monthLen(m)
	}
	m := month - floorMod(month, 12) + 12*min(step, 5000)
	return monthStart(m), int(monthStart(m+12) - monthStart(m))
}

// matching returns the days of one period that pass all BY… parts.
func (x *expansion) matching(first Date, days int) []Date {
	var set []Date
	for d := first; d < first+Date(days); d++ {
		if x.match(d, first, days) {
			set = append(set, d)
		}
	}
	*x.work -= days
	if len(x.bySetPos) == 0 {
		return set
	}
	var chosen []Date
	for _, p := range x.bySetPos {
		if p < 0 {
			p += len(set) + 1
		}
		if p >= 1 && p <= len(set) {
			chosen = append(chosen, set[p-1])
		}
	}
	slices.Sort(chosen)
	return slices.Compact(chosen)
}

func (x *expansion) match(d, first Date, days int) bool {
	month, day := d.month()
	length := monthLen(month)
	inList := func(list []int, v, length int) bool {
		return len(list) == 0 || slices.Contains(list, v) || slices.Contains(list, v-length-1)
	}
	if len(x.byMonth) > 0 && !slices.Contains(x.byMonth, floorMod(month, 12)+1) {
		return false
	}
	if !inList(x.byMonthDay, day, length) {
		return false
	}
	if x.freq == "YEARLY" && !inList(x.byYearDay, int(d-first)+1, days) {
		return false
	}
	if len(x.byWeekNo) > 0 && !x.matchWeek(d) {
		return false
	}
	if len(x.byDay) > 0 {
		if x.freq == "MONTHLY" || x.freq == "YEARLY" && len(x.byMonth) > 0 {
			return x.matchDay(d, day, length)
		}
		return x.matchDay(d, int(d-first)+1, days)
	}
	return x.matchStart(d, day)
}

// matchDay compares with BYDAY; at is the day's number, from 1, in a period of
// that length.
func (x *expansion) matchDay(d Date, at, length int) bool {
	for _, b := range x.byDay {
		if b.day != d.Weekday() {
			continue
		}
		plain := b.nth == 0 || x.freq == "DAILY" || x.freq == "WEEKLY" || len(x.byWeekNo) > 0
		if plain || (at+6)/7 == b.nth || -(length-at)/7-1 == b.nth {
			return true
		}
	}
	return false
}

// matchStart takes from the start what the rule leaves open.
func (x *expansion) matchStart(d Date, day int) bool {
	_, startMonth, startDay := x.start.Civil()
	_, month, _ := d.Civil()
	listed := len(x.byMonthDay) + len(x.byYearDay)
	switch {
	case len(x.byWeekNo) > 0 && listed == 0, x.freq == "WEEKLY":
		return d.Weekday() == x.start.Weekday()
	case x.freq == "MONTHLY" && listed == 0:
		return day == startDay
	case x.freq == "YEARLY" && listed == 0:
		return day == startDay && (len(x.byMonth) > 0 || month == startMonth)
	}
	return true
}

// matchWeek compares with BYWEEKNO: week 1 is the first with at least four
// days in the year. RFC 5545 3.3.10
func (x *expansion) matchWeek(d Date) bool {
	// The fourth day of the week says which year the week belongs to.
	mid := d - Date(floorMod(int(d.Weekday()-x.weekStart), 7)) + 3
	year, _, _ := mid.Civil()
	week := int(mid-NewDate(year, time.January, 1))/7 + 1
	last := NewDate(year, time.December, 28) // always in the last week
	weeks := int(last-Date(floorMod(int(last.Weekday()-x.weekStart), 7))+3-NewDate(year, time.January, 1))/7 + 1
	return slices.Contains(x.byWeekNo, week) || slices.Contains(x.byWeekNo, week-weeks-1)
}
