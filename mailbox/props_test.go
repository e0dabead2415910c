package mailbox

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	tagText    Prop = 0x7001001F
	tagLong    Prop = 0x70020014
	tagShort   Prop = 0x70030002
	tagBool    Prop = 0x7004000B
	tagTime    Prop = 0x70050040
	tagFloat   Prop = 0x70060005
	tagBytes   Prop = 0x70070102
	tagGUID    Prop = 0x70080048
	tagTexts   Prop = 0x7009101F
	tagInts    Prop = 0x700A1003
	tagTimes   Prop = 0x700B1040
	tagFloats  Prop = 0x700C1005
	tagBinarys Prop = 0x700D1102
	tagGUIDs   Prop = 0x700E1048
)

func everyType() Props {
	var ps Props
	ps.SetBinaries(tagBinarys, [][]byte{{0, 1}, {}})
	ps.SetString(tagText, "text")
	ps.SetInt(tagLong, math.MinInt64)
	ps.SetInt(tagShort, -3)
	ps.SetBool(tagBool, true)
	ps.SetTime(tagTime, time.Date(2026, 7, 14, 10, 30, 0, 123456700, time.UTC))
	ps.SetFloat(tagFloat, -0.5)
	ps.SetBytes(tagBytes, []byte{0, 255})
	ps.SetGUID(tagGUID, GUID{1, 2, 3})
	ps.SetStrings(tagTexts, []string{"a", "", "c"})
	ps.SetInts(tagInts, []int64{1, -2})
	ps.SetInts(tagTimes, []int64{Ticks(time.Unix(0, 0))})
	ps.SetFloats(tagFloats, []float64{1.5})
	ps.SetGUIDs(tagGUIDs, []GUID{{9}, {8}})
	return ps
}

func TestPropsOfEveryType(t *testing.T) {
	set := everyType()
	ps, err := ParseProps(set.Append(nil))
	if err != nil || !ps.Equal(&set) || ps.Len() != 14 {
		t.Fatalf("%v, %v", ps, err)
	}
	n, _ := ps.Int(tagLong)
	s, _ := ps.Int(tagShort)
	when, _ := ps.Time(tagTime)
	f, _ := ps.Float(tagFloat)
	g, _ := ps.GUID(tagGUID)
	if ps.String(tagText) != "text" || n != math.MinInt64 || s != -3 || !ps.Bool(tagBool) || f != -0.5 || g != (GUID{1, 2, 3}) ||
		!when.Equal(time.Date(2026, 7, 14, 10, 30, 0, 123456700, time.UTC)) || !bytes.Equal(ps.Bytes(tagBytes), []byte{0, 255}) {
		t.Errorf("single values of %v", ps)
	}
	if !slices.Equal(ps.Strings(tagTexts), []string{"a", "", "c"}) || !slices.Equal(ps.Ints(tagInts), []int64{1, -2}) ||
		ps.Ints(tagTimes)[0] != 116444736000000000 || ps.Floats(tagFloats)[0] != 1.5 || ps.GUIDs(tagGUIDs)[1] != (GUID{8}) ||
		len(ps.Binaries(tagBinarys)) != 2 || !bytes.Equal(ps.Binaries(tagBinarys)[0], []byte{0, 1}) {
		t.Errorf("lists of %v", ps)
	}
	if ps.String(tagLong) != "" || ps.Bytes(tagText) != nil || ps.Strings(tagText) != nil || ps.Ints(tagTexts) != nil {
		t.Error("a value was read in a shape it does not have")
	}
	clone := ps.Clone()
	clone.SetString(tagText, "other")
	clone.Delete(tagLong, tagLong, 0x12340003)
	if ps.String(tagText) != "text" || !ps.Has(tagLong) || clone.Has(tagLong) {
		t.Error("a clone shares its values")
	}
}

