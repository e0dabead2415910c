package calendar

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/teambition/rrule-go"
)

func day(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestDate(t *testing.T) {
	for d := minDate; d <= maxDate; d += 17 {
		want := time.Unix(int64(d)*daySeconds, 0).UTC()
		y, m, dd := d.Civil()
		if wy, wm, wd := want.Date(); y != wy || m != wm || dd != wd || d.Weekday() != want.Weekday() {
			t.Fatalf("%d: %v, want %v", d, d, want)
		}
		month, _ := d.month()
		if want := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day(); monthLen(month) != want {
			t.Fatalf("%v: month of %d days, want %d", d, monthLen(month), want)
		}
		if NewDate(y, m, dd) != d || monthStart(month)+Date(dd-1) != d {
			t.Fatalf("%v does not come back", d)
		}
	}
}

// TestPatterns is a table of what people mean by the patterns.
func TestPatterns(t *testing.T) {
	test := func(r Recurrence, want ...string) {
		t.Helper()
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		var got []string
		c := r.From(r.Start)
		for d, ok := c.Next(); ok && len(got) < len(want); d, ok = c.Next() {
			got = append(got, d.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v:\n got %v\nwant %v", r, got, want)
		}
	}
	test(Recurrence{Pattern: Daily, Interval: 3, Start: day("2024-02-27")}, "2024-02-27", "2024-03-01", "2024-03-04")
	test(Recurrence{Pattern: Daily, Start: day("2024-02-27")}, "2024-02-27", "2024-02-28")
	// Every other week on Sunday and Monday: which Sunday depends on where the week begins.
	test(Recurrence{Pattern: Weekly, Interval: 2, Days: OnSunday | OnMonday, FirstDayOfWeek: time.Sunday, Start: day("2024-01-01")},
		"2024-01-01", "2024-01-14", "2024-01-15", "2024-01-28")
	test(Recurrence{Pattern: Weekly, Interval: 2, Days: OnSunday | OnMonday, FirstDayOfWeek: time.Monday, Start: day("2024-01-01")},
		"2024-01-01", "2024-01-07", "2024-01-15", "2024-01-21")
	test(Recurrence{Pattern: AbsoluteMonthly, Interval: 1, DayOfMonth: 31, Start: day("2023-12-31")},
		"2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")
	test(Recurrence{Pattern: AbsoluteMonthly, Interval: 1, DayOfMonth: 31, SkipShort: true, Start: day("2023-12-31")},
		"2023-12-31", "2024-01-31", "2024-03-31", "2024-05-31")
	test(Recurrence{Pattern: AbsoluteMonthly, Interval: 2, DayOfMonth: 10, Start: day("2024-01-15")},
		"2024-03-10", "2024-05-10")
	test(Recurrence{Pattern: RelativeMonthly, Days: OnTuesday, DayOfWeekIndex: Second, Start: day("2024-01-01")},
		"2024-01-09", "2024-02-13")
	test(Recurrence{Pattern: RelativeMonthly, Days: WorkDays, DayOfWeekIndex: Last, Start: day("2024-02-01")},
		"2024-02-29", "2024-03-29")
	test(Recurrence{Pattern: RelativeMonthly, Days: WeekendDay, DayOfWeekIndex: First, Start: day("2024-02-01")},
		"2024-02-03", "2024-03-02")
	test(Recurrence{Pattern: RelativeMonthly, Days: EveryDay, DayOfWeekIndex: Last, Start: day("2024-02-01")},
		"2024-02-29", "2024-03-31")
	test(Recurrence{Pattern: AbsoluteYearly, DayOfMonth: 29, Month: time.February, Start: day("2024-02-29")},
		"2024-02-29", "2025-02-28", "2026-02-28")
	test(Recurrence{Pattern: AbsoluteYearly, DayOfMonth: 29, Month: time.February, SkipShort: true, Start: day("2096-02-29")},
		"2096-02-29", "2104-02-29")
	test(Recurrence{Pattern: RelativeYearly, Interval: 3, Days: OnThursday, DayOfWeekIndex: Fourth, Month: time.November, Start: day("2024-12-01")},
		"2027-11-25", "2030-11-28")
	test(Recurrence{Pattern: Daily, Range: Numbered, Count: 2, Start: day("2024-01-01")}, "2024-01-01", "2024-01-02")
	test(Recurrence{Pattern: Daily, Range: EndDate, End: day("2024-01-02"), Start: day("2024-01-01")}, "2024-01-01", "2024-01-02")
	// Tasks that regenerate have no dates of their own.
	test(Recurrence{Pattern: WeeklyRegeneration, Start: day("2024-01-01")})
}

func TestCheck(t *testing.T) {
	bad := func(r Recurrence) {
		t.Helper()
		if r.Check() == nil {
			t.Errorf("%+v passes", r)
		}
	}
	bad(Recurrence{})
	bad(Recurrence{Pattern: YearlyRegeneration + 1})
	bad(Recurrence{Pattern: Daily, Interval: 1000})
	bad(Recurrence{Pattern: Daily, Interval: -1})
	bad(Recurrence{Pattern: Daily, Range: Numbered})
	bad(Recurrence{Pattern: Daily, Range: EndDate, Start: 10, End: 9})
	bad(Recurrence{Pattern: Daily, Start: maxDate + 1})
	bad(Recurrence{Pattern: Weekly})
	bad(Recurrence{Pattern: Weekly, Days: 0x81})
	bad(Recurrence{Pattern: AbsoluteMonthly, DayOfMonth: 32})
	bad(Recurrence{Pattern: AbsoluteYearly, DayOfMonth: 1})
	bad(Recurrence{Pattern: RelativeMonthly, Days: OnMonday | OnTuesday, DayOfWeekIndex: First})
	bad(Recurrence{Pattern: RelativeMonthly, Days: OnMonday})
}

// randomRecurrence draws any pattern that can be expanded.
func randomRecurrence(r *rand.Rand) Recurrence {
	sets := []Weekdays{EveryDay, WorkDays, WeekendDay}
	for d := time.Sunday; d <= time.Saturday; d++ {
		sets = append(sets, On(d))
	}
	rec := Recurrence{
		Pattern:        Pattern(1 + r.IntN(6)),
		Interval:       1 + r.IntN(4)*r.IntN(3),
		FirstDayOfWeek: time.Weekday(r.IntN(7)),
		DayOfMonth:     1 + r.IntN(31),
		DayOfWeekIndex: DayOfWeekIndex(1 + r.IntN(5)),
		Month:          time.Month(1 + r.IntN(12)),
		SkipShort:      r.IntN(4) == 0,
		Start:          NewDate(2000+r.IntN(20), time.January, 1+r.IntN(366)),
		Range:          RangeKind(r.IntN(3)),
	}
	rec.Days = sets[r.IntN(len(sets))]
	if rec.Pattern == Weekly {
		rec.Days = Weekdays(1 + r.IntN(127))
	}
	rec.End = rec.Start + Date(r.IntN(1500))
	rec.Count = 1 + r.IntN(60)
	return rec
}

// text is the recurrence as an RRULE with its end.
func (r *Recurrence) text() string {
	b := r.appendRule(nil)
	switch r.Range {
	case EndDate:
		y, m, d := r.End.Civil()
		b = append(b, time.Date(y, m, d, 23, 59, 59, 0, time.UTC).Format(";UNTIL=20060102T150405Z")...)
	case Numbered:
		b = append(b, ";COUNT="...)
		b = append(b, time.Duration(r.Count).String()...)
		b = b[:len(b)-2] // "60ns"
	}
	return string(b)
}

// TestAgainstRRule compares with rrule-go, which walks where we jump, and
// checks the arithmetic of indexes on the way.
func TestAgainstRRule(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		rec := randomRecurrence(r)
		y, m, d := rec.Start.Civil()
		o, err := rrule.StrToROption(rec.text())
		if err != nil {
			t.Fatal(rec.text(), err)
		}
		o.Dtstart = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		rule, err := rrule.NewRRule(*o)
		if err != nil {
			t.Fatal(rec.text(), err)
		}
		from := rec.Start + Date(r.IntN(800)) - 100
		var want, got []Date
		fy, fm, fd := from.Civil()
		window := time.Date(fy, fm, fd, 0, 0, 0, 0, time.UTC)
		for _, at := range rule.Between(window, window.AddDate(3, 0, 0), true) {
			want = append(want, DateOf(at))
		}
		c := rec.From(from)
		for d, ok := c.Next(); ok && d <= DateOf(window.AddDate(3, 0, 0)); d, ok = c.Next() {
			got = append(got, d)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s from %v on %v:\n got %v\nwant %v", rec.text(), rec.Start, from, got, want)
		}
		checkIndexes(t, &rec, got)
	}
}

func checkIndexes(t *testing.T, rec *Recurrence, dates []Date) {
	t.Helper()
	for i, d := range dates {
		n, ok := rec.Index(d)
		back, ok2 := rec.At(n)
		if !ok || !ok2 || back != d {
			t.Fatalf("%s from %v: %v has index %d, which is %v", rec.text(), rec.Start, d, n, back)
		}
		if i > 0 {
			if before, _ := rec.Index(dates[i-1]); n != before+1 {
				t.Fatalf("%s: %v has index %d after %d", rec.text(), d, n, before)
			}
		}
		if next := d + 1; i+1 < len(dates) && dates[i+1] != next && rec.Has(next) {
			t.Fatalf("%s: has %v", rec.text(), next)
		}
	}
	if rec.Range == NoEnd {
		return
	}
	length, _ := rec.Len()
	last, ok := rec.Finish()
	if ok != (length > 0) {
		t.Fatalf("%s: %d occurrences, last %v", rec.text(), length, ok)
	}
	if n, _ := rec.Index(last); ok && n != length {
		t.Fatalf("%s from %v: last is %v with index %d of %d", rec.text(), rec.Start, last, n, length)
	}
}

// TestRuleBothWays checks that every recurrence comes back from its RRULE
// meaning the same, and that the general expansion agrees with it.
func TestRuleBothWays(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		rec := randomRecurrence(r)
		rec.Range = NoEnd
		rule, err := parseRule(rec.text())
		if err != nil {
			t.Fatal(err)
		}
		back, ok := rule.recurrence(rec.Start)
		if !ok || back.Check() != nil {
			t.Fatalf("%s is not understood: %v", rec.text(), back.Check())
		}
		work := 100_000
		x := expansion{rule: &rule, start: rec.Start, until: maxDate, limit: 12, work: &work}
		slow, _ := x.dates()
		c, b := rec.From(rec.Start), back.From(rec.Start)
		for i := range slow {
			one, ok1 := c.Next()
			two, ok2 := b.Next()
			if !ok1 || !ok2 || one != two || one != slow[i] {
				t.Fatalf("%s from %v, occurrence %d: %v, read back %v, walked %v", rec.text(), rec.Start, i, one, two, slow[i])
			}
		}
	}
}

