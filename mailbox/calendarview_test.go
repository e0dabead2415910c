package mailbox

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/calendar"
)

// appoint puts an event into Anna's calendar.
func (h *house) appoint(folder FolderID, e *calendar.Event) *Item {
	h.Helper()
	it := &Item{}
	h.must(it.SetEvent(e, PartBody|PartRecipients))
	h.must(h.anna().CreateItem(context.Background(), folder, it))
	return it
}

func single(subject string, start time.Time, length time.Duration) *calendar.Event {
	return &calendar.Event{UID: subject, Subject: subject, Start: start, End: start.Add(length), Status: calendar.StatusBusy}
}

func window(from, to string) calendar.Interval {
	day := func(s string) time.Time { t, _ := time.Parse(time.DateOnly, s); return t }
	return calendar.Interval{Start: day(from), End: day(to)}
}

// entriesOf shows a calendar view as lines.
func entriesOf(p CalendarPage) string {
	var s []string
	for _, c := range p.Items {
		start, _ := c.Item.Props.Time(PidLidAppointmentStartWhole)
		s = append(s, fmt.Sprintf("%s %s%s", start.Format("01-02 15:04"), c.Item.Props.String(PidTagSubject), [...]string{"", "~", "!", "*"}[c.Kind]))
	}
	return strings.Join(s, "\n")
}

