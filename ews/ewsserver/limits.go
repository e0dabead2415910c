package ewsserver

import "entente/ews"

// idsIn is how many things a request names that cost a look-up each, for those
// operations that do not count them by themselves.
func idsIn(request ews.Request) int {
	switch r := request.(type) {
	case *ews.GetFolder:
		return len(r.FolderIDs)
	case *ews.FindItem:
		return len(r.ParentFolderIDs)
	case *ews.FindFolder:
		return len(r.ParentFolderIDs)
	case *ews.CreateFolder:
		return len(r.Folders)
	case *ews.UpdateFolder:
		return len(r.FolderChanges)
	case *ews.DeleteFolder:
		return len(r.FolderIDs)
	case *ews.EmptyFolder:
		return len(r.FolderIDs)
	case *ews.MoveFolder:
		return len(r.FolderIDs)
	case *ews.CopyFolder:
		return len(r.FolderIDs)
	case *ews.MarkAllItemsAsRead:
		return len(r.FolderIDs)
	case *ews.ConvertID:
		return len(r.SourceIDs)
	case *ews.CreateAttachment:
		return len(r.Attachments)
	}
	return 0
}
