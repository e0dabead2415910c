package ewsserver

import (
	"entente"
	"entente/directory"
	"entente/ews"
)

// getRoomLists lists the organization's room lists. [MS-OXWSGTRM] 3.1.4.1
func (c *call) getRoomLists(*ews.GetRoomLists) (*ews.GetRoomListsResponse, error) {
	lists, err := c.s.Directory().RoomLists(c.ctx)
	if err != nil {
		return &ews.GetRoomListsResponse{ResponseMessage: c.fail(err)}, nil
	}
	out := &ews.GetRoomListsResponse{ResponseMessage: ews.Success(), RoomLists: []ews.Mailbox{}}
	for i := range lists {
		out.RoomLists = append(out.RoomLists, mailboxOf(directory.Entry{Group: &lists[i]}))
	}
	return out, nil
}

// getRooms lists the rooms in one of them. [MS-OXWSGTRM] 3.1.4.2
func (c *call) getRooms(r *ews.GetRooms) (*ews.GetRoomsResponse, error) {
	rooms, err := c.roomsOf(r.RoomList.EmailAddress)
	if err != nil {
		return &ews.GetRoomsResponse{ResponseMessage: c.fail(err)}, nil
	}
	out := &ews.GetRoomsResponse{ResponseMessage: ews.Success(), Rooms: []ews.Room{}}
	for i := range rooms {
		out.Rooms = append(out.Rooms, ews.Room{ID: mailboxOf(directory.Entry{Account: &rooms[i]})})
	}
	return out, nil
}

func (c *call) roomsOf(list string) ([]directory.Account, error) {
	address, err := entente.ParseSMTPAddress(list)
	if err != nil {
		return nil, &ews.Fault{Code: ews.ErrorInvalidSmtpAddress, Text: "The room list must be named by its SMTP address."}
	}
	rooms, err := c.s.Directory().Rooms(c.ctx, address)
	if isReason(err, directory.NoSuchGroup) {
		return nil, &ews.Fault{Code: ews.ErrorNameResolutionNoResults, Text: "There is no room list with this address."}
	}
	return rooms, err
}

// mailboxOf is how an address list entry is named on the wire.
func mailboxOf(e directory.Entry) ews.Mailbox {
	m := ews.Mailbox{Name: e.Name(), EmailAddress: string(e.Mail()), RoutingType: "SMTP", MailboxType: ews.MailboxMailbox}
	switch {
	case e.Group != nil:
		m.MailboxType = ews.MailboxPublicDL
	case e.Account.Mailbox.IsZero():
		m.MailboxType = ews.MailboxContact
	}
	return m
}
