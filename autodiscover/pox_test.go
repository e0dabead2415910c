package autodiscover

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"entente/directory"
)

const easURL = "https://mail.contoso.example/Microsoft-Server-ActiveSync"

const poxPath = "/autodiscover/autodiscover.xml"

// question is what Outlook, Evolution and exchangelib post.
func question(space, address, accept string) string {
	return fmt.Sprintf(`<?xml version='1.0' encoding='utf-8'?>
<Autodiscover xmlns="%s"><Request><EMailAddress>%s</EMailAddress><AcceptableResponseSchema>%s</AcceptableResponseSchema></Request></Autodiscover>`,
		space, address, accept)
}

// An element is a document read by a reader that is not ours.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func parse(t *testing.T, doc string) *element {
	t.Helper()
	var e element
	if err := xml.Unmarshal([]byte(doc), &e); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	return &e
}

// at returns the text of the first element at a path of local names, all of
// one namespace. A step may ask for a child's text: Protocol[Type=EXCH].
func (e *element) at(space, path string) string {
	for _, step := range strings.Split(path, "/") {
		name, with, _ := strings.Cut(strings.TrimSuffix(step, "]"), "[")
		if e = e.child(space, name, with); e == nil {
			return "no " + step
		}
	}
	return strings.TrimSpace(e.Text)
}

func (e *element) child(space, name, with string) *element {
	key, value, _ := strings.Cut(with, "=")
	for i := range e.Children {
		c := &e.Children[i]
		if c.XMLName == (xml.Name{Space: space, Local: name}) && (with == "" || c.at(space, key) == value) {
			return c
		}
	}
	return nil
}

// The settings where "POX Autodiscover response for Exchange" in the element
// reference has them.
func TestPOXSettings(t *testing.T) {
	d := open(t)
	test := func(address string) {
		t.Helper()
		resp, body := d.ask("anna", http.MethodPost, poxPath, "", question(requestOutlook, address, responseOutlook))
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != textXML {
			t.Fatalf("%d %v: %s", resp.StatusCode, resp.Header, body)
		}
		doc := parse(t, body)
		if doc.XMLName != (xml.Name{Space: responseSpace, Local: "Autodiscover"}) {
			t.Errorf("document element %v", doc.XMLName)
		}
		want := func(path, value string) {
			t.Helper()
			if got := doc.at(responseOutlook, path); got != value {
				t.Errorf("%s is %q, want %q", path, got, value)
			}
		}
		want("Response/User/DisplayName", "Anna Müller & Söhne")
		want("Response/User/AutoDiscoverSMTPAddress", "anna@contoso.example")
		want("Response/User/DeploymentId", d.box)
		want("Response/User/LegacyDN", "/o=Entente/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="+strings.ReplaceAll(d.box, "-", ""))
		want("Response/Account/AccountType", "email")
		want("Response/Account/Action", "settings")
		for _, kind := range [...]string{"EXCH", "EXPR"} {
			p := "Response/Account/Protocol[Type=" + kind + "]/"
			want(p+"EwsUrl", ewsURL)
			want(p+"ASUrl", ewsURL)
			want(p+"OOFUrl", ewsURL)
			want(p+"Server", "mail.contoso.example")
			want(p+"LoginName", "anna@contoso.example")
		}
		want("Response/Account/Protocol[Type=EXCH]/ServerVersion", "73C189CB")
		want("Response/Account/Protocol[Type=EXPR]/SSL", "On")
		want("Response/Account/Protocol[Type=EXPR]/AuthPackage", "basic")
		want("Response/Account/Protocol[Type=WEB]/Internal/Protocol[Type=EXCH]/ASUrl", ewsURL)
		want("Response/Account/Protocol[Type=WEB]/External/Protocol[Type=EXPR]/ASUrl", ewsURL)
	}
	test("anna@contoso.example")
	test("Anna@Contoso.Example")
	test(" anna@contoso.example\n") // pretty-printed
	test("a.mueller@contoso.example")
}

func TestPOXErrors(t *testing.T) {
	d := open(t)
	test := func(what, method, body, code string) {
		t.Helper()
		resp, got := d.ask("anna", method, poxPath, "", body)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", what, resp.StatusCode)
		}
		if c := parse(t, got).at(responseSpace, "Response/Error/ErrorCode"); c != code {
			t.Errorf("%s: code %s, want %s", what, c, code)
		}
	}
	test("a look with GET", http.MethodGet, "", "600")
	test("nothing", http.MethodPost, "", "600")
	test("not XML", http.MethodPost, "anna@contoso.example", "600")
	test("a document type", http.MethodPost, `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>`+question(requestOutlook, "&x;", responseOutlook), "600")
	test("too long", http.MethodPost, question(requestOutlook, strings.Repeat("a", maxBody), responseOutlook), "600")
	test("no address", http.MethodPost, question(requestOutlook, "", responseOutlook), "600")
	test("a phone, where none are served", http.MethodPost, question(requestMobile, "anna@contoso.example", responseMobile), "601")
	test("an unknown schema", http.MethodPost, question(requestOutlook, "anna@contoso.example", "urn:x"), "601")
	test("unknown", http.MethodPost, question(requestOutlook, "nobody@contoso.example", responseOutlook), "500")
	test("no mailbox", http.MethodPost, question(requestOutlook, "carla@contoso.example", responseOutlook), "500")
	test("another's domain", http.MethodPost, question(requestOutlook, "anna@fabrikam.example", responseOutlook), "500")
	test("not an address", http.MethodPost, question(requestOutlook, "anna", responseOutlook), "500")
}

