package easserver

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// fetch sends a Fetch of what ids writes.
func (p *phone) fetch(ids func(w *wbxml.Writer), options func(w *wbxml.Writer)) *reply {
	p.Helper()
	return p.send(activesync.ItemOperations, func(w *wbxml.Writer) {
		w.Start(wbxml.ItemOperationsItemOperations)
		w.Start(wbxml.ItemOperationsFetch)
		w.Text(wbxml.ItemOperationsStore, "Mailbox")
		ids(w)
		if options != nil {
			w.Start(wbxml.ItemOperationsOptions)
			options(w)
			w.End()
		}
		w.End()
		w.End()
	})
}

// fetchOf is the Fetch of an answer.
func (a *reply) fetchOf() *wbxml.Element {
	a.Helper()
	f := a.ok().Path(wbxml.ItemOperationsResponse, wbxml.ItemOperationsFetch)
	if f == nil {
		a.Fatalf("no Fetch in %s", dump(a.root))
	}
	return f
}

func byID(folder mailbox.FolderID, id mailbox.ItemID) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Text(wbxml.AirSyncCollectionId, folderID(folder))
		w.Text(wbxml.AirSyncServerId, itemID(folder, id))
	}
}

// prefer writes BodyPreference: a type and, if it is not negative, a size.
func prefer(w *wbxml.Writer, kind, size int64) {
	w.Start(wbxml.AirSyncBaseBodyPreference)
	w.Int(wbxml.AirSyncBaseType, kind)
	if size >= 0 {
		w.Int(wbxml.AirSyncBaseTruncationSize, size)
	}
	w.End()
}

// arrived puts a message as it arrives into Anna's Inbox and returns where it is.
func (h *house) arrived(raw string) (mailbox.FolderID, mailbox.ItemID) {
	h.Helper()
	it := &mailbox.Item{}
	h.must(it.SetMIME(mimeOf(raw), mailbox.ConvertOptions{}))
	it.Props.SetTime(mailbox.PidTagMessageDeliveryTime, time.Now())
	return h.folder("anna", mailbox.Inbox), h.make("anna", mailbox.Inbox, it)
}

const withFile = `
From: Ben Vogel <ben@contoso.example>
To: Anna Ek <anna@contoso.example>
Subject: Plan
Date: Mon, 02 Mar 2026 09:00:00 +0000
Message-ID: <plan@contoso.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

The plan is attached.
--a
Content-Type: text/html; charset=utf-8

<p>The <b>plan</b> is attached.</p>
--a--
--m
Content-Type: application/pdf; name=plan.pdf
Content-Disposition: attachment; filename=plan.pdf
Content-Transfer-Encoding: base64

MDEyMzQ1Njc4OQ==
--m
Content-Type: message/rfc822

From: Carla Ruiz <carla@contoso.example>
To: ben@contoso.example
Subject: Inner
Date: Mon, 02 Mar 2026 08:00:00 +0000

Inner text.
--m--
`

// TestFetchItem: an item is fetched by its id in a folder and by that of a search,
// with the body that is asked for; what is not there, not there any more or not
// the caller's all look the same.
func TestFetchItem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		folder, id := h.arrived(withFile)
		for _, v := range activesync.Versions() {
			p := h.phone("anna", v)
			f := p.fetch(byID(folder, id), func(w *wbxml.Writer) { prefer(w, 1, -1) }).fetchOf()
			ps := f.Child(wbxml.ItemOperationsProperties)
			if f.Get(wbxml.ItemOperationsStatus) != "1" || f.Get(wbxml.AirSyncClass) != "Email" || ps.Get(wbxml.EmailSubject) != "Plan" ||
				ps.Path(wbxml.AirSyncBaseBody, wbxml.AirSyncBaseData).Text() != "The plan is attached." {
				t.Errorf("%s: %s", v, dump(f))
			}
			f = p.fetch(func(w *wbxml.Writer) { w.Text(wbxml.SearchLongId, itemID(folder, id)) }, func(w *wbxml.Writer) { prefer(w, 2, -1) }).fetchOf()
			if body := f.Path(wbxml.ItemOperationsProperties, wbxml.AirSyncBaseBody, wbxml.AirSyncBaseData).Text(); !strings.Contains(body, "<b>plan</b>") {
				t.Errorf("%s: %s", v, dump(f))
			}
		}
		ben := &mailbox.Item{Class: "IPM.Note"}
		other := h.make("ben", mailbox.Inbox, ben)
		p := h.phone("anna", activesync.V161)
		for what, want := range map[string]func(w *wbxml.Writer){
			"6":  byID(folder, other+9),
			" 6": byID(folder+1, id),
			"2":  func(w *wbxml.Writer) { byID(folder, id)(w); w.Text(wbxml.SearchLongId, "1:1") },
			"15": func(w *wbxml.Writer) { w.Text(wbxml.AirSyncBaseFileReference, "x") },
			"6 ": func(w *wbxml.Writer) { w.Text(wbxml.AirSyncServerId, "x") },
		} {
			if f := p.fetch(want, nil).fetchOf(); f.Get(wbxml.ItemOperationsStatus) != strings.TrimSpace(what) || f.Has(wbxml.ItemOperationsProperties) {
				t.Errorf("want %s: %s", what, dump(f))
			}
		}
	})
}

