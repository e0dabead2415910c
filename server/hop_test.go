package server

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/authn"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/hop"
)

// A cluster is an organization of several nodes: the directory on one
// PostgreSQL, a file with mailboxes in the state of each node.
type cluster struct {
	testing.TB
	url   string
	key   string // of the organization, which every node has
	nodes map[string]*running
}

const aPassword = "correct horse battery"

func newCluster(t testing.TB, names ...string) *cluster {
	t.Helper()
	c := &cluster{TB: t, url: dbtest.PostgresURL(t), nodes: map[string]*running{}}
	for _, n := range names {
		c.start(n, func(*Config) {})
	}
	return c
}

func (c *cluster) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// start runs a node with a database of its own name.
func (c *cluster) start(name string, change func(*Config)) *running {
	c.Helper()
	state := filepath.Join(c.TempDir(), name)
	conf := Config{Name: name + ".contoso.example", URL: "https://127.0.0.1", State: state, Database: c.url}
	change(&conf)
	conf = conf.WithDefaults()
	c.must(conf.Check())
	keys := filepath.Join(state, "keys")
	if c.key != "" {
		text, err := os.ReadFile(c.key)
		c.must(err)
		c.must(os.MkdirAll(keys, 0o700))
		c.must(os.WriteFile(filepath.Join(keys, "master.key"), text, 0o400))
	}
	r := start(c.TB, conf)
	if c.key == "" {
		c.key = filepath.Join(keys, "master.key")
		_, err := c.api(r).AddDomain(c.Context(), admin.DomainName{Name: "contoso.example"})
		c.must(err)
	}
	_, err := c.api(r).AddDatabase(c.Context(), admin.AddDatabase{Name: name})
	c.must(err)
	c.nodes[name] = r
	return r
}

func (c *cluster) api(r *running) *admin.API {
	return r.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
}

// person makes somebody whose mailbox a node has.
func (c *cluster) person(name, node string) {
	c.Helper()
	api := c.api(c.nodes[node])
	upn := name + "@contoso.example"
	_, err := api.CreateAccount(c.Context(), admin.CreateAccount{UPN: upn, Name: name, Database: node})
	c.must(err)
	_, err = api.SetPassword(c.Context(), admin.SetPassword{AccountName: admin.AccountName{Account: upn}, Password: aPassword})
	c.must(err)
	c.live()
}

// live waits until every node decides by what was changed last.
func (c *cluster) live() {
	c.Helper()
	for _, r := range c.nodes {
		ctx, cancel := context.WithTimeout(c.Context(), 20*time.Second)
		_, _, err := r.Directory.Live(ctx, 0)
		cancel()
		c.must(err)
		return
	}
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (r *reply) code() string {
	m := regexp.MustCompile(`ResponseCode[^>]*>([A-Za-z]+)<`).FindStringSubmatch(r.body)
	if m == nil {
		return ""
	}
	return m[1]
}

const envelopeOf = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2016"/>HEADER</s:Header><s:Body>BODY</s:Body></s:Envelope>`

// ask asks a node as somebody.
func (c *cluster) ask(node, who, header, body string) *reply {
	c.Helper()
	r := c.nodes[node]
	text := strings.Replace(strings.Replace(envelopeOf, "HEADER", header, 1), "BODY", body, 1)
	q, err := http.NewRequestWithContext(c.Context(), http.MethodPost, r.url+"/EWS/Exchange.asmx", strings.NewReader(text))
	c.must(err)
	q.Header.Set("Content-Type", "text/xml")
	q.Header.Set("User-Agent", "test")
	q.SetBasicAuth(who+"@contoso.example", aPassword)
	w, err := r.client.Do(q)
	c.must(err)
	defer w.Body.Close()
	raw, err := io.ReadAll(w.Body)
	c.must(err)
	return &reply{w.StatusCode, w.Header, string(raw)}
}

func inboxOf(who string) string {
	if who == "" {
		return `<t:DistinguishedFolderId Id="inbox"/>`
	}
	return `<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>` + who + `@contoso.example</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`
}

func getFolder(of ...string) string {
	s := `<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds>`
	for _, who := range of {
		s += inboxOf(who)
	}
	return s + `</m:FolderIds></m:GetFolder>`
}

func createMessage(to, subject, disposition string) string {
	return `<m:CreateItem MessageDisposition="` + disposition + `"><m:Items><t:Message><t:Subject>` + subject + `</t:Subject><t:Body BodyType="Text">text</t:Body><t:ToRecipients><t:Mailbox><t:EmailAddress>` + to + `@contoso.example</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>`
}

func findIn(who string) string {
	return `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape><m:ParentFolderIds>` + inboxOf(who) + `</m:ParentFolderIds></m:FindItem>`
}

// Every operation is answered by a node without the mailbox as by the one that
// has it, byte for byte.
func TestElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b", "d")
	c.person("anna", "a")
	c.person("ben", "b")
	c.person("dora", "d")
	if r := c.ask("a", "anna", "", createMessage("anna", "Here", "SaveOnly")); r.code() != "NoError" {
		t.Fatal(r.body)
	}
	test := func(who, body string) {
		t.Helper()
		here := c.ask("a", who, "", body)
		for _, node := range []string{"b", "d"} {
			there := c.ask(node, who, "", body)
			if here.status != there.status || here.body != there.body {
				t.Errorf("at %s: %d %s\nat a: %d %s", node, there.status, there.body, here.status, here.body)
			}
			if h := there.header.Get("X-Entente-Subject"); h != here.header.Get("X-Entente-Subject") {
				t.Errorf("as %q", h)
			}
		}
	}
	test("anna", getFolder(""))
	test("anna", findIn(""))
	test("anna", `<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape></m:SyncFolderHierarchy>`)
	test("anna", `<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>anna@contoso.example</t:Address></t:Mailbox></m:GetUserOofSettingsRequest>`)
	test("ben", getFolder("anna"))
	test("anna", getFolder("", "ben", "anna", "dora"))
	test("anna", `<m:GetFolder/>`)
}

