package ews

// An Unsubscribe ends a subscription. [MS-OXWSNTIF] 3.1.4.4.
type Unsubscribe struct {
	SubscriptionID string `ews:"m:SubscriptionId"`
}

// Element is the local name of the request in NSMessages.
func (*Unsubscribe) Element() string { return "Unsubscribe" }

// An UnsubscribeResponse has one message.
type UnsubscribeResponse struct {
	ResponseMessages []ResponseMessage `ews:"m:ResponseMessages>m:UnsubscribeResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*UnsubscribeResponse) Element() string { return "UnsubscribeResponse" }
