package directory

import (
	"context"
	"crypto/rand"
	"errors"

	"entente"
	"entente/access"
	"entente/db"
)

// A GroupKind says what a group is for. Rights can be granted to every kind.
type GroupKind string

const (
	Distribution GroupKind = "distribution"
	Security     GroupKind = "security"
	RoomList     GroupKind = "room-list" // a distribution group of rooms that clients offer as one
)

// A Group holds accounts and other groups.
type Group struct {
	access.Group // Members are filled by Directory.Group only
	GUID         GUID
	Alias        string
	Kind         GroupKind
	Hidden       bool
}

const groupColumns = `SELECT sid, guid, name, alias, mail, kind, hidden, master_sid FROM directory_group`

func scanGroups(rows *db.Rows, err error) ([]Group, error) {
	var all []Group
	var g Group
	err = each(rows, err, func() error {
		all = append(all, g)
		return nil
	}, &g.SID, &g.GUID, &g.Name, &g.Alias, &g.Mail, &g.Kind, &g.Hidden, &g.Master)
	return all, err
}

func groupBySID(tx *db.Tx, sid entente.SID) (*Group, error) {
	rows, err := tx.Query(groupColumns+` WHERE sid = $1`, sid)
	all, err := scanGroups(rows, err)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, entente.Errorf(entente.NotFound, "there is no such group").Because(NoSuchGroup)
	}
	g := &all[0]
	var m entente.SID
	rows, err = tx.Query(`SELECT member_sid FROM directory_member WHERE group_sid = $1 ORDER BY member_sid`, sid)
	return g, each(rows, err, func() error {
		g.Members = append(g.Members, m)
		return nil
	}, &m)
}

// Group returns a group with its direct members. NotFound with reason
// NoSuchGroup.
func (d *Directory) Group(ctx context.Context, sid entente.SID) (g *Group, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		g, err = groupBySID(tx, sid)
		return err
	})
	return g, err
}

// GroupByAddress returns a group by its SMTP address.
func (d *Directory) GroupByAddress(ctx context.Context, address entente.SMTPAddress) (g *Group, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		g, err = groupByAddress(tx, address)
		return err
	})
	return g, err
}

func groupByAddress(tx *db.Tx, address entente.SMTPAddress) (*Group, error) {
	var sid entente.SID
	err := tx.QueryRow(`SELECT sid FROM directory_address WHERE address = $1`, address).Scan(&sid)
	if errors.Is(err, db.ErrNoRows) {
		return nil, entente.Errorf(entente.NotFound, "there is no such group").Because(NoSuchGroup)
	}
	if err != nil {
		return nil, err
	}
	return groupBySID(tx, sid)
}

// Groups returns groups in the order of their SIDs, those after a SID, at most
// limit of them, without members.
func (d *Directory) Groups(ctx context.Context, after entente.SID, limit int) (all []Group, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(groupColumns+` WHERE sid > $1 ORDER BY sid LIMIT $2`, after, limit)
		all, err = scanGroups(rows, err)
		return err
	})
	return all, err
}

// Group returns a group as the change so far leaves it.
func (c *Change) Group(sid entente.SID) (*Group, error) { return groupBySID(c.tx, sid) }

// CreateGroup adds a group and its Members, and completes g with a SID and a
// GUID where it has none. Errors are as for CreateAccount.
func (c *Change) CreateGroup(g *Group) error {
	if err := g.check(); err != nil {
		return err
	}
	if g.GUID == (GUID{}) {
		if _, err := rand.Read(g.GUID[:]); err != nil {
			return err
		}
	}
	var err error
	if g.SID == "" {
		g.SID, err = c.nextSID()
	} else {
		err = c.adoptSID(g.SID)
	}
	if err != nil {
		return err
	}
	if n, err := write(c, groupUnit(g.SID), c.tx.Exec, `INSERT INTO directory_group (sid, guid, name, alias, mail, kind, hidden, master_sid)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (guid) DO NOTHING`,
		g.GUID, g.Name, g.Alias, g.Mail, g.Kind, g.Hidden, g.Master); err != nil {
		return err
	} else if n == 0 {
		return entente.Errorf(entente.Conflict, "another group has this GUID").Because(AccountExists)
	}
	if err := c.setGroupNames(g); err != nil {
		return err
	}
	for _, m := range g.Members {
		if err := c.AddMember(g.SID, m); err != nil {
			return err
		}
	}
	return nil
}

