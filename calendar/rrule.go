package calendar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A rule is a RECUR value as it is written. RFC 5545 3.3.10
type rule struct {
	freq       string
	interval   int
	count      int
	until      string // raw; what it means depends on the event
	byDay      []ruleDay
	byMonthDay []int
	byYearDay  []int
	byWeekNo   []int
	byMonth    []int
	bySetPos   []int
	byTime     bool // BYHOUR, BYMINUTE or BYSECOND with more than one value
	weekStart  time.Weekday
}

// A ruleDay is a day of the week, with nth 0 for every one.
type ruleDay struct {
	nth int
	day time.Weekday
}

var ruleDayNames = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// maxRuleList bounds the values of one BY… part; 366 year days is the most
// that makes sense.
const maxRuleList = 400

func parseRule(s string) (rule, error) {
	r := rule{interval: 1, weekStart: time.Monday}
	for part := range strings.SplitSeq(strings.ToUpper(strings.TrimSpace(s)), ";") {
		if part == "" {
			continue // some exporters end with a semicolon
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return r, fmt.Errorf("calendar: recurrence rule part %.40q", part)
		}
		if err := r.set(name, value); err != nil {
			return r, err
		}
	}
	switch r.freq {
	case "DAILY", "WEEKLY", "MONTHLY", "YEARLY":
		return r, nil
	case "HOURLY", "MINUTELY", "SECONDLY":
		return r, fmt.Errorf("calendar: %s recurrence is more often than daily", r.freq)
	}
	return r, fmt.Errorf("calendar: unknown recurrence frequency %.40q", r.freq)
}

func (r *rule) set(name, value string) (err error) {
	switch name {
	case "FREQ":
		r.freq = value
	case "INTERVAL":
		r.interval, err = ruleInt(value, 1, 1<<20)
	case "COUNT":
		r.count, err = ruleInt(value, 1, 1<<31-1)
	case "UNTIL":
		r.until = value
	case "BYDAY":
		r.byDay, err = ruleDays(value)
	case "BYMONTHDAY":
		r.byMonthDay, err = ruleInts(value, -31, 31)
	case "BYYEARDAY":
		r.byYearDay, err = ruleInts(value, -366, 366)
	case "BYWEEKNO":
		r.byWeekNo, err = ruleInts(value, -53, 53)
	case "BYMONTH":
		r.byMonth, err = ruleInts(value, 1, 12)
	case "BYSETPOS":
		r.bySetPos, err = ruleInts(value, -366, 366)
	case "BYHOUR", "BYMINUTE", "BYSECOND":
		// One value repeats what DTSTART says; more would be several a day.
		r.byTime = r.byTime || strings.Contains(value, ",")
	case "WKST":
		i := slices.Index(ruleDayNames[:], value)
		if i < 0 {
			return fmt.Errorf("calendar: recurrence week start %.40q", value)
		}
		r.weekStart = time.Weekday(i)
	}
	return err
}

func ruleInt(s string, low, high int) (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(s), "+"))
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("calendar: recurrence value %.40q is not between %d and %d", s, low, high)
	}
	return n, nil
}