// TestFetchSchema: who names properties gets these alone.
func TestFetchSchema(t *testing.T) {
	h := open(t)
	folder, id := h.arrived(withFile)
	f := h.phone("anna", activesync.V161).fetch(byID(folder, id), func(w *wbxml.Writer) {
		w.Start(wbxml.ItemOperationsSchema)
		w.Empty(wbxml.EmailSubject)
		w.Empty(wbxml.AirSyncBaseBody)
		w.End()
	}).fetchOf()
	n := 0
	for e := range f.Child(wbxml.ItemOperationsProperties).Children() {
		n++
		if e.Tag != wbxml.EmailSubject && e.Tag != wbxml.AirSyncBaseBody {
			t.Errorf("%s was not asked for", e.Tag)
		}
	}
	if n != 2 {
		t.Errorf("%d properties: %s", n, dump(f))
	}
}

// TestFetchFile: attachments in one piece and in ranges, as base64, in parts, and
// as 12.1 fetches them; an attached message is one.
func TestFetchFile(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		folder, id := h.arrived(withFile)
		p := h.phone("anna", activesync.V161)
		list := p.fetch(byID(folder, id), nil).fetchOf().Path(wbxml.ItemOperationsProperties, wbxml.AirSyncBaseAttachments)
		var refs []string
		var methods string
		for a := range list.All(wbxml.AirSyncBaseAttachment) {
			refs = append(refs, a.Get(wbxml.AirSyncBaseFileReference))
			methods += a.Get(wbxml.AirSyncBaseDisplayName) + " " + a.Get(wbxml.AirSyncBaseMethod) + ","
		}
		if methods != "plan.pdf 1,Inner 5," {
			t.Fatalf("%q: %s", methods, dump(list))
		}
		file := func(ref, part string) *wbxml.Element {
			return p.fetch(func(w *wbxml.Writer) { w.Text(wbxml.AirSyncBaseFileReference, ref) }, func(w *wbxml.Writer) {
				if part != "" {
					w.Text(wbxml.ItemOperationsRange, part)
				}
			}).fetchOf()
		}
		for _, c := range [...]struct{ part, want, got, status string }{
			{"", "0123456789", "", "1"},
			{"0-3", "0123", "0-3", "1"},
			{"8-99", "89", "8-9", "1"},
			{"9-9", "9", "9-9", "1"},
			{"10-11", "", "", "8"},
			{"3-2", "", "", "8"},
			{"-", "", "", "8"},
			{"0-9999999999", "", "", "8"},
		} {
			f := file(refs[0], c.part)
			ps := f.Child(wbxml.ItemOperationsProperties)
			data, _ := base64.StdEncoding.DecodeString(ps.Get(wbxml.ItemOperationsData))
			if f.Get(wbxml.ItemOperationsStatus) != c.status || string(data) != c.want || ps.Get(wbxml.ItemOperationsRange) != c.got {
				t.Errorf("range %q: %s", c.part, dump(f))
			}
			if c.status == "1" && (f.Get(wbxml.AirSyncBaseFileReference) != refs[0] || ps.Get(wbxml.AirSyncBaseContentType) != "application/pdf") {
				t.Errorf("range %q: %s", c.part, dump(f))
			}
		}
		data, _ := base64.StdEncoding.DecodeString(file(refs[1], "").Path(wbxml.ItemOperationsProperties, wbxml.ItemOperationsData).Text())
		if !bytes.Contains(data, []byte("Subject: Inner")) || !bytes.Contains(data, []byte("Inner text.")) {
			t.Errorf("the attached message is %q", data)
		}
		if s := file(itemID(folder, id)+":77", "").Get(wbxml.ItemOperationsStatus); s != "15" {
			t.Errorf("an attachment that there is not: status %s", s)
		}

		old := h.phone("anna", activesync.V121)
		old.more.AttachmentName = refs[0]
		a := old.send(activesync.GetAttachment, nil)
		if a.status != 200 || string(a.raw) != "0123456789" || a.header.Get("Content-Type") != "application/pdf" {
			t.Errorf("GetAttachment: HTTP %d %q %q", a.status, a.raw, a.header.Get("Content-Type"))
		}
		old.more.AttachmentName = refs[0] + "9"
		old.send(activesync.GetAttachment, nil).http(404)
		old.more.AttachmentName = refs[0]
		h.broken = context.DeadlineExceeded // what is away is not gone
		if a := old.send(activesync.GetAttachment, nil); a.status != 500 && a.status != 503 {
			t.Errorf("without a store: HTTP %d", a.status)
		}
		h.broken = nil
	})
}

