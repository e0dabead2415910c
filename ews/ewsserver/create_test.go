package ewsserver

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"entente/ews"
)

// A kept item says what was said when it was made: nothing is an empty success.
func TestCreateItemKeepsEverything(t *testing.T) {
	day := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	each(t, func(t *testing.T, h *house) {
		test := func(k ews.Kind, pairs ...any) *ews.Item {
			t.Helper()
			id := h.create("anna", item(k, pairs...))[0]
			got := h.get("anna", id)
			if got.Kind != k {
				t.Errorf("%v came back as %v", k.Element(), got.Kind.Element())
			}
			for i := 0; i < len(pairs); i += 2 {
				f := pairs[i].(ews.Field)
				if v, _ := got.Get(f); !reflect.DeepEqual(v, pairs[i+1]) {
					t.Errorf("%s/%s is %v, want %v", k.Element(), f.Element(), v, pairs[i+1])
				}
			}
			return got
		}
		test(ews.KindContact,
			ews.FieldContactGivenName, "Ada", ews.FieldContactMiddleName, "King", ews.FieldContactSurname, "Lovelace",
			ews.FieldContactCompanyName, "Analytical", ews.FieldContactJobTitle, "Countess", ews.FieldContactInitials, "AKL",
			ews.FieldContactNickname, "Enchantress", ews.FieldContactBirthday, day, ews.FieldContactWeddingAnniversary, day,
			ews.FieldContactChildren, []string{"Byron", "Anne"}, ews.FieldContactDepartment, "Numbers", ews.FieldContactManager, "Babbage",
			ews.FieldContactOfficeLocation, "St James", ews.FieldContactProfession, "Poet", ews.FieldContactSpouseName, "William",
			ews.FieldContactAssistantName, "Mary", ews.FieldContactGeneration, "I", ews.FieldContactBusinessHomePage, "https://ada.example",
			ews.FieldContactPostalAddressIndex, "Home", ews.FieldContactMileage, "12", ews.FieldContactCompanies, []string{"Engine Works"},
		)
		test(ews.KindTask,
			ews.FieldSubject, "Write it down", ews.FieldTaskStartDate, day, ews.FieldTaskDueDate, day.AddDate(0, 0, 7),
			ews.FieldTaskStatus, "InProgress", ews.FieldTaskPercentComplete, 25.0, ews.FieldTaskActualWork, int64(90),
			ews.FieldTaskTotalWork, int64(480), ews.FieldTaskBillingInformation, "B", ews.FieldTaskMileage, "7",
			ews.FieldTaskCompanies, []string{"Engine Works"}, ews.FieldTaskContacts, []string{"Charles"},
			ews.FieldReminderIsSet, true, ews.FieldReminderDueBy, day,
		)
		test(ews.KindCalendarItem,
			ews.FieldSubject, "Review", ews.FieldStart, day.Add(9*time.Hour), ews.FieldEnd, day.Add(10*time.Hour),
			ews.FieldLocation, "Room One", ews.FieldLegacyFreeBusyStatus, "Tentative", ews.FieldIsAllDayEvent, false,
			ews.FieldReminderIsSet, true, ews.FieldReminderMinutesBeforeStart, int64(10), ews.FieldCategories, []string{"Red"},
			ews.FieldAllowNewTimeProposal, false, ews.FieldUID, "made-elsewhere@contoso.example",
		)
		test(ews.KindPostItem, ews.FieldSubject, "A note to all")
		test(ews.KindMessage,
			ews.FieldSubject, "Hello", ews.FieldInternetMessageId, "<1@contoso.example>", ews.FieldReferences, "<0@contoso.example>",
			ews.FieldInReplyTo, "<0@contoso.example>", ews.FieldIsReadReceiptRequested, true, ews.FieldIsDeliveryReceiptRequested, true,
			ews.FieldIsRead, false, ews.FieldCulture, "de-DE",
			ews.FieldFlag, &ews.Flag{FlagStatus: ews.FlagFlagged, StartDate: day, DueDate: day.AddDate(0, 0, 1)},
		)
	})
}

