package ewssharing

import (
	"context"
	"fmt"
	"time"

	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// Of a calendar whose items are not shown, only when its owner is busy and
// perhaps with what, a copy holds this much.
const (
	timesBehind = 31
	timesAhead  = 365
)

// times copies a calendar that shows no items.
func (c *copying) times(ctx context.Context) error {
	c.u.state, c.seen = "", map[string]bool{}
	today := c.s.Now().UTC().Truncate(24 * time.Hour)
	most := mailbox.MaxPage
	var a ews.FindItemResponse
	err := c.ask(ctx, &ews.FindItem{
		Traversal: ews.ItemsShallow, ItemShape: ews.ItemResponseShape{BaseShape: ews.ShapeDefault},
		View:            ews.ItemView{CalendarView: &ews.CalendarView{MaxEntriesReturned: &most, StartDate: today.AddDate(0, 0, -timesBehind), EndDate: today.AddDate(0, 0, timesAhead)}},
		ParentFolderIDs: []ews.BaseFolderID{{FolderID: &ews.FolderID{ID: c.u.RemoteID}}},
	}, &a)
	if err != nil {
		return err
	}
	if len(a.ResponseMessages) != 1 {
		return notUnderstood()
	}
	m := &a.ResponseMessages[0]
	if err := failure(&m.ResponseMessage); err != nil || m.RootFolder == nil {
		return err
	}
	for i := range m.RootFolder.Found.Items {
		if err := c.takeTime(ctx, &m.RootFolder.Found.Items[i]); err != nil {
			return err
		}
	}
	return c.forget(ctx)
}

// takeTime writes one entry here.
func (c *copying) takeTime(ctx context.Context, shown *ews.Item) error {
	ids := appendID(nil, shown)
	e, ok := eventOf(shown)
	if len(ids) != 1 || !ok {
		return nil
	}
	id := ids[0]
	c.seen[id] = true
	set := func(it *mailbox.Item) error {
		if err := it.SetEvent(e, mailbox.PartBody|mailbox.PartRecipients); err != nil {
			return err
		}
		it.SetShared(id)
		return nil
	}
	if known, ok := c.here[id]; ok {
		_, err := c.view.UpdateItem(ctx, known, 0, mailbox.AllParts, set)
		return unreadable(err)
	}
	it := &mailbox.Item{Class: "IPM.Appointment", Parts: mailbox.AllParts, Read: true}
	if err := set(it); err != nil {
		return unreadable(err)
	}
	return c.view.CreateItem(ctx, c.u.Folder, it)
}

// eventOf is what an answer tells of an appointment.
func eventOf(it *ews.Item) (*calendar.Event, bool) {
	text := func(f ews.Field) string {
		x, _ := it.Get(f)
		if x == nil {
			return ""
		}
		return fmt.Sprint(x)
	}
	start, ok := it.Get(ews.FieldStart)
	end, ok2 := it.Get(ews.FieldEnd)
	e := &calendar.Event{Subject: text(ews.FieldSubject), Location: text(ews.FieldLocation), Status: calendar.StatusBusy}
	e.Start, _ = start.(time.Time)
	e.End, _ = end.(time.Time)
	e.AllDay = text(ews.FieldIsAllDayEvent) == "true"
	for s := calendar.StatusFree; s <= calendar.StatusWorkingElsewhere; s++ {
		if s.String() == text(ews.FieldLegacyFreeBusyStatus) {
			e.Status = s
		}
	}
	if e.Subject == "" {
		e.Subject = e.Status.String()
	}
	return e, ok && ok2 && !e.Start.IsZero() && !e.End.Before(e.Start)
}
