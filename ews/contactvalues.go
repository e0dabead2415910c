package ews

// A CompleteName is the name of a contact in its parts; the server makes it.
// [MS-OXWSCONT].
type CompleteName struct {
	Title         string `ews:"t:Title,omitempty"`
	FirstName     string `ews:"t:FirstName,omitempty"`
	MiddleName    string `ews:"t:MiddleName,omitempty"`
	LastName      string `ews:"t:LastName,omitempty"`
	Suffix        string `ews:"t:Suffix,omitempty"`
	Initials      string `ews:"t:Initials,omitempty"`
	FullName      string `ews:"t:FullName,omitempty"`
	Nickname      string `ews:"t:Nickname,omitempty"`
	YomiFirstName string `ews:"t:YomiFirstName,omitempty"`
	YomiLastName  string `ews:"t:YomiLastName,omitempty"`
}

// An EmailAddressKey is the key of an address of a contact. [MS-OXWSCONT].
type EmailAddressKey string

const (
	EmailAddress1 EmailAddressKey = "EmailAddress1"
	EmailAddress2 EmailAddressKey = "EmailAddress2"
	EmailAddress3 EmailAddressKey = "EmailAddress3"
)

// An EmailEntry is an address of a contact. The key is Value.Indexed in an
// item. [MS-OXWSCONT].
//
// ews:type EmailAddressDictionaryEntryType
type EmailEntry struct {
	Key         EmailAddressKey `ews:"Key,attr"`
	Name        string          `ews:"Name,attr,omitempty"`
	RoutingType string          `ews:"RoutingType,attr,omitempty"`
	MailboxType MailboxType     `ews:"MailboxType,attr,omitempty"`
	Address     string          `ews:",text"`
}

// A PhysicalAddressKey is the key of a postal address. [MS-OXWSCONT].
type PhysicalAddressKey string

const (
	AddressHome     PhysicalAddressKey = "Home"
	AddressBusiness PhysicalAddressKey = "Business"
	AddressOther    PhysicalAddressKey = "Other"
)

// A physicalEntry is a postal address as one element; an Item has its parts.
//
// ews:type PhysicalAddressDictionaryEntryType
type physicalEntry struct {
	Key             PhysicalAddressKey `ews:"Key,attr"`
	Street          *string            `ews:"t:Street"`
	City            *string            `ews:"t:City"`
	State           *string            `ews:"t:State"`
	CountryOrRegion *string            `ews:"t:CountryOrRegion"`
	PostalCode      *string            `ews:"t:PostalCode"`
}

// A PhoneNumberKey is the key of a telephone number. [MS-OXWSCONT].
type PhoneNumberKey string

const (
	PhoneAssistant      PhoneNumberKey = "AssistantPhone"
	PhoneBusinessFax    PhoneNumberKey = "BusinessFax"
	PhoneBusiness       PhoneNumberKey = "BusinessPhone"
	PhoneBusiness2      PhoneNumberKey = "BusinessPhone2"
	PhoneCallback       PhoneNumberKey = "Callback"
	PhoneCar            PhoneNumberKey = "CarPhone"
	PhoneCompanyMain    PhoneNumberKey = "CompanyMainPhone"
	PhoneHomeFax        PhoneNumberKey = "HomeFax"
	PhoneHome           PhoneNumberKey = "HomePhone"
	PhoneHome2          PhoneNumberKey = "HomePhone2"
	PhoneISDN           PhoneNumberKey = "Isdn"
	PhoneMobile         PhoneNumberKey = "MobilePhone"
	PhoneOtherFax       PhoneNumberKey = "OtherFax"
	PhoneOtherTelephone PhoneNumberKey = "OtherTelephone"
	PhonePager          PhoneNumberKey = "Pager"
	PhonePrimary        PhoneNumberKey = "PrimaryPhone"
	PhoneRadio          PhoneNumberKey = "RadioPhone"
	PhoneTelex          PhoneNumberKey = "Telex"
	PhoneTtyTdd         PhoneNumberKey = "TtyTddPhone"
	PhoneBusinessMobile PhoneNumberKey = "BusinessMobile"
	PhoneIP             PhoneNumberKey = "IPPhone"
	PhoneMMS            PhoneNumberKey = "Mms"
	PhoneMSN            PhoneNumberKey = "Msn"
)

