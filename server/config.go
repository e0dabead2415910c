// Package server builds a running server from its configuration. It is the one
// place where the rooms are joined; it has no rules of its own, and no state
// outside a Server, so that several organizations run in one process.
package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"entente"
)

// A Config is the configuration file, entente.yaml: what a node must know
// before it can read its database. Everything that may change while it runs is
// kept in the directory and changed through `entente <noun> <verb>`.
//
// The doc tags are the documentation: doc/config.md and `entente config
// example` are made from them.
type Config struct {
	Name      string           `yaml:"name" doc:"DNS name of this server, as clients write it into their settings. Also the name on which the right to impersonate (ms-Exch-EPI-Impersonation) is held."`
	URL       string           `yaml:"url,omitempty" doc:"Where the other nodes of the organization reach this one, such as https://10.0.0.5. Without a port, that of the HTTPS listener; without it all, the name."`
	State     string           `yaml:"state" doc:"Folder of this node's own files: SQLite databases, keys, generated certificates, the admin socket. Mode 0700."`
	Database  string           `yaml:"database" doc:"Where the directory, settings and audit log are: sqlite:FILE (relative to state) or a postgres:// URL. Default sqlite:entente.db."`
	Listen    ListenConfig     `yaml:"listen" doc:"Where clients connect."`
	TLS       TLSConfig        `yaml:"tls" doc:"Certificates of the HTTPS listener. Without any, one is generated and signed by a CA of this node (state/ca.pem)."`
	Admin     AdminConfig      `yaml:"admin" doc:"Where administrators connect."`
	Log       LogConfig        `yaml:"log" doc:"Log records go to standard error."`
	Audit     AuditConfig      `yaml:"audit" doc:"What the audit log keeps."`
	Limits    LimitsConfig     `yaml:"limits" doc:"Limits that may need to differ from the defaults."`
	Nodes     *NodesConfig     `yaml:"nodes,omitempty" doc:"How this node takes requests to the other nodes of the organization."`
	Transport *TransportConfig `yaml:"transport,omitempty" doc:"Mail to and from other organizations: by which smart hosts it leaves, and which servers bring it."`
	Relay     *RelayConfig     `yaml:"relay,omitempty" doc:"One side of a relay to a group of limited trust, or from one: free/busy and invitations pass, mail for members is brought to the server inside."`

	Kerberos *KerberosConfig `yaml:"kerberos,omitempty" doc:"Sign-in by Kerberos tickets (Negotiate), and the account that gets tickets in the name of users."`

	ActiveSync *ActiveSyncConfig `yaml:"activesync,omitempty" doc:"How phones are served, by Exchange ActiveSync."`

	Broker     *BrokerConfig     `yaml:"broker,omitempty" doc:"Makes this server a trust broker for organizations that federate, beside its own organization or instead of one."`
	Federation *FederationConfig `yaml:"federation,omitempty" doc:"How the trust broker and partner organizations are reached. The trust itself is set by entente federation."`
	Publish    *PublishConfig    `yaml:"publish,omitempty" doc:"Makes this server a gateway that publishes servers inside, its own among them or others."`
	LDAP       *LDAPConfig       `yaml:"ldap,omitempty" doc:"The Active Directory that accounts and groups come from."`
}

// ListenConfig says where clients connect.
type ListenConfig struct {
	HTTPS   string   `yaml:"https" doc:"Address of the HTTPS listener. Default :443."`
	HTTP    string   `yaml:"http,omitempty" doc:"Address of a plain HTTP listener for the proxies named in trusted_proxies, which end TLS themselves. Off by default; refused without trusted_proxies."`
	Proxies []string `yaml:"trusted_proxies,omitempty" doc:"Addresses or networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Requests to the plain listener from anywhere else are refused."`
}

