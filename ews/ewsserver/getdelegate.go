package ewsserver

import (
	"entente/access"
	"entente/ews"
)

// getDelegate lists the delegates of a mailbox, to those who may do all in it.
// Nobody can be made a delegate yet, so there are none. [MS-OXWSDLGM] 3.1.4.2
func (c *call) getDelegate(req *ews.GetDelegate) (*ews.GetDelegateResponse, error) {
	v, err := c.s.MailboxOf(c.ctx, req.Mailbox.EmailAddress)
	if err == nil && !v.Permit().FolderRights(&access.FolderTable{}).Has(access.FolderOwner) {
		err = &ews.Fault{Code: ews.ErrorAccessDenied}
	}
	if err != nil {
		return &ews.GetDelegateResponse{ResponseMessage: c.fail(err)}, nil
	}
	resp := &ews.GetDelegateResponse{ResponseMessage: ews.Success(), DeliverMeetingRequests: ews.NoForward}
	for range req.UserIDs {
		resp.ResponseMessages = append(resp.ResponseMessages, ews.DelegateUserResponseMessage{ResponseMessage: ews.Failure(ews.ErrorNotDelegate)})
	}
	return resp, nil
}
