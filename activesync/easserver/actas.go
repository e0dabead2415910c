package easserver

import (
	"context"
	"net/http"
	"strings"

	"entente/access"
)

// Acting as another: a login impersonated!user, as grommunio-sync takes it, or a
// User parameter that names another account. Either only names whom the caller
// wants to act as; whether he may, the door decides as for any other protocol, and
// the record has both. It is off by default.

type actsAsKey struct{}

// ActAs takes the name before the mark out of logins, so that who signs in is
// authenticated by his own name and password. It stands before the door.
func ActAs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, ok := r.BasicAuth()
		whom, who, marked := strings.Cut(name, "!")
		if !ok || !marked || whom == "" || who == "" {
			next.ServeHTTP(w, r)
			return
		}
		r = r.Clone(context.WithValue(r.Context(), actsAsKey{}, inDomainOf(whom, who)))
		r.SetBasicAuth(who, password)
		next.ServeHTTP(w, r)
	})
}

// inDomainOf completes a name without a domain by that of another.
func inDomainOf(whom, who string) string {
	if _, domain, ok := strings.Cut(who, "@"); ok && !strings.Contains(whom, "@") {
		return whom + "@" + domain
	}
	return whom
}

// actAs makes the caller act as another, if his login or the User parameter names
// one.
func (c *call) actAs() error {
	if !c.h.ActAs || c.s.Caller().ActsAs != nil { // another node has let him
		return nil
	}
	whom, named := c.in.Context().Value(actsAsKey{}).(string)
	if !named {
		whom, named = c.userNames()
	}
	if !named {
		return nil
	}
	target := access.ConnectingSID{SmtpAddress: whom}
	if a, ok := c.s.Snapshot().FindUPN(whom); ok {
		target = access.ConnectingSID{SID: string(a.SID)}
	}
	if err := c.s.Impersonate(target); err != nil {
		// Which of the two there is not, a name or a right, is on record here.
		c.fail("ActAsDenied")
		return &httpError{http.StatusForbidden, "not allowed"}
	}
	return nil
}

// userNames returns whom the User parameter names, if that is another account than
// the caller's. Phones write there what their user typed, so a name that is
// nobody's means nothing.
func (c *call) userNames() (string, bool) {
	whom, who, marked := strings.Cut(c.line.User, "!")
	if marked {
		return inDomainOf(whom, who), whom != ""
	}
	if !strings.Contains(whom, "@") {
		return "", false
	}
	a, ok := c.s.Snapshot().FindUPN(whom)
	if !ok {
		a, ok = c.s.Snapshot().FindSMTP(whom)
	}
	return whom, ok && a.SID != c.s.Caller().Authenticated.SID
}
