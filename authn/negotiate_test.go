package authn

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/kerberos"
	"entente/kerberos/pac"
)

const (
	adDomain  = "S-1-5-21-7-7-7" // Active Directory, where accounts come from
	aliceSID  = adDomain + "-1101"
	bobSID    = adDomain + "-1102"
	leftSID   = adDomain + "-1103" // disabled
	gwSID     = adDomain + "-1104"
	salesSID  = adDomain + "-2001"
	corporate = "CORP.CONTOSO.EXAMPLE"
)

// adForest is forest with accounts as they are read from Active Directory, which
// keep their SIDs.
func adForest(t *testing.T) (*directory.Directory, *Negotiate) {
	t.Helper()
	d, _ := forest(t)
	imported := func(sid entente.SID, upn entente.UPN, enabled bool) *directory.Account {
		a := account(upn, "", access.KindUser)
		a.SID, a.Enabled = sid, enabled
		return &a
	}
	change(t, d, func(c *directory.Change) error {
		return errors.Join(c.SetRealm(access.Realm{Name: corporate, DomainSID: adDomain}),
			c.CreateAccount(imported(aliceSID, "alice@contoso.example", true)),
			c.CreateAccount(imported(bobSID, "robert.b@contoso.example", true)),
			c.CreateAccount(imported(leftSID, "left@contoso.example", false)),
			c.CreateAccount(imported(gwSID, "svc-gw@corp.contoso.example", true)))
	})
	return d, NewNegotiate(NegotiateConfig{
		Directory: d, Secure: func(r *http.Request) bool { return r.TLS != nil },
		Realms: []NegotiateRealm{
			{Name: corporate, PAC: kerberos.PACRequired},
			{Name: "FABRIKAM.EXAMPLE", PAC: kerberos.PACRequired},
			{Name: "UNTRUSTED.EXAMPLE", PAC: kerberos.PACRequired}, // tickets are taken, and its word counts for nobody
			{Name: "LAB.EXAMPLE", PAC: kerberos.PACNone, Domain: "contoso.example"},
			{Name: "ODD.EXAMPLE"},
		},
	})
}

// ticket is what a ticket of name@realm says, with a PAC for a SID.
func ticket(realm, name string, sid entente.SID, change ...func(*pac.PAC)) *kerberos.Identity {
	who := &kerberos.Identity{Client: kerberos.Principal{Name: name, Realm: realm}, Evidence: "sha256:1", Ticket: &kerberos.Ticket{}}
	if sid != "" {
		who.PAC = &pac.PAC{SID: sid, HasLogonInfo: true}
	}
	for _, f := range change {
		f(who.PAC)
	}
	return who
}

func upn(s string) func(*pac.PAC)              { return func(p *pac.PAC) { p.UPN = s } }
func groups(all ...entente.SID) func(*pac.PAC) { return func(p *pac.PAC) { p.Groups = all } }
func transited(services ...string) func(*pac.PAC) {
	return func(p *pac.PAC) { p.Transited = services }
}

