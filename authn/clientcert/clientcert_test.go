package clientcert

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// TestWhose: a line a certificate.
func TestWhose(t *testing.T) {
	w := newWorld(t)
	const anna, bruno = own + "-1001", own + "-1002"
	type certificate = func(*x509.Certificate)
	test := func(what, want string, cert ...certificate) {
		t.Helper()
		if got := whose(t, w.judge(), w.ca.issue(cert...)); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	test("nothing in it", "certificate-unmapped")
	test("SID", "anna sid-extension", withSID(anna))
	test("SID in lower case", "anna sid-extension", withSID(strings.ToLower(anna)))
	test("SID of nobody", "certificate-unmapped", withSID(own+"-4711"))
	test("SID of a domain that nobody vouches for", "certificate-unmapped", withSID("S-1-5-21-7-7-7-1001"))
	test("SID of a disabled account", "certificate-disabled", withSID(own+"-1003"))
	test("SID of a master account", "linked sid-extension", withSID(foreign+"-2001"))
	test("SID of a placeholder", "certificate-unmapped", withSID(own+"-1004"))
	test("SID of a master whom no realm vouches for", "certificate-unmapped", withSID("S-1-5-21-9-9-9-1"))
	test("SID that is none", "certificate-malformed", withSID("anna"))
	test("SID extension of something else", "certificate-malformed", with(sidExtension, false, []byte{5, 0}))
	test("SAN URI", "certificate-unmapped", withURI(anna))
	test("UPN", "certificate-unmapped", withSAN(san{upns: []string{"anna@contoso.example"}}))
	test("mail", "certificate-unmapped", withSAN(san{mails: []string{"anna@contoso.example"}}))

	// Names that others choose do not help, and do not go unheard. (threats K1)
	test("SID and the same UPN", "anna sid-extension", withSID(anna), withSAN(san{upns: []string{"Anna@contoso.example"}}))
	test("SID and a UPN of nobody", "anna sid-extension", withSID(anna), withSAN(san{upns: []string{"old@contoso.example"}}))
	test("SID and another's UPN", "certificate-ambiguous", withSID(anna), withSAN(san{upns: []string{"bruno@contoso.example"}}))
	test("SID and a forged SAN URI", "certificate-ambiguous", withSID(anna), withURI(bruno))
	test("SID and a UPN, critical", "anna sid-extension", withSID(anna), withSAN(san{upns: []string{"anna@contoso.example"}, critical: true}))

	w.authority.SANURI = true
	test("SAN URI that counts", "anna san-uri", withURI(anna))
	test("SAN URI in capitals", "anna san-uri", withSAN(san{uris: []string{"TAG:microsoft.com,2022-09-14:SID:" + anna}}))
	test("SAN URI that counts, of nobody", "certificate-unmapped", withURI(own+"-4711"))
	test("SAN URI that is none", "certificate-malformed", withURI("x"))
	test("both", "anna sid-extension", withSID(anna), withURI(anna))
	test("two SAN URIs", "certificate-ambiguous", withSAN(san{uris: []string{sidTag + anna, sidTag + bruno}}))
	w.authority.SANURI = false

	w.authority.Weak = []Mapping{UPN}
	test("UPN that counts", "anna upn", withSAN(san{upns: []string{"ANNA@contoso.example"}}))
	test("UPN of a linked mailbox", "linked upn", withSAN(san{upns: []string{"linked@contoso.example"}}))
	test("UPN of a disabled account", "certificate-disabled", withSAN(san{upns: []string{"off@contoso.example"}}))
	test("UPNs of two", "certificate-ambiguous", withSAN(san{upns: []string{"anna@contoso.example", "bruno@contoso.example"}}))
	test("UPN, and a SID of another", "certificate-ambiguous", withSID(anna), withSAN(san{upns: []string{"bruno@contoso.example"}}))
	test("UPN, and a SID of nobody", "certificate-unmapped", withSID(own+"-4711"), withSAN(san{upns: []string{"bruno@contoso.example"}}))
	test("UPN, and a SAN URI of another", "certificate-ambiguous", withSAN(san{upns: []string{"anna@contoso.example"}, uris: []string{sidTag + bruno}}))
	test("mail that does not count", "certificate-unmapped", withSAN(san{mails: []string{"anna@contoso.example"}}))
	w.authority.Weak = []Mapping{Mail, Subject}
	test("mail that counts", "anna mail", withSAN(san{mails: []string{"Anna@contoso.example"}}))
	test("mail and UPN of another", "certificate-ambiguous", withSAN(san{mails: []string{"anna@contoso.example"}, upns: []string{"bruno@contoso.example"}}))
	w.claims("bruno", "X509:<S>CN=Anna,DC=contoso,DC=example")
	test("subject that counts", "bruno subject")
	w.claims("bruno", "X509:<I>CN=Contoso CA,DC=contoso,DC=example<S>DC=example,DC=contoso,CN=anna")
	test("issuer and subject that count", "bruno subject")
	w.authority.Weak = nil
	test("subject that does not count", "certificate-unmapped")
}

// TestIdentities: what stands in altSecurityIdentities.
func TestIdentities(t *testing.T) {
	w := newWorld(t)
	leaf := w.ca.issue(func(c *x509.Certificate) { c.SerialNumber, _ = new(big.Int).SetString("2b0000001200000000ac12", 16) })
	key, _ := publicKey(leaf)
	hash := sha1.Sum(key)
	all := map[Mapping]string{
		IssuerSerial: "X509:<I>CN=Contoso CA, DC=contoso, DC=example<SR>12AC00000000120000002B",
		KeyID:        "X509:<SKI>" + hex.EncodeToString(leaf.SubjectKeyId),
		KeySHA1:      "X509:<SHA1-PUKEY>" + hex.EncodeToString(hash[:]),
	}
	test := func(what, want string) {
		t.Helper()
		if got := whose(t, w.judge(), leaf); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	for mapping, identity := range all {
		w.claims("anna", identity)
		test(identity, "anna "+string(mapping))
		w.claims("bruno", identity)
		test("two claim it", "certificate-ambiguous")
		w.claims("bruno")
		w.claims("linked", identity)
		w.claims("anna")
		test("of a linked mailbox", "linked "+string(mapping))
		w.claims("linked")
		w.claims("stray", identity)
		test("of one whom no realm vouches for", "certificate-unmapped")
		w.claims("stray")
	}
	w.claims("anna", all[KeyID], all[IssuerSerial])
	test("several of one", "anna issuer-serial")
	w.claims("bruno", all[KeySHA1])
	test("several of two", "certificate-ambiguous")
	w.claims("bruno")
	w.claims("anna", "X509:<I>CN=Contoso CA,DC=contoso,DC=example<SR>2B0000001200000000AC12")
	test("the serial number in the order that people read", "certificate-unmapped")
	leaf = w.ca.issue(withSID(own + "-1001"))
	w.claims("bruno", "X509:<SKI>"+hex.EncodeToString(leaf.SubjectKeyId))
	w.claims("anna")
	test("SID of one, key of another", "certificate-ambiguous")
}

// TestChains: what a certificate has to be before anybody asks whose it is.
func TestChains(t *testing.T) {
	w := newWorld(t)
	sid := withSID(own + "-1001")
	test := func(what string, leaf *x509.Certificate, want bool, chain ...*x509.Certificate) {
		t.Helper()
		expect := "certificate-chain"
		if want {
			expect = "anna sid-extension"
		}
		if got := whose(t, w.judge(), leaf, chain...); got != expect {
			t.Errorf("%s: %s, want %s", what, got, expect)
		}
	}
	test("good", w.ca.issue(sid), true)
	test("ended", w.ca.issue(sid, func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Second) }), false)
	test("not begun", w.ca.issue(sid, func(c *x509.Certificate) { c.NotBefore = start.Add(time.Second) }), false)
	test("for servers", w.ca.issue(sid, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), false)
	test("for nothing in particular", w.ca.issue(sid, func(c *x509.Certificate) { c.ExtKeyUsage = nil }), false)
	test("for smart card logon", w.ca.issue(sid, func(c *x509.Certificate) {
		c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, append(c.UnknownExtKeyUsage, smartCardLogon)
	}), true)
	test("not for signatures", w.ca.issue(sid, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), false)
	test("an authority's", w.ca.cert, false)
	test("of a small key", w.ca.issueFor(smallRSA(t), sid), false)

	rogue := newCA(t, "Contoso CA", nil)
	test("another of the same name", rogue.issue(sid), false)
	test("another of the same name, sent along", rogue.issue(sid), false, rogue.cert)
	below := newCA(t, "Contoso Issuing CA", w.ca)
	test("an authority below, which is not named", below.issue(sid), false)
	test("an authority below, sent along", below.issue(sid), false, below.cert)

	root := w.authority
	w.authority.Certificates = []*x509.Certificate{below.cert}
	test("one below, named alone", below.issue(sid), true)
	test("one above, not named", w.ca.issue(sid), false)
	w.authority.Certificates = []*x509.Certificate{w.ca.cert, below.cert}
	test("both named", below.issue(sid), true)
	servers := newCA(t, "Servers", w.ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	short := newCA(t, "Short", w.ca, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	long := newCA(t, "Long", short)
	narrow := newCA(t, "Narrow", w.ca, func(c *x509.Certificate) {
		c.PermittedEmailAddresses, c.PermittedDNSDomainsCritical = []string{"fabrikam.example"}, true
	})
	old := newCA(t, "Old", w.ca, func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Hour) })
	w.authority.Certificates = []*x509.Certificate{w.ca.cert, servers.cert, short.cert, long.cert, narrow.cert, old.cert}
	test("below one for servers", servers.issue(sid), false)
	test("as long as the path may be", short.issue(sid), true)
	test("longer than the path may be", long.issue(sid), false)
	test("within the names", narrow.issue(sid, withSAN(san{mails: []string{"a@fabrikam.example"}})), true)
	test("outside the names", narrow.issue(sid, withSAN(san{mails: []string{"a@contoso.example"}})), false)
	test("of one that has ended", old.issue(sid), false)

	w.authority = root
	w.authority.Policies = []string{"1.3.6.1.4.1.99999.1"}
	policy := func(s string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			oid, err := x509.ParseOID(s)
			if err != nil {
				t.Fatal(err)
			}
			c.Policies = append(c.Policies, oid)
		}
	}
	test("with the policy", w.ca.issue(sid, policy("1.3.6.1.4.1.99999.1")), true)
	test("with another policy", w.ca.issue(sid, policy("1.3.6.1.4.1.99999.2")), false)
	test("without a policy", w.ca.issue(sid), false)
	w.authority = root
	test("an unknown critical extension", w.ca.issue(sid, with([]int{1, 2, 3, 4}, true, []byte{5, 0})), false)
	test("too large", w.ca.issue(sid, with([]int{1, 2, 3, 4}, false, make([]byte, maxLeaf))), false)
	if got := whose(t, w.judge(), w.ca.issue(sid, func(c *x509.Certificate) {
		for i := range maxNames + 1 {
			c.IPAddresses = append(c.IPAddresses, net.IPv4(10, 0, 0, byte(i)))
		}
	})); got != "certificate-malformed" {
		t.Errorf("too many names: %s", got)
	}
}

