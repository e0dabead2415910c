package kerberos

import (
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// What the messages of both ends are made of, RFC 4120 5.2. They are read with
// cryptobyte, which takes DER and nothing else, copies nothing and knows no
// types; and by hand, since the structures are few and their bounds are ours.

const (
	maxToken     = 96 << 10 // of a message; HTTP headers end at 128 KiB, in base64
	maxName      = 512      // of a principal's components together
	maxParts     = 8        // of a principal's components
	maxRealm     = 255
	krbVersion   = 5
	messageAPReq = 14
	messageAPRep = 15
)

// Ticket flags, RFC 4120 5.3: bit 0 is the highest of the first byte.
const (
	flagForwardable = 1 << (31 - 1)
	flagInvalid     = 1 << (31 - 7)
)

// Key usages, RFC 4120 7.5.1.
const (
	usageTicket = 2
	usageAPReq  = 11
	usageAPRep  = 12
)

func application(n uint8) asn1.Tag { return asn1.Tag(0x60 | n) }
func tagged(n uint8) asn1.Tag      { return asn1.Tag(0xa0 | n) }

const generalString = asn1.Tag(27)

// wrapped reads what is in one element within another, such as [3] SEQUENCE.
func wrapped(s *cryptobyte.String, out *cryptobyte.String, outer, inner asn1.Tag) bool {
	var w cryptobyte.String
	return s.ReadASN1(&w, outer) && w.ReadASN1(out, inner) && w.Empty()
}

// message reads what is in an application's sequence that is all there is.
func message(b []byte, n uint8, out *cryptobyte.String) bool {
	s := cryptobyte.String(b)
	return len(b) <= maxToken && wrapped(&s, out, application(n), asn1.SEQUENCE) && s.Empty()
}

// readInt reads an Int32, UInt32 or Microseconds.
func readInt(s *cryptobyte.String, n uint8, out *int64) bool {
	var w cryptobyte.String
	return s.ReadASN1(&w, tagged(n)) && w.ReadASN1Int64WithTag(out, asn1.INTEGER) && w.Empty() &&
		*out >= -1<<31 && *out < 1<<32
}

func isInt(s *cryptobyte.String, n uint8, want int64) bool {
	var i int64
	return readInt(s, n, &i) && i == want
}

func addInt(b *cryptobyte.Builder, n uint8, v int64) {
	b.AddASN1(tagged(n), func(b *cryptobyte.Builder) { b.AddASN1Int64(v) })
}

// readOctets reads an OCTET STRING.
func readOctets(s *cryptobyte.String, n uint8, out *[]byte) bool {
	return wrapped(s, (*cryptobyte.String)(out), tagged(n), asn1.OCTET_STRING)
}

func addOctets(b *cryptobyte.Builder, n uint8, v []byte) {
	b.AddASN1(tagged(n), func(b *cryptobyte.Builder) { b.AddASN1OctetString(v) })
}

// readFlags reads a KerberosFlags: 32 bits at least, of which the first 32 are
// known.
func readFlags(s *cryptobyte.String, n uint8, out *uint32) bool {
	var b cryptobyte.String
	var unused uint8
	if !wrapped(s, &b, tagged(n), asn1.BIT_STRING) || !b.ReadUint8(&unused) || unused > 7 || len(b) < 4 || len(b) > 8 {
		return false
	}
	return b.ReadUint32(out)
}

func addFlags(b *cryptobyte.Builder, n uint8, v uint32) {
	b.AddASN1(tagged(n), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddUint8(0); b.AddUint32(v) })
	})
}

const timeForm = "20060102150405Z"

// readTime reads a KerberosTime: GeneralizedTime in UTC to the second.
func readTime(s *cryptobyte.String, n uint8, out *time.Time) bool {
	var b cryptobyte.String
	if !wrapped(s, &b, tagged(n), asn1.GeneralizedTime) || len(b) != len(timeForm) || b[14] != 'Z' {
		return false
	}
	var v [14]int
	for i, c := range b[:14] {
		if c < '0' || c > '9' {
			return false
		}
		v[i] = int(c - '0')
	}
	two := func(i int) int { return v[i]*10 + v[i+1] }
	year, month, day, hour, minute, second := two(0)*100+two(2), two(4), two(6), two(8), two(10), two(12)
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	*out = t
	return t.Year() == year && int(t.Month()) == month && t.Day() == day && t.Hour() == hour && t.Minute() == minute && t.Second() == second
}

func addTime(b *cryptobyte.Builder, n uint8, t time.Time) {
	b.AddASN1(tagged(n), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes(t.UTC().AppendFormat(nil, timeForm)) })
	})
}

