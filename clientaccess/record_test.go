package clientaccess

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/db"
	"entente/directory"
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

// Delivering to others is what senders do: it does not make them delegates, and
// is on record in the mailbox it went to.
func TestDeliveryIsTheSendersOwn(t *testing.T) {
	o := open(t, nil)
	got := o.done(as("anna"), o.enter(func(ctx context.Context, s *Session) {
		s.Operation("CreateItem", true)
		_, err := s.Own(ctx)
		o.must(err)
		_, err = s.Deliver(ctx, o.boxes["ben"], &mailbox.Item{Class: "IPM.Note"})
		o.must(err)
	}))
	o.roles(got, "anna: Owner", "ben: Sender")
	for _, r := range got {
		if len(r.Steps) != 0 {
			t.Errorf("reasons of what everybody may: %+v", r)
		}
	}
}

// roles compares records with mailboxes and roles.
func (o *organization) roles(got []audit.Record, want ...string) {
	o.t.Helper()
	var roles []string
	for i := range got {
		for name, id := range o.boxes {
			if id.String() == got[i].Mailbox {
				roles = append(roles, name+": "+string(got[i].Kind))
			}
		}
		if got[i].Request != got[0].Request {
			o.t.Errorf("records of other requests: %+v", got)
		}
	}
	slices.Sort(roles)
	if !slices.Equal(roles, want) {
		o.t.Errorf("roles %q, want %q", roles, want)
	}
}

// A request leaves a record in each mailbox it touches, each with its own role,
// targets and reasons, under the same id.
func TestEachMailboxHasItsRecord(t *testing.T) {
	o := open(t, nil)
	three := o.enter(func(ctx context.Context, s *Session) {
		s.Operation("MoveItem", true)
		for _, who := range []string{"anna", "ben", "otto"} {
			_, err := s.Mailbox(ctx, o.boxes[who])
			o.must(err)
			s.Target(o.boxes[who], "item of "+who)
		}
	})
	got := o.done(as("anna"), three)
	o.roles(got, "anna: Owner", "ben: Delegate", "otto: Delegate")
	for i := range got {
		if len(got[i].Targets) != 1 || len(got[i].Steps) > 20 {
			t.Errorf("a record speaks of more than its mailbox: %+v", got[i])
		}
	}
	o.roles(o.done(as("crm"), o.impersonating("anna", three)),
		"anna: Impersonated", "ben: Impersonated+Delegate", "otto: Impersonated+Delegate")
	// Of what she only reads, her own mailbox has no record.
	o.roles(o.done(as("anna"), o.enter(func(ctx context.Context, s *Session) {
		s.Operation("GetItem", false)
		for _, who := range []string{"anna", "ben"} {
			_, err := s.Mailbox(ctx, o.boxes[who])
			o.must(err)
		}
	})), "ben: Delegate")
}

// The record of somebody who acts for others says by which assignment.
func TestGrounds(t *testing.T) {
	o := open(t, nil)
	all, err := o.Directory.Assignments(t.Context())
	o.must(err)
	var id string
	for _, a := range all {
		if a.Scope.Name == string(o.sids["anna"]) {
			id = a.ID
		}
	}
	got := o.done(as("crm"), o.impersonating("anna", o.opens("anna", "GetItem", false)))
	if len(got) != 1 || !slices.Contains(got[0].Grounds, audit.Ground{Kind: audit.ByAssignment, ID: id}) {
		t.Errorf("grounds of %+v, want assignment %s", got, id)
	}
	used, err := o.Log.LastUses(t.Context())
	o.must(err)
	if at := used[id]; !at.Equal(got[0].Time.Truncate(time.Microsecond)) {
		t.Errorf("last used %v, want %v", at, got[0].Time)
	}
	if got := o.records(audit.Filter{Ground: id}); len(got) != 1 {
		t.Errorf("%d records by the assignment", len(got))
	}
	if got := o.records(audit.Filter{Ground: "none"}); len(got) != 0 {
		t.Errorf("%d records by no assignment", len(got))
	}
}

// writes has somebody write into a mailbox.
func (o *organization) writesInto(who string) handlerFunc {
	return func(s *Session, _ http.ResponseWriter, r *http.Request) {
		s.Operation("CreateItem", true)
		o.must(s.Enter())
		v, err := s.Mailbox(r.Context(), o.boxes[who])
		o.must(err)
		inbox, err := v.FolderByName(r.Context(), mailbox.Inbox)
		o.must(err)
		o.must(v.CreateItem(r.Context(), inbox.ID, &mailbox.Item{Class: "IPM.Note"}))
	}
}

