package audit

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/transparency-dev/merkle/rfc6962"

	"entente"
)

// Tiles writes a log in the form of https://c2sp.org/tlog-tiles, with which other
// tools check it: tile/0/… holds the leaves' hashes, tile/1/… the roots of full
// tiles below, and so on, tile/entries/… what the leaves are hashes of, salt and
// record. Of an erased record there is an empty entry; its hash stays.
//
// Add every entry, then End.
type Tiles struct {
	// Write writes a file of the tree; its folders may have to be made.
	Write func(path string, data []byte) error

	size    uint64
	levels  [][]byte // hashes of the tile at work at each level
	entries []byte   // the bundle at work
}

const (
	tileWidth = 256
	hashSize  = 32
)

// Add adds the next entry.
func (t *Tiles) Add(e *Entry) error {
	if e.Seq != t.size || len(e.Leaf) != hashSize {
		return entente.Errorf(entente.Conflict, "record %d is missing", t.size)
	}
	if err := t.push(0, e.Leaf); err != nil {
		return err
	}
	var data []byte
	if e.Text != nil {
		data = append(append(data, e.Salt...), e.Text...)
	}
	if len(data) > 1<<16-1 {
		return entente.Errorf(entente.TooLarge, "record %d does not fit an entry bundle", e.Seq)
	}
	t.entries = append(binary.BigEndian.AppendUint16(t.entries, uint16(len(data))), data...)
	t.size++
	if t.size%tileWidth != 0 {
		return nil
	}
	defer func() { t.entries = nil }()
	return t.Write(tilePath("entries", t.size/tileWidth-1, tileWidth), t.entries)
}

// push adds a hash to a level, and when its tile is full its root to the next.
func (t *Tiles) push(level int, hash []byte) error {
	if level == len(t.levels) {
		t.levels = append(t.levels, nil)
	}
	t.levels[level] = append(t.levels[level], hash...)
	tile := t.levels[level]
	if len(tile) < tileWidth*hashSize {
		return nil
	}
	// This tile's number follows from how many leaves it is over.
	n := (t.size + 1) >> (8 * (level + 1))
	if err := t.Write(tilePath(fmt.Sprint(level), n-1, tileWidth), tile); err != nil {
		return err
	}
	t.levels[level] = nil
	return t.push(level+1, rootOf(tile))
}

// End writes the tiles that are not full, and the checkpoint last: whoever reads
// it finds everything it speaks of. The checkpoint must be one of the size that
// was added.
func (t *Tiles) End(checkpoint string) error {
	for level, tile := range t.levels {
		if len(tile) == 0 {
			continue
		}
		n := t.size >> (8 * (level + 1))
		if err := t.Write(tilePath(fmt.Sprint(level), n, len(tile)/hashSize), tile); err != nil {
			return err
		}
	}
	if w := int(t.size % tileWidth); w > 0 {
		if err := t.Write(tilePath("entries", t.size/tileWidth, w), t.entries); err != nil {
			return err
		}
	}
	return t.Write("checkpoint", []byte(checkpoint))
}

// rootOf is the root of a full tile.
func rootOf(tile []byte) []byte {
	hashes := split(tile)
	for len(hashes) > 1 {
		for i := range len(hashes) / 2 {
			hashes[i] = rfc6962.DefaultHasher.HashChildren(hashes[2*i], hashes[2*i+1])
		}
		hashes = hashes[:len(hashes)/2]
	}
	return hashes[0]
}

// tilePath names a tile or bundle: its number in groups of three digits, all but
// the last behind an x, and its width if it is not full.
func tilePath(level string, n uint64, width int) string {
	number := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		number = fmt.Sprintf("x%03d/%s", n%1000, number)
	}
	path := strings.Join([]string{"tile", level, number}, "/")
	if width < tileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	return path
}

// SizeOf reads the size a checkpoint speaks of, and whose log it is of, without
// checking its signature.
func SizeOf(checkpoint string) (node string, size uint64, err error) {
	lines := strings.Split(checkpoint, "\n")
	if len(lines) < 4 || !strings.HasPrefix(lines[0], originPrefix) {
		return "", 0, entente.Errorf(entente.Invalid, "this is no checkpoint of an audit log")
	}
	if _, err := fmt.Sscanf(lines[1], "%d", &size); err != nil {
		return "", 0, entente.Errorf(entente.Invalid, "this is no checkpoint: it has no size")
	}
	return strings.TrimPrefix(lines[0], originPrefix), size, nil
}
