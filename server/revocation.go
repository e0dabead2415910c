package server

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"

	"entente/federation"
)

// RevocationConfig is where a CA says which of its certificates are revoked.
type RevocationConfig struct {
	CAFile string `yaml:"ca_file" doc:"PEM file with the CA's certificate."`
	URL    string `yaml:"url" doc:"https address of its list (CRL). What a certificate names itself is never fetched."`
}

// revocationLists reads the CAs and where their lists are.
func (c *FederationConfig) revocationLists() (all []federation.RevocationList, err error) {
	for _, r := range c.Revocation {
		text, err := os.ReadFile(r.CAFile)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%s has no certificate in it", r.CAFile)
		}
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.CAFile, err)
		}
		all = append(all, federation.RevocationList{CA: ca, URL: r.URL})
	}
	return all, nil
}

func (r *RevocationConfig) check() error {
	if u, err := url.Parse(r.URL); err != nil || u.Scheme != "https" || u.Host == "" || r.CAFile == "" {
		return fmt.Errorf("revocation_lists: a CA's list needs ca_file, and a url with https")
	}
	return nil
}
