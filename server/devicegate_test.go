package server

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/clientaccess"
	"entente/db"
	"entente/db/dbtest"
	"entente/device"
	"entente/directory"
	"entente/ews/ewsserver"
	"entente/mailbox"
	"entente/publish"
)

// A gateDesk is the gateway's enforcer with a directory of its own, and counts what
// it passes on: for each of these a ticket would be had.
type gateDesk struct {
	*testing.T
	enforcer
	directory *directory.Directory
	log       *audit.Log
	people    map[string]access.Principal
	passed    int
}

func newGateDesk(t *testing.T, d *db.DB, pin devicePin) *gateDesk {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.WithoutCancel(t.Context())
	dir, err := directory.Open(ctx, directory.Config{DB: d, Organization: "Contoso"})
	must(err)
	for _, m := range []db.Migration{audit.Schema(), device.Schema(), clientaccess.Schema()} {
		must(d.Migrate(ctx, m))
	}
	log, err := audit.Open(ctx, audit.Config{DB: d, Node: "gw", Signer: ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize))), Now: time.Now})
	must(err)
	t.Cleanup(log.Close)
	store := mailbox.New(mailbox.Config{Databases: func(string) (*db.DB, error) { return nil, errors.New("there are no mailboxes here") }})
	t.Cleanup(func() { must(store.Close()) })
	quiet := slog.New(slog.DiscardHandler)
	door := clientaccess.New(clientaccess.Config{Server: "gw.contoso.example", Directory: dir, Mailboxes: store, Log: log, Slog: quiet, Now: time.Now, DB: d})
	x := &gateDesk{
		T: t, directory: dir, log: log, people: map[string]access.Principal{},
		enforcer: enforcer{door, ewsserver.NewFront(ewsserver.Config{Log: quiet}), deviceGate{device.NewStore(d, time.Now), pin}},
	}
	must(dir.Update(ctx, func(c *directory.Change) error {
		if err := c.AddDomain("contoso.example"); err != nil {
			return err
		}
		for _, who := range []string{"anna", "ben"} {
			a := directory.Account{Account: access.Account{Principal: access.Principal{
				UPN: entente.UPN(who + "@contoso.example"), Mail: entente.SMTPAddress(who + "@contoso.example"),
			}, Kind: access.KindUser, Enabled: true}}
			if err := c.CreateAccount(&a); err != nil {
				return err
			}
			x.people[who] = a.Principal
		}
		return nil
	}))
	return x
}

func (x *gateDesk) change(f func(*directory.Change) error) {
	x.Helper()
	if err := x.directory.Update(x.Context(), f); err != nil {
		x.Fatal(err)
	}
}

// A card is a client certificate as far as the gateway looks.
func card(issuer, key, serial string) *x509.Certificate {
	return &x509.Certificate{RawIssuer: []byte(issuer), RawSubjectPublicKeyInfo: []byte(key), Subject: pkix.Name{SerialNumber: serial}}
}

// comes has a phone come and returns the answer, and whether it was passed on.
func (x *gateDesk) comes(who, id, cmd, version, key string, c *x509.Certificate) (*httptest.ResponseRecorder, bool) {
	x.Helper()
	r := httptest.NewRequestWithContext(x.Context(), http.MethodPost, "/Microsoft-Server-ActiveSync?Cmd="+cmd+"&User="+who+"&DeviceId="+id+"&DeviceType=iPhone", nil)
	r.Header.Set("MS-ASProtocolVersion", version)
	if key != "" {
		r.Header.Set("X-MS-PolicyKey", key)
	}
	caller := &access.Caller{Authenticated: x.people[who], Method: access.Basic, UserAgent: "Apple-iPhone12C1/1801.373"}
	if c != nil {
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}
		caller.Method, caller.Evidence = access.Certificate, "hash of "+string(c.RawSubjectPublicKeyInfo)
	}
	was, w := x.passed, httptest.NewRecorder()
	x.Enforce(&publish.Rule{Preset: publish.ActiveSync, Enforce: true}, caller, clientaccess.NewRequestID(), w, r,
		func(w http.ResponseWriter, _ *http.Request, _ access.Principal) {
			x.passed++
			w.WriteHeader(http.StatusOK)
		})
	return w, x.passed > was
}

