package ews

import "time"

type responseCase struct {
	value Response
	text  string
}

func message(subject string) Item {
	it := Item{Kind: KindMessage}
	it.Add(FieldItemId, &ItemID{ID: "AAMk", ChangeKey: "EQAA"})
	it.Add(FieldSubject, subject)
	return it
}

func inbox() Folder {
	f := Folder{Kind: KindFolder}
	f.Add(FieldFolderId, &FolderID{ID: "F", ChangeKey: "C"})
	f.Add(FieldFolderDisplayName, "Inbox")
	return f
}

const (
	messageXML = `<t:Message><t:ItemId Id="AAMk" ChangeKey="EQAA"/><t:Subject>Tea</t:Subject></t:Message>`
	folderXML  = `<t:Folder><t:FolderId Id="F" ChangeKey="C"/><t:DisplayName>Inbox</t:DisplayName></t:Folder>`
	noErrorXML = `<m:ResponseCode>NoError</m:ResponseCode>`
)

func responses() []responseCase {
	return append(itemResponses(), otherResponses()...)
}

func itemResponses() []responseCase {
	return []responseCase{
		{
			&GetItemResponse{[]ItemInfoResponseMessage{
				{Success(), []Item{message("Tea")}},
				{Failure(ErrorItemNotFound), []Item{}},
			}},
			`<m:GetItemResponse><m:ResponseMessages>
				<m:GetItemResponseMessage ResponseClass="Success">` + noErrorXML + `<m:Items>` + messageXML + `</m:Items></m:GetItemResponseMessage>
				<m:GetItemResponseMessage ResponseClass="Error">
					<m:MessageText>The specified object was not found in the store.</m:MessageText>
					<m:ResponseCode>ErrorItemNotFound</m:ResponseCode>
					<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>
					<m:Items/>
				</m:GetItemResponseMessage>
			</m:ResponseMessages></m:GetItemResponse>`,
		},
		{
			&FindItemResponse{[]FindItemResponseMessage{
				{Success(), &FindItemParent{
					FindResponsePaging{IndexedPagingOffset: ptr(1), IncludesLastItemInRange: ptr(true), TotalItemsInView: ptr(1)},
					FoundItems{Items: []Item{message("Tea")}},
				}},
				{Success(), &FindItemParent{
					FindResponsePaging{IndexedPagingOffset: ptr(0), IncludesLastItemInRange: ptr(true), TotalItemsInView: ptr(0)},
					FoundItems{Items: []Item{}},
				}},
				{Success(), &FindItemParent{Found: FoundItems{Groups: []GroupedItems{{"Tea", []Item{message("Tea")}}}}}},
			}},
			`<m:FindItemResponse><m:ResponseMessages>
				<m:FindItemResponseMessage ResponseClass="Success">` + noErrorXML + `
					<m:RootFolder IndexedPagingOffset="1" IncludesLastItemInRange="true" TotalItemsInView="1"><t:Items>` + messageXML + `</t:Items></m:RootFolder>
				</m:FindItemResponseMessage>
				<m:FindItemResponseMessage ResponseClass="Success">` + noErrorXML + `
					<m:RootFolder IndexedPagingOffset="0" IncludesLastItemInRange="true" TotalItemsInView="0"><t:Items/></m:RootFolder>
				</m:FindItemResponseMessage>
				<m:FindItemResponseMessage ResponseClass="Success">` + noErrorXML + `
					<m:RootFolder><t:Groups><t:GroupedItems><t:GroupIndex>Tea</t:GroupIndex><t:Items>` + messageXML + `</t:Items></t:GroupedItems></t:Groups></m:RootFolder>
				</m:FindItemResponseMessage>
			</m:ResponseMessages></m:FindItemResponse>`,
		},
		{
			&UpdateItemResponse{[]UpdateItemResponseMessage{{Success(), []Item{message("Tea")}, &ConflictResults{}}}},
			`<m:UpdateItemResponse><m:ResponseMessages><m:UpdateItemResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:Items>` + messageXML + `</m:Items><m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>
			</m:UpdateItemResponseMessage></m:ResponseMessages></m:UpdateItemResponse>`,
		},
		{
			&CreateItemResponse{[]ItemInfoResponseMessage{
				{PropertyFailure(ErrorInvalidPropertySet, PathToElement{FieldURI: &FieldURI{"item:Size"}}), []Item{}},
			}},
			`<m:CreateItemResponse><m:ResponseMessages><m:CreateItemResponseMessage ResponseClass="Error">
				<m:MessageText>Set action is invalid for property.</m:MessageText><m:ResponseCode>ErrorInvalidPropertySet</m:ResponseCode>
				<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>
				<m:MessageXml><t:FieldURI FieldURI="item:Size"/></m:MessageXml>
				<m:Items/>
			</m:CreateItemResponseMessage></m:ResponseMessages></m:CreateItemResponse>`,
		},
		{
			&DeleteItemResponse{[]DeleteItemResponseMessage{{Success()}, {Skipped()}}},
			`<m:DeleteItemResponse><m:ResponseMessages>
				<m:DeleteItemResponseMessage ResponseClass="Success">` + noErrorXML + `</m:DeleteItemResponseMessage>
				<m:DeleteItemResponseMessage ResponseClass="Warning">
					<m:MessageText>The remaining items in the batch could not be processed because of an error.</m:MessageText>
					<m:ResponseCode>ErrorBatchProcessingStopped</m:ResponseCode>
					<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>
				</m:DeleteItemResponseMessage>
			</m:ResponseMessages></m:DeleteItemResponse>`,
		},
		{
			&SendItemResponse{[]ResponseMessage{Success()}},
			`<m:SendItemResponse><m:ResponseMessages><m:SendItemResponseMessage ResponseClass="Success">` + noErrorXML + `</m:SendItemResponseMessage></m:ResponseMessages></m:SendItemResponse>`,
		},
		{
			&GetFolderResponse{[]FolderInfoResponseMessage{
				{ResponseMessage: Success(), Folders: []Folder{inbox()}},
				{ResponseMessage: FailureText(ErrorNonPrimarySmtpAddress, "No.")},
			}},
			`<m:GetFolderResponse><m:ResponseMessages>
				<m:GetFolderResponseMessage ResponseClass="Success">` + noErrorXML + `<m:Folders>` + folderXML + `</m:Folders></m:GetFolderResponseMessage>
				<m:GetFolderResponseMessage ResponseClass="Error">
					<m:MessageText>No.</m:MessageText><m:ResponseCode>ErrorNonPrimarySmtpAddress</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>
				</m:GetFolderResponseMessage>
			</m:ResponseMessages></m:GetFolderResponse>`,
		},
		{
			&FindFolderResponse{[]FindFolderResponseMessage{{Success(), &FindFolderParent{
				FindResponsePaging{IncludesLastItemInRange: ptr(true), TotalItemsInView: ptr(1)}, []Folder{inbox()},
			}}}},
			`<m:FindFolderResponse><m:ResponseMessages><m:FindFolderResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:RootFolder IncludesLastItemInRange="true" TotalItemsInView="1"><t:Folders>` + folderXML + `</t:Folders></m:RootFolder>
			</m:FindFolderResponseMessage></m:ResponseMessages></m:FindFolderResponse>`,
		},
		{
			&SyncFolderHierarchyResponse{[]SyncFolderHierarchyResponseMessage{{
				ResponseMessage: Success(), SyncState: "s", IncludesLastFolderInRange: ptr(true),
				Changes: []SyncFolderHierarchyChange{
					{Create: &SyncFolderHierarchyCreateOrUpdate{inbox()}},
					{Delete: &SyncFolderHierarchyDelete{FolderID{ID: "G"}}},
				},
			}}},
			`<m:SyncFolderHierarchyResponse><m:ResponseMessages><m:SyncFolderHierarchyResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:SyncState>s</m:SyncState><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange>
				<m:Changes><t:Create>` + folderXML + `</t:Create><t:Delete><t:FolderId Id="G"/></t:Delete></m:Changes>
			</m:SyncFolderHierarchyResponseMessage></m:ResponseMessages></m:SyncFolderHierarchyResponse>`,
		},
		{
			&SyncFolderItemsResponse{[]SyncFolderItemsResponseMessage{{
				ResponseMessage: Success(), SyncState: "s", IncludesLastItemInRange: ptr(false),
				Changes: []SyncFolderItemsChange{
					{Create: &SyncFolderItemsCreateOrUpdate{message("Tea")}},
					{Update: &SyncFolderItemsCreateOrUpdate{message("Tea")}},
					{Delete: &SyncFolderItemsDelete{ItemID{ID: "d"}}},
					{ReadFlagChange: &SyncFolderItemsReadFlag{ItemID{ID: "r", ChangeKey: "k"}, true}},
				},
			}}},
			`<m:SyncFolderItemsResponse><m:ResponseMessages><m:SyncFolderItemsResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:SyncState>s</m:SyncState><m:IncludesLastItemInRange>false</m:IncludesLastItemInRange>
				<m:Changes>
					<t:Create>` + messageXML + `</t:Create><t:Update>` + messageXML + `</t:Update>
					<t:Delete><t:ItemId Id="d"/></t:Delete>
					<t:ReadFlagChange><t:ItemId Id="r" ChangeKey="k"/><t:IsRead>true</t:IsRead></t:ReadFlagChange>
				</m:Changes>
			</m:SyncFolderItemsResponseMessage></m:ResponseMessages></m:SyncFolderItemsResponse>`,
		},
		{
			&DeleteAttachmentResponse{[]DeleteAttachmentResponseMessage{{Success(), &RootItemID{"a", "k"}}}},
			`<m:DeleteAttachmentResponse><m:ResponseMessages><m:DeleteAttachmentResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:RootItemId RootItemId="a" RootItemChangeKey="k"/>
			</m:DeleteAttachmentResponseMessage></m:ResponseMessages></m:DeleteAttachmentResponse>`,
		},
	}
}

