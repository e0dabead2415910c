package clientaccess

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
)

// withClients is an organization whose door remembers clients, by a clock of
// the test.
func withClients(t *testing.T, d *db.DB) (*organization, *time.Time) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	o := open(t, func(c *Config) { c.DB = d; c.Now = func() time.Time { return now } })
	o.must(d.Migrate(t.Context(), Schema()))
	return o, &now
}

// comes sends a request with a User-Agent, let in or not.
func (o *organization) comes(authorization, agent string) error {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), http.MethodPost, "/", nil)
	r.Header.Set("Authorization", authorization)
	r.Header.Set("User-Agent", agent)
	var err error
	o.serve(r, func(s *Session, _ http.ResponseWriter, r *http.Request) {
		err = s.Enter()
		code := ""
		if err != nil {
			code = "ErrorAccessDenied"
		}
		o.must(s.Conclude(r.Context(), code))
	})
	return err
}

func (o *organization) seenClients(d *Door, since time.Time) []Client {
	o.t.Helper()
	var all []Client
	o.must(d.Clients(o.t.Context(), since, func(c Client) error { all = append(all, c); return nil }))
	return all
}

func TestClientsSeen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o, now := withClients(t, d)
		other := New(o.Config) // another node, which adds to the same lines
		start := *now
		o.must(o.comes(as("anna"), "Outlook/16"))
		*now = now.Add(48 * time.Hour)
		o.must(o.comes(as("anna"), "Outlook/16"))
		other.seen.note(&access.Caller{Authenticated: access.Principal{SID: o.sids["anna"]}, UserAgent: "Outlook/16"}, EWS, *now)
		o.must(other.flushClients(t.Context()))
		o.must(o.comes("Bearer "+o.token.Reveal(), "crm/2"))
		got := o.seenClients(o.Door, start)
		if len(got) != 2 {
			t.Fatalf("seen %+v", got)
		}
		for _, c := range got {
			switch c.Subject {
			case o.sids["anna"]:
				if c.UserAgent != "Outlook/16" || c.Requests != 3 || c.Last.Sub(c.First) != 48*time.Hour || c.By != c.Subject || c.Protocol != EWS {
					t.Errorf("Anna's: %+v", c)
				}
			case o.sids["crm"]:
				if c.Application != "crm-sync" || c.UserAgent != "crm/2" || c.Requests != 1 {
					t.Errorf("the CRM's: %+v", c)
				}
			}
		}
		*now = now.Add((clientDays + 1) * 24 * time.Hour)
		if got := o.seenClients(o.Door, start); len(got) != 0 {
			t.Errorf("kept for ever: %+v", got)
		}
	})
}

// Whoever makes up names fills no table.
func TestClientsAreBounded(t *testing.T) {
	o, now := withClients(t, dbtest.SQLite(t))
	for range 3 {
		for i := range 3 * clientsAnAccount {
			o.seen.note(&access.Caller{Authenticated: access.Principal{SID: o.sids["anna"]}, UserAgent: fmt.Sprint("made up ", now.Unix(), i)}, EWS, *now)
		}
		o.must(o.flushClients(t.Context()))
		*now = now.Add(time.Second)
	}
	got, sum := o.seenClients(o.Door, *now), int64(0)
	for _, c := range got {
		sum += c.Requests
	}
	if len(got) > clientsAnAccount+1 || sum != 9*clientsAnAccount {
		t.Errorf("%d lines, %d requests", len(got), sum)
	}
	// Old ones make room.
	*now = now.Add((crowdedDays + 1) * 24 * time.Hour)
	o.must(o.comes(as("anna"), "Outlook/16"))
	if got := o.seenClients(o.Door, now.Add(-time.Hour)); len(got) != 1 || got[0].UserAgent != "Outlook/16" {
		t.Errorf("seen %+v", got)
	}
	for i := range 2 * clientsPending {
		o.seen.note(&access.Caller{Authenticated: access.Principal{SID: o.sids["anna"] + "-" + o.sids["anna"][:i%9]}, UserAgent: fmt.Sprint(i)}, Protocol(fmt.Sprint(i)), *now)
	}
	if n := len(o.seen.now); n > clientsPending {
		t.Errorf("%d wait to be kept", n)
	}
}

