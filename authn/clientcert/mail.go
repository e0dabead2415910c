package clientcert

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// A MailVerdict says what is wrong with a certificate that came with a message, or
// that one is to be encrypted for. RFC 8550 4
type MailVerdict uint8

// The verdicts. Those whose names begin with MailChain are of a certificate above.
const (
	MailGood         MailVerdict = iota
	MailMalformed                // what must be in it is not, or its key is none that is accepted
	MailSignature                // who is named as its issuer has not signed it
	MailUntrusted                // it comes from no authority that counts
	MailChain                    // the certificates above do not make a chain
	MailPurpose                  // it is for something else than mail
	MailTime                     // it has ended, or has yet to begin
	MailChainTime                //
	MailChainPurpose             //
	MailRevoked                  // its issuer has taken it back
	MailChainRevoked             //
	MailUnconfirmed              // whether it was taken back is not known now
)

// maxBetween is how many certificates of a chain are looked at that came along.
const maxBetween = 20

// Mail judges a certificate as one for mail: for signatures or encryption of
// anybody at all, who need not have an account here. Other than for people who sign
// in, authorities that are not configured count where they are in the chain to one
// that is: people of other organizations have such certificates. With hard set, one
// of which it is not known whether it was revoked is not good. Where to ask is
// configured, and nothing is fetched from where a certificate says.
func (j *Judge) Mail(ctx context.Context, leaf *x509.Certificate, between []*x509.Certificate, hard bool) MailVerdict {
	if len(leaf.Raw) > maxLeaf || len(between) > maxBetween || leaf.SerialNumber.Sign() <= 0 || leaf.IsCA || checkKey(leaf) != nil {
		return MailMalformed
	}
	worst := MailUntrusted
	for _, a := range j.authorities {
		v, verdict := a.mailChain(leaf, between, j.now())
		if verdict == MailGood {
			return j.mailRevoked(ctx, v, hard)
		}
		if verdict != MailUntrusted {
			worst = verdict
		}
	}
	if worst == MailUntrusted && j.forged(leaf, between) {
		return MailSignature
	}
	return worst
}

// mailChain builds a chain to one of the authority's certificates.
func (a *authority) mailChain(leaf *x509.Certificate, between []*x509.Certificate, now time.Time) (*verified, MailVerdict) {
	pool := a.between.Clone()
	for _, c := range between {
		if len(c.Raw) <= maxLeaf && c.IsCA && checkKey(c) == nil {
			pool.AddCert(c)
		}
	}
	known := *leaf
	known.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions), sanOID.Equal)
	chains, err := known.Verify(x509.VerifyOptions{
		Roots: a.roots, Intermediates: pool, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, verdictOf(err, leaf)
	}
	verdict := MailChain
	for _, chain := range chains {
		if len(chain) < 2 {
			continue
		}
		if verdict = mailPurpose(chain); verdict == MailGood {
			return &verified{leaf: leaf, issuer: chain[1], above: chain[1:], authority: a}, MailGood
		}
	}
	return nil, verdict
}

// verdictOf tells what crypto/x509 has found.
func verdictOf(err error, leaf *x509.Certificate) MailVerdict {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var insecure x509.InsecureAlgorithmError
	switch {
	case errors.As(err, &invalid):
		above := invalid.Cert != nil && !bytes.Equal(invalid.Cert.Raw, leaf.Raw)
		switch {
		case invalid.Reason == x509.Expired && above:
			return MailChainTime
		case invalid.Reason == x509.Expired:
			return MailTime
		}
		return MailChain
	case errors.As(err, &insecure):
		return MailSignature
	case errors.As(err, &unknown):
		return MailUntrusted
	}
	return MailChain
}

// mailPurpose wants all of a chain but its top to be for mail, or for nothing in
// particular, and the leaf's key for what mail does with keys. RFC 8550 4.4
func mailPurpose(chain []*x509.Certificate) MailVerdict {
	for _, c := range chain[1:] {
		if checkKey(c) != nil {
			return MailChain
		}
	}
	const uses = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	if u := chain[0].KeyUsage; u != 0 && u&uses == 0 || !forMail(chain[0]) {
		return MailPurpose
	}
	if slices.ContainsFunc(chain[1:len(chain)-1], func(c *x509.Certificate) bool { return !forMail(c) }) {
		return MailChainPurpose
	}
	return MailGood
}

func forMail(c *x509.Certificate) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// forged reports whether a certificate names an issuer that is at hand, and is not
// signed by it.
func (j *Judge) forged(leaf *x509.Certificate, between []*x509.Certificate) bool {
	issuers := slices.Clone(between)
	for _, a := range j.authorities {
		issuers = append(issuers, a.Certificates...)
	}
	named := false
	for _, c := range issuers {
		if !c.IsCA || !bytes.Equal(c.RawSubject, leaf.RawIssuer) {
			continue
		}
		if leaf.CheckSignatureFrom(c) == nil {
			return false
		}
		named = true
	}
	return named
}

// mailRevoked asks whether a certificate, or one above it, was taken back.
func (j *Judge) mailRevoked(ctx context.Context, v *verified, hard bool) MailVerdict {
	if v.authority.None {
		return MailGood
	}
	alone := *v
	alone.above = nil
	if said, _ := j.lists.ask(&alone, j.now()); said == revoked {
		return MailRevoked
	}
	if said, _ := j.lists.ask(v, j.now()); said == revoked {
		return MailChainRevoked
	}
	switch said, _ := j.standing(ctx, v); {
	case said == revoked:
		return MailRevoked
	case said == unknown && hard:
		return MailUnconfirmed
	}
	return MailGood
}
