package autodiscover

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/authn"
	"entente/directory"
	"entente/federation"
	"entente/federation/fedtest"
	"entente/federation/token"
	"entente/soap"
)

const (
	wsPath     = "/autodiscover/autodiscover.svc/wssecurity"
	wellPath   = "/.well-known/entente-federation"
	external   = "https://mail.published.example/EWS/Exchange.asmx"
	ourHost    = "mail.contoso.example"
	atFabrikam = "fabrikam.example"
)

// abroad is the desk as other organizations see it. contoso.example is federated,
// sales.contoso.example too, contoso.test is ours and is not. Fabrikam has a
// relationship, northwind has none.
type abroad struct {
	*desk
	world               *fedtest.World
	fabrikam, northwind *fedtest.Partner
}

func openAbroad(t *testing.T) *abroad {
	t.Helper()
	x := &abroad{desk: open(t)}
	x.world = fedtest.New(t, time.Now, "contoso.example", "sales.contoso.example")
	x.fabrikam, x.northwind = x.world.Partner(atFabrikam), x.world.Partner("northwind.example")
	x.must(x.dir.Update(t.Context(), func(c *directory.Change) error {
		return c.CreateRelationship(access.Relationship{
			Name: "Fabrikam", Domains: []entente.Domain{atFabrikam}, Enabled: true, FreeBusy: true, FreeBusyLevel: access.LimitedDetails,
			TargetApplicationURI: x.fabrikam.URI, TargetAutodiscoverEPR: "https://autodiscover.fabrikam.example/autodiscover/autodiscover.svc/WSSecurity",
		})
	}))
	x.auto.External, x.auto.Federation = external, x.world
	x.auto.Delegation = authn.NewDelegation(authn.DelegationConfig{
		Trust: x.world, Directory: x.dir, Hosts: func() []string { return []string{ourHost} },
		Secure: func(*http.Request) bool { return true }, Now: time.Now,
	})
	x.routes = x.auto.Routes(x.door)
	return x
}

func informationOf(domain string) string {
	return `<a:GetFederationInformationRequestMessage><a:Request><a:Domain>` + domain + `</a:Domain></a:Request></a:GetFederationInformationRequestMessage>`
}

// inquiry is GetFederationInformation as clients send it.
func inquiry(domain string) string {
	return envelope(soap.Namespace11, `<wsa:Action s:mustUnderstand="1">`+federationAction+`</wsa:Action>
		<wsa:To s:mustUnderstand="1">https://autodiscover.contoso.example/autodiscover/autodiscover.svc</wsa:To>
		<wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>`, informationOf(domain))
}

// inquire sends a request with a SOAPAction, of nobody.
func (x *abroad) inquire(action, body string) (*http.Response, string) {
	x.t.Helper()
	return x.inquireFrom("192.0.2.7", action, body)
}

func (x *abroad) inquireFrom(source, action, body string) (*http.Response, string) {
	x.t.Helper()
	r := httptest.NewRequestWithContext(x.t.Context(), http.MethodPost, "https://"+ourHost+soapPath, strings.NewReader(body))
	r.RemoteAddr = source + ":4711"
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("SOAPAction", action)
	return x.do(r)
}

func (x *abroad) do(r *http.Request) (*http.Response, string) {
	x.t.Helper()
	w := httptest.NewRecorder()
	x.routes[strings.ToLower(r.URL.Path)].ServeHTTP(w, r)
	resp := w.Result()
	got, err := io.ReadAll(resp.Body)
	x.must(err)
	return resp, string(got)
}

// asked sends a request for somebody of a partner's.
func (x *abroad) asked(p *fedtest.Partner, offer token.Offer, body string) (*http.Response, string) {
	x.t.Helper()
	r := httptest.NewRequestWithContext(x.t.Context(), http.MethodPost, "https://"+ourHost+wsPath, strings.NewReader(body))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("Authorization", "Delegation "+p.JWT(p.Claims("fay", offer)))
	p.Sign(r, []byte(body))
	return x.do(r)
}

func domainsOf(doc *element) []string {
	var all []string
	for _, d := range doc.find("Domain") {
		all = append(all, d.Text)
	}
	return all
}

