package easserver

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

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
