package ews

// A GetEvents asks a pull subscription for news. [MS-OXWSNTIF] 3.1.4.1.
type GetEvents struct {
	SubscriptionID string `ews:"m:SubscriptionId"`
	Watermark      string `ews:"m:Watermark"`
}

// Element is the local name of the request in NSMessages.
func (*GetEvents) Element() string { return "GetEvents" }

// A GetEventsResponse has one message.
type GetEventsResponse struct {
	ResponseMessages []GetEventsResponseMessage `ews:"m:ResponseMessages>m:GetEventsResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*GetEventsResponse) Element() string { return "GetEventsResponse" }

// A GetEventsResponseMessage has the news.
//
// ews:type m:GetEventsResponseMessageType
type GetEventsResponseMessage struct {
	ResponseMessage `ews:",inline"`
	Notification    *Notification `ews:"m:Notification"`
}
