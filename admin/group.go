package admin

import (
	"context"

	"entente"
	"entente/access"
	"entente/directory"
)

// GroupInfo is a group as lists show it.
type GroupInfo struct {
	Mail string `json:"mail"`
	Name string `json:"name"`
	Kind string `json:"kind"`
	SID  string `json:"sid"`
}

func groupInfo(g *directory.Group) GroupInfo {
	return GroupInfo{string(g.Mail), g.Name, string(g.Kind), string(g.SID)}
}

// ListGroups lists groups.
func (a *API) ListGroups(ctx context.Context, _ Nothing) ([]GroupInfo, error) {
	list := []GroupInfo{}
	var after entente.SID
	for {
		page, err := a.Directory.Groups(ctx, after, 1000)
		if err != nil {
			return nil, err
		}
		for i := range page {
			after = page[i].SID
			list = append(list, groupInfo(&page[i]))
		}
		if len(page) < 1000 {
			return list, nil
		}
	}
}

// GroupName names a group.
type GroupName struct {
	Group string `json:"group" arg:"" help:"Address or SID of the group."`
}

// GroupDetails is a group with its direct members.
type GroupDetails struct {
	GroupInfo
	Master  string   `json:"master,omitempty"` // the group in another forest that it is linked to
	Members []string `json:"members"`
}

// ShowGroup shows a group.
func (a *API) ShowGroup(ctx context.Context, q GroupName) (GroupDetails, error) {
	g, err := a.group(ctx, q.Group)
	if err != nil {
		return GroupDetails{}, err
	}
	d := GroupDetails{GroupInfo: groupInfo(g), Master: string(g.Master), Members: []string{}}
	for _, m := range g.Members {
		d.Members = append(d.Members, a.nameOf(ctx, m))
	}
	return d, nil
}

// CreateGroup asks for a new group.
type CreateGroup struct {
	Mail    string   `json:"mail" arg:"" help:"Address of the group."`
	Name    string   `json:"name,omitempty" help:"Display name."`
	Kind    string   `json:"kind,omitempty" help:"distribution, security or room-list." default:"distribution"`
	Members []string `json:"members,omitempty" help:"Accounts or groups in it."`
}

// CreateGroup creates a group.
func (a *API) CreateGroup(ctx context.Context, q CreateGroup) (GroupInfo, error) {
	mail, err := entente.ParseSMTPAddress(q.Mail)
	if err != nil {
		return GroupInfo{}, err
	}
	kind := directory.GroupKind(q.Kind)
	if kind == "" {
		kind = directory.Distribution
	}
	members, err := a.grantees(ctx, q.Members)
	if err != nil {
		return GroupInfo{}, err
	}
	if q.Name == "" {
		q.Name = q.Mail
	}
	var g directory.Group
	err = a.change(ctx, "group.create", []string{string(mail)}, func(c *directory.Change) error {
		g = directory.Group{Group: access.Group{Name: q.Name, Mail: mail, Members: members}, Kind: kind}
		return c.CreateGroup(&g)
	})
	return groupInfo(&g), err
}

func (a *API) grantees(ctx context.Context, names []string) ([]entente.SID, error) {
	sids := make([]entente.SID, 0, len(names))
	for _, n := range names {
		sid, err := a.grantee(ctx, n)
		if err != nil {
			return nil, err
		}
		sids = append(sids, sid)
	}
	return sids, nil
}

// Members names a group and some of its members.
type Members struct {
	GroupName
	Members []string `json:"members" arg:"" help:"Accounts or groups."`
}

// AddMembers puts accounts or groups into a group.
func (a *API) AddMembers(ctx context.Context, q Members) (Done, error) {
	return a.members(ctx, "group.add", q, (*directory.Change).AddMember)
}

// DropMembers takes accounts or groups out of a group.
func (a *API) DropMembers(ctx context.Context, q Members) (Done, error) {
	return a.members(ctx, "group.drop", q, (*directory.Change).RemoveMember)
}

func (a *API) members(ctx context.Context, action string, q Members, f func(c *directory.Change, group, member entente.SID) error) (Done, error) {
	g, err := a.group(ctx, q.Group)
	if err != nil {
		return Done{}, err
	}
	members, err := a.grantees(ctx, q.Members)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, action, append([]string{q.Group}, q.Members...), func(c *directory.Change) error {
		for _, m := range members {
			if err := f(c, g.SID, m); err != nil {
				return err
			}
		}
		return nil
	})
	return Done{g.Name + " was changed"}, err
}

// RemoveGroup removes a group and all that was granted to it.
func (a *API) RemoveGroup(ctx context.Context, q GroupName) (Done, error) {
	g, err := a.group(ctx, q.Group)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "group.remove", []string{q.Group}, func(c *directory.Change) error { return c.RemoveGroup(g.SID) })
	return Done{g.Name + " was removed"}, err
}
