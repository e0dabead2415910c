package ewsserver

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn"
	"entente/availability"
	"entente/clientaccess"
	"entente/db"
	"entente/db/dbtest"
	"entente/delivery"
	"entente/directory"
	"entente/ews"
	"entente/ews/ewssharing"
	"entente/federation"
	"entente/federation/token"
	"entente/mailbox"
	"entente/soap"
	"entente/strictxml"
)

const (
	password = "a long enough password"
	exchange = "ex1.contoso.example"
	domain   = "contoso.example"
)

// A house is a whole organization behind the handler: Anna, Ben, Carla, Dora
// and Emil have mailboxes, Otto's account is disabled, there is a room, and
// the CRM, which has no mailbox, may act as Anna and Ben.
type house struct {
	testing.TB
	handler *Handler
	door    *clientaccess.Door
	guarded http.Handler
	store   *mailbox.Store
	sids    map[string]entente.SID
	boxes   map[string]entente.MailboxID
	broken  error  // of the mailbox database, while it is
	header  string // what requests carry in their SOAP header beside impersonation
	method  access.Method
	anchor  string // X-AnchorMailbox
	tokens  map[string]string
	asked   map[string]access.Rights // by operation, of all requests
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
	h := &house{
		TB: tb, sids: map[string]entente.SID{}, boxes: map[string]entente.MailboxID{}, method: access.Basic,
		tokens: map[string]string{}, asked: map[string]access.Rights{},
	}
	ctx := context.WithoutCancel(tb.Context())
	records := dbtest.SQLite(tb) // where the directory is: its changes commit with their records
	d, err := directory.Open(ctx, directory.Config{DB: records, Organization: "Contoso"})
	h.must(err)
	h.store = mailbox.New(mailbox.Config{Databases: func(string) (*db.DB, error) { return store, h.broken }})
	tb.Cleanup(func() { h.must(h.store.Close()) })
	h.must(h.store.Migrate(ctx, "first"))
	h.must(records.Migrate(ctx, audit.Schema()))
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
	log, err := audit.Open(ctx, audit.Config{DB: records, Node: "n1", Signer: key, Now: time.Now})
	h.must(err)
	tb.Cleanup(log.Close)
	secure := func(*http.Request) bool { return true }
	quiet := slog.New(slog.DiscardHandler)
	h.door = clientaccess.New(clientaccess.Config{
		Server: exchange, Methods: authn.Methods{
			&authn.Bearer{Directory: d, Secure: secure},
			&authn.Node{Directory: d, Organization: organization, Self: "n1", Now: time.Now},
			&authn.Basic{Directory: d, Realm: "contoso", Secure: secure},
		},
		Directory: d, Mailboxes: h.store, Log: log, Slog: quiet, Now: time.Now,
	})
	h.must(records.Migrate(ctx, ewssharing.Schema()))
	h.handler = New(Config{
		Sharing: ewssharing.New(ewssharing.Config{
			DB: records, Directory: d, Door: h.door, Federation: alone{}, Owner: alone{}, Log: quiet, Now: time.Now,
		}),
		Log: slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError})), SyncState: testMarker("key"),
		Free: &availability.Service{}, Courier: h.courier(),
		Unavailable: func(err error) bool { return errors.Is(err, errAway) },
	})
	h.guarded = h.door.Guard(clientaccess.EWS, watched{h})
	h.people()
	return h
}

// alone is the federation of an organization that is in none.
type alone struct{}

func (alone) Trust() *federation.Trust { return nil }
func (alone) Opener() *token.Opener    { return nil }

func (alone) Subject(entente.MailboxID, []entente.SMTPAddress) (token.Subject, error) {
	return token.Subject{}, entente.Errorf(entente.Denied, "not federated").Because(federation.NotFederated)
}

func (alone) AskSAML(context.Context, token.Subject, string, token.Offer) (*federation.Granted, error) {
	return nil, entente.Errorf(entente.Denied, "not federated").Because(federation.NotFederated)
}

