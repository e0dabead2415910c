package httpsig

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"entente/federation/jose"
)

// rfcKey is test-key-ecc-p256 of RFC 9421 B.1.3.
const rfcKey = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIFKbhfNZfpDsW43+0+JjUr9K+bTeuxopu653+hBaXGA7oAoGCCqGSM49
AwEHoUQDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM
4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END EC PRIVATE KEY-----`

func testKey(t testing.TB) (*ecdsa.PrivateKey, string) {
	t.Helper()
	block, _ := pem.Decode([]byte(rfcKey))
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	k, err := jose.KeyOf(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, k.Thumbprint()
}

var (
	created = time.Unix(1795900000, 0)
	skew    = 5 * time.Minute
)

func request() *Request {
	return &Request{
		Method: "POST", Authority: "mail.fabrikam.example", Path: "/EWS/Exchange.asmx/WSSecurity",
		Authorization: "Delegation eyJhbGciOiJFQ0RILUVTIn0..a.b.c", Body: []byte("<s:Envelope/>"),
	}
}

// The signature of RFC 9421 B.2.4, over its base as it stands there: that what
// is signed here is what the RFC signs, by its key.
func TestVectorRFC(t *testing.T) {
	const base = `"@status": 200
"content-type": application/json
"content-digest": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:
"content-length": 23
"@signature-params": ("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"`
	signature, err := base64.StdEncoding.DecodeString("wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==")
	if err != nil {
		t.Fatal(err)
	}
	key, _ := testKey(t)
	if !jose.Verify(&key.PublicKey, []byte(base), signature) {
		t.Error("the signature of RFC 9421 B.2.4 is refused")
	}
}

// The digest of RFC 9530 B.1: {"hello": "world"} with a line end.
func TestVectorDigest(t *testing.T) {
	const want = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
	if got := contentDigest([]byte("{\"hello\": \"world\"}\n")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestBase writes the base and the fields out, so that another implementation
// can be held against them.
func TestBase(t *testing.T) {
	key, id := testKey(t)
	f, err := Sign(request(), key, id, created)
	if err != nil {
		t.Fatal(err)
	}
	const list = `("@method" "@authority" "@path" "content-digest" "authorization");created=1795900000;keyid="ydQXMtvbsOsZyFir-Y7A8t7fKEM1gbKPvyFkdpu4fvI";alg="ecdsa-p256-sha256";tag="entente-federation"`
	const digest = "sha-256=:P9VEJGoq5/mdaod0HlCmjk/1sfvOjak0GNcc573s0dg=:"
	const base = `"@method": POST
"@authority": mail.fabrikam.example
"@path": /EWS/Exchange.asmx/WSSecurity
"content-digest": ` + digest + `
"authorization": Delegation eyJhbGciOiJFQ0RILUVTIn0..a.b.c
"@signature-params": ` + list
	if f.SignatureInput != "sig="+list || f.ContentDigest != digest {
		t.Errorf("got %+v", f)
	}
	s, ok := parseSignature(f.Signature)
	if !ok || !jose.Verify(&key.PublicKey, []byte(base), s) {
		t.Errorf("not the signature of the base: %s", f.Signature)
	}
	if KeyID(f) != id || len(Once(f)) != 32 || Once(f) != string(s[:32]) {
		t.Errorf("key %q, once %x", KeyID(f), Once(f))
	}
}

func TestAccepted(t *testing.T) {
	key, id := testKey(t)
	test := func(what string, now time.Time, there, here func(*Request)) {
		t.Helper()
		r := request()
		there(r)
		f, err := Sign(r, key, id, created)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		r = request()
		here(r)
		if err := Verify(r, f, &key.PublicKey, now, skew); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	as := func(*Request) {}
	test("as it is", created, as, as)
	test("at the end", created.Add(skew), as, as)
	test("at the begin", created.Add(-skew), as, as)
	test("no token", created, func(r *Request) { r.Authorization = "" }, func(r *Request) { r.Authorization = "" })
	test("no body", created, func(r *Request) { r.Body = nil }, func(r *Request) { r.Body = []byte{} })
	test("port 443", created, func(r *Request) { r.Authority += ":443" }, as)
	test("another port", created, func(r *Request) { r.Authority += ":8443" }, func(r *Request) { r.Authority += ":8443" })
	test("a host in capitals", created, as, func(r *Request) { r.Authority = "MAIL.Fabrikam.example" })
	test("spaces around the token", created, func(r *Request) { r.Authorization += "  " }, func(r *Request) { r.Authorization = " " + r.Authorization })
	test("a long token", created, func(r *Request) { r.Authorization = strings.Repeat("a", maxToken) }, func(r *Request) { r.Authorization = strings.Repeat("a", maxToken) })
}

// Everything that is signed matters, and so does every letter of the fields.
func TestRefused(t *testing.T) {
	key, id := testKey(t)
	test := func(what string, change func(*Request, *Fields)) {
		t.Helper()
		r := request()
		f, err := Sign(r, key, id, created)
		if err != nil {
			t.Fatal(err)
		}
		change(r, &f)
		if err := Verify(r, f, &key.PublicKey, created, skew); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", what, err)
		}
	}
	input := func(what, from, to string) {
		t.Helper()
		test(what, func(_ *Request, f *Fields) {
			with := strings.Replace(f.SignatureInput, from, to, 1)
			if with == f.SignatureInput {
				t.Errorf("%s changes nothing", what)
			}
			f.SignatureInput = with
		})
	}

	test("another method", func(r *Request, _ *Fields) { r.Method = "PUT" })
	test("a method in lower case", func(r *Request, _ *Fields) { r.Method = "post" })
	test("another authority", func(r *Request, _ *Fields) { r.Authority = "mail.contoso.example" })
	test("another port", func(r *Request, _ *Fields) { r.Authority += ":8443" })
	test("another path", func(r *Request, _ *Fields) { r.Path += "/" })
	test("a path in another case", func(r *Request, _ *Fields) { r.Path = "/ews/Exchange.asmx/WSSecurity" })
	test("a query", func(r *Request, _ *Fields) { r.Path += "?a=b" })
	test("another token", func(r *Request, _ *Fields) { r.Authorization += "d" })
	test("the token left out", func(r *Request, _ *Fields) { r.Authorization = "" })
	test("another body", func(r *Request, _ *Fields) { r.Body = append(r.Body, ' ') })
	test("another body with its digest", func(r *Request, f *Fields) {
		r.Body = append(r.Body, ' ')
		f.ContentDigest = contentDigest(r.Body)
	})
	test("a digest by another algorithm", func(_ *Request, f *Fields) {
		f.ContentDigest = strings.Replace(f.ContentDigest, "sha-256", "sha-512", 1)
	})
	test("two digests", func(_ *Request, f *Fields) { f.ContentDigest += ", sha-512=:AA==:" })
	test("no digest", func(_ *Request, f *Fields) { f.ContentDigest = "" })
	test("lines within the token", func(r *Request, _ *Fields) { r.Authorization += "\n\"@path\": /" })
	test("lines within the path", func(r *Request, _ *Fields) { r.Path = "/\n\"content-digest\": a" })
	test("an authority with a user", func(r *Request, _ *Fields) { r.Authority = "mail.fabrikam.example@contoso.example" })

	test("no fields", func(_ *Request, f *Fields) { *f = Fields{} })
	test("no input", func(_ *Request, f *Fields) { f.SignatureInput = "" })
	test("no signature", func(_ *Request, f *Fields) { f.Signature = "" })
	test("a signature of another label", func(_ *Request, f *Fields) { f.Signature = "x" + f.Signature })
	test("two signatures", func(_ *Request, f *Fields) { f.Signature += ", " + f.Signature })
	test("a signature in base64url", func(_ *Request, f *Fields) { f.Signature = "sig=:" + strings.Repeat("_", 86) + "==:" })
	test("a signature in DER", func(_ *Request, f *Fields) {
		f.Signature = "sig=:" + base64.StdEncoding.EncodeToString(make([]byte, 72)) + ":"
	})
	test("a signature of zeros", func(_ *Request, f *Fields) {
		f.Signature = "sig=:" + base64.StdEncoding.EncodeToString(make([]byte, 64)) + ":"
	})
	test("a signature with a line end", func(_ *Request, f *Fields) { f.Signature = f.Signature[:20] + "\n" + f.Signature[20:] })
	test("a signature with bits left over", func(_ *Request, f *Fields) {
		f.Signature = strings.TrimSuffix(f.Signature, "==:")
		last := f.Signature[len(f.Signature)-1]
		f.Signature = f.Signature[:len(f.Signature)-1] + string(last+1) + "==:"
	})
	test("another signature", func(_ *Request, f *Fields) {
		r := request()
		r.Body = nil
		other, err := Sign(r, key, id, created)
		if err != nil {
			t.Fatal(err)
		}
		f.Signature = other.Signature
	})

	input("the label", "sig=", "sig1=")
	input("the method not covered", `"@method" `, "")
	input("the authority not covered", `"@authority" `, "")
	input("the path not covered", `"@path" `, "")
	input("the content not covered", ` "content-digest"`, "")
	input("the token not covered", ` "authorization"`, "")
	input("more covered", ` "authorization"`, ` "authorization" "date"`)
	input("a component twice", `"@path"`, `"@path" "@path"`)
	input("another order", `"@method" "@authority"`, `"@authority" "@method"`)
	input("a component with a parameter", `"@path"`, `"@path";req`)
	input("no time", `;created=1795900000`, "")
	input("another time", `=1795900000`, "=1795900001")
	input("a time with a sign", `=1795900000`, "=+1795900000")
	input("a time with a zero", `=1795900000`, "=01795900000")
	input("a time with a fraction", `=1795900000`, "=1795900000.0")
	input("a time beyond all", `=1795900000`, "=99999999999999999999")
	input("a negative time", `=1795900000`, "=-1795900000")
	input("another key", `keyid="ydQX`, `keyid="zdQX`)
	input("no key", `;keyid="ydQXMtvbsOsZyFir-Y7A8t7fKEM1gbKPvyFkdpu4fvI"`, "")
	input("an empty key", `ydQXMtvbsOsZyFir-Y7A8t7fKEM1gbKPvyFkdpu4fvI`, "")
	input("a key with more in it", `fvI"`, `fvI";x="y"`)
	input("another algorithm", "ecdsa-p256-sha256", "hmac-sha256")
	input("no algorithm", `;alg="ecdsa-p256-sha256"`, "")
	input("another tag", "entente-federation", "entente")
	input("no tag", `;tag="entente-federation"`, "")
	input("an expiry", `;keyid`, `;expires=1895900000;keyid`)
	input("a nonce", `;keyid`, `;nonce="a";keyid`)
	input("a space", `" "@path"`, `"  "@path"`)
	input("two inputs", `sig=`, `a=("@method"), sig=`)
	test("an input with more behind it", func(_ *Request, f *Fields) { f.SignatureInput += `, b=("@method")` })
	test("a long input", func(_ *Request, f *Fields) { f.SignatureInput += strings.Repeat(" ", maxInput) })
}

func TestTime(t *testing.T) {
	key, id := testKey(t)
	f, err := Sign(request(), key, id, created)
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range []time.Time{created.Add(skew + time.Second), created.Add(-skew - time.Second), {}, created.AddDate(300, 0, 0)} {
		if err := Verify(request(), f, &key.PublicKey, now, skew); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", now, err)
		}
	}
}

func TestOtherKey(t *testing.T) {
	key, id := testKey(t)
	f, err := Sign(request(), key, id, created)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*ecdsa.PublicKey{nil, &other.PublicKey, &long.PublicKey} {
		if err := Verify(request(), f, k, created, skew); !errors.Is(err, ErrRefused) {
			t.Errorf("accepted by %v", k)
		}
	}
	if _, err := Sign(request(), long, id, created); err == nil {
		t.Error("signed with a key on P-384")
	}
}

// Who saw a signature can make a second valid one of it, and cannot make it
// look new.
func TestOnce(t *testing.T) {
	key, id := testKey(t)
	f, err := Sign(request(), key, id, created)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := parseSignature(f.Signature)
	order, _ := hex.DecodeString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	n := new(big.Int).SetBytes(order)
	other := n.Sub(n, new(big.Int).SetBytes(s[32:])).FillBytes(make([]byte, 32))
	twin := f
	twin.Signature = "sig=:" + base64.StdEncoding.EncodeToString(append(bytes.Clone(s[:32]), other...)) + ":"
	if twin.Signature == f.Signature || Verify(request(), twin, &key.PublicKey, created, skew) != nil {
		t.Fatal("the twin is not valid: nothing was tried")
	}
	if Once(twin) != Once(f) {
		t.Error("the twin looks new")
	}
	again, err := Sign(request(), key, id, created)
	if err != nil || Once(again) == Once(f) {
		t.Errorf("a second signature of the same request looks like the first: %v", err)
	}
	if Once(Fields{}) != "" || KeyID(Fields{}) != "" {
		t.Error("nothing is something")
	}
}

func TestNotSigned(t *testing.T) {
	key, id := testKey(t)
	test := func(what string, change func(*Request)) {
		t.Helper()
		r := request()
		change(r)
		if f, err := Sign(r, key, id, created); err == nil || f != (Fields{}) {
			t.Errorf("%s is signed", what)
		}
	}
	test("no method", func(r *Request) { r.Method = "" })
	test("no authority", func(r *Request) { r.Authority = "" })
	test("no path", func(r *Request) { r.Path = "" })
	test("a relative path", func(r *Request) { r.Path = "EWS" })
	test("a query", func(r *Request) { r.Path += "?a" })
	test("a path with a space", func(r *Request) { r.Path += " " })
	test("a path that is no ASCII", func(r *Request) { r.Path += "é" })
	test("a token with a line end", func(r *Request) { r.Authorization += "\r\n" })
	test("a token with a tab", func(r *Request) { r.Authorization += "\t" })
	test("a token beyond the limit", func(r *Request) { r.Authorization = strings.Repeat("a", maxToken+1) })
	for _, id := range []string{"", `a"b`, "a b", strings.Repeat("a", maxKeyID+1)} {
		if _, err := Sign(request(), key, id, created); err == nil {
			t.Errorf("signed as %q", id)
		}
	}
	if _, err := Sign(request(), key, id, time.Time{}); err == nil {
		t.Error("signed in the year 1")
	}
}

