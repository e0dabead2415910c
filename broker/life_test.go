package broker

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/federation/brokerapi"
	"entente/federation/token"
)

// TestLife has two organizations join, prove what is theirs, ask for each other,
// and leave.
func TestLife(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.newOrg("contoso.example"), w.newOrg("fabrikam.example")
		a.register()
		if len(a.id) != 16 || strings.ToUpper(string(a.id)) != string(a.id) || a.id[0] >= '8' {
			t.Errorf("AppID %s", a.id)
		}
		if key, err := base64.StdEncoding.DecodeString(a.adminKey); err != nil || len(key) != 32 {
			t.Errorf("AdminKey of %d bytes, %v", len(key), err)
		} else if x, err := w.app(t.Context(), a.id); err != nil || x.adminKey != sha256.Sum256(key) {
			t.Errorf("kept of it: %x, %v", x.adminKey, err)
		}
		b.register()

		var i brokerapi.DomainInfo
		a.must(brokerapi.ReserveDomain, brokerapi.DomainName{Domain: "contoso.example"}, &i)
		if i.State != brokerapi.Pending || !i.Until.Equal(w.Now().Add(pendingFor)) || !strings.Contains(i.Problem, "Proof of domain ownership has failed") {
			t.Errorf("reserved: %+v", i)
		}
		if want := brokerapi.DomainProof(a.id, "contoso.example", a.signer.Certificate); i.Proof != want {
			t.Errorf("proof %s", i.Proof)
		}
		a.refused(brokerapi.IssueToken, a.wants(b), brokerapi.NotActive)

		// At the domain itself, among others' records, as Exchange has it.
		w.dns.set("contoso.example", "v=spf1 -all", i.Proof)
		i = brokerapi.DomainInfo{}
		a.must(brokerapi.CheckDomain, brokerapi.DomainName{Domain: "contoso.example"}, &i)
		if i.State != brokerapi.Active || i.Problem != "" || !i.Checked.Equal(w.Now()) || !i.Until.IsZero() {
			t.Errorf("checked: %+v", i)
		}
		a.refused(brokerapi.IssueToken, a.wants(b), brokerapi.UnknownTarget)
		b.prove("fabrikam.example")
		a.prove("eu.contoso.example")
		a.must(brokerapi.AddURI, brokerapi.ApplicationURI{URI: uriPrefix + "EU.contoso.example"}, nil)

		var issued brokerapi.TokenIssued
		a.must(brokerapi.IssueToken, a.wants(b, "anna@contoso.example", "anna@eu.contoso.example"), &issued)
		got, err := b.opener().JWT(issued.JWT, w.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got.Requestor != a.uri() || got.App != a.id || got.Offer != token.FreeBusy || got.Audience != b.uri() || got.Issuer != w.Issuer ||
			got.Holder != keyOf(t, a.signing.Public()).Thumbprint() || !got.NotAfter.Equal(w.Now().Add(time.Hour)) || !issued.Expires.Equal(got.NotAfter) ||
			got.Subject.Immutable != "JBSWY3DP@"+a.uri() || !slices.Equal(got.Subject.Mails, []entente.SMTPAddress{"anna@contoso.example", "anna@eu.contoso.example"}) {
			t.Errorf("token: %+v", got)
		}
		if _, err := a.opener().JWT(issued.JWT, w.Now()); err == nil {
			t.Error("who asked can read it")
		}
		r := w.actions("broker.IssueToken")
		if len(r) != 3 || !r[0].Allowed || r[0].As.Mail != "anna@contoso.example" || string(r[0].By.UPN) != string(a.id) || !slices.Equal(r[0].Targets, []string{b.uri(), string(token.FreeBusy)}) {
			t.Errorf("recorded: %+v", r)
		}
		if r[1].Allowed || r[1].Code != brokerapi.UnknownTarget || r[2].Code != brokerapi.NotActive {
			t.Errorf("recorded: %+v", r)
		}

		// In the name of its other URI, and no more once that is gone.
		q := a.wants(b, "anna@eu.contoso.example")
		q.Immutable = "JBSWY3DP@" + uriPrefix + "eu.contoso.example"
		a.must(brokerapi.IssueToken, q, nil)
		a.must(brokerapi.RemoveURI, brokerapi.ApplicationURI{URI: uriPrefix + "eu.contoso.example"}, nil)
		a.refused(brokerapi.IssueToken, q, brokerapi.NotActive)
		q.Immutable = "JBSWY3DP@" + a.uri()
		a.must(brokerapi.IssueToken, q, nil)
		a.must(brokerapi.ReleaseDomain, brokerapi.DomainName{Domain: "eu.contoso.example"}, nil)
		a.refused(brokerapi.IssueToken, q, brokerapi.SubjectRefused)
		a.refused(brokerapi.GetDomainInfo, brokerapi.DomainName{Domain: "eu.contoso.example"}, brokerapi.NoSuchDomain)

		b.must(brokerapi.ReleaseDomain, brokerapi.DomainName{Domain: "fabrikam.example"}, nil)
		a.refused(brokerapi.IssueToken, a.wants(b), brokerapi.UnknownTarget)
		b.refused(brokerapi.IssueToken, b.wants(a), brokerapi.NotActive)
	})
}
