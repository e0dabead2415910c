package ewsserver

import (
	"strings"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// An itemView is an item on its way to a client: what the getters of the
// field table see. One is used for many items.
type itemView struct {
	c    *call
	view *mailbox.View
	it   *mailbox.Item
	kind ews.Kind
	// entry says, of an occurrence, which it is.
	entry mailbox.CalendarItem
	body  bodyWish
	// list says that many items are shown: what costs a search of its own is
	// left out then.
	list bool
	// root leads to the item an attached item hangs on.
	root ews.StoreID

	event     *calendar.Event
	eventRead bool
	rights    folderRights
}

// A bodyWish is how a client wants bodies.
type bodyWish struct {
	kind ews.BodyTypeResponse
	max  int // characters; 0 for all
}

// folderRights remembers what the caller may do in the folder asked last.
type folderRights struct {
	folder mailbox.FolderID
	rights access.Rights
}

// kindOf says which element an item of a message class is. [MS-OXWSCDATA]
// 2.2.4; what we do not know is shown as a message, as Exchange does.
func kindOf(class string) ews.Kind {
	for i := range classes {
		c := &classes[i]
		if hasPrefixFold(class, c.class) && (len(class) == len(c.class) || class[len(c.class)] == '.') {
			return c.kind
		}
	}
	return ews.KindMessage
}

// classes are the message classes of the kinds, longer ones before those they
// begin with. New items get the first class of their kind.
var classes = [...]struct {
	class string
	kind  ews.Kind
}{
	{"IPM.Note", ews.KindMessage},
	{"IPM.Appointment", ews.KindCalendarItem},
	{"IPM.Contact", ews.KindContact},
	{"IPM.DistList", ews.KindDistributionList},
	{"IPM.Task", ews.KindTask},
	{"IPM.Post", ews.KindPostItem},
	{"IPM.Schedule.Meeting.Request", ews.KindMeetingRequest},
	{"IPM.Schedule.Meeting.Resp", ews.KindMeetingResponse},
	{"IPM.Schedule.Meeting.Canceled", ews.KindMeetingCancellation},
	{"IPM.Schedule.Meeting", ews.KindMeetingMessage},
	{"IPM.Activity", ews.KindItem},
	{"IPM.Document", ews.KindItem},
}

// classOf is the class a new item of a kind gets.
func classOf(k ews.Kind) string {
	for i := range classes {
		if classes[i].kind == k {
			return classes[i].class
		}
	}
	return "IPM.Note"
}

// reset turns the view to another item.
func (v *itemView) reset(e mailbox.CalendarItem) {
	v.it, v.entry = e.Item, e
	v.kind = kindOf(e.Item.Class)
	v.event, v.eventRead = nil, false
}

// storeID names the item: of an occurrence, the series and the day.
func (v *itemView) storeID() ews.StoreID {
	if v.it.ID == 0 {
		return v.root
	}
	id := ews.StoreID{Mailbox: v.view.Mailbox(), Folder: uint64(v.it.Folder), Item: uint64(v.it.ID), Instance: instance(v.it)}
	if v.occurrence() {
		year, month, day := v.entry.Original.Civil()
		id.Instance = ews.InstanceDate{Year: uint16(year), Month: uint8(month), Day: uint8(day)}
	}
	return id
}

func (v *itemView) occurrence() bool {
	return v.entry.Kind == mailbox.Occurrence || v.entry.Kind == mailbox.Exception
}

// calendarKind tells what the item is within its series.
func (v *itemView) calendarKind() mailbox.CalendarKind {
	if v.occurrence() {
		return v.entry.Kind
	}
	return mailbox.KindOf(v.it)
}

func (v *itemView) itemID() *ews.ItemID {
	id := v.storeID().String()
	if id == "" {
		return nil
	}
	return &ews.ItemID{ID: id, ChangeKey: changeKey(v.view.Mailbox(), v.it.Change)}
}

// appointment is the event the item is, nil if it is none.
func (v *itemView) appointment() *calendar.Event {
	if !v.eventRead {
		v.eventRead = true
		if e, err := v.view.Event(v.it); err == nil {
			v.event = e
		}
	}
	return v.event
}

// owner is whom the mailbox belongs to.
func (v *itemView) owner() access.Account {
	a, _ := v.c.s.Snapshot().FindMailbox(v.view.Mailbox())
	return a
}

// effective are the rights the caller has in the item's folder, computed by
// the same engine that enforces them.
func (v *itemView) effective() access.Rights {
	if v.it.Folder == 0 {
		return access.ReadAny
	}
	if v.rights.folder != v.it.Folder {
		v.rights = folderRights{folder: v.it.Folder}
		if f, err := v.view.Folder(v.c.ctx, v.it.Folder); err == nil {
			v.rights.rights = f.Rights
		}
	}
	return v.rights.rights
}

// mailboxOf writes an address with what the directory knows of it.
func (c *call) mailboxOf(name, address, routing string) ews.Mailbox {
	m := ews.Mailbox{Name: name, EmailAddress: address, RoutingType: routing}
	if m.RoutingType == "" {
		m.RoutingType = "SMTP"
	}
	if address == "" {
		m.RoutingType = ""
		return m
	}
	m.MailboxType = ews.MailboxOneOff
	if a, ok := c.s.Snapshot().FindSMTP(address); ok {
		m.MailboxType = ews.MailboxMailbox
		if m.Name == "" || strings.EqualFold(m.Name, address) {
			m.Name = a.Name
		}
	}
	if m.Name == "" {
		m.Name = address
	}
	return m
}

// subject is whom the caller acts as, with name and address.
func (c *call) subject() access.Account {
	a, ok := c.s.Snapshot().FindSID(c.s.Caller().Subject().SID)
	if !ok {
		a.Principal = c.s.Caller().Subject()
	}
	return a
}

func sameAddress(a entente.SMTPAddress, b string) bool { return strings.EqualFold(string(a), b) }
