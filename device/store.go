package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"entente"
	"entente/db"
)

// A Store keeps devices. It is safe for concurrent use.
//
// What was read is remembered, so that a request of a phone that nothing is new of
// reads and writes nothing: for as long as this process alone writes to the
// database, or for a second.
type Store struct {
	db  *db.DB
	now func() time.Time

	mu      sync.Mutex
	known   map[Key]*remembered
	changes uint64 // made by this process

	behaviour map[Key]*counts
}

// remembered is a device as it was read, and what of it is not kept yet. It never
// changes.
type remembered struct {
	device Device
	read   time.Time
	kept   time.Time // Last as the database has it
}

// Limits of memory and of writing.
const (
	maxRemembered = 50_000
	fresh         = time.Second // how long what was read counts, if others write too
	// lastEvery is how much older than the truth the kept Last is at most, and
	// newsEvery how often what a device says of itself is written at most: one that
	// changes its User-Agent with every request does not write with each.
	lastEvery = time.Hour
	newsEvery = time.Minute
)

// NewStore returns a store on a database that Schema was applied to.
func NewStore(d *db.DB, now func() time.Time) *Store {
	return &Store{db: d, now: now, known: map[Key]*remembered{}, behaviour: map[Key]*counts{}}
}

// Seen is what every request says of a device.
type Seen struct {
	Type, UserAgent, Version string
	Spoken                   string // the versions that are spoken here, for a device that is new
	XMSWL                    string
	Certificate              string // that the caller came with; "" if he came otherwise
}

// Meet returns the partnership that a request belongs to, and makes one if there
// is none. What it returns is the caller's own.
//
// Errors: TooLarge with the reasons TooMany and TooManyUsers.
func (s *Store) Meet(ctx context.Context, k Key, seen Seen) (*Device, error) {
	now := s.now()
	r, err := s.look(ctx, k, now)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return s.found(ctx, k, seen)
	}
	d := r.device
	changed := d.UserAgent != seen.UserAgent && d.UserAgent != ""
	news := d.see(seen)
	d.Last = now
	switch late := now.Sub(r.kept); {
	case news && late >= newsEvery, late >= lastEvery:
		kept, err := s.change(ctx, k, func(d *Device) error {
			d.see(seen)
			d.Last = now
			return nil
		})
		if err == nil {
			kept.AgentChanged = changed
		}
		return kept, err
	}
	s.mu.Lock()
	if s.known[k] == r { // nobody changed it meanwhile
		s.known[k] = &remembered{device: d, read: r.read, kept: r.kept}
	}
	s.mu.Unlock()
	d.AgentChanged = changed
	return &d, nil
}

// see takes up what a request says and tells whether any of it is new.
func (d *Device) see(s Seen) bool {
	was := *d
	d.Type, d.UserAgent, d.Version, d.XMSWL = s.Type, s.UserAgent, s.Version, s.XMSWL
	if s.Certificate != "" {
		d.Certificate = s.Certificate
	}
	return was.Information != d.Information || was.Certificate != d.Certificate
}

// look returns what is remembered, or kept; nil if there is no such device.
func (s *Store) look(ctx context.Context, k Key, now time.Time) (*remembered, error) {
	s.mu.Lock()
	r, changes := s.known[k], s.changes
	s.mu.Unlock()
	if r != nil && (!s.db.Shared() || now.Sub(r.read) < fresh) {
		return r, nil
	}
	var d *Device
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		d, err = readDevice(tx, k)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil // what is remembered of it is old, and read again each time
	}
	if err != nil {
		return nil, err
	}
	n := &remembered{device: *d, read: now, kept: d.Last}
	if r != nil && r.device.Last.After(d.Last) {
		n.device.Last = r.device.Last
	}
	s.remember(k, n, changes)
	return n, nil
}

// remember keeps what was read, if nothing was changed since: what is read beside a
// change may be older than it.
func (s *Store) remember(k Key, r *remembered, changes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes != changes {
		return
	}
	if s.known[k] == nil && len(s.known) >= maxRemembered {
		for other := range s.known { // any: it is read again when it comes
			delete(s.known, other)
			break
		}
	}
	s.known[k] = r
}

