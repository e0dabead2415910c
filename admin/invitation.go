package admin

import (
	"context"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/mailbox"
)

// An Inviter writes sharing invitations.
type Inviter interface {
	// Letter returns the message that invites people of other organizations to a
	// folder, and whom it cannot be for; no message if it is for nobody.
	Letter(ctx context.Context, owner *access.Account, folder *mailbox.Folder, to []string) ([]byte, []NotInvited, error)
	// Send sends such a message in its owner's name.
	Send(ctx context.Context, owner *access.Account, letter []byte) error
}

// NotInvited is somebody who cannot be invited, and why.
type NotInvited struct {
	Address string `json:"address"`
	Code    string `json:"code"` // as GetSharingMetadata has it
	Text    string `json:"text"`
}

// InviteToCalendar asks for a sharing invitation.
type InviteToCalendar struct {
	CalendarName
	To   []string `json:"to" help:"Address of somebody at another organization with which there is a relationship." required:"" placeholder:"ADDRESS"`
	Send bool     `json:"send,omitempty" help:"Send the message in the owner's name. Mail to other organizations has to be set up: transport in the configuration."`
}

// CalendarInvitation is the message to be carried to those invited, and whom it
// is not for.
type CalendarInvitation struct {
	Message    []byte       `json:"message"`
	Sent       bool         `json:"sent,omitempty"`
	NotInvited []NotInvited `json:"not_invited,omitempty"`
}

// InviteToCalendar writes the message that invites people of other organizations
// to a calendar. What they see there is for the folder's permissions to say: entente
// folder grant.
func (a *API) InviteToCalendar(ctx context.Context, q InviteToCalendar) (CalendarInvitation, error) {
	var i CalendarInvitation
	if a.Inviter == nil {
		return i, entente.Errorf(entente.Unavailable, "this server knows no federation")
	}
	err := a.inCalendar(ctx, "calendar.invite", q.CalendarName, true, func(x *directory.Account, f *mailbox.Folder) (err error) {
		i.Message, i.NotInvited, err = a.Inviter.Letter(ctx, &x.Account, f, q.To)
		if err == nil && i.Message != nil && q.Send {
			err = a.Inviter.Send(ctx, &x.Account, i.Message)
			i.Sent = err == nil
		}
		return err
	})
	if err == nil && i.Message == nil {
		err = entente.Errorf(entente.Denied, "nobody can be invited: %s: %s", i.NotInvited[0].Address, i.NotInvited[0].Text)
	}
	return i, err
}
