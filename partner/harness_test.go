package partner

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn"
	"entente/availability"
	"entente/calendar"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/ews"
	"entente/ews/ewsclient"
	"entente/federation"
	"entente/federation/brokerapi"
	"entente/federation/jose"
	"entente/federation/token"
	"entente/keys"
	"entente/outgoing"
	"entente/soap"
	"entente/strictxml"
	"entente/wssecurity"
	"entente/xmlsec"
)

const (
	contosoURI  = "FYDIBOHF25SPDLT.contoso.example"
	fabrikamURI = "FYDIBOHF25SPDLT.fabrikam.example"
	issuerURI   = "urn:federation:entente:broker.example"
)

var (
	start  = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	window = calendar.Interval{Start: start, End: start.Add(2 * time.Hour)}
	anna   = access.Principal{SID: "S-1-5-21-1-1-1-1001", UPN: "anna@contoso.example", Mail: "anna@contoso.example"}
	// kurt has no address in a domain that is federated.
	kurt = access.Principal{SID: "S-1-5-21-1-1-1-1002", UPN: "kurt@contoso.example", Mail: "kurt@lab.contoso.example"}
)

// A clock is set by its test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

func p256() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func thumbprint(k *ecdsa.PrivateKey) string {
	j, err := jose.KeyOf(k.Public())
	if err != nil {
		panic(err)
	}
	return j.Thumbprint()
}

// A broker issues tokens for contoso, as its federation.Service would get them.
type broker struct {
	clock  *clock
	issuer token.Issuer
	target *ecdh.PublicKey   // fabrikam's
	cert   *x509.Certificate // fabrikam's, for SAML
	saml   bool

	mu     sync.Mutex
	trust  *federation.Trust
	signer *ecdsa.PrivateKey
	old    map[string]*ecdsa.PrivateKey
	err    error
	hang   bool
	asked  int
	offers map[token.Offer]int
}

func (b *broker) set(f func(*broker)) { b.mu.Lock(); defer b.mu.Unlock(); f(b) }

func (b *broker) count() int { b.mu.Lock(); defer b.mu.Unlock(); return b.asked }

func (b *broker) Trust() *federation.Trust { b.mu.Lock(); defer b.mu.Unlock(); return b.trust }

func (b *broker) Subject(id entente.MailboxID, mails []entente.SMTPAddress) (token.Subject, error) {
	if b.Trust() == nil {
		return token.Subject{}, entente.Errorf(entente.Denied, "No Federation trust is configured for this organization or no domain is federated as the account namespace.").Because(federation.NotFederated)
	}
	var who token.Subject
	for _, m := range mails {
		if m.Domain() == "contoso.example" {
			who.Mails = append(who.Mails, m)
		}
	}
	if who.Mails == nil {
		return who, entente.Errorf(entente.Denied, "none of the user's addresses is in a federated domain").Because(federation.NoFederatedProxy)
	}
	who.Immutable = strings.ReplaceAll(id.String(), "-", "") + "@" + contosoURI
	return who, nil
}

func (b *broker) Signer() (crypto.Signer, string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.signer, thumbprint(b.signer), nil
}

func (b *broker) SignerOf(id string) (crypto.Signer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.old[id]; k != nil {
		return k, nil
	}
	return nil, errors.New("no such key")
}

func (b *broker) Ask(ctx context.Context, who token.Subject, target string, offer token.Offer) (*federation.Granted, error) {
	b.mu.Lock()
	b.asked++
	b.offers[offer]++
	err, hang, signer := b.err, b.hang, b.signer
	b.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, &entente.Error{Kind: entente.Unavailable, Reason: federation.BrokerUnavailable, Text: "the broker does not answer", Err: ctx.Err()}
	}
	if err != nil {
		return nil, err
	}
	now := b.clock.Now()
	t := &token.Token{
		ID: "_" + requestID(), Issuer: issuerURI, Audience: target, Subject: who, Requestor: contosoURI, App: "0000000060000EB9",
		Domains: []entente.Domain{"contoso.example"}, Offer: offer, Issued: now, NotBefore: now, NotAfter: now.Add(offer.Lifetime()),
	}
	g := &federation.Granted{Target: target, Offer: offer, Expires: t.NotAfter}
	if b.saml {
		t.Proof = make([]byte, 32)
		_, _ = rand.Read(t.Proof)
		g.Proof = t.Proof
		g.SAML, err = b.issuer.SAML(t, b.cert, xmlsec.Modern)
		return g, err
	}
	t.Holder = thumbprint(signer)
	g.JWT, err = b.issuer.JWT(t, b.target)
	return g, err
}

