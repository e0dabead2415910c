package directory

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"hash/maphash"
	"math/bits"
	"reflect"

	"entente"
	"entente/db"
)

// A tag is a keyed hash of a unit's key and rows: HMAC-SHA-256.
type tag = [tagLength]byte

const tagLength = sha256.Size

// A total is the sum of a set of units: MSet-Add-Hash of Clarke, Devadas, van Dijk,
// Gassend and Suh (ASIACRYPT 2003). Each unit's tag is hashed again to a number
// of 256 bits, and those are added modulo 2^256. To keep the sum while changing
// the set one has to find units whose numbers cancel out; who does not know the
// numbers succeeds with a probability of 2^-256 a try. They are known to nobody
// without the key: the tags are not the numbers, and the sum is kept with a
// number added to it that is used once (blind).
type total struct {
	limbs [4]uint64 // the least significant first
	units uint64
}

func (s *total) add(n [32]byte) {
	var carry uint64
	for i := range s.limbs {
		s.limbs[i], carry = bits.Add64(s.limbs[i], binary.BigEndian.Uint64(n[24-8*i:]), carry)
	}
}

func (s *total) sub(n [32]byte) {
	var borrow uint64
	for i := range s.limbs {
		s.limbs[i], borrow = bits.Sub64(s.limbs[i], binary.BigEndian.Uint64(n[24-8*i:]), borrow)
	}
}

func (s *total) bytes() (b [32]byte) {
	for i := range s.limbs {
		binary.BigEndian.PutUint64(b[24-8*i:], s.limbs[i])
	}
	return b
}

// sumKeys are made of the Seal, one for each use.
type sumKeys struct{ tag, number, blind []byte }

func newSumKeys(s Seal) *sumKeys {
	return &sumKeys{
		tag:    s.Append(nil, []byte("entente directory 2 tag\n")),
		number: s.Append(nil, []byte("entente directory 2 number\n")),
		blind:  s.Append(nil, []byte("entente directory 2 blind\n")),
	}
}

// A marker sums up rows as they are read. It is for one transaction.
type marker struct {
	seal                Seal
	seed                maphash.Seed
	tags, number, blind hash.Hash

	// done is called with each unit that was read.
	done  func(k kind, key []byte, t tag)
	total *total            // what it adds up, if all is read
	known map[uint64]uint64 // and the units' tags

	kind kind
	key  []byte // of the unit that is being read
	next []byte
	text []byte // its rows
	open bool
}

func (d *Directory) marker() *marker {
	if d.seal == nil {
		return nil
	}
	return &marker{
		seal: d.seal, seed: d.seed,
		tags: hmac.New(sha256.New, d.keys.tag), number: hmac.New(sha256.New, d.keys.number), blind: hmac.New(sha256.New, d.keys.blind),
	}
}

// row adds a row; the values are pointers to what was read, the key columns
// first. Rows of a unit follow one another.
func (m *marker) row(k kind, dest []any) {
	m.next = appendKey(m.next[:0], k, dest)
	if !m.open || k != m.kind || string(m.key) != string(m.next) {
		m.end()
		m.open, m.kind = true, k
		m.key = append(m.key[:0], m.next...)
		m.text = appendNumber(append(m.text[:0], byte(k)), sumText, uint64(len(m.key)))
		m.text = append(m.text, m.key...)
	}
	m.text = append(m.text, sumRow)
	for _, p := range dest {
		m.text = appendValue(m.text, reflect.ValueOf(p).Elem())
	}
}

// end ends the unit that is being read.
func (m *marker) end() {
	if !m.open {
		return
	}
	m.open = false
	var t tag
	m.tags.Reset()
	m.tags.Write(m.text)
	m.tags.Sum(t[:0])
	m.done(m.kind, m.key, t)
}

// appendKey appends what a row's unit is named by.
func appendKey(b []byte, k kind, dest []any) []byte {
	switch k {
	case organizationRows:
		return b
	case memberRows:
		b = append(b, reflect.ValueOf(dest[0]).Elem().String()...)
		return append(append(b, ' '), reflect.ValueOf(dest[1]).Elem().String()...)
	case permissionRows:
		return hex.AppendEncode(b, dest[0].(*entente.MailboxID)[:])
	}
	return append(b, reflect.ValueOf(dest[0]).Elem().String()...)
}

// addend is the number that a unit with a tag is summed up as.
func (m *marker) addend(t []byte) (n [32]byte) {
	m.number.Reset()
	m.number.Write(t)
	m.number.Sum(n[:0])
	return n
}

