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
	s := d.session(Local, newRequestID(), authn.Local(who, task))
	s.passed = true
	s.Operation(task, true)
	return s
}

// Finish records a local session's outcome: code is empty for success.
func (s *Session) Finish(ctx context.Context, code string) error { return s.Conclude(ctx, code) }
