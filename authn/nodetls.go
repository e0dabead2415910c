package authn

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"entente/directory"
)

// NodeTLS makes the channels between nodes: TLS 1.3, both sides known by the
// key they have registered. There are no names and no authorities: a
// certificate is only the form in which TLS carries the key. It is safe for
// concurrent use.
type NodeTLS struct {
	Directory *directory.Directory
	Signer    crypto.Signer // this node's Ed25519 key: keys.Ring.NodeSigner
	Now       func() time.Time

	nodes nodes
}

// nodeProtocol is what a node offers beside HTTP (ALPN, RFC 7301) so that the
// listener that clients use too knows what is meant. It is never selected: the
// protocol spoken is HTTP/1.1.
const nodeProtocol = "entente-node"

const http11 = "http/1.1"

// Server returns the configuration of a listener: nodes get a channel, with a
// certificate asked of them, and all others what public has for them. If public
// is nil the listener is for nodes alone.
func (t *NodeTLS) Server(public *tls.Config) (*tls.Config, error) {
	node, err := t.config()
	if err != nil {
		return nil, err
	}
	node.ClientAuth = tls.RequireAnyClientCert // VerifyConnection judges it
	node.NextProtos = []string{http11}
	node.VerifyConnection = t.verify("")
	if public == nil {
		return node, nil
	}
	both := public.Clone()
	both.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(hello.SupportedProtos, nodeProtocol) {
			return node, nil
		}
		if public.GetConfigForClient != nil {
			return public.GetConfigForClient(hello)
		}
		return nil, nil
	}
	return both, nil
}

// Client returns the configuration of a channel to the node with an id. A
// listener that answers with another key, its certificate for clients among
// them, is refused in the handshake, before anything is sent.
func (t *NodeTLS) Client(id string) (*tls.Config, error) {
	if id == "" {
		return nil, errors.New("no channel to a node without an id")
	}
	c, err := t.config()
	if err != nil {
		return nil, err
	}
	// Not a hole: VerifyConnection compares the key itself, which is more than
	// a name in a certificate would prove.
	c.InsecureSkipVerify = true
	c.NextProtos = []string{nodeProtocol, http11}
	c.VerifyConnection = t.verify(id)
	return c, nil
}

// config is what both sides have in common.
func (t *NodeTLS) config() (*tls.Config, error) {
	cert, err := nodeCertificate(t.Signer)
	if err != nil {
		return nil, fmt.Errorf("certificate of the node: %w", err)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		Time:         t.Now,
		// Every channel proves its keys anew.
		SessionTicketsDisabled: true,
	}, nil
}

// verify returns the judge of a peer: it must be the node with an id, or with
// id "" any other than this one, and its lease must run. TLS itself has seen
// proof that the peer holds the key.
func (t *NodeTLS) verify(id string) func(tls.ConnectionState) error {
	own, _ := t.Signer.Public().(ed25519.PublicKey)
	return func(s tls.ConnectionState) error {
		key, ok := channelKey(&s)
		if !ok || key.Equal(own) {
			return errors.New("the peer has no key of another node")
		}
		known, err := t.nodes.running(context.Background(), t.Directory, t.Now())
		if err != nil {
			return fmt.Errorf("look up node: %w", err)
		}
		if !slices.ContainsFunc(known, func(n directory.Node) bool {
			return key.Equal(n.PublicKey) && (id == "" || n.ID == id)
		}) {
			return errors.New("the peer's key is not that of the node, or the node's lease has ended")
		}
		return nil
	}
}

// nodeCertificate signs a node's key with itself. Nothing in it is looked at
// but the key; the dates satisfy those who print it.
func nodeCertificate(s crypto.Signer) (tls.Certificate, error) {
	if _, ok := s.Public().(ed25519.PublicKey); !ok {
		return tls.Certificate{}, errors.New("the key is not Ed25519")
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: nodeProtocol},
		NotBefore:    time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		// RFC 5280 4.1.2.5: no well-defined end.
		NotAfter:    time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, s.Public(), s)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: s}, nil
}
