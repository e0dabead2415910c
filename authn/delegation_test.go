package authn

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db/dbtest"
	"entente/directory"
	"entente/federation"
	"entente/federation/fedtest"
	"entente/federation/httpsig"
	"entente/federation/token"
	"entente/wssecurity"
)

const (
	bearerURL = "https://mail.fabrikam.example/EWS/Exchange.asmx/WSSecurity"
	keyURL    = bearerURL + "/SymmetricKey"
	question  = `<q:Ask xmlns:q="urn:question">when?</q:Ask>`
)

// A reception is the method of fabrikam, which trusts the broker, and contoso,
// which asks. There are a relationship with contoso, which pins no key, and one
// with woodgrove, which pins its.
type reception struct {
	*fedtest.World
	contoso, woodgrove, stranger *fedtest.Partner
	method                       *Delegation
	now                          time.Time
	refused                      []string
}

func receive(tb testing.TB) *reception {
	tb.Helper()
	x := &reception{now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return x.now }
	x.World = fedtest.New(tb, clock, "fabrikam.example")
	x.contoso, x.woodgrove, x.stranger = x.Partner("contoso.example"), x.Partner("woodgrove.example"), x.Partner("stranger.example")
	d, err := directory.Open(tb.Context(), directory.Config{DB: dbtest.SQLite(tb), Organization: "Fabrikam"})
	if err != nil {
		tb.Fatal(err)
	}
	err = d.Update(tb.Context(), func(c *directory.Change) error {
		return errors.Join(
			c.CreateRelationship(relationshipWith(x.contoso)),
			c.CreateRelationship(relationshipWith(x.woodgrove, x.woodgrove.KeyID)))
	})
	if err != nil {
		tb.Fatal(err)
	}
	x.method = NewDelegation(DelegationConfig{
		Trust: x.World, Directory: d, Now: clock,
		Hosts:   func() []string { return []string{"mail.fabrikam.example"} },
		Secure:  func(r *http.Request) bool { return r.TLS != nil },
		Refused: func(organization, why string) { x.refused = append(x.refused, organization+": "+why) },
	})
	return x
}

func relationshipWith(p *fedtest.Partner, keys ...string) access.Relationship {
	return access.Relationship{
		Name: string(p.Domain), Domains: []entente.Domain{p.Domain}, Enabled: true, FreeBusy: true, FreeBusyLevel: access.AvailabilityOnly,
		TargetApplicationURI: p.URI, TargetSharingEPR: "https://mail." + string(p.Domain) + "/EWS/Exchange.asmx/WSSecurity", Keys: keys,
	}
}

// post is a request to a URL, over TLS.
func post(url string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("User-Agent", "tests")
	return r
}

// jwt is a request with a JWT, signed by its organization.
func (x *reception) jwt(p *fedtest.Partner, t *token.Token) *http.Request {
	r := post(bearerURL, []byte(question))
	r.Header.Set("Authorization", "Delegation "+p.JWT(t))
	p.Sign(r, []byte(question))
	return r
}

// borne is a message with a SAML token that is not signed.
func (x *reception) borne(p *fedtest.Partner, t *token.Token) *http.Request {
	return post(bearerURL, p.Bear(p.Message(bearerURL, "urn:ask", p.SAML(t), question)))
}

// possessed is a message with a SAML token, signed with its secret.
func (x *reception) possessed(p *fedtest.Partner, t *token.Token) *http.Request {
	return post(keyURL, p.Possess(p.Message(keyURL, "urn:ask", p.SAML(t), question), t.Proof))
}

// holder are claims for somebody of a partner's, with a secret.
func holder(p *fedtest.Partner, name string) *token.Token {
	t := p.Claims(name, token.FreeBusy)
	t.Proof = p.Secret()
	return t
}

// at is the method for the path of a request.
func (x *reception) at(r *http.Request) Method {
	if strings.HasSuffix(strings.ToLower(r.URL.Path), "symmetrickey") {
		return x.method.At(SymmetricKey)
	}
	return x.method.At(WSSecurity)
}

