package sharing

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/calendar"
	"entente/clientaccess"
	"entente/db"
	"entente/db/dbtest"
	"entente/directory"
	"entente/mailbox"
)

// copied marks by a copy.
type copied struct{}

func (copied) Append(b, data []byte) []byte { return append(append(b, "mark:"...), data...) }
func (copied) Valid(data, mark []byte) bool { return string(mark) == "mark:"+string(data) }

// A house has Anna with a calendar, and what publishes it.
type house struct {
	*testing.T
	*Service
	now      time.Time
	log      *audit.Log
	anna     directory.Account
	calendar *mailbox.Folder
	said     bytes.Buffer // by the service's log
	stop     context.CancelFunc
	ran      chan struct{}
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func newHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	h := &house{T: t, now: time.Date(2026, 11, 12, 9, 0, 0, 0, time.UTC), ran: make(chan struct{})}
	ctx := t.Context()
	dir, err := directory.Open(ctx, directory.Config{DB: d, Organization: "Contoso"})
	h.must(err)
	boxes := mailbox.New(mailbox.Config{Databases: func(string) (*db.DB, error) { return d, nil }})
	t.Cleanup(func() { h.must(boxes.Close()) })
	h.must(boxes.Migrate(ctx, "staff"))
	for _, m := range []db.Migration{audit.Schema(), clientaccess.Schema(), Schema()} {
		h.must(d.Migrate(ctx, m))
	}
	h.log, err = audit.Open(ctx, audit.Config{DB: d, Node: "n1", Signer: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Now: time.Now})
	h.must(err)
	t.Cleanup(h.log.Close)
	door := clientaccess.New(clientaccess.Config{
		Server: "mail.contoso.example", Directory: dir, Mailboxes: boxes, Log: h.log, Slog: slog.New(slog.DiscardHandler), Now: func() time.Time { return h.now },
	})
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	go func() { defer close(h.ran); door.Run(running) }()
	t.Cleanup(func() { stop(); <-h.ran })
	h.anna = directory.Account{Account: access.Account{Principal: access.Principal{UPN: "anna@contoso.example", Mail: "anna@contoso.example"}, Kind: access.KindUser, Enabled: true, Name: "Anna Adler"}}
	h.must(dir.Update(ctx, func(c *directory.Change) error {
		h.must(c.AddDomain("contoso.example"))
		h.must(c.SetDatabase(directory.Database{Name: "staff", URL: "sqlite:x"}))
		h.must(c.CreateAccount(&h.anna))
		h.anna.Mailbox, err = c.EnableMailbox(h.anna.SID, "staff")
		return err
	}))
	h.must(boxes.Create(ctx, mailbox.NewMailbox{ID: h.anna.Mailbox, Database: "staff", Owner: h.anna.Principal, Name: "Anna"}))
	h.Service = New(Config{
		DB: d, Directory: dir, Door: door, Seal: copied{}, Log: slog.New(slog.NewTextHandler(&h.said, nil)),
		Now: func() time.Time { return h.now }, Base: func() string { return "https://mail.contoso.example" },
	})
	h.fill()
	return h
}

// fill puts an appointment on each of some days into Anna's calendar.
func (h *house) fill() {
	s := h.Door.Local(h.anna.Principal, "test")
	v, err := s.Own(h.Context())
	h.must(err)
	h.calendar, err = v.FolderByName(h.Context(), mailbox.Calendar)
	h.must(err)
	for i, at := range []time.Time{h.now.Add(time.Hour), h.now.AddDate(0, 0, 30), h.now.AddDate(0, 5, 0), h.now.AddDate(0, -5, 0)} {
		e := &calendar.Event{UID: fmt.Sprint(i), Subject: "Subject" + fmt.Sprint(i), Location: "Place", Body: "Text", Start: at, End: at.Add(time.Hour), Status: calendar.StatusBusy, Zone: berlin(h.T)}
		it := &mailbox.Item{}
		h.must(it.SetEvent(e, mailbox.PartBody|mailbox.PartRecipients))
		h.must(v.CreateItem(h.Context(), h.calendar.ID, it))
	}
	h.must(s.Finish(h.Context(), ""))
}

