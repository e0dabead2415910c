package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"entente"
	"entente/admin"
	"entente/federation"
	"entente/federation/brokerapi"
	"entente/server"
)

// The trust broker of the demo, which serves no organization.
const (
	broker         = "broker"
	brokerHostname = "broker.example"
	brokerIssuer   = "urn:federation:entente:demo"
)

// otherConfigs are those of the servers that contoso meets as strangers.
type otherConfigs struct{ fabrikam, broker server.Config }

// abroad configures the servers of the federation: each trusts the others'
// certificates and finds them by the demo's name server.
func (w *world) abroad(ctx context.Context, contoso *server.Config) (o otherConfigs, err error) {
	o.fabrikam, o.broker = w.config(fabrikam, fabrikamHostname), w.config(broker, brokerHostname)
	port, err := w.port(broker, "port")
	if err != nil {
		return o, err
	}
	w.brokerURL = "https://" + net.JoinHostPort(brokerHostname, port)
	resolvers, loopback := []string{w.names.at.String()}, []string{"127.0.0.0/8"}
	o.broker.Listen.HTTPS = net.JoinHostPort("127.0.0.1", port)
	o.broker.Broker = &server.BrokerConfig{
		Only: true, Issuer: brokerIssuer, URL: w.brokerURL,
		// One name server is all there is, and the authority for everything.
		Resolvers: resolvers, OneResolver: true, DNSPort: w.names.at.Port(), Allow: loopback,
	}
	reach := &server.FederationConfig{Resolvers: resolvers, Allow: loopback}
	for _, c := range []server.Config{*contoso, o.fabrikam, o.broker} {
		file, err := server.MakeCA(ctx, c, server.Options{Demo: true})
		if err != nil {
			return o, err
		}
		reach.CAFiles = append(reach.CAFiles, file)
	}
	contoso.Federation, o.fabrikam.Federation = reach, reach
	return o, w.mailed(contoso, &o.fabrikam, &o.broker)
}

// port is a port of a server that others know it by, and so the same each time once
// it is chosen: the broker's stands in what both organizations keep of their trust.
func (w *world) port(name, file string) (string, error) {
	dir := filepath.Join(w.o.State, name)
	file = filepath.Join(dir, file)
	if text, err := os.ReadFile(file); err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	return port, errors.Join(l.Close(), os.MkdirAll(dir, 0o700), os.WriteFile(file, []byte(port+"\n"), 0o600))
}

// A member is an organization of the federation.
type member struct {
	name    string
	server  *server.Server
	domains []string
	shows   string // of its calendars to the other, at most
	scope   string // whose; "" for everybody's
	contact string // who looks after the trust
}

func (w *world) members() []member {
	return []member{
		{organization, w.contoso.s, contosoDomains(), "AvailabilityOnly", "", people[0].alias},
		{fabrikam, w.fabrikam, fabrikamDomains(), "LimitedDetails", fabrikamScope, fabrikamPeople[0].alias},
	}
}

// federate has both organizations trust the broker, prove their domains and agree
// on what they show each other. What an earlier demo did in the same state stays;
// the name server knows nothing of it.
func (w *world) federate(ctx context.Context) error {
	both := w.members()
	errs := together(
		func() error { return w.trust(ctx, &both[0]) },
		func() error { return w.trust(ctx, &both[1]) },
	)
	errs = append(errs, relate(ctx, &both[0], &both[1]), relate(ctx, &both[1], &both[0]))
	return errors.Join(errs...)
}

// trust makes an organization's trust in the broker and federates its domains.
func (w *world) trust(ctx context.Context, m *member) error {
	f := m.server.Federation
	if f.Trust() == nil {
		thumbprint, err := f.MakeCertificate(ctx, federation.NewCertificate{Life: w.o.life})
		if err != nil {
			return fmt.Errorf("%s: make a certificate: %w", m.name, err)
		}
		if _, err := f.CreateTrust(ctx, federation.NewTrust{
			Thumbprint: thumbprint,
			Name:       broker, Broker: w.brokerURL, Domain: entente.Domain(m.domains[0]), Contact: entente.SMTPAddress(m.contact + "@" + m.domains[0]),
		}); err != nil {
			return fmt.Errorf("%s: trust the broker: %w", m.name, err)
		}
	}
	for i, d := range m.domains {
		name := entente.Domain(d)
		if !f.Trust().Federated(name) {
			add := f.AddDomain
			if i == 0 {
				add = func(ctx context.Context, d entente.Domain) (brokerapi.DomainInfo, error) {
					return f.SetNamespace(ctx, string(d))
				}
			}
			if _, err := add(ctx, name); err != nil {
				return fmt.Errorf("%s: federate %s: %w", m.name, d, err)
			}
		}
		proofs, err := f.Proofs(name, "")
		if err != nil {
			return err
		}
		for _, p := range proofs {
			w.names.addTXT(p.Name, p.Proof)
		}
		if info, err := f.CheckDomain(ctx, name); err != nil || info.State != brokerapi.Active {
			return fmt.Errorf("%s: the proof of %s: %s %w", m.name, d, info.Problem, err)
		}
	}
	return nil
}

// relate makes one side of the organization relationship, which the other does
// too. The other's own signing key is pinned: the broker alone cannot speak for
// it.
func relate(ctx context.Context, m, other *member) error {
	peer := other.server.Federation.Peer()
	if _, ok := m.server.Directory.Snapshot().RelationshipFor(entente.Domain(other.domains[0])); ok || peer == nil {
		return nil
	}
	q := admin.CreateRelationship{RelationshipName: admin.RelationshipName{Name: other.name}, Domains: other.domains}
	q.FreeBusy, q.FreeBusyLevel, q.FreeBusyScope = "on", m.shows, m.scope
	q.ApplicationURI = peer.ApplicationURI
	q.Keys = []string{peer.Keys[0].Key.Thumbprint()}
	_, err := administer(m.server).CreateRelationship(ctx, q)
	return err
}

// announce puts a server into DNS: its own name, in the zone of its first domain,
// and where Autodiscover is for each domain (which partners find by SRV, since the
// port is not the usual one).
func (n *names) announce(hostname string, at netip.AddrPort, domains ...string) error {
	if err := n.add(domains[0], fmt.Sprintf("%s. A %s", hostname, at.Addr())); err != nil {
		return err
	}
	for _, d := range domains {
		if err := n.add(d, fmt.Sprintf("_autodiscover._tcp.%s. SRV 0 0 %d %s.", d, at.Port(), hostname)); err != nil {
			return err
		}
	}
	return nil
}
