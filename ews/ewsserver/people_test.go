package ewsserver

import (
	"strings"
	"testing"
	"time"

	"entente/directory"
	"entente/ews"
	"entente/mailbox"
)

// send sends a message from somebody.
func (h *house) send(who, subject string, pairs ...any) reply {
	h.Helper()
	return h.post(who, xmlOf(&ews.CreateItem{MessageDisposition: ews.SendOnly, Items: []ews.Item{
		item(ews.KindMessage, append([]any{ews.FieldSubject, subject, ews.FieldBody, &ews.Body{BodyType: ews.BodyText, Text: "text"}}, pairs...)...),
	}}))
}

func to(who ...string) []ews.Mailbox {
	var out []ews.Mailbox
	for _, w := range who {
		if !strings.Contains(w, "@") {
			w = address(w)
		}
		out = append(out, ews.Mailbox{EmailAddress: w})
	}
	return out
}

func TestDelivery(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		inner := h.group("Inner", directory.Distribution, h.sids["carla"], h.sids["ben"])
		h.group("Team", directory.Distribution, h.sids["ben"], inner)
		h.send("anna", "Hello", ews.FieldToRecipients, to("ben", "team"), ews.FieldCcRecipients, to("BEN@Contoso.example"),
			ews.FieldBccRecipients, to("dora")).code(ews.NoError)
		// However often and by whatever lists somebody is named, he gets it once.
		ben := h.one("ben", mailbox.Inbox)
		if ben.Read || ben.Props.String(mailbox.PidTagSentRepresentingSMTP) != address("anna") || !ben.Props.Bool(mailbox.PidTagMessageToMe) {
			t.Errorf("Ben's copy: read %v, from %s", ben.Read, ben.Props.String(mailbox.PidTagSentRepresentingSMTP))
		}
		carla := h.one("carla", mailbox.Inbox)
		if carla.Props.Bool(mailbox.PidTagMessageToMe) {
			t.Error("a list is not Carla herself")
		}
		// Who was a blind copy, no copy shows.
		for _, it := range []*mailbox.Item{ben, carla, h.one("dora", mailbox.Inbox)} {
			for _, r := range it.Recipients {
				if r.Kind == mailbox.Bcc || r.Address == address("dora") {
					t.Errorf("a copy shows %s", r.Address)
				}
			}
			h.get("ben", h.id("ben", ben), ews.FieldMimeContent)
		}
		h.none("anna", mailbox.Inbox)
	})
}

// TestBlindCopyInBytes: the header a client wrote keeps no secret either.
func TestBlindCopyInBytes(t *testing.T) {
	h := open(t)
	mime := "From: anna@contoso.example\r\nTo: ben@contoso.example\r\nBcc: dora@contoso.example\r\nSubject: Quiet\r\n\r\nhello\r\n"
	h.post("anna", xmlOf(&ews.CreateItem{MessageDisposition: ews.SendOnly, Items: []ews.Item{
		item(ews.KindMessage, ews.FieldMimeContent, &ews.MimeContent{Content: []byte(mime)}),
	}})).code(ews.NoError)
	h.one("dora", mailbox.Inbox)
	ben := h.one("ben", mailbox.Inbox)
	x, _ := h.get("ben", h.id("ben", ben), ews.FieldMimeContent).Get(ews.FieldMimeContent)
	if m, ok := x.(*ews.MimeContent); !ok || strings.Contains(strings.ToLower(string(m.Content)), "dora") || !strings.Contains(string(m.Content), "hello") {
		t.Errorf("%v", x)
	}
}

