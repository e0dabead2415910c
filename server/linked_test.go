package server

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/authn"
	"entente/directory"
)

// The user forest, of which this organization knows its domain only.
const (
	forestSID = "S-1-5-21-9-9-9"
	lenaSID   = forestSID + "-1105" // owns a mailbox here
	portalSID = forestSID + "-1200" // a portal there, whose placeholder here is a service
	portals   = forestSID + "-2100" // its group there
)

// A resourceForest has mailboxes whose owners are elsewhere. Another node has
// their tickets, as one with Kerberos will, and passes their requests on.
type resourceForest struct {
	t      *testing.T
	s      *Server
	url    string
	issuer *authn.NodeIssuer
	client *http.Client
}

func newResourceForest(t *testing.T) *resourceForest { return newResourceForestWith(t, nil) }

func newResourceForestWith(t *testing.T, change func(*Config)) *resourceForest {
	t.Helper()
	c := conf(t, "sqlite:entente.db")
	c.Audit.OwnerReads = true
	if change != nil {
		change(&c)
	}
	r := start(t, c)
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const node = "gateway.contoso.example"
	if err := r.Directory.Register(t.Context(), directory.Node{ID: node, Name: node, PublicKey: public}); err != nil {
		t.Fatal(err)
	}
	channel, err := (&authn.NodeTLS{Directory: r.Directory, Signer: key, Now: time.Now}).Client(c.Name)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: channel}
	t.Cleanup(transport.CloseIdleConnections)
	f := &resourceForest{t: t, s: r.Server, url: r.url + "/EWS/Exchange.asmx", client: &http.Client{Transport: transport, Timeout: time.Minute}}
	f.issuer = &authn.NodeIssuer{
		Organization: string(r.Directory.Snapshot().Organization().DomainSID), Node: node, Signer: key, Now: time.Now,
	}
	return f
}

func (f *resourceForest) api() *admin.API {
	return f.s.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
}

// did ends the test if something could not be done.
func did[A any](f *resourceForest) func(A, error) A {
	return func(a A, err error) A {
		f.t.Helper()
		if err != nil {
			f.t.Fatal(err)
		}
		return a
	}
}

