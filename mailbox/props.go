package mailbox

import (
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"strings"
	"time"
)

// Props are the properties of an item or a folder, one value a tag, in the
// order of their tags. The zero Props is empty and ready. Copies share their
// values until one of them is changed through Clone.
//
// A value is kept in the shape of its type and read by the method of that
// shape; a method of another shape finds nothing.
type Props struct{ vals []value }

// A value is one property. text holds strings, binaries and encoded lists, so
// that a record read from the database is one allocation for all its text.
type value struct {
	prop Prop
	num  int64 // integers, booleans, ticks; the bits of a float64
	text string
}

func (ps *Props) find(p Prop) (int, bool) {
	return slices.BinarySearchFunc(ps.vals, p, func(v value, p Prop) int {
		switch {
		case v.prop < p:
			return -1
		case v.prop > p:
			return 1
		}
		return 0
	})
}

func (ps *Props) get(p Prop, of shape) (value, bool) {
	i, ok := ps.find(p)
	if !ok || shapeOf(p.Type()) != of {
		return value{}, false
	}
	return ps.vals[i], true
}

// set keeps v unless no value of its type can be kept, which is a mistake of
// the caller that Valid would have shown.
func (ps *Props) set(v value) {
	if !v.prop.Valid() {
		return
	}
	i, ok := ps.find(v.prop)
	if !ok {
		ps.vals = slices.Insert(ps.vals, i, v)
		return
	}
	ps.vals[i] = v
}

// Len is the number of properties.
func (ps *Props) Len() int { return len(ps.vals) }

// Has reports whether the property is there.
func (ps *Props) Has(p Prop) bool {
	_, ok := ps.find(p)
	return ok
}

// Delete removes properties; those that are not there do not matter.
func (ps *Props) Delete(tags ...Prop) {
	for _, p := range tags {
		if i, ok := ps.find(p); ok {
			ps.vals = slices.Delete(ps.vals, i, i+1)
		}
	}
}

// Clone returns a copy that can be changed without changing the original.
func (ps *Props) Clone() Props { return Props{slices.Clone(ps.vals)} }

// Equal reports whether both hold the same properties with the same values.
func (ps *Props) Equal(o *Props) bool { return slices.Equal(ps.vals, o.vals) }

// All ranges over the tags in rising order.
func (ps *Props) All() iter.Seq[Prop] {
	return func(yield func(Prop) bool) {
		for _, v := range ps.vals {
			if !yield(v.prop) {
				return
			}
		}
	}
}

// Copy sets p to the value it has in from, and removes it if it has none.
func (ps *Props) Copy(from *Props, p Prop) {
	i, ok := from.find(p)
	if !ok {
		ps.Delete(p)
		return
	}
	ps.set(from.vals[i])
}

// rename moves the value of one tag to another of the same type.
func (ps *Props) rename(from, to Prop) {
	i, ok := ps.find(from)
	if !ok || from == to || from.Type() != to.Type() {
		return
	}
	v := ps.vals[i]
	ps.vals = slices.Delete(ps.vals, i, i+1)
	v.prop = to
	ps.set(v)
}

// String returns a text, "" if there is none.
func (ps *Props) String(p Prop) string {
	v, _ := ps.get(p, shapeText)
	return v.text
}

// Int returns an integer of any width.
func (ps *Props) Int(p Prop) (int64, bool) {
	v, ok := ps.get(p, shapeInteger)
	return v.num, ok
}

// Bool returns a boolean, false if there is none.
func (ps *Props) Bool(p Prop) bool {
	v, _ := ps.get(p, shapeInteger)
	return v.num != 0
}

// Time returns a time in UTC.
func (ps *Props) Time(p Prop) (time.Time, bool) {
	v, ok := ps.get(p, shapeInteger)
	if !ok || p.Type() != TypeTime {
		return time.Time{}, false
	}
	return TimeOf(v.num), true
}

// Float returns a floating point number of either width.
func (ps *Props) Float(p Prop) (float64, bool) {
	v, ok := ps.get(p, shapeFloat)
	return math.Float64frombits(uint64(v.num)), ok
}

// Bytes returns a copy of a binary value, nil if there is none.
func (ps *Props) Bytes(p Prop) []byte {
	v, ok := ps.get(p, shapeBytes)
	if !ok {
		return nil
	}
	return []byte(v.text)
}

// GUID returns a GUID.
func (ps *Props) GUID(p Prop) (GUID, bool) {
	v, ok := ps.get(p, shapeGUID)
	if !ok || len(v.text) != len(GUID{}) {
		return GUID{}, false
	}
	return GUID([]byte(v.text)), true
}

// SetString sets a text, also an empty one: to have none is another thing.
// What is not UTF-8 becomes U+FFFD.
func (ps *Props) SetString(p Prop, s string) {
	if shapeOf(p.Type()) == shapeText {
		ps.set(value{prop: p, text: strings.ToValidUTF8(s, "\uFFFD")})
	}
}

