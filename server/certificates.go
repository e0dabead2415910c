package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/authn"
	"entente/authn/clientcert"
	"entente/outgoing"
)

// ClientsConfig says which client certificates sign people in.
type ClientsConfig struct {
	Authorities []AuthorityConfig `yaml:"authorities" doc:"The CAs whose certificates count."`
	NoHints     bool              `yaml:"no_hints,omitempty" doc:"Do not tell clients the names of the CAs. Default false: they then know which certificate to offer."`
	Networks    []string          `yaml:"networks,omitempty" doc:"Networks in which lists and responders may be although they are not public. Default: the private ones, and the addresses that stand in crl and ocsp."`
}

// AuthorityConfig is a CA whose client certificates count.
type AuthorityConfig struct {
	Name       string   `yaml:"name" doc:"For records and messages."`
	Files      []string `yaml:"files" doc:"PEM files with its certificate and those above it. Only what one of these has itself issued counts: name every issuing CA."`
	SANURI     bool     `yaml:"san_uri,omitempty" doc:"Whether SIDs in SAN URIs (tag:microsoft.com,2022-09-14:sid:) count: only for CAs that do not let people choose their names. Default false."`
	Weak       []string `yaml:"weak,omitempty" doc:"Weak mappings that count: upn, mail, subject. Whoever can get a certificate with somebody's name then is that one. Default none."`
	Policies   []string `yaml:"policies,omitempty" doc:"OIDs of certificate policies, of which a certificate must have one. Default: any or none."`
	CRL        []string `yaml:"crl,omitempty" doc:"Where its lists of revoked certificates are: URLs, or files by their absolute paths. What certificates name is never visited."`
	OCSP       string   `yaml:"ocsp,omitempty" doc:"URL of its OCSP responder."`
	Revocation string   `yaml:"revocation,omitempty" doc:"What if it cannot be found out whether a certificate was revoked: hard refuses it, soft lets it count. none, without crl and ocsp: there is nowhere to ask. Default hard."`
}

// Values of revocation.
const (
	revocationHard = "hard"
	revocationSoft = "soft"
	revocationNone = "none"
)

func (c *ClientsConfig) check() error {
	var errs []error
	if len(c.Authorities) == 0 {
		errs = append(errs, errors.New("authorities: name a CA whose certificates count"))
	}
	for i := range c.Authorities {
		if err := c.Authorities[i].check(); err != nil {
			errs = append(errs, fmt.Errorf("authorities: %s: %w", c.Authorities[i].Name, err))
		}
	}
	if _, err := networks(c.Networks); err != nil {
		errs = append(errs, fmt.Errorf("networks: %w", err))
	}
	return errors.Join(errs...)
}

func (c *AuthorityConfig) check() error {
	if c.Name == "" || len(c.Files) == 0 {
		return errors.New("a name and files with its certificates")
	}
	for _, m := range c.Weak {
		if !clientcert.Mapping(m).Weak() {
			return fmt.Errorf("weak: %q is none of upn, mail, subject", m)
		}
	}
	for _, s := range c.CRL {
		if !filepath.IsAbs(s) && !isWebURL(s) {
			return fmt.Errorf("crl: %q is neither a URL nor an absolute path", s)
		}
	}
	if c.OCSP != "" && !isWebURL(c.OCSP) {
		return fmt.Errorf("ocsp: %q is no URL", c.OCSP)
	}
	somewhere := len(c.CRL) > 0 || c.OCSP != ""
	switch c.Revocation {
	case "", revocationHard, revocationSoft:
		if !somewhere {
			return errors.New("crl or ocsp: say where it tells what it has revoked, or revocation: none")
		}
	case revocationNone:
		if somewhere {
			return errors.New("revocation: none is for a CA without crl and ocsp")
		}
	default:
		return fmt.Errorf("revocation: %q is none of hard, soft, none", c.Revocation)
	}
	return nil
}

// isWebURL takes http too: lists and answers are signed by their CA.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.Fragment == ""
}

// authority reads the certificates of a CA.
func (c *AuthorityConfig) authority() (clientcert.Authority, error) {
	a := clientcert.Authority{
		Name: c.Name, SANURI: c.SANURI, Policies: c.Policies,
		Revocation: clientcert.Revocation{
			CRLs: c.CRL, OCSP: c.OCSP, Soft: c.Revocation == revocationSoft, None: c.Revocation == revocationNone,
		},
	}
	for _, m := range c.Weak {
		a.Weak = append(a.Weak, clientcert.Mapping(m))
	}
	for _, file := range c.Files {
		all, err := readCertificates(file)
		if err != nil {
			return a, err
		}
		a.Certificates = append(a.Certificates, all...)
	}
	return a, nil
}

// readCertificates reads all certificates of a PEM file.
func readCertificates(file string) (all []*x509.Certificate, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%s has something else in it than certificates: %s", file, block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no certificate in it", file)
	}
	return all, nil
}

// judge makes the judge of a listener's client certificates: of its own CAs and
// never of the system's. It has to be run.
func (s *Server) judge(c *ClientsConfig, snapshot func() *access.Snapshot) (*clientcert.Judge, error) {
	j, err := s.newJudge(c, snapshot)
	if err == nil {
		s.judges = append(s.judges, j)
	}
	return j, err
}

