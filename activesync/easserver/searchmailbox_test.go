package easserver

import (
	"fmt"
	"strings"
	"testing"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// searchIn sends a Search of the mailbox.
func (p *phone) searchIn(query, options func(w *wbxml.Writer)) *reply {
	p.Helper()
	return p.send(activesync.Search, func(w *wbxml.Writer) {
		w.Start(wbxml.SearchSearch)
		w.Start(wbxml.SearchStore)
		w.Text(wbxml.SearchName, "Mailbox")
		w.Start(wbxml.SearchQuery)
		w.Start(wbxml.SearchAnd)
		query(w)
		w.End()
		w.End()
		w.Start(wbxml.SearchOptions)
		w.Empty(wbxml.SearchRebuildResults)
		if options != nil {
			options(w)
		}
		w.End()
		w.End()
		w.End()
	})
}

// subjects are those of an answer's results, and what it says of them.
func (a *reply) subjects() string {
	a.Helper()
	store := a.ok().Path(wbxml.SearchResponse, wbxml.SearchStore)
	tags := [...]wbxml.Tag{wbxml.SearchStatus, wbxml.SearchResult, wbxml.SearchProperties, wbxml.SearchRange, wbxml.SearchTotal}
	if store == nil {
		store = a.root.Child(wbxml.FindResponse)
		tags = [...]wbxml.Tag{wbxml.FindStatus, wbxml.FindResult, wbxml.FindProperties, wbxml.FindRange, wbxml.FindTotal}
	}
	var out []string
	for r := range store.All(tags[1]) {
		if r.Has(tags[2]) {
			out = append(out, r.Path(tags[2], wbxml.EmailSubject).Text())
		}
	}
	return fmt.Sprintf("%s %s %s/%s", store.Get(tags[0]), strings.Join(out, ","), store.Get(tags[3]), store.Get(tags[4]))
}

// mails fills Anna's mailbox with mail to be found.
func mails(h *house) (inbox, below mailbox.FolderID) {
	h.Helper()
	h.arrived(toBen)
	h.arrived(withFile)
	inbox = h.folder("anna", mailbox.Inbox)
	f, err := h.view("anna").CreateFolder(h.Context(), inbox, mailbox.NewFolder{Name: "Below", Class: "IPF.Note"})
	h.must(err)
	it := &mailbox.Item{}
	h.must(it.SetMIME(mimeOf(strings.Replace(toBen, "Figures", "Deep figures", 1)), mailbox.ConvertOptions{}))
	h.must(h.view("anna").CreateItem(h.Context(), f.ID, it))
	note := &mailbox.Item{Class: "IPM.StickyNote", Body: &mailbox.Body{Text: []byte("figures")}, Parts: mailbox.AllParts}
	note.SetSubject("A note of figures")
	h.make("anna", mailbox.Notes, note)
	return inbox, f.ID
}

// TestSearchMailbox: words and phrases anywhere or in one place, in a folder or
// deep, of a class and after a time; pages and what is beyond them.
func TestSearchMailbox(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		inbox, _ := mails(h)
		p := h.phone("anna", activesync.V141)
		text := func(s string) func(w *wbxml.Writer) { return func(w *wbxml.Writer) { w.Text(wbxml.SearchFreeText, s) } }
		in := func(id mailbox.FolderID, s string) func(w *wbxml.Writer) {
			return func(w *wbxml.Writer) {
				w.Text(wbxml.AirSyncClass, "Email")
				w.Text(wbxml.AirSyncCollectionId, folderID(id))
				w.Text(wbxml.SearchFreeText, s)
			}
		}
		date := func(tag wbxml.Tag, value string) func(w *wbxml.Writer) {
			return func(w *wbxml.Writer) {
				w.Text(wbxml.AirSyncCollectionId, folderID(inbox))
				w.Start(tag)
				w.Empty(wbxml.EmailDateReceived)
				w.Text(wbxml.SearchValue, value)
				w.End()
			}
		}
		span := func(s string) func(w *wbxml.Writer) { return func(w *wbxml.Writer) { w.Text(wbxml.SearchRange, s) } }
		deep := func(w *wbxml.Writer) { w.Empty(wbxml.SearchDeepTraversal) }
		test := func(what string, query, options func(w *wbxml.Writer), want string) {
			t.Helper()
			if got := p.searchIn(query, options).subjects(); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		test("everywhere", text("figures"), nil, "1 ,Deep figures,Figures 0-2/3")
		test("words", text("deep figures"), nil, "1 Deep figures 0-0/1")
		test("a beginning", text("figu*"), nil, "1 ,Deep figures,Figures 0-2/3")
		test("a phrase", text(`"figures are in"`), nil, "1 Deep figures,Figures 0-1/2")
		test("from", text("from:ben"), nil, "1 Plan 0-0/1")
		test("an attachment", text("attachment:plan.pdf"), nil, "1 Plan 0-0/1")
		test("a sender's word is no subject", text("subject:ben"), nil, "1  /0")
		test("nothing", text("xyzzy"), nil, "1  /0")
		test("a folder", in(inbox, "figures"), nil, "1 Figures 0-0/1")
		test("deep", in(inbox, "figures"), deep, "1 Deep figures,Figures 0-1/2")
		test("no folder", in(987654, "figures"), nil, "11  /")
		test("a page", text("figures"), span("1-1"), "1 Deep figures 1-1/3")
		test("after the end", text("figures"), span("7-9"), "1  /3")
		test("beyond", text("figures"), span("0-1000"), "12  /")
		test("no range", text("figures"), span("3-1"), "2  /")
		test("newer", date(wbxml.SearchGreaterThan, "2026-01-01T00:00:00.000Z"), nil, "1 Plan,Figures 0-1/2")
		test("older", date(wbxml.SearchLessThan, "2026-01-01T00:00:00.000Z"), nil, "1  /0")
		test("no time", date(wbxml.SearchLessThan, "soon"), nil, "2  /")
		test("no condition", func(w *wbxml.Writer) { w.Text(wbxml.AirSyncClass, "Email") }, nil, "2  /")
		test("too many words", text(strings.Repeat("a ", 17)), nil, "2  /")
		id := h.view("anna").ConversationID(h.lies("anna", mailbox.Inbox)[0])
		test("a conversation", func(w *wbxml.Writer) { w.Opaque(wbxml.SearchConversationId, id) }, nil, "1 Plan 0-0/1")

		a := p.searchIn(text("plan"), func(w *wbxml.Writer) { prefer(w, 1, 8) })
		r := a.ok().Path(wbxml.SearchResponse, wbxml.SearchStore, wbxml.SearchResult)
		if body := r.Path(wbxml.SearchProperties, wbxml.AirSyncBaseBody); body.Get(wbxml.AirSyncBaseData) != "The plan" || body.Get(wbxml.AirSyncBaseTruncated) != "1" {
			t.Errorf("body: %s", dump(r))
		}
		f := p.fetch(func(w *wbxml.Writer) { w.Text(wbxml.SearchLongId, r.Get(wbxml.SearchLongId)) }, nil).fetchOf()
		if f.Path(wbxml.ItemOperationsProperties, wbxml.EmailSubject).Text() != "Plan" {
			t.Errorf("the LongId fetches %s", dump(f))
		}
	})
}

