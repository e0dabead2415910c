package main

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/easclient"
	"entente/activesync/wbxml"
	"entente/calendar"
)

// item is a calendar item of a phone, made of what write writes.
func item(t *testing.T, write func(w *wbxml.Writer)) *easclient.Item {
	t.Helper()
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.AirSyncApplicationData)
	write(w)
	w.End()
	e, err := wbxml.Parse(w.Bytes(), wbxml.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return &easclient.Item{ID: "1", Class: activesync.Calendar, Data: e}
}

// A phone shows what is next of a series, with what was moved and deleted of it, in
// the zone it was made in.
func TestNextAppointment(t *testing.T) {
	zone, err := new(calendar.Zones).Load("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	info := calendar.InformationOf(zone, 2026)
	blob, err := info.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	type values map[wbxml.Tag]string
	test := func(name, now, want string, rule values, exceptions ...values) {
		t.Helper()
		it := item(t, func(w *wbxml.Writer) {
			w.Text(wbxml.CalendarTimezone, base64.StdEncoding.EncodeToString(blob))
			w.Text(wbxml.CalendarStartTime, "20261005T070000Z") // a Monday, 09:00 in summer
			w.Text(wbxml.CalendarEndTime, "20261005T080000Z")
			w.Text(wbxml.CalendarSubject, "Review")
			if rule != nil {
				w.Start(wbxml.CalendarRecurrence)
				for tag, v := range rule {
					w.Text(tag, v)
				}
				w.End()
			}
			w.Start(wbxml.CalendarExceptions)
			for _, e := range exceptions {
				w.Start(wbxml.CalendarException)
				for tag, v := range e {
					w.Text(tag, v)
				}
				w.End()
			}
			w.End()
		})
		at, err := time.Parse(compact, now)
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		if a, ok := nextOf(it, at); ok {
			got = a.Start.Format(compact) + " " + a.Subject
		}
		if got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
	weekly := values{wbxml.CalendarType: "1", wbxml.CalendarDayOfWeek: "2"}
	test("one to come", "20261004T000000Z", "20261005T070000Z Review", nil)
	test("one that goes on", "20261005T073000Z", "20261005T070000Z Review", nil)
	test("one that is over", "20261005T080000Z", "none", nil)
	test("weekly", "20261013T000000Z", "20261019T070000Z Review", weekly)
	test("weekly, in winter", "20261101T000000Z", "20261102T080000Z Review", weekly)
	test("weekly, while it goes on", "20261019T073000Z", "20261019T070000Z Review", weekly)
	test("a number", "20261013T000000Z", "none", values{wbxml.CalendarType: "1", wbxml.CalendarDayOfWeek: "2", wbxml.CalendarOccurrences: "2"})
	test("until", "20261013T000000Z", "none", values{wbxml.CalendarType: "1", wbxml.CalendarDayOfWeek: "2", wbxml.CalendarUntil: "20261012T070000Z"})
	test("monthly", "20261013T000000Z", "20261105T080000Z Review", values{wbxml.CalendarType: "2", wbxml.CalendarDayOfMonth: "5"})
	test("on the last Friday", "20261013T000000Z", "20261030T080000Z Review", values{
		wbxml.CalendarType: "3", wbxml.CalendarDayOfWeek: "32", wbxml.CalendarWeekOfMonth: "5",
	})
	test("deleted", "20261013T000000Z", "20261026T080000Z Review", weekly, values{
		wbxml.CalendarExceptionStartTime: "20261019T070000Z", wbxml.CalendarDeleted: "1",
	})
	test("moved", "20261013T000000Z", "20261021T070000Z Moved", weekly, values{
		wbxml.CalendarExceptionStartTime: "20261019T070000Z", wbxml.CalendarStartTime: "20261021T070000Z",
		wbxml.CalendarEndTime: "20261021T080000Z", wbxml.CalendarSubject: "Moved",
	})
	test("an unknown rule", "20261013T000000Z", "none", values{wbxml.CalendarType: "99"})
}

func TestPhoneRefusesWhatItCannotDo(t *testing.T) {
	test := func(want string, args ...string) {
		t.Helper()
		if _, problems, code := typed(t, append([]string{"phone"}, args...)...); code == 0 || !strings.Contains(problems, want) {
			t.Errorf("%v: %d %q", args, code, problems)
		}
	}
	test("--url", "--user=anna@contoso.example")
	test("password", "--url=https://127.0.0.1:1/", "--user=anna@contoso.example")
	test("password", "--url=https://127.0.0.1:1/", "--user=anna@contoso.example", "--stdin")
	test("--wait", "--url=https://127.0.0.1:1/", "--user=anna@contoso.example", "--wait=-1s")
	test("--protocol", "--url=https://127.0.0.1:1/", "--user=anna@contoso.example", "--protocol=2.5")
}
