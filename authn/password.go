package authn

import (
	"encoding/base64"
	"net/http"
	"strings"

	"entente"
	"entente/access"
	"entente/directory"
)

// Basic authenticates by account name and password, RFC 7617. The password
// travels with every request, so it is refused unless the connection is
// secure; the directory keeps a keyed cache so that argon2id runs once.
type Basic struct {
	Directory *directory.Directory
	Realm     string // shown by browsers, no quotes in it
	// Secure says whether the request came over TLS, or from the named proxy
	// that ended TLS.
	Secure func(*http.Request) bool
}

// Name implements Method.
func (b *Basic) Name() access.Method { return access.Basic }

// Authenticate implements Method. The name is a UPN or primary SMTP address.
func (b *Basic) Authenticate(r *http.Request, _ http.Header) (*access.Caller, error) {
	value, ok := credentials(r, "Basic")
	if !ok {
		return nil, nil
	}
	if !b.Secure(r) {
		return nil, refused()
	}
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil, refused()
	}
	name, password, ok := strings.Cut(string(raw), ":")
	// An empty password is refused before any method sees it: LDAP servers
	// take it as an anonymous bind that succeeds. (threats K5)
	if !ok || name == "" || password == "" {
		return nil, refused()
	}
	who, err := b.Directory.CheckPassword(r.Context(), name, entente.NewSecret(password), source(r))
	if err != nil {
		return nil, err
	}
	return caller(r, who, access.Basic), nil
}

// Challenge implements Method. RFC 7617 2.1: charset tells clients to send
// UTF-8.
func (b *Basic) Challenge(h http.Header) {
	h.Add("WWW-Authenticate", `Basic realm="`+b.Realm+`", charset="UTF-8"`)
}

// Bearer authenticates service accounts, and the owners of linked mailboxes, by a
// token the administrator gave out, RFC 6750 2.1.
type Bearer struct {
	Directory *directory.Directory
	Secure    func(*http.Request) bool
}

// Name implements Method.
func (b *Bearer) Name() access.Method { return access.Bearer }

// Authenticate implements Method. Unlike a User-Agent, the token's name
// proves which application is calling.
func (b *Bearer) Authenticate(r *http.Request, _ http.Header) (*access.Caller, error) {
	value, ok := credentials(r, "Bearer")
	if !ok {
		return nil, nil
	}
	if !b.Secure(r) || value == "" {
		return nil, refused()
	}
	who, app, err := b.Directory.CheckToken(r.Context(), entente.NewSecret(value), source(r))
	if err != nil {
		return nil, err
	}
	s := b.Directory.Snapshot()
	if a, ok := s.FindSID(who.SID); ok && a.Master != "" {
		c, err := Linked(s, r, Vouched{Realm: s.RealmOf(a.Master), SID: a.Master, Method: access.Bearer})
		if err == nil {
			c.Application = app
		}
		return c, err
	}
	c := caller(r, who, access.Bearer)
	c.Application = app
	return c, nil
}

// Challenge implements Method with nothing: clients that hold a token send
// it unasked, and exchangelib would take the scheme for one to negotiate.
func (b *Bearer) Challenge(http.Header) {}

// credentials returns what follows the scheme in the Authorization header;
// the scheme's name has no case, RFC 9110 11.1.
func credentials(r *http.Request, scheme string) (string, bool) {
	h := r.Header.Get("Authorization")
	if len(h) <= len(scheme) || h[len(scheme)] != ' ' || !strings.EqualFold(h[:len(scheme)], scheme) {
		return "", false
	}
	return strings.TrimSpace(h[len(scheme)+1:]), true
}

func refused() error {
	return entente.Errorf(entente.Denied, "wrong user name or password")
}
