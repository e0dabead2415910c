package ews

// A GetStreamingEvents waits for news of streaming subscriptions.
// [MS-OXWSNTIF] 3.1.4.2.
type GetStreamingEvents struct {
	SubscriptionIDs   []string `ews:"m:SubscriptionIds>t:SubscriptionId,nonempty"`
	ConnectionTimeout int      `ews:"m:ConnectionTimeout"` // minutes, 1 to 30
}

// Element is the local name of the request in NSMessages.
func (*GetStreamingEvents) Element() string { return "GetStreamingEvents" }

// A GetStreamingEventsResponse has one message. The server sends many such
// responses, an envelope each, in one HTTP response.
type GetStreamingEventsResponse struct {
	ResponseMessages []GetStreamingEventsResponseMessage `ews:"m:ResponseMessages>m:GetStreamingEventsResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*GetStreamingEventsResponse) Element() string { return "GetStreamingEventsResponse" }

// A GetStreamingEventsResponseMessage has the news, or says that the
// connection is open or at its end.
//
// The published schema has the elements in the two lists in NSTypes. Exchange
// sends them in NSMessages, and clients look for them there: the EWS Managed
// API finds no others.
//
// ews:type m:GetStreamingEventsResponseMessageType
type GetStreamingEventsResponseMessage struct {
	ResponseMessage      `ews:",inline"`
	Notifications        []Notification   `ews:"m:Notifications>m:Notification,omitempty"`
	ErrorSubscriptionIDs []string         `ews:"m:ErrorSubscriptionIds>m:SubscriptionId,omitempty"`
	ConnectionStatus     ConnectionStatus `ews:"m:ConnectionStatus,omitempty"`
}

// A ConnectionStatus is the state of a streaming connection. [MS-OXWSNTIF].
//
// ews:type m:ConnectionStatusType
type ConnectionStatus string

const (
	ConnectionOK     ConnectionStatus = "OK"
	ConnectionClosed ConnectionStatus = "Closed"
)
