package outgoing

import (
	"slices"
	"testing"
)

// TestServices: by priority, then drawn by weight, RFC 2782.
func TestServices(t *testing.T) {
	d := newDNS(t, serve(t, zone{
		"_kerberos._tcp.contoso.example. SRV": {"20 0 88 DC3.contoso.example.", "10 0 88 dc1.contoso.example.", "10 0 8888 dc2.contoso.example."},
		"_kerberos._tcp.none.example. SRV":    {"0 0 0 ."},
		"_kerberos._tcp.heavy.example. SRV":   {"0 1 88 light.example.", "0 65535 88 heavy.example."},
	}))
	got, err := d.Services(t.Context(), "_kerberos._tcp.contoso.example")
	if err != nil || len(got) != 3 || got[2] != "dc3.contoso.example:88" || !slices.Contains(got, "dc2.contoso.example:8888") {
		t.Errorf("%q %v", got, err)
	}
	if got, err := d.Services(t.Context(), "_kerberos._tcp.none.example"); err != nil || len(got) != 0 {
		t.Errorf("decidedly none: %q %v", got, err)
	}
	if got, err := d.Services(t.Context(), "_kerberos._tcp.other.example"); err == nil {
		t.Errorf("no such name: %q", got)
	}
	first := 0
	for range 50 {
		got, err := d.Services(t.Context(), "_kerberos._tcp.heavy.example")
		if err != nil || len(got) != 2 {
			t.Fatalf("%q %v", got, err)
		}
		if got[0] == "heavy.example:88" {
			first++
		}
	}
	if first < 40 { // once in 65,536 it is the other
		t.Errorf("the heavy one came first %d times of 50", first)
	}
}
