package mailbox

import (
	"context"
	"encoding/binary"
	"slices"

	"entente"
	"entente/calendar"
	"entente/db"
)

// A SyncPoint says how far a client has followed a folder. The zero value is
// the beginning; set Associated there to follow associated items too.
//
// It selects and grants nothing, but numbers in it must be those the store gave
// out: protocols that hand it to clients sign it.
type SyncPoint struct {
	Replica    uint64   // of the mailbox: another after a restore
	Folder     FolderID // 0 at the beginning
	Associated bool
	Private    bool   // the client saw private items
	Base       uint64 // the client has all there was at this number
	Phase      uint8  // where in a round the last page ended; 0 between rounds
	Horizon    uint64 // the number at which the round is cut
	Position   uint64 // in the phase

	// Articles the folder had given out at Base and at Horizon.
	BaseArticle, HorizonArticle uint64

	// Limited says that the client follows what is granted item by item, of which
	// it has Seen, in the order of the ids. All numbers but Replica and Folder are
	// then 0.
	Limited bool
	Seen    []SeenItem
}

// A SeenItem is an item, or with a Day one occurrence of it, that a client has.
type SeenItem struct {
	ID   ItemID
	Day  calendar.Date
	One  bool   // with Day
	Mark uint32 // of the state the client has
}

// Phases of a round.
const (
	phaseIdle uint8 = iota
	phasePrivate
	phaseCreated
	phaseChanged
)

const (
	syncVersion    = 1
	limitedVersion = 2 // of a point that follows grants
)

func noSyncPoint() error {
	return entente.Errorf(entente.Invalid, "not a synchronization state").Because(SyncStateInvalid)
}

// Append encodes the point at the end of dst.
func (p *SyncPoint) Append(dst []byte) []byte {
	if p.Limited {
		return p.appendLimited(dst)
	}
	dst = append(dst, syncVersion, p.Phase<<2|byte(number01(p.Private))<<1|byte(number01(p.Associated)))
	for _, n := range [...]uint64{p.Replica, uint64(p.Folder), p.Base, p.BaseArticle, p.Horizon, p.HorizonArticle, p.Position} {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

// ParseSyncPoint decodes what Append wrote. An error has the reason
// SyncStateInvalid.
func ParseSyncPoint(b []byte) (SyncPoint, error) {
	var p SyncPoint
	s := string(b)
	if len(s) > 2 && s[0] == limitedVersion {
		return parseLimited(s[1:])
	}
	if len(s) < 2 || s[0] != syncVersion || s[1]>>2 > phaseChanged {
		return p, noSyncPoint()
	}
	p.Phase, p.Private, p.Associated = s[1]>>2, s[1]&2 != 0, s[1]&1 != 0
	s = s[2:]
	for _, n := range [...]*uint64{&p.Replica, (*uint64)(&p.Folder), &p.Base, &p.BaseArticle, &p.Horizon, &p.HorizonArticle, &p.Position} {
		var ok bool
		if *n, s, ok = uvarint(s); !ok || *n > 1<<63-1 {
			return SyncPoint{}, noSyncPoint()
		}
	}
	if s != "" {
		return SyncPoint{}, noSyncPoint()
	}
	return p, nil
}

// A HierarchyPoint says how far a client has followed the tree of folders: at
// which number of the mailbox, and which folders it has. The list is what makes
// a granted folder appear as created and a revoked one as deleted, whoever
// asks.
type HierarchyPoint struct {
	Replica uint64
	Base    uint64
	Seen    []FolderID // rising
}

// Append encodes the point at the end of dst.
func (p *HierarchyPoint) Append(dst []byte) []byte {
	dst = append(dst, syncVersion)
	dst = binary.AppendUvarint(dst, p.Replica)
	dst = binary.AppendUvarint(dst, p.Base)
	last := FolderID(0)
	for _, id := range p.Seen {
		dst = binary.AppendUvarint(dst, uint64(id-last))
		last = id
	}
	return dst
}

// ParseHierarchyPoint decodes what Append wrote. An error has the reason
// SyncStateInvalid.
func ParseHierarchyPoint(b []byte) (HierarchyPoint, error) {
	var p HierarchyPoint
	s := string(b)
	if s == "" || s[0] != syncVersion {
		return p, noSyncPoint()
	}
	var ok, ok2 bool
	p.Replica, s, ok = uvarint(s[1:])
	p.Base, s, ok2 = uvarint(s)
	if !ok || !ok2 || p.Replica > 1<<63-1 || p.Base > 1<<63-1 {
		return HierarchyPoint{}, noSyncPoint()
	}
	last := uint64(0)
	for s != "" {
		var step uint64
		if step, s, ok = uvarint(s); !ok || step == 0 || step > 1<<63-1-last {
			return HierarchyPoint{}, noSyncPoint()
		}
		last += step
		p.Seen = append(p.Seen, FolderID(last))
	}
	return p, nil
}

// HierarchyChanges is what changed in the tree of folders, parents before their
// children.
type HierarchyChanges struct {
	Created, Updated []*Folder
	Deleted          []FolderID
	Next             HierarchyPoint
}

// HierarchyChanges returns what changed in the tree of folders below one
// (0 for all below MsgFolderRoot) since a point, as far as the caller may know;
// the zero point begins with everything. Counts of items do not make a change.
func (v *View) HierarchyChanges(ctx context.Context, under FolderID, since HierarchyPoint) (HierarchyChanges, error) {
	var out HierarchyChanges
	err := v.db.View(ctx, func(tx *db.Tx) error {
		out = HierarchyChanges{}
		var replica, counter uint64
		err := tx.QueryRow(`SELECT replica, counter FROM mailbox WHERE mailbox_id = $1`, v.key).Scan(&replica, &counter)
		if err == db.ErrNoRows {
			return noFolder()
		}
		if err != nil {
			return err
		}
		if since.Replica != 0 && (since.Replica != replica || since.Base > counter) {
			return entente.Errorf(entente.Conflict, "the synchronization state is not valid any more").Because(SyncStateInvalid)
		}
		if under == 0 {
			if under, err = v.distinguishedID(tx, MsgFolderRoot); err != nil {
				return err
			}
		}
		list, err := v.below(tx, under, true)
		if err != nil {
			return err
		}
		out.compare(list, since)
		out.Next.Replica, out.Next.Base = replica, counter
		return nil
	})
	return out, err
}

func (h *HierarchyChanges) compare(list []*Folder, since HierarchyPoint) {
	seen := map[FolderID]bool{}
	for _, id := range since.Seen {
		seen[id] = true
	}
	for _, f := range list {
		h.Next.Seen = append(h.Next.Seen, f.ID)
		switch {
		case !seen[f.ID]:
			h.Created = append(h.Created, f)
		case f.Change > since.Base:
			h.Updated = append(h.Updated, f)
		}
		delete(seen, f.ID)
	}
	slices.Sort(h.Next.Seen)
	for _, id := range since.Seen {
		if seen[id] {
			h.Deleted = append(h.Deleted, id)
		}
	}
}
