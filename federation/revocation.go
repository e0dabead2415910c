package federation

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A RevocationList is where a CA says which of its certificates are revoked. It
// is configured: what a certificate names itself is never fetched (threats O3).
type RevocationList struct {
	CA  *x509.Certificate
	URL string
}

const (
	maxCRL  = 4 << 20
	crlTime = 15 * time.Second
)

// revocation looks whether the CA of a certificate has revoked it.
func (s *Service) revocation(ctx context.Context, c *x509.Certificate) Check {
	const name = "Revocation"
	if selfSigned(c) {
		return Check{name, Passed, "It is self-signed: there is nobody to revoke it.", ""}
	}
	for _, l := range s.RevocationLists {
		if !bytes.Equal(l.CA.RawSubject, c.RawIssuer) || c.CheckSignatureFrom(l.CA) != nil {
			continue
		}
		revoked, err := s.revoked(ctx, l, c)
		switch {
		case err != nil:
			return Check{name, Failed, fmt.Sprintf("The list of what its CA has revoked cannot be used: %v.", err), "See that " + l.URL + " answers this server."}
		case revoked:
			return Check{name, Failed, "Its CA has revoked it.", "Make or import another certificate."}
		}
		return Check{name, Passed, "Its CA has not revoked it.", ""}
	}
	return Check{name, NotChecked, "Whether its CA has revoked it was not checked: no list of that CA is configured.", "Name the CA's list in the configuration: federation.revocation_lists."}
}

func (s *Service) revoked(ctx context.Context, l RevocationList, c *x509.Certificate) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, crlTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL, nil)
	if err != nil {
		return false, err
	}
	a, err := s.HTTP.Do(r)
	if err != nil {
		return false, err
	}
	defer func() { _ = a.Body.Close() }()
	if a.StatusCode != http.StatusOK {
		return false, errors.New(a.Status)
	}
	der, err := io.ReadAll(io.LimitReader(a.Body, maxCRL+1))
	if err != nil {
		return false, err
	}
	if len(der) > maxCRL {
		return false, errors.New("it is too long")
	}
	if block, _ := pem.Decode(der); block != nil {
		der = block.Bytes
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return false, errors.New("it is no list of revoked certificates")
	}
	if err := list.CheckSignatureFrom(l.CA); err != nil {
		return false, errors.New("it is not signed by the CA")
	}
	if now := s.Now(); now.Before(list.ThisUpdate) || !list.NextUpdate.IsZero() && now.After(list.NextUpdate) {
		return false, errors.New("it is out of date")
	}
	for _, e := range list.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(c.SerialNumber) == 0 {
			return true, nil
		}
	}
	return false, nil
}
