package clientaccess

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn"
	"entente/directory"
	"entente/federation/fedtest"
	"entente/federation/token"
)

// desk is a handler for people of other organizations.
type desk struct{ handlerFunc }

func (d desk) TurnAway(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, "not accepted")
}

// gate is the entrance for fabrikam and woodgrove, which have relationships.
type gate struct {
	*organization
	fabrikam, woodgrove *fedtest.Partner
	method              authn.Method
}

func openGate(t *testing.T, change func(*Config)) *gate {
	g := &gate{organization: open(t, change)}
	world := fedtest.New(t, g.Now, "contoso.example")
	g.fabrikam, g.woodgrove = world.Partner("fabrikam.example"), world.Partner("woodgrove.example")
	g.must(g.Directory.Update(t.Context(), func(c *directory.Change) error {
		for _, p := range []*fedtest.Partner{g.fabrikam, g.woodgrove} {
			err := c.CreateRelationship(access.Relationship{
				Name: string(p.Domain), Domains: []entente.Domain{p.Domain}, Enabled: true, FreeBusy: true, FreeBusyLevel: access.AvailabilityOnly,
				TargetApplicationURI: p.URI, TargetSharingEPR: "https://mail." + string(p.Domain) + "/EWS/Exchange.asmx",
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	g.method = authn.NewDelegation(authn.DelegationConfig{
		Trust: world, Directory: g.Directory, Hosts: func() []string { return nil },
		Secure: func(*http.Request) bool { return true }, Now: g.Now,
	}).At(authn.WSSecurity)
	return g
}

// come sends a request of somebody of a partner's.
func (g *gate) come(p *fedtest.Partner, who string, h handlerFunc) *httptest.ResponseRecorder {
	g.t.Helper()
	r := httptest.NewRequestWithContext(g.t.Context(), http.MethodPost, "/", nil)
	r.RemoteAddr = peer + ":4711"
	r.Header.Set("Authorization", "Delegation "+p.JWT(p.Claims(who, token.FreeBusy)))
	p.Sign(r, nil)
	return g.through(r, h)
}

func (g *gate) through(r *http.Request, h handlerFunc) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	g.GuardFederated(EWS, g.method, desk{h}).ServeHTTP(w, r)
	return w
}

// The entrances are two: what lets one in at the one is nothing at the other.
func TestTwoEntrances(t *testing.T) {
	g := openGate(t, nil)
	nobody := func(*Session, http.ResponseWriter, *http.Request) { t.Error("a stranger came in") }
	came := 0
	g.come(g.fabrikam, "fay", func(s *Session, _ http.ResponseWriter, r *http.Request) {
		came++
		if s.Caller().Foreign == nil || !s.Caller().External() {
			t.Errorf("%+v", s.Caller())
		}
		g.must(s.Enter())
		g.because(s.Impersonate(access.ConnectingSID{PrimarySmtpAddress: "anna@contoso.example"}), access.ImpersonationDenied)
		g.must(s.Conclude(r.Context(), ""))
	})
	if came != 1 {
		t.Fatal("fabrikam did not come in")
	}
	for _, authorization := range [...]string{"", as("anna"), "Bearer " + g.token.Reveal(), "Delegation a.b.c.d.e"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.RemoteAddr = "192.0.2.66:1"
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := g.through(r, nobody)
		if w.Code != http.StatusInternalServerError || w.Body.String() != "not accepted" || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%q: %d %v %s", authorization, w.Code, w.Header(), w.Body)
		}
	}
	// At the entrance of our own, it is nothing even to a method that takes it.
	methods := g.Methods
	g.Methods = append(authn.Methods{g.method}, methods...)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	r.Header.Set("Authorization", "Delegation "+g.fabrikam.JWT(g.fabrikam.Claims("fay", token.FreeBusy)))
	g.fabrikam.Sign(r, nil)
	if w := g.serve(r, nobody); w.Code != http.StatusUnauthorized {
		t.Errorf("at the other entrance: %d", w.Code)
	}
	// Strangers are counted by where they come from.
	g.flushStrangers()
	found := g.records(audit.Filter{})
	n := 0
	for _, r := range found {
		if r.Kind == audit.Stranger && r.Address == "192.0.2.66" {
			n += r.Count
		}
	}
	if n != 4 {
		t.Errorf("%d strangers on record: %+v", n, found)
	}
}

// What partners look at is on record, even where an owner's reading is not.
func TestForeignGlance(t *testing.T) {
	g := openGate(t, nil)
	g.come(g.fabrikam, "fay", func(s *Session, _ http.ResponseWriter, r *http.Request) {
		s.Operation("GetUserAvailability", false)
		s.Glance()
		g.must(s.Enter())
		_, err := s.Mailbox(r.Context(), g.boxes["anna"])
		g.must(err)
		g.must(s.Conclude(r.Context(), ""))
	})
	found := g.records(audit.Filter{})
	if len(found) != 1 || found[0].Kind != audit.External || found[0].By.Mail != "fay@fabrikam.example" || found[0].Mailbox != g.boxes["anna"].String() ||
		len(found[0].Via) != 1 || found[0].Via[0].How != "federation "+g.fabrikam.URI+" broker-trusted" {
		t.Errorf("%+v", found)
	}
}

// A partner that asks without end is told to wait, as a whole: another partner,
// and our own people, are served as before.
func TestPartnersBudget(t *testing.T) {
	const most = 4
	g := openGate(t, func(c *Config) { c.Concurrency = most })
	refused := func(p *fedtest.Partner, who string) (err error) {
		g.come(p, who, func(s *Session, _ http.ResponseWriter, r *http.Request) {
			err = s.Enter()
			g.must(s.Conclude(r.Context(), ""))
		})
		return err
	}
	var within func(n int)
	within = func(n int) {
		if n == 0 {
			g.because(refused(g.fabrikam, "frank"), Busy)
			g.must(refused(g.woodgrove, "wim"))
			g.send(as("anna"), g.enter(func(context.Context, *Session) {}))
			return
		}
		g.come(g.fabrikam, fmt.Sprintf("fay%d", n), func(s *Session, _ http.ResponseWriter, r *http.Request) {
			g.must(s.Enter())
			within(n - 1)
			g.must(s.Conclude(r.Context(), ""))
		})
	}
	within(most)
	g.must(refused(g.fabrikam, "frank"))
}
