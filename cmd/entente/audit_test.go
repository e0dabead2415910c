package main

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/admin"
	"entente/audit"
)

// Who sends a request chooses his User-Agent and more. In a spreadsheet it is
// text and no formula, and on a terminal it stays in its line.
func TestHostileRecords(t *testing.T) {
	test := func(agent, want string) {
		t.Helper()
		r := audit.Record{Time: time.Unix(0, 0).UTC(), Kind: audit.Owner, UserAgent: agent, Action: "ews.GetItem", By: access.Principal{UPN: "=x@contoso.example"}}
		var out strings.Builder
		if err := csvRow(&out)(&r, nil); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
			t.Fatalf("%q: %q, %v", agent, rows, err)
		}
		for i, head := range rows[0] {
			if head == "user_agent" && rows[1][i] != want {
				t.Errorf("%q is exported as %q, want %q", agent, rows[1][i], want)
			}
			if strings.ContainsAny(rows[1][i][:min(len(rows[1][i]), 1)], "=+-@\t\r") {
				t.Errorf("a cell %q", rows[1][i])
			}
		}
		out.Reset()
		if err := jsonRow(&out)(&r, r.Text()); err != nil || strings.Count(out.String(), "\n") != 1 || !json.Valid([]byte(out.String())) {
			t.Errorf("%q as JSON: %q, %v", agent, out.String(), err)
		}
		out.Reset()
		tail := &auditTail{}
		if err := tail.line(&out, &admin.RecordInfo{Time: "now", Action: agent, As: agent, By: "x", Allowed: true}); err != nil ||
			strings.Count(out.String(), "\n") != 1 || strings.ContainsAny(out.String(), "\x1b\r") {
			t.Errorf("%q in a line: %q, %v", agent, out.String(), err)
		}
	}
	test(`=HYPERLINK("https://evil.example","x")`, `'=HYPERLINK("https://evil.example","x")`)
	test("+1", "'+1")
	test("-2+3", "'-2+3")
	test("@SUM(A1)", "'@SUM(A1)")
	test("\t=1", "?=1")
	test("a\r\nb,\"c", "a??b,\"c")
	test("\x1b[2J", "?[2J")
	test("Outlook/16", "Outlook/16")
}
