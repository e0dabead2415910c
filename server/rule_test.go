package server

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"entente/access"
	"entente/admin"
	"entente/publish/ruletest"
)

// TestEnforcingGateway is a gateway that decides on EWS requests for a server
// behind it, and the verbs by which its rules are looked at.
func TestEnforcingGateway(t *testing.T) {
	const password = "correct horse"
	behind := start(t, conf(t, "sqlite:entente.db"))
	gw, l, roots := gateway(t, behind, "publish:", "publish:\n  only: true", "preset: ews", "preset: ews\n    enforce: true")
	for _, upn := range []string{"anna@contoso.example", "crm@contoso.example"} {
		behind.person(t, upn, password)
		(&running{Server: gw}).person(t, upn, password)
	}
	api := gw.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, l.Published("internet").String())
		},
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}}
	t.Cleanup(client.CloseIdleConnections)
	as := func(who string) string {
		return strings.Replace(inbox, "<s:Body>", `<s:Header><t:ExchangeImpersonation xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:ConnectingSID><t:PrimarySmtpAddress>`+
			who+`</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body>`, 1)
	}
	ask := func(who, agent, body string) (int, string, http.Header) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://mail.contoso.example/EWS/Exchange.asmx", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
		r.Header.Set("User-Agent", agent)
		r.SetBasicAuth(who+"@contoso.example", password)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b), resp.Header
	}
	if status, body, _ := ask("anna", "Good/1", inbox); status != 200 || !strings.Contains(body, "NoError") {
		t.Fatalf("%d %s", status, body)
	}
	// No assignment here: it ends here, whatever the server behind would say.
	status, body, header := ask("crm", "Good/1", as("anna@contoso.example"))
	if status != 500 || !strings.Contains(body, ">ErrorImpersonationDenied<") {
		t.Errorf("%d %s", status, body)
	}
	if err := gw.Audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := api.SearchAudit(t.Context(), admin.SearchAudit{AuditFilter: admin.AuditFilter{Action: "ews.GetFolder"}, Limit: 10})
	found := false
	for _, r := range records {
		found = found || r.Request == header.Get("request-id") && r.By == "crm@contoso.example" && !r.Allowed && r.Code == "ErrorImpersonationDenied"
	}
	if err != nil || !found {
		t.Errorf("it is not on record: %+v %v", records, err)
	}
	// With one here and none behind, the header goes on and the server behind
	// decides again.
	if _, err := api.CreateAssignment(t.Context(), admin.CreateAssignment{Assignee: "crm@contoso.example", Account: "anna@contoso.example", Rights: "application-impersonation", Days: 1}); err != nil {
		t.Fatal(err)
	}
	if status, body, _ := ask("crm", "Good/1", as("anna@contoso.example")); status != 500 || !strings.Contains(body, ">ErrorImpersonationDenied<") {
		t.Errorf("%d %s", status, body)
	}
	policy := admin.SetOrganization{SetPolicy: admin.SetPolicy{EwsPolicy: "block-list", EwsBlockList: []string{"Bad/*"}}}
	if _, err := api.SetOrganization(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	if status, _, header := ask("anna", "Bad/1", inbox); status != 403 || header.Get("X-Entente-Reason") != "application-blocked" {
		t.Errorf("%d %v", status, header)
	}
	if status, _, _ := ask("anna", "Good/1", inbox); status != 200 {
		t.Errorf("%d", status)
	}

	list, err := api.ListRules(t.Context(), admin.Nothing{})
	if err != nil || len(list) != 1 || list[0].Name != "ews" || list[0].Requests == 0 {
		t.Errorf("%+v %v", list, err)
	}
	detail, err := api.ShowRule(t.Context(), admin.RuleName{Rule: "ews"})
	if err != nil || !detail.Enforce || len(detail.Paths) != 4 || len(detail.Servers) != 1 {
		t.Errorf("%+v %v", detail, err)
	}
	lines, err := api.TestRule(t.Context(), admin.TestRule{RuleName: admin.RuleName{Rule: "ews"}, User: "anna@contoso.example"})
	if err != nil || !ruletest.Works(lines) || len(lines) < 4 {
		t.Errorf("%+v %v", lines, err)
	}
	if lines, err := api.TestRule(t.Context(), admin.TestRule{RuleName: admin.RuleName{Rule: "ews"}, User: "nobody"}); err != nil || ruletest.Works(lines) {
		t.Errorf("%+v %v", lines, err)
	}
	if _, err := api.TestRule(t.Context(), admin.TestRule{RuleName: admin.RuleName{Rule: "other"}}); err == nil {
		t.Error("a rule that is not there was tested")
	}
	for _, test := range []struct {
		url   string
		takes bool
		why   string
	}{
		{"https://mail.contoso.example/ews/exchange.asmx", true, "delegation basic"},
		{"https://other.contoso.example/EWS/Exchange.asmx", false, "none of its names"},
		{"https://mail.contoso.example/owa/", false, "none of its paths"},
		{"https://mail.contoso.example/EWS/../owa/", false, "more than one way"},
	} {
		all, err := api.ExplainRule(t.Context(), admin.ExplainRule{URL: test.url})
		if err != nil || len(all) != 1 || all[0].Takes != test.takes || !strings.Contains(all[0].Why, test.why) {
			t.Errorf("%s: %+v %v", test.url, all, err)
		}
	}
	if _, err := api.ExplainRule(t.Context(), admin.ExplainRule{URL: "mail"}); err == nil {
		t.Error("no URL was explained")
	}
}
