package interop

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente/federation/jose"
)

// jwts has jwcrypto and José (in C) open every JWT of the kit. What we
// accept both accept, with the same claims: so what either refuses, we refuse.
func (c *court) jwts(t *testing.T) {
	o := c.opener(t, 1)
	docs, ours := map[string][]byte{}, verdicts{}
	for name, v := range tokenVectors(t, "jwt") {
		_, err := o.JWT(string(v.text), v.now)
		if ours[name] = err == nil; ours[name] != v.accept {
			t.Errorf("%s: %v", name, err)
		}
		docs[name] = v.text
	}
	fresh := delegation()
	fresh.Holder = "ydQXMtvbsOsZyFir-Y7A8t7fKEM1gbKPvyFkdpu4fvI"
	text, err := c.issuer(t, "issuer").JWT(fresh, c.agreement(t).PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	docs["fresh"], ours["fresh"] = []byte(text), true

	dir, python := folder(t, docs), t.TempDir()
	issuer, target := c.jwk(t, "issuer-p256"), c.jwk(t, "target-p256")
	all := map[string]verdicts{"jwcrypto": c.python(t, "jwt", c.key("issuer-p256"), c.key("target-p256"), dir, python)}
	claims := map[string]map[string][]byte{"jwcrypto": opened(t, python)}
	inner := t.TempDir()
	all["José"], claims["José"] = each(t, dir, func(path string) []string {
		out := filepath.Join(inner, filepath.Base(path))
		if _, _, err := judge(t, dir, "jose", "jwe", "dec", "-i", path, "-k", target, "-O", out); err != nil {
			return []string{"false"}
		}
		return []string{"jose", "jws", "ver", "-i", out, "-k", issuer, "-O", "-"}
	})
	for who, v := range all {
		refused := 0
		for name := range docs {
			switch {
			case !v[name]:
				refused++
				if ours[name] {
					t.Errorf("%s refuses %s, and we do not", who, name)
				}
			case ours[name]:
				var read struct{ Sub, Jti string }
				if err := json.Unmarshal(claims[who][name], &read); err != nil || read.Sub != fresh.Subject.Immutable || read.Jti == "" {
					t.Errorf("%s reads %s as %s", who, name, claims[who][name])
				}
			}
		}
		if refused == 0 || refused == len(docs) {
			t.Errorf("%s judges nothing: it refuses %d of %d", who, refused, len(docs))
		}
		t.Logf("%s refuses %d of %d", who, refused, len(docs))
	}
}

// jwtsByOthers opens what jwcrypto and José made of claims of ours, with the
// same keys.
func (c *court) jwtsByOthers(t *testing.T) {
	now := time.Now().Unix()
	payload, err := json.Marshal(map[string]any{
		"iss": "urn:federation:broker.example", "aud": "FYDIBOHF25SPDLT.fabrikam.example", "azp": "FYDIBOHF25SPDLT.contoso.example",
		"sub": "abc@FYDIBOHF25SPDLT.contoso.example", "jti": "_0123456789abcdef", "iat": now, "nbf": now, "exp": now + 3600,
		"mails": []string{"chris@contoso.example"}, "domains": []string{"contoso.example"}, "app": "0000000060000EB9",
		"offer": "MSExchange.SharingCalendarFreeBusy", "cnf": map[string]string{"jkt": "ydQXMtvbsOsZyFir-Y7A8t7fKEM1gbKPvyFkdpu4fvI"},
	})
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]string{
		"jwcrypto": command{env: plain(t), limit: time.Minute}.run(t, python3, "testdata/judges/judge.py", "issue", c.key("issuer-p256"), c.key("target-p256"), string(payload)),
		"José":     c.byJose(t, payload),
	}
	for who, text := range made {
		if got, err := c.opener(t, 1).JWT(strings.TrimSpace(text), time.Now()); err != nil || got.Subject.Mails[0] != "chris@contoso.example" {
			t.Errorf("%s: %+v, %v in %s", who, got, err, text)
		}
	}
}

// byJose signs and encrypts claims with the jose command.
func (c *court) byJose(t *testing.T, payload []byte) string {
	t.Helper()
	dir := folder(t, map[string][]byte{"claims": payload})
	name := func(key string) string {
		k, err := jose.KeyOf(c.private(t, key).(*ecdsa.PrivateKey).Public())
		if err != nil {
			t.Fatal(err)
		}
		return k.Thumbprint()
	}
	const kind = `"typ":"entente-delegation+jwt"`
	jws, complaint, err := judge(t, dir, "jose", "jws", "sig", "-I", "claims", "-k", c.jwk(t, "issuer-p256"), "-c",
		"-s", `{"protected":{"alg":"ES256","kid":"`+name("issuer-p256")+`",`+kind+`}}`)
	if err != nil {
		t.Fatalf("%v: %s", err, complaint)
	}
	if err := os.WriteFile(filepath.Join(dir, "jws"), bytes.TrimSpace(jws), 0o600); err != nil {
		t.Fatal(err)
	}
	jwe, complaint, err := judge(t, dir, "jose", "jwe", "enc", "-I", "jws", "-k", c.jwk(t, "target-p256"), "-c",
		"-i", `{"protected":{"alg":"ECDH-ES","enc":"A256GCM","cty":"JWT","kid":"`+name("target-p256")+`",`+kind+`}}`)
	if err != nil {
		t.Fatalf("%v: %s", err, complaint)
	}
	return string(jwe)
}

// jwk writes a private key of the kit as a JWK, which is what José reads.
func (c *court) jwk(t *testing.T, name string) string {
	t.Helper()
	key := c.private(t, name).(*ecdsa.PrivateKey)
	public, err := jose.KeyOf(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	d, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{"kty": public.Kty, "crv": public.Crv, "x": public.X, "y": public.Y, "d": base64.RawURLEncoding.EncodeToString(d)})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder(t, map[string][]byte{"key.jwk": text}), "key.jwk")
}
