package mailbox

import (
	"context"
	"errors"
	"fmt"

	"entente"
	"entente/calendar"
	"entente/db"
)

// Verify checks a database for what must always hold: counts are right, nothing
// is without its owner, numbers are unique and were given out, articles rise
// with arrival, and everything decodes. It reads all mailboxes, each in a
// transaction of its own, and returns all faults joined, up to some.
func (s *Store) Verify(ctx context.Context, database string) error {
	d, err := s.databases(database)
	if err != nil {
		return err
	}
	ids, err := mailboxIDs(ctx, d)
	if err != nil {
		return err
	}
	var faults []error
	for _, id := range ids {
		c := checker{key: id[:], id: id, zones: s.zones}
		if err := d.View(ctx, func(tx *db.Tx) error {
			c.tx, c.faults = tx, nil
			return c.run()
		}); err != nil {
			return fmt.Errorf("verify mailbox %s: %w", id, err)
		}
		if faults = append(faults, c.faults...); len(faults) >= maxFaults {
			break
		}
	}
	return errors.Join(faults...)
}

const maxFaults = 100

func mailboxIDs(ctx context.Context, d *db.DB) ([]entente.MailboxID, error) {
	var ids []entente.MailboxID
	err := d.View(ctx, func(tx *db.Tx) error {
		ids = nil
		rows, err := tx.Query(`SELECT mailbox_id FROM mailbox ORDER BY mailbox_id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id entente.MailboxID
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	return ids, err
}

type checker struct {
	tx      *db.Tx
	key     []byte
	id      entente.MailboxID
	counter uint64
	faults  []error
	zones   *calendar.Zones
}

func (c *checker) fault(format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, fmt.Errorf("mailbox %s: "+format, append([]any{c.id}, args...)...))
	}
}

func (c *checker) run() error {
	for _, step := range []func() error{c.folders, c.items, c.sizes, c.tombstones, c.orphans} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// one expects a number from a query to be want.
func (c *checker) one(r *db.Row, want int64, what string) error {
	var n int64
	if err := r.Scan(&n); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n != want {
		c.fault("%s: %d, not %d", what, n, want)
	}
	return nil
}

func (c *checker) folders() error {
	if err := c.tx.QueryRow(`SELECT counter FROM mailbox WHERE mailbox_id = $1`, c.key).Scan(&c.counter); err != nil {
		return err
	}
	rows, err := c.tx.Query(folderColumns+`WHERE f.mailbox_id = $1 ORDER BY f.folder_id`, c.key)
	if err != nil {
		return err
	}
	defer rows.Close()
	parents, roots := map[FolderID]FolderID{}, 0
	for rows.Next() {
		f, err := scanFolder(rows)
		if err != nil {
			c.fault("%v", err)
			continue
		}
		parents[f.ID] = f.Parent
		if f.Parent == 0 {
			roots++
		}
		if uint64(f.ID) > c.counter || f.Change > c.counter || f.ContentChange > c.counter {
			c.fault("folder %d has numbers that were not given out", f.ID)
		}
	}
	if roots != 1 {
		c.fault("%d roots", roots)
	}
	for id := range parents {
		at, steps := id, 0
		for ; at != 0 && steps <= len(parents); steps++ {
			next, ok := parents[at]
			if !ok {
				c.fault("folder %d lies in none", id)
				break
			}
			at = next
		}
		if steps > len(parents) {
			c.fault("folder %d lies in itself", id)
		}
	}
	return rows.Err()
}

// items walks all items in the order of their articles.
func (c *checker) items() error {
	rows, err := c.tx.Query(itemColumns+` FROM item i WHERE i.mailbox_id = $1 ORDER BY i.folder_id, i.article`, c.key)
	if err != nil {
		return err
	}
	defer rows.Close()
	var last Item
	changes := map[uint64]ItemID{}
	for rows.Next() {
		it, err := scanItem(rows)
		if err != nil {
			c.fault("%v", err)
			continue
		}
		if uint64(it.ID) > c.counter || it.Change > c.counter || it.contentID > uint64(it.ID) ||
			it.contentChange > it.Change || uint64(it.ID) > it.contentChange {
			c.fault("item %d has numbers that do not fit", it.ID)
		}
		if other, ok := changes[it.Change]; ok {
			c.fault("items %d and %d have the same change number", it.ID, other)
		}
		changes[it.Change] = it.ID
		if it.Folder == last.Folder && (it.Article <= last.Article || it.ID <= last.ID) {
			c.fault("item %d came after %d and has no later number", it.ID, last.ID)
		}
		if f := it.newFlags(); f != it.flags {
			c.fault("item %d is not flagged as its properties say", it.ID)
		}
		if err := it.damaged(c.zones); err != nil {
			c.fault("item %d: %v", it.ID, err)
		}
		last = *it
	}
	return rows.Err()
}

// sizes compares what is counted with what there is.
func (c *checker) sizes() error {
	err := c.one(c.tx.QueryRow(`SELECT count(*) FROM folder_content c LEFT JOIN
			(SELECT folder_id, sum(1 - flags % 2) total, sum((1 - flags % 2) * (1 - (flags / 8) % 2)) unread,
				sum(flags % 2) associated, sum(size) size, max(article) article
				FROM item WHERE mailbox_id = $1 GROUP BY folder_id) i ON i.folder_id = c.folder_id
		WHERE c.mailbox_id = $1 AND (c.total <> coalesce(i.total, 0) OR c.unread <> coalesce(i.unread, 0) OR
			c.associated <> coalesce(i.associated, 0) OR c.size <> coalesce(i.size, 0) OR c.article < coalesce(i.article, 0))`,
		c.key), 0, "folders with wrong counts")
	if err != nil {
		return err
	}
	err = c.one(c.tx.QueryRow(`SELECT CAST(m.size - coalesce((SELECT sum(size) FROM item WHERE mailbox_id = $1), 0) AS BIGINT) FROM mailbox m
		WHERE m.mailbox_id = $1`, c.key), 0, "bytes counted too many")
	if err != nil {
		return err
	}
	return c.one(c.tx.QueryRow(`SELECT count(*) FROM item i
		LEFT JOIN item_content b ON b.mailbox_id = i.mailbox_id AND b.content_id = i.content_id
		LEFT JOIN (SELECT content_id, sum(size) size FROM attachment WHERE mailbox_id = $1 GROUP BY content_id) a ON a.content_id = i.content_id
		WHERE i.mailbox_id = $1 AND i.size <> length(i.props) + coalesce(length(b.body_text), 0) + coalesce(length(b.body_html), 0) +
			coalesce(length(b.mime), 0) + coalesce(length(b.recipients), 0) + coalesce(a.size, 0)`, c.key), 0, "items of another size than their parts")
}

func (c *checker) tombstones() error {
	return c.one(c.tx.QueryRow(`SELECT count(*) FROM tombstone t LEFT JOIN folder_content f
		ON f.mailbox_id = t.mailbox_id AND f.folder_id = t.folder_id
		WHERE t.mailbox_id = $1 AND (f.folder_id IS NULL OR t.change_number > $2 OR t.change_number <= f.forgotten)`,
		c.key, c.counter), 0, "deletions that do not fit")
}

func (c *checker) orphans() error {
	err := c.one(c.tx.QueryRow(`SELECT count(*) FROM item i LEFT JOIN folder f ON f.mailbox_id = i.mailbox_id AND f.folder_id = i.folder_id
		WHERE i.mailbox_id = $1 AND f.folder_id IS NULL`, c.key), 0, "items without a folder")
	if err != nil {
		return err
	}
	// An index by content_id would serve this alone, so it is read as a whole.
	err = c.one(c.tx.QueryRow(`SELECT count(*) FROM item_content WHERE mailbox_id = $1 AND content_id NOT IN
		(SELECT content_id FROM item WHERE mailbox_id = $1)`, c.key), 0, "bodies without an item")
	if err != nil {
		return err
	}
	err = c.one(c.tx.QueryRow(`SELECT count(*) FROM attachment WHERE mailbox_id = $1 AND content_id NOT IN
		(SELECT content_id FROM item WHERE mailbox_id = $1)`, c.key), 0, "attachments without an item")
	if err != nil {
		return err
	}
	err = c.one(c.tx.QueryRow(`SELECT count(*) FROM (SELECT DISTINCT data_id FROM attachment_data WHERE mailbox_id = $1) d
		WHERE data_id NOT IN (SELECT data_id FROM attachment WHERE mailbox_id = $1)`, c.key), 0, "contents without an attachment")
	if err != nil {
		return err
	}
	return c.one(c.tx.QueryRow(`SELECT count(*) FROM attachment a LEFT JOIN
			(SELECT data_id, sum(length(bytes)) size FROM attachment_data WHERE mailbox_id = $1 GROUP BY data_id) d ON d.data_id = a.data_id
		WHERE a.mailbox_id = $1 AND a.size <> coalesce(d.size, 0)`, c.key), 0, "attachments of another size than their content")
}
