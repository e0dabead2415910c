package ewsserver

import (
	"strings"
	"testing"

	"entente/access"
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// invites has somebody invite to a meeting in his calendar, or another's.
func (h *house) invites(who, folder string, it ews.Item) reply {
	h.Helper()
	req := xmlOf(&ews.CreateItem{SendMeetingInvitations: ews.SendToAllAndSaveCopy, Items: []ews.Item{it}})
	return h.post(who, strings.Replace(req, `<m:Items>`, `<m:SavedItemFolderId>`+folder+`</m:SavedItemFolderId><m:Items>`, 1))
}

// A delegate gets what is sent to the owner, answers for him, and the owner's
// calendar has the answer; his own has nothing of it.
func TestDelegateAnswers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.addDelegate("anna", "ben", roles("Calendar", "Editor")+receives("true", "false"), "DelegatesAndMe").codes(ews.NoError)
		h.invites("carla", named("calendar", ""), meeting("Budget", tomorrow(9), ews.FieldRequiredAttendees, attendees("anna"))).code(ews.NoError)

		theirs, copied := h.one("anna", mailbox.Inbox), h.one("ben", mailbox.Inbox)
		h.none("ben", mailbox.Calendar)
		if copied.Class != theirs.Class || copied.Props.String(mailbox.PidTagReceivedByAddress) != address("ben") ||
			copied.Props.String(mailbox.PidTagReceivedRepresentingAddress) != address("anna") ||
			copied.Props.String(mailbox.PidTagSentRepresentingSMTP) != address("carla") {
			t.Errorf("the copy: %+v", copied)
		}
		inCalendar := h.one("anna", mailbox.Calendar)
		h.post("ben", all(idXML(h.id("ben", copied)))).code(ews.NoError).has("<t:IsDelegated>true<", "<t:AssociatedCalendarItemId Id=\""+h.id("anna", inCalendar).ID,
			"<t:ReceivedRepresenting><t:Mailbox><t:Name>Anna Ek<")
		h.post("anna", all(idXML(h.id("anna", theirs)))).has("<t:IsDelegated>false<")

		h.respond("ben", ews.KindAcceptItem, h.id("ben", copied)).code(ews.NoError).has(h.id("anna", inCalendar).ID)
		if e := h.event("anna"); e.Response != calendar.Accepted || e.Status != calendar.StatusBusy {
			t.Errorf("in Anna's calendar: %s %s", e.Response, e.Status)
		}
		h.none("ben", mailbox.Calendar)
		h.none("ben", mailbox.Inbox)
		answer := h.one("carla", mailbox.Inbox)
		if answer.Class != "IPM.Schedule.Meeting.Resp.Pos" || answer.Props.String(mailbox.PidTagSentRepresentingSMTP) != address("anna") ||
			answer.Props.String(mailbox.PidTagSenderSMTPAddress) != address("ben") {
			t.Errorf("answer %s from %s by %s", answer.Class, answer.Props.String(mailbox.PidTagSentRepresentingSMTP), answer.Props.String(mailbox.PidTagSenderSMTPAddress))
		}
		if got := h.status(h.event("carla"), "anna"); got != calendar.Accepted {
			t.Errorf("Carla knows of %s", got)
		}
		h.one("ben", mailbox.SentItems) // with who did it
		h.none("anna", mailbox.SentItems)
	})
}

// What becomes of the owner's own message is one setting for all delegates; and
// without one who has a copy nothing becomes of it.
func TestDeliverMeetingRequests(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		test := func(deliver, copies string, inbox, deleted, delegate int, more ...string) {
			t.Helper()
			h.addDelegate("anna", "ben", roles("Calendar", "Editor")+receives(copies, "false"), deliver).codes(ews.NoError)
			h.invites("carla", named("calendar", ""), meeting(deliver, tomorrow(9), ews.FieldRequiredAttendees, attendees("anna"))).code(ews.NoError)
			for _, c := range []struct {
				who    string
				folder mailbox.DistinguishedName
				want   int
			}{{"anna", mailbox.Inbox, inbox}, {"anna", mailbox.DeletedItems, deleted}, {"ben", mailbox.Inbox, delegate}, {"anna", mailbox.Calendar, 1}, {"ben", mailbox.Calendar, 0}} {
				_, items := h.list(c.who, c.folder)
				if len(items) != c.want {
					t.Errorf("%s, copies %s: %d items in %s of %s, want %d", deliver, copies, len(items), c.folder, c.who, c.want)
				}
				if c.folder == mailbox.Inbox && c.who == "anna" && len(items) == 1 {
					h.post("anna", all(idXML(h.id("anna", items[0])))).has(more...)
				}
			}
			h.delegation("anna", "RemoveDelegate", "anna", userIDs("ben")).codes(ews.NoError)
			for _, who := range []string{"anna", "ben", "carla"} {
				h.clear(who, mailbox.Inbox, mailbox.DeletedItems, mailbox.Calendar)
			}
		}
		test("NoForward", "true", 1, 0, 0, "NewMeetingRequest")
		test("DelegatesAndMe", "true", 1, 0, 1, "NewMeetingRequest")
		test("DelegatesAndMe", "false", 1, 0, 0, "NewMeetingRequest")
		test("DelegatesOnly", "true", 0, 1, 1)
		test("DelegatesOnly", "false", 1, 0, 0, "NewMeetingRequest")
		test("DelegatesAndSendInformationToMe", "true", 1, 0, 1, "PrincipalWantsCopy")
	})
}

func (h *house) clear(who string, folders ...mailbox.DistinguishedName) {
	h.Helper()
	for _, f := range folders {
		v, items := h.list(who, f)
		for _, it := range items {
			_, err := v.DeleteItems(h.Context(), []mailbox.ItemID{it.ID}, mailbox.HardDelete)
			h.must(err)
		}
	}
}

