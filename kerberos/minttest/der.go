package minttest

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"entente/kerberos/enctype"
)

func app(n uint8) asn1.Tag { return asn1.Tag(0x60 | n) }
func ctx(n uint8) asn1.Tag { return asn1.Tag(0xa0 | n) }

// der writes one element around what f writes.
func der(tag asn1.Tag, f func(b *cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, f)
	return b.BytesOrPanic()
}

func seq(b *cryptobyte.Builder, f func(b *cryptobyte.Builder)) { b.AddASN1(asn1.SEQUENCE, f) }

func field(b *cryptobyte.Builder, n uint8, f func(b *cryptobyte.Builder)) { b.AddASN1(ctx(n), f) }

func number(b *cryptobyte.Builder, n uint8, v int64) {
	field(b, n, func(b *cryptobyte.Builder) { b.AddASN1Int64(v) })
}

func octets(b *cryptobyte.Builder, n uint8, v []byte) {
	field(b, n, func(b *cryptobyte.Builder) { b.AddASN1OctetString(v) })
}

func str(b *cryptobyte.Builder, v string) {
	b.AddASN1(asn1.Tag(27), func(b *cryptobyte.Builder) { b.AddBytes([]byte(v)) })
}

func realmName(b *cryptobyte.Builder, n uint8, v string) {
	field(b, n, func(b *cryptobyte.Builder) { str(b, v) })
}

func principal(b *cryptobyte.Builder, n uint8, kind int64, v string) {
	parts := strings.Split(v, "/")
	if kind == 10 { // an enterprise name is one part
		parts = []string{v}
	}
	field(b, n, func(b *cryptobyte.Builder) {
		seq(b, func(b *cryptobyte.Builder) {
			number(b, 0, kind)
			field(b, 1, func(b *cryptobyte.Builder) {
				seq(b, func(b *cryptobyte.Builder) {
					for _, p := range parts {
						str(b, p)
					}
				})
			})
		})
	})
}

func bitflags(b *cryptobyte.Builder, n uint8, v uint32) {
	field(b, n, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddUint8(0); b.AddUint32(v) })
	})
}

func stamp(b *cryptobyte.Builder, n uint8, t time.Time) {
	field(b, n, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes([]byte(t.UTC().Format("20060102150405Z"))) })
	})
}

func encryptionKey(b *cryptobyte.Builder, n uint8, k *enctype.Key) {
	field(b, n, func(b *cryptobyte.Builder) {
		seq(b, func(b *cryptobyte.Builder) { number(b, 0, int64(k.Etype())); octets(b, 1, k.Bytes()) })
	})
}

func encryptedData(b *cryptobyte.Builder, n uint8, e enctype.Etype, kvno uint32, cipher []byte) {
	field(b, n, func(b *cryptobyte.Builder) {
		seq(b, func(b *cryptobyte.Builder) {
			number(b, 0, int64(e))
			if kvno != 0 {
				number(b, 1, int64(kvno))
			}
			octets(b, 2, cipher)
		})
	})
}

func datum(b *cryptobyte.Builder, kind int64, v []byte) {
	seq(b, func(b *cryptobyte.Builder) { number(b, 0, kind); octets(b, 1, v) })
}

// content is EncTicketPart, RFC 4120 5.3.
func (s *Service) content(t Ticket, session *enctype.Key) []byte {
	return der(app(3), func(b *cryptobyte.Builder) {
		seq(b, func(b *cryptobyte.Builder) {
			bitflags(b, 0, t.Flags)
			encryptionKey(b, 1, session)
			realmName(b, 2, t.ClientRealm)
			principal(b, 3, t.NameType, t.Client)
			field(b, 4, func(b *cryptobyte.Builder) {
				seq(b, func(b *cryptobyte.Builder) { number(b, 0, 1); octets(b, 1, []byte(t.Transited)) })
			})
			stamp(b, 5, t.Auth)
			stamp(b, 6, t.Start)
			stamp(b, 7, t.End)
			if t.PAC == nil && t.Data == nil {
				return
			}
			field(b, 10, func(b *cryptobyte.Builder) {
				seq(b, func(b *cryptobyte.Builder) {
					for _, d := range t.Data {
						datum(b, d.Kind, d.Bytes)
					}
					if t.PAC != nil {
						pac := t.PAC.bytes(s, t)
						if t.SpoilPAC != nil {
							pac = t.SpoilPAC(pac)
						}
						datum(b, 1, IfRelevant(Data{128, pac}))
					}
				})
			})
		})
	})
}

