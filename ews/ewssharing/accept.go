package ewssharing

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"entente"
	"entente/access"
	"entente/ews"
	"entente/federation"
	"entente/federation/token"
	"entente/mailbox"
	"entente/sharing/invitation"
	"entente/xmlsec"
)

func invalid(reason entente.Reason, text string) *entente.Error {
	return entente.Errorf(entente.Invalid, "%s", text).Because(reason)
}

// Accept takes up the invitation that an attachment is, in the mailbox of a view:
// to a folder here as a link to it, to one of another organization as a folder
// that takes after it. open opens a mailbox for who accepts. Whatever an
// invitation says of places and addresses is not followed: where somebody's
// server is, relationships say. Threat O3
func (s *Service) Accept(ctx context.Context, v *mailbox.View, open func(entente.MailboxID) (*mailbox.View, error), attachment []byte) (*Subscription, error) {
	m, err := invitation.ReadMessage(attachment)
	if err != nil {
		return nil, &entente.Error{Kind: entente.Invalid, Reason: InvalidMessage, Text: "the sharing message is not understood", Err: err}
	}
	me, ok := s.Directory.Snapshot().FindMailbox(v.Mailbox())
	if !ok {
		return nil, invalid(InvalidSubscriber, "nobody has the mailbox")
	}
	if here, ok := s.Directory.Snapshot().FindSMTP(string(m.Mail)); ok {
		return s.acceptInternal(ctx, v, &me, &here, m, open)
	}
	return s.acceptExternal(ctx, v, &me, m)
}

// provider finds the provider of a kind for one of an account's addresses.
func provider(m *invitation.Message, kind string, me *access.Account) *invitation.Provider {
	for _, a := range addressesOf(me) {
		if p := m.Provider(kind, a); p != nil {
			return p
		}
	}
	return nil
}

func (s *Service) acceptInternal(ctx context.Context, v *mailbox.View, me, initiator *access.Account, m *invitation.Message, open func(entente.MailboxID) (*mailbox.View, error)) (*Subscription, error) {
	p := provider(m, invitation.Internal, me)
	if p == nil {
		return nil, unsupported(m, invitation.Internal)
	}
	id, err := ews.ParseStoreIDFormat(p.FolderID, ews.FormatHexEntryID)
	if err != nil || !id.IsFolder() {
		return nil, invalid(InvalidData, "the invitation names no folder")
	}
	if id.Mailbox != initiator.Mailbox {
		return nil, invalid(InvalidInitiator, "the folder is not the initiator's")
	}
	theirs, err := open(id.Mailbox)
	if err != nil {
		return nil, err
	}
	if _, err := theirs.Folder(ctx, mailbox.FolderID(id.Folder)); err != nil {
		return nil, err // not shown to who accepts, or gone
	}
	u := &Subscription{Mailbox: v.Mailbox(), Owner: initiator.Mail, RemoteID: id.String(), DataType: m.DataType}
	return u, s.keep(ctx, u)
}

// unsupported tells an invitation that is for others from one whose ways to what
// is shared are none of ours.
func unsupported(m *invitation.Message, kind string) error {
	if slices.ContainsFunc(m.Providers, func(p invitation.Provider) bool { return p.Type == kind }) {
		return invalid(InvalidSubscriber, "the invitation is for others")
	}
	return invalid(NotSupportedMessage, "the invitation has no way to the folder that is taken here")
}

func (s *Service) acceptExternal(ctx context.Context, v *mailbox.View, me *access.Account, m *invitation.Message) (*Subscription, error) {
	p := provider(m, invitation.External, me)
	if p == nil {
		return nil, unsupported(m, invitation.External)
	}
	f, t, err := s.opened(p)
	if err != nil {
		return nil, err
	}
	if err := s.vouched(m, f, t); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(addressesOf(me), func(a entente.SMTPAddress) bool { return slices.Contains(f.Recipients, a) }) {
		return nil, invalid(InvalidSubscriber, "the invitation is for others")
	}
	if f.DataType != invitation.Calendar {
		return nil, invalid(NotSupportedMessage, "calendars alone are taken over from other organizations")
	}
	return s.follow(ctx, v, m, f)
}