func ruleInts(s string, low, high int) ([]int, error) {
	var list []int
	for v := range strings.SplitSeq(s, ",") {
		n, err := ruleInt(v, low, high)
		if err != nil {
			return nil, err
		}
		if n == 0 || len(list) == maxRuleList {
			return nil, fmt.Errorf("calendar: recurrence list %.40q", s)
		}
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list, nil
}

func ruleDays(s string) ([]ruleDay, error) {
	var list []ruleDay
	for v := range strings.SplitSeq(s, ",") {
		v = strings.TrimSpace(v)
		if len(v) < 2 || len(list) == maxRuleList {
			return nil, fmt.Errorf("calendar: recurrence day %.40q", v)
		}
		i := slices.Index(ruleDayNames[:], v[len(v)-2:])
		if i < 0 {
			return nil, fmt.Errorf("calendar: recurrence day %.40q", v)
		}
		d := ruleDay{day: time.Weekday(i)}
		if n := v[:len(v)-2]; n != "" {
			var err error
			if d.nth, err = ruleInt(n, -53, 53); err != nil || d.nth == 0 {
				return nil, fmt.Errorf("calendar: recurrence day %.40q", v)
			}
		}
		list = append(list, d)
	}
	return list, nil
}

// days returns the days of the week of BYDAY, and whether none is numbered.
func (r *rule) days() (w Weekdays, plain bool) {
	plain = true
	for _, d := range r.byDay {
		w |= On(d.day)
		plain = plain && d.nth == 0
	}
	return w, plain
}

// recurrence returns the Exchange pattern that means the same, and false where
// there is none. The range is left open.
func (r *rule) recurrence(start Date) (Recurrence, bool) {
	rec := Recurrence{Interval: r.interval, FirstDayOfWeek: r.weekStart, Start: start}
	if r.interval > MaxInterval || len(r.byYearDay)+len(r.byWeekNo) > 0 || r.byTime {
		return rec, false
	}
	switch r.freq {
	case "DAILY":
		return r.daily(rec)
	case "WEEKLY":
		return r.weekly(rec)
	case "MONTHLY":
		return r.monthly(rec)
	}
	return r.yearly(rec)
}

func (r *rule) daily(rec Recurrence) (Recurrence, bool) {
	if len(r.byMonth)+len(r.byMonthDay)+len(r.bySetPos) > 0 {
		return rec, false
	}
	rec.Pattern = Daily
	if len(r.byDay) == 0 {
		return rec, true
	}
	// Every day that is a weekday is every week on the weekdays.
	w, plain := r.days()
	rec.Pattern, rec.Days = Weekly, w
	return rec, plain && r.interval == 1
}

func (r *rule) weekly(rec Recurrence) (Recurrence, bool) {
	w, plain := r.days()
	if w == 0 {
		w = On(rec.Start.Weekday())
	}
	rec.Pattern, rec.Days = Weekly, w
	return rec, plain && len(r.byMonth)+len(r.byMonthDay)+len(r.bySetPos) == 0
}

func (r *rule) monthly(rec Recurrence) (Recurrence, bool) {
	if len(r.byMonth) > 0 {
		return rec, false
	}
	rec.Pattern = AbsoluteMonthly
	if len(r.byDay) > 0 {
		rec.Pattern = RelativeMonthly
	}
	return rec, r.inMonth(&rec)
}

func (r *rule) yearly(rec Recurrence) (Recurrence, bool) {
	_, month, day := rec.Start.Civil()
	switch {
	case len(r.byMonth) == 1:
		month = time.Month(r.byMonth[0])
	case len(r.byMonth) > 1 || len(r.byDay) > 0:
		return rec, false // several months, or counted through the year
	case len(r.byMonthDay) > 0:
		return rec, false // that day of every month
	}
	rec.Pattern, rec.Month, rec.DayOfMonth = AbsoluteYearly, month, day
	if len(r.byDay) > 0 {
		rec.Pattern = RelativeYearly
	}
	return rec, r.inMonth(&rec)
}

// inMonth sets what the patterns by month and by year share.
func (r *rule) inMonth(rec *Recurrence) bool {
	if len(r.byDay) > 0 {
		return len(r.byMonthDay) == 0 && r.relative(rec)
	}
	switch {
	case len(r.byMonthDay) == 0:
		_, _, rec.DayOfMonth = rec.Start.Civil()
	case len(r.byMonthDay) == 1:
		rec.DayOfMonth = r.byMonthDay[0]
		if rec.DayOfMonth == -1 {
			rec.DayOfMonth = 31
			return len(r.bySetPos) == 0
		}
	default:
		return r.clamped(rec)
	}
	rec.SkipShort = rec.DayOfMonth > shortest(rec)
	return rec.DayOfMonth > 0 && len(r.bySetPos) == 0
}

// shortest is the length of the shortest month the pattern meets.
func shortest(rec *Recurrence) int {
	if rec.Pattern == AbsoluteYearly {
		return monthLen(12 + int(rec.Month) - 1) // of year 1, not a leap year
	}
	return 28
}

// clamped recognizes BYMONTHDAY=28,29,30;BYSETPOS=-1: the 30th, or the last
// day of a month that has none. Outlook and we write it so.
func (r *rule) clamped(rec *Recurrence) bool {
	days := slices.Sorted(slices.Values(r.byMonthDay))
	for i, d := range days {
		if d != 28+i {
			return false
		}
	}
	rec.DayOfMonth = days[len(days)-1]
	return len(r.bySetPos) == 1 && r.bySetPos[0] == -1
}

// relative recognizes the first to fourth or last of a day or of one of the
// sets of days, by a number at the day or by BYSETPOS.
func (r *rule) relative(rec *Recurrence) bool {
	w, plain := r.days()
	rec.Days = w
	nth := 0
	switch {
	case !plain && len(r.byDay) == 1 && len(r.bySetPos) == 0:
		nth = r.byDay[0].nth
	case plain && len(r.bySetPos) == 1:
		nth = r.bySetPos[0]
		if w.Len() != 1 && w != EveryDay && w != WorkDays && w != WeekendDay {
			return false
		}
	}
	switch {
	case nth == -1:
		rec.DayOfWeekIndex = Last
	case nth >= 1 && nth <= 4:
		rec.DayOfWeekIndex = DayOfWeekIndex(nth)
	default:
		return false
	}
	return true
}

// AppendRule appends the recurrence as an RRULE value without its end.
// RFC 5545 3.3.10, [MS-OXCICAL]
func (r *Recurrence) appendRule(b []byte) []byte {
	freq := [...]string{"", "DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY"}
	b = append(append(b, "FREQ="...), freq[r.Pattern]...)
	if r.Interval > 1 {
		b = strconv.AppendInt(append(b, ";INTERVAL="...), int64(r.Interval), 10)
	}
	if r.Pattern == AbsoluteYearly || r.Pattern == RelativeYearly {
		b = strconv.AppendInt(append(b, ";BYMONTH="...), int64(r.Month), 10)
	}
	switch r.Pattern {
	case Weekly:
		b = appendRuleDays(append(b, ";BYDAY="...), r.Days)
		b = append(append(b, ";WKST="...), ruleDayNames[r.FirstDayOfWeek]...)
	case AbsoluteMonthly, AbsoluteYearly:
		b = r.appendMonthDay(b)
	case RelativeMonthly, RelativeYearly:
		b = r.appendRelative(b)
	}
	return b
}

func (r *Recurrence) appendMonthDay(b []byte) []byte {
	b = append(b, ";BYMONTHDAY="...)
	if r.SkipShort || r.DayOfMonth <= shortest(r) {
		return strconv.AppendInt(b, int64(r.DayOfMonth), 10)
	}
	if r.DayOfMonth == 31 {
		return append(b, "-1"...)
	}
	for d := 28; d <= r.DayOfMonth; d++ {
		b = append(strconv.AppendInt(b, int64(d), 10), ',')
	}
	return append(b[:len(b)-1], ";BYSETPOS=-1"...)
}

func (r *Recurrence) appendRelative(b []byte) []byte {
	nth := int64(r.DayOfWeekIndex)
	if r.DayOfWeekIndex == Last {
		nth = -1
	}
	b = append(b, ";BYDAY="...)
	if r.Days.Len() == 1 {
		return appendRuleDays(strconv.AppendInt(b, nth, 10), r.Days)
	}
	b = append(appendRuleDays(b, r.Days), ";BYSETPOS="...)
	return strconv.AppendInt(b, nth, 10)
}

func appendRuleDays(b []byte, w Weekdays) []byte {
	for d, n := range ruleDayNames {
		if w.Has(time.Weekday(d)) {
			b = append(append(b, n...), ',')
		}
	}
	return b[:len(b)-1]
}
