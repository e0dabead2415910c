package token

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente/xmlsec"
)

// samlVectors are SAML tokens, and what else may be sent in place of one.
func samlVectors() []vector {
	return slices.Concat(samlGood(), samlClaims(), samlSignatures(), samlWrapping(), samlEncryption())
}

// hostile makes a list of refused vectors by a function each.
type hostile []vector

func (h *hostile) add(name, comment string, change func(*forgedSAML)) {
	*h = append(*h, vector{"saml-" + name, comment, nil, at, func(t testing.TB, k *keyring) string {
		f := forgeSAML(k)
		change(f)
		return f.make(t)
	}})
}

// signed adds one whose document is changed after it was signed.
func (h *hostile) signed(name, comment string, change func(k *keyring, doc string) string) {
	h.add(name, comment, func(f *forgedSAML) { f.signed = func(s string) string { return change(f.k, s) } })
}

func samlGood() (list []vector) {
	good := func(name, comment string, now time.Time, change func(*Token), f func(*forgedSAML)) {
		want := sampleSAML()
		change(want)
		list = append(list, vector{"saml-" + name, comment, want, now, func(t testing.TB, k *keyring) string {
			j := forgeSAML(k)
			f(j)
			return j.make(t)
		}})
	}
	issued := func(name, comment string, p xmlsec.Profile, change func(*Token)) {
		want := sampleSAML()
		change(want)
		list = append(list, vector{"saml-" + name, comment, want, at, func(t testing.TB, k *keyring) string {
			token, err := k.issues().SAML(want, k.targetRSA.Certificate, p)
			if err != nil {
				t.Fatal(err)
			}
			return string(token)
		}})
	}
	same := func(*Token) {}
	issued("good", "as the broker issues it: AES-256-GCM", xmlsec.Modern, same)
	issued("good-compat", "as the broker issues it for Exchange: AES-256-CBC", xmlsec.Compat, same)
	issued("good-bearer", "for whoever bears it", xmlsec.Compat, func(t *Token) { t.Proof = nil })
	issued("good-invite", "the offer of fifteen days", xmlsec.Compat, func(t *Token) {
		t.Offer, t.NotAfter = InviteMessage, at.Add(15*24*time.Hour)
	})
	good("good-forged", "the same, written by hand", at, same, func(*forgedSAML) {})
	good("good-early", "a clock that is five minutes behind", at.Add(-5*time.Minute), same, func(*forgedSAML) {})
	good("good-late", "a clock that is almost five minutes ahead at the end", at.Add(65*time.Minute-time.Second), same, func(*forgedSAML) {})
	good("good-prefixes", "other prefixes, and white space between elements", at, same, func(f *forgedSAML) {
		f.assertion = strings.ReplaceAll(strings.ReplaceAll(f.assertion, "saml:", "a:"), "><a:", ">\n  <a:")
		f.assertion = replace(f.assertion, "xmlns:saml", "xmlns:a")
	})
	good("good-more-attributes", "attributes that are not known are passed over", at, same, func(f *forgedSAML) {
		f.assertion = replace(f.assertion, `<saml:Attribute AttributeName="action"`, `<saml:Attribute AttributeName="ThirdPartyRequested" AttributeNamespace="http://schemas.microsoft.com/ws/2006/04/identity/claims"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute><saml:Attribute AttributeName="action"`)
	})
	good("good-no-authentication", "without a word of how the subject signed in", at, same, func(f *forgedSAML) {
		f.assertion = replace(f.assertion, sampleAuthentication, "")
	})
	good("good-signed-anew", "signed by hand, too", at, same, func(f *forgedSAML) {
		f.signed = f.k.resign(func(info string) string { return info })
	})
	good("good-most", "as many attributes and values as there may be", at, same, func(f *forgedSAML) {
		var b strings.Builder
		for i := range 59 {
			b.WriteString(`<saml:Attribute AttributeName="x` + strconv.Itoa(i) + `" AttributeNamespace="y">` + strings.Repeat(`<saml:AttributeValue>v</saml:AttributeValue>`, 8) + `</saml:Attribute>`)
		}
		f.assertion = replace(f.assertion, "</saml:AttributeStatement>", b.String()+"</saml:AttributeStatement>")
	})
	good("good-key-certificate", "with the issuer's certificate in place of its key identifier", at, same, func(f *forgedSAML) {
		f.signed = keyInfo(func(k *keyring) string { return certificateData(k.issuerRSA) }, f.k)
	})
	list = append(list,
		vector{"saml-too-early", "a clock that is more than five minutes behind", nil, at.Add(-5*time.Minute - time.Second), forgeGoodSAML},
		vector{"saml-expired", "five minutes after its end", nil, at.Add(65 * time.Minute), forgeGoodSAML},
		vector{"saml-certificate-expired", "its issuer's certificate is of the past, and so is its clock", nil, time.Date(2046, 3, 2, 9, 0, 0, 0, time.UTC), func(t testing.TB, k *keyring) string {
			f := forgeSAML(k)
			f.assertion = strings.ReplaceAll(f.assertion, "2026-03-02", "2046-03-02")
			return f.make(t)
		}})
	return list
}

