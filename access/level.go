package access

import (
	"strings"

	"entente"
)

// The names administrators use for a folder's rights, those of
// Add-MailboxFolderPermission -AccessRights: roles, and single rights.
var folderLevels = [...]struct {
	name   string
	rights Rights
}{
	{"None", LevelNone},
	{"Owner", LevelOwner},
	{"PublishingEditor", LevelPublishingEditor},
	{"Editor", LevelEditor},
	{"PublishingAuthor", LevelPublishingAuthor},
	{"Author", LevelAuthor},
	{"NonEditingAuthor", LevelNoneditingAuthor},
	{"Reviewer", LevelReviewer},
	{"Contributor", LevelContributor},
	{"AvailabilityOnly", LevelFreeBusyTimeOnly},
	{"LimitedDetails", LevelFreeBusyDetails},
}

var folderSingleRights = [...]struct {
	name  string
	right Rights
}{
	{"ReadItems", ReadAny},
	{"CreateItems", Create},
	{"EditOwnedItems", EditOwned},
	{"DeleteOwnedItems", DeleteOwned},
	{"EditAllItems", EditAny},
	{"DeleteAllItems", DeleteAny},
	{"CreateSubfolders", CreateSubFolder},
	{"FolderOwner", FolderOwner},
	{"FolderContact", FolderContact},
	{"FolderVisible", FolderVisible},
}

// FolderRightNames returns every name ParseFolderRights knows, roles first.
func FolderRightNames() []string {
	names := make([]string, 0, len(folderLevels)+len(folderSingleRights))
	for _, l := range folderLevels {
		names = append(names, l.name)
	}
	for _, r := range folderSingleRights {
		names = append(names, r.name)
	}
	return names
}

// ParseFolderRights reads one role or any number of single rights, in any case
// of letters. Who reads or edits a calendar's items sees when its owner is busy;
// pass calendar for those.
func ParseFolderRights(names []string, calendar bool) (Rights, error) {
	var rights Rights
	for _, name := range names {
		r, role, ok := folderRight(strings.TrimSpace(name))
		switch {
		case !ok:
			return 0, entente.Errorf(entente.Invalid, "%q is none of %s", name, strings.Join(FolderRightNames(), ", "))
		case role && len(names) > 1:
			return 0, entente.Errorf(entente.Invalid, "the role %s stands alone: single rights cannot be added to it", name)
		case role && r&(FreeBusySimple|FreeBusyDetailed) != 0 && !calendar:
			return 0, entente.Errorf(entente.Invalid, "%s is for calendars", name)
		}
		rights |= r
	}
	if len(names) == 0 {
		return 0, entente.Errorf(entente.Invalid, "say which rights: one of %s", strings.Join(FolderRightNames(), ", "))
	}
	if calendar && rights&ReadAny != 0 {
		rights |= LevelFreeBusyDetails
	}
	return rights.Complete(), nil
}

func folderRight(name string) (r Rights, role, ok bool) {
	for _, l := range folderLevels {
		if strings.EqualFold(l.name, name) {
			return l.rights, true, true
		}
	}
	for _, s := range folderSingleRights {
		if strings.EqualFold(s.name, name) {
			return s.right, false, true
		}
	}
	return 0, false, false
}

// FolderRightsText names a set of a folder's rights: by its role if it is one,
// else right by right. Free/busy rights do not count beside others, nor does
// being the folder's contact, so that an owner's entry is Owner with or without.
func FolderRightsText(r Rights) string {
	const besides = FreeBusySimple | FreeBusyDetailed | FolderContact
	if bare := r &^ besides; bare != 0 {
		for _, l := range folderLevels {
			if l.rights != 0 && l.rights&^besides == bare && l.rights&^FolderContact != 0 {
				return l.name
			}
		}
		var names []string
		for _, s := range folderSingleRights {
			if r&s.right != 0 {
				names = append(names, s.name)
			}
		}
		return strings.Join(names, ",")
	}
	switch {
	case r.Has(FreeBusyDetailed):
		return "LimitedDetails"
	case r.Has(FreeBusySimple):
		return "AvailabilityOnly"
	case r.Has(FolderContact):
		return "FolderContact"
	}
	return "None"
}
