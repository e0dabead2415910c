package autodiscover

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"entente/directory"
)

const jsonPath = "/autodiscover/autodiscover.json"

func TestJSON(t *testing.T) {
	d := open(t)
	test := func(query string, status int, want map[string]string) {
		t.Helper()
		resp, body := d.ask("", http.MethodGet, jsonPath, query, "")
		var got map[string]string
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		delete(got, "ErrorMessage")
		if resp.StatusCode != status || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d %v, want %d %v", query, resp.StatusCode, got, status, want)
		}
	}
	ews := map[string]string{"Protocol": "EWS", "Url": ewsURL}
	test("?Email=anna@contoso.example&Protocol=EWS", 200, ews)
	test("?email=anna@contoso.example&protocol=ews", 200, ews)
	test("?Protocol=AutodiscoverV1", 200, map[string]string{"Protocol": "AutodiscoverV1", "Url": "https://mail.contoso.example:8443/autodiscover/autodiscover.xml"})
	test("?Protocol=ActiveSync", 400, map[string]string{"ErrorCode": "InvalidProtocol"})
	test("?Protocol=Rest", 400, map[string]string{"ErrorCode": "InvalidProtocol"})
	test("", 400, map[string]string{"ErrorCode": "MandatoryParameterMissing"})
}

// It is asked before signing in, so it says of every address the same, and
// sends nobody elsewhere.
func TestJSONDoesNotEnumerate(t *testing.T) {
	d := open(t)
	answer := func(address string) string {
		resp, body := d.ask("", http.MethodGet, jsonPath+"/", "v1.0/"+address+"?Protocol=EWS", "")
		return fmt.Sprint(resp.StatusCode, resp.Header, body)
	}
	want := answer("anna@contoso.example")
	for _, a := range [...]string{"carla@contoso.example", "nobody@contoso.example", "x@fabrikam.example", "x"} {
		if got := answer(a); got != want {
			t.Errorf("%s: %s, want %s", a, got, want)
		}
	}
	if resp, _ := d.ask("", http.MethodPost, jsonPath, "?Protocol=EWS", ""); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", resp.StatusCode)
	}
}

// TestJSONOffersActiveSync: phones that know only an address ask without signing in.
func TestJSONOffersActiveSync(t *testing.T) {
	d := open(t)
	d.auto.ActiveSync = easURL
	test := func(want string) {
		t.Helper()
		resp, body := d.ask("", http.MethodGet, jsonPath+"/", "v1.0/anna@contoso.example?Protocol=ActiveSync", "")
		var got jsonAnswer
		if err := json.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != http.StatusOK || got != (jsonAnswer{"ActiveSync", want}) {
			t.Errorf("%d %s, want %s", resp.StatusCode, body, want)
		}
	}
	test(easURL)
	const inside = "https://in.contoso.example/Microsoft-Server-ActiveSync"
	d.must(d.dir.Update(t.Context(), func(c *directory.Change) error {
		return c.SetVirtualDirectory("mail.contoso.example", "activesync", func(v *directory.VirtualDirectory) error { v.InternalURL = inside; return nil })
	}))
	test(inside)
}
