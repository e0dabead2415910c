package ews

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente/strictxml"
)

// An ExtendedValue is the value of an extended property, as text in the form
// of its MapiPropertyType. Values is non-nil for the array types, and Value
// empty then. [MS-OXWSXPROP].
type ExtendedValue struct {
	Value  string
	Values []string
}

// extendedProperty is t:ExtendedProperty.
//
// ews:type ExtendedPropertyType
type extendedProperty struct {
	URI   ExtendedFieldURI      `ews:"t:ExtendedFieldURI"`
	Value extendedPropertyValue `ews:",inline"`
}

// ews:choice
type extendedPropertyValue struct {
	Value  *string  `ews:"t:Value"`
	Values []string `ews:"t:Values>t:Value,nonempty"`
}

// Array reports whether values of the type are lists.
func (t MapiPropertyType) Array() bool { return strings.HasSuffix(string(t), "Array") }

// Elem is the type of the elements of an array type; other types are their
// own.
func (t MapiPropertyType) Elem() MapiPropertyType {
	return MapiPropertyType(strings.TrimSuffix(string(t), "Array"))
}

// decodeExtended does not look at the form of the value: one bad value is an
// error of its item (see Typed), and must not fail the other items of a call.
func decodeExtended(r *strictxml.Reader) Value {
	var p extendedProperty
	p.decodeXML(r)
	if r.Err() != nil {
		return Value{}
	}
	v := ExtendedValue{Values: p.Value.Values}
	if p.Value.Value != nil {
		v.Value = *p.Value.Value
	}
	return Value{Field: FieldExtendedProperty, Ext: &p.URI, V: v}
}

func appendExtended(e *strictxml.Encoder, v *Value) {
	x, ok := v.V.(ExtendedValue)
	if !ok || v.Ext == nil {
		return
	}
	e.Start("t:ExtendedProperty")
	v.Ext.appendXML(e, "t:ExtendedFieldURI")
	if x.Values == nil {
		e.Elem("t:Value", x.Value)
	} else {
		e.Start("t:Values")
		for _, s := range x.Values {
			e.Elem("t:Value", s)
		}
		e.End("t:Values")
	}
	e.End("t:ExtendedProperty")
}

// Typed converts the value: Short, Integer, Error, Long and Currency to int64,
// Boolean to bool, Float, Double and ApplicationTime to float64, SystemTime to
// time.Time, Binary to []byte, String, CLSID and Object to string, Null to
// nil; arrays to slices of these. Errors are *Fault with
// ErrorInvalidExtendedPropertyValue.
func (v ExtendedValue) Typed(t MapiPropertyType) (any, error) {
	bad := &Fault{Code: ErrorInvalidExtendedPropertyValue, Text: "The value is not valid for the type " + string(t) + "."}
	if !t.Array() {
		x, ok := typedValue(t, v.Value)
		if !ok {
			return nil, bad
		}
		return x, nil
	}
	var x any
	ok := false
	switch t.Elem() {
	case MapiShort, MapiInteger, MapiLong, MapiCurrency:
		x, ok = typedArray[int64](t.Elem(), v.Values)
	case MapiFloat, MapiDouble, MapiApplicationTime:
		x, ok = typedArray[float64](t.Elem(), v.Values)
	case MapiSystemTime:
		x, ok = typedArray[time.Time](t.Elem(), v.Values)
	case MapiBinary:
		x, ok = typedArray[[]byte](t.Elem(), v.Values)
	case MapiString, MapiCLSID, MapiObject:
		x, ok = typedArray[string](t.Elem(), v.Values)
	}
	if !ok {
		return nil, bad
	}
	return x, nil
}

func typedArray[T any](t MapiPropertyType, values []string) ([]T, bool) {
	list := make([]T, 0, len(values))
	for _, s := range values {
		x, ok := typedValue(t, s)
		if !ok {
			return nil, false
		}
		list = append(list, x.(T))
	}
	return list, true
}

func typedValue(t MapiPropertyType, s string) (any, bool) {
	switch t {
	case MapiShort:
		return signedOrUnsigned(s, 16)
	case MapiInteger, MapiError:
		return signedOrUnsigned(s, 32)
	case MapiLong, MapiCurrency:
		n, err := strconv.ParseInt(trim(s), 10, 64)
		return n, err == nil
	case MapiBoolean:
		return typedBool(trim(s))
	case MapiFloat, MapiDouble, MapiApplicationTime:
		return typedFloat(trim(s))
	case MapiSystemTime:
		return typedTime(trim(s))
	case MapiBinary:
		b, err := base64.StdEncoding.DecodeString(stripSpace(s))
		return b, err == nil
	case MapiCLSID:
		return strings.ToLower(trim(s)), isGUID(trim(s))
	case MapiString, MapiObject:
		return s, true
	case MapiNull:
		return nil, true
	}
	return nil, false
}

// signedOrUnsigned reads an integer of so many bits. Clients write MAPI error
// codes and flags either way: 0x80000000 as 2147483648 or -2147483648; both
// are the same property value, the signed one.
func signedOrUnsigned(s string, bits int) (any, bool) {
	n, err := strconv.ParseInt(trim(s), 10, 64)
	if err != nil || n < -1<<(bits-1) || n >= 1<<bits {
		return nil, false
	}
	shift := 64 - bits
	return n << shift >> shift, true
}

func typedBool(s string) (any, bool) {
	switch strings.ToLower(s) { // .NET writes True
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return nil, false
}

func typedFloat(s string) (any, bool) {
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func typedTime(s string) (any, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return nil, false
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}

// ExtendedValueOf writes x, one of the results of Typed, as a value of type t.
func ExtendedValueOf(t MapiPropertyType, x any) (ExtendedValue, error) {
	var v ExtendedValue
	switch x := x.(type) {
	case []int64:
		v.Values = textsOf(x)
	case []float64:
		v.Values = textsOf(x)
	case []time.Time:
		v.Values = textsOf(x)
	case [][]byte:
		v.Values = textsOf(x)
	case []string:
		v.Values = slices.Clone(x)
	default:
		v.Value = textOf(x)
	}
	if t.Array() != (v.Values != nil) {
		return ExtendedValue{}, fmt.Errorf("a %T is no %s", x, t)
	}
	if _, err := v.Typed(t); err != nil {
		return ExtendedValue{}, fmt.Errorf("a %T is no %s: %w", x, t, err)
	}
	return v, nil
}

func textsOf[T any](list []T) []string {
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = textOf(x)
	}
	return texts
}

func textOf(x any) string {
	switch x := x.(type) {
	case int64:
		return itoa(x)
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case time.Time:
		return formatTime(x)
	case []byte:
		return formatBase64(x)
	case string:
		return x
	}
	return ""
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Number is the tag as a number. Clients write it in decimal (Evolution: 4340)
// or in hex (0x10f4, 0X10F4); both name the same property. ok is false for
// what is no number of 16 bits.
func (t PropertyTag) Number() (n uint16, ok bool) {
	s, base := trim(string(t)), 10
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		s, base = s[2:], 16
	}
	v, err := strconv.ParseUint(s, base, 16)
	return uint16(v), err == nil
}
