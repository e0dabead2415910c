package easserver

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/audit"
	"entente/authn"
	"entente/availability"
	"entente/clientaccess"
	"entente/db"
	"entente/db/dbtest"
	"entente/delivery"
	"entente/device"
	"entente/directory"
	"entente/mailbox"
)

const (
	password = "a long enough password"
	exchange = "ex1.contoso.example"
	domain   = "contoso.example"
)

// A house is a whole organization behind the handler: Anna, Ben, Carla, Dora and
// Emil have mailboxes, Otto's account is disabled, there is a room, and the CRM,
// which has no mailbox, may act as Anna and Ben.
type house struct {
	testing.TB
	handler *Handler
	door    *clientaccess.Door
	guarded http.Handler
	store   *mailbox.Store
	devices *device.Store
	records *db.DB // the organization's database
	sids    map[string]entente.SID
	boxes   map[string]entente.MailboxID
	broken  error // of the mailbox database, while it is
	// now, if set, is the clock of door, directory and devices.
	now func() time.Time
	// seen is told of every answer with a document, which is checked against the
	// published schemas.
	seen func(tb testing.TB, cmd activesync.Command, v activesync.Version, document []byte)
}

// each runs a test on an organization on both databases.
func each(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(t, newHouse(t, d)) })
}

// open is an organization on SQLite, for what does not concern the store.
func open(tb testing.TB) *house {
	tb.Helper()
	return newHouse(tb, dbtest.SQLite(tb))
}

func newHouse(tb testing.TB, store *db.DB) *house {
	tb.Helper()
	h := &house{TB: tb, sids: map[string]entente.SID{}, boxes: map[string]entente.MailboxID{}, records: dbtest.SQLite(tb), seen: compare}
	ctx := context.WithoutCancel(tb.Context())
	clock := func() time.Time {
		if h.now != nil {
			return h.now()
		}
		return time.Now()
	}
	d, err := directory.Open(ctx, directory.Config{DB: h.records, Organization: "Contoso"})
	h.must(err)
	h.store = mailbox.New(mailbox.Config{Databases: func(string) (*db.DB, error) { return store, h.broken }})
	tb.Cleanup(func() { h.must(h.store.Close()) })
	h.must(h.store.Migrate(ctx, "first"))
	for _, m := range []db.Migration{audit.Schema(), device.Schema(), clientaccess.Schema()} {
		h.must(h.records.Migrate(ctx, m))
	}
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
	log, err := audit.Open(ctx, audit.Config{DB: h.records, Node: "n1", Signer: key, Now: time.Now})
	h.must(err)
	tb.Cleanup(log.Close)
	secure := func(*http.Request) bool { return true }
	h.door = clientaccess.New(clientaccess.Config{
		Server:    exchange,
		Methods:   authn.Methods{&authn.Bearer{Directory: d, Secure: secure}, &authn.Basic{Directory: d, Realm: "contoso", Secure: secure}},
		Directory: d, Mailboxes: h.store, Log: log, Slog: slog.New(slog.DiscardHandler), Now: clock, DB: h.records,
	})
	h.devices = device.NewStore(h.records, clock)
	h.handler = New(Config{
		Log:  slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		Free: &availability.Service{}, Courier: h.courier(), Devices: h.devices,
		Unavailable: func(err error) bool { return errors.Is(err, errAway) },
	})
	h.guarded = h.door.Guard(clientaccess.ActiveSync, h.handler)
	h.people()
	return h
}

var errAway = errors.New("the database is away")

// courier is a courier that attends to mailboxes through the door.
func (h *house) courier() *delivery.Courier {
	return &delivery.Courier{
		Attend: func(sid entente.SID, task string) delivery.Attendant {
			a, _ := h.door.Directory.Snapshot().FindSID(sid)
			return h.door.Local(a.Principal, task)
		},
		Failed: func(err error) { h.Errorf("automatic work: %v", err) },
	}
}

