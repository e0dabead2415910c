package ews

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"entente/strictxml"
)

// element opens a document that consists of one of our elements.
func element(doc string) *strictxml.Reader {
	r := strictxml.NewReader(declare([]byte(doc)), wide)
	r.Root()
	return r
}

func decodeItem(doc string) (Item, error) {
	r := element(doc)
	var it Item
	if r.Err() == nil && !it.decodeChoice(r) {
		unexpected(r, "test")
	}
	return it, r.Err()
}

func encodeItem(it *Item) string {
	e := strictxml.NewEncoder(nil)
	AppendItem(e, it)
	return string(e.Bytes())
}

// TestEveryProperty writes and reads every property of every kind.
func TestEveryProperty(t *testing.T) {
	for k := KindItem; k < numKinds; k++ {
		values := fullProperties(k)
		e := strictxml.NewEncoder(nil)
		appendProperties(e, "t:"+k.Element(), k, values)
		r := element(string(e.Bytes()))
		got := decodeProperties(r, k)
		if r.Err() != nil {
			t.Errorf("%s: %v", k.Element(), r.Err())
			continue
		}
		for i := range max(len(got), len(values)) {
			if i >= len(got) || i >= len(values) || !reflect.DeepEqual(got[i], values[i]) {
				t.Errorf("%s: value %d differs:\n%#v\n%#v", k.Element(), i, got[min(i, len(got)-1)], values[min(i, len(values)-1)])
				break
			}
		}
	}
}

// TestEveryFieldHasASample keeps TestEveryProperty honest: only properties we
// do not keep have no sample.
func TestEveryFieldHasASample(t *testing.T) {
	for f := Field(1); f < numFields; f++ {
		if !f.Indexed() && sample(KindNone, f) == nil != (f.Type() == TypeOther) {
			t.Errorf("%s (%s): sample and type do not agree", f.URI(), f.Element())
		}
	}
}

func TestDecodeItem(t *testing.T) {
	test := func(doc string, want Item) {
		t.Helper()
		got, err := decodeItem(doc)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %#v, %v\nwant %#v", doc, got, err, want)
		}
	}
	item := func(k Kind, values ...Value) Item { return Item{Kind: k, Values: values} }

	test(`<t:Message/>`, item(KindMessage))
	test(`<t:Message><t:Subject/></t:Message>`, item(KindMessage, Value{Field: FieldSubject, V: ""}))
	test(`<t:Message><t:IsRead> 1 </t:IsRead></t:Message>`, item(KindMessage, Value{Field: FieldIsRead, V: true}))
	// The same element name is another property in another kind.
	test(`<t:Task><t:StartDate>2026-03-29T12:00:00Z</t:StartDate></t:Task>`,
		item(KindTask, Value{Field: FieldTaskStartDate, V: noon}))
	test(`<t:Message><t:From><t:Mailbox><t:EmailAddress>a@b</t:EmailAddress></t:Mailbox></t:From></t:Message>`,
		item(KindMessage, Value{Field: FieldFrom, V: &Mailbox{EmailAddress: "a@b"}}))
	test(`<t:CalendarItem><t:Start>2026-03-29T14:00:00+02:00</t:Start><t:End>2026-03-29T12:00:00.0000000Z</t:End></t:CalendarItem>`,
		item(KindCalendarItem, Value{Field: FieldStart, V: noon}, Value{Field: FieldEnd, V: noon}))
	test(`<t:CalendarItem><t:Start>2026-03-29T12:00:00</t:Start></t:CalendarItem>`,
		item(KindCalendarItem, Value{Field: FieldStart, V: FloatingTime(noon)}))
	test(`<t:Message><t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="4340" PropertyType="Boolean"/><t:Value>true</t:Value></t:ExtendedProperty></t:Message>`,
		item(KindMessage, Value{Field: FieldExtendedProperty, Ext: &ExtendedFieldURI{PropertyTag: "4340", PropertyType: MapiBoolean}, V: ExtendedValue{Value: "true"}}))
	// Base64 is folded by Java and .NET.
	test("<t:Message><t:MimeContent>QUJD\r\nREVG\n</t:MimeContent></t:Message>",
		item(KindMessage, Value{Field: FieldMimeContent, V: &MimeContent{Content: []byte("ABCDEF")}}))
	test(`<t:AcceptItem><t:ReferenceItemId Id="A"/></t:AcceptItem>`,
		item(KindAcceptItem, Value{Field: FieldReferenceItemId, V: &ItemID{ID: "A"}}))
	// Properties we do not keep are read over.
	test(`<t:Message><t:MentionsPreview><t:IsMentioned>true</t:IsMentioned></t:MentionsPreview><t:Subject>x</t:Subject></t:Message>`,
		item(KindMessage, Value{Field: FieldSubject, V: "x"}))
	// Elements out of order are read as they come.
	test(`<t:Contact><t:Surname>B</t:Surname><t:GivenName>A</t:GivenName></t:Contact>`,
		item(KindContact, Value{Field: FieldContactSurname, V: "B"}, Value{Field: FieldContactGivenName, V: "A"}))
}

