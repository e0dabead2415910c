package ews

// The compression byte of an id. [MS-OXWSITEMID] 2.
const (
	compressNone = 0
	compressRLE  = 1
)

// maxExpanded is the longest payload of a compressed id, so that a short id
// cannot grow into a long one.
const maxExpanded = 1024

// compressRaw replaces the payload of an uncompressed id by its run-length
// encoding. [MS-OXWSITEMID].
//
// Two equal bytes in a row are followed by a byte that says how many more of
// them come, 0 to 255; bytes that differ from the next stand for themselves.
func compressRaw(raw []byte) []byte {
	out := make([]byte, 1, len(raw))
	out[0] = compressRLE
	for b := raw[1:]; len(b) > 0; {
		n := runLength(b)
		if n == 1 {
			out = append(out, b[0])
		} else {
			out = append(out, b[0], b[0], byte(n-2))
		}
		b = b[n:]
	}
	return out
}

// runLength counts how often b[0] stands at the start of b, up to 257.
func runLength(b []byte) int {
	n := 1
	for n < len(b) && n < 2+255 && b[n] == b[0] {
		n++
	}
	return n
}

// expandRaw returns the payload of an id, expanded if its first byte says so.
func expandRaw(raw []byte) ([]byte, bool) {
	switch raw[0] {
	case compressNone:
		return raw[1:], true
	case compressRLE:
		return expandRLE(raw[1:])
	}
	return nil, false
}

func expandRLE(b []byte) ([]byte, bool) {
	out := make([]byte, 0, 2*len(b))
	for len(b) > 0 {
		if len(b) == 1 || b[0] != b[1] {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		if len(b) < 3 { // a pair without its count
			return nil, false
		}
		for range 2 + int(b[2]) {
			out = append(out, b[0])
		}
		b = b[3:]
		if len(out) > maxExpanded {
			return nil, false
		}
	}
	return out, len(out) <= maxExpanded
}