// IfRelevant wraps authorization data, RFC 4120 5.2.6.1.
func IfRelevant(all ...Data) []byte {
	return der(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, d := range all {
			datum(b, d.Kind, d.Bytes)
		}
	})
}

// seal encrypts the content of a ticket for the service.
func (s *Service) seal(plain []byte) []byte {
	return der(app(1), func(b *cryptobyte.Builder) {
		seq(b, func(b *cryptobyte.Builder) {
			number(b, 0, 5)
			realmName(b, 1, s.Realm.Name)
			principal(b, 2, 2, s.Name)
			encryptedData(b, 3, s.Key.Etype(), s.Kvno, s.Key.Encrypt(nil, 2, plain))
		})
	})
}

// A Request is how a client shows a ticket. What is not said is as a client
// has it: in SPNEGO, of now, without channel bindings.
type Request struct {
	Mutual bool
	// EndPoint is the hash of the certificate that the client sees, RFC 5929 4.1.
	EndPoint []byte
	// Aware says that the client knows of channel bindings, [MS-KILE] 3.2.5.8.
	Aware bool
	// Raw is a token of the Kerberos mechanism by itself; Mechs are those that a
	// SPNEGO token offers, default Kerberos; MIC signs them.
	Raw   bool
	Mechs []string
	MIC   bool
	// ReqFlags has the flags that RFC 4178 has nobody look at, and Java sends.
	ReqFlags bool
	// As and AsRealm name somebody else than the ticket does.
	As, AsRealm string
	Options     uint32 // of the AP-REQ
	GSSFlags    uint32
	Subkey      *enctype.Key
	NoChecksum  bool
	// Spoil changes the finished authenticator before it is encrypted.
	Spoil func([]byte) []byte
}

// Object identifiers of mechanisms, as they are encoded.
const (
	KRB5   = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
	MSKRB5 = "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"
	NTLM   = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
	IAKERB = "\x2b\x06\x01\x05\x02\x05"
	spnego = "\x2b\x06\x01\x05\x05\x02"
)

// Token makes a token of the Negotiate header, undecoded.
func (i *Issued) Token(now time.Time, r Request) []byte {
	return Frame(i.APReq(now, r), i, r)
}

// Frame wraps an AP-REQ as a client does.
func Frame(apReq []byte, i *Issued, r Request) []byte {
	oid := func(b *cryptobyte.Builder, v string) {
		b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(v)) })
	}
	token := der(app(0), func(b *cryptobyte.Builder) { oid(b, KRB5); b.AddBytes([]byte{1, 0}); b.AddBytes(apReq) })
	if r.Raw {
		return token
	}
	if r.Mechs == nil {
		r.Mechs = []string{KRB5}
	}
	mechs := der(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, m := range r.Mechs {
			oid(b, m)
		}
	})
	return der(app(0), func(b *cryptobyte.Builder) {
		oid(b, spnego)
		field(b, 0, func(b *cryptobyte.Builder) {
			seq(b, func(b *cryptobyte.Builder) {
				field(b, 0, func(b *cryptobyte.Builder) { b.AddBytes(mechs) })
				if r.ReqFlags {
					field(b, 1, func(b *cryptobyte.Builder) {
						b.AddASN1(asn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0x62}) })
					})
				}
				octets(b, 2, token)
				if r.MIC {
					octets(b, 3, i.mic(r, mechs))
				}
			})
		})
	})
}

// mic signs the mechanisms as the initiator, RFC 4121 4.2.6.1.
func (i *Issued) mic(r Request, mechs []byte) []byte {
	k := i.Session
	if r.Subkey != nil {
		k = r.Subkey
	}
	head := []byte{4, 4, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 9}
	return k.Checksum(head[:16:16], 25, mechs, head)
}

