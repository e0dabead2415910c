package autodiscover

import (
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn"
	"entente/clientaccess"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/mailbox"
)

const (
	password = "a long enough password"
	ewsURL   = "https://mail.contoso.example:8443/EWS/Exchange.asmx"
)

// A desk is the service behind a real door. Anna has a mailbox, Carla none.
type desk struct {
	t      *testing.T
	box    string // Anna's
	log    *db.DB
	door   *clientaccess.Door
	dir    *directory.Directory
	auto   *Service
	routes map[string]http.Handler
}

func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, log: dbtest.SQLite(t)}
	dir, err := directory.Open(t.Context(), directory.Config{DB: dbtest.SQLite(t), Organization: "Contoso"})
	d.must(err)
	d.must(d.log.Migrate(t.Context(), audit.Schema()))
	log, err := audit.Open(t.Context(), audit.Config{
		DB: d.log, Node: "n1", Now: time.Now,
		Signer: ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize))),
	})
	d.must(err)
	t.Cleanup(log.Close)
	door := clientaccess.New(clientaccess.Config{
		Server:    "mail.contoso.example",
		Methods:   authn.Methods{&authn.Basic{Directory: dir, Realm: "contoso", Secure: func(*http.Request) bool { return true }}},
		Directory: dir, Mailboxes: mailbox.New(mailbox.Config{}), Log: log,
		Slog: slog.New(slog.DiscardHandler), Now: time.Now,
		Concurrency: 1,
	})
	d.door = door
	d.dir = dir
	d.auto = &Service{Name: "mail.contoso.example", EWS: ewsURL, Version: Version{15, 1, 2507, 6}}
	d.routes = d.auto.Routes(door)
	d.people(dir)
	return d
}

func (d *desk) people(dir *directory.Directory) {
	d.t.Helper()
	hash, err := dir.HashPassword(d.t.Context(), entente.NewSecret(password))
	d.must(err)
	anna := account("anna", "Anna Müller & Söhne")
	anna.Proxies = []entente.SMTPAddress{"a.mueller@contoso.example"}
	carla := account("carla", "Carla")
	d.must(dir.Update(d.t.Context(), func(c *directory.Change) error {
		err := errors.Join(
			c.AddDomain("contoso.example"), c.AddDomain("contoso.test"),
			c.SetDatabase(directory.Database{Name: "first", URL: "sqlite:first.db"}),
			c.CreateAccount(&anna), c.SetPassword(anna.SID, hash),
			c.CreateAccount(&carla), c.SetPassword(carla.SID, hash))
		if err != nil {
			return err
		}
		id, err := c.EnableMailbox(anna.SID, "first")
		d.box = id.String()
		return err
	}))
}

func account(name, display string) directory.Account {
	address := name + "@contoso.example"
	return directory.Account{Account: access.Account{
		Principal: access.Principal{UPN: entente.UPN(address), Mail: entente.SMTPAddress(address)},
		Name:      display, Kind: access.KindUser, Enabled: true,
	}}
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// ask sends a request as who; empty is nobody.
func (d *desk) ask(who, method, path, query, body string) (*http.Response, string) {
	d.t.Helper()
	h := d.routes[path]
	if h == nil {
		d.t.Fatalf("nothing serves %s", path)
	}
	r := httptest.NewRequestWithContext(d.t.Context(), method, "https://mail.contoso.example"+path+query, strings.NewReader(body))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	if who != "" {
		r.SetBasicAuth(who+"@contoso.example", password)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	resp := w.Result()
	got, err := io.ReadAll(resp.Body)
	d.must(err)
	return resp, string(got)
}
