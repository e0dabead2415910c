package publish

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"entente/route"
)

// A Taking says whether a rule takes a request, and why.
type Taking struct {
	Rule     string `json:"rule"`
	Listener string `json:"listener"`
	Takes    bool   `json:"takes"`
	Path     string `json:"path,omitempty"` // as it goes inside
	Why      string `json:"why"`
}

// Explain says of each rule whether a request for a URL is its business, by the
// table that requests are routed by.
func Explain(listeners []Listener, rules []Rule, u *url.URL) []Taking {
	var all []Taking
	for i := range rules {
		r := &rules[i]
		t := Taking{Rule: r.Name, Listener: r.Listener}
		t.Takes, t.Path, t.Why = r.takes(u)
		if t.Takes {
			t.Why += r.wayIn(listeners)
		}
		all = append(all, t)
	}
	return all
}

func (r *Rule) takes(u *url.URL) (takes bool, path, why string) {
	if !slices.ContainsFunc(r.Names, func(n string) bool { return hostName(n) == hostName(u.Host) }) {
		return false, "", fmt.Sprintf("%s is none of its names: %s", hostName(u.Host), strings.Join(r.Names, ", "))
	}
	var table route.Table[published]
	for _, p := range r.published() {
		table.Add(p.path, p)
	}
	p, canonical, ok := table.Find(u.EscapedPath())
	switch {
	case !ok && !route.Plain(u.EscapedPath()):
		return false, "", "the path can be read in more than one way, and no rule publishes such"
	case !ok:
		var paths []string
		for _, p := range r.published() {
			paths = append(paths, p.path)
		}
		return false, "", "the path is none of its paths: " + strings.Join(paths, ", ")
	case p.open:
		return true, canonical, "a path of WS-Security: nobody signs in, the request must carry a delegation token, which the server inside judges"
	}
	d := r.Delegation
	if d == "" {
		d = Block
	}
	why = fmt.Sprintf("name and path are its own; it goes to %s, delegation %s", r.site(), d)
	if d == KCD || d == KCDKerberosOnly {
		why += fmt.Sprintf(" for %s", r.ServiceOf())
	}
	if r.Enforce {
		why += ", policies and impersonation are decided here"
	}
	return true, canonical, why
}

// wayIn says how clients sign in at the rule's listener.
func (r *Rule) wayIn(listeners []Listener) string {
	for i := range listeners {
		if l := &listeners[i]; l.Name == r.Listener {
			var ways []string
			for _, a := range l.Auth {
				ways = append(ways, string(a))
			}
			return fmt.Sprintf("; clients sign in at %s by %s", l.Address, strings.Join(ways, " or "))
		}
	}
	return ""
}
