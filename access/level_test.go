package access

import (
	"strings"
	"testing"
)

// TestFolderRightNames has every role and every single right read, written and
// read again as what it was.
func TestFolderRightNames(t *testing.T) {
	const all = "None Owner PublishingEditor Editor PublishingAuthor Author NonEditingAuthor Reviewer Contributor AvailabilityOnly LimitedDetails " +
		"ReadItems CreateItems EditOwnedItems DeleteOwnedItems EditAllItems DeleteAllItems CreateSubfolders FolderOwner FolderContact FolderVisible"
	if got := strings.Join(FolderRightNames(), " "); got != all {
		t.Error(got)
	}
	for _, name := range FolderRightNames() {
		for _, calendar := range []bool{false, true} {
			r, err := ParseFolderRights([]string{name}, calendar)
			if err != nil {
				if !calendar && (name == "AvailabilityOnly" || name == "LimitedDetails") {
					continue
				}
				t.Errorf("%s: %v", name, err)
				continue
			}
			text := FolderRightsText(r)
			if text != name && name != "EditAllItems" && name != "DeleteAllItems" { // these imply a second right
				t.Errorf("%s on a calendar (%v) is written %s", name, calendar, text)
			}
			for _, l := range folderLevels {
				if l.name == name && r&^LevelFreeBusyDetails != l.rights&^LevelFreeBusyDetails {
					t.Errorf("%s: %v, want %v", name, r, l.rights)
				}
			}
		}
	}
}

func TestParseFolderRights(t *testing.T) {
	test := func(names []string, calendar bool, want Rights, ok bool) {
		t.Helper()
		r, err := ParseFolderRights(names, calendar)
		if (err == nil) != ok || r != want {
			t.Errorf("%v: %v, %v; want %v", names, r, err, want)
		}
	}
	test([]string{"reviewer"}, false, LevelReviewer, true)
	test([]string{"Reviewer"}, true, LevelReviewer|LevelFreeBusyDetails, true)
	test([]string{"ReadItems", " FolderVisible "}, false, ReadAny|FolderVisible, true)
	test([]string{"EditAllItems"}, false, EditAny|EditOwned, true)
	test([]string{"DeleteAllItems"}, false, DeleteAny|DeleteOwned, true)
	test([]string{"AvailabilityOnly"}, true, FreeBusySimple, true)
	test([]string{"LimitedDetails"}, true, LevelFreeBusyDetails, true)
	test([]string{"AvailabilityOnly"}, false, 0, false)
	test([]string{"None"}, false, 0, true)
	test([]string{"Owner", "ReadItems"}, false, 0, false)
	test([]string{"Everything"}, false, 0, false)
	test(nil, false, 0, false)
}

// TestParseFields reads names of fields, and writes them again.
func TestParseFields(t *testing.T) {
	test := func(text string, want Fields, written string) {
		t.Helper()
		f, err := ParseFields(text)
		if (err == nil) != (written != "!") || f != want || err == nil && f.String() != written {
			t.Errorf("%q: %v, %v", text, f, err)
		}
	}
	test("", 0, "")
	test("all", AllFields, "All")
	test("Subject", FieldSubject, "Subject")
	test(" time ,, subject", FieldSubject|FieldTime, "Subject,Time")
	test("Other,Importance,Attendees,Reminder,Categories,Body,ShowAs,Location,Time,Subject", AllFields, "All")
	test("Importance,Other", FieldImportance|FieldOther, "Importance,Other")
	test("Subject,Nothing", 0, "!")
	test("All,Nothing", 0, "!")
}

// TestFolderRightsText: a role by its name, anything else right by right.
func TestFolderRightsText(t *testing.T) {
	test := func(r Rights, want string) {
		t.Helper()
		if got := FolderRightsText(r); got != want {
			t.Errorf("%v: %s", r, got)
		}
	}
	test(0, "None")
	test(LevelOwner, "Owner")
	test(LevelOwner&^FolderContact, "Owner")
	test(LevelReviewer|FreeBusySimple|FreeBusyDetailed, "Reviewer")
	test(LevelReviewer|FolderContact, "Reviewer")
	test(ReadAny, "ReadItems")
	test(ReadAny|Create|FreeBusySimple, "ReadItems,CreateItems")
	test(FreeBusySimple, "AvailabilityOnly")
	test(FreeBusySimple|FreeBusyDetailed, "LimitedDetails")
	test(FreeBusySimple|FolderContact, "AvailabilityOnly")
	test(FolderContact, "FolderContact")
}