func TestCalendarView(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v := h.anna()
		cal := h.folder(v, Calendar)
		series := h.appoint(cal, weekly(t))
		h.appoint(cal, single("Before", time.Date(2026, 2, 28, 22, 0, 0, 0, time.UTC), 2*time.Hour)) // ends as the window begins
		h.appoint(cal, single("Into", time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC), 2*time.Hour))
		h.appoint(cal, single("Long", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 100*24*time.Hour))
		h.appoint(cal, single("After", time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), time.Hour))
		march := window("2026-03-01", "2026-04-01")
		test := func(want string) {
			t.Helper()
			p, err := h.anna().CalendarView(t.Context(), cal, march, 0, 0)
			h.must(err)
			if got := entriesOf(p); got != strings.TrimSpace(want) || !p.Last || p.Total != len(p.Items) {
				t.Errorf("%+v\n%s", p, got)
			}
		}
		// On 29 March the clocks go forward: nine o'clock is an hour earlier.
		test(`
01-01 00:00 Long
02-28 23:00 Into
03-02 08:00 Planning~
03-09 08:00 Planning~
03-16 08:00 Planning~
03-23 08:00 Planning~
03-30 07:00 Planning~`)

		_, err := v.DeleteOccurrence(t.Context(), series.ID, calendar.NewDate(2026, 3, 9), series.Change)
		h.must(err)
		day := calendar.NewDate(2026, 3, 16)
		moved, err := v.UpdateOccurrence(t.Context(), series.ID, day, 0, PartBody|PartRecipients, func(it *Item) error {
			e, err := v.Event(it)
			if err != nil {
				return err
			}
			e.Start, e.End, e.Subject, e.Body = e.Start.Add(25*time.Hour), e.End.Add(26*time.Hour), "Moved", "elsewhere"
			return it.SetEvent(e, PartBody|PartRecipients)
		})
		h.must(err)
		if moved.Kind != Exception || moved.Item.ID != series.ID || string(moved.Item.Body.Text) != "elsewhere" ||
			!moved.OriginalStart.Equal(time.Date(2026, 3, 16, 8, 0, 0, 0, time.UTC)) || moved.Original != day {
			t.Errorf("%+v %+v", moved, moved.Item)
		}
		test(`
01-01 00:00 Long
02-28 23:00 Into
03-02 08:00 Planning~
03-17 09:00 Moved!
03-23 08:00 Planning~
03-30 07:00 Planning~`)

		// An exception is changed again; what it said of parts that are not read now stays.
		_, err = v.UpdateOccurrence(t.Context(), series.ID, day, 0, 0, func(it *Item) error {
			it.Props.SetString(PidLidLocation, "Garden")
			return nil
		})
		h.must(err)
		again, err := v.Occurrence(t.Context(), series.ID, day, PartBody|PartRecipients)
		h.must(err)
		e, err := v.Event(again.Item)
		h.must(err)
		if e.Location != "Garden" || e.Subject != "Moved" || e.Body != "elsewhere" || e.Recurrence != nil || len(e.Attendees) != 2 {
			t.Errorf("%+v", e)
		}
		master, err := v.Item(t.Context(), series.ID, PartBody|PartRecipients)
		h.must(err)
		e, err = v.Event(master)
		h.must(err)
		if e.Subject != "Planning" || e.Body != "what we do" || len(e.Exceptions) != 1 || len(e.Deleted) != 1 || KindOf(master) != RecurringMaster {
			t.Errorf("%+v", e)
		}

		// Pages.
		p, err := v.CalendarView(t.Context(), cal, march, 2, PartBody)
		h.must(err)
		if p.Total != 6 || p.Last || len(p.Items) != 2 || p.Items[0].Item.Parts != PartBody {
			t.Errorf("%+v", p)
		}

		// Addresses of occurrences.
		first, err := v.OccurrenceDay(t.Context(), series.ID, 1)
		h.must(err)
		if first != calendar.NewDate(2026, 3, 2) {
			t.Error(first)
		}
		_, err = v.OccurrenceDay(t.Context(), series.ID, 9)
		h.fails(err, OccurrenceAbsent)
		_, err = v.Occurrence(t.Context(), series.ID, calendar.NewDate(2026, 3, 9), 0)
		h.fails(err, OccurrenceDeleted)
		_, err = v.Occurrence(t.Context(), series.ID, calendar.NewDate(2026, 3, 10), 0)
		h.fails(err, OccurrenceAbsent)
		_, err = v.DeleteOccurrence(t.Context(), series.ID, day, series.Change)
		h.fails(err, StaleChangeKey)
		long, err := v.Find(t.Context(), Query{Folder: cal, Sort: []SortKey{{PidLidAppointmentStartWhole, false}}, Paging: Paging{Max: 1}})
		h.must(err)
		_, err = v.Occurrence(t.Context(), long.Items[0].ID, day, 0)
		h.fails(err, NotRecurring)

		// The series as a whole.
		_, err = v.UpdateEvent(t.Context(), series.ID, 0, 0, func(e *calendar.Event) error {
			e.Recurrence.Count = 1
			e.Exceptions, e.Deleted = nil, nil
			return nil
		})
		h.must(err)
		test("01-01 00:00 Long\n02-28 23:00 Into\n03-02 08:00 Planning~")
		_, err = v.DeleteItems(t.Context(), []ItemID{series.ID}, HardDelete)
		h.must(err)
		test("01-01 00:00 Long\n02-28 23:00 Into")
	})
}

func TestCalendarViewRefused(t *testing.T) {
	h := newHouse(t, sqlite(t), Limits{})
	cal := h.folder(h.anna(), Calendar)
	_, err := h.anna().CalendarView(t.Context(), cal, window("2026-03-01", "2026-03-01"), 0, 0)
	h.fails(err, CalendarRange)
	_, err = h.anna().CalendarView(t.Context(), cal, window("2026-03-01", "2036-03-01"), 0, 0)
	h.fails(err, CalendarRangeLong)
	_, err = h.anna().CalendarView(t.Context(), 9999, window("2026-03-01", "2026-04-01"), 0, 0)
	h.fails(err, FolderNotFound)
	_, err = h.ben().CalendarView(t.Context(), cal, window("2026-03-01", "2026-04-01"), 0, 0)
	h.fails(err, FolderNotFound) // free/busy rights do not show the folder
}

