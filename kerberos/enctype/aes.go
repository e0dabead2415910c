package enctype

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"sync"
)

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// A use of a derived key. RFC 3961 5.3: the byte that follows the usage number.
const (
	useChecksum  byte = 0x99 // Kc
	useEncrypt   byte = 0xAA // Ke, and Ki beside it
	useIntegrity byte = 0x55
)

// derived is what a key was derived into for one use: Kc, or Ke with Ki.
type derived struct {
	usage uint32
	use   byte
	block cipher.Block // Ke
	macs  sync.Pool    // of hash.Hash keyed with Kc or Ki
}

// sum appends the MAC of data, in full.
func (d *derived) sum(dst []byte, data ...[]byte) []byte {
	m := d.macs.Get().(hash.Hash)
	m.Reset()
	for _, b := range data {
		m.Write(b)
	}
	dst = m.Sum(dst)
	d.macs.Put(m)
	return dst
}

// forUse returns what k is derived into for a use.
func (k *Key) forUse(usage uint32, use byte) *derived {
	for {
		old := k.derived.Load()
		var all []*derived
		if old != nil {
			all = *old
		}
		for _, d := range all {
			if d.usage == usage && d.use == use {
				return d
			}
		}
		d := k.derive(usage, use)
		grown := append(all[:len(all):len(all)], d)
		if k.derived.CompareAndSwap(old, &grown) {
			return d
		}
	}
}

func (k *Key) derive(usage uint32, use byte) *derived {
	d := &derived{usage: usage, use: use}
	integ := use
	if use == useEncrypt {
		integ = useIntegrity
		b, err := aes.NewCipher(k.derivedKey(usage, useEncrypt, k.key))
		if err != nil {
			panic(err) // the sizes are ours
		}
		d.block = b
	}
	mac := k.derivedKey(usage, integ, k.integ)
	d.macs.New = func() any { return hmac.New(k.hash(), mac) }
	return d
}

func (k *Key) hash() func() hash.Hash {
	switch k.etype {
	case AES128SHA256:
		return sha256.New
	case AES256SHA384:
		return sha512.New384
	}
	return sha1.New
}

// derivedKey is DK of RFC 3961 5.1, or KDF-HMAC-SHA2 of RFC 8009 3.
func (k *Key) derivedKey(usage uint32, use byte, size int) []byte {
	var constant [5]byte
	binary.BigEndian.PutUint32(constant[:], usage)
	constant[4] = use
	if k.etype == AES128SHA256 || k.etype == AES256SHA384 {
		return k.kdf(constant[:], size)
	}
	b, err := aes.NewCipher(k.value)
	if err != nil {
		panic(err) // newKey has seen to the size
	}
	out := make([]byte, 32)
	nfold(out[:16], constant[:])
	b.Encrypt(out[:16], out[:16])
	b.Encrypt(out[16:], out[:16])
	return out[:size]
}

// kdf is RFC 8009 3: one block of the counter mode of SP 800-108.
func (k *Key) kdf(label []byte, size int) []byte {
	m := hmac.New(k.hash(), k.value)
	m.Write([]byte{0, 0, 0, 1})
	m.Write(label)
	m.Write([]byte{0})
	m.Write(binary.BigEndian.AppendUint32(nil, uint32(size*8)))
	return m.Sum(nil)[:size]
}

