package ewsserver

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"entente/access"
	"entente/audit"
	"entente/directory"
	"entente/ews"
)

// byAddress are requests of the operations that open nothing by an id.
func byAddress() map[string]string {
	box := `<m:Mailbox><t:EmailAddress>` + address("anna") + `</t:EmailAddress></m:Mailbox>`
	oof := `<t:Mailbox><t:Address>` + address("anna") + `</t:Address></t:Mailbox>`
	return map[string]string{
		"ConvertId":          `<m:ConvertId DestinationFormat="EwsId"><m:SourceIds><t:AlternateId Format="EwsId" Id="AAA=" Mailbox="` + address("anna") + `"/></m:SourceIds></m:ConvertId>`,
		"GetServerTimeZones": `<m:GetServerTimeZones/>`,
		"GetDelegate":        `<m:GetDelegate IncludePermissions="true">` + box + `</m:GetDelegate>`,
		"AddDelegate":        `<m:AddDelegate>` + box + `<m:DelegateUsers>` + aDelegate("ben", "") + `</m:DelegateUsers></m:AddDelegate>`,
		"UpdateDelegate":     `<m:UpdateDelegate>` + box + `<m:DeliverMeetingRequests>NoForward</m:DeliverMeetingRequests></m:UpdateDelegate>`,
		"RemoveDelegate":     `<m:RemoveDelegate>` + box + userIDs("ben") + `</m:RemoveDelegate>`,
		"GetUserAvailabilityRequest": `<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>0</t:Bias><t:StandardTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>` +
			`<t:DaylightTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>` +
			`<m:MailboxDataArray><t:MailboxData><t:Email><t:Address>` + address("anna") + `</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData></m:MailboxDataArray>` +
			`<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>2026-12-01T00:00:00</t:StartTime><t:EndTime>2026-12-02T00:00:00</t:EndTime></t:TimeWindow><t:RequestedView>FreeBusy</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>`,
		"GetUserOofSettingsRequest": `<m:GetUserOofSettingsRequest>` + oof + `</m:GetUserOofSettingsRequest>`,
		"SetUserOofSettingsRequest": `<m:SetUserOofSettingsRequest>` + oof + `<t:UserOofSettings><t:OofState>Disabled</t:OofState><t:ExternalAudience>None</t:ExternalAudience></t:UserOofSettings></m:SetUserOofSettingsRequest>`,
		"GetSharingFolder":          `<m:GetSharingFolder><m:SmtpAddress>dana@fabrikam.example</m:SmtpAddress><m:DataType>Calendar</m:DataType></m:GetSharingFolder>`,
		"ExpandDL":                  `<m:ExpandDL><m:Mailbox><t:EmailAddress>` + address("nolist") + `</t:EmailAddress></m:Mailbox></m:ExpandDL>`,
		"GetRoomLists":              `<m:GetRoomLists/>`,
		"GetRooms":                  `<m:GetRooms><m:RoomList><t:EmailAddress>` + address("nolist") + `</t:EmailAddress></m:RoomList></m:GetRooms>`,
		"Unsubscribe":               `<m:Unsubscribe><m:SubscriptionId>s</m:SubscriptionId></m:Unsubscribe>`,
		"GetEvents":                 `<m:GetEvents><m:SubscriptionId>s</m:SubscriptionId><m:Watermark>w</m:Watermark></m:GetEvents>`,
		"GetStreamingEvents":        `<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>s</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents>`,
	}
}

// TestOneDoor takes every operation by every way to sign in through the one
// door: nobody unknown comes in, nobody whom the gate keeps out, nobody as
// somebody he may not act as; and whoever does is on record with how he came.
func TestOneDoor(t *testing.T) {
	h := open(t)
	id := h.create("anna", item(ews.KindMessage, ews.FieldSubject, "hers"))[0]
	it, err := ews.ParseStoreID(id.ID)
	h.must(err)
	folder := ews.StoreID{Mailbox: it.Mailbox, Folder: it.Folder}.String()
	requests := byAddress()
	for element, list := range strange() {
		requests[element] = strings.NewReplacer(`"I"`, `"`+id.ID+`"`, `"F"`, `"`+folder+`"`, `"A"`, `"`+id.ID+`"`, `"K"`, `"`+id.ChangeKey+`"`).Replace(list[0])
	}
	for element, op := range h.handler.operations {
		request, ok := requests[element]
		if !ok {
			t.Errorf("%s is served, and is not tried here", element)
			continue
		}
		for _, method := range methods {
			h.method = method
			h.unknown(element, request)
			h.gate("anna", false)
			a := h.post("crm>anna", request)
			if a.status != http.StatusForbidden || a.header.Get("X-CasErrorCode") != "ErrorAccessDenied" || strings.Contains(a.body, "hers") {
				t.Errorf("%s by %s, the gate shut: %d %s", element, method, a.status, a.body)
			}
			h.gate("anna", true)
			h.post("crm>carla", request).fault(ews.ErrorImpersonateUserDenied)
			if a := h.post("crm>anna", request); a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
				t.Errorf("%s by %s: %d %s", element, method, a.status, a.body)
			} else {
				h.onRecord(element, op.name, method, a.header.Get("request-id"))
			}
		}
	}
}

// unknown sends a request as nobody: the handler never sees it.
func (h *house) unknown(element, request string) {
	h.Helper()
	for _, credentials := range []string{"", "Basic bm9ib2R5Om5vYm9keQ==", "Bearer nobody", "Entente-Node a.b.c", "Negotiate YII="} {
		r := httptest.NewRequestWithContext(h.Context(), http.MethodPost, "/EWS/Exchange.asmx", strings.NewReader(envelope("", request)))
		if credentials != "" {
			r.Header.Set("Authorization", credentials)
		}
		w := httptest.NewRecorder()
		h.door.Guard("ews", refuseAll{h, element}).ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			h.Errorf("%s with %q: %d", element, credentials, w.Code)
		}
	}
}

// onRecord expects a request on record, as what it was and how it came.
func (h *house) onRecord(element, name string, method access.Method, request string) {
	h.Helper()
	h.must(h.door.Log.Flush(h.Context()))
	found, err := h.door.Log.Search(h.Context(), audit.Filter{Request: request})
	h.must(err)
	n := 0
	for _, r := range found {
		if r.Action == "ews."+name {
			n++
		}
		if r.Method != method || r.By.SID != h.sids["crm"] || r.As.SID != h.sids["anna"] || len(r.Steps) == 0 {
			h.Errorf("%s by %s is recorded as %+v", element, method, r)
		}
	}
	if n != 1 {
		h.Errorf("%s by %s is %d times on record", element, method, n)
	}
}

// gate opens or shuts EWS for one mailbox. Set-CASMailbox -EwsEnabled
func (h *house) gate(alias string, open bool) {
	h.Helper()
	setting := access.Off
	if open {
		setting = access.On
	}
	h.must(h.door.Directory.Update(h.Context(), func(c *directory.Change) error {
		return c.SetAccount(h.sids[alias], func(a *directory.Account) error {
			a.Policy = &access.ClientPolicy{EwsEnabled: setting}
			return nil
		})
	}))
}

// An operation that does not say what it asks for is not served.
func TestUnstatedOperation(t *testing.T) {
	for element, op := range operations() {
		if !op.stated {
			t.Errorf("%s does not say which rights it asks for", element)
		}
	}
	h := open(t)
	h.handler.operations["GetFolder"] = operation{}
	h.post("anna", getFolder(idOnly, named("inbox", ""))).fault(ews.ErrorInvalidOperation)
}
