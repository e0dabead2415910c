package ewsserver

import "entente/ews"

// getFolder answers with properties of folders. [MS-OXWSFOLD] 3.1.4.6
func (c *call) getFolder(req *ews.GetFolder) (*ews.GetFolderResponse, error) {
	shape, err := c.folderShape(&req.FolderShape, false)
	if err != nil {
		return nil, err
	}
	resp := &ews.GetFolderResponse{ResponseMessages: make([]ews.FolderInfoResponseMessage, len(req.FolderIDs))}
	for i := range req.FolderIDs {
		m := &resp.ResponseMessages[i]
		ref, err := c.folder(&req.FolderIDs[i])
		if err == nil {
			err = c.showFolder(m, shape, ref)
		}
		if err != nil {
			m.ResponseMessage = c.fail(err)
		}
	}
	return resp, nil
}

// showFolder puts a folder into its answer.
func (c *call) showFolder(m *ews.FolderInfoResponseMessage, shape *folderShape, ref folderRef) error {
	v, err := c.newFolderView(shape, ref.view)
	if err != nil {
		return err
	}
	m.ResponseMessage = ews.Success()
	m.Folders = []ews.Folder{v.show(ref.folder)}
	return nil
}

// changedFolder answers with the id of a folder that was made or changed.
func (c *call) changedFolder(m *ews.FolderInfoResponseMessage, ref folderRef) error {
	return c.showFolder(m, &folderShape{base: ews.ShapeIDOnly, fields: map[ews.Kind][]ews.Field{}}, ref)
}
