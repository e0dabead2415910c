package ewsserver

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"entente/access"
	"entente/audit"
	"entente/clientaccess"
	"entente/directory"
	"entente/ews"
	"entente/soap"
	"entente/strictxml"
)

// A frontage is a house in front of a server that is not ours, and what that has
// been sent.
type frontage struct {
	*house
	front *Front
	mode  Impersonation
	got   []sent
}

// sent is a request as the server behind has it.
type sent struct {
	as     string
	header http.Header
	length int64
	body   string
}

func newFrontage(tb testing.TB) *frontage {
	h := open(tb)
	return &frontage{house: h, front: NewFront(Config{Log: h.handler.Log})}
}

// pass is the server behind: it reads the request twice, as one sends again what
// went over a connection that was closed.
func (f *frontage) pass(w http.ResponseWriter, r *http.Request, as access.Principal) {
	body, err := io.ReadAll(r.Body)
	f.must(err)
	f.must(r.Body.Close())
	if r.GetBody != nil {
		again, err := r.GetBody()
		f.must(err)
		second, err := io.ReadAll(again)
		f.must(err)
		f.must(again.Close())
		if !bytes.Equal(body, second) || r.ContentLength != int64(len(body)) {
			f.Errorf("%d bytes are announced, %d sent, %d sent again", r.ContentLength, len(body), len(second))
		}
	}
	f.got = append(f.got, sent{string(as.UPN), r.Header, r.ContentLength, string(body)})
	fmt.Fprint(w, "from behind")
}

// through sends a request through the front.
func (f *frontage) through(caller string, r *http.Request) reply {
	f.Helper()
	f.authorize(r, caller)
	c, err := f.door.Methods.Authenticate(r, http.Header{})
	f.must(err)
	w := httptest.NewRecorder()
	f.door.Admit(clientaccess.EWS, "", c, f.front.Passing(f.mode, f.pass), w, r)
	return reply{house: f.house, status: w.Code, header: w.Header(), body: w.Body.String()}
}

func (f *frontage) request(body string) *http.Request {
	r := httptest.NewRequestWithContext(context.WithoutCancel(f.Context()), http.MethodPost, "/EWS/Exchange.asmx", strings.NewReader(body))
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	return r
}

// passed sends a request that must reach the server behind, and returns what it
// got.
func (f *frontage) passed(caller, body string) sent {
	f.Helper()
	n := len(f.got)
	if a := f.through(caller, f.request(body)); a.status != http.StatusOK || a.body != "from behind" || len(f.got) != n+1 {
		f.Fatalf("%d %s; %d reached the server behind", a.status, a.body, len(f.got)-n)
	}
	return f.got[n]
}

// short spells an envelope without a header as it goes on.
func short(envelope string) string {
	return strings.Replace(envelope, "<s:Header></s:Header>", "<s:Header/>", 1)
}

