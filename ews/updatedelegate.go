package ews

// An UpdateDelegate changes what delegates of a mailbox may do; what is not
// said of one stays. [MS-OXWSDLGM] 3.1.4.4
type UpdateDelegate struct {
	Mailbox                Mailbox                `ews:"m:Mailbox"`
	DelegateUsers          []DelegateUser         `ews:"m:DelegateUsers>t:DelegateUser,omitempty"`
	DeliverMeetingRequests DeliverMeetingRequests `ews:"m:DeliverMeetingRequests,omitempty"`
}

// Element is the local name of the request in NSMessages.
func (*UpdateDelegate) Element() string { return "UpdateDelegate" }

// An UpdateDelegateResponse is one response message with one inside for each
// delegate.
//
// ews:type m:UpdateDelegateResponseMessageType
type UpdateDelegateResponse struct {
	ResponseMessage  `ews:",inline"`
	ResponseMessages []DelegateUserResponseMessage `ews:"m:ResponseMessages>m:DelegateUserResponseMessageType,omitempty"`
}

// Element is the local name of the answer in NSMessages.
func (*UpdateDelegateResponse) Element() string { return "UpdateDelegateResponse" }
