package ews

// A Subscribe asks to be told of changes. [MS-OXWSNTIF] 3.1.4.3.
type Subscribe struct {
	Subscription SubscriptionRequest `ews:",inline"`
}

// Element is the local name of the request in NSMessages.
func (*Subscribe) Element() string { return "Subscribe" }

// A SubscriptionRequest says how the news is to come.
//
// ews:choice
type SubscriptionRequest struct {
	PullSubscriptionRequest      *PullSubscriptionRequest      `ews:"m:PullSubscriptionRequest"`
	PushSubscriptionRequest      *PushSubscriptionRequest      `ews:"m:PushSubscriptionRequest"`
	StreamingSubscriptionRequest *StreamingSubscriptionRequest `ews:"m:StreamingSubscriptionRequest"`
}

// A BaseSubscriptionRequest is what pull and push have in common.
// [MS-OXWSNTIF].
type BaseSubscriptionRequest struct {
	SubscribeToAllFolders *bool                   `ews:"SubscribeToAllFolders,attr"`
	FolderIDs             []BaseFolderID          `ews:"t:FolderIds>,omitempty"`
	EventTypes            []NotificationEventType `ews:"t:EventTypes>t:EventType,nonempty"`
	Watermark             string                  `ews:"t:Watermark,omitempty"`
}

// A PullSubscriptionRequest: the client asks with GetEvents. [MS-OXWSNTIF].
type PullSubscriptionRequest struct {
	Base    BaseSubscriptionRequest `ews:",inline"`
	Timeout int                     `ews:"t:Timeout"` // minutes, 1 to 1440
}

// A PushSubscriptionRequest: the server calls the client. [MS-OXWSNTIF].
type PushSubscriptionRequest struct {
	Base            BaseSubscriptionRequest `ews:",inline"`
	StatusFrequency int                     `ews:"t:StatusFrequency"` // minutes, 1 to 1440
	URL             string                  `ews:"t:URL"`
	CallerData      string                  `ews:"t:CallerData,omitempty"`
}

// A StreamingSubscriptionRequest: the client keeps a GetStreamingEvents open.
// [MS-OXWSNTIF].
type StreamingSubscriptionRequest struct {
	SubscribeToAllFolders *bool                   `ews:"SubscribeToAllFolders,attr"`
	FolderIDs             []BaseFolderID          `ews:"t:FolderIds>,omitempty"`
	EventTypes            []NotificationEventType `ews:"t:EventTypes>t:EventType,nonempty"`
}

// A NotificationEventType is a kind of change. [MS-OXWSNTIF].
type NotificationEventType string

const (
	EventCopied          NotificationEventType = "CopiedEvent"
	EventCreated         NotificationEventType = "CreatedEvent"
	EventDeleted         NotificationEventType = "DeletedEvent"
	EventModified        NotificationEventType = "ModifiedEvent"
	EventMoved           NotificationEventType = "MovedEvent"
	EventNewMail         NotificationEventType = "NewMailEvent"
	EventFreeBusyChanged NotificationEventType = "FreeBusyChangedEvent"
)

// A SubscribeResponse has one message.
type SubscribeResponse struct {
	ResponseMessages []SubscribeResponseMessage `ews:"m:ResponseMessages>m:SubscribeResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*SubscribeResponse) Element() string { return "SubscribeResponse" }

// A SubscribeResponseMessage has the subscription, and for pull and push the
// watermark that exchangelib and others insist on.
//
// ews:type m:SubscribeResponseMessageType
type SubscribeResponseMessage struct {
	ResponseMessage `ews:",inline"`
	SubscriptionID  string `ews:"m:SubscriptionId,omitempty"`
	Watermark       string `ews:"m:Watermark,omitempty"`
}