func TestContactNames(t *testing.T) {
	h := open(t)
	test := func(want string, pairs ...any) {
		t.Helper()
		got := h.get("anna", h.create("anna", item(ews.KindContact, pairs...))[0])
		if v, _ := got.Get(ews.FieldContactFileAs); v != want {
			t.Errorf("filed as %q, want %q", v, want)
		}
	}
	test("Lovelace, Ada", ews.FieldContactGivenName, "Ada", ews.FieldContactSurname, "Lovelace")
	test("Ada Lovelace", ews.FieldContactGivenName, "Ada", ews.FieldContactSurname, "Lovelace", ews.FieldContactFileAsMapping, "FirstSpaceLast")
	test("ACME", ews.FieldContactGivenName, "Ada", ews.FieldContactCompanyName, "ACME", ews.FieldContactFileAsMapping, "Company")
	test("The Countess", ews.FieldContactGivenName, "Ada", ews.FieldContactFileAs, "The Countess")
}

// Entries of dictionaries come back under their keys, and go one by one.
func TestContactEntries(t *testing.T) {
	h := open(t)
	a := h.post("anna", `<m:CreateItem><m:Items><t:Contact><t:DisplayName>Ada</t:DisplayName>
		<t:EmailAddresses><t:Entry Key="EmailAddress1">ada@contoso.example</t:Entry><t:Entry Key="EmailAddress2">al@contoso.example</t:Entry></t:EmailAddresses>
		<t:PhysicalAddresses><t:Entry Key="Home"><t:Street>St James Sq</t:Street><t:City>London</t:City></t:Entry>
			<t:Entry Key="Business"><t:City>Paris</t:City><t:PostalCode>75001</t:PostalCode></t:Entry></t:PhysicalAddresses>
		<t:PhoneNumbers><t:Entry Key="MobilePhone">+44 1</t:Entry><t:Entry Key="BusinessPhone">+44 2</t:Entry></t:PhoneNumbers>
		<t:ImAddresses><t:Entry Key="ImAddress1">ada@im.example</t:Entry></t:ImAddresses></t:Contact></m:Items></m:CreateItem>`).code(ews.NoError)
	id := `<t:ItemId Id="` + a.attr("t:ItemId", "Id") + `"/>`
	get := func(shape string) reply {
		t.Helper()
		return h.post("anna", `<m:GetItem><m:ItemShape>`+shape+`</m:ItemShape><m:ItemIds>`+id+`</m:ItemIds></m:GetItem>`).code(ews.NoError)
	}
	get(`<t:BaseShape>Default</t:BaseShape>`).has(
		`Key="EmailAddress1"`, ">ada@contoso.example<", ">al@contoso.example<", `<t:Entry Key="MobilePhone">+44 1</t:Entry>`,
		`<t:Entry Key="Home"><t:Street>St James Sq</t:Street><t:City>London</t:City></t:Entry>`,
		`<t:Entry Key="Business"><t:City>Paris</t:City><t:PostalCode>75001</t:PostalCode></t:Entry>`,
		`<t:Entry Key="ImAddress1">ada@im.example</t:Entry>`)
	get(`<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="BusinessPhone"/></t:AdditionalProperties>`).
		has(">+44 2<").lacks(">+44 1<")
	update := func(updates string) reply {
		t.Helper()
		return h.post("anna", `<m:UpdateItem ConflictResolution="AlwaysOverwrite"><m:ItemChanges><t:ItemChange>`+id+`<t:Updates>`+updates+`</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`)
	}
	update(`<t:DeleteItemField><t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="MobilePhone"/></t:DeleteItemField>
		<t:SetItemField><t:IndexedFieldURI FieldURI="contacts:PhysicalAddress:City" FieldIndex="Home"/><t:Contact><t:PhysicalAddresses><t:Entry Key="Home"><t:City>Ockham</t:City></t:Entry></t:PhysicalAddresses></t:Contact></t:SetItemField>
		<t:DeleteItemField><t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="EmailAddress1"/></t:DeleteItemField>`).code(ews.NoError)
	get(`<t:BaseShape>Default</t:BaseShape>`).has("Ockham", "St James Sq", "+44 2").lacks("London", "+44 1", `"EmailAddress1"`)
	update(`<t:SetItemField><t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="MobilePhone"/><t:Contact><t:PhoneNumbers><t:Entry Key="HomePhone">3</t:Entry></t:PhoneNumbers></t:Contact></t:SetItemField>`).
		code(ews.ErrorUpdatePropertyMismatch)
}

