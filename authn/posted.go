package authn

import (
	"entente"
	"entente/access"
)

// A Posted is a message that came in by SMTP. Whom it says it is from is its word
// alone: of the server that brought it, the connector's settings are the proof.
type Posted struct {
	From      entente.SMTPAddress // as the message says
	Connector string              // by which it came
	Address   string              // of the server that brought it
	Evidence  string              // how that one proved itself, beyond its address
}

// Caller makes the caller of a message's delivery: somebody known by address,
// without an account here and so without the rights of one.
func (p Posted) Caller() *access.Caller {
	return &access.Caller{
		Authenticated: access.Principal{Mail: p.From},
		Method:        access.SMTP,
		Evidence:      clean(p.Evidence),
		Address:       clean(p.Address),
		Chain:         []access.Link{{How: "receive connector " + p.Connector}},
	}
}
