package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"entente"
	"entente/admin"
	"entente/server"
)

// A forest is a running Active Directory, as `go run ./kerberos/kdctest/lab` says
// where it is. Any other will do that has these accounts, delegation and keys.
type forest struct {
	Realm  string   `json:"realm"`
	Domain string   `json:"domain"`
	KDCs   []string `json:"kdcs"`
	Config string   `json:"krb5_config"`
	Keytab string   `json:"keytab"`
	LDAP   string   `json:"ldap"`
	CA     string   `json:"ldap_ca"`
	Reader struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	} `json:"reader"`
	Users []struct {
		Name     string `json:"name"`
		UPN      string `json:"upn"`
		Password string `json:"password"`
	} `json:"users"`
	Services map[string]struct {
		Account string `json:"account"`
		SPN     string `json:"spn"`
	} `json:"services"`
}

// Roles in the realm: the gateway gets tickets for the client access node in
// users' names by any protocol, and that one for the node with the mailboxes.
const (
	gatewayRole = "gw"
	accessRole  = "cas"
	mailboxRole = "mbx"
)

func readRealm(file string) (*forest, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := new(forest)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s is not what `go run ./kerberos/kdctest/lab` writes: %w", file, err)
	}
	for _, role := range []string{gatewayRole, accessRole, mailboxRole} {
		if s := r.Services[role]; s.Account == "" || !strings.HasPrefix(s.SPN, "HTTP/") {
			return nil, entente.Errorf(entente.Invalid, "%s names no account and SPN HTTP/HOST of %q", file, role)
		}
	}
	if r.Realm == "" || r.Domain == "" || len(r.KDCs) == 0 || r.LDAP == "" || len(r.Users) == 0 {
		return nil, entente.Errorf(entente.Invalid, "%s has no realm, domain, KDCs, LDAP server or users", file)
	}
	return r, nil
}

// name is the host name of a role, as its SPN has it.
func (r *forest) name(role string) string { return r.Services[role].SPN[len("HTTP/"):] }

// A published organization is what the demo runs in a realm: a gateway at the
// edge, a client access node without mailboxes, and a node with them, each by
// its own account.
type published struct {
	host
	*forest
	started time.Time
	access  *server.Server
	mailbox *server.Server
	gateway *server.Server
	phone   phone
	at      string            // where the gateway publishes
	nodes   map[string]string // where the others are reached, by role
}

// open makes the three servers.
func (p *published) open(ctx context.Context) error {
	secret := filepath.Join(p.o.State, "ldap-password")
	if err := errors.Join(os.MkdirAll(p.o.State, 0o700), os.WriteFile(secret, []byte(p.Reader.Password+"\n"), 0o600)); err != nil {
		return err
	}
	if err := p.openOrganization(ctx, secret); err != nil {
		return fmt.Errorf("make the organization: %w", err)
	}
	if err := p.openGateway(ctx, secret); err != nil {
		return fmt.Errorf("make the gateway: %w", err)
	}
	return nil
}

// nodeConfig is that of a server with an account in the realm.
func (p *published) nodeConfig(role string) server.Config {
	c := p.config(role, p.name(role))
	c.URL = "https://127.0.0.1" // in this demo nobody's DNS has the names of the realm
	c.Audit.OwnerReads = true   // there is more to see
	c.Kerberos = &server.KerberosConfig{
		Realm: p.Realm, Keytab: p.Keytab, Services: []string{p.Services[role].SPN}, Account: p.Services[role].Account,
		Realms: []server.KerberosRealmConfig{{Name: p.Realm, KDCs: p.KDCs}},
	}
	return c
}

// ldapConfig has accounts come from the realm's directory.
func (p *published) ldapConfig(secret, database string) *server.LDAPConfig {
	c := &server.LDAPConfig{
		Servers: []string{p.LDAP}, BindDN: p.Reader.Name, PasswordFile: secret, Realm: p.Realm, Database: database, Interval: 10 * time.Second, SignIn: true,
	}
	if p.CA != "" {
		c.CAFiles = []string{p.CA}
	}
	return c
}

