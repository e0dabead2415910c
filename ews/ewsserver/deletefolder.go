package ewsserver

import "entente/ews"

// deleteFolder deletes folders with all in them. [MS-OXWSFOLD] 3.1.4.4
func (c *call) deleteFolder(req *ews.DeleteFolder) (*ews.DeleteFolderResponse, error) {
	mode := deleteMode(req.DeleteType)
	resp := &ews.DeleteFolderResponse{}
	resp.ResponseMessages = c.eachFolder(req.FolderIDs, func(ref folderRef) error {
		return ref.view.DeleteFolder(c.ctx, ref.folder.ID, mode)
	})
	return resp, nil
}

// eachFolder does something to each of several folders; one that fails does not
// stop the rest.
func (c *call) eachFolder(ids []ews.BaseFolderID, do func(folderRef) error) []ews.ResponseMessage {
	messages := make([]ews.ResponseMessage, len(ids))
	for i := range ids {
		ref, err := c.folder(&ids[i])
		if err == nil {
			err = do(ref)
		}
		if err != nil {
			messages[i] = c.fail(err)
			continue
		}
		messages[i] = ews.Success()
	}
	return messages
}
