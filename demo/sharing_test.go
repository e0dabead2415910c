package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/ews"
	"entente/server"
	"entente/sharing/invitation"
	"entente/strictxml"
)

// say sends the content of a Body and returns the answer's text.
func (c *client) say(t *testing.T, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, strings.NewReader(
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="`+ews.NSTypes+`" xmlns:m="`+ews.NSMessages+
			`"><s:Header><t:RequestServerVersion Version="Exchange2013"/></s:Header><s:Body>`+body+`</s:Body></s:Envelope>`))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(c.user, c.password)
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	a, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// want is say with the code that the answer must have.
func (c *client) want(t *testing.T, code, body string) string {
	t.Helper()
	text := c.say(t, body)
	if m := codePattern.FindStringSubmatch(text); m == nil || m[1] != code {
		t.Errorf("%s asks %.200s\nand is answered %.2000s\nnot %s", c.user, body, text, code)
	}
	return text
}

func (c *client) attr(t *testing.T, text, element string) string {
	t.Helper()
	m := regexp.MustCompile(`<` + element + ` Id="([^"]*)"(?: ChangeKey="([^"]*)")?`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%.1000s has no %s", text, element)
	}
	if m[2] != "" {
		return `Id="` + m[1] + `" ChangeKey="` + m[2] + `"`
	}
	return `Id="` + m[1] + `"`
}

func administrator(s *server.Server) *admin.API {
	return s.Admin.As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})
}

// metadata reads the answer to GetSharingMetadata.
func metadata(t *testing.T, text string) *ews.GetSharingMetadataResponse {
	t.Helper()
	_, rest, _ := strings.Cut(text, "<m:GetSharingMetadataResponse")
	inner, _, _ := strings.Cut(rest, "</m:GetSharingMetadataResponse>")
	document := `<m:GetSharingMetadataResponse xmlns:t="` + ews.NSTypes + `" xmlns:m="` + ews.NSMessages + `"` + inner + `</m:GetSharingMetadataResponse>`
	r := strictxml.NewReader([]byte(document), strictxml.Limits{Bytes: 1 << 20, Depth: 64, Attributes: 32, Elements: 10_000})
	if !r.Root() {
		t.Fatalf("%v: %s", r.Err(), document)
	}
	var a ews.GetSharingMetadataResponse
	if err := ews.DecodeResponse(r, &a); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	return &a
}

// letter is an invitation as a message file.
func letter(m *invitation.Message) string {
	return "From: " + string(m.Mail) + "\r\nTo: anna@contoso.example\r\nSubject: Sharing invitation\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee my calendar.\r\n--b\r\n" +
		"Content-Type: " + invitation.MediaType + "; name=" + invitation.FileName + "\r\nContent-Disposition: attachment; filename=" + invitation.FileName +
		"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(m.Append(nil)) + "\r\n--b--\r\n"
}

// carry puts a message file into somebody's Inbox, as delivery will, and returns
// the attributes of its id.
func (c *client) carry(t *testing.T, message string) string {
	t.Helper()
	return c.attr(t, c.want(t, "NoError", `<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId><t:DistinguishedFolderId Id="inbox"/></m:SavedItemFolderId><m:Items><t:Message><t:MimeContent>`+
		base64.StdEncoding.EncodeToString([]byte(message))+`</t:MimeContent><t:ItemClass>IPM.Sharing</t:ItemClass></t:Message></m:Items></m:CreateItem>`), "t:ItemId")
}

func accept(item string) string {
	return `<m:CreateItem MessageDisposition="SaveOnly"><m:Items><t:AcceptSharingInvitation><t:ReferenceItemId ` + item + `/></t:AcceptSharingInvitation></m:Items></m:CreateItem>`
}

func found(folder string) string {
	return `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape><m:ParentFolderIds><t:FolderId ` + folder + `/></m:ParentFolderIds></m:FindItem>`
}

