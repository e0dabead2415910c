package mailbox

import "slices"

// What the store keeps of the past is the number at which each item came to
// where it is, changed last, or left. News are read from that; nothing is
// written for them but what a copy is one of.

// arrivals tells of what is new where it is: made there, delivered, copied or
// moved. An item has the number of its arrival for an id.
func (n *newsReader) arrivals() error {
	n.arrived = map[uint64]bool{}
	rows, err := n.tx.Query(`SELECT i.item_id, i.folder_id, i.change_number, i.flags, i.creator, i.modified,
			COALESCE(t.item_id, 0), COALESCE(t.folder_id, 0), COALESCE(c.old_item, 0), COALESCE(c.old_folder, 0)
		FROM item i
		LEFT JOIN tombstone t ON t.mailbox_id = i.mailbox_id AND t.change_number = i.item_id
		LEFT JOIN item_copy c ON c.mailbox_id = i.mailbox_id AND c.item_id = i.item_id
		WHERE i.mailbox_id = $1 AND i.item_id > $2 AND i.item_id <= $3 ORDER BY i.item_id LIMIT $4`,
		n.v.key, n.since.Number, n.upTo, n.limit+1)
	return n.rows(rows, err, func() (uint64, error) {
		x := News{Kind: NewsCreated}
		var flags itemFlags
		var creator string
		var modified int64
		var moved, copied News
		if err := rows.Scan(&x.Item, &x.Folder, &x.Change, &flags, &creator, &modified,
			&moved.OldItem, &moved.OldFolder, &copied.OldItem, &copied.OldFolder); err != nil {
			return 0, err
		}
		x.Number, x.Time = uint64(x.Item), TimeOf(modified)
		n.arrived[x.Number] = true
		switch {
		case flags&flagAssociated != 0:
		case moved.OldFolder != 0:
			x.Kind, x.OldItem, x.OldFolder = NewsMoved, moved.OldItem, moved.OldFolder
			n.moved(x)
		case !n.wanted(x.Folder):
		case copied.OldFolder != 0:
			x.Kind, x.OldItem, x.OldFolder = NewsCopied, copied.OldItem, copied.OldFolder
			n.addItem(x, x.Folder)
		default:
			if creator == "" && n.all[x.Folder].name == Inbox {
				delivered := x
				delivered.Kind = NewsDelivered
				n.add(delivered)
			}
			n.addItem(x, x.Folder)
		}
		return x.Number, nil
	})
}

// moved tells of a move to those who want to know of either end. What goes to
// Recoverable Items is deleted, for people.
func (n *newsReader) moved(x News) {
	switch {
	case n.below(x.Folder, RecoverableItemsRoot) && !n.wanted(x.Folder):
		if n.wanted(x.OldFolder) {
			n.addItem(News{Kind: NewsDeleted, Number: x.Number, Time: x.Time, Item: x.OldItem, Folder: x.OldFolder}, x.OldFolder)
		}
	case n.wanted(x.Folder) || n.wanted(x.OldFolder):
		n.addItem(x, x.Folder, x.OldFolder)
	}
}

// A gone is an item that left a folder.
type gone struct {
	number uint64
	folder FolderID
	item   ItemID
	flags  itemFlags
}

// departures tells of what left a folder and did not come to where something is
// now: it is gone, or it went on from there.
func (n *newsReader) departures() error {
	var list []gone
	rows, err := n.tx.Query(`SELECT change_number, folder_id, item_id, flags FROM tombstone
		WHERE mailbox_id = $1 AND change_number > $2 AND change_number <= $3 ORDER BY change_number LIMIT $4`,
		n.v.key, n.since.Number, n.upTo, n.limit+1)
	if err := n.rows(rows, err, func() (uint64, error) {
		var g gone
		if err := rows.Scan(&g.number, &g.folder, &g.item, &g.flags); err != nil {
			return 0, err
		}
		list = append(list, g)
		return g.number, nil
	}); err != nil {
		return err
	}
	left := map[uint64]gone{}  // by the number at which it had come there
	moves := map[uint64]bool{} // numbers at which something left
	for _, g := range list {
		left[uint64(g.item)], moves[g.number] = g, true
	}
	for _, g := range list {
		if g.flags&flagAssociated != 0 {
			continue
		}
		if came := uint64(g.item); came > n.since.Number && !moves[came] && n.wanted(g.folder) {
			// It came and left since: that it came has no other trace.
			n.add(News{Kind: NewsCreated, Number: came, Item: g.item, Folder: g.folder})
		}
		next, on := left[g.number]
		switch {
		case n.arrived[g.number]: // arrivals has told of it
		case on:
			n.moved(News{Kind: NewsMoved, Number: g.number, Item: ItemID(g.number), Folder: next.folder, OldItem: g.item, OldFolder: g.folder})
		case n.wanted(g.folder):
			n.addItem(News{Kind: NewsDeleted, Number: g.number, Item: g.item, Folder: g.folder}, g.folder)
		}
	}
	return nil
}

