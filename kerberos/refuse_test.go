package kerberos_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/kerberos"
	"entente/kerberos/enctype"
	"entente/kerberos/minttest"
)

// A shown is a token and what is wrong with it.
type shown struct {
	ticket  func(t *minttest.Ticket) // of anna, changed
	service func(s *contoso) *minttest.Service
	request func(r *minttest.Request) // changed
	late    time.Duration             // when it is shown, after it was issued
	ahead   time.Duration             // of the client's clock
	config  func(a *kerberos.AcceptorConfig)
	channel kerberos.Bindings
	token   func(b []byte) []byte // the token, changed
}

// show issues what s says and returns what the acceptor says.
func (s shown) show(t *testing.T) (*kerberos.Identity, error) {
	t.Helper()
	c := newContoso()
	conf := c.config(t)
	if s.config != nil {
		s.config(&conf)
	}
	ticket, request, service := anna(), minttest.Request{Mutual: true}, c.http
	if s.ticket != nil {
		s.ticket(&ticket)
	}
	if s.request != nil {
		s.request(&request)
	}
	if s.service != nil {
		service = s.service(c)
	}
	issued := service.Issue(c.now, ticket)
	c.now = c.now.Add(s.late)
	token := issued.Token(c.now.Add(s.ahead), request)
	if s.token != nil {
		token = s.token(token)
	}
	id, answer, err := acceptor(t, conf).Accept(token, s.channel)
	if err != nil && (id != nil || answer != "") {
		t.Errorf("an error, and %+v, %q", id, answer)
	}
	return id, err
}

func pacOf(f func(p *minttest.PAC)) func(t *minttest.Ticket) {
	return func(t *minttest.Ticket) { f(t.PAC) }
}

