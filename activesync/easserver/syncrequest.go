package easserver

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Bounds of requests.
const (
	maxCollections = 300
	maxWindow      = 512
	defaultWindow  = 100
	maxSupported   = 200
	maxName        = 64

	minHeartbeat, maxHeartbeat = 60, 3540 // seconds
	minWait, maxWait           = 1, 59    // minutes
)

// Statuses of Sync that are not common to all commands. [MS-ASCMD] 2.2.3.177.17
const (
	syncInvalidKey     activesync.Status = 3
	syncProtocolError  activesync.Status = 4
	syncServerError    activesync.Status = 5
	syncConversion     activesync.Status = 6
	syncConflict       activesync.Status = 7
	syncNotFound       activesync.Status = 8
	syncNoSpace        activesync.Status = 9
	syncHierarchy      activesync.Status = 12
	syncIncomplete     activesync.Status = 13
	syncWaitOutOfRange activesync.Status = 14
	syncTooManyFolders activesync.Status = 15
	syncRetry          activesync.Status = 16
)

// A syncRequest is what a Sync asks for, as it is also kept for the next one that
// says less. [MS-ASCMD] 2.2.1.21
type syncRequest struct {
	collections []syncCollection
	wait        time.Duration // 0: answer at once
	window      int           // changes of all collections together
}

// A syncCollection is one collection of it.
type syncCollection struct {
	name       string // CollectionId as it came
	folder     mailbox.FolderID
	key        string
	getChanges bool
	window     int
	moves      bool // what is deleted goes to Deleted Items

	// Of this request alone.
	asked     bool // GetChanges was there
	options   *wbxml.Element
	supported *wbxml.Element
	commands  *wbxml.Element
}

// A syncError is a status of the whole of a Sync, or of one collection.
type syncError struct {
	status activesync.Status
	limit  int // with it, 0 for none
	text   string
}

// Error implements error.
func (e *syncError) Error() string { return e.text }

func protocolError(text string) error { return &syncError{status: syncProtocolError, text: text} }

// parseSync reads the document of a request. cached is the request that is kept,
// nil for none. [MS-ASCMD] 2.2.1.21.1, 2.2.3.131
func parseSync(body *wbxml.Element, cached *syncRequest) (*syncRequest, error) {
	none := &syncError{status: syncIncomplete, text: "no request is kept that this one could go on with"}
	if body == nil {
		if cached == nil {
			return nil, none
		}
		return cached, nil
	}
	r := &syncRequest{window: maxWindow}
	partial := body.Has(wbxml.AirSyncPartial)
	if partial {
		if cached == nil {
			return nil, none
		}
		*r = syncRequest{collections: slices.Clone(cached.collections), wait: cached.wait, window: cached.window}
	}
	if w := body.Child(wbxml.AirSyncWindowSize); w != nil {
		r.window = windowSize(w)
	}
	if err := r.readWait(body); err != nil {
		return nil, err
	}
	list := body.Child(wbxml.AirSyncCollections)
	if list == nil && !partial {
		return nil, protocolError("neither collections nor a part of a request")
	}
	named := map[string]bool{}
	for e := range list.All(wbxml.AirSyncCollection) {
		x, err := readCollection(e)
		if err != nil {
			return nil, err
		}
		if named[x.name] {
			return nil, protocolError("a collection stands there twice")
		}
		named[x.name] = true
		if i := slices.IndexFunc(r.collections, func(y syncCollection) bool { return y.name == x.name }); i >= 0 {
			r.collections[i] = x
		} else {
			r.collections = append(r.collections, x)
		}
		if len(r.collections) > maxCollections {
			return nil, &syncError{status: syncTooManyFolders, limit: maxCollections, text: "more collections than one request may have"}
		}
	}
	if len(r.collections) == 0 {
		return nil, protocolError("no collection")
	}
	return r, nil
}

// windowSize reads a WindowSize. [MS-ASCMD] 2.2.3.199
func windowSize(e *wbxml.Element) int {
	n, err := strconv.Atoi(e.Text())
	if err != nil || n <= 0 || n > maxWindow {
		return maxWindow
	}
	return n
}

// readWait reads Wait or HeartbeatInterval. [MS-ASCMD] 2.2.3.198, 2.2.3.88.2
func (r *syncRequest) readWait(body *wbxml.Element) error {
	wait, beat := body.Child(wbxml.AirSyncWait), body.Child(wbxml.AirSyncHeartbeatInterval)
	within := func(e *wbxml.Element, low, high int, unit time.Duration) error {
		n, err := strconv.Atoi(e.Text())
		switch {
		case err != nil:
			return protocolError("a time to wait that is no number")
		case n < low:
			return &syncError{status: syncWaitOutOfRange, limit: low, text: "a time to wait that is too short"}
		case n > high:
			return &syncError{status: syncWaitOutOfRange, limit: high, text: "a time to wait that is too long"}
		}
		r.wait = time.Duration(n) * unit
		return nil
	}
	switch {
	case wait != nil && beat != nil:
		return protocolError("both Wait and HeartbeatInterval")
	case wait != nil:
		return within(wait, minWait, maxWait, time.Minute)
	case beat != nil:
		return within(beat, minHeartbeat, maxHeartbeat, time.Second)
	}
	return nil
}

