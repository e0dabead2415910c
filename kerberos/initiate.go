package kerberos

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"entente/kerberos/enctype"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Flags of the GSS-API checksum, RFC 4121 4.1.1.1.
const (
	gssReplay   = 4
	gssSequence = 8
	gssInteg    = 32

	tagAuthenticator = 0x62 // [APPLICATION 2]
)

var (
	errAnswer  = errors.New("the service's answer to Negotiate is malformed")
	errNoProof = errors.New("the service does not prove who it is")
)

// Negotiate makes the token of an Authorization: Negotiate header, for one
// request: each has an authenticator of its own. Answer verifies what the
// service says in its WWW-Authenticate header, if it was asked to prove itself.
// RFC 4559 4
func (t *Ticket) Negotiate(now time.Time, b Bindings, mutual bool) (token string, answer func(header string) error, err error) {
	if t.session == nil || !now.Before(t.End) {
		return "", nil, unreachable(errors.New("the ticket has ended, or is another's"))
	}
	at := t.moment(now)
	cipher := t.session.Encrypt(make([]byte, 0, 512), usageAPReq, t.authenticator(at, b, mutual))
	return base64.StdEncoding.EncodeToString(t.initial(cipher, mutual)), func(header string) error {
		if !mutual {
			return nil
		}
		return t.proves(header, at)
	}, nil
}

// moment is the time in microseconds that an authenticator names. No two of a
// ticket name the same, or the service would take the second for a replay.
func (t *Ticket) moment(now time.Time) int64 {
	for {
		last := t.last.Load()
		at := max(now.UnixMicro(), last+1)
		if t.last.CompareAndSwap(last, at) {
			return at
		}
	}
}

// authenticator is the Authenticator of an AP-REQ, RFC 4120 5.5.1, with the
// checksum that GSS-API puts into it. It has no subkey: nothing is wrapped.
func (t *Ticket) authenticator(at int64, b Bindings, mutual bool) []byte {
	when := time.UnixMicro(at)
	flags := uint32(gssReplay | gssSequence | gssInteg)
	if mutual {
		flags |= gssMutual
	}
	bound := make([]byte, md5.Size)
	if len(b.EndPoint) > 0 {
		bound = channelBindings(b.EndPoint)
	}
	d := der{buf: make([]byte, 256)}
	d.text(tagTime, when.UTC().Format(timeForm))
	d.wrap(0xa5, 0)
	d.field(0xa4, func() { d.integer(at % 1e6) })
	d.field(0xa3, func() {
		d.field(tagSequence, func() {
			// RFC 4121 4.1.1
			d.field(0xa1, func() {
				d.field(tagOctets, func() {
					d.put(binary.LittleEndian.AppendUint32(nil, flags))
					d.put(bound)
					d.put([]byte{md5.Size, 0, 0, 0})
				})
			})
			d.field(0xa0, func() { d.integer(checksumGSS) })
		})
	})
	d.field(0xa2, func() {
		d.field(tagSequence, func() {
			d.field(0xa1, func() {
				d.field(tagSequence, func() {
					parts := nameParts(t.Client.Name)
					for _, p := range slices.Backward(parts) {
						d.text(byte(generalString), p)
					}
				})
			})
			d.field(0xa0, func() { d.integer(namePrincipal) })
		})
	})
	d.field(0xa1, func() { d.text(byte(generalString), t.Client.Realm) })
	d.field(0xa0, func() { d.integer(krbVersion) })
	d.wrap(tagSequence, 0)
	d.wrap(tagAuthenticator, 0)
	return d.bytes()
}

// initial is NegTokenInit with the AP-REQ, RFC 4178 4.2.1, RFC 2743 3.1.
func (t *Ticket) initial(cipher []byte, mutual bool) []byte {
	d := der{buf: make([]byte, len(t.raw)+len(cipher)+192)}
	d.field(0xa4, func() {
		d.field(tagSequence, func() {
			d.field(0xa2, func() { d.put(cipher); d.wrap(tagOctets, d.used-len(cipher)) })
			d.field(0xa0, func() { d.integer(int64(t.session.Etype())) })
		})
	})
	d.field(0xa3, func() { d.put(t.raw) })
	options := uint32(0)
	if mutual {
		options = optionMutual
	}
	d.field(0xa2, func() {
		d.put(binary.BigEndian.AppendUint32([]byte{0}, options))
		d.wrap(tagBits, d.used-5)
	})
	d.field(0xa1, func() { d.integer(messageAPReq) })
	d.field(0xa0, func() { d.integer(krbVersion) })
	d.wrap(tagSequence, 0)
	d.wrap(byte(application(messageAPReq)), 0)
	d.put(tokAPReq)
	d.text(tagOID, oidKRB5)
	d.wrap(tagFramed, 0)
	d.wrap(tagOctets, 0)
	d.wrap(0xa2, 0)
	d.field(0xa0, func() { d.field(tagSequence, func() { d.text(tagOID, oidKRB5) }) })
	d.wrap(tagSequence, 0)
	d.wrap(0xa0, 0)
	d.text(tagOID, oidSPNEGO)
	d.wrap(tagFramed, 0)
	return d.bytes()
}

