// Package hop takes requests to the node that has the mailbox they are about.
//
// A mailbox database on PostgreSQL is opened by every node, one in a file by the
// node that holds it (directory.Database.Node). A node that is asked about a
// mailbox of another passes the request on over the channel that nodes have
// between them, as the caller and never as itself: with a Kerberos ticket in the
// caller's name where he came with one, else with the signed chain of actors
// (doc/design/0002-nodes.md, 0020-nodes.md). The other node decides for itself.
// What was passed on once is not passed on again.
//
// Mail for mailboxes of other nodes waits in the organization's database, from
// where the node that has the mailbox takes it, exactly once.
//
// The package opens no mailbox but through the door, and knows no protocol.
package hop

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/authn"
	"entente/directory"
	"entente/kerberos"
	"entente/outgoing"
)

// Reasons why a request did not get to the node that has the mailbox. All are of
// kind Unavailable: it is served with the caller's rights or not at all.
const (
	NodeDown    entente.Reason = "node-down"         // its lease has ended, or there is no such node
	NoAnswer    entente.Reason = "node-no-answer"    // it could not be reached, or did not answer in time
	NodeRefused entente.Reason = "node-refused"      // it does not take our word, or is behind ours
	NoTicket    entente.Reason = "node-no-ticket"    // the KDC gives no ticket for it in the caller's name
	NotProven   entente.Reason = "node-not-proven"   // it did not prove to be the service that the ticket is for
	Misrouted   entente.Reason = "request-misrouted" // it was passed on to a node that has not got the mailbox
)

// Headers that nodes tell each other, on their channel alone. What clients send
// under these names is not looked at.
const (
	headerRequest    = "Entente-Request"    // the id that answers and records of both nodes share
	headerGeneration = "Entente-Generation" // of the directory, by which the sender decided
	headerAddress    = "Entente-Address"    // of the client
	// CodeHeader says in an answer what the record of the other node says.
	CodeHeader = "Entente-Code"
)

// Config is what a Router joins.
type Config struct {
	Self      string // id under which this node is registered
	Directory *directory.Directory
	Channel   *authn.NodeTLS
	Node      *authn.Node // recognizes the other nodes
	Issuer    *authn.NodeIssuer
	// Delegator gets tickets in the name of callers who came with one; nil where
	// no realm is configured.
	Delegator *kerberos.Delegator
	// Fallback has callers who came with a ticket passed on with the chain of actors
	// where the KDC refuses one. Off by default.
	Fallback bool
	// Allow lists networks in which nodes may be although they are not public.
	Allow []netip.Prefix
	// Timeout bounds how long another node may take to begin its answer.
	Timeout time.Duration
	Log     *slog.Logger
	Now     func() time.Time
}

// A Router knows the way to the other nodes. It is safe for concurrent use.
type Router struct {
	Config

	mu      sync.Mutex
	read    time.Time
	nodes   map[string]directory.Node
	clients map[string]*client
}

// A client has the kept connections to one node.
type client struct {
	url  string
	key  string
	http *http.Client
}

// New makes a Router. Nothing is asked yet.
func New(c Config) *Router {
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	return &Router{Config: c, clients: map[string]*client{}}
}

// Holder returns the node to which requests about mailboxes in a database are
// passed on, "" if they are served here.
func (r *Router) Holder(database string) string {
	if h := r.Directory.Holder(database); h != r.Self {
		return h
	}
	return ""
}

// HolderOf returns the node that has a mailbox, "" if it is here or nowhere.
func (r *Router) HolderOf(s *access.Snapshot, box entente.MailboxID) string {
	a, ok := s.FindMailbox(box)
	if !ok {
		return ""
	}
	return r.Holder(a.Database)
}

const (
	nodesFresh = time.Second
	lookUpTime = 5 * time.Second
)

// node returns a running node, and the client for it.
func (r *Router) node(ctx context.Context, id string) (directory.Node, *http.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if age := now.Sub(r.read); r.nodes == nil || age < 0 || age >= nodesFresh {
		// One request reads for all that wait: its own end is not theirs.
		look, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookUpTime)
		defer cancel()
		all, err := r.Directory.Nodes(look)
		if err != nil {
			return directory.Node{}, nil, unavailable(NoAnswer, "the other nodes are not known now", err)
		}
		r.nodes, r.read = make(map[string]directory.Node, len(all)), now
		for _, n := range all {
			r.nodes[n.ID] = n
		}
	}
	n, ok := r.nodes[id]
	if !ok || len(n.PublicKey) == 0 || !now.Before(n.Lease) {
		return n, nil, unavailable(NodeDown, "the node "+id+" is not running", nil)
	}
	c := r.clients[id]
	if c == nil || c.url != n.URL || c.key != string(n.PublicKey) {
		made, err := r.connect(&n)
		if err != nil {
			return n, nil, err
		}
		if c != nil {
			c.http.CloseIdleConnections()
		}
		c = made
		r.clients[id] = c
	}
	return n, c.http, nil
}

// Bounds of what passes between two nodes. A streaming connection lasts half an
// hour, so only the beginning of an answer has its time.
const (
	maxStream = 65 * time.Minute // longer than any heartbeat
	maxAnswer = 1 << 40
	atOnce    = 1024
	kept      = 32
	keptFor   = time.Minute
)

func (r *Router) connect(n *directory.Node) (*client, error) {
	t, err := r.Channel.Client(n.ID)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(n.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, unavailable(NoAnswer, "the node "+n.ID+" does not say where it is reached", err)
	}
	rule := outgoing.Rule{
		Allow: r.Allow, Hosts: []string{u.Hostname()}, TLS: t,
		Total: maxStream, Body: maxAnswer, AtOnce: atOnce, PerHost: atOnce, Idle: kept, IdleTime: keptFor,
	}
	d := outgoing.New(map[outgoing.Purpose]outgoing.Rule{outgoing.Node: rule}, nil)
	return &client{url: n.URL, key: string(n.PublicKey), http: d.HTTPClient(outgoing.Node)}, nil
}

// Close closes the connections that are kept.
func (r *Router) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.clients {
		c.http.CloseIdleConnections()
	}
	r.clients = map[string]*client{}
	return nil
}

func unavailable(reason entente.Reason, text string, err error) error {
	return &entente.Error{Kind: entente.Unavailable, Text: text, Reason: reason, Err: err}
}

// reasonOf returns the reason of an error, "" if it has none.
func reasonOf(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// host returns the address in a request's RemoteAddr.
func host(r *http.Request) string {
	h, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return h
}
