package ewsserver

import (
	"strings"
	"testing"

	"entente/access"
	"entente/directory"
	"entente/ews"
	"entente/mailbox"
)

// aDelegate is a DelegateUser by alias, with what else is said of it.
func aDelegate(alias, more string) string {
	return `<t:DelegateUser><t:UserId><t:PrimarySmtpAddress>` + address(alias) + `</t:PrimarySmtpAddress></t:UserId>` + more + `</t:DelegateUser>`
}

func roles(pairs ...string) string {
	out := ""
	for i := 0; i < len(pairs); i += 2 {
		out += `<t:` + pairs[i] + `FolderPermissionLevel>` + pairs[i+1] + `</t:` + pairs[i] + `FolderPermissionLevel>`
	}
	return `<t:DelegatePermissions>` + out + `</t:DelegatePermissions>`
}

func receives(copies, private string) string {
	return `<t:ReceiveCopiesOfMeetingMessages>` + copies + `</t:ReceiveCopiesOfMeetingMessages><t:ViewPrivateItems>` + private + `</t:ViewPrivateItems>`
}

// delegation asks one of the four operations about a mailbox.
func (h *house) delegation(who, op, of, content string) reply {
	h.Helper()
	attr := ""
	if op == "GetDelegate" {
		attr = ` IncludePermissions="true"`
	}
	return h.post(who, `<m:`+op+attr+`><m:Mailbox><t:EmailAddress>`+address(of)+`</t:EmailAddress></m:Mailbox>`+content+`</m:`+op+`>`)
}

func (h *house) addDelegate(of, who, more, deliver string) reply {
	h.Helper()
	if deliver != "" {
		deliver = `<m:DeliverMeetingRequests>` + deliver + `</m:DeliverMeetingRequests>`
	}
	return h.delegation(of, "AddDelegate", of, `<m:DelegateUsers>`+aDelegate(who, more)+`</m:DelegateUsers>`+deliver)
}

func userIDs(aliases ...string) string {
	out := ""
	for _, a := range aliases {
		out += `<t:UserId><t:PrimarySmtpAddress>` + address(a) + `</t:PrimarySmtpAddress></t:UserId>`
	}
	return `<m:UserIds>` + out + `</m:UserIds>`
}

// each of the codes in the messages inside, in order.
func (a reply) codes(want ...ews.ResponseCode) reply {
	a.Helper()
	a.code(ews.NoError)
	parts := strings.Split(a.body, "<m:DelegateUserResponseMessageType ")[1:]
	if len(parts) != len(want) {
		a.Fatalf("%d messages, want %d: %s", len(parts), len(want), a.body)
	}
	for i, p := range parts {
		_, after, _ := strings.Cut(p, "<m:ResponseCode>")
		if got, _, _ := strings.Cut(after, "<"); got != string(want[i]) {
			a.Errorf("message %d: %s, want %s: %s", i, got, want[i], p)
		}
	}
	return a
}

func (h *house) rightsOn(box, who string) access.Rights {
	h.Helper()
	all, err := h.door.Directory.MailboxPermissions(h.Context(), h.boxes[box])
	h.must(err)
	for _, p := range all {
		if p.To == h.sids[who] && !p.Deny {
			return p.Rights
		}
	}
	return 0
}

