package ewsserver

import (
	"entente/access"
	"entente/ews"
)

// addDelegate makes users delegates of a mailbox. [MS-OXWSDLGM] 3.1.4.1
func (c *call) addDelegate(req *ews.AddDelegate) (*ews.AddDelegateResponse, error) {
	v, err := c.delegator(&req.Mailbox)
	if err != nil {
		return &ews.AddDelegateResponse{ResponseMessage: c.fail(err)}, nil
	}
	owner, _ := c.s.Snapshot().FindMailbox(v.Mailbox())
	messages, done := c.delegates(v.Mailbox(), usersOf(req.DelegateUsers), func(i int, a *access.Account) (*ews.DelegateUser, error) {
		if a.SID == owner.SID {
			return nil, &ews.Fault{Code: ews.ErrorDelegateCannotAddOwner}
		}
		if err := canBeDelegate(a); err != nil {
			return nil, err
		}
		u := &req.DelegateUsers[i]
		change, err := delegateChange(u)
		if err != nil {
			return nil, err
		}
		change.SID = a.SID
		undo, err := v.AddDelegate(c.ctx, change)
		if err != nil {
			return nil, err
		}
		// A delegate who was one before, and not to see what is private, may have
		// kept that right: what is not said is no.
		private := u.ViewPrivateItems
		if private == nil {
			private = new(bool)
		}
		if err := c.grantDelegate(v, a, private, undo); err != nil {
			return nil, err
		}
		copies := u.ReceiveCopiesOfMeetingMessages
		if copies == nil {
			copies = new(bool)
		}
		return &ews.DelegateUser{UserID: c.delegateID(a.SID), ReceiveCopiesOfMeetingMessages: copies, ViewPrivateItems: private}, nil
	})
	if done > 0 {
		if err := c.setMeetingDelivery(v, req.DeliverMeetingRequests); err != nil {
			return &ews.AddDelegateResponse{ResponseMessage: c.fail(err)}, nil
		}
	}
	return &ews.AddDelegateResponse{ResponseMessage: ews.Success(), ResponseMessages: messages}, nil
}

func usersOf(list []ews.DelegateUser) []ews.UserID {
	ids := make([]ews.UserID, len(list))
	for i := range list {
		ids[i] = list[i].UserID
	}
	return ids
}
