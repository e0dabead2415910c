package ews

import (
	"time"

	"entente/strictxml"
)

// A Notification is news of a subscription, never empty: where nothing
// happened there is a status event. [MS-OXWSNTIF].
//
// Its codec is written by hand because the events, of any kind in the order
// they happened, stand in it without an element around them.
//
// ews:manual NotificationType
type Notification struct {
	SubscriptionID    string
	PreviousWatermark string // pull only
	MoreEvents        *bool  // pull only
	Events            []Event
}

// An Event is one change. Which fields it has depends on its kind.
// [MS-OXWSNTIF].
type Event struct {
	// Kind is the element: a NotificationEventType, or StatusEvent.
	Kind           NotificationEventType
	Watermark      string
	TimeStamp      time.Time
	FolderID       *FolderID // what changed: a folder,
	ItemID         *ItemID   // or an item
	ParentFolderID *FolderID
	// The old ones are of moved and copied things.
	OldFolderID       *FolderID
	OldItemID         *ItemID
	OldParentFolderID *FolderID
	UnreadCount       *int // of a modified folder
}

// EventStatus says only that the subscription is alive. It cannot be
// subscribed to, so it is no constant of NotificationEventType's enumeration.
func EventStatus() NotificationEventType { return "StatusEvent" }

func (x *Notification) appendXML(e *strictxml.Encoder, qname string) {
	e.Start(qname)
	e.Elem("t:SubscriptionId", x.SubscriptionID)
	if x.PreviousWatermark != "" {
		e.Elem("t:PreviousWatermark", x.PreviousWatermark)
	}
	if x.MoreEvents != nil {
		e.ElemBool("t:MoreEvents", *x.MoreEvents)
	}
	for i := range x.Events {
		x.Events[i].appendXML(e)
	}
	e.End(qname)
}

func (x *Event) appendXML(e *strictxml.Encoder) {
	qname := "t:" + string(x.Kind)
	e.Start(qname)
	if x.Watermark != "" {
		e.Elem("t:Watermark", x.Watermark)
	}
	if x.Kind != EventStatus() {
		e.ElemTime("t:TimeStamp", x.TimeStamp)
		x.object(e)
	}
	e.End(qname)
}

// object writes what changed, and for some kinds where it was before.
func (x *Event) object(e *strictxml.Encoder) {
	appendEither(e, x.FolderID, x.ItemID, "t:FolderId", "t:ItemId")
	if x.ParentFolderID != nil {
		x.ParentFolderID.appendXML(e, "t:ParentFolderId")
	}
	appendEither(e, x.OldFolderID, x.OldItemID, "t:OldFolderId", "t:OldItemId")
	if x.OldParentFolderID != nil {
		x.OldParentFolderID.appendXML(e, "t:OldParentFolderId")
	}
	if x.UnreadCount != nil {
		e.ElemInt("t:UnreadCount", int64(*x.UnreadCount))
	}
}

func appendEither(e *strictxml.Encoder, f *FolderID, i *ItemID, folder, item string) {
	switch {
	case f != nil:
		f.appendXML(e, folder)
	case i != nil:
		i.appendXML(e, item)
	}
}

func (x *Notification) decodeXML(r *strictxml.Reader) {
	for r.Child() {
		switch name := r.Name(); {
		case name.Space != NSTypes:
			unexpected(r, "Notification")
		case name.Local == "SubscriptionId":
			x.SubscriptionID = r.Text()
		case name.Local == "PreviousWatermark":
			x.PreviousWatermark = r.Text()
		case name.Local == "MoreEvents":
			more := parseBool(r, r.Text())
			x.MoreEvents = &more
		default:
			ev := Event{Kind: eventKind(r, name.Local)}
			ev.decodeXML(r)
			x.Events = append(x.Events, ev)
		}
	}
}

func eventKind(r *strictxml.Reader, local string) NotificationEventType {
	if local == string(EventStatus()) {
		return EventStatus()
	}
	return parseNotificationEventType(r, local)
}

func (x *Event) decodeXML(r *strictxml.Reader) {
	for r.Child() {
		switch name := r.Name(); {
		case name.Space != NSTypes:
			unexpected(r, string(x.Kind))
		case name.Local == "Watermark":
			x.Watermark = r.Text()
		case name.Local == "TimeStamp":
			x.TimeStamp = parseTime(r, r.Text())
		case name.Local == "UnreadCount":
			n := parseInt[int](r, r.Text())
			x.UnreadCount = &n
		default:
			x.decodeID(r, name.Local)
		}
	}
}

func (x *Event) decodeID(r *strictxml.Reader, local string) {
	folder := map[string]**FolderID{
		"FolderId": &x.FolderID, "ParentFolderId": &x.ParentFolderID,
		"OldFolderId": &x.OldFolderID, "OldParentFolderId": &x.OldParentFolderID,
	}
	item := map[string]**ItemID{"ItemId": &x.ItemID, "OldItemId": &x.OldItemID}
	switch {
	case folder[local] != nil:
		*folder[local] = new(FolderID)
		(*folder[local]).decodeXML(r)
	case item[local] != nil:
		*item[local] = new(ItemID)
		(*item[local]).decodeXML(r)
	default:
		unexpected(r, string(x.Kind))
	}
}