func TestFederationInformation(t *testing.T) {
	x := openAbroad(t)
	resp, body := x.inquire(`"`+federationAction+`"`, inquiry("Contoso.Example"))
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != textXML || resp.Header.Get("WWW-Authenticate") != "" {
		t.Fatalf("%d %v: %s", resp.StatusCode, resp.Header, body)
	}
	doc := parse(t, body)
	answer := doc.find("Response")[0]
	for name, want := range map[string]string{"ErrorCode": "NoError", "ApplicationUri": x.world.URI} {
		if got := answer.at(spaceA, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	issuer := doc.find("TokenIssuer")[0]
	if issuer.at(spaceA, "Endpoint") != "https://broker.example/sts" || issuer.at(spaceA, "Uri") != fedtest.Issuer {
		t.Errorf("issuer in %s", body)
	}
	// Of the domain that was asked about, and of no other.
	if got := domainsOf(doc); !slices.Equal(got, []string{"contoso.example"}) {
		t.Errorf("domains %q", got)
	}
	if strings.Contains(body, "https://schemas.microsoft.com") {
		t.Error("a namespace that no client knows")
	}
	// What is not a name, and what is not federated.
	for domain, want := range map[string]string{
		"contoso.test": "NotFederated", "elsewhere.example": "NotFederated", "x.contoso.example": "NotFederated",
		"": "InvalidDomain", "not a domain": "InvalidDomain", "a@contoso.example": "InvalidDomain",
	} {
		_, body := x.inquire(federationAction, inquiry(domain))
		if got := parse(t, body).find("Response")[0].at(spaceA, "ErrorCode"); got != want || strings.Contains(body, "ApplicationUri") {
			t.Errorf("%q: %s, want %s", domain, got, want)
		}
	}
	// A trust that is switched off is none.
	x.world.Change(func(t *federation.Trust) { t.Enabled = false })
	if _, body := x.inquire(federationAction, inquiry("contoso.example")); !strings.Contains(body, "NotFederated") {
		t.Error(body)
	}
}

// A domain that is ours and not federated is like one that nobody has: 1,000
// pairs, in whatever way one asks.
func TestFederationStrangers(t *testing.T) {
	x := openAbroad(t)
	var ours []entente.Domain
	for i := range 1000 {
		ours = append(ours, entente.Domain(fmt.Sprintf("d%03d.contoso.example", i)))
	}
	x.must(x.dir.Update(t.Context(), func(c *directory.Change) error {
		for _, d := range ours {
			if err := c.AddDomain(d); err != nil {
				return err
			}
		}
		return nil
	}))
	same := func(what string, ask func(domain string) (*http.Response, string), known, unknown string) {
		t.Helper()
		a, textA := ask(known)
		b, textB := ask(unknown)
		if a.StatusCode != b.StatusCode || textA != textB || fmt.Sprint(a.Header) != fmt.Sprint(b.Header) {
			t.Fatalf("%s: %s and %s: %d %v %s and %d %v %s", what, known, unknown, a.StatusCode, a.Header, textA, b.StatusCode, b.Header, textB)
		}
	}
	for i, d := range ours {
		source := fmt.Sprintf("192.0.%d.%d", i/250, i%250)
		unknown := fmt.Sprintf("d%03d.cintoso.example", i)
		same("GetFederationInformation", func(name string) (*http.Response, string) {
			return x.inquireFrom(source, federationAction, inquiry(name))
		}, string(d), unknown)
		same("well-known", func(name string) (*http.Response, string) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+ourHost+wellPath+"?domain="+name, nil)
			r.RemoteAddr = source + ":4711"
			return x.do(r)
		}, string(d), unknown)
	}
}

// Only GetFederationInformation is answered to strangers, and nobody else's body
// is read before he has signed in.
func TestFederationInformationAlone(t *testing.T) {
	x := openAbroad(t)
	_, body := x.inquire(federationAction, userSettings([]string{"UserDN"}, "anna@contoso.example"))
	if !strings.Contains(body, "ActionNotSupported") {
		t.Errorf("another operation under its SOAPAction: %s", body)
	}
	_, body = x.inquire(federationAction, "<a>"+strings.Repeat(" ", maxBody))
	if !strings.Contains(body, "Fault") {
		t.Errorf("too large: %s", body)
	}
	unread := &witnessed{Reader: strings.NewReader(inquiry("contoso.example"))}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+ourHost+soapPath, unread)
	if resp, _ := x.do(r); resp.StatusCode != http.StatusUnauthorized || unread.read {
		t.Errorf("without a SOAPAction: %d, read %t", resp.StatusCode, unread.read)
	}
}

type witnessed struct {
	io.Reader
	read bool
}

func (w *witnessed) Read(b []byte) (int, error) { w.read = true; return w.Reader.Read(b) }