// SetInt sets an integer, cut to the width of the type.
func (ps *Props) SetInt(p Prop, n int64) {
	switch p.Type() {
	case TypeInteger16:
		n = int64(int16(n))
	case TypeInteger32:
		n = int64(int32(n))
	case TypeBoolean:
		ps.SetBool(p, n != 0)
		return
	}
	if shapeOf(p.Type()) == shapeInteger {
		ps.set(value{prop: p, num: n})
	}
}

// SetBool sets a boolean.
func (ps *Props) SetBool(p Prop, b bool) {
	n := int64(0)
	if b {
		n = 1
	}
	if p.Type() == TypeBoolean {
		ps.set(value{prop: p, num: n})
	}
}

// SetTime sets a time, to 100 ns.
func (ps *Props) SetTime(p Prop, t time.Time) {
	if p.Type() == TypeTime {
		ps.set(value{prop: p, num: Ticks(t)})
	}
}

// SetFloat sets a floating point number.
func (ps *Props) SetFloat(p Prop, f float64) {
	if shapeOf(p.Type()) == shapeFloat {
		ps.set(value{prop: p, num: int64(math.Float64bits(f))})
	}
}

// SetBytes sets a binary value.
func (ps *Props) SetBytes(p Prop, b []byte) {
	if shapeOf(p.Type()) == shapeBytes {
		ps.set(value{prop: p, text: string(b)})
	}
}

// SetGUID sets a GUID.
func (ps *Props) SetGUID(p Prop, g GUID) {
	if shapeOf(p.Type()) == shapeGUID {
		ps.set(value{prop: p, text: string(g[:])})
	}
}

// Lists. A list is kept as its elements one after the other: integers and
// floats as 8 bytes, the rest with their length before them.

func (ps *Props) list(p Prop, of shape) (string, bool) {
	i, ok := ps.find(p)
	if !ok || !p.Multiple() || shapeOf(p.Type()&^TypeMultiple) != of {
		return "", false
	}
	return ps.vals[i].text, true
}

func (ps *Props) setList(p Prop, of shape, text []byte) {
	if p.Multiple() && shapeOf(p.Type()&^TypeMultiple) == of {
		ps.set(value{prop: p, text: string(text)})
	}
}

// Strings returns a list of texts.
func (ps *Props) Strings(p Prop) []string {
	text, ok := ps.list(p, shapeText)
	if !ok {
		return nil
	}
	return elements(text)
}

// SetStrings sets a list of texts.
func (ps *Props) SetStrings(p Prop, list []string) {
	var b []byte
	for _, s := range list {
		s = strings.ToValidUTF8(s, "\uFFFD")
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	ps.setList(p, shapeText, b)
}

// Binaries returns a list of binary values.
func (ps *Props) Binaries(p Prop) [][]byte {
	text, ok := ps.list(p, shapeBytes)
	if !ok {
		return nil
	}
	var list [][]byte
	for _, s := range elements(text) {
		list = append(list, []byte(s))
	}
	return list
}

// SetBinaries sets a list of binary values.
func (ps *Props) SetBinaries(p Prop, list [][]byte) {
	var b []byte
	for _, s := range list {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	ps.setList(p, shapeBytes, b)
}

// Ints returns a list of integers, or of ticks if the type is one of times.
func (ps *Props) Ints(p Prop) []int64 {
	text, ok := ps.list(p, shapeInteger)
	if !ok {
		return nil
	}
	return words(text)
}

// SetInts sets a list of integers, or of ticks.
func (ps *Props) SetInts(p Prop, list []int64) {
	var b []byte
	for _, n := range list {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	ps.setList(p, shapeInteger, b)
}

// Floats returns a list of floating point numbers.
func (ps *Props) Floats(p Prop) []float64 {
	text, ok := ps.list(p, shapeFloat)
	if !ok {
		return nil
	}
	var list []float64
	for _, n := range words(text) {
		list = append(list, math.Float64frombits(uint64(n)))
	}
	return list
}

// SetFloats sets a list of floating point numbers.
func (ps *Props) SetFloats(p Prop, list []float64) {
	var b []byte
	for _, f := range list {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	}
	ps.setList(p, shapeFloat, b)
}

// GUIDs returns a list of GUIDs.
func (ps *Props) GUIDs(p Prop) []GUID {
	text, ok := ps.list(p, shapeGUID)
	if !ok {
		return nil
	}
	var list []GUID
	for ; len(text) >= len(GUID{}); text = text[len(GUID{}):] {
		list = append(list, GUID([]byte(text[:len(GUID{})])))
	}
	return list
}

// SetGUIDs sets a list of GUIDs.
func (ps *Props) SetGUIDs(p Prop, list []GUID) {
	var b []byte
	for _, g := range list {
		b = append(b, g[:]...)
	}
	ps.setList(p, shapeGUID, b)
}
