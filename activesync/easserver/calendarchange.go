package easserver

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/calendar"
	"entente/delivery"
	"entente/mailbox"
)

// create implements class. A phone that adds an event again, which it says by
// ClientUid or UID, gets the one that is there. [MS-ASCAL] 2.2.2.13
func (k calendarClass) create(c *call, folder *mailbox.Folder, in *wbxml.Element, arrival string) (*mailbox.Item, func(), error) {
	if known, err := c.sameEvent(folder, in); err != nil {
		return nil, nil, err
	} else if known != nil {
		return k.change(c, known, in, &options{})
	}
	it, edits, zone, err := c.newEvent(in)
	if err != nil {
		return nil, nil, err
	}
	var desk *delivery.Desk
	if c.serverSends() && len(it.Recipients) > 0 && !othersMeeting(it) {
		if desk, err = c.desk(); err != nil {
			return nil, nil, err
		}
	}
	if it, err = c.addEvent(folder, it, in, arrival); err != nil || it.Change == 0 {
		return it, nil, err
	}
	c.noteZone(zone)
	if desk != nil && !it.Props.Bool(mailbox.PidLidFInvited) {
		attached := it.Attachments
		if it, err = c.invite(desk, it); err != nil {
			return nil, nil, err
		}
		it.Attachments = attached
	}
	return it, c.newEventReply(it, &edits), nil
}

// addEvent puts a new event into the calendar, once: under the ClientUid, which a
// phone keeps when it loses everything else, or the name of the request.
func (c *call) addEvent(folder *mailbox.Folder, it *mailbox.Item, in *wbxml.Element, arrival string) (*mailbox.Item, error) {
	if uid := in.Get(wbxml.CalendarClientUid); uid != "" && c.at(activesync.V160) {
		sum := sha256.Sum256([]byte(strconv.FormatUint(uint64(folder.ID), 10) + "/" + uid))
		first := *it
		first.Arrival = "eas uid " + hex.EncodeToString(sum[:])
		if err := c.view.CreateItem(c.ctx, folder.ID, &first); err != nil || first.Change != 0 {
			return &first, err
		}
		// It was made, and deleted since: this is a new one.
	}
	it.Arrival = arrival
	return it, c.view.CreateItem(c.ctx, folder.ID, it)
}

// newEvent makes an item of ApplicationData.
func (c *call) newEvent(in *wbxml.Element) (*mailbox.Item, attachmentEdits, calendar.Zone, error) {
	edits, err := readAttachments(c, nil, in)
	if err != nil {
		return nil, edits, calendar.Zone{}, err
	}
	it := &mailbox.Item{Class: "IPM.Appointment", Read: true, Parts: mailbox.AllParts, Attachments: edits.add}
	e := &calendar.Event{Status: calendar.StatusBusy, Response: calendar.OrganizerResponse}
	x := &eventEdit{call: c, in: in, it: it, e: e}
	if err := x.apply(); err != nil {
		return nil, edits, x.told, err
	}
	// Before 16.0 the phone makes the UID and says whose meeting it is.
	if !c.at(activesync.V160) {
		e.UID = cutAt(in.Get(wbxml.CalendarUID), 1024)
		x.organizer()
	}
	if err := it.SetEvent(e, eventParts); err != nil {
		return nil, edits, x.told, err
	}
	now := c.s.Now()
	if !othersMeeting(it) {
		delivery.Organize(it, c.owner(), !c.serverSends(), now) // by whom it is sent
	}
	it.Props.SetTime(mailbox.PidTagMessageDeliveryTime, now)
	it.Props.SetString(mailbox.PidTagLastModifierName, c.modifier())
	return it, edits, x.told, nil
}

// modifier is the name of who makes a change.
func (c *call) modifier() string {
	self := c.s.Caller().Subject()
	if a, ok := c.s.Snapshot().FindSID(self.SID); ok && a.Name != "" {
		return a.Name
	}
	return string(self.Mail)
}

// organizer takes a meeting of somebody else's, which a phone copies into its
// user's calendar, for what it is.
func (x *eventEdit) organizer() {
	status, err := strconv.Atoi(x.in.Get(wbxml.CalendarMeetingStatus))
	address := strings.TrimSpace(x.in.Get(wbxml.CalendarOrganizerEmail))
	if err != nil || status&stateReceived == 0 || address == "" || strings.EqualFold(address, x.owner().SMTP) {
		return
	}
	x.e.Organizer = calendar.Attendee{Name: cutAt(x.in.Get(wbxml.CalendarOrganizerName), 1024), Address: cutAt(address, 1024)}
	x.e.Response = calendar.NoResponse
	x.number(wbxml.CalendarResponseType, int(calendar.NoResponse), func(n int) { x.e.Response = calendar.Response(n) })
	x.it.Props.SetInt(mailbox.PidLidAppointmentStateFlags, stateMeeting|stateReceived)
}

