package ewsserver

import (
	"bytes"
	"encoding/base64"

	"entente"
	"entente/ews"
)

// An itinerary says where a request is to be served: which mailbox each of its
// parts is about, in the order of the request. It is read from the request alone
// and from who exists; no mailbox is opened for it. What cannot be read here is
// taken to be about nothing, and gets its error where it is served.
type itinerary struct {
	boxes []entente.MailboxID
	// node is set where the request names a node, by a subscription that was made
	// there.
	node string
	// split returns the request with those parts alone that keep accepts; nil if it
	// cannot be divided.
	split func(keep func(i int) bool) ews.Request
}

// itinerary reads a request.
func (c *call) itinerary(request ews.Request) itinerary {
	if it, ok := c.itemItinerary(request); ok {
		return it
	}
	if it, ok := c.folderItinerary(request); ok {
		return it
	}
	one := func(box entente.MailboxID) itinerary { return itinerary{boxes: []entente.MailboxID{box}} }
	switch r := request.(type) {
	case *ews.SyncFolderHierarchy:
		if r.SyncFolderID == nil {
			return one(c.ownBox())
		}
		return one(c.boxOfTarget(r.SyncFolderID))
	case *ews.SyncFolderItems:
		return one(c.boxOfTarget(&r.SyncFolderID))
	case *ews.GetDelegate:
		return one(c.boxOfAddress(r.Mailbox.EmailAddress))
	case *ews.AddDelegate:
		return one(c.boxOfAddress(r.Mailbox.EmailAddress))
	case *ews.UpdateDelegate:
		return one(c.boxOfAddress(r.Mailbox.EmailAddress))
	case *ews.RemoveDelegate:
		return one(c.boxOfAddress(r.Mailbox.EmailAddress))
	case *ews.GetUserConfiguration:
		return one(c.boxOfTarget(&r.UserConfigurationName.Folder))
	case *ews.CreateUserConfiguration:
		return one(c.boxOfTarget(&r.UserConfiguration.UserConfigurationName.Folder))
	case *ews.UpdateUserConfiguration:
		return one(c.boxOfTarget(&r.UserConfiguration.UserConfigurationName.Folder))
	case *ews.DeleteUserConfiguration:
		return one(c.boxOfTarget(&r.UserConfigurationName.Folder))
	case *ews.GetUserOofSettingsRequest:
		return one(c.boxOfAddress(smtpOf(&r.Mailbox)))
	case *ews.SetUserOofSettingsRequest:
		return one(c.boxOfAddress(smtpOf(&r.Mailbox)))
	case *ews.GetSharingMetadata:
		return one(boxOfFolderID(&r.IDOfFolderToShare))
	case *ews.RefreshSharingFolder:
		return one(boxOfFolderID(&r.SharingFolderID))
	case *ews.GetSharingFolder:
		return one(c.ownBox())
	case *ews.ResolveNames:
		if r.SearchScope == ews.ScopeActiveDirectory {
			return itinerary{}
		}
		if len(r.ParentFolderIDs) > 0 {
			return one(c.boxOfFolder(&r.ParentFolderIDs[0]))
		}
		return one(c.ownBox())
	case *ews.Subscribe:
		return one(c.boxOfSubscription(&r.Subscription))
	case *ews.Unsubscribe:
		return itinerary{node: nodeOfSubscription(r.SubscriptionID)}
	case *ews.GetEvents:
		return itinerary{node: nodeOfSubscription(r.SubscriptionID)}
	case *ews.GetStreamingEvents:
		return itinerary{node: nodeOfSubscriptions(r.SubscriptionIDs)}
	}
	return itinerary{} // of the directory alone, or of everybody's time
}

