package token

import (
	"crypto"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"runtime"
	"syscall"
	"testing"
	"time"

	"entente/federation/jose"
	"entente/xmlsec"
)

// compare runs what is measured and the bare operations with keys in it in
// turns, and reports both in processor time of this thread, for others may be
// busy: what the whole takes, what the bare operations take, and the ratio.
func compare(b *testing.B, whole, bare func()) {
	const turns = 32
	var w, r time.Duration
	n := 0
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	for b.Loop() {
		if n++; n%turns != 1 {
			continue
		}
		t0 := spent(b)
		for range turns {
			whole()
		}
		t1 := spent(b)
		for range turns {
			bare()
		}
		w, r = w+t1-t0, r+spent(b)-t1
	}
	n = (n + turns - 1) / turns * turns
	b.ReportMetric(float64(w.Nanoseconds())/1e3/float64(n), "cpu-µs/op")
	b.ReportMetric(float64(r.Nanoseconds())/1e3/float64(n), "bare-µs/op")
	b.ReportMetric(float64(w)/float64(r), "×bare")
}

// spent is the processor time of this thread.
func spent(b *testing.B) time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSAML: issuing is one signature and one or two encryptions with RSA
// keys of 2,048 bits, opening one verification and one or two decryptions.
func BenchmarkSAML(b *testing.B) {
	k := keys(b)
	i, o, to := k.issues(), k.opener(), k.targetRSA.Certificate
	key, target := k.issuerRSA.Key.(*rsa.PrivateKey), k.targetRSA.Key.(*rsa.PrivateKey)
	digest := sha256.Sum256([]byte("x"))
	must := func(_ []byte, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &target.PublicKey, proof, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, form := range []struct {
		name    string
		token   *Token
		profile xmlsec.Profile
		wraps   int
	}{
		{"holder-gcm", sampleSAML(), xmlsec.Modern, 2},
		{"holder-cbc", sampleSAML(), xmlsec.Compat, 2},
		{"bearer-gcm", func() *Token { t := sampleSAML(); t.Proof = nil; return t }(), xmlsec.Modern, 1},
	} {
		text, err := i.SAML(form.token, to, form.profile)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(form.name+"/issue", func(b *testing.B) {
			compare(b, func() { must(i.SAML(form.token, to, form.profile)) }, func() {
				must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]))
				for range form.wraps {
					must(rsa.EncryptOAEP(sha1.New(), rand.Reader, &target.PublicKey, proof, nil))
				}
			})
			b.ReportMetric(float64(len(text)), "bytes")
		})
		b.Run(form.name+"/open", func(b *testing.B) {
			compare(b, func() {
				_, err := o.SAML(text, at)
				must(nil, err)
			}, func() {
				must(nil, rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature))
				for range form.wraps {
					must(rsa.DecryptOAEP(sha1.New(), rand.Reader, target, wrapped, nil))
				}
			})
		})
	}
}

// BenchmarkJWT: issuing makes a key, agrees with it and signs; opening agrees and
// verifies.
func BenchmarkJWT(b *testing.B) {
	k := keys(b)
	i, o, want, own := k.issues(), k.opener(), sample(), k.agreement()
	text, err := i.JWT(want, own.PublicKey())
	if err != nil {
		b.Fatal(err)
	}
	message := []byte(text)[:1000]
	signature, err := jose.Sign(k.issuer, message)
	if err != nil {
		b.Fatal(err)
	}
	other, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("issue", func(b *testing.B) {
		compare(b, func() {
			if _, err := i.JWT(want, own.PublicKey()); err != nil {
				b.Fatal(err)
			}
		}, func() {
			e, err := ecdh.P256().GenerateKey(rand.Reader)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := e.ECDH(own.PublicKey()); err != nil {
				b.Fatal(err)
			}
			if _, err := jose.Sign(k.issuer, message); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(float64(len(text)), "bytes")
	})
	b.Run("open", func(b *testing.B) {
		compare(b, func() {
			if _, err := o.JWT(text, at); err != nil {
				b.Fatal(err)
			}
		}, func() {
			if _, err := own.ECDH(other.PublicKey()); err != nil {
				b.Fatal(err)
			}
			if !jose.Verify(&k.issuer.PublicKey, message, signature) {
				b.Fatal("refused")
			}
		})
	})
}
