package ews

import "time"

var (
	noon    = time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)
	yes, no = true, false
)

// sample makes a value of a property, for every FieldType there is; entries
// give more than one.
func sample(k Kind, f Field) []Value {
	if v := sampleEntries(f); v != nil {
		return v
	}
	if f == FieldFolderSharingEffectiveRights && k == KindContactsFolder {
		return []Value{{Field: f, V: string(ReadFullDetails)}} // the only grade of contacts
	}
	if v := samplePlain(f.Type()); v != nil {
		return []Value{{Field: f, V: v}}
	}
	if f == FieldFolderPermissionSet && k == KindCalendarFolder {
		return []Value{{Field: f, V: &CalendarPermissionSet{CalendarPermissions: []CalendarPermission{{
			Base:                    BasePermission{UserID: UserID{DistinguishedUser: UserDefault}, CanCreateItems: &no},
			CalendarPermissionLevel: CalendarLevelFreeBusyTimeOnly,
		}}}}}
	}
	if v := sampleStruct(f.Type()); v != nil {
		return []Value{{Field: f, V: v}}
	}
	return nil
}

func samplePlain(t FieldType) any {
	switch t {
	case TypeString, TypeNonEmptyString:
		return "de-DE" // also a language
	case TypeGUID:
		return "c11ff724-aa03-4555-9952-8fa248a11c3e"
	case TypeBool:
		return true
	case TypeInt, TypeReminderMinutes:
		return int64(15)
	case TypeLong:
		return int64(1 << 40)
	case TypeFloat:
		return 12.5
	case TypeDateTime:
		return noon
	case TypeBinary:
		return []byte{0, 1, 254, 255}
	case TypeStrings:
		return []string{"Red category", "<&\">"}
	case TypeBinaries:
		return [][]byte{{1}, {2, 3}}
	case TypeResponseObjects:
		return []string{"ReplyToItem", "ForwardItem"}
	}
	return sampleEnum(t)
}

func sampleEnum(t FieldType) any {
	v, ok := map[FieldType]string{
		TypeSensitivity:                  string(SensitivityPrivate),
		TypeImportance:                   string(ImportanceHigh),
		TypeIconIndex:                    string(IconMailRead),
		TypeTaskStatus:                   string(TaskInProgress),
		TypeTaskDelegateState:            string(TaskDelegateOwned),
		TypeFileAsMapping:                string(FileAsLastCommaFirst),
		TypeContactSource:                string(ContactStore),
		TypePhysicalAddressIndex:         string(MailingHome),
		TypeLegacyFreeBusy:               string(LegacyOOF),
		TypeCalendarItemType:             string(CalendarItemException),
		TypeResponseType:                 string(ResponseAccept),
		TypeMeetingRequestType:           string(MeetingRequestFullUpdate),
		TypeDistinguishedFolderIdName:    string(FolderCalendar),
		TypeCalendarPermissionReadAccess: string(CalendarReadTimeOnly),
	}[t]
	if !ok {
		return nil
	}
	return v
}

