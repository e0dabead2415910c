package ews

// requests has requests of every operation we read, in the form we write them
// in, apart from blanks between tags.
func requests() map[string][]string {
	all := itemRequests()
	for _, more := range []map[string][]string{folderRequests(), otherRequests(), findRequests()} {
		for name, texts := range more {
			all[name] = texts
		}
	}
	return all
}

func itemRequests() map[string][]string {
	return map[string][]string{
		"GetItem": {`
			<m:GetItem>
				<m:ItemShape>
					<t:BaseShape>IdOnly</t:BaseShape>
					<t:IncludeMimeContent>true</t:IncludeMimeContent>
					<t:BodyType>Best</t:BodyType>
					<t:ConvertHtmlCodePageToUTF8>false</t:ConvertHtmlCodePageToUTF8>
					<t:MaximumBodySize>0</t:MaximumBodySize>
					<t:AdditionalProperties>
						<t:FieldURI FieldURI="item:Subject"/>
						<t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="MobilePhone"/>
						<t:ExtendedFieldURI PropertyTag="0x0e23" PropertyType="Integer"/>
						<t:ExtendedFieldURI PropertyTag="4340" PropertyType="Boolean"/>
						<t:ExtendedFieldURI DistinguishedPropertySetId="Common" PropertyId="0" PropertyType="String"/>
						<t:ExtendedFieldURI PropertySetId="c11ff724-aa03-4555-9952-8fa248a11c3e" PropertyName="é &amp; &lt;x&gt;" PropertyType="StringArray"/>
					</t:AdditionalProperties>
				</m:ItemShape>
				<m:ItemIds>
					<t:ItemId Id="AAMk+/=" ChangeKey="EQAA"/>
					<t:OccurrenceItemId RecurringMasterId="AAMk" InstanceIndex="3"/>
					<t:RecurringMasterItemId OccurrenceId="AAMk" ChangeKey="EQAA"/>
					<t:RecurringMasterItemIdRanges Id="AAMk"><t:Ranges><t:Range Start="2026-01-01T00:00:00Z" Count="2"/></t:Ranges></t:RecurringMasterItemIdRanges>
				</m:ItemIds>
			</m:GetItem>`},
		"CreateItem": {`
			<m:CreateItem MessageDisposition="SendAndSaveCopy">
				<m:SavedItemFolderId><t:DistinguishedFolderId Id="sentitems"><t:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId></m:SavedItemFolderId>
				<m:Items>
					<t:Message><t:Subject>Tea</t:Subject><t:Body BodyType="Text">At four?</t:Body><t:ToRecipients><t:Mailbox><t:EmailAddress>ben@contoso.example</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message>
				</m:Items>
			</m:CreateItem>`, `
			<m:CreateItem SendMeetingInvitations="SendToNone">
				<m:Items><t:CalendarItem><t:Subject>Tea</t:Subject><t:Start>2026-11-25T16:00:00Z</t:Start><t:End>2026-11-25T17:00:00Z</t:End></t:CalendarItem></m:Items>
			</m:CreateItem>`, `
			<m:CreateItem MessageDisposition="SendAndSaveCopy">
				<m:Items><t:AcceptItem><t:ReferenceItemId Id="AAMk" ChangeKey="EQAA"/></t:AcceptItem></m:Items>
			</m:CreateItem>`},
		"UpdateItem": {`
			<m:UpdateItem ConflictResolution="AutoResolve" MessageDisposition="SaveOnly" SendMeetingInvitationsOrCancellations="SendToChangedAndSaveCopy">
				<m:ItemChanges>
					<t:ItemChange>
						<t:ItemId Id="AAMk" ChangeKey="EQAA"/>
						<t:Updates>
							<t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:Message><t:Subject>Coffee</t:Subject></t:Message></t:SetItemField>
							<t:AppendToItemField><t:FieldURI FieldURI="item:Body"/><t:Message><t:Body BodyType="Text">!</t:Body></t:Message></t:AppendToItemField>
							<t:DeleteItemField><t:FieldURI FieldURI="item:Categories"/></t:DeleteItemField>
						</t:Updates>
					</t:ItemChange>
					<t:ItemChange>
						<t:OccurrenceItemId RecurringMasterId="AAMk" InstanceIndex="1"/>
						<t:Updates><t:SetItemField><t:FieldURI FieldURI="calendar:Location"/><t:CalendarItem><t:Location>Garden</t:Location></t:CalendarItem></t:SetItemField></t:Updates>
					</t:ItemChange>
				</m:ItemChanges>
			</m:UpdateItem>`},
		"DeleteItem": {`
			<m:DeleteItem DeleteType="MoveToDeletedItems" SendMeetingCancellations="SendToNone" AffectedTaskOccurrences="AllOccurrences" SuppressReadReceipts="true">
				<m:ItemIds><t:ItemId Id="a"/><t:ItemId Id="b"/></m:ItemIds>
			</m:DeleteItem>`},
		"MoveItem": {`
			<m:MoveItem>
				<m:ToFolderId><t:FolderId Id="f"/></m:ToFolderId>
				<m:ItemIds><t:ItemId Id="a"/></m:ItemIds>
				<m:ReturnNewItemIds>false</m:ReturnNewItemIds>
			</m:MoveItem>`},
		"CopyItem": {`<m:CopyItem><m:ToFolderId><t:DistinguishedFolderId Id="drafts"/></m:ToFolderId><m:ItemIds><t:ItemId Id="a"/></m:ItemIds></m:CopyItem>`},
		"SendItem": {`
			<m:SendItem SaveItemToFolder="true">
				<m:ItemIds><t:ItemId Id="a" ChangeKey="k"/></m:ItemIds>
				<m:SavedItemFolderId><t:DistinguishedFolderId Id="sentitems"/></m:SavedItemFolderId>
			</m:SendItem>`},
		"CreateAttachment": {`
			<m:CreateAttachment>
				<m:ParentItemId Id="a" ChangeKey="k"/>
				<m:Attachments><t:FileAttachment><t:Name>tea.txt</t:Name><t:Content>dGVh</t:Content></t:FileAttachment></m:Attachments>
			</m:CreateAttachment>`},
		"GetAttachment": {
			`
			<m:GetAttachment>
				<m:AttachmentShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:AttachmentShape>
				<m:AttachmentIds><t:AttachmentId Id="a"/></m:AttachmentIds>
			</m:GetAttachment>`,
			`<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="a"/><t:AttachmentId Id="b"/></m:AttachmentIds></m:GetAttachment>`,
		},
		"DeleteAttachment": {`<m:DeleteAttachment><m:AttachmentIds><t:AttachmentId Id="a"/></m:AttachmentIds></m:DeleteAttachment>`},
		"SyncFolderItems": {`
			<m:SyncFolderItems>
				<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>
				<m:SyncFolderId><t:DistinguishedFolderId Id="inbox"/></m:SyncFolderId>
				<m:SyncState>H4sI</m:SyncState>
				<m:Ignore><t:ItemId Id="a"/></m:Ignore>
				<m:MaxChangesReturned>512</m:MaxChangesReturned>
				<m:SyncScope>NormalItems</m:SyncScope>
			</m:SyncFolderItems>`},
	}
}

