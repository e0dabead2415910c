package authn

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"entente"
	"entente/access"
)

// A NodeIssuer makes the tokens under which this node passes requests on to
// others.
type NodeIssuer struct {
	Organization string        // its domain SID
	Node         string        // id under which this node is registered
	Signer       crypto.Signer // its Ed25519 key: keys.Ring.NodeSigner
	Now          func() time.Time
}

// Issue makes a token for one request of a caller to one node. Only callers who
// proved who they are can be passed on: anonymous ones, and this process's own
// work, have no account that the other node could judge.
//
// If the request names whom it acts as (ExchangeImpersonation) and is passed
// on as it came, c must be the caller before Session.Impersonate: the other
// node reads the header itself, and refuses two modes of access at once.
func (n *NodeIssuer) Issue(audience string, c *access.Caller) (entente.Secret, error) {
	if _, ok := n.Signer.Public().(ed25519.PublicKey); !ok {
		return entente.Secret{}, errors.New("the node's key is not Ed25519")
	}
	if n.Organization == "" || n.Node == "" || audience == "" || audience == n.Node {
		return entente.Secret{}, fmt.Errorf("no token from node %q to %q of organization %q", n.Node, audience, n.Organization)
	}
	claims := claimsOf(c)
	now := n.Now()
	claims.Issuer, claims.Audience, claims.Organization = n.Node, audience, n.Organization
	claims.IssuedAt, claims.Expires = now.Unix(), now.Add(nodeTokenLife).Unix()
	claims.ID = newTokenID()
	if _, err := claims.caller(); err != nil {
		return entente.Secret{}, entente.Errorf(entente.Invalid, "the caller cannot be passed on: %v", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return entente.Secret{}, fmt.Errorf("write node token: %w", err)
	}
	return n.sign(payload)
}

// State writes down who is behind a request, for work that goes on when it has
// ended: mail that another node delivers. It is no credential; whoever keeps it
// sees to it that nobody else writes it.
func (n *NodeIssuer) State(c *access.Caller) ([]byte, error) {
	claims := claimsOf(c)
	claims.Issuer, claims.Organization, claims.ID = n.Node, n.Organization, newTokenID()
	if _, err := claims.caller(); err != nil {
		return nil, entente.Errorf(entente.Invalid, "the caller cannot be passed on: %v", err)
	}
	return json.Marshal(claims)
}

// Stated returns the caller that a node wrote down.
func (n *Node) Stated(text []byte) (*access.Caller, error) {
	claims, err := parseClaims(text)
	if err != nil {
		return nil, err
	}
	if claims.Organization != n.Organization {
		return nil, errors.New("the caller is of another organization")
	}
	c, err := claims.caller()
	if err == nil {
		n.rename(c)
	}
	return c, err
}

// sign makes a compact JWS, RFC 7515 7.1; EdDSA is RFC 8037 3.1.
func (n *NodeIssuer) sign(payload []byte) (entente.Secret, error) {
	text := encodedHeader() + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := n.Signer.Sign(rand.Reader, []byte(text), crypto.Hash(0))
	if err != nil {
		return entente.Secret{}, fmt.Errorf("sign node token: %w", err)
	}
	text += "." + base64.RawURLEncoding.EncodeToString(signature)
	if len(text) > maxNodeToken {
		return entente.Secret{}, entente.Errorf(entente.TooLarge, "the caller's chain is too long to be passed on")
	}
	return entente.NewSecret(text), nil
}

const (
	// nodeHeader is the one JOSE header there is, byte for byte. It is
	// compared, not read: no algorithm, key or extension is ever taken from a
	// token, which is what confusions of JWS rest on (RFC 8725 3.1).
	nodeHeader = `{"alg":"EdDSA","typ":"entente-node+jwt"}`
	// maxNodeToken bounds a token: more than a chain of full length with names
	// as people have them, and no burden as a header.
	maxNodeToken = 8 << 10
	// maxLinks bounds the chain; a request that goes in circles ends here.
	maxLinks = 8
)

func encodedHeader() string { return base64.RawURLEncoding.EncodeToString([]byte(nodeHeader)) }

// nodeClaims are the claims of a token: RFC 7519 4.1 and RFC 8693 4.1, and ours.
type nodeClaims struct {
	Issuer       string `json:"iss"`
	Audience     string `json:"aud"` // one; RFC 7519 would allow a list
	IssuedAt     int64  `json:"iat"`
	Expires      int64  `json:"exp"`
	ID           string `json:"jti"`
	Organization string `json:"org"`

	// Whom the caller acts as; himself, unless Impersonates.
	Subject      string `json:"sub"`
	UPN          string `json:"upn,omitempty"`
	Mail         string `json:"mail,omitempty"`
	Impersonates bool   `json:"impersonates,omitempty"`

	// Actor is the chain, the nearest link first, as RFC 8693 nests it: who
	// signed in is the innermost.
	Actor *actor `json:"act"`

	// Of an account of another forest: the realm that vouches for it, and the
	// groups that realm says it is in.
	Realm  string   `json:"realm,omitempty"`
	Groups []string `json:"groups,omitempty"`

	Evidence    string `json:"evidence,omitempty"`
	Application string `json:"app,omitempty"`
	UserAgent   string `json:"ua,omitempty"`
	Address     string `json:"addr,omitempty"`
}

// An actor is one of the chain. How says in what way it passed the request on;
// of the innermost, by what method it signed in.
type actor struct {
	Subject string `json:"sub,omitempty"`
	UPN     string `json:"upn,omitempty"`
	Mail    string `json:"mail,omitempty"`
	How     string `json:"how"`
	Actor   *actor `json:"act,omitempty"`
}

func actorOf(p access.Principal, how string, then *actor) *actor {
	return &actor{Subject: string(p.SID), UPN: string(p.UPN), Mail: string(p.Mail), How: how, Actor: then}
}

// claimsOf writes a caller down.
func claimsOf(c *access.Caller) *nodeClaims {
	subject := c.Subject()
	chain := actorOf(c.Authenticated, string(c.Method), nil)
	for i := len(c.Chain) - 1; i >= 0; i-- {
		chain = actorOf(c.Chain[i].Who, c.Chain[i].How, chain)
	}
	var groups []string
	for _, g := range c.Groups {
		groups = append(groups, string(g))
	}
	return &nodeClaims{
		Realm: c.Realm, Groups: groups,
		Subject: string(subject.SID), UPN: string(subject.UPN), Mail: string(subject.Mail),
		Impersonates: c.ActsAs != nil,
		Actor:        chain,
		Evidence:     c.Evidence,
		Application:  string(c.Application),
		// JSON holds no other bytes than UTF-8, and would make three of one.
		UserAgent: clean(strings.ToValidUTF8(c.UserAgent, "?")),
		Address:   c.Address,
	}
}

// caller reads the caller back, with a link for the node that passes the
// request on. Everything in it is bounded and free of control characters: it
// goes into logs and audit records.
func (c *nodeClaims) caller() (*access.Caller, error) {
	for _, s := range [...]string{c.Issuer, c.Audience, c.Organization, c.ID, c.Evidence, c.Application, c.UserAgent, c.Address, c.Realm} {
		if s != clean(s) {
			return nil, errors.New("a text is too long, or no text")
		}
	}
	if len(c.ID) < 16 || c.Actor == nil || c.Subject == "" {
		return nil, errors.New("a claim is missing")
	}
	subject, err := principal(c.Subject, c.UPN, c.Mail)
	if err != nil {
		return nil, err
	}
	who := &access.Caller{
		Method: access.Node, Application: access.ApplicationID(c.Application),
		UserAgent: c.UserAgent, Address: c.Address, Realm: c.Realm,
	}
	for _, g := range c.Groups {
		sid, err := entente.ParseSID(g)
		if err != nil || c.Realm == "" {
			return nil, errors.New("a group is not valid")
		}
		who.Groups = append(who.Groups, sid)
	}
	method, err := c.Actor.unfold(who)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Impersonates:
		who.ActsAs = &subject
	case subject != who.Authenticated:
		return nil, errors.New("the caller acts as another and does not say so")
	}
	who.Chain = append([]access.Link{{How: forwarded(c.Issuer, method, c.Evidence)}}, who.Chain...)
	return who, nil
}

