package easserver

import (
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// calendarClass maps appointments and meetings, [MS-ASCAL].
//
// What is written is calendar.Event as EWS shows it, and what a phone writes
// becomes one: there is one truth, and each version says of it what it has words
// for. What it has no words for, or does not name, stays.
type calendarClass struct{}

// shown implements class.
func (calendarClass) shown(it *mailbox.Item) bool { return mailbox.IsAppointment(it.Class) }

// parts implements class.
func (calendarClass) parts(o *options) mailbox.Parts {
	return bodyParts(o)&^mailbox.PartMIME | mailbox.PartBody | mailbox.PartRecipients | mailbox.PartAttachments
}

// eventParts are what of an item is read to change it.
const eventParts = mailbox.PartBody | mailbox.PartRecipients

// Bits of PidLidAppointmentStateFlags, [MS-OXOCAL] 2.2.1.10, and of MeetingStatus,
// which are the same. [MS-ASCAL] 2.2.2.28
const (
	stateMeeting   = 1
	stateReceived  = 2
	stateCancelled = 4
)

// serverSends reports whether it is the server that tells attendees. Phones of
// older versions send messages about meetings by SendMail themselves, and a second
// one would be one too many. [MS-ASCAL] 3.2.5
func (c *call) serverSends() bool { return c.at(activesync.V160) }

// writeLocation writes airsyncbase:Location. more is what the phone that set the
// place said of it beside its name. [MS-ASAIRS] 2.2.2.28
func writeLocation(w *wbxml.Writer, name string, more place) {
	if name == "" {
		w.Empty(wbxml.AirSyncBaseLocation)
		return
	}
	w.Start(wbxml.AirSyncBaseLocation)
	w.Text(wbxml.AirSyncBaseDisplayName, name)
	more.write(w)
	w.End()
}

// shownUID is a UID as far as phones take it. [MS-ASCAL] 2.2.2.46
func shownUID(uid string) string { return cutAt(uid, 300) }
