// Package clientcert says whose a client certificate is, and whether it still is.
//
// A certificate has names in it that its authority was asked for; who can ask
// for somebody else's name gets to be him where names are believed (what
// ESC1 and its like are). So by default only what the authority or the account
// itself says of the pair counts: the SID that Active Directory's authority
// writes in, or what stands in the account's altSecurityIdentities. KB5014754.
//
//	j, err := clientcert.New(clientcert.Config{Authorities: …, Snapshot: d.Snapshot, Fetch: …})
//	go j.Run(ctx) // gets the lists of what was revoked
//	m, err := j.Match(ctx, r.TLS.PeerCertificates)
//
// It makes no callers and ends no connections: authn and the gateway do. It
// never goes where a certificate says (threats O3); what it fetches is
// configured.
package clientcert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"entente"
	"entente/access"
)

// A Mapping is a way from a certificate to an account.
type Mapping string

// The strong ones are always looked at, SANURI where the authority is named
// for it; the weak ones where they are switched on.
const (
	SIDExtension Mapping = "sid-extension"   // 1.3.6.1.4.1.311.25.2, [MS-WCCE] 2.2.2.7.7.4
	IssuerSerial Mapping = "issuer-serial"   // X509:<I>…<SR>…
	KeyID        Mapping = "subject-key-id"  // X509:<SKI>…
	KeySHA1      Mapping = "sha1-public-key" // X509:<SHA1-PUKEY>…
	SANURI       Mapping = "san-uri"         // tag:microsoft.com,2022-09-14:sid:…
	UPN          Mapping = "upn"             // weak: otherName 1.3.6.1.4.1.311.20.2.3
	Mail         Mapping = "mail"            // weak: rfc822Name, X509:<RFC822>…
	Subject      Mapping = "subject"         // weak: X509:<S>…, X509:<I>…<S>…
)

// Weak reports whether whoever can choose the names in a certificate chooses
// whom the mapping makes him.
func (m Mapping) Weak() bool { return m == UPN || m == Mail || m == Subject }

// An Authority is a CA whose certificates sign people in.
type Authority struct {
	Name string // for records and people
	// Certificates are its own and those above it. Only what one of them has itself
	// issued counts: an authority below, that a client sends along, is none of ours.
	Certificates []*x509.Certificate
	SANURI       bool      // its SAN URIs with SIDs count
	Weak         []Mapping // weak mappings that count
	// Policies, if not empty, are OIDs of which a certificate must have one.
	Policies []string
	Revocation
}

// Revocation says how it is known that a certificate has been taken back.
type Revocation struct {
	CRLs []string // URLs, or files by an absolute path; never what a certificate names
	OCSP string   // URL of a responder
	// Soft accepts certificates of which it cannot be found out now. Default hard.
	Soft bool
	// None says that there is nowhere to ask. New refuses an authority that has
	// neither a list nor a responder and does not say so.
	None bool
}

// A Match is whose a certificate is, and why.
type Match struct {
	Account access.Account
	// SID is the one the certificate stands for: the account's own, or that of its
	// master account if the mailbox is linked; Realm then is whose word that is.
	SID   entente.SID
	Realm string

	Mapping   Mapping // the strongest of those that say so
	Fact      string  // what the mapping went by, such as the SID
	Authority string
	// Serial and Evidence name the certificate in records: its serial number and its
	// SHA-256, in hexadecimal.
	Serial, Evidence string
	NotAfter         time.Time
}

// Weak reports whether it rests on names in the certificate alone.
func (m *Match) Weak() bool { return m.Mapping.Weak() }

// How tells the way from the certificate to the account, for records: by what
// mapping, of whose certificate.
func (m *Match) How() string {
	how := "certificate " + m.Serial + " of " + m.Authority + " by " + string(m.Mapping)
	if m.Weak() {
		how += " (weak)"
	}
	return how
}

// Reasons of errors. What a stranger is told is the same for all.
const (
	ReasonChain       entente.Reason = "certificate-chain"       // not one of an authority that counts
	ReasonMalformed   entente.Reason = "certificate-malformed"   // names in it that cannot be read
	ReasonUnmapped    entente.Reason = "certificate-unmapped"    // nobody's
	ReasonAmbiguous   entente.Reason = "certificate-ambiguous"   // not one account's alone
	ReasonDisabled    entente.Reason = "certificate-disabled"    // of a disabled account
	ReasonRevoked     entente.Reason = "certificate-revoked"     // taken back by its authority
	ReasonUnconfirmed entente.Reason = "certificate-unconfirmed" // it cannot be known whether it was
)