// Each level shows what it may and no more.
func TestBusyByPermission(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		cal := h.folder(h.anna(), Calendar)
		h.appoint(cal, weekly(t))
		secret := single("Secret", time.Date(2026, 3, 3, 8, 0, 0, 0, time.UTC), time.Hour)
		secret.Sensitivity, secret.Location, secret.Status = calendar.Private, "Clinic", calendar.StatusOOF
		h.appoint(cal, secret)
		test := func(v *View, want string) {
			t.Helper()
			// The first question reads, the next two make sure of the answer and
			// take it from memory.
			for range 2 {
				_, _, err := v.Busy(t.Context(), window("2026-03-01", "2026-03-05"))
				h.must(err)
			}
			busy, level, err := v.Busy(t.Context(), window("2026-03-01", "2026-03-05"))
			h.must(err)
			got := []string{fmt.Sprint(level)}
			for _, b := range busy {
				s := b.Start.UTC().Format("02 15:04 ") + b.Status.String()
				if d := b.Detail; d != nil {
					s += fmt.Sprintf(" %q %q %t %t %t %t", d.Subject, d.Location, d.Private, d.Recurring, d.Meeting, d.ID != "")
				}
				got = append(got, s)
			}
			if s := strings.Join(got, "; "); s != want {
				t.Error(s)
			}
		}
		test(h.anna(), `2; 02 08:00 Busy "Planning" "Room 1" false true true true; 03 08:00 OOF "Secret" "Clinic" true false false true`)
		test(h.ben(), `1; 02 08:00 Busy; 03 08:00 OOF`) // as everyone of the organization
		h.grant(cal, "ben", access.LevelFreeBusyDetails)
		test(h.ben(), `2; 02 08:00 Busy "Planning" "Room 1" false true true true; 03 08:00 OOF "" "" true false false false`)
		h.grant(cal, "ben", access.LevelReviewer)
		p, err := h.ben().CalendarView(t.Context(), cal, window("2026-03-01", "2026-03-05"), 0, 0)
		h.must(err)
		if got := entriesOf(p); got != "03-02 08:00 Planning~" {
			t.Error(got)
		}
		h.grant(cal, "ben", 0)
		_, _, err = h.ben().Busy(t.Context(), window("2026-03-01", "2026-03-05"))
		h.fails(err, NoFreeBusy)
	})
}

// However a calendar was changed, what is kept in memory says what a fresh look
// at the tables says.
func TestBusyIndexFollowsChanges(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := rand.New(rand.NewPCG(1, 2))
		v := h.anna()
		cal, tasks := h.folder(v, Calendar), h.folder(v, Tasks)
		start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		event := func() *calendar.Event {
			e := single(fmt.Sprint(r.IntN(1000)), start.Add(time.Duration(r.IntN(60*24))*time.Hour), time.Duration(1+r.IntN(3))*time.Hour)
			switch r.IntN(6) {
			case 0:
				e.End = e.Start.Add(30 * 24 * time.Hour)
			case 1, 2:
				e.Recurrence = &calendar.Recurrence{Pattern: calendar.Daily, Interval: 1 + r.IntN(9), Start: calendar.DateOf(e.Start)}
			}
			return e
		}
		var ids []ItemID
		for range 60 {
			switch n := r.IntN(10); {
			case n < 5 || len(ids) == 0:
				ids = append(ids, h.appoint(cal, event()).ID)
			case n < 7:
				_, err := v.UpdateItem(t.Context(), ids[r.IntN(len(ids))], 0, 0, func(it *Item) error { return it.SetEvent(event(), 0) })
				h.must(err)
			default:
				i := r.IntN(len(ids))
				to := tasks
				if n == 9 {
					to = cal // within the folder: another id
				}
				moved, err := v.MoveItems(t.Context(), ids[i:i+1], to)
				h.must(err)
				if moved[0].Err != nil {
					t.Fatal(moved[0].Err)
				}
				if n == 9 {
					ids[i] = moved[0].ID
				} else {
					ids = append(ids[:i], ids[i+1:]...)
				}
			}
			from := start.Add(time.Duration(r.IntN(60)) * 24 * time.Hour)
			w := calendar.Interval{Start: from, End: from.Add(7 * 24 * time.Hour)}
			var kept []calendar.Busy
			for range 1 + r.IntN(3) { // from the third on without the database
				var err error
				kept, _, err = v.Busy(t.Context(), w)
				h.must(err)
			}
			cache := h.store.busy
			h.store.busy = newBusyCache(busyBytes)
			fresh, _, err := v.Busy(t.Context(), w)
			h.must(err)
			h.store.busy = cache
			if !reflect.DeepEqual(kept, fresh) {
				t.Fatalf("kept %v\nfresh %v", kept, fresh)
			}
		}
	})
}