// When the node with the mailbox is gone, its people are told to come again, and
// others are not.
func TestNodeIsGone(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "b")
	c.must(c.nodes["a"].Directory.Unregister(context.WithoutCancel(t.Context())))
	deadline := time.Now().Add(20 * time.Second)
	var r *reply
	for r = c.ask("b", "anna", "", getFolder("")); time.Now().Before(deadline) && r.code() == "NoError"; r = c.ask("b", "anna", "", getFolder("")) {
	}
	if r.status != http.StatusInternalServerError || r.code() != "ErrorMailboxStoreUnavailable" || r.header.Get("Retry-After") == "" {
		t.Errorf("%d %s %v", r.status, r.body, r.header)
	}
	if r := c.ask("b", "ben", "", getFolder("", "anna")); !strings.Contains(r.body, "NoError") || !strings.Contains(r.body, "ErrorMailboxStoreUnavailable") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// Records of both nodes carry the same id, and that of the mailbox's node the
// whole chain.
func TestBothRecord(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "b")
	r := c.ask("b", "anna", "", createMessage("anna", "Note", "SaveOnly"))
	if r.code() != "NoError" {
		t.Fatal(r.body)
	}
	id := r.header.Get("request-id")
	records, err := c.nodes["a"].Audit.Search(t.Context(), audit.Filter{Request: id})
	c.must(err)
	var nodes []string
	for _, x := range records {
		nodes = append(nodes, x.Node)
		switch x.Node {
		case "a.contoso.example":
			if x.Method != access.Node || len(x.Via) != 1 || !strings.HasPrefix(x.Via[0].How, "node b.contoso.example by basic") || x.By.UPN != "anna@contoso.example" || x.UserAgent != "test" || x.Address != "127.0.0.1" {
				t.Errorf("%+v", x)
			}
		case "b.contoso.example":
			if x.Mailbox != "" || len(x.Targets) != 2 || x.Targets[0] != "node:a.contoso.example" || x.Code != "" {
				t.Errorf("%+v", x)
			}
		}
	}
	if len(nodes) != 2 {
		t.Errorf("records of %v", nodes)
	}
}

