package easserver

import (
	"hash/fnv"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/clientaccess"
	"entente/device"
)

// Devices that behave badly are blocked for a while, where that is set.
// Exchange: Set-ActiveSyncDeviceAutoblockThreshold

// behaves looks at how the device behaves with this request.
func (c *call) behaves() error {
	if c.device.AgentChanged {
		if err := c.behaved(access.UserAgentsChanges); err != nil {
			return err
		}
	}
	kind := access.RecentCommands
	switch c.line.Command {
	case activesync.Sync:
		kind = access.SyncCommands
	case activesync.Ping: // is made to be repeated
		return nil
	}
	if c.again || !c.watched(kind) {
		return nil
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.line.Command)) // never fails
	_, _ = h.Write(c.raw)
	if !c.h.Devices.Repeats(c.device.Key, h.Sum64()) {
		return nil
	}
	return c.behaved(kind)
}

// watched reports whether a behaviour is counted.
func (c *call) watched(b access.Behaviour) bool {
	return c.s.Snapshot().Devices().Threshold(b).Limit > 0
}

// behaved counts a behaviour, and blocks the device when it was too much. Who is on
// the mailbox's list of allowed devices is blocked too: it is the server that is
// kept from harm.
func (c *call) behaved(b access.Behaviour) error {
	o := c.s.Snapshot().Devices()
	t := o.Threshold(b)
	if t.Limit == 0 || !c.h.Devices.Behaved(c.device.Key, string(b), t.Limit, t.Within) {
		return nil
	}
	now := c.s.Now()
	d, err := c.h.Devices.SetBlock(c.ctx, c.device.Key, &device.Block{Reason: string(b), From: now, Until: now.Add(t.Block)})
	if err != nil {
		return err
	}
	c.device = d
	c.h.Log.Warn("device blocked for its behaviour", "device", d.ID, "account", string(d.Account), "behaviour", string(b), "until", d.Block.Until)
	who := c.s.Caller().Subject()
	n := administratorsMail(who, d, access.DeviceAccess{State: access.DeviceBlocked, Reason: string(b)}, t.AdminInsert)
	c.h.tell(o.AdminRecipients, n)
	if o.Threshold(access.EnableNotificationEmail).Limit > 0 && who.Mail != "" {
		c.h.tell([]entente.SMTPAddress{who.Mail}, notice{"Your mobile device is blocked for a while", quarantineLine(d, o.UserMailInsert)})
	}
	return nil
}

// countFailure counts requests that made the server fail, and such as the budget had
// no room for.
func (c *call) countFailure(err error) {
	switch {
	case isReason(err, clientaccess.Busy):
		c.failedUs(access.OutOfBudgets)
	case c.answer.code == "Status110", c.answer.code == "HTTP500":
		c.failedUs(access.Watsons)
	}
}

// failedUs counts a request of which the server failed, or for which there was no
// budget. It is after the answer: the next request meets the block.
func (c *call) failedUs(b access.Behaviour) {
	if c.line.DeviceID == "" || !c.watched(b) {
		return
	}
	if c.device == nil {
		d, err := c.h.Devices.Get(c.ctx, c.key())
		if err != nil {
			return
		}
		c.device = d
	}
	if err := c.behaved(b); err != nil {
		c.h.Log.Error("device", "id", c.s.RequestID(), "err", err)
	}
}
