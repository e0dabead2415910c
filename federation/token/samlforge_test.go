package token

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"entente/strictxml"
	"entente/xmlsec"
)

// proof is the secret of the tokens with one.
var proof = []byte("0123456789abcdef0123456789ABCDEF")

// sampleSAML is sample as SAML has it.
func sampleSAML() *Token {
	t := sample()
	t.Holder, t.Proof = "", proof
	return t
}

// sampleAssertion is written by hand, and not by what is tested. KEY is where
// the proof key goes.
const sampleAssertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" AssertionID="_0123456789abcdef" IssueInstant="2026-03-02T09:00:00Z" Issuer="urn:federation:broker.example" MajorVersion="1" MinorVersion="1">` +
	`<saml:Conditions NotBefore="2026-03-02T09:00:00Z" NotOnOrAfter="2026-03-02T10:00:00Z"><saml:AudienceRestrictionCondition><saml:Audience>FYDIBOHF25SPDLT.fabrikam.example</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>` +
	`<saml:AttributeStatement>` + sampleSubject +
	`<saml:Attribute AttributeName="EmailAddress" AttributeNamespace="http://schemas.xmlsoap.org/claims"><saml:AttributeValue>chris@contoso.example</saml:AttributeValue><saml:AttributeValue>chris@sales.contoso.example</saml:AttributeValue></saml:Attribute>` +
	`<saml:Attribute AttributeName="action" AttributeNamespace="http://schemas.xmlsoap.org/ws/2006/12/authorization/claims"><saml:AttributeValue>MSExchange.SharingCalendarFreeBusy</saml:AttributeValue></saml:Attribute>` +
	`<saml:Attribute AttributeName="RequestorDomain" AttributeNamespace="http://schemas.microsoft.com/ws/2006/04/identity/claims"><saml:AttributeValue>FYDIBOHF25SPDLT.contoso.example</saml:AttributeValue></saml:Attribute>` +
	`<saml:Attribute AttributeName="AppID" AttributeNamespace="urn:entente:federation:claims"><saml:AttributeValue>0000000060000EB9</saml:AttributeValue></saml:Attribute>` +
	`<saml:Attribute AttributeName="Domain" AttributeNamespace="urn:entente:federation:claims"><saml:AttributeValue>contoso.example</saml:AttributeValue><saml:AttributeValue>sales.contoso.example</saml:AttributeValue></saml:Attribute>` +
	`</saml:AttributeStatement>` + sampleAuthentication + `</saml:Assertion>`

const (
	sampleName         = `<saml:NameIdentifier Format="http://schemas.xmlsoap.org/claims/UPN">mfrggzdfmztwq2lknnwg23tpob@FYDIBOHF25SPDLT.contoso.example</saml:NameIdentifier>`
	sampleConfirmation = `<saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:holder-of-key</saml:ConfirmationMethod><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">KEY</ds:KeyInfo></saml:SubjectConfirmation>`
	sampleSubject      = `<saml:Subject>` + sampleName + sampleConfirmation + `</saml:Subject>`

	sampleAuthentication = `<saml:AuthenticationStatement AuthenticationInstant="2026-03-02T09:00:00Z" AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:unspecified"><saml:Subject>` + sampleName + `</saml:Subject></saml:AuthenticationStatement>`
	bearerConfirmation   = `<saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation>`
)

var samlShape = xmlsec.Shape{Root: strictxml.Name{Space: "urn:oasis:names:tc:SAML:1.0:assertion", Local: "Assertion"}, ID: "AssertionID"}

// A forgedSAML is a token that is made by hand, step by step: the assertion,
// signed, encrypted.
type forgedSAML struct {
	k         *keyring
	assertion string
	proof     []byte
	proofFor  *x509.Certificate
	signer    xmlsec.Signer
	signature xmlsec.Profile
	signed    func(string) string
	to        *x509.Certificate
	cipher    xmlsec.Profile
	encrypted func(string) string
}

