package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

const other = `<saml:Assertion xmlns:saml="` + spaceSAML + `" AssertionID="%s"><saml:AttributeStatement><saml:Attribute AttributeName="EmailAddress">` +
	`<saml:AttributeValue>ceo@contoso.example</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>%s</saml:Assertion>`

// refuses checks that none of the documents is verified, by any profile, and
// that the one they were made from is.
func refuses(t *testing.T, by Signer, docs map[string]string) {
	t.Helper()
	trusted := []*x509.Certificate{by.Certificate}
	control := put(assertion, forgery{}.signature(t, assertion, by))
	if v, err := Verify([]byte(control), saml, trusted, Modern); err != nil || string(v.Content) != assertion {
		t.Fatalf("what nobody changed is refused: %v: %s", err, control)
	}
	for name, doc := range docs {
		for _, p := range []Profile{Modern, Compat, Legacy} {
			if v, err := Verify([]byte(doc), saml, trusted, p); !errors.Is(err, ErrRefused) || v != nil {
				t.Errorf("%s, profile %d: %v, for %.3000s", name, p, err, doc)
			}
		}
	}
}

// TestRule1Strict holds that there is one parser, and that it is strict: no
// document type, no processing instruction, no comment, no CDATA, and limits.
func TestRule1Strict(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	good := sign(t, assertion, by, Modern)
	mail := "chris@contoso.example"
	docs := map[string]string{
		"empty":                       "",
		"document type":               "<!DOCTYPE a>" + good,
		"entity":                      `<!DOCTYPE a [<!ENTITY e "x">]>` + good,
		"processing instruction":      replace(t, good, mail, "<?x?>"+mail),
		"comment before the root":     "<!-- -->" + good,
		"comment after the root":      good + "<!-- -->",
		"comment inside a value":      replace(t, good, mail, "chris@contoso.example<!-- -->"),
		"comment cutting a value":     put(strings.Replace(assertion, mail, mail+"<!-- -->.northwind.example", 1), forgery{digested: replace(t, assertion, mail, mail+".northwind.example")}.signature(t, assertion, by)),
		"comment between elements":    replace(t, good, "<saml:Conditions", "<!-- --><saml:Conditions"),
		"comment in SignedInfo":       replace(t, good, "<ds:SignatureMethod", "<!-- --><ds:SignatureMethod"),
		"comment in the digest":       replace(t, good, "<ds:DigestValue>", "<ds:DigestValue><!-- -->"),
		"comment in the value":        replace(t, good, "<ds:SignatureValue>", "<ds:SignatureValue><!-- -->"),
		"comment in KeyInfo":          replace(t, good, "<wsse:KeyIdentifier", "<!-- --><wsse:KeyIdentifier"),
		"CDATA":                       replace(t, good, mail, "<![CDATA["+mail+"]]>"),
		"attribute twice":             replace(t, good, ` MajorVersion="1"`, ` MajorVersion="1" MajorVersion="1"`),
		"expanded attribute twice":    replace(t, good, `<saml:Conditions `, `<saml:Conditions xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="1" `),
		"two roots":                   good + good,
		"text after the root":         good + "x",
		"text before the root":        "x" + good,
		"undeclared prefix":           replace(t, good, "<saml:Conditions ", "<saml:Conditions x:y='1' "),
		"NUL":                         replace(t, good, mail, mail+"\x00"),
		"not UTF-8":                   replace(t, good, mail, mail+"\xFF"),
		"UTF-16":                      utf16le(good),
		"another encoding":            `<?xml version="1.0" encoding="ISO-8859-1"?>` + good,
		"XML 1.1":                     `<?xml version="1.1"?>` + good,
		"root of another name":        strings.ReplaceAll(good, "saml:Assertion", "saml:Assertions"),
		"root of another namespace":   strings.ReplaceAll(good, spaceSAML, spaceSAML+"2"),
		"without id":                  strings.ReplaceAll(good, "AssertionID=", "AssertionId="),
		"wrapped":                     "<a>" + good + "</a>",
		"oversized":                   put(assertion, strings.Repeat(" ", 256<<10)),
		"signed and oversized":        piece(t, by, strings.Repeat(" ", 256<<10)),
		"signed and deep":             piece(t, by, strings.Repeat("<a>", 64)+strings.Repeat("</a>", 64)),
		"signed, with many elements":  piece(t, by, strings.Repeat("<a></a>", 10_000)),
		"signed, with many attribute": piece(t, by, "<a"+many(65, ` a%d="x"`)+"></a>"),
	}
	for i := range len(good) {
		docs[fmt.Sprintf("the first %d bytes", i)] = good[:i]
	}
	refuses(t, by, docs)
}

