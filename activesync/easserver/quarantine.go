package easserver

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/device"
	"entente/mailbox"
)

// What a device that is quarantined may see: the hierarchy of folders, and in the
// Inbox one message that says what is going on. Nothing of the mailbox goes out, and
// nothing is taken in. A device that is not known well enough yet sees the same
// without the message.
//
// Its synchronization keys are constants, and none that are made for others: with
// the first Sync after it was let in, or before it was shut out, the key is not
// known, and the device begins anew.
const (
	confinedKey  = "Q1" // knows nothing
	explainedKey = "Q2" // has the message
)

// confinedMay reports whether a command is answered.
func confinedMay(cmd activesync.Command) bool {
	switch cmd {
	case activesync.FolderSync, activesync.Sync, activesync.Ping, activesync.Settings, activesync.Provision:
		return true
	}
	return false
}

func (c *call) serveConfined(cmd command) error {
	switch c.line.Command {
	case activesync.Sync:
		return c.confinedSync()
	case activesync.Ping:
		return c.confinedPing()
	case activesync.Settings: // what the device is, and nothing about its user
		for e := range c.body.Children() {
			if e.Tag != wbxml.SettingsDeviceInformation {
				return &statusError{activesync.DeviceIsBlockedForThisUser, "the device is quarantined"}
			}
		}
	}
	return cmd.serve(c)
}

// confinedPing waits until the device is let in: of the mailbox nothing is new to
// it.
func (c *call) confinedPing() error {
	q, refused, err := c.pingRequest()
	if err != nil {
		return err
	}
	if refused != nil {
		c.fail("Status" + strconv.Itoa(int(refused.status)))
		c.writePing(refused.status, nil, refused.bound)
		return nil
	}
	c.raw, c.body = nil, nil
	c.answer.held = &held{confined: true, until: c.s.Now().Add(q.heartbeat), look: func(c *call, timeUp bool) (bool, error) {
		switch {
		case c.confined == 0:
			c.writePing(pingChanges, q.folders, 0)
		case timeUp:
			c.writePing(pingExpired, nil, 0)
		default:
			return false, nil
		}
		return true, nil
	}}
	return nil
}

// confinedSync answers a Sync of a device that is quarantined.
func (c *call) confinedSync() error {
	inbox, err := c.view.FolderByName(c.ctx, mailbox.Inbox)
	if err != nil {
		return err
	}
	collections := c.body.Child(wbxml.AirSyncCollections)
	if collections == nil { // the device means what it said last, and that was somebody else
		documents()[activesync.Sync].write(c.out, syncIncomplete)
		c.fail("Status13")
		return nil
	}
	mark, news := c.out.Mark(), false
	c.out.Start(wbxml.AirSyncSync)
	c.out.Start(wbxml.AirSyncCollections)
	for in := range collections.All(wbxml.AirSyncCollection) {
		if in.Has(wbxml.AirSyncCommands) {
			return &statusError{activesync.DeviceIsBlockedForThisUser, "the device is quarantined"}
		}
		if c.confinedCollection(in, inbox.ID) {
			news = true
		}
	}
	c.out.End()
	c.out.End()
	if news {
		return nil
	}
	c.out.Back(mark)
	return c.confinedWait(collections)
}

// confinedWait keeps a Sync that waits until the device is let in, and has it begin
// anew then.
func (c *call) confinedWait(collections *wbxml.Element) error {
	var r syncRequest
	if r.readWait(c.body) != nil || r.wait == 0 {
		return nil
	}
	var ids []string
	for in := range collections.All(wbxml.AirSyncCollection) {
		ids = append(ids, in.Get(wbxml.AirSyncCollectionId))
	}
	c.raw, c.body = nil, nil
	c.answer.held = &held{confined: true, until: c.s.Now().Add(r.wait), look: func(c *call, timeUp bool) (bool, error) {
		if c.confined != 0 {
			return timeUp, nil
		}
		c.out.Start(wbxml.AirSyncSync)
		c.out.Start(wbxml.AirSyncCollections)
		for _, id := range ids {
			c.confinedAnew(id)
		}
		c.out.End()
		c.out.End()
		return true, nil
	}}
	return nil
}

// confinedAnew has the device begin a folder anew.
func (c *call) confinedAnew(id string) {
	w := c.out
	w.Start(wbxml.AirSyncCollection)
	w.Text(wbxml.AirSyncSyncKey, "0")
	w.Text(wbxml.AirSyncCollectionId, id)
	c.status(wbxml.AirSyncStatus, syncInvalidKey)
	w.End()
}

