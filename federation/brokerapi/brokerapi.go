// Package brokerapi is what an organization and the broker say to each other
// beside WS-Trust: the verbs of [MS-OXWSLVID] as JSON, signed.
//
// A request is POST /v1/VERB with a JWS (RFC 7515, compact) as its body, signed
// by the organization's federation certificate (RS256, named by x5t#S256) or its
// own P-256 key (ES256, named by kid). Its payload is an Envelope, so that a
// request for one verb, broker or time is none for another.
package brokerapi

import (
	"encoding/json"
	"time"

	"entente"
	"entente/federation/jose"
	"entente/federation/token"
)

// The verbs, [MS-OXWSLVID] 3.2.4, and three of ours.
const (
	CreateAppID            = "CreateAppId"
	AddURI                 = "AddUri"
	RemoveURI              = "RemoveUri"
	ReserveDomain          = "ReserveDomain"
	ReleaseDomain          = "ReleaseDomain"
	GetDomainInfo          = "GetDomainInfo"
	UpdateAppIDCertificate = "UpdateAppIdCertificate"
	Recover                = "Recover"    // by AdminKey and a new proof, when the certificate is lost
	IssueToken             = "IssueToken" // a JWT
	CheckDomain            = "CheckDomain"
)

// An Envelope is the payload of a signed request.
type Envelope struct {
	Verb     string          `json:"verb"`
	Audience string          `json:"aud"` // the broker's issuer URI
	Issued   int64           `json:"iat"` // Unix seconds
	ID       string          `json:"jti"` // never used twice
	App      entente.AppID   `json:"app,omitempty"`
	Body     json.RawMessage `json:"body"`
}

// A Key is a public P-256 key as a JWK (RFC 7517).
type Key = jose.Key

// NewApp is the body of CreateAppId, signed by the certificate in it.
type NewApp struct {
	Certificate []byte `json:"certificate"` // DER
	URI         string `json:"uri"`         // the application URI
	Signing     Key    `json:"signing"`     // the organization's own
	Encryption  Key    `json:"encryption"`  // JWTs for it are encrypted to this
	Contact     string `json:"contact"`     // who is told of a suspension
}

// AppCreated answers it. The AdminKey is shown this once.
type AppCreated struct {
	AppID    entente.AppID `json:"app_id"`
	AdminKey string        `json:"admin_key"`
}

// DomainName is the body of the verbs about one domain.
type DomainName struct {
	Domain entente.Domain `json:"domain"`
}

// A DomainState is how far a domain has come at the broker.
type DomainState string

// The states.
const (
	Pending   DomainState = "Pending"   // for seven days
	Active    DomainState = "Active"    // proven
	Suspended DomainState = "Suspended" // its proof was gone for three days: no tokens
	Released  DomainState = "Released"
)

// A DomainInfo is what the broker knows of a domain of the caller's.
type DomainInfo struct {
	Domain  entente.Domain `json:"domain"`
	State   DomainState    `json:"state"`
	Proof   string         `json:"proof"`          // TXT at the domain, for the certificate in use
	Scoped  string         `json:"scoped"`         // TXT at _entente-federation.DOMAIN, whatever the certificate
	Until   time.Time      `json:"until,omitzero"` // a pending one waits
	Checked time.Time      `json:"checked,omitzero"`
	Problem string         `json:"problem,omitempty"` // what the last check found wrong, and what to do
}

// NewCertificate is the body of UpdateAppIdCertificate: signed by the one in use.
// Until From the new one is known and not used.
type NewCertificate struct {
	Certificate []byte    `json:"certificate"` // DER
	Encryption  *Key      `json:"encryption,omitempty"`
	Signing     *Key      `json:"signing,omitempty"`
	From        time.Time `json:"from"` // zero: not yet; it becomes the next one
}

// Recovery is the body of Recover, signed by the new certificate. The first call
// answers with a nonce that must stand in DNS at the second.
type Recovery struct {
	AdminKey    string         `json:"admin_key"`
	Domain      entente.Domain `json:"domain"` // an active one
	Certificate []byte         `json:"certificate"`
}

// RecoveryState answers it.
type RecoveryState struct {
	Done   bool   `json:"done"`
	Record string `json:"record,omitempty"` // TXT at _entente-federation.DOMAIN
}

// TokenRequest is the body of IssueToken, signed by the organization's own key.
type TokenRequest struct {
	Target    string                `json:"target"` // application URI
	Offer     token.Offer           `json:"offer"`
	Immutable string                `json:"immutable"`
	Mails     []entente.SMTPAddress `json:"mails"`
}

// TokenIssued answers it.
type TokenIssued struct {
	JWT     string    `json:"jwt"`
	Expires time.Time `json:"expires"`
}

// Metadata is what the broker says of itself at GET /v1/metadata, as a JWS by
// the signing key in use; the federation metadata document says the same.
type Metadata struct {
	Issuer   string          `json:"issuer"`
	STS      string          `json:"sts"`
	Sequence uint64          `json:"sequence"` // higher with each change
	Refresh  time.Duration   `json:"refresh"`  // look again after
	Keys     []PublishedKeys `json:"keys"`     // current first, then next and previous
}

// PublishedKeys are one generation of the broker's keys.
type PublishedKeys struct {
	Certificate []byte    `json:"certificate"` // DER, RSA
	P256        Key       `json:"p256"`
	From        time.Time `json:"from"`           // signs from then on
	Until       time.Time `json:"until,omitzero"` // nothing signed with it holds longer
}

// A Problem is a refusal, with a stable code.
type Problem struct {
	Code string `json:"code"`
	Text string `json:"text"`
}
