package directory

import (
	"cmp"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// Kinds of rows of directory_identity.
const (
	logonKind    = 1
	identityKind = 2
)

const (
	maxIdentities = 100
)

// identities come in the order of accounts, as addresses do.
func (r *reader) identities(u *unit) error {
	var sid entente.SID
	var kind int64
	var name, said string
	const q = `SELECT sid, kind, name, said FROM directory_identity`
	rows, err := query(r.tx.Query, u, q+` WHERE sid = $1 ORDER BY kind, name`, q+` ORDER BY sid, kind, name`)
	return r.each(identityRows)(rows, err, func() error {
		all, i := r.facts.Accounts, &r.at.identity
		for *i < len(all) && all[*i].SID < sid {
			*i++
		}
		if *i < len(all) && all[*i].SID == sid {
			addIdentity(&all[*i], kind, name, said)
		}
		return nil
	}, &sid, &kind, &name, &said)
}

// identitiesOf reads the names of one account.
func identitiesOf(tx *db.Tx, a *access.Account) error {
	var kind int64
	var name, said string
	rows, err := tx.Query(`SELECT kind, name, said FROM directory_identity WHERE sid = $1 ORDER BY kind, name`, a.SID)
	return each(rows, err, func() error {
		addIdentity(a, kind, name, said)
		return nil
	}, &kind, &name, &said)
}

func addIdentity(a *access.Account, kind int64, name, said string) {
	switch kind {
	case logonKind:
		a.LogonName = cmp.Or(said, name)
	case identityKind:
		a.Identities = append(a.Identities, name)
	}
}

// checkIdentities validates the logon name and the identities, and puts these in
// their order.
func (a *Account) checkIdentities() error {
	if err := checkLogonName(a.LogonName); err != nil {
		return err
	}
	if len(a.Identities) > maxIdentities {
		return entente.Errorf(entente.TooLarge, "an account has at most %d identities", maxIdentities)
	}
	if len(a.Identities) == 0 {
		a.Identities = nil
		return nil
	}
	a.Identities = slices.Clone(a.Identities) // a snapshot may have the list too
	for i, s := range a.Identities {
		canonical, err := access.ParseIdentity(s)
		if err != nil {
			return err
		}
		a.Identities[i] = canonical
	}
	slices.Sort(a.Identities)
	a.Identities = slices.Compact(a.Identities)
	return nil
}

// checkLogonName refuses what a logon name must not have in it. [MS-SAMR] 3.1.1.6.
// An @ would make a KDC read it as another kind of name.
func checkLogonName(s string) error {
	if strings.ContainsAny(s, "\"/\\[]:;|=,+*?<>@") || strings.TrimSpace(s) != s || strings.HasSuffix(s, ".") {
		return entente.Errorf(entente.Invalid, "%q is no logon name", bounds(s))
	}
	return checkTexts(s)
}

// vacantLogon makes sure that no other account of the same domain has the logon
// name. Identities that two accounts claim are another matter: Active Directory
// has them, and they are nobody's.
func (c *Change) vacantLogon(a *Account) error {
	if a.LogonName == "" {
		return nil
	}
	var other entente.SID
	taken := false
	rows, err := c.tx.Query(`SELECT sid FROM directory_identity WHERE kind = $1 AND name = $2`, logonKind, strings.ToLower(a.LogonName))
	if err := each(rows, err, func() error {
		taken = taken || other != a.SID && access.DomainOf(other) == access.DomainOf(a.SID)
		return nil
	}, &other); err != nil {
		return err
	}
	if taken {
		return entente.Errorf(entente.Conflict, "another account has this logon name").Because(AccountExists)
	}
	return nil
}

// setIdentities gives an account its logon name and identities, if they are not
// what they were.
func (c *Change) setIdentities(a *Account, oldLogon string, old []string) error {
	if a.LogonName == oldLogon && slices.Equal(a.Identities, old) {
		return nil
	}
	if err := c.vacantLogon(a); err != nil {
		return err
	}
	if err := c.forgetIdentities(a.SID); err != nil {
		return err
	}
	if a.LogonName != "" {
		key := strings.ToLower(a.LogonName)
		said := a.LogonName
		if said == key {
			said = ""
		}
		if err := c.putIdentity(a.SID, logonKind, key, said); err != nil {
			return err
		}
	}
	for _, s := range a.Identities {
		if err := c.putIdentity(a.SID, identityKind, s, ""); err != nil {
			return err
		}
	}
	return nil
}

func (c *Change) putIdentity(sid entente.SID, kind int64, name, said string) error {
	_, err := write(c, identityUnit(sid), c.tx.Exec, `INSERT INTO directory_identity (sid, kind, name, said) VALUES ($1, $2, $3, $4)`, kind, name, said)
	return err
}

func (c *Change) forgetIdentities(sid entente.SID) error {
	_, err := write(c, identityUnit(sid), c.tx.Exec, `DELETE FROM directory_identity WHERE sid = $1`)
	return err
}
