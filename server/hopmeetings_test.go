package server

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"entente/admin"
	"entente/db"
)

// ids are the ids of items in an answer, as attributes.
func ids(body string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`<t:ItemId (Id="[^"]*" ChangeKey="[^"]*")/>`).FindAllStringSubmatch(body, -1) {
		all = append(all, m[1])
	}
	return all
}

func get(item string) string {
	return `<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape><m:ItemIds><t:ItemId ` + item + `/></m:ItemIds></m:GetItem>`
}

func findCalendarOf(who string) string {
	return strings.ReplaceAll(findIn(who), `Id="inbox"`, `Id="calendar"`)
}

// soon is an event on a day that rooms still promise.
func soon(body string) string {
	return strings.ReplaceAll(body, "2026-03-02T", time.Now().AddDate(0, 0, 30).Format(time.DateOnly)+"T")
}

func (c *cluster) did(node, who, body string) *reply {
	c.Helper()
	r := c.ask(node, who, "", body)
	if r.code() != "NoError" {
		c.Fatalf("%s: %d %s", body, r.status, r.body)
	}
	return r
}

// A room answers an organizer whose mailbox is another node's: yes to the first,
// no to the second, and he who asked knows.
func TestRoomElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "b")
	must(c.api(c.nodes["b"]).CreateRoom(t.Context(), admin.CreateRoom{Mail: "room@contoso.example", Database: "b"}))
	c.live()
	c.did("a", "anna", soon(createEvent("First", "room")))
	c.await("a", "anna", findIn(""), "Accepted: First")
	c.did("b", "ben", soon(createEvent("Second", "room")))
	c.await("b", "ben", findIn(""), "Declined: Second")
	r := c.did("a", "anna", findCalendarOf(""))
	if r := c.did("b", "anna", get(ids(r.body)[0])); !strings.Contains(r.body, "<t:ResponseType>Accept</t:ResponseType>") {
		t.Errorf("%s", r.body)
	}
}

// Who is away says so to a sender at another node, once.
func TestAwayElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "b")
	c.did("a", "ben", `<m:SetUserOofSettingsRequest><t:Mailbox><t:Address>ben@contoso.example</t:Address></t:Mailbox><t:UserOofSettings><t:OofState>Enabled</t:OofState><t:ExternalAudience>None</t:ExternalAudience><t:InternalReply><t:Message>Gone fishing</t:Message></t:InternalReply></t:UserOofSettings></m:SetUserOofSettingsRequest>`)
	c.did("a", "anna", createMessage("ben", "Where", "SendAndSaveCopy"))
	c.await("a", "anna", findIn(""), "Automatic reply: Where")
	c.did("b", "anna", createMessage("ben", "There", "SendAndSaveCopy"))
	c.await("b", "ben", findIn(""), "There")
	c.did("b", "ben", createMessage("anna", "Last", "SendAndSaveCopy")) // comes after what would have come before
	if r := c.await("a", "anna", findIn(""), "Last"); strings.Count(r.body, "Automatic reply") != 1 {
		t.Errorf("%s", r.body)
	}
}

