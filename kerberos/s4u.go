package kerberos

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"entente"
	"entente/kerberos/enctype"
	"entente/kerberos/pac"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// grant is a TGS exchange: the reply's ticket, whose client must be the one
// that same takes. RFC 4120 3.3
func (d *Delegator) grant(ctx context.Context, tgt *Ticket, request *kdcRequest, more []preauth, same func(client Principal) bool) (*Ticket, error) {
	now := d.Now()
	request.realm, request.till, request.nonce, request.etypes = d.Self.Realm, now.Add(ticketLife), newNonce(), d.etypes()
	body := request.body()
	pa := append([]preauth{{paTGSReq, d.apReq(tgt, body)}}, more...)
	if user := request.user; user != nil {
		pa = append(pa, preauth{paForUser, forUser(tgt.session, *user)}, preauth{paS4UX509User, s4uUser(tgt.session, *user, request.nonce)})
	}
	var t *Ticket
	err := d.login.ask(ctx, kdcReq(messageTGSReq, pa, body), func(b []byte) error {
		if said, ok := readError(b); ok {
			d.login.clock(said.server)
			return said
		}
		reply, err := readReply(b, messageTGSRep)
		if err != nil {
			return err
		}
		part, err := d.open(reply, tgt.session, usageTGSRep, request)
		if err != nil {
			return err
		}
		if request.user != nil {
			if err := checkS4UReply(tgt.session, reply.preauth, *request.user, request.nonce); err != nil {
				return err
			}
		}
		if !same(reply.client) {
			return fmt.Errorf("%w: it is for the client %s", errReply, reply.client)
		}
		if !d.takes(enctype.Etype(reply.ticket.etype)) {
			return entente.Errorf(entente.Denied, "the ticket is encrypted by %s", enctype.Etype(reply.ticket.etype)).Because(WeakCipher)
		}
		t, err = d.ticket(reply, part)
		return err
	})
	return t, err
}

// granted is grant with the ticket-granting ticket of this account, and with
// another one if the KDC does not take it any more.
func (d *Delegator) granted(ctx context.Context, at step, subject string, ask func(tgt *Ticket) (*Ticket, error)) (*Ticket, error) {
	for try := 0; ; try++ {
		tgt, err := d.login.get(ctx)
		if err != nil {
			return nil, err
		}
		t, err := ask(tgt)
		if err == nil {
			return t, nil
		}
		if try > 0 || !stale(err) {
			return nil, refusal(at, subject, err)
		}
		d.login.forget(tgt)
	}
}

// apReq is the AP-REQ that stands in PA-TGS-REQ; the authenticator has the
// checksum of the request's body.
func (d *Delegator) apReq(tgt *Ticket, body []byte) []byte {
	now := d.Now()
	var plain, b cryptobyte.Builder
	plain.AddASN1(application(2), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addInt(b, 0, krbVersion)
			addString(b, 1, tgt.Client.Realm)
			addName(b, 2, namePrincipal, tgt.Client.Name)
			b.AddASN1(tagged(3), func(b *cryptobyte.Builder) {
				addChecksum(b, tgt.session.ChecksumType(), tgt.session.Checksum(nil, usageTGSChecksum, body))
			})
			addInt(b, 4, int64(now.Nanosecond()/1000))
			addTime(b, 5, now)
		})
	})
	cipher := tgt.session.Encrypt(nil, usageTGSReq, plain.BytesOrPanic())
	b.AddASN1(application(messageAPReq), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addInt(b, 0, krbVersion)
			addInt(b, 1, messageAPReq)
			addFlags(b, 2, 0)
			b.AddASN1(tagged(3), func(b *cryptobyte.Builder) { b.AddBytes(tgt.raw) })
			addEncrypted(b, 4, int64(tgt.session.Etype()), 0, cipher)
		})
	})
	return b.BytesOrPanic()
}

func addChecksum(b *cryptobyte.Builder, kind enctype.ChecksumType, sum []byte) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addInt(b, 0, int64(kind))
		addOctets(b, 1, sum)
	})
}

// nameKind is what a user is asked by. What has an "@" is a UPN, which names an
// account whose own name may be another.
func nameKind(user string) int64 {
	if strings.Contains(user, "@") {
		return nameEnterprise
	}
	return namePrincipal
}

