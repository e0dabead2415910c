package authn

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/federation"
	"entente/federation/token"
	"entente/wssecurity"
)

// Delegation authenticates people of other organizations by the delegation
// tokens that a broker issued for them. It is the only method on the WSSecurity
// paths and is on no other: At makes it one for a path. See
// doc/design/0012-federated-requests.md.
//
// What a token says counts as far as it is proven: the broker vouches for the
// person, his organization and its domains; the request is proven to come from
// that organization by the secret of the token or by the organization's own key.
// The caller is external: somebody known by address, without an account here.
type Delegation struct {
	DelegationConfig

	tokens  opened
	proofs  proofs
	unknown chan struct{}
}

// A DelegationConfig is what a Delegation is made of.
type DelegationConfig struct {
	Trust     Trust
	Directory *directory.Directory
	// Hosts returns the names under which this organization is published, as
	// HOST or HOST:PORT in lower case: whom a message may say it is for.
	Hosts func() []string
	// Secure says whether the request came over TLS, or from the named proxy
	// that ended TLS.
	Secure func(*http.Request) bool
	Now    func() time.Time
	// Refused, if set, is told why requests with a good token were turned away:
	// the partner that sends them is known, and its administrator may ask.
	// Strangers never get that far.
	Refused func(organization, why string)
}

// NewDelegation returns a method. Run its Run, so that keys of the issuer are
// looked for that are not known yet.
func NewDelegation(c DelegationConfig) *Delegation {
	return &Delegation{DelegationConfig: c, unknown: make(chan struct{}, 1)}
}

// A Trust is what this organization trusts in: a *federation.Service.
type Trust interface {
	// Trust returns what is set, nil if nothing is.
	Trust() *federation.Trust
	// Opener opens tokens for this organization; nil if there is no trust in
	// force. It is another one after every change.
	Opener() *token.Opener
	// Unknown is told that a token could not be opened: its issuer may have a key
	// that is not known yet.
	Unknown(context.Context)
}

// An Endpoint is in what way a path wants a request proven.
type Endpoint uint8

const (
	// WSSecurity takes a JWT, proven by the organization's own key, and SAML
	// tokens of bearers.
	WSSecurity Endpoint = iota + 1
	// SymmetricKey takes SAML tokens with a secret, by which the message is
	// signed.
	SymmetricKey
)

// At returns the method for a path.
func (d *Delegation) At(e Endpoint) Method { return endpoint{d, e} }

// Run has the trust look for keys of tokens that could not be opened, until ctx
// ends: beside the answers, which must not take longer for it.
func (d *Delegation) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.unknown:
			d.Trust.Unknown(ctx)
		}
	}
}

type endpoint struct {
	*Delegation
	at Endpoint
}

const delegationScheme = "Delegation"

// errDelegation is what everybody is refused with, whatever is wrong.
func errDelegation() error {
	return entente.Errorf(entente.Denied, "the delegation token is not accepted")
}

// Name implements Method.
func (e endpoint) Name() access.Method { return access.Delegation }

// Authenticate implements Method. A request that carries no token is refused as
// well: here nobody comes without.
func (e endpoint) Authenticate(r *http.Request, _ http.Header) (*access.Caller, error) {
	c, err := e.caller(r)
	if err == nil {
		return c, nil
	}
	var known *entente.Error
	if errors.As(err, &known) && known.Kind == entente.Unavailable {
		return nil, err
	}
	return nil, errDelegation()
}

// Challenge implements Method with nothing: partners know, strangers need not.
func (e endpoint) Challenge(http.Header) {}

func (e endpoint) caller(r *http.Request) (*access.Caller, error) {
	if !e.Secure(r) {
		return nil, errors.New("not over TLS")
	}
	var c *claim
	var err error
	switch _, said := r.Header["Authorization"]; {
	case !said:
		c, err = e.saml(r)
	case e.at == WSSecurity:
		c, err = e.jwt(r)
	default:
		err = errors.New("a JWT belongs to the other path")
	}
	if err != nil {
		return nil, err
	}
	who, err := e.believe(r, c)
	if err != nil && e.Refused != nil {
		e.Refused(clean(c.token.Requestor), err.Error())
	}
	return who, err
}

// A claim is a token that was opened, with what proves it.
type claim struct {
	token    *token.Token
	evidence string
	key      string // thumbprint of the key that signed the request, "" if none did
	// once are what no other request has; none where a token may be used as it
	// is.
	once [][]byte
}

