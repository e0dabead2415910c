package clientcert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"entente/access"
)

// Limits of what a client can have us look at.
const (
	maxLeaf    = 32 << 10
	maxChain   = 10
	maxAuthors = 64 // certificates of one authority
	minRSA     = 2048
	maxRSA     = 8192
)

// smartCardLogon is the other purpose that signs people in, [MS-PKCA] 3.1.5.2.1.
var smartCardLogon = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}

// sanOID is subjectAltName, RFC 5280 4.2.1.6.
var sanOID = asn1.ObjectIdentifier{2, 5, 29, 17}

// An authority is an Authority made ready.
type authority struct {
	Authority
	roots, between *x509.CertPool
	policies       []x509.OID
	names          map[access.Name]bool // of its certificates
}

func newAuthority(from *Authority) (*authority, error) {
	a := &authority{Authority: *from, roots: x509.NewCertPool(), between: x509.NewCertPool(), names: map[access.Name]bool{}}
	bad := func(format string, args ...any) (*authority, error) {
		return nil, fmt.Errorf("authority %q: %w", a.Name, fmt.Errorf(format, args...))
	}
	switch {
	case a.Name == "" || len(a.Name) > 64:
		return bad("it has no name, or a longer one than 64 bytes")
	case len(a.Certificates) == 0 || len(a.Certificates) > maxAuthors:
		return bad("it has no certificate, or more than %d", maxAuthors)
	case a.None && (len(a.CRLs) > 0 || a.OCSP != ""):
		return bad("revocation is either looked at or not")
	case !a.None && len(a.CRLs) == 0 && a.OCSP == "":
		return bad("nothing says what it has revoked: name a list or a responder, or say that there is none")
	}
	for _, m := range a.Weak {
		if !m.Weak() {
			return bad("%q is no weak mapping: upn, mail, subject", m)
		}
	}
	for _, p := range a.Policies {
		oid, err := x509.ParseOID(p)
		if err != nil {
			return bad("policy %q: %w", p, err)
		}
		a.policies = append(a.policies, oid)
	}
	for _, c := range a.Certificates {
		if !c.IsCA || !c.BasicConstraintsValid {
			return bad("%s is not the certificate of an authority", c.Subject)
		}
		if err := checkKey(c); err != nil {
			return bad("%s: %w", c.Subject, err)
		}
		if n, err := nameOf(c.RawSubject); err == nil {
			a.names[n] = true
		}
		if a.top(c) {
			a.roots.AddCert(c)
		} else {
			a.between.AddCert(c)
		}
	}
	return a, nil
}

// top reports whether chains end at one of the authority's certificates: it has
// signed itself, or who has signed it is not among them.
func (a *authority) top(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil ||
		!slices.ContainsFunc(a.Certificates, func(o *x509.Certificate) bool { return o != c && c.CheckSignatureFrom(o) == nil })
}

// sharedNames are those that several authorities have: what is said of a name
// alone is said of neither.
func sharedNames(all []*authority) map[access.Name]bool {
	seen, shared := map[access.Name]bool{}, map[access.Name]bool{}
	for _, a := range all {
		for n := range a.names {
			if seen[n] {
				shared[n] = true
			}
			seen[n] = true
		}
	}
	return shared
}

// A verified is a leaf whose chain holds, with what it says. It never changes.
type verified struct {
	leaf, issuer *x509.Certificate
	above        []*x509.Certificate // the chain from the issuer up
	authority    *authority
	facts        *facts
	serial       string
	evidence     string
	until        time.Time // when the first of the chain ends
	since        time.Time // when the last begins
}

// verified verifies a chain, or finds that it has done so a moment ago.
func (j *Judge) verified(chain []*x509.Certificate) (*verified, error) {
	if len(chain) == 0 || len(chain) > maxChain || len(chain[0].Raw) > maxLeaf {
		return nil, refused(ReasonChain, errors.New("no certificate, or too much of it"))
	}
	key := sha256.Sum256(chain[0].Raw)
	now := j.now()
	if v := j.seen.get(key, now); v != nil {
		return v, nil
	}
	v, err := j.verify(chain[0], key, now)
	if err != nil {
		return nil, err
	}
	j.seen.put(key, v, now)
	return v, nil
}

// verify finds the authority that has issued a leaf. What else a client sends is
// not looked at.
func (j *Judge) verify(leaf *x509.Certificate, key [32]byte, now time.Time) (*verified, error) {
	err := fmt.Errorf("its issuer %s is not among the authorities that count", leaf.Issuer)
	for _, a := range j.authorities {
		if !slices.ContainsFunc(a.Certificates, func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, leaf.RawIssuer) && leaf.CheckSignatureFrom(c) == nil
		}) {
			continue
		}
		chain, bad := a.verify(leaf, now)
		if bad != nil {
			err = fmt.Errorf("by %s: %w", a.Name, bad)
			continue
		}
		f, bad := readFacts(leaf)
		if bad != nil {
			return nil, refused(ReasonMalformed, bad)
		}
		v := &verified{
			leaf: leaf, issuer: chain[1], above: chain[1:], authority: a, facts: f,
			serial: hex.EncodeToString(leaf.SerialNumber.Bytes()), evidence: hex.EncodeToString(key[:]),
			until: leaf.NotAfter, since: leaf.NotBefore,
		}
		for _, c := range chain {
			if c.NotAfter.Before(v.until) {
				v.until = c.NotAfter
			}
			if c.NotBefore.After(v.since) {
				v.since = c.NotBefore
			}
		}
		return v, nil
	}
	return nil, refused(ReasonChain, err)
}