// Addresses without a mailbox and addresses that do not exist have one answer,
// but for the time in it.
func TestPOXDoesNotEnumerate(t *testing.T) {
	d := open(t)
	clock := regexp.MustCompile(`Time="[^"]*"`)
	answer := func(address string) string {
		_, body := d.ask("anna", http.MethodPost, poxPath, "", question(requestOutlook, address, responseOutlook))
		return clock.ReplaceAllString(body, "")
	}
	want := answer("nobody@contoso.example")
	for _, a := range [...]string{"carla@contoso.example", "anna@fabrikam.example", "\"&lt;\"@contoso.example"} {
		if got := answer(a); got != want {
			t.Errorf("%s: %s, want %s", a, got, want)
		}
	}
}

// Nobody who has not signed in gets anything, in particular no redirect to
// where passwords could be sent. (threats O2)
func TestStrangersGetNothing(t *testing.T) {
	d := open(t)
	for _, path := range [...]string{poxPath, soapPath} {
		for _, method := range [...]string{http.MethodGet, http.MethodHead, http.MethodPost} {
			resp, body := d.ask("", method, path, "", question(requestOutlook, "anna@contoso.example", responseOutlook))
			if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Location") != "" || strings.Contains(body, "anna") {
				t.Errorf("%s %s: %d %v %s", method, path, resp.StatusCode, resp.Header, body)
			}
		}
	}
}

func TestServerVersion(t *testing.T) {
	test := func(v Version, want string) {
		t.Helper()
		if got := v.hex(); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
	// The example of the element reference, and releases by their published numbers.
	test(Version{8, 1, 240, 0}, "720180F0")
	test(Version{14, 3, 123, 0}, "7383807B")
	test(Version{15, 1, 2507, 6}, "73C189CB")
}

func FuzzPOX(f *testing.F) {
	f.Add([]byte(question(requestOutlook, "anna@contoso.example", responseOutlook)))
	f.Add([]byte(question(requestMobile, "", "")))
	f.Add([]byte(`<Autodiscover><Request><EMailAddress>a<b/></EMailAddress></Request></Autodiscover>`))
	f.Add([]byte(`<a/>`))
	f.Fuzz(func(t *testing.T, in []byte) {
		q, err := readPOX(in)
		if err != nil {
			return
		}
		// What was read is what another reader sees in the document.
		var e element
		if err := xml.Unmarshal(in, &e); err != nil {
			t.Fatalf("encoding/xml refuses what was read: %v", err)
		}
		if q.address != "" && !strings.Contains(flat(&e), q.address) {
			t.Fatalf("address %q is not in %q", q.address, in)
		}
	})
}

func flat(e *element) string {
	s := e.Text
	for i := range e.Children {
		s += "\x00" + flat(&e.Children[i])
	}
	return s
}

// TestPOXOfPhones: a phone asks with another schema, and is told where it
// synchronizes, and nothing else.
func TestPOXOfPhones(t *testing.T) {
	d := open(t)
	d.auto.ActiveSync = easURL
	ask := func(address string) *element {
		t.Helper()
		resp, body := d.ask("anna", http.MethodPost, poxPath, "", question(requestMobile, address, responseMobile))
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		return parse(t, body)
	}
	doc := ask("anna@contoso.example")
	for path, want := range map[string]string{
		"Response/User/EMailAddress": "anna@contoso.example", "Response/Action/Settings/Server/Type": "MobileSync",
		"Response/Action/Settings/Server/Url": easURL, "Response/Action/Settings/Server/Name": easURL,
	} {
		if got := doc.at(responseMobile, path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	for _, address := range []string{"nobody@contoso.example", "carla@contoso.example"} {
		if got := ask(address).at(responseSpace, "Response/Error/ErrorCode"); got != "500" {
			t.Errorf("%s: %q", address, got)
		}
	}
	const outside = "https://phones.contoso.example/Microsoft-Server-ActiveSync"
	d.must(d.dir.Update(t.Context(), func(c *directory.Change) error {
		return c.SetVirtualDirectory("mail.contoso.example", "activesync", func(v *directory.VirtualDirectory) error { v.InternalURL = outside; return nil })
	}))
	if got := ask("anna@contoso.example").at(responseMobile, "Response/Action/Settings/Server/Url"); got != outside {
		t.Errorf("%q", got)
	}
}