// A ring of delegates makes one message no more than each one's copy; what is
// private goes to none; an update and a cancellation go where the request went.
func TestNoStormOfCopies(t *testing.T) {
	h := open(t)
	ring := []string{"anna", "ben", "dora"}
	for i, who := range ring {
		h.addDelegate(who, ring[(i+1)%3], roles("Calendar", "Editor")+receives("true", "true"), "DelegatesAndMe").codes(ews.NoError)
	}
	h.invites("carla", named("calendar", ""), meeting("Secret", tomorrow(9), ews.FieldSensitivity, "Private", ews.FieldRequiredAttendees, attendees("anna"))).code(ews.NoError)
	h.one("anna", mailbox.Inbox)
	h.none("ben", mailbox.Inbox)
	h.clear("anna", mailbox.Inbox)

	made := h.invites("carla", named("calendar", ""), meeting("Open", tomorrow(11), ews.FieldRequiredAttendees, attendees("anna"))).code(ews.NoError)
	h.one("anna", mailbox.Inbox)
	h.one("ben", mailbox.Inbox)
	h.none("dora", mailbox.Inbox)
	h.clear("ben", mailbox.Inbox)
	h.post("carla", `<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToAllAndSaveCopy"><m:ItemIds><t:ItemId Id="`+made.attr("t:ItemId", "Id")+
		`"/></m:ItemIds></m:DeleteItem>`).code(ews.NoError)
	cancelled := h.one("ben", mailbox.Inbox)
	if cancelled.Class != "IPM.Schedule.Meeting.Canceled" {
		t.Errorf("the copy is %s", cancelled.Class)
	}
	// The delegate takes it out of the owner's calendar.
	h.respond("ben", ews.KindRemoveItem, h.id("ben", cancelled)).code(ews.NoError)
	if e := h.event("anna"); e.Subject != "Secret" {
		t.Errorf("left in the calendar: %s", e.Subject)
	}
	h.none("ben", mailbox.Inbox)
}

// A sender cannot make anybody answer for somebody else by what he writes into
// his message: whom a copy came for is the server's to say.
func TestForgedRepresentation(t *testing.T) {
	h := open(t)
	h.addDelegate("anna", "ben", roles("Calendar", "Editor"), "").codes(ews.NoError)
	forged := `<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0078" PropertyType="String"/><t:Value>` + address("anna") + `</t:Value></t:ExtendedProperty>`
	h.post("carla", `<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message><t:ItemClass>IPM.Schedule.Meeting.Request</t:ItemClass><t:Subject>x</t:Subject>`+forged+
		`<t:ToRecipients><t:Mailbox><t:EmailAddress>`+address("ben")+`</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></m:Items></m:CreateItem>`)
	if got := h.one("ben", mailbox.Inbox).Props.String(mailbox.PidTagReceivedRepresentingAddress); got != address("ben") {
		t.Errorf("received for %s", got)
	}
}

// Who may write into a calendar and not send for its owner makes no meeting
// there that others would have to be told of: not a part of it is done.
func TestNothingHalfDone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.permit("anna", "calendar", "ben", "Editor")
		anna := named("calendar", "anna")
		h.invites("ben", anna, meeting("Refused", tomorrow(9), ews.FieldRequiredAttendees, attendees("carla"))).code(ews.ErrorSendAsDenied)
		h.none("anna", mailbox.Calendar)
		h.none("carla", mailbox.Inbox)

		// Nor is a meeting changed of which others would have to be told.
		id := h.invite(meeting("Ours", tomorrow(9), ews.FieldRequiredAttendees, attendees("carla")))
		before := h.post("anna", all(idXML(id))).body
		update := strings.Replace(changing("AlwaysOverwrite", idXML(id), set("item:Subject", "CalendarItem", `<t:Subject>Mine</t:Subject>`)),
			`SendMeetingInvitationsOrCancellations="SendToNone"`, `SendMeetingInvitationsOrCancellations="SendToAllAndSaveCopy"`, 1)
		h.post("ben", update).code(ews.ErrorSendAsDenied)
		cancel := `<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToAllAndSaveCopy"><m:ItemIds>` + idXML(id) + `</m:ItemIds></m:DeleteItem>`
		h.post("ben", cancel).code(ews.ErrorSendAsDenied)
		if after := h.post("anna", all(idXML(id))).body; after != before {
			t.Errorf("changed\n%s\nto\n%s", before, after)
		}

		// Who may send and not delete calls nothing off.
		h.entitle("anna", "ben", access.SendOnBehalf)
		h.permit("anna", "calendar", "ben", "Author")
		h.clear("carla", mailbox.Inbox)
		h.post("ben", cancel).code(ews.ErrorAccessDenied)
		h.respond("ben", ews.KindCancelCalendarItem, id).code(ews.ErrorAccessDenied)
		h.none("carla", mailbox.Inbox)
		h.one("anna", mailbox.Calendar)

		// With both, it is sent on her behalf, and the copy is kept with him.
		h.permit("anna", "calendar", "ben", "Editor")
		h.post("ben", update).code(ews.NoError)
		told := h.one("carla", mailbox.Inbox)
		if told.Props.String(mailbox.PidTagSentRepresentingSMTP) != address("anna") || told.Props.String(mailbox.PidTagSenderSMTPAddress) != address("ben") {
			t.Errorf("told by %s for %s", told.Props.String(mailbox.PidTagSenderSMTPAddress), told.Props.String(mailbox.PidTagSentRepresentingSMTP))
		}
		h.one("ben", mailbox.SentItems)
	})
}
