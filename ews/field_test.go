package ews

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

func TestFieldByURI(t *testing.T) {
	seen := map[string]Field{}
	for f := Field(1); f < numFields; f++ {
		uri := f.URI()
		if uri == "" {
			continue
		}
		if other, ok := seen[uri]; ok {
			t.Errorf("%s is two properties, %d and %d", uri, other, f)
		}
		seen[uri] = f
		find := FieldByURI
		if f.Indexed() {
			find = FieldByIndexedURI
		}
		if got, ok := find(uri); got != f || !ok {
			t.Errorf("%s: %d, %v, want %d", uri, got, ok, f)
		}
	}
	for _, uri := range []string{"", "item:Nothing", "Subject", "item:subject", "contacts:PhoneNumber"} {
		if f, ok := FieldByURI(uri); ok || f != FieldNone {
			t.Errorf("%q is property %d", uri, f)
		}
	}
	if _, ok := FieldByIndexedURI("item:Subject"); ok {
		t.Error("a property without entries has entries")
	}
}

// TestFieldURIsOfSchema: of the FieldURIs of the published schema, those of
// items and folders name a property here. The three left out are properties
// without an element in that schema.
func TestFieldURIsOfSchema(t *testing.T) {
	text, err := os.ReadFile(shared(t, "schemas/ews/types.xsd"))
	if err != nil {
		t.Fatal(err)
	}
	without := []string{"item:MimeContentUTF8", "item:FirstBody", "contacts:Culture"}
	uris := regexp.MustCompile(`enumeration value="((?:item|message|calendar|meeting|meetingRequest|contacts|task|postitem|folder|distributionlist):[A-Za-z:]+)"`)
	n := 0
	for _, m := range uris.FindAllSubmatch(text, -1) {
		uri := string(m[1])
		_, plain := FieldByURI(uri)
		_, indexed := FieldByIndexedURI(uri)
		if plain == indexed && !slices.Contains(without, uri) {
			t.Errorf("%s: found %v, as an index %v", uri, plain, indexed)
		}
		n++
	}
	if n < 200 {
		t.Errorf("%d URIs in the schema", n)
	}
}

func TestShapes(t *testing.T) {
	for k := KindItem; k < numKinds; k++ {
		order := FieldsOf(k)
		if slices.Contains(order, FieldNone) || len(order) == 0 {
			t.Errorf("%s: %v", k.Element(), order)
		}
		for name, shape := range map[string][]Field{"Default": DefaultFields(k), "AllProperties": AllFields(k)} {
			last := -1
			for _, f := range shape {
				i := slices.Index(order, f)
				if i <= last || !k.Has(f) {
					t.Errorf("%s: %s in shape %s is not of the kind, or not in its order", k.Element(), f.URI(), name)
				}
				last = i
			}
			if k.IsResponseObject() {
				continue
			}
			if len(shape) == 0 || k.IsItem() != slices.Contains(shape, FieldItemId) {
				t.Errorf("%s: shape %s has no id", k.Element(), name)
			}
		}
	}
	for _, f := range DefaultFields(KindMessage) {
		if f == FieldIsRead {
			return
		}
	}
	t.Error("the default of a message does not tell whether it is read")
}

func TestKinds(t *testing.T) {
	test := func(k, base Kind, want bool) {
		t.Helper()
		if k.Is(base) != want {
			t.Errorf("%s is %s: %v", k.Element(), base.Element(), !want)
		}
	}
	test(KindMeetingRequest, KindMeetingMessage, true)
	test(KindMeetingRequest, KindMessage, true)
	test(KindMeetingRequest, KindItem, true)
	test(KindCalendarItem, KindMessage, false)
	test(KindTasksFolder, KindFolder, true)
	test(KindFolder, KindItem, false)
	test(KindNone, KindItem, false)
	test(numKinds, KindItem, false)
	for k := KindItem; k < numKinds; k++ {
		n := 0
		for _, is := range []bool{k.IsItem(), k.IsFolder(), k.IsResponseObject()} {
			if is {
				n++
			}
		}
		if n != 1 || kindOf(k.Element()) != k {
			t.Errorf("%s is %d things", k.Element(), n)
		}
	}
}

// TestOutOfRange: numbers that are no property or kind answer as none.
func TestOutOfRange(t *testing.T) {
	if f := numFields + 7; f.URI() != "" || f.Settable() || f.Indexed() || f.Container() != FieldNone || KindItem.Has(f) {
		t.Error("a property out of range has something")
	}
	if k := numKinds + 7; k.Element() != "" || k.Has(FieldSubject) || FieldsOf(k) != nil || DefaultFields(k) != nil {
		t.Error("a kind out of range has something")
	}
}

func TestEntries(t *testing.T) {
	test := func(container Field, want ...Field) {
		t.Helper()
		if got := container.Entries(); !slices.Equal(got, want) {
			t.Errorf("%s: %v", container.URI(), got)
		}
	}
	test(FieldContactPhoneNumbers, FieldContactPhoneNumber)
	test(FieldContactPhysicalAddresses, FieldContactPhysicalAddressStreet, FieldContactPhysicalAddressCity,
		FieldContactPhysicalAddressState, FieldContactPhysicalAddressCountryOrRegion, FieldContactPhysicalAddressPostalCode)
	test(FieldSubject)
	test(FieldNone)
}