// What could not be kept is kept later.
func TestClientsWait(t *testing.T) {
	o, now := withClients(t, dbtest.SQLite(t))
	o.must(o.comes(as("anna"), "Outlook/16"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.flushClients(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("kept: %v", err)
	}
	if got := o.seenClients(o.Door, *now); len(got) != 1 || got[0].Requests != 1 {
		t.Errorf("seen %+v", got)
	}
}

func TestRehearse(t *testing.T) {
	o, now := withClients(t, dbtest.SQLite(t))
	o.must(o.comes(as("anna"), "Outlook/16"))
	o.must(o.comes(as("anna"), "Panel/1"))
	o.must(o.comes("Bearer "+o.token.Reveal(), "Panel/1"))
	test := func(p access.ClientPolicy, want ...string) {
		t.Helper()
		org := o.Directory.Snapshot().Organization()
		org.Policy = p
		var got []string
		_, err := o.Rehearse(t.Context(), access.Delta{Organization: &org}, now.Add(-time.Hour), func(v Verdict) {
			a, _ := o.Directory.Snapshot().FindSID(v.Subject)
			name, _, _ := strings.Cut(string(a.UPN), "@")
			got = append(got, fmt.Sprint(name, " ", v.UserAgent, " ", v.Was.Allowed(), " ", v.Would.Reason()))
		})
		o.must(err)
		if len(got) != len(want) {
			t.Errorf("%v, want %v", got, want)
			return
		}
		for _, w := range want {
			if !strings.Contains(strings.Join(got, "\n"), w) {
				t.Errorf("no %s in %v", w, got)
			}
		}
	}
	test(access.ClientPolicy{EwsApplicationAccessPolicy: access.EnforceBlockList, EwsBlockList: []string{"Panel/*"}},
		"anna Panel/1 true application-blocked", "crm Panel/1 true application-blocked")
	test(access.ClientPolicy{EwsAllowOutlook: access.Off}, "anna Outlook/16 true client-not-allowed")
	test(access.ClientPolicy{EwsEnabled: access.On, EwsAllowedAppIDs: []access.ApplicationID{"crm-sync"}},
		"anna Panel/1 true application-id-not-listed", "anna Outlook/16 true application-id-not-listed")
	test(access.ClientPolicy{})

	// And the other way round, of whom the gate turned away before.
	o.must(o.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetOrganization(func(x *access.Organization) error { x.Policy.EwsEnabled = access.Off; return nil })
	}))
	o.because(o.comes(as("ben"), "Panel/2"), access.EwsDisabledByOrganization)
	test(access.ClientPolicy{EwsAllowOutlook: access.Off}, "anna Panel/1 false", "crm Panel/1 false", "ben Panel/2 false")
}

// EwsAllowedAppIDs goes by what a credential proves: the application a token was
// made for passes, whatever it calls itself, and nothing else does.
func TestAllowedAppIDs(t *testing.T) {
	o := open(t, nil)
	o.must(o.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetOrganization(func(x *access.Organization) error {
			x.Policy = access.ClientPolicy{EwsEnabled: access.On, EwsAllowedAppIDs: []access.ApplicationID{"crm-sync"}}
			return nil
		})
	}))
	bearer := "Bearer " + o.token.Reveal()
	for _, agent := range [...]string{"", "crm-sync", "Outlook/16", "curl/8"} {
		o.must(o.comes(bearer, agent))
		o.because(o.comes(as("crm"), agent), access.ApplicationIDNotListed)
		o.because(o.comes(as("anna"), agent), access.ApplicationIDNotListed)
	}
	if err := o.comes(as("anna"), "curl/8"); !strings.Contains(err.Error(), "organization: EwsAllowedAppIDs") {
		t.Errorf("the refusal does not say where: %v", err)
	}
	// One gate, however the caller signed in.
	anna, _ := o.Directory.Snapshot().FindSID(o.sids["anna"])
	for _, m := range [...]access.Method{access.Basic, access.Bearer, access.Negotiate, access.Certificate, access.Node} {
		for app, want := range map[access.ApplicationID]bool{"crm-sync": true, "other": false, "": false} {
			x := o.Suppose(access.Supposition{Caller: anna.Principal, Method: m, Application: app})
			if x.Allowed() != want {
				t.Errorf("%s as %q: %v", m, app, x.Err())
			}
		}
	}
}

// BenchmarkNote is what remembering clients adds to a request, with 64 at once.
func BenchmarkNote(b *testing.B) {
	s := newSeen(true)
	c := &access.Caller{Authenticated: access.Principal{SID: "S-1-5-21-1004336348-1177238915-682003330-1001"}, UserAgent: "exchangelib/5.6.0 (python-requests/2.32.3)"}
	now := time.Now()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.note(c, EWS, now)
		}
	})
}
