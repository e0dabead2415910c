package kerberos

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/kerberos/enctype"
	"entente/kerberos/pac"
)

// AcceptorConfig is what an Acceptor knows.
type AcceptorConfig struct {
	// Keytab is asked for at each token, so that a file that was replaced counts
	// at once. It returns the same one until then: what is made of its keys may be
	// kept for as long.
	Keytab func() *Keytab
	// PAC says what tickets of clients of a realm must carry; a realm that is not
	// named is not accepted.
	PAC map[string]PACMode
	// Services are the principals whose tickets are accepted, such as
	// HTTP/mail.contoso.example; empty for all that the keytab has keys of. In
	// Active Directory the key is the account's, whatever the SPN.
	Services []string
	Skew     time.Duration // default 5 min
	Now      func() time.Time
	// AllowRC4 also takes tickets with RC4 keys. Default AES only.
	AllowRC4 bool
}

// An Acceptor verifies Negotiate tokens. It is safe for concurrent use.
type Acceptor struct {
	AcceptorConfig
	replay *replayCache
}

const (
	defaultSkew = 5 * time.Minute
	maxSkew     = time.Hour
	maxTries    = 16 // keys that a ticket is tried with
)

// NewAcceptor makes one with a replay cache of its own.
func NewAcceptor(c AcceptorConfig) (*Acceptor, error) {
	c.Skew = cmp.Or(c.Skew, defaultSkew)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Keytab == nil {
		return nil, errors.New("an acceptor needs a keytab")
	}
	if c.Skew < time.Second || c.Skew > maxSkew {
		return nil, fmt.Errorf("a skew of %v is none that clocks should have", c.Skew)
	}
	for realm, m := range c.PAC {
		if m != PACRequired && m != PACNone {
			return nil, fmt.Errorf("realm %s: %q is no mode of PACs", realm, m)
		}
	}
	return &Acceptor{c, newReplayCache(c.Skew, maxReplay)}, nil
}

// Bindings tie a token to the TLS channel it came over, RFC 5929 4.1:
// tls-server-end-point of the certificate that the client saw. The zero value
// says nothing: then what the client says of a channel is not checked.
type Bindings struct {
	EndPoint []byte // hash of the server's certificate
	Required bool   // a token without bindings is refused
}

// refuse makes the error of a token that is not accepted. All have one text,
// for strangers; what is behind it is for the log.
func refuse(r entente.Reason, format string, args ...any) error {
	return &entente.Error{Kind: entente.Denied, Reason: r, Text: "the ticket is not accepted", Err: fmt.Errorf(format, args...)}
}

// Accept verifies the token of an Authorization: Negotiate header, decoded, and
// returns whom it names, with the token that proves this service to the client:
// it stands in the answer's WWW-Authenticate header behind "Negotiate ", in
// base64; "" if there is none. Errors are *entente.Error of kind Denied with one
// of the reasons above, all with the same text; what it was is in Err. Only who
// has a good ticket can get to hear Unavailable: ReplayFull.
func (a *Acceptor) Accept(token []byte, b Bindings) (*Identity, string, error) {
	var n negotiation
	if err := readNegotiation(token, &n); err != nil {
		return nil, "", err
	}
	var r apRequest
	if !readAPReq(n.apReq, &r) {
		return nil, "", refuse(Malformed, "the AP-REQ cannot be read")
	}
	if r.options&optionUseSession != 0 {
		return nil, "", refuse(WrongMechanism, "the ticket is one from user to user")
	}
	now := a.Now()
	t, key, err := a.open(&r.ticket)
	if err != nil {
		return nil, "", err
	}
	if err := a.current(t, now); err != nil {
		return nil, "", err
	}
	mode, err := a.realm(t)
	if err != nil {
		return nil, "", err
	}
	session, err := a.key(t.sessionType, t.session, "the session key")
	if err != nil {
		return nil, "", err
	}
	auth, err := a.authenticate(t, session, &r, now)
	if err != nil {
		return nil, "", err
	}
	mutual, err := a.checkGSS(auth, b)
	if err != nil {
		return nil, "", err
	}
	id := a.identity(t, session, &r)
	id.Mutual = mutual || r.options&optionMutual != 0
	if id.PAC, err = readPAC(t, key, mode); err != nil {
		return nil, "", err
	}
	if id.PAC != nil {
		id.Ticket.SID = id.PAC.SID
	}
	mic, err := a.checkMIC(&n, session, auth)
	if err != nil {
		return nil, "", err
	}
	// The last of all: what is refused for another reason was not used.
	if err := a.replay.once(r.authenticator.cipher, auth.made, now); err != nil {
		return nil, "", err
	}
	var apRep []byte
	if id.Mutual {
		apRep = makeAPRep(session, auth)
	}
	return id, base64.StdEncoding.EncodeToString(n.answer(apRep, mic)), nil
}

