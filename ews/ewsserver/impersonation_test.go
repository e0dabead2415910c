package ewsserver

import (
	"net/http"
	"strings"
	"testing"

	"entente/access"
	"entente/directory"
	"entente/ews"
)

// acting is the header by which a caller acts as somebody.
func acting(identifiers string) string {
	return `<t:ExchangeImpersonation><t:ConnectingSID>` + identifiers + `</t:ConnectingSID></t:ExchangeImpersonation>`
}

// envelope is a request for the Inbox, with a header.
func envelope(header, body string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="` + ews.NSTypes + `" xmlns:m="` + ews.NSMessages +
		`"><s:Header>` + header + `</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

// TestImpersonationErrors is the table of what goes wrong with acting as somebody
// else: faults with HTTP 500, by every way to sign in alike.
func TestImpersonationErrors(t *testing.T) {
	h := open(t)
	h.must(h.door.Directory.Update(h.Context(), func(c *directory.Change) error {
		if err := c.SetAccount(h.sids["anna"], func(a *directory.Account) error {
			a.Proxies = append(a.Proxies, "sales@contoso.example")
			return nil
		}); err != nil {
			return err
		}
		return c.CreateAssignment(&directory.Assignment{Assignment: access.Assignment{
			Assignee: h.sids["crm"], Rights: access.ApplicationImpersonation, Enabled: true,
			Scope: access.Scope{Kind: access.ScopeAccount, Name: string(h.sids["otto"])},
		}})
	}))
	upn := func(s string) string { return `<t:PrincipalName>` + s + `</t:PrincipalName>` }
	sid := func(s string) string { return `<t:SID>` + s + `</t:SID>` }
	primary := func(s string) string { return `<t:PrimarySmtpAddress>` + s + `</t:PrimarySmtpAddress>` }
	smtp := func(s string) string { return `<t:SmtpAddress>` + s + `</t:SmtpAddress>` }
	anna := acting(primary(address("anna")))
	const serialized = `<t:SerializedSecurityContext><t:UserSid>S-1-5-21-1-2-3-500</t:UserSid></t:SerializedSecurityContext>`
	tests := []struct {
		what, caller, header string
		want                 ews.ResponseCode // "" is done
	}{
		{"by the primary address", "crm", anna, ""},
		{"by another address", "crm", acting(smtp("sales@contoso.example")), ""},
		{"by UPN", "crm", acting(upn(address("anna"))), ""},
		{"by SID", "crm", acting(sid(string(h.sids["anna"]))), ""},
		{"several that agree", "crm", acting(sid(string(h.sids["anna"])) + smtp("sales@contoso.example")), ""},

		{"no right on this server", "idle", anna, ews.ErrorImpersonationDenied},
		{"nor is the name looked at then", "idle", acting(primary("nobody@contoso.example")), ews.ErrorImpersonationDenied},
		{"out of scope", "crm", acting(primary(address("carla"))), ews.ErrorImpersonateUserDenied},
		{"disabled", "crm", acting(primary(address("otto"))), ews.ErrorImpersonateUserDenied},
		{"an administrator", "boss", anna, ews.ErrorImpersonationDenied},

		{"no identifier", "crm", acting(""), ews.ErrorInvalidExchangeImpersonationHeaderData},
		{"an empty one", "crm", acting(primary("")), ews.ErrorInvalidExchangeImpersonationHeaderData},
		{"white space", "crm", acting(upn(" \n ")), ews.ErrorInvalidExchangeImpersonationHeaderData},
		{"one of two empty", "crm", acting(upn(address("anna")) + smtp("")), ews.ErrorInvalidExchangeImpersonationHeaderData},
		{"no ConnectingSID", "crm", `<t:ExchangeImpersonation/>`, ews.ErrorInvalidExchangeImpersonationHeaderData},
		{"they disagree", "crm", acting(upn(address("anna")) + primary(address("ben"))), ews.ErrorInvalidExchangeImpersonationHeaderData},
		{"an unknown identifier", "crm", acting(`<t:LegacyDN>x</t:LegacyDN>`), ews.ErrorInvalidExchangeImpersonationHeaderData},

		{"unknown UPN", "crm", acting(upn("nobody@contoso.example")), ews.ErrorInvalidUserPrincipalName},
		{"an alias is no UPN", "crm", acting(upn("sales@contoso.example")), ews.ErrorInvalidUserPrincipalName},
		{"unknown SID", "crm", acting(sid("S-1-5-21-9-9-9-9")), ews.ErrorInvalidUserSid},
		{"no SID at all", "crm", acting(sid("anna")), ews.ErrorInvalidUserSid},
		{"unknown address", "crm", acting(primary("nobody@contoso.example")), ews.ErrorNonExistentMailbox},
		{"unknown other address", "crm", acting(smtp("nobody@contoso.example")), ews.ErrorNonExistentMailbox},
		{"no address at all", "crm", acting(smtp("anna")), ews.ErrorInvalidSmtpAddress},
		{"alias given as primary", "crm", acting(primary("sales@contoso.example")), ews.ErrorNonPrimarySmtpAddress},
		{"told to holders only", "crm", acting(primary(address("room"))), ews.ErrorImpersonateUserDenied},

		{"two access modes", "crm", anna + serialized, ews.ErrorMoreThanOneAccessModeSpecified},
		{"in the other order", "crm", serialized + anna, ews.ErrorMoreThanOneAccessModeSpecified},
		{"as administrator too", "crm", anna + `<t:OpenAsAdminOrSystemService LogonType="Admin"/>`, ews.ErrorMoreThanOneAccessModeSpecified},
		{"two that we do not take", "crm", serialized + `<t:ProxySecurityContext>AAAA</t:ProxySecurityContext>`, ews.ErrorMoreThanOneAccessModeSpecified},

		{"a serialized token", "crm", serialized, ews.ErrorTokenSerializationDenied},
		{"even one's own", "crm", `<t:SerializedSecurityContext><t:UserSid>` + string(h.sids["crm"]) + `</t:UserSid></t:SerializedSecurityContext>`, ews.ErrorTokenSerializationDenied},
		{"a malformed one", "crm", `<t:SerializedSecurityContext>AAAA</t:SerializedSecurityContext>`, ews.ErrorInvalidSerializedAccessToken},
		{"a proxied context", "crm", `<t:ProxySecurityContext>AAAA</t:ProxySecurityContext>`, ews.ErrorTokenSerializationDenied},
		{"a proxied request", "crm", `<t:ProxyRequestType>CrossSite</t:ProxyRequestType>`, ews.ErrorProxyRequestNotAllowed},
		{"as administrator", "idle", `<t:OpenAsAdminOrSystemService LogonType="Admin"/>`, ews.ErrorTokenSerializationDenied},

		{"an empty role", "idle", `<t:ManagementRole/>`, ews.ErrorInvalidManagementRoleHeader},
		{"a role we have not", "idle", `<t:ManagementRole><t:UserRoles><t:Role>MailboxSearch</t:Role></t:UserRoles></t:ManagementRole>`, ews.ErrorInvalidManagementRoleHeader},
		{"the role, for oneself", "idle", `<t:ManagementRole><t:ApplicationRoles><t:Role>ApplicationImpersonation</t:Role></t:ApplicationRoles></t:ManagementRole>`, ews.ErrorInvalidManagementRoleHeader},
		{"the role, for another", "crm", anna + `<t:ManagementRole><t:ApplicationRoles><t:Role>ApplicationImpersonation</t:Role></t:ApplicationRoles></t:ManagementRole>`, ""},

		{"in other letters", "crm", strings.ReplaceAll(anna, "ExchangeImpersonation", "exchangeImpersonation"), ews.ErrorInvalidExchangeImpersonationHeaderData},
		{"in another namespace", "crm", strings.ReplaceAll(anna, "t:ExchangeImpersonation", "m:ExchangeImpersonation"), ews.ErrorInvalidExchangeImpersonationHeaderData},
		{"without what is around it", "crm", `<t:ConnectingSID>` + primary(address("anna")) + `</t:ConnectingSID>`, ews.ErrorInvalidExchangeImpersonationHeaderData},
	}
	h.service("idle", false)
	h.service("boss", true)
	inbox := getFolder(idOnly, named("inbox", ""))
	for _, method := range methods {
		h.method = method
		for _, test := range tests {
			a := h.postRaw(test.caller, envelope(test.header, inbox))
			if test.want == "" {
				if a.code(ews.NoError); a.header.Get(subjectHeader) != address("anna") || a.header.Get(mailboxHeader) != address("anna") {
					t.Errorf("%s, %s: carried out as %q in %q", method, test.what, a.header.Get(subjectHeader), a.header.Get(mailboxHeader))
				}
				continue
			}
			if a.status != http.StatusInternalServerError || !strings.Contains(a.body, `:ResponseCode xmlns:e="`) && !strings.Contains(a.body, ":ResponseCode") || !strings.Contains(a.body, ">"+string(test.want)+"<") {
				t.Errorf("%s, %s: status %d, want a fault of %s: %s", method, test.what, a.status, test.want, a.body)
			}
			if test.want == ews.ErrorNonPrimarySmtpAddress {
				a.has(`<t:Value Name="Primary">` + address("anna") + `<`)
			} else {
				a.lacks(`Name="Primary"`)
			}
			a.lacks("FolderId")
		}
		// In the Body, the header is no request and nothing of one.
		h.postRaw("crm", envelope("", anna+inbox)).lacks("FolderId")
		h.postRaw("crm", envelope("", strings.Replace(inbox, `<m:FolderIds>`, anna+`<m:FolderIds>`, 1))).lacks("FolderId")
		// Two of the same are two identities.
		twice := h.postRaw("crm", envelope(anna+anna, inbox)).lacks("FolderId")
		if twice.status != http.StatusInternalServerError {
			t.Errorf("%s: %d %s", method, twice.status, twice.body)
		}
		// A caller without a mailbox, and a folder without one: a response, at 200.
		h.postRaw("crm", envelope("", inbox)).code(ews.ErrorMissingEmailAddress).has("Mailbox element", "ExchangeImpersonation")
		// Where the request is to be routed says nothing of who may.
		h.anchor = address("anna")
		h.postRaw("crm", envelope("", inbox)).code(ews.ErrorMissingEmailAddress)
		h.postRaw("idle", envelope("", getFolder(idOnly, named("inbox", "anna")))).code(ews.ErrorFolderNotFound)
		if got := h.postRaw("crm", envelope(acting(primary(address("ben"))), inbox)).code(ews.NoError).header.Get(mailboxHeader); got != address("ben") {
			t.Errorf("%s: with an anchor the request went to %q", method, got)
		}
		h.anchor = ""
	}
}

// Who is no account of the directory is refused as such, not by a gate.
func TestCallerWhoIsNobody(t *testing.T) {
	h := open(t)
	h.method = access.Node
	h.sids["gone"] = "S-1-5-21-1-2-3-99999"
	h.postRaw("gone", envelope("", getFolder(idOnly, named("inbox", "")))).fault(ews.ErrorCallerIsInvalidADAccount)
}

// service makes a service account without rights; or an administrator, which for
// that very reason acts as nobody, whatever it is assigned.
func (h *house) service(alias string, administers bool) {
	h.Helper()
	hash := oneHash(h, h.door.Directory)
	h.must(h.door.Directory.Update(h.Context(), func(c *directory.Change) error {
		if err := h.person(c, hash, strings.ToUpper(alias[:1])+alias[1:]+" Service"); err != nil || !administers {
			return err
		}
		if err := c.CreateAssignment(&directory.Assignment{Assignment: access.Assignment{
			Assignee: h.sids[alias], Rights: access.ApplicationImpersonation, Enabled: true, Scope: access.Scope{Kind: access.ScopeAll},
		}}); err != nil {
			return err
		}
		return c.AddAdministrator(h.sids[alias])
	}))
}
