package ewsserver

import (
	"strings"

	"entente/ews"
	"entente/mailbox"
)

// maxSyncChanges is how many changes one answer has at most, of which the
// schema knows too. [MS-OXWSSYNC] 2.2.5.2
const maxSyncChanges = 512

// syncFolderItems tells what changed in a folder. [MS-OXWSSYNC] 3.1.4.2
func (c *call) syncFolderItems(req *ews.SyncFolderItems) (*ews.SyncFolderItemsResponse, error) {
	if req.MaxChangesReturned < 1 || req.MaxChangesReturned > maxSyncChanges {
		return nil, &ews.Fault{Code: ews.ErrorSchemaValidation, Text: "The request failed schema validation: MaxChangesReturned is from 1 to 512."}
	}
	shape, err := c.itemShape(&req.ItemShape, true)
	if err != nil {
		return nil, err
	}
	resp := &ews.SyncFolderItemsResponse{ResponseMessages: make([]ews.SyncFolderItemsResponseMessage, 1)}
	m := &resp.ResponseMessages[0]
	if err := c.itemChanges(m, req, shape); err != nil {
		*m = ews.SyncFolderItemsResponseMessage{ResponseMessage: c.fail(err)}
	}
	return resp, nil
}

func (c *call) itemChanges(m *ews.SyncFolderItemsResponseMessage, req *ews.SyncFolderItems, shape *itemShape) error {
	ref, err := c.syncFolder(&req.SyncFolderID)
	if err != nil {
		return err
	}
	since, err := c.itemPoint(req, ref)
	if err != nil {
		return err
	}
	page, err := ref.view.Changes(c.ctx, ref.folder.ID, since, req.MaxChangesReturned)
	if err != nil {
		return err
	}
	s := itemSync{c: c, ref: ref, shape: shape, flags: c.knowsReadFlag(), first: since.Replica == 0}
	if s.ignore, err = ignored(req.Ignore); err != nil {
		return err
	}
	if m.Changes, err = s.changes(page.List); err != nil {
		return err
	}
	m.ResponseMessage = ews.Success()
	m.SyncState = markOf(stateOfItems, ref).text(c.h, page.Next.Append(nil))
	m.IncludesLastItemInRange = &page.Last
	return nil
}

// itemPoint is where the client stands. Whether it follows associated items is
// settled when it begins; a client that asks for more has to begin again.
func (c *call) itemPoint(req *ews.SyncFolderItems, ref folderRef) (mailbox.SyncPoint, error) {
	associated := req.SyncScope == ews.NormalAndAssociatedItems
	if req.SyncState == "" {
		return mailbox.SyncPoint{Associated: associated}, nil
	}
	b, err := markOf(stateOfItems, ref).point(c.h, req.SyncState)
	if err != nil {
		return mailbox.SyncPoint{}, err
	}
	point, err := mailbox.ParseSyncPoint(b)
	if err == nil && point.Associated != associated {
		err = &ews.Fault{Code: ews.ErrorInvalidSyncStateData, Text: "The synchronization state is of another scope."}
	}
	return point, err
}

// knowsReadFlag reports whether the client's schema has ReadFlagChange, which
// came with Exchange 2010.
func (c *call) knowsReadFlag() bool {
	return !strings.HasPrefix(c.header.RequestServerVersion, "Exchange2007")
}

// ignored are the items that the client wants to hear nothing about.
func ignored(ids []ews.ItemID) (map[mailbox.ItemID]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	set := make(map[mailbox.ItemID]bool, len(ids))
	for i := range ids {
		id, err := ews.ParseStoreID(ids[i].ID)
		if err != nil {
			return nil, err
		}
		set[mailbox.ItemID(id.Item)] = true
	}
	return set, nil
}

// An itemSync writes one page of changes.
type itemSync struct {
	c      *call
	ref    folderRef
	shape  *itemShape
	flags  bool // the client knows ReadFlagChange
	first  bool // the client had nothing before this page
	ignore map[mailbox.ItemID]bool
}

func (s *itemSync) changes(list []mailbox.Change) ([]ews.SyncFolderItemsChange, error) {
	show := s.fromChange
	if !s.shape.idOnly() {
		items, err := s.read(list)
		if err != nil {
			return nil, err
		}
		v, err := s.c.newView(s.shape, s.ref.view)
		if err != nil {
			return nil, err
		}
		show = func(ch *mailbox.Change) (ews.Item, bool) {
			it := items[ch.ID]
			if it == nil {
				return ews.Item{}, false
			}
			return v.showItem(s.shape, it), true
		}
	}
	granted, err := s.c.newView(s.shape, s.ref.view)
	if err != nil {
		return nil, err
	}
	out := make([]ews.SyncFolderItemsChange, 0, len(list))
	for i := range list {
		if s.ignore[list[i].ID] {
			continue
		}
		show := show
		if list[i].Item != nil {
			show = func(ch *mailbox.Change) (ews.Item, bool) { return granted.showItem(s.shape, ch.Item), true }
		}
		if ch, ok := s.change(&list[i], show); ok {
			out = append(out, ch)
		}
	}
	return out, nil
}

