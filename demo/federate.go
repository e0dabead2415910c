package demo

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"

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
	port, err := freePort()
	if err != nil {
		return o, err
	}
	resolvers, loopback := []string{w.names.at.String()}, []string{"127.0.0.0/8"}
	o.broker.Listen.HTTPS = net.JoinHostPort("127.0.0.1", port)
	o.broker.Broker = &server.BrokerConfig{
		Only: true, Issuer: brokerIssuer, URL: "https://" + net.JoinHostPort(brokerHostname, port),
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
	return o, nil
}

// config is that of one of the smaller servers.
func (w *world) config(name, hostname string) server.Config {
	c := server.Config{
		Name: hostname, State: filepath.Join(w.o.State, name), Database: "sqlite:entente.db",
		Listen: server.ListenConfig{HTTPS: "127.0.0.1:0"},
		Admin:  server.AdminConfig{Socket: filepath.Join(w.o.State, name, "admin.sock")},
	}
	return c.WithDefaults()
}

// freePort finds a port for the broker, whose address stands in its tokens and
// must be known before it listens.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), l.Close()
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
