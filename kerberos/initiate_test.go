package kerberos

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"entente/kerberos/enctype"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// TestToken reads tokens again, of all sizes and kinds, as an acceptor does.
func TestToken(t *testing.T) {
	now := time.UnixMicro(1_800_000_000_000_000)
	channel := bytes.Repeat([]byte{7}, 32)
	for _, client := range []Principal{
		{"alice", "A"},
		{"HTTP/gw.contoso.example", "CONTOSO.EXAMPLE"},
		{`a\/b/c`, "CONTOSO.EXAMPLE"},
		{strings.Repeat("n", 400), strings.Repeat("R", 255)},
		{"Zoë", "CONTOSO.EXAMPLE"},
	} {
		for _, size := range []int{1, 70, 170, 2000, 70_000} {
			for _, e := range []enctype.Etype{enctype.AES256SHA1, enctype.AES128SHA256} {
				for _, b := range []Bindings{{}, {EndPoint: channel}} {
					for _, mutual := range []bool{false, true} {
						ticket := &Ticket{Client: client, End: now.Add(time.Hour), session: key(t, e), raw: rawTicket(size)}
						token, _, err := ticket.Negotiate(now, b, mutual)
						if err != nil {
							t.Fatal(err)
						}
						checkToken(t, ticket, token, b, mutual, now)
					}
				}
			}
		}
	}
}

func rawTicket(size int) []byte {
	var b cryptobyte.Builder
	b.AddASN1(application(1), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addInt(b, 0, krbVersion)
			addString(b, 1, "CONTOSO.EXAMPLE")
			addName(b, 2, nameService, "HTTP/mail.contoso.example")
			addEncrypted(b, 3, int64(enctype.AES256SHA1), 2, make([]byte, size))
		})
	})
	return b.BytesOrPanic()
}

func checkToken(t *testing.T, ticket *Ticket, token string, b Bindings, mutual bool, now time.Time) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	var n negotiation
	var r apRequest
	if err := readNegotiation(raw, &n); err != nil || !n.spnego || string(n.mech) != oidKRB5 || !readAPReq(n.apReq, &r) {
		t.Fatalf("%v, %+v", err, n)
	}
	if !bytes.Equal(r.ticket.raw, ticket.raw) || r.options != map[bool]uint32{true: optionMutual}[mutual] || r.authenticator.etype != int64(ticket.session.Etype()) {
		t.Errorf("options %x", r.options)
	}
	plain, err := ticket.session.Decrypt(nil, usageAPReq, r.authenticator.cipher)
	if err != nil {
		t.Fatal(err)
	}
	var a authenticator
	var g gssChecksum
	if !readAuthenticator(plain, &a) || a.sumType != checksumGSS || !readGSSChecksum(a.sum, &g) {
		t.Fatalf("%x", plain)
	}
	if a.client.String() != ticket.Client.Name || string(a.realm) != ticket.Client.Realm || !a.made.Equal(now) || len(a.subkey) > 0 {
		t.Errorf("%+v", a)
	}
	wanted := make([]byte, 16)
	if len(b.EndPoint) > 0 {
		wanted = channelBindings(b.EndPoint)
	}
	if !bytes.Equal(g.bindings, wanted) || (g.flags&gssMutual != 0) != mutual || g.flags&(gssReplay|gssSequence|gssInteg) == 0 || g.flags&gssDelegate != 0 {
		t.Errorf("%+v", g)
	}
}

// TestMoment has many make authenticators at once: no two of one moment, and all
// close to the time that it is.
func TestMoment(t *testing.T) {
	ticket := new(Ticket)
	now := time.UnixMicro(1_800_000_000_000_000)
	const each, all = 200, 8
	moments := make(chan int64, each*all)
	for range all {
		go func() {
			for range each {
				moments <- ticket.moment(now)
			}
		}()
	}
	seen := map[int64]bool{}
	for range each * all {
		m := <-moments
		if seen[m] || m < now.UnixMicro() || m >= now.UnixMicro()+each*all {
			t.Fatal(m)
		}
		seen[m] = true
	}
	if m := ticket.moment(now.Add(time.Second)); m != now.UnixMicro()+1e6 {
		t.Error(m)
	}
	if _, _, err := new(Ticket).Negotiate(now, Bindings{}, false); err == nil {
		t.Error("nobody's ticket makes a token")
	}
	shown := &Ticket{End: now.Add(time.Hour), raw: rawTicket(1)}
	if _, _, err := shown.Negotiate(now, Bindings{}, false); err == nil {
		t.Error("a ticket without its key makes a token")
	}
}