func TestDelegates(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.delegation("anna", "GetDelegate", "anna", "").codes().has("<m:DeliverMeetingRequests>NoForward<")

		h.addDelegate("anna", "ben", roles("Calendar", "Editor", "Tasks", "Author", "Inbox", "Reviewer")+receives("true", "true"), "DelegatesAndMe").
			codes(ews.NoError).has("<t:SID>"+string(h.sids["ben"])+"<", "<t:DisplayName>Ben Vogel<", "<t:ReceiveCopiesOfMeetingMessages>true<", "<t:ViewPrivateItems>true<")
		h.delegation("anna", "GetDelegate", "anna", "").codes(ews.NoError).has(
			"<t:CalendarFolderPermissionLevel>Editor<", "<t:TasksFolderPermissionLevel>Author<", "<t:InboxFolderPermissionLevel>Reviewer<",
			"<t:ContactsFolderPermissionLevel>None<", "<t:NotesFolderPermissionLevel>None<", "<t:JournalFolderPermissionLevel>None<",
			"<m:DeliverMeetingRequests>DelegatesAndMe<")
		if got := h.rightsOn("anna", "ben"); got != access.SendOnBehalf|access.ReadPrivate {
			t.Errorf("on the mailbox: %s", got)
		}
		// The folders' own tables say the same.
		const table = idOnly + `<t:AdditionalProperties><t:FieldURI FieldURI="folder:PermissionSet"/></t:AdditionalProperties>`
		h.post("anna", getFolder(table, named("calendar", ""))).has("<t:CalendarPermissionLevel>Editor<", "<t:ReadItems>FullDetails<")
		h.post("anna", getFolder(table, named("tasks", ""))).has("<t:PermissionLevel>Author<")

		// What is not said stays; what is said counts.
		update := func(more string) reply {
			return h.delegation("anna", "UpdateDelegate", "anna", `<m:DelegateUsers>`+aDelegate("ben", more)+`</m:DelegateUsers>`)
		}
		update(roles("Tasks", "None")+`<t:ViewPrivateItems>false</t:ViewPrivateItems>`).codes(ews.NoError).
			has("<t:ReceiveCopiesOfMeetingMessages>true<", "<t:ViewPrivateItems>false<")
		h.delegation("anna", "GetDelegate", "anna", userIDs("ben")).codes(ews.NoError).has(
			"<t:CalendarFolderPermissionLevel>Editor<", "<t:TasksFolderPermissionLevel>None<", "<t:InboxFolderPermissionLevel>Reviewer<",
			"<t:ViewPrivateItems>false<", "<m:DeliverMeetingRequests>DelegatesAndMe<")
		if got := h.rightsOn("anna", "ben"); got != access.SendOnBehalf {
			t.Errorf("on the mailbox: %s", got)
		}
		h.delegation("anna", "UpdateDelegate", "anna", `<m:DeliverMeetingRequests>DelegatesOnly</m:DeliverMeetingRequests>`).codes()
		h.delegation("anna", "GetDelegate", "anna", "").has("<m:DeliverMeetingRequests>DelegatesOnly<")

		// An entry that the server alone can make is shown as Custom.
		h.permit("anna", "inbox", "ben", "Contributor")
		h.delegation("anna", "GetDelegate", "anna", "").has("<t:InboxFolderPermissionLevel>Custom<")

		h.delegation("anna", "RemoveDelegate", "anna", userIDs("ben", "carla")).codes(ews.NoError, ews.ErrorNotDelegate)
		h.delegation("anna", "GetDelegate", "anna", "").codes()
		h.post("anna", getFolder(table, named("calendar", ""))).lacks(address("ben"))
		if got := h.rightsOn("anna", "ben"); got != 0 {
			t.Errorf("on the mailbox: %s", got)
		}
	})
}

