package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/directory/ldap"
	"entente/outgoing"
)

// LDAPConfig says from which directory accounts and groups come.
type LDAPConfig struct {
	Servers      []string      `yaml:"servers" doc:"Servers of one domain in the order in which they are asked: ldaps://HOST or ldap://HOST, with or without :PORT. At ldap:// TLS begins by StartTLS; there is no way without TLS."`
	BaseDN       string        `yaml:"base_dn,omitempty" doc:"Where accounts and groups are, such as OU=Staff,DC=contoso,DC=example. Default: the whole domain."`
	BindDN       string        `yaml:"bind_dn" doc:"The account that reads: its DN, or its user principal name. It needs no more rights than any account has; to see deletions at once, it may read the container of deleted objects."`
	PasswordFile string        `yaml:"password_file" doc:"File with its password, mode 0400."`
	CAFiles      []string      `yaml:"ca_files,omitempty" doc:"PEM files with the CAs that certificates of the servers come from. Default: those of the system."`
	Networks     []string      `yaml:"networks,omitempty" doc:"Networks in which the servers may be although they are not public, such as 10.1.0.0/16. Default: any, since only the servers named here are reached."`
	Filter       string        `yaml:"filter,omitempty" doc:"LDAP filter of the accounts and groups that are taken. Default: people and groups except those that Windows brings along."`
	Interval     time.Duration `yaml:"interval,omitempty" doc:"How often changes are looked for. Default 1m."`
	Compare      time.Duration `yaml:"compare,omitempty" doc:"How often everything is compared, so that nothing is missed. Default 1h; where the container of deleted objects cannot be read, max_age if that is shorter."`
	MaxAge       time.Duration `yaml:"max_age,omitempty" doc:"How old what is known of accounts may be before the publishing gateway lets nobody in. Default 5m."`
	Timeout      time.Duration `yaml:"timeout,omitempty" doc:"How long one question to a server may take. Default 20s."`
	Database     string        `yaml:"database,omitempty" doc:"Mailbox database in which accounts with an address get a mailbox. Default: none get one by themselves."`
	SignIn       bool          `yaml:"sign_in,omitempty" doc:"Accounts that come from this directory sign in with its passwords, which are never kept here. Default false."`
	Realm        string        `yaml:"realm,omitempty" doc:"Kerberos realm of the domain, such as CONTOSO.EXAMPLE. With it, what its domain controllers say of accounts and groups of the domain counts here."`
}

func (c *LDAPConfig) check() error {
	_, err := ldap.New(ldap.Config{Servers: c.Servers, BindDN: c.BindDN, Password: entente.NewSecret("-")})
	errs := []error{err}
	if c.PasswordFile == "" {
		errs = append(errs, errors.New("password_file: name the file that has the password of bind_dn"))
	}
	if c.Filter != "" {
		errs = append(errs, ldap.CheckFilter(c.Filter))
	}
	if c.Interval < 0 || c.Compare < 0 || c.MaxAge < 0 || c.Timeout < 0 {
		errs = append(errs, errors.New("interval, compare, max_age, timeout: durations such as 1m"))
	}
	if cmp.Or(c.MaxAge, ldap.DefaultMaxAge) <= cmp.Or(c.Interval, ldap.DefaultInterval) {
		errs = append(errs, errors.New("max_age: not longer than interval, so that what is known would always be too old"))
	}
	_, err = networks(c.Networks)
	return errors.Join(append(errs, err)...)
}

