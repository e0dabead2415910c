package broker

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"entente/db/dbtest"
	"entente/federation/brokerapi"
)

// BenchmarkToken is a token with all that belongs to it: authentication, the
// decision, the record that is durable before the answer. The bare RSA
// operations of one are measured beside it.
func BenchmarkToken(b *testing.B) {
	w := open(b, dbtest.SQLite(b), func(c *Config) { c.Limits.Tokens = 1 << 30 })
	from, to := w.join("contoso.example"), w.join("fabrikam.example")
	b.Run("JWT", func(b *testing.B) {
		body, err := json.Marshal(from.wants(to))
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			e := from.envelope(brokerapi.IssueToken, json.RawMessage(body))
			e.ID = fmt.Sprint(randomBytes(8))
			jws, err := brokerapi.Sign(e, from.signerOf(brokerapi.IssueToken))
			if err != nil {
				b.Fatal(err)
			}
			if a := w.post(from.address, brokerapi.PathVerbs+brokerapi.IssueToken, string(jws)); a.Code != http.StatusOK {
				b.Fatal(a.Body)
			}
		}
	})
	b.Run("SAML", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			doc := from.rst(to).write(b)
			b.StartTimer()
			if a := w.sts(from.address, doc); a.Code != http.StatusOK {
				b.Fatal(a.Body)
			}
		}
	})
	b.Run("bare RSA-2048", func(b *testing.B) {
		// One signature; the header's and the assertion's verified; the content key,
		// and the proof key for either side, encrypted.
		key := from.signer.Key.(*rsa.PrivateKey)
		sum := sha256.Sum256([]byte("token"))
		signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
				b.Fatal(err)
			}
			for range 2 {
				if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
					b.Fatal(err)
				}
			}
			for range 3 {
				if _, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &key.PublicKey, sum[:], nil); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
