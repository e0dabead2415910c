package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"entente"
)

// Settings are what an administrator writes down of the mail service.
type Settings struct {
	Send    []SendConnector
	Receive []ReceiveConnector
	// Keep is how long a message is tried before its sender hears that it did not
	// arrive (Exchange's MessageExpirationTimeout); 0 is two days.
	Keep time.Duration
	// Warn is after how long he hears that it has not yet (DelayNotificationTimeout);
	// 0 is four hours.
	Warn time.Duration
	// Retry is the longest time between two tries; 0 is half an hour.
	Retry time.Duration
	// AutoForward lets what rules send on leave the organization (Exchange's
	// AutoForwardEnabled of a remote domain).
	AutoForward bool
	// OwnSenders says what becomes of mail from outside that says it is from an
	// accepted domain; "" is MarkOwn.
	OwnSenders OwnSenders
}

// OwnSenders is what becomes of mail from outside that says it is from here.
type OwnSenders string

// What may become of it.
const (
	// MarkOwn delivers it with a sender that is called unverified, and believes
	// nothing it says of meetings.
	MarkOwn   OwnSenders = "mark"
	RefuseOwn OwnSenders = "refuse"
	AllowOwn  OwnSenders = "allow"
)

// Limits of the settings.
const (
	defaultKeep  = 48 * time.Hour
	defaultWarn  = 4 * time.Hour
	defaultRetry = 30 * time.Minute
	defaultSize  = 25 << 20 // threat model, section 7
	maxSize      = 150 << 20
	maxSmartHost = 16
)

// A Security is how a connection to a smart host is kept from others.
type Security string

// The securities.
const (
	StartTLS Security = "starttls" // RFC 3207; no mail passes without
	Implicit Security = "tls"      // from the first byte, RFC 8314 3.3
	Plain    Security = "none"     // on loopback alone
)

// A SendConnector says by which smart hosts mail leaves.
type SendConnector struct {
	Name string
	// AddressSpaces are the domains it leads to: "fabrikam.example", "*.example"
	// for all below, "*" for all. Of several connectors the closest has a domain.
	AddressSpaces []string
	SmartHosts    []string // host:port, tried in this order
	Security      Security // "" is StartTLS, and Plain where all hosts are on loopback
	// TLS has the CAs by which the hosts are known, and this server's certificate if
	// they ask for one.
	TLS      *tls.Config
	User     string // for AUTH; "" for none
	Password entente.Secret
	MaxSize  int64 // of a message; 0 is 25 MiB
}

// A ReceiveConnector says who may bring mail, and how.
type ReceiveConnector struct {
	Name   string
	Listen string // host:port, or the absolute path of a Unix socket
	LMTP   bool   // RFC 2033, by which each recipient has an answer of his own
	// Networks are those from which mail is taken; none is loopback. Others hear
	// nothing. Who may connect to a Unix socket, its folder says.
	Networks []netip.Prefix
	// TLS, if set, has the server's certificates, for STARTTLS.
	TLS        *tls.Config
	RequireTLS bool
	User       string // who brings mail has to prove, by AUTH; "" if he need not
	Password   entente.Secret
	MaxSize    int64 // of a message; 0 is 25 MiB
	MaxTo      int   // recipients of a message; 0 is 500
	AtOnce     int   // connections; 0 is 100
}

// Check completes settings and says everything that is wrong with them.
func (s *Settings) Check() error {
	var errs []error
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&s.Keep, defaultKeep)
	set(&s.Warn, min(defaultWarn, s.Keep))
	set(&s.Retry, defaultRetry)
	if s.OwnSenders == "" {
		s.OwnSenders = MarkOwn
	}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Keep < time.Minute || s.Keep > 7*24*time.Hour {
		bad("keep: is from a minute to seven days")
	}
	if s.Warn < time.Second || s.Warn > s.Keep {
		bad("warn: is from a second to the time that messages are kept")
	}
	if s.Retry < time.Second || s.Retry > s.Keep {
		bad("retry: is from a second to the time that messages are kept")
	}
	if !slices.Contains([]OwnSenders{MarkOwn, RefuseOwn, AllowOwn}, s.OwnSenders) {
		bad("own_senders: %q is none of mark, refuse, allow", s.OwnSenders)
	}
	for i := range s.Send {
		c := &s.Send[i]
		if err := c.check(); err != nil {
			bad("send connector %q: %w", c.Name, err)
		}
		if slices.ContainsFunc(s.Send[:i], func(o SendConnector) bool { return o.Name == c.Name }) {
			bad("send connector %q: there are two", c.Name)
		}
	}
	for i := range s.Receive {
		c := &s.Receive[i]
		if err := c.check(); err != nil {
			bad("receive connector %q: %w", c.Name, err)
		}
		if slices.ContainsFunc(s.Receive[:i], func(o ReceiveConnector) bool { return o.Name == c.Name }) {
			bad("receive connector %q: there are two", c.Name)
		}
	}
	return errors.Join(errs...)
}

