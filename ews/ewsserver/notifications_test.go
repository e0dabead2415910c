package ewsserver

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/calendar"
	"entente/clientaccess"
	"entente/directory"
	"entente/ews"
	"entente/mailbox"
	"entente/soap"
)

const allEvents = `<t:EventTypes><t:EventType>CopiedEvent</t:EventType><t:EventType>CreatedEvent</t:EventType><t:EventType>DeletedEvent</t:EventType>` +
	`<t:EventType>ModifiedEvent</t:EventType><t:EventType>MovedEvent</t:EventType><t:EventType>NewMailEvent</t:EventType><t:EventType>FreeBusyChangedEvent</t:EventType></t:EventTypes>`

const ofInbox = `<t:FolderIds><t:DistinguishedFolderId Id="inbox"/></t:FolderIds>`

func ofInboxOf(who string) string {
	return `<t:FolderIds><t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>` + address(who) + `</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></t:FolderIds>`
}

func pull(folders, types, watermark string) string {
	return `<m:Subscribe><m:PullSubscriptionRequest>` + folders + types + watermark + `<t:Timeout>10</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>`
}

func streaming(folders, types string) string {
	return `<m:Subscribe><m:StreamingSubscriptionRequest>` + folders + types + `</m:StreamingSubscriptionRequest></m:Subscribe>`
}

// mailed has one send another a message.
func (h *house) mailed(from, whom string) {
	h.Helper()
	h.send(from, "hello", ews.FieldToRecipients, to(whom)).code(ews.NoError)
}

// A puller asks for the news of a pull subscription as clients do: with the
// watermark of the last event.
type puller struct {
	*house
	who, id, watermark string
}

func (h *house) pulls(who, folders string) *puller {
	h.Helper()
	a := h.post(who, pull(folders, allEvents, "")).code(ews.NoError)
	return &puller{h, who, a.text("m:SubscriptionId"), a.text("m:Watermark")}
}

func (p *puller) ask(watermark string) reply {
	p.Helper()
	return p.post(p.who, `<m:GetEvents><m:SubscriptionId>`+p.id+`</m:SubscriptionId><m:Watermark>`+watermark+`</m:Watermark></m:GetEvents>`)
}

// news returns the events since the last answer, without goings on in folders.
func (p *puller) news() []ews.Event {
	p.Helper()
	resp := &ews.GetEventsResponse{}
	p.ask(p.watermark).decode(resp)
	m := &resp.ResponseMessages[0]
	if m.ResponseCode != ews.NoError || m.Notification.SubscriptionID != p.id || m.Notification.PreviousWatermark != p.watermark {
		p.Fatalf("%+v", m)
	}
	p.watermark = m.Notification.Events[len(m.Notification.Events)-1].Watermark
	return m.Notification.Events
}

// hears expects kinds of events, those of items alone.
func (p *puller) hears(want ...ews.NotificationEventType) []ews.Event {
	p.Helper()
	var got, items []string
	var events []ews.Event
	for _, e := range p.news() {
		got = append(got, string(e.Kind))
		if e.ItemID != nil {
			items, events = append(items, string(e.Kind)), append(events, e)
		}
	}
	w := []string{}
	for _, k := range want {
		w = append(w, string(k))
	}
	if strings.Join(items, " ") != strings.Join(w, " ") {
		p.Errorf("heard %v, want of items %v", got, w)
	}
	return events
}