// TestFrontAnswersAsOurs holds the front's answers against those of a server with
// mailboxes: whatever that refuses on account of who comes and as whom, the front
// refuses with the same bytes, and sends nothing.
func TestFrontAnswersAsOurs(t *testing.T) {
	f := newFrontage(t)
	f.service("idle", false)
	f.service("boss", true)
	upn := func(s string) string { return acting(`<t:PrincipalName>` + s + `</t:PrincipalName>`) }
	primary := func(s string) string {
		return acting(`<t:PrimarySmtpAddress>` + s + `</t:PrimarySmtpAddress>`)
	}
	const serialized = `<t:SerializedSecurityContext><t:UserSid>S-1-5-21-1-2-3-500</t:UserSid></t:SerializedSecurityContext>`
	const admin = `<t:OpenAsAdminOrSystemService LogonType="Admin"/>`
	anna := primary(address("anna"))
	refused := 0
	test := func(caller, request string) {
		t.Helper()
		for _, mode := range [...]Impersonation{"", ImpersonatePass, ImpersonateTranslate} {
			f.mode = mode
			ours, n := f.postRaw(caller, request), len(f.got)
			theirs := f.through(caller, f.request(request))
			if ours.status == http.StatusOK {
				if theirs.status != http.StatusOK || len(f.got) != n+1 {
					t.Errorf("%s, %s: we answer, the front says %d %s", caller, request, theirs.status, theirs.body)
				}
				continue
			}
			refused++
			same := strings.ReplaceAll(theirs.body, theirs.header.Get("request-id"), ours.header.Get("request-id"))
			if theirs.status != ours.status || same != ours.body || len(f.got) != n {
				t.Errorf("%s, %s:\n     we say %d %s\nthe front %d %s", caller, request, ours.status, ours.body, theirs.status, theirs.body)
			}
			for _, name := range [...]string{"X-Entente-Reason", "X-Caserrorcode", "Content-Type", "Retry-After", "X-Entente-Subject"} {
				if ours.header.Get(name) != theirs.header.Get(name) {
					t.Errorf("%s: %q, the front says %q", name, ours.header.Get(name), theirs.header.Get(name))
				}
			}
		}
	}
	inbox := getFolder(idOnly, named("inbox", ""))
	for _, caller := range [...]string{"anna", "crm", "idle", "boss"} {
		for _, header := range [...]string{
			"", anna, primary(address("carla")), primary("nobody@contoso.example"), primary("sales@contoso.example"), primary(address("otto")),
			upn(address("anna")), upn("nobody@contoso.example"), upn(" "), acting(""), acting(`<t:SID>S-1-5-21-9-9-9-9</t:SID>`), anna + anna,
			anna + serialized, serialized + anna, serialized, admin, anna + admin, `<t:ProxySecurityContext>AAAA</t:ProxySecurityContext>`,
			`<t:ProxyRequestType>CrossSite</t:ProxyRequestType>`, `<t:SerializedSecurityContext>AAAA</t:SerializedSecurityContext>`,
			strings.ReplaceAll(anna, "ExchangeImpersonation", "exchangeImpersonation"), strings.ReplaceAll(anna, "t:ExchangeImpersonation", "m:ExchangeImpersonation"),
			`<t:ConnectingSID><t:SID>S-1-1-0</t:SID></t:ConnectingSID>`, `<t:MailboxCulture>de-DE</t:MailboxCulture>`,
		} {
			test(caller, envelope(header, inbox))
		}
	}
	for _, request := range [...]string{
		"", "x", "<a/>", envelope("", ""), envelope("", inbox+inbox), envelope("", "<m:"), `<!DOCTYPE a>` + envelope("", inbox),
		envelope("", inbox) + "x", strings.Replace(envelope("", inbox), "soap/envelope", "soap/other", 1), envelope("", strings.ReplaceAll(inbox, "m:GetFolder", "t:GetFolder")),
	} {
		test("anna", request)
	}
	f.must(f.door.Directory.Update(t.Context(), func(c *directory.Change) error {
		off := &access.ClientPolicy{EwsEnabled: access.Off}
		return c.SetAccount(f.sids["anna"], func(a *directory.Account) error { a.Policy = off; return nil })
	}))
	test("anna", envelope("", inbox))
	test("ben", envelope("", getFolder(idOnly, named("inbox", "anna")))) // a delegate's own counts, not hers
	test("crm", envelope(anna, inbox))                                   // acting as her, hers does
	f.must(f.door.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetOrganization(func(o *access.Organization) error {
			o.Policy = access.ClientPolicy{EwsApplicationAccessPolicy: access.EnforceAllowList, EwsAllowList: []string{"Other/*"}}
			return nil
		})
	}))
	test("ben", envelope("", inbox))
	if refused < 100 {
		t.Errorf("%d requests were refused: is the table what it was?", refused)
	}
	f.mode = ImpersonateRefuse
	n := len(f.got)
	f.through("crm", f.request(envelope(anna, inbox))).fault(ews.ErrorImpersonationDenied)
	if len(f.got) != n {
		t.Error("it was passed on")
	}
}

