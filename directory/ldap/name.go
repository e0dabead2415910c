package ldap

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"entente"
	"entente/directory"
)

var errSID = entente.Errorf(entente.Invalid, "not a security identifier")

// sidOf reads a SID in the binary form of [MS-DTYP] 2.4.2.2.
func sidOf(b []byte) (entente.SID, error) {
	if len(b) < 12 || b[0] != 1 || b[1] < 1 || b[1] > 15 || len(b) != 8+4*int(b[1]) {
		return "", errSID
	}
	var authority uint64
	for _, x := range b[2:8] {
		authority = authority<<8 | uint64(x)
	}
	text := append(make([]byte, 0, 64), "S-1-"...)
	text = strconv.AppendUint(text, authority, 10)
	for i := 8; i < len(b); i += 4 {
		text = strconv.AppendUint(append(text, '-'), uint64(binary.LittleEndian.Uint32(b[i:])), 10)
	}
	return entente.SID(text), nil
}

// guidOf reads the bytes of objectGUID, of which names are no account's.
func guidOf(b []byte) (g directory.GUID, err error) {
	if len(b) != len(g) || directory.GUID(b) == (directory.GUID{}) {
		return g, entente.Errorf(entente.Invalid, "not a GUID")
	}
	return directory.GUID(b), nil
}

// guidFilter finds an object by its identity. RFC 4515 3: each byte escaped.
func guidFilter(g directory.GUID) string {
	b := []byte("(objectGUID=")
	for _, x := range g {
		b = append(b, '\\')
		b = hex.AppendEncode(b, []byte{x})
	}
	return string(append(b, ')'))
}

// A name is a DN as the control for extended names has it: <GUID=…>;<SID=…>;DN.
// [MS-ADTS] 3.1.1.3.4.1
type name struct {
	sid entente.SID // "" where the object has none
	dn  string
}

// parseName takes such a name apart; one without the extension is a DN alone.
func parseName(s string) (n name) {
	for strings.HasPrefix(s, "<") {
		part, rest, ok := strings.Cut(s[1:], ">")
		if !ok {
			break
		}
		if sid, is := strings.CutPrefix(part, "SID="); is {
			if strings.HasPrefix(sid, "S-") {
				n.sid, _ = entente.ParseSID(sid)
			} else if b, err := hex.DecodeString(sid); err == nil {
				n.sid, _ = sidOf(b)
			}
		}
		s = strings.TrimPrefix(rest, ";")
	}
	n.dn = s
	return n
}

// domainOf returns the domain of a SID and its number there. [MS-DTYP] 2.4.2.
func domainOf(sid entente.SID) (domain entente.SID, rid uint32, ok bool) {
	i := strings.LastIndexByte(string(sid), '-')
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(string(sid[i+1:]), 10, 32)
	return sid[:i], uint32(n), err == nil
}
