package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"runtime"
	"syscall"
	"testing"
	"time"

	"entente/strictxml"
)

// overhead runs what is measured and the bare RSA operations in it in turns, and
// reports what the first takes beyond the second, in time of this thread: others
// may be busy.
func overhead(b *testing.B, whole, bare func()) {
	const turns = 64
	var w, r time.Duration
	n := 0
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	for b.Loop() {
		if n++; n%turns != 1 {
			continue
		}
		t0 := spent()
		for range turns {
			whole()
		}
		t1 := spent()
		for range turns {
			bare()
		}
		w, r = w+t1-t0, r+spent()-t1
	}
	n = (n + turns - 1) / turns * turns
	b.ReportMetric(float64((w-r).Microseconds())/float64(n), "µs-beyond-RSA/op")
	b.ReportMetric(float64(w)/float64(r), "×RSA")
	b.ReportMetric(float64(r.Microseconds())/float64(n), "µs-RSA/op")
}

// spent is the processor time of this thread.
func spent() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkVerify(b *testing.B) {
	by, to := certificate(b, 0, "broker-current-1")
	doc := []byte(sign(b, delegation(b, to.Certificate), by, Modern))
	trusted := []*x509.Certificate{by.Certificate}
	v, err := Verify(doc, saml, trusted, Modern)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d bytes", len(doc))
	key, digest := keys()[0].Public().(*rsa.PublicKey), sum(crypto.SHA256, []byte("x"))
	overhead(b, func() {
		if _, err := Verify(doc, saml, trusted, Modern); err != nil {
			b.Fatal(err)
		}
	}, func() { _ = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, v.Signature) })
}

func BenchmarkSign(b *testing.B) {
	by, to := certificate(b, 0, "broker-current-1")
	doc := []byte(delegation(b, to.Certificate))
	key, digest := keys()[0], sum(crypto.SHA256, []byte("x"))
	overhead(b, func() {
		if _, err := Sign(doc, saml, by, Modern); err != nil {
			b.Fatal(err)
		}
	}, func() { _, _ = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest) })
}

func BenchmarkDecrypt(b *testing.B) {
	by, to := certificate(b, 0, "broker-current-1")
	doc := []byte(sign(b, delegation(b, to.Certificate), by, Modern))
	for name, p := range map[string]Profile{"gcm": Modern, "cbc": Compat} {
		b.Run(name, func(b *testing.B) {
			x, err := Encrypt(doc, "Assertion0", to.Certificate, p)
			if err != nil {
				b.Fatal(err)
			}
			wrapped, err := wrap(make([]byte, 32), to.Certificate)
			if err != nil {
				b.Fatal(err)
			}
			overhead(b, func() {
				if _, err := Decrypt(x, []Decrypter{to}, p); err != nil {
					b.Fatal(err)
				}
			}, func() { _, _ = rsa.DecryptOAEP(sha1.New(), rand.Reader, keys()[0], wrapped, nil) })
		})
	}
}

func BenchmarkEncrypt(b *testing.B) {
	by, to := certificate(b, 0, "broker-current-1")
	doc := []byte(sign(b, delegation(b, to.Certificate), by, Modern))
	overhead(b, func() {
		if _, err := Encrypt(doc, "Assertion0", to.Certificate, Modern); err != nil {
			b.Fatal(err)
		}
	}, func() { _, _ = wrap(make([]byte, 32), to.Certificate) })
}

func BenchmarkCanonical(b *testing.B) {
	by, to := certificate(b, 0, "broker-current-1")
	doc := []byte(sign(b, delegation(b, to.Certificate), by, Modern))
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		r := strictxml.NewReader(doc, Limits())
		r.Root()
		if _, err := Canonical(make([]byte, 0, len(doc)), r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpened is what a token takes from Decrypt to the end of Verify when it
// is right, and when it is refused for what only its recipient could know.
func BenchmarkOpened(b *testing.B) {
	by, to := certificate(b, 0, "broker-current-1")
	evil, _ := certificate(b, 1, "broker-current-1")
	trusted := []*x509.Certificate{by.Certificate}
	seal := func(doc string) []byte {
		x, err := Encrypt([]byte(doc), "Assertion0", to.Certificate, Compat)
		if err != nil {
			b.Fatal(err)
		}
		return x
	}
	token := delegation(b, to.Certificate)
	good := seal(sign(b, token, by, Compat))
	key, content := values(b, good)
	changed := func(value string, at int) []byte {
		v := unbase64(b, value)
		v[(at+len(v))%len(v)] ^= 0x40
		return bytes.Replace(good, []byte(value), []byte(base64.StdEncoding.EncodeToString(v)), 1)
	}
	for _, c := range []struct {
		name string
		x    []byte
	}{
		{"right", good},
		{"key", changed(key, 0)},
		{"padding", changed(content, -17)},
		{"first-block", changed(content, 0)},
		{"middle", changed(content, len(content)/3)},
		{"signed-by-another", seal(sign(b, token, evil, Compat))},
		{"unsigned", seal(token)},
	} {
		b.Run(c.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			begin := spent()
			for b.Loop() {
				plain, err := Decrypt(c.x, []Decrypter{to}, Compat)
				if err == nil {
					_, err = Verify(plain, saml, trusted, Compat)
				}
				if err == nil != (c.name == "right") {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((spent()-begin).Microseconds())/float64(b.N), "µs-thread/op")
		})
	}
}
