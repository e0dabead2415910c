package transport_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/db/dbtest"
	"entente/mailbox"
	"entente/server"
	"entente/test/kit"
)

const password = "correct horse battery"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A house is a whole server with an organization, and a clock that tests move.
type house struct {
	t      *testing.T
	domain string
	config server.Config
	boxes  string // URL of its mailbox database
	*server.Server
	listening *server.Listening
	ahead     atomic.Int64 // of the real time
	client    *http.Client
	url       string
	stop      func()
}

// newHouse makes a server named mail.DOMAIN. Start it.
func newHouse(t *testing.T, domain string, urls func() string, c *server.TransportConfig) *house {
	t.Helper()
	sockets, err := os.MkdirTemp("", "mail")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(sockets) })
	folder := filepath.Join(t.TempDir(), "state")
	must(t, os.Mkdir(folder, 0o700))
	h := &house{t: t, domain: domain, boxes: urls(), config: server.Config{
		Name: "mail." + domain, State: folder, Database: urls(), Transport: c,
		Listen: server.ListenConfig{HTTPS: "127.0.0.1:0"},
		Admin:  server.AdminConfig{Socket: filepath.Join(sockets, "admin.sock")},
	}.WithDefaults()}
	must(t, h.config.Check())
	return h
}

func (h *house) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// pass moves the clock and has done what is due then.
func (h *house) pass(d time.Duration) {
	h.ahead.Add(int64(d))
	h.Tick(h.t.Context())
}

// start serves until stop, or the end of the test.
func (h *house) start() {
	h.t.Helper()
	var err error
	log := slog.New(slog.NewTextHandler(h.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})).With("house", h.domain)
	h.Server, err = server.New(h.t.Context(), h.config, server.Options{Organization: h.domain, Log: log, Now: h.now})
	must(h.t, err)
	h.listening, err = h.Listen(h.t.Context())
	must(h.t, err)
	ctx, cancel := context.WithCancel(h.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.listening.Serve(ctx) }()
	running := true
	h.stop = func() {
		if !running {
			return
		}
		running = false
		cancel()
		if err := errors.Join(<-ended, h.Close()); err != nil {
			h.t.Error(err)
		}
	}
	h.t.Cleanup(h.stop)
	text, err := os.ReadFile(h.CAFile())
	must(h.t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: h.config.Name}}
	h.t.Cleanup(transport.CloseIdleConnections)
	h.client = &http.Client{Transport: transport, Timeout: time.Minute}
	h.url = "https://" + h.listening.Addr().String() + "/EWS/Exchange.asmx"
}

// at is the address of a receive connector.
func (h *house) at(connector string) string { return h.listening.MailAddr(connector).String() }

func (h *house) api() *admin.API {
	return h.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
}

// people makes an organization of some people.
func (h *house) people(who ...string) {
	h.t.Helper()
	ctx, api := h.t.Context(), h.api()
	_, err := api.AddDomain(ctx, admin.DomainName{Name: h.domain})
	must(h.t, err)
	_, err = api.AddDatabase(ctx, admin.AddDatabase{Name: "staff", URL: h.boxes})
	must(h.t, err)
	for _, w := range who {
		upn := w + "@" + h.domain
		_, err = api.CreateAccount(ctx, admin.CreateAccount{UPN: upn, Database: "staff"})
		must(h.t, err)
		_, err = api.SetPassword(ctx, admin.SetPassword{AccountName: admin.AccountName{Account: upn}, Password: password})
		must(h.t, err)
	}
}

// ews asks as somebody and returns the answer, whatever it says.
func (h *house) ews(who, request string) string {
	h.t.Helper()
	q, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.url, strings.NewReader(kit.Envelope(request)))
	must(h.t, err)
	q.Header.Set("Content-Type", "text/xml")
	q.SetBasicAuth(who+"@"+h.domain, password)
	a, err := h.client.Do(q)
	must(h.t, err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	must(h.t, err)
	return string(text)
}