func (h *house) people() {
	h.Helper()
	ctx := context.WithoutCancel(h.Context())
	d := h.door.Directory
	hash := oneHash(h, d)
	h.must(d.Update(ctx, func(c *directory.Change) error {
		steps := []error{
			c.AddDomain(domain),
			c.SetServer(directory.Server{Name: exchange}),
			c.SetDatabase(directory.Database{Name: "first", URL: "sqlite:first.db"}),
		}
		for _, name := range []string{"Anna Ek", "Ben Vogel", "Carla Ruiz", "Dora Lund", "Emil Roth", "Otto Off", "Room One", "CRM Sync"} {
			steps = append(steps, h.person(c, hash, name))
		}
		for _, who := range [...]string{"anna", "ben"} {
			steps = append(steps, c.CreateAssignment(&directory.Assignment{Assignment: access.Assignment{
				Assignee: h.sids["crm"], Rights: access.ApplicationImpersonation, Enabled: true,
				Scope: access.Scope{Kind: access.ScopeAccount, Name: string(h.sids[who])},
			}}))
		}
		return errors.Join(steps...)
	}))
	for who, id := range h.boxes {
		a, _ := d.Snapshot().FindMailbox(id)
		kind := mailbox.User
		if who == "room" {
			kind = mailbox.Room
		}
		h.must(h.store.Create(ctx, mailbox.NewMailbox{ID: id, Database: "first", Owner: a.Principal, Address: a.Mail, Name: a.Name, Kind: kind}))
	}
}

// person makes the account of a name, anna@contoso.example for Anna Ek.
func (h *house) person(c *directory.Change, hash directory.PasswordHash, name string) error {
	alias, _, _ := strings.Cut(strings.ToLower(name), " ")
	a := directory.Account{Account: access.Account{
		Principal: access.Principal{UPN: entente.UPN(address(alias)), Mail: entente.SMTPAddress(address(alias))},
		Name:      name, Kind: access.KindUser, Enabled: alias != "otto",
	}}
	switch alias {
	case "crm":
		a.Kind = access.KindService
	case "room":
		a.Kind, a.Enabled = access.KindRoom, false
	}
	if err := c.CreateAccount(&a); err != nil {
		return err
	}
	h.sids[alias] = a.SID
	if err := c.SetPassword(a.SID, hash); err != nil || a.Kind == access.KindService {
		return err
	}
	id, err := c.EnableMailbox(a.SID, "first")
	h.boxes[alias] = id
	return err
}

// oneHash hashes the password all accounts have, once for all tests: argon2id is
// slow on purpose.
func oneHash(h *house, d *directory.Directory) directory.PasswordHash {
	h.Helper()
	hashing.Do(func() {
		var err error
		hashed, err = d.HashPassword(context.Background(), entente.NewSecret(password))
		h.must(err)
	})
	return hashed
}

var (
	hashing sync.Once
	hashed  directory.PasswordHash
)

func address(alias string) string { return alias + "@" + domain }

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// view opens a mailbox as its owner would by EWS. What a test does through it is
// not recorded.
func (h *house) view(who string) *mailbox.View {
	h.Helper()
	a, ok := h.door.Directory.Snapshot().FindSID(h.sids[who])
	if !ok {
		h.Fatalf("there is no %s", who)
	}
	v, err := h.door.Local(a.Principal, "test").Mailbox(context.WithoutCancel(h.Context()), h.boxes[who])
	h.must(err)
	return v
}

// folder returns the id of a distinguished folder.
func (h *house) folder(who string, name mailbox.DistinguishedName) mailbox.FolderID {
	h.Helper()
	f, err := h.view(who).FolderByName(context.WithoutCancel(h.Context()), name)
	h.must(err)
	return f.ID
}

// make puts an item into a distinguished folder of somebody's mailbox, as EWS
// would, and returns its id.
func (h *house) make(who string, in mailbox.DistinguishedName, it *mailbox.Item) mailbox.ItemID {
	h.Helper()
	h.must(h.view(who).CreateItem(context.WithoutCancel(h.Context()), h.folder(who, in), it))
	return it.ID
}

