package ewsserver

import (
	"strings"

	"entente"
	"entente/access"
	"entente/ews"
	"entente/ews/ewssharing"
	"entente/mailbox"
	"entente/sharing/invitation"
)

// getSharingMetadata answers GetSharingMetadata: what invites people of other
// organizations to a folder of the caller's. That nobody can be invited is an
// answer too. [MS-OXWSMSHR] 3.1.4.2
func (c *call) getSharingMetadata(req *ews.GetSharingMetadata) (*ews.GetSharingMetadataResponse, error) {
	made, not, err := c.invitations(req)
	if err != nil {
		return &ews.GetSharingMetadataResponse{ResponseMessage: c.fail(err)}, nil
	}
	resp := &ews.GetSharingMetadataResponse{
		ResponseMessage: ews.Success(), Collection: &ews.EncryptedSharedFolderDataCollection{}, Invalid: &ews.InvalidRecipients{},
	}
	for _, x := range made {
		resp.Collection.EncryptedSharedFolderData = append(resp.Collection.EncryptedSharedFolderData, ews.EncryptedSharedFolderData{
			Token: ews.EncryptedDataContainer{Element: x.Token}, Data: ews.EncryptedDataContainer{Element: x.Data},
		})
	}
	for _, n := range not {
		resp.Invalid.InvalidRecipient = append(resp.Invalid.InvalidRecipient, ews.InvalidRecipient{SMTPAddress: n.Address, ResponseCode: n.Code, MessageText: n.Text})
	}
	return resp, nil
}

// maxInvited bounds the recipients of one request.
const maxInvited = 100

func (c *call) invitations(req *ews.GetSharingMetadata) ([]invitation.Encrypted, []ewssharing.NotInvited, error) {
	if c.h.Sharing == nil {
		return nil, nil, &ews.Fault{Code: ews.ErrorOrganizationNotFederated}
	}
	if len(req.Recipients) > maxInvited {
		return nil, nil, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "The request names too many recipients."}
	}
	ref, err := c.folderByID(&req.IDOfFolderToShare)
	if err != nil {
		return nil, nil, err
	}
	// Who shares a folder may say who sees it.
	if !ref.folder.Rights.Has(access.FolderOwner) {
		return nil, nil, &ews.Fault{Code: ews.ErrorAccessDenied}
	}
	if ref.folder.Class == mailbox.SharedCalendarClass {
		return nil, nil, entente.Errorf(entente.Denied, "what somebody of another organization shares is not shared on").Because(access.SharingDisabled)
	}
	owner, ok := c.s.Snapshot().FindMailbox(ref.view.Mailbox())
	sender, err := entente.ParseSMTPAddress(req.SenderSMTPAddress)
	if who, found := c.s.Snapshot().FindSMTP(string(sender)); err != nil || !ok || !found || who.Mailbox != owner.Mailbox {
		return nil, nil, &ews.Fault{Code: ews.ErrorInvalidSmtpAddress, Text: "The sender is not the owner of the folder."}
	}
	return c.h.Sharing.Invite(c.ctx, &owner, ref.folder, sender, req.Recipients)
}

// getSharingFolder answers GetSharingFolder. [MS-OXWSMSHR] 3.1.4.1
func (c *call) getSharingFolder(req *ews.GetSharingFolder) (*ews.GetSharingFolderResponse, error) {
	id, err := c.sharingFolder(req)
	if err != nil {
		return &ews.GetSharingFolderResponse{ResponseMessage: c.fail(err)}, nil
	}
	return &ews.GetSharingFolderResponse{ResponseMessage: ews.Success(), SharingFolderID: &ews.FolderID{ID: id}}, nil
}

func (c *call) sharingFolder(req *ews.GetSharingFolder) (string, error) {
	owner, err := entente.ParseSMTPAddress(req.SMTPAddress)
	if err != nil || (req.DataType == "") == (req.SharedFolderID == "") {
		return "", entente.Errorf(entente.Invalid, "say either the type of what is shared or its folder, and by whom").Because(ewssharing.InvalidFolderAsked)
	}
	if c.h.Sharing == nil {
		return "", entente.Errorf(entente.NotFound, "nothing is shared").Because(mailbox.FolderNotFound)
	}
	v, err := c.s.Own(c.ctx)
	if err != nil {
		return "", err
	}
	id, err := c.h.Sharing.FolderOf(c.ctx, v.Mailbox(), owner, invitation.DataType(strings.ToLower(string(req.DataType))), req.SharedFolderID)
	if err != nil {
		return "", err
	}
	// The folder must still be there for who asks, here or at its owner's.
	in, err := c.open(id.Mailbox)
	if err != nil {
		return "", err
	}
	_, err = in.Folder(c.ctx, mailbox.FolderID(id.Folder))
	return id.String(), err
}

// refreshSharingFolder answers RefreshSharingFolder. [MS-OXWSMSHR] 3.1.4.3
func (c *call) refreshSharingFolder(req *ews.RefreshSharingFolder) (*ews.RefreshSharingFolderResponse, error) {
	if err := c.refreshShared(&req.SharingFolderID); err != nil {
		return &ews.RefreshSharingFolderResponse{ResponseMessage: c.fail(err)}, nil
	}
	return &ews.RefreshSharingFolderResponse{ResponseMessage: ews.Success()}, nil
}

func (c *call) refreshShared(id *ews.FolderID) error {
	ref, err := c.folderByID(id)
	if err != nil {
		return err
	}
	if !ref.folder.Rights.Has(access.FolderOwner) || c.h.Sharing == nil {
		return &ews.Fault{Code: ews.ErrorAccessDenied}
	}
	return c.h.Sharing.Refresh(c.ctx, ref.view.Mailbox(), ref.folder.ID)
}

// acceptSharing takes up the invitation that a message brings. [MS-OXWSMSHR],
// [MS-OXSHRMSG]
func (c *call) acceptSharing(ref *referenceItem) error {
	if c.h.Sharing == nil {
		return &ews.Fault{Code: ews.ErrorOrganizationNotFederated}
	}
	content, err := sharingAttachment(ref)
	if err != nil {
		return err
	}
	_, err = c.h.Sharing.Accept(c.ctx, ref.view, c.open, content)
	return err
}

// sharingAttachment reads the attachment that makes a message an invitation.
func sharingAttachment(ref *referenceItem) ([]byte, error) {
	for i := range ref.it.Attachments {
		a := &ref.it.Attachments[i]
		if a.Item || !strings.EqualFold(a.ContentType, invitation.MediaType) && !strings.EqualFold(a.Name, invitation.FileName) {
			continue
		}
		if a.Size > invitation.MaxBytes {
			break
		}
		return a.Content, nil
	}
	return nil, entente.Errorf(entente.Invalid, "the message brings no sharing invitation").Because(ewssharing.InvalidMessage)
}
