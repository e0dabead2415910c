package clientcert

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"entente/access"
)

// FuzzSAN: what is read of alternative names is bounded and well formed.
func FuzzSAN(f *testing.F) {
	for _, s := range []san{
		{}, {upns: []string{"anna@contoso.example"}, mails: []string{"a@b.example"}, uris: []string{sidTag + own + "-1"}}, {upns: []string{"\x00", "a"}},
	} {
		var c x509.Certificate
		withSAN(s)(&c)
		f.Add(c.ExtraExtensions[0].Value)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		var x facts
		if err := x.parseSAN(der); err == nil && len(x.upns)+len(x.mails)+len(x.uriSIDs) > maxNames {
			t.Fatal("more names than may be")
		}
	})
}

// FuzzSIDExtension: a SID that is read is one.
func FuzzSIDExtension(f *testing.F) {
	f.Add(sidValue(own + "-1001"))
	f.Add(sidValue("S-1-5"))
	f.Add([]byte{0x30, 0})
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		if sid, err := parseSIDExtension(der); err == nil && (len(sid) < 7 || sid[:4] != "S-1-") {
			t.Fatalf("%q", sid)
		}
	})
}

// FuzzName: every name that can be read has one form, which is read again as
// itself.
func FuzzName(f *testing.F) {
	for _, name := range []string{"ca.pem", "sid.pem"} {
		c := fromOpenSSL(f, name)
		f.Add(c.RawSubject)
		f.Add(c.RawIssuer)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		n, err := nameOf(der)
		if err != nil || n == "" || len(n) > 1<<10 {
			return
		}
		again, err := access.ParseName(string(n))
		if err != nil || again != n {
			t.Fatalf("%q is read again as %q %v", n, again, err)
		}
	})
}

// FuzzList: a list that nobody has signed says nothing.
func FuzzList(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "openssl", "ca.crl"))
	if err != nil {
		f.Fatal(err)
	}
	block, _ := pem.Decode(text)
	f.Add(text)
	f.Add(block.Bytes)
	ca := fromOpenSSL(f, "ca.pem")
	good, err := parseList(block.Bytes, []*x509.Certificate{ca})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		p, err := parseList(der, []*x509.Certificate{ca})
		if err == nil && (len(p.revoked) != len(good.revoked) || !p.nextUpdate.Equal(good.nextUpdate)) {
			t.Fatalf("believed: %+v", p)
		}
	})
}

// FuzzIssuingPoint: the extension of a list that says what it is of.
func FuzzIssuingPoint(f *testing.F) {
	f.Add([]byte{0x30, 3, 0x81, 1, 0xff})
	f.Add([]byte{0x30, 8, 0xa0, 6, 0xa0, 4, 0x86, 2, 'h', 'i'})
	f.Add([]byte{0x30, 3, 0x84, 1, 0xff})
	f.Fuzz(func(t *testing.T, der []byte) {
		var p parsedList
		if err := p.parsePoint(der); err == nil && len(p.points) > maxNames {
			t.Fatal("more points than may be")
		}
	})
}

// FuzzOCSP: an answer that nobody has signed says nothing.
func FuzzOCSP(f *testing.F) {
	ca, leaf := fromOpenSSL(f, "ca.pem"), fromOpenSSL(f, "sid.pem")
	for _, name := range []string{"sid.ocsp", "revoked.ocsp"} {
		der, err := os.ReadFile(filepath.Join("testdata", "openssl", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, der []byte) {
		if r, err := parseOCSP(der, leaf, ca, now); err == nil && (r.Status != 0 || r.SerialNumber.Cmp(leaf.SerialNumber) != 0) {
			t.Fatalf("believed: %+v", r)
		}
	})
}
