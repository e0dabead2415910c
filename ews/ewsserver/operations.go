package ewsserver

// operations is what we serve, by request element. What is not here is
// answered with ErrorInvalidOperation. changes marks those whose audit record
// must be safe before the answer goes out.
func operations() map[string]operation {
	return map[string]operation{
		// items
		"GetItem":    reads("GetItem", (*call).getItem),
		"CreateItem": changes("CreateItem", (*call).createItem),
		"SendItem":   changes("SendItem", (*call).sendItem),

		// people and their time
		"GetUserAvailabilityRequest": reads("GetUserAvailability", (*call).getUserAvailability),
		"GetUserOofSettingsRequest":  reads("GetUserOofSettings", (*call).getUserOofSettings),
		"SetUserOofSettingsRequest":  changes("SetUserOofSettings", (*call).setUserOofSettings),
		"ResolveNames":               reads("ResolveNames", (*call).resolveNames),
		"ExpandDL":                   reads("ExpandDL", (*call).expandDL),
		"GetRoomLists":               reads("GetRoomLists", (*call).getRoomLists),
		"GetRooms":                   reads("GetRooms", (*call).getRooms),
	}
}
