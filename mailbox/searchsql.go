package mailbox

import (
	"slices"

	"entente/db"
)

// Statements of Find. Their texts are constants, so each combination that
// needs another index is written out.
const (
	scanRows = `SELECT item_id, article, flags, class, created, modified, size, received`
	scanFrom = ` FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND `

	scanByArticle  = scanRows + scanFrom + `article >= $3 AND article <= $4`
	scanByReceived = scanRows + scanFrom + `received >= $3 AND received <= $4`

	propsByArticle  = scanRows + `, props` + scanFrom + `article >= $3 AND article <= $4`
	propsByReceived = scanRows + `, props` + scanFrom + `received >= $3 AND received <= $4`

	// A page is found in the index alone, skipped items included; then its
	// items are read. Flags are not compared as the partial index on them does:
	// SQLite would then look at the argument, and plan anew at every call; so it
	// would for a LIMIT that is nothing but an argument.
	pageFrom = itemColumns + ` FROM (SELECT item_id AS id, `
	pageOf   = ` AS at FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND (flags & 1) = $3 AND (flags & 2) <= $4 ORDER BY `
	pageJoin = ` LIMIT 0 + $5 OFFSET 0 + $6) p JOIN item i ON i.mailbox_id = $1 AND i.item_id = p.id ORDER BY p.at`

	pageReceivedUp   = pageFrom + `received` + pageOf + `received, item_id` + pageJoin + `, p.id`
	pageReceivedDown = pageFrom + `received` + pageOf + `received DESC, item_id DESC` + pageJoin + ` DESC, p.id DESC`
	pageSubjectUp    = pageFrom + `subject_key` + pageOf + `subject_key, item_id` + pageJoin + `, p.id`
	pageSubjectDown  = pageFrom + `subject_key` + pageOf + `subject_key DESC, item_id DESC` + pageJoin + ` DESC, p.id DESC`
	pageArticleUp    = pageFrom + `article` + pageOf + `article, item_id` + pageJoin
	pageArticleDown  = pageFrom + `article` + pageOf + `article DESC, item_id DESC` + pageJoin + ` DESC`
)

// scan looks at all rows within the bounds.
func (f *finder) scan() error {
	rows, err := f.rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	r := row{want: f.want, got: make([]value, len(f.want))}
	var flags int64
	var props []byte
	dest := []any{&r.id, &r.article, &flags, &r.class, &r.created, &r.modified, &r.size, &r.received}
	if len(f.want) > 0 {
		dest = append(dest, &props)
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		r.flags = itemFlags(flags)
		if (r.flags&flagAssociated != 0) != f.q.Associated || r.flags&flagPrivate != 0 && !f.private {
			continue
		}
		if err := pick(props, f.want, r.got); err != nil {
			return err
		}
		f.consider(&r)
	}
	return rows.Err()
}

func (f *finder) rows() (*db.Rows, error) {
	key, folder, b := f.v.key, f.q.Folder, &f.bounds
	byReceived := b.article == noBounds.article && b.received != noBounds.received
	switch {
	case byReceived && len(f.want) > 0:
		return f.tx.Query(propsByReceived, key, folder, b.received.from, b.received.to)
	case byReceived:
		return f.tx.Query(scanByReceived, key, folder, b.received.from, b.received.to)
	case len(f.want) > 0:
		return f.tx.Query(propsByArticle, key, folder, b.article.from, b.article.to)
	}
	return f.tx.Query(scanByArticle, key, folder, b.article.from, b.article.to)
}

// byIndex answers what one index holds in the order asked for.
func (f *finder) byIndex() (Page, error) {
	total, err := f.total()
	if err != nil {
		return Page{}, err
	}
	from, to := f.q.cut(total)
	page := f.q.page(from, to, total)
	if from == to {
		return page, nil
	}
	rows, err := f.pageRows(to-from, from)
	if err != nil {
		return Page{}, err
	}
	defer rows.Close()
	page.Items = make([]*Item, 0, to-from)
	for rows.Next() {
		it, err := scanItem(rows)
		if err != nil {
			return Page{}, err
		}
		page.Items = append(page.Items, it)
	}
	if err := rows.Err(); err != nil {
		return Page{}, err
	}
	for _, it := range page.Items {
		if err := f.v.load(f.tx, it, f.q.Parts); err != nil {
			return Page{}, err
		}
	}
	return page, nil
}

func (f *finder) pageRows(limit, offset int) (*db.Rows, error) {
	key, folder, associated, private := f.v.key, f.q.Folder, number01(f.q.Associated), 2*number01(f.private)
	k := f.order[0]
	switch {
	case k.Prop == PidTagInternetArticleNumber && k.Descending:
		return f.tx.Query(pageArticleDown, key, folder, associated, private, limit, offset)
	case k.Prop == PidTagInternetArticleNumber:
		return f.tx.Query(pageArticleUp, key, folder, associated, private, limit, offset)
	case bySubject(k) && k.Descending:
		return f.tx.Query(pageSubjectDown, key, folder, associated, private, limit, offset)
	case bySubject(k):
		return f.tx.Query(pageSubjectUp, key, folder, associated, private, limit, offset)
	case k.Descending:
		return f.tx.Query(pageReceivedDown, key, folder, associated, private, limit, offset)
	}
	return f.tx.Query(pageReceivedUp, key, folder, associated, private, limit, offset)
}

// total is how many items the caller can find in the folder.
func (f *finder) total() (int, error) {
	if !f.private {
		// Private items are counted with the others, so these are counted anew.
		n := 0
		err := f.tx.QueryRow(`SELECT count(*) FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND (flags & 1) = $3 AND (flags & 2) = 0`,
			f.v.key, f.q.Folder, number01(f.q.Associated)).Scan(&n)
		return n, err
	}
	var total, associated int
	err := f.tx.QueryRow(`SELECT total, associated FROM folder_content WHERE mailbox_id = $1 AND folder_id = $2`,
		f.v.key, f.q.Folder).Scan(&total, &associated)
	if f.q.Associated {
		return associated, err
	}
	return total, err
}

// several is how many items one statement reads.
const several = 16

const itemsSeveral = itemColumns + ` FROM item i WHERE i.mailbox_id = $1 AND i.item_id IN
	($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`

// itemsByID reads items that the caller was found to be allowed to see, in the
// order of the ids, with nil for one that is not there.
func (v *View) itemsByID(tx *db.Tx, ids []ItemID, parts Parts) ([]*Item, error) {
	place := make(map[ItemID]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	items := make([]*Item, len(ids))
	args := make([]any, several+1)
	args[0] = v.key
	for some := range slices.Chunk(ids, several) {
		for i := range several {
			args[i+1] = some[min(i, len(some)-1)]
		}
		if err := readItems(tx, args, place, items); err != nil {
			return nil, err
		}
	}
	for _, it := range items {
		if it == nil {
			continue
		}
		if err := v.load(tx, it, parts); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func readItems(tx *db.Tx, args []any, place map[ItemID]int, items []*Item) error {
	rows, err := tx.Query(itemsSeveral, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		it, err := scanItem(rows)
		if err != nil {
			return err
		}
		items[place[it.ID]] = it
	}
	return rows.Err()
}