// jwt opens the token of the Authorization header. The request must be signed
// with the key that the token names. The body is read only then.
func (e endpoint) jwt(r *http.Request) (*claim, error) {
	text, ok := credentials(r, delegationScheme)
	if !ok || len(r.Header["Authorization"]) != 1 {
		return nil, errors.New("no delegation token")
	}
	hash := tokenHash(sha256.Sum256([]byte(text)))
	t, err := e.open(r.Context(), hash, func(o *token.Opener, at time.Time) (*token.Token, error) { return o.JWT(text, at) })
	if err != nil {
		return nil, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	key, once, err := e.signature(r, body)
	if err != nil || key == "" || key != t.Holder {
		return nil, errors.New("not signed with the key that the token names")
	}
	return &claim{token: t, evidence: hash.evidence(), key: key, once: [][]byte{once}}, nil
}

// saml opens the token of the wsse:Security header.
func (e endpoint) saml(r *http.Request) (*claim, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	m, err := wssecurity.Open(body.plain)
	if err != nil || m.Token == nil {
		return nil, errors.New("no delegation token")
	}
	hash := tokenHash(sha256.Sum256(m.Token))
	t, err := e.open(r.Context(), hash, func(o *token.Opener, at time.Time) (*token.Token, error) { return o.SAML(m.Token, at) })
	if err != nil {
		return nil, err
	}
	c := &claim{token: t, evidence: hash.evidence()}
	var once []byte
	if e.at == SymmetricKey {
		if once, err = e.possessed(r, m, t); err != nil {
			return nil, err
		}
		c.once = append(c.once, once)
	} else if err := e.borne(m, t); err != nil {
		return nil, err
	}
	// Each by itself: without the other, either would do again.
	if c.key, once, err = e.signature(r, body); once != nil {
		c.once = append(c.once, once)
	}
	return c, err
}

// open opens a token, or finds it among those that were.
func (e endpoint) open(ctx context.Context, hash tokenHash, f opening) (*token.Token, error) {
	o := e.Trust.Opener()
	if o == nil {
		return nil, errors.New("there is no federation trust in force")
	}
	t, err := e.tokens.open(ctx, hash, o, e.Now(), f)
	if errors.Is(err, token.ErrUnknownKey) {
		select {
		case e.unknown <- struct{}{}:
		default: // it is being asked for, or nobody does
		}
	}
	return t, err
}

// borne judges a message that carries its token and no more: whoever has the
// token can send it.
func (e endpoint) borne(m *wssecurity.Received, t *token.Token) error {
	switch {
	case t.Proof != nil && e.requiresProof():
		return errors.New("the token's secret is to be proven, at the other path")
	case m.Signed:
		return errors.New("a signature that nothing here could check")
	case t.Holder != "":
		return errors.New("a JWT's claims in another form")
	}
	return e.timely(m, false)
}

func (e endpoint) requiresProof() bool {
	t := e.Trust.Trust()
	return t == nil || t.RequireProof
}

// believe makes the caller of a claim, of what the token says as far as the
// broker may vouch for it.
func (e endpoint) believe(r *http.Request, c *claim) (*access.Caller, error) {
	t := c.token
	f := &access.Foreign{
		Organization: clean(t.Requestor), Domains: t.Domains, Immutable: clean(t.Subject.Immutable),
		Mails: t.Subject.Mails, Offer: clean(string(t.Offer)), Key: c.key,
	}
	if f.Organization == "" || f.Organization != t.Requestor || f.Immutable != t.Subject.Immutable {
		return nil, errors.New("a name is too long, or no text")
	}
	// An immutable id is its organization's, and stands in permissions here.
	if _, of, _ := strings.Cut(f.Immutable, "@"); !strings.EqualFold(of, f.Organization) {
		return nil, errors.New("the person's id is not one of his organization's")
	}
	snapshot := e.Directory.Snapshot()
	mail := snapshot.AddressOf(f)
	if mail == "" {
		return nil, errors.New("no address in a domain that the broker says is the organization's")
	}
	state := "broker-trusted"
	for _, m := range f.Mails {
		// The broker alone cannot speak for a partner whose keys are known: not by
		// any of the addresses, since what is shared with one may be asked for by
		// who is known by another. (threats F2)
		rel, ok := snapshot.RelationshipFor(m.Domain())
		switch {
		case !ok || len(rel.Keys) == 0:
		case !slices.Contains(rel.Keys, f.Key):
			return nil, errors.New("not signed by a key that the relationship pins")
		case m == mail:
			state = "pinned"
		}
	}
	// Last, so that only requests that would do take room.
	for _, once := range c.once {
		if err := e.proofs.first(f.Organization, t.ID, once, e.Now()); err != nil {
			return nil, err
		}
	}
	who := caller(r, access.Principal{Mail: mail}, access.Delegation)
	who.Evidence, who.Foreign = c.evidence, f
	who.Chain = []access.Link{{How: "federation " + f.Organization + " " + state}}
	return who, nil
}
