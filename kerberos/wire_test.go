package kerberos

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
	"pgregory.net/rapid"
)

// TestNames: whatever the parts of a name are, its text says them, and they are
// written again from it.
func TestNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z0-9@$ ./\\äΩ-]{1,20}`), 1, maxParts).Draw(t, "parts")
		var b cryptobyte.Builder
		addName(&b, 3, 1, joined(parts))
		s := cryptobyte.String(b.BytesOrPanic())
		var n name
		if !readName(&s, 3, &n) || !s.Empty() || n.kind != 1 {
			t.Fatalf("%q cannot be read", parts)
		}
		if got := nameParts(n.String()); strings.Join(got, "\x00") != strings.Join(parts, "\x00") {
			t.Fatalf("%q comes back as %q by %q", parts, got, n)
		}
		if n.plain() != strings.Join(parts, "/") {
			t.Fatalf("%q is plainly %q", parts, n.plain())
		}
	})
}

func joined(parts []string) string {
	var all []string
	for _, p := range parts {
		all = append(all, escape(p))
	}
	return strings.Join(all, "/")
}

// TestReadName is what no name may be.
func TestReadName(t *testing.T) {
	name0 := func(parts ...string) []byte {
		var b cryptobyte.Builder
		b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addInt(b, 0, 1)
				b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
						for _, p := range parts {
							b.AddASN1(generalString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(p)) })
						}
					})
				})
			})
		})
		return b.BytesOrPanic()
	}
	for _, c := range []struct {
		why string
		b   []byte
		ok  bool
	}{
		{"a name", name0("anna"), true},
		{"eight parts", name0("1", "2", "3", "4", "5", "6", "7", "8"), true},
		{"nine parts", name0("1", "2", "3", "4", "5", "6", "7", "8", "9"), false},
		{"no parts", name0(), false},
		{"an empty part", name0("HTTP", ""), false},
		{"a long one", name0(strings.Repeat("x", 500)), true},
		{"a longer one", name0(strings.Repeat("x", 513)), false},
		{"a NUL", name0("an\x00na"), false},
		{"a line break", name0("an\nna"), false},
		{"not UTF-8", name0("an\xffna"), false},
		{"umlauts", name0("änna"), true},
		{"cut", name0("anna")[:12], false},
		{"as a SET", []byte(strings.Replace(string(name0("anna")), "\x30", "\x31", 1)), false},
		{"a length in more bytes than it takes", append([]byte{0xa1, 0x81, byte(len(name0("anna")) - 2)}, name0("anna")[2:]...), false},
		{"without an end", append([]byte{0xa1, 0x80}, append(name0("anna")[2:], 0, 0)...), false},
	} {
		s := cryptobyte.String(c.b)
		var n name
		if ok := readName(&s, 1, &n); ok != c.ok {
			t.Errorf("%s: %v", c.why, ok)
		}
	}
}

func TestReadTime(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{"20261128235959Z", true},
		{"20240229000000Z", true},
		{"99991231235959Z", true},
		{"00010101000000Z", true},
		{"20260229000000Z", false},
		{"20261131000000Z", false},
		{"20261301000000Z", false},
		{"20260001000000Z", false},
		{"20260100000000Z", false},
		{"20261128240000Z", false},
		{"20261128236000Z", false},
		{"20261128235960Z", false}, // there are no leap seconds in a KerberosTime
		{"20261128235959.5Z", false},
		{"20261128235959", false},
		{"2026112823595Z", false},
		{"20261128235959+0000", false},
		{"2026112823595xZ", false},
		{"+0261128235959Z", false},
	} {
		var b cryptobyte.Builder
		b.AddASN1(tagged(5), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes([]byte(c.text)) })
		})
		s := cryptobyte.String(b.BytesOrPanic())
		var got time.Time
		ok := readTime(&s, 5, &got)
		if ok != c.ok || ok && got.Format(timeForm) != c.text {
			t.Errorf("%s: %v, %v", c.text, got, ok)
		}
	}
}

func TestReadFlags(t *testing.T) {
	for _, c := range []struct {
		bits []byte // with the number of unused ones before
		want uint32
		ok   bool
	}{
		{[]byte{0, 0x40, 0x80, 0, 1}, 0x40800001, true},
		{[]byte{0, 0x40, 0x80, 0, 1, 0xff}, 0x40800001, true},
		{[]byte{7, 0x40, 0x80, 0, 0, 0x80}, 0x40800000, true},
		{[]byte{8, 0x40, 0x80, 0, 0}, 0, false},
		{[]byte{0, 0x40, 0x80, 0}, 0, false}, // RFC 4120 5.2.8: 32 bits at least
		{[]byte{0}, 0, false},
		{nil, 0, false},
		{append([]byte{0}, make([]byte, 9)...), 0, false},
	} {
		var b cryptobyte.Builder
		b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes(c.bits) })
		})
		s := cryptobyte.String(b.BytesOrPanic())
		var got uint32
		if ok := readFlags(&s, 0, &got); ok != c.ok || ok && got != c.want {
			t.Errorf("%x: %x, %v", c.bits, got, ok)
		}
	}
}

// TestVersions: a kvno is 32 bits without a sign, and is written with one by
// many.
func TestVersions(t *testing.T) {
	for _, c := range []struct{ written, read int64 }{
		{1, 1}, {255, 255}, {1 << 31, 1 << 31}, {-1 << 31, 1 << 31}, {-1, 1<<32 - 1},
	} {
		var b cryptobyte.Builder
		addEncrypted(&b, 3, 18, c.written, []byte("cipher"))
		s := cryptobyte.String(b.BytesOrPanic())
		var e encrypted
		if !readEncrypted(&s, 3, &e) || e.kvno != c.read || e.etype != 18 || string(e.cipher) != "cipher" {
			t.Errorf("%d: %+v", c.written, e)
		}
	}
	for _, v := range []int64{1 << 32, -1<<31 - 1} {
		var b cryptobyte.Builder
		addInt(&b, 1, v)
		s := cryptobyte.String(b.BytesOrPanic())
		if got := int64(0); readInt(&s, 1, &got) {
			t.Errorf("%d is taken for %d", v, got)
		}
	}
}
