package federation

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/federation/brokerapi"
)

// A document is all that is set. It is read, changed as a copy and written as a
// whole.
type document struct {
	Name             string              `json:"name,omitempty"`
	Broker           string              `json:"broker,omitempty"`
	Issuer           string              `json:"issuer,omitempty"`
	STS              string              `json:"sts,omitempty"`
	Metadata         string              `json:"metadata,omitempty"`
	AppID            entente.AppID       `json:"app_id,omitempty"` // empty: there is no trust
	AccountNamespace entente.Domain      `json:"account_namespace,omitempty"`
	Registered       entente.Domain      `json:"registered,omitempty"` // whose namespace the broker was told of, before one is set
	DefaultDomain    entente.Domain      `json:"default_domain,omitempty"`
	Enabled          bool                `json:"enabled,omitempty"`
	Contact          entente.SMTPAddress `json:"contact,omitempty"`
	Domains          []domain            `json:"domains,omitempty"`
	Pending          []entente.Domain    `json:"pending,omitempty"`
	PendingNamespace entente.Domain      `json:"pending_namespace,omitempty"`
	RequireProof     bool                `json:"require_proof,omitempty"`
	Legacy           bool                `json:"legacy,omitempty"`

	Previous []generation `json:"previous,omitempty"` // newest first
	Current  *generation  `json:"current,omitempty"`
	Next     *generation  `json:"next,omitempty"`
	Past     []PeerKey    `json:"past,omitempty"` // public signing keys of generations that are wiped, newest first
	Store    []stored     `json:"store,omitempty"`

	BrokerKeys []brokerapi.PublishedKeys `json:"broker_keys,omitempty"` // current first
	Sequence   uint64                    `json:"sequence,omitempty"`
	Refresh    time.Duration             `json:"refresh,omitempty"`
	Refreshed  time.Time                 `json:"refreshed,omitzero"`
	Trouble    string                    `json:"trouble,omitempty"` // why the last look at the broker failed

	Rollover rollover `json:"rollover,omitzero"`
	Recovery recovery `json:"recovery,omitzero"`
	Notices  []Notice `json:"notices,omitempty"` // newest last
}

// A domain is one that the broker knows as ours, as it last said.
type domain struct {
	Name entente.Domain        `json:"name"`
	Info *brokerapi.DomainInfo `json:"info,omitempty"`
}

func (d *domain) state() brokerapi.DomainState {
	if d.Info == nil {
		return brokerapi.Pending
	}
	return d.Info.State
}

// A generation is a certificate and the two P-256 keys that come and go with it.
// Keys are named by their ids in the ring.
type generation struct {
	Certificate []byte `json:"certificate"` // DER
	Key         string `json:"key"`

	Agreement  string        `json:"agreement"`
	Encryption brokerapi.Key `json:"encryption"`

	Speaker string  `json:"speaker"`
	Signing PeerKey `json:"signing"`

	Since time.Time `json:"since"`           // in its role
	Told  time.Time `json:"told,omitzero"`   // the broker, of a next one
	From  time.Time `json:"from,omitzero"`   // when a next one is used, as the broker was told
	Until time.Time `json:"until,omitzero"`  // when a previous one is wiped
	By    string    `json:"by,omitempty"`    // who made a next one: "" is the rollover
	Hurts string    `json:"hurts,omitempty"` // what keeps a next one from being used
}

func (g *generation) x509() (*x509.Certificate, error) { return x509.ParseCertificate(g.Certificate) }

func (g *generation) thumbprint() string { return thumbprint(g.Certificate) }

// A stored certificate is one that could become the next one, or a request for
// one.
type stored struct {
	Certificate []byte    `json:"certificate,omitempty"` // DER
	Request     []byte    `json:"request,omitempty"`     // DER, without a certificate yet
	Key         string    `json:"key"`
	Made        time.Time `json:"made"`
}

// A rollover says how certificates are replaced.
type rollover struct {
	Off   bool          `json:"off,omitempty"`
	Ahead time.Duration `json:"ahead,omitempty"` // 0: defaultAhead
}

// A recovery is one that waits for its record in DNS.
type recovery struct {
	Next   *generation    `json:"next,omitempty"`
	Domain entente.Domain `json:"domain,omitempty"`
	Record string         `json:"record,omitempty"`
}

// A Notice is a change that partners must know of.
type Notice struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// maxNotices bounds how many are remembered.
const maxNotices = 32

func readDocument(text []byte) (*document, error) {
	d := &document{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("read the federation trust: %w", err)
	}
	return d, nil
}

// exists reports whether there is a trust.
func (d *document) exists() bool { return d.AppID != "" && d.Current != nil }

// generations are those whose keys open tokens: current, previous, next.
func (d *document) generations() []*generation {
	var all []*generation
	if d.Current != nil {
		all = append(all, d.Current)
	}
	for i := range d.Previous {
		all = append(all, &d.Previous[i])
	}
	if d.Next != nil {
		all = append(all, d.Next)
	}
	return all
}

func (d *document) domain(name entente.Domain) *domain {
	i := slices.IndexFunc(d.Domains, func(x domain) bool { return x.Name == name })
	if i < 0 {
		return nil
	}
	return &d.Domains[i]
}

// applicationURI is what tokens for this organization name as their audience.
func (d *document) applicationURI() string { return namespaceOf(d.AccountNamespace) }

// namespacePrefix comes before the domain in an account namespace.
const namespacePrefix = "FYDIBOHF25SPDLT."

func namespaceOf(d entente.Domain) string {
	if d == "" {
		return ""
	}
	return namespacePrefix + string(d)
}

// thumbprint is how Exchange names a certificate.
func thumbprint(der []byte) string {
	sum := sha1.Sum(der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// Thumbprint names a certificate as Exchange does: SHA-1 of its DER, in upper-case
// hexadecimal.
func Thumbprint(c *x509.Certificate) string { return thumbprint(c.Raw) }
