package broker

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/db"
	"entente/federation/brokerapi"
	"entente/federation/jose"
	"entente/federation/token"
)

// A verb is what POST /v1/VERB does.
type verb struct {
	who who
	do  func(*Broker, context.Context, *request) (any, error)
}

// who says whose signature a verb takes.
type who uint8

const (
	byCertificate who = iota // the organization's certificate
	byKey                    // its P-256 key
	bySelf                   // a certificate in the body, of somebody not known yet by it
)

func (b *Broker) verbs() map[string]verb {
	return map[string]verb{
		brokerapi.CreateAppID:            {bySelf, (*Broker).createApp},
		brokerapi.Recover:                {bySelf, (*Broker).recoverApp},
		brokerapi.AddURI:                 {byCertificate, (*Broker).addURI},
		brokerapi.RemoveURI:              {byCertificate, (*Broker).removeURI},
		brokerapi.ReserveDomain:          {byCertificate, (*Broker).reserveDomain},
		brokerapi.ReleaseDomain:          {byCertificate, (*Broker).releaseDomain},
		brokerapi.GetDomainInfo:          {byCertificate, (*Broker).domainInfo},
		brokerapi.CheckDomain:            {byCertificate, (*Broker).checkDomain},
		brokerapi.UpdateAppIDCertificate: {byCertificate, (*Broker).updateCertificate},
		brokerapi.IssueToken:             {byKey, (*Broker).issueToken},
	}
}

// A request is one whose signature has been verified.
type request struct {
	id     string // names it in the log
	verb   string
	app    *app // nil of bySelf
	source string
	now    time.Time
	body   json.RawMessage
	once   [sha256.Size]byte // what it is remembered by
	until  time.Time         // and for how long

	certificate *x509.Certificate // that signed it; nil of byKey
	holder      string            // thumbprint of the P-256 key that did
	claimed     entente.AppID
}

// verbHandler answers a verb. What is found out in which order says nothing to
// who is not known: whether an application is unknown, or its certificate
// another, or a signature wrong, is the same refusal.
func (b *Broker) verbHandler(name string, v verb) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		answer, err := b.verb(r, name, v)
		if err != nil {
			problem, status, after := b.told(r.Context(), name, err)
			setRetryAfter(w, after)
			writeJSON(w, status, problem)
			return
		}
		writeJSON(w, http.StatusOK, answer)
	})
}

func (b *Broker) verb(r *http.Request, name string, v verb) (any, error) {
	ctx, source, now := r.Context(), sourceOf(r), b.Now()
	if after, ok := b.rates.take("source "+source, b.Limits.Source, now); !ok {
		return nil, tooMany(after)
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, brokerapi.MaxMessage+1))
	if err != nil {
		return nil, refuse(entente.Invalid, brokerapi.InvalidRequest, "the request cannot be read")
	}
	u, err := brokerapi.Read(text)
	if err != nil {
		b.unseen.count(source)
		return nil, refuse(entente.Invalid, brokerapi.InvalidRequest, "the request is not understood")
	}
	q, err := b.authenticate(ctx, u, v.who, now)
	if err != nil {
		b.unseen.count(source)
		return nil, err
	}
	q.id, q.source, q.now, q.verb = requestID(), source, now, name
	if q.app != nil { // known from here on
		b.rates.giveBack("source " + source)
	}
	if err := b.admit(ctx, u, q, name, v.who); err != nil {
		return nil, errors.Join(err, b.recordRefusal(ctx, q, err))
	}
	answer, err := v.do(b, ctx, q)
	if err != nil {
		return nil, errors.Join(err, b.recordRefusal(ctx, q, err))
	}
	return answer, nil
}

func requestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails, by its documentation
	return hex.EncodeToString(id[:])
}

// authenticate verifies the signature of a request.
func (b *Broker) authenticate(ctx context.Context, u *brokerapi.Unverified, w who, now time.Time) (*request, error) {
	claimed := u.Claimed()
	if (w == byKey) == u.ByCertificate() {
		return nil, denied()
	}
	if w == bySelf {
		return b.authenticateSelf(u, now)
	}
	a, err := b.app(ctx, claimed.App)
	if err != nil {
		return nil, err
	}
	if a == nil {
		a = &app{}
	}
	q := &request{app: a, claimed: claimed.App}
	var e *brokerapi.Envelope
	if keys := a.keys.at(now); w == byKey {
		for _, k := range keys.signers(now) {
			if e, err = u.VerifyKey(k); err == nil {
				jwk, _ := jose.KeyOf(k) // it came from one
				q.holder = jwk.Thumbprint()
				break
			}
		}
	} else {
		for _, c := range manage(keys, now) {
			if e, err = u.Verify(c); err == nil {
				q.certificate = c
				break
			}
		}
	}
	if e == nil {
		return nil, denied()
	}
	q.body = e.Body
	return q, nil
}

