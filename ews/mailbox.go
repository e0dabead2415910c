package ews

// A MailboxType says what stands behind an address. [MS-OXWSCDATA].
type MailboxType string

const (
	MailboxUnknown         MailboxType = "Unknown"
	MailboxOneOff          MailboxType = "OneOff"
	MailboxMailbox         MailboxType = "Mailbox"
	MailboxPublicDL        MailboxType = "PublicDL"
	MailboxPrivateDL       MailboxType = "PrivateDL"
	MailboxContact         MailboxType = "Contact"
	MailboxPublicFolder    MailboxType = "PublicFolder"
	MailboxGroupMailbox    MailboxType = "GroupMailbox"
	MailboxImplicitContact MailboxType = "ImplicitContact"
)

// A Mailbox is an address with its name, as in a To line. [MS-OXWSCDATA].
//
// ews:type EmailAddressType
type Mailbox struct {
	Name                string      `ews:"t:Name,omitempty"`
	EmailAddress        string      `ews:"t:EmailAddress,omitempty"`
	RoutingType         string      `ews:"t:RoutingType,omitempty"` // SMTP if absent
	MailboxType         MailboxType `ews:"t:MailboxType,omitempty"`
	ItemID              *ItemID     `ews:"t:ItemId"` // of a private list or a contact
	OriginalDisplayName string      `ews:"t:OriginalDisplayName,omitempty"`
}

// An AvailabilityMailbox is the other, older form of an address, which only
// the availability and out-of-office operations use. [MS-OXWAVLS].
//
// ews:type EmailAddress
type AvailabilityMailbox struct {
	Name        string `ews:"t:Name,omitempty"`
	Address     string `ews:"t:Address"`
	RoutingType string `ews:"t:RoutingType,omitempty"`
}
