package broker

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/db"
	"entente/federation/brokerapi"
)

func noSuchDomain(d entente.Domain) error {
	return refuse(entente.NotFound, brokerapi.NoSuchDomain, "the organization has not reserved "+string(d))
}

// named reads the domain that a request is about.
func named(q *request) (entente.Domain, error) {
	body, err := decode[brokerapi.DomainName](q)
	if err != nil {
		return "", err
	}
	name, err := entente.ParseDomain(string(body.Domain))
	if err != nil || name != body.Domain {
		return "", refuse(entente.Invalid, brokerapi.InvalidDomain, "the domain is a DNS name in lower case")
	}
	return name, nil
}

// reserveDomain has an organization wait for a domain, for seven days, and looks
// for its proof at once. [MS-OXWSLVID] 3.2.4.3
func (b *Broker) reserveDomain(ctx context.Context, q *request) (any, error) {
	name, err := named(q)
	if err != nil {
		return nil, err
	}
	if err := provable(name); err != nil {
		return nil, err
	}
	err = b.update(ctx, q, b.record(q, string(name)), func(tx *db.Tx, a *app) error {
		d, err := loadDomain(tx, name, a.id)
		if err != nil {
			return err
		}
		if d != nil && d.state != brokerapi.Pending {
			return nil
		}
		var n int
		if err := tx.QueryRow(`SELECT count(*) FROM broker_domain WHERE app = $1`, string(a.id)).Scan(&n); err != nil {
			return err
		}
		if d == nil {
			if n >= b.Limits.Domains {
				return refuse(entente.Denied, brokerapi.QuotaExceeded, "the organization has as many domains as it may")
			}
			d = &domain{name: name, app: a.id, state: brokerapi.Pending, nonce: newNonce()}
		}
		d.reserved, d.due = q.now, q.now.Add(pendingEvery)
		return d.store(tx)
	})
	if err != nil {
		return nil, err
	}
	return b.checked(ctx, q, name)
}

// checked checks a domain now, and returns what is known of it then.
func (b *Broker) checked(ctx context.Context, q *request, name entente.Domain) (any, error) {
	if err := b.check(ctx, name, q.app.id); err != nil {
		return nil, err
	}
	return b.info(ctx, q, name)
}

func (b *Broker) checkDomain(ctx context.Context, q *request) (any, error) {
	name, err := named(q)
	if err != nil {
		return nil, err
	}
	if _, err := b.info(ctx, q, name); err != nil {
		return nil, err
	}
	return b.checked(ctx, q, name)
}

func (b *Broker) domainInfo(ctx context.Context, q *request) (any, error) {
	name, err := named(q)
	if err != nil {
		return nil, err
	}
	return b.info(ctx, q, name)
}

