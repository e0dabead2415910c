package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// Limits of what is said about other organizations, those of Exchange where it
// has one.
const (
	maxRelationName = 64
	// MaxDomains is how many domains one request may name.
	MaxDomains = 238

	maxRelationDomains = 10 * MaxDomains
	maxRelationKeys    = 8
	maxRelationURL     = 2048
)

const relationshipColumns = `SELECT name, settings FROM directory_relationship`

// Relationships returns the organization relationships by name.
func (d *Directory) Relationships(ctx context.Context) (all []access.Relationship, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all, err = allRelationships(tx)
		return err
	})
	return all, err
}

func allRelationships(tx *db.Tx) (all []access.Relationship, err error) {
	rows, err := tx.Query(relationshipColumns + ` ORDER BY name`)
	err = eachRelationship(each, rows, err, func(r access.Relationship) { all = append(all, r) })
	return all, err
}

func eachRelationship(over over, rows *db.Rows, err error, f func(access.Relationship)) error {
	var name, settings string
	return over(rows, err, func() error {
		var r access.Relationship
		if err := json.Unmarshal([]byte(settings), &r); err != nil {
			return fmt.Errorf("relationship %s: %w", name, err)
		}
		r.Name = name
		f(r)
		return nil
	}, &name, &settings)
}

// Relationship returns a relationship as the change so far leaves it, by its name
// in any case of letters.
func (c *Change) Relationship(name string) (*access.Relationship, error) {
	all, err := allRelationships(c.tx)
	if err != nil {
		return nil, err
	}
	if i := relationshipNamed(all, name); i >= 0 {
		return &all[i], nil
	}
	return nil, missed(0, nil, "organization relationship", name)
}

func relationshipNamed(all []access.Relationship, name string) int {
	return slices.IndexFunc(all, func(r access.Relationship) bool { return strings.EqualFold(r.Name, name) })
}

// CreateRelationship adds an organization relationship.
//
// Errors: Invalid for what cannot be; NotFound for a scope that is no security
// group; Conflict if there is one of the name, or for a domain of another's.
func (c *Change) CreateRelationship(r access.Relationship) error {
	all, err := allRelationships(c.tx)
	if err != nil {
		return err
	}
	if relationshipNamed(all, r.Name) >= 0 {
		return entente.Errorf(entente.Conflict, "there is an organization relationship %q", r.Name)
	}
	return c.putRelationship(all, &r)
}

// SetRelationship changes a relationship: f is given it as it is.
func (c *Change) SetRelationship(name string, f func(*access.Relationship) error) error {
	all, err := allRelationships(c.tx)
	if err != nil {
		return err
	}
	i := relationshipNamed(all, name)
	if i < 0 {
		return missed(0, nil, "organization relationship", name)
	}
	r := all[i]
	r.Domains, r.Keys = slices.Clone(r.Domains), slices.Clone(r.Keys)
	if err := f(&r); err != nil {
		return err
	}
	others := slices.Delete(slices.Clone(all), i, i+1)
	if relationshipNamed(others, r.Name) >= 0 {
		return entente.Errorf(entente.Conflict, "there is an organization relationship %q", r.Name)
	}
	if r.Name != all[i].Name {
		if err := c.RemoveRelationship(all[i].Name); err != nil {
			return err
		}
	}
	return c.putRelationship(others, &r)
}

// putRelationship keeps a relationship beside others.
func (c *Change) putRelationship(others []access.Relationship, r *access.Relationship) error {
	if err := c.checkRelationship(r); err != nil {
		return err
	}
	for i := range others {
		for _, d := range r.Domains {
			if slices.Contains(others[i].Domains, d) {
				return entente.Errorf(entente.Conflict, "the domain %s is in the organization relationship %q", d, others[i].Name)
			}
		}
	}
	settings, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = write(c, relationshipUnit(r.Name), c.tx.Exec, `INSERT INTO directory_relationship (name, settings) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET settings = $2`, string(settings))
	return err
}

// RemoveRelationship ends a relationship.
func (c *Change) RemoveRelationship(name string) error {
	r, err := c.Relationship(name)
	if err != nil {
		return err
	}
	_, err = write(c, relationshipUnit(r.Name), c.tx.Exec, `DELETE FROM directory_relationship WHERE name = $1`)
	return err
}

func (c *Change) checkRelationship(r *access.Relationship) error {
	if err := checkRelationName("an organization relationship", r.Name); err != nil {
		return err
	}
	if len(r.Domains) == 0 {
		return entente.Errorf(entente.Invalid, "an organization relationship names at least one domain")
	}
	if len(r.Domains) > maxRelationDomains {
		return entente.Errorf(entente.TooLarge, "an organization relationship names at most %d domains", maxRelationDomains)
	}
	for i, d := range r.Domains {
		d, err := entente.ParseDomain(string(d))
		if err != nil {
			return err
		}
		r.Domains[i] = d
	}
	slices.Sort(r.Domains)
	r.Domains = slices.Compact(r.Domains)
	if r.FreeBusyLevel > access.LimitedDetails || r.MailTipsLevel > access.MailTipsAll {
		return entente.Errorf(entente.Invalid, "there is no such level")
	}
	for _, scope := range [...]entente.SID{r.FreeBusyScope, r.MailTipsScope} {
		if scope == "" {
			continue
		}
		g, err := groupBySID(c.tx, scope)
		if err != nil {
			return err
		}
		if g.Kind != Security {
			return entente.Errorf(entente.Invalid, "the group %q is not a security group", g.Name)
		}
	}
	return checkTargets(r)
}

// checkTargets is about where and for whom the other organization is asked. What
// is kept here is dialed: only over TLS, and nothing hides in it.
func checkTargets(r *access.Relationship) error {
	for what, address := range map[string]string{
		"TargetAutodiscoverEpr": r.TargetAutodiscoverEPR, "TargetSharingEpr": r.TargetSharingEPR, "TargetOwaURL": r.TargetOWAURL,
	} {
		if address == "" {
			continue
		}
		u, err := url.Parse(address)
		if err != nil || len(address) > maxRelationURL || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
			return entente.Errorf(entente.Invalid, "%s is not an https URL", what)
		}
	}
	if len(r.Keys) > maxRelationKeys {
		return entente.Errorf(entente.TooLarge, "at most %d keys are pinned", maxRelationKeys)
	}
	for _, k := range r.Keys {
		// RFC 7638: SHA-256, base64url without padding.
		if len(k) != 43 || strings.Trim(k, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return entente.Errorf(entente.Invalid, "%q is not the thumbprint of a key", k)
		}
	}
	return checkTexts(r.TargetApplicationURI, r.Contact)
}

func checkRelationName(what, name string) error {
	switch {
	case name == "":
		return entente.Errorf(entente.Invalid, "%s needs a name", what)
	case len([]rune(name)) > maxRelationName:
		return entente.Errorf(entente.Invalid, "the name of %s has at most %d characters", what, maxRelationName)
	}
	return checkTexts(name)
}

// scopeOf refuses to take away a group that a relationship is limited to: nobody
// would be in it any more, and whoever removes it may not mean that.
func (c *Change) scopeOf(sid entente.SID) error {
	all, err := allRelationships(c.tx)
	if err != nil {
		return err
	}
	for i := range all {
		if r := &all[i]; r.FreeBusyScope == sid || r.MailTipsScope == sid {
			return entente.Errorf(entente.Conflict, "the group is the scope of the organization relationship %q", r.Name)
		}
	}
	return nil
}