// What another node holds is not opened, nor is a file made that should be there.
func TestNotOpened(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	b := c.nodes["b"]
	_, err := b.boxes.get("a")
	if reason(err) != directory.NotHere {
		t.Errorf("%v", err)
	}
	// A mailbox that is asked for here is made there.
	must(c.api(b).CreateAccount(t.Context(), admin.CreateAccount{UPN: "carla@contoso.example", Database: "a"}))
	must(c.api(b).SetPassword(t.Context(), admin.SetPassword{AccountName: admin.AccountName{Account: "carla@contoso.example"}, Password: aPassword}))
	c.live()
	if r := c.ask("b", "carla", "", getFolder("")); r.code() != "NoError" {
		t.Errorf("%d %s", r.status, r.body)
	}
	_, err = c.api(b).MoveDatabase(t.Context(), admin.MoveDatabase{Name: "a", Node: "b.contoso.example"})
	c.must(err)
	if _, err := b.boxes.get("a"); reason(err) != directory.NotHere {
		t.Errorf("a file without mailboxes was made: %v", err)
	}
	c.live()
	if r := c.ask("a", "anna", "", getFolder("")); r.code() != "ErrorMailboxStoreUnavailable" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func reason(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func availabilityOf(who ...string) string {
	s := `<m:GetUserAvailabilityRequest><m:MailboxDataArray>`
	for _, w := range who {
		s += `<t:MailboxData><t:Email><t:Address>` + w + `@contoso.example</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData>`
	}
	return s + `</m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>2026-03-02T00:00:00Z</t:StartTime><t:EndTime>2026-03-03T00:00:00Z</t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes><t:RequestedView>DetailedMerged</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>`
}

func createEvent(subject, to string) string {
	invite := `SendMeetingInvitations="SendToNone"`
	if to != "" {
		invite = `SendMeetingInvitations="SendToAllAndSaveCopy"`
		to = `<t:RequiredAttendees><t:Attendee><t:Mailbox><t:EmailAddress>` + to + `@contoso.example</t:EmailAddress></t:Mailbox></t:Attendee></t:RequiredAttendees>`
	}
	return `<m:CreateItem ` + invite + `><m:Items><t:CalendarItem><t:Subject>` + subject + `</t:Subject><t:Start>2026-03-02T09:00:00Z</t:Start><t:End>2026-03-02T10:00:00Z</t:End>` + to + `</t:CalendarItem></m:Items></m:CreateItem>`
}

// Who is free is the same question at every node, for all who are asked about at
// once and for lists.
func TestFreeElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b", "d")
	c.person("anna", "a")
	c.person("ben", "b")
	c.person("dora", "d")
	for _, who := range []string{"anna", "ben", "dora"} {
		if r := c.ask("a", who, "", createEvent("Secret of "+who, "")); r.code() != "NoError" {
			t.Fatal(r.body)
		}
	}
	_, err := c.api(c.nodes["a"]).CreateGroup(t.Context(), admin.CreateGroup{Name: "all", Mail: "all@contoso.example", Members: []string{"anna@contoso.example", "ben@contoso.example", "dora@contoso.example"}})
	c.must(err)
	c.live()
	ask := availabilityOf("anna", "ben", "dora", "nobody", "ben", "all")
	at := c.ask("a", "anna", "", ask)
	if strings.Count(at.body, "NoError") != 5 || !strings.Contains(at.body, "Secret of anna") || strings.Contains(at.body, "Secret of ben") || strings.Count(at.body, "000000000200000000000000") != 5 {
		t.Errorf("%s", at.body)
	}
	for _, node := range []string{"b", "d"} {
		if r := c.ask(node, "anna", "", ask); r.body != at.body {
			t.Errorf("at %s: %s\nat a: %s", node, r.body, at.body)
		}
	}
}

// await asks until an answer has a text.
func (c *cluster) await(node, who, body, text string) *reply {
	c.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		r := c.ask(node, who, "", body)
		if strings.Contains(r.body, text) || time.Now().After(deadline) {
			if !strings.Contains(r.body, text) {
				c.Errorf("%s never came: %s", text, r.body)
			}
			return r
		}
	}
}

// Mail and meetings get to mailboxes of other nodes, with what these do by
// themselves, and answers come back.
func TestMailElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "b")
	if r := c.ask("b", "anna", "", createMessage("ben", "Across", "SendAndSaveCopy")); r.code() != "NoError" {
		t.Fatal(r.body)
	}
	r := c.await("a", "ben", findIn(""), "Across")
	if strings.Count(r.body, "<t:Message>") != 1 {
		t.Errorf("%s", r.body)
	}
	if r := c.ask("a", "anna", "", createEvent("Plan", "ben")); r.code() != "NoError" {
		t.Fatal(r.body)
	}
	c.await("b", "ben", findIn(""), "MeetingRequest")
	c.await("b", "ben", availabilityOf("ben"), "Plan")
	var records []audit.Record
	for deadline := time.Now().Add(time.Minute); len(records) < 2 && time.Now().Before(deadline); { // written when all is done
		records = must(c.nodes["a"].Audit.Search(t.Context(), audit.Filter{Action: "local.Delivery"}))
	}
	if len(records) != 2 || records[0].Kind != audit.Sender || records[0].By.UPN != "anna@contoso.example" || records[0].Node != "b.contoso.example" {
		t.Errorf("%+v", records)
	}
}

