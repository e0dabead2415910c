package server

import (
	"context"
	"errors"

	"entente"
	"entente/access"
	"entente/broker"
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

// write writes to the contact of an organization at the broker, here or elsewhere.
func (s *Server) write(ctx context.Context, n broker.Notice) error {
	to, err := entente.ParseSMTPAddress(n.Contact)
	if err != nil || s.post == nil {
		return err
	}
	subject := "Trust broker: application " + string(n.App)
	if n.Domain != "" {
		subject = "Trust broker: " + string(n.Domain)
	}
	if _, ok := s.Directory.Snapshot().FindSMTP(string(to)); ok {
		return s.tell(ctx, to, subject, n.Text)
	}
	domain := s.Directory.DefaultDomain()
	if domain == "" { // a broker alone
		domain = entente.Domain(s.config.Name)
	}
	from := entente.SMTPAddress("broker@" + string(domain))
	work := s.Door.Local(access.Principal{Mail: from}, "BrokerNotice")
	err = s.post.TellAbroad(ctx, work, delivery.Word{From: from, To: to, Subject: subject, Text: n.Text})
	code := ""
	if err != nil {
		code = "NotDelivered"
	}
	return errors.Join(err, work.Finish(ctx, code))
}
