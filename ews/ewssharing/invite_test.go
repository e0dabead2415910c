package ewssharing

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db/dbtest"
	"entente/directory"
	"entente/ews"
	"entente/federation"
	"entente/federation/token"
	"entente/mailbox"
)

// federated is this organization's side of a trust whose broker answers so.
type federated struct{ broker error }

func (federated) Trust() *federation.Trust {
	return &federation.Trust{Enabled: true, ApplicationURI: "FYDIBOHF25SPDLT.contoso.example"}
}
func (federated) Opener() *token.Opener { return nil }

func (federated) Subject(_ entente.MailboxID, mails []entente.SMTPAddress) (token.Subject, error) {
	return token.Subject{Immutable: "x@FYDIBOHF25SPDLT.contoso.example", Mails: mails}, nil
}

func (f federated) AskSAML(_ context.Context, _ token.Subject, target string, offer token.Offer) (*federation.Granted, error) {
	if f.broker != nil {
		return nil, f.broker
	}
	return &federation.Granted{SAML: []byte(`<EncryptedData xmlns="urn:x"/>`), Proof: make([]byte, 32), Target: target, Offer: offer}, nil
}

// TestWhoIsInvited is a model of it: a recipient is invited if, and only if, the
// owner's policy lets something of the folder be shared with his domain, and a
// relationship that is enabled says whose he is; the first of these that fails
// gives the code.
func TestWhoIsInvited(t *testing.T) {
	const simple, contacts = access.CalendarSharingFreeBusySimple, access.ContactsSharing
	policies := map[string]*access.SharingPolicy{
		"none": nil,
		"off":  {Enabled: false, Rules: []access.SharingRule{{Domain: access.AnyFederated, Actions: simple | contacts}}},
		"any":  {Enabled: true, Rules: []access.SharingRule{{Domain: access.AnyFederated, Actions: simple}}},
		"all":  {Enabled: true, Rules: []access.SharingRule{{Domain: access.AnyFederated, Actions: simple | contacts}}},
		"one":  {Enabled: true, Rules: []access.SharingRule{{Domain: "woodgrove.example", Actions: simple}}},
		"anon": {Enabled: true, Rules: []access.SharingRule{{Domain: access.AnonymousDomain, Actions: simple}}},
	}
	relationships := map[entente.Domain]*access.Relationship{
		"fabrikam.example":  {Enabled: true, TargetApplicationURI: "urn:fabrikam"},
		"woodgrove.example": {Enabled: true, TargetApplicationURI: "urn:woodgrove"},
		"litware.example":   {Enabled: false, TargetApplicationURI: "urn:litware"},
		"wingtip.example":   {Enabled: true},
		"tailspin.example":  nil,
	}
	brokers := map[string]error{
		"answers": nil, "away": entente.Errorf(entente.Unavailable, "away").Because(federation.BrokerUnavailable),
		"refuses": entente.Errorf(entente.Denied, "no").Because(federation.BrokerRefused), "is ours to mend": entente.Errorf(entente.Denied, "no").Because(federation.Misconfigured),
	}
	folders := map[string]*mailbox.Folder{"calendar": {ID: 7, Class: "IPF.Appointment"}, "contacts": {ID: 8, Class: "IPF.Contact"}}
	model := func(p *access.SharingPolicy, d entente.Domain, broker error, folder string) (code ews.InvalidRecipientResponseCode) {
		lets := false
		if p != nil && p.Enabled {
			for _, r := range p.Rules {
				hit := r.Domain == string(d) || r.Domain == access.AnyFederated
				lets = lets || hit && (folder == "calendar" && r.Actions&simple != 0 || folder == "contacts" && r.Actions&contacts != 0)
			}
		}
		r := relationships[d]
		switch {
		case !lets:
			return ews.InvalidSystemPolicyBlocksSharing
		case r == nil:
			return ews.InvalidRecipientOrganizationNotFederated
		case !r.Enabled:
			return ews.InvalidSystemPolicyBlocksSharing
		case r.TargetApplicationURI == "":
			return ews.InvalidRecipientOrganizationUnknownTokens
		case broker == brokers["is ours to mend"]:
			return ews.InvalidOtherError
		case broker != nil:
			return ews.InvalidCannotObtainTokenFromSTS
		}
		return ""
	}
	for name, p := range policies {
		dir, owner := directoryWith(t, p, relationships)
		for said, broker := range brokers {
			s := New(Config{Directory: dir, Federation: federated{broker}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
			for d := range relationships {
				for kind, folder := range folders {
					made, not, err := s.Invite(t.Context(), owner, folder, owner.Mail, []string{"dana@" + string(d)})
					got := ews.InvalidRecipientResponseCode("")
					if len(not) == 1 {
						got = not[0].Code
					}
					if want := model(p, d, broker, kind); err != nil || got != want || (len(made) == 1) != (want == "") {
						t.Errorf("policy %s, %s, %s, the broker %s: %d %q %v, not %q", name, d, kind, said, len(made), got, err, want)
					}
				}
			}
		}
	}
}

// TestOneForEachOrganization holds that those of one organization share an
// invitation, and that nobody here gets one.
func TestOneForEachOrganization(t *testing.T) {
	dir, owner := directoryWith(t, &access.SharingPolicy{Enabled: true, Rules: []access.SharingRule{{Domain: access.AnyFederated, Actions: access.CalendarSharingFreeBusySimple}}},
		map[entente.Domain]*access.Relationship{
			"fabrikam.example": {Enabled: true, TargetApplicationURI: "urn:fabrikam"}, "woodgrove.example": {Enabled: true, TargetApplicationURI: "urn:woodgrove"},
		})
	s := New(Config{Directory: dir, Federation: federated{}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	made, not, err := s.Invite(t.Context(), owner, &mailbox.Folder{ID: 7, Class: "IPF.Appointment"}, owner.Mail,
		[]string{"dana@fabrikam.example", "wes@woodgrove.example", "DAN@fabrikam.example", "ben@contoso.example", "nobody"})
	if err != nil || len(made) != 2 || len(not) != 2 || not[0].Code != ews.InvalidOtherError || not[1].Code != ews.InvalidOtherError {
		t.Errorf("%d %v %v", len(made), not, err)
	}
}

func directoryWith(t *testing.T, p *access.SharingPolicy, relationships map[entente.Domain]*access.Relationship) (*directory.Directory, *access.Account) {
	t.Helper()
	dir, err := directory.Open(t.Context(), directory.Config{DB: dbtest.SQLite(t), Organization: "Contoso"})
	if err != nil {
		t.Fatal(err)
	}
	anna := directory.Account{Account: access.Account{Principal: access.Principal{UPN: "anna@contoso.example", Mail: "anna@contoso.example"}, Kind: access.KindUser, Enabled: true}}
	err = dir.Update(t.Context(), func(c *directory.Change) error {
		if err := c.AddDomain("contoso.example"); err != nil {
			return err
		}
		if err := c.SetDatabase(directory.Database{Name: "staff", URL: "sqlite:x"}); err != nil {
			return err
		}
		if err := c.CreateAccount(&anna); err != nil {
			return err
		}
		if _, err := c.EnableMailbox(anna.SID, "staff"); err != nil {
			return err
		}
		if p != nil {
			x := *p
			x.Name, x.Default = "Default Sharing Policy", true
			if err := c.CreateSharingPolicy(x); err != nil {
				return err
			}
		}
		for d, r := range relationships {
			if r == nil {
				continue
			}
			x := *r
			x.Name, x.Domains = string(d), []entente.Domain{d}
			if err := c.CreateRelationship(x); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	owner, ok := dir.Snapshot().FindPrimary("anna@contoso.example")
	if !ok {
		t.Fatal("Anna is not there")
	}
	return dir, &owner
}
