package ews

import "time"

// An AttachmentID names an attachment; an answer to CreateAttachment and
// DeleteAttachment also tells the new change key of the item that holds it.
// [MS-OXWSATT].
type AttachmentID struct {
	ID                string `ews:"Id,attr"`
	RootItemID        string `ews:"RootItemId,attr,omitempty"`
	RootItemChangeKey string `ews:"RootItemChangeKey,attr,omitempty"`
}

// An Attachment is a file, an item, or a link to a file elsewhere.
// [MS-OXWSATT].
//
// ews:choice
type Attachment struct {
	Item      *ItemAttachment      `ews:"t:ItemAttachment"`
	File      *FileAttachment      `ews:"t:FileAttachment"`
	Reference *ReferenceAttachment `ews:"t:ReferenceAttachment"`
}

// Base returns what all attachments have; nil for an empty Attachment.
func (a *Attachment) Base() *AttachmentBase {
	switch {
	case a.Item != nil:
		return &a.Item.AttachmentBase
	case a.File != nil:
		return &a.File.AttachmentBase
	case a.Reference != nil:
		return &a.Reference.AttachmentBase
	}
	return nil
}

// AttachmentBase is what all attachments have.
type AttachmentBase struct {
	AttachmentID     *AttachmentID `ews:"t:AttachmentId"`
	Name             string        `ews:"t:Name,omitempty"`
	ContentType      string        `ews:"t:ContentType,omitempty"`
	ContentID        string        `ews:"t:ContentId,omitempty"`
	ContentLocation  string        `ews:"t:ContentLocation,omitempty"`
	OriginalURL      string        `ews:"t:AttachmentOriginalUrl,omitempty"`
	Size             *int          `ews:"t:Size"`
	LastModifiedTime time.Time     `ews:"t:LastModifiedTime,omitempty"`
	IsInline         *bool         `ews:"t:IsInline"`
}

// A FileAttachment is bytes with a name. Lists of attachments leave Content
// out, which is nil then.
type FileAttachment struct {
	AttachmentBase `ews:",inline"`
	IsContactPhoto *bool  `ews:"t:IsContactPhoto"`
	Content        []byte `ews:"t:Content,omitempty"`
}

// An ItemAttachment is an item in an item. Lists of attachments leave the item
// out: its Kind is KindNone then.
type ItemAttachment struct {
	AttachmentBase `ews:",inline"`
	Item           Item `ews:",inline,omitempty"`
}

// A ReferenceAttachment is a link.
type ReferenceAttachment struct {
	AttachmentBase      `ews:",inline"`
	AttachLongPathName  string `ews:"t:AttachLongPathName,omitempty"`
	ProviderType        string `ews:"t:ProviderType,omitempty"`
	ProviderEndpointURL string `ews:"t:ProviderEndpointUrl,omitempty"`
	ThumbnailURL        string `ews:"t:AttachmentThumbnailUrl,omitempty"`
	PreviewURL          string `ews:"t:AttachmentPreviewUrl,omitempty"`
	PermissionType      *int   `ews:"t:PermissionType"`
	OriginalPermission  *int   `ews:"t:OriginalPermissionType"`
	AttachmentIsFolder  *bool  `ews:"t:AttachmentIsFolder"`
}
