package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"entente/demo"
)

// TestEnable takes contoso out of the demo's federation, and back from nothing:
// the records are not in DNS at first, and the command goes on where it stopped.
func TestEnable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "demo.json")
	o := demo.Options{Listen: "127.0.0.1:0", State: filepath.Join(t.TempDir(), "state"), Describe: file, Out: new(bytes.Buffer), Log: new(bytes.Buffer)}
	err := demo.Serve(t.Context(), o, func(demo.Target) error {
		var d struct {
			Organizations []struct {
				Admin string `json:"admin_url"`
			} `json:"organizations"`
			Broker string `json:"broker_url"`
			Names  string `json:"name_server"`
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err != nil {
			return err
		}
		at := func(n int, status int, answers string, line ...string) string {
			t.Helper()
			var out bytes.Buffer
			socket := strings.TrimPrefix(d.Organizations[n].Admin, "unix://")
			got := run(&terminal{ctx: t.Context(), in: strings.NewReader(answers), out: &out, err: &out}, append([]string{"--admin", socket}, line...))
			if got != status {
				t.Errorf("entente %s: status %d\n%s", strings.Join(line, " "), got, &out)
			}
			return out.String()
		}
		const contoso, fabrikam = 0, 2
		for _, d := range []string{"contoso-uk.example", "contoso-ca.example", "contoso.example"} {
			at(contoso, 0, "", "federation", "remove-domain", d)
		}
		at(contoso, 0, "", "federation", "remove")
		at(contoso, 0, "", "relationship", "remove", "fabrikam")

		at(contoso, 1, "", "federation", "enable", "--yes") // without a broker
		// Somebody answers, takes what is offered, and stops when the records are shown.
		said := at(contoso, 1, d.Broker+"\n\n\ns\n", "federation", "enable")
		records := 0
		for line := range strings.Lines(said) {
			if rr, err := dns.NewRR(line); err == nil && rr != nil && strings.HasPrefix(line, scopedName) {
				m := new(dns.Msg).SetUpdate(strings.TrimPrefix(rr.Header().Name, scopedName))
				m.Insert([]dns.RR{rr})
				if a, _, err := new(dns.Client).Exchange(m, d.Names); err != nil || a.Rcode != dns.RcodeSuccess {
					t.Fatal(a, err)
				}
				records++
			}
		}
		if records != 3 || !strings.Contains(said, "AdminKey") {
			t.Fatalf("%d records in\n%s", records, said)
		}
		// The other side knew contoso by keys that are gone.
		said = at(contoso, 1, "", "federation", "enable", "--yes", "--partner", "fabrikam.example", "--as", "anna@contoso.example", "--about", "amy@fabrikam.example")
		if !strings.Contains(said, "contoso-uk.example: found") || !strings.Contains(said, "done before: AppID") {
			t.Errorf("%s", said)
		}
		at(fabrikam, 0, "", "relationship", "remove", "contoso")
		at(fabrikam, 0, "", "relationship", "create", "contoso", "--from-information", "contoso.example", "--free-busy", "on")
		said = at(contoso, 0, "", "federation", "enable", "--yes", "--partner", "fabrikam.example", "--as", "anna@contoso.example", "--about", "amy@fabrikam.example")
		if !strings.Contains(said, "all found") || !strings.Contains(said, "No Significant Issues to Report") {
			t.Errorf("%s", said)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
