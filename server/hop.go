package server

import (
	"context"
	"net/http"
	"time"

	"entente"
	"entente/authn"
	"entente/clientaccess"
	"entente/hop"
)

// NodesConfig is how this node takes requests to others.
type NodesConfig struct {
	Timeout  time.Duration `yaml:"timeout,omitempty" doc:"How long another node may take to begin an answer. Default request_timeout."`
	Fallback bool          `yaml:"fallback,omitempty" doc:"Have callers who came by Kerberos passed on with the signed chain of actors where the KDC gives no ticket for the other node in their name. Default false: they are refused, and told which setting of the realm is missing."`
}

// openNodes makes the way to the other nodes. They are where the directory says,
// whose rows are sealed, and prove the keys that it has of them: so any address
// will do.
func (s *Server) openNodes(context.Context) error {
	signer, err := s.ring.NodeSigner()
	if err != nil {
		return err
	}
	organization := string(s.Directory.Snapshot().Organization().DomainSID)
	c := hop.Config{
		Self: s.config.Name, Directory: s.Directory,
		Channel:   &authn.NodeTLS{Directory: s.Directory, Signer: signer, Now: s.options.Now},
		Node:      s.nodeMethod(),
		Issuer:    &authn.NodeIssuer{Organization: organization, Node: s.config.Name, Signer: signer, Now: s.options.Now},
		Delegator: s.delegator(),
		Allow:     anywhere(),
		Timeout:   s.config.Limits.RequestTimeout,
		Log:       s.log, Now: s.options.Now,
	}
	if n := s.config.Nodes; n != nil {
		c.Fallback = n.Fallback
		if n.Timeout > 0 {
			c.Timeout = n.Timeout
		}
	}
	s.nodes = hop.New(c)
	s.onClose(s.nodes.Close)
	return nil
}

// openPost makes what brings mail to mailboxes of other nodes. The tables are
// there in any case, so that a backup does not depend on how many nodes there are.
func (s *Server) openPost(ctx context.Context) error {
	if err := s.main.Migrate(ctx, hop.Schema()); err != nil {
		return err
	}
	seal, err := s.ring.ParcelSeal(ctx)
	if err != nil {
		return err
	}
	s.parcels = hop.NewPost(hop.PostConfig{
		Router: s.nodes, DB: s.main, Seal: seal, Directory: s.Directory, Door: s.Door, Courier: s.post, Log: s.log, Now: s.options.Now,
	})
	s.post.Elsewhere = s.parcels
	return nil
}

// publishedElsewhere has the node with a published calendar answer for it. Whoever
// asks is nobody, and the address is all that he knows: it goes on as it came.
func (s *Server) publishedElsewhere(w http.ResponseWriter, r *http.Request, box entente.MailboxID) bool {
	snapshot := s.Directory.Snapshot()
	node := s.nodes.HolderOf(snapshot, box)
	if node == "" || hop.Arrived(r.Context()) != "" {
		return false
	}
	p := s.nodes.Passage(node, r, snapshot, nil, clientaccess.NewRequestID(), nil)
	p.Header = p.Header.Clone()
	p.Header.Del("Authorization")
	a, err := s.nodes.Pass(r.Context(), p)
	if err != nil {
		w.Header().Set("Retry-After", "30")
		http.Error(w, "not available now; try again", http.StatusServiceUnavailable)
		return true
	}
	defer func() { _ = a.Body.Close() }()
	hop.Relay(w, a)
	return true
}

// nodesAdmin is the way to the other nodes as administrators see it.
type nodesAdmin struct {
	*hop.Router
	post *hop.Post
}

// Kerberos implements admin.Nodes.
func (n nodesAdmin) Kerberos() bool { return n.Delegator != nil }

// Waiting implements admin.Nodes.
func (n nodesAdmin) Waiting(ctx context.Context) (map[string]int, error) { return n.post.Waiting(ctx) }

// nodeRoutes has what nodes alone ask each other. To others it is not there.
func (s *Server) nodeRoutes(table map[string]http.Handler) {
	times := s.Door.Guard(clientaccess.EWS, &hop.TimesHandler{Free: s.free, Log: func(err error) { s.log.Error("free/busy for another node", "err", err) }})
	table[hop.PathTimes] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hop.Arrived(r.Context()) == "" {
			http.NotFound(w, r)
			return
		}
		times.ServeHTTP(w, r)
	})
}
