package mailbox

import (
	"context"
	"sync"

	"entente"
	"entente/db"
)

// PropIDs of named properties that a mailbox gives out.
const (
	firstNamed = 0x9000
	lastNamed  = 0xFFFE
)

// bare is a name without the type: what an id stands for.
type bare struct {
	set  GUID
	lid  uint32
	name string
}

func (n PropName) bare() bare {
	if n.Name != "" {
		return bare{set: n.Set, name: n.Name}
	}
	return bare{set: n.Set, lid: n.LID}
}

// knownProps are the names of wellKnown, both ways.
type knownProps struct {
	ids   map[bare]uint16
	names map[uint16]bare
}

func newKnownProps() knownProps {
	k := knownProps{map[bare]uint16{}, map[uint16]bare{}}
	for _, w := range wellKnown {
		set, err := ParseGUID(w.set)
		if err != nil {
			continue // the table's test would have failed
		}
		b := bare{set, w.lid, w.name}
		k.ids[b], k.names[w.prop.ID()] = w.prop.ID(), b
	}
	return k
}

// namedCache remembers what ids mailboxes gave out. An id never changes its
// meaning, so nothing here goes stale; when it is full it is emptied.
type namedCache struct {
	mu    sync.Mutex
	ids   map[namedKey]uint16
	names map[namedID]bare
}

type namedKey struct {
	mailbox entente.MailboxID
	bare
}

type namedID struct {
	mailbox entente.MailboxID
	id      uint16
}

const maxNamedCache = 50_000

func newNamedCache() *namedCache {
	return &namedCache{ids: map[namedKey]uint16{}, names: map[namedID]bare{}}
}

func (c *namedCache) id(m entente.MailboxID, b bare) (uint16, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok := c.ids[namedKey{m, b}]
	return id, ok
}

func (c *namedCache) name(m entente.MailboxID, id uint16) (bare, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.names[namedID{m, id}]
	return b, ok
}

func (c *namedCache) put(m entente.MailboxID, id uint16, b bare) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ids) >= maxNamedCache {
		clear(c.ids)
		clear(c.names)
	}
	c.ids[namedKey{m, b}], c.names[namedID{m, id}] = id, b
}

// NamedProps returns the tags of named properties, in the order of the names: 0
// for one whose name the mailbox does not know, unless create is set, which
// gives it an id. A name with a type that cannot be kept gets 0 too.
//
// Names are no secret and no right: whoever may open the mailbox may create
// them, within Limits.NamedProps.
func (v *View) NamedProps(ctx context.Context, names []PropName, create bool) ([]Prop, error) {
	tags := make([]Prop, len(names))
	var missing []int
	for i, n := range names {
		if id, ok := v.namedID(n.bare()); ok {
			tags[i] = named(id, n.Type)
		} else {
			missing = append(missing, i)
		}
	}
	if missing == nil {
		return tags, nil
	}
	found := map[bare]uint16{}
	err := v.db.View(ctx, func(tx *db.Tx) error {
		clear(found)
		return v.findNames(tx, names, missing, found)
	})
	if err == nil && create && !hasAll(found, names, missing) {
		err = v.db.Update(ctx, func(tx *db.Tx) error {
			clear(found)
			return v.createNames(tx, names, missing, found)
		})
	}
	if err != nil {
		return nil, err
	}
	for _, i := range missing {
		if id, ok := found[names[i].bare()]; ok {
			v.s.named.put(v.id, id, names[i].bare())
			tags[i] = named(id, names[i].Type)
		}
	}
	return tags, nil
}

func named(id, typ uint16) Prop {
	if p := MakeProp(id, typ); p.Valid() {
		return p
	}
	return 0
}

func hasAll(found map[bare]uint16, names []PropName, which []int) bool {
	for _, i := range which {
		if _, ok := found[names[i].bare()]; !ok {
			return false
		}
	}
	return true
}

func (v *View) namedID(b bare) (uint16, bool) {
	if id, ok := v.s.known.ids[b]; ok {
		return id, true
	}
	return v.s.named.id(v.id, b)
}