// TLSConfig names certificates.
type TLSConfig struct {
	Certificates []CertificateConfig `yaml:"certificates,omitempty" doc:"Certificate and key files (PEM); the one that fits the client's hello is used, so an ECDSA and an RSA one may stand side by side."`
	ACME         *ACMEConfig         `yaml:"acme,omitempty" doc:"Certificates from an ACME authority such as Let's Encrypt (TLS-ALPN-01, needs port 443)."`
	Clients      *ClientsConfig      `yaml:"clients,omitempty" doc:"Client certificates that sign people in, at virtual directories that take them. Never by a proxy's headers: TLS has to end here."`
}

// CertificateConfig is a pair of PEM files.
type CertificateConfig struct {
	Cert string `yaml:"cert" doc:"Chain, leaf first."`
	Key  string `yaml:"key" doc:"Private key, mode 0400 or 0600."`
}

// ACMEConfig is an account at an ACME authority.
type ACMEConfig struct {
	Directory string   `yaml:"directory,omitempty" doc:"URL of the authority. Default: Let's Encrypt."`
	Email     string   `yaml:"email,omitempty" doc:"Contact address for the authority."`
	Names     []string `yaml:"names" doc:"DNS names to get certificates for."`
}

// AdminConfig says where administrators connect.
type AdminConfig struct {
	Socket  string `yaml:"socket,omitempty" doc:"Unix socket of the administration API, mode 0600. Default state/admin.sock."`
	Metrics string `yaml:"metrics,omitempty" doc:"Loopback address for Prometheus /metrics, such as 127.0.0.1:9090. They are always on the admin socket too."`
	Pprof   bool   `yaml:"pprof,omitempty" doc:"Profiles under /debug/pprof on the admin socket. Default false."`
}

// LogConfig says what is logged and how.
type LogConfig struct {
	Level  string `yaml:"level,omitempty" doc:"debug, info, warn or error; debug has a line for each request. Default info."`
	Format string `yaml:"format,omitempty" doc:"text or json. Default text."`
}

// AuditConfig says what the audit log keeps.
type AuditConfig struct {
	OwnerReads bool `yaml:"owner_reads,omitempty" doc:"Record what owners read in their own mailboxes too. Default false, as in Exchange."`
}

// LimitsConfig has the limits that may differ.
type LimitsConfig struct {
	Concurrency     int           `yaml:"concurrency,omitempty" doc:"Requests of one caller for one user at once, where no throttling policy says otherwise. Default 27."`
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout,omitempty" doc:"How long requests under way may take when the server stops. Default 30s."`
	RequestTimeout  time.Duration `yaml:"request_timeout,omitempty" doc:"How long one request may take. Default 60s."`
}

// maxConfig bounds the file.
const maxConfig = 1 << 20

// ReadConfig reads a configuration file strictly: an unknown or doubled key is
// an error that names its line.
func ReadConfig(r io.Reader) (Config, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxConfig+1))
	if err != nil {
		return Config{}, err
	}
	if len(b) > maxConfig {
		return Config{}, errors.New("the configuration is larger than 1 MiB")
	}
	var c Config
	dec := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict(), yaml.DisallowUnknownField())
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	c.defaults()
	return c, c.Check()
}

// WithDefaults returns the configuration with every key that was left out set,
// for those who make one in code.
func (c Config) WithDefaults() Config {
	c.defaults()
	return c
}

func (c *Config) defaults() {
	set := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	set(&c.Database, "sqlite:entente.db")
	set(&c.Listen.HTTPS, ":443")
	set(&c.Log.Level, "info")
	set(&c.Log.Format, "text")
	if c.State != "" {
		set(&c.Admin.Socket, filepath.Join(c.State, "admin.sock"))
	}
	if c.Limits.Concurrency == 0 {
		c.Limits.Concurrency = 27
	}
	if c.Limits.ShutdownTimeout == 0 {
		c.Limits.ShutdownTimeout = 30 * time.Second
	}
	if c.Limits.RequestTimeout == 0 {
		c.Limits.RequestTimeout = time.Minute
	}
}