// Which key a request says it is signed with is read from the one spelling
// there is.
func TestKeyID(t *testing.T) {
	const good = `sig=("@method" "@authority" "@path" "content-digest");created=1795900000;keyid="azAZ09-_";alg="ecdsa-p256-sha256";tag="entente-federation"`
	test := func(from, to, want string) {
		t.Helper()
		if got := KeyID(Fields{SignatureInput: strings.Replace(good, from, to, 1)}); got != want {
			t.Errorf("%s: %q", to, got)
		}
	}
	test("", "", "azAZ09-_")
	test(`"content-digest"`, `"content-digest" "authorization"`, "azAZ09-_")
	test("1795900000", "999999999999", "azAZ09-_")
	test("1795900000", "0", "azAZ09-_")
	test("azAZ09-_", strings.Repeat("a", 64), strings.Repeat("a", 64))
	test("azAZ09-_", strings.Repeat("a", 65), "")
	for _, c := range []string{"@", "[", "`", "{", "/", ":", "=", "+", " ", "\"", "é"} {
		test("azAZ09-_", "a"+c, "")
	}
	for _, c := range []string{"1000000000000", "", "01", "-1", "+1", "1.0", "1e3", " 1", "1;"} {
		test("1795900000", c, "")
	}
	for _, from := range []string{"sig=", `("@method"`, ` "@path"`, ");created=", `;keyid="`, `";alg`, "p256", `";tag=`, "entente-"} {
		test(from, "", "")
	}
	test(`federation"`, `federation";x`, "")
	test(`sig=`, ` sig=`, "")
	if Once(Fields{Signature: "sig=:" + strings.Repeat("A", 86) + "==:"}) == "" {
		t.Error("a signature is none")
	}
	for _, s := range []string{"sig=" + strings.Repeat("A", 86) + "==:", "sig=:" + strings.Repeat("A", 86) + "==", "sig=:" + strings.Repeat("A", 85) + "B==:", "sig=:" + strings.Repeat("A", 87) + "=:", "sig=:" + strings.Repeat("-", 86) + "==:", "sig=:" + strings.Repeat("A", 84) + "\nAA==:"} {
		if Once(Fields{Signature: s}) != "" {
			t.Errorf("%q is a signature", s)
		}
	}
}

