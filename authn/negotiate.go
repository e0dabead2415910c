package authn

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/kerberos"
)

// Negotiate authenticates by Kerberos tickets, RFC 4559, for each request anew:
// nothing is remembered of the connection it came by. (threats E5)
//
// A ticket names a principal of a realm. Which account of ours that is, the
// realm's PAC says by SID, if tickets of the realm must carry one, and the name
// says otherwise.
type Negotiate struct {
	NegotiateConfig
}

// A NegotiateConfig is what a Negotiate is made of.
type NegotiateConfig struct {
	Directory *directory.Directory
	Acceptor  *kerberos.Acceptor
	// Realms are those whose tickets count. One that is not among them is
	// nobody's.
	Realms []NegotiateRealm
	// EndPoint returns the tls-server-end-point of the certificate that a request's
	// connection was served with, RFC 5929 4.1; nil if that is not known.
	EndPoint func(*http.Request) []byte
	// Required refuses tokens that do not say over which channel they go.
	Required bool
	// Channel, if set, reports whether both ends of a request's channel are known by
	// their keys, as between nodes. Nothing need be said of it then.
	Channel func(*http.Request) bool
	Secure  func(*http.Request) bool
	// Refused, if set, is told why a token was turned away, and whose it was where
	// that is proven.
	Refused func(client string, reason entente.Reason, why string)
}

// A NegotiateRealm says whose tickets a realm's are.
type NegotiateRealm struct {
	Name string // as in CONTOSO.EXAMPLE
	// PAC is whether tickets must carry one, and so how accounts are found.
	PAC kerberos.PACMode
	// Domain, of a realm of names alone, is what stands after the @ in the UPNs of
	// its principals here.
	Domain entente.Domain
}

// NewNegotiate makes one.
func NewNegotiate(c NegotiateConfig) *Negotiate { return &Negotiate{c} }

const (
	negotiateScheme = "Negotiate"
	// maxNegotiate bounds a token: MaxTokenSize of Windows is 48,000 octets, and
	// 65,535 is the most that can be set.
	maxNegotiate = 64 << 10
)

// Name implements Method.
func (n *Negotiate) Name() access.Method { return access.Negotiate }

// Authenticate implements Method. What proves this server to the client goes into
// the answer, RFC 4559 5, once it is known whose the ticket is here.
func (n *Negotiate) Authenticate(r *http.Request, answer http.Header) (*access.Caller, error) {
	text, ok := credentials(r, negotiateScheme)
	if !ok {
		return nil, nil
	}
	client, c, proof, err := n.open(r, text)
	var e *entente.Error
	switch {
	case err == nil:
		if proof != "" && answer != nil {
			answer.Set("WWW-Authenticate", negotiateScheme+" "+proof)
		}
		return c, nil
	case errors.As(err, &e) && e.Kind == entente.Unavailable:
		return nil, err
	case n.Refused != nil:
		n.Refused(clean(client), kindOf(err), cleanTo(why(err), maxWhy))
	}
	return nil, refused()
}

// maxWhy bounds what the log keeps of a refusal, in which there are names that
// somebody wrote into a token.
const maxWhy = 512

// why is a refusal in words for the administrator.
func why(err error) string {
	var e *entente.Error
	if errors.As(err, &e) && e.Reason != "" {
		return string(e.Reason) + ": " + err.Error()
	}
	return err.Error()
}

// kindOf is the kind of a refusal, which nobody outside can choose.
func kindOf(err error) entente.Reason {
	var e *entente.Error
	if errors.As(err, &e) && e.Reason != "" {
		return e.Reason
	}
	return "account"
}

// Challenge implements Method. RFC 4559 4.1.
func (n *Negotiate) Challenge(h http.Header) { h.Add("WWW-Authenticate", negotiateScheme) }

// open verifies a token and returns the principal it names, once that is known,
// and the caller that it is here.
func (n *Negotiate) open(r *http.Request, text string) (client string, c *access.Caller, proof string, err error) {
	if !n.Secure(r) {
		return "", nil, "", errors.New("not over TLS")
	}
	if base64.StdEncoding.DecodedLen(len(text)) > maxNegotiate {
		return "", nil, "", errors.New("the token is too large")
	}
	token, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", nil, "", errors.New("the token is not base64")
	}
	b := kerberos.Bindings{Required: n.Required}
	if n.EndPoint != nil {
		b.EndPoint = n.EndPoint(r)
	}
	if b.Required && n.Channel != nil && n.Channel(r) {
		b.Required = false
	}
	if b.Required && len(b.EndPoint) == 0 {
		return "", nil, "", errors.New("the channel's certificate is not known, and channel bindings are required")
	}
	who, proof, err := n.Acceptor.Accept(token, b)
	if err != nil {
		return "", nil, "", err
	}
	c, err = n.caller(r, who)
	return who.Client.String(), c, proof, err
}

