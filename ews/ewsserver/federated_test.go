package ewsserver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn"
	"entente/calendar"
	"entente/clientaccess"
	"entente/directory"
	"entente/ews"
	"entente/federation/fedtest"
	"entente/federation/token"
)

// The paths of people of other organizations.
const (
	bearerPath = "/EWS/Exchange.asmx/WSSecurity"
	keyPath    = bearerPath + "/SymmetricKey"
	host       = "https://" + exchange
)

// An abroad is the house as it is seen from other organizations: fabrikam has a
// relationship that pins no key, woodgrove one that pins its own, and northwind
// has none.
type abroad struct {
	*house
	world                          *fedtest.World
	fabrikam, woodgrove, northwind *fedtest.Partner
	routes                         map[string]http.Handler
}

func openAbroad(tb testing.TB) *abroad {
	tb.Helper()
	return abroadOf(open(tb))
}

func abroadOf(h *house) *abroad {
	h.Helper()
	x := &abroad{house: h, world: fedtest.New(h.TB, time.Now, domain)}
	x.fabrikam, x.woodgrove, x.northwind = x.world.Partner("fabrikam.example"), x.world.Partner("woodgrove.example"), x.world.Partner("northwind.example")
	x.relate(x.fabrikam, func(*access.Relationship) {})
	x.relate(x.woodgrove, func(r *access.Relationship) { r.Keys = []string{x.woodgrove.KeyID} })
	x.receive()
	return x
}

// receive opens the paths anew: nothing is remembered of what came before.
func (x *abroad) receive() {
	h := x.house
	d := authn.NewDelegation(authn.DelegationConfig{
		Trust: x.world, Directory: h.door.Directory, Hosts: func() []string { return []string{exchange} },
		Secure: func(*http.Request) bool { return true }, Now: time.Now,
	})
	x.routes = map[string]http.Handler{
		strings.ToLower(bearerPath): h.door.GuardFederated(clientaccess.EWS, d.At(authn.WSSecurity), h.handler),
		strings.ToLower(keyPath):    h.door.GuardFederated(clientaccess.EWS, d.At(authn.SymmetricKey), h.handler),
		"/ews/exchange.asmx":        h.guarded,
	}
}

// relate makes a relationship with a partner, of the most that one can show.
func (x *abroad) relate(p *fedtest.Partner, change func(*access.Relationship)) {
	x.Helper()
	r := access.Relationship{
		Name: string(p.Domain), Domains: []entente.Domain{p.Domain}, Enabled: true, FreeBusy: true, FreeBusyLevel: access.LimitedDetails,
		TargetApplicationURI: p.URI, TargetSharingEPR: "https://mail." + string(p.Domain) + bearerPath,
	}
	change(&r)
	x.must(x.door.Directory.Update(context.WithoutCancel(x.Context()), func(c *directory.Change) error { return c.CreateRelationship(r) }))
}

// ServeHTTP serves the paths as the server does.
func (x *abroad) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, ok := x.routes[strings.ToLower(r.URL.Path)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h.ServeHTTP(w, r)
}

func (x *abroad) send(r *http.Request) reply {
	x.Helper()
	w := httptest.NewRecorder()
	x.ServeHTTP(w, r)
	return reply{house: x.house, status: w.Code, header: w.Header(), body: w.Body.String()}
}

// envelopeOf is a request with headers.
func envelopeOf(header, body string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="` + ews.NSTypes + `" xmlns:m="` + ews.NSMessages +
		`"><s:Header>` + header + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

// ask sends a request for somebody of a partner's, by a JWT for an offer.
func (x *abroad) ask(p *fedtest.Partner, who string, offer token.Offer, header, body string) reply {
	x.Helper()
	return x.send(signed(p, p.JWT(p.Claims(who, offer)), envelopeOf(header, body)))
}

func signed(p *fedtest.Partner, jwt, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, host+bearerPath, strings.NewReader(body))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("User-Agent", "Entente")
	r.Header.Set("Authorization", "Delegation "+jwt)
	p.Sign(r, []byte(body))
	return r
}