// TestUndeliverable: who cannot be reached is named in a report to the sender,
// and the others get the message.
func TestUndeliverable(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.send("anna", "Hello", ews.FieldToRecipients, to("ben", "nobody", "zoe@elsewhere.example")).code(ews.NoError)
		h.one("ben", mailbox.Inbox)
		report := h.one("anna", mailbox.Inbox)
		if report.Class != "REPORT.IPM.Note.NDR" || report.Props.String(mailbox.PidTagSubject) != "Undeliverable: Hello" {
			t.Errorf("%s %q", report.Class, report.Props.String(mailbox.PidTagSubject))
		}
		for _, want := range []string{"nobody@contoso.example", "5.1.1", "zoe@elsewhere.example", "5.4.4", "Final-Recipient: rfc822; zoe@elsewhere.example"} {
			if !strings.Contains(string(report.MIME), want) {
				t.Errorf("the report lacks %s", want)
			}
		}
		h.get("anna", h.id("anna", report))
	})
	h := open(t)
	h.send("anna", "Nobody").code(ews.ErrorInvalidRecipients)
}

// away sets somebody's absence.
func (h *house) away(who string, state ews.OofState, text string) reply {
	h.Helper()
	return h.post(who, `<m:SetUserOofSettingsRequest><t:Mailbox><t:Address>`+address(who)+`</t:Address></t:Mailbox><t:UserOofSettings><t:OofState>`+string(state)+
		`</t:OofState><t:ExternalAudience>All</t:ExternalAudience><t:Duration><t:StartTime>2020-01-01T00:00:00Z</t:StartTime><t:EndTime>2090-01-01T00:00:00Z</t:EndTime></t:Duration>`+
		`<t:InternalReply><t:Message>`+text+`</t:Message></t:InternalReply><t:ExternalReply><t:Message></t:Message></t:ExternalReply></t:UserOofSettings></m:SetUserOofSettingsRequest>`)
}

func TestOof(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		get := `<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>` + address("ben") + `</t:Address></t:Mailbox></m:GetUserOofSettingsRequest>`
		h.post("ben", get).code(ews.NoError).has("<t:OofState>Disabled<", "<t:Duration>", "<t:InternalReply", "<m:AllowExternalOof>All<")
		h.away("ben", ews.OofScheduled, "Back on Monday").code(ews.NoError)
		h.post("ben", get).has("<t:OofState>Scheduled<", "Back on Monday", "<t:StartTime>2020-01-01T00:00:00Z<")
		// They are his own.
		h.post("carla", get).lacks("Back on Monday", "NoError")

		// Once to each sender.
		for range 2 {
			h.send("anna", "Lunch?", ews.FieldToRecipients, to("ben")).code(ews.NoError)
		}
		answer := h.one("anna", mailbox.Inbox)
		if answer.Props.String(mailbox.PidTagSubject) != "Automatic reply: Lunch?" || !strings.Contains(string(answer.Body.Text), "Back on Monday") {
			t.Errorf("%q: %s", answer.Props.String(mailbox.PidTagSubject), answer.Body.Text)
		}
		// Another absence, another answer.
		h.away("ben", ews.OofEnabled, "Gone fishing").code(ews.NoError)
		h.send("anna", "Dinner?", ews.FieldToRecipients, to("ben")).code(ews.NoError)
		if _, items := h.list("anna", mailbox.Inbox); len(items) != 2 {
			t.Errorf("%d answers", len(items))
		}
		h.away("ben", ews.OofDisabled, "").code(ews.NoError)
		h.send("carla", "Tea?", ews.FieldToRecipients, to("ben")).code(ews.NoError)
		h.none("carla", mailbox.Inbox)
	})
}

// TestOofLoop: two who are both away do not talk for ever, and lists are not
// answered.
func TestOofLoop(t *testing.T) {
	h := open(t)
	h.away("anna", ews.OofEnabled, "Anna is away")
	h.away("ben", ews.OofEnabled, "Ben is away")
	h.send("anna", "Hello", ews.FieldToRecipients, to("ben")).code(ews.NoError)
	h.one("anna", mailbox.Inbox) // Ben's answer
	h.one("ben", mailbox.Inbox)  // and nothing but the message

	h.group("Team", directory.Distribution, h.sids["ben"])
	h.send("carla", "All", ews.FieldToRecipients, to("team")).code(ews.NoError)
	h.none("carla", mailbox.Inbox)
}

