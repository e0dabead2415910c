package ewsserver

import "entente/access"

// What operations may ask for, beside what a row says of its own. A folder is
// looked up by any right that lets somebody know of it, a grant of one item in it
// among them.
const (
	nothing  access.Rights = 0 // no mailbox is opened
	look                   = access.FolderLookup | access.FolderVisible | access.ReadItem
	read                   = look | access.ReadAny
	edit                   = read | access.EditAny | access.EditOwned | access.EditItem
	remove                 = read | access.DeleteAny | access.DeleteOwned
	send                   = access.SendAs | access.SendOnBehalf | access.Deliver
	delegate               = look | access.FolderOwner | access.FullAccess
)

// operations is what we serve, by request element. What is not here is
// answered with ErrorInvalidOperation. changes marks those whose audit record
// must be safe before the answer goes out; asks says all the rights that one may
// ask for, and one that does not say is not served; offered says by which tokens
// people of other organizations may call it, who may call no other.
func operations() map[string]operation {
	return map[string]operation{
		// folders, lists, synchronization and settings
		"GetFolder":               reads("GetFolder", (*call).getFolder).asks(look).offered(access.OfferSharingRead),
		"FindFolder":              reads("FindFolder", (*call).findFolder).asks(look),
		"CreateFolder":            changes("CreateFolder", (*call).createFolder).asks(look | access.CreateSubFolder),
		"UpdateFolder":            changes("UpdateFolder", (*call).updateFolder).asks(look | access.FolderOwner),
		"DeleteFolder":            changes("DeleteFolder", (*call).deleteFolder).asks(look | access.FolderOwner),
		"MoveFolder":              changes("MoveFolder", (*call).moveFolder).asks(look | access.FolderOwner | access.CreateSubFolder),
		"CopyFolder":              changes("CopyFolder", (*call).copyFolder).asks(read | access.CreateSubFolder),
		"EmptyFolder":             changes("EmptyFolder", (*call).emptyFolder).asks(look | access.DeleteAny | access.FolderOwner),
		"FindItem":                reads("FindItem", (*call).findItem).asks(read | access.FreeBusySimple | access.FreeBusyDetailed).offered(access.OfferSharingRead),
		"SyncFolderHierarchy":     reads("SyncFolderHierarchy", (*call).syncFolderHierarchy).asks(look).offered(access.OfferSharingRead),
		"SyncFolderItems":         reads("SyncFolderItems", (*call).syncFolderItems).asks(read).offered(access.OfferSharingRead),
		"Subscribe":               reads("Subscribe", (*call).subscribe).asks(look | access.ReadAny),
		"Unsubscribe":             reads("Unsubscribe", (*call).unsubscribe).asks(nothing),
		"GetEvents":               reads("GetEvents", (*call).getEvents).asks(look | access.ReadAny),
		"GetStreamingEvents":      reads("GetStreamingEvents", (*call).getStreamingEvents).asks(look | access.ReadAny),
		"MarkAllItemsAsRead":      changes("MarkAllItemsAsRead", (*call).markAllItemsAsRead).asks(look | access.EditAny),
		"ConvertId":               reads("ConvertId", (*call).convertID).asks(nothing),
		"GetServerTimeZones":      reads("GetServerTimeZones", (*call).getServerTimeZones).asks(nothing),
		"GetDelegate":             reads("GetDelegate", (*call).getDelegate).asks(delegate),
		"AddDelegate":             changes("AddDelegate", (*call).addDelegate).asks(delegate),
		"UpdateDelegate":          changes("UpdateDelegate", (*call).updateDelegate).asks(delegate),
		"RemoveDelegate":          changes("RemoveDelegate", (*call).removeDelegate).asks(delegate),
		"GetUserConfiguration":    reads("GetUserConfiguration", (*call).getUserConfiguration).asks(read),
		"CreateUserConfiguration": changes("CreateUserConfiguration", (*call).createUserConfiguration).asks(look | access.Create | access.FolderOwner),
		"UpdateUserConfiguration": changes("UpdateUserConfiguration", (*call).updateUserConfiguration).asks(edit),
		"DeleteUserConfiguration": changes("DeleteUserConfiguration", (*call).deleteUserConfiguration).asks(remove),

		// items
		"GetItem":    reads("GetItem", (*call).getItem).asks(read).offered(access.OfferSharingRead),
		"CreateItem": changes("CreateItem", (*call).createItem).asks(edit | remove | send | access.Create | access.FolderOwner),
		"SendItem":   changes("SendItem", (*call).sendItem).asks(edit | remove | send | access.Create),
		"UpdateItem": changes("UpdateItem", (*call).updateItem).asks(edit | remove | send | access.Create),
		"DeleteItem": changes("DeleteItem", (*call).deleteItem).asks(edit | remove | send | access.Create),
		"MoveItem":   changes("MoveItem", (*call).moveItem).asks(remove | access.Create),
		"CopyItem":   changes("CopyItem", (*call).copyItem).asks(read | access.Create),

		"CreateAttachment": changes("CreateAttachment", (*call).createAttachment).asks(edit),
		"GetAttachment":    reads("GetAttachment", (*call).getAttachment).asks(read),
		"DeleteAttachment": changes("DeleteAttachment", (*call).deleteAttachment).asks(edit),

		// what people share with those of other organizations
		"GetSharingMetadata":   reads("GetSharingMetadata", (*call).getSharingMetadata).asks(look | access.FolderOwner),
		"GetSharingFolder":     reads("GetSharingFolder", (*call).getSharingFolder).asks(look),
		"RefreshSharingFolder": changes("RefreshSharingFolder", (*call).refreshSharingFolder).asks(look | access.FolderOwner),

		// people and their time
		"GetUserAvailabilityRequest": glances("GetUserAvailability", (*call).getUserAvailability).asks(access.FolderLookup | access.FreeBusySimple | access.FreeBusyDetailed).offered(access.OfferFreeBusy),
		"GetUserOofSettingsRequest":  reads("GetUserOofSettings", (*call).getUserOofSettings).asks(look | access.FolderOwner),
		"SetUserOofSettingsRequest":  changes("SetUserOofSettings", (*call).setUserOofSettings).asks(remove | access.FolderOwner),
		"ResolveNames":               reads("ResolveNames", (*call).resolveNames).asks(read),
		"ExpandDL":                   reads("ExpandDL", (*call).expandDL).asks(nothing),
		"GetRoomLists":               reads("GetRoomLists", (*call).getRoomLists).asks(nothing),
		"GetRooms":                   reads("GetRooms", (*call).getRooms).asks(nothing),
	}
}
