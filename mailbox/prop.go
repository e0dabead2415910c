package mailbox

import (
	"encoding/hex"
	"fmt"
	"time"

	"entente"
)

// A Prop is a property tag: the property id in the high 16 bits, the property
// type in the low ones. [MS-OXCDATA] 2.9
//
// Ids from 0x8000 on stand for named properties and mean something within one
// mailbox only: 0x8001 to 0x8FFF are the well-known ones of this package, the
// same everywhere (PidLid…), and 0x9000 to 0xFFFE are given out per mailbox by
// View.NamedProps.
type Prop uint32

// Property types, [MS-OXCDATA] 2.11.1.
const (
	TypeInteger16 uint16 = 0x0002
	TypeInteger32 uint16 = 0x0003
	TypeFloating  uint16 = 0x0004 // 32 bits
	TypeFloat64   uint16 = 0x0005
	TypeCurrency  uint16 = 0x0006
	TypeFloatTime uint16 = 0x0007
	TypeErrorCode uint16 = 0x000A
	TypeBoolean   uint16 = 0x000B
	TypeObject    uint16 = 0x000D
	TypeInteger64 uint16 = 0x0014
	TypeString8   uint16 = 0x001E // kept as TypeString
	TypeString    uint16 = 0x001F
	TypeTime      uint16 = 0x0040
	TypeGUID      uint16 = 0x0048
	TypeBinary    uint16 = 0x0102

	// TypeMultiple is the bit that makes a type one of lists.
	TypeMultiple uint16 = 0x1000

	TypeMultipleInteger32 = TypeMultiple | TypeInteger32
	TypeMultipleString    = TypeMultiple | TypeString
	TypeMultipleBinary    = TypeMultiple | TypeBinary
)

// ID returns the property id.
func (p Prop) ID() uint16 { return uint16(p >> 16) }

// Type returns the property type.
func (p Prop) Type() uint16 { return uint16(p) }

// Multiple reports whether the values are lists.
func (p Prop) Multiple() bool { return p.Type()&TypeMultiple != 0 }

// Named reports whether the id stands for a named property.
func (p Prop) Named() bool { return p.ID() >= 0x8000 }

// String returns the tag in hex, as property lists print it.
func (p Prop) String() string { return fmt.Sprintf("0x%08X", uint32(p)) }

// MakeProp puts a tag together. PtypString8 becomes PtypString: text is kept
// as UTF-8 and no client sees which of the two it was.
func MakeProp(id, typ uint16) Prop {
	if typ&^TypeMultiple == TypeString8 {
		typ = typ&TypeMultiple | TypeString
	}
	return Prop(id)<<16 | Prop(typ)
}

// shape says how the values of a type are kept.
type shape uint8

const (
	shapeNone    shape = iota // no value of this type is kept
	shapeInteger              // integers, booleans, times
	shapeFloat
	shapeText
	shapeBytes
	shapeGUID
)

func shapeOf(typ uint16) shape {
	switch typ { // the frequent ones first
	case TypeString:
		return shapeText
	case TypeInteger32, TypeBoolean, TypeTime:
		return shapeInteger
	}
	switch typ {
	case TypeInteger16, TypeInteger64, TypeCurrency, TypeErrorCode:
		return shapeInteger
	case TypeFloating, TypeFloat64, TypeFloatTime:
		return shapeFloat
	case TypeBinary:
		return shapeBytes
	case TypeGUID:
		return shapeGUID
	}
	return shapeNone
}

// Valid reports whether properties of this type can be kept, and the id is one
// that a property can have.
func (p Prop) Valid() bool {
	switch typ := p.Type(); typ {
	case TypeErrorCode, TypeMultiple | TypeErrorCode, TypeMultiple | TypeBoolean:
		return false
	default:
		return p.ID() != 0 && p.ID() != 0xFFFF && shapeOf(typ&^TypeMultiple) != shapeNone
	}
}

// A GUID is a globally unique identifier, its bytes in the order of the text.
// On the wire of MAPI the first three groups are little endian; the protocol
// rooms turn them.
type GUID [16]byte

// String returns the GUID as 00062002-0000-0000-c000-000000000046.
func (g GUID) String() string {
	h := hex.EncodeToString(g[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ParseGUID reads what String writes, also in upper case or within braces.
func ParseGUID(s string) (GUID, error) {
	var g GUID
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return g, entente.Errorf(entente.Invalid, "not a GUID")
	}
	if _, err := hex.Decode(g[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:])); err != nil {
		return GUID{}, entente.Errorf(entente.Invalid, "not a GUID")
	}
	return g, nil
}

// Ticks are times as FILETIME has them: 100 ns since 1601-01-01 UTC,
// [MS-DTYP] 2.3.3. They are what the tables hold, so that a time that came as a
// property goes out as the same one. 0 is no time.
func Ticks(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return (t.Unix()+epochGap)*1e7 + int64(t.Nanosecond()/100)
}

// TimeOf is the time, in UTC, that Ticks made the number from; 0 gives the zero
// time.
func TimeOf(ticks int64) time.Time {
	if ticks == 0 {
		return time.Time{}
	}
	s, rest := ticks/1e7, ticks%1e7
	if rest < 0 {
		s, rest = s-1, rest+1e7
	}
	return time.Unix(s-epochGap, rest*100).UTC()
}

// epochGap is the seconds from 1601-01-01 to 1970-01-01.
const epochGap = 11644473600
