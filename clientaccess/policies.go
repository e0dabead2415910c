package clientaccess

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"entente"
	"entente/db"
)

//go:embed schema/*.sql
var files embed.FS

// Schema returns the door's tables: throttling policies, and which clients
// were seen.
func Schema() db.Migration {
	sub, _ := fs.Sub(files, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "clientaccess", FS: sub}
}

// GlobalPolicy is the name of the throttling policy of everybody who has none
// of his own.
const GlobalPolicy = ""

// policies are a throttling policy and what follows from it for all that a
// caller asks.
type policies struct{ own, all ThrottlingPolicy }

func (p ThrottlingPolicy) compile() *policies { return &policies{p, p.overall()} }

// A Throttling is all that is set of throttling. It never changes.
type Throttling struct {
	Revision uint64
	Policies map[string]ThrottlingPolicy // the global one too
	Of       map[entente.SID]string      // by who calls

	compiled map[string]*policies
}

// of returns the policy of a caller.
func (t *Throttling) of(caller entente.SID) *policies {
	if p, ok := t.compiled[t.Of[caller]]; ok {
		return p
	}
	return t.compiled[GlobalPolicy]
}

// throttling makes the state in which nothing is set.
func (d *Door) newThrottling() *Throttling {
	p := DefaultThrottling()
	p.EwsMaxConcurrency = int64(d.Concurrency)
	t := &Throttling{Policies: map[string]ThrottlingPolicy{GlobalPolicy: p}, Of: map[entente.SID]string{}}
	t.compile()
	return t
}

func (t *Throttling) compile() {
	t.compiled = make(map[string]*policies, len(t.Policies))
	for name, p := range t.Policies {
		t.compiled[name] = p.compile()
	}
}

// Throttling returns what is set. What the maps hold must not be changed.
func (d *Door) Throttling() *Throttling { return d.throttling.Load() }

// reload reads what is set of throttling, if it is not what was read last.
func (d *Door) reload(ctx context.Context) error {
	if d.DB == nil {
		return nil
	}
	t := d.newThrottling()
	known := d.throttling.Load().Revision
	err := d.DB.View(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(`SELECT revision FROM clientaccess_state WHERE id = 1`).Scan(&t.Revision)
		if errors.Is(err, db.ErrNoRows) || err == nil && t.Revision == known {
			return nil
		}
		if err != nil {
			return err
		}
		return t.read(tx)
	})
	if err != nil || t.Revision == known {
		return err
	}
	t.compile()
	// A newer one may have been read meanwhile.
	for old := d.throttling.Load(); old.Revision < t.Revision; old = d.throttling.Load() {
		if d.throttling.CompareAndSwap(old, t) {
			return nil
		}
	}
	return nil
}

func (t *Throttling) read(tx *db.Tx) error {
	rows, err := tx.Query(`SELECT name, settings FROM clientaccess_policy`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, settings string
		if err := rows.Scan(&name, &settings); err != nil {
			return err
		}
		// What a policy of a former version does not say is as it is for
		// everybody.
		p := t.Policies[GlobalPolicy]
		if err := json.Unmarshal([]byte(settings), &p); err != nil {
			return fmt.Errorf("throttling policy %q: %w", name, err)
		}
		t.Policies[name] = p
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return t.readAssigned(tx)
}

func (t *Throttling) readAssigned(tx *db.Tx) error {
	rows, err := tx.Query(`SELECT sid, policy FROM clientaccess_throttled`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var sid entente.SID
		var policy string
		if err := rows.Scan(&sid, &policy); err != nil {
			return err
		}
		t.Of[sid] = policy
	}
	return rows.Err()
}

// setThrottling changes what is set in one transaction, and has this node go
// by it before it returns; the others do within a second.
func (d *Door) setThrottling(ctx context.Context, f func(*db.Tx) error) error {
	if d.DB == nil {
		return entente.Errorf(entente.Unavailable, "this server keeps no throttling policies")
	}
	err := d.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO clientaccess_state (id, revision) VALUES (1, 1)
			ON CONFLICT (id) DO UPDATE SET revision = clientaccess_state.revision + 1`); err != nil {
			return err
		}
		return f(tx)
	})
	if err != nil {
		return err
	}
	return d.reload(ctx)
}

// maxPolicyName bounds the name of a policy.
const maxPolicyName = 64

// SetThrottlingPolicy makes or changes a throttling policy: f is given it as it
// is, and a new one as that of everybody.
func (d *Door) SetThrottlingPolicy(ctx context.Context, name string, f func(*ThrottlingPolicy) error) error {
	if len(name) > maxPolicyName || strings.ContainsFunc(name, unicode.IsControl) {
		return entente.Errorf(entente.Invalid, "not a name for a throttling policy")
	}
	return d.setThrottling(ctx, func(tx *db.Tx) error {
		t := d.newThrottling()
		if err := t.read(tx); err != nil {
			return err
		}
		p, ok := t.Policies[name]
		if !ok {
			p = t.Policies[GlobalPolicy]
		}
		if err := f(&p); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		settings, err := json.Marshal(p)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO clientaccess_policy (name, settings) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET settings = $2`, name, string(settings))
		return err
	})
}

