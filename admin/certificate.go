package admin

import (
	"context"
	"strings"
	"time"

	"entente"
	"entente/federation"
)

func upper(thumbprint string) string { return strings.ToUpper(strings.ReplaceAll(thumbprint, " ", "")) }

// ListFederationCertificates lists the trust's certificates, those that could
// become its next one, and requests for some.
func (a *API) ListFederationCertificates(context.Context, Nothing) ([]CertificateInfo, error) {
	s, err := a.federated()
	if err != nil {
		return nil, err
	}
	return certificates(s), nil
}

// CertificateName names a certificate.
type CertificateName struct {
	Thumbprint string `json:"thumbprint" arg:"" help:"Its thumbprint; of a request, its id."`
}

// CertificateCheck is one rule for federation certificates, and whether it is
// kept.
type CertificateCheck struct {
	Rule   string `json:"rule"`
	Result string `json:"result"`
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty"`
}

// CheckFederationCertificate checks a certificate against the rules.
func (a *API) CheckFederationCertificate(ctx context.Context, q CertificateName) ([]CertificateCheck, error) {
	s, err := a.federated()
	if err != nil {
		return nil, err
	}
	all, err := s.CertificateChecks(ctx, upper(q.Thumbprint))
	list := make([]CertificateCheck, 0, len(all))
	for _, c := range all {
		list = append(list, CertificateCheck{c.Name, string(c.Result), c.Text, c.Remedy})
	}
	return list, err
}

// NodeCertificate says whether a node can use a certificate.
type NodeCertificate struct {
	Node       string `json:"node"`
	State      string `json:"state"`
	Thumbprint string `json:"thumbprint"`
	Role       string `json:"role"`
	Seen       string `json:"seen,omitempty"`
}

// TestFederationCertificates says of every running node and every certificate of
// the trust whether the node can use it. Test-FederationTrustCertificate.
func (a *API) TestFederationCertificates(ctx context.Context, _ Nothing) ([]NodeCertificate, error) {
	s, err := a.federated()
	if err != nil {
		return nil, err
	}
	all, err := s.NodeCertificates(ctx)
	list := make([]NodeCertificate, 0, len(all))
	for _, c := range all {
		list = append(list, NodeCertificate{c.Node, string(c.State), c.Thumbprint, c.Role, stamp(c.Seen)})
	}
	return list, err
}

// NewFederationCertificate asks for a certificate. Nothing needs to be said: it
// authenticates nobody to people.
type NewFederationCertificate struct {
	CommonName           string   `json:"common_name,omitempty" help:"Its subject; Federation if none is given." placeholder:"NAME"`
	Domains              []string `json:"domains,omitempty" help:"Its alternative names." placeholder:"DOMAIN"`
	SubjectKeyIdentifier string   `json:"subject_key_identifier,omitempty" help:"Hexadecimal; made of the key if none is given." placeholder:"HEX"`
	Days                 int      `json:"days,omitempty" help:"How long it is valid; five years if it is not said."`
}

func (q *NewFederationCertificate) certificate() (n federation.NewCertificate, err error) {
	n = federation.NewCertificate{CommonName: q.CommonName, Domains: q.Domains, Life: time.Duration(bounded(q.Days, 0, 1<<15)) * 24 * time.Hour}
	if q.SubjectKeyIdentifier != "" {
		n.SubjectKeyIdentifier, err = identifier(q.SubjectKeyIdentifier)
	}
	return n, err
}

// CertificateMade is the answer.
type CertificateMade struct {
	Thumbprint string `json:"thumbprint"`
	Request    string `json:"request,omitempty"` // PEM, for a CA
}

// NewFederationCertificate makes a self-signed certificate.
func (a *API) NewFederationCertificate(ctx context.Context, q NewFederationCertificate) (m CertificateMade, err error) {
	n, err := q.certificate()
	if err != nil {
		return m, err
	}
	err = a.trusting(ctx, "new-certificate", nil, func(s *federation.Service) error {
		m.Thumbprint, err = s.MakeCertificate(ctx, n)
		return err
	})
	return m, err
}

