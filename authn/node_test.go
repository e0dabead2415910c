package authn

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db/dbtest"
	"entente/directory"
)

// A cluster is an organization with the nodes a, b and c, seen at a time.
type cluster struct {
	t         *testing.T
	directory *directory.Directory
	at        time.Time
	anna, crm access.Principal
	grant     string // id of the assignment that lets crm act as anna
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	d, err := directory.Open(t.Context(), directory.Config{DB: dbtest.SQLite(t), Organization: "Contoso"})
	if err != nil {
		t.Fatal(err)
	}
	anna := account("anna@corp.contoso.example", "anna@contoso.example", access.KindUser)
	crm := account("crm@contoso.example", "", access.KindService)
	grant := directory.Assignment{Assignment: access.Assignment{
		Rights: access.ApplicationImpersonation, Scope: access.Scope{Kind: access.ScopeAccount}, Enabled: true,
	}}
	err = d.Update(t.Context(), func(c *directory.Change) error {
		err := errors.Join(c.AddDomain("contoso.example"), c.CreateAccount(&anna), c.CreateAccount(&crm))
		grant.Assignee, grant.Scope.Name = crm.SID, string(anna.SID)
		return errors.Join(err, c.CreateAssignment(&grant))
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t, d, time.Now(), anna.Principal, crm.Principal, grant.ID}
	for _, id := range [...]string{"a", "b", "c"} {
		c.register(id, nodeKey(id))
	}
	return c
}

func (c *cluster) register(id string, key ed25519.PrivateKey) {
	c.t.Helper()
	if err := c.directory.Register(c.t.Context(), directory.Node{ID: id, Name: id, PublicKey: key.Public().(ed25519.PublicKey)}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) now() time.Time { return c.at }

func (c *cluster) node(id string) *Node {
	return &Node{Directory: c.directory, Organization: "Contoso", Self: id, Now: c.now}
}

func (c *cluster) issuer(id string) *NodeIssuer {
	return &NodeIssuer{Organization: "Contoso", Node: id, Signer: nodeKey(id), Now: c.now}
}

// issue makes a token or ends the test.
func (c *cluster) issue(from *NodeIssuer, to string, who *access.Caller) string {
	c.t.Helper()
	s, err := from.Issue(to, who)
	if err != nil {
		c.t.Fatal(err)
	}
	return s.Reveal()
}

func (c *cluster) signedIn() *access.Caller {
	return &access.Caller{Authenticated: c.anna, Method: access.Basic, Address: "192.0.2.7", UserAgent: "test/1.0"}
}

func nodeKey(id string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(id))
	return ed25519.NewKeyFromSeed(seed[:])
}

// over is a request with a token over the channel of a key's holder.
func over(key ed25519.PrivateKey, token string) *http.Request {
	r := request(nodeScheme + " " + token)
	r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, PeerCertificates: []*x509.Certificate{{PublicKey: key.Public()}}}
	return r
}

func wantRefused(t *testing.T, what string, c *access.Caller, err error) {
	t.Helper()
	var e *entente.Error
	if c != nil || !errors.As(err, &e) || e.Kind != entente.Denied || e.Reason != "" || e.Text != "the node's token is not accepted" || e.Err != nil {
		t.Errorf("%s: %+v, %v", what, c, err)
	}
}

func TestNodePassesOn(t *testing.T) {
	o := newCluster(t)
	gateway := access.Link{Who: access.Principal{SID: "S-1-5-21-1-2-3-1107", UPN: "gw@contoso.example"}, How: "s4u"}
	through := access.Link{Who: access.Principal{Mail: "proxy@fabrikam.example"}, How: "delegation-token"}
	test := func(what string, sent access.Caller, how string) {
		t.Helper()
		token := o.issue(o.issuer("a"), "c", &sent)
		got, err := o.node("c").Authenticate(over(nodeKey("a"), token), nil)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		want := sent
		want.Method, want.Evidence = access.Node, evidence(token)
		want.Chain = append([]access.Link{{How: how}}, sent.Chain...)
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", what, *got, want)
		}
	}
	test("signed in", *o.signedIn(), "node a by basic")
	test("an application", access.Caller{Authenticated: o.crm, Method: access.Bearer, Application: "sync"}, "node a by bearer")
	test("impersonation", access.Caller{Authenticated: o.crm, Method: access.Bearer, ActsAs: &o.anna}, "node a by bearer")
	test("as himself", access.Caller{Authenticated: o.anna, Method: access.Basic, ActsAs: &o.anna}, "node a by basic")
	test("a chain", access.Caller{
		Authenticated: o.crm, Method: access.Negotiate, Evidence: "sha256:00ff",
		ActsAs: &o.anna, Chain: []access.Link{gateway, through},
	}, "node a by negotiate sha256:00ff")
}

