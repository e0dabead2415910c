package ews

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Format returns id in one of the forms of ConvertId; "" where it has none.
// [MS-OXWSCVTID].
//
//   - EwsId and EwsLegacyId: the Id attribute. The legacy form of Exchange 2007
//     RTM had the address for a moniker; clients that ask for it take any.
//   - EntryId: the MAPI entry id in base64; HexEntryId: in hex, upper case.
//   - StoreId: length, entry id and object type of the store, in base64; what
//     administrators meet as FolderId in Exchange's shell.
//   - OwaId: the Id attribute as it may stand in a URL.
//
// Occurrences and attachments have no entry ids, so no EntryId, HexEntryId or
// StoreId either.
func (id StoreID) Format(f IDFormat) string {
	switch f {
	case FormatEwsID, FormatEwsLegacyID:
		return id.String()
	case FormatOwaID:
		return owaEscaper().Replace(id.String())
	}
	if !id.Instance.IsZero() || id.IsAttachment() {
		return ""
	}
	entry := id.EntryID()
	if entry == nil {
		return ""
	}
	switch f {
	case FormatEntryID:
		return base64.StdEncoding.EncodeToString(entry)
	case FormatHexEntryID:
		return strings.ToUpper(hex.EncodeToString(entry))
	case FormatStoreID:
		return base64.StdEncoding.EncodeToString(appendStoreID(nil, entry))
	}
	return ""
}

// ParseStoreIDFormat reads what Format writes. The errors are *Fault with the
// codes of ParseStoreID, or ErrorInvalidIdMalformedEwsLegacyIdFormat.
func ParseStoreIDFormat(s string, f IDFormat) (StoreID, error) {
	if s == "" {
		return StoreID{}, &Fault{Code: ErrorInvalidIdEmpty}
	}
	if len(s) > 3*maxID {
		return StoreID{}, malformedID()
	}
	switch f {
	case FormatEwsID:
		return ParseStoreID(s)
	case FormatEwsLegacyID:
		id, err := ParseStoreID(s)
		if err != nil {
			return StoreID{}, &Fault{Code: ErrorInvalidIdMalformedEwsLegacyIdFormat}
		}
		return id, nil
	case FormatOwaID:
		return ParseStoreID(owaUnescaper().Replace(s))
	}
	id, ok := parseEntryText(s, f)
	if !ok {
		return StoreID{}, malformedID()
	}
	return id, nil
}

func parseEntryText(s string, f IDFormat) (StoreID, bool) {
	if f == FormatHexEntryID {
		b, err := hex.DecodeString(s)
		if err != nil {
			return StoreID{}, false
		}
		return parseEntryID(b)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return StoreID{}, false
	}
	if f == FormatStoreID {
		return parseStoreID(b)
	}
	return parseEntryID(b)
}

// The store's object types at the end of a StoreId.
const (
	storeFolder = 0x01
	storeItem   = 0x09
)

func appendStoreID(b, entry []byte) []byte {
	kind := byte(storeFolder)
	if len(entry) == messageEntrySize {
		kind = storeItem
	}
	b = append(b, byte(len(entry)))
	return append(append(b, entry...), kind)
}

func parseStoreID(b []byte) (StoreID, bool) {
	if len(b) < 2 || int(b[0]) != len(b)-2 {
		return StoreID{}, false
	}
	id, ok := parseEntryID(b[1 : len(b)-1])
	want := byte(storeFolder)
	if id.Item != 0 {
		want = storeItem
	}
	return id, ok && b[len(b)-1] == want
}

// In a URL, + and / of base64 would need escaping: Outlook on the web writes
// _ and - instead. [MS-OXWSCVTID].
func owaEscaper() *strings.Replacer   { return strings.NewReplacer("+", "_", "/", "-") }
func owaUnescaper() *strings.Replacer { return strings.NewReplacer("_", "+", "-", "/") }
