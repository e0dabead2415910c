package main

import (
	"strings"
	"testing"

	"entente/admin"
	"entente/publish"
	"entente/publish/ruletest"
)

// TestRulesAreReadable: what is seen of a rule fits a terminal, each thing with
// what is to be done about it, and what came from outside moves no cursor.
func TestRulesAreReadable(t *testing.T) {
	test := func(answer any, want string) {
		t.Helper()
		var out strings.Builder
		if err := show(&out, answer); err != nil || out.String() != want {
			t.Errorf("%v\n%s\nwant\n%s", err, &out, want)
		}
	}
	test([]ruletest.Line{
		{Check: "TCP 192.0.2.1:443", State: ruletest.OK, Seen: "connected"},
		{Check: "may be delegated", State: ruletest.Failed, Seen: "CN=carol\x1b[2J is sensitive", Remedy: "clear it"},
	}, "ok       TCP 192.0.2.1:443: connected\n"+
		"failed   may be delegated: CN=carol?[2J is sensitive\n"+
		"         -> clear it\n")
	test([]publish.Taking{
		{Rule: "ews", Listener: "internet", Takes: true, Path: "/EWS/Exchange.asmx", Why: "name and path are its own"},
		{Rule: "owa", Listener: "internet", Why: "the path is none of its paths: /owa/"},
	}, "rule ews of listener internet takes it as /EWS/Exchange.asmx\n    name and path are its own\n"+
		"rule owa of listener internet does not take it\n    the path is none of its paths: /owa/\n")
	test(admin.PublishStatus{Status: publish.Status{
		Requests:  2,
		Listeners: []publish.ListenerStatus{{Name: "internet", Address: ":443", Auth: []string{"certificate", "basic"}, Names: []string{"mail.contoso.example"}}},
	}}, "requests  2\n"+
		"fresh     \n"+
		"tickets   0\n"+
		"refusals  0\n\n"+
		"NAME      ADDRESS  AUTH                NAMES                 CERTIFICATES\n"+
		"internet  :443     certificate, basic  mail.contoso.example  \n")
}
