package cmdlet

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/broker/brokertest"
	"entente/db/dbtest"
	"entente/directory"
	"entente/federation"
	"entente/keys"
)

// A server is the verbs as a client asks for them.
type server struct{ *admin.API }

func (s server) Call(ctx context.Context, noun, verb string, request, answer any) error {
	text, err := json.Marshal(request)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(admin.Verbs(), func(v admin.Verb) bool { return v.Noun == noun && v.Name == verb })
	a, err := admin.Verbs()[i].Call(ctx, s.API, text)
	if err != nil {
		return err
	}
	if text, err = json.Marshal(a); err != nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

// records is the audit log as far as these verbs need it.
type records struct {
	admin.AuditLog
	log *audit.Log
}

func (r records) Append(ctx context.Context, all ...audit.Record) error {
	return r.log.Append(ctx, all...)
}
func (r records) Note(x audit.Record) audit.Note  { return r.log.Note(x) }
func (r records) Flush(ctx context.Context) error { return r.log.Flush(ctx) }

// federating is a server with accepted domains and a broker to trust.
func federating(t *testing.T) (server, *brokertest.Broker) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, d, b := t.Context(), dbtest.SQLite(t), brokertest.Open(t, time.Now)
	m, err := keys.Schema()
	must(err)
	must(d.Migrate(ctx, m))
	must(d.Migrate(ctx, audit.Schema()))
	people, err := directory.Open(ctx, directory.Config{DB: d, Organization: "Contoso"})
	must(err)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	log, err := audit.Open(ctx, audit.Config{DB: d, Node: "n1", Signer: key, Now: time.Now})
	must(err)
	t.Cleanup(log.Close)
	f, err := keys.OpenFiles(filepath.Join(t.TempDir(), "keys"))
	must(err)
	t.Cleanup(func() { _ = f.Close() })
	s, err := federation.Open(ctx, federation.Config{
		DB: d, Ring: keys.New(keys.Config{DB: d, Organization: "contoso", Files: f, Now: time.Now}), Node: "n1", HTTP: b.Client,
		Accepted: func(_ context.Context, name entente.Domain) (bool, error) { return people.Accepted(name), nil },
	})
	must(err)
	api := admin.New(admin.Config{Directory: people, Audit: records{log: log}, Federation: s, Now: time.Now}).
		As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
	for _, name := range []string{"contoso.example", "contoso.test"} {
		must(server{api}.Call(ctx, "domain", "add", admin.DomainName{Name: name}, &admin.Done{}))
	}
	return server{api}, b
}