func forgeGoodSAML(t testing.TB, k *keyring) string { return forgeSAML(k).make(t) }

// samlClaims are signed as they are: the issuer itself says something that is
// not accepted.
func samlClaims() []vector {
	var list hostile
	wrong := func(name, comment, from, to string) {
		list.add(name, comment, func(f *forgedSAML) { f.assertion = replace(f.assertion, from, to) })
	}
	wrong("issuer", "another issuer", `Issuer="urn:federation:broker.example"`, `Issuer="urn:federation:other.example"`)
	wrong("issuer-missing", "no issuer", ` Issuer="urn:federation:broker.example"`, ``)
	wrong("version", "SAML 1.0", `MinorVersion="1"`, `MinorVersion="0"`)
	wrong("audience", "for another organization", `FYDIBOHF25SPDLT.fabrikam.example`, `FYDIBOHF25SPDLT.contoso.example`)
	wrong("audience-two", "for two organizations", `</saml:Audience>`, `</saml:Audience><saml:Audience>FYDIBOHF25SPDLT.contoso.example</saml:Audience>`)
	wrong("audience-twice", "two restrictions, one of which is met", `<saml:AudienceRestrictionCondition>`, `<saml:AudienceRestrictionCondition><saml:Audience>a</saml:Audience></saml:AudienceRestrictionCondition><saml:AudienceRestrictionCondition>`)
	wrong("audience-none", "for everybody", `<saml:AudienceRestrictionCondition><saml:Audience>FYDIBOHF25SPDLT.fabrikam.example</saml:Audience></saml:AudienceRestrictionCondition>`, ``)
	wrong("audience-space", "for the organization, with a space", `>FYDIBOHF25SPDLT.fabrikam.example<`, `> FYDIBOHF25SPDLT.fabrikam.example<`)
	wrong("audience-element", "an element within the audience", `FYDIBOHF25SPDLT.fabrikam.example<`, `FYDIBOHF25SPDLT.fabrikam.example<saml:x></saml:x><`)
	wrong("condition", "a condition that is not known", `<saml:AudienceRestrictionCondition>`, `<saml:DoNotCacheCondition></saml:DoNotCacheCondition><saml:AudienceRestrictionCondition>`)
	wrong("conditions-none", "no conditions", between(sampleAssertion, `MinorVersion="1">`, `<saml:AttributeStatement>`), ``)
	wrong("conditions-twice", "conditions twice", `<saml:AttributeStatement>`, `<saml:Conditions NotBefore="2026-03-02T09:00:00Z" NotOnOrAfter="2026-03-02T10:00:00Z"></saml:Conditions><saml:AttributeStatement>`)
	wrong("forever", "no end", ` NotOnOrAfter="2026-03-02T10:00:00Z"`, ``)
	wrong("no-begin", "no begin", ` NotBefore="2026-03-02T09:00:00Z"`, ``)
	wrong("too-long", "a second longer than the offer allows", `NotOnOrAfter="2026-03-02T10:00:00Z"`, `NotOnOrAfter="2026-03-02T10:00:01Z"`)
	wrong("ends-before-begin", "an end before its begin", `NotOnOrAfter="2026-03-02T10:00:00Z"`, `NotOnOrAfter="2026-03-02T08:59:59Z"`)
	wrong("issued-later", "issued in the future", `IssueInstant="2026-03-02T09:00:00Z"`, `IssueInstant="2026-03-02T09:05:01Z"`)
	wrong("time-zone", "a time with an offset", `NotOnOrAfter="2026-03-02T10:00:00Z"`, `NotOnOrAfter="2026-03-02T10:00:00+00:00"`)
	wrong("time-form", "a time without a zone", `NotOnOrAfter="2026-03-02T10:00:00Z"`, `NotOnOrAfter="2026-03-02T10:00:00"`)
	wrong("time-24", "hour twenty-four", `NotBefore="2026-03-02T09:00:00Z"`, `NotBefore="2026-03-01T24:00:00Z"`)

	wrong("no-action", "for nothing", between(sampleAssertion, `sales.contoso.example</saml:AttributeValue></saml:Attribute>`, `<saml:Attribute AttributeName="RequestorDomain"`), ``)
	wrong("action-two", "for two things", `MSExchange.SharingCalendarFreeBusy<`, `MSExchange.SharingCalendarFreeBusy</saml:AttributeValue><saml:AttributeValue>MSExchange.SharingRead<`)
	wrong("action-twice", "for one thing twice", `<saml:Attribute AttributeName="action"`, `<saml:Attribute AttributeName="action" AttributeNamespace="http://schemas.xmlsoap.org/ws/2006/12/authorization/claims"><saml:AttributeValue>MSExchange.SharingRead</saml:AttributeValue></saml:Attribute><saml:Attribute AttributeName="action"`)
	wrong("action-namespace", "an action in another namespace", `http://schemas.xmlsoap.org/ws/2006/12/authorization/claims`, `http://schemas.xmlsoap.org/claims`)
	wrong("offer-unknown", "an offer that is not known", `MSExchange.SharingCalendarFreeBusy`, `MSExchange.Everything`)
	wrong("offer-mailboxmove", "the offer that is not made", `MSExchange.SharingCalendarFreeBusy`, `MSExchange.MailboxMove`)
	wrong("mail-foreign", "an address in no domain of the requestor's", `chris@sales.contoso.example`, `chris@fabrikam.example`)
	wrong("mail-case", "an address in other letters than ours", `chris@sales`, `Chris@sales`)
	wrong("mail-empty", "an empty address", `>chris@sales.contoso.example<`, `><`)
	wrong("no-mails", "no addresses", `AttributeName="EmailAddress"`, `AttributeName="Mail"`)
	wrong("no-domains", "no domains", `AttributeName="Domain"`, `AttributeName="Domains"`)
	wrong("no-app", "no AppID", `AttributeName="AppID"`, `AttributeName="App"`)
	wrong("app-form", "an AppID that is none", `0000000060000EB9`, `60000EB9`)
	wrong("no-requestor", "nobody asked for it", `AttributeName="RequestorDomain"`, `AttributeName="Requestor"`)
	wrong("attribute-empty", "an attribute without a value", `<saml:Attribute AttributeName="action"`, `<saml:Attribute AttributeName="x" AttributeNamespace="y"></saml:Attribute><saml:Attribute AttributeName="action"`)
	list.add("attributes-many", "sixty-five attributes", func(f *forgedSAML) {
		var b strings.Builder
		for i := range 60 {
			b.WriteString(`<saml:Attribute AttributeName="x` + strconv.Itoa(i) + `" AttributeNamespace="y"><saml:AttributeValue>v</saml:AttributeValue></saml:Attribute>`)
		}
		f.assertion = replace(f.assertion, "</saml:AttributeStatement>", b.String()+"</saml:AttributeStatement>")
	})
	list.add("values-many", "five hundred and thirteen values", func(f *forgedSAML) {
		f.assertion = replace(f.assertion, `<saml:AttributeValue>0000000060000EB9`, strings.Repeat(`<saml:AttributeValue>0000000060000EB9</saml:AttributeValue>`, 506)+`<saml:AttributeValue>0000000060000EB9`)
	})

	wrong("subject-format", "a name of another kind", `http://schemas.xmlsoap.org/claims/UPN`, `http://schemas.xmlsoap.org/claims/CommonName`)
	wrong("subject-two", "two names", sampleConfirmation, sampleName+sampleConfirmation)
	wrong("subject-none", "no name", sampleName, ``)
	wrong("subject-other", "signed in as somebody else", sampleAuthentication, strings.Replace(sampleAuthentication, "mfrg", "abcd", 1))
	wrong("subjects-two", "two subjects", `<saml:Attribute AttributeName="EmailAddress"`, sampleSubject+`<saml:Attribute AttributeName="EmailAddress"`)
	wrong("statements-two", "two statements of attributes", `</saml:AttributeStatement>`, `</saml:AttributeStatement><saml:AttributeStatement><saml:Subject>`+sampleName+`</saml:Subject></saml:AttributeStatement>`)
	wrong("statement-unknown", "a statement that is not known", `</saml:AttributeStatement>`, `</saml:AttributeStatement><saml:AuthorizationDecisionStatement></saml:AuthorizationDecisionStatement>`)
	wrong("advice", "an assertion within an assertion", `<saml:AttributeStatement>`, `<saml:Advice><saml:Assertion></saml:Assertion></saml:Advice><saml:AttributeStatement>`)
	wrong("confirmation-none", "not confirmed", sampleConfirmation, ``)
	wrong("confirmation-two", "confirmed in two ways", sampleConfirmation, sampleConfirmation+bearerConfirmation)
	wrong("confirmation-methods", "confirmed by two methods", `</saml:ConfirmationMethod>`, `</saml:ConfirmationMethod><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod>`)
	wrong("confirmation-unknown", "confirmed by a method that is not known", `cm:holder-of-key`, `cm:sender-vouches`)
	wrong("bearer-with-key", "for whoever bears it, with a key", `cm:holder-of-key`, `cm:bearer`)
	wrong("holder-without-key", "for the holder of no key", `<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">KEY</ds:KeyInfo>`, ``)
	wrong("key-two", "two proof keys", `KEY<`, `KEY<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"></xenc:EncryptedKey><`)
	wrong("key-plain", "a proof key in the clear", `KEY`, `<ds:KeyName>0123456789abcdef</ds:KeyName>`)
	wrong("id-short", "an id of seven characters", `_0123456789abcdef`, `_012345`)
	list.add("proof-other", "a proof key for somebody else", func(f *forgedSAML) { f.proofFor = f.k.otherRSA.Certificate })
	list.add("proof-long", "a proof key of sixty-five bytes", func(f *forgedSAML) { f.proof = make([]byte, 65) })
	return list
}

