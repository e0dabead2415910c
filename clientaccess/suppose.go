package clientaccess

import (
	"entente"
	"entente/access"
	"entente/authn"
)

// A Supposition is a request that nobody makes: what would be decided if
// Caller signed in by EWS and asked for it.
type Supposition struct {
	Caller    access.Principal
	UserAgent string
	As        access.ConnectingSID // whom it would impersonate; zero if nobody
	Mailbox   entente.MailboxID    // which mailbox it would open; zero if none
	Folder    *access.FolderTable  // in which folder; nil if none
	Want      access.Rights        // what in the folder, or, without one, on the mailbox
}

// Suppose returns the decisions such a request would meet, in their order, up
// to and with the first refusal, and the error that it would get for that: the
// same rules on the same snapshot. No permit comes of it, so nothing can be
// opened by asking.
func (d *Door) Suppose(s Supposition) ([]access.Decision, error) {
	snapshot, now := d.Directory.Snapshot(), d.Now()
	caller := authn.Local(s.Caller, "explain")
	// Work of this process has rights of its own; a client does not.
	caller.Method, caller.Chain, caller.ActsAs = access.Basic, nil, nil
	caller.Authenticated, caller.UserAgent = s.Caller, s.UserAgent
	var trace access.Trace
	if s.As != (access.ConnectingSID{}) {
		as, err := snapshot.Impersonate(caller, s.As, d.Server, now, &trace)
		if err != nil {
			return trace.Decisions, err
		}
		caller.ActsAs = as
	}
	if err := snapshot.Gate(caller, string(EWS), now, &trace); err != nil || s.Mailbox.IsZero() {
		return trace.Decisions, err
	}
	q := access.Question{Caller: caller, On: access.MailboxOf(s.Mailbox), Want: access.FolderLookup, At: now, Server: d.Server}
	if s.Folder == nil && s.Want != 0 {
		q.Want = s.Want
	}
	box := d.Ask(q)
	trace.Decisions = append(trace.Decisions, box)
	if !box.Allowed() || s.Folder == nil {
		return trace.Decisions, box.Err()
	}
	q.On, q.Want, q.Folder = access.FolderOf(s.Mailbox, s.Folder.Folder), s.Want, s.Folder
	folder := d.Ask(q)
	return append(trace.Decisions, folder), folder.Err()
}
