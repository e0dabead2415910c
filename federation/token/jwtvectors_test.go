package token

import (
	"strings"
	"testing"
	"time"

	"entente"
)

// set reads a line of a vector.
func (t *Token) set(key, value string) bool {
	when := func(at *time.Time) bool {
		var err error
		*at, err = time.Parse(time.RFC3339, value)
		return err == nil
	}
	switch key {
	case "id":
		t.ID = value
	case "issuer":
		t.Issuer = value
	case "audience":
		t.Audience = value
	case "requestor":
		t.Requestor = value
	case "app":
		t.App = entente.AppID(value)
	case "offer":
		t.Offer = Offer(value)
	case "immutable":
		t.Subject.Immutable = value
	case "mail":
		t.Subject.Mails = append(t.Subject.Mails, entente.SMTPAddress(value))
	case "domain":
		t.Domains = append(t.Domains, entente.Domain(value))
	case "issued":
		return when(&t.Issued)
	case "not-before":
		return when(&t.NotBefore)
	case "not-after":
		return when(&t.NotAfter)
	case "holder":
		t.Holder = value
	case "proof":
		b, err := parseHex(value)
		t.Proof = b
		return err == nil
	default:
		return false
	}
	return true
}

// jwtVectors are JWTs, and what else may be sent in place of one.
func jwtVectors() []vector {
	var list []vector
	good := func(name, comment string, now time.Time, change func(*Token), f func(*forged)) {
		want := sample()
		change(want)
		list = append(list, vector{"jwt-" + name, comment, want, now, func(t testing.TB, k *keyring) string {
			j := forge(t, k)
			f(j)
			return j.String()
		}})
	}
	bad := func(name, comment string, f func(t testing.TB, j *forged)) {
		list = append(list, vector{"jwt-" + name, comment, nil, at, func(t testing.TB, k *keyring) string {
			j := forge(t, k)
			f(t, j)
			return j.String()
		}})
	}
	same := func(*Token) {}
	claim := func(from, to string) func(*forged) {
		return func(j *forged) { j.payload = replace(j.payload, from, to) }
	}
	wrong := func(name, comment, from, to string) {
		bad(name, comment, func(_ testing.TB, j *forged) { claim(from, to)(j) })
	}
	header := func(name, comment, from, to string) {
		bad(name, comment, func(_ testing.TB, j *forged) { j.header = replace(j.header, from, to) })
	}
	outer := func(name, comment, from, to string) {
		bad(name, comment, func(_ testing.TB, j *forged) { j.outer = replace(j.outer, from, to) })
	}

	list = append(list, vector{"jwt-good", "as the broker issues it", sample(), at, func(t testing.TB, k *keyring) string {
		token, err := k.issues().JWT(sample(), k.agreement().PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}})
	good("good-forged", "the same, written by hand", at, same, func(*forged) {})
	good("good-unknown-claim", "claims that are not known are passed over", at, same, claim(`"offer"`, `"sid":{"a":[1,{"b":null}]},"offer"`))
	good("good-spaces", "white space and escapes of JSON make no difference", at, same, func(j *forged) {
		claim(`,"azp":"F`, " ,\n\t\"azp\" : \"\\u0046")(j)
		j.outer = replace(j.outer, `,`, " , ")
	})
	good("good-header-order", "headers in another order", at, same, func(j *forged) {
		j.header = `{"typ":"entente-delegation+jwt",` + replace(j.header[1:], `,"typ":"entente-delegation+jwt"`, "")
	})
	good("good-early", "a clock that is five minutes behind", at.Add(-5*time.Minute), same, func(*forged) {})
	good("good-late", "a clock that is almost five minutes ahead at the end", at.Add(65*time.Minute-time.Second), same, func(*forged) {})
	good("good-autodiscover", "the offer of eight hours", at, func(t *Token) {
		t.Offer, t.NotAfter = Autodiscover, at.Add(8*time.Hour)
	}, func(j *forged) {
		claim(`MSExchange.SharingCalendarFreeBusy`, "MSExchange.Autodiscover")(j)
		claim(`"exp":1772445600`, `"exp":1772470800`)(j)
	})

	list = append(list,
		vector{"jwt-too-early", "a clock that is more than five minutes behind", nil, at.Add(-5*time.Minute - time.Second), forgeGood},
		vector{"jwt-expired", "five minutes after its end", nil, at.Add(65 * time.Minute), forgeGood})

	// Whom it is from, and whom for.
	wrong("issuer", "another issuer", `"iss":"urn:federation:broker.example"`, `"iss":"urn:federation:other.example"`)
	wrong("issuer-case", "an issuer in other letters", `"iss":"urn:federation:broker.example"`, `"iss":"urn:federation:Broker.example"`)
	wrong("issuer-missing", "no issuer", `"iss":"urn:federation:broker.example",`, ``)
	wrong("issuer-number", "an issuer that is no text", `"iss":"urn:federation:broker.example"`, `"iss":1`)
	wrong("audience", "for another organization", `"aud":"FYDIBOHF25SPDLT.fabrikam.example"`, `"aud":"FYDIBOHF25SPDLT.contoso.example"`)
	wrong("audience-list", "for several organizations", `"aud":"FYDIBOHF25SPDLT.fabrikam.example"`, `"aud":["FYDIBOHF25SPDLT.fabrikam.example"]`)
	wrong("audience-missing", "for nobody", `"aud":"FYDIBOHF25SPDLT.fabrikam.example",`, ``)
	wrong("audience-null", "for nobody, in so many words", `"aud":"FYDIBOHF25SPDLT.fabrikam.example"`, `"aud":null`)

	// Times.
	wrong("ends-before-begin", "an end before its begin", `"exp":1772445600`, `"exp":1772441999`)
	wrong("too-long", "a second longer than the offer allows", `"exp":1772445600`, `"exp":1772445601`)
	wrong("forever", "no end", `,"exp":1772445600`, ``)
	wrong("no-begin", "no begin", `"nbf":1772442000,`, ``)
	wrong("no-issue", "no time of issue", `"iat":1772442000,`, ``)
	wrong("issued-later", "issued in the future", `"iat":1772442000`, `"iat":1772442301`)
	wrong("time-fraction", "a time with a fraction", `"exp":1772445600`, `"exp":1772445600.0`)
	wrong("time-exponent", "a time with an exponent", `"exp":1772445600`, `"exp":17724456e2`)
	wrong("time-text", "a time that is a text", `"exp":1772445600`, `"exp":"1772445600"`)
	wrong("time-negative", "a time before 1970", `"nbf":1772442000`, `"nbf":-1`)
	wrong("time-beyond", "a time beyond 64 bits", `"exp":1772445600`, `"exp":17724456000000000000000`)

	// The person and the organization.
	wrong("no-subject", "nobody's", `"sub":"mfrggzdfmztwq2lknnwg23tpob@FYDIBOHF25SPDLT.contoso.example",`, ``)
	wrong("subject-form", "an immutable id without a namespace", `@FYDIBOHF25SPDLT.contoso.example","jti"`, `","jti"`)
	wrong("subject-line", "an immutable id with a line end", `mfrggzdfmztwq2lknnwg23tpob@`, `mfrg\ngzdf@`)
	wrong("no-mails", "no addresses", `["chris@contoso.example","chris@sales.contoso.example"]`, `[]`)
	wrong("mails-text", "an address in place of a list", `["chris@contoso.example","chris@sales.contoso.example"]`, `"chris@contoso.example"`)
	wrong("mails-number", "a number among the addresses", `"chris@sales.contoso.example"`, `1`)
	wrong("mail-case", "an address in other letters than ours", `chris@sales`, `Chris@sales`)
	wrong("mail-line", "an address with a line end", `chris@sales`, `chris\r\n@sales`)
	wrong("mail-foreign", "an address in no domain of the requestor's", `chris@sales.contoso.example`, `chris@fabrikam.example`)
	wrong("mail-subdomain", "an address below a domain of the requestor's", `chris@sales.contoso.example`, `chris@eu.contoso.example`)
	bad("mails-many", "seventeen addresses", func(_ testing.TB, j *forged) {
		claim(`"chris@sales.contoso.example"`, strings.Repeat(`"chris@sales.contoso.example",`, 15)+`"chris@contoso.example"`)(j)
	})
	wrong("no-domains", "no domains", `,"domains":["contoso.example","sales.contoso.example"]`, ``)
	wrong("domain-form", "a domain that is none", `"domains":["contoso.example"`, `"domains":["contoso..example","contoso.example"`)
	wrong("no-requestor", "nobody asked for it", `"azp":"FYDIBOHF25SPDLT.contoso.example",`, ``)
	wrong("requestor-space", "a requestor with a space", `"azp":"FYDIBOHF25SPDLT.contoso.example"`, `"azp":"FYDIBOHF25SPDLT. contoso.example"`)
	wrong("app-form", "an AppID in lower case", `0000000060000EB9`, `0000000060000eb9`)
	wrong("app-short", "an AppID of fifteen digits", `0000000060000EB9`, `000000060000EB9`)
	wrong("no-id", "no id", `"jti":"_0123456789abcdef",`, ``)
	wrong("id-short", "an id of fifteen characters", `_0123456789abcdef`, `_0123456789abcd`)
	wrong("offer-unknown", "an offer that is not known", `MSExchange.SharingCalendarFreeBusy`, `MSExchange.Everything`)
	wrong("offer-mailboxmove", "the offer that is not made", `MSExchange.SharingCalendarFreeBusy`, `MSExchange.MailboxMove`)
	wrong("offer-case", "an offer in other letters", `MSExchange.SharingCalendarFreeBusy`, `msexchange.sharingcalendarfreebusy`)
	wrong("no-holder", "for whoever bears it", `,"cnf":{"jkt":"`+holderName+`"}`, ``)
	wrong("holder-empty", "for an empty holder", `"cnf":{"jkt":"`+holderName+`"}`, `"cnf":{}`)
	wrong("holder-two", "for two holders", `"cnf":{"jkt"`, `"cnf":{"x5t#S256":"a","jkt"`)
	wrong("holder-form", "for a holder that is no thumbprint", holderName, "contoso")

	// JSON that two readers read in two ways.
	wrong("twice", "a claim twice", `"offer":`, `"offer":"MSExchange.SharingRead","offer":`)
	wrong("twice-escaped", "a claim twice, once escaped", `"offer":`, `"\u006fffer":"MSExchange.SharingRead","offer":`)
	wrong("twice-unknown", "a member twice within a claim that is not known", `"offer":`, `"x":{"a":1,"a":2},"offer":`)
	wrong("claim-case", "a claim in other letters does not count", `"offer":`, `"Offer":`)
	wrong("deep", "lists in one another", `"offer":`, `"x":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`,"offer":`)
	wrong("utf8", "bytes that are not UTF-8", `"offer":`, "\"x\":\"\xff\",\"offer\":")
	wrong("surrogate", "half a surrogate", `"offer":`, `"x":"\ud800","offer":`)
	bad("behind", "more behind the claims", func(_ testing.TB, j *forged) { j.payload += `{}` })
	bad("behind-tab", "a vertical tab behind the claims", func(_ testing.TB, j *forged) { j.payload += "\v" })
	bad("comma", "a comma too many", func(_ testing.TB, j *forged) { j.payload = replace(j.payload, `"}}`, `"},}`) })
	bad("list", "a list in place of the claims", func(_ testing.TB, j *forged) { j.payload = "[" + j.payload + "]" })
	bad("no-claims", "no claims", func(_ testing.TB, j *forged) { j.payload = "" })

	// The signature.
	header("none", "alg none, and no signature to check", `"alg":"ES256"`, `"alg":"none"`)
	bad("none-unsigned", "alg none, without a signature", func(_ testing.TB, j *forged) {
		j.header = replace(j.header, `"alg":"ES256"`, `"alg":"none"`)
		j.inner = func(s string) string { return s[:strings.LastIndex(s, ".")+1] }
	})
	header("hs256", "the public key taken for a secret", `"alg":"ES256"`, `"alg":"HS256"`)
	header("alg-case", "an algorithm in other letters", `"alg":"ES256"`, `"alg":"es256"`)
	header("alg-missing", "no algorithm", `"alg":"ES256",`, ``)
	header("alg-twice", "an algorithm twice", `"alg":"ES256"`, `"alg":"none","alg":"ES256"`)
	header("type", "a JWT of another type", `entente-delegation+jwt`, `JWT`)
	header("type-missing", "a JWT of no type", `,"typ":"entente-delegation+jwt"`, ``)
	header("crit", "an extension that must be understood", `"alg":`, `"crit":["b64"],"b64":true,"alg":`)
	header("jwk", "a key of its own", `"alg":`, `"jwk":{"kty":"EC"},"alg":`)
	header("jku", "a place where its key is", `"alg":`, `"jku":"https://stranger.example/keys","alg":`)
	header("kid-missing", "no key named", `"kid"`, `"x"`)
	bad("kid-unknown", "signed with a key that is not known", func(t testing.TB, j *forged) {
		other := newKey()
		j.header = replace(j.header, thumbprint(t, &j.k.issuer.PublicKey), thumbprint(t, &other.PublicKey))
		j.signer = other
	})
	bad("other-signer", "signed with another key than it names", func(_ testing.TB, j *forged) { j.signer = j.k.stranger })
	bad("target-signer", "signed by whom it is for", func(t testing.TB, j *forged) {
		j.signer = j.k.target
		j.header = replace(j.header, thumbprint(t, &j.k.issuer.PublicKey), thumbprint(t, &j.k.target.PublicKey))
	})
	bad("tampered", "a claim changed after signing", func(_ testing.TB, j *forged) {
		j.inner = func(s string) string {
			p := strings.Split(s, ".")
			p[1] = b64([]byte(replace(j.payload, "chris@contoso", "ceo@contoso")))
			return strings.Join(p, ".")
		}
	})
	inner := func(name, comment string, f func(string) string) {
		bad(name, comment, func(_ testing.TB, j *forged) { j.inner = f })
	}
	inner("signature-zero", "a signature of zeros", func(s string) string {
		return s[:strings.LastIndex(s, ".")+1] + strings.Repeat("A", 86)
	})
	inner("signature-empty", "an empty signature", func(s string) string { return s[:strings.LastIndex(s, ".")+1] })
	inner("signature-missing", "two parts", func(s string) string { return s[:strings.LastIndex(s, ".")] })
	inner("four-parts", "four parts", func(s string) string { return s + ".AA" })
	inner("padding", "base64url with padding", func(s string) string { return s + "==" })
	inner("inner-line", "a line end within", func(s string) string { return s[:10] + "\n" + s[10:] })
	inner("inner-empty", "nothing encrypted", func(string) string { return "" })

	// The encryption.
	outer("key-alg", "another way to agree on a key", `"ECDH-ES"`, `"ECDH-ES+A256KW"`)
	outer("dir", "a key that is known to both", `"ECDH-ES"`, `"dir"`)
	outer("enc", "another cipher", `"A256GCM"`, `"A128CBC-HS256"`)
	outer("zip", "compressed", `"alg"`, `"zip":"DEF","alg"`)
	outer("outer-crit", "an extension that must be understood, outside", `"alg"`, `"crit":["exp"],"exp":1,"alg"`)
	outer("apu", "more that the key is made of", `"alg"`, `"apu":"QWxpY2U","alg"`)
	outer("outer-type", "another type outside", `entente-delegation+jwt`, `JWT`)
	outer("cty", "no JWT inside", `"cty":"JWT"`, `"cty":"text"`)
	outer("outer-twice", "a header twice outside", `"alg"`, `"enc":"A256GCM","alg"`)
	outer("epk-missing", "no key to agree with", `,"epk":EPK`, ``)
	outer("epk-zero", "a point that is none", `EPK`, `{"kty":"EC","crv":"P-256","x":"`+strings.Repeat("A", 43)+`","y":"`+strings.Repeat("A", 43)+`"}`)
	outer("epk-off-curve", "a point off the curve", `EPK`, `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}`)
	outer("epk-curve", "a key on another curve", `EPK`, `{"kty":"OKP","crv":"X25519","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}`)
	outer("epk-private", "a key with its private half", `EPK`, `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`)
	bad("other-target", "encrypted to another organization", func(t testing.TB, j *forged) {
		a, _ := j.k.stranger.ECDH()
		j.to = a.PublicKey()
		j.outer = replace(j.outer, thumbprint(t, &j.k.target.PublicKey), thumbprint(t, &j.k.stranger.PublicKey))
	})
	bad("other-target-named", "encrypted to another organization, and ours named", func(_ testing.TB, j *forged) {
		a, _ := j.k.stranger.ECDH()
		j.to = a.PublicKey()
	})
	compact := func(name, comment string, f func(string) string) {
		bad(name, comment, func(_ testing.TB, j *forged) { j.compact = f })
	}
	part := func(n int, f func(string) string) func(string) string {
		return func(s string) string {
			p := strings.Split(s, ".")
			p[n] = f(p[n])
			return strings.Join(p, ".")
		}
	}
	compact("encrypted-key", "an encrypted key where none belongs", part(1, func(string) string { return "AAAA" }))
	compact("nonce-short", "a nonce of eleven bytes", part(2, func(s string) string { return s[:14] + "A" }))
	compact("tag-short", "a tag of twelve bytes", part(4, func(s string) string { return s[:16] }))
	compact("text-cut", "the text cut off", part(3, func(s string) string { return s[:len(s)/4*2] }))
	compact("text-changed", "a bit changed", part(3, func(s string) string { return flip(s) }))
	compact("header-spelled", "the header spelled in another way after encrypting", part(0, func(s string) string { return s + "IA" }))
	compact("compact-parts", "six parts", func(s string) string { return s + ".AA" })
	compact("compact-spaces", "white space around", func(s string) string { return " " + s + " " })
	compact("oversized", "longer than any token", func(s string) string { return s + strings.Repeat("A", maxJWT) })
	compact("signed-only", "signed and not encrypted", func(string) string { return "eyJhbGciOiJFUzI1NiJ9.e30.AAAA" })
	return list
}

func forgeGood(t testing.TB, k *keyring) string { return forge(t, k).String() }

// replace replaces the first occurrence, which must be there: a vector that
// changes nothing shows nothing.
func replace(s, from, to string) string {
	if !strings.Contains(s, from) {
		panic("no " + from + " in " + s)
	}
	return strings.Replace(s, from, to, 1)
}

// flip changes a letter to another.
func flip(s string) string {
	c := byte('A')
	if s[0] == c {
		c = 'B'
	}
	return string(c) + s[1:]
}
