package ewsserver

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"entente/clientaccess"
	"entente/ews"
	"entente/mailbox"
)

// subscribe begins a subscription. [MS-OXWSNTIF] 3.1.4.3
func (c *call) subscribe(req *ews.Subscribe) (*ews.SubscribeResponse, error) {
	resp := &ews.SubscribeResponse{ResponseMessages: make([]ews.SubscribeResponseMessage, 1)}
	m := &resp.ResponseMessages[0]
	sub, err := c.newSubscription(&req.Subscription)
	if err != nil {
		m.ResponseMessage = c.fail(err)
		return resp, nil
	}
	m.ResponseMessage, m.SubscriptionID = ews.Success(), sub.id
	if !sub.streaming {
		m.Watermark = watermark(sub.told, sub.told.Number)
	}
	return resp, nil
}

func badSubscription(text string) error {
	return &ews.Fault{Code: ews.ErrorInvalidSubscriptionRequest, Text: text}
}

// Bounds of a pull subscription's time-out, in minutes. [MS-OXWSNTIF]
const (
	minTimeout = 1
	maxTimeout = 1440
)

func (c *call) newSubscription(req *ews.SubscriptionRequest) (*subscription, error) {
	sub := &subscription{caller: c.s.Caller().Authenticated.SID, subject: c.s.Caller().Subject().SID}
	var base ews.BaseSubscriptionRequest
	switch {
	case req.PullSubscriptionRequest != nil:
		base = req.PullSubscriptionRequest.Base
		if t := req.PullSubscriptionRequest.Timeout; t < minTimeout || t > maxTimeout {
			return nil, badSubscription("Timeout is a number of minutes from 1 to 1440.")
		}
		sub.timeout = time.Duration(req.PullSubscriptionRequest.Timeout) * time.Minute
	case req.StreamingSubscriptionRequest != nil:
		r := req.StreamingSubscriptionRequest
		base = ews.BaseSubscriptionRequest{SubscribeToAllFolders: r.SubscribeToAllFolders, FolderIDs: r.FolderIDs, EventTypes: r.EventTypes}
		sub.streaming, sub.timeout = true, streamIdle
	default:
		return nil, badSubscription("Push notifications are not offered: this server calls nobody. Subscribe by pull or streaming.")
	}
	sub.kinds = kindsOf(base.EventTypes)
	view, err := c.interest(sub, &base)
	if err != nil {
		return nil, err
	}
	sub.mailbox = view.Mailbox()
	if sub.told, err = view.NewsPoint(c.ctx, sub.interest); err != nil {
		return nil, err
	}
	if base.Watermark != "" { // goes on where another subscription was
		at, err := parseWatermark(base.Watermark)
		if err != nil {
			return nil, err
		}
		at.Tree = sub.told.Tree
		if _, err := view.News(c.ctx, sub.interest, at, 1); err != nil {
			return nil, newsFault(err)
		}
		sub.told = at
	}
	sub.asked = sub.told
	return sub, c.enroll(sub)
}

// enroll takes a place in the budget and enters the subscription. Those that
// timed out do not stand in the way of new ones.
func (c *call) enroll(sub *subscription) (err error) {
	now := c.s.Now()
	c.h.subscriptions.sweep(now, false)
	sub.release, err = c.s.Subscribe()
	if isReason(err, clientaccess.TooManySubscriptions) {
		c.h.subscriptions.sweep(now, true)
		sub.release, err = c.s.Subscribe()
	}
	if err != nil {
		return err
	}
	if err := c.h.subscriptions.add(sub, now); err != nil {
		sub.release()
		return err
	}
	return nil
}

// interest opens the folders of a subscription, which are those of one mailbox
// in which the caller may do all: what happened in it is told without asking
// again for each thing. Delegates follow folders by SyncFolderItems.
func (c *call) interest(sub *subscription, base *ews.BaseSubscriptionRequest) (*mailbox.View, error) {
	all := base.SubscribeToAllFolders != nil && *base.SubscribeToAllFolders
	if all == (len(base.FolderIDs) > 0) {
		return nil, badSubscription("A subscription names folders, or all of them by SubscribeToAllFolders.")
	}
	if all {
		sub.interest.All = true
		return c.s.Own(c.ctx)
	}
	var view *mailbox.View
	for i := range base.FolderIDs {
		ref, err := c.folder(&base.FolderIDs[i])
		if err != nil {
			return nil, err
		}
		if !doesAll(ref.view) {
			return nil, &ews.Fault{Code: ews.ErrorSubscriptionDelegateAccessNotSupported}
		}
		if view != nil && view != ref.view {
			return nil, badSubscription("A subscription is of folders of one mailbox.")
		}
		view = ref.view
		sub.interest.Folders = append(sub.interest.Folders, ref.folder.ID)
	}
	return view, nil
}

func kindsOf(types []ews.NotificationEventType) (k newsKinds) {
	for _, t := range types {
		k |= 1 << kindOfEvent(t)
	}
	return k
}

func kindOfEvent(t ews.NotificationEventType) mailbox.NewsKind {
	switch t {
	case ews.EventCopied:
		return mailbox.NewsCopied
	case ews.EventCreated:
		return mailbox.NewsCreated
	case ews.EventDeleted:
		return mailbox.NewsDeleted
	case ews.EventModified:
		return mailbox.NewsModified
	case ews.EventMoved:
		return mailbox.NewsMoved
	case ews.EventNewMail:
		return mailbox.NewsDelivered
	case ews.EventFreeBusyChanged:
		return mailbox.NewsFreeBusy
	}
	return 0
}

// A watermark is how far a client was told of a mailbox: base64 of a version,
// the mailbox's replica number and its own. It shows nothing that is not the
// client's anyway, so it carries no mark.
const watermarkVersion = 1

func watermark(p mailbox.NewsPoint, number uint64) string {
	b := binary.AppendUvarint([]byte{watermarkVersion}, p.Replica)
	return base64.StdEncoding.EncodeToString(binary.AppendUvarint(b, number))
}

const maxWatermark = 64

func parseWatermark(s string) (p mailbox.NewsPoint, err error) {
	bad := &ews.Fault{Code: ews.ErrorInvalidWatermark}
	if len(s) > maxWatermark {
		return p, bad
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) == 0 || b[0] != watermarkVersion {
		return p, bad
	}
	var n, m int
	p.Replica, n = binary.Uvarint(b[1:])
	if n <= 0 {
		return p, bad
	}
	p.Number, m = binary.Uvarint(b[1+n:])
	if m <= 0 || 1+n+m != len(b) || p.Replica == 0 || p.Replica > 1<<63-1 || p.Number > 1<<63-1 {
		return p, bad
	}
	return p, nil
}

// newsFault gives the errors of news their codes.
func newsFault(err error) error {
	switch {
	case isReason(err, mailbox.NewsPointInvalid):
		return &ews.Fault{Code: ews.ErrorInvalidWatermark}
	case isReason(err, mailbox.NewsMissed):
		return &ews.Fault{Code: ews.ErrorMissedNotificationEvents, Text: "Too much happened since then: synchronize, and subscribe again."}
	}
	return err
}