// open decrypts the ticket with the key that it is for.
func (a *Acceptor) open(s *sealedTicket) (*openTicket, *enctype.Key, error) {
	service := s.service.String()
	etype := enctype.Etype(s.etype)
	if err := a.takes(etype, "the ticket"); err != nil {
		return nil, nil, err
	}
	keys, named, versions := a.keys(service, s)
	switch {
	case !named:
		return nil, nil, refuse(NoKey, "the ticket is for %s@%s, which is none of this server's services", service, s.realm)
	case len(keys) == 0 && len(versions) == 0:
		return nil, nil, refuse(NoKey, "the ticket for %s@%s is for a key of type %v, of which the keytab has none for it", service, s.realm, etype)
	case len(keys) == 0:
		return nil, nil, refuse(NoKey, "the ticket for %s@%s is for the key with kvno %d of type %v; the keytab has kvno %v of that type", service, s.realm, s.kvno, etype, versions)
	}
	for _, k := range keys {
		plain, err := k.Decrypt(nil, usageTicket, s.cipher)
		if err != nil {
			continue
		}
		t := new(openTicket)
		if !readOpenTicket(plain, t) {
			return nil, nil, refuse(Malformed, "the ticket's content cannot be read")
		}
		return t, k, nil
	}
	return nil, nil, refuse(WrongKey, "the ticket for %s@%s (kvno %d, %v) does not open with the keytab's key: the account's password was set since, or the SPN is another account's", service, s.realm, s.kvno, etype)
}

// keys returns the keys that a ticket may be for: those of the service by its
// name, or, where the service is named in the configuration, those of the
// realm, since in Active Directory they are the account's. named is false if
// the service is not this server's; versions are what there is of the type.
func (a *Acceptor) keys(service string, s *sealedTicket) (keys []*enctype.Key, named bool, versions []uint32) {
	all := a.Keytab()
	if all == nil {
		return nil, false, nil
	}
	configured := slices.ContainsFunc(a.Services, func(n string) bool { return strings.EqualFold(n, service) })
	if len(a.Services) > 0 && !configured {
		return nil, false, nil
	}
	named = configured
	var own, others []*enctype.Key
	for i := range all.entries {
		e := &all.entries[i]
		if e.Principal.Realm != string(s.realm) {
			continue
		}
		mine := strings.EqualFold(e.Principal.Name, service)
		if named = named || mine; !mine && !configured || int64(e.Etype) != s.etype || e.key == nil {
			continue
		}
		if s.kvno != 0 && int64(e.Version) != s.kvno {
			if !slices.Contains(versions, e.Version) {
				versions = append(versions, e.Version)
			}
			continue
		}
		if mine {
			own = append(own, e.key)
		} else {
			others = append(others, e.key)
		}
	}
	keys = append(own, others...)
	return keys[:min(len(keys), maxTries)], named, versions
}

