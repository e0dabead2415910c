package easserver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Bounds of a search: what can be paged through, what one answer holds, and how
// long is looked. [MS-ASCMD] 2.2.3.143.3
const (
	maxSearchRange = 1000
	maxSearchPage  = 100
	maxSearchBytes = 16 << 20
	searchTime     = 20 * time.Second

	searchTimedOut activesync.Status = 10
)

// A hunt is a search in the mailbox.
type hunt struct {
	*call
	classes []activesync.Class // none is all
	folders []mailbox.FolderID // none is all
	deep    bool               // in the folders of these too
	where   []mailbox.Restriction
	// conversation, if set, is that of all that is found.
	conversation []byte
}

// A quarry is what a hunt found: the part that was asked for, and of how many.
type quarry struct {
	items []*mailbox.Item
	total int
	got   span
}

// errFolder tells that a folder is not there: the phone is to synchronize the
// hierarchy first.
var errFolder = errors.New("no such folder")

// searchMailbox looks for items in the mailbox. [MS-ASCMD] 2.2.3.142.2
func (c *call) searchMailbox(store *wbxml.Element) (found, error) {
	in := store.Child(wbxml.SearchOptions)
	r, ok := parseSpan(in.Get(wbxml.SearchRange), maxSearchPage)
	switch {
	case !ok:
		return found{status: searchInvalid}, nil
	case r.last >= maxSearchRange:
		return found{status: searchBeyond}, nil
	}
	h := hunt{call: c, deep: in.Has(wbxml.SearchDeepTraversal)}
	query := store.Child(wbxml.SearchQuery)
	if query.Has(wbxml.SearchOr) {
		return found{status: searchTooComplex}, nil
	}
	if and := query.Child(wbxml.SearchAnd); and != nil {
		query = and
	}
	if !h.ask(query) {
		return found{status: searchInvalid}, nil
	}
	var o options
	if err := readBodyOptions(in, &o); err != nil {
		return found{status: searchInvalid}, nil
	}
	q, err := h.find(r)
	if status, ok := huntStatus(err); !ok || status != activesync.OK {
		return found{status: status}, errIf(!ok, err)
	}
	return found{status: activesync.OK, results: func() { c.searchResults(q, &o) }}, nil
}

func errIf(yes bool, err error) error {
	if yes {
		return err
	}
	return nil
}

// huntStatus is what Search says of an error; false if it is none of its own.
func huntStatus(err error) (activesync.Status, bool) {
	switch {
	case err == nil:
		return activesync.OK, true
	case errors.Is(err, errFolder):
		return searchNoFolder, true
	case errors.Is(err, context.DeadlineExceeded):
		return searchTimedOut, true
	case isReason(err, mailbox.RestrictionTooComplex):
		return searchTooComplex, true
	}
	var known *entente.Error
	if errors.As(err, &known) && known.Kind == entente.Invalid {
		return searchInvalid, true
	}
	return searchFailed, false
}

// ask reads what the conditions are, all of which must hold.
func (h *hunt) ask(in *wbxml.Element) bool {
	for e := range in.Children() {
		switch e.Tag {
		case wbxml.AirSyncClass:
			h.classes = append(h.classes, activesync.Class(e.Text()))
		case wbxml.AirSyncCollectionId:
			id, ok := parseFolderID(e.Text())
			if !ok {
				id = 0 // no folder has it
			}
			h.folders = append(h.folders, id)
		case wbxml.SearchFreeText, wbxml.FindFreeText:
			if !h.words(e.Text()) {
				return false
			}
		case wbxml.SearchGreaterThan, wbxml.SearchLessThan:
			if !h.compare(e) {
				return false
			}
		case wbxml.SearchConversationId:
			h.conversation = e.Content
		default:
			return false
		}
	}
	return len(h.where) > 0 || len(h.folders) > 0 || h.conversation != nil
}

// compare reads a condition on when something came. [MS-ASCMD] 2.2.3.88
func (h *hunt) compare(e *wbxml.Element) bool {
	at, ok := parseTime(e.Get(wbxml.SearchValue))
	if !ok || !e.Has(wbxml.EmailDateReceived) {
		return false
	}
	op := mailbox.Greater
	if e.Tag == wbxml.SearchLessThan {
		op = mailbox.Less
	}
	h.where = append(h.where, mailbox.Restriction{Op: op, Prop: mailbox.PidTagMessageDeliveryTime, Value: mailbox.Value{Int: mailbox.Ticks(at)}})
	return true
}

