package ews

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"entente/strictxml"
)

func TestTyped(t *testing.T) {
	test := func(typ MapiPropertyType, text string, want any) {
		t.Helper()
		v := ExtendedValue{Value: text}
		if typ.Array() {
			v = ExtendedValue{Values: strings.Split(text, "|")}
		}
		got, err := v.Typed(typ)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s %q: %#v, %v, want %#v", typ, text, got, err, want)
			return
		}
		again, err := ExtendedValueOf(typ, got)
		if err != nil {
			t.Errorf("%s %q: %v", typ, text, err)
			return
		}
		if got, err = again.Typed(typ); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s %q: written as %+v, read as %#v, %v", typ, text, again, got, err)
		}
	}
	test(MapiInteger, "7", int64(7))
	test(MapiInteger, "-2147483648", int64(math.MinInt32))
	test(MapiInteger, "2147483648", int64(math.MinInt32)) // the same 32 bits
	test(MapiError, "4294967295", int64(-1))
	test(MapiShort, "65535", int64(-1))
	test(MapiLong, "9007199254740993", int64(9007199254740993))
	test(MapiBoolean, "True", true)
	test(MapiBoolean, "0", false)
	test(MapiDouble, "1.5", 1.5)
	test(MapiSystemTime, "2026-03-29T14:00:00+02:00", noon)
	test(MapiSystemTime, "2026-03-29T12:00:00", noon)
	test(MapiBinary, "AQ==", []byte{1})
	test(MapiBinary, "", []byte{})
	test(MapiCLSID, "C11FF724-AA03-4555-9952-8FA248A11C3E", "c11ff724-aa03-4555-9952-8fa248a11c3e")
	test(MapiString, " a ", " a ")
	test(MapiStringArray, "a||b", []string{"a", "", "b"})
	test(MapiIntegerArray, "1|2", []int64{1, 2})
	test(MapiBinaryArray, "AQ==|Ag==", [][]byte{{1}, {2}})
	test(MapiDoubleArray, "0|-1e3", []float64{0, -1000})
	test(MapiSystemTimeArray, "2026-03-29T12:00:00Z", []time.Time{noon})
}

func TestTypedRefuses(t *testing.T) {
	test := func(typ MapiPropertyType, v ExtendedValue) {
		t.Helper()
		got, err := v.Typed(typ)
		if f, ok := err.(*Fault); !ok || f.Code != ErrorInvalidExtendedPropertyValue {
			t.Errorf("%s %+v: %v, %v", typ, v, got, err)
		}
	}
	test(MapiInteger, ExtendedValue{Value: "4294967296"})
	test(MapiInteger, ExtendedValue{Value: "-2147483649"})
	test(MapiShort, ExtendedValue{Value: "65536"})
	test(MapiLong, ExtendedValue{Value: "9223372036854775808"})
	test(MapiInteger, ExtendedValue{Value: ""})
	test(MapiBoolean, ExtendedValue{Value: "yes"})
	test(MapiBinary, ExtendedValue{Value: "AQ"})
	test(MapiSystemTime, ExtendedValue{Value: "yesterday"})
	test(MapiCLSID, ExtendedValue{Value: "{c11ff724-aa03-4555-9952-8fa248a11c3e}"})
	test(MapiIntegerArray, ExtendedValue{Values: []string{"1", "x"}})
	test("Colour", ExtendedValue{Value: "red"})
	if v, err := ExtendedValueOf(MapiInteger, []int64{1}); err == nil {
		t.Errorf("an array is an integer: %+v", v)
	}
	if v, err := ExtendedValueOf(MapiInteger, "x"); err == nil {
		t.Errorf("a text is an integer: %+v", v)
	}
}