// TestRefused is what must not get in, and what the administrator is told.
// Whatever it is, the text that may be shown is the same.
func TestRefused(t *testing.T) {
	seen := []byte("hash of the certificate that the client sees")
	other := minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID)
	for _, c := range []struct {
		name   string
		reason entente.Reason
		says   string // of what is said to the administrator
		shown
	}{
		// The service and its key.
		{"for another service of the account", kerberos.NoKey, "none of this server's services", shown{service: func(c *contoso) *minttest.Service { return c.imap }}},
		{"for another service of the account, the services named", kerberos.NoKey, "imap/", shown{service: func(c *contoso) *minttest.Service { return c.imap }, config: func(a *kerberos.AcceptorConfig) { a.Services = []string{httpService} }}},
		{"for a service with a key in the keytab that is not named", kerberos.NoKey, "imap/", shown{service: func(*contoso) *minttest.Service { return twoKeys[1] }, config: func(a *kerberos.AcceptorConfig) {
			a.Keytab, a.Services = twoKeytab, []string{httpService}
		}}},
		{"for one service with the key of another", kerberos.WrongKey, "does not open", shown{service: func(*contoso) *minttest.Service { return twoKeys[1].As(httpService) }, config: func(a *kerberos.AcceptorConfig) {
			a.Keytab = twoKeytab
		}}},
		{"of another realm, the services named", kerberos.NoKey, "the keytab has none for it", shown{service: func(*contoso) *minttest.Service {
			return minttest.NewRealm("FABRIKAM.EXAMPLE", fabrikamSID).Service(httpService)
		}, config: func(a *kerberos.AcceptorConfig) { a.Services = []string{httpService} }}},
		{"of another realm of the same name", kerberos.WrongKey, "does not open", shown{service: func(*contoso) *minttest.Service { return other.Service(httpService) }}},
		{"of a realm without keys", kerberos.NoKey, "none of this server's services", shown{service: func(*contoso) *minttest.Service {
			return minttest.NewRealm("FABRIKAM.EXAMPLE", fabrikamSID).Service(httpService)
		}}},
		{"for a newer key", kerberos.NoKey, "kvno 2 of type aes256-cts-hmac-sha1-96; the keytab has kvno [1]", shown{service: func(c *contoso) *minttest.Service { return c.http.With(enctype.AES256SHA1, 2) }}},
		{"for a key of another type", kerberos.NoKey, "the keytab has none for it", shown{service: func(c *contoso) *minttest.Service { return c.http.With(enctype.AES128SHA1, 1) }}},
		{"with RC4", kerberos.WeakCipher, "rc4-hmac", shown{service: func(c *contoso) *minttest.Service { return c.http.With(enctype.RC4HMAC, 1) }}},
		{"with a session key of RC4", kerberos.WeakCipher, "session key", shown{ticket: func(t *minttest.Ticket) { t.Session = enctype.RC4HMAC }}},
		{"without a keytab", kerberos.NoKey, "none of this server's services", shown{config: func(a *kerberos.AcceptorConfig) { a.Keytab = func() *kerberos.Keytab { return nil } }}},

		// Times.
		{"run out", kerberos.Expired, "ended at 2026-11-29T08:00:00Z, 5m1s ago", shown{late: 10*time.Hour + 5*time.Minute + 1*time.Second}},
		{"not yet", kerberos.ClockSkew, "begins at", shown{late: -5*time.Minute - 2*time.Second}},
		{"ends before it begins", kerberos.Malformed, "before it begins", shown{ticket: func(t *minttest.Ticket) {
			t.Start, t.End = time.Date(2026, 11, 28, 22, 1, 0, 0, time.UTC), time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC)
		}}},
		{"postdated", kerberos.Expired, "postdated", shown{ticket: func(t *minttest.Ticket) { t.Flags = minttest.Invalid }}},
		{"a clock ahead", kerberos.ClockSkew, "5m1s ahead", shown{ahead: 5*time.Minute + time.Second}},
		{"a clock behind", kerberos.ClockSkew, "5m1s behind", shown{ahead: -5*time.Minute - time.Second}},

		// The client.
		{"of a realm that is not named", kerberos.WrongRealm, "UNKNOWN.EXAMPLE", shown{ticket: func(t *minttest.Ticket) { t.ClientRealm = "UNKNOWN.EXAMPLE" }}},
		{"of a realm in small letters", kerberos.WrongRealm, "contoso.example", shown{ticket: func(t *minttest.Ticket) { t.ClientRealm = "contoso.example" }}},
		{"through realms that nobody approved of", kerberos.WrongRealm, "THIRD.EXAMPLE", shown{ticket: func(t *minttest.Ticket) {
			t.ClientRealm, t.PAC, t.Transited = "MIT.EXAMPLE", nil, "THIRD.EXAMPLE"
		}}},
		{"by somebody else", kerberos.Malformed, "by eve@CONTOSO.EXAMPLE and the ticket of anna@", shown{request: func(r *minttest.Request) { r.As = "eve" }}},
		{"by somebody of another realm", kerberos.Malformed, "by anna@FABRIKAM", shown{request: func(r *minttest.Request) { r.AsRealm = "FABRIKAM.EXAMPLE" }}},
		{"by a name in more parts", kerberos.Malformed, "", shown{request: func(r *minttest.Request) { r.As = "anna/admin" }}},
		{"without a checksum", kerberos.Malformed, "no checksum", shown{request: func(r *minttest.Request) { r.NoChecksum = true }}},
		{"with a checksum of something else", kerberos.Malformed, "no checksum", shown{request: func(r *minttest.Request) {
			r.Spoil = func(b []byte) []byte { return bytes.Replace(b, []byte{2, 3, 0, 0x80, 3}, []byte{2, 3, 0, 0x80, 4}, 1) }
		}}},
		{"with a checksum that is short", kerberos.Malformed, "no checksum", shown{request: func(r *minttest.Request) {
			r.Spoil = func(b []byte) []byte {
				return bytes.Replace(b, []byte{4, 24, 16, 0, 0, 0}, []byte{4, 24, 15, 0, 0, 0}, 1)
			}
		}}},
		{"with credentials that are not there", kerberos.Malformed, "no checksum", shown{request: func(r *minttest.Request) { r.GSSFlags = 1 }}},
		{"in three steps", kerberos.WrongMechanism, "DCE", shown{request: func(r *minttest.Request) { r.GSSFlags = 0x1000 }}},
		{"from user to user", kerberos.WrongMechanism, "user to user", shown{request: func(r *minttest.Request) { r.Options = 1 << 30 }}},
		{"a subkey of RC4", kerberos.WeakCipher, "subkey", shown{request: func(r *minttest.Request) { r.Subkey, _ = enctype.NewRC4(make([]byte, 16)) }}},

		{"an authenticator of another type than its key", kerberos.Malformed, "aes128-cts-hmac-sha1-96 and the session key of aes256", shown{token: func(b []byte) []byte {
			b[bytes.LastIndex(b, []byte{0xa0, 3, 2, 1, 18})+4] = 17
			return b
		}}},

		// Mechanisms.
		{"NTLM first", kerberos.WrongMechanism, "NTLM first", shown{request: func(r *minttest.Request) { r.Mechs = []string{minttest.NTLM, minttest.KRB5} }}},
		{"IAKERB", kerberos.WrongMechanism, "IAKERB", shown{request: func(r *minttest.Request) { r.Mechs = []string{minttest.IAKERB} }}},
		{"no mechanisms", kerberos.Malformed, "mechanisms", shown{request: func(r *minttest.Request) { r.Mechs = []string{} }}},
		{"seventeen mechanisms", kerberos.Malformed, "mechanisms", shown{request: func(r *minttest.Request) {
			for range 17 {
				r.Mechs = append(r.Mechs, minttest.KRB5)
			}
		}}},
		{"another mechanism within", kerberos.WrongMechanism, "another mechanism", shown{token: func(b []byte) []byte {
			b[bytes.LastIndex(b, []byte(minttest.KRB5))+8]++
			return b
		}}},
		{"a bare token of another mechanism", kerberos.WrongMechanism, "another mechanism", shown{
			request: func(r *minttest.Request) { r.Raw = true },
			token:   func(b []byte) []byte { b[bytes.Index(b, []byte(minttest.KRB5))+8]++; return b },
		}},
		{"an AP-REP", kerberos.Malformed, "no AP-REQ", shown{token: func(b []byte) []byte {
			b[bytes.LastIndex(b, []byte(minttest.KRB5))+9]++
			return b
		}}},
		{"two million microseconds", kerberos.Malformed, "authenticator cannot be read", shown{request: func(r *minttest.Request) {
			r.Spoil = func(b []byte) []byte {
				return bytes.Replace(b, []byte{0xa4, 5, 2, 3, 1, 0xe2, 0x40}, []byte{0xa4, 5, 2, 3, 0x1e, 0x84, 0x80}, 1)
			}
		}}},
		{"bare NTLM", kerberos.WrongMechanism, "NTLM", shown{token: func([]byte) []byte { return []byte("NTLMSSP\x00\x01\x00\x00\x00") }}},
		{"nothing", kerberos.Malformed, "", shown{token: func([]byte) []byte { return nil }}},
		{"too much", kerberos.Malformed, "longer", shown{token: func(b []byte) []byte { return append(b, make([]byte, 96<<10)...) }}},
		{"something behind", kerberos.Malformed, "", shown{token: func(b []byte) []byte { return append(b, 0) }}},
		{"the last bit", kerberos.Malformed, "", shown{token: func(b []byte) []byte { b[len(b)-1] ^= 1; return b }}},
		{"other mechanisms than were signed", kerberos.Malformed, "signature over the mechanisms", shown{
			request: func(r *minttest.Request) { r.MIC, r.Mechs = true, []string{minttest.KRB5, minttest.NTLM} },
			token: func(b []byte) []byte {
				return bytes.Replace(b, []byte(minttest.NTLM), []byte(minttest.NTLM[:9]+"\x0b"), 1)
			},
		}},

		// The PAC.
		{"no PAC", kerberos.BadPAC, "has no PAC", shown{ticket: func(t *minttest.Ticket) { t.PAC = nil }}},
		{"two PACs", kerberos.BadPAC, "two PACs", shown{ticket: func(t *minttest.Ticket) {
			t.Data = []minttest.Data{{Kind: 1, Bytes: minttest.IfRelevant(minttest.Data{Kind: 128, Bytes: []byte("x")})}}
		}}},
		{"a PAC that is not marked", kerberos.Malformed, "type 128", shown{ticket: func(t *minttest.Ticket) {
			t.Data = []minttest.Data{{Kind: 128, Bytes: []byte("x")}}
		}}},
		{"a restriction that is not known", kerberos.Malformed, "type 77", shown{ticket: func(t *minttest.Ticket) {
			t.Data = []minttest.Data{{Kind: 77, Bytes: []byte("only on Sundays")}}
		}}},
		{"the PAC of another client", kerberos.BadPAC, `names "eve"`, shown{ticket: pacOf(func(p *minttest.PAC) { p.ClientName = "eve" })}},
		{"the PAC of another time", kerberos.BadPAC, "not of the ticket's client and time", shown{ticket: pacOf(func(p *minttest.PAC) { p.ClientTime = time.Date(2026, 11, 28, 21, 59, 59, 0, time.UTC) })}},
		{"a PAC without a name", kerberos.BadPAC, "CLIENT_INFO", shown{ticket: pacOf(func(p *minttest.PAC) { p.Without = []uint32{10} })}},
		{"a PAC without LOGON_INFO", kerberos.BadPAC, "no LOGON_INFO", shown{ticket: pacOf(func(p *minttest.PAC) { p.Without = []uint32{1} })}},
		{"a PAC without the server's signature", kerberos.BadPAC, "no signature", shown{ticket: pacOf(func(p *minttest.PAC) { p.Without = []uint32{6} })}},
		{"a PAC without the KDC's signature", kerberos.BadPAC, "no signature", shown{ticket: pacOf(func(p *minttest.PAC) { p.Without = []uint32{7} })}},
		{"a PAC signed with another key", kerberos.BadPAC, "not one of the service's key", shown{ticket: pacOf(func(p *minttest.PAC) { p.SignedBy, _ = enctype.Generate(enctype.AES256SHA1) })}},
		{"a PAC signed with another type", kerberos.BadPAC, "type -138", shown{ticket: pacOf(func(p *minttest.PAC) { p.SignedBy, _ = enctype.NewRC4(make([]byte, 16)) })}},
		{"a PAC that was changed", kerberos.BadPAC, "not one of the service's key", shown{ticket: func(t *minttest.Ticket) {
			t.SpoilPAC = func(b []byte) []byte { b[200] ^= 1; return b }
		}}},
		{"two SIDs in a PAC", kerberos.BadPAC, "UPN_DNS_INFO", shown{ticket: pacOf(func(p *minttest.PAC) { p.UPNSID = contosoSID + "-500" })}},
		{"two buffers of a type", kerberos.BadPAC, "two buffers of type 12", shown{ticket: pacOf(func(p *minttest.PAC) { p.More = []minttest.Buffer{{Type: 12, Bytes: []byte("x")}} })}},
		{"another requestor", kerberos.BadPAC, "REQUESTOR", shown{ticket: pacOf(func(p *minttest.PAC) {
			p.More = []minttest.Buffer{{Type: 18, Bytes: minttest.SIDBytes(contosoSID + "-500")}}
		})}},

		{"thirty-three services on the way", kerberos.BadPAC, "S4U_DELEGATION_INFO", shown{ticket: pacOf(func(p *minttest.PAC) { p.Transited = make([]string, 33) })}},
		{"a line break in a name", kerberos.BadPAC, "LOGON_INFO", shown{ticket: pacOf(func(p *minttest.PAC) { p.Account = "an\nna" })}},
		{"a line break in the UPN", kerberos.BadPAC, "UPN_DNS_INFO", shown{ticket: pacOf(func(p *minttest.PAC) { p.UPN = "anna\n@contoso.example" })}},
		{"a line break in a service on the way", kerberos.BadPAC, "S4U_DELEGATION_INFO", shown{ticket: pacOf(func(p *minttest.PAC) { p.Transited = []string{"a\nb"} })}},
		{"a name of 1,025 characters", kerberos.BadPAC, "LOGON_INFO", shown{ticket: pacOf(func(p *minttest.PAC) { p.Account = strings.Repeat("a", 1025) })}},
		{"a UPN that lies in the header", kerberos.BadPAC, "UPN_DNS_INFO", shown{ticket: pacOf(func(p *minttest.PAC) {
			p.Without, p.More = []uint32{12}, []minttest.Buffer{{Type: 12, Bytes: []byte{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}}
		})}},
		{"a UPN that lies behind the end", kerberos.BadPAC, "UPN_DNS_INFO", shown{ticket: pacOf(func(p *minttest.PAC) {
			p.Without, p.More = []uint32{12}, []minttest.Buffer{{Type: 12, Bytes: []byte{4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 65, 0}}}
		})}},

		// Channels.
		{"over another channel", kerberos.WrongChannel, "another TLS channel", shown{request: func(r *minttest.Request) { r.EndPoint = seen }, channel: kerberos.Bindings{EndPoint: []byte("ours")}}},
		{"over none, and one is required", kerberos.WrongChannel, "has to", shown{channel: kerberos.Bindings{EndPoint: seen, Required: true}}},
		{"over none, and the client knows better", kerberos.WrongChannel, "over none", shown{request: func(r *minttest.Request) { r.Aware = true }, channel: kerberos.Bindings{EndPoint: seen}}},
		{"over one that is not known here, and one is required", kerberos.WrongChannel, "not known here", shown{request: func(r *minttest.Request) { r.EndPoint = seen }, channel: kerberos.Bindings{Required: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := c.show(t)
			var e *entente.Error
			switch {
			case err == nil:
				t.Fatalf("accepted: %+v", id)
			case !errors.As(err, &e) || e.Kind != entente.Denied || e.Reason != c.reason || !strings.Contains(err.Error(), c.says):
				t.Errorf("%v (%s), want %s with %q", err, e.Reason, c.reason, c.says)
			case e.Text != "the ticket is not accepted":
				t.Errorf("strangers are told %q", e.Text)
			}
		})
	}
}

