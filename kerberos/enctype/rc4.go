package enctype

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
)

// RC4-HMAC is here for realms that have nothing better yet, and for the one
// checksum that [MS-SFU] asks for whatever the key. RFC 4757

// HMACMD5 is KERB_CHECKSUM_HMAC_MD5 under any key. RFC 4757 4, [MS-SFU] 2.2.1
func HMACMD5(key []byte, usage uint32, data ...[]byte) []byte {
	sign := hmacMD5(key, []byte("signaturekey\x00"))
	h := md5.New()
	h.Write(usageRC4(usage))
	for _, b := range data {
		h.Write(b)
	}
	return hmacMD5(sign, h.Sum(nil))
}

func hmacMD5(key, data []byte) []byte {
	m := hmac.New(md5.New, key)
	m.Write(data)
	return m.Sum(nil)
}

// usageRC4 is the number that stands for a usage. RFC 4757 3
func usageRC4(usage uint32) []byte {
	switch usage {
	case 3, 9:
		usage = 8
	case 23:
		usage = 13
	}
	return binary.LittleEndian.AppendUint32(nil, usage)
}

// encryptRC4 is RFC 4757 5.
func (k *Key) encryptRC4(dst []byte, usage uint32, confounder, plain []byte) []byte {
	k1 := hmacMD5(k.value, usageRC4(usage))
	at := len(dst)
	dst = append(append(append(dst, zero[:k.mac]...), confounder...), plain...)
	sum, text := dst[at:at+k.mac], dst[at+k.mac:]
	copy(sum, hmacMD5(k1, text))
	xorRC4(hmacMD5(k1, sum), text)
	return dst
}

func (k *Key) decryptRC4(dst []byte, usage uint32, message []byte) ([]byte, error) {
	k1 := hmacMD5(k.value, usageRC4(usage))
	sum := message[:k.mac]
	at := len(dst)
	dst = append(dst, message[k.mac:]...)
	text := dst[at:]
	xorRC4(hmacMD5(k1, sum), text)
	if !equal(hmacMD5(k1, text), sum) {
		clear(text)
		return nil, ErrIntegrity
	}
	return append(dst[:at], text[k.conf:]...), nil
}

func xorRC4(key, text []byte) {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic(err) // an MD5 is a key of the right size
	}
	c.XORKeyStream(text, text)
}