// info returns what is known of a domain of the asker's.
func (b *Broker) info(ctx context.Context, q *request, name entente.Domain) (any, error) {
	var d *domain
	var a *app
	err := b.DB.View(ctx, func(tx *db.Tx) (err error) {
		if a, err = loadApp(tx, q.app.id); err != nil {
			return err
		}
		d, err = loadDomain(tx, name, q.app.id)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case d == nil || a == nil:
		return nil, noSuchDomain(name)
	}
	return d.info(a, q.now)
}

func (d *domain) info(a *app, now time.Time) (*brokerapi.DomainInfo, error) {
	keys := a.keys.at(now)
	c, err := keys.Current.certificate()
	if err != nil {
		return nil, err
	}
	i := &brokerapi.DomainInfo{
		Domain: d.name, State: d.state, Checked: d.checked, Problem: d.problem,
		Proof: brokerapi.DomainProof(a.id, d.name, c), Scoped: proposed(a.id, d.nonce, d.reserved, now),
	}
	switch {
	case d.state == brokerapi.Pending:
		i.Until = d.reserved.Add(pendingFor)
	case d.held || a.suspended:
		i.State, i.Problem = brokerapi.Suspended, "the broker's administrator has suspended it"
	}
	return i, nil
}

func (b *Broker) releaseDomain(ctx context.Context, q *request) (any, error) {
	name, err := named(q)
	if err != nil {
		return nil, err
	}
	return brokerapi.Done{}, b.update(ctx, q, b.record(q, string(name)), func(tx *db.Tx, a *app) error {
		d, err := loadDomain(tx, name, a.id)
		if err != nil {
			return err
		}
		if d == nil {
			return noSuchDomain(name)
		}
		return d.remove(tx)
	})
}

// check looks for a domain's proof and does what follows from it. A claim that
// is gone meanwhile is none to check.
func (b *Broker) check(ctx context.Context, name entente.Domain, id entente.AppID) error {
	a, d, had, err := b.claim(ctx, name, id)
	if err != nil || a == nil || d == nil {
		return err
	}
	// Whether somebody else's proof still stands is looked at in the same minute.
	if had != nil && had.app != id {
		if err := b.check(ctx, name, had.app); err != nil {
			return err
		}
	}
	return b.settle(ctx, name, id, b.lookFor(ctx, name, accepts(a, d, b.Now())))
}

// claim returns an application's claim on a domain, and who has the domain.
func (b *Broker) claim(ctx context.Context, name entente.Domain, id entente.AppID) (a *app, d, had *domain, err error) {
	err = b.DB.View(ctx, func(tx *db.Tx) error {
		if a, err = loadApp(tx, id); err != nil {
			return err
		}
		if d, err = loadDomain(tx, name, id); err != nil {
			return err
		}
		had, err = holder(tx, name)
		return err
	})
	return a, d, had, err
}

// settle keeps what a check has found, and tells whom it concerns.
func (b *Broker) settle(ctx context.Context, name entente.Domain, id entente.AppID, f finding) error {
	now := b.Now()
	var tell []func()
	err := b.DB.Update(ctx, func(tx *db.Tx) error {
		tell = nil
		a, err := loadApp(tx, id)
		if err != nil || a == nil {
			return err
		}
		d, err := loadDomain(tx, name, id)
		if err != nil || d == nil {
			return err
		}
		say := func(to *app, c change, allowed bool) error {
			tell = append(tell, func() { b.notify(ctx, to, name, c.text) })
			return b.Audit.Note(b.system(c.action, allowed, "", string(to.id), string(name)))(tx)
		}
		if f.verdict == present && d.state == brokerapi.Pending {
			if err := b.makeWay(tx, d, &f, now, say); err != nil {
				return err
			}
		}
		c := d.after(f, now)
		d.due = d.due.Add(spread(name))
		if c.action != "" {
			if err := say(a, c, c.action == "broker.domain.activate"); err != nil {
				return err
			}
		}
		switch {
		case d.state == brokerapi.Pending && now.Sub(d.reserved) >= pendingFor:
			c = change{"broker.domain.expire", "the domain was not proven within seven days: it is no longer reserved"}
		case d.state == brokerapi.Suspended && !d.absent.IsZero() && now.Sub(d.absent) >= releaseAfter:
			c = change{"broker.domain.release", "the domain's proof has been gone for ninety days: it is released"}
		default:
			return d.store(tx)
		}
		if err := errors.Join(d.remove(tx), a.store(tx, now)); err != nil {
			return err
		}
		return say(a, c, true)
	})
	if err != nil {
		return err
	}
	for _, f := range tell {
		f()
	}
	return nil
}

// makeWay takes a domain from who has it, if his proof has been known to be gone
// for seven days; else the proof of the one who wants it counts for nothing yet.
func (b *Broker) makeWay(tx *db.Tx, d *domain, f *finding, now time.Time, say func(*app, change, bool) error) error {
	had, err := holder(tx, d.name)
	if err != nil || had == nil {
		return err
	}
	if had.absent.IsZero() || now.Sub(had.absent) < takeOver {
		f.verdict = unknown
		f.problem = "the domain is active for another organization: it can be taken over when that one's proof has been gone from DNS for seven days"
		return nil
	}
	owner, err := loadApp(tx, had.app)
	if err != nil {
		return err
	}
	if err := had.remove(tx); err != nil || owner == nil {
		return err
	}
	if err := owner.store(tx, now); err != nil {
		return err
	}
	return say(owner, change{"broker.domain.takeover", "the domain was proven by another organization, after this one's proof had been gone for seven days: it is released"}, true)
}

// spread keeps checks of many domains from falling on one moment.
func spread(d entente.Domain) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d)) // never fails
	return time.Duration(h.Sum32()%600) * time.Second
}