// SetGroup changes a group: f is given it as it is. Its SID stays, and its
// members are changed by AddMember and RemoveMember.
func (c *Change) SetGroup(sid entente.SID, f func(*Group) error) error {
	g, err := groupBySID(c.tx, sid)
	if err != nil {
		return err
	}
	if err := f(g); err != nil {
		return err
	}
	g.SID = sid
	if err := g.check(); err != nil {
		return err
	}
	if _, err := write(c, groupUnit(sid), c.tx.Exec, `UPDATE directory_group SET guid = $2, name = $3, alias = $4, mail = $5, kind = $6, hidden = $7,
		master_sid = $8 WHERE sid = $1`,
		g.GUID, g.Name, g.Alias, g.Mail, g.Kind, g.Hidden, g.Master); err != nil {
		return err
	}
	return c.setGroupNames(g)
}

// RemoveGroup removes a group and all that was granted to it.
func (c *Change) RemoveGroup(sid entente.SID) error {
	if _, err := groupBySID(c.tx, sid); err != nil {
		return err
	}
	if err := c.scopeOf(sid); err != nil {
		return err
	}
	if err := c.forget(sid); err != nil {
		return err
	}
	_, err := write(c, groupUnit(sid), c.tx.Exec, `DELETE FROM directory_group WHERE sid = $1`)
	return err
}

// AddMember puts an account or a group into a group; it may be there already.
// A member need not be known here: it may be the master account, in another
// forest, of one that is.
func (c *Change) AddMember(group, member entente.SID) error {
	if _, err := entente.ParseSID(string(member)); err != nil {
		return err
	}
	var n int
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_group WHERE sid = $1`, group).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return entente.Errorf(entente.NotFound, "there is no such group").Because(NoSuchGroup)
	}
	_, err := write(c, memberUnit(group, member), c.tx.Exec, `INSERT INTO directory_member (group_sid, member_sid) VALUES ($1, $2)
		ON CONFLICT (group_sid, member_sid) DO NOTHING`)
	return err
}

// RemoveMember takes an account or group out of a group.
func (c *Change) RemoveMember(group, member entente.SID) error {
	return c.dropMember(group, member)
}

func (g *Group) check() error {
	var err error
	if g.Mail, err = checkAddress(g.Mail); err != nil {
		return err
	}
	if g.Master != "" {
		if g.Master, err = entente.ParseSID(string(g.Master)); err != nil {
			return err
		}
	}
	if g.Kind == "" {
		g.Kind = Distribution
	}
	switch {
	case g.Kind != Distribution && g.Kind != Security && g.Kind != RoomList:
		return entente.Errorf(entente.Invalid, "%q is no kind of group", g.Kind)
	case g.Name == "":
		return entente.Errorf(entente.Invalid, "a group needs a name")
	case g.Kind == RoomList && g.Mail == "":
		// Clients name a room list by its address.
		return entente.Errorf(entente.Invalid, "a room list needs an address")
	}
	return checkTexts(g.Name, g.Alias)
}

func (c *Change) setGroupNames(g *Group) error {
	var addresses []entente.SMTPAddress
	if g.Mail != "" {
		addresses = append(addresses, g.Mail)
	}
	if err := c.setAddresses(g.SID, addresses); err != nil {
		return err
	}
	if g.Hidden || g.Mail == "" {
		return c.setKeys(g.SID, nil, nil)
	}
	return c.setKeys(g.SID, searchWords(g.Name, g.Alias), addresses)
}