// caller finds the account of ours that a verified ticket is for.
func (n *Negotiate) caller(r *http.Request, who *kerberos.Identity) (*access.Caller, error) {
	i := slices.IndexFunc(n.Realms, func(x NegotiateRealm) bool { return x.Name == who.Client.Realm })
	if i < 0 {
		return nil, errors.New("the realm is not one whose people sign in here")
	}
	s := n.Directory.Snapshot()
	var c *access.Caller
	var err error
	switch realm := n.Realms[i]; realm.PAC {
	case kerberos.PACRequired:
		c, err = bySID(s, r, realm.Name, who)
	case kerberos.PACNone:
		c, err = byName(s, r, realm, who)
	default:
		err = errors.New("the realm says of no tickets what they must carry")
	}
	if err != nil {
		return nil, err
	}
	c.Evidence = who.Evidence
	if who.Ticket != nil {
		c.Ticket = who.Ticket
	}
	return c, nil
}

// bySID finds the account with the SID in a PAC: one of ours that the realm
// vouches for, or one that is linked to it. Names in tickets are what somebody
// asked for; the SID is whom the realm means. (threats K2)
func bySID(s *access.Snapshot, r *http.Request, realm string, who *kerberos.Identity) (*access.Caller, error) {
	p := who.PAC
	if p == nil || p.SID == "" {
		return nil, errors.New("the ticket has no SID in it")
	}
	a, ok := s.FindSID(p.SID)
	switch {
	case !ok:
		return nil, fmt.Errorf("no account has the SID %s", p.SID)
	case !s.Vouches(realm, p.SID):
		return nil, fmt.Errorf("the realm's word does not count about %s: entente realm list", p.SID)
	}
	// A name that is somebody else's here shows that one was changed to look like
	// another's. (threats K1)
	if named, ok := s.FindUPN(p.UPN); p.UPN != "" && ok && named.SID != a.SID {
		return nil, fmt.Errorf("the ticket has the SID of %s and the name of %s", a.UPN, named.UPN)
	}
	transited, err := passedOn(s, p.Transited)
	if err != nil {
		return nil, err
	}
	var c *access.Caller
	if a.Master == p.SID {
		c, err = Linked(s, r, Vouched{Realm: realm, SID: p.SID, Groups: p.Groups, Method: access.Negotiate})
	} else {
		c, err = ownAccount(s, r, &a, realm, p.Groups)
	}
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", a.UPN, err)
	}
	c.Chain = append(transited, c.Chain...)
	return c, nil
}

// ownAccount makes the caller of an account of ours for which a realm vouches.
func ownAccount(s *access.Snapshot, r *http.Request, a *access.Account, realm string, groups []entente.SID) (*access.Caller, error) {
	if !a.Enabled {
		return nil, errors.New("it is disabled")
	}
	c := caller(r, a.Principal, access.Negotiate)
	c.Realm, c.Groups = realm, vouched(s, realm, groups)
	c.Chain = []access.Link{{Who: access.Principal{SID: a.SID}, How: "realm " + clean(realm)}}
	return c, nil
}

// byName finds the account of a principal's name, in realms that know of names
// alone: the one that claims the principal, or has the name in its UPN. Two that
// could be meant are neither. No groups come with one, and nobody is linked to it.
func byName(s *access.Snapshot, r *http.Request, realm NegotiateRealm, who *kerberos.Identity) (*access.Caller, error) {
	name := who.Client.Name
	// Services are nobody's accounts, and what has an @ in it could be read in two
	// ways.
	if name == "" || realm.Domain == "" || strings.ContainsAny(name, "@/") {
		return nil, fmt.Errorf("%q is nobody's name", clean(name))
	}
	a, ok := s.FindUPN(name + "@" + string(realm.Domain))
	claimants := s.Claimants(access.PrincipalIdentity(name, realm.Name))
	switch {
	case len(claimants) > 1:
		return nil, fmt.Errorf("%s and %s claim %s@%s", claimants[0].UPN, claimants[1].UPN, clean(name), realm.Name)
	case len(claimants) == 1 && ok && claimants[0].SID != a.SID:
		return nil, fmt.Errorf("%s claims %s@%s, which is the name of %s", claimants[0].UPN, clean(name), realm.Name, a.UPN)
	case len(claimants) == 1:
		a = claimants[0]
	case !ok:
		return nil, fmt.Errorf("there is no account %s@%s, and none that claims %s@%s", clean(name), realm.Domain, clean(name), realm.Name)
	}
	c, err := ownAccount(s, r, &a, realm.Name, nil)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", a.UPN, err)
	}
	return c, nil
}

// passedOn returns the services that have passed a request on, nearest first:
// those of S4U_DELEGATION_INFO, [MS-PAC] 2.9, where the first one stands first.
// Names of accounts of ours are theirs.
func passedOn(s *access.Snapshot, transited []string) ([]access.Link, error) {
	if len(transited) >= maxLinks {
		return nil, errors.New("the ticket was passed on too often")
	}
	links := make([]access.Link, 0, len(transited)+1)
	for _, name := range slices.Backward(transited) {
		var l access.Link
		if a, ok := s.FindUPN(name); ok {
			l.Who = a.Principal
		}
		l.How = access.ByS4U + clean(name)
		links = append(links, l)
	}
	return links, nil
}
