package clientaccess

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/mailbox"
)

// done sends a request and returns what is recorded of it.
func (o *organization) done(authorization string, h handlerFunc) []audit.Record {
	o.t.Helper()
	var id string
	w := o.send(authorization, func(s *Session, w http.ResponseWriter, r *http.Request) {
		id = s.RequestID()
		h(s, w, r)
	})
	if got := w.Header().Get("Request-Id"); got != id || id == "" {
		o.t.Errorf("the answer carries the id %q, the session %q", got, id)
	}
	return o.records(audit.Filter{Request: id})
}

func (o *organization) opens(who string, action string, writes bool) handlerFunc {
	return o.enter(func(ctx context.Context, s *Session) {
		s.Operation(action, writes)
		_, err := s.Mailbox(ctx, o.boxes[who])
		o.must(err)
	})
}

func (o *organization) impersonating(who string, next handlerFunc) handlerFunc {
	return func(s *Session, w http.ResponseWriter, r *http.Request) {
		o.must(s.Impersonate(access.ConnectingSID{PrimarySmtpAddress: who + "@contoso.example"}))
		next(s, w, r)
	}
}

// The record says in which role the caller came, whom the action is logged as
// and who really acted.
func TestRoles(t *testing.T) {
	o := open(t, nil)
	test := func(got []audit.Record, kind audit.Kind, as, by, box string) {
		t.Helper()
		if len(got) != 1 {
			t.Errorf("%d records, want one of %s", len(got), kind)
			return
		}
		r := got[0]
		if r.Kind != kind || r.As.SID != o.sids[as] || r.By.SID != o.sids[by] || r.Mailbox != o.boxes[box].String() || !r.Allowed {
			t.Errorf("recorded %+v", r)
		}
		if r.Address != peer || r.Snapshot == 0 || r.Time.IsZero() {
			t.Errorf("the record does not say whence, by which settings or when: %+v", r)
		}
	}
	test(o.done(as("anna"), o.opens("anna", "CreateItem", true)), audit.Owner, "anna", "anna", "anna")
	test(o.done(as("ben"), o.opens("anna", "GetItem", false)), audit.Delegate, "ben", "ben", "anna")
	test(o.done(as("crm"), o.impersonating("anna", o.opens("anna", "GetItem", false))), audit.Impersonated, "anna", "crm", "anna")
	test(o.done(as("crm"), o.impersonating("anna", o.opens("ben", "GetItem", false))), audit.ImpersonatedDelegate, "anna", "crm", "ben")
	if got := o.done(as("anna"), o.opens("anna", "GetItem", false)); len(got) != 0 {
		t.Errorf("an owner's reading was recorded: %+v", got)
	}
}

func TestOwnerReadsWhenAskedFor(t *testing.T) {
	o := open(t, func(c *Config) { c.OwnerReads = true })
	if got := o.done(as("anna"), o.opens("anna", "GetItem", false)); len(got) != 1 || got[0].Kind != audit.Owner {
		t.Errorf("recorded %+v", got)
	}
}

// A token proves which application is calling; the record keeps it.
func TestApplicationIsRecorded(t *testing.T) {
	o := open(t, nil)
	got := o.done("Bearer "+o.token.Reveal(), o.impersonating("anna", o.opens("anna", "GetItem", false)))
	if len(got) != 1 || got[0].Application != "crm-sync" || got[0].Method != access.Bearer {
		t.Errorf("recorded %+v", got)
	}
}

// Delivering to others is what senders do: it does not make them delegates,
// nor hide that they were at somebody's mailbox.
func TestDeliveryIsTheSendersOwn(t *testing.T) {
	o := open(t, nil)
	got := o.done(as("anna"), o.enter(func(ctx context.Context, s *Session) {
		s.Operation("CreateItem", true)
		_, err := s.Own(ctx)
		o.must(err)
		_, err = s.Deliver(ctx, o.boxes["ben"], &mailbox.Item{Class: "IPM.Note"})
		o.must(err)
	}))
	if len(got) != 1 || got[0].Kind != audit.Owner || got[0].Mailbox != o.boxes["anna"].String() {
		t.Errorf("recorded %+v", got)
	}
}

// Refused impersonation is recorded with the name that was asked for, and
// changes nothing of who the caller is.
func TestRefusedImpersonation(t *testing.T) {
	o := open(t, nil)
	test := func(who string, target access.ConnectingSID, want entente.Reason) {
		t.Helper()
		got := o.done(as(who), func(s *Session, _ http.ResponseWriter, r *http.Request) {
			s.Operation("GetFolder", false)
			o.because(s.Impersonate(target), want)
			if s.Caller().ActsAs != nil {
				t.Error("acts as somebody after a refusal")
			}
			o.must(s.Conclude(r.Context(), "ErrorImpersonateUserDenied"))
		})
		if len(got) != 1 || got[0].Allowed || got[0].By.SID != o.sids[who] || len(got[0].Steps) == 0 {
			t.Errorf("recorded %+v", got)
		}
	}
	mail := func(a string) access.ConnectingSID { return access.ConnectingSID{PrimarySmtpAddress: a} }
	test("crm", mail("ben@contoso.example"), access.ImpersonateUserDenied)
	test("crm", mail("nobody@contoso.example"), access.NonExistentMailbox)
	test("ben", mail("anna@contoso.example"), access.ImpersonationDenied)
	test("ben", mail("nobody@contoso.example"), access.ImpersonationDenied)
}