func sampleStruct(t FieldType) any {
	weekly := RecurrencePattern{Weekly: &WeeklyRecurrence{Interval: 2, DaysOfWeek: DaysOfWeek{Monday, Friday}, FirstDayOfWeek: Monday}}
	until := RecurrenceRange{EndDate: &EndDateRecurrence{StartDate: "2026-03-02", EndDate: "2026-12-31"}}
	anna := Mailbox{Name: "Anna Berg", EmailAddress: "anna@contoso.example", RoutingType: "SMTP", MailboxType: MailboxMailbox}
	occurrence := Occurrence{ItemID: ItemID{ID: "AAA=", ChangeKey: "BBB="}, Start: noon, End: noon.Add(time.Hour), OriginalStart: noon}
	switch t {
	case TypeItemID:
		return &ItemID{ID: "AAMk+/=", ChangeKey: "EQAA"}
	case TypeFolderID:
		return &FolderID{ID: "AAMk+/="}
	case TypeMimeContent:
		return &MimeContent{CharacterSet: "UTF-8", Content: []byte("Subject: x\r\n\r\n\x00\xff")}
	case TypeBody:
		return &Body{BodyType: BodyHTML, Text: "<p>a &amp; b</p>\n"}
	case TypeFlag:
		return &Flag{FlagStatus: FlagFlagged, StartDate: noon, DueDate: noon}
	case TypeRetentionTag:
		return &RetentionTag{IsExplicit: true, ID: "c11ff724-aa03-4555-9952-8fa248a11c3e"}
	case TypeEffectiveRights:
		return &EffectiveRights{Delete: true, Read: true, ViewPrivateItems: &no}
	case TypeRecipient:
		return &anna
	case TypeRecipients:
		return []Mailbox{anna, {EmailAddress: "b@contoso.example"}}
	case TypeAttendees:
		return []Attendee{{Mailbox: anna, ResponseType: ResponseTentative, LastResponseTime: noon}}
	case TypeAttachments:
		return sampleAttachments()
	case TypeItems:
		return []Item{{Kind: KindCalendarItem, Values: []Value{{Field: FieldSubject, V: "other"}}}}
	case TypeRecurrence:
		return &Recurrence{Pattern: weekly, Range: until}
	case TypeTaskRecurrence:
		return &TaskRecurrence{
			Pattern: TaskRecurrencePattern{MonthlyRegeneration: &IntervalRecurrence{Interval: 3}},
			Range:   RecurrenceRange{NoEnd: &NoEndRecurrence{StartDate: "2026-03-02"}},
		}
	case TypeOccurrence:
		return &occurrence
	case TypeOccurrences:
		return []Occurrence{occurrence, occurrence}
	case TypeDeletedOccurrences:
		return []DeletedOccurrence{{Start: noon}}
	}
	return sampleZone(t)
}

func sampleZone(t FieldType) any {
	lastSunday := func(m Month) TimeChangePattern {
		return TimeChangePattern{RelativeYearly: &RelativeYearlyRecurrence{DaysOfWeek: Sunday, DayOfWeekIndex: Last, Month: m}}
	}
	switch t {
	case TypeTimeZone:
		return &TimeZone{
			TimeZoneName: "Central Europe", BaseOffset: "-PT60M",
			Standard: &TimeChange{Offset: "PT0M", Pattern: lastSunday(October), Time: "03:00:00"},
			Daylight: &TimeChange{Offset: "-PT60M", Pattern: lastSunday(March), Time: "02:00:00"},
		}
	case TypeTimeZoneDefinition:
		return sampleZoneDefinition()
	case TypeEnhancedLocation:
		lat := 48.2
		return &EnhancedLocation{DisplayName: "Room 1", PostalAddress: &PersonaPostalAddress{City: "Wien", Latitude: &lat, LocationSource: LocationResource}}
	case TypeChangeHighlights:
		return &ChangeHighlights{HasLocationChanged: &yes, Location: "Room 1"}
	case TypeCompleteName:
		return &CompleteName{FirstName: "Anna", LastName: "Berg"}
	case TypePermissionSet:
		return &PermissionSet{Permissions: []Permission{{
			Base: BasePermission{UserID: UserID{PrimarySMTPAddress: "b@contoso.example"}}, PermissionLevel: LevelReviewer,
		}}, UnknownEntries: []string{"S-1-5-21-1"}}
	case TypeSearchParameters:
		return &SearchParameters{
			Traversal:     SearchDeep,
			Restriction:   Restriction{Expression: SearchExpression{Exists: &Exists{Path: PathToElement{FieldURI: &FieldURI{"item:Subject"}}}}},
			BaseFolderIDs: []BaseFolderID{{FolderID: &FolderID{ID: "AAMk"}}},
		}
	}
	return nil
}

func sampleZoneDefinition() *TimeZoneDefinition {
	to := func(id string) TransitionTarget { return TransitionTarget{Kind: TransitionToPeriod, ID: id} }
	group := TransitionTarget{Kind: TransitionToGroup, ID: "0"}
	return &TimeZoneDefinition{
		ID: "W. Europe Standard Time", Name: "(UTC+01:00) Wien",
		Periods: []Period{{Bias: "-PT60M", Name: "Standard", ID: "std"}, {Bias: "-PT2H", Name: "Daylight", ID: "dst"}},
		TransitionsGroups: []TransitionsGroup{{ID: "0", List: []AnyTransition{
			{RecurringDay: &RecurringDayTransition{To: to("dst"), TimeOffset: "PT2H", Month: 3, DayOfWeek: Sunday, Occurrence: -1}},
			{RecurringDate: &RecurringDateTransition{To: to("std"), TimeOffset: "PT3H", Month: 10, Day: 25}},
		}}},
		Transitions: &TransitionsGroup{List: []AnyTransition{
			{Transition: &Transition{To: group}},
			{AbsoluteDate: &AbsoluteDateTransition{To: group, DateTime: FloatingTime(noon)}},
		}},
	}
}