// What goes wrong with one user is his alone, and leaves nothing of him.
func TestDelegateErrors(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		add := func(users ...string) reply {
			return h.delegation("anna", "AddDelegate", "anna", `<m:DelegateUsers>`+strings.Join(users, "")+`</m:DelegateUsers>`)
		}
		bySID := func(sid, address string) string {
			if address != "" {
				address = `<t:PrimarySmtpAddress>` + address + `</t:PrimarySmtpAddress>`
			}
			return `<t:DelegateUser><t:UserId><t:SID>` + sid + `</t:SID>` + address + `</t:UserId></t:DelegateUser>`
		}
		ben, carla := string(h.sids["ben"]), string(h.sids["carla"])
		add(aDelegate("anna", "")).codes(ews.ErrorDelegateCannotAddOwner)
		add(aDelegate("nobody", "")).codes(ews.ErrorDelegateNoUser)
		add(aDelegate("otto", "")).codes(ews.ErrorDelegateValidationFailed)
		add(aDelegate("room", "")).codes(ews.ErrorDelegateValidationFailed)
		add(bySID("S-1-5-21-1-2-3-4", "")).codes(ews.ErrorDelegateNoUser)
		add(bySID("no sid", "")).codes(ews.ErrorInvalidDelegateUserId)
		add(bySID(carla, address("ben"))).codes(ews.ErrorInvalidDelegateUserId)
		add(`<t:DelegateUser><t:UserId><t:DisplayName>Ben Vogel</t:DisplayName></t:UserId></t:DelegateUser>`).codes(ews.ErrorInvalidDelegateUserId)
		add(`<t:DelegateUser><t:UserId><t:DistinguishedUser>Default</t:DistinguishedUser></t:UserId></t:DelegateUser>`).codes(ews.ErrorDistinguishedUserNotSupported)
		add(aDelegate("ben", roles("Calendar", "Custom"))).codes(ews.ErrorInvalidDelegatePermission)
		add(aDelegate("ben", roles("Calendar", "Reviewer", "Tasks", "Editor")+receives("true", "false"))).codes(ews.ErrorDelegateValidationFailed)
		h.delegation("anna", "GetDelegate", "anna", "").codes()
		const table = idOnly + `<t:AdditionalProperties><t:FieldURI FieldURI="folder:PermissionSet"/></t:AdditionalProperties>`
		h.post("anna", getFolder(table, named("calendar", "")+named("tasks", ""))).lacks(address("ben"))
		if got := h.rightsOn("anna", "ben"); got != 0 {
			t.Errorf("on the mailbox: %s", got)
		}

		add(aDelegate("ben", ""), aDelegate("nobody", ""), bySID(ben, ""), bySID(carla, address("carla"))).
			codes(ews.NoError, ews.ErrorDelegateNoUser, ews.ErrorDuplicateUserIdsSpecified, ews.NoError)
		add(aDelegate("ben", "")).codes(ews.ErrorDelegateAlreadyExists)
		change := func(user string) reply {
			return h.delegation("anna", "UpdateDelegate", "anna", `<m:DelegateUsers>`+user+`</m:DelegateUsers>`)
		}
		change(aDelegate("dora", "")).codes(ews.ErrorNotDelegate)
		change(aDelegate("nobody", "")).codes(ews.ErrorDelegateNoUser)
		change(aDelegate("ben", receives("true", "false"))).codes(ews.ErrorDelegateValidationFailed)
		// An Editor who gets copies is not made a reader while he gets them.
		change(aDelegate("ben", roles("Calendar", "Editor")+receives("true", "false"))).codes(ews.NoError)
		change(aDelegate("ben", roles("Calendar", "Reviewer"))).codes(ews.ErrorDelegateValidationFailed)
		h.delegation("anna", "GetDelegate", "anna", userIDs("ben", "dora", "nobody")).
			codes(ews.NoError, ews.ErrorNotDelegate, ews.ErrorDelegateNoUser).has("<t:CalendarFolderPermissionLevel>Editor<")
		h.delegation("anna", "RemoveDelegate", "anna", userIDs("dora", "nobody")).codes(ews.ErrorNotDelegate, ews.ErrorDelegateNoUser)

		// Half a delegate: an administrator took the right to send away.
		h.entitle("anna", "carla", 0)
		h.delegation("anna", "GetDelegate", "anna", userIDs("carla")).codes(ews.ErrorDelegateMissingConfiguration)
		change(aDelegate("carla", "")).codes(ews.NoError)
		h.delegation("anna", "GetDelegate", "anna", userIDs("carla")).codes(ews.NoError)
		// What he was granted beside stays when he is a delegate no more.
		h.entitle("anna", "carla", access.SendAs|access.SendOnBehalf)
		h.delegation("anna", "RemoveDelegate", "anna", userIDs("carla")).codes(ews.NoError)
		if got := h.rightsOn("anna", "carla"); got != access.SendAs {
			t.Errorf("on the mailbox: %s", got)
		}
	})
}

// Whose delegates are nobody else's business, except who may do all in the
// mailbox: by full access, or as its owner.
func TestWhoseDelegates(t *testing.T) {
	h := open(t)
	h.addDelegate("anna", "ben", roles("Calendar", "Editor"), "").codes(ews.NoError)
	h.entitle("anna", "dora", access.FullAccess)
	content := map[string]string{
		"GetDelegate": "", "RemoveDelegate": userIDs("emil"),
		"AddDelegate":    `<m:DelegateUsers>` + aDelegate("emil", "") + `</m:DelegateUsers>`,
		"UpdateDelegate": `<m:DeliverMeetingRequests>DelegatesOnly</m:DeliverMeetingRequests>`,
	}
	for op, body := range content {
		h.delegation("ben", op, "anna", body).code(ews.ErrorAccessDenied) // a delegate is no owner
		h.delegation("carla", op, "anna", body).code(ews.ErrorAccessDenied)
		h.delegation("crm", op, "anna", body).code(ews.ErrorAccessDenied)
		h.delegation("crm>ben", op, "anna", body).code(ews.ErrorAccessDenied)
		h.delegation("anna", op, "nobody", body).code(ews.ErrorNonExistentMailbox)
	}
	h.delegation("anna", "GetDelegate", "anna", "").codes(ews.NoError).has("NoForward")
	for _, who := range []string{"dora", "crm>anna"} {
		h.delegation(who, "AddDelegate", "anna", content["AddDelegate"]).codes(ews.NoError)
		h.delegation(who, "RemoveDelegate", "anna", content["RemoveDelegate"]).codes(ews.NoError)
	}
}

