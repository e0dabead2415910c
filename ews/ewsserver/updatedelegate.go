package ewsserver

import (
	"slices"

	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// updateDelegate changes what delegates may do; what is not said stays.
// [MS-OXWSDLGM] 3.1.4.4
func (c *call) updateDelegate(req *ews.UpdateDelegate) (*ews.UpdateDelegateResponse, error) {
	v, err := c.delegator(&req.Mailbox)
	if err != nil {
		return &ews.UpdateDelegateResponse{ResponseMessage: c.fail(err)}, nil
	}
	messages, done := c.delegates(v.Mailbox(), usersOf(req.DelegateUsers), func(i int, a *access.Account) (*ews.DelegateUser, error) {
		if a.UPN == "" {
			return nil, &ews.Fault{Code: ews.ErrorDelegateNoUser}
		}
		u := &req.DelegateUsers[i]
		change, err := delegateChange(u)
		if err != nil {
			return nil, err
		}
		change.SID = a.SID
		undo, err := v.UpdateDelegate(c.ctx, change)
		if err != nil {
			return nil, err
		}
		if err := c.grantDelegate(v, a, u.ViewPrivateItems, undo); err != nil {
			return nil, err
		}
		return c.delegateNow(v, a)
	})
	if done > 0 || len(req.DelegateUsers) == 0 {
		if err := c.setMeetingDelivery(v, req.DeliverMeetingRequests); err != nil {
			return &ews.UpdateDelegateResponse{ResponseMessage: c.fail(err)}, nil
		}
	}
	return &ews.UpdateDelegateResponse{ResponseMessage: ews.Success(), ResponseMessages: messages}, nil
}

// delegateNow shows a delegate as he is, without his permissions.
func (c *call) delegateNow(v *mailbox.View, a *access.Account) (*ews.DelegateUser, error) {
	list, err := v.Delegates(c.ctx)
	if err != nil {
		return nil, err
	}
	held, err := c.s.DelegateRights(c.ctx, v.Mailbox())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list.List, func(d mailbox.Delegate) bool { return d.SID == a.SID })
	if i < 0 {
		return nil, &ews.Fault{Code: ews.ErrorNotDelegate}
	}
	private := held[a.SID].Has(access.ReadPrivate)
	return &ews.DelegateUser{UserID: c.delegateID(a.SID), ReceiveCopiesOfMeetingMessages: &list.List[i].Copies, ViewPrivateItems: &private}, nil
}
