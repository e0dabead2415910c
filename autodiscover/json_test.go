package autodiscover

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
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

func TestJSONOffersActiveSyncOnceItIsServed(t *testing.T) {
	s := Service{EWS: ewsURL, ActiveSync: "https://mail.contoso.example/Microsoft-Server-ActiveSync"}
	if got, ok := s.jsonAnswer("activesync", ewsURL); !ok || got != (jsonAnswer{"ActiveSync", s.ActiveSync}) {
		t.Errorf("%v %v", got, ok)
	}
}
