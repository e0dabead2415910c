package federation

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"entente"
	"entente/db"
	"entente/keys"
)

// A CertificateInfo is a certificate that is kept, and what it is to the trust.
type CertificateInfo struct {
	*x509.Certificate
	Thumbprint string
	Role       string // Current, Next, Previous; Stored: none yet
	Since      time.Time
	Until      time.Time // of a previous one
	From       time.Time // when a next one is used, once that is settled
	Told       time.Time // when the broker was told of a next one
	Hurts      string    // what keeps a next one from being used
}

// Certificates are the trust's and those that wait to be used.
func (s *Service) Certificates() []CertificateInfo {
	v := s.view.Load()
	var all []CertificateInfo
	for i := range v.usable {
		u := &v.usable[i]
		all = append(all, CertificateInfo{
			u.certificate, u.thumbprint(), v.document.role(u.thumbprint()), u.Since, u.Until, u.From, u.Told, u.Hurts,
		})
	}
	for _, st := range v.document.Store {
		if c, err := x509.ParseCertificate(st.Certificate); err == nil {
			all = append(all, CertificateInfo{Certificate: c, Thumbprint: thumbprint(st.Certificate), Role: "Stored", Since: st.Made})
		}
	}
	return all
}

// CertificateChecks checks a certificate that is kept against the rules.
func (s *Service) CertificateChecks(ctx context.Context, thumb string) ([]Check, error) {
	for _, c := range s.Certificates() {
		if c.Thumbprint == thumb {
			has, err := s.hasKey(ctx, thumb, c.Certificate)
			if err != nil {
				return nil, err
			}
			return s.rules(ctx, c.Certificate, has), nil
		}
	}
	return nil, noCertificate(thumb)
}

// hasKey reports whether a certificate's key is at hand on this node, and is its
// key.
func (s *Service) hasKey(ctx context.Context, thumb string, c *x509.Certificate) (bool, error) {
	id := ""
	if u := s.view.Load().find(thumb); u != nil {
		id = u.Key
	} else if st, ok := s.stored(thumb); ok {
		id = st.Key
	}
	k, err := s.Ring.CertificateKey(ctx, id)
	if err != nil {
		if db.IsUnavailable(err) || ctx.Err() != nil {
			return false, err
		}
		return false, nil
	}
	return samePublic(k.Public(), c.PublicKey), nil
}

func samePublic(a, b crypto.PublicKey) bool {
	x, ok := a.(*rsa.PublicKey)
	return ok && x.Equal(b)
}

// maxImport bounds a file with a certificate.
const maxImport = 64 << 10

// Import keeps a certificate with its key, from PKCS #12 with its password or from
// PEM. It must keep the rules.
func (s *Service) Import(ctx context.Context, file []byte, password entente.Secret) (thumb string, err error) {
	if len(file) > maxImport {
		return "", entente.Errorf(entente.TooLarge, "a certificate and its key have at most %d KiB", maxImport>>10)
	}
	private, c, err := readPair(file, password)
	if err != nil {
		return "", err
	}
	thumb = thumbprint(c.Raw)
	if slices.ContainsFunc(s.Certificates(), func(x CertificateInfo) bool { return x.Thumbprint == thumb }) {
		return "", entente.Errorf(entente.Conflict, "The certificate %s is kept already.", thumb)
	}
	if err := errRules(thumb, s.rules(ctx, c, samePublic(private.Public(), c.PublicKey))); err != nil {
		return "", err
	}
	id, err := s.Ring.ImportRSA(ctx, private)
	if err != nil {
		return "", err
	}
	return thumb, s.store(ctx, stored{Certificate: c.Raw, Key: id, Made: s.Now()})
}

// readPair reads a certificate and its RSA key. The parsers' errors are not
// passed on: they may show the input.
func readPair(file []byte, password entente.Secret) (*rsa.PrivateKey, *x509.Certificate, error) {
	private, c, err := readPEM(file)
	if errors.Is(err, errNoPEM) {
		var k any
		if k, c, _, err = pkcs12.DecodeChain(file, password.Reveal()); errors.Is(err, pkcs12.ErrIncorrectPassword) {
			return nil, nil, entente.Errorf(entente.Invalid, "The password does not open the file.")
		}
		private, _ = k.(*rsa.PrivateKey)
	}
	switch {
	case err != nil || c == nil:
		return nil, nil, entente.Errorf(entente.Invalid, "The file is neither PKCS #12 nor PEM with a certificate and its key.").Because(BadCertificate)
	case private == nil:
		return nil, nil, entente.Errorf(entente.Invalid, "The file has no RSA key for its certificate.").Because(BadCertificate)
	}
	return private, c, nil
}

var errNoPEM = errors.New("no PEM")

