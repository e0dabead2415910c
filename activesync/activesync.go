// Package activesync has the words of Exchange ActiveSync that client and server
// share: versions, commands, statuses, the request line, and the forms of values
// inside elements. It is pure; what the elements are called stands in wbxml.
package activesync

import (
	"fmt"
	"slices"
)

// A Version is a protocol version, ten times its number: 161 is 16.1.
type Version uint8

// The versions that are spoken, [MS-ASHTTP] 2.2.1.1.2.6. 2.5 is older than all of
// them and refused.
const (
	V121 Version = 121
	V140 Version = 140
	V141 Version = 141
	V160 Version = 160
	V161 Version = 161
)

// Versions are all that are spoken, the oldest first.
func Versions() []Version { return []Version{V121, V140, V141, V160, V161} }

// ParseVersion reads the header MS-ASProtocolVersion. ok is false for one that is
// not spoken.
func ParseVersion(s string) (v Version, ok bool) {
	for _, v := range Versions() {
		if v.String() == s {
			return v, true
		}
	}
	return 0, false
}

// String returns the version as headers have it: 16.1.
func (v Version) String() string { return fmt.Sprintf("%d.%d", v/10, v%10) }

// A Command is what a request does, by its name in the query.
type Command string

// The commands, [MS-ASCMD] 2.2.1.
const (
	Sync              Command = "Sync"
	SendMail          Command = "SendMail"
	SmartForward      Command = "SmartForward"
	SmartReply        Command = "SmartReply"
	GetAttachment     Command = "GetAttachment"
	FolderSync        Command = "FolderSync"
	FolderCreate      Command = "FolderCreate"
	FolderDelete      Command = "FolderDelete"
	FolderUpdate      Command = "FolderUpdate"
	MoveItems         Command = "MoveItems"
	GetItemEstimate   Command = "GetItemEstimate"
	MeetingResponse   Command = "MeetingResponse"
	Search            Command = "Search"
	Find              Command = "Find"
	Settings          Command = "Settings"
	Ping              Command = "Ping"
	ItemOperations    Command = "ItemOperations"
	Provision         Command = "Provision"
	ResolveRecipients Command = "ResolveRecipients"
	ValidateCert      Command = "ValidateCert"
)

// commandCodes are the commands of the base64 query, by code.
// [MS-ASHTTP] 2.2.1.1.1.1.2
var commandCodes = [...]Command{
	0: Sync, 1: SendMail, 2: SmartForward, 3: SmartReply, 4: GetAttachment, 9: FolderSync,
	10: FolderCreate, 11: FolderDelete, 12: FolderUpdate, 13: MoveItems, 14: GetItemEstimate,
	15: MeetingResponse, 16: Search, 17: Settings, 18: Ping, 19: ItemOperations, 20: Provision,
	21: ResolveRecipients, 22: ValidateCert, 23: Find,
}

// Commands are all commands, in the order of their codes.
func Commands() []Command {
	return slices.DeleteFunc(slices.Clone(commandCodes[:]), func(c Command) bool { return c == "" })
}

// Code returns the command's code in the base64 query; ok is false for a command
// that has none.
func (c Command) Code() (code uint8, ok bool) {
	i := slices.Index(commandCodes[:], c)
	return uint8(max(i, 0)), i >= 0 && c != ""
}

// A RequestLine is what the query and the headers of a request say.
// [MS-ASHTTP] 2.2.1.1
type RequestLine struct {
	Version    Version
	Command    Command
	User       string // as the query names him; of the base64 form empty
	DeviceID   string // at most 32 letters and digits
	DeviceType string
	PolicyKey  uint32 // from the header or the base64 query; 0 is none
	Locale     uint16

	// Parameters of commands that have no element for them. [MS-ASHTTP] 2.2.1.1.1.2.5
	CollectionID, ItemID, LongID, Occurrence, AttachmentName string
	SaveInSent                                               bool
	AcceptMultiPart                                          bool
}

// A FolderType says what a folder is for. [MS-ASCMD] 2.2.3.186.3
type FolderType int

// The types.
const (
	UserFolder           FolderType = 1 // generic, and so of mail
	DefaultInbox         FolderType = 2
	DefaultDrafts        FolderType = 3
	DefaultDeletedItems  FolderType = 4
	DefaultSentItems     FolderType = 5
	DefaultOutbox        FolderType = 6
	DefaultTasks         FolderType = 7
	DefaultCalendar      FolderType = 8
	DefaultContacts      FolderType = 9
	DefaultNotes         FolderType = 10
	DefaultJournal       FolderType = 11
	UserMail             FolderType = 12
	UserCalendar         FolderType = 13
	UserContacts         FolderType = 14
	UserTasks            FolderType = 15
	UserJournal          FolderType = 16
	UserNotes            FolderType = 17
	UnknownFolder        FolderType = 18
	RecipientInformation FolderType = 19
)

// A Class is a class of content, as the Class element has it.
type Class string

// The classes. [MS-ASCMD] 2.2.3.27.5
const (
	Email    Class = "Email"
	Contacts Class = "Contacts"
	Calendar Class = "Calendar"
	Tasks    Class = "Tasks"
	Notes    Class = "Notes"
)

// ClassOf returns the class of what lies in folders of a type; "" for those that
// are not synchronized.
func ClassOf(t FolderType) Class {
	switch t {
	case UserFolder, DefaultInbox, DefaultDrafts, DefaultDeletedItems, DefaultSentItems, DefaultOutbox, UserMail:
		return Email
	case DefaultTasks, UserTasks:
		return Tasks
	case DefaultCalendar, UserCalendar:
		return Calendar
	case DefaultContacts, UserContacts:
		return Contacts
	case DefaultNotes, UserNotes:
		return Notes
	}
	return ""
}
