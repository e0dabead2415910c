package admin

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
)

// IdentityInfo is what says that certificates of a kind, or a principal of
// another realm, are an account.
type IdentityInfo struct {
	Identity string `json:"identity"`
	// Weak ones speak of names that whoever asks for a certificate may choose. They
	// count only where the authority's are switched on.
	Weak bool `json:"weak"`
	// Also is an account that claims the same: it is then nobody's.
	Also string `json:"also_claimed_by,omitempty"`
}

// ListIdentities lists what stands in an account's altSecurityIdentities.
func (a *API) ListIdentities(ctx context.Context, q AccountName) ([]IdentityInfo, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return nil, err
	}
	list := []IdentityInfo{}
	for _, s := range x.Identities {
		i := IdentityInfo{Identity: s, Weak: access.WeakIdentity(s)}
		if other, ok := a.claimant(s, x.SID); ok {
			i.Also = string(other.UPN)
		}
		list = append(list, i)
	}
	return list, nil
}

// claimant finds an account other than one that claims an identity.
func (a *API) claimant(identity string, not entente.SID) (access.Account, bool) {
	all := a.Directory.Snapshot().Claimants(identity)
	i := slices.IndexFunc(all, func(o access.Account) bool { return o.SID != not })
	if i < 0 {
		return access.Account{}, false
	}
	return all[i], true
}

// AccountIdentity names an identity of an account.
type AccountIdentity struct {
	AccountName
	Identity string `json:"identity" arg:"" help:"As in altSecurityIdentities: X509:<I>ISSUER<SR>SERIAL (its bytes from the last to the first), X509:<SKI>KEYID, X509:<SHA1-PUKEY>HASH, Kerberos:NAME@REALM."`
}

// AddIdentity has whoever holds a certificate sign in as an account. Set-ADUser
// -Add @{altSecurityIdentities=…}.
func (a *API) AddIdentity(ctx context.Context, q AccountIdentity) (Done, error) {
	x, s, err := a.identity(ctx, &q)
	if err != nil {
		return Done{}, err
	}
	if other, ok := a.claimant(s, x.SID); ok {
		return Done{}, entente.Errorf(entente.Conflict, "%s claims it; what two claim is nobody's", other.UPN)
	}
	err = a.change(ctx, "account.add-identity", []string{string(x.UPN), s}, func(c *directory.Change) error {
		return c.SetAccount(x.SID, func(x *directory.Account) error {
			x.Identities = append(x.Identities, s)
			return nil
		})
	})
	return Done{string(x.UPN) + " is whoever " + s + " is said of"}, err
}

// RemoveIdentity takes an identity away, from the next request on.
func (a *API) RemoveIdentity(ctx context.Context, q AccountIdentity) (Done, error) {
	x, s, err := a.identity(ctx, &q)
	if err != nil {
		return Done{}, err
	}
	if !slices.Contains(x.Identities, s) {
		return Done{}, entente.Errorf(entente.NotFound, "%s has no identity %s", x.UPN, s)
	}
	err = a.change(ctx, "account.remove-identity", []string{string(x.UPN), s}, func(c *directory.Change) error {
		return c.SetAccount(x.SID, func(x *directory.Account) error {
			x.Identities = slices.DeleteFunc(x.Identities, func(other string) bool { return other == s })
			return nil
		})
	})
	return Done{s + " was taken from " + string(x.UPN)}, err
}

func (a *API) identity(ctx context.Context, q *AccountIdentity) (*directory.Account, string, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return nil, "", err
	}
	s, err := access.ParseIdentity(q.Identity)
	return x, s, err
}

// Certificates says whose client certificates are, as the listener does.
// NotFound if none count at this server.
type Certificates interface {
	Explain(ctx context.Context, leaf *x509.Certificate) (CertificateAnswer, error)
}

// ClientCertificate is a certificate to explain.
type ClientCertificate struct {
	Content []byte `json:"content" kong:"-"` // PEM or DER
}

// CertificateFinding is what one thing in a certificate says.
type CertificateFinding struct {
	Mapping string `json:"mapping"`
	Fact    string `json:"fact"`
	Account string `json:"account,omitempty"`
	Counts  bool   `json:"counts"`
	Says    string `json:"says,omitempty"`
}

// CertificateAnswer is whose a certificate is, and why.
type CertificateAnswer struct {
	Account   string               `json:"account,omitempty"` // "" if nobody's
	Accepted  bool                 `json:"accepted"`
	Mapping   string               `json:"mapping,omitempty"`
	Weak      bool                 `json:"weak,omitempty"`
	Authority string               `json:"authority,omitempty"`
	Why       string               `json:"why,omitempty"` // it is not accepted
	Remedies  []string             `json:"remedies,omitempty"`
	Subject   string               `json:"subject"`
	Issuer    string               `json:"issuer"`
	Serial    string               `json:"serial"`
	SHA256    string               `json:"sha256"`
	NotBefore time.Time            `json:"not_before"`
	NotAfter  time.Time            `json:"not_after"`
	Findings  []CertificateFinding `json:"findings"`
}

// ExplainCertificate says whose a certificate is, or why it is nobody's and what
// would change that.
func (a *API) ExplainCertificate(ctx context.Context, q ClientCertificate) (CertificateAnswer, error) {
	der := q.Content
	if block, _ := pem.Decode(der); block != nil {
		if der = block.Bytes; block.Type != "CERTIFICATE" {
			return CertificateAnswer{}, entente.Errorf(entente.Invalid, "the file begins with something else than a certificate: %s", block.Type)
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return CertificateAnswer{}, entente.Errorf(entente.Invalid, "the file is no certificate, in PEM or DER")
	}
	if a.Certificates == nil {
		return CertificateAnswer{}, entente.Errorf(entente.NotFound, "there is no listener that takes client certificates")
	}
	return a.Certificates.Explain(ctx, leaf)
}
