package mailbox

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// MaxPage is how many items or folders one page holds at most.
const MaxPage = 1000

// MaxSortKeys bounds a sort order.
const MaxSortKeys = 32

// SortInvalid is the reason of a sort order that cannot be followed.
const SortInvalid entente.Reason = "sort-invalid"

// A SortKey is one key of a sort order. Text is sorted without case, and what
// has no such property comes first; last when descending. Subjects are sorted
// without their prefix, as PidTagNormalizedSubject.
type SortKey struct {
	Prop       Prop
	Descending bool
}

// A Query asks for items of one folder.
type Query struct {
	Folder     FolderID
	Associated bool         // associated items instead of the others
	Restrict   *Restriction // nil: all
	Sort       []SortKey    // nil: the latest first
	Parts      Parts        // to read of the items on the page
	Paging
}

// Paging says which page of the result is wanted.
type Paging struct {
	Offset  int  // from the beginning, or from the end
	Max     int  // items on the page; 0 or more than MaxPage is MaxPage
	FromEnd bool // the page ends Offset before the end; its order stays

	// Seek starts the page at the first item that it holds for, instead of at
	// an offset; FromEnd ends it with the last one.
	Seek *Restriction
}

// A Page is a part of what was found.
type Page struct {
	Items      []*Item
	Total      int  // of all that was found
	Offset     int  // of the page, counted from the beginning
	NextOffset int  // to go on with, in the direction of the paging
	Last       bool // there is no more in that direction
}

// cut is where a page of so many begins and ends.
func (p *Paging) cut(total int) (from, to int) {
	limit, offset := p.limit(), min(max(p.Offset, 0), total)
	if p.FromEnd {
		to = total - offset
		return max(to-limit, 0), to
	}
	return offset, min(offset+limit, total)
}

func (p *Paging) limit() int {
	if p.Max <= 0 || p.Max > MaxPage {
		return MaxPage
	}
	return p.Max
}

// page is the page without its items.
func (p *Paging) page(from, to, total int) Page {
	if p.FromEnd {
		return Page{Total: total, Offset: from, NextOffset: total - from, Last: from == 0}
	}
	return Page{Total: total, Offset: from, NextOffset: to, Last: to == total}
}

// Find returns a page of the items of a folder. It needs ReadAny; private items
// count only for those who may see them.
//
// Without a restriction, the orders of arrival, of article numbers and of
// subjects, in either direction, cost the same however many items there are; everything else
// looks at each item of the folder that bounds on these two do not rule out.
// Bodies and attachment names are read only of items that the rest of the
// restriction leaves in doubt.
//
// Errors have the reasons RestrictionInvalid, RestrictionTooComplex and
// SortInvalid.
func (v *View) Find(ctx context.Context, q Query) (Page, error) {
	f, err := newFinder(v, &q)
	if err != nil {
		return Page{}, err
	}
	var page Page
	err = v.db.View(ctx, func(tx *db.Tx) error {
		f.tx, f.hits, f.keys = tx, nil, nil
		t, rights, err := v.mayFind(tx, q.Folder)
		if err != nil {
			return err
		}
		if rights.Has(access.ReadItem) {
			page, err = f.findGranted(&t)
			return err
		}
		f.private = rights.Has(access.ReadPrivate)
		page, err = f.find()
		return err
	})
	return page, err
}

// mayFind asks to list a folder's items. With ReadItem among the rights, those
// alone that are granted to the caller.
func (v *View) mayFind(tx *db.Tx, id FolderID) (access.FolderTable, access.Rights, error) {
	t, err := v.table(tx, id)
	if err != nil {
		return t, 0, err
	}
	if granted, err := v.knows(tx, &t); err != nil || granted.Has(access.ReadItem) {
		return t, access.ReadItem, err
	}
	rights, err := v.see(tx, &t)
	if err != nil {
		return t, 0, err
	}
	if v.full {
		rights |= access.ReadPrivate
	}
	return t, rights &^ access.ReadItem, v.want(tx, &t, access.ReadAny)
}