// A source that asks without end is told to wait, and others are not.
func TestFederationRate(t *testing.T) {
	x := openAbroad(t)
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	x.auto.strangers.now = func() time.Time { return now }
	ask := func(source string) int {
		resp, _ := x.inquireFrom(source, federationAction, inquiry("contoso.example"))
		if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		return resp.StatusCode
	}
	for range rateBurst {
		if ask("192.0.2.9") != http.StatusOK || ask("[2001:db8::1]") != http.StatusOK {
			t.Fatal("too early")
		}
	}
	for source, want := range map[string]int{
		"192.0.2.9": 503, "192.0.2.10": 200, "[2001:db8::2]": 503, "[2001:db8:0:1::1]": 200, "[::ffff:192.0.2.9]": 503,
	} {
		if got := ask(source); got != want {
			t.Errorf("%s: %d, want %d", source, got, want)
		}
	}
	now = now.Add(time.Minute)
	if ask("192.0.2.9") != http.StatusOK {
		t.Error("a minute later")
	}
	// However many sources there are, they take no more than so much room.
	for i := range 2 * maxSources {
		x.auto.strangers.allow(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255))
	}
	if n := len(x.auto.strangers.buckets); n > maxSources {
		t.Errorf("%d buckets", n)
	}
	now = now.Add(time.Hour)
	x.auto.strangers.allow("192.0.2.99:1")
	if n := len(x.auto.strangers.buckets); n > 2 {
		t.Errorf("%d buckets after an hour", n)
	}
}

// Partners are told where to ask, the same for all people, whether they are there
// or not.
func TestPartnerSettings(t *testing.T) {
	x := openAbroad(t)
	names := []string{"ExternalEwsUrl", "EwsSupportedSchemas", "ExternalEwsVersion", "UserDisplayName", "InternalEwsUrl", "MailboxDN"}
	ask := func(p *fedtest.Partner, who ...string) *element {
		t.Helper()
		resp, body := x.asked(p, token.Autodiscover, userSettings(names, who...))
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		return parse(t, body)
	}
	for _, p := range []*fedtest.Partner{x.fabrikam, x.northwind} {
		doc := ask(p, "anna@contoso.example", "nobody@contoso.example", "carla@sales.contoso.example", "anna@contoso.test", "anna@elsewhere.example", "anna")
		all := doc.find("UserResponse")
		for i, want := range []string{"NoError", "NoError", "NoError", "InvalidUser", "InvalidUser", "InvalidUser"} {
			if got := all[i].at(spaceA, "ErrorCode"); got != want {
				t.Errorf("%d: %s, want %s", i, got, want)
			}
			if want != "NoError" {
				continue
			}
			got := map[string]string{}
			for _, s := range all[i].find("UserSetting") {
				got[s.at(spaceA, "Name")] = s.at(spaceA, "Value")
			}
			if got["ExternalEwsUrl"] != external || got["EwsSupportedSchemas"] == "" || got["ExternalEwsVersion"] == "" || len(got) != 3 {
				t.Errorf("%d: %v", i, got)
			}
		}
	}
	// Our own operations are none of theirs.
	_, body := x.asked(x.fabrikam, token.FreeBusy, envelope(soap.Namespace11, "", `<a:GetDomainSettingsRequestMessage><a:Request/></a:GetDomainSettingsRequestMessage>`))
	if !strings.Contains(body, "ActionNotSupported") {
		t.Error(body)
	}
}

