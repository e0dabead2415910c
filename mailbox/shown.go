package mailbox

import (
	"context"
	"strings"

	"entente/access"
	"entente/calendar"
	"entente/db"
	"entente/message"
)

// A Shown is an entry of a calendar as far as the caller may know it. Of a
// series each occurrence is one.
type Shown struct {
	calendar.Busy // Detail is nil below BusyDetails; its ID is left out
	Key           access.ItemKey
	AllDay        bool
	Zone          calendar.Zone // in which a day is meant
	Body          string        // plain text, of who may read the items
}

// Shown returns what a calendar folder holds within a window, in order of the
// starts, the first limit of them, and how much the caller may know. It asks as
// Busy does, of any calendar and not only of the mailbox's own. Of what is
// private or confidential those without ReadPrivate see no more than the time.
func (v *View) Shown(ctx context.Context, folder FolderID, window calendar.Interval, limit int) (shown []Shown, level BusyLevel, err error) {
	if err := checkWindow(window); err != nil {
		return nil, BusyNothing, err
	}
	err = v.db.View(ctx, func(tx *db.Tx) error {
		t, state, err := calendarState(tx.QueryRow(calendarByID, v.key, folder))
		if err != nil {
			return err
		}
		if !isCalendar(t.Class) {
			return noFolder()
		}
		var private bool
		if level, private, err = v.busyLevel(&t); err != nil {
			return err
		}
		reads := v.permit.FolderRights(&t).Has(access.ReadAny)
		hits, err := v.hits(tx, state, window, calendar.MaxOccurrences)
		if err != nil {
			return err
		}
		shown, err = v.told(tx, hits[:min(len(hits), limit)], level, reads, private)
		return err
	})
	return shown, level, err
}

// told is what the caller may know of hits.
func (v *View) told(tx *db.Tx, hits []busyHit, level BusyLevel, reads, private bool) ([]Shown, error) {
	secret := map[access.ItemKey]bool{}
	for i := range hits {
		if hits[i].private() {
			secret[access.ItemKey{Content: uint64(hits[i].id), Day: hits[i].day()}] = true
		}
	}
	var parts Parts
	if reads {
		parts = PartBody
	}
	entries, err := v.entries(tx, hits, parts)
	if err != nil {
		return nil, err
	}
	shown := make([]Shown, 0, len(entries))
	for i := range entries {
		c := &entries[i]
		e, err := c.Item.Event(v.s.zones)
		if err != nil {
			continue // verify tells of it; the rest of the calendar still counts
		}
		key := access.ItemKey{Content: uint64(c.Item.ID)}
		if c.Kind != Single {
			key.Day = keyDay(c.Original)
		}
		hide := !private && (secret[key] || e.Sensitivity >= calendar.Private)
		key.Content = c.Item.contentID // the same wherever it is moved
		shown = append(shown, shownOf(e, key, level, reads, hide))
	}
	return shown, nil
}

// day is the day of an occurrence as item keys have it; 0 if it is none.
func (h *busyHit) day() int32 {
	if h.single != nil {
		return 0
	}
	return keyDay(h.occurrence.Original)
}

func shownOf(e *calendar.Event, key access.ItemKey, level BusyLevel, reads, hide bool) Shown {
	s := Shown{
		Busy: calendar.Busy{Interval: calendar.Interval{Start: e.Start, End: e.End}, Status: e.Status},
		Key:  key, AllDay: e.AllDay, Zone: e.Zone,
	}
	if level < BusyDetails {
		return s
	}
	s.Detail = &calendar.BusyDetail{Private: hide}
	if hide {
		return s
	}
	s.Detail.Subject, s.Detail.Location, s.Detail.Meeting = e.Subject, e.Location, e.Meeting()
	switch {
	case !reads: // an exception's body is there even if the series' was not read
	case e.Body != "":
		s.Body = e.Body
	case e.BodyHTML != "":
		s.Body = message.HTMLToText(e.BodyHTML)
	}
	return s
}

// isCalendar reports whether a container class is that of calendars.
func isCalendar(class string) bool {
	const c = "IPF.Appointment"
	return len(class) >= len(c) && strings.EqualFold(class[:len(c)], c)
}
