package publish

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/audit"
	"entente/clientaccess"
	"entente/db"
	"entente/directory"
	"entente/ews"
	"entente/ews/ewsserver"
	"entente/kerberos/kdctest"
	"entente/mailbox"
)

// A door decides for the gateway as at a server with mailboxes.
type door struct {
	*clientaccess.Door
	front *ewsserver.Front
}

// Enforce implements Enforcer.
func (d door) Enforce(rule *Rule, c *access.Caller, id string, w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter, *http.Request, access.Principal)) {
	d.Admit(clientaccess.EWS, id, c, d.front.Passing(ewsserver.Impersonation(rule.Impersonate), pass), w, r)
}

func (w *realmWorld) door() door {
	w.t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	store := mailbox.New(mailbox.Config{Databases: func(string) (*db.DB, error) { return nil, errors.New("there are no mailboxes here") }})
	w.t.Cleanup(func() {
		if err := store.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return door{
		clientaccess.New(clientaccess.Config{
			Server: "gw.contoso.example", Methods: w.basic(), Directory: w.directory, Mailboxes: store, Log: w.audit, Slog: quiet, Now: time.Now,
		}),
		ewsserver.NewFront(ewsserver.Config{Log: quiet}),
	}
}

// TestTranslatedImpersonation: an assignment here lets an application act as
// somebody at a server that knows nothing of it, by a ticket in his name; the KDC
// has its word, and the record names both.
func TestTranslatedImpersonation(t *testing.T) {
	w := newRealmWorld(t, kdctest.Samba(t), "gw")
	err := w.directory.Update(t.Context(), func(c *directory.Change) error {
		var errs []error
		for _, who := range []string{"alice", "carol"} {
			errs = append(errs, c.CreateAssignment(&directory.Assignment{Assignment: access.Assignment{
				Assignee: w.people["bob"].SID, Rights: access.ApplicationImpersonation, Enabled: true, Scope: access.Scope{Kind: access.ScopeAccount, Name: string(w.people[who].SID)},
			}}))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	inside, came := w.kerberised("cas", false)
	start := func(how Impersonation) *http.Client {
		conf := w.kcd(inside)
		conf.Enforcer = w.door()
		r := &conf.Rules[0]
		r.Paths, r.Preset, r.Enforce, r.Impersonate = nil, EWS, true, how
		return w.start(conf).client("internet")
	}
	const head, tail = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="` + ews.NSTypes + `" xmlns:m="` + ews.NSMessages + `"><s:Header>`, `</s:Header><s:Body><m:GetRoomLists/></s:Body></s:Envelope>`
	as := func(who string) string {
		return `<t:ExchangeImpersonation><t:ConnectingSID><t:PrincipalName>` + who + `@contoso.example</t:PrincipalName></t:ConnectingSID></t:ExchangeImpersonation>`
	}
	post := func(c *http.Client, header string) (int, string) {
		t.Helper()
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://mail.contoso.example/EWS/Exchange.asmx", strings.NewReader(head+header+tail))
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
		return do(t, c, r, "bob")
	}
	c := start(ImpersonateTranslate)
	if status, body := post(c, as("alice")); status != 200 || !strings.HasPrefix(body, "alice alice ") || strings.Contains(body, "ExchangeImpersonation") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := post(c, ""); status != 200 || !strings.HasPrefix(body, "bob bob ") {
		t.Errorf("%d %s", status, body)
	}
	before := came.Load()
	if status, body := post(c, as("u01")); status != 500 || !strings.Contains(body, "ErrorImpersonateUserDenied") {
		t.Errorf("without an assignment: %d %s", status, body)
	}
	if status, body := post(c, as("carol")); status != 403 {
		t.Errorf("whom the KDC does not let be delegated: %d %s", status, body)
	}
	if came.Load() != before {
		t.Error("a refused request went inside")
	}
	if status, body := post(start(ImpersonatePass), as("alice")); status != 200 || !strings.HasPrefix(body, "bob bob ") || !strings.Contains(body, as("alice")) {
		t.Errorf("passed: %d %s", status, body)
	}
	if status, body := post(start(ImpersonateRefuse), as("alice")); status != 500 || !strings.Contains(body, "ErrorImpersonationDenied") {
		t.Errorf("refused: %d %s", status, body)
	}
	if err := w.audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.records() {
		if r.Action == "ews.GetRoomLists" && r.Kind == audit.Impersonated && r.Allowed && r.By.SID == w.people["bob"].SID && r.As.SID == w.people["alice"].SID && len(r.Grounds) > 0 {
			return
		}
	}
	t.Errorf("no record names both: %+v", w.records())
}

// TestFederationPaths: the paths of WS-Security pass a listener of certificates
// where a rule publishes them, byte for byte and with what was signed, and carry
// nothing in that is no token.
func TestFederationPaths(t *testing.T) {
	w := newWorld(t)
	type seen struct{ host, authorization, body string }
	got := make(chan seen, 10)
	inside := w.inside(func(rw http.ResponseWriter, r *http.Request) {
		b := make([]byte, 1<<20)
		n, _ := r.Body.Read(b)
		got <- seen{r.Host, r.Header.Get("Authorization"), string(b[:n])}
	}, false)
	people := newAuthority(t, "People")
	conf := w.config(inside)
	l := &conf.Listeners[0]
	l.Auth, l.Judge, l.Methods = []ClientAuth{WithCertificate}, w.judge(people), w.certificates(people)
	conf.Rules[0].Delegation = KCD
	conf.Rules = append(conf.Rules, Rule{
		Name: "partners", Listener: "internet", Names: []string{"mail.contoso.example"}, Preset: Federation,
		Site: "cas.contoso.example", Inside: conf.Rules[0].Inside, Roots: w.internal.pool(),
	})
	c := w.start(conf).client("internet")
	post := func(path, body string, header ...string) int {
		t.Helper()
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://mail.contoso.example"+path, strings.NewReader(body))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		status, _ := do(t, c, r, "")
		return status
	}
	odd := strings.Replace(message(encrypted), "<s:Body>", "\r\n<s:Body  >", 1)
	for _, path := range []string{"/EWS/Exchange.asmx/WSSecurity", "/ews/exchange.asmx/wssecurity/symmetrickey", "/autodiscover/autodiscover.svc/WSSecurity"} {
		if status := post(path, odd); status != 200 {
			t.Errorf("%s: %d", path, status)
			continue
		}
		if s := <-got; s.body != odd || s.host != "mail.contoso.example" {
			t.Errorf("%s: %+v", path, s)
		}
	}
	jwt := []string{"Authorization", "Delegation a..b.c.d", "Signature", "x", "Signature-Input", "x", "Content-Digest", "x"}
	if status := post("/EWS/Exchange.asmx/WSSecurity", odd, jwt...); status != 200 {
		t.Errorf("a JWT: %d", status)
	} else if s := <-got; s.authorization != jwt[1] || s.body != odd {
		t.Errorf("%+v", s)
	}
	for _, test := range []struct {
		path, body string
		want       int
	}{
		{"/EWS/Exchange.asmx/WSSecurity", "<a/>", 403},
		{"/EWS/Exchange.asmx/WSSecurity", message(encrypted) + strings.Repeat(" ", maxOpenBody), 413},
		{"/EWS/Exchange.asmx/WSSecurity/X509Cert", odd, 404},
		{"/EWS/Exchange.asmx", odd, 404},
		{"/x/", odd, 403}, // the other rule's, which wants a certificate
	} {
		if status := post(test.path, test.body); status != test.want {
			t.Errorf("%s: %d, want %d", test.path, status, test.want)
		}
	}
	if len(got) > 0 {
		t.Errorf("a stranger's request went inside: %+v", <-got)
	}
}