// validName reports whether a text can name a connector in records and metrics.
func validName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_ ") == ""
}

func (c *SendConnector) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !validName(c.Name) {
		bad("a name is letters, digits, blanks, dots and dashes")
	}
	if len(c.AddressSpaces) == 0 {
		c.AddressSpaces = []string{"*"}
	}
	for i, a := range c.AddressSpaces {
		domain := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(a), "*"), ".")
		if _, err := entente.ParseDomain(domain); err != nil && a != "*" {
			bad("address_spaces: %q is no domain, *.DOMAIN or *", a)
		}
		c.AddressSpaces[i] = strings.ToLower(strings.TrimSuffix(a, "."))
	}
	if len(c.SmartHosts) == 0 || len(c.SmartHosts) > maxSmartHost {
		bad("smart_hosts: name from one to %d", maxSmartHost)
	}
	near := len(c.SmartHosts) > 0
	for _, h := range c.SmartHosts {
		host, _, err := net.SplitHostPort(h)
		if err != nil || host == "" {
			bad("smart_hosts: %q is not host:port", h)
		}
		near = near && onLoopback(host)
	}
	switch c.Security {
	case "":
		if c.Security = StartTLS; near {
			c.Security = Plain
		}
	case StartTLS, Implicit:
	case Plain:
		if !near {
			bad("security: none is for smart hosts on loopback; mail and passwords could be read on the way")
		}
	default:
		bad("security: %q is none of starttls, tls, none", c.Security)
	}
	if (c.User == "") != c.Password.Empty() || strings.ContainsAny(c.User, "\x00\r\n") {
		bad("user and secret: both or neither")
	}
	if c.MaxSize == 0 {
		c.MaxSize = defaultSize
	}
	if c.MaxSize < 1024 || c.MaxSize > maxSize {
		bad("max_size: is from 1024 bytes to %d", maxSize)
	}
	return errors.Join(errs...)
}

func (c *ReceiveConnector) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !validName(c.Name) {
		bad("a name is letters, digits, blanks, dots and dashes")
	}
	if !c.socket() {
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			bad("listen: %q is neither host:port nor the absolute path of a socket", c.Listen)
		}
	}
	if len(c.Networks) == 0 {
		c.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	if slices.ContainsFunc(c.Networks, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
		bad("networks: name the servers that bring mail; everybody is none of them")
	}
	if (c.User == "") != c.Password.Empty() {
		bad("user and secret: both or neither")
	}
	if c.RequireTLS && c.TLS == nil {
		bad("require_tls: there is no certificate")
	}
	set := func(n *int, to int) {
		if *n == 0 {
			*n = to
		}
	}
	set(&c.MaxTo, 500)
	set(&c.AtOnce, 100)
	if c.MaxSize == 0 {
		c.MaxSize = defaultSize
	}
	if c.MaxSize < 1024 || c.MaxSize > maxSize || c.MaxTo < 1 || c.MaxTo > 5000 || c.AtOnce < 1 || c.AtOnce > 10_000 {
		bad("max_size is from 1024 bytes to %d, max_recipients from 1 to 5000, connections from 1 to 10000", maxSize)
	}
	return errors.Join(errs...)
}

// socket reports whether the connector listens at a Unix socket.
func (c *ReceiveConnector) socket() bool { return strings.HasPrefix(c.Listen, "/") }

func onLoopback(host string) bool {
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && a.IsLoopback()
}

// leads returns how closely a connector's address spaces fit a domain; 0 if they
// do not.
func (c *SendConnector) leads(d entente.Domain) int {
	best := 0
	for _, a := range c.AddressSpaces {
		switch below, wild := strings.CutPrefix(a, "*"); {
		case a == string(d):
			return 1 << 16
		case wild && below == "":
			best = max(best, 1)
		case wild && strings.HasPrefix(below, ".") && strings.HasSuffix(string(d), below):
			best = max(best, 1+len(below))
		}
	}
	return best
}

// connector returns the send connector that leads to a domain; nil if none does.
func (s *Service) connector(d entente.Domain) *SendConnector {
	var found *SendConnector
	best := 0
	for i := range s.Send {
		if n := s.Send[i].leads(d); n > best {
			found, best = &s.Send[i], n
		}
	}
	return found
}
