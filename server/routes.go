package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"entente/authn"
	"entente/clientaccess"
	"entente/connections"
	"entente/directory"
	"entente/ews/ewsserver"
	"entente/federation"
	"entente/outgoing"
	"entente/route"
	"entente/sharing"
)

// Purposes for which this server connects to others.
const (
	purposeDatabase outgoing.Purpose = "database"
	purposeACME     outgoing.Purpose = "acme"
)

// outgoingRules say what each purpose may reach. The database is where the
// administrator put it, so any address will do; an authority is on the Internet.
//
// sockets are the folders of PostgreSQL's Unix sockets.
func outgoingRules(sockets ...string) map[outgoing.Purpose]outgoing.Rule {
	return map[outgoing.Purpose]outgoing.Rule{
		purposeDatabase: {Allow: anywhere(), Sockets: append(sockets, "/run/postgresql", "/var/run/postgresql"), AtOnce: 256, PerHost: 256},
		purposeACME:     {},
	}
}

// anywhere is every network, for what the administrator or the sealed directory
// says where it is.
func anywhere() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
}

// routes has every path clients reach, and no other. Paths have no case:
// DavMail posts to /ews/exchange.asmx. What is not spelled plainly is refused
// rather than cleaned up, so that nobody in front of us reads it differently
// (ProxyShell).
func (s *Server) routes() http.Handler {
	table := map[string]http.Handler{}
	if c := s.config.Broker; (c == nil || !c.Only) && !s.config.publishOnly() {
		s.organizationRoutes(table)
	}
	s.brokerRoutes(table)
	table["/healthz"] = http.HandlerFunc(healthz)
	table["/readyz"] = http.HandlerFunc(s.readyz)
	var paths route.Table[http.Handler]
	for path, h := range table {
		paths.Add(path, h)
	}
	return s.nodes.Arrive(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, _, ok := paths.Find(r.URL.EscapedPath())
		if !ok {
			http.NotFound(w, r)
			return
		}
		connections.Paced(w, r)
		ctx, cancel := clientaccess.Bounded(r.Context(), s.config.Limits.RequestTimeout)
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	}))
}

// organizationRoutes has the paths of an organization's clients and partners.
func (s *Server) organizationRoutes(table map[string]http.Handler) {
	// The port is known only now, and clients are told it.
	s.auto.EWS, s.auto.External = s.EWSURL(), s.externalURL()+"/EWS/Exchange.asmx"
	s.auto.ActiveSync, s.auto.ExternalActiveSync = s.ActiveSyncURL(), s.externalURL()+"/Microsoft-Server-ActiveSync"
	maps.Copy(table, s.auto.Routes(s.Door))
	table["/ews/exchange.asmx"] = s.Door.Guard(clientaccess.EWS, s.ews)
	table["/ews/exchange.asmx/wssecurity"] = s.Door.GuardFederated(clientaccess.EWS, s.delegation.At(authn.WSSecurity), s.ews)
	table["/ews/exchange.asmx/wssecurity/symmetrickey"] = s.Door.GuardFederated(clientaccess.EWS, s.delegation.At(authn.SymmetricKey), s.ews)
	maps.Copy(table, ewsserver.SchemaRoutes(s.EWSURL()))
	s.activeSyncRoutes(table)
	s.nodeRoutes(table)
	table[sharing.Prefix] = s.sharing
	table[federation.PathNotice] = http.HandlerFunc(s.news)
}

func healthz(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

// readyTimeout bounds how long a load balancer waits to learn that a database
// does not answer.
const readyTimeout = 2 * time.Second

// readyz says whether requests would be answered: the directory's database can
// be read. It tells strangers nothing else.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if _, err := s.Directory.Domains(ctx); err != nil {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// port is the port of the HTTPS listener once it is known; clients are told it
// unless it is the usual one.
type port struct{ n atomic.Int64 }

func (s *Server) listenPort(a net.Addr) {
	if t, ok := a.(*net.TCPAddr); ok {
		s.port.n.Store(int64(t.Port))
	}
}

func (s *Server) publicHost() string {
	host := s.config.Name
	if s.options.Demo {
		host = "localhost"
	}
	if n := s.port.n.Load(); n != 0 && n != 443 {
		return net.JoinHostPort(host, fmt.Sprint(n))
	}
	return host
}

// register enters this node among the organization's, with the key by which
// the others know it.
func (s *Server) register(ctx context.Context) error {
	signer, err := s.ring.NodeSigner()
	if err != nil {
		return err
	}
	public, ok := signer.Public().(ed25519.PublicKey)
	if !ok {
		return errors.New("the node's key is not Ed25519")
	}
	return s.Directory.Register(ctx, directory.Node{
		ID: s.config.Name, Name: s.config.Name, URL: s.nodeURL(),
		PublicKey: public,
	})
}