// TestMultipart: bodies and files stand in parts of their own, where the numbers
// at the beginning say.
func TestMultipart(t *testing.T) {
	h := open(t)
	folder, id := h.arrived(withFile)
	p := h.phone("anna", activesync.V161)
	p.more.AcceptMultiPart = true
	a := p.send(activesync.ItemOperations, func(w *wbxml.Writer) {
		w.Start(wbxml.ItemOperationsItemOperations)
		for _, ids := range [...]func(){
			func() { byID(folder, id)(w) },
			func() { w.Text(wbxml.AirSyncBaseFileReference, itemID(folder, id)+":9") },
			func() { w.Text(wbxml.AirSyncBaseFileReference, itemID(folder, id)+":1") },
		} {
			w.Start(wbxml.ItemOperationsFetch)
			w.Text(wbxml.ItemOperationsStore, "Mailbox")
			ids()
			w.Start(wbxml.ItemOperationsOptions)
			prefer(w, 1, -1)
			w.End()
			w.End()
		}
		w.End()
	})
	if a.header.Get("Content-Type") != "application/vnd.ms-sync.multipart" || a.status != 200 {
		t.Fatalf("HTTP %d, %s", a.status, a.header.Get("Content-Type"))
	}
	part := func(i int) []byte {
		at := binary.LittleEndian.Uint32(a.raw[4+8*i:])
		return a.raw[at : at+binary.LittleEndian.Uint32(a.raw[8+8*i:])]
	}
	if n := binary.LittleEndian.Uint32(a.raw); n != 3 {
		t.Fatalf("%d parts", n)
	}
	if string(part(1)) != "The plan is attached." || string(part(2)) != "0123456789" {
		t.Errorf("%q %q", part(1), part(2))
	}
	doc, err := wbxml.Parse(part(0), wbxml.DefaultLimits())
	h.must(err)
	var got []string
	for f := range doc.Child(wbxml.ItemOperationsResponse).All(wbxml.ItemOperationsFetch) {
		ps := f.Child(wbxml.ItemOperationsProperties)
		got = append(got, f.Get(wbxml.ItemOperationsStatus)+":"+ps.Get(wbxml.ItemOperationsPart)+ps.Path(wbxml.AirSyncBaseBody, wbxml.ItemOperationsPart).Text())
	}
	if s := strings.Join(got, " "); s != "1:1 15: 1:2" {
		t.Errorf("%s: %s", s, dump(doc))
	}
}

