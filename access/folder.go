package access

import "entente"

// Rights that come with standing in a relation to a mailbox.
const (
	ownersRights  = FolderLookup | FullAccess | SendAs | SendOnBehalf | ReadPrivate | Deliver | ownerWithFreeBusy
	fullAccess    = FolderLookup | FullAccess | ReadPrivate | ownerWithFreeBusy
	memberRights  = FolderLookup | Deliver
	grantedRights = FullAccess | SendAs | SendOnBehalf | ReadPrivate // what a MailboxPermission can give
)

// onMailbox is about a mailbox as a whole: who owns it, and what has been
// granted on it. Everyone of the organization may look up folders in it, since
// each folder then has a permission table of its own, and may have a message
// delivered. A mailbox whose account is disabled receives on, as in Exchange;
// shared and room mailboxes have none but disabled accounts.
func (s *Snapshot) onMailbox(q *Question, d *Decision, who *identity) {
	box, owner := s.box(q.On.Mailbox)
	d.need("mailbox-exists", "", box != nil, NonExistentMailbox)
	if who.local {
		d.give("local", "", true, ownersRights)
		return
	}
	if who.anonymous {
		d.give("anonymous", "", true, FolderLookup)
		return
	}
	if who.foreign {
		s.foreignMailbox(q, d, who, owner)
		return
	}
	if who.external {
		d.give("external", string(q.Caller.Authenticated.Mail), true, memberRights)
		return
	}
	if box == nil || who.account == nil {
		return
	}
	d.give("owner", string(owner.SID), who.account == owner, ownersRights)
	allow, by, deny, denied := box.granted(&who.party)
	if allow&^deny&FullAccess != 0 {
		allow |= fullAccess
	}
	d.give("mailbox-permission", s.sid(by), allow != 0, allow&^deny)
	d.give("mailbox-denied", s.sid(denied), deny != 0, 0) // said for explain: what was given is already without it
	d.give("organization", "", true, memberRights)
}

// granted adds up the permissions on the mailbox that name the account or a
// group it is in, and tells who was named. A denial, however given, outweighs
// grants.
func (box *box) granted(who *party) (allow Rights, by int32, deny Rights, denied int32) {
	by, denied = -1, -1
	for i := range box.permissions {
		p := &box.permissions[i]
		if !who.has(p.to) {
			continue
		}
		if p.deny {
			deny |= p.rights & grantedRights
			denied = p.to
			continue
		}
		allow |= p.rights & grantedRights
		by = p.to
	}
	return allow, by, deny, denied
}

// onFolder applies a folder's permission table. The entry that names the
// caller himself counts alone, even if it says None; else all entries of
// groups he is in, together; else the Default entry. Who is not known gets
// Anonymous and nothing else. Those the mailbox gives everything already are
// not asked.
func (s *Snapshot) onFolder(q *Question, d *Decision, who *identity) {
	if who.local || d.Got&FullAccess != 0 {
		return
	}
	t := q.Folder
	if t == nil || t.Folder != q.On.Folder {
		d.need("folder-table", "", false, NotVisible)
		return
	}
	if who.anonymous && q.Caller.Published != nil {
		s.onPublished(q, d, q.Caller.Published)
		return
	}
	if who.anonymous {
		e := t.special(Anonymous)
		d.give("folder-anonymous", "Anonymous", e != nil, e.rights())
		return
	}
	if who.foreign {
		s.foreignFolder(q, d, who, t)
		return
	}
	if who.external {
		// Beyond a relay, too, the Default entry alone counts, and it gives
		// free/busy only.
		e := t.special(Default)
		d.give("folder-external", "Default", e != nil, e.rights()&LevelFreeBusyDetails)
		return
	}
	if who.account == nil {
		return
	}
	own := t.named(who.account)
	union, group := s.groupEntries(t, &who.party)
	d.give("folder-entry", who.sid(), own != nil, own.rights())
	d.give("folder-groups", string(group), own == nil && group != "", union)
	e := t.special(Default)
	d.give("folder-default", "Default", own == nil && group == "" && e != nil, e.rights())
}

// rights returns what the entry gives; a missing one gives nothing.
func (e *Entry) rights() Rights {
	if e == nil {
		return 0
	}
	return (e.Rights & FolderRights).Complete()
}

func (t *FolderTable) special(k EntryKind) *Entry {
	for i := range t.Entries {
		if t.Entries[i].Who == k {
			return &t.Entries[i]
		}
	}
	return nil
}

// named returns the entry of the account itself.
func (t *FolderTable) named(a *account) *Entry {
	for i := range t.Entries {
		if e := &t.Entries[i]; e.Who == Named && a.is(e.SID) {
			return e
		}
	}
	return nil
}

// groupEntries returns the union of what groups of the account are given, and
// one of them.
func (s *Snapshot) groupEntries(t *FolderTable, who *party) (union Rights, group entente.SID) {
	for i := range t.Entries {
		e := &t.Entries[i]
		if e.Who != Named || len(who.groups) == 0 && len(who.claimed) == 0 {
			continue
		}
		if n := s.number(e.SID); n >= 0 && who.in(n) {
			union |= e.rights()
			group = e.SID
		}
	}
	return union, group
}

// sid returns the SID with a number, for steps; empty for -1.
func (s *Snapshot) sid(n int32) string {
	if n < 0 {
		return ""
	}
	return string(s.nodes.get(n).sid)
}