// forget has a device read again. Whoever changes one calls it after the
// transaction, whatever came of that.
func (s *Store) forget(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	delete(s.known, k)
}

// found makes a partnership.
func (s *Store) found(ctx context.Context, k Key, seen Seen) (*Device, error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	d := Device{Key: k, First: now, Last: now, Spoken: seen.Spoken}
	d.see(seen)
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if other, err := readDevice(tx, k); err == nil {
			d = *other // a request beside this one was first
			return nil
		} else if !errors.Is(err, db.ErrNoRows) {
			return err
		}
		if err := room(tx, k); err != nil {
			return err
		}
		value, err := json.Marshal(&d)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO device (account, device_id, by_sid, first_at, last_at, value) VALUES ($1, $2, $3, $4, $5, $6)`,
			k.Account, k.ID, k.By, now.UnixMicro(), now.UnixMicro(), string(value))
		return err
	})
	s.forget(k)
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// room refuses a partnership too many.
func room(tx *db.Tx, k Key) error {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM device WHERE account = $1`, k.Account).Scan(&n); err != nil {
		return err
	}
	if n >= PerAccount {
		return entente.Errorf(entente.TooLarge, "the account has %d mobile devices: remove one that is not used any more", n).Because(TooMany)
	}
	if err := tx.QueryRow(`SELECT COUNT(DISTINCT account) FROM device WHERE device_id = $1 AND account <> $2`, k.ID, k.Account).Scan(&n); err != nil {
		return err
	}
	if n >= UsersOfOne {
		return entente.Errorf(entente.TooLarge, "%d accounts come with this device id", n).Because(TooManyUsers)
	}
	return nil
}

const deviceColumns = `SELECT account, device_id, by_sid, first_at, last_at, value FROM device`

func readDevice(tx *db.Tx, k Key) (*Device, error) {
	return scanDevice(tx.QueryRow(deviceColumns+` WHERE account = $1 AND device_id = $2 AND by_sid = $3`, k.Account, k.ID, k.By).Scan)
}

func scanDevice(scan func(...any) error) (*Device, error) {
	var k Key
	var first, last int64
	var value string
	if err := scan(&k.Account, &k.ID, &k.By, &first, &last, &value); err != nil {
		return nil, err
	}
	d := &Device{}
	if err := json.Unmarshal([]byte(value), d); err != nil {
		return nil, fmt.Errorf("device %s of %s: %w", k.ID, k.Account, err)
	}
	d.Key, d.First, d.Last = k, time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
	return d, nil
}

// change changes a device; f is given it as it is, and may run more than once.
// Errors: NotFound with reason NoSuchDevice, and those of f.
func (s *Store) change(ctx context.Context, k Key, f func(*Device) error) (*Device, error) {
	return s.changeWith(ctx, k, nil, f)
}

// changeWith is change, with what is committed with it or not at all: its record.
func (s *Store) changeWith(ctx context.Context, k Key, also func(*db.Tx) error, f func(*Device) error) (*Device, error) {
	var d *Device
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		if d, err = changeIn(tx, k, f); err == nil && also != nil {
			err = also(tx)
		}
		return err
	})
	s.forget(k)
	if err != nil {
		return nil, err
	}
	return d, nil
}

func changeIn(tx *db.Tx, k Key, f func(*Device) error) (*Device, error) {
	d, err := scanDevice(tx.QueryRow(deviceColumns+` WHERE account = $1 AND device_id = $2 AND by_sid = $3 FOR UPDATE`, k.Account, k.ID, k.By).Scan)
	if errors.Is(err, db.ErrNoRows) {
		return nil, missing(k)
	}
	if err != nil {
		return nil, err
	}
	if err := f(d); err != nil {
		return nil, err
	}
	value, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(`UPDATE device SET last_at = $4, value = $5 WHERE account = $1 AND device_id = $2 AND by_sid = $3`,
		k.Account, k.ID, k.By, d.Last.UnixMicro(), string(value))
	return d, err
}

func missing(k Key) error {
	return entente.Errorf(entente.NotFound, "there is no mobile device %q of this mailbox", k.ID).Because(NoSuchDevice)
}
