package server

import (
	"context"
	"errors"

	"entente/access"
	"entente/admin"
	"entente/delivery"
	"entente/ews/ewssharing"
	"entente/mailbox"
	"entente/message"
	"entente/sharing"
)

// openSharing makes what publishes calendars. Nothing is published unless a
// sharing policy has a rule for Anonymous, which none has at first.
func (s *Server) openSharing(ctx context.Context) error {
	if err := s.main.Migrate(ctx, sharing.Schema()); err != nil {
		return err
	}
	seal, err := s.ring.SharingSeal(ctx)
	if err != nil {
		return err
	}
	s.sharing = sharing.New(sharing.Config{
		DB: s.main, Directory: s.Directory, Door: s.Door, Seal: seal, Log: s.log, Now: s.options.Now,
		Base: func() string { return "https://" + s.publicHost() }, Elsewhere: s.publishedElsewhere,
	})
	return nil
}

// openInvitations makes what invites people of other organizations to folders,
// and follows what they share.
func (s *Server) openInvitations(ctx context.Context) error {
	if err := s.main.Migrate(ctx, ewssharing.Schema()); err != nil {
		return err
	}
	s.invitations = ewssharing.New(ewssharing.Config{
		DB: s.main, Directory: s.Directory, Door: s.Door, Federation: s.Federation, Owner: s.partners, Log: s.log, Now: s.options.Now,
	})
	return nil
}

// inviter is what writes invitations as admin needs it.
type inviter struct {
	*ewssharing.Service
	s *Server
}

// Send implements admin.Inviter: what cannot be delivered comes back to the owner.
func (i inviter) Send(ctx context.Context, owner *access.Account, letter []byte) error {
	it := &mailbox.Item{}
	if err := it.SetMIME(letter, mailbox.ConvertOptions{}); err != nil {
		return err
	}
	who := message.Address{Name: owner.Name, SMTP: string(owner.Mail)}
	work := i.s.Door.Local(owner.Principal, "SharingInvitation")
	delivery.Sign(it, who, who, work.Now())
	err := i.s.post.Send(ctx, work, nil, it)
	code := ""
	if err != nil {
		code = "NotDelivered"
	}
	return errors.Join(err, work.Finish(ctx, code))
}

// Letter implements admin.Inviter.
func (i inviter) Letter(ctx context.Context, owner *access.Account, folder *mailbox.Folder, to []string) ([]byte, []admin.NotInvited, error) {
	text, not, err := i.Service.Letter(ctx, owner, folder, to)
	var list []admin.NotInvited
	for _, n := range not {
		list = append(list, admin.NotInvited{Address: n.Address, Code: string(n.Code), Text: n.Text})
	}
	return text, list, err
}
