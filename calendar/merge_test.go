package calendar

import (
	"math/rand/v2"
	"testing"
	"time"
)

// clock is a time on an ordinary Monday.
func clock(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", "2024-07-01 "+s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func busy(t testing.TB, from, to string, s BusyStatus) Busy {
	return Busy{Interval: Interval{clock(t, from), clock(t, to)}, Status: s}
}

func TestInterval(t *testing.T) {
	test := func(a, b, c, d string, want bool) {
		t.Helper()
		one, two := Interval{clock(t, a), clock(t, b)}, Interval{clock(t, c), clock(t, d)}
		if one.Overlaps(two) != want || two.Overlaps(one) != want {
			t.Errorf("%s-%s overlaps %s-%s: want %v", a, b, c, d, want)
		}
		if _, ok := one.Clip(two); ok != want {
			t.Errorf("%s-%s clipped to %s-%s: want %v", a, b, c, d, want)
		}
	}
	test("09:00", "10:00", "10:00", "11:00", false)
	test("09:00", "10:00", "09:59", "11:00", true)
	test("09:00", "12:00", "10:00", "11:00", true)
	test("10:00", "10:00", "10:00", "11:00", true) // a reminder
	test("11:00", "11:00", "10:00", "11:00", false)
	test("10:00", "10:00", "10:00", "10:00", true)
	test("10:00", "09:00", "08:00", "12:00", false) // the wrong way round
	got, _ := Interval{clock(t, "08:00"), clock(t, "12:00")}.Clip(Interval{clock(t, "09:00"), clock(t, "10:00")})
	if got.Duration() != time.Hour || !got.Contains(clock(t, "09:00")) || got.Contains(clock(t, "10:00")) {
		t.Error(got)
	}
}

func TestMerged(t *testing.T) {
	window := Interval{clock(t, "09:00"), clock(t, "11:00")}
	test := func(want string, list ...Busy) {
		t.Helper()
		if got := string(AppendMerged(nil, window, 30*time.Minute, list)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	test("0000")
	test("0220", busy(t, "09:30", "10:30", StatusBusy))
	test("2222", busy(t, "08:00", "12:00", StatusBusy))
	test("0000", busy(t, "08:00", "09:00", StatusBusy), busy(t, "11:00", "12:00", StatusBusy))
	test("0200", busy(t, "09:59", "10:00", StatusBusy)) // a minute takes the slot
	test("0220", busy(t, "09:59", "10:01", StatusBusy))
	test("0000", busy(t, "09:30", "09:30", StatusBusy)) // takes no time
	test("0000", busy(t, "10:30", "09:30", StatusBusy))
	// What weighs more wins, in whatever order it comes.
	test("1234", busy(t, "09:00", "11:00", StatusWorkingElsewhere), busy(t, "09:00", "10:30", StatusTentative), busy(t, "09:30", "10:30", StatusBusy), busy(t, "10:00", "10:30", StatusOOF))
	test("1234", busy(t, "10:00", "10:30", StatusOOF), busy(t, "09:30", "10:30", StatusBusy), busy(t, "09:00", "10:30", StatusTentative), busy(t, "09:00", "11:00", StatusWorkingElsewhere))
	test("5155", busy(t, "09:00", "11:00", StatusNoData), busy(t, "09:30", "10:00", StatusTentative))
	test("0000", busy(t, "09:00", "11:00", StatusFree), busy(t, "09:00", "11:00", BusyStatus(99)))

	slots := func(slot time.Duration, want int) {
		t.Helper()
		if got := len(AppendMerged(nil, window, slot, nil)); got != want || got != len(AppendNoData(nil, window, slot)) {
			t.Errorf("%d slots of %v, want %d", got, slot, want)
		}
	}
	slots(5*time.Minute, 24)
	slots(7*time.Minute, 18) // the last one is cut short
	slots(1440*time.Minute, 1)
	slots(4*time.Minute, 0)
	slots(1441*time.Minute, 0)
}

// TestUnion checks that a group's digits are the same whether its members are
// merged together or one by one.
func TestUnion(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	window := Interval{clock(t, "00:00"), clock(t, "00:00").AddDate(0, 0, 3)}
	for range 200 {
		var all []Busy
		one := AppendMerged(nil, window, MinSlot*3, nil)
		for range 5 {
			var mine []Busy
			for range r.IntN(10) {
				at := window.Start.Add(time.Duration(r.IntN(4*1440)-600) * time.Minute)
				mine = append(mine, Busy{Interval: Interval{at, at.Add(time.Duration(r.IntN(300)) * time.Minute)}, Status: BusyStatus(r.IntN(6))})
			}
			all = append(all, mine...)
			Union(one, AppendMerged(nil, window, MinSlot*3, mine))
		}
		if both := AppendMerged(nil, window, MinSlot*3, all); string(one) != string(both) {
			t.Fatalf("\n%s\n%s", one, both)
		}
	}
}

func TestStatusNames(t *testing.T) {
	for s := StatusFree; s <= StatusNoData; s++ {
		if back, err := ParseBusyStatus(s.String()); err != nil || back != s {
			t.Error(s, back, err)
		}
	}
	if _, err := ParseBusyStatus("busy"); err == nil {
		t.Error("names are written as the schema has them")
	}
}
