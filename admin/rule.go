package admin

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"strings"

	"entente"
	"entente/publish"
	"entente/publish/ruletest"
)

// Rules are those by which the gateway publishes servers inside, as the verbs need
// them.
type Rules interface {
	Status() publish.Status
	// Rules returns the rules as they are set.
	Rules() []publish.Rule
	// Test goes the way of a request by a rule, as somebody. NotFound if there is no
	// such rule.
	Test(ctx context.Context, rule string, q ruletest.Question) ([]ruletest.Line, error)
	// Explain says of each rule whether a request is its business, and whose a
	// certificate is at its listener.
	Explain(ctx context.Context, u *url.URL, certificate []*x509.Certificate) []publish.Taking
}

func (a *API) rules() (Rules, error) {
	if a.Rules == nil {
		return nil, entente.Errorf(entente.NotFound, "this server publishes nothing: publish in the configuration says what is published")
	}
	return a.Rules, nil
}

// RuleInfo is a publishing rule, as lists show it.
type RuleInfo struct {
	Name       string `json:"name"`
	Listener   string `json:"listener"`
	Names      string `json:"names"`
	Preset     string `json:"preset,omitempty"`
	Site       string `json:"site"`
	Delegation string `json:"delegation"`
	SPN        string `json:"spn,omitempty"`
	Requests   int64  `json:"requests"` // since the start
	Refused    int64  `json:"refused"`
	Down       int    `json:"down"` // servers inside that do not answer
}

// ListRules lists the publishing rules, with what came by each.
func (a *API) ListRules(context.Context, Nothing) ([]RuleInfo, error) {
	g, err := a.rules()
	if err != nil {
		return nil, err
	}
	all := []RuleInfo{}
	status := g.Status()
	for i, r := range g.Rules() {
		all = append(all, ruleInfo(&r, &status.Rules[i]))
	}
	return all, nil
}

func ruleInfo(r *publish.Rule, s *publish.RuleStatus) RuleInfo {
	info := RuleInfo{
		Name: r.Name, Listener: r.Listener, Names: strings.Join(r.Names, ", "), Preset: string(r.Preset), Site: r.SiteName(),
		Delegation: string(r.Delegation), SPN: string(s.SPN), Requests: s.Requests, Refused: s.Refused,
	}
	for _, v := range s.Servers {
		if v.Down {
			info.Down++
		}
	}
	return info
}

// RuleName names a publishing rule.
type RuleName struct {
	Rule string `json:"rule" arg:"" help:"Name of the rule, as in the configuration."`
}

// RuleDetail is all that is set of a publishing rule, and how its servers are.
type RuleDetail struct {
	RuleInfo
	Paths       []string               `json:"paths,omitempty"`
	Shared      bool                   `json:"shared"`
	Enforce     bool                   `json:"enforce"`
	Impersonate string                 `json:"impersonate,omitempty"`
	Poll        string                 `json:"poll,omitempty"`
	Health      string                 `json:"health,omitempty"`
	Servers     []publish.ServerStatus `json:"servers"`
}

// ShowRule shows a publishing rule.
func (a *API) ShowRule(_ context.Context, q RuleName) (RuleDetail, error) {
	g, err := a.rules()
	if err != nil {
		return RuleDetail{}, err
	}
	status := g.Status()
	for i, r := range g.Rules() {
		if r.Name != q.Rule {
			continue
		}
		d := RuleDetail{
			RuleInfo: ruleInfo(&r, &status.Rules[i]), Paths: r.AllPaths(), Shared: r.Shared, Enforce: r.Enforce,
			Impersonate: string(r.Impersonate), Health: r.Health, Servers: status.Rules[i].Servers,
		}
		if r.Poll > 0 {
			d.Poll = r.Poll.String()
		}
		return d, nil
	}
	return RuleDetail{}, entente.Errorf(entente.NotFound, "there is no rule %q", q.Rule)
}

// TestRule asks for a test.
type TestRule struct {
	RuleName
	User        string `json:"user,omitempty" help:"As whom: UPN, address, SID or logon name. Without, what needs nobody is tested." placeholder:"USER"`
	Certificate []byte `json:"certificate,omitempty" kong:"-"` // PEM or DER
}

// TestRule goes the way of a request by a rule, as somebody, and tells of each step
// what was seen and what to set. A ticket in his name is got, so it is on record
// who asked.
func (a *API) TestRule(ctx context.Context, q TestRule) (lines []ruletest.Line, err error) {
	g, err := a.rules()
	if err != nil {
		return nil, err
	}
	chain, err := readChain(q.Certificate)
	if err != nil {
		return nil, err
	}
	err = a.recorded(ctx, "rule.test", []string{q.Rule, q.User}, func() error {
		lines, err = g.Test(ctx, q.Rule, ruletest.Question{User: q.User, Certificate: chain})
		return err
	})
	return lines, err
}

// ExplainRule asks which rule takes a request.
type ExplainRule struct {
	URL         string `json:"url" arg:"" help:"The address a client asks for, such as https://mail.contoso.example/EWS/Exchange.asmx."`
	Certificate []byte `json:"certificate,omitempty" kong:"-"` // PEM or DER
}

// ExplainRule says which rule takes a request, and why the others do not.
func (a *API) ExplainRule(ctx context.Context, q ExplainRule) ([]publish.Taking, error) {
	g, err := a.rules()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(q.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" {
		return nil, entente.Errorf(entente.Invalid, "%q is no URL such as https://mail.contoso.example/EWS/Exchange.asmx", q.URL)
	}
	chain, err := readChain(q.Certificate)
	if err != nil {
		return nil, err
	}
	return g.Explain(ctx, u, chain), nil
}

// readChain reads certificates, leaf first; none of none.
func readChain(content []byte) (chain []*x509.Certificate, err error) {
	if len(content) == 0 {
		return nil, nil
	}
	der := content
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if der = nil; block.Type != "CERTIFICATE" {
			continue // the key may be in the same file, and is not looked at
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || len(chain) == maxChain {
			return nil, entente.Errorf(entente.Invalid, "a certificate in the file cannot be read, or there are too many")
		}
		chain = append(chain, c)
	}
	if der != nil {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, entente.Errorf(entente.Invalid, "the file is no certificate, in PEM or DER")
		}
		return []*x509.Certificate{c}, nil
	}
	if len(chain) == 0 {
		return nil, entente.Errorf(entente.Invalid, "the file has no certificate")
	}
	return chain, nil
}

const maxChain = 10
