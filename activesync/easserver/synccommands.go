package easserver

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/fnv"
	"slices"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// A commandRun carries out what the phone did in a collection. All of it can be
// done again: a phone repeats a request of which it got no answer.
type commandRun struct {
	*collectionSync
	ahead []stand // that the phone was answered when it asked this before
	gone  []mailbox.ItemID
	open  bool // Responses is open
}

// commands carries out the phone's commands in their order.
// [MS-ASCMD] 2.2.3.32
func (y *collectionSync) commands(key uint64) error {
	if y.in.commands == nil {
		return nil
	}
	y.s.Operation(string(activesync.Sync), true)
	var err error
	if y.folder, err = y.view.Folder(y.ctx, y.in.folder); err != nil {
		return err
	}
	y.answered, y.moved = true, true
	r := commandRun{collectionSync: y, ahead: y.state.ahead(key)}
	for e := range y.in.commands.Children() {
		switch e.Tag {
		case wbxml.AirSyncAdd:
			err = r.add(e)
		case wbxml.AirSyncChange:
			err = r.change(e)
		case wbxml.AirSyncDelete:
			err = r.remove(e)
		case wbxml.AirSyncFetch:
			err = r.fetch(e)
		}
		if err != nil {
			return err
		}
	}
	if r.open {
		y.out.End()
	}
	if err := r.learnGone(); err != nil || y.in.getChanges {
		return err
	}
	return y.pass()
}

// respond opens the response to a command, which the caller closes. Only the first
// opens Responses.
func (r *commandRun) respond(tag wbxml.Tag) {
	if !r.open {
		r.open = true
		r.out.Start(wbxml.AirSyncResponses)
	}
	r.out.Start(tag)
}

// itemStatus is what a phone is told of one item. An error comes back that is not
// one of the item's.
func (r *commandRun) itemStatus(err error) (activesync.Status, error) {
	var status *statusError
	if errors.As(err, &status) {
		return status.status, nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || r.h.Unavailable != nil && r.h.Unavailable(err) {
		return 0, err
	}
	var e *entente.Error
	if !errors.As(err, &e) || e.Kind == entente.Internal {
		// What is wrong with one item does not end the others.
		r.h.Log.Error("a phone's change failed", "request", r.s.RequestID(), "mailbox", r.view.Mailbox(), "folder", uint64(r.in.folder), "error", err)
		return syncConversion, nil
	}
	switch {
	case e.Kind == entente.Unavailable:
		return 0, err
	case e.Reason == mailbox.QuotaExceeded:
		return syncNoSpace, nil
	case e.Kind == entente.NotFound:
		return syncNotFound, nil
	case e.Kind == entente.Conflict:
		return syncConflict, nil
	}
	return syncConversion, nil
}

// add makes an item. A ClientId names it within what was asked under one key; what
// was asked under an earlier one is the same if it says the same.
func (r *commandRun) add(e *wbxml.Element) error {
	client, data := e.Get(wbxml.AirSyncClientId), e.Child(wbxml.AirSyncApplicationData)
	if client == "" || len(client) > maxName {
		return protocolError("an item is added without a name of the phone's")
	}
	if data == nil || e.Get(wbxml.AirSyncClass) == "SMS" {
		r.added(client, nil, syncConversion, nil)
		return nil
	}
	if len(r.st.known) >= maxKnown || len(r.st.adds) >= maxKnown {
		r.added(client, nil, syncRetry, nil)
		return nil
	}
	sum := contentSum(data)
	a := added{client: clientHash(client), sum: binary.BigEndian.Uint32(sum[:])}
	it, reply, err := r.make(data, r.arrival(client, sum), a)
	if err == nil && r.mail() && sends(e) {
		it, reply, err = nil, nil, r.sendMade(it)
	}
	if err != nil {
		status, err := r.itemStatus(err)
		if err == nil {
			r.added(client, nil, status, nil)
		}
		return err
	}
	r.added(client, it, activesync.OK, reply)
	if it == nil {
		return nil // it was sent, and is nowhere
	}
	a.id = it.ID
	r.st.adds = append(r.st.adds, a)
	// An item that was taken away since the phone asked this first is found to be
	// gone when the round is settled; what another made of it since, it is told.
	if it.Found && !r.wroteAhead(it) {
		r.st.learn(it.ID, it.Change, knownNew)
		r.owe(it.ID, mailbox.Updated)
	} else {
		r.wrote(it.ID, it.Change, knownNew)
	}
	r.st.lowest = min(r.st.lowest, it.ID)
	if !r.mail() {
		r.enter(it.ID)
	}
	return nil
}

// make creates an item, or changes the one that was made when the phone asked this
// before, if it says something else by now.
func (r *commandRun) make(data *wbxml.Element, arrival string, a added) (*mailbox.Item, func(), error) {
	for i := range r.ahead {
		for _, was := range r.ahead[i].adds {
			if was.client != a.client || was.sum == a.sum {
				continue
			}
			it, err := r.view.Item(r.ctx, was.id, 0)
			if isReason(err, mailbox.ItemNotFound) {
				return &mailbox.Item{ID: was.id, Folder: r.in.folder}, nil, nil
			}
			if err != nil {
				return nil, nil, err
			}
			return r.class.change(r.call, it, data, &r.o)
		}
	}
	return r.class.create(r.call, r.folder, data, arrival)
}

// added answers an Add. [MS-ASCMD] 2.2.3.7.2
func (r *commandRun) added(client string, it *mailbox.Item, status activesync.Status, reply func()) {
	r.respond(wbxml.AirSyncAdd)
	r.out.Text(wbxml.AirSyncClientId, client)
	if it != nil {
		r.out.Text(wbxml.AirSyncServerId, itemID(r.in.folder, it.ID))
	}
	r.out.Int(wbxml.AirSyncStatus, int64(status))
	r.reply(reply)
	r.out.End()
}

// reply writes what the server made of what the phone wrote.
func (r *commandRun) reply(write func()) {
	if write == nil {
		return
	}
	mark := r.out.Mark()
	r.out.Start(wbxml.AirSyncApplicationData)
	from := r.out.Len()
	write()
	if r.out.Len() == from {
		r.out.Back(mark)
		return
	}
	r.out.End()
}

// contentSum is a sum of what an element says.
func contentSum(e *wbxml.Element) [sha256.Size]byte {
	w := wbxml.NewWriter(make([]byte, 0, 1<<10))
	w.Tree(e)
	return sha256.Sum256(w.Bytes())
}

func clientHash(client string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(client)) // never fails
	return h.Sum64() >> 1          // as the state keeps numbers
}