// sameEvent finds the event that a phone of a version before 16.0 adds once more,
// by the UID that it made. nil is none.
func (c *call) sameEvent(folder *mailbox.Folder, in *wbxml.Element) (*mailbox.Item, error) {
	uid := cutAt(in.Get(wbxml.CalendarUID), 1024)
	if uid == "" || c.at(activesync.V160) {
		return nil, nil
	}
	page, err := c.view.Find(c.ctx, mailbox.Query{
		Folder:   folder.ID,
		Restrict: &mailbox.Restriction{Op: mailbox.Equal, Prop: mailbox.PidNameCalendarUID, Value: mailbox.Value{Text: uid}},
		Parts:    eventParts,
		Paging:   mailbox.Paging{Max: 1},
	})
	if err != nil || len(page.Items) == 0 {
		return nil, err
	}
	return page.Items[0], nil
}

// newEventReply tells the phone what the server has made of its event: the UID, and
// the names of attachments. [MS-ASCAL] 3.2.5
func (c *call) newEventReply(it *mailbox.Item, edits *attachmentEdits) func() {
	if !c.at(activesync.V160) {
		return nil
	}
	return func() {
		if uid := it.Props.String(mailbox.PidNameCalendarUID); uid != "" {
			c.out.Text(wbxml.CalendarUID, shownUID(uid))
		}
		edits.reply(c, it)
	}
}

// change implements class.
func (calendarClass) change(c *call, it *mailbox.Item, in *wbxml.Element, o *options) (*mailbox.Item, func(), error) {
	if o.instance != "" && c.at(activesync.V160) {
		changed, err := c.changeInstance(it, in, o)
		return changed, nil, err
	}
	edits, err := readAttachments(c, it, in)
	if err != nil {
		return nil, nil, err
	}
	if it, err = c.view.Item(c.ctx, it.ID, eventParts); err != nil {
		return nil, nil, err
	}
	t, err := c.mayTell(it)
	if err != nil {
		return nil, nil, err
	}
	var zone calendar.Zone
	changed, err := c.view.UpdateItem(c.ctx, it.ID, 0, eventParts, func(it *mailbox.Item) error {
		x, err := c.editOf(it, in, o)
		if err != nil {
			return err
		}
		t.begin(it, x.e)
		if err := x.apply(); err != nil {
			return err
		}
		zone = x.told
		return c.store(x, t)
	})
	if err != nil {
		return nil, nil, err
	}
	c.noteZone(zone)
	if !edits.empty() {
		if changed, err = edits.apply(c, changed); err != nil {
			return nil, nil, err
		}
		changed.Parts &^= eventParts
		changed, err = c.reload(changed)
		if err != nil {
			return nil, nil, err
		}
	}
	attached := changed.Attachments
	if changed, err = t.finish(c, changed, time.Time{}, 0); err != nil {
		return nil, nil, err
	}
	if edits.empty() {
		return changed, nil, nil
	}
	return changed, func() {
		reply := *changed
		reply.Attachments = attached
		edits.reply(c, &reply)
	}, nil
}

func (c *call) reload(it *mailbox.Item) (*mailbox.Item, error) {
	return c.view.Item(c.ctx, it.ID, eventParts|mailbox.PartAttachments)
}

// store sets a changed event in its item, and decides who is told. An event that
// is as it was is not set: nothing has changed then, and nobody hears of it.
func (c *call) store(x *eventEdit, t *telling) error {
	before, err := c.view.Event(x.it)
	if err != nil {
		return err
	}
	if len(x.e.Attendees) > 0 && !othersMeeting(x.it) && x.e.Organizer.Address == "" {
		owner := x.owner()
		x.e.Organizer = calendar.Attendee{Name: owner.Name, Address: owner.SMTP}
		x.e.Response = calendar.OrganizerResponse
	}
	if err := t.decide(c, x.it, x.e); err != nil || equalEvents(before, x.e) {
		return err
	}
	if len(x.e.Attendees) > 0 && !c.serverSends() && !othersMeeting(x.it) {
		x.it.Props.SetBool(mailbox.PidLidFInvited, true) // the phone does it
	}
	x.it.Props.SetString(mailbox.PidTagLastModifierName, c.modifier())
	return x.it.SetEvent(x.e, eventParts)
}

