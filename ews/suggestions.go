package ews

import "time"

// A SuggestionQuality says how well a time suits everybody. [MS-OXWAVLS].
//
// ews:type SuggestionQuality
type SuggestionQuality string

const (
	QualityExcellent SuggestionQuality = "Excellent"
	QualityGood      SuggestionQuality = "Good"
	QualityFair      SuggestionQuality = "Fair"
	QualityPoor      SuggestionQuality = "Poor"
)

// SuggestionsViewOptions ask for times to meet. [MS-OXWAVLS].
//
// ews:type SuggestionsViewOptionsType
type SuggestionsViewOptions struct {
	GoodThreshold                  *int              `ews:"t:GoodThreshold"`                  // 1 to 49 per cent, 25
	MaximumResultsByDay            *int              `ews:"t:MaximumResultsByDay"`            // 0 to 48, 10
	MaximumNonWorkHourResultsByDay *int              `ews:"t:MaximumNonWorkHourResultsByDay"` // 0 to 48, 0
	MeetingDurationInMinutes       *int              `ews:"t:MeetingDurationInMinutes"`       // 30 to 1440, 60
	MinimumSuggestionQuality       SuggestionQuality `ews:"t:MinimumSuggestionQuality,omitempty"`
	DetailedSuggestionsWindow      TimeWindow        `ews:"t:DetailedSuggestionsWindow"`
	CurrentMeetingTime             time.Time         `ews:"t:CurrentMeetingTime,omitempty"`
	GlobalObjectID                 string            `ews:"t:GlobalObjectId,omitempty"`
}

// A SuggestionsResponse has times to meet, by day.
//
// ews:type m:SuggestionsResponseType
type SuggestionsResponse struct {
	ResponseMessage          *ResponseMessage      `ews:"m:ResponseMessage"`
	SuggestionDayResultArray []SuggestionDayResult `ews:"m:SuggestionDayResultArray>t:SuggestionDayResult,omitempty"`
}

// A SuggestionDayResult is a day with its times. [MS-OXWAVLS].
//
// ews:type SuggestionDayResult
type SuggestionDayResult struct {
	Date            time.Time         `ews:"t:Date"`
	DayQuality      SuggestionQuality `ews:"t:DayQuality"`
	SuggestionArray []Suggestion      `ews:"t:SuggestionArray>t:Suggestion,omitempty"`
}

// A Suggestion is a time to meet. [MS-OXWAVLS].
//
// ews:type Suggestion
type Suggestion struct {
	MeetingTime               time.Time              `ews:"t:MeetingTime"`
	IsWorkTime                bool                   `ews:"t:IsWorkTime"`
	SuggestionQuality         SuggestionQuality      `ews:"t:SuggestionQuality"`
	AttendeeConflictDataArray []AttendeeConflictData `ews:"t:AttendeeConflictDataArray>,omitempty"`
}

// AttendeeConflictData says how a time suits one of those asked for, in the
// order of the request. [MS-OXWAVLS].
//
// ews:choice
type AttendeeConflictData struct {
	UnknownAttendee     *UnknownAttendeeConflictData     `ews:"t:UnknownAttendeeConflictData"`
	IndividualAttendee  *IndividualAttendeeConflictData  `ews:"t:IndividualAttendeeConflictData"`
	TooBigGroupAttendee *TooBigGroupAttendeeConflictData `ews:"t:TooBigGroupAttendeeConflictData"`
	GroupAttendee       *GroupAttendeeConflictData       `ews:"t:GroupAttendeeConflictData"`
}

// UnknownAttendeeConflictData stands for somebody nobody knows.
//
// ews:type UnknownAttendeeConflictData
type UnknownAttendeeConflictData struct{}

// IndividualAttendeeConflictData is what a person does at the time.
//
// ews:type IndividualAttendeeConflictData
type IndividualAttendeeConflictData struct {
	BusyType LegacyFreeBusy `ews:"t:BusyType"`
}

// TooBigGroupAttendeeConflictData stands for a list too long to look at.
//
// ews:type TooBigGroupAttendeeConflictData
type TooBigGroupAttendeeConflictData struct{}

// GroupAttendeeConflictData counts the members of a list.
//
// ews:type GroupAttendeeConflictData
type GroupAttendeeConflictData struct {
	NumberOfMembers             int `ews:"t:NumberOfMembers"`
	NumberOfMembersAvailable    int `ews:"t:NumberOfMembersAvailable"`
	NumberOfMembersWithConflict int `ews:"t:NumberOfMembersWithConflict"`
	NumberOfMembersWithNoData   int `ews:"t:NumberOfMembersWithNoData"`
}
