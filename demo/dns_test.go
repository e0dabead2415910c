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
}
