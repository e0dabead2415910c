package easserver

import "encoding/binary"

// A multipart is an answer to a phone that accepts several parts: the document
// first, which says where bodies and files stand as Part, then these as they are.
// [MS-ASCMD] 2.2.1.10.1
type multipart struct{ parts [][]byte }

// add adds a part and returns its number; the document is number 0.
func (m *multipart) add(part []byte) int {
	m.parts = append(m.parts, part)
	return len(m.parts)
}

// multipartType is the content type of such answers.
const multipartType = "application/vnd.ms-sync.multipart"

// encode returns the answer: the number of parts, where each begins and how long
// it is, then the parts. Numbers are little endian. [MS-ASCMD] 2.2.1.10.1.1
func (m *multipart) encode(document []byte) []byte {
	all := append([][]byte{document}, m.parts...)
	at := 4 + 8*len(all)
	size := at
	for _, p := range all {
		size += len(p)
	}
	out := binary.LittleEndian.AppendUint32(make([]byte, 0, size), uint32(len(all)))
	for _, p := range all {
		out = binary.LittleEndian.AppendUint32(out, uint32(at))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(p)))
		at += len(p)
	}
	for _, p := range all {
		out = append(out, p...)
	}
	return out
}
