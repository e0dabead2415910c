package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
	"entente/db/dbtest"
)

// A house is a store with Anna's and Ben's mailboxes, and permits made as the
// door makes them.
type house struct {
	testing.TB
	store    *Store
	db       *db.DB
	ticks    atomic.Int64 // seconds since the day the tests are on
	facts    access.Facts
	snapshot *access.Snapshot
}

var (
	annas = entente.MailboxID{0xa}
	bens  = entente.MailboxID{0xb}
)

const database = "first"

func sid(who string) entente.SID {
	return entente.SID("S-1-5-21-1-2-3-" + map[string]string{"anna": "1001", "ben": "1002", "carla": "1003"}[who])
}

func principal(who string) access.Principal {
	return access.Principal{SID: sid(who), UPN: entente.UPN(who + "@contoso.example"), Mail: entente.SMTPAddress(who + "@contoso.example")}
}

// now is the time the house lives in; each look at its clock takes a second.
func (h *house) now() time.Time {
	return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).Add(time.Duration(h.ticks.Load()) * time.Second)
}

func newHouse(tb testing.TB, d *db.DB, limits Limits) *house {
	tb.Helper()
	h := &house{TB: tb, db: d}
	h.facts = access.Facts{Accounts: []access.Account{
		{Principal: principal("anna"), Kind: access.KindUser, Enabled: true, Mailbox: annas, Database: database},
		{Principal: principal("ben"), Kind: access.KindUser, Enabled: true, Mailbox: bens, Database: database},
		{Principal: principal("carla"), Kind: access.KindUser, Enabled: true},
	}}
	h.snapshot = access.Compile(h.facts)
	h.store = New(Config{
		Databases: func(string) (*db.DB, error) { return d, nil },
		Now:       func() time.Time { h.ticks.Add(1); return h.now() },
		Limits:    limits,
		Poll:      20 * time.Millisecond,
	})
	tb.Cleanup(func() { h.must(h.store.Close()) })
	h.must(h.store.Migrate(context.Background(), database))
	h.must(h.store.Create(context.Background(), NewMailbox{ID: annas, Database: database, Owner: principal("anna"), Name: "Anna"}))
	h.must(h.store.Create(context.Background(), NewMailbox{ID: bens, Database: database, Owner: principal("ben"), Name: "Ben"}))
	return h
}

// each runs a test on both databases and verifies what it leaves.
func each(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, Limits{})
		f(t, h)
		if err := h.store.Verify(t.Context(), database); err != nil {
			t.Errorf("left behind: %v", err)
		}
	})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// fails expects an error with a reason.
func (h *house) fails(err error, want entente.Reason) {
	h.Helper()
	var e *entente.Error
	if !errors.As(err, &e) || e.Reason != want {
		h.Fatalf("error %v, want one because of %s", err, want)
	}
}

func (h *house) permit(who string, id entente.MailboxID, want access.Rights) access.Permit {
	h.Helper()
	q := access.Question{
		Caller: &access.Caller{Authenticated: principal(who), Method: access.Basic},
		On:     access.MailboxOf(id), Want: want, At: h.now(),
	}
	p, err := h.snapshot.Ask(q, &access.Trace{})
	h.must(err)
	return p
}

// open opens a mailbox for somebody.
func (h *house) open(who string, id entente.MailboxID) *View {
	h.Helper()
	v, err := h.store.Open(context.Background(), database, id, h.permit(who, id, access.FolderLookup), here)
	h.must(err)
	return v
}

func (h *house) anna() *View { h.Helper(); return h.open("anna", annas) }
func (h *house) ben() *View  { h.Helper(); return h.open("ben", annas) } // at Anna's

func (h *house) folder(v *View, name DistinguishedName) FolderID {
	h.Helper()
	f, err := v.FolderByName(context.Background(), name)
	h.must(err)
	return f.ID
}

// mail is a message with some of everything.
func mail(subject string) *Item {
	it := &Item{
		Class:      "IPM.Note",
		Body:       &Body{Text: []byte("text of " + subject), HTML: []byte("<p>" + subject)},
		MIME:       []byte("Subject: " + subject + "\r\n\r\n"),
		Recipients: []Recipient{{Kind: To, Name: "Anna", Address: "anna@contoso.example"}, {Kind: Cc, Address: "carla@contoso.example"}},
	}
	it.Props.SetString(PidTagSubject, subject)
	return it
}

func (h *house) put(v *View, folder FolderID, subject string) *Item {
	h.Helper()
	it := mail(subject)
	h.must(v.CreateItem(context.Background(), folder, it))
	return it
}

// grant gives somebody rights on a folder of Anna's.
func (h *house) grant(folder FolderID, who string, rights access.Rights) {
	h.Helper()
	f, err := h.anna().Folder(context.Background(), folder)
	h.must(err)
	entries := slices.DeleteFunc(f.Table.Entries, func(e access.Entry) bool { return e.SID == sid(who) })
	_, err = h.anna().SetPermissions(context.Background(), folder, append(entries, access.Entry{SID: sid(who), Rights: rights}))
	h.must(err)
}

// grants replaces what item grants give, all of it to Ben in Anna's mailbox.
func (h *house) grants(list ...access.ItemGrant) {
	h.Helper()
	for i := range list {
		g := &list[i]
		g.ID, g.Mailbox, g.To, g.Enabled = fmt.Sprint("grant", i), annas, sid("ben"), true
	}
	h.facts.ItemGrants = list
	h.snapshot = access.Compile(h.facts)
}

// key is how grants name an item, or one occurrence of it.
func key(it *Item, day ...calendar.Date) access.ItemKey {
	k := access.ItemKey{Content: it.contentID}
	if len(day) > 0 {
		k.Day = keyDay(day[0])
	}
	return k
}

func sqlite(tb testing.TB) *db.DB { tb.Helper(); return dbtest.SQLite(tb) }

// request is the witness of one request.
type request string

func (r request) Note(string, entente.MailboxID) Note {
	return Note{Request: string(r), Record: []byte("record of " + r)}
}

func (r request) Origin(entente.MailboxID) (Origin, bool) { return Origin{}, false }

// here is the request of tests that look at something else.
const here request = "here"
