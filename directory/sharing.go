package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

const (
	sharingColumns = `SELECT name, enabled, is_default, rules FROM directory_sharing_policy`
	// sharingOf is the policy of a row of directory_account.
	sharingOf = `COALESCE((SELECT x.policy FROM directory_sharing_assignment x WHERE x.sid = directory_account.sid), '')`
)

// SharingPolicies returns the sharing policies by name.
func (d *Directory) SharingPolicies(ctx context.Context) (all []access.SharingPolicy, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all, err = allSharing(tx)
		return err
	})
	return all, err
}

func allSharing(tx *db.Tx) (all []access.SharingPolicy, err error) {
	rows, err := tx.Query(sharingColumns + ` ORDER BY name`)
	err = eachSharing(each, rows, err, func(p access.SharingPolicy) { all = append(all, p) })
	return all, err
}

func eachSharing(over over, rows *db.Rows, err error, f func(access.SharingPolicy)) error {
	var p access.SharingPolicy
	var rules string
	return over(rows, err, func() error {
		n := p
		if err := json.Unmarshal([]byte(rules), &n.Rules); err != nil {
			return fmt.Errorf("sharing policy %s: %w", n.Name, err)
		}
		f(n)
		return nil
	}, &p.Name, &p.Enabled, &p.Default, &rules)
}

// SharingPolicy returns a sharing policy as the change so far leaves it, by its
// name in any case of letters.
func (c *Change) SharingPolicy(name string) (*access.SharingPolicy, error) {
	all, err := allSharing(c.tx)
	if err != nil {
		return nil, err
	}
	if i := sharingNamed(all, name); i >= 0 {
		return &all[i], nil
	}
	return nil, missed(0, nil, "sharing policy", name)
}

func sharingNamed(all []access.SharingPolicy, name string) int {
	return slices.IndexFunc(all, func(p access.SharingPolicy) bool { return strings.EqualFold(p.Name, name) })
}

// CreateSharingPolicy adds a sharing policy. If it is the default, no other is
// any more.
//
// Errors: Invalid for rules that cannot be; Conflict if there is one of the name.
func (c *Change) CreateSharingPolicy(p access.SharingPolicy) error {
	all, err := allSharing(c.tx)
	if err != nil {
		return err
	}
	if sharingNamed(all, p.Name) >= 0 {
		return entente.Errorf(entente.Conflict, "there is a sharing policy %q", p.Name)
	}
	return c.putSharing(all, &p)
}

// SetSharingPolicy changes a sharing policy: f is given it as it is. Those it is
// assigned to keep it under a new name. Which is the default is changed by making
// another the default.
func (c *Change) SetSharingPolicy(name string, f func(*access.SharingPolicy) error) error {
	all, err := allSharing(c.tx)
	if err != nil {
		return err
	}
	i := sharingNamed(all, name)
	if i < 0 {
		return missed(0, nil, "sharing policy", name)
	}
	p := all[i]
	p.Rules = slices.Clone(p.Rules)
	if err := f(&p); err != nil {
		return err
	}
	if all[i].Default && !p.Default {
		return entente.Errorf(entente.Invalid, "make another sharing policy the default one instead")
	}
	others := slices.Delete(slices.Clone(all), i, i+1)
	if sharingNamed(others, p.Name) >= 0 {
		return entente.Errorf(entente.Conflict, "there is a sharing policy %q", p.Name)
	}
	if err := c.putSharing(others, &p); err != nil || p.Name == all[i].Name {
		return err
	}
	old := all[i].Name
	rows, err := c.tx.Query(`SELECT sid FROM directory_sharing_assignment WHERE policy = $1 ORDER BY sid`, old)
	if err := eachKey(rows, err, func(sid entente.SID) error { return c.putAssigned(sid, p.Name) }); err != nil {
		return err
	}
	_, err = write(c, sharingUnit(old), c.tx.Exec, `DELETE FROM directory_sharing_policy WHERE name = $1`)
	return err
}

