package easserver

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Benchmarks go through the door, with all that a request costs there. cpu-us/op is
// the time of the processor, which other work beside it does not lengthen.

// used is the time of the processor that this process used so far.
func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func cpu(b *testing.B) func() {
	before := used()
	return func() { b.ReportMetric(float64((used()-before).Microseconds())/float64(b.N), "cpu-us/op") }
}

// fire sends one request and expects HTTP 200.
func (p *phone) fire(cmd activesync.Command, body []byte) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.guarded.ServeHTTP(w, p.request(cmd, contentType, body))
	if w.Code != http.StatusOK {
		p.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w
}

func document161(write func(w *wbxml.Writer)) []byte {
	w := wbxml.NewWriter(nil)
	write(w)
	return w.Bytes()
}

func folderSyncBody(key string) []byte {
	return document161(func(w *wbxml.Writer) {
		w.Start(wbxml.FolderHierarchyFolderSync)
		w.Text(wbxml.FolderHierarchySyncKey, key)
		w.End()
	})
}

func syncBody(folder mailbox.FolderID, key string, window int) []byte {
	return document161(func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncSync)
		w.Start(wbxml.AirSyncCollections)
		w.Start(wbxml.AirSyncCollection)
		w.Text(wbxml.AirSyncSyncKey, key)
		w.Text(wbxml.AirSyncCollectionId, folderID(folder))
		if window > 0 {
			w.Int(wbxml.AirSyncWindowSize, int64(window))
			w.Start(wbxml.AirSyncOptions)
			w.Start(wbxml.AirSyncBaseBodyPreference)
			w.Int(wbxml.AirSyncBaseType, 1)
			w.Int(wbxml.AirSyncBaseTruncationSize, 512)
			w.End()
			w.End()
		}
		w.End()
		w.End()
		w.End()
	})
}

// BenchmarkFolderSync is what a phone asks that begins with its folders, as one does
// whenever somebody pulls its list down.
func BenchmarkFolderSync(b *testing.B) {
	h := open(b)
	p := h.phone("anna", activesync.V161)
	body := folderSyncBody("0")
	p.fire(activesync.FolderSync, body)
	defer cpu(b)()
	for b.Loop() {
		p.fire(activesync.FolderSync, body)
	}
}

// BenchmarkFolderSyncAnew begins with other phones each time, of which a state is to
// be kept.
func BenchmarkFolderSyncAnew(b *testing.B) {
	h := open(b)
	p := h.phone("anna", activesync.V161)
	body := folderSyncBody("0")
	a, _ := h.door.Directory.Snapshot().FindSID(h.sids["anna"])
	client := "eas " + string(a.SID) + " " + p.id
	p.fire(activesync.FolderSync, body)
	defer cpu(b)()
	for b.Loop() {
		h.must(h.view("anna").ForgetClient(context.Background(), client))
		p.fire(activesync.FolderSync, body)
	}
}

// BenchmarkSyncNothing asks for changes where there are none.
func BenchmarkSyncNothing(b *testing.B) {
	for _, items := range [...]int{0, 1000} {
		b.Run(fmt.Sprint(items), func(b *testing.B) {
			h := open(b)
			h.letters(items)
			c := h.phone("anna", activesync.V161).copyOf(mailbox.Inbox)
			c.all()
			body := syncBody(c.folder, c.key, 0)
			c.fire(activesync.Sync, body)
			defer cpu(b)()
			for b.Loop() {
				if w := c.fire(activesync.Sync, body); w.Body.Len() != 0 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// letters puts mail of the usual size into Anna's inbox, an hour apart.
func (h *house) letters(n int) {
	h.Helper()
	text := strings.Repeat("A line of a letter, of which there are some.\r\n", 35)
	html := "<html><body>" + strings.Repeat("<p>A line of a letter, of which there are some.</p>\r\n", 35) + "</body></html>"
	for i := range n {
		it := letter(fmt.Sprintf("letter %d", i), time.Now().Add(-time.Duration(i)*time.Hour))
		it.Body = &mailbox.Body{Text: []byte(text), HTML: []byte(html)}
		it.Recipients = []mailbox.Recipient{{Kind: mailbox.To, Name: "Anna Ek", Address: "anna@contoso.example"}}
		it.Props.SetString(mailbox.PidTagSenderName, "Ben Vogel")
		it.Props.SetString(mailbox.PidTagSenderSMTPAddress, "ben@contoso.example")
		h.make("anna", mailbox.Inbox, it)
	}
}

// BenchmarkSyncMails is a first synchronization of 1,000 mails, with bodies cut to
// 512 bytes.
func BenchmarkSyncMails(b *testing.B) {
	h := open(b)
	h.letters(1000)
	p := h.phone("anna", activesync.V161)
	defer cpu(b)()
	for b.Loop() {
		p.whole(b, mailbox.Inbox, 1000, 512)
	}
}

// BenchmarkSyncEvents is one of 500 events, of which every tenth is a weekly
// series.
func BenchmarkSyncEvents(b *testing.B) {
	h := open(b)
	if h.handler.classes[activesync.Calendar] == nil {
		b.Skip("there is no class of events")
	}
	for i := range 500 {
		h.make("anna", mailbox.Calendar, event(fmt.Sprintf("event %d", i), time.Now().AddDate(0, 0, i%90)))
	}
	p := h.phone("anna", activesync.V161)
	defer cpu(b)()
	for b.Loop() {
		p.whole(b, mailbox.Calendar, 500, 512)
	}
}

// whole synchronizes a folder from the first key on.
func (p *phone) whole(b *testing.B, in mailbox.DistinguishedName, want, window int) {
	folder := p.house.folder(p.who, in)
	key, got := "0", 0
	for more := true; more; {
		w := p.fire(activesync.Sync, syncBody(folder, key, window))
		raw := w.Body.Bytes()
		root, err := wbxml.Parse(raw, wbxml.Limits{Depth: 64, Elements: 1 << 24})
		if err != nil {
			b.Fatal(err)
		}
		x := root.Path(wbxml.AirSyncCollections, wbxml.AirSyncCollection)
		more = key == "0" || x.Has(wbxml.AirSyncMoreAvailable)
		key = x.Get(wbxml.AirSyncSyncKey)
		for range x.Child(wbxml.AirSyncCommands).All(wbxml.AirSyncAdd) {
			got++
		}
	}
	if got != want {
		b.Fatalf("%d of %d", got, want)
	}
}
