package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"

	"entente"
	"entente/federation/brokerapi"
	"entente/outgoing"
)

// A verdict is what DNS says of a proof.
type verdict uint8

const (
	unknown verdict = iota // it did not say, or not everybody said the same
	absent
	present
)

// A finding is the outcome of a check.
type finding struct {
	verdict  verdict
	problem  string // for the owner: what is wrong, and what to do
	wildcard bool
}

// provable refuses domains that nobody is to have: those below which others
// register (https://publicsuffix.org), which a record there would speak for.
func provable(d entente.Domain) error {
	suffix, _ := publicsuffix.PublicSuffix(string(d))
	if suffix == string(d) || !strings.Contains(string(d), ".") {
		return refuse(entente.Invalid, brokerapi.InvalidDomain, string(d)+" is a public suffix: nobody's domain alone")
	}
	return nil
}

// accepted is what proves a domain: the texts at the domain, and at the scoped
// label, and the scoped form.
type accepted struct {
	texts  []string
	scoped brokerapi.ScopedProof
}

// accepts returns what proves a domain for an application now.
func accepts(a *app, d *domain, now time.Time) accepted {
	k := a.keys.at(now)
	sets := k.sets()
	if k.Next != nil { // so that the record can be changed before the certificate is
		sets = append(sets, k.Next)
	}
	want := accepted{scoped: brokerapi.ScopedProof{App: a.id, Nonce: d.nonce}}
	for _, s := range sets {
		if c, err := s.certificate(); err == nil {
			want.texts = append(want.texts, brokerapi.DomainProof(a.id, d.name, c))
		}
	}
	return want
}

// by reports whether a record proves the domain, and when it ceases to if it says
// so.
func (w *accepted) by(text string, scoped bool, now time.Time) (ends time.Time, ok bool) {
	if slices.Contains(w.texts, text) {
		return time.Time{}, true
	}
	if !scoped {
		return time.Time{}, false
	}
	p, ok := brokerapi.ParseScopedProof(text)
	return p.Expires, ok && p.Holds(w.scoped, now)
}

// among looks for a record that proves the domain for the longest time.
func (w *accepted) among(texts []string, scoped bool, now time.Time) (ends time.Time, ok bool) {
	for _, s := range texts {
		e, holds := w.by(s, scoped, now)
		if holds && (!ok || e.IsZero() || !ends.IsZero() && e.After(ends)) {
			ends, ok = e, true
		}
	}
	return ends, ok
}

// lookFor has every resolver, and the domain's own servers, say whether a proof
// is there. One that says otherwise than the rest may be deceived, or behind:
// then nothing is known.
func (b *Broker) lookFor(ctx context.Context, name entente.Domain, want accepted) finding {
	resolvers := b.DNS.Each()
	last := len(resolvers)
	opinions := make([]opinion, last, last+1)
	if !b.NoAuthority {
		opinions = opinions[:last+1]
	}
	var all sync.WaitGroup
	for i, r := range resolvers {
		all.Go(func() { opinions[i] = b.ask(ctx, name, &want, r.Ask) })
	}
	if !b.NoAuthority {
		all.Go(func() {
			opinions[last] = b.ask(ctx, name, &want, b.DNS.AskAuthority)
			opinions[last].optional = errors.Is(opinions[last].err, outgoing.ErrNoAuthority)
		})
	}
	all.Wait()
	return conclude(name, opinions, b.Now())
}

// An opinion is what one server says.
type opinion struct {
	verdict  verdict
	wildcard bool
	ends     time.Time // of the record, if it says so
	optional bool      // there was nobody to ask
	err      error     // of an unknown
}

func conclude(name entente.Domain, opinions []opinion, now time.Time) finding {
	var said [present + 1]int
	f := finding{}
	var silent error
	var ends time.Time
	for _, o := range opinions {
		if o.optional {
			continue
		}
		if !o.ends.IsZero() && (ends.IsZero() || o.ends.Before(ends)) {
			ends = o.ends
		}
		said[o.verdict]++
		f.wildcard = f.wildcard || o.wildcard
		if o.err != nil {
			silent = o.err
		}
	}
	switch {
	case said[present] > 0 && said[absent] > 0:
		f.problem = "name servers do not agree whether the proof is there: a new record takes a while to be seen everywhere"
	case said[unknown] > 0:
		f.problem = "DNS did not answer for the domain"
		if e := (*net.DNSError)(nil); errors.As(silent, &e) && e.IsTimeout {
			f.problem += " in time"
		}
	case said[present] > 0:
		f.verdict = present
		if !ends.IsZero() && ends.Before(now.Add(endsSoon)) {
			f.problem = "the record proves the domain until " + ends.Format(time.DateOnly) + " only: put the one with a later exp in its place"
		}
	case said[absent] > 0:
		f.verdict = absent
		f.problem = fmt.Sprintf("Proof of domain ownership has failed. Make sure that the TXT record is in DNS, at %s%s or at %s", brokerapi.ScopedLabel, name, name)
	}
	return f
}

// endsSoon is how long before a record's end its owner hears of it.
const endsSoon = 60 * daytime

// wildcardLabel is a name that nobody made a record for.
const wildcardLabel = "_entente-nobody-made-this."

type asker func(ctx context.Context, name string, kind uint16) (*outgoing.Answer, error)

// ask looks at both places. That the proof is in one is enough; that it is in
// none takes an answer about both.
func (b *Broker) ask(ctx context.Context, name entente.Domain, want *accepted, ask asker) (o opinion) {
	now := b.Now()
	o.verdict = absent
	for _, place := range []string{brokerapi.ScopedLabel, ""} {
		said, err := texts(ask(ctx, place+string(name), dns.TypeTXT))
		if err != nil {
			o.verdict, o.err = unknown, err
			continue
		}
		if ends, ok := want.among(said, place != "", now); ok {
			o.verdict, o.err, o.ends = present, nil, ends
			break
		}
	}
	if o.verdict == present {
		other, err := texts(ask(ctx, wildcardLabel+string(name), dns.TypeTXT))
		_, found := want.among(other, true, now)
		o.wildcard = err == nil && found
	}
	return o
}

// texts tells that there is no record from not knowing.
func texts(a *outgoing.Answer, err error) ([]string, error) {
	switch {
	case err == nil:
		return a.Texts(), nil
	case errors.Is(err, outgoing.ErrNoName), errors.Is(err, outgoing.ErrNoData):
		return nil, nil
	}
	return nil, err
}

// proposed is the scoped record that is proposed to an owner: the same for years,
// and in time another one.
func proposed(app entente.AppID, nonce string, reserved, now time.Time) string {
	ends := reserved.Add(proofLasts)
	for ends.Before(now.Add(proofLasts / 5)) {
		ends = ends.Add(proofLasts)
	}
	return brokerapi.ScopedProof{App: app, Nonce: nonce, Expires: ends}.String()
}
