package ewsserver

import (
	"entente/ews"
	"entente/mailbox"
)

// findFolder lists the folders in folders. [MS-OXWSSRCH] 3.1.4.1
func (c *call) findFolder(req *ews.FindFolder) (*ews.FindFolderResponse, error) {
	shape, err := c.folderShape(&req.FolderShape, true)
	if err != nil {
		return nil, err
	}
	paging, err := folderPaging(&req.View)
	if err != nil {
		return nil, err
	}
	resp := &ews.FindFolderResponse{ResponseMessages: make([]ews.FindFolderResponseMessage, len(req.ParentFolderIDs))}
	for i := range req.ParentFolderIDs {
		m := &resp.ResponseMessages[i]
		ref, err := c.folder(&req.ParentFolderIDs[i])
		if err == nil {
			err = c.foldersIn(m, req, shape, paging, ref)
		}
		if err != nil {
			*m = ews.FindFolderResponseMessage{ResponseMessage: c.fail(err)}
		}
	}
	return resp, nil
}

func folderPaging(v *ews.FolderView) (paging, error) {
	switch {
	case v.IndexedPageFolderView != nil:
		return indexedPaging(v.IndexedPageFolderView)
	case v.FractionalPageFolderView != nil:
		return fractionalPaging(v.FractionalPageFolderView)
	}
	return paging{}, nil
}

func (c *call) foldersIn(m *ews.FindFolderResponseMessage, req *ews.FindFolder, shape *folderShape, p paging, ref folderRef) error {
	v, err := c.newFolderView(shape, ref.view)
	if err != nil {
		return err
	}
	m.ResponseMessage = ews.Success()
	m.RootFolder = &ews.FindFolderParent{Folders: []ews.Folder{}}
	if req.Traversal == ews.FoldersSoftDeleted {
		// Deleted folders are in Recoverable Items, where they are found like
		// others: nothing else is kept.
		m.RootFolder.FindResponsePaging = p.answer(0, 0, true)
		return nil
	}
	q := mailbox.FolderQuery{Parent: ref.folder.ID, Deep: req.Traversal == ews.FoldersDeep, Hidden: true, Paging: p.Paging}
	if req.Restriction != nil {
		t := translator{c: c, view: ref.view, folders: true}
		if q.Restrict, err = t.restriction(&req.Restriction.Expression); err != nil {
			return err
		}
	}
	if p.fraction() {
		q.Max = 1
		count, err := ref.view.FindFolders(c.ctx, q)
		if err != nil {
			return err
		}
		q.Max, q.Offset = p.Max, p.at(count.Total)
	}
	page, err := ref.view.FindFolders(c.ctx, q)
	if err != nil {
		return err
	}
	m.RootFolder.FindResponsePaging = p.answer(page.NextOffset, page.Total, page.Last)
	for _, f := range page.Folders {
		m.RootFolder.Folders = append(m.RootFolder.Folders, v.show(f))
	}
	return nil
}
