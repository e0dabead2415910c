package easserver

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// pingOf writes a Ping; a heartbeat of "" and no folders leave them out.
func pingOf(heartbeat string, folders ...string) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.PingPing)
		if heartbeat != "" {
			w.Text(wbxml.PingHeartbeatInterval, heartbeat)
		}
		if len(folders) > 0 {
			w.Start(wbxml.PingFolders)
			for _, id := range folders {
				w.Start(wbxml.PingFolder)
				w.Text(wbxml.PingId, id)
				w.Text(wbxml.PingClass, "Email")
				w.End()
			}
			w.End()
		}
		w.End()
	}
}

// pingBytes writes a document.
func pingBytes(write func(w *wbxml.Writer)) []byte {
	w := wbxml.NewWriter(nil)
	write(w)
	return bytes.Clone(w.Bytes())
}

// TestPing waits for what a Sync would give, in both databases: nothing that the
// phone did itself, nothing in folders that it did not name, and the first change in
// those that it did. An empty Ping waits for the same.
func TestPing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		st := h.listen()
		p := h.phone("anna", activesync.V161)
		p.folderSync("0")
		for _, name := range [...]mailbox.DistinguishedName{mailbox.Inbox, mailbox.Calendar, mailbox.Contacts} {
			p.copyOf(name).all()
		}
		inbox, contacts := folderID(h.folder("anna", mailbox.Inbox)), folderID(h.folder("anna", mailbox.Contacts))
		wait := func(body []byte) <-chan *reply {
			answered := make(chan *reply, 1)
			go func() {
				a := st.post(t.Context(), p, activesync.Ping, body)
				answered <- p.read(activesync.Ping, a)
			}()
			h.settled(1)
			return answered
		}
		answered := wait(pingBytes(pingOf("600", inbox, contacts)))
		h.make("anna", mailbox.Calendar, plainNote()) // which it did not name
		h.make("ben", mailbox.Inbox, plainNote())
		h.make("anna", mailbox.Inbox, plainNote())
		a := (<-answered).is(pingChanges)
		if got := a.root.Child(wbxml.PingFolders).Get(wbxml.PingFolder); got != inbox || strings.Count(dump(a.root), "<Folder>") != 1 {
			t.Errorf("%s", dump(a.root))
		}
		// Until it is synchronized it is said again, at once.
		p.send(activesync.Ping, nil).is(pingChanges)
		p.copyOf(mailbox.Inbox).all()
		answered = wait(nil)
		h.make("anna", mailbox.Contacts, &mailbox.Item{Class: "IPM.Contact"})
		a = (<-answered).is(pingChanges)
		if got := a.root.Child(wbxml.PingFolders).Get(wbxml.PingFolder); got != contacts {
			t.Errorf("%s", dump(a.root))
		}
		p.copyOf(mailbox.Contacts).all()
		answered = wait(nil)
		_, err := h.view("anna").CreateFolder(t.Context(), h.folder("anna", mailbox.MsgFolderRoot), mailbox.NewFolder{Name: "New", Class: "IPF.Note"})
		h.must(err)
		(<-answered).is(pingHierarchyNews)
	})
}

// read reads an answer that came over a connection.
func (p *phone) read(cmd activesync.Command, a *http.Response) *reply {
	p.Helper()
	defer a.Body.Close()
	var b bytes.Buffer
	_, err := b.ReadFrom(a.Body)
	p.must(err)
	r := &reply{house: p.house, status: a.StatusCode, header: a.Header, raw: b.Bytes()}
	if b.Len() > 0 && a.Header.Get("Content-Type") == contentType {
		p.document(cmd, r)
	}
	return r
}

// TestPingStatuses: what a Ping is told that does not wait.
func TestPingStatuses(t *testing.T) {
	h := open(t)
	inbox := folderID(h.folder("anna", mailbox.Inbox))
	var many []string
	for i := range maxPingFolders + 1 {
		many = append(many, strconv.Itoa(i+1))
	}
	for _, v := range activesync.Versions() {
		p := h.phone("anna", v)
		test := func(write func(w *wbxml.Writer), want activesync.Status, says string) {
			t.Helper()
			a := p.send(activesync.Ping, write)
			a.http(http.StatusOK)
			if a.is(want); !strings.Contains(dump(a.root), says) {
				t.Errorf("%s: %s", v, dump(a.root))
			}
		}
		test(nil, pingIncomplete, "")
		test(pingOf("600"), pingIncomplete, "")
		test(pingOf("", inbox), pingIncomplete, "")
		test(pingOf("59", inbox), pingOutOfBounds, "<HeartbeatInterval>60<")
		test(pingOf("0", inbox), pingOutOfBounds, "<HeartbeatInterval>60<")
		test(pingOf("3541", inbox), pingOutOfBounds, "<HeartbeatInterval>3540<")
		test(pingOf("99999999999999999999", inbox), pingSyntax, "")
		test(pingOf("2000000000", inbox), pingOutOfBounds, "<HeartbeatInterval>3540<")
		test(pingOf("x", inbox), pingSyntax, "")
		test(pingOf("-1", inbox), pingSyntax, "")
		test(pingOf("600", "x"), pingSyntax, "")
		test(pingOf("600", "0"), pingSyntax, "")
		test(func(w *wbxml.Writer) {
			w.Start(wbxml.PingPing)
			w.Text(wbxml.PingHeartbeatInterval, "600")
			w.Empty(wbxml.PingFolders)
			w.End()
		}, pingSyntax, "")
		test(pingOf("600", many...), pingTooMany, fmt.Sprintf("<MaxFolders>%d<", maxPingFolders))
		// Nothing of these is kept.
		test(nil, pingIncomplete, "")
		// A folder that was synchronized and is gone.
		made, err := h.view("anna").CreateFolder(t.Context(), h.folder("anna", mailbox.MsgFolderRoot), mailbox.NewFolder{Name: "F" + v.String(), Class: "IPF.Note"})
		h.must(err)
		p.folderSync("0")
		p.copyOfFolder(made.ID).all()
		h.must(h.view("anna").DeleteFolder(t.Context(), made.ID, mailbox.HardDelete))
		test(pingOf("600", folderID(made.ID)), pingHierarchyNews, "")
	}
}