// forUser is PA-FOR-USER. Its checksum is HMAC-MD5 whatever the key: nothing
// else is defined. [MS-SFU] 2.2.1
func forUser(session *enctype.Key, u Principal) []byte {
	kind := nameKind(u.Name)
	signed := binary.LittleEndian.AppendUint32(nil, uint32(kind))
	for _, p := range nameParts(u.Name) {
		signed = append(signed, p...)
	}
	signed = append(append(signed, u.Realm...), "Kerberos"...)
	sum := enctype.HMACMD5(session.Bytes(), usageForUser, signed)
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addName(b, 0, kind, u.Name)
		addString(b, 1, u.Realm)
		b.AddASN1(tagged(2), func(b *cryptobyte.Builder) { addChecksum(b, enctype.ChecksumHMACMD5, sum) })
		addString(b, 3, "Kerberos")
	})
	return b.BytesOrPanic()
}

// s4uUser is PA-S4U-X509-USER without a certificate: the same question, with a
// checksum of the session key's own type. KDCs that know it look at it first.
// [MS-SFU] 2.2.2
func s4uUser(session *enctype.Key, u Principal, nonce uint32) []byte {
	id := s4uUserID(u, nonce)
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tagged(0), func(b *cryptobyte.Builder) { b.AddBytes(id) })
		b.AddASN1(tagged(1), func(b *cryptobyte.Builder) {
			addChecksum(b, session.ChecksumType(), session.Checksum(nil, usageS4URequest, id))
		})
	})
	return b.BytesOrPanic()
}

func s4uUserID(u Principal, nonce uint32) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addInt(b, 0, int64(nonce))
		addName(b, 1, nameKind(u.Name), u.Name)
		addString(b, 2, u.Realm)
		addFlags(b, 4, s4uReplyKeyUsage)
	})
	return b.BytesOrPanic()
}

