package autodiscover

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"entente/clientaccess"
	"entente/soap"
)

const soapPath = "/autodiscover/autodiscover.svc"

func envelope(space, header, body string) string {
	return fmt.Sprintf(`<s:Envelope xmlns:s=%q xmlns:a=%q xmlns:wsa=%q><s:Header>%s</s:Header><s:Body>%s</s:Body></s:Envelope>`,
		space, spaceA, spaceWSA, header, body)
}

// userSettings is the request of exchangelib and of the Managed API.
func userSettings(settings []string, addresses ...string) string {
	var b strings.Builder
	b.WriteString("<a:GetUserSettingsRequestMessage><a:Request><a:Users>")
	for _, a := range addresses {
		fmt.Fprintf(&b, "<a:User><a:Mailbox>%s</a:Mailbox></a:User>", a)
	}
	b.WriteString("</a:Users><a:RequestedSettings>")
	for _, s := range settings {
		fmt.Fprintf(&b, "<a:Setting>%s</a:Setting>", s)
	}
	b.WriteString("</a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage>")
	return envelope(soap.Namespace11, `<a:RequestedServerVersion>Exchange2016</a:RequestedServerVersion>
		<wsa:Action s:mustUnderstand="1">`+spaceA+`/Autodiscover/GetUserSettings</wsa:Action>
		<wsa:To>https://mail.contoso.example/autodiscover/autodiscover.svc</wsa:To>`, b.String())
}

func (e *element) find(local string) []*element {
	var found []*element
	for i := range e.Children {
		if e.Children[i].XMLName.Local == local {
			found = append(found, &e.Children[i])
		}
		found = append(found, e.Children[i].find(local)...)
	}
	return found
}

func TestUserSettings(t *testing.T) {
	d := open(t)
	names := []string{
		"UserDN", "MailboxDN", "UserDisplayName", "AutoDiscoverSMTPAddress", "ExternalEwsUrl", "InternalEwsUrl",
		"EwsSupportedSchemas", "ExternalEwsVersion", "CasVersion", "UserDeploymentId", "ExternalEcpUrl", "NoSuchSetting",
	}
	resp, body := d.ask("anna", http.MethodPost, soapPath, "", userSettings(names, "anna@contoso.example"))
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != textXML {
		t.Fatalf("%d %v: %s", resp.StatusCode, resp.Header, body)
	}
	doc := parse(t, body)
	got := map[string]string{}
	for _, s := range doc.find("UserSetting") {
		got[s.at(spaceA, "Name")] = s.at(spaceA, "Value")
		// .NET makes the class of the setting by it.
		if len(s.Attrs) != 1 || s.Attrs[0].Name.Space != spaceXSI || s.Attrs[0].Name.Local != "type" || s.Attrs[0].Value != "StringSetting" {
			t.Errorf("attributes %v", s.Attrs)
		}
	}
	want := func(name, value string) {
		t.Helper()
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
		delete(got, name)
	}
	dn := "/o=Entente/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=" + strings.ReplaceAll(d.box, "-", "")
	want("UserDN", dn)
	want("MailboxDN", dn)
	want("UserDisplayName", "Anna Müller & Söhne")
	want("AutoDiscoverSMTPAddress", "anna@contoso.example")
	want("ExternalEwsUrl", ewsURL)
	want("InternalEwsUrl", ewsURL)
	want("EwsSupportedSchemas", "Exchange2007, Exchange2007_SP1, Exchange2010, Exchange2010_SP1, Exchange2010_SP2, Exchange2013, Exchange2013_SP1, Exchange2016")
	want("ExternalEwsVersion", "15.01.2507.006")
	want("CasVersion", "15.01.2507.006")
	want("UserDeploymentId", d.box)
	if len(got) != 0 {
		t.Errorf("more settings: %v", got)
	}
	var missing []string
	for _, e := range doc.find("UserSettingError") {
		missing = append(missing, e.at(spaceA, "SettingName")+" "+e.at(spaceA, "ErrorCode"))
	}
	if s := strings.Join(missing, ", "); s != "ExternalEcpUrl SettingIsNotAvailable, NoSuchSetting SettingIsNotAvailable" {
		t.Errorf("missing: %s", s)
	}
	if v := doc.find("ServerVersionInfo"); len(v) != 1 || v[0].at(spaceA, "MajorVersion") != "15" || v[0].at(spaceA, "MajorBuildNumber") != "2507" {
		t.Errorf("server version %+v", v)
	}
}

