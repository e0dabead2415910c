package server

import (
	"context"

	"entente"
	"entente/delivery"
)

// tell writes to somebody here what happened that he should know: a mailbox of
// ours, or nobody.
func (s *Server) tell(ctx context.Context, to entente.SMTPAddress, subject, text string) error {
	a, ok := s.Directory.Snapshot().FindSMTP(string(to))
	if !ok || a.Mailbox.IsZero() {
		return entente.Errorf(entente.NotFound, "%s has no mailbox here", to)
	}
	work := s.Door.Local(a.Principal, "notice")
	err := s.post.Tell(ctx, work, delivery.Word{From: "entente@" + entente.SMTPAddress(to.Domain()), To: to, Subject: subject, Text: text})
	code := ""
	if err != nil {
		code = "NotDelivered"
	}
	if e := work.Finish(ctx, code); err == nil {
		err = e
	}
	return err
}
