package mailbox

import (
	"cmp"
	"encoding/binary"
	"slices"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// maxSeen bounds what one client follows by grants, since its state names it all.
const maxSeen = 10_000

// compareSeen orders by item and day; an item comes before its occurrences.
func compareSeen(a, b SeenItem) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(number01(a.One), number01(b.One)), cmp.Compare(a.Day, b.Day))
}

func (p *SyncPoint) appendLimited(dst []byte) []byte {
	dst = append(dst, limitedVersion, byte(number01(p.Associated)))
	dst = binary.AppendUvarint(dst, p.Replica)
	dst = binary.AppendUvarint(dst, uint64(p.Folder))
	last := ItemID(0)
	for _, s := range p.Seen {
		dst = binary.AppendUvarint(dst, uint64(s.ID-last)<<1|uint64(number01(s.One)))
		if last = s.ID; s.One {
			dst = binary.AppendVarint(dst, int64(s.Day))
		}
		dst = binary.BigEndian.AppendUint32(dst, s.Mark)
	}
	return dst
}

// parseLimited reads what appendLimited wrote after the version.
func parseLimited(s string) (SyncPoint, error) {
	p := SyncPoint{Limited: true, Associated: s[0]&1 != 0}
	replica, rest, ok := uvarint(s[1:])
	folder, rest, ok2 := uvarint(rest)
	if s[0] > 1 || !ok || !ok2 || replica > 1<<63-1 || folder > 1<<63-1 {
		return SyncPoint{}, noSyncPoint()
	}
	p.Replica, p.Folder = replica, FolderID(folder)
	var last SeenItem
	for rest != "" {
		var step uint64
		if step, rest, ok = uvarint(rest); !ok || step>>1 > 1<<62 || len(p.Seen) == maxSeen {
			return SyncPoint{}, noSyncPoint()
		}
		next := SeenItem{ID: last.ID + ItemID(step>>1), One: step&1 != 0}
		if next.One {
			day, n := binary.Varint([]byte(rest[:min(len(rest), binary.MaxVarintLen64)]))
			if n <= 0 || day != int64(calendar.Date(day)) {
				return SyncPoint{}, noSyncPoint()
			}
			next.Day, rest = calendar.Date(day), rest[n:]
		}
		if len(rest) < 4 || next.ID > 1<<63-1 || compareSeen(last, next) >= 0 {
			return SyncPoint{}, noSyncPoint()
		}
		next.Mark, rest = binary.BigEndian.Uint32([]byte(rest[:4])), rest[4:]
		p.Seen = append(p.Seen, next)
		last = next
	}
	return p, nil
}

// grantedChanges compares what a client has with what is granted to it now. A new
// grant is an item that is new, the end of one is an item that is gone, and what
// changes in others shows in nothing.
//
// A client that followed the folder by rights on it begins again: what it has was
// never listed.
func (v *View) grantedChanges(tx *db.Tx, t *access.FolderTable, since SyncPoint, limit int) (Changes, error) {
	replica, err := v.replica(tx)
	if err != nil {
		return Changes{}, err
	}
	begins := since.Replica == 0 && since.Base == 0 && since.Folder == 0
	if !begins && (!since.Limited || since.Replica != replica || since.Folder != FolderID(t.Folder)) {
		return Changes{}, entente.Errorf(entente.Conflict, "the synchronization state is not valid any more").Because(SyncStateInvalid)
	}
	list, err := v.grantedIn(tx, t, AllParts)
	if err != nil {
		return Changes{}, err
	}
	list = slices.DeleteFunc(list, func(it *Item) bool { return it.Associated && !since.Associated })
	if len(list) > maxSeen {
		return Changes{}, entente.Errorf(entente.TooLarge, "more than %d items are granted in this folder", maxSeen)
	}
	now := make(map[SeenItem]*Item, len(list))
	for _, it := range list {
		now[it.seen(0)] = it
	}
	out := Changes{Next: SyncPoint{Limited: true, Replica: replica, Folder: FolderID(t.Folder), Associated: since.Associated}}
	full := func() bool { return len(out.List) == limit }
	had := make(map[SeenItem]bool, len(since.Seen))
	keep := func(s SeenItem) { out.Next.Seen = append(out.Next.Seen, s) }
	out.Last = true
	for _, s := range since.Seen {
		key := s
		key.Mark = 0
		had[key] = true
		it := now[key]
		switch {
		case it != nil && it.seenMark() == s.Mark:
			keep(s)
		case full():
			keep(s)
			out.Last = false
		case it == nil:
			out.List = append(out.List, Change{Kind: Deleted, ID: s.ID, Day: s.Day, One: s.One})
		default:
			out.List = append(out.List, it.change(Updated))
			keep(it.seen(it.seenMark()))
		}
	}
	for _, it := range list {
		if had[it.seen(0)] {
			continue
		}
		if full() {
			out.Last = false
			break
		}
		out.List = append(out.List, it.change(Created))
		keep(it.seen(it.seenMark()))
	}
	slices.SortFunc(out.Next.Seen, compareSeen)
	return out, nil
}

// forgetSeen tells a client that followed grants, and may read the whole folder
// by now, that what it has is gone, and then begins with everything.
func (v *View) forgetSeen(tx *db.Tx, t *access.FolderTable, since SyncPoint, limit int) (Changes, error) {
	replica, err := v.replica(tx)
	if err != nil {
		return Changes{}, err
	}
	if since.Replica != replica || since.Folder != FolderID(t.Folder) {
		return Changes{}, entente.Errorf(entente.Conflict, "the synchronization state is not valid any more").Because(SyncStateInvalid)
	}
	var out Changes
	n := min(limit, len(since.Seen))
	for _, s := range since.Seen[:n] {
		out.List = append(out.List, Change{Kind: Deleted, ID: s.ID, Day: s.Day, One: s.One})
	}
	if out.Next = since; n < len(since.Seen) {
		out.Next.Seen = since.Seen[n:]
		return out, nil
	}
	out.Next = SyncPoint{Associated: since.Associated}
	return out, nil
}

// replica is the number of the mailbox's replica.
func (v *View) replica(tx *db.Tx) (replica uint64, err error) {
	err = tx.QueryRow(`SELECT replica FROM mailbox WHERE mailbox_id = $1`, v.key).Scan(&replica)
	if err == db.ErrNoRows {
		return 0, noFolder()
	}
	return replica, err
}

func (it *Item) seen(mark uint32) SeenItem {
	day, one := it.Day()
	return SeenItem{ID: it.ID, Day: day, One: one, Mark: mark}
}

func (it *Item) seenMark() uint32 { return uint32(it.Change >> 15) }

func (it *Item) change(kind ChangeKind) Change {
	day, one := it.Day()
	return Change{
		Kind: kind, ID: it.ID, Change: it.Change, Class: it.Class, Read: it.Read, Associated: it.Associated, Item: it, Day: day, One: one,
	}
}
