// Package pac reads the authorization data that Active Directory puts into its
// tickets, the PAC of [MS-PAC]: who somebody is, in which groups, and which
// services have passed his request on.
//
// It reads what its caller has decrypted. Whether a PAC is a KDC's word is in
// its signatures, which Verify checks; nothing of an unverified one may be
// believed.
package pac

import (
	"time"

	"entente"
)

// A PAC is what the buffers say that this server uses. [MS-PAC] 2.3.
type PAC struct {
	// Of LOGON_INFO, [MS-PAC] 2.5.
	Account            string        // EffectiveName: sAMAccountName
	Domain             string        // LogonDomainName: NetBIOS
	DomainSID          entente.SID   // LogonDomainId
	SID                entente.SID   // LogonDomainId and UserId
	Groups             []entente.SID // of the domain, extra SIDs and resource groups
	UserFlags          uint32
	UserAccountControl uint32

	// Of CLIENT_INFO, [MS-PAC] 2.7: it must be the ticket's client and time.
	ClientName string
	ClientID   time.Time

	// Of UPN_DNS_INFO, [MS-PAC] 2.10; its SID, where there is one, is SID.
	UPN       string
	DNSDomain string

	// Of S4U_DELEGATION_INFO, [MS-PAC] 2.9: for which service the last ticket was
	// asked, and by which services before it, the first one first. Empty without
	// constrained delegation.
	Target    string
	Transited []string

	// HasLogonInfo is false for KDCs that say no more than CLIENT_INFO.
	HasLogonInfo bool
	// TicketSigned is true if there is a ticket signature (buffer 16), without
	// which a service's own key can forge whom it got a ticket for.
	TicketSigned bool
}
