package ews

// An AddDelegate makes users delegates of a mailbox. [MS-OXWSDLGM] 3.1.4.1
type AddDelegate struct {
	Mailbox                Mailbox                `ews:"m:Mailbox"`
	DelegateUsers          []DelegateUser         `ews:"m:DelegateUsers>t:DelegateUser"`
	DeliverMeetingRequests DeliverMeetingRequests `ews:"m:DeliverMeetingRequests,omitempty"`
}

// Element is the local name of the request in NSMessages.
func (*AddDelegate) Element() string { return "AddDelegate" }

// An AddDelegateResponse is one response message with one inside for each
// delegate.
//
// ews:type m:AddDelegateResponseMessageType
type AddDelegateResponse struct {
	ResponseMessage  `ews:",inline"`
	ResponseMessages []DelegateUserResponseMessage `ews:"m:ResponseMessages>m:DelegateUserResponseMessageType,omitempty"`
}

// Element is the local name of the answer in NSMessages.
func (*AddDelegateResponse) Element() string { return "AddDelegateResponse" }