// ask reads the inbox of whom the ticket names, or of whom the header does.
func (f *resourceForest) ask(sid string, groups []entente.SID, header string) string {
	f.t.Helper()
	token, err := f.issuer.Issue(f.s.config.Name, &access.Caller{
		Authenticated: access.Principal{SID: entente.SID(sid)}, Method: access.Negotiate, Realm: "FABRIKAM.EXAMPLE", Groups: groups,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	body := inbox
	if header != "" {
		body = strings.Replace(body, "<s:Body>", "<s:Header><t:ExchangeImpersonation><t:ConnectingSID>"+header+"</t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body>", 1)
	}
	q, err := http.NewRequestWithContext(context.WithoutCancel(f.t.Context()), http.MethodPost, f.url, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "text/xml")
	q.Header.Set("Authorization", "Entente-Node "+token.Reveal())
	a, err := f.client.Do(q)
	if err != nil {
		f.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

// TestResourceForest: the owners of linked mailboxes come by their own forest's
// word; a portal there acts for them by a role that a linked group has; and what
// is taken back is gone at the next request.
func TestResourceForest(t *testing.T) {
	f := newResourceForest(t)
	api, ctx := f.api(), t.Context()
	did[admin.Done](f)(api.AddDomain(ctx, admin.DomainName{Name: "contoso.example"}))
	did[admin.Done](f)(api.AddDatabase(ctx, admin.AddDatabase{Name: "staff"}))
	if _, err := api.CreateAccount(ctx, admin.CreateAccount{UPN: "lena@contoso.example", Database: "staff", LinkedMaster: lenaSID}); err == nil {
		t.Error("a mailbox was linked to a domain that nobody vouches for")
	}
	did[admin.Done](f)(api.AddRealm(ctx, admin.AddRealm{Name: "FABRIKAM.EXAMPLE", DomainSID: forestSID}))
	lena := did[admin.AccountInfo](f)(api.CreateAccount(ctx, admin.CreateAccount{UPN: "lena@contoso.example", Database: "staff", LinkedMaster: lenaSID}))
	did[admin.AccountInfo](f)(api.CreateService(ctx, admin.CreateService{UPN: "portal@contoso.example"}))
	did[admin.Done](f)(api.LinkAccount(ctx, admin.LinkAccount{AccountName: admin.AccountName{Account: "portal@contoso.example"}, Master: portalSID}))
	did[admin.GroupInfo](f)(api.CreateGroup(ctx, admin.CreateGroup{Mail: "portals@contoso.example", Kind: "security"}))
	did[admin.Done](f)(api.LinkGroup(ctx, admin.LinkGroup{GroupName: admin.GroupName{Group: "portals@contoso.example"}, Master: portals}))
	did[admin.AssignmentInfo](f)(api.CreateAssignment(ctx, admin.CreateAssignment{Assignee: "portals@contoso.example", Account: "lena@contoso.example"}))

	test := func(what, sid string, groups []entente.SID, header, want string) {
		t.Helper()
		if text := f.ask(sid, groups, header); !strings.Contains(text, want) {
			t.Errorf("%s: %s, want %s", what, text, want)
		}
	}
	const yes, denied, nobody = `ResponseClass="Success"`, "ErrorImpersonationDenied", "ErrorCallerIsInvalidADAccount"
	in := []entente.SID{portals}
	test("Lena herself", lenaSID, nil, "", yes)
	test("the portal, by her master SID", portalSID, in, "<t:SID>"+lenaSID+"</t:SID>", yes)
	test("by the placeholder's", portalSID, in, "<t:SID>"+lena.SID+"</t:SID>", yes)
	test("by her UPN", portalSID, in, "<t:PrincipalName>lena@contoso.example</t:PrincipalName>", yes)
	test("by her address", portalSID, in, "<t:SmtpAddress>lena@contoso.example</t:SmtpAddress>", yes)
	test("out of the group", portalSID, nil, "<t:SID>"+lenaSID+"</t:SID>", denied)
	forged := []entente.SID{entente.SID(did[admin.GroupDetails](f)(api.ShowGroup(ctx, admin.GroupName{Group: "portals@contoso.example"})).SID)}
	test("with our own group's SID, forged", portalSID, forged, "<t:SID>"+lenaSID+"</t:SID>", denied)
	test("somebody else there", forestSID+"-1999", in, "", nobody)

	// Whatever she was called, the log has one subject.
	all, err := f.s.Audit.Search(ctx, audit.Filter{Action: "ews.GetFolder", As: entente.SID(lena.SID)})
	if err != nil || len(all) != 5 {
		t.Errorf("%d records as Lena, want 5; %v", len(all), err)
	}
	for _, r := range all {
		if r.Allowed && string(r.As.SID) != lena.SID {
			t.Errorf("%+v", r)
		}
	}

	// What is taken back is gone at once.
	did[admin.Done](f)(api.UnlinkGroup(ctx, admin.GroupName{Group: "portals@contoso.example"}))
	test("the group was unlinked", portalSID, in, "<t:SID>"+lenaSID+"</t:SID>", denied)
	did[admin.Done](f)(api.UnlinkAccount(ctx, admin.AccountName{Account: "lena@contoso.example"}))
	test("Lena was unlinked", lenaSID, nil, "", nobody)
	if _, err := api.UnlinkAccount(ctx, admin.AccountName{Account: "lena@contoso.example"}); err == nil {
		t.Error("unlinked twice")
	}
	var e *entente.Error
	if _, err := api.LinkAccount(ctx, admin.LinkAccount{AccountName: admin.AccountName{Account: "lena@contoso.example"}, Master: portalSID}); !errors.As(err, &e) || e.Kind != entente.Conflict {
		t.Errorf("one master account, two mailboxes: %v", err)
	}
}
