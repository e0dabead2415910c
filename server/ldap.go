package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"entente"
	"entente/db"
	"entente/directory"
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
	if c.Interval < 0 || c.Compare < 0 || c.MaxAge < 0 || c.Timeout < 0 || c.MaxAge > 0 && c.MaxAge < c.Interval {
		errs = append(errs, errors.New("interval, compare, max_age, timeout: durations such as 1m, max_age not shorter than interval"))
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
		rule.Allow = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
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

// client makes what asks that directory, for the one that is kept here.
func (c *LDAPConfig) client(node string, main *db.DB, d *directory.Directory, now func() time.Time, log *slog.Logger) (*ldap.Client, error) {
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
	return ldap.New(ldap.Config{
		Servers: c.Servers, BaseDN: c.BaseDN, BindDN: c.BindDN, Password: password, TLS: &tls.Config{RootCAs: roots},
		Dial: dialer.DialFunc(outgoing.LDAP), Filter: c.Filter, Timeout: c.Timeout, Interval: c.Interval, Compare: c.Compare, MaxAge: c.MaxAge,
		MailboxDatabase: c.Database, Realm: c.Realm, Directory: d, DB: main, Node: node, Now: now, Log: log,
	})
}

// poolOf returns the CAs of files, nil for the system's.
func poolOf(files []string) (*x509.CertPool, error) {
	if len(files) == 0 {
		return nil, nil
	}
	pool := x509.NewCertPool()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate in it", file)
		}
	}
	return pool, nil
}

// maxSecretFile bounds a file that has one password.
const maxSecretFile = 4096

// secretFile reads a password that others may not read. The line's end is none
// of it.
func secretFile(path string) (entente.Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return entente.Secret{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return entente.Secret{}, fmt.Errorf("%s has mode %04o; others could read the password: chmod 0400 %s", path, info.Mode().Perm(), path)
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
	if s.LDAP, err = c.client(s.config.Name, s.main, s.Directory, s.options.Now, s.log); err != nil {
		return fmt.Errorf("ldap: %w", err)
	}
	s.onClose(s.LDAP.Close)
	if c.SignIn {
		s.Directory.BindBy(s.LDAP)
	}
	return nil
}
