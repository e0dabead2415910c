package ewsserver

import (
	"errors"
	"strings"

	"entente/ews"
	"entente/strictxml"
)

// The dictionary of a configuration is kept as [MS-OXOCFG] 2.2.5.1 says, so
// that whoever reads PidTagRoamingDictionary as a property finds what Outlook
// writes there:
//
//	<UserConfiguration xmlns="dictionary.xsd"><Info version="Exchange.12"/>
//	<Data><e k="18-theme" v="9-5"/></Data></UserConfiguration>
//
// The number before each text is its type, a TypeCode of .NET. Lists have none:
// their values are children of the entry.
const dictionaryNS = "dictionary.xsd"

// maxDictionary is how many settings one configuration has at most.
const maxDictionary = 10_000

var errDictionary = errors.New("damaged dictionary of a configuration")

// dictionaryCodes are the types with their numbers; "S" and "B" are ours.
var dictionaryCodes = [...]struct {
	code string
	typ  ews.UserConfigurationDictionaryObjectTypes
}{
	{"3", ews.DictionaryBoolean},
	{"6", ews.DictionaryByte},
	{"9", ews.DictionaryInteger32},
	{"10", ews.DictionaryUnsignedInteger32},
	{"11", ews.DictionaryInteger64},
	{"12", ews.DictionaryUnsignedInteger64},
	{"16", ews.DictionaryDateTime},
	{"18", ews.DictionaryString},
	{"S", ews.DictionaryStringArray},
	{"B", ews.DictionaryByteArray},
}

// writeDictionary encodes settings. Keys are single values and stand once.
func writeDictionary(entries []ews.UserConfigurationDictionaryEntry) ([]byte, error) {
	if len(entries) > maxDictionary {
		return nil, &ews.Fault{Code: ews.ErrorDataSizeLimitExceeded}
	}
	e := strictxml.NewEncoder(nil)
	e.Declaration()
	e.Start("UserConfiguration")
	e.Attr("xmlns", dictionaryNS)
	e.Start("Info")
	e.Attr("version", "Exchange.12")
	e.End("Info")
	e.Start("Data")
	seen := make(map[string]bool, len(entries))
	for i := range entries {
		key, ok := dictionaryText(&entries[i].DictionaryKey)
		if !ok || seen[key] {
			return nil, &ews.Fault{Code: ews.ErrorInvalidValueForProperty, Text: "A key of a dictionary is a single value and stands once."}
		}
		seen[key] = true
		writeEntry(e, key, &entries[i].DictionaryValue)
	}
	e.End("Data")
	e.End("UserConfiguration")
	return e.Bytes(), nil
}

func writeEntry(e *strictxml.Encoder, key string, value *ews.UserConfigurationDictionaryObject) {
	e.Start("e")
	e.Attr("k", key)
	if text, ok := dictionaryText(value); ok {
		e.Attr("v", text)
	} else if code := dictionaryCode(value.Type); code != "" {
		e.Attr("v", code+"-")
		for _, s := range value.Values {
			e.Elem("i", s)
		}
	}
	e.End("e")
}

func dictionaryCode(t ews.UserConfigurationDictionaryObjectTypes) string {
	for _, c := range dictionaryCodes {
		if c.typ == t {
			return c.code
		}
	}
	return ""
}

// dictionaryText is a single value with its type; ok is false for lists.
func dictionaryText(o *ews.UserConfigurationDictionaryObject) (text string, ok bool) {
	code := dictionaryCode(o.Type)
	if code == "" || code == "S" || code == "B" || len(o.Values) != 1 {
		return "", false
	}
	return code + "-" + o.Values[0], true
}

// readDictionary decodes settings; nil bytes have none.
func readDictionary(b []byte) ([]ews.UserConfigurationDictionaryEntry, error) {
	if b == nil {
		return nil, nil
	}
	r := strictxml.NewReader(b, strictxml.Limits{Bytes: 4 << 20, Depth: 8, Attributes: 16, Elements: 200_000})
	entries := []ews.UserConfigurationDictionaryEntry{}
	if !r.Root() || r.Name() != (strictxml.Name{Space: dictionaryNS, Local: "UserConfiguration"}) {
		return nil, errDictionary
	}
	for r.Child() {
		if r.Name().Local != "Data" {
			r.Skip()
			continue
		}
		for r.Child() {
			entry, ok := readEntry(r)
			if !ok {
				return nil, errDictionary
			}
			entries = append(entries, entry)
		}
	}
	if err := r.Finish(); err != nil {
		return nil, errDictionary
	}
	return entries, nil
}

func readEntry(r *strictxml.Reader) (entry ews.UserConfigurationDictionaryEntry, ok bool) {
	k, _ := r.Attr("k")
	v, _ := r.Attr("v")
	entry.DictionaryKey, ok = dictionaryObject(k)
	value, valueOK := dictionaryObject(v)
	switch value.Type {
	case ews.DictionaryStringArray, ews.DictionaryByteArray:
		value.Values = nil
	}
	for r.Child() {
		value.Values = append(value.Values, r.Text())
	}
	entry.DictionaryValue = value
	return entry, ok && valueOK
}

func dictionaryObject(text string) (o ews.UserConfigurationDictionaryObject, ok bool) {
	code, value, ok := strings.Cut(text, "-")
	if !ok {
		return o, false
	}
	for _, c := range dictionaryCodes {
		if c.code == code {
			return ews.UserConfigurationDictionaryObject{Type: c.typ, Values: []string{value}}, true
		}
	}
	return o, false
}
