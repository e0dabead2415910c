package ews

import (
	"slices"
	"strings"
)

// An Operation is one of the service's operations, whether we serve it or not.
type Operation struct {
	RequestElement string // local name in NSMessages of what is sent
	Name           string // the WSDL's name, such as GetUserAvailability
	make           func() Request
}

// Supported reports whether requests of this operation can be decoded. The
// others are answered with ErrorInvalidOperation rather than a bare HTTP 500,
// at which Outlook for Mac asks for the password again and again.
func (o Operation) Supported() bool { return o.make != nil }

func (o Operation) newRequest() Request { return o.make() }

// Operations returns every operation of the service description, sorted by
// request element.
func Operations() []Operation { return slices.Clone(operations) }

// OperationOf finds the operation whose request element has the local name.
func OperationOf(element string) (Operation, bool) {
	i, ok := slices.BinarySearchFunc(operations, element, func(o Operation, e string) int {
		return strings.Compare(o.RequestElement, e)
	})
	if !ok {
		return Operation{}, false
	}
	return operations[i], true
}

// operations is sorted by request element, and never changed. The names are
// those of the published service description, level V2016_10_10. A few
// elements are not named like their operation: those of availability and
// out-of-office, [MS-OXWAVLS] 3.1.4.1, [MS-OXWOOF] 3.1.4, end in Request.
var operations = []Operation{
	{"AddDelegate", "AddDelegate", func() Request { return new(AddDelegate) }},
	{"AddDistributionGroupToImList", "AddDistributionGroupToImList", nil},
	{"AddImContactToGroup", "AddImContactToGroup", nil},
	{"AddImGroup", "AddImGroup", nil},
	{"AddNewImContactToGroup", "AddNewImContactToGroup", nil},
	{"AddNewTelUriContactToGroup", "AddNewTelUriContactToGroup", nil},
	{"AddTag", "AddTag", nil},
	{"ApplyConversationAction", "ApplyConversationAction", nil},
	{"ArchiveItem", "ArchiveItem", nil},
	{"ConvertId", "ConvertId", func() Request { return new(ConvertID) }},
	{"CopyFolder", "CopyFolder", func() Request { return new(CopyFolder) }},
	{"CopyItem", "CopyItem", func() Request { return new(CopyItem) }},
	{"CreateAttachment", "CreateAttachment", func() Request { return new(CreateAttachment) }},
	{"CreateFolder", "CreateFolder", func() Request { return new(CreateFolder) }},
	{"CreateFolderPath", "CreateFolderPath", nil},
	{"CreateItem", "CreateItem", func() Request { return new(CreateItem) }},
	{"CreateManagedFolder", "CreateManagedFolder", nil},
	{"CreateMeetingInstanceRequest", "CreateMeetingInstance", nil},
	{"CreateMeetingSpace", "CreateMeetingSpace", nil},
	{"CreateUserConfiguration", "CreateUserConfiguration", func() Request { return new(CreateUserConfiguration) }},
	{"DeleteAttachment", "DeleteAttachment", func() Request { return new(DeleteAttachment) }},
	{"DeleteFolder", "DeleteFolder", func() Request { return new(DeleteFolder) }},
	{"DeleteItem", "DeleteItem", func() Request { return new(DeleteItem) }},
	{"DeleteMeetingInstanceRequest", "DeleteMeetingInstance", nil},
	{"DeleteMeetingSpace", "DeleteMeetingSpace", nil},
	{"DeleteSearchSuggestion", "DeleteSearchSuggestion", nil},
	{"DeleteUserConfiguration", "DeleteUserConfiguration", func() Request { return new(DeleteUserConfiguration) }},
	{"DisableApp", "DisableApp", nil},
	{"DisconnectPhoneCall", "DisconnectPhoneCall", nil},
	{"EmptyFolder", "EmptyFolder", func() Request { return new(EmptyFolder) }},
	{"EndSearchSession", "EndSearchSession", nil},
	{"ExecuteSearch", "ExecuteSearch", nil},
	{"ExpandDL", "ExpandDL", func() Request { return new(ExpandDL) }},
	{"ExportItems", "ExportItems", nil},
	{"FindAvailableMeetingTimes", "FindAvailableMeetingTimes", nil},
	{"FindConversation", "FindConversation", nil},
	{"FindFolder", "FindFolder", func() Request { return new(FindFolder) }},
	{"FindItem", "FindItem", func() Request { return new(FindItem) }},
	{"FindMeetingSpaceByJoinUrl", "FindMeetingSpaceByJoinUrl", nil},
	{"FindMeetingTimeCandidates", "FindMeetingTimeCandidates", nil},
	{"FindMessageTrackingReport", "FindMessageTrackingReport", nil},
	{"FindPeople", "FindPeople", nil},
	{"FindTags", "FindTags", nil},
	{"GetAppManifests", "GetAppManifests", nil},
	{"GetAppMarketplaceUrl", "GetAppMarketplaceUrl", nil},
	{"GetAttachment", "GetAttachment", func() Request { return new(GetAttachment) }},
	{"GetClientAccessToken", "GetClientAccessToken", nil},
	{"GetConversationItems", "GetConversationItems", nil},
	{"GetDelegate", "GetDelegate", func() Request { return new(GetDelegate) }},
	{"GetDiscoverySearchConfiguration", "GetDiscoverySearchConfiguration", nil},
	{"GetEvents", "GetEvents", func() Request { return new(GetEvents) }},
	{"GetFolder", "GetFolder", func() Request { return new(GetFolder) }},
	{"GetHoldOnMailboxes", "GetHoldOnMailboxes", nil},
	{"GetImItemList", "GetImItemList", nil},
	{"GetImItems", "GetImItems", nil},
	{"GetInboxRules", "GetInboxRules", nil},
	{"GetItem", "GetItem", func() Request { return new(GetItem) }},
	{"GetLastPrivateCatalogUpdate", "GetLastPrivateCatalogUpdate", nil},
	{"GetMailTips", "GetMailTips", nil},
	{"GetMeetingInstanceRequest", "GetMeetingInstance", nil},
	{"GetMeetingSpace", "GetMeetingSpace", nil},
	{"GetMessageTrackingReport", "GetMessageTrackingReport", nil},
	{"GetNonIndexableItemDetails", "GetNonIndexableItemDetails", nil},
	{"GetNonIndexableItemStatistics", "GetNonIndexableItemStatistics", nil},
	{"GetPasswordExpirationDate", "GetPasswordExpirationDate", nil},
	{"GetPersona", "GetPersona", nil},
	{"GetPhoneCallInformation", "GetPhoneCallInformation", nil},
	{"GetPrivateCatalogAddIns", "GetPrivateCatalogAddIns", nil},
	{"GetRoomLists", "GetRoomLists", func() Request { return new(GetRoomLists) }},
	{"GetRooms", "GetRooms", func() Request { return new(GetRooms) }},
	{"GetSearchSuggestions", "GetSearchSuggestions", nil},
	{"GetSearchableMailboxes", "GetSearchableMailboxes", nil},
	{"GetServerTimeZones", "GetServerTimeZones", func() Request { return new(GetServerTimeZones) }},
	{"GetServiceConfiguration", "GetServiceConfiguration", nil},
	{"GetSharingFolder", "GetSharingFolder", func() Request { return new(GetSharingFolder) }},
	{"GetSharingMetadata", "GetSharingMetadata", func() Request { return new(GetSharingMetadata) }},
	{"GetSpecificUserConfiguration", "GetSpecificUserConfiguration", nil},
	{"GetStreamingEvents", "GetStreamingEvents", func() Request { return new(GetStreamingEvents) }},
	{"GetUserAvailabilityRequest", "GetUserAvailability", func() Request { return new(GetUserAvailabilityRequest) }},
	{"GetUserConfiguration", "GetUserConfiguration", func() Request { return new(GetUserConfiguration) }},
	{"GetUserOofSettingsRequest", "GetUserOofSettings", func() Request { return new(GetUserOofSettingsRequest) }},
	{"GetUserPhoto", "GetUserPhoto", nil},
	{"GetUserRetentionPolicyTags", "GetUserRetentionPolicyTags", nil},
	{"HideTag", "HideTag", nil},
	{"InstallApp", "InstallApp", nil},
	{"MarkAllItemsAsRead", "MarkAllItemsAsRead", func() Request { return new(MarkAllItemsAsRead) }},
	{"MarkAsJunk", "MarkAsJunk", nil},
	{"MoveFolder", "MoveFolder", func() Request { return new(MoveFolder) }},
	{"MoveItem", "MoveItem", func() Request { return new(MoveItem) }},
	{"PlayOnPhone", "PlayOnPhone", nil},
	{"RefreshSharingFolder", "RefreshSharingFolder", func() Request { return new(RefreshSharingFolder) }},
	{"RemoveContactFromImList", "RemoveContactFromImList", nil},
	{"RemoveDelegate", "RemoveDelegate", func() Request { return new(RemoveDelegate) }},
	{"RemoveDistributionGroupFromImList", "RemoveDistributionGroupFromImList", nil},
	{"RemoveImContactFromGroup", "RemoveImContactFromGroup", nil},
	{"RemoveImGroup", "RemoveImGroup", nil},
	{"ReportMessage", "ReportMessage", nil},
	{"ResolveNames", "ResolveNames", func() Request { return new(ResolveNames) }},
	{"SearchMailboxes", "SearchMailboxes", nil},
	{"SendItem", "SendItem", func() Request { return new(SendItem) }},
	{"SetHoldOnMailboxes", "SetHoldOnMailboxes", nil},
	{"SetImGroup", "SetImGroup", nil},
	{"SetImListMigrationCompleted", "SetImListMigrationCompleted", nil},
	{"SetTeamMailbox", "SetTeamMailbox", nil},
	{"SetUserOofSettingsRequest", "SetUserOofSettings", func() Request { return new(SetUserOofSettingsRequest) }},
	{"SetUserPhoto", "SetUserPhoto", nil},
	{"StartSearchSession", "StartSearchSession", nil},
	{"Subscribe", "Subscribe", func() Request { return new(Subscribe) }},
	{"SyncFolderHierarchy", "SyncFolderHierarchy", func() Request { return new(SyncFolderHierarchy) }},
	{"SyncFolderItems", "SyncFolderItems", func() Request { return new(SyncFolderItems) }},
	{"UninstallApp", "UninstallApp", nil},
	{"UnpinTeamMailbox", "UnpinTeamMailbox", nil},
	{"Unsubscribe", "Unsubscribe", func() Request { return new(Unsubscribe) }},
	{"UpdateDelegate", "UpdateDelegate", func() Request { return new(UpdateDelegate) }},
	{"UpdateFolder", "UpdateFolder", func() Request { return new(UpdateFolder) }},
	{"UpdateInboxRules", "UpdateInboxRules", nil},
	{"UpdateItem", "UpdateItem", func() Request { return new(UpdateItem) }},
	{"UpdateItemInRecoverableItems", "UpdateItemInRecoverableItems", nil},
	{"UpdateMeetingInstanceRequest", "UpdateMeetingInstance", nil},
	{"UpdateMeetingSpace", "UpdateMeetingSpace", nil},
	{"UpdateUserConfiguration", "UpdateUserConfiguration", func() Request { return new(UpdateUserConfiguration) }},
	{"UploadItems", "UploadItems", nil},
}
