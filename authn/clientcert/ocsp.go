package clientcert

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Of OCSP, RFC 6960.
const (
	maxOCSP    = 64 << 10
	ocspTime   = 3 * time.Second
	ocspFresh  = 5 * time.Minute  // after which it is asked again though the answer holds still (threats K4)
	ocspRetry  = 30 * time.Second // after which a responder is asked again that did not answer
	maxAnswers = 10000
)

// ocspClient asks responders, each certificate's once at a time, and keeps what
// they said.
type ocspClient struct {
	fetch func(ctx context.Context, url string, body []byte) ([]byte, error)
	noted func(string, error)
	now   func() time.Time

	mu      sync.Mutex
	answers map[string]*ocspAnswer // by evidence
	down    map[string]time.Time   // responders that do not answer, and since when
}

type ocspAnswer struct {
	said       answer
	err        error // what an answer other than good is told as
	asked      time.Time
	failed     time.Time // when it was last asked in vain; zero if that went well
	nextUpdate time.Time
	asking     chan struct{} // closed when the question under way is answered; nil if none is
}

func newOCSP(fetch func(context.Context, string, []byte) ([]byte, error), noted func(string, error), now func() time.Time) *ocspClient {
	return &ocspClient{fetch: fetch, noted: noted, now: now, answers: map[string]*ocspAnswer{}, down: map[string]time.Time{}}
}

// ask returns what the responder says of a leaf: at most five minutes ago or, if
// it does not answer now, as long as its last answer holds.
func (o *ocspClient) ask(ctx context.Context, v *verified, now time.Time) (answer, error) {
	url := v.authority.OCSP
	o.mu.Lock()
	a := o.answers[v.evidence]
	if a == nil {
		if len(o.answers) >= maxAnswers {
			clear(o.answers)
		}
		a = &ocspAnswer{}
		o.answers[v.evidence] = a
	}
	if said, err, fresh := a.holds(now, ocspFresh); fresh {
		o.mu.Unlock()
		return said, err
	}
	if since, down := o.down[url]; down && now.Sub(since) < ocspRetry || !a.failed.IsZero() && now.Sub(a.failed) < ocspRetry {
		said, err, _ := a.holds(now, 0)
		o.mu.Unlock()
		return said, err
	}
	asking := a.asking
	if asking == nil {
		asking = make(chan struct{})
		a.asking = asking
		// Whoever asks first may hang up; the others wait for the answer still.
		go o.put(context.WithoutCancel(ctx), a, v, asking)
	}
	o.mu.Unlock()
	select {
	case <-asking:
	case <-ctx.Done():
		return unknown, ctx.Err()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	said, err, _ := a.holds(o.now(), 0)
	return said, err
}

// holds returns what was said, if that still counts, and whether it was within a
// time; 0 asks only whether it counts. What was revoked stays so until the
// responder says otherwise, as it does on lists.
func (a *ocspAnswer) holds(now time.Time, within time.Duration) (answer, error, bool) {
	over := now.After(a.nextUpdate)
	switch {
	case a.said == unknown || a.asked.IsZero() || over && a.said != revoked:
		if a.err != nil && a.said == unknown {
			return unknown, a.err, false
		}
		return unknown, errors.New("the responder has not answered"), false
	case within > 0 && (over || now.Sub(a.asked) > within):
		return a.said, a.err, false
	}
	return a.said, a.err, true
}

// put asks the responder and keeps its answer.
func (o *ocspClient) put(ctx context.Context, a *ocspAnswer, v *verified, asking chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, ocspTime)
	defer cancel()
	url := v.authority.OCSP
	r, reached, err := o.get(ctx, url, v)
	o.mu.Lock()
	a.asking = nil
	_, wasDown := o.down[url]
	// What a responder answers about one certificate says nothing of the others: it
	// may be one that it has never heard of.
	if reached {
		delete(o.down, url)
	} else {
		o.down[url] = o.now()
	}
	if err != nil {
		a.failed = o.now()
		if a.said == unknown {
			a.err = fmt.Errorf("%s: %w", url, err)
		}
	} else {
		a.failed = time.Time{}
		a.asked, a.said, a.err, a.nextUpdate = o.now(), good, nil, r.NextUpdate
		if r.NextUpdate.IsZero() { // newer information is always to be had, RFC 6960 4.2.2.1
			a.nextUpdate = a.asked.Add(ocspFresh)
		}
		switch r.Status {
		case ocsp.Revoked:
			a.said, a.err = revoked, fmt.Errorf("%s says it was revoked on %s", url, r.RevokedAt.UTC().Format(time.DateOnly))
		case ocsp.Unknown:
			a.said, a.err = stranger, fmt.Errorf("%s does not know it", url)
		}
	}
	o.mu.Unlock()
	close(asking)
	if wasDown == reached {
		o.noted(url, err)
	}
}

// get asks about a leaf. It also says whether the responder was reached.
func (o *ocspClient) get(ctx context.Context, url string, v *verified) (r *ocsp.Response, reached bool, err error) {
	if o.fetch == nil {
		return nil, false, errors.New("nobody is asked")
	}
	// SHA-1 only names the issuer here; it is what every responder knows, RFC 5019 2.1.1.
	question, err := ocsp.CreateRequest(v.leaf, v.issuer, &ocsp.RequestOptions{Hash: crypto.SHA1})
	if err != nil {
		return nil, true, err
	}
	der, err := o.fetch(ctx, url, question)
	if err != nil {
		return nil, false, err
	}
	r, err = parseOCSP(der, v.leaf, v.issuer, o.now())
	return r, true, err
}

// parseOCSP reads an answer about a leaf and checks who has signed it: the issuer,
// or whom the issuer has named for it. RFC 6960 3.2, 4.2.2.2.
func parseOCSP(der []byte, leaf, issuer *x509.Certificate, now time.Time) (*ocsp.Response, error) {
	if len(der) > maxOCSP {
		return nil, errors.New("the answer is too long")
	}
	r, err := ocsp.ParseResponseForCert(der, leaf, nil)
	if err != nil {
		return nil, fmt.Errorf("the answer cannot be used: %w", err)
	}
	switch {
	case r.SignatureAlgorithm == x509.SHA1WithRSA || r.SignatureAlgorithm == x509.ECDSAWithSHA1:
		err = errors.New("the answer is signed with SHA-1")
	case r.Certificate == nil || bytes.Equal(r.Certificate.Raw, issuer.Raw):
		err = r.CheckSignatureFrom(issuer)
	default:
		// ParseResponseForCert has checked the answer's signature by it.
		err = checkResponder(r.Certificate, issuer, now)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer is not signed by who may: %w", err)
	case r.ThisUpdate.After(now.Add(skew)):
		return nil, errors.New("the answer is of a time to come")
	case !r.NextUpdate.IsZero() && now.After(r.NextUpdate):
		return nil, errors.New("the answer is out of date")
	case r.NextUpdate.IsZero() && now.Sub(r.ThisUpdate) > skew:
		return nil, errors.New("the answer is old, and does not say how long it holds")
	}
	return r, nil
}

func checkResponder(c, issuer *x509.Certificate, now time.Time) error {
	switch {
	case !bytes.Equal(c.RawIssuer, issuer.RawSubject):
		return errors.New("the responder's certificate is of another issuer")
	case now.Before(c.NotBefore) || now.After(c.NotAfter):
		return errors.New("the responder's certificate is out of date")
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("the responder's certificate is not for signing answers")
	}
	if err := checkKey(c); err != nil {
		return err
	}
	return c.CheckSignatureFrom(issuer)
}