// readCollection reads one collection. What it says of the order of its elements,
// clients do not keep to.
func readCollection(e *wbxml.Element) (syncCollection, error) {
	x := syncCollection{
		name: e.Get(wbxml.AirSyncCollectionId), key: e.Get(wbxml.AirSyncSyncKey), window: defaultWindow, moves: true,
		supported: e.Child(wbxml.AirSyncSupported), commands: e.Child(wbxml.AirSyncCommands),
	}
	if x.name == "" || len(x.name) > 64 {
		return x, protocolError("a collection without an id")
	}
	if len(x.key) > 64 || x.key == "" {
		return x, protocolError("a collection without a synchronization key")
	}
	x.folder, _ = parseFolderID(x.name) // 0 is no folder
	if w := e.Child(wbxml.AirSyncWindowSize); w != nil {
		x.window = windowSize(w)
	}
	if d := e.Child(wbxml.AirSyncDeletesAsMoves); d != nil {
		x.moves = boolean(d)
	}
	// Without the element, changes are wanted but with the first key.
	// [MS-ASCMD] 2.2.3.84
	x.getChanges = x.key != "0"
	if g := e.Child(wbxml.AirSyncGetChanges); g != nil {
		x.getChanges, x.asked = boolean(g), true
	}
	for o := range e.All(wbxml.AirSyncOptions) {
		// Options of text messages stand beside those of mail; there are none here.
		if o.Get(wbxml.AirSyncClass) != "SMS" && x.options == nil {
			x.options = o
		}
	}
	if x.commands != nil && !slices.ContainsFunc(slices.Collect(x.commands.Children()), isCommand) {
		x.commands = nil
	}
	return x, nil
}

// boolean reads an element that is true when it is empty.
func boolean(e *wbxml.Element) bool { t := e.Text(); return t != "0" && t != "false" }

func isCommand(e *wbxml.Element) bool {
	switch e.Tag {
	case wbxml.AirSyncAdd, wbxml.AirSyncChange, wbxml.AirSyncDelete, wbxml.AirSyncFetch:
		return true
	}
	return false
}

// readOptions reads Options, which replace what was said before.
// [MS-ASCMD] 2.2.3.125.5
func readOptions(e *wbxml.Element, class activesync.Class, supported map[wbxml.Tag]bool) (options, error) {
	o := options{conflict: 1, supported: supported}
	if err := readBodyOptions(e, &o); err != nil {
		return o, err
	}
	var err error
	if f := e.Child(wbxml.AirSyncFilterType); f != nil {
		if o.filter, err = smallNumber(f, 8); err != nil {
			return o, err
		}
	}
	o.filter = filterOf(class, o.filter)
	if f := e.Child(wbxml.AirSyncConflict); f != nil {
		if o.conflict, err = smallNumber(f, 1); err != nil {
			return o, err
		}
	}
	return o, nil
}

// defaultOptions are those of a phone that said nothing.
func defaultOptions() options { return options{conflict: 1, mimeTrunc: 8} }

// readSupported reads which elements a phone knows; nil is all.
// [MS-ASCMD] 2.2.3.179
func readSupported(e *wbxml.Element) map[wbxml.Tag]bool {
	if e == nil {
		return nil
	}
	list := map[wbxml.Tag]bool{}
	for x := range e.Children() {
		if len(list) < maxSupported {
			list[x.Tag] = true
		}
	}
	return list
}

// cachedForm is the form in which a request is kept.
const cachedForm = 1

// appendCached encodes what of a request is kept for those that go on with it.
func (r *syncRequest) appendCached(b []byte) []byte {
	w := stateWriter(append(b, cachedForm))
	w.num(uint64(r.wait / time.Second))
	w.num(uint64(r.window))
	w.num(uint64(len(r.collections)))
	for i := range r.collections {
		x := &r.collections[i]
		w.text(x.name)
		w.text(x.key)
		w.flags(x.getChanges, x.moves, x.asked)
		w.num(uint64(x.window))
	}
	return w
}

// parseCached decodes what appendCached wrote.
func parseCached(b []byte) *syncRequest {
	s := stateReader{b: b}
	if len(b) == 0 || s.byte() != cachedForm {
		return nil
	}
	r := &syncRequest{wait: time.Duration(min(s.num(), maxHeartbeat)) * time.Second, window: int(s.num())}
	for range s.count(maxCollections) {
		x := syncCollection{name: s.text(), key: s.text()}
		s.flags(&x.getChanges, &x.moves, &x.asked)
		x.window = int(s.num())
		x.folder, _ = parseFolderID(x.name)
		r.collections = append(r.collections, x)
	}
	if s.bad || len(s.b) != 0 || len(r.collections) == 0 {
		return nil
	}
	return r
}

// cacheable reports whether a request is one that can be gone on with: one that
// changes nothing and begins nothing.
func (r *syncRequest) cacheable() bool {
	return !slices.ContainsFunc(r.collections, func(x syncCollection) bool { return x.commands != nil || x.key == "0" })
}

// sameCached reports whether the request is kept already.
func (r *syncRequest) sameCached(b []byte) bool { return bytes.Equal(b, r.appendCached(nil)) }
