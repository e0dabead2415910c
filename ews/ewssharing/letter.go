package ewssharing

import (
	"context"
	"fmt"

	"entente"
	"entente/access"
	"entente/mailbox"
	"entente/message"
	"entente/sharing/invitation"
)

// Letter writes the message that invites people of other organizations to a
// folder, as their clients expect it: a text for those who cannot do anything
// with it, and the attachment that says what is shared. Whoever carries it to them
// learns no more than who shares with whom. It is nil if nobody can be invited.
// [MS-OXSHRMSG] 2.2.1
func (s *Service) Letter(ctx context.Context, owner *access.Account, folder *mailbox.Folder, to []string) ([]byte, []NotInvited, error) {
	made, not, err := s.Invite(ctx, owner, folder, owner.Mail, to)
	if err != nil || len(made) == 0 {
		return nil, not, err
	}
	name := message.Clean(owner.Name)
	m := invitation.Message{
		DataType: dataType(folder), Name: name, Mail: owner.Mail, Title: folder.Name,
		Providers: []invitation.Provider{{Type: invitation.External, Encrypted: made}},
	}
	draft := message.Draft{
		From: []message.Address{{Name: name, SMTP: string(owner.Mail)}}, Subject: "Sharing invitation: " + name + " - " + message.Clean(folder.Name),
		Date: s.Now(), TextBody: fmt.Sprintf("%s shares the folder %s with you. A client that knows sharing invitations can open it.\r\n", name, message.Clean(folder.Name)),
		Attachments: []message.Attachment{{FileName: invitation.FileName, ContentType: invitation.MediaType, Data: m.Append(nil)}},
	}
	refused := map[string]bool{}
	for _, n := range not {
		refused[n.Address] = true
	}
	for _, text := range to {
		if a, err := entente.ParseSMTPAddress(text); err == nil && !refused[string(a)] && !refused[text] {
			draft.To = append(draft.To, message.Address{SMTP: string(a)})
		}
	}
	text, err := message.Compose(draft)
	return text, not, err
}