// TestFrontSends is what goes on: what was read, in one spelling, and not what came.
func TestFrontSends(t *testing.T) {
	f := newFrontage(t)
	const declared = `<?xml version="1.0" encoding="utf-8"?>`
	anna := acting(`<t:PrimarySmtpAddress>` + address("anna") + `</t:PrimarySmtpAddress>`)
	inbox := getFolder(idOnly, named("inbox", ""))

	plain := envelope(anna, inbox)
	if got := f.passed("crm", plain); got.body != declared+plain || got.as != address("crm") {
		t.Errorf("as %s: %s", got.as, got.body)
	}
	odd := strings.NewReplacer(
		`<s:Header>`, "<!-- <t:ExchangeImpersonation/> --><s:Header >\r\n",
		address("anna"), "ann<!-- -->a@contoso<![CDATA[.exa]]>mpl&#101;",
	).Replace(plain)
	if got := f.passed("crm", "\uFEFF"+odd+"\n<!-- end -->"); got.body != declared+strings.Replace(plain, "<s:Header>", "<s:Header>\n", 1) {
		t.Error(got.body)
	}
	// What the header said is gone where the request comes from whom it named.
	role := `<t:ManagementRole><t:ApplicationRoles><t:Role>ApplicationImpersonation</t:Role></t:ApplicationRoles></t:ManagementRole>`
	f.mode = ImpersonateTranslate
	got := f.passed("crm", envelope(anna+role+`<t:MailboxCulture>de-DE</t:MailboxCulture>`, inbox))
	if got.as != address("anna") || got.body != declared+envelope(`<t:MailboxCulture>de-DE</t:MailboxCulture>`, inbox) {
		t.Errorf("as %s: %s", got.as, got.body)
	}
	if got := f.passed("anna", envelope("", inbox)); got.as != address("anna") {
		t.Error(got.as)
	}
	f.mode = ""
	// A role is for the server behind, as is what it must understand, and what it
	// has that we have not.
	for _, header := range [...]string{
		`<t:ManagementRole><t:UserRoles><t:Role>MailboxSearch</t:Role></t:UserRoles></t:ManagementRole>`,
		`<x:Other xmlns:x="urn:x" s:mustUnderstand="1"/>`,
	} {
		if got := f.passed("anna", envelope(header, inbox)); got.body != declared+envelope(header, inbox) {
			t.Error(got.body)
		}
	}
	f.passed("anna", envelope("", `<m:FindConversation/>`))
	f.passed("anna", envelope("", `<m:SomethingNew/>`))
	// For another actor the server behind may pass an identity over that was judged.
	for _, actor := range [...]string{"urn:other", "http://schemas.xmlsoap.org/soap/actor/other"} {
		f.through("crm", f.request(envelope(strings.Replace(anna, ">", ` s:actor="`+actor+`">`, 1), inbox))).fault(ews.ErrorInvalidExchangeImpersonationHeaderData)
	}
}