// The whole list of domains, and what was agreed, for who is under a relationship.
func TestPartnerInformation(t *testing.T) {
	x := openAbroad(t)
	test := func(p *fedtest.Partner, offer token.Offer, want ...string) {
		t.Helper()
		_, body := x.asked(p, offer, inquiry("contoso.example"))
		if got := domainsOf(parse(t, body)); !slices.Equal(got, want) {
			t.Errorf("%s by %s is told of %q", p.Domain, offer, got)
		}
	}
	test(x.fabrikam, token.FreeBusy, "contoso.example", "sales.contoso.example")
	test(x.fabrikam, token.Autodiscover, "contoso.example", "sales.contoso.example")
	test(x.northwind, token.Autodiscover, "contoso.example")
	if resp, body := x.asked(x.northwind, token.FreeBusy, inquiry("contoso.example")); resp.StatusCode != http.StatusForbidden || body != "Forbidden\n" {
		t.Errorf("free/busy without a relationship: %d %s", resp.StatusCode, body)
	}

	const request = `<a:GetOrganizationRelationshipSettingsRequestMessage><a:Request><a:Domains><a:Domain>contoso.example</a:Domain></a:Domains></a:Request></a:GetOrganizationRelationshipSettingsRequestMessage>`
	_, body := x.asked(x.fabrikam, token.Autodiscover, envelope(soap.Namespace11, "", request))
	doc := parse(t, body)
	settings := doc.find("OrganizationRelationshipSettings")
	if len(settings) != 1 {
		t.Fatal(body)
	}
	for name, want := range map[string]string{
		"DeliveryReportEnabled": "false", "FreeBusyAccessEnabled": "true", "FreeBusyAccessLevel": "LimitedDetails", "MailTipsAccessEnabled": "false",
		"MailboxMoveEnabled": "false", "Name": "Fabrikam", "TargetApplicationUri": x.fabrikam.URI, "TargetSharingEpr": "",
	} {
		if got := settings[0].at(spaceA, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if _, body := x.asked(x.northwind, token.Autodiscover, envelope(soap.Namespace11, "", request)); len(parse(t, body).find("OrganizationRelationshipSettings")) != 0 {
		t.Errorf("northwind is told %s", body)
	}
}

func TestPartnerStrangers(t *testing.T) {
	x := openAbroad(t)
	for _, path := range [...]string{wsPath, wsPath + "/symmetrickey"} {
		for _, authorization := range [...]string{"", "Basic YW5uYTp4", "Delegation x"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+ourHost+path, strings.NewReader(userSettings([]string{"ExternalEwsUrl"}, "anna@contoso.example")))
			if authorization != "" {
				r.Header.Set("Authorization", authorization)
			}
			resp, body := x.do(r)
			if resp.StatusCode != http.StatusInternalServerError || !strings.Contains(body, ">a:InvalidSecurity<") || resp.Header.Get("WWW-Authenticate") != "" {
				t.Errorf("%s with %q: %d %s", path, authorization, resp.StatusCode, body)
			}
		}
	}
}

// What the EWS Managed API looks for before it chooses a path: it asks the POX
// path with GET, and takes any value for yes.
func TestAnnounced(t *testing.T) {
	x := openAbroad(t)
	test := func(want map[string]string) {
		t.Helper()
		for _, path := range [...]string{"/autodiscover/autodiscover.xml", soapPath} {
			resp, _ := x.ask("", http.MethodGet, path, "", "")
			for _, name := range [...]string{"X-SOAP-Enabled", "X-WSSecurity-Enabled", "X-WSSecurity-SymmetricKey-Enabled", "X-WSSecurity-X509Cert-Enabled"} {
				if got := resp.Header.Get(name); got != want[name] || resp.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s: %d, %s is %q", path, resp.StatusCode, name, got)
				}
			}
		}
	}
	test(map[string]string{"X-SOAP-Enabled": "True", "X-WSSecurity-Enabled": "True", "X-WSSecurity-SymmetricKey-Enabled": "True"})
	_, body := x.ask("anna", http.MethodPost, soapPath, "", userSettings([]string{"ExternalEwsUrl", "InternalEwsUrl", "CrossOrganizationSharingEnabled"}, "anna@contoso.example"))
	for _, text := range [...]string{external, ewsURL, "<Name>CrossOrganizationSharingEnabled</Name><Value>True</Value>"} {
		if !strings.Contains(body, text) {
			t.Errorf("no %s in %s", text, body)
		}
	}
	x.world.Set(nil)
	test(map[string]string{"X-SOAP-Enabled": "True"})
}

func TestWellKnown(t *testing.T) {
	x := openAbroad(t)
	get := func(method, query string) (*http.Response, string) {
		return x.do(httptest.NewRequestWithContext(t.Context(), method, "https://"+ourHost+wellPath+query, nil))
	}
	resp, body := get(http.MethodGet, "?domain=sales.contoso.example")
	var p federation.Peer
	if err := json.Unmarshal([]byte(body), &p); err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", resp.StatusCode, err, body)
	}
	if p.ApplicationURI != x.world.URI || len(p.Keys) != 1 || p.Keys[0].Key != x.world.Peer().Keys[0].Key {
		t.Errorf("%+v", p)
	}
	missing := httptest.NewRecorder()
	http.NotFound(missing, httptest.NewRequest(http.MethodGet, "https://"+ourHost+"/nothing", nil))
	for _, c := range [][2]string{
		{http.MethodGet, ""},
		{http.MethodGet, "?domain="},
		{http.MethodGet, "?domain=contoso.test"},
		{http.MethodGet, "?domain=elsewhere.example"},
		{http.MethodGet, "?domain=%00"},
		{http.MethodGet, "?domain=" + strings.Repeat("a", 400)},
		{http.MethodPost, "?domain=contoso.example"},
	} {
		resp, body := get(c[0], c[1])
		if resp.StatusCode != http.StatusNotFound || body != missing.Body.String() || fmt.Sprint(resp.Header) != fmt.Sprint(missing.Header()) {
			t.Errorf("%s %s: %d %v %s", c[0], c[1], resp.StatusCode, resp.Header, body)
		}
	}
	x.world.Set(nil)
	if resp, _ := get(http.MethodGet, "?domain=contoso.example"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("without a trust: %d", resp.StatusCode)
	}
}
