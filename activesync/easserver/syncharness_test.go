package easserver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// A copied is a phone's copy of one folder, which it keeps as phones do: by the
// answers it gets. What a phone would trip over, it complains about.
type copied struct {
	*phone
	folder mailbox.FolderID
	key    string
	items  map[string]string // what ApplicationData said, by ServerId
	more   bool              // MoreAvailable was there
	// each, if set, writes what every request has after CollectionId.
	each func(w *wbxml.Writer)
}

// copyOf begins a copy of a distinguished folder.
func (p *phone) copyOf(name mailbox.DistinguishedName) *copied {
	p.Helper()
	return p.copyOfFolder(p.house.folder(p.who, name))
}

func (p *phone) copyOfFolder(id mailbox.FolderID) *copied {
	p.Helper()
	c := &copied{phone: p, folder: id, key: "0", items: map[string]string{}}
	c.begin(nil)
	return c
}

// begin gets the first key; more writes what follows CollectionId.
func (c *copied) begin(more func(w *wbxml.Writer)) {
	c.Helper()
	x := c.phone.sync(c.folder, "0", more).collection(c.folder)
	if s := x.Get(wbxml.AirSyncStatus); s != "1" || x.Has(wbxml.AirSyncCommands) {
		c.Fatalf("the first key comes with %s", dump(x))
	}
	c.key = x.Get(wbxml.AirSyncSyncKey)
}

// ask sends a Sync with the copy's key, and takes nothing of the answer: it may get
// lost.
func (c *copied) ask(more func(w *wbxml.Writer)) *reply {
	c.Helper()
	return c.phone.sync(c.folder, c.key, func(w *wbxml.Writer) {
		if c.each != nil {
			c.each(w)
		}
		if more != nil {
			more(w)
		}
	})
}

// pull asks and takes the answer. It returns how many were added, changed,
// deleted and lost to the filter.
func (c *copied) pull(more func(w *wbxml.Writer)) string {
	c.Helper()
	return c.take(c.ask(more))
}

// all pulls until there is no more.
func (c *copied) all() {
	c.Helper()
	for range 1000 {
		if c.pull(nil); !c.more {
			return
		}
	}
	c.Fatal("there is always more")
}

// take applies an answer.
func (c *copied) take(a *reply) string {
	c.Helper()
	if c.more = false; a.ok() == nil {
		return "nothing"
	}
	x := a.collection(c.folder)
	if s := x.Get(wbxml.AirSyncStatus); s != "1" {
		if s == "3" {
			c.key, c.items = "0", map[string]string{}
		}
		return "status " + s
	}
	if key := x.Get(wbxml.AirSyncSyncKey); key == c.key {
		c.Errorf("an answer with the same key: %s", dump(x))
	} else {
		c.key = key
	}
	c.more = x.Has(wbxml.AirSyncMoreAvailable)
	var added, changed, deleted, soft int
	for e := range x.Child(wbxml.AirSyncCommands).Children() {
		id := e.Get(wbxml.AirSyncServerId)
		_, has := c.items[id]
		data := dump(e.Child(wbxml.AirSyncApplicationData))
		switch e.Tag {
		case wbxml.AirSyncAdd:
			if added++; has {
				c.Errorf("%s is added twice", id)
			}
			c.items[id] = data
		case wbxml.AirSyncChange:
			if changed++; !has {
				c.Errorf("%s is changed and was never added", id)
			}
			if n := len(slices.Collect(e.Child(wbxml.AirSyncApplicationData).Children())); n > 1 {
				c.items[id] = data
			} else {
				c.items[id] = flagged(c.items[id], e)
			}
		case wbxml.AirSyncDelete:
			deleted++
			delete(c.items, id)
		case wbxml.AirSyncSoftDelete:
			soft++
			delete(c.items, id)
		default:
			c.Errorf("a %s", e.Tag)
		}
	}
	return fmt.Sprintf("+%d ~%d -%d s%d", added, changed, deleted, soft)
}

// flagged is what an item says once its Read flag is another.
func flagged(data string, e *wbxml.Element) string {
	before, rest, _ := strings.Cut(data, "<Read>")
	_, after, ok := strings.Cut(rest, "</Read>")
	if read := e.Child(wbxml.AirSyncApplicationData).Child(wbxml.EmailRead); ok && read != nil {
		return before + "<Read>" + read.Text() + "</Read>" + after
	}
	return data
}

// responses are the answers to commands: what it was, the ServerId or ClientId and
// the status, in their order.
func (c *copied) responses(a *reply) []string {
	c.Helper()
	var list []string
	for e := range a.collection(c.folder).Child(wbxml.AirSyncResponses).Children() {
		id := e.Get(wbxml.AirSyncClientId)
		if id == "" {
			id = e.Get(wbxml.AirSyncServerId)
		}
		list = append(list, e.Tag.Name()+" "+id+" "+e.Get(wbxml.AirSyncStatus))
	}
	return list
}

// has expects the texts to be in the copy, each in an item of its own and nothing
// else.
func (c *copied) has(texts ...string) {
	c.Helper()
	left := slices.Collect(maps.Values(c.items))
	for _, s := range texts {
		i := slices.IndexFunc(left, func(d string) bool { return strings.Contains(d, ">"+s+"<") })
		if i < 0 {
			c.Errorf("%s is not there", s)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		c.Errorf("besides %v there are %v", texts, left)
	}
}

// id returns the ServerId of the item with a text.
func (c *copied) id(text string) string {
	c.Helper()
	for id, data := range c.items {
		if strings.Contains(data, ">"+text+"<") {
			return id
		}
	}
	c.Fatalf("%s is not there", text)
	return ""
}

// commands writes a collection's Commands.
func withCommands(write func(w *wbxml.Writer)) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncCommands)
		write(w)
		w.End()
	}
}