// TestAccepted is what is as good as the ordinary.
func TestAccepted(t *testing.T) {
	seen := []byte("hash of the certificate that the client sees")
	for _, c := range []struct {
		name string
		shown
	}{
		{"as it is", shown{}},
		{"a bare token of Kerberos", shown{request: func(r *minttest.Request) { r.Raw = true }}},
		{"nobody has to prove anything", shown{request: func(r *minttest.Request) { r.Mutual = false }}},
		{"by Windows", shown{request: func(r *minttest.Request) { r.Mechs = []string{minttest.MSKRB5, minttest.KRB5, minttest.NTLM} }}},
		{"by Java, with flags", shown{request: func(r *minttest.Request) { r.ReqFlags = true }}},
		{"the mechanisms signed", shown{request: func(r *minttest.Request) { r.MIC = true }}},
		{"the mechanisms signed with a subkey", shown{request: func(r *minttest.Request) { r.MIC = true; r.Subkey, _ = enctype.Generate(enctype.AES128SHA256) }}},
		{"just not run out", shown{late: 10*time.Hour + 4*time.Minute}},
		{"a clock a bit ahead", shown{ahead: 4 * time.Minute}},
		{"a clock a bit behind", shown{ahead: -4 * time.Minute}},
		{"over the channel that it says", shown{request: func(r *minttest.Request) { r.EndPoint = seen; r.Aware = true }, channel: kerberos.Bindings{EndPoint: seen, Required: true}}},
		{"over a channel that nobody asks about", shown{request: func(r *minttest.Request) { r.EndPoint = seen }}},
		{"by one who knows no channels", shown{channel: kerberos.Bindings{EndPoint: seen}}},
		{"for the account's other service, as it is named", shown{service: func(c *contoso) *minttest.Service { return c.imap }, config: func(a *kerberos.AcceptorConfig) { a.Services = []string{"IMAP/mail.contoso.example"} }}},
		{"in capital letters", shown{service: func(c *contoso) *minttest.Service { return c.http.As("HTTP/MAIL.contoso.example") }}},
		{"of another realm that is named", shown{ticket: func(t *minttest.Ticket) { t.ClientRealm = "FABRIKAM.EXAMPLE"; t.PAC.DomainSID = fabrikamSID }}},
		{"of a realm without PACs", shown{ticket: func(t *minttest.Ticket) { t.ClientRealm, t.PAC = "MIT.EXAMPLE", nil }}},
		{"of a realm without PACs, through another with the KDC's approval", shown{ticket: func(t *minttest.Ticket) {
			t.ClientRealm, t.PAC, t.Transited, t.Flags = "MIT.EXAMPLE", nil, "THIRD.EXAMPLE", minttest.PolicyChecked
		}}},
		{"of a realm without PACs, with a wrong one that nobody looks at", shown{ticket: func(t *minttest.Ticket) {
			t.ClientRealm, t.SpoilPAC = "MIT.EXAMPLE", func(b []byte) []byte { return b[:20] }
		}}},
		{"an enterprise name", shown{ticket: func(t *minttest.Ticket) { t.Client, t.NameType = "robert.b@contoso.example", 10 }}},
		{"with what Windows says to itself", shown{ticket: func(t *minttest.Ticket) {
			t.Data = []minttest.Data{{Kind: 142, Bytes: []byte("local")}, {Kind: 1, Bytes: minttest.IfRelevant(minttest.Data{Kind: 77, Bytes: []byte("whatever")})}}
		}}},
		{"the KDC's signature first", shown{ticket: pacOf(func(p *minttest.PAC) { p.KDCFirst = true })}},
		{"thirty-two services on the way", shown{ticket: pacOf(func(p *minttest.PAC) { p.Transited = make([]string, 32) })}},
		{"with the key of the account's other name, as the service is named", shown{service: func(*contoso) *minttest.Service { return twoKeys[1].As(httpService) }, config: func(a *kerberos.AcceptorConfig) {
			a.Keytab, a.Services = twoKeytab, []string{httpService}
		}}},
		{"its own requestor", shown{ticket: pacOf(func(p *minttest.PAC) {
			p.More = []minttest.Buffer{{Type: 18, Bytes: minttest.SIDBytes(contosoSID + "-1104")}, {Type: 99, Bytes: []byte("?")}}
		})}},
		{"RC4, where it is switched on", shown{
			service: func(c *contoso) *minttest.Service { return rc4Service },
			config:  func(a *kerberos.AcceptorConfig) { a.AllowRC4, a.Keytab = true, rc4Keytab },
			ticket:  func(t *minttest.Ticket) { t.Session = enctype.RC4HMAC },
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.show(t); err != nil {
				t.Error(err)
			}
		})
	}
}

