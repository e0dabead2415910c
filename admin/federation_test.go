package admin

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/broker/brokertest"
	"entente/db/dbtest"
	"entente/federation"
	"entente/keys"
)

// federating gives an organization its side of a trust, and a broker.
func (o *organization) federating() *brokertest.Broker {
	o.t.Helper()
	must := func(err error) {
		o.t.Helper()
		if err != nil {
			o.t.Fatal(err)
		}
	}
	b, d := brokertest.Open(o.t, time.Now), dbtest.SQLite(o.t)
	m, err := keys.Schema()
	must(err)
	must(d.Migrate(o.t.Context(), m))
	f, err := keys.OpenFiles(filepath.Join(o.t.TempDir(), "keys"))
	must(err)
	o.t.Cleanup(func() { _ = f.Close() })
	ring := keys.New(keys.Config{
		DB: d, Organization: "contoso", Files: f, Now: time.Now,
		Recorded: func(context.Context, keys.Export) error { return nil },
	})
	o.api.Federation, err = federation.Open(o.t.Context(), federation.Config{
		DB: d, Ring: ring, Node: "n1", HTTP: b.Client,
		Accepted: func(_ context.Context, name entente.Domain) (bool, error) { return o.api.Directory.Accepted(name), nil },
	})
	must(err)
	return b
}

