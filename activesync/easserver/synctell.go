package easserver

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strconv"

	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/mailbox"
)

// maxAnswer is how long the answer about one request grows before it says that
// there is more. One item may be longer: what a phone wants whole, it gets.
const maxAnswer = 1 << 20

// full reports whether no more fits into the answer.
func (y *collectionSync) full() bool { return y.room <= 0 || y.heavy() }

// heavy reports whether the answer is long enough.
func (y *collectionSync) heavy() bool { return y.out.Len() > maxAnswer }

// counted notes that something was told.
func (y *collectionSync) counted() {
	y.answered, y.moved = true, true
	y.room--
	y.window--
}

// serverID is what a phone calls an item; of an occurrence that was granted to it
// alone, with its day.
func serverID(folder mailbox.FolderID, id mailbox.ItemID, day calendar.Date, one bool) string {
	if one {
		return itemID(folder, id) + ":" + strconv.Itoa(int(day))
	}
	return itemID(folder, id)
}

// tellItem tells of an item, as an Add or as a Change. An item that cannot be
// written is left out, and one bad item never stops a folder. A Change that says
// just what the phone was sent last says nothing.
func (y *collectionSync) tellItem(tag wbxml.Tag, it *mailbox.Item) {
	y.moved = true
	day, one := it.Day()
	opened, mark := y.open, y.out.Mark()
	y.startCommands()
	y.out.Start(tag)
	y.out.Text(wbxml.AirSyncServerId, serverID(y.in.folder, it.ID, day, one))
	from := y.out.Len()
	y.out.Start(wbxml.AirSyncApplicationData)
	err := y.class.write(y.call, it, &y.o)
	y.out.End()
	data := y.out.Bytes()[from:]
	y.out.End()
	if err == nil && (tag != wbxml.AirSyncChange || y.st.differs(it.ID, sumOf(data))) {
		y.st.sent(it.ID)
		y.st.lowest = min(y.st.lowest, it.ID)
		y.counted()
		return
	}
	y.out.Back(mark)
	y.open = opened
	if err != nil {
		y.h.Log.Error("an item could not be written and was left out", "request", y.s.RequestID(), "mailbox", y.view.Mailbox(),
			"item", uint64(it.ID), "class", it.Class, "error", err)
		if tag == wbxml.AirSyncAdd {
			y.st.notSent(it.ID)
		}
	}
}

// tellFlag tells that a message was read, or is unread again.
func (y *collectionSync) tellFlag(id mailbox.ItemID, read bool) {
	y.startCommands()
	y.out.Start(wbxml.AirSyncChange)
	y.out.Text(wbxml.AirSyncServerId, itemID(y.in.folder, id))
	y.out.Start(wbxml.AirSyncApplicationData)
	y.out.Bool(wbxml.EmailRead, read)
	y.out.End()
	y.out.End()
	y.counted()
}

// tellGone tells that an item is no longer there, or no longer within the filter.
func (y *collectionSync) tellGone(tag wbxml.Tag, name string) {
	y.startCommands()
	y.out.Start(tag)
	y.out.Text(wbxml.AirSyncServerId, name)
	y.out.End()
	y.counted()
}

// sumOf is a sum of what ApplicationData says, but for when it was changed: that
// alone tells nobody anything.
func sumOf(data []byte) uint32 {
	doc := append([]byte{0x03, 0x01, 0x6A, 0x00}, data...)
	root, err := wbxml.Parse(doc, wbxml.Limits{Depth: 64, Elements: 1 << 20})
	if err != nil {
		return crc32.ChecksumIEEE(data)
	}
	h := crc32.NewIEEE()
	var walk func(e *wbxml.Element)
	walk = func(e *wbxml.Element) {
		if e.Tag == wbxml.CalendarDtStamp || e.Tag == wbxml.NotesLastModifiedDate {
			return
		}
		var head [6]byte
		binary.BigEndian.PutUint16(head[:], uint16(e.Tag))
		binary.BigEndian.PutUint32(head[2:], uint32(len(e.Content)))
		_, _ = h.Write(head[:]) // never fails
		_, _ = h.Write(e.Content)
		for c := range e.Children() {
			walk(c)
		}
		_, _ = h.Write([]byte{0xFF, 0xFF}) // no tag
	}
	walk(root)
	return h.Sum32()
}

// differs reports whether what a Change says is another than what was sent last,
// and remembers it.
func (st *stand) differs(id mailbox.ItemID, sum uint32) bool {
	for i := range st.digests {
		if d := &st.digests[i]; d.id == id {
			same := d.sum == sum
			d.sum = sum
			return !same
		}
	}
	if len(st.digests) == maxDigests {
		st.digests = st.digests[1:]
	}
	st.digests = append(st.digests, digest{id, sum})
	return true
}

// forget takes out what was sent of an item: the phone has another content now.
func (st *stand) forget(id mailbox.ItemID) {
	st.digests = slices.DeleteFunc(st.digests, func(d digest) bool { return d.id == id })
}

// notSent notes that the phone has not got an item, sent that it has.
func (st *stand) notSent(id mailbox.ItemID) {
	if len(st.unsent) < maxUnsent && !st.missing(id) {
		i, _ := slices.BinarySearch(st.unsent, id)
		st.unsent = slices.Insert(st.unsent, i, id)
	}
}

func (st *stand) sent(id mailbox.ItemID) {
	if i, ok := slices.BinarySearch(st.unsent, id); ok {
		st.unsent = slices.Delete(st.unsent, i, i+1)
	}
}

func (st *stand) missing(id mailbox.ItemID) bool {
	_, ok := slices.BinarySearch(st.unsent, id)
	return ok
}