const (
	dueAtOnce   = 64 // claims taken up in one go
	checkAtOnce = 8
)

// checkDue checks the domains whose time has come. What one of them gives stops
// no other.
func (b *Broker) checkDue(ctx context.Context) error {
	now := b.Now()
	var due []*domain
	err := b.DB.Update(ctx, func(tx *db.Tx) (err error) {
		due, err = readDomains(tx.Query(`SELECT domain, app, state, nonce, reserved,
			EXISTS (SELECT 1 FROM broker_held WHERE broker_held.domain = broker_domain.domain), checked, proven, absent, due, problem, wildcard
			FROM broker_domain WHERE due <= $1 ORDER BY due LIMIT $2`, now.Unix(), dueAtOnce))
		if err != nil {
			return err
		}
		for _, d := range due { // another node need not
			if _, err := tx.Exec(`UPDATE broker_domain SET due = $3 WHERE domain = $1 AND app = $2`,
				string(d.name), string(d.app), now.Add(retryAfter).Unix()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	errs := make([]error, len(due))
	places := make(chan struct{}, checkAtOnce)
	var all sync.WaitGroup
	for i, d := range due {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			if err := b.check(ctx, d.name, d.app); err != nil {
				errs[i] = fmt.Errorf("%s of %s: %w", d.name, d.app, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// provenBy refuses keys under which a domain that is active would not be proven:
// it would be suspended some days after they are in use.
func (b *Broker) provenBy(ctx context.Context, a *app, next *keySet, now time.Time) error {
	var mine []*domain
	err := b.DB.View(ctx, func(tx *db.Tx) (err error) {
		mine, err = domainsOf(tx, a.id)
		return err
	})
	if err != nil {
		return err
	}
	after := *a
	after.keys = appKeys{Current: *next}
	findings := make([]finding, len(mine))
	places := make(chan struct{}, checkAtOnce)
	var all sync.WaitGroup
	for i, d := range mine {
		if d.state != brokerapi.Active {
			findings[i].verdict = present
			continue
		}
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			findings[i] = b.lookFor(ctx, d.name, accepts(&after, d, now))
		})
	}
	all.Wait()
	var gone, silent []string
	for i, f := range findings {
		switch f.verdict {
		case absent:
			gone = append(gone, string(mine[i].name))
		case unknown:
			silent = append(silent, string(mine[i].name))
		}
	}
	switch {
	case len(gone) > 0:
		return refuse(entente.Conflict, brokerapi.ProofFailed, "there is no TXT record for the new certificate, nor one at "+brokerapi.ScopedLabel+"DOMAIN, of "+strings.Join(gone, ", "))
	case len(silent) > 0:
		return refuse(entente.Unavailable, brokerapi.ProofUnknown, "DNS did not say whether the proof for the new certificate is there, of "+strings.Join(silent, ", "))
	}
	return nil
}

const forgetAfter = 30 * daytime

// clearAway forgets requests whose time is over, and organizations that have no
// domain and were not heard of for thirty days.
func (b *Broker) clearAway(ctx context.Context) error {
	now := b.Now()
	return b.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`DELETE FROM broker_seen WHERE until < $1`, now.Unix()); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT app FROM broker_app WHERE used < $1 AND NOT suspended
			AND NOT EXISTS (SELECT 1 FROM broker_domain WHERE broker_domain.app = broker_app.app) LIMIT 100`, now.Add(-forgetAfter).Unix())
		if err != nil {
			return err
		}
		var gone []string
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			gone = append(gone, id)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, id := range gone {
			if _, err := tx.Exec(`DELETE FROM broker_app WHERE app = $1`, id); err != nil {
				return err
			}
			if err := b.Audit.Note(b.system("broker.app.forget", true, "", id))(tx); err != nil {
				return err
			}
		}
		return nil
	})
}
