package pac

import (
	"encoding/binary"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"entente"
)

// A reader reads NDR, [C706] 14, as [MS-RPCE] 2.2.6 serializes it: little
// endian, aligned, what pointers point to behind what they are in. It is
// written for the few structures of a PAC. After the first thing that does not
// fit everything it reads is zero, and ok says so in the end. Nothing is
// allocated for a count before the bytes are there.
type reader struct {
	b   []byte
	off int
	bad bool
}

const (
	maxText    = 1024 // characters of a string that is used
	maxSubAuth = 15   // [MS-DTYP] 2.4.2
)

// newReader reads the headers of a serialized type, and the pointer that is
// the top of it. [MS-RPCE] 2.2.6.1, 2.2.6.2
func newReader(b []byte) reader {
	r := reader{b: b}
	version, endian, header, filler := r.u8(), r.u8(), r.u16(), r.u32()
	size, zero := r.u32(), r.u32()
	_ = filler // 0xcccccccc; ignored on receipt
	if version != 1 || endian != 0x10 || header != 8 || zero != 0 || uint64(size) > uint64(len(b)-r.off) {
		r.bad = true
	}
	if r.bad {
		return r
	}
	r.b = b[r.off : r.off+int(size)]
	r.off = 0
	if !r.pointer() {
		r.bad = true
	}
	return r
}

// take returns n bytes after aligning to a power of two.
func (r *reader) take(n, align int) []byte {
	at := (r.off + align - 1) &^ (align - 1)
	if r.bad || n < 0 || at > len(r.b) || n > len(r.b)-at {
		r.bad = true
		return nil
	}
	r.off = at + n
	return r.b[at : at+n]
}

func (r *reader) u8() byte {
	if b := r.take(1, 1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.take(2, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// pointer reports whether a pointer points to something.
func (r *reader) pointer() bool { return r.u32() != 0 }

// A text is an RPC_UNICODE_STRING whose characters come later. [MS-DTYP] 2.3.10
type text struct {
	length  int // in characters
	present bool
}

func (r *reader) text() text {
	length, limit := r.u16(), r.u16()
	t := text{int(length / 2), r.pointer()}
	if length%2 != 0 || length > limit || !t.present && length != 0 {
		r.bad = true
	}
	return t
}

// chars reads the characters of t, or skips them.
func (r *reader) chars(t text, used bool) string {
	if !t.present {
		return ""
	}
	most, first, n := r.u32(), r.u32(), r.u32()
	if first != 0 || n > most || int64(n) < int64(t.length) || int64(n) > int64(len(r.b)) {
		r.bad = true
		return ""
	}
	b := r.take(int(n)*2, 2)
	if r.bad || !used {
		return ""
	}
	s, ok := decode(b[:t.length*2])
	if !ok {
		r.bad = true
	}
	return s
}

// decode reads UTF-16LE that has no control characters in it: names go into
// logs and headers.
func decode(b []byte) (string, bool) {
	if len(b)%2 != 0 || len(b)/2 > maxText {
		return "", false
	}
	out := make([]byte, 0, len(b)/2+8)
	for i := 0; i < len(b); i += 2 {
		c := rune(binary.LittleEndian.Uint16(b[i:]))
		if utf16.IsSurrogate(c) {
			if i += 2; i >= len(b) {
				return "", false
			}
			c = utf16.DecodeRune(c, rune(binary.LittleEndian.Uint16(b[i:])))
		}
		if c < ' ' || c == 0x7f || c == utf8.RuneError {
			return "", false
		}
		out = utf8.AppendRune(out, c)
	}
	return string(out), true
}

// sid reads a SID behind its conformance. [MS-DTYP] 2.4.2.3
func (r *reader) sid() entente.SID {
	n := r.u32()
	if n > maxSubAuth {
		r.bad = true
		return ""
	}
	b := r.take(8+4*int(n), 4)
	if r.bad {
		return ""
	}
	s, ok := parseSID(b)
	r.bad = !ok
	return s
}

// parseSID reads a SID in its packet form. [MS-DTYP] 2.4.2.2
func parseSID(b []byte) (entente.SID, bool) {
	if len(b) < 12 || b[0] != 1 || b[1] == 0 || b[1] > maxSubAuth || len(b) != 8+4*int(b[1]) {
		return "", false
	}
	s := append(make([]byte, 0, 64), "S-1-"...)
	s = strconv.AppendUint(s, uint64(b[2])<<40|uint64(b[3])<<32|uint64(binary.BigEndian.Uint32(b[4:])), 10)
	for b = b[8:]; len(b) > 0; b = b[4:] {
		s = strconv.AppendUint(append(s, '-'), uint64(binary.LittleEndian.Uint32(b)), 10)
	}
	return entente.SID(s), true
}
