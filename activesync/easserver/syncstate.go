package easserver

import (
	"math"
	"math/rand/v2"
	"slices"

	"entente/activesync"
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
