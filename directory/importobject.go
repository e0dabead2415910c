package directory

import (
	"context"
	"errors"
	"maps"

	"entente"
	"entente/access"
	"entente/db"
)

// An Object is one of the directory that is the master of accounts and groups
// here. It says all there is to say: an attribute without a value is empty there
// and becomes so here.
type Object struct {
	DN         string
	Attributes map[string][]string // names in lower case, values as LDAP has them; at least one, which may be empty
	Members    []entente.SID       // of a group, all of them
	Err        error               // why it cannot be used
}

// ImportObjects imports what the master of accounts and groups has, by the rules
// of ImportCSV, with these differences. The members of a group are exactly those
// named, known here or not. An account whose primary address is in a domain that
// is not accepted, or that has lost its address there and has a mailbox here, is
// not refused for that: it has to be possible to disable it. An account that is
// known already gets a mailbox when it gets an address. Line is the number of the
// object, from 1.
func (d *Directory) ImportObjects(ctx context.Context, next func() (Object, error), o ImportOptions) (ImportReport, error) {
	o.master = true
	n := 0
	return d.importAll(ctx, func() (*record, error) {
		e, err := next()
		if err != nil {
			return nil, err
		}
		n++
		return &record{line: n, dn: e.DN, attrs: e.Attributes, members: e.Members, err: e.Err}, nil
	}, o)
}

// kept tells of the lines that were reported since some number of them.
func (im *importer) kept(tx *db.Tx, since int) error {
	if im.o.Kept == nil || len(im.report.Lines) == since {
		return nil
	}
	return im.o.Kept(tx, im.report.Lines[since:])
}

// changes counts what was changed so far.
func (im *importer) changes() (n int) {
	for i := range im.report.Lines {
		if a := im.report.Lines[i].Action; a == "created" || a == "changed" {
			n++
		}
	}
	return n
}

// mailbox gives an account that has just got its address a mailbox, if those of
// the import are to have one.
func (im *importer) mailbox(c *Change, a *Account) error {
	if im.o.Database == "" || a.Mail == "" || a.Kind == access.KindService || !a.Mailbox.IsZero() {
		return nil
	}
	_, err := c.EnableMailbox(a.SID, im.o.Database)
	return err
}

// dropForeign takes out an account's addresses in domains that are not ours.
func (im *importer) dropForeign(c *Change, a *Account) (dropped []entente.SMTPAddress, err error) {
	if im.o.master && a.Mail == "" {
		a.Proxies = nil // they are nothing without a primary one
	}
	if im.o.master && a.Mail != "" {
		primary := []entente.SMTPAddress{a.Mail}
		if dropped, err = c.dropForeign(&primary); err != nil {
			return nil, err
		}
		if len(dropped) > 0 {
			a.Mail, a.Proxies = "", nil
			return dropped, nil
		}
	}
	return c.dropForeign(&a.Proxies)
}

// keepAddresses leaves a mailbox the addresses it has, where its owner has none
// any more.
func keepAddresses(old, updated *Account, l *ImportLine) {
	if old.Mailbox.IsZero() || updated.Mail != "" {
		return
	}
	updated.Mail, updated.Proxies = old.Mail, old.Proxies
	if l.Err == nil {
		l.Err = entente.Errorf(entente.Conflict, "keeps its addresses: it has a mailbox here, and none of its own in an accepted domain any more")
	}
}

// groupAddress leaves out the address of a group of the master's that is in a
// domain that is not accepted.
func (im *importer) groupAddress(c *Change, r *record, g *Group, l *ImportLine) (*record, error) {
	if !im.o.master || g.Mail == "" {
		return r, nil
	}
	kept := []entente.SMTPAddress{g.Mail}
	dropped, err := c.dropForeign(&kept)
	if err != nil || len(dropped) == 0 {
		return r, err
	}
	g.Mail = ""
	without := *r
	without.attrs = maps.Clone(r.attrs)
	for _, name := range [...]string{"primarysmtpaddress", "mail", "windowsemailaddress", "proxyaddresses", "emailaddresses"} {
		if _, said := r.attrs[name]; said {
			without.attrs[name] = []string{""}
		}
	}
	l.Err = entente.Errorf(entente.Invalid, "left out: %s, in a domain that is not accepted", dropped[0]).Because(NotAccepted)
	return &without, nil
}

// SetMembers gives a group exactly these members, and says whether that changed
// anything.
func (c *Change) SetMembers(group entente.SID, members []entente.SID) (changed bool, err error) {
	g, err := groupBySID(c.tx, group)
	if err != nil {
		return false, err
	}
	gone := make(map[entente.SID]bool, len(g.Members))
	for _, m := range g.Members {
		gone[m] = true
	}
	for _, m := range members {
		if was, ok := gone[m]; ok {
			if was {
				gone[m] = false
			}
			continue
		}
		gone[m] = false
		changed = true
		if err := c.AddMember(group, m); err != nil {
			return changed, err
		}
	}
	for _, m := range g.Members {
		if gone[m] {
			changed = true
			if err := c.RemoveMember(group, m); err != nil {
				return changed, err
			}
		}
	}
	return changed, nil
}

// Holders returns the groups that an account or a group is a member of itself.
func (d *Directory) Holders(ctx context.Context, member entente.SID) (all []entente.SID, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		var group entente.SID
		rows, err := tx.Query(`SELECT group_sid FROM directory_member WHERE member_sid = $1 ORDER BY group_sid`, member)
		return each(rows, err, func() error {
			all = append(all, group)
			return nil
		}, &group)
	})
	return all, err
}

// Disable disables accounts that their master does not have any more. Those that
// are not known here, or disabled already, are left alone.
func (c *Change) Disable(sids []entente.SID) (done []entente.SID, err error) {
	for _, sid := range sids {
		a, err := accountBySID(c.tx, sid)
		var told *entente.Error
		if errors.As(err, &told) && told.Kind == entente.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !a.Enabled {
			continue
		}
		if err := c.SetAccount(sid, func(a *Account) error {
			a.Enabled = false
			return nil
		}); err != nil {
			return nil, err
		}
		done = append(done, sid)
	}
	return done, nil
}