func TestDistributionList(t *testing.T) {
	h := open(t)
	a := h.post("anna", `<m:CreateItem><m:Items><t:DistributionList><t:DisplayName>Friends</t:DisplayName><t:Members>
		<t:Member><t:Mailbox><t:EmailAddress>ben@contoso.example</t:EmailAddress></t:Mailbox></t:Member>
		<t:Member><t:Mailbox><t:Name>Zoë</t:Name><t:EmailAddress>zoe@elsewhere.example</t:EmailAddress></t:Mailbox></t:Member>
		</t:Members></t:DistributionList></m:Items></m:CreateItem>`).code(ews.NoError)
	get := `<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape><m:ItemIds><t:ItemId Id="` + a.attr("t:ItemId", "Id") + `"/></m:ItemIds></m:GetItem>`
	a = h.post("anna", get).has("<t:DistributionList>", "<t:DisplayName>Friends<", "<t:Name>Ben Vogel<", "<t:Name>Zoë<", "zoe@elsewhere.example")
	if n := strings.Count(a.body, "<t:Member "); n != 2 {
		t.Errorf("%d members", n)
	}
}

// What a client says in the wrong place, or does not say, is refused by name.
func TestCreateItemRefuses(t *testing.T) {
	h := open(t)
	test := func(want ews.ResponseCode, attrs, folder, items string) {
		t.Helper()
		if folder != "" {
			folder = `<m:SavedItemFolderId><t:DistinguishedFolderId Id="` + folder + `"/></m:SavedItemFolderId>`
		}
		h.post("anna", `<m:CreateItem `+attrs+`>`+folder+`<m:Items>`+items+`</m:Items></m:CreateItem>`).code(want)
	}
	const none = `SendMeetingInvitations="SendToNone"`
	test(ews.ErrorMessageDispositionRequired, "", "", `<t:Message/>`)
	test(ews.ErrorSendMeetingInvitationsRequired, "", "", `<t:CalendarItem/>`)
	test(ews.NoError, none, "", `<t:CalendarItem/>`)
	test(ews.ErrorCannotCreateCalendarItemInNonCalendarFolder, none, "inbox", `<t:CalendarItem/>`)
	test(ews.ErrorCannotCreateContactInNonContactFolder, "", "tasks", `<t:Contact/>`)
	test(ews.ErrorCannotCreateTaskInNonTaskFolder, "", "calendar", `<t:Task/>`)
	test(ews.ErrorCalendarEndDateIsEarlierThanStartDate, none, "", `<t:CalendarItem><t:Start>2026-05-04T09:00:00Z</t:Start><t:End>2026-05-04T08:00:00Z</t:End></t:CalendarItem>`)
	test(ews.ErrorCalendarDurationIsTooLong, none, "", `<t:CalendarItem><t:Start>2026-05-04T09:00:00Z</t:Start><t:End>2036-05-04T08:00:00Z</t:End></t:CalendarItem>`)
	test(ews.ErrorTimeZone, none, "", `<t:CalendarItem><t:StartTimeZone Id="Middle Earth Standard Time"/></t:CalendarItem>`)
	test(ews.ErrorInvalidPropertySet, none, "", `<t:CalendarItem><t:Organizer><t:Mailbox><t:EmailAddress>ben@contoso.example</t:EmailAddress></t:Mailbox></t:Organizer></t:CalendarItem>`)
	test(ews.ErrorInvalidPropertySet, "", "", `<t:Task><t:PercentComplete>101</t:PercentComplete></t:Task>`)
	test(ews.ErrorInvalidExtendedProperty, "", "", `<t:Task><t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x8001" PropertyType="String"/><t:Value>x</t:Value></t:ExtendedProperty></t:Task>`)
	test(ews.ErrorInvalidExtendedPropertyValue, "", "", `<t:Task><t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x6801" PropertyType="Integer"/><t:Value>x</t:Value></t:ExtendedProperty></t:Task>`)
	test(ews.ErrorCalendarInvalidRecurrence, none, "", `<t:CalendarItem><t:Start>2026-05-04T09:00:00Z</t:Start><t:End>2026-05-04T10:00:00Z</t:End><t:Recurrence><t:DailyRecurrence><t:Interval>0</t:Interval></t:DailyRecurrence><t:NoEndRecurrence><t:StartDate>2026-05-04</t:StartDate></t:NoEndRecurrence></t:Recurrence></t:CalendarItem>`)
	test(ews.ErrorInvalidRecipients, `MessageDisposition="SendOnly"`, "", `<t:Message><t:Subject>to nobody</t:Subject></t:Message>`)
	test(ews.ErrorSendAsDenied, `MessageDisposition="SendOnly"`, "", `<t:Message><t:ToRecipients><t:Mailbox><t:EmailAddress>ben@contoso.example</t:EmailAddress></t:Mailbox></t:ToRecipients><t:From><t:Mailbox><t:EmailAddress>carla@contoso.example</t:EmailAddress></t:Mailbox></t:From></t:Message>`)
	test(ews.ErrorObjectTypeChanged, "", "", `<t:Task><t:ItemClass>IPM.Contact</t:ItemClass></t:Task>`)
}

