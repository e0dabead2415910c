package kerberos

import (
	"sync/atomic"
	"time"

	"entente"
	"entente/kerberos/enctype"
)

// A Ticket is somebody's ticket for a service, with its session key, or one
// that a client has shown.
type Ticket struct {
	Client      Principal
	Service     Principal
	SID         entente.SID // of the client, where a client has shown it and the realm says
	Forwardable bool
	End         time.Time

	// raw is the ticket as it came. It is shown to others byte by byte and never
	// encoded anew: whoever does that can only get it wrong.
	raw     []byte
	session *enctype.Key
	flags   uint32 // TicketFlags, RFC 4120 5.3
	auth    time.Time
	start   time.Time
	last    atomic.Int64 // time that its last authenticator named
}

// Ends is when it has to be renewed: access.Ticket's.
func (t *Ticket) Ends() time.Time { return t.End }