// find looks in each folder for the latest, and has of all together the part that
// was asked for.
func (h *hunt) find(r span) (quarry, error) {
	ctx, cancel := context.WithTimeout(h.ctx, searchTime)
	defer cancel()
	folders, err := h.places(ctx)
	if err != nil {
		return quarry{}, err
	}
	var q quarry
	var restrict *mailbox.Restriction
	if len(h.where) > 0 {
		restrict = &mailbox.Restriction{Op: mailbox.And, Of: h.where}
	}
	looked := 0
	for _, f := range folders {
		if h.conversation != nil {
			items, err := h.inConversation(ctx, f, restrict, h.conversation, &looked)
			if err != nil {
				return quarry{}, err
			}
			q.items, q.total = append(q.items, items...), q.total+len(items)
			continue
		}
		page, err := h.view.Find(ctx, mailbox.Query{Folder: f, Restrict: restrict, Paging: mailbox.Paging{Max: r.last + 1}})
		if err != nil {
			return quarry{}, err
		}
		q.items, q.total = append(q.items, page.Items...), q.total+page.Total
	}
	slices.SortStableFunc(q.items, func(a, b *mailbox.Item) int { return received(b).Compare(received(a)) })
	q.got = r.of(min(len(q.items), r.first+maxSearchPage))
	if q.got.first > q.got.last {
		q.items = nil
		return q, nil
	}
	q.items = q.items[q.got.first : q.got.last+1]
	return q, nil
}

// places are the folders to look in: those that were named, and if that was asked
// those in them, as far as they are for a class that was asked for.
func (h *hunt) places(ctx context.Context) ([]mailbox.FolderID, error) {
	root, err := h.view.FolderByName(ctx, mailbox.MsgFolderRoot)
	if err != nil {
		return nil, err
	}
	all, err := h.view.Folders(ctx, root.ID, true)
	if err != nil {
		return nil, err
	}
	wanted := map[mailbox.FolderID]bool{}
	for _, id := range h.folders {
		if !slices.ContainsFunc(all, func(f *mailbox.Folder) bool { return f.ID == id }) {
			return nil, errFolder
		}
		wanted[id] = true
	}
	var list []mailbox.FolderID
	for _, f := range all { // each after its parent
		if h.deep && wanted[f.Parent] {
			wanted[f.ID] = true
		}
		if f.Hidden || len(h.folders) > 0 && !wanted[f.ID] || !h.holds(f) {
			continue
		}
		list = append(list, f.ID)
	}
	return list, nil
}

// holds reports whether what lies in a folder is of a class that was asked for.
func (h *hunt) holds(f *mailbox.Folder) bool {
	class := activesync.Class("")
	switch {
	case isMailFolder(f):
		class = activesync.Email
	case f.Calendar():
		class = activesync.Calendar
	case hasPrefixFold(f.Class, "IPF.Contact"):
		class = activesync.Contacts
	case hasPrefixFold(f.Class, "IPF.Task"):
		class = activesync.Tasks
	case hasPrefixFold(f.Class, "IPF.StickyNote"):
		class = activesync.Notes
	}
	return class != "" && (len(h.classes) == 0 || slices.Contains(h.classes, class))
}

// searchResults writes what was found, each item as its class has it. One that
// cannot be written is left out. [MS-ASCMD] 2.2.3.153
func (c *call) searchResults(q quarry, o *options) {
	w := c.out
	begin := w.Len()
	written := 0
	for _, it := range q.items {
		if w.Len()-begin > maxSearchBytes {
			break
		}
		written++
		mark := w.Mark()
		if err := c.searchResult(it, o); err != nil {
			w.Back(mark)
			c.h.Log.Warn("search", "request", c.s.RequestID(), "item", it.ID, "err", err)
		}
	}
	if written == 0 {
		w.Empty(wbxml.SearchResult) // no match is an empty result
		w.Int(wbxml.SearchTotal, int64(q.total))
		return
	}
	q.got.last = q.got.first + written - 1
	w.Text(wbxml.SearchRange, q.got.String())
	w.Int(wbxml.SearchTotal, int64(q.total))
}

