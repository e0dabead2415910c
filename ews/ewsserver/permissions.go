package ewsserver

import (
	"cmp"

	"entente"
	"entente/access"
	"entente/ews"
)

// levels are the named sets of rights, [MS-OXWSFOLD] 2.2.5.4, in the order of
// the schema. Free/busy rights and FolderContact do not count in them, except
// in the two levels of calendars that are nothing else.
var levels = [...]struct {
	name   ews.PermissionLevel
	rights access.Rights
}{
	{ews.LevelNone, access.LevelNone},
	{ews.LevelOwner, access.LevelOwner},
	{ews.LevelPublishingEditor, access.LevelPublishingEditor},
	{ews.LevelEditor, access.LevelEditor},
	{ews.LevelPublishingAuthor, access.LevelPublishingAuthor},
	{ews.LevelAuthor, access.LevelAuthor},
	{ews.LevelNoneditingAuthor, access.LevelNoneditingAuthor},
	{ews.LevelReviewer, access.LevelReviewer},
	{ews.LevelContributor, access.LevelContributor},
}

const (
	freeBusyRights = access.FreeBusySimple | access.FreeBusyDetailed
	notInLevels    = access.FolderContact | freeBusyRights
)

// levelOf names a set of rights; Custom if it has no name. Two levels have
// variants, as in Outlook: None is also who may see that the folder exists, or
// is its contact; Owner is one without being that.
func levelOf(r access.Rights) ews.PermissionLevel {
	r &^= freeBusyRights
	if r&^(access.FolderVisible|access.FolderContact) == 0 {
		return ews.LevelNone
	}
	if r|access.FolderContact == access.LevelOwner {
		return ews.LevelOwner
	}
	for _, l := range levels {
		if r == l.rights {
			return l.name
		}
	}
	return ews.LevelCustom
}

func calendarLevelOf(r access.Rights) ews.CalendarPermissionLevel {
	level := levelOf(r)
	switch {
	case level != ews.LevelNone:
	case r.Has(access.FreeBusyDetailed):
		return ews.CalendarLevelFreeBusyTimeSubjectAndLocation
	case r.Has(access.FreeBusySimple):
		return ews.CalendarLevelFreeBusyTimeOnly
	}
	return ews.CalendarPermissionLevel(level)
}

// rightsOf are the rights of a named level; ok is false for Custom and for
// names that are none.
func rightsOf(level ews.PermissionLevel) (r access.Rights, ok bool) {
	for _, l := range levels {
		if l.name == level {
			return l.rights, true
		}
	}
	return 0, false
}

func calendarRightsOf(level ews.CalendarPermissionLevel) (access.Rights, bool) {
	switch level {
	case ews.CalendarLevelFreeBusyTimeOnly:
		return access.LevelFreeBusyTimeOnly, true
	case ews.CalendarLevelFreeBusyTimeSubjectAndLocation:
		return access.LevelFreeBusyDetails, true
	}
	r, ok := rightsOf(ews.PermissionLevel(level))
	if ok && r.Has(access.ReadAny) {
		// Who reads appointments sees when the owner is busy.
		r |= access.LevelFreeBusyDetails
	}
	return r, ok
}

func (c *call) folderPermissions(entries []access.Entry) *ews.PermissionSet {
	set := &ews.PermissionSet{Permissions: make([]ews.Permission, 0, len(entries))}
	for i := range entries {
		e := &entries[i]
		p := ews.Permission{Base: c.basePermission(e), ReadItems: ews.ReadNone, PermissionLevel: levelOf(e.Rights)}
		if e.Rights.Has(access.ReadAny) {
			p.ReadItems = ews.ReadFullDetails
		}
		set.Permissions = append(set.Permissions, p)
	}
	return set
}

func (c *call) calendarPermissions(entries []access.Entry) *ews.CalendarPermissionSet {
	set := &ews.CalendarPermissionSet{CalendarPermissions: make([]ews.CalendarPermission, 0, len(entries))}
	for i := range entries {
		e := &entries[i]
		set.CalendarPermissions = append(set.CalendarPermissions, ews.CalendarPermission{
			Base: c.basePermission(e), ReadItems: calendarRead(e.Rights), CalendarPermissionLevel: calendarLevelOf(e.Rights),
		})
	}
	return set
}

