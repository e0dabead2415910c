package easserver

import (
	"errors"
	"slices"
	"strconv"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// folderCreate makes a folder. [MS-ASCMD] 2.2.1.2
func (c *call) folderCreate() error {
	return c.editFolder(wbxml.FolderHierarchyFolderCreate, (*folderCall).create)
}

// folderUpdate renames a folder, or moves it into another. [MS-ASCMD] 2.2.1.6
func (c *call) folderUpdate() error {
	return c.editFolder(wbxml.FolderHierarchyFolderUpdate, (*folderCall).update)
}

// folderDelete deletes a folder with what is in it. [MS-ASCMD] 2.2.1.3
func (c *call) folderDelete() error {
	return c.editFolder(wbxml.FolderHierarchyFolderDelete, (*folderCall).remove)
}

// A folderStatus is a status of a command about a folder.
type folderStatus activesync.Status

// Error implements error.
func (s folderStatus) Error() string { return "folder status " + strconv.Itoa(int(s)) }

// editFolder changes one folder and moves the phone's key on: it knows what it did
// itself, and nothing else that changed meanwhile.
func (c *call) editFolder(root wbxml.Tag, edit func(*folderCall) (mailbox.FolderID, error)) error {
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
		return f.refuse(root, f.status)
	}
	id, err := edit(f)
	if err != nil {
		status, err := statusOfFolder(err)
		if err != nil {
			return err
		}
		return f.refuse(root, status)
	}
	key, err := f.knows(id)
	if err != nil {
		return err
	}
	c.out.Start(root)
	c.out.Int(wbxml.FolderHierarchyStatus, int64(activesync.OK))
	c.out.Text(wbxml.FolderHierarchySyncKey, key)
	if root == wbxml.FolderHierarchyFolderCreate {
		c.out.Text(wbxml.FolderHierarchyServerId, folderID(id))
	}
	c.out.End()
	return nil
}

// statusOfFolder is what a phone is told of an error about a folder.
func statusOfFolder(err error) (activesync.Status, error) {
	var own folderStatus
	if errors.As(err, &own) {
		return activesync.Status(own), nil
	}
	var e *entente.Error
	if !errors.As(err, &e) {
		return 0, err
	}
	switch e.Reason {
	case mailbox.FolderExists:
		return folderExists, nil
	case mailbox.FolderDistinguished:
		return folderSpecial, nil
	case mailbox.FolderNotFound:
		return folderNotFound, nil
	case mailbox.ParentNotFound:
		return folderNoParent, nil
	case mailbox.FolderName, mailbox.FolderClass, mailbox.FolderIntoItself:
		return folderMalformed, nil
	case mailbox.FolderDepth, mailbox.FolderLimit:
		return folderServer, nil
	}
	if e.Kind == entente.Denied {
		return folderSpecial, nil
	}
	return 0, err
}

// parent reads ParentId, which is 0 for the top.
func (f *folderCall) parent() (mailbox.FolderID, error) {
	text := f.body.Get(wbxml.FolderHierarchyParentId)
	if text == "0" {
		top, err := f.view.FolderByName(f.ctx, mailbox.MsgFolderRoot)
		if err != nil {
			return 0, err
		}
		return top.ID, nil
	}
	id, ok := parseFolderID(text)
	if !ok {
		return 0, folderStatus(folderNoParent)
	}
	// A folder that phones are not shown is none to them.
	if _, ok := f.at.find(id); !ok {
		return 0, folderStatus(folderNoParent)
	}
	return id, nil
}

func (f *folderCall) create() (mailbox.FolderID, error) {
	kind, err := strconv.Atoi(f.body.Get(wbxml.FolderHierarchyType))
	class := classOfFolder(activesync.FolderType(kind))
	if err != nil || class == "" {
		return 0, folderStatus(folderMalformed)
	}
	parent, err := f.parent()
	if err != nil {
		return 0, err
	}
	if len(f.at.folders) >= maxFolders {
		return 0, folderStatus(folderServer)
	}
	name := f.body.Get(wbxml.FolderHierarchyDisplayName)
	made, err := f.view.CreateFolder(f.ctx, parent, mailbox.NewFolder{Name: name, Class: class})
	if isReason(err, mailbox.FolderExists) {
		return f.madeBefore(parent, name, class)
	}
	if err != nil {
		return 0, err
	}
	return made.ID, nil
}

