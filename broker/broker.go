// Package broker is the trust broker: it registers organizations, has them prove
// their domains in DNS, and issues delegation tokens, by which one organization's
// people may ask another's server on the word of a third party that both trust.
//
// It vouches for who somebody is and asks nothing about what he may see: that is
// the business of the organization that is asked. It keeps no person's name but
// in its audit log.
//
// It is a role of the server with tables, keys and an audit log of its own, and
// runs alone just as well.
//
// Spec: [MS-OXWSLVID]; WS-Trust February 2005 and 1.3
package broker

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"entente"
	"entente/audit"
	"entente/db"
	"entente/federation/brokerapi"
	"entente/federation/token"
	"entente/keys"
	"entente/outgoing"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's part of the database.
func Schema() db.Migration {
	sub, _ := fs.Sub(schema, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "broker", FS: sub}
}

// Config is what a Broker is made of.
type Config struct {
	DB    *db.DB     // with the tables of keys and audit; Open makes the broker's own
	Ring  *keys.Ring // the broker's: its keys are no organization's
	Audit *audit.Log // in the same database

	Issuer string // urn:federation:NAME
	URL    string // where it is reached: https://HOST, without a path

	// DNS has the resolvers that proofs are looked up by. All of them must agree.
	DNS *outgoing.DNS
	// OneResolver lets a single resolver's word do. With two, whoever deceives one
	// of them gets no domain by it.
	OneResolver bool
	// NoAuthority leaves out asking a server that is itself the authority for a
	// domain: where those cannot be reached, or answer differently inside.
	NoAuthority bool

	Limits Limits
	Times  Times
	Now    func() time.Time
	Log    *slog.Logger
	// Told is called when an organization's contact should hear of something. It
	// must not take long. By default it is logged.
	Told func(context.Context, Notice)
}

// A Notice is what an organization should hear of. Each is also in the audit log.
type Notice struct {
	App     entente.AppID
	Contact string
	Domain  entente.Domain // empty if it is about the application
	Text    string
}

// Limits bound what organizations may do. Zero is the default.
type Limits struct {
	Apps     int // at all; 10,000
	Domains  int // of one; 300
	URIs     int // of one; 10
	Tokens   int // of one in a minute; 6,000
	Requests int // of one in a minute, but for tokens; 600
	Source   int // requests of one address in a minute by which nobody became known; 300
	NewApps  int // from one address in a day; 20
}

// Times are how long the broker's own keys serve. Zero is the default.
type Times struct {
	Refresh time.Duration // how often organizations look at the metadata; 1 h
	KeyLife time.Duration // how long a generation signs; 90 days
	Ahead   time.Duration // how long before that the next one is published; 3 × Refresh, at least 24 h
}

// A Broker is a trust broker. It is safe for concurrent use, and several may
// share a database.
type Broker struct {
	Config
	ring   atomic.Pointer[generations]
	said   atomic.Pointer[said]
	rates  rates
	unseen strangers
}

const (
	daytime = 24 * time.Hour
	// lastOffer is how long the longest token holds.
	lastOffer = 15 * daytime
	// keptFor is how long keys that were replaced are good for what they were
	// used for before.
	keptFor = lastOffer + token.MaxSkew
)

// Open opens the broker. Its tables, and its first keys, are made if they are not
// there.
func Open(ctx context.Context, c Config) (*Broker, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, Schema()); err != nil {
		return nil, err
	}
	b := &Broker{Config: c}
	if err := b.firstGeneration(ctx); err != nil {
		return nil, fmt.Errorf("keys of the broker: %w", err)
	}
	if err := b.refresh(ctx); err != nil {
		return nil, fmt.Errorf("keys of the broker: %w", err)
	}
	return b, nil
}

func (c *Config) check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("broker: %q is not https://HOST", c.URL)
	}
	name, ok := strings.CutPrefix(c.Issuer, "urn:federation:")
	if !ok || name == "" || len(c.Issuer) > 255 || strings.ContainsFunc(name, notURN) {
		return fmt.Errorf("broker: the issuer %q is not urn:federation:NAME", c.Issuer)
	}
	// Nobody but Microsoft issues as Microsoft.
	if strings.EqualFold(name, "MicrosoftOnline") {
		return errors.New("broker: urn:federation:MicrosoftOnline is somebody else's name")
	}
	if c.DNS == nil {
		return errors.New("broker: it needs name servers, to have domains proven")
	}
	if len(c.DNS.Each()) < 2 && !c.OneResolver {
		return errors.New("broker: domains are proven by two resolvers that agree; name two, or say that one is enough")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Told == nil {
		c.Told = func(_ context.Context, n Notice) {
			c.Log.Warn("broker: an organization should hear of this", "app", n.App, "contact", n.Contact, "domain", n.Domain, "text", n.Text)
		}
	}
	return errors.Join(c.Limits.defaults(), c.Times.defaults())
}

func notURN(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(":.-_", r)
}

func (l *Limits) defaults() error {
	for _, x := range []struct {
		is *int
		by int
	}{
		{&l.Apps, 10_000},
		{&l.Domains, 300},
		{&l.URIs, 10},
		{&l.Tokens, 6000},
		{&l.Requests, 600},
		{&l.Source, 300},
		{&l.NewApps, 20},
	} {
		if *x.is == 0 {
			*x.is = x.by
		}
		if *x.is < 0 {
			return errors.New("broker: a limit is below zero")
		}
	}
	return nil
}

func (t *Times) defaults() error {
	if t.Refresh == 0 {
		t.Refresh = time.Hour
	}
	if t.KeyLife == 0 {
		t.KeyLife = 90 * daytime
	}
	if t.Ahead == 0 {
		t.Ahead = max(3*t.Refresh, daytime)
	}
	switch {
	case t.Refresh < time.Minute || t.Refresh > daytime:
		return errors.New("broker: the metadata are looked at again after a minute to a day")
	case t.Ahead < 3*t.Refresh:
		return errors.New("broker: a key is published at least three refreshes before it signs")
	case t.KeyLife < 2*t.Ahead:
		return errors.New("broker: keys sign at least twice as long as they are published ahead")
	}
	return nil
}

// Routes are the paths that are answered, each as it is and none below it.
func (b *Broker) Routes() map[string]http.Handler {
	routes := map[string]http.Handler{
		brokerapi.PathMetadata:           http.HandlerFunc(b.serveMetadata),
		brokerapi.PathFederationMetadata: http.HandlerFunc(b.serveFederationMetadata),
		brokerapi.PathSTS:                http.HandlerFunc(b.serveSTS),
	}
	for name, v := range b.verbs() {
		routes[brokerapi.PathVerbs+name] = b.verbHandler(name, v)
	}
	return routes
}

// Run checks domains when they are due and replaces the broker's own keys when
// it is time, until ctx ends.
func (b *Broker) Run(ctx context.Context) {
	tick := time.NewTicker(tickTime)
	defer tick.Stop()
	for {
		b.Tick(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tickTime is how often Run looks for what is due.
const tickTime = 30 * time.Second

// Tick does what is due by now. What fails is logged and tried again the next
// time; nothing of it keeps the rest from being done.
func (b *Broker) Tick(ctx context.Context) {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"replace own keys", b.rollover},
		{"check domains", b.checkDue},
		{"clear away", b.clearAway},
	} {
		if err := step.do(ctx); err != nil && ctx.Err() == nil {
			b.Log.Error("broker: "+step.what, "err", err)
		}
	}
	b.countStrangers()
}
