package access

import "strings"

// Rights is a set of rights. The low bits are those of a folder's permission
// table, with the values [MS-OXCPERM] 2.2.7 gives them, so that a stored table
// needs no translation; the high ones are ours.
type Rights uint64

const (
	ReadAny          Rights = 0x0001
	Create           Rights = 0x0002
	EditOwned        Rights = 0x0008
	DeleteOwned      Rights = 0x0010
	EditAny          Rights = 0x0020
	DeleteAny        Rights = 0x0040
	CreateSubFolder  Rights = 0x0080
	FolderOwner      Rights = 0x0100
	FolderContact    Rights = 0x0200
	FolderVisible    Rights = 0x0400
	FreeBusySimple   Rights = 0x0800
	FreeBusyDetailed Rights = 0x1000

	// FolderLookup lets its holder open a mailbox and find folders by name or
	// id; what each folder then allows is asked of the folder's own table.
	FolderLookup Rights = 1 << 32
	// FullAccess is Exchange's mailbox permission of that name.
	FullAccess Rights = 1 << 33
	// SendAs and SendOnBehalf let a message name the mailbox in From.
	SendAs       Rights = 1 << 34
	SendOnBehalf Rights = 1 << 35
	// ReadPrivate shows items marked private: owners, delegates so marked.
	ReadPrivate Rights = 1 << 36
	// Impersonate is ms-Exch-EPI-Impersonation, on a server; MayImpersonate
	// is ms-Exch-EPI-May-Impersonate, on a database or an account.
	Impersonate    Rights = 1 << 37
	MayImpersonate Rights = 1 << 38
	// Deliver lets its holder put a message into the mailbox's Inbox.
	Deliver Rights = 1 << 39
	// Enter is passing the gate of a protocol (EwsEnabled and the lists).
	Enter Rights = 1 << 40
	// Administer is changing or reading the organization's settings.
	Administer Rights = 1 << 41
	// ReadItem and EditItem are rights on one item: they come with the folder's
	// own rights, or with a grant on that item for some of its fields.
	ReadItem Rights = 1 << 42
	EditItem Rights = 1 << 43
	// Synchronize is what a mobile device may do with the mailbox of its user.
	Synchronize Rights = 1 << 44
)

// FolderRights are all that a folder's permission table can grant.
const FolderRights Rights = 0x1FFF

// Permission levels, [MS-OXCPERM] 2.2.7 and access levels of EWS.
const (
	LevelNone              Rights = 0
	LevelOwner             Rights = 0x07FB
	LevelPublishingEditor  Rights = 0x04FB
	LevelEditor            Rights = 0x047B
	LevelPublishingAuthor  Rights = 0x049B
	LevelAuthor            Rights = 0x041B
	LevelNoneditingAuthor  Rights = 0x0413
	LevelReviewer          Rights = 0x0401
	LevelContributor       Rights = 0x0402
	LevelFreeBusyTimeOnly  Rights = FreeBusySimple
	LevelFreeBusyDetails   Rights = FreeBusySimple | FreeBusyDetailed
	ownerWithFreeBusy      Rights = LevelOwner | LevelFreeBusyDetails
	impliedByEditAny       Rights = EditOwned
	impliedByDeleteAny     Rights = DeleteOwned
	impliedByFreeBusyDetai Rights = FreeBusySimple
)

// Has reports whether r holds all of want.
func (r Rights) Has(want Rights) bool { return r&want == want }

// Complete adds what [MS-OXCPERM] 2.2.7 implies: who may edit any item may
// edit his own, who sees details sees times.
func (r Rights) Complete() Rights {
	if r&EditAny != 0 {
		r |= impliedByEditAny
	}
	if r&DeleteAny != 0 {
		r |= impliedByDeleteAny
	}
	if r&FreeBusyDetailed != 0 {
		r |= impliedByFreeBusyDetai
	}
	return r
}

var rightNames = [...]struct {
	r    Rights
	name string
}{
	{ReadAny, "ReadAny"},
	{Create, "Create"},
	{EditOwned, "EditOwned"},
	{DeleteOwned, "DeleteOwned"},
	{EditAny, "EditAny"},
	{DeleteAny, "DeleteAny"},
	{CreateSubFolder, "CreateSubFolder"},
	{FolderOwner, "FolderOwner"},
	{FolderContact, "FolderContact"},
	{FolderVisible, "FolderVisible"},
	{FreeBusySimple, "FreeBusySimple"},
	{FreeBusyDetailed, "FreeBusyDetailed"},
	{FolderLookup, "FolderLookup"},
	{FullAccess, "FullAccess"},
	{SendAs, "SendAs"},
	{SendOnBehalf, "SendOnBehalf"},
	{ReadPrivate, "ReadPrivate"},
	{Impersonate, "ms-Exch-EPI-Impersonation"},
	{MayImpersonate, "ms-Exch-EPI-May-Impersonate"},
	{Deliver, "Deliver"},
	{Enter, "Enter"},
	{Administer, "Administer"},
	{ReadItem, "ReadItem"},
	{EditItem, "EditItem"},
	{Synchronize, "Synchronize"},
}

// String names the rights in the set, joined by commas; the empty set is None.
func (r Rights) String() string {
	var names []string
	for _, n := range rightNames {
		if r&n.r != 0 {
			names = append(names, n.name)
		}
	}
	if names == nil {
		return "None"
	}
	return strings.Join(names, ",")
}
