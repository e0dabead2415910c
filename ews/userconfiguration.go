package ews

import "slices"

// A UserConfigurationName names a configuration: the folder it lies in and its
// name there, such as OWA.UserOptions. [MS-OXWSUSRCFG].
type UserConfigurationName struct {
	Name   string         `ews:"Name,attr"`
	Folder TargetFolderID `ews:",inline"`
}

// A UserConfigurationProperty is a part of a configuration. [MS-OXWSUSRCFG]
// 3.1.4.3.
//
// ews:type UserConfigurationPropertyNameType
type UserConfigurationProperty string

const (
	UserConfigurationID         UserConfigurationProperty = "Id"
	UserConfigurationDictionary UserConfigurationProperty = "Dictionary"
	UserConfigurationXMLData    UserConfigurationProperty = "XmlData"
	UserConfigurationBinaryData UserConfigurationProperty = "BinaryData"
	UserConfigurationAll        UserConfigurationProperty = "All"
)

// UserConfigurationProperties are the wanted parts, separated by spaces.
//
// ews:list
// ews:type UserConfigurationPropertyType
type UserConfigurationProperties []UserConfigurationProperty

// Has reports whether p is among the wanted parts.
func (ps UserConfigurationProperties) Has(p UserConfigurationProperty) bool {
	return slices.Contains(ps, p) || slices.Contains(ps, UserConfigurationAll)
}

// A UserConfiguration is a small store of settings beside the items of a
// folder. [MS-OXWSUSRCFG].
type UserConfiguration struct {
	UserConfigurationName UserConfigurationName              `ews:"t:UserConfigurationName"`
	ItemID                *ItemID                            `ews:"t:ItemId"`
	Dictionary            []UserConfigurationDictionaryEntry `ews:"t:Dictionary>t:DictionaryEntry,omitempty"`
	XMLData               []byte                             `ews:"t:XmlData,omitempty"`
	BinaryData            []byte                             `ews:"t:BinaryData,omitempty"`
}

// A UserConfigurationDictionaryEntry is one setting. [MS-OXWSUSRCFG].
type UserConfigurationDictionaryEntry struct {
	DictionaryKey UserConfigurationDictionaryObject `ews:"t:DictionaryKey"`
	// DictionaryValue is present but may be nil in answers: xsi:nil.
	DictionaryValue UserConfigurationDictionaryObject `ews:"t:DictionaryValue"`
}

// A UserConfigurationDictionaryObject is a value with its type; arrays of
// strings have several values. [MS-OXWSUSRCFG].
type UserConfigurationDictionaryObject struct {
	Type   UserConfigurationDictionaryObjectTypes `ews:"t:Type"`
	Values []string                               `ews:"t:Value"`
}

// UserConfigurationDictionaryObjectTypes are the types of keys and values.
// [MS-OXWSUSRCFG].
type UserConfigurationDictionaryObjectTypes string

const (
	DictionaryDateTime          UserConfigurationDictionaryObjectTypes = "DateTime"
	DictionaryBoolean           UserConfigurationDictionaryObjectTypes = "Boolean"
	DictionaryByte              UserConfigurationDictionaryObjectTypes = "Byte"
	DictionaryString            UserConfigurationDictionaryObjectTypes = "String"
	DictionaryInteger32         UserConfigurationDictionaryObjectTypes = "Integer32"
	DictionaryUnsignedInteger32 UserConfigurationDictionaryObjectTypes = "UnsignedInteger32"
	DictionaryInteger64         UserConfigurationDictionaryObjectTypes = "Integer64"
	DictionaryUnsignedInteger64 UserConfigurationDictionaryObjectTypes = "UnsignedInteger64"
	DictionaryStringArray       UserConfigurationDictionaryObjectTypes = "StringArray"
	DictionaryByteArray         UserConfigurationDictionaryObjectTypes = "ByteArray"
)
