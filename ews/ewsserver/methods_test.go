package ewsserver

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"time"

	"entente/soap"

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

// watched is the handler, whose requests are held against the table of
// operations: an operation that asks for a right which its row does not have
// fails the test, whatever test that is.
type watched struct{ *house }

func (w watched) ServeSession(s *clientaccess.Session, rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.handler.ServeSession(s, rw, r)
	m, err := soap.Open(body, limits())
	if err != nil {
		return
	}
	element := m.Operation().Local
	op := w.handler.operations[element]
	for _, d := range s.Asked() {
		if want := wanted(&d); !op.rights.Has(want) {
			w.Errorf("%s asked for %s, and its row has %s", element, want, op.rights)
		}
	}
}

// wanted is what a decision was asked for, of what is in mailboxes. Who may not
// see a folder knows of it by whatever he may do in it, which is asked then.
func wanted(d *access.Decision) access.Rights {
	switch d.On.Kind {
	case access.MailboxObject, access.ItemObject:
		return d.Want
	case access.FolderObject:
		if d.Want&^lookRights == 0 && !d.Got.Has(access.FolderVisible) {
			return access.FolderVisible
		}
		return d.Want
	}
	return 0
}

// lookRights are those by which a folder is known, each alone.
const lookRights = access.FolderVisible | access.ReadAny | access.FolderOwner | access.Create | access.EditAny | access.DeleteAny | access.CreateSubFolder

// refuseAll is a handler that must not run.
type refuseAll struct {
	*house
	element string
}

func (r refuseAll) ServeSession(*clientaccess.Session, http.ResponseWriter, *http.Request) {
	r.Errorf("%s ran for somebody unknown", r.element)
}
