package easserver

import (
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Statuses of GetItemEstimate. [MS-ASCMD] 2.2.3.177.8
const (
	estimateNoCollection activesync.Status = 2
	estimateNotPrimed    activesync.Status = 3
	estimateInvalidKey   activesync.Status = 4
)

// maxEstimate is how far is counted: a phone shows how much is to come, and asks
// again when that much has come.
const maxEstimate = 10_000

// getItemEstimate says how much a Sync would give. It changes nothing of what is
// kept, and reads nothing of what items hold. [MS-ASCMD] 2.2.1.9
func (c *call) getItemEstimate() error {
	list := c.body.Child(wbxml.GetItemEstimateCollections)
	w := c.out
	w.Start(wbxml.GetItemEstimateGetItemEstimate)
	defer w.End()
	n := 0
	for e := range list.All(wbxml.GetItemEstimateCollection) {
		if n++; n > maxCollections {
			return &statusError{activesync.InvalidContent, "more collections than one request may have"}
		}
		name := e.Get(wbxml.GetItemEstimateCollectionId)
		count, status, err := c.estimate(name, e)
		if err != nil {
			return err
		}
		w.Start(wbxml.GetItemEstimateResponse)
		w.Int(wbxml.GetItemEstimateStatus, int64(status))
		if status == activesync.OK {
			w.Start(wbxml.GetItemEstimateCollection)
			w.Text(wbxml.GetItemEstimateCollectionId, name)
			w.Int(wbxml.GetItemEstimateEstimate, int64(count))
			w.End()
		}
		w.End()
	}
	if n == 0 {
		return &statusError{activesync.InvalidContent, "no collection"}
	}
	return nil
}

// estimate counts what one collection would give.
func (c *call) estimate(name string, e *wbxml.Element) (n int, s activesync.Status, err error) {
	id, ok := parseFolderID(name)
	if !ok || len(name) > maxName {
		return 0, estimateNoCollection, nil
	}
	if e.Get(wbxml.AirSyncSyncKey) == "0" {
		return 0, estimateNotPrimed, nil
	}
	kept, err := c.view.ClientState(c.ctx, c.client(), stateName(id))
	if err != nil {
		return 0, 0, err
	}
	state, err := parseState(kept[0].Value)
	if err != nil {
		return 0, estimateNotPrimed, nil
	}
	key, ok := parseID(e.Get(wbxml.AirSyncSyncKey))
	at := state.at(key)
	if !ok || at == nil {
		return 0, estimateInvalidKey, nil
	}
	y := &collectionSync{syncRun: &syncRun{call: c}, in: &syncCollection{folder: id}, state: state, class: c.h.classes[state.class], st: at.clone()}
	if y.class == nil {
		return 0, estimateNoCollection, nil
	}
	if err := y.estimateOptions(e); err != nil {
		return 0, 0, err
	}
	n, err = y.count()
	switch status, own := collectionStatus(err); {
	case own && status == syncInvalidKey:
		return 0, estimateInvalidKey, nil
	case own:
		return 0, estimateNoCollection, nil
	}
	return n, activesync.OK, err
}

// estimateOptions are those of the request, or else those that the phone said last.
// In 12.1 the filter stands alone.
func (y *collectionSync) estimateOptions(e *wbxml.Element) (err error) {
	y.o = y.state.options
	if x := e.Child(wbxml.AirSyncOptions); x != nil {
		if y.o, err = readOptions(x, y.state.class, y.o.supported); err != nil {
			return err
		}
	} else if f := e.Child(wbxml.AirSyncFilterType); f != nil {
		if y.o.filter, err = smallNumber(f, 8); err != nil {
			return err
		}
		y.o.filter = filterOf(y.state.class, y.o.filter)
	}
	y.o.filter = y.policyFilter(y.state.class, y.o.filter)
	if y.st.wide {
		y.o.filter = filterNone
	}
	return nil
}

// count goes the way that changes goes, without telling anything.
func (y *collectionSync) count() (int, error) {
	if err := y.begin(); err != nil {
		return 0, err
	}
	st := &y.st
	n := len(st.owed)
	for n < maxEstimate {
		begins := st.point.Idle()
		page, err := y.view.Changes(y.ctx, y.in.folder, st.point, itemsAtOnce*4)
		if err != nil {
			return 0, err
		}
		some, err := y.countNews(page.List)
		if err != nil {
			return 0, err
		}
		n += some
		if st.point = page.Next; page.Last && begins {
			break
		}
	}
	switch {
	case st.point.Limited:
		return n, nil
	case y.mail():
		more, err := y.countMail()
		return n + more, err
	case st.scanning || st.filter != y.o.filter:
		more, err := y.countScan()
		return n + more, err
	}
	return n, nil
}

// countNews counts what of some changes is to be told.
func (y *collectionSync) countNews(list []mailbox.Change) (n int, err error) {
	for i := range list {
		some, err := y.isNews(list[i : i+1])
		if err != nil {
			return 0, err
		}
		if some {
			n++
		}
	}
	return n, nil
}

// countMail counts what lies between where the phone's mail begins and where it is
// to begin.
func (y *collectionSync) countMail() (int, error) {
	from, before := y.target(), y.st.have
	if before.Before(from) {
		from, before = before, from
	}
	if from == before {
		return 0, nil
	}
	return y.view.CountReceived(y.ctx, y.in.folder, from, before, y.st.point.Base, maxEstimate)
}

// countScan counts what a filter that is another lets in or takes out.
func (y *collectionSync) countScan() (n int, err error) {
	st := &y.st
	if !st.scanning || st.filter != y.o.filter {
		st.scan, st.filter = mailbox.SyncPoint{}, y.o.filter
	}
	cut := cutOf(st.filter, y.s.Now())
	for n < maxEstimate {
		page, err := y.view.Changes(y.ctx, y.in.folder, st.scan, scanAtOnce)
		if err != nil {
			return n, err
		}
		ids := make([]mailbox.ItemID, 0, len(page.List))
		for i := range page.List {
			if y.class.shown(&mailbox.Item{Class: page.List[i].Class}) {
				ids = append(ids, page.List[i].ID)
			}
		}
		items, err := y.view.Items(y.ctx, ids, 0)
		if err != nil {
			return n, err
		}
		for i, r := range items {
			if r.Err != nil {
				continue
			}
			_, present := st.holds(ids[i])
			if had := present || st.all && uint64(ids[i]) <= st.point.Base; passes(st.filter, cut, r.Item) != had {
				n++
			}
		}
		if st.scan = page.Next; page.Last {
			break
		}
	}
	return n, nil
}
