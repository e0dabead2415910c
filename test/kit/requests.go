package kit

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Envelope puts a request into a SOAP envelope as clients write it.
func Envelope(request string) string {
	return `<?xml version="1.0" encoding="utf-8"?>` +
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">` +
		`<s:Header><t:RequestServerVersion Version="Exchange2016"/></s:Header><s:Body>` + request + `</s:Body></s:Envelope>`
}

// GetFolder asks for a distinguished folder.
func GetFolder(name string) string {
	return `<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="` + name + `"/></m:FolderIds></m:GetFolder>`
}

// GetItem asks for items in the default shape.
func GetItem(ids ...string) string { return getItem("Default", ids) }

// GetWhole asks for items with all their properties.
func GetWhole(ids ...string) string { return getItem("AllProperties", ids) }

func getItem(shape string, ids []string) string {
	var b strings.Builder
	b.WriteString(`<m:GetItem><m:ItemShape><t:BaseShape>` + shape + `</t:BaseShape></m:ItemShape><m:ItemIds>`)
	for _, id := range ids {
		b.WriteString(`<t:ItemId Id="` + id + `"/>`)
	}
	b.WriteString(`</m:ItemIds></m:GetItem>`)
	return b.String()
}

// FindItem asks for a page of a folder: the default shape and six properties,
// the latest first.
func FindItem(folder string, offset, most int) string {
	return fmt.Sprintf(`<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape><t:AdditionalProperties>`+
		`<t:FieldURI FieldURI="item:DateTimeReceived"/><t:FieldURI FieldURI="item:Importance"/><t:FieldURI FieldURI="item:ItemClass"/>`+
		`<t:FieldURI FieldURI="item:Size"/><t:FieldURI FieldURI="message:IsRead"/><t:FieldURI FieldURI="item:Categories"/>`+
		`</t:AdditionalProperties></m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="%d" Offset="%d" BasePoint="Beginning"/>`+
		`<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder>`+
		`<m:ParentFolderIds><t:DistinguishedFolderId Id="%s"/></m:ParentFolderIds></m:FindItem>`, most, offset, folder)
}

// FindIDs asks for the ids and subjects of a page of a folder.
func FindIDs(folder string, offset, most int) string {
	return fmt.Sprintf(`<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>`+
		`<t:FieldURI FieldURI="item:Subject"/></t:AdditionalProperties></m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="%d" Offset="%d" BasePoint="Beginning"/>`+
		`<m:ParentFolderIds><t:DistinguishedFolderId Id="%s"/></m:ParentFolderIds></m:FindItem>`, most, offset, folder)
}

// CreateAppointment makes an appointment of one hour.
func CreateAppointment(subject string, start time.Time) string {
	return fmt.Sprintf(`<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId><t:DistinguishedFolderId Id="calendar"/></m:SavedItemFolderId><m:Items>`+
		`<t:CalendarItem><t:Subject>%s</t:Subject><t:Body BodyType="Text">Agenda: %s</t:Body><t:Start>%s</t:Start><t:End>%s</t:End>`+
		`<t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus><t:Location>Room 7</t:Location></t:CalendarItem></m:Items></m:CreateItem>`,
		subject, subject, start.UTC().Format(time.RFC3339), start.Add(time.Hour).UTC().Format(time.RFC3339))
}

// CreateMessage saves a message in a folder.
func CreateMessage(folder, subject, body string) string {
	return `<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId><t:DistinguishedFolderId Id="` + folder + `"/></m:SavedItemFolderId><m:Items>` +
		`<t:Message><t:Subject>` + subject + `</t:Subject><t:Body BodyType="Text">` + body + `</t:Body>` +
		`<t:ToRecipients><t:Mailbox><t:EmailAddress>` + Address(0) + `</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>`
}

// CreateMIME puts a message into a folder as it came from outside.
func CreateMIME(folder string, mime []byte) string {
	return `<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId><t:DistinguishedFolderId Id="` + folder + `"/></m:SavedItemFolderId><m:Items>` +
		`<t:Message><t:MimeContent CharacterSet="UTF-8">` + base64.StdEncoding.EncodeToString(mime) + `</t:MimeContent></t:Message></m:Items></m:CreateItem>`
}

// SetSubject changes the subject of an item, if its change key is not stale.
func SetSubject(id, changeKey, kind, subject string) string {
	return `<m:UpdateItem ConflictResolution="AutoResolve" MessageDisposition="SaveOnly" SendMeetingInvitationsOrCancellations="SendToNone"><m:ItemChanges><t:ItemChange>` +
		`<t:ItemId Id="` + id + `" ChangeKey="` + changeKey + `"/><t:Updates><t:SetItemField><t:FieldURI FieldURI="item:Subject"/>` +
		`<t:` + kind + `><t:Subject>` + subject + `</t:Subject></t:` + kind + `></t:SetItemField></t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`
}

// DeleteItem takes an item away for good.
func DeleteItem(id string) string {
	return `<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone"><m:ItemIds><t:ItemId Id="` + id + `"/></m:ItemIds></m:DeleteItem>`
}

// SyncFolderItems asks for the first 512 items of a folder.
func SyncFolderItems(folder, state string) string {
	if state != "" {
		state = "<m:SyncState>" + state + "</m:SyncState>"
	}
	return `<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties><t:FieldURI FieldURI="item:Subject"/><t:FieldURI FieldURI="message:IsRead"/></t:AdditionalProperties></m:ItemShape>` +
		`<m:SyncFolderId><t:DistinguishedFolderId Id="` + folder + `"/></m:SyncFolderId>` + state + `<m:MaxChangesReturned>512</m:MaxChangesReturned></m:SyncFolderItems>`
}

// View is a RequestedView of GetUserAvailability.
type View string

// The views that are asked for here.
const (
	MergedOnly View = "MergedOnly"
	Detailed   View = "Detailed"
)

// Availability asks when people are busy, in UTC.
func Availability(view View, from time.Time, days int, who ...string) string {
	const (
		midnight = "2006-01-02T00:00:00"
		utc      = `<t:TimeZone><t:Bias>0</t:Bias><t:StandardTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>` +
			`<t:DaylightTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>`
	)
	var b strings.Builder
	b.WriteString(`<m:GetUserAvailabilityRequest>` + utc + `<m:MailboxDataArray>`)
	for _, a := range who {
		b.WriteString(`<t:MailboxData><t:Email><t:Address>` + a + `</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData>`)
	}
	fmt.Fprintf(&b, `</m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>%s</t:StartTime><t:EndTime>%s</t:EndTime></t:TimeWindow>`+
		`<t:MergedFreeBusyIntervalInMinutes>30</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>%s</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>`,
		from.Format(midnight), from.AddDate(0, 0, days).Format(midnight), view)
	return b.String()
}