// takes reports whether a type of keys is taken.
func (a *Acceptor) takes(t enctype.Etype, what string) error {
	if !t.Known() || t.Weak() && !a.AllowRC4 {
		return refuse(WeakCipher, "%s is of type %v, which is not taken: let the account support AES (msDS-SupportedEncryptionTypes 24), and set its password anew", what, t)
	}
	return nil
}

// key makes a key that came in a message.
func (a *Acceptor) key(etype int64, value []byte, what string) (k *enctype.Key, err error) {
	t := enctype.Etype(etype)
	if err := a.takes(t, what); err != nil {
		return nil, err
	}
	if t.Weak() {
		k, err = enctype.NewRC4(value)
	} else {
		k, err = enctype.New(t, value)
	}
	if err != nil {
		return nil, refuse(Malformed, "%s: %w", what, err)
	}
	return k, nil
}

// current checks that the ticket is one, and now. RFC 4120 3.2.3
func (a *Acceptor) current(t *openTicket, now time.Time) error {
	switch {
	case t.flags&flagInvalid != 0:
		return refuse(Expired, "the ticket is postdated and was not validated")
	case t.start.After(now.Add(a.Skew)):
		return refuse(ClockSkew, "the ticket begins at %s, in %v: the clocks of the KDC and of this server differ", t.start.Format(time.RFC3339), t.start.Sub(now).Round(time.Second))
	case now.After(t.end.Add(a.Skew)):
		return refuse(Expired, "the ticket ended at %s, %v ago", t.end.Format(time.RFC3339), now.Sub(t.end).Round(time.Second))
	case t.end.Before(t.start):
		return refuse(Malformed, "the ticket ends before it begins")
	}
	return nil
}

// realm returns what tickets of the client's realm must carry. Where they have
// no PAC, realms that the ticket came through on its way have to be ones that
// the KDC has approved of; where they have one, its word is about SIDs, and
// others hold them against the realm. RFC 4120 2.7
func (a *Acceptor) realm(t *openTicket) (PACMode, error) {
	mode, ok := a.PAC[string(t.realm)]
	if !ok {
		return "", refuse(WrongRealm, "clients of the realm %s are not accepted here", t.realm)
	}
	if mode == PACNone && len(t.transited) > 0 && t.flags&flagPolicyChecked == 0 {
		return "", refuse(WrongRealm, "the ticket of %s@%s came through other realms, %q, and no KDC says that it may", t.client, t.realm, t.transited)
	}
	return mode, nil
}

// authenticate checks that who shows the ticket has its session key, and now.
func (a *Acceptor) authenticate(t *openTicket, session *enctype.Key, r *apRequest, now time.Time) (*authenticator, error) {
	if enctype.Etype(r.authenticator.etype) != session.Etype() {
		return nil, refuse(Malformed, "the authenticator is of type %v and the session key of %v", enctype.Etype(r.authenticator.etype), session.Etype())
	}
	plain, err := session.Decrypt(nil, usageAPReq, r.authenticator.cipher)
	if err != nil {
		return nil, refuse(Malformed, "the authenticator does not open with the ticket's session key: who shows the ticket of %s is not who got it", t.client)
	}
	auth := new(authenticator)
	if !readAuthenticator(plain, auth) {
		return nil, refuse(Malformed, "the authenticator cannot be read")
	}
	if !auth.sameClient(t) {
		return nil, refuse(Malformed, "the authenticator is by %s@%s and the ticket of %s@%s", auth.client, auth.realm, t.client, t.realm)
	}
	if d := auth.made.Sub(now); d > a.Skew {
		return nil, refuse(ClockSkew, "the clock of the client %s@%s is %v ahead of this server's", t.client, t.realm, d.Round(time.Second))
	} else if -d > a.Skew {
		return nil, refuse(ClockSkew, "the clock of the client %s@%s is %v behind this server's, or the token was held back", t.client, t.realm, (-d).Round(time.Second))
	}
	return auth, nil
}