// policy sets what the default sharing policy lets be published.
func (h *house) policy(actions access.SharingActions) {
	h.Helper()
	rules := []access.SharingRule{{Domain: access.AnonymousDomain, Actions: actions}}
	if actions == 0 {
		rules = []access.SharingRule{{Domain: "fabrikam.example", Actions: access.CalendarSharingFreeBusyReviewer}}
	}
	err := h.Directory.Update(h.Context(), func(c *directory.Change) error {
		const name = "Default Sharing Policy"
		if _, err := c.SharingPolicy(name); err == nil {
			return c.SetSharingPolicy(name, func(p *access.SharingPolicy) error { p.Rules = rules; return nil })
		}
		return c.CreateSharingPolicy(access.SharingPolicy{Name: name, Enabled: true, Default: true, Rules: rules})
	})
	h.must(err)
}

func (h *house) publish(set Settings, renew bool) *Publication {
	h.Helper()
	p, err := h.Publish(h.Context(), h.anna.Mailbox, h.calendar, set, renew)
	h.must(err)
	return p
}

// get asks for an address.
func (h *house) get(url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, url, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func each(t *testing.T, f func(h *house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(newHouse(t, d)) })
}

func settings(level Level) Settings {
	s := Default()
	s.Level = level
	return s
}

// TestLife leads a calendar through being published, changed, kept back by the
// policy, given a new address, and withdrawn.
func TestLife(t *testing.T) {
	each(t, func(h *house) {
		refused := func(level Level, reason entente.Reason) {
			h.Helper()
			_, err := h.Publish(h.Context(), h.anna.Mailbox, h.calendar, settings(level), false)
			var e *entente.Error
			if !errors.As(err, &e) || e.Kind != entente.Denied || e.Reason != reason {
				h.Errorf("%s: %v", level, err)
			}
		}
		refused(AvailabilityOnly, access.SharingDisabled)
		h.policy(0)
		refused(AvailabilityOnly, access.SharingDomain)
		h.policy(access.CalendarSharingFreeBusyDetail)
		refused(FullDetails, access.SharingLevel)
		p := h.publish(settings(LimitedDetails), false)
		page, feed := h.URL(p, HTML), h.URL(p, ICalendar)
		if w := h.get(page); w.Code != 200 || !strings.Contains(w.Body.String(), "Subject0") || strings.Contains(w.Body.String(), "Text") {
			h.Errorf("%d %s", w.Code, w.Body)
		}
		w := h.get(feed)
		if got := w.Body.String(); w.Code != 200 || !strings.Contains(got, "SUMMARY:Subject1") || strings.Contains(got, "Subject2") || strings.Contains(got, "Subject3") || strings.Contains(got, "ATTENDEE") {
			h.Errorf("%d %s", w.Code, got)
		}

		again := h.publish(settings(AvailabilityOnly), false)
		if h.URL(again, HTML) != page {
			h.Error("a change gave the calendar another address")
		}
		if w := h.get(feed); w.Code != 200 || !strings.Contains(w.Body.String(), "SUMMARY:Busy") || strings.Contains(w.Body.String(), "Subject") || strings.Contains(w.Body.String(), "Place") {
			h.Errorf("%d %s", w.Code, w.Body)
		}
		h.publish(settings(LimitedDetails), false)

		// What is switched off shows nothing from then on, and what is allowed again
		// is there again.
		gone := func(why, url string) {
			h.Helper()
			absent := h.get("https://mail.contoso.example/owa/calendar/nothing/at/all")
			if w := h.get(url); w.Code != 404 || w.Body.String() != absent.Body.String() || fmt.Sprint(w.Header()) != fmt.Sprint(absent.Header()) {
				h.Errorf("%s: %d %s %v", why, w.Code, w.Body, w.Header())
			}
		}
		h.policy(access.CalendarSharingFreeBusySimple)
		gone("the policy allows less", page)
		h.policy(0)
		gone("the policy allows nothing", feed)
		h.policy(access.CalendarSharingFreeBusyReviewer)
		if w := h.get(page); w.Code != 200 {
			h.Errorf("%d", w.Code)
		}
		next := h.publish(settings(LimitedDetails), true)
		gone("the address was replaced", page)
		if w := h.get(h.URL(next, HTML)); w.Code != 200 {
			h.Errorf("%d", w.Code)
		}
		h.must(h.Withdraw(h.Context(), h.anna.Mailbox, h.calendar.ID))
		gone("withdrawn", h.URL(next, HTML))
		if err := h.Withdraw(h.Context(), h.anna.Mailbox, h.calendar.ID); err == nil {
			h.Error("withdrawn twice")
		}
	})
}

