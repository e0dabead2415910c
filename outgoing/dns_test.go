package outgoing

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A zone answers from records, as a resolver that knows all does, or as the
// authority when it is asked without recursion.
type zone map[string][]string // name and type to the rest of the record

func (z zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	m.Authoritative = !q.RecursionDesired
	name, kind := q.Question[0].Name, dns.TypeToString[q.Question[0].Qtype]
	add := func(name, kind string) bool {
		all := z[name+" "+kind]
		for _, text := range all {
			rr, err := dns.NewRR(name + " 60 IN " + kind + " " + text)
			if err != nil {
				panic(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		return len(all) > 0
	}
	for range 6 { // a resolver follows aliases itself
		if add(name, kind) || !add(name, "CNAME") {
			break
		}
		if name = m.Answer[len(m.Answer)-1].(*dns.CNAME).Target; m.Authoritative {
			break
		}
	}
	if len(m.Answer) == 0 && !z.has(name) {
		m.Rcode = dns.RcodeNameError
	}
	size := dns.MinMsgSize
	if o := q.IsEdns0(); o != nil {
		size = int(o.UDPSize())
	}
	if w.LocalAddr().Network() == "udp" {
		m.Truncate(size)
	}
	_ = w.WriteMsg(m)
}

func (z zone) has(name string) bool {
	for k := range z {
		if at, _, _ := strings.Cut(k, " "); at == name || strings.HasSuffix(at, "."+name) {
			return true
		}
	}
	return false
}

// serve starts a name server on a port that both UDP and TCP have.
func serve(t *testing.T, h dns.Handler) string { return serveAt(t, "127.0.0.1", h) }

func serveAt(t *testing.T, address string, h dns.Handler) string {
	t.Helper()
	for range 20 {
		p, err := net.ListenPacket("udp", address+":0")
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", p.LocalAddr().String())
		if err != nil {
			_ = p.Close()
			continue
		}
		for _, s := range []*dns.Server{{PacketConn: p, Handler: h}, {Listener: l, Handler: h}} {
			started := make(chan struct{})
			s.NotifyStartedFunc = func() { close(started) }
			go func() { _ = s.ActivateAndServe() }()
			<-started
			t.Cleanup(func() { _ = s.Shutdown() })
		}
		return p.LocalAddr().String()
	}
	t.Fatal("no port is free for both")
	return ""
}

func newDNS(t *testing.T, servers ...string) *DNS {
	t.Helper()
	d, err := NewDNS(DNSConfig{Servers: servers})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func long(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("%d-%s", i, strings.Repeat("x", 90)))
	}
	return all
}

func TestDNSAnswers(t *testing.T) {
	z := zone{
		"contoso.example. TXT":                    {`"one"`, `"tw" "o"`},
		"contoso.example. NS":                     {"ns1.contoso.example.", "ns2.contoso.example."},
		"mail.contoso.example. A":                 {"192.0.2.7"},
		"mail.contoso.example. AAAA":              {"2001:db8::7"},
		"four.contoso.example. A":                 {"192.0.2.4"},
		"_autodiscover._tcp.contoso.example. SRV": {"20 0 443 b.contoso.example.", "10 1 443 A.contoso.example.", "10 9 8443 c.contoso.example."},
		"alias.contoso.example. CNAME":            {"Other.contoso.example."},
		"other.contoso.example. CNAME":            {"contoso.example."},
		"gone.contoso.example. CNAME":             {"nobody.fabrikam.example."},
		"a.contoso.example. CNAME":                {"b.contoso.example."},
		"b.contoso.example. CNAME":                {"a.contoso.example."},
		"1.contoso.example. CNAME":                {"2.contoso.example."},
		"2.contoso.example. CNAME":                {"3.contoso.example."},
		"3.contoso.example. CNAME":                {"4.contoso.example."},
		"4.contoso.example. CNAME":                {"contoso.example."},
		"cut.contoso.example. TXT":                long(20),
		"large.contoso.example. TXT":              long(60),
	}
	d := newDNS(t, serve(t, z))
	txt := func(name string, want error, texts ...string) {
		t.Helper()
		got, err := d.TXT(t.Context(), name)
		if !errors.Is(err, want) || (err == nil) != (want == nil) || !slices.Equal(got, texts) {
			t.Errorf("TXT of %s: %q, %v", name, got, err)
		}
		var e *net.DNSError
		if err != nil && (!errors.As(err, &e) || e.IsNotFound != (want == ErrNoName || want == ErrNoData) || e.IsTimeout) {
			t.Errorf("TXT of %s: %#v", name, err)
		}
	}
	txt("contoso.example", nil, "one", "two")
	txt("CONTOSO.Example.", nil, "one", "two")
	txt("alias.contoso.example", nil, "one", "two")
	txt("cut.contoso.example", nil, long(20)...)
	txt("2.contoso.example", nil, "one", "two")
	txt("mail.contoso.example", ErrNoData)
	txt("_tcp.contoso.example", ErrNoData) // a name between names is one
	txt("nobody.contoso.example", ErrNoName)
	txt("gone.contoso.example", ErrNoName)
	txt("1.contoso.example", ErrAliases)
	txt("a.contoso.example", ErrAliases)
	txt("large.contoso.example", ErrTooLarge)
	txt("contoso..example", ErrNoName)
	txt(strings.Repeat("a", 64)+".example", ErrNoName)

	ip := func(network, name string, want error, addresses ...string) {
		t.Helper()
		got, err := d.LookupNetIP(t.Context(), network, name)
		var all []string
		for _, a := range got {
			all = append(all, a.String())
		}
		slices.Sort(all)
		if !errors.Is(err, want) || (err == nil) != (want == nil) || !slices.Equal(all, addresses) {
			t.Errorf("%s of %s: %q, %v", network, name, all, err)
		}
	}
	ip("ip", "mail.contoso.example", nil, "192.0.2.7", "2001:db8::7")
	ip("ip4", "mail.contoso.example", nil, "192.0.2.7")
	ip("ip6", "mail.contoso.example", nil, "2001:db8::7")
	ip("ip", "four.contoso.example", nil, "192.0.2.4")
	ip("ip6", "four.contoso.example", ErrNoData)
	ip("ip", "contoso.example", ErrNoData)
	ip("ip", "nobody.contoso.example", ErrNoName)
	ip("ip", "localhost", nil, "127.0.0.1", "::1")
	ip("ip4", "a.localhost", nil, "127.0.0.1")
	if _, err := d.LookupNetIP(t.Context(), "tcp", "mail.contoso.example"); err == nil {
		t.Error("looked up for a network that is none")
	}

	srv, err := d.SRV(t.Context(), "_autodiscover._tcp.contoso.example")
	if err != nil || len(srv) != 3 || srv[0].Target != "c.contoso.example." || srv[0].Port != 8443 || srv[1].Target != "a.contoso.example." || srv[2].Priority != 20 {
		t.Errorf("SRV: %+v, %v", srv, err)
	}
	if ns, err := d.NS(t.Context(), "contoso.example"); err != nil || !slices.Equal(ns, []string{"ns1.contoso.example.", "ns2.contoso.example."}) {
		t.Errorf("NS: %q, %v", ns, err)
	}
}

// TestDNSStrays has answers come that are none to what was asked.
func TestDNSStrays(t *testing.T) {
	var strays atomic.Int32
	forge := func(change func(*dns.Msg)) dns.HandlerFunc {
		return func(w dns.ResponseWriter, q *dns.Msg) {
			m := new(dns.Msg).SetReply(q)
			rr, _ := dns.NewRR(q.Question[0].Name + ` 60 IN TXT "forged"`)
			m.Answer = []dns.RR{rr}
			change(m)
			_ = w.WriteMsg(m)
			strays.Add(1)
			m = new(dns.Msg).SetReply(q)
			rr, _ = dns.NewRR(q.Question[0].Name + ` 60 IN TXT "true"`)
			m.Answer = []dns.RR{rr}
			_ = w.WriteMsg(m)
		}
	}
	test := func(change func(*dns.Msg)) {
		t.Helper()
		got, err := newDNS(t, serve(t, forge(change))).TXT(t.Context(), "contoso.example")
		if err != nil || !slices.Equal(got, []string{"true"}) {
			t.Errorf("got %q, %v", got, err)
		}
	}
	test(func(m *dns.Msg) { m.Id++ })
	test(func(m *dns.Msg) { m.Response = false })
	test(func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify })
	test(func(m *dns.Msg) { m.Question = nil })
	test(func(m *dns.Msg) { m.Question[0].Name = "fabrikam.example." })
	test(func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeA })
	if strays.Load() != 6 {
		t.Errorf("%d strays", strays.Load())
	}
	// Records of another name than was asked for are nobody's.
	_, err := newDNS(t, serve(t, forge(func(m *dns.Msg) { m.Answer[0].Header().Name = "fabrikam.example." }))).TXT(t.Context(), "contoso.example")
	if !errors.Is(err, ErrNoData) {
		t.Errorf("records of another name: %v", err)
	}
}

