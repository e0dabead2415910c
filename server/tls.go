package server

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"entente/keys"
)

// tlsConfig has the certificates of the HTTPS listener: those of the
// configuration, an ACME authority's, or ones generated and signed by a CA of
// this node. crypto/tls picks the one that fits the client's hello, so ECDSA
// serves all that know it and RSA the old devices, at four times the cost.
func (s *Server) tlsConfig(ctx context.Context) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if a := s.config.TLS.ACME; a != nil {
		m := s.acme(a)
		conf.GetCertificate = m.GetCertificate
		conf.NextProtos = append(conf.NextProtos, acme.ALPNProto)
		return conf, nil
	}
	var err error
	if conf.Certificates, err = loadPairs(s.config.TLS.Certificates); err != nil {
		return nil, err
	}
	if conf.Certificates == nil {
		if conf.Certificates, err = s.generated(ctx); err != nil {
			return nil, fmt.Errorf("generate certificate: %w", err)
		}
	}
	return conf, nil
}

func (s *Server) acme(a *ACMEConfig) *autocert.Manager {
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(s.config.State, "acme")),
		HostPolicy: autocert.HostWhitelist(a.Names...),
		Email:      a.Email,
		Client:     &acme.Client{DirectoryURL: a.Directory, HTTPClient: s.dialer().HTTPClient(purposeACME)},
	}
	if a.Directory == "" {
		m.Client.DirectoryURL = acme.LetsEncryptURL
	}
	return m
}

// loadPairs reads certificates with their keys.
func loadPairs(of []CertificateConfig) (all []tls.Certificate, err error) {
	for _, f := range of {
		if err := privateFile(f.Key); err != nil {
			return nil, err
		}
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s: %w", f.Cert, err)
		}
		all = append(all, pair)
	}
	return all, nil
}

// privateFile refuses a key or password that others may read.
func privateFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o; others could read it: chmod 0400 %s", path, info.Mode().Perm(), path)
	}
	return nil
}

const (
	generatedLife = 397 * 24 * time.Hour // what browsers still take
	caLife        = 10 * 365 * 24 * time.Hour
	caFile        = "ca.pem"
)

// CAFile is where the certificate of this node's own CA lies, for clients to
// trust; it exists once certificates were generated.
func (s *Server) CAFile() string { return filepath.Join(s.config.State, caFile) }

// MakeCA makes the CA of a node's own, if there is none, and returns the file with
// its certificate: for servers that are to trust each other before either runs.
func MakeCA(ctx context.Context, c Config, o Options) (file string, err error) {
	err = offline(ctx, c, o, func(s *Server) error {
		key, err := s.files.Signer("ca", keys.ECDSA)
		if err != nil {
			return err
		}
		file = s.CAFile()
		_, err = s.ownCA(key)
		return err
	})
	return file, err
}

// generated returns an ECDSA and an RSA certificate for the configured name,
// signed by this node's CA. The leaves are made anew at every start; the CA
// stays, so that clients trust it once.
func (s *Server) generated(ctx context.Context) ([]tls.Certificate, error) {
	caKey, err := s.files.Signer("ca", keys.ECDSA)
	if err != nil {
		return nil, err
	}
	ca, err := s.ownCA(caKey)
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	var certs []tls.Certificate
	for _, k := range []struct {
		name string
		kind keys.Algorithm
	}{{"tls-ecdsa", keys.ECDSA}, {"tls-rsa", keys.RSA}} {
		key, err := s.files.Signer(k.name, k.kind)
		if err != nil {
			return nil, err
		}
		leaf, err := s.leaf(ca, caKey, key, names)
		if err != nil {
			return nil, err
		}
		certs = append(certs, tls.Certificate{Certificate: [][]byte{leaf, ca.Raw}, PrivateKey: key})
	}
	return certs, nil
}

// ownCA returns the CA's certificate, made if there is none or if it does not
// belong to the key or nears its end.
func (s *Server) ownCA(key crypto.Signer) (*x509.Certificate, error) {
	if c := readCertificate(s.CAFile()); c != nil && time.Until(c.NotAfter) > 2*generatedLife && samePublic(c.PublicKey, key.Public()) {
		return c, nil
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Entente CA of " + s.config.Name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(caLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(s.CAFile(), text, 0o600); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func readCertificate(path string) *x509.Certificate {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return c
}

func samePublic(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

func (s *Server) leaf(ca *x509.Certificate, caKey, key crypto.Signer, names []string) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: s.config.Name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(generatedLife),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    names,
	}
	if s.options.Demo {
		template.DNSNames = append(template.DNSNames, "localhost")
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	return x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
}

// names are what clients may call this server: its name, and for each accepted
// domain the two names under which clients look for Autodiscover.
func (s *Server) names(ctx context.Context) ([]string, error) {
	names := []string{s.config.Name}
	domains, err := s.Directory.Domains(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range domains {
		names = append(names, string(d.Name), "autodiscover."+string(d.Name))
	}
	return names, nil
}

// serial is 120 random bits. crypto/rand does not fail.
func serial() *big.Int {
	b := make([]byte, 15)
	_, _ = rand.Read(b)
	return new(big.Int).SetBytes(b)
}