// Each user has an outcome of his own, in the order asked; one who is not
// there and one without a mailbox have the same.
func TestSeveralUsers(t *testing.T) {
	d := open(t)
	_, body := d.ask("anna", http.MethodPost, soapPath, "", userSettings([]string{"ExternalEwsUrl"},
		"nobody@contoso.example", "anna@contoso.example", "carla@contoso.example"))
	var codes []string
	for _, u := range parse(t, body).find("UserResponse") {
		codes = append(codes, u.at(spaceA, "ErrorCode")+" "+u.at(spaceA, "ErrorMessage")+" "+u.at(spaceA, "UserSettings/UserSetting/Value"))
	}
	want := "InvalidUser Invalid user. no UserSetting|NoError No error. " + ewsURL + "|InvalidUser Invalid user. no UserSetting"
	if got := strings.Join(codes, "|"); got != want {
		t.Errorf("outcomes %s, want %s", got, want)
	}
}

func TestDomainSettings(t *testing.T) {
	d := open(t)
	_, body := d.ask("carla", http.MethodPost, soapPath, "", envelope(soap.Namespace11, "", `<a:GetDomainSettingsRequestMessage><a:Request>
		<a:Domains><a:Domain>contoso.example</a:Domain><a:Domain>Contoso.Test</a:Domain><a:Domain>fabrikam.example</a:Domain><a:Domain/></a:Domains>
		<a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting></a:RequestedSettings></a:Request></a:GetDomainSettingsRequestMessage>`))
	var codes []string
	for _, u := range parse(t, body).find("DomainResponse") {
		codes = append(codes, u.at(spaceA, "ErrorCode")+" "+u.at(spaceA, "DomainSettings/DomainSetting/Value"))
	}
	want := "NoError " + ewsURL + "|NoError " + ewsURL + "|InvalidDomain no DomainSetting|InvalidDomain no DomainSetting"
	if got := strings.Join(codes, "|"); got != want {
		t.Errorf("outcomes %s, want %s", got, want)
	}
}

func TestSOAPFaults(t *testing.T) {
	d := open(t)
	test := func(what, body, code string) {
		t.Helper()
		resp, got := d.ask("anna", http.MethodPost, soapPath, "", body)
		if resp.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s: status %d", what, resp.StatusCode)
		}
		c := parse(t, got).find("faultcode")
		if len(c) != 1 || c[0].Text != code {
			t.Errorf("%s: fault %s, want %s", what, got, code)
		}
	}
	many := make([]string, maxUsers+1)
	test("nothing", "", "s:Client")
	test("not XML", "GetUserSettings", "s:Client")
	test("not SOAP", question(requestOutlook, "anna@contoso.example", responseOutlook), "s:Client")
	test("too long", userSettings(nil, strings.Repeat("a", maxBody)), "s:Client")
	test("too many users", userSettings(nil, many...), "s:Client")
	test("too many settings", userSettings(make([]string, maxSettings+1), "anna@contoso.example"), "s:Client")
	test("not well-formed at its end", strings.Replace(userSettings(nil, "anna@contoso.example"), "</s:Envelope>", "", 1), "s:Client")
	test("two operations", strings.Replace(userSettings(nil, "anna@contoso.example"), "</s:Body>", "<x/></s:Body>", 1), "s:Client")
	// exchangelib takes this for an older server, and says so.
	test("an operation of partners", envelope(soap.Namespace11, "", `<a:GetFederationInformationRequestMessage/>`), "a:ActionNotSupported")
	test("no such operation", envelope(soap.Namespace11, "", `<GetUserSettingsRequestMessage/>`), "a:ActionNotSupported")
	test("what must be understood", envelope(soap.Namespace11, `<x:y xmlns:x="urn:x" s:mustUnderstand="1"/>`, `<a:GetUserSettingsRequestMessage/>`), "s:MustUnderstand")
}

