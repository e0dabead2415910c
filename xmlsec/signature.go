package xmlsec

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"entente/strictxml"
)

// maxReferences is how many parts one signature may cover.
const maxReferences = 16

// A signature is a Signature element that has been read. Nothing it says is
// proven.
type signature struct {
	info       []byte // the canonical SignedInfo, which is what is signed
	method     string
	references []reference // read from info, not from the document
	value      []byte
	key        hint
}

// A reference says which element was digested, and to what.
type reference struct {
	id         string
	transforms []string
	digest     string // method
	value      []byte
}

// read reads the Signature at whose start tag r stands, and consumes it. Its
// children are SignedInfo, SignatureValue, KeyInfo and nothing else: no Object,
// in which what was signed could hide. XML Signature 4.2.
func (s *signature) read(r *strictxml.Reader, seen *ids) bool {
	w := &walk{r: r}
	w.identified(seen)
	if !w.must(SpaceSignature, "SignedInfo") {
		return false
	}
	info := canonicalizer{buf: make([]byte, 0, 1024), seen: seen}
	if !info.element(r) || !w.must(SpaceSignature, "SignatureValue") {
		return false
	}
	s.info = info.buf
	w.identified(seen)
	s.value = w.binary()
	if !w.must(SpaceSignature, "KeyInfo") {
		return false
	}
	key := canonicalizer{buf: make([]byte, 0, 512), seen: seen}
	if !key.element(r) || !w.done() {
		return false
	}
	return s.readKey(key.buf) && s.readInfo()
}

// identified refuses attributes of the current element but an Id, which must be
// new.
func (w *walk) identified(seen *ids) {
	w.only("Id")
	for _, a := range w.r.Attrs() {
		if seen != nil && !seen.add(&a) {
			w.refuse()
		}
	}
}

func (s *signature) readKey(canonical []byte) bool {
	w := walkOf(canonical)
	if w.root(SpaceSignature, "KeyInfo") {
		s.key = w.keyInfo()
	}
	return w.end()
}

// readInfo reads the canonical SignedInfo.
func (s *signature) readInfo() bool {
	w := walkOf(s.info)
	if !w.root(SpaceSignature, "SignedInfo") {
		return false
	}
	w.only()
	if !w.must(SpaceSignature, "CanonicalizationMethod") || w.algorithm() != algExclusive || !w.done() {
		return false // with children: InclusiveNamespaces
	}
	if !w.must(SpaceSignature, "SignatureMethod") {
		return false
	}
	s.method = w.algorithm()
	if !w.done() { // with children: HMACOutputLength, of which 1 would do for a guess
		return false
	}
	for w.child() {
		if len(s.references) == maxReferences || !w.is(SpaceSignature, "Reference") {
			return false
		}
		ref, ok := w.reference()
		if !ok {
			return false
		}
		s.references = append(s.references, ref)
	}
	return w.end() && len(s.references) > 0
}

// reference reads the current Reference. XML Signature 4.4.3.
func (w *walk) reference() (ref reference, ok bool) {
	w.only("URI")
	uri, _ := w.r.Attr("URI")
	ref.id, ok = strings.CutPrefix(uri, "#")
	if !ok || !isID(ref.id) || !w.must(SpaceSignature, "Transforms") {
		return ref, false
	}
	w.only()
	for w.child() {
		if len(ref.transforms) == 2 || !w.is(SpaceSignature, "Transform") {
			return ref, false
		}
		ref.transforms = append(ref.transforms, w.algorithm())
		if !w.done() { // with children: XPath, InclusiveNamespaces
			return ref, false
		}
	}
	if !w.must(SpaceSignature, "DigestMethod") {
		return ref, false
	}
	ref.digest = w.algorithm()
	if !w.done() || !w.must(SpaceSignature, "DigestValue") {
		return ref, false
	}
	w.only()
	ref.value = w.binary()
	return ref, w.done()
}

// enveloped reports whether the transforms are those of the one enveloped form.
func (r *reference) enveloped() bool {
	return len(r.transforms) == 2 && r.transforms[0] == algEnveloped && r.transforms[1] == algExclusive
}