// addContact writes an Add of a contact.
func addContact(client, name string) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncAdd)
		w.Text(wbxml.AirSyncClientId, client)
		contactData(w, name)
		w.End()
	}
}

func contactData(w *wbxml.Writer, name string) {
	w.Start(wbxml.AirSyncApplicationData)
	w.Text(wbxml.ContactsFirstName, name)
	w.Text(wbxml.ContactsFileAs, name)
	w.End()
}

// changeContact writes a Change of a contact.
func changeContact(id, name string) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncChange)
		w.Text(wbxml.AirSyncServerId, id)
		contactData(w, name)
		w.End()
	}
}

// deleteItems writes Deletes.
func deleteItems(ids ...string) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		for _, id := range ids {
			w.Start(wbxml.AirSyncDelete)
			w.Text(wbxml.AirSyncServerId, id)
			w.End()
		}
	}
}

// filtered writes Options with a filter.
func filtered(n int) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) {
		w.Start(wbxml.AirSyncOptions)
		w.Int(wbxml.AirSyncFilterType, int64(n))
		w.End()
	}
}

// windowed writes a WindowSize.
func windowed(n int) func(w *wbxml.Writer) {
	return func(w *wbxml.Writer) { w.Int(wbxml.AirSyncWindowSize, int64(n)) }
}

// contact is a contact as EWS makes one.
func contact(name string) *mailbox.Item {
	it := &mailbox.Item{Class: "IPM.Contact", Read: true}
	it.Props.SetString(mailbox.PidTagDisplayName, name)
	it.Props.SetString(mailbox.PidTagGivenName, name)
	it.Props.SetString(mailbox.PidLidFileUnder, name)
	return it
}

// letter is a message that came at a time.
func letter(subject string, at time.Time) *mailbox.Item {
	it := &mailbox.Item{Class: "IPM.Note", Body: &mailbox.Body{Text: []byte("text of " + subject)}}
	it.Props.SetString(mailbox.PidTagSubject, subject)
	it.Props.SetTime(mailbox.PidTagMessageDeliveryTime, at)
	return it
}

// event is an appointment from a time on, of an hour.
func event(subject string, start time.Time) *mailbox.Item {
	it := &mailbox.Item{Class: "IPM.Appointment", Read: true}
	it.Props.SetString(mailbox.PidTagSubject, subject)
	it.Props.SetTime(mailbox.PidLidAppointmentStartWhole, start)
	it.Props.SetTime(mailbox.PidLidAppointmentEndWhole, start.Add(time.Hour))
	return it
}

// edit changes an item as EWS would.
func (h *house) edit(who string, id mailbox.ItemID, fn func(it *mailbox.Item)) {
	h.Helper()
	_, err := h.view(who).UpdateItem(context.WithoutCancel(h.Context()), id, 0, 0, func(it *mailbox.Item) error { fn(it); return nil })
	h.must(err)
}

func (h *house) rename(who string, id mailbox.ItemID, name string) {
	h.Helper()
	h.edit(who, id, func(it *mailbox.Item) {
		it.Props.SetString(mailbox.PidTagSubject, name)
		it.Props.SetString(mailbox.PidTagGivenName, name)
		it.Props.SetString(mailbox.PidLidFileUnder, name)
	})
}

// destroy deletes an item as EWS would.
func (h *house) destroy(who string, ids ...mailbox.ItemID) {
	h.Helper()
	list, err := h.view(who).DeleteItems(context.WithoutCancel(h.Context()), ids, mailbox.HardDelete)
	h.must(err)
	for _, m := range list {
		h.must(m.Err)
	}
}

// number is the item of a ServerId.
func number(tb testing.TB, id string) mailbox.ItemID {
	tb.Helper()
	_, n, ok := parseItemID(id)
	if !ok {
		tb.Fatalf("%q is no id", id)
	}
	return n
}

// count returns how many items a folder has.
func (h *house) count(who string, in mailbox.DistinguishedName) int {
	h.Helper()
	f, err := h.view(who).FolderByName(context.WithoutCancel(h.Context()), in)
	h.must(err)
	return f.Total
}

// state reads what is kept of a copy.
func (c *copied) state() *syncState {
	c.Helper()
	a, _ := c.door.Directory.Snapshot().FindSID(c.sids[c.who])
	kept, err := c.view(c.who).ClientState(context.WithoutCancel(c.Context()), "eas "+string(a.SID)+" "+c.id0(), stateName(c.folder))
	c.must(err)
	s, err := parseState(kept[0].Value)
	c.must(err)
	return s
}

func (c *copied) id0() string { return c.phone.id }

// estimate asks how much is to come.
func (c *copied) estimate() string {
	c.Helper()
	a := c.send(activesync.GetItemEstimate, func(w *wbxml.Writer) {
		w.Start(wbxml.GetItemEstimateGetItemEstimate)
		w.Start(wbxml.GetItemEstimateCollections)
		w.Start(wbxml.GetItemEstimateCollection)
		w.Text(wbxml.AirSyncSyncKey, c.key)
		w.Text(wbxml.GetItemEstimateCollectionId, folderID(c.folder))
		w.End()
		w.End()
		w.End()
	})
	r := a.ok().Child(wbxml.GetItemEstimateResponse)
	if s := r.Get(wbxml.GetItemEstimateStatus); s != "1" {
		return "status " + s
	}
	return r.Path(wbxml.GetItemEstimateCollection).Get(wbxml.GetItemEstimateEstimate)
}

func names(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = prefix + strconv.Itoa(i)
	}
	return list
}