// readRealm reads a Realm, as it is.
func readRealm(s *cryptobyte.String, n uint8, out *[]byte) bool {
	return wrapped(s, (*cryptobyte.String)(out), tagged(n), generalString) && len(*out) <= maxRealm && printable(*out)
}

func addString(b *cryptobyte.Builder, n uint8, v string) {
	b.AddASN1(tagged(n), func(b *cryptobyte.Builder) {
		b.AddASN1(generalString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(v)) })
	})
}

// A name is a PrincipalName as it is encoded. Two are the same if their parts
// are: the type is a hint. RFC 4120 6.2
type name struct {
	kind  int64
	parts []byte // the content of name-string, checked
}

func readName(s *cryptobyte.String, n uint8, out *name) bool {
	var seq, parts cryptobyte.String
	if !wrapped(s, &seq, tagged(n), asn1.SEQUENCE) || !readInt(&seq, 0, &out.kind) ||
		!wrapped(&seq, &parts, tagged(1), asn1.SEQUENCE) || !seq.Empty() || parts.Empty() || len(parts) > maxName {
		return false
	}
	out.parts = parts
	for i := 0; !parts.Empty(); i++ {
		var p cryptobyte.String
		if i == maxParts || !parts.ReadASN1(&p, generalString) || !printable(p) {
			return false
		}
	}
	return true
}

// printable reports whether b is text without control characters. Windows has
// UTF-8 where RFC 4120 5.2.1 has ASCII.
func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return len(b) > 0 && utf8.Valid(b)
}

// plain joins the parts with "/" and leaves them as they are.
func (n name) plain() string { return n.join(func(part string) string { return part }) }

// String joins the parts with "/"; one in a part, or a "\", is marked by a "\".
func (n name) String() string { return n.join(escape) }

func (n name) join(text func(string) string) string {
	var b strings.Builder
	for s := cryptobyte.String(n.parts); !s.Empty(); {
		var p cryptobyte.String
		if !s.ReadASN1(&p, generalString) {
			return ""
		}
		if b.Len() > 0 {
			b.WriteByte('/')
		}
		b.WriteString(text(string(p)))
	}
	return b.String()
}

func escape(part string) string {
	if !strings.ContainsAny(part, `/\`) {
		return part
	}
	return strings.NewReplacer(`\`, `\\`, `/`, `\/`).Replace(part)
}

// nameParts is the other way.
func nameParts(s string) []string {
	var parts []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == '/':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	return append(parts, b.String())
}

// addName writes a principal's name, which must be one that ParsePrincipal or
// a message gave.
func addName(b *cryptobyte.Builder, n uint8, kind int64, s string) {
	b.AddASN1(tagged(n), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addInt(b, 0, kind)
			b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, p := range nameParts(s) {
						b.AddASN1(generalString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(p)) })
					}
				})
			})
		})
	})
}

// encrypted is EncryptedData, RFC 4120 5.2.9.
type encrypted struct {
	etype  int64
	kvno   int64 // 0 if there is none
	cipher []byte
}

func readEncrypted(s *cryptobyte.String, n uint8, out *encrypted) bool {
	var seq cryptobyte.String
	if !wrapped(s, &seq, tagged(n), asn1.SEQUENCE) || !readInt(&seq, 0, &out.etype) {
		return false
	}
	if seq.PeekASN1Tag(tagged(1)) && !readInt(&seq, 1, &out.kvno) {
		return false
	}
	// A kvno is unsigned; what encodes it as a signed number is common.
	out.kvno = int64(uint32(out.kvno))
	return readOctets(&seq, 2, &out.cipher) && seq.Empty()
}

func addEncrypted(b *cryptobyte.Builder, n uint8, etype, kvno int64, cipher []byte) {
	b.AddASN1(tagged(n), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addInt(b, 0, etype)
			if kvno != 0 {
				addInt(b, 1, kvno)
			}
			addOctets(b, 2, cipher)
		})
	})
}

// readKey reads an EncryptionKey, RFC 4120 5.2.9.
func readKey(s *cryptobyte.String, n uint8, etype *int64, value *[]byte) bool {
	var seq cryptobyte.String
	return wrapped(s, &seq, tagged(n), asn1.SEQUENCE) && readInt(&seq, 0, etype) && readOctets(&seq, 1, value) && seq.Empty()
}

// sealedTicket is a Ticket as it is on the wire, RFC 4120 5.3.
type sealedTicket struct {
	raw     []byte
	realm   []byte
	service name
	encrypted
}

func readTicket(raw []byte, t *sealedTicket) bool {
	var s cryptobyte.String
	t.raw = raw
	return message(raw, 1, &s) && isInt(&s, 0, krbVersion) && readRealm(&s, 1, &t.realm) &&
		readName(&s, 2, &t.service) && readEncrypted(&s, 3, &t.encrypted) && s.Empty()
}