// decoded reads an answer.
func decoded[A any](t *testing.T, text string) (a A) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestFederationVerbs leads through all verbs of the trust, and looks at what they
// leave in the log.
func TestFederationVerbs(t *testing.T) {
	o := open(t)
	b := o.federating()
	o.must("domain add", `{"name":"contoso.example"}`)
	o.must("domain add", `{"name":"contoso.test"}`)
	o.must("database add", `{"name":"staff"}`)
	o.must("account create", `{"upn":"anna@contoso.example","database":"staff"}`)
	o.audit.take()
	asked := map[string]bool{}
	do := func(name, request string) string {
		t.Helper()
		asked[name] = true
		return o.must("federation "+name, request)
	}
	// read asks for what changes nothing and is not recorded; make for the rest.
	read := func(name, request string) string {
		t.Helper()
		answer := do(name, request)
		if n := len(o.audit.take()); n > 0 {
			t.Errorf("federation %s only reads, and left %d records", name, n)
		}
		return answer
	}
	change := func(name, request string) string {
		t.Helper()
		answer := do(name, request)
		r := o.audit.take()
		if len(r) != 1 || r[0].Action != "admin.federation."+name || !r[0].Allowed {
			t.Errorf("federation %s is recorded as %+v", name, r)
		}
		for _, x := range r {
			if strings.Contains(strings.Join(x.Targets, " "), "long secret") {
				t.Errorf("federation %s records a secret", name)
			}
		}
		return answer
	}
	refuse := func(name, request, text string) {
		t.Helper()
		_, err := o.do("federation "+name, request)
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("federation %s %s: %v", name, request, err)
		}
		o.audit.take()
	}

	refuse("show", ``, "no federation trust")
	refuse("switch-on", ``, "No Federation trust")
	refuse("create", `{"name":"x","broker":"http://broker.example"}`, "not the https address")
	refuse("create", `{"name":"x","broker":"`+b.URL+`","app_id":"0123456789ABCDEF"}`, "together")
	made := decoded[CertificateMade](t, change("new-certificate", `{}`))
	c := decoded[FederationCreated](t, change("create", `{"name":"broker","broker":"`+b.URL+`","thumbprint":"`+made.Thumbprint+`"}`))
	if len(c.AppID) != 16 || c.AdminKey == "" || c.Thumbprint != made.Thumbprint {
		t.Errorf("%+v", c)
	}
	refuse("create", `{"name":"x","broker":"`+b.URL+`"}`, "already")
	refuse("add-domain", `{"name":"contoso.test"}`, "no domain is federated as the account namespace")
	prove := func(d FederatedDomain) {
		t.Helper()
		if d.State != "Pending" || d.Scoped == "" || len(d.Proof) != 88 {
			t.Errorf("%+v", d)
		}
		b.Zone.Set("_entente-federation."+d.Domain, d.Scoped)
		if d = decoded[FederatedDomain](t, change("check-domain", `{"name":"`+d.Domain+`"}`)); d.State != "Active" {
			t.Errorf("%+v", d)
		}
	}
	change("pending", `{"namespace":"contoso.example","domains":["contoso.test"]}`)
	prove(decoded[FederatedDomain](t, change("namespace", `{"name":"contoso.example"}`)))
	prove(decoded[FederatedDomain](t, change("add-domain", `{"name":"contoso.test"}`)))
	refuse("add-domain", `{"name":"elsewhere.example"}`, "not an accepted domain")
	if l := decoded[[]DomainProof](t, read("proof", `{"name":"contoso.test"}`)); len(l) != 2 {
		t.Errorf("%+v", l)
	}
	if l := decoded[[]FederatedDomain](t, read("domains", `{"ask":true}`)); len(l) != 2 {
		t.Errorf("%+v", l)
	}
	for _, request := range []string{`{}`, `{"as":"anna@contoso.example"}`} {
		for _, x := range decoded[[]FederationTrial](t, do("test", request)) {
			if x.Type != "Success" {
				t.Errorf("%+v", x)
			}
		}
	}
	o.audit.take()
	change("set", `{"name":"Broker","contact":"anna@contoso.example","default_domain":"contoso.test","require_proof":"on","legacy":"off","rollover":"on","rollover_days":90}`)
	refuse("set", `{"legacy":"maybe"}`, "neither on nor off")
	i := decoded[FederationInfo](t, read("show", ``))
	if i.Name != "Broker" || i.RolloverDays != 90 || i.ApplicationURI != "FYDIBOHF25SPDLT.contoso.example" || i.SigningKey == "" || !i.Enabled || i.DefaultDomain != "contoso.test" {
		t.Errorf("%+v", i)
	}
	change("switch-off", ``)
	change("switch-on", ``)
	change("refresh", `{}`)
	change("confirm", ``)

	// Certificates.
	change("request-certificate", `{"common_name":"mail.contoso.example","domains":["mail.contoso.example"]}`)
	next := decoded[CertificateMade](t, change("new-certificate", `{"days":800,"subject_key_identifier":"00112233445566778899AABBCCDDEEFF"}`))
	for _, x := range decoded[[]CertificateCheck](t, read("check-certificate", `{"thumbprint":"`+next.Thumbprint+`"}`)) {
		if x.Result != "passed" && x.Result != "not applicable" {
			t.Errorf("%+v", x)
		}
	}
	file := decoded[ExportedCertificate](t, change("export-certificate", `{"thumbprint":"`+next.Thumbprint+`","reason":"backup","password":"a long secret"}`))
	change("remove-certificate", `{"thumbprint":"`+next.Thumbprint+`"}`)
	content, err := json.Marshal(file.Content)
	if err != nil {
		t.Fatal(err)
	}
	refuse("import-certificate", `{"content":`+string(content)+`,"password":"another secret"}`, "password does not open")
	if x := decoded[CertificateMade](t, change("import-certificate", `{"content":`+string(content)+`,"password":"a long secret"}`)); x.Thumbprint != next.Thumbprint {
		t.Errorf("%+v", x)
	}
	refuse("publish", ``, "no next certificate")
	refuse("complete-certificate", `{"content":`+string(content)+`}`, "no certificate")
	asked["complete-certificate"] = true // with a CA: federation's tests
	change("next-certificate", `{"thumbprint":"`+strings.ToLower(next.Thumbprint)+`"}`)
	if l := decoded[[]NodeCertificate](t, read("test-certificates", ``)); len(l) != 2 || l[0].State != "Installed" || l[1].State != "Installed" {
		t.Errorf("%+v", l)
	}
	change("publish", ``)
	if l := decoded[[]CertificateInfo](t, read("certificates", ``)); len(l) != 3 || l[0].Thumbprint != next.Thumbprint || l[0].Role != "Current" || l[1].Role != "Previous" {
		t.Errorf("%+v", l)
	}
	r := decoded[FederationRecovered](t, change("recover", `{"domain":"contoso.test"}`))
	b.Zone.Set(r.Name, r.Record)
	if r := decoded[FederationRecovered](t, change("recover", `{"domain":"contoso.test"}`)); r.Record != "" {
		t.Errorf("%+v", r)
	}
	change("remove-domain", `{"name":"contoso.test"}`)
	change("remove-domain", `{"name":"contoso.example","force":true}`)
	change("remove", ``)
	for _, v := range Verbs() {
		// information is about others: partner's tests.
		if v.Noun == "federation" && v.Name != "information" && !asked[v.Name] {
			t.Errorf("nobody asked for federation %s", v.Name)
		}
	}
}
