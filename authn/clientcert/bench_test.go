package clientcert

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"testing"

	"entente/access"
)

// BenchmarkMatch is what each request costs once the chain is known: by SID, by
// an identity, and with a list of 100,000 revoked certificates to look in; and
// what the first one costs.
func BenchmarkMatch(b *testing.B) {
	w := newWorld(b)
	for i := range 100_000 {
		a := person(fmt.Sprint("p", i), 10_000+i)
		a.Identities = []string{access.KeyIDIdentity([]byte{byte(i), byte(i >> 8), byte(i >> 16)})}
		w.facts.Accounts = append(w.facts.Accounts, a)
	}
	bySID := w.ca.issue(withSID(own+"-1001"), withSAN(san{upns: []string{"anna@contoso.example"}}))
	byKey := w.ca.issue(func(c *x509.Certificate) { c.SubjectKeyId = []byte{7, 7, 0} })
	revoked := make([]*x509.Certificate, 0, 100_000)
	for i := range cap(revoked) {
		c := *bySID
		c.SerialNumber = big.NewInt(int64(1_000_000 + i))
		revoked = append(revoked, &c)
	}
	w.settle()
	run := func(name string, j *Judge, leaf *x509.Certificate, forget bool) {
		chain := []*x509.Certificate{leaf}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if forget {
					j.seen = cache{}
				}
				if _, err := j.Match(b.Context(), chain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("sid", w.judge(), bySID, false)
	run("key", w.judge(), byKey, false)
	run("first", w.judge(), bySID, true)
	w.authority.Revocation = Revocation{CRLs: []string{crlURL}}
	w.serve(crlURL, says(w.ca.list(nil, revoked...)))
	j := w.judge()
	j.Refresh(b.Context())
	run("list", j, bySID, false)
}
