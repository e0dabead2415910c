package ldap

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/access"
	"entente/directory"
)

// TestLiar: whatever a server sends, a sync ends in time, within memory, and
// disables nobody.
func TestLiar(t *testing.T) {
	paged := func(f func(l *liar, w io.Writer, id int64, q asked)) func(*liar, io.Writer, int64, asked) bool {
		return func(l *liar, w io.Writer, id int64, q asked) bool {
			if !q.paged || strings.HasPrefix(q.base, "CN=Deleted Objects") {
				return false
			}
			f(l, w, id, q)
			return true
		}
	}
	raw := func(b string) func(*liar, io.Writer, int64, asked) bool {
		return paged(func(_ *liar, w io.Writer, _ int64, _ asked) { _, _ = io.WriteString(w, b) })
	}
	entry := func(set map[string][]string) func(*liar, io.Writer, int64, asked) bool {
		return paged(func(l *liar, w io.Writer, id int64, q asked) {
			e := person(0)
			for name, v := range set {
				for _, a := range e.Attributes {
					if a.Name == name {
						a.Values = v
					}
				}
			}
			_, _ = w.Write(message(id, entryPacket(e)))
			l.done(w, id, true, "")
		})
	}
	test := func(name, want string, search func(*liar, io.Writer, int64, asked) bool) {
		t.Helper()
		l := newLiar(t)
		c, here := l.client(t)
		if r, err := c.Sync(t.Context()); err != nil || r.Created != 3 {
			t.Fatalf("%s: an honest one: %+v %v", name, r, err)
		}
		l.lie(search)
		switch name {
		case "silence":
			c.Timeout = 200 * time.Millisecond
		case "endless entries":
			c.answer = 8 << 20
		}
		began := time.Now()
		_, err := c.SyncWith(t.Context(), Options{Full: true})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("%s: %v", name, took)
		}
		for i := range 3 {
			if a, ok := here.Snapshot().FindUPN(fmt.Sprintf("p%04d@entente.test", i)); !ok || !a.Enabled {
				t.Errorf("%s: somebody was disabled", name)
			}
		}
		l.lie(nil)
		c.Timeout = 20 * time.Second
		if _, err := c.SyncWith(t.Context(), Options{Full: true}); err != nil {
			t.Errorf("%s: afterwards: %v", name, err)
		}
	}
	test("silence", "deadline exceeded", paged(func(*liar, io.Writer, int64, asked) {}))
	test("no LDAP", errNotLDAP.Error(), raw("HTTP/1.1 400 Bad Request\r\n\r\n"))
	test("4 GiB are announced", errNotLDAP.Error(), raw("\x30\x84\xff\xff\xff\xff\x02\x01\x01"))
	test("1 GiB is announced", errMessage.Error(), raw("\x30\x84\x40\x00\x00\x00\x02\x01\x01"))
	test("indefinite length", errNotLDAP.Error(), raw("\x30\x80\x02\x01\x01\x00\x00"))
	test("deep", "lies deeper", raw(nested(100)))
	test("many elements", "elements", raw(string(message(2, many(maxElements)))))
	test("a value of 5 MiB", errMessage.Error(), raw(string(message(2, entryPacket(goldap.NewEntry("CN=x", map[string][]string{"cn": {strings.Repeat("x", 5<<20)}}))))))
	test("endless pages", errEndless.Error(), paged(func(l *liar, w io.Writer, id int64, _ asked) { l.done(w, id, true, "again") }))
	test("endless referrals", errEndless.Error(), paged(func(_ *liar, w io.Writer, id int64, _ asked) {
		for range 2000 {
			if _, err := w.Write(message(id, referral(goldap.ApplicationSearchResultReference))); err != nil {
				return
			}
		}
	}))
	test("endless entries", errAnswer.Error(), paged(func(_ *liar, w io.Writer, id int64, _ asked) {
		b := message(id, entryPacket(goldap.NewEntry("CN=x", map[string][]string{"objectGUID": {strings.Repeat("g", 16)}, "uSNChanged": {"1"}, "cn": {strings.Repeat("x", 1<<20)}})))
		for range 100 {
			if _, err := w.Write(b); err != nil {
				return
			}
		}
	}))
	test("a referral for an answer", "Referral", paged(func(_ *liar, w io.Writer, id int64, _ asked) {
		_, _ = w.Write(message(id, result(goldap.ApplicationSearchResultDone, goldap.LDAPResultReferral, "")))
	}))
	test("half an answer", errHalf.Error(), paged(func(_ *liar, w io.Writer, id int64, _ asked) {
		_, _ = w.Write(message(id, entryPacket(person(0))))
		_, _ = w.Write(message(id, result(goldap.ApplicationSearchResultDone, 0, "")))
	}))
	test("an answer of another kind", "tag", paged(func(_ *liar, w io.Writer, id int64, _ asked) {
		_, _ = w.Write(message(id, result(goldap.ApplicationModifyResponse, 0, "")))
	}))
	test("an entry without attributes", "", paged(func(_ *liar, w io.Writer, id int64, _ asked) {
		_, _ = w.Write(message(id, referral(goldap.ApplicationSearchResultEntry)))
	}))
	test("busy", "Busy", paged(func(_ *liar, w io.Writer, id int64, _ asked) {
		_, _ = w.Write(message(id, result(goldap.ApplicationSearchResultDone, goldap.LDAPResultBusy, "")))
	}))
	test("a GUID of three bytes", "GUID", entry(map[string][]string{"objectGUID": {"abc"}}))
	test("no number", "uSNChanged", entry(map[string][]string{"uSNChanged": {"many"}}))
}