func calendarRead(r access.Rights) ews.CalendarPermissionReadAccess {
	switch {
	case r.Has(access.ReadAny):
		return ews.CalendarReadFullDetails
	case r.Has(access.FreeBusyDetailed):
		return ews.CalendarReadTimeAndSubjectAndLocation
	case r.Has(access.FreeBusySimple):
		return ews.CalendarReadTimeOnly
	}
	return ews.CalendarReadNone
}

func (c *call) basePermission(e *access.Entry) ews.BasePermission {
	has := func(r access.Rights) *bool {
		b := e.Rights.Has(r)
		return &b
	}
	return ews.BasePermission{
		UserID:              c.userID(e),
		CanCreateItems:      has(access.Create),
		CanCreateSubFolders: has(access.CreateSubFolder),
		IsFolderOwner:       has(access.FolderOwner),
		IsFolderVisible:     has(access.FolderVisible),
		IsFolderContact:     has(access.FolderContact),
		EditItems:           action(e.Rights, access.EditAny, access.EditOwned),
		DeleteItems:         action(e.Rights, access.DeleteAny, access.DeleteOwned),
	}
}

func action(r, whole, own access.Rights) ews.PermissionAction {
	switch {
	case r.Has(whole):
		return ews.ActionAll
	case r.Has(own):
		return ews.ActionOwned
	}
	return ews.ActionNone
}

// userID names whom an entry is for. One that is gone keeps its SID, so that
// its entry can still be taken away.
func (c *call) userID(e *access.Entry) ews.UserID {
	switch e.Who {
	case access.Default:
		return ews.UserID{DistinguishedUser: ews.UserDefault}
	case access.Anonymous:
		return ews.UserID{DistinguishedUser: ews.UserAnonymous}
	case access.ExternalUser:
		mail := string(e.External)
		return ews.UserID{PrimarySMTPAddress: mail, DisplayName: mail, ExternalUserIdentity: mail}
	}
	id := ews.UserID{SID: string(e.SID)}
	if a, ok := c.s.Snapshot().FindSID(e.SID); ok {
		id.PrimarySMTPAddress, id.DisplayName = string(a.Mail), a.Name
		return id
	}
	if g, err := c.s.Directory().Group(c.ctx, e.SID); err == nil {
		id.PrimarySMTPAddress, id.DisplayName = string(g.Mail), g.Name
	}
	return id
}

// fitsClass refuses the table of a calendar for another folder, and the other
// way round. [MS-OXWSFOLD] 3.1.4.8
func fitsClass(v any, class string) error {
	calendar := folderKind(class) == ews.KindCalendarFolder
	switch v.(type) {
	case *ews.PermissionSet:
		if calendar {
			return &ews.Fault{Code: ews.ErrorCannotSetNonCalendarPermissionOnCalendarFolder}
		}
	case *ews.CalendarPermissionSet:
		if !calendar {
			return &ews.Fault{Code: ews.ErrorCannotSetCalendarPermissionOnNonCalendarFolder}
		}
	}
	return nil
}

// spelledOut reports whether a permission says single rights. A level other than
// Custom says them all, and takes none beside it.
func spelledOut(p *ews.BasePermission, reads bool) bool {
	return reads || p.CanCreateItems != nil || p.CanCreateSubFolders != nil || p.IsFolderOwner != nil || p.IsFolderVisible != nil ||
		p.IsFolderContact != nil || p.EditItems != "" || p.DeleteItems != ""
}

// entriesOf reads a table a client wants, from the value of
// folder:PermissionSet. [MS-OXWSFOLD] 3.1.4.8
func (c *call) entriesOf(v any) ([]access.Entry, error) {
	entries := []access.Entry{} // not nil: an empty table is one
	invalid := &ews.Fault{Code: ews.ErrorInvalidPermissionSettings}
	unknown := &ews.Fault{Code: ews.ErrorCannotSetPermissionUnknownEntries}
	switch set := v.(type) {
	case *ews.PermissionSet:
		if len(set.UnknownEntries) > 0 {
			return nil, unknown
		}
		for i := range set.Permissions {
			p := &set.Permissions[i]
			rights, named := rightsOf(p.PermissionLevel)
			if named && spelledOut(&p.Base, p.ReadItems != "") {
				return nil, invalid
			}
			if !named {
				rights = customRights(&p.Base)
				if p.ReadItems == ews.ReadFullDetails {
					rights |= access.ReadAny
				}
			}
			if err := c.addEntry(&entries, &p.Base, rights); err != nil {
				return nil, err
			}
		}
	case *ews.CalendarPermissionSet:
		if len(set.UnknownEntries) > 0 {
			return nil, unknown
		}
		for i := range set.CalendarPermissions {
			p := &set.CalendarPermissions[i]
			rights, named := calendarRightsOf(p.CalendarPermissionLevel)
			if named && spelledOut(&p.Base, p.ReadItems != "") {
				return nil, invalid
			}
			if !named {
				rights = customRights(&p.Base) | readRights(p.ReadItems)
			}
			if err := c.addEntry(&entries, &p.Base, rights); err != nil {
				return nil, err
			}
		}
	}
	return entries, nil
}