// FuzzVerify: whatever the fields say, what is read is in the one spelling there
// is, and it is accepted only if it is what was signed.
func FuzzVerify(f *testing.F) {
	key, id := testKey(f)
	good, err := Sign(request(), key, id, created)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.ContentDigest, good.SignatureInput, good.Signature)
	f.Add(good.ContentDigest, strings.Replace(good.SignatureInput, ` "authorization"`, "", 1), good.Signature)
	f.Add(good.ContentDigest, strings.Replace(good.SignatureInput, "created=", "created=0", 1), good.Signature)
	f.Add("", "sig=()", "sig=:AA==:")
	f.Fuzz(func(t *testing.T, digest, input, signature string) {
		fields := Fields{digest, input, signature}
		if p, ok := parseInput(input); ok && label+p.String() != input {
			t.Errorf("%q is another spelling", input)
		}
		if s, ok := parseSignature(signature); ok && label+":"+base64.StdEncoding.EncodeToString(s)+":" != signature {
			t.Errorf("%q is another spelling", signature)
		}
		if Verify(request(), fields, &key.PublicKey, created, skew) == nil && (digest != good.ContentDigest || input != good.SignatureInput) {
			t.Errorf("accepted: %+v", fields)
		}
	})
}

func BenchmarkSignature(b *testing.B) {
	key, id := testKey(b)
	r := request()
	r.Body = bytes.Repeat([]byte("<a/>"), 1024)
	r.Authorization = "Delegation " + strings.Repeat("a", 1500)
	f, err := Sign(r, key, id, created)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Sign(r, key, id, created); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := Verify(r, f, &key.PublicKey, created, skew); err != nil {
				b.Fatal(err)
			}
		}
	})
}