func folderRequests() map[string][]string {
	return map[string][]string{
		"GetFolder": {`
			<m:GetFolder>
				<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape>
				<m:FolderIds><t:DistinguishedFolderId Id="msgfolderroot"/><t:FolderId Id="f"/></m:FolderIds>
			</m:GetFolder>`},
		"CreateFolder": {`
			<m:CreateFolder>
				<m:ParentFolderId><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderId>
				<m:Folders><t:Folder><t:DisplayName>Tea</t:DisplayName></t:Folder><t:CalendarFolder><t:DisplayName>Times</t:DisplayName></t:CalendarFolder></m:Folders>
			</m:CreateFolder>`},
		"UpdateFolder": {`
			<m:UpdateFolder>
				<m:FolderChanges>
					<t:FolderChange>
						<t:FolderId Id="f"/>
						<t:Updates>
							<t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/><t:Folder><t:DisplayName>Coffee</t:DisplayName></t:Folder></t:SetFolderField>
							<t:DeleteFolderField><t:ExtendedFieldURI PropertyTag="0x3004" PropertyType="String"/></t:DeleteFolderField>
						</t:Updates>
					</t:FolderChange>
				</m:FolderChanges>
			</m:UpdateFolder>`},
		"DeleteFolder": {`<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds><t:FolderId Id="f"/></m:FolderIds></m:DeleteFolder>`},
		"EmptyFolder":  {`<m:EmptyFolder DeleteType="SoftDelete" DeleteSubFolders="false"><m:FolderIds><t:FolderId Id="f"/></m:FolderIds></m:EmptyFolder>`},
		"MoveFolder":   {`<m:MoveFolder><m:ToFolderId><t:FolderId Id="f"/></m:ToFolderId><m:FolderIds><t:FolderId Id="g"/></m:FolderIds></m:MoveFolder>`},
		"CopyFolder":   {`<m:CopyFolder><m:ToFolderId><t:FolderId Id="f"/></m:ToFolderId><m:FolderIds><t:FolderId Id="g"/></m:FolderIds></m:CopyFolder>`},
		"SyncFolderHierarchy": {
			`<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape></m:SyncFolderHierarchy>`, `
			<m:SyncFolderHierarchy>
				<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>
				<m:SyncFolderId><t:DistinguishedFolderId Id="root"/></m:SyncFolderId>
				<m:SyncState>H4sI</m:SyncState>
			</m:SyncFolderHierarchy>`,
		},
		"MarkAllItemsAsRead": {`
			<m:MarkAllItemsAsRead>
				<m:ReadFlag>true</m:ReadFlag>
				<m:SuppressReadReceipts>false</m:SuppressReadReceipts>
				<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds>
			</m:MarkAllItemsAsRead>`},
		"GetUserConfiguration": {`
			<m:GetUserConfiguration>
				<m:UserConfigurationName Name="OWA.UserOptions"><t:DistinguishedFolderId Id="root"/></m:UserConfigurationName>
				<m:UserConfigurationProperties>Dictionary XmlData</m:UserConfigurationProperties>
			</m:GetUserConfiguration>`},
		"CreateUserConfiguration": {`
			<m:CreateUserConfiguration>
				<m:UserConfiguration>
					<t:UserConfigurationName Name="Tea"><t:DistinguishedFolderId Id="calendar"/></t:UserConfigurationName>
					<t:Dictionary>
						<t:DictionaryEntry>
							<t:DictionaryKey><t:Type>String</t:Type><t:Value>kinds</t:Value></t:DictionaryKey>
							<t:DictionaryValue><t:Type>StringArray</t:Type><t:Value>green</t:Value><t:Value>black</t:Value></t:DictionaryValue>
						</t:DictionaryEntry>
					</t:Dictionary>
					<t:BinaryData>AAEC</t:BinaryData>
				</m:UserConfiguration>
			</m:CreateUserConfiguration>`},
		"UpdateUserConfiguration": {`
			<m:UpdateUserConfiguration>
				<m:UserConfiguration>
					<t:UserConfigurationName Name="Tea"><t:FolderId Id="f"/></t:UserConfigurationName>
					<t:XmlData>PHgvPg==</t:XmlData>
				</m:UserConfiguration>
			</m:UpdateUserConfiguration>`},
		"DeleteUserConfiguration": {`<m:DeleteUserConfiguration><m:UserConfigurationName Name="Tea"><t:FolderId Id="f"/></m:UserConfigurationName></m:DeleteUserConfiguration>`},
	}
}