// madeBefore finds the folder that was made when the phone asked this first and got
// no answer. A folder that it has is another.
func (f *folderCall) madeBefore(parent mailbox.FolderID, name, class string) (mailbox.FolderID, error) {
	list, err := f.view.Folders(f.ctx, parent, false)
	if err != nil {
		return 0, err
	}
	for _, g := range list {
		if g.Name != name || g.Class != class {
			continue
		}
		_, has := f.at.find(g.ID)
		if !has && slices.ContainsFunc(f.state.ahead(f.at.key), func(st hierarchyStand) bool { _, ok := st.find(g.ID); return ok }) {
			return g.ID, nil
		}
	}
	return 0, folderStatus(folderExists)
}

// named reads the ServerId of a folder that the phone has.
func (f *folderCall) named() (mailbox.FolderID, error) {
	id, ok := parseFolderID(f.body.Get(wbxml.FolderHierarchyServerId))
	if _, has := f.at.find(id); !ok || !has {
		return 0, folderStatus(folderNotFound)
	}
	return id, nil
}

func (f *folderCall) update() (mailbox.FolderID, error) {
	id, err := f.named()
	if err != nil {
		return 0, err
	}
	parent, err := f.parent()
	if err != nil {
		return 0, err
	}
	now, err := f.view.Folder(f.ctx, id)
	if err != nil {
		return 0, err
	}
	if now.Distinguished != "" {
		return 0, folderStatus(folderSpecial)
	}
	name := f.body.Get(wbxml.FolderHierarchyDisplayName)
	if name != "" && name != now.Name {
		if _, err := f.view.UpdateFolder(f.ctx, id, 0, func(g *mailbox.Folder) error { g.Name = name; return nil }); err != nil {
			return 0, err
		}
	}
	if parent != now.Parent && !f.hangs(now, parent) {
		if _, err := f.view.MoveFolder(f.ctx, id, parent); err != nil {
			_, undone := f.view.UpdateFolder(f.ctx, id, 0, func(g *mailbox.Folder) error { g.Name = now.Name; return nil })
			return 0, errors.Join(err, undone)
		}
	}
	return id, nil
}

// hangs reports whether a folder that lies in one that phones are not shown hangs on
// just the parent that the phone names: it is then not to be moved.
func (f *folderCall) hangs(now *mailbox.Folder, parent mailbox.FolderID) bool {
	list, err := f.folders()
	if err != nil {
		return false
	}
	_, shown := f.at.find(now.Parent)
	for _, g := range list {
		if g.id == now.ID {
			return !shown && (g.parent == parent || g.parent == 0 && f.body.Get(wbxml.FolderHierarchyParentId) == "0")
		}
	}
	return false
}

func (f *folderCall) remove() (mailbox.FolderID, error) {
	id, err := f.named()
	if err != nil {
		return 0, err
	}
	if ahead := f.state.ahead(f.at.key); slices.ContainsFunc(ahead, func(st hierarchyStand) bool { _, has := st.find(id); return !has }) {
		return id, nil // the phone asked this before, and it lies in Deleted Items now, from where it would go for good
	}
	err = f.view.DeleteFolder(f.ctx, id, mailbox.MoveToDeletedItems)
	if isReason(err, mailbox.FolderNotFound) {
		return id, nil // somebody else did it
	}
	return id, err
}

// knows keeps what the phone knows of one folder by now, and returns its new key.
func (f *folderCall) knows(id mailbox.FolderID) (key string, err error) {
	list, err := f.folders()
	if err != nil {
		return "", err
	}
	next := hierarchyStand{folders: slices.Clone(f.at.folders)}
	i, has := next.find(id)
	at := slices.IndexFunc(list, func(g shownFolder) bool { return g.id == id })
	if f.line.Command == activesync.FolderDelete {
		at = -1 // in Deleted Items it is another to the phone, which the next FolderSync tells of
	}
	states := []mailbox.ClientState{{Name: hierarchyName}}
	switch {
	case at < 0 && has:
		next.folders = slices.Delete(next.folders, i, i+1)
		states = append(states, mailbox.ClientState{Name: stateName(id)})
	case at >= 0 && has:
		next.folders[i].sum = list[at].sum()
	case at >= 0:
		next.folders = slices.Insert(next.folders, i, keptFolder{id, list[at].sum()})
	}
	f.state.answered(f.at.key, next)
	states[0].Value = f.state.appendState(nil)
	return strconv.FormatUint(f.state.serial, 10), f.view.SetClientState(f.ctx, f.client(), states...)
}