// item reads an item with all its parts, as EWS would.
func (h *house) item(who string, id mailbox.ItemID) *mailbox.Item {
	h.Helper()
	it, err := h.view(who).Item(context.WithoutCancel(h.Context()), id, mailbox.AllParts)
	h.must(err)
	return it
}

// A phone is a device of somebody that speaks a version. Its fields may be
// changed between requests.
type phone struct {
	*house
	who     string
	user    string // as which it signs in; empty is who
	names   string // whom its User parameter names; empty is who
	id      string
	kind    string
	version activesync.Version
	key     uint32 // its policy key
	packed  bool   // it writes queries in base64
	zips    bool   // it sends its documents compressed
	header  http.Header
	more    activesync.RequestLine // parameters of commands
}

// phone returns a phone. Each has a device id of its own.
func (h *house) phone(who string, v activesync.Version) *phone {
	h.Helper()
	return &phone{
		house: h, who: who, id: "phone" + strings.ReplaceAll(v.String(), ".", "") + who, kind: "TestPhone", version: v,
		packed: v%2 == 1, header: http.Header{"User-Agent": {"TestPhone/1.0"}},
	}
}

// A reply is what came back.
type reply struct {
	*house
	status int
	header http.Header
	raw    []byte         // decompressed
	root   *wbxml.Element // nil if there is no document
}

// request makes the request of a command.
func (p *phone) request(cmd activesync.Command, kind string, body []byte) *http.Request {
	p.Helper()
	line := p.more
	line.Version, line.Command, line.User = p.version, cmd, address(p.who)
	if p.names != "" {
		line.User = p.names
	}
	line.DeviceID, line.DeviceType, line.PolicyKey = p.id, p.kind, p.key
	query, ok := "", false
	if p.packed {
		query, ok = line.Packed()
	}
	if !ok {
		query = line.Plain()
	}
	if p.zips {
		body = zipped(body)
	}
	r := httptest.NewRequestWithContext(context.WithoutCancel(p.Context()), http.MethodPost, "/Microsoft-Server-ActiveSync?"+query, bytes.NewReader(body))
	for name, values := range p.header {
		r.Header[name] = values
	}
	if !ok {
		line.Header(r.Header.Set)
	}
	if p.zips {
		r.Header.Set("Content-Encoding", "gzip")
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	p.authorize(r)
	return r
}

func (p *phone) authorize(r *http.Request) {
	user := p.user
	if user == "" {
		user = address(p.who)
	}
	r.SetBasicAuth(user, password)
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b) // to memory
	_ = z.Close()
	return out.Bytes()
}

// send sends a command with a document, nil for none, and returns the answer.
func (p *phone) send(cmd activesync.Command, write func(w *wbxml.Writer)) *reply {
	p.Helper()
	var body []byte
	if write != nil {
		w := wbxml.NewWriter(nil)
		write(w)
		body = w.Bytes()
	}
	return p.sendRaw(cmd, contentType, body)
}

// sendRaw sends a command with a content of any type.
func (p *phone) sendRaw(cmd activesync.Command, kind string, body []byte) *reply {
	p.Helper()
	return p.do(cmd, p.request(cmd, kind, body))
}

// do sends a request.
func (p *phone) do(cmd activesync.Command, r *http.Request) *reply {
	p.Helper()
	w := httptest.NewRecorder()
	p.guarded.ServeHTTP(w, r)
	return p.reply(cmd, w)
}

// reply reads an answer.
func (p *phone) reply(cmd activesync.Command, w *httptest.ResponseRecorder) *reply {
	p.Helper()
	a := &reply{house: p.house, status: w.Code, header: w.Header(), raw: w.Body.Bytes()}
	if a.header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(a.raw))
		p.must(err)
		a.raw, err = io.ReadAll(z)
		p.must(err)
	}
	if len(a.raw) > 0 && a.header.Get("Content-Type") == contentType {
		p.document(cmd, a)
	}
	return a
}

