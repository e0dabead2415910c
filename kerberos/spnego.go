package kerberos

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Mechanisms, as their object identifiers are encoded.
const (
	oidSPNEGO = "\x2b\x06\x01\x05\x05\x02"                 // 1.3.6.1.5.5.2, RFC 4178 3.2
	oidKRB5   = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"     // 1.2.840.113554.1.2.2, RFC 4121 4.1
	oidMSKRB5 = "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"     // 1.2.840.48018.1.2.2, [MS-SPNG] 1.9
	oidU2U    = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03" // user to user
	oidIAKERB = "\x2b\x06\x01\x05\x02\x05"                 // 1.3.6.1.5.2.5
	oidNTLM   = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" // 1.3.6.1.4.1.311.2.2.10
	oidNegoEx = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e" // 1.3.6.1.4.1.311.2.2.30
	maxMechs  = 16
)

// Identifiers of tokens, RFC 4121 4.1.
var (
	tokAPReq = []byte{1, 0}
	tokAPRep = []byte{2, 0}
)

// negotiation is what a client's token says around its AP-REQ.
type negotiation struct {
	apReq []byte
	// spnego is false for a bare Kerberos token, which is answered by a bare one.
	spnego bool
	mech   []byte // the one that is spoken, as the client names it
	mechs  []byte // mechTypes, of which mechListMIC is made
	mic    []byte
}

// readNegotiation reads the first token of a client: NegTokenInit of RFC 4178
// 4.2.1, or that of the Kerberos mechanism by itself.
func readNegotiation(token []byte, n *negotiation) error {
	if len(token) > maxToken {
		return refuse(Malformed, "the token is longer than %d bytes", maxToken)
	}
	if bytes.HasPrefix(token, []byte("NTLMSSP\x00")) {
		return refuse(WrongMechanism, "the client speaks NTLM")
	}
	s := cryptobyte.String(token)
	var body, oid cryptobyte.String
	if !s.ReadASN1(&body, application(0)) || !s.Empty() || !body.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return refuse(Malformed, "the token is no GSS-API token")
	}
	if string(oid) != oidSPNEGO {
		n.mech = oid
		return n.readMechToken(token)
	}
	n.spnego = true
	return n.readInit(body)
}

func (n *negotiation) readInit(body cryptobyte.String) error {
	var init, mechs, token cryptobyte.String
	if !wrapped(&body, &init, tagged(0), asn1.SEQUENCE) || !body.Empty() {
		return refuse(Malformed, "the token is no NegTokenInit")
	}
	var list cryptobyte.String
	if !init.ReadASN1(&list, tagged(0)) {
		return refuse(Malformed, "the NegTokenInit names no mechanisms")
	}
	n.mechs = list
	if !list.ReadASN1(&mechs, asn1.SEQUENCE) || !list.Empty() {
		return refuse(Malformed, "the NegTokenInit's mechanisms cannot be read")
	}
	if !readMechs(mechs, &n.mech) {
		return refuse(Malformed, "the NegTokenInit's mechanisms cannot be read")
	}
	if init.PeekASN1Tag(tagged(1)) { // reqFlags: SHOULD be absent and ignored, RFC 4178 4.2.1
		var flags cryptobyte.String
		if !wrapped(&init, &flags, tagged(1), asn1.BIT_STRING) {
			return refuse(Malformed, "the NegTokenInit's flags cannot be read")
		}
	}
	// The token is for the first mechanism, the one that the client likes best. To
	// choose another takes a second round, and nothing is kept between two requests.
	if !kerberosMech(n.mech) {
		return refuse(WrongMechanism, "the client speaks %s first, not Kerberos", mechName(n.mech))
	}
	if !init.PeekASN1Tag(tagged(2)) {
		return refuse(Malformed, "the NegTokenInit has no token")
	}
	if !wrapped(&init, &token, tagged(2), asn1.OCTET_STRING) {
		return refuse(Malformed, "the NegTokenInit's token cannot be read")
	}
	if init.PeekASN1Tag(tagged(3)) && !readOctets(&init, 3, &n.mic) || !init.Empty() {
		return refuse(Malformed, "the NegTokenInit has more than it may")
	}
	return n.readMechToken(token)
}

// readMechs reads MechTypeList and gives the first.
func readMechs(list cryptobyte.String, first *[]byte) bool {
	for i := 0; !list.Empty(); i++ {
		var oid cryptobyte.String
		if i == maxMechs || !list.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
			return false
		}
		if i == 0 {
			*first = oid
		}
	}
	return *first != nil
}

func kerberosMech(oid []byte) bool { return string(oid) == oidKRB5 || string(oid) == oidMSKRB5 }

func mechName(oid []byte) string {
	switch string(oid) {
	case oidNTLM:
		return "NTLM"
	case oidIAKERB:
		return "IAKERB"
	case oidNegoEx:
		return "NEGOEX"
	case oidU2U:
		return "Kerberos from user to user"
	}
	return "another mechanism"
}

// readMechToken takes the AP-REQ out of its frame. RFC 2743 3.1, RFC 4121 4.1
func (n *negotiation) readMechToken(token []byte) error {
	s := cryptobyte.String(token)
	var body, oid cryptobyte.String
	if !s.ReadASN1(&body, application(0)) || !s.Empty() || !body.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		return refuse(Malformed, "the mechanism's token cannot be read")
	}
	if !kerberosMech(oid) {
		return refuse(WrongMechanism, "the client speaks %s, not Kerberos", mechName(oid))
	}
	if !bytes.HasPrefix(body, tokAPReq) {
		return refuse(Malformed, "the mechanism's token is no AP-REQ")
	}
	n.apReq = body[len(tokAPReq):]
	return nil
}

// answer makes what goes back to the client: the AP-REP, if there is one, and
// around it, if he negotiated, that this is all. RFC 4178 4.2.2
func (n *negotiation) answer(apRep, mic []byte) []byte {
	var token []byte
	if apRep != nil {
		var b cryptobyte.Builder
		b.AddASN1(application(0), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(oidKRB5)) })
			b.AddBytes(tokAPRep)
			b.AddBytes(apRep)
		})
		token = b.BytesOrPanic()
	}
	if !n.spnego {
		return token
	}
	var b cryptobyte.Builder
	b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.ENUM, func(b *cryptobyte.Builder) { b.AddUint8(0) }) // accept-completed
			})
			b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(n.mech) })
			})
			if token != nil {
				addOctets(b, 2, token)
			}
			if mic != nil {
				addOctets(b, 3, mic)
			}
		})
	})
	return b.BytesOrPanic()
}