// What somebody of a partner's sees, on record with him, his organization and
// what proved it.
func TestFederatedAvailability(t *testing.T) {
	x := openAbroad(t)
	x.appoint("ben", &calendar.Event{Subject: "Budget", Location: "Room 4", Start: march(2, 9, 0), End: march(2, 10, 30), Status: calendar.StatusBusy})
	day := freeBusyOf("DetailedMerged", "2026-03-02T09:00:00", "2026-03-02T17:00:00", "ben")
	test := func(p *fedtest.Partner, state string) {
		t.Helper()
		a := x.ask(p, "fay", token.FreeBusy, "", day).code(ews.NoError).has("<t:MergedFreeBusy>02200000</t:MergedFreeBusy>").lacks("Budget")
		for _, name := range [...]string{subjectHeader, mailboxHeader, "Www-Authenticate"} {
			if a.header.Get(name) != "" {
				t.Errorf("%s: %s", name, a.header.Get(name))
			}
		}
		x.must(x.door.Log.Flush(t.Context()))
		found, err := x.door.Log.Search(t.Context(), audit.Filter{Request: a.header.Get("request-id")})
		x.must(err)
		if len(found) != 1 {
			t.Fatalf("%d records", len(found))
		}
		r := found[0]
		if r.Kind != audit.External || r.By.Mail != entente.SMTPAddress("fay@"+string(p.Domain)) || r.By.SID != "" || r.Method != access.Delegation || !r.Allowed ||
			r.Mailbox != x.boxes["ben"].String() || r.Action != "ews.GetUserAvailability" || !strings.HasPrefix(r.Evidence, "sha256:") ||
			len(r.Via) != 1 || r.Via[0].How != "federation "+p.URI+" "+state || r.UserAgent != "Entente" {
			t.Errorf("%+v", r)
		}
	}
	test(x.fabrikam, "broker-trusted")
	test(x.woodgrove, "pinned")

	// Without a relationship, who is asked about makes no difference.
	first := x.ask(x.northwind, "nora", token.FreeBusy, "", day)
	for _, who := range [...]string{"nobody", "otto", "crm", "all@elsewhere.example"} {
		a := x.ask(x.northwind, "nora", token.FreeBusy, "", freeBusyOf("DetailedMerged", "2026-03-02T09:00:00", "2026-03-02T17:00:00", who))
		if a.status != http.StatusForbidden || len(a.body) != len(first.body) || a.header.Get("X-Entente-Reason") != "access-denied" {
			t.Errorf("%s: %d %q: %s", who, a.status, a.header.Get("X-Entente-Reason"), a.body)
		}
	}
}

// offers that a token may be for, and one that is none.
var offers = []string{access.OfferFreeBusy, access.OfferSharingRead, access.OfferAutodiscover, string(token.InviteMessage), string(token.MailboxMove), ""}

// Every operation for every offer: what is not said to be offered is refused,
// and so is being somebody else, whatever is offered.
func TestOperationsOffered(t *testing.T) {
	offered := map[string][]string{
		"GetUserAvailabilityRequest": {access.OfferFreeBusy},
		"GetFolder":                  {access.OfferSharingRead},
		"FindItem":                   {access.OfferSharingRead},
		"GetItem":                    {access.OfferSharingRead},
		"SyncFolderHierarchy":        {access.OfferSharingRead},
		"SyncFolderItems":            {access.OfferSharingRead},
	}
	for _, known := range ews.Operations() {
		op := operations()[known.RequestElement]
		for _, offer := range offers {
			f := &access.Foreign{Offer: offer}
			err := federated(f, &ews.Header{}, &op)
			if want := slices.Contains(offered[known.RequestElement], offer); (err == nil) != want {
				t.Errorf("%s with a token for %q: %v", known.Name, offer, err)
			}
			for what, header := range map[string]*ews.Header{
				"impersonation": {Impersonation: &ews.ExchangeImpersonation{}}, "a role": {ManagementRole: &ews.ManagementRole{}},
			} {
				if fault, ok := federated(f, header, &op).(*ews.Fault); !ok || fault.Code != ews.ErrorImpersonationDenied {
					t.Errorf("%s with %s: %v", known.Name, what, fault)
				}
			}
			if err := federated(nil, &ews.Header{Impersonation: &ews.ExchangeImpersonation{}}, &op); err != nil {
				t.Errorf("%s for our own: %v", known.Name, err)
			}
		}
	}
}

// The same over the wire, with each operation that there is.
func TestFederatedOperations(t *testing.T) {
	x := openAbroad(t)
	impersonation := `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>` + address("anna") + `</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`
	tokens := map[token.Offer]string{}
	for _, offer := range [...]token.Offer{token.FreeBusy, token.SharingRead, token.Autodiscover} {
		tokens[offer] = x.fabrikam.JWT(x.fabrikam.Claims("fay", offer))
	}
	for _, known := range append(ews.Operations(), ews.Operation{RequestElement: "NoSuchOperation"}) {
		element := known.RequestElement
		for offer, jwt := range tokens {
			a := x.send(signed(x.fabrikam, jwt, envelopeOf("", `<m:`+element+`/>`)))
			if !slices.Contains(operations()[element].offers, string(offer)) {
				a.fault(ews.ErrorAccessDenied)
			} else if strings.Contains(a.body, string(ews.ErrorAccessDenied)) {
				t.Errorf("%s with a token for %s: %s", element, offer, a.body)
			}
			x.send(signed(x.fabrikam, jwt, envelopeOf(impersonation, `<m:`+element+`/>`))).fault(ews.ErrorImpersonationDenied)
		}
	}
}

