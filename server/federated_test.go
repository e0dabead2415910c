package server

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The paths of other organizations over TLS, on a server without a trust: each
// answers strangers with its own fault, and what is near them is not there.
func TestFederatedPaths(t *testing.T) {
	r := start(t, conf(t, "sqlite:entente.db"))
	r.person(t, "anna@contoso.example", "a long enough password")
	for path, want := range map[string]string{
		"/EWS/Exchange.asmx/WSSecurity":                          "500 InvalidSecurity",
		"/ews/exchange.asmx/wssecurity/symmetrickey":             "500 InvalidSecurity",
		"/autodiscover/autodiscover.svc/WSSecurity":              "500 InvalidSecurity",
		"/Autodiscover/Autodiscover.svc/WSSecurity/SymmetricKey": "500 InvalidSecurity",
		"/EWS/Exchange.asmx/WSSecurity/":                         "404 ",
		"/EWS/Exchange.asmx/WSSecurity/x509cert":                 "404 ",
		"/EWS/Exchange.asmx/SymmetricKey":                        "404 ",
		"/EWS/Exchange.asmx//WSSecurity":                         "404 ",
		"/EWS/Exchange.asmx/%57SSecurity":                        "404 ",
		"/EWS/Exchange.asmx/WSSecurity;x":                        "404 ",
		"/.well-known/entente-federation?domain=contoso.example": "404 ",
	} {
		// With a password that is right: here it is nothing.
		status, body := r.ask(t, path, "anna@contoso.example", "a long enough password")
		word := ""
		if strings.Contains(body, "InvalidSecurity") {
			word = "InvalidSecurity"
		}
		if got := fmt.Sprint(status, " ", word); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	// Nobody's token lets him in where our own people do, and before the trust
	// there is none that could.
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/EWS/Exchange.asmx", strings.NewReader(inbox))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Delegation a.b.c.d.e")
	w, err := r.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	_, _ = io.Copy(io.Discard, w.Body)
	if w.StatusCode != http.StatusUnauthorized || w.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("at the path of our own: %d %v", w.StatusCode, w.Header)
	}
}

func TestExternalURL(t *testing.T) {
	for _, c := range []struct{ name, external, url, hosts string }{
		{"mail.contoso.example", "", "https://mail.contoso.example", "[mail.contoso.example mail.contoso.example]"},
		{"in.contoso.example", "https://Mail.contoso.example", "https://Mail.contoso.example", "[in.contoso.example mail.contoso.example]"},
		{"in.contoso.example", "https://mail.contoso.example:443", "https://mail.contoso.example:443", "[in.contoso.example mail.contoso.example]"},
		{"in.contoso.example", "https://mail.contoso.example:8443", "https://mail.contoso.example:8443", "[in.contoso.example mail.contoso.example:8443]"},
	} {
		s := &Server{config: Config{Name: c.name, Federation: &FederationConfig{ExternalURL: c.external}}}
		if got := s.externalURL(); got != c.url {
			t.Errorf("%+v: %s", c, got)
		}
		if got := fmt.Sprint(s.publishedHosts()); got != c.hosts {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestComplaints(t *testing.T) {
	var c complaints
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	test := func(what string, want bool) {
		t.Helper()
		if c.fresh(what, now) != want {
			t.Errorf("%s at %s", what, now.Format(time.TimeOnly))
		}
	}
	test("contoso", true)
	test("contoso", false)
	test("fabrikam", true)
	now = now.Add(complaintEvery)
	test("contoso", true)
	for i := range 3 * maxComplaints {
		c.fresh(fmt.Sprint(i), now)
	}
	if len(c.last) > maxComplaints {
		t.Errorf("%d are kept", len(c.last))
	}
}