func forgeSAML(k *keyring) *forgedSAML {
	same := func(s string) string { return s }
	return &forgedSAML{
		k: k, assertion: sampleAssertion, proof: proof, proofFor: k.targetRSA.Certificate,
		signer: k.issuerRSA, signature: xmlsec.Modern, signed: same,
		to: k.targetRSA.Certificate, cipher: xmlsec.Modern, encrypted: same,
	}
}

// document is the assertion with its signature.
func (f *forgedSAML) document(t testing.TB) string {
	t.Helper()
	text := f.assertion
	if strings.Contains(text, "KEY") {
		key, err := xmlsec.EncryptKey(f.proof, f.proofFor, xmlsec.Modern)
		if err != nil {
			t.Fatal(err)
		}
		text = strings.Replace(text, "KEY", string(key), 1)
	}
	out, err := xmlsec.Sign([]byte(text), samlShape, f.signer, f.signature)
	if err != nil {
		t.Fatal(err)
	}
	return f.signed(string(out))
}

func (f *forgedSAML) make(t testing.TB) string {
	t.Helper()
	sealed, err := xmlsec.Encrypt([]byte(f.document(t)), "Assertion0", f.to, f.cipher)
	if err != nil {
		t.Fatal(err)
	}
	return f.encrypted(string(sealed))
}

const infoBegin, infoEnd = `<ds:SignedInfo>`, `</ds:SignedInfo>`

// resign changes SignedInfo and signs it anew with the issuer's key: what an
// issuer that does as it likes could send. The text must stay canonical.
func (k *keyring) resign(edit func(info string) string) func(string) string {
	return k.reseal(edit, func(info []byte) []byte {
		digest := sha256.Sum256(info)
		b, err := rsa.SignPKCS1v15(nil, k.issuerRSA.Key.(*rsa.PrivateKey), crypto.SHA256, digest[:])
		if err != nil {
			panic(err)
		}
		return b
	})
}

// mac signs with the issuer's public key, taken for a secret: CVE-2016-10555 of
// JWT, which XML Signature has too.
func (k *keyring) mac(edit func(info string) string) func(string) string {
	return k.reseal(edit, func(info []byte) []byte {
		m := hmac.New(sha256.New, k.issuerRSA.Certificate.RawSubjectPublicKeyInfo)
		m.Write(info)
		return m.Sum(nil)
	})
}

func (k *keyring) reseal(edit func(string) string, sign func([]byte) []byte) func(string) string {
	return func(doc string) string {
		head, rest, _ := strings.Cut(doc, infoBegin)
		info, tail, _ := strings.Cut(rest, infoEnd)
		info = edit(info)
		value := base64.StdEncoding.EncodeToString(sign([]byte(`<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` + info + infoEnd)))
		_, tail, _ = strings.Cut(tail, "</ds:SignatureValue>")
		return head + infoBegin + info + infoEnd + "<ds:SignatureValue>" + value + "</ds:SignatureValue>" + tail
	}
}

// cut takes the Signature out of a document.
func cut(doc string) (rest, signature string) {
	i := strings.LastIndex(doc, "<ds:Signature ")
	j := strings.LastIndex(doc, "</ds:Signature>") + len("</ds:Signature>")
	return doc[:i] + doc[j:], doc[i:j]
}

// evil is the assertion that an attacker would have believed.
func evil(doc string) string {
	rest, _ := cut(doc)
	return strings.ReplaceAll(strings.ReplaceAll(rest, "chris@", "ceo@"), "_0123456789abcdef", "_evil0123456789abcdef")
}

// before puts something in front of the end tag of a document.
func before(doc, what string) string {
	i := strings.LastIndex(doc, "</")
	return doc[:i] + what + doc[i:]
}

func randomBase64(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// between returns what stands between two texts, from the first of each.
func between(s, begin, end string) string {
	_, s, _ = strings.Cut(s, begin)
	s, _, _ = strings.Cut(s, end)
	return s
}