// arrival is the name under which the mailbox makes an item once. Phones give
// ClientIds again to other things, but not to what says the same.
func (r *commandRun) arrival(client string, sum [sha256.Size]byte) string {
	h := sha256.New()
	for _, s := range [...]string{r.client(), folderID(r.in.folder), client, string(sum[:])} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	return "eas " + hex.EncodeToString(h.Sum(nil)[:16])
}

// item reads an item that the phone names, nil if there is none in this folder.
func (r *commandRun) item(name string, parts mailbox.Parts) (*mailbox.Item, error) {
	folder, id, ok := parseItemID(name)
	if !ok || folder != r.in.folder {
		return nil, nil
	}
	it, err := r.view.Item(r.ctx, id, parts)
	if isReason(err, mailbox.ItemNotFound) || err == nil && it.Folder != folder {
		return nil, nil
	}
	return it, err
}

// change changes an item. What another changed meanwhile is a conflict, in which
// the server's copy stands unless the phone said otherwise. [MS-ASCMD] 2.2.3.38
func (r *commandRun) change(e *wbxml.Element) error {
	name, data := e.Get(wbxml.AirSyncServerId), e.Child(wbxml.AirSyncApplicationData)
	o := r.o
	o.instance = e.Get(wbxml.AirSyncBaseInstanceId)
	it, err := r.item(name, 0)
	if err != nil {
		return err
	}
	if it == nil {
		r.changed(name, o.instance, syncNotFound, nil)
		return nil
	}
	r.st.forget(it.ID) // the phone has another content now, whatever comes of it
	current := r.upToDate(it)
	if !current && r.o.conflict == 1 && !(r.mail() && stateOnly(data)) {
		r.changed(name, o.instance, syncConflict, nil)
		r.owe(it.ID, mailbox.Updated)
		return nil
	}
	now, reply, err := r.class.change(r.call, it, data, &o)
	if err == nil && r.mail() && sends(e) {
		now, reply, err = nil, nil, r.sendDraft(it.ID)
	}
	if err != nil {
		status, err := r.itemStatus(err)
		if err == nil {
			r.changed(name, o.instance, status, nil)
			r.owe(it.ID, mailbox.Updated)
		}
		return err
	}
	if reply != nil {
		r.changed(name, o.instance, activesync.OK, reply)
	}
	if now == nil || now.ID != it.ID {
		r.gone = append(r.gone, it.ID) // a draft that was sent
		return nil
	}
	if !current { // what others made of it stands beside, and the phone has not seen it
		r.st.learn(it.ID, now.Change, 0)
		r.owe(it.ID, mailbox.Updated)
		return nil
	}
	r.wrote(it.ID, now.Change, 0)
	return nil
}

// wrote notes that the phone made an item what it is.
func (r *commandRun) wrote(id mailbox.ItemID, change uint64, what knownBits) {
	r.st.learn(id, change, what)
	if len(r.st.wrote) < maxKnown {
		r.st.wrote = append(r.st.wrote, written{id, change})
	}
}

// changed answers a Change. [MS-ASCMD] 2.2.3.24
func (r *commandRun) changed(name, instance string, status activesync.Status, reply func()) {
	r.respond(wbxml.AirSyncChange)
	r.out.Text(wbxml.AirSyncServerId, name)
	if instance != "" {
		r.out.Text(wbxml.AirSyncBaseInstanceId, instance)
	}
	r.out.Int(wbxml.AirSyncStatus, int64(status))
	r.reply(reply)
	r.out.End()
}

