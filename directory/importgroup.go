package directory

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"entente"
	"entente/db"
)

func (im *importer) oneGroup(c *Change, r *record, kind GroupKind, l *ImportLine) error {
	wanted := &Group{}
	if err := r.fillGroup(wanted, kind); err != nil {
		return err
	}
	l.Name = wanted.Name
	r, err := im.groupAddress(c, r, wanted, l)
	if err != nil {
		return err
	}
	found, err := c.matchGroup(wanted)
	if err != nil {
		return err
	}
	if found == "" {
		if err := c.CreateGroup(wanted); err != nil {
			return err
		}
		l.SID, l.Action = wanted.SID, "created"
	} else {
		if err := im.updateGroup(c, r, kind, found, l); err != nil {
			return err
		}
	}
	if im.o.master {
		changed, err := c.SetMembers(l.SID, r.members)
		if changed {
			l.changed()
		}
		return err
	}
	for _, name := range [...]string{"member", "members"} {
		if names, ok := r.attrs[name]; ok {
			im.members = append(im.members, pendingMembers{len(im.report.Lines), l.SID, names})
		}
	}
	return nil
}

func (im *importer) updateGroup(c *Change, r *record, kind GroupKind, sid entente.SID, l *ImportLine) error {
	l.SID, l.Action = sid, "unchanged"
	old, err := groupBySID(c.tx, sid)
	if err != nil {
		return err
	}
	updated := *old
	if err := r.fillGroup(&updated, kind); err != nil {
		return err
	}
	updated.SID = sid
	if reflect.DeepEqual(*old, updated) {
		return nil
	}
	l.Action = "changed"
	return c.SetGroup(sid, func(g *Group) error {
		*g = updated
		return nil
	})
}

func (c *Change) matchGroup(g *Group) (sid entente.SID, err error) {
	var row *db.Row
	switch {
	case g.GUID != (GUID{}):
		row = c.tx.QueryRow(`SELECT sid FROM directory_group WHERE guid = $1`, g.GUID)
	case g.SID != "":
		row = c.tx.QueryRow(`SELECT sid FROM directory_group WHERE sid = $1`, g.SID)
	case g.Mail != "":
		row = c.tx.QueryRow(`SELECT sid FROM directory_group WHERE mail = $1`, g.Mail)
	default:
		row = c.tx.QueryRow(`SELECT sid FROM directory_group WHERE name = $1 AND mail = '' ORDER BY sid`, g.Name)
	}
	if err := row.Scan(&sid); err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", err
	}
	return sid, nil
}

// resolve gives the groups of the file exactly the members it names.
func (im *importer) resolve(c *Change) error {
	for _, p := range im.members {
		l := &im.report.Lines[p.line]
		wanted, unknown, err := im.sids(c, p.names)
		if err != nil {
			return err
		}
		g, err := groupBySID(c.tx, p.group)
		if err != nil {
			return err
		}
		for _, m := range wanted {
			if !slices.Contains(g.Members, m) {
				l.changed()
				if err := c.AddMember(p.group, m); err != nil {
					return err
				}
			}
		}
		for _, m := range g.Members {
			if !slices.Contains(wanted, m) {
				l.changed()
				if err := c.RemoveMember(p.group, m); err != nil {
					return err
				}
			}
		}
		l.Err = nil
		if len(unknown) > 0 {
			l.Err = entente.Errorf(entente.NotFound, "%d members are not known, the first is %q", len(unknown), unknown[0])
		}
	}
	im.count()
	return nil
}

func (l *ImportLine) changed() {
	if l.Action == "unchanged" {
		l.Action = "changed"
	}
}

// sids finds members by dn, SID, UPN or address.
func (im *importer) sids(c *Change, names []string) (found []entente.SID, unknown []string, err error) {
	for _, n := range names {
		if n == "" {
			continue
		}
		sid, ok := im.byDN[normalDN(n)]
		if !ok {
			err := c.tx.QueryRow(`SELECT sid FROM directory_account WHERE upn = $1 OR sid = $2
				UNION SELECT sid FROM directory_address WHERE address = $1
				UNION SELECT sid FROM directory_group WHERE sid = $2 ORDER BY sid LIMIT 1`,
				strings.ToLower(n), strings.ToUpper(n)).Scan(&sid)
			if err != nil && !errors.Is(err, db.ErrNoRows) {
				return nil, nil, err
			}
			ok = err == nil
		}
		if !ok {
			unknown = append(unknown, n)
		} else if !slices.Contains(found, sid) {
			found = append(found, sid)
		}
	}
	return found, unknown, nil
}