// verify builds a chain from a leaf to one of the authority's top certificates.
// RFC 5280 6: validity, path length, names and policies. Certificates signed with
// SHA-1 do not verify.
func (a *authority) verify(leaf *x509.Certificate, now time.Time) ([]*x509.Certificate, error) {
	if err := checkLeaf(leaf); err != nil {
		return nil, err
	}
	// crypto/x509 wants a policy only where a certificate of the chain requires one.
	if len(a.policies) > 0 && !slices.ContainsFunc(leaf.Policies, func(p x509.OID) bool { return slices.ContainsFunc(a.policies, p.Equal) }) {
		return nil, errors.New("it has none of the policies that count")
	}
	// Names that others choose are read here, not by crypto/x509, which counts a
	// critical extension that has nothing but a UPN as one that nobody understands.
	known := *leaf
	known.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions), sanOID.Equal)
	chains, err := known.Verify(x509.VerifyOptions{
		Roots: a.roots, Intermediates: a.between, CurrentTime: now, CertificatePolicies: a.policies,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, // checkPurpose knows one that crypto/x509 does not
	})
	if err != nil {
		return nil, err
	}
	err = errors.New("no chain to a certificate of the authority")
	for _, chain := range chains {
		if len(chain) < 2 {
			continue
		}
		if err = checkChain(chain); err == nil {
			return chain, nil
		}
	}
	return nil, err
}

func checkLeaf(c *x509.Certificate) error {
	switch {
	case c.IsCA:
		return errors.New("it is the certificate of an authority")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errors.New("its key is not for signatures (key usage)")
	case c.SerialNumber.Sign() <= 0 || len(c.SerialNumber.Bytes()) > 20:
		return errors.New("its serial number is none") // RFC 5280 4.1.2.2
	}
	return nil
}

func checkChain(chain []*x509.Certificate) error {
	for _, c := range chain {
		if err := checkKey(c); err != nil {
			return fmt.Errorf("%s: %w", c.Subject, err)
		}
	}
	return checkPurpose(chain)
}

// checkPurpose wants all of a chain but its top to be for client authentication,
// or all for smart card logon: the leaf in so many words, those above at least not
// for something else. RFC 5280 4.2.1.12.
func checkPurpose(chain []*x509.Certificate) error {
	for _, has := range []func(*x509.Certificate) bool{
		func(c *x509.Certificate) bool { return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) },
		func(c *x509.Certificate) bool { return slices.ContainsFunc(c.UnknownExtKeyUsage, smartCardLogon.Equal) },
	} {
		open := func(c *x509.Certificate) bool {
			return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
		}
		if has(chain[0]) && !slices.ContainsFunc(chain[1:len(chain)-1], func(c *x509.Certificate) bool { return !has(c) && !open(c) }) {
			return nil
		}
	}
	return errors.New("it is not for client authentication or smart card logon (extended key usage)")
}

// checkKey refuses keys that are too weak, and such as take too long.
func checkKey(c *x509.Certificate) error {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSA || n > maxRSA {
			return fmt.Errorf("an RSA key of %d bits", n)
		}
	case *ecdsa.PublicKey:
		if n := k.Curve.Params().BitSize; n < 256 {
			return fmt.Errorf("a key on a curve of %d bits", n)
		}
	case ed25519.PublicKey:
	default:
		return errors.New("a key of a kind that is not accepted")
	}
	return nil
}

// cache keeps verified chains for a moment: whose they are, and whether they
// were revoked, is asked each time.
type cache struct {
	mu  sync.RWMutex
	now map[[32]byte]*kept
	old map[[32]byte]*kept // what was there before now was full
}

type kept struct {
	*verified
	at time.Time
}

const (
	cacheTime = 5 * time.Minute
	cacheSize = 4096
)

func (c *cache) get(key [32]byte, now time.Time) *verified {
	c.mu.RLock()
	k := c.now[key]
	if k == nil {
		k = c.old[key]
	}
	c.mu.RUnlock()
	if k == nil || now.Before(k.at) || now.Sub(k.at) > cacheTime || now.After(k.until) || now.Before(k.since) {
		return nil
	}
	return k.verified
}

func (c *cache) put(key [32]byte, v *verified, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil || len(c.now) >= cacheSize {
		c.old, c.now = c.now, map[[32]byte]*kept{}
	}
	c.now[key] = &kept{v, now}
}