// modifications tells of items that changed where they are, folder by folder:
// in most of them nothing did.
func (n *newsReader) modifications() error {
	for _, f := range n.all {
		if !f.wanted || f.content <= n.since.Number {
			continue
		}
		rows, err := n.tx.Query(`SELECT item_id, change_number, content_change, flags FROM item
			WHERE mailbox_id = $1 AND folder_id = $2 AND change_number > $3 AND change_number <= $4 AND item_id < change_number
			ORDER BY change_number LIMIT $5`, n.v.key, f.id, n.since.Number, n.upTo, n.limit+1)
		if err := n.rows(rows, err, func() (uint64, error) {
			x := News{Kind: NewsModified, Folder: f.id}
			var content uint64
			var flags itemFlags
			if err := rows.Scan(&x.Item, &x.Number, &content, &flags); err != nil {
				return 0, err
			}
			x.Change = x.Number
			switch {
			case flags&flagAssociated != 0:
			case content == x.Number:
				n.addItem(x, f.id)
			default: // it was read or unread
				n.add(x)
			}
			return x.Number, nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// folderNews tells of the folders themselves. That what is in one changed, how
// much of it is unread perhaps, is told once a page.
func (n *newsReader) folderNews() {
	was := map[FolderID]FolderID{}
	for _, p := range n.since.Tree {
		was[p.ID] = p.Parent
	}
	fresh := func(number uint64) bool { return number > n.since.Number && number <= n.upTo }
	for _, f := range n.all {
		parent, known := was[f.id]
		x := News{Kind: NewsModified, Change: f.change, Folder: f.id, Parent: f.parent, Unread: f.unread}
		switch {
		case !f.told && !known:
		case fresh(uint64(f.id)):
			x.Kind, x.Number, x.Time = NewsCreated, uint64(f.id), TimeOf(f.modified)
			n.list = append(n.list, x)
		case known && parent != f.parent && fresh(f.change):
			x.Number, x.Time = f.change, TimeOf(f.modified)
			if x.Kind, x.OldParent = NewsMoved, parent; n.below(f.id, RecoverableItemsRoot) {
				x = News{Kind: NewsDeleted, Number: f.change, Time: x.Time, Folder: f.id, Parent: parent}
			}
			n.list = append(n.list, x)
		case f.told && fresh(f.change):
			x.Number, x.Time = f.change, TimeOf(f.modified)
			n.list = append(n.list, x)
		}
		if f.wanted && fresh(f.content) && f.content != uint64(f.id) {
			n.list = append(n.list, News{
				Kind: NewsModified, Number: f.content, Time: TimeOf(f.filed), Change: f.change,
				Folder: f.id, Parent: f.parent, Unread: f.unread, Counted: true,
			})
		}
	}
	if n.more {
		return // what is gone has no number, and is told last
	}
	for _, p := range n.since.Tree {
		if n.all[p.ID] == nil {
			n.list = append(n.list, News{Kind: NewsDeleted, Number: n.upTo, Time: n.v.s.now(), Folder: p.ID, Parent: p.Parent})
		}
	}
}

// tree is where the folders of interest lie that were told of: at the end of
// the page, all.
func (n *newsReader) tree() []FolderPlace {
	var tree []FolderPlace
	for _, f := range n.all {
		if f.told && (!n.more || uint64(f.id) <= n.upTo) {
			tree = append(tree, FolderPlace{f.id, f.parent})
		}
	}
	if n.more {
		// What moved later, or is gone, is as it was until it is told.
		for _, p := range n.since.Tree {
			i := slices.IndexFunc(tree, func(q FolderPlace) bool { return q.ID == p.ID })
			switch {
			case i < 0:
				tree = append(tree, p)
			case n.all[p.ID].change > n.upTo:
				tree[i] = p
			}
		}
	}
	slices.SortFunc(tree, func(a, b FolderPlace) int { return int(a.ID) - int(b.ID) })
	return tree
}
