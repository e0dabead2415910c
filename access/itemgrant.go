package access

import (
	"strings"
	"time"

	"entente"
)

// An ItemKey names an item within its mailbox for as long as it exists, also
// when it is moved: Content is the number it was created with. Day, if not 0, is
// one occurrence of a series, by its original date as yyyymmdd; a key without
// Day is the item and all occurrences and exceptions it has or comes to have.
type ItemKey struct {
	Content uint64
	Day     int32
}

// An ItemGrant lets somebody see, and perhaps change, named fields of single
// items, and nothing else of the mailbox: no other items, no counts, no
// attachments, no free/busy. It is asked for only where the folder's permission
// table gives nothing.
//
// The zero ItemGrant gives nothing.
type ItemGrant struct {
	ID      string
	Mailbox entente.MailboxID
	// To is the account or group it is for; External, if To is empty, somebody of
	// a partner organization by primary address.
	To       entente.SID
	External entente.SMTPAddress
	Items    []ItemKey
	// Label is the category that Items were found by when the grant was made, for
	// those who read the grant; it decides nothing.
	Label       string
	Read, Write Fields // Write includes Read
	// Earliest and Latest bound the times that may be written; zero is no bound.
	Earliest, Latest time.Time
	// Locations are what may be written into Location; empty is anything.
	Locations []string
	NotBefore time.Time // zero for no bound
	NotAfter  time.Time // zero for no bound; the end is not included
	Enabled   bool
}

// Fields is a set of the fields of an item that a grant can name. What has no
// name of its own here belongs to none of them but AllFields.
type Fields uint32

// The fields, and what of an item belongs to each.
const (
	FieldSubject    Fields = 1 << iota
	FieldTime              // start, end, all day, zone, recurrence
	FieldLocation          //
	FieldShowAs            // free, tentative, busy, out of office, elsewhere
	FieldBody              //
	FieldCategories        //
	FieldReminder          //
	FieldAttendees         // organizer, attendees, their answers; sender and recipients of a message
	FieldImportance        // importance and sensitivity
	FieldOther             // all the rest, attachments excepted

	AllFields = FieldOther<<1 - 1
)

// Has reports whether f holds all of want.
func (f Fields) Has(want Fields) bool { return f&want == want }

var fieldNames = [...]string{
	"Subject", "Time", "Location", "ShowAs", "Body", "Categories", "Reminder", "Attendees", "Importance", "Other",
}

// String names the fields in the set, joined by commas; the empty set is "".
func (f Fields) String() string {
	if f == AllFields {
		return "All"
	}
	var names []string
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// ParseFields reads what String writes, in any case of letters; All is all.
func ParseFields(s string) (Fields, error) {
	var f Fields
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		found := name == ""
		if strings.EqualFold(name, "All") {
			f, found = AllFields, true
		}
		for i, known := range fieldNames {
			if strings.EqualFold(name, known) {
				f, found = f|1<<i, true
			}
		}
		if !found {
			return 0, entente.Errorf(entente.Invalid, "%q is none of All, %s", name, strings.Join(fieldNames[:], ", "))
		}
	}
	return f, nil
}

// A Granted is what item grants give a caller of one item.
type Granted struct {
	Key         ItemKey
	Read, Write Fields
	// By are the grants it comes from, whose bounds on what is written apply:
	// a change is allowed if one of them allows all of it.
	By []*ItemGrant
}

// Reasons why a change under an item grant is refused.
const (
	FieldNotGranted    entente.Reason = "field-not-granted"
	TimeNotGranted     entente.Reason = "time-not-granted"
	LocationNotGranted entente.Reason = "location-not-granted"
)

// An ItemChange is what a caller with nothing but an item grant wants to write:
// which fields differ, and for FieldTime and FieldLocation what they would be.
type ItemChange struct {
	Fields     Fields
	Start, End time.Time
	Location   string
}