// does is ews for what has to work.
func (h *house) does(who, request string) string {
	h.t.Helper()
	text := h.ews(who, request)
	if code := kit.Code(text); code != "NoError" {
		h.t.Fatalf("%s: %s: %s", who, code, text)
	}
	return text
}

// sends has somebody write to others; more is XML of the message.
func (h *house) sends(who, subject, more string, to ...string) {
	h.t.Helper()
	var b strings.Builder
	for _, a := range to {
		b.WriteString(`<t:Mailbox><t:EmailAddress>` + a + `</t:EmailAddress></t:Mailbox>`)
	}
	h.does(who, `<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:SavedItemFolderId><t:DistinguishedFolderId Id="sentitems"/></m:SavedItemFolderId><m:Items><t:Message>`+
		`<t:Subject>`+subject+`</t:Subject><t:Body BodyType="Text">.Hello`+"\r\n.\r\n"+`..you</t:Body><t:ToRecipients>`+b.String()+`</t:ToRecipients>`+more+`</t:Message></m:Items></m:CreateItem>`)
}

// sendsMIME has somebody send bytes of his own.
func (h *house) sendsMIME(who, mime string) {
	h.t.Helper()
	h.does(who, `<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message><t:MimeContent CharacterSet="UTF-8">`+
		base64.StdEncoding.EncodeToString([]byte(mime))+`</t:MimeContent></t:Message></m:Items></m:CreateItem>`)
}

// items reads a folder of somebody's.
func (h *house) items(who string, folder mailbox.DistinguishedName) (*mailbox.View, []*mailbox.Item) {
	h.t.Helper()
	a, ok := h.Directory.Snapshot().FindSMTP(who + "@" + h.domain)
	if !ok {
		h.t.Fatalf("nobody is %s", who)
	}
	session := h.Door.Local(a.Principal, "test")
	ctx := h.t.Context()
	v, err := session.Own(ctx)
	must(h.t, err)
	f, err := v.FolderByName(ctx, folder)
	must(h.t, err)
	page, err := v.Find(ctx, mailbox.Query{Folder: f.ID, Parts: mailbox.AllParts})
	must(h.t, err)
	must(h.t, session.Finish(ctx, ""))
	return v, page.Items
}

// inbox are class and subject of what somebody has got, one a line, in the order of
// the alphabet.
func (h *house) inbox(who string) string {
	h.t.Helper()
	_, all := h.items(who, mailbox.Inbox)
	var lines []string
	for _, it := range all {
		lines = append(lines, it.Class+" "+it.Props.String(mailbox.PidTagSubject)+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// mime are the bytes of the first message with a subject in somebody's Inbox.
func (h *house) mime(who, subject string) string {
	h.t.Helper()
	_, all := h.items(who, mailbox.Inbox)
	for _, it := range all {
		if it.Props.String(mailbox.PidTagSubject) == subject {
			return string(it.MIME)
		}
	}
	h.t.Fatalf("%s has no %q: %s", who, subject, h.inbox(who))
	return ""
}

func (h *house) records(action string) []audit.Record {
	h.t.Helper()
	all, err := h.Audit.Search(h.t.Context(), audit.Filter{Action: action})
	must(h.t, err)
	return all
}

// soon waits until something is so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within 30 s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// each runs a test with SQLite, and with PostgreSQL.
func each(t *testing.T, f func(t *testing.T, urls func() string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, sqlite()) })
	t.Run("postgres", func(t *testing.T) { f(t, func() string { return dbtest.PostgresURL(t) }) })
}

func sqlite() func() string {
	n := 0
	return func() string { n++; return "sqlite:" + string(rune('a'+n)) + ".db" }
}

// A host is a smart host that does as it is told: to each phase of the conversation
// it answers what stands in its script, or yes.
type host struct {
	t        *testing.T
	listener net.Listener
	mu       sync.Mutex
	script   map[string][]string // phase: its answers, one after the other; the last stays
	offers   []string
	took     []taken
	tls      *tls.Config
	lines    []string // commands
	open     map[net.Conn]bool
}

// hangsUp ends the connections there are, so that the next message needs another.
func (h *host) hangsUp() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.open {
		_ = c.Close()
	}
}

