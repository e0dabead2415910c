package ewsserver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entente/ews"
)

// findItem is a request with a base shape, what stands between shape and
// folders, and a folder.
func findItem(shape, between, folder string) string {
	return `<m:FindItem Traversal="Shallow"><m:ItemShape>` + shape + `</m:ItemShape>` + between +
		`<m:ParentFolderIds>` + folder + `</m:ParentFolderIds></m:FindItem>`
}

func restricted(expression string) string {
	return `<m:Restriction>` + expression + `</m:Restriction>`
}

func compared(op, path, value string) string {
	return `<t:` + op + `>` + path + `<t:FieldURIOrConstant><t:Constant Value="` + value + `"/></t:FieldURIOrConstant></t:` + op + `>`
}

func field(uri string) string { return `<t:FieldURI FieldURI="` + uri + `"/>` }

func contains(mode, path, value string) string {
	return `<t:Contains ContainmentMode="` + mode + `" ContainmentComparison="IgnoreCase">` + path + `<t:Constant Value="` + value + `"/></t:Contains>`
}

func sorted(order string, paths ...string) string {
	b := `<m:SortOrder>`
	for _, p := range paths {
		b += `<t:FieldOrder Order="` + order + `">` + p + `</t:FieldOrder>`
	}
	return b + `</m:SortOrder>`
}

// found are the subjects an answer lists, in its order.
func (a reply) found() string {
	var list []string
	for _, after := range strings.Split(a.body, "<t:Subject>")[1:] {
		s, _, _ := strings.Cut(after, "<")
		list = append(list, s)
	}
	return strings.Join(list, " ")
}

// mails fills Anna's drafts with four messages.
func (h *house) mails() {
	h.Helper()
	mail := func(subject, importance, body string, more ...any) ews.Item {
		return item(ews.KindMessage, append([]any{
			ews.FieldSubject, subject, ews.FieldImportance, importance,
			ews.FieldBody, &ews.Body{BodyType: ews.BodyText, Text: body},
			ews.FieldToRecipients,
			[]ews.Mailbox{{EmailAddress: address("ben")}},
		}, more...)...)
	}
	h.create("anna",
		mail("apple", "Low", "red or green", ews.FieldIsRead, false),
		mail("Banana", "High", "yellow, mostly", ews.FieldIsRead, true, ews.FieldCategories, []string{"Fruit"}),
		mail("cherry", "Normal", "red", ews.FieldIsRead, false),
		mail("date", "High", "brown", ews.FieldIsRead, true),
	)
}