// document parses an answer's document. Some clients look for just these four
// bytes at its beginning.
func (p *phone) document(cmd activesync.Command, a *reply) {
	p.Helper()
	if !bytes.HasPrefix(a.raw, []byte{0x03, 0x01, 0x6A, 0x00}) {
		p.Fatalf("%s is answered with % x", cmd, a.raw[:min(len(a.raw), 8)])
	}
	var err error
	a.root, err = wbxml.Parse(a.raw, wbxml.Limits{Depth: 64, Elements: 1 << 24})
	p.must(err)
	if d, ok := documents()[cmd]; ok && d.root != a.root.Tag {
		p.Errorf("%s is answered with a %s", cmd, a.root.Tag)
	}
	if p.seen != nil {
		p.seen(p.TB, cmd, p.version, a.raw)
	}
}

// ok expects HTTP 200 and returns the document's root.
func (a *reply) ok() *wbxml.Element {
	a.Helper()
	if a.status != http.StatusOK {
		a.Fatalf("HTTP %d: %s", a.status, a.raw)
	}
	return a.root
}

// is expects the status of the whole, from 14.0 on, or the HTTP status.
func (a *reply) is(want activesync.Status) *reply {
	a.Helper()
	for _, d := range documents() {
		if a.root == nil || d.root != a.root.Tag {
			continue
		}
		in := a.root
		if d.within != 0 {
			in = in.Child(d.within)
		}
		if got := in.Get(d.status); got != strconv.Itoa(int(want)) {
			a.Errorf("status %q, want %d: %s", got, want, dump(a.root))
		}
		return a
	}
	if a.status != httpOf(want) {
		a.Errorf("HTTP %d without a document, want status %d: %s", a.status, want, a.raw)
	}
	return a
}

// http expects an HTTP status.
func (a *reply) http(want int) *reply {
	a.Helper()
	if a.status != want {
		a.Errorf("HTTP %d, want %d: %s %s", a.status, want, a.raw, dump(a.root))
	}
	return a
}

// dump writes a document for people.
func dump(e *wbxml.Element) string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("<" + e.Tag.Name() + ">")
	if e.Opaque {
		b.WriteString(strconv.Quote(string(e.Content)))
	} else {
		b.Write(e.Content)
	}
	for c := range e.Children() {
		b.WriteString(dump(c))
	}
	b.WriteString("</" + e.Tag.Name() + ">")
	return b.String()
}

// folderSync sends FolderSync with a key and returns the answer.
func (p *phone) folderSync(key string) *reply {
	p.Helper()
	return p.send(activesync.FolderSync, func(w *wbxml.Writer) {
		w.Start(wbxml.FolderHierarchyFolderSync)
		w.Text(wbxml.FolderHierarchySyncKey, key)
		w.End()
	})
}

// sync sends Sync for one collection; more, if set, writes what follows
// CollectionId.
func (p *phone) sync(folder mailbox.FolderID, key string, more func(w *wbxml.Writer)) *reply {
	p.Helper()
	return p.send(activesync.Sync, func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncSync)
		w.Start(wbxml.AirSyncCollections)
		w.Start(wbxml.AirSyncCollection)
		w.Text(wbxml.AirSyncSyncKey, key)
		w.Text(wbxml.AirSyncCollectionId, folderID(folder))
		if more != nil {
			more(w)
		}
		w.End()
		w.End()
		w.End()
	})
}

// collection returns the answer's collection of a folder.
func (a *reply) collection(folder mailbox.FolderID) *wbxml.Element {
	a.Helper()
	for c := range a.ok().Child(wbxml.AirSyncCollections).All(wbxml.AirSyncCollection) {
		if c.Get(wbxml.AirSyncCollectionId) == folderID(folder) {
			return c
		}
	}
	a.Fatalf("no collection %d in %s", folder, dump(a.root))
	return nil
}
