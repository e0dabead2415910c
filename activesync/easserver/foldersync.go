package easserver

import (
	"strconv"

	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// Statuses of the commands about folders. [MS-ASCMD] 2.2.3.177.2 to 2.2.3.177.5
const (
	folderExists     activesync.Status = 2
	folderSpecial    activesync.Status = 3
	folderNotFound   activesync.Status = 4
	folderNoParent   activesync.Status = 5
	folderServer     activesync.Status = 6
	folderInvalidKey activesync.Status = 9
	folderMalformed  activesync.Status = 10
)

// folderSync tells a phone which folders there are. A phone that begins anew with
// its folders has what it has in them: what is kept of collections stays as it is.
// [MS-ASCMD] 2.2.1.5
func (c *call) folderSync() error {
	release, err := c.turn()
	if err != nil {
		return err
	}
	defer release()
	f, err := c.followFolders()
	if err != nil {
		return err
	}
	if f.status != activesync.OK {
		return f.refuse(wbxml.FolderHierarchyFolderSync, f.status)
	}
	list, err := c.folders()
	if err != nil {
		return err
	}
	key, err := f.move(list)
	if err != nil {
		return err
	}
	add, update, gone := f.at.compare(list)
	w := c.out
	w.Start(wbxml.FolderHierarchyFolderSync)
	w.Int(wbxml.FolderHierarchyStatus, int64(activesync.OK))
	w.Text(wbxml.FolderHierarchySyncKey, key)
	w.Start(wbxml.FolderHierarchyChanges)
	w.Int(wbxml.FolderHierarchyCount, int64(len(add)+len(update)+len(gone)))
	for i := range update {
		c.writeFolder(wbxml.FolderHierarchyUpdate, &update[i])
	}
	for _, id := range gone {
		w.Start(wbxml.FolderHierarchyDelete)
		w.Text(wbxml.FolderHierarchyServerId, folderID(id))
		w.End()
	}
	for i := range add {
		c.writeFolder(wbxml.FolderHierarchyAdd, &add[i])
	}
	w.End()
	w.End()
	return nil
}

func (c *call) writeFolder(tag wbxml.Tag, f *shownFolder) {
	c.out.Start(tag)
	c.out.Text(wbxml.FolderHierarchyServerId, folderID(f.id))
	parent := "0"
	if f.parent != 0 {
		parent = folderID(f.parent)
	}
	c.out.Text(wbxml.FolderHierarchyParentId, parent)
	c.out.Text(wbxml.FolderHierarchyDisplayName, f.name)
	c.out.Int(wbxml.FolderHierarchyType, int64(f.kind))
	c.out.End()
}

// A folderCall is a command that begins with the key of the hierarchy.
type folderCall struct {
	*call
	state  *hierarchyState
	at     hierarchyStand // that of the phone's key; the zero one has no folders
	status activesync.Status
}

// followFolders reads the key and what is kept of the folders that the phone has
// with it.
func (c *call) followFolders() (*folderCall, error) {
	kept, err := c.view.ClientState(c.ctx, c.client(), hierarchyName)
	if err != nil {
		return nil, err
	}
	f := &folderCall{call: c, status: activesync.OK}
	if f.state, err = parseHierarchy(kept[0].Value); err != nil {
		f.state = newHierarchyState()
	}
	text := c.body.Get(wbxml.FolderHierarchySyncKey)
	switch key, ok := parseID(text); {
	case text == "0" && c.line.Command == activesync.FolderSync:
	case text == "":
		f.status = folderMalformed
	case !ok || f.state.at(key) == nil:
		f.status = folderInvalidKey
	default:
		f.at = *f.state.at(key)
	}
	return f, nil
}

// refuse answers with a status alone.
func (f *folderCall) refuse(root wbxml.Tag, status activesync.Status) error {
	f.fail("Status" + strconv.Itoa(int(status)))
	f.out.Start(root)
	f.out.Int(wbxml.FolderHierarchyStatus, int64(status))
	f.out.End()
	return nil
}

// move keeps that the phone has some folders from now on, and returns the key that
// says so: the one that was given out for the same folders last, if there is one,
// so that a phone that asks again and again writes nothing.
func (f *folderCall) move(list []shownFolder) (key string, err error) {
	next := standOf(list)
	for _, same := range [...]*hierarchyStand{f.state.at(f.at.key), f.state.newest()} {
		if same != nil && next.same(same) {
			return strconv.FormatUint(same.key, 10), nil
		}
	}
	f.state.answered(f.at.key, next)
	states := []mailbox.ClientState{{Name: hierarchyName, Value: f.state.appendState(nil)}}
	// What was kept of folders that are no more is kept no longer.
	_, _, gone := f.at.compare(list)
	for _, id := range gone {
		states = append(states, mailbox.ClientState{Name: stateName(id)})
	}
	return strconv.FormatUint(f.state.serial, 10), f.view.SetClientState(f.ctx, f.client(), states...)
}

// same reports whether the stands have the same folders.
func (st *hierarchyStand) same(other *hierarchyStand) bool {
	if len(st.folders) != len(other.folders) {
		return false
	}
	for i := range st.folders {
		if st.folders[i] != other.folders[i] {
			return false
		}
	}
	return true
}
