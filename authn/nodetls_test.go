package authn

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// channel starts a server that tells who is calling, for nodes and clients.
func (c *cluster) channel(id string, key ed25519.PrivateKey) *httptest.Server {
	c.t.Helper()
	n := c.node(id)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := n.Authenticate(r, nil)
		switch {
		case err != nil:
			w.WriteHeader(http.StatusUnauthorized)
		case who != nil:
			_, _ = w.Write([]byte(who.Authenticated.UPN))
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	public, err := nodeCertificate(nodeKey("certificate for clients"))
	if err != nil {
		c.t.Fatal(err)
	}
	conf, err := (&NodeTLS{Directory: c.directory, Signer: key, Now: c.now}).Server(&tls.Config{Certificates: []tls.Certificate{public}})
	if err != nil {
		c.t.Fatal(err)
	}
	s.TLS = conf
	s.StartTLS()
	c.t.Cleanup(s.Close)
	return s
}

func (c *cluster) dial(s *httptest.Server, key ed25519.PrivateKey, to, token string) (string, error) {
	c.t.Helper()
	conf, err := (&NodeTLS{Directory: c.directory, Signer: key, Now: c.now}).Client(to)
	if err != nil {
		c.t.Fatal(err)
	}
	return get(c.t, s, conf, token)
}

func get(t *testing.T, s *httptest.Server, conf *tls.Config, token string) (string, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: conf}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", nodeScheme+" "+token)
	}
	answer, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var b [256]byte
	n, _ := answer.Body.Read(b[:])
	return answer.Status[:3] + string(b[:n]), nil
}

func TestChannel(t *testing.T) {
	o := newCluster(t)
	s := o.channel("c", nodeKey("c"))
	token := func(to string) string { return o.issue(o.issuer("a"), to, o.signedIn()) }
	test := func(what string, key ed25519.PrivateKey, to, token, want string) {
		t.Helper()
		got, err := o.dial(s, key, to, token)
		if want == "" && err == nil || want != "" && (err != nil || got != want) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	a := nodeKey("a")
	test("a node", a, "c", token("c"), "200anna@corp.contoso.example")
	test("a node without a token", a, "c", "", "200")
	test("A's token for B", a, "c", token("b"), "401")
	test("A's token from B", nodeKey("b"), "c", token("c"), "401")
	test("a stranger's key", nodeKey("stranger"), "c", token("c"), "")
	test("its own key", nodeKey("c"), "c", token("c"), "")
	test("C taken for B", a, "b", token("b"), "")
	test("a node that is not there", a, "d", token("d"), "")

	thief := o.channel("c", nodeKey("thief")) // listens where C should
	if got, err := o.dial(thief, a, "c", token("c")); err == nil {
		t.Errorf("a stranger was told a token and said %q", got)
	}
	o.at = o.at.Add(time.Minute)
	test("a node whose lease is over", a, "c", "", "")
}

// Clients see the same listener with its own certificate, and no request for
// one of theirs; a token is no use to them.
func TestChannelBesideClients(t *testing.T) {
	o := newCluster(t)
	s := o.channel("c", nodeKey("c"))
	asked := false
	conf := &tls.Config{
		InsecureSkipVerify: true,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			return &tls.Certificate{}, nil
		},
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			cert, err := x509.ParseCertificate(raw[0])
			if err == nil && nodeKey("c").Public().(ed25519.PublicKey).Equal(cert.PublicKey) {
				t.Error("clients are shown the node's key")
			}
			return err
		},
	}
	if got, err := get(t, s, conf, ""); err != nil || got != "200" || asked {
		t.Errorf("%q, %v, asked for a certificate: %t", got, err, asked)
	}
	if got, err := get(t, s, conf, o.issue(o.issuer("a"), "c", o.signedIn())); err != nil || got != "401" {
		t.Errorf("a token outside a channel: %q, %v", got, err)
	}
}

// Neither side goes below TLS 1.3.
func TestChannelVersion(t *testing.T) {
	o := newCluster(t)
	s := o.channel("c", nodeKey("c"))
	conf, err := (&NodeTLS{Directory: o.directory, Signer: nodeKey("a"), Now: o.now}).Client("c")
	if err != nil {
		t.Fatal(err)
	}
	conf.MinVersion, conf.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if got, err := get(t, s, conf, ""); err == nil {
		t.Errorf("TLS 1.2: %q", got)
	}
}
