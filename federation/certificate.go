package federation

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"entente"
	"entente/keys"
)

// A Check is one rule, and whether it is kept.
type Check struct {
	Name   string
	Result Result
	Text   string // a sentence
	Remedy string // what to do, if it is not kept
}

// A Result is how a check came out.
type Result string

// The results.
const (
	Passed        Result = "passed"
	Failed        Result = "failed"
	Advised       Result = "advised" // it may be, and another would be better
	NotApplicable Result = "not applicable"
	NotChecked    Result = "not checked"
)

const (
	leastRSA = 2048
	// lifetime is that of the self-signed certificates we make, as Exchange's.
	lifetime = 5 * 365 * 24 * time.Hour
)

// errRules is what makes a certificate unfit, of the checks that failed.
func errRules(thumbprint string, checks []Check) error {
	for _, c := range checks {
		if c.Result == Failed {
			return entente.Errorf(entente.Invalid, "the certificate %s cannot be used for federation: %s %s", thumbprint, c.Text, c.Remedy).Because(BadCertificate)
		}
	}
	return nil
}

// rules checks a certificate for what a federation certificate must be: each
// rule by itself, so that whoever brings one is told all that is wrong with it.
// hasKey says whether its key is at hand.
//
// The certificate authenticates nobody to people, so that neither its subject nor
// its alternative names matter.
func (s *Service) rules(ctx context.Context, c *x509.Certificate, hasKey bool) []Check {
	now := s.Now()
	make := func(name string, ok bool, good, bad, remedy string) Check {
		if ok {
			return Check{name, Passed, good, ""}
		}
		return Check{name, Failed, bad, remedy}
	}
	public, isRSA := c.PublicKey.(*rsa.PublicKey)
	bits := 0
	if isRSA {
		bits = public.N.BitLen()
	}
	const again = "Make a new one: entente federation new-certificate."
	checks := []Check{
		make("RSAKey", isRSA && bits >= leastRSA && bits <= keys.MaxRSA, fmt.Sprintf("The key is RSA of %d bits.", bits),
			fmt.Sprintf("The key is not RSA of %d to %d bits.", leastRSA, keys.MaxRSA), again),
		make("RSASignature", rsaSigned(c.SignatureAlgorithm), fmt.Sprintf("The certificate is signed by %s.", c.SignatureAlgorithm),
			fmt.Sprintf("The certificate is signed by %s.", c.SignatureAlgorithm), "Have it signed by RSA with SHA-256. "+again),
		make("SubjectKeyIdentifier", len(c.SubjectKeyId) > 0, "The certificate has a subject key identifier.",
			"The certificate has no subject key identifier, by which tokens name it.", "Ask the CA for one. "+again),
		make("EnhancedKeyUsage", slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth), "Client authentication (1.3.6.1.5.5.7.3.2) is among its uses.",
			"Client authentication (1.3.6.1.5.5.7.3.2) is not among its enhanced key usages.", "Ask the CA for it. "+again),
		make("Validity", !now.Before(c.NotBefore) && now.Before(c.NotAfter),
			fmt.Sprintf("It is valid until %s.", c.NotAfter.UTC().Format(time.DateOnly)),
			fmt.Sprintf("It is valid from %s until %s, and it is %s.", c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)), again),
		s.revocation(ctx, c),
		make("PrivateKey", hasKey, "Its private key is at hand.", "Its private key is not at hand on this node.", "Import it with its key: entente federation import-certificate."),
		make("ExportablePrivateKey", hasKey, "Its private key can be exported; that is recorded.", "Its private key is not at hand, and so cannot be exported.", "Import it with its key."),
		{"CryptographicProvider", NotApplicable, "CryptoAPI and CNG are Windows'. Keys are kept sealed in the database.", ""},
	}
	if selfSigned(c) {
		return append(checks, Check{"SelfSigned", Passed, "It is self-signed, as is recommended.", ""})
	}
	return append(checks, Check{"SelfSigned", Advised, "It was issued by a CA.", "A self-signed one is recommended: no CA's lapse ends it."})
}

func rsaSigned(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return true
	}
	return false
}

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// A Subject of a new certificate, and what else may be said of it. Nothing needs
// to be.
type NewCertificate struct {
	CommonName           string
	Domains              []string // alternative names
	SubjectKeyIdentifier []byte
	Life                 time.Duration // 0: five years
}

const (
	maxCommonName   = 64 // ub-common-name, RFC 5280
	maxNames        = 100
	maxIdentifier   = 32
	defaultName     = "Federation" // what Exchange calls it
	clockTolerance  = time.Hour    // a new certificate is valid already where clocks are behind
	maxStored       = 16
	maxLife         = 10 * 365 * 24 * time.Hour
	maxRequestBytes = 64 << 10
)