// readPEM reads the first certificate and the first key.
func readPEM(file []byte) (private *rsa.PrivateKey, c *x509.Certificate, err error) {
	if !bytes.Contains(file, []byte("-----BEGIN ")) {
		return nil, nil, errNoPEM
	}
	for rest := file; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return private, c, nil
		}
		switch block.Type {
		case "CERTIFICATE":
			if c == nil {
				if c, err = x509.ParseCertificate(block.Bytes); err != nil {
					return nil, nil, err
				}
			}
		case "PRIVATE KEY":
			k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, nil, err
			}
			private, _ = k.(*rsa.PrivateKey)
		case "RSA PRIVATE KEY":
			if private, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
				return nil, nil, err
			}
		}
	}
}

// Request makes a key and a request for a certificate (PKCS #10, in PEM), which a
// CA answers; Complete takes the answer.
func (s *Service) Request(ctx context.Context, n NewCertificate) ([]byte, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	k, err := s.makeKey(ctx)
	if err != nil {
		return nil, err
	}
	der, err := n.request(k)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	return text, s.store(ctx, stored{Request: der, Key: k.ID(), Made: s.Now()})
}

// Complete keeps the certificate that a CA made from a request.
func (s *Service) Complete(ctx context.Context, file []byte) (thumb string, err error) {
	if len(file) > maxImport {
		return "", entente.Errorf(entente.TooLarge, "a certificate has at most %d KiB", maxImport>>10)
	}
	der := file
	if block, _ := pem.Decode(file); block != nil {
		der = block.Bytes
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return "", entente.Errorf(entente.Invalid, "The file is no certificate.").Because(BadCertificate)
	}
	request := -1
	d := s.view.Load().document
	for i, st := range d.Store {
		if st.Request == nil {
			continue
		}
		if r, err := x509.ParseCertificateRequest(st.Request); err == nil && samePublic(r.PublicKey, c.PublicKey) {
			request = i
		}
	}
	if request < 0 {
		return "", entente.Errorf(entente.NotFound, "The certificate is for no request of this organization; import it with its key.").Because(BadCertificate)
	}
	thumb, key := thumbprint(c.Raw), d.Store[request].Key
	if err := errRules(thumb, s.rules(ctx, c, true)); err != nil {
		return "", err
	}
	return thumb, s.change(ctx, func(d *document) error {
		for i := range d.Store {
			if d.Store[i].Key == key && d.Store[i].Request != nil {
				d.Store[i] = stored{Certificate: c.Raw, Key: key, Made: s.Now()}
				return nil
			}
		}
		return entente.Errorf(entente.Conflict, "the request was answered or removed meanwhile")
	})
}

// Discard forgets a certificate that waits to be used, and its key; or, by the id
// of its key, a request.
func (s *Service) Discard(ctx context.Context, name string) error {
	key := ""
	err := s.change(ctx, func(d *document) error {
		key = ""
		d.Store = slices.DeleteFunc(d.Store, func(st stored) bool {
			found := st.Certificate != nil && thumbprint(st.Certificate) == name || st.Request != nil && st.Key == name
			if found {
				key = st.Key
			}
			return found
		})
		if key == "" {
			if slices.ContainsFunc(d.generations(), func(g *generation) bool { return g.thumbprint() == name }) {
				return entente.Errorf(entente.Conflict, "The certificate %s is the trust's, and is not removed.", name)
			}
			return noCertificate(name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.Ring.Forget(ctx, keys.FederationCertificate, key)
}

// A CertificateRequest waits for its certificate.
type CertificateRequest struct {
	Key  string
	Made time.Time
	PEM  []byte
}

// Requests are those that wait for their certificates.
func (s *Service) Requests() (all []CertificateRequest) {
	for _, st := range s.view.Load().document.Store {
		if st.Request != nil {
			all = append(all, CertificateRequest{st.Key, st.Made, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: st.Request})})
		}
	}
	return all
}

const leastPassword = 12

// Export returns a certificate with its key as PKCS #12 under a password. It is
// recorded before it is done.
func (s *Service) Export(ctx context.Context, thumb string, password entente.Secret, reason string) (file []byte, err error) {
	if len(password.Reveal()) < leastPassword {
		return nil, entente.Errorf(entente.Invalid, "a password of at least %d characters is needed", leastPassword)
	}
	var id string
	var der []byte
	if u := s.view.Load().find(thumb); u != nil {
		id, der = u.Key, u.Certificate
	} else if st, ok := s.stored(thumb); ok {
		id, der = st.Key, st.Certificate
	} else {
		return nil, noCertificate(thumb)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	err = s.Ring.Export(ctx, keys.Export{Purpose: keys.FederationCertificate, ID: id, Reason: reason}, func(key []byte) error {
		k, err := x509.ParsePKCS8PrivateKey(key)
		if err != nil {
			return errors.New("the private key cannot be read")
		}
		file, err = pkcs12.Modern2023.Encode(k, c, nil, password.Reveal())
		return err
	})
	return file, err
}
