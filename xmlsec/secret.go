package xmlsec

import "entente/strictxml"

// secretName names the secret of a token beside which something is encrypted, as
// in the example of [MS-OXWSMSHR] 4.
const secretName = "key"

// EncryptSecret returns an EncryptedData element that holds an element, for who
// has a secret of 32 bytes: that of a token which goes along. It is AES-256-GCM,
// so that nobody else can have changed it.
func EncryptSecret(element, secret []byte) ([]byte, error) {
	c := Modern.cipher()
	if c == nil || len(secret) != c.key {
		return nil, errShape
	}
	sealed, err := c.seal(element, secret)
	if err != nil {
		return nil, err
	}
	e := strictxml.NewEncoder(make([]byte, 0, len(sealed)*4/3+512))
	e.Start("xenc:EncryptedData")
	e.Attr("xmlns:xenc", SpaceEncryption)
	e.Attr("Type", typeElement)
	appendMethod(e, c.alg)
	e.Start("ds:KeyInfo")
	e.Attr("xmlns:ds", SpaceSignature)
	e.Elem("ds:KeyName", secretName)
	e.End("ds:KeyInfo")
	appendCipher(e, sealed)
	e.End("xenc:EncryptedData")
	return e.Bytes(), nil
}

// DecryptSecret opens what EncryptSecret made. The error is ErrRefused.
func DecryptSecret(element, secret []byte) ([]byte, error) {
	w := walkOf(element)
	if !w.root(SpaceEncryption, "EncryptedData") {
		return nil, ErrRefused
	}
	w.only("Id", "Type")
	if t, _ := w.r.Attr("Type"); t != typeElement || !w.must(SpaceEncryption, "EncryptionMethod") {
		return nil, ErrRefused
	}
	c := Modern.reads(w.algorithm())
	if !w.done() || c == nil || !c.gcm || len(secret) != c.key || !w.must(SpaceSignature, "KeyInfo") {
		return nil, ErrRefused
	}
	w.only()
	if w.must(SpaceSignature, "KeyName") {
		w.only()
		if w.text() != secretName {
			w.refuse()
		}
	}
	w.done() // of KeyInfo
	value := w.cipherData()
	w.done()
	if !w.end() {
		return nil, ErrRefused
	}
	plain, ok := c.open(value, secret, 1, new(work))
	if !ok {
		return nil, ErrRefused
	}
	return plain, nil
}