func TestOofRefused(t *testing.T) {
	h := open(t)
	bad := strings.Replace(h.oofXML("2090-01-01T00:00:00Z", "2020-01-01T00:00:00Z"), "Enabled", "Scheduled", 1)
	h.post("ben", bad).code(ews.ErrorInvalidScheduledOofDuration)
	h.post("carla", strings.Replace(h.oofXML("2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"), "Scheduled", "Enabled", 1)).lacks("NoError")
}

func (*house) oofXML(from, until string) string {
	return `<m:SetUserOofSettingsRequest><t:Mailbox><t:Address>` + address("ben") + `</t:Address></t:Mailbox><t:UserOofSettings><t:OofState>Enabled</t:OofState>` +
		`<t:ExternalAudience>None</t:ExternalAudience><t:Duration><t:StartTime>` + from + `</t:StartTime><t:EndTime>` + until + `</t:EndTime></t:Duration>` +
		`</t:UserOofSettings></m:SetUserOofSettingsRequest>`
}

func resolve(scope, full, name string) string {
	return `<m:ResolveNames ReturnFullContactData="` + full + `" SearchScope="` + scope + `"><m:UnresolvedEntry>` + name + `</m:UnresolvedEntry></m:ResolveNames>`
}

func TestResolveNames(t *testing.T) {
	h := open(t)
	h.group("Annual", directory.Distribution, h.sids["ben"])
	h.create("anna", item(ews.KindContact, ews.FieldContactDisplayName, "Benedikt Zoo", ews.FieldContactGivenName, "Benedikt"))
	const anywhere = "ActiveDirectoryContacts"
	h.post("anna", resolve(anywhere, "true", "Carla")).code(ews.NoError).has(
		`TotalItemsInView="1"`, `IncludesLastItemInRange="true"`, "<t:Name>Carla Ruiz</t:Name>", "<t:MailboxType>Mailbox<", "<t:DisplayName>Carla Ruiz<",
		`<t:Entry Key="EmailAddress1">SMTP:carla@contoso.example<`, "<t:ContactSource>ActiveDirectory<")
	h.post("anna", resolve(anywhere, "false", "Carla")).lacks("<t:Contact>")
	h.post("anna", resolve(anywhere, "false", "ann")).code(ews.ErrorNameResolutionMultipleResults).has(
		`ResponseClass="Warning"`, "Anna Ek", "<t:MailboxType>PublicDL<", `TotalItemsInView="2"`)
	h.post("anna", resolve(anywhere, "false", "xyz")).code(ews.ErrorNameResolutionNoResults).lacks("ResolutionSet")
	// An address is one person, in every form clients write it.
	for _, form := range []string{"carla@contoso.example", "smtp:carla@contoso.example", "SMTP:Carla@Contoso.Example", "=Carla Ruiz", "ruiz"} {
		h.post("anna", resolve("ActiveDirectory", "false", form)).code(ews.NoError).has("Carla Ruiz")
	}
	h.post("anna", resolve("ActiveDirectory", "false", "=Carla Ru")).code(ews.ErrorNameResolutionNoResults)
	h.post("anna", resolve("ActiveDirectory", "false", "")).lacks("NoError<")
	// The CRM has no contacts, and that is no error.
	h.post("crm", resolve(anywhere, "false", "Carla")).code(ews.NoError)
}

func TestResolveContacts(t *testing.T) {
	h := open(t)
	email := ews.Value{Field: ews.FieldContactEmailAddress, Indexed: "EmailAddress1", V: &ews.EmailEntry{Key: ews.EmailAddress1, Address: "zoe@elsewhere.example"}}
	contact := item(ews.KindContact, ews.FieldContactDisplayName, "Zoe Zimmer", ews.FieldContactSurname, "Zimmer")
	contact.Values = append(contact.Values, email)
	contact.Sort()
	id := h.create("anna", contact)[0]
	found := h.post("anna", resolve("Contacts", "true", "zim")).code(ews.NoError).has(
		"zoe@elsewhere.example", "<t:MailboxType>Contact<", id.ID, "<t:ContactSource>Store<", "<t:Surname>Zimmer<")
	found.lacks("Carla")
	h.post("anna", resolve("ActiveDirectory", "false", "zim")).code(ews.ErrorNameResolutionNoResults)
	h.post("ben", resolve("Contacts", "false", "zim")).code(ews.ErrorNameResolutionNoResults)
}

