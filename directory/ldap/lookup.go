package ldap

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"entente"
)

// A root is what a server says of itself. [MS-ADTS] 3.1.1.3.2.
type root struct {
	domain      string // DN of the domain: defaultNamingContext
	config      string
	schema      string
	service     string // DN of the server's settings: dsServiceName
	host        string
	usn         int64 // highestCommittedUSN
	level       int   // domainFunctionality
	clock       time.Time
	ready       bool // isSynchronized
	showDeleted bool
	extendedDN  bool
}

func (c *connection) root(ctx context.Context) (*root, error) {
	e, err := c.one(ctx, query{
		scope: goldap.ScopeBaseObject, filter: "(objectClass=*)",
		attrs: []string{
			"defaultNamingContext", "configurationNamingContext", "schemaNamingContext", "dsServiceName", "dnsHostName",
			"highestCommittedUSN", "domainFunctionality", "currentTime", "isSynchronized", "supportedControl",
		},
	})
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, fmt.Errorf("%s: it says nothing of itself", c.server.name)
	}
	r := &root{
		domain: value(e, "defaultNamingContext"), config: value(e, "configurationNamingContext"),
		schema: value(e, "schemaNamingContext"), service: value(e, "dsServiceName"), host: value(e, "dnsHostName"),
		ready: !strings.EqualFold(value(e, "isSynchronized"), "FALSE"),
	}
	if r.domain == "" {
		return nil, fmt.Errorf("%s: it has no defaultNamingContext, so it is no Active Directory", c.server.name)
	}
	r.usn, _ = strconv.ParseInt(value(e, "highestCommittedUSN"), 10, 64)
	r.level, _ = strconv.Atoi(value(e, "domainFunctionality"))
	r.clock, _ = parseTime(value(e, "currentTime"))
	for _, oid := range values(e, "supportedControl") {
		r.showDeleted = r.showDeleted || oid == goldap.ControlTypeMicrosoftShowDeleted
		r.extendedDN = r.extendedDN || oid == goldap.ControlTypeMicrosoftExtendedDN
	}
	return r, nil
}

// parseTime reads what Active Directory writes of GeneralizedTime, RFC 4517
// 3.3.13: 20261128224500.0Z.
func parseTime(s string) (time.Time, error) {
	return time.Parse("20060102150405.9Z", s)
}

// ask asks the directory as the account that reads.
func (c *Client) ask(ctx context.Context, f func(context.Context, *connection) error) error {
	return c.with(ctx, &c.readers, c.connect, f)
}

// A Server is what one of the directory's servers says of itself.
type Server struct {
	Name            string    // as configured
	Host            string    // as it calls itself
	Domain          string    // DN of its domain
	Clock           time.Time // zero if it does not tell
	Skew            time.Duration
	FunctionalLevel int
}

// Server asks the server that questions go to now what it is.
func (c *Client) Server(ctx context.Context) (s Server, err error) {
	err = c.ask(ctx, func(ctx context.Context, con *connection) error {
		r, err := con.root(ctx)
		if err != nil {
			return err
		}
		s = Server{Name: con.server.name, Host: r.host, Domain: r.domain, Clock: r.clock, FunctionalLevel: r.level}
		if !r.clock.IsZero() {
			s.Skew = r.clock.Sub(c.Now()).Round(time.Second)
		}
		return nil
	})
	return s, err
}