// twoKeys are two accounts in one keytab.
var twoKeys = func() []*minttest.Service {
	r := minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID)
	return []*minttest.Service{r.Service(httpService), r.Service("imap/mail.contoso.example")}
}()

func twoKeytab() *kerberos.Keytab {
	k, _ := kerberos.ReadKeytab(bytes.NewReader(minttest.Keytab(twoKeys...)))
	return k
}

var rc4Service = minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID).Service(httpService).With(enctype.RC4HMAC, 3)

func rc4Keytab() *kerberos.Keytab {
	k, _ := kerberos.ReadKeytab(bytes.NewReader(minttest.Keytab(rc4Service)))
	return k
}

// TestTypes: tickets of every type of AES, and with several keys in the keytab.
func TestTypes(t *testing.T) {
	c := newContoso()
	var all []*minttest.Service
	for _, e := range []enctype.Etype{enctype.AES128SHA1, enctype.AES256SHA1, enctype.AES128SHA256, enctype.AES256SHA384} {
		for kvno := range uint32(3) {
			all = append(all, c.http.With(e, kvno+300))
		}
	}
	conf := c.config(t)
	conf.Keytab = keytab(t, all...)
	a := acceptor(t, conf)
	for _, s := range all {
		for _, session := range []enctype.Etype{enctype.AES128SHA1, enctype.AES256SHA384} {
			ticket := anna()
			ticket.Session = session
			id, _, err := a.Accept(s.Issue(c.now, ticket).Token(c.now, minttest.Request{Mutual: true}), kerberos.Bindings{})
			if err != nil || id.PAC.SID != contosoSID+"-1104" {
				t.Errorf("%v, kvno %d, session %v: %v", s.Key.Etype(), s.Kvno, session, err)
			}
		}
	}
}