// stateOnly reports whether a change of a message leaves what it says alone, and so
// contradicts no other.
func stateOnly(data *wbxml.Element) bool {
	for e := range data.Children() {
		switch e.Tag {
		case wbxml.EmailRead, wbxml.EmailFlag, wbxml.EmailCategories:
		default:
			return false
		}
	}
	return true
}

// upToDate reports whether the phone has seen an item as it is, or made it so.
func (r *commandRun) upToDate(it *mailbox.Item) bool {
	for _, o := range r.st.owed {
		if o.id == it.ID {
			return false
		}
	}
	if k := r.st.find(it.ID); k != nil && k.change == it.Change || r.st.point.Has(it) {
		return true
	}
	return r.wroteAhead(it)
}

// wroteAhead reports whether an item is as the phone made it when it asked this
// before.
func (r *commandRun) wroteAhead(it *mailbox.Item) bool {
	for i := range r.ahead {
		if slices.Contains(r.ahead[i].wrote, written{it.ID, it.Change}) {
			return true
		}
	}
	return false
}

// owe has the phone told of an item that it has otherwise than it is.
func (r *commandRun) owe(id mailbox.ItemID, kind mailbox.ChangeKind) {
	if len(r.st.owed) < maxWindow {
		r.st.owed = append(r.st.owed, owed{id, kind})
	}
}

// remove deletes an item, or one occurrence of it. What is not there any more was
// deleted, perhaps when the phone asked this before.
func (r *commandRun) remove(e *wbxml.Element) error {
	name := e.Get(wbxml.AirSyncServerId)
	it, err := r.item(name, 0)
	if err != nil || it == nil {
		return err
	}
	mode := mailbox.SoftDelete
	if r.in.moves {
		mode = mailbox.MoveToDeletedItems
	}
	instance := e.Get(wbxml.AirSyncBaseInstanceId)
	if err := r.class.remove(r.call, it, e, mode); err != nil {
		status, err := r.itemStatus(err)
		if err != nil || status == syncNotFound {
			return err
		}
		r.respond(wbxml.AirSyncDelete)
		r.out.Text(wbxml.AirSyncServerId, name)
		if instance != "" {
			r.out.Text(wbxml.AirSyncBaseInstanceId, instance)
		}
		r.out.Int(wbxml.AirSyncStatus, int64(status))
		r.out.End()
		// It is still here, and there no longer.
		r.st.leave(it.ID)
		r.st.forget(it.ID)
		r.owe(it.ID, mailbox.Created)
		return nil
	}
	r.st.forget(it.ID)
	now, err := r.item(name, 0)
	if err != nil {
		return err
	}
	if now != nil { // an occurrence is
		r.wrote(it.ID, now.Change, 0)
		return nil
	}
	r.gone = append(r.gone, it.ID)
	r.st.leave(it.ID)
	return nil
}

// learnGone notes what the phone deleted. When the mailbox noted it is not known
// but for that it has by now.
func (r *commandRun) learnGone() error {
	if len(r.gone) == 0 {
		return nil
	}
	point, err := r.view.SyncPoint(r.ctx, r.in.folder)
	if err != nil {
		return err
	}
	for _, id := range r.gone {
		r.st.unlearn(id)
		if len(r.st.known) < maxKnown {
			r.st.learn(id, point.Base, knownGone)
		}
	}
	return nil
}

// fetch answers with an item as a whole. [MS-ASCMD] 2.2.3.67.2
func (r *commandRun) fetch(e *wbxml.Element) error {
	name := e.Get(wbxml.AirSyncServerId)
	o := r.o
	o.whole = true
	status := activesync.OK
	var it *mailbox.Item
	if r.heavy() {
		status = syncRetry
	} else {
		var err error
		if it, err = r.item(name, r.class.parts(&o)); err != nil {
			return err
		}
		if it == nil || !r.class.shown(it) {
			status = syncNotFound
		}
	}
	r.respond(wbxml.AirSyncFetch)
	defer r.out.End()
	r.out.Text(wbxml.AirSyncServerId, name)
	mark := r.out.Mark()
	r.out.Int(wbxml.AirSyncStatus, int64(status))
	if status != activesync.OK {
		return nil
	}
	r.out.Start(wbxml.AirSyncApplicationData)
	if err := r.class.write(r.call, it, &o); err != nil {
		r.out.Back(mark)
		status, err := r.itemStatus(err)
		r.out.Int(wbxml.AirSyncStatus, int64(status))
		return err
	}
	r.out.End()
	return nil
}

// pass moves the phone's point over what it wrote itself, for a phone that writes
// and asks for nothing: what it knows ahead of its point does not grow for ever.
func (y *collectionSync) pass() error {
	for y.st.begun && len(y.st.known) > 0 {
		begins := y.st.point.Idle()
		page, err := y.view.Changes(y.ctx, y.in.folder, y.st.point, defaultWindow)
		if err != nil {
			return err
		}
		for i := range page.List {
			if y.first(&page.List[i]) != verbNone {
				return nil
			}
		}
		for i := range page.List {
			y.passed(&page.List[i])
		}
		y.st.point = page.Next
		if page.Last && begins {
			return y.settle()
		}
	}
	return nil
}
