package directory

import (
	"context"
	"errors"
	"fmt"

	"entente"
	"entente/access"
	"entente/db"
)

const (
	scopeColumns  = `SELECT name, filter, exclusive FROM directory_scope`
	policyColumns = `SELECT scope, priority, policy FROM directory_scope_policy`
	realmColumns  = `SELECT name, domain_sid FROM directory_realm`
)

// Scopes returns the management scopes by name.
func (d *Directory) Scopes(ctx context.Context) (all []access.ManagementScope, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(scopeColumns + ` ORDER BY name`)
		return eachScope(each, rows, err, func(s access.ManagementScope) { all = append(all, s) })
	})
	return all, err
}

// Scope returns a management scope. NotFound if there is none of the name.
func (d *Directory) Scope(ctx context.Context, name string) (s access.ManagementScope, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		s, err = scopeByName(tx, name)
		return err
	})
	return s, err
}

func scopeByName(tx *db.Tx, name string) (access.ManagementScope, error) {
	var found *access.ManagementScope
	rows, err := tx.Query(scopeColumns+` WHERE name = $1`, name)
	err = eachScope(each, rows, err, func(s access.ManagementScope) { found = &s })
	if err != nil || found == nil {
		return access.ManagementScope{}, missed(0, err, "management scope", name)
	}
	return *found, nil
}

func eachScope(over over, rows *db.Rows, err error, f func(access.ManagementScope)) error {
	var s access.ManagementScope
	return over(rows, err, func() error {
		f(s)
		return nil
	}, &s.Name, &s.Filter, &s.Exclusive)
}

// CreateScope adds a management scope.
//
// Errors: Invalid for a filter that is none; Conflict if there is a scope of
// the name.
func (c *Change) CreateScope(s access.ManagementScope) error {
	if err := checkManagementScope(&s); err != nil {
		return err
	}
	n, err := write(c, scopeUnit(s.Name), c.tx.Exec,
		`INSERT INTO directory_scope (name, filter, exclusive) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`, s.Filter, s.Exclusive)
	if err == nil && n == 0 {
		return entente.Errorf(entente.Conflict, "there is a management scope %q", s.Name)
	}
	return err
}

// SetScope changes a management scope: f is given it as it is. Its name stays.
func (c *Change) SetScope(name string, f func(*access.ManagementScope) error) error {
	s, err := scopeByName(c.tx, name)
	if err != nil {
		return err
	}
	if err := f(&s); err != nil {
		return err
	}
	s.Name = name
	if err := checkManagementScope(&s); err != nil {
		return err
	}
	_, err = write(c, scopeUnit(name), c.tx.Exec, `UPDATE directory_scope SET filter = $2, exclusive = $3 WHERE name = $1`, s.Filter, s.Exclusive)
	return err
}

// RemoveScope removes a management scope. Conflict while an assignment or a
// policy is about it: what is left of those would say something else.
func (c *Change) RemoveScope(name string) error {
	var assignments, policies int64
	if err := c.tx.QueryRow(`SELECT (SELECT COUNT(*) FROM directory_assignment WHERE scope_kind = $1 AND scope_name = $2),
		(SELECT COUNT(*) FROM directory_scope_policy WHERE scope = $2)`, access.ScopeManagement, name).Scan(&assignments, &policies); err != nil {
		return err
	}
	if assignments+policies > 0 {
		return entente.Errorf(entente.Conflict, "%d assignments and %d policies are about the management scope %q", assignments, policies, name)
	}
	n, err := write(c, scopeUnit(name), c.tx.Exec, `DELETE FROM directory_scope WHERE name = $1`)
	return missed(n, err, "management scope", name)
}

func checkManagementScope(s *access.ManagementScope) error {
	switch {
	case s.Name == "":
		return entente.Errorf(entente.Invalid, "a management scope needs a name")
	case s.Filter == "":
		return entente.Errorf(entente.Invalid, "a management scope needs a filter")
	}
	if _, err := access.ParseFilter(s.Filter); err != nil {
		return err
	}
	return checkTexts(s.Name)
}

// ScopePolicies returns the client access policies of scopes, the one that
// decides first first.
func (d *Directory) ScopePolicies(ctx context.Context) (all []access.ScopePolicy, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(policyColumns + ` ORDER BY priority, scope`)
		return eachPolicy(each, rows, err, func(p access.ScopePolicy) { all = append(all, p) })
	})
	return all, err
}

