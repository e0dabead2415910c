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

// Paths of the broker.
const (
	PathVerbs    = "/v1/" // and the verb
	PathMetadata = "/v1/metadata"
	PathSTS      = "/sts"
	// PathFederationMetadata is where WS-Federation has metadata.
	PathFederationMetadata = "/FederationMetadata/2006-12/FederationMetadata.xml"
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

// ApplicationURI is the body of AddUri and RemoveUri.
type ApplicationURI struct {
	URI string `json:"uri"`
}

// Done answers verbs that have nothing to tell.
type Done struct{}

// DomainName is the body of the verbs about one domain. ReserveDomain,
// CheckDomain and GetDomainInfo answer with a DomainInfo.
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
// Until From the new one is known, nothing is encrypted to it. Clocks differ, and
// an organization cannot learn at which moment the broker changed over: requests
// signed by the next certificate (or signing key) or by the previous one are taken
// like those of the current one, as long as the broker knows it.
type NewCertificate struct {
	Certificate []byte    `json:"certificate"` // DER
	Encryption  *Key      `json:"encryption,omitempty"`
	Signing     *Key      `json:"signing,omitempty"`
	From        time.Time `json:"from"` // zero: not yet; it becomes the next one
}

// Recovery is the body of Recover, signed by the new certificate. The first call
// answers with a nonce that must stand in DNS at the second. The keys that are
// given take the place of those that were there.
type Recovery struct {
	AdminKey    string         `json:"admin_key"`
	Domain      entente.Domain `json:"domain"` // an active one
	Certificate []byte         `json:"certificate"`
	Encryption  *Key           `json:"encryption,omitempty"`
	Signing     *Key           `json:"signing,omitempty"`
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

// A Problem is a refusal: what the broker answers, with a status that is not 200.
// The same codes stand in the detail of the faults of its STS.
type Problem struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// The codes, which stay what they are.
const (
	// AccessDenied is all that strangers hear: an application that does not exist,
	// another's certificate and a wrong signature are the same. 401
	AccessDenied       = "AccessDenied"
	InvalidRequest     = "InvalidRequest"     // not understood. 400
	RequestExpired     = "RequestExpired"     // its time is not now: look at the clocks. 400
	RequestRepeated    = "RequestRepeated"    // it was seen before. 400
	InvalidCertificate = "InvalidCertificate" // the text says which rule. 400
	InvalidURI         = "InvalidUri"         // not FYDIBOHF25SPDLT.DOMAIN. 400
	InvalidDomain      = "InvalidDomain"      // such as a public suffix. 400
	NoSuchDomain       = "NoSuchDomain"       // none of the caller's. 404
	ProofFailed        = "ProofFailed"        // the TXT record is not there. 409
	ProofUnknown       = "ProofUnknown"       // DNS did not say; ask again. 503
	NotActive          = "NotActive"          // the requester's own domain is not active, or it is suspended. 403
	SubjectRefused     = "SubjectRefused"     // an address in no active domain of the requester's. 403
	UnknownTarget      = "UnknownTarget"      // no such organization, or one that is not active. 404
	NeedsSAML          = "NeedsSAML"          // the target has no key for JWTs. 409
	UnknownOffer       = "UnknownOffer"       // 400
	QuotaExceeded      = "QuotaExceeded"      // 403
	TooManyRequests    = "TooManyRequests"    // with Retry-After. 429
	Unavailable        = "Unavailable"        // with Retry-After. 503
)