// APReq makes an AP-REQ, RFC 4120 5.5.1.
func (i *Issued) APReq(now time.Time, r Request) []byte {
	if r.Mutual {
		r.Options |= 1 << (31 - 2)
		r.GSSFlags |= 2
	}
	plain := i.authenticator(now, r)
	if r.Spoil != nil {
		plain = r.Spoil(plain)
	}
	return der(app(14), func(b *cryptobyte.Builder) {
		seq(b, func(b *cryptobyte.Builder) {
			number(b, 0, 5)
			number(b, 1, 14)
			bitflags(b, 2, r.Options)
			field(b, 3, func(b *cryptobyte.Builder) { b.AddBytes(i.Raw) })
			encryptedData(b, 4, i.Session.Etype(), 0, i.Session.Encrypt(nil, 11, plain))
		})
	})
}

func (i *Issued) authenticator(now time.Time, r Request) []byte {
	name, realm := i.Client, i.ClientRealm
	if r.As != "" {
		name = r.As
	}
	if r.AsRealm != "" {
		realm = r.AsRealm
	}
	return der(app(2), func(b *cryptobyte.Builder) {
		seq(b, func(b *cryptobyte.Builder) {
			number(b, 0, 5)
			realmName(b, 1, realm)
			principal(b, 2, i.NameType, name)
			if !r.NoChecksum {
				field(b, 3, func(b *cryptobyte.Builder) {
					seq(b, func(b *cryptobyte.Builder) { number(b, 0, 0x8003); octets(b, 1, r.checksum()) })
				})
			}
			number(b, 4, int64(now.Nanosecond()/1000))
			stamp(b, 5, now)
			if r.Subkey != nil {
				encryptionKey(b, 6, r.Subkey)
			}
			number(b, 7, 9)
			if r.Aware {
				field(b, 8, func(b *cryptobyte.Builder) {
					seq(b, func(b *cryptobyte.Builder) { datum(b, 1, IfRelevant(Data{143, []byte{0, 0x40, 0, 0}})) })
				})
			}
		})
	})
}

// checksum is RFC 4121 4.1.1.
func (r Request) checksum() []byte {
	c := binary.LittleEndian.AppendUint32(nil, 16)
	if r.EndPoint == nil {
		c = append(c, make([]byte, 16)...)
	} else {
		app := append([]byte("tls-server-end-point:"), r.EndPoint...)
		s := md5.Sum(append(binary.LittleEndian.AppendUint32(make([]byte, 16), uint32(len(app))), app...))
		c = append(c, s[:]...)
	}
	return binary.LittleEndian.AppendUint32(c, r.GSSFlags)
}

// Proved checks the token of a WWW-Authenticate header, undecoded: that it ends
// the negotiation, and that its AP-REP is by whom the ticket is for and answers
// the request made at a time.
func (i *Issued) Proved(answer []byte, r Request, at time.Time) error {
	s := cryptobyte.String(answer)
	if !r.Raw {
		var resp, state, token cryptobyte.String
		if !read(&s, &resp, ctx(1), asn1.SEQUENCE) || !read(&resp, &state, ctx(0), asn1.ENUM) || string(state) != "\x00" ||
			!resp.SkipASN1(ctx(1)) || !read(&resp, &token, ctx(2), asn1.OCTET_STRING) {
			return errors.New("not a completed NegTokenResp")
		}
		s = token
	}
	var frame, oid, rep, enc, cipher cryptobyte.String
	if !s.ReadASN1(&frame, app(0)) || !frame.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || string(oid) != KRB5 || !frame.Skip(2) ||
		!read(&frame, &rep, app(15), asn1.SEQUENCE) || !rep.SkipASN1(ctx(0)) || !rep.SkipASN1(ctx(1)) ||
		!read(&rep, &enc, ctx(2), asn1.SEQUENCE) || !enc.SkipASN1(ctx(0)) || !read(&enc, &cipher, ctx(2), asn1.OCTET_STRING) {
		return errors.New("not an AP-REP")
	}
	plain, err := i.Session.Decrypt(nil, 12, cipher)
	if err != nil {
		return err
	}
	want := der(app(27), func(b *cryptobyte.Builder) {
		seq(b, func(b *cryptobyte.Builder) {
			stamp(b, 0, at)
			number(b, 1, int64(at.Nanosecond()/1000))
			number(b, 3, 0)
		})
	})
	if !bytes.Equal(plain, want) {
		return fmt.Errorf("the AP-REP says %x, not %x", plain, want)
	}
	return nil
}

func read(s, out *cryptobyte.String, outer, inner asn1.Tag) bool {
	var w cryptobyte.String
	return s.ReadASN1(&w, outer) && w.ReadASN1(out, inner)
}
