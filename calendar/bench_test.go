package calendar

import (
	"testing"
	"time"
)

// BenchmarkOccurrences asks for two weeks of series of different ages.
func BenchmarkOccurrences(b *testing.B) {
	berlin, err := LoadZone("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	bench := func(name string, rec Recurrence) {
		b.Run(name, func(b *testing.B) {
			rec.Start = NewDate(2015, time.January, 5)
			start := berlin.At(rec.Start, 9*time.Hour)
			e := Event{Start: start, End: start.Add(time.Hour), Zone: berlin, Recurrence: &rec}
			from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
			window := Interval{from, from.AddDate(0, 0, 14)}
			dst := make([]Occurrence, 0, 32)
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = e.AppendOccurrences(dst[:0], window, 0)
			}
		})
	}
	bench("daily", Recurrence{Pattern: Daily})
	bench("weekly", Recurrence{Pattern: Weekly, Days: OnMonday | OnThursday})
	bench("weekly-numbered", Recurrence{Pattern: Weekly, Days: OnMonday, Range: Numbered, Count: 900})
	bench("monthly", Recurrence{Pattern: AbsoluteMonthly, DayOfMonth: 10})
	bench("relative", Recurrence{Pattern: RelativeMonthly, Days: WorkDays, DayOfWeekIndex: Last})
	bench("yearly", Recurrence{Pattern: AbsoluteYearly, DayOfMonth: 3, Month: time.June})
}

// BenchmarkMerge merges two weeks of a hundred people in half hours, each with
// forty appointments and five series that are expanded on the way.
func BenchmarkMerge(b *testing.B) {
	berlin, err := LoadZone("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	window := Interval{from, from.AddDate(0, 0, 14)}
	var busy []Busy
	for i := range 40 {
		at := from.Add(time.Duration(i) * 8 * time.Hour)
		busy = append(busy, Busy{Interval: Interval{at, at.Add(time.Hour)}, Status: BusyStatus(i%3 + 1)})
	}
	rec := Recurrence{Pattern: Weekly, Days: OnMonday | OnThursday, Start: NewDate(2020, time.January, 6)}
	series := Event{Start: berlin.At(rec.Start, 9*time.Hour), End: berlin.At(rec.Start, 10*time.Hour), Zone: berlin, Recurrence: &rec, Status: StatusBusy}
	merge := func(b *testing.B, masters int) {
		var digits []byte
		var occ []Occurrence
		var mine []Busy
		b.ReportAllocs()
		for b.Loop() {
			for range 100 {
				mine = append(mine[:0], busy...)
				for range masters {
					occ, _ = series.AppendOccurrences(occ[:0], window, 0)
					for _, o := range occ {
						mine = append(mine, series.Busy(o))
					}
				}
				digits = AppendMerged(digits[:0], window, 30*time.Minute, mine)
			}
		}
	}
	b.Run("intervals", func(b *testing.B) { merge(b, 0) })
	b.Run("intervals-and-series", func(b *testing.B) { merge(b, 5) })
}