// taken is a message that the host has said yes to.
type taken struct {
	from string
	to   []string
	data string
}

// The phases are greeting, EHLO, MAIL, RCPT (and "RCPT address"), DATA, half (of the
// message) and end. An answer "drop" hangs up instead, "mute" hangs up after having
// taken the message.
func newHost(t *testing.T, offers ...string) *host {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	h := &host{t: t, listener: l, offers: offers, script: map[string][]string{}, open: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go h.talk(c)
		}
	}()
	return h
}

func (h *host) at() string { return h.listener.Addr().String() }

// says sets the answers of a phase.
func (h *host) says(phase string, answers ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(answers) == 0 {
		delete(h.script, phase)
		return
	}
	h.script[phase] = answers
}

// answer is what the script has for a phase, or else yes.
func (h *host) answer(yes string, phases ...string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range phases {
		if all := h.script[p]; len(all) > 0 {
			if len(all) > 1 {
				h.script[p] = all[1:]
			}
			return all[0]
		}
	}
	return yes
}

// has are the messages it has said yes to.
func (h *host) has() []taken {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]taken(nil), h.took...)
}

func (h *host) said(prefix string) (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.lines {
		if strings.HasPrefix(l, prefix) {
			all = append(all, l)
		}
	}
	return all
}

func (h *host) talk(c net.Conn) {
	raw := c
	defer func() {
		_ = raw.Close()
		h.mu.Lock()
		delete(h.open, raw)
		h.mu.Unlock()
	}()
	h.mu.Lock()
	h.open[raw] = true
	h.mu.Unlock()
	r := bufio.NewReader(c)
	say := func(text string) bool {
		if text == "drop" {
			return false
		}
		_, err := io.WriteString(c, text+"\r\n")
		return err == nil && !strings.HasPrefix(text, "421")
	}
	if !say(h.answer("220 host ready", "greeting")) {
		return
	}
	var m taken
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		h.mu.Lock()
		h.lines = append(h.lines, line)
		h.mu.Unlock()
		word, rest, _ := strings.Cut(line, " ")
		answer := "250 2.0.0 ok"
		switch strings.ToUpper(word) {
		case "EHLO", "HELO":
			h.mu.Lock()
			list := append([]string{"host"}, h.offers...)
			h.mu.Unlock()
			for i := range list {
				if i == len(list)-1 {
					list[i] = "250 " + list[i]
				} else {
					list[i] = "250-" + list[i]
				}
			}
			answer = h.answer(strings.Join(list, "\r\n"), "EHLO")
		case "STARTTLS":
			if !say(h.answer("220 go", "STARTTLS")) {
				return
			}
			h.mu.Lock()
			t := tls.Server(c, h.tls)
			h.mu.Unlock()
			if t.Handshake() != nil {
				return
			}
			c, r = t, bufio.NewReader(t)
			continue
		case "AUTH":
			answer = h.answer("235 2.7.0 welcome", "AUTH")
		case "MAIL":
			m = taken{from: between(rest)}
			answer = h.answer(answer, "MAIL")
		case "RCPT":
			address := between(rest)
			if answer = h.answer(answer, "RCPT "+address, "RCPT"); answer[0] == '2' {
				m.to = append(m.to, address)
			}
		case "DATA":
			if answer = h.answer("354 go on", "DATA"); answer[:3] != "354" {
				break
			}
			if !say(answer) {
				return
			}
			half := h.answer("", "half")
			for {
				line, err := r.ReadString('\n')
				if err != nil || half == "drop" {
					return
				}
				if line == ".\r\n" {
					break
				}
				m.data += strings.TrimPrefix(line, ".")
			}
			answer = h.answer(answer[:0]+"250 2.0.0 queued as 1", "end")
			if answer[0] == '2' || answer == "mute" {
				h.mu.Lock()
				h.took = append(h.took, m)
				h.mu.Unlock()
			}
			if answer == "mute" {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		}
		if !say(answer) {
			return
		}
	}
}

