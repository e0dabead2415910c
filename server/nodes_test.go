package server

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"entente/access"
	"entente/admin"
	"entente/authn"
	"entente/db"
	"entente/directory"
)

// Another node passes Anna's request on, over the listener that clients use.
func TestNodePassesOn(t *testing.T) {
	c := conf(t, "sqlite:entente.db")
	c.Listen.HTTPS = "127.0.0.1:0"
	contoso(t, c, "sqlite:staff.db")
	s, err := New(t.Context(), c, Options{Organization: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s.Close)
	l, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Serve(ctx) }()
	defer func() { stop(); <-done }()

	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other := directory.Node{ID: "other.contoso.example", Name: "other.contoso.example", PublicKey: public}
	if err := s.Directory.Register(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	channel, err := (&authn.NodeTLS{Directory: s.Directory, Signer: key, Now: time.Now}).Client(c.Name)
	if err != nil {
		t.Fatal(err)
	}
	anna, _ := s.Directory.Snapshot().FindUPN("anna@contoso.example")
	issuer := &authn.NodeIssuer{
		Organization: string(s.Directory.Snapshot().Organization().DomainSID),
		Node:         other.ID, Signer: key, Now: time.Now,
	}
	token, err := issuer.Issue(c.Name, &access.Caller{Authenticated: anna.Principal, Method: access.Basic})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: channel}
	defer transport.CloseIdleConnections()
	test := func(token string, want int) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+l.Addr().String()+"/EWS/Exchange.asmx", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Entente-Node "+token)
		answer, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("status %d, want %d", answer.StatusCode, want)
		}
	}
	test(token.Reveal(), http.StatusInternalServerError) // the SOAP fault of an empty body
	test(token.Reveal(), http.StatusUnauthorized)        // used
}

// The directory of a server is sealed, whatever --organization says the second
// time, and what was edited meanwhile is found at the start.
func TestDirectoryIsSealed(t *testing.T) {
	c := conf(t, "sqlite:entente.db")
	contoso(t, c, "sqlite:staff.db")
	altered := func(edit bool) bool {
		t.Helper()
		s, err := New(t.Context(), c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer closed(t, s.Close)
		if edit {
			if err := s.main.Update(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO directory_administrator (sid) VALUES ('S-1-5-21-1-2-3-1000')`)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		return s.Directory.Altered()
	}
	if altered(false) || altered(true) {
		t.Error("altered before anything was")
	}
	if !altered(false) {
		t.Error("a row written by SQL was taken for ours")
	}
	confirm(t, c)
	if altered(false) {
		t.Error("altered after an administrator confirmed it")
	}
}

// confirm does what entente organization confirm does, and nobody may in
// nobody's name.
func confirm(t *testing.T, c Config) {
	t.Helper()
	s, err := New(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s.Close)
	if _, err := s.Admin.ConfirmOrganization(t.Context(), admin.Nothing{}); err == nil {
		t.Error("nobody confirmed it")
	}
	by := s.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}})
	if _, err := by.ConfirmOrganization(t.Context(), admin.Nothing{}); err != nil {
		t.Fatal(err)
	}
}
