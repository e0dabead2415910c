package easclient

import (
	"fmt"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// An Item is what the phone has of an item. It does not change; a change is
// another Item.
type Item struct {
	ID    string
	Class activesync.Class
	// Data is its ApplicationData.
	Data *wbxml.Element
	// moved says that the phone moved it here itself: the server may say so again.
	moved bool
}

// Get returns the text of a property.
func (i *Item) Get(t wbxml.Tag) string { return i.Data.Get(t) }

// data returns an ApplicationData with what write writes, in memory of its own.
func data(write func(*wbxml.Writer)) *wbxml.Element {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.AirSyncApplicationData)
	write(w)
	w.End()
	limits := wbxml.DefaultLimits()
	limits.Elements = 2_000_000
	e, err := wbxml.Parse(w.Bytes(), limits)
	if err != nil {
		panic(err) // the writer wrote it
	}
	return e
}

func children(w *wbxml.Writer, e *wbxml.Element) {
	for c := range e.Children() {
		w.Tree(c)
	}
}

// newItem returns an item with its own copy of the data.
func newItem(id string, class activesync.Class, e *wbxml.Element) *Item {
	return &Item{ID: id, Class: class, Data: data(func(w *wbxml.Writer) { children(w, e) })}
}

// changed returns the item after a change. Of a mail only what changed is sent;
// everything else comes whole. [MS-ASCMD] 2.2.3.24.2
func (i *Item) changed(e *wbxml.Element) *Item {
	if i.Class != activesync.Email {
		return newItem(i.ID, i.Class, e)
	}
	return i.merged(e)
}

// merged returns the item with some properties replaced.
func (i *Item) merged(e *wbxml.Element) *Item {
	return &Item{ID: i.ID, Class: i.Class, Data: data(func(w *wbxml.Writer) {
		for c := range i.Data.Children() {
			if !e.Has(c.Tag) {
				w.Tree(c)
			}
		}
		children(w, e)
	})}
}

// An edit is a change of the phone's that the server has not confirmed.
type edit struct {
	kind     wbxml.Tag // AirSyncAdd, AirSyncChange, AirSyncDelete
	clientID string    // of an Add: the same however often it is sent
	id       string
	class    activesync.Class
	data     *wbxml.Element
	sent     bool
}

// A Refusal is a change that the server did not take.
type Refusal struct {
	Folder, ID, ClientID string
	Status               activesync.Status
}

// Add makes an item on the phone; Sync sends it. It returns the client id, by which
// the phone knows it until the server has named it.
func (f *Folder) Add(write func(*wbxml.Writer)) (clientID string) {
	e := &edit{kind: wbxml.AirSyncAdd, clientID: newID(), class: f.Class(), data: data(write)}
	f.edits = append(f.edits, e)
	return e.clientID
}

// Change changes properties of an item on the phone; Sync sends them.
func (f *Folder) Change(id string, write func(*wbxml.Writer)) {
	d := data(write)
	if it := f.Items[id]; it != nil {
		f.Items[id] = it.merged(d)
	}
	f.edits = append(f.edits, &edit{kind: wbxml.AirSyncChange, id: id, class: f.Class(), data: d})
}

// Delete deletes an item on the phone; Sync sends it.
func (f *Folder) Delete(id string) {
	delete(f.Items, id)
	f.edits = append(f.edits, &edit{kind: wbxml.AirSyncDelete, id: id, class: f.Class()})
}

func (p *Phone) surprise(format string, args ...any) {
	p.Surprises = append(p.Surprises, fmt.Sprintf(format, args...))
}
