package ews

// A Restriction is the filter of FindItem, FindFolder and search folders: one
// search expression. [MS-OXWSSRCH].
type Restriction struct {
	Expression SearchExpression `ews:",inline"`
}

// A SearchExpression is one node of a filter. Nesting is bounded by the depth
// the XML reader allows; how costly an expression may be is the server's
// decision. [MS-OXWSSRCH].
//
// ews:choice
type SearchExpression struct {
	Contains               *Contains          `ews:"t:Contains"`
	Excludes               *Excludes          `ews:"t:Excludes"`
	Exists                 *Exists            `ews:"t:Exists"`
	IsEqualTo              *TwoOperand        `ews:"t:IsEqualTo"`
	IsNotEqualTo           *TwoOperand        `ews:"t:IsNotEqualTo"`
	IsGreaterThan          *TwoOperand        `ews:"t:IsGreaterThan"`
	IsGreaterThanOrEqualTo *TwoOperand        `ews:"t:IsGreaterThanOrEqualTo"`
	IsLessThan             *TwoOperand        `ews:"t:IsLessThan"`
	IsLessThanOrEqualTo    *TwoOperand        `ews:"t:IsLessThanOrEqualTo"`
	And                    []SearchExpression `ews:"t:And>"`
	Not                    *SearchExpression  `ews:"t:Not"`
	Or                     []SearchExpression `ews:"t:Or>"`
}

// A TwoOperand compares a property with a constant or with another property.
// Properties an item does not have compare as in [MS-OXWSSRCH].
//
// ews:type TwoOperandExpressionType
type TwoOperand struct {
	Path               PathToElement      `ews:",inline"`
	FieldURIOrConstant FieldURIOrConstant `ews:"t:FieldURIOrConstant"`
}

// A FieldURIOrConstant is the right side of a comparison. [MS-OXWSSRCH].
//
// ews:choice
type FieldURIOrConstant struct {
	FieldURI         *FieldURI         `ews:"t:FieldURI"`
	IndexedFieldURI  *IndexedFieldURI  `ews:"t:IndexedFieldURI"`
	ExtendedFieldURI *ExtendedFieldURI `ews:"t:ExtendedFieldURI"`
	Constant         *ConstantValue    `ews:"t:Constant"`
}

// A ConstantValue is a value as text, in the form of the property it is
// compared with. [MS-OXWSSRCH].
type ConstantValue struct {
	Value string `ews:"Value,attr"`
}

// A ContainmentMode says what part of a text must be found. [MS-OXWSSRCH].
type ContainmentMode string

const (
	ContainsFullString    ContainmentMode = "FullString"
	ContainsPrefixed      ContainmentMode = "Prefixed"
	ContainsSubstring     ContainmentMode = "Substring"
	ContainsPrefixOnWords ContainmentMode = "PrefixOnWords"
	ContainsExactPhrase   ContainmentMode = "ExactPhrase"
)

// A ContainmentComparison says which differences do not count. [MS-OXWSSRCH].
type ContainmentComparison string

const (
	CompareExact                                 ContainmentComparison = "Exact"
	CompareIgnoreCase                            ContainmentComparison = "IgnoreCase"
	CompareIgnoreNonSpacing                      ContainmentComparison = "IgnoreNonSpacingCharacters"
	CompareLoose                                 ContainmentComparison = "Loose"
	CompareIgnoreCaseAndNonSpacing               ContainmentComparison = "IgnoreCaseAndNonSpacingCharacters"
	CompareLooseAndIgnoreCase                    ContainmentComparison = "LooseAndIgnoreCase"
	CompareLooseAndIgnoreNonSpacing              ContainmentComparison = "LooseAndIgnoreNonSpace"
	CompareLooseAndIgnoreCaseAndIgnoreNonSpacing ContainmentComparison = "LooseAndIgnoreCaseAndIgnoreNonSpace"
)

// Contains looks for text in a property. [MS-OXWSSRCH].
//
// ews:type ContainsExpressionType
type Contains struct {
	ContainmentMode       ContainmentMode       `ews:"ContainmentMode,attr,omitempty"`
	ContainmentComparison ContainmentComparison `ews:"ContainmentComparison,attr,omitempty"`
	Path                  PathToElement         `ews:",inline"`
	Constant              ConstantValue         `ews:"t:Constant"`
}

// Excludes holds if none of the bits is set in a property. [MS-OXWSSRCH].
type Excludes struct {
	Path    PathToElement `ews:",inline"`
	Bitmask ExcludesValue `ews:"t:Bitmask"`
}

// An ExcludesValue is a bit mask, decimal or 0x and hex. [MS-OXWSSRCH].
type ExcludesValue struct {
	Value ExcludesAttribute `ews:"Value,attr"`
}

// ExcludesAttribute is the text of a bit mask.
type ExcludesAttribute string

// Exists holds for items that have the property. [MS-OXWSSRCH].
type Exists struct {
	Path PathToElement `ews:",inline"`
}
