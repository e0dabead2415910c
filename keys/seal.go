package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const (
	masterSize  = 32 // AES-256
	masterMagic = "entente-master-key-1"
	maxMasters  = 4
)

// A master seals keys: AES-256-GCM. The first of its keys seals, all open; it
// has more than one only while a change of master key is under way.
type master struct{ keys []masterKey }

type masterKey struct {
	name string // the beginning of a hash; says which, and nothing about it
	aead cipher.AEAD
	raw  [masterSize]byte
}

func newMasterKey(raw [masterSize]byte) (masterKey, error) {
	block, err := aes.NewCipher(raw[:])
	if err != nil {
		return masterKey{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return masterKey{}, err
	}
	sum := sha256.Sum256(append([]byte(masterMagic), raw[:]...))
	return masterKey{hex.EncodeToString(sum[:6]), aead, raw}, nil
}

func randomMasterKey() (masterKey, error) {
	var raw [masterSize]byte
	_, _ = rand.Read(raw[:])
	return newMasterKey(raw)
}

// seal returns the name of the key used and the sealed text.
func (m *master) seal(plain, about []byte) (name string, sealed []byte) {
	k := m.keys[0]
	return k.name, k.aead.Seal(nil, nil, plain, about)
}

func (m *master) open(name string, sealed, about []byte) ([]byte, error) {
	for _, k := range m.keys {
		if k.name != name {
			continue
		}
		plain, err := k.aead.Open(nil, nil, sealed, about)
		if err != nil {
			return nil, errors.New("does not open: it was changed, or belongs elsewhere")
		}
		return plain, nil
	}
	return nil, fmt.Errorf("sealed under master key %s, and the file has %s", name, m.names())
}

func (m *master) names() string {
	var all []string
	for _, k := range m.keys {
		all = append(all, k.name)
	}
	return strings.Join(all, ", ")
}

// marshal is the text of the master key file: a line for each key.
func (m *master) marshal() []byte {
	var b bytes.Buffer
	for _, k := range m.keys {
		fmt.Fprintf(&b, "%s %s\n", masterMagic, base64.StdEncoding.EncodeToString(k.raw[:]))
	}
	return b.Bytes()
}

// parseMaster reads what marshal writes. Its errors do not show the text.
func parseMaster(text []byte) (*master, error) {
	m := &master{}
	for line := range bytes.Lines(text) {
		magic, code, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		raw, err := base64.StdEncoding.Strict().DecodeString(code)
		if !ok || magic != masterMagic || err != nil || len(raw) != masterSize || len(m.keys) == maxMasters {
			return nil, errors.New("is not a master key file")
		}
		k, err := newMasterKey([masterSize]byte(raw))
		if err != nil {
			return nil, err
		}
		m.keys = append(m.keys, k)
	}
	if len(m.keys) == 0 {
		return nil, errors.New("is empty")
	}
	return m, nil
}

// aad puts parts one after the other, each behind its length, so that no two
// lists of parts give the same bytes.
func aad(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}
