package clientaccess

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// A Client is a program that was seen at the door, whether the gate let it in
// or not. What it is called by its User-Agent proves nothing.
type Client struct {
	Subject     entente.SID // whose settings decide
	By          entente.SID // who signed in; the subject, unless he was impersonated
	Protocol    Protocol
	UserAgent   string // OtherClients if there were too many to tell apart
	Application access.ApplicationID
	First, Last time.Time // days
	Requests    int64
}

// OtherClients is the User-Agent under which the clients of an account are
// counted of which there are too many: whoever makes up names fills a line and
// not a table.
const OtherClients = "(others)"

const (
	clientsAnAccount = 50
	clientsPending   = 20_000 // not kept yet
	clientDays       = 90     // for which they are kept
	clientsAtOnce    = 200    // in a transaction
	crowdedDays      = 30     // a full account forgets clients that are older
)

type clientKey struct {
	subject, by entente.SID
	protocol    Protocol
	agent       string
	application access.ApplicationID
}

// A sighting is how often a client was seen, and when.
type sighting struct{ first, last, requests int64 }

func (s *sighting) add(o sighting) {
	if s.requests == 0 {
		s.first = o.first
	}
	s.first, s.last, s.requests = min(s.first, o.first), max(s.last, o.last), s.requests+o.requests
}

// seen collects in memory which clients came, until they are kept. No request
// waits for that.
type seen struct {
	kept    bool // somewhere
	mu      *sync.Mutex
	now     map[clientKey]*sighting
	of      map[entente.SID]int // how many a subject has in now
	full    chan struct{}       // wakes who keeps them
	cleaned int64               // the day on which old ones were last dropped
}

func newSeen(kept bool) seen {
	return seen{kept: kept, mu: new(sync.Mutex), now: map[clientKey]*sighting{}, of: map[entente.SID]int{}, full: make(chan struct{}, 1)}
}

const secondsADay = 24 * 60 * 60

func day(t time.Time) int64 { return t.Unix() / secondsADay }

func dayTime(d int64) time.Time { return time.Unix(d*secondsADay, 0).UTC() }

func (s *seen) note(c *access.Caller, p Protocol, at time.Time) {
	if !s.kept {
		return
	}
	k := clientKey{c.Subject().SID, c.Authenticated.SID, p, c.UserAgent, c.Application}
	d := day(at)
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.now[k]; one != nil {
		one.last, one.requests = max(one.last, d), one.requests+1
		return
	}
	s.put(k, sighting{d, d, 1})
}

// put adds a sighting, as far as there is room. It needs the lock.
func (s *seen) put(k clientKey, one sighting) {
	if s.now[k] == nil && s.of[k.subject] >= clientsAnAccount {
		k.agent = OtherClients
	}
	if s.now[k] == nil {
		if len(s.now) >= clientsPending/2 {
			select {
			case s.full <- struct{}{}:
			default:
			}
		}
		if len(s.now) >= clientsPending {
			return // the store is away, or slower than clients come
		}
		s.now[k] = new(sighting)
		s.of[k.subject]++
	}
	s.now[k].add(one)
}

func (s *seen) take() map[clientKey]*sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.now
	s.now, s.of = map[clientKey]*sighting{}, map[entente.SID]int{}
	return taken
}

func (s *seen) back(all map[clientKey]*sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, one := range all {
		s.put(k, *one)
	}
}

// flushClients keeps the clients that were seen since the last time. Nodes add
// to the same lines.
func (d *Door) flushClients(ctx context.Context) error {
	if d.DB == nil {
		return nil
	}
	taken := d.seen.take()
	keys := slices.SortedFunc(maps.Keys(taken), func(a, b clientKey) int {
		// In one order on all nodes, so that none waits for another that waits
		// for it.
		return cmp.Or(cmp.Compare(a.subject, b.subject), cmp.Compare(a.by, b.by), cmp.Compare(a.protocol, b.protocol),
			strings.Compare(a.agent, b.agent), cmp.Compare(a.application, b.application))
	})
	today := day(d.Now())
	for some := range slices.Chunk(keys, clientsAtOnce) {
		err := d.DB.Update(ctx, func(tx *db.Tx) error {
			for _, k := range some {
				if err := keepClient(tx, k, taken[k], today); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			d.seen.back(taken)
			return err
		}
		for _, k := range some {
			delete(taken, k)
		}
	}
	return d.dropClients(ctx, today)
}

func keepClient(tx *db.Tx, k clientKey, s *sighting, today int64) error {
	n, err := tx.Exec(`UPDATE clientaccess_client SET requests = requests + $6,
			first_seen = CASE WHEN first_seen > $7 THEN $7 ELSE first_seen END,
			last_seen = CASE WHEN last_seen < $8 THEN $8 ELSE last_seen END
		WHERE sid = $1 AND by_sid = $2 AND protocol = $3 AND user_agent = $4 AND application = $5`,
		k.subject, k.by, k.protocol, k.agent, k.application, s.requests, s.first, s.last)
	if err != nil || n > 0 {
		return err
	}
	count, err := clientsOf(tx, k.subject)
	if err == nil && count >= clientsAnAccount {
		if _, err = tx.Exec(`DELETE FROM clientaccess_client WHERE sid = $1 AND last_seen < $2`, k.subject, today-crowdedDays); err == nil {
			count, err = clientsOf(tx, k.subject)
		}
	}
	if err != nil {
		return err
	}
	if count >= clientsAnAccount {
		k.agent, k.application = OtherClients, ""
	}
	_, err = tx.Exec(`INSERT INTO clientaccess_client (sid, by_sid, protocol, user_agent, application, first_seen, last_seen, requests)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (sid, by_sid, protocol, user_agent, application) DO UPDATE SET requests = clientaccess_client.requests + $8,
			first_seen = CASE WHEN clientaccess_client.first_seen > $6 THEN $6 ELSE clientaccess_client.first_seen END,
			last_seen = CASE WHEN clientaccess_client.last_seen < $7 THEN $7 ELSE clientaccess_client.last_seen END`,
		k.subject, k.by, k.protocol, k.agent, k.application, s.first, s.last, s.requests)
	return err
}

func clientsOf(tx *db.Tx, subject entente.SID) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM clientaccess_client WHERE sid = $1`, subject).Scan(&n)
	return n, err
}

// dropClients forgets, once a day, those not seen for long.
func (d *Door) dropClients(ctx context.Context, today int64) error {
	d.seen.mu.Lock()
	due := d.seen.cleaned != today
	d.seen.cleaned = today
	d.seen.mu.Unlock()
	if !due {
		return nil
	}
	return d.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM clientaccess_client WHERE last_seen < $1`, today-clientDays)
		return err
	})
}

// Clients calls f for each client seen since a day, those of an account
// together, those seen last first. What this node has seen up to now is in it;
// what others have, within half a minute.
func (d *Door) Clients(ctx context.Context, since time.Time, f func(Client) error) error {
	if d.DB == nil {
		return nil
	}
	if err := d.flushClients(ctx); err != nil {
		return err
	}
	return d.DB.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT sid, by_sid, protocol, user_agent, application, first_seen, last_seen, requests
			FROM clientaccess_client WHERE last_seen >= $1 ORDER BY sid, last_seen DESC, user_agent, application, by_sid, protocol`, day(since))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c Client
			var first, last int64
			if err := rows.Scan(&c.Subject, &c.By, &c.Protocol, &c.UserAgent, &c.Application, &first, &last, &c.Requests); err != nil {
				return err
			}
			c.First, c.Last = dayTime(first), dayTime(last)
			if err := f(c); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
