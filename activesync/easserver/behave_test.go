package easserver

import (
	"fmt"
	"testing"
	"time"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/directory"
)

// TestAutoblock: what is too much of a behaviour blocks the device for a while, and
// ends by itself.
func TestAutoblock(t *testing.T) {
	test := func(b access.Behaviour, bad func(p *phone, i int)) {
		t.Helper()
		h := open(t)
		at := h.clock()
		told := 0
		h.handler.Tell = func(to []entente.SMTPAddress, _, _ string) { told += len(to) }
		h.standard(access.AllowDevice)
		h.change(func(c *directory.Change) error {
			return c.SetDevices(func(o *access.DeviceOrganization) error {
				o.Thresholds = []access.BehaviourThreshold{
					{Behaviour: b, Limit: 3, Within: time.Minute, Block: time.Hour},
					{Behaviour: access.EnableNotificationEmail, Limit: 1},
				}
				return nil
			})
		})
		p := h.phone("anna", activesync.V161)
		p.look().ok()
		// Slowly, nothing comes of it.
		for i := range 6 {
			bad(p, i)
			*at = at.Add(21 * time.Second)
		}
		p.look().ok()
		*at = at.Add(time.Minute)
		for i := range 5 {
			bad(p, 100+i)
		}
		p.look().is(activesync.DeviceIsBlockedForThisUser)
		if d := h.deviceOf("anna", p); d.Block == nil || d.Block.Reason != string(b) || told != 2 {
			t.Errorf("%s: %+v, %d told", b, d.Block, told)
		}
		h.allow("anna", p.id) // does not help
		p.look().is(activesync.DeviceIsBlockedForThisUser)
		other := h.phone("ben", activesync.V161)
		other.look().ok()
		*at = at.Add(time.Hour)
		p.look().ok()
	}
	test(access.UserAgentsChanges, func(p *phone, i int) {
		p.header.Set("User-Agent", fmt.Sprint("agent ", i))
		p.look()
	})
	test(access.RecentCommands, func(p *phone, _ int) {
		p.send(activesync.ResolveRecipients, func(w *wbxml.Writer) {
			w.Start(wbxml.ResolveRecipientsResolveRecipients)
			w.Text(wbxml.ResolveRecipientsTo, "ben")
			w.End()
		})
	})
	test(access.SyncCommands, func(p *phone, _ int) { p.sync(17, "5", nil) })
}
