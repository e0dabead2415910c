package ewsserver

import (
	"slices"

	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// removeDelegate takes from delegates what they were given: the right to send
// for the owner first, so that a failure leaves them less and never more.
// [MS-OXWSDLGM] 3.1.4.3
func (c *call) removeDelegate(req *ews.RemoveDelegate) (*ews.RemoveDelegateResponse, error) {
	v, err := c.delegator(&req.Mailbox)
	var list mailbox.Delegates
	if err == nil {
		list, err = v.Delegates(c.ctx)
	}
	if err != nil {
		return &ews.RemoveDelegateResponse{ResponseMessage: c.fail(err)}, nil
	}
	messages, _ := c.delegates(v.Mailbox(), req.UserIDs, func(_ int, a *access.Account) (*ews.DelegateUser, error) {
		// Who was let send by an administrator, and is no delegate, keeps that.
		if !slices.ContainsFunc(list.List, func(d mailbox.Delegate) bool { return d.SID == a.SID }) {
			return nil, &ews.Fault{Code: ews.ErrorNotDelegate}
		}
		if err := c.s.SetDelegate(c.ctx, v.Mailbox(), a.SID, 0, access.SendOnBehalf|access.ReadPrivate); err != nil {
			return nil, err
		}
		return nil, v.RemoveDelegate(c.ctx, a.SID)
	})
	return &ews.RemoveDelegateResponse{ResponseMessage: ews.Success(), ResponseMessages: messages}, nil
}