// replace takes a unit's tag out of a sum and puts another in; nil is no unit.
func (m *marker) replace(s *total, was, became []byte) {
	if len(was) > 0 {
		s.sub(m.addend(was))
		s.units--
	}
	if len(became) > 0 {
		s.add(m.addend(became))
		s.units++
	}
}

// tagOf reads a unit and returns its tag, nil if it has no rows.
func (m *marker) tagOf(tx *db.Tx, u unit) (found []byte, err error) {
	r := newReader(tx, m)
	old := m.done
	defer func() { m.done = old }()
	m.done = func(_ kind, _ []byte, t tag) { found = t[:] }
	return found, r.read(u)
}

// tags are what the units are known by: enough of each tag that nobody without
// the key makes another row with it.
type tags = shards[uint64, uint64]

// id is what a unit's tag is found under in memory. Two units under one id
// could only raise a false alarm.
func id(seed maphash.Seed, k kind, key []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	h.WriteByte(byte(k))
	h.Write(key)
	return h.Sum64()
}

func short(t []byte) uint64 { return binary.BigEndian.Uint64(t) }

// The form in which a sum is kept: a random number, how many units there are,
// and the sum with another number added that is made of the random one.
const (
	nonceLength = 16
	keptLength  = nonceLength + 8 + 32
)

// keep writes a sum for the database.
func (m *marker) keep(s total, generation uint64) ([]byte, error) {
	b := make([]byte, nonceLength, keptLength)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	blinded := s
	blinded.add(m.blindOf(b, generation))
	b = binary.BigEndian.AppendUint64(b, s.units)
	text := blinded.bytes()
	return append(b, text[:]...), nil
}

// kept reads what keep wrote.
func (m *marker) kept(b []byte, generation uint64) (s total, ok bool) {
	if len(b) != keptLength {
		return s, false
	}
	s.add([32]byte(b[nonceLength+8:]))
	s.sub(m.blindOf(b[:nonceLength], generation))
	s.units = binary.BigEndian.Uint64(b[nonceLength:])
	return s, true
}

func (m *marker) blindOf(nonce []byte, generation uint64) (n [32]byte) {
	m.blind.Reset()
	m.blind.Write(binary.BigEndian.AppendUint64(nil, generation))
	m.blind.Write(nonce)
	m.blind.Sum(n[:0])
	return n
}

// sealed is what a mark is made of: the form's version, the number of the state
// and its sum as it is kept.
func sealedText(generation uint64, kept []byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte("entente directory 2\n"), generation), kept...)
}

// marked returns the sum that a generation was marked with; ok is false if it
// does not bear its mark.
func (m *marker) marked(tx *db.Tx, generation uint64) (s total, ok bool, err error) {
	var mark, kept []byte
	err = tx.QueryRow(`SELECT mark, sum FROM directory_seal WHERE id = 1`).Scan(&mark, &kept)
	if errors.Is(err, db.ErrNoRows) {
		return s, false, nil
	}
	if err != nil || !m.seal.Valid(sealedText(generation, kept), mark) {
		return s, false, err
	}
	s, ok = m.kept(kept, generation)
	return s, ok, nil
}

// mark marks a generation with a sum.
func (m *marker) mark(tx *db.Tx, s total, generation uint64) error {
	kept, err := m.keep(s, generation)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO directory_seal (id, mark, sum) VALUES (1, $1, $2)
		ON CONFLICT (id) DO UPDATE SET mark = $1, sum = $2`, m.seal.Append(nil, sealedText(generation, kept)), kept)
	return err
}

// What the rows are summed up as: every value with its kind and length, so
// that no two states read the same.
const (
	sumRow  = 'r'
	sumEnd  = 'e' // of a table, in the first form of the mark
	sumNull = '0'
	sumInt  = 'i'
	sumText = 't'
)

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, sumNull)
		}
		return appendValue(b, v.Elem())
	case reflect.Bool:
		n := uint64(0)
		if v.Bool() {
			n = 1
		}
		return appendNumber(b, sumInt, n)
	case reflect.String:
		return append(appendNumber(b, sumText, uint64(v.Len())), v.String()...)
	case reflect.Slice, reflect.Array: // of bytes; db.Rows scans no others
		return append(appendNumber(b, sumText, uint64(v.Len())), v.Bytes()...)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return appendNumber(b, sumInt, v.Uint())
	default: // signed numbers; anything else panics in every test
		return appendNumber(b, sumInt, uint64(v.Int()))
	}
}

func appendNumber(b []byte, kind byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, kind), n)
}