// confinedCollection answers one folder, and reports whether there is anything to
// say of it.
func (c *call) confinedCollection(in *wbxml.Element, inbox mailbox.FolderID) bool {
	w, key, id := c.out, in.Get(wbxml.AirSyncSyncKey), in.Get(wbxml.AirSyncCollectionId)
	mail := id == folderID(inbox) && c.confined == access.DeviceQuarantine
	next := key
	switch {
	case key == "0":
		next = confinedKey
	case key == confinedKey && mail:
		next = explainedKey
	case key == confinedKey, key == explainedKey:
		return false
	default:
		c.confinedAnew(id)
		return true
	}
	w.Start(wbxml.AirSyncCollection)
	w.Text(wbxml.AirSyncSyncKey, next)
	w.Text(wbxml.AirSyncCollectionId, id)
	w.Int(wbxml.AirSyncStatus, int64(activesync.OK))
	if next == explainedKey {
		w.Start(wbxml.AirSyncCommands)
		w.Start(wbxml.AirSyncAdd)
		w.Text(wbxml.AirSyncServerId, id+":quarantine")
		w.Start(wbxml.AirSyncApplicationData)
		c.explanation()
		w.End()
		w.End()
		w.End()
	}
	w.End()
	return true
}

// explanation writes the message that says why there is nothing else.
func (c *call) explanation() {
	who, _ := c.s.Snapshot().FindSID(c.s.Caller().Subject().SID)
	text := quarantineText(c.device, c.s.Snapshot().Devices().UserMailInsert)
	w := c.out
	w.Text(wbxml.EmailTo, string(who.Mail))
	w.Text(wbxml.EmailFrom, "postmaster@"+string(who.Mail.Domain()))
	w.Text(wbxml.EmailSubject, "Your mobile device is not allowed to synchronize yet")
	w.Text(wbxml.EmailDateReceived, c.device.First.UTC().Format("2006-01-02T15:04:05.000Z"))
	w.Int(wbxml.EmailImportance, 1)
	w.Int(wbxml.EmailRead, 0)
	w.Start(wbxml.AirSyncBaseBody)
	w.Int(wbxml.AirSyncBaseType, 1)
	w.Int(wbxml.AirSyncBaseEstimatedDataSize, int64(len(text)))
	w.Text(wbxml.AirSyncBaseData, text)
	w.End()
	w.Text(wbxml.EmailMessageClass, "IPM.Note")
	w.Int(wbxml.EmailInternetCPID, 65001)
	w.Text(wbxml.EmailContentClass, "urn:content-classes:message")
	w.Int(wbxml.AirSyncBaseNativeBodyType, 1)
}

// quarantineText is what the user of a quarantined device reads on it.
func quarantineText(d *device.Device, insert string) string {
	var b strings.Builder
	b.WriteString("An administrator has to allow this device before it may synchronize with your mailbox. Until then it shows your folders and this message.\r\n\r\n")
	describe(&b, d)
	if insert != "" {
		b.WriteString("\r\n" + insert + "\r\n")
	}
	return b.String()
}

// quarantineLine is what the user of a blocked device reads in his mailbox.
func quarantineLine(d *device.Device, insert string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The device was blocked because of its behaviour (%s) until %s. It goes on by itself then.\r\n\r\n", d.Block.Reason, d.Block.Until.UTC().Format(time.RFC1123))
	describe(&b, d)
	if insert != "" {
		b.WriteString("\r\n" + insert + "\r\n")
	}
	return b.String()
}

// describe says which device it is, as its user and administrators know it.
func describe(b *strings.Builder, d *device.Device) {
	for _, line := range [...]struct{ name, value string }{
		{"Device", d.FriendlyName},
		{"Model", d.Model},
		{"Type", d.Type},
		{"Operating system", d.OS},
		{"Program", d.UserAgent},
		{"Id", d.ID},
		{"IMEI", d.IMEI},
		{"Protocol version", d.Version},
		{"First seen", d.First.UTC().Format(time.RFC1123)},
	} {
		if line.value != "" {
			fmt.Fprintf(b, "%s: %s\r\n", line.name, line.value)
		}
	}
}

// A notice is a mail to administrators.
type notice struct{ subject, text string }

// administratorsMail tells administrators of a device that waits for them, or was
// blocked.
func administratorsMail(who access.Principal, d *device.Device, a access.DeviceAccess, insert string) notice {
	var b strings.Builder
	what := "is quarantined"
	if a.State == access.DeviceBlocked {
		what = "is blocked"
	}
	fmt.Fprintf(&b, "A mobile device of %s %s (%s", who, what, a.Reason)
	if a.Rule != "" {
		b.WriteString(": " + a.Rule)
	}
	b.WriteString(").\r\n\r\n")
	describe(&b, d)
	fmt.Fprintf(&b, "\r\nTo allow it: entente device allow %s %s\r\nTo block it: entente device block %s %s\r\n", who, d.ID, who, d.ID)
	if insert != "" {
		b.WriteString("\r\n" + insert + "\r\n")
	}
	return notice{fmt.Sprintf("Mobile device of %s %s", who, what), b.String()}
}

// tell mails administrators, if there are any to be told.
func (h *Handler) tell(to []entente.SMTPAddress, n notice) {
	if h.Tell != nil && len(to) > 0 {
		h.Tell(to, n.subject, n.text)
	}
}
