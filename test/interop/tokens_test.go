package interop

import (
	"bytes"
	"fmt"
	mathrand "math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/federation/saml"
	"entente/federation/token"
	"entente/xmlsec"
)

// delegation is a token as the broker issues it.
func delegation() *token.Token {
	now := time.Now().UTC().Truncate(time.Second)
	return &token.Token{
		ID: token.NewID(), Issuer: "urn:federation:broker.example", Audience: "FYDIBOHF25SPDLT.fabrikam.example",
		Requestor: "FYDIBOHF25SPDLT.contoso.example", App: "0000000060000EB9",
		Subject: token.Subject{Immutable: "mfrggzdfmztwq2lknnwg23tpob@FYDIBOHF25SPDLT.contoso.example", Mails: []entente.SMTPAddress{"chris&co@contoso.example"}},
		Domains: []entente.Domain{"contoso.example"}, Offer: token.FreeBusy,
		Issued: now, NotBefore: now, NotAfter: now.Add(time.Hour),
	}
}

// stacks are the judges by whose work they are: what three of them say is not
// one library's opinion.
var stacks = map[string]string{
	"xmlsec1": "libxmlsec", "python-xmlsec": "libxmlsec", "samlsign": "OpenSAML", "jdk": "JDK", "santuario": "Santuario", "xsec-cipher": "Santuario C++",
}

// TestTokensJudged brings tokens before the judges, whose one part in Java is
// compiled once.
func TestTokensJudged(t *testing.T) {
	c := newCourt(t)
	t.Run("suites", c.suites)
	t.Run("others", c.others)
	t.Run("vectors", c.vectors)
	t.Run("mutants", c.mutants)
	t.Run("jwts", c.jwts)
	t.Run("jwts by others", c.jwtsByOthers)
}

// suites issues tokens in every suite. At least three stacks verify
// and three decrypt what we issue in the suites that are used (AES-GCM, AES-CBC);
// of the old one, those that still take it. Each judge refuses what was changed,
// what another signed, and what another's key would have to open.
func (c *court) suites(t *testing.T) {
	for name, p := range profiles {
		t.Run(name, func(t *testing.T) {
			target := c.certificate(t, "target-rsa")
			sealed, signed := map[string][]byte{}, map[string][]byte{}
			for form, proof := range map[string][]byte{"holder": bytes.Repeat([]byte{7}, 32), "bearer": nil} {
				for _, by := range []string{"issuer", "stranger"} {
					token := delegation()
					token.Proof = proof
					text, err := c.issuer(t, by).SAML(token, target, p)
					if err != nil {
						t.Fatal(err)
					}
					o := c.opener(t, p)
					plain, err := xmlsec.Decrypt(text, o.Open, p)
					if err != nil {
						t.Fatal(err)
					}
					signed[form+"-"+by] = plain
					if by == "issuer" {
						sealed[form] = text
						signed[form+"-changed"] = bytes.Replace(plain, []byte("chris"), []byte("boris"), 1)
						if _, err := o.SAML(text, time.Now()); err != nil {
							t.Errorf("we refuse our own: %v", err)
						}
					}
				}
			}
			accepted := map[string]bool{}
			for judge, v := range c.signatures(t, signed, "issuer-rsa", "xmlsec1", "samlsign") {
				for form, ok := range v {
					switch good := strings.HasSuffix(form, "-issuer"); {
					case good && ok:
						accepted[stacks[judge]] = true
					case good && p != xmlsec.Legacy:
						t.Errorf("%s refuses %s", judge, form)
					case !good && ok:
						t.Errorf("%s takes %s", judge, form)
					}
				}
			}
			t.Logf("signatures are accepted by %v", sorted(accepted))
			if len(accepted) < 3 && p != xmlsec.Legacy || len(accepted) == 0 {
				t.Errorf("too few: %v", accepted)
			}
			c.decrypted(t, sealed, signed)
			all, _ := c.decryptions(t, sealed, "stranger-rsa", "xmlsec1", "xsec-cipher")
			for judge, v := range all {
				for form, ok := range v {
					if ok {
						t.Errorf("%s opens %s with another's key", judge, form)
					}
				}
			}
		})
	}
}

