package mailbox

import (
	"context"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/db"
)

// A ChangeKind says what happened to an item since a client asked last.
type ChangeKind uint8

// Kinds of changes.
const (
	Created  ChangeKind = iota + 1 // it is new to the client
	Updated                        // it differs
	Deleted                        // it is no longer there for the client
	ReadFlag                       // only Item.Read differs
)

// A Change is one item that changed. For Deleted, only ID is set.
type Change struct {
	Kind       ChangeKind
	ID         ItemID
	Change     uint64
	Class      string
	Read       bool
	Associated bool

	// Item is what the caller may know of an item that is granted to him, with its
	// parts; nil otherwise, and for Deleted. Day is set with One, for Deleted too,
	// if it is one occurrence of a series: Item.Day.
	Item *Item
	Day  calendar.Date
	One  bool
}

// Changes is a page of what changed in a folder.
type Changes struct {
	List []Change
	Next SyncPoint // where to go on
	Last bool      // there is no more for now
}

// Changes returns what changed in a folder since a sync point, at most limit
// changes; the zero SyncPoint begins with everything. It needs ReadAny.
//
// Pages of one round are cut at the number the mailbox had when the round
// began, so that each item is told of exactly: nothing that a page showed is
// shown again as Created, and what changes meanwhile comes in the next round.
//
// An error has the reason SyncStateInvalid if the point cannot be continued.
func (v *View) Changes(ctx context.Context, folder FolderID, since SyncPoint, limit int) (Changes, error) {
	var page Changes
	err := v.db.View(ctx, func(tx *db.Tx) error {
		page = Changes{}
		t, err := v.table(tx, folder)
		if err != nil {
			return err
		}
		if granted, err := v.knows(tx, &t); err != nil {
			return err
		} else if granted.Has(access.ReadItem) {
			page, err = v.grantedChanges(tx, &t, since, max(limit, 1))
			return err
		}
		if _, err := v.see(tx, &t); err != nil {
			return err
		}
		if err := v.want(tx, &t, access.ReadAny); err != nil {
			return err
		}
		if since.Limited {
			page, err = v.forgetSeen(tx, &t, since, max(limit, 1))
			return err
		}
		p := pager{v: v, tx: tx, folder: folder, point: since, limit: max(limit, 1)}
		p.private = v.full || v.permit.FolderRights(&t).Has(access.ReadPrivate)
		if err := p.begin(); err != nil {
			return err
		}
		if err := p.run(); err != nil {
			return err
		}
		page = Changes{List: p.list, Next: p.point, Last: p.point.Phase == phaseIdle}
		return nil
	})
	return page, err
}

// Both are answered by their index alone.
const (
	createdQuery = `SELECT article, item_id, change_number, flags, class FROM item
		WHERE mailbox_id = $1 AND folder_id = $2 AND article > $3 AND article <= $4
		ORDER BY article LIMIT $5`
	updatesQuery = `SELECT change_number, content_change, item_id, flags, class FROM item
		WHERE mailbox_id = $1 AND folder_id = $2 AND change_number > $3 AND change_number <= $4 AND item_id <= $5
		ORDER BY change_number LIMIT $6`
)

// A pager fills one page.
type pager struct {
	v       *View
	tx      *db.Tx
	folder  FolderID
	point   SyncPoint
	private bool // the caller may see private items
	limit   int
	list    []Change
}

// begin checks the point against what is kept, and begins a round if none is
// under way.
func (p *pager) begin() error {
	var replica, counter, forgotten, article, changed uint64
	err := p.tx.QueryRow(`SELECT m.replica, m.counter, c.forgotten, c.article, c.change_number FROM mailbox m
		JOIN folder_content c ON c.mailbox_id = m.mailbox_id AND c.folder_id = $2 WHERE m.mailbox_id = $1`,
		p.v.key, p.folder).Scan(&replica, &counter, &forgotten, &article, &changed)
	if err == db.ErrNoRows {
		return noFolder()
	}
	if err != nil {
		return err
	}
	pt := &p.point
	if pt.Folder == 0 && pt.Base == 0 {
		associated := pt.Associated
		*pt = SyncPoint{Replica: replica, Folder: p.folder, Associated: associated, Private: p.private}
	}
	if pt.Replica != replica || pt.Folder != p.folder || pt.Base > counter || pt.Horizon > counter ||
		pt.BaseArticle > article || pt.Base != 0 && pt.Base < forgotten {
		return entente.Errorf(entente.Conflict, "the synchronization state is not valid any more").Because(SyncStateInvalid)
	}
	if pt.Phase == phaseIdle && changed <= pt.Base && pt.Private == p.private {
		pt.Horizon, pt.HorizonArticle = counter, article
		p.end()
		return nil
	}
	if pt.Phase == phaseIdle {
		pt.Horizon, pt.HorizonArticle = counter, article
		pt.Phase, pt.Position = phaseCreated, pt.BaseArticle
		if pt.Base != 0 && pt.Private != p.private {
			pt.Phase, pt.Position = phasePrivate, 0
		}
		pt.Private = p.private
	}
	return nil
}

// run goes through the phases until the page is full or the round is over.
func (p *pager) run() error {
	for p.point.Phase != phaseIdle {
		var err error
		full := false
		switch p.point.Phase {
		case phasePrivate:
			full, err = p.privateItems()
		case phaseCreated:
			full, err = p.created()
		case phaseChanged:
			full, err = p.changed()
		}
		if err != nil || full {
			return err
		}
		p.next()
	}
	return nil
}

func (p *pager) next() {
	pt := &p.point
	switch pt.Phase {
	case phasePrivate:
		pt.Phase, pt.Position = phaseCreated, pt.BaseArticle
	case phaseCreated:
		pt.Phase, pt.Position = phaseChanged, pt.Base
		if pt.Base == 0 { // a first round has shown all there was
			p.end()
		}
	default:
		p.end()
	}
}

