package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"entente"
	"entente/federation/brokerapi"
)

func asError(err error) (*entente.Error, bool) {
	var e *entente.Error
	return e, errors.As(err, &e)
}

// maxFederated is how long a domain may be to be federated: with the prefix of an
// account namespace before it, it must fit into what Exchange keeps of it.
const maxFederated = 32

// maxDomains bounds how many domains are federated.
const maxDomains = 200

func checkLength(name entente.Domain) error {
	if len(name) > maxFederated {
		return entente.Errorf(entente.Invalid, "The domain %s has %d characters. Accepted domains that are federated have at most %d.", name, len(name), maxFederated)
	}
	return nil
}

// managing returns what is needed to ask the broker to change something: the
// trust, and the certificate that signs.
func (s *Service) managing() (*view, *usable, error) {
	v := s.view.Load()
	if v.altered {
		return nil, nil, tellAltered()
	}
	if v.trust == nil {
		return nil, nil, noTrust()
	}
	u := v.current()
	if u == nil {
		return nil, nil, entente.Errorf(entente.Unavailable, "Federation certificate with the thumbprint %q cannot be found.", v.trust.Current.Thumbprint).Because(BadCertificate)
	}
	return v, u, nil
}

// accepted refuses a domain that is none of ours.
func (s *Service) accepted(ctx context.Context, name entente.Domain) (bool, error) {
	if s.Accepted == nil {
		return true, nil
	}
	return s.Accepted(ctx, name)
}

// AddDomain federates an accepted domain: it is reserved at the broker, which
// looks for its proof in DNS. If the proof is not there the domain waits for it,
// as its state says; the error is about everything else.
func (s *Service) AddDomain(ctx context.Context, name entente.Domain) (brokerapi.DomainInfo, error) {
	var none brokerapi.DomainInfo
	v, _, err := s.managing()
	if err != nil {
		return none, err
	}
	if v.trust.AccountNamespace == "" {
		return none, noTrust()
	}
	if err := checkLength(name); err != nil {
		return none, err
	}
	ok, err := s.accepted(ctx, name)
	if err != nil {
		return none, err
	}
	if !ok {
		return none, entente.Errorf(entente.Invalid, "The domain %s is not an accepted domain of this organization.", name)
	}
	if v.document.domain(name) == nil && len(v.document.Domains) >= maxDomains {
		return none, entente.Errorf(entente.TooLarge, "at most %d domains are federated", maxDomains)
	}
	return s.reserve(ctx, name)
}

// reserve has the broker hold a domain for us and look for its proof.
func (s *Service) reserve(ctx context.Context, name entente.Domain) (info brokerapi.DomainInfo, err error) {
	for _, verb := range []string{brokerapi.ReserveDomain, brokerapi.CheckDomain} {
		if err = s.manage(ctx, verb, brokerapi.DomainName{Domain: name}, &info); err != nil {
			return info, err
		}
		if err := s.keepDomain(ctx, info, name, true); err != nil {
			return info, err
		}
		if info.State == brokerapi.Active {
			break
		}
	}
	return info, nil
}

// CheckDomain has the broker look for a domain's proof now.
func (s *Service) CheckDomain(ctx context.Context, name entente.Domain) (info brokerapi.DomainInfo, err error) {
	v, _, err := s.managing()
	if err != nil {
		return info, err
	}
	if v.document.domain(name) == nil {
		return info, noDomain(name)
	}
	if err := s.manage(ctx, brokerapi.CheckDomain, brokerapi.DomainName{Domain: name}, &info); err != nil {
		return info, err
	}
	return info, s.keepDomain(ctx, info, name, false)
}

func noDomain(name entente.Domain) error {
	return entente.Errorf(entente.NotFound, "The domain %s is not federated.", name)
}

// proofFailed is the documented error for a proof that is not in DNS.
func proofFailed(name entente.Domain) error {
	return entente.Errorf(entente.Invalid, "Proof of domain ownership has failed. Make sure that the TXT record for the specified domain is available in DNS. "+
		"The format of the TXT record should be \"%s IN TXT hash-value\", where hash-value is what Get-FederatedDomainProof -DomainName %s shows.", name, name).Because(ProofFailed)
}

// Proven is an error unless a domain's proof was found.
func Proven(info brokerapi.DomainInfo) error {
	if info.State == brokerapi.Active {
		return nil
	}
	return proofFailed(info.Domain)
}

// keepDomain writes down what the broker says of a domain. Partners must know of
// one that comes into use, or out of it.
func (s *Service) keepDomain(ctx context.Context, info brokerapi.DomainInfo, name entente.Domain, add bool) error {
	if info.Domain != name {
		return unavailable("", fmt.Errorf("asked for %s, the answer is about another domain", name))
	}
	var text string
	err := s.change(ctx, func(d *document) error {
		text = ""
		x := d.domain(name)
		switch {
		case x == nil && !add:
			return errSame // removed meanwhile
		case x == nil:
			d.Domains = append(d.Domains, domain{Name: name})
			x = &d.Domains[len(d.Domains)-1]
		}
		before := x.state()
		if x.Info != nil && *x.Info == info {
			return errSame
		}
		x.Info = &info
		if before != info.State && (before == brokerapi.Active || info.State == brokerapi.Active) {
			text = fmt.Sprintf("The federated domain %s is %s now.", name, info.State)
			d.notice(text, s.Now())
		}
		return nil
	})
	if err == nil && text != "" {
		s.tellPartners(ctx, text)
	}
	return err
}

