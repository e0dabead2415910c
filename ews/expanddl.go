package ews

// An ExpandDL asks who is in a distribution list. [MS-OXWSDLIST] 3.1.4.1.
type ExpandDL struct {
	Mailbox Mailbox `ews:"m:Mailbox"`
}

// Element is the local name of the request in NSMessages.
func (*ExpandDL) Element() string { return "ExpandDL" }

// An ExpandDLResponse has one message.
type ExpandDLResponse struct {
	ResponseMessages []ExpandDLResponseMessage `ews:"m:ResponseMessages>m:ExpandDLResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*ExpandDLResponse) Element() string { return "ExpandDLResponse" }

// An ExpandDLResponseMessage has the members of the list itself; members that
// are lists are not expanded.
//
// ews:type m:ExpandDLResponseMessageType
type ExpandDLResponseMessage struct {
	ResponseMessage `ews:",inline"`
	DLExpansion     *DLExpansion `ews:"m:DLExpansion"`
}

// A DLExpansion is the members of a list. [MS-OXWSDLIST] 3.1.4.1.
//
// ews:type ArrayOfDLExpansionType
type DLExpansion struct {
	FindResponsePaging `ews:",inline"`
	Members            []Mailbox `ews:"t:Mailbox"`
}