// TestSharedName: two authorities of one name make what is said of the name
// alone worth nothing. A new key of one authority's does not.
func TestSharedName(t *testing.T) {
	w := newWorld(t)
	leaf := w.ca.issue()
	w.claims("anna", fmt.Sprintf("X509:<I>DC=example,DC=contoso,CN=Contoso CA<SR>%x", leaf.SerialNumber))
	again := newCA(t, "contoso  ca", nil)
	w.authority.Certificates = append(w.authority.Certificates, again.cert)
	if got := whose(t, w.judge(), leaf); got != "anna issuer-serial" {
		t.Errorf("with a new key of the same: %s", got)
	}
	w.authority.Certificates = w.authority.Certificates[:1]
	w.others = []Authority{{Name: "other", Certificates: []*x509.Certificate{again.cert}, Revocation: Revocation{None: true}}}
	if got := whose(t, w.judge(), leaf); got != "certificate-ambiguous" {
		t.Errorf("with another of the name: %s", got)
	}
}

// TestJudgedEachTime: nothing of who somebody is survives in what is remembered.
func TestJudgedEachTime(t *testing.T) {
	w := newWorld(t)
	j := w.judge()
	leaf := w.ca.issue(withSID(own+"-1001"), func(c *x509.Certificate) { c.NotAfter = start.Add(2 * time.Minute) })
	test := func(want string) {
		t.Helper()
		if got := whose(t, j, leaf); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	test("anna sid-extension")
	w.facts.Accounts[0].Enabled = false
	w.settle()
	test("certificate-disabled")
	w.facts.Accounts[0].Enabled = true
	w.settle()
	test("anna sid-extension")
	w.pass(2*time.Minute + time.Second)
	test("certificate-chain")
	w.pass(-time.Hour * 2)
	test("certificate-chain")
}

func TestNewRefuses(t *testing.T) {
	w := newWorld(t)
	good := w.authority
	test := func(want string, f func(a *Authority)) {
		t.Helper()
		a := good
		f(&a)
		_, err := New(Config{Authorities: []Authority{a}, Snapshot: w.judge().snapshot})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	test("no name", func(a *Authority) { a.Name = "" })
	test("no certificate", func(a *Authority) { a.Certificates = nil })
	test("not the certificate of an authority", func(a *Authority) { a.Certificates = []*x509.Certificate{w.ca.issue()} })
	test("nothing says what it has revoked", func(a *Authority) { a.None = false })
	test("either looked at or not", func(a *Authority) { a.OCSP = "http://ocsp.contoso.example" })
	test("no weak mapping", func(a *Authority) { a.Weak = []Mapping{KeyID} })
	test("policy", func(a *Authority) { a.Policies = []string{"x"} })
	if _, err := New(Config{}); err == nil {
		t.Error("a judge without anything")
	}
}
