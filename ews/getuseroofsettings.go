package ews

// A GetUserOofSettingsRequest asks for somebody's out-of-office settings.
// [MS-OXWOOF] 3.1.4.1.
//
// ews:type m:GetUserOofSettingsRequest
type GetUserOofSettingsRequest struct {
	Mailbox AvailabilityMailbox `ews:"t:Mailbox"`
}

// Element is the local name of the request in NSMessages.
func (*GetUserOofSettingsRequest) Element() string { return "GetUserOofSettingsRequest" }

// A GetUserOofSettingsResponse is not wrapped in ResponseMessages.
//
// ews:type m:GetUserOofSettingsResponse
type GetUserOofSettingsResponse struct {
	ResponseMessage  ResponseMessage  `ews:"m:ResponseMessage"`
	OofSettings      *UserOofSettings `ews:"t:OofSettings"`
	AllowExternalOof ExternalAudience `ews:"m:AllowExternalOof,omitempty"`
}

// Element is the local name of the answer in NSMessages.
func (*GetUserOofSettingsResponse) Element() string { return "GetUserOofSettingsResponse" }

// An OofState says whether somebody is out of office. [MS-OXWOOF].
//
// ews:type OofState
type OofState string

const (
	OofDisabled  OofState = "Disabled"
	OofEnabled   OofState = "Enabled"
	OofScheduled OofState = "Scheduled"
)

// An ExternalAudience says who outside gets answers. [MS-OXWOOF].
//
// ews:type ExternalAudience
type ExternalAudience string

const (
	AudienceNone  ExternalAudience = "None"
	AudienceKnown ExternalAudience = "Known" // in the contacts
	AudienceAll   ExternalAudience = "All"
)

// UserOofSettings are out-of-office settings. [MS-OXWOOF].
//
// ews:type UserOofSettings
type UserOofSettings struct {
	OofState                         OofState         `ews:"t:OofState"`
	ExternalAudience                 ExternalAudience `ews:"t:ExternalAudience"`
	Duration                         *TimeWindow      `ews:"t:Duration"`
	InternalReply                    *ReplyBody       `ews:"t:InternalReply"`
	ExternalReply                    *ReplyBody       `ews:"t:ExternalReply"`
	DeclineMeetingReply              *ReplyBody       `ews:"t:DeclineMeetingReply"`
	DeclineEventsForScheduledOOF     *bool            `ews:"t:DeclineEventsForScheduledOOF"`
	DeclineAllEventsForScheduledOOF  *bool            `ews:"t:DeclineAllEventsForScheduledOOF"`
	CreateOOFEvent                   *bool            `ews:"t:CreateOOFEvent"`
	OOFEventSubject                  string           `ews:"t:OOFEventSubject,omitempty"`
	AutoDeclineFutureRequestsWhenOOF *bool            `ews:"t:AutoDeclineFutureRequestsWhenOOF"`
	OOFEventID                       string           `ews:"t:OOFEventID,omitempty"`
	EventsToDeleteIDs                []string         `ews:"t:EventsToDeleteIDs>t:EventToDeleteID,omitempty"`
}

// A ReplyBody is the text of an automatic answer, HTML as Outlook writes it.
// [MS-OXWOOF].
//
// ews:type ReplyBody
type ReplyBody struct {
	Message string `ews:"t:Message,omitempty"`
}