func nested(n int) string {
	b := []byte{0x02, 0x01, 0x02}
	for range n {
		b = append([]byte{0x30, 0x82, byte(len(b) >> 8), byte(len(b))}, b...)
	}
	return string(b)
}

func many(n int) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultEntry, nil, "")
	for range n {
		p.AppendChild(ber.Encode(ber.ClassUniversal, ber.TypePrimitive, ber.TagNULL, nil, ""))
	}
	return p
}

// TestStartTLS: nothing is said before TLS, and nothing that was appended to the
// answer is taken for what comes after.
func TestStartTLS(t *testing.T) {
	test := func(name string, works bool, plain func(c net.Conn) bool) {
		t.Helper()
		l := newLiar(t)
		l.plain = plain
		c, _ := l.client(t, "ldap://"+l.address)
		if name == "silence" {
			c.Timeout = 200 * time.Millisecond
		}
		if _, err := c.Server(t.Context()); (err == nil) != works {
			t.Errorf("%s: %v", name, err)
		}
	}
	accept := func(c net.Conn, more string) bool {
		p, err := ber.ReadPacket(c)
		if err != nil || len(p.Children) < 2 || p.Children[1].Tag != goldap.ApplicationExtendedRequest || p.Children[1].Children[0].Data.String() != "1.3.6.1.4.1.1466.20037" {
			t.Errorf("the first thing said is %v", p)
			return false
		}
		_, err = c.Write(append(message(1, result(goldap.ApplicationExtendedResponse, 0, "")), more...))
		return err == nil
	}
	test("accepted", true, func(c net.Conn) bool { return accept(c, "") })
	test("refused", false, func(c net.Conn) bool {
		_, _ = ber.ReadPacket(c)
		_, _ = c.Write(message(1, result(goldap.ApplicationExtendedResponse, goldap.LDAPResultUnavailable, "no TLS")))
		return false
	})
	test("another answer", false, func(c net.Conn) bool {
		_, _ = ber.ReadPacket(c)
		_, _ = c.Write(message(1, result(goldap.ApplicationBindResponse, 0, "")))
		return true
	})
	test("an answer to what is not asked yet", false, func(c net.Conn) bool {
		return accept(c, string(message(1, result(goldap.ApplicationBindResponse, 0, ""))))
	})
	test("silence", false, func(c net.Conn) bool { _, _ = io.Copy(io.Discard, c); return false })
}

// TestGroups reads a group in ranges, one of which leads nowhere, and primary
// groups.
func TestGroups(t *testing.T) {
	l := newLiar(t)
	group := goldap.NewEntry("CN=All,DC=entente,DC=test", map[string][]string{
		"objectClass": {"group"}, "objectGUID": {strings.Repeat("G", 16)}, "objectSid": {binarySID(513)}, "uSNChanged": {"500"},
		"cn": {"All"}, "groupType": {"-2147483646"}, "member;range=0-1": {member(7), member(8)},
	})
	l.objects = append(l.objects, group)
	l.lie(func(l *liar, w io.Writer, id int64, q asked) bool {
		if q.base != group.DN {
			return false
		}
		e := goldap.NewEntry(group.DN, map[string][]string{"member;range=2-*": {member(9), "<GUID=00>;CN=A contact", "CN=Nobody"}})
		_, _ = w.Write(message(id, entryPacket(e)))
		l.done(w, id, q.paged, "")
		return true
	})
	c, here := l.client(t)
	if r, err := c.Sync(t.Context()); err != nil || r.Created != 4 {
		t.Fatalf("%+v %v", r, err)
	}
	g, err := here.Group(t.Context(), "S-1-5-21-1-2-3-513")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(g.Members); got != "[S-1-5-21-1-2-3-2000 S-1-5-21-1-2-3-2001 S-1-5-21-1-2-3-2002 S-1-5-21-1-2-3-7 S-1-5-21-1-2-3-8 S-1-5-21-1-2-3-9]" {
		t.Errorf("members: %s", got)
	}
	// An account whose primary group becomes another: the group did not change.
	l.set(0, "primaryGroupID", "514")
	if _, err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g, err = here.Group(t.Context(), "S-1-5-21-1-2-3-513"); err != nil || len(g.Members) != 5 {
		t.Errorf("members: %v %v", g.Members, err)
	}
	l.lie(func(l *liar, w io.Writer, id int64, q asked) bool {
		if q.base != group.DN {
			return false
		}
		_, _ = w.Write(message(id, entryPacket(goldap.NewEntry(group.DN, map[string][]string{"member;range=0-1": {member(7), member(8)}}))))
		l.done(w, id, q.paged, "")
		return true
	})
	if _, err := c.SyncWith(t.Context(), Options{Full: true}); err == nil || !strings.Contains(err.Error(), errEndless.Error()) {
		t.Errorf("ranges without an end: %v", err)
	}
}

