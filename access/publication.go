package access

import "entente"

// A Publication is a calendar whose owner lets everybody read it who knows its
// address, and how much of it: one of the CalendarSharing actions.
type Publication struct {
	Mailbox entente.MailboxID
	Folder  uint64
	Level   SharingActions
}

// calendarClass is the container class of calendars.
const calendarClass = "IPF.Appointment"

// rights are what the level gives in the folder. Private items stay private.
func (p *Publication) rights() Rights { return p.Level.Rights(calendarClass) &^ FolderVisible }

// onPublished is about somebody who knows no more than the address of a
// published calendar: he has its level, on it alone, as long as the sharing
// policy of its owner lets so much be shown to everybody. The folder's own
// entries, that for Anonymous too, are not for him.
func (s *Snapshot) onPublished(q *Question, d *Decision, p *Publication) {
	policy := s.sharingOf(s.ownerOf(p.Mailbox))
	most := policy.AllowsAnonymous().Rights(q.Folder.Class)
	d.need("sharing-policy", policy.fact(), p.rights() != 0 && most.Has(p.rights()), SharingLevel)
	d.give("folder-published", "", p.Mailbox == q.On.Mailbox && p.Folder == q.On.Folder, p.rights())
}

// MayPublish says whether the owner of a mailbox may publish a calendar of it to
// everybody with a level. Errors are MayShare's.
func (s *Snapshot) MayPublish(id entente.MailboxID, level SharingActions) error {
	owner, _ := s.FindMailbox(id)
	p := Publication{Level: level}
	if p.rights() == 0 {
		return entente.Errorf(entente.Invalid, "calendars are published by a level of their own").Because(SharingLevel)
	}
	return s.MayShare(owner.SID, AnonymousDomain, calendarClass, p.rights())
}