func findRequests() map[string][]string {
	find := func(inner string) string {
		return `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>` + inner +
			`<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds></m:FindItem>`
	}
	return map[string][]string{
		"FindItem": {
			find(""),
			find(`<m:IndexedPageItemView MaxEntriesReturned="50" Offset="500" BasePoint="End"/>`),
			find(`<m:FractionalPageItemView MaxEntriesReturned="0" Numerator="1" Denominator="3"/>`),
			find(`<m:CalendarView StartDate="2026-11-01T00:00:00Z" EndDate="2026-12-01T00:00:00Z"/>`),
			find(`<m:ContactsView MaxEntriesReturned="5" InitialName="A" FinalName="C"/>`),
			find(`<m:SeekToConditionPageItemView BasePoint="Beginning">
				<t:Condition><t:IsEqualTo><t:FieldURI FieldURI="message:IsRead"/><t:FieldURIOrConstant><t:Constant Value="false"/></t:FieldURIOrConstant></t:IsEqualTo></t:Condition>
			</m:SeekToConditionPageItemView>`),
			find(`<m:GroupBy Order="Descending">
				<t:FieldURI FieldURI="item:Subject"/>
				<t:AggregateOn Aggregate="Maximum"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:AggregateOn>
			</m:GroupBy>`),
			find(`<m:DistinguishedGroupBy Order="Ascending"><t:StandardGroupBy>ConversationTopic</t:StandardGroupBy></m:DistinguishedGroupBy>`),
			find(`<m:Restriction>
				<t:And>
					<t:Or>
						<t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase"><t:FieldURI FieldURI="item:Subject"/><t:Constant Value="tea"/></t:Contains>
						<t:Excludes><t:ExtendedFieldURI PropertyTag="0x0e07" PropertyType="Integer"/><t:Bitmask Value="0x01"/></t:Excludes>
						<t:Exists><t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="EmailAddress1"/></t:Exists>
					</t:Or>
					<t:Not><t:IsNotEqualTo><t:FieldURI FieldURI="item:Size"/><t:FieldURIOrConstant><t:FieldURI FieldURI="item:Size"/></t:FieldURIOrConstant></t:IsNotEqualTo></t:Not>
					<t:IsGreaterThan><t:FieldURI FieldURI="item:Size"/><t:FieldURIOrConstant><t:Constant Value="1"/></t:FieldURIOrConstant></t:IsGreaterThan>
					<t:IsGreaterThanOrEqualTo><t:FieldURI FieldURI="item:Size"/><t:FieldURIOrConstant><t:Constant Value="1"/></t:FieldURIOrConstant></t:IsGreaterThanOrEqualTo>
					<t:IsLessThan><t:FieldURI FieldURI="item:Size"/><t:FieldURIOrConstant><t:Constant Value="9"/></t:FieldURIOrConstant></t:IsLessThan>
					<t:IsLessThanOrEqualTo><t:FieldURI FieldURI="item:Size"/><t:FieldURIOrConstant><t:Constant Value="9"/></t:FieldURIOrConstant></t:IsLessThanOrEqualTo>
				</t:And>
			</m:Restriction>
			<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>`),
			`<m:FindItem Traversal="Associated"><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>
				<m:ParentFolderIds><t:FolderId Id="f"/></m:ParentFolderIds><m:QueryString ResetCache="true">subject:tea</m:QueryString></m:FindItem>`,
		},
		"FindFolder": {`
			<m:FindFolder Traversal="Deep">
				<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>
				<m:IndexedPageFolderView MaxEntriesReturned="10" Offset="0" BasePoint="Beginning"/>
				<m:Restriction><t:Exists><t:FieldURI FieldURI="folder:DisplayName"/></t:Exists></m:Restriction>
				<m:ParentFolderIds><t:DistinguishedFolderId Id="root"/></m:ParentFolderIds>
			</m:FindFolder>`},
		"ResolveNames": {`
			<m:ResolveNames ReturnFullContactData="true" SearchScope="ActiveDirectoryContacts" ContactDataShape="AllProperties">
				<m:ParentFolderIds><t:DistinguishedFolderId Id="contacts"/></m:ParentFolderIds>
				<m:UnresolvedEntry>ann</m:UnresolvedEntry>
			</m:ResolveNames>`, `<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>smtp:a@b.example</m:UnresolvedEntry></m:ResolveNames>`},
		"GetSharingMetadata": {`<m:GetSharingMetadata><m:IdOfFolderToShare Id="abc"/><m:SenderSmtpAddress>anna@contoso.example</m:SenderSmtpAddress><m:Recipients><t:SmtpAddress>dana@fabrikam.example</t:SmtpAddress><t:SmtpAddress>dan@fabrikam.example</t:SmtpAddress></m:Recipients></m:GetSharingMetadata>`},
		"GetSharingFolder": {
			`<m:GetSharingFolder><m:SmtpAddress>anna@contoso.example</m:SmtpAddress><m:DataType>Calendar</m:DataType></m:GetSharingFolder>`,
			`<m:GetSharingFolder><m:SmtpAddress>anna@contoso.example</m:SmtpAddress><m:SharedFolderId>abc</m:SharedFolderId></m:GetSharingFolder>`,
		},
		"RefreshSharingFolder": {`<m:RefreshSharingFolder><m:SharingFolderId Id="abc"/></m:RefreshSharingFolder>`},
		"ExpandDL":             {`<m:ExpandDL><m:Mailbox><t:EmailAddress>all@contoso.example</t:EmailAddress><t:MailboxType>PublicDL</t:MailboxType></m:Mailbox></m:ExpandDL>`},
	}
}

