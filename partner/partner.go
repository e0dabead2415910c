// Package partner asks other organizations when their people are free: those
// with whom there is an organization relationship, with a delegation token of
// the broker both trust, and those in whose address space a service account of
// theirs lets us ask.
//
// What fails at one partner is the error of its people and of nobody else: each
// is asked by itself, within its own time. It answers nobody; what others may
// see here is the business of packages authn and access.
package partner

import (
	"context"
	"crypto"
	"embed"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/availability"
	"entente/db"
	"entente/federation"
	"entente/federation/token"
	"entente/keys"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's part of the database.
func Schema() db.Migration {
	sub, _ := fs.Sub(schema, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "partner", FS: sub}
}

// How long a partner may take, and what of the asker's own time is kept for
// putting the answer together.
const (
	AskTime    = 10 * time.Second
	answerTime = 500 * time.Millisecond
)

// Federation is this organization's side of its trust: *federation.Service.
type Federation interface {
	Trust() *federation.Trust
	Subject(id entente.MailboxID, mails []entente.SMTPAddress) (token.Subject, error)
	Ask(ctx context.Context, who token.Subject, target string, offer token.Offer) (*federation.Granted, error)
	Signer() (key crypto.Signer, id string, err error)
	SignerOf(id string) (crypto.Signer, error)
}

// Names finds hosts and services in DNS: *outgoing.DNS.
type Names interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	SRV(ctx context.Context, name string) ([]net.SRV, error)
}

// Config is what a Client is made of.
type Config struct {
	DB           *db.DB
	Ring         *keys.Ring
	Federation   Federation
	Snapshot     func() *access.Snapshot
	HTTP         *http.Client // to partners' EWS; of package outgoing
	Autodiscover *http.Client // to partners' Autodiscover; likewise
	Names        Names
	Audit        Auditor
	Pin          Pinner
	Now          func() time.Time
	Log          *slog.Logger
}

// An Auditor keeps records: *audit.Log.
type Auditor interface {
	Append(ctx context.Context, records ...audit.Record) error
}

// A Client asks partners. It is safe for concurrent use.
type Client struct {
	Config
	tokens    tokens
	places    places
	breakers  breakers
	spaces    spaces
	following following
	running   sync.WaitGroup
}

// Open makes a Client. The tables must have been migrated. Run it, and Close it.
func Open(ctx context.Context, c Config) (*Client, error) {
	p := &Client{Config: c}
	p.tokens.client, p.places.client = p, p
	return p, p.readSpaces(ctx)
}

// Run follows what other nodes change, and what partners say of their keys, until
// ctx ends.
func (c *Client) Run(ctx context.Context) {
	if err := c.tidy(ctx); err != nil && ctx.Err() == nil {
		c.Log.Error("partner: passwords of address spaces", "err", err)
	}
	c.running.Go(func() { every(ctx, followLook, c.followKeys) })
	every(ctx, spacesEvery, func(ctx context.Context) {
		if err := c.readSpaces(ctx); err != nil && ctx.Err() == nil {
			c.Log.Error("partner: address spaces", "err", err)
		}
	})
}

// Tick does at once what Run does now and then: for who has a clock of his own.
func (c *Client) Tick(ctx context.Context) { c.followKeys(ctx) }

// every does something again and again until ctx ends.
func every(ctx context.Context, pause time.Duration, do func(context.Context)) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}

// Close waits for what is under way in the background.
func (c *Client) Close() error {
	c.running.Wait()
	return nil
}

// Partner implements availability.Remote: a relationship names the domain of the
// address, or it is an address space.
func (c *Client) Partner(address entente.SMTPAddress) bool {
	return c.wayTo(address.Domain()) != nil
}

// A way is how the people of some domains are asked about: under an organization
// relationship or in an address space.
type way struct {
	name     string // of what it is, for humans: organization relationship fabrikam
	key      string // under which its state is kept
	relation *access.Relationship
	space    *AddressSpace
}

// wayTo returns how the people of a domain are asked about, nil if they are not.
// A relationship comes before an address space: it knows in whose name is asked.
func (c *Client) wayTo(d entente.Domain) *way {
	if r, ok := c.Snapshot().RelationshipFor(d); ok {
		return &way{name: "organization relationship " + r.Name, key: "relationship " + r.Name, relation: r}
	}
	if s := c.spaces.of(d); s != nil {
		return &way{name: "availability address space " + string(s.Domain), key: "address-space " + string(s.Domain), space: s}
	}
	return nil
}

// FreeBusy implements availability.Remote. Each partner is asked by itself, all
// at once; the error is that of a question which is over before any answered.
func (c *Client) FreeBusy(ctx context.Context, as *access.Caller, of []entente.SMTPAddress, q availability.Request) (map[entente.SMTPAddress]availability.Answer, error) {
	groups := map[string]*group{}
	for _, address := range of {
		w := c.wayTo(address.Domain())
		if w == nil {
			continue // since Partner said yes it was removed: nobody is known there
		}
		g := groups[w.key]
		if g == nil {
			g = &group{way: w}
			groups[w.key] = g
		}
		g.of = append(g.of, address)
	}
	var all sync.WaitGroup
	for _, g := range groups {
		all.Go(func() { g.answers = c.askGroup(ctx, as, g, &q) })
	}
	all.Wait()
	out := make(map[entente.SMTPAddress]availability.Answer, len(of))
	for _, g := range groups {
		for i, address := range g.of {
			out[address] = g.answers[i]
		}
	}
	return out, ctx.Err()
}

// A group are the people of one partner who are asked about together.
type group struct {
	*way
	of      []entente.SMTPAddress
	answers []availability.Answer // in the order of of
}

// askGroup asks one partner and records it, whatever becomes of it.
func (c *Client) askGroup(ctx context.Context, as *access.Caller, g *group, q *availability.Request) []availability.Answer {
	within, cancel := context.WithTimeout(ctx, timeFor(ctx))
	defer cancel()
	e := &errand{request: requestID(), from: as.Subject().Mail.Domain()}
	answers, err := c.ask(within, as, g, q, e)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		err = timedOut(g, err)
	}
	if failed := c.Audit.Append(context.WithoutCancel(ctx), c.record(g, as, e, reasonOf(err))); failed != nil {
		err = failed
	}
	if err == nil {
		return answers
	}
	c.Log.Info("partner: not answered", "way", g.name, "err", err)
	answers = make([]availability.Answer, len(g.of))
	for i, address := range g.of {
		answers[i].Err = shown(err, address)
	}
	return answers
}

// timeFor is how long a partner may take of the time there is.
func timeFor(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return AskTime
	}
	return max(0, min(AskTime, time.Until(deadline)-answerTime))
}

// ask asks under a relationship or in an address space.
func (c *Client) ask(ctx context.Context, as *access.Caller, g *group, q *availability.Request, e *errand) ([]availability.Answer, error) {
	// Who is no account here would have us speak for another organization.
	if as.External() {
		return nil, otherOrganization()
	}
	if g.space != nil {
		return c.askSpace(ctx, g, q, e)
	}
	if _, err := c.Snapshot().MayAsk(g.of[0].Domain()); err != nil {
		return nil, ofRooms(err)
	}
	who, err := c.subject(as)
	if err != nil {
		return nil, err
	}
	return c.askRelated(ctx, who, g, q, e)
}