// opened opens the first of the invitations that is for this organization.
func (s *Service) opened(p *invitation.Provider) (*invitation.Folder, *token.Token, error) {
	o := s.Federation.Opener()
	if o == nil {
		return nil, nil, entente.Errorf(entente.Denied, "no federation trust is configured for this organization").Because(federation.NotFederated)
	}
	for _, x := range p.Encrypted {
		t, err := o.SAML(x.Token, s.Now())
		if err != nil || t.Offer != token.InviteMessage {
			continue // meant for another organization, most likely
		}
		plain, err := xmlsec.DecryptSecret(x.Data, t.Proof)
		if err != nil {
			continue
		}
		if f, err := invitation.ReadFolder(plain); err == nil {
			return f, t, nil
		}
	}
	return nil, nil, invalid(InvalidData, "the invitation cannot be opened by this organization, or has expired")
}

// vouched checks that who invites is whom the token speaks for, and of the
// organization that a relationship names for his domain.
func (s *Service) vouched(m *invitation.Message, f *invitation.Folder, t *token.Token) error {
	if f.Sender != m.Mail || !slices.Contains(t.Subject.Mails, f.Sender) || !slices.Contains(t.Domains, f.Sender.Domain()) || f.Organization != t.Requestor {
		return invalid(InvalidInitiator, "the invitation is not from whom it says")
	}
	r, ok := s.Directory.Snapshot().RelationshipFor(f.Sender.Domain())
	if !ok || !r.Enabled || r.TargetApplicationURI != t.Requestor {
		return invalid(InvalidInitiator, "there is no organization relationship with the initiator's organization")
	}
	return nil
}

// follow makes the folder here, if there is none yet, and has it take after the
// other for the first time. That this fails is kept, and told by the next
// refresh.
func (s *Service) follow(ctx context.Context, v *mailbox.View, m *invitation.Message, f *invitation.Folder) (*Subscription, error) {
	list, err := s.followed(ctx, v.Mailbox(), f.Sender)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if u := &list[i]; u.RemoteID == f.FolderID {
			if _, err := v.Folder(ctx, u.Folder); err == nil {
				return u, nil
			}
		}
	}
	folder, err := s.folderFor(ctx, v, m)
	if err != nil {
		return nil, err
	}
	u := &Subscription{Mailbox: v.Mailbox(), Owner: f.Sender, RemoteID: f.FolderID, Folder: folder.ID, Organization: f.Organization, DataType: f.DataType}
	if err := s.keep(ctx, u); err != nil {
		return nil, err
	}
	_ = s.refresh(ctx, u) // logged there, and kept with the subscription
	return u, nil
}

// maxNames is how many folders of one name are tried.
const maxNames = 100

// folderFor makes the folder, named after who shares.
func (s *Service) folderFor(ctx context.Context, v *mailbox.View, m *invitation.Message) (*mailbox.Folder, error) {
	in, err := v.FolderByName(ctx, mailbox.Calendar)
	if err != nil {
		return nil, err
	}
	name := strings.Map(func(c rune) rune {
		if c < ' ' || strings.ContainsRune(`/\`, c) {
			return -1
		}
		return c
	}, m.Name)
	if name = strings.TrimSpace(name[:min(len(name), 100)]); strings.ToValidUTF8(name, "") != name || name == "" {
		name = string(m.Mail)
	}
	for n := 1; n <= maxNames; n++ {
		try := name
		if n > 1 {
			try += " " + strconv.Itoa(n)
		}
		folder, err := v.CreateFolder(ctx, in.ID, mailbox.NewFolder{
			Name: try, Class: mailbox.SharedCalendarClass, Permissions: []access.Entry{},
		})
		var e *entente.Error
		if errors.As(err, &e) && e.Reason == mailbox.FolderExists {
			continue
		}
		return folder, err
	}
	return nil, entente.Errorf(entente.Conflict, "too many folders of this name").Because(mailbox.FolderExists)
}