// checkGSS checks what the client says by the GSS-API, and returns whether he
// wants the service to prove itself.
func (a *Acceptor) checkGSS(auth *authenticator, b Bindings) (mutual bool, err error) {
	var g gssChecksum
	if auth.sumType != checksumGSS || !readGSSChecksum(auth.sum, &g) {
		return false, refuse(Malformed, "the authenticator has no checksum of the GSS-API")
	}
	if g.flags&gssDCEStyle != 0 {
		return false, refuse(WrongMechanism, "the client wants three steps, as DCE has them")
	}
	aware, err := auth.knowsBindings()
	if err != nil {
		return false, err
	}
	return g.flags&gssMutual != 0, checkBindings(g.bindings, aware, b)
}

// checkMIC checks the client's signature over the mechanisms he offered, if
// there is one, and makes ours. RFC 4178 5
func (a *Acceptor) checkMIC(n *negotiation, session *enctype.Key, auth *authenticator) ([]byte, error) {
	k := session
	if auth.subkey != nil {
		var err error
		if k, err = a.key(auth.subkeyType, auth.subkey, "the subkey"); err != nil {
			return nil, err
		}
	}
	if n.mic == nil {
		return nil, nil
	}
	if !verifyMIC(k, n.mic, n.mechs) {
		return nil, refuse(Malformed, "the signature over the mechanisms is wrong: somebody may have changed them")
	}
	return makeMIC(k, n.mechs), nil
}

// identity says whom the ticket names.
func (a *Acceptor) identity(t *openTicket, session *enctype.Key, r *apRequest) *Identity {
	client := Principal{t.client.String(), string(t.realm)}
	service := Principal{r.ticket.service.String(), string(r.ticket.realm)}
	sum := sha256.Sum256(r.ticket.raw)
	return &Identity{
		Client: client, Service: service, AuthTime: t.auth, EndTime: t.end,
		Evidence: "sha256:" + hex.EncodeToString(sum[:]),
		Ticket: &Ticket{
			Client: client, Service: service, Forwardable: t.flags&flagForwardable != 0, End: t.end,
			raw: bytes.Clone(r.ticket.raw), session: session, flags: t.flags, auth: t.auth, start: t.start,
		},
	}
}

// readPAC reads what the realm says of the client. It must be there and be
// verified where it is required, and is not looked at where it is not: no
// realm falls back from one to the other. (threats K2)
func readPAC(t *openTicket, key *enctype.Key, mode PACMode) (*pac.PAC, error) {
	var found []byte
	err := authData(t.data, func(kind int64, data []byte) error {
		switch kind {
		case adIfRelevant:
		case adTokenRestrictions, adLocal, adAPOptions, adClientTarget:
			return nil // of Windows, for itself: nothing that restricts a service of ours
		default:
			// What is not marked as if-relevant has to be understood. RFC 4120 5.2.6
			return refuse(Malformed, "the ticket has authorization data of type %d, which restricts it in a way that is not known here", kind)
		}
		return ifRelevant(data, func(kind int64, data []byte) error {
			if kind != adPAC {
				return nil
			}
			if found != nil {
				return refuse(BadPAC, "the ticket has two PACs")
			}
			found = data
			return nil
		})
	})
	if err != nil || mode == PACNone {
		return nil, err
	}
	client := t.client.plain()
	if found == nil {
		return nil, refuse(BadPAC, "the ticket of %s@%s has no PAC, which the realm's must have: the account of this service may be marked as needing none (NO_AUTH_DATA_REQUIRED)", t.client, t.realm)
	}
	p, err := pac.Open(found, key, client, t.auth)
	if err != nil {
		return nil, refuse(BadPAC, "the ticket of %s@%s: %w", t.client, t.realm, err)
	}
	if !p.HasLogonInfo {
		return nil, refuse(BadPAC, "the PAC of %s@%s has no LOGON_INFO, so no SID: is the realm one of Active Directory?", t.client, t.realm)
	}
	return p, nil
}