// A finder answers one Query.
type finder struct {
	v       *View
	tx      *db.Tx
	q       *Query
	private bool // the caller may see private items

	where, seek condition // op 0: none
	order       []SortKey
	want        []Prop // properties to pick from each record, rising
	parts       Parts  // that the conditions may need
	bounds      bounds

	hits []hit
	keys []value // len(order) a hit
}

// A hit is an item that was found, or is not ruled out.
type hit struct {
	id    ItemID
	key   int // of its first sort key in keys
	seek  bool
	doubt bool
}

// byArrival is how lists are sorted of which nothing was said.
var byArrival = [...]SortKey{{PidTagMessageDeliveryTime, true}}

func newFinder(v *View, q *Query) (*finder, error) {
	f := &finder{v: v, q: q, order: q.Sort, bounds: noBounds}
	if len(f.order) == 0 {
		f.order = byArrival[:]
	}
	var c compiler
	var err error
	if q.Restrict != nil {
		if f.where, err = c.compile(q.Restrict); err != nil {
			return nil, err
		}
		f.bounds.narrow(&f.where)
	}
	if q.Seek != nil {
		if f.seek, err = c.compile(q.Seek); err != nil {
			return nil, err
		}
	}
	if err := checkSort(f.order); err != nil {
		return nil, err
	}
	for _, k := range f.order {
		switch {
		case bySubject(k):
			c.props = append(c.props, PidTagSubject, PidTagNormalizedSubject, PidTagSubjectPrefix)
		case !inRow(k.Prop) && k.Prop != PidTagMessageDeliveryTime:
			c.props = append(c.props, k.Prop)
		}
	}
	slices.Sort(c.props)
	f.want, f.parts = slices.Compact(c.props), c.parts
	return f, nil
}

func checkSort(order []SortKey) error {
	if len(order) > MaxSortKeys {
		return entente.Errorf(entente.Invalid, "a sort order takes %d keys at most", MaxSortKeys).Because(SortInvalid)
	}
	for _, k := range order {
		if !k.Prop.Valid() || k.Prop.Multiple() || partsOf(k.Prop) != 0 {
			return entente.Errorf(entente.Invalid, "nothing can be sorted by this property").Because(SortInvalid)
		}
	}
	return nil
}

func bySubject(k SortKey) bool { return k.Prop == PidTagSubject || k.Prop == PidTagNormalizedSubject }

// indexed reports whether an index has the order.
func indexed(k SortKey) bool {
	return k.Prop == PidTagMessageDeliveryTime || k.Prop == PidTagInternetArticleNumber || bySubject(k)
}

func (f *finder) find() (Page, error) {
	if f.q.Restrict == nil && f.q.Seek == nil && len(f.order) == 1 && indexed(f.order[0]) {
		return f.byIndex()
	}
	if err := f.scan(); err != nil {
		return Page{}, err
	}
	if err := f.decide(); err != nil {
		return Page{}, err
	}
	n := len(f.order)
	slices.SortFunc(f.hits, func(a, b hit) int {
		return f.compare(f.keys[a.key:a.key+n], f.keys[b.key:b.key+n], a.id, b.id)
	})
	from, to := f.q.cut(len(f.hits))
	if f.q.Seek != nil {
		from, to = f.sought()
	}
	page := f.q.page(from, to, len(f.hits))
	ids := make([]ItemID, 0, to-from)
	for _, h := range f.hits[from:to] {
		ids = append(ids, h.id)
	}
	var err error
	page.Items, err = f.v.itemsByID(f.tx, ids, f.q.Parts)
	return page, err
}

// sought is the page at the first, or up to the last, item the seek holds for.
func (f *finder) sought() (from, to int) {
	if f.q.FromEnd {
		for to = len(f.hits); to > 0 && !f.hits[to-1].seek; to-- {
		}
		return max(to-f.q.limit(), 0), to
	}
	for from < len(f.hits) && !f.hits[from].seek {
		from++
	}
	return from, min(from+f.q.limit(), len(f.hits))
}

