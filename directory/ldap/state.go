package ldap

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"entente"
	"entente/db"
	"entente/directory"
)

//go:embed schema/*.sql
var files embed.FS

// Schema returns the tables in which it is remembered what was read.
func Schema() db.Migration {
	sub, _ := fs.Sub(files, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "ldap", FS: sub}
}

// A state is the row of ldap_state.
type state struct {
	holder   string
	until    int64
	settings string
	tried    int64
	fresh    int64
	compared int64
	server   string
	problem  string
	held     int64
	report   Report
}

func unixMilli(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n)
}

func readState(tx *db.Tx) (s state, err error) {
	var report string
	err = tx.QueryRow(`SELECT holder, until, settings, tried, fresh, compared, server, problem, held, report FROM ldap_state WHERE id = 1`).
		Scan(&s.holder, &s.until, &s.settings, &s.tried, &s.fresh, &s.compared, &s.server, &s.problem, &s.held, &report)
	if errors.Is(err, db.ErrNoRows) {
		return state{}, nil
	}
	if err == nil && report != "" {
		err = json.Unmarshal([]byte(report), &s.report)
	}
	return s, err
}

// look reads how the sync stands, whichever node does it, and remembers it for
// Fresh.
func (c *Client) look(ctx context.Context) (s state, err error) {
	err = c.DB.View(ctx, func(tx *db.Tx) error {
		s, err = readState(tx)
		return err
	})
	if err == nil {
		c.fresh.Store(s.fresh)
	}
	return s, err
}

// leaseTime is how long a node holds the sync without saying so again. It is
// longer than any batch takes.
const leaseTime = 2 * time.Minute

// lease has this node be the one that syncs, and returns the state as it was.
func (c *Client) lease(ctx context.Context) (s state, err error) {
	now := c.Now()
	err = c.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO ldap_state (id, holder, until, settings, tried, fresh, compared, server, problem, held, report)
			VALUES (1, '', 0, '', 0, 0, 0, '', '', 0, '') ON CONFLICT (id) DO NOTHING`); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE ldap_state SET holder = $1, until = $2, tried = $3 WHERE id = 1 AND (until < $3 OR holder = $1)`,
			c.Node, now.Add(leaseTime).UnixMilli(), now.UnixMilli())
		if err != nil {
			return err
		}
		if s, err = readState(tx); err == nil && n == 0 {
			err = entente.Errorf(entente.Conflict, "the node %s is syncing", s.holder)
		}
		return err
	})
	return s, err
}

// errLost ends a sync that another node has taken over.
var errLost = entente.Errorf(entente.Conflict, "another node has taken the sync over")

// hold prolongs the lease, in a transaction that the sync keeps something in: a
// node that was asleep must not write what another has overtaken.
func (c *Client) hold(tx *db.Tx) error {
	n, err := tx.Exec(`UPDATE ldap_state SET until = $2 WHERE id = 1 AND holder = $1`, c.Node, c.Now().Add(leaseTime).UnixMilli())
	if err == nil && n == 0 {
		return errLost
	}
	return err
}

// prolong holds the lease while pages come and nothing is kept: a large directory
// takes longer to list than another node waits.
func (r *run) prolong(ctx context.Context) error {
	now := r.Now()
	if now.Sub(r.prolonged) < leaseTime/4 {
		return nil
	}
	r.prolonged = now
	return r.DB.Update(ctx, r.hold)
}

// A seen object is one that was read before.
type seen struct {
	sid        entente.SID
	group      bool
	invocation string
	usn        int64
	primary    entente.SID
	state      string
}

const (
	kept    = "kept"
	refused = "refused"
	gone    = "gone"
)

func kindName(group bool) string {
	if group {
		return "group"
	}
	return "account"
}

// seenObjects reads all that was read before.
func (c *Client) seenObjects(ctx context.Context) (all map[directory.GUID]seen, err error) {
	err = c.DB.View(ctx, func(tx *db.Tx) error {
		all = map[directory.GUID]seen{}
		rows, err := tx.Query(`SELECT guid, sid, kind, invocation, usn, primary_group, state FROM ldap_object`)
		if err != nil {
			return err
		}
		defer rows.Close()
		var g directory.GUID
		var s seen
		var kind string
		var invocation []byte
		for rows.Next() {
			if err := rows.Scan(&g, &s.sid, &kind, &invocation, &s.usn, &s.primary, &s.state); err != nil {
				return err
			}
			s.group, s.invocation = kind == "group", string(invocation)
			all[g] = s
		}
		return rows.Err()
	})
	return all, err
}