// TestFrontHeaders is what of the HTTP header says how the body is to be read, or
// what it is.
func TestFrontHeaders(t *testing.T) {
	f := newFrontage(t)
	body := envelope("", getFolder(idOnly, named("inbox", "")))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, body)
	f.must(z.Close())
	bomb := func() string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		io.WriteString(z, strings.Repeat(" ", 8<<20))
		f.must(z.Close())
		return b.String()
	}()
	action := func(op string) string { return `"` + ews.NSMessages + "/" + op + `"` }
	tests := []struct {
		what, name, value string
		body              string
		status            int
		sent, want        string // of the headers that go on
	}{
		{"a charset of ours", "Content-Type", `text/xml; charset="UTF-8"`, body, 200, "Content-Type", "text/xml; charset=utf-8"},
		{"no type", "Content-Type", "", body, 200, "Content-Type", "text/xml; charset=utf-8"},
		{"SOAP 1.2", "Content-Type", `application/soap+xml; charset=utf-8; action="urn:DeleteItem"`, body, 200, "Content-Type", "application/soap+xml; charset=utf-8; action=" + action("GetFolder")},
		{"another charset", "Content-Type", "text/xml; charset=utf-7", body, 415, "", ""},
		{"UTF-16", "Content-Type", "text/xml; charset=utf-16", body, 415, "", ""},
		{"no XML", "Content-Type", "application/x-www-form-urlencoded", body, 415, "", ""},
		{"in parts", "Content-Type", `multipart/related; type="application/xop+xml"`, body, 415, "", ""},
		{"the action of another operation", "SOAPAction", action("DeleteItem"), body, 200, "SOAPAction", action("GetFolder")},
		{"an empty action", "SOAPAction", `""`, body, 200, "SOAPAction", action("GetFolder")},
		{"no action", "X-None", "", body, 200, "SOAPAction", ""},
		{"packed", "Content-Encoding", "gzip", packed.String(), 200, "Content-Encoding", ""},
		{"packed otherwise", "Content-Encoding", "deflate", body, 415, "", ""},
		{"packed twice", "Content-Encoding", "gzip, gzip", packed.String(), 415, "", ""},
		{"not packed", "Content-Encoding", "gzip", body, 500, "", ""},
		{"cut short", "Content-Encoding", "gzip", packed.String()[:packed.Len()-12], 500, "", ""},
		{"packed too well", "Content-Encoding", "gzip", bomb, 500, "", ""},
		{"plainly coded", "Content-Encoding", "identity", body, 200, "Content-Encoding", ""},
	}
	for _, test := range tests {
		r := f.request(test.body)
		r.Header.Set(test.name, test.value)
		if test.value == "" {
			r.Header.Del(test.name)
		}
		n := len(f.got)
		a := f.through("anna", r)
		if a.status != test.status || (len(f.got) > n) != (test.status == 200) {
			t.Errorf("%s: %d %s", test.what, a.status, a.body)
			continue
		}
		if test.sent != "" {
			if got := f.got[n].header.Get(test.sent); got != test.want {
				t.Errorf("%s: %s is %q", test.what, test.sent, got)
			}
			if !strings.HasSuffix(f.got[n].body, short(body)) {
				t.Errorf("%s: %s", test.what, f.got[n].body)
			}
		}
	}
	two := f.request(body)
	two.Header["Content-Type"] = []string{"text/xml", "text/xml; charset=utf-16"}
	if a := f.through("anna", two); a.status != 415 {
		t.Errorf("two types: %d", a.status)
	}
	get := httptest.NewRequest(http.MethodGet, "/EWS/Services.wsdl", strings.NewReader("something"))
	if a := f.through("anna", get); a.status != 200 || f.got[len(f.got)-1].body != "" {
		t.Errorf("GET: %d", a.status)
	}
	if a := f.through("anna", httptest.NewRequest(http.MethodOptions, "/EWS/Exchange.asmx", nil)); a.status != 405 {
		t.Errorf("OPTIONS: %d", a.status)
	}
}