// phoneEntry is one element of a contact's telephone numbers.
//
// ews:type PhoneNumberDictionaryEntryType
type phoneEntry struct {
	Key   PhoneNumberKey `ews:"Key,attr"`
	Value string         `ews:",text"`
}

// An ImAddressKey is the key of an instant messaging address. [MS-OXWSCONT].
type ImAddressKey string

const (
	ImAddress1 ImAddressKey = "ImAddress1"
	ImAddress2 ImAddressKey = "ImAddress2"
	ImAddress3 ImAddressKey = "ImAddress3"
)

// imEntry is one element of a contact's instant messaging addresses.
//
// ews:type ImAddressDictionaryEntryType
type imEntry struct {
	Key   ImAddressKey `ews:"Key,attr"`
	Value string       `ews:",text"`
}

// A FileAsMapping says how FileAs is made from the name. [MS-OXWSCONT].
type FileAsMapping string

const (
	FileAsNone                  FileAsMapping = "None"
	FileAsLastCommaFirst        FileAsMapping = "LastCommaFirst"
	FileAsFirstSpaceLast        FileAsMapping = "FirstSpaceLast"
	FileAsCompany               FileAsMapping = "Company"
	FileAsLastCommaFirstCompany FileAsMapping = "LastCommaFirstCompany"
	FileAsCompanyLastFirst      FileAsMapping = "CompanyLastFirst"
	FileAsLastFirst             FileAsMapping = "LastFirst"
	FileAsLastFirstCompany      FileAsMapping = "LastFirstCompany"
	FileAsCompanyLastCommaFirst FileAsMapping = "CompanyLastCommaFirst"
	FileAsLastFirstSuffix       FileAsMapping = "LastFirstSuffix"
	FileAsLastSpaceFirstCompany FileAsMapping = "LastSpaceFirstCompany"
	FileAsCompanyLastSpaceFirst FileAsMapping = "CompanyLastSpaceFirst"
	FileAsLastSpaceFirst        FileAsMapping = "LastSpaceFirst"
	FileAsDisplayName           FileAsMapping = "DisplayName"
	FileAsFirstName             FileAsMapping = "FirstName"
	FileAsLastFirstMiddleSuffix FileAsMapping = "LastFirstMiddleSuffix"
	FileAsLastName              FileAsMapping = "LastName"
	FileAsEmpty                 FileAsMapping = "Empty"
)

// A ContactSource says where a contact was found. [MS-OXWSCDATA].
type ContactSource string

const (
	ContactActiveDirectory ContactSource = "ActiveDirectory"
	ContactStore           ContactSource = "Store"
)

// A PhysicalAddressIndex chooses the mailing address. [MS-OXWSCONT].
type PhysicalAddressIndex string

const (
	MailingNone     PhysicalAddressIndex = "None"
	MailingHome     PhysicalAddressIndex = "Home"
	MailingBusiness PhysicalAddressIndex = "Business"
	MailingOther    PhysicalAddressIndex = "Other"
)

// A MemberStatus says whether a member of a private list can be resolved.
// [MS-OXWSDLIST].
type MemberStatus string

const (
	MemberUnrecognized MemberStatus = "Unrecognized"
	MemberNormal       MemberStatus = "Normal"
	MemberDemoted      MemberStatus = "Demoted"
)

// A Member of a private distribution list; its key is Value.Indexed in an
// item too. [MS-OXWSDLIST].
type Member struct {
	Key     string       `ews:"Key,attr,omitempty"`
	Mailbox *Mailbox     `ews:"t:Mailbox"`
	Status  MemberStatus `ews:"t:Status,omitempty"`
}