func TestFindItem(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		h.mails()
		test := func(between, want string) reply {
			t.Helper()
			a := h.post("anna", findItem(standard, between, named("drafts", ""))).code(ews.NoError)
			if got := a.found(); got != want {
				t.Errorf("%s:\n got %q\nwant %q", between, got, want)
			}
			return a
		}
		up := sorted("Ascending", field("item:Subject"))
		down := sorted("Descending", field("item:Importance"), field("item:Subject"))
		test(up, "apple Banana cherry date").has(`TotalItemsInView="4"`, `IncludesLastItemInRange="true"`)
		test(down, "date Banana cherry apple")

		page := func(n, offset int, base string) string {
			return fmt.Sprintf(`<m:IndexedPageItemView MaxEntriesReturned="%d" Offset="%d" BasePoint="%s"/>`, n, offset, base)
		}
		test(page(2, 1, "Beginning")+up, "Banana cherry").has(`IndexedPagingOffset="3"`, `IncludesLastItemInRange="false"`)
		test(page(2, 3, "Beginning")+up, "date").has(`IndexedPagingOffset="4"`, `IncludesLastItemInRange="true"`)
		test(page(2, 9, "Beginning")+up, "")
		test(page(2, 1, "End")+up, "Banana cherry")
		test(`<m:FractionalPageItemView MaxEntriesReturned="10" Numerator="1" Denominator="2"/>`+up, "cherry date").has(`NumeratorOffset="4" AbsoluteDenominator="4"`)
		test(`<m:SeekToConditionPageItemView BasePoint="Beginning" MaxEntriesReturned="2"><t:Condition>`+
			compared("IsGreaterThan", field("item:Subject"), "banana")+`</t:Condition></m:SeekToConditionPageItemView>`+up, "cherry date")

		where := func(expression, want string) {
			t.Helper()
			test(restricted(expression)+up, want)
		}
		where(compared("IsEqualTo", field("item:Subject"), "banana"), "Banana")
		where(compared("IsNotEqualTo", field("item:Subject"), "banana"), "apple cherry date")
		where(compared("IsEqualTo", field("item:Importance"), "High"), "Banana date")
		where(compared("IsEqualTo", field("message:IsRead"), "false"), "apple cherry")
		where(compared("IsEqualTo", field("item:IsDraft"), "true"), "apple Banana cherry date")
		where(compared("IsNotEqualTo", field("item:IsDraft"), "true"), "")
		where(contains("Substring", field("item:Subject"), "AN"), "Banana")
		where(contains("Prefixed", field("item:Subject"), "da"), "date")
		where(contains("Substring", field("item:Body"), "red"), "apple cherry")
		where(contains("FullString", field("item:Categories"), "fruit"), "Banana")
		where(`<t:Exists>`+field("item:Categories")+`</t:Exists>`, "Banana")
		where(`<t:Not><t:Exists>`+field("item:Categories")+`</t:Exists></t:Not>`, "apple cherry date")
		where(`<t:And>`+compared("IsEqualTo", field("item:Importance"), "High")+contains("Prefixed", field("item:Subject"), "d")+`</t:And>`, "date")
		where(`<t:Or>`+contains("Prefixed", field("item:Subject"), "a")+contains("Prefixed", field("item:Subject"), "d")+`</t:Or>`, "apple date")
		where(`<t:Excludes>`+tagged("0x0e07", "Integer")+`<t:Bitmask Value="0x1"/></t:Excludes>`, "apple cherry")
		where(compared("IsGreaterThan", tagged("0x0e23", "Integer"), "2"), "cherry date")
		where(compared("IsGreaterThan", field("item:DateTimeCreated"), "2031-01-01T00:00:00"), "")
		// A named property that nobody ever set.
		name := `<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="nobody-set-this" PropertyType="String"/>`
		where(compared("IsEqualTo", name, "x"), "")
		where(compared("IsNotEqualTo", name, "x"), "apple Banana cherry date")
		where(`<t:Exists>`+name+`</t:Exists>`, "")

		query := func(text, want string) {
			t.Helper()
			got := h.post("anna", `<m:FindItem Traversal="Shallow"><m:ItemShape>`+standard+`</m:ItemShape>`+up+`<m:ParentFolderIds>`+
				named("drafts", "")+`</m:ParentFolderIds><m:QueryString>`+text+`</m:QueryString></m:FindItem>`).code(ews.NoError).found()
			if got != want {
				t.Errorf("%s:\n got %q\nwant %q", text, got, want)
			}
		}
		query("red", "apple cherry")
		query("subject:ban", "Banana")
		query("red NOT green", "cherry")
		query("importance:high isread:yes (subject:date OR subject:apple)", "date")
		query(`body:"red or green"`, "apple")
		query("category:fruit OR kind:tasks", "Banana")
	})
}

func TestBadFindItem(t *testing.T) {
	h := open(t)
	h.mails()
	code := func(between, folder string, want ews.ResponseCode) {
		t.Helper()
		h.post("anna", findItem(idOnly, between, folder)).code(want)
	}
	fault := func(between string, want ews.ResponseCode) {
		t.Helper()
		h.post("anna", findItem(idOnly, between, named("drafts", ""))).fault(want)
	}
	view := func(start, end string) string {
		return `<m:CalendarView StartDate="` + start + `" EndDate="` + end + `"/>`
	}
	drafts := named("drafts", "")
	fault(`<m:IndexedPageItemView MaxEntriesReturned="0" Offset="0" BasePoint="Beginning"/>`, ews.ErrorInvalidPagingMaxRows)
	fault(`<m:IndexedPageItemView MaxEntriesReturned="5" Offset="-1" BasePoint="Beginning"/>`, ews.ErrorInvalidIndexedPagingParameters)
	fault(`<m:FractionalPageItemView MaxEntriesReturned="5" Numerator="3" Denominator="2"/>`, ews.ErrorInvalidFractionalPagingParameters)
	code(view("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"), drafts, ews.ErrorCalendarFolderIsInvalidForCalendarView)
	code(view("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z"), named("calendar", ""), ews.ErrorCalendarEndDateIsEarlierThanStartDate)
	code(view("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"), named("calendar", ""), ews.ErrorCalendarViewRangeTooBig)
	code(restricted(compared("IsEqualTo", field("message:IsRead"), "perhaps")), drafts, ews.ErrorInvalidValueForProperty)
	code(restricted(compared("IsEqualTo", field("item:ItemId"), "x")), drafts, ews.ErrorUnsupportedPathForQuery)
	code(restricted(contains("Substring", field("item:Size"), "1")), drafts, ews.ErrorContainsFilterWrongType)
	code(sorted("Ascending", field("item:Body")), drafts, ews.ErrorUnsupportedPathForSortGroup)
	code(`<m:ContactsView/>`, drafts, ews.ErrorInvalidFolderTypeForOperation)
	many := strings.Repeat(compared("IsEqualTo", field("item:Subject"), "x"), 300)
	code(restricted(`<t:Or>`+many+`</t:Or>`), drafts, ews.ErrorRestrictionTooComplex)

	// Each folder has its answer.
	h.post("anna", findItem(idOnly, "", drafts+named("inbox", "ben")+named("archive", "")+named("inbox", ""))).
		has(`TotalItemsInView="4"`, "ErrorFolderNotFound", `TotalItemsInView="0"`)
}

