// Package kerberos is both ends of Negotiate: it accepts tickets of clients
// (Acceptor) and gets tickets in the name of users (Delegator), by S4U2Self and
// S4U2Proxy. RFC 4120, RFC 4178, RFC 4559, [MS-SFU], [MS-KILE].
//
// It proves who somebody is and passes that on. What an account may do, and
// which account of ours a principal is, is for others to say.
package kerberos

import (
	"strings"
	"time"

	"entente"
	"entente/kerberos/pac"
)

// A Principal is a name in a realm, RFC 4120 6.
type Principal struct {
	Name  string // components joined by "/", as in HTTP/mail.contoso.example
	Realm string // as in CONTOSO.EXAMPLE
}

func (p Principal) String() string { return p.Name + "@" + p.Realm }

// ParsePrincipal reads NAME@REALM; a name without a realm is in the given one.
func ParsePrincipal(s, realm string) (Principal, error) {
	name, r := s, realm
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		name, r = s[:i], s[i+1:]
	}
	if name == "" || r == "" || len(s) > 512 || strings.ContainsAny(s, "\x00\r\n") {
		return Principal{}, entente.Errorf(entente.Invalid, "%q is no Kerberos principal", s)
	}
	return Principal{name, r}, nil
}

// An Identity is whom a ticket names, once everything about it has been
// verified.
type Identity struct {
	Client  Principal // as in the ticket; keyed on only where there is no PAC
	Service Principal // whom the ticket is for
	// PAC is what the realm says of the client; nil in realms without one.
	PAC      *pac.PAC
	AuthTime time.Time
	EndTime  time.Time
	// Evidence is "sha256:…" of the ticket, for the audit log.
	Evidence string
	// Ticket can be shown to a KDC to be given a ticket for another service in the
	// client's name (Delegator.Onward), if it is forwardable.
	Ticket *Ticket
	// Mutual is whether the client asked the service to prove itself too.
	Mutual bool
}

// Reasons why no ticket was to be had, or one was not accepted. Strangers are
// told none of them.
const (
	NoSuchClient   entente.Reason = "kerberos-client-unknown"  // KDC_ERR_C_PRINCIPAL_UNKNOWN
	NoSuchService  entente.Reason = "kerberos-service-unknown" // KDC_ERR_S_PRINCIPAL_UNKNOWN
	ClientRevoked  entente.Reason = "kerberos-client-revoked"  // KDC_ERR_CLIENT_REVOKED, KDC_ERR_KEY_EXPIRED
	NotForwardable entente.Reason = "kerberos-not-forwardable" // no protocol transition, or the account is sensitive; final
	NotDelegated   entente.Reason = "kerberos-not-delegated"   // KDC_ERR_BADOPTION: the service is not in the delegation list
	WrongKey       entente.Reason = "kerberos-wrong-key"       // the keytab is not (or no longer) the account's
	NoKey          entente.Reason = "kerberos-no-key"          // no key of the kvno and etype in the keytab
	ClockSkew      entente.Reason = "kerberos-clock-skew"      // KRB_AP_ERR_SKEW
	KDCUnreachable entente.Reason = "kerberos-kdc-unreachable" // no KDC answered
	WeakCipher     entente.Reason = "kerberos-weak-cipher"     // KDC_ERR_ETYPE_NOSUPP, or a ticket that is not AES
	Replayed       entente.Reason = "kerberos-replay"
	ReplayFull     entente.Reason = "kerberos-replay-full" // too many tokens to know which were shown before
	WrongRealm     entente.Reason = "kerberos-realm"       // the client's realm is not named
	WrongMechanism entente.Reason = "kerberos-mechanism"   // NTLM, or a kind of Kerberos that is not spoken
	BadPAC         entente.Reason = "kerberos-pac"         // absent where it is required, unsigned, or not the client's
	WrongChannel   entente.Reason = "kerberos-channel"
	Malformed      entente.Reason = "kerberos-malformed"
	Expired        entente.Reason = "kerberos-expired"
)

// A PACMode says what a realm's tickets must carry.
type PACMode string

const (
	// PACRequired is Active Directory: without a verified PAC a ticket is refused,
	// and the SID in it is whom it names.
	PACRequired PACMode = "required"
	// PACNone is a realm of names alone: a PAC is not looked at.
	PACNone PACMode = "none"
)