// TestFrontLarge: a large body goes on whole and is written while it is sent; one
// that is larger than may be is not begun.
func TestFrontLarge(t *testing.T) {
	f := newFrontage(t)
	content := strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 200_000) // 15 MB
	large := envelope("", `<m:CreateItem><m:Items><t:Message><t:MimeContent>`+content+`</t:MimeContent></t:Message></m:Items></m:CreateItem>`)
	if got := f.passed("anna", large); !strings.HasSuffix(got.body, short(strings.ReplaceAll(large, "\r\n", "\n"))) {
		t.Errorf("%d bytes of %d", len(got.body), len(large))
	}
	n := len(f.got)
	f.through("anna", f.request(envelope("", `<m:CreateItem>`+strings.Repeat(" ", maxBody)+`</m:CreateItem>`))).fault(ews.ErrorMessageSizeExceeded)
	// The end is looked at before the beginning is sent.
	if a := f.through("anna", f.request(strings.Replace(large, "</m:Items>", "</m:Item>", 1))); a.status != 500 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if len(f.got) != n {
		t.Error("it was passed on")
	}
	// Who sends does not always read to the end, nor close.
	before := runtime.NumGoroutine()
	lazy := func(_ http.ResponseWriter, r *http.Request, _ access.Principal) { _, _ = r.Body.Read(make([]byte, 10)) }
	r := f.request(large)
	f.authorize(r, "anna")
	c, err := f.door.Methods.Authenticate(r, http.Header{})
	f.must(err)
	f.door.Admit(clientaccess.EWS, "", c, f.front.Passing("", lazy), httptest.NewRecorder(), r)
	for runtime.NumGoroutine() > before {
		runtime.Gosched() // the test ends by its own time if it does not end
	}
	f.front.bodies.most = 1 << 20
	a := f.through("anna", f.request(large))
	a.fault(ews.ErrorServerBusy)
	if a.header.Get("Retry-After") == "" || len(f.got) != n {
		t.Errorf("%v", a.header)
	}
	if f.front.bodies.used != 0 {
		t.Errorf("%d bytes of room are not given back", f.front.bodies.used)
	}
	f.passed("anna", envelope("", `<m:GetRoomLists/>`))
}

// TestFrontRecords is what is on record of requests for a server that is not ours.
func TestFrontRecords(t *testing.T) {
	f := newFrontage(t)
	records := func(a reply) audit.Record {
		t.Helper()
		f.must(f.door.Log.Flush(t.Context()))
		found, err := f.door.Log.Search(t.Context(), audit.Filter{Request: a.header.Get("request-id")})
		f.must(err)
		if len(found) != 1 {
			t.Fatalf("%d records", len(found))
		}
		return found[0]
	}
	as := func(who string) string {
		return acting(`<t:PrimarySmtpAddress>` + address(who) + `</t:PrimarySmtpAddress>`)
	}
	of := func(who, folder string) string {
		return `<t:DistinguishedFolderId Id="` + folder + `"><t:Mailbox><t:EmailAddress>` + address(who) + `</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`
	}
	tests := []struct {
		what, caller, request string
		kind                  audit.Kind
		as, action            string
		targets               []string
		allowed               bool
		code                  ews.ResponseCode
	}{
		{
			"a write of one's own", "anna", envelope("", `<m:DeleteItem><m:ItemIds><t:ItemId Id="AAMk1"/><t:OccurrenceItemId RecurringMasterId="AAMk2" InstanceIndex="1"/></m:ItemIds></m:DeleteItem>`),
			audit.Owner, "anna", "ews.DeleteItem",
			[]string{"AAMk1", "AAMk2"},
			true, "",
		},
		{
			"in another's mailbox", "ben", envelope("", `<m:FindItem><m:ParentFolderIds>`+of("anna", "calendar")+`</m:ParentFolderIds></m:FindItem>`),
			audit.Delegate, "ben", "ews.FindItem",
			[]string{"calendar", address("anna")},
			true, "",
		},
		{
			"acting as another", "crm", envelope(as("anna"), `<m:GetItem><m:ItemIds><t:ItemId Id="AAMk1"/></m:ItemIds></m:GetItem>`),
			audit.Impersonated, "anna", "ews.GetItem",
			[]string{"AAMk1"},
			true, "",
		},
		{
			"and in a third one's mailbox", "crm", envelope(as("anna"), `<m:GetFolder><m:FolderIds>`+of("ben", "inbox")+`</m:FolderIds></m:GetFolder>`),
			audit.ImpersonatedDelegate, "anna", "ews.GetFolder",
			[]string{"inbox", address("ben")},
			true, "",
		},
		{
			"an operation we do not serve", "anna", envelope("", `<m:ApplyConversationAction/>`),
			audit.Owner, "anna", "ews.ApplyConversationAction", nil, true, "",
		},
		{
			"refused", "crm", envelope(as("carla"), `<m:GetRoomLists/>`),
			audit.Owner, "crm", "ews.GetRoomLists", nil, false, ews.ErrorImpersonateUserDenied,
		},
	}
	for _, test := range tests {
		r := records(f.through(test.caller, f.request(test.request)))
		if r.Kind != test.kind || string(r.By.UPN) != address(test.caller) || string(r.As.UPN) != address(test.as) || r.Action != test.action ||
			!slices.Equal(r.Targets, test.targets) || r.Allowed != test.allowed || r.Code != string(test.code) {
			t.Errorf("%s: %+v", test.what, r)
		}
		if test.kind == audit.Impersonated && (len(r.Steps) == 0 || len(r.Grounds) == 0) {
			t.Errorf("%s: it does not say why: %+v", test.what, r)
		}
	}
}

