package server

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/kerberos/minttest"
)

const mintedDomain = "S-1-5-21-7-7-7"

// A minted is a server of a realm whose KDC is the test. Anna (1104) and Ben (1105)
// came from its directory.
type minted struct {
	realm   *minttest.Realm
	service *minttest.Service
	keytab  string
}

func mint(t testing.TB) *minted {
	t.Helper()
	m := &minted{realm: minttest.NewRealm("CONTOSO.EXAMPLE", mintedDomain), keytab: filepath.Join(t.TempDir(), "keytab")}
	m.service = m.realm.Service("HTTP/mail.contoso.example")
	if err := os.WriteFile(m.keytab, minttest.Keytab(m.service), 0o400); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *minted) config(c Config) Config {
	c.Kerberos = &KerberosConfig{Realm: m.realm.Name, Keytab: m.keytab}
	return c
}

// people takes Anna and Ben over.
func (m *minted) people(t testing.TB, s *Server) {
	t.Helper()
	ctx := t.Context()
	api := s.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := api.AddDomain(ctx, admin.DomainName{Name: "contoso.example"})
	must(err)
	_, err = api.AddDatabase(ctx, admin.AddDatabase{Name: "staff"})
	must(err)
	var ldif strings.Builder
	for i, name := range []string{"anna", "ben"} {
		fmt.Fprintf(&ldif, "dn: CN=%[1]s\nobjectClass: user\nsAMAccountName: %[1]s\nuserPrincipalName: %[1]s@contoso.example\nmail: %[1]s@contoso.example\nobjectGUID:: %[2]s\nobjectSid:: %[3]s\n\n", name,
			base64.StdEncoding.EncodeToString(append(make([]byte, 15), byte(i+1))), base64.StdEncoding.EncodeToString(binarySID(21, 7, 7, 7, uint32(1104+i))))
	}
	answer, err := api.ImportLDIF(ctx, admin.ImportDirectory{Database: "staff", Content: ldif.String()})
	must(err)
	if answer.Created != 2 {
		t.Fatalf("%+v", answer)
	}
	_, err = api.AddRealm(ctx, admin.AddRealm{Name: m.realm.Name, DomainSID: mintedDomain})
	must(err)
}

// binarySID is a SID of the NT authority as directories keep it, [MS-DTYP] 2.4.2.2.
func binarySID(parts ...uint32) []byte {
	sid := []byte{1, byte(len(parts)), 0, 0, 0, 0, 0, 5}
	for _, p := range parts {
		sid = binary.LittleEndian.AppendUint32(sid, p)
	}
	return sid
}

func negotiate(i *minttest.Issued) string {
	return "Negotiate " + base64.StdEncoding.EncodeToString(i.Token(time.Now(), minttest.Request{Mutual: true}))
}

// TestConnectionsAreNobodys: one connection carries the requests of several people
// and of nobody, mixed: each is whose token it brings, and without one nobody's,
// by HTTP/1.1 and by HTTP/2. (threats E5)
func TestConnectionsAreNobodys(t *testing.T) {
	m := mint(t)
	r := start(t, m.config(conf(t, "sqlite:entente.db")))
	m.people(t, r.Server)
	tickets := map[string]*minttest.Issued{
		"anna": m.service.Issue(time.Now(), minttest.Ticket{Client: "anna", PAC: &minttest.PAC{RID: 1104}}),
		"ben":  m.service.Issue(time.Now(), minttest.Ticket{Client: "ben", PAC: &minttest.PAC{RID: 1105}}),
	}
	for _, protocol := range []string{"http/1.1", "h2"} {
		base := r.client.Transport.(*http.Transport).Clone()
		base.MaxConnsPerHost = 1
		base.TLSClientConfig = &tls.Config{RootCAs: base.TLSClientConfig.RootCAs, ServerName: base.TLSClientConfig.ServerName, NextProtos: []string{protocol}}
		base.ForceAttemptHTTP2 = protocol == "h2"
		client := &http.Client{Transport: base, Timeout: time.Minute}
		for i := range 300 {
			who := []string{"anna", "ben", ""}[i*7%3]
			if i%5 == 0 {
				who = []string{"ben", "anna", ""}[i/5%3]
			}
			q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/EWS/Exchange.asmx", strings.NewReader(getInbox))
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Content-Type", "text/xml; charset=utf-8")
			if who != "" {
				q.Header.Set("Authorization", negotiate(tickets[who]))
			}
			resp, err := client.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.Copy(io.Discard, resp.Body)
			if err == nil {
				err = resp.Body.Close()
			}
			subject, _, _ := strings.Cut(resp.Header.Get("X-Entente-Subject"), "@")
			if err != nil || subject != who || who == "" && resp.StatusCode != http.StatusUnauthorized || who != "" && resp.StatusCode != http.StatusOK {
				t.Fatalf("%s, request %d: %d for %q, want %q: %v", protocol, i, resp.StatusCode, subject, who, err)
			}
		}
		base.CloseIdleConnections()
	}
}

// TestLargeTickets: the header of somebody in very many groups is as large as
// Windows lets it become, and is read.
func TestLargeTickets(t *testing.T) {
	m := mint(t)
	r := start(t, m.config(conf(t, "sqlite:entente.db")))
	m.people(t, r.Server)
	ask := func(extra int) (header, status int) {
		t.Helper()
		p := &minttest.PAC{RID: 1104}
		for i := range uint32(1000) {
			p.Groups = append(p.Groups, 2000+i)
		}
		for i := range extra {
			p.ExtraSIDs = append(p.ExtraSIDs, entente.SID(fmt.Sprintf("S-1-5-21-8-8-8-%d", 1000+i)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		q, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/EWS/Exchange.asmx", strings.NewReader(getInbox))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "text/xml; charset=utf-8")
		token := negotiate(m.service.Issue(time.Now(), minttest.Ticket{Client: "anna", PAC: p}))
		q.Header.Set("Authorization", token)
		resp, err := r.client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return len(token), resp.StatusCode
	}
	if header, status := ask(0); status != http.StatusOK {
		t.Errorf("a header of %d octets: %d", header, status)
	}
	if header, status := ask(1000); status != http.StatusOK || header < 60<<10 {
		t.Errorf("a header of %d octets: %d", header, status)
	}
	if header, status := ask(1600); status == http.StatusOK {
		t.Errorf("a header of %d octets: %d", header, status)
	}
}

// TestRefusedTicketsInTheLog: strangers write what they like into tokens, and the
// log has one line for it, of bounded length.
func TestRefusedTicketsInTheLog(t *testing.T) {
	m := mint(t)
	log := &lockedBuffer{}
	r := startWith(t, m.config(conf(t, "sqlite:entente.db")), Options{Organization: "contoso", Log: slog.New(slog.NewTextHandler(log, nil))})
	for i := range 20 {
		other := m.service.As(fmt.Sprintf("HTTP/%d.contoso.example/%s", i, strings.Repeat("x\n", 1000)))
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/EWS/Exchange.asmx", strings.NewReader(getInbox))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", negotiate(other.Issue(time.Now(), minttest.Ticket{Client: "anna", PAC: &minttest.PAC{RID: 1104}})))
		resp, err := r.client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%d %v", resp.StatusCode, err)
		}
	}
	n := 0
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "a ticket is turned away") {
			n++
			if len(line) > 1000 {
				t.Errorf("a line of %d octets", len(line))
			}
		}
	}
	if n != 1 {
		t.Errorf("%d lines: %s", n, log)
	}
}
