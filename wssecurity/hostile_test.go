package wssecurity

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"entente/soap"
	"entente/xmlsec"
)

// between returns what stands from one text to the end of another.
func between(t testing.TB, s, from, to string) string {
	t.Helper()
	i := strings.Index(s, from)
	j := strings.Index(s[max(i, 0):], to)
	if i < 0 || j < 0 {
		t.Fatalf("no %s…%s in %s", from, to, s)
	}
	return s[i : i+j+len(to)]
}

// TestRule7Parts holds that a signature vouches for what is read, and nothing
// else: what was signed is moved to where it is not read, and something else
// stands in its place. Ids are looked for among the children of the Header, the
// Timestamp and the Body alone, and no two are alike.
func TestRule7Parts(t *testing.T) {
	by := signer(t, 0, "contoso-current1")
	trusted := []*x509.Certificate{by.Certificate}
	m := request(all)
	m.Token = tokenOf(t, by.Certificate)
	signed, err := Certify(m, by, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	good := string(signed)
	if _, err := open(t, good).Certified(trusted, all, xmlsec.Modern); err != nil {
		t.Fatal(err)
	}
	to := between(t, good, "<wsa:To ", "</wsa:To>")
	action := between(t, good, "<wsa:Action ", "</wsa:Action>")
	stamp := between(t, good, "<wsu:Timestamp ", "</wsu:Timestamp>")
	body := between(t, good, "<s:Body ", "</s:Body>")
	signature := between(t, good, "<ds:Signature ", "</ds:Signature>")
	security := between(t, good, "<wsse:Security ", "</wsse:Security>")
	token := between(t, good, "<xenc:EncryptedData ", "</xenc:EncryptedData>")
	evilTo := strings.NewReplacer("broker.example", "evil.example", ` wsu:Id="_1"`, "").Replace(to)
	evilStamp := strings.NewReplacer("2026", "2036", ` wsu:Id="_0"`, "").Replace(stamp)
	evilBody := strings.NewReplacer("/Issue", "/Renew", ` wsu:Id="_3"`, "").Replace(body)
	evilAction := strings.NewReplacer("/Issue", "/Renew", ` wsu:Id="_2"`, "").Replace(action)
	header := func(piece string) string { return replace(t, good, "</s:Header>", piece+"</s:Header>") }
	inSecurity := func(piece string) string { return replace(t, good, "</wsse:Security>", piece+"</wsse:Security>") }
	info := func(old, with string) string {
		return resigned(t, good, by, func(s string) string { return replace(t, s, old, with) })
	}
	first := between(t, good, `<ds:Reference URI="#_0">`, "</ds:Reference>")
	transform := `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>`
	if control := resigned(t, good, by, func(s string) string { return s }); control != good {
		t.Fatal("what is signed again is another")
	}
	blocks := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<t:a%d/>", i)
		}
		return b.String()
	}
	cases := map[string]string{
		"To moved into a block":          replace(t, good, to, evilTo+"<t:Old>"+to+"</t:Old>"),
		"To moved into Security":         inSecurity(to),
		"To moved into the body":         strings.Replace(replace(t, good, to, evilTo), "<t:RequestSecurityToken>", "<t:RequestSecurityToken>"+to, 1),
		"To moved, and its id kept":      replace(t, good, to, strings.Replace(to, "broker.example", "evil.example", 1)+"<t:Old>"+to+"</t:Old>"),
		"To twice":                       header(evilTo),
		"To changed":                     replace(t, good, "https://broker.example", "https://broker.exampl"),
		"To in another namespace":        strings.ReplaceAll(good, "wsa:To", "t:To"),
		"Action moved":                   replace(t, good, action, evilAction+"<t:Old>"+action+"</t:Old>"),
		"Action twice":                   header(evilAction),
		"timestamp moved to the header":  replace(t, header(stamp), "<wsse:Security s:mustUnderstand=\"1\">"+stamp, "<wsse:Security s:mustUnderstand=\"1\">"+evilStamp),
		"timestamp twice":                inSecurity(evilStamp),
		"timestamp in the signature":     replace(t, replace(t, good, stamp, evilStamp), "</ds:Signature>", "<ds:Object>"+stamp+"</ds:Object></ds:Signature>"),
		"timestamp in the body":          strings.Replace(replace(t, good, stamp, evilStamp), "<t:RequestSecurityToken>", "<t:RequestSecurityToken>"+stamp, 1),
		"timestamp in the token":         replace(t, replace(t, good, stamp, evilStamp), "</xenc:EncryptedData>", stamp+"</xenc:EncryptedData>"),
		"body moved into a block":        replace(t, header("<t:Old>"+body+"</t:Old>"), "</s:Header>"+body, "</s:Header>"+evilBody),
		"body moved to the header":       replace(t, header(body), "</s:Header>"+body, "</s:Header>"+evilBody),
		"body in the body":               replace(t, good, body, strings.Replace(evilBody, "</s:Body>", body+"</s:Body>", 1)),
		"body twice":                     replace(t, good, body, evilBody+body),
		"body after the body":            replace(t, good, body, body+evilBody),
		"body with the signed one's id":  replace(t, header("<t:Old>"+body+"</t:Old>"), "</s:Header>"+body, "</s:Header>"+strings.Replace(body, "/Issue", "/Renew", 1)),
		"body changed":                   replace(t, good, "/Issue</t:", "/Renew</t:"),
		"comment in the body":            replace(t, good, "<t:RequestSecurityToken>", "<!-- --><t:RequestSecurityToken>"),
		"comment in To":                  replace(t, good, "broker.example", "broker.example<!-- -->"),
		"comment in the header":          header("<!-- -->"),
		"comment in Security":            inSecurity("<!-- -->"),
		"comment in the timestamp":       replace(t, good, "2026", "<!-- -->2026"),
		"CDATA in Action":                replace(t, good, "RST/Issue<", "RST/<![CDATA[Issue]]><"),
		"comment after the end":          good + "<!-- -->",
		"comment before the header":      replace(t, good, "<s:Header>", "<!-- --><s:Header>"),
		"document type":                  replace(t, good, "<s:Envelope", "<!DOCTYPE a><s:Envelope"),
		"id twice, wsu":                  strings.Replace(good, "<t:RequestType>", `<t:RequestType wsu:Id="_1">`, 1),
		"id twice, Id":                   strings.Replace(good, "<t:RequestType>", `<t:RequestType Id="_1">`, 1),
		"id twice, ID":                   strings.Replace(good, "<t:RequestType>", `<t:RequestType ID="_3">`, 1),
		"id twice, AssertionID":          strings.Replace(good, "<t:RequestType>", `<t:RequestType AssertionID="_0">`, 1),
		"id twice, xml:id":               strings.Replace(good, "<t:RequestType>", `<t:RequestType xml:id="_0">`, 1),
		"id twice, before":               replace(t, good, "<s:Header>", `<s:Header><t:a Id="_0"/>`),
		"id of the token twice":          strings.Replace(good, "<t:RequestType>", `<t:RequestType Id="Assertion0">`, 1),
		"other ids twice":                header(`<t:a wsu:Id="x"/><t:b wsu:Id="x"/>`),
		"id of the Security header":      replace(t, good, "<wsse:Security ", `<wsse:Security wsu:Id="_1" `),
		"two Security headers":           header(security[:strings.Index(security, ">")] + "/>"),
		"two, one for another":           header(`<wsse:Security s:role="urn:other"/>`),
		"Security for another":           replace(t, good, "<wsse:Security ", `<wsse:Security s:role="urn:other" `),
		"id twice in Security":           strings.Replace(replace(t, good, "<xenc:EncryptedKey ", `<xenc:EncryptedKey Id="x" `), "<ds:Signature ", `<ds:Signature Id="x" `, 1),
		"Security, the body's child":     replace(t, replace(t, good, security, ""), "<t:RequestSecurityToken>", security+"<t:RequestSecurityToken>"),
		"To, the body's child":           strings.Replace(replace(t, good, to, evilTo), "<t:RequestSecurityToken>", to+"<t:RequestSecurityToken>", 1),
		"To, the body's second child":    strings.Replace(replace(t, good, to, evilTo), "</s:Body>", to+"</s:Body>", 1),
		"To, the body's only":            strings.Replace(replace(t, good, to, ""), "</s:Body>", to+"</s:Body>", 1),
		"text in the body":               replace(t, good, "</s:Body>", "x</s:Body>"),
		"header of a service":            strings.ReplaceAll(good, "s:Header>", "t:Header>"),
		"Body of a service":              strings.NewReplacer("<s:Body ", "<t:Body ", "</s:Body>", "</t:Body>").Replace(good),
		"33 blocks":                      header(blocks(29)),
		"Security in the body":           strings.Replace(replace(t, good, security, ""), "<t:RequestType>", security+"<t:RequestType>", 1),
		"no Security":                    replace(t, good, security, ""),
		"two signatures":                 inSecurity(signature),
		"signature moved to the header":  replace(t, replace(t, good, signature, ""), "</s:Header>", signature+"</s:Header>"),
		"two tokens":                     inSecurity(strings.Replace(token, "Assertion0", "Assertion1", 1)),
		"an element unknown in Security": inSecurity("<t:a/>"),
		"a password":                     inSecurity("<wsse:UsernameToken/>"),
		"text in Security":               inSecurity("x"),
		"text in the header":             header("x"),
		"text in the envelope":           replace(t, good, "<s:Header>", "x<s:Header>"),
		"many blocks":                    header(blocks(40)),
		"Header twice":                   replace(t, good, "</s:Header>", "</s:Header><s:Header/>"),
		"Header after the body":          replace(t, good, "</s:Body>", "</s:Body><s:Header/>"),
		"something after the body":       replace(t, good, "</s:Body>", "</s:Body><t:a/>"),
		"something before the header":    replace(t, good, "<s:Header>", "<t:a/><s:Header>"),
		"no body":                        replace(t, good, body, ""),
		"no header":                      "<s:Envelope xmlns:s='" + soap.Namespace12 + "'>" + "<s:Body/></s:Envelope>",
		"no envelope":                    strings.ReplaceAll(good, "s:Envelope", "s:Envelop"),
		"envelope of another SOAP":       strings.ReplaceAll(good, soap.Namespace12, "urn:soap"),
		"body of the other SOAP":         replace(t, good, "<s:Body ", "<s:Body xmlns:s='"+soap.Namespace11+"' "),
		"timestamp without Expires":      replace(t, good, between(t, good, "<wsu:Expires>", "</wsu:Expires>"), ""),
		"timestamp with two Created":     replace(t, good, "<wsu:Created>", "<wsu:Created>2026-11-28T12:00:00Z</wsu:Created><wsu:Created>"),
		"timestamp with more":            replace(t, good, "</wsu:Timestamp>", "<t:a/></wsu:Timestamp>"),
		"timestamp without zone":         replace(t, good, "Z</wsu:Created>", "</wsu:Created>"),
		"timestamp in the other order":   replace(t, good, stamp, strings.NewReplacer("Created", "Expires", "Expires", "Created").Replace(stamp)),
		"oversized":                      header("<t:a>" + strings.Repeat(" ", 256<<10) + "</t:a>"),
		"deep":                           header(strings.Repeat("<t:a>", 70) + strings.Repeat("</t:a>", 70)),
		"half":                           good[:len(good)/2],
		"empty":                          "",
		"other signer":                   resigned(t, good, signer(t, 1, "contoso-current1"), func(s string) string { return s }),
		"signature of nothing":           info(between(t, good, `<ds:Reference URI="#_0">`, "</ds:SignedInfo>"), "</ds:SignedInfo>"),
		"only one part":                  info(between(t, good, `<ds:Reference URI="#_1">`, "</ds:SignedInfo>"), "</ds:SignedInfo>"),
		"one part twice":                 info(first, first+first),
		"many parts":                     info(first, strings.Repeat(first, 17)),
		"a part that is not there":       info(`URI="#_0"`, `URI="#_9"`),
		"the token as a part":            info(`URI="#_0"`, `URI="#Assertion0"`),
		"the document as a part":         info(`URI="#_0"`, `URI=""`),
		"a part abroad":                  info(`URI="#_0"`, `URI="http://canary.example/#_0"`),
		"a part inside an attachment":    info(`URI="#_0"`, `URI="cid:_0"`),
		"empty transforms":               info(transform, ""),
		"no transforms":                  info("<ds:Transforms>"+transform+"</ds:Transforms>", ""),
		"enveloped":                      info(transform, strings.Replace(transform, "http://www.w3.org/2001/10/xml-exc-c14n#", xmlsec.SpaceSignature+"enveloped-signature", 1)+transform),
		"exclusive twice":                info(transform, transform+transform),
		"STR-Transform":                  info(transform, strings.Replace(transform, "http://www.w3.org/2001/10/xml-exc-c14n#", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform", 1)),
		"inclusive":                      info(transform, strings.Replace(transform, "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", 1)),
		"InclusiveNamespaces":            info(transform, strings.Replace(transform, "></", `><ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="s"/></`, 1)),
		"SHA-1 digests":                  info("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
		"HMAC for RSA":                   info("rsa-sha256", "hmac-sha256"),
		"RSA-SHA-1 for RSA-SHA-256":      info("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
		"wrong digest":                   info("<ds:DigestValue>", "<ds:DigestValue>AAAA"),
		"Object in the signature":        replace(t, good, "</ds:Signature>", "<ds:Object/></ds:Signature>"),
	}
	for i := range len(good) {
		if i%7 == 0 || good[i] == '<' || good[i] == '>' {
			cases[fmt.Sprintf("the first %d bytes", i)] = good[:i]
		}
	}
	for name, doc := range cases {
		for _, p := range []xmlsec.Profile{xmlsec.Modern, xmlsec.Compat} {
			r, err := Open([]byte(doc))
			if err == nil {
				var proof *Proof
				if proof, err = r.Certified(trusted, all, p); err == nil {
					t.Errorf("%s: %+v vouched for in %s", name, proof, doc)
				}
			}
			if err != xmlsec.ErrRefused {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name, doc := range map[string]string{
		"as it was signed":             good,
		"32 blocks":                    header(blocks(27)),
		"no role":                      replace(t, good, "<wsse:Security ", `<wsse:Security s:role="" `),
		"a Security of a service":      header("<t:Security/>"),
		"another block of WS-Security": header("<wsse:Other/>"),
		"ids of a service alike":       header(`<t:a Id="x"/><t:b Id="x"/>`),
		"role of the recipient":        replace(t, good, "<wsse:Security ", `<wsse:Security s:role="`+soap.Namespace12+`/role/ultimateReceiver" `),
		"indented":                     strings.NewReplacer("<wsa:", "\n <wsa:", "<wsse:Security ", "\n <wsse:Security ", "<ds:SignatureValue>", "\n<ds:SignatureValue>\n").Replace(header("\n")),
	} {
		if _, err := open(t, doc).Certified(trusted, all, xmlsec.Modern); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPossessionHostile holds that a secret vouches for one message with the one
// token whose secret it is.
func TestPossessionHostile(t *testing.T) {
	by := signer(t, 0, "contoso-current1")
	m := request(Timestamp | To)
	m.Token = tokenOf(t, by.Certificate)
	signed, err := Possess(m, secret, xmlsec.Compat)
	if err != nil {
		t.Fatal(err)
	}
	good := string(signed)
	certified, err := Certify(m, by, xmlsec.Compat)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(by.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	confused, err := Possess(m, spki, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	reference := between(t, good, "<wsse:Reference ", "/>")
	for name, doc := range map[string]string{
		"signed by certificate":   string(certified),
		"changed To":              replace(t, good, "broker.example", "evil.example"),
		"changed time":            replace(t, good, "12:05:00Z", "12:15:00Z"),
		"without its token":       replace(t, good, between(t, good, "<xenc:EncryptedData ", "</xenc:EncryptedData>"), ""),
		"secret of another token": replace(t, good, "#Assertion0", "#Assertion1"),
		"an assertion that is not there": strings.NewReplacer(between(t, good, "<xenc:EncryptedData ", "</xenc:EncryptedData>"), "", reference,
			`<wsse:KeyIdentifier ValueType="http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID">_5d1bb6a0</wsse:KeyIdentifier>`).Replace(good),
		"secret of the timestamp": replace(t, good, "#Assertion0", "#_0"),
		"secret of a certificate": replace(t, good, reference, `<wsse:KeyIdentifier ValueType="`+profile509+`X509SubjectKeyIdentifier">AAAA</wsse:KeyIdentifier>`),
		"secret named nowhere":    good[:strings.LastIndex(good, "<ds:KeyInfo>")] + good[strings.LastIndex(good, "</ds:Signature>"):],
		"truncated value":         replace(t, good, between(t, good, "<ds:SignatureValue>", "</ds:SignatureValue>"), "<ds:SignatureValue>AA==</ds:SignatureValue>"),
		"truncated by its method": replace(t, good, `hmac-sha1"></ds:SignatureMethod>`, `hmac-sha1"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>`),
		"method of RSA":           replace(t, good, "hmac-sha1", "rsa-sha1"),
	} {
		r, err := Open([]byte(doc))
		if err == nil {
			_, err = r.Possessed(secret, Timestamp, xmlsec.Compat)
		}
		if err != xmlsec.ErrRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	named := replace(t, good, reference, `<wsse:KeyIdentifier ValueType="http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID">_5d1bb6a0</wsse:KeyIdentifier>`)
	if _, err := open(t, named).Possessed(secret, Timestamp, xmlsec.Compat); err != nil {
		t.Errorf("named by its assertion, as WCF does: %v", err)
	}
	for name, key := range map[string][]byte{"none": nil, "empty": {}, "short": secret[:15], "longer": append(secret[:len(secret):len(secret)], 0x5A), "shorter": secret[:31]} {
		if _, err := open(t, good).Possessed(key, Timestamp, xmlsec.Compat); err != xmlsec.ErrRefused {
			t.Errorf("secret %s: %v", name, err)
		}
	}
	// A public key is no secret: who is asked for a certificate's signature does
	// not take an HMAC made with it.
	for _, p := range []xmlsec.Profile{xmlsec.Modern, xmlsec.Compat, xmlsec.Legacy} {
		if _, err := open(t, string(confused)).Certified([]*x509.Certificate{by.Certificate}, 0, p); err != xmlsec.ErrRefused {
			t.Errorf("HMAC by the public key, profile %d: %v", p, err)
		}
	}
}

// TestOpenRefuses holds what is refused before any signature is looked at: of
// messages that have none, and so could not be refused for it.
func TestOpenRefuses(t *testing.T) {
	m := request(0)
	m.Token = tokenOf(t, signer(t, 0, "contoso-current1").Certificate)
	doc, err := Bear(m)
	if err != nil {
		t.Fatal(err)
	}
	good := string(doc)
	open(t, good)
	created := between(t, good, "<wsu:Created>", "</wsu:Created>")
	expires := between(t, good, "<wsu:Expires>", "</wsu:Expires>")
	stamp := between(t, good, "<wsu:Timestamp>", "</wsu:Timestamp>")
	security := between(t, good, "<wsse:Security ", "</wsse:Security>")
	inSecurity := func(piece string) string { return replace(t, good, "</wsse:Security>", piece+"</wsse:Security>") }
	token := func(attrs, inside string) string {
		return inSecurity(`<wsse:BinarySecurityToken ValueType="` + profile509 + `X509v3" ` + attrs + `>` + inside + `</wsse:BinarySecurityToken>`)
	}
	if r := open(t, token("", "AAAA")); len(r.certificate) != 3 {
		t.Errorf("a token of %d bytes", len(r.certificate))
	}
	for name, doc := range map[string]string{
		"no Security":              replace(t, good, security, ""),
		"no Body":                  replace(t, good, between(t, good, "<s:Body>", "</s:Body>"), ""),
		"no Created":               replace(t, good, created, ""),
		"no Expires":               replace(t, good, expires, ""),
		"no time":                  replace(t, good, created+expires, ""),
		"two Created":              replace(t, good, created, created+created),
		"Created for Expires":      replace(t, good, expires, created),
		"times in the other order": replace(t, good, created+expires, expires+created),
		"more than times":          replace(t, good, expires, expires+expires),
		"times of another":         strings.NewReplacer("wsu:Created", "t:Created").Replace(good),
		"a text that is no time":   replace(t, good, "<wsu:Created>2026", "<wsu:Created>x026"),
		"an end that is no time":   replace(t, good, "<wsu:Expires>2026", "<wsu:Expires>x026"),
		"a time with an element":   replace(t, good, "<wsu:Created>2026", "<wsu:Created><t:a/>2026"),
		"text between times":       replace(t, good, expires, "x"+expires),
		"comment in a time":        replace(t, good, "<wsu:Created>2026", "<wsu:Created>2026<!-- -->"),
		"a timestamp of another":   replace(t, good, stamp, strings.ReplaceAll(stamp, "wsu:Timestamp", "t:Timestamp")),
		"comment in the token":     replace(t, good, "<xenc:CipherData>", "<!-- --><xenc:CipherData>"),
		"CDATA in the token":       replace(t, good, "<xenc:CipherValue>", "<xenc:CipherValue><![CDATA[AAAA]]>"),
		"token that is not base64": token("", "?"),
		"token with an element":    token("", "AAAA<t:a/>"),
		"token with a comment":     token("", "AAAA<!-- -->"),
		"token that is empty":      token("", ""),
		"token that is blank":      token("", " "),
		"token of another writing": token(`EncodingType="urn:x"`, "AAAA"),
		"signature without parts":  inSecurity(`<ds:Signature xmlns:ds="` + xmlsec.SpaceSignature + `"/>`),
		"signature of another":     inSecurity(`<t:Signature/>`),
		"To with an element":       replace(t, good, "https://broker", "<t:a/>https://broker"),
		"To with a comment":        replace(t, good, "https://broker", "https://<!-- -->broker"),
		"To with CDATA":            replace(t, good, "https://broker", "<![CDATA[https://broker]]>"),
		"text in the body":         replace(t, good, "</s:Body>", "x</s:Body>"),
		"MessageID twice":          replace(t, good, "<wsa:ReplyTo>", "<wsa:MessageID>a</wsa:MessageID><wsa:ReplyTo>"),
	} {
		if r, err := Open([]byte(doc)); err != xmlsec.ErrRefused || r != nil {
			t.Errorf("%s: %+v, %v, of %s", name, r, err, doc)
		}
	}
	// What stands in the Body is a service's own, whatever its name; and so is what
	// has another namespace.
	if r := open(t, replace(t, good, "</s:Body>", "<t:a/><wsa:To>x</wsa:To>"+strings.Replace(security, "Assertion0", "Assertion1", 1)+"</s:Body>")); r.To != m.To || r.Token == nil {
		t.Errorf("read in the Body: %+v", r)
	}
	open(t, replace(t, good, "<wsa:ReplyTo>", "<t:To>a</t:To><t:Action>b</t:Action><wsa:ReplyTo>"))
}

// TestOtherBlocks holds that other blocks may be signed, and vouch for nothing
// that anybody asks for.
func TestOtherBlocks(t *testing.T) {
	by := signer(t, 0, "contoso-current1")
	m := request(0)
	doc, err := Bear(m)
	if err != nil {
		t.Fatal(err)
	}
	doc = []byte(replace(t, string(doc), "<wsa:MessageID>", `<wsa:MessageID wsu:Id="id">`))
	s, ok := scan(doc)
	if !ok {
		t.Fatal("refused")
	}
	if s.find("") != nil {
		t.Error("what has no id was found")
	}
	part, what, ok := s.part("id")
	if !ok || what != 0 {
		t.Fatalf("the MessageID counts as %b, %v", what, ok)
	}
	signature, err := xmlsec.SignParts([]xmlsec.Part{part}, by, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, replace(t, string(doc), "</wsse:Security>", string(signature)+"</wsse:Security>"))
	trusted := []*x509.Certificate{by.Certificate}
	if proof, err := r.Certified(trusted, 0, xmlsec.Modern); err != nil || proof.Parts != 0 {
		t.Errorf("%+v, %v", proof, err)
	}
	for _, need := range []Part{Timestamp, To, Action, Body} {
		if _, err := r.Certified(trusted, need, xmlsec.Modern); err != xmlsec.ErrRefused {
			t.Errorf("part %b: %v", need, err)
		}
	}
}