// A node that dies when a message lies in the mailbox, and before it has said so,
// delivers it once all the same; what somebody wrote into the table is no mail.
func TestMailOnce(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "b")
	a, b := c.nodes["a"], c.nodes["b"]
	b.cancel() // what it does by itself
	if r := c.ask("a", "anna", "", createMessage("ben", "Once", "SendAndSaveCopy")); r.code() != "NoError" {
		t.Fatal(r.body)
	}
	var rows [][]any
	c.must(a.main.View(t.Context(), func(tx *db.Tx) error {
		rows = nil
		var id, database, envelope string
		var message, mark []byte
		err := tx.QueryRow(`SELECT id, database, envelope, message, mark FROM hop_parcel`).Scan(&id, &database, &envelope, &message, &mark)
		rows = append(rows, []any{id, database, envelope, message, mark})
		return err
	}))
	again := func(id string, change func([]any)) {
		t.Helper()
		x := append([]any(nil), rows[0]...)
		x[0] = id
		change(x)
		c.must(a.main.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO hop_parcel (id, database, envelope, message, mark, created, due, tries) VALUES ($1,$2,$3,$4,$5,0,0,0)`, x...)
			return err
		}))
	}
	c.must(b.parcels.Take(t.Context()))
	again(rows[0][0].(string), func([]any) {}) // as if it had died
	c.must(b.parcels.Take(t.Context()))
	again("forged", func([]any) {})
	c.must(b.parcels.Take(t.Context()))
	r := c.ask("b", "ben", "", findIn(""))
	if strings.Count(r.body, "<t:Message>") != 1 {
		t.Errorf("%s", r.body)
	}
	n, err := b.parcels.Waiting(t.Context())
	if err != nil || len(n) != 0 {
		t.Errorf("%v %v", n, err)
	}
}

// Mail for somebody of whom the node with his mailbox knows nothing waits, since it
// may hear of him in a moment, and comes back at last.
func TestMailForNobody(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "b")
	a, b := c.nodes["a"], c.nodes["b"]
	b.cancel() // what it does by itself
	if r := c.ask("a", "anna", "", createMessage("ben", "Across", "SendAndSaveCopy")); r.code() != "NoError" {
		t.Fatal(r.body)
	}
	ben, ok := a.Directory.Snapshot().FindUPN("ben@contoso.example")
	if !ok {
		t.Fatal("ben is not there")
	}
	c.must(b.Directory.Update(t.Context(), func(x *directory.Change) error { return x.RemoveAccount(ben.SID) }))
	c.must(b.parcels.Take(t.Context()))
	if n, err := b.parcels.Waiting(t.Context()); err != nil || n["b"] != 1 {
		t.Fatalf("%v %v", n, err)
	}
	c.must(a.main.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE hop_parcel SET created = 0, due = 0`)
		return err
	}))
	c.must(a.parcels.GiveUp(t.Context()))
	c.await("a", "anna", findIn(""), "Undeliverable: Across")
	if n, err := b.parcels.Waiting(t.Context()); err != nil || len(n) != 0 {
		t.Errorf("%v %v", n, err)
	}
}

