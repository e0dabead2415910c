package xmlsec

import (
	"bytes"
	"crypto/x509"

	"entente/strictxml"
)

// Sign returns a document with an enveloped signature as the last child of its
// root, in canonical form. The document is ours: errors say what is wrong with
// it.
func Sign(document []byte, s Shape, by Signer, p Profile) ([]byte, error) {
	if !p.known() {
		return nil, errProfile
	}
	if err := by.check(); err != nil {
		return nil, err
	}
	var e envelope
	if !e.read(document, s) || e.signature != nil {
		return nil, errShape
	}
	method, _, digest := p.writes()
	info := appendInfo(method, digest, p.digest(digest), []Part{{e.id, e.content}}, algEnveloped, algExclusive)
	value, err := by.sign(info, p.signature(method))
	if err != nil {
		return nil, err
	}
	end := bytes.LastIndexByte(e.content, '<') // canonical form ends with an end tag
	out := make([]byte, 0, len(e.content)+len(info)+2048)
	out = append(out, e.content[:end]...)
	out = appendSignature(out, info, value, func(e *strictxml.Encoder) { appendKeyInfo(e, by.Certificate) })
	return append(out, e.content[end:]...), nil
}

// Verify checks the enveloped signature of a document against certificates that
// are trusted for it. The error is ErrRefused, whatever is wrong.
//
// A refusal takes an RSA operation as success does, and so what Decrypt made of
// a forged ciphertext is refused here in the time of what it made of a true one.
func Verify(document []byte, s Shape, trusted []*x509.Certificate, p Profile) (*Signed, error) {
	return verify(document, s, trusted, p, new(work))
}

func verify(document []byte, s Shape, trusted []*x509.Certificate, p Profile, w *work) (*Signed, error) {
	var e envelope
	if !e.read(document, s) || e.signature == nil || len(e.signature.references) != 1 {
		idle(trusted, w)
		return nil, ErrRefused
	}
	ref := &e.signature.references[0]
	fits := ref.id == e.id && ref.enveloped() && ref.covers(e.content, p)
	by := e.signature.certified(trusted, p, w)
	if by == nil || !fits {
		return nil, ErrRefused
	}
	return &Signed{Content: e.content, Certificate: by, Signature: e.signature.value}, nil
}

// An envelope is a document that holds its own signature.
type envelope struct {
	id        string
	content   []byte     // canonical, without the signature
	signature *signature // nil if there is none
}

// read takes a document apart in one pass: what is canonical and what verifies
// it. The one Signature is a child of the root; one further in is refused, since
// it could be taken for the other. All ids of the document differ.
func (e *envelope) read(document []byte, s Shape) bool {
	r := strictxml.NewReader(document, Limits())
	t, err := r.Next()
	if err != nil || t.Kind != strictxml.StartElement || t.Name != s.Root {
		return false
	}
	if e.id, _ = r.Attr(s.ID); !isID(e.id) {
		return false
	}
	seen := &ids{attribute: s.ID}
	c := canonicalizer{buf: make([]byte, 0, len(document)), seen: seen}
	if !c.start(&t) {
		return false
	}
	for depth := 1; depth > 0; {
		t, err := r.Next()
		if err != nil {
			return false
		}
		switch t.Kind {
		case strictxml.StartElement:
			if t.Name.Local == "Signature" && t.Name.Space == SpaceSignature {
				if depth > 1 || e.signature != nil {
					return false
				}
				if e.signature = new(signature); !e.signature.read(r, seen) {
					return false
				}
				continue
			}
			depth++
		case strictxml.EndElement:
			depth--
		}
		if !c.token(&t) {
			return false
		}
	}
	e.content = c.buf
	return atEnd(r)
}
