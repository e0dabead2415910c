package ewsserver

import "entente/ews"

// unsubscribe ends a subscription. [MS-OXWSNTIF] 3.1.4.4
func (c *call) unsubscribe(req *ews.Unsubscribe) (*ews.UnsubscribeResponse, error) {
	m := ews.Success()
	who := c.s.Caller()
	sub, err := c.h.subscriptions.find(req.SubscriptionID, who.Authenticated.SID, who.Subject().SID, c.s.Now())
	if err != nil {
		m = c.fail(err)
	} else {
		c.h.subscriptions.remove(sub)
	}
	return &ews.UnsubscribeResponse{ResponseMessages: []ews.ResponseMessage{m}}, nil
}