func TestExpandDL(t *testing.T) {
	h := open(t)
	inner := h.group("Inner", directory.Distribution, h.sids["carla"])
	h.group("Team", directory.Distribution, h.sids["ben"], inner)
	expand := func(list string) reply {
		return h.post("anna", `<m:ExpandDL><m:Mailbox><t:EmailAddress>`+list+`</t:EmailAddress></m:Mailbox></m:ExpandDL>`)
	}
	expand(address("team")).code(ews.NoError).has(`TotalItemsInView="2"`, "ben@contoso.example", "inner@contoso.example", "PublicDL").lacks("carla@")
	expand(address("nobody")).code(ews.ErrorNameResolutionNoResults)
	expand(address("ben")).code(ews.ErrorNameResolutionNoResults)
	expand("no address").code(ews.ErrorNameResolutionNoResults)
}

func TestRoomLists(t *testing.T) {
	h := open(t)
	h.post("anna", `<m:GetRoomLists/>`).code(ews.NoError).has("<m:RoomLists")
	h.group("House", directory.RoomList, h.sids["room"])
	h.post("anna", `<m:GetRoomLists/>`).code(ews.NoError).has("<t:Address>", "house@contoso.example")
	rooms := func(list string) reply {
		return h.post("anna", `<m:GetRooms><m:RoomList><t:EmailAddress>`+list+`</t:EmailAddress></m:RoomList></m:GetRooms>`)
	}
	rooms(address("house")).code(ews.NoError).has("<t:Id><t:Name>Room One</t:Name><t:EmailAddress>room@contoso.example<")
	rooms(address("nowhere")).code(ews.ErrorNameResolutionNoResults)
	rooms("x").code(ews.ErrorInvalidSmtpAddress)
}

func TestReplies(t *testing.T) {
	h := open(t)
	h.send("anna", "Lunch", ews.FieldToRecipients, to("ben"), ews.FieldCcRecipients, to("carla")).code(ews.NoError)
	old := h.one("ben", mailbox.Inbox)
	text := func(s string) *ews.Body { return &ews.Body{BodyType: ews.BodyText, Text: s} }
	h.respond("ben", ews.KindReplyAllToItem, h.id("ben", old), ews.FieldNewBodyContent, text("Yes")).code(ews.NoError)
	reply := h.one("anna", mailbox.Inbox)
	if reply.Props.String(mailbox.PidTagSubject) != "RE: Lunch" || !strings.HasPrefix(string(reply.Body.Text), "Yes") ||
		!strings.Contains(string(reply.Body.Text), "From: Anna Ek") ||
		reply.Props.String(mailbox.PidTagInReplyToID) != old.Props.String(mailbox.PidTagInternetMessageID) ||
		reply.Props.String(mailbox.PidTagConversationTopic) != "Lunch" {
		t.Errorf("%q %s", reply.Props.String(mailbox.PidTagSubject), reply.Body.Text)
	}
	if _, items := h.list("carla", mailbox.Inbox); len(items) != 2 {
		t.Errorf("Carla has %d messages", len(items))
	}
	h.none("dora", mailbox.Inbox)
	h.respond("ben", ews.KindForwardItem, h.id("ben", old), ews.FieldToRecipients, to("dora")).code(ews.NoError)
	if it := h.one("dora", mailbox.Inbox); it.Props.String(mailbox.PidTagSubject) != "FW: Lunch" {
		t.Errorf("%q", it.Props.String(mailbox.PidTagSubject))
	}
	if it := h.one("ben", mailbox.Inbox); it.ID != old.ID || time.Since(it.Created) > time.Hour {
		t.Error("the original has changed")
	}
}
