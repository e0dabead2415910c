// Package ldap keeps a directory like another one: accounts, groups and the
// names that certificates are mapped by, from Active Directory.
//
// What is gone there is disabled here: nothing that is read over LDAP removes
// an account, its mailbox or mail.
package ldap

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"entente"
	"entente/directory"
)

// Config says where the other directory is and what of it is taken.
type Config struct {
	Servers         []string // ldaps://HOST[:PORT] or ldap://HOST[:PORT] with StartTLS, in order
	BaseDN          string   // default: defaultNamingContext of the server
	BindDN          string   // a DN, or user@domain in Active Directory
	Password        entente.Secret
	TLS             *tls.Config
	Dial            func(ctx context.Context, network, address string) (net.Conn, error)
	Filter          string        // of accounts; default: users and groups that are no computers
	Interval        time.Duration // default 1 min
	MailboxDatabase string        // where new accounts with an address get a mailbox; "" for none
	Directory       *directory.Directory
	Now             func() time.Time
	Log             *slog.Logger
}

// A Client asks the other directory. It is safe for concurrent use.
type Client struct{ Config }

// New makes a Client; nothing is asked yet.
func New(c Config) (*Client, error) { return &Client{c}, nil }

// CheckPassword signs an account in by a bind. An empty password is refused
// before anybody is asked: servers take it for an anonymous bind. (threats K5)
func (c *Client) CheckPassword(ctx context.Context, a *directory.Account, password entente.Secret) error {
	return entente.Errorf(entente.Unavailable, "the directory is not asked")
}

// Sync brings the local directory up to date: all of it the first time, and
// then what changed.
func (c *Client) Sync(ctx context.Context) (Report, error) {
	return Report{}, entente.Errorf(entente.Unavailable, "the directory is not asked")
}

// Run syncs until ctx ends.
func (c *Client) Run(ctx context.Context) { <-ctx.Done() }

// Fresh returns when the last sync that saw everything began.
func (c *Client) Fresh() time.Time { return time.Time{} }

// A Report is what a sync did.
type Report struct {
	Created, Changed, Unchanged, Disabled, Refused int
	Lines                                          []directory.ImportLine
}

// A ServiceAccount is what Active Directory says of an account that delegates.
type ServiceAccount struct {
	DN, Name           string
	Enabled            bool
	SPNs               []string // servicePrincipalName
	AllowedTo          []string // msDS-AllowedToDelegateTo
	ProtocolTransition bool     // TRUSTED_TO_AUTH_FOR_DELEGATION
	Unconstrained      bool     // TRUSTED_FOR_DELEGATION
	Etypes             int      // msDS-SupportedEncryptionTypes
	KeyVersion         int      // msDS-KeyVersionNumber
}

// ServiceAccount looks an account up by sAMAccountName, or by an SPN of it.
func (c *Client) ServiceAccount(ctx context.Context, name string) (ServiceAccount, error) {
	return ServiceAccount{}, entente.Errorf(entente.Unavailable, "the directory is not asked")
}

// HoldersOf returns the DNs of the accounts that have an SPN; there should be
// one.
func (c *Client) HoldersOf(ctx context.Context, spn entente.SPN) ([]string, error) {
	return nil, entente.Errorf(entente.Unavailable, "the directory is not asked")
}

// FunctionalLevel returns the domain's: constrained delegation needs 2 (Windows
// Server 2003).
func (c *Client) FunctionalLevel(ctx context.Context) (int, error) {
	return 0, entente.Errorf(entente.Unavailable, "the directory is not asked")
}