func TestPropertyTagNumber(t *testing.T) {
	test := func(tag PropertyTag, want uint16, ok bool) {
		t.Helper()
		if got, gotOK := tag.Number(); got != want || gotOK != ok {
			t.Errorf("%q: %#x, %v", tag, got, gotOK)
		}
	}
	test("4340", 0x10f4, true) // as Evolution writes it
	test("0x10f4", 0x10f4, true)
	test("0X10F4", 0x10f4, true)
	test("0xe07", 0x0e07, true)
	test("65535", 65535, true)
	test("65536", 65535, false)
	test("0x", 0, false)
	test("10f4", 0, false)
	test("-1", 0, false)
	test("", 0, false)
}

func TestDuration(t *testing.T) {
	test := func(text Duration, want time.Duration) {
		t.Helper()
		if got, ok := text.Std(); got != want || !ok {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
		if got, ok := DurationOf(want).Std(); got != want || !ok {
			t.Errorf("%v is written %q", want, DurationOf(want))
		}
	}
	test("PT0S", 0)
	test("-PT60M", -time.Hour)
	test("PT5H30M", 5*time.Hour+30*time.Minute)
	test("P1DT1S", 24*time.Hour+time.Second)
	test("P2D", 48*time.Hour)
	test("PT3600S", time.Hour)
	refuse := func(text Duration) {
		t.Helper()
		if got, ok := text.Std(); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
	for _, text := range []Duration{"", "P", "PT", "P1", "PT1", "1H", "P1Y", "P1M", "PT1M1H", "PT-1M", "--PT1M", "PT999999H", "PTM", "P1DT"} {
		refuse(text)
	}
}

// scalar reads one text with one of the parsers.
func scalar[T any](parse func(*strictxml.Reader, string) T, text string) (T, error) {
	r := element(`<m:X/>`)
	v := parse(r, text)
	return v, r.Err()
}

func TestParseScalars(t *testing.T) {
	day := func(text string, want Date) {
		t.Helper()
		if got, err := scalar(parseDate, text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	day("2026-03-01", "2026-03-01")
	day(" 2026-03-01+01:00\n", "2026-03-01") // the day that was written, not that of UTC
	day("2026-03-01Z", "2026-03-01")
	day("2026-03-01T00:00:00", "2026-03-01")
	day("2026-02-29", "")
	day("0000-01-01", "")
	day("01.03.2026", "")

	clock := func(text string, want TimeOfDay) {
		t.Helper()
		if got, err := scalar(parseTimeOfDay, text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	clock("02:00:00", "02:00:00")
	clock("02:00:00.0000000", "02:00:00")
	clock("25:00:00", "")

	number := func(text string, want float64, ok bool) {
		t.Helper()
		if got, err := scalar(parseFloat, text); got != want || (err == nil) != ok {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	number("INF", math.Inf(1), true)
	number("-1.5e3", -1500, true)
	number("Infinity", 0, false)
	number("1_000", 0, false)
	number("", 0, false)

	instant := func(text string, want time.Time, float, ok bool) {
		t.Helper()
		got, err := scalar(parseTime, text)
		if (err == nil) != ok || ok && (!got.Equal(want) || Floating(got) != float) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	instant("2026-03-29T12:00:00Z", noon, false, true)
	instant("2026-03-29T12:00:00.123-00:00", noon.Add(123*time.Millisecond), false, true)
	instant("2026-03-29T12:00:00", noon, true, true)
	instant("2026-03-29", noon.Add(-12*time.Hour), true, true)
	instant("0001-01-01T00:00:00+14:00", time.Time{}, false, false) // year 0 in UTC
	instant("9999-12-31T23:00:00-14:00", time.Time{}, false, false) // year 10000
	instant("2026-03-29 12:00:00", time.Time{}, false, false)
}

func TestMonthNumber(t *testing.T) {
	if March.Number() != time.March || Month("Brumaire").Number() != 0 {
		t.Error("months are wrong")
	}
	if got := Date("2026-03-29").Time(); !got.Equal(noon.Add(-12*time.Hour)) || !Floating(got) {
		t.Error(got)
	}
	if !Date("x").Time().IsZero() {
		t.Error("what is no date has a time")
	}
}
