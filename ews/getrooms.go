package ews

// A GetRooms asks for the rooms in a room list. [MS-OXWSGTRM] 3.1.4.2.
type GetRooms struct {
	RoomList Mailbox `ews:"m:RoomList"`
}

// Element is the local name of the request in NSMessages.
func (*GetRooms) Element() string { return "GetRooms" }

// A GetRoomsResponse is one response message, not a list of them.
//
// ews:type m:GetRoomsResponseMessageType
type GetRoomsResponse struct {
	ResponseMessage `ews:",inline"`
	Rooms           []Room `ews:"m:Rooms>t:Room,omitempty"`
}

// Element is the local name of the answer in NSMessages.
func (*GetRoomsResponse) Element() string { return "GetRoomsResponse" }

// A Room is a mailbox that can be booked. [MS-OXWSGTRM].
type Room struct {
	ID Mailbox `ews:"t:Id"`
}
