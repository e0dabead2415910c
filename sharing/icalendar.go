package sharing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"entente/access"
	"entente/calendar"
	"entente/mailbox"
)

// appendICalendar writes the listing as an iCalendar object. RFC 5545
//
// Each occurrence of a series is an event of its own: a rule would tell of times
// outside of the window, and of those that are private or were struck out.
// Who is invited is never told, nor when an appointment was made or changed:
// DTSTAMP is the time from which the calendar is published so.
func (l *listing) appendICalendar(b []byte) []byte {
	c := calendar.ICalendar{Method: "PUBLISH", Name: l.owner + ": " + l.Name}
	for i := range l.shown {
		c.Events = append(c.Events, l.event(&l.shown[i]))
	}
	return calendar.AppendICalendar(b, &c)
}

func (l *listing) event(s *mailbox.Shown) calendar.Event {
	e := calendar.Event{
		UID: l.uid(s.Key), Subject: words(s), Start: s.Start, End: s.End, AllDay: s.AllDay, Zone: l.zone,
		Status: s.Status, Stamp: l.Changed, Body: clip(s.Body),
	}
	if s.AllDay {
		e.Zone = s.Zone // the day it is meant for
	}
	if d := s.Detail; d != nil {
		e.Location = d.Location
		if d.Private {
			e.Sensitivity = calendar.Private
		}
	}
	return e
}

// uid names an appointment for as long as the address of the calendar holds, and
// tells nothing of it.
func (l *listing) uid(k access.ItemKey) string {
	h := hmac.New(sha256.New, l.secret[:])
	_, _ = h.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64([]byte("uid\x00"), k.Content), uint32(k.Day)))
	return hex.EncodeToString(h.Sum(nil)[:16]) + "@published"
}

// words are what an appointment is called: its subject, if that is shown.
func words(s *mailbox.Shown) string {
	switch {
	case s.Detail == nil:
		return statusText(s.Status)
	case s.Detail.Private:
		return "Private appointment"
	case s.Detail.Subject == "":
		return "(no subject)"
	}
	return s.Detail.Subject
}

var statusTexts = [...]string{
	calendar.StatusFree: "Free", calendar.StatusTentative: "Tentative", calendar.StatusBusy: "Busy", calendar.StatusOOF: "Away",
	calendar.StatusWorkingElsewhere: "Working elsewhere", calendar.StatusNoData: "Busy",
}

func statusText(s calendar.BusyStatus) string {
	if int(s) < len(statusTexts) && statusTexts[s] != "" {
		return statusTexts[s]
	}
	return "Busy"
}

// maxBody bounds what is shown of an appointment's text.
const maxBody = 16 << 10

func clip(s string) string {
	if len(s) <= maxBody {
		return s
	}
	cut := maxBody
	for cut > maxBody-4 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
