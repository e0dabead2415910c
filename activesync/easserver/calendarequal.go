package easserver

import (
	"reflect"

	"entente/calendar"
)

// equalEvents reports whether two events are the same in all that is kept of them.
// Zones are compared by what they are called: they have no other identity.
func equalEvents(a, b *calendar.Event) bool {
	x, y := plainEvent(a), plainEvent(b)
	return reflect.DeepEqual(x, y)
}

// plainEvent is a copy without what is no part of an event's meaning.
func plainEvent(e *calendar.Event) calendar.Event {
	c := *e
	c.Zone, c.EndZone = calendar.NewZone(e.Zone.ID, nil), calendar.NewZone(e.EndZone.ID, nil)
	c.Zone.Definition = e.Zone.Definition
	c.Start, c.End = e.Start.UTC(), e.End.UTC()
	c.Stamp, c.Created, c.Modified, c.Instance = e.Stamp.UTC(), e.Created.UTC(), e.Modified.UTC(), e.Instance.UTC()
	c.Attendees = nil
	for _, a := range e.Attendees {
		a.ResponseTime = a.ResponseTime.UTC()
		c.Attendees = append(c.Attendees, a)
	}
	c.Categories = append([]string(nil), e.Categories...)
	c.Deleted = append([]calendar.Date(nil), e.Deleted...)
	c.Exceptions = nil
	for _, x := range e.Exceptions {
		x.Start, x.End, x.Stamp = x.Start.UTC(), x.End.UTC(), x.Stamp.UTC()
		c.Exceptions = append(c.Exceptions, x)
	}
	return c
}
