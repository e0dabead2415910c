package ewsserver

import (
	"context"

	"entente/directory"
	"entente/ews"
	"entente/mailbox"
)

// moveFolder puts folders into another. [MS-OXWSFOLD] 3.1.4.7
func (c *call) moveFolder(req *ews.MoveFolder) (*ews.MoveFolderResponse, error) {
	resp := &ews.MoveFolderResponse{}
	resp.ResponseMessages = c.intoFolder(&req.ToFolderID, req.FolderIDs, (*mailbox.View).MoveFolder)
	return resp, nil
}

// intoFolder moves or copies folders into another of the same mailbox.
func (c *call) intoFolder(
	to *ews.TargetFolderID, ids []ews.BaseFolderID,
	do func(*mailbox.View, context.Context, mailbox.FolderID, mailbox.FolderID) (*mailbox.Folder, error),
) []ews.FolderInfoResponseMessage {
	target, targetErr := c.target(to)
	if isReason(targetErr, mailbox.FolderNotFound) {
		targetErr = &ews.Fault{Code: ews.ErrorToFolderNotFound}
	}
	messages := make([]ews.FolderInfoResponseMessage, len(ids))
	for i := range ids {
		m, err := &messages[i], targetErr
		if err == nil {
			err = c.intoOne(m, target, &ids[i], do)
		}
		if err != nil {
			*m = ews.FolderInfoResponseMessage{ResponseMessage: c.fail(err)}
		}
	}
	return messages
}

func (c *call) intoOne(
	m *ews.FolderInfoResponseMessage, target folderRef, id *ews.BaseFolderID,
	do func(*mailbox.View, context.Context, mailbox.FolderID, mailbox.FolderID) (*mailbox.Folder, error),
) error {
	ref, err := c.folder(id)
	if isReason(err, directory.NotHere) {
		return &ews.Fault{Code: ews.ErrorCrossMailboxMoveCopy, Text: "Folders stay in their mailbox."}
	}
	if err != nil {
		return err
	}
	if ref.view != target.view {
		return &ews.Fault{Code: ews.ErrorCrossMailboxMoveCopy, Text: "Folders stay in their mailbox."}
	}
	f, err := do(ref.view, c.ctx, ref.folder.ID, target.folder.ID)
	if isReason(err, mailbox.FolderDistinguished) {
		return &ews.Fault{Code: ews.ErrorMoveDistinguishedFolder}
	}
	if err != nil {
		return err
	}
	ref.folder = f
	return c.changedFolder(m, ref)
}
