package xmlsec

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509"

	"entente/strictxml"
)

// typeElement says that what is encrypted is one element. XML Encryption 3.1.
const typeElement = SpaceEncryption + "Element"

// A blockCipher is a block encryption method. XML Encryption 5.2.
type blockCipher struct {
	alg   string
	since Profile
	key   int // its length in bytes
	block func(key []byte) (cipher.Block, error)
	gcm   bool // CBC otherwise
}

// ciphers is never written.
var ciphers = [...]blockCipher{
	{algAES256GCM, Modern, 32, aes.NewCipher, true},
	{algAES256CBC, Compat, 32, aes.NewCipher, false},
	{algTripleDES, Legacy, 24, des.NewTripleDESCipher, false},
}

// Encrypt returns an EncryptedData element of that Id which holds an element,
// for the holder of a certificate, named by its subject key identifier. With
// Modern it is AES-256-GCM, with Compat AES-256-CBC, with Legacy Triple DES.
func Encrypt(element []byte, id string, to *x509.Certificate, p Profile) ([]byte, error) {
	c := p.cipher()
	if c == nil {
		return nil, errProfile
	}
	if !isID(id) {
		return nil, errShape
	}
	key := make([]byte, c.key)
	rand.Read(key)
	sealed, err := c.seal(element, key)
	if err != nil {
		return nil, err
	}
	wrapped, err := wrap(key, to)
	if err != nil {
		return nil, err
	}
	e := strictxml.NewEncoder(make([]byte, 0, len(sealed)*4/3+2048))
	e.Start("xenc:EncryptedData")
	e.Attr("xmlns:xenc", SpaceEncryption)
	e.Attr("Id", id)
	e.Attr("Type", typeElement)
	appendMethod(e, c.alg)
	e.Start("ds:KeyInfo")
	e.Attr("xmlns:ds", SpaceSignature)
	appendKey(e, wrapped, to)
	e.End("ds:KeyInfo")
	appendCipher(e, sealed)
	e.End("xenc:EncryptedData")
	return e.Bytes(), nil
}

// EncryptKey returns an EncryptedKey element which holds a secret, for the
// holder of a certificate.
func EncryptKey(secret []byte, to *x509.Certificate, p Profile) ([]byte, error) {
	if !p.known() {
		return nil, errProfile
	}
	if len(secret) < minSecret {
		return nil, errSecret
	}
	wrapped, err := wrap(secret, to)
	if err != nil {
		return nil, err
	}
	e := strictxml.NewEncoder(make([]byte, 0, len(wrapped)*4/3+1536))
	appendKey(e, wrapped, to)
	return e.Bytes(), nil
}

// wrap encrypts a key to a certificate. RSA-OAEP with MGF1 and SHA-1, both fixed
// in the method's name, is what everyone speaks; SHA-1 has no weakness that
// matters there. XML Encryption 5.4.2. RSA 1.5 is never written or read.
func wrap(key []byte, to *x509.Certificate) ([]byte, error) {
	k := rsaKey(to)
	if k == nil || len(to.SubjectKeyId) == 0 {
		return nil, errKey
	}
	return rsa.EncryptOAEP(sha1.New(), rand.Reader, k, key, nil)
}

func appendMethod(e *strictxml.Encoder, alg string) {
	e.Start("xenc:EncryptionMethod")
	e.Attr("Algorithm", alg)
	e.End("xenc:EncryptionMethod")
}

func appendCipher(e *strictxml.Encoder, b []byte) {
	e.Start("xenc:CipherData")
	e.ElemBase64("xenc:CipherValue", b)
	e.End("xenc:CipherData")
}

