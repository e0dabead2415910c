package ews

import "entente/strictxml"

// An IDFormat is a form of an id. [MS-OXWSCVTID].
//
// ews:type IdFormatType
type IDFormat string

const (
	FormatEwsLegacyID IDFormat = "EwsLegacyId" // Exchange 2007 RTM
	FormatEwsID       IDFormat = "EwsId"       // what all other operations use
	FormatEntryID     IDFormat = "EntryId"     // MAPI, base64
	FormatHexEntryID  IDFormat = "HexEntryId"  // MAPI, hex
	FormatStoreID     IDFormat = "StoreId"     // Exchange store
	FormatOwaID       IDFormat = "OwaId"       // Outlook on the web, for URLs
)

// A ConvertID turns ids into another form. [MS-OXWSCVTID] 3.1.4.1.
//
// ews:type m:ConvertIdType
type ConvertID struct {
	DestinationFormat IDFormat         `ews:"DestinationFormat,attr"`
	SourceIDs         []AlternateIDRef `ews:"m:SourceIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*ConvertID) Element() string { return "ConvertId" }

// An AlternateIDRef is an id to convert.
//
// ews:choice
type AlternateIDRef struct {
	AlternateID                 *AlternateID                 `ews:"t:AlternateId"`
	AlternatePublicFolderID     *AlternatePublicFolderID     `ews:"t:AlternatePublicFolderId"`
	AlternatePublicFolderItemID *AlternatePublicFolderItemID `ews:"t:AlternatePublicFolderItemId"`
}

// An AlternateID is an id in some form. [MS-OXWSCVTID].
//
// ews:type AlternateIdType
type AlternateID struct {
	Format    IDFormat `ews:"Format,attr"`
	ID        string   `ews:"Id,attr"`
	Mailbox   string   `ews:"Mailbox,attr"`
	IsArchive *bool    `ews:"IsArchive,attr"`
}

// An AlternatePublicFolderID is the id of a public folder. We have none; it is
// read so that the answer can say so. [MS-OXWSCVTID].
//
// ews:type AlternatePublicFolderIdType
type AlternatePublicFolderID struct {
	Format   IDFormat `ews:"Format,attr"`
	FolderID string   `ews:"FolderId,attr"`
}

// An AlternatePublicFolderItemID is the id of an item in a public folder.
// [MS-OXWSCVTID].
//
// ews:type AlternatePublicFolderItemIdType
type AlternatePublicFolderItemID struct {
	Format   IDFormat `ews:"Format,attr"`
	FolderID string   `ews:"FolderId,attr"`
	ItemID   string   `ews:"ItemId,attr"`
}

// A ConvertedID is an AlternateID in an answer. The schema declares the
// element with the abstract base of all id types, so xsi:type has to say which
// one it is: .NET clients fail without. [MS-OXWSCVTID] 3.1.4.1.
//
// ews:manual AlternateIdBaseType
type ConvertedID struct{ AlternateID }

const nsXSI = "http://www.w3.org/2001/XMLSchema-instance"

func (x *ConvertedID) appendXML(e *strictxml.Encoder, qname string) {
	e.Start(qname)
	e.Attr("xmlns:xsi", nsXSI)
	e.Attr("xsi:type", "t:AlternateIdType")
	e.Attr("Format", string(x.Format))
	e.Attr("Id", x.ID)
	e.Attr("Mailbox", x.Mailbox)
	if x.IsArchive != nil {
		e.AttrBool("IsArchive", *x.IsArchive)
	}
	e.End(qname)
}

func (x *ConvertedID) decodeXML(r *strictxml.Reader) { x.AlternateID.decodeXML(r) }

// A ConvertIDResponse has a message for each id, in the order of the request.
//
// ews:type m:ConvertIdResponseType
type ConvertIDResponse struct {
	ResponseMessages []ConvertIDResponseMessage `ews:"m:ResponseMessages>m:ConvertIdResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*ConvertIDResponse) Element() string { return "ConvertIdResponse" }

// A ConvertIDResponseMessage has the converted id.
//
// ews:type m:ConvertIdResponseMessageType
type ConvertIDResponseMessage struct {
	ResponseMessage `ews:",inline"`
	AlternateID     *ConvertedID `ews:"m:AlternateId"`
}
