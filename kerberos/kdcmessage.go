package kerberos

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"entente/kerberos/enctype"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// What is said to a KDC and what it says, RFC 4120 5.4, 5.9.

const (
	messageASReq  = 10
	messageASRep  = 11
	messageTGSReq = 12
	messageTGSRep = 13
	messageError  = 30
)

// KDC options, RFC 4120 5.4.1, [MS-SFU] 2.2.3.
const (
	optionForwardable    = 1 << (31 - 1)
	optionCnameInAddlTkt = 1 << (31 - 14)
	optionCanonicalize   = 1 << (31 - 15)
)

// Types of names, RFC 4120 6.2, RFC 6806 5.
const (
	namePrincipal  = 1
	nameService    = 2
	nameEnterprise = 10
)

// Types of pre-authentication data, RFC 4120 7.5.2, [MS-SFU] 2.2, [MS-KILE] 2.2.10.
const (
	paTGSReq       = 1
	paEncTimestamp = 2
	paETypeInfo2   = 19
	paForUser      = 129
	paS4UX509User  = 130
	paPACOptions   = 167
)

// Key usages beside those of wire.go, RFC 4120 7.5.1, [MS-SFU] 2.2.
const (
	usageTimestamp     = 1
	usageASRep         = 3
	usageTGSChecksum   = 6
	usageTGSReq        = 7
	usageTGSRep        = 8
	usageForUser       = 17
	usageS4URequest    = 26
	usageS4UReply      = 27
	s4uReplyKeyUsage   = 1 << (31 - 2) // KERB_S4U_OPTIONS_USE_REPLY_KEY_USAGE
	pacOptionRBCD      = 1 << (31 - 3) // the client knows resource-based delegation
	kerbErrTypeExtend  = 3             // KERB_ERR_TYPE_EXTENDED
	maxPreauth         = 32
	maxEtypeInfo       = 16
	maxStringToKeySalt = 1 << 10
)

// A preauth is PA-DATA.
type preauth struct {
	kind  int64
	value []byte
}

// A kdcRequest is what KDC-REQ-BODY says.
type kdcRequest struct {
	options     uint32
	client      *Principal // of an AS-REQ
	realm       string
	service     string
	serviceKind int64
	till        time.Time
	nonce       uint32
	etypes      []enctype.Etype
	tickets     [][]byte   // additional ones
	user        *Principal // for whom, of S4U2Self; not in the body
}

// newNonce is not negative for those who read it as a signed number.
func newNonce() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails, crypto/rand
	return binary.BigEndian.Uint32(b[:]) >> 1
}

// body encodes KDC-REQ-BODY.
func (r *kdcRequest) body() []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addFlags(b, 0, r.options)
		if r.client != nil {
			addName(b, 1, namePrincipal, r.client.Name)
		}
		addString(b, 2, r.realm)
		addName(b, 3, r.serviceKind, r.service)
		addTime(b, 5, r.till)
		addInt(b, 7, int64(r.nonce))
		b.AddASN1(tagged(8), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, e := range r.etypes {
					b.AddASN1Int64(int64(e))
				}
			})
		})
		if len(r.tickets) > 0 {
			b.AddASN1(tagged(11), func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, t := range r.tickets {
						b.AddBytes(t)
					}
				})
			})
		}
	})
	return b.BytesOrPanic() // the lengths are ours
}

// kdcReq encodes an AS-REQ or a TGS-REQ around a body.
func kdcReq(kind uint8, pa []preauth, body []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(application(kind), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addInt(b, 1, krbVersion)
			addInt(b, 2, int64(kind))
			if len(pa) > 0 {
				b.AddASN1(tagged(3), func(b *cryptobyte.Builder) { addPreauth(b, pa) })
			}
			b.AddASN1(tagged(4), func(b *cryptobyte.Builder) { b.AddBytes(body) })
		})
	})
	return b.BytesOrPanic()
}

func addPreauth(b *cryptobyte.Builder, pa []preauth) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, p := range pa {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addInt(b, 1, p.kind)
				addOctets(b, 2, p.value)
			})
		}
	})
}

// timestamp encodes PA-ENC-TS-ENC under a key, RFC 4120 5.2.7.2.
func timestamp(key *enctype.Key, kvno uint32, now time.Time) []byte {
	var plain, b cryptobyte.Builder
	plain.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addTime(b, 0, now)
		addInt(b, 1, int64(now.Nanosecond()/1000))
	})
	cipher := key.Encrypt(nil, usageTimestamp, plain.BytesOrPanic())
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addInt(b, 0, int64(key.Etype()))
		addInt(b, 1, int64(kvno))
		addOctets(b, 2, cipher)
	})
	return b.BytesOrPanic()
}

// A kdcReply is KDC-REP.
type kdcReply struct {
	preauth []preauth
	client  Principal
	ticket  sealedTicket
	part    encrypted
}

var errReply = errors.New("the KDC's answer is malformed")

// readReply reads an AS-REP or a TGS-REP. What is in it is not the KDC's word
// until its part has been opened and compared (open).
func readReply(b []byte, kind uint8) (*kdcReply, error) {
	var s, ticket cryptobyte.String
	var realm []byte
	var client name
	r := new(kdcReply)
	if !message(b, kind, &s) || !isInt(&s, 0, krbVersion) || !isInt(&s, 1, int64(kind)) {
		return nil, errReply
	}
	if s.PeekASN1Tag(tagged(2)) {
		var pa cryptobyte.String
		if !s.ReadASN1(&pa, tagged(2)) || !readPreauth(pa, &r.preauth) {
			return nil, errReply
		}
	}
	if !readRealm(&s, 3, &realm) || !readName(&s, 4, &client) || !s.ReadASN1(&ticket, tagged(5)) ||
		!readTicket(ticket, &r.ticket) || !readEncrypted(&s, 6, &r.part) || !s.Empty() {
		return nil, errReply
	}
	r.client = Principal{client.String(), string(realm)}
	return r, nil
}