// TestEmptyFolderContents: mail folders are emptied, with those in them if that is
// asked; calendars are not.
func TestEmptyFolderContents(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.phone("anna", activesync.V161)
		empty := func(id mailbox.FolderID, deep bool) string {
			return p.send(activesync.ItemOperations, func(w *wbxml.Writer) {
				w.Start(wbxml.ItemOperationsItemOperations)
				w.Start(wbxml.ItemOperationsEmptyFolderContents)
				w.Text(wbxml.AirSyncCollectionId, folderID(id))
				if deep {
					w.Start(wbxml.ItemOperationsOptions)
					w.Empty(wbxml.ItemOperationsDeleteSubFolders)
					w.End()
				}
				w.End()
				w.End()
			}).ok().Path(wbxml.ItemOperationsResponse, wbxml.ItemOperationsEmptyFolderContents).Get(wbxml.ItemOperationsStatus)
		}
		h.arrived(toBen)
		inbox := h.folder("anna", mailbox.Inbox)
		if s := empty(inbox, false); s != "1" || len(h.lies("anna", mailbox.Inbox)) != 0 {
			t.Errorf("status %s", s)
		}
		_, err := h.view("anna").CreateFolder(t.Context(), inbox, mailbox.NewFolder{Name: "Below", Class: "IPF.Note"})
		h.must(err)
		if s := empty(inbox, true); s != "1" {
			t.Errorf("deep: status %s", s)
		}
		if list, err := h.view("anna").Folders(t.Context(), inbox, true); err != nil || len(list) != 0 {
			t.Errorf("%d folders remain, %v", len(list), err)
		}
		h.make("anna", mailbox.Calendar, &mailbox.Item{Class: "IPM.Appointment"})
		if s := empty(h.folder("anna", mailbox.Calendar), false); s != "2" || len(h.lies("anna", mailbox.Calendar)) != 1 {
			t.Errorf("the calendar: status %s", s)
		}
		if s := empty(987654, false); s != "6" {
			t.Errorf("no folder: status %s", s)
		}
	})
}

// TestMoveConversation: a conversation goes to a folder as a whole, but for what
// the owner has sent.
func TestMoveConversation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.arrived(toBen)
		h.arrived(strings.Replace(toBen, "Subject: Figures", "Subject: RE: Figures", 1))
		h.arrived(strings.Replace(toBen, "Subject: Figures", "Subject: Other", 1))
		sent := &mailbox.Item{Class: "IPM.Note"}
		sent.SetSubject("RE: Figures")
		h.make("anna", mailbox.SentItems, sent)
		to, err := h.view("anna").CreateFolder(t.Context(), h.folder("anna", mailbox.Inbox), mailbox.NewFolder{Name: "Kept", Class: "IPF.Note"})
		h.must(err)
		p := h.phone("anna", activesync.V141)
		move := func(id []byte, to mailbox.FolderID) string {
			return p.send(activesync.ItemOperations, func(w *wbxml.Writer) {
				w.Start(wbxml.ItemOperationsItemOperations)
				w.Start(wbxml.ItemOperationsMove)
				w.Opaque(wbxml.ItemOperationsConversationId, id)
				w.Text(wbxml.ItemOperationsDstFldId, folderID(to))
				w.End()
				w.End()
			}).ok().Path(wbxml.ItemOperationsResponse, wbxml.ItemOperationsMove).Get(wbxml.ItemOperationsStatus)
		}
		id := h.view("anna").ConversationID(h.lies("anna", mailbox.SentItems)[0])
		if s := move(id, h.folder("anna", mailbox.Calendar)); s != "156" {
			t.Errorf("to the calendar: status %s", s)
		}
		if s := move([]byte("0123456789abcdef"), to.ID); s != "6" {
			t.Errorf("no conversation: status %s", s)
		}
		if s := move(id, to.ID); s != "1" {
			t.Errorf("status %s", s)
		}
		f, err := h.view("anna").Folder(t.Context(), to.ID)
		h.must(err)
		if f.Total != 2 || len(h.lies("anna", mailbox.Inbox)) != 1 || len(h.lies("anna", mailbox.SentItems)) != 1 {
			t.Errorf("%d moved, %d remain", f.Total, len(h.lies("anna", mailbox.Inbox)))
		}
	})
}

