package clientaccess

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"entente/access"
	"entente/audit"
	"entente/directory"
	"entente/mailbox"
)

// Whoever guesses learns nothing from the answer: unknown, disabled and wrong
// password differ in nothing but the request's id.
func TestStrangersLookAlike(t *testing.T) {
	o := open(t, nil)
	answer := func(w *httptest.ResponseRecorder) string {
		h := w.Header().Clone()
		if h.Get("Request-Id") == "" {
			t.Error("an answer without a request id")
		}
		h.Del("Request-Id")
		return fmt.Sprint(w.Code, h, w.Body)
	}
	nobody := func(*Session, http.ResponseWriter, *http.Request) { t.Error("a stranger came in") }
	want := answer(o.send("", nobody))
	if w := o.send("", nobody); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != `Basic realm="contoso", charset="UTF-8"` {
		t.Fatalf("the invitation is %d %v", w.Code, w.Header())
	}
	test := func(what, authorization string) {
		t.Helper()
		if got := answer(o.send(authorization, nobody)); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	test("unknown", as("nobody"))
	test("disabled", as("otto"))
	test("wrong password", basic("anna@contoso.example", "wrong"))
	test("no password", basic("anna@contoso.example", ""))
	test("no name", basic("", password))
	test("no colon", "Basic "+base64.StdEncoding.EncodeToString([]byte("anna@contoso.example")))
	test("not base64", "Basic ***")
	test("wrong token", "Bearer AAAA")
	test("empty token", "Bearer ")
	test("another scheme", "NTLM TlRMTVNTUAABAAAA")
	test("no scheme", "anna")
}

func TestPasswordsOverPlainHTTPAreRefused(t *testing.T) {
	o := open(t, nil)
	for _, h := range [...]string{as("anna"), "Bearer " + o.token.Reveal()} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set("X-Plain", "1")
		r.Header.Set("Authorization", h)
		w := o.serve(r, func(*Session, http.ResponseWriter, *http.Request) { t.Error("came in without TLS") })
		if w.Code != http.StatusUnauthorized {
			t.Errorf("answer %d", w.Code)
		}
	}
}

// Refused sign-ins cost one record a source; asking without credentials, as
// every client does first, none.
func TestStrangersAreCounted(t *testing.T) {
	o := open(t, nil)
	o.send("", nil)
	o.send(as("nobody"), nil)
	o.send("Bearer AAAA", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o.Run(ctx)
	got := o.records(audit.Filter{})
	if len(got) != 1 || got[0].Kind != audit.Stranger || got[0].Count != 2 || got[0].Address != peer || got[0].Allowed {
		t.Errorf("recorded %+v", got)
	}
	o.Run(ctx)
	if n := len(o.records(audit.Filter{})); n != 1 {
		t.Errorf("%d records after nothing more happened", n)
	}
}

func TestManySourcesCostNoMemory(t *testing.T) {
	s := strangers{refused: map[string]int{}}
	for i := range maxSources + 5 {
		s.count(fmt.Sprint("source ", i))
	}
	s.count("source 1")
	got := s.take()
	if len(got) != maxSources+1 || got[otherSources] != 5 || got["source 1"] != 2 {
		t.Errorf("%d sources, %d among others, %d of the first", len(got), got[otherSources], got["source 1"])
	}
}

// A sign-in that could not be checked is not one that was wrong: clients throw
// passwords away on 401.
func TestSignInThatCannotBeChecked(t *testing.T) {
	o := open(t, nil)
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.Header.Set("Authorization", basic("anna@contoso.example", "not checked before"))
	w := o.serve(r.WithContext(ctx), func(*Session, http.ResponseWriter, *http.Request) { t.Error("came in") })
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("answer %d %v", w.Code, w.Header())
	}
}

func TestNothingOpensBeforeEnter(t *testing.T) {
	o := open(t, nil)
	w := o.send(as("anna"), func(s *Session, _ http.ResponseWriter, r *http.Request) {
		_, err := s.Own(r.Context())
		o.because(err, access.NoRight)
		_, err = s.MailboxOf(r.Context(), "ben@contoso.example")
		o.because(err, access.NoRight)
		_, err = s.Deliver(r.Context(), o.boxes["ben"], &mailbox.Item{Class: "IPM.Note"})
		o.because(err, access.NoRight)
		o.because(s.May(o.boxes["anna"], access.SendAs), access.NoRight)
		o.must(s.Enter())
		_, err = s.Own(r.Context())
		o.must(err)
		o.must(s.May(o.boxes["anna"], access.SendAs))
		o.because(s.May(o.boxes["ben"], access.SendAs), access.NoRight)
	})
	if w.Code != http.StatusOK {
		t.Errorf("answer %d", w.Code)
	}
}

