package ewsserver

import (
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// findItem lists items of folders. [MS-OXWSSRCH] 3.1.4.2
func (c *call) findItem(req *ews.FindItem) (*ews.FindItemResponse, error) {
	if req.Grouping.GroupBy != nil || req.Grouping.DistinguishedGroupBy != nil {
		return nil, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "Grouping is not available on this server; sort by the property instead."}
	}
	shape, err := c.itemShape(&req.ItemShape, true)
	if err != nil {
		return nil, err
	}
	f := finder{c: c, req: req, shape: shape}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	resp := &ews.FindItemResponse{ResponseMessages: make([]ews.FindItemResponseMessage, len(req.ParentFolderIDs))}
	for i := range req.ParentFolderIDs {
		m := &resp.ResponseMessages[i]
		ref, err := c.folder(&req.ParentFolderIDs[i])
		if err == nil {
			err = f.find(m, ref)
		}
		if err != nil {
			*m = ews.FindItemResponseMessage{ResponseMessage: c.fail(err)}
		}
	}
	return resp, nil
}

// A finder answers one FindItem, folder by folder.
type finder struct {
	c      *call
	req    *ews.FindItem
	shape  *itemShape
	paging paging
	query  *mailbox.Restriction // of QueryString
}

// prepare reads what does not depend on the folder.
func (f *finder) prepare() error {
	v, err := &f.req.View, error(nil)
	switch {
	case v.IndexedPageItemView != nil:
		f.paging, err = indexedPaging(v.IndexedPageItemView)
	case v.FractionalPageItemView != nil:
		f.paging, err = fractionalPaging(v.FractionalPageItemView)
	case v.SeekToConditionPageItemView != nil:
		f.paging.Max, err = maxEntries(v.SeekToConditionPageItemView.MaxEntriesReturned)
		f.paging.FromEnd = v.SeekToConditionPageItemView.BasePoint == ews.BasePointEnd
	case v.CalendarView != nil:
		f.paging.Max, err = maxEntries(v.CalendarView.MaxEntriesReturned)
	case v.ContactsView != nil:
		f.paging.Max, err = maxEntries(v.ContactsView.MaxEntriesReturned)
	}
	if err != nil {
		return err
	}
	if v.CalendarView != nil && (f.req.Restriction != nil || f.req.SortOrder != nil || f.req.QueryString != nil) {
		return &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "A calendar view takes no restriction, sort order or query string."}
	}
	if q := f.req.QueryString; q != nil {
		if f.req.Restriction != nil {
			return &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "A request takes a restriction or a query string, not both."}
		}
		f.query, err = parseQuery(q.Text, f.c.s.Now().In(f.c.zone))
	}
	return err
}

// find answers for one folder.
func (f *finder) find(m *ews.FindItemResponseMessage, ref folderRef) error {
	show, err := f.c.newView(f.shape, ref.view)
	if err != nil {
		return err
	}
	if f.req.View.CalendarView != nil {
		return f.calendar(m, ref, show)
	}
	m.ResponseMessage = ews.Success()
	if f.req.Traversal == ews.ItemsSoftDeleted {
		// Deleted items are in Recoverable Items, where they are found like
		// others: folders keep none.
		f.answer(m, mailbox.Page{Last: true}, nil)
		return nil
	}
	q, err := f.queryFor(ref)
	if err != nil {
		return err
	}
	if f.paging.fraction() {
		q.Max, q.Parts = 1, 0
		count, err := ref.view.Find(f.c.ctx, q)
		if err != nil {
			return err
		}
		q.Max, q.Parts, q.Offset = f.paging.Max, f.shape.parts, f.paging.at(count.Total)
	}
	page, err := ref.view.Find(f.c.ctx, q)
	if err != nil {
		return err
	}
	items := make([]ews.Item, 0, len(page.Items))
	for _, it := range page.Items {
		if it != nil {
			items = append(items, show.showItem(f.shape, it))
		}
	}
	f.answer(m, page, items)
	return nil
}

func (f *finder) answer(m *ews.FindItemResponseMessage, page mailbox.Page, items []ews.Item) {
	if items == nil {
		items = []ews.Item{}
	}
	m.RootFolder = &ews.FindItemParent{
		FindResponsePaging: f.paging.answer(page.NextOffset, page.Total, page.Last),
		Found:              ews.FoundItems{Items: items},
	}
}

