// Package relay joins two servers of groups that trust each other only so far:
// people outside a secure group see when its members are free, invite them, and
// mail for them is brought to the server inside.
//
// The two sides are an outer one and an inner one. The inside dials out and
// keeps a few connections, over which the outer side asks; nothing is ever
// opened towards the inside. What passes is an agreement of which each side has
// its own copy and goes by its own: the outer does not ask, and the inner does
// not answer, what its copy does not hold. The outer rebuilds every answer from
// numbers. Somebody who is not in the group and somebody who does not exist are
// the same to the inner side before anything is looked up.
//
// The package decides nothing about mailboxes: what a calendar shows to
// outsiders its own permission table says, and the door records who asked.
package relay

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/availability"
	"entente/clientaccess"
	"entente/db"
	"entente/delivery"
	"entente/directory"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's part of the database.
func Schema() db.Migration {
	sub, _ := fs.Sub(schema, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "relay", FS: sub}
}

// A Role is a side of a relay.
type Role string

// The sides.
const (
	Inner Role = "inner" // has the group, and dials
	Outer Role = "outer" // listens, and asks
)

// A Peer is the other side.
type Peer struct {
	Name    string
	Connect []string // on the inner side: addresses of the outer side's listeners
	Keys    []Pin    // of the peer's relay; more than one while a key is replaced
}

// Settings are what an administrator writes down of a relay.
type Settings struct {
	Role       Role
	Peers      []Peer
	Agreements []Agreement
	// Keep is how long a message is tried before its sender hears that it did
	// not arrive; 0 is two days.
	Keep time.Duration
}

const defaultKeep = 48 * time.Hour

// Config is what a Relay joins.
type Config struct {
	Settings
	Signer    crypto.Signer // of this side's channels; Ed25519 or P-256
	Node      string        // name of this server, and of its audit log
	AuditKey  ed25519.PublicKey
	DB        *db.DB
	Directory *directory.Directory
	Door      *clientaccess.Door
	Audit     *audit.Log
	Courier   *delivery.Courier
	// Dial opens connections of the inner side: outgoing.Dialer.DialFunc.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger
	Now  func() time.Time
}

// A Relay is one side of a relay. It is safe for concurrent use.
type Relay struct {
	Config
	cert    tls.Certificate
	peers   []*peer
	free    availability.Service // of this organization alone
	rates   rates
	members memberSets
	running sync.WaitGroup
}

// peer is a Peer with the channels to it.
type peer struct {
	Peer
	pool pool
	key  atomic.Value  // crypto.PublicKey that the peer has proved last
	wake chan struct{} // there is something to send, or a channel to send it over
	came chan struct{} // there is a new channel
}

// Check completes settings and says everything that is wrong with them.
func (s *Settings) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Role != Inner && s.Role != Outer {
		bad("role: %q is neither %s nor %s", s.Role, Inner, Outer)
	}
	if len(s.Peers) == 0 {
		bad("peers: name the other side")
	}
	if s.Keep == 0 {
		s.Keep = defaultKeep
	}
	// A delivery is recognized when it is tried again for a limited time.
	if s.Keep < time.Minute || s.Keep > 7*24*time.Hour {
		bad("keep: is from a minute to seven days")
	}
	for i := range s.Peers {
		p := &s.Peers[i]
		if !validName(p.Name) || slices.ContainsFunc(s.Peers[:i], func(o Peer) bool { return o.Name == p.Name }) {
			bad("peer %q: a name is letters, digits, dots and dashes, and no other peer's", p.Name)
		}
		if (s.Role == Inner) != (len(p.Connect) > 0) {
			bad("peer %q: connect: the inner side names where the outer listens, the outer side nothing", p.Name)
		}
		if len(p.Keys) == 0 {
			bad("peer %q: keys: pin the key of the other side's relay", p.Name)
		}
		for _, k := range p.Keys {
			if err := k.check(); err != nil {
				bad("peer %q: %w", p.Name, err)
			}
		}
	}
	for i := range s.Agreements {
		a := &s.Agreements[i]
		a.defaults()
		if err := a.check(s.Role); err != nil {
			errs = append(errs, err)
		}
		if !slices.ContainsFunc(s.Peers, func(p Peer) bool { return p.Name == a.Peer }) {
			bad("agreement %q: there is no peer %q", a.Name, a.Peer)
		}
		if slices.ContainsFunc(s.Agreements[:i], func(o Agreement) bool { return o.Name == a.Name }) {
			bad("agreement %q: there are two", a.Name)
		}
	}
	return errors.Join(errs...)
}

