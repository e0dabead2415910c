package ewsserver

import "entente/ews"

// emptyFolder deletes what is in folders. [MS-OXWSFOLD] 3.1.4.5
func (c *call) emptyFolder(req *ews.EmptyFolder) (*ews.EmptyFolderResponse, error) {
	mode := deleteMode(req.DeleteType)
	resp := &ews.EmptyFolderResponse{}
	resp.ResponseMessages = c.eachFolder(req.FolderIDs, func(ref folderRef) error {
		if folderKind(ref.folder.Class) == ews.KindCalendarFolder {
			// Nobody meant to lose his calendar by one call: Exchange refuses too.
			return &ews.Fault{Code: ews.ErrorCannotEmptyFolder, Text: "A calendar cannot be emptied."}
		}
		return ref.view.EmptyFolder(c.ctx, ref.folder.ID, mode, req.DeleteSubFolders)
	})
	return resp, nil
}