func (p *pager) end() {
	pt := &p.point
	pt.Phase, pt.Position = phaseIdle, 0
	pt.Base, pt.BaseArticle = pt.Horizon, pt.HorizonArticle
}

func (p *pager) room() int { return p.limit - len(p.list) }

// hidden reports whether the caller is not to see an item with these flags.
func (p *pager) hidden(f itemFlags) bool {
	return f&flagAssociated != 0 && !p.point.Associated || f&flagPrivate != 0 && !p.point.Private
}

func (p *pager) add(kind ChangeKind, id ItemID, change uint64, f itemFlags, class string) {
	if kind == Deleted {
		p.list = append(p.list, Change{Kind: Deleted, ID: id})
		return
	}
	p.list = append(p.list, Change{Kind: kind, ID: id, Change: change, Class: class, Read: f&flagRead != 0, Associated: f&flagAssociated != 0})
}

// privateItems tells of private items that came to be visible, or no longer
// are, because the caller's rights changed and not they.
func (p *pager) privateItems() (full bool, err error) {
	rows, err := p.tx.Query(`SELECT article, item_id, change_number, flags, class FROM item
		WHERE mailbox_id = $1 AND folder_id = $2 AND article > $3 AND article <= $4 AND (flags / 2) % 2 = 1
		ORDER BY article LIMIT $5`, p.v.key, p.folder, p.point.Position, p.point.BaseArticle, p.room()+1)
	kind := Deleted
	if p.point.Private {
		kind = Created
	}
	return p.fill(rows, err, func(id ItemID, change uint64, f itemFlags, class string) {
		if f&flagAssociated == 0 || p.point.Associated {
			p.add(kind, id, change, f, class)
		}
	})
}

// created tells of what came into the folder since the base, in the order of
// arrival, which is that of the articles.
func (p *pager) created() (full bool, err error) {
	rows, err := p.tx.Query(createdQuery, p.v.key, p.folder, p.point.Position, p.point.HorizonArticle, p.room()+1)
	return p.fill(rows, err, func(id ItemID, change uint64, f itemFlags, class string) {
		if !p.hidden(f) {
			p.add(Created, id, change, f, class)
		}
	})
}

// fill reads rows of a position, an item and what its index covers, until the
// page is full.
func (p *pager) fill(rows *db.Rows, err error, each func(ItemID, uint64, itemFlags, string)) (full bool, _ error) {
	if err != nil {
		return false, err
	}
	defer rows.Close()
	n, room := 0, p.room()
	for rows.Next() {
		if n++; n > room {
			return true, nil
		}
		var position, change uint64
		var id ItemID
		var flags itemFlags
		var class string
		if err := rows.Scan(&position, &id, &change, &flags, &class); err != nil {
			return false, err
		}
		each(id, change, flags, class)
		p.point.Position = position
	}
	return false, rows.Err()
}

// changed tells of what the client has and what became of it: of items that
// arrived no later than the base and changed between base and horizon, or left.
func (p *pager) changed() (full bool, err error) {
	updates, err := p.updates()
	if err != nil {
		return false, err
	}
	gone, err := p.departures()
	if err != nil {
		return false, err
	}
	room, pt := p.room(), &p.point
	full = len(updates)+len(gone) > room
	for room > 0 && len(updates)+len(gone) > 0 {
		room--
		if len(gone) == 0 || len(updates) > 0 && updates[0].change < gone[0].change {
			p.update(updates[0])
			pt.Position, updates = updates[0].change, updates[1:]
			continue
		}
		if g := gone[0]; g.flags&flagAssociated == 0 || pt.Associated {
			p.add(Deleted, g.id, 0, g.flags, "")
		}
		pt.Position, gone = gone[0].change, gone[1:]
	}
	return full, nil
}

// A moved row of the change index or of the tombstones.
type changedRow struct {
	change, content uint64
	id              ItemID
	flags           itemFlags
	class           string
}

func (p *pager) update(u changedRow) {
	if u.flags&flagAssociated != 0 && !p.point.Associated {
		return
	}
	switch {
	case u.flags&flagPrivate != 0 && !p.point.Private:
		p.add(Deleted, u.id, 0, u.flags, "") // perhaps it was not always
	case u.flags&flagWasPrivate != 0 && !p.point.Private:
		p.add(Created, u.id, u.change, u.flags, u.class) // perhaps it was until now
	case u.content <= p.point.Base:
		p.add(ReadFlag, u.id, u.change, u.flags, u.class)
	default:
		p.add(Updated, u.id, u.change, u.flags, u.class)
	}
}

func (p *pager) updates() ([]changedRow, error) {
	rows, err := p.tx.Query(updatesQuery, p.v.key, p.folder, p.point.Position, p.point.Horizon, p.point.Base, p.room()+1)
	return changedRows(rows, err)
}

func (p *pager) departures() ([]changedRow, error) {
	rows, err := p.tx.Query(`SELECT change_number, 0, item_id, flags, '' FROM tombstone
		WHERE mailbox_id = $1 AND folder_id = $2 AND change_number > $3 AND change_number <= $4 AND item_id <= $5
		ORDER BY change_number LIMIT $6`, p.v.key, p.folder, p.point.Position, p.point.Horizon, p.point.Base, p.room()+1)
	return changedRows(rows, err)
}

func changedRows(rows *db.Rows, err error) ([]changedRow, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []changedRow
	for rows.Next() {
		var c changedRow
		if err := rows.Scan(&c.change, &c.content, &c.id, &c.flags, &c.class); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}
