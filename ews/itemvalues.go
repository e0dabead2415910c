package ews

import (
	"time"

	"entente/strictxml"
)

// decodeValue reads the element r stands on as a value of type t. What it
// returns has the Go type that stands at the FieldType.
func decodeValue(r *strictxml.Reader, k Kind, t FieldType) any {
	switch t {
	case TypeString:
		return r.Text()
	case TypeBool:
		return parseBool(r, r.Text())
	case TypeDateTime:
		return parseTime(r, r.Text())
	case TypeInt, TypeReminderMinutes:
		return int64(parseInt[int32](r, r.Text()))
	case TypeLong:
		return parseInt[int64](r, r.Text())
	case TypeFloat:
		return parseFloat(r, r.Text())
	case TypeBinary:
		return parseBase64(r, r.Text())
	case TypeStrings:
		return decodeScalars(r, NSTypes, "String", false, parseString)
	case TypeBinaries:
		return decodeScalars(r, NSTypes, "Base64Binary", false, parseBase64)
	case TypeNonEmptyString, TypeGUID:
		return decodeChecked(r, t)
	case TypePermissionSet:
		if k == KindCalendarFolder {
			return decodeStruct[CalendarPermissionSet](r)
		}
		return decodeStruct[PermissionSet](r)
	}
	if s, ok := decodeEnum(r, t); ok {
		return s
	}
	return decodeStructured(r, t)
}

func decodeChecked(r *strictxml.Reader, t FieldType) string {
	s := r.Text()
	if t == TypeGUID && !isGUID(trim(s)) || s == "" {
		invalid(r, "GUID or non-empty string", s)
	}
	return s
}

// decodeEnum reads the enumerations, as plain strings.
func decodeEnum(r *strictxml.Reader, t FieldType) (s string, ok bool) {
	switch t {
	case TypeSensitivity:
		return string(parseSensitivity(r, r.Text())), true
	case TypeImportance:
		return string(parseImportance(r, r.Text())), true
	case TypeIconIndex:
		return string(parseIconIndex(r, r.Text())), true
	case TypeTaskStatus:
		return string(parseTaskStatus(r, r.Text())), true
	case TypeTaskDelegateState:
		return string(parseTaskDelegateState(r, r.Text())), true
	case TypeFileAsMapping:
		return string(parseFileAsMapping(r, r.Text())), true
	case TypeContactSource:
		return string(parseContactSource(r, r.Text())), true
	case TypePhysicalAddressIndex:
		return string(parsePhysicalAddressIndex(r, r.Text())), true
	case TypeLegacyFreeBusy:
		return string(parseLegacyFreeBusy(r, r.Text())), true
	case TypeCalendarItemType:
		return string(parseCalendarItemType(r, r.Text())), true
	case TypeResponseType:
		return string(parseResponseType(r, r.Text())), true
	case TypeMeetingRequestType:
		return string(parseMeetingRequestType(r, r.Text())), true
	case TypeDistinguishedFolderIdName:
		return string(parseDistinguishedFolderName(r, r.Text())), true
	case TypeCalendarPermissionReadAccess:
		return string(parseCalendarPermissionReadAccess(r, r.Text())), true
	}
	return "", false
}

func decodeStruct[T any, P decoder[T]](r *strictxml.Reader) *T {
	x := new(T)
	P(x).decodeXML(r)
	return x
}

func decodeStructured(r *strictxml.Reader, t FieldType) any {
	switch t {
	case TypeItemID:
		return decodeStruct[ItemID](r)
	case TypeFolderID:
		return decodeStruct[FolderID](r)
	case TypeMimeContent:
		return decodeStruct[MimeContent](r)
	case TypeBody:
		return decodeStruct[Body](r)
	case TypeFlag:
		return decodeStruct[Flag](r)
	case TypeRetentionTag:
		return decodeStruct[RetentionTag](r)
	case TypeEffectiveRights:
		return decodeStruct[EffectiveRights](r)
	case TypeRecipient:
		return &decodeStruct[SingleRecipient](r).Mailbox
	case TypeRecurrence:
		return decodeStruct[Recurrence](r)
	case TypeTaskRecurrence:
		return decodeStruct[TaskRecurrence](r)
	case TypeOccurrence:
		return decodeStruct[Occurrence](r)
	case TypeTimeZone:
		return decodeStruct[TimeZone](r)
	case TypeTimeZoneDefinition:
		return decodeStruct[TimeZoneDefinition](r)
	case TypeEnhancedLocation:
		return decodeStruct[EnhancedLocation](r)
	case TypeChangeHighlights:
		return decodeStruct[ChangeHighlights](r)
	case TypeCompleteName:
		return decodeStruct[CompleteName](r)
	case TypeSearchParameters:
		return decodeStruct[SearchParameters](r)
	}
	return decodeValues(r, t)
}