func TestPull(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		inbox, drafts := h.pulls("anna", ofInbox), h.pulls("anna", strings.Replace(ofInbox, "inbox", "drafts", 1))
		inbox.hears()
		h.mailed("ben", "anna")
		first := inbox.watermark
		mail := inbox.hears(ews.EventNewMail, ews.EventCreated)
		if len(mail) == 2 {
			id := mail[0].ItemID
			if it := h.get("anna", id); it == nil {
				t.Error("the id of the event is of no use")
			}
			if mail[0].ParentFolderID == nil || mail[0].TimeStamp.IsZero() {
				t.Errorf("event %+v", mail[0])
			}
			// The answer was lost: the same again.
			inbox.watermark = first
			if again := inbox.hears(ews.EventNewMail, ews.EventCreated); len(again) == 2 && *again[0].ItemID != *id {
				t.Error("another event the second time")
			}
			h.post("anna", `<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId><m:ItemIds><t:ItemId Id="`+id.ID+`"/></m:ItemIds></m:MoveItem>`).code(ews.NoError)
			if m := inbox.hears(ews.EventMoved); len(m) == 1 && (m[0].OldItemID == nil || m[0].OldItemID.ID != id.ID || m[0].OldParentFolderID == nil) {
				t.Errorf("moved %+v", m[0])
			}
		}
		inbox.hears()
		drafts.hears(ews.EventMoved)
	})
}

func TestPullOfAllFolders(t *testing.T) {
	h := open(t)
	a := h.post("anna", `<m:Subscribe><m:PullSubscriptionRequest SubscribeToAllFolders="true">`+allEvents+`<t:Timeout>1</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>`).code(ews.NoError)
	p := &puller{h, "anna", a.text("m:SubscriptionId"), a.text("m:Watermark")}
	folder := h.makeFolder("anna", "Projects")
	found := false
	for _, e := range p.news() {
		found = found || e.Kind == ews.EventCreated && e.FolderID != nil && e.FolderID.ID == folder && e.ParentFolderID != nil
	}
	if !found {
		t.Error("a new folder was not told of")
	}
	start := time.Now().Add(time.Hour)
	h.appoint("anna", &calendar.Event{UID: "x", Subject: "x", Start: start, End: start.Add(time.Hour), Status: calendar.StatusBusy})
	p.hears(ews.EventCreated, ews.EventFreeBusyChanged)
}

func TestSubscribeRefusals(t *testing.T) {
	h := open(t)
	test := func(who, body string, code ews.ResponseCode) {
		t.Helper()
		h.post(who, body).code(code)
	}
	test("anna", `<m:Subscribe><m:PushSubscriptionRequest>`+ofInbox+allEvents+`<t:StatusFrequency>1</t:StatusFrequency><t:URL>https://client.contoso.example/</t:URL></m:PushSubscriptionRequest></m:Subscribe>`, ews.ErrorInvalidSubscriptionRequest)
	test("anna", `<m:Subscribe><m:PullSubscriptionRequest>`+allEvents+`<t:Timeout>10</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>`, ews.ErrorInvalidSubscriptionRequest)
	test("anna", `<m:Subscribe><m:PullSubscriptionRequest SubscribeToAllFolders="true">`+ofInbox+allEvents+`<t:Timeout>10</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>`, ews.ErrorInvalidSubscriptionRequest)
	test("anna", `<m:Subscribe><m:PullSubscriptionRequest>`+ofInbox+allEvents+`<t:Timeout>1441</t:Timeout></m:PullSubscriptionRequest></m:Subscribe>`, ews.ErrorInvalidSubscriptionRequest)
	test("anna", pull(ofInbox, allEvents, `<t:Watermark>AAAA</t:Watermark>`), ews.ErrorInvalidWatermark)
	test("crm", pull(`<t:FolderIds><t:DistinguishedFolderId Id="inbox"/></t:FolderIds>`, allEvents, ""), ews.ErrorMissingEmailAddress)

	// What a delegate may not see is not there; what he may see is not his to
	// follow.
	test("ben", pull(ofInboxOf("anna"), allEvents, ""), ews.ErrorFolderNotFound)
	h.permit("anna", "inbox", "ben", "Owner")
	test("ben", pull(ofInboxOf("anna"), allEvents, ""), ews.ErrorSubscriptionDelegateAccessNotSupported)
	test("ben", streaming(ofInboxOf("anna"), allEvents), ews.ErrorSubscriptionDelegateAccessNotSupported)
	h.must(h.door.Directory.Update(t.Context(), func(c *directory.Change) error {
		return c.SetMailboxPermission(access.MailboxPermission{Mailbox: h.boxes["anna"], To: h.sids["ben"], Rights: access.FullAccess})
	}))
	test("ben", pull(ofInboxOf("anna"), allEvents, ""), ews.NoError)
	test("ben", pull(strings.Replace(ofInboxOf("anna"), `<t:FolderIds>`, `<t:FolderIds><t:DistinguishedFolderId Id="inbox"/>`, 1), allEvents, ""), ews.ErrorInvalidSubscriptionRequest)
}