// TestForeignSID: a directory speaks of no SIDs but its domain's. Who has another
// one there is refused, and whom it names here stays as he is.
func TestForeignSID(t *testing.T) {
	l := newLiar(t)
	c, here := l.client(t)
	own := &directory.Account{Account: access.Account{Principal: access.Principal{UPN: "boss@entente.test"}, Name: "Boss", Kind: access.KindUser, Enabled: true}}
	if err := here.Update(t.Context(), func(c *directory.Change) error { return c.CreateAccount(own) }); err != nil {
		t.Fatal(err)
	}
	var sid []byte
	for i, part := range strings.Split(string(own.SID), "-")[3:] {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			sid = []byte{1, 5, 0, 0, 0, 0, 0, 5}
		}
		sid = binary.LittleEndian.AppendUint32(sid, uint32(n))
	}
	for _, bits := range []string{"512", "514"} { // enabled and disabled there
		l.set(0, "objectSid", string(sid))
		l.set(0, "userAccountControl", bits)
		if r, err := c.Sync(t.Context()); err != nil || r.Refused != 1 || r.Disabled != 0 {
			t.Errorf("%+v %v", r, err)
		}
	}
	l.mu.Lock()
	l.objects = l.objects[1:] // and gone
	l.mu.Unlock()
	if r, err := c.SyncWith(t.Context(), Options{Full: true}); err != nil || r.Disabled != 0 {
		t.Errorf("%+v %v", r, err)
	}
	// Nor is the domain ours because it says so.
	l.lie(func(l *liar, w io.Writer, id int64, q asked) bool {
		if q.base != l.root["defaultNamingContext"][0] || q.paged {
			return false
		}
		_, _ = w.Write(message(id, entryPacket(goldap.NewEntry(q.base, map[string][]string{"objectSid": {"\x01\x04" + string(sid[2:len(sid)-4])}}))))
		l.done(w, id, q.paged, "")
		return true
	})
	if _, err := c.Sync(t.Context()); kindOfError(err) != entente.Conflict {
		t.Errorf("with our own SID: %v", err)
	}
	if a, err := here.Account(t.Context(), own.SID); err != nil || !a.Enabled || a.UPN != own.UPN || a.Name != "Boss" {
		t.Errorf("%+v %v", a, err)
	}
}

// TestMade: a database in which no mailbox can be made keeps nobody from being
// stopped, and is asked once a sync, until it can.
func TestMade(t *testing.T) {
	l := newLiar(t)
	c, here := l.client(t)
	broken := errors.New("the disk is full")
	asked, given := 0, 0
	c.Made = func(_ context.Context, accounts []entente.SID) error {
		asked, given = asked+1, len(accounts)
		return broken
	}
	sync := func(wantAsked, wantGiven int) {
		t.Helper()
		asked, given = 0, 0
		if _, err := c.Sync(t.Context()); err != nil || asked != wantAsked || given != wantGiven {
			t.Errorf("%v; asked %d times, for %d accounts, want %d and %d", err, asked, given, wantAsked, wantGiven)
		}
	}
	sync(1, 3)
	l.set(0, "userAccountControl", "514")
	sync(1, 3)
	if a, err := here.Account(t.Context(), "S-1-5-21-1-2-3-2000"); err != nil || a.Enabled {
		t.Errorf("%+v %v: disabled there, and not here", a, err)
	}
	if c.Fresh().IsZero() {
		t.Error("what was read does not count")
	}
	broken = nil
	sync(1, 3)
	sync(0, 0)
}

func member(rid int) string {
	return fmt.Sprintf("<GUID=00000000-0000-0000-0000-000000000001>;<SID=S-1-5-21-1-2-3-%d>;CN=m%d,DC=entente,DC=test", rid, rid)
}

