package mailbox

import (
	"strings"

	"entente"
	"entente/access"
	"entente/calendar"
)

// SharedCalendarClass is the class of calendars that take after one that somebody
// of another organization shares. They are written by this process alone, which
// brings them up to date; everybody else, the mailbox's owner too, only reads.
const SharedCalendarClass = "IPF.Appointment.Shared"

// propShared is the id that an item of such a folder has where it is taken from.
const propShared Prop = 0x81F5001F

// SharedID returns the id of the item that this one is taken from, "" if none.
func (it *Item) SharedID() string { return it.Props.String(propShared) }

// SetShared makes an item one that is taken from another, which reminds nobody.
func (it *Item) SetShared(id string) {
	it.Props.SetString(propShared, id)
	it.Props.SetBool(PidLidReminderSet, false)
	it.Props.Delete(PidLidReminderTime, PidLidReminderSignalTime)
}

// Zones returns the time zones of the store.
func (v *View) Zones() *calendar.Zones { return v.s.zones }

// writing are the rights that change what is in a folder.
const writing = access.Create | access.EditAny | access.EditOwned | access.DeleteAny | access.DeleteOwned

// readOnly refuses what changes a folder that takes after another.
func (v *View) readOnly(class string, r access.Rights) error {
	if r&writing == 0 || !strings.EqualFold(class, SharedCalendarClass) || v.permit.Caller().Method == access.Local {
		return nil
	}
	return entente.Errorf(entente.Denied, "the folder takes after one that somebody else shares: it is read-only").Because(Denial(r))
}