// Tags of what is written by hand.
const (
	tagInteger  = 0x02
	tagBits     = 0x03
	tagOctets   = 0x04
	tagOID      = 0x06
	tagTime     = 0x18
	tagSequence = 0x30
	tagFramed   = 0x60 // of RFC 2743 3.1
)

// der writes DER from its end to its beginning, so that a length is known when
// its turn comes: a token is made for each request.
type der struct {
	buf  []byte
	used int // of its end
}

func (d *der) bytes() []byte { return d.buf[len(d.buf)-d.used:] }

func (d *der) put(b []byte) {
	if free := len(d.buf) - d.used; free < len(b) {
		grown := make([]byte, 2*len(d.buf)+len(b))
		copy(grown[len(grown)-d.used:], d.bytes())
		d.buf = grown
	}
	d.used += len(b)
	copy(d.bytes(), b)
}

// wrap puts a tag and a length before all but the last after bytes.
func (d *der) wrap(tag byte, after int) {
	n := d.used - after
	switch {
	case n < 0x80:
		d.put([]byte{tag, byte(n)})
	case n < 0x100:
		d.put([]byte{tag, 0x81, byte(n)})
	case n < 0x10000:
		d.put([]byte{tag, 0x82, byte(n >> 8), byte(n)})
	default:
		d.put([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)})
	}
}

func (d *der) field(tag byte, content func()) {
	after := d.used
	content()
	d.wrap(tag, after)
}

func (d *der) text(tag byte, s string) { d.field(tag, func() { d.put([]byte(s)) }) }

// integer writes a number that is not negative.
func (d *der) integer(v int64) {
	d.field(tagInteger, func() {
		for {
			d.put([]byte{byte(v)})
			if v < 0x80 {
				return
			}
			v >>= 8
		}
	})
}

// proves reports whether a WWW-Authenticate header has the proof that the
// service could read the authenticator of that moment. RFC 4178 4.2.2, RFC 4120
// 3.2.4
func (t *Ticket) proves(header string, at int64) error {
	scheme, text, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Negotiate") || len(text) > maxToken {
		return errNoProof
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return errAnswer
	}
	if len(b) == 0 {
		return errNoProof
	}
	token, err := responseToken(b)
	if err != nil {
		return err
	}
	return t.checkAPRep(token, at)
}

// responseToken returns the mechanism's token of a NegTokenResp that completes.
func responseToken(b []byte) ([]byte, error) {
	var seq, state cryptobyte.String
	var token []byte
	s := cryptobyte.String(b)
	if !wrapped(&s, &seq, tagged(1), asn1.SEQUENCE) || !s.Empty() {
		return nil, errAnswer
	}
	if seq.PeekASN1Tag(tagged(0)) {
		if !wrapped(&seq, &state, tagged(0), asn1.ENUM) || len(state) != 1 {
			return nil, errAnswer
		}
		if state[0] != 0 { // accept-completed
			return nil, errNoProof
		}
	}
	if !seq.SkipOptionalASN1(tagged(1)) || seq.PeekASN1Tag(tagged(2)) && !readOctets(&seq, 2, &token) ||
		!seq.SkipOptionalASN1(tagged(3)) || !seq.Empty() {
		return nil, errAnswer
	}
	if len(token) == 0 {
		return nil, errNoProof
	}
	return token, nil
}

// checkAPRep reads an AP-REP in its frame and compares its time.
func (t *Ticket) checkAPRep(token []byte, at int64) error {
	var framed, mech, s cryptobyte.String
	var part encrypted
	b := cryptobyte.String(token)
	if !b.ReadASN1(&framed, tagFramed) || !b.Empty() || !framed.ReadASN1(&mech, asn1.OBJECT_IDENTIFIER) || !kerberosMech(mech) ||
		!bytes.HasPrefix(framed, tokAPRep) {
		return errAnswer
	}
	if !message(framed[len(tokAPRep):], messageAPRep, &s) || !isInt(&s, 0, krbVersion) || !isInt(&s, 1, messageAPRep) ||
		!readEncrypted(&s, 2, &part) || !s.Empty() || part.etype != int64(t.session.Etype()) {
		return errAnswer
	}
	plain, err := t.session.Decrypt(nil, usageAPRep, part.cipher)
	if errors.Is(err, enctype.ErrIntegrity) {
		return errNoProof
	}
	var when time.Time
	var micros int64
	if err != nil || !message(plain, 27, &s) || !readTime(&s, 0, &when) || !readInt(&s, 1, &micros) {
		return errAnswer
	}
	if when.UnixMicro()+micros != at {
		return errNoProof
	}
	return nil
}