// queryFor is the question to the store, in the tags of the folder's mailbox.
func (f *finder) queryFor(ref folderRef) (mailbox.Query, error) {
	q := mailbox.Query{
		Folder: ref.folder.ID, Associated: f.req.Traversal == ews.ItemsAssociated,
		Parts: f.shape.parts, Paging: f.paging.Paging, Restrict: f.query,
	}
	t := translator{c: f.c, view: ref.view}
	var err error
	if f.req.Restriction != nil {
		if q.Restrict, err = t.restriction(&f.req.Restriction.Expression); err != nil {
			return q, err
		}
	}
	if s := f.req.View.SeekToConditionPageItemView; s != nil {
		if q.Seek, err = t.restriction(&s.Condition); err != nil {
			return q, err
		}
		f.paging.Seek = q.Seek
	}
	if v := f.req.View.ContactsView; v != nil {
		if folderKind(ref.folder.Class) != ews.KindContactsFolder {
			return q, &ews.Fault{Code: ews.ErrorInvalidFolderTypeForOperation, Text: "A contacts view is of a folder of contacts."}
		}
		q.Restrict = contactsBetween(q.Restrict, v)
		q.Sort = []mailbox.SortKey{{Prop: mailbox.PidTagDisplayName}}
	}
	if f.req.SortOrder != nil {
		q.Sort, err = t.order(f.req.SortOrder)
	}
	return q, err
}

// contactsBetween narrows to names from one to another, both included.
// [MS-OXWSSRCH] 2.2.4.12
func contactsBetween(r *mailbox.Restriction, v *ews.ContactsView) *mailbox.Restriction {
	all := mailbox.Restriction{Op: mailbox.And}
	if r != nil {
		all.Of = append(all.Of, *r)
	}
	bound := func(op mailbox.RestrictionOp, name string) {
		if name != "" {
			all.Of = append(all.Of, mailbox.Restriction{Op: op, Prop: mailbox.PidTagDisplayName, Value: mailbox.Value{Text: name}})
		}
	}
	bound(mailbox.GreaterOrEqual, v.InitialName)
	bound(mailbox.LessOrEqual, v.FinalName)
	if all.Of == nil {
		return nil
	}
	return &all
}

// calendar answers with the appointments and occurrences in a window.
// [MS-OXWSSRCH] 2.2.4.9
func (f *finder) calendar(m *ews.FindItemResponseMessage, ref folderRef, show *itemView) error {
	if folderKind(ref.folder.Class) != ews.KindCalendarFolder {
		return &ews.Fault{Code: ews.ErrorCalendarFolderIsInvalidForCalendarView}
	}
	v := f.req.View.CalendarView
	window := calendar.Interval{Start: f.c.instant(v.StartDate, f.c.zone), End: f.c.instant(v.EndDate, f.c.zone)}
	if f.c.showsTimes(ref.folder.Rights) {
		return f.times(m, ref, window)
	}
	page, err := ref.view.CalendarView(f.c.ctx, ref.folder.ID, window, f.paging.Max, f.shape.parts)
	switch {
	case isReason(err, mailbox.CalendarRange):
		return &ews.Fault{Code: ews.ErrorCalendarEndDateIsEarlierThanStartDate}
	case isReason(err, mailbox.CalendarRangeLong):
		return &ews.Fault{Code: ews.ErrorCalendarViewRangeTooBig}
	case isReason(err, mailbox.CalendarTooMany):
		return &ews.Fault{Code: ews.ErrorExceededFindCountLimit}
	case err != nil:
		return err
	case !page.Last && v.MaxEntriesReturned == nil:
		// There is no second page of a calendar view: a client that set no
		// limit would take a part for the whole.
		return &ews.Fault{Code: ews.ErrorExceededFindCountLimit}
	}
	m.ResponseMessage = ews.Success()
	items := make([]ews.Item, 0, len(page.Items))
	for _, e := range page.Items {
		items = append(items, show.show(f.shape, e))
	}
	f.answer(m, mailbox.Page{Total: page.Total, Last: page.Last}, items)
	return nil
}