// FunctionalLevel returns the domain's: constrained delegation needs 2 (Windows
// Server 2003). [MS-ADTS] 3.1.1.3.2, and 6.1.4.3 where the root does not say.
func (c *Client) FunctionalLevel(ctx context.Context) (level int, err error) {
	err = c.ask(ctx, func(ctx context.Context, con *connection) error {
		r, err := con.root(ctx)
		if err != nil || r.level > 0 {
			level = r.level
			return err
		}
		e, err := con.one(ctx, query{base: r.domain, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)", attrs: []string{"msDS-Behavior-Version"}})
		if err != nil || e == nil {
			return err
		}
		level, _ = strconv.Atoi(value(e, "msDS-Behavior-Version"))
		return nil
	})
	return level, err
}

// Bits of userAccountControl, [MS-ADTS] 2.2.16.
const (
	accountDisabled    = 0x2
	trustedForDeleg    = 0x80000
	notDelegated       = 0x100000
	trustedToAuthDeleg = 0x1000000
)

// A ServiceAccount is what Active Directory says of an account that delegates,
// or of one that is delegated.
type ServiceAccount struct {
	DN, Name           string
	SID                entente.SID
	UPN                string
	Enabled            bool
	Sensitive          bool     // NOT_DELEGATED: nobody may act as it
	SPNs               []string // servicePrincipalName
	AllowedTo          []string // msDS-AllowedToDelegateTo
	ProtocolTransition bool     // TRUSTED_TO_AUTH_FOR_DELEGATION
	Unconstrained      bool     // TRUSTED_FOR_DELEGATION
	Etypes             int      // msDS-SupportedEncryptionTypes
	KeyVersion         int      // msDS-KeyVersionNumber; 0 if it may not be read
}

// ServiceAccount looks an account up by sAMAccountName, by an SPN of it, or by
// UPN. NotFound, or Conflict if several have it.
func (c *Client) ServiceAccount(ctx context.Context, name string) (a ServiceAccount, err error) {
	attr := "sAMAccountName"
	switch {
	case strings.Contains(name, "/"):
		attr = "servicePrincipalName"
	case strings.Contains(name, "@"):
		attr = "userPrincipalName"
	}
	err = c.inDomain(ctx, "("+attr+"="+goldap.EscapeFilter(name)+")", 2, []string{
		"sAMAccountName", "objectSid", "userPrincipalName", "userAccountControl", "servicePrincipalName", "msDS-AllowedToDelegateTo",
		"msDS-SupportedEncryptionTypes", "msDS-KeyVersionNumber",
	}, func(found []*goldap.Entry) error {
		switch len(found) {
		case 0:
			return entente.Errorf(entente.NotFound, "the directory has no account %q", name)
		case 1:
			a = serviceAccount(found[0])
			return nil
		}
		return entente.Errorf(entente.Conflict, "several accounts of the directory have %q: %s and %s", name, found[0].DN, found[1].DN)
	})
	return a, err
}

func serviceAccount(e *goldap.Entry) ServiceAccount {
	a := ServiceAccount{
		DN: e.DN, Name: value(e, "sAMAccountName"), UPN: value(e, "userPrincipalName"),
		SPNs: values(e, "servicePrincipalName"), AllowedTo: values(e, "msDS-AllowedToDelegateTo"),
	}
	a.SID, _ = sidOf([]byte(value(e, "objectSid")))
	bits, _ := strconv.ParseInt(value(e, "userAccountControl"), 10, 64)
	a.Enabled = bits&accountDisabled == 0
	a.Sensitive = bits&notDelegated != 0
	a.Unconstrained = bits&trustedForDeleg != 0
	a.ProtocolTransition = bits&trustedToAuthDeleg != 0
	a.Etypes, _ = strconv.Atoi(value(e, "msDS-SupportedEncryptionTypes"))
	a.KeyVersion, _ = strconv.Atoi(value(e, "msDS-KeyVersionNumber"))
	return a
}

// maxHolders bounds how many accounts with one SPN are told of.
const maxHolders = 50

// HoldersOf returns the DNs of the accounts that have an SPN; there should be
// one.
func (c *Client) HoldersOf(ctx context.Context, spn entente.SPN) (dns []string, err error) {
	err = c.inDomain(ctx, "(servicePrincipalName="+goldap.EscapeFilter(string(spn))+")", maxHolders, []string{"1.1"}, func(found []*goldap.Entry) error {
		for _, e := range found {
			dns = append(dns, e.DN)
		}
		return nil
	})
	return dns, err
}

// inDomain searches the whole domain: services lie beside the people.
func (c *Client) inDomain(ctx context.Context, filter string, limit int, attrs []string, f func([]*goldap.Entry) error) error {
	return c.ask(ctx, func(ctx context.Context, con *connection) error {
		r, err := con.root(ctx)
		if err != nil {
			return err
		}
		found, err := con.few(ctx, query{base: r.domain, scope: goldap.ScopeWholeSubtree, filter: filter, attrs: attrs, limit: limit})
		if err != nil {
			return err
		}
		return f(found)
	})
}