// putSharing keeps a policy beside others.
func (c *Change) putSharing(others []access.SharingPolicy, p *access.SharingPolicy) error {
	if err := checkSharing(p); err != nil {
		return err
	}
	for i := range others {
		if o := &others[i]; p.Default && o.Default {
			if _, err := write(c, sharingUnit(o.Name), c.tx.Exec, `UPDATE directory_sharing_policy SET is_default = $2 WHERE name = $1`, false); err != nil {
				return err
			}
		}
	}
	rules, err := json.Marshal(p.Rules)
	if err != nil {
		return err
	}
	_, err = write(c, sharingUnit(p.Name), c.tx.Exec, `INSERT INTO directory_sharing_policy (name, enabled, is_default, rules) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET enabled = $2, is_default = $3, rules = $4`, p.Enabled, p.Default, string(rules))
	return err
}

func checkSharing(p *access.SharingPolicy) error {
	if err := checkRelationName("a sharing policy", p.Name); err != nil {
		return err
	}
	switch {
	case len(p.Rules) == 0:
		return entente.Errorf(entente.Invalid, "a sharing policy names at least one domain")
	case len(p.Rules) > maxRelationDomains:
		return entente.Errorf(entente.TooLarge, "a sharing policy names at most %d domains", maxRelationDomains)
	}
	seen := map[string]bool{}
	for i, r := range p.Rules {
		r, err := access.ParseSharingRule(r.String()) // as it is read back
		if err != nil {
			return err
		}
		switch {
		case seen[r.Domain]:
			return entente.Errorf(entente.Invalid, "the sharing policy names %s twice", r.Domain)
		case r.Domain == access.AnonymousDomain && r.Actions&access.ContactsSharing != 0:
			return entente.Errorf(entente.Invalid, "only calendars are published: ContactsSharing cannot be allowed for Anonymous")
		}
		seen[r.Domain] = true
		p.Rules[i] = r
	}
	return nil
}

// RemoveSharingPolicy removes a sharing policy. Conflict while a mailbox has it,
// or while it is the default beside others.
func (c *Change) RemoveSharingPolicy(name string) error {
	all, err := allSharing(c.tx)
	if err != nil {
		return err
	}
	i := sharingNamed(all, name)
	if i < 0 {
		return missed(0, nil, "sharing policy", name)
	}
	p := &all[i]
	var n int64
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_sharing_assignment WHERE policy = $1`, p.Name).Scan(&n); err != nil {
		return err
	}
	switch {
	case n > 0:
		return entente.Errorf(entente.Conflict, "the sharing policy %q is assigned to %d mailboxes", p.Name, n)
	case p.Default && len(all) > 1:
		return entente.Errorf(entente.Conflict, "%q is the default sharing policy: make another the default one first", p.Name)
	}
	_, err = write(c, sharingUnit(p.Name), c.tx.Exec, `DELETE FROM directory_sharing_policy WHERE name = $1`)
	return err
}

// assignSharing gives a mailbox a sharing policy of its own; "" is the default
// one again. The policy's name is completed as it is written.
func (c *Change) assignSharing(a *Account) error {
	if a.Mailbox.IsZero() {
		a.SharingPolicy = "" // goes with the mailbox
	}
	if a.SharingPolicy != "" {
		p, err := c.SharingPolicy(a.SharingPolicy)
		if err != nil {
			return err
		}
		a.SharingPolicy = p.Name
	}
	return c.putAssigned(a.SID, a.SharingPolicy)
}

func (c *Change) putAssigned(sid entente.SID, policy string) error {
	if policy == "" {
		_, err := write(c, sharedUnit(sid), c.tx.Exec, `DELETE FROM directory_sharing_assignment WHERE sid = $1`)
		return err
	}
	_, err := write(c, sharedUnit(sid), c.tx.Exec, `INSERT INTO directory_sharing_assignment (sid, policy) VALUES ($1, $2)
		ON CONFLICT (sid) DO UPDATE SET policy = $2`, policy)
	return err
}
