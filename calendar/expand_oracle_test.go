package calendar

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// pythonOracle reads lines "zone TAB local start TAB rule" and answers each
// with the instants of the first 40 occurrences. Where a local time is
// missing, Python's zoneinfo reads it with the offset before the gap, and where
// there are two it takes the first: the two decisions of Zone.At.
const pythonOracle = `
import sys, datetime, itertools, zoneinfo
from dateutil.rrule import rrulestr
for line in sys.stdin:
    zone, start, rule = line.rstrip("\n").split("\t")
    z = zoneinfo.ZoneInfo(zone)
    start = datetime.datetime.fromisoformat(start)
    out = itertools.islice(rrulestr(rule, dtstart=start), 40)
    print(" ".join(str(int(d.replace(tzinfo=z).timestamp())) for d in out))
`

// askPython runs the oracle over all questions at once.
func askPython(t *testing.T, questions []string) []string {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import dateutil.rrule, zoneinfo").Run(); err != nil {
		t.Skip("no /usr/bin/python3 with dateutil (package python3-dateutil): ", err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", pythonOracle)
	cmd.Stdin = strings.NewReader(strings.Join(questions, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
		answers = append(answers, s.Text())
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

var oracleZones = []string{
	"Europe/Berlin", "America/New_York", "Australia/Sydney", "America/Santiago", "Asia/Kolkata",
	"Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Auckland", "UTC", "America/Asuncion",
}

// TestAgainstDateutil compares instants, through changes of the clock in both
// hemispheres: half of the series take place in the hour that is skipped or
// repeated.
func TestAgainstDateutil(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var questions []string
	var events []Event
	for range 2000 {
		rec := randomRecurrence(r)
		rec.Range = NoEnd
		zone, err := LoadZone(oracleZones[r.IntN(len(oracleZones))])
		if err != nil {
			t.Fatal(err)
		}
		clock := time.Duration(r.IntN(24*60)) * time.Minute
		if r.IntN(2) == 0 {
			clock = time.Duration(r.IntN(4*60)) * time.Minute
		}
		local := time.Unix(int64(rec.Start)*daySeconds, 0).UTC().Add(clock)
		questions = append(questions, zone.ID+"\t"+local.Format("2006-01-02T15:04:05")+"\t"+rec.text())
		begin := zone.At(rec.Start, clock)
		if d, c := zone.Wall(begin); d != rec.Start || c != clock {
			// The first day has no such time: a series cannot begin there.
			questions = questions[:len(questions)-1]
			continue
		}
		events = append(events, Event{Start: begin, End: begin.Add(time.Hour), Zone: zone, Recurrence: &rec})
	}
	for i, answer := range askPython(t, questions) {
		e := events[i]
		window := Interval{e.Start, e.Start.AddDate(60, 0, 0)}
		occ, err := e.AppendOccurrences(nil, window, 40)
		if err != nil && err != ErrTooMany {
			t.Fatal(err)
		}
		for j, want := range strings.Fields(answer) {
			if j >= len(occ) {
				break // beyond the window
			}
			if got := fmt.Sprint(occ[j].Start.Unix()); got != want {
				t.Fatalf("%s: occurrence %d at %s, want %s", questions[i], j, got, want)
			}
		}
	}
}

// TestApproximationAgainstDateutil feeds the general expansion with rules no
// Exchange pattern has.
func TestApproximationAgainstDateutil(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var questions []string
	never := 0
	for range 500 {
		freq := pick("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
		parts := []string{"FREQ=" + freq, fmt.Sprint("INTERVAL=", 1+r.IntN(3)), "WKST=" + pick("MO", "SU", "WE")}
		if r.IntN(2) == 0 {
			parts = append(parts, "BYMONTH="+pick("1,3,5", "2", "12", "4,11"))
		}
		if r.IntN(2) == 0 && freq != "WEEKLY" {
			parts = append(parts, "BYMONTHDAY="+pick("1,15", "-1", "31", "5,-3", "13"))
		}
		if r.IntN(2) == 0 {
			days := pick("MO", "MO,WE,FR", "SA,SU", "TU")
			if freq == "MONTHLY" || freq == "YEARLY" {
				days = pick("MO", "1MO,3MO", "-2FR", "FR", "-1SU,2TU")
			}
			parts = append(parts, "BYDAY="+days)
		}
		if freq == "YEARLY" && r.IntN(3) == 0 {
			parts = []string{parts[0], parts[1], parts[2], pick("BYYEARDAY=1,100,-1", "BYWEEKNO=1,20;BYDAY=MO", "BYWEEKNO=-1;BYDAY=MO,SU", "BYWEEKNO=53;BYDAY=TH")}
		}
		if len(parts) > 3 && r.IntN(3) == 0 {
			parts = append(parts, "BYSETPOS="+pick("1", "-1", "2", "1,-1"))
		}
		start := NewDate(2005+r.IntN(15), time.January, 1+r.IntN(366))
		q := "UTC\t" + start.String() + "\t" + strings.Join(append(parts, "UNTIL=20400101T000000"), ";")
		if len(approximate(t, q)) == 0 {
			never++ // Python would look for the first until the year 9999
			continue
		}
		questions = append(questions, q)
	}
	if never > 80 {
		t.Errorf("%d of 500 rules never come true", never)
	}
	for i, answer := range askPython(t, questions) {
		if got, want := approximate(t, questions[i]), strings.Fields(answer); !slices.Equal(got, want) {
			t.Fatalf("%s:\n got %v\nwant %v", questions[i], got, want)
		}
	}
}

// approximate answers a question as the oracle does.
func approximate(t *testing.T, question string) (instants []string) {
	t.Helper()
	f := strings.Split(question, "\t")
	rule, err := parseRule(f[2])
	if err != nil {
		t.Fatal(err)
	}
	work := 1_000_000
	x := expansion{rule: &rule, start: day(f[1]), until: day("2040-01-01"), limit: 40, work: &work}
	days, _ := x.dates()
	for _, d := range days {
		instants = append(instants, fmt.Sprint(int64(d)*daySeconds))
	}
	return instants
}
