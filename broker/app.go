package broker

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"entente"
	"entente/db"
	"entente/federation/brokerapi"
	"entente/federation/jose"
)

// An app is an organization as the broker knows it.
type app struct {
	id        entente.AppID
	adminKey  [sha256.Size]byte
	contact   string
	keys      appKeys
	uris      []string
	compat    compat
	suspended bool
	created   time.Time
}

// compat says what of older software is accepted of an organization.
type compat int64

const (
	strict       compat = iota
	unsignedBody        // the body of a request for a token need not be signed
	legacySuites        // and signatures may be by SHA-1
)

// appKeys are an organization's keys and when each is used, as kept.
type appKeys struct {
	Current  keySet    `json:"current"`
	Next     *keySet   `json:"next,omitempty"`
	From     time.Time `json:"from,omitzero"` // when the next are used; zero: that is not known yet
	Previous *keySet   `json:"previous,omitempty"`
	Until    time.Time `json:"until,omitzero"` // of the previous
	Recovery *recovery `json:"recovery,omitempty"`
}

// A keySet is a certificate and the P-256 keys that go with it. Who has no such
// keys gets SAML tokens only.
type keySet struct {
	Certificate []byte        `json:"certificate"`
	Signing     brokerapi.Key `json:"signing,omitzero"`
	Encryption  brokerapi.Key `json:"encryption,omitzero"`
}

// A recovery waits for its nonce to stand in DNS.
type recovery struct {
	Domain      entente.Domain    `json:"domain"`
	Nonce       string            `json:"nonce"`
	Certificate [sha256.Size]byte `json:"certificate"`
	Until       time.Time         `json:"until"`
}

// at returns the keys as they are used at a time: what was said in advance
// happens by itself, at every node in the same instant.
func (k appKeys) at(now time.Time) appKeys {
	if k.Next != nil && !k.From.IsZero() && !now.Before(k.From) {
		current := k.Current
		k.Previous, k.Until = &current, k.From.Add(keptFor)
		k.Current, k.Next, k.From = *k.Next, nil, time.Time{}
	}
	if k.Previous != nil && !now.Before(k.Until) {
		k.Previous, k.Until = nil, time.Time{}
	}
	if k.Recovery != nil && !now.Before(k.Recovery.Until) {
		k.Recovery = nil
	}
	return k
}

// sets are those that may still be used, the current one first.
func (k appKeys) sets() []*keySet {
	all := []*keySet{&k.Current}
	if k.Previous != nil {
		all = append(all, k.Previous)
	}
	return all
}

// certificates are those that a request may be signed by: the current and the
// previous one. One that has expired verifies nothing.
func (k appKeys) certificates(now time.Time) (all []*x509.Certificate) {
	for _, s := range k.sets() {
		if c, err := s.certificate(); err == nil && inTime(c, now) {
			all = append(all, c)
		}
	}
	return all
}

// signers are the P-256 keys that a request for a JWT may be signed by. They end
// with the certificate that they came with.
func (k appKeys) signers(now time.Time) (all []*ecdsa.PublicKey) {
	for _, s := range k.sets() {
		if c, err := s.certificate(); err != nil || !inTime(c, now) {
			continue
		}
		if p, err := s.Signing.ECDSA(); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func (s *keySet) certificate() (*x509.Certificate, error) {
	return x509.ParseCertificate(s.Certificate)
}

// encryption is the key that JWTs are encrypted to, nil if there is none.
func (s *keySet) encryption() *ecdh.PublicKey {
	if s.Encryption.IsZero() {
		return nil
	}
	k, err := s.Encryption.ECDH()
	if err != nil {
		return nil
	}
	return k
}

func inTime(c *x509.Certificate, now time.Time) bool {
	return !now.Before(c.NotBefore) && now.Before(c.NotAfter)
}

// fingerprint names a certificate in the log: SHA-256 of its DER.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func readApp(row interface{ Scan(...any) error }) (*app, error) {
	a := &app{}
	var sum []byte
	var keys, uris string
	var created int64
	if err := row.Scan(&a.id, &sum, &a.contact, &keys, &uris, &a.compat, &a.suspended, &created); err != nil {
		return nil, err
	}
	a.created = time.Unix(created, 0).UTC()
	copy(a.adminKey[:], sum)
	err := errors.Join(json.Unmarshal([]byte(keys), &a.keys), json.Unmarshal([]byte(uris), &a.uris))
	if err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("application %s: %w", a.id, err)
	}
	return a, nil
}

