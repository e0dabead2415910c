package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/admin"
	"entente/audit"
	"entente/db/dbtest"
	"entente/server"
)

// runNodes runs fabrikam and a contoso of two nodes: partners come to the first,
// and box has the mailboxes of those whose names end in -box. People are named for
// what they show: details, times, nothing.
func runNodes(t *testing.T, f func(ctx context.Context, w *world, box *server.Server)) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, nil)
	ctx := t.Context()
	defer func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}()
	var err error
	w.names, err = serveNames()
	must(err)
	first := w.config(organization, hostname)
	first.Database = dbtest.PostgresURL(t)
	others, err := w.abroad(ctx, &first)
	must(err)
	s, err := w.server(ctx, organization, first)
	must(err)
	w.contoso = newCompany(s, w.o)
	_, err = staff(ctx, s, contosoDomains(), []person{{alias: "details"}, {alias: "times"}, {alias: "nothing"}}, w.contoso.password)
	must(err)
	_, err = w.listen(ctx, s, hostname, contosoDomains()...)
	must(err)

	second := w.config("box", "box."+domain)
	second.Database, second.URL = first.Database, "https://127.0.0.1"
	reach := *first.Federation
	reach.ExternalURL = strings.TrimSuffix(s.EWSURL(), "/EWS/Exchange.asmx")
	second.Federation = &reach
	key, err := os.ReadFile(filepath.Join(first.State, "keys", "master.key"))
	must(err)
	must(os.MkdirAll(filepath.Join(second.State, "keys"), 0o700))
	must(os.WriteFile(filepath.Join(second.State, "keys", "master.key"), key, 0o400))
	box, err := w.server(ctx, organization, second)
	must(err)
	_, err = w.listen(ctx, box, second.Name)
	must(err)
	_, err = administer(box).AddDatabase(ctx, admin.AddDatabase{Name: "box"})
	must(err)
	for _, alias := range []string{"details", "times", "nothing"} {
		far := alias + "-box@" + domain
		_, err := administer(box).CreateAccount(ctx, admin.CreateAccount{UPN: far, Name: alias, Database: "box"})
		must(err)
		_, err = administer(box).SetPassword(ctx, admin.SetPassword{AccountName: admin.AccountName{Account: far}, Password: w.contoso.password})
		must(err)
		shows := map[string]string{"details": "LimitedDetails", "times": "AvailabilityOnly", "nothing": "None"}[alias]
		for address, node := range map[string]*server.Server{alias + "@" + domain: s, far: box} {
			must(node.Directory.Reach(ctx, box.Directory.Snapshot().Generation()))
			_, err := administer(node).GrantFolder(ctx, admin.GrantFolder{
				FolderName: admin.FolderName{AccountName: admin.AccountName{Account: address}, Folder: "calendar"}, To: "Default", Rights: []string{shows},
			})
			must(err)
			must(daily{"standup", "Stand-up", "Room Spree", 9, 30 * time.Minute}.into(ctx, node, address, time.Now()))
		}
	}
	for _, err := range together(
		func() error { return w.openFabrikam(ctx, others.fabrikam) },
		func() error { return w.openBroker(ctx, others.broker) },
	) {
		must(err)
	}
	federate := func(ctx context.Context) error {
		both := w.members()
		both[0].contact, both[0].shows = "details", "LimitedDetails"
		for i := range both {
			if err := w.trust(ctx, &both[i]); err != nil {
				return err
			}
		}
		for i := range both {
			if err := relate(ctx, &both[i], &both[1-i]); err != nil {
				return err
			}
		}
		return box.Directory.Reach(ctx, s.Directory.Snapshot().Generation())
	}
	must(w.serve(ctx, federate, func() error { f(ctx, w, box); return nil }, false))
}

