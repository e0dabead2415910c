package ldap

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/directory"
)

// maxPassword bounds what is passed on; Windows takes 256 characters.
const maxPassword = 1024

// denied is the one answer to whoever may not sign in. The reason is for the
// log: strangers learn of an account no more than that it was not this.
func denied(reason entente.Reason, why error) error {
	e := entente.Errorf(entente.Denied, "wrong user name or password").Because(directory.WrongCredential)
	e.Err = fmt.Errorf("%s: %w", reason, why)
	return e
}

var (
	errEmpty   = errors.New("there is no password")
	errNoEntry = errors.New("the directory has no such object below the base")
)

// CheckPassword signs an account in by a bind (RFC 4513 5.1.3). The account is
// found by its objectGUID and bound by its DN: a UPN that was typed could be
// what Active Directory takes for somebody else's, since it also knows accounts
// by NAME@DOMAIN.
//
// An empty password is refused before anybody is asked: servers take it for an
// anonymous bind that succeeds. (threats K5, RFC 4513 5.1.2)
//
// Errors: Denied, for strangers always the same; Unavailable.
func (c *Client) CheckPassword(ctx context.Context, a *directory.Account, password entente.Secret) error {
	if password.Empty() || len(password.Reveal()) > maxPassword || strings.ContainsRune(password.Reveal(), 0) {
		return denied("empty", errEmpty)
	}
	var base, dn string
	err := c.ask(ctx, func(ctx context.Context, con *connection) (err error) {
		if base, err = c.base(ctx, con); err != nil {
			return err
		}
		e, err := con.one(ctx, query{base: base, scope: goldap.ScopeWholeSubtree, filter: guidFilter(a.GUID), attrs: []string{"1.1"}})
		if err == nil && e != nil {
			dn = e.DN
		}
		return err
	})
	if err != nil {
		return unavailable(err)
	}
	known := dn != ""
	if !known {
		// Nobody is asked about at the same cost, and without the password.
		dn, password = "CN="+rand.Text()+","+base, entente.NewSecret(rand.Text())
	}
	err = c.with(ctx, &c.binders, c.connectBare, func(ctx context.Context, con *connection) error {
		return con.within(ctx, func() error { return con.Bind(dn, password.Reveal()) })
	})
	if !known && err == nil {
		return denied("unknown", errNoEntry)
	}
	return verdict(err)
}

// connectBare opens a connection on which accounts prove themselves: apart from
// those that read, whose identity such a bind would replace.
func (c *Client) connectBare(ctx context.Context) (*connection, error) {
	return c.first(ctx, func(context.Context, *connection) error { return nil })
}

// verdict tells what became of a bind. Whatever the server says that is not
// about the credentials says nothing about them.
func verdict(err error) error {
	switch {
	case err == nil:
		return nil
	case goldap.IsErrorAnyOf(err, goldap.LDAPResultInvalidCredentials, goldap.LDAPResultInvalidDNSyntax, goldap.LDAPResultNoSuchObject,
		goldap.LDAPResultInappropriateAuthentication, goldap.LDAPResultConstraintViolation, goldap.LDAPResultUnwillingToPerform):
		return denied(why(err), err)
	}
	return unavailable(err)
}

// dataCode is where Active Directory says more, in hexadecimal.
var dataCode = regexp.MustCompile(`\bdata ([0-9a-f]{3,8})\b`)

// why reads the state of the account from a refusal: Windows errors, [MS-ERREF]
// 2.2, in Active Directory's text, and NTSTATUS names, 2.3, in Samba's.
func why(err error) entente.Reason {
	text := err.Error()
	code := ""
	if m := dataCode.FindStringSubmatch(text); m != nil {
		code = strings.TrimLeft(m[1], "0")
	}
	for _, w := range [...]struct {
		code, status string
		reason       entente.Reason
	}{
		{"525", "NT_STATUS_NO_SUCH_USER", "unknown"},
		{"52e", "NT_STATUS_WRONG_PASSWORD", "wrong password"},
		{"52f", "NT_STATUS_ACCOUNT_RESTRICTION", "restricted"},
		{"530", "NT_STATUS_INVALID_LOGON_HOURS", "not at this hour"},
		{"531", "NT_STATUS_INVALID_WORKSTATION", "not from here"},
		{"532", "NT_STATUS_PASSWORD_EXPIRED", "password expired"},
		{"533", "NT_STATUS_ACCOUNT_DISABLED", "disabled"},
		{"568", "NT_STATUS_TOO_MANY_CONTEXT_IDS", "in too many groups"},
		{"701", "NT_STATUS_ACCOUNT_EXPIRED", "expired"},
		{"773", "NT_STATUS_PASSWORD_MUST_CHANGE", "password must be changed"},
		{"775", "NT_STATUS_ACCOUNT_LOCKED_OUT", "locked"},
		{"52e", "NT_STATUS_LOGON_FAILURE", "wrong password"},
	} {
		if code == w.code || code == "" && strings.Contains(text, w.status) {
			return w.reason
		}
	}
	return "refused"
}
