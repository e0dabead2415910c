package clientcert

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// list makes a list of revoked certificates.
func (c *ca) list(change func(*x509.RevocationList), revoked ...*x509.Certificate) []byte {
	c.t.Helper()
	c.next++
	l := &x509.RevocationList{Number: big.NewInt(c.next), ThisUpdate: start.Add(-time.Hour), NextUpdate: start.Add(24 * time.Hour)}
	for _, r := range revoked {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: r.SerialNumber, RevocationTime: start.Add(-time.Hour)})
	}
	if change != nil {
		change(l)
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, c.cert, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	return der
}

const crlURL = "http://pki.contoso.example/ca.crl"

func says(b []byte) func([]byte) ([]byte, error) {
	return func([]byte) ([]byte, error) { return b, nil }
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	w.authority.Revocation = Revocation{CRLs: []string{crlURL}}
	sid := withSID(own + "-1001")
	good, bad, held := w.ca.issue(sid), w.ca.issue(sid), w.ca.issue(sid)
	nobody := w.ca.issue()
	point := func(tag cbasn1.Tag, urls ...string) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: issuingPoint, Critical: true, Value: build(func(b *cryptobyte.Builder) {
				if urls != nil {
					b.AddASN1(0xa0, func(b *cryptobyte.Builder) {
						b.AddASN1(0xa0, func(b *cryptobyte.Builder) {
							for _, u := range urls {
								b.AddASN1(uriTag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(u)) })
							}
						})
					})
				}
				if tag != 0 {
					b.AddASN1(0x80|tag, func(b *cryptobyte.Builder) { b.AddUint8(0xff) })
				}
			})})
		}
	}
	extension := func(oid asn1.ObjectIdentifier, critical bool) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: oid, Critical: critical, Value: []byte{2, 1, 1}})
		}
	}
	entry := func(oid asn1.ObjectIdentifier, critical bool) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{{Id: oid, Critical: critical, Value: build(func(*cryptobyte.Builder) {})}}
		}
	}
	rogue := newCA(t, "Contoso CA", nil)
	const yes, gone, open = "anna sid-extension", "certificate-revoked", "certificate-unconfirmed"
	test := func(what string, list func([]byte) ([]byte, error), wantGood, wantBad string) {
		t.Helper()
		for _, soft := range []bool{false, true} {
			w.authority.Soft = soft
			w.serve(crlURL, list)
			j := w.judge()
			j.Refresh(t.Context())
			a, b := wantGood, wantBad
			if soft && a == open {
				a = yes
			}
			if soft && b == open {
				b = yes
			}
			if got := whose(t, j, good); got != a {
				t.Errorf("%s, soft %t: what is not on it is %s, want %s", what, soft, got, a)
			}
			if got := whose(t, j, bad); got != b {
				t.Errorf("%s, soft %t: what is on it is %s, want %s", what, soft, got, b)
			}
			if got := whose(t, j, nobody); got != "certificate-unmapped" {
				t.Errorf("%s: of nobody's certificate is said that it is %s", what, got)
			}
		}
		w.authority.Soft = false
	}
	test("a list", says(w.ca.list(nil, bad, held)), yes, gone)
	test("in PEM", says(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: w.ca.list(nil, bad)})), yes, gone)
	test("an empty list", says(w.ca.list(nil)), yes, yes)
	test("one that has ended", says(w.ca.list(func(l *x509.RevocationList) { l.NextUpdate = start.Add(-time.Second) }, bad)), open, gone)
	test("one of a time to come", says(w.ca.list(func(l *x509.RevocationList) { l.ThisUpdate = start.Add(time.Hour) }, bad)), open, gone)
	test("nobody there", nil, open, open)
	test("an error", func([]byte) ([]byte, error) { return nil, errors.New("no") }, open, open)
	test("nonsense", says([]byte("<html>")), open, open)
	test("another's", says(rogue.list(nil, bad)), open, open)
	test("larger than may be", says(make([]byte, maxCRL+1)), open, open)
	test("a delta list", says(w.ca.list(extension(deltaIndicator, true), bad)), open, open)
	test("an unknown critical extension", says(w.ca.list(extension(asn1.ObjectIdentifier{1, 2, 3}, true), bad)), open, open)
	test("an unknown extension", says(w.ca.list(extension(asn1.ObjectIdentifier{1, 2, 3}, false), bad)), yes, gone)
	test("an indirect list", says(w.ca.list(point(4), bad)), open, open)
	test("of authorities only", says(w.ca.list(point(2), bad)), open, open)
	test("of some reasons only", says(w.ca.list(point(3), bad)), open, open)
	test("of people only", says(w.ca.list(point(1), bad)), yes, gone)
	test("of a distribution point that it is not of", says(w.ca.list(point(0, "http://elsewhere.example"), bad)), open, gone)
	test("an entry of another issuer", says(w.ca.list(entry(certificateIssuer, true), bad)), open, open)
	test("an entry with something unknown", says(w.ca.list(entry(asn1.ObjectIdentifier{1, 2, 3}, true), bad)), open, open)

	shard := w.ca.issue(sid, func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://pki.contoso.example/7.crl"} })
	w.serve(crlURL, says(w.ca.list(point(1, "http://a.example", "http://pki.contoso.example/7.crl"))))
	j := w.judge()
	j.Refresh(t.Context())
	if got := whose(t, j, shard); got != yes {
		t.Errorf("a list of its distribution point: %s", got)
	}
	if w.visits("http://pki.contoso.example/7.crl") != 0 {
		t.Error("went where a certificate says") // threats O3
	}
}

