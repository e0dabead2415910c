package server

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"entente/access"
	"entente/audit"
	"entente/db/dbtest"
	"entente/kerberos/kdctest"
)

// secondHop makes a configuration that of one of several nodes, each a service of
// the realm. state is that of the first one, whose key all have.
func secondHop(t testing.TB, c *Config, realm *kdctest.Realm, name, database, state string) {
	t.Helper()
	c.Name, c.Database, c.URL = name+"."+realm.Domain, database, "https://127.0.0.1"
	c.Kerberos = &KerberosConfig{
		Realm: realm.Name, Keytab: realm.Export(t, realm.Service(name)), Services: []string{realm.SPN(name)}, Account: realm.Service(name),
		Realms: []KerberosRealmConfig{{Name: realm.Name, KDCs: []string{realm.KDC}}},
	}
	if state == "" {
		return
	}
	text, err := os.ReadFile(filepath.Join(state, "keys", "master.key"))
	if err == nil {
		err = os.MkdirAll(filepath.Join(c.State, "keys"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(c.State, "keys", "master.key"), text, 0o400)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A node without the mailbox gets a ticket for the one with it in the name of
// whom it was shown one, if the realm lets it; that node decides by it, and has
// the whole way on record. Nobody gets there who may not be delegated, nor by a
// node that may not delegate.
func TestSecondHop(t *testing.T) {
	realm := kdctest.Samba(t)
	url := dbtest.PostgresURL(t)
	node := func(name, state string) *kerberized {
		return kerberize(t, realm, func(c *Config) { secondHop(t, c, realm, name, url, state) })
	}
	mbx := node("mbx", "")
	sids := mbx.importPeople()
	cas := node("cas", mbx.running.config.State)
	none := node("none", mbx.running.config.State)

	cas.kinit("alice")
	if out := cas.curl(); !strings.Contains(out, "NoError") {
		t.Fatalf("alice: %s\ncas: %s\nmbx: %s", out, cas.log, mbx.log)
	}
	mbx.must(mbx.Audit.Flush(t.Context())) // owners' reading is written down later
	cas.must(cas.Audit.Flush(t.Context()))
	records, err := mbx.Audit.Search(t.Context(), audit.Filter{Action: "ews.GetFolder"})
	mbx.must(err)
	requests := map[string][]audit.Record{}
	for _, r := range records {
		requests[r.Request] = append(requests[r.Request], r)
	}
	found := false
	for _, all := range requests {
		for _, r := range all {
			if r.Node != mbx.host {
				continue
			}
			found = true
			var via []string
			for _, l := range r.Via {
				via = append(via, string(l.Who.UPN)+" "+l.How)
			}
			if len(all) != 2 || string(r.By.SID) != sids["alice"] || r.Method != access.Negotiate || !strings.Contains(strings.Join(via, "; "), "cas") {
				t.Errorf("%d records; %+v by way of %q", len(all), r, via)
			}
		}
	}
	if !found {
		t.Errorf("%+v", records)
	}

	refused := func(at *kerberized, who, text string) {
		t.Helper()
		at.kinit(who)
		if out := at.curl(); !strings.Contains(out, "ErrorNoDestinationCASDueToKerberosRequirements") || !strings.Contains(out, text) {
			t.Errorf("%s at %s: %s", who, at.host, out)
		}
	}
	refused(cas, "carol", "cannot be delegated")
	refused(none, "alice", "msDS-AllowedToDelegateTo")

	// With nodes.fallback the chain of actors does what the realm did not let the
	// node do, and is on record as that.
	none.nodes.Fallback = true
	none.kinit("alice")
	if out := none.curl(); !strings.Contains(out, "NoError") {
		t.Fatalf("alice at %s: %s\n%s", none.host, out, none.log)
	}
	mbx.must(mbx.Audit.Flush(t.Context()))
	records, err = mbx.Audit.Search(t.Context(), audit.Filter{Action: "ews.GetFolder"})
	mbx.must(err)
	i := slices.IndexFunc(records, func(r audit.Record) bool { return r.Node == mbx.host && r.Method == access.Node })
	if i < 0 {
		t.Fatalf("%+v", records)
	}
	if r := records[i]; string(r.By.SID) != sids["alice"] || len(r.Via) == 0 || !strings.HasPrefix(r.Via[0].How, "node "+none.host+" by negotiate ") {
		t.Errorf("%+v", r)
	}
}
