package ewsserver

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"

	"entente/access"
	"entente/directory"
	"entente/ews"
)

// The gate's 403 says, to whoever it concerns, which list of which level keeps
// him out, in a body and in headers; and keeps the connection, whose closing
// exchangelib takes for a busy server.
func TestForbidden(t *testing.T) {
	h := open(t)
	server := httptest.NewServer(h.guarded)
	t.Cleanup(server.Close)
	reused := false
	trace := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }}
	ask := func(who, agent string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodPost, server.URL+"/EWS/Exchange.asmx", strings.NewReader(
			`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="`+ews.NSMessages+`"><s:Body><m:GetRoomLists/></s:Body></s:Envelope>`))
		h.must(err)
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(address(who)+":"+password)))
		r.Header.Set("User-Agent", agent)
		resp, err := http.DefaultClient.Do(r)
		h.must(err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		h.must(err)
		return resp, string(body)
	}
	set := func(p access.ClientPolicy) {
		t.Helper()
		h.must(h.door.Directory.Update(t.Context(), func(c *directory.Change) error {
			return c.SetOrganization(func(o *access.Organization) error { o.Policy = p; return nil })
		}))
	}
	test := func(agent, reason, says string) {
		t.Helper()
		resp, body := ask("anna", agent)
		id := resp.Header.Get("Request-Id")
		if resp.StatusCode != http.StatusForbidden || resp.Header.Get("X-CasErrorCode") != "ErrorAccessDenied" ||
			resp.Header.Get("X-Entente-Reason") != reason || id == "" || resp.Header.Get("X-Entente-Request-Id") != id || resp.Close {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
		for _, want := range [...]string{":Fault>", "Access is denied. Check credentials and try again.", says, id} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s in %s", want, body)
			}
		}
		if ask("anna", agent); !reused {
			t.Error("the connection was not kept")
		}
	}
	set(access.ClientPolicy{EwsApplicationAccessPolicy: access.EnforceAllowList, EwsAllowList: []string{"Panel/*"}})
	test("curl/8", "application-not-listed", "(organization: EwsAllowList)")
	if resp, _ := ask("anna", "Panel/1"); resp.StatusCode != http.StatusOK {
		t.Errorf("who is listed: %d", resp.StatusCode)
	}
	set(access.ClientPolicy{EwsApplicationAccessPolicy: access.EnforceBlockList, EwsBlockList: []string{"curl/*"}})
	test("curl/8", "application-blocked", "(organization: EwsBlockList)")
	set(access.ClientPolicy{EwsEnabled: access.On, EwsAllowedAppIDs: []access.ApplicationID{"crm-sync"}})
	test("curl/8", "application-id-not-listed", "(organization: EwsAllowedAppIDs)")
	set(access.ClientPolicy{})
	h.must(h.door.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetAccount(h.sids["anna"], func(a *directory.Account) error {
			a.Policy = &access.ClientPolicy{EwsApplicationAccessPolicy: access.EnforceAllowList, EwsAllowList: []string{"Panel/*"}}
			return nil
		})
	}))
	test("curl/8", "application-not-listed", "(mailbox: EwsAllowList)")
	if resp, _ := ask("ben", "curl/8"); resp.StatusCode != http.StatusOK {
		t.Errorf("another's mailbox: %d", resp.StatusCode)
	}
}