// decrypted holds what the judges open against what was encrypted.
func (c *court) decrypted(t *testing.T, sealed, signed map[string][]byte) {
	t.Helper()
	accepted := map[string]bool{}
	all, plain := c.decryptions(t, sealed, "target-rsa", "xmlsec1", "xsec-cipher")
	for judge, v := range all {
		for form, ok := range v {
			got, err := exclusive(plain[judge][form])
			if !ok || err != nil || !bytes.Equal(got, signed[form+"-issuer"]) {
				t.Errorf("%s opens %s as %q, %v", judge, form, plain[judge][form], err)
				continue
			}
			accepted[stacks[judge]] = true
		}
	}
	t.Logf("decrypted to the same assertion by %v", sorted(accepted))
	if len(accepted) < 3 {
		t.Errorf("too few: %v", accepted)
	}
}

func sorted(set map[string]bool) (list []string) {
	for s := range set {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

// byOthers is an assertion for somebody else to sign and encrypt, for whoever
// bears it.
const byOthers = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1" AssertionID="_0123456789abcdef" Issuer="urn:federation:broker.example" IssueInstant="2026-03-02T09:00:00Z">
  <saml:Conditions NotBefore="2026-03-02T09:00:00Z" NotOnOrAfter="2026-03-02T10:00:00Z"><saml:AudienceRestrictionCondition><saml:Audience>FYDIBOHF25SPDLT.fabrikam.example</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>
  <saml:AttributeStatement>
    <saml:Subject><saml:NameIdentifier Format="http://schemas.xmlsoap.org/claims/UPN">mfrggzdfmztwq2lknnwg23tpob@FYDIBOHF25SPDLT.contoso.example</saml:NameIdentifier><saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>
    <saml:Attribute AttributeName="EmailAddress" AttributeNamespace="http://schemas.xmlsoap.org/claims"><saml:AttributeValue>chris@contoso.example</saml:AttributeValue></saml:Attribute>
    <saml:Attribute AttributeName="action" AttributeNamespace="http://schemas.xmlsoap.org/ws/2006/12/authorization/claims"><saml:AttributeValue>MSExchange.SharingCalendarFreeBusy</saml:AttributeValue></saml:Attribute>
    <saml:Attribute AttributeName="RequestorDomain" AttributeNamespace="http://schemas.microsoft.com/ws/2006/04/identity/claims"><saml:AttributeValue>FYDIBOHF25SPDLT.contoso.example</saml:AttributeValue></saml:Attribute>
    <saml:Attribute AttributeName="AppID" AttributeNamespace="urn:entente:federation:claims"><saml:AttributeValue>0000000060000EB9</saml:AttributeValue></saml:Attribute>
    <saml:Attribute AttributeName="Domain" AttributeNamespace="urn:entente:federation:claims"><saml:AttributeValue>contoso.example</saml:AttributeValue></saml:Attribute>
  </saml:AttributeStatement>
</saml:Assertion>`

// others opens what the JDK signed and Santuario encrypted, in their
// own spelling: default namespaces, line ends within base64, keys named by
// certificate and by X509SKI. What another signed so is refused.
func (c *court) others(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	file := filepath.Join(folder(t, map[string][]byte{"a.xml": []byte(byOthers)}), "a.xml")
	for _, alg := range []string{"http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2001/04/xmlenc#aes256-cbc"} {
		for signer, want := range map[string]bool{"issuer-rsa": true, "stranger-rsa": false} {
			text, complaint, err := judge(t, c.dir, "java", "-cp", c.dir+":"+javaPath+javaClass, "Judge", "issue",
				c.key(signer+"-certificate"), c.key(signer), c.key("target-rsa-certificate"), alg, file)
			if err != nil {
				t.Fatalf("%v: %s", err, complaint)
			}
			got, err := c.opener(t, xmlsec.Compat).SAML(text, now)
			if (err == nil) != want || want && got.Subject.Mails[0] != "chris@contoso.example" {
				t.Errorf("%s by %s: %+v, %v", alg, signer, got, err)
			}
		}
	}
}

// vectors has the judges look at every vector of the kit. What we
// accept, all of them accept: so whatever any of them refuses, we refuse.
func (c *court) vectors(t *testing.T) {
	o := c.opener(t, xmlsec.Compat)
	sealed, signed := map[string][]byte{}, map[string][]byte{}
	ours := verdicts{}
	for name, v := range tokenVectors(t, "saml") {
		_, err := o.SAML(v.text, v.now)
		if ours[name] = err == nil; ours[name] != v.accept {
			t.Errorf("%s: %v", name, err)
		}
		sealed[name] = v.text
		if plain, err := xmlsec.Decrypt(v.text, o.Open, xmlsec.Legacy); err == nil {
			signed[name] = plain
		}
	}
	of := func(kind string, all map[string]verdicts) {
		for judge, v := range all {
			refused := 0
			for name, ok := range v {
				if !ok {
					refused++
				}
				if !ok && ours[name] {
					t.Errorf("%s refuses the %s of %s, and we do not", judge, kind, name)
				}
			}
			if refused == 0 || refused == len(v) {
				t.Errorf("%s judges nothing: it refuses %d of %d", judge, refused, len(v))
			}
			t.Logf("%s: %s refuses %d of %d", kind, judge, refused, len(v))
		}
	}
	of("signature", c.signatures(t, signed, "issuer-rsa", "samlsign"))
	all, _ := c.decryptions(t, sealed, "target-rsa")
	of("encryption", all)
}

// mutants changes a signed assertion at random: in ways that leave it
// the same to whoever reads XML, and in ways that do not. Whatever any judge
// refuses, we refuse.
func (c *court) mutants(t *testing.T) {
	o := c.opener(t, xmlsec.Compat)
	text, err := c.issuer(t, "issuer").SAML(delegation(), c.certificate(t, "target-rsa"), xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := xmlsec.Decrypt(text, o.Open, o.Profile)
	if err != nil {
		t.Fatal(err)
	}
	rnd := mathrand.New(mathrand.NewPCG(3, 4))
	docs, ours, accepted := map[string][]byte{}, verdicts{}, 0
	for i := range 150 {
		name := fmt.Sprintf("mutant-%03d", i)
		doc := slices.Clone(plain)
		for range 1 + rnd.IntN(3) {
			doc = mutate(rnd, doc)
		}
		docs[name] = doc
		if _, _, err := saml.Verify(doc, o.RSA, o.Profile); err == nil {
			ours[name] = true
			accepted++
		}
	}
	t.Logf("we accept %d of %d", accepted, len(docs))
	if accepted < 15 || accepted > 135 {
		t.Errorf("nothing was tried: %d are accepted", accepted)
	}
	for judge, v := range c.signatures(t, docs, "issuer-rsa", "samlsign") {
		theirs := 0
		for name, ok := range v {
			if ok {
				theirs++
			}
			if !ok && ours[name] {
				t.Errorf("%s refuses %s, and we do not:\n%s", judge, name, docs[name])
			}
		}
		t.Logf("%s accepts %d", judge, theirs)
	}
}

// mutate changes a document in one place.
func mutate(rnd *mathrand.Rand, doc []byte) []byte {
	// Without a difference to who reads it: within tags, and around values.
	tags := func(from, to string) []byte {
		n := bytes.Count(doc, []byte(from))
		if n == 0 {
			return doc
		}
		i := 0
		for range rnd.IntN(n) + 1 {
			i += bytes.Index(doc[i:], []byte(from)) + len(from)
		}
		return slices.Concat(doc[:i-len(from)], []byte(to), doc[i:])
	}
	switch rnd.IntN(16) {
	case 0:
		return tags(" ", "\n  ")
	case 1:
		return tags("=\"", " = \"")
	case 2:
		return tags("contoso", "c&#111;ntos&#x6f;")
	case 3:
		return tags("<saml:Attribute ", `<saml:Attribute xmlns:unused="urn:x" `)
	case 4:
		return tags("<saml:Subject>", `<saml:Subject xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion">`)
	case 5:
		return tags("></ds:Transform>", "/>")
	case 6:
		return tags("</saml:Attribute>", "</saml:Attribute  >")
	case 7:
		return tags(`Format="http`, `Format='http`)
	case 8:
		return tags("&amp;", "&#38;")
	// With a difference.
	case 9:
		return tags("contoso", "contoso<!-- -->")
	case 10:
		return tags("contoso", "<![CDATA[contoso]]>")
	case 11:
		return tags("<saml:", "<?x?><saml:")
	case 12:
		return tags("<saml:Attribute ", "<saml:Attribute Id=\"x\" ")
	case 13:
		return tags("\"", "")
	default:
		doc[rnd.IntN(len(doc))] = byte(rnd.IntN(256))
		return doc
	}
}
