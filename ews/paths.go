package ews

// A FieldURI names a property by its URI, such as item:Subject.
// FieldByURI finds it in the field table. [MS-OXWSCDATA].
//
// ews:type PathToUnindexedFieldType
type FieldURI struct {
	FieldURI UnindexedFieldURI `ews:"FieldURI,attr"`
}

// UnindexedFieldURI is the text of a property's URI. Its values are those of
// the field table, so they are no constants here: see FieldByURI.
type UnindexedFieldURI string

// An IndexedFieldURI names one entry of a property that is a dictionary, such
// as contacts:PhoneNumber with index BusinessPhone. [MS-OXWSCDATA].
//
// ews:type PathToIndexedFieldType
type IndexedFieldURI struct {
	FieldURI   DictionaryURI `ews:"FieldURI,attr"`
	FieldIndex string        `ews:"FieldIndex,attr"`
}

// A DictionaryURI names a property that has entries. [MS-OXWSCDATA].
type DictionaryURI string

const (
	DictionaryInternetMessageHeader DictionaryURI = "item:InternetMessageHeader"
	DictionaryImAddress             DictionaryURI = "contacts:ImAddress"
	DictionaryStreet                DictionaryURI = "contacts:PhysicalAddress:Street"
	DictionaryCity                  DictionaryURI = "contacts:PhysicalAddress:City"
	DictionaryState                 DictionaryURI = "contacts:PhysicalAddress:State"
	DictionaryCountryOrRegion       DictionaryURI = "contacts:PhysicalAddress:CountryOrRegion"
	DictionaryPostalCode            DictionaryURI = "contacts:PhysicalAddress:PostalCode"
	DictionaryPhoneNumber           DictionaryURI = "contacts:PhoneNumber"
	DictionaryEmailAddress          DictionaryURI = "contacts:EmailAddress"
	DictionaryMember                DictionaryURI = "distributionlist:Members:Member"
)

// A DistinguishedPropertySet is a named-property set known by name.
// [MS-OXWSXPROP].
type DistinguishedPropertySet string

const (
	PropertySetMeeting           DistinguishedPropertySet = "Meeting"
	PropertySetAppointment       DistinguishedPropertySet = "Appointment"
	PropertySetCommon            DistinguishedPropertySet = "Common"
	PropertySetPublicStrings     DistinguishedPropertySet = "PublicStrings"
	PropertySetAddress           DistinguishedPropertySet = "Address"
	PropertySetInternetHeaders   DistinguishedPropertySet = "InternetHeaders"
	PropertySetCalendarAssistant DistinguishedPropertySet = "CalendarAssistant"
	PropertySetUnifiedMessaging  DistinguishedPropertySet = "UnifiedMessaging"
	PropertySetTask              DistinguishedPropertySet = "Task"
	PropertySetSharing           DistinguishedPropertySet = "Sharing"
)

// A MapiPropertyType is the type of an extended property. [MS-OXWSXPROP] lists what each one looks like as text.
type MapiPropertyType string

const (
	MapiApplicationTime      MapiPropertyType = "ApplicationTime"
	MapiApplicationTimeArray MapiPropertyType = "ApplicationTimeArray"
	MapiBinary               MapiPropertyType = "Binary"
	MapiBinaryArray          MapiPropertyType = "BinaryArray"
	MapiBoolean              MapiPropertyType = "Boolean"
	MapiCLSID                MapiPropertyType = "CLSID"
	MapiCLSIDArray           MapiPropertyType = "CLSIDArray"
	MapiCurrency             MapiPropertyType = "Currency"
	MapiCurrencyArray        MapiPropertyType = "CurrencyArray"
	MapiDouble               MapiPropertyType = "Double"
	MapiDoubleArray          MapiPropertyType = "DoubleArray"
	MapiError                MapiPropertyType = "Error"
	MapiFloat                MapiPropertyType = "Float"
	MapiFloatArray           MapiPropertyType = "FloatArray"
	MapiInteger              MapiPropertyType = "Integer"
	MapiIntegerArray         MapiPropertyType = "IntegerArray"
	MapiLong                 MapiPropertyType = "Long"
	MapiLongArray            MapiPropertyType = "LongArray"
	MapiNull                 MapiPropertyType = "Null"
	MapiObject               MapiPropertyType = "Object"
	MapiObjectArray          MapiPropertyType = "ObjectArray"
	MapiShort                MapiPropertyType = "Short"
	MapiShortArray           MapiPropertyType = "ShortArray"
	MapiSystemTime           MapiPropertyType = "SystemTime"
	MapiSystemTimeArray      MapiPropertyType = "SystemTimeArray"
	MapiString               MapiPropertyType = "String"
	MapiStringArray          MapiPropertyType = "StringArray"
)

// An ExtendedFieldURI names a MAPI property: by PropertyTag, or by a property
// set (distinguished or GUID) with PropertyName or PropertyID. [MS-OXWSXPROP] says which attributes go together.
//
// PropertyTag comes in decimal (Evolution) and in hex, 0x0e23.
//
// ews:type PathToExtendedFieldType
type ExtendedFieldURI struct {
	DistinguishedPropertySetID DistinguishedPropertySet `ews:"DistinguishedPropertySetId,attr,omitempty"`
	PropertySetID              string                   `ews:"PropertySetId,attr,omitempty"`
	PropertyTag                PropertyTag              `ews:"PropertyTag,attr,omitempty"`
	PropertyName               string                   `ews:"PropertyName,attr,omitempty"`
	// PropertyID is a pointer because 0 is an id too.
	PropertyID   *int             `ews:"PropertyId,attr"`
	PropertyType MapiPropertyType `ews:"PropertyType,attr"`
}

// A PropertyTag is the text of a MAPI property id: decimal, or 0x and hex.
type PropertyTag string

// A PathToElement names one property, in one of three ways.
//
// ews:choice
type PathToElement struct {
	FieldURI         *FieldURI         `ews:"t:FieldURI"`
	IndexedFieldURI  *IndexedFieldURI  `ews:"t:IndexedFieldURI"`
	ExtendedFieldURI *ExtendedFieldURI `ews:"t:ExtendedFieldURI"`
}
