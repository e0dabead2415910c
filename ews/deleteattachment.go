package ews

// A DeleteAttachment removes attachments from their items. [MS-OXWSATT]
// 3.1.4.2.
type DeleteAttachment struct {
	AttachmentIDs []RequestAttachmentID `ews:"m:AttachmentIds>t:AttachmentId,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*DeleteAttachment) Element() string { return "DeleteAttachment" }

// A DeleteAttachmentResponse has a message for each id, in the order of the
// request.
type DeleteAttachmentResponse struct {
	ResponseMessages []DeleteAttachmentResponseMessage `ews:"m:ResponseMessages>m:DeleteAttachmentResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*DeleteAttachmentResponse) Element() string { return "DeleteAttachmentResponse" }

// A DeleteAttachmentResponseMessage has the item's new change key. [MS-OXWSATT]
// 3.1.4.2.
//
// ews:type m:DeleteAttachmentResponseMessageType
type DeleteAttachmentResponseMessage struct {
	ResponseMessage `ews:",inline"`
	RootItemID      *RootItemID `ews:"m:RootItemId"`
}

// A RootItemID names the item an attachment was removed from, as it is now.
// [MS-OXWSATT].
//
// ews:type RootItemIdType
type RootItemID struct {
	RootItemID        string `ews:"RootItemId,attr"`
	RootItemChangeKey string `ews:"RootItemChangeKey,attr"`
}