// appendKey writes an EncryptedKey that can stand alone.
func appendKey(e *strictxml.Encoder, wrapped []byte, to *x509.Certificate) {
	e.Start("xenc:EncryptedKey")
	e.Attr("xmlns:xenc", SpaceEncryption)
	e.Attr("xmlns:ds", SpaceSignature)
	e.Start("xenc:EncryptionMethod")
	e.Attr("Algorithm", algOAEP)
	e.Start("ds:DigestMethod")
	e.Attr("Algorithm", algSHA1)
	e.End("ds:DigestMethod")
	e.End("xenc:EncryptionMethod")
	appendKeyInfo(e, to)
	appendCipher(e, wrapped)
	e.End("xenc:EncryptedKey")
}

// seal encrypts, with a fresh nonce or initialization vector in front. GCM has
// 12 bytes of nonce and 16 of tag, CBC is padded with 1 to a block of bytes, the
// last of which says how many. XML Encryption 5.2.1 to 5.2.4.
func (c *blockCipher) seal(plain, key []byte) ([]byte, error) {
	b, err := c.block(key)
	if err != nil {
		return nil, err
	}
	if c.gcm {
		g, err := cipher.NewGCMWithRandomNonce(b)
		if err != nil {
			return nil, err
		}
		return g.Seal(nil, nil, plain, nil), nil
	}
	size := b.BlockSize()
	n := size - len(plain)%size
	out := make([]byte, size+len(plain)+n)
	rand.Read(out[:size])
	copy(out[size:], plain)
	for i := len(out) - n; i < len(out); i++ {
		out[i] = byte(n)
	}
	cipher.NewCBCEncrypter(b, out[:size]).CryptBlocks(out[size:], out[size:])
	return out, nil
}

// Decrypt opens an EncryptedData element. What it holds proves nothing: until a
// signature inside it is verified, it is somebody's guess. The error is
// ErrRefused.
//
// Whoever can tell why a forged message was refused can read messages that are
// not for him: Manger's attack on OAEP, Vaudenay's on CBC padding. So a refusal
// here depends on what everyone can see, the form of the element and whom it is
// for, and on the tag of GCM. Otherwise the steps are those of success: where
// the key does not open, a random key of the right length takes its place; and
// where the padding is wrong, there is a result nonetheless, which ends in a NUL
// and so is no XML to anybody who reads it, at its very end.
func Decrypt(element []byte, keys []Decrypter, p Profile) ([]byte, error) {
	return decrypt(element, keys, p, new(work))
}

func decrypt(element []byte, keys []Decrypter, p Profile, w *work) ([]byte, error) {
	d, ok := readData(element, p)
	if !ok {
		return nil, ErrRefused
	}
	key := make([]byte, d.cipher.key)
	rand.Read(key) // first, so that it takes its time whether it is needed or not
	opened, found := d.key.unwrap(keys, w)
	if !found {
		return nil, ErrRefused
	}
	good := subtle.ConstantTimeEq(int32(len(opened)), int32(len(key)))
	padded := make([]byte, len(key))
	copy(padded, opened)
	subtle.ConstantTimeCopy(good, key, padded)
	plain, ok := d.cipher.open(d.value, key, good, w)
	if !ok {
		return nil, ErrRefused
	}
	return plain, nil
}

// DecryptKey opens an EncryptedKey element. The error is ErrRefused.
func DecryptKey(element []byte, keys []Decrypter, p Profile) ([]byte, error) {
	r := walkOf(element)
	if !p.known() || !r.root(SpaceEncryption, "EncryptedKey") {
		return nil, ErrRefused
	}
	k := r.encryptedKey()
	if !r.end() {
		return nil, ErrRefused
	}
	secret, _ := k.unwrap(keys, new(work))
	if len(secret) < minSecret {
		return nil, ErrRefused
	}
	return secret, nil
}