// accepted expects a request to be accepted, and its body to be there still.
func (x *reception) accepted(r *http.Request, contains string) *access.Caller {
	x.Helper()
	c, err := x.at(r).Authenticate(r, nil)
	if err != nil || c == nil {
		x.Fatalf("refused: %v %v", err, x.refused)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(string(body), contains) {
		x.Errorf("the handler reads %q, %v", body, err)
	}
	return c
}

// turned expects a request to be refused, in the one way there is.
func (x *reception) turned(what string, r *http.Request) {
	x.Helper()
	c, err := x.at(r).Authenticate(r, nil)
	var e *entente.Error
	if c != nil || !errors.As(err, &e) || e.Kind != entente.Denied || e.Text != "the delegation token is not accepted" || e.Reason != "" || e.Err != nil {
		x.Errorf("%s: %+v, %v", what, c, err)
	}
}

func TestDelegationCaller(t *testing.T) {
	x := receive(t)
	for name, r := range map[string]*http.Request{
		"a JWT":               x.jwt(x.contoso, x.contoso.Claims("chris", token.FreeBusy)),
		"a bearer's":          x.borne(x.contoso, x.contoso.Claims("chris", token.FreeBusy)),
		"holder of a secret":  x.possessed(x.contoso, holder(x.contoso, "chris")),
		"in another spelling": x.respelled(x.contoso, x.contoso.Claims("chris", token.FreeBusy)),
	} {
		t.Run(name, func(t *testing.T) {
			c := x.accepted(r, "when?")
			if !c.External() || c.Method != access.Delegation || c.Authenticated.Mail != "chris@contoso.example" || c.ActsAs != nil ||
				c.Address != "192.0.2.7" || c.UserAgent != "tests" || !strings.HasPrefix(c.Evidence, "sha256:") {
				t.Errorf("%+v", c)
			}
			f := c.Foreign
			if f.Organization != x.contoso.URI || f.Offer != access.OfferFreeBusy || !strings.HasSuffix(f.Immutable, "@"+x.contoso.URI) ||
				!slices.Equal(f.Domains, []entente.Domain{"contoso.example"}) {
				t.Errorf("%+v", f)
			}
			if len(c.Chain) != 1 || c.Chain[0].How != "federation "+x.contoso.URI+" broker-trusted" {
				t.Errorf("chain %+v", c.Chain)
			}
		})
	}
	c := x.accepted(x.jwt(x.woodgrove, x.woodgrove.Claims("wim", token.FreeBusy)), "when?")
	if c.Foreign.Key != x.woodgrove.KeyID || c.Chain[0].How != "federation "+x.woodgrove.URI+" pinned" {
		t.Errorf("%+v of %+v", c.Chain, c.Foreign)
	}
	// Who has several addresses is known by the one that a relationship is about.
	several := x.contoso.Claims("chris", token.FreeBusy)
	several.Subject.Mails = []entente.SMTPAddress{"chris@other.example", "chris@contoso.example"}
	several.Domains = append(several.Domains, "other.example")
	if c := x.accepted(x.jwt(x.contoso, several), "when?"); c.Authenticated.Mail != "chris@contoso.example" {
		t.Errorf("%+v", c.Authenticated)
	}
	// Without any relationship he is known, and is shown nothing.
	if c := x.accepted(x.jwt(x.stranger, x.stranger.Claims("sam", token.FreeBusy)), "when?"); c.Authenticated.Mail != "sam@stranger.example" {
		t.Errorf("%+v", c.Authenticated)
	}
}

// respelled has the scheme and the path in other letters.
func (x *reception) respelled(p *fedtest.Partner, t *token.Token) *http.Request {
	r := post(strings.ToLower(bearerURL), []byte(question))
	r.Header.Set("Authorization", "dELEGATION   "+p.JWT(t))
	p.Sign(r, []byte(question))
	return r
}

// Everything that is wrong is refused, in one and the same way.
func TestDelegationRefuses(t *testing.T) {
	x := receive(t)
	contoso, stranger := x.contoso, x.stranger
	claims := func(change func(*token.Token)) *token.Token {
		c := contoso.Claims("chris", token.FreeBusy)
		change(c)
		return c
	}
	jwt := func(change func(*token.Token)) *http.Request { return x.jwt(contoso, claims(change)) }
	changed := func(r *http.Request, change func(*http.Request)) *http.Request {
		change(r)
		return r
	}
	good := func() *http.Request { return jwt(func(*token.Token) {}) }
	header := func(name, value string) *http.Request {
		return changed(good(), func(r *http.Request) { r.Header.Set(name, value) })
	}
	swapped := []byte(strings.Replace(question, "when", "where", 1))
	other := fedtest.New(t, x.Now, "fabrikam.example") // another broker, of the same name
	elsewhere := fedtest.New(t, x.Now, "northwind.example")
	foreign := elsewhere.Partner("contoso.example")

	for what, r := range map[string]*http.Request{
		"nothing":             post(bearerURL, nil),
		"no token":            post(bearerURL, []byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a/></s:Body></s:Envelope>`)),
		"no XML":              post(bearerURL, []byte("when?")),
		"a password":          header("Authorization", "Basic YW5uYTpwYXNzd29yZA=="),
		"another scheme":      header("Authorization", "Bearer x"),
		"an empty token":      header("Authorization", "Delegation "),
		"a token and no more": changed(good(), func(r *http.Request) { r.Header.Del(httpsig.InputField); r.Header.Del(httpsig.SignatureField) }),
		"no signature at all": changed(good(), unsign),
		"two tokens":          changed(good(), func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }),
		"two signatures":      changed(good(), func(r *http.Request) { r.Header.Add(httpsig.SignatureField, r.Header.Get(httpsig.SignatureField)) }),
		"not over TLS":        changed(good(), func(r *http.Request) { r.TLS = nil }),
		"a query":             changed(good(), func(r *http.Request) { r.URL.RawQuery = "x=1" }),
		"another path":        changed(good(), func(r *http.Request) { r.URL.Path += "/" }),
		"another host":        changed(good(), func(r *http.Request) { r.Host = "mail.northwind.example" }),
		"another method":      changed(good(), func(r *http.Request) { r.Method = http.MethodPut }),
		"another body": changed(good(), func(r *http.Request) {
			r.Body = io.NopCloser(bytes.NewReader(swapped))
			r.ContentLength = int64(len(swapped))
		}),
		"another token":         header("Authorization", "Delegation "+contoso.JWT(contoso.Claims("chris", token.FreeBusy))),
		"another key":           changed(good(), func(r *http.Request) { contoso.SignWith(r, []byte(question), stranger.Key) }),
		"a key by another name": changed(good(), func(r *http.Request) { signAs(r, contoso, stranger.KeyID) }),
		"a key of no use":       header(httpsig.KeyField, "{}"),
		"expired":               jwt(func(c *token.Token) { age(c, -2*time.Hour) }),
		"of tomorrow":           jwt(func(c *token.Token) { age(c, 24*time.Hour) }),
		"another audience":      jwt(func(c *token.Token) { c.Audience = "FYDIBOHF25SPDLT.northwind.example" }),
		"another issuer":        x.jwt(other.Partner("contoso.example"), other.Partner("contoso.example").Claims("chris", token.FreeBusy)),
		"for another's key":     x.jwt(foreign, foreign.Claims("chris", token.FreeBusy)),
		"somebody else's id":    jwt(func(c *token.Token) { c.Subject.Immutable = "abc@" + stranger.URI }),
		"a JWT at the key path": atKeyPath(contoso, claims(func(*token.Token) {})),
		"too large":             post(bearerURL, bytes.Repeat([]byte(" "), maxFederatedBody+1)),
		"not gzip":              header("Content-Encoding", "gzip"),
		"an encoding":           header("Content-Encoding", "br"),
		"a gzip bomb":           zipped(contoso, bytes.Repeat([]byte(" "), 64<<20)),
		"a small gzip bomb":     zipped(contoso, bytes.Repeat([]byte(" "), 200<<10)),
	} {
		x.turned(what, r)
	}
	x.accepted(good(), "when?")
}

// signAs signs a request with a partner's key and calls it another's.
func signAs(r *http.Request, p *fedtest.Partner, id string) {
	f, err := httpsig.Sign(&httpsig.Request{
		Method: r.Method, Authority: r.Host, Path: r.URL.EscapedPath(), Authorization: r.Header.Get("Authorization"), Body: []byte(question),
	}, p.Key, id, p.Now())
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set(httpsig.InputField, f.SignatureInput)
	r.Header.Set(httpsig.SignatureField, f.Signature)
}

// unsign takes the signature away, and the key.
func unsign(r *http.Request) {
	for _, name := range [...]string{httpsig.DigestField, httpsig.InputField, httpsig.SignatureField, httpsig.KeyField} {
		r.Header.Del(name)
	}
}

// age moves a token in time.
func age(c *token.Token, by time.Duration) {
	c.Issued, c.NotBefore, c.NotAfter = c.Issued.Add(by), c.NotBefore.Add(by), c.NotAfter.Add(by)
}

// atKeyPath is a request with a JWT at the path for messages that are signed.
func atKeyPath(p *fedtest.Partner, t *token.Token) *http.Request {
	r := post(keyURL, []byte(question))
	r.Header.Set("Authorization", "Delegation "+p.JWT(t))
	p.Sign(r, []byte(question))
	return r
}

// zipped is a good request with a body that is compressed, and signed as it is
// sent.
func zipped(p *fedtest.Partner, plain []byte) *http.Request {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(plain)
	_ = z.Close()
	r := post(bearerURL, b.Bytes())
	r.Header.Set("Content-Encoding", "gzip")
	r.Header.Set("Authorization", "Delegation "+p.JWT(p.Claims("chris", token.FreeBusy)))
	p.Sign(r, b.Bytes())
	return r
}

func TestDelegationCompressed(t *testing.T) {
	x := receive(t)
	r := zipped(x.contoso, []byte(question))
	x.accepted(r, "when?")
	if r.Header.Get("Content-Encoding") != "" || r.ContentLength != int64(len(question)) {
		t.Errorf("%d bytes in %q", r.ContentLength, r.Header.Get("Content-Encoding"))
	}
}

// The messages that carry SAML tokens: who has only the token may come where it
// is enough, and who must have its secret has to show it, once.
func TestDelegationSAML(t *testing.T) {
	x := receive(t)
	contoso := x.contoso
	bearer := func() *token.Token { return contoso.Claims("chris", token.FreeBusy) }
	message := func(change func(*wssecurity.Message)) *http.Request {
		c := holder(contoso, "chris")
		m := contoso.Message(keyURL, "urn:ask", contoso.SAML(c), question)
		change(m)
		return post(keyURL, contoso.Possess(m, c.Proof))
	}
	wrong := holder(contoso, "chris")
	secret := wrong.Proof
	wrong.Proof = contoso.Secret()

	for what, r := range map[string]*http.Request{
		"a bearer at the key path":    post(keyURL, contoso.Bear(contoso.Message(keyURL, "urn:ask", contoso.SAML(bearer()), question))),
		"a secret that is not shown":  post(keyURL, contoso.Bear(contoso.Message(keyURL, "urn:ask", contoso.SAML(holder(contoso, "chris")), question))),
		"a holder at the bearer path": x.borne(contoso, holder(contoso, "chris")),
		"another's secret":            post(keyURL, contoso.Possess(contoso.Message(keyURL, "urn:ask", contoso.SAML(wrong), question), secret)),
		"to another host":             message(func(m *wssecurity.Message) { m.To = strings.Replace(m.To, "fabrikam", "northwind", 1) }),
		"to another path":             message(func(m *wssecurity.Message) { m.To = bearerURL }),
		"to nobody":                   message(func(m *wssecurity.Message) { m.To = "urn:nobody" }),
		"not over TLS, it says":       message(func(m *wssecurity.Message) { m.To = strings.Replace(m.To, "https", "http", 1) }),
		"of yesterday": message(func(m *wssecurity.Message) {
			m.Created, m.Expires = m.Created.Add(-24*time.Hour), m.Expires.Add(-24*time.Hour)
		}),
		"of tomorrow": message(func(m *wssecurity.Message) {
			m.Created, m.Expires = m.Created.Add(24*time.Hour), m.Expires.Add(24*time.Hour)
		}),
		"signed without its time": message(func(m *wssecurity.Message) { m.Parts = wssecurity.To }),
		"good for a day":          message(func(m *wssecurity.Message) { m.Expires = m.Created.Add(24 * time.Hour) }),
		"with a broken signature": func() *http.Request {
			r := x.borne(contoso, bearer())
			contoso.Sign(r, []byte("another body"))
			return r
		}(),
		"another broker's": func() *http.Request {
			ours := x.Broker
			defer func() { x.Broker = ours }()
			x.Broker = fedtest.Rogue(t)
			return x.borne(contoso, bearer())
		}(),
		"expired": func() *http.Request {
			c := bearer()
			age(c, -2*time.Hour)
			return x.borne(contoso, c)
		}(),
	} {
		x.turned(what, r)
	}

	// Once, and not again.
	first := message(func(*wssecurity.Message) {})
	again := first.Clone(t.Context())
	body, _ := io.ReadAll(first.Body)
	first.Body, again.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	x.accepted(first, "when?")
	x.turned("the same message again", again)

	// The timestamp alone is what Exchange's own client signs.
	x.accepted(message(func(m *wssecurity.Message) { m.Parts = wssecurity.Timestamp }), "when?")

	// Where no proof is required, having the token is enough.
	x.Change(func(t *federation.Trust) { t.RequireProof = false })
	x.accepted(x.borne(contoso, holder(contoso, "chris")), "when?")
}

// Of a partner whose keys are known, the broker's word is not enough.
func TestDelegationPinned(t *testing.T) {
	x := receive(t)
	p := x.woodgrove
	claims := func() *token.Token { return p.Claims("wim", token.FreeBusy) }
	signed := func(r *http.Request, with *fedtest.Partner) *http.Request {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		with.Sign(r, body)
		return r
	}
	x.turned("a bearer's token, unsigned", x.borne(p, claims()))
	x.turned("a secret, and no signature", x.possessed(p, holder(p, "wim")))
	x.turned("signed by another", signed(x.possessed(p, holder(p, "wim")), x.stranger))
	// A broker that is not honest names its own key in the token.
	rogue := claims()
	rogue.Holder = x.stranger.KeyID
	r := post(bearerURL, []byte(question))
	r.Header.Set("Authorization", "Delegation "+p.JWT(rogue))
	x.stranger.Sign(r, []byte(question))
	x.turned("a broker's own key", r)
	// Or says that the domain is somebody else's.
	moved := x.stranger.Claims("sam", token.FreeBusy)
	moved.Domains = append(moved.Domains, p.Domain)
	moved.Subject.Mails = []entente.SMTPAddress{"wim@woodgrove.example"}
	x.turned("a broker that moves a domain", x.jwt(x.stranger, moved))
	// Or speaks for two at once, of which only the first has no key that is known.
	both := x.contoso.Claims("carl", token.SharingRead)
	both.Domains = append(both.Domains, p.Domain)
	both.Subject.Mails = append(both.Subject.Mails, "wim@woodgrove.example")
	x.turned("a broker that adds an address", x.jwt(x.contoso, both))
	if len(x.refused) != 6 || !strings.Contains(x.refused[0], p.URI+": not signed by a key") {
		t.Errorf("the log has %q", x.refused)
	}

	for what, r := range map[string]*http.Request{
		"a JWT":                 x.jwt(p, claims()),
		"a bearer's, signed":    signed(x.borne(p, claims()), p),
		"a secret and a signed": signed(x.possessed(p, holder(p, "wim")), p),
	} {
		if c := x.accepted(r, "when?"); c.Foreign.Key != p.KeyID || !strings.HasSuffix(c.Chain[0].How, " pinned") {
			t.Errorf("%s: %+v of %+v", what, c.Chain, c.Foreign)
		}
	}
}

// A signature is good once, even with its one half negated, and so is a message
// whose signature was taken off.
func TestDelegationReplay(t *testing.T) {
	x := receive(t)
	p := x.contoso
	repeat := func(r *http.Request, change func(*http.Request)) {
		t.Helper()
		body, _ := io.ReadAll(r.Body)
		again := r.Clone(t.Context())
		r.Body, again.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
		x.accepted(r, "when?")
		change(again)
		x.turned("again", again)
	}
	repeat(x.jwt(p, p.Claims("chris", token.FreeBusy)), func(*http.Request) {})
	repeat(x.jwt(p, p.Claims("chris", token.FreeBusy)), func(r *http.Request) {
		r.Header.Set(httpsig.SignatureField, negated(r.Header.Get(httpsig.SignatureField)))
	})
	both := x.possessed(p, holder(p, "chris"))
	body, _ := io.ReadAll(both.Body)
	both.Body = io.NopCloser(bytes.NewReader(body))
	p.Sign(both, body)
	repeat(both, unsign)
	// Two requests of one second, with one token, are two.
	claims := p.Claims("chris", token.FreeBusy)
	text := p.JWT(claims)
	for range 3 {
		r := post(bearerURL, []byte(question))
		r.Header.Set("Authorization", "Delegation "+text)
		p.Sign(r, []byte(question))
		x.accepted(r, "when?")
	}
}

// What was opened once is not opened again, until it ends or the trust changes.
func TestDelegationCache(t *testing.T) {
	x := receive(t)
	p := x.contoso
	text := p.JWT(p.Claims("chris", token.FreeBusy))
	send := func() *http.Request {
		r := post(bearerURL, []byte(question))
		r.Header.Set("Authorization", "Delegation "+text)
		p.Sign(r, []byte(question))
		return r
	}
	opened, _ := x.Opener().JWT(text, x.now)
	n := 0
	open := func() error {
		_, err := x.method.tokens.open(t.Context(), sha256.Sum256([]byte(text)), x.Opener(), x.now, func(o *token.Opener, now time.Time) (*token.Token, error) {
			n++
			return o.JWT(text, now)
		})
		return err
	}
	x.accepted(send(), "when?")
	if err := open(); err != nil || n != 0 {
		t.Errorf("opened %d times more, %v", n, err)
	}
	x.Change(func(*federation.Trust) {})
	if err := open(); err != nil || n != 1 {
		t.Errorf("after a change it was opened %d times, %v", n, err)
	}
	x.accepted(send(), "when?")
	// It ends when its opener says, which knows how clocks differ.
	x.now = opened.NotAfter.Add(time.Second)
	if err := open(); err != nil || n != 2 {
		t.Errorf("opened %d times, %v", n, err)
	}
	x.now = opened.NotAfter.Add(token.MaxSkew)
	x.turned("after its end", send())
	// A clock that is before it goes by the opener too.
	x.now = opened.NotBefore
	if err := open(); err != nil || n != 3 {
		t.Errorf("opened %d times, %v", n, err)
	}
	x.now = opened.NotBefore.Add(-time.Second)
	if err := open(); err != nil || n != 4 {
		t.Errorf("opened %d times, %v", n, err)
	}
	// And without a trust nobody comes in, whatever was kept.
	x.now = opened.NotBefore
	x.Set(nil)
	x.turned("without a trust", send())
}

// A key that is not known is looked for, beside the answer.
func TestDelegationUnknownKey(t *testing.T) {
	x := receive(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { x.method.Run(ctx); close(done) }()
	ours := x.Broker
	x.Broker.P256 = fedtest.P256(t)
	unknown := x.jwt(x.contoso, x.contoso.Claims("chris", token.FreeBusy))
	x.Broker = ours
	garbage := post(bearerURL, []byte(question))
	garbage.Header.Set("Authorization", "Delegation a.b.c.d.e")
	x.turned("garbage", garbage)
	select {
	case <-x.Reports:
		t.Error("somebody asks for the key of garbage")
	default:
	}
	x.turned("signed by a key that is not known", unknown)
	<-x.Reports
	cancel()
	<-done
}

// negated is a signature by ES256 with n-s in place of s, which is as good.
func negated(field string) string {
	raw, _ := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(field, "sig=:"), ":"))
	n := elliptic.P256().Params().N
	s := new(big.Int).SetBytes(raw[32:])
	new(big.Int).Sub(n, s).FillBytes(raw[32:])
	return "sig=:" + base64.StdEncoding.EncodeToString(raw) + ":"
}