// readPreauth reads a sequence of PA-DATA.
func readPreauth(s cryptobyte.String, out *[]preauth) bool {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() {
		return false
	}
	for !seq.Empty() {
		var one cryptobyte.String
		var p preauth
		if len(*out) == maxPreauth || !seq.ReadASN1(&one, asn1.SEQUENCE) || !readInt(&one, 1, &p.kind) ||
			!readOctets(&one, 2, &p.value) || !one.Empty() {
			return false
		}
		*out = append(*out, p)
	}
	return true
}

// A replyPart is EncKDCRepPart: the KDC's word.
type replyPart struct {
	etype   int64
	session []byte
	nonce   int64
	flags   uint32
	auth    time.Time
	start   time.Time
	end     time.Time
	realm   string
	service string
}

// readReplyPart reads EncASRepPart or EncTGSRepPart. MIT Kerberos has the
// latter's tag in both. RFC 4120 5.4.2
func readReplyPart(b []byte) (*replyPart, error) {
	var s cryptobyte.String
	if !message(b, 25, &s) && !message(b, 26, &s) {
		return nil, errReply
	}
	p := new(replyPart)
	var realm []byte
	var service name
	if !readKey(&s, 0, &p.etype, &p.session) || !s.SkipASN1(tagged(1)) || !readInt(&s, 2, &p.nonce) ||
		!s.SkipOptionalASN1(tagged(3)) || !readFlags(&s, 4, &p.flags) || !readTime(&s, 5, &p.auth) {
		return nil, errReply
	}
	if p.start = p.auth; s.PeekASN1Tag(tagged(6)) && !readTime(&s, 6, &p.start) {
		return nil, errReply
	}
	if !readTime(&s, 7, &p.end) || !s.SkipOptionalASN1(tagged(8)) || !readRealm(&s, 9, &realm) || !readName(&s, 10, &service) ||
		!s.SkipOptionalASN1(tagged(11)) || !s.SkipOptionalASN1(tagged(12)) || !s.Empty() {
		return nil, errReply
	}
	p.realm, p.service = string(realm), service.String()
	return p, nil
}

// A kdcError is KRB-ERROR.
type kdcError struct {
	code   int64
	server time.Time // the KDC's clock
	text   string
	data   []byte
	status uint32 // NTSTATUS of a Windows KDC, 0 if it gives none
}

func (e *kdcError) Error() string {
	s := fmt.Sprintf("the KDC says %s", codeName(e.code))
	if e.text != "" {
		s += fmt.Sprintf(" (%s)", e.text)
	}
	if e.status != 0 {
		s += fmt.Sprintf(", NTSTATUS 0x%08x", e.status)
	}
	return s
}

// readError reads a KRB-ERROR. What it says of names is passed over: Heimdal
// writes "<unspecified realm>" and a name without parts.
func readError(b []byte) (*kdcError, bool) {
	var s cryptobyte.String
	var text []byte
	e := new(kdcError)
	if !message(b, messageError, &s) || !isInt(&s, 0, krbVersion) || !isInt(&s, 1, messageError) ||
		!s.SkipOptionalASN1(tagged(2)) || !s.SkipOptionalASN1(tagged(3)) || !readTime(&s, 4, &e.server) ||
		!s.SkipASN1(tagged(5)) || !readInt(&s, 6, &e.code) || !s.SkipOptionalASN1(tagged(7)) || !s.SkipOptionalASN1(tagged(8)) ||
		!s.SkipASN1(tagged(9)) || !s.SkipASN1(tagged(10)) {
		return nil, false
	}
	if s.PeekASN1Tag(tagged(11)) {
		if !wrapped(&s, (*cryptobyte.String)(&text), tagged(11), generalString) {
			return nil, false
		}
		// It goes into logs, so it is text or it is not there.
		if len(text) <= 200 && printable(text) {
			e.text = string(text)
		}
	}
	if s.PeekASN1Tag(tagged(12)) && !readOctets(&s, 12, &e.data) {
		return nil, false
	}
	e.status = extendedStatus(e.data)
	return e, s.Empty()
}

// extendedStatus is what a Windows KDC says beyond its error: KERB-ERROR-DATA
// with KERB_EXT_ERROR. [MS-KILE] 2.2.1, 2.2.2
func extendedStatus(data []byte) uint32 {
	var seq cryptobyte.String
	var value []byte
	s := cryptobyte.String(data)
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !isInt(&seq, 1, kerbErrTypeExtend) || !readOctets(&seq, 2, &value) || len(value) < 4 {
		return 0
	}
	return binary.LittleEndian.Uint32(value)
}

// preferred returns the encryption types that the KDC says it wants of a
// client, in its order. RFC 4120 5.2.7.5
func (e *kdcError) preferred() []enctype.Etype {
	var all []preauth
	if !readPreauth(e.data, &all) {
		return nil
	}
	var types []enctype.Etype
	for _, p := range all {
		var seq cryptobyte.String
		s := cryptobyte.String(p.value)
		if p.kind != paETypeInfo2 || !s.ReadASN1(&seq, asn1.SEQUENCE) {
			continue
		}
		for !seq.Empty() && len(types) < maxEtypeInfo {
			var one cryptobyte.String
			var t int64
			if !seq.ReadASN1(&one, asn1.SEQUENCE) || !readInt(&one, 0, &t) {
				return types
			}
			types = append(types, enctype.Etype(t))
		}
	}
	return types
}
