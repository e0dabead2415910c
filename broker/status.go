package broker

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/db"
	"entente/federation/brokerapi"
)

// A Status is how the broker stands.
type Status struct {
	Issuer             string      `json:"issuer"`
	STS                string      `json:"sts"`
	Metadata           string      `json:"metadata"`
	FederationMetadata string      `json:"federation_metadata"`
	Sequence           uint64      `json:"sequence"`
	Refresh            string      `json:"refresh"`
	Resolvers          string      `json:"resolvers"`
	Authorities        bool        `json:"authorities"` // are asked too
	Apps               int         `json:"apps"`
	Active             int         `json:"active_domains"`
	Suspended          int         `json:"suspended_domains"`
	Keys               []KeyStatus `json:"keys"`
}

// A KeyStatus is one generation of the broker's keys.
type KeyStatus struct {
	Role       string    `json:"role"` // current, next, previous
	Generation int64     `json:"generation"`
	Thumbprint string    `json:"thumbprint"` // SHA-1 of the certificate, as Exchange shows it
	Key        string    `json:"key"`        // thumbprint of the P-256 key
	From       time.Time `json:"from"`
	Until      time.Time `json:"until,omitzero"`
}

// An AppSummary is an organization in a list.
type AppSummary struct {
	AppID     entente.AppID `json:"app_id"`
	URIs      string        `json:"uris"`
	Contact   string        `json:"contact"`
	Domains   int           `json:"domains"`
	Suspended bool          `json:"suspended"`
	Compat    string        `json:"compat"`
	Created   time.Time     `json:"created"`
}

// An AppStatus is all that is known of an organization.
type AppStatus struct {
	AppID        entente.AppID       `json:"app_id"`
	Contact      string              `json:"contact"`
	Created      time.Time           `json:"created"`
	Suspended    bool                `json:"suspended"`
	Compat       string              `json:"compat"`
	JWT          bool                `json:"jwt"`      // tokens for it can be JWTs
	Recovery     string              `json:"recovery"` // domain of one that waits
	URIs         []string            `json:"uris"`
	Certificates []CertificateStatus `json:"certificates"`
	Domains      []DomainStatus      `json:"domains"`
}

// A CertificateStatus is one of an organization's certificates.
type CertificateStatus struct {
	Role       string    `json:"role"` // current, next, previous
	Thumbprint string    `json:"thumbprint"`
	Expires    time.Time `json:"expires"`
	From       time.Time `json:"from,omitzero"`
	Until      time.Time `json:"until,omitzero"`
}

// A DomainStatus is a domain that an organization has, or waits for.
type DomainStatus struct {
	Domain    entente.Domain        `json:"domain"`
	AppID     entente.AppID         `json:"app_id"`
	State     brokerapi.DomainState `json:"state"`
	Suspended bool                  `json:"suspended"` // by an administrator
	Checked   time.Time             `json:"checked,omitzero"`
	Proven    time.Time             `json:"proven,omitzero"`
	Absent    time.Time             `json:"absent,omitzero"` // since when the proof is gone
	Wildcard  bool                  `json:"wildcard"`
	Problem   string                `json:"problem"`
}

