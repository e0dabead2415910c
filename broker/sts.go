package broker

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"entente"
	"entente/db"
	"entente/federation/brokerapi"
	"entente/federation/token"
	"entente/federation/wstrust"
	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
	"entente/xmlsec"
)

// maxSTS is how long a message to the STS may be.
const maxSTS = 256 << 10

const contentType = "application/soap+xml; charset=utf-8"

// lifeOfMessage is how long an answer's timestamp holds.
const lifeOfMessage = 5 * time.Minute

// serveSTS answers RequestSecurityToken/Issue. [MS-OXWSLVID] 3.3.4.1; WS-Trust 4
func (b *Broker) serveSTS(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/soap+xml" || r.Header.Get("Content-Encoding") != "" {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	x := &exchange{b: b, find: b.appOf, source: sourceOf(r), now: b.Now()}
	answer, err := x.answer(r)
	if err != nil {
		x.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(answer) // who asked has gone
}

// An exchange is one request to the STS.
type exchange struct {
	b       *Broker
	find    func(ctx context.Context, uri string) (*app, error) // appOf
	source  string
	now     time.Time
	version wstrust.Version // that the request is in, as far as it is known
	message *wssecurity.Received
	q       *request // nil until it is known who asks
	asked   wish     // as far as it is known, for the record
}

func (x *exchange) answer(r *http.Request) ([]byte, error) {
	ctx := r.Context()
	if after, ok := x.b.rates.take("source "+x.source, x.b.Limits.Source, x.now); !ok {
		return nil, tooMany(after)
	}
	document, err := io.ReadAll(io.LimitReader(r.Body, maxSTS+1))
	if err != nil || len(document) > maxSTS {
		return nil, denied()
	}
	rst, a, proof, err := x.authenticate(ctx, document)
	if err != nil {
		return nil, err
	}
	x.b.rates.giveBack("source " + x.source)
	x.q = &request{
		id: requestID(), verb: brokerapi.IssueToken, app: a, claimed: a.id, source: x.source, now: x.now,
		certificate: proof.Certificate, once: sha256.Sum256(append([]byte("rst\x00"), proof.Signature...)),
		until: x.message.Created.Add(2 * token.MaxSkew),
	}
	return x.issue(ctx, rst, proof)
}

// known are the header blocks that are understood.
func known() []strictxml.Name {
	return []strictxml.Name{
		{Space: wssecurity.SpaceSecurity, Local: "Security"},
		{Space: wssecurity.SpaceAddressing, Local: "To"},
		{Space: wssecurity.SpaceAddressing, Local: "Action"},
		{Space: wssecurity.SpaceAddressing, Local: "MessageID"},
		{Space: wssecurity.SpaceAddressing, Local: "ReplyTo"},
	}
}

// authenticate finds out who asks. The message says whose it is, which selects
// the certificates to verify it with, and no more: what is believed is read from
// the bytes that they vouch for. To whom that says nothing, everything is the
// same refusal.
func (x *exchange) authenticate(ctx context.Context, document []byte) (*wstrust.Request, *app, *wssecurity.Proof, error) {
	m, err := soap.Open(document, xmlsec.Limits())
	if err != nil || m.Version != soap.V12 || m.MustUnderstand(known()...) != nil {
		return nil, nil, nil, denied()
	}
	if x.message, err = wssecurity.Open(document); err != nil {
		return nil, nil, nil, denied()
	}
	var ok bool
	if x.version, ok = wstrust.VersionOf(x.message.Action); !ok {
		return nil, nil, nil, denied()
	}
	claimed, err := readRequest(m)
	if err != nil {
		return nil, nil, nil, denied()
	}
	a, err := x.find(ctx, claimed.Requestor)
	if err != nil {
		return nil, nil, nil, err
	}
	// Of who is not known, a signature is verified too, with a key that is nobody's
	// who asks.
	trusted, need, profile := []*x509.Certificate{x.b.issuer(x.now).RSA.Certificate}, wssecurity.Timestamp|wssecurity.To|wssecurity.Action|wssecurity.Body, xmlsec.Compat
	if a != nil {
		trusted = a.keys.at(x.now).certificates(x.now)
		if a.compat >= unsignedBody {
			need = wssecurity.Timestamp | wssecurity.To
		}
		if a.compat >= legacySuites {
			profile = xmlsec.Legacy
		}
	}
	proof, err := x.message.Certified(trusted, need, profile)
	if err != nil || a == nil {
		return nil, nil, nil, denied()
	}
	if proof.Body == nil {
		return claimed, a, proof, nil
	}
	signed, err := readSigned(proof.Body)
	if err != nil {
		return nil, nil, nil, err
	}
	return signed, a, proof, nil
}

// readRequest reads what the Body of a message says, whoever says it.
func readRequest(m *soap.Message) (q *wstrust.Request, err error) {
	err = m.Read(func(r *strictxml.Reader) {
		var wrong error
		if q, wrong = wstrust.ReadRequest(r); wrong != nil {
			r.Fail(wrong)
		}
	})
	return q, err
}

// readSigned reads the canonical Body that was vouched for.
func readSigned(body []byte) (q *wstrust.Request, err error) {
	r := strictxml.NewReader(body, xmlsec.Limits())
	if !r.Root() || r.Name() != (strictxml.Name{Space: soap.Namespace12, Local: "Body"}) || !r.Child() {
		return nil, denied()
	}
	q, wrong := wstrust.ReadRequest(r)
	if wrong != nil || r.Child() || r.Finish() != nil {
		return nil, denied()
	}
	return q, nil
}

// appOf returns the organization that an application URI names, while the domain
// in it is its own; nil if there is none.
func (b *Broker) appOf(ctx context.Context, uri string) (a *app, err error) {
	_, name, err := parseURI(uri)
	if err != nil {
		return nil, nil
	}
	err = b.DB.View(ctx, func(tx *db.Tx) error {
		a = nil
		d, err := holder(tx, name)
		if err != nil || d == nil {
			return err
		}
		a, err = loadApp(tx, d.app)
		return err
	})
	return a, err
}

// issue decides, makes the token and remembers it.
func (x *exchange) issue(ctx context.Context, rst *wstrust.Request, proof *wssecurity.Proof) ([]byte, error) {
	b, m := x.b, x.message
	x.asked = wish{app: x.q.app, requestor: rst.Requestor, target: rst.Target, offer: rst.Offer}
	switch {
	case m.Created.IsZero() || m.Created.Before(x.now.Add(-token.MaxSkew)) || m.Created.After(x.now.Add(token.MaxSkew)) ||
		!m.Expires.After(m.Created) || !x.now.Before(m.Expires.Add(token.MaxSkew)):
		return nil, refuse(entente.Invalid, brokerapi.RequestExpired, "the message's time is more than five minutes from now: look at the clocks")
	case m.To != b.URL+brokerapi.PathSTS:
		return nil, refuse(entente.Invalid, brokerapi.InvalidRequest, "the message is addressed to somebody else")
	case rst.Version != x.version:
		return nil, refuse(entente.Invalid, brokerapi.InvalidRequest, "the message's action is of another version than its body")
	}
	if after, ok := b.rates.take("tokens "+string(x.q.app.id), b.Limits.Tokens, x.now); !ok {
		return nil, tooMany(after)
	}
	if err := x.speaksFor(rst); err != nil {
		return nil, err
	}
	t, to, err := b.grant(ctx, &x.asked, x.now)
	if err != nil {
		return nil, err
	}
	return x.make(ctx, rst, proof, t, to)
}

// speaksFor reads for whom the token is, from what the organization's own
// certificate vouches for.
func (x *exchange) speaksFor(rst *wstrust.Request) error {
	bad := func(text string) error { return refuse(entente.Denied, brokerapi.SubjectRefused, text) }
	profile := xmlsec.Compat
	if x.q.app.compat >= legacySuites {
		profile = xmlsec.Legacy
	}
	a, err := wstrust.OpenAssertion(rst.OnBehalfOf, x.q.app.keys.at(x.now).certificates(x.now), profile, x.now)
	if err != nil {
		return bad("the assertion about the person is not valid, or not signed by the organization's certificate")
	}
	x.asked.subject = a.Subject
	if !strings.EqualFold(a.Issuer, rst.Requestor) {
		return bad("the assertion about the person is of another organization than asks")
	}
	if a.Audience != "" && a.Audience != x.b.Issuer {
		return bad("the assertion about the person is for another broker")
	}
	return nil
}

// make makes the token, and the answer that carries it. Its secret goes to the
// target in the token, and to the requester under the certificate that asked.
func (x *exchange) make(ctx context.Context, rst *wstrust.Request, proof *wssecurity.Proof, t *token.Token, to *app) ([]byte, error) {
	response := &wstrust.Response{Version: rst.Version, Target: t.Audience, Created: t.NotBefore, Expires: t.NotAfter, Reference: t.ID}
	var err error
	switch {
	case rst.Bearer:
	case rst.Entropy != nil:
		response.Entropy = randomBytes(32)
		t.Proof = wstrust.ComputedKey(rst.Entropy, response.Entropy)
	default:
		t.Proof = randomBytes(32)
		if response.Proof, err = xmlsec.EncryptKey(t.Proof, proof.Certificate, suite(x.q.app, x.now)); err != nil {
			return nil, err
		}
	}
	current := to.keys.at(x.now).Current
	target, err := current.certificate()
	if err != nil {
		return nil, err
	}
	issuer := x.b.issuer(x.now)
	if response.Token, err = issuer.SAML(t, target, suite(to, x.now)); err != nil {
		return nil, err
	}
	answer, err := wssecurity.Bear(&wssecurity.Message{
		Version: soap.V12, To: wssecurity.SpaceAddressing + "/anonymous", Action: rst.Version.ResponseAction(),
		Created: x.now, Expires: x.now.Add(lifeOfMessage),
		Header: func(e *strictxml.Encoder) { x.relate(e) },
		Body:   func(e *strictxml.Encoder) { wstrust.AppendResponse(e, response) },
	})
	if err != nil {
		return nil, err
	}
	return answer, x.b.remembered(ctx, x.q, &x.asked)
}

// suite is what an organization's software decrypts: ours AES-GCM, which who has
// P-256 keys is, and Exchange AES-CBC.
func suite(a *app, now time.Time) xmlsec.Profile {
	current := a.keys.at(now).Current
	if a.compat == strict && current.encryption() != nil {
		return xmlsec.Modern
	}
	return xmlsec.Compat
}

func (x *exchange) relate(e *strictxml.Encoder) {
	if x.message != nil && x.message.ID != "" {
		e.Elem("wsa:RelatesTo", x.message.ID)
	}
}

// trustCode is the code of WS-Trust 11 for one of ours.
func trustCode(own string) string {
	switch own {
	case brokerapi.AccessDenied, brokerapi.NotActive:
		return wstrust.FailedAuthentication
	case brokerapi.RequestExpired:
		return wstrust.ExpiredData
	case brokerapi.SubjectRefused:
		return wstrust.InvalidSecurityToken
	case brokerapi.UnknownTarget, brokerapi.UnknownOffer:
		return wstrust.InvalidScope
	case brokerapi.InvalidRequest, brokerapi.RequestRepeated:
		return wstrust.InvalidRequest
	}
	return wstrust.RequestFailed
}

// sentence makes a text one, as faults have them.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// fail answers with a fault. A stranger's is the same whatever he sent, down to
// its length.
func (x *exchange) fail(w http.ResponseWriter, r *http.Request, err error) {
	if x.q == nil {
		x.b.unseen.count(x.source)
	} else {
		record := x.b.issued(x.q, &x.asked)
		record.Allowed, record.Code = false, code(err)
		if e := x.b.Audit.Append(context.WithoutCancel(r.Context()), record); e != nil {
			err = errors.Join(err, e)
		}
	}
	problem, status, after := x.b.told(r.Context(), "sts", err)
	f := wstrust.Fault(x.version, trustCode(problem.Code), problem.Code, sentence(problem.Text))
	// SOAP 1.2 part 2, 7.5.2.2: what the sender did wrong is 400.
	if status < http.StatusTooManyRequests {
		status = http.StatusBadRequest
	}
	e := strictxml.NewEncoder(nil)
	soap.AppendFault(e, soap.V12, f, []soap.Namespace{{Prefix: "wsa", URI: wssecurity.SpaceAddressing}}, func(e *strictxml.Encoder) {
		e.Elem("wsa:Action", wstrust.FaultAction())
		if x.q != nil {
			x.relate(e)
		}
	})
	setRetryAfter(w, after)
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(e.Bytes()) // who asked has gone
}
