package directory

import (
	"fmt"
	"hash/maphash"

	"entente/db"
)

// A ledger is what the marks of a sealed directory are made of: every unit's
// tag, shortened, and the sum of all.
type ledger struct {
	seed  maphash.Seed // of the ids
	tags  tags
	total total
}

// has reports whether a unit had a tag, nil being no rows.
func (l *ledger) has(u unit, t []byte) bool {
	known, ok := l.tags.get(id(l.seed, u.kind, []byte(u.key)))
	if t == nil {
		return !ok
	}
	return ok && known == short(t)
}

const (
	// keptGenerations is how far back the log goes.
	keptGenerations = 256
	// maxEntries is how many units are worth reading one by one: of more than
	// that, the log says only that there were many.
	maxEntries = 4096
)

// An entry of the log is a unit that a generation changed.
type entry struct {
	unit        unit
	was, became []byte
}

// appendLog writes what a generation changed. It goes to all nodes with the
// change itself.
func appendLog(tx *db.Tx, generation uint64, entries []entry) error {
	head := logHead
	if len(entries) > maxEntries {
		head, entries = logReset, nil
	}
	const q = `INSERT INTO directory_log (generation, n, kind, unit, was, became) VALUES ($1, $2, $3, $4, $5, $6)`
	if _, err := tx.Exec(q, generation, 0, head, "", nil, nil); err != nil {
		return err
	}
	for i, e := range entries {
		if _, err := tx.Exec(q, generation, i+1, e.unit.kind, e.unit.key, e.was, e.became); err != nil {
			return err
		}
	}
	if generation <= keptGenerations {
		return nil
	}
	_, err := tx.Exec(`DELETE FROM directory_log WHERE generation <= $1`, generation-keptGenerations)
	return err
}

// readLog reads what the generations after one, up to another, changed; ok is
// false if the log does not say.
func readLog(tx *db.Tx, after, until uint64) (all []entry, ok bool, err error) {
	if until <= after || until-after > keptGenerations {
		return nil, until == after, nil
	}
	var e entry
	heads, reset := uint64(0), false
	rows, err := tx.Query(`SELECT kind, unit, was, became FROM directory_log WHERE generation > $1 AND generation <= $2
		ORDER BY generation, n LIMIT $3`, after, until, maxEntries+int(keptGenerations)+1)
	err = each(rows, err, func() error {
		switch {
		case e.unit.kind == logHead:
			heads++
		case e.unit.kind > lastRows: // logReset, or what a later version keeps
			reset = true
		default:
			all = append(all, e)
		}
		return nil
	}, &e.unit.kind, &e.unit.key, &e.was, &e.became)
	// Each generation has its head, so that none is missed.
	return all, err == nil && !reset && heads == until-after && len(all) <= maxEntries, err
}

// begin prepares a change: in a sealed directory it makes sure that the tables
// are as they were marked, as far as that can be told without reading them.
func (d *Directory) begin(c *Change) error {
	if d.seal == nil {
		return d.unsealed(c)
	}
	c.marker = d.marker()
	known, ok, err := d.follow(c.tx, c.marker, d.now.Load(), c.generation-1)
	if err != nil {
		return err
	}
	if !ok { // this node is too far behind, or something is wrong: it is looked at in full
		_, known, err = d.readAll(c.tx)
		if err != nil {
			return err
		}
		marked, valid, err := c.marker.marked(c.tx, c.generation-1)
		if err != nil {
			return err
		}
		ok = valid && marked == known.total
	}
	c.before, c.vouched = known, ok
	return nil
}

// follow returns the ledger as it was marked at a generation, by going on from
// a state with what the log says; ok is false if there is no state to go on
// from, or the log does not lead to what was marked.
func (d *Directory) follow(tx *db.Tx, m *marker, from *state, until uint64) (l ledger, ok bool, err error) {
	if from == nil || from.altered {
		return l, false, nil
	}
	entries, ok, err := readLog(tx, from.snapshot.Generation(), until)
	if err != nil || !ok {
		return l, false, err
	}
	if l, ok = from.rows.with(m, entries); !ok {
		return l, false, nil
	}
	marked, ok, err := m.marked(tx, until)
	return l, ok && marked == l.total, err
}

// with returns the ledger after the changes of the log. Each entry must go on
// from what is known of its unit: the sum alone would not tell whose tags they
// are, and so which rows were taken away.
func (l ledger) with(m *marker, entries []entry) (ledger, bool) {
	changes := make(map[uint64]edit[uint64], len(entries))
	for _, e := range entries {
		if n := len(e.was); n != 0 && n != tagLength {
			return l, false
		}
		id := id(l.seed, e.unit.kind, []byte(e.unit.key))
		known, ok := changes[id]
		if !ok {
			var has bool
			known.value, has = l.tags.get(id)
			known.gone = !has
		}
		if known.gone != (len(e.was) == 0) || !known.gone && known.value != short(e.was) {
			return l, false
		}
		m.replace(&l.total, e.was, e.became)
		if len(e.became) == 0 {
			changes[id] = edit[uint64]{gone: true}
		} else {
			changes[id] = edit[uint64]{value: short(e.became)}
		}
	}
	l.tags = l.tags.with(changes)
	return l, true
}

// finish ends a change: what it touched goes into the log and, if there was
// nothing that somebody else wrote, into the mark. Tables without their mark
// are changed all the same, to set them right by, but stay without one:
// otherwise the next honest change would vouch for what is forged.
func (d *Directory) finish(c *Change) error {
	entries := make([]entry, 0, len(c.touched))
	total := c.before.total
	for _, t := range c.touched {
		e := entry{unit: t.unit, was: t.was}
		if c.marker != nil {
			var err error
			if e.became, err = c.marker.tagOf(c.tx, t.unit); err != nil {
				return fmt.Errorf("read back what was changed: %w", err)
			}
			c.marker.replace(&total, e.was, e.became)
		}
		entries = append(entries, e)
	}
	if err := appendLog(c.tx, c.generation, entries); err != nil {
		return err
	}
	if !c.vouched {
		return nil
	}
	return c.marker.mark(c.tx, total, c.generation)
}
