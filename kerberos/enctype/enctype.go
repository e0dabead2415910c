// Package enctype is the cryptography of Kerberos: what its encryption types do
// with a key, RFC 3961, RFC 3962, RFC 8009, and RFC 4757 where somebody asks
// for it by name.
//
// A Key derives from itself a key for each use, once, and keeps it: deriving is
// most of the work of a short message. It knows no messages and no names.
package enctype

import (
	"crypto/rand"
	"errors"
	"strconv"
	"sync/atomic"
)

// An Etype is the number of an encryption type, RFC 3961 8.
type Etype int32

// The encryption types of this server.
const (
	AES128SHA1   Etype = 17 // aes128-cts-hmac-sha1-96, RFC 3962
	AES256SHA1   Etype = 18 // aes256-cts-hmac-sha1-96, RFC 3962
	AES128SHA256 Etype = 19 // aes128-cts-hmac-sha256-128, RFC 8009
	AES256SHA384 Etype = 20 // aes256-cts-hmac-sha384-192, RFC 8009
	RC4HMAC      Etype = 23 // rc4-hmac, RFC 4757: weak
)

// A ChecksumType is the number of a checksum type, RFC 3961 8.
type ChecksumType int32

// The checksum types that go with the encryption types.
const (
	ChecksumSHA1AES128   ChecksumType = 15   // hmac-sha1-96-aes128
	ChecksumSHA1AES256   ChecksumType = 16   // hmac-sha1-96-aes256
	ChecksumSHA256AES128 ChecksumType = 19   // hmac-sha256-128-aes128
	ChecksumSHA384AES256 ChecksumType = 20   // hmac-sha384-192-aes256
	ChecksumHMACMD5      ChecksumType = -138 // KERB_CHECKSUM_HMAC_MD5, RFC 4757 4
)

// A profile is what distinguishes one encryption type from another.
type profile struct {
	name     string
	key      int // bytes of a key, and of those that encrypt
	integ    int // bytes of the keys that authenticate
	mac      int // bytes that a MAC is cut to
	conf     int // bytes of the confounder
	checksum ChecksumType
}

func (e Etype) profile() (profile, bool) {
	switch e {
	case AES128SHA1:
		return profile{"aes128-cts-hmac-sha1-96", 16, 16, 12, 16, ChecksumSHA1AES128}, true
	case AES256SHA1:
		return profile{"aes256-cts-hmac-sha1-96", 32, 32, 12, 16, ChecksumSHA1AES256}, true
	case AES128SHA256:
		return profile{"aes128-cts-hmac-sha256-128", 16, 16, 16, 16, ChecksumSHA256AES128}, true
	case AES256SHA384:
		return profile{"aes256-cts-hmac-sha384-192", 32, 24, 24, 16, ChecksumSHA384AES256}, true
	case RC4HMAC:
		return profile{"rc4-hmac", 16, 16, 16, 8, ChecksumHMACMD5}, true
	}
	return profile{}, false
}

// String returns the name that the registry gives e.
func (e Etype) String() string {
	if p, ok := e.profile(); ok {
		return p.name
	}
	return "etype " + strconv.Itoa(int(e))
}

// Known reports whether keys of the type can be had, RC4 included.
func (e Etype) Known() bool { _, ok := e.profile(); return ok }

// Weak reports whether the type is taken only where an administrator says so.
func (e Etype) Weak() bool { return e == RC4HMAC }

// KeySize returns the bytes of a key, 0 if the type is not known.
func (e Etype) KeySize() int { p, _ := e.profile(); return p.key }

// ChecksumType returns which checksum a key of the type makes.
func (e Etype) ChecksumType() ChecksumType { p, _ := e.profile(); return p.checksum }

// Errors of this package. ErrIntegrity is all that is said of a message that
// does not open: wrong key and changed message are one case.
var (
	ErrUnknown   = errors.New("no such encryption type")
	ErrWeak      = errors.New("a weak encryption type")
	ErrKeySize   = errors.New("a key of the wrong size")
	ErrIntegrity = errors.New("a message that does not open with this key")
)

// A Key is a key of an encryption type. It is safe for concurrent use and must
// not be copied.
type Key struct {
	etype Etype
	profile
	value []byte
	// derived grows by copying: a key has a handful of uses, which are ours to
	// choose, and each is looked up far more often than it is added.
	derived atomic.Pointer[[]*derived]
}

// New makes a key of an AES type. RC4 is for NewRC4 alone.
func New(e Etype, value []byte) (*Key, error) {
	if e.Weak() {
		return nil, ErrWeak
	}
	return newKey(e, value)
}

// NewRC4 makes a key of RC4-HMAC. Its callers are the places where somebody has
// said that he wants it.
func NewRC4(value []byte) (*Key, error) { return newKey(RC4HMAC, value) }

// Generate makes a random key of a type that is not weak.
func Generate(e Etype) (*Key, error) {
	b := make([]byte, e.KeySize())
	_, _ = rand.Read(b) // never fails, crypto/rand
	return New(e, b)
}

func newKey(e Etype, value []byte) (*Key, error) {
	p, ok := e.profile()
	switch {
	case !ok:
		return nil, ErrUnknown
	case len(value) != p.key:
		return nil, ErrKeySize
	}
	return &Key{etype: e, profile: p, value: append([]byte(nil), value...)}, nil
}

// Etype returns the type of the key.
func (k *Key) Etype() Etype { return k.etype }

// ChecksumType returns which checksum Checksum makes.
func (k *Key) ChecksumType() ChecksumType { return k.checksum }

// Bytes returns the key itself. The caller does not change it.
func (k *Key) Bytes() []byte { return k.value }

// String hides the key: keys are not for logs.
func (k *Key) String() string { return "[hidden]" }

// GoString hides the key.
func (k *Key) GoString() string { return "[hidden]" }

// Encrypt appends the encryption of plain for a use to dst.
func (k *Key) Encrypt(dst []byte, usage uint32, plain []byte) []byte {
	var c [16]byte
	_, _ = rand.Read(c[:k.conf])
	return k.encrypt(dst, usage, c[:k.conf], plain)
}

func (k *Key) encrypt(dst []byte, usage uint32, confounder, plain []byte) []byte {
	if k.etype == RC4HMAC {
		return k.encryptRC4(dst, usage, confounder, plain)
	}
	return k.encryptAES(dst, usage, confounder, plain)
}

// Decrypt appends to dst what was encrypted for a use. On error nothing of it
// may be seen.
func (k *Key) Decrypt(dst []byte, usage uint32, message []byte) ([]byte, error) {
	switch {
	case len(message) < k.conf+k.mac:
		return nil, ErrIntegrity
	case k.etype == RC4HMAC:
		return k.decryptRC4(dst, usage, message)
	}
	return k.decryptAES(dst, usage, message)
}

// Checksum appends the keyed checksum of data for a use to dst. RFC 3961 4
func (k *Key) Checksum(dst []byte, usage uint32, data ...[]byte) []byte {
	if k.etype == RC4HMAC {
		return append(dst, HMACMD5(k.value, usage, data...)...)
	}
	d := k.forUse(usage, useChecksum)
	var buf [64]byte
	return append(dst, d.sum(buf[:0], data...)[:k.mac]...)
}

// Verify reports whether sum is the checksum of data for a use, in a time that
// does not tell how much of it is.
func (k *Key) Verify(sum []byte, usage uint32, data ...[]byte) bool {
	var buf [32]byte
	return equal(k.Checksum(buf[:0], usage, data...), sum)
}
