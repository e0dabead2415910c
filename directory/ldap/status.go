package ldap

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"entente/db"
)

// A Progress is how far a sync has come that is under way on this node.
type Progress struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// A Health is how a server stands, as this node sees it.
type Health struct {
	Server   string    `json:"server"`
	Answers  bool      `json:"answers"`
	Answered time.Time `json:"answered,omitzero"`
	Failures int       `json:"failures,omitempty"`
	Problem  string    `json:"problem,omitempty"`
}

// A Mark is how far the changes of a server have been followed.
type Mark struct {
	Server     string    `json:"server"`
	Invocation string    `json:"invocation"`
	USN        int64     `json:"usn"`
	At         time.Time `json:"at"`
}

// A Note is what an object was refused for, or what of it was left out.
type Note struct {
	DN    string `json:"dn"`
	State string `json:"state"`
	Text  string `json:"text"`
}

// A Status is how keeping like the other directory stands.
type Status struct {
	Servers  []Health      `json:"servers"`
	Node     string        `json:"node,omitempty"` // that synced last
	Syncing  bool          `json:"syncing,omitempty"`
	Progress *Progress     `json:"progress,omitempty"`
	Tried    time.Time     `json:"tried,omitzero"`    // the last sync began
	Fresh    time.Time     `json:"fresh,omitzero"`    // the last that saw everything
	Age      time.Duration `json:"age,omitempty"`     // of what is known
	Stale    bool          `json:"stale"`             // it is older than max_age
	Compared time.Time     `json:"compared,omitzero"` // everything was compared
	Problem  string        `json:"problem,omitempty"` // of the last sync
	Held     int           `json:"held,omitempty"`    // accounts that it would disable once confirmed
	Last     Last          `json:"last"`              // the last that did something
	Counts   Counts        `json:"counts"`
	Marks    []Mark        `json:"marks"`
	Notes    []Note        `json:"notes,omitempty"` // the first of them
}

// Status tells how the sync stands, whichever node does it, and how this one
// reaches the servers.
func (c *Client) Status(ctx context.Context) (Status, error) {
	s, err := c.look(ctx)
	if err != nil {
		return Status{}, err
	}
	now := c.Now()
	r := Status{
		Node: s.holder, Syncing: s.until > now.UnixMilli(), Tried: unixMilli(s.tried), Fresh: unixMilli(s.fresh),
		Compared: unixMilli(s.compared), Problem: s.problem, Held: int(s.held), Last: Last(s.report), Progress: c.progress.Load(),
		Stale: c.stale(now),
	}
	if s.fresh != 0 {
		r.Age = now.Sub(r.Fresh).Round(time.Second)
	}
	for _, x := range c.servers {
		x.mu.Lock()
		r.Servers = append(r.Servers, Health{
			Server: x.name, Answers: x.failures == 0 && !x.answered.IsZero(), Answered: x.answered, Failures: x.failures, Problem: x.problem,
		})
		x.mu.Unlock()
	}
	if r.Counts, r.Notes, err = c.counts(ctx); err != nil {
		return Status{}, err
	}
	r.Marks, err = c.marks(ctx)
	return r, err
}

func (c *Client) marks(ctx context.Context) (all []Mark, err error) {
	err = c.DB.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT invocation, name, usn, seen FROM ldap_server ORDER BY seen DESC LIMIT 50`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var m Mark
			var id []byte
			var at int64
			if err := rows.Scan(&id, &m.Server, &m.USN, &at); err != nil {
				return err
			}
			m.Invocation, m.At = hex.EncodeToString(id), unixMilli(at)
			all = append(all, m)
		}
		return rows.Err()
	})
	return all, err
}

// stale reports whether what is known is older than it may be.
func (c *Client) stale(now time.Time) bool { return now.Sub(c.Fresh()) > c.MaxAge }

// Fresh returns when the last sync that saw everything began, on whichever node.
func (c *Client) Fresh() time.Time { return unixMilli(c.fresh.Load()) }

// lookEvery is how often a node looks whether another has synced.
const lookEvery = 5 * time.Second

// Run syncs until ctx ends, unless another node does.
func (c *Client) Run(ctx context.Context) {
	warned, told := false, ""
	for {
		c.turn(ctx, &warned, &told)
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(lookEvery, c.Interval)):
		}
	}
}

// turn syncs if it is time to, and warns when what is known grows old, and when a
// sync cannot begin: once for each.
func (c *Client) turn(ctx context.Context, warned *bool, told *string) {
	s, err := c.look(ctx)
	if err != nil {
		if ctx.Err() == nil {
			c.Log.Error("directory sync: how it stands cannot be read", "err", err)
		}
		return
	}
	if now := c.Now(); now.Sub(unixMilli(s.tried)) >= c.Interval && s.until < now.UnixMilli() {
		r, err := c.Sync(ctx)
		// What came of one that began has been told.
		if began := !r.Began.IsZero(); err != nil && !began && *told != err.Error() && ctx.Err() == nil {
			c.Log.Warn("directory sync: it cannot begin", "err", err)
			*told = err.Error()
		} else if began {
			*told = ""
		}
	}
	switch stale := c.stale(c.Now()); {
	case stale && !*warned && ctx.Err() == nil:
		since := "never"
		if fresh := c.Fresh(); !fresh.IsZero() {
			since = fresh.UTC().Format(time.RFC3339)
		}
		c.Log.Warn("what is known of accounts is old: who depends on it refuses", "read", since, "max_age", c.MaxAge)
		*warned = true
	case !stale && *warned:
		c.Log.Info("what is known of accounts is fresh again")
		*warned = false
	}
}

// String is for people.
func (p *Progress) String() string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%d of %d", p.Done, p.Total)
}

// String is for people: "27 accounts kept, 2 groups kept".
func (c Counts) String() string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(c)) {
		all = append(all, fmt.Sprintf("%d %s", c[what], what))
	}
	return strings.Join(all, ", ")
}

// A Last is the report of the last sync that did something.
type Last Report

// String is for people.
func (l Last) String() string {
	if l.Began.IsZero() {
		return "never"
	}
	what := "what changed"
	if l.Full {
		what = "everything"
	}
	return fmt.Sprintf("%s, %s, in %s: %d listed, %d created, %d changed, %d disabled, %d emptied, %d refused",
		l.Began.UTC().Format(time.RFC3339), what, l.Took.Round(time.Millisecond), l.Listed, l.Created, l.Changed, l.Disabled, l.Emptied, l.Refused)
}
