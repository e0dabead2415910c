package authn

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/federation/httpsig"
	"entente/federation/token"
	"entente/wssecurity"
	"entente/xmlsec"
)

// Limits of a request with a delegation token. (threats section 7)
const (
	maxFederatedBody = 256 << 10
	maxRatio         = 100 // of gzip
	// maxMessageLife is for how long a message may say it is good.
	maxMessageLife = 5 * time.Minute
)

// A body is a request's, as it came, which is what a signature is of, and as its
// handler reads it.
type body struct{ sent, plain []byte }

// readBody reads a request's body, within its limits, and puts it back for the
// handler.
func readBody(r *http.Request) (b body, err error) {
	if r.ContentLength > maxFederatedBody {
		return body{}, errors.New("the request is too large")
	}
	if b.sent, err = readAll(r.Body, int(max(r.ContentLength, 0)), maxFederatedBody); err != nil {
		return body{}, err
	}
	switch coding := r.Header.Get("Content-Encoding"); {
	case coding == "" || strings.EqualFold(coding, "identity"):
		b.plain = b.sent
	case strings.EqualFold(coding, "gzip") && len(r.Header["Content-Encoding"]) == 1:
		if b.plain, err = unzip(b.sent); err != nil {
			return body{}, err
		}
	default:
		return body{}, errors.New("an encoding that is not read")
	}
	r.Header.Del("Content-Encoding")
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b.plain)), int64(len(b.plain))
	return b, nil
}

func unzip(sent []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return readAll(z, len(sent), min(maxFederatedBody, maxRatio*len(sent)))
}

// readAll reads all there is, if it is not more than most; expected is a guess.
func readAll(r io.Reader, expected, most int) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, min(expected, most)+bytes.MinRead))
	_, err := b.ReadFrom(io.LimitReader(r, int64(most)+1))
	if err == nil && b.Len() > most {
		err = errors.New("the request is too large")
	}
	return b.Bytes(), err
}

// signature checks the signature of a request by its organization's own key, if
// there is one, and returns the key's thumbprint. RFC 9421. Whose key it is, the
// thumbprint must tell: the key came with the request.
func (e endpoint) signature(r *http.Request, b body) (thumbprint string, once []byte, err error) {
	fields, signed := [...]string{httpsig.DigestField, httpsig.InputField, httpsig.SignatureField, httpsig.KeyField}, 0
	for _, name := range fields {
		signed += len(r.Header[name])
	}
	if signed == 0 {
		return "", nil, nil
	}
	for _, name := range fields {
		if len(r.Header[name]) != 1 {
			return "", nil, httpsig.ErrRefused
		}
	}
	f := httpsig.Fields{
		ContentDigest:  r.Header.Get(httpsig.DigestField),
		SignatureInput: r.Header.Get(httpsig.InputField),
		Signature:      r.Header.Get(httpsig.SignatureField),
	}
	key, thumbprint, err := httpsig.ParseKey(r.Header.Get(httpsig.KeyField))
	if err != nil || httpsig.KeyID(f) != thumbprint {
		return "", nil, httpsig.ErrRefused
	}
	q := httpsig.Request{
		Method: r.Method, Authority: strings.ToLower(r.Host), Path: r.URL.EscapedPath(),
		Authorization: r.Header.Get("Authorization"), Body: b.sent,
	}
	// A query would be signed by nobody, and nothing here has one.
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		return "", nil, httpsig.ErrRefused
	}
	if err := httpsig.Verify(&q, f, key, e.Now(), token.MaxSkew); err != nil {
		return "", nil, err
	}
	return thumbprint, []byte(httpsig.Once(f)), nil
}

// possessed checks that a message was signed with its token's secret, now and for
// us, and returns the signature.
func (e endpoint) possessed(r *http.Request, m *wssecurity.Received, t *token.Token) ([]byte, error) {
	if t.Proof == nil {
		return nil, errors.New("the token has no secret that could be proven")
	}
	o := e.Trust.Opener()
	if o == nil {
		return nil, errors.New("there is no federation trust in force")
	}
	need := wssecurity.Timestamp | wssecurity.To
	if o.Profile >= xmlsec.Compat {
		// The EWS Managed API signs the timestamp alone.
		need = wssecurity.Timestamp
	}
	proof, err := m.Possessed(t.Proof, need, o.Profile)
	if err != nil {
		return nil, err
	}
	if err := e.timely(m, true); err != nil {
		return nil, err
	}
	return proof.Signature, e.addressed(r, m)
}

// timely checks a message's timestamp against the clock. A message that must have
// one is good for maxMessageLife at the longest.
func (e endpoint) timely(m *wssecurity.Received, must bool) error {
	now := e.Now()
	switch {
	case m.Created.IsZero() && m.Expires.IsZero() && !must:
		return nil
	case m.Created.IsZero() || m.Expires.IsZero():
		return errors.New("no timestamp")
	case now.Add(token.MaxSkew).Before(m.Created), !now.Before(m.Expires.Add(token.MaxSkew)):
		return errors.New("the message is of another time: are the clocks right?")
	case m.Expires.Sub(m.Created) > maxMessageLife || !m.Created.Before(m.Expires):
		return errors.New("the message says it is good for too long")
	}
	return nil
}

// addressed checks that a message is for us and the path it came to: To is the
// URL it was sent to, under a name by which we are published.
func (e endpoint) addressed(r *http.Request, m *wssecurity.Received) error {
	u, err := url.Parse(m.To)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		!strings.EqualFold(u.EscapedPath(), r.URL.EscapedPath()) ||
		!slices.Contains(e.Hosts(), strings.TrimSuffix(strings.ToLower(u.Host), ":443")) {
		return errors.New("the message is for somebody else")
	}
	return nil
}

// proofs remembers the signatures that were seen, for as long as they could come
// again: two sets take turns, as in replays. No partner can take more than its
// share of the room. The zero value is ready.
type proofs struct {
	mu          sync.Mutex
	since       time.Time
	now, before map[[16]byte]struct{}
	of          map[string]int // by organization, in now
	limit       int            // 0 for maxProofs
	share       int            // 0 for maxShare
}

const (
	// maxProofs is how many signatures one set holds, in about 16 MB, and maxShare
	// how many of one organization: 70 a second.
	maxProofs = 1 << 19
	maxShare  = 1 << 16
	// proofTurn is longer than any signature is good: a message for its life and
	// the skew on both sides.
	proofTurn = maxMessageLife + 2*token.MaxSkew + time.Second
)

// first remembers what comes for the first time. The error says that it has come
// before, or that there is no room, in which case nothing is let in.
func (p *proofs) first(organization, id string, once []byte, now time.Time) error {
	sum := sha256.Sum256(slices.Concat([]byte(organization+"\x00"+id+"\x00"), once))
	k := [16]byte(sum[:16])
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil || now.Sub(p.since) >= proofTurn {
		p.before, p.now, p.since, p.of = p.now, map[[16]byte]struct{}{}, now, map[string]int{}
	}
	_, seen := p.now[k]
	_, seenBefore := p.before[k]
	limit, share := p.limit, p.share
	if limit == 0 {
		limit = maxProofs
	}
	if share == 0 {
		share = maxShare
	}
	switch {
	case seen || seenBefore:
		return errors.New("the same request came before")
	case len(p.now) >= limit || p.of[organization] >= share:
		return entente.Errorf(entente.Unavailable, "too many federated requests; try again later")
	}
	p.now[k] = struct{}{}
	p.of[organization]++
	return nil
}
