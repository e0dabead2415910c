package partner

import (
	"fmt"
	"strings"
	"testing"

	"entente"
	"entente/availability"
	"entente/db"
	"entente/db/dbtest"
	"entente/ews"
)

// TestSpace asks fabrikam without a broker, by a service account of its own.
func TestSpace(t *testing.T) {
	p := newPair(t)
	p.facts.Relationships = nil
	p.relateNothing()
	const amy = "amy@fabrikam.example"
	if p.Partner(amy) {
		t.Error("a partner before there is one")
	}
	space := AddressSpace{Domain: "fabrikam.example", URL: "https://mail.fabrikam.example:" + p.fabrikam.port + "/EWS/Exchange.asmx", Scheme: Basic, Account: `FABRIKAM\contoso`}
	if err := p.AddAddressSpace(t.Context(), space, "OrgWideFB", entente.NewSecret("s3cret")); err != nil {
		t.Fatal(err)
	}
	if !p.Partner(amy) || p.broker.count() != 0 {
		t.Error("no partner")
	}
	var asked ews.FreeBusyViewType
	p.fabrikam.set(func(x *fabrikam) {
		x.answer = func(q *ews.GetUserAvailabilityRequest) ews.Response {
			asked = q.FreeBusyViewOptions.RequestedView
			return x.usual(q)
		}
	})
	a := p.askAs(as(anna), availability.DetailedMerged, amy)[amy]
	p.wants(a, "")
	if a.Busy[0].Detail != nil || asked != ews.ViewFreeBusyMerged || string(a.Merged) != "0200" {
		t.Errorf("%s: %+v", asked, a)
	}
	if rec := p.records.last(); rec.Via[0].How != "availability address space fabrikam.example" || rec.As.Mail != anna.Mail {
		t.Errorf("%+v", rec)
	}
	// Whoever is no account here does not borrow it.
	p.wants(p.askAs(outsider(), availability.FreeBusy, amy)[amy], availability.OtherOrganization)
	if err := p.RemoveAddressSpace(t.Context(), "fabrikam.example"); err != nil || p.Partner(amy) {
		t.Errorf("%v", err)
	}
	space.Scheme, space.Account = Bearer, ""
	if err := p.AddAddressSpace(t.Context(), space, "orgwidefb", entente.NewSecret("t0ken")); err != nil {
		t.Fatal(err)
	}
	p.wants(p.ask(amy)[amy], "")
	if err := p.RemoveAddressSpace(t.Context(), "fabrikam.example"); err != nil {
		t.Fatal(err)
	}
	if err := p.AddAddressSpace(t.Context(), space, "orgwidefb", entente.NewSecret("wrong")); err != nil {
		t.Fatal(err)
	}
	p.wants(p.ask(amy)[amy], availability.PartnerFailed)
}

// TestSpacesKept: what one node sets another sees, and the password is in no
// table as it is.
func TestSpacesKept(t *testing.T) { dbtest.Each(t, testSpacesKept) }

func testSpacesKept(t *testing.T, d *db.DB) {
	p := newPairOn(t, d)
	p.facts.Relationships = nil
	p.relateNothing()
	other, err := Open(t.Context(), p.Config)
	if err != nil {
		t.Fatal(err)
	}
	add := func(n int) error {
		return p.AddAddressSpace(t.Context(), AddressSpace{Domain: entente.Domain(fmt.Sprintf("d%d.example", n)), URL: "https://x.example/EWS/Exchange.asmx", Scheme: Bearer}, OrgWideFB, entente.NewSecret("t0ken"))
	}
	for n := range MaxSpaces {
		if err := add(n); err != nil {
			t.Fatal(err)
		}
	}
	wants(t, add(MaxSpaces), TooMany)
	wants(t, add(5), SpaceExists)
	if err := p.SetAvailabilityConfig(t.Context(), AvailabilityConfig{OrgWideAccount: "crm@contoso.example"}); err != nil {
		t.Fatal(err)
	}
	if len(other.AddressSpaces()) != 0 {
		t.Error("read too early")
	}
	if err := other.readSpaces(t.Context()); err != nil || len(other.AddressSpaces()) != MaxSpaces || other.AvailabilityConfig().OrgWideAccount != "crm@contoso.example" ||
		other.spaces.now.Load().secrets["d7.example"].Reveal() != "t0ken" {
		t.Errorf("%v, %d", err, len(other.AddressSpaces()))
	}
	err = p.DB.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT domain, url, account, secret FROM partner_space`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var all [4]string
			if err := rows.Scan(&all[0], &all[1], &all[2], &all[3]); err != nil {
				return err
			}
			if strings.Contains(fmt.Sprint(all), "t0ken") {
				t.Errorf("%v", all)
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	// What was being added when the server died is forgotten.
	p.clock.pass(2 * placeLife)
	if err := p.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := p.Ring.Named(t.Context(), "availability-password")
	if err != nil || len(left) != MaxSpaces {
		t.Errorf("%d secrets, %v", len(left), err)
	}
}

// TestSpaceRefused has what is wrong with an address space, each with a sentence.
func TestSpaceRefused(t *testing.T) {
	test := func(method, want string, f func(*AddressSpace, *string)) {
		t.Helper()
		s, secret := AddressSpace{Domain: "fabrikam.example", URL: "https://x.example/EWS/Exchange.asmx", Scheme: Basic, Account: "a"}, "s"
		f(&s, &secret)
		err := CheckSpace(&s, method, entente.NewSecret(secret))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %s", method, err, want)
		}
	}
	same := func(*AddressSpace, *string) {}
	test("OrgWideFB", "", same)
	test("PerUserFB", "PerUserFB needs a trust between the two directories", same)
	test("InternalProxy", "servers of one organization", same)
	test("PublicFolder", "servers of one organization", same)
	test("x", "no access method", same)
	test("OrgWideFB", "not a domain", func(s *AddressSpace, _ *string) { s.Domain = "a b" })
	test("OrgWideFB", "is not https", func(s *AddressSpace, _ *string) { s.URL = "http://x.example/" })
	test("OrgWideFB", "credentials", func(s *AddressSpace, _ *string) { s.URL = "https://u:p@x.example/" })
	test("OrgWideFB", "signs in by", func(s *AddressSpace, _ *string) { s.Scheme = "ntlm" })
	test("OrgWideFB", "without a colon", func(s *AddressSpace, _ *string) { s.Account = "a:b" })
	test("OrgWideFB", "without a colon", func(s *AddressSpace, _ *string) { s.Account = "" })
	test("OrgWideFB", "name no account", func(s *AddressSpace, _ *string) { s.Scheme = Bearer })
	test("OrgWideFB", "missing", func(_ *AddressSpace, secret *string) { *secret = "" })
	test("OrgWideFB", "control characters", func(_ *AddressSpace, secret *string) { *secret = "a\r\nX-Y: z" })
}