// Check says everything that is wrong with the configuration, not only the
// first thing.
func (c *Config) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, err := entente.ParseDomain(c.Name); err != nil {
		bad("name: %q is not a DNS name; write the name clients connect to, such as mail.contoso.example", c.Name)
	}
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "") {
		bad("url: %q is not of the form https://HOST or https://HOST:PORT", c.URL)
	}
	if !filepath.IsAbs(c.State) {
		bad("state: %q is not an absolute path", c.State)
	}
	if err := checkDatabase(c.Database); err != nil {
		bad("database: %w", err)
	}
	if c.Listen.HTTP != "" && len(c.Listen.Proxies) == 0 {
		bad("listen.http: plain HTTP is served only to proxies; name them in listen.trusted_proxies")
	}
	if _, err := c.proxies(); err != nil {
		bad("listen.trusted_proxies: %w", err)
	}
	if c.TLS.ACME != nil && len(c.TLS.ACME.Names) == 0 {
		bad("tls.acme.names: name the hosts to get certificates for")
	}
	if c.TLS.Clients != nil {
		if err := c.TLS.Clients.check(); err != nil {
			bad("tls.clients: %w", err)
		}
	}
	if c.Admin.Metrics != "" && !loopback(c.Admin.Metrics) {
		bad("admin.metrics: %q is not a loopback address", c.Admin.Metrics)
	}
	if !oneOf(c.Log.Level, "debug", "info", "warn", "error") {
		bad("log.level: %q is none of debug, info, warn, error", c.Log.Level)
	}
	if !oneOf(c.Log.Format, "text", "json") {
		bad("log.format: %q is neither text nor json", c.Log.Format)
	}
	if c.Relay != nil {
		if err := c.Relay.check(); err != nil {
			bad("relay: %w", err)
		}
	}
	if c.Transport != nil {
		if err := c.Transport.check(); err != nil {
			bad("transport: %w", err)
		}
	}
	if c.ActiveSync != nil {
		if err := c.ActiveSync.check(); err != nil {
			bad("activesync: %w", err)
		}
	}
	if c.Kerberos != nil {
		if err := c.Kerberos.check(); err != nil {
			bad("kerberos: %w", err)
		}
	}
	if c.Broker != nil {
		if err := c.Broker.check(); err != nil {
			bad("broker: %w", err)
		}
	}
	if c.Federation != nil {
		if err := c.Federation.check(); err != nil {
			bad("federation: %w", err)
		}
	}
	if c.Publish != nil {
		if err := c.Publish.check(c); err != nil {
			bad("publish: %w", err)
		}
	}
	if c.LDAP != nil {
		if err := c.LDAP.check(); err != nil {
			bad("ldap: %w", err)
		}
	}
	if c.Limits.Concurrency < 1 || c.Limits.ShutdownTimeout < 0 || c.Limits.RequestTimeout < time.Second {
		bad("limits: concurrency is at least 1, request_timeout at least 1s")
	}
	return errors.Join(errs...)
}

func checkDatabase(s string) error {
	if file, ok := strings.CutPrefix(s, "sqlite:"); ok {
		if file == "" {
			return errors.New("sqlite: needs a file name")
		}
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return errors.New("is neither sqlite:FILE nor a postgres:// URL")
	}
	return nil
}

// proxies returns the networks whose forwarding headers are believed.
func (c *Config) proxies() ([]netip.Prefix, error) {
	var nets []netip.Prefix
	for _, s := range c.Listen.Proxies {
		if a, err := netip.ParseAddr(s); err == nil {
			nets = append(nets, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network", s)
		}
		nets = append(nets, p)
	}
	return nets, nil
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && a.IsLoopback())
}

func oneOf(s string, of ...string) bool {
	for _, o := range of {
		if s == o {
			return true
		}
	}
	return false
}