// manage are the certificates by which an organization manages itself: the one in
// use and, for as long as a request may be on its way, the one before.
func manage(k appKeys, now time.Time) []*x509.Certificate {
	all := k.certificates(now)
	if k.Previous != nil && now.After(k.Until.Add(-keptFor).Add(2*token.MaxSkew)) {
		k.Previous = nil
		all = k.certificates(now)
	}
	return all
}

// authenticateSelf verifies a request that is signed by a certificate in it.
func (b *Broker) authenticateSelf(u *brokerapi.Unverified, now time.Time) (*request, error) {
	claimed := u.Claimed()
	var with struct {
		Certificate []byte `json:"certificate"`
	}
	if err := json.Unmarshal(claimed.Body, &with); err != nil {
		return nil, refuse(entente.Invalid, brokerapi.InvalidRequest, "the request is not understood")
	}
	c, err := checkCertificate(with.Certificate, now)
	if err != nil {
		return nil, err
	}
	e, err := u.Verify(c)
	if err != nil {
		return nil, denied()
	}
	return &request{certificate: c, body: e.Body, claimed: claimed.App}, nil
}

// admit refuses requests that are meant for somebody else, come at the wrong
// time, again, or too often.
func (b *Broker) admit(ctx context.Context, u *brokerapi.Unverified, q *request, name string, w who) error {
	e := u.Claimed() // it is what was verified
	issued := time.Unix(e.Issued, 0)
	switch {
	case e.Verb != name || e.Audience != b.Issuer || e.ID == "":
		return refuse(entente.Invalid, brokerapi.InvalidRequest, "the request is for another verb or another broker")
	case issued.Before(q.now.Add(-token.MaxSkew)) || issued.After(q.now.Add(token.MaxSkew)):
		return refuse(entente.Invalid, brokerapi.RequestExpired, "the request's time is more than five minutes from now: look at the clocks")
	}
	q.until = issued.Add(2 * token.MaxSkew)
	// The verb is in it, so that who may not use one cannot use up another's ids.
	q.once = sha256.Sum256([]byte(name + "\x00" + string(e.App) + "\x00" + e.ID))
	key, most := "app "+string(e.App), b.Limits.Requests
	switch w {
	case byKey:
		key, most = "tokens "+string(e.App), b.Limits.Tokens
	case bySelf:
		key = "self " + q.source
	}
	if after, ok := b.rates.take(key, most, q.now); !ok {
		return tooMany(after)
	}
	if w == byKey {
		return nil // it is remembered with the record of the token
	}
	return b.DB.Update(ctx, func(tx *db.Tx) error { return remember(tx, q) })
}

// remember refuses a request that was seen before. Every node sees the others'.
func remember(tx *db.Tx, q *request) error {
	n, err := tx.Exec(`INSERT INTO broker_seen (id, until) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, q.once[:], q.until.Unix())
	if err == nil && n == 0 {
		return refuse(entente.Invalid, brokerapi.RequestRepeated, "the request was seen before")
	}
	return err
}

// app returns an application, nil if there is none.
func (b *Broker) app(ctx context.Context, id entente.AppID) (a *app, err error) {
	err = b.DB.View(ctx, func(tx *db.Tx) error {
		a, err = loadApp(tx, id)
		return err
	})
	return a, err
}

// record is the record of what an organization did.
func (b *Broker) record(q *request, targets ...string) audit.Record {
	r := audit.Record{
		Kind: audit.External, Request: q.id, Action: "broker." + q.verb, Allowed: true, Address: q.source, Targets: targets,
		By: access.Principal{UPN: entente.UPN(q.claimed)},
	}
	r.As = r.By
	if q.certificate != nil {
		r.Method, r.Evidence = access.Certificate, "certificate "+fingerprint(q.certificate.Raw)
	} else if q.holder != "" {
		r.Method, r.Evidence = access.Certificate, "key "+q.holder
	}
	return r
}

// recordRefusal records that an organization that is known was refused something.
// Others are counted.
func (b *Broker) recordRefusal(ctx context.Context, q *request, err error) error {
	if q.app == nil {
		b.unseen.count(q.source)
		return nil
	}
	r := b.record(q)
	r.Allowed, r.Code = false, code(err)
	return b.Audit.Append(context.WithoutCancel(ctx), r)
}

// decode reads the body of a request.
func decode[T any](q *request) (*T, error) {
	v := new(T)
	if err := brokerapi.Decode(q.body, v); err != nil {
		return nil, refuse(entente.Invalid, brokerapi.InvalidRequest, "the request's body is not understood")
	}
	return v, nil
}

// update changes an application, with the record of it.
func (b *Broker) update(ctx context.Context, q *request, r audit.Record, f func(tx *db.Tx, a *app) error) error {
	return b.DB.Update(ctx, func(tx *db.Tx) error {
		a, err := loadApp(tx, q.app.id)
		if err != nil {
			return err
		}
		if a == nil {
			return denied() // it went meanwhile
		}
		a.keys = a.keys.at(q.now)
		if err := f(tx, a); err != nil {
			return err
		}
		if err := a.store(tx, q.now); err != nil {
			return err
		}
		return b.Audit.Note(r)(tx)
	})
}
