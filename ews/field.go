package ews

// A Field is a property of items or folders. Its zero value is no property.
type Field uint16

// A FieldType is the form of a property's value; with it, the Go type of
// Value.V. The comments name the type in the published schema.
type FieldType uint8

// The Go types of Value.V. Enumerations are plain strings in V, checked
// against the constants when they are read.
const (
	TypeOther FieldType = iota + 1 // xs:anyType; a property we do not keep: read over, never sent

	TypeString          // xs:string; string
	TypeNonEmptyString  // t:NonEmptyStringType; string
	TypeGUID            // t:GuidType; string
	TypeBool            // xs:boolean; bool
	TypeInt             // xs:int; int64
	TypeReminderMinutes // t:ReminderMinutesBeforeStartType; int64
	TypeLong            // xs:long; int64
	TypeFloat           // xs:double; float64
	TypeDateTime        // xs:dateTime; time.Time
	TypeBinary          // xs:base64Binary; []byte
	TypeStrings         // t:ArrayOfStringsType; []string
	TypeBinaries        // t:ArrayOfBinaryType; [][]byte

	TypeSensitivity                  // t:SensitivityChoicesType; string
	TypeImportance                   // t:ImportanceChoicesType; string
	TypeIconIndex                    // t:IconIndexType; string
	TypeTaskStatus                   // t:TaskStatusType; string
	TypeTaskDelegateState            // t:TaskDelegateStateType; string
	TypeFileAsMapping                // t:FileAsMappingType; string
	TypeContactSource                // t:ContactSourceType; string
	TypePhysicalAddressIndex         // t:PhysicalAddressIndexType; string
	TypeLegacyFreeBusy               // t:LegacyFreeBusyType; string
	TypeCalendarItemType             // t:CalendarItemTypeType; string
	TypeResponseType                 // t:ResponseTypeType; string
	TypeMeetingRequestType           // t:MeetingRequestTypeType; string
	TypeDistinguishedFolderIdName    // t:DistinguishedFolderIdNameType; string
	TypeCalendarPermissionReadAccess // t:CalendarPermissionReadAccessType; string

	TypeItemID             // t:ItemIdType; *ItemID
	TypeFolderID           // t:FolderIdType; *FolderID
	TypeMimeContent        // t:MimeContentType; *MimeContent
	TypeBody               // t:BodyType; *Body
	TypeFlag               // t:FlagType; *Flag
	TypeRetentionTag       // t:RetentionTagType; *RetentionTag
	TypeEffectiveRights    // t:EffectiveRightsType; *EffectiveRights
	TypeRecipient          // t:SingleRecipientType; *Mailbox
	TypeRecipients         // t:ArrayOfRecipientsType; []Mailbox
	TypeAttendees          // t:NonEmptyArrayOfAttendeesType; []Attendee
	TypeAttachments        // t:NonEmptyArrayOfAttachmentsType; []Attachment
	TypeResponseObjects    // t:NonEmptyArrayOfResponseObjectsType; []string, such as ReplyToItem
	TypeItems              // t:NonEmptyArrayOfAllItemsType; []Item
	TypeRecurrence         // t:RecurrenceType; *Recurrence
	TypeTaskRecurrence     // t:TaskRecurrenceType; *TaskRecurrence
	TypeOccurrence         // t:OccurrenceInfoType; *Occurrence
	TypeOccurrences        // t:NonEmptyArrayOfOccurrenceInfoType; []Occurrence
	TypeDeletedOccurrences // t:NonEmptyArrayOfDeletedOccurrencesType; []DeletedOccurrence
	TypeTimeZone           // t:TimeZoneType; *TimeZone
	TypeTimeZoneDefinition // t:TimeZoneDefinitionType; *TimeZoneDefinition
	TypeEnhancedLocation   // t:EnhancedLocationType; *EnhancedLocation
	TypeChangeHighlights   // t:ChangeHighlightsType; *ChangeHighlights
	TypeCompleteName       // t:CompleteNameType; *CompleteName
	TypePermissionSet      // t:PermissionSetType; *PermissionSet, of calendars *CalendarPermissionSet
	TypeSearchParameters   // t:SearchParametersType; *SearchParameters

	// Each extended property is a Value of its own, with Value.Ext.
	TypeExtendedProperty // t:ExtendedPropertyType; ExtendedValue

	// Containers have no Value themselves: each entry has, with Value.Indexed.
	TypeInternetHeaders   // t:NonEmptyArrayOfInternetHeadersType
	TypeEmailAddresses    // t:EmailAddressDictionaryType
	TypePhysicalAddresses // t:PhysicalAddressDictionaryType
	TypePhoneNumbers      // t:PhoneNumberDictionaryType
	TypeImAddresses       // t:ImAddressDictionaryType
	TypeMembers           // t:MembersListType

	TypeHeaderEntry // t:InternetHeaderType; string
	TypeEmailEntry  // t:EmailAddressDictionaryEntryType; *EmailEntry
	TypeAddressPart // xs:string; string
	TypePhoneEntry  // t:PhoneNumberDictionaryEntryType; string
	TypeImEntry     // t:ImAddressDictionaryEntryType; string
	TypeMember      // t:MemberType; *Member
)

