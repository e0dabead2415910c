package mailbox

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// The encoding of Props: a version byte, then each property as the difference
// of its tag to the one before (uvarint) and its value: integers as varint,
// times and floats in 8 bytes, the rest with their length before them.
//
// What decodes encodes to the same bytes again, so that equal records are equal
// bytes.
const propsVersion = 1

// maxProps bounds the number of properties of one thing. Outlook sets about a
// hundred.
const maxProps = 4096

var errProps = errors.New("damaged properties")

// Append encodes the properties at the end of dst.
func (ps *Props) Append(dst []byte) []byte {
	dst = append(dst, propsVersion)
	last := Prop(0)
	for i := range ps.vals {
		v := &ps.vals[i]
		dst = binary.AppendUvarint(dst, uint64(v.prop-last))
		last = v.prop
		switch kept(v.prop) {
		case shapeInteger:
			dst = binary.AppendVarint(dst, v.num)
		case shapeFloat:
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v.num))
		default:
			dst = append(binary.AppendUvarint(dst, uint64(len(v.text))), v.text...)
		}
	}
	return dst
}

// kept is the shape that the encoding tells apart: times are of fixed length,
// like floats, because as varints they would be longer.
func kept(p Prop) shape {
	if p.Type() == TypeTime {
		return shapeFloat
	}
	if p.Multiple() {
		return shapeBytes
	}
	return shapeOf(p.Type())
}

// ParseProps decodes what Append wrote, all of it. Anything else is an error,
// never a panic.
func ParseProps(b []byte) (Props, error) {
	s := string(b)
	if s == "" {
		return Props{}, nil
	}
	if s[0] != propsVersion {
		return Props{}, errProps
	}
	s = s[1:]
	// A property takes some 20 bytes: one allocation for nearly all records.
	ps := Props{make([]value, 0, min(len(s)/16+4, maxProps))}
	last := Prop(0)
	for s != "" {
		var v value
		var ok bool
		if v, s, ok = parseValue(s, last); !ok || len(ps.vals) == maxProps {
			return Props{}, errProps
		}
		last = v.prop
		ps.vals = append(ps.vals, v)
	}
	return ps, nil
}

func parseValue(s string, last Prop) (v value, rest string, ok bool) {
	step, s, ok := uvarint(s)
	if !ok || step == 0 || step > uint64(^Prop(0)-last) {
		return v, s, false
	}
	v.prop = last + Prop(step)
	// What Valid and kept say, with one look at the type: records are decoded
	// by the hundred.
	typ := v.prop.Type()
	of := shapeOf(typ &^ TypeMultiple)
	switch {
	case of == shapeNone || !v.prop.Valid():
		return v, s, false
	case typ&TypeMultiple != 0:
	case typ == TypeTime || of == shapeFloat:
		if len(s) < 8 {
			return v, s, false
		}
		v.num = word(s)
		return v, s[8:], true
	case of == shapeInteger:
		var n uint64
		n, s, ok = uvarint(s)
		v.num = int64(n>>1) ^ -int64(n&1)
		return v, s, ok && fits(v)
	}
	n, s, ok := uvarint(s)
	if !ok || n > uint64(len(s)) {
		return v, s, false
	}
	v.text, s = s[:n], s[n:]
	return v, s, textOK(v, of)
}

// fits reports whether an integer is of the width of its type.
func fits(v value) bool {
	switch v.prop.Type() {
	case TypeInteger16:
		return v.num == int64(int16(v.num))
	case TypeInteger32:
		return v.num == int64(int32(v.num))
	case TypeBoolean:
		return v.num == v.num&1
	}
	return true
}

func textOK(v value, of shape) bool {
	if !v.prop.Multiple() {
		return of == shapeBytes || of == shapeText && utf8.ValidString(v.text) || of == shapeGUID && len(v.text) == 16
	}
	switch of {
	case shapeInteger, shapeFloat:
		return len(v.text)%8 == 0
	case shapeGUID:
		return len(v.text)%16 == 0
	}
	for s := v.text; s != ""; {
		n, rest, ok := uvarint(s)
		if !ok || n > uint64(len(rest)) || of == shapeText && !utf8.ValidString(rest[:n]) {
			return false
		}
		s = rest[n:]
	}
	return true
}

// elements are the parts of a list that textOK found to be well formed.
func elements(s string) []string {
	var list []string
	for s != "" {
		n, rest, ok := uvarint(s)
		if !ok || n > uint64(len(rest)) {
			return list
		}
		list = append(list, rest[:n])
		s = rest[n:]
	}
	return list
}

func words(s string) []int64 {
	var list []int64
	for ; len(s) >= 8; s = s[8:] {
		list = append(list, word(s))
	}
	return list
}

func word(s string) int64 {
	n := uint64(0)
	for i := 7; i >= 0; i-- {
		n = n<<8 | uint64(s[i])
	}
	return int64(n)
}

// uvarint is binary.Uvarint of a string, and takes the shortest form only.
func uvarint(s string) (n uint64, rest string, ok bool) {
	if s != "" && s[0] < 0x80 {
		return uint64(s[0]), s[1:], true
	}
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		c := s[i]
		if c < 0x80 {
			short := i == 0 || c != 0
			return n | uint64(c)<<(7*i), s[i+1:], short && (i < 9 || c < 2)
		}
		n |= uint64(c&0x7f) << (7 * i)
	}
	return 0, s, false
}
