package ewsserver

import (
	"entente/ews"
	"entente/mailbox"
)

// syncFolderHierarchy tells what changed in a tree of folders.
// [MS-OXWSSYNC] 3.1.4.1
func (c *call) syncFolderHierarchy(req *ews.SyncFolderHierarchy) (*ews.SyncFolderHierarchyResponse, error) {
	shape, err := c.folderShape(&req.FolderShape, true)
	if err != nil {
		return nil, err
	}
	resp := &ews.SyncFolderHierarchyResponse{ResponseMessages: make([]ews.SyncFolderHierarchyResponseMessage, 1)}
	m := &resp.ResponseMessages[0]
	if err := c.folderChanges(m, req, shape); err != nil {
		*m = ews.SyncFolderHierarchyResponseMessage{ResponseMessage: c.fail(err)}
	}
	return resp, nil
}

func (c *call) folderChanges(m *ews.SyncFolderHierarchyResponseMessage, req *ews.SyncFolderHierarchy, shape *folderShape) error {
	top := req.SyncFolderID
	if top == nil {
		top = &ews.TargetFolderID{DistinguishedFolderID: &ews.DistinguishedFolderID{ID: ews.FolderMsgFolderRoot}}
	}
	ref, err := c.syncFolder(top)
	if err != nil {
		return err
	}
	var since mailbox.HierarchyPoint
	if req.SyncState != "" {
		b, err := markOf(stateOfFolders, ref).point(c.h, req.SyncState)
		if err != nil {
			return err
		}
		if since, err = mailbox.ParseHierarchyPoint(b); err != nil {
			return err
		}
	}
	changes, err := ref.view.HierarchyChanges(c.ctx, ref.folder.ID, since)
	if err != nil {
		return err
	}
	v, err := c.newFolderView(shape, ref.view)
	if err != nil {
		return err
	}
	m.ResponseMessage = ews.Success()
	m.SyncState = markOf(stateOfFolders, ref).text(c.h, changes.Next.Append(nil))
	all := true // one answer has them all
	m.IncludesLastFolderInRange = &all
	m.Changes = v.changes(&changes)
	return nil
}

func (v *folderView) changes(changes *mailbox.HierarchyChanges) []ews.SyncFolderHierarchyChange {
	out := make([]ews.SyncFolderHierarchyChange, 0, len(changes.Created)+len(changes.Updated)+len(changes.Deleted))
	for _, f := range changes.Created {
		out = append(out, ews.SyncFolderHierarchyChange{Create: &ews.SyncFolderHierarchyCreateOrUpdate{Folder: v.show(f)}})
	}
	for _, f := range changes.Updated {
		out = append(out, ews.SyncFolderHierarchyChange{Update: &ews.SyncFolderHierarchyCreateOrUpdate{Folder: v.show(f)}})
	}
	for _, id := range changes.Deleted {
		out = append(out, ews.SyncFolderHierarchyChange{Delete: &ews.SyncFolderHierarchyDelete{
			FolderID: ews.FolderID{ID: folderStoreID(v.view.Mailbox(), id)},
		}})
	}
	return out
}