// At each path only what belongs there, and to strangers always the same.
func TestFederatedPaths(t *testing.T) {
	x := openAbroad(t)
	body := envelopeOf("", freeBusyOf("FreeBusy", "2026-03-02T09:00:00", "2026-03-02T17:00:00", "ben"))
	good := func() *http.Request {
		return signed(x.fabrikam, x.fabrikam.JWT(x.fabrikam.Claims("fay", token.FreeBusy)), body)
	}
	to := func(r *http.Request, path string) *http.Request {
		r.URL.Path = path
		r.Header.Del("Signature")
		x.fabrikam.Sign(r, []byte(body))
		return r
	}
	if a := x.send(good()); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := x.send(to(good(), strings.ToLower(bearerPath))); a.status != http.StatusOK {
		t.Errorf("in small letters: %d", a.status)
	}
	// Elsewhere a token is as good as none.
	if a := x.send(to(good(), "/EWS/Exchange.asmx")); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("at the path of our own: %d", a.status)
	}
	for _, path := range [...]string{bearerPath, keyPath} {
		for _, authorization := range [...]string{"", "Basic " + "YW5uYTp4", "Bearer " + x.token("crm"), "Delegation a.b.c.d.e", "Entente-Node a.b.c"} {
			r := httptest.NewRequest(http.MethodPost, host+path, strings.NewReader(body))
			r.Header.Set("Content-Type", "text/xml; charset=utf-8")
			if authorization != "" {
				r.Header.Set("Authorization", authorization)
			}
			x.strange(x.send(r))
		}
	}
	// A password that is right, too.
	r := httptest.NewRequest(http.MethodPost, host+bearerPath, strings.NewReader(body))
	x.authorize(r, "anna")
	x.strange(x.send(r))
	// SOAP 1.2 is answered in SOAP 1.2.
	r = httptest.NewRequest(http.MethodPost, host+bearerPath, strings.NewReader(""))
	r.Header.Set("Content-Type", "application/soap+xml; charset=utf-8")
	a := x.send(r)
	a.has("http://www.w3.org/2003/05/soap-envelope", "InvalidSecurity", "<s:Value>s:Sender</s:Value>")
	if a.status != http.StatusInternalServerError || a.header.Get("Content-Type") != "application/soap+xml; charset=utf-8" {
		t.Errorf("%d %s", a.status, a.header.Get("Content-Type"))
	}
}

// strange expects the one answer that there is for strangers.
func (x *abroad) strange(a reply) {
	x.Helper()
	const want = `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>` +
		`<faultcode xmlns:a="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">a:InvalidSecurity</faultcode>` +
		`<faultstring xml:lang="en-US">An error occurred when verifying security for the message.</faultstring></s:Fault></s:Body></s:Envelope>`
	if a.status != http.StatusInternalServerError || a.body != want {
		x.Errorf("%d %s", a.status, a.body)
	}
	for name := range a.header {
		if !slices.Contains([]string{"Content-Type", "Content-Length", "Cache-Control", "Request-Id"}, name) {
			x.Errorf("a stranger is told %s: %s", name, a.header.Get(name))
		}
	}
}

// A stranger learns nothing of whom he asks about: 1,000 pairs of somebody who is
// there and somebody who is not, in a domain of ours and in none.
func TestFederatedStrangers(t *testing.T) {
	x := openAbroad(t)
	other := fedtest.New(t, time.Now, domain) // a broker that nobody here trusts
	mallory := other.Partner("fabrikam.example")
	jwt := mallory.JWT(mallory.Claims("fay", token.FreeBusy))
	people := [...]string{"anna", "ben", "carla", "dora", "emil", "otto", "room", "crm"}
	for i := range 1000 {
		known, unknown := people[i%len(people)], "x"+people[i%len(people)][1:]
		if i%2 == 1 {
			unknown = known + "@cintoso.example"
		}
		ask := func(who string) reply {
			body := envelopeOf("", freeBusyOf("FreeBusy", "2026-03-02T09:00:00", "2026-03-02T17:00:00", who))
			r := httptest.NewRequest(http.MethodPost, host+bearerPath, strings.NewReader(body))
			r.Header.Set("Content-Type", "text/xml; charset=utf-8")
			if i%3 > 0 {
				r.Header.Set("Authorization", "Delegation "+jwt)
				mallory.Sign(r, []byte(body))
			}
			return x.send(r)
		}
		a, b := ask(known), ask(unknown)
		a.header.Del("request-id")
		b.header.Del("request-id")
		if a.status != b.status || a.body != b.body || !sameHeader(a.header, b.header) {
			t.Fatalf("%s and %s: %d %v %s and %d %v %s", known, unknown, a.status, a.header, a.body, b.status, b.header, b.body)
		}
		x.strange(a)
	}
}

func sameHeader(a, b http.Header) bool {
	if len(a) != len(b) {
		return false
	}
	for name := range a {
		if !slices.Equal(a[name], b[name]) {
			return false
		}
	}
	return true
}
