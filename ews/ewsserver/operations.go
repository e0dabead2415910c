package ewsserver

// operations is what we serve, by request element. What is not here is
// answered with ErrorInvalidOperation. changes marks those whose audit record
// must be safe before the answer goes out.
func operations() map[string]operation {
	return map[string]operation{
		// folders, lists, synchronization and settings
		"GetFolder":               reads("GetFolder", (*call).getFolder),
		"FindFolder":              reads("FindFolder", (*call).findFolder),
		"CreateFolder":            changes("CreateFolder", (*call).createFolder),
		"UpdateFolder":            changes("UpdateFolder", (*call).updateFolder),
		"DeleteFolder":            changes("DeleteFolder", (*call).deleteFolder),
		"MoveFolder":              changes("MoveFolder", (*call).moveFolder),
		"CopyFolder":              changes("CopyFolder", (*call).copyFolder),
		"EmptyFolder":             changes("EmptyFolder", (*call).emptyFolder),
		"FindItem":                reads("FindItem", (*call).findItem),
		"SyncFolderHierarchy":     reads("SyncFolderHierarchy", (*call).syncFolderHierarchy),
		"SyncFolderItems":         reads("SyncFolderItems", (*call).syncFolderItems),
		"Subscribe":               reads("Subscribe", (*call).subscribe),
		"Unsubscribe":             reads("Unsubscribe", (*call).unsubscribe),
		"GetEvents":               reads("GetEvents", (*call).getEvents),
		"GetStreamingEvents":      reads("GetStreamingEvents", (*call).getStreamingEvents),
		"MarkAllItemsAsRead":      changes("MarkAllItemsAsRead", (*call).markAllItemsAsRead),
		"ConvertId":               reads("ConvertId", (*call).convertID),
		"GetServerTimeZones":      reads("GetServerTimeZones", (*call).getServerTimeZones),
		"GetDelegate":             reads("GetDelegate", (*call).getDelegate),
		"AddDelegate":             changes("AddDelegate", (*call).addDelegate),
		"UpdateDelegate":          changes("UpdateDelegate", (*call).updateDelegate),
		"RemoveDelegate":          changes("RemoveDelegate", (*call).removeDelegate),
		"GetUserConfiguration":    reads("GetUserConfiguration", (*call).getUserConfiguration),
		"CreateUserConfiguration": changes("CreateUserConfiguration", (*call).createUserConfiguration),
		"UpdateUserConfiguration": changes("UpdateUserConfiguration", (*call).updateUserConfiguration),
		"DeleteUserConfiguration": changes("DeleteUserConfiguration", (*call).deleteUserConfiguration),

		// items
		"GetItem":    reads("GetItem", (*call).getItem),
		"CreateItem": changes("CreateItem", (*call).createItem),
		"SendItem":   changes("SendItem", (*call).sendItem),
		"UpdateItem": changes("UpdateItem", (*call).updateItem),
		"DeleteItem": changes("DeleteItem", (*call).deleteItem),
		"MoveItem":   changes("MoveItem", (*call).moveItem),
		"CopyItem":   changes("CopyItem", (*call).copyItem),

		"CreateAttachment": changes("CreateAttachment", (*call).createAttachment),
		"GetAttachment":    reads("GetAttachment", (*call).getAttachment),
		"DeleteAttachment": changes("DeleteAttachment", (*call).deleteAttachment),

		// people and their time
		"GetUserAvailabilityRequest": glances("GetUserAvailability", (*call).getUserAvailability),
		"GetUserOofSettingsRequest":  reads("GetUserOofSettings", (*call).getUserOofSettings),
		"SetUserOofSettingsRequest":  changes("SetUserOofSettings", (*call).setUserOofSettings),
		"ResolveNames":               reads("ResolveNames", (*call).resolveNames),
		"ExpandDL":                   reads("ExpandDL", (*call).expandDL),
		"GetRoomLists":               reads("GetRoomLists", (*call).getRoomLists),
		"GetRooms":                   reads("GetRooms", (*call).getRooms),
	}
}