func (c *call) searchResult(it *mailbox.Item, o *options) error {
	name, class := c.classOf(it)
	if class == nil {
		return errors.New("an item that phones do not know")
	}
	it, err := c.view.Item(c.ctx, it.ID, class.parts(o))
	if err != nil {
		return err
	}
	w := c.out
	w.Start(wbxml.SearchResult)
	w.Text(wbxml.AirSyncClass, string(name))
	w.Text(wbxml.SearchLongId, itemID(it.Folder, it.ID))
	w.Text(wbxml.AirSyncCollectionId, folderID(it.Folder))
	w.Start(wbxml.SearchProperties)
	if err := class.write(c, it, o); err != nil {
		return err
	}
	w.End()
	w.End()
	return nil
}

// words reads a free text: words that must all be there, each as the beginning of
// one, with a keyword before it in one place alone; a phrase in quotes.
func (h *hunt) words(text string) bool {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		key, word, phrase := "", "", false
		if at := strings.IndexAny(text, ":\" \t"); at > 0 && text[at] == ':' {
			if keyword(text[:at]) != nil {
				key, text = text[:at], text[at+1:]
			}
		}
		if quoted, ok := strings.CutPrefix(text, `"`); ok {
			phrase = true
			word, text, _ = strings.Cut(quoted, `"`)
		} else {
			at := strings.IndexAny(text, " \t")
			if at < 0 {
				at = len(text)
			}
			word, text = text[:at], text[at:]
		}
		if word = strings.TrimRight(word, "*"); word == "" || !phrase && key == "" && strings.EqualFold(word, "AND") {
			continue
		}
		if len(h.where) >= maxWords {
			return false
		}
		h.where = append(h.where, containing(keyword(key), word, phrase))
	}
	return true
}

// maxWords bounds a free text: what a restriction may come to.
const maxWords = 16

// keyword is where a word is looked for after a keyword; "" is everywhere that
// people read. nil is no keyword.
func keyword(key string) []mailbox.Prop {
	switch strings.ToLower(key) {
	case "":
		return []mailbox.Prop{
			mailbox.PidTagSubject, mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingSMTP, mailbox.PidTagDisplayTo,
			mailbox.PidTagDisplayCc, mailbox.PidTagDisplayName, mailbox.PidLidLocation, mailbox.PidNameKeywords, mailbox.PidTagBody,
			mailbox.PidTagAttachLongFilename,
		}
	case "subject":
		return []mailbox.Prop{mailbox.PidTagSubject}
	case "body":
		return []mailbox.Prop{mailbox.PidTagBody}
	case "from":
		return []mailbox.Prop{
			mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingSMTP, mailbox.PidTagSenderName, mailbox.PidTagSenderSMTPAddress,
		}
	case "to":
		return []mailbox.Prop{mailbox.PidTagDisplayTo}
	case "cc":
		return []mailbox.Prop{mailbox.PidTagDisplayCc}
	case "bcc":
		return []mailbox.Prop{mailbox.PidTagDisplayBcc}
	case "attachment":
		return []mailbox.Prop{mailbox.PidTagAttachLongFilename}
	case "participants":
		return []mailbox.Prop{
			mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingSMTP, mailbox.PidTagDisplayTo, mailbox.PidTagDisplayCc,
			mailbox.PidTagDisplayBcc,
		}
	case "category":
		return []mailbox.Prop{mailbox.PidNameKeywords}
	}
	return nil
}

func containing(props []mailbox.Prop, word string, phrase bool) mailbox.Restriction {
	mode := mailbox.PrefixOnWords
	if phrase {
		mode = mailbox.ExactPhrase
	}
	list := make([]mailbox.Restriction, len(props))
	for i, p := range props {
		list[i] = mailbox.Restriction{Op: mailbox.Contains, Prop: p, Value: mailbox.Value{Text: word}, Mode: mode, Comparison: mailbox.Loose}
	}
	return mailbox.Restriction{Op: mailbox.Or, Of: list}
}
