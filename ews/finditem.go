package ews

// An ItemQueryTraversal says which items of a folder are searched.
// [MS-OXWSSRCH].
type ItemQueryTraversal string

const (
	ItemsShallow     ItemQueryTraversal = "Shallow"
	ItemsSoftDeleted ItemQueryTraversal = "SoftDeleted"
	ItemsAssociated  ItemQueryTraversal = "Associated" // folder-associated (hidden) ones
)

// A FindItem lists items of folders. [MS-OXWSSRCH] 3.1.4.2.
type FindItem struct {
	Traversal       ItemQueryTraversal `ews:"Traversal,attr"`
	ItemShape       ItemResponseShape  `ews:"m:ItemShape"`
	View            ItemView           `ews:",inline,omitempty"`
	Grouping        ItemGrouping       `ews:",inline,omitempty"`
	Restriction     *Restriction       `ews:"m:Restriction"`
	SortOrder       []FieldOrder       `ews:"m:SortOrder>t:FieldOrder,omitempty,nonempty"`
	ParentFolderIDs []BaseFolderID     `ews:"m:ParentFolderIds>,nonempty"`
	QueryString     *QueryString       `ews:"m:QueryString"`
}

// Element is the local name of the request in NSMessages.
func (*FindItem) Element() string { return "FindItem" }

// An ItemView says which part of the list is wanted; at most one is set.
//
// ews:choice
type ItemView struct {
	IndexedPageItemView         *IndexedPageView         `ews:"m:IndexedPageItemView"`
	FractionalPageItemView      *FractionalPageView      `ews:"m:FractionalPageItemView"`
	SeekToConditionPageItemView *SeekToConditionPageView `ews:"m:SeekToConditionPageItemView"`
	CalendarView                *CalendarView            `ews:"m:CalendarView"`
	ContactsView                *ContactsView            `ews:"m:ContactsView"`
}

// An ItemGrouping asks for groups; at most one is set.
//
// ews:choice
type ItemGrouping struct {
	GroupBy              *GroupBy              `ews:"m:GroupBy"`
	DistinguishedGroupBy *DistinguishedGroupBy `ews:"m:DistinguishedGroupBy"`
}

// A QueryString is an Advanced Query Syntax text. [MS-OXWSSRCH].
//
// ews:type m:QueryStringType
type QueryString struct {
	ResetCache           *bool  `ews:"ResetCache,attr"`
	ReturnHighlightTerms *bool  `ews:"ReturnHighlightTerms,attr"`
	ReturnDeletedItems   *bool  `ews:"ReturnDeletedItems,attr"`
	Text                 string `ews:",text"`
}

// A FindItemResponse has a message for each folder searched, in the order of
// the request.
type FindItemResponse struct {
	ResponseMessages []FindItemResponseMessage `ews:"m:ResponseMessages>m:FindItemResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*FindItemResponse) Element() string { return "FindItemResponse" }

// A FindItemResponseMessage answers for one folder. [MS-OXWSSRCH] 3.1.4.2.
//
// ews:type m:FindItemResponseMessageType
type FindItemResponseMessage struct {
	ResponseMessage `ews:",inline"`
	RootFolder      *FindItemParent `ews:"m:RootFolder"`
}

// A FindItemParent is a page of items, or of groups of items. [MS-OXWSSRCH].
type FindItemParent struct {
	FindResponsePaging `ews:",inline"`
	Found              FoundItems `ews:",inline"`
}

// FoundItems is a list of items, empty rather than nil if none was found, or a
// list of groups if groups were asked for.
//
// ews:choice
type FoundItems struct {
	Items  []Item         `ews:"t:Items>"`
	Groups []GroupedItems `ews:"t:Groups>t:GroupedItems"`
}

// GroupedItems are items with the same value of the property grouped by.
// [MS-OXWSSRCH].
type GroupedItems struct {
	GroupIndex string `ews:"t:GroupIndex"`
	Items      []Item `ews:"t:Items>"`
}