func TestSOAP12(t *testing.T) {
	d := open(t)
	resp, body := d.ask("anna", http.MethodPost, soapPath, "", strings.Replace(userSettings([]string{"UserDN"}, "anna@contoso.example"), soap.Namespace11, soap.Namespace12, 1))
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "application/soap+xml; charset=utf-8" {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
	if doc := parse(t, body); doc.XMLName.Space != soap.Namespace12 || len(doc.find("UserSetting")) != 1 {
		t.Errorf("answer %s", body)
	}
}

func TestSOAPIsPosted(t *testing.T) {
	d := open(t)
	resp, _ := d.ask("anna", http.MethodGet, soapPath, "", "")
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "POST" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

// Who has too much under way is told by HTTP, in a way clients wait for.
func TestBusy(t *testing.T) {
	d := open(t)
	busy := func(path, body string) {
		t.Helper()
		resp, got := d.ask("anna", http.MethodPost, path, "", body)
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || strings.Contains(got, "anna") {
			t.Errorf("%d %v %s", resp.StatusCode, resp.Header, got)
		}
	}
	d.routes["/hold"] = d.door.Guard(clientaccess.Autodiscover, handlerFunc(func(s *clientaccess.Session, _ http.ResponseWriter, _ *http.Request) {
		d.must(s.Enter())
		busy(poxPath, question(requestOutlook, "anna@contoso.example", responseOutlook))
		busy(soapPath, userSettings([]string{"UserDN"}, "anna@contoso.example"))
	}))
	d.ask("anna", http.MethodPost, "/hold", "", "")
	if resp, _ := d.ask("anna", http.MethodPost, soapPath, "", userSettings([]string{"UserDN"}, "anna@contoso.example")); resp.StatusCode != http.StatusOK {
		t.Errorf("afterwards %d", resp.StatusCode)
	}
}

func FuzzSOAP(f *testing.F) {
	f.Add([]byte(userSettings([]string{"UserDN"}, "anna@contoso.example")))
	f.Add([]byte(envelope(soap.Namespace12, "", `<a:GetDomainSettingsRequestMessage><a:Request><a:Domains><a:Domain>x</a:Domain></a:Domains></a:Request></a:GetDomainSettingsRequestMessage>`)))
	f.Add([]byte(envelope(soap.Namespace11, "", `<a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User><a:Mailbox><x/></a:Mailbox></a:User></a:Users></a:Request></a:GetUserSettingsRequestMessage>`)))
	f.Add([]byte(envelope(soap.Namespace11, "", informationOf("contoso.example"))))
	f.Add([]byte(envelope(soap.Namespace11, "", `<a:GetOrganizationRelationshipSettingsRequestMessage><a:Request><a:Domains><a:Domain>x</a:Domain></a:Domains></a:Request></a:GetOrganizationRelationshipSettingsRequestMessage>`)))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, q, fault := readSOAP(in, understood())
		if (q == nil) == (fault == nil) {
			t.Fatalf("%+v and %v", q, fault)
		}
		if q == nil {
			return
		}
		if len(q.mailboxes) > maxUsers || len(q.domains) > maxUsers || len(q.settings) > maxSettings {
			t.Fatalf("beyond the limits: %d %d %d", len(q.mailboxes), len(q.domains), len(q.settings))
		}
		switch q.operation {
		case "GetUserSettings", "GetDomainSettings", getFederationInformation, getRelationshipSettings:
		default:
			t.Fatalf("operation %q", q.operation)
		}
	})
}