// rule lets the servers that are named be reached, and no others.
func (c *LDAPConfig) rule() (outgoing.Rule, error) {
	rule := outgoing.Rule{PerHost: 16}
	var err error
	if rule.Allow, err = networks(c.Networks); err != nil {
		return rule, err
	}
	if len(rule.Allow) == 0 {
		rule.Allow = anywhere()
	}
	for _, s := range c.Servers {
		u, err := url.Parse(s)
		if err != nil {
			return rule, err
		}
		rule.Hosts = append(rule.Hosts, strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")))
	}
	return rule, nil
}

// client makes what asks that directory, for the one that is kept in to.
func (c *LDAPConfig) client(to ldap.Config) (*ldap.Client, error) {
	password, err := secretFile(c.PasswordFile)
	if err != nil {
		return nil, err
	}
	rule, err := c.rule()
	if err != nil {
		return nil, err
	}
	roots, err := poolOf(c.CAFiles)
	if err != nil {
		return nil, err
	}
	dialer := outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.LDAP: rule}, nil)
	to.Servers, to.BaseDN, to.BindDN, to.Password, to.Filter = c.Servers, c.BaseDN, c.BindDN, password, c.Filter
	to.TLS, to.Dial = &tls.Config{RootCAs: roots}, dialer.DialFunc(outgoing.LDAP)
	to.Timeout, to.Interval, to.Compare, to.MaxAge = c.Timeout, c.Interval, c.Compare, c.MaxAge
	to.MailboxDatabase, to.Realm = c.Database, c.Realm
	return ldap.New(to)
}

// poolOf returns the CAs of files, nil for the system's.
func poolOf(files []string) (*x509.CertPool, error) {
	if len(files) == 0 {
		return nil, nil
	}
	pool := x509.NewCertPool()
	return pool, addCAs(pool, files)
}

// maxSecretFile bounds a file that has one password.
const maxSecretFile = 4096

// secretFile reads a password that others may not read. The line's end is none
// of it.
func secretFile(path string) (entente.Secret, error) {
	if err := privateFile(path); err != nil {
		return entente.Secret{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return entente.Secret{}, err
	}
	if info.Size() > maxSecretFile {
		return entente.Secret{}, fmt.Errorf("%s is too large for a password", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return entente.Secret{}, err
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return entente.Secret{}, fmt.Errorf("%s is empty", path)
	}
	return entente.NewSecret(password), nil
}

// openLDAP makes what keeps this organization like another directory, if the
// configuration has one. The tables are there in any case, so that a backup does
// not depend on the configuration.
func (s *Server) openLDAP(ctx context.Context) (err error) {
	if err := s.main.Migrate(ctx, ldap.Schema()); err != nil {
		return err
	}
	c := s.config.LDAP
	if c == nil {
		return nil
	}
	counted := s.metrics.ldap(func() time.Duration {
		if fresh := s.LDAP.Fresh(); !fresh.IsZero() {
			return s.options.Now().Sub(fresh)
		}
		return -1
	})
	to := ldap.Config{
		Directory: s.Directory, DB: s.main, Node: s.config.Name, Now: s.options.Now, Log: s.log,
		Made: func(ctx context.Context, accounts []entente.SID) error {
			return s.Admin.MakeMailboxes(ctx, c.Database, accounts)
		},
		Synced: func(_ context.Context, r ldap.Report, err error) {
			counted.synced(r, err)
			s.synced(r, err)
		},
	}
	if c.Database != "" {
		to.Ready = func(ctx context.Context) error { return s.Admin.CanMakeMailboxes(ctx, c.Database) }
	}
	if s.LDAP, err = c.client(to); err != nil {
		return fmt.Errorf("ldap: %w", err)
	}
	s.onClose(s.LDAP.Close)
	if c.SignIn {
		s.Directory.BindBy(s.LDAP)
	}
	return nil
}

// maxSyncTargets bounds how many names the record of a sync has.
const maxSyncTargets = 200

// synced records what a sync did, and that one waits for an administrator.
func (s *Server) synced(r ldap.Report, err error) {
	var told *entente.Error
	held := errors.As(err, &told) && told.Reason == ldap.Held
	if !held && r.Created+r.Changed+r.Disabled+r.Emptied == 0 || r.DryRun {
		return
	}
	rec := audit.Record{Kind: audit.System, Action: "ldap.sync", Method: access.Local, Allowed: !held, Evidence: r.Server}
	for _, l := range r.Lines {
		switch {
		case l.Action == "refused":
		case len(rec.Targets) == maxSyncTargets:
			rec.Count++
		default:
			rec.Targets = append(rec.Targets, l.Action+" "+l.Name)
		}
	}
	if held {
		rec.Code = string(ldap.Held)
		rec.Targets = []string{told.Text}
	}
	s.Audit.AppendLater(rec)
}