// Subscriptions are where the mailbox is, and found there from every node: those
// that are asked for news, and those that stream it.
func TestNewsElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	pull := `<m:Subscribe><m:PullSubscriptionRequest><t:FolderIds>` + inboxOf("") + `</t:FolderIds><t:EventTypes><t:EventType>CreatedEvent</t:EventType><t:EventType>NewMailEvent</t:EventType></t:EventTypes><t:Timeout>10</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>`
	value := func(r *reply, name string) string {
		t.Helper()
		m := regexp.MustCompile(name + `>([^<]+)<`).FindStringSubmatch(r.body)
		if m == nil {
			t.Fatal(r.body)
		}
		return m[1]
	}
	r := c.ask("b", "anna", "", pull)
	id, mark := value(r, "SubscriptionId"), value(r, "Watermark")
	c.ask("a", "anna", "", createMessage("anna", "Loud", "SendOnly"))
	get := `<m:GetEvents><m:SubscriptionId>` + id + `</m:SubscriptionId><m:Watermark>` + mark + `</m:Watermark></m:GetEvents>`
	if r := c.ask("b", "anna", "", get); !strings.Contains(r.body, "NewMailEvent") {
		t.Errorf("%s", r.body)
	}

	stream := strings.NewReplacer("PullSubscriptionRequest", "StreamingSubscriptionRequest", "<t:Timeout>10</t:Timeout>", "").Replace(pull)
	sub := value(c.ask("b", "anna", "", stream), "SubscriptionId")
	text := strings.NewReplacer("HEADER", "", "BODY", `<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>`+sub+`</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>5</m:ConnectionTimeout></m:GetStreamingEvents>`).Replace(envelopeOf)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := c.nodes["b"]
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/EWS/Exchange.asmx", strings.NewReader(text))
	c.must(err)
	q.Header.Set("Content-Type", "text/xml")
	q.SetBasicAuth("anna@contoso.example", aPassword)
	w, err := b.client.Do(q)
	c.must(err)
	defer w.Body.Close()
	read := bufio.NewReader(w.Body)
	until := func(what string) {
		t.Helper()
		var seen strings.Builder
		for !strings.Contains(seen.String(), what) {
			one, err := read.ReadByte()
			if err != nil {
				t.Fatalf("%v before %s: %s", err, what, seen.String())
			}
			seen.WriteByte(one)
		}
	}
	until("<m:ConnectionStatus>OK")
	c.ask("b", "anna", "", createMessage("anna", "Louder", "SendOnly"))
	until("NewMailEvent")
	cancel() // the client goes, and so does the other node's connection
	unsubscribe := `<m:Unsubscribe><m:SubscriptionId>` + sub + `</m:SubscriptionId></m:Unsubscribe>`
	if r := c.ask("b", "anna", "", unsubscribe); r.code() != "NoError" {
		t.Errorf("%s", r.body)
	}
}

// In whatever role somebody comes, the node without the mailbox answers as the
// one with it; and who may not, may not there either.
func TestRolesElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "a")
	c.person("crm", "b")
	api := c.api(c.nodes["a"])
	did := func(_ any, err error) { t.Helper(); c.must(err) }
	did(api.GrantPermission(t.Context(), admin.GrantPermission{AccountName: admin.AccountName{Account: "anna@contoso.example"}, To: "ben@contoso.example", Rights: []string{"full-access"}}))
	c.live()
	as := func(who string) string {
		return `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>` + who + `@contoso.example</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`
	}
	test := func(who, header, body, want string) {
		t.Helper()
		here, there := c.ask("a", who, header, body), c.ask("b", who, header, body)
		if here.code() != want || here.status != there.status || here.body != there.body {
			t.Errorf("%s, want %s: at b %d %s\nat a: %d %s", who, want, there.status, there.body, here.status, here.body)
		}
	}
	test("ben", "", findIn("anna"), "NoError")
	test("crm", "", findIn("anna"), "ErrorFolderNotFound")
	test("crm", as("anna"), findIn(""), "ErrorImpersonationDenied")
	for _, server := range []string{"a.contoso.example", "b.contoso.example"} {
		did(api.CreateAssignment(t.Context(), admin.CreateAssignment{Assignee: "crm@contoso.example", Account: "anna@contoso.example", Server: server}))
	}
	c.live()
	test("crm", as("anna"), findIn(""), "NoError")
	test("crm", as("anna"), availabilityOf("anna", "ben"), "NoError")
	test("crm", as("ben"), findIn(""), "ErrorImpersonateUserDenied")
	if r := c.ask("b", "anna", "", `<m:MoveItem><m:ToFolderId>`+inboxOf("crm")+`</m:ToFolderId><m:ItemIds><t:ItemId Id="x"/></m:ItemIds></m:MoveItem>`); r.code() == "NoError" {
		t.Errorf("%s", r.body)
	}
}