func thumbprint(der []byte) string {
	sum := sha1.Sum(der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func (c compat) String() string {
	switch c {
	case unsignedBody:
		return "on"
	case legacySuites:
		return "legacy"
	}
	return "off"
}

func parseCompat(s string) (compat, error) {
	for _, c := range []compat{strict, unsignedBody, legacySuites} {
		if c.String() == s {
			return c, nil
		}
	}
	return strict, entente.Errorf(entente.Invalid, "compat is off, on or legacy")
}

// Show returns how the broker stands.
func (b *Broker) Show(ctx context.Context) (*Status, error) {
	if err := b.refresh(ctx); err != nil {
		return nil, err
	}
	now, g := b.Now(), b.ring.Load()
	s := &Status{
		Issuer: b.Issuer, STS: b.URL + brokerapi.PathSTS, Metadata: b.URL + brokerapi.PathMetadata,
		FederationMetadata: b.URL + brokerapi.PathFederationMetadata, Sequence: g.sequenceAt(now), Refresh: b.Times.Refresh.String(),
		Resolvers: b.DNS.String(), Authorities: !b.NoAuthority,
	}
	for i, x := range g.published(now) {
		k := KeyStatus{"previous", x.number, thumbprint(x.certificate.Raw), x.jwk.Thumbprint(), x.from, x.until}
		if i == 0 {
			k.Role = "current"
		} else if now.Before(x.from) {
			k.Role = "next"
		}
		s.Keys = append(s.Keys, k)
	}
	err := b.DB.View(ctx, func(tx *db.Tx) error {
		return errors.Join(
			tx.QueryRow(`SELECT count(*) FROM broker_app`).Scan(&s.Apps),
			tx.QueryRow(`SELECT count(*) FROM broker_domain WHERE state = 'Active'`).Scan(&s.Active),
			tx.QueryRow(`SELECT count(*) FROM broker_domain WHERE state = 'Suspended'`).Scan(&s.Suspended))
	})
	return s, err
}

// Apps lists the organizations, the newest first.
func (b *Broker) Apps(ctx context.Context) ([]AppSummary, error) {
	list := []AppSummary{}
	err := b.DB.View(ctx, func(tx *db.Tx) error {
		list = list[:0]
		rows, err := tx.Query(`SELECT app, admin_key, contact, keys, uris, compat, suspended, created FROM broker_app ORDER BY created DESC, app`)
		if err != nil {
			return err
		}
		for rows.Next() {
			a, err := readApp(rows)
			if err != nil {
				return err
			}
			list = append(list, AppSummary{
				AppID: a.id, URIs: strings.Join(a.uris, ", "), Contact: a.contact, Suspended: a.suspended, Compat: a.compat.String(), Created: a.created,
			})
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for i := range list {
			if err := tx.QueryRow(`SELECT count(*) FROM broker_domain WHERE app = $1`, string(list[i].AppID)).Scan(&list[i].Domains); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

func noSuchApp(id entente.AppID) error {
	return entente.Errorf(entente.NotFound, "there is no application %s", id)
}

// App returns what is known of an organization.
func (b *Broker) App(ctx context.Context, id entente.AppID) (*AppStatus, error) {
	var a *app
	var mine []*domain
	err := b.DB.View(ctx, func(tx *db.Tx) (err error) {
		if a, err = loadApp(tx, id); err != nil {
			return err
		}
		mine, err = domainsOf(tx, id)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case a == nil:
		return nil, noSuchApp(id)
	}
	keys := a.keys.at(b.Now())
	s := &AppStatus{
		AppID: a.id, Contact: a.contact, Created: a.created, Suspended: a.suspended, Compat: a.compat.String(),
		JWT: keys.Current.encryption() != nil, URIs: a.uris, Domains: statuses(mine),
	}
	if keys.Recovery != nil {
		s.Recovery = string(keys.Recovery.Domain)
	}
	for _, x := range []struct {
		role        string
		set         *keySet
		from, until time.Time
	}{
		{"current", &keys.Current, time.Time{}, time.Time{}},
		{"next", keys.Next, keys.From, time.Time{}},
		{"previous", keys.Previous, time.Time{}, keys.Until},
	} {
		if x.set == nil {
			continue
		}
		c, err := x.set.certificate()
		if err != nil {
			return nil, err
		}
		s.Certificates = append(s.Certificates, CertificateStatus{x.role, thumbprint(c.Raw), c.NotAfter, x.from, x.until})
	}
	return s, nil
}

func statuses(all []*domain) []DomainStatus {
	list := []DomainStatus{}
	for _, d := range all {
		list = append(list, DomainStatus{d.name, d.app, d.state, d.held, d.checked, d.proven, d.absent, d.wildcard, d.problem})
	}
	return list
}

// Suspend stops, or lets go on, what an administrator names: an application by
// its AppID, or a domain, whoever has it.
func (b *Broker) Suspend(ctx context.Context, what string, yes bool, by access.Principal) error {
	action := "broker.suspend"
	if !yes {
		action = "broker.resume"
	}
	if name, err := entente.ParseDomain(what); err == nil && strings.Contains(what, ".") {
		return b.byAdmin(ctx, action, by, []string{string(name)}, func(tx *db.Tx) error {
			return hold(tx, name, yes)
		})
	}
	return b.changeApp(ctx, action, by, entente.AppID(strings.ToUpper(what)), nil, func(a *app) { a.suspended = yes })
}

// hold suspends a domain as such: releasing and reserving it anew, or under
// another AppID, does not help its owner.
func hold(tx *db.Tx, name entente.Domain, yes bool) error {
	if !yes {
		n, err := tx.Exec(`DELETE FROM broker_held WHERE domain = $1`, string(name))
		if err == nil && n == 0 {
			return entente.Errorf(entente.NotFound, "%s is not suspended by an administrator", name)
		}
		return err
	}
	all, err := claimsOn(tx, name)
	if err == nil && len(all) == 0 {
		return entente.Errorf(entente.NotFound, "nobody has reserved %s", name)
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO broker_held (domain) VALUES ($1) ON CONFLICT (domain) DO NOTHING`, string(name))
	return err
}

// SetCompat says what of older software is accepted of an organization: off, on
// (bodies that are not signed), or legacy (SHA-1 too).
func (b *Broker) SetCompat(ctx context.Context, id entente.AppID, to string, by access.Principal) error {
	c, err := parseCompat(to)
	if err != nil {
		return err
	}
	return b.changeApp(ctx, "broker.compat", by, id, []string{to}, func(a *app) { a.compat = c })
}

func (b *Broker) changeApp(ctx context.Context, action string, by access.Principal, id entente.AppID, more []string, f func(*app)) error {
	return b.byAdmin(ctx, action, by, append([]string{string(id)}, more...), func(tx *db.Tx) error {
		a, err := loadApp(tx, id)
		if err != nil {
			return err
		}
		if a == nil {
			return noSuchApp(id)
		}
		f(a)
		return a.store(tx, b.Now())
	})
}

// byAdmin makes a change with its record in the broker's own log.
func (b *Broker) byAdmin(ctx context.Context, action string, by access.Principal, targets []string, f func(*db.Tx) error) error {
	r := audit.Record{Kind: audit.Admin, As: by, By: by, Action: action, Allowed: true, Targets: targets}
	return b.DB.Update(ctx, func(tx *db.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return b.Audit.Note(r)(tx)
	})
}

// CheckNow looks for the proofs of all who have or want a domain.
func (b *Broker) CheckNow(ctx context.Context, name entente.Domain) ([]DomainStatus, error) {
	claims := func() (all []*domain, err error) {
		err = b.DB.View(ctx, func(tx *db.Tx) error {
			all, err = claimsOn(tx, name)
			return err
		})
		return all, err
	}
	all, err := claims()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, entente.Errorf(entente.NotFound, "nobody has reserved %s", name)
	}
	for _, d := range all {
		if err := b.check(ctx, name, d.app); err != nil {
			return nil, err
		}
	}
	if all, err = claims(); err != nil {
		return nil, err
	}
	return statuses(all), nil
}