// openOrganization makes the two nodes of the organization. They share the
// directory; the mailboxes are in a database that one of them holds.
func (p *published) openOrganization(ctx context.Context, secret string) (err error) {
	shared := "sqlite:" + filepath.Join(p.o.State, "organization.db")
	front, back := p.nodeConfig(accessRole), p.nodeConfig(mailboxRole)
	front.Database, back.Database = shared, shared
	front.LDAP = p.ldapConfig(secret, database)
	if p.mailbox, err = p.server(ctx, p.Domain, back); err != nil {
		return err
	}
	api := administer(p.mailbox)
	domains, err := p.mailbox.Directory.Domains(ctx)
	if err != nil {
		return err
	}
	if len(domains) == 0 {
		if _, err := api.AddDomain(ctx, admin.DomainName{Name: p.Domain}); err != nil {
			return err
		}
		if _, err := api.AddDatabase(ctx, admin.AddDatabase{Name: database}); err != nil {
			return err
		}
	}
	if err := shareMaster(back.State, front.State); err != nil {
		return err
	}
	if p.access, err = p.server(ctx, p.Domain, front); err != nil {
		return err
	}
	p.nodes = map[string]string{}
	for role, s := range map[string]*server.Server{accessRole: p.access, mailboxRole: p.mailbox} {
		l, err := p.listen(ctx, s)
		if err != nil {
			return err
		}
		p.nodes[role] = l.Addr().String()
	}
	return synced(ctx, p.access)
}

