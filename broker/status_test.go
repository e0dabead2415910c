package broker

import (
	"testing"

	"entente"
	"entente/access"
	"entente/federation/brokerapi"
)

// TestAdministration is what the broker's administrator sees and does.
func TestAdministration(t *testing.T) {
	each(t, func(w *world) {
		ctx, admin := t.Context(), access.Principal{UPN: "root@broker.example"}
		a, b := w.join("contoso.example"), w.join("fabrikam.example")
		c := w.newOrg("contoso.example")
		c.register()
		c.must(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: "contoso.example"}, nil)

		s, err := w.Show(ctx)
		if err != nil || s.Apps != 3 || s.Active != 2 || s.Suspended != 0 || len(s.Keys) != 1 || s.Keys[0].Role != "current" ||
			s.Metadata != "https://broker.example/v1/metadata" || !s.Authorities || s.Sequence != 2 {
			t.Errorf("%+v, %v", s, err)
		}
		if _, err := w.StartRollover(ctx); err != nil {
			t.Fatal(err)
		}
		if s, err := w.Show(ctx); err != nil || len(s.Keys) != 2 || s.Keys[1].Role != "next" || s.Keys[0].Until.IsZero() || s.Sequence != 3 {
			t.Errorf("%+v, %v", s, err)
		}
		apps, err := w.Apps(ctx)
		if err != nil || len(apps) != 3 {
			t.Fatalf("%+v, %v", apps, err)
		}
		x, err := w.App(ctx, a.id)
		if err != nil || len(x.Domains) != 1 || x.Domains[0].State != brokerapi.Active || !x.JWT || x.Compat != "off" || len(x.Certificates) != 1 ||
			x.Certificates[0].Thumbprint != thumbprint(a.signer.Certificate.Raw) || x.URIs[0] != a.uri() || x.Contact != "admin@contoso.example" {
			t.Errorf("%+v, %v", x, err)
		}
		all, err := w.CheckNow(ctx, "contoso.example")
		if err != nil || len(all) != 2 || all[0].State != brokerapi.Active || all[1].State != brokerapi.Pending {
			t.Errorf("%+v, %v", all, err)
		}

		tokens := func(from, to *org, want string) {
			t.Helper()
			p := from.ask(brokerapi.IssueToken, from.wants(to), nil)
			if got := ""; p != nil && p.Code != want || p == nil && want != got {
				t.Errorf("got %+v, want %q", p, want)
			}
		}
		set := func(what string, yes bool, want bool) {
			t.Helper()
			if err := w.Suspend(ctx, what, yes, admin); (err == nil) != want {
				t.Errorf("%s: %v", what, err)
			}
		}
		tokens(a, b, "")
		set("contoso.example", true, true)
		tokens(a, b, brokerapi.NotActive)
		tokens(b, a, brokerapi.UnknownTarget)
		if i := a.state(brokerapi.GetDomainInfo, "contoso.example", brokerapi.Suspended); i.Problem == "" {
			t.Error("no reason is told")
		}
		a.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Suspended) // no proof helps
		set("contoso.example", false, true)
		tokens(a, b, "")
		set(string(b.id), true, true)
		tokens(a, b, brokerapi.UnknownTarget)
		tokens(b, a, brokerapi.NotActive)
		set(string(b.id), false, true)
		tokens(a, b, "")
		// Nor does releasing it.
		set("contoso.example", true, true)
		a.must(brokerapi.ReleaseDomain, brokerapi.DomainName{Domain: "contoso.example"}, nil)
		var i brokerapi.DomainInfo
		a.must(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: "contoso.example"}, &i)
		w.dns.set(brokerapi.ScopedLabel+"contoso.example", i.Scoped)
		a.state(brokerapi.CheckDomain, "contoso.example", brokerapi.Suspended)
		tokens(a, b, brokerapi.NotActive)
		set("contoso.example", false, true)
		tokens(a, b, "")
		set("contoso.example", false, false)
		set("nobody.example", true, false)
		set("7FFFFFFFFFFFFFFF", true, false)

		for _, to := range []string{"on", "legacy", "off"} {
			if err := w.SetCompat(ctx, a.id, to, admin); err != nil {
				t.Error(err)
			}
			if x, err := w.App(ctx, a.id); err != nil || x.Compat != to {
				t.Errorf("%+v, %v", x, err)
			}
		}
		if err := w.SetCompat(ctx, a.id, "maybe", admin); err == nil {
			t.Error("compat maybe")
		}
		if err := w.SetCompat(ctx, "7FFFFFFFFFFFFFFF", "on", admin); err == nil {
			t.Error("compat of nobody")
		}
		if _, err := w.App(ctx, "7FFFFFFFFFFFFFFF"); err == nil {
			t.Error("nobody is shown")
		}
		if _, err := w.CheckNow(ctx, entente.Domain("nobody.example")); err == nil {
			t.Error("nobody's domain is checked")
		}
		if r := w.actions("broker.suspend"); len(r) != 3 || r[0].By.UPN != admin.UPN {
			t.Errorf("recorded: %+v", r)
		}
	})
}