// A Config is what a Judge is made of.
type Config struct {
	Authorities []Authority
	Snapshot    func() *access.Snapshot
	// Fetch gets a list, or with a body asks a responder; it goes by
	// outgoing.Revocation.
	Fetch func(ctx context.Context, url string, body []byte) ([]byte, error)
	// Noted, if set, is told when a source of revocations fails, is about to be too
	// old, or works again; err is nil then. It must not block.
	Noted func(source string, err error)
	Now   func() time.Time // nil for the clock
}

// A Judge finds the account of a chain and asks whether the certificate still
// holds. It is safe for concurrent use.
type Judge struct {
	authorities []*authority
	snapshot    func() *access.Snapshot
	now         func() time.Time
	ambiguous   map[access.Name]bool // names that two authorities have
	seen        cache
	lists       *lists
	ocsp        *ocspClient
}

// New makes a Judge, or says what is wrong with what is set.
func New(c Config) (*Judge, error) {
	if len(c.Authorities) == 0 || c.Snapshot == nil {
		return nil, errors.New("no authority whose certificates count")
	}
	j := &Judge{snapshot: c.Snapshot, now: c.Now}
	if j.now == nil {
		j.now = time.Now
	}
	noted := c.Noted
	if noted == nil {
		noted = func(string, error) {}
	}
	for i := range c.Authorities {
		a, err := newAuthority(&c.Authorities[i])
		if err != nil {
			return nil, err
		}
		j.authorities = append(j.authorities, a)
	}
	j.ambiguous = sharedNames(j.authorities)
	j.lists = newLists(j.authorities, c.Fetch, noted, j.now)
	j.ocsp = newOCSP(c.Fetch, noted, j.now)
	return j, nil
}

// Run keeps the lists of revoked certificates until ctx ends.
func (j *Judge) Run(ctx context.Context) { j.lists.run(ctx) }

// Refresh gets the lists now.
func (j *Judge) Refresh(ctx context.Context) { j.lists.refresh(ctx) }

// Pool holds the authorities, whose names a listener may tell clients so that
// they offer the right certificate: tls.Config.ClientCAs.
func (j *Judge) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, a := range j.authorities {
		for _, c := range a.Certificates {
			pool.AddCert(c)
		}
	}
	return pool
}

// TLS has a listener ask clients for a certificate, and returns c. Whether one
// must come is said by required; what comes must be of an authority that counts.
// It is judged in the handshake, and again with every request, by Match: a session
// that is resumed would have passed no judge, so there are none. (threats E4)
// With hints, clients are told the authorities' names.
func (j *Judge) TLS(c *tls.Config, required, hints bool) *tls.Config {
	c.ClientAuth = tls.RequestClientCert
	if required {
		c.ClientAuth = tls.RequireAnyClientCert
	}
	if hints {
		c.ClientCAs = j.Pool()
	}
	c.SessionTicketsDisabled = true
	before := c.VerifyConnection
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if before != nil {
			if err := before(s); err != nil {
				return err
			}
		}
		switch {
		case s.DidResume:
			return errors.New("a session cannot be resumed where certificates count")
		case len(s.PeerCertificates) > 0:
			_, err := j.verified(s.PeerCertificates)
			return err
		case required:
			return errors.New("no certificate")
		}
		return nil
	}
	return c
}

// Match returns whose the leaf of a chain is. The TLS handshake has shown that
// the peer holds its key; the chain is verified here, for the time of the call,
// and account and revocation are looked at each time. (threats K4)
//
// Errors: Denied, whatever is wrong, with a reason and the rest for the
// administrator; Unavailable, only for a certificate that is somebody's, if
// revocation cannot be found out and is hard.
func (j *Judge) Match(ctx context.Context, chain []*x509.Certificate) (Match, error) {
	v, err := j.verified(chain)
	if err != nil {
		return Match{}, err
	}
	found := j.judge(j.snapshot(), v)
	if found.err != nil {
		return Match{}, found.err
	}
	if err := j.revoked(ctx, v); err != nil {
		return Match{}, err
	}
	return found.match, nil
}

// refused is the error for everybody, with what the administrator may know.
func refused(why entente.Reason, err error) error {
	return &entente.Error{Kind: entente.Denied, Text: "the certificate is not accepted", Reason: why, Err: err}
}
