package easserver

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/activesync"
	"entente/audit"
	"entente/directory"
)

// TestActAs is every command by every way to sign in and every way to say whom one
// acts as: the door decides, and a command runs as whom it let in or not at all.
func TestActAs(t *testing.T) {
	h := open(t)
	var token entente.Secret
	h.change(func(c *directory.Change) (err error) {
		_, token, err = c.CreateToken(h.sids["crm"], "crm", time.Now().Add(time.Hour))
		return err
	})
	var subject entente.SID
	for name, cmd := range h.handler.commands {
		cmd.serve = func(c *call) error {
			subject = c.s.Caller().Subject().SID
			return nil
		}
		h.handler.commands[name] = cmd
	}
	// A syntax names whom a phone acts as, or nobody if it has no place for it.
	type syntax func(p *phone, whom string)
	login := func(p *phone, whom string) { p.user = address(whom) + "!" + address(p.who) }
	short := func(p *phone, whom string) { p.user = whom + "!" + address(p.who) }
	user := func(p *phone, whom string) { p.names = address(whom) }
	marked := func(p *phone, whom string) { p.names = address(whom) + "!" + address(p.who) }
	packed := func(p *phone, whom string) { user(p, whom); p.packed = true }
	basic := func(*http.Request) {}
	bearer := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token.Reveal()) }
	guard := map[bool]http.Handler{false: h.guarded, true: ActAs(h.guarded)}
	for _, test := range []struct {
		on        bool
		who       string
		by        func(*http.Request)
		how       syntax
		whom      string
		want      int
		asSubject string
	}{
		{true, "crm", basic, login, "anna", http.StatusOK, "anna"},
		{true, "crm", basic, short, "anna", http.StatusOK, "anna"},
		{true, "crm", basic, user, "anna", http.StatusOK, "anna"},
		{true, "crm", basic, packed, "anna", http.StatusOK, "anna"},
		{true, "crm", basic, marked, "ben", http.StatusOK, "ben"},
		{true, "crm", bearer, user, "anna", http.StatusOK, "anna"},
		{true, "crm", bearer, packed, "ben", http.StatusOK, "ben"},
		// No right.
		{true, "crm", basic, login, "carla", http.StatusForbidden, ""},
		{true, "crm", basic, user, "carla", http.StatusForbidden, ""},
		{true, "crm", bearer, packed, "carla", http.StatusForbidden, ""},
		{true, "anna", basic, login, "ben", http.StatusForbidden, ""},
		{true, "anna", basic, user, "ben", http.StatusForbidden, ""},
		{true, "anna", basic, marked, "ben", http.StatusForbidden, ""},
		{true, "anna", basic, login, "nobody", http.StatusForbidden, ""},
		{true, "anna", basic, marked, "nobody", http.StatusForbidden, ""},
		// As himself, and as nobody that there is.
		{true, "anna", basic, user, "anna", http.StatusOK, "anna"},
		{true, "anna", basic, user, "nobody", http.StatusOK, "anna"},
		// Off: the login is nobody's, and what User says has no meaning.
		{false, "crm", basic, login, "anna", http.StatusUnauthorized, ""},
		{false, "anna", basic, short, "ben", http.StatusUnauthorized, ""},
		{false, "anna", basic, user, "ben", http.StatusOK, "anna"},
		{false, "anna", basic, marked, "ben", http.StatusOK, "anna"},
		{false, "anna", basic, packed, "ben", http.StatusOK, "anna"},
	} {
		h.handler.ActAs, h.guarded = test.on, guard[test.on]
		for name, cmd := range h.handler.commands {
			subject = ""
			p := h.phone(test.who, max(cmd.since, activesync.V121))
			p.packed = false
			test.how(p, test.whom)
			r := p.request(name, contentType, nil)
			test.by(r)
			a := p.do(name, r)
			if a.status != test.want || subject != h.sids[test.asSubject] {
				t.Errorf("%s of %+v: HTTP %d as %q: %s", name, test, a.status, subject, a.raw)
			}
		}
	}
}

// TestActAsWrongPassword: whom one wants to act as tells nothing of who one is.
func TestActAsWrongPassword(t *testing.T) {
	h := open(t)
	h.handler.ActAs, h.guarded = true, ActAs(h.guarded)
	for _, user := range []string{address("anna") + "!" + address("crm"), "!" + address("crm"), address("anna") + "!", "!", "a!b!" + address("crm")} {
		p := h.phone("crm", activesync.V161)
		r := p.request(activesync.Search, contentType, nil)
		r.SetBasicAuth(user, "wrong")
		p.do(activesync.Search, r).http(http.StatusUnauthorized)
	}
}

// TestActAsRecorded: the record has who asked and for whom, of what was done and of
// what was not; and the phone that is kept is not the owner's.
func TestActAsRecorded(t *testing.T) {
	h := open(t)
	h.handler.ActAs, h.guarded = true, ActAs(h.guarded)
	act := func(whom string) {
		p := h.phone("crm", activesync.V161)
		p.user = whom + "!" + address("crm")
		p.folderSync("0")
	}
	act("anna")
	act("carla")
	h.must(h.door.Log.Append(t.Context(), audit.Record{Kind: audit.System, Action: "test.flush"}))
	all, err := h.door.Log.Search(t.Context(), audit.Filter{})
	h.must(err)
	var got []string
	for _, r := range all {
		if strings.HasPrefix(r.Action, "activesync.") {
			got = append(got, string(r.By.UPN)+" "+string(r.As.UPN)+" "+string(r.Kind)+" "+r.Code)
		}
	}
	if len(got) < 2 || !strings.HasPrefix(strings.Join(got, "|"), address("crm")) {
		t.Fatalf("%q", got)
	}
	has := func(want string) {
		t.Helper()
		for _, g := range got {
			if g == want {
				return
			}
		}
		t.Errorf("no %q in %q", want, got)
	}
	has(address("crm") + " " + address("anna") + " " + string(audit.Impersonated) + " ")
	has(address("crm") + " " + address("crm") + " " + string(audit.Owner) + " ActAsDenied")
}