func otherRequests() map[string][]string {
	return map[string][]string{
		"ConvertId": {`
			<m:ConvertId DestinationFormat="EwsId">
				<m:SourceIds>
					<t:AlternateId Format="EwsLegacyId" Id="DUMMY" Mailbox="anna@contoso.example"/>
					<t:AlternatePublicFolderId Format="EntryId" FolderId="AAAA"/>
					<t:AlternatePublicFolderItemId Format="HexEntryId" FolderId="00" ItemId="01"/>
				</m:SourceIds>
			</m:ConvertId>`},
		"GetUserAvailabilityRequest": {`
			<m:GetUserAvailabilityRequest>
				<t:TimeZone>
					<t:Bias>-60</t:Bias>
					<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>10</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>
					<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder><t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime>
				</t:TimeZone>
				<m:MailboxDataArray>
					<t:MailboxData><t:Email><t:Address>anna@contoso.example</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType></t:MailboxData>
					<t:MailboxData><t:Email><t:Name>Ben</t:Name><t:Address>ben@contoso.example</t:Address><t:RoutingType>SMTP</t:RoutingType></t:Email><t:AttendeeType>Room</t:AttendeeType><t:ExcludeConflicts>true</t:ExcludeConflicts></t:MailboxData>
				</m:MailboxDataArray>
				<t:FreeBusyViewOptions>
					<t:TimeWindow><t:StartTime>2026-11-23T00:00:00Z</t:StartTime><t:EndTime>2026-11-30T00:00:00Z</t:EndTime></t:TimeWindow>
					<t:MergedFreeBusyIntervalInMinutes>30</t:MergedFreeBusyIntervalInMinutes>
					<t:RequestedView>DetailedMerged</t:RequestedView>
				</t:FreeBusyViewOptions>
				<t:SuggestionsViewOptions>
					<t:GoodThreshold>25</t:GoodThreshold>
					<t:MaximumResultsByDay>0</t:MaximumResultsByDay>
					<t:MinimumSuggestionQuality>Fair</t:MinimumSuggestionQuality>
					<t:DetailedSuggestionsWindow><t:StartTime>2026-11-23T00:00:00Z</t:StartTime><t:EndTime>2026-11-24T00:00:00Z</t:EndTime></t:DetailedSuggestionsWindow>
				</t:SuggestionsViewOptions>
			</m:GetUserAvailabilityRequest>`},
		"GetUserOofSettingsRequest": {`<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>anna@contoso.example</t:Address></t:Mailbox></m:GetUserOofSettingsRequest>`},
		"SetUserOofSettingsRequest": {`
			<m:SetUserOofSettingsRequest>
				<t:Mailbox><t:Address>anna@contoso.example</t:Address></t:Mailbox>
				<t:UserOofSettings>
					<t:OofState>Scheduled</t:OofState>
					<t:ExternalAudience>Known</t:ExternalAudience>
					<t:Duration><t:StartTime>2026-12-24T00:00:00Z</t:StartTime><t:EndTime>2027-01-02T00:00:00Z</t:EndTime></t:Duration>
					<t:InternalReply><t:Message>Away</t:Message></t:InternalReply>
					<t:ExternalReply><t:Message>&lt;b&gt;Away&lt;/b&gt;</t:Message></t:ExternalReply>
				</t:UserOofSettings>
			</m:SetUserOofSettingsRequest>`},
		"GetServerTimeZones": {
			`<m:GetServerTimeZones/>`,
			`<m:GetServerTimeZones ReturnFullTimeZoneData="false"><m:Ids><t:Id>UTC</t:Id><t:Id>W. Europe Standard Time</t:Id></m:Ids></m:GetServerTimeZones>`,
		},
		"GetRoomLists": {`<m:GetRoomLists/>`},
		"GetRooms":     {`<m:GetRooms><m:RoomList><t:EmailAddress>rooms@contoso.example</t:EmailAddress></m:RoomList></m:GetRooms>`},
		"GetDelegate": {`
			<m:GetDelegate IncludePermissions="true">
				<m:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></m:Mailbox>
				<m:UserIds><t:UserId><t:PrimarySmtpAddress>ben@contoso.example</t:PrimarySmtpAddress></t:UserId></m:UserIds>
			</m:GetDelegate>`},
		"AddDelegate": {`
			<m:AddDelegate>
				<m:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></m:Mailbox>
				<m:DelegateUsers><t:DelegateUser>
					<t:UserId><t:PrimarySmtpAddress>ben@contoso.example</t:PrimarySmtpAddress></t:UserId>
					<t:DelegatePermissions>
						<t:CalendarFolderPermissionLevel>Author</t:CalendarFolderPermissionLevel>
						<t:ContactsFolderPermissionLevel>Reviewer</t:ContactsFolderPermissionLevel>
					</t:DelegatePermissions>
					<t:ReceiveCopiesOfMeetingMessages>false</t:ReceiveCopiesOfMeetingMessages>
					<t:ViewPrivateItems>false</t:ViewPrivateItems>
				</t:DelegateUser></m:DelegateUsers>
				<m:DeliverMeetingRequests>DelegatesAndMe</m:DeliverMeetingRequests>
			</m:AddDelegate>`},
		"UpdateDelegate": {`
			<m:UpdateDelegate>
				<m:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></m:Mailbox>
				<m:DelegateUsers><t:DelegateUser><t:UserId><t:SID>S-1-1-0</t:SID></t:UserId></t:DelegateUser></m:DelegateUsers>
			</m:UpdateDelegate>`, `
			<m:UpdateDelegate>
				<m:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></m:Mailbox>
				<m:DeliverMeetingRequests>NoForward</m:DeliverMeetingRequests>
			</m:UpdateDelegate>`},
		"RemoveDelegate": {`
			<m:RemoveDelegate>
				<m:Mailbox><t:EmailAddress>anna@contoso.example</t:EmailAddress></m:Mailbox>
				<m:UserIds><t:UserId><t:PrimarySmtpAddress>ben@contoso.example</t:PrimarySmtpAddress></t:UserId></m:UserIds>
			</m:RemoveDelegate>`},
		"Subscribe": {`
			<m:Subscribe>
				<m:PullSubscriptionRequest SubscribeToAllFolders="false">
					<t:FolderIds><t:DistinguishedFolderId Id="inbox"/></t:FolderIds>
					<t:EventTypes><t:EventType>NewMailEvent</t:EventType></t:EventTypes>
					<t:Watermark>AAA</t:Watermark>
					<t:Timeout>10</t:Timeout>
				</m:PullSubscriptionRequest>
			</m:Subscribe>`, `
			<m:Subscribe>
				<m:PushSubscriptionRequest>
					<t:EventTypes><t:EventType>CreatedEvent</t:EventType></t:EventTypes>
					<t:StatusFrequency>1</t:StatusFrequency>
					<t:URL>http://127.0.0.1/</t:URL>
				</m:PushSubscriptionRequest>
			</m:Subscribe>`, `
			<m:Subscribe>
				<m:StreamingSubscriptionRequest SubscribeToAllFolders="true">
					<t:EventTypes><t:EventType>CreatedEvent</t:EventType><t:EventType>DeletedEvent</t:EventType></t:EventTypes>
				</m:StreamingSubscriptionRequest>
			</m:Subscribe>`},
		"Unsubscribe": {`<m:Unsubscribe><m:SubscriptionId>s</m:SubscriptionId></m:Unsubscribe>`},
		"GetEvents":   {`<m:GetEvents><m:SubscriptionId>s</m:SubscriptionId><m:Watermark>w</m:Watermark></m:GetEvents>`},
		"GetStreamingEvents": {`
			<m:GetStreamingEvents>
				<m:SubscriptionIds><t:SubscriptionId>s</t:SubscriptionId></m:SubscriptionIds>
				<m:ConnectionTimeout>30</m:ConnectionTimeout>
			</m:GetStreamingEvents>`},
	}
}
