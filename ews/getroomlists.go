package ews

// A GetRoomLists asks for the organization's room lists. [MS-OXWSGTRM]
// 3.1.4.1.
//
// ews:type m:GetRoomListsType
type GetRoomLists struct{}

// Element is the local name of the request in NSMessages.
func (*GetRoomLists) Element() string { return "GetRoomLists" }

// A GetRoomListsResponse is one response message, not a list of them.
//
// ews:type m:GetRoomListsResponseMessageType
type GetRoomListsResponse struct {
	ResponseMessage `ews:",inline"`
	RoomLists       []Mailbox `ews:"m:RoomLists>t:Address,omitempty"`
}

// Element is the local name of the answer in NSMessages.
func (*GetRoomListsResponse) Element() string { return "GetRoomListsResponse" }
