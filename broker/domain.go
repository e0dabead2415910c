package broker

import (
	"errors"
	"time"

	"entente"
	"entente/db"
	"entente/federation/brokerapi"
)

// A domain is one that an organization has, or waits for.
type domain struct {
	name     entente.Domain
	app      entente.AppID
	state    brokerapi.DomainState
	nonce    string
	reserved time.Time
	held     bool      // by the broker's administrator; kept apart, for whoever has the domain next
	checked  time.Time // zero: never
	proven   time.Time
	absent   time.Time // since when the proof has been known not to be there
	due      time.Time
	problem  string
	wildcard bool
}

const (
	pendingFor   = 7 * daytime
	suspendAfter = 3 * daytime  // of known absence
	takeOver     = 7 * daytime  // of known absence: then somebody else may prove the domain
	releaseAfter = 90 * daytime // of known absence
	proofLasts   = 5 * 365 * daytime

	checkEvery   = daytime
	pendingEvery = time.Hour
	retryAfter   = time.Hour // when DNS did not say
)

// usable reports whether tokens are issued for and about the domain.
func (d *domain) usable() bool { return d != nil && d.state == brokerapi.Active && !d.held }

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

func readDomain(row interface{ Scan(...any) error }) (*domain, error) {
	d := &domain{}
	var reserved, checked, proven, absent, due int64
	err := row.Scan(&d.name, &d.app, &d.state, &d.nonce, &reserved, &d.held, &checked, &proven, &absent, &due, &d.problem, &d.wildcard)
	d.reserved, d.checked, d.proven, d.absent, d.due = timeOf(reserved), timeOf(checked), timeOf(proven), timeOf(absent), timeOf(due)
	return d, err
}

func readDomains(rows *db.Rows, err error) (all []*domain, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		d, err := readDomain(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// loadDomain returns an application's claim on a domain, nil if it has none.
func loadDomain(tx *db.Tx, name entente.Domain, app entente.AppID) (*domain, error) {
	return one(readDomain(tx.QueryRow(`SELECT domain, app, state, nonce, reserved,
		EXISTS (SELECT 1 FROM broker_held WHERE broker_held.domain = broker_domain.domain), checked, proven, absent, due, problem, wildcard
		FROM broker_domain WHERE domain = $1 AND app = $2`, string(name), string(app))))
}

// holder returns who has a domain, nil if nobody does.
func holder(tx *db.Tx, name entente.Domain) (*domain, error) {
	return one(readDomain(tx.QueryRow(`SELECT domain, app, state, nonce, reserved,
		EXISTS (SELECT 1 FROM broker_held WHERE broker_held.domain = broker_domain.domain), checked, proven, absent, due, problem, wildcard
		FROM broker_domain WHERE domain = $1 AND state <> 'Pending'`, string(name))))
}

func one(d *domain, err error) (*domain, error) {
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	return d, err
}

func domainsOf(tx *db.Tx, app entente.AppID) ([]*domain, error) {
	return readDomains(tx.Query(`SELECT domain, app, state, nonce, reserved,
		EXISTS (SELECT 1 FROM broker_held WHERE broker_held.domain = broker_domain.domain), checked, proven, absent, due, problem, wildcard
		FROM broker_domain WHERE app = $1 ORDER BY domain`, string(app)))
}

func claimsOn(tx *db.Tx, name entente.Domain) ([]*domain, error) {
	return readDomains(tx.Query(`SELECT domain, app, state, nonce, reserved,
		EXISTS (SELECT 1 FROM broker_held WHERE broker_held.domain = broker_domain.domain), checked, proven, absent, due, problem, wildcard
		FROM broker_domain WHERE domain = $1 ORDER BY CASE WHEN state = 'Pending' THEN 1 ELSE 0 END, reserved, app`, string(name)))
}

func (d *domain) store(tx *db.Tx) error {
	_, err := tx.Exec(`INSERT INTO broker_domain (domain, app, state, nonce, reserved, checked, proven, absent, due, problem, wildcard)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (domain, app) DO UPDATE SET state = $3, nonce = $4, reserved = $5, checked = $6, proven = $7,
			absent = $8, due = $9, problem = $10, wildcard = $11`,
		string(d.name), string(d.app), string(d.state), d.nonce, unix(d.reserved), unix(d.checked), unix(d.proven),
		unix(d.absent), unix(d.due), d.problem, d.wildcard)
	return err
}

func (d *domain) remove(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM broker_domain WHERE domain = $1 AND app = $2`, string(d.name), string(d.app))
	return err
}

// A change is what became of a domain by a check, that its owner should hear of.
type change struct {
	action string // in the log
	text   string // for the contact; empty: nobody need hear
}

// after applies what was found to a domain. Silence of DNS is no absence: it
// moves no state.
func (d *domain) after(f finding, now time.Time) (c change) {
	d.checked, d.problem, d.wildcard = now, f.problem, f.wildcard
	d.due = now.Add(checkEvery)
	if d.state == brokerapi.Pending {
		d.due = now.Add(pendingEvery)
	}
	switch f.verdict {
	case unknown:
		d.due = now.Add(retryAfter)
	case present:
		d.proven, d.absent = now, time.Time{}
		if d.state != brokerapi.Active {
			c = change{"broker.domain.activate", "the domain is proven and active"}
			d.state, d.due = brokerapi.Active, now.Add(checkEvery)
		}
	case absent:
		if d.absent.IsZero() {
			d.absent = now
		}
		if gone := now.Sub(d.absent); d.state == brokerapi.Active && gone >= suspendAfter {
			d.state = brokerapi.Suspended
			c = change{"broker.domain.suspend", "the domain's proof has been gone from DNS for three days: no tokens are issued for it until it is back"}
		} else if d.state == brokerapi.Active && gone == 0 {
			c = change{"broker.domain.unproven", "the domain's proof is gone from DNS: put it back within three days, or the domain is suspended"}
		}
	}
	return c
}