// refreshDomains asks what the broker knows of every domain.
func (s *Service) refreshDomains(ctx context.Context) {
	v := s.view.Load()
	for i := range v.document.Domains {
		name := v.document.Domains[i].Name
		var info brokerapi.DomainInfo
		err := s.manage(ctx, brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: name}, &info)
		if err == nil {
			err = s.keepDomain(ctx, info, name, false)
		}
		if err != nil {
			s.Log.Warn("federation: what the broker knows of a domain", "domain", name, "err", err)
			return
		}
	}
}

// DomainInfo is what the broker last said of a domain, or says now.
func (s *Service) DomainInfo(ctx context.Context, name entente.Domain, ask bool) (info brokerapi.DomainInfo, err error) {
	v := s.view.Load()
	x := v.document.domain(name)
	if x == nil {
		return info, noDomain(name)
	}
	if !ask {
		if x.Info == nil {
			return brokerapi.DomainInfo{Domain: name, State: brokerapi.Pending}, nil
		}
		return *x.Info, nil
	}
	if err := s.manage(ctx, brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: name}, &info); err != nil {
		return info, err
	}
	return info, s.keepDomain(ctx, info, name, false)
}

// RemoveDomain ends the federation of a domain; the account namespace's is the
// last. force removes it here although the broker refuses, or does not answer.
func (s *Service) RemoveDomain(ctx context.Context, name entente.Domain, force bool) error {
	v := s.view.Load()
	if v.altered {
		return tellAltered()
	}
	d := v.document
	if !d.exists() {
		return noTrust()
	}
	last := name == d.AccountNamespace
	if d.domain(name) == nil && !last {
		return noDomain(name)
	}
	others := slices.ContainsFunc(d.Domains, func(x domain) bool { return x.Name != name })
	if last && others {
		return entente.Errorf(entente.Conflict, "The domain %s is the account namespace. Remove the other federated domains first.", name)
	}
	if err := s.release(ctx, name); err != nil {
		if !force {
			return err
		}
		s.noted(ctx, "forced", fmt.Sprintf("%s was removed here, and not at the broker: %s", name, told(err)))
	}
	text := fmt.Sprintf("The domain %s is no longer federated.", name)
	if last {
		text = fmt.Sprintf("The domain %s is no longer federated, and the organization identifier %s is gone.", name, d.applicationURI())
	}
	err := s.change(ctx, func(d *document) error {
		if last && slices.ContainsFunc(d.Domains, func(x domain) bool { return x.Name != name }) {
			return entente.Errorf(entente.Conflict, "another domain was federated meanwhile")
		}
		d.Domains = slices.DeleteFunc(d.Domains, func(x domain) bool { return x.Name == name })
		if last {
			d.AccountNamespace, d.Enabled = "", false
		}
		if d.DefaultDomain == name {
			d.DefaultDomain = ""
		}
		d.notice(text, s.Now())
		return nil
	})
	if err == nil {
		s.tellPartners(ctx, text)
	}
	return err
}

// release tells the broker that a domain is ours no longer, and the account
// namespace with it.
func (s *Service) release(ctx context.Context, name entente.Domain) error {
	d := s.view.Load().document
	if name == d.AccountNamespace {
		if err := s.manage(ctx, brokerapi.RemoveURI, brokerapi.ApplicationURI{URI: d.applicationURI()}, nil); err != nil {
			return releaseFailed(d.applicationURI(), err)
		}
	}
	if d.domain(name) == nil {
		return nil
	}
	if err := s.manage(ctx, brokerapi.ReleaseDomain, brokerapi.DomainName{Domain: name}, nil); err != nil {
		return releaseFailed(string(name), err)
	}
	return nil
}

// releaseFailed is the documented error for what the broker does not let go of.
func releaseFailed(what string, err error) error {
	e, ok := asError(err)
	if !ok {
		return err
	}
	x := *e
	x.Text = fmt.Sprintf("The URI %q couldn't be released. %s", what, e.Text)
	return &x
}

// A Proof is what stands in DNS to prove whose a domain is.
type Proof struct {
	Domain     entente.Domain
	Thumbprint string // of the certificate it is for; "" of the one that stays
	Role       string
	Name       string // of the TXT record
	Proof      string // its text
}

// Proofs are the proofs of a domain, one for each certificate of the trust (or for
// that of a thumbprint), and the one that needs no change when certificates do, if
// the broker has given it out.
func (s *Service) Proofs(name entente.Domain, thumb string) ([]Proof, error) {
	v := s.view.Load()
	if v.trust == nil {
		return nil, noTrust()
	}
	var all []Proof
	for i := range v.usable {
		u := &v.usable[i]
		if thumb != "" && u.thumbprint() != thumb {
			continue
		}
		all = append(all, Proof{
			name, u.thumbprint(), v.document.role(u.thumbprint()), string(name),
			brokerapi.DomainProof(v.trust.AppID, name, u.certificate),
		})
	}
	if len(all) == 0 {
		return nil, noCertificate(thumb)
	}
	if x := v.document.domain(name); x != nil && x.Info != nil && x.Info.Scoped != "" && thumb == "" {
		all = append(all, Proof{name, "", "Any", brokerapi.ScopedLabel + string(name), x.Info.Scoped})
	}
	return all, nil
}

func noCertificate(thumb string) error {
	return entente.Errorf(entente.NotFound, "Federation certificate with the thumbprint %q cannot be found.", thumb).Because(BadCertificate)
}