func piece(t *testing.T, by Signer, more string) string {
	t.Helper()
	doc := put(assertion, more)
	return put(doc, forgery{}.signature(t, doc, by))
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func utf16le(s string) string {
	b := []byte{0xFF, 0xFE}
	for _, c := range utf16.Encode([]rune(s)) {
		b = append(b, byte(c), byte(c>>8))
	}
	return string(b)
}

// TestLimitsAreLimits holds that what is just within the limits is accepted.
func TestLimitsAreLimits(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	for name, more := range map[string]string{
		"bytes": strings.Repeat(" ", 250<<10), "depth": strings.Repeat("<a>", 62) + strings.Repeat("</a>", 62),
		"elements": strings.Repeat("<a></a>", 9_900), "attributes": "<a" + many(64, ` a%d="x"`) + "></a>",
		"prefixes": "<a" + many(31, ` xmlns:b%d="urn:b%[1]d" b%[1]d:c=""`) + "><a" + many(31, ` xmlns:c%d="urn:c%[1]d" c%[1]d:c=""`) + "></a></a>",
	} {
		if _, err := Verify([]byte(piece(t, by, more)), saml, []*x509.Certificate{by.Certificate}, Modern); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRule2Content holds that what a document says is what was digested: forms
// of it that differ only as XML may differ give the same bytes.
func TestRule2Content(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	good := sign(t, assertion, by, Modern)
	for name, doc := range map[string]string{
		"as signed":                 good,
		"with declaration":          `<?xml version="1.0" encoding="utf-8"?>` + "\n" + good + "\n",
		"with byte order mark":      "\uFEFF" + good,
		"other quotes, spaces":      strings.NewReplacer(`MajorVersion="1"`, `MajorVersion = '1'`, "</saml:Conditions>", "</saml:Conditions\n>").Replace(good),
		"attributes in disorder":    replace(t, good, `MajorVersion="1" MinorVersion="1"`, `MinorVersion="1" MajorVersion="1"`),
		"characters by number":      replace(t, good, "chris@contoso", "&#99;hris&#x40;contoso"),
		"declarations of no use":    replace(t, good, "<saml:Conditions ", `<saml:Conditions xmlns:unused="urn:unused" `),
		"signature as first child":  first(good),
		"white space in the base64": strings.NewReplacer("</ds:SignatureValue>", "\n </ds:SignatureValue>", "<wsse:KeyIdentifier", "<wsse:KeyIdentifier").Replace(good),
	} {
		v, err := Verify([]byte(doc), saml, []*x509.Certificate{by.Certificate}, Modern)
		if err != nil || string(v.Content) != assertion {
			t.Errorf("%s: %v: %s", name, err, doc)
		}
	}
}

// first moves the signature to the place of the first child.
func first(doc string) string {
	i, j := strings.Index(doc, "<ds:Signature "), strings.Index(doc, "</ds:Signature>")+len("</ds:Signature>")
	rest := doc[:i] + doc[j:]
	k := strings.Index(rest, ">") + 1
	return rest[:k] + doc[i:j] + rest[k:]
}

// TestRule3Shape holds that there is one shape. Every case is signed by the one
// who is trusted, and digests what it says.
func TestRule3Shape(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	info := func(old, with string) string {
		f := forgery{info: func(s string) string { return replace(t, s, old, with) }}
		return put(assertion, f.signature(t, assertion, by))
	}
	outside := func(doc string) string { return put(doc, forgery{}.signature(t, doc, by)) }
	exclusive := `<ds:Transform Algorithm="` + algExclusive + `"></ds:Transform>`
	enveloped := `<ds:Transform Algorithm="` + algEnveloped + `"></ds:Transform>`
	transforms := "<ds:Transforms>" + enveloped + exclusive + "</ds:Transforms>"
	with := func(s string) string { return info(transforms, "<ds:Transforms>"+s+"</ds:Transforms>") }
	inclusive := func(alg string) string { return `<ds:Transform Algorithm="` + alg + `"></ds:Transform>` }
	prefixes := `<ec:InclusiveNamespaces xmlns:ec="` + algExclusive + `" PrefixList="saml"></ec:InclusiveNamespaces>`
	signature := forgery{}.signature(t, assertion, by)
	reference := signature[strings.Index(signature, "<ds:Reference "):strings.Index(signature, "</ds:SignedInfo>")]
	within := func(s string) string { // changes of the Signature outside SignedInfo
		return put(assertion, s)
	}
	docs := map[string]string{
		"no signature":               assertion,
		"two signatures":             put(put(assertion, signature), signature),
		"a signature further in":     outside(replace(t, assertion, "<saml:AttributeStatement>", "<saml:AttributeStatement>"+signature)),
		"only one further in":        replace(t, assertion, "</saml:AttributeStatement>", signature+"</saml:AttributeStatement>"),
		"no reference":               info(reference, ""),
		"two references":             info(reference, reference+reference),
		"many references":            info(reference, strings.Repeat(reference, 200)),
		"URI of another":             info(`URI="#_5d1bb6a0"`, `URI="#_5d1bb6a1"`),
		"URI of the document":        info(`URI="#_5d1bb6a0"`, `URI=""`),
		"no URI":                     info(` URI="#_5d1bb6a0"`, ``),
		"URI by XPointer":            info(`URI="#_5d1bb6a0"`, `URI="#xpointer(id('_5d1bb6a0'))"`),
		"URI of the root":            info(`URI="#_5d1bb6a0"`, `URI="#xpointer(/)"`),
		"URI abroad":                 info(`URI="#_5d1bb6a0"`, `URI="http://canary.example/a#_5d1bb6a0"`),
		"Type of a manifest":         info(` URI="#_5d1bb6a0"`, ` Type="http://www.w3.org/2000/09/xmldsig#Manifest" URI="#_5d1bb6a0"`),
		"no Transforms":              info(transforms, ""),
		"empty Transforms":           with(""),
		"exclusive alone":            with(exclusive),
		"enveloped alone":            with(enveloped),
		"in the other order":         with(exclusive + enveloped),
		"exclusive twice":            with(enveloped + exclusive + exclusive),
		"enveloped twice":            with(enveloped + enveloped + exclusive),
		"inclusive":                  with(enveloped + inclusive("http://www.w3.org/TR/2001/REC-xml-c14n-20010315")),
		"inclusive 1.1":              with(enveloped + inclusive("http://www.w3.org/2006/12/xml-c14n11")),
		"with comments":              with(enveloped + inclusive(algExclusive+"WithComments")),
		"base64":                     with(enveloped + inclusive(SpaceSignature+"base64")),
		"XPath":                      with(`<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>1</ds:XPath></ds:Transform>` + exclusive),
		"XSLT":                       with(`<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></ds:Transform>` + exclusive),
		"XPath in enveloped":         with(`<ds:Transform Algorithm="` + algEnveloped + `"><ds:XPath>1</ds:XPath></ds:Transform>` + exclusive),
		"InclusiveNamespaces":        with(enveloped + `<ds:Transform Algorithm="` + algExclusive + `">` + prefixes + `</ds:Transform>`),
		"InclusiveNamespaces above":  info(`<ds:CanonicalizationMethod Algorithm="`+algExclusive+`">`, `<ds:CanonicalizationMethod Algorithm="`+algExclusive+`">`+prefixes),
		"inclusive above":            info(`<ds:CanonicalizationMethod Algorithm="`+algExclusive, `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315`),
		"SignedInfo out of order":    info(reference+"</ds:SignedInfo>", "</ds:SignedInfo>") + reference,
		"attribute of SignedInfo":    info("<ds:SignedInfo ", `<ds:SignedInfo Id="a" `),
		"element in SignedInfo":      info("</ds:SignedInfo>", "<ds:Object></ds:Object></ds:SignedInfo>"),
		"text in SignedInfo":         info("</ds:SignedInfo>", "x</ds:SignedInfo>"),
		"wrong digest":               info("<ds:DigestValue>", "<ds:DigestValue>AAAA"),
		"digest of nothing":          put(assertion, forgery{digested: "<a></a>"}.signature(t, assertion, by)),
		"no digest":                  info(reference[strings.Index(reference, "<ds:DigestValue>"):], "<ds:DigestValue></ds:DigestValue></ds:Reference>"),
		"Object":                     put(assertion, forgery{extra: "<ds:Object></ds:Object>"}.signature(t, assertion, by)),
		"Manifest in an Object":      put(assertion, forgery{extra: "<ds:Object><ds:Manifest>" + reference + "</ds:Manifest></ds:Object>"}.signature(t, assertion, by)),
		"no KeyInfo":                 within(cut(signature, "<ds:KeyInfo>", "</ds:KeyInfo>")),
		"two KeyInfos":               put(assertion, forgery{extra: signature[strings.Index(signature, "<ds:KeyInfo>"):strings.Index(signature, "</ds:Signature>")]}.signature(t, assertion, by)),
		"no value":                   within(cut(signature, "<ds:SignatureValue>", "</ds:SignatureValue>")),
		"empty value":                within(replace(t, cut(signature, "<ds:SignatureValue>", "</ds:SignatureValue>"), "<ds:KeyInfo>", "<ds:SignatureValue></ds:SignatureValue><ds:KeyInfo>")),
		"text in the signature":      within(replace(t, signature, "<ds:KeyInfo>", "x<ds:KeyInfo>")),
		"attribute of the signature": within(replace(t, signature, "<ds:Signature ", `<ds:Signature a="1" `)),
		"id twice":                   outside(replace(t, assertion, "<saml:Conditions ", `<saml:Conditions AssertionID="_5d1bb6a0" `)),
		"Id of the same":             outside(replace(t, assertion, "<saml:Conditions ", `<saml:Conditions Id="_5d1bb6a0" `)),
		"ID of the same":             outside(replace(t, assertion, "<saml:Conditions ", `<saml:Conditions ID="_5d1bb6a0" `)),
		"wsu:Id of the same":         outside(replace(t, assertion, "<saml:Conditions ", `<saml:Conditions xmlns:wsu="`+SpaceUtility+`" wsu:Id="_5d1bb6a0" `)),
		"xml:id of the same":         outside(replace(t, assertion, "<saml:Conditions ", `<saml:Conditions xml:id="_5d1bb6a0" `)),
		"two others alike":           outside(replace(t, replace(t, assertion, "<saml:Audience>", `<saml:Audience Id="b">`), "<saml:Subject>", `<saml:Subject Id="b">`)),
		"id of the signature":        within(replace(t, signature, "<ds:Signature ", `<ds:Signature Id="_5d1bb6a0" `)),
		"id of the value":            within(replace(t, signature, "<ds:SignatureValue>", `<ds:SignatureValue Id="_5d1bb6a0">`)),
		"id of KeyInfo":              within(replace(t, signature, "<ds:KeyInfo>", `<ds:KeyInfo Id="_5d1bb6a0">`)),
		"id in KeyInfo":              within(replace(t, signature, "<wsse:SecurityTokenReference ", `<wsse:SecurityTokenReference Id="_5d1bb6a0" `)),
		"id after many":              outside(put(assertion, "<a>"+many(40, `<b Id="i%d"></b>`)+`<b Id="i39"></b></a>`)),
		"id that is no name":         strings.ReplaceAll(put(assertion, signature), "_5d1bb6a0", "5d1b b6a0"),
	}
	refuses(t, by, docs)
}

// cut takes an element out.
func cut(doc, open, end string) string {
	i, j := strings.Index(doc, open), strings.Index(doc, end)
	return doc[:i] + doc[j+len(end):]
}

// TestRule3Wrapping moves what was signed to where it is not read and puts
// something else in its place: the eight forms of signature wrapping that are
// known by number, and more, each with the id of the signed one and with another.
func TestRule3Wrapping(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	signature := forgery{}.signature(t, assertion, by)
	good := put(assertion, signature)
	end := "</ds:Signature>"
	docs := map[string]string{}
	for _, id := range []string{"_5d1bb6a0", "_evil"} {
		evil := func(inside string) string { return fmt.Sprintf(other, id, inside) }
		for name, doc := range map[string]string{
			"1: signed one in the signature of the evil one": evil(strings.Replace(signature, end, assertion+end, 1)),
			"2: signature before the signed one":             evil(signature + assertion),
			"3: evil one first, in a wrapper":                "<a>" + evil("") + good + "</a>",
			"4: signed one inside the evil one":              evil(good),
			"5: signature in the evil one, signed one after": evil(assertion + signature),
			"6: signature in the evil one, with all of it":   evil(strings.Replace(signature, end, good+end, 1)),
			"7: in Advice":                                evil("<saml:Advice>" + good + "</saml:Advice>"),
			"7: in Advice, signature outside":             evil("<saml:Advice>" + assertion + "</saml:Advice>" + signature),
			"8: in an Object of the signature":            evil(strings.Replace(signature, end, "<ds:Object>"+assertion+"</ds:Object>"+end, 1)),
			"in KeyInfo":                                  evil(strings.Replace(signature, "</ds:KeyInfo>", assertion+"</ds:KeyInfo>", 1)),
			"in SignedInfo":                               evil(strings.Replace(signature, "</ds:SignedInfo>", assertion+"</ds:SignedInfo>", 1)),
			"in SignatureValue":                           evil(strings.Replace(signature, "</ds:SignatureValue>", assertion+"</ds:SignatureValue>", 1)),
			"evil one inside the signed one":              put(good, evil("")),
			"evil one in the signature of the signed one": put(assertion, strings.Replace(signature, end, "<ds:Object>"+evil("")+"</ds:Object>"+end, 1)),
			"evil one behind the signed one":              good + evil(""),
			"evil one with the signature alone":           evil(signature),
			"evil one with two signatures":                evil(signature + signature),
		} {
			docs[name+", id "+id] = doc
		}
	}
	refuses(t, by, docs)
}

// TestRule5Algorithms holds that each profile has its algorithms and no others.
func TestRule5Algorithms(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	trusted := []*x509.Certificate{by.Certificate}
	spki, err := x509.MarshalPKIXPublicKey(by.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	hmac := func(method string, h crypto.Hash, secret []byte) string {
		return put(assertion, forgery{method: method, hash: h, value: func(info []byte) []byte { return macOf(h, secret, info) }}.signature(t, assertion, by))
	}
	rsa := func(method string, h crypto.Hash) string {
		return put(assertion, forgery{method: method, hash: h}.signature(t, assertion, by))
	}
	refuses(t, by, map[string]string{
		"HMAC with the public key":            hmac(algHMACSHA256, crypto.SHA256, spki),
		"HMAC-SHA-1 with the public key":      hmac(algHMACSHA1, crypto.SHA1, spki),
		"HMAC with the certificate":           hmac(algHMACSHA256, crypto.SHA256, by.Certificate.Raw),
		"HMAC with nothing":                   hmac(algHMACSHA256, crypto.SHA256, nil),
		"none":                                rsa("none", crypto.SHA256),
		"a digest for a signature":            rsa(algSHA256, crypto.SHA256),
		"SHA-256 called SHA-512":              rsa("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", crypto.SHA256),
		"RSA-SHA-512, which nobody asked for": rsa("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", crypto.SHA512),
		"RSA-MD5":                             rsa("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", crypto.SHA256),
		"DSA":                                 rsa("http://www.w3.org/2000/09/xmldsig#dsa-sha1", crypto.SHA1),
		"ECDSA":                               rsa("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", crypto.SHA256),
		"signature truncated to a bit": put(assertion, forgery{info: func(s string) string {
			return replace(t, s, `rsa-sha256">`, `rsa-sha256"><ds:HMACOutputLength>1</ds:HMACOutputLength>`)
		}}.signature(t, assertion, by)),
	})
	old := map[string]string{
		"RSA-SHA-1":         rsa(algRSASHA1, crypto.SHA1),
		"digest by SHA-1":   put(assertion, forgery{digest: algSHA1}.signature(t, assertion, by)),
		"both":              put(assertion, forgery{digest: algSHA1, method: algRSASHA1, hash: crypto.SHA1}.signature(t, assertion, by)),
		"what Legacy signs": sign(t, assertion, by, Legacy),
	}
	for name, doc := range old {
		for p, want := range map[Profile]error{0: ErrRefused, Modern: ErrRefused, Compat: ErrRefused, Legacy: nil, Legacy + 1: ErrRefused} {
			if _, err := Verify([]byte(doc), saml, trusted, p); !errors.Is(err, want) {
				t.Errorf("%s, profile %d: %v", name, p, err)
			}
		}
	}
	for _, p := range []Profile{0, Legacy + 1} {
		if _, err := Sign([]byte(assertion), saml, by, p); err == nil {
			t.Errorf("profile %d signs", p)
		}
	}
}

// TestRule4Keys holds that keys come from configuration. KeyInfo selects one of
// them, in any of the forms that partners write, or the document is refused.
func TestRule4Keys(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	evil, _ := certificate(t, 1, "somebody-else-01")
	twin, _ := certificate(t, 1, "broker-current-1") // same identifier, other key
	trusted := []*x509.Certificate{by.Certificate}
	str := func(s string) string {
		return `<ds:KeyInfo><wsse:SecurityTokenReference xmlns:wsse="` + SpaceSecurity + `">` + s + `</wsse:SecurityTokenReference></ds:KeyInfo>`
	}
	identifier := func(value string, b []byte) string {
		return `<wsse:KeyIdentifier ValueType="` + value + `">` + base64.StdEncoding.EncodeToString(b) + `</wsse:KeyIdentifier>`
	}
	data := func(s string) string { return "<ds:X509Data>" + s + "</ds:X509Data>" }
	cert := func(s Signer) string {
		return "<ds:X509Certificate>" + base64.StdEncoding.EncodeToString(s.Certificate.Raw) + "</ds:X509Certificate>"
	}
	ski := func(s Signer) string {
		return "<ds:X509SKI>" + base64.StdEncoding.EncodeToString(s.Certificate.SubjectKeyId) + "</ds:X509SKI>"
	}
	serial := "<ds:X509IssuerSerial><ds:X509IssuerName>CN=a</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial><ds:X509SubjectName>CN=a</ds:X509SubjectName>"
	info := func(s string) string { return "<ds:KeyInfo>" + s + "</ds:KeyInfo>" }
	signed := func(s Signer, keyInfo string) string {
		return put(assertion, forgery{keyInfo: keyInfo}.signature(t, assertion, s))
	}
	thumb := sum(crypto.SHA1, by.Certificate.Raw)
	for name, keyInfo := range map[string]string{
		"subject key identifier":   str(identifier(valueSKI, by.Certificate.SubjectKeyId)),
		"thumbprint":               str(identifier(valueThumbprint, thumb)),
		"certificate":              info(data(cert(by))),
		"X509SKI":                  info(data(ski(by))),
		"certificate, SKI, serial": info(data(serial + cert(by) + ski(by))),
		"certificate by reference": str(data(cert(by))),
	} {
		doc := signed(by, keyInfo)
		if _, err := Verify([]byte(doc), saml, trusted, Modern); err != nil {
			t.Errorf("%s: %v: %s", name, err, doc)
		}
	}
	docs := map[string]string{
		"own certificate in KeyInfo":             signed(evil, info(data(cert(evil)))),
		"own identifier":                         signed(evil, str(identifier(valueSKI, evil.Certificate.SubjectKeyId))),
		"the trusted one's identifier":           signed(evil, str(identifier(valueSKI, by.Certificate.SubjectKeyId))),
		"a twin of the trusted one":              signed(twin, ""),
		"a twin with its certificate":            signed(twin, info(data(cert(twin)+ski(by)))),
		"the trusted one's certificate":          signed(evil, info(data(cert(by)))),
		"own certificate, trusted thumbprint":    signed(evil, str(identifier(valueThumbprint, thumb))),
		"own key value":                          signed(evil, info("<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>")),
		"trusted, identifier of nobody":          signed(by, str(identifier(valueSKI, []byte("nobody")))),
		"trusted, certificate that does not fit": signed(by, info(data(cert(evil)+ski(by)))),
		"trusted, identifier that does not fit":  signed(by, info(data(cert(by)+ski(evil)))),
		"trusted, two certificates":              signed(by, info(data(cert(by)+cert(evil)))),
		"trusted, serial number only":            signed(by, info(data(serial))),
		"trusted, nothing":                       signed(by, info("")),
		"trusted, empty X509Data":                signed(by, info(data(""))),
		"trusted, name":                          signed(by, info("<ds:KeyName>broker</ds:KeyName>")),
		"trusted, RetrievalMethod":               signed(by, info(`<ds:RetrievalMethod URI="http://canary.example/key"></ds:RetrievalMethod>`)),
		"trusted, key to fetch":                  signed(by, str(`<wsse:Reference URI="http://canary.example/key"></wsse:Reference>`)),
		"trusted, key elsewhere":                 signed(by, str(`<wsse:Reference URI="#key"></wsse:Reference>`)),
		"trusted, embedded":                      signed(by, str(`<wsse:Embedded>`+identifier(valueSKI, by.Certificate.SubjectKeyId)+`</wsse:Embedded>`)),
		"trusted, another kind of identifier":    signed(by, str(identifier("urn:x", by.Certificate.SubjectKeyId))),
		"trusted, an assertion's identifier":     signed(by, str(`<wsse:KeyIdentifier ValueType="`+valueAssertion+`">_5d1bb6a0</wsse:KeyIdentifier>`)),
		"trusted, identifier in hexadecimal":     signed(by, str(`<wsse:KeyIdentifier EncodingType="urn:hex" ValueType="`+valueSKI+`">AAAA</wsse:KeyIdentifier>`)),
		"trusted, two references":                signed(by, str(identifier(valueSKI, by.Certificate.SubjectKeyId)+identifier(valueSKI, by.Certificate.SubjectKeyId))),
		"trusted, reference and data":            signed(by, info(data(ski(by))+data(ski(by)))),
	}
	refuses(t, by, docs)
	// Sets of keys are never merged: another issuer's set refuses.
	if _, err := Verify([]byte(signed(by, "")), saml, []*x509.Certificate{evil.Certificate, twin.Certificate, nil}, Modern); !errors.Is(err, ErrRefused) {
		t.Errorf("verified by the set of another: %v", err)
	}
}

// TestSignRefuses holds that we do not sign what we would not read.
func TestSignRefuses(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	twin, _ := certificate(t, 1, "broker-current-1")
	bare := *by.Certificate
	bare.SubjectKeyId = nil
	for name, c := range map[string]struct {
		doc string
		by  Signer
	}{
		"another root":      {"<a></a>", by},
		"no id":             {strings.Replace(assertion, "AssertionID", "Assertion", 1), by},
		"signed already":    {sign(t, assertion, by, Modern), by},
		"with comment":      {put(assertion, "<!-- -->"), by},
		"key of another":    {assertion, Signer{by.Certificate, twin.Key}},
		"no key":            {assertion, Signer{by.Certificate, nil}},
		"no certificate":    {assertion, Signer{nil, by.Key}},
		"no key identifier": {assertion, Signer{&bare, by.Key}},
		"nothing":           {"", by},
	} {
		if out, err := Sign([]byte(c.doc), saml, c.by, Modern); err == nil || bytes.Contains(out, []byte("Signature")) {
			t.Errorf("%s: signed", name)
		}
	}
}
