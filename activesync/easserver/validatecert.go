package easserver

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/authn/clientcert"
)

// Statuses of ValidateCert and of the certificates in it. [MS-ASCMD] 2.2.3.177.18
const (
	certProtocol      activesync.Status = 2
	certSignature     activesync.Status = 3
	certUntrusted     activesync.Status = 4
	certChain         activesync.Status = 5
	certPurpose       activesync.Status = 6
	certTime          activesync.Status = 7
	certChainTime     activesync.Status = 8
	certMalformed     activesync.Status = 10
	certChainPurpose  activesync.Status = 11
	certRevoked       activesync.Status = 13
	certUnconfirmed   activesync.Status = 14
	certChainRevoked  activesync.Status = 15
	maxCertificates                     = 20 // to be judged in one request
	maxChain                            = 20 // that come along
	maxCertificateLen                   = 64 << 10
)

// A CertificateJudge says whether certificates that came with messages are good:
// clientcert.Judge.
type CertificateJudge interface {
	Mail(ctx context.Context, leaf *x509.Certificate, between []*x509.Certificate, hard bool) clientcert.MailVerdict
}

// validateCert says of certificates that came with messages whether they are good.
// [MS-ASCMD] 2.2.1.22
func (c *call) validateCert() error {
	w := c.out
	w.Start(wbxml.ValidateCertValidateCert)
	defer w.End()
	certificates, ok := c.certificates(wbxml.ValidateCertCertificates, maxCertificates)
	between, ok2 := c.certificates(wbxml.ValidateCertCertificateChain, maxChain)
	hard, err := readBool(c.body.Get(wbxml.ValidateCertCheckCRL))
	if !ok || !ok2 || err != nil || len(certificates) == 0 {
		c.status(wbxml.ValidateCertStatus, certProtocol)
		return nil
	}
	var chain []*x509.Certificate
	for _, b := range between {
		if one, err := x509.ParseCertificate(b); err == nil {
			chain = append(chain, one) // what is no certificate is no part of a chain
		}
	}
	w.Int(wbxml.ValidateCertStatus, int64(activesync.OK))
	for _, b := range certificates {
		w.Start(wbxml.ValidateCertCertificate)
		w.Int(wbxml.ValidateCertStatus, int64(c.certificateStatus(b, chain, hard)))
		w.End()
	}
	return nil
}

// certificates reads a list of certificates, in base64 or as they are. ok is false
// if there are too many, or they are too large.
func (c *call) certificates(list wbxml.Tag, most int) (all [][]byte, ok bool) {
	for e := range c.body.Child(list).All(wbxml.ValidateCertCertificate) {
		if len(all) == most || len(e.Content) > maxCertificateLen {
			return nil, false
		}
		b := e.Content
		if !e.Opaque {
			b, _ = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.Text()), "")) // nothing is no certificate
		}
		all = append(all, b)
	}
	return all, true
}

// certificateStatus judges one certificate. Where no authority is trusted, none is
// that of anybody.
func (c *call) certificateStatus(b []byte, chain []*x509.Certificate, hard bool) activesync.Status {
	leaf, err := x509.ParseCertificate(b)
	if err != nil {
		return certMalformed
	}
	if c.h.Certificates == nil {
		return certUntrusted
	}
	switch c.h.Certificates.Mail(c.ctx, leaf, chain, hard) {
	case clientcert.MailGood:
		return activesync.OK
	case clientcert.MailSignature:
		return certSignature
	case clientcert.MailUntrusted:
		return certUntrusted
	case clientcert.MailChain:
		return certChain
	case clientcert.MailPurpose:
		return certPurpose
	case clientcert.MailTime:
		return certTime
	case clientcert.MailChainTime:
		return certChainTime
	case clientcert.MailChainPurpose:
		return certChainPurpose
	case clientcert.MailRevoked:
		return certRevoked
	case clientcert.MailChainRevoked:
		return certChainRevoked
	case clientcert.MailUnconfirmed:
		return certUnconfirmed
	}
	return certMalformed
}

// readBool reads a boolean, false if it is empty. [MS-ASDTYPE] 2.1
func readBool(s string) (bool, error) {
	switch s {
	case "", "0", "false", "FALSE":
		return false, nil
	case "1", "true", "TRUE":
		return true, nil
	}
	return false, entente.Errorf(entente.Invalid, "neither 0 nor 1")
}