// TestReplay: a token counts once, whoever brings it, in whatever wrapping.
func TestReplay(t *testing.T) {
	c := newContoso()
	a := acceptor(t, c.config(t))
	ticket := c.http.Issue(c.now, anna())
	req := ticket.APReq(c.now, minttest.Request{})
	forms := [][]byte{
		minttest.Frame(req, ticket, minttest.Request{}), minttest.Frame(req, ticket, minttest.Request{Raw: true}),
		minttest.Frame(req, ticket, minttest.Request{Mechs: []string{minttest.MSKRB5}}),
		// The name of the service is not sealed.
		minttest.Frame(bytes.Replace(req, []byte("mail.contoso"), []byte("MAIL.contoso"), 1), ticket, minttest.Request{}),
	}
	var in atomic.Int32
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			_, _, err := a.Accept(forms[i%len(forms)], kerberos.Bindings{})
			var e *entente.Error
			if err == nil {
				in.Add(1)
			} else if !errors.As(err, &e) || e.Reason != kerberos.Replayed {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if in.Load() != 1 {
		t.Errorf("%d of 64 with the same token got in", in.Load())
	}
	// Another authenticator for the same ticket, of the same second, is another
	// token.
	if _, _, err := a.Accept(ticket.Token(c.now, minttest.Request{}), kerberos.Bindings{}); err != nil {
		t.Error(err)
	}
	// What was refused over a wrong channel was not used: its owner may bring it.
	token := ticket.Token(c.now, minttest.Request{EndPoint: []byte("right")})
	if _, _, err := a.Accept(token, kerberos.Bindings{EndPoint: []byte("wrong")}); err == nil {
		t.Error("accepted over a wrong channel")
	}
	if _, _, err := a.Accept(token, kerberos.Bindings{EndPoint: []byte("right")}); err != nil {
		t.Error(err)
	}
	// Until the authenticator is too old by itself, and from then on.
	for _, later := range []time.Duration{time.Minute, 5*time.Minute - time.Millisecond, 5*time.Minute + time.Second, time.Hour} {
		c := *c
		c.now = c.now.Add(later)
		a.Now = func() time.Time { return c.now }
		if _, _, err := a.Accept(forms[0], kerberos.Bindings{}); err == nil {
			t.Errorf("accepted again after %v", later)
		}
	}
	// And if the clock goes back.
	a.Now = func() time.Time { return c.now }
	if _, _, err := a.Accept(forms[0], kerberos.Bindings{}); err == nil {
		t.Error("accepted again by a clock that went back")
	}
}

// TestTruncated: whatever is missing at the end, or changed anywhere, it is
// refused.
func TestTruncated(t *testing.T) {
	c := newContoso()
	a := acceptor(t, c.config(t))
	token := c.http.Issue(c.now, anna()).Token(c.now, minttest.Request{MIC: true})
	for n := range token {
		if _, _, err := a.Accept(token[:n], kerberos.Bindings{}); err == nil {
			t.Errorf("the first %d bytes of %d are accepted", n, len(token))
		}
	}
	for n := range token {
		b := bytes.Clone(token)
		b[n] ^= 0x20
		id, _, err := a.Accept(b, kerberos.Bindings{})
		if err == nil && (id.Client.Name != "anna" || !strings.EqualFold(id.Service.Name, httpService)) {
			t.Errorf("with byte %d changed it names %+v", n, id)
		}
	}
}

// TestTruncatedContent is the same of what is encrypted: the content of a
// ticket, of an authenticator, and a PAC, signed anew each time.
func TestTruncatedContent(t *testing.T) {
	c := newContoso()
	a := acceptor(t, c.config(t))
	for n := range 2000 {
		cut := func(b []byte) []byte { return b[:min(n, len(b)-1)] }
		ticket := anna()
		ticket.Spoil = cut
		if _, _, err := a.Accept(c.http.Issue(c.now, ticket).Token(c.now, minttest.Request{}), kerberos.Bindings{}); err == nil {
			t.Errorf("the first %d bytes of a ticket's content are accepted", n)
		}
		if n > 300 {
			continue
		}
		if _, _, err := a.Accept(c.http.Issue(c.now, anna()).Token(c.now, minttest.Request{Spoil: cut}), kerberos.Bindings{}); err == nil {
			t.Errorf("the first %d bytes of an authenticator are accepted", n)
		}
	}
}

func TestNewAcceptor(t *testing.T) {
	none := func() *kerberos.Keytab { return nil }
	for _, c := range []struct {
		name string
		kerberos.AcceptorConfig
	}{
		{"no keytab", kerberos.AcceptorConfig{}},
		{"a mode that is none", kerberos.AcceptorConfig{Keytab: none, PAC: map[string]kerberos.PACMode{"A": "optional"}}},
		{"an empty mode", kerberos.AcceptorConfig{Keytab: none, PAC: map[string]kerberos.PACMode{"A": ""}}},
		{"a skew of a day", kerberos.AcceptorConfig{Keytab: none, Skew: 24 * time.Hour}},
		{"a negative skew", kerberos.AcceptorConfig{Keytab: none, Skew: -1}},
	} {
		if _, err := kerberos.NewAcceptor(c.AcceptorConfig); err == nil {
			t.Errorf("%s is taken", c.name)
		}
	}
}