func TestOwnMailbox(t *testing.T) {
	o := open(t, nil)
	o.send(as("carla"), func(s *Session, _ http.ResponseWriter, r *http.Request) {
		o.must(s.Enter())
		_, err := s.Own(r.Context())
		o.because(err, access.MissingEmailAddress)
		_, err = s.MailboxOf(r.Context(), "carla@contoso.example")
		o.because(err, access.NonExistentMailbox)
		_, err = s.MailboxOf(r.Context(), "nobody@contoso.example")
		o.because(err, access.NonExistentMailbox)
	})
}

// The gate stays shut for whose settings say so, and what was refused there is
// recorded with the setting to change.
func TestGate(t *testing.T) {
	o := open(t, nil)
	o.must(o.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetAccount(o.sids["anna"], func(a *directory.Account) error {
			a.Policy = &access.ClientPolicy{EwsEnabled: access.Off}
			return nil
		})
	}))
	var id string
	refused := func(s *Session, _ http.ResponseWriter, r *http.Request) {
		id = s.RequestID()
		s.Operation("GetItem", false)
		o.because(s.Enter(), access.EwsDisabledByMailbox)
		_, err := s.Own(r.Context())
		o.because(err, access.NoRight)
		o.must(s.Conclude(r.Context(), "ErrorAccessDenied"))
	}
	o.send(as("anna"), refused)
	got := o.records(audit.Filter{Request: id})
	if len(got) != 1 || got[0].Allowed || got[0].Code != "ErrorAccessDenied" || got[0].Action != "ews.GetItem" || len(got[0].Steps) == 0 {
		t.Errorf("recorded %+v", got)
	}
	// The gate asked is that of whom the caller acts as.
	o.send(as("crm"), func(s *Session, w http.ResponseWriter, r *http.Request) {
		o.must(s.Impersonate(access.ConnectingSID{PrimarySmtpAddress: "anna@contoso.example"}))
		refused(s, w, r)
	})
	o.send(as("ben"), o.enter(func(context.Context, *Session) {}))
}

// A budget is of a caller and of whom he acts for: one that is used up refuses
// neither another caller nor the same caller for another user.
func TestBudget(t *testing.T) {
	o := open(t, func(c *Config) { c.Concurrency = 1 })
	o.send(as("crm"), o.enter(func(_ context.Context, s *Session) {
		o.must(s.Enter()) // the same request is charged once
		o.send(as("crm"), func(s *Session, _ http.ResponseWriter, r *http.Request) {
			err := s.Enter()
			o.because(err, Busy)
			_, err = s.MailboxOf(r.Context(), "anna@contoso.example")
			o.because(err, access.NoRight)
		})
		o.send(as("crm"), func(s *Session, w http.ResponseWriter, r *http.Request) {
			o.must(s.Impersonate(access.ConnectingSID{PrimarySmtpAddress: "anna@contoso.example"}))
			o.enter(func(context.Context, *Session) {})(s, w, r)
		})
		o.send(as("anna"), o.enter(func(context.Context, *Session) {}))
	}))
	o.send(as("crm"), o.enter(func(context.Context, *Session) {}))
	if n := o.throttle.taken(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

// A handler that panics gives its place back too.
func TestPanicLeavesTheBudget(t *testing.T) {
	o := open(t, func(c *Config) { c.Concurrency = 1 })
	var id string
	func() {
		defer func() { _ = recover() }()
		o.send(as("anna"), func(s *Session, _ http.ResponseWriter, _ *http.Request) {
			o.must(s.Enter())
			s.Operation("CreateItem", true)
			id = s.RequestID()
			panic(http.ErrAbortHandler)
		})
	}()
	if n := o.throttle.taken(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
	if got := o.records(audit.Filter{Request: id}); len(got) != 1 || got[0].Code != "Aborted" {
		t.Errorf("recorded %+v", got)
	}
}

func TestAskIsWhatARequestMeets(t *testing.T) {
	o := open(t, nil)
	a, _ := o.Directory.Snapshot().FindSID(o.sids["ben"])
	q := access.Question{
		Caller: &access.Caller{Authenticated: a.Principal, Method: access.Basic},
		On:     access.MailboxOf(o.boxes["anna"]), Want: access.FullAccess, At: o.Now(),
	}
	if d := o.Ask(q); d.Allowed() || len(d.Steps()) == 0 {
		t.Errorf("Ben at Anna's: %+v", d)
	}
	o.must(o.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetMailboxPermission(access.MailboxPermission{Mailbox: o.boxes["anna"], To: o.sids["ben"], Rights: access.FullAccess})
	}))
	if d := o.Ask(q); !d.Allowed() {
		t.Errorf("Ben at Anna's with full access: %+v", d)
	}
}