// TestShared is the whole life of a calendar that fabrikam's Amy shares with
// contoso's Anna: invited to by a message, accepted, brought up to date, changed,
// and taken back.
func TestShared(t *testing.T) {
	c := new(clock)
	runWorld(t, newWorld(t, c.now), func(ctx context.Context, w *world) {
		amy := newClient(t, w.fabrikam, "amy@"+fabrikamDomain, w.contoso.password)
		anna := newClient(t, w.contoso.s, string(address("anna")), w.contoso.password)
		ben := newClient(t, w.contoso.s, string(address("ben")), w.contoso.password)
		there := administrator(w.fabrikam)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		policy := admin.SharingPolicyName{Name: "Default Sharing Policy"}
		_, err := there.CreateSharingPolicy(ctx, admin.CreateSharingPolicy{SharingPolicyName: policy, Default: true, Rules: []string{domain + ": CalendarSharingFreeBusyReviewer"}})
		must(err)
		_, err = there.GrantFolder(ctx, admin.GrantFolder{
			FolderName: admin.FolderName{AccountName: admin.AccountName{Account: "amy@" + fabrikamDomain}, Folder: "calendar"},
			To:         string(address("anna")), Rights: []string{"Reviewer"},
		})
		must(err)

		folder := amy.attr(t, amy.want(t, "NoError", `<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="calendar"/></m:FolderIds></m:GetFolder>`), "t:FolderId")
		to := func(list ...string) string {
			return `<m:GetSharingMetadata><m:IdOfFolderToShare ` + folder + `/><m:SenderSmtpAddress>amy@` + fabrikamDomain + `</m:SenderSmtpAddress><m:Recipients><t:SmtpAddress>` +
				strings.Join(list, `</t:SmtpAddress><t:SmtpAddress>`) + `</t:SmtpAddress></m:Recipients></m:GetSharingMetadata>`
		}
		made := metadata(t, amy.want(t, "NoError", to(string(address("anna")), "kim@tailspin.example", "cora@"+fabrikamDomain)))
		if len(made.Collection.EncryptedSharedFolderData) != 1 || len(made.Invalid.InvalidRecipient) != 2 {
			t.Fatalf("%+v", made)
		}
		for i, code := range []ews.InvalidRecipientResponseCode{ews.InvalidSystemPolicyBlocksSharing, ews.InvalidOtherError} {
			if got := made.Invalid.InvalidRecipient[i]; got.ResponseCode != code {
				t.Errorf("%+v, not %s", got, code)
			}
		}
		x := made.Collection.EncryptedSharedFolderData[0]
		message := func(from entente.SMTPAddress) *invitation.Message {
			return &invitation.Message{DataType: invitation.Calendar, Name: "Amy", Mail: from, Providers: []invitation.Provider{
				{Type: invitation.External, Encrypted: []invitation.Encrypted{{Token: x.Token.Element, Data: x.Data.Element}}},
			}}
		}

		// It is for Anna, from Amy, and as it was written.
		ben.want(t, "ErrorInvalidExternalSharingSubscriber", accept(ben.carry(t, letter(message("amy@"+fabrikamDomain)))))
		anna.want(t, "ErrorInvalidExternalSharingInitiator", accept(anna.carry(t, letter(message("cora@"+fabrikamDomain)))))
		broken := message("amy@" + fabrikamDomain)
		broken.Providers[0].Encrypted[0].Data = []byte(strings.Replace(string(x.Data.Element), "CipherValue>", "CipherValue>AAAA", 1))
		anna.want(t, "ErrorInvalidSharingData", accept(anna.carry(t, letter(broken))))
		other := message("amy@" + fabrikamDomain)
		other.Providers = []invitation.Provider{{Type: invitation.Publish, ICalURL: "https://mail." + fabrikamDomain + "/x.ics"}}
		anna.want(t, "ErrorNotSupportedSharingMessage", accept(anna.carry(t, letter(other))))
		anna.want(t, "ErrorInvalidSharingMessage", accept(anna.carry(t, strings.NewReplacer(invitation.FileName, "other.xml", invitation.MediaType, "text/xml").Replace(letter(other)))))

		// As an administrator has it written.
		written, err := there.InviteToCalendar(ctx, admin.InviteToCalendar{
			CalendarName: admin.CalendarName{AccountName: admin.AccountName{Account: "amy@" + fabrikamDomain}}, To: []string{string(address("anna")), "kim@tailspin.example"},
		})
		must(err)
		if len(written.NotInvited) != 1 || written.NotInvited[0].Address != "kim@tailspin.example" || !strings.Contains(string(written.Message), "To: <"+string(address("anna"))+">\r\n") {
			t.Errorf("%+v in\n%s", written.NotInvited, written.Message)
		}
		anna.want(t, "NoError", accept(anna.carry(t, string(written.Message))))
		ask := `<m:GetSharingFolder><m:SmtpAddress>amy@` + fabrikamDomain + `</m:SmtpAddress>%s</m:GetSharingFolder>`
		here := anna.attr(t, anna.want(t, "NoError", fmt.Sprintf(ask, `<m:DataType>Calendar</m:DataType>`)), "m:SharingFolderId")
		anna.want(t, "ErrorInvalidGetSharingFolderRequest", fmt.Sprintf(ask, ""))
		ben.want(t, "ErrorFolderNotFound", fmt.Sprintf(ask, `<m:DataType>Calendar</m:DataType>`))
		count := func(s string) int { return strings.Count(s, "<t:CalendarItem>") }
		copied, whole := anna.want(t, "NoError", found(here)), amy.want(t, "NoError", found(folder))
		if n := count(copied); n == 0 || n != count(whole) || !strings.Contains(copied, "Stand-up") {
			t.Errorf("Anna has %d of %d: %.2000s", n, count(whole), copied)
		}

		// It follows, at most every few minutes, and is not to be written.
		refresh := `<m:RefreshSharingFolder><m:SharingFolderId ` + here + `/></m:RefreshSharingFolder>`
		day := c.now().UTC().Truncate(time.Hour).AddDate(0, 0, 3)
		meeting := amy.attr(t, amy.want(t, "NoError", fmt.Sprintf(`<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>Changed plans</t:Subject><t:Start>%s</t:Start><t:End>%s</t:End></t:CalendarItem></m:Items></m:CreateItem>`,
			day.Format(time.RFC3339), day.Add(time.Hour).Format(time.RFC3339))), "t:ItemId")
		anna.want(t, "NoError", refresh)
		if strings.Contains(anna.want(t, "NoError", found(here)), "Changed plans") {
			t.Error("the folder was refreshed again within the minute")
		}
		c.pass(6 * time.Minute)
		anna.want(t, "NoError", refresh)
		if !strings.Contains(anna.want(t, "NoError", found(here)), "Changed plans") {
			t.Error("what Amy made is not there")
		}
		anna.want(t, "ErrorCreateItemAccessDenied", `<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId><t:FolderId `+here+`/></m:SavedItemFolderId><m:Items><t:CalendarItem><t:Subject>x</t:Subject></t:CalendarItem></m:Items></m:CreateItem>`)
		amy.want(t, "NoError", `<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone"><m:ItemIds><t:ItemId `+meeting+`/></m:ItemIds></m:DeleteItem>`)
		c.pass(6 * time.Minute)
		anna.want(t, "NoError", refresh)
		if strings.Contains(anna.want(t, "NoError", found(here)), "Changed plans") {
			t.Error("what Amy deleted is still there")
		}

		// Less that is shared is less that is here.
		level := func(actions string) {
			t.Helper()
			_, err := there.SetSharingPolicy(ctx, admin.SetSharingPolicy{SharingPolicyName: policy, Rules: []string{domain + ": " + actions}})
			must(err)
			c.pass(6 * time.Minute)
			anna.want(t, "NoError", refresh)
		}
		level("CalendarSharingFreeBusyDetail")
		if copied = anna.want(t, "NoError", found(here)); count(copied) == 0 || !strings.Contains(copied, "Stand-up") {
			t.Errorf("with details: %.2000s", copied)
		}
		level("CalendarSharingFreeBusySimple")
		if copied = anna.want(t, "NoError", found(here)); count(copied) == 0 || strings.Contains(copied, "Stand-up") || !strings.Contains(copied, ">Busy<") {
			t.Errorf("without: %.2000s", copied)
		}
		level("CalendarSharingFreeBusyReviewer")
		if copied = anna.want(t, "NoError", found(here)); count(copied) != count(whole) || !strings.Contains(copied, "Stand-up") {
			t.Errorf("whole again: %.2000s", copied)
		}

		// What is taken back is not read any more, whoever takes it back.
		_, err = there.SetSharingPolicy(ctx, admin.SetSharingPolicy{SharingPolicyName: policy, Rules: []string{"litware.example: CalendarSharingFreeBusyReviewer"}})
		must(err)
		c.pass(6 * time.Minute)
		anna.want(t, "ErrorSharingSynchronizationFailed", refresh)
		anna.want(t, "ErrorSharingSynchronizationFailed", refresh)
		made = metadata(t, amy.want(t, "NoError", to(string(address("anna")))))
		if len(made.Collection.EncryptedSharedFolderData) != 0 || made.Invalid.InvalidRecipient[0].ResponseCode != ews.InvalidSystemPolicyBlocksSharing {
			t.Errorf("%+v", made)
		}
	})
}