// TestFederation goes through Exchange's procedure by its commands, and holds what
// is documented of what goes wrong.
func TestFederation(t *testing.T) {
	s, b := federating(t)
	run := func(args ...string) string {
		t.Helper()
		a, err := Run(t.Context(), s, args)
		if err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	refuse := func(text string, args ...string) {
		t.Helper()
		if _, err := Run(t.Context(), s, args); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", args, err)
		}
	}
	shows := func(answer string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(answer, text) {
				t.Errorf("%q is not in %s", text, answer)
			}
		}
	}
	refuse("No Federation trust is configured for this organization or no domain is federated as the account namespace.", "Get-FederatedOrganizationIdentifier")
	refuse("object 'x' couldn't be found", "Get-FederationTrust", "x")
	refuse(`Federation certificate with the thumbprint "0123" cannot be found.`, "New-FederationTrust", "broker", "-MetadataUrl", b.URL, "-Thumbprint", "0123")
	refuse("Parameter set cannot be resolved", "New-FederationTrust", "broker", "-MetadataUrl", b.URL, "-ApplicationUri", "FYDIBOHF25SPDLT.contoso.example")
	refuse("Unable to match the identifier name IIS", "New-ExchangeCertificate", "-Services", "IIS")

	made := run("New-ExchangeCertificate", "-Services", "Federation", "-DomainName", "mail.contoso.example", "-SubjectKeyIdentifier", "00112233445566778899aabbccddeeff", "-KeySize", "2048", "-PrivateKeyExportable", "true")
	var c admin.CertificateMade
	if err := json.Unmarshal([]byte(made), &c); err != nil {
		t.Fatal(err)
	}
	shows(run("New-FederationTrust", "-Name", "broker", "-Thumbprint", c.Thumbprint, "-MetadataUrl", b.URL+"/FederationMetadata/2006-12/FederationMetadata.xml"), `"app_id"`, `"admin_key"`)
	shows(run("Get-FederationTrust", "BROKER"), `"OrgPrivCertificate":"`+c.Thumbprint, `"TokenIssuerUri":"urn:federation:broker.example"`, b.URL+"/sts")
	refuse("object 'other' couldn't be found", "Get-FederationTrust", "other")
	refuse("object 'other' couldn't be found", "Remove-FederationTrust", "other")
	refuse("three sets", "Set-FederationTrust", "broker", "-PublishFederationCertificate", "-ApplicationUri", "x")

	refuse("at most 32", "Set-FederatedOrganizationIdentifier", "-AccountNamespace", strings.Repeat("a", 25)+".example")
	refuse(`Proof of domain ownership has failed. Make sure that the TXT record for the specified domain is available in DNS. The format of the TXT record should be "contoso.example IN TXT hash-value"`,
		"Set-FederatedOrganizationIdentifier", "-AccountNamespace", "contoso.example", "-DelegationFederationTrust", "broker")
	prove := func(domain string) {
		t.Helper()
		var proofs []DomainProof
		if err := json.Unmarshal([]byte(run("Get-FederatedDomainProof", domain, "-Thumbprint", c.Thumbprint)), &proofs); err != nil || len(proofs) != 1 || len(proofs[0].Proof) != 88 {
			t.Fatal(proofs, err)
		}
		b.Zone.Set(proofs[0].DomainName, proofs[0].Proof)
	}
	prove("contoso.example")
	prove("contoso.test")
	run("Set-PendingFederatedDomain", "-PendingAccountNamespace", "contoso.example", "-PendingDomains", "contoso.test")
	shows(run("Get-PendingFederatedDomain"), `"PendingDomains":["contoso.test"]`)
	run("Set-FederatedOrganizationIdentifier", "-AccountNamespace", "contoso.example", "-DelegationFederationTrust", "broker", "-Enabled", "true")
	refuse("not an accepted domain", "Add-FederatedDomain", "elsewhere.example")
	run("Add-FederatedDomain", "-DomainName", "contoso.test")
	run("Set-FederatedOrganizationIdentifier", "-DefaultDomain", "contoso.test", "-OrganizationContact", "admin@contoso.example")
	shows(run("Get-FederatedOrganizationIdentifier", "-IncludeExtendedDomainInfo"), `"AccountNamespace":"FYDIBOHF25SPDLT.contoso.example"`,
		`"Domains":["contoso.example","contoso.test"]`, `"DefaultDomain":"contoso.test"`, `"Enabled":true`, `"DelegationTrustLink":"broker"`, `"state":"Active"`)
	trials := run("Test-FederationTrust")
	for _, id := range []string{"FederationTrustConfiguration", "FederationMetadata", "StsCertificate", "StsPreviousCertificate", "OrganizationCertificate", "TokenRequest", "TokenValidation"} {
		shows(trials, `"Id":"`+id+`","Type":"Success"`)
	}
	run("Set-FederatedOrganizationIdentifier", "-Enabled", "false")
	shows(run("Test-FederationTrust"), `"Id":"FederationTrustConfiguration","Type":"Error"`, `"Id":"TokenRequest","Type":"Error"`)
	run("Set-FederatedOrganizationIdentifier", "-Enabled", "true")

	// The next certificate. The proof was for the first one, so it needs its own.
	run("Set-FederationTrust", "broker", "-RefreshMetadata", "-MetadataUrl", b.URL)
	refuse("no next certificate", "Set-FederationTrust", "broker", "-PublishFederationCertificate")
	if err := json.Unmarshal([]byte(run("New-ExchangeCertificate", "-Services", "Federation")), &c); err != nil {
		t.Fatal(err)
	}
	run("Set-FederationTrust", "broker", "-Thumbprint", c.Thumbprint)
	shows(run("Test-FederationTrustCertificate"), `"State":"Installed","Thumbprint":"`+c.Thumbprint)
	refuse("ProofFailed", "Set-FederationTrust", "broker", "-PublishFederationCertificate")
	prove("contoso.example")
	prove("contoso.test")
	run("Set-FederationTrust", "broker", "-PublishFederationCertificate")
	shows(run("Get-FederationTrust"), `"OrgPrivCertificate":"`+c.Thumbprint)

	refuse("account namespace", "Remove-FederatedDomain", "contoso.example")
	refuse("federated domains", "Remove-FederationTrust", "broker")
	run("Remove-FederatedDomain", "contoso.test")
	run("Remove-FederatedDomain", "contoso.example", "-Force")
	run("Remove-FederationTrust", "broker")
	refuse("no federation trust", "Get-FederationTrust")
}
