package wstrust

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/federation/token"
	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const assertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" AssertionID="_a" Issuer="x"></saml:Assertion>`

func request(v Version) *Request {
	return &Request{
		Version: v, Target: "FYDIBOHF25SPDLT.fabrikam.example", Requestor: "FYDIBOHF25SPDLT.contoso.example",
		Offer: token.FreeBusy, OnBehalfOf: []byte(assertion),
	}
}

func write(r *Request) string {
	e := strictxml.NewEncoder(nil)
	AppendRequest(e, r)
	return string(e.Bytes())
}

func read(text string) (*Request, error) {
	r := strictxml.NewReader([]byte(text), xmlsec.Limits())
	if !r.Root() {
		return nil, r.Err()
	}
	q, err := ReadRequest(r)
	if err == nil {
		err = r.Finish()
	}
	return q, err
}

func TestRequest(t *testing.T) {
	for _, v := range []Version{Feb2005, V13} {
		for _, change := range []func(*Request){
			func(*Request) {},
			func(r *Request) { r.Entropy = bytes.Repeat([]byte{7}, 32) },
			func(r *Request) { r.Bearer = true },
		} {
			want := request(v)
			change(want)
			got, err := read(write(want))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v", got, err)
			}
		}
	}
}

// The body that Exchange Online sends, from a comment of Microsoft's, with an
// assertion where that has none: see testdata.
func TestExchangeOnline(t *testing.T) {
	text, err := os.ReadFile("testdata/exchange-online.xml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if got.Version != Feb2005 || got.Target != "http://exchangecalendarsharing.com" || got.Requestor != "outlook.com" || got.Offer != token.FreeBusy ||
		got.Entropy != nil || got.Bearer || !strings.Contains(string(got.OnBehalfOf), `Issuer="outlook.com"`) {
		t.Errorf("got %+v", got)
	}
	// The prefix of the assertion is declared further out, and it stands alone
	// all the same.
	if r := strictxml.NewReader(got.OnBehalfOf, xmlsec.Limits()); !r.Root() || r.Name().Space != "urn:oasis:names:tc:SAML:1.0:assertion" {
		t.Errorf("got %s", got.OnBehalfOf)
	}
}

// What others put beside what counts is passed over, twice if need be.
func TestExtensions(t *testing.T) {
	for _, v := range []Version{Feb2005, V13} {
		text := write(request(v))
		for from, to := range map[string]string{
			"<wsp:AppliesTo ":       `<x:a xmlns:x="urn:x"><x:b/></x:a><x:a xmlns:x="urn:x"/><wsp:AppliesTo `,
			"<a:EndpointReference ": `<x:a xmlns:x="urn:x"/><a:EndpointReference `,
			"<a:Address>":           `<a:ReferenceParameters><a:Address>x</a:Address></a:ReferenceParameters><a:Address>`,
			"<auth:ContextItem ":    `<auth:ContextItem Name="x"><auth:Value>y</auth:Value></auth:ContextItem><auth:ContextItem `,
			"<auth:ClaimType ":      `<auth:ClaimType Uri="x" Optional="true"/><auth:ClaimType `,
			"<t:KeySize>":           `<t:Lifetime><x/></t:Lifetime><t:KeySize>`,
			">256<":                 "> 256\n<",
			tokenSAML11:             tokenSAML11Older,
			spacePolicy:             spacePolicy15,
		} {
			changed := strings.Replace(text, from, to, 1)
			if changed == text {
				t.Errorf("%s is not there", from)
			}
			if got, err := read(changed); err != nil || !reflect.DeepEqual(got, request(v)) {
				t.Errorf("%s: %+v, %v", to, got, err)
			}
		}
	}
}

// The form that others read, to the letter.
func TestForm(t *testing.T) {
	want, err := os.ReadFile("testdata/request.xml")
	if err != nil {
		t.Fatal(err)
	}
	r := request(Feb2005)
	r.Entropy = bytes.Repeat([]byte{7}, 32)
	if got := strings.ReplaceAll(write(r), "><", ">\n<") + "\n"; got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRefused changes one thing of a request, and looks at the fault.
func TestRefusedRequests(t *testing.T) {
	for _, v := range []Version{Feb2005, V13} {
		base := request(v)
		base.Entropy = bytes.Repeat([]byte{7}, 32)
		text := write(base)
		test := func(from, to, code, says string) {
			t.Helper()
			changed := strings.Replace(text, from, to, 1)
			if changed == text {
				t.Errorf("%s is not there", from)
			}
			_, err := read(changed)
			var f *soap.Fault
			if !errors.As(err, &f) || f.Code != (strictxml.Name{Space: v.space(), Local: code}) || !strings.Contains(f.String, says) {
				t.Errorf("%s: %v", to, err)
			}
		}
		test("/Issue<", "/Renew<", InvalidRequest, "not Issue")
		test("<t:RequestType>", "<t:RequestType><t:x/>", InvalidRequest, "where text is expected")
		test("#SAMLV1.1", "#SAMLV2.0", InvalidRequest, "not SAML 1.1")
		test("/SymmetricKey<", "/PublicKey<", InvalidRequest, "KeyType")
		test(">256<", ">128<", InvalidRequest, "KeySize")
		test("/CK/PSHA1", "/CK/HASH", InvalidRequest, "PSHA1")
		test("<t:BinarySecret ", "<t:Binary ", InvalidRequest, "")
		test("BwcHBwc", "BwcH\nwc", InvalidRequest, "secret")
		test(">BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=<", ">BwcHBwc=<", InvalidRequest, "secret")
		test("<t:KeySize>256</t:KeySize>", "<t:KeySize>256</t:KeySize><t:KeySize>256</t:KeySize>", InvalidRequest, "twice")
		test("<t:KeySize>", "<t:ActAs/><t:KeySize>", InvalidRequest, "ActAs is not known")
		test("<t:OnBehalfOf>"+assertion+"</t:OnBehalfOf>", "", InvalidRequest, "OnBehalfOf")
		test(assertion, "", InvalidRequest, "not one assertion")
		test(assertion, assertion+assertion, InvalidRequest, "not one assertion")
		test(assertion, `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>`, InvalidRequest, "SAML 1.1")
		test("></saml:Assertion>", "><!-- --></saml:Assertion>", InvalidRequest, "canonical")
		test("></saml:Assertion>", "><![CDATA[x]]></saml:Assertion>", InvalidRequest, "canonical")
		test("a:Address>FYDIBOHF25SPDLT.fabrikam.example</a:Address", "a:Address/", InvalidRequest, "Address is empty")
		test("<a:Address>", "<a:Address>FYDIBOHF25SPDLT.other.example</a:Address><a:Address>", InvalidRequest, "one address")
		test("<a:EndpointReference ", "<a:EndpointReference xmlns:a=\""+spaceAddressing+"\"><a:Address>x</a:Address></a:EndpointReference><a:EndpointReference ", InvalidRequest, "one endpoint")
		test("<wsp:AppliesTo ", "<wsp:AppliesTo xmlns:wsp=\"http://www.w3.org/ns/ws-policy\"><a:EndpointReference xmlns:a=\""+spaceAddressing+"\"><a:Address>x</a:Address></a:EndpointReference></wsp:AppliesTo><wsp:AppliesTo ", InvalidRequest, "twice")
		test("wlid/requestor", "wlid/other", InvalidRequest, "requestor")
		test("</auth:ContextItem>", `</auth:ContextItem><auth:ContextItem Name="`+contextRequestor+`"><auth:Value>x</auth:Value></auth:ContextItem>`, InvalidRequest, "two requestors")
		test("</auth:Value>", "</auth:Value><auth:Value>x</auth:Value>", InvalidRequest, "one Value")
		test("/authclaims\"", "/other\"", InvalidRequest, "dialect")
		test("claims/action", "claims/other", InvalidScope, "what the token is for")
		test("</auth:ClaimType>", `</auth:ClaimType><auth:ClaimType Uri="`+claimAction+`"><auth:Value>MSExchange.SharingRead</auth:Value></auth:ClaimType>`, InvalidRequest, "two actions")
		test(">256<", ">256"+strings.Repeat("0", maxText)+"<", InvalidRequest, "too long")
		test("<t:KeySize>", "<t:KeySize a:b='c'>", InvalidRequest, "undeclared prefix")
		test("<t:RequestType>"+v.issue()+"</t:RequestType>", "", InvalidRequest, "RequestType is not there")
		whole := func(name string) string {
			return text[strings.Index(text, "<"+name):strings.Index(text, "</"+name+">")] + "</" + name + ">"
		}
		test(whole("wsp:AppliesTo"), "", InvalidRequest, "AppliesTo is not there")
		test(whole("auth:AdditionalContext"), "", InvalidRequest, "requestor is not there")
		test(whole("t:Claims"), "", InvalidScope, "what the token is for")
		test(whole("t:BinarySecret"), strings.ReplaceAll(whole("t:BinarySecret"), "t:BinarySecret", "t:EncryptedSecret"), InvalidRequest, "no BinarySecret")
		test("<wsp:PolicyReference ", `<wsp:AppliesTo xmlns:wsp="`+spacePolicy+`"/><wsp:PolicyReference `, InvalidRequest, "AppliesTo stands there twice")
		test("<t:Claims ", `<auth:AdditionalContext xmlns:auth="`+spaceAuthorization+`"/><t:Claims `, InvalidRequest, "AdditionalContext stands there twice")
		test("/SymmetricKey<", "/Nothing<", InvalidRequest, "KeyType")
		test(v.symmetricKey()+"<", v.noKey()+"<", InvalidRequest, "needs no Entropy")
		test("<t:Entropy>", "<t:Entropy><t:BinarySecret>BwcHBwcHBwcHBwcHBwcHBw==</t:BinarySecret>", InvalidRequest, "one BinarySecret")
		test("t:BinarySecret", "t:BinarySecrets", InvalidRequest, "")
	}
	// The edges of lengths.
	for n, want := range map[int]bool{15: false, 16: true, 64: true, 65: false} {
		r := request(V13)
		r.Entropy = make([]byte, n)
		if _, err := read(write(r)); (err == nil) != want {
			t.Errorf("entropy of %d bytes: %v", n, err)
		}
	}
	for n, want := range map[int]bool{maxText: true, maxText + 1: false} {
		r := request(V13)
		r.Target = strings.Repeat("x", n)
		if _, err := read(write(r)); (err == nil) != want {
			t.Errorf("a target of %d bytes: %v", n, err)
		}
	}
	if _, err := read(`<t:RequestSecurityTokenResponse xmlns:t="` + space13 + `"/>`); err == nil {
		t.Error("a response is a request")
	}
	if _, err := read(`<t:RequestSecurityToken xmlns:t="urn:x"/>`); err == nil {
		t.Error("a request in no version is a request")
	}
}

func response(v Version) *Response {
	return &Response{
		Version: v, Target: "FYDIBOHF25SPDLT.fabrikam.example", Created: at, Expires: at.Add(time.Hour), Reference: "_0123456789abcdef",
		Token: []byte(`<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Id="Assertion0"></xenc:EncryptedData>`),
	}
}

func envelope(body func(*strictxml.Encoder)) []byte {
	e := strictxml.NewEncoder(nil)
	soap.Begin(e, soap.V12, nil, nil)
	body(e)
	soap.End(e)
	return e.Bytes()
}

func TestResponse(t *testing.T) {
	for _, v := range []Version{Feb2005, V13} {
		for _, change := range []func(*Response){
			func(*Response) {},
			func(r *Response) { r.Reference = "" },
			func(r *Response) { r.Entropy = bytes.Repeat([]byte{8}, 32) },
			func(r *Response) { r.Secret = bytes.Repeat([]byte{9}, 32) },
			func(r *Response) {
				r.Proof = []byte(`<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"></xenc:EncryptedKey>`)
			},
		} {
			want := response(v)
			change(want)
			got, err := Open(envelope(func(e *strictxml.Encoder) { AppendResponse(e, want) }))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
	}
}

func TestRefusedResponses(t *testing.T) {
	for _, v := range []Version{Feb2005, V13} {
		base := response(v)
		base.Entropy = bytes.Repeat([]byte{8}, 32)
		text := string(envelope(func(e *strictxml.Encoder) { AppendResponse(e, base) }))
		test := func(from, to string) {
			t.Helper()
			changed := strings.Replace(text, from, to, 1)
			if changed == text {
				t.Errorf("%s is not there", from)
			}
			var refused *Refused
			if got, err := Open([]byte(changed)); err == nil || errors.As(err, &refused) {
				t.Errorf("%s: %+v, %v", to, got, err)
			}
		}
		test("#SAMLV1.1", "#SAMLV2.0")
		test(string(base.Token), "")
		test(string(base.Token), string(base.Token)+string(base.Token))
		test(string(base.Token), assertion)
		test("</xenc:EncryptedData>", "<!-- --></xenc:EncryptedData>")
		test("<t:Lifetime ", "<t:Life ")
		test("T10:00:00Z", "T09:00:00Z")
		test("T10:00:00Z", "T10:00:00+01:00")
		test("<u:Created>2026-03-02T09:00:00Z</u:Created>", "")
		test("<t:ComputedKey>"+v.computed()+"</t:ComputedKey>", "<t:BinarySecret>CAgICAgICAgICAgICAgICA==</t:BinarySecret>")
		test(v.computed(), v.space()+"/CK/HASH")
		test("<t:ComputedKey>"+v.computed()+"</t:ComputedKey>", "<t:KeyName>x</t:KeyName>")
		test("<t:ComputedKey>"+v.computed()+"</t:ComputedKey>", "")
		test("<t:Entropy>", "<t:Entropies>")
		test("</t:RequestSecurityTokenResponse>", "</t:RequestSecurityTokenResponse><x/>")
		test("<t:TokenType>", "<t:TokenType>"+tokenSAML11+"</t:TokenType><t:TokenType>")
	}
	for _, text := range []string{"", "<a/>", "no", string(envelope(func(e *strictxml.Encoder) { e.Elem("a", "b") }))} {
		if _, err := Open([]byte(text)); err == nil {
			t.Errorf("%q is a response", text)
		}
	}
}

// A key is the same for who asked and for the broker.
func TestComputedKey(t *testing.T) {
	client, broker := make([]byte, 32), make([]byte, 32)
	for i := range 32 {
		client[i], broker[i] = byte(i), byte(32+i)
	}
	// openssl kdf -keylen 32 -kdfopt digest:SHA1 -kdfopt hexsecret:… -kdfopt hexseed:… TLS1-PRF
	const want = "df59132c2af6d230e4337732076a14561694be12838cc00203d63c816653d75b"
	if got := hex.EncodeToString(ComputedKey(client, broker)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	r := &Response{Entropy: broker}
	if got, err := r.Key(client, nil, xmlsec.Modern); err != nil || hex.EncodeToString(got) != want {
		t.Errorf("got %x, %v", got, err)
	}
	if got, err := r.Key(nil, nil, xmlsec.Modern); err == nil {
		t.Errorf("computed of nothing: %x", got)
	}
	if got, err := (&Response{Secret: client}).Key(nil, nil, xmlsec.Modern); err != nil || !bytes.Equal(got, client) {
		t.Errorf("got %x, %v", got, err)
	}
	if got, err := (&Response{}).Key(nil, nil, xmlsec.Modern); err != nil || got != nil {
		t.Errorf("got %x, %v", got, err)
	}
}

func TestFaults(t *testing.T) {
	for _, v := range []Version{Feb2005, V13} {
		e := strictxml.NewEncoder(nil)
		soap.AppendFault(e, soap.V12, Fault(v, FailedAuthentication, "domain-suspended", "The domain is suspended."), nil, nil)
		_, err := Open(e.Bytes())
		var refused *Refused
		if !errors.As(err, &refused) || *refused != (Refused{FailedAuthentication, "domain-suspended", "The domain is suspended."}) {
			t.Errorf("got %v in %s", err, e.Bytes())
		}
	}
	// As Microsoft's documentation has one ("Resolve free/busy errors").
	const theirs = `<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope" xmlns:wst="http://schemas.xmlsoap.org/ws/2005/02/trust" xmlns:psf="http://schemas.microsoft.com/Passport/SoapServices/SOAPFault"><S:Body><S:Fault><S:Code><S:Value>S:Sender</S:Value><S:Subcode><S:Value>wst:FailedAuthentication</S:Value></S:Subcode></S:Code><S:Reason><S:Text xml:lang="en-US">Authentication
 Failure</S:Text></S:Reason><S:Detail><psf:error><psf:value>0x80048821</psf:value><psf:internalerror><psf:code>0x80041034</psf:code><psf:text>text</psf:text></psf:internalerror></psf:error></S:Detail></S:Fault></S:Body></S:Envelope>`
	_, err := Open([]byte(theirs))
	var refused *Refused
	if !errors.As(err, &refused) || *refused != (Refused{Code: FailedAuthentication, Text: "Authentication Failure"}) {
		t.Errorf("got %v", err)
	}
	other := strictxml.NewEncoder(nil)
	soap.AppendFault(other, soap.V12, &soap.Fault{Code: strictxml.Name{Space: "urn:x", Local: "FailedAuthentication"}, String: "no", Detail: func(e *strictxml.Encoder) {
		e.Elem("Code", "not ours")
		e.Start("x")
		e.Elem("y", "z")
		e.End("x")
	}}, nil, nil)
	var bare *Refused
	if _, err := Open(other.Bytes()); !errors.As(err, &bare) || *bare != (Refused{Text: "no"}) || bare.Error() != "the broker refused the token: no" {
		t.Errorf("got %+v", err)
	}
	for in, want := range map[string]string{
		" a\tb\r\nc\u0085d\u2028e\u2029f\x7fg ": "a b c d e f g", strings.Repeat("x", 8): "xxxxxxxx", strings.Repeat("x", 9): "xxxxxxxx…", "xxxxxxxé": "xxxxxxx…", "": "",
	} {
		if got := line(in, 8); len(in) < 10 && got != want {
			t.Errorf("%q gave %q", in, got)
		}
		if got := line(in, 64); len(in) > 10 && got != want {
			t.Errorf("%q gave %q", in, got)
		}
	}
	if refused.Error() != "the broker refused the token (FailedAuthentication): Authentication Failure" {
		t.Errorf("got %s", refused)
	}
	e := strictxml.NewEncoder(nil)
	soap.AppendFault(e, soap.V12, &soap.Fault{Code: strictxml.Name{Local: soap.Server}, String: strings.Repeat("é", 1000) + "\n"}, nil, nil)
	if _, err := Open(e.Bytes()); !errors.As(err, &refused) || refused.Code != "" || len(refused.Text) > 600 || strings.ContainsAny(refused.Text, "\n\r\uFFFD") {
		t.Errorf("got %v", err)
	}
}

func TestActions(t *testing.T) {
	for _, v := range []Version{Feb2005, V13} {
		if got, ok := VersionOf(v.RequestAction()); !ok || got != v {
			t.Errorf("got %v, %t", got, ok)
		}
		if _, ok := VersionOf(v.ResponseAction()); ok || !regexp.MustCompile(`/Issue(Final)?$`).MatchString(v.ResponseAction()) {
			t.Errorf("%s is a request", v.ResponseAction())
		}
	}
	if _, ok := VersionOf(""); ok {
		t.Error("no action is a request")
	}
}

func FuzzRequest(f *testing.F) {
	for _, v := range []Version{Feb2005, V13} {
		r := request(v)
		f.Add(write(r))
		r.Entropy = bytes.Repeat([]byte{7}, 32)
		f.Add(write(r))
	}
	if text, err := os.ReadFile("testdata/exchange-online.xml"); err == nil {
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := read(text)
		if err != nil {
			return
		}
		again, err := read(write(got))
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%+v came back as %+v, %v", got, again, err)
		}
	})
}

func FuzzResponse(f *testing.F) {
	for _, v := range []Version{Feb2005, V13} {
		r := response(v)
		r.Entropy = bytes.Repeat([]byte{8}, 32)
		f.Add(envelope(func(e *strictxml.Encoder) { AppendResponse(e, r) }))
		e := strictxml.NewEncoder(nil)
		soap.AppendFault(e, soap.V12, Fault(v, ExpiredData, "expired", "Too late."), nil, nil)
		f.Add(e.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Open(text)
		var refused *Refused
		if errors.As(err, &refused) && (len(refused.Text) > 600 || len(refused.Own) > 80 || strings.ContainsAny(refused.Error(), "\r\n")) {
			t.Errorf("got %q", refused)
		}
		if err == nil && (got.Token == nil || !got.Expires.After(got.Created)) {
			t.Errorf("got %+v", got)
		}
	})
}

// subject is somebody of contoso.
func subject() token.Subject {
	return token.Subject{Immutable: "mfrggzdfmztwq2lk@FYDIBOHF25SPDLT.contoso.example", Mails: []entente.SMTPAddress{"chris@contoso.example"}}
}