// What a node that asks is told of another, and what of one that is down.
func TestShowNode(t *testing.T) {
	c := newCluster(t, "a", "b")
	api := c.api(c.nodes["a"])
	s, err := api.ShowNode(t.Context(), admin.NodeName{Node: "b.contoso.example"})
	if err != nil || !s.Answers || !s.Up || s.Reached != "node channel" || s.Role != "mailbox" || len(s.Databases) != 1 || s.Databases[0] != "b" {
		t.Errorf("%+v, %v", s, err)
	}
	c.must(c.nodes["b"].Directory.Unregister(context.WithoutCancel(t.Context())))
	deadline := time.Now().Add(20 * time.Second)
	for s.Answers && time.Now().Before(deadline) {
		s, err = api.ShowNode(t.Context(), admin.NodeName{Node: "b.contoso.example"})
		c.must(err)
	}
	if s.Answers || !strings.Contains(s.Problem, "not running") {
		t.Errorf("%+v", s)
	}
	if _, err := api.ShowNode(t.Context(), admin.NodeName{Node: "x"}); err == nil {
		t.Error("a node that is not there")
	}
}

// passage is Anna's request as another node passes it on.
func (c *cluster) passage(from, to, who, body string) *hop.Passage {
	r := c.nodes[from]
	a, _ := r.Directory.Snapshot().FindUPN(who + "@contoso.example")
	return &hop.Passage{
		Node: to + ".contoso.example", Method: http.MethodPost, Path: "/EWS/Exchange.asmx",
		Body:    []byte(strings.NewReplacer("HEADER", "", "BODY", body).Replace(envelopeOf)),
		Request: "00112233445566778899aabbccddeeff",
		Caller:  &access.Caller{Authenticated: a.Principal, Method: access.Basic},
		Header:  http.Header{"Content-Type": {"text/xml"}}, Generation: r.Directory.Snapshot().Generation(),
	}
}

func (c *cluster) pass(from string, p *hop.Passage) (*reply, error) {
	c.Helper()
	w, err := c.nodes[from].nodes.Pass(c.Context(), p)
	if err != nil {
		return nil, err
	}
	defer w.Body.Close()
	raw, err := io.ReadAll(w.Body)
	c.must(err)
	return &reply{w.StatusCode, w.Header, string(raw)}, nil
}

// What was passed on once goes no further, wherever the mailbox is; a node that is
// behind the sender does not decide; and whoever is no node is believed nothing
// that nodes tell each other.
func TestNoFurther(t *testing.T) {
	c := newCluster(t, "a", "b", "d")
	c.person("anna", "a")
	c.person("ben", "b")
	r, err := c.pass("d", c.passage("d", "b", "anna", getFolder("")))
	if err != nil || r.status != http.StatusOK || r.code() != "ErrorMailboxStoreUnavailable" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := c.pass("d", c.passage("d", "b", "ben", getFolder(""))); err != nil || r.code() != "NoError" || r.header.Get("request-id") != "00112233445566778899aabbccddeeff" {
		t.Errorf("%+v, %v", r, err)
	}
	p := c.passage("d", "b", "ben", getFolder(""))
	p.Generation += 1000
	if _, err := c.pass("d", p); reason(err) != hop.NodeRefused {
		t.Errorf("%v", err)
	}
	p = c.passage("d", "b", "ben", getFolder(""))
	p.Caller = &access.Caller{Method: access.Basic} // nobody
	if _, err := c.pass("d", p); reason(err) != hop.NodeRefused {
		t.Errorf("%v", err)
	}
	p = c.passage("d", "nowhere", "ben", getFolder(""))
	if _, err := c.pass("d", p); reason(err) != hop.NodeDown {
		t.Errorf("%v", err)
	}
	// A client that says what only nodes say.
	b := c.nodes["b"]
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/EWS/Exchange.asmx", strings.NewReader(string(c.passage("d", "b", "ben", getFolder("")).Body)))
	c.must(err)
	q.SetBasicAuth("ben@contoso.example", aPassword)
	q.Header.Set("Entente-Request", "00112233445566778899aabbccddeeff")
	q.Header.Set("Entente-Generation", "999999")
	w, err := b.client.Do(q)
	c.must(err)
	defer w.Body.Close()
	if w.StatusCode != http.StatusOK || w.Header.Get("request-id") == "00112233445566778899aabbccddeeff" || w.Header.Get("Entente-Code") != "" {
		t.Errorf("%d %v", w.StatusCode, w.Header)
	}
	q, err = http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+hop.PathTimes, strings.NewReader("{}"))
	c.must(err)
	q.SetBasicAuth("ben@contoso.example", aPassword)
	w, err = b.client.Do(q)
	c.must(err)
	defer w.Body.Close()
	if w.StatusCode != http.StatusNotFound {
		t.Errorf("clients ask what nodes ask: %d", w.StatusCode)
	}
}

