package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"entente/db"
	"entente/db/dbtest"
)

// A published log is files by path, as another tool would fetch them.
type published map[string][]byte

func (p published) Write(path string, data []byte) error {
	if _, ok := p[path]; ok {
		return fmt.Errorf("%s is written twice", path)
	}
	p[path] = bytes.Clone(data)
	return nil
}

// path is https://c2sp.org/tlog-tiles written a second time, from its text.
func (p published) path(level string, index, size uint64, unit uint64) ([]byte, error) {
	digits := fmt.Sprintf("%03d", index%1000)
	for n := index / 1000; n > 0; n /= 1000 {
		digits = fmt.Sprintf("x%03d/", n%1000) + digits
	}
	path := "tile/" + level + "/" + digits
	if left := size/unit - index*256; left < 256 {
		path += fmt.Sprintf(".p/%d", left)
	}
	data, ok := p[path]
	if !ok {
		return nil, fmt.Errorf("%s is not there", path)
	}
	return data, nil
}

// check is what another tool does: signature, root from the leaves' tiles, each
// tile from those below, each entry against its leaf. It returns how many entries
// are empty.
func (p published) check(verifier string) (empty int, err error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return 0, err
	}
	n, err := note.Open(p["checkpoint"], note.VerifierList(v))
	if err != nil {
		return 0, err
	}
	var size uint64
	lines := strings.Split(n.Text, "\n")
	if _, err := fmt.Sscan(lines[1], &size); err != nil {
		return 0, err
	}
	factory := &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	whole := factory.NewEmptyRange(0)
	for i := range size {
		tile, err := p.path("0", i/256, size, 1)
		if err != nil {
			return 0, err
		}
		leaf := tile[i%256*32:][:32]
		if err := whole.Append(leaf, nil); err != nil {
			return 0, err
		}
		bundle, err := p.path("entries", i/256, size, 1)
		if err != nil {
			return 0, err
		}
		for range i % 256 {
			bundle = bundle[2+binary.BigEndian.Uint16(bundle):]
		}
		data := bundle[2:][:binary.BigEndian.Uint16(bundle)]
		if len(data) == 0 {
			empty++
		} else if sum := sha256.Sum256(append([]byte{0}, data...)); !bytes.Equal(sum[:], leaf) {
			return 0, fmt.Errorf("entry %d is not what its leaf is the hash of", i)
		}
	}
	root, err := whole.GetRootHash(nil)
	if err != nil {
		return 0, err
	}
	if got := base64.StdEncoding.EncodeToString(root); got != lines[2] {
		return 0, fmt.Errorf("the root is %s, the checkpoint says %s", got, lines[2])
	}
	return empty, p.checkLevels(size)
}

func (p published) checkLevels(size uint64) error {
	for level, unit := 1, uint64(256); size/unit > 0; level, unit = level+1, unit*256 {
		for i := range size / unit {
			below, err := p.path(fmt.Sprint(level-1), i, size, unit/256)
			if err != nil {
				return err
			}
			r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
			for k := range 256 {
				if err := r.Append(below[k*32:][:32], nil); err != nil {
					return err
				}
			}
			root, err := r.GetRootHash(nil)
			if err != nil {
				return err
			}
			tile, err := p.path(fmt.Sprint(level), i/256, size, unit)
			if err != nil {
				return err
			}
			if !bytes.Equal(tile[i%256*32:][:32], root) {
				return fmt.Errorf("tile %d of level %d does not follow from those below", i/256, level)
			}
		}
	}
	return nil
}

func publish(t *testing.T, d *db.DB) published {
	t.Helper()
	checkpoint, err := Checkpoint(t.Context(), d, "n1")
	if err != nil {
		t.Fatal(err)
	}
	_, size, err := SizeOf(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := published{}
	tiles := Tiles{Write: p.Write}
	all, err := Entries(t.Context(), d, "n1", 0, int(size))
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := tiles.Add(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := tiles.End(checkpoint); err != nil {
		t.Fatal(err)
	}
	return p
}

// What is exported as tiles another tool can check, of whatever size the log is,
// and also when records were erased.
func TestTiles(t *testing.T) {
	for _, n := range []int{1, 255, 256, 257, 512, 700} {
		d := dbtest.SQLite(t)
		l := open(t, d)
		for i := range n {
			l.AppendLater(record(i))
		}
		l.Close()
		p := publish(t, d)
		if empty, err := p.check(verifierKey("n1", public())); err != nil || empty != 0 {
			t.Errorf("%d records: %v, %d empty", n, err, empty)
		}
		for path := range p {
			if path == "checkpoint" {
				continue
			}
			data := p[path]
			p[path] = bytes.Clone(data)
			p[path][len(data)/2] ^= 1
			if _, err := p.check(verifierKey("n1", public())); err == nil {
				t.Errorf("%d records: a bit in %s does not matter", n, path)
			}
			p[path] = data
		}
	}
	d := dbtest.SQLite(t)
	l := open(t, d)
	for i := range 300 {
		l.AppendLater(record(i))
	}
	if n, err := l.Erase(t.Context(), Erasure{Request: "r7"}, Record{Kind: Admin}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	l.Close()
	if empty, err := publish(t, d).check(verifierKey("n1", public())); err != nil || empty != 1 {
		t.Errorf("after erasing: %v, %d empty", err, empty)
	}
}

// The numbers of large logs, from the specification's own example.
func TestTilePath(t *testing.T) {
	for _, test := range []struct {
		n     uint64
		width int
		want  string
	}{
		{0, 256, "tile/0/000"}, {273, 112, "tile/0/273.p/112"}, {1234067, 256, "tile/0/x001/x234/067"},
	} {
		if got := tilePath("0", test.n, test.width); got != test.want {
			t.Errorf("%d: %s, want %s", test.n, got, test.want)
		}
	}
}
