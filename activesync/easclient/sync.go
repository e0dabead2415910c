package easclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// maxRounds bounds how many answers one Sync takes.
const maxRounds = 10_000

// Sync synchronizes folders, all that phones show if none are named, until the
// server has nothing more to say and has taken everything.
func (p *Phone) Sync(ctx context.Context, folders ...string) error {
	p.strays = 0
	if p.HierarchyKey == "" {
		if err := p.FolderSync(ctx); err != nil {
			return err
		}
	}
	for range maxRounds {
		var left []*Folder
		for _, f := range p.chosen(folders) {
			if f.Key == "0" || f.more || len(f.edits) > 0 || len(f.refetch) > 0 {
				left = append(left, f)
			}
		}
		first := len(left) == 0
		if first {
			left = p.chosen(folders)
		}
		if len(left) == 0 {
			return nil
		}
		changed, err := p.SyncOnce(ctx, left, 0)
		if err != nil {
			return err
		}
		if first && !changed {
			return nil
		}
	}
	return fmt.Errorf("%w: the synchronization has no end", ErrNotActiveSync)
}

// chosen are the folders with these ids, or all that phones show.
func (p *Phone) chosen(ids []string) []*Folder {
	var all []*Folder
	for _, f := range p.Sorted() {
		if f.Class() != "" && f.Type != activesync.DefaultOutbox && (len(ids) == 0 || slices.Contains(ids, f.ID)) {
			all = append(all, f)
		}
	}
	return all
}

// SyncOnce sends one Sync of some folders and takes over its answer. With wait the
// server answers when there is something new, or when the time is up. changed says
// that the answer said something.
func (p *Phone) SyncOnce(ctx context.Context, folders []*Folder, wait time.Duration) (changed bool, err error) {
	if p.Speaks == 0 {
		if err := p.negotiate(ctx); err != nil {
			return false, err
		}
	}
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.AirSyncSync)
	w.Start(wbxml.AirSyncCollections)
	for _, f := range folders {
		p.writeCollection(w, f)
	}
	w.End()
	if wait > 0 {
		if p.at(activesync.V140) {
			w.Int(wbxml.AirSyncHeartbeatInterval, int64(wait/time.Second))
		} else {
			w.Int(wbxml.AirSyncWait, max(1, int64(wait/time.Minute)))
		}
	}
	w.Int(wbxml.AirSyncWindowSize, int64(p.window()))
	w.End()
	return p.synced(ctx, ask(activesync.Sync, w), folders)
}

// Repeat sends an empty Sync: the same as the last one. The server answers status
// 13 if it does not have that. [MS-ASCMD] 2.2.1.21.1
func (p *Phone) Repeat(ctx context.Context, folders []*Folder) (changed bool, err error) {
	return p.synced(ctx, ask(activesync.Sync, nil), folders)
}

func (p *Phone) synced(ctx context.Context, q question, folders []*Folder) (changed bool, err error) {
	a, err := p.do(ctx, q)
	if err != nil {
		return false, err
	}
	for _, f := range folders { // of those that are not named there is nothing new
		f.more = false
	}
	if a.Root == nil {
		return false, nil
	}
	if s := a.Root.Get(wbxml.AirSyncStatus); s != "" && s != "1" {
		return p.wrong(ctx, "Sync", s, nil)
	}
	for c := range a.Root.Child(wbxml.AirSyncCollections).All(wbxml.AirSyncCollection) {
		f := p.Folders[c.Get(wbxml.AirSyncCollectionId)]
		if f == nil {
			return false, fmt.Errorf("%w: folder %q was not asked for", ErrNotActiveSync, c.Get(wbxml.AirSyncCollectionId))
		}
		if s := c.Get(wbxml.AirSyncStatus); s != "1" {
			if changed, err = p.wrong(ctx, "Collection", s, f); err != nil {
				return changed, err
			}
			continue
		}
		if p.collection(f, c) {
			changed = true
		}
	}
	return changed, nil
}

