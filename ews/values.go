package ews

import "time"

// A BodyType is the format of a body. [MS-OXWSCDATA].
//
// ews:type BodyTypeType
type BodyType string

const (
	BodyHTML BodyType = "HTML"
	BodyText BodyType = "Text"
)

// A Body is the text of an item. [MS-OXWSCDATA].
type Body struct {
	BodyType    BodyType `ews:"BodyType,attr"`
	IsTruncated *bool    `ews:"IsTruncated,attr"`
	Text        string   `ews:",text"`
}

// MimeContent is an item as an RFC 5322 message, an iCalendar object or a
// vCard, byte for byte; it goes over the wire in base64. [MS-OXWSCDATA].
type MimeContent struct {
	CharacterSet string `ews:"CharacterSet,attr,omitempty"`
	Content      []byte `ews:",text"`
}

// Sensitivity. [MS-OXWSCDATA].
//
// ews:type SensitivityChoicesType
type Sensitivity string

const (
	SensitivityNormal       Sensitivity = "Normal"
	SensitivityPersonal     Sensitivity = "Personal"
	SensitivityPrivate      Sensitivity = "Private"
	SensitivityConfidential Sensitivity = "Confidential"
)

// Importance. [MS-OXWSCDATA].
//
// ews:type ImportanceChoicesType
type Importance string

const (
	ImportanceLow    Importance = "Low"
	ImportanceNormal Importance = "Normal"
	ImportanceHigh   Importance = "High"
)

// A FlagStatus is the state of a follow-up flag. [MS-OXWSCDATA].
type FlagStatus string

const (
	FlagNotFlagged FlagStatus = "NotFlagged"
	FlagFlagged    FlagStatus = "Flagged"
	FlagComplete   FlagStatus = "Complete"
)

// A Flag is a follow-up flag. [MS-OXWSCDATA].
type Flag struct {
	FlagStatus   FlagStatus `ews:"t:FlagStatus"`
	StartDate    time.Time  `ews:"t:StartDate,omitempty"`
	DueDate      time.Time  `ews:"t:DueDate,omitempty"`
	CompleteDate time.Time  `ews:"t:CompleteDate,omitempty"`
}

// EffectiveRights is what the asker may do with an item or folder.
// [MS-OXWSCDATA].
type EffectiveRights struct {
	CreateAssociated bool  `ews:"t:CreateAssociated"`
	CreateContents   bool  `ews:"t:CreateContents"`
	CreateHierarchy  bool  `ews:"t:CreateHierarchy"`
	Delete           bool  `ews:"t:Delete"`
	Modify           bool  `ews:"t:Modify"`
	Read             bool  `ews:"t:Read"`
	ViewPrivateItems *bool `ews:"t:ViewPrivateItems"`
}

// A RetentionTag names a retention policy by GUID. [MS-OXWSCDATA].
type RetentionTag struct {
	IsExplicit bool   `ews:"IsExplicit,attr"`
	ID         string `ews:",text"`
}

// An InternetHeader is one header field of a message. [MS-OXWSCDATA].
//
// ews:type InternetHeaderType
type InternetHeader struct {
	HeaderName string `ews:"HeaderName,attr"`
	Value      string `ews:",text"`
}

// A SingleRecipient holds one mailbox.
//
// ews:type SingleRecipientType
type SingleRecipient struct {
	Mailbox Mailbox `ews:"t:Mailbox"`
}

// A ResponseType is the answer of an attendee. [MS-OXWSMTGS].
//
// ews:type ResponseTypeType
type ResponseType string

const (
	ResponseUnknown            ResponseType = "Unknown"
	ResponseOrganizer          ResponseType = "Organizer"
	ResponseTentative          ResponseType = "Tentative"
	ResponseAccept             ResponseType = "Accept"
	ResponseDecline            ResponseType = "Decline"
	ResponseNoResponseReceived ResponseType = "NoResponseReceived"
)

// An Attendee of a meeting. [MS-OXWSMTGS].
type Attendee struct {
	Mailbox          Mailbox      `ews:"t:Mailbox"`
	ResponseType     ResponseType `ews:"t:ResponseType,omitempty"`
	LastResponseTime time.Time    `ews:"t:LastResponseTime,omitempty"`
	ProposedStart    time.Time    `ews:"t:ProposedStart,omitempty"`
	ProposedEnd      time.Time    `ews:"t:ProposedEnd,omitempty"`
}

// A CalendarItemType tells what a calendar item is within its series.
// [MS-OXWSMTGS].
//
// ews:type CalendarItemTypeType
type CalendarItemType string

const (
	CalendarItemSingle          CalendarItemType = "Single"
	CalendarItemOccurrence      CalendarItemType = "Occurrence"
	CalendarItemException       CalendarItemType = "Exception"
	CalendarItemRecurringMaster CalendarItemType = "RecurringMaster"
)

// LegacyFreeBusy is how an appointment shows in free/busy. [MS-OXWSCDATA].
//
// ews:type LegacyFreeBusyType
type LegacyFreeBusy string