// TestDNSServers has servers that do not answer, or badly, before one that does.
func TestDNSServers(t *testing.T) {
	good := serve(t, zone{"contoso.example. TXT": {`"one"`}})
	bad := func(code int) string {
		return serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(new(dns.Msg).SetRcode(q, code)) }))
	}
	garbage := serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		b := binary.BigEndian.AppendUint16(nil, q.Id)
		for range 100 {
			_, _ = w.Write(append(b, 0x80))
		}
	}))
	closed, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	test := func(want error, servers ...string) {
		t.Helper()
		got, err := newDNS(t, servers...).TXT(t.Context(), "contoso.example")
		if !errors.Is(err, want) || want == nil && !slices.Equal(got, []string{"one"}) {
			t.Errorf("got %q, %v", got, err)
		}
		if e := (*net.DNSError)(nil); err != nil && (!errors.As(err, &e) || e.IsNotFound) {
			t.Errorf("what no server said was taken for absence: %#v", err)
		}
	}
	test(nil, good)
	test(nil, bad(dns.RcodeServerFailure), good)
	test(nil, bad(dns.RcodeRefused), closed.LocalAddr().String(), garbage, good)
	test(ErrServFail, bad(dns.RcodeServerFailure))
	test(ErrServFail, bad(dns.RcodeRefused), closed.LocalAddr().String())
	test(ErrServFail, garbage)

	// A name that one server says there is not, there is not: the next one is not
	// asked until somebody likes the answer.
	none := serve(t, zone{})
	if _, err := newDNS(t, none, good).TXT(t.Context(), "contoso.example"); !errors.Is(err, ErrNoName) {
		t.Errorf("got %v", err)
	}
	each := newDNS(t, none, good).Each()
	if len(each) != 2 || each[0].String() != none {
		t.Fatalf("each: %v", each)
	}
	if got, err := each[1].TXT(t.Context(), "contoso.example"); err != nil || len(got) != 1 {
		t.Errorf("the second alone: %q, %v", got, err)
	}

	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = newDNS(t, silent.LocalAddr().String()).TXT(ctx, "contoso.example")
	var e *net.DNSError
	if !errors.As(err, &e) || !e.IsTimeout || e.IsNotFound || errors.Is(err, ErrServFail) {
		t.Errorf("silence: %#v", err)
	}
	for _, s := range []string{"ns.contoso.example", "ns.contoso.example:53", "", "1.2.3", "1.2.3.4:x"} {
		if _, err := NewDNS(DNSConfig{Servers: []string{s}}); err == nil {
			t.Errorf("%q is a server", s)
		}
	}
	d, err := NewDNS(DNSConfig{Servers: []string{"192.0.2.1", "2001:db8::1", "192.0.2.1:5353"}})
	if err != nil || d.String() != "192.0.2.1:53, [2001:db8::1]:53, 192.0.2.1:5353" {
		t.Errorf("%v, %v", d, err)
	}
}

