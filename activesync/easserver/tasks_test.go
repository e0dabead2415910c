package easserver

import (
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// addTask adds a task from a phone.
func (c *call) addTask(tb testing.TB, in *wbxml.Element) *mailbox.Item {
	tb.Helper()
	it, _, err := taskClass{}.create(c, c.folderOf(tb, mailbox.Tasks), in, "")
	if err != nil {
		tb.Fatal(err)
	}
	return it
}

func (c *call) editTask(tb testing.TB, it *mailbox.Item, in *wbxml.Element) *mailbox.Item {
	tb.Helper()
	it, _, err := taskClass{}.change(c, it, in, &options{})
	if err != nil {
		tb.Fatal(err)
	}
	return it
}

// TestTasksOfPhones adds a task as a desktop add-on does, shows it, takes it back
// as it was, and completes it, in each version.
func TestTasksOfPhones(t *testing.T) {
	h := open(t)
	for _, v := range activesync.Versions() {
		c := h.call("anna", v)
		it := c.addTask(t, appData(t, fields(
			wbxml.TasksSubject, "Report", wbxml.AirSyncBaseBody, fields(wbxml.AirSyncBaseType, "1", wbxml.AirSyncBaseData, "three pages"),
			wbxml.TasksImportance, "2", wbxml.TasksSensitivity, "2", wbxml.TasksUtcStartDate, "2026-08-01T08:00:00.000Z", wbxml.TasksStartDate, "2026-08-01T10:00:00.000Z",
			wbxml.TasksUtcDueDate, "2026-08-03T08:00:00.000Z", wbxml.TasksDueDate, "2026-08-03T10:00:00.000Z", wbxml.TasksComplete, "0",
			wbxml.TasksReminderSet, "1", wbxml.TasksReminderTime, "2026-08-01T07:00:00.000Z", wbxml.TasksCategories, fields(wbxml.TasksCategory, "Work"),
			wbxml.TasksOrdinalDate, "2026-07-01T07:00:00.000Z", wbxml.TasksSubOrdinalDate, "5555555",
		)))
		// What EWS reads of it.
		ps := &h.item("anna", it.ID).Props
		due, _ := ps.Time(mailbox.PidLidTaskDueDate)
		n, _ := ps.Int(mailbox.PidTagImportance)
		if !due.Equal(at("2026-08-03T10:00:00Z")) || n != 2 || !ps.Bool(mailbox.PidLidPrivate) || ps.String(mailbox.PidTagSubject) != "Report" || ps.Bool(mailbox.PidLidTaskComplete) {
			t.Errorf("%s: due %v, importance %d", v, due, n)
		}
		got := c.asWritten(t, taskClass{}, it)
		for tag, want := range map[wbxml.Tag]string{
			wbxml.TasksSubject: "Report", wbxml.TasksImportance: "2", wbxml.TasksSensitivity: "2", wbxml.TasksUtcStartDate: "2026-08-01T08:00:00.000Z",
			wbxml.TasksStartDate: "2026-08-01T10:00:00.000Z", wbxml.TasksUtcDueDate: "2026-08-03T08:00:00.000Z", wbxml.TasksDueDate: "2026-08-03T10:00:00.000Z",
			wbxml.TasksComplete: "0", wbxml.TasksReminderSet: "1", wbxml.TasksReminderTime: "2026-08-01T07:00:00.000Z",
			wbxml.TasksOrdinalDate: "2026-07-01T07:00:00.000Z", wbxml.TasksSubOrdinalDate: "5555555",
		} {
			if got.Get(tag) != want {
				t.Errorf("%s: %s is %q, want %q", v, tag, got.Get(tag), want)
			}
		}
		if same := c.editTask(t, it, got); same.Change != it.Change {
			t.Errorf("%s: what was shown is a change", v)
		}
		c.editTask(t, it, appData(t, fields(wbxml.TasksComplete, "1", wbxml.TasksDateCompleted, "2026-08-02T00:00:00.000Z")))
		ps = &h.item("anna", it.ID).Props
		status, _ := ps.Int(mailbox.PidLidTaskStatus)
		percent, _ := ps.Float(mailbox.PidLidPercentComplete)
		done, _ := ps.Time(mailbox.PidLidTaskDateCompleted)
		if status != taskComplete || percent != 1 || !done.Equal(at("2026-08-02T00:00:00Z")) || ps.String(mailbox.PidTagSubject) != "Report" {
			t.Errorf("%s: status %d, %v %%, on %v", v, status, percent*100, done)
		}
		c.editTask(t, it, appData(t, fields(wbxml.TasksComplete, "0", wbxml.TasksReminderSet, "0", wbxml.TasksDueDate, "", wbxml.TasksUtcDueDate, "", wbxml.TasksCategories, "")))
		got = c.asWritten(t, taskClass{}, it)
		if got.Get(wbxml.TasksComplete) != "0" || got.Has(wbxml.TasksDateCompleted) || got.Has(wbxml.TasksDueDate) || got.Has(wbxml.TasksReminderTime) || got.Has(wbxml.TasksCategories) || !got.Has(wbxml.TasksStartDate) {
			t.Errorf("%s: %s", v, dump(got))
		}
	}
}

// TestTaskRecurrences reads how tasks come back, writes it, and reads it again.
func TestTaskRecurrences(t *testing.T) {
	h := open(t)
	c := h.call("anna", activesync.V161)
	start := calendar.NewDate(2026, time.August, 3)
	for name, tc := range map[string]struct {
		in   []any
		want calendar.Recurrence
	}{
		"weekly": {
			[]any{wbxml.TasksType, "1", wbxml.TasksDayOfWeek, "2", wbxml.TasksFirstDayOfWeek, "1"},
			calendar.Recurrence{Pattern: calendar.Weekly, Interval: 1, Days: calendar.OnMonday, FirstDayOfWeek: time.Monday},
		},
		"monthly until a day": {
			[]any{wbxml.TasksType, "2", wbxml.TasksDayOfMonth, "3", wbxml.TasksUntil, "2027-01-31T00:00:00.000Z"},
			calendar.Recurrence{Pattern: calendar.AbsoluteMonthly, Interval: 1, DayOfMonth: 3, Range: calendar.EndDate, End: calendar.NewDate(2027, 1, 31)},
		},
		"ten days after it was done": {
			[]any{wbxml.TasksType, "0", wbxml.TasksInterval, "10", wbxml.TasksRegenerate, "1"},
			calendar.Recurrence{Pattern: calendar.DailyRegeneration, Interval: 10},
		},
		"a year after it was done, three times": {
			[]any{wbxml.TasksType, "5", wbxml.TasksRegenerate, "1", wbxml.TasksOccurrences, "3"},
			calendar.Recurrence{Pattern: calendar.YearlyRegeneration, Interval: 1, Range: calendar.Numbered, Count: 3},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.want.Start = start
			it := c.addTask(t, appData(t, fields(wbxml.TasksSubject, name, wbxml.TasksRecurrence, func(w *wbxml.Writer) {
				fields(append(tc.in, wbxml.TasksStart, "2026-08-03T00:00:00.000Z", wbxml.TasksDeadOccur, "1")...)(w)
			})))
			r, err := h.item("anna", it.ID).TaskRecurrence()
			if err != nil || r == nil || *r != tc.want {
				t.Fatalf("%+v, %v, want %+v", r, err, tc.want)
			}
			got := c.asWritten(t, taskClass{}, it)
			if got.Child(wbxml.TasksRecurrence).Get(wbxml.TasksDeadOccur) != "1" {
				t.Errorf("%s", dump(got))
			}
			if same := c.editTask(t, it, got); same.Change != it.Change {
				t.Errorf("what was shown is a change: %s", dump(got))
			}
			c.editTask(t, it, appData(t, fields(wbxml.TasksRecurrence, "")))
			if r, err := h.item("anna", it.ID).TaskRecurrence(); r != nil || err != nil {
				t.Errorf("%+v is left, %v", r, err)
			}
		})
	}
}

