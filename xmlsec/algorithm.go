package xmlsec

import (
	"crypto"
	"crypto/hmac"
	_ "crypto/sha1" // a digest of the Legacy profile, of HMAC in Compat, and of OAEP
	_ "crypto/sha256"
)

// Identifiers of what is spoken here. XML Signature 6.1, XML Encryption 5.1.
const (
	algExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

	algSHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	algSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

	algRSASHA1    = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	algRSASHA256  = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	algHMACSHA1   = "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
	algHMACSHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"

	algOAEP      = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	algAES256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	algAES256CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	algTripleDES = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
)

func (p Profile) known() bool { return p >= Modern && p <= Legacy }

// digest returns the hash of a digest method, 0 if the profile has it not.
func (p Profile) digest(alg string) crypto.Hash {
	switch {
	case alg == algSHA256 && p.known():
		return crypto.SHA256
	case alg == algSHA1 && p == Legacy:
		return crypto.SHA1
	}
	return 0
}

// signature returns the hash of a signature method with an RSA key, 0 if the
// profile has it not. Methods of the two kinds of keys never meet: a public key
// taken for a secret would let everybody sign.
func (p Profile) signature(alg string) crypto.Hash {
	switch {
	case alg == algRSASHA256 && p.known():
		return crypto.SHA256
	case alg == algRSASHA1 && p == Legacy:
		return crypto.SHA1
	}
	return 0
}

// mac returns the hash of a signature method with a secret, 0 if the profile
// has it not. SHA-1 collisions are of no use against an HMAC.
func (p Profile) mac(alg string) crypto.Hash {
	switch {
	case alg == algHMACSHA256 && p.known():
		return crypto.SHA256
	case alg == algHMACSHA1 && (p == Compat || p == Legacy):
		return crypto.SHA1
	}
	return 0
}

// cipher returns the block cipher that a profile writes content with.
func (p Profile) cipher() *blockCipher {
	switch p {
	case Modern:
		return &ciphers[0]
	case Compat:
		return &ciphers[1]
	case Legacy:
		return &ciphers[2]
	}
	return nil
}

// reads returns the cipher of an encryption method, nil if the profile has it
// not.
func (p Profile) reads(alg string) *blockCipher {
	for i := range ciphers {
		if c := &ciphers[i]; c.alg == alg && p.known() && p >= c.since {
			return c
		}
	}
	return nil
}

// writes returns the methods that a profile signs with.
func (p Profile) writes() (rsa, mac, digest string) {
	switch p {
	case Modern:
		return algRSASHA256, algHMACSHA256, algSHA256
	case Compat: // as the EWS Managed API does
		return algRSASHA256, algHMACSHA1, algSHA256
	case Legacy:
		return algRSASHA1, algHMACSHA1, algSHA1
	}
	return "", "", ""
}

func sum(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

func macOf(h crypto.Hash, secret, b []byte) []byte {
	m := hmac.New(h.New, secret)
	m.Write(b)
	return m.Sum(nil)
}
