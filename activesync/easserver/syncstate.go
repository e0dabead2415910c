package easserver

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// What is kept of a phone for each folder that it synchronizes: never a list of
// what it has, but how far it has followed the folder (doc/design/0021).

// Bounds of what is kept.
const (
	maxKnown   = 5000    // writes of the phone that its stand has not passed yet
	maxPresent = 20_000  // items of a filtered calendar or task list
	maxWide    = 100_000 // of one that is to be had whole, until it is
	maxOwed    = 2 * maxWindow
	maxDigests = 128
	maxUnsent  = 100
	maxAhead   = 2 // answers to one key that may be the one that arrived
	stateForm  = 1
)

// A syncState is what is kept of one collection.
type syncState struct {
	class   activesync.Class
	serial  uint64 // the key given out last
	options options
	// stands are where the phone may be: the one whose key it used last comes first,
	// then those that it was answered since, of which it may have got any.
	stands []stand
}

// A stand is where the phone is with one synchronization key.
type stand struct {
	key    uint64
	begun  bool // something was asked for but the key
	point  mailbox.SyncPoint
	filter int // the FilterType that what the phone has follows

	// Of mail the phone has what lies from here on in the order of arrival, as far
	// as it was there at the point; and nothing with an id below lowest.
	have   mailbox.Place
	lowest mailbox.ItemID

	// Of calendars and tasks with a filter the phone has what is present; all says
	// that it has everything, wide that it gets everything because too much is
	// present for a list. While scanning, the folder is gone through again, as
	// far as scan. swept is the moment that the filter began with when what is
	// present was held against it last.
	all      bool
	wide     bool
	present  []mailbox.ItemID // rising
	scanning bool
	scan     mailbox.SyncPoint
	swept    int64

	known   []known          // by id
	owed    []owed           // changes of the point that did not fit into the answer
	unsent  []mailbox.ItemID // could not be written: the phone has not got them
	digests []digest         // of changes sent last

	// By the request that the stand answers: what the phone added, and what it
	// changed with the change numbers that came of it.
	adds  []added
	wrote []written
}

// A known is an item of which the phone has a state that its point has not reached:
// it wrote it, or was shown it when it was newer than the change it was told of.
type known struct {
	id     mailbox.ItemID
	change uint64
	what   knownBits
}

type knownBits uint8

const (
	knownNew  knownBits = 1 << iota // the phone knows it by its ServerId alone: it came by a command
	knownGone                       // the phone deleted it
)

// An owed is a change that is still to be told.
type owed struct {
	id   mailbox.ItemID
	kind mailbox.ChangeKind
}

// A digest is of the ApplicationData that a phone was sent of an item.
type digest struct {
	id  mailbox.ItemID
	sum uint32
}

// An added is an item that a phone added under a ClientId.
type added struct {
	client uint64 // hash of the ClientId
	sum    uint32 // of what it was to be
	id     mailbox.ItemID
}

// A written is an item as a phone made it.
type written struct {
	id     mailbox.ItemID
	change uint64
}

// newSyncState begins the synchronization of a collection anew. Its keys are no
// keys of earlier beginnings, so that a phone that was restored from a copy is not
// taken for one that goes on.
func newSyncState(c activesync.Class, o options) *syncState {
	s := &syncState{class: c, options: o, serial: 1e8 + rand.Uint64N(9e14)}
	s.stands = []stand{s.fresh()}
	return s
}

func (s *syncState) fresh() stand {
	return stand{key: s.serial, lowest: math.MaxInt64, have: mailbox.Place{Received: math.MaxInt64}}
}

// at returns the stand of a key, nil for a key that is none of those that the phone
// may have.
func (s *syncState) at(key uint64) *stand {
	for i := range s.stands {
		if s.stands[i].key == key {
			return &s.stands[i]
		}
	}
	return nil
}

// answered keeps the stand at which the phone asked and adds the one that it is
// answered, with a new key. What it was answered before at the same stand it may
// have got instead.
func (s *syncState) answered(from uint64, next stand) {
	i := slices.IndexFunc(s.stands, func(x stand) bool { return x.key == from })
	if i > 0 { // it has got this one, and so none of the others
		s.stands = []stand{s.stands[i]}
	}
	if len(s.stands) > maxAhead {
		s.stands = slices.Delete(s.stands, 1, len(s.stands)-maxAhead+1)
	}
	s.serial++
	next.key = s.serial
	s.stands = append(s.stands, next)
}

// ahead are the stands that the phone was answered at a key that it uses again.
func (s *syncState) ahead(key uint64) []stand {
	if len(s.stands) > 1 && s.stands[0].key == key {
		return s.stands[1:]
	}
	return nil
}

// clone returns a copy that can be changed.
func (st *stand) clone() stand {
	n := *st
	n.present, n.known, n.owed = slices.Clone(st.present), slices.Clone(st.known), slices.Clone(st.owed)
	n.unsent, n.digests, n.adds, n.wrote = slices.Clone(st.unsent), slices.Clone(st.digests), nil, nil
	return n
}