const (
	LegacyFree             LegacyFreeBusy = "Free"
	LegacyTentative        LegacyFreeBusy = "Tentative"
	LegacyBusy             LegacyFreeBusy = "Busy"
	LegacyOOF              LegacyFreeBusy = "OOF"
	LegacyWorkingElsewhere LegacyFreeBusy = "WorkingElsewhere"
	LegacyNoData           LegacyFreeBusy = "NoData"
)

// A MeetingRequestType says what a request changes. [MS-OXWSMTGS].
//
// ews:type MeetingRequestTypeType
type MeetingRequestType string

const (
	MeetingRequestNone                MeetingRequestType = "None"
	MeetingRequestFullUpdate          MeetingRequestType = "FullUpdate"
	MeetingRequestInformationalUpdate MeetingRequestType = "InformationalUpdate"
	MeetingRequestNewMeetingRequest   MeetingRequestType = "NewMeetingRequest"
	MeetingRequestOutdated            MeetingRequestType = "Outdated"
	MeetingRequestSilentUpdate        MeetingRequestType = "SilentUpdate"
	MeetingRequestPrincipalWantsCopy  MeetingRequestType = "PrincipalWantsCopy"
)

// ChangeHighlights tells what a new version of a meeting request changes.
// [MS-OXWSMTGS].
type ChangeHighlights struct {
	HasLocationChanged  *bool     `ews:"t:HasLocationChanged"`
	Location            string    `ews:"t:Location,omitempty"`
	HasStartTimeChanged *bool     `ews:"t:HasStartTimeChanged"`
	Start               time.Time `ews:"t:Start,omitempty"`
	HasEndTimeChanged   *bool     `ews:"t:HasEndTimeChanged"`
	End                 time.Time `ews:"t:End,omitempty"`
}

// An Occurrence is one instance of a series as its master lists it.
// [MS-OXWSMTGS].
//
// ews:type OccurrenceInfoType
type Occurrence struct {
	ItemID        ItemID    `ews:"t:ItemId"`
	Start         time.Time `ews:"t:Start"`
	End           time.Time `ews:"t:End"`
	OriginalStart time.Time `ews:"t:OriginalStart"`
}

// A DeletedOccurrence is a hole in a series, by the start it would have had.
//
// ews:type DeletedOccurrenceInfoType
type DeletedOccurrence struct {
	Start time.Time `ews:"t:Start"`
}

// An EnhancedLocation is a place with its address. [MS-OXWSCDATA].
type EnhancedLocation struct {
	DisplayName   string                `ews:"t:DisplayName"`
	Annotation    string                `ews:"t:Annotation,omitempty"`
	PostalAddress *PersonaPostalAddress `ews:"t:PostalAddress"`
}

// A LocationSource says where an address comes from. [MS-OXWSCDATA].
type LocationSource string

const (
	LocationNone              LocationSource = "None"
	LocationLocationServices  LocationSource = "LocationServices"
	LocationPhonebookServices LocationSource = "PhonebookServices"
	LocationDevice            LocationSource = "Device"
	LocationContact           LocationSource = "Contact"
	LocationResource          LocationSource = "Resource"
)

// A PersonaPostalAddress is the address of an EnhancedLocation.
type PersonaPostalAddress struct {
	Street           string         `ews:"t:Street,omitempty"`
	City             string         `ews:"t:City,omitempty"`
	State            string         `ews:"t:State,omitempty"`
	Country          string         `ews:"t:Country,omitempty"`
	PostalCode       string         `ews:"t:PostalCode,omitempty"`
	PostOfficeBox    string         `ews:"t:PostOfficeBox,omitempty"`
	Type             string         `ews:"t:Type,omitempty"`
	Latitude         *float64       `ews:"t:Latitude"`
	Longitude        *float64       `ews:"t:Longitude"`
	Accuracy         *float64       `ews:"t:Accuracy"`
	Altitude         *float64       `ews:"t:Altitude"`
	AltitudeAccuracy *float64       `ews:"t:AltitudeAccuracy"`
	FormattedAddress string         `ews:"t:FormattedAddress,omitempty"`
	LocationURI      string         `ews:"t:LocationUri,omitempty"`
	LocationSource   LocationSource `ews:"t:LocationSource,omitempty"`
}

// A TaskStatus. [MS-OXWSTASK].
type TaskStatus string

const (
	TaskNotStarted      TaskStatus = "NotStarted"
	TaskInProgress      TaskStatus = "InProgress"
	TaskCompleted       TaskStatus = "Completed"
	TaskWaitingOnOthers TaskStatus = "WaitingOnOthers"
	TaskDeferred        TaskStatus = "Deferred"
)

// A TaskDelegateState says who has a task that was given away. [MS-OXWSTASK].
type TaskDelegateState string

const (
	TaskDelegateNoMatch  TaskDelegateState = "NoMatch"
	TaskDelegateOwnNew   TaskDelegateState = "OwnNew"
	TaskDelegateOwned    TaskDelegateState = "Owned"
	TaskDelegateAccepted TaskDelegateState = "Accepted"
	TaskDelegateDeclined TaskDelegateState = "Declined"
	TaskDelegateMax      TaskDelegateState = "Max"
)
