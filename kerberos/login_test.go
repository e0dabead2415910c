package kerberos

import (
	"strings"
	"testing"
	"time"

	"entente"
	"entente/kerberos/enctype"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// granting is what a KDC grants, written here.
type granting struct {
	part    replyPart
	ticket  Principal // whom the ticket outside says it is for
	client  Principal
	sealed  enctype.Etype // of the ticket
	usage   uint32
	key     *enctype.Key
	flipped int // a byte of the sealed part, from its end
}

func (g *granting) reply(kind uint8) []byte {
	var plain, b cryptobyte.Builder
	plain.AddASN1(application(26), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(tagged(0), func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addInt(b, 0, g.part.etype); addOctets(b, 1, g.part.session) })
			})
			b.AddASN1(tagged(1), func(b *cryptobyte.Builder) { b.AddASN1(asn1.SEQUENCE, func(*cryptobyte.Builder) {}) })
			addInt(b, 2, g.part.nonce)
			addFlags(b, 4, g.part.flags)
			addTime(b, 5, g.part.auth)
			addTime(b, 7, g.part.end)
			addString(b, 9, g.part.realm)
			addName(b, 10, nameService, g.part.service)
		})
	})
	cipher := g.key.Encrypt(nil, g.usage, plain.BytesOrPanic())
	if g.flipped > 0 {
		cipher[len(cipher)-g.flipped] ^= 1
	}
	b.AddASN1(application(kind), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addInt(b, 0, krbVersion)
			addInt(b, 1, int64(kind))
			addString(b, 3, g.client.Realm)
			addName(b, 4, namePrincipal, g.client.Name)
			b.AddASN1(tagged(5), func(b *cryptobyte.Builder) {
				b.AddASN1(application(1), func(b *cryptobyte.Builder) {
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
						addInt(b, 0, krbVersion)
						addString(b, 1, g.ticket.Realm)
						addName(b, 2, nameService, g.ticket.Name)
						addEncrypted(b, 3, int64(g.sealed), 1, make([]byte, 64))
					})
				})
			})
			addEncrypted(b, 6, int64(g.key.Etype()), 0, cipher)
		})
	})
	return b.BytesOrPanic()
}

