package calendar

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// series is a daily hour at nine in Berlin from the first of July 2024.
func series(t testing.TB) *Event {
	t.Helper()
	z := zone(t, "Europe/Berlin")
	d := day("2024-07-01")
	return &Event{
		Subject: "daily", Status: StatusBusy, Zone: z, Start: z.At(d, 9*time.Hour), End: z.At(d, 10*time.Hour),
		Recurrence: &Recurrence{Pattern: Daily, Start: d},
	}
}

// in lists the occurrences of the days from and to as "02 15:04".
func in(t *testing.T, e *Event, from, to string) string {
	t.Helper()
	occ, err := e.AppendOccurrences(nil, Interval{e.Zone.Midnight(day(from)), e.Zone.Midnight(day(to) + 1)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, o := range occ {
		list = append(list, o.Start.In(e.Zone.Location()).Format("02 15:04"))
	}
	return strings.Join(list, ", ")
}

// TestExceptions follows one series through what people do to it.
func TestExceptions(t *testing.T) {
	e := series(t)
	z := e.Zone
	test := func(from, to, want string) {
		t.Helper()
		if got := in(t, e, from, to); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	test("2024-07-01", "2024-07-03", "01 09:00, 02 09:00, 03 09:00")
	test("2024-06-20", "2024-07-01", "01 09:00")

	e.Delete(day("2024-07-02"))
	e.Delete(day("2024-07-02"))
	test("2024-07-01", "2024-07-03", "01 09:00, 03 09:00")
	if _, ok := e.OccurrenceOn(day("2024-07-02")); ok || len(e.Deleted) != 1 {
		t.Error("the deleted one is there")
	}

	// Moved out of one window, and into another.
	x := Exception{Original: day("2024-07-03"), Start: z.At(day("2024-07-10"), 8*time.Hour), End: z.At(day("2024-07-10"), 9*time.Hour), Changed: SubjectField | StatusField, Subject: "moved", Status: StatusOOF, Location: "not meant"}
	e.SetException(x)
	test("2024-07-01", "2024-07-04", "01 09:00, 04 09:00")
	test("2024-07-10", "2024-07-10", "10 08:00, 10 09:00")
	o, ok := e.OccurrenceOn(day("2024-07-03"))
	if one := e.At(o); !ok || one.Subject != "moved" || one.Location != "" || one.Recurrence != nil || !one.Instance.Equal(z.At(day("2024-07-03"), 9*time.Hour)) {
		t.Errorf("%+v", one)
	}
	if b := e.Busy(o); b.Status != StatusOOF || !b.Start.Equal(x.Start) {
		t.Errorf("%+v", b)
	}

	// A changed occurrence that is deleted is gone, and one that is changed is back.
	e.Delete(day("2024-07-03"))
	test("2024-07-10", "2024-07-10", "10 09:00")
	e.SetException(Exception{Original: day("2024-07-02"), Start: z.At(day("2024-07-02"), 11*time.Hour), End: z.At(day("2024-07-02"), 12*time.Hour)})
	test("2024-07-01", "2024-07-03", "01 09:00, 02 11:00")
	if n, ok := e.Recurrence.Index(day("2024-07-05")); !ok || n != 5 {
		t.Error("deleted occurrences count:", n)
	}
}

// TestLongOccurrences finds what began before the window and lasts into it.
func TestLongOccurrences(t *testing.T) {
	e := series(t)
	e.End = e.Start.Add(49 * time.Hour)
	if got := in(t, e, "2024-07-10", "2024-07-10"); got != "08 09:00, 09 09:00, 10 09:00" {
		t.Error(got)
	}
	e.End = e.Start // and what has no length, at the very start of a window
	occ, err := e.AppendOccurrences(nil, Interval{e.Start, e.Start.Add(time.Hour)}, 0)
	if err != nil || len(occ) != 1 {
		t.Error(occ, err)
	}
}

// TestWallLength: an occurrence ends when the clock on the wall says so.
func TestWallLength(t *testing.T) {
	test := func(id, first, on string, from, to, want time.Duration) {
		t.Helper()
		z := zone(t, id)
		d := day(first)
		e := Event{Zone: z, Start: z.At(d, from), End: z.At(d, to), Recurrence: &Recurrence{Pattern: Daily, Start: d}}
		o, ok := e.OccurrenceOn(day(on))
		if got := o.Duration(); !ok || got != want {
			t.Errorf("%s %s lasts %v, want %v", id, on, got, want)
		}
	}
	h := time.Hour
	test("Europe/Berlin", "2024-01-01", "2024-03-30", 22*h, 30*h, 7*h) // the night the clocks go forward
	test("Europe/Berlin", "2024-01-01", "2024-10-26", 22*h, 30*h, 9*h) // and back
	test("Australia/Sydney", "2024-01-01", "2024-10-05", 22*h, 30*h, 7*h)
	test("Europe/Berlin", "2024-01-01", "2024-03-31", 0, 24*h, 23*h)                 // all day
	test("Europe/Berlin", "2024-01-01", "2024-03-31", 2*h+h/2, 3*h+h/2, 0)           // 02:30 is 03:30
	test("Europe/Berlin", "2024-01-01", "2024-10-27", 2*h+15*h/60, 2*h+45*h/60, h/2) // both in the first of two
}

// TestAgainstWalking compares windows with a walk over every day of a series
// with deletions and exceptions.
func TestAgainstWalking(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 300 {
		z := zone(t, oracleZones[r.IntN(len(oracleZones))])
		rec := randomRecurrence(r)
		begin, ok := rec.Begin()
		if !ok {
			continue
		}
		e := Event{Zone: z, Start: z.At(begin, time.Duration(r.IntN(1440))*time.Minute), Recurrence: &rec}
		e.End = e.Start.Add(time.Duration(r.IntN(3000)) * time.Minute)
		for n := range 20 {
			d, ok := rec.At(1 + n*2)
			switch {
			case !ok:
			case r.IntN(3) == 0:
				e.Delete(d)
			case r.IntN(3) == 0:
				at := e.OriginalTime(d).Start.AddDate(0, 0, r.IntN(60)-30)
				e.SetException(Exception{Original: d, Start: at, End: at.Add(time.Hour)})
			}
		}
		window := Interval{Start: e.Start.AddDate(0, 0, r.IntN(700)-100)}
		window.End = window.Start.Add(time.Duration(r.IntN(60*24)) * time.Hour)
		got, err := e.AppendOccurrences(nil, window, 0)
		if err != nil {
			t.Fatal(err)
		}
		var want []Occurrence
		for d := rec.Start; d < DateOf(window.End)+100; d++ {
			if o, ok := e.OccurrenceOn(d); ok && o.Overlaps(window) {
				want = append(want, o)
			}
		}
		order := func(a, b Occurrence) int {
			return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Original, b.Original))
		}
		if !slices.IsSortedFunc(got, func(a, b Occurrence) int { return a.Start.Compare(b.Start) }) {
			t.Fatal("out of order")
		}
		slices.SortFunc(got, order)
		slices.SortFunc(want, order)
		if !slices.EqualFunc(got, want, func(a, b Occurrence) bool { return order(a, b) == 0 && a.End.Equal(b.End) }) {
			t.Fatalf("%s in %s from %v, window %v:\n got %v\nwant %v", rec.text(), z.ID, e.Start, window, got, want)
		}
	}
}

func TestLimit(t *testing.T) {
	e := series(t)
	window := Interval{e.Start, e.Start.AddDate(0, 0, 5)}
	if occ, err := e.AppendOccurrences(nil, window, 5); err != nil || len(occ) != 5 {
		t.Error(len(occ), err)
	}
	if occ, err := e.AppendOccurrences(nil, window, 4); err != ErrTooMany || len(occ) != 4 {
		t.Error(len(occ), err)
	}
	// What dst holds already is neither counted nor touched.
	occ, err := e.AppendOccurrences(make([]Occurrence, 3), window, 5)
	if err != nil || len(occ) != 8 || !occ[0].Start.IsZero() {
		t.Error(len(occ), err)
	}
}

func TestSingleEvent(t *testing.T) {
	e := series(t)
	e.Recurrence = nil
	if got := in(t, e, "2024-07-01", "2024-07-30"); got != "01 09:00" {
		t.Error(got)
	}
	if got := in(t, e, "2024-07-02", "2024-07-30"); got != "" {
		t.Error(got)
	}
	e.End = e.Start.Add(-time.Second)
	if e.Check() == nil {
		t.Error("an event may not end before it starts")
	}
}
