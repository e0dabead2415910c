// Package ruletest says why a publishing rule does not work: it goes the way of a
// request step by step, as a named user, and tells of each step what was seen and,
// where that is wrong, the setting to change.
//
// It changes nothing, keeps nothing and asks everything anew. A step that fails
// stops only what depends on it.
package ruletest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"entente"
	"entente/access"
	"entente/authn/clientcert"
	"entente/directory/ldap"
	"entente/kerberos"
	"entente/kerberos/pac"
	"entente/outgoing"
	"entente/publish"
)

// A State is how a check went.
type State string

const (
	OK      State = "ok"
	Warning State = "warning" // it works, and is not as it should be
	Failed  State = "failed"
	Skipped State = "skipped" // what it depends on failed, or is not there
)

// A Line is one check: what was looked at, what was seen, and what to do.
type Line struct {
	Check  string `json:"check"`
	State  State  `json:"state"`
	Seen   string `json:"seen"`
	Remedy string `json:"remedy,omitempty"`
}

// A Directory tells of accounts in Active Directory: an *ldap.Client.
type Directory interface {
	Server(ctx context.Context) (ldap.Server, error)
	FunctionalLevel(ctx context.Context) (int, error)
	ServiceAccount(ctx context.Context, name string) (ldap.ServiceAccount, error)
	HoldersOf(ctx context.Context, spn entente.SPN) ([]string, error)
}

// Config is a rule and what it works with.
type Config struct {
	Listener publish.Listener
	Rule     publish.Rule
	Dialer   *outgoing.Dialer
	// Kerberos is by what tickets are got; nil if this server has no account that
	// may.
	Kerberos *kerberos.DelegatorConfig
	// Directory is nil if none is read.
	Directory Directory
	Snapshot  func() *access.Snapshot
	// Fresh is as of when accounts are known, if they are another directory's.
	Fresh func() time.Time
	// Authorities are those of the listener's judge.
	Authorities []clientcert.Authority
	Now         func() time.Time
}

// A Question is as whom a rule is tested.
type Question struct {
	User        string              // UPN, address, SID or logon name; empty tests what needs nobody
	Certificate []*x509.Certificate // a client's, leaf first; may be empty
}

// Test goes through a rule. It ends by itself within a minute or so, and earlier
// if ctx does.
func Test(ctx context.Context, c Config, q Question) []Line {
	r := &run{Config: c, question: q}
	r.outside()
	r.servers(ctx)
	if d := c.Rule.Delegation; d == publish.KCD || d == publish.KCDKerberosOnly {
		r.realm(ctx)
		r.ownAccount(ctx)
		r.service(ctx)
	}
	r.user(ctx)
	r.certificate(ctx)
	r.tickets(ctx)
	r.requests(ctx)
	return r.lines
}

// Works reports whether nothing failed.
func Works(lines []Line) bool {
	for _, l := range lines {
		if l.State == Failed {
			return false
		}
	}
	return true
}

// A run is one test at work, with what later steps need of earlier ones.
type run struct {
	Config
	question Question
	lines    []Line

	reached   []*inside // servers inside that proved themselves
	kdc       bool      // one answers
	signedIn  bool      // the keytab's key is the account's
	account   *ldap.ServiceAccount
	who       *access.Account
	evidence  *kerberos.Ticket // to ourselves, in the user's name
	says      *pac.PAC         // what the realm says in it
	ticket    *kerberos.Ticket // for the site
	delegator *kerberos.Delegator
}

func (r *run) add(check string, s State, seen, remedy string) {
	r.lines = append(r.lines, Line{check, s, seen, remedy})
}

func (r *run) ok(check, format string, args ...any) {
	r.add(check, OK, fmt.Sprintf(format, args...), "")
}

func (r *run) failed(check, seen, format string, args ...any) {
	r.add(check, Failed, seen, fmt.Sprintf(format, args...))
}

func (r *run) warn(check, seen, format string, args ...any) {
	r.add(check, Warning, seen, fmt.Sprintf(format, args...))
}

func (r *run) skipped(check, why string) { r.add(check, Skipped, why, "") }

// rule names the rule in remedies, as the configuration has it.
func (r *run) rule(key string) string {
	return fmt.Sprintf("publish.rules[%s].%s", r.Rule.Name, key)
}

func (r *run) listener(key string) string {
	return fmt.Sprintf("publish.listeners[%s].%s", r.Listener.Name, key)
}

// reason returns the reason of an error, "" if it has none.
func reason(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// plain is an error for administrators: what is behind it too, on one line.
func plain(err error) string {
	var e *entente.Error
	if errors.As(err, &e) && e.Err != nil {
		return oneLine(e.Text + ": " + plain(e.Err))
	}
	return oneLine(err.Error())
}

// maxSeen bounds what is said of one thing seen.
const maxSeen = 400

func oneLine(s string) string {
	b := make([]rune, 0, min(len(s), maxSeen))
	for _, c := range s {
		if len(b) == maxSeen {
			return string(b) + "…"
		}
		if c < ' ' || c == 0x7f {
			c = ' '
		}
		b = append(b, c)
	}
	return string(b)
}

// days tells how long something still lasts.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Minute).String()
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// soon is how long before its end a certificate is warned of.
const soon = 14 * 24 * time.Hour

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() || errors.Is(err, context.DeadlineExceeded)
}
