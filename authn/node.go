package authn

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
)

// Node authenticates requests that another node of the organization passes on
// for a caller who signed in there: Authorization: Entente-Node TOKEN, over a
// channel of NodeTLS. See doc/design/0002-nodes.md.
//
// The caller it makes has the method access.Node and is judged like any other:
// whom it authenticated as, whom it acts as and the chain survive, so that this
// node's own Decide asks again whether one may act as the other. What the
// sending node decided counts for nothing.
//
// A token is for one request. Whoever must send the request again issues
// another.
type Node struct {
	Directory    *directory.Directory
	Organization string // its domain SID; names can be the same
	Self         string // id under which this node is registered
	Now          func() time.Time
	// Refused, if set, is told what was wrong with a token that came over the
	// channel of a known node: a clock that is off, a node configured for
	// another organization. Strangers never get that far.
	Refused func(node, why string)

	nodes nodes
	used  replays
}

const nodeScheme = "Entente-Node"

// Name implements Method.
func (n *Node) Name() access.Method { return access.Node }

// Authenticate implements Method. Only the holder of the sending node's key can
// present its token: the key that proved itself in the TLS handshake must be
// the one that signed it (the idea of RFC 8705 3).
func (n *Node) Authenticate(r *http.Request, _ http.Header) (*access.Caller, error) {
	text, ok := credentials(r, nodeScheme)
	if !ok {
		return nil, nil
	}
	from, c, err := n.open(r.Context(), r.TLS, text)
	var e *entente.Error
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &e) && e.Kind == entente.Unavailable:
		return nil, err
	case n.Refused != nil && from != "":
		n.Refused(from, err.Error())
	}
	return nil, entente.Errorf(entente.Denied, "the node's token is not accepted")
}

// Peer returns the running node at the other end of a connection, if it is a
// channel between nodes. The error, of kind Unavailable, says that the nodes are
// not known now.
func (n *Node) Peer(ctx context.Context, channel *tls.ConnectionState) (directory.Node, bool, error) {
	key, ok := channelKey(channel)
	if !ok {
		return directory.Node{}, false, nil
	}
	known, err := n.nodes.running(ctx, n.Directory, n.Now())
	if err != nil {
		return directory.Node{}, false, unavailable(err)
	}
	peer, ok := withKey(known, key)
	return peer, ok && peer.ID != n.Self, nil
}

// Channel reports whether a request came over the channel of another running
// node: its key proved itself in the TLS handshake.
func (n *Node) Channel(r *http.Request) bool {
	key, ok := channelKey(r.TLS)
	if !ok {
		return false
	}
	known, err := n.nodes.running(r.Context(), n.Directory, n.Now())
	if err != nil {
		return false
	}
	_, ok = withKey(known, key)
	return ok
}

// Challenge implements Method with nothing: nodes know, clients need not.
func (n *Node) Challenge(http.Header) {}

// open returns the caller in a token, and the node it came from once that is
// known. Nothing in the token is read before its signature is found good under
// a key that the directory vouches for.
func (n *Node) open(ctx context.Context, channel *tls.ConnectionState, text string) (from string, c *access.Caller, err error) {
	key, ok := channelKey(channel)
	if !ok {
		return "", nil, errors.New("not over a channel between nodes")
	}
	now := n.Now()
	known, err := n.nodes.running(ctx, n.Directory, now)
	if err != nil {
		return "", nil, unavailable(err)
	}
	peer, ok := withKey(known, key)
	if !ok {
		return "", nil, errors.New("the key is no running node's")
	}
	claims, err := openNodeToken(text, key)
	if err != nil {
		return peer.ID, nil, err
	}
	issuer := func(d directory.Node) bool { return d.ID == claims.Issuer && key.Equal(d.PublicKey) }
	if !slices.ContainsFunc(known, issuer) || claims.Issuer == n.Self {
		return peer.ID, nil, errors.New("the issuer is another than the sender")
	}
	if err := n.judge(claims, now); err != nil {
		return peer.ID, nil, err
	}
	if c, err = claims.caller(); err != nil {
		return peer.ID, nil, err
	}
	// Last, so that only tokens that would do take room.
	fresh, err := n.used.first(claims.Issuer, claims.ID, now)
	if err == nil && !fresh {
		err = errors.New("the token was used before")
	}
	n.rename(c)
	c.Evidence = evidence(text)
	return peer.ID, c, err
}

const (
	// nodeTokenLife is what tokens are issued for: they travel at once.
	nodeTokenLife = 30 * time.Second
	// maxNodeTokenLife is what is accepted. (threats N1)
	maxNodeTokenLife = 60 * time.Second
	// nodeSkew is how far two nodes' clocks may be apart.
	nodeSkew = 5 * time.Second
)

// judge applies what a token says about itself: RFC 7519 4.1, with one
// audience and the organization.
func (n *Node) judge(c *nodeClaims, now time.Time) error {
	issued, expires := time.Unix(c.IssuedAt, 0), time.Unix(c.Expires, 0)
	switch {
	case c.Audience != n.Self || n.Self == "":
		return errors.New("the token is for another node")
	case c.Organization != n.Organization || n.Organization == "":
		return errors.New("the token is of another organization")
	case now.Add(nodeSkew).Before(issued):
		return errors.New("the token is not yet valid: are the clocks right?")
	case !now.Before(expires.Add(nodeSkew)):
		return errors.New("the token has expired: are the clocks right?")
	// The first of these keeps the difference in the second within bounds.
	case issued.Before(now.Add(-maxNodeTokenLife - nodeSkew)), c.Expires-c.IssuedAt > int64(maxNodeTokenLife/time.Second), c.Expires <= c.IssuedAt:
		return errors.New("the token lives too long")
	}
	return nil
}

// rename has the names of accounts known here from here: the SID is what the
// sender vouches for, and what is decided by.
func (n *Node) rename(c *access.Caller) {
	s := n.Directory.Snapshot()
	for _, p := range [...]*access.Principal{&c.Authenticated, c.ActsAs} {
		if p == nil {
			continue
		}
		if a, ok := s.FindSID(p.SID); ok {
			p.UPN, p.Mail = a.UPN, a.Mail
		}
	}
	// What another forest says of groups counts here as it does there: of its own
	// domain. (threats K2)
	c.Groups = vouched(s, c.Realm, c.Groups)
}

// evidence is what audit records keep of a credential.
func evidence(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func unavailable(err error) error {
	return &entente.Error{Kind: entente.Unavailable, Text: "the other nodes are not known now", Err: err}
}

// newTokenID makes a jti: 128 random bits.
func newTokenID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// channelKey returns the key that the peer of a channel proved to hold.
func channelKey(s *tls.ConnectionState) (ed25519.PublicKey, bool) {
	if s == nil || s.Version < tls.VersionTLS13 || len(s.PeerCertificates) == 0 {
		return nil, false
	}
	key, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	return key, ok && len(key) == ed25519.PublicKeySize
}

// withKey returns the first of some nodes that has a key.
func withKey(all []directory.Node, key ed25519.PublicKey) (directory.Node, bool) {
	i := slices.IndexFunc(all, func(d directory.Node) bool { return key.Equal(d.PublicKey) })
	if i < 0 {
		return directory.Node{}, false
	}
	return all[i], true
}

// errTooMany says that no more tokens can be remembered: rather than forget
// one that could then come again, the next is not taken.
var errTooMany = fmt.Errorf("%d tokens within a minute", maxReplays)