// TestAcrossNodes: what a partner sees does not depend on which node has the
// mailbox, for one and for several in one question; the node with it records who
// asked, and what proved it.
func TestAcrossNodes(t *testing.T) {
	runNodes(t, func(ctx context.Context, w *world, box *server.Server) {
		amy := newClient(t, w.fabrikam, "amy@"+fabrikamDomain, w.contoso.password)
		ask := func(people ...string) asked {
			t.Helper()
			for i := range people {
				people[i] += "@" + domain
			}
			got, err := amy.free(ctx, time.Now(), people...)
			if err != nil {
				t.Error(people, err)
			}
			return got
		}
		for _, tt := range []struct {
			who, code, subject string
			events             bool
		}{
			{"details", "NoError", "Stand-up", true},
			{"times", "NoError", "", true},
			{"nothing", "ErrorNoFreeBusyAccess", "", false},
		} {
			here, there := ask(tt.who), ask(tt.who+"-box")
			for _, got := range []asked{here, there} {
				if !slices.Equal(got.codes, []string{tt.code}) || got.subject != tt.subject || (got.events > 0) != tt.events {
					t.Errorf("%s: %+v", tt.who, got)
				}
			}
			if here.events != there.events {
				t.Errorf("%s: %d events, and %d at the other node", tt.who, here.events, there.events)
			}
		}
		got := ask("details-box", "nobody", "times", "nothing-box", "details", "times-box")
		if want := []string{"NoError", "ErrorMailRecipientNotFound", "NoError", "ErrorNoFreeBusyAccess", "NoError", "NoError"}; !slices.Equal(got.codes, want) {
			t.Errorf("%q, want %q: %s", got.codes, want, got.raw)
		}
		if n := strings.Count(got.raw, "Stand-up"); n == 0 || n != 2*strings.Count(ask("details-box").raw, "Stand-up") {
			t.Errorf("%d times the subject: %s", n, got.raw)
		}
		who, err := box.Directory.Lookup(ctx, "details-box@"+domain)
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Audit.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		records, err := box.Audit.Search(ctx, audit.Filter{Action: "ews.GetUserAvailability", Mailbox: who.Mailbox.String()})
		if err != nil || len(records) == 0 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		for _, r := range records {
			if r.Node != "box."+domain || r.Kind != audit.External || r.By.Mail != entente.SMTPAddress("amy@"+fabrikamDomain) || !r.Allowed || !strings.HasPrefix(r.Evidence, "sha256:") || len(r.Via) == 0 || !strings.HasSuffix(r.Via[0].How, " pinned") {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestSharedAcrossNodes: a calendar that is shared with a partner is read from the
// node that has it, through the one that partners know; and one that a partner
// shares is kept at the node of whom it is shared with, wherever he calls.
func TestSharedAcrossNodes(t *testing.T) {
	runNodes(t, func(ctx context.Context, w *world, box *server.Server) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		amy := newClient(t, w.fabrikam, "amy@"+fabrikamDomain, w.contoso.password)
		ask := `<m:GetSharingFolder><m:SmtpAddress>%s</m:SmtpAddress><m:DataType>Calendar</m:DataType></m:GetSharingFolder>`
		calendarOf := `<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="calendar"/></m:FolderIds></m:GetFolder>`
		policy := admin.SharingPolicyName{Name: "Default Sharing Policy"}
		rule := func(domain, actions string) []string { return []string{domain + ": CalendarSharingFreeBusy" + actions} }
		// share has somebody share his calendar with somebody of another organization,
		// and returns the folder in which that one has it.
		share := func(from, to, rights string, at *server.Server, owner, reader *client) string {
			t.Helper()
			_, err := administrator(at).GrantFolder(ctx, admin.GrantFolder{
				FolderName: admin.FolderName{AccountName: admin.AccountName{Account: from}, Folder: "calendar"}, To: to, Rights: []string{rights},
			})
			must(err)
			folder := owner.attr(t, owner.want(t, "NoError", calendarOf), "t:FolderId")
			made := metadata(t, owner.want(t, "NoError", `<m:GetSharingMetadata><m:IdOfFolderToShare `+folder+`/><m:SenderSmtpAddress>`+from+`</m:SenderSmtpAddress><m:Recipients><t:SmtpAddress>`+to+`</t:SmtpAddress></m:Recipients></m:GetSharingMetadata>`))
			if len(made.Collection.EncryptedSharedFolderData) != 1 {
				t.Fatalf("%+v", made)
			}
			written, err := administrator(at).InviteToCalendar(ctx, admin.InviteToCalendar{
				CalendarName: admin.CalendarName{AccountName: admin.AccountName{Account: from}}, To: []string{to},
			})
			must(err)
			reader.want(t, "NoError", accept(reader.carry(t, string(written.Message))))
			return reader.attr(t, reader.want(t, "NoError", fmt.Sprintf(ask, from)), "m:SharingFolderId")
		}
		level := func(actions string) {
			t.Helper()
			_, err := administrator(w.contoso.s).SetSharingPolicy(ctx, admin.SetSharingPolicy{SharingPolicyName: policy, Rules: rule(fabrikamDomain, actions)})
			must(err)
			must(box.Directory.Reach(ctx, w.contoso.s.Directory.Snapshot().Generation()))
		}
		_, err := administrator(w.contoso.s).CreateSharingPolicy(ctx, admin.CreateSharingPolicy{SharingPolicyName: policy, Default: true, Rules: rule(fabrikamDomain, "Reviewer")})
		must(err)
		count := func(s string) int { return strings.Count(s, "<t:CalendarItem>") }
		counts := map[string][]int{}
		for _, tt := range []struct {
			actions, rights, reader string
			subject                 bool
		}{
			{"Reviewer", "Reviewer", "amy", true},
			{"Detail", "LimitedDetails", "ben", true},
			{"Simple", "AvailabilityOnly", "cora", false},
		} {
			level(tt.actions)
			reader := newClient(t, w.fabrikam, tt.reader+"@"+fabrikamDomain, w.contoso.password)
			for alias, at := range map[string]*server.Server{"details": w.contoso.s, "details-box": box} {
				owner := newClient(t, w.contoso.s, alias+"@"+domain, w.contoso.password)
				got := reader.want(t, "NoError", found(share(alias+"@"+domain, tt.reader+"@"+fabrikamDomain, tt.rights, at, owner, reader)))
				if strings.Contains(got, "Stand-up") != tt.subject || !tt.subject && !strings.Contains(got, ">Busy<") {
					t.Errorf("%s of %s: %.2000s", tt.actions, alias, got)
				}
				counts[alias] = append(counts[alias], count(got))
			}
		}
		if !slices.Equal(counts["details"], counts["details-box"]) || counts["details"][0] == 0 || counts["details"][2] == 0 {
			t.Errorf("%v", counts)
		}
		who, err := box.Directory.Lookup(ctx, "details-box@"+domain)
		must(err)
		must(box.Audit.Flush(ctx))
		records, err := box.Audit.Search(ctx, audit.Filter{Outsider: "amy@" + fabrikamDomain, Mailbox: who.Mailbox.String()})
		must(err)
		for _, r := range records {
			if r.Node != "box."+domain {
				t.Errorf("%+v", r)
			}
		}
		if len(records) < 2 {
			t.Errorf("%d records", len(records))
		}

		// The other way round.
		_, err = administrator(w.fabrikam).CreateSharingPolicy(ctx, admin.CreateSharingPolicy{SharingPolicyName: policy, Default: true, Rules: rule(domain, "Reviewer")})
		must(err)
		far := newClient(t, w.contoso.s, "times-box@"+domain, w.contoso.password)
		folder := share("amy@"+fabrikamDomain, "times-box@"+domain, "Reviewer", w.fabrikam, amy, far)
		if got := far.want(t, "NoError", found(folder)); !strings.Contains(got, "Stand-up") {
			t.Errorf("%.2000s", got)
		}
	})
}