// records keeps what the audit log would.
type records struct {
	mu  sync.Mutex
	all []audit.Record
	err error
}

func (r *records) Append(_ context.Context, all ...audit.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, all...)
	return r.err
}

func (r *records) last() audit.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) == 0 {
		return audit.Record{}
	}
	return r.all[len(r.all)-1]
}

// names are the test's DNS: everything is on loopback.
type names struct {
	mu  sync.Mutex
	srv map[string][]net.SRV
	// gone are names there are not.
	gone map[string]bool
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.gone[host] {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

func (n *names) SRV(_ context.Context, name string) ([]net.SRV, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.srv[name]; s != nil {
		return s, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// A fabrikam is the organization that is asked: what comes in is judged by the
// method that judges it in a server, and answered as the test says.
type fabrikam struct {
	*httptest.Server
	broker *broker
	opener *token.Opener
	port   string

	requests atomic.Int32 // that were let in
	refused  atomic.Int32
	mu       sync.Mutex
	last     *http.Request
	caller   *access.Caller
	answer   func(q *ews.GetUserAvailabilityRequest) ews.Response
	settings func(of []string) string // children of UserResponses
	peer     *federation.Peer
	says     func(domain string) (code string, domains []string) // of GetFederationInformation
	before   func(w http.ResponseWriter, r *http.Request) bool
}

// Trust, Opener and Unknown make it an authn.Trust.
func (f *fabrikam) Trust() *federation.Trust { return &federation.Trust{RequireProof: true} }
func (f *fabrikam) Opener() *token.Opener    { return f.opener }
func (f *fabrikam) Unknown(context.Context)  {}

func (f *fabrikam) set(change func(*fabrikam)) { f.mu.Lock(); defer f.mu.Unlock(); change(f) }

// A pair is contoso's client and fabrikam.
type pair struct {
	testing.TB
	*Client
	clock    *clock
	broker   *broker
	fabrikam *fabrikam
	names    *names
	records  *records
	facts    access.Facts
	snapshot atomic.Pointer[access.Snapshot]
}

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// certificate makes a certificate for names, and the pool that trusts it.
func certificate(tb testing.TB, names ...string) (tls.Certificate, *x509.CertPool) {
	tb.Helper()
	k := p256()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der := must[[]byte](tb)(x509.CreateCertificate(rand.Reader, c, c, k.Public(), k))
	pool := x509.NewCertPool()
	pool.AddCert(must[*x509.Certificate](tb)(x509.ParseCertificate(der)))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}, pool
}

func newPair(tb testing.TB) *pair { tb.Helper(); return newPairOn(tb, dbtest.SQLite(tb)) }

func newPairOn(tb testing.TB, d *db.DB) *pair {
	tb.Helper()
	p := &pair{TB: tb, clock: &clock{now: start}, names: &names{srv: map[string][]net.SRV{}, gone: map[string]bool{}}, records: &records{}}
	p256Broker, own, of := p256(), p256(), must[*ecdh.PrivateKey](tb)(ecdh.P256().GenerateKey(rand.Reader))
	p.broker = &broker{
		clock: p.clock, issuer: token.Issuer{URI: issuerURI, P256: p256Broker}, target: of.PublicKey(), signer: own,
		offers: map[token.Offer]int{}, old: map[string]*ecdsa.PrivateKey{},
		trust: &federation.Trust{Enabled: true, AppID: "0000000060000EB9", ApplicationURI: contosoURI, Issuer: issuerURI, Broker: "https://broker.example"},
	}
	p.fabrikam = &fabrikam{broker: p.broker, opener: &token.Opener{
		Issuer: issuerURI, Audience: fabrikamURI, Profile: xmlsec.Compat,
		P256: []*ecdsa.PublicKey{&p256Broker.PublicKey}, OpenP256: []token.Agreement{of},
	}}
	roots := p.serveFabrikam()
	p.facts = access.Facts{
		Accounts: []access.Account{
			{Principal: anna, Enabled: true, Mailbox: entente.MailboxID{1}, Proxies: []entente.SMTPAddress{"anna@lab.contoso.example"}},
			{Principal: kurt, Enabled: true, Mailbox: entente.MailboxID{2}},
		},
		Relationships: []access.Relationship{p.relationship()},
	}
	p.snapshot.Store(access.Compile(p.facts))
	p.open(d, roots)
	return p
}

func (p *pair) relationship() access.Relationship {
	return access.Relationship{
		Name: "fabrikam", Domains: []entente.Domain{"fabrikam.example", "fab.example"}, Enabled: true, FreeBusy: true,
		FreeBusyLevel: access.LimitedDetails, TargetApplicationURI: fabrikamURI,
		TargetSharingEPR: "https://mail.fabrikam.example:" + p.fabrikam.port + "/EWS/Exchange.asmx/WSSecurity",
	}
}

// relate changes the relationship.
func (p *pair) relate(f func(*access.Relationship)) {
	p.Helper()
	f(&p.facts.Relationships[0])
	p.snapshot.Store(access.Compile(p.facts))
}

func (p *pair) open(d *db.DB, roots *x509.CertPool) {
	p.Helper()
	ctx := p.Context()
	for _, m := range []func() error{
		func() error { s, err := keys.Schema(); return errors.Join(err, d.Migrate(ctx, s)) },
		func() error { return d.Migrate(ctx, Schema()) },
	} {
		if err := m(); err != nil {
			p.Fatal(err)
		}
	}
	files := must[*keys.Files](p)(keys.OpenFiles(p.TempDir() + "/keys"))
	p.Cleanup(func() { _ = files.Close() })
	rule := outgoing.Rule{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, TLS: &tls.Config{RootCAs: roots}, PerHost: 16, Body: ewsclient.MaxAnswer}
	dialer := outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.Partner: rule, outgoing.Autodiscover: rule}, p.names)
	p.Client = must[*Client](p)(Open(ctx, Config{
		DB: d, Ring: keys.New(keys.Config{DB: d, Organization: "contoso", Files: files, Now: p.clock.Now}),
		Federation: p.broker, Snapshot: p.snapshot.Load, Names: p.names, Audit: p.records,
		HTTP: dialer.HTTPClient(outgoing.Partner), Autodiscover: dialer.HTTPClient(outgoing.Autodiscover),
		Now: p.clock.Now, Log: slog.New(slog.DiscardHandler),
	}))
	p.Cleanup(func() {
		p.Client.HTTP.CloseIdleConnections()
		p.Client.Autodiscover.CloseIdleConnections()
		if err := p.Client.Close(); err != nil {
			p.Error(err)
		}
	})
}

// serveFabrikam starts fabrikam's server under names of its own.
func (p *pair) serveFabrikam() *x509.CertPool {
	f := p.fabrikam
	dir := must[*directory.Directory](p)(directory.Open(context.WithoutCancel(p.Context()), directory.Config{DB: dbtest.SQLite(p), Organization: "Fabrikam"}))
	if err := dir.Update(p.Context(), func(c *directory.Change) error {
		return errors.Join(c.AddDomain("fabrikam.example"), c.CreateRelationship(access.Relationship{
			Name: "contoso", Domains: []entente.Domain{"contoso.example"}, Enabled: true, FreeBusy: true, FreeBusyLevel: access.LimitedDetails,
			TargetApplicationURI: contosoURI, Keys: []string{thumbprint(p.broker.signer)},
		}))
	}); err != nil {
		p.Fatal(err)
	}
	method := authn.NewDelegation(authn.DelegationConfig{
		Trust: f, Directory: dir, Secure: func(r *http.Request) bool { return r.TLS != nil }, Now: p.clock.Now,
		Hosts:   func() []string { return []string{"mail.fabrikam.example:" + f.port} },
		Refused: func(_, why string) { p.Logf("fabrikam refused: %s", why) },
	})
	mux := http.NewServeMux()
	for path, at := range map[string]authn.Endpoint{"/WSSecurity": authn.WSSecurity, "/WSSecurity/SymmetricKey": authn.SymmetricKey} {
		mux.Handle("/EWS/Exchange.asmx"+path, f.guard(method.At(at), f.freeBusy))
		mux.Handle("/autodiscover/autodiscover.svc"+path, f.guard(method.At(at), f.userSettings))
	}
	mux.HandleFunc("/autodiscover/autodiscover.svc", f.announce)
	mux.HandleFunc(federation.PathPeer, func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		peer := f.peer
		f.mu.Unlock()
		if peer == nil {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(peer)
	})
	mux.HandleFunc("/EWS/Exchange.asmx", func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user+":"+password != "FABRIKAM\\contoso:s3cret" && r.Header.Get("Authorization") != "Bearer t0ken" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		f.serve(w, r, f.freeBusy)
	})
	f.Server = httptest.NewUnstartedServer(mux)
	cert, roots := certificate(p, "mail.fabrikam.example", "localhost")
	f.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	f.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	f.StartTLS()
	p.Cleanup(f.Close)
	_, f.port, _ = net.SplitHostPort(f.Listener.Addr().String())
	f.answer = func(q *ews.GetUserAvailabilityRequest) ews.Response { return f.usual(q) }
	return roots
}