// TestTasksOfEWS shows tasks as EWS keeps them: a due day without an instant, a
// state in between, and a recurrence in the older form.
func TestTasksOfEWS(t *testing.T) {
	h := open(t)
	c := h.call("anna", activesync.V161)
	it := &mailbox.Item{Class: "IPM.Task"}
	it.Props.SetString(mailbox.PidTagSubject, "Half")
	it.Props.SetTime(mailbox.PidLidTaskDueDate, at("2026-08-03T00:00:00Z"))
	it.Props.SetTime(mailbox.PidLidCommonEnd, at("2026-01-01T00:00:00Z")) // of an earlier day
	it.Props.SetInt(mailbox.PidLidTaskStatus, 1)
	it.Props.SetFloat(mailbox.PidLidPercentComplete, 0.5)
	h.must(it.SetTaskRecurrence(&calendar.Recurrence{Pattern: calendar.Daily, Interval: 300, Start: calendar.NewDate(2026, 8, 3), Range: calendar.Numbered, Count: 400}))
	id := h.make("anna", mailbox.Tasks, it)
	it = h.item("anna", id)
	got := c.asWritten(t, taskClass{}, it)
	if got.Get(wbxml.TasksUtcDueDate) != "2026-08-03T00:00:00.000Z" || got.Get(wbxml.TasksImportance) != "1" || got.Child(wbxml.TasksRecurrence).Get(wbxml.TasksOccurrences) != "255" {
		t.Errorf("%s", dump(got))
	}
	c.editTask(t, it, appData(t, func(w *wbxml.Writer) {
		for el := range got.Children() {
			if el.Tag == wbxml.TasksSubject {
				w.Text(el.Tag, "Half done")
			} else {
				copyElement(w, el)
			}
		}
	}))
	after := h.item("anna", id)
	status, _ := after.Props.Int(mailbox.PidLidTaskStatus)
	percent, _ := after.Props.Float(mailbox.PidLidPercentComplete)
	r, err := after.TaskRecurrence()
	if status != 1 || percent != 0.5 || err != nil || r.Count != 400 || after.Props.String(mailbox.PidTagSubject) != "Half done" {
		t.Errorf("status %d, %v, %+v, %v", status, percent, r, err)
	}
}