// checkS4UReply verifies what a KDC that knows PA-S4U-X509-USER says it
// understood. One that does not says nothing. [MS-SFU] 3.1.5.1.2
func checkS4UReply(session *enctype.Key, all []preauth, u Principal, nonce uint32) error {
	for _, p := range all {
		if p.kind != paS4UX509User {
			continue
		}
		var seq, id, sum, whole cryptobyte.String
		var kind, number int64
		var value []byte
		var cname name
		var realm []byte
		s := cryptobyte.String(p.value)
		if !s.ReadASN1(&seq, asn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1(&whole, tagged(0)) || !wrapped(&seq, &sum, tagged(1), asn1.SEQUENCE) || !seq.Empty() ||
			!readInt(&sum, 0, &kind) || !readOctets(&sum, 1, &value) || !sum.Empty() {
			return errReply
		}
		if enctype.ChecksumType(kind) != session.ChecksumType() || !session.Verify(value, usageS4UReply, whole) {
			return fmt.Errorf("%w: the checksum of whom it is for is wrong", errReply)
		}
		if !whole.ReadASN1(&id, asn1.SEQUENCE) || !readInt(&id, 0, &number) || !readName(&id, 1, &cname) || !readRealm(&id, 2, &realm) {
			return errReply
		}
		if number != int64(nonce) || !strings.EqualFold(cname.String(), u.Name) || !strings.EqualFold(string(realm), u.Realm) {
			return fmt.Errorf("%w: it is for somebody else", errReply)
		}
	}
	return nil
}

// toSelf is S4U2Self: a ticket in the user's name for ourselves. [MS-SFU]
// 3.1.5.1.1
func (d *Delegator) toSelf(ctx context.Context, u User) (*Ticket, error) {
	t, err := d.askSelf(ctx, u)
	if err != nil {
		return nil, err
	}
	if err := d.sameUser(t, u); err != nil {
		return nil, err
	}
	// Whether the account may be delegated, and we may do so by any protocol, is in
	// this flag, and what it says is final. (threats K3)
	if !t.Forwardable {
		return nil, entente.Errorf(entente.Denied, "the realm does not let this server act as %s by any protocol", u.Name).Because(NotForwardable)
	}
	return t, nil
}

// askSelf gets the ticket, whoever the KDC says that it is for.
func (d *Delegator) askSelf(ctx context.Context, u User) (*Ticket, error) {
	asked := Principal{u.Name, d.Self.Realm}
	return d.granted(ctx, stepSelf, u.Name, func(tgt *Ticket) (*Ticket, error) {
		request := &kdcRequest{
			options: optionForwardable | optionCanonicalize, service: d.Self.Name, serviceKind: namePrincipal, user: &asked,
		}
		return d.grant(ctx, tgt, request, nil, func(client Principal) bool {
			// Where the SID says whom it is for, the KDC may have put the name right. A
			// KDC that knows no S4U gives us a ticket of our own name.
			return u.SID != "" && nameKind(u.Name) == nameEnterprise || sameName(client, asked) && (u.SID != "" || client == asked)
		})
	})
}

func sameName(a, b Principal) bool {
	return strings.EqualFold(a.Name, b.Name) && strings.EqualFold(a.Realm, b.Realm)
}

// sameUser opens the ticket to ourselves and compares whom the KDC says that it
// is about with whom we mean. (threats K2)
func (d *Delegator) sameUser(t *Ticket, u User) error {
	if u.SID == "" {
		return nil // a realm of names alone, and the name is the one we asked for
	}
	p, err := d.ownPAC(t)
	if err != nil {
		return &entente.Error{Kind: entente.Denied, Reason: BadPAC, Text: "the realm's ticket does not say whose it is", Err: err}
	}
	if p.SID != u.SID {
		return &entente.Error{
			Kind: entente.Denied, Reason: BadPAC, Text: "the realm means another account by the name",
			Err: fmt.Errorf("%s is %s and not %s", u.Name, p.SID, u.SID),
		}
	}
	return nil
}

// proxy is S4U2Proxy: a ticket for a service in the name of the evidence's
// client. [MS-SFU] 3.1.5.2.1
func (d *Delegator) proxy(ctx context.Context, evidence *Ticket, service entente.SPN) (*Ticket, error) {
	if !evidence.Forwardable || len(evidence.raw) == 0 {
		return nil, entente.Errorf(entente.Denied, "the ticket may not be passed on").Because(NotForwardable)
	}
	return d.granted(ctx, stepProxy, evidence.Client.Name+" at "+string(service), func(tgt *Ticket) (*Ticket, error) {
		request := &kdcRequest{
			options: optionForwardable | optionCanonicalize | optionCnameInAddlTkt,
			service: string(service), serviceKind: nameService, tickets: [][]byte{evidence.raw},
		}
		return d.grant(ctx, tgt, request, []preauth{{paPACOptions, pacOptions()}}, func(client Principal) bool { return client == evidence.Client })
	})
}

// pacOptions is PA-PAC-OPTIONS, [MS-KILE] 2.2.10.
func pacOptions() []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addFlags(b, 0, pacOptionRBCD) })
	return b.BytesOrPanic()
}

// own is a ticket in this account's own name.
func (d *Delegator) own(ctx context.Context, service entente.SPN) (*Ticket, error) {
	return d.granted(ctx, stepOwn, string(service), func(tgt *Ticket) (*Ticket, error) {
		request := &kdcRequest{options: optionForwardable | optionCanonicalize, service: string(service), serviceKind: nameService}
		return d.grant(ctx, tgt, request, nil, func(client Principal) bool { return client == tgt.Client })
	})
}

// ownPAC opens a ticket to ourselves with our own key, and reads its PAC.
func (d *Delegator) ownPAC(t *Ticket) (*pac.PAC, error) {
	var sealed sealedTicket
	if !readTicket(t.raw, &sealed) {
		return nil, errReply
	}
	for _, e := range d.entries(d.Keytab()) {
		if int64(e.Etype) != sealed.etype || sealed.kvno != 0 && int64(e.Version) != sealed.kvno {
			continue
		}
		plain, err := e.key.Decrypt(nil, usageTicket, sealed.cipher)
		if err != nil {
			continue
		}
		var open openTicket
		if !readOpenTicket(plain, &open) || open.client.String() != t.Client.Name || string(open.realm) != t.Client.Realm {
			return nil, errReply
		}
		return readPAC(&open, e.key, PACRequired)
	}
	return nil, fmt.Errorf("the keytab has no key of %s with kvno %d of the type %s", t.Service, sealed.kvno, enctype.Etype(sealed.etype))
}