// wrong does what a status of Sync asks for. [MS-ASCMD] 2.2.3.177.17
func (p *Phone) wrong(ctx context.Context, where, status string, f *Folder) (changed bool, err error) {
	n, err := strconv.Atoi(status)
	if err != nil {
		return false, fmt.Errorf("%w: a status %q", ErrNotActiveSync, status)
	}
	err = &StatusError{activesync.Sync, activesync.Status(n), where}
	switch {
	case n == 3 && f != nil && f.Key != "0": // the key is not known
		f.reset()
		return true, nil
	case (n == 12 || n == 8 && f != nil) && p.strays < maxTries: // the hierarchy changed
		p.strays++
		return true, p.FolderSync(ctx)
	case n == 16 || n == 5:
		return true, p.Sleep(ctx, 5*time.Second)
	}
	again, err := p.heal(ctx, err)
	return again, err
}

func (p *Phone) window() int {
	if p.Options.Window > 0 {
		return p.Options.Window
	}
	return 100
}

// writeCollection writes what is asked of one folder.
func (p *Phone) writeCollection(w *wbxml.Writer, f *Folder) {
	for _, e := range f.edits {
		e.sent = false
	}
	w.Start(wbxml.AirSyncCollection)
	if !p.at(activesync.V140) {
		w.Text(wbxml.AirSyncClass, string(f.Class()))
	}
	w.Text(wbxml.AirSyncSyncKey, f.Key)
	w.Text(wbxml.AirSyncCollectionId, f.ID)
	if f.Key == "0" {
		p.writeOptions(w, f)
		w.End()
		return
	}
	w.Bool(wbxml.AirSyncDeletesAsMoves, !p.Options.Permanent)
	w.Bool(wbxml.AirSyncGetChanges, true)
	w.Int(wbxml.AirSyncWindowSize, int64(p.window()))
	p.writeOptions(w, f)
	if len(f.edits)+len(f.refetch) > 0 {
		w.Start(wbxml.AirSyncCommands)
		for _, e := range f.edits {
			e.write(w)
		}
		for _, id := range f.refetch {
			w.Start(wbxml.AirSyncFetch)
			w.Text(wbxml.AirSyncServerId, id)
			w.End()
		}
		w.End()
	}
	w.End()
}

func (e *edit) write(w *wbxml.Writer) {
	e.sent = true
	w.Start(e.kind)
	if e.kind == wbxml.AirSyncAdd {
		w.Text(wbxml.AirSyncClientId, e.clientID)
	} else {
		w.Text(wbxml.AirSyncServerId, e.id)
	}
	if e.data != nil {
		w.Tree(e.data)
	}
	w.End()
}

// writeOptions writes how the phone wants items. [MS-ASCMD] 2.2.3.125.5
func (p *Phone) writeOptions(w *wbxml.Writer, f *Folder) {
	o := &p.Options
	w.Start(wbxml.AirSyncOptions)
	switch f.Class() {
	case activesync.Email:
		w.Int(wbxml.AirSyncFilterType, int64(o.MailFilter))
	case activesync.Calendar:
		w.Int(wbxml.AirSyncFilterType, int64(o.CalendarFilter))
	}
	conflict := int64(1)
	if o.ClientWins {
		conflict = 0
	}
	w.Int(wbxml.AirSyncConflict, conflict)
	kind := o.BodyType
	if kind == 4 && f.Class() == activesync.Email {
		w.Int(wbxml.AirSyncMIMESupport, 2)
	} else if kind == 0 || kind == 4 {
		kind = 2
	}
	if f.Class() != activesync.Email {
		kind = 1
	}
	w.Start(wbxml.AirSyncBaseBodyPreference)
	w.Int(wbxml.AirSyncBaseType, int64(kind))
	if o.Truncation >= 0 {
		size := o.Truncation
		if size == 0 {
			size = 32 << 10
		}
		w.Int(wbxml.AirSyncBaseTruncationSize, int64(size))
	}
	w.End()
	w.End()
}

// collection takes over what the server says of one folder; it returns whether it
// said something.
func (p *Phone) collection(f *Folder, c *wbxml.Element) (changed bool) {
	begun := f.Key == "0"
	f.Key = c.Get(wbxml.AirSyncSyncKey)
	f.more = c.Has(wbxml.AirSyncMoreAvailable)
	if begun {
		f.more = true // the first answer has a key alone
	}
	p.responses(f, c.Child(wbxml.AirSyncResponses))
	for e := range c.Child(wbxml.AirSyncCommands).Children() {
		p.command(f, e)
		changed = true
	}
	return changed || f.more
}

