package load

import (
	"fmt"
	"strings"
	"time"
)

const (
	soapHead = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013"/></s:Header><s:Body>`
	soapFoot = `</s:Body></s:Envelope>`
)

// request is the body of one request; n varies what it asks for.
func request(operation string, users []string, n int, now time.Time) string {
	var body string
	switch operation {
	case "GetFolder":
		body = `<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>`
	case "FindItem":
		body = `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="50" Offset="0" BasePoint="Beginning"/><m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`
	case "GetUserAvailability":
		body = availability(users, n, now)
	case "CreateItem":
		start := now.UTC().Truncate(time.Hour).Add(time.Duration(n%500) * time.Hour)
		body = fmt.Sprintf(`<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId><t:DistinguishedFolderId Id="calendar"/></m:SavedItemFolderId><m:Items><t:CalendarItem><t:Subject>Load %d</t:Subject><t:Start>%s</t:Start><t:End>%s</t:End></t:CalendarItem></m:Items></m:CreateItem>`,
			n, start.Format(time.RFC3339), start.Add(30*time.Minute).Format(time.RFC3339))
	}
	return soapHead + body + soapFoot
}

// availability asks for a week of up to five people.
func availability(users []string, n int, now time.Time) string {
	var b strings.Builder
	const zone = `<t:TimeZone><t:Bias>0</t:Bias><t:StandardTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime><t:DaylightTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>`
	b.WriteString(`<m:GetUserAvailabilityRequest>` + zone + `<m:MailboxDataArray>`)
	for i := range min(5, len(users)) {
		fmt.Fprintf(&b, `<t:MailboxData><t:Email><t:Address>%s</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData>`, users[(n+i)%len(users)])
	}
	day := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, n%60)
	fmt.Fprintf(&b, `</m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>%s</t:StartTime><t:EndTime>%s</t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>30</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>FreeBusyMerged</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>`,
		day.Format("2006-01-02T15:04:05"), day.AddDate(0, 0, 7).Format("2006-01-02T15:04:05"))
	return b.String()
}
