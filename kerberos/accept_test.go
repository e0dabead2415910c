package kerberos_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/kerberos"
	"entente/kerberos/minttest"
)

// contoso is a realm of Active Directory and one service in it, whose account
// has a second name.
type contoso struct {
	*minttest.Realm
	http, imap *minttest.Service
	now        time.Time
}

const (
	contosoSID  = "S-1-5-21-1004336348-1177238915-682003330"
	fabrikamSID = "S-1-5-21-7-8-9"
	httpService = "HTTP/mail.contoso.example"
)

func newContoso() *contoso {
	r := minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID)
	h := r.Service(httpService)
	return &contoso{r, h, h.As("imap/mail.contoso.example"), time.Date(2026, 11, 28, 22, 0, 0, 123456000, time.UTC)}
}

func keytab(t testing.TB, services ...*minttest.Service) func() *kerberos.Keytab {
	t.Helper()
	k, err := kerberos.ReadKeytab(bytes.NewReader(minttest.Keytab(services...)))
	if err != nil {
		t.Fatal(err)
	}
	return func() *kerberos.Keytab { return k }
}

func (c *contoso) config(t testing.TB) kerberos.AcceptorConfig {
	return kerberos.AcceptorConfig{
		Keytab: keytab(t, c.http),
		PAC:    map[string]kerberos.PACMode{"CONTOSO.EXAMPLE": kerberos.PACRequired, "FABRIKAM.EXAMPLE": kerberos.PACRequired, "MIT.EXAMPLE": kerberos.PACNone},
		Now:    func() time.Time { return c.now },
	}
}

func acceptor(t testing.TB, c kerberos.AcceptorConfig) *kerberos.Acceptor {
	t.Helper()
	a, err := kerberos.NewAcceptor(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// anna is a ticket of whom all these tests are about.
func anna() minttest.Ticket {
	return minttest.Ticket{Client: "anna", PAC: &minttest.PAC{
		RID: 1104, Groups: []uint32{513, 1200}, ExtraSIDs: []entente.SID{"S-1-18-1"},
		ResourceDomain: "S-1-5-21-4-5-6", ResourceGroups: []uint32{77},
		Target: "HTTP/mail.contoso.example", Transited: []string{"svc-gw@CONTOSO.EXAMPLE"},
	}}
}

func TestAccept(t *testing.T) {
	c := newContoso()
	a := acceptor(t, c.config(t))
	ticket := c.http.Issue(c.now, anna())
	id, _, err := a.Accept(ticket.Token(c.now, minttest.Request{Mutual: true}), kerberos.Bindings{})
	if err != nil {
		t.Fatal(err)
	}
	if id.Client.String() != "anna@CONTOSO.EXAMPLE" || id.Service.String() != httpService+"@CONTOSO.EXAMPLE" || !id.Mutual || !id.EndTime.Equal(c.now.Truncate(time.Second).Add(10*time.Hour)) {
		t.Errorf("%+v", id)
	}
	if !strings.HasPrefix(id.Evidence, "sha256:") || len(id.Evidence) != 71 || !id.Ticket.Forwardable || id.Ticket.Client != id.Client {
		t.Errorf("%+v, %+v", id, id.Ticket)
	}
	p := id.PAC
	if p.SID != contosoSID+"-1104" || p.DomainSID != contosoSID || p.Account != "anna" || p.Domain != "CONTOSO" || p.UPN != "anna@contoso.example" || p.DNSDomain != "CONTOSO.EXAMPLE" || !p.TicketSigned || p.FullySigned {
		t.Errorf("%+v", p)
	}
	if want := []entente.SID{contosoSID + "-513", contosoSID + "-1200", "S-1-18-1", "S-1-5-21-4-5-6-77"}; !slices.Equal(p.Groups, want) {
		t.Errorf("groups %v, want %v", p.Groups, want)
	}
	if p.Target != httpService || !slices.Equal(p.Transited, []string{"svc-gw@CONTOSO.EXAMPLE"}) {
		t.Errorf("target %q, transited %q", p.Target, p.Transited)
	}
	for _, r := range []minttest.Request{{Mutual: true}, {Mutual: true, Raw: true}, {Options: 1 << 29}} {
		_, answer, err := a.Accept(ticket.Token(c.now, r), kerberos.Bindings{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := base64.StdEncoding.DecodeString(answer)
		if err == nil {
			err = ticket.Proved(b, r, c.now)
		}
		if err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if _, answer, err := a.Accept(ticket.Token(c.now, minttest.Request{Raw: true}), kerberos.Bindings{}); err != nil || answer != "" {
		t.Errorf("who asked for no proof is answered %q, %v", answer, err)
	}
}

// TestGroups is which groups of a PAC are the client's.
func TestGroups(t *testing.T) {
	c := newContoso()
	a := acceptor(t, c.config(t))
	for _, x := range []struct {
		name   string
		change func(p *minttest.PAC)
		want   []entente.SID
	}{
		{"all", func(*minttest.PAC) {}, []entente.SID{contosoSID + "-513", contosoSID + "-1200", "S-1-18-1", "S-1-5-21-4-5-6-77"}},
		{"not enabled", func(p *minttest.PAC) { p.Attributes = 3 }, []entente.SID{contosoSID + "-513"}}, // the primary group, by itself
		{"for refusals only", func(p *minttest.PAC) { p.Attributes = 0x17 }, []entente.SID{contosoSID + "-513"}},
		{"extra SIDs without the flag", func(p *minttest.PAC) { p.UserFlags = 0x200 }, []entente.SID{contosoSID + "-513", contosoSID + "-1200", "S-1-5-21-4-5-6-77"}},
		{"resource groups without the flag", func(p *minttest.PAC) { p.UserFlags = 0x24 }, []entente.SID{contosoSID + "-513", contosoSID + "-1200", "S-1-18-1"}},
		{"the primary group is not among them", func(p *minttest.PAC) { p.Groups = []uint32{1200} }, []entente.SID{contosoSID + "-1200", contosoSID + "-513", "S-1-18-1", "S-1-5-21-4-5-6-77"}},
	} {
		ticket := anna()
		x.change(ticket.PAC)
		id, _, err := a.Accept(c.http.Issue(c.now, ticket).Token(c.now, minttest.Request{}), kerberos.Bindings{})
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
		} else if !slices.Equal(id.PAC.Groups, x.want) {
			t.Errorf("%s: %v, want %v", x.name, id.PAC.Groups, x.want)
		}
	}
}