// command takes over one change of the server's.
func (p *Phone) command(f *Folder, c *wbxml.Element) {
	id := c.Get(wbxml.AirSyncServerId)
	d := c.Child(wbxml.AirSyncApplicationData)
	old := f.Items[id]
	switch c.Tag {
	case wbxml.AirSyncAdd:
		if old != nil && !old.moved {
			p.surprise("item %s was added to %s, and is there", id, f.Name)
		}
		f.Items[id] = newItem(id, f.Class(), d)
	case wbxml.AirSyncChange:
		if old == nil {
			p.surprise("item %s was changed in %s, and is not there", id, f.Name)
			f.refetch = append(f.refetch, id)
			return
		}
		f.Items[id] = old.changed(d)
	case wbxml.AirSyncDelete, wbxml.AirSyncSoftDelete:
		delete(f.Items, id)
	}
}

// responses takes over what became of the phone's own changes. Those that are not
// named were taken. [MS-ASCMD] 2.2.3.154
func (p *Phone) responses(f *Folder, r *wbxml.Element) {
	edits := f.edits
	f.edits = nil
	var fetched []string
	for c := range r.All(wbxml.AirSyncFetch) {
		id := c.Get(wbxml.AirSyncServerId)
		fetched = append(fetched, id)
		if c.Get(wbxml.AirSyncStatus) == "1" {
			f.Items[id] = newItem(id, f.Class(), c.Child(wbxml.AirSyncApplicationData))
		} else {
			delete(f.Items, id)
		}
	}
	f.refetch = slices.DeleteFunc(f.refetch, func(id string) bool { return slices.Contains(fetched, id) })
	for _, e := range edits {
		if !e.sent {
			f.edits = append(f.edits, e)
			continue
		}
		p.confirm(f, e, find(r, e))
	}
}

// find returns the response to an edit, nil if there is none.
func find(r *wbxml.Element, e *edit) *wbxml.Element {
	for c := range r.All(e.kind) {
		if e.kind == wbxml.AirSyncAdd && c.Get(wbxml.AirSyncClientId) == e.clientID ||
			e.kind != wbxml.AirSyncAdd && c.Get(wbxml.AirSyncServerId) == e.id {
			return c
		}
	}
	return nil
}

// confirm ends an edit by its response.
func (p *Phone) confirm(f *Folder, e *edit, c *wbxml.Element) {
	status, _ := strconv.Atoi(c.Get(wbxml.AirSyncStatus))
	if e.kind == wbxml.AirSyncAdd {
		id := c.Get(wbxml.AirSyncServerId)
		switch {
		case c == nil:
			p.surprise("nothing was said of %s, which was added to %s", e.clientID, f.Name)
			f.edits = append(f.edits, e)
		case status == 1 && id != "":
			d := e.data
			if more := c.Child(wbxml.AirSyncApplicationData); more != nil {
				d = (&Item{ID: id, Class: e.class, Data: d}).merged(more).Data
			}
			if f.Items[id] != nil {
				p.surprise("item %s of %s was named twice", id, f.Name)
			}
			f.Items[id] = &Item{ID: id, Class: e.class, Data: d}
		default:
			p.Refused = append(p.Refused, Refusal{f.ID, id, e.clientID, activesync.Status(status)})
		}
		return
	}
	if c == nil || status == 1 {
		return
	}
	switch {
	case status == 8: // it is gone
		delete(f.Items, e.id)
	case status == 7: // the server's stays, and comes in Commands
	case status == 5 || status == 16:
		f.edits = append(f.edits, e)
		return
	case e.kind == wbxml.AirSyncChange:
		f.refetch = append(f.refetch, e.id)
	}
	p.Refused = append(p.Refused, Refusal{f.ID, e.id, "", activesync.Status(status)})
}

// Wait is Sync with a wait: it returns when something came.
func (p *Phone) Wait(ctx context.Context, wait time.Duration, folders ...string) (changed bool, err error) {
	if wait < time.Minute {
		return false, errors.New("a Sync waits for a minute at least")
	}
	return p.SyncOnce(ctx, p.chosen(folders), wait)
}
