package ewsserver

import "entente/ews"

// maxIDs is how many things one request may name.
const maxIDs = 1000

// idsIn is how many things a request names that cost a look-up, or a write,
// each.
func idsIn(request ews.Request) int {
	switch r := request.(type) {
	case *ews.GetItem:
		return len(r.ItemIDs)
	case *ews.CreateItem:
		return len(r.Items)
	case *ews.UpdateItem:
		return len(r.ItemChanges)
	case *ews.DeleteItem:
		return len(r.ItemIDs)
	case *ews.MoveItem:
		return len(r.ItemIDs)
	case *ews.CopyItem:
		return len(r.ItemIDs)
	case *ews.SendItem:
		return len(r.ItemIDs)
	case *ews.GetAttachment:
		return len(r.AttachmentIDs)
	case *ews.DeleteAttachment:
		return len(r.AttachmentIDs)
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
	case *ews.Subscribe:
		if p := r.Subscription.PullSubscriptionRequest; p != nil {
			return len(p.Base.FolderIDs)
		}
		if s := r.Subscription.StreamingSubscriptionRequest; s != nil {
			return len(s.FolderIDs)
		}
	case *ews.ConvertID:
		return len(r.SourceIDs)
	case *ews.GetDelegate:
		return len(r.UserIDs)
	case *ews.AddDelegate:
		return len(r.DelegateUsers)
	case *ews.UpdateDelegate:
		return len(r.DelegateUsers)
	case *ews.RemoveDelegate:
		return len(r.UserIDs)
	case *ews.CreateAttachment:
		return len(r.Attachments)
	}
	return 0
}