// loadApp returns an application, nil if there is none.
func loadApp(tx *db.Tx, id entente.AppID) (*app, error) {
	a, err := readApp(tx.QueryRow(`SELECT app, admin_key, contact, keys, uris, compat, suspended, created FROM broker_app WHERE app = $1`, string(id)))
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	return a, err
}

// store keeps an application, and that it was heard of.
func (a *app) store(tx *db.Tx, now time.Time) error {
	keys, uris, err := a.texts()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE broker_app SET keys = $2, uris = $3, compat = $4, suspended = $5, used = $6 WHERE app = $1`,
		string(a.id), keys, uris, a.compat, a.suspended, now.Unix())
	return err
}

func (a *app) insert(tx *db.Tx, source string) error {
	keys, uris, err := a.texts()
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO broker_app (app, admin_key, contact, keys, uris, compat, suspended, created, source, used)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8)`,
		string(a.id), a.adminKey[:], a.contact, keys, uris, a.compat, a.suspended, a.created.Unix(), source)
	return err
}

func (a *app) texts() (keys, uris string, err error) {
	k, err := json.Marshal(a.keys)
	if err != nil {
		return "", "", err
	}
	u, err := json.Marshal(a.uris)
	return string(k), string(u), err
}

// uriPrefix is what Exchange puts before the account namespace.
const (
	uriPrefix       = "FYDIBOHF25SPDLT."
	maxAccountSpace = 32 // characters of a domain that is an account namespace
)

// parseURI reads an application URI, and the domain it is of.
func parseURI(s string) (uri string, d entente.Domain, err error) {
	if len(s) < len(uriPrefix) || !strings.EqualFold(s[:len(uriPrefix)], uriPrefix) {
		return "", "", refuse(entente.Invalid, brokerapi.InvalidURI, "an application URI is "+uriPrefix+"DOMAIN")
	}
	d, err = entente.ParseDomain(s[len(uriPrefix):])
	if err != nil || len(d) > maxAccountSpace {
		return "", "", refuse(entente.Invalid, brokerapi.InvalidURI, "the domain of an application URI is a DNS name of at most 32 characters")
	}
	return uriPrefix + string(d), d, nil
}

// Sizes of the RSA keys that are taken.
const minRSA, maxRSA = 2048, 4096

// checkCertificate says which rule a certificate breaks, of those that a broker
// can check. That it is not revoked and that its key is at hand is known to who
// has it; no URL of a certificate is visited.
func checkCertificate(der []byte, now time.Time) (*x509.Certificate, error) {
	bad := func(text string) (*x509.Certificate, error) {
		return nil, refuse(entente.Invalid, brokerapi.InvalidCertificate, text)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return bad("it is not a certificate")
	}
	key, ok := c.PublicKey.(*rsa.PublicKey)
	switch {
	case !ok || key.N.BitLen() < minRSA || key.N.BitLen() > maxRSA:
		return bad("the certificate's key must be RSA, of 2048 to 4096 bits")
	case !signedByRSA(c.SignatureAlgorithm):
		return bad("the certificate must be signed by RSA with SHA-256 or better")
	case len(c.SubjectKeyId) == 0 || len(c.SubjectKeyId) > 64:
		return bad("the certificate must have a subject key identifier: tokens are encrypted to it by that name")
	case !forClients(c):
		return bad("the certificate must be for client authentication (1.3.6.1.5.5.7.3.2)")
	case now.Add(5 * time.Minute).Before(c.NotBefore):
		return bad("the certificate is not valid yet")
	case !now.Before(c.NotAfter):
		return bad("the certificate has expired")
	}
	return c, nil
}

func signedByRSA(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return true
	}
	return false
}

func forClients(c *x509.Certificate) bool {
	for _, u := range c.ExtKeyUsage {
		if u == x509.ExtKeyUsageClientAuth {
			return true
		}
	}
	return false
}

// checkKeys refuses P-256 keys that are none. Both or neither are given.
func checkKeys(signing, encryption brokerapi.Key) error {
	if signing == (jose.Key{}) && encryption == (jose.Key{}) {
		return nil
	}
	_, err1 := signing.ECDSA()
	_, err2 := encryption.ECDH()
	if errors.Join(err1, err2) != nil {
		return refuse(entente.Invalid, brokerapi.InvalidCertificate, "the signing and the encryption key must both be keys on P-256")
	}
	return nil
}