func (s *itemSync) change(ch *mailbox.Change, show func(*mailbox.Change) (ews.Item, bool)) (out ews.SyncFolderItemsChange, ok bool) {
	switch {
	case ch.Kind == mailbox.Deleted:
		out.Delete = &ews.SyncFolderItemsDelete{ItemID: ews.ItemID{ID: s.id(ch)}}
		return out, true
	case ch.Kind == mailbox.ReadFlag && s.flags:
		out.ReadFlagChange = &ews.SyncFolderItemsReadFlag{ItemID: *s.itemID(ch), IsRead: ch.Read}
		return out, true
	}
	item, ok := show(ch)
	if !ok {
		// It went since the page was made, and the next page will say so.
		return out, false
	}
	if ch.Kind == mailbox.Created {
		out.Create = &ews.SyncFolderItemsCreateOrUpdate{Item: item}
	} else {
		out.Update = &ews.SyncFolderItemsCreateOrUpdate{Item: item}
	}
	return out, true
}

// fromChange shows an item of which only the id is wanted, without reading it:
// the first rounds of Thunderbird and Outlook are like that.
func (s *itemSync) fromChange(ch *mailbox.Change) (ews.Item, bool) {
	return ews.Item{
		Kind:   kindOf(ch.Class),
		Values: []ews.Value{{Field: ews.FieldItemId, V: s.itemID(ch)}},
	}, true
}

func (s *itemSync) id(ch *mailbox.Change) string {
	id := ews.StoreID{Mailbox: s.ref.view.Mailbox(), Folder: uint64(s.ref.folder.ID), Item: uint64(ch.ID)}
	if ch.One {
		year, month, day := ch.Day.Civil()
		id.Instance = ews.InstanceDate{Year: uint16(year), Month: uint8(month), Day: uint8(day)}
	}
	return id.String()
}

func (s *itemSync) itemID(ch *mailbox.Change) *ews.ItemID {
	return &ews.ItemID{ID: s.id(ch), ChangeKey: changeKey(s.ref.view.Mailbox(), ch.Change)}
}

// longRun is from how many new items on it is worth asking for a run of them.
const longRun = 8

// read returns the items that are shown as they are now. An item that is not
// there any more is not in the map.
func (s *itemSync) read(list []mailbox.Change) (map[mailbox.ItemID]*mailbox.Item, error) {
	var ids, created []mailbox.ItemID
	for i := range list {
		switch k := list[i].Kind; {
		case k == mailbox.Deleted || k == mailbox.ReadFlag && s.flags || s.ignore[list[i].ID] || list[i].Item != nil:
		case k == mailbox.Created && !list[i].Associated:
			created = append(created, list[i].ID)
		default:
			ids = append(ids, list[i].ID)
		}
	}
	items := make(map[mailbox.ItemID]*mailbox.Item, len(ids)+len(created))
	if len(created) >= longRun {
		if err := s.readRun(items, created); err != nil {
			return nil, err
		}
	}
	for _, id := range created {
		if items[id] == nil {
			ids = append(ids, id)
		}
	}
	return items, s.readEach(items, ids)
}

// readRun reads items that came into the folder one after the other, which
// have article numbers one after the other, by one question for all of them.
// It may find fewer: what it leaves out is read one by one.
func (s *itemSync) readRun(items map[mailbox.ItemID]*mailbox.Item, ids []mailbox.ItemID) error {
	q := mailbox.Query{
		Folder: s.ref.folder.ID, Parts: s.shape.parts,
		Sort: []mailbox.SortKey{{Prop: mailbox.PidTagInternetArticleNumber}},
	}
	if s.first {
		q.Max = len(ids) // the first there are
	} else {
		ends, err := s.ref.view.Items(s.c.ctx, []mailbox.ItemID{ids[0], ids[len(ids)-1]}, 0)
		if err != nil || ends[0].Err != nil || ends[1].Err != nil {
			return err
		}
		q.Restrict = articles(ends[0].Item.Article, ends[1].Item.Article)
	}
	page, err := s.ref.view.Find(s.c.ctx, q)
	if err != nil {
		return err
	}
	for _, it := range page.Items {
		if it != nil {
			items[it.ID] = it
		}
	}
	return nil
}

// articles holds for article numbers from one to another.
func articles(from, to uint32) *mailbox.Restriction {
	bound := func(op mailbox.RestrictionOp, n uint32) mailbox.Restriction {
		return mailbox.Restriction{Op: op, Prop: mailbox.PidTagInternetArticleNumber, Value: mailbox.Value{Int: int64(n)}}
	}
	return &mailbox.Restriction{Op: mailbox.And, Of: []mailbox.Restriction{bound(mailbox.GreaterOrEqual, from), bound(mailbox.LessOrEqual, to)}}
}

func (s *itemSync) readEach(items map[mailbox.ItemID]*mailbox.Item, ids []mailbox.ItemID) error {
	results, err := s.ref.view.Items(s.c.ctx, ids, s.shape.parts)
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Err == nil && r.Item.Folder == s.ref.folder.ID {
			items[ids[i]] = r.Item
		}
	}
	return nil
}

// idOnly reports whether nothing but the id is wanted.
func (s *itemShape) idOnly() bool {
	return s.base == ews.ShapeIDOnly && len(s.extra)+len(s.ext)+len(s.entries) == 0
}
