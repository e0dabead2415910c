package clientcert

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
)

// An Explanation is whose a certificate is and why, or why nobody's and what
// would change that: for administrators.
type Explanation struct {
	Subject, Issuer     string
	Serial, Evidence    string
	NotBefore, NotAfter time.Time
	Authority           string // "" if of none that counts
	Findings            []Finding
	Match               Match
	Err                 error // nil if it would be accepted now
	Remedies            []string
}

// Explain judges a certificate as Match would, and says how it came to that. It
// goes on where Match stops: what is wrong with whose a certificate is does not
// hide what its names say.
func (j *Judge) Explain(ctx context.Context, leaf *x509.Certificate) Explanation {
	key := sha256.Sum256(leaf.Raw)
	e := Explanation{
		Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		Serial: hex.EncodeToString(leaf.SerialNumber.Bytes()), Evidence: hex.EncodeToString(key[:]),
	}
	snapshot := j.snapshot()
	v, err := j.verify(leaf, key, j.now())
	if err != nil {
		e.Err = err
		f, bad := readFacts(leaf)
		if bad != nil {
			return e
		}
		v = &verified{leaf: leaf, authority: &authority{}, facts: f, serial: e.Serial, evidence: e.Evidence}
	} else {
		e.Authority = v.authority.Name
	}
	found := j.weigh(snapshot, v, true)
	e.Findings = found.findings
	switch {
	case e.Err != nil:
	case found.err != nil:
		e.Err = found.err
	default:
		e.Match = found.match
		e.Err = j.revoked(ctx, v)
	}
	e.Remedies = j.remedies(snapshot, v, &e, found.match.Account)
	return e
}

// remedies are what an administrator could do about an answer.
func (j *Judge) remedies(s *access.Snapshot, v *verified, e *Explanation, found access.Account) []string {
	var err *entente.Error
	if !errors.As(e.Err, &err) {
		if m := &e.Match; m.Weak() {
			return append(identityRemedy(v, string(m.Account.UPN)), "Then take the weak mappings of "+m.Authority+" out: tls.clients.authorities.weak.")
		}
		return nil
	}
	switch err.Reason {
	case ReasonChain:
		return []string{fmt.Sprintf("If it should count, name the certificate of %s and those above it in tls.clients.authorities.files; else have an authority that counts issue another.", e.Issuer)}
	case ReasonUnmapped:
		return j.unmapped(s, v, e)
	case ReasonAmbiguous:
		return []string{"Take what names the wrong account away (entente account remove-identity ACCOUNT IDENTITY), or have the authority issue another certificate with one person's names in it."}
	case ReasonDisabled:
		who := found.UPN
		for _, f := range e.Findings {
			if who == "" && f.Counts {
				who = entente.UPN(f.Account)
			}
		}
		return []string{fmt.Sprintf("entente account set %s --enabled on", who)}
	case ReasonUnconfirmed:
		return []string{"See that its lists or responder answer this server (the log says which does not), and are not out of date."}
	}
	return []string{"Have its authority issue another."}
}

// unmapped says how a certificate that is nobody's could become somebody's.
func (j *Judge) unmapped(s *access.Snapshot, v *verified, e *Explanation) []string {
	var all []string
	f := v.facts
	if f.sid != "" && !s.KnowsDomain(f.sid) {
		all = append(all, fmt.Sprintf("If the domain %s is a forest whose word counts: entente realm add NAME %s", access.DomainOf(f.sid), access.DomainOf(f.sid)))
	}
	// The commonest slip: the serial number as the viewer shows it.
	serial := slices.Clone(v.leaf.SerialNumber.Bytes())
	slices.Reverse(serial)
	if f.issuer != "" {
		for _, a := range s.Claimants(access.IssuerSerialIdentity(f.issuer, serial)) {
			all = append(all, fmt.Sprintf("%s claims it with the bytes of its serial number from the first to the last; they are to be from the last to the first.", a.UPN))
		}
	}
	who := "ACCOUNT"
	for _, n := range e.Findings {
		if n.Account != "" {
			who = n.Account
			break
		}
	}
	return append(all, identityRemedy(v, who)...)
}

// identityRemedy is how an account comes to claim a certificate.
func identityRemedy(v *verified, who string) []string {
	if len(v.facts.strong) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("entente account add-identity %s '%s'", who, strings.ReplaceAll(v.facts.strong[0].identity, "'", `'\''`))}
}