// Two hops leave two links.
func TestNodeAfterNode(t *testing.T) {
	o := newCluster(t)
	atB, err := o.node("b").Authenticate(over(nodeKey("a"), o.issue(o.issuer("a"), "b", o.signedIn())), nil)
	if err != nil {
		t.Fatal(err)
	}
	atC, err := o.node("c").Authenticate(over(nodeKey("b"), o.issue(o.issuer("b"), "c", atB)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if atC.Authenticated != o.anna || len(atC.Chain) != 2 || !strings.HasPrefix(atC.Chain[0].How, "node b by node sha256:") || atC.Chain[1].How != "node a by basic" {
		t.Errorf("caller %+v", atC)
	}
}

// What the sender decided counts for nothing: the receiver asks its own facts.
func TestReceiverDecidesAgain(t *testing.T) {
	o := newCluster(t)
	ask := func(who access.Caller) access.Decision {
		t.Helper()
		c, err := o.node("c").Authenticate(over(nodeKey("a"), o.issue(o.issuer("a"), "c", &who)), nil)
		if err != nil {
			t.Fatal(err)
		}
		q := access.Question{Caller: c, On: access.Object{Kind: access.OrganizationObject, Name: "ews"}, Want: access.Enter, At: o.at, Server: "c"}
		return o.directory.Snapshot().Decide(q)
	}
	crmAsAnna := access.Caller{Authenticated: o.crm, Method: access.Bearer, ActsAs: &o.anna}
	if d := ask(crmAsAnna); !d.Allowed() {
		t.Errorf("granted, and refused for %q: %+v", d.Reason(), d.Steps())
	}
	annaAsCRM := access.Caller{Authenticated: o.anna, Method: access.Basic, ActsAs: &o.crm}
	if d := ask(annaAsCRM); d.Allowed() || d.Reason() != access.ImpersonationDenied && d.Reason() != access.ImpersonateUserDenied {
		t.Errorf("never granted, and answered %q", d.Reason())
	}
	stranger := access.Caller{Authenticated: access.Principal{SID: "S-1-5-21-9-9-9-500"}, Method: access.Basic}
	if d := ask(stranger); d.Reason() != access.CallerIsInvalidADAccount {
		t.Errorf("unknown here, and answered %q", d.Reason())
	}
	err := o.directory.Update(t.Context(), func(c *directory.Change) error { return c.RemoveAssignment(o.grant) })
	if err != nil {
		t.Fatal(err)
	}
	if d := ask(crmAsAnna); d.Allowed() || d.Reason() != access.ImpersonateUserDenied {
		t.Errorf("granted no longer, and answered %q", d.Reason())
	}
}

// Names come from here; a sender cannot have a SID called by another's name.
func TestNodeNamesAreOurs(t *testing.T) {
	o := newCluster(t)
	liar := o.signedIn()
	liar.Authenticated.UPN, liar.Authenticated.Mail = o.crm.UPN, "boss@contoso.example"
	got, err := o.node("c").Authenticate(over(nodeKey("a"), o.issue(o.issuer("a"), "c", liar)), nil)
	if err != nil || got.Authenticated != o.anna {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNodeTokenRefused(t *testing.T) {
	o := newCluster(t)
	good := o.issue(o.issuer("a"), "c", o.signedIn())
	test := func(what string, n *Node, r *http.Request) {
		t.Helper()
		c, err := n.Authenticate(r, nil)
		wantRefused(t, what, c, err)
	}
	a := nodeKey("a")
	test("A's token for C at B", o.node("b"), over(a, good))
	test("A's token sent by B", o.node("c"), over(nodeKey("b"), good))
	test("by a stranger", o.node("c"), over(nodeKey("stranger"), good))
	test("no token", o.node("c"), over(a, ""))
	test("oversized", o.node("c"), over(a, good+strings.Repeat("A", maxNodeToken)))

	clear := over(a, good)
	clear.TLS = nil
	test("in the clear", o.node("c"), clear)
	clear = over(a, good)
	clear.TLS.PeerCertificates = nil
	test("without a channel", o.node("c"), clear)

	elsewhere := o.issuer("a")
	elsewhere.Organization = "Fabrikam"
	test("another organization's", o.node("c"), over(a, o.issue(elsewhere, "c", o.signedIn())))
	unset := o.node("c")
	unset.Organization = ""
	test("no organization", unset, over(a, good))

	claimed := o.issuer("b")
	claimed.Signer = a
	test("A says it is B", o.node("c"), over(a, o.issue(claimed, "c", o.signedIn())))
	stranger := o.issuer("stranger")
	test("unknown node", o.node("c"), over(nodeKey("stranger"), o.issue(stranger, "c", o.signedIn())))

	c, err := o.node("c").Authenticate(over(a, good), nil) // none of these used it up
	if c == nil || err != nil {
		t.Errorf("%v", err)
	}
}

func TestNodeTokenTimes(t *testing.T) {
	o := newCluster(t)
	issued := o.at
	token := o.issue(o.issuer("a"), "c", o.signedIn())
	test := func(after time.Duration, good bool) {
		t.Helper()
		// The lease must not be what decides.
		n := o.node("c")
		o.at = issued.Add(after)
		n.nodes.read, n.nodes.all = o.at, []directory.Node{{ID: "a", PublicKey: nodeKey("a").Public().(ed25519.PublicKey), Lease: o.at.Add(time.Second)}}
		c, err := n.Authenticate(over(nodeKey("a"), token), nil)
		if !good {
			wantRefused(t, after.String(), c, err)
		} else if c == nil || err != nil {
			t.Errorf("after %v: %v", after, err)
		}
	}
	test(0, true)
	test(-4*time.Second, true)
	test(-7*time.Second, false) // not yet valid
	test(nodeTokenLife+3*time.Second, true)
	test(nodeTokenLife+nodeSkew+time.Second, false) // expired
	test(24*time.Hour, false)
}

// Claims that an honest issuer does not write, under its true signature.
func TestNodeClaims(t *testing.T) {
	o := newCluster(t)
	now := o.at.Unix()
	signed := func(key string, change func(*nodeClaims)) *http.Request {
		t.Helper()
		claims := claimsOf(o.signedIn())
		claims.Issuer, claims.Audience, claims.Organization = "a", "c", "Contoso"
		claims.IssuedAt, claims.Expires, claims.ID = now, now+30, newTokenID()
		change(claims)
		payload, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		token, err := o.issuer(key).sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		return over(nodeKey(key), token.Reveal())
	}
	c, err := o.node("c").Authenticate(signed("c", func(c *nodeClaims) { c.Issuer = "c" }), nil)
	wantRefused(t, "our own", c, err)
	test := func(what string, good bool, change func(*nodeClaims)) {
		t.Helper()
		c, err := o.node("c").Authenticate(signed("a", change), nil)
		if !good {
			wantRefused(t, what, c, err)
		} else if c == nil || err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	test("unchanged", true, func(*nodeClaims) {})
	test("a minute", true, func(c *nodeClaims) { c.Expires = now + 60 })
	test("more than a minute", false, func(c *nodeClaims) { c.Expires = now + 61 })
	test("ages", false, func(c *nodeClaims) { c.IssuedAt = -1 << 63 })
	test("an eternity", false, func(c *nodeClaims) { c.Expires = 1<<63 - 1 })
	test("no time", false, func(c *nodeClaims) { c.Expires = c.IssuedAt })
	test("no id", false, func(c *nodeClaims) { c.ID = "" })
	test("nobody", false, func(c *nodeClaims) { c.Subject = "" })
	test("nobody signed in", false, func(c *nodeClaims) { c.Actor = nil })
	test("signed in as nobody", false, func(c *nodeClaims) { c.Actor.Subject, c.Impersonates = "", true })
	test("no method", false, func(c *nodeClaims) { c.Actor.How = "" })
	test("impersonation unsaid", false, func(c *nodeClaims) { c.Subject = string(o.crm.SID) })
	test("no SID", false, func(c *nodeClaims) { c.Subject, c.Actor.Subject = "anna", "anna" })
	test("a broken line", false, func(c *nodeClaims) { c.Actor.How = "basic\nforged" })
	test("a broken address", false, func(c *nodeClaims) { c.Address = "192.0.2.7\r\n" })
	test("long", false, func(c *nodeClaims) { c.UserAgent = strings.Repeat("x", maxUserAgent+1) })
	test("eight links", true, func(c *nodeClaims) { c.Actor = links(maxLinks, c.Actor) })
	test("nine links", false, func(c *nodeClaims) { c.Actor = links(maxLinks+1, c.Actor) })
	test("an unspoken link", false, func(c *nodeClaims) { c.Actor = &actor{Actor: c.Actor} })
}

func links(n int, inner *actor) *actor {
	for range n {
		inner = &actor{Subject: "S-1-5-21-1-2-3-1107", How: "s4u", Actor: inner}
	}
	return inner
}

func TestNodeTokenOnce(t *testing.T) {
	o := newCluster(t)
	n := o.node("c")
	token := o.issue(o.issuer("a"), "c", o.signedIn())
	if c, err := n.Authenticate(over(nodeKey("a"), token), nil); c == nil || err != nil {
		t.Fatal(err)
	}
	c, err := n.Authenticate(over(nodeKey("a"), token), nil)
	wantRefused(t, "again", c, err)
}

// A token is remembered for as long as it lives, across the turn of the sets,
// and there is an end to what is remembered.
func TestReplays(t *testing.T) {
	var r replays
	r.limit = 3
	start := time.Unix(1_000_000, 0)
	test := func(after time.Duration, issuer, id string, want bool) {
		t.Helper()
		if got, err := r.first(issuer, id, start.Add(after)); got != want || err != nil {
			t.Errorf("%s from %s after %v: %t, %v", id, issuer, after, got, err)
		}
	}
	test(0, "a", "1", true)
	test(0, "a", "1", false)
	test(0, "b", "1", true) // each issuer has its own
	test(replayTurn-time.Second, "a", "2", true)
	_, err := r.first("a", "3", start.Add(replayTurn-time.Second))
	var e *entente.Error
	if !errors.As(err, &e) || e.Kind != entente.Unavailable {
		t.Errorf("a fourth of three: %v", err)
	}
	test(replayTurn, "a", "2", false)
	test(replayTurn+maxNodeTokenLife+nodeSkew, "a", "2", false)
	test(3*replayTurn, "a", "2", true) // long expired, and forgotten
	if len(r.now)+len(r.before) > 2*r.limit {
		t.Errorf("%d and %d remembered", len(r.now), len(r.before))
	}
}

func TestNodeLease(t *testing.T) {
	o := newCluster(t)
	n := o.node("c")
	send := func() (*access.Caller, error) {
		return n.Authenticate(over(nodeKey("a"), o.issue(o.issuer("a"), "c", o.signedIn())), nil)
	}
	if c, err := send(); c == nil || err != nil {
		t.Fatal(err)
	}
	start := o.at
	o.at = start.Add(time.Minute) // the lease ran out
	c, err := send()
	wantRefused(t, "lease over", c, err)

	o.at = start
	o.register("a", nodeKey("a"))
	if err := o.directory.Unregister(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.at = start.Add(nodesFresh) // within a second it is noticed
	c, err = send()
	wantRefused(t, "lease ended", c, err)
}

// A database that is away is no reason to believe a token, nor to call it
// wrong.
func TestNodesUnknown(t *testing.T) {
	x := dbtest.SQLite(t)
	d, err := directory.Open(t.Context(), directory.Config{DB: x, Organization: "Contoso"})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	n := &Node{Directory: d, Organization: "Contoso", Self: "c", Now: time.Now}
	c, err := n.Authenticate(over(nodeKey("a"), "x"), nil)
	var e *entente.Error
	if c != nil || !errors.As(err, &e) || e.Kind != entente.Unavailable {
		t.Errorf("%+v, %v", c, err)
	}
}

// What was wrong is told to the administrator, of known nodes only.
func TestNodeRefusalIsTold(t *testing.T) {
	o := newCluster(t)
	var told []string
	n := o.node("b")
	n.Refused = func(node, why string) { told = append(told, node+": "+why) }
	_, _ = n.Authenticate(over(nodeKey("stranger"), "x"), nil)
	_, _ = n.Authenticate(over(nodeKey("a"), o.issue(o.issuer("a"), "c", o.signedIn())), nil)
	if !reflect.DeepEqual(told, []string{"a: the token is for another node"}) {
		t.Errorf("told %q", told)
	}
}