// open decrypts. For CBC it always has a result if there are whole blocks.
func (c *blockCipher) open(sealed, key []byte, good int, w *work) ([]byte, bool) {
	b, err := c.block(key)
	if err != nil {
		return nil, false
	}
	w.open++
	if c.gcm {
		g, err := cipher.NewGCMWithRandomNonce(b)
		if err != nil {
			return nil, false
		}
		plain, err := g.Open(nil, nil, sealed, nil)
		return plain, err == nil && good == 1
	}
	size := b.BlockSize()
	if len(sealed) < 2*size || len(sealed)%size != 0 {
		return nil, false
	}
	plain := make([]byte, len(sealed)-size)
	cipher.NewCBCDecrypter(b, sealed[:size]).CryptBlocks(plain, sealed[size:])
	w.unpad++
	return unpad(plain, size, good), true
}

// unpad takes the padding off, or puts a NUL at the end if it is none. Which of
// the two shows in the length alone.
func unpad(plain []byte, size, good int) []byte {
	last := len(plain) - 1
	n := int(plain[last])
	good &= subtle.ConstantTimeLessOrEq(1, n) & subtle.ConstantTimeLessOrEq(n, size)
	plain[last] = byte(subtle.ConstantTimeSelect(good, n, 0))
	return plain[:len(plain)-subtle.ConstantTimeSelect(good, n, 0)]
}

// An encryptedData is an EncryptedData element in the one form it has here,
// with an EncryptedKey in its KeyInfo. XML Encryption 3.4.
type encryptedData struct {
	cipher *blockCipher
	key    encryptedKey
	value  []byte
}

func readData(element []byte, p Profile) (d encryptedData, ok bool) {
	w := walkOf(element)
	if !w.root(SpaceEncryption, "EncryptedData") {
		return d, false
	}
	w.only("Id", "Type")
	if t, _ := w.r.Attr("Type"); t != typeElement || !w.must(SpaceEncryption, "EncryptionMethod") {
		return d, false
	}
	d.cipher = p.reads(w.algorithm())
	if !w.done() || d.cipher == nil || !w.must(SpaceSignature, "KeyInfo") {
		return d, false
	}
	w.only()
	if !w.must(SpaceEncryption, "EncryptedKey") {
		return d, false
	}
	d.key = w.encryptedKey()
	if !w.done() { // of KeyInfo
		return d, false
	}
	d.value = w.cipherData()
	w.done()
	return d, w.end()
}

// An encryptedKey is an EncryptedKey element by RSA-OAEP.
type encryptedKey struct {
	hint  hint
	value []byte
}

// encryptedKey reads the current EncryptedKey. XML Encryption 3.5.1.
func (w *walk) encryptedKey() (k encryptedKey) {
	w.only("Id", "Recipient")
	if !w.must(SpaceEncryption, "EncryptionMethod") || w.algorithm() != algOAEP {
		w.refuse()
		return k
	}
	if w.child() { // no DigestMethod means SHA-1, no OAEPparams means none
		if !w.is(SpaceSignature, "DigestMethod") || w.algorithm() != algSHA1 || !w.done() {
			w.refuse()
		}
		w.done()
	}
	if w.must(SpaceSignature, "KeyInfo") {
		k.hint = w.keyInfo()
	}
	k.value = w.cipherData()
	w.done()
	return k
}

// cipherData reads the CipherData that follows: a value, never a reference.
func (w *walk) cipherData() []byte {
	if !w.must(SpaceEncryption, "CipherData") {
		return nil
	}
	w.only()
	if !w.must(SpaceEncryption, "CipherValue") {
		return nil
	}
	w.only()
	b := w.binary()
	w.done()
	return b
}

// unwrap opens the key with the first of the keys whose certificate is meant.
// It is found or not by what everyone can see; whether it opened shows in
// nothing but the result, which is then empty.
func (k *encryptedKey) unwrap(keys []Decrypter, w *work) (key []byte, found bool) {
	for _, d := range keys {
		if d.Key == nil || rsaKey(d.Certificate) == nil || !k.hint.names(d.Certificate) {
			continue
		}
		w.unwrap++
		key, err := d.Key.Decrypt(rand.Reader, k.value, &rsa.OAEPOptions{Hash: crypto.SHA1})
		if err != nil {
			return nil, true
		}
		return key, true
	}
	return nil, false
}
