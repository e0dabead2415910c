package ewssharing

import (
	"context"
	"errors"

	"entente"
	"entente/access"
	"entente/ews"
	"entente/federation"
	"entente/federation/token"
	"entente/mailbox"
	"entente/sharing/invitation"
	"entente/xmlsec"
)

// A NotInvited is somebody whom an invitation cannot be made for, and why.
type NotInvited struct {
	Address string
	Code    ews.InvalidRecipientResponseCode
	Text    string
}

// Invite makes what invites people of other organizations to a folder: for each
// organization a delegation token and, under its secret, what is shared. It
// changes nothing: what they may see in the folder is in its permission table.
// [MS-OXWSMSHR] 3.1.4.2
//
// The error is about the whole: this organization or the owner is not federated.
func (s *Service) Invite(ctx context.Context, owner *access.Account, folder *mailbox.Folder, sender entente.SMTPAddress, to []string) ([]invitation.Encrypted, []NotInvited, error) {
	if trust := s.Federation.Trust(); trust == nil || !trust.Enabled {
		return nil, nil, entente.Errorf(entente.Denied, "no federation trust is configured for this organization").Because(federation.NotFederated)
	}
	who, err := s.Federation.Subject(owner.Mailbox, addressesOf(owner))
	if err != nil {
		return nil, nil, err
	}
	var made []invitation.Encrypted
	targets, not := s.targets(owner, folder, to)
	for _, t := range targets {
		x, err := s.encrypted(ctx, who, t, folder, owner.Mailbox, sender)
		if err != nil {
			s.Log.Info("sharing invitation", "target", t.uri, "err", err)
			for _, a := range t.to {
				not = append(not, NotInvited{string(a), codeOfToken(err), "The broker gives no token for the recipient's organization."})
			}
			continue
		}
		made = append(made, x)
	}
	return made, not, nil
}

// A target is an organization with those who are invited there.
type target struct {
	uri string
	to  []entente.SMTPAddress
}

// targets sorts recipients by their organizations, and finds out who cannot be
// invited.
func (s *Service) targets(owner *access.Account, folder *mailbox.Folder, to []string) (targets []*target, not []NotInvited) {
	at := map[string]*target{}
	for _, text := range to {
		a, err := entente.ParseSMTPAddress(text)
		if err != nil || s.Directory.Accepted(a.Domain()) {
			not = append(not, NotInvited{text, ews.InvalidOtherError, "This is nobody in another organization."})
			continue
		}
		uri, code, why := s.organizationOf(owner, folder, a.Domain())
		if uri == "" {
			not = append(not, NotInvited{text, code, why})
			continue
		}
		t := at[uri]
		if t == nil {
			t = &target{uri: uri}
			at[uri], targets = t, append(targets, t)
		}
		t.to = append(t.to, a)
	}
	return targets, not
}

// organizationOf returns for whom a token for people of a domain is, or why none
// is asked for: the owner's sharing policy must let something of such a folder be
// shared there, and a relationship must say which organization it is.
func (s *Service) organizationOf(owner *access.Account, folder *mailbox.Folder, d entente.Domain) (uri string, code ews.InvalidRecipientResponseCode, why string) {
	snapshot := s.Directory.Snapshot()
	least := access.LevelFreeBusyTimeOnly
	if !folder.Calendar() {
		least = access.LevelReviewer
	}
	if err := snapshot.MayShare(owner.SID, d, folder.Class, least); err != nil {
		return "", ews.InvalidSystemPolicyBlocksSharing, err.Error()
	}
	r, ok := snapshot.RelationshipFor(d)
	switch {
	case !ok:
		return "", ews.InvalidRecipientOrganizationNotFederated, "There is no organization relationship with the recipient's domain."
	case !r.Enabled:
		return "", ews.InvalidSystemPolicyBlocksSharing, "The organization relationship with the recipient's domain is disabled."
	case r.TargetApplicationURI == "":
		return "", ews.InvalidRecipientOrganizationUnknownTokens, "The organization relationship doesn't say for whom tokens are issued: it has no target application URI."
	}
	return r.TargetApplicationURI, "", ""
}

func codeOfToken(err error) ews.InvalidRecipientResponseCode {
	var e *entente.Error
	if errors.As(err, &e) && (e.Reason == federation.BrokerUnavailable || e.Reason == federation.BrokerRefused) {
		return ews.InvalidCannotObtainTokenFromSTS
	}
	return ews.InvalidOtherError
}

// encrypted makes the invitation for one organization.
func (s *Service) encrypted(ctx context.Context, who token.Subject, t *target, folder *mailbox.Folder, box entente.MailboxID, sender entente.SMTPAddress) (invitation.Encrypted, error) {
	g, err := s.Federation.AskSAML(ctx, who, t.uri, token.InviteMessage)
	if err != nil {
		return invitation.Encrypted{}, err
	}
	f := invitation.Folder{
		DataType: dataType(folder), Organization: s.Federation.Trust().ApplicationURI,
		FolderID: ews.StoreID{Mailbox: box, Folder: uint64(folder.ID)}.String(), Sender: sender, Recipients: t.to,
	}
	data, err := xmlsec.EncryptSecret(f.Append(nil), g.Proof)
	return invitation.Encrypted{Token: g.SAML, Data: data}, err
}

func dataType(f *mailbox.Folder) invitation.DataType {
	if f.Calendar() {
		return invitation.Calendar
	}
	return invitation.Contacts
}
