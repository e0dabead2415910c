package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/directory"
	"entente/kerberos"
	"entente/kerberos/kdctest"
)

const publishText = `
publish:
  listeners:
  - name: internet
    address: 127.0.0.1:0
    certificates: [{cert: CERT, key: KEY}]
    auth: [basic]
  rules:
  - name: ews
    listener: internet
    names: [mail.contoso.example]
    preset: ews
    site: mail.contoso.example
    inside: ["https://127.0.0.1:1"]
    delegation: basic
`

func TestPublishConfig(t *testing.T) {
	test := func(old, replacement, want string) {
		t.Helper()
		text := "name: mail.contoso.example\nstate: /var/lib/entente\n" + strings.Replace(publishText, old, replacement, 1)
		_, err := ReadConfig(strings.NewReader(text))
		if got := fmt.Sprint(err); want == "" && err != nil || !strings.Contains(got, want) {
			t.Errorf("%s -> %s: %s, want %s", old, replacement, got, want)
		}
	}
	test("", "", "")
	test("auth: [basic]", "auth: [ntlm]", `"ntlm" is none of certificate, negotiate, basic, none`)
	test("auth: [basic]", "auth: []", "say how clients sign in")
	test("auth: [basic]", "auth: [none]", "basic is not possible for who signs in by none at listener internet; choose none or pass-through")
	test("auth: [basic]", "auth: [negotiate]", "negotiate needs a keytab")
	test("auth: [basic]", "auth: [basic]\n    min_tls: \"1.0\"", "neither 1.2 nor 1.3")
	test("address: 127.0.0.1:0", "address: here", "not HOST:PORT")
	test("delegation: basic", "delegation: kerberos", "set kerberos.account")
	test("delegation: basic", "delegation: ntlm", "none of none, pass-through")
	test("preset: ews", "preset: imap", "none of ews, activesync")
	test("preset: ews", "paths: [owa]", "not a plain path")
	test("listener: internet", "listener: intranet", "there is no listener")
	test("https://127.0.0.1:1", "http://127.0.0.1:1", "over https")
	test("https://127.0.0.1:1", "https://127.0.0.1:1/ews", "paths are passed on as they are")
	test("delegation: basic", "delegation: basic\n    impersonate: maybe", "impersonate")
	again := "  - {name: more, listener: internet, names: [MAIL.contoso.example], paths: [/ews/exchange.asmx], inside: [\"https://cas.contoso.example\"], delegation: basic}\n"
	test("    delegation: basic\n", "    delegation: basic\n"+again, "is published by rule ews already")
	test("  rules:", "  only: true\n  surprise: 1\n  rules:", "surprise")
}