func TestDecodeItemRefuses(t *testing.T) {
	test := func(doc, want string) {
		t.Helper()
		_, err := decodeItem(doc)
		f, ok := err.(*Fault)
		if !ok || f.Code != ErrorSchemaValidation || !strings.Contains(f.Text, want) {
			t.Errorf("%s: %v, want %s", doc, err, want)
		}
	}
	test(`<t:Message><t:Start>2026-03-29T12:00:00Z</t:Start></t:Message>`, "'Start'")
	test(`<t:Message><m:Subject>x</m:Subject></t:Message>`, "'Subject'")
	test(`<t:Message><t:Subject>x</t:Subject><t:Subject>y</t:Subject></t:Message>`, "second time")
	test(`<t:Message><t:IsRead>yes</t:IsRead></t:Message>`, "'yes'")
	test(`<t:Message><t:Importance>high</t:Importance></t:Message>`, "'high'")
	test(`<t:Message><t:Size>1e3</t:Size></t:Message>`, "'1e3'")
	test(`<t:Message><t:Size>2147483648</t:Size></t:Message>`, "int")
	test(`<t:Message><t:Body>x</t:Body></t:Message>`, "BodyType")
	test(`<t:Message><t:DateTimeSent>yesterday</t:DateTimeSent></t:Message>`, "dateTime")
	test(`<t:Message><t:DateTimeSent>2026-02-30T00:00:00Z</t:DateTimeSent></t:Message>`, "dateTime")
	test(`<t:Message><t:MimeContent>***</t:MimeContent></t:Message>`, "base64Binary")
	test(`<t:Task><t:PercentComplete>0x1p4</t:PercentComplete></t:Task>`, "double")
	test(`<t:Contact><t:PhoneNumbers><t:Entry Key="Nokia">1</t:Entry></t:PhoneNumbers></t:Contact>`, "'Nokia'")
	test(`<t:Contact><t:PhoneNumbers><t:Entry>1</t:Entry></t:PhoneNumbers></t:Contact>`, "'Key'")
	test(`<t:CalendarItem><t:Recurrence><t:NoEndRecurrence><t:StartDate>2026-01-01</t:StartDate></t:NoEndRecurrence></t:Recurrence></t:CalendarItem>`, "RecurrencePattern")
	test(`<t:CalendarItem><t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:NoEndRecurrence><t:StartDate>2026-01-01</t:StartDate></t:NoEndRecurrence></t:Recurrence></t:CalendarItem>`, "second time")
	test(`<t:CalendarItem><t:Recurrence><t:DailyRecurrence/><t:NoEndRecurrence><t:StartDate>2026-01-01</t:StartDate></t:NoEndRecurrence></t:Recurrence></t:CalendarItem>`, "'Interval' is missing")
	test(`<t:Parcel/>`, "'Parcel'")
	test(`<m:Message/>`, "'Message'")
	test(`<t:Folder/>`, "'Folder'")
}

// TestNesting reads items in items as deep as allowed, and no deeper.
func TestNesting(t *testing.T) {
	nest := func(n int) string {
		open := `<t:Message><t:Attachments><t:ItemAttachment>`
		end := `</t:ItemAttachment></t:Attachments></t:Message>`
		return strings.Repeat(open, n) + `<t:Message/>` + strings.Repeat(end, n)
	}
	if _, err := decodeItem(nest(maxNesting)); err != nil {
		t.Error(err)
	}
	_, err := decodeItem(nest(maxNesting + 1))
	if f, ok := err.(*Fault); !ok || f.Code != ErrorAttachmentNestLevelLimitExceeded {
		t.Errorf("one level more: %v", err)
	}
}

