package admin

import (
	"strings"
	"testing"

	"entente"
)

func TestThrottlingPolicies(t *testing.T) {
	o := open(t)
	o.must("domain add", `{"name":"contoso.example"}`)
	o.must("service create", `{"upn":"sync@contoso.example"}`)
	test := func(verb, request string, want ...string) {
		t.Helper()
		o.must(verb, request)
		got := o.must("throttling list", "")
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("after %s %s: no %s in %s", verb, request, w, got)
			}
		}
	}
	test("throttling list", "", `[{"name":"global","ews_max_concurrency":"27","ews_max_burst":"300000","ews_recharge_rate":"900000","ews_cutoff_balance":"3000000","ews_max_subscriptions":"20","ews_max_streaming_connections":"10"}]`)
	test("throttling set", `{"ews_max_subscriptions":"50"}`, `"name":"global"`, `"ews_max_subscriptions":"50"`)
	test("throttling set", `{"name":"Sync","ews_max_concurrency":"Unlimited"}`, `{"name":"Sync","ews_max_concurrency":"unlimited"`)
	test("throttling assign", `{"account":"sync@contoso.example","policy":"Sync"}`, `"accounts":["sync@contoso.example"]`)
	fails := func(verb, request string, want entente.Kind) {
		t.Helper()
		if _, err := o.do(verb, request); kindOf(err) != want {
			t.Errorf("%s %s: %v", verb, request, err)
		}
	}
	fails("throttling remove", `{"name":"Sync"}`, entente.Conflict)
	fails("throttling set", `{"ews_max_concurrency":"-1"}`, entente.Invalid)
	fails("throttling set", `{"ews_max_concurrency":"0"}`, entente.Invalid)
	fails("throttling set", `{"ews_max_burst":"a lot"}`, entente.Invalid)
	fails("throttling assign", `{"account":"nobody@contoso.example","policy":"Sync"}`, entente.NotFound)
	test("throttling assign", `{"account":"sync@contoso.example","policy":"global"}`)
	test("throttling remove", `{"name":"Sync"}`)
	test("throttling remove", `{"name":"global"}`, `"ews_max_subscriptions":"20"`)
}
