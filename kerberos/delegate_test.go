package kerberos

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/kerberos/kdctest"
)

// A lab is a realm, and what the test's delegators tell.
type lab struct {
	*kdctest.Realm
	keytab *Keytab
	asked  atomic.Int64 // connections to KDCs
}

var realms = []struct {
	name   string
	shared func(testing.TB) *kdctest.Realm
	own    func(testing.TB) *kdctest.Realm
}{
	{"samba", kdctest.Samba, kdctest.NewSamba},
	{"heimdal", kdctest.Heimdal, kdctest.NewHeimdal},
	{"mit", kdctest.MIT, kdctest.NewMIT},
}

// eachRealm runs f as a subtest on the test process' realms.
func eachRealm(t *testing.T, f func(t *testing.T, l *lab)) {
	t.Helper()
	for _, r := range realms {
		t.Run(r.name, func(t *testing.T) { f(t, newLab(t, r.shared(t))) })
	}
}

func newLab(t testing.TB, r *kdctest.Realm) *lab {
	t.Helper()
	return &lab{Realm: r, keytab: readKeytab(t, r.Keytab)}
}

func readKeytab(t testing.TB, file string) *Keytab {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	k, err := ReadKeytab(f)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (l *lab) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.asked.Add(1)
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// delegator is a service's: "gw", "cas".
func (l *lab) delegator(t testing.TB, service string, change ...func(*DelegatorConfig)) *Delegator {
	t.Helper()
	c := DelegatorConfig{
		Self: Principal{l.Service(service), l.Name}, Keytab: func() *Keytab { return l.keytab }, KDCs: []string{l.KDC},
		Dial: l.dial, Now: time.Now, Told: func(event string, err error) { t.Logf("told of %s: %v", event, err) },
	}
	for _, f := range change {
		f(&c)
	}
	d, err := NewDelegator(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// user is one of the realm's, with the SID that Active Directory has for him.
func (l *lab) user(t testing.TB, name string) User {
	t.Helper()
	u := User{Name: name, Realm: l.Name}
	if l.LDAP != "" && name != "nobody" {
		u.SID = entente.SID(l.SID(t, name))
	}
	return u
}

func (l *lab) spn(service string) entente.SPN { return entente.SPN(l.SPN(service)) }

func reason(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// TestDelegation is who may act as whom at what: constrained delegation as each
// KDC has it.
func TestDelegation(t *testing.T) {
	cases := []struct {
		service, user, target string
		want                  entente.Reason
	}{
		{"gw", "alice", "cas", ""},
		{"gw", "bob", "cas", ""},
		{"gw", "alice", "mbx", NotDelegated},
		{"gw", "alice", "other", NotDelegated},
		{"gw", "alice", "absent", NoSuchService},
		{"gw", "carol", "cas", NotForwardable}, // sensitive
		{"gw", "dave", "cas", ClientRevoked},   // disabled
		{"gw", "nobody", "cas", NoSuchClient},
		{"cas", "alice", "mbx", ""},
		{"cas", "alice", "other", NotDelegated},
		{"konly", "alice", "cas", NotForwardable}, // not by any protocol
		{"none", "alice", "cas", NotForwardable},
		{"mbx", "alice", "cas", NotForwardable},
	}
	eachRealm(t, func(t *testing.T, l *lab) {
		ds := map[string]*Delegator{}
		for _, c := range cases {
			// A service without any list gets a forwardable ticket of MIT's KDC, which
			// others could let it use, and is refused one step later.
			if l.Name == "MIT.TEST" && (c.service == "none" || c.service == "mbx") {
				c.want = NotDelegated
			}
			if ds[c.service] == nil {
				ds[c.service] = l.delegator(t, c.service)
			}
			ticket, err := ds[c.service].For(t.Context(), l.user(t, c.user), l.spn(c.target))
			if reason(err) != c.want || (err == nil) != (c.want == "") {
				t.Errorf("%s as %s at %s: %v, want %q", c.service, c.user, c.target, err, c.want)
				continue
			}
			if err != nil {
				continue
			}
			if ticket.Client.Name != c.user || ticket.Service.Name != l.SPN(c.target) || !ticket.End.After(time.Now()) {
				t.Errorf("%s as %s at %s: %+v", c.service, c.user, c.target, ticket)
			}
		}
	})
}