func TestBusyCacheIsBounded(t *testing.T) {
	c := newBusyCache(10_000)
	for i := range 100 {
		x := c.index(busyKey{folder: FolderID(i)})
		c.resized(x, 1000)
	}
	if c.size > 10_000 || len(c.byKey) != 10 || c.used.Len() != 10 {
		t.Errorf("%d bytes, %d calendars", c.size, len(c.byKey))
	}
	big := c.index(busyKey{folder: 99})
	c.resized(big, 50_000)
	if len(c.byKey) != 1 || c.size != 50_000 {
		t.Errorf("%d bytes, %d calendars", c.size, len(c.byKey))
	}
}

// busyHouse has a calendar of so many appointments a year around the window.
func busyHouse(b *testing.B, items int) (*house, FolderID) {
	h := newHouse(b, sqlite(b), Limits{})
	cal := h.folder(h.anna(), Calendar)
	start := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
	for i := range items {
		e := single(fmt.Sprint("Meeting ", i), start.Add(time.Duration(i)*365*24*time.Hour/time.Duration(items)), time.Hour)
		h.appoint(cal, e)
	}
	for range 20 {
		h.appoint(cal, weekly(b))
	}
	return h, cal
}

func BenchmarkBusyWeek(b *testing.B) {
	for _, items := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(items), func(b *testing.B) {
			h, _ := busyHouse(b, items)
			v := h.anna()
			for b.Loop() {
				_, _, err := v.Busy(context.Background(), window("2026-03-01", "2026-03-08"))
				h.must(err)
			}
		})
	}
}

func BenchmarkBusyWeekAfterAChange(b *testing.B) {
	h, cal := busyHouse(b, 1000)
	v := h.anna()
	it := h.appoint(cal, weekly(b))
	n := 0
	for b.Loop() {
		n++
		_, err := v.UpdateItem(context.Background(), it.ID, 0, 0, func(it *Item) error { it.Props.SetInt(PidTagIconIndex, int64(n)); return nil })
		h.must(err)
		_, _, err = v.Busy(context.Background(), window("2026-03-01", "2026-03-08"))
		h.must(err)
	}
}

func BenchmarkBusyFirst(b *testing.B) {
	h, _ := busyHouse(b, 1000)
	v := h.anna()
	for b.Loop() {
		h.store.busy = newBusyCache(busyBytes)
		_, _, err := v.Busy(context.Background(), window("2026-03-01", "2026-03-08"))
		h.must(err)
	}
}

func BenchmarkCalendarViewWeek(b *testing.B) {
	h, cal := busyHouse(b, 1000)
	v := h.anna()
	for b.Loop() {
		_, err := v.CalendarView(context.Background(), cal, window("2026-03-01", "2026-03-08"), 0, 0)
		h.must(err)
	}
}

func TestBusyWantIsInOrder(t *testing.T) {
	if !slices.IsSorted(busyWant[:]) || busyWant[gotSeries] != propSeries || busyWant[gotStatus] != PidLidBusyStatus ||
		busyWant[gotState] != PidLidAppointmentStateFlags || busyWant[gotReminder] != PidLidReminderSet ||
		busyWant[gotLocation] != PidLidLocation || busyWant[gotSubject] != PidTagSubject {
		t.Error(busyWant)
	}
}
