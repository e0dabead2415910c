package ews

import "time"

// A GetUserAvailabilityRequest asks when people are free. [MS-OXWAVLS]
// 3.1.4.1. Its name, unlike most, ends in Request, and so does its element.
//
// ews:type m:GetUserAvailabilityRequestType
type GetUserAvailabilityRequest struct {
	// TimeZone is that of all times in the request and in the answer. Exchange
	// 2010 and later also take a TimeZoneContext header in its place.
	TimeZone               *SerializableTimeZone   `ews:"t:TimeZone"`
	MailboxDataArray       []MailboxData           `ews:"m:MailboxDataArray>t:MailboxData"`
	FreeBusyViewOptions    *FreeBusyViewOptions    `ews:"t:FreeBusyViewOptions"`
	SuggestionsViewOptions *SuggestionsViewOptions `ews:"t:SuggestionsViewOptions"`
}

// Element is the local name of the request in NSMessages.
func (*GetUserAvailabilityRequest) Element() string { return "GetUserAvailabilityRequest" }

// MailboxData names a person to look at. [MS-OXWAVLS].
//
// ews:type MailboxData
type MailboxData struct {
	Email            AvailabilityMailbox `ews:"t:Email"`
	AttendeeType     MeetingAttendeeType `ews:"t:AttendeeType"`
	ExcludeConflicts bool                `ews:"t:ExcludeConflicts,omitempty"`
}

// A MeetingAttendeeType is a person's part in a meeting. [MS-OXWAVLS].
//
// ews:type MeetingAttendeeType
type MeetingAttendeeType string

const (
	AttendeeOrganizer MeetingAttendeeType = "Organizer"
	AttendeeRequired  MeetingAttendeeType = "Required"
	AttendeeOptional  MeetingAttendeeType = "Optional"
	AttendeeRoom      MeetingAttendeeType = "Room"
	AttendeeResource  MeetingAttendeeType = "Resource"
)

// A TimeWindow is a span of time. [MS-OXWAVLS].
//
// ews:type Duration
type TimeWindow struct {
	StartTime time.Time `ews:"t:StartTime"`
	EndTime   time.Time `ews:"t:EndTime"`
}

// A FreeBusyViewType says how much of people's calendars is wanted, or given:
// the answer may be less than was asked. It is a list in the published schema;
// a list of more than one word is not known to mean anything, and refused.
// [MS-OXWAVLS].
//
// ews:type FreeBusyViewType
type FreeBusyViewType string

const (
	ViewNone           FreeBusyViewType = "None"
	ViewMergedOnly     FreeBusyViewType = "MergedOnly"
	ViewFreeBusy       FreeBusyViewType = "FreeBusy"
	ViewFreeBusyMerged FreeBusyViewType = "FreeBusyMerged"
	ViewDetailed       FreeBusyViewType = "Detailed"
	ViewDetailedMerged FreeBusyViewType = "DetailedMerged"
)

// FreeBusyViewOptions say what to look at. [MS-OXWAVLS].
//
// ews:type FreeBusyViewOptionsType
type FreeBusyViewOptions struct {
	TimeWindow TimeWindow `ews:"t:TimeWindow"`
	// MergedFreeBusyIntervalInMinutes is 30 if absent; 5 to 1440.
	MergedFreeBusyIntervalInMinutes *int             `ews:"t:MergedFreeBusyIntervalInMinutes"`
	RequestedView                   FreeBusyViewType `ews:"t:RequestedView,omitempty"`
}

// A GetUserAvailabilityResponse is not wrapped in ResponseMessages.
// [MS-OXWAVLS] 3.1.4.1.
type GetUserAvailabilityResponse struct {
	// FreeBusyResponses has one for each person, in the order of the request.
	FreeBusyResponses   []FreeBusyResponse   `ews:"m:FreeBusyResponseArray>m:FreeBusyResponse,omitempty"`
	SuggestionsResponse *SuggestionsResponse `ews:"m:SuggestionsResponse"`
}

// Element is the local name of the answer in NSMessages.
func (*GetUserAvailabilityResponse) Element() string { return "GetUserAvailabilityResponse" }

// A FreeBusyResponse answers for one person.
//
// ews:type m:FreeBusyResponseType
type FreeBusyResponse struct {
	ResponseMessage *ResponseMessage `ews:"m:ResponseMessage"`
	FreeBusyView    *FreeBusyView    `ews:"m:FreeBusyView"`
}

// A FreeBusyView is when one person is free. [MS-OXWAVLS].
//
// ews:type FreeBusyView
type FreeBusyView struct {
	FreeBusyViewType FreeBusyViewType `ews:"t:FreeBusyViewType"`
	// MergedFreeBusy has a digit for each interval of the window: 0 free,
	// 1 tentative, 2 busy, 3 out of office, 4 no data (or working elsewhere).
	MergedFreeBusy     string          `ews:"t:MergedFreeBusy,omitempty"`
	CalendarEventArray []CalendarEvent `ews:"t:CalendarEventArray>t:CalendarEvent,omitempty"`
	WorkingHours       *WorkingHours   `ews:"t:WorkingHours"`
}

// A CalendarEvent is one appointment of a person. Its times are in the zone of
// the request, and are written without one. [MS-OXWAVLS].
//
// ews:type CalendarEvent
type CalendarEvent struct {
	StartTime            time.Time             `ews:"t:StartTime"`
	EndTime              time.Time             `ews:"t:EndTime"`
	BusyType             LegacyFreeBusy        `ews:"t:BusyType"`
	CalendarEventDetails *CalendarEventDetails `ews:"t:CalendarEventDetails"`
}

// CalendarEventDetails are what a detailed view adds. [MS-OXWAVLS].
//
// ews:type CalendarEventDetails
type CalendarEventDetails struct {
	ID            string `ews:"t:ID,omitempty"`
	Subject       string `ews:"t:Subject,omitempty"`
	Location      string `ews:"t:Location,omitempty"`
	IsMeeting     bool   `ews:"t:IsMeeting"`
	IsRecurring   bool   `ews:"t:IsRecurring"`
	IsException   bool   `ews:"t:IsException"`
	IsReminderSet bool   `ews:"t:IsReminderSet"`
	IsPrivate     bool   `ews:"t:IsPrivate"`
}