func TestPropsKeepOnlyWhatCanBeKept(t *testing.T) {
	var ps Props
	ps.SetString(tagLong, "not a number")
	ps.SetInt(tagText, 1)
	ps.SetString(MakeProp(0x7001, TypeObject), "x")
	ps.SetString(MakeProp(0, TypeString), "x")
	if ps.Len() != 0 {
		t.Errorf("kept %v", ps)
	}
	ps.SetInt(tagShort, 0x12345)
	ps.SetString(tagText, "bad \xff")
	if n, _ := ps.Int(tagShort); n != 0x2345 || ps.String(tagText) != "bad \uFFFD" {
		t.Errorf("kept %d %q", n, ps.String(tagText))
	}
	if MakeProp(0x37, TypeString8) != PidTagSubject || MakeProp(0x37, TypeMultiple|TypeString8) != 0x0037101F {
		t.Error("PtypString8 is a type of its own")
	}
}

func TestTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, math.MaxInt64).Draw(t, "ticks")
		if got := Ticks(TimeOf(n)); got != n {
			t.Fatalf("%d became %d", n, got)
		}
	})
	if !TimeOf(0).IsZero() || Ticks(time.Time{}) != 0 || Ticks(time.Date(1601, 1, 1, 0, 0, 1, 0, time.UTC)) != 1e7 {
		t.Error("the ends of time")
	}
}

func TestWellKnownNames(t *testing.T) {
	k := newKnownProps()
	if len(k.ids) != len(wellKnown) || len(k.names) != len(wellKnown) {
		t.Fatalf("%d names and %d ids of %d properties", len(k.ids), len(k.names), len(wellKnown))
	}
	for _, w := range wellKnown {
		if w.prop.ID() <= 0x8000 || w.prop.ID() >= firstNamed || !w.prop.Valid() || (w.lid == 0) == (w.name == "") {
			t.Errorf("%v %+v", w.prop, w)
		}
	}
}

func FuzzParseProps(f *testing.F) {
	ps := everyType()
	f.Add(ps.Append(nil))
	f.Add([]byte{propsVersion, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, err := ParseProps(b)
		if err != nil || len(b) == 0 {
			return
		}
		if got := ps.Append(nil); !bytes.Equal(got, b) {
			t.Fatalf("%x became %x", b, got)
		}
		for p := range ps.All() {
			_, _, _, _ = ps.String(p), ps.Strings(p), ps.Ints(p), ps.GUIDs(p)
			ps.Binaries(p)
			ps.Bytes(p)
			ps.Time(p)
		}
	})
}

func FuzzParseItem(f *testing.F) {
	it := mail("x")
	it.Attachments = []Attachment{{Name: "a", Content: []byte("b")}, {Embedded: mail("y")}}
	b, err := appendItem(nil, it, 8)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		it, err := parseItem(b, 8)
		if err != nil {
			return
		}
		if _, err := appendItem(nil, it, 8); err != nil && !is(err, ItemClass) {
			t.Fatal(err)
		}
	})
}

func FuzzParsePoints(f *testing.F) {
	p := SyncPoint{Replica: 1 << 60, Folder: 3, Base: 99, Phase: phaseChanged, Private: true}
	f.Add(p.Append(nil))
	h := HierarchyPoint{Replica: 5, Base: 6, Seen: []FolderID{1, 9}}
	f.Add(h.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ParseSyncPoint(b); err == nil && !bytes.Equal(p.Append(nil), b) {
			t.Fatalf("%x became %+v", b, p)
		}
		if h, err := ParseHierarchyPoint(b); err == nil && !bytes.Equal(h.Append(nil), b) {
			t.Fatalf("%x became %+v", b, h)
		}
	})
}

func FuzzParseRecipients(f *testing.F) {
	f.Add(appendRecipients(nil, mail("x").Recipients))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseRecipients(b)
		if err != nil {
			return
		}
		again, err := parseRecipients(appendRecipients(nil, list))
		if err != nil || len(again) != len(list) {
			t.Fatalf("%v became %v, %v", list, again, err)
		}
	})
}

func FuzzParsePermissions(f *testing.F) {
	f.Add([]byte{permissionsVersion, 1, 0, 0, 2, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := parsePermissions(b); err == nil && !bytes.Equal(appendPermissions(nil, e), b) {
			t.Fatalf("%x became %v", b, e)
		}
	})
}
