package sharing

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/mailbox"
)

// hostile is what people write who want more than to be read.
const hostile = `</title></style><script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`" + `&lt;b&gt;{{.Style}}` + "\u202e\u2028"

func berlin(t *testing.T) calendar.Zone {
	t.Helper()
	z, err := calendar.LoadZone("W. Europe Standard Time")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// sample is Anna's week as it is shown with a level.
func sample(t *testing.T, level Level) *listing {
	zone := berlin(t)
	at := func(day, hour, minute int) time.Time {
		return zone.At(calendar.NewDate(2026, time.November, day), time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute)
	}
	l := &listing{
		Publication: &Publication{
			Mailbox: entente.MailboxID{0xa}, Folder: 9, Name: "Calendar", Settings: Settings{Level: level, Behind: OneMonth, Ahead: ThreeMonths},
			Changed: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), secret: [16]byte{1, 2, 3},
		},
		owner: "Anna Adler", now: at(12, 9, 30), zone: zone,
	}
	l.window = l.Settings.window(l.now, zone)
	add := func(start, end time.Time, status calendar.BusyStatus, subject, location, body string) *mailbox.Shown {
		s := mailbox.Shown{Busy: calendar.Busy{Interval: calendar.Interval{Start: start, End: end}, Status: status}, Key: access.ItemKey{Content: uint64(len(l.shown) + 1)}, Zone: zone}
		if level > AvailabilityOnly {
			s.Detail = &calendar.BusyDetail{Subject: subject, Location: location}
		}
		if level == FullDetails {
			s.Body = body
		}
		l.shown = append(l.shown, s)
		return &l.shown[len(l.shown)-1]
	}
	for day := 2; day <= 30; day += 7 {
		add(at(day, 9, 0), at(day, 9, 30), calendar.StatusBusy, "Planning", "Room Berlin", "What comes this week.\nBring numbers.")
	}
	add(at(4, 13, 0), at(4, 14, 30), calendar.StatusTentative, "Lunch with Fabrikam", "Osteria", "")
	add(at(11, 10, 0), at(11, 11, 0), calendar.StatusBusy, "A review of the quarter that has rather a long name and does not fit into one line", "Room Hamburg, third floor, behind the kitchen", "")
	if p := add(at(12, 11, 0), at(12, 12, 0), calendar.StatusBusy, "", "", ""); p.Detail != nil {
		p.Detail.Private = true
	}
	add(at(12, 14, 0), at(12, 15, 0), calendar.StatusWorkingElsewhere, "Focus", "Home", "")
	add(at(12, 16, 0), at(12, 16, 30), calendar.StatusBusy, "One to one", "Teams", "Topics:\n1. budget\n2. holidays")
	add(at(17, 18, 0), at(18, 2, 0), calendar.StatusOOF, "Night train", "", "")
	all := add(at(23, 0, 0), at(26, 0, 0), calendar.StatusOOF, "Conference", "Vienna", "")
	all.AllDay = true
	add(at(27, 8, 0), at(27, 8, 0), calendar.StatusFree, hostile, hostile, hostile)
	return l
}

func rendered(t *testing.T, l *listing, month string) string {
	t.Helper()
	s := &Service{page: newPage()}
	b, err := s.render(l, month)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestHostileText holds that what somebody wrote is text, wherever it stands:
// no byte of it opens or closes a tag. Threat M4
func TestHostileText(t *testing.T) {
	l := sample(t, FullDetails)
	l.owner, l.Name = hostile, hostile
	page := rendered(t, l, "")
	tags := func(s string) map[string]int {
		n := map[string]int{}
		for _, part := range strings.Split(s, "<")[1:] {
			name, _, _ := strings.Cut(part, ">")
			name, _, _ = strings.Cut(name, " ")
			n[name]++
		}
		return n
	}
	plain := sample(t, FullDetails)
	for i := range plain.shown {
		if d := plain.shown[i].Detail; d.Subject == hostile {
			d.Subject, d.Location, plain.shown[i].Body = "x", "x", "x"
		}
	}
	if got, want := fmt.Sprint(tags(page)), fmt.Sprint(tags(rendered(t, plain, ""))); got != want {
		t.Errorf("text made tags: %s, not %s", got, want)
	}
	for _, bad := range []string{"<script", "<img", "onerror=alert(1)>", "</title></style>"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if strings.Count(page, "alert(1)") < 4 || !strings.Contains(page, "&lt;script&gt;") {
		t.Error("what was written is not shown")
	}
	if strings.Contains(page, " style=") || strings.Contains(page, ` src="`) || strings.Contains(page, "javascript:") {
		t.Error("the page loads or styles something by itself")
	}
}

// TestPageStyleIsAllowed holds that the policy's hash is that of the style as the
// page has it, to the byte.
func TestPageStyleIsAllowed(t *testing.T) {
	page := rendered(t, sample(t, LimitedDetails), "")
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	if style != pageStyle {
		t.Errorf("the style is written as %.80q…", style)
	}
}

func TestPage(t *testing.T) {
	test := func(level Level, month string, with, without []string) {
		t.Helper()
		page := rendered(t, sample(t, level), month)
		for _, s := range with {
			if !strings.Contains(page, s) {
				t.Errorf("%s %s lacks %q", level, month, s)
			}
		}
		for _, s := range without {
			if strings.Contains(page, s) {
				t.Errorf("%s %s has %q", level, month, s)
			}
		}
	}
	test(AvailabilityOnly, "",
		[]string{"November 2026", "09:00–09:30", ">Busy<", ">Tentative<", ">Away<", `href="?month=2026-10"`, `href="?month=2026-12"`, "UTC&#43;1", `href="reachcalendar.ics"`, `content="noindex, nofollow"`, "00:00–02:00", "18:00–24:00", "12 October 2026 to 12 February 2027"},
		[]string{"Planning", "Room", "Private", "Conference", "numbers"})
	test(LimitedDetails, "", []string{"Planning", "Room Berlin", "Private appointment", "Conference", "Vienna"}, []string{"numbers", "<details"})
	test(FullDetails, "", []string{"Bring numbers.", "<details"}, nil)
	test(FullDetails, "2026-12", []string{"December 2026", "Nothing in this month."}, []string{"Planning"})
	test(FullDetails, "2027-02", []string{"February 2027"}, []string{`rel="next"`})
	// Months that are not published, or none, are the present one.
	for _, bad := range []string{"2026-09", "2027-03", "2026-13", "x", "0000-01", "2026-11-01", "<script>"} {
		test(FullDetails, bad, []string{"November 2026"}, []string{"<script"})
	}
	l := sample(t, FullDetails)
	l.Searchable = true
	if page := rendered(t, l, ""); strings.Contains(page, "noindex") || !strings.Contains(page, `href="calendar.ics"`) {
		t.Error("a calendar that may be searched for says that it may not")
	}
	if a, b := rendered(t, l, ""), rendered(t, l, "2026-11"); a != b || !bytes.Equal([]byte(a), []byte(b)) {
		t.Error("the same month is shown differently")
	}
}

// TestWritePages writes the pages for looking at them, to the folder named by
// ENTENTE_PAGES.
func TestWritePages(t *testing.T) {
	folder := os.Getenv("ENTENTE_PAGES")
	if folder == "" {
		t.Skip("ENTENTE_PAGES names no folder to write pages into")
	}
	for _, level := range levels {
		if err := os.WriteFile(folder+"/"+level.String()+".html", []byte(rendered(t, sample(t, level), "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
