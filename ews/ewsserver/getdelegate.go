package ewsserver

import (
	"slices"

	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// getDelegate lists the delegates of a mailbox, or those named, to those who may
// do all in it. [MS-OXWSDLGM] 3.1.4.2
func (c *call) getDelegate(req *ews.GetDelegate) (*ews.GetDelegateResponse, error) {
	v, err := c.delegator(&req.Mailbox)
	var list mailbox.Delegates
	if err == nil {
		list, err = v.Delegates(c.ctx)
	}
	if err != nil {
		return &ews.GetDelegateResponse{ResponseMessage: c.fail(err)}, nil
	}
	held, err := c.s.DelegateRights(c.ctx, v.Mailbox())
	if err != nil {
		return &ews.GetDelegateResponse{ResponseMessage: c.fail(err)}, nil
	}
	users := req.UserIDs
	if len(users) == 0 {
		for _, d := range list.List {
			users = append(users, ews.UserID{SID: string(d.SID)})
		}
	}
	resp := &ews.GetDelegateResponse{ResponseMessage: ews.Success(), DeliverMeetingRequests: deliveries[list.Delivery]}
	resp.ResponseMessages, _ = c.delegates(v.Mailbox(), users, func(_ int, a *access.Account) (*ews.DelegateUser, error) {
		i := slices.IndexFunc(list.List, func(d mailbox.Delegate) bool { return d.SID == a.SID })
		switch {
		case i < 0:
			return nil, &ews.Fault{Code: ews.ErrorNotDelegate}
		case !held[a.SID].Has(access.SendOnBehalf):
			// An administrator took that away: the delegate is one by half.
			return nil, &ews.Fault{Code: ews.ErrorDelegateMissingConfiguration}
		}
		private := held[a.SID].Has(access.ReadPrivate)
		out := &ews.DelegateUser{UserID: c.delegateID(a.SID), ReceiveCopiesOfMeetingMessages: &list.List[i].Copies, ViewPrivateItems: &private}
		if req.IncludePermissions {
			roles, err := v.DelegateRoles(c.ctx, a.SID)
			if err != nil {
				return nil, err
			}
			out.DelegatePermissions = shownRoles(&roles)
		}
		return out, nil
	})
	return resp, nil
}