func (f *fabrikam) guard(m authn.Method, do func([]byte) []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		before := f.before
		f.mu.Unlock()
		if before != nil && before(w, r) {
			return
		}
		who, err := m.Authenticate(r, nil)
		if err != nil {
			f.refused.Add(1)
			e := strictxml.NewEncoder(nil)
			soap.AppendFault(e, soap.V11, wssecurity.Fault(), nil, nil)
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(e.Bytes())
			return
		}
		f.set(func(f *fabrikam) { f.caller = who })
		f.serve(w, r, do)
	})
}

func (f *fabrikam) serve(w http.ResponseWriter, r *http.Request, do func([]byte) []byte) {
	f.requests.Add(1)
	f.set(func(f *fabrikam) { f.last = r })
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write(do(body))
}

func (f *fabrikam) freeBusy(body []byte) []byte {
	m, err := soap.Open(body, strictxml.Limits{Bytes: 1 << 20, Depth: 64, Attributes: 32, Elements: 10000})
	if err != nil {
		panic(err)
	}
	q, err := ews.DecodeRequest(m.Body)
	if err != nil {
		panic(err)
	}
	f.mu.Lock()
	answer := f.answer
	f.mu.Unlock()
	e := strictxml.NewEncoder(nil)
	soap.Begin(e, soap.V11, ewsclient.Namespaces(), nil)
	ews.AppendResponse(e, answer(q.(*ews.GetUserAvailabilityRequest)))
	soap.End(e)
	return e.Bytes()
}

