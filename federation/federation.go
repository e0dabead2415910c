// Package federation keeps this organization's side of a federation trust: its
// identifiers, its federated domains and their proofs, the certificates in their
// rollover (next, current, previous) and its own signing keys; and it asks the
// broker for delegation tokens.
//
// What is set is one document, marked by the ring, that every node holds in
// memory and follows within a second. It does not say who may see what:
// organization relationships are in package directory.
package federation

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"entente"
	"entente/db"
	"entente/federation/brokerapi"
	"entente/keys"
)

// Reasons of refusals. Each is one of the outcomes that Exchange documents.
const (
	NotFederated      entente.Reason = "federation-not-federated"       // no trust, or no domain federated as the account namespace
	Misconfigured     entente.Reason = "federation-misconfigured"       // the trust's objects do not fit together
	NoFederatedProxy  entente.Reason = "federation-no-federated-proxy"  // the user has no address in a federated domain
	BrokerUnavailable entente.Reason = "federation-broker-unavailable"  // it does not answer now
	BrokerRefused     entente.Reason = "federation-broker-refused"      // it does, and gives no token
	ProofFailed       entente.Reason = "federation-domain-proof"        // the TXT record is not there
	BadCertificate    entente.Reason = "federation-certificate-invalid" // a rule for certificates is broken
	NodeLacksKey      entente.Reason = "federation-node-lacks-key"      // publishing would cut a node off
)

// Config is what a Service is made of.
type Config struct {
	DB   *db.DB
	Ring *keys.Ring
	Node string       // this node's name
	HTTP *http.Client // to the broker; of package outgoing
	Now  func() time.Time
	Log  *slog.Logger
	// Live returns the nodes of the organization that are running, which all need
	// a certificate before it is used.
	Live func(context.Context) ([]string, error)
	// Noted, if set, is told of what happened by itself (a rollover, a suspended
	// domain), for the audit log.
	Noted func(ctx context.Context, action, text string)
	// Accepted, if set, reports whether a domain is one of the organization's
	// accepted domains: no other is federated.
	Accepted func(context.Context, entente.Domain) (bool, error)
	// Changed, if set, is told what partners must know of: that the organization's
	// identifier, its domains or its AppID changed.
	Changed func(ctx context.Context, text string)
	// RevocationLists are those of CAs that certificates may come from.
	RevocationLists []RevocationList
}

// A Trust is what is set, as of one moment. It is never changed.
type Trust struct {
	Name             string
	Broker           string // https URL of the broker, without a path
	Issuer           string // urn:federation:…
	STS              string
	Metadata         string // URL
	AppID            entente.AppID
	ApplicationURI   string         // FYDIBOHF25SPDLT.<domain>: our tokens' audience
	AccountNamespace entente.Domain // <domain>; empty until it is set
	DefaultDomain    entente.Domain
	Enabled          bool
	Contact          entente.SMTPAddress
	Domains          []Domain
	Previous         *Certificate
	Current          *Certificate
	Next             *Certificate
	BrokerKeys       []BrokerKeys // newest first
	Sequence         uint64       // of the broker's metadata
	RequireProof     bool         // of possession, of tokens that allow it; the default
	Legacy           bool         // also accept what is only in xmlsec.Legacy
}

// A Domain is a federated domain.
type Domain struct {
	Name  entente.Domain
	State brokerapi.DomainState
}

// A Certificate is one of the organization's.
type Certificate struct {
	*x509.Certificate
	Thumbprint string    // upper-case hexadecimal SHA-1 of its DER, as Exchange has it
	Since      time.Time // in its role
	Until      time.Time // of a previous one: wiped then
}

// BrokerKeys are one generation of the broker's keys.
type BrokerKeys struct {
	Certificate *x509.Certificate
	P256        brokerapi.Key
	From, Until time.Time
}

// Federated reports whether a domain is federated and in use.
func (t *Trust) Federated(d entente.Domain) bool {
	if t == nil || !t.Enabled {
		return false
	}
	for i := range t.Domains {
		if t.Domains[i].Name == d {
			return t.Domains[i].State == brokerapi.Active
		}
	}
	return false
}

// A Service keeps the trust of one organization. It is safe for concurrent use.
type Service struct {
	Config
	seal, identity keys.MAC

	view     atomic.Pointer[view]
	loading  sync.Mutex // one load at a time; it guards what follows
	reported struct {
		says string
		at   time.Time
	}

	refreshing sync.Mutex // one look at the broker at a time; it guards what follows
	asked      time.Time

	tending       sync.Mutex // one round at a time; it guards what follows
	failed, swept time.Time
}

// Open returns the service; the tables are made if they are not there.
func Open(ctx context.Context, c Config) (*Service, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{Config: c}
	if err := c.DB.Migrate(ctx, Schema()); err != nil {
		return nil, err
	}
	var err error
	if s.seal, err = c.Ring.FederationSeal(ctx); err != nil {
		return nil, err
	}
	if s.identity, err = c.Ring.FederationIdentity(ctx); err != nil {
		return nil, err
	}
	s.Noted = nil // who made the Config is not ready to be told before Open returns
	err = s.load(ctx)
	s.Noted = c.Noted
	return s, err
}

// Tick does at once what Run does every few seconds: for who has a clock of his
// own.
func (s *Service) Tick(ctx context.Context) {
	if err := s.load(ctx); err != nil {
		s.Log.Error("federation", "err", err)
	}
	s.tend(ctx)
}

// Run follows what other nodes change, the broker's metadata and the rollover,
// until ctx ends.
func (s *Service) Run(ctx context.Context) {
	if s.Altered() {
		s.noted(ctx, "altered", errAltered.Error())
	}
	var all sync.WaitGroup
	all.Go(func() { s.follow(ctx) })
	all.Go(func() {
		due := time.NewTicker(tendEvery)
		defer due.Stop()
		for {
			s.tend(ctx)
			select {
			case <-ctx.Done():
				return
			case <-due.C:
			}
		}
	})
	all.Wait()
}

// Trust returns what is set; nil if there is no trust.
func (s *Service) Trust() *Trust { return s.view.Load().trust }

// A Peer is what one of our servers says of its organization at
// /.well-known/entente-federation, to another that knows one of its domains.
type Peer struct {
	ApplicationURI string    `json:"application_uri"`
	Keys           []PeerKey `json:"keys"` // newest first
}

// A PeerKey is a signing key of an organization. Each but the first ever made is
// signed by the one before it: only what a pinned key signed succeeds it.
type PeerKey struct {
	Key    brokerapi.Key `json:"key"`
	From   time.Time     `json:"from"`
	Signed string        `json:"signed,omitempty"` // JWS of the key by the one before
}