// TestFindMailbox: what 16.1 asks, with what lists show.
func TestFindMailbox(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		inbox, _ := mails(h)
		p := h.phone("anna", activesync.V161)
		find := func(folder mailbox.FolderID, text, span string, deep bool) *reply {
			return p.send(activesync.Find, func(w *wbxml.Writer) {
				w.Start(wbxml.FindFind)
				w.Text(wbxml.FindSearchId, "a3b0c1d2-0000-0000-0000-000000000001")
				w.Start(wbxml.FindExecuteSearch)
				w.Start(wbxml.FindMailBoxSearchCriterion)
				w.Start(wbxml.FindQuery)
				w.Text(wbxml.FindFreeText, text)
				w.Text(wbxml.AirSyncClass, "Email")
				if folder != 0 {
					w.Text(wbxml.AirSyncCollectionId, folderID(folder))
				}
				w.End()
				w.Start(wbxml.FindOptions)
				if span != "" {
					w.Text(wbxml.FindRange, span)
				}
				if deep {
					w.Empty(wbxml.FindDeepTraversal)
				}
				w.End()
				w.End()
				w.End()
				w.End()
			})
		}
		for _, c := range [...]struct {
			folder mailbox.FolderID
			text   string
			span   string
			deep   bool
			want   string
		}{
			{0, "figures", "", false, "1 Deep figures,Figures 0-1/2"},
			{inbox, "figures", "", false, "1 Figures 0-0/1"},
			{inbox, "figures", "0-0", true, "1 Deep figures 0-0/2"},
			{inbox, "xyzzy", "", false, "1  /0"},
			{987654, "figures", "", false, "3  /"},
			{inbox, "figures", "x", false, "4  /"},
			{inbox, "figures", "0-1000", false, "4  /"},
			{0, strings.Repeat("a ", 17), "", false, "2  /"},
		} {
			if got := find(c.folder, c.text, c.span, c.deep).subjects(); got != c.want {
				t.Errorf("%d %q %q: %s, want %s", c.folder, c.text, c.span, got, c.want)
			}
		}
		r := find(inbox, "plan", "", false).ok().Path(wbxml.FindResponse, wbxml.FindResult)
		ps := r.Child(wbxml.FindProperties)
		if ps.Get(wbxml.FindPreview) != "The plan is attached." || ps.Get(wbxml.FindHasAttachments) != "1" || ps.Get(wbxml.EmailFrom) != `"Ben Vogel" <ben@contoso.example>` {
			t.Errorf("%s", dump(r))
		}
		id := r.Get(wbxml.AirSyncServerId)
		if f := p.fetch(func(w *wbxml.Writer) { w.Text(wbxml.AirSyncServerId, id) }, nil).fetchOf(); f.Get(wbxml.ItemOperationsStatus) != "1" {
			t.Errorf("the ServerId fetches %s", dump(f))
		}
	})
}

// TestSearchOthers: nothing of somebody else's mailbox is found.
func TestSearchOthers(t *testing.T) {
	h := open(t)
	mails(h)
	got := h.phone("ben", activesync.V141).searchIn(func(w *wbxml.Writer) { w.Text(wbxml.SearchFreeText, "figures") }, nil).subjects()
	if got != "1  /0" {
		t.Error(got)
	}
}
