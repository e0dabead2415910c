// Package ldap keeps a directory like another one: accounts, groups and the
// names that certificates are mapped by, from Active Directory.
//
// Active Directory is the master of what it has. What is gone there is disabled
// here: nothing that is read over LDAP removes an account, its mailbox or mail.
//
// It asks over TLS only, and believes no answer to be whole that does not say
// so. See doc/design/0019-ldap.md.
package ldap

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/db"
	"entente/directory"
)

// Config says where the other directory is and what of it is taken.
type Config struct {
	Servers  []string // ldaps://HOST[:PORT] or ldap://HOST[:PORT] with StartTLS, in order
	BaseDN   string   // default: defaultNamingContext of the server
	BindDN   string   // a DN, or user@domain in Active Directory
	Password entente.Secret
	TLS      *tls.Config // roots; the name of the server is always checked
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Filter   string        // of accounts and groups; default: those that Windows does not bring along
	Timeout  time.Duration // of one question, default 20 s
	Interval time.Duration // between syncs, default 1 min
	Compare  time.Duration // between comparisons of everything, default 1 h
	// MaxAge is how old what is known may be before who depends on it being fresh
	// refuses; default 5 min. (threats K4)
	MaxAge time.Duration
	// MailboxDatabase is where new accounts with an address get a mailbox; "" for
	// none.
	MailboxDatabase string
	// Realm, if set, is the Kerberos realm of the domain that is read: its word
	// about accounts and groups of the domain counts.
	Realm     string
	Directory *directory.Directory
	DB        *db.DB // that of the directory, where what was read is remembered
	Node      string // which node syncs, where there are several
	// Ready, if set, says whether this node may sync; another does if it may not.
	Ready func(ctx context.Context) error
	// Made, if set, is given the accounts that were created or changed, of which
	// some have a mailbox in the directory only. What it fails at it is asked
	// again with the next sync; the one under way goes on.
	Made func(ctx context.Context, accounts []entente.SID) error
	// Synced, if set, is told of each sync.
	Synced func(ctx context.Context, r Report, err error)
	Now    func() time.Time
	Log    *slog.Logger
}

// Defaults of a Config.
const (
	DefaultInterval = time.Minute
	DefaultCompare  = time.Hour
	DefaultMaxAge   = 5 * time.Minute
)

// A Client asks the other directory. It is safe for concurrent use.
type Client struct {
	Config
	servers []*server
	readers pool // bound as BindDN
	binders pool // bound as whoever proves himself

	syncing  chan struct{} // a place for one
	answer   int64         // bytes of one answer at most
	fresh    atomic.Int64  // Unix milliseconds
	progress atomic.Pointer[Progress]

	unmade []entente.SID // what Made failed at; for the sync alone

	mu           sync.Mutex
	refusedUntil time.Time
}

// New makes a Client; nothing is asked yet.
func New(c Config) (*Client, error) {
	if len(c.Servers) == 0 {
		return nil, entente.Errorf(entente.Invalid, "no server of the directory is named")
	}
	if c.Password.Empty() || c.BindDN == "" {
		// Servers take a bind without a password for one without a name.
		return nil, entente.Errorf(entente.Invalid, "the directory is read as an account, by its password")
	}
	for _, d := range [...]struct {
		to *time.Duration
		is time.Duration
	}{
		{&c.Timeout, defaultTimeout}, {&c.Interval, DefaultInterval}, {&c.Compare, DefaultCompare}, {&c.MaxAge, DefaultMaxAge},
	} {
		if *d.to <= 0 {
			*d.to = d.is
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	client := &Client{Config: c, syncing: make(chan struct{}, 1), answer: maxAnswer}
	for _, text := range c.Servers {
		s, err := parseServer(text)
		if err != nil {
			return nil, err
		}
		client.servers = append(client.servers, s)
	}
	return client, nil
}

// base returns the DN below which accounts and groups are.
func (c *Client) base(ctx context.Context, con *connection) (string, error) {
	if c.BaseDN != "" {
		return c.BaseDN, nil
	}
	r, err := con.root(ctx)
	if err != nil {
		return "", err
	}
	return r.domain, nil
}

// CheckFilter says what is wrong with a filter. RFC 4515.
func CheckFilter(filter string) error {
	if _, err := goldap.CompileFilter(filter); err != nil {
		return entente.Errorf(entente.Invalid, "filter: %q is not an LDAP filter such as (department=Sales)", filter)
	}
	return nil
}
