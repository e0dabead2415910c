package ewsserver

import (
	"context"

	"entente"
	"entente/ews"
	"entente/mailbox"
)

// getEvents answers a pull subscription. [MS-OXWSNTIF] 3.1.4.1
func (c *call) getEvents(req *ews.GetEvents) (*ews.GetEventsResponse, error) {
	resp := &ews.GetEventsResponse{ResponseMessages: make([]ews.GetEventsResponseMessage, 1)}
	m := &resp.ResponseMessages[0]
	n, err := c.pull(req)
	if err != nil {
		m.ResponseMessage = c.fail(err)
		return resp, nil
	}
	m.ResponseMessage, m.Notification = ews.Success(), n
	return resp, nil
}

func (c *call) pull(req *ews.GetEvents) (*ews.Notification, error) {
	who := c.s.Caller()
	sub, err := c.h.subscriptions.find(req.SubscriptionID, who.Authenticated.SID, who.Subject().SID, c.s.Now())
	if err != nil {
		return nil, err
	}
	if sub.streaming {
		return nil, &ews.Fault{Code: ews.ErrorInvalidPullSubscriptionId}
	}
	since, err := parseWatermark(req.Watermark)
	if err != nil {
		return nil, err
	}
	view, err := subscribed(c.ctx, c.s, sub)
	if err != nil {
		return nil, err
	}
	sub.mu.Lock()
	defer sub.mu.Unlock()
	// The folders there were when the answer that led here was made. An older
	// watermark, or one within an answer, finds those of where that began.
	if since.Tree = sub.asked.Tree; since.Number == sub.told.Number {
		since.Tree = sub.told.Tree
	}
	events, next, more, err := sub.news(c.ctx, view, since)
	if err != nil {
		return nil, err
	}
	sub.asked, sub.told = since, next
	for i := range events {
		events[i].event.Watermark = watermark(next, events[i].number)
	}
	out := &ews.Notification{SubscriptionID: sub.id, PreviousWatermark: req.Watermark, MoreEvents: &more}
	for i := range events {
		out.Events = append(out.Events, events[i].event)
	}
	// Clients come back with the watermark of the last event.
	if len(out.Events) == 0 {
		out.Events = append(out.Events, ews.Event{Kind: ews.EventStatus()})
	}
	out.Events[len(out.Events)-1].Watermark = watermark(next, next.Number)
	return out, nil
}

// A mailboxOpener opens mailboxes for whoever asks: a session of the door.
type mailboxOpener interface {
	Mailbox(ctx context.Context, id entente.MailboxID) (*mailbox.View, error)
}

// subscribed opens the mailbox of a subscription, if the caller may still do
// all in it.
func subscribed(ctx context.Context, s mailboxOpener, sub *subscription) (*mailbox.View, error) {
	v, err := s.Mailbox(ctx, sub.mailbox)
	if isKind(err, entente.Denied) || isKind(err, entente.NotFound) || err == nil && !doesAll(v) {
		return nil, &ews.Fault{Code: ews.ErrorSubscriptionAccessDenied}
	}
	return v, err
}

// An event has the mailbox's number for it.
type event struct {
	number uint64
	event  ews.Event
}

// How many news an answer has at most, and how many answers' worth are looked
// at for one that has any.
const (
	newsAtOnce = 500
	newsLooks  = 20
)

// news returns the events of a subscription since a point. It needs the lock.
func (sub *subscription) news(ctx context.Context, v *mailbox.View, since mailbox.NewsPoint) (events []event, next mailbox.NewsPoint, more bool, err error) {
	next, more = since, true
	for range newsLooks {
		page, err := v.News(ctx, sub.interest, next, newsAtOnce)
		if err != nil {
			return nil, since, false, newsFault(err)
		}
		next, more = page.Next, page.More
		for i := range page.List {
			if x := &page.List[i]; sub.kinds.has(x.Kind) {
				events = append(events, event{x.Number, sub.event(x)})
			}
		}
		if len(events) > 0 || !more {
			break
		}
	}
	return events, next, more, nil
}

// event is how the wire tells of one thing that happened.
func (sub *subscription) event(x *mailbox.News) ews.Event {
	e := ews.Event{Kind: eventOfKind(x.Kind), TimeStamp: x.Time}
	folder := func(id mailbox.FolderID, change uint64) *ews.FolderID {
		f := &ews.FolderID{ID: folderStoreID(sub.mailbox, id)}
		if change != 0 {
			f.ChangeKey = changeKey(sub.mailbox, change)
		}
		return f
	}
	moves := x.Kind == mailbox.NewsMoved || x.Kind == mailbox.NewsCopied
	if x.Item == 0 {
		e.FolderID, e.ParentFolderID = folder(x.Folder, x.Change), folder(x.Parent, 0)
		if moves { // a folder keeps its id wherever it goes
			e.OldFolderID, e.OldParentFolderID = folder(x.Folder, 0), folder(x.OldParent, 0)
		}
		if x.Counted {
			e.UnreadCount = &x.Unread
		}
		return e
	}
	item := func(in mailbox.FolderID, id mailbox.ItemID, change uint64) *ews.ItemID {
		i := &ews.ItemID{ID: ews.StoreID{Mailbox: sub.mailbox, Folder: uint64(in), Item: uint64(id)}.String()}
		if change != 0 {
			i.ChangeKey = changeKey(sub.mailbox, change)
		}
		return i
	}
	e.ItemID, e.ParentFolderID = item(x.Folder, x.Item, x.Change), folder(x.Folder, 0)
	if moves {
		e.OldItemID, e.OldParentFolderID = item(x.OldFolder, x.OldItem, 0), folder(x.OldFolder, 0)
	}
	return e
}

func eventOfKind(k mailbox.NewsKind) ews.NotificationEventType {
	switch k {
	case mailbox.NewsCopied:
		return ews.EventCopied
	case mailbox.NewsDeleted:
		return ews.EventDeleted
	case mailbox.NewsModified:
		return ews.EventModified
	case mailbox.NewsMoved:
		return ews.EventMoved
	case mailbox.NewsDelivered:
		return ews.EventNewMail
	case mailbox.NewsFreeBusy:
		return ews.EventFreeBusyChanged
	}
	return ews.EventCreated
}
