package wssecurity

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"entente/soap"
	"entente/strictxml"
	"entente/xmlsec"
)

var keys = sync.OnceValue(func() (all [2]*rsa.PrivateKey) {
	for i := range all {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		all[i] = k
	}
	return all
})

func signer(t testing.TB, n int, ski string) xmlsec.Signer {
	t.Helper()
	k := keys()[n]
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(int64(n + 1)), Subject: pkix.Name{CommonName: "Federation"},
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
		SubjectKeyId: []byte(ski),
	}, &x509.Certificate{SubjectKeyId: []byte(ski)}, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return xmlsec.Signer{Certificate: c, Key: k}
}

var (
	noon   = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	secret = bytes.Repeat([]byte{0x5A}, 32)
)

const (
	actionIssue = "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue"
	spaceTrust  = "http://schemas.xmlsoap.org/ws/2005/02/trust"
)

const all = Timestamp | To | Action | Body

// tokenOf is an EncryptedData for a certificate.
func tokenOf(t testing.TB, to *x509.Certificate) []byte {
	t.Helper()
	x, err := xmlsec.Encrypt([]byte("<a></a>"), "Assertion0", to, xmlsec.Modern)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// request is a message as an organization sends it to the broker.
func request(parts Part) *Message {
	return &Message{
		Version: soap.V12, To: "https://broker.example/sts", Action: actionIssue,
		Declare: []soap.Namespace{{Prefix: "t", URI: spaceTrust}},
		Created: noon, Expires: noon.Add(5 * time.Minute), Parts: parts,
		Body: func(e *strictxml.Encoder) {
			e.Start("t:RequestSecurityToken")
			e.Elem("t:RequestType", spaceTrust+"/Issue")
			e.End("t:RequestSecurityToken")
		},
	}
}

func replace(t testing.TB, s, old, with string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("no %q in %s", old, s)
	}
	return strings.Replace(s, old, with, 1)
}

func open(t testing.TB, doc string) *Received {
	t.Helper()
	r, err := Open([]byte(doc))
	if err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	return r
}