func (n *NewCertificate) check() error {
	if n.CommonName == "" {
		n.CommonName = defaultName
	}
	if n.Life == 0 {
		n.Life = lifetime
	}
	switch {
	case len(n.CommonName) > maxCommonName:
		return entente.Errorf(entente.Invalid, "a common name has at most %d characters", maxCommonName)
	case len(n.Domains) > maxNames:
		return entente.Errorf(entente.TooLarge, "a certificate has at most %d names", maxNames)
	case len(n.SubjectKeyIdentifier) > maxIdentifier:
		return entente.Errorf(entente.Invalid, "a subject key identifier has at most %d bytes", maxIdentifier)
	case n.Life < 24*time.Hour || n.Life > maxLife:
		return entente.Errorf(entente.Invalid, "a certificate is valid for a day to ten years")
	}
	for i, d := range n.Domains {
		name, err := entente.ParseDomain(d)
		if err != nil {
			return entente.Errorf(entente.Invalid, "%q is no domain name", d)
		}
		n.Domains[i] = string(name)
	}
	return nil
}

// selfSign makes a certificate for a key: with a subject key identifier, which
// crypto/x509 gives to CAs only by itself, and for client authentication.
func (n *NewCertificate) selfSign(k keys.CertificateKey, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	ski := n.SubjectKeyIdentifier
	if len(ski) == 0 {
		// RFC 7093 2, method 1
		der, err := x509.MarshalPKIXPublicKey(k.Public())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(der)
		ski = sum[:20]
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: n.CommonName}, DNSNames: n.Domains,
		NotBefore: now.Add(-clockTolerance), NotAfter: now.Add(n.Life),
		SubjectKeyId: ski, SignatureAlgorithm: x509.SHA256WithRSA,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	return x509.CreateCertificate(rand.Reader, t, t, k.Public(), k)
}

// request makes a request for a certificate, PKCS #10.
func (n *NewCertificate) request(k keys.CertificateKey) ([]byte, error) {
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 2}})
	if err != nil {
		return nil, err
	}
	extensions := []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: usage}}
	if len(n.SubjectKeyIdentifier) > 0 {
		ski, err := asn1.Marshal(n.SubjectKeyIdentifier)
		if err != nil {
			return nil, err
		}
		extensions = append(extensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 14}, Value: ski})
	}
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: n.CommonName}, DNSNames: n.Domains,
		SignatureAlgorithm: x509.SHA256WithRSA, ExtraExtensions: extensions,
	}, k)
}

// MakeCertificate makes a self-signed certificate and its key, and returns its
// thumbprint. The trust does not use it until it is made its next one.
func (s *Service) MakeCertificate(ctx context.Context, n NewCertificate) (string, error) {
	st, err := s.makeStored(ctx, n)
	if err != nil {
		return "", err
	}
	return thumbprint(st.Certificate), s.store(ctx, st)
}

func (s *Service) makeStored(ctx context.Context, n NewCertificate) (stored, error) {
	if err := n.check(); err != nil {
		return stored{}, err
	}
	k, err := s.makeKey(ctx)
	if err != nil {
		return stored{}, err
	}
	der, err := n.selfSign(k, s.Now())
	return stored{Certificate: der, Key: k.ID(), Made: s.Now()}, err
}

func (s *Service) makeKey(ctx context.Context) (keys.CertificateKey, error) {
	id, err := s.Ring.Make(ctx, keys.FederationCertificate)
	if err != nil {
		return keys.CertificateKey{}, err
	}
	return s.Ring.CertificateKey(ctx, id)
}

// store keeps a certificate until it is used or forgotten.
func (s *Service) store(ctx context.Context, st stored) error {
	return s.change(ctx, func(d *document) error {
		if len(d.Store) >= maxStored {
			return entente.Errorf(entente.TooLarge, "%d certificates and requests wait to be used; remove one", maxStored)
		}
		d.Store = append(d.Store, st)
		return nil
	})
}

// generation gives a certificate the P-256 keys that come and go with it. The
// signing key is signed by the one that speaks now, if there is one.
func (s *Service) generation(ctx context.Context, st stored, by *usable) (*generation, error) {
	now := s.Now().UTC().Truncate(time.Second)
	g := &generation{Certificate: st.Certificate, Key: st.Key, Since: now}
	var err error
	if g.Agreement, err = s.Ring.Make(ctx, keys.FederationAgreement); err != nil {
		return nil, err
	}
	if g.Speaker, err = s.Ring.Make(ctx, keys.FederationSigning); err != nil {
		return nil, err
	}
	u, err := s.use(ctx, g)
	if err != nil {
		return nil, err
	}
	if u.key == nil || u.agreement == nil || u.speaker == nil {
		return nil, errors.New("keys that were made are not there")
	}
	return g, g.publish(&u, by, now)
}
