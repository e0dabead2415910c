package ews

import (
	"errors"
	"strings"
	"testing"
)

func TestFormats(t *testing.T) {
	test := func(id StoreID, f IDFormat, want string) {
		t.Helper()
		if got := id.Format(f); got != want {
			t.Errorf("%s\n got %s\nwant %s", f, got, want)
		}
		if want == "" {
			return
		}
		got, err := ParseStoreIDFormat(want, f)
		if err != nil || !equal(got, id) {
			t.Errorf("%s: parsed %+v, %v", f, got, err)
		}
	}
	hexID := func(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }
	test(aFolder, FormatEwsID, aFolder.String())
	test(aFolder, FormatEwsLegacyID, aFolder.String())
	test(aFolder, FormatEntryID, text(t, folderEntry()))
	test(aFolder, FormatHexEntryID, hexID(folderEntry()))
	test(aFolder, FormatStoreID, text(t, "2e", folderEntry(), "01"))
	test(anItem, FormatEntryID, text(t, itemEntry()))
	test(anItem, FormatHexEntryID, hexID(itemEntry()))
	test(anItem, FormatStoreID, text(t, "46", itemEntry(), "09"))

	att := anItem.WithAttachment([]byte{1})
	test(att, FormatEwsID, att.String())
	test(att, FormatEntryID, "")
	test(anItem.WithInstance(InstanceDate{2026, 1, 2}), FormatHexEntryID, "")
	test(StoreID{}, FormatEntryID, "")
}

// Ids for URLs hold neither + nor /.
func TestOwaID(t *testing.T) {
	id := StoreID{Mailbox: boxB, Folder: 0xfbfbfbfbfbfb, Item: 0xffffffffffff}
	s := id.Format(FormatOwaID)
	if !strings.ContainsAny(id.String(), "+/") || strings.ContainsAny(s, "+/") {
		t.Errorf("%s\n%s", id, s)
	}
	if got, err := ParseStoreIDFormat(s, FormatOwaID); err != nil || !equal(got, id) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseFormatRefuses(t *testing.T) {
	test := func(f IDFormat, s string, want ResponseCode) {
		t.Helper()
		_, err := ParseStoreIDFormat(s, f)
		if fault, ok := errors.AsType[*Fault](err); !ok || fault.Code != want {
			t.Errorf("%s %q: %v, want %s", f, s, err, want)
		}
	}
	test(FormatEwsID, "", ErrorInvalidIdEmpty)
	test(FormatEwsID, "DUMMY", ErrorInvalidIdMalformed) // exchangelib's first call
	test(FormatEwsLegacyID, "DUMMY", ErrorInvalidIdMalformedEwsLegacyIdFormat)
	test(FormatHexEntryID, "0g", ErrorInvalidIdMalformed)
	test(FormatHexEntryID, "00", ErrorInvalidIdMalformed)
	test(FormatEntryID, "AAAA", ErrorInvalidIdMalformed)
	test(FormatStoreID, "AAAA", ErrorInvalidIdMalformed)
	test(FormatStoreID, text(t, "2e", folderEntry(), "09"), ErrorInvalidIdMalformed)
	test(FormatOwaID, strings.Repeat("A", 2000), ErrorInvalidIdMalformed)
	test("Other", "AAAA", ErrorInvalidIdMalformed)
}
