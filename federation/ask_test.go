package federation

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/federation/brokerapi"
	"entente/federation/token"
)

// exchange makes an organization that has no P-256 keys, as Exchange has none.
func (w *world) exchange(name entente.Domain) *org {
	w.t.Helper()
	o := w.joined(name)
	ctx := w.t.Context()
	c := o.view.Load().current()
	// It is registered anew, by the same certificate and without keys.
	var a brokerapi.AppCreated
	to := o.view.Load().document.to(c)
	to.app = ""
	must(w.t, o.call(ctx, to, brokerapi.CreateAppID, brokerapi.NewApp{Certificate: c.Certificate, URI: namespaceOf("fabrikam.test"), Contact: "x@fabrikam.test"}, &a))
	must(w.t, o.change(ctx, func(d *document) error {
		d.AppID, d.AccountNamespace, d.Domains = a.AppID, "fabrikam.test", nil
		return nil
	}))
	info, err := o.AddDomain(ctx, "fabrikam.test")
	must(w.t, err)
	w.Zone.Set("_entente-federation.fabrikam.test", info.Scoped)
	if info, err = o.CheckDomain(ctx, "fabrikam.test"); err != nil || info.State != brokerapi.Active {
		w.t.Fatal(info, err)
	}
	return o
}

// TestSAML asks for a token in Exchange's form, for who takes no other.
func TestSAML(t *testing.T) {
	w := newWorld(t)
	a, b := w.joinedBy(NewCertificate{Life: 12 * day}, "contoso.example"), w.exchange("fabrikam.example")
	ask := func() {
		t.Helper()
		g, err := a.Ask(t.Context(), a.anna(t), b.Trust().ApplicationURI, token.FreeBusy)
		if err != nil {
			t.Fatalf("on %s: %v", w.clock.Now(), err)
		}
		if g.JWT != "" || len(g.SAML) == 0 || len(g.Proof) != 32 || g.Holder != "" {
			t.Fatalf("%d %d %q", len(g.SAML), len(g.Proof), g.Holder)
		}
		x := b.open(t, g)
		if string(x.Proof) != string(g.Proof) {
			t.Error("the two sides have different proof keys")
		}
		if x.Requestor != a.Trust().ApplicationURI || x.Offer != token.FreeBusy || x.Subject.Mails[0] != "anna@contoso.example" || x.Subject.Immutable != a.anna(t).Immutable {
			t.Errorf("%+v", x)
		}
	}
	ask()
	if _, err := a.Opener().SAML([]byte("<x/>"), w.clock.Now()); err == nil {
		t.Error("anything opens")
	}
	// It goes on through a rollover.
	first := a.Trust().Current.Thumbprint
	for a.Trust().Previous == nil {
		w.step(3*time.Hour, a.Service, b.Service)
		ask()
	}
	if a.Trust().Current.Thumbprint == first {
		t.Error("nothing was rolled over")
	}
	// A refusal has the broker's code, in this form too.
	g, err := a.askSAML(t.Context(), a.view.Load(), a.view.Load().current(), a.anna(t), "FYDIBOHF25SPDLT.nobody.example", token.FreeBusy)
	if g != nil || reason(err) != BrokerRefused || !refusedAs(err, brokerapi.UnknownTarget) {
		t.Errorf("%v", err)
	}
	_, err = a.askSAML(t.Context(), a.view.Load(), a.view.Load().current(), token.Subject{Immutable: "x", Mails: addresses("x@elsewhere.example")}, b.Trust().ApplicationURI, token.FreeBusy)
	if reason(err) != NoFederatedProxy {
		t.Error(err)
	}
	w.Down.Store(true)
	if _, err := a.askSAML(t.Context(), a.view.Load(), a.view.Load().current(), a.anna(t), b.Trust().ApplicationURI, token.FreeBusy); reason(err) != BrokerUnavailable {
		t.Error(err)
	}
}

// says is the way to a broker that says one thing; with a status of 0 it says
// nothing.
type says struct {
	status int
	answer string
}

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(strings.NewReader(s.answer)), Request: r}, nil
}

// TestHostileBroker holds that what a broker answers beside the point is no
// answer, and harms nothing.
func TestHostileBroker(t *testing.T) {
	w := newWorld(t)
	a := w.joined("contoso.example")
	b := w.joined("fabrikam.example")
	anna, target := a.anna(t), b.Trust().ApplicationURI
	real := a.HTTP
	test := func(name string, want entente.Reason, answer string, status int) {
		t.Helper()
		a.HTTP = &http.Client{Transport: says{status, answer}}
		if _, err := a.Ask(t.Context(), anna, target, token.FreeBusy); reason(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	test("nothing", BrokerUnavailable, "", 200)
	test("no token", BrokerUnavailable, `{}`, 200)
	test("a token that is over", BrokerUnavailable, `{"jwt":"x","expires":"2020-01-01T00:00:00Z"}`, 200)
	test("no JSON", BrokerUnavailable, `<html>`, 200)
	test("no end", BrokerUnavailable, strings.Repeat("x", maxAnswer+1), 200)
	test("a redirect", BrokerUnavailable, ``, 302)
	test("an error of a proxy", BrokerUnavailable, `Bad Gateway`, 502)
	test("a refusal without a code", BrokerUnavailable, `{"text":"no"}`, 403)
	test("too often", BrokerUnavailable, `{"code":"TooManyRequests","text":"later"}`, 429)
	test("a refusal", BrokerRefused, `{"code":"UnknownTarget","text":"no\u0007such\norganization"}`, 404)
	test("out of order here", Misconfigured, `{"code":"NotActive","text":"no"}`, 403)
	a.HTTP = real
	if _, err := a.Ask(t.Context(), anna, target, token.FreeBusy); err != nil {
		t.Error(err)
	}
	_, err := a.Ask(t.Context(), anna, "FYDIBOHF25SPDLT.nobody.example", token.FreeBusy)
	if e, ok := asError(err); !ok || strings.ContainsAny(e.Text, "\n\a") {
		t.Error(err)
	}
	// Whoever asks does not wait longer than he says.
	a.HTTP = &http.Client{Transport: says{0, ""}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := a.Ask(ctx, anna, target, token.FreeBusy); reason(err) != BrokerUnavailable {
		t.Error(err)
	}
}
