package ewsserver

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"time"

	"entente"
	"entente/access"
	"entente/authn"
	"entente/clientaccess"
	"entente/directory"
)

const organization = "S-1-5-21-1-2-3"

// methods are the ways to sign in that we have.
var methods = [...]access.Method{access.Basic, access.Bearer, access.Node}

// authorize signs a request for somebody, by the method of the house.
func (h *house) authorize(r *http.Request, who string) {
	h.Helper()
	switch h.method {
	case access.Bearer:
		r.Header.Set("Authorization", "Bearer "+h.token(who))
	case access.Node:
		h.passOn(r, who)
	default:
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(address(who)+":"+password)))
	}
}

// token is a bearer token of somebody's.
func (h *house) token(who string) string {
	h.Helper()
	if h.tokens[who] == "" {
		h.must(h.door.Directory.Update(h.Context(), func(c *directory.Change) error {
			_, secret, err := c.CreateToken(h.sids[who], "tests", time.Now().Add(time.Hour))
			h.tokens[who] = secret.Reveal()
			return err
		}))
	}
	return h.tokens[who]
}

// passOn makes a request one that another node of ours passes on for somebody
// who signed in there.
func (h *house) passOn(r *http.Request, who string) {
	h.Helper()
	seed := sha256.Sum256([]byte("n2"))
	key := ed25519.NewKeyFromSeed(seed[:])
	public := key.Public().(ed25519.PublicKey)
	if h.tokens["node"] == "" {
		h.must(h.door.Directory.Register(h.Context(), directory.Node{ID: "n2", Name: "n2", PublicKey: public}))
		h.tokens["node"] = "registered"
	}
	caller := access.Principal{SID: h.sids[who], UPN: entente.UPN(address(who))}
	if a, ok := h.door.Directory.Snapshot().FindSID(caller.SID); ok {
		caller = a.Principal
	}
	issuer := &authn.NodeIssuer{Organization: organization, Node: "n2", Signer: key, Now: time.Now}
	token, err := issuer.Issue("n1", &access.Caller{Authenticated: caller, Method: access.Basic, Address: "192.0.2.7", UserAgent: "tests"})
	h.must(err)
	r.Header.Set("Authorization", "Entente-Node "+token.Reveal())
	r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, PeerCertificates: []*x509.Certificate{{PublicKey: public}}}
}

// watched is the handler, and afterwards what its requests asked for.
type watched struct{ *house }

func (w watched) ServeSession(s *clientaccess.Session, rw http.ResponseWriter, r *http.Request) {
	w.handler.ServeSession(s, rw, r)
}
