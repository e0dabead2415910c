package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"entente/calendar"
)

// A year of plausible calendars, half of it past: series that every office
// has, in the zone of their owner, and single appointments with colleagues.
const (
	pastDays   = 182
	futureDays = 183
	singles    = 45 // appointments a person
)

// calendars makes everybody's events. The same seed gives the same year.
type calendars struct {
	rand  *rand.Rand
	today calendar.Date
	zones *calendar.Zones
	mail  func(alias string) string
}

// of returns the events of one person.
func (c *calendars) of(p *person) ([]*calendar.Event, error) {
	zone, err := c.zones.Load(p.zone)
	if err != nil {
		return nil, err
	}
	b := &book{c: c, p: p, zone: zone}
	b.standup()
	b.planning()
	b.oneToOne()
	b.lunch()
	b.review()
	b.vacation()
	for range singles {
		b.single()
	}
	return b.events, nil
}

// A book is one person's calendar being written.
type book struct {
	c      *calendars
	p      *person
	zone   calendar.Zone
	events []*calendar.Event
}

func (b *book) at(d calendar.Date, hour, minute int) time.Time {
	return b.zone.At(d, time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute)
}

// add puts an event on a day, at local hours.
func (b *book) add(subject string, d calendar.Date, hour, minute, length int) *calendar.Event {
	start := b.at(d, hour, minute)
	e := &calendar.Event{
		UID:     fmt.Sprintf("%s-%03d-%s", b.p.alias, len(b.events), strings.ReplaceAll(strings.ToLower(subject), " ", "-")),
		Subject: subject, Location: b.p.office,
		Start: start, End: start.Add(time.Duration(length) * time.Minute),
		Zone: b.zone, Status: calendar.StatusBusy,
		ReminderSet: true, ReminderMinutes: 15, Response: calendar.OrganizerResponse,
	}
	b.events = append(b.events, e)
	return e
}

func (b *book) first() calendar.Date { return b.c.today - pastDays }

// standup is every working day, with a deleted and a moved occurrence.
func (b *book) standup() {
	e := b.add(b.p.department+" stand-up", b.next(b.first(), time.Monday), 9, 15, 15)
	e.Recurrence = &calendar.Recurrence{
		Pattern: calendar.Weekly, Interval: 1, Days: calendar.WorkDays, FirstDayOfWeek: time.Monday,
		Start: b.next(b.first(), time.Monday), Range: calendar.NoEnd,
	}
	skip := b.next(b.c.today+7, time.Wednesday)
	e.Delete(skip)
	moved := b.next(b.c.today+7, time.Thursday)
	e.SetException(calendar.Exception{Original: moved, Start: b.at(moved, 11, 0), End: b.at(moved, 11, 15)})
}

// planning is every second Tuesday.
func (b *book) planning() {
	start := b.next(b.first(), time.Tuesday)
	e := b.add("Planning", start, 10, 0, 90)
	e.Recurrence = &calendar.Recurrence{
		Pattern: calendar.Weekly, Interval: 2, Days: calendar.On(time.Tuesday), FirstDayOfWeek: time.Monday,
		Start: start, Range: calendar.EndDate, End: b.c.today + futureDays,
	}
}

// oneToOne is every Thursday, private.
func (b *book) oneToOne() {
	start := b.next(b.first(), time.Thursday)
	e := b.add("One-to-one", start, 14+b.c.rand.IntN(3), 30, 30)
	e.Sensitivity = calendar.Private
	e.Recurrence = &calendar.Recurrence{
		Pattern: calendar.Weekly, Interval: 1, Days: calendar.On(time.Thursday), FirstDayOfWeek: time.Monday,
		Start: start, Range: calendar.Numbered, Count: 40,
	}
}

// lunch is on the first Friday of the month.
func (b *book) lunch() {
	e := b.add("Team lunch", b.first(), 12, 0, 75)
	e.Status = calendar.StatusTentative
	e.Recurrence = &calendar.Recurrence{
		Pattern: calendar.RelativeMonthly, Interval: 1, Days: calendar.On(time.Friday), DayOfWeekIndex: calendar.First,
		Start: b.first(), Range: calendar.NoEnd,
	}
	if d, ok := e.Recurrence.Begin(); ok {
		e.Start, e.End = b.at(d, 12, 0), b.at(d, 13, 15)
	}
}

// review is on the last day of each month.
func (b *book) review() {
	e := b.add("Month-end review", b.first(), 16, 0, 60)
	e.Recurrence = &calendar.Recurrence{
		Pattern: calendar.AbsoluteMonthly, Interval: 1, DayOfMonth: 31,
		Start: b.first(), Range: calendar.NoEnd,
	}
	if d, ok := e.Recurrence.Begin(); ok {
		e.Start, e.End = b.at(d, 16, 0), b.at(d, 17, 0)
	}
}

// vacation is two weeks away, all day long.
func (b *book) vacation() {
	d := b.next(b.c.today+calendar.Date(20+b.c.rand.IntN(120)), time.Monday)
	e := b.add("Vacation", d, 0, 0, 0)
	e.End = b.zone.At(d+12, 0)
	e.AllDay, e.Status, e.Location, e.ReminderSet = true, calendar.StatusOOF, "", false
}

var subjects = []string{
	"Customer call", "Design review", "Budget", "Interview", "Contract with Fabrikam", "Roadmap",
	"Release check", "Security review", "Supplier visit", "Training", "Retrospective", "Site visit",
}

// single is one appointment on a working day, with some colleagues.
func (b *book) single() {
	r := b.c.rand
	d := b.c.today - pastDays + calendar.Date(r.IntN(pastDays+futureDays))
	if day := d.Weekday(); day == time.Saturday || day == time.Sunday {
		d += 2
	}
	e := b.add(subjects[r.IntN(len(subjects))], d, 9+r.IntN(9), 30*r.IntN(2), 30*(1+r.IntN(4)))
	e.Body = "Agenda follows.\r\n"
	if r.IntN(6) == 0 {
		e.Status = calendar.StatusTentative
	}
	if r.IntN(10) == 0 {
		e.Status, e.Location = calendar.StatusOOF, "Fabrikam, Redmond"
	}
	if r.IntN(3) == 0 {
		e.Organizer = calendar.Attendee{Name: b.p.name(), Address: b.c.mail(b.p.alias)}
		for range 1 + r.IntN(3) {
			q := &people[r.IntN(len(people))]
			if q.alias != b.p.alias {
				e.Attendees = append(e.Attendees, calendar.Attendee{Name: q.name(), Address: b.c.mail(q.alias), Response: calendar.Accepted})
			}
		}
	}
}

// next is the first given weekday on or after d.
func (b *book) next(d calendar.Date, day time.Weekday) calendar.Date {
	for d.Weekday() != day {
		d++
	}
	return d
}
