package clientaccess

import (
	"context"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/directory"
)

// SetDelegate gives somebody, and takes from him, what a delegate holds on a
// mailbox as a whole: SendOnBehalf and ReadPrivate. Whoever may do all in the
// mailbox may; it holds from the next request on. The change has a record of its
// own, beside that of the request, which commits with it.
func (s *Session) SetDelegate(ctx context.Context, id entente.MailboxID, to entente.SID, give, take access.Rights) error {
	if _, err := s.ask(access.MailboxOf(id), access.FullAccess); err != nil {
		return err
	}
	r := s.recordOf(id, "")
	r.Action = "directory.SetDelegate"
	r.Targets = []string{string(to), "give " + give.String(), "take " + take.String()}
	held, err := s.DelegateRights(ctx, id)
	if err != nil {
		return err
	}
	o, acts := s.origin(id)
	had := held[to] & (give | take)
	given := audit.Given{
		Request: s.id, By: o.By, As: o.As, Grounds: o.Grounds, Mailbox: id.String(), To: to,
		Had: had, Has: had&^take | give,
	}
	acts = acts && given.Had != given.Has
	return s.door.Directory.Update(ctx, func(c *directory.Change) error {
		if err := c.SetDelegate(id, to, give, take); err != nil {
			return err
		}
		if acts {
			if err := c.Also(s.door.Log.NoteGiven(given)); err != nil {
				return err
			}
		}
		return c.Also(s.door.Log.Note(r))
	})
}

// DelegateRights returns what delegates hold on a mailbox as a whole, by their
// SIDs, as it is granted now: not what groups bring them.
func (s *Session) DelegateRights(ctx context.Context, id entente.MailboxID) (map[entente.SID]access.Rights, error) {
	if _, err := s.ask(access.MailboxOf(id), access.FullAccess); err != nil {
		return nil, err
	}
	all, err := s.door.Directory.MailboxPermissions(ctx, id)
	held := make(map[entente.SID]access.Rights, len(all))
	for _, p := range all {
		if !p.Deny {
			held[p.To] = p.Rights & (access.SendOnBehalf | access.ReadPrivate)
		}
	}
	return held, err
}