// changeInstance changes one occurrence of a series. [MS-ASCMD] 2.2.3.24
func (c *call) changeInstance(it *mailbox.Item, in *wbxml.Element, o *options) (*mailbox.Item, error) {
	d, at, err := c.instanceNamed(it, o.instance)
	if err != nil {
		return nil, err
	}
	entry, err := c.view.Occurrence(c.ctx, it.ID, d, eventParts)
	if err != nil && !isReason(err, mailbox.OccurrenceDeleted) {
		return nil, err
	}
	if err != nil { // a change of what was deleted brings nothing back
		return nil, entente.Errorf(entente.NotFound, "the occurrence was deleted").Because(mailbox.OccurrenceDeleted)
	}
	t, err := c.mayTell(entry.Item)
	if err != nil {
		return nil, err
	}
	out, err := c.view.UpdateOccurrence(c.ctx, it.ID, d, 0, eventParts, func(it *mailbox.Item) error {
		e, err := c.view.Event(it)
		if err != nil {
			return err
		}
		t.begin(it, e)
		e.Attendees = append([]calendar.Attendee(nil), e.Attendees...)
		x := &eventEdit{call: c, in: in, o: o, it: it, e: e, had: e.Zone, single: true}
		x.shown, x.zone = c.onPhone(e)
		if err := x.apply(); err != nil {
			return err
		}
		if err := t.decide(c, it, e); err != nil {
			return err
		}
		return it.SetEvent(e, eventParts)
	})
	if err != nil {
		return nil, err
	}
	if _, err := t.finish(c, out.Item, at, d); err != nil {
		return nil, err
	}
	return c.reload(it)
}

// instanceNamed finds the occurrence that an InstanceId names: its day, and when it
// would start if nobody had changed it.
func (c *call) instanceNamed(it *mailbox.Item, instance string) (calendar.Date, time.Time, error) {
	t, err := parseEventTime(instance)
	if err != nil {
		return 0, t, err
	}
	e, err := c.view.Event(it)
	if err != nil {
		return 0, t, err
	}
	if e.Recurrence == nil {
		return 0, t, entente.Errorf(entente.Invalid, "the event is no series").Because(mailbox.NotRecurring)
	}
	d, ok := c.dayOfInstance(e, t)
	if !ok {
		return 0, t, entente.Errorf(entente.NotFound, "the series has no such occurrence").Because(mailbox.OccurrenceAbsent)
	}
	return d, e.OriginalTime(d).Start, nil
}

// remove implements class. An organizer who deletes a meeting calls it off; who
// was invited takes it out of his calendar, and says so by MeetingResponse if he
// means to. What is gone already is deleted.
func (calendarClass) remove(c *call, it *mailbox.Item, in *wbxml.Element, mode mailbox.DeleteMode) error {
	full, err := c.view.Item(c.ctx, it.ID, eventParts)
	if err != nil {
		return err
	}
	if instance := in.Get(wbxml.AirSyncBaseInstanceId); instance != "" && c.at(activesync.V160) {
		return c.removeInstance(full, instance)
	}
	t, err := c.mayTell(full)
	if err != nil {
		return err
	}
	moved, err := c.view.DeleteItems(c.ctx, []mailbox.ItemID{it.ID}, mode)
	if err == nil {
		err = moved[0].Err
	}
	if err != nil || !t.able() || !full.Props.Bool(mailbox.PidLidFInvited) {
		return err
	}
	return c.h.Courier.Cancel(c.ctx, t.desk, full, time.Time{}, nil, true)
}

// removeInstance takes one occurrence out of its series. [MS-ASCMD] 2.2.3.42.2
func (c *call) removeInstance(series *mailbox.Item, instance string) error {
	d, at, err := c.instanceNamed(series, instance)
	if err != nil {
		return err
	}
	entry, err := c.view.Occurrence(c.ctx, series.ID, d, eventParts)
	if isReason(err, mailbox.OccurrenceDeleted) {
		return nil // the phone repeats itself
	}
	if err != nil {
		return err
	}
	t, err := c.mayTell(entry.Item)
	if err != nil {
		return err
	}
	if _, err := c.view.DeleteOccurrence(c.ctx, series.ID, d, 0); err != nil || !t.able() || !series.Props.Bool(mailbox.PidLidFInvited) {
		return err
	}
	return c.h.Courier.Cancel(c.ctx, t.desk, entry.Item, at, nil, true)
}