func decodeValues(r *strictxml.Reader, t FieldType) any {
	switch t {
	case TypeRecipients:
		return decodeList[Mailbox](r, NSTypes, "Mailbox", false)
	case TypeAttendees:
		return decodeList[Attendee](r, NSTypes, "Attendee", false)
	case TypeAttachments:
		return decodeChoices[Attachment](r, "Attachments", false)
	case TypeOccurrences:
		return decodeList[Occurrence](r, NSTypes, "Occurrence", false)
	case TypeDeletedOccurrences:
		return decodeList[DeletedOccurrence](r, NSTypes, "DeletedOccurrence", false)
	case TypeItems:
		return decodeChoices[Item](r, "items", false)
	case TypeResponseObjects:
		return decodeResponseObjects(r)
	}
	r.Fail(schemaError("no decoder for the property " + r.Name().Local))
	return nil
}

// decodeResponseObjects reads the names of what may be done with an item.
func decodeResponseObjects(r *strictxml.Reader) []string {
	names := []string{}
	for r.Child() {
		names = append(names, r.Name().Local)
		r.Skip()
	}
	return names
}

// encodable is every struct with a generated encoder.
type encodable interface {
	appendXML(e *strictxml.Encoder, qname string)
}

// appendValue writes v as an element. It goes by the Go type of v alone; a
// value of a type that no FieldType has is left out. Pointers are not nil.
func appendValue(e *strictxml.Encoder, k Kind, qname string, v any) {
	switch v := v.(type) {
	case string:
		e.Elem(qname, v)
	case bool:
		e.ElemBool(qname, v)
	case int64:
		e.ElemInt(qname, v)
	case int:
		e.ElemInt(qname, int64(v))
	case time.Time:
		appendTime(e, qname, v)
	case float64:
		e.ElemFloat(qname, v)
	case []byte:
		e.ElemBase64(qname, v)
	case *ItemID:
		v.appendXML(e, qname)
	case *Mailbox:
		e.Start(qname)
		v.appendXML(e, "t:Mailbox")
		e.End(qname)
	case []string:
		appendStrings(e, qname, v)
	case encodable:
		v.appendXML(e, qname)
	default:
		appendValues(e, qname, v)
	}
}

// appendStrings writes categories and the like; the names of response objects
// are elements themselves.
func appendStrings(e *strictxml.Encoder, qname string, list []string) {
	e.Start(qname)
	for _, s := range list {
		if qname == "t:ResponseObjects" {
			if k := kindOf(s); k.IsResponseObject() {
				e.Start(qnames[k])
				e.End(qnames[k])
			}
			continue
		}
		e.Elem("t:String", s)
	}
	e.End(qname)
}

func appendValues(e *strictxml.Encoder, qname string, v any) {
	switch v := v.(type) {
	case []Mailbox:
		appendList(e, qname, "t:Mailbox", v)
	case []Attendee:
		appendList(e, qname, "t:Attendee", v)
	case []Occurrence:
		appendList(e, qname, "t:Occurrence", v)
	case []DeletedOccurrence:
		appendList(e, qname, "t:DeletedOccurrence", v)
	case []Attachment:
		appendChoices(e, qname, v)
	case []Item:
		appendChoices(e, qname, v)
	case [][]byte:
		e.Start(qname)
		for _, b := range v {
			e.ElemBase64("t:Base64Binary", b)
		}
		e.End(qname)
	}
}

func appendList[T any, P interface {
	*T
	encodable
}](e *strictxml.Encoder, qname, child string, list []T) {
	e.Start(qname)
	for i := range list {
		P(&list[i]).appendXML(e, child)
	}
	e.End(qname)
}

func appendChoices[T any, P interface {
	*T
	appendChoice(e *strictxml.Encoder)
}](e *strictxml.Encoder, qname string, list []T) {
	e.Start(qname)
	for i := range list {
		P(&list[i]).appendChoice(e)
	}
	e.End(qname)
}
