package clientaccess

import (
	"context"

	"entente/access"
	"entente/authn"
)

// Local is the protocol of what this process does by itself.
const Local Protocol = "local"

// Local returns a session for work this process does for an account: its
// rights, its audit record, but no gate and no budget, which are for clients.
// It ends with Finish.
func (d *Door) Local(who access.Principal, task string) *Session {
	s := d.session(Local, NewRequestID(), authn.Local(who, task))
	s.passed = true
	s.Operation(task, true)
	return s
}

// Carried returns a session for what goes on after a request that another node
// let in, on behalf of whom that node states: mail that it sent. The gate and the
// budget were passed there. It ends with Finish.
func (d *Door) Carried(who *access.Caller, request, task string) *Session {
	if !ValidRequestID(request) {
		request = NewRequestID()
	}
	s := d.session(Local, request, who)
	s.passed = true
	s.Operation(task, true)
	return s
}

// Relayed is the protocol of what the other side of a relay asks for.
const Relayed Protocol = "relay"

// Relayed returns a session for a request that came by a relay. The agreement
// has been its gate and its rate its budget; what each mailbox shows is decided
// as for any caller. It ends with Finish.
func (d *Door) Relayed(r authn.Relayed, request, operation string, writes bool) *Session {
	if request == "" {
		request = NewRequestID()
	}
	s := d.session(Relayed, request, r.Caller())
	s.passed = true
	s.Operation(operation, writes)
	return s
}

// SMTP is the protocol of mail from outside.
const SMTP Protocol = "smtp"

// Posted returns a session for putting a message that came in by SMTP into
// mailboxes. The connector has been its gate. It ends with Finish.
func (d *Door) Posted(p authn.Posted, id string) *Session {
	s := d.session(SMTP, id, p.Caller())
	s.passed = true
	s.Operation("Deliver", true)
	return s
}

// Finish records the outcome of a session without a client: code is empty for success.
func (s *Session) Finish(ctx context.Context, code string) error { return s.Conclude(ctx, code) }