// forwarded says in audit records which node passed a request on, and what it
// had been shown.
func forwarded(node, method, evidence string) string {
	how := "node " + node + " by " + method
	if evidence != "" {
		how += " " + evidence
	}
	return how
}

// unfold puts the chain and who signed in into c, and returns how he did.
func (a *actor) unfold(c *access.Caller) (method string, err error) {
	for ; a.Actor != nil; a = a.Actor {
		if len(c.Chain) == maxLinks {
			return "", errors.New("the chain is too long")
		}
		who, err := principal(a.Subject, a.UPN, a.Mail)
		if err != nil {
			return "", err
		}
		if !validHow(a.How) {
			return "", errors.New("a link does not say how")
		}
		c.Chain = append(c.Chain, access.Link{Who: who, How: a.How})
	}
	if a.Subject == "" || !validHow(a.How) {
		return "", errors.New("nobody signed in")
	}
	c.Authenticated, err = principal(a.Subject, a.UPN, a.Mail)
	return a.How, err
}

// maxHow holds what forwarded makes of a node's name and a hash.
const maxHow = 2 * maxUserAgent

func validHow(s string) bool {
	for len(s) > maxUserAgent {
		if len(s) > maxHow || clean(s[:maxUserAgent]) != s[:maxUserAgent] {
			return false
		}
		s = s[maxUserAgent:]
	}
	return s != "" && clean(s) == s
}