func between(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

// outward is a house whose mail leaves by some hosts.
func outward(hosts ...*host) *server.TransportConfig {
	c := server.SendConnectorConfig{Name: "out"}
	for _, h := range hosts {
		c.SmartHosts = append(c.SmartHosts, h.at())
	}
	return &server.TransportConfig{Send: []server.SendConnectorConfig{c}}
}

// inward lets mail in over loopback.
func inward() *server.TransportConfig {
	return &server.TransportConfig{Receive: []server.ReceiveConnectorConfig{
		{Name: "in", Listen: "127.0.0.1:0"}, {Name: "front", Listen: "127.0.0.1:0", Protocol: "lmtp"},
	}}
}

// A talker brings mail by hand.
type talker struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

func talk(t *testing.T, address string) *talker {
	t.Helper()
	c, err := net.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	must(t, c.SetDeadline(time.Now().Add(time.Minute)))
	return &talker{t, c, bufio.NewReader(c)}
}

// hears reads one answer, all its lines.
func (k *talker) hears() string {
	k.t.Helper()
	var b strings.Builder
	for {
		line, err := k.r.ReadString('\n')
		if err != nil {
			return b.String() + "(" + err.Error() + ")"
		}
		b.WriteString(line)
		if len(line) < 4 || line[3] != '-' {
			return strings.TrimRight(b.String(), "\r\n")
		}
	}
}

// says sends a line and returns the answer.
func (k *talker) says(format string, args ...any) string {
	k.t.Helper()
	_, err := fmt.Fprintf(k.c, format+"\r\n", args...)
	must(k.t, err)
	return k.hears()
}

// brings brings a message and returns the answers to each recipient and to the end.
func brings(t *testing.T, address, from, data string, to ...string) []string {
	t.Helper()
	k := talk(t, address)
	k.hears()
	k.says("EHLO outside.example")
	answers := []string{k.says("MAIL FROM:<%s>", from)}
	if answers[0][0] != '2' {
		return answers
	}
	answers = answers[:0]
	any := false
	for _, a := range to {
		answer := k.says("RCPT TO:<%s>", a)
		any = any || answer[0] == '2'
		answers = append(answers, answer)
	}
	if !any {
		return answers
	}
	if answer := k.says("DATA"); answer[0] != '3' {
		return append(answers, answer)
	}
	data = strings.ReplaceAll(strings.ReplaceAll(data, "\r\n", "\n"), "\n", "\r\n")
	answers = append(answers, k.says("%s\r\n.", strings.ReplaceAll("\r\n"+data, "\r\n.", "\r\n..")[2:]))
	k.says("QUIT")
	return answers
}

// letter is a message from outside.
func letter(from, to, subject, more string) string {
	return "From: " + from + "\r\nTo: " + to + "\r\nSubject: " + subject + "\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n" +
		"Message-ID: <" + hash(from+subject+more) + "@outside.example>\r\n" + more + "\r\nHello " + subject + "\r\n"
}

func hash(s string) string {
	n := uint64(14695981039346656037)
	for _, c := range []byte(s) {
		n = (n ^ uint64(c)) * 1099511628211
	}
	return fmt.Sprintf("%x", n)
}

func mustWrite(t *testing.T, file, text string) {
	t.Helper()
	must(t, os.WriteFile(file, []byte(text), 0o600))
}

// secret goes on over TLS.
func (k *talker) secret(h *house) *talker {
	k.t.Helper()
	if got := k.says("STARTTLS"); got[:3] != "220" {
		k.t.Fatal(got)
	}
	text, err := os.ReadFile(h.CAFile())
	must(k.t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	c := tls.Client(k.c, &tls.Config{RootCAs: roots, ServerName: h.config.Name})
	must(k.t, c.HandshakeContext(k.t.Context()))
	return &talker{k.t, c, bufio.NewReader(c)}
}