// TestWhoseTicket: which account of ours a verified ticket is for. (threats K1, K2)
func TestWhoseTicket(t *testing.T) {
	d, n := adForest(t)
	own := d.Snapshot().Organization().DomainSID
	otto, _ := d.Snapshot().FindUPN("otto@contoso.example")
	lena, _ := d.Snapshot().FindUPN("lena@contoso.example")
	test := func(what string, who *kerberos.Identity, want string) {
		t.Helper()
		c, err := n.caller(request(""), who)
		got := ""
		if err == nil {
			got = fmt.Sprint(c.Authenticated, " ", c.Groups)
		} else {
			got = "refused: " + err.Error()
		}
		if want == "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	test("Alice", ticket(corporate, "alice", aliceSID), "alice@contoso.example []")
	test("with her UPN", ticket(corporate, "alice", aliceSID, upn("alice@contoso.example")), "alice@contoso.example []")
	test("with a name that is nobody's here", ticket(corporate, "alice", aliceSID, upn("alice@corp.contoso.example")), "alice@contoso.example []")
	test("the SID counts, and no name", ticket(corporate, "alice", bobSID), "robert.b@contoso.example []")
	test("with the UPN of another", ticket(corporate, "alice", aliceSID, upn("otto@contoso.example")), "refused: the ticket has the SID of")
	test("in her groups", ticket(corporate, "alice", aliceSID, groups(salesSID)), "alice@contoso.example ["+salesSID+"]")
	test("in groups that are not the realm's", ticket(corporate, "alice", aliceSID,
		groups(own+"-512", "S-1-5-32-544", userForest+"-2100", salesSID, adDomain+"0-5", "S-1-18-1")), "alice@contoso.example ["+salesSID+"]")
	test("without PAC", ticket(corporate, "alice", ""), "refused: the ticket has no SID")
	test("with a PAC that says nothing", &kerberos.Identity{Client: kerberos.Principal{Name: "alice", Realm: corporate}, PAC: &pac.PAC{}}, "refused: the ticket has no SID")
	test("disabled", ticket(corporate, "left", leftSID), "refused: account left@contoso.example: it is disabled")
	test("unknown here", ticket(corporate, "new", adDomain+"-9999"), "refused: no account has the SID")
	test("one of our own domain", ticket(corporate, "otto", otto.SID), "refused: the realm's word does not count")
	test("one of the other forest", ticket(corporate, "lena", lenaThere), "refused: the realm's word does not count")
	test("the placeholder of a linked mailbox", ticket(corporate, "lena", lena.SID), "refused: the realm's word does not count")

	test("Lena, linked", ticket("FABRIKAM.EXAMPLE", "lena", lenaThere, groups(staffThere, salesSID)), "lena@contoso.example ["+staffThere+"]")
	test("Alice, by the other forest", ticket("FABRIKAM.EXAMPLE", "alice", aliceSID), "refused: the realm's word does not count")
	test("Lena, with Alice's UPN", ticket("FABRIKAM.EXAMPLE", "lena", lenaThere, upn("alice@contoso.example")), "refused: the ticket has the SID of")
	test("nobody's mailbox", ticket("FABRIKAM.EXAMPLE", "max", userForest+"-9999"), "refused: no account")
	test("by a realm that vouches for nobody", ticket("UNTRUSTED.EXAMPLE", "alice", aliceSID), "refused: the realm's word does not count")
	test("by a realm that is not named", ticket("OTHER.EXAMPLE", "alice", aliceSID), "refused: the realm is not one")
	test("in small letters, which is another", ticket(strings.ToLower(corporate), "alice", aliceSID), "refused: the realm is not one")
	test("by a realm of which nothing is said", ticket("ODD.EXAMPLE", "alice", aliceSID), "refused: the realm says of no tickets")

	test("by name", ticket("LAB.EXAMPLE", "alice", ""), "alice@contoso.example []")
	test("by name, whatever a PAC says", ticket("LAB.EXAMPLE", "alice", bobSID, groups(salesSID)), "alice@contoso.example []")
	test("by name, disabled", ticket("LAB.EXAMPLE", "left", ""), "refused: account left")
	test("by name, a placeholder", ticket("LAB.EXAMPLE", "lena", ""), "refused: account lena")
	test("by name, unknown", ticket("LAB.EXAMPLE", "nobody", ""), "refused: there is no account")
	test("an instance", ticket("LAB.EXAMPLE", "alice/admin", ""), "refused: \"alice/admin\" is nobody's name")
	test("an enterprise name", ticket("LAB.EXAMPLE", "alice@contoso.example", ""), "refused: \"alice@contoso.example\" is nobody's")
	test("no name", ticket("LAB.EXAMPLE", "", ""), "refused: \"\" is nobody's name")
}

// TestClaimed: in a realm of names a principal may be an account of another name,
// which says so; two that could be meant are neither.
func TestClaimed(t *testing.T) {
	d, n := adForest(t)
	const claim = "Kerberos:al@LAB.EXAMPLE"
	claims := func(sid entente.SID, all ...string) {
		t.Helper()
		change(t, d, func(c *directory.Change) error {
			return c.SetAccount(sid, func(a *directory.Account) error { a.Identities = all; return nil })
		})
	}
	test := func(realm, name, want string) {
		t.Helper()
		c, err := n.caller(request(""), ticket(realm, name, ""))
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprint(c.Authenticated, " ", c.Groups)
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s@%s: %s, want %s", name, realm, got, want)
		}
	}
	test("LAB.EXAMPLE", "al", "there is no account al@")
	claims(aliceSID, claim, "Kerberos:alice@LAB.EXAMPLE", "Kerberos:robert.b@LAB.EXAMPLE", "Kerberos:al@CORP.CONTOSO.EXAMPLE")
	test("LAB.EXAMPLE", "al", "alice@contoso.example []")
	test("LAB.EXAMPLE", "alice", "alice@contoso.example []")
	test("LAB.EXAMPLE", "robert.b", "alice@contoso.example claims robert.b@LAB.EXAMPLE, which is the name of robert.b@")
	test(corporate, "al", "the ticket has no SID") // where SIDs count, names do not
	claims(bobSID, claim)
	test("LAB.EXAMPLE", "al", "alice@contoso.example and robert.b@contoso.example claim al@LAB.EXAMPLE")
	claims(bobSID)
	claims(leftSID, "Kerberos:gone@LAB.EXAMPLE")
	test("LAB.EXAMPLE", "gone", "account left@contoso.example: it is disabled")
}

