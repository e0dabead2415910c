package authn

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"entente/access"
)

// The claims are those of RFC 8693 4.1: the subject outside, the nearest
// actor first, who signed in innermost.
func TestNodeTokenShape(t *testing.T) {
	o := newCluster(t)
	token := o.issue(o.issuer("a"), "c", &access.Caller{
		Authenticated: o.crm, Method: access.Bearer, ActsAs: &o.anna,
		Chain: []access.Link{{Who: access.Principal{SID: "S-1-5-21-1-2-3-1107"}, How: "s4u"}},
	})
	part := strings.Split(token, ".")
	header, _ := base64.RawURLEncoding.DecodeString(part[0])
	payload, _ := base64.RawURLEncoding.DecodeString(part[1])
	if len(part) != 3 || string(header) != `{"alg":"EdDSA","typ":"entente-node+jwt"}` {
		t.Errorf("header %s of %d parts", header, len(part))
	}
	var c map[string]any
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	near, _ := c["act"].(map[string]any)
	inner, _ := near["act"].(map[string]any)
	if c["iss"] != "a" || c["aud"] != "c" || c["org"] != "Contoso" || c["sub"] != string(o.anna.SID) ||
		near["sub"] != "S-1-5-21-1-2-3-1107" || inner["sub"] != string(o.crm.SID) || inner["how"] != "bearer" {
		t.Errorf("claims %s", payload)
	}
	if life := c["exp"].(float64) - c["iat"].(float64); life <= 0 || life > 60 {
		t.Errorf("lives %v s", life)
	}
}

// Everything that can be done to a token without the key.
func TestNodeTokenForged(t *testing.T) {
	o := newCluster(t)
	a := nodeKey("a")
	good := o.issue(o.issuer("a"), "c", o.signedIn())
	part := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	test := func(what, token string) {
		t.Helper()
		c, err := o.node("c").Authenticate(over(a, token), nil)
		wantRefused(t, what, c, err)
	}
	none := encode([]byte(`{"alg":"none","typ":"entente-node+jwt"}`))
	test("alg none", none+"."+part[1]+".")
	test("alg none, signed", none+"."+part[1]+"."+part[2])
	// The public key as the secret of an HMAC: CVE-2015-9235 and its kin.
	hs := encode([]byte(`{"alg":"HS256","typ":"entente-node+jwt"}`)) + "." + part[1]
	mac := hmac.New(sha256.New, a.Public().(ed25519.PublicKey))
	mac.Write([]byte(hs))
	test("alg HS256", hs+"."+encode(mac.Sum(nil)))
	// A header with a key of its own, and a good signature under that.
	own := encode([]byte(`{"alg":"EdDSA","typ":"entente-node+jwt","jwk":{}}`)) + "." + part[1]
	test("another header", own+"."+encode(ed25519.Sign(a, []byte(own))))
	payload, _ := base64.RawURLEncoding.DecodeString(part[1])
	other := strings.ReplaceAll(string(payload), string(o.anna.SID), string(o.crm.SID))
	test("altered", part[0]+"."+encode([]byte(other))+"."+part[2])
	test("no signature", part[0]+"."+part[1]+".")
	test("two parts", part[0]+"."+part[1])
	test("four parts", good+"."+part[2])
	test("padded", good+"==")
	unknown := part[0] + "." + encode([]byte(strings.Replace(string(payload), "{", `{"cnf":1,`, 1)))
	test("a claim not known", unknown+"."+encode(ed25519.Sign(a, []byte(unknown))))
	twice := part[0] + "." + encode(append(payload, payload...))
	test("claims twice", twice+"."+encode(ed25519.Sign(a, []byte(twice))))
	for i := range len(good) {
		b := []byte(good)
		b[i] ^= 1
		test("a bit turned", string(b))
	}
}

func TestNodeIssues(t *testing.T) {
	o := newCluster(t)
	test := func(what, to string, n *NodeIssuer, c *access.Caller) {
		t.Helper()
		if s, err := n.Issue(to, c); err == nil || !s.Empty() {
			t.Errorf("%s: a token was made", what)
		}
	}
	test("to nobody", "", o.issuer("a"), o.signedIn())
	test("to itself", "a", o.issuer("a"), o.signedIn())
	test("anonymous", "c", o.issuer("a"), &access.Caller{Method: access.Basic})
	test("local work", "c", o.issuer("a"), Local(o.anna, "import"))
	looped := o.signedIn()
	looped.Chain = make([]access.Link, maxLinks+1)
	for i := range looped.Chain {
		looped.Chain[i].How = "node"
	}
	test("in circles", "c", o.issuer("a"), looped)
	weak := o.issuer("a")
	weak.Signer = rsaSigner{}
	test("with another algorithm", "c", weak, o.signedIn())
	bytes := o.signedIn()
	bytes.UserAgent = strings.Repeat("\xff", maxUserAgent) // what net/http lets through
	if c, err := o.node("c").Authenticate(over(nodeKey("a"), o.issue(o.issuer("a"), "c", bytes)), nil); err != nil || len(c.UserAgent) > maxUserAgent {
		t.Errorf("%+v, %v", c, err)
	}
}

type rsaSigner struct{ crypto.Signer }

func (rsaSigner) Public() crypto.PublicKey { return &rsa.PublicKey{} }

// Signed or not, no bytes make a caller that breaks the rules.
func FuzzNodeToken(f *testing.F) {
	key := nodeKey("a")
	claims := claimsOf(&access.Caller{
		Authenticated: access.Principal{SID: "S-1-5-21-1-2-3-1104", UPN: "crm@contoso.example"}, Method: access.Bearer,
		ActsAs: &access.Principal{SID: "S-1-5-21-1-2-3-1105"}, Chain: []access.Link{{How: "s4u"}},
	})
	claims.Issuer, claims.ID = "a", "0123456789abcdef"
	good, err := json.Marshal(claims)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, true)
	f.Add([]byte(`{"act":{"act":{"act":{}}}}`), true)
	f.Add([]byte(`{"iat":1e400}`), true)
	f.Add([]byte("a.b.c"), false)
	f.Fuzz(func(t *testing.T, b []byte, sign bool) {
		text := string(b)
		if sign {
			s, err := (&NodeIssuer{Signer: key}).sign(b)
			if err != nil {
				return
			}
			text = s.Reveal()
		}
		c, err := openNodeToken(text, key.Public().(ed25519.PublicKey))
		if err != nil {
			return
		}
		if !sign {
			t.Fatalf("%q has no signature", text)
		}
		who, err := c.caller()
		if err != nil {
			return
		}
		if who.Method != access.Node || who.Authenticated.SID == "" || len(who.Chain) < 1 || len(who.Chain) > maxLinks+1 {
			t.Fatalf("caller %+v", who)
		}
		for _, s := range [...]string{who.UserAgent, who.Address, string(who.Application), string(who.Authenticated.UPN), who.Chain[len(who.Chain)-1].How} {
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Fatalf("%q goes into a log", s)
			}
		}
	})
}

// BenchmarkNodeToken is what passing a request on costs at both ends.
func BenchmarkNodeToken(b *testing.B) {
	i := &NodeIssuer{Organization: "Contoso", Node: "a", Signer: nodeKey("a"), Now: time.Now}
	c := &access.Caller{Authenticated: access.Principal{SID: "S-1-5-21-1-2-3-1104", UPN: "crm@contoso.example"}, Method: access.Bearer}
	key := nodeKey("a").Public().(ed25519.PublicKey)
	for b.Loop() {
		s, err := i.Issue("c", c)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := openNodeToken(s.Reveal(), key); err != nil {
			b.Fatal(err)
		}
	}
}