func (c *call) addEntry(entries *[]access.Entry, base *ews.BasePermission, rights access.Rights) error {
	e, err := c.entryFor(&base.UserID)
	e.Rights = rights.Complete()
	*entries = append(*entries, e)
	return err
}

func readRights(r ews.CalendarPermissionReadAccess) access.Rights {
	switch r {
	case ews.CalendarReadFullDetails:
		return access.ReadAny | access.LevelFreeBusyDetails
	case ews.CalendarReadTimeAndSubjectAndLocation:
		return access.LevelFreeBusyDetails
	case ews.CalendarReadTimeOnly:
		return access.LevelFreeBusyTimeOnly
	}
	return 0
}

// customRights adds up what a permission of level Custom spells out.
func customRights(p *ews.BasePermission) access.Rights {
	var r access.Rights
	add := func(set *bool, right access.Rights) {
		if set != nil && *set {
			r |= right
		}
	}
	add(p.CanCreateItems, access.Create)
	add(p.CanCreateSubFolders, access.CreateSubFolder)
	add(p.IsFolderOwner, access.FolderOwner)
	add(p.IsFolderVisible, access.FolderVisible)
	add(p.IsFolderContact, access.FolderContact)
	switch p.EditItems {
	case ews.ActionAll:
		r |= access.EditAny
	case ews.ActionOwned:
		r |= access.EditOwned
	}
	switch p.DeleteItems {
	case ews.ActionAll:
		r |= access.DeleteAny
	case ews.ActionOwned:
		r |= access.DeleteOwned
	}
	return r
}

// entryFor finds whom a permission is for. What is found by address must not
// be another than what a SID beside it says.
func (c *call) entryFor(id *ews.UserID) (access.Entry, error) {
	unknown := &ews.Fault{Code: ews.ErrorInvalidUserInfo, Text: "The user of a permission is not known."}
	switch id.DistinguishedUser {
	case ews.UserDefault:
		return access.Entry{Who: access.Default}, nil
	case ews.UserAnonymous:
		return access.Entry{Who: access.Anonymous}, nil
	}
	sid := entente.SID(id.SID)
	if external, ok := c.external(id); ok {
		return access.Entry{Who: access.ExternalUser, External: external}, nil
	}
	if id.PrimarySMTPAddress != "" {
		found, ok := c.sidOf(id.PrimarySMTPAddress)
		if !ok || sid != "" && sid != found {
			return access.Entry{}, unknown
		}
		return access.Entry{SID: found}, nil
	}
	if !c.knownSID(sid) {
		return access.Entry{}, unknown
	}
	return access.Entry{SID: sid}, nil
}

// external reports whether a permission is for somebody of another organization,
// and by which address he is known: ExternalUserIdentity or, without one,
// PrimarySmtpAddress, in a domain that is not of this organization.
func (c *call) external(id *ews.UserID) (entente.SMTPAddress, bool) {
	text := cmp.Or(id.ExternalUserIdentity, id.PrimarySMTPAddress)
	mail, err := entente.ParseSMTPAddress(text)
	if err != nil || id.SID != "" || c.s.Directory().Accepted(mail.Domain()) {
		return "", false
	}
	if _, here := c.sidOf(string(mail)); here {
		return "", false // somebody here whose address is in another domain
	}
	return mail, true
}

func (c *call) sidOf(address string) (entente.SID, bool) {
	if a, ok := c.s.Snapshot().FindSMTP(address); ok {
		return a.SID, true
	}
	g, err := c.s.Directory().GroupByAddress(c.ctx, entente.SMTPAddress(address))
	if err != nil {
		return "", false
	}
	return g.SID, true
}

func (c *call) knownSID(sid entente.SID) bool {
	if sid == "" {
		return false
	}
	if _, ok := c.s.Snapshot().FindSID(sid); ok {
		return true
	}
	_, err := c.s.Directory().Group(c.ctx, sid)
	return err == nil
}
