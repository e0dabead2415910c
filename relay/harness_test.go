package relay_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/db"
	"entente/db/dbtest"
	"entente/keys"
	"entente/mailbox"
	"entente/relay"
	"entente/server"
	"entente/test/kit"
)

const password = "correct horse battery"

// A side is a whole server with its end of the relay.
type side struct {
	t      *testing.T
	config server.Config
	mail   string // URL of its mailbox database
	*server.Server
	relayAt string
	client  *http.Client
	url     string
	stop    func()
}

// state makes a state with a relay key, and returns it with the pin.
func state(t *testing.T) (folder, pin string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "state")
	must(t, os.Mkdir(folder, 0o700))
	f, err := keys.OpenFiles(filepath.Join(folder, "keys"))
	must(t, err)
	defer f.Close()
	s, err := f.Signer("relay", keys.Ed25519)
	must(t, err)
	p, err := relay.PinOf(s.Public())
	must(t, err)
	return folder, string(p)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newSide(t *testing.T, name, folder string, r *server.RelayConfig, urls func() string) *side {
	t.Helper()
	sockets, err := os.MkdirTemp("", "relay")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(sockets) })
	s := &side{t: t, mail: urls(), config: server.Config{
		Name: name, State: folder, Database: urls(), Relay: r,
		Listen: server.ListenConfig{HTTPS: "127.0.0.1:0"},
		Admin:  server.AdminConfig{Socket: filepath.Join(sockets, "admin.sock")},
	}.WithDefaults()}
	must(t, s.config.Check())
	return s
}

// start serves until stop, or the end of the test.
func (s *side) start() {
	s.t.Helper()
	var err error
	s.Server, err = server.New(s.t.Context(), s.config, server.Options{Organization: s.config.Name, Log: logger(s.t, s.config.Name)})
	must(s.t, err)
	l, err := s.Listen(s.t.Context())
	must(s.t, err)
	if a := l.RelayAddr(); a != nil {
		s.relayAt = a.String()
		s.config.Relay.Listen = s.relayAt // the same again after a restart
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(ctx) }()
	running := true
	s.stop = func() {
		if !running {
			return
		}
		running = false
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			s.t.Error(err)
		}
	}
	s.t.Cleanup(s.stop)
	text, err := os.ReadFile(s.CAFile())
	must(s.t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: s.config.Name}}
	s.t.Cleanup(transport.CloseIdleConnections)
	s.client = &http.Client{Transport: transport, Timeout: time.Minute}
	s.url = "https://" + l.Addr().String() + "/EWS/Exchange.asmx"
}

// logger writes errors and warnings into the test's output.
func logger(t *testing.T, name string) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})).With("side", name)
}

func (s *side) api() *admin.API {
	return s.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
}

// people makes an organization of some people.
func (s *side) people(domain string, who ...string) {
	s.t.Helper()
	ctx, api := s.t.Context(), s.api()
	_, err := api.AddDomain(ctx, admin.DomainName{Name: domain})
	must(s.t, err)
	_, err = api.AddDatabase(ctx, admin.AddDatabase{Name: "staff", URL: s.mail})
	must(s.t, err)
	for _, w := range who {
		upn := w + "@" + domain
		_, err = api.CreateAccount(ctx, admin.CreateAccount{UPN: upn, Database: "staff"})
		must(s.t, err)
		_, err = api.SetPassword(ctx, admin.SetPassword{AccountName: admin.AccountName{Account: upn}, Password: password})
		must(s.t, err)
	}
}

// ews asks as somebody and returns the answer, whatever it says.
func (s *side) ews(who, request string) string {
	s.t.Helper()
	q, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url, strings.NewReader(kit.Envelope(request)))
	must(s.t, err)
	q.Header.Set("Content-Type", "text/xml")
	q.SetBasicAuth(who, password)
	a, err := s.client.Do(q)
	must(s.t, err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	must(s.t, err)
	return string(text)
}

// does is ews for what has to work.
func (s *side) does(who, request string) string {
	s.t.Helper()
	text := s.ews(who, request)
	if code := kit.Code(text); code != "NoError" {
		s.t.Fatalf("%s: %s: %s", who, code, text)
	}
	return text
}

// items reads a folder of somebody's.
func (s *side) items(who string, folder mailbox.DistinguishedName) (*mailbox.View, []*mailbox.Item) {
	s.t.Helper()
	a, ok := s.Directory.Snapshot().FindSMTP(who)
	if !ok {
		s.t.Fatalf("nobody is %s", who)
	}
	session := s.Door.Local(a.Principal, "test")
	ctx := s.t.Context()
	v, err := session.Own(ctx)
	must(s.t, err)
	f, err := v.FolderByName(ctx, folder)
	must(s.t, err)
	page, err := v.Find(ctx, mailbox.Query{Folder: f.ID, Parts: mailbox.AllParts})
	must(s.t, err)
	must(s.t, session.Finish(ctx, ""))
	return v, page.Items
}

// subjects are those of a folder's items, with their classes.
func (s *side) subjects(who string, folder mailbox.DistinguishedName) string {
	_, all := s.items(who, folder)
	var b strings.Builder
	for _, it := range all {
		b.WriteString(it.Class + " " + it.Props.String(mailbox.PidTagSubject) + "\n")
	}
	return b.String()
}

