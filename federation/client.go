package federation

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"entente"
	"entente/federation/brokerapi"
	"entente/federation/token"
)

const (
	callTime  = 15 * time.Second // of one question to the broker
	maxAnswer = 256 << 10
)

// A Refusal is what the broker said when it refused: a stable code and a
// sentence. Errors with the reason BrokerRefused have one.
type Refusal struct{ brokerapi.Problem }

func (r *Refusal) Error() string { return r.Code + ": " + r.Text }

// refusedAs reports whether the broker refused with one of these codes.
func refusedAs(err error, codes ...string) bool {
	var r *Refusal
	if !errors.As(err, &r) {
		return false
	}
	for _, c := range codes {
		if r.Code == c {
			return true
		}
	}
	return false
}

// refused is the error for what the broker said. What may be asked again later is
// not told as a refusal.
func refused(p brokerapi.Problem) error {
	e := entente.Errorf(entente.Denied, "The broker refuses (%s): %s", clean(p.Code, 64), clean(p.Text, 500)).Because(BrokerRefused)
	switch p.Code {
	case brokerapi.TooManyRequests, brokerapi.Unavailable, brokerapi.ProofUnknown:
		e.Kind, e.Reason = entente.Unavailable, BrokerUnavailable
	case brokerapi.ProofFailed:
		e.Reason = ProofFailed
	case brokerapi.InvalidCertificate:
		e.Reason = BadCertificate
	}
	e.Err = &Refusal{p}
	return e
}

// clean makes what the broker says fit to be shown.
func clean(s string, most int) string {
	r := []rune(s)
	r = r[:min(len(r), most)]
	for i, c := range r {
		if c < ' ' || c == 0x7f {
			r[i] = ' '
		}
	}
	return string(r)
}

func unavailable(host string, err error) error {
	e := entente.Errorf(entente.Unavailable, "The broker %s does not answer as it should.", host).Because(BrokerUnavailable)
	e.Err = err
	return e
}

// An envelope is what a request says, and who signs it.
type envelope struct {
	broker, issuer string
	app            entente.AppID
	by             brokerapi.Signer
}

// to addresses requests of the trust, signed by the certificate of a generation.
func (d *document) to(u *usable) envelope {
	return envelope{d.Broker, d.Issuer, d.AppID, u.signer()}
}

func (u *usable) signer() brokerapi.Signer {
	return brokerapi.Signer{Key: u.key, Certificate: u.certificate}
}

// manage asks the broker for a verb in the organization's name. Around a change of
// certificates the broker may go by another one than this node does, for clocks
// differ: then it is asked again by the certificate before or after.
func (s *Service) manage(ctx context.Context, verb string, body, answer any) error {
	v, u, err := s.managing()
	if err != nil {
		return err
	}
	err = s.call(ctx, v.document.to(u), verb, body, answer)
	for _, other := range v.others(s.Now()) {
		if !refusedAs(err, brokerapi.AccessDenied) || other.key == nil {
			break
		}
		err = s.call(ctx, v.document.to(other), verb, body, answer)
	}
	return err
}

// changing is how long before and after a change of certificates the broker may
// have another one in use.
const changing = 3 * token.MaxSkew

// others are the generations that the broker may have in use in place of the
// current one.
func (v *view) others(now time.Time) (all []*usable) {
	d := v.document
	if n := d.Next; n != nil && !n.From.IsZero() && now.Sub(n.From) > -changing {
		all = append(all, v.find(n.thumbprint()))
	}
	if len(d.Previous) > 0 && now.Sub(d.Current.Since) < changing {
		all = append(all, v.find(d.Previous[0].thumbprint()))
	}
	return all
}

// call asks the broker for a verb. The answer comes over the connection that
// vouches for the broker; what must be known beyond it is signed in itself.
func (s *Service) call(ctx context.Context, e envelope, verb string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := brokerapi.Sign(&brokerapi.Envelope{
		Verb: verb, Audience: e.issuer, Issued: s.Now().Unix(), ID: rand.Text(), App: e.app, Body: text,
	}, e.by)
	if err != nil {
		return err
	}
	status, text, err := s.fetch(ctx, http.MethodPost, e.broker+brokerapi.PathVerbs+verb, "application/jose", request)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		var p brokerapi.Problem
		if json.Unmarshal(text, &p) != nil || p.Code == "" {
			return unavailable(e.broker, fmt.Errorf("%s: status %d", verb, status))
		}
		return refused(p)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return unavailable(e.broker, fmt.Errorf("%s: the answer cannot be read: %w", verb, err))
	}
	return nil
}

// fetch sends a request to the broker and reads its answer, up to a bound.
func (s *Service) fetch(ctx context.Context, method, address, content string, body []byte) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return 0, nil, entente.Errorf(entente.Invalid, "the broker's address is not https://HOST").Because(Misconfigured)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if content != "" {
		r.Header.Set("Content-Type", content)
	}
	a, err := s.HTTP.Do(r)
	if err != nil {
		return 0, nil, unavailable(u.Host, err)
	}
	defer func() { _ = a.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(a.Body, maxAnswer+1))
	if err == nil && len(answer) > maxAnswer {
		err = errors.New("the answer is too long")
	}
	if err != nil {
		return 0, nil, unavailable(u.Host, err)
	}
	return a.StatusCode, answer, nil
}

// brokerURL reads where a broker is: its address, or that of its federation
// metadata document, of which the host counts.
func brokerURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", entente.Errorf(entente.Invalid, "%q is not the https address of a broker or of its federation metadata", text)
	}
	return "https://" + u.Host, nil
}
