package ews

// A GetItem asks for properties of items it names. [MS-OXWSCORE] 3.1.4.4.
type GetItem struct {
	ItemShape ItemResponseShape `ews:"m:ItemShape"`
	ItemIDs   []BaseItemID      `ews:"m:ItemIds>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*GetItem) Element() string { return "GetItem" }

// A GetItemResponse has a message for each id, in the order of the request.
type GetItemResponse struct {
	ResponseMessages []ItemInfoResponseMessage `ews:"m:ResponseMessages>m:GetItemResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*GetItemResponse) Element() string { return "GetItemResponse" }

// An ItemInfoResponseMessage answers for one item: none after an error.
// [MS-OXWSCDATA].
//
// ews:type m:ItemInfoResponseMessageType
type ItemInfoResponseMessage struct {
	ResponseMessage `ews:",inline"`
	Items           []Item `ews:"m:Items>"`
}
