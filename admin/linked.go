package admin

import (
	"context"

	"entente"
	"entente/access"
	"entente/directory"
)

// RealmInfo is another forest whose word about its own accounts and groups
// counts here.
type RealmInfo struct {
	Name      string `json:"name"`
	DomainSID string `json:"domain_sid"`
}

// ListRealms lists the realms.
func (a *API) ListRealms(ctx context.Context, _ Nothing) ([]RealmInfo, error) {
	all, err := a.Directory.Realms(ctx)
	list := make([]RealmInfo, 0, len(all))
	for _, r := range all {
		list = append(list, RealmInfo{r.Name, string(r.DomainSID)})
	}
	return list, err
}

// AddRealm asks for a realm.
type AddRealm struct {
	Name      string `json:"name" arg:"" help:"Name of the realm, as in CONTOSO.EXAMPLE."`
	DomainSID string `json:"domain_sid" arg:"" help:"SID of its domain: S-1-5-21 and three numbers."`
}

// AddRealm has another forest's word about its own accounts and groups count
// here.
func (a *API) AddRealm(ctx context.Context, q AddRealm) (Done, error) {
	r := access.Realm{Name: q.Name, DomainSID: entente.SID(q.DomainSID)}
	err := a.change(ctx, "realm.add", []string{q.Name, q.DomainSID}, func(c *directory.Change) error { return c.SetRealm(r) })
	return Done{q.Name + " vouches for the accounts and groups of its domain"}, err
}

// RealmName names a realm.
type RealmName struct {
	Name string `json:"name" arg:"" help:"Name of the realm."`
}

// RemoveRealm has another forest's word count for nothing any more: nobody signs
// in by it from the next request on.
func (a *API) RemoveRealm(ctx context.Context, q RealmName) (Done, error) {
	err := a.change(ctx, "realm.remove", []string{q.Name}, func(c *directory.Change) error { return c.RemoveRealm(q.Name) })
	return Done{q.Name + " vouches for nobody any more"}, err
}

// master reads the SID of an account or group in another forest, of which some
// realm has to be the word.
func (a *API) master(sid string) (entente.SID, error) {
	m, err := entente.ParseSID(sid)
	if err != nil {
		return "", err
	}
	if a.Directory.Snapshot().RealmOf(m) == "" {
		return "", entente.Errorf(entente.Invalid, "no realm vouches for %s; entente realm add says which domains are other forests'", m)
	}
	return m, nil
}

// LinkAccount asks for an account to become a placeholder.
type LinkAccount struct {
	AccountName
	Master string `json:"master" arg:"" help:"SID of the account in another forest that owns the mailbox."`
}

// LinkAccount makes a mailbox a linked one: its owner is an account in another
// forest, and the account here a placeholder that nobody signs in with. Set-User
// -LinkedMasterAccount.
func (a *API) LinkAccount(ctx context.Context, q LinkAccount) (Done, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return Done{}, err
	}
	m, err := a.master(q.Master)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "account.link", []string{string(x.UPN), string(m)}, func(c *directory.Change) error {
		if err := c.RevokeTokens(x.SID); err != nil {
			return err
		}
		return c.SetAccount(x.SID, func(x *directory.Account) error {
			x.Master, x.Enabled = m, false
			x.Identities = nil // they are those of who had it before
			return nil
		})
	})
	return Done{string(x.UPN) + " is linked to " + string(m)}, err
}

// UnlinkAccount takes a linked mailbox from its owner in the other forest, from
// the next request on, and ends the tokens he signed in by. The account stays
// disabled until it is enabled.
func (a *API) UnlinkAccount(ctx context.Context, q AccountName) (Done, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return Done{}, err
	}
	if x.Master == "" {
		return Done{}, entente.Errorf(entente.Conflict, "%s is not linked", x.UPN)
	}
	err = a.change(ctx, "account.unlink", []string{string(x.UPN), string(x.Master)}, func(c *directory.Change) error {
		if err := c.RevokeTokens(x.SID); err != nil {
			return err
		}
		return c.SetAccount(x.SID, func(x *directory.Account) error {
			x.Master, x.Identities = "", nil
			return nil
		})
	})
	return Done{string(x.UPN) + " is linked to nobody, and disabled"}, err
}

// LinkedInfo is a linked mailbox as lists show it.
type LinkedInfo struct {
	UPN    string `json:"upn"`
	Mail   string `json:"mail"`
	SID    string `json:"sid"`
	Master string `json:"master"`
	Realm  string `json:"realm"` // "" if none vouches for the master account: nobody signs in
}

// ListLinked lists the linked mailboxes.
func (a *API) ListLinked(ctx context.Context, _ Nothing) ([]LinkedInfo, error) {
	list := []LinkedInfo{}
	s := a.Directory.Snapshot()
	var after entente.UPN
	for {
		page, err := a.Directory.Accounts(ctx, after, 1000)
		if err != nil {
			return nil, err
		}
		for i := range page {
			x := &page[i]
			if after = x.UPN; x.Master != "" {
				list = append(list, LinkedInfo{string(x.UPN), string(x.Mail), string(x.SID), string(x.Master), s.RealmOf(x.Master)})
			}
		}
		if len(page) < 1000 {
			return list, nil
		}
	}
}

// LinkGroup asks for a group to be linked.
type LinkGroup struct {
	GroupName
	Master string `json:"master" arg:"" help:"SID of the group in another forest."`
}

// LinkGroup makes a group a linked one: who that forest says is in its group, is
// in this one. New-RoleGroup -LinkedForeignGroup.
func (a *API) LinkGroup(ctx context.Context, q LinkGroup) (Done, error) {
	g, err := a.group(ctx, q.Group)
	if err != nil {
		return Done{}, err
	}
	m, err := a.master(q.Master)
	if err != nil {
		return Done{}, err
	}
	return a.linkGroup(ctx, "group.link", g, m, " is linked to "+string(m))
}

// UnlinkGroup has another forest's word about who is in a group count no more.
func (a *API) UnlinkGroup(ctx context.Context, q GroupName) (Done, error) {
	g, err := a.group(ctx, q.Group)
	if err != nil {
		return Done{}, err
	}
	if g.Master == "" {
		return Done{}, entente.Errorf(entente.Conflict, "%s is not linked", g.Name)
	}
	return a.linkGroup(ctx, "group.unlink", g, "", " is linked to no group")
}

func (a *API) linkGroup(ctx context.Context, action string, g *directory.Group, m entente.SID, done string) (Done, error) {
	err := a.change(ctx, action, []string{string(g.SID), string(m)}, func(c *directory.Change) error {
		return c.SetGroup(g.SID, func(g *directory.Group) error {
			g.Master = m
			return nil
		})
	})
	return Done{g.Name + done}, err
}