// detached reports whether they are those of a part beside the signature.
func (r *reference) detached() bool {
	return len(r.transforms) == 1 && r.transforms[0] == algExclusive
}

// covers reports whether canonical bytes have the digest of the reference.
func (r *reference) covers(canonical []byte, p Profile) bool {
	h := p.digest(r.digest)
	return h != 0 && subtle.ConstantTimeCompare(sum(h, canonical), r.value) == 1
}

// certified returns the first of the trusted certificates that KeyInfo means
// and whose key signed. One RSA operation is done in any case.
func (s *signature) certified(trusted []*x509.Certificate, p Profile, w *work) *x509.Certificate {
	h, tried := p.signature(s.method), false
	for _, c := range trusted {
		k := rsaKey(c)
		if h == 0 || k == nil || !s.key.names(c) {
			continue
		}
		tried = true
		w.verify++
		if rsa.VerifyPKCS1v15(k, h, sum(h, s.info), s.value) == nil {
			return c
		}
	}
	if !tried {
		idle(trusted, w)
	}
	return nil
}

// idle verifies what nobody signed, in the time of what somebody did, so that a
// refusal does not tell by its haste how far a document got.
func idle(trusted []*x509.Certificate, w *work) {
	for _, c := range trusted {
		if k := rsaKey(c); k != nil {
			var digest [32]byte
			value := make([]byte, k.Size())
			value[len(value)-1] = 2
			w.verify++
			_ = rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], value)
			return
		}
	}
}

// work counts the steps that take time, for a test that refusals take as many.
type work struct{ unwrap, open, unpad, verify int }

// A Part is an element that a signature beside it covers.
type Part struct {
	ID        string // wsu:Id
	Canonical []byte
}

// minSecret is the least length of a secret that signs, in bytes.
const minSecret = 16

const signedInfo = `<ds:SignedInfo xmlns:ds="` + SpaceSignature + `">`

// appendInfo writes a SignedInfo in canonical form. It has no empty-element tags
// and declares ds itself.
func appendInfo(method, digest string, h crypto.Hash, parts []Part, transforms ...string) []byte {
	b := make([]byte, 0, 512+512*len(parts))
	with := func(qname, alg string) {
		b = append(append(append(b, "<ds:"...), qname...), ` Algorithm="`...)
		b = append(append(b, alg...), `"></ds:`...)
		b = append(append(b, qname...), '>')
	}
	b = append(b, signedInfo...)
	with("CanonicalizationMethod", algExclusive)
	with("SignatureMethod", method)
	for _, part := range parts {
		b = append(append(append(b, `<ds:Reference URI="#`...), part.ID...), `"><ds:Transforms>`...)
		for _, t := range transforms {
			with("Transform", t)
		}
		b = append(b, "</ds:Transforms>"...)
		with("DigestMethod", digest)
		b = append(b, "<ds:DigestValue>"...)
		b = base64.StdEncoding.AppendEncode(b, sum(h, part.Canonical))
		b = append(b, "</ds:DigestValue></ds:Reference>"...)
	}
	return append(b, "</ds:SignedInfo>"...)
}

// appendSignature writes a Signature. It declares ds once, so SignedInfo stands
// in it without the declaration that its canonical form has.
func appendSignature(buf, info, value []byte, key func(*strictxml.Encoder)) []byte {
	e := strictxml.NewEncoder(buf)
	e.Start("ds:Signature")
	e.Attr("xmlns:ds", SpaceSignature)
	e.Raw([]byte("<ds:SignedInfo>"))
	e.Raw(info[len(signedInfo):])
	e.ElemBase64("ds:SignatureValue", value)
	key(e)
	e.End("ds:Signature")
	return e.Bytes()
}

// sign signs a SignedInfo with a certificate's key.
func (s Signer) sign(info []byte, h crypto.Hash) ([]byte, error) {
	return s.Key.Sign(rand.Reader, sum(h, info), h)
}