// TestMimeContentPieces writes content around the size of a piece and reads it
// again.
func TestMimeContentPieces(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 3071, 3072, 3073, 6144, 10000} {
		content := bytes.Repeat([]byte{0xfb, 1}, n)[:n]
		it := Item{Kind: KindMessage}
		it.Add(FieldMimeContent, &MimeContent{CharacterSet: "UTF-8", Content: content})
		got, err := decodeItem(encodeItem(&it))
		if err != nil || !reflect.DeepEqual(got, it) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestSort(t *testing.T) {
	it := Item{Kind: KindMessage}
	it.Add(FieldIsRead, true)
	it.Add(FieldSubject, "x")
	it.Add(FieldItemId, &ItemID{ID: "A"})
	it.Values = append(it.Values, sampleEntries(FieldExtendedProperty)...)
	it.Sort()
	var order []Field
	for _, v := range it.Values {
		order = append(order, v.Field)
	}
	want := []Field{FieldItemId, FieldSubject, FieldExtendedProperty, FieldExtendedProperty, FieldExtendedProperty, FieldIsRead}
	if !slices.Equal(order, want) {
		t.Errorf("%v", order)
	}
	if got, ok := it.Get(FieldSubject); got != "x" || !ok {
		t.Errorf("Get: %v, %v", got, ok)
	}
	if _, ok := it.Get(FieldBody); ok {
		t.Error("Get finds what is not there")
	}
}

// TestAddressParts writes the parts of one address into one entry in whatever
// order the server has them.
func TestAddressParts(t *testing.T) {
	it := Item{Kind: KindContact, Values: []Value{
		{Field: FieldContactPhysicalAddressCity, Indexed: "Home", V: "Wien"},
		{Field: FieldContactPhysicalAddressCity, Indexed: "Other", V: "Graz"},
		{Field: FieldContactPhysicalAddressStreet, Indexed: "Home", V: "Gasse 1"},
	}}
	want := `<t:Contact><t:PhysicalAddresses>` +
		`<t:Entry Key="Home"><t:Street>Gasse 1</t:Street><t:City>Wien</t:City></t:Entry>` +
		`<t:Entry Key="Other"><t:City>Graz</t:City></t:Entry></t:PhysicalAddresses></t:Contact>`
	if got := encodeItem(&it); got != want {
		t.Errorf("%s", got)
	}
}

func BenchmarkAppendItems(b *testing.B) {
	items := make([]Item, 50)
	for i := range items {
		items[i] = Item{Kind: KindMessage, Values: []Value{
			{Field: FieldItemId, V: &ItemID{ID: strings.Repeat("A", 200), ChangeKey: strings.Repeat("B", 40)}},
			{Field: FieldSubject, V: "Quarterly figures & plans"},
			{Field: FieldDateTimeReceived, V: noon},
			{Field: FieldSize, V: int64(12345)},
			{Field: FieldFrom, V: &Mailbox{Name: "Anna Berg", EmailAddress: "anna@contoso.example", RoutingType: "SMTP"}},
			{Field: FieldIsRead, V: true},
		}}
	}
	var buf []byte
	for b.Loop() {
		e := strictxml.NewEncoder(buf[:0])
		for i := range items {
			AppendItem(e, &items[i])
		}
		buf = e.Bytes()
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkDecodeItem(b *testing.B) {
	it := Item{Kind: KindCalendarItem, Values: fullProperties(KindCalendarItem)}
	doc := declare([]byte(encodeItem(&it)))
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		r := strictxml.NewReader(doc, wide)
		r.Root()
		var got Item
		if !got.decodeChoice(r) || r.Err() != nil {
			b.Fatal(r.Err())
		}
	}
}

// FuzzRequest decodes anything: no panic, and what is accepted is written in a
// form that is read as the same request.
func FuzzRequest(f *testing.F) {
	for _, texts := range requests() {
		for _, text := range texts {
			f.Add(declare([]byte(strings.TrimSpace(text))))
		}
	}
	for k := KindItem; k <= KindPostItem; k++ {
		it := Item{Kind: k, Values: fullProperties(k)}
		f.Add(encodeRequest(&CreateItem{Items: []Item{it}}))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		r := strictxml.NewReader(doc, strictxml.Limits{Bytes: 1 << 20, Depth: 80, Attributes: 50, Elements: 5000})
		if !r.Root() {
			return
		}
		req, err := DecodeRequest(r)
		if err != nil {
			return
		}
		first := encodeRequest(req)
		again := strictxml.NewReader(first, wide)
		if !again.Root() {
			t.Fatalf("%v\n%s", again.Err(), first)
		}
		req, err = DecodeRequest(again)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if second := encodeRequest(req); !bytes.Equal(first, second) {
			t.Fatalf("differs:\n%s\n%s", first, second)
		}
	})
}