func (s *Server) newJudge(c *ClientsConfig, snapshot func() *access.Snapshot) (*clientcert.Judge, error) {
	var authorities []clientcert.Authority
	for i := range c.Authorities {
		a, err := c.Authorities[i].authority()
		if err != nil {
			return nil, err
		}
		authorities = append(authorities, a)
	}
	rule, err := c.rule()
	if err != nil {
		return nil, err
	}
	client := outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.Revocation: rule}, nil).HTTPClient(outgoing.Revocation)
	j, err := clientcert.New(clientcert.Config{
		Authorities: authorities, Snapshot: snapshot, Now: s.options.Now,
		Fetch: func(ctx context.Context, url string, body []byte) ([]byte, error) {
			return fetchRevocation(ctx, client, url, body)
		},
		Noted: func(source string, err error) {
			if err == nil {
				s.log.Info("revocations can be had again", "source", source)
			} else if s.complaints.fresh("revocation\x00"+source, s.options.Now()) {
				s.log.Warn("revocations cannot be had", "source", source, "err", err)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return j, s.metrics.registerLists(j)
}

// maxRevocation bounds what a list may be, and a little more, so that a larger one
// is told as that.
const maxRevocation = 10<<20 + 1

// rule says where lists and responders may be: they are inside, as a rule.
func (c *ClientsConfig) rule() (outgoing.Rule, error) {
	allow, err := networks(c.Networks)
	if err != nil {
		return outgoing.Rule{}, err
	}
	if len(c.Networks) == 0 {
		allow = privateNetworks()
	}
	for i := range c.Authorities {
		for _, s := range append([]string{c.Authorities[i].OCSP}, c.Authorities[i].CRL...) {
			if u, err := url.Parse(s); err == nil {
				if a, ok := literal(u.Hostname()); ok {
					allow = append(allow, netip.PrefixFrom(a, a.BitLen()))
				}
			}
		}
	}
	return outgoing.Rule{Allow: allow, PlainHTTP: true, Body: maxRevocation, PerHost: 32}, nil
}

// fetchRevocation gets a list, or with a body asks an OCSP responder. RFC 6960
// A.1.
func fetchRevocation(ctx context.Context, client *http.Client, url string, body []byte) ([]byte, error) {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/ocsp-request")
	}
	a, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Body.Close() }()
	if a.StatusCode != http.StatusOK {
		return nil, errors.New(a.Status)
	}
	return io.ReadAll(a.Body)
}

// openClients makes the judge of this server's own listener.
func (s *Server) openClients(context.Context) (err error) {
	if c := s.config.TLS.Clients; c != nil {
		s.clients, err = s.judge(c, s.Directory.Snapshot)
	}
	return err
}

// certificateMethod takes client certificates, if any count here. It stands after
// what looks at the Authorization header.
func (s *Server) certificateMethod() authn.Methods {
	if s.clients == nil {
		return nil
	}
	return s.methodOf(s.clients)
}

// methodOf takes client certificates as a judge has them.
func (s *Server) methodOf(j *clientcert.Judge) authn.Methods {
	return authn.Methods{&authn.Certificate{
		Judge: j, Snapshot: s.Directory.Snapshot,
		Refused: func(serial, why string) {
			if s.complaints.fresh("certificate\x00"+why, s.options.Now()) {
				s.log.Warn("a certificate is turned away", "serial", serial, "why", why, "see", "entente account certificate FILE")
			}
		},
	}}
}

// askCertificates has the listener ask for certificates, as long as one of this
// server's virtual directories takes them.
func (s *Server) askCertificates(public *tls.Config) *tls.Config {
	if s.clients == nil {
		return public
	}
	asking := s.clients.TLS(public.Clone(), false, !s.config.TLS.Clients.NoHints)
	public.SessionTicketsDisabled = true
	public.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if s.Door.Takes(access.Certificate) {
			return asking, nil
		}
		return nil, nil
	}
	return public
}

// certificatesAdmin explains certificates to administrators, as the listener does
// that knows most of them.
type certificatesAdmin struct{ s *Server }

func (c certificatesAdmin) Explain(ctx context.Context, leaf *x509.Certificate) (admin.CertificateAnswer, error) {
	if len(c.s.judges) == 0 {
		return admin.CertificateAnswer{}, entente.Errorf(entente.NotFound,
			"no client certificates count at this server: authorities in tls.clients, or of the gateway's listeners, say whose do")
	}
	var e clientcert.Explanation
	for i, j := range c.s.judges {
		x := j.Explain(ctx, leaf)
		if i == 0 || x.Err == nil || e.Authority == "" {
			e = x
		}
		if e.Err == nil {
			break
		}
	}
	a := admin.CertificateAnswer{
		Account: string(e.Match.Account.UPN), Accepted: e.Err == nil, Mapping: string(e.Match.Mapping), Weak: e.Match.Weak(), Authority: e.Authority,
		Remedies: e.Remedies, Subject: e.Subject, Issuer: e.Issuer, Serial: e.Serial, SHA256: e.Evidence, NotBefore: e.NotBefore, NotAfter: e.NotAfter,
		Findings: []admin.CertificateFinding{},
	}
	if e.Err != nil {
		a.Why = e.Err.Error()
	}
	for _, f := range e.Findings {
		a.Findings = append(a.Findings, admin.CertificateFinding{
			Mapping: string(f.Mapping), Fact: f.Fact, Account: f.Account, Counts: f.Counts, Says: f.Says,
		})
	}
	return a, nil
}