// database opens the main database of a side that is stopped, as an intruder
// would.
func (s *side) database() *db.DB {
	s.t.Helper()
	url := s.config.Database
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		url = "sqlite:" + filepath.Join(s.config.State, file)
	}
	d, err := db.Open(s.t.Context(), url, db.Options{})
	must(s.t, err)
	return d
}

// records are those of an action, newest first.
func (s *side) records(action string) []audit.Record {
	s.t.Helper()
	all, err := s.Audit.Search(s.t.Context(), audit.Filter{Action: action})
	must(s.t, err)
	return all
}

// soon waits until something is so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within 20 s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// pair are both sides, with Anna and Ben outside, and inside Sara and Tom, who
// are in the group, and Hugo, who is not. All have addresses in one domain.
type pair struct{ outer, inner *side }

const all = "GetUserAvailability DeliverMeeting DeliverMail"

func newPair(t *testing.T, urls func() string, operations string, change ...func(outer, inner *server.RelayConfig)) *pair {
	t.Helper()
	outFolder, outPin := state(t)
	inFolder, inPin := state(t)
	agreement := server.RelayAgreementConfig{
		Name: "schedule", Operations: strings.Fields(operations), Askers: []string{"contoso.example"},
	}
	o, i := agreement, agreement
	o.Peer, o.Members = "vault", []string{"contoso.example"}
	i.Peer, i.Group = "office", "b@contoso.example"
	outer := &server.RelayConfig{
		Role: "outer", Listen: "127.0.0.1:0",
		Peers:      []server.RelayPeerConfig{{Name: "vault", Keys: []string{inPin}}},
		Agreements: []server.RelayAgreementConfig{o},
	}
	inner := &server.RelayConfig{
		Role:       "inner",
		Peers:      []server.RelayPeerConfig{{Name: "office", Keys: []string{outPin}, Connect: []string{"127.0.0.1:1"}}},
		Agreements: []server.RelayAgreementConfig{i},
	}
	for _, c := range change {
		c(outer, inner)
	}
	p := &pair{outer: newSide(t, "mail.contoso.example", outFolder, outer, urls)}
	p.outer.start()
	p.outer.people("contoso.example", "anna", "ben")
	inner.Peers[0].Connect = []string{p.outer.relayAt}
	p.inner = newSide(t, "vault.contoso.example", inFolder, inner, urls)
	p.inner.start()
	p.inner.people("contoso.example", "sara", "tom", "hugo")
	p.group(t)
	return p
}

// group makes the secure group.
func (p *pair) group(t *testing.T) {
	t.Helper()
	_, err := p.inner.api().CreateGroup(t.Context(), admin.CreateGroup{Mail: "b@contoso.example", Members: []string{"sara@contoso.example", "tom@contoso.example"}})
	must(t, err)
}

// group changes who is in it.
func (s *side) group(verb, who string) {
	s.t.Helper()
	change := s.api().AddMembers
	if verb == "drop" {
		change = s.api().DropMembers
	}
	_, err := change(s.t.Context(), admin.Members{GroupName: admin.GroupName{Group: "b@contoso.example"}, Members: []string{who}})
	must(s.t, err)
}

func adminVerify() admin.VerifyAudit { return admin.VerifyAudit{} }

// connected waits for the channels both ways.
func (p *pair) connected() {
	t := p.outer.t
	t.Helper()
	for _, s := range []*side{p.outer, p.inner} {
		soon(t, s.config.Name+" has a channel", func() bool { return s.status().Peers[0].Channels > 0 })
	}
}

func (s *side) status() relay.Status {
	s.t.Helper()
	st, err := s.api().RelayStatus(s.t.Context(), admin.Nothing{})
	must(s.t, err)
	return st
}

// each runs a test with SQLite on both sides, and with PostgreSQL.
func each(t *testing.T, f func(t *testing.T, urls func() string)) {
	n := 0
	sqlite := func() string { n++; return "sqlite:" + string(rune('a'+n)) + ".db" }
	t.Run("sqlite", func(t *testing.T) { f(t, sqlite) })
	t.Run("postgres", func(t *testing.T) { f(t, func() string { return dbtest.PostgresURL(t) }) })
}

func sqlite(t *testing.T) func() string {
	n := 0
	return func() string { n++; return "sqlite:" + string(rune('a'+n)) + ".db" }
}

// tomorrow is an hour of the next day, in UTC.
func tomorrow(hour int) time.Time {
	return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Add(time.Duration(hour) * time.Hour)
}

// rogue is an outer side that keeps to nothing: it has the key that the inner
// side has pinned, and asks as it likes.
func rogue(t *testing.T, folder, innerPin string) (*relay.Relay, string) {
	t.Helper()
	f, err := keys.OpenFiles(filepath.Join(folder, "keys"))
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	signer, err := f.Signer("relay", keys.Ed25519)
	must(t, err)
	r, err := relay.New(relay.Config{
		Settings: relay.Settings{Role: relay.Outer, Peers: []relay.Peer{{Name: "vault", Keys: []relay.Pin{relay.Pin(innerPin)}}}},
		Signer:   signer, Node: "mail.contoso.example", Log: logger(t, "rogue"), Now: time.Now,
	})
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, l) }()
	t.Cleanup(func() { stop(); must(t, <-ended) })
	return r, l.Addr().String()
}
