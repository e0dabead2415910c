package clientcert

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/access"
)

// A Finding is what one thing in a certificate says of whom it is for.
type Finding struct {
	Mapping Mapping
	Fact    string
	Account string // UPN of the account it names, "" if of none
	Counts  bool   // whether it was listened to
	Says    string // in words
}

// A weighing finds the account of one certificate. Everything that speaks must
// speak of one account: who has a certificate with his own SID and somebody
// else's name in it is refused, not preferred. (threats K1)
type weighing struct {
	j    *Judge
	s    *access.Snapshot
	v    *verified
	tell bool // note everything, and go on after what refuses

	found    *access.Account
	mapping  Mapping
	fact     string
	err      error
	findings []Finding
}

// A judgement is the end of a weighing.
type judgement struct {
	match    Match
	err      error
	findings []Finding
}

func (j *Judge) judge(s *access.Snapshot, v *verified) judgement { return j.weigh(s, v, false) }

func (j *Judge) weigh(s *access.Snapshot, v *verified, tell bool) judgement {
	w := &weighing{j: j, s: s, v: v, tell: tell}
	w.strong()
	if w.found == nil && (w.err == nil || tell) {
		w.weak()
	}
	if w.found != nil {
		w.contradicted()
	}
	out := judgement{err: w.err, findings: w.findings}
	if out.err == nil {
		out.match, out.err = w.admit()
	}
	return out
}

// strong asks what an authority or the account itself says of the two.
func (w *weighing) strong() {
	f := w.v.facts
	if f.sid != "" {
		w.sid(SIDExtension, f.sid)
	}
	for _, n := range f.strong {
		w.identity(n)
	}
	if w.v.authority.SANURI {
		for _, sid := range f.uriSIDs {
			w.sid(SANURI, sid)
		}
	} else if w.tell {
		for _, sid := range f.uriSIDs {
			w.note(SANURI, string(sid), nil, false, "the authority is not one whose SAN URIs count (san_uri)")
		}
	}
}

// weak asks what the names in the certificate say, if its authority is believed.
func (w *weighing) weak() {
	f := w.v.facts
	if w.counts(UPN) || w.tell {
		for _, upn := range f.upns {
			a, ok := w.s.FindUPN(string(upn))
			w.named(UPN, string(upn), a, ok)
		}
	}
	if w.counts(Mail) || w.tell {
		for _, m := range f.mails {
			a, ok := w.s.FindPrimary(string(m))
			w.named(Mail, string(m), a, ok)
		}
		w.weakIdentities(f.mailed)
	}
	if w.counts(Subject) || w.tell {
		w.weakIdentities(f.subjects)
	}
}

func (w *weighing) counts(m Mapping) bool { return slices.Contains(w.v.authority.Weak, m) }

func (w *weighing) weakIdentities(all []named) {
	for _, n := range all {
		if w.counts(n.Mapping) {
			w.identity(n)
		} else if a, ok := w.s.FindIdentity(n.identity); ok {
			w.named(n.Mapping, n.identity, a, ok)
		}
	}
}

// named takes what a weak mapping says.
func (w *weighing) named(m Mapping, fact string, a access.Account, ok bool) {
	switch {
	case !ok:
		w.note(m, fact, nil, false, "no account has it")
	case !w.counts(m):
		w.note(m, fact, &a, false, "the mapping is weak and not switched on for the authority")
	default:
		w.add(m, fact, &a)
	}
}

// sid takes a SID, which counts only if it is of a domain that somebody vouches
// for here.
func (w *weighing) sid(m Mapping, sid entente.SID) {
	a, ok := w.s.FindSID(sid)
	refuse := func(format string, args ...any) {
		w.note(m, string(sid), nil, true, fmt.Sprintf(format, args...))
		w.refuse(ReasonUnmapped, fmt.Errorf(format, args...))
	}
	switch {
	case !w.s.KnowsDomain(sid):
		refuse("the SID %s is of a domain that is neither this organization's nor a realm's", sid)
	case !ok:
		refuse("no account has the SID %s, or more than one", sid)
	case a.SID == sid && a.Master != "":
		refuse("the SID %s is that of a placeholder, whose mailbox belongs to the account %s", sid, a.Master)
	case a.SID != sid && w.s.RealmOf(sid) == "":
		refuse("no realm vouches for the master account %s", sid)
	default:
		w.add(m, string(sid), &a)
	}
}