func sampleAttachments() []Attachment {
	size := 3
	inner := Item{Kind: KindMessage, Values: []Value{
		{Field: FieldSubject, V: "inside"},
		{Field: FieldBody, V: &Body{BodyType: BodyText, Text: "text"}},
		{Field: FieldIsRead, V: true},
	}}
	return []Attachment{
		{File: &FileAttachment{
			AttachmentBase: AttachmentBase{
				AttachmentID: &AttachmentID{ID: "QQ=="}, Name: "a b.txt", ContentType: "text/plain", ContentID: "x@y",
				Size: &size, LastModifiedTime: noon, IsInline: &no,
			},
			IsContactPhoto: &no, Content: []byte("abc"),
		}},
		{Item: &ItemAttachment{AttachmentBase: AttachmentBase{Name: "m"}, Item: inner}},
		{Item: &ItemAttachment{AttachmentBase: AttachmentBase{Name: "without its item"}}},
		{Reference: &ReferenceAttachment{AttachmentBase: AttachmentBase{Name: "l"}, AttachLongPathName: "https://example.com/x", AttachmentIsFolder: &no}},
	}
}

// sampleEntries makes the values that stand for a container, and extended
// properties of several forms.
func sampleEntries(f Field) []Value {
	of := func(f Field, key string, v any) Value { return Value{Field: f, Indexed: key, V: v} }
	switch f {
	case FieldInternetMessageHeaders:
		return []Value{of(FieldInternetMessageHeader, "Received", "a"), of(FieldInternetMessageHeader, "Received", "b")}
	case FieldContactEmailAddresses:
		return []Value{
			of(FieldContactEmailAddress, "EmailAddress1", &EmailEntry{Key: EmailAddress1, Name: "A", RoutingType: "SMTP", Address: "a@b.example"}),
			of(FieldContactEmailAddress, "EmailAddress3", &EmailEntry{Key: EmailAddress3, Address: "c@b.example"}),
		}
	case FieldContactPhysicalAddresses:
		return []Value{
			of(FieldContactPhysicalAddressStreet, "Home", "Gasse 1"), of(FieldContactPhysicalAddressCity, "Home", "Wien"),
			of(FieldContactPhysicalAddressState, "Business", ""), of(FieldContactPhysicalAddressPostalCode, "Business", "1010"),
		}
	case FieldContactPhoneNumbers:
		return []Value{of(FieldContactPhoneNumber, "BusinessPhone", "+43 1"), of(FieldContactPhoneNumber, "MobilePhone", "2")}
	case FieldContactImAddresses:
		return []Value{of(FieldContactImAddress, "ImAddress1", "im")}
	case FieldMembers:
		return []Value{of(FieldMember, "a2V5", &Member{Key: "a2V5", Mailbox: &Mailbox{EmailAddress: "b@contoso.example"}, Status: MemberNormal})}
	case FieldExtendedProperty:
		id := 0
		return []Value{
			{Field: f, Ext: &ExtendedFieldURI{PropertyTag: "0x0e23", PropertyType: MapiInteger}, V: ExtendedValue{Value: "7"}},
			{Field: f, Ext: &ExtendedFieldURI{DistinguishedPropertySetID: PropertySetCommon, PropertyID: &id, PropertyType: MapiStringArray}, V: ExtendedValue{Values: []string{"a", ""}}},
			{Field: f, Ext: &ExtendedFieldURI{PropertySetID: "c11ff724-aa03-4555-9952-8fa248a11c3e", PropertyName: "x y", PropertyType: MapiString}, V: ExtendedValue{Value: " <a> "}},
		}
	}
	return nil
}

// fullProperties gives every property of a kind that has values.
func fullProperties(k Kind) []Value {
	var values []Value
	for _, f := range FieldsOf(k) {
		values = append(values, sample(k, f)...)
	}
	return values
}