// itemItinerary reads requests about items.
func (c *call) itemItinerary(request ews.Request) (itinerary, bool) {
	switch r := request.(type) {
	case *ews.GetItem:
		return itinerary{boxes: boxesOf(r.ItemIDs, boxOfItem), split: func(keep func(int) bool) ews.Request {
			q := *r
			q.ItemIDs = picked(r.ItemIDs, keep)
			return &q
		}}, true
	case *ews.DeleteItem:
		return itinerary{boxes: boxesOf(r.ItemIDs, boxOfItem), split: func(keep func(int) bool) ews.Request {
			q := *r
			q.ItemIDs = picked(r.ItemIDs, keep)
			return &q
		}}, true
	case *ews.UpdateItem:
		return itinerary{boxes: boxesOf(r.ItemChanges, func(x *ews.ItemChange) entente.MailboxID {
			id := x.ID.Base()
			return boxOfItem(&id)
		}), split: func(keep func(int) bool) ews.Request {
			q := *r
			q.ItemChanges = picked(r.ItemChanges, keep)
			return &q
		}}, true
	case *ews.SendItem:
		return itinerary{boxes: boxesOf(r.ItemIDs, boxOfItem), split: func(keep func(int) bool) ews.Request {
			q := *r
			q.ItemIDs = picked(r.ItemIDs, keep)
			return &q
		}}, true
	case *ews.GetAttachment:
		return itinerary{boxes: boxesOf(r.AttachmentIDs, boxOfAttachment), split: func(keep func(int) bool) ews.Request {
			q := *r
			q.AttachmentIDs = picked(r.AttachmentIDs, keep)
			return &q
		}}, true
	case *ews.DeleteAttachment:
		return itinerary{boxes: boxesOf(r.AttachmentIDs, boxOfAttachment), split: func(keep func(int) bool) ews.Request {
			q := *r
			q.AttachmentIDs = picked(r.AttachmentIDs, keep)
			return &q
		}}, true
	case *ews.CreateAttachment:
		return itinerary{boxes: []entente.MailboxID{boxOfID(r.ParentItemID.ID)}}, true
	case *ews.CreateItem:
		return c.createItinerary(r), true
	case *ews.MoveItem: // it is the target's node that says what cannot be brought to it
		return itinerary{boxes: []entente.MailboxID{c.boxOfTarget(&r.ToFolderID)}}, true
	case *ews.CopyItem:
		return itinerary{boxes: []entente.MailboxID{c.boxOfTarget(&r.ToFolderID)}}, true
	}
	return itinerary{}, false
}

// createItinerary: what answers an item is made where that is, all else where it
// is kept.
func (c *call) createItinerary(r *ews.CreateItem) itinerary {
	keeper := c.ownBox()
	if r.SavedItemFolderID != nil {
		keeper = c.boxOfTarget(r.SavedItemFolderID)
	}
	return itinerary{boxes: boxesOf(r.Items, func(x *ews.Item) entente.MailboxID {
		if v, ok := x.Get(ews.FieldReferenceItemId); ok && x.Kind.IsResponseObject() {
			if id, ok := v.(*ews.ItemID); ok && id != nil {
				return boxOfID(id.ID)
			}
		}
		return keeper
	})}
}

// folderItinerary reads requests about folders.
func (c *call) folderItinerary(request ews.Request) (itinerary, bool) {
	folders := func(list []ews.BaseFolderID, with func([]ews.BaseFolderID) ews.Request) (itinerary, bool) {
		return itinerary{boxes: boxesOf(list, c.boxOfFolder), split: func(keep func(int) bool) ews.Request {
			return with(picked(list, keep))
		}}, true
	}
	switch r := request.(type) {
	case *ews.GetFolder:
		return folders(r.FolderIDs, func(l []ews.BaseFolderID) ews.Request { q := *r; q.FolderIDs = l; return &q })
	case *ews.FindItem:
		return folders(r.ParentFolderIDs, func(l []ews.BaseFolderID) ews.Request { q := *r; q.ParentFolderIDs = l; return &q })
	case *ews.FindFolder:
		return folders(r.ParentFolderIDs, func(l []ews.BaseFolderID) ews.Request { q := *r; q.ParentFolderIDs = l; return &q })
	case *ews.DeleteFolder:
		return folders(r.FolderIDs, func(l []ews.BaseFolderID) ews.Request { q := *r; q.FolderIDs = l; return &q })
	case *ews.EmptyFolder:
		return folders(r.FolderIDs, func(l []ews.BaseFolderID) ews.Request { q := *r; q.FolderIDs = l; return &q })
	case *ews.MarkAllItemsAsRead:
		return folders(r.FolderIDs, func(l []ews.BaseFolderID) ews.Request { q := *r; q.FolderIDs = l; return &q })
	case *ews.UpdateFolder:
		return itinerary{boxes: boxesOf(r.FolderChanges, func(x *ews.FolderChange) entente.MailboxID { return c.boxOfFolder(&x.ID) }), split: func(keep func(int) bool) ews.Request {
			q := *r
			q.FolderChanges = picked(r.FolderChanges, keep)
			return &q
		}}, true
	case *ews.CreateFolder:
		return itinerary{boxes: []entente.MailboxID{c.boxOfTarget(&r.ParentFolderID)}}, true
	case *ews.MoveFolder:
		return itinerary{boxes: []entente.MailboxID{c.boxOfTarget(&r.ToFolderID)}}, true
	case *ews.CopyFolder:
		return itinerary{boxes: []entente.MailboxID{c.boxOfTarget(&r.ToFolderID)}}, true
	}
	return itinerary{}, false
}