// TestPingKept: what is kept of a Ping is read as it was written, and nothing else
// is.
func TestPingKept(t *testing.T) {
	q := &pingRequest{heartbeat: 540 * time.Second, folders: []mailbox.FolderID{1, 300, 1 << 40}}
	b := q.appendPing(nil)
	if got, known := parsePing(b); !known || got.heartbeat != q.heartbeat || len(got.folders) != 3 || got.folders[2] != 1<<40 {
		t.Errorf("%+v %t", got, known)
	}
	for _, bad := range [][]byte{nil, {5}, {0x80}, append(bytes.Clone(b), 0x80), bytes.Repeat([]byte{1}, maxPingFolders+10)} {
		if _, known := parsePing(bad); known {
			t.Errorf("%x is taken", bad)
		}
	}
}

// TestHeartbeatsAreLearned: a phone whose network cuts it off time and again waits
// less long, and slowly longer when that goes well; an accident changes nothing.
func TestHeartbeatsAreLearned(t *testing.T) {
	var h heartbeats
	longest := func(want time.Duration) {
		t.Helper()
		if got := h.longest("a"); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	longest(longestHeartbeat)
	h.lost("a", 900*time.Second)
	h.lost("a", 800*time.Second)
	h.lasted("a", 700*time.Second) // so these were accidents
	h.lost("a", 900*time.Second)
	h.lost("a", 30*time.Second) // for which no bound is short enough
	h.lost("a", 800*time.Second)
	longest(longestHeartbeat)
	h.lost("a", 1000*time.Second)
	longest(600 * time.Second)
	h.lasted("a", 300*time.Second)
	longest(600 * time.Second)
	h.lasted("a", 600*time.Second)
	longest(675 * time.Second)
	for range 20 {
		h.lasted("a", h.longest("a"))
	}
	longest(longestHeartbeat)
	if len(h.of) != 0 {
		t.Errorf("%d are remembered", len(h.of))
	}
	for range manyLosses {
		h.lost("b", 61*time.Second)
	}
	if got := h.longest("b"); got != shortestHeartbeat {
		t.Errorf("%v", got)
	}
	for i := range maxHeartbeats + 100 {
		h.lost(strconv.Itoa(i), time.Hour)
	}
	if len(h.of) > maxHeartbeats {
		t.Errorf("%d are remembered", len(h.of))
	}
}

// TestComplaint01HeldConnections: however many wait, whoever asks is answered, and
// those who wait have no goroutine each. (mailcow 5655, 983, 2409, 1173, 976)
func TestComplaint01HeldConnections(t *testing.T) {
	h := open(t)
	b, st := h.bell(), h.listen()
	h.must(h.door.SetThrottlingPolicy(t.Context(), "", unlimitedStreams))
	const each = 18
	people := []string{"anna", "ben", "carla", "dora", "emil"}
	many := each * len(people)
	before := goroutines()
	for i := range many {
		p := h.phone(people[i%len(people)], activesync.V161)
		p.id = "held" + strconv.Itoa(i)
		st.park(p)
		<-b.waits
	}
	h.settled(many)
	h.until(func() bool { return goroutines() < before+many/4 })
	if a := h.raw("ben", http.MethodOptions, "", nil); a.Code != http.StatusOK {
		t.Errorf("HTTP %d", a.Code)
	}
	looked := b.looked.Load()
	b.rings.Store(true)
	h.make("anna", mailbox.Inbox, plainNote())
	h.settled(many - each)
	h.until(func() bool { return st.lot.Waiting() == many-each })
	if n := b.looked.Load() - looked; n != each {
		t.Errorf("%d looks for %d who wait for anna's news", n, each)
	}
}

// TestComplaint17HeldRequests: a phone that asks for what has not changed, again and
// again, is answered by waiting, and a Ping that would end at once is refused with
// the interval to ask for. (tine20 5464, 4198)
func TestComplaint17HeldRequests(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V141)
	p.folderSync("0")
	p.copyOf(mailbox.Inbox).all()
	inbox := folderID(h.folder("anna", mailbox.Inbox))
	for range 5 {
		p.send(activesync.Ping, pingOf("1", inbox)).is(pingOutOfBounds)
	}
	answered := make(chan *reply, 1)
	go func() { answered <- p.send(activesync.Ping, pingOf("60", inbox)) }()
	h.settled(1)
	select {
	case a := <-answered:
		t.Errorf("answered without news: %s", dump(a.root))
	default:
	}
	h.make("anna", mailbox.Inbox, plainNote())
	(<-answered).is(pingChanges)
}
