package easserver

import (
	"encoding/base64"
	"sync"
	"time"

	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// A phoneZone is a time zone as phones see it: the rules of one year, in force for
// ever.
type phoneZone struct {
	text string        // base64 of the 172 bytes. [MS-ASDTYPE] 2.7.6
	zone calendar.Zone // with those rules and no others
}

// phoneZones keeps how zones are written, which costs more than the rest of an
// event. What it keeps is bounded by the zones that have names, and by years.
type phoneZones struct{ known sync.Map } // phoneZoneKey → phoneZone

type phoneZoneKey struct {
	iana string
	year int
}

// of returns how a zone is written with the rules of a year.
func (p *phoneZones) of(z calendar.Zone, year int) phoneZone {
	if z.IsZero() {
		z = calendar.UTC()
	}
	key := phoneZoneKey{z.IANA(), year}
	keep := key.iana != "" && year >= 1970 && year < 2100
	if keep {
		if v, ok := p.known.Load(key); ok {
			return v.(phoneZone)
		}
	}
	info := calendar.InformationOf(z, year)
	out := phoneZone{zoneBlob(&info), z}
	if rules, err := info.SerializableTimeZone.Zone(); err == nil {
		out.zone = rules
	}
	if keep {
		p.known.Store(key, out)
	}
	return out
}

func zoneBlob(info *calendar.TimeZoneInformation) string {
	b, _ := info.AppendBinary(make([]byte, 0, 172)) // does not fail
	return base64.StdEncoding.EncodeToString(b)
}

// zoneText is how a zone is written for one that begins at a time: with the rules
// of its year, or, where those are no yearly round or not in force yet, with the
// offset of that time. A phone reads the day of an all-day event off it.
func (c *call) zoneText(z calendar.Zone, at time.Time) string {
	p := c.h.zones.of(z, at.Year())
	if zoneOffset(p.zone, at) == zoneOffset(z, at) {
		return p.text
	}
	info := calendar.InformationOf(z, at.Year())
	info.SerializableTimeZone = calendar.SerializableTimeZone{Bias: -time.Duration(zoneOffset(z, at)) * time.Second}
	return zoneBlob(&info)
}

func zoneOffset(z calendar.Zone, at time.Time) int {
	_, off := at.In(z.Location()).Zone()
	return off
}

// seriesYear is the year whose rules a series is written with: its occurrences of
// now are what counts, and not how the clocks were set when it began.
func (c *call) seriesYear(e *calendar.Event) int {
	year := c.s.Now().Year()
	if start := e.Start.In(e.Zone.Location()).Year(); start > year {
		year = start
	}
	return year
}

// onPhone is an event as a phone is to see it. A series gets the one year's rules
// that the phone expands it by, and keeps its wall clock: where rules have changed
// since it began, it would otherwise be shown an hour off for good.
func (c *call) onPhone(e *calendar.Event) (*calendar.Event, string) {
	if e.Recurrence == nil {
		return e, c.zoneText(e.Zone, e.Start)
	}
	p := c.h.zones.of(e.Zone, c.seriesYear(e))
	day, clock := e.Zone.Wall(e.Start)
	start := p.zone.At(day, clock)
	if start.Equal(e.Start) {
		shown := *e
		shown.Zone = p.zone
		return &shown, p.text
	}
	shown := *e
	endDay, endClock := e.Zone.Wall(e.End)
	shown.Zone, shown.Start, shown.End = p.zone, start, p.zone.At(endDay, endClock)
	return &shown, p.text
}

// Names of what is kept of a phone for its calendar.
const (
	stateZone    = "calendar zone"
	stateAnswers = "calendar answers"
)

// lastZone is the zone that the phone named last: where its user is, as far as
// anybody knows. Not to know is no error.
func (c *call) lastZone() calendar.Zone {
	states, err := c.view.ClientState(c.ctx, c.client(), stateZone)
	if err != nil || len(states) == 0 || len(states[0].Value) == 0 {
		return calendar.Zone{}
	}
	z, _ := c.zones().Load(string(states[0].Value))
	return z
}

// noteZone keeps a zone for lastZone. An all-day event of 16.0 and later has no
// zone, and some phones never say its name.
func (c *call) noteZone(z calendar.Zone) {
	if z.IANA() == "" || c.lastZone().ID == z.ID {
		return
	}
	// That it could not be kept costs a name, not an event.
	_ = c.view.SetClientState(c.ctx, c.client(), mailbox.ClientState{Name: stateZone, Value: []byte(z.ID)})
}

// zones are the zones of the store, which are read once.
func (c *call) zones() *calendar.Zones { return c.view.Zones() }

// readZone reads the zone in ApplicationData. had is that which the event has
// already. told is false if there is none, or none that means anything.
func (c *call) readZone(in *wbxml.Element, had calendar.Zone, at time.Time) (z calendar.Zone, told bool) {
	s := in.Get(wbxml.CalendarTimezone)
	b, err := base64.StdEncoding.DecodeString(s)
	var info calendar.TimeZoneInformation
	if s != "" && err == nil {
		err = info.UnmarshalBinary(b)
	}
	if s == "" || err != nil {
		if had.IsZero() {
			had = c.lastZone()
		}
		return had, false
	}
	years := [...]int{c.s.Now().Year(), at.Year(), c.s.Now().Year() - 1}
	likely := []calendar.Zone{had}
	if info.StandardName == "" || had.IsZero() {
		likely = append(likely, c.lastZone())
	}
	return c.zones().Find(&info, years[:], likely...)
}