// identity takes one of the certificate's identities, if an account claims it.
func (w *weighing) identity(n named) {
	a, ok := w.s.FindIdentity(n.identity)
	issuer := n.Mapping == IssuerSerial || strings.Contains(n.identity, "<I>")
	if !ok {
		all := w.s.Claimants(n.identity)
		if len(all) == 0 {
			w.note(n.Mapping, n.identity, nil, false, "no account claims it")
			return
		}
		w.note(n.Mapping, n.identity, nil, true, "several accounts claim it")
		w.refuse(ReasonAmbiguous, fmt.Errorf("%s is claimed by %s and %s", n.identity, all[0].UPN, all[1].UPN))
		return
	}
	if issuer && w.j.ambiguous[w.v.facts.issuer] {
		w.note(n.Mapping, n.identity, &a, true, "two authorities have the issuer's name")
		w.refuse(ReasonAmbiguous, errors.New("two authorities that count have the issuer's name, so that it says nothing: name the key instead (SKI, SHA1-PUKEY)"))
		return
	}
	w.add(n.Mapping, n.identity, &a)
}

// add has one more thing speak for an account.
func (w *weighing) add(m Mapping, fact string, a *access.Account) {
	switch {
	case w.found == nil:
		w.found, w.mapping, w.fact = a, m, fact
		w.note(m, fact, a, true, "")
	case w.found.SID != a.SID:
		w.note(m, fact, a, true, "it names another account")
		w.contradict(m, a)
	default:
		w.note(m, fact, a, true, "")
	}
}

func (w *weighing) contradict(m Mapping, a *access.Account) {
	w.refuse(ReasonAmbiguous, fmt.Errorf("%s says it is %s, and %s that it is %s", w.mapping, w.found.UPN, m, a.UPN))
}

// contradicted looks whether names that would not have been believed speak of
// somebody else.
func (w *weighing) contradicted() {
	f := w.v.facts
	for _, upn := range f.upns {
		if a, ok := w.s.FindUPN(string(upn)); ok && a.SID != w.found.SID {
			w.contradict(UPN, &a)
		}
	}
	for _, sid := range f.uriSIDs {
		if sid != w.found.SID && sid != w.found.Master {
			w.refuse(ReasonAmbiguous, fmt.Errorf("%s says it is %s, and a SAN URI that it is %s", w.mapping, w.found.UPN, sid))
		}
	}
}

// admit looks whether the account may come, and makes the match.
func (w *weighing) admit() (Match, error) {
	a := w.found
	if a == nil {
		return Match{}, refused(ReasonUnmapped, errors.New("nothing in it names an account in a way that counts"))
	}
	m := Match{
		Account: *a, SID: a.SID, Mapping: w.mapping, Fact: w.fact, Authority: w.v.authority.Name,
		Serial: w.v.serial, Evidence: w.v.evidence, NotAfter: w.v.leaf.NotAfter,
	}
	if a.Master != "" {
		// The placeholder is disabled; who comes is the master, for whom his realm
		// has to stand.
		m.SID, m.Realm = a.Master, w.s.RealmOf(a.Master)
		if m.Realm == "" {
			return Match{}, refused(ReasonUnmapped, fmt.Errorf("no realm vouches for the master account %s of %s", a.Master, a.UPN))
		}
		return m, nil
	}
	if !a.Enabled {
		return Match{}, refused(ReasonDisabled, fmt.Errorf("%s is disabled", a.UPN))
	}
	return m, nil
}

// refuse keeps the first thing that refuses.
func (w *weighing) refuse(why entente.Reason, err error) {
	if w.err == nil {
		w.err = refused(why, err)
	}
}

func (w *weighing) note(m Mapping, fact string, a *access.Account, counts bool, says string) {
	if !w.tell {
		return
	}
	f := Finding{Mapping: m, Fact: fact, Counts: counts, Says: says}
	if a != nil {
		f.Account = string(a.UPN)
	}
	w.findings = append(w.findings, f)
}
