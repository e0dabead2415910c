package wssecurity

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

const (
	spaceTypes = "http://schemas.microsoft.com/exchange/services/2006/types"
	profile509 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#"
)

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func digest(s string) string { d := sha256.Sum256([]byte(s)); return b64(d[:]) }

// managed is a request in the very form of the EWS Managed API 2.2: a byte order
// mark, Security indented, a Timestamp that is the one signed part, a default
// namespace in the Signature, spaces before the ends of empty elements. Canonical
// forms and signature are written out here by hand.
func managed(t testing.TB, token []byte) string {
	t.Helper()
	const id = "uuid-0305cdbf-34d5-4c4a-8fb7-f6d865edfef7-1"
	times := `<wsu:Created>2026-11-28T12:00:00Z</wsu:Created><wsu:Expires>2026-11-28T12:05:00Z</wsu:Expires></wsu:Timestamp>`
	d := digest(`<wsu:Timestamp xmlns:wsu="` + SpaceUtility + `" wsu:Id="` + id + `">` + times)
	info := `<SignedInfo%s><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"%[2]s<SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"%[3]s` +
		`<Reference URI="#` + id + `"><Transforms><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"%[4]s</Transforms>` +
		`<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"%[5]s<DigestValue>` + d + `</DigestValue></Reference></SignedInfo>`
	m := hmac.New(sha1.New, secret)
	fmt.Fprintf(m, info, ` xmlns="http://www.w3.org/2000/09/xmldsig#"`, "></CanonicalizationMethod>", "></SignatureMethod>", "></Transform>", "></DigestMethod>")
	return "\uFEFF" + `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="` + spaceTypes + `" xmlns:wsu="` + SpaceUtility + `" xmlns:soap="` + soap.Namespace11 + `">
  <soap:Header xmlns:wsse="` + SpaceSecurity + `" xmlns:wsa="` + SpaceAddressing + `">
    <t:RequestServerVersion Version="Exchange2013" />
    <t:TimeZoneContext><t:TimeZoneDefinition Name="UTC" Id="UTC"><t:Periods><t:Period Id="Std" /><t:Period Id="Std" /></t:Periods></t:TimeZoneDefinition></t:TimeZoneContext>` +
		`<wsa:Action soap:mustUnderstand="1">http://schemas.microsoft.com/exchange/services/2006/messages/GetUserAvailabilityRequest</wsa:Action>` +
		`<wsa:ReplyTo><wsa:Address>` + anonymous + `</wsa:Address></wsa:ReplyTo><wsa:To soap:mustUnderstand="1">https://mail.fabrikam.example/EWS/Exchange.asmx/wssecurity/symmetrickey</wsa:To>` +
		`<wsse:Security soap:mustUnderstand="1">  <wsu:Timestamp wsu:Id="` + id + `">` + times + string(token) +
		`<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">` + fmt.Sprintf(info, "", " />", " />", " />", " />") + `<SignatureValue>` + b64(m.Sum(nil)) + `</SignatureValue>` +
		`<KeyInfo><wsse:SecurityTokenReference xmlns:wsse="` + SpaceSecurity + `"><wsse:Reference URI="#Assertion0" /></wsse:SecurityTokenReference></KeyInfo></Signature></wsse:Security></soap:Header>
  <soap:Body>
    <!-- of no concern --><t:ItemId Id="AAMk" /><t:ItemId Id="AAMk" />
  </soap:Body>
</soap:Envelope>`
}

// TestManagedAPI reads what Microsoft's client writes with PartnerTokenCredentials.
func TestManagedAPI(t *testing.T) {
	to := signer(t, 0, "contoso-current1")
	doc := managed(t, tokenOf(t, to.Certificate))
	r := open(t, doc)
	if r.To != "https://mail.fabrikam.example/EWS/Exchange.asmx/wssecurity/symmetrickey" || !strings.HasSuffix(r.Action, "/GetUserAvailabilityRequest") ||
		!r.Created.Equal(noon) || !r.Expires.Equal(noon.Add(5*time.Minute)) || r.ID != "" || r.Version != soap.V11 {
		t.Errorf("read as %+v", r)
	}
	proof, err := r.Possessed(secret, Timestamp, xmlsec.Compat)
	if err != nil || proof.Parts != Timestamp || len(proof.Signature) != 20 {
		t.Errorf("%+v, %v", proof, err)
	}
	if _, err := r.Possessed(secret, Timestamp, xmlsec.Modern); err != xmlsec.ErrRefused {
		t.Errorf("HMAC-SHA-1 under Modern: %v", err)
	}
	if _, err := r.Possessed(secret, Timestamp|To, xmlsec.Compat); err != xmlsec.ErrRefused {
		t.Errorf("To, which it does not sign: %v", err)
	}
}

