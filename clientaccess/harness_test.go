package clientaccess

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
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
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/mailbox"
)

// An organization is a real directory, store and audit log behind a door:
// Anna and Ben have mailboxes, Carla has none, Otto is disabled, and the CRM
// may act as Anna and Otto.
type organization struct {
	t testing.TB
	*Door
	sids  map[string]entente.SID
	boxes map[string]entente.MailboxID
	audit *db.DB
	token entente.Secret // of the CRM
}

const (
	password = "a long enough password"
	peer     = "192.0.2.7"
	exchange = "ex1.contoso.example"
)

func open(t testing.TB, change func(*Config)) *organization {
	t.Helper()
	o := &organization{t: t, sids: map[string]entente.SID{}, boxes: map[string]entente.MailboxID{}, audit: dbtest.SQLite(t)}
	store := dbtest.SQLite(t)
	d, err := directory.Open(t.Context(), directory.Config{DB: o.audit, Organization: "Contoso"})
	o.must(err)
	mailboxes := mailbox.New(mailbox.Config{Databases: func(string) (*db.DB, error) { return store, nil }})
	t.Cleanup(func() { o.must(mailboxes.Close()) })
	o.must(mailboxes.Migrate(t.Context(), "first"))
	o.must(o.audit.Migrate(t.Context(), audit.Schema()))
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
	log, err := audit.Open(t.Context(), audit.Config{DB: o.audit, Node: "n1", Signer: key, Now: time.Now})
	o.must(err)
	t.Cleanup(log.Close)
	secure := func(r *http.Request) bool { return r.Header.Get("X-Plain") == "" }
	c := Config{
		Server: exchange,
		Methods: authn.Methods{
			&authn.Bearer{Directory: d, Secure: secure},
			&authn.Basic{Directory: d, Realm: "contoso", Secure: secure},
		},
		Directory: d, Mailboxes: mailboxes, Log: log,
		Slog: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	if change != nil {
		change(&c)
	}
	o.Door = New(c)
	o.people()
	return o
}

func (o *organization) people() {
	o.t.Helper()
	hash, err := o.Directory.HashPassword(o.t.Context(), entente.NewSecret(password))
	o.must(err)
	o.must(o.Directory.Update(o.t.Context(), func(c *directory.Change) error {
		steps := []error{
			c.AddDomain("contoso.example"),
			c.SetServer(directory.Server{Name: exchange}),
			c.SetDatabase(directory.Database{Name: "first", URL: "sqlite:first.db"}),
			o.person(c, hash, "anna", true, true),
			o.person(c, hash, "ben", true, true),
			o.person(c, hash, "otto", false, true),
			o.person(c, hash, "carla", true, false),
			o.person(c, hash, "crm", true, false),
		}
		for _, who := range [...]string{"anna", "otto"} {
			steps = append(steps, c.CreateAssignment(&directory.Assignment{Assignment: access.Assignment{
				Assignee: o.sids["crm"], Rights: access.ApplicationImpersonation, Enabled: true,
				Scope: access.Scope{Kind: access.ScopeAccount, Name: string(o.sids[who])},
			}}))
		}
		_, o.token, err = c.CreateToken(o.sids["crm"], "crm-sync", time.Now().Add(time.Hour))
		return errors.Join(append(steps, err)...)
	}))
	for who, id := range o.boxes {
		a, _ := o.Directory.Snapshot().FindMailbox(id)
		o.must(o.Mailboxes.Create(o.t.Context(), mailbox.NewMailbox{ID: id, Database: "first", Owner: a.Principal, Address: a.Mail, Name: who}))
	}
}

func (o *organization) person(c *directory.Change, hash directory.PasswordHash, name string, enabled, box bool) error {
	address, kind := name+"@contoso.example", access.KindUser
	if name == "crm" {
		kind = access.KindService
	}
	a := directory.Account{Account: access.Account{
		Principal: access.Principal{UPN: entente.UPN(address), Mail: entente.SMTPAddress(address)},
		Name:      name, Kind: kind, Enabled: enabled,
	}}
	if err := c.CreateAccount(&a); err != nil {
		return err
	}
	o.sids[name] = a.SID
	if err := c.SetPassword(a.SID, hash); err != nil || !box {
		return err
	}
	id, err := c.EnableMailbox(a.SID, "first")
	o.boxes[name] = id
	return err
}

func (o *organization) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// because expects an error with a reason.
func (o *organization) because(err error, want entente.Reason) {
	o.t.Helper()
	var e *entente.Error
	if !errors.As(err, &e) || e.Reason != want {
		o.t.Errorf("error %v, want one because of %s", err, want)
	}
}

type handlerFunc func(s *Session, w http.ResponseWriter, r *http.Request)

func (f handlerFunc) ServeSession(s *Session, w http.ResponseWriter, r *http.Request) { f(s, w, r) }

// basic is the header of a sign-in.
func basic(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

func as(name string) string { return basic(name+"@contoso.example", password) }

// send sends a request with an Authorization header through the door.
func (o *organization) send(authorization string, h handlerFunc) *httptest.ResponseRecorder {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), http.MethodPost, "/", nil)
	r.RemoteAddr = peer + ":4711"
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return o.serve(r, h)
}

func (o *organization) serve(r *http.Request, h handlerFunc) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	o.Guard(EWS, h).ServeHTTP(w, r)
	return w
}

// enter is a handler that passes the gate, works and concludes.
func (o *organization) enter(work func(ctx context.Context, s *Session)) handlerFunc {
	return func(s *Session, _ http.ResponseWriter, r *http.Request) {
		o.must(s.Enter())
		work(r.Context(), s)
		o.must(s.Conclude(r.Context(), ""))
	}
}

// records returns what the audit log keeps of a request, once it is durable.
func (o *organization) records(f audit.Filter) []audit.Record {
	o.t.Helper()
	// A record that is waited for commits all that were queued before it.
	o.must(o.Log.Append(o.t.Context(), audit.Record{Kind: audit.System, Action: "test.flush"}))
	all, err := o.Log.Search(o.t.Context(), f)
	o.must(err)
	var found []audit.Record
	for i := range all {
		if all[i].Action != "test.flush" {
			found = append(found, all[i])
		}
	}
	return found
}
