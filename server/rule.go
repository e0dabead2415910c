package server

import (
	"context"
	"crypto/x509"
	"net/url"
	"strings"
	"time"

	"entente"
	"entente/authn/clientcert"
	"entente/outgoing"
	"entente/publish"
	"entente/publish/ruletest"
)

// rulesAdmin has the gateway's rules as admin needs them.
type rulesAdmin struct{ s *Server }

// Status implements admin.Rules.
func (g rulesAdmin) Status() publish.Status { return g.s.Gateway.Status() }

// Rules implements admin.Rules.
func (g rulesAdmin) Rules() []publish.Rule { return g.s.Gateway.Rules }

// testTime bounds a test as a whole.
const testTime = 90 * time.Second

// Test implements admin.Rules: with the listener, the dialers and the account
// that requests go with.
func (g rulesAdmin) Test(ctx context.Context, name string, q ruletest.Question) ([]ruletest.Line, error) {
	rule, listener, ok := g.find(name)
	if !ok {
		return nil, entente.Errorf(entente.NotFound, "there is no rule %q", name)
	}
	way, err := g.s.config.Publish.rule()
	if err != nil {
		return nil, err
	}
	c := ruletest.Config{
		Listener: listener, Rule: rule, Snapshot: g.s.Directory.Snapshot, Now: g.s.options.Now, Authorities: g.authorities(listener.Name),
		Dialer: outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.Published: way}, nil),
	}
	if d := g.s.delegator(); d != nil {
		conf := d.DelegatorConfig
		c.Kerberos = &conf
	}
	if g.s.LDAP != nil {
		c.Directory, c.Fresh = g.s.LDAP, g.s.LDAP.Fresh
	}
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	return ruletest.Test(ctx, c, q), nil
}

func (g rulesAdmin) find(name string) (publish.Rule, publish.Listener, bool) {
	for _, r := range g.s.Gateway.Rules {
		if r.Name != name {
			continue
		}
		for _, l := range g.s.Gateway.Listeners {
			if l.Name == r.Listener {
				return r, l, true
			}
		}
	}
	return publish.Rule{}, publish.Listener{}, false
}

// authorities are those that a listener's judge was made of.
func (g rulesAdmin) authorities(listener string) (all []clientcert.Authority) {
	for _, l := range g.s.config.Publish.Listeners {
		if l.Name != listener {
			continue
		}
		for i := range l.Authorities {
			if a, err := l.Authorities[i].authority(); err == nil {
				all = append(all, a)
			}
		}
	}
	return all
}

// Explain implements admin.Rules. Of a rule that takes the request it is also
// said whose a certificate is at its listener.
func (g rulesAdmin) Explain(ctx context.Context, u *url.URL, certificate []*x509.Certificate) []publish.Taking {
	all := publish.Explain(g.s.Gateway.Listeners, g.s.Gateway.Rules, u)
	for i := range all {
		t := &all[i]
		if _, l, ok := g.find(t.Rule); ok && t.Takes && len(certificate) > 0 {
			t.Why += "; " + whose(ctx, l.Judge, certificate)
		}
	}
	return all
}

func whose(ctx context.Context, j *clientcert.Judge, certificate []*x509.Certificate) string {
	if j == nil {
		return "the certificate is not asked for"
	}
	m, err := j.Match(ctx, certificate)
	if err != nil {
		return "the certificate is refused: " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return "the certificate is of " + string(m.Account.UPN) + " by " + string(m.Mapping)
}