func TestSubscriptionsOfOthersAreNone(t *testing.T) {
	h := open(t)
	p := h.pulls("crm>anna", ofInbox)
	for _, who := range [...]string{"anna", "crm>ben", "ben"} {
		other := *p
		other.who = who
		other.ask(p.watermark).code(ews.ErrorSubscriptionNotFound)
		h.post(who, `<m:Unsubscribe><m:SubscriptionId>`+p.id+`</m:SubscriptionId></m:Unsubscribe>`).code(ews.ErrorSubscriptionNotFound)
	}
	h.mailed("ben", "anna")
	p.hears(ews.EventNewMail, ews.EventCreated)
	h.post("crm>anna", `<m:Unsubscribe><m:SubscriptionId>`+p.id+`</m:SubscriptionId></m:Unsubscribe>`).code(ews.NoError)
	p.ask(p.watermark).code(ews.ErrorSubscriptionNotFound)
}

func TestWatermarks(t *testing.T) {
	h := open(t)
	p := h.pulls("anna", ofInbox)
	p.ask("").code(ews.ErrorInvalidWatermark)
	p.ask("***").code(ews.ErrorInvalidWatermark)
	at, err := parseWatermark(p.watermark)
	h.must(err)
	p.ask(watermark(at, at.Number+1000)).code(ews.ErrorInvalidWatermark)
	at.Replica++
	p.ask(watermark(at, at.Number)).code(ews.ErrorInvalidWatermark)

	// A watermark outlives its subscription: a new one goes on there.
	h.mailed("ben", "anna")
	q := h.post("anna", pull(ofInbox, allEvents, `<t:Watermark>`+p.watermark+`</t:Watermark>`)).code(ews.NoError)
	(&puller{h, "anna", q.text("m:SubscriptionId"), q.text("m:Watermark")}).hears(ews.EventNewMail, ews.EventCreated)

	s := h.post("anna", streaming(ofInbox, allEvents)).code(ews.NoError)
	(&puller{h, "anna", s.text("m:SubscriptionId"), ""}).ask(p.watermark).code(ews.ErrorInvalidPullSubscriptionId)
}

func FuzzWatermark(f *testing.F) {
	for _, s := range []string{"", "AQID", watermark(mailbox.NewsPoint{Replica: 1 << 62}, 1<<40), "AQ==", "!"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseWatermark(s)
		if err != nil {
			return
		}
		if q, err := parseWatermark(watermark(p, p.Number)); err != nil || q.Replica != p.Replica || q.Number != p.Number {
			t.Errorf("%q is %+v, and that is %+v: %v", s, p, q, err)
		}
	})
}

// withClock has the house's door go by a clock of the test.
func (h *house) withClock(change func(*clientaccess.Config)) (pass func(time.Duration)) {
	now := time.Now()
	c := h.door.Config
	c.Now = func() time.Time { return now }
	change(&c)
	h.door = clientaccess.New(c)
	h.guarded = h.door.Guard(clientaccess.EWS, h.handler)
	return func(d time.Duration) { now = now.Add(d) }
}

func TestSubscriptionsTimeOut(t *testing.T) {
	h := open(t)
	pass := h.withClock(func(*clientaccess.Config) {})
	p := h.pulls("anna", ofInbox)
	pass(9 * time.Minute)
	p.hears()
	pass(9 * time.Minute)
	p.hears()
	pass(11 * time.Minute)
	p.ask(p.watermark).code(ews.ErrorExpiredSubscription)
	p.ask(p.watermark).code(ews.ErrorSubscriptionNotFound)
}

