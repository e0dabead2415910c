package kerberos

import (
	"bytes"
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"

	"entente/kerberos/enctype"
)

// The checksum of an authenticator that is none: what the GSS-API mechanism
// says with it. RFC 4121 4.1.1
const (
	checksumGSS   = 0x8003
	gssDelegate   = 0x1
	gssMutual     = 0x2
	gssDCEStyle   = 0x1000
	minGSS        = 24
	endPointLabel = "tls-server-end-point:"
)

type gssChecksum struct {
	bindings []byte // 16 bytes; zeros say nothing
	flags    uint32
}

func readGSSChecksum(b []byte, g *gssChecksum) bool {
	if len(b) < minGSS || binary.LittleEndian.Uint32(b) != 16 {
		return false
	}
	g.bindings, g.flags = b[4:20], binary.LittleEndian.Uint32(b[20:])
	if g.flags&gssDelegate == 0 {
		return true
	}
	// A TGT that the client gives away. It is not wanted and not opened.
	b = b[minGSS:]
	return len(b) >= 4 && binary.LittleEndian.Uint16(b) == 1 && int(binary.LittleEndian.Uint16(b[2:])) <= len(b)-4
}

// channelBindings is the MD5 of gss_channel_bindings_struct without addresses
// and with what identifies the TLS channel. RFC 4121 4.1.1.2, RFC 5929 4.1
func channelBindings(endPoint []byte) []byte {
	h := md5.New()
	var head [20]byte // two empty addresses, and the length of what follows
	binary.LittleEndian.PutUint32(head[16:], uint32(len(endPointLabel)+len(endPoint)))
	h.Write(head[:])
	h.Write([]byte(endPointLabel))
	h.Write(endPoint)
	return h.Sum(nil)
}

// checkBindings holds what the client says of the channel against what it is.
// One who says that he knows of bindings, and gives none, had them taken out
// of his hands: he speaks to somebody without TLS. [MS-KILE] 3.2.5.8
func checkBindings(said []byte, aware bool, b Bindings) error {
	var none [16]byte
	silent := subtle.ConstantTimeCompare(said, none[:]) == 1
	switch {
	case b.Required && len(b.EndPoint) == 0:
		return refuse(WrongChannel, "channel bindings are required, and the channel is not known here")
	case len(b.EndPoint) == 0:
		return nil
	case silent && b.Required:
		return refuse(WrongChannel, "the client says nothing of the channel, and has to")
	case silent && aware:
		return refuse(WrongChannel, "the client knows of channel bindings and speaks over none")
	case silent:
		return nil
	case subtle.ConstantTimeCompare(said, channelBindings(b.EndPoint)) != 1:
		return refuse(WrongChannel, "the client speaks over another TLS channel: somebody is between, or the certificate that he sees is not this server's")
	}
	return nil
}

// Message integrity codes, RFC 4121 4.2.6.1: a header of 16 bytes and the
// checksum of message and header.
const (
	usageAcceptorSign  = 23
	usageInitiatorSign = 25
	micByAcceptor      = 0x1
	micSealed          = 0x2
	micAcceptorSubkey  = 0x4
)

// verifyMIC checks what an initiator has signed.
func verifyMIC(k *enctype.Key, mic, data []byte) bool {
	const head = 16
	if k.Etype().Weak() || len(mic) < head || !bytes.Equal(mic[:2], []byte{4, 4}) ||
		mic[2]&(micByAcceptor|micSealed|micAcceptorSubkey) != 0 || !bytes.Equal(mic[3:8], []byte{0xff, 0xff, 0xff, 0xff, 0xff}) {
		return false
	}
	return k.Verify(mic[head:], usageInitiatorSign, data, mic[:head])
}

// makeMIC signs as the acceptor, with the first of its sequence numbers.
func makeMIC(k *enctype.Key, data []byte) []byte {
	head := append([]byte{4, 4, micByAcceptor, 0xff, 0xff, 0xff, 0xff, 0xff}, make([]byte, 8)...)
	return k.Checksum(head, usageAcceptorSign, data, head)
}

// Authorization data, RFC 4120 5.2.6 and [MS-KILE] 3.2.5.8.
const (
	adIfRelevant        = 1
	adPAC               = 128
	adTokenRestrictions = 141
	adLocal             = 142
	adAPOptions         = 143
	adClientTarget      = 144
	apOptionsCBT        = 0x4000
	maxAuthData         = 64
)

// authData goes through the elements of AuthorizationData.
func authData(s cryptobyte.String, visit func(kind int64, data []byte) error) error {
	for i := 0; !s.Empty(); i++ {
		var e cryptobyte.String
		var kind int64
		var data []byte
		if i == maxAuthData || !s.ReadASN1(&e, sequence) || !readInt(&e, 0, &kind) || !readOctets(&e, 1, &data) || !e.Empty() {
			return refuse(Malformed, "the authorization data cannot be read")
		}
		if err := visit(kind, data); err != nil {
			return err
		}
	}
	return nil
}

// ifRelevant goes through the elements of an AD-IF-RELEVANT.
func ifRelevant(data []byte, visit func(kind int64, data []byte) error) error {
	s := cryptobyte.String(data)
	var list cryptobyte.String
	if !s.ReadASN1(&list, sequence) || !s.Empty() {
		return refuse(Malformed, "the authorization data cannot be read")
	}
	return authData(list, visit)
}