// gateway serves what publishText says in front of a server, on loopback.
func gateway(t *testing.T, behind *running, changes ...string) (*Server, *Listening, *x509.CertPool) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(append(changes, "https://127.0.0.1:1", behind.url, "CERT", filepath.Join(dir, "cert.pem"), "KEY", filepath.Join(dir, "key.pem"), "delegation: basic", "delegation: basic\n    ca_files: ["+behind.CAFile()+"]")...).Replace(publishText)
	roots := certificateFiles(t, dir, "mail.contoso.example")
	c, err := ReadConfig(strings.NewReader("name: gw.contoso.example\nstate: " + dir + "\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), c, Options{Organization: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(errors.Join(err, s.Close()))
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s, l, roots
}

func TestGatewayInFrontOfAServer(t *testing.T) {
	const password = "correct horse"
	behind := start(t, conf(t, "sqlite:entente.db"))
	behind.person(t, "anna@contoso.example", password)
	gw, l, roots := gateway(t, behind, "publish:", "publish:\n  only: true")
	(&running{Server: gw}).person(t, "anna@contoso.example", password)
	if l.Addr() != nil {
		t.Error("a gateway alone serves an organization too")
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, l.Published("internet").String())
		},
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}}
	t.Cleanup(client.CloseIdleConnections)
	ask := func(path, user, pass, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequest("POST", "https://mail.contoso.example"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
		r.SetBasicAuth(user, pass)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	if status, body := ask("/EWS/Exchange.asmx", "anna@contoso.example", password, inbox); status != 200 || !strings.Contains(body, "NoError") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := ask("/EWS/Exchange.asmx", "anna@contoso.example", "wrong", inbox); status != 401 {
		t.Errorf("a wrong password: %d", status)
	}
	for _, path := range []string{"/healthz", "/autodiscover/autodiscover.xml", "/EWS/../healthz"} {
		if status, _ := ask(path, "anna@contoso.example", password, ""); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if err := gw.Audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	api := gw.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
	records, err := api.SearchAudit(t.Context(), admin.SearchAudit{AuditFilter: admin.AuditFilter{Action: "publish.enter"}, Limit: 10})
	if err != nil || len(records) != 1 || records[0].As != "anna@contoso.example" || !records[0].Allowed {
		t.Errorf("%+v %v", records, err)
	}
}

// TestPublishVerbs shows a gateway that has a realm's keytab, and one that has
// none.
func TestPublishVerbs(t *testing.T) {
	behind := start(t, conf(t, "sqlite:entente.db"))
	as := admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local}
	for _, api := range []*admin.API{behind.Admin.As(as)} {
		if _, err := api.PublishStatus(t.Context(), admin.Nothing{}); err == nil {
			t.Error("a gateway where there is none")
		}
		if _, err := api.FlushTickets(t.Context(), admin.FlushTickets{}); err == nil {
			t.Error("tickets where there are none")
		}
	}
	r := kdctest.Samba(t)
	gw, _, _ := gateway(t, behind, "publish:", "kerberos: {realm: "+r.Name+", keytab: "+r.Keytab+", account: svc-gw, realms: [{name: "+r.Name+", kdcs: [\""+r.KDC+"\"]}]}\npublish:")
	api := gw.Admin.As(as)
	s, err := api.PublishStatus(t.Context(), admin.Nothing{})
	if err != nil || len(s.Listeners) != 1 || len(s.Rules) != 1 || s.Rules[0].Servers[0].Down || len(s.Listeners[0].Certificates) != 1 || s.Tickets != 0 {
		t.Errorf("%+v %v", s, err)
	}
	d := gw.delegator()
	for _, who := range []string{"alice", "bob", "carol"} {
		_, _ = d.For(t.Context(), kerberos.User{Name: who, Realm: r.Name, SID: entente.SID(r.SID(t, who))}, entente.SPN(r.SPN("cas")))
	}
	kept := func(tickets, refusals int) {
		t.Helper()
		if s, err := api.PublishStatus(t.Context(), admin.Nothing{}); err != nil || s.Tickets != tickets || s.Refusals != refusals {
			t.Errorf("%d tickets, %d refusals, %v; want %d, %d", s.Tickets, s.Refusals, err, tickets, refusals)
		}
	}
	kept(2, 1)
	err = gw.Directory.Update(t.Context(), func(c *directory.Change) error {
		a := directory.Account{Account: access.Account{Principal: access.Principal{UPN: "alice@contoso.example", SID: entente.SID(r.SID(t, "alice"))}, Name: "alice", Kind: access.KindUser, Enabled: true}}
		return errors.Join(c.AddDomain("contoso.example"), c.CreateAccount(&a))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.FlushTickets(t.Context(), admin.FlushTickets{User: "alice@contoso.example"}); err != nil {
		t.Fatal(err)
	}
	kept(1, 1)
	if _, err := api.FlushTickets(t.Context(), admin.FlushTickets{}); err != nil {
		t.Fatal(err)
	}
	kept(0, 0)
}

// TestCertificateToMailbox is the whole way: a client certificate at a gateway
// that is nothing else, a ticket in its owner's name, and his mailbox at a server
// that takes tickets. Both have it on record by one id, and the server by whom it
// came.
func TestCertificateToMailbox(t *testing.T) {
	r := kdctest.Samba(t)
	k := kerberize(t, r, nil)
	sids := k.importPeople()
	dir := t.TempDir()
	card, ca := cardOf(t, dir, entente.SID(sids["alice"]))
	gw, l, roots := gateway(t, k.running,
		"publish:", "kerberos: {realm: "+r.Name+", keytab: "+r.Keytab+", account: svc-gw, realms: [{name: "+r.Name+", kdcs: [\""+r.KDC+"\"]}]}\npublish:\n  only: true",
		"auth: [basic]", "auth: [certificate]\n    authorities: [{name: People, files: ["+ca+"], revocation: none}]",
		"site: mail.contoso.example", "site: "+k.host, "delegation: basic", "delegation: kerberos\n    ca_files: ["+k.CAFile()+"]")
	err := gw.Directory.Update(t.Context(), func(c *directory.Change) error {
		sid := sids["alice"]
		a := directory.Account{Account: access.Account{Principal: access.Principal{UPN: "alice@contoso.example", SID: entente.SID(sid)}, Name: "alice", LogonName: "alice", Kind: access.KindUser, Enabled: true}}
		return errors.Join(c.AddDomain("contoso.example"), c.CreateAccount(&a), c.SetRealm(access.Realm{Name: r.Name, DomainSID: entente.SID(sid[:strings.LastIndexByte(sid, '-')])}))
	})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, l.Published("internet").String())
		},
		TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{card}},
	}}
	t.Cleanup(client.CloseIdleConnections)
	resp, err := client.Post("https://mail.contoso.example/EWS/Exchange.asmx", "text/xml", strings.NewReader(inbox))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), "NoError") {
		t.Fatalf("%s %s %v", resp.Status, body, err)
	}
	find := func(s *Server, action string) audit.Record {
		t.Helper()
		if err := s.Audit.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, err := s.Audit.Search(t.Context(), audit.Filter{Action: action, Limit: 10})
		if err != nil || len(all) != 1 {
			t.Fatalf("%d records of %s, %v", len(all), action, err)
		}
		return all[0]
	}
	outside, inside := find(gw, "publish.enter"), find(k.Server, "ews.GetFolder")
	if inside.Request == "" || inside.Request != outside.Request || resp.Header.Get("request-id") != inside.Request {
		t.Errorf("ids %s and %s, and the client has %s", outside.Request, inside.Request, resp.Header.Get("request-id"))
	}
	if string(inside.By.SID) != sids["alice"] || inside.Method != access.Negotiate || len(inside.Via) == 0 || !strings.HasPrefix(inside.Via[0].How, access.ByS4U+"svc-gw") {
		t.Errorf("inside: %+v", inside)
	}
	if string(outside.By.SID) != sids["alice"] || outside.Method != access.Certificate || len(outside.Via) != 1 || !strings.Contains(outside.Via[0].How, "of People by sid-extension") {
		t.Errorf("outside: %+v", outside)
	}
}

// cardOf makes an authority, whose certificate it writes into a file, and a
// certificate of an account's, by its SID.
func cardOf(t *testing.T, dir string, sid entente.SID) (card tls.Certificate, file string) {
	t.Helper()
	var keys []*ecdsa.PrivateKey
	for range 2 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "People"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	// [MS-WCCE] 2.2.2.7.7.4
	value := append([]byte{0x04, byte(len(sid))}, sid...)
	value = append([]byte{0xa0, byte(len(value))}, value...)
	value = append([]byte{0x06, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 25, 2, 1}, value...)
	value = append([]byte{0xa0, byte(len(value))}, value...)
	value = append([]byte{0x30, byte(len(value))}, value...)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(4711), Subject: pkix.Name{CommonName: "somebody"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 25, 2}, Value: value}},
	}
	above, err := x509.CreateCertificate(rand.Reader, authority, authority, keys[0].Public(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, keys[1].Public(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "people.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: above}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: keys[1]}, file
}

// certificateFiles writes a certificate that signs for itself, and its key.
func certificateFiles(t *testing.T, dir, name string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}
