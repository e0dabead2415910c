package admin

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/directory"
	"entente/mailbox"
)

// for another is the witness of a request under an assignment.
type forAnother struct{ grounds []string }

func (forAnother) Note(string, entente.MailboxID) mailbox.Note {
	return mailbox.Note{Request: "r1", Record: []byte(`{"kind":"Impersonated","as":{},"by":{},"action":"ews.UpdateFolder","allowed":true}`)}
}

func (f forAnother) Origin(entente.MailboxID) (mailbox.Origin, bool) {
	return mailbox.Origin{Request: "r1", By: "S-1-5-21-9", As: "S-1-5-21-8", Grounds: f.grounds}, true
}

// share gives Ben rights on Anna's calendar and Inbox, and has him send for her,
// as whoever holds the grounds would.
func (o *organization) share(level access.Rights, grounds ...string) {
	o.t.Helper()
	ctx := o.t.Context()
	s := o.api.Directory.Snapshot()
	anna, _ := s.FindSMTP("anna@contoso.example")
	ben, _ := s.FindSMTP("ben@contoso.example")
	must := func(err error) {
		o.t.Helper()
		if err != nil {
			o.t.Fatal(err)
		}
	}
	p, err := s.Ask(access.Question{
		Caller: &access.Caller{Authenticated: anna.Principal, Method: access.Basic},
		On:     access.MailboxOf(anna.Mailbox), Want: access.FolderLookup, At: time.Now(),
	}, &access.Trace{})
	must(err)
	v, err := o.api.Mailboxes.Open(ctx, anna.Database, anna.Mailbox, p, forAnother{grounds})
	must(err)
	for _, name := range []mailbox.DistinguishedName{mailbox.Calendar, mailbox.Inbox} {
		f, err := v.FolderByName(ctx, name)
		must(err)
		entries := slices.DeleteFunc(f.Table.Entries, func(e access.Entry) bool { return e.SID == ben.SID })
		_, err = v.SetPermissions(ctx, f.ID, append(entries, access.Entry{SID: ben.SID, Rights: level}))
		must(err)
	}
	must(o.api.Directory.Update(ctx, func(c *directory.Change) error {
		if err := c.SetDelegate(anna.Mailbox, ben.SID, access.SendOnBehalf, 0); err != nil {
			return err
		}
		return c.Also(o.api.Audit.(*notes).AuditLog.(kept).NoteGiven(audit.Given{
			Request: "r1", By: "S-1-5-21-9", As: anna.SID, Grounds: grounds, Mailbox: anna.Mailbox.String(), To: ben.SID, Has: access.SendOnBehalf,
		}))
	}))
}

// Taking an assignment away takes away, or at least lists, what was given under
// it: nothing unlisted remains. (threats D4)
func TestNothingUnlistedRemains(t *testing.T) {
	o := open(t)
	o.must("domain add", `{"name":"contoso.example"}`)
	o.must("database add", `{"name":"first","url":"sqlite:first.db"}`)
	for _, who := range []string{"anna", "ben"} {
		o.must("account create", `{"upn":"`+who+`@contoso.example","database":"first"}`)
	}
	o.must("service create", `{"upn":"crm@contoso.example"}`)
	create := func() string {
		return field(t, o.must("assignment create", `{"assignee":"crm@contoso.example","account":"anna@contoso.example"}`), "id")
	}
	withdraw := func(verb, request string) Withdrawn {
		t.Helper()
		var w Withdrawn
		if err := json.Unmarshal([]byte(o.must(verb, request)), &w); err != nil {
			t.Fatal(err)
		}
		return w
	}
	given := func(id string) int {
		t.Helper()
		return len(withdraw("assignment given", `{"id":"`+id+`"}`).Given)
	}
	outcomes := func(w Withdrawn) string {
		counts := map[string]int{}
		for _, g := range w.Given {
			counts[g.Outcome]++
			if g.Mailbox != "anna@contoso.example" || g.To != "ben@contoso.example" {
				t.Errorf("given %+v", g)
			}
		}
		text, _ := json.Marshal(counts)
		return string(text)
	}
	bens := func() string { return o.must("permission list", `{"account":"anna@contoso.example"}`) }

	id := create()
	o.share(access.LevelEditor, "assignment "+id, "assignment other")
	o.audit.take()
	w := withdraw("assignment remove", `{"id":"`+id+`"}`)
	if outcomes(w) != `{"":3}` || !strings.Contains(w.Done, "--undo") {
		t.Errorf("without saying: %+v", w)
	}
	// It is gone at once, what was given is not, and can be taken back later.
	if list := o.must("assignment list", ``); strings.Contains(list, id) {
		t.Errorf("the assignment stays: %s", list)
	}
	w = withdraw("assignment given", `{"id":"`+id+`","undo":true}`)
	if outcomes(w) != `{"undone":3}` || given(id) != 0 || strings.Contains(bens(), "ben@") {
		t.Errorf("undone: %+v, %d left, %s", w, given(id), bens())
	}
	records := 0
	for _, r := range o.audit.take() {
		if r.Action == "admin.given.undo" && r.Allowed && r.Targets[0] == id {
			records++
		}
	}
	if records != 3 {
		t.Errorf("%d undone on record, want 3", records)
	}

	id = create()
	o.share(access.LevelEditor, "assignment "+id)
	if w := withdraw("assignment disable", `{"id":"`+id+`","keep":true}`); outcomes(w) != `{"kept":3}` || given(id) != 0 || !strings.Contains(bens(), "ben@") {
		t.Errorf("kept: %+v", w)
	}
	// What was changed since stays, and stays listed.
	o.must("permission revoke", `{"account":"anna@contoso.example","to":"ben@contoso.example"}`)
	id = create()
	o.share(access.LevelReviewer, "assignment "+id)
	o.must("permission revoke", `{"account":"anna@contoso.example","to":"ben@contoso.example"}`)
	if w := withdraw("assignment remove", `{"id":"`+id+`","undo":true}`); outcomes(w) != `{"changed since, left as it is":1,"undone":2}` || given(id) != 1 {
		t.Errorf("changed: %+v", w)
	}
	// FullAccess is a ground like any other.
	ben, _ := o.api.Directory.Snapshot().FindSMTP("ben@contoso.example")
	o.share(access.LevelOwner, "mailbox-permission "+string(ben.SID))
	if w := withdraw("permission revoke", `{"account":"anna@contoso.example","to":"ben@contoso.example","undo":true}`); len(w.Given) == 0 || given(id) != 1 {
		t.Errorf("revoked: %+v", w)
	}
	if _, err := ask(t, o.api, "assignment given", `{"id":"x","undo":true,"keep":true}`); !isKind(err, entente.Invalid) {
		t.Errorf("both: %v", err)
	}
}