// nfold fills dst with the n-fold of b: copies of b, each turned right by 13
// bits more than the one before, as many as it takes for a whole number of dst,
// added up with end-around carry. RFC 3961 5.1
func nfold(dst, b []byte) {
	clear(dst)
	n, m := len(dst), len(b)
	bits := m * 8
	length := n / gcd(n, m) * m
	carry := 0
	for i := length - 1; i >= 0; i-- {
		// The byte at i is of copy i/m, and within it begins at bit (i%m)*8, less
		// what the copy was turned by.
		start := ((i%m)*8 - 13*(i/m)%bits + bits) % bits
		v := uint16(b[start/8])<<8 | uint16(b[(start/8+1)%m])
		carry += int(byte(v>>(8-start%8))) + int(dst[i%n])
		dst[i%n] = byte(carry)
		carry >>= 8
	}
	for i := n - 1; carry != 0; i = (i - 1 + n) % n {
		carry += int(dst[i])
		dst[i] = byte(carry)
		carry >>= 8
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// encryptAES is RFC 3962 6 and RFC 8009 5: CBC with ciphertext stealing under
// a zero vector, then a MAC; of the plaintext in the first, of the vector and
// the ciphertext in the second.
func (k *Key) encryptAES(dst []byte, usage uint32, confounder, plain []byte) []byte {
	d := k.forUse(usage, useEncrypt)
	at := len(dst)
	dst = append(append(dst, confounder...), plain...)
	text := dst[at:]
	var buf [64]byte
	var mac []byte
	if k.ofCiphertext() {
		encryptCTS(d.block, text)
		mac = d.sum(buf[:0], zero[:], text)
	} else {
		mac = d.sum(buf[:0], text)
		encryptCTS(d.block, text)
	}
	return append(dst, mac[:k.mac]...)
}

func (k *Key) decryptAES(dst []byte, usage uint32, message []byte) ([]byte, error) {
	d := k.forUse(usage, useEncrypt)
	text, sum := message[:len(message)-k.mac], message[len(message)-k.mac:]
	var buf [64]byte
	if k.ofCiphertext() && !equal(d.sum(buf[:0], zero[:], text)[:k.mac], sum) {
		return nil, ErrIntegrity
	}
	// All of it is decrypted in dst, and the message then moves over the confounder.
	at := len(dst)
	dst = append(dst, text...)
	plain := dst[at:]
	decryptCTS(d.block, plain)
	if !k.ofCiphertext() && !equal(d.sum(buf[:0], plain)[:k.mac], sum) {
		clear(plain)
		return nil, ErrIntegrity
	}
	return append(dst[:at], plain[k.conf:]...), nil
}

// ofCiphertext reports whether the MAC is over the ciphertext. RFC 8009 5
func (k *Key) ofCiphertext() bool { return k.etype == AES128SHA256 || k.etype == AES256SHA384 }

// zero is the vector that every message begins with; nothing writes to it.
var zero = [aes.BlockSize]byte{}

// encryptCTS encrypts text in place. There is at least one block, the
// confounder. Of two or more the last two change places, and the one that is
// last is cut to what there was. RFC 3962 5
func encryptCTS(b cipher.Block, text []byte) {
	n, rest := len(text)/aes.BlockSize*aes.BlockSize, len(text)%aes.BlockSize
	cbc := cipher.NewCBCEncrypter(b, zero[:])
	if len(text) == aes.BlockSize {
		cbc.CryptBlocks(text, text)
		return
	}
	if rest == 0 {
		cbc.CryptBlocks(text, text)
		swap(text[n-32:n-16], text[n-16:])
		return
	}
	var last [aes.BlockSize]byte
	copy(last[:], text[n:])
	cbc.CryptBlocks(text[:n], text[:n])
	cbc.CryptBlocks(last[:], last[:])
	copy(text[n:], text[n-16:n])
	copy(text[n-16:n], last[:])
}

func decryptCTS(b cipher.Block, text []byte) {
	n, rest := len(text)/aes.BlockSize*aes.BlockSize, len(text)%aes.BlockSize
	cbc := cipher.NewCBCDecrypter(b, zero[:])
	if len(text) == aes.BlockSize {
		cbc.CryptBlocks(text, text)
		return
	}
	if rest == 0 {
		swap(text[n-32:n-16], text[n-16:])
		cbc.CryptBlocks(text, text)
		return
	}
	// What is missing of the cut block is the end of the other one's decryption.
	var last [aes.BlockSize]byte
	b.Decrypt(last[:], text[n-16:n])
	var cut [aes.BlockSize]byte
	copy(cut[:], last[:])
	copy(cut[:], text[n:])
	subtle.XORBytes(last[:], last[:], cut[:])
	copy(text[n-16:n], cut[:])
	cbc.CryptBlocks(text[:n], text[:n])
	copy(text[n:], last[:rest])
}

func swap(a, b []byte) {
	var t [aes.BlockSize]byte
	copy(t[:], a)
	copy(a, b)
	copy(b, t[:])
}
