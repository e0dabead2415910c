package access

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"entente"
)

// onItem is about one item of the folder whose table was applied. What the
// folder gives reaches all fields of all its items. Grants on the item are
// looked up only for what the folder did not give.
func (s *Snapshot) onItem(q *Question, d *Decision, who *identity) {
	var folder Rights
	if d.Got&ReadAny != 0 {
		folder |= ReadItem
	}
	if d.Got&EditAny != 0 {
		folder |= EditItem
	}
	d.give("item-in-folder", "", folder != 0, folder)
	if folder.Has(q.Want) {
		d.Fields = AllFields
		return
	}
	box, _ := s.box(q.On.Mailbox)
	if box == nil || d.failed {
		return
	}
	w := weighing{want: q.Want, change: q.Change, at: q.At, reading: who.foreign}
	box.eachGrant(who, func(g *ItemGrant) {
		if g.covers(q.On.Item) {
			w.consider(g)
		}
	})
	switch {
	case w.by != nil:
		d.give("item-grant", w.by.ID, true, w.gives&^folder)
	case w.not != nil:
		d.give("item-grant", w.not.ID, false, rightsOf(w.not))
	default:
		d.give("item-grant", "", false, 0)
	}
	d.Fields = w.fields(folder)
	if d.reason == "" && !d.Got.Has(q.Want) {
		d.reason = w.reason
	}
}

// A weighing adds up the grants on an item that are for the caller.
type weighing struct {
	want        Rights
	change      *ItemChange
	at          time.Time
	reading     bool       // nothing gives more: the caller's token is for no more
	by          *ItemGrant // the first that counts
	byGives     Rights     // what it gives
	not         *ItemGrant // the first that would, were it in force and wide enough
	gives       Rights
	read, write Fields
	reason      entente.Reason // why the change asked for is not allowed, that of the nearest grant
}

func (w *weighing) consider(g *ItemGrant) {
	if !g.inForce(w.at) {
		w.not = first(w.not, g)
		return
	}
	gives := rightsOf(g)
	if w.reading {
		gives &^= EditItem
	}
	if w.change != nil && gives&EditItem != 0 {
		if r := g.refuses(w.change); r != "" {
			gives &^= EditItem
			w.not = first(w.not, g)
			w.reason = nearer(w.reason, r)
		}
	}
	w.read |= g.Read | g.Write
	if gives&EditItem != 0 {
		w.write |= g.Write
	}
	w.gives |= gives
	if gives == 0 {
		return
	}
	if w.by == nil || gives.Has(w.want) != w.byGives.Has(w.want) {
		if w.by == nil || gives.Has(w.want) {
			w.by, w.byGives = g, gives
		}
		return
	}
	if w.by = first(w.by, g); w.by == g {
		w.byGives = gives
	}
}

// first is the grant with the lower ID, so that the same is named however they
// are kept.
func first(a, b *ItemGrant) *ItemGrant {
	if a == nil || b.ID < a.ID {
		return b
	}
	return a
}

// nearer is the reason of the grant that nearly allowed a change: one that
// allows the fields comes nearer than one that does not.
func nearer(a, b entente.Reason) entente.Reason {
	for _, r := range [...]entente.Reason{TimeNotGranted, LocationNotGranted, FieldNotGranted} {
		if a == r || b == r {
			return r
		}
	}
	return ""
}

// fields are those that all of the wanted rights reach.
func (w *weighing) fields(folder Rights) Fields {
	f := AllFields
	if w.want&EditItem != 0 && folder&EditItem == 0 {
		f &= w.write
	}
	if w.want&ReadItem != 0 && folder&ReadItem == 0 {
		f &= w.read
	}
	return f
}

func rightsOf(g *ItemGrant) (r Rights) {
	if g == nil {
		return 0
	}
	if (g.Read|g.Write)&AllFields != 0 {
		r |= ReadItem
	}
	if g.Write&AllFields != 0 {
		r |= EditItem
	}
	return r
}

// itemGrant is an ItemGrant with its grantee's number.
type itemGrant struct {
	*ItemGrant
	to int32 // -1 if it is for somebody of a partner organization
}

// eachGrant visits the grants on the mailbox for whose rights count. Somebody of
// a partner organization is known by his address, and an account by its SID: an
// address here never opens what is granted to the same address there.
func (box *box) eachGrant(who *identity, visit func(*ItemGrant)) {
	switch {
	case len(box.grants) == 0:
	case who.external:
		for i := 0; i < len(box.grants) && box.grants[i].to < 0; i++ {
			if g := box.grants[i].ItemGrant; who.mail != "" && strings.EqualFold(string(g.External), string(who.mail)) {
				visit(g)
			}
		}
	case who.account != nil:
		for i := range who.numbers() {
			box.eachGrantTo(who.number(i), visit)
		}
	}
}

func (box *box) eachGrantTo(n int32, visit func(*ItemGrant)) {
	if n < 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(box.grants, n, func(g itemGrant, n int32) int { return cmp.Compare(g.to, n) })
	for ; i < len(box.grants) && box.grants[i].to == n; i++ {
		visit(box.grants[i].ItemGrant)
	}
}

// covers reports whether the grant is on the item: on it with all its
// occurrences, or on the very occurrence.
func (g *ItemGrant) covers(key ItemKey) bool {
	for _, k := range g.Items {
		if k.Content == key.Content && (k.Day == 0 || k.Day == key.Day) {
			return true
		}
	}
	return false
}