func otherResponses() []responseCase {
	contact := Item{Kind: KindContact}
	contact.Add(FieldContactDisplayName, "Anna")
	primary := Failure(ErrorNonPrimarySmtpAddress)
	primary.MessageXML = &MessageXML{Values: []MessageValue{{"Primary", "anna@contoso.example"}}}
	at := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	return []responseCase{
		{
			&ConvertIDResponse{[]ConvertIDResponseMessage{
				{Success(), &ConvertedID{AlternateID{Format: FormatEwsID, ID: "a", Mailbox: "a@b.example"}}},
				{Failure(ErrorInvalidIdMalformed), nil},
			}},
			`<m:ConvertIdResponse><m:ResponseMessages>
				<m:ConvertIdResponseMessage ResponseClass="Success">` + noErrorXML + `
					<m:AlternateId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t:AlternateIdType" Format="EwsId" Id="a" Mailbox="a@b.example"/>
				</m:ConvertIdResponseMessage>
				<m:ConvertIdResponseMessage ResponseClass="Error">
					<m:MessageText>Id is malformed.</m:MessageText><m:ResponseCode>ErrorInvalidIdMalformed</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>
				</m:ConvertIdResponseMessage>
			</m:ResponseMessages></m:ConvertIdResponse>`,
		},
		{
			&ResolveNamesResponse{[]ResolveNamesResponseMessage{{
				Success(),
				&ResolutionSet{
					FindResponsePaging{IncludesLastItemInRange: ptr(true), TotalItemsInView: ptr(1)},
					[]Resolution{{Mailbox{Name: "Anna", EmailAddress: "anna@contoso.example", RoutingType: "SMTP", MailboxType: MailboxMailbox}, &contact}},
				},
			}}},
			`<m:ResolveNamesResponse><m:ResponseMessages><m:ResolveNamesResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:ResolutionSet IncludesLastItemInRange="true" TotalItemsInView="1"><t:Resolution>
					<t:Mailbox><t:Name>Anna</t:Name><t:EmailAddress>anna@contoso.example</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>
					<t:Contact><t:DisplayName>Anna</t:DisplayName></t:Contact>
				</t:Resolution></m:ResolutionSet>
			</m:ResolveNamesResponseMessage></m:ResponseMessages></m:ResolveNamesResponse>`,
		},
		{
			&ExpandDLResponse{[]ExpandDLResponseMessage{{Success(), &DLExpansion{
				FindResponsePaging{IncludesLastItemInRange: ptr(true), TotalItemsInView: ptr(1)}, []Mailbox{{EmailAddress: "a@b.example"}},
			}}}},
			`<m:ExpandDLResponse><m:ResponseMessages><m:ExpandDLResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:DLExpansion IncludesLastItemInRange="true" TotalItemsInView="1"><t:Mailbox><t:EmailAddress>a@b.example</t:EmailAddress></t:Mailbox></m:DLExpansion>
			</m:ExpandDLResponseMessage></m:ResponseMessages></m:ExpandDLResponse>`,
		},
		{
			&GetServerTimeZonesResponse{[]GetServerTimeZonesResponseMessage{{Success(), []TimeZoneDefinition{{ID: "UTC", Name: "(UTC)"}}}}},
			`<m:GetServerTimeZonesResponse><m:ResponseMessages><m:GetServerTimeZonesResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:TimeZoneDefinitions><t:TimeZoneDefinition Id="UTC" Name="(UTC)"/></m:TimeZoneDefinitions>
			</m:GetServerTimeZonesResponseMessage></m:ResponseMessages></m:GetServerTimeZonesResponse>`,
		},
		{
			&GetRoomListsResponse{ResponseMessage: Success(), RoomLists: []Mailbox{}},
			`<m:GetRoomListsResponse ResponseClass="Success">` + noErrorXML + `<m:RoomLists/></m:GetRoomListsResponse>`,
		},
		{
			&GetRoomsResponse{Success(), []Room{{Mailbox{Name: "Room 4", EmailAddress: "r4@contoso.example"}}}},
			`<m:GetRoomsResponse ResponseClass="Success">` + noErrorXML + `
				<m:Rooms><t:Room><t:Id><t:Name>Room 4</t:Name><t:EmailAddress>r4@contoso.example</t:EmailAddress></t:Id></t:Room></m:Rooms>
			</m:GetRoomsResponse>`,
		},
		{
			&GetDelegateResponse{Success(), []DelegateUserResponseMessage{{Success(), &DelegateUser{
				UserID:              UserID{SID: "S-1-1-0", PrimarySMTPAddress: "b@contoso.example"},
				DelegatePermissions: &DelegatePermissions{CalendarFolderPermissionLevel: DelegateEditor},
				ViewPrivateItems:    ptr(false),
			}}}, DelegatesAndMe},
			`<m:GetDelegateResponse ResponseClass="Success">` + noErrorXML + `
				<m:ResponseMessages><m:DelegateUserResponseMessageType ResponseClass="Success">` + noErrorXML + `
					<m:DelegateUser>
						<t:UserId><t:SID>S-1-1-0</t:SID><t:PrimarySmtpAddress>b@contoso.example</t:PrimarySmtpAddress></t:UserId>
						<t:DelegatePermissions><t:CalendarFolderPermissionLevel>Editor</t:CalendarFolderPermissionLevel></t:DelegatePermissions>
						<t:ViewPrivateItems>false</t:ViewPrivateItems>
					</m:DelegateUser>
				</m:DelegateUserResponseMessageType></m:ResponseMessages>
				<m:DeliverMeetingRequests>DelegatesAndMe</m:DeliverMeetingRequests>
			</m:GetDelegateResponse>`,
		},
		{
			&AddDelegateResponse{Success(), []DelegateUserResponseMessage{{Success(), &DelegateUser{
				UserID: UserID{SID: "S-1-1-0", PrimarySMTPAddress: "b@contoso.example"}, ReceiveCopiesOfMeetingMessages: ptr(true),
			}}}},
			`<m:AddDelegateResponse ResponseClass="Success">` + noErrorXML + `
				<m:ResponseMessages><m:DelegateUserResponseMessageType ResponseClass="Success">` + noErrorXML + `
					<m:DelegateUser>
						<t:UserId><t:SID>S-1-1-0</t:SID><t:PrimarySmtpAddress>b@contoso.example</t:PrimarySmtpAddress></t:UserId>
						<t:ReceiveCopiesOfMeetingMessages>true</t:ReceiveCopiesOfMeetingMessages>
					</m:DelegateUser>
				</m:DelegateUserResponseMessageType></m:ResponseMessages>
			</m:AddDelegateResponse>`,
		},
		{
			&UpdateDelegateResponse{ResponseMessage: Success()},
			`<m:UpdateDelegateResponse ResponseClass="Success">` + noErrorXML + `</m:UpdateDelegateResponse>`,
		},
		{
			&RemoveDelegateResponse{Success(), []DelegateUserResponseMessage{{ResponseMessage: Success()}}},
			`<m:RemoveDelegateResponse ResponseClass="Success">` + noErrorXML + `
				<m:ResponseMessages><m:DelegateUserResponseMessageType ResponseClass="Success">` + noErrorXML + `</m:DelegateUserResponseMessageType></m:ResponseMessages>
			</m:RemoveDelegateResponse>`,
		},
		{
			&GetUserAvailabilityResponse{
				FreeBusyResponses: []FreeBusyResponse{
					{ResponseMessage: ptr(Success()), FreeBusyView: &FreeBusyView{
						FreeBusyViewType: ViewDetailedMerged, MergedFreeBusy: "0120",
						CalendarEventArray: []CalendarEvent{{at, at.Add(time.Hour), LegacyTentative, &CalendarEventDetails{Subject: "Tea", IsPrivate: true}}},
						WorkingHours:       &WorkingHours{SerializableTimeZone{DaylightTime: SerializableTimeZoneTime{Time: "00:00:00", DayOfWeek: "Sunday"}, StandardTime: SerializableTimeZoneTime{Time: "00:00:00", DayOfWeek: "Sunday"}}, []WorkingPeriod{{DaysOfWeek{"Monday", "Friday"}, 480, 1020}}},
					}},
					{ResponseMessage: ptr(primary)},
				},
				SuggestionsResponse: &SuggestionsResponse{
					ResponseMessage: ptr(Success()),
					SuggestionDayResultArray: []SuggestionDayResult{{at, QualityExcellent, []Suggestion{{at, true, QualityFair, []AttendeeConflictData{
						{IndividualAttendee: &IndividualAttendeeConflictData{LegacyFree}}, {UnknownAttendee: &UnknownAttendeeConflictData{}},
					}}}}},
				},
			},
			`<m:GetUserAvailabilityResponse>
				<m:FreeBusyResponseArray>
					<m:FreeBusyResponse>
						<m:ResponseMessage ResponseClass="Success">` + noErrorXML + `</m:ResponseMessage>
						<m:FreeBusyView>
							<t:FreeBusyViewType>DetailedMerged</t:FreeBusyViewType>
							<t:MergedFreeBusy>0120</t:MergedFreeBusy>
							<t:CalendarEventArray><t:CalendarEvent>
								<t:StartTime>2026-11-25T08:00:00Z</t:StartTime><t:EndTime>2026-11-25T09:00:00Z</t:EndTime><t:BusyType>Tentative</t:BusyType>
								<t:CalendarEventDetails><t:Subject>Tea</t:Subject><t:IsMeeting>false</t:IsMeeting><t:IsRecurring>false</t:IsRecurring><t:IsException>false</t:IsException><t:IsReminderSet>false</t:IsReminderSet><t:IsPrivate>true</t:IsPrivate></t:CalendarEventDetails>
							</t:CalendarEvent></t:CalendarEventArray>
							<t:WorkingHours>
								<t:TimeZone><t:Bias>0</t:Bias>
									<t:StandardTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>
									<t:DaylightTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime>
								</t:TimeZone>
								<t:WorkingPeriodArray><t:WorkingPeriod><t:DayOfWeek>Monday Friday</t:DayOfWeek><t:StartTimeInMinutes>480</t:StartTimeInMinutes><t:EndTimeInMinutes>1020</t:EndTimeInMinutes></t:WorkingPeriod></t:WorkingPeriodArray>
							</t:WorkingHours>
						</m:FreeBusyView>
					</m:FreeBusyResponse>
					<m:FreeBusyResponse>
						<m:ResponseMessage ResponseClass="Error">
							<m:MessageText>The primary SMTP address must be specified when referencing a mailbox.</m:MessageText>
							<m:ResponseCode>ErrorNonPrimarySmtpAddress</m:ResponseCode>
							<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>
							<m:MessageXml><t:Value Name="Primary">anna@contoso.example</t:Value></m:MessageXml>
						</m:ResponseMessage>
					</m:FreeBusyResponse>
				</m:FreeBusyResponseArray>
				<m:SuggestionsResponse>
					<m:ResponseMessage ResponseClass="Success">` + noErrorXML + `</m:ResponseMessage>
					<m:SuggestionDayResultArray><t:SuggestionDayResult>
						<t:Date>2026-11-25T08:00:00Z</t:Date><t:DayQuality>Excellent</t:DayQuality>
						<t:SuggestionArray><t:Suggestion>
							<t:MeetingTime>2026-11-25T08:00:00Z</t:MeetingTime><t:IsWorkTime>true</t:IsWorkTime><t:SuggestionQuality>Fair</t:SuggestionQuality>
							<t:AttendeeConflictDataArray>
								<t:IndividualAttendeeConflictData><t:BusyType>Free</t:BusyType></t:IndividualAttendeeConflictData><t:UnknownAttendeeConflictData/>
							</t:AttendeeConflictDataArray>
						</t:Suggestion></t:SuggestionArray>
					</t:SuggestionDayResult></m:SuggestionDayResultArray>
				</m:SuggestionsResponse>
			</m:GetUserAvailabilityResponse>`,
		},
		{
			&GetUserOofSettingsResponse{Success(), &UserOofSettings{OofState: OofDisabled, ExternalAudience: AudienceAll, InternalReply: &ReplyBody{}}, AudienceAll},
			`<m:GetUserOofSettingsResponse>
				<m:ResponseMessage ResponseClass="Success">` + noErrorXML + `</m:ResponseMessage>
				<t:OofSettings><t:OofState>Disabled</t:OofState><t:ExternalAudience>All</t:ExternalAudience><t:InternalReply/></t:OofSettings>
				<m:AllowExternalOof>All</m:AllowExternalOof>
			</m:GetUserOofSettingsResponse>`,
		},
		{
			&SetUserOofSettingsResponse{ptr(Success())},
			`<m:SetUserOofSettingsResponse><m:ResponseMessage ResponseClass="Success">` + noErrorXML + `</m:ResponseMessage></m:SetUserOofSettingsResponse>`,
		},
		{
			&GetUserConfigurationResponse{[]GetUserConfigurationResponseMessage{{Success(), &UserConfiguration{
				UserConfigurationName: UserConfigurationName{"Tea", TargetFolderID{FolderID: &FolderID{ID: "f"}}},
				ItemID:                &ItemID{ID: "i"}, XMLData: []byte("<x/>"),
			}}}},
			`<m:GetUserConfigurationResponse><m:ResponseMessages><m:GetUserConfigurationResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:UserConfiguration><t:UserConfigurationName Name="Tea"><t:FolderId Id="f"/></t:UserConfigurationName><t:ItemId Id="i"/><t:XmlData>PHgvPg==</t:XmlData></m:UserConfiguration>
			</m:GetUserConfigurationResponseMessage></m:ResponseMessages></m:GetUserConfigurationResponse>`,
		},
		{
			&SubscribeResponse{[]SubscribeResponseMessage{{Success(), "s", "w"}}},
			`<m:SubscribeResponse><m:ResponseMessages><m:SubscribeResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:SubscriptionId>s</m:SubscriptionId><m:Watermark>w</m:Watermark>
			</m:SubscribeResponseMessage></m:ResponseMessages></m:SubscribeResponse>`,
		},
		{
			&GetEventsResponse{[]GetEventsResponseMessage{{Success(), &Notification{"s", "w0", ptr(false), []Event{
				{Kind: EventStatus(), Watermark: "w1"},
				{Kind: EventNewMail, Watermark: "w2", TimeStamp: at, ItemID: &ItemID{ID: "i"}, ParentFolderID: &FolderID{ID: "p"}},
				{Kind: EventModified, Watermark: "w3", TimeStamp: at, FolderID: &FolderID{ID: "f"}, ParentFolderID: &FolderID{ID: "p"}, UnreadCount: ptr(2)},
				{
					Kind: EventMoved, Watermark: "w4", TimeStamp: at, ItemID: &ItemID{ID: "i"}, ParentFolderID: &FolderID{ID: "p"},
					OldItemID: &ItemID{ID: "o"}, OldParentFolderID: &FolderID{ID: "q"},
				},
			}}}}},
			`<m:GetEventsResponse><m:ResponseMessages><m:GetEventsResponseMessage ResponseClass="Success">` + noErrorXML + `
				<m:Notification>
					<t:SubscriptionId>s</t:SubscriptionId><t:PreviousWatermark>w0</t:PreviousWatermark><t:MoreEvents>false</t:MoreEvents>
					<t:StatusEvent><t:Watermark>w1</t:Watermark></t:StatusEvent>
					<t:NewMailEvent><t:Watermark>w2</t:Watermark><t:TimeStamp>2026-11-25T08:00:00Z</t:TimeStamp><t:ItemId Id="i"/><t:ParentFolderId Id="p"/></t:NewMailEvent>
					<t:ModifiedEvent><t:Watermark>w3</t:Watermark><t:TimeStamp>2026-11-25T08:00:00Z</t:TimeStamp><t:FolderId Id="f"/><t:ParentFolderId Id="p"/><t:UnreadCount>2</t:UnreadCount></t:ModifiedEvent>
					<t:MovedEvent><t:Watermark>w4</t:Watermark><t:TimeStamp>2026-11-25T08:00:00Z</t:TimeStamp><t:ItemId Id="i"/><t:ParentFolderId Id="p"/><t:OldItemId Id="o"/><t:OldParentFolderId Id="q"/></t:MovedEvent>
				</m:Notification>
			</m:GetEventsResponseMessage></m:ResponseMessages></m:GetEventsResponse>`,
		},
		{
			&GetStreamingEventsResponse{[]GetStreamingEventsResponseMessage{
				{ResponseMessage: Success(), ConnectionStatus: ConnectionOK},
				{ResponseMessage: Failure(ErrorInvalidSubscription), ErrorSubscriptionIDs: []string{"s"}},
			}},
			`<m:GetStreamingEventsResponse><m:ResponseMessages>
				<m:GetStreamingEventsResponseMessage ResponseClass="Success">` + noErrorXML + `<m:ConnectionStatus>OK</m:ConnectionStatus></m:GetStreamingEventsResponseMessage>
				<m:GetStreamingEventsResponseMessage ResponseClass="Error">
					<m:MessageText>The subscription is invalid.</m:MessageText><m:ResponseCode>ErrorInvalidSubscription</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>
					<m:ErrorSubscriptionIds><m:SubscriptionId>s</m:SubscriptionId></m:ErrorSubscriptionIds>
				</m:GetStreamingEventsResponseMessage>
			</m:ResponseMessages></m:GetStreamingEventsResponse>`,
		},
	}
}