// TestListOfAuthority: a list of the top takes back what is below it.
func TestListOfAuthority(t *testing.T) {
	w := newWorld(t)
	below := newCA(t, "Issuing", w.ca, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(77) })
	w.authority.Certificates = append(w.authority.Certificates, below.cert)
	w.authority.Revocation = Revocation{CRLs: []string{"http://a", "http://b"}}
	leaf := below.issue(withSID(own + "-1001"))
	test := func(want string, top, issuing []byte) {
		t.Helper()
		w.serve("http://a", says(top))
		w.serve("http://b", says(issuing))
		j := w.judge()
		j.Refresh(t.Context())
		if got := whose(t, j, leaf); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	test("anna sid-extension", w.ca.list(nil), below.list(nil))
	test("certificate-revoked", w.ca.list(nil, below.cert), below.list(nil))
	test("certificate-revoked", w.ca.list(nil), below.list(nil, leaf))
	test("certificate-unconfirmed", w.ca.list(nil), w.ca.list(nil))
	// The same serial number of another issuer's is another certificate.
	test("anna sid-extension", w.ca.list(nil, leaf), below.list(nil, below.cert))
}

// TestListsAreKept: a list goes on to count until its end, and a newer one is
// taken; what goes wrong is told once.
func TestListsAreKept(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "ca.crl")
	w.authority.Revocation = Revocation{CRLs: []string{file}}
	leaf := w.ca.issue(withSID(own+"-1001"), func(c *x509.Certificate) { c.NotAfter = start.AddDate(2, 0, 0) })
	j := w.judge()
	test := func(want string) {
		t.Helper()
		j.Refresh(t.Context())
		if got := whose(t, j, leaf); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	put := func(der []byte) {
		t.Helper()
		if err := os.WriteFile(file, der, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	test("certificate-unconfirmed")
	first := w.ca.list(nil)
	put(first)
	test("anna sid-extension")
	put([]byte("broken"))
	test("anna sid-extension")
	put(w.ca.list(func(l *x509.RevocationList) { l.ThisUpdate = start }, leaf))
	test("certificate-revoked")
	put(first)
	test("certificate-revoked") // an older list takes nothing back
	put(w.ca.list(func(l *x509.RevocationList) {
		l.ThisUpdate, l.NextUpdate = start.Add(time.Second), start.Add(48*time.Hour)
	}))
	test("anna sid-extension")
	w.pass(47 * time.Hour)
	test("anna sid-extension")
	if s := j.Sources(); len(s) != 1 || !strings.Contains(s[0].Failed, "is to be replaced") || s[0].Entries != 0 || s[0].Number == "" {
		t.Errorf("%+v", s)
	}
	w.pass(2 * time.Hour)
	test("certificate-unconfirmed")
	test("certificate-unconfirmed")
	told := func(part string) int {
		n := 0
		for _, s := range w.noted {
			if strings.Contains(s, part) {
				n++
			}
		}
		return n
	}
	if told("no such file") != 1 || told("well") != 3 || told("is no list") != 1 || told("older than the one before") != 1 || told("counts no more") != 1 {
		t.Errorf("told: %q", w.noted)
	}
}

// TestListsRun: lists are fetched again before they are five minutes old, and
// sooner if that failed.
func TestListsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.authority.Revocation = Revocation{CRLs: []string{crlURL}}
		der := w.ca.list(func(l *x509.RevocationList) { l.ThisUpdate, l.NextUpdate = time.Now(), time.Now().Add(24*time.Hour) })
		w.serve(crlURL, says(der))
		j := w.judge()
		j.lists.now = time.Now
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go j.Run(ctx)
		test := func(want int) {
			t.Helper()
			synctest.Wait()
			if got := w.visits(crlURL); got != want {
				t.Errorf("fetched %d times, want %d", got, want)
			}
		}
		test(1)
		time.Sleep(5*time.Minute - fetchTime)
		test(2)
		w.serve(crlURL, nil)
		time.Sleep(4 * time.Minute)
		test(4) // at eight minutes, and half a minute later
		time.Sleep(retryEvery)
		test(5)
	})
}