// compare orders two items by the sort order, and equal ones by their ids.
func (f *finder) compare(a, b []value, ida, idb ItemID) int {
	for i, k := range f.order {
		c := 0
		switch {
		case a[i].prop == 0 || b[i].prop == 0: // one or both have none
			c = cmp.Compare(number01(a[i].prop != 0), number01(b[i].prop != 0))
		default:
			c = compareValues(a[i], b[i])
		}
		if c != 0 {
			return reversed(c, k.Descending)
		}
	}
	return reversed(cmp.Compare(ida, idb), f.order[len(f.order)-1].Descending)
}

func reversed(c int, yes bool) int {
	if yes {
		return -c
	}
	return c
}

// maxSortText bounds what is kept of a text to sort by it.
const maxSortText = 255

// consider keeps a row if nothing rules it out.
func (f *finder) consider(r *row) {
	t := yes
	if f.where.op != 0 {
		if t = f.where.holds(r); t == no {
			return
		}
	}
	h := hit{id: r.id, key: len(f.keys), doubt: t == unknown}
	if f.seek.op != 0 {
		s := f.seek.holds(r)
		h.seek, h.doubt = s == yes, h.doubt || s == unknown
	}
	f.hits = append(f.hits, h)
	for _, k := range f.order {
		f.keys = append(f.keys, f.key(r, k))
	}
}

// key is what a row is sorted by.
func (f *finder) key(r *row, k SortKey) value {
	switch {
	case k.Prop == PidTagMessageDeliveryTime:
		// Drafts and the like are sorted by when they were made.
		return value{prop: k.Prop, num: r.received}
	case bySubject(k):
		return value{prop: k.Prop, text: strings.Clone(r.subjectKey())}
	}
	v, known := r.lookup(k.Prop)
	if known != yes {
		return value{}
	}
	if v.text != "" {
		// Cloned, since it is a piece of the whole record.
		v.text = folded(v).text
		v.text = strings.Clone(v.text[:min(len(v.text), maxSortText)])
	}
	return v
}

// subjectKey is what the column of that name holds, from the properties.
func (r *row) subjectKey() string {
	var ps Props
	for _, p := range [...]Prop{PidTagSubject, PidTagSubjectPrefix, PidTagNormalizedSubject} {
		if v, known := picked(r.want, r.got, p); known == yes {
			ps.set(v)
		}
	}
	return subjectKey(&ps)
}

// decide reads the parts of items that are in doubt.
func (f *finder) decide() error {
	if f.parts == 0 {
		return nil
	}
	kept := f.hits[:0]
	for _, h := range f.hits {
		if h.doubt {
			it, err := scanItem(f.tx.QueryRow(itemColumns+` FROM item i WHERE i.mailbox_id = $1 AND i.item_id = $2`, f.v.key, h.id))
			if err != nil {
				return err
			}
			if err := f.v.load(f.tx, it, f.parts); err != nil {
				return err
			}
			if f.where.op != 0 && f.where.holds(it) != yes {
				continue
			}
			h.seek = f.seek.op != 0 && f.seek.holds(it) == yes
		}
		kept = append(kept, h)
	}
	f.hits = kept
	return nil
}

// bounds are what a restriction says of the two columns that rows are found
// by. Both ends are included.
type bounds struct{ article, received span }

type span struct{ from, to int64 }

var noBounds = bounds{span{0, math.MaxInt64}, span{0, math.MaxInt64}}

// narrow takes in what must hold for all that fits the condition.
func (b *bounds) narrow(c *condition) {
	if c.op == And {
		for i := range c.of {
			b.narrow(&c.of[i])
		}
		return
	}
	var s *span
	switch {
	case c.other != 0:
		return
	case c.prop == PidTagInternetArticleNumber:
		s = &b.article
	case c.prop == PidTagMessageDeliveryTime:
		s = &b.received
	default:
		return
	}
	n := c.constant.num
	switch c.op {
	case Equal:
		s.from, s.to = max(s.from, n), min(s.to, n)
	case Greater, GreaterOrEqual:
		s.from = max(s.from, n)
	case Less, LessOrEqual:
		s.to = min(s.to, n)
	}
}
