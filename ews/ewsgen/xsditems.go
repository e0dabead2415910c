package main

import (
	"fmt"
	"strings"
)

func (w *schemaWriter) kindByXSD(name string) *kindRow {
	for i := range w.model.fields.kinds {
		if k := &w.model.fields.kinds[i]; k.xsd == name {
			return k
		}
	}
	return nil
}

// uris makes an enumeration of the FieldURIs of the table.
func (t *fieldTable) uris() *typ {
	e := &typ{}
	for i := range t.rows {
		if r := &t.rows[i]; r.uri != "" && !r.indexed() {
			e.consts = append(e.consts, constant{"", r.uri})
		}
	}
	return e
}

// kind writes the type of an item or folder from the field table.
func (w *schemaWriter) kind(k *kindRow) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<xs:complexType name="%s">`, k.xsd)
	body := "<xs:sequence>"
	for _, name := range k.own {
		row := w.model.fields.row(name)
		if xsd := w.fieldType(k, row); xsd != "" {
			most := "1"
			if row.element == "ExtendedProperty" {
				most = "unbounded"
			}
			body += w.elementOf("t", "t", row.element, xsd, "0", most)
		}
	}
	body += "</xs:sequence>"
	if base := w.model.fields.kind(k.base); base != nil {
		w.use("t:" + base.xsd)
		body = fmt.Sprintf(`<xs:complexContent><xs:extension base="t:%s">%s</xs:extension></xs:complexContent>`, base.xsd, body)
	}
	b.WriteString(body + `</xs:complexType>`)
	return b.String()
}

// fieldType is the schema type of a property of a kind. Calendars have
// permissions of their own kind, contact folders a smaller set of rights to
// share; properties we do not keep are left out.
func (w *schemaWriter) fieldType(k *kindRow, row *fieldRow) string {
	switch {
	case row.typ == "TypeOther":
		return ""
	case row.element == "PermissionSet" && k.element == "CalendarFolder":
		return "t:CalendarPermissionSetType"
	case row.element == "SharingEffectiveRights" && k.element == "ContactsFolder":
		return "t:PermissionReadAccessType"
	}
	return w.model.fields.types[row.typ]
}

// headerElements are the SOAP headers, which package ews reads and writes by
// hand. [MS-OXWSCDATA].
var headerElements = []struct{ name, xsd string }{
	{"ExchangeImpersonation", "t:ExchangeImpersonationType"},
	{"MailboxCulture", "xs:language"},
	{"RequestServerVersion", "t:RequestServerVersionType"},
	{"ServerVersionInfo", "t:ServerVersionInfoType"},
	{"TimeZoneContext", "t:TimeZoneContextType"},
	{"DateTimePrecision", "t:DateTimePrecisionType"},
	{"ManagementRole", "t:ManagementRoleType"},
}

// list is the definition of a type that holds a repeated element.
func list(name, element, xsd, least string) string {
	return fmt.Sprintf(`<xs:complexType name="%s"><xs:sequence><xs:element name="%s" type="%s"%s/></xs:sequence></xs:complexType>`,
		name, element, xsd, occurs(least, "unbounded"))
}

// pattern is the definition of text of a certain form.
func pattern(name, regexp string) string {
	return fmt.Sprintf(`<xs:simpleType name="%s"><xs:restriction base="xs:string"><xs:pattern value="%s"/></xs:restriction></xs:simpleType>`,
		name, regexp)
}

// fragment is the definition of a type that no Go type stands for; "" for
// others.
func fragment(name string) string {
	switch name {
	case "GuidType":
		return pattern(name, "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
	case "PropertyTagType":
		return pattern(name, "(0x|0X)[0-9A-Fa-f]{1,4}|[0-9]{1,4}|[1-5][0-9]{4}")
	case "ExcludesAttributeType":
		return pattern(name, "((0x|0X)[0-9A-Fa-f]*)|([0-9]*)")
	case "NonEmptyStringType":
		return `<xs:simpleType name="NonEmptyStringType"><xs:restriction base="xs:string"><xs:minLength value="1"/></xs:restriction></xs:simpleType>`
	case "ReminderMinutesBeforeStartType":
		return `<xs:simpleType name="ReminderMinutesBeforeStartType"><xs:restriction base="xs:int"><xs:minInclusive value="0"/><xs:maxInclusive value="2629800"/></xs:restriction></xs:simpleType>`
	case "ArrayOfStringsType":
		return list(name, "String", "xs:string", "0")
	case "ArrayOfBinaryType":
		return list(name, "Base64Binary", "xs:base64Binary", "0")
	case "ArrayOfRecipientsType":
		return choiceOf(name, "0", "Mailbox=EmailAddress") // see listBody
	case "NonEmptyArrayOfAttendeesType":
		return list(name, "Attendee", "t:AttendeeType", "1")
	case "NonEmptyArrayOfOccurrenceInfoType":
		return list(name, "Occurrence", "t:OccurrenceInfoType", "1")
	case "NonEmptyArrayOfDeletedOccurrencesType":
		return list(name, "DeletedOccurrence", "t:DeletedOccurrenceInfoType", "1")
	case "NonEmptyArrayOfInternetHeadersType":
		return list(name, "InternetMessageHeader", "t:InternetHeaderType", "1")
	case "EmailAddressDictionaryType", "PhysicalAddressDictionaryType", "PhoneNumberDictionaryType", "ImAddressDictionaryType":
		return list(name, "Entry", "t:"+strings.TrimSuffix(name, "Type")+"EntryType", "1")
	case "MembersListType":
		return list(name, "Member", "t:MemberType", "0")
	case "NonEmptyArrayOfAttachmentsType":
		return choiceOf(name, "1", "ItemAttachment", "FileAttachment", "ReferenceAttachment")
	case "NonEmptyArrayOfAllItemsType":
		return choiceOf(name, "1", "Item", "Message", "CalendarItem", "Contact=ContactItem", "DistributionList",
			"MeetingMessage", "MeetingRequest=MeetingRequestMessage", "MeetingResponse=MeetingResponseMessage",
			"MeetingCancellation=MeetingCancellationMessage", "Task", "PostItem")
	case "NonEmptyArrayOfResponseObjectsType":
		return choiceOf(name, "0", "AcceptItem", "TentativelyAcceptItem", "DeclineItem", "ReplyToItem", "ForwardItem",
			"ReplyAllToItem", "CancelCalendarItem", "RemoveItem", "SuppressReadReceipt", "PostReplyItem", "AcceptSharingInvitation")
	}
	return headerFragment(name)
}

// choiceOf is a list of elements of several names, each with its own type.
func choiceOf(name, least string, elements ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<xs:complexType name="%s"><xs:choice%s>`, name, occurs(least, "unbounded"))
	for _, e := range elements {
		element, xsd, ok := strings.Cut(e, "=")
		if !ok {
			xsd = element
		}
		fmt.Fprintf(&b, `<xs:element name="%s" type="t:%sType"/>`, element, xsd)
	}
	b.WriteString(`</xs:choice></xs:complexType>`)
	return b.String()
}

