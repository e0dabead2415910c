package brokerapi

import (
	"testing"
	"time"

	"entente"
)

func TestDomainProof(t *testing.T) {
	a, b := certified(t).Certificate, certified(t).Certificate
	seen := map[string]bool{}
	add := func(app entente.AppID, d entente.Domain) {
		t.Helper()
		p := DomainProof(app, d, a)
		if len(p) != 88 || seen[p] || p != DomainProof(app, d, a) {
			t.Errorf("%s %s: %s", app, d, p)
		}
		seen[p] = true
	}
	add("0000000060000EB9", "contoso.example")
	add("0000000060000EB8", "contoso.example")
	add("0000000060000EB9", "fabrikam.example")
	// What stands between the parts keeps them apart.
	add("0000000060000EB9c", "ontoso.example")
	if seen[DomainProof("0000000060000EB9", "contoso.example", b)] {
		t.Error("another certificate has the same proof")
	}
}

func TestScopedProof(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	want := ScopedProof{App: "0000000060000EB9", Nonce: "abc"}
	test := func(s string, parses, holds bool) {
		t.Helper()
		p, ok := ParseScopedProof(s)
		if ok != parses || ok && p.Holds(want, now) != holds {
			t.Errorf("%q: %+v, %t", s, p, ok)
		}
	}
	if s := (ScopedProof{App: want.App, Nonce: "abc", Expires: now}).String(); s != "v=1; app=0000000060000EB9; nonce=abc; exp=2026-11-28" {
		t.Error(s)
	}
	test(want.String(), true, true)
	test("v=1; app=0000000060000EB9; nonce=abc; exp=2026-11-28", true, true) // its last day
	test("v=1; app=0000000060000EB9; nonce=abc; exp=2026-11-27", true, false)
	test("v=1;app=0000000060000EB9;nonce=abc", true, true)
	test("v=1; exp=2031-01-01; nonce=abc; app=0000000060000EB9", true, true)
	test("v=1; app=0000000060000EB8; nonce=abc", true, false)
	test("v=1; app=0000000060000EB9; nonce=abd", true, false)
	test("v=1; app=0000000060000EB9; recover=abc", true, false)
	test("v=1; app=0000000060000EB9; nonce=abc; recover=abc", false, false)
	test("v=1; app=0000000060000EB9", false, false)
	test("v=1; nonce=abc", false, false)
	test("v=2; app=0000000060000EB9; nonce=abc", false, false)
	test("app=0000000060000EB9; v=1; nonce=abc", false, false)
	test("v=1; app=0000000060000EB9; nonce=abc; nonce=abd", false, false)
	test("v=1; app=0000000060000EB9; nonce=abc; x=y", false, false)
	test("v=1; app=0000000060000EB9; nonce=abc;", false, false)
	test("v=1; app=0000000060000EB9; nonce=", false, false)
	test("v=1; app=0000000060000EB9; nonce=abc; exp=soon", false, false)
	test("v=spf1 -all", false, false)
	test("", false, false)
}

// FuzzScopedProof holds that what is read is written so that it is read again.
func FuzzScopedProof(f *testing.F) {
	f.Add("v=1; app=0000000060000EB9; nonce=abc; exp=2026-11-28")
	f.Add("v=1; app=0000000060000EB9; recover=abc")
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := ParseScopedProof(s)
		if !ok {
			return
		}
		again, ok := ParseScopedProof(p.String())
		if !ok || again != p {
			t.Fatalf("%q: %+v, %+v, %t", s, p, again, ok)
		}
	})
}
