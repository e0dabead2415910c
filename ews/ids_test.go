package ews

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
)

var (
	guidText = "00112233-4455-6677-8899-aabbccddeeff"
	guidHex  = "00112233445566778899aabbccddeeff"
	boxA     = mustMailbox(guidText)
	boxB     = mustMailbox("ffffffff-0000-1111-2222-333333333333")
)

func mustMailbox(s string) entente.MailboxID {
	id, err := entente.ParseMailboxID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// text makes an id of its layout in hex, blanks ignored.
func text(t testing.TB, layout ...string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Join(layout, ""), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func moniker() string { return "24 00" + hex.EncodeToString([]byte(guidText)) }

// The parts of the entry ids of folder 0x010203040506 and item 0x0a0b0c0d0e0f
// in boxA, written out from [MS-OXCDATA] 2.2.4.
func folderEntry() string {
	return "00000000" + guidHex + "0100" + guidHex + "010203040506 0000"
}

func itemEntry() string {
	return "00000000" + guidHex + "0700" + guidHex + "010203040506 0000" + guidHex + "0a0b0c0d0e0f 0000"
}

var (
	aFolder = StoreID{Mailbox: boxA, Folder: 0x010203040506}
	anItem  = StoreID{Mailbox: boxA, Folder: 0x010203040506, Item: 0x0a0b0c0d0e0f}
)

func equal(a, b StoreID) bool {
	sameWay := slices.EqualFunc(a.Attachments, b.Attachments, bytes.Equal)
	return sameWay && a.Mailbox == b.Mailbox && a.Folder == b.Folder && a.Item == b.Item && a.Instance == b.Instance
}

func TestStoreIDLayout(t *testing.T) {
	test := func(id StoreID, layout ...string) {
		t.Helper()
		want := text(t, layout...)
		if got := id.String(); got != want {
			t.Errorf("%+v\n got %s\nwant %s", id, got, want)
		}
		got, err := ParseStoreID(want)
		if err != nil || !equal(got, id) {
			t.Errorf("parsed %+v, %v; want %+v", got, err, id)
		}
	}
	day := InstanceDate{2026, 11, 25}
	test(aFolder, "00 03", moniker(), "00", "2e00", folderEntry())
	test(anItem, "00 03", moniker(), "00", "4600", itemEntry())
	test(anItem.WithInstance(day), "00 03", moniker(), "01", "4a00", itemEntry(), "07ea 0b 19")
	test(anItem.WithAttachment([]byte{7, 8}), "00 03", moniker(), "00", "4600", itemEntry(), "01", "0200 0708")
	test(anItem.WithAttachment([]byte{7}).WithAttachment([]byte{0x11, 0x22, 0x33}),
		"00 03", moniker(), "00", "4600", itemEntry(), "02", "0100 07", "0300 112233")
	test(anItem.WithInstance(day).WithAttachment([]byte{9}),
		"00 03", moniker(), "01", "4a00", itemEntry(), "07ea 0b 19", "01", "0100 09")
}

// Ids have the lengths and the beginning that Exchange's have.
func TestStoreIDLooksLikeExchange(t *testing.T) {
	test := func(id StoreID, length int) {
		t.Helper()
		if s := id.String(); len(s) != length || !strings.HasPrefix(s, "AAMkAD") {
			t.Errorf("%d characters: %s", len(s), s)
		}
	}
	test(aFolder, 120)
	test(anItem, 152)
}

// The run-length form is accepted, and stands for the same thing.
func TestStoreIDCompressed(t *testing.T) {
	early := StoreID{Mailbox: boxB, Folder: 1, Item: 2} // full of zeros
	raw, _ := early.appendRaw(nil)
	packed := compressRaw(raw)
	if packed[0] != compressRLE || len(packed) >= len(raw) {
		t.Fatalf("%d bytes became %d", len(raw), len(packed))
	}
	id, err := ParseStoreID(base64.StdEncoding.EncodeToString(packed))
	if err != nil || !equal(id, early) {
		t.Errorf("%+v, %v", id, err)
	}

	// An attachment too deep for the plain form.
	for len(raw) <= 3*maxID/4 {
		early = early.WithAttachment(bytes.Repeat([]byte{7}, 60))
		raw, _ = early.appendRaw(nil)
	}
	s := early.String()
	if got, err := ParseStoreID(s); !strings.HasPrefix(s, "AQ") || err != nil || !equal(got, early) {
		t.Errorf("%s: %+v, %v", s, got, err)
	}
}

func TestRLE(t *testing.T) {
	test := func(plain, packed string) {
		t.Helper()
		p, _ := hex.DecodeString(plain)
		want, _ := hex.DecodeString("01" + packed)
		if got := compressRaw(append([]byte{0}, p...)); !bytes.Equal(got, want) {
			t.Errorf("%s became %x, want %x", plain, got, want)
		}
		if got, ok := expandRaw(want); !ok || !bytes.Equal(got, p) {
			t.Errorf("%x became %x, %t, want %s", want, got, ok, plain)
		}
	}
	test("", "")
	test("aa", "aa")
	test("aabb", "aabb")
	test("aaaa", "aaaa00")
	test("aaaaaa", "aaaa01")
	test("0000000001", "00000201")
	test("aaaabbbb", "aaaa00bbbb00")
	test(strings.Repeat("00", 257), "0000ff")
	test(strings.Repeat("00", 258), "0000ff00")
	test(strings.Repeat("00", 259), "0000ff000000")

	for _, bad := range []string{"01aaaa", "01bbaaaa", "02aa", "01" + strings.Repeat("0000ff", 4)} {
		b, _ := hex.DecodeString(bad)
		if got, ok := expandRaw(b); ok {
			t.Errorf("%s became %d bytes", bad, len(got))
		}
	}
}

func TestParseStoreIDRefuses(t *testing.T) {
	test := func(want ResponseCode, s string) {
		t.Helper()
		id, err := ParseStoreID(s)
		if f, ok := errors.AsType[*Fault](err); !ok || f.Code != want {
			t.Errorf("%.60q gave %+v, %v; want %s", s, id, err, want)
		}
	}
	bad := func(layout ...string) { t.Helper(); test(ErrorInvalidIdMalformed, text(t, layout...)) }

	test(ErrorInvalidIdEmpty, "")
	test(ErrorInvalidIdMalformed, "DUMMY")
	test(ErrorInvalidIdMalformed, strings.Repeat("A", 513))
	test(ErrorInvalidIdMalformed, anItem.String()[:100]+"\n"+anItem.String()[100:])
	test(ErrorInvalidIdMalformed, strings.TrimRight(anItem.String(), "="))
	test(ErrorInvalidIdMalformed, anItem.String()+"AAAA")

	bad("00")
	bad("00 03")
	bad("00 00", moniker(), "00", "2e00", folderEntry())             // addressed by SMTP address
	bad("02 03", moniker(), "00", "2e00", folderEntry())             // unknown compression
	bad("00 03", moniker(), "02", "2e00", folderEntry())             // unknown processing
	bad("00 03", moniker(), "01", "2e00", folderEntry())             // an occurrence of a folder
	bad("00 03", moniker(), "00", "2d00", folderEntry())             // too long by one
	bad("00 03", moniker(), "00", "2f00", folderEntry())             // too short by one
	bad("00 03", moniker(), "00", "2e00", folderEntry(), "00")       // no attachments, said in full
	bad("00 03", moniker(), "00", "2e00", folderEntry(), "010100aa") // an attachment of a folder
	bad("00 03", moniker(), "00", "ffff", folderEntry())             // a negative length
	bad("00 03 2400", strings.Repeat("20", 36), "00", "2e00", folderEntry())
	bad("00 03", moniker(), "01", "4a00", itemEntry(), "07ea 02 1e") // 30 February
	bad("00 03", moniker(), "01", "4a00", itemEntry(), "0000 00 00") // no date
	bad("00 03", moniker(), "00", "4600", itemEntry(), "01", "0000") // an empty attachment id
	bad("00 03", moniker(), "00", "4600", itemEntry(), "02", "0100 07")
	bad("00 03", moniker(), "00", "4600", strings.Replace(itemEntry(), "0700", "0100", 1))
	bad("00 03", moniker(), "00", "4600", strings.Replace(itemEntry(), "0a0b0c0d0e0f", "000000000000", 1))
	// A moniker that names another mailbox than the entry id does.
	other := "24 00" + hex.EncodeToString([]byte(boxB.String()))
	bad("00 03", other, "00", "2e00", folderEntry())

	levels := "0b" + strings.Repeat("0100 07", 11)
	test(ErrorInvalidIdTooManyAttachmentLevels, text(t, "00 03", moniker(), "00", "4600", itemEntry(), levels))
}

// What no id can hold has no text.
func TestStoreIDWithoutText(t *testing.T) {
	test := func(id StoreID) {
		t.Helper()
		if s := id.String(); s != "" {
			t.Errorf("%+v became %s", id, s)
		}
	}
	test(StoreID{})
	test(StoreID{Mailbox: boxA})
	test(StoreID{Mailbox: boxA, Folder: 1 << 48})
	test(StoreID{Mailbox: boxA, Folder: 1, Item: 1 << 48})
	test(aFolder.WithInstance(InstanceDate{2026, 1, 1}))
	test(anItem.WithInstance(InstanceDate{2026, 2, 30}))
	test(aFolder.WithAttachment([]byte{1}))
	test(anItem.WithAttachment(nil))
	test(anItem.WithAttachment(bytes.Repeat([]byte("0123456789"), 30)))
	if anItem.WithAttachment([]byte{1}).Root().String() != anItem.String() {
		t.Error("the root of an attachment is not its item")
	}
}

// WithAttachment must not write into what another id holds.
func TestWithAttachmentCopies(t *testing.T) {
	one := anItem.WithAttachment([]byte{1})
	one.Attachments = slices.Grow(one.Attachments, 4)
	two, three := one.WithAttachment([]byte{2}), one.WithAttachment([]byte{3})
	if two.Attachments[1][0] != 2 || three.Attachments[1][0] != 3 {
		t.Error("two ids share their attachments")
	}
}

func TestInstanceDate(t *testing.T) {
	zone := time.FixedZone("", 13*3600)
	d := InstanceDateOf(time.Date(2026, 3, 1, 0, 30, 0, 0, zone))
	if d != (InstanceDate{2026, 3, 1}) {
		t.Error(d)
	}
	if got := d.In(zone); !got.Equal(time.Date(2026, 2, 28, 11, 0, 0, 0, time.UTC)) {
		t.Error(got)
	}
}

func TestChangeKey(t *testing.T) {
	k := ChangeKey{Mailbox: boxA, Change: 0x0a0b0c0d0e0f}
	want := text(t, "01000000 16000000", guidHex, "0a0b0c0d0e0f")
	if got := k.String(); got != want || len(got) != 40 {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, err := ParseChangeKey(want); err != nil || got != k {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{
		"", "AAAA", "?", want + "\n", want[:39] + "\n", want[:20] + "\n" + want[20:], strings.Repeat("A", 4000),
		text(t, "02000000 16000000", guidHex, "0a0b0c0d0e0f"),
		text(t, "01000000 17000000", guidHex, "0a0b0c0d0e0f"),
	} {
		if _, err := ParseChangeKey(bad); err == nil {
			t.Errorf("%.50q is a change key", bad)
		}
	}
}

func FuzzParseStoreID(f *testing.F) {
	f.Add("")
	f.Add("DUMMY")
	for _, id := range []StoreID{
		aFolder, anItem, anItem.WithInstance(InstanceDate{2026, 11, 25}), anItem.WithAttachment([]byte{1, 2, 3, 4}),
	} {
		f.Add(id.String())
		raw, _ := id.appendRaw(nil)
		f.Add(base64.StdEncoding.EncodeToString(compressRaw(raw)))
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseStoreID(s)
		if err != nil {
			if _, ok := errors.AsType[*Fault](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		again, err := ParseStoreID(id.String())
		if err != nil || !equal(again, id) {
			t.Fatalf("%+v became %s, which is %+v, %v", id, id, again, err)
		}
		for _, format := range []IDFormat{FormatEntryID, FormatHexEntryID, FormatStoreID, FormatOwaID} {
			if c := id.Format(format); c != "" {
				if back, err := ParseStoreIDFormat(c, format); err != nil || back.Item != id.Item || back.Folder != id.Folder {
					t.Fatalf("%s %s: %+v, %v", format, c, back, err)
				}
			}
		}
	})
}

func BenchmarkStoreID(b *testing.B) {
	s := anItem.String()
	b.Run("String", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = anItem.String()
		}
	})
	b.Run("Parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseStoreID(s); err != nil {
				b.Fatal(err)
			}
		}
	})
}