// synced waits until a server, which does so by itself, has read the realm's
// directory for the first time.
func synced(ctx context.Context, s *server.Server) error {
	const wait, look = time.Minute, 20 * time.Millisecond
	for end := time.Now().Add(wait); s.LDAP.Fresh().IsZero(); {
		if time.Now().After(end) {
			return entente.Errorf(entente.Unavailable, "the directory of the realm was not read within %v: entente ldap status", wait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
	}
	return nil
}

// shareMaster gives a new node the organization's master key, as an administrator
// would.
func shareMaster(from, to string) error {
	const name = "master.key"
	key, err := os.ReadFile(filepath.Join(from, "keys", name))
	if err != nil {
		return err
	}
	dir := filepath.Join(to, "keys")
	if err := errors.Join(os.MkdirAll(to, 0o700), os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	file := filepath.Join(dir, name)
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	return os.WriteFile(file, key, 0o400)
}

// openGateway makes the gateway: it has a copy of the realm's accounts and
// nothing else of the organization, neither its keys nor its database.
func (p *published) openGateway(ctx context.Context, secret string) (err error) {
	if err := p.phone.authority(filepath.Join(p.o.State, "phones"), p.publicName()); err != nil {
		return err
	}
	c := p.nodeConfig(gatewayRole)
	c.LDAP = p.ldapConfig(secret, "")
	c.Publish = &server.PublishConfig{
		Only: true,
		Listeners: []server.PublishListenerConfig{{
			Name: "phones", Address: p.o.Listen, Auth: []string{"certificate"},
			Certificates: []server.CertificateConfig{{Cert: p.phone.file("gateway.pem"), Key: p.phone.file("gateway.key")}},
			Authorities:  []server.AuthorityConfig{{Name: "phones", Files: []string{p.phone.file("ca.pem")}, Revocation: "none"}},
		}},
		Rules: []server.PublishRuleConfig{{
			Name: "exchange", Listener: "phones", Names: []string{p.publicName()}, Preset: "exchange",
			Site: p.name(accessRole), Inside: []string{"https://" + p.nodes[accessRole]}, CAFiles: []string{p.access.CAFile()}, Delegation: "kerberos",
		}},
	}
	if p.gateway, err = p.server(ctx, "gateway of "+p.Domain, c); err != nil {
		return err
	}
	if domains, err := p.gateway.Directory.Domains(ctx); err != nil {
		return err
	} else if len(domains) == 0 {
		if _, err := administer(p.gateway).AddDomain(ctx, admin.DomainName{Name: p.Domain}); err != nil {
			return err
		}
	}
	if err := synced(ctx, p.gateway); err != nil {
		return err
	}
	l, err := p.listen(ctx, p.gateway)
	if err != nil {
		return err
	}
	p.at = l.Published("phones").String()
	// Autodiscover tells clients outside to come to the gateway.
	q := admin.SetVirtualDirectory{ExternalURL: p.url()}
	q.Server, q.Protocol = p.name(accessRole), "ews"
	if _, err := administer(p.access).SetVirtualDirectory(ctx, q); err != nil {
		return err
	}
	user := p.Users[0]
	a, ok := p.gateway.Directory.Snapshot().FindUPN(user.UPN)
	if !ok {
		return entente.Errorf(entente.NotFound, "the realm has no %s", user.UPN)
	}
	return p.phone.issue(user.Name, a.SID)
}

// publicName is under what the gateway publishes.
func (p *published) publicName() string { return "mail." + p.Domain }

// url is where a phone finds the EWS of the organization.
func (p *published) url() string {
	_, port, _ := net.SplitHostPort(p.at)
	return "https://" + net.JoinHostPort(p.publicName(), port) + "/EWS/Exchange.asmx"
}

// run serves everything until ctx ends, or while f runs.
func (p *published) run(ctx context.Context, f func(Target) error) error {
	return p.serve(ctx, p.ready, func() error {
		if f == nil {
			return nil
		}
		user := p.Users[0]
		return f(Target{EWS: p.url(), CA: p.phone.file("ca.pem"), Users: []string{user.UPN}, Password: user.Password})
	}, f == nil)
}

// ready has a phone ask for its owner's inbox, through all three, and says what
// runs where and who has recorded what of it.
func (p *published) ready(ctx context.Context) error {
	user := p.Users[0].Name
	request, err := p.phone.ask(ctx, user, p.url())
	if err != nil {
		return fmt.Errorf("the phone of %s: %w", user, err)
	}
	records, err := p.records(ctx, request)
	if err != nil {
		return err
	}
	p.print(p.o.Out, records)
	return nil
}

// A recorded is what one server wrote down about a request.
type recorded struct {
	where string
	admin.RecordInfo
}

// records are those of one request, in the order in which it went. What owners
// read is recorded a moment later.
func (p *published) records(ctx context.Context, request string) (all []recorded, err error) {
	const wait, look = 10 * time.Second, 50 * time.Millisecond
	for end := time.Now().Add(wait); ; {
		all, err = p.recorded(ctx, request)
		n := len(all)
		if err != nil || n > 0 && all[n-1].where == p.name(mailboxRole) || time.Now().After(end) {
			return all, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(look):
		}
	}
}

func (p *published) recorded(ctx context.Context, request string) (all []recorded, err error) {
	for _, log := range []struct {
		s      *server.Server
		names  []string
		filter admin.AuditFilter
	}{
		// The gateway records who came in, and not what he did then.
		{p.gateway, []string{p.name(gatewayRole)}, admin.AuditFilter{As: p.Users[0].UPN}},
		{p.access, []string{p.name(accessRole), p.name(mailboxRole)}, admin.AuditFilter{Request: request}},
	} {
		found, err := administer(log.s).SearchAudit(ctx, admin.SearchAudit{AuditFilter: log.filter, Limit: 10})
		if err != nil {
			return nil, err
		}
		for _, node := range log.names {
			for _, r := range found {
				if r.Node == node {
					all = append(all, recorded{node, r})
				}
			}
		}
	}
	return all, nil
}

// print says what runs where.
func (p *published) print(w io.Writer, records []recorded) {
	user := p.Users[0]
	fmt.Fprintf(w, "The realm %s is published after %v. Everything is on loopback.\n\n", p.Realm, time.Since(p.started).Round(time.Millisecond))
	fmt.Fprintf(w, "  Gateway             %s at %s\n  Client access node  %s at %s\n  Mailbox node        %s at %s\n  Directory           %s\n  State               %s\n\n",
		p.name(gatewayRole), p.at, p.name(accessRole), p.nodes[accessRole], p.name(mailboxRole), p.nodes[mailboxRole], p.LDAP, p.o.State)
	fmt.Fprintf(w, "The phone of %s asked for the inbox, with a certificate at the gateway and by Kerberos from there on. Of it is recorded:\n\n", user.UPN)
	for _, r := range records {
		fmt.Fprintf(w, "  %-20s %s as %s by %s %s\n", r.where, r.Action, r.As, r.Method, r.Code)
		for _, v := range r.Via {
			fmt.Fprintf(w, "  %-20s   via %s\n", "", v)
		}
	}
	fmt.Fprintf(w, "\nTry:\n")
	for _, t := range p.trials() {
		fmt.Fprintf(w, "\n# %s\n%s\n", t.what, t.command)
	}
	fmt.Fprintln(w, "\nControl-C ends the demo.")
}

// trials are commands to try.
func (p *published) trials() []trial {
	user := p.Users[0]
	_, port, _ := net.SplitHostPort(p.at)
	entente := func(role, command string) string {
		return fmt.Sprintf("%s --admin %s %s", quote(p.o.Program), quote(filepath.Join(p.o.State, role, "admin.sock")), command)
	}
	request := strings.ReplaceAll(inboxRequest, "'", "")
	return []trial{
		{"the inbox, with curl and the phone's certificate", fmt.Sprintf("curl -sS --cacert %s --cert %s --key %s --resolve %s:%s:127.0.0.1 -H 'Content-Type: text/xml' -d '%s' %s",
			quote(p.phone.file("ca.pem")), quote(p.phone.file(user.Name+".pem")), quote(p.phone.file(user.Name+".key")), p.publicName(), port, request, p.url())},
		{"does the rule work, and if not, what is to be set", entente(gatewayRole, "rule test exchange --user "+user.UPN)},
		{"who was let in at the gateway", entente(gatewayRole, "audit search --limit 5")},
		{"what the node with the mailbox knows of it", entente(mailboxRole, "audit search --limit 5 --json")},
	}
}