// One item that is wrong does not fail the others, and each has its answer.
func TestCreateItemAnswersForEach(t *testing.T) {
	h := open(t)
	resp := &ews.CreateItemResponse{}
	h.ask("anna", &ews.CreateItem{Items: []ews.Item{
		item(ews.KindTask, ews.FieldSubject, "one"),
		item(ews.KindTask, ews.FieldTaskPercentComplete, -1.0),
		item(ews.KindTask, ews.FieldSubject, "three"),
	}}, resp)
	var codes []string
	for _, m := range resp.ResponseMessages {
		codes = append(codes, string(m.ResponseCode))
	}
	if got := strings.Join(codes, " "); got != "NoError ErrorInvalidPropertySet NoError" {
		t.Error(got)
	}
}

func TestExtendedProperties(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const named = `<t:ExtendedFieldURI PropertySetId="c11ff724-aa03-4555-9952-8fa248a11c3e" PropertyName="Colour" PropertyType="String"/>`
		const byID = `<t:ExtendedFieldURI DistinguishedPropertySetId="Common" PropertyId="34080" PropertyType="StringArray"/>`
		const tag = `<t:ExtendedFieldURI PropertyTag="0x6801" PropertyType="Integer"/>`
		a := h.post("anna", `<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:Message><t:Subject>x</t:Subject>
			<t:ExtendedProperty>`+named+`<t:Value>blue</t:Value></t:ExtendedProperty>
			<t:ExtendedProperty>`+byID+`<t:Values><t:Value>a</t:Value><t:Value>b</t:Value></t:Values></t:ExtendedProperty>
			<t:ExtendedProperty>`+tag+`<t:Value>42</t:Value></t:ExtendedProperty>
			<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="3591" PropertyType="Integer"/><t:Value>1</t:Value></t:ExtendedProperty>
			</t:Message></m:Items></m:CreateItem>`).code(ews.NoError)
		id := `<t:ItemId Id="` + a.attr("t:ItemId", "Id") + `"/>`
		get := `<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape><t:AdditionalProperties>` + named + byID + tag +
			`<t:ExtendedFieldURI PropertyTag="0xe23" PropertyType="Integer"/><t:ExtendedFieldURI PropertyTag="0x6802" PropertyType="Integer"/>` +
			`</t:AdditionalProperties></m:ItemShape><m:ItemIds>` + id + `</m:ItemIds></m:GetItem>`
		h.post("anna", get).code(ews.NoError).has("<t:Value>blue<", "<t:Value>a</t:Value><t:Value>b<", "<t:Value>42<", `PropertyTag="0xe23"`, "<t:IsRead>true<").lacks("0x6802")
		h.post("anna", `<m:UpdateItem MessageDisposition="SaveOnly" ConflictResolution="AlwaysOverwrite"><m:ItemChanges><t:ItemChange>`+id+`<t:Updates>
			<t:SetItemField>`+tag+`<t:Message><t:ExtendedProperty>`+tag+`<t:Value>43</t:Value></t:ExtendedProperty></t:Message></t:SetItemField>
			<t:DeleteItemField>`+named+`</t:DeleteItemField></t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`).code(ews.NoError)
		h.post("anna", get).has("<t:Value>43<", "<t:Value>b<").lacks("blue")
	})
}