// What no node takes for 48 hours comes back to its sender, whoever of the others
// sees it; and not before.
func TestMailExpires(t *testing.T) {
	c := newCluster(t, "a", "b", "d")
	c.person("anna", "a")
	c.person("ben", "b")
	c.nodes["b"].cancel() // what it does by itself
	c.did("a", "anna", createMessage("ben", "Late", "SendAndSaveCopy"))
	c.did("d", "anna", createMessage("ben", "Later", "SendAndSaveCopy"))
	waiting := func(want int) {
		t.Helper()
		n := must(c.nodes["d"].parcels.Waiting(t.Context()))
		if n["b"] != want {
			t.Errorf("%v wait, not %d", n, want)
		}
	}
	later := func(by time.Duration) { // for what waits now, and not for its reports
		t.Helper()
		d := c.nodes["d"] // which has the mailbox of neither
		c.must(d.main.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE hop_parcel SET created = created - $1`, by.Milliseconds())
			return err
		}))
		c.must(d.parcels.GiveUp(t.Context()))
	}
	later(47 * time.Hour)
	waiting(2)
	later(2 * time.Hour)
	waiting(0)
	r := c.await("a", "anna", findIn(""), "Undeliverable: Later")
	if !strings.Contains(r.body, "Undeliverable: Late<") || strings.Count(r.body, "Undeliverable") != 2 {
		t.Errorf("%s", r.body)
	}
	if r := c.did("a", "anna", get(ids(r.body)[0])); !strings.Contains(r.body, "could not be reached for too long") {
		t.Errorf("%s", r.body)
	}
	c.must(c.nodes["b"].parcels.Take(context.WithoutCancel(t.Context())))
	if r := c.did("b", "ben", findIn("")); strings.Contains(r.body, "Late") {
		t.Errorf("it came all the same: %s", r.body)
	}
}

// A delegate at another node than the owner has his copy, and answers for the
// owner by the owner's calendar; by the copy he does not, and nothing is half done.
func TestDelegateElsewhere(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "b")
	c.person("carla", "b")
	c.did("b", "anna", `<m:AddDelegate><m:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></m:Mailbox><m:DelegateUsers><t:DelegateUser><t:UserId><t:PrimarySmtpAddress>ben@contoso.example</t:PrimarySmtpAddress></t:UserId><t:DelegatePermissions><t:CalendarFolderPermissionLevel>Editor</t:CalendarFolderPermissionLevel></t:DelegatePermissions><t:ReceiveCopiesOfMeetingMessages>true</t:ReceiveCopiesOfMeetingMessages></t:DelegateUser></m:DelegateUsers><m:DeliverMeetingRequests>DelegatesAndMe</m:DeliverMeetingRequests></m:AddDelegate>`)
	c.live()
	c.did("b", "carla", createEvent("Budget", "anna"))
	r := c.await("b", "ben", findIn(""), "MeetingRequest")
	copied := ids(r.body)[0]
	if r := c.did("a", "ben", get(copied)); !strings.Contains(r.body, "<t:IsDelegated>true<") || !strings.Contains(r.body, "<t:ReceivedRepresenting><t:Mailbox><t:Name>anna<") {
		t.Errorf("%s", r.body)
	}
	c.await("a", "anna", findIn(""), "MeetingRequest")
	accept := func(item string) string {
		return `<m:CreateItem MessageDisposition="SendAndSaveCopy"><m:Items><t:AcceptItem><t:ReferenceItemId ` + item + `/></t:AcceptItem></m:Items></m:CreateItem>`
	}
	calendar := ids(c.did("b", "ben", findCalendarOf("anna")).body)
	if len(calendar) != 1 {
		t.Fatalf("%q", calendar)
	}
	answered := func(want string) {
		t.Helper()
		if r := c.did("a", "anna", get(calendar[0])); !strings.Contains(r.body, "<t:MyResponseType>"+want+"</t:MyResponseType>") {
			t.Errorf("not %s: %s", want, r.body)
		}
	}
	for _, node := range []string{"a", "b"} {
		if r := c.ask(node, "ben", "", accept(copied)); r.code() != "ErrorMailboxStoreUnavailable" || !strings.Contains(r.body, "by the item in its calendar") {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	answered("NoResponseReceived")
	c.did("b", "ben", accept(calendar[0]))
	answered("Accept")
	r = c.await("b", "carla", findIn(""), "Accepted: Budget")
	if r := c.did("b", "carla", get(ids(r.body)[0])); !strings.Contains(r.body, "<t:Sender><t:Mailbox><t:Name>ben<") || !strings.Contains(r.body, "<t:From><t:Mailbox><t:Name>anna<") {
		t.Errorf("%s", r.body)
	}
	if r := c.did("b", "ben", findIn("")); !strings.Contains(r.body, "Budget") {
		t.Errorf("the copy is gone: %s", r.body)
	}
	if all := ids(c.did("b", "ben", findCalendarOf("")).body); len(all) != 0 {
		t.Error("the delegate's own calendar has it")
	}
}