func eachPolicy(over over, rows *db.Rows, err error, f func(access.ScopePolicy)) error {
	var p access.ScopePolicy
	var policy string
	return over(rows, err, func() error {
		n := p
		decoded, err := decodePolicy(policy)
		if err != nil {
			return fmt.Errorf("policy of scope %s: %w", n.Scope, err)
		}
		if decoded != nil {
			n.Policy = *decoded
		}
		f(n)
		return nil
	}, &p.Scope, &p.Priority, &policy)
}

// SetScopePolicy gives the recipients in a management scope a client access
// policy, in place of the one they had. NotFound if there is no such scope.
func (c *Change) SetScopePolicy(p access.ScopePolicy) error {
	if p.Priority < 0 {
		return entente.Errorf(entente.Invalid, "a priority is not negative")
	}
	if _, err := scopeByName(c.tx, p.Scope); err != nil {
		return err
	}
	policy, err := encodePolicy(&p.Policy)
	if err != nil {
		return err
	}
	_, err = write(c, policyUnit(p.Scope), c.tx.Exec, `INSERT INTO directory_scope_policy (scope, priority, policy) VALUES ($1, $2, $3)
		ON CONFLICT (scope) DO UPDATE SET priority = $2, policy = $3`, p.Priority, policy)
	return err
}

// ScopePolicy returns the policy of a scope as the change so far leaves it; ok
// is false if it has none.
func (c *Change) ScopePolicy(scope string) (p access.ScopePolicy, ok bool, err error) {
	rows, err := c.tx.Query(policyColumns+` WHERE scope = $1`, scope)
	err = eachPolicy(each, rows, err, func(found access.ScopePolicy) { p, ok = found, true })
	return p, ok, err
}

// RemoveScopePolicy takes the policy from a management scope.
func (c *Change) RemoveScopePolicy(scope string) error {
	n, err := write(c, policyUnit(scope), c.tx.Exec, `DELETE FROM directory_scope_policy WHERE scope = $1`)
	return missed(n, err, "policy of the management scope", scope)
}

// Realms returns the other forests whose word about their own accounts counts.
func (d *Directory) Realms(ctx context.Context) (all []access.Realm, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(realmColumns + ` ORDER BY name`)
		return eachRealm(each, rows, err, func(r access.Realm) { all = append(all, r) })
	})
	return all, err
}

func eachRealm(over over, rows *db.Rows, err error, f func(access.Realm)) error {
	var r access.Realm
	return over(rows, err, func() error {
		f(r)
		return nil
	}, &r.Name, &r.DomainSID)
}

// SetRealm adds or changes a realm. Its domain can be neither this
// organization's nor another realm's: nobody vouches for accounts that are not
// his.
func (c *Change) SetRealm(r access.Realm) error {
	if r.Name == "" {
		return entente.Errorf(entente.Invalid, "a realm needs a name")
	}
	if err := checkTexts(r.Name); err != nil {
		return err
	}
	sid, err := entente.ParseSID(string(r.DomainSID))
	if err != nil {
		return err
	}
	if !domainSID(sid) {
		return entente.Errorf(entente.Invalid, "%s is not the SID of a domain: S-1-5-21 and three numbers", sid)
	}
	var own entente.SID
	if err := c.tx.QueryRow(`SELECT domain_sid FROM directory_organization WHERE id = 1`).Scan(&own); err != nil {
		return err
	}
	if sid == own {
		return entente.Errorf(entente.Conflict, "%s is the domain of this organization", sid)
	}
	var other string
	err = c.tx.QueryRow(`SELECT name FROM directory_realm WHERE domain_sid = $1 AND name <> $2`, sid, r.Name).Scan(&other)
	if err == nil {
		return entente.Errorf(entente.Conflict, "%s is the domain of the realm %q", sid, other)
	}
	if !errors.Is(err, db.ErrNoRows) {
		return err
	}
	_, err = write(c, realmUnit(r.Name), c.tx.Exec, `INSERT INTO directory_realm (name, domain_sid) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET domain_sid = $2`, sid)
	return err
}

// domainSID reports whether a SID is that of a Windows domain. [MS-DTYP] 2.4.2.4.
func domainSID(sid entente.SID) bool {
	var a, b, c uint32
	n, err := fmt.Sscanf(string(sid), "S-1-5-21-%d-%d-%d", &a, &b, &c)
	return err == nil && n == 3 && string(sid) == fmt.Sprintf("S-1-5-21-%d-%d-%d", a, b, c)
}

// RemoveRealm takes another forest's word for nothing any more.
func (c *Change) RemoveRealm(name string) error {
	n, err := write(c, realmUnit(name), c.tx.Exec, `DELETE FROM directory_realm WHERE name = $1`)
	return missed(n, err, "realm", name)
}