// resigned changes the SignedInfo of a message and signs it again, so that a
// case is refused for its shape and not for its signature.
func resigned(t testing.TB, doc string, by xmlsec.Signer, edit func(string) string) string {
	t.Helper()
	const end = "</ds:SignedInfo>"
	i, j := strings.Index(doc, "<ds:SignedInfo>"), strings.Index(doc, end)+len(end)
	info := edit(doc[i:j])
	r := strictxml.NewReader([]byte(strings.Replace(info, "<ds:SignedInfo", `<ds:SignedInfo xmlns:ds="`+xmlsec.SpaceSignature+`"`, 1)), xmlsec.Limits())
	if !r.Root() {
		t.Fatalf("%v: %s", r.Err(), info)
	}
	c, err := xmlsec.Canonical(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(c)
	value, err := by.Key.Sign(nil, h[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	doc = doc[:i] + info + doc[j:]
	i, j = strings.Index(doc, "<ds:SignatureValue>"), strings.Index(doc, "</ds:SignatureValue>")
	return doc[:i+len("<ds:SignatureValue>")] + b64(value) + doc[j:]
}

// TestKeyInfoForms reads the forms in which partners name their certificate.
func TestKeyInfoForms(t *testing.T) {
	by, other := signer(t, 0, "contoso-current1"), signer(t, 1, "fabrikam-current")
	doc, err := Certify(request(all), by, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	thumb := sha1.Sum(by.Certificate.Raw)
	token := func(c *x509.Certificate, attrs string) string {
		return `<wsse:BinarySecurityToken wsu:Id="X509" ` + attrs + `>` + b64(c.Raw) + `</wsse:BinarySecurityToken>`
	}
	v3, base := `ValueType="`+profile509+`X509v3"`, `EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"`
	reference := `<wsse:Reference URI="#X509" ` + v3 + `/>`
	data := func(c *x509.Certificate) string {
		return `<ds:X509Data><ds:X509Certificate>` + b64(c.Raw) + `</ds:X509Certificate></ds:X509Data>`
	}
	for _, c := range []struct {
		name, token, str string
		refused          bool
	}{
		{"identifier", "", `<wsse:KeyIdentifier ValueType="` + profile509 + `X509SubjectKeyIdentifier">` + b64([]byte("contoso-current1")) + `</wsse:KeyIdentifier>`, false},
		{"thumbprint", "", `<wsse:KeyIdentifier ValueType="http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1">` + b64(thumb[:]) + `</wsse:KeyIdentifier>`, false},
		{"token", token(by.Certificate, v3+" "+base), reference, false},
		{"token, encoding by default", token(by.Certificate, v3), `<wsse:Reference URI="#X509"/>`, false},
		{"data", "", data(by.Certificate), false},
		{"another's certificate as a token", token(other.Certificate, v3), reference, true},
		{"another's certificate as data", "", data(other.Certificate), true},
		{"token that is not there", "", reference, true},
		{"token of another id", strings.Replace(token(by.Certificate, v3), "X509", "X510", 1), reference, true},
		{"the timestamp as a token", "", `<wsse:Reference URI="#_0"/>`, true},
		{"token of another type", token(by.Certificate, `ValueType="`+profile509+`X509PKIPathv1"`), reference, true},
		{"token without type", token(by.Certificate, base), reference, true},
		{"token in hexadecimal", token(by.Certificate, v3+` EncodingType="urn:hex"`), reference, true},
		{"two tokens", token(by.Certificate, v3) + strings.Replace(token(by.Certificate, v3), "X509", "X510", 1), reference, true},
		{"empty token", `<wsse:BinarySecurityToken wsu:Id="X509" ` + v3 + `/>`, reference, true},
		{"token beside the header", "", `<wsse:Embedded>` + token(by.Certificate, v3) + `</wsse:Embedded>`, true},
		{"token abroad", "", `<wsse:Reference URI="http://canary.example/"/>`, true},
	} {
		changed := string(doc)
		i, j := strings.Index(changed, "<wsse:KeyIdentifier"), strings.Index(changed, "</wsse:SecurityTokenReference>")
		changed = replace(t, changed[:i]+c.str+changed[j:], "<ds:Signature ", c.token+"<ds:Signature ")
		r, err := Open([]byte(changed))
		var proof *Proof
		if err == nil {
			proof, err = r.Certified([]*x509.Certificate{other.Certificate, by.Certificate}, all, xmlsec.Modern)
		}
		if c.refused && (err != xmlsec.ErrRefused || proof != nil) || !c.refused && (err != nil || proof.Certificate != by.Certificate) {
			t.Errorf("%s: %+v, %v\n%s", c.name, proof, err, changed)
		}
	}
}

func TestInstant(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-28T12:00:00Z": "2026-11-28T12:00:00Z", "2026-11-28T12:00:00.5Z": "2026-11-28T12:00:00.5Z",
		"2026-11-28T12:00:00.123456789Z": "2026-11-28T12:00:00.123456789Z", "2026-11-28T12:00:00.1234567890Z": "",
		"2026-11-28T12:00:00": "", "2026-11-28T12:00:00.Z": "", "2026-11-28T12:00:00,5Z": "", "2026-11-28T12:00:00+00:00": "",
		"2026-11-28T12:00:00+01:00": "", "2026-11-28 12:00:00Z": "", "2026-11-28T25:00:00Z": "", "2026-13-28T12:00:00Z": "",
		"2026-02-30T12:00:00Z": "", " 2026-11-28T12:00:00Z": "", "2026-11-28T12:00:00z": "", "2026-11-28T12:00Z": "", "": "", "Z": "",
		"2026-11-28T12:00:00.-1Z": "", "2026-11-28T12:00:00Z ": "", "12026-11-28T12:00:00Z": "",
		"2026-11-28T1:00:00Z": "", "2026-11-28T1:00:00.5Z": "", "2026-11-28T1:00:00.55Z": "", "2026-11-28T12:00:00X": "", "2026-11-28T12:00:00.5,5Z": "",
	} {
		got, ok := instant(in)
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v, %v", in, got, ok)
		}
	}
}

// TestWriteRefuses holds that no message is written that says other than it
// should.
func TestWriteRefuses(t *testing.T) {
	by := signer(t, 0, "contoso-current1")
	for name, change := range map[string]func(*Message){
		"prefix in other use":  func(m *Message) { m.Declare = append(m.Declare, soap.Namespace{Prefix: "wsu", URI: "urn:x"}) },
		"no timestamp to sign": func(m *Message) { m.Created = time.Time{} },
		"nothing to sign":      func(m *Message) { m.Parts = 0 },
		"an id that is taken": func(m *Message) {
			m.Body = func(e *strictxml.Encoder) { e.Start("t:a"); e.Attr("wsu:Id", "_0"); e.End("t:a") }
		},
		"an Id that is taken": func(m *Message) {
			m.Body = func(e *strictxml.Encoder) { e.Start("t:a"); e.Attr("Id", "_3"); e.End("t:a") }
		},
		"body that is no XML":      func(m *Message) { m.Body = func(e *strictxml.Encoder) { e.Raw([]byte("<a>")) } },
		"token that is no token":   func(m *Message) { m.Token = []byte("<t:a/>") },
		"a Security header beside": func(m *Message) { m.Header = func(e *strictxml.Encoder) { e.Elem("wsse:Security", "") } },
	} {
		m := request(all)
		change(m)
		if doc, err := Certify(m, by, xmlsec.Modern); err == nil {
			t.Errorf("%s: %s", name, doc)
		}
	}
	m := request(Timestamp)
	if doc, err := Possess(m, secret, xmlsec.Modern); err == nil {
		t.Errorf("possession of no token: %s", doc)
	}
	m.Token = tokenOf(t, by.Certificate)
	if doc, err := Possess(m, secret[:8], xmlsec.Modern); err == nil {
		t.Errorf("by a short secret: %s", doc)
	}
	m.Declare = append(m.Declare, soap.Namespace{Prefix: "wsa", URI: SpaceAddressing})
	if _, err := Possess(m, secret, xmlsec.Modern); err != nil {
		t.Errorf("a prefix declared as we do: %v", err)
	}
}

// TestTokenRequest reads the header of a token request in the form that is
// documented, with its prefixes and its algorithms of 2005: RSA-SHA-1 over the
// Timestamp and To alone. Canonical forms are written out by hand.
// [MS-OXWSLVID] 3.3.4.1.1
func TestTokenRequest(t *testing.T) {
	by := signer(t, 0, "contoso-current1")
	const (
		address = `https://broker.example/sts`
		times   = `<u:Created>2026-11-28T12:00:00Z</u:Created><u:Expires>2026-11-28T12:05:00Z</u:Expires></u:Timestamp>`
	)
	sha := func(s string) string { d := sha1.Sum([]byte(s)); return b64(d[:]) }
	reference := func(id, canonical string) string {
		return `<Reference URI="#` + id + `"><Transforms><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></Transform></Transforms>` +
			`<DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"></DigestMethod><DigestValue>` + sha(canonical) + `</DigestValue></Reference>`
	}
	info := `><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></CanonicalizationMethod>` +
		`<SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"></SignatureMethod>` +
		reference("_0", `<u:Timestamp xmlns:u="`+SpaceUtility+`" u:Id="_0">`+times) +
		reference("_1", `<a:To xmlns:a="`+SpaceAddressing+`" xmlns:s="`+soap.Namespace12+`" xmlns:u="`+SpaceUtility+`" u:Id="_1" s:mustUnderstand="1">`+address+`</a:To>`) + `</SignedInfo>`
	d := sha1.Sum([]byte(`<SignedInfo xmlns="` + xmlsec.SpaceSignature + `"` + info))
	value, err := by.Key.Sign(nil, d[:], crypto.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	doc := `<s:Envelope xmlns:s="` + soap.Namespace12 + `" xmlns:a="` + SpaceAddressing + `" xmlns:u="` + SpaceUtility + `" xmlns:o="` + SpaceSecurity + `">
  <s:Header>
    <a:To s:mustUnderstand="1" u:Id="_1">` + address + `</a:To>
    <a:Action s:mustUnderstand="1">` + actionIssue + `</a:Action>
    <a:MessageID>urn:uuid:64f95d31-e078-4f2e-8bb2-d8e6e183a1f0</a:MessageID>
    <a:ReplyTo><a:Address>` + anonymous + `</a:Address></a:ReplyTo>
    <o:Security s:mustUnderstand="1">
      <u:Timestamp u:Id="_0">` + times + `
      <Signature xmlns="` + xmlsec.SpaceSignature + `"><SignedInfo` + info + `<SignatureValue>` + b64(value) + `</SignatureValue><KeyInfo>` +
		`<o:SecurityTokenReference><o:KeyIdentifier ValueType="` + profile509 + `X509SubjectKeyIdentifier">` + b64([]byte("contoso-current1")) + `</o:KeyIdentifier></o:SecurityTokenReference></KeyInfo></Signature>
    </o:Security>
  </s:Header>
  <s:Body><t:RequestSecurityToken xmlns:t="` + spaceTrust + `"/></s:Body>
</s:Envelope>`
	r := open(t, doc)
	trusted := []*x509.Certificate{by.Certificate}
	proof, err := r.Certified(trusted, Timestamp|To, xmlsec.Legacy)
	if err != nil || proof.Parts != Timestamp|To || proof.Body != nil || r.To != address || r.ID != "urn:uuid:64f95d31-e078-4f2e-8bb2-d8e6e183a1f0" {
		t.Errorf("%+v, %v", proof, err)
	}
	for _, c := range []struct {
		need Part
		p    xmlsec.Profile
	}{{Timestamp | To, xmlsec.Modern}, {Timestamp | To, xmlsec.Compat}, {all, xmlsec.Legacy}, {Body, xmlsec.Legacy}, {Action, xmlsec.Legacy}} {
		if _, err := r.Certified(trusted, c.need, c.p); err != xmlsec.ErrRefused {
			t.Errorf("parts %b, profile %d: %v", c.need, c.p, err)
		}
	}
}
