package ewsserver

import (
	"cmp"
	"reflect"

	"entente/access"
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// updateItem answers UpdateItem. All changes to an item are made, or none.
// [MS-OXWSCORE] 3.1.4.9
func (c *call) updateItem(req *ews.UpdateItem) (*ews.UpdateItemResponse, error) {
	resp := &ews.UpdateItemResponse{ResponseMessages: make([]ews.UpdateItemResponseMessage, len(req.ItemChanges))}
	for i := range req.ItemChanges {
		m := &resp.ResponseMessages[i]
		items, err := c.updateOne(req, &req.ItemChanges[i])
		if err != nil {
			m.ResponseMessage = c.fail(err)
			continue
		}
		m.ResponseMessage = ews.Success()
		m.Items, m.ConflictResults = items, &ews.ConflictResults{}
	}
	return resp, nil
}

// An update is one ItemChange under way.
type update struct {
	c       *call
	req     *ews.UpdateItem
	ref     itemRef
	changes []change
	tags    map[*ews.ExtendedFieldURI]mailbox.Prop
	parts   mailbox.Parts
	kind    ews.Kind
	// single says that one occurrence of a series is changed.
	single bool
	// granted says that a grant allows the change and the folder does not, and
	// sets which fields it names.
	granted bool
	sets    access.Fields
	// before is the item as it was, for those who are told what changed.
	before *mailbox.Item
}

// tells reports whether attendees are told of the change of a meeting.
func (u *update) tells() bool {
	how := u.req.SendMeetingInvitationsOrCancellations
	return how != "" && how != ews.UpdateSendToNone && !u.granted
}

// mayTell asks whether the caller may tell those concerned, before anything is
// changed.
func (u *update) mayTell() error {
	it, err := u.ref.view.Item(u.c.ctx, u.ref.id, mailbox.PartRecipients)
	if err != nil || kindOf(it.Class) != ews.KindCalendarItem {
		return err
	}
	people := len(it.Recipients)
	for i := range u.changes {
		switch u.changes[i].path.Field {
		case ews.FieldRequiredAttendees, ews.FieldOptionalAttendees, ews.FieldResources:
			people++
		}
	}
	how := u.req.SendMeetingInvitationsOrCancellations
	return u.c.mayTell(u.ref.view, people, how == ews.UpdateSendToAllAndSaveCopy || how == ews.UpdateSendToChangedAndSaveCopy)
}

// A change is one ItemChangeDescription with its path looked up.
type change struct {
	kind   changeKind
	path   ews.Value // the property, without value
	values []ews.Value
}

type changeKind uint8

const (
	setField changeKind = iota
	appendField
	deleteField
)

func (c *call) updateOne(req *ews.UpdateItem, in *ews.ItemChange) ([]ews.Item, error) {
	u := &update{c: c, req: req}
	var err error
	base := in.ID.Base()
	if u.ref, err = c.baseItem(&base); err != nil {
		return nil, err
	}
	if len(u.ref.attachments) > 0 {
		return nil, &ews.Fault{Code: ews.ErrorInvalidOperation, Text: "Attached items cannot be changed."}
	}
	if err := u.read(in.Updates); err != nil {
		return nil, err
	}
	ifChange := uint64(0)
	if req.ConflictResolution == ews.NeverOverwrite {
		if ifChange = u.ref.change; ifChange == 0 {
			return nil, &ews.Fault{Code: ews.ErrorChangeKeyRequiredForWriteOperations}
		}
	}
	day, occurrence, err := c.day(&u.ref)
	if err != nil {
		return nil, err
	}
	switch {
	case u.granted && occurrence:
		u.single = true
		return u.underGrant(&day, ifChange)
	case u.granted:
		return u.underGrant(nil, ifChange)
	case occurrence:
		return u.occurrence(day, ifChange)
	}
	return u.item(ifChange)
}

// item changes an item as a whole, and sends it or tells of it as asked.
func (u *update) item(ifChange uint64) ([]ews.Item, error) {
	it, err := u.ref.view.UpdateItem(u.c.ctx, u.ref.id, ifChange, u.parts, u.apply)
	if err != nil {
		return nil, err
	}
	entry := mailbox.CalendarItem{Item: it}
	switch {
	case u.kind == ews.KindCalendarItem && u.tells():
		err = u.c.tellChange(u.ref.view, u.before, it, nil, u.req.SendMeetingInvitationsOrCancellations)
	case u.kind.Is(ews.KindMessage) && u.req.MessageDisposition != ews.SaveOnly:
		return nil, u.send(it)
	}
	if err != nil {
		return nil, err
	}
	return u.answer(entry), nil
}

// occurrence changes one occurrence of a series.
func (u *update) occurrence(day calendar.Date, ifChange uint64) ([]ews.Item, error) {
	u.single = true
	entry, err := u.ref.view.UpdateOccurrence(u.c.ctx, u.ref.id, day, ifChange, u.parts, u.apply)
	if err != nil {
		return nil, err
	}
	if u.tells() {
		if err := u.c.tellChange(u.ref.view, u.before, entry.Item, &day, u.req.SendMeetingInvitationsOrCancellations); err != nil {
			return nil, err
		}
	}
	return u.answer(entry), nil
}

// exceptional reports whether an occurrence can differ from its series in a
// property. A change of another is refused, since it would be lost without a
// word; clients that send back all they know change nothing by it.
func exceptional(f ews.Field) bool {
	switch f {
	case ews.FieldSubject, ews.FieldLocation, ews.FieldEnhancedLocation, ews.FieldStart, ews.FieldEnd, ews.FieldIsAllDayEvent,
		ews.FieldStartTimeZone, ews.FieldEndTimeZone, ews.FieldMeetingTimeZone, ews.FieldLegacyFreeBusyStatus,
		ews.FieldSensitivity, ews.FieldImportance, ews.FieldCategories, ews.FieldBody, ews.FieldReminderIsSet,
		ews.FieldReminderMinutesBeforeStart, ews.FieldRequiredAttendees, ews.FieldOptionalAttendees, ews.FieldResources:
		return true
	}
	return false
}

// exceptional is the same for a change, whose property may be named by its MAPI
// tag: DavMail sets the subject of an occurrence so.
func (u *update) exceptional(ch *change) bool {
	if ch.path.Ext == nil {
		return exceptional(ch.path.Field)
	}
	switch u.tags[ch.path.Ext] {
	case mailbox.PidTagSubject, mailbox.PidTagBody, mailbox.PidTagHTML, mailbox.PidTagImportance, mailbox.PidTagSensitivity,
		mailbox.PidLidLocation, mailbox.PidLidBusyStatus, mailbox.PidLidReminderSet, mailbox.PidLidReminderDelta:
		return true
	}
	return false
}

func (u *update) answer(e mailbox.CalendarItem) []ews.Item {
	view := itemView{c: u.c, view: u.ref.view}
	view.reset(e)
	out := ews.Item{Kind: view.kind}
	out.Add(ews.FieldItemId, view.itemID())
	return []ews.Item{out}
}

// send sends a draft that was changed.
func (u *update) send(it *mailbox.Item) error {
	req := &ews.SendItem{SaveItemToFolder: u.req.MessageDisposition == ews.SendAndSaveCopy}
	if req.SaveItemToFolder {
		req.SavedItemFolderID = u.req.SavedItemFolderID
	}
	return u.c.sendOne(req, &ews.BaseItemID{ItemID: itemID(u.ref.view.Mailbox(), it)})
}

// read looks up what is to be changed, and what of the item has to be read for
// it.
func (u *update) read(in []ews.ItemChangeDescription) error {
	u.changes = make([]change, len(in))
	var values [][]ews.Value
	for i := range in {
		ch := &u.changes[i]
		var err error
		switch d := &in[i]; {
		case d.SetItemField != nil:
			err = ch.read(setField, &d.SetItemField.Path, d.SetItemField.Item.Values)
		case d.AppendToItemField != nil:
			err = ch.read(appendField, &d.AppendToItemField.Path, d.AppendToItemField.Item.Values)
		case d.DeleteItemField != nil:
			err = ch.read(deleteField, &d.DeleteItemField.Path, nil)
		}
		if err != nil {
			return err
		}
		values = append(values, ch.values, []ews.Value{ch.path})
		u.parts |= u.c.h.field(holder(ch.path.Field)).parts | u.c.h.field(ch.path.Field).parts
	}
	u.parts &^= mailbox.PartAttachments | mailbox.PartMIME
	var err error
	if u.granted, err = u.byGrant(); err != nil || u.granted {
		return err
	}
	if u.tells() {
		u.parts |= mailbox.PartBody | mailbox.PartRecipients
	}
	err = u.c.mayEdit(&u.ref)
	if err == nil && u.tells() {
		err = u.mayTell()
	}
	if err != nil {
		return err
	}
	u.tags, err = u.c.extendedTags(u.ref.view, true, values...)
	return err
}

// read looks up a path. The item that comes with it must hold that property and
// no other. [MS-OXWSCORE] 2.2.4.39
func (ch *change) read(kind changeKind, path *ews.PathToElement, values []ews.Value) error {
	ch.kind, ch.values = kind, values
	ok := false
	switch {
	case path.FieldURI != nil:
		ch.path.Field, ok = ews.FieldByURI(string(path.FieldURI.FieldURI))
	case path.IndexedFieldURI != nil:
		ch.path.Indexed = path.IndexedFieldURI.FieldIndex
		ch.path.Field, ok = ews.FieldByIndexedURI(string(path.IndexedFieldURI.FieldURI))
	case path.ExtendedFieldURI != nil:
		ch.path.Field, ch.path.Ext, ok = ews.FieldExtendedProperty, path.ExtendedFieldURI, true
	}
	if !ok {
		return &propertyError{ews.ErrorInvalidPropertyRequest, *path}
	}
	if kind == deleteField {
		return nil
	}
	if len(values) == 0 && ch.path.Field.Type() != ews.TypeMembers {
		return &propertyError{ews.ErrorIncorrectUpdatePropertyCount, *path}
	}
	for i := range values {
		v := &values[i]
		if !ch.names(v) {
			return &propertyError{ews.ErrorUpdatePropertyMismatch, *path}
		}
		if v.Ext != nil { // one name is one tag
			v.Ext = ch.path.Ext
		}
	}
	if len(values) > 1 && ch.path.Field.Type() != ews.TypeMembers {
		return &propertyError{ews.ErrorIncorrectUpdatePropertyCount, *path}
	}
	return nil
}

// names reports whether a value is of the property that the path names.
func (ch *change) names(v *ews.Value) bool {
	switch {
	case ch.path.Ext != nil:
		return v.Ext != nil && sameProperty(v.Ext, ch.path.Ext)
	case v.Field == ch.path.Field:
		return v.Indexed == ch.path.Indexed
	}
	return v.Field.Indexed() && v.Field.Container() == ch.path.Field
}

// sameProperty compares what two URIs name, however they spell it.
func sameProperty(a, b *ews.ExtendedFieldURI) bool {
	tag, name, err := extendedName(a)
	tag2, name2, err2 := extendedName(b)
	return err == nil && err2 == nil && tag == tag2 && name == name2
}

// apply makes the changes. It may run more than once.
func (u *update) apply(it *mailbox.Item) error {
	u.kind = kindOf(it.Class)
	switch {
	case u.kind == ews.KindCalendarItem && u.req.SendMeetingInvitationsOrCancellations == "":
		return &ews.Fault{Code: ews.ErrorSendMeetingInvitationsOrCancellationsRequired}
	case u.kind.Is(ews.KindMessage) && u.req.MessageDisposition == "":
		return &ews.Fault{Code: ews.ErrorMessageDispositionRequired}
	}
	if u.tells() {
		was := *it
		was.Props = it.Props.Clone()
		u.before = &was
	}
	e := u.c.edit(u.ref.view, it, u.kind, u.tags)
	for i := range u.changes {
		ch := &u.changes[i]
		was := u.shown(it, ch)
		if err := ch.apply(e); err != nil {
			return err
		}
		if u.single && !u.exceptional(ch) && (e.event.recurrence != nil || e.event.uid != "" || !reflect.DeepEqual(was, u.shown(it, ch))) {
			return invalidValue(&ch.path)
		}
	}
	by := u.c.subject()
	it.Props.SetString(mailbox.PidTagLastModifierName, cmp.Or(by.Name, string(by.Mail)))
	return e.finish()
}

// shown is what an occurrence shows of what a change is about, where it must
// not differ from its series.
func (u *update) shown(it *mailbox.Item, ch *change) any {
	if !u.single || u.exceptional(ch) {
		return nil
	}
	if tag := u.tags[ch.path.Ext]; tag != 0 {
		return propValue(&it.Props, tag)
	}
	row := u.c.h.field(ch.path.Field)
	if row.get == nil {
		return nil
	}
	v := itemView{c: u.c, view: u.ref.view}
	v.reset(mailbox.CalendarItem{Item: it})
	return row.get(&v)
}

func (ch *change) apply(e *itemEdit) error {
	if ch.kind == deleteField {
		return e.remove(&ch.path)
	}
	if ch.kind == setField && ch.path.Field.Type() == ews.TypeMembers {
		if err := e.remove(&ch.path); err != nil {
			return err
		}
	}
	for i := range ch.values {
		do := e.put
		if ch.kind == appendField {
			do = e.add
		}
		if err := do(&ch.values[i]); err != nil {
			return err
		}
	}
	return nil
}