// New makes a side of a relay. The tables must have been migrated. Run it.
func New(c Config) (*Relay, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	cert, err := certificate(c.Signer)
	if err != nil {
		return nil, fmt.Errorf("certificate of the relay: %w", err)
	}
	r := &Relay{Config: c, cert: cert}
	for _, p := range c.Peers {
		r.peers = append(r.peers, &peer{Peer: p, wake: make(chan struct{}, 1), came: make(chan struct{}, 1)})
	}
	return r, nil
}

// Run keeps the channels, sends what is to be sent and exchanges checkpoints
// until ctx ends. The outer side serves its listener beside: see Serve.
func (r *Relay) Run(ctx context.Context) {
	for _, p := range r.peers {
		r.running.Go(func() { r.send(ctx, p) })
		switch r.Role {
		case Inner:
			r.dial(ctx, p)
		case Outer:
			r.running.Go(func() { r.watch(ctx, p) })
		}
	}
	<-ctx.Done()
	for _, p := range r.peers {
		p.pool.close()
	}
	r.running.Wait()
}

// Pin is the name of this side's key, for the other side to pin.
func (r *Relay) Pin() Pin {
	pin, _ := PinOf(r.Signer.Public()) // New made a certificate of it
	return pin
}

func (p *peer) publicKey() crypto.PublicKey {
	k, _ := p.key.Load().(provedKey)
	return k.PublicKey
}

// provedKey is one type for keys of all kinds, as atomic.Value wants it.
type provedKey struct{ crypto.PublicKey }

// agreement returns the agreement of a name with a peer, nil if there is none.
func (r *Relay) agreement(p *peer, name string) *Agreement {
	for i := range r.Agreements {
		if a := &r.Agreements[i]; a.Name == name && a.Peer == p.Name {
			return a
		}
	}
	return nil
}

func (r *Relay) peerOf(a *Agreement) *peer {
	i := slices.IndexFunc(r.peers, func(p *peer) bool { return p.Name == a.Peer })
	return r.peers[i] // Check made sure
}

// here reports whether an address is somebody's of this organization.
func (r *Relay) here(a entente.SMTPAddress) bool {
	_, ok := r.Directory.Snapshot().FindSMTP(string(a))
	return ok
}

// newID is what both audit logs call a request or a delivery.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}

// memberSets are the addresses of the groups' members, compiled once for each
// state of the directory. Looking somebody up touches nothing else, so that who
// is not in a group and who does not exist take the same way.
type memberSets struct {
	mu sync.Mutex
	of map[string]memberSet
}

type memberSet struct {
	generation uint64
	accounts   map[entente.SMTPAddress]access.Account
}

// maxMembers bounds a group.
const maxMembers = 20_000

// membersOf returns the members of an agreement's group by each of their
// addresses.
func (r *Relay) membersOf(ctx context.Context, a *Agreement) (map[entente.SMTPAddress]access.Account, error) {
	snapshot := r.Directory.Snapshot()
	r.members.mu.Lock()
	defer r.members.mu.Unlock()
	if s, ok := r.members.of[a.Name]; ok && s.generation == snapshot.Generation() {
		return s.accounts, nil
	}
	found, err := r.Directory.Recipients(ctx, a.Group, maxMembers)
	var e *entente.Error
	if errors.As(err, &e) && e.Kind == entente.NotFound {
		r.Log.Warn("relay: the agreement's group does not exist", "agreement", a.Name, "group", string(a.Group))
		err = nil
	}
	if err != nil {
		return nil, err
	}
	s := memberSet{snapshot.Generation(), map[entente.SMTPAddress]access.Account{}}
	for i := range found {
		m, ok := snapshot.FindSID(found[i].SID)
		if !ok || m.Mailbox.IsZero() {
			continue
		}
		s.accounts[m.Mail] = m
		for _, p := range m.Proxies {
			s.accounts[p] = m
		}
	}
	if r.members.of == nil {
		r.members.of = map[string]memberSet{}
	}
	r.members.of[a.Name] = s
	return s.accounts, nil
}