// Bounds of what a policy may say: a caller who may do nothing is shut out by
// other means, and beyond a year nobody waits.
const (
	mostMilliseconds = 366 * 24 * 3_600_000
	mostAtOnce       = 100_000
)

func (p *ThrottlingPolicy) check() error {
	for _, x := range [...]struct {
		name              string
		value, least, top int64
	}{
		{"EwsMaxConcurrency", p.EwsMaxConcurrency, 1, mostAtOnce},
		{"EwsMaxBurst", p.EwsMaxBurst, 1, mostMilliseconds},
		{"EwsRechargeRate", p.EwsRechargeRate, 1, 1000 * mostMilliseconds},
		{"EwsCutoffBalance", p.EwsCutoffBalance, 0, mostMilliseconds},
		{"EwsMaxSubscriptions", p.EwsMaxSubscriptions, 0, mostAtOnce},
		{"EwsMaxStreamingConnections", p.EwsMaxStreamingConnections, 0, mostAtOnce},
	} {
		if x.value != Unlimited && (x.value < x.least || x.value > x.top) {
			return entente.Errorf(entente.Invalid, "%s is a number from %d to %d, or unlimited", x.name, x.least, x.top)
		}
	}
	return nil
}

// RemoveThrottlingPolicy removes a policy that nobody has. Removing the global
// one sets it back to what it was at first.
func (d *Door) RemoveThrottlingPolicy(ctx context.Context, name string) error {
	return d.setThrottling(ctx, func(tx *db.Tx) error {
		var used int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM clientaccess_throttled WHERE policy = $1`, name).Scan(&used); err != nil {
			return err
		}
		if used > 0 {
			return entente.Errorf(entente.Conflict, "%d accounts have the throttling policy %q", used, name)
		}
		n, err := tx.Exec(`DELETE FROM clientaccess_policy WHERE name = $1`, name)
		if err == nil && n == 0 && name != GlobalPolicy {
			return noPolicy(name)
		}
		return err
	})
}

func noPolicy(name string) error {
	return entente.Errorf(entente.NotFound, "there is no throttling policy %q", name)
}

// AssignThrottlingPolicy gives a caller a policy of his own; the global one
// takes it from him.
func (d *Door) AssignThrottlingPolicy(ctx context.Context, caller entente.SID, name string) error {
	return d.setThrottling(ctx, func(tx *db.Tx) error {
		if name == GlobalPolicy {
			_, err := tx.Exec(`DELETE FROM clientaccess_throttled WHERE sid = $1`, caller)
			return err
		}
		err := tx.QueryRow(`SELECT name FROM clientaccess_policy WHERE name = $1`, name).Scan(&name)
		if errors.Is(err, db.ErrNoRows) {
			return noPolicy(name)
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO clientaccess_throttled (sid, policy) VALUES ($1, $2)
			ON CONFLICT (sid) DO UPDATE SET policy = $2`, caller, name)
		return err
	})
}
