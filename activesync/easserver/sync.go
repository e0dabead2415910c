package easserver

import (
	"errors"
	"slices"
	"strconv"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// sync exchanges changes of folders with a phone. [MS-ASCMD] 2.2.1.21
func (c *call) sync() error {
	req, err := c.syncRequest()
	if err != nil {
		return c.syncRefused(err)
	}
	told, err := c.exchange(req)
	if err != nil || told || req.wait == 0 || !req.cacheable() {
		return c.syncRefused(err)
	}
	c.waitForNews(req)
	return nil
}

// syncRequest reads what is asked for, of which a part, or all of it, may be what
// was asked for last.
func (c *call) syncRequest() (*syncRequest, error) {
	if c.body != nil && !c.body.Has(wbxml.AirSyncPartial) {
		return parseSync(c.body, nil)
	}
	kept, err := c.view.ClientState(c.ctx, c.client(), cachedName)
	if err != nil {
		return nil, err
	}
	return parseSync(c.body, parseCached(kept[0].Value))
}

// Names of what is kept for a phone.
const (
	cachedName    = "sync"
	hierarchyName = "folders"
)

// stateName is the name under which a collection's state is kept.
func stateName(id mailbox.FolderID) string { return "c" + folderID(id) }

// syncRefused answers what concerns the whole request. Anything else goes the way
// of all errors.
func (c *call) syncRefused(err error) error {
	var e *syncError
	if !errors.As(err, &e) {
		return err
	}
	c.fail("Status" + strconv.Itoa(int(e.status)))
	c.out.Start(wbxml.AirSyncSync)
	c.out.Int(wbxml.AirSyncStatus, int64(e.status))
	if e.limit != 0 {
		c.out.Int(wbxml.AirSyncLimit, int64(e.limit))
	}
	c.out.End()
	return nil
}

// waitForNews has the request wait until one of its collections changes. What is
// kept of it meanwhile holds nothing of the document it came in.
func (c *call) waitForNews(req *syncRequest) {
	c.raw, c.body = nil, nil
	kept := *req
	kept.collections = slices.Clone(req.collections)
	for i := range kept.collections {
		x := &kept.collections[i]
		x.options, x.supported, x.commands = nil, nil, nil
	}
	c.answer.held = &held{until: c.s.Now().Add(req.wait), look: func(c *call, timeUp bool) (bool, error) {
		news, err := c.news(&kept)
		if err != nil || !news {
			return timeUp, err
		}
		told, err := c.exchange(&kept)
		return told || timeUp || err != nil, c.syncRefused(err)
	}}
}

// news reports whether something of a request's collections is to be told.
func (c *call) news(req *syncRequest) (bool, error) {
	ids := make([]mailbox.FolderID, 0, len(req.collections))
	for i := range req.collections {
		if req.collections[i].getChanges {
			ids = append(ids, req.collections[i].folder)
		}
	}
	changed, gone, err := c.pending(ids...)
	return len(changed) > 0 || gone, err
}

// exchange carries a request out. told reports whether anything was written: if
// not, the answer is an empty one. [MS-ASCMD] 2.2.1.21.2
func (c *call) exchange(req *syncRequest) (told bool, err error) {
	release, err := c.turn()
	if err != nil {
		return false, err
	}
	defer release()
	r := syncRun{call: c, req: req, window: req.window}
	if err := r.load(); err != nil {
		return false, err
	}
	mark := c.out.Mark()
	c.out.Start(wbxml.AirSyncSync)
	c.out.Start(wbxml.AirSyncCollections)
	for i := range req.collections {
		if err := r.collection(i); err != nil {
			c.out.Back(mark)
			return false, err
		}
	}
	c.out.End()
	c.out.End()
	if !r.told {
		c.out.Back(mark)
	}
	if err := r.save(); err != nil {
		c.out.Back(mark)
		return false, err
	}
	return r.told, nil
}

// turn waits until no other request changes what is kept of the phone.
func (c *call) turn() (release func(), err error) {
	return c.h.turns.take(c.ctx, c.view.Mailbox().String()+" "+c.client())
}

// A syncRun is one exchange of all collections of a request.
type syncRun struct {
	*call
	req    *syncRequest
	kept   []mailbox.ClientState // the cached request, then each collection's state
	writes []mailbox.ClientState
	window int // changes that may still be told
	told   bool
}

// load reads what is kept of the collections.
func (r *syncRun) load() (err error) {
	names := make([]string, 1, 1+len(r.req.collections))
	names[0] = cachedName
	for i := range r.req.collections {
		names = append(names, stateName(r.req.collections[i].folder))
	}
	r.kept, err = r.view.ClientState(r.ctx, r.client(), names...)
	return err
}

// save keeps what is another by now, before the answer goes out. A request that
// changed nothing, kept nothing anew and told nothing writes nothing.
func (r *syncRun) save() error {
	switch {
	case !r.req.cacheable():
		if r.kept[0].Value != nil {
			r.writes = append(r.writes, mailbox.ClientState{Name: cachedName})
		}
	case !r.req.sameCached(r.kept[0].Value):
		r.writes = append(r.writes, mailbox.ClientState{Name: cachedName, Value: r.req.appendCached(nil)})
	}
	if len(r.writes) == 0 {
		return nil
	}
	return r.view.SetClientState(r.ctx, r.client(), r.writes...)
}

// collection exchanges one collection, and answers what went wrong with it.
func (r *syncRun) collection(i int) error {
	in := &r.req.collections[i]
	var state *syncState
	if kept := r.kept[1+i].Value; kept != nil {
		state, _ = parseState(kept) // what cannot be read is none: the phone begins anew
	}
	y := &collectionSync{syncRun: r, in: in, state: state, start: r.out.Len()}
	mark := r.out.Mark()
	err := y.serve()
	if err != nil {
		r.out.Back(mark)
		status, ok := collectionStatus(err)
		if !ok {
			return err
		}
		r.refuseCollection(in, status)
		if y.state == nil || status != syncHierarchy {
			return nil
		}
		r.writes = append(r.writes, mailbox.ClientState{Name: stateName(in.folder)}) // the folder is gone
		return nil
	}
	if !y.answered {
		r.out.Back(mark)
	}
	r.told = r.told || y.answered
	if !y.keep {
		return nil
	}
	if b := y.state.appendState(nil); !slices.Equal(b, r.kept[1+i].Value) {
		r.writes = append(r.writes, mailbox.ClientState{Name: stateName(in.folder), Value: b})
	}
	return nil
}

// refuseCollection answers a collection with a status.
func (r *syncRun) refuseCollection(in *syncCollection, status activesync.Status) {
	r.told = true
	r.fail("Status" + strconv.Itoa(int(status)))
	key := in.key
	if status == syncInvalidKey {
		key = "0"
	}
	r.out.Start(wbxml.AirSyncCollection)
	r.out.Text(wbxml.AirSyncSyncKey, key)
	r.out.Text(wbxml.AirSyncCollectionId, in.name)
	r.out.Int(wbxml.AirSyncStatus, int64(status))
	r.out.End()
}

// collectionStatus is what a phone is told of an error that concerns one
// collection; ok is false for one that concerns the request.
func collectionStatus(err error) (s activesync.Status, ok bool) {
	var own *syncError
	if errors.As(err, &own) {
		return own.status, true
	}
	var e *entente.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	switch e.Reason {
	case mailbox.FolderNotFound, mailbox.DeniedRead:
		return syncHierarchy, true
	case mailbox.SyncStateInvalid:
		return syncInvalidKey, true
	}
	return 0, false
}

// A collectionSync exchanges one collection.
type collectionSync struct {
	*syncRun
	in    *syncCollection
	state *syncState
	class class
	o     options
	st    stand // where the phone is, and then where it will be
	start int   // of the collection in the answer

	folder *mailbox.Folder // read when it is needed
	room   int             // changes that may still be told of this collection
	more   bool            // there is more to be told
	open   bool            // Commands is open

	moved    bool // the stand is another
	answered bool // something is to be told
	keep     bool // the state may be another
}

// serve writes the collection's answer. If nothing is to be told, it is as if it
// had not been asked for.
func (y *collectionSync) serve() error {
	if y.in.folder == 0 {
		return &syncError{status: syncHierarchy, text: "no folder has this id"}
	}
	if y.in.key == "0" {
		return y.anew()
	}
	key, ok := parseID(y.in.key)
	if !ok || y.state == nil {
		return &syncError{status: syncInvalidKey, text: "no such synchronization key"}
	}
	at := y.state.at(key)
	if at == nil {
		return &syncError{status: syncInvalidKey, text: "no such synchronization key"}
	}
	y.st, y.keep = at.clone(), true
	y.room = min(y.in.window, y.window)
	if err := y.readOptions(); err != nil {
		return err
	}
	y.header(y.state.serial + 1)
	more := y.out.Mark()
	if err := y.commands(key); err != nil {
		return err
	}
	if y.in.getChanges {
		if err := y.changes(); err != nil {
			return err
		}
	}
	y.endCommands()
	if y.more {
		y.out.EmptyAt(more, wbxml.AirSyncMoreAvailable)
		y.answered = true
	}
	y.out.End()
	switch {
	case y.answered:
		y.state.answered(key, y.st)
	case y.moved:
		// All that changed is nothing to the phone: with its key it stands further on.
		y.st.key = key
		*y.state.at(key) = y.st
	}
	return nil
}

func (y *collectionSync) header(key uint64) {
	y.out.Start(wbxml.AirSyncCollection)
	y.out.Text(wbxml.AirSyncSyncKey, strconv.FormatUint(key, 10))
	y.out.Text(wbxml.AirSyncCollectionId, y.in.name)
	y.out.Int(wbxml.AirSyncStatus, int64(activesync.OK))
}

// anew begins a collection. What was kept of it before is gone.
// [MS-ASCMD] 3.1.5.5
func (y *collectionSync) anew() error {
	if y.in.asked && y.in.getChanges || y.in.commands != nil {
		return protocolError("changes with the first synchronization key")
	}
	f, err := y.view.Folder(y.ctx, y.in.folder)
	if err != nil {
		return err
	}
	name := activesync.ClassOf(folderType(f))
	if y.class = y.h.classes[name]; y.class == nil || !y.showsFolder(f) {
		return &syncError{status: syncHierarchy, text: "nothing in the folder is synchronized"}
	}
	o := defaultOptions()
	o.supported = readSupported(y.in.supported)
	if y.in.options != nil {
		if o, err = readOptions(y.in.options, name, o.supported); err != nil {
			return err
		}
	}
	y.state = newSyncState(name, o)
	y.header(y.state.serial)
	y.out.End()
	y.answered, y.keep = true, true
	return nil
}

// readOptions takes what the phone says of the collection now, or said last.
func (y *collectionSync) readOptions() (err error) {
	if y.class = y.h.classes[y.state.class]; y.class == nil {
		return &syncError{status: syncInvalidKey, text: "a state of a class that there is not"}
	}
	if y.in.options != nil {
		if y.state.options, err = readOptions(y.in.options, y.state.class, y.state.options.supported); err != nil {
			return err
		}
	}
	y.o = y.state.options
	y.o.filter = y.policyFilter(y.state.class, y.o.filter)
	if y.st.wide {
		y.o.filter = filterNone
	}
	return nil
}

// mail reports whether the collection is one of mail.
func (y *collectionSync) mail() bool { return y.state.class == activesync.Email }

// startCommands opens Commands, once.
func (y *collectionSync) startCommands() {
	if !y.open {
		y.open = true
		y.out.Start(wbxml.AirSyncCommands)
	}
}

func (y *collectionSync) endCommands() {
	if y.open {
		y.out.End()
	}
}
