package ews

import "time"

// A BaseItemID names an item in one of the ways a request may.
// [MS-OXWSCDATA].
//
// ews:choice
type BaseItemID struct {
	ItemID                      *ItemID                      `ews:"t:ItemId"`
	OccurrenceItemID            *OccurrenceItemID            `ews:"t:OccurrenceItemId"`
	RecurringMasterItemID       *RecurringMasterItemID       `ews:"t:RecurringMasterItemId"`
	RecurringMasterItemIDRanges *RecurringMasterItemIDRanges `ews:"t:RecurringMasterItemIdRanges"`
}

// An OccurrenceItemID names an occurrence by its number in the series, from 1,
// deleted ones counted. [MS-OXWSCDATA].
//
// ews:type OccurrenceItemIdType
type OccurrenceItemID struct {
	RecurringMasterID string `ews:"RecurringMasterId,attr"`
	ChangeKey         string `ews:"ChangeKey,attr,omitempty"`
	InstanceIndex     int    `ews:"InstanceIndex,attr"`
}

// A RecurringMasterItemID names a series by one of its occurrences.
// [MS-OXWSCDATA].
//
// ews:type RecurringMasterItemIdType
type RecurringMasterItemID struct {
	OccurrenceID string `ews:"OccurrenceId,attr"`
	ChangeKey    string `ews:"ChangeKey,attr,omitempty"`
}

// RecurringMasterItemIDRanges names a series and ranges of its occurrences.
// [MS-OXWSCDATA].
//
// ews:type RecurringMasterItemIdRangesType
type RecurringMasterItemIDRanges struct {
	ID        string             `ews:"Id,attr"`
	ChangeKey string             `ews:"ChangeKey,attr,omitempty"`
	Ranges    []OccurrencesRange `ews:"t:Ranges>t:Range,omitempty"`
}

// An OccurrencesRange is a range of occurrences. [MS-OXWSCDATA].
type OccurrencesRange struct {
	Start                    *time.Time `ews:"Start,attr"`
	End                      *time.Time `ews:"End,attr"`
	Count                    *int       `ews:"Count,attr"`
	CompareOriginalStartTime *bool      `ews:"CompareOriginalStartTime,attr"`
}

// A BaseFolderID names a folder in one of the ways a request may.
// [MS-OXWSCDATA].
//
// ews:choice
type BaseFolderID struct {
	FolderID              *FolderID              `ews:"t:FolderId"`
	DistinguishedFolderID *DistinguishedFolderID `ews:"t:DistinguishedFolderId"`
}

// A TargetFolderID is the folder something goes to or is looked up in.
// [MS-OXWSCDATA].
//
// ews:choice
// ews:type TargetFolderIdType
type TargetFolderID struct {
	FolderID              *FolderID              `ews:"t:FolderId"`
	DistinguishedFolderID *DistinguishedFolderID `ews:"t:DistinguishedFolderId"`
	AddressListID         *AddressListID         `ews:"t:AddressListId"`
}

// Base returns the target as a BaseFolderID; ok is false for an address list,
// in which nothing can be kept.
func (t TargetFolderID) Base() (id BaseFolderID, ok bool) {
	id = BaseFolderID{FolderID: t.FolderID, DistinguishedFolderID: t.DistinguishedFolderID}
	return id, t.AddressListID == nil
}

// An AddressListID names an address list. [MS-OXWSCDATA].
//
// ews:type AddressListIdType
type AddressListID struct {
	ID string `ews:"Id,attr"`
}

// A DistinguishedFolderID names a folder every mailbox has, of the caller or
// of Mailbox. [MS-OXWSFOLD].
//
// ews:type DistinguishedFolderIdType
type DistinguishedFolderID struct {
	Mailbox   *Mailbox                `ews:"t:Mailbox"`
	ID        DistinguishedFolderName `ews:"Id,attr"`
	ChangeKey string                  `ews:"ChangeKey,attr,omitempty"`
}
