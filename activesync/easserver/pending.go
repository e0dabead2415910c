package easserver

import (
	"slices"

	"entente/mailbox"
)

// pendingPage is how many changes are looked at together for one that is to be told.
const pendingPage = 128

// pending returns those of some folders of which a Sync would give this phone
// something, without reading what items hold. gone reports that a folder is not
// there any more, or not for the phone: it has to follow the hierarchy again. What
// the phone never synchronized, it is told nothing of.
func (c *call) pending(folders ...mailbox.FolderID) (changed []mailbox.FolderID, gone bool, err error) {
	names := make([]string, len(folders))
	for i, id := range folders {
		names[i] = stateName(id)
	}
	kept, err := c.view.ClientState(c.ctx, c.client(), names...)
	if err != nil {
		return nil, false, err
	}
	for i, id := range folders {
		state, err := parseState(kept[i].Value)
		if err != nil {
			continue
		}
		news, err := c.pendingIn(id, state)
		switch {
		case isReason(err, mailbox.FolderNotFound) || isReason(err, mailbox.DeniedRead):
			gone = true
		case isReason(err, mailbox.SyncStateInvalid):
			changed = append(changed, id) // it begins anew
		case err != nil:
			return nil, false, err
		case news:
			changed = append(changed, id)
		}
	}
	return changed, gone, nil
}

// pendingIn reports whether something of one folder is to be told to a phone that
// got the last answer.
func (c *call) pendingIn(id mailbox.FolderID, state *syncState) (bool, error) {
	y := collectionSync{
		syncRun: &syncRun{call: c}, in: &syncCollection{folder: id}, state: state,
		class: c.h.classes[state.class], o: state.options, st: state.stands[len(state.stands)-1],
	}
	if y.class == nil {
		return false, nil
	}
	if y.st.wide {
		y.o.filter = filterNone
	}
	if len(y.st.owed) > 0 {
		return true, nil
	}
	news, err := y.hasNews()
	if news || err != nil || !y.st.begun || y.st.point.Limited {
		return news, err
	}
	if y.mail() {
		err := y.mailLeft()
		return y.more, err
	}
	return y.st.scanning || y.st.filter != y.o.filter || len(y.st.present) > 0 && cutOf(y.st.filter, c.s.Now()) > y.st.swept, nil
}

// hasNews looks through what changed since the phone's point for something that is
// not its own. It changes nothing of the stand.
func (y *collectionSync) hasNews() (bool, error) {
	point := y.st.point
	for range maxPages {
		begins := point.Idle()
		page, err := y.view.Changes(y.ctx, y.in.folder, point, pendingPage)
		if err != nil {
			return false, err
		}
		news, err := y.isNews(page.List)
		if news || err != nil {
			return news, err
		}
		if point = page.Next; page.Last && begins {
			return false, nil
		}
	}
	return true, nil
}

// isNews reports whether one of some changes is to be told.
func (y *collectionSync) isNews(list []mailbox.Change) (bool, error) {
	var ids []mailbox.ItemID
	var changes []*mailbox.Change
	for i := range list {
		switch v := y.first(&list[i]); {
		case v == verbNone:
		case v != verbRead && v != verbLook, list[i].Item != nil, y.unfiltered():
			return true, nil
		default:
			ids, changes = append(ids, list[i].ID), append(changes, &list[i])
		}
	}
	for some := range slices.Chunk(ids, itemsAtOnce) {
		items, err := y.view.Items(y.ctx, some, 0)
		if err != nil {
			return false, err
		}
		for i, r := range items {
			if r.Err == nil && y.judge(changes[i], r.Item) != verbNone {
				return true, nil
			}
		}
		changes = changes[len(some):]
	}
	return false, nil
}

// unfiltered reports whether the phone has all that lies in the folder.
func (y *collectionSync) unfiltered() bool {
	return !y.st.begun || y.st.everything() && !y.mail() || y.mail() && y.st.have.Received == 0
}

// hierarchyNews reports whether a FolderSync would tell this phone something.
func (c *call) hierarchyNews() (bool, error) {
	kept, err := c.view.ClientState(c.ctx, c.client(), hierarchyName)
	if err != nil {
		return false, err
	}
	state, err := parseHierarchy(kept[0].Value)
	if err != nil {
		return false, nil // it never followed the hierarchy
	}
	list, err := c.folders()
	if err != nil {
		return false, err
	}
	add, update, gone := state.stands[len(state.stands)-1].compare(list)
	return len(add)+len(update)+len(gone) > 0, nil
}