// samlSignatures are those whose signature is not what it must be.
func samlSignatures() []vector {
	var list hostile
	list.add("other-signer", "signed by somebody else", func(f *forgedSAML) { f.signer = f.k.otherRSA })
	list.add("target-signer", "signed by whom it is for", func(f *forgedSAML) { f.signer = f.k.targetRSA })
	list.add("sha1", "RSA-SHA-1, of the profile Legacy", func(f *forgedSAML) { f.signature = xmlsec.Legacy })
	list.signed("tampered", "a claim changed after signing", func(_ *keyring, s string) string { return replace(s, "chris@contoso", "ceo@contoso") })
	list.signed("unsigned", "not signed", func(_ *keyring, s string) string { rest, _ := cut(s); return rest })
	list.signed("signature-empty", "a signature of nothing", func(_ *keyring, s string) string {
		return replace(s, between(s, "<ds:SignatureValue>", "</ds:SignatureValue>"), "")
	})
	list.signed("signature-other", "another signature value", func(_ *keyring, s string) string {
		return replace(s, between(s, "<ds:SignatureValue>", "</ds:SignatureValue>"), randomBase64(256))
	})
	list.signed("digest-other", "a digest changed", func(_ *keyring, s string) string {
		return replace(s, between(s, "<ds:DigestValue>", "</ds:DigestValue>"), randomBase64(32))
	})
	// CVE-2025-66568, CVE-2024-45409: a digest with something about it.
	list.signed("digest-comment", "a comment within the digest", func(_ *keyring, s string) string {
		return replace(s, "<ds:DigestValue>", "<ds:DigestValue>"+randomBase64(32)+"<!-- -->")
	})
	list.signed("signature-comment", "a comment within the signature value", func(_ *keyring, s string) string {
		return replace(s, "<ds:SignatureValue>", "<ds:SignatureValue><!-- -->")
	})
	list.signed("value-comment", "a comment within an address", func(_ *keyring, s string) string {
		return replace(s, "chris@contoso.example", "chris@contoso.example<!-- -->")
	})
	list.signed("value-cdata", "an address in a CDATA section", func(_ *keyring, s string) string {
		return replace(s, ">chris@contoso.example<", "><![CDATA[chris@contoso.example]]><")
	})
	list.signed("instruction", "a processing instruction", func(_ *keyring, s string) string {
		return replace(s, "chris@contoso.example", "chris@contoso.example<?x?>")
	})
	list.signed("doctype", "a document type declaration", func(_ *keyring, s string) string {
		return `<!DOCTYPE saml:Assertion [<!ENTITY e "ceo">]>` + s
	})
	list.signed("doctype-entity", "an entity in an address", func(_ *keyring, s string) string {
		return `<!DOCTYPE saml:Assertion [<!ENTITY e "chris">]>` + replace(s, ">chris@contoso.example", ">&e;@contoso.example")
	})
	list.signed("attribute-twice", "an attribute twice", func(_ *keyring, s string) string {
		return replace(s, ` MajorVersion="1"`, ` MajorVersion="1" Issuer="urn:federation:broker.example"`)
	})
	list.signed("prefix-undeclared", "a prefix that is not declared", func(_ *keyring, s string) string {
		return replace(s, ` MajorVersion="1"`, ` x:y="1" MajorVersion="1"`)
	})
	list.signed("two-roots", "a second document element", func(_ *keyring, s string) string { return s + "<a></a>" })
	list.signed("behind", "text behind the document", func(_ *keyring, s string) string { return s + "x" })
	list.signed("utf16", "another encoding", func(_ *keyring, s string) string { return `<?xml version="1.0" encoding="UTF-16"?>` + s })

	info := func(name, comment string, edit func(string) string) {
		list.signed("info-"+name, comment, func(k *keyring, s string) string { return k.resign(edit)(s) })
	}
	swap := func(from, to string) func(string) string {
		return func(s string) string { return replace(s, from, to) }
	}
	info("c14n", "canonical form that is not exclusive", swap(`http://www.w3.org/2001/10/xml-exc-c14n#`, `http://www.w3.org/TR/2001/REC-xml-c14n-20010315`))
	info("c14n-comments", "canonical form with comments", swap(`http://www.w3.org/2001/10/xml-exc-c14n#`, `http://www.w3.org/2001/10/xml-exc-c14n#WithComments`))
	info("prefixes", "prefixes that are to be kept", swap(`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">`,
		`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="saml"></ec:InclusiveNamespaces>`))
	info("whole-document", "a reference to the whole document", swap(`URI="#_0123456789abcdef"`, `URI=""`))
	info("no-uri", "a reference to nothing", swap(` URI="#_0123456789abcdef"`, ``))
	info("xpointer", "a reference by XPointer", swap(`URI="#_0123456789abcdef"`, `URI="#xpointer(id('_0123456789abcdef'))"`))
	info("outside", "a reference to somewhere else", swap(`URI="#_0123456789abcdef"`, `URI="https://stranger.example/a"`))
	info("reference-other", "a reference to another element", swap(`URI="#_0123456789abcdef"`, `URI="#_fedcba9876543210"`))
	info("references-two", "two references", func(s string) string {
		r := "<ds:Reference" + between(s, "<ds:Reference", "</ds:Reference>") + "</ds:Reference>"
		return s + r
	})
	info("references-none", "no references", func(s string) string {
		return replace(s, "<ds:Reference"+between(s, "<ds:Reference", "</ds:Reference>")+"</ds:Reference>", "")
	})
	info("transform-xpath", "a transform by XPath", swap(`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>`,
		`<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath></ds:Transform><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>`))
	info("transform-missing", "without the enveloped transform", swap(`<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>`, ``))
	info("transforms-none", "no transforms", func(s string) string {
		return replace(s, "<ds:Transforms>"+between(s, "<ds:Transforms>", "</ds:Transforms>")+"</ds:Transforms>", "")
	})
	info("digest-md5", "a digest by MD5", swap(`http://www.w3.org/2001/04/xmlenc#sha256`, `http://www.w3.org/2001/04/xmldsig-more#md5`))
	list.signed("info-hmac", "the issuer's public key taken for a secret", func(k *keyring, s string) string {
		return k.mac(swap(`http://www.w3.org/2001/04/xmldsig-more#rsa-sha256`, `http://www.w3.org/2001/04/xmldsig-more#hmac-sha256`))(s)
	})

	key := func(name, comment string, with func(k *keyring) string) {
		list.add(name, comment, func(f *forgedSAML) {
			f.signer, f.signed = f.k.otherRSA, keyInfo(with, f.k)
		})
	}
	key("key-certificate", "signed by somebody else, whose certificate it has with it", func(k *keyring) string { return certificateData(k.otherRSA) })
	key("key-named", "signed by somebody else, and the issuer named", func(k *keyring) string { return certificateData(k.issuerRSA) })
	key("key-value", "with a key of its own", func(k *keyring) string {
		return "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>" + randomBase64(256) + "</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
	})
	key("key-elsewhere", "with a place where its key is", func(*keyring) string {
		return `<ds:RetrievalMethod URI="https://stranger.example/key"></ds:RetrievalMethod>`
	})
	key("key-none", "with no word of its key", func(*keyring) string { return "" })
	return list
}