// TestNumberedBomb is the series of a thousand million occurrences: it is
// neither expanded nor counted.
func TestNumberedBomb(t *testing.T) {
	rec := Recurrence{Pattern: Daily, Range: Numbered, Count: 1_000_000_000, Start: day("2024-01-01")}
	if err := rec.Check(); err != nil {
		t.Fatal(err)
	}
	if last, ok := rec.Finish(); !ok || last != maxDate {
		t.Error("ends on", last)
	}
	e := Event{Start: time.Date(2024, 1, 1, 9, 0, 0, 0, time.UTC), End: time.Date(2024, 1, 1, 10, 0, 0, 0, time.UTC), Recurrence: &rec}
	got, err := e.AppendOccurrences(nil, Interval{e.Start, e.Start.AddDate(1000, 0, 0)}, 0)
	if err != ErrTooMany || len(got) != MaxOccurrences {
		t.Error(len(got), err)
	}
}

func FuzzRecurrence(f *testing.F) {
	f.Add(uint8(1), 1, uint8(3), 2, 5, uint8(1), 3, false, int32(0), uint8(0), int32(0), 10, int32(100))
	f.Add(uint8(2), 2, uint8(65), 1, 5, uint8(1), 3, false, int32(19000), uint8(1), int32(20000), 10, int32(19500))
	f.Add(uint8(3), 1, uint8(65), 1, 31, uint8(1), 3, true, int32(19000), uint8(2), int32(20000), 1000000000, int32(19500))
	f.Add(uint8(6), 999, uint8(62), 1, 31, uint8(5), 2, true, int32(minDate), uint8(2), int32(20000), 1, int32(maxDate))
	f.Fuzz(func(t *testing.T, p uint8, every int, days uint8, first, dom int, index uint8, month int, skip bool, start int32, kind uint8, end int32, count int, from int32) {
		rec := Recurrence{
			Pattern: Pattern(p), Interval: every, Days: Weekdays(days), FirstDayOfWeek: time.Weekday(first),
			DayOfMonth: dom, DayOfWeekIndex: DayOfWeekIndex(index), Month: time.Month(month), SkipShort: skip,
			Start: Date(start), Range: RangeKind(kind), End: Date(end), Count: count,
		}
		if rec.Check() != nil {
			return
		}
		c := rec.From(Date(from))
		last := max(Date(from), rec.Start) - 1
		for range 100 {
			d, ok := c.Next()
			if !ok {
				break
			}
			if d <= last || d > maxDate || rec.Range == EndDate && d > rec.End {
				t.Fatalf("%+v: %v after %v", rec, d, last)
			}
			last = d
		}
		if d, ok := rec.Begin(); ok {
			if n, ok := rec.Index(d); !ok || n != 1 {
				t.Fatalf("%+v: the first has index %d", rec, n)
			}
		}
	})
}