func TestOneAccessMode(t *testing.T) {
	o := open(t, nil)
	anna := access.ConnectingSID{PrimarySmtpAddress: "anna@contoso.example"}
	o.send(as("crm"), func(s *Session, _ http.ResponseWriter, _ *http.Request) {
		o.must(s.Impersonate(anna))
		o.because(s.Impersonate(anna), access.MoreThanOneAccessMode)
	})
	o.send(as("crm"), func(s *Session, _ http.ResponseWriter, _ *http.Request) {
		o.must(s.Enter())
		o.because(s.Impersonate(anna), access.MoreThanOneAccessMode)
	})
}

// What could not be recorded must not be told.
func TestAnswerWaitsForTheRecord(t *testing.T) {
	o := open(t, nil)
	o.must(o.audit.Close())
	test := func(who string, h handlerFunc, told bool) {
		t.Helper()
		o.send(as(who), func(s *Session, w http.ResponseWriter, r *http.Request) {
			h(s, w, r)
			if err := s.Conclude(r.Context(), ""); (err == nil) != told {
				t.Errorf("%s: conclude says %v", who, err)
			}
		})
	}
	open := func(who string, writes bool) handlerFunc {
		return func(s *Session, _ http.ResponseWriter, r *http.Request) {
			s.Operation("Something", writes)
			o.must(s.Enter())
			_, err := s.Mailbox(r.Context(), o.boxes[who])
			o.must(err)
		}
	}
	test("ben", open("anna", false), false)
	test("crm", o.impersonating("anna", open("anna", false)), false)
	test("anna", open("anna", true), false)
	test("anna", open("anna", false), true) // nothing to record
}

func TestTargetsAreBounded(t *testing.T) {
	o := open(t, nil)
	got := o.done(as("anna"), o.enter(func(_ context.Context, s *Session) {
		s.Operation("DeleteItem", true)
		for range maxTargets + 7 {
			s.Target("item")
		}
	}))
	if len(got) != 1 || len(got[0].Targets) != maxTargets || got[0].Count != 7 {
		t.Errorf("recorded %+v", got)
	}
}

func TestObserve(t *testing.T) {
	var seen []Observation
	o := open(t, func(c *Config) { c.Observe = func(x Observation) { seen = append(seen, x) } })
	o.send(as("anna"), o.enter(func(_ context.Context, s *Session) { s.Operation("GetFolder", false) }))
	o.send(as("anna"), func(*Session, http.ResponseWriter, *http.Request) {}) // forgets to conclude
	codes := []string{}
	for _, x := range seen {
		codes = append(codes, string(x.Protocol)+" "+x.Action+" "+x.Code)
	}
	if want := []string{"ews ews.GetFolder ", "ews  Aborted"}; !slices.Equal(codes, want) {
		t.Errorf("observed %q, want %q", codes, want)
	}
}

// Work of the process itself is recorded like any other, with its task.
func TestLocal(t *testing.T) {
	o := open(t, nil)
	a, _ := o.Directory.Snapshot().FindSID(o.sids["anna"])
	s := o.Local(a.Principal, "import")
	v, err := s.Own(t.Context())
	o.must(err)
	if _, err := v.FolderByName(t.Context(), mailbox.Inbox); err != nil {
		t.Error(err)
	}
	o.must(s.Finish(t.Context(), ""))
	got := o.records(audit.Filter{Request: s.RequestID()})
	if len(got) != 1 || got[0].Action != "local.import" || got[0].Method != access.Local || len(got[0].Via) != 1 || got[0].Via[0].How != "import" {
		t.Errorf("recorded %+v", got)
	}
}

// Whoever looks when others are free leaves no record of his own accord; who
// does so acting as somebody else does.
func TestGlancesAreNotDelegates(t *testing.T) {
	o := open(t, nil)
	glance := o.enter(func(ctx context.Context, s *Session) {
		s.Operation("GetUserAvailability", false)
		s.Glance()
		_, err := s.Mailbox(ctx, o.boxes["anna"])
		o.must(err)
	})
	if got := o.done(as("ben"), glance); len(got) != 0 {
		t.Errorf("recorded %+v", got)
	}
	if got := o.done(as("crm"), o.impersonating("anna", glance)); len(got) != 1 || got[0].By.SID != o.sids["crm"] {
		t.Errorf("recorded %+v", got)
	}
	o = open(t, func(c *Config) { c.OwnerReads = true })
	glance = o.opens("anna", "GetUserAvailability", false)
	if got := o.done(as("ben"), func(s *Session, w http.ResponseWriter, r *http.Request) { s.Glance(); glance(s, w, r) }); len(got) != 1 {
		t.Errorf("%d records, want one where readings are recorded", len(got))
	}
}
