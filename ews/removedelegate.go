package ews

// A RemoveDelegate takes from delegates of a mailbox what they were given.
// [MS-OXWSDLGM] 3.1.4.3
type RemoveDelegate struct {
	Mailbox Mailbox  `ews:"m:Mailbox"`
	UserIDs []UserID `ews:"m:UserIds>t:UserId"`
}

// Element is the local name of the request in NSMessages.
func (*RemoveDelegate) Element() string { return "RemoveDelegate" }

// A RemoveDelegateResponse is one response message with one inside for each
// delegate.
//
// ews:type m:RemoveDelegateResponseMessageType
type RemoveDelegateResponse struct {
	ResponseMessage  `ews:",inline"`
	ResponseMessages []DelegateUserResponseMessage `ews:"m:ResponseMessages>m:DelegateUserResponseMessageType,omitempty"`
}

// Element is the local name of the answer in NSMessages.
func (*RemoveDelegateResponse) Element() string { return "RemoveDelegateResponse" }