// remember keeps what was read of an object.
func (o *object) remember(tx *db.Tx, invocation string, state, note string) error {
	_, err := tx.Exec(`INSERT INTO ldap_object (guid, sid, kind, dn, invocation, usn, primary_group, state, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (guid) DO UPDATE SET
		sid = $2, kind = $3, dn = $4, invocation = $5, usn = $6, primary_group = $7, state = $8, note = $9`,
		o.guid, o.sid, kindName(o.group), o.name, []byte(invocation), o.usn, o.primary, state, note)
	return err
}

// followed returns how far the changes of a server have been followed, false if
// it is not known.
func (c *Client) followed(ctx context.Context, invocation string) (usn int64, known bool, err error) {
	err = c.DB.View(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(`SELECT usn FROM ldap_server WHERE invocation = $1`, []byte(invocation)).Scan(&usn)
		known = err == nil
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		return err
	})
	return usn, known, err
}

// primaryMembers returns the accounts whose primary group this is: they are not
// among its members.
func primaryMembers(ctx context.Context, d *db.DB, group entente.SID) (all []entente.SID, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT sid FROM ldap_object WHERE primary_group = $1 AND kind = 'account' AND state = 'kept' ORDER BY sid`, group)
		if err != nil {
			return err
		}
		defer rows.Close()
		var sid entente.SID
		for rows.Next() {
			if err := rows.Scan(&sid); err != nil {
				return err
			}
			all = append(all, sid)
		}
		return rows.Err()
	})
	return all, err
}

// finish keeps how a sync ended and gives the lease back.
func (c *Client) finish(ctx context.Context, r *run, failed error) error {
	report, err := json.Marshal(r.report.summary())
	if err != nil {
		return err
	}
	problem := ""
	if failed != nil {
		problem = failed.Error()
		problem = problem[:min(len(problem), 1000)]
	}
	return c.DB.Update(ctx, func(tx *db.Tx) error {
		if err := c.hold(tx); err != nil {
			return err
		}
		if r.dry {
			_, err := tx.Exec(`UPDATE ldap_state SET until = 0 WHERE id = 1`)
			return err
		}
		if _, err := tx.Exec(`UPDATE ldap_state SET until = 0, problem = $1, held = $2 WHERE id = 1`, problem, r.held); err != nil {
			return err
		}
		if r.con != nil {
			if _, err := tx.Exec(`UPDATE ldap_state SET server = $1 WHERE id = 1`, r.con.server.name); err != nil {
				return err
			}
		}
		if failed != nil {
			return nil
		}
		if r.report.did() {
			if _, err := tx.Exec(`UPDATE ldap_state SET report = $1 WHERE id = 1`, string(report)); err != nil {
				return err
			}
		}
		return r.advance(tx)
	})
}

// advance keeps how far a sync that succeeded has come.
func (r *run) advance(tx *db.Tx) error {
	at := r.began.UnixMilli()
	if _, err := tx.Exec(`INSERT INTO ldap_server (invocation, name, usn, seen) VALUES ($1, $2, $3, $4)
		ON CONFLICT (invocation) DO UPDATE SET name = $2, usn = $3, seen = $4`, []byte(r.invocation), r.con.server.name, r.root.usn, at); err != nil {
		return err
	}
	if r.full {
		if _, err := tx.Exec(`UPDATE ldap_state SET compared = $1, settings = $2 WHERE id = 1`, at, r.settings); err != nil {
			return err
		}
	}
	if r.full || r.deletions {
		if _, err := tx.Exec(`UPDATE ldap_state SET fresh = $1 WHERE id = 1`, at); err != nil {
			return err
		}
	}
	return nil
}

// Counts of objects, by kind and state.
type Counts map[string]int

func (c *Client) counts(ctx context.Context) (n Counts, notes []Note, err error) {
	err = c.DB.View(ctx, func(tx *db.Tx) error {
		n, notes = Counts{}, nil
		rows, err := tx.Query(`SELECT kind, state, COUNT(*) FROM ldap_object GROUP BY kind, state`)
		if err != nil {
			return err
		}
		var kind, state string
		var count int
		for rows.Next() {
			if err := rows.Scan(&kind, &state, &count); err != nil {
				rows.Close()
				return err
			}
			n[fmt.Sprintf("%ss %s", kind, state)] = count
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
		rows, err = tx.Query(`SELECT dn, state, note FROM ldap_object WHERE note <> '' ORDER BY state DESC, dn LIMIT 50`)
		if err != nil {
			return err
		}
		defer rows.Close()
		var x Note
		for rows.Next() {
			if err := rows.Scan(&x.DN, &x.State, &x.Text); err != nil {
				return err
			}
			notes = append(notes, x)
		}
		return rows.Err()
	})
	return n, notes, err
}
