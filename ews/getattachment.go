package ews

// A GetAttachment asks for attachments with their content. [MS-OXWSATT]
// 3.1.4.3.
type GetAttachment struct {
	AttachmentShape *AttachmentResponseShape `ews:"m:AttachmentShape"`
	AttachmentIDs   []RequestAttachmentID    `ews:"m:AttachmentIds>t:AttachmentId,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*GetAttachment) Element() string { return "GetAttachment" }

// A RequestAttachmentID names an attachment. [MS-OXWSATT].
//
// ews:type RequestAttachmentIdType
type RequestAttachmentID struct {
	ID string `ews:"Id,attr"`
}

// A GetAttachmentResponse has a message for each id, in the order of the
// request.
type GetAttachmentResponse struct {
	ResponseMessages []AttachmentInfoResponseMessage `ews:"m:ResponseMessages>m:GetAttachmentResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*GetAttachmentResponse) Element() string { return "GetAttachmentResponse" }