func (o *organization) unsettled() []mailbox.Unsettled {
	o.t.Helper()
	all, err := o.Mailboxes.Unsettled(o.t.Context(), "first")
	o.must(err)
	return all
}

// What was written while the log is away is not told, and not lost: the note
// beside it becomes the record, once, when the log is back.
func TestLogAway(t *testing.T) {
	o := open(t, nil)
	// rename takes the log's table away, or brings it back.
	move := func(away bool) {
		t.Helper()
		o.must(o.audit.Update(t.Context(), func(tx *db.Tx) (err error) {
			if away {
				_, err = tx.Exec(`ALTER TABLE audit_record RENAME TO away`)
			} else {
				_, err = tx.Exec(`ALTER TABLE away RENAME TO audit_record`)
			}
			return err
		}))
	}
	move(true)
	var id string
	o.send(as("anna"), func(s *Session, w http.ResponseWriter, r *http.Request) {
		id = s.RequestID()
		o.writesInto("anna")(s, w, r)
		if s.Conclude(r.Context(), "") == nil {
			t.Error("told what is not recorded")
		}
	})
	left := o.unsettled()
	if len(left) != 1 || left[0].Request != id {
		t.Fatalf("left %+v", left)
	}
	move(false)
	for range 2 { // the second time there is nothing to do
		r, err := audit.ParseRecord(left[0].Record)
		o.must(err)
		o.must(o.Log.AppendOnce(t.Context(), *r))
	}
	got := o.records(audit.Filter{Request: id})
	o.roles(got, "anna: Owner")
	if len(got) != 1 || got[0].Code != "" || got[0].Action != "ews.CreateItem" {
		t.Errorf("recorded %+v", got)
	}
}

// A handler that dies after its write leaves a record that says so.
func TestAborted(t *testing.T) {
	o := open(t, nil)
	got := o.done(as("anna"), o.writesInto("anna"))
	if len(got) != 1 || got[0].Code != "Aborted" || len(o.unsettled()) != 0 {
		t.Errorf("recorded %+v, unsettled %+v", got, o.unsettled())
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
			s.Target(o.boxes["anna"], "item")
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

// Where a grant on a single item opened it, the record says so, and which grant;
// also the record that is written with a change.
func TestItemGrantIsRecorded(t *testing.T) {
	o := open(t, nil)
	var it mailbox.Item
	it.Class = "IPM.Appointment"
	it.Props.SetString(mailbox.PidTagSubject, "Keynote")
	var keys []access.ItemKey
	o.send(as("anna"), o.enter(func(ctx context.Context, s *Session) {
		s.Operation("CreateItem", true)
		v, err := s.Mailbox(ctx, o.boxes["anna"])
		o.must(err)
		f, err := v.FolderByName(ctx, mailbox.Calendar)
		o.must(err)
		o.must(v.CreateItem(ctx, f.ID, &it))
		keys, err = v.ItemKeys(ctx, mailbox.ItemSelector{Item: it.ID})
		o.must(err)
	}))
	g := directory.ItemGrant{ItemGrant: access.ItemGrant{
		Mailbox: o.boxes["anna"], To: o.sids["ben"], Items: keys, Write: access.FieldSubject, Enabled: true,
	}}
	o.must(o.Directory.Update(t.Context(), func(c *directory.Change) error { return c.CreateItemGrant(&g) }))
	for name, do := range map[string]func(context.Context, *mailbox.View) error{
		"GetItem": func(ctx context.Context, v *mailbox.View) error { _, err := v.Item(ctx, it.ID, 0); return err },
		"UpdateItem": func(ctx context.Context, v *mailbox.View) error {
			_, err := v.UpdateGranted(ctx, mailbox.GrantedChange{Item: it.ID, Sets: access.FieldSubject}, func(it *mailbox.Item) error {
				it.Props.SetString(mailbox.PidTagSubject, "Opening")
				return nil
			})
			return err
		},
	} {
		got := o.done(as("ben"), o.enter(func(ctx context.Context, s *Session) {
			s.Operation(name, name == "UpdateItem")
			v, err := s.Mailbox(ctx, o.boxes["anna"])
			o.must(err)
			o.must(do(ctx, v))
		}))
		if len(got) != 1 || got[0].Kind != audit.ItemGrant || !got[0].Allowed || got[0].Mailbox != o.boxes["anna"].String() {
			t.Errorf("%s: recorded %+v", name, got)
			continue
		}
		if !slices.ContainsFunc(got[0].Steps, func(s audit.Step) bool { return s.Rule == "item-grant" && s.Fact == g.ID && s.Holds }) {
			t.Errorf("%s: no step names the grant: %+v", name, got[0].Steps)
		}
	}
}
