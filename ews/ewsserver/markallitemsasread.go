package ewsserver

import "entente/ews"

// markAllItemsAsRead sets the read flag of everything in folders. Receipts are
// not sent here, whatever SuppressReadReceipts says. [MS-OXWSCORE] 3.1.4.5
func (c *call) markAllItemsAsRead(req *ews.MarkAllItemsAsRead) (*ews.MarkAllItemsAsReadResponse, error) {
	resp := &ews.MarkAllItemsAsReadResponse{}
	resp.ResponseMessages = c.eachFolder(req.FolderIDs, func(ref folderRef) error {
		return ref.view.MarkAllRead(c.ctx, ref.folder.ID, req.ReadFlag)
	})
	return resp, nil
}
