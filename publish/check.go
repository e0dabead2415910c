package publish

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/route"
)

// ways are the delegations that each way of signing in can lead to. ISA Server
// 2006 offers the same pairs: what has no credential that could be passed on is
// passed on by protocol transition or not at all.
var ways = map[ClientAuth][]Delegation{
	WithCertificate: {Block, KCD},
	WithNegotiate:   {Block, KCD, KCDKerberosOnly},
	WithBasic:       {Block, DelegateBasic, KCD},
	NoAuth:          {Block, PassThrough},
}

// Check says everything that is wrong with listeners and rules, and with how
// they go together.
func Check(listeners []Listener, rules []Rule) error {
	var errs []error
	byName := map[string]*Listener{}
	for i := range listeners {
		l := &listeners[i]
		if _, twice := byName[l.Name]; twice || l.Name == "" {
			errs = append(errs, fmt.Errorf("listeners: every listener has a name of its own, and %q is not", l.Name))
		}
		byName[l.Name] = l
		if err := l.check(); err != nil {
			errs = append(errs, fmt.Errorf("listener %s: %w", l.Name, err))
		}
	}
	seen := map[string]string{} // rule by listener, name and path
	names := map[string]bool{}
	for i := range rules {
		r := &rules[i]
		if names[r.Name] || r.Name == "" {
			errs = append(errs, fmt.Errorf("rules: every rule has a name of its own, and %q is not", r.Name))
		}
		names[r.Name] = true
		l, ok := byName[r.Listener]
		if !ok {
			errs = append(errs, fmt.Errorf("rule %s: there is no listener %q", r.Name, r.Listener))
			continue
		}
		if err := errors.Join(r.check(), r.fits(l), r.overlaps(seen)); err != nil {
			errs = append(errs, fmt.Errorf("rule %s: %w", r.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (l *Listener) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(l.Auth) == 0 {
		bad("auth: say how clients sign in: certificate, negotiate, basic, or none")
	}
	for i, a := range l.Auth {
		switch {
		case ways[a] == nil:
			bad("auth: %q is none of certificate, negotiate, basic, none", a)
		case slices.Contains(l.Auth[:i], a):
			bad("auth: %s is there twice", a)
		case a == NoAuth && len(l.Auth) > 1:
			bad("auth: none stands alone: a listener that asks for nothing has no other way")
		}
	}
	switch certificates := slices.Contains(l.Auth, WithCertificate); {
	case certificates && l.Judge == nil:
		bad("authorities: name those whose client certificates count")
	case !certificates && l.Judge != nil:
		bad("authorities: they are of client certificates; add certificate to auth, or leave them out")
	}
	return errors.Join(errs...)
}

func (r *Rule) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(r.Names) == 0 {
		bad("names: say under which host names clients come")
	}
	for _, n := range r.Names {
		if d, err := entente.ParseDomain(n); err != nil || string(d) != strings.ToLower(n) {
			bad("names: %q is not a host name", n)
		}
	}
	paths, known := r.Preset.paths()
	if !known {
		bad("preset: %q is none of ews, activesync, autodiscover, exchange, federation", r.Preset)
	}
	if known && len(paths) == 0 && len(r.Paths) == 0 {
		bad("preset: choose one, or write paths")
	}
	for _, p := range r.Paths {
		if !route.Valid(p) {
			bad("paths: %q is not a plain path such as /owa/", p)
		}
	}
	if len(r.Inside) == 0 {
		bad("inside: name the servers to pass requests on to, such as https://cas.contoso.example")
	}
	for _, u := range r.Inside {
		if err := checkInside(u); err != nil {
			bad("inside: %w", err)
		}
	}
	if r.Health != "" && !route.Valid(r.Health) {
		bad("health: %q is not a plain path", r.Health)
	}
	if r.Poll < 0 || r.Poll > 0 && r.Poll < time.Second {
		bad("poll: at least a second")
	}
	if r.SPN != "" {
		if class, host, ok := strings.Cut(string(r.SPN), "/"); !ok || class == "" || host == "" || strings.ContainsAny(string(r.SPN), "@ \x00") {
			bad("spn: %q is not one such as HTTP/cas.contoso.example", r.SPN)
		}
	}
	return errors.Join(errs...)
}

func checkInside(u *url.URL) error {
	switch {
	case u.Scheme != "https":
		return fmt.Errorf("%s: servers inside are asked over https", u.Redacted())
	case u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%s: write https://HOST or https://HOST:PORT; paths are passed on as they are", u.Redacted())
	}
	return nil
}

// fits checks a rule's delegation against how its listener has clients sign in:
// every one of them must have a way in.
func (r *Rule) fits(l *Listener) error {
	d := cmp.Or(r.Delegation, Block)
	var errs []error
	known := false
	for _, all := range ways {
		known = known || slices.Contains(all, d)
	}
	if !known {
		return fmt.Errorf("delegation: %q is none of none, pass-through, basic, kerberos, kerberos-only", d)
	}
	for _, a := range l.Auth {
		if w := ways[a]; w != nil && !slices.Contains(w, d) {
			errs = append(errs, fmt.Errorf("delegation: %s is not possible for who signs in by %s at listener %s; choose %s", d, a, l.Name, choice(w)))
		}
	}
	errs = append(errs, r.enforces(d))
	if r.Shared && d == PassThrough {
		errs = append(errs, errors.New("shared: whose requests pass through is not known here, so no connection is shared"))
	}
	return errors.Join(errs...)
}

func choice(of []Delegation) string {
	var s []string
	for _, d := range of {
		s = append(s, string(d))
	}
	return strings.Join(s, " or ")
}

// overlaps refuses what another rule publishes already: which of two rules
// decides must not depend on their order.
func (r *Rule) overlaps(seen map[string]string) error {
	var errs []error
	for _, n := range r.Names {
		for _, p := range r.published() {
			k := r.Listener + "\x00" + strings.ToLower(n+p.path)
			if other, ok := seen[k]; ok && other != r.Name {
				errs = append(errs, fmt.Errorf("%s%s is published by rule %s already", n, p.path, other))
			}
			seen[k] = r.Name
		}
	}
	return errors.Join(errs...)
}

// published returns all paths of a rule.
func (r *Rule) published() []published {
	all, _ := r.Preset.paths()
	return append(all, closedPaths(r.Paths...)...)
}

// site returns the name of the internal site.
func (r *Rule) site() string {
	if r.Site != "" || len(r.Inside) == 0 {
		return r.Site
	}
	return r.Inside[0].Hostname()
}

// ServiceOf returns the SPN of a rule's internal site, filled in from its name
// where the rule says none.
func (r *Rule) ServiceOf() entente.SPN {
	if r.SPN != "" {
		return r.SPN
	}
	return entente.SPN("HTTP/" + r.site())
}

// SiteName returns the name of the internal site.
func (r *Rule) SiteName() string { return r.site() }

// AllPaths returns the paths that a rule publishes.
func (r *Rule) AllPaths() []string {
	var all []string
	for _, p := range r.published() {
		all = append(all, p.path)
	}
	return all
}