// TestGatewayAsksAboutDevices: what may not synchronize is refused before anything
// is delegated, as the server inside would, and is on record.
func TestGatewayAsksAboutDevices(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := newGateDesk(t, d, pinIssuer)
		if _, ok := x.comes("anna", "APPL1", "FolderSync", "16.1", "", nil); !ok {
			t.Fatal("a phone of which nothing is said is refused")
		}
		x.change(func(c *directory.Change) error {
			return c.SetDeviceSettings(x.people["anna"].SID, func(s *access.DeviceSettings) error { s.BlockedIDs = []string{"APPL1"}; return nil })
		})
		was := x.passed
		w, _ := x.comes("anna", "APPL1", "FolderSync", "16.1", "", nil)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/vnd.ms-sync.wbxml" || !strings.Contains(w.Body.String(), "129") {
			t.Errorf("HTTP %d %q", w.Code, w.Body)
		}
		if w, _ := x.comes("anna", "APPL1", "Provision", "12.1", "", nil); w.Code != http.StatusForbidden {
			t.Errorf("HTTP %d", w.Code)
		}
		if x.passed != was {
			t.Error("a blocked phone has something delegated")
		}
		records, err := x.log.Search(t.Context(), audit.Filter{Limit: 2})
		if err != nil || len(records) == 0 || records[0].Allowed || !slices.Contains(records[0].Targets, "device:APPL1") {
			t.Errorf("%+v, %v", records, err)
		}
		if _, ok := x.comes("ben", "APPL1", "FolderSync", "16.1", "", nil); !ok {
			t.Error("another's phone of that id is refused without a certificate that says otherwise")
		}
		// A policy that every device must keep to: none passes that has acknowledged
		// nothing, and each may.
		x.change(func(c *directory.Change) error {
			p := access.NewMobilePolicy("Strict")
			p.IsDefault, p.AllowNonProvisionableDevices = true, false
			return c.CreateMobilePolicy(p)
		})
		for _, r := range [...]struct {
			cmd, key string
			ok       bool
		}{{"FolderSync", "", false}, {"FolderSync", "0", false}, {"Provision", "", true}, {"FolderSync", "17", true}} {
			if _, ok := x.comes("ben", "APPL1", r.cmd, "16.1", r.key, nil); ok != r.ok {
				t.Errorf("%s with key %q: passed %v", r.cmd, r.key, ok)
			}
		}
		if w, ok := x.comes("ben", "APPL1", "FolderSync", "12.1", "", nil); ok || w.Code != 449 {
			t.Errorf("HTTP %d", w.Code)
		}
		if w, ok := x.comes("ben", "not+a+device%20id", "FolderSync", "16.1", "17", nil); ok || w.Code == http.StatusOK {
			t.Errorf("a line that is none: HTTP %d, passed %v", w.Code, ok)
		}
	})
}

// TestDeviceBoundToCertificate: a device that came with a certificate of one account
// never comes with another's, nor with what it is not pinned to.
func TestDeviceBoundToCertificate(t *testing.T) {
	test := func(pin devicePin, next *x509.Certificate, want bool) {
		t.Helper()
		x := newGateDesk(t, dbtest.SQLite(t), pin)
		first := card("CA 1", "key 1", "S1")
		for range 2 {
			if _, ok := x.comes("anna", "APPL1", "FolderSync", "16.1", "", first); !ok {
				t.Fatal("its own certificate is refused")
			}
		}
		if _, ok := x.comes("anna", "APPL1", "FolderSync", "16.1", "", next); ok != want {
			t.Errorf("pinned to %s, %v comes: passed %v", pin, next, ok)
		}
		_, ok := x.comes("ben", "APPL1", "FolderSync", "16.1", "", card("CA 1", "key of ben", "S9"))
		if ok != (pin == pinNone) {
			t.Errorf("pinned to %s: another account's certificate, passed %v", pin, ok)
		}
		if _, ok := x.comes("ben", "APPL2", "FolderSync", "16.1", "", card("CA 1", "key of ben", "S9")); !ok {
			t.Error("a device of his own is refused")
		}
	}
	renewed, other, copied := card("CA 1", "key 2", "S1"), card("CA 2", "key 1", "S1"), card("CA 1", "key 1", "S2")
	test(pinIssuer, renewed, true)
	test(pinIssuer, other, false)
	test(pinIssuer, copied, true)
	test(pinKey, renewed, false)
	test(pinKey, other, true)
	test(pinSerial, renewed, true)
	test(pinSerial, copied, false)
	test(pinNone, other, true)
	if _, err := parseDevicePin("colour"); err == nil {
		t.Error("a pin that there is not")
	}
}
