package ews

// A DefaultShapeName names a set of properties. [MS-OXWSCDATA].
type DefaultShapeName string

const (
	ShapeIDOnly          DefaultShapeName = "IdOnly"
	ShapeDefault         DefaultShapeName = "Default"
	ShapeAllProperties   DefaultShapeName = "AllProperties"
	ShapePcxPeopleSearch DefaultShapeName = "PcxPeopleSearch"
)

// A BodyTypeResponse is the kind of body a client wants. Best is HTML if the
// item has it. [MS-OXWSCDATA].
type BodyTypeResponse string

const (
	BodyBest   BodyTypeResponse = "Best"
	BodyAsHTML BodyTypeResponse = "HTML"
	BodyAsText BodyTypeResponse = "Text"
)

// An ItemResponseShape says which properties of items are wanted.
// [MS-OXWSCDATA].
type ItemResponseShape struct {
	BaseShape                 DefaultShapeName `ews:"t:BaseShape"`
	IncludeMimeContent        bool             `ews:"t:IncludeMimeContent,omitempty"`
	BodyType                  BodyTypeResponse `ews:"t:BodyType,omitempty"`
	UniqueBodyType            BodyTypeResponse `ews:"t:UniqueBodyType,omitempty"`
	NormalizedBodyType        BodyTypeResponse `ews:"t:NormalizedBodyType,omitempty"`
	FilterHTMLContent         bool             `ews:"t:FilterHtmlContent,omitempty"`
	ConvertHTMLCodePageToUTF8 *bool            `ews:"t:ConvertHtmlCodePageToUTF8"`
	InlineImageURLTemplate    string           `ews:"t:InlineImageUrlTemplate,omitempty"`
	BlockExternalImages       bool             `ews:"t:BlockExternalImages,omitempty"`
	AddBlankTargetToLinks     bool             `ews:"t:AddBlankTargetToLinks,omitempty"`
	MaximumBodySize           *int             `ews:"t:MaximumBodySize"`
	AdditionalProperties      []PathToElement  `ews:"t:AdditionalProperties>,omitempty"`
}

// A FolderResponseShape says which properties of folders are wanted.
// [MS-OXWSFOLD].
type FolderResponseShape struct {
	BaseShape            DefaultShapeName `ews:"t:BaseShape"`
	AdditionalProperties []PathToElement  `ews:"t:AdditionalProperties>,omitempty"`
}

// An AttachmentResponseShape says what of attached items is wanted.
// [MS-OXWSATT].
type AttachmentResponseShape struct {
	IncludeMimeContent   bool             `ews:"t:IncludeMimeContent,omitempty"`
	BodyType             BodyTypeResponse `ews:"t:BodyType,omitempty"`
	FilterHTMLContent    bool             `ews:"t:FilterHtmlContent,omitempty"`
	AdditionalProperties []PathToElement  `ews:"t:AdditionalProperties>,omitempty"`
}
