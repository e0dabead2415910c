package authn

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/db/dbtest"
	"entente/directory"
)

const password = "schön: a colon, and more" // RFC 7617: the first colon ends the name

// open returns methods on a directory with Anna and a CRM that holds a token.
func open(t *testing.T) (m Methods, token entente.Secret) {
	t.Helper()
	d, err := directory.Open(t.Context(), directory.Config{DB: dbtest.SQLite(t), Organization: "Contoso"})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := d.HashPassword(t.Context(), entente.NewSecret(password))
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(t.Context(), func(c *directory.Change) error {
		anna := account("anna@corp.contoso.example", "anna@contoso.example", access.KindUser)
		crm := account("crm@contoso.example", "", access.KindService)
		err := errors.Join(c.AddDomain("contoso.example"), c.CreateAccount(&anna), c.SetPassword(anna.SID, hash), c.CreateAccount(&crm))
		if err != nil {
			return err
		}
		_, token, err = c.CreateToken(crm.SID, "sync", time.Now().Add(time.Hour))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	secure := func(r *http.Request) bool { return r.TLS != nil }
	return Methods{&Bearer{Directory: d, Secure: secure}, &Basic{Directory: d, Realm: "contoso", Secure: secure}}, token
}

func account(upn entente.UPN, mail entente.SMTPAddress, kind access.AccountKind) directory.Account {
	return directory.Account{Account: access.Account{
		Principal: access.Principal{UPN: upn, Mail: mail}, Name: string(upn), Kind: kind, Enabled: true,
	}}
}

func request(authorization string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://mail.contoso.example/", nil)
	r.RemoteAddr = "[2001:db8::7]:4711"
	r.Header.Set("User-Agent", "test\x01/1.0")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func basic(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }

func TestWhoIsCalling(t *testing.T) {
	m, token := open(t)
	test := func(authorization string, want entente.UPN, how access.Method, app access.ApplicationID) {
		t.Helper()
		c, err := m.Authenticate(request(authorization), nil)
		if err != nil || c == nil {
			t.Errorf("%v, %v", c, err)
			return
		}
		if c.Authenticated.UPN != want || c.Method != how || c.Application != app || c.ActsAs != nil || c.Chain != nil {
			t.Errorf("caller %+v", c)
		}
		if c.Address != "2001:db8::7" || c.UserAgent != "test/1.0" {
			t.Errorf("from %q by %q", c.Address, c.UserAgent)
		}
	}
	const anna = "anna@corp.contoso.example"
	test(basic(anna+":"+password), anna, access.Basic, "")
	test(basic("anna@contoso.example:"+password), anna, access.Basic, "")
	test(basic("ANNA@Contoso.Example:"+password), anna, access.Basic, "")
	test("basic  "+basic(anna + ":" + password)[6:], anna, access.Basic, "") // schemes have no case
	test("Bearer "+token.Reveal(), "crm@contoso.example", access.Bearer, "sync")
}

func TestWhoIsNot(t *testing.T) {
	m, token := open(t)
	test := func(authorization string) {
		t.Helper()
		c, err := m.Authenticate(request(authorization), nil)
		var e *entente.Error
		if c != nil || !errors.As(err, &e) || e.Kind != entente.Denied {
			t.Errorf("%q: %+v, %v", authorization, c, err)
		}
	}
	test(basic("anna@contoso.example:" + password[:len(password)-1]))
	test(basic("anna@contoso.example:" + password + " "))
	test(basic("anna@contoso.example:"))
	test(basic(":" + password))
	test(basic("anna@contoso.example"))
	test("Basic *")
	test("Bearer " + token.Reveal() + "A")
	test(basic("crm@contoso.example:" + token.Reveal())) // a token is no password
	none := func(authorization string) {
		t.Helper()
		if c, err := m.Authenticate(request(authorization), nil); c != nil || err != nil {
			t.Errorf("%q: %+v, %v", authorization, c, err)
		}
	}
	none("")
	none("Negotiate YII=")
	none("Basicanna")
	none("Basic")
}

// What arrives in the clear is refused unread, right or wrong.
func TestInTheClear(t *testing.T) {
	m, token := open(t)
	for _, h := range [...]string{basic("anna@contoso.example:" + password), "Bearer " + token.Reveal()} {
		r := request(h)
		r.TLS = nil
		if c, err := m.Authenticate(r, nil); c != nil || err == nil {
			t.Errorf("%+v, %v", c, err)
		}
	}
}

// Clients take the strongest scheme that is advertised: nothing may be that
// they cannot use.
func TestChallenge(t *testing.T) {
	m, _ := open(t)
	h := http.Header{}
	m.Challenge(h)
	if got, want := h.Values("WWW-Authenticate"), []string{`Basic realm="contoso", charset="UTF-8"`}; !slices.Equal(got, want) {
		t.Errorf("challenge %q, want %q", got, want)
	}
}

func TestClean(t *testing.T) {
	test := func(in, want string) {
		t.Helper()
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	test("", "")
	test("exchangelib/4.9.0", "exchangelib/4.9.0")
	test("a\tb\x7fc\r\nd", "abcd")
	test(strings.Repeat("x", 1000), strings.Repeat("x", maxUserAgent))
}

func TestLocal(t *testing.T) {
	anna := access.Principal{UPN: "anna@contoso.example"}
	c := Local(anna, "import")
	if c.Subject() != anna || c.Method != access.Local || len(c.Chain) != 1 || c.Chain[0].How != "import" {
		t.Errorf("caller %+v", c)
	}
}

func FuzzBasic(f *testing.F) {
	f.Add("Basic YW5uYTpzZWNyZXQ=")
	f.Add("basic  Og==")
	f.Add("Bearer x")
	f.Add("Basic \xff")
	f.Fuzz(func(t *testing.T, authorization string) {
		// Without TLS nothing reaches the directory, which is nil here.
		m := Methods{&Bearer{Secure: insecure}, &Basic{Secure: insecure}}
		r := request(authorization)
		c, err := m.Authenticate(r, nil)
		if c != nil {
			t.Fatalf("%q came in", authorization)
		}
		var e *entente.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != entente.Denied) {
			t.Fatalf("%q: %v", authorization, err)
		}
	})
}

func insecure(*http.Request) bool { return false }