// TestAddresses holds which paths name a calendar, and that all others are
// answered alike.
func TestAddresses(t *testing.T) {
	each(t, func(h *house) {
		h.policy(access.CalendarSharingFreeBusyReviewer)
		p := h.publish(settings(LimitedDetails), false)
		box, key := p.Mailbox.String(), hex.EncodeToString(p.secret[:])
		test := func(path string, code int) {
			h.Helper()
			h.now = h.now.Add(time.Minute)
			w := h.get("https://mail.contoso.example" + path)
			if w.Code != code || code == 404 && w.Body.String() != "404 page not found\n" {
				h.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		test("/owa/calendar/"+box+"@contoso.example/"+key+"/reachcalendar.html", 200)
		test("/owa/calendar/"+box+"%40contoso.example/"+key+"/reachcalendar.ics", 200)
		test("/OWA/Calendar/"+strings.ToUpper(box)+"@CONTOSO.EXAMPLE/"+strings.ToUpper(key)+"/ReachCalendar.HTML", 200)
		test("/owa/calendar/"+box+"@contoso.example/"+strings.Repeat("0", 32)+"/reachcalendar.html", 404)
		test("/owa/calendar/"+box+"@contoso.example/"+key[:31]+"/reachcalendar.html", 404)
		test("/owa/calendar/"+box+"@contoso.example/"+key+"00/reachcalendar.html", 404)
		test("/owa/calendar/"+box+"@contoso.example//reachcalendar.html", 404)
		test("/owa/calendar/"+box+"@fabrikam.example/"+key+"/reachcalendar.html", 404)
		test("/owa/calendar/"+box+"/"+key+"/reachcalendar.html", 404)
		test("/owa/calendar/"+entente.MailboxID{1}.String()+"@contoso.example/"+key+"/reachcalendar.html", 404)
		test("/owa/calendar/"+box+"@contoso.example/"+key+"/reachcalendar.xml", 404)
		test("/owa/calendar/"+box+"@contoso.example/"+key+"/calendar.html", 404)
		test("/owa/calendar/"+box+"@contoso.example/"+key+"/", 404)
		test("/owa/calendar/anna@contoso.example/calendar/calendar.html", 404) // not to be searched for
		open := settings(LimitedDetails)
		open.Searchable = true
		h.publish(open, false)
		test("/owa/calendar/anna@contoso.example/calendar/calendar.html", 200)
		test("/owa/calendar/anna%40contoso.example/calendar/calendar.ics", 200)
		test("/owa/calendar/ben@contoso.example/calendar/calendar.html", 404)
		test("/owa/calendar/anna@contoso.example/other/calendar.html", 404)

		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/owa/calendar/x", nil)); w.Code != http.StatusMethodNotAllowed {
			h.Errorf("POST: %d", w.Code)
		}
	})
}

// TestHeaders holds what goes along with a page, and that who has it is not sent
// it again.
func TestHeaders(t *testing.T) {
	each(t, func(h *house) {
		h.policy(access.CalendarSharingFreeBusyReviewer)
		p := h.publish(settings(FullDetails), false)
		w := h.get(h.URL(p, HTML))
		for name, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"X-Robots-Tag": "noindex, nofollow, noarchive", "Cache-Control": "private, no-cache", "Set-Cookie": "",
			"Content-Security-Policy": pagePolicy(),
		} {
			if got := w.Header().Get(name); got != want {
				h.Errorf("%s: %q", name, got)
			}
		}
		if !strings.HasPrefix(pagePolicy(), "default-src 'none'; style-src 'sha256-") || strings.Contains(pagePolicy(), "unsafe") {
			h.Error(pagePolicy())
		}
		tag := w.Header().Get("ETag")
		for match, code := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
			if w := h.get(h.URL(p, HTML), "If-None-Match", match); w.Code != code || code == 304 && w.Body.Len() > 0 {
				h.Errorf("If-None-Match: %s: %d", match, w.Code)
			}
		}
		r := httptest.NewRequest(http.MethodHead, h.URL(p, ICalendar), nil)
		w = httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" || w.Header().Get("Content-Type") != "text/calendar; charset=utf-8" {
			h.Errorf("HEAD: %d %v", w.Code, w.Header())
		}
		// The same is sent as long as nothing changes and the day does not.
		before := h.get(h.URL(p, ICalendar)).Header().Get("ETag")
		h.now = h.now.Add(time.Hour)
		if after := h.get(h.URL(p, ICalendar)).Header().Get("ETag"); after != before {
			h.Error("the calendar changed by itself")
		}
	})
}