// set changes an object as a server does, with the next number.
func (l *liar) set(i int, attr string, values ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	usn, _ := strconv.Atoi(l.root["highestCommittedUSN"][0])
	next := []string{strconv.Itoa(usn + 1)}
	l.root["highestCommittedUSN"] = next
	e := l.objects[i]
	e.Attributes = slices.DeleteFunc(e.Attributes, func(a *goldap.EntryAttribute) bool { return a.Name == attr || a.Name == "uSNChanged" })
	e.Attributes = append(e.Attributes, goldap.NewEntryAttribute("uSNChanged", next))
	if len(values) > 0 {
		e.Attributes = append(e.Attributes, goldap.NewEntryAttribute(attr, values))
	}
}

// TestExchange: what a schema that was extended for Exchange says, and takes back.
// Without it the same attributes are our own.
func TestExchange(t *testing.T) {
	l := newLiar(t)
	c, here := l.client(t)
	sync := func() {
		t.Helper()
		if r, err := c.Sync(t.Context()); err != nil || r.Refused != 0 {
			t.Fatalf("%+v %v", r, err)
		}
	}
	account := func(i int) *directory.Account {
		t.Helper()
		a, err := here.Account(t.Context(), entente.SID(fmt.Sprintf("S-1-5-21-1-2-3-%d", 2000+i)))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	l.set(0, "extensionAttribute1", "theirs")
	sync()
	ours := func(c *directory.Change) error {
		return c.SetAccount("S-1-5-21-1-2-3-2000", func(a *directory.Account) error {
			a.Kind, a.Hidden, a.Custom[0] = access.KindShared, true, "ours"
			return nil
		})
	}
	if err := here.Update(t.Context(), ours); err != nil {
		t.Fatal(err)
	}
	l.set(0, "title", "Head")
	sync()
	if a := account(0); a.Title != "Head" || a.Kind != access.KindShared || !a.Hidden || a.Custom[0] != "ours" {
		t.Errorf("without the schema: %+v", a)
	}

	l.become(func() { l.root["schemaNamingContext"] = []string{"CN=Schema"} })
	sync() // everything is read again
	if a := account(0); a.Kind != access.KindUser || a.Hidden || a.Custom[0] != "theirs" {
		t.Errorf("with the schema: %+v", a)
	}
	l.set(0, "msExchRecipientTypeDetails", "16")
	l.set(0, "msExchResourceCapacity", "12")
	l.set(0, "userAccountControl", "514")
	l.set(1, "msExchMasterAccountSid", binarySID(7777))
	l.set(1, "userAccountControl", "514")
	l.set(2, "msExchHideFromAddressLists", "TRUE")
	sync()
	if a := account(0); a.Kind != access.KindRoom || a.Capacity != 12 || a.Enabled {
		t.Errorf("a room: %+v", a)
	}
	if a := account(1); a.Master != "S-1-5-21-1-2-3-7777" || a.Enabled {
		t.Errorf("a linked mailbox's: %+v", a)
	}
	if !account(2).Hidden {
		t.Error("not hidden")
	}
	l.set(1, "msExchMasterAccountSid")
	l.set(2, "msExchHideFromAddressLists")
	sync()
	if account(1).Master != "" || account(2).Hidden {
		t.Errorf("taken back: %+v %+v", account(1), account(2))
	}
}

// TestTurn is what is done and said from time to time.
func TestTurn(t *testing.T) {
	l := newLiar(t)
	c, _ := l.client(t)
	var log strings.Builder
	now := time.Now()
	c.Log, c.Now = slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now }
	var ready error
	c.Ready = func(context.Context) error { return ready }
	warned, told := false, ""
	turn := func(want string) {
		t.Helper()
		log.Reset()
		c.turn(t.Context(), &warned, &told)
		said := ""
		for _, s := range [...]string{"cannot begin", "created=3", "is old", "fresh again"} {
			if strings.Contains(log.String(), s) {
				said = strings.TrimPrefix(said+", "+s, ", ")
			}
		}
		if said != want {
			t.Errorf("said %q, want %q: %s", said, want, &log)
		}
	}
	ready = entente.Errorf(entente.NotFound, "there is no database")
	turn("cannot begin, is old")
	turn("")
	ready = nil
	turn("created=3, fresh again")
	now = now.Add(30 * time.Second)
	dials := l.dials.Load()
	turn("")
	if l.dials.Load() != dials {
		t.Error("it was asked before the interval was over")
	}
	l.lie(func(l *liar, w io.Writer, id int64, _ asked) bool {
		_, _ = w.Write(message(id, result(goldap.ApplicationSearchResultDone, goldap.LDAPResultBusy, "")))
		return true
	})
	now = now.Add(4 * time.Minute)
	turn("")
	now = now.Add(2 * time.Minute)
	turn("is old")
	now = now.Add(2 * time.Minute)
	turn("")
	l.lie(nil)
	now = now.Add(2 * time.Minute)
	turn("fresh again")
}