func TestTwentyFirstSubscription(t *testing.T) {
	h := open(t)
	pass := h.withClock(func(*clientaccess.Config) {})
	var last *puller
	for range 20 {
		last = h.pulls("crm>anna", ofInbox)
	}
	a := h.post("crm>anna", pull(ofInbox, allEvents, "")).code(ews.ErrorExceededSubscriptionCount)
	if got := a.header.Get(clientaccess.BudgetHeader); !strings.Contains(got, "subscriptions=0/20") {
		t.Errorf("left %s", got)
	}
	h.pulls("crm>ben", ofInbox) // each user has his own
	h.pulls("anna", ofInbox)
	h.post("crm>anna", `<m:Unsubscribe><m:SubscriptionId>`+last.id+`</m:SubscriptionId></m:Unsubscribe>`).code(ews.NoError)
	h.pulls("crm>anna", ofInbox)
	pass(11 * time.Minute)
	h.pulls("crm>anna", ofInbox) // those that timed out make room
}

// A listening is a streaming connection of a real client's.
type listening struct {
	*house
	body *bufio.Reader
	end  func()
}

// listens opens a streaming connection.
func (h *house) listens(who string, ids ...string) *listening {
	h.Helper()
	server := httptest.NewServer(h.guarded)
	h.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.Context()))
	h.Cleanup(cancel)
	body := `<m:GetStreamingEvents><m:SubscriptionIds>`
	for _, id := range ids {
		body += `<t:SubscriptionId>` + id + `</t:SubscriptionId>`
	}
	caller, subject, acts := strings.Cut(who, ">")
	head := ""
	if acts {
		head = `<s:Header><t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>` + address(subject) + `</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header>`
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/EWS/Exchange.asmx", strings.NewReader(
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="`+ews.NSTypes+`" xmlns:m="`+ews.NSMessages+`">`+head+
			`<s:Body>`+body+`</m:SubscriptionIds><m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents></s:Body></s:Envelope>`))
	h.must(err)
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(address(caller)+":"+password)))
	resp, err := http.DefaultClient.Do(r)
	h.must(err)
	h.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		h.Fatalf("status %d", resp.StatusCode)
	}
	return &listening{h, bufio.NewReader(resp.Body), cancel}
}

// next returns the next answer on the connection.
func (l *listening) next() *ews.GetStreamingEventsResponseMessage {
	l.Helper()
	var b strings.Builder
	for !strings.HasSuffix(b.String(), "</Envelope>") && !strings.HasSuffix(b.String(), "</s:Envelope>") {
		c, err := l.body.ReadByte()
		if err != nil {
			l.Fatalf("%v after %s", err, b.String())
		}
		b.WriteByte(c)
	}
	m, err := soap.Open([]byte(b.String()), limits())
	l.must(err)
	resp := &ews.GetStreamingEventsResponse{}
	if err := ews.DecodeResponse(m.Body, resp); err != nil {
		l.Fatalf("%v in %s", err, b.String())
	}
	return &resp.ResponseMessages[0]
}

func (l *listening) says(status ews.ConnectionStatus, code ews.ResponseCode) {
	l.Helper()
	if m := l.next(); m.ConnectionStatus != status || m.ResponseCode != code {
		l.Errorf("answer %+v, want %s, %s", m, status, code)
	}
}

// hears expects an event of an item of a subscription, whatever comes before.
func (l *listening) hears(id string, kind ews.NotificationEventType) {
	l.Helper()
	for {
		m := l.next()
		if m.ConnectionStatus == ews.ConnectionClosed {
			l.Fatalf("closed: %+v", m)
		}
		for _, n := range m.Notifications {
			for _, e := range n.Events {
				if n.SubscriptionID == id && e.Kind == kind && e.ItemID != nil && e.Watermark == "" {
					return
				}
			}
		}
	}
}

func (h *house) streams(who, folders string) string {
	h.Helper()
	return h.post(who, streaming(folders, allEvents)).code(ews.NoError).text("m:SubscriptionId")
}

func TestStreaming(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		mine, others := h.streams("crm>anna", ofInbox), h.streams("crm>ben", ofInbox)
		h.mailed("ben", "anna")
		l := h.listens("crm>anna", mine, others)
		l.says(ews.ConnectionOK, ews.NoError)
		l.hears(mine, ews.EventNewMail)
		h.mailed("anna", "ben")
		h.mailed("ben", "anna")
		l.hears(mine, ews.EventNewMail)
		// Another connection takes a subscription over.
		next := h.listens("crm>anna", mine)
		next.says(ews.ConnectionOK, ews.NoError)
		for l.next().ConnectionStatus != ews.ConnectionClosed {
		}
		// One that ends is told.
		h.post("crm>anna", `<m:Unsubscribe><m:SubscriptionId>`+mine+`</m:SubscriptionId></m:Unsubscribe>`).code(ews.NoError)
		next.says(ews.ConnectionClosed, ews.ErrorSubscriptionNotFound)
		gone := h.listens("crm>anna", mine)
		gone.says(ews.ConnectionClosed, ews.ErrorSubscriptionNotFound)
	})
}

// A change of settings ends what they no longer allow, within a second and
// before anything more is told.
func TestRevocationEndsStreams(t *testing.T) {
	test := func(name, who string, code ews.ResponseCode, revoke func(h *house, c *directory.Change, all []directory.Assignment) error) {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
			done := make(chan struct{})
			go func() { h.door.Run(ctx); close(done) }()
			t.Cleanup(func() { cancel(); <-done })
			id := h.streams(who, ofInbox)
			l := h.listens(who, id)
			l.says(ews.ConnectionOK, ews.NoError)
			assignments, err := h.door.Directory.Assignments(ctx)
			h.must(err)
			start := time.Now()
			h.must(h.door.Directory.Update(ctx, func(c *directory.Change) error { return revoke(h, c, assignments) }))
			l.says(ews.ConnectionClosed, code)
			t.Logf("ended after %v", time.Since(start))
		})
	}
	test("assignment", "crm>anna", ews.ErrorImpersonateUserDenied, func(h *house, c *directory.Change, all []directory.Assignment) error {
		for i := range all {
			if all[i].Scope.Name == string(h.sids["anna"]) {
				return c.RemoveAssignment(all[i].ID)
			}
		}
		return fmt.Errorf("no assignment among %d", len(all))
	})
	test("gate", "anna", ews.ErrorAccessDenied, func(_ *house, c *directory.Change, _ []directory.Assignment) error {
		return c.SetOrganization(func(o *access.Organization) error { o.Policy.EwsEnabled = access.Off; return nil })
	})
	test("account", "anna", ews.ErrorAccessDenied, func(h *house, c *directory.Change, _ []directory.Assignment) error {
		return c.SetAccount(h.sids["anna"], func(a *directory.Account) error { a.Enabled = false; return nil })
	})
}

func TestStreamsEndWithTheServer(t *testing.T) {
	h := open(t)
	l := h.listens("anna", h.streams("anna", ofInbox))
	l.says(ews.ConnectionOK, ews.NoError)
	h.door.End()
	l.says(ews.ConnectionClosed, ews.NoError)
}

// A stream takes no place among the requests, and there are ten at most.
func TestEleventhStream(t *testing.T) {
	h := open(t)
	h.withClock(func(c *clientaccess.Config) { c.Concurrency = 1 })
	for range 10 {
		h.listens("anna", h.streams("anna", ofInbox)).says(ews.ConnectionOK, ews.NoError)
	}
	id := h.streams("anna", ofInbox)
	h.post("anna", `<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>`+id+`</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>1</m:ConnectionTimeout></m:GetStreamingEvents>`).fault(ews.ErrorExceededConnectionCount)
	h.post("anna", `<m:GetStreamingEvents><m:SubscriptionIds><t:SubscriptionId>`+id+`</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>31</m:ConnectionTimeout></m:GetStreamingEvents>`).fault(ews.ErrorInvalidRequest)
}