// TestPassedOn: who passed a request on stands in its chain, nearest first, and
// the realm last.
func TestPassedOn(t *testing.T) {
	_, n := adForest(t)
	test := func(who *kerberos.Identity, want string) {
		t.Helper()
		c, err := n.caller(request(""), who)
		got := fmt.Sprint(err)
		if err == nil {
			var links []string
			for _, l := range c.Chain {
				links = append(links, l.Who.String()+" "+l.How)
			}
			got = strings.Join(links, ", ")
		}
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	test(ticket(corporate, "alice", aliceSID), aliceSID+" realm "+corporate)
	test(ticket(corporate, "alice", aliceSID, transited("svc-gw@CORP.CONTOSO.EXAMPLE", "HTTP/cas.contoso.example@CORP.CONTOSO.EXAMPLE")),
		" s4u2proxy HTTP/cas.contoso.example@CORP.CONTOSO.EXAMPLE, svc-gw@corp.contoso.example s4u2proxy svc-gw@CORP.CONTOSO.EXAMPLE, "+aliceSID+" realm "+corporate)
	test(ticket("FABRIKAM.EXAMPLE", "lena", lenaThere, transited("gw\x07@FABRIKAM.EXAMPLE")), " s4u2proxy gw@FABRIKAM.EXAMPLE, "+lenaThere+" realm FABRIKAM.EXAMPLE")
	test(ticket(corporate, "alice", aliceSID, transited(make([]string, maxLinks)...)), "the ticket was passed on too often")

	c, err := n.caller(request(""), ticket(corporate, "alice", aliceSID))
	if err != nil || c.Method != access.Negotiate || c.Evidence != "sha256:1" || c.Realm != corporate || c.Ticket == nil || c.Address == "" || c.Authenticated.SID != aliceSID {
		t.Errorf("%+v %v", c, err)
	}
}

// TestNotNegotiate: what is no token of Kerberos is refused like all else, and
// the same whatever is wrong.
func TestNotNegotiate(t *testing.T) {
	_, n := adForest(t)
	var err error
	if n.Acceptor, err = kerberos.NewAcceptor(kerberos.AcceptorConfig{Keytab: func() *kerberos.Keytab { return &kerberos.Keytab{} }}); err != nil {
		t.Fatal(err)
	}
	var said []string
	n.Refused = func(_ string, _ entente.Reason, why string) { said = append(said, why) }
	test := func(authorization, want string) {
		t.Helper()
		said = nil
		answer := http.Header{}
		c, err := n.Authenticate(request(authorization), answer)
		var e *entente.Error
		if c != nil || !errors.As(err, &e) || e.Kind != entente.Denied || err.Error() != refused().Error() || len(answer) > 0 {
			t.Errorf("%.40s: %v %v %v", authorization, c, err, answer)
		}
		if len(said) != 1 || !strings.Contains(said[0], want) {
			t.Errorf("%.40s: said %q, want %s", authorization, said, want)
		}
	}
	test("Negotiate !", "base64")
	test("negotiate AAAA", "")
	test("Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKALpHAAAADw==", "") // NTLM
	test("Negotiate "+strings.Repeat("A", 90<<10), "too large")
	n.Required = true
	test("Negotiate AAAA", "channel")

	r := request("Negotiate AAAA")
	r.TLS = nil
	if c, err := n.Authenticate(r, http.Header{}); c != nil || err == nil {
		t.Errorf("in the clear: %v %v", c, err)
	}
	for _, other := range []string{"", "Negotiate", "Basic AAAA", "NTLM TlRMTVNTUAABAAAA", "NegotiateX AAAA"} {
		if c, err := n.Authenticate(request(other), http.Header{}); c != nil || err != nil {
			t.Errorf("%q: %v %v", other, c, err)
		}
	}
	h := http.Header{}
	n.Challenge(h)
	if got := h.Values("WWW-Authenticate"); len(got) != 1 || got[0] != "Negotiate" {
		t.Errorf("%q", got)
	}
}
