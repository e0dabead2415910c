package ews

// A Disposal says where a deleted thing goes. [MS-OXWSCDATA].
type Disposal string

const (
	HardDelete         Disposal = "HardDelete"
	SoftDelete         Disposal = "SoftDelete"
	MoveToDeletedItems Disposal = "MoveToDeletedItems"
)

// AffectedTaskOccurrences says how much of a recurring task is deleted.
// [MS-OXWSCORE].
type AffectedTaskOccurrences string

const (
	AllOccurrences          AffectedTaskOccurrences = "AllOccurrences"
	SpecifiedOccurrenceOnly AffectedTaskOccurrences = "SpecifiedOccurrenceOnly"
)

// A DeleteItem deletes items. [MS-OXWSCORE] 3.1.4.3.
//
// SendMeetingCancellations is required for appointments, and
// AffectedTaskOccurrences for tasks; the server checks.
type DeleteItem struct {
	DeleteType               Disposal                            `ews:"DeleteType,attr"`
	SendMeetingCancellations CalendarItemCreateOrDeleteOperation `ews:"SendMeetingCancellations,attr,omitempty"`
	AffectedTaskOccurrences  AffectedTaskOccurrences             `ews:"AffectedTaskOccurrences,attr,omitempty"`
	SuppressReadReceipts     bool                                `ews:"SuppressReadReceipts,attr,omitempty"`
	ItemIDs                  []BaseItemID                        `ews:"m:ItemIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*DeleteItem) Element() string { return "DeleteItem" }

// A DeleteItemResponse has a message for each id, in the order of the request.
type DeleteItemResponse struct {
	ResponseMessages []DeleteItemResponseMessage `ews:"m:ResponseMessages>m:DeleteItemResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*DeleteItemResponse) Element() string { return "DeleteItemResponse" }

// A DeleteItemResponseMessage answers for one item.
//
// ews:type m:DeleteItemResponseMessageType
type DeleteItemResponseMessage struct {
	ResponseMessage `ews:",inline"`
}
