package admin

import (
	"context"
	"strings"

	"entente/access"
	"entente/directory"
)

// RoomInfo is a room.
type RoomInfo struct {
	Mail     string `json:"mail"`
	Name     string `json:"name"`
	Capacity int    `json:"capacity"`
	Office   string `json:"office,omitempty"`
}

// ListRooms asks for rooms, of one room list or all.
type ListRooms struct {
	List string `json:"list,omitempty" help:"Address of a room list."`
}

// ListRooms lists rooms.
func (a *API) ListRooms(ctx context.Context, q ListRooms) ([]RoomInfo, error) {
	list := []RoomInfo{}
	add := func(x *directory.Account) {
		list = append(list, RoomInfo{string(x.Mail), x.Name, x.Capacity, x.Office})
	}
	if q.List != "" {
		g, err := a.group(ctx, q.List)
		if err != nil {
			return nil, err
		}
		rooms, err := a.Directory.Rooms(ctx, g.Mail)
		for i := range rooms {
			add(&rooms[i])
		}
		return list, err
	}
	all, err := a.ListAccounts(ctx, ListAccounts{Kind: string(access.KindRoom), Limit: 10_000})
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		x, err := a.account(ctx, r.SID)
		if err != nil {
			return nil, err
		}
		add(x)
	}
	return list, nil
}

// CreateRoom asks for a room.
type CreateRoom struct {
	Mail     string `json:"mail" arg:"" help:"Address of the room."`
	Database string `json:"database" help:"Mailbox database of its calendar." required:""`
	Name     string `json:"name,omitempty" help:"Display name."`
	Capacity int    `json:"capacity,omitempty" help:"People it holds."`
	Office   string `json:"office,omitempty" help:"Where it is."`
	List     string `json:"list,omitempty" help:"Room list to put it into."`
}

// CreateRoom creates a room with its calendar.
func (a *API) CreateRoom(ctx context.Context, q CreateRoom) (AccountInfo, error) {
	x, err := newAccount(q.Mail, q.Mail, q.Name, access.KindRoom)
	if err != nil {
		return AccountInfo{}, err
	}
	x.Capacity, x.Office = q.Capacity, q.Office
	x.Alias, _, _ = strings.Cut(string(x.Mail), "@")
	info, err := a.create(ctx, "room.create", x, q.Database)
	if err == nil && q.List != "" {
		_, err = a.AddMembers(ctx, Members{GroupName: GroupName{q.List}, Members: []string{info.SID}})
	}
	return info, err
}
