package directory

import (
	"encoding/binary"
	"encoding/hex"

	"entente/access"
)

// State returns what decisions are made on, as Snapshot does, and a hash of it:
// equal only for equal facts of one generation. It is keyed, so that it says
// nothing of what it was made from, and "" in a directory without a Seal.
func (d *Directory) State() (*access.Snapshot, string) {
	s := d.now.Load()
	return s.snapshot, s.hash
}

// stateHash is how much of the keyed hash is shown, in bytes.
const stateHash = 16

func (d *Directory) hashOf(s *state) string {
	if d.seal == nil {
		return ""
	}
	text := binary.BigEndian.AppendUint64([]byte("entente directory snapshot 1\n"), s.snapshot.Generation())
	sum := s.rows.total.bytes()
	text = binary.BigEndian.AppendUint64(append(text, sum[:]...), s.rows.total.units)
	mark := d.seal.Append(nil, text)
	return hex.EncodeToString(mark[:min(len(mark), stateHash)])
}