// samlWrapping are the known ways to have one thing verified and another read.
// Somorovsky et al., On Breaking SAML (2012), and what came after.
func samlWrapping() []vector {
	var list hostile
	object := func(what string) string { return "<ds:Object>" + what + "</ds:Object>" }
	list.signed("wrap-object", "what was signed in an Object of the signature", func(_ *keyring, s string) string {
		rest, signature := cut(s)
		return before(evil(s), strings.Replace(signature, "</ds:Signature>", object(rest)+"</ds:Signature>", 1))
	})
	list.signed("wrap-child", "what was signed within what is to be read", func(_ *keyring, s string) string { return before(evil(s), s) })
	list.signed("wrap-child-first", "what was signed within what is to be read, in front", func(_ *keyring, s string) string {
		e := evil(s)
		i := strings.Index(e, ">") + 1
		return e[:i] + s + e[i:]
	})
	list.signed("wrap-advice", "what was signed in an Advice", func(_ *keyring, s string) string {
		return replace(evil(s), "<saml:AttributeStatement>", "<saml:Advice>"+s+"</saml:Advice><saml:AttributeStatement>")
	})
	list.signed("wrap-signature-moved", "what was signed within, its signature without", func(_ *keyring, s string) string {
		rest, signature := cut(s)
		return before(evil(s), rest+signature)
	})
	list.signed("wrap-parent", "what was signed below another element", func(_ *keyring, s string) string {
		return `<a xmlns="urn:x">` + evil(s) + s + `</a>`
	})
	list.signed("wrap-sibling", "what is to be read in front of what was signed", func(_ *keyring, s string) string { return evil(s) + s })
	list.signed("wrap-same-id", "both with the same id", func(_ *keyring, s string) string {
		rest, _ := cut(s)
		return before(strings.ReplaceAll(rest, "chris@", "ceo@"), s)
	})
	list.signed("wrap-id-attribute", "the id on another element as well", func(_ *keyring, s string) string {
		return replace(s, "<saml:Conditions ", `<saml:Conditions Id="_0123456789abcdef" `)
	})
	list.signed("wrap-xml-id", "the id on another element, as xml:id", func(_ *keyring, s string) string {
		return replace(s, "<saml:Conditions ", `<saml:Conditions xml:id="_0123456789abcdef" `)
	})
	list.signed("wrap-two-signatures", "two signatures, one of which is right", func(_ *keyring, s string) string {
		_, signature := cut(s)
		return before(s, strings.Replace(signature, between(signature, "<ds:SignatureValue>", "</ds:SignatureValue>"), randomBase64(256), 1))
	})
	list.signed("wrap-signature-twice", "the same signature twice", func(_ *keyring, s string) string {
		_, signature := cut(s)
		return before(s, signature)
	})
	list.signed("wrap-signature-deep", "the signature in an element of the assertion", func(_ *keyring, s string) string {
		rest, signature := cut(s)
		return replace(rest, "</saml:Conditions>", signature+"</saml:Conditions>")
	})
	list.signed("wrap-signature-namespace", "a signature that is none in front of the signature", func(_ *keyring, s string) string {
		return replace(s, "<saml:Conditions ", `<Signature xmlns="urn:x"></Signature><saml:Conditions `)
	})
	list.signed("wrap-manifest", "what was signed named in a Manifest", func(_ *keyring, s string) string {
		return replace(s, "</ds:Signature>", object(`<ds:Manifest></ds:Manifest>`)+"</ds:Signature>")
	})
	list.signed("object", "an Object in the signature", func(_ *keyring, s string) string {
		return replace(s, "</ds:Signature>", object("x")+"</ds:Signature>")
	})
	list.signed("signed-info-two", "a second SignedInfo", func(_ *keyring, s string) string {
		info := infoBegin + between(s, infoBegin, infoEnd) + infoEnd
		return replace(s, infoBegin, replace(info, between(info, "<ds:DigestValue>", "<"), randomBase64(32))+infoBegin)
	})
	return list
}