// usual: everybody is busy in the second quarter of the window, but for nobody,
// who is not there.
func (f *fabrikam) usual(q *ews.GetUserAvailabilityRequest) *ews.GetUserAvailabilityResponse {
	out := &ews.GetUserAvailabilityResponse{}
	w := q.FreeBusyViewOptions.TimeWindow
	quarter := w.EndTime.Sub(w.StartTime) / 4
	for _, m := range q.MailboxDataArray {
		if strings.HasPrefix(m.Email.Address, "nobody@") {
			no := ews.FailureText(ews.ErrorMailRecipientNotFound, "Unable to resolve e-mail address "+m.Email.Address+" to an Active Directory object.")
			out.FreeBusyResponses = append(out.FreeBusyResponses, ews.FreeBusyResponse{ResponseMessage: &no, FreeBusyView: &ews.FreeBusyView{FreeBusyViewType: ews.ViewNone}})
			continue
		}
		ok := ews.Success()
		out.FreeBusyResponses = append(out.FreeBusyResponses, ews.FreeBusyResponse{ResponseMessage: &ok, FreeBusyView: &ews.FreeBusyView{
			FreeBusyViewType: q.FreeBusyViewOptions.RequestedView,
			CalendarEventArray: []ews.CalendarEvent{{
				StartTime: ews.FloatingTime(w.StartTime.Add(quarter)), EndTime: ews.FloatingTime(w.StartTime.Add(2 * quarter)), BusyType: "Busy",
				CalendarEventDetails: &ews.CalendarEventDetails{Subject: "Budget", Location: "Room 1"},
			}},
		}})
	}
	return out
}

func (f *fabrikam) userSettings(body []byte) []byte {
	f.mu.Lock()
	settings := f.settings
	f.mu.Unlock()
	inner := `<UserResponse><ErrorCode>NoError</ErrorCode><UserSettings><UserSetting><Name>ExternalEwsUrl</Name><Value>https://mail.fabrikam.example:` + f.port + `/EWS/Exchange.asmx</Value></UserSetting></UserSettings></UserResponse>`
	if settings != nil {
		inner = settings(nil)
	}
	return []byte(`<s:Envelope xmlns:s="` + soap.Namespace11 + `"><s:Body><GetUserSettingsResponseMessage xmlns="` + spaceAutodiscover + `"><Response><ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses>` +
		inner + `</UserResponses></Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>`)
}

// as is a caller with an account here.
func as(who access.Principal) *access.Caller {
	return &access.Caller{Authenticated: who, Method: access.Basic, Evidence: "e", Address: "192.0.2.1"}
}

// ask asks about some, in Anna's name.
func (p *pair) ask(of ...entente.SMTPAddress) map[entente.SMTPAddress]availability.Answer {
	p.Helper()
	return p.askAs(as(anna), availability.FreeBusyMerged, of...)
}

func (p *pair) askAs(who *access.Caller, view availability.View, of ...entente.SMTPAddress) map[entente.SMTPAddress]availability.Answer {
	p.Helper()
	out, err := p.Client.FreeBusy(p.Context(), who, of, availability.Request{Window: window, View: view, Slot: 30 * time.Minute})
	if err != nil {
		p.Fatal(err)
	}
	return out
}

