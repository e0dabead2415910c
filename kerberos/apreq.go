package kerberos

import (
	"bytes"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"entente/kerberos/enctype"
)

const (
	sequence          = asn1.SEQUENCE
	optionUseSession  = 1 << (31 - 1) // user to user
	optionMutual      = 1 << (31 - 2)
	flagPolicyChecked = 1 << (31 - 12) // TRANSITED-POLICY-CHECKED
)

// apRequest is an AP-REQ, RFC 4120 5.5.1.
type apRequest struct {
	options       uint32
	ticket        sealedTicket
	authenticator encrypted
}

func readAPReq(b []byte, r *apRequest) bool {
	var s, t cryptobyte.String
	return message(b, messageAPReq, &s) && isInt(&s, 0, krbVersion) && isInt(&s, 1, messageAPReq) &&
		readFlags(&s, 2, &r.options) && s.ReadASN1(&t, tagged(3)) && readTicket(t, &r.ticket) &&
		readEncrypted(&s, 4, &r.authenticator) && s.Empty()
}

// openTicket is an EncTicketPart, RFC 4120 5.3.
type openTicket struct {
	flags            uint32
	sessionType      int64
	session          []byte
	realm            []byte
	client           name
	transited        []byte
	auth, start, end time.Time
	data             []byte // authorization data
}

func readOpenTicket(b []byte, t *openTicket) bool {
	var s, via cryptobyte.String
	var kind int64
	if !message(b, 3, &s) || !readFlags(&s, 0, &t.flags) || !readKey(&s, 1, &t.sessionType, &t.session) ||
		!readRealm(&s, 2, &t.realm) || !readName(&s, 3, &t.client) ||
		!wrapped(&s, &via, tagged(4), sequence) || !readInt(&via, 0, &kind) || !readOctets(&via, 1, &t.transited) || !via.Empty() ||
		!readTime(&s, 5, &t.auth) {
		return false
	}
	if t.start = t.auth; s.PeekASN1Tag(tagged(6)) && !readTime(&s, 6, &t.start) {
		return false
	}
	if !readTime(&s, 7, &t.end) {
		return false
	}
	var till time.Time
	if s.PeekASN1Tag(tagged(8)) && !readTime(&s, 8, &till) {
		return false
	}
	// Addresses are not looked at: between a client and a service of the web there
	// is whatever there is.
	var addresses cryptobyte.String
	if s.PeekASN1Tag(tagged(9)) && !wrapped(&s, &addresses, tagged(9), sequence) {
		return false
	}
	if s.PeekASN1Tag(tagged(10)) && !wrapped(&s, (*cryptobyte.String)(&t.data), tagged(10), sequence) {
		return false
	}
	return s.Empty()
}

// authenticator is RFC 4120 5.5.1.
type authenticator struct {
	realm      []byte
	client     name
	sumType    int64
	sum        []byte
	micro      int64
	made       time.Time // with the microseconds
	subkeyType int64
	subkey     []byte // nil if there is none
	data       []byte
}

func readAuthenticator(b []byte, a *authenticator) bool {
	var s, sum cryptobyte.String
	if !message(b, 2, &s) || !isInt(&s, 0, krbVersion) || !readRealm(&s, 1, &a.realm) || !readName(&s, 2, &a.client) {
		return false
	}
	if s.PeekASN1Tag(tagged(3)) && (!wrapped(&s, &sum, tagged(3), sequence) ||
		!readInt(&sum, 0, &a.sumType) || !readOctets(&sum, 1, &a.sum) || !sum.Empty()) {
		return false
	}
	if !readInt(&s, 4, &a.micro) || a.micro < 0 || a.micro > 999_999 || !readTime(&s, 5, &a.made) {
		return false
	}
	a.made = a.made.Add(time.Duration(a.micro) * time.Microsecond)
	if s.PeekASN1Tag(tagged(6)) && !readKey(&s, 6, &a.subkeyType, &a.subkey) {
		return false
	}
	var seq int64
	if s.PeekASN1Tag(tagged(7)) && !readInt(&s, 7, &seq) {
		return false
	}
	if s.PeekASN1Tag(tagged(8)) && !wrapped(&s, (*cryptobyte.String)(&a.data), tagged(8), sequence) {
		return false
	}
	return s.Empty()
}

// sameClient reports whether the authenticator is by whom the ticket is about.
func (a *authenticator) sameClient(t *openTicket) bool {
	return bytes.Equal(a.realm, t.realm) && bytes.Equal(a.client.parts, t.client.parts)
}

// knowsBindings reports whether the client says that he knows of channel
// bindings, [MS-KILE] 3.2.5.8.
func (a *authenticator) knowsBindings() (aware bool, err error) {
	err = authData(a.data, func(kind int64, data []byte) error {
		if kind != adIfRelevant {
			return nil
		}
		return ifRelevant(data, func(kind int64, data []byte) error {
			if kind == adAPOptions && len(data) >= 4 {
				aware = data[1]&(apOptionsCBT>>8) != 0 // little endian
			}
			return nil
		})
	})
	return aware, err
}

// makeAPRep proves that this service has opened the ticket. RFC 4120 5.5.2
func makeAPRep(session *enctype.Key, a *authenticator) []byte {
	var part cryptobyte.Builder
	part.AddASN1(application(27), func(b *cryptobyte.Builder) {
		b.AddASN1(sequence, func(b *cryptobyte.Builder) {
			addTime(b, 0, a.made)
			addInt(b, 1, a.micro)
			addInt(b, 3, 0) // sequence numbers begin at 0
		})
	})
	cipher := session.Encrypt(nil, usageAPRep, part.BytesOrPanic())
	var b cryptobyte.Builder
	b.AddASN1(application(messageAPRep), func(b *cryptobyte.Builder) {
		b.AddASN1(sequence, func(b *cryptobyte.Builder) {
			addInt(b, 0, krbVersion)
			addInt(b, 1, messageAPRep)
			addEncrypted(b, 2, int64(session.Etype()), 0, cipher)
		})
	})
	return b.BytesOrPanic()
}