// find returns what the phone knows of an item, nil if there is nothing.
func (st *stand) find(id mailbox.ItemID) *known {
	if i, ok := st.search(id); ok {
		return &st.known[i]
	}
	return nil
}

func (st *stand) search(id mailbox.ItemID) (int, bool) {
	return slices.BinarySearchFunc(st.known, id, func(k known, id mailbox.ItemID) int {
		switch {
		case k.id < id:
			return -1
		case k.id > id:
			return 1
		}
		return 0
	})
}

// learn notes what the phone knows of an item by now.
func (st *stand) learn(id mailbox.ItemID, change uint64, what knownBits) {
	i, ok := st.search(id)
	if !ok {
		st.known = slices.Insert(st.known, i, known{id, change, what})
		return
	}
	k := &st.known[i]
	k.change, k.what = change, k.what|what
}

// unlearn forgets it.
func (st *stand) unlearn(id mailbox.ItemID) {
	if i, ok := st.search(id); ok {
		st.known = slices.Delete(st.known, i, i+1)
	}
}

// holds reports whether an item is present, and where it is or would be.
func (st *stand) holds(id mailbox.ItemID) (int, bool) { return slices.BinarySearch(st.present, id) }

// enter notes that the phone has an item of a filtered collection.
func (st *stand) enter(id mailbox.ItemID) {
	if i, ok := st.holds(id); !ok && !st.everything() {
		st.present = slices.Insert(st.present, i, id)
	}
}

// leave notes that it has not.
func (st *stand) leave(id mailbox.ItemID) {
	if i, ok := st.holds(id); ok {
		st.present = slices.Delete(st.present, i, i+1)
	}
}

// everything reports whether the phone has all that there is at its point, so that
// nothing need be kept of what is present.
func (st *stand) everything() bool { return st.all && !st.scanning }

// The form of a state: numbers and texts one after the other, after a byte for the
// form itself. What is read was written here, but is checked like anything else:
// what is not a state makes the phone begin anew.

// appendState encodes a state at the end of b.
func (s *syncState) appendState(b []byte) []byte {
	w := stateWriter(append(b, stateForm))
	w.text(string(s.class))
	w.num(s.serial)
	w.options(&s.options)
	w.num(uint64(len(s.stands)))
	for i := range s.stands {
		w.stand(&s.stands[i])
	}
	return w
}

type stateWriter []byte

func (w *stateWriter) num(n uint64) { *w = binary.AppendUvarint(*w, n) }
func (w *stateWriter) int(n int64)  { *w = binary.AppendVarint(*w, n) }

func (w *stateWriter) text(s string) {
	w.num(uint64(len(s)))
	*w = append(*w, s...)
}

func (w *stateWriter) flags(list ...bool) {
	n := uint64(0)
	for i, b := range list {
		if b {
			n |= 1 << i
		}
	}
	w.num(n)
}

func (w *stateWriter) options(o *options) {
	w.flags(o.rights, o.supported != nil)
	for _, n := range [...]int{o.filter, o.conflict, o.mimeSupport, o.mimeTrunc} {
		w.int(int64(n))
	}
	for _, list := range [...][]bodyPreference{o.bodies, o.partBodies} {
		w.num(uint64(len(list)))
		for _, p := range list {
			w.int(int64(p.kind))
			w.int(p.truncate)
			w.flags(p.allOrNone)
			w.int(int64(p.preview))
		}
	}
	tags := make([]wbxml.Tag, 0, len(o.supported))
	for t := range o.supported {
		tags = append(tags, t)
	}
	slices.Sort(tags)
	w.num(uint64(len(tags)))
	for _, t := range tags {
		w.num(uint64(t))
	}
}

func (w *stateWriter) point(p *mailbox.SyncPoint) {
	if p.Replica == 0 && !p.Limited {
		w.num(0)
		return
	}
	w.text(string(p.Append(nil)))
}

func (w *stateWriter) stand(st *stand) {
	w.num(st.key)
	w.flags(st.begun, st.all, st.scanning, st.wide)
	w.point(&st.point)
	w.point(&st.scan)
	w.int(int64(st.filter))
	w.int(st.have.Received)
	w.num(uint64(st.have.ID))
	w.num(uint64(st.lowest))
	w.int(st.swept)
	w.ids(st.present)
	w.ids(st.unsent)
	w.num(uint64(len(st.known)))
	last := mailbox.ItemID(0)
	for _, k := range st.known {
		w.num(uint64(k.id - last))
		w.int(int64(k.change - uint64(k.id)))
		w.num(uint64(k.what))
		last = k.id
	}
	w.num(uint64(len(st.owed)))
	for _, o := range st.owed {
		w.num(uint64(o.id))
		w.num(uint64(o.kind))
	}
	w.num(uint64(len(st.digests)))
	for _, d := range st.digests {
		w.num(uint64(d.id))
		w.num(uint64(d.sum))
	}
	w.num(uint64(len(st.adds)))
	for _, a := range st.adds {
		w.num(a.client)
		w.num(uint64(a.sum))
		w.num(uint64(a.id))
	}
	w.num(uint64(len(st.wrote)))
	for _, x := range st.wrote {
		w.num(uint64(x.id))
		w.num(x.change)
	}
}

