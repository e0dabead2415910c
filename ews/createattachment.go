package ews

// A CreateAttachment adds attachments to an item. [MS-OXWSATT] 3.1.4.1.
type CreateAttachment struct {
	ParentItemID ItemID       `ews:"m:ParentItemId"`
	Attachments  []Attachment `ews:"m:Attachments>,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*CreateAttachment) Element() string { return "CreateAttachment" }

// A CreateAttachmentResponse has a message for each attachment, in the order
// of the request.
type CreateAttachmentResponse struct {
	ResponseMessages []AttachmentInfoResponseMessage `ews:"m:ResponseMessages>m:CreateAttachmentResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*CreateAttachmentResponse) Element() string { return "CreateAttachmentResponse" }

// An AttachmentInfoResponseMessage answers for one attachment: none after an
// error. [MS-OXWSATT].
//
// ews:type m:AttachmentInfoResponseMessageType
type AttachmentInfoResponseMessage struct {
	ResponseMessage `ews:",inline"`
	Attachments     []Attachment `ews:"m:Attachments>"`
}