func headerFragment(name string) string {
	switch name {
	case "ExchangeImpersonationType":
		return `<xs:complexType name="ExchangeImpersonationType"><xs:sequence>` +
			`<xs:element name="ConnectingSID" type="t:ConnectingSIDType"/></xs:sequence></xs:complexType>`
	case "ConnectingSIDType":
		return `<xs:complexType name="ConnectingSIDType"><xs:choice>` +
			`<xs:element name="PrincipalName" type="t:NonEmptyStringType"/><xs:element name="SID" type="t:NonEmptyStringType"/>` +
			`<xs:element name="PrimarySmtpAddress" type="t:NonEmptyStringType"/><xs:element name="SmtpAddress" type="t:NonEmptyStringType"/>` +
			`</xs:choice></xs:complexType>`
	case "RequestServerVersionType":
		return `<xs:complexType name="RequestServerVersionType"><xs:attribute name="Version" type="t:ExchangeVersionType" use="required"/></xs:complexType>`
	case "ExchangeVersionType":
		return enumeration(name, &typ{consts: []constant{
			{"", "Exchange2007"},
			{"", "Exchange2007_SP1"},
			{"", "Exchange2010"},
			{"", "Exchange2010_SP1"},
			{"", "Exchange2010_SP2"},
			{"", "Exchange2013"},
			{"", "Exchange2013_SP1"},
			{"", "Exchange2015"},
			{"", "Exchange2016"},
		}})
	case "ServerVersionInfoType":
		return `<xs:complexType name="ServerVersionInfoType"><xs:attribute name="MajorVersion" type="xs:int"/>` +
			`<xs:attribute name="MinorVersion" type="xs:int"/><xs:attribute name="MajorBuildNumber" type="xs:int"/>` +
			`<xs:attribute name="MinorBuildNumber" type="xs:int"/><xs:attribute name="Version" type="xs:string"/></xs:complexType>`
	}
	return manualFragment(name)
}
