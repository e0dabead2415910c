package ewsserver

import (
	"entente/ews"
	"entente/mailbox"
)

// copyFolder copies folders, with all in them that the caller may read, into
// another. [MS-OXWSFOLD] 3.1.4.1
func (c *call) copyFolder(req *ews.CopyFolder) (*ews.CopyFolderResponse, error) {
	resp := &ews.CopyFolderResponse{}
	resp.ResponseMessages = c.intoFolder(&req.ToFolderID, req.FolderIDs, (*mailbox.View).CopyFolder)
	return resp, nil
}
