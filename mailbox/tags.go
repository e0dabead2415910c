package mailbox

// Property tags, by the names of [MS-OXPROPS] 2.
//
// Some say what an item's own fields say better (its class, size, times of
// creation and change, its bodies); those are never kept among the Props, see
// computed.
const (
	// Envelope and message.
	PidTagImportance                  Prop = 0x00170003
	PidTagMessageClass                Prop = 0x001A001F // Item.Class
	PidTagOriginatorDeliveryReport    Prop = 0x0023000B
	PidTagPriority                    Prop = 0x00260003
	PidTagReadReceiptRequested        Prop = 0x0029000B
	PidTagSensitivity                 Prop = 0x00360003 // 0 normal, 1 personal, 2 private, 3 confidential
	PidTagSubject                     Prop = 0x0037001F
	PidTagClientSubmitTime            Prop = 0x00390040
	PidTagSubjectPrefix               Prop = 0x003D001F
	PidTagReceivedByName              Prop = 0x0040001F
	PidTagSentRepresentingName        Prop = 0x0042001F
	PidTagReceivedRepresentingName    Prop = 0x0044001F
	PidTagReplyRecipientNames         Prop = 0x0050001F
	PidTagMessageToMe                 Prop = 0x0057000B
	PidTagMessageCcMe                 Prop = 0x0058000B
	PidTagStartDate                   Prop = 0x00600040
	PidTagEndDate                     Prop = 0x00610040
	PidTagOwnerAppointmentID          Prop = 0x00620003
	PidTagResponseRequested           Prop = 0x0063000B
	PidTagSentRepresentingAddressType Prop = 0x0064001F
	PidTagSentRepresentingAddress     Prop = 0x0065001F
	PidTagConversationTopic           Prop = 0x0070001F
	PidTagConversationIndex           Prop = 0x00710102
	PidTagReceivedByAddressType       Prop = 0x0075001F
	PidTagReceivedByAddress           Prop = 0x0076001F
	PidTagReceivedRepresentingAddress Prop = 0x0078001F
	PidTagTransportMessageHeaders     Prop = 0x007D001F
	PidTagSenderName                  Prop = 0x0C1A001F
	PidTagSenderAddressType           Prop = 0x0C1E001F
	PidTagSenderAddress               Prop = 0x0C1F001F
	PidTagReplyRequested              Prop = 0x0C17000B
	PidTagDeleteAfterSubmit           Prop = 0x0E01000B
	PidTagDisplayBcc                  Prop = 0x0E02001F // kept up to date here from Recipients
	PidTagDisplayCc                   Prop = 0x0E03001F // kept up to date here from Recipients
	PidTagDisplayTo                   Prop = 0x0E04001F // kept up to date here from Recipients
	PidTagMessageDeliveryTime         Prop = 0x0E060040
	PidTagMessageFlags                Prop = 0x0E070003 // bit 0 (read) from Item.Read
	PidTagMessageSize                 Prop = 0x0E080003 // Item.Size
	PidTagSentMailEntryID             Prop = 0x0E0A0102
	PidTagHasAttachments              Prop = 0x0E1B000B // kept up to date here
	PidTagNormalizedSubject           Prop = 0x0E1D001F
	PidTagInternetArticleNumber       Prop = 0x0E230003 // Item.Article
	PidTagRead                        Prop = 0x0E69000B // Item.Read
	PidTagAccess                      Prop = 0x0FF40003
	PidTagInstanceKey                 Prop = 0x0FF60102
	PidTagRecordKey                   Prop = 0x0FF90102
	PidTagEntryID                     Prop = 0x0FFF0102

	// Bodies.
	PidTagBody                  Prop = 0x1000001F // Item.Body.Text
	PidTagRtfCompressed         Prop = 0x10090102
	PidTagHTML                  Prop = 0x10130102 // Item.Body.HTML
	PidTagBodyContentLocation   Prop = 0x1014001F
	PidTagNativeBody            Prop = 0x10160003
	PidTagInternetMessageID     Prop = 0x1035001F
	PidTagInternetReferences    Prop = 0x1039001F
	PidTagInReplyToID           Prop = 0x1042001F
	PidTagIconIndex             Prop = 0x10800003
	PidTagLastVerbExecuted      Prop = 0x10810003
	PidTagLastVerbExecutionTime Prop = 0x10820040
	PidTagFlagStatus            Prop = 0x10900003
	PidTagFlagCompleteTime      Prop = 0x10910040
	PidTagFollowupIcon          Prop = 0x10950003
	PidTagURLCompName           Prop = 0x10F3001F
	PidTagAttributeHidden       Prop = 0x10F4000B
	PidTagAttributeReadOnly     Prop = 0x10F6000B
	PidTagSwappedToDoStore      Prop = 0x0E2C0102
	PidTagToDoItemFlags         Prop = 0x0E2B0003
	PidTagMessageEditorFormat   Prop = 0x59090003
	PidTagSenderSMTPAddress     Prop = 0x5D01001F
	PidTagSentRepresentingSMTP  Prop = 0x5D02001F
	PidTagInternetCodepage      Prop = 0x3FDE0003
	PidTagMessageLocaleID       Prop = 0x3FF10003
	PidTagCreatorName           Prop = 0x3FF8001F
	PidTagLastModifierName      Prop = 0x3FFA001F
	PidTagConversationID        Prop = 0x30130102

	// Objects and folders.
	PidTagDisplayName          Prop = 0x3001001F
	PidTagAddressType          Prop = 0x3002001F
	PidTagEmailAddress         Prop = 0x3003001F
	PidTagComment              Prop = 0x3004001F
	PidTagCreationTime         Prop = 0x30070040 // Item.Created
	PidTagLastModificationTime Prop = 0x30080040 // Item.Modified
	PidTagSearchKey            Prop = 0x300B0102
	PidTagContentCount         Prop = 0x36020003
	PidTagContentUnreadCount   Prop = 0x36030003
	PidTagSubfolders           Prop = 0x360A000B
	PidTagContainerClass       Prop = 0x3613001F // Folder.Class
	PidTagExtendedFolderFlags  Prop = 0x36DA0102
	PidTagDefaultPostMessage   Prop = 0x36E5001F
	PidTagLocalCommitTime      Prop = 0x67090040
	PidTagLocalCommitTimeMax   Prop = 0x670A0040 // of a folder: its last change, Folder.ContentModified
	PidTagRoamingDatatypes     Prop = 0x7C060003
	PidTagRoamingDictionary    Prop = 0x7C070102
	PidTagRoamingXMLStream     Prop = 0x7C080102
	PidTagRoamingBinary        Prop = 0x7C090102
	PidTagMid                  Prop = 0x674A0014
	PidTagFolderID             Prop = 0x67480014
	PidTagChangeKey            Prop = 0x65E20102
	PidTagConflictEntryID      Prop = 0x3FF00102
	PidTagMessageStatus        Prop = 0x0E170003
	PidTagContentFilterSCL     Prop = 0x40760003
	PidTagOriginalSubject      Prop = 0x0049001F
	PidTagOriginalMessageID    Prop = 0x1046001F
	PidTagAutoForwarded        Prop = 0x0005000B
	PidTagReplyTime            Prop = 0x00300040

	// Contacts.
	PidTagAccount                     Prop = 0x3A00001F
	PidTagGeneration                  Prop = 0x3A05001F
	PidTagGivenName                   Prop = 0x3A06001F
	PidTagBusinessTelephoneNumber     Prop = 0x3A08001F
	PidTagHomeTelephoneNumber         Prop = 0x3A09001F
	PidTagInitials                    Prop = 0x3A0A001F
	PidTagSurname                     Prop = 0x3A11001F
	PidTagPostalAddress               Prop = 0x3A15001F
	PidTagCompanyName                 Prop = 0x3A16001F
	PidTagTitle                       Prop = 0x3A17001F
	PidTagDepartmentName              Prop = 0x3A18001F
	PidTagOfficeLocation              Prop = 0x3A19001F
	PidTagPrimaryTelephoneNumber      Prop = 0x3A1A001F
	PidTagBusiness2TelephoneNumber    Prop = 0x3A1B001F
	PidTagMobileTelephoneNumber       Prop = 0x3A1C001F
	PidTagRadioTelephoneNumber        Prop = 0x3A1D001F
	PidTagCarTelephoneNumber          Prop = 0x3A1E001F
	PidTagOtherTelephoneNumber        Prop = 0x3A1F001F
	PidTagPagerTelephoneNumber        Prop = 0x3A21001F
	PidTagPrimaryFaxNumber            Prop = 0x3A23001F
	PidTagBusinessFaxNumber           Prop = 0x3A24001F
	PidTagHomeFaxNumber               Prop = 0x3A25001F
	PidTagCountry                     Prop = 0x3A26001F
	PidTagLocality                    Prop = 0x3A27001F
	PidTagStateOrProvince             Prop = 0x3A28001F
	PidTagStreetAddress               Prop = 0x3A29001F
	PidTagPostalCode                  Prop = 0x3A2A001F
	PidTagPostOfficeBox               Prop = 0x3A2B001F
	PidTagTelexNumber                 Prop = 0x3A2C001F
	PidTagIsdnNumber                  Prop = 0x3A2D001F
	PidTagAssistantTelephoneNumber    Prop = 0x3A2E001F
	PidTagHome2TelephoneNumber        Prop = 0x3A2F001F
	PidTagAssistant                   Prop = 0x3A30001F
	PidTagWeddingAnniversary          Prop = 0x3A410040
	PidTagBirthday                    Prop = 0x3A420040
	PidTagHobbies                     Prop = 0x3A43001F
	PidTagMiddleName                  Prop = 0x3A44001F
	PidTagDisplayNamePrefix           Prop = 0x3A45001F
	PidTagProfession                  Prop = 0x3A46001F
	PidTagSpouseName                  Prop = 0x3A48001F
	PidTagTTYTDDTelephoneNumber       Prop = 0x3A4B001F
	PidTagManagerName                 Prop = 0x3A4E001F
	PidTagNickname                    Prop = 0x3A4F001F
	PidTagPersonalHomePage            Prop = 0x3A50001F
	PidTagBusinessHomePage            Prop = 0x3A51001F
	PidTagCompanyMainTelephoneNumber  Prop = 0x3A57001F
	PidTagChildrensNames              Prop = 0x3A58101F
	PidTagHomeAddressCity             Prop = 0x3A59001F
	PidTagHomeAddressCountry          Prop = 0x3A5A001F
	PidTagHomeAddressPostalCode       Prop = 0x3A5B001F
	PidTagHomeAddressStateOrProvince  Prop = 0x3A5C001F
	PidTagHomeAddressStreet           Prop = 0x3A5D001F
	PidTagOtherAddressCity            Prop = 0x3A5F001F
	PidTagOtherAddressCountry         Prop = 0x3A60001F
	PidTagOtherAddressPostalCode      Prop = 0x3A61001F
	PidTagOtherAddressStateOrProvince Prop = 0x3A62001F
	PidTagOtherAddressStreet          Prop = 0x3A63001F
	PidTagCallbackTelephoneNumber     Prop = 0x3A02001F
	PidTagGovernmentIDNumber          Prop = 0x3A07001F
	PidTagCustomerID                  Prop = 0x3A4A001F
	PidTagUserX509Certificate         Prop = 0x3A701102
)

// computed reports whether a property is said by a field of Item and so is not
// kept among its Props: what a client sets there has no effect, and what a
// client asks for is answered from the field.
func computed(p Prop) bool {
	switch p {
	case PidTagMessageClass, PidTagMessageSize, PidTagInternetArticleNumber, PidTagRead,
		PidTagCreationTime, PidTagLastModificationTime, PidTagBody, PidTagHTML,
		PidTagEntryID, PidTagInstanceKey,
		PidTagRecordKey, PidTagMid, PidTagFolderID, PidTagChangeKey, PidTagAccess,
		PidTagContentCount, PidTagContentUnreadCount, PidTagSubfolders, PidTagLocalCommitTimeMax:
		return true
	}
	return false
}