func (alone) SharingRead(context.Context, *access.Caller, entente.SMTPAddress, ews.Request, ews.Response) error {
	return entente.Errorf(entente.Denied, "not federated").Because(federation.NotFederated)
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

// A testMarker marks with a key that everybody can read.
type testMarker string

func (m testMarker) Append(b, data []byte) []byte {
	sum := hmac.New(sha256.New, []byte(m))
	sum.Write(data)
	return sum.Sum(b)
}

func (m testMarker) Valid(data, mark []byte) bool { return hmac.Equal(m.Append(nil, data), mark) }

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
	case "crm", "idle", "boss":
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

// A reply is what came back for a request.
type reply struct {
	*house
	status int
	header http.Header
	body   string
}

// post sends the content of a SOAP body as somebody: "anna", or "crm>anna" for
// the CRM acting as Anna. What comes back is checked against the schema.
func (h *house) post(who, body string) reply {
	h.Helper()
	caller, subject, acts := strings.Cut(who, ">")
	head := h.header
	if acts {
		head += `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>` + address(subject) +
			`</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`
	}
	return h.postRaw(caller, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="`+ews.NSTypes+`" xmlns:m="`+ews.NSMessages+
		`"><s:Header>`+head+`</s:Header><s:Body>`+body+`</s:Body></s:Envelope>`)
}

// postRaw sends a whole request.
func (h *house) postRaw(caller, envelope string) reply {
	h.Helper()
	r := httptest.NewRequestWithContext(context.WithoutCancel(h.Context()), http.MethodPost, "/EWS/Exchange.asmx", strings.NewReader(envelope))
	h.authorize(r, caller)
	if h.anchor != "" {
		r.Header.Set("X-AnchorMailbox", h.anchor)
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	w := httptest.NewRecorder()
	h.guarded.ServeHTTP(w, r)
	a := reply{house: h, status: w.Code, header: w.Header(), body: w.Body.String()}
	if a.status == http.StatusOK {
		answers.check(h.TB, w.Body.Bytes())
	}
	return a
}

// ask sends a request and reads the answer, which must be no fault.
func (h *house) ask(who string, req ews.Request, resp ews.Response) {
	h.Helper()
	e := strictxml.NewEncoder(nil)
	ews.AppendRequest(e, req)
	h.post(who, string(e.Bytes())).decode(resp)
}

func (a reply) decode(resp ews.Response) {
	a.Helper()
	if a.status != http.StatusOK {
		a.Fatalf("status %d: %s", a.status, a.body)
	}
	m, err := soap.Open([]byte(a.body), limits())
	a.must(err)
	if err := ews.DecodeResponse(m.Body, resp); err != nil {
		a.Fatalf("%v in %s", err, a.body)
	}
}

// has expects texts in the answer.
func (a reply) has(texts ...string) reply {
	a.Helper()
	for _, s := range texts {
		if !strings.Contains(a.body, s) {
			a.Errorf("no %s in %s", s, a.body)
		}
	}
	return a
}

// lacks expects texts not to be in the answer.
func (a reply) lacks(texts ...string) reply {
	a.Helper()
	for _, s := range texts {
		if strings.Contains(a.body, s) {
			a.Errorf("%s in %s", s, a.body)
		}
	}
	return a
}

// fault expects a SOAP fault with a response code, at HTTP 500.
func (a reply) fault(code ews.ResponseCode) {
	a.Helper()
	if a.status != http.StatusInternalServerError || !strings.Contains(a.body, ":ResponseCode") || !strings.Contains(a.body, ">"+string(code)+"<") {
		a.Errorf("status %d, want a fault of %s: %s", a.status, code, a.body)
	}
	a.has("ServerVersionInfo")
}

// code expects an answer whose only or first message has a response code.
func (a reply) code(code ews.ResponseCode) reply {
	a.Helper()
	_, after, _ := strings.Cut(a.body, "<m:ResponseCode>")
	if got, _, _ := strings.Cut(after, "<"); a.status != http.StatusOK || got != string(code) {
		a.Errorf("status %d, code %q, want %s: %s", a.status, got, code, a.body)
	}
	return a
}

// attr returns the first attribute of a name behind the first element of a
// name: attr("t:ItemId", "Id").
func (a reply) attr(element, name string) string {
	a.Helper()
	_, after, ok := strings.Cut(a.body, "<"+element+" ")
	tag, _, _ := strings.Cut(after, ">")
	_, after, ok2 := strings.Cut(" "+tag, " "+name+`="`)
	value, _, _ := strings.Cut(after, `"`)
	if !ok || !ok2 {
		a.Fatalf("no %s/@%s in %s", element, name, a.body)
	}
	return value
}

// text returns the text of the first element of a name.
func (a reply) text(element string) string {
	a.Helper()
	_, after, ok := strings.Cut(a.body, "<"+element+">")
	if !ok {
		a.Fatalf("no %s in %s", element, a.body)
	}
	s, _, _ := strings.Cut(after, "<")
	return s
}

// create makes items of one kind in the folder for them and returns the ids.
func (h *house) create(who string, items ...ews.Item) []*ews.ItemID {
	h.Helper()
	req := &ews.CreateItem{MessageDisposition: ews.SaveOnly, SendMeetingInvitations: ews.SendToNone, Items: items}
	resp := &ews.CreateItemResponse{}
	h.ask(who, req, resp)
	var ids []*ews.ItemID
	for i := range resp.ResponseMessages {
		m := &resp.ResponseMessages[i]
		if m.ResponseCode != ews.NoError || len(m.Items) != 1 {
			h.Fatalf("item %d: %s %s", i, m.ResponseCode, m.MessageText)
		}
		id, _ := m.Items[0].Get(ews.FieldItemId)
		ids = append(ids, id.(*ews.ItemID))
	}
	return ids
}

// item is an item with properties in pairs: field, value.
func item(k ews.Kind, pairs ...any) ews.Item {
	it := ews.Item{Kind: k}
	for i := 0; i < len(pairs); i += 2 {
		it.Add(pairs[i].(ews.Field), pairs[i+1])
	}
	it.Sort()
	return it
}

// get reads an item with all properties and those named.
func (h *house) get(who string, id *ews.ItemID, more ...ews.Field) *ews.Item {
	h.Helper()
	shape := ews.ItemResponseShape{BaseShape: ews.ShapeAllProperties}
	for _, f := range more {
		shape.AdditionalProperties = append(shape.AdditionalProperties, ews.PathToElement{FieldURI: &ews.FieldURI{FieldURI: ews.UnindexedFieldURI(f.URI())}})
	}
	resp := &ews.GetItemResponse{}
	h.ask(who, &ews.GetItem{ItemShape: shape, ItemIDs: []ews.BaseItemID{{ItemID: id}}}, resp)
	m := &resp.ResponseMessages[0]
	if m.ResponseCode != ews.NoError {
		h.Fatalf("%s %s", m.ResponseCode, m.MessageText)
	}
	return &m.Items[0]
}

// xmlOf writes a request, for tests that look at the text of its answer.
func xmlOf(req ews.Request) string {
	e := strictxml.NewEncoder(nil)
	ews.AppendRequest(e, req)
	return string(bytes.Clone(e.Bytes()))
}
