package admin

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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
	"entente/federation"
	"entente/keys"
	"entente/mailbox"
	"entente/partner"
	"entente/sharing"
)

// An organization without anything in it, and an administrator.
type organization struct {
	t     *testing.T
	api   *API // in the administrator's hands
	audit *notes
}

// notes is an audit log that a test reads, and can make fail.
type notes struct {
	AuditLog
	mu      sync.Mutex
	written []audit.Record
	full    error
}

func (n *notes) Append(ctx context.Context, records ...audit.Record) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.full != nil {
		return n.full
	}
	n.written = append(n.written, records...)
	return n.AuditLog.Append(ctx, records...)
}

func (n *notes) Note(r audit.Record) audit.Note {
	note := n.AuditLog.Note(r)
	return func(tx *db.Tx) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.full != nil {
			return n.full
		}
		tx.OnCommit(func() {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.written = append(n.written, r)
		})
		return note(tx)
	}
}

// take returns what was written since the last call.
func (n *notes) take() []audit.Record {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.written
	n.written = nil
	return all
}

// kept is a real audit log with what the server adds to it.
type kept struct {
	*audit.Log
	db  *db.DB
	key ed25519.PublicKey
}

func (k kept) Verify(ctx context.Context, node, known string) ([]audit.Report, error) {
	return audit.VerifyAll(ctx, k.db, nil, "n1", k.key, node, known)
}

func (k kept) Entries(ctx context.Context, _ string, from uint64, limit int) (of, checkpoint string, all []audit.Entry, err error) {
	all, err = audit.Entries(ctx, k.db, "n1", from, limit)
	return "n1", "", all, err
}

func (k kept) Nodes(ctx context.Context) ([]string, error) { return audit.Nodes(ctx, k.db) }

func (k kept) Checkpoint(ctx context.Context) (string, error) {
	return audit.Checkpoint(ctx, k.db, "n1")
}

func open(t *testing.T) *organization {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	store, logs := dbtest.SQLite(t), dbtest.SQLite(t)
	d, err := directory.Open(ctx, directory.Config{DB: logs, Organization: "Contoso"})
	must(err)
	boxes := mailbox.New(mailbox.Config{Databases: func(string) (*db.DB, error) { return store, nil }})
	t.Cleanup(func() { must(boxes.Close()) })
	must(logs.Migrate(ctx, audit.Schema()))
	must(logs.Migrate(ctx, clientaccess.Schema()))
	must(logs.Migrate(ctx, device.Schema()))
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
	log, err := audit.Open(ctx, audit.Config{DB: logs, Node: "n1", Signer: key, Now: time.Now})
	must(err)
	t.Cleanup(log.Close)
	door := clientaccess.New(clientaccess.Config{
		Server: "mail.contoso.example", Directory: d, Mailboxes: boxes, Log: log,
		Slog: slog.New(slog.DiscardHandler), Now: time.Now, DB: logs,
	})
	n := &notes{AuditLog: kept{log, logs, key.Public().(ed25519.PublicKey)}}
	must(logs.Migrate(ctx, sharing.Schema()))
	publisher := sharing.New(sharing.Config{
		DB: logs, Directory: d, Door: door, Seal: plainSeal{}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Base: func() string { return "https://mail.contoso.example" },
	})
	keySchema, err := keys.Schema()
	must(err)
	must(logs.Migrate(ctx, keySchema))
	must(logs.Migrate(ctx, partner.Schema()))
	files, err := keys.OpenFiles(filepath.Join(t.TempDir(), "keys"))
	must(err)
	t.Cleanup(func() { must(files.Close()) })
	partners, err := partner.Open(ctx, partner.Config{
		DB: logs, Ring: keys.New(keys.Config{DB: logs, Organization: "contoso", Files: files, Now: time.Now}),
		Federation: &federation.Service{}, Snapshot: d.Snapshot, Audit: log, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	must(err)
	api := New(Config{Node: "n1", Publisher: publisher, Partners: alone{partners}, Directory: d, Mailboxes: boxes, Door: door, Audit: n, Now: time.Now, Devices: device.NewStore(logs, time.Now)})
	return &organization{t, api.As(Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local}), n}
}

// alone are partners of whom none can be reached.
type alone struct{ *partner.Client }

func (alone) Status() []partner.Status { return nil } // it is partner's tests that have a trust

func (alone) Try(context.Context, string, access.Principal, entente.SMTPAddress) (*partner.Trial, error) {
	return nil, entente.Errorf(entente.NotFound, "there is no partner here")
}

// plainSeal marks by a copy.
type plainSeal struct{}

func (plainSeal) Append(b, data []byte) []byte { return append(b, data...) }
func (plainSeal) Valid(data, mark []byte) bool { return bytes.Equal(data, mark) }

// do asks for a verb as its name and JSON say, and returns the answer's JSON.
func (o *organization) do(name, request string) (string, error) {
	o.t.Helper()
	return ask(o.t, o.api, name, request)
}

func ask(t *testing.T, api *API, name, request string) (string, error) {
	t.Helper()
	i := slices.IndexFunc(Verbs(), func(v Verb) bool { return v.Noun+" "+v.Name == name })
	if i < 0 {
		t.Fatalf("there is no verb %s", name)
	}
	answer, err := Verbs()[i].Call(t.Context(), api, []byte(request))
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), nil
}

// must asks for what has to work.
func (o *organization) must(name, request string) string {
	o.t.Helper()
	answer, err := o.do(name, request)
	if err != nil {
		o.t.Fatalf("%s %s: %v", name, request, err)
	}
	return answer
}

// field returns a text of a JSON object.
func field(t *testing.T, object, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(object), &m); err != nil {
		t.Fatal(err)
	}
	s, _ := m[name].(string)
	return s
}

// staffed is an organization with the people of most tests.
func staffed(t *testing.T) *organization {
	t.Helper()
	o := open(t)
	o.must("domain add", `{"name":"contoso.example"}`)
	o.must("database add", `{"name":"staff"}`)
	o.must("account create", `{"upn":"anna@contoso.example","database":"staff"}`)
	o.must("account create", `{"upn":"ben@contoso.example","database":"staff"}`)
	o.must("service create", `{"upn":"crm@contoso.example"}`)
	o.audit.take()
	return o
}

func kindOf(err error) entente.Kind {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return entente.Internal
}
