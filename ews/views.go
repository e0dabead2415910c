package ews

import "time"

// An IndexBasePoint is the end a page is counted from. [MS-OXWSSRCH].
type IndexBasePoint string

const (
	BasePointBeginning IndexBasePoint = "Beginning"
	BasePointEnd       IndexBasePoint = "End"
)

// An IndexedPageView asks for a page from an offset. [MS-OXWSSRCH].
//
// A nil MaxEntriesReturned asks for as many as there are; 0 is refused with
// ErrorInvalidPagingMaxRows, hence the pointer here and below.
type IndexedPageView struct {
	MaxEntriesReturned *int           `ews:"MaxEntriesReturned,attr"`
	Offset             int            `ews:"Offset,attr"`
	BasePoint          IndexBasePoint `ews:"BasePoint,attr"`
}

// A FractionalPageView asks for a page that starts a fraction of the way in.
// [MS-OXWSSRCH].
type FractionalPageView struct {
	MaxEntriesReturned *int `ews:"MaxEntriesReturned,attr"`
	Numerator          int  `ews:"Numerator,attr"`
	Denominator        int  `ews:"Denominator,attr"`
}

// A SeekToConditionPageView asks for a page that starts at the first item the
// condition holds for. [MS-OXWSSRCH].
type SeekToConditionPageView struct {
	MaxEntriesReturned *int             `ews:"MaxEntriesReturned,attr"`
	BasePoint          IndexBasePoint   `ews:"BasePoint,attr"`
	Condition          SearchExpression `ews:"t:Condition>"`
}

// A CalendarView asks for all appointments and occurrences that touch a time
// window. [MS-OXWSSRCH].
type CalendarView struct {
	MaxEntriesReturned *int      `ews:"MaxEntriesReturned,attr"`
	StartDate          time.Time `ews:"StartDate,attr"`
	EndDate            time.Time `ews:"EndDate,attr"`
}

// A ContactsView asks for the contacts whose names lie in a range.
// [MS-OXWSSRCH].
type ContactsView struct {
	MaxEntriesReturned *int   `ews:"MaxEntriesReturned,attr"`
	InitialName        string `ews:"InitialName,attr,omitempty"`
	FinalName          string `ews:"FinalName,attr,omitempty"`
}

// FindResponsePaging says where a page of results stands in the whole.
// exchangelib and others page by these attributes, eM Client insists on them.
// [MS-OXWSSRCH].
type FindResponsePaging struct {
	IndexedPagingOffset     *int  `ews:"IndexedPagingOffset,attr"`
	NumeratorOffset         *int  `ews:"NumeratorOffset,attr"`
	AbsoluteDenominator     *int  `ews:"AbsoluteDenominator,attr"`
	IncludesLastItemInRange *bool `ews:"IncludesLastItemInRange,attr"`
	TotalItemsInView        *int  `ews:"TotalItemsInView,attr"`
}

// A SortDirection is the direction of a sort order. [MS-OXWSSRCH].
type SortDirection string

const (
	SortAscending  SortDirection = "Ascending"
	SortDescending SortDirection = "Descending"
)

// A FieldOrder is one key of a sort order. [MS-OXWSSRCH].
type FieldOrder struct {
	Order SortDirection `ews:"Order,attr"`
	Path  PathToElement `ews:",inline"`
}

// An Aggregate says which item of a group stands for it. [MS-OXWSSRCH].
type Aggregate string

const (
	AggregateMinimum Aggregate = "Minimum"
	AggregateMaximum Aggregate = "Maximum"
)

// AggregateOn says what groups are sorted by. [MS-OXWSSRCH].
type AggregateOn struct {
	Aggregate Aggregate     `ews:"Aggregate,attr"`
	Path      PathToElement `ews:",inline"`
}

// A GroupBy asks for items in groups. [MS-OXWSSRCH].
type GroupBy struct {
	Order       SortDirection `ews:"Order,attr"`
	Path        PathToElement `ews:",inline"`
	AggregateOn AggregateOn   `ews:"t:AggregateOn"`
}

// A StandardGroupBy is a grouping known by name. [MS-OXWSSRCH].
type StandardGroupBy string

const GroupByConversationTopic StandardGroupBy = "ConversationTopic"

// A DistinguishedGroupBy asks for a grouping known by name. [MS-OXWSSRCH].
type DistinguishedGroupBy struct {
	Order           SortDirection   `ews:"Order,attr"`
	StandardGroupBy StandardGroupBy `ews:"t:StandardGroupBy"`
}
