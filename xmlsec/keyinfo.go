package xmlsec

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"entente/strictxml"
)

// Forms of references to certificates and tokens. X.509 Certificate Token
// Profile 1.1 3.1 and 3.2, SOAP Message Security 1.1 7.3, SAML Token Profile 3.4.
const (
	valueSKI        = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509SubjectKeyIdentifier"
	valueThumbprint = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
	valueAssertion  = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
	encodingBase64  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)

// A hint is what a KeyInfo says of the key. It is somebody's word, good for
// nothing but to choose among keys that were configured.
type hint struct {
	ski         []byte
	thumbprint  []byte
	certificate []byte // DER
	token       string // id of a token in the same message
	assertion   string // id of an assertion that the token holds
}

// names reports whether the hint means a certificate. Whatever it says must
// fit; a hint that says nothing of certificates means none.
func (h *hint) names(c *x509.Certificate) bool {
	if c == nil || h.ski == nil && h.thumbprint == nil && h.certificate == nil {
		return false
	}
	if h.ski != nil && !bytes.Equal(h.ski, c.SubjectKeyId) {
		return false
	}
	if h.thumbprint != nil {
		if t := sha1.Sum(c.Raw); !bytes.Equal(h.thumbprint, t[:]) {
			return false
		}
	}
	return h.certificate == nil || bytes.Equal(h.certificate, c.Raw)
}

// keyInfo reads the KeyInfo at whose start tag the walk stands: one
// SecurityTokenReference or one X509Data. Everything else that could stand
// there, RetrievalMethod above all, is refused.
func (w *walk) keyInfo() (h hint) {
	w.only("Id")
	if !w.child() {
		w.refuse()
		return h
	}
	w.keyReference(&h)
	w.done()
	return h
}

func (w *walk) keyReference(h *hint) {
	switch {
	case w.is(SpaceSecurity, "SecurityTokenReference"):
		if !w.child() {
			w.refuse()
			return
		}
		w.tokenReference(h)
		w.done()
	case w.is(SpaceSignature, "X509Data"):
		w.x509Data(h)
	default:
		w.refuse()
	}
}

// tokenReference reads the child of a SecurityTokenReference.
func (w *walk) tokenReference(h *hint) {
	value, _ := w.r.Attr("ValueType")
	switch {
	case w.is(SpaceSecurity, "KeyIdentifier"):
		w.only("ValueType", "EncodingType")
		if enc, ok := w.r.Attr("EncodingType"); ok && enc != encodingBase64 {
			w.refuse()
		}
		switch value {
		case valueSKI:
			h.ski = w.binary()
		case valueThumbprint:
			h.thumbprint = w.binary()
		case valueAssertion:
			h.assertion = w.text()
		default:
			w.refuse()
		}
	case w.is(SpaceSecurity, "Reference"):
		w.only("ValueType", "URI")
		uri, _ := w.r.Attr("URI")
		id, ok := strings.CutPrefix(uri, "#")
		if !ok || !isID(id) {
			w.refuse()
		}
		h.token = id
		w.done()
	case w.is(SpaceSignature, "X509Data"):
		w.x509Data(h)
	default:
		w.refuse()
	}
}

// x509Data reads what selects a certificate, each at most once. Names and
// serial numbers of issuers may stand beside that: they select nothing here.
// XML Signature 4.5.4.
func (w *walk) x509Data(h *hint) {
	for w.child() {
		switch {
		case w.is(SpaceSignature, "X509SKI") && h.ski == nil:
			h.ski = w.binary()
		case w.is(SpaceSignature, "X509Certificate") && h.certificate == nil:
			h.certificate = w.binary()
		case w.is(SpaceSignature, "X509SubjectName"):
			w.text()
		case w.is(SpaceSignature, "X509IssuerSerial"):
			for w.child() {
				w.text()
			}
		default:
			w.refuse()
		}
	}
}

// isID reports whether s can be an id: an NCName of ASCII, of bounded length.
// A URI of # and an id can then be nothing but a plain fragment.
func isID(s string) bool {
	if s == "" || len(s) > 256 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.') {
			return false
		}
	}
	return true
}

// appendKeyInfo writes a KeyInfo that names a certificate by its subject key
// identifier, with the prefix ds declared around it.
func appendKeyInfo(e *strictxml.Encoder, c *x509.Certificate) {
	beginReference(e)
	e.Start("wsse:KeyIdentifier")
	e.Attr("EncodingType", encodingBase64)
	e.Attr("ValueType", valueSKI)
	e.Text(base64.StdEncoding.EncodeToString(c.SubjectKeyId))
	e.End("wsse:KeyIdentifier")
	endReference(e)
}

// appendTokenInfo writes a KeyInfo that names a token of the same message.
func appendTokenInfo(e *strictxml.Encoder, id string) {
	beginReference(e)
	e.Start("wsse:Reference")
	e.Attr("URI", "#"+id)
	e.End("wsse:Reference")
	endReference(e)
}

func beginReference(e *strictxml.Encoder) {
	e.Start("ds:KeyInfo")
	e.Start("wsse:SecurityTokenReference")
	e.Attr("xmlns:wsse", SpaceSecurity)
}

func endReference(e *strictxml.Encoder) {
	e.End("wsse:SecurityTokenReference")
	e.End("ds:KeyInfo")
}