func (v *View) findNames(tx *db.Tx, names []PropName, which []int, found map[bare]uint16) error {
	for _, i := range which {
		b := names[i].bare()
		var id uint16
		err := tx.QueryRow(`SELECT property_id FROM named_property WHERE mailbox_id = $1 AND set_guid = $2 AND lid = $3 AND name = $4`,
			v.key, b.set[:], b.lid, b.name).Scan(&id)
		if err == db.ErrNoRows {
			continue
		}
		if err != nil {
			return err
		}
		found[b] = id
	}
	return nil
}

func (v *View) createNames(tx *db.Tx, names []PropName, which []int, found map[bare]uint16) error {
	// The mailbox's row is locked first, so that no other transaction gives out
	// the same ids.
	if _, err := v.numbers(tx, 0, 0); err != nil {
		return err
	}
	if err := v.findNames(tx, names, which, found); err != nil {
		return err
	}
	var last, count int
	if err := tx.QueryRow(`SELECT coalesce(max(property_id), 0), count(*) FROM named_property WHERE mailbox_id = $1`, v.key).
		Scan(&last, &count); err != nil {
		return err
	}
	last = max(last, firstNamed-1)
	for _, i := range which {
		b := names[i].bare()
		if _, ok := found[b]; ok {
			continue
		}
		if b.name != clean(b.name, 254) {
			return entente.Errorf(entente.Invalid, "not a property name").Because(NamedPropertyLimit)
		}
		if last, count = last+1, count+1; last > lastNamed || count > v.s.limits.NamedProps {
			return entente.Errorf(entente.TooLarge, "the mailbox has too many named properties").Because(NamedPropertyLimit)
		}
		_, err := tx.Exec(`INSERT INTO named_property (mailbox_id, property_id, set_guid, lid, name) VALUES ($1, $2, $3, $4, $5)`,
			v.key, last, b.set[:], b.lid, b.name)
		if err != nil {
			return err
		}
		found[b] = uint16(last)
	}
	return nil
}

// PropName returns what a tag of a named property stands for, and false if the
// mailbox knows no such id.
func (v *View) PropName(ctx context.Context, p Prop) (PropName, bool, error) {
	name := func(b bare) PropName { return PropName{b.set, b.lid, b.name, p.Type()} }
	if b, ok := v.s.known.names[p.ID()]; ok {
		return name(b), true, nil
	}
	if p.ID() < firstNamed {
		return PropName{}, false, nil
	}
	if b, ok := v.s.named.name(v.id, p.ID()); ok {
		return name(b), true, nil
	}
	var b bare
	err := v.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT set_guid, lid, name FROM named_property WHERE mailbox_id = $1 AND property_id = $2`, v.key, p.ID()).
			Scan(&b.set, &b.lid, &b.name)
	})
	if err == db.ErrNoRows {
		return PropName{}, false, nil
	}
	if err != nil {
		return PropName{}, false, err
	}
	v.s.named.put(v.id, p.ID(), b)
	return name(b), true, nil
}

// Translate returns properties of a thing in another mailbox with the tags they
// have in this one, which gets the names it does not have. Items that are
// brought over need it: the same id means different things in two mailboxes.
func (v *View) Translate(ctx context.Context, from *View, props Props) (Props, error) {
	out := props.Clone()
	if from.id == v.id {
		return out, nil
	}
	for p := range props.All() {
		if p.ID() < firstNamed {
			continue
		}
		out.Delete(p)
	}
	for p := range props.All() {
		if p.ID() < firstNamed {
			continue
		}
		name, ok, err := from.PropName(ctx, p)
		if err != nil {
			return out, err
		}
		if !ok {
			continue
		}
		tags, err := v.NamedProps(ctx, []PropName{name}, true)
		if err != nil {
			return out, err
		}
		one := Props{}
		one.Copy(&props, p)
		one.rename(p, tags[0])
		out.Copy(&one, tags[0])
	}
	return out, nil
}