// TestItemsNotInListsOfOthers: another open server lists items to those who may
// not read them.
func TestItemsNotInListsOfOthers(t *testing.T) {
	h := open(t)
	h.mails()
	h.post("ben", findItem(standard, "", named("drafts", "anna"))).code(ews.ErrorFolderNotFound).lacks("apple")
	id := h.post("anna", getFolder(idOnly, named("drafts", ""))).attr("t:FolderId", "Id")
	h.post("ben", findItem(standard, "", folderByID(id))).code(ews.ErrorFolderNotFound).lacks("apple")
	h.post("ben", syncItems(standard, folderByID(id), "", 10)).code(ews.ErrorSyncFolderNotFound).lacks("apple")
}

// TestRecurrenceInCalendarView: another open server shows the series instead of
// its occurrences, or nothing.
func TestRecurrenceInCalendarView(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		start := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
		h.create("anna",
			item(ews.KindCalendarItem, ews.FieldSubject, "standup", ews.FieldStart, start, ews.FieldEnd, start.Add(15*time.Minute),
				ews.FieldRecurrence, &ews.Recurrence{
					Pattern: ews.RecurrencePattern{Daily: &ews.IntervalRecurrence{Interval: 1}},
					Range:   ews.RecurrenceRange{Numbered: &ews.NumberedRecurrence{StartDate: "2026-03-02", NumberOfOccurrences: 10}},
				}),
			item(ews.KindCalendarItem, ews.FieldSubject, "dentist", ews.FieldStart, start.Add(25*time.Hour), ews.FieldEnd, start.Add(26*time.Hour)))
		view := func(max string) reply {
			return h.post("anna", findItem(standard+`<t:AdditionalProperties>`+field("calendar:CalendarItemType")+field("calendar:IsRecurring")+
				`</t:AdditionalProperties>`, `<m:CalendarView `+max+`StartDate="2026-03-03T00:00:00Z" EndDate="2026-03-05T00:00:00Z"/>`, named("calendar", "")))
		}
		a := view("").code(ews.NoError).has("<t:CalendarItemType>Occurrence<", "<t:CalendarItemType>Single<", "2026-03-04T09:00:00Z", `TotalItemsInView="3"`)
		if got := a.found(); got != "standup dentist standup" {
			t.Errorf("got %q", got)
		}
		view(`MaxEntriesReturned="2" `).code(ews.NoError).has(`IncludesLastItemInRange="false"`)
		// The folder itself holds the series.
		if got := h.post("anna", findItem(standard, sorted("Ascending", field("item:Subject")), named("calendar", ""))).found(); got != "dentist standup" {
			t.Errorf("got %q", got)
		}
	})
}

func TestContactsView(t *testing.T) {
	h := open(t)
	var list []ews.Item
	for _, name := range []string{"Carol", "alice", "Bob", "Dave"} {
		list = append(list, item(ews.KindContact, ews.FieldContactDisplayName, name, ews.FieldSubject, name))
	}
	h.create("anna", list...)
	test := func(view, want string) {
		t.Helper()
		if got := h.post("anna", findItem(standard+`<t:AdditionalProperties>`+field("item:Subject")+`</t:AdditionalProperties>`, view,
			named("contacts", ""))).code(ews.NoError).found(); got != want {
			t.Errorf("%s: got %q, want %q", view, got, want)
		}
	}
	test(`<m:ContactsView/>`, "alice Bob Carol Dave")
	test(`<m:ContactsView InitialName="b" FinalName="carol"/>`, "Bob Carol")
	test(`<m:ContactsView MaxEntriesReturned="1"/>`, "alice")
}
