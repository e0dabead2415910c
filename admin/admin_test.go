package admin_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/server"
)

// A house is an organization with Anna, a group and an application in it.
type house struct {
	testing.TB
	s     *server.Server
	root  *admin.API
	ctx   context.Context
	state string
}

func newHouse(t testing.TB) *house {
	t.Helper()
	c := server.Config{Name: "mail.contoso.example", State: filepath.Join(t.TempDir(), "state")}.WithDefaults()
	s, err := server.New(t.Context(), c, server.Options{Organization: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{t, s, nil, t.Context(), c.State}
	h.root = s.Admin.As(admin.Administrator{
		Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local, Evidence: "uid 0",
	})
	h.call(h.root, "domain", "add", `{"name":"contoso.example"}`)
	h.call(h.root, "database", "add", `{"name":"staff"}`)
	h.call(h.root, "account", "create", `{"upn":"anna@contoso.example","database":"staff"}`)
	h.call(h.root, "account", "create", `{"upn":"ben@contoso.example"}`)
	h.call(h.root, "service", "create", `{"upn":"crm@contoso.example"}`)
	h.call(h.root, "group", "create", `{"mail":"sales@contoso.example","members":["anna@contoso.example"]}`)
	return h
}

func (h *house) try(api *admin.API, noun, name, request string) (any, error) {
	h.Helper()
	for _, v := range admin.Verbs() {
		if v.Noun == noun && v.Name == name {
			return v.Call(h.ctx, api, []byte(request))
		}
	}
	h.Fatalf("there is no verb %s %s", noun, name)
	return nil, nil
}

func (h *house) call(api *admin.API, noun, name, request string) any {
	h.Helper()
	answer, err := h.try(api, noun, name, request)
	if err != nil {
		h.Fatalf("%s %s %s: %v", noun, name, request, err)
	}
	return answer
}

func (h *house) records(action string) []audit.Record {
	h.Helper()
	all, err := h.s.Audit.Search(h.ctx, audit.Filter{Action: action, Limit: 10_000})
	if err != nil {
		h.Fatal(err)
	}
	return all
}

// TestChangesAreRecorded: each change is in the log under the name of who asked
// for it, and one that nobody asks for is not made.
func TestChangesAreRecorded(t *testing.T) {
	h := newHouse(t)
	nobody := h.s.Admin.As(admin.Administrator{})
	test := func(noun, name, request string) {
		t.Helper()
		action := "admin." + noun + "." + name
		before := len(h.records(action))
		var e *entente.Error
		if _, err := h.try(nobody, noun, name, request); !errors.As(err, &e) || e.Kind != entente.Denied {
			t.Errorf("%s: nobody asks, and the answer is %v", action, err)
		}
		if n := len(h.records(action)); n != before {
			t.Errorf("%s: nobody asks, and it is recorded", action)
		}
		h.call(h.root, noun, name, request)
		after := h.records(action)
		if len(after) != before+1 {
			t.Fatalf("%s: %d records more", action, len(after)-before)
		}
		if r := after[0]; r.Kind != audit.Admin || r.By.UPN != "root@localhost" || r.Evidence != "uid 0" || !r.Allowed || r.Code != "" {
			t.Errorf("%s: %+v", action, r)
		}
	}
	test("organization", "set", `{"ews_enabled":"on","precedence":"strict"}`)
	test("domain", "add", `{"name":"fabrikam.example"}`)
	test("domain", "default", `{"name":"fabrikam.example"}`)
	test("domain", "default", `{"name":"contoso.example"}`)
	test("domain", "remove", `{"name":"fabrikam.example"}`)
	test("account", "create", `{"upn":"yara@contoso.example","kind":"shared","database":"staff"}`)
	test("account", "set", `{"account":"yara@contoso.example","mail":"y@contoso.example","hidden":"on"}`)
	test("account", "password", `{"account":"anna@contoso.example","password":"correct horse"}`)
	test("group", "create", `{"mail":"all@contoso.example","members":["sales@contoso.example"]}`)
	test("group", "add", `{"group":"all@contoso.example","members":["ben@contoso.example"]}`)
	test("group", "drop", `{"group":"all@contoso.example","members":["ben@contoso.example"]}`)
	test("group", "remove", `{"group":"all@contoso.example"}`)
	test("database", "add", `{"name":"second"}`)
	test("database", "remove", `{"name":"second"}`)
	test("mailbox", "enable", `{"account":"ben@contoso.example","database":"staff"}`)
	test("mailbox", "quota", `{"account":"ben@contoso.example","prohibit_send":1000000}`)
	test("mailbox", "disable", `{"account":"ben@contoso.example"}`)
	test("room", "create", `{"mail":"amber@contoso.example","database":"staff","capacity":4}`)
	test("service", "create", `{"upn":"sync@contoso.example"}`)
	test("service", "token", `{"account":"sync@contoso.example"}`)
	test("permission", "grant", `{"account":"anna@contoso.example","to":"ben@contoso.example","rights":["send-as"]}`)
	test("permission", "revoke", `{"account":"anna@contoso.example","to":"ben@contoso.example"}`)
	test("assignment", "create", `{"assignee":"crm@contoso.example","group":"sales@contoso.example"}`)
	test("import", "csv", `{"content":"UserPrincipalName\nolga@contoso.example\n"}`)
	test("import", "ics", `{"account":"anna@contoso.example","content":"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"}`)
	test("administrator", "add", `{"grantee":"ben@contoso.example"}`)
	test("administrator", "remove", `{"grantee":"ben@contoso.example"}`)
	test("account", "remove", `{"account":"yara@contoso.example"}`)
}

// TestFailuresAreRecorded: what was tried and failed has a second record with
// its code.
func TestFailuresAreRecorded(t *testing.T) {
	h := newHouse(t)
	if _, err := h.try(h.root, "account", "create", `{"upn":"anna@contoso.example"}`); err == nil {
		t.Fatal("Anna is created twice")
	}
	if r := h.records("admin.account.create")[0]; r.Code != "account-exists" {
		t.Errorf("%+v", r)
	}
}

// TestSelfPromotion: administrators grant nothing to themselves, and nobody
// who administers gets to impersonate.
func TestSelfPromotion(t *testing.T) {
	h := newHouse(t)
	ben, err := h.s.Directory.Lookup(h.ctx, "ben@contoso.example")
	if err != nil {
		t.Fatal(err)
	}
	byBen := h.s.Admin.As(admin.Administrator{Principal: ben.Principal, Method: access.Local})
	test := func(api *admin.API, noun, name, request string) {
		t.Helper()
		var e *entente.Error
		if _, err := h.try(api, noun, name, request); !errors.As(err, &e) || e.Kind != entente.Denied {
			t.Errorf("%s %s %s: %v", noun, name, request, err)
		}
	}
	test(byBen, "administrator", "add", `{"grantee":"ben@contoso.example"}`)
	test(byBen, "assignment", "create", `{"assignee":"ben@contoso.example","account":"anna@contoso.example"}`)
	test(byBen, "permission", "grant", `{"account":"anna@contoso.example","to":"ben@contoso.example","rights":["full-access"]}`)
	h.call(h.root, "administrator", "add", `{"grantee":"ben@contoso.example"}`)
	test(h.root, "assignment", "create", `{"assignee":"ben@contoso.example","all_mailboxes":true}`)
}

// TestScope: a right to impersonate names over whom, exactly once, and ends.
func TestScope(t *testing.T) {
	h := newHouse(t)
	test := func(request, over string) {
		t.Helper()
		answer, err := h.try(h.root, "assignment", "create", request)
		if over == "" {
			if err == nil {
				t.Errorf("%s is granted: %v", request, answer)
			}
			return
		}
		info, ok := answer.(admin.AssignmentInfo)
		if err != nil || !ok || info.Over != over || info.NotAfter == "" {
			t.Errorf("%s: %+v, %v", request, answer, err)
		}
	}
	test(`{"assignee":"crm@contoso.example"}`, "")
	test(`{"assignee":"crm@contoso.example","account":"anna@contoso.example","all_mailboxes":true}`, "")
	test(`{"assignee":"crm@contoso.example","database":"no such"}`, "")
	test(`{"assignee":"crm@contoso.example","account":"anna@contoso.example","days":100000}`, "")
	test(`{"assignee":"crm@contoso.example","account":"anna@contoso.example","rights":"everything"}`, "")
	test(`{"assignee":"crm@contoso.example","all_mailboxes":true}`, "all mailboxes")
	test(`{"assignee":"crm@contoso.example","database":"staff"}`, "database staff")
	test(`{"assignee":"crm@contoso.example","group":"sales@contoso.example"}`, "group sales@contoso.example")
	test(`{"assignee":"crm@contoso.example","account":"anna@contoso.example"}`, "account anna@contoso.example")
}

// TestSecrets: what is secret is answered once and found nowhere else.
func TestSecrets(t *testing.T) {
	h := newHouse(t)
	made, ok := h.call(h.root, "account", "password", `{"account":"anna@contoso.example"}`).(admin.NewPassword)
	if !ok || len(made.Password) < 16 {
		t.Fatalf("%+v", made)
	}
	given, ok := h.call(h.root, "account", "password", `{"account":"anna@contoso.example","password":"correct horse battery"}`).(admin.NewPassword)
	if !ok || given.Password != "" {
		t.Errorf("a password that was given is shown: %+v", given)
	}
	for _, r := range h.records("") {
		if text := strings.Join(r.Targets, " ") + r.Evidence; strings.Contains(text, "correct horse") || strings.Contains(text, made.Password) {
			t.Errorf("%+v", r)
		}
	}
}
