package ruletest

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"entente/publish"
)

// outside looks at what clients see: the listener's certificates, whose client
// certificates it takes, and how it is known that one was taken back.
func (r *run) outside() {
	for _, name := range r.Rule.Names {
		r.publicName(name)
	}
	if !slices.Contains(r.Listener.Auth, publish.WithCertificate) {
		return
	}
	if len(r.Authorities) == 0 {
		r.failed("client authorities", "there are none", "name those whose client certificates count in %s", r.listener("authorities"))
		return
	}
	for _, a := range r.Authorities {
		for _, c := range a.Certificates {
			check, seen := "client authority "+c.Subject.String(), "good until "+c.NotAfter.UTC().Format(time.DateOnly)
			switch left := c.NotAfter.Sub(r.Now()); {
			case left <= 0:
				r.failed(check, "it ended on "+c.NotAfter.UTC().Format(time.DateOnly), "name its successor in %s", r.listener("authorities"))
			case left < soon:
				r.warn(check, seen, "name its successor beside it in %s", r.listener("authorities"))
			default:
				r.ok(check, "%s", seen)
			}
		}
	}
	r.revocation()
}

// publicName finds the certificate that a client is shown.
func (r *run) publicName(name string) {
	check := "public name " + name
	var best *x509.Certificate
	for i := range r.Listener.Certificates {
		leaf := r.Listener.Certificates[i].Leaf
		if leaf == nil && len(r.Listener.Certificates[i].Certificate) > 0 {
			leaf, _ = x509.ParseCertificate(r.Listener.Certificates[i].Certificate[0])
		}
		if leaf != nil && leaf.VerifyHostname(name) == nil && (best == nil || leaf.NotAfter.After(best.NotAfter)) {
			best = leaf
		}
	}
	switch {
	case best == nil:
		r.failed(check, "no certificate of the listener is for it", "add one to %s, or correct %s", r.listener("certificates"), r.rule("names"))
	case !r.Now().Before(best.NotAfter):
		r.failed(check, "its certificate ended on "+best.NotAfter.UTC().Format(time.DateOnly), "renew the certificate in %s", r.listener("certificates"))
	case best.NotAfter.Sub(r.Now()) < soon:
		r.warn(check, "its certificate is good for "+days(best.NotAfter.Sub(r.Now())), "renew the certificate in %s", r.listener("certificates"))
	default:
		r.ok(check, "its certificate is good for %s", days(best.NotAfter.Sub(r.Now())))
	}
}

// revocation looks at the lists by which it is known what was taken back.
func (r *run) revocation() {
	if r.Listener.Judge == nil {
		return
	}
	hard := map[string]bool{}
	for _, a := range r.Authorities {
		hard[a.Name] = !a.Soft
		if a.None {
			r.warn("revocation of "+a.Name, "it is not asked whether a certificate was taken back", "name a list or a responder: crl or ocsp in %s", r.listener("authorities"))
		}
	}
	for _, s := range r.Listener.Judge.Sources() {
		check := "revocation list " + s.Source
		ill := Failed
		if !hard[s.Authority] {
			ill = Warning
		}
		remedy := "publish a new list there, or correct crls of " + s.Authority + " in " + r.listener("authorities")
		switch now := r.Now(); {
		case s.ThisUpdate.IsZero():
			seen := "there is none yet"
			if s.Failed != "" {
				seen = oneLine(s.Failed)
			}
			r.add(check, ill, seen, remedy)
		case !s.NextUpdate.IsZero() && now.After(s.NextUpdate):
			r.add(check, ill, fmt.Sprintf("it ended %s ago", days(now.Sub(s.NextUpdate))), remedy)
		case s.Failed != "":
			r.add(check, Warning, fmt.Sprintf("the last try failed: %s; the list of %s ago still counts", oneLine(s.Failed), days(now.Sub(s.ThisUpdate))), remedy)
		default:
			r.ok(check, "number %s of %s ago, %d entries", s.Number, days(now.Sub(s.ThisUpdate)), s.Entries)
		}
	}
}
