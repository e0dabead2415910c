package broker

import (
	"context"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/db"
	"entente/federation/brokerapi"
	"entente/federation/token"
)

// A wish is what a token is asked for, in either protocol, once it is known who
// asks.
type wish struct {
	app       *app
	requestor string // application URI; empty: any of the application's
	target    string // application URI
	offer     token.Offer
	subject   token.Subject
}

// maxMails is how many addresses one person may have in a token.
const maxMails = 16

// grant decides whether a token is issued, and returns it with whom it is for.
// It says who is in a federation to nobody but its members: an organization that
// is not there and one that is not active are the same.
func (b *Broker) grant(ctx context.Context, w *wish, now time.Time) (*token.Token, *app, error) {
	lifetime := w.offer.Lifetime()
	if lifetime == 0 {
		return nil, nil, refuse(entente.Invalid, brokerapi.UnknownOffer, "no tokens are issued for this offer")
	}
	target, targetDomain, err := parseURI(w.target)
	if err != nil {
		return nil, nil, refuse(entente.NotFound, brokerapi.UnknownTarget, "the target is not an organization that is federated here")
	}
	var to *app
	var mine []*domain
	err = b.DB.View(ctx, func(tx *db.Tx) error {
		to = nil
		d, err := holder(tx, targetDomain)
		if err != nil {
			return err
		}
		if d.usable() {
			if to, err = loadApp(tx, d.app); err != nil {
				return err
			}
		}
		mine, err = domainsOf(tx, w.app.id)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	t := &token.Token{
		Issuer: b.Issuer, Audience: target, Subject: w.subject, App: w.app.id, Offer: w.offer,
		Issued: now, NotBefore: now, NotAfter: now.Add(lifetime), ID: token.NewID(),
	}
	var active []entente.Domain
	for _, d := range mine {
		if d.usable() {
			active = append(active, d.name)
		}
	}
	if t.Requestor, err = requestor(w, active); err != nil {
		return nil, nil, err
	}
	if err := checkSubject(&w.subject, t.Requestor, active); err != nil {
		return nil, nil, err
	}
	t.Domains = spokenOf(t)
	if to == nil || to.suspended || !slices.Contains(to.uris, target) {
		return nil, nil, refuse(entente.NotFound, brokerapi.UnknownTarget, "the target is not an organization that is federated here")
	}
	return t, to, nil
}

// requestor returns the application URI for which a token is asked: one of the
// application's own, of a domain that is active for it.
func requestor(w *wish, active []entente.Domain) (string, error) {
	if w.app.suspended {
		return "", refuse(entente.Denied, brokerapi.NotActive, "the organization is suspended")
	}
	for _, uri := range w.app.uris {
		_, d, err := parseURI(uri)
		if err == nil && slices.Contains(active, d) && (w.requestor == "" || strings.EqualFold(w.requestor, uri)) {
			return uri, nil
		}
	}
	return "", refuse(entente.Denied, brokerapi.NotActive, "the organization has no application URI of that name whose domain is active")
}

// checkSubject holds an organization to people of its own: every address in a
// domain that it has proven, and an immutable id in its own name.
func checkSubject(s *token.Subject, requestor string, active []entente.Domain) error {
	bad := func(text string) error { return refuse(entente.Denied, brokerapi.SubjectRefused, text) }
	name, space, ok := strings.Cut(s.Immutable, "@")
	if !ok || name == "" || len(s.Immutable) > 255 || !strings.EqualFold(space, requestor) || strings.ContainsFunc(name, notURN) {
		return bad("the person's immutable id is not one of the organization's")
	}
	if len(s.Mails) == 0 || len(s.Mails) > maxMails {
		return bad("a person has one to sixteen addresses")
	}
	for _, m := range s.Mails {
		parsed, err := entente.ParseSMTPAddress(string(m))
		if err != nil || parsed != m {
			return bad("an address of the person's is none")
		}
		if !slices.Contains(active, m.Domain()) {
			return bad("an address of the person's is in a domain that is not active for the organization")
		}
	}
	return nil
}

// spokenOf are the domains that a token tells of: those it has addresses in, and
// the one that names the organization. The others are nobody's business.
func spokenOf(t *token.Token) []entente.Domain {
	_, d, _ := parseURI(t.Requestor) // it is the organization's
	all := []entente.Domain{d}
	for _, m := range t.Subject.Mails {
		if !slices.Contains(all, m.Domain()) {
			all = append(all, m.Domain())
		}
	}
	return all
}

// issued is the record of a token: who asked, as whom, whom he will be able to
// ask, and what.
func (b *Broker) issued(q *request, w *wish) audit.Record {
	r := b.record(q, w.target, string(w.offer))
	if len(w.subject.Mails) > 0 {
		r.As = access.Principal{Mail: w.subject.Mails[0]}
	}
	return r
}

// remembered keeps the record of a token, and that its request was seen, before
// it is given out.
func (b *Broker) remembered(ctx context.Context, q *request, w *wish) error {
	return b.DB.Update(ctx, func(tx *db.Tx) error {
		if err := remember(tx, q); err != nil {
			return err
		}
		return b.Audit.Note(b.issued(q, w))(tx)
	})
}

// issueToken issues a JWT: between servers of ours, and to keys that both sides
// have registered.
func (b *Broker) issueToken(ctx context.Context, q *request) (any, error) {
	body, err := decode[brokerapi.TokenRequest](q)
	if err != nil {
		return nil, err
	}
	w := &wish{app: q.app, target: body.Target, offer: body.Offer, subject: token.Subject{Immutable: body.Immutable, Mails: body.Mails}}
	if _, space, ok := strings.Cut(body.Immutable, "@"); ok {
		w.requestor = space
	}
	t, to, err := b.grant(ctx, w, q.now)
	if err != nil {
		return nil, err
	}
	keys := to.keys.at(q.now)
	key := keys.Current.encryption()
	if key == nil {
		return nil, refuse(entente.Conflict, brokerapi.NeedsSAML, "the target has no key for JWTs: ask for SAML")
	}
	t.Holder = q.holder
	issuer := b.issuer(q.now)
	jwt, err := issuer.JWT(t, key)
	if err != nil {
		return nil, err
	}
	if err := b.remembered(ctx, q, w); err != nil {
		return nil, err
	}
	return brokerapi.TokenIssued{JWT: jwt, Expires: t.NotAfter}, nil
}