// TestAlteredRows holds that a row written by SQL publishes nothing, and that it
// is said.
func TestAlteredRows(t *testing.T) {
	each(t, func(h *house) {
		h.policy(access.CalendarSharingFreeBusyReviewer)
		p := h.publish(settings(AvailabilityOnly), false)
		h.must(h.DB.Update(h.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE sharing_publication SET level = $1`, int(FullDetails))
			return err
		}))
		if w := h.get(h.URL(p, HTML)); w.Code != 404 {
			h.Errorf("%d %s", w.Code, w.Body)
		}
		if !strings.Contains(h.said.String(), "altered") || strings.Contains(h.said.String(), hex.EncodeToString(p.secret[:])) {
			h.Error(h.said.String())
		}
	})
}

// TestCounted holds that strangers are counted by the minute, refused ones too,
// and that a flood of one of them is turned away.
func TestCounted(t *testing.T) {
	each(t, func(h *house) {
		h.policy(access.CalendarSharingFreeBusySimple)
		p := h.publish(settings(AvailabilityOnly), false)
		for range 3 {
			h.get(h.URL(p, HTML))
		}
		h.get(h.URL(p, ICalendar))
		h.policy(0)
		h.get(h.URL(p, HTML))
		flood := 0
		for range 2 * burst {
			if h.get("https://mail.contoso.example/owa/calendar/a/b/calendar.html").Code == http.StatusTooManyRequests {
				flood++
			}
		}
		if flood != burst+5 {
			h.Errorf("%d of a flood were turned away", flood)
		}
		h.now = h.now.Add(time.Minute)
		if w := h.get("https://mail.contoso.example/owa/calendar/a/b/calendar.html"); w.Code != 404 {
			h.Errorf("after a minute: %d", w.Code)
		}
		h.stop()
		<-h.ran
		h.must(h.log.Flush(h.Context()))
		records, err := h.log.Search(h.Context(), audit.Filter{Mailbox: h.anna.Mailbox.String()})
		h.must(err)
		got := map[string]int{}
		for _, r := range records {
			if r.Kind == audit.System {
				continue // what filled the calendar
			}
			if r.Kind != audit.Stranger || r.Address != "192.0.2.1" {
				h.Errorf("%+v", r)
			}
			got[fmt.Sprint(r.Action, " ", r.Allowed, " ", r.Code)] = r.Count
		}
		if want := "map[published.ReadICalendar true :1 published.ReadPage false NotPublished:1 published.ReadPage true :3]"; fmt.Sprint(got) != want {
			h.Errorf("%v", got)
		}
	})
}

func TestRate(t *testing.T) {
	r := rate{of: map[string]*bucket{}}
	now := time.Unix(0, 0)
	test := func(source string, want bool) {
		t.Helper()
		if got := r.take(source, now); got != want {
			t.Errorf("%s: %v", source, got)
		}
	}
	for range burst {
		test("2001:db8::1", true)
	}
	test("2001:db8::2", false) // of the same network
	test("2001:db8:0:1::1", true)
	test("::ffff:192.0.2.1", true)
	now = now.Add(time.Minute / perMinute)
	test("2001:db8::3", true)
	test("2001:db8::3", false)
	for i := range maxBuckets {
		r.take(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&0xff, i&0xff), now)
	}
	test("192.0.2.99", false) // no room, and none has recovered
	now = now.Add(time.Hour)
	test("192.0.2.99", true)
	if len(r.of) > 2 {
		t.Errorf("%d sources are remembered", len(r.of))
	}
}