// ids writes rising ids by what lies between them.
func (w *stateWriter) ids(list []mailbox.ItemID) {
	w.num(uint64(len(list)))
	last := mailbox.ItemID(0)
	for _, id := range list {
		w.num(uint64(id - last))
		last = id
	}
}

var errState = errors.New("not a synchronization state")

// parseState decodes what appendState wrote.
func parseState(b []byte) (*syncState, error) {
	r := stateReader{b: b}
	if len(b) == 0 || r.byte() != stateForm {
		return nil, errState
	}
	s := &syncState{class: activesync.Class(r.text()), serial: r.num()}
	r.options(&s.options)
	for range r.count(1 + maxAhead) {
		var st stand
		r.stand(&st)
		s.stands = append(s.stands, st)
	}
	if r.bad || len(r.b) != 0 || len(s.stands) == 0 {
		return nil, errState
	}
	return s, nil
}

// A stateReader reads what a stateWriter wrote. Once something is not as it should
// be, all the rest is zero.
type stateReader struct {
	b   []byte
	bad bool
}

func (r *stateReader) fail() { r.bad, r.b = true, nil }

func (r *stateReader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	x := r.b[0]
	r.b = r.b[1:]
	return x
}

func (r *stateReader) num() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > math.MaxInt64 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *stateReader) int() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

// small reads a number of options.
func (r *stateReader) small() int {
	n := r.int()
	if n < -1 || n > math.MaxInt32 {
		r.fail()
		return 0
	}
	return int(n)
}

// count reads how many of something follow, of which each takes a byte at least.
func (r *stateReader) count(limit int) int {
	n := r.num()
	if n > uint64(min(limit, len(r.b))) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *stateReader) bytes() []byte {
	n := r.count(math.MaxInt)
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *stateReader) text() string { return string(r.bytes()) }

func (r *stateReader) flags(list ...*bool) {
	n := r.num()
	for i, b := range list {
		*b = n&(1<<i) != 0
	}
}

func (r *stateReader) options(o *options) {
	var some bool
	r.flags(&o.rights, &some)
	for _, n := range [...]*int{&o.filter, &o.conflict, &o.mimeSupport, &o.mimeTrunc} {
		*n = r.small()
	}
	for _, list := range [...]*[]bodyPreference{&o.bodies, &o.partBodies} {
		for range r.count(mimeBody) {
			var p bodyPreference
			p.kind, p.truncate = r.small(), r.int()
			r.flags(&p.allOrNone)
			p.preview = r.small()
			*list = append(*list, p)
		}
	}
	n := r.count(maxSupported)
	if some {
		o.supported = make(map[wbxml.Tag]bool, n)
	}
	for range n {
		if t := r.num(); some {
			o.supported[wbxml.Tag(t)] = true
		}
	}
}

func (r *stateReader) point(p *mailbox.SyncPoint) {
	b := r.bytes()
	if len(b) == 0 {
		return
	}
	var err error
	if *p, err = mailbox.ParseSyncPoint(b); err != nil {
		r.fail()
	}
}

func (r *stateReader) stand(st *stand) {
	st.key = r.num()
	r.flags(&st.begun, &st.all, &st.scanning, &st.wide)
	r.point(&st.point)
	r.point(&st.scan)
	st.filter = r.small()
	st.have = mailbox.Place{Received: r.int(), ID: mailbox.ItemID(r.num())}
	st.lowest = mailbox.ItemID(r.num())
	st.swept = r.int()
	st.present, st.unsent = r.ids(maxWide), r.ids(maxUnsent)
	last := uint64(0)
	for range r.count(maxKnown) {
		k := known{id: mailbox.ItemID(r.step(&last))}
		k.change = uint64(int64(k.id) + r.int())
		k.what = knownBits(r.num())
		st.known = append(st.known, k)
	}
	for range r.count(maxOwed) {
		st.owed = append(st.owed, owed{mailbox.ItemID(r.num()), mailbox.ChangeKind(r.num())})
	}
	for range r.count(maxDigests) {
		st.digests = append(st.digests, digest{mailbox.ItemID(r.num()), uint32(r.num())})
	}
	for range r.count(maxKnown) {
		st.adds = append(st.adds, added{r.num(), uint32(r.num()), mailbox.ItemID(r.num())})
	}
	for range r.count(maxKnown) {
		st.wrote = append(st.wrote, written{mailbox.ItemID(r.num()), r.num()})
	}
}

func (r *stateReader) ids(limit int) (list []mailbox.ItemID) {
	last := uint64(0)
	for range r.count(limit) {
		list = append(list, mailbox.ItemID(r.step(&last)))
	}
	return list
}

// step reads the next of rising numbers.
func (r *stateReader) step(last *uint64) uint64 {
	n := r.num()
	if n == 0 || n > math.MaxInt64-*last {
		r.fail()
		return 0
	}
	*last += n
	return *last
}