// A node that dies within an answer cuts it off; one that does not answer in time
// is given up. Neither looks like an answer.
func TestCutOff(t *testing.T) {
	c := newCluster(t, "a")
	slow := c.start("b", func(x *Config) { x.Nodes = &NodesConfig{Timeout: time.Second} })
	c.person("anna", "a")
	public, key, err := ed25519.GenerateKey(rand.Reader)
	c.must(err)
	conf, err := (&authn.NodeTLS{Directory: slow.Directory, Signer: key, Now: time.Now}).Server(nil)
	c.must(err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	c.must(err)
	defer l.Close()
	answers := make(chan func(net.Conn), 1)
	go func() {
		for {
			x, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer x.Close()
				if _, err := http.ReadRequest(bufio.NewReader(x)); err == nil {
					(<-answers)(x)
				}
			}()
		}
	}()
	dead, err := directory.Open(t.Context(), directory.Config{DB: slow.main, Seal: must(slow.ring.DirectorySeal(t.Context()))})
	c.must(err)
	c.must(dead.Register(t.Context(), directory.Node{ID: "z.contoso.example", Name: "z", URL: "https://" + l.Addr().String(), PublicKey: public}))
	_, err = c.api(slow).MoveDatabase(t.Context(), admin.MoveDatabase{Name: "a", Node: "z.contoso.example"})
	c.must(err)
	answers <- func(net.Conn) { <-t.Context().Done() }
	if r := c.ask("b", "anna", "", getFolder("")); r.code() != "ErrorMailboxStoreUnavailable" {
		t.Errorf("%d %s", r.status, r.body)
	}
	answers <- func(x net.Conn) {
		_, _ = io.WriteString(x, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<half")
	}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, slow.url+"/EWS/Exchange.asmx", strings.NewReader(strings.NewReplacer("HEADER", "", "BODY", getFolder("")).Replace(envelopeOf)))
	c.must(err)
	q.SetBasicAuth("anna@contoso.example", aPassword)
	w, err := slow.client.Do(q)
	if err == nil {
		defer w.Body.Close()
		_, err = io.ReadAll(w.Body)
	}
	if err == nil {
		t.Error("a cut answer looks whole")
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// A published calendar is found at every node under its address.
func TestPublishedElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	api := c.api(c.nodes["a"])
	if r := c.ask("a", "anna", "", createEvent("Open day", "")); r.code() != "NoError" {
		t.Fatal(r.body)
	}
	must(api.CreateSharingPolicy(t.Context(), admin.CreateSharingPolicy{SharingPolicyName: admin.SharingPolicyName{Name: "Open"}, Rules: []string{"Anonymous: CalendarSharingFreeBusyDetail"}, Default: true}))
	p := must(api.PublishCalendar(t.Context(), admin.PublishCalendar{CalendarName: admin.CalendarName{AccountName: admin.AccountName{Account: "anna@contoso.example"}, Folder: "calendar"}, Level: "LimitedDetails"}))
	c.live()
	get := func(node, address string) *reply {
		t.Helper()
		u := must(url.Parse(address))
		q := must(http.NewRequestWithContext(t.Context(), http.MethodGet, c.nodes[node].url+u.RequestURI(), http.NoBody))
		w := must(c.nodes[node].client.Do(q))
		defer w.Body.Close()
		return &reply{w.StatusCode, w.Header, string(must(io.ReadAll(w.Body)))}
	}
	month := p.URL + "?month=" + time.Now().AddDate(0, 2, 0).Format("2006-01")
	if get("a", month).body == get("a", p.URL).body {
		t.Fatal("the month makes no difference")
	}
	for _, address := range []string{p.URL, p.ICalURL, month} {
		here, there := get("a", address), get("b", address)
		if here.status != http.StatusOK || there.status != here.status || there.body != here.body || there.header.Get("ETag") != here.header.Get("ETag") || there.header.Get("Content-Security-Policy") != here.header.Get("Content-Security-Policy") {
			t.Errorf("%s: at b %d %s\nat a %d %s", address, there.status, there.body, here.status, here.body)
		}
	}
	if r := get("b", "https://x/owa/calendar/x@contoso.example/0/calendar.ics"); r.status != http.StatusNotFound {
		t.Errorf("%d", r.status)
	}
}