func boxesOf[T any](list []T, of func(*T) entente.MailboxID) []entente.MailboxID {
	boxes := make([]entente.MailboxID, len(list))
	for i := range list {
		boxes[i] = of(&list[i])
	}
	return boxes
}

func picked[T any](list []T, keep func(int) bool) []T {
	var some []T
	for i := range list {
		if keep(i) {
			some = append(some, list[i])
		}
	}
	return some
}

// boxOfID returns the mailbox that an id of ours names; ids grant nothing.
func boxOfID(id string) entente.MailboxID {
	store, err := ews.ParseStoreID(id)
	if err != nil {
		return entente.MailboxID{}
	}
	return store.Mailbox
}

func boxOfItem(id *ews.BaseItemID) entente.MailboxID {
	switch {
	case id.ItemID != nil:
		return boxOfID(id.ItemID.ID)
	case id.OccurrenceItemID != nil:
		return boxOfID(id.OccurrenceItemID.RecurringMasterID)
	case id.RecurringMasterItemID != nil:
		return boxOfID(id.RecurringMasterItemID.OccurrenceID)
	}
	return entente.MailboxID{}
}

func boxOfAttachment(id *ews.RequestAttachmentID) entente.MailboxID { return boxOfID(id.ID) }

func boxOfFolderID(id *ews.FolderID) entente.MailboxID { return boxOfID(id.ID) }

func (c *call) boxOfFolder(id *ews.BaseFolderID) entente.MailboxID {
	switch {
	case id.FolderID != nil:
		return boxOfID(id.FolderID.ID)
	case id.DistinguishedFolderID == nil:
		return entente.MailboxID{}
	case id.DistinguishedFolderID.Mailbox != nil && id.DistinguishedFolderID.Mailbox.EmailAddress != "":
		return c.boxOfAddress(id.DistinguishedFolderID.Mailbox.EmailAddress)
	}
	return c.ownBox()
}

func (c *call) boxOfTarget(id *ews.TargetFolderID) entente.MailboxID {
	base, ok := id.Base()
	if !ok {
		return entente.MailboxID{}
	}
	return c.boxOfFolder(&base)
}

func (c *call) boxOfAddress(address string) entente.MailboxID {
	a, _ := c.s.Snapshot().FindSMTP(address)
	return a.Mailbox
}

func (c *call) ownBox() entente.MailboxID {
	a, _ := c.s.Snapshot().FindSID(c.s.Caller().Subject().SID)
	return a.Mailbox
}

func (c *call) boxOfSubscription(s *ews.SubscriptionRequest) entente.MailboxID {
	var folders []ews.BaseFolderID
	switch {
	case s.PullSubscriptionRequest != nil:
		folders = s.PullSubscriptionRequest.Base.FolderIDs
	case s.StreamingSubscriptionRequest != nil:
		folders = s.StreamingSubscriptionRequest.FolderIDs
	}
	if len(folders) == 0 {
		return c.ownBox()
	}
	return c.boxOfFolder(&folders[0])
}

// A subscription's id begins with the node in whose memory it is, so that it is
// found there wherever the client comes in next. It is base64 of a version, the
// node with its length before it, and 24 random bytes.
const (
	subscriptionVersion = 2
	subscriptionRandom  = 24
	maxSubscriptionID   = 1024
)

func subscriptionID(node string, random []byte) string {
	if node == "" || len(node) > 255 {
		return base64.StdEncoding.EncodeToString(random)
	}
	b := append([]byte{subscriptionVersion, byte(len(node))}, node...)
	return base64.StdEncoding.EncodeToString(append(b, random...))
}

// nodeOfSubscription returns the node that an id names; "" for one without.
func nodeOfSubscription(id string) string {
	if len(id) > maxSubscriptionID {
		return ""
	}
	b, err := base64.StdEncoding.DecodeString(id)
	if err != nil || len(b) < 2 || b[0] != subscriptionVersion || len(b) != 2+int(b[1])+subscriptionRandom {
		return ""
	}
	node := b[2 : 2+int(b[1])]
	if bytes.ContainsFunc(node, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return "" // of no node; it would be written into records
	}
	return string(node)
}

// nodeOfSubscriptions is where a streaming connection goes: to the node of its
// first subscription. Those of other nodes are not known there, which is what
// its client is told.
func nodeOfSubscriptions(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return nodeOfSubscription(ids[0])
}
