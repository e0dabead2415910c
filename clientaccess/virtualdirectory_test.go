package clientaccess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/authn"
	"entente/directory"
)

// offer changes what the server offers by a protocol.
func (o *organization) offer(p Protocol, f func(*directory.VirtualDirectory)) {
	o.t.Helper()
	o.must(o.Directory.Update(o.t.Context(), func(c *directory.Change) error {
		return c.SetVirtualDirectory(exchange, string(p), func(v *directory.VirtualDirectory) error { f(v); return nil })
	}))
}

// TestVirtualDirectory: what a virtual directory does not offer is neither invited
// nor looked at, and the others go on.
func TestVirtualDirectory(t *testing.T) {
	var logged bytes.Buffer
	o := open(t, func(c *Config) { c.Slog = slog.New(slog.NewTextHandler(&logged, nil)) })
	test := func(p Protocol, authorization string, status int, invited ...string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		o.Guard(p, o.enter(func(context.Context, *Session) {})).ServeHTTP(w, r)
		if got := w.Header().Values("WWW-Authenticate"); w.Code != status || !slices.Equal(got, invited) {
			t.Errorf("%s %.6s: %d %q, want %d %q", p, authorization, w.Code, got, status, invited)
		}
	}
	const invitation = `Basic realm="contoso", charset="UTF-8"`
	token := "Bearer " + o.token.Reveal()
	test(EWS, as("anna"), 200)
	test(EWS, token, 200)
	test(EWS, "", 401, invitation)

	o.offer(EWS, func(v *directory.VirtualDirectory) { v.Basic = access.Off })
	test(EWS, as("anna"), 401)
	test(EWS, basic("anna@contoso.example", "wrong"), 401)
	test(EWS, token, 200)
	test(EWS, "", 401)
	test(Autodiscover, as("anna"), 200)
	if n := strings.Count(logged.String(), "does not offer the method"); n != 1 {
		t.Errorf("logged %d times: %s", n, &logged)
	}

	o.offer(EWS, func(v *directory.VirtualDirectory) { v.Basic, v.Bearer = access.On, access.Off })
	test(EWS, as("anna"), 200)
	test(EWS, token, 401, invitation)

	want := "[{negotiate false false} {certificate false false} {bearer true false} {basic true true}]"
	if got := fmt.Sprint(o.Offers(EWS)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// What another server offers is none of this one's business.
	o.must(o.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetVirtualDirectory("ex2.contoso.example", string(EWS), func(v *directory.VirtualDirectory) error { v.Basic = access.Off; return nil })
	}))
	test(EWS, as("anna"), 200)
}

// Whoever waits is turned away when what he came by is offered no more.
func TestVirtualDirectoryOfThoseWhoWait(t *testing.T) {
	o := open(t, nil)
	again := func() error {
		var err error
		o.send(as("anna"), func(s *Session, _ http.ResponseWriter, r *http.Request) {
			o.must(s.Enter())
			r, werr := s.Wait(r)
			o.must(werr)
			o.offer(EWS, func(v *directory.VirtualDirectory) { v.Basic = access.Off })
			var n *Session
			if n, err = s.Again(r, o.sids["anna"]); err == nil {
				n.Done(r.Context())
			}
			o.must(s.Conclude(r.Context(), ""))
		})
		return err
	}
	o.because(again(), SignInAgain)
}

// A ticketed method takes everybody for Anna, who has a ticket.
type ticketed struct {
	o    *organization
	ends time.Time
}

func (m *ticketed) Name() access.Method   { return access.Negotiate }
func (m *ticketed) Challenge(http.Header) {}
func (m *ticketed) Ends() time.Time       { return m.ends }

func (m *ticketed) Authenticate(r *http.Request, _ http.Header) (*access.Caller, error) {
	if r.Header.Get("Authorization") != "Negotiate once" {
		return nil, nil
	}
	return &access.Caller{Authenticated: access.Principal{SID: m.o.sids["anna"]}, Method: access.Negotiate, Realm: "CONTOSO.EXAMPLE", Ticket: m}, nil
}

// Whoever waits and came by a ticket, whose token is good once, goes on as long as
// the ticket does.
func TestTicketsOfThoseWhoWait(t *testing.T) {
	m := &ticketed{ends: time.Now().Add(time.Hour)}
	o := open(t, func(c *Config) { c.Methods = authn.Methods{m} })
	m.o = o
	test := func(what string, change func(), want entente.Reason) {
		t.Helper()
		w := o.send("Negotiate once", func(s *Session, _ http.ResponseWriter, r *http.Request) {
			o.must(s.Enter())
			r, err := s.Wait(r)
			o.must(err)
			change()
			n, err := s.Again(r, o.sids["anna"])
			if err == nil {
				n.Done(r.Context())
			}
			var e *entente.Error
			if want == "" && err != nil || want != "" && (!errors.As(err, &e) || e.Reason != want) {
				t.Errorf("%s: %v, want %q", what, err, want)
			}
			o.must(s.Conclude(r.Context(), ""))
		})
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", what, w.Code)
		}
	}
	test("nothing changes", func() {}, "")
	test("the ticket ends", func() { m.ends = time.Now().Add(-time.Second) }, SignInAgain)
	m.ends = time.Now().Add(time.Hour)
	test("the method is offered no more", func() { o.offer(EWS, func(v *directory.VirtualDirectory) { v.Negotiate = access.Off }) }, SignInAgain)
	o.offer(EWS, func(v *directory.VirtualDirectory) { v.Negotiate = access.On })
	test("the account is disabled", func() {
		o.must(o.Directory.Update(t.Context(), func(c *directory.Change) error {
			return c.SetAccount(o.sids["anna"], func(a *directory.Account) error { a.Enabled = false; return nil })
		}))
	}, access.NoRight)
}