// A fieldRow is one row of fieldTable.
type fieldRow struct {
	uri, element string
	typ          FieldType
	flags        fieldFlags
	container    Field // of an entry
}

type fieldFlags uint8

const (
	settable fieldFlags = 1 << iota
	inAll
	getOnly
	indexed
)

func (f Field) row() fieldRow {
	if f >= numFields {
		return fieldRow{}
	}
	return fieldTable[f]
}

// URI is the name of the property in requests, such as item:Subject. A few
// properties have none and cannot be asked for: "".
func (f Field) URI() string { return f.row().uri }

// Element is the local name of the property's element in NSTypes.
func (f Field) Element() string { return f.row().element }

// Type is the form of the property's value.
func (f Field) Type() FieldType { return f.row().typ }

// Settable reports whether a client may give the property a value. Many
// clients send properties back that are not, and Exchange refuses those with
// ErrorInvalidPropertySet or ignores them: the server decides.
func (f Field) Settable() bool { return f.row().flags&settable != 0 }

// InAllProperties reports whether the shape AllProperties has the property.
func (f Field) InAllProperties() bool { return f.row().flags&inAll != 0 }

// GetOnly reports whether FindItem and FindFolder leave the property out, even
// when it is asked for by name.
func (f Field) GetOnly() bool { return f.row().flags&getOnly != 0 }

// Indexed reports whether the property is an entry of a dictionary or list,
// such as FieldContactPhoneNumber: its values have a key in Value.Indexed.
func (f Field) Indexed() bool { return f.row().flags&indexed != 0 }

// Container is the dictionary or list of an indexed property, such as
// FieldContactPhoneNumbers; FieldNone for others.
func (f Field) Container() Field { return f.row().container }

// Entries are the indexed properties of a container; nil for others.
func (f Field) Entries() []Field {
	var entries []Field
	for e := FieldInternetMessageHeader; e < numFields; e++ {
		if f != FieldNone && fieldTable[e].container == f {
			entries = append(entries, e)
		}
	}
	return entries
}

// A Kind is a kind of element that holds properties: an item, a folder or a
// response object.
type Kind uint8

const (
	KindNone Kind = iota

	KindItem
	KindMessage
	KindCalendarItem
	KindContact
	KindDistributionList
	KindMeetingMessage
	KindMeetingRequest
	KindMeetingResponse
	KindMeetingCancellation
	KindTask
	KindPostItem

	KindFolder
	KindCalendarFolder
	KindContactsFolder
	KindSearchFolder
	KindTasksFolder

	KindAcceptItem
	KindTentativelyAcceptItem
	KindDeclineItem
	KindReplyToItem
	KindForwardItem
	KindReplyAllToItem
	KindCancelCalendarItem
	KindRemoveItem
	KindSuppressReadReceipt
	KindPostReplyItem
	KindAcceptSharingInvitation

	numKinds
)

// A kindRow is one row of kindTable.
type kindRow struct {
	element, xsd string
	base         Kind
	own          []Field
	def          []Field
}

// Element is the local name of the kind's element in NSTypes.
func (k Kind) Element() string {
	if k >= numKinds {
		return ""
	}
	return kindTable[k].element
}

// IsItem reports whether k is an item; response objects are none.
func (k Kind) IsItem() bool { return k >= KindItem && k <= KindPostItem }

// IsFolder reports whether k is a folder.
func (k Kind) IsFolder() bool { return k >= KindFolder && k <= KindTasksFolder }

// IsResponseObject reports whether k is a way to answer an item, which
// CreateItem takes in place of one.
func (k Kind) IsResponseObject() bool { return k >= KindAcceptItem && k < numKinds }

// Is reports whether k is base or extends it: a MeetingRequest is a Message.
func (k Kind) Is(base Kind) bool {
	for ; k != KindNone && k < numKinds; k = kindTable[k].base {
		if k == base {
			return true
		}
	}
	return false
}

// Has reports whether items of the kind have the property. Every item and
// folder has FieldExtendedProperty.
func (k Kind) Has(f Field) bool { return k < numKinds && f < numFields && fieldRanks[k][f] != 0 }

// DefaultFields returns the properties of the shape Default, in schema order.
// FindItem leaves out those that are GetOnly.
func DefaultFields(k Kind) []Field {
	if k >= numKinds {
		return nil
	}
	return append([]Field(nil), kindTable[k].def...)
}

// AllFields returns the properties of the shape AllProperties, in schema
// order. FindItem leaves out those that are GetOnly.
func AllFields(k Kind) []Field {
	all := FieldsOf(k)
	n := 0
	for _, f := range all {
		if f.InAllProperties() {
			all[n] = f
			n++
		}
	}
	return all[:n]
}
