package partner

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/availability"
	"entente/ews"
	"entente/ews/ewsclient"
	"entente/federation"
	"entente/federation/httpsig"
	"entente/federation/jose"
	"entente/federation/token"
	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
	"entente/xmlsec"
)

// messageLife is how long a signed message may be under way; [MS-OXWSLVID]
// 3.3.4.1.1 has the same.
const messageLife = 5 * time.Minute

// tooFresh is the age below which a token that is not accepted is not replaced:
// the next would not be either.
const tooFresh = 30 * time.Second

// An errand is one question to one partner, as the audit logs of both sides name
// it, with the token it was asked with.
type errand struct {
	request string
	from    entente.Domain // of who asks
	token   string         // its form and name, "" if none was used
}

func (e *errand) used(g *held) {
	form := "SAML"
	if g.JWT != "" {
		form = "JWT"
	}
	e.token = form + " " + g.id
}

// tokenID is a name for a token by which both sides find it in their logs: what
// is in it only the other side can read. Of an assertion it is that of the
// element as it stands in a message.
func tokenID(g *federation.Granted) string {
	text := []byte(g.JWT)
	if g.JWT == "" {
		text = g.SAML
		alone := wssecurity.Message{Version: soap.V11, Token: g.SAML}
		if document, err := wssecurity.Bear(&alone); err == nil {
			if m, err := wssecurity.Open(document); err == nil && m.Token != nil {
				text = m.Token
			}
		}
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// askRelated asks under a relationship that is usable, in the name of somebody
// who may be spoken for.
func (c *Client) askRelated(ctx context.Context, who token.Subject, g *group, q *availability.Request, e *errand) ([]availability.Answer, error) {
	b := c.breakers.of(g.key)
	if !b.allow(c.Now()) {
		return nil, shut(g.name, b)
	}
	began := c.Now()
	var answers []availability.Answer
	place, err := c.place(ctx, who, g, e)
	if err == nil {
		answers, err = c.askAt(ctx, who, place, g, q, e)
	}
	c.judge(b, began, err)
	if broken(err) {
		c.places.forget(g.key, place) // it may have moved
	}
	return answers, err
}

// askAt asks at a URL. A token that has been kept for a while and is not
// accepted any more is replaced once: keys may have changed on the other side.
func (c *Client) askAt(ctx context.Context, who token.Subject, place string, g *group, q *availability.Request, e *errand) ([]availability.Answer, error) {
	target := g.relation.TargetApplicationURI
	for again := false; ; again = true {
		t, err := c.tokens.get(ctx, who, target, token.FreeBusy)
		if err != nil {
			return nil, notPartner{err}
		}
		e.used(t)
		answer := &ews.GetUserAvailabilityResponse{}
		err = c.call(ctx, place, t, question(g.of, q), answer, e)
		if !again && notAccepted(err) && c.Now().Sub(t.since) > tooFresh {
			c.tokens.drop(who, target, token.FreeBusy, t)
			continue
		}
		if err != nil {
			return nil, err
		}
		return answersOf(answer, len(g.of), q)
	}
}

// notPartner is an error that says nothing about the partner.
type notPartner struct{ error }

func (e notPartner) Unwrap() error { return e.error }

// judge tells a partner's breaker what came of a question.
func (c *Client) judge(b *breaker, began time.Time, err error) {
	var own notPartner
	now := c.Now()
	switch {
	case errors.As(err, &own), errors.Is(err, context.Canceled):
		b.unsure()
	case errors.Is(err, context.DeadlineExceeded) || timeout(err):
		// Who had no time himself learns nothing about the partner.
		if now.Sub(began) < AskTime/3 {
			b.unsure()
			return
		}
		b.failed(now, err, true)
	case broken(err):
		b.failed(now, err, false)
	default:
		b.succeeded()
	}
}

func timeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// broken reports whether an error is of the way to a partner or of its server,
// rather than an answer, be it a refusal.
func broken(err error) bool {
	var own notPartner
	var e *entente.Error
	var fault *ewsclient.Fault
	var status *ewsclient.Status
	switch {
	case err == nil, errors.As(err, &own), errors.As(err, &fault):
		return false
	case errors.As(err, &status):
		return status.Code >= 500 || status.Code == http.StatusNotFound
	case errors.As(err, &e):
		return e.Reason == availability.PartnerDiscoveryFailed
	}
	return true
}

// notAccepted reports whether a partner refused who asked rather than what was
// asked.
func notAccepted(err error) bool {
	var status *ewsclient.Status
	var fault *ewsclient.Fault
	if errors.As(err, &status) {
		return status.Code == http.StatusUnauthorized
	}
	return errors.As(err, &fault) && (fault.Status == http.StatusUnauthorized || fault.Code.Space == wssecurity.SpaceSecurity)
}

func shut(name string, b *breaker) error {
	err := b.problem()
	return &entente.Error{
		Kind: entente.Unavailable, Reason: availability.PartnerFailed, Err: err,
		Text: "Proxy web request failed. , inner exception: the server of the other organization (" + name + ") did not answer and is not asked for a moment.",
	}
}

// question is what a partner is asked. Times are in UTC, whatever zone they
// were asked in.
func question(of []entente.SMTPAddress, q *availability.Request) *ews.GetUserAvailabilityRequest {
	never := ews.SerializableTimeZoneTime{Time: "00:00:00", DayOfWeek: "Sunday"}
	out := &ews.GetUserAvailabilityRequest{
		TimeZone: &ews.SerializableTimeZone{StandardTime: never, DaylightTime: never},
		FreeBusyViewOptions: &ews.FreeBusyViewOptions{
			TimeWindow: ews.TimeWindow{
				StartTime: ews.FloatingTime(q.Window.Start.UTC()), EndTime: ews.FloatingTime(q.Window.End.UTC()),
			},
			RequestedView: ews.FreeBusyViewType(q.View.String()),
		},
	}
	slot := max(1, int(q.Slot/time.Minute))
	out.FreeBusyViewOptions.MergedFreeBusyIntervalInMinutes = &slot
	for _, address := range of {
		out.MailboxDataArray = append(out.MailboxDataArray, ews.MailboxData{
			Email: ews.AvailabilityMailbox{Address: string(address)}, AttendeeType: ews.AttendeeRequired,
		})
	}
	return out
}

// call asks a partner's EWS one thing with a token. A JWT goes into the
// Authorization field, an assertion into the envelope, signed by its secret.
// Either way the request is signed with this organization's own key.
func (c *Client) call(ctx context.Context, place string, t *held, q ews.Request, into ews.Response, by *errand) error {
	m := wssecurity.Message{
		Declare: ewsclient.Namespaces(), Action: ews.NSMessages + "/" + q.Element(),
		Header: ewsclient.AppendHeader, Body: func(e *strictxml.Encoder) { ews.AppendRequest(e, q) },
	}
	r, err := c.request(ctx, place, t, &m, by, func() []byte { return ewsclient.Envelope(q) })
	if err != nil {
		return err
	}
	return ewsclient.Do(c.HTTP, r, into)
}

// request makes the request for a message: as it is beside a JWT, else secured
// by the assertion in it.
func (c *Client) request(ctx context.Context, place string, t *held, m *wssecurity.Message, by *errand, plain func() []byte) (*http.Request, error) {
	place = secured(place, t.JWT == "")
	var body []byte
	if t.JWT != "" {
		body = plain()
	} else {
		m.To, m.Token, m.Version = place, t.SAML, soap.V11
		m.Created = c.Now()
		m.Expires, m.Parts = m.Created.Add(messageLife), wssecurity.Timestamp|wssecurity.To|wssecurity.Action|wssecurity.Body
		var err error
		// Who gets SAML is not one of our servers, and Exchange's clients sign with
		// HMAC-SHA-1.
		if body, err = wssecurity.Possess(m, t.Proof, xmlsec.Compat); err != nil {
			return nil, fmt.Errorf("secure the message: %w", err)
		}
	}
	r, err := ewsclient.Post(ctx, place, body)
	if err != nil {
		return nil, err
	}
	if t.JWT != "" {
		r.Header.Set("Authorization", "Delegation "+t.JWT)
	}
	r.Header.Set("User-Agent", userAgent(by.from))
	r.Header.Set("client-request-id", by.request)
	return r, c.sign(r, body, t)
}

// sign proves that this organization asks, which the broker's word alone does
// not. RFC 9421
func (c *Client) sign(r *http.Request, body []byte, t *held) error {
	key, id, err := c.Federation.Signer()
	if err != nil {
		return notPartner{ofRooms(err)}
	}
	if t.JWT != "" && t.signer != id {
		if key, err = c.Federation.SignerOf(t.signer); err != nil {
			return notPartner{ofRooms(err)}
		}
		id = t.signer
	}
	public, err := jose.KeyOf(key.Public())
	if err != nil {
		return notPartner{err}
	}
	f, err := httpsig.Sign(&httpsig.Request{
		Method: r.Method, Authority: r.URL.Host, Path: r.URL.EscapedPath(),
		Authorization: r.Header.Get("Authorization"), Body: body,
	}, key, id, c.Now())
	if err != nil {
		return notPartner{fmt.Errorf("sign the request: %w", err)}
	}
	r.Header.Set(httpsig.DigestField, f.ContentDigest)
	r.Header.Set(httpsig.InputField, f.SignatureInput)
	r.Header.Set(httpsig.SignatureField, f.Signature)
	r.Header.Set(httpsig.KeyField, httpsig.FormatKey(public))
	return nil
}

// userAgent names the asking organization, as Exchange's servers do theirs
// (ASProxy/CrossForest/EmailDomain), so that the other side's logs show it.
func userAgent(from entente.Domain) string { return "Entente/CrossOrganization/" + string(from) }

// requestID is what both sides' logs may call a request.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return entente.MailboxID(b).String()
}

// The paths behind which a token is the only way in. The first takes one that
// its bearer need not prove to own by a secret, the second does.
const (
	bearerPath     = "/WSSecurity"
	possessionPath = "/WSSecurity/SymmetricKey"
)

// secured is the address for a token of a service, whatever of its addresses an
// administrator wrote down.
func secured(place string, possession bool) string {
	lower := strings.ToLower(place)
	for _, suffix := range [...]string{possessionPath, "/WSSecurity/X509Cert", bearerPath, "/"} {
		if strings.HasSuffix(lower, strings.ToLower(suffix)) {
			place = place[:len(place)-len(suffix)]
			break
		}
	}
	if possession {
		return place + possessionPath
	}
	return place + bearerPath
}

// checkURL refuses an address that is not one of a service over TLS.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("is no URL of a service")
	case u.Scheme != "https":
		return errors.New("is not https")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(s) > 500:
		return errors.New("has credentials, a query or a fragment in it")
	}
	return nil
}

// relationURL returns where the relationship says a service is.
func relationURL(r *access.Relationship, s string) (string, error) {
	if err := checkURL(s); err != nil {
		return "", unusable(r.Name, fmt.Errorf("%s %w", s, err))
	}
	return s, nil
}