// wants checks that an answer has a reason, or that there is none.
func (p *pair) wants(a availability.Answer, reason entente.Reason) {
	p.Helper()
	var e *entente.Error
	_ = errors.As(a.Err, &e)
	switch {
	case reason == "" && a.Err != nil:
		p.Errorf("got %v", a.Err)
	case reason != "" && (e == nil || e.Reason != reason):
		p.Errorf("got %v, want %s", a.Err, reason)
	}
}

func availabilityReason(s string) entente.Reason { return entente.Reason(s) }

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }

// relateNothing has the snapshot follow the facts.
func (p *pair) relateNothing() { p.snapshot.Store(access.Compile(p.facts)) }

// outsider is somebody of another organization.
func outsider() *access.Caller {
	return &access.Caller{Authenticated: access.Principal{Mail: "eve@tailspin.example"}, Method: access.Delegation, Foreign: &access.Foreign{}}
}

func wants(tb testing.TB, err error, reason entente.Reason) {
	tb.Helper()
	var e *entente.Error
	if !errors.As(err, &e) || e.Reason != reason {
		tb.Errorf("got %v, want %s", err, reason)
	}
}

// announce answers GetFederationInformation.
func (f *fabrikam) announce(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	before, says := f.before, f.says
	f.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	body, _ := io.ReadAll(r.Body)
	_, domain, _ := strings.Cut(string(body), "<Domain>")
	domain, _, _ = strings.Cut(domain, "<")
	code, domains := "NoError", []string{domain}
	if says != nil {
		code, domains = says(domain)
	}
	uri := fabrikamURI
	if strings.HasPrefix(domain, "alien.") {
		uri = "FYDIBOHF25SPDLT.alien.example"
	}
	_, _ = io.WriteString(w, `<s:Envelope xmlns:s="`+soap.Namespace11+`"><s:Body><GetFederationInformationResponseMessage xmlns="`+spaceAutodiscover+`"><Response><ErrorCode>`+code+`</ErrorCode><ErrorMessage/>`+
		`<ApplicationUri>`+uri+`</ApplicationUri><Domains><Domain>`+strings.Join(domains, "</Domain><Domain>")+`</Domain></Domains>`+
		`<TokenIssuers><TokenIssuer><Endpoint>https://broker.example/sts</Endpoint><Uri>`+issuerURI+`</Uri></TokenIssuer></TokenIssuers></Response></GetFederationInformationResponseMessage></s:Body></s:Envelope>`)
}

// peerOf is what an organization says of keys, newest first, each but the oldest
// signed by the one before it.
func peerOf(tb testing.TB, uri string, from time.Time, all ...*ecdsa.PrivateKey) *federation.Peer {
	tb.Helper()
	p := &federation.Peer{ApplicationURI: uri}
	for i, k := range all {
		key := federation.PeerKey{Key: must[jose.Key](tb)(jose.KeyOf(k.Public())), From: from.Add(-time.Duration(i) * time.Hour)}
		if i+1 < len(all) {
			key.Signed = string(must[[]byte](tb)(brokerapi.SignSuccession(&brokerapi.Succession{Key: key.Key, From: key.From}, brokerapi.Signer{Key: all[i+1]})))
		}
		p.Keys = append(p.Keys, key)
	}
	return p
}

// speakSAML has the broker issue assertions for fabrikam, which has no P-256 key.
func (p *pair) speakSAML() {
	p.Helper()
	ours, theirs := rsaSigner(p, "broker"), rsaSigner(p, "fabrikam")
	p.broker.saml, p.broker.issuer.RSA, p.broker.cert = true, ours, theirs.Certificate
	p.fabrikam.opener = &token.Opener{
		Issuer: issuerURI, Audience: fabrikamURI, Profile: xmlsec.Compat,
		RSA: []*x509.Certificate{ours.Certificate}, Open: []xmlsec.Decrypter{{Certificate: theirs.Certificate, Key: theirs.Key.(crypto.Decrypter)}},
	}
}

func rsaSigner(tb testing.TB, name string) xmlsec.Signer {
	tb.Helper()
	k := must[*rsa.PrivateKey](tb)(rsa.GenerateKey(rand.Reader, 2048))
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, SubjectKeyId: []byte(name + "-0123456789")[:16],
		NotBefore: start.Add(-time.Hour), NotAfter: start.Add(24 * time.Hour),
	}
	der := must[[]byte](tb)(x509.CreateCertificate(rand.Reader, c, c, k.Public(), k))
	return xmlsec.Signer{Certificate: must[*x509.Certificate](tb)(x509.ParseCertificate(der)), Key: k}
}
