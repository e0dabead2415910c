package sharing

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente/calendar"
	"entente/mailbox"
)

// The page has no script, fetches nothing, and its one style sheet is named by
// its hash: what somebody wrote into a subject is text, and could do nothing if
// it were not. Threat M4
var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string
)

func newPage() *template.Template {
	return template.Must(template.New("page").Parse(pageText))
}

func pagePolicy() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// A page is what the template shows.
type page struct {
	Owner, Name string
	Zone        string
	Month       string
	Style       template.CSS
	Weekdays    []string
	Weeks       [][]pageDay
	Previous    string // month, as addresses have it; empty if it is not published
	Next        string
	Feed        string
	From, To    string
	Empty       bool
	More        bool
	NoIndex     bool
}

type pageDay struct {
	Date    string // 2026-11-28
	Label   string // Saturday 28 November
	Day     int
	Outside bool // of the month, or of what is published
	Today   bool
	Entries []pageEntry
}

type pageEntry struct {
	Time     string
	Words    string
	Location string
	Body     string
	Status   string
	Class    string
}

const monthLayout = "2006-01"

// render shows a month of the listing: the one that was asked for, if any of it
// is published, else the present one.
func (s *Service) render(l *listing, month string) ([]byte, error) {
	first := l.month(month)
	p := page{
		Owner: l.owner, Name: l.Name, Zone: zoneText(l.zone, l.now), Style: template.CSS(pageStyle), //nolint:gosec // embedded, ours
		Month: first.Format("January 2006"), Weekdays: []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
		Feed: secretFiles[ICalendar], More: l.more, Empty: true, NoIndex: !l.Searchable,
		From: l.window.Start.In(l.zone.Location()).Format("2 January 2006"),
		To:   l.window.End.In(l.zone.Location()).AddDate(0, 0, -1).Format("2 January 2006"),
	}
	if l.Searchable {
		p.Feed = searchableFiles[ICalendar]
	}
	if before := first.AddDate(0, -1, 0); l.hasMonth(before) {
		p.Previous = before.Format(monthLayout)
	}
	if after := first.AddDate(0, 1, 0); l.hasMonth(after) {
		p.Next = after.Format(monthLayout)
	}
	byDay := l.days()
	day := first.AddDate(0, 0, -((int(first.Weekday()) + 6) % 7)) // Monday; ISO 8601
	for day.Before(first.AddDate(0, 1, 0)) {
		week := make([]pageDay, 7)
		for i := range week {
			week[i] = l.day(day, first, byDay)
			p.Empty = p.Empty && (week[i].Outside || len(week[i].Entries) == 0)
			day = day.AddDate(0, 0, 1)
		}
		p.Weeks = append(p.Weeks, week)
	}
	var b bytes.Buffer
	err := s.page.Execute(&b, &p)
	return b.Bytes(), err
}

// month returns the first day of the month to be shown. Days of a page are kept
// as midnights in UTC, where each has 24 hours.
func (l *listing) month(asked string) time.Time {
	now := l.now.In(l.zone.Location())
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	if t, err := time.Parse(monthLayout, asked); err == nil && l.hasMonth(t) {
		first = t
	}
	return first
}

func (l *listing) hasMonth(first time.Time) bool {
	start, end := l.zone.Midnight(calendar.DateOf(first)), l.zone.Midnight(calendar.DateOf(first.AddDate(0, 1, 0)))
	return start.Before(l.window.End) && end.After(l.window.Start)
}

// days sorts the entries by the days they touch.
func (l *listing) days() map[calendar.Date][]*mailbox.Shown {
	byDay := map[calendar.Date][]*mailbox.Shown{}
	for i := range l.shown {
		e := &l.shown[i]
		from, to := l.extent(e)
		for d := max(from, l.dateOf(l.window.Start)); d <= min(to, l.dateOf(l.window.End)-1); d++ {
			byDay[d] = append(byDay[d], e)
		}
	}
	return byDay
}

func (l *listing) dateOf(t time.Time) calendar.Date {
	return calendar.DateOf(t.In(l.zone.Location()))
}

// extent is the first and the last day an entry touches. An all-day one has its
// days by the clock of its own zone.
func (l *listing) extent(e *mailbox.Shown) (from, to calendar.Date) {
	zone := l.zone
	if e.AllDay {
		zone = e.Zone
	}
	from = calendar.DateOf(e.Start.In(zone.Location()))
	to = from
	if e.End.After(e.Start) {
		to = calendar.DateOf(e.End.Add(-time.Nanosecond).In(zone.Location()))
	}
	return from, to
}

func (l *listing) day(day, first time.Time, byDay map[calendar.Date][]*mailbox.Shown) pageDay {
	date := calendar.DateOf(day)
	at := l.zone.Midnight(date)
	d := pageDay{
		Date: day.Format(time.DateOnly), Label: day.Format("Monday 2 January"), Day: day.Day(),
		Outside: day.Month() != first.Month() || at.Before(l.window.Start) || !at.Before(l.window.End),
		Today:   date == l.dateOf(l.now),
	}
	if d.Outside {
		return d
	}
	for _, e := range byDay[date] {
		d.Entries = append(d.Entries, l.entry(e, date))
	}
	slices.SortStableFunc(d.Entries, func(a, b pageEntry) int { return strings.Compare(a.Time, b.Time) }) // all day first
	return d
}

func (l *listing) entry(e *mailbox.Shown, day calendar.Date) pageEntry {
	p := pageEntry{
		Time: l.times(e, day), Words: words(e), Status: statusText(e.Status), Body: clip(strings.TrimSpace(e.Body)),
		Class: strings.ToLower(strings.ReplaceAll(statusText(e.Status), " ", "-")),
	}
	if e.Detail != nil {
		p.Location = e.Detail.Location
	}
	if e.Detail == nil || e.Status == calendar.StatusBusy {
		p.Status = "" // it has been said, or goes without saying
	}
	return p
}

// times are the hours of an entry on one of its days.
func (l *listing) times(e *mailbox.Shown, day calendar.Date) string {
	from, to := l.extent(e)
	start, end := e.Start.In(l.zone.Location()).Format("15:04"), e.End.In(l.zone.Location()).Format("15:04")
	switch {
	case e.AllDay, day > from && day < to:
		return ""
	case e.Start.Equal(e.End):
		return start
	case from == to:
		if end == "00:00" {
			end = "24:00"
		}
		return start + "–" + end
	case day == from:
		return start + "–24:00"
	}
	return "00:00–" + end
}

// zoneText names a zone with what its clocks show now.
func zoneText(z calendar.Zone, now time.Time) string {
	name := z.IANA()
	if name == "" {
		name = z.ID
	}
	_, offset := now.In(z.Location()).Zone()
	if offset == 0 {
		return name
	}
	sign := '+'
	if offset < 0 {
		sign, offset = '−', -offset
	}
	text := fmt.Sprintf("%s, UTC%c%s", name, sign, strconv.Itoa(offset/3600))
	if m := offset / 60 % 60; m != 0 {
		text += fmt.Sprintf(":%02d", m)
	}
	return text
}