// FuzzFront: what goes on reads as what came, to the reader that judged it, and is
// one that judges itself again.
func FuzzFront(f *testing.F) {
	h := newFrontage(f)
	anna := acting(`<t:PrimarySmtpAddress>` + address("anna") + `</t:PrimarySmtpAddress>`)
	inbox := getFolder(idOnly, named("inbox", ""))
	for _, header := range [...]string{"", anna, anna + anna, `<t:ManagementRole/>`, `<x:a xmlns:x="urn:x" s:actor="urn:y">]]&gt;</x:a>`} {
		f.Add([]byte(envelope(header, inbox)), true)
		f.Add([]byte(strings.ReplaceAll(envelope(header, inbox), soap.Namespace11, soap.Namespace12)), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, translate bool) {
		one := *h
		house := *h.house
		one.house, house.TB, one.got = &house, t, nil
		if one.mode = ImpersonatePass; translate {
			one.mode = ImpersonateTranslate
		}
		a := one.through("crm", one.request(string(in)))
		if len(one.got) == 0 {
			if a.status != http.StatusInternalServerError && a.status != http.StatusForbidden {
				t.Errorf("status %d: %s", a.status, a.body)
			}
			return
		}
		got := one.got[0]
		before, err := soap.Open(in, limits())
		if err != nil {
			t.Fatalf("%v was passed on", err)
		}
		wide := limits()
		wide.Bytes *= 8
		after, err := soap.Open([]byte(got.body), wide)
		if err != nil {
			t.Fatalf("%v in what goes on: %s", err, got.body)
		}
		if before.Operation() != after.Operation() || before.Version != after.Version {
			t.Errorf("%v became %v", before.Operation(), after.Operation())
		}
		names := func(m *soap.Message) (all []strictxml.Name) {
			for _, b := range m.Blocks {
				if one.mode == ImpersonatePass || b.Name != impersonationBlock && b.Name != managementRoleBlock {
					all = append(all, b.Name)
				}
			}
			return all
		}
		if !slices.Equal(names(before), names(after)) {
			t.Errorf("%v became %v", before.Blocks, after.Blocks)
		}
		if one.mode == ImpersonateTranslate {
			for _, b := range after.Blocks {
				if b.Name.Local == "ExchangeImpersonation" {
					t.Errorf("it still says to come from somebody else: %s", got.body)
				}
			}
		}
		// What judged it once says the same again of what goes on.
		two := one
		two.got = nil
		who := "crm"
		if got.as == address("anna") {
			who = "anna"
		}
		if two.through(who, two.request(got.body)); len(two.got) != 1 || two.got[0].body != got.body {
			t.Errorf("sent again it is another: %s", got.body)
		}
	})
}