// samlEncryption are those that are not encrypted as they must be.
func samlEncryption() []vector {
	var list hostile
	list.add("other-target", "encrypted to another organization", func(f *forgedSAML) { f.to = f.k.otherRSA.Certificate })
	list.add("tripledes", "Triple DES, of the profile Legacy", func(f *forgedSAML) { f.cipher = xmlsec.Legacy })
	sealed := func(name, comment string, p xmlsec.Profile, change func(string) string) {
		list.add(name, comment, func(f *forgedSAML) { f.cipher, f.encrypted = p, change })
	}
	cipher := func(change func([]byte) []byte) func(string) string {
		return func(s string) string {
			i := strings.LastIndex(s, "<xenc:CipherValue>") + len("<xenc:CipherValue>")
			text, rest, _ := strings.Cut(s[i:], "<")
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				panic(err)
			}
			return s[:i] + base64.StdEncoding.EncodeToString(change(b)) + "<" + rest
		}
	}
	bit := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b }
	}
	sealed("gcm-bit", "a bit of the text changed, in GCM", xmlsec.Modern, cipher(bit(100)))
	sealed("gcm-tag", "a bit of the tag changed", xmlsec.Modern, cipher(bit(-1)))
	sealed("gcm-short", "nothing but a nonce", xmlsec.Modern, cipher(func(b []byte) []byte { return b[:12] }))
	sealed("cbc-bit", "a bit of the text changed, in CBC", xmlsec.Compat, cipher(bit(100)))
	sealed("cbc-padding", "a bit of the padding changed", xmlsec.Compat, cipher(bit(-17)))
	sealed("cbc-blocks", "half a block too few", xmlsec.Compat, cipher(func(b []byte) []byte { return b[:len(b)-8] }))
	sealed("cbc-empty", "no block", xmlsec.Compat, cipher(func(b []byte) []byte { return b[:16] }))
	swap := func(name, comment, from, to string) {
		sealed(name, comment, xmlsec.Modern, func(s string) string { return replace(s, from, to) })
	}
	swap("cipher-named", "GCM called CBC", `http://www.w3.org/2009/xmlenc11#aes256-gcm`, `http://www.w3.org/2001/04/xmlenc#aes256-cbc`)
	swap("cipher-unknown", "a cipher that is not known", `http://www.w3.org/2009/xmlenc11#aes256-gcm`, `http://www.w3.org/2009/xmlenc11#aes128-gcm`)
	swap("rsa15", "RSA 1.5 key transport", `http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p`, `http://www.w3.org/2001/04/xmlenc#rsa-1_5`)
	swap("type-content", "the content of an element", `http://www.w3.org/2001/04/xmlenc#Element`, `http://www.w3.org/2001/04/xmlenc#Content`)
	sealed("reference", "encrypted somewhere else", xmlsec.Modern, func(s string) string {
		i := strings.LastIndex(s, "<xenc:CipherValue>")
		return s[:i] + `<xenc:CipherReference URI="https://stranger.example/a"/></xenc:CipherData></xenc:EncryptedData>`
	})
	sealed("not-encrypted", "the assertion in the clear", xmlsec.Modern, func(string) string { return sampleAssertion })
	sealed("empty", "an empty document", xmlsec.Modern, func(string) string { return "<a/>" })
	sealed("sealed-doctype", "a document type declaration outside", xmlsec.Modern, func(s string) string { return `<!DOCTYPE a>` + s })
	sealed("sealed-comment", "a comment outside", xmlsec.Modern, func(s string) string {
		return replace(s, "<xenc:CipherData>", "<!-- --><xenc:CipherData>")
	})
	sealed("sealed-twice", "encrypted data within encrypted data", xmlsec.Modern, func(s string) string {
		return replace(s, "<xenc:CipherData>", s+"<xenc:CipherData>")
	})
	sealed("oversized", "longer than any token", xmlsec.Modern, func(s string) string {
		return replace(s, "<xenc:CipherData>", strings.Repeat(" ", 256<<10)+"<xenc:CipherData>")
	})
	return list
}

// keyInfo puts something else into a signature's KeyInfo.
func keyInfo(with func(*keyring) string, k *keyring) func(string) string {
	return func(s string) string {
		head, rest := s[:strings.LastIndex(s, "<ds:KeyInfo>")], s[strings.LastIndex(s, "</ds:KeyInfo>")+len("</ds:KeyInfo>"):]
		return head + "<ds:KeyInfo>" + with(k) + "</ds:KeyInfo>" + rest
	}
}

func certificateData(k xmlsec.Signer) string {
	return "<ds:X509Data><ds:X509Certificate>" + base64.StdEncoding.EncodeToString(k.Certificate.Raw) + "</ds:X509Certificate></ds:X509Data>"
}