func TestDNSAuthority(t *testing.T) {
	authority := zone{
		"contoso.example. TXT":         {`"from the authority"`},
		"deep.contoso.example. TXT":    {`"deep"`},
		"alias.contoso.example. CNAME": {"fabrikam.example."},
		"fabrikam.example. TXT":        {`"fabrikam"`},
	}
	at := serve(t, authority)
	port := netip.MustParseAddrPort(at).Port()
	resolver := serve(t, zone{
		"contoso.example. NS":     {"ns.contoso.example."},
		"fabrikam.example. NS":    {"gone.contoso.example.", "ns.contoso.example."},
		"lame.example. NS":        {"lame.contoso.example."},
		"lame.contoso.example. A": {"192.0.2.1"},
		"ns.contoso.example. A":   {"127.0.0.1"},
		"contoso.example. TXT":    {`"from the resolver"`},
		"alone.example. TXT":      {`"nobody's zone"`},
		"pointer.example. CNAME":  {"contoso.example."},
	})
	loop := netip.MustParsePrefix("127.0.0.0/8")
	d, err := NewDNS(DNSConfig{Servers: []string{resolver}, Port: port, Allow: []netip.Prefix{loop}})
	if err != nil {
		t.Fatal(err)
	}
	test := func(name string, want error, texts ...string) {
		t.Helper()
		a, err := d.AskAuthority(t.Context(), name, dns.TypeTXT)
		if !errors.Is(err, want) || err == nil && !slices.Equal(a.Texts(), texts) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	test("contoso.example", nil, "from the authority")
	test("deep.contoso.example", nil, "deep")
	test("alias.contoso.example", nil, "fabrikam")
	test("fabrikam.example", nil, "fabrikam")
	test("nobody.contoso.example", ErrNoName)
	test("alone.example", ErrNoAuthority)
	test("pointer.example", ErrNoAuthority)
	test("lame.example", ErrNoAuthority) // its address may not be reached: RFC 5737
	test("com", ErrNoAuthority)
	// Without leave, no server of the inside is asked because somebody's NS names
	// it; the resolver itself needs none.
	d, err = NewDNS(DNSConfig{Servers: []string{serveAt(t, "127.0.0.2", zone{
		"contoso.example. NS":   {"ns.contoso.example."},
		"ns.contoso.example. A": {"127.0.0.1"},
	})}, Port: port})
	if err != nil {
		t.Fatal(err)
	}
	test("contoso.example", ErrNoAuthority)
	d.dialer = New(map[Purpose]Rule{Lookup: {Allow: []netip.Prefix{loop}}}, nil)
	test("contoso.example", nil, "from the authority")
}

// TestDNSResolves has a Dialer find its way by a DNS.
func TestDNSResolves(t *testing.T) {
	port, visits := canary(t)
	d := newDNS(t, serve(t, zone{"canary.example. A": {"127.0.0.1"}}))
	c, err := New(map[Purpose]Rule{Partner: {Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, d).Dial(t.Context(), Partner, "tcp", "canary.example:"+port)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if _, err := New(map[Purpose]Rule{Partner: {}}, d).Dial(t.Context(), Partner, "tcp", "canary.example:"+port); !errors.Is(err, ErrRefused) {
		t.Errorf("to a private address: %v", err)
	}
	if visits.Load() > 1 {
		t.Errorf("%d visits", visits.Load())
	}
}

// FuzzDNSAnswer holds that no answer from outside does more than be refused.
func FuzzDNSAnswer(f *testing.F) {
	q := new(dns.Msg).SetQuestion("contoso.example.", dns.TypeTXT)
	q.Id = 7
	m := new(dns.Msg).SetReply(q)
	rr, _ := dns.NewRR(`contoso.example. 60 IN TXT "a" "b"`)
	m.Answer = []dns.RR{rr}
	b, _ := m.Pack()
	f.Add(b)
	m.Truncated = true
	b, _ = m.Pack()
	f.Add(b[:len(b)-3])
	f.Fuzz(func(t *testing.T, b []byte) {
		m := answerTo(q, b)
		if m == nil {
			return
		}
		if m.Id != 7 || len(m.Question) != 1 || !strings.EqualFold(m.Question[0].Name, "contoso.example.") {
			t.Fatalf("taken for an answer: %v", m)
		}
		d := &DNS{}
		_, _ = d.follow(t.Context(), "contoso.example", func(string) (*dns.Msg, error) { return m, nil }, dns.TypeTXT)
	})
}
