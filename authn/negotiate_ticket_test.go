package authn

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/directory"
	"entente/kerberos"
	"entente/kerberos/minttest"
)

const mailService = "HTTP/mail.contoso.example"

// tickets are a server's realm, whose KDC the test is, with the accounts of
// adForest.
type tickets struct {
	t     testing.TB
	d     *directory.Directory
	n     *Negotiate
	realm *minttest.Realm
	http  *minttest.Service
	now   time.Time
}

func newTickets(t *testing.T) *tickets {
	d, n := adForest(t)
	x := &tickets{t: t, d: d, n: n, realm: minttest.NewRealm(corporate, adDomain), now: time.Now()}
	x.http = x.realm.Service(mailService)
	k, err := kerberos.ReadKeytab(bytes.NewReader(minttest.Keytab(x.http)))
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]kerberos.PACMode{}
	for _, r := range n.Realms {
		if r.PAC != "" {
			modes[r.Name] = r.PAC
		}
	}
	n.Acceptor, err = kerberos.NewAcceptor(kerberos.AcceptorConfig{
		Keytab: func() *kerberos.Keytab { return k }, PAC: modes, Services: []string{mailService}, Now: func() time.Time { return x.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// token is the header of a request with a ticket, with an authenticator of its
// own.
func (x *tickets) token(t minttest.Ticket, r minttest.Request) string {
	return "Negotiate " + base64.StdEncoding.EncodeToString(x.http.Issue(x.now, t).Token(x.now, r))
}

// TestForeignRealm: somebody of a realm that is trusted one way opens the mailbox
// that is linked to him, and what that realm says of anybody else counts for
// nothing, whatever its KDC writes. (threats K2)
func TestForeignRealm(t *testing.T) {
	x := newTickets(t)
	own := x.d.Snapshot().Organization().DomainSID
	otto, _ := x.d.Snapshot().FindUPN("otto@contoso.example")
	rid := func(sid entente.SID) (n uint32) {
		_, _ = fmt.Sscan(string(sid[strings.LastIndexByte(string(sid), '-')+1:]), &n)
		return n
	}
	lena := func(change func(*minttest.PAC)) minttest.Ticket {
		p := &minttest.PAC{RID: rid(lenaThere), DomainSID: userForest, Groups: []uint32{rid(staffThere)}}
		change(p)
		return minttest.Ticket{Client: "lena", ClientRealm: "FABRIKAM.EXAMPLE", PAC: p}
	}
	var why string
	x.n.Refused = func(_ string, _ entente.Reason, w string) { why = w }
	test := func(what string, ticket minttest.Ticket, want string) {
		t.Helper()
		answer := http.Header{}
		c, err := x.n.Authenticate(request(x.token(ticket, minttest.Request{Mutual: true})), answer)
		got := ""
		switch {
		case err != nil:
			got = "refused: " + why
			if len(answer) > 0 || err.Error() != refused().Error() {
				t.Errorf("%s: %v %v", what, err, answer)
			}
		default:
			got = fmt.Sprint(c.Authenticated, " ", c.Groups)
			if !strings.HasPrefix(answer.Get("WWW-Authenticate"), "Negotiate ") || c.Ticket == nil {
				t.Errorf("%s: answered %v", what, answer)
			}
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	test("Lena", lena(func(*minttest.PAC) {}), "lena@contoso.example ["+staffThere+" "+userForest+"-513]")
	test("with forged groups", lena(func(p *minttest.PAC) {
		p.ExtraSIDs = []entente.SID{own + "-512", otto.SID, "S-1-5-32-544", adDomain + "-512", "S-1-5-21-8-8-8-2100", aliceSID}
		p.ResourceDomain, p.ResourceGroups = own, []uint32{512, 1000}
	}), "lena@contoso.example ["+staffThere+" "+userForest+"-513]")
	test("as Alice of the other realm", lena(func(p *minttest.PAC) { p.DomainSID, p.RID = adDomain, rid(aliceSID) }), "refused: the realm's word")
	test("as one of our own domain", lena(func(p *minttest.PAC) { p.DomainSID, p.RID = own, rid(otto.SID) }), "refused: the realm's word")
	test("as an administrator of the machine", lena(func(p *minttest.PAC) { p.DomainSID, p.RID = "S-1-5-32", 544 }), "refused")
	test("with Otto's UPN", lena(func(p *minttest.PAC) { p.UPN = "otto@contoso.example" }), "refused: the ticket has the SID of")
	test("without PAC", minttest.Ticket{Client: "lena", ClientRealm: "FABRIKAM.EXAMPLE"}, "refused: kerberos-pac")
	test("by a realm that is not named", func() minttest.Ticket {
		l := lena(func(*minttest.PAC) {})
		l.ClientRealm = "OTHER.EXAMPLE"
		return l
	}(), "refused: kerberos-")
	test("by one that vouches for nobody", func() minttest.Ticket {
		l := lena(func(*minttest.PAC) {})
		l.ClientRealm = "UNTRUSTED.EXAMPLE"
		return l
	}(), "refused: the realm's word")

	change(t, x.d, func(c *directory.Change) error { return c.RemoveRealm("FABRIKAM.EXAMPLE") })
	test("once the realm is none any more", lena(func(*minttest.PAC) {}), "refused: the realm's word")
}

// A token is good once, and each request has to bring its own: what came before it
// on the connection says nothing. (threats E5)
func TestEachRequestItsToken(t *testing.T) {
	x := newTickets(t)
	alice := minttest.Ticket{Client: "alice", PAC: &minttest.PAC{RID: 1101}}
	token := x.token(alice, minttest.Request{})
	if c, err := x.n.Authenticate(request(token), nil); err != nil || c.Authenticated.UPN != "alice@contoso.example" {
		t.Fatalf("%+v %v", c, err)
	}
	if c, err := x.n.Authenticate(request(token), nil); c != nil || err == nil {
		t.Errorf("the same token again: %+v %v", c, err)
	}
	if c, err := x.n.Authenticate(request(""), nil); c != nil || err != nil {
		t.Errorf("nothing: %+v %v", c, err)
	}
	answer := http.Header{}
	if c, err := x.n.Authenticate(request(x.token(alice, minttest.Request{})), answer); err != nil || c == nil {
		t.Errorf("another: %+v %v", c, err)
	}
	// Who asked for no proof gets none, beyond that the negotiation is at its end.
	if got := answer.Get("WWW-Authenticate"); len(got) > 60 {
		t.Errorf("answered %s", got)
	}
}

// TestManyGroups: PACs of people who are in a thousand groups.
func TestManyGroups(t *testing.T) {
	x := newTickets(t)
	p := &minttest.PAC{RID: 1101}
	for i := range uint32(1000) { // and the primary one
		p.Groups = append(p.Groups, 2000+i)
	}
	header := x.token(minttest.Ticket{Client: "alice", PAC: p}, minttest.Request{})
	c, err := x.n.Authenticate(request(header), nil)
	if err != nil || len(c.Groups) != 1001 || !slices.Contains(c.Groups, adDomain+"-2999") {
		t.Errorf("%d octets: %v", len(header), err)
	}
}

// FuzzNegotiate has anything in the header: nobody comes in by it, nothing but
// the one refusal is said, and no more is taken of memory than what came.
func FuzzNegotiate(f *testing.F) {
	realm := minttest.NewRealm(corporate, adDomain)
	service := realm.Service(mailService)
	k, err := kerberos.ReadKeytab(bytes.NewReader(minttest.Keytab(service)))
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC)
	a, err := kerberos.NewAcceptor(kerberos.AcceptorConfig{
		Keytab: func() *kerberos.Keytab { return k }, PAC: map[string]kerberos.PACMode{corporate: kerberos.PACRequired}, Now: func() time.Time { return now },
	})
	if err != nil {
		f.Fatal(err)
	}
	n := NewNegotiate(NegotiateConfig{Acceptor: a, Secure: func(*http.Request) bool { return true }})
	good := service.Issue(now, minttest.Ticket{Client: "alice", PAC: &minttest.PAC{RID: 1101}}).Token(now.Add(time.Hour), minttest.Request{})
	f.Add("Negotiate " + base64.StdEncoding.EncodeToString(good)) // an hour too late
	f.Add("Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKALpHAAAADw==")
	f.Add("Negotiate ")
	f.Add("Negotiate \x00")
	f.Add("negotiate YA==")
	f.Fuzz(func(t *testing.T, header string) {
		answer := http.Header{}
		c, err := n.Authenticate(request(header), answer)
		var e *entente.Error
		if c != nil || len(answer) > 0 || err != nil && (!errors.As(err, &e) || e.Kind != entente.Denied || err.Error() != refused().Error()) {
			t.Errorf("%q: %+v %v %v", header, c, err, answer)
		}
	})
}

// TestRequiredBindings: where tokens must say over which channel they go, those
// that come over the channel of another node need not, and nobody else is taken
// for one.
func TestRequiredBindings(t *testing.T) {
	x := newTickets(t)
	end := []byte("the hash of a certificate of 32.")
	public, _ := nodeKey("b").Public().(ed25519.PublicKey)
	if err := x.d.Register(t.Context(), directory.Node{ID: "b", Name: "b", PublicKey: public}); err != nil {
		t.Fatal(err)
	}
	node := &Node{Directory: x.d, Self: "a", Now: time.Now}
	x.n.Required, x.n.Channel = true, node.Channel
	known := end
	x.n.EndPoint = func(*http.Request) []byte { return known }
	alice := minttest.Ticket{Client: "alice", PAC: &minttest.PAC{RID: 1101}}
	test := func(what string, q minttest.Request, change func(r *http.Request), ok bool) {
		t.Helper()
		r := request(x.token(alice, q))
		change(r)
		if c, err := x.n.Authenticate(r, nil); (err == nil) != ok || ok && c == nil {
			t.Errorf("%s: %+v %v", what, c, err)
		}
	}
	same := func(*http.Request) {}
	channel := func(key string) func(*http.Request) {
		return func(r *http.Request) { r.TLS = over(nodeKey(key), "").TLS }
	}
	test("bound", minttest.Request{EndPoint: end}, same, true)
	test("not bound", minttest.Request{}, same, false)
	test("bound to another", minttest.Request{EndPoint: []byte("the hash of another certificate.")}, same, false)
	test("not bound, by a client's certificate", minttest.Request{}, channel("stranger"), false)
	known = nil
	test("bound, to nobody knows what", minttest.Request{EndPoint: end}, same, false)
	test("from a node", minttest.Request{}, channel("b"), true)
	test("from one that is no node", minttest.Request{}, channel("stranger"), false)
}