// TestOpen holds each thing that an answer says against what was asked: one
// difference is enough. RFC 4120 3.3.4
func TestOpen(t *testing.T) {
	const realm, service = "CONTOSO.EXAMPLE", "HTTP/mail.contoso.example"
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	key, err := enctype.Generate(enctype.AES256SHA1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := enctype.Generate(enctype.AES256SHA1)
	if err != nil {
		t.Fatal(err)
	}
	weak := func(g *granting) { g.part.etype, g.part.session = int64(enctype.RC4HMAC), make([]byte, 16) }
	cases := []struct {
		name   string
		change func(g *granting)
		rc4    bool
		ok     bool
		reason entente.Reason
	}{
		{name: "as asked", ok: true},
		{name: "its names in other letters", change: func(g *granting) {
			g.part.service, g.ticket.Name, g.part.realm = strings.ToUpper(service), strings.ToUpper(service), strings.ToLower(realm)
		}, ok: true},
		{name: "another question's", change: func(g *granting) { g.part.nonce++ }},
		{name: "for another service", change: func(g *granting) { g.part.service = "HTTP/other.contoso.example" }},
		{name: "with a ticket for another service", change: func(g *granting) { g.ticket.Name = "HTTP/other.contoso.example" }},
		{name: "a referral", change: func(g *granting) { g.part.service = "krbtgt/FABRIKAM.EXAMPLE" }, reason: NoSuchService},
		{name: "of another realm", change: func(g *granting) { g.part.realm = "FABRIKAM.EXAMPLE" }},
		{name: "with a ticket of another realm", change: func(g *granting) { g.ticket.Realm = "FABRIKAM.EXAMPLE" }},
		{name: "not valid yet", change: func(g *granting) { g.part.flags |= flagInvalid }},
		{name: "ended", change: func(g *granting) { g.part.end = now }},
		{name: "under another key", change: func(g *granting) { g.key = other }},
		{name: "for another use", change: func(g *granting) { g.usage = usageASRep }},
		{name: "changed", change: func(g *granting) { g.flipped = 1 }},
		{name: "changed further ahead", change: func(g *granting) { g.flipped = 90 }},
		{name: "with a weak key", change: weak, reason: WeakCipher},
		{name: "with a weak key where that is allowed", change: weak, rc4: true, ok: true},
		{name: "with a key of no known type", change: func(g *granting) { g.part.etype = 1 }, reason: WeakCipher},
		{name: "with a key of another length", change: func(g *granting) { g.part.session = g.part.session[1:] }},
	}
	for _, c := range cases {
		conf := DelegatorConfig{Self: Principal{"svc-gw", realm}, Now: func() time.Time { return now }, AllowRC4: c.rc4}
		asked := kdcRequest{service: service, nonce: 7}
		g := &granting{
			part:   replyPart{etype: int64(enctype.AES256SHA1), session: other.Bytes(), nonce: 7, auth: now, end: now.Add(time.Hour), realm: realm, service: service},
			ticket: Principal{service, realm}, client: Principal{"anna", realm}, sealed: enctype.AES256SHA1, usage: usageTGSRep, key: key,
		}
		if c.change != nil {
			c.change(g)
		}
		reply, err := readReply(g.reply(messageTGSRep), messageTGSRep)
		if err != nil {
			t.Fatal(c.name, err)
		}
		var ticket *Ticket
		part, err := conf.open(reply, key, usageTGSRep, &asked)
		if err == nil {
			ticket, err = conf.ticket(reply, part)
		}
		if (err == nil) != c.ok || reason(err) != c.reason {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.ok && (ticket.Client != g.client || !ticket.End.Equal(g.part.end) || ticket.Forwardable) {
			t.Errorf("%s: %+v", c.name, ticket)
		}
	}
}

// TestKeys is which keys of a keytab are the account's, and in which order they
// are shown.
func TestKeys(t *testing.T) {
	entry := func(name string, version uint32, e enctype.Etype) KeytabEntry {
		key, err := enctype.New(enctype.AES128SHA1, make([]byte, 16)) // which one does not matter
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePrincipal(name, "CONTOSO.EXAMPLE")
		if err != nil {
			t.Fatal(err)
		}
		return KeytabEntry{Principal: p, Version: version, Etype: int32(e), key: key}
	}
	unknown := entry("svc-gw", 9, enctype.AES256SHA1)
	unknown.key = nil
	cases := []struct {
		name    string
		entries []KeytabEntry
		rc4     bool
		want    []uint32 // versions, in order; with the type in thousands
	}{
		{"newest and strongest first", []KeytabEntry{
			entry("svc-gw", 1, enctype.AES256SHA1), entry("svc-gw", 2, enctype.AES128SHA1), entry("svc-gw", 2, enctype.AES256SHA1),
		}, false, []uint32{18_002, 18_001}},
		{"other people's are not ours", []KeytabEntry{entry("svc-cas", 5, enctype.AES256SHA1), entry("SVC-GW", 1, enctype.AES256SHA1)}, false, []uint32{18_001}},
		{"by an SPN alone, as ktpass has it", []KeytabEntry{entry("HTTP/gw.contoso.example", 3, enctype.AES256SHA1)}, false, []uint32{18_003}},
		{"of another realm", []KeytabEntry{entry("svc-gw@FABRIKAM.EXAMPLE", 3, enctype.AES256SHA1)}, false, nil},
		{"RC4 is not shown", []KeytabEntry{entry("svc-gw", 1, enctype.RC4HMAC)}, false, nil},
		{"RC4 is shown last where it is allowed", []KeytabEntry{
			entry("svc-gw", 1, enctype.RC4HMAC), entry("svc-gw", 1, enctype.AES128SHA1), entry("svc-gw", 0, enctype.RC4HMAC),
		}, true, []uint32{17_001, 23_000}},
		{"keys of no known type", []KeytabEntry{unknown}, false, nil},
	}
	for _, c := range cases {
		conf := &DelegatorConfig{Self: Principal{"svc-gw", "CONTOSO.EXAMPLE"}, AllowRC4: c.rc4}
		l := &login{kdcs: newKDCs(conf)}
		var got []uint32
		for _, e := range l.keys(&Keytab{entries: c.entries}) {
			got = append(got, uint32(e.Etype)*1000+e.Version)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}
