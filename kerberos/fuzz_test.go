package kerberos_test

import (
	"errors"
	"runtime"
	"testing"

	"entente"
	"entente/kerberos"
	"entente/kerberos/enctype"
	"entente/kerberos/minttest"
)

// FuzzAccept shows tokens of strangers: they do not know the key, and are
// refused with the one text. It takes no more memory than a few times what
// they send.
func FuzzAccept(f *testing.F) {
	c := newContoso()
	a := acceptor(f, c.config(f))
	foreign := minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID).Service(httpService).Issue(c.now, anna())
	for _, r := range []minttest.Request{{}, {Raw: true}, {MIC: true, Mutual: true}, {Mechs: []string{minttest.NTLM}}, {Mechs: []string{minttest.MSKRB5, minttest.KRB5}}} {
		f.Add(foreign.Token(c.now, r))
	}
	f.Add([]byte("NTLMSSP\x00\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := a.Accept(b, kerberos.Bindings{})
		runtime.ReadMemStats(&after)
		var e *entente.Error
		if !errors.As(err, &e) || e.Kind != entente.Denied || e.Text != "the ticket is not accepted" {
			t.Fatalf("%v", err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 8*uint64(len(b))+64<<10 {
			t.Fatalf("%d bytes for %d", n, len(b))
		}
	})
}

// FuzzContent opens what only a KDC, or who has a ticket, could have written:
// the content of the ticket, its PAC, and the authenticator.
func FuzzContent(f *testing.F) {
	c := newContoso()
	a := acceptor(f, c.config(f))
	keep := func(to *[]byte) func([]byte) []byte { return func(b []byte) []byte { *to = b; return b } }
	var ticket, pac, auth []byte
	good := anna()
	good.Spoil, good.SpoilPAC = keep(&ticket), keep(&pac)
	c.http.Issue(c.now, good).Token(c.now, minttest.Request{Aware: true, Spoil: keep(&auth)})
	f.Add(0, ticket)
	f.Add(1, pac)
	f.Add(2, auth)
	session, _ := enctype.Generate(enctype.AES256SHA1)
	f.Fuzz(func(t *testing.T, part int, b []byte) {
		if len(b) > 32<<10 {
			return
		}
		as := func([]byte) []byte { return b }
		ticket, request := anna(), minttest.Request{Subkey: session}
		switch part {
		case 0:
			ticket.Spoil = as
		case 1:
			ticket.SpoilPAC = as
		default:
			request.Spoil = as
		}
		id, _, err := a.Accept(c.http.Issue(c.now, ticket).Token(c.now, request), kerberos.Bindings{EndPoint: []byte("x")})
		var e *entente.Error
		if err == nil && id.PAC == nil && id.Client.Realm != "MIT.EXAMPLE" {
			t.Fatalf("%+v without a PAC", id)
		}
		if err != nil && (!errors.As(err, &e) || e.Kind != entente.Denied) {
			t.Fatal(err)
		}
	})
}