// principal reads what may stand for a principal: each name empty or in the
// one form that it has here.
func principal(sid, upn, mail string) (access.Principal, error) {
	p := access.Principal{SID: entente.SID(sid), UPN: entente.UPN(upn), Mail: entente.SMTPAddress(mail)}
	if s, err := entente.ParseSID(sid); sid != "" && (err != nil || s != p.SID) {
		return p, errors.New("a SID is not valid")
	}
	if u, err := entente.ParseUPN(upn); upn != "" && (err != nil || u != p.UPN) {
		return p, errors.New("a user principal name is not valid")
	}
	if m, err := entente.ParseSMTPAddress(mail); mail != "" && (err != nil || m != p.Mail) {
		return p, errors.New("an SMTP address is not valid")
	}
	return p, nil
}

// openNodeToken checks the signature and returns the claims.
func openNodeToken(text string, key ed25519.PublicKey) (*nodeClaims, error) {
	if len(text) > maxNodeToken {
		return nil, errors.New("the token is too long")
	}
	header, rest, _ := strings.Cut(text, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || header != encodedHeader() {
		return nil, errors.New("not a token of a node")
	}
	// Strict: the last character must not carry bits that mean nothing, or one
	// token would have several spellings.
	encoding := base64.RawURLEncoding.Strict()
	sig, err := encoding.DecodeString(signature)
	if err != nil || !ed25519.Verify(key, []byte(header+"."+payload), sig) {
		return nil, errors.New("the signature is wrong")
	}
	raw, err := encoding.DecodeString(payload)
	if err != nil {
		return nil, errors.New("the claims are not base64url")
	}
	return parseClaims(raw)
}

// parseClaims reads claims and nothing beside them: one that this version does
// not know could be a condition.
func parseClaims(raw []byte) (*nodeClaims, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	c := &nodeClaims{}
	if err := d.Decode(c); err != nil {
		return nil, errors.New("the claims cannot be read")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the claims")
	}
	return c, nil
}