// inForce reports whether the grant counts at t; a bounded one does not without
// a time to compare.
func (g *ItemGrant) inForce(t time.Time) bool {
	return g.Enabled && inForce(g.NotBefore, g.NotAfter, t, false)
}

// refuses tells why the grant does not allow a change; empty if it does. The
// bounds on time hold for both ends of what would be.
func (g *ItemGrant) refuses(c *ItemChange) entente.Reason {
	if c.Fields&^g.Write != 0 {
		return FieldNotGranted
	}
	if c.Fields&FieldTime != 0 {
		if !g.Earliest.IsZero() && (c.Start.Before(g.Earliest) || c.End.Before(g.Earliest)) ||
			!g.Latest.IsZero() && (c.Start.After(g.Latest) || c.End.After(g.Latest)) {
			return TimeNotGranted
		}
	}
	if c.Fields&FieldLocation != 0 && len(g.Locations) > 0 &&
		!slices.ContainsFunc(g.Locations, func(l string) bool { return strings.EqualFold(l, c.Location) }) {
		return LocationNotGranted
	}
	return ""
}

// Allow reports whether one grant allows all of the change. An error has one of
// the reasons above: that of the grant which comes nearest.
func (g *Granted) Allow(c ItemChange) error {
	reason := FieldNotGranted
	for _, by := range g.By {
		r := by.refuses(&c)
		if r == "" {
			return nil
		}
		reason = nearer(reason, r)
	}
	return notGranted(reason)
}

func notGranted(r entente.Reason) *entente.Error {
	text := "this field of the item may not be changed"
	switch r {
	case TimeNotGranted:
		text = "the item may not be moved to this time"
	case LocationNotGranted:
		text = "the item may not be moved to this location"
	}
	return entente.Errorf(entente.Denied, "%s", text).Because(r)
}

// Granted returns what item grants in force open to the caller in the permit's
// mailbox, in order of their keys; nil if nothing. What is granted of a whole
// series is in the entries of its occurrences too. It decides nothing: Item
// does, for each of them.
func (p Permit) Granted() []Granted {
	if !p.opensFolders() {
		return nil
	}
	s := p.of.snapshot
	box, owner := s.box(p.of.q.On.Mailbox)
	if box == nil || len(box.grants) == 0 {
		return nil
	}
	var none Decision
	who := s.identify(&p.of.q, &none, s.claimed(p.of.q.Caller, &none))
	s.narrow(&who, owner)
	if none.failed {
		return nil
	}
	var all []Granted
	box.eachGrant(&who, func(g *ItemGrant) {
		if rightsOf(g) == 0 || !g.inForce(p.of.q.At) {
			return
		}
		write := g.Write
		if who.foreign {
			write = 0 // what a token is for is reading
		}
		for _, k := range g.Items {
			all = append(all, Granted{Key: k, Read: g.Read | g.Write, Write: write, By: []*ItemGrant{g}})
		}
	})
	return gather(all)
}

// gather makes one entry for each key.
func gather(all []Granted) []Granted {
	slices.SortStableFunc(all, func(a, b Granted) int {
		return cmp.Or(cmp.Compare(a.Key.Content, b.Key.Content), cmp.Compare(a.Key.Day, b.Key.Day))
	})
	out := all[:0]
	whole := -1 // index of the entry of the series the present one belongs to
	for _, g := range all {
		last := len(out) - 1
		if last < 0 || out[last].Key != g.Key {
			if last < 0 || out[last].Key.Content != g.Key.Content {
				whole = -1
			}
			if g.Key.Day == 0 {
				whole = len(out)
			} else if whole >= 0 {
				g = g.with(out[whole])
			}
			out = append(out, g)
			continue
		}
		out[last] = out[last].with(g)
	}
	return out
}

func (g Granted) with(other Granted) Granted {
	g.Read |= other.Read
	g.Write |= other.Write
	for _, by := range other.By {
		if !slices.Contains(g.By, by) {
			g.By = append(slices.Clip(g.By), by)
		}
	}
	return g
}

// Item asks for ReadItem or EditItem on one item in the folder of a table, and
// returns which fields may be read or written: all, if the folder's own rights
// give it. The answer is recorded in the request's trace. An error has the
// reason NotVisible if the caller may not know of the item, NoRight otherwise.
//
// Grants bound more than fields: ask Change before a change is written.
func (p Permit) Item(t *FolderTable, key ItemKey, want Rights) (Fields, error) {
	return p.item(t, key, want, nil)
}

// Change asks whether a change of one item may be written: with the folder's
// rights or, under grants, if one of them allows all of it. The answer is
// recorded in the request's trace. Besides the reasons of Item an error may
// have FieldNotGranted, TimeNotGranted or LocationNotGranted.
func (p Permit) Change(t *FolderTable, key ItemKey, c ItemChange) error {
	_, err := p.item(t, key, EditItem, &c)
	return err
}

func (p Permit) item(t *FolderTable, key ItemKey, want Rights, c *ItemChange) (Fields, error) {
	if !p.opensFolders() || t == nil {
		return 0, entente.Errorf(entente.Denied, "access is denied").Because(NoRight)
	}
	q := p.folderQuestion(t, want)
	q.On, q.Change = ItemOf(q.On.Mailbox, t.Folder, key), c
	d := p.of.snapshot.Decide(q)
	p.of.trace.add(d)
	if !d.allowed {
		return 0, d.Err()
	}
	return d.Fields, nil
}
