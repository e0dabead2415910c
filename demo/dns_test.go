package demo

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestNames asks the demo's name server as a resolver would, by UDP and TCP.
func TestNames(t *testing.T) {
	n, err := serveNames()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := n.add("contoso.example", "mail.contoso.example. A 127.0.0.1", "_autodiscover._tcp.contoso.example. SRV 0 0 8443 mail.contoso.example."); err != nil {
		t.Fatal(err)
	}
	n.addTXT("contoso.example", "a proof")
	n.addTXT("contoso.example", strings.Repeat("long ", 50))
	for _, tt := range []struct {
		network, name string
		kind          uint16
		rcode, found  int
	}{
		{"udp", "mail.contoso.example.", dns.TypeA, dns.RcodeSuccess, 1},
		{"tcp", "MAIL.contoso.example.", dns.TypeA, dns.RcodeSuccess, 1},
		{"udp", "mail.contoso.example.", dns.TypeAAAA, dns.RcodeSuccess, 0},
		{"udp", "_autodiscover._tcp.contoso.example.", dns.TypeSRV, dns.RcodeSuccess, 1},
		{"udp", "contoso.example.", dns.TypeTXT, dns.RcodeSuccess, 2},
		{"udp", "_tcp.contoso.example.", dns.TypeTXT, dns.RcodeSuccess, 0}, // there are names below it
		{"udp", "nobody.contoso.example.", dns.TypeA, dns.RcodeNameError, 0},
		{"udp", "fabrikam.example.", dns.TypeTXT, dns.RcodeRefused, 0},
	} {
		m := new(dns.Msg).SetQuestion(tt.name, tt.kind)
		a, _, err := (&dns.Client{Net: tt.network}).Exchange(m, n.at.String())
		if err != nil {
			t.Fatal(err)
		}
		if a.Rcode != tt.rcode || len(a.Answer) != tt.found {
			t.Errorf("%s %s %s: %v", tt.network, tt.name, dns.TypeToString[tt.kind], a)
		}
	}

	txt := func(text string) dns.RR {
		return &dns.TXT{Hdr: dns.RR_Header{Name: "_entente-federation.contoso.example.", Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{text}}
	}
	one, two := txt("one"), txt("two")
	for _, tt := range []struct {
		what  string
		u     *dns.Msg
		rcode int
		left  int
	}{
		{"add", add(one, two), dns.RcodeSuccess, 2},
		{"take one", take(one), dns.RcodeSuccess, 1},
		{"take all", takeAll(two), dns.RcodeSuccess, 0},
		{"another's zone", add(&dns.A{Hdr: dns.RR_Header{Name: "fabrikam.example.", Rrtype: dns.TypeA, Class: dns.ClassINET}, A: []byte{127, 0, 0, 1}}), dns.RcodeNotZone, 0},
	} {
		a, _, err := new(dns.Client).Exchange(tt.u, n.at.String())
		if err != nil {
			t.Fatal(err)
		}
		m := new(dns.Msg).SetQuestion("_entente-federation.contoso.example.", dns.TypeTXT)
		found, _, err := new(dns.Client).Exchange(m, n.at.String())
		if err != nil || a.Rcode != tt.rcode || len(found.Answer) != tt.left {
			t.Errorf("%s: %v, then %v, %v", tt.what, a, found, err)
		}
	}
}

func change(f func(*dns.Msg, []dns.RR)) func(...dns.RR) *dns.Msg {
	return func(rr ...dns.RR) *dns.Msg {
		m := new(dns.Msg).SetUpdate("contoso.example.")
		all := make([]dns.RR, len(rr))
		for i := range rr {
			all[i] = dns.Copy(rr[i])
		}
		f(m, all)
		return m
	}
}

func add(rr ...dns.RR) *dns.Msg     { return change((*dns.Msg).Insert)(rr...) }
func take(rr ...dns.RR) *dns.Msg    { return change((*dns.Msg).Remove)(rr...) }
func takeAll(rr ...dns.RR) *dns.Msg { return change((*dns.Msg).RemoveRRset)(rr...) }
