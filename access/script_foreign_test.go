package access

import (
	"strings"

	"entente"
)

// relationship reads a relationship: without a level it shares no free/busy.
func (s *script) relationship(l line) {
	r := Relationship{
		Name: l.words[1], Enabled: !l.has("off"), TargetApplicationURI: l.attr("organization"), Keys: list(l.attr("keys")),
		TargetSharingEPR: l.attr("url"),
	}
	for _, d := range list(l.attr("domains")) {
		r.Domains = append(r.Domains, entente.Domain(d))
	}
	if level := l.attr("free-busy"); level != "" {
		var err error
		if r.FreeBusyLevel, err = ParseFreeBusyLevel(level); err != nil {
			s.t.Fatal(err)
		}
		r.FreeBusy = true
	}
	if scope := l.attr("scope"); scope != "" {
		r.FreeBusyScope = s.sid(scope)
	}
	s.facts.Relationships = append(s.facts.Relationships, r)
}

// sharingPolicy reads a sharing policy; its rules are separated by semicolons.
func (s *script) sharingPolicy(l line) {
	p := SharingPolicy{Name: l.words[1], Enabled: !l.has("off"), Default: l.has("default")}
	for text := range strings.SplitSeq(l.attr("rules"), ";") {
		r, err := ParseSharingRule(text)
		if err != nil {
			s.t.Fatal(err)
		}
		p.Rules = append(p.Rules, r)
	}
	s.facts.SharingPolicies = append(s.facts.SharingPolicies, p)
}

// foreign is what a token says of a caller, whose case has offer=.
func foreign(mail entente.SMTPAddress, l line) *Foreign {
	f := &Foreign{
		Organization: "urn:" + string(mail.Domain()), Domains: []entente.Domain{mail.Domain()}, Mails: []entente.SMTPAddress{mail},
		Offer: "MSExchange." + l.attr("offer"), Key: l.attr("key"),
	}
	if o := l.attr("organization"); o != "" {
		f.Organization = o
	}
	if domains := l.attr("domains"); domains != "" {
		f.Domains = nil
		for _, d := range list(domains) {
			f.Domains = append(f.Domains, entente.Domain(d))
		}
	}
	for _, m := range list(l.attr("also")) {
		f.Mails = append(f.Mails, entente.SMTPAddress(m))
	}
	return f
}

// asks answers whether anybody may ask about a domain, and shares whether an
// account may share a folder with somebody in it.
func (s *script) abroad(snap *Snapshot, l line) (string, bool) {
	switch l.words[0] {
	case "asks":
		_, err := snap.MayAsk(entente.Domain(l.words[1]))
		return outcome(err), true
	case "shares":
		f := s.folders[l.words[2]]
		return outcome(snap.MayShare(s.find(l.words[1]).SID, entente.Domain(l.words[3]), f.table.Class, s.rights(l.words[4]))), true
	}
	return "", false
}