// TestItemOperationsRefused: nothing at all, or too much at once.
func TestItemOperationsRefused(t *testing.T) {
	h := open(t)
	p := h.phone("anna", activesync.V161)
	p.send(activesync.ItemOperations, nil).is(2)
	p.send(activesync.ItemOperations, func(w *wbxml.Writer) { w.Empty(wbxml.ItemOperationsItemOperations) }).is(2)
	p.send(activesync.ItemOperations, func(w *wbxml.Writer) {
		w.Start(wbxml.ItemOperationsItemOperations)
		for range maxOperations + 1 {
			w.Empty(wbxml.ItemOperationsFetch)
		}
		w.End()
	}).is(2)
}

// TestFetchBounded: however much a phone asks for at once, the answer is as large
// as one may be, and says of the rest that it was too much.
func TestFetchBounded(t *testing.T) {
	h := open(t)
	it := &mailbox.Item{Class: "IPM.Note", Attachments: []mailbox.Attachment{{Name: "large", Content: make([]byte, 4<<20)}}}
	id := h.make("anna", mailbox.Inbox, it)
	for _, parts := range []bool{false, true} {
		p := h.phone("anna", activesync.V161)
		p.more.AcceptMultiPart = parts
		a := p.send(activesync.ItemOperations, func(w *wbxml.Writer) {
			w.Start(wbxml.ItemOperationsItemOperations)
			for range 64 {
				w.Start(wbxml.ItemOperationsFetch)
				w.Text(wbxml.ItemOperationsStore, "Mailbox")
				w.Text(wbxml.AirSyncBaseFileReference, itemID(it.Folder, id)+":1")
				w.End()
			}
			w.End()
		})
		if len(a.raw) > maxFetched+8<<20 || a.status != 200 {
			t.Fatalf("HTTP %d, %d bytes", a.status, len(a.raw))
		}
		doc := a.raw
		if parts {
			at := binary.LittleEndian.Uint32(a.raw[4:])
			doc = a.raw[at : at+binary.LittleEndian.Uint32(a.raw[8:])]
		}
		root, err := wbxml.Parse(doc, wbxml.Limits{Depth: 32, Elements: 1 << 20})
		h.must(err)
		count := map[string]int{}
		for f := range root.Child(wbxml.ItemOperationsResponse).All(wbxml.ItemOperationsFetch) {
			count[f.Get(wbxml.ItemOperationsStatus)]++
		}
		if count["1"] < 8 || count["11"] < 40 || count["1"]+count["11"] != 64 {
			t.Errorf("%v", count)
		}
	}
}

// TestRangesRead: parts of one attachment cost one reading; parts of several in
// turns are counted by what is read for them, not by what is asked for.
func TestRangesRead(t *testing.T) {
	h := open(t)
	content := make([]byte, 4<<20)
	it := &mailbox.Item{Class: "IPM.Note", Attachments: []mailbox.Attachment{{Name: "one", Content: content}, {Name: "other", Content: content}}}
	id := h.make("anna", mailbox.Inbox, it)
	test := func(refs []string, most int) {
		t.Helper()
		a := h.phone("anna", activesync.V161).send(activesync.ItemOperations, func(w *wbxml.Writer) {
			w.Start(wbxml.ItemOperationsItemOperations)
			for i := range 120 {
				w.Start(wbxml.ItemOperationsFetch)
				w.Text(wbxml.ItemOperationsStore, "Mailbox")
				w.Text(wbxml.AirSyncBaseFileReference, itemID(it.Folder, id)+refs[i%len(refs)])
				w.Start(wbxml.ItemOperationsOptions)
				w.Text(wbxml.ItemOperationsRange, "7-7")
				w.End()
				w.End()
			}
			w.End()
		})
		ok := 0
		for f := range a.root.Child(wbxml.ItemOperationsResponse).All(wbxml.ItemOperationsFetch) {
			if f.Get(wbxml.ItemOperationsStatus) == "1" {
				ok++
			}
		}
		if ok != most {
			t.Errorf("%v: %d parts, want %d", refs, ok, most)
		}
	}
	test([]string{":1"}, 120)
	read := maxRead/len(content) + 1
	test([]string{":1", ":2"}, read+(120-read)/2) // the one that was read last is at hand
}