// RequestFederationCertificate makes a key, and a request for a CA.
func (a *API) RequestFederationCertificate(ctx context.Context, q NewFederationCertificate) (m CertificateMade, err error) {
	n, err := q.certificate()
	if err != nil {
		return m, err
	}
	err = a.trusting(ctx, "request-certificate", nil, func(s *federation.Service) error {
		text, err := s.Request(ctx, n)
		m.Request = string(text)
		return err
	})
	return m, err
}

// CertificateFile is a certificate from elsewhere.
type CertificateFile struct {
	Content  []byte `json:"content" kong:"-"`
	Password string `json:"password,omitempty" kong:"-"`
}

// ImportFederationCertificate keeps a certificate with its key, from PKCS #12 or
// PEM.
func (a *API) ImportFederationCertificate(ctx context.Context, q CertificateFile) (m CertificateMade, err error) {
	err = a.trusting(ctx, "import-certificate", nil, func(s *federation.Service) error {
		m.Thumbprint, err = s.Import(ctx, q.Content, entente.NewSecret(q.Password))
		return err
	})
	return m, err
}

// CompleteFederationCertificate keeps the certificate that a CA made of a request.
func (a *API) CompleteFederationCertificate(ctx context.Context, q CertificateFile) (m CertificateMade, err error) {
	err = a.trusting(ctx, "complete-certificate", nil, func(s *federation.Service) error {
		m.Thumbprint, err = s.Complete(ctx, q.Content)
		return err
	})
	return m, err
}

// ExportFederationCertificate asks for a certificate with its key.
type ExportFederationCertificate struct {
	CertificateName
	Reason   string `json:"reason" help:"Why; it is recorded." required:""`
	Password string `json:"password" kong:"-"`
}

// ExportedCertificate is PKCS #12 under the password.
type ExportedCertificate struct {
	Content []byte `json:"content"`
}

// ExportFederationCertificate gives a certificate out with its key.
func (a *API) ExportFederationCertificate(ctx context.Context, q ExportFederationCertificate) (x ExportedCertificate, err error) {
	if q.Reason == "" {
		return x, entente.Errorf(entente.Invalid, "say why")
	}
	thumbprint := upper(q.Thumbprint)
	err = a.trusting(ctx, "export-certificate", []string{thumbprint, q.Reason}, func(s *federation.Service) error {
		x.Content, err = s.Export(ctx, thumbprint, entente.NewSecret(q.Password), q.Reason)
		return err
	})
	return x, err
}

// RemoveFederationCertificate forgets a certificate that is not the trust's, or a
// request.
func (a *API) RemoveFederationCertificate(ctx context.Context, q CertificateName) (Done, error) {
	name := q.Thumbprint
	if len(name) == 40 {
		name = upper(name)
	}
	err := a.trusting(ctx, "remove-certificate", []string{name}, func(s *federation.Service) error { return s.Discard(ctx, name) })
	return Done{"it is gone, and its key is wiped"}, err
}

// NextFederationCertificate makes a certificate the trust's next one.
func (a *API) NextFederationCertificate(ctx context.Context, q CertificateName) (Done, error) {
	thumbprint := upper(q.Thumbprint)
	err := a.trusting(ctx, "next-certificate", []string{thumbprint}, func(s *federation.Service) error { return s.SetNext(ctx, thumbprint) })
	return Done{thumbprint + " is the next certificate; it is used once it is published"}, err
}

// PublishFederationCertificate has the next certificate used.
func (a *API) PublishFederationCertificate(ctx context.Context, _ Nothing) (Done, error) {
	err := a.trusting(ctx, "publish", nil, func(s *federation.Service) error { return s.Publish(ctx) })
	return Done{"the next certificate is in use; the one before opens tokens until the last of them has expired"}, err
}