// A delegate works in the folders he was let into, and sees what is private only
// if he may.
func TestDelegateAtWork(t *testing.T) {
	each(t, func(_ *testing.T, h *house) {
		open := h.create("anna", item(ews.KindTask, ews.FieldSubject, "common"))[0]
		secret := h.create("anna", item(ews.KindTask, ews.FieldSubject, "secret", ews.FieldSensitivity, "Private"))[0]
		h.addDelegate("anna", "ben", roles("Tasks", "Editor")+receives("false", "false"), "").codes(ews.NoError)
		byID := func(id *ews.ItemID) string { return all(`<t:ItemId Id="` + id.ID + `"/>`) }
		h.post("ben", byID(open)).code(ews.NoError)
		h.post("ben", byID(secret)).code(ews.ErrorItemNotFound)
		h.delegation("anna", "UpdateDelegate", "anna", `<m:DelegateUsers>`+aDelegate("ben", `<t:ViewPrivateItems>true</t:ViewPrivateItems>`)+`</m:DelegateUsers>`).codes(ews.NoError)
		h.post("ben", byID(secret)).code(ews.NoError).has("secret")
		h.delegation("anna", "RemoveDelegate", "anna", userIDs("ben")).codes(ews.NoError)
		h.post("ben", byID(open)).code(ews.ErrorItemNotFound)
		h.post("ben", byID(secret)).code(ews.ErrorItemNotFound)
	})
}

// Without the directory nothing of a delegate stays in the mailbox.
func TestDelegateUndone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		s := h.door.Local(h.account("anna"), "test")
		v, err := s.Own(t.Context())
		h.must(err)
		before, err := v.Delegates(t.Context())
		h.must(err)
		change := mailbox.DelegateChange{SID: h.sids["ben"]}
		change.Roles[0] = mailbox.DelegateRole{Set: true, Rights: access.LevelEditor}
		undo, err := v.AddDelegate(t.Context(), change)
		h.must(err)
		h.must(undo(t.Context()))
		after, err := v.Delegates(t.Context())
		h.must(err)
		got, err := v.DelegateRoles(t.Context(), h.sids["ben"])
		h.must(err)
		if len(after.List) != len(before.List) || got[0].Set {
			t.Errorf("left: %+v %+v", after, got)
		}
		// Of a change, what was before is back.
		change.Roles[0].Rights = access.LevelReviewer
		_, err = v.AddDelegate(t.Context(), change)
		h.must(err)
		change.Roles[0].Rights, change.Roles[1] = access.LevelEditor, mailbox.DelegateRole{Set: true, Rights: access.LevelAuthor}
		yes := true
		change.Copies = &yes
		undo, err = v.UpdateDelegate(t.Context(), change)
		h.must(err)
		h.must(undo(t.Context()))
		got, err = v.DelegateRoles(t.Context(), h.sids["ben"])
		h.must(err)
		after, err = v.Delegates(t.Context())
		h.must(err)
		if got[0].Rights != access.LevelReviewer || got[1].Set || len(after.List) != 1 || after.List[0].Copies {
			t.Errorf("left: %+v %+v", after, got)
		}
	})
}

// entitle replaces what somebody holds on a mailbox as a whole.
func (h *house) entitle(owner, who string, rights access.Rights) {
	h.Helper()
	h.must(h.door.Directory.Update(h.Context(), func(c *directory.Change) error {
		return c.SetMailboxPermission(access.MailboxPermission{Mailbox: h.boxes[owner], To: h.sids[who], Rights: rights})
	}))
}

func (h *house) account(alias string) access.Principal {
	h.Helper()
	a, ok := h.door.Directory.Snapshot().FindSID(h.sids[alias])
	if !ok {
		h.Fatalf("no %s", alias)
	}
	return a.Principal
}
