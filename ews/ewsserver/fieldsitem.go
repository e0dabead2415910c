package ewsserver

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"entente/access"
	"entente/ews"
	"entente/mailbox"
)

// Bits of PidTagMessageFlags, [MS-OXCMSG] 2.2.1.6.
const (
	flagUnmodified = 0x02
	flagSubmitted  = 0x04
	flagUnsent     = 0x08
	flagFromMe     = 0x20
	flagResend     = 0x80
)

// commonFields are what every item says of itself. [MS-OXWSCORE] 2.2.4.24
func commonFields() []row {
	return []row{
		{ews.FieldSubject, subjectField()},
		{ews.FieldSensitivity, sensitivityField()},
		{ews.FieldCategories, textsField(mailbox.PidNameKeywords)},
		{ews.FieldImportance, wordField(mailbox.PidTagImportance, 1, "Low", "Normal", "High")},
		{ews.FieldInReplyTo, textField(mailbox.PidTagInReplyToID)},
		{ews.FieldIsSubmitted, flagField(flagSubmitted)},
		{ews.FieldIsDraft, flagField(flagUnsent)},
		{ews.FieldIsFromMe, flagField(flagFromMe)},
		{ews.FieldIsResend, flagField(flagResend)},
		{ews.FieldIsUnmodified, flagField(flagUnmodified)},
		{ews.FieldDateTimeReceived, timeOrCreated(mailbox.PidTagMessageDeliveryTime)},
		{ews.FieldDateTimeSent, timeOrCreated(mailbox.PidTagClientSubmitTime)},
		{ews.FieldReminderDueBy, timeField(mailbox.PidLidReminderTime)},
		{ews.FieldReminderIsSet, boolField(mailbox.PidLidReminderSet)},
		{ews.FieldReminderNextTime, readOnly(timeField(mailbox.PidLidReminderSignalTime))},
		{ews.FieldReminderMinutesBeforeStart, reminderField()},
		{ews.FieldDisplayTo, shownNames(mailbox.PidTagDisplayTo)},
		{ews.FieldDisplayCc, shownNames(mailbox.PidTagDisplayCc)},
		{ews.FieldDisplayBcc, shownNames(mailbox.PidTagDisplayBcc)},
		{ews.FieldHasAttachments, readOnly(boolField(mailbox.PidTagHasAttachments))},
		{ews.FieldSearchKey, bytesField(mailbox.PidTagSearchKey)},
		{ews.FieldFlag, itemField{prop: mailbox.PidTagFlagStatus, get: getFlag, set: setFlag, clear: clearFlag}},
		{ews.FieldCulture, itemField{prop: mailbox.PidTagMessageLocaleID, get: getCulture, set: setCulture}},
		{ews.FieldResponseObjects, itemField{get: getResponseObjects}},
	}
}

// identityFields say which item it is, where, and what may be done with it.
func identityFields() []row {
	return []row{
		{ews.FieldItemId, itemField{get: func(v *itemView) any {
			if id := v.itemID(); id != nil {
				return id
			}
			return nil
		}}},
		{ews.FieldParentFolderId, itemField{get: func(v *itemView) any {
			if v.it.Folder == 0 {
				return nil
			}
			box := v.view.Mailbox()
			return &ews.FolderID{ID: folderStoreID(box, v.it.Folder), ChangeKey: changeKey(box, 1)}
		}}},
		{ews.FieldItemClass, itemField{
			prop: mailbox.PidTagMessageClass,
			get:  func(v *itemView) any { return v.it.Class },
			set:  setClass, clear: cannotClear,
		}},
		{ews.FieldSize, itemField{prop: mailbox.PidTagMessageSize, get: func(v *itemView) any { return v.it.Size }}},
		{ews.FieldDateTimeCreated, itemField{prop: mailbox.PidTagCreationTime, get: func(v *itemView) any { return someTime(v.it.Created) }}},
		{ews.FieldLastModifiedTime, itemField{
			prop: mailbox.PidTagLastModificationTime,
			get:  func(v *itemView) any { return someTime(v.it.Modified) },
		}},
		{ews.FieldLastModifiedName, itemField{prop: mailbox.PidTagLastModifierName, get: getModifier}},
		{ews.FieldIsAssociated, itemField{
			get: func(v *itemView) any { return v.it.Associated },
			set: func(e *itemEdit, v *ews.Value) error {
				if !e.create {
					return invalidValue(v)
				}
				e.it.Associated, _ = v.V.(bool)
				return nil
			},
		}},
		{ews.FieldEffectiveRights, itemField{get: getEffectiveRights}},
		{ews.FieldConversationId, itemField{get: getConversationID}},
		{ews.FieldStoreEntryId, itemField{get: func(v *itemView) any {
			if b := v.storeID().Root().EntryID(); b != nil {
				return b
			}
			return nil
		}}},
		{ews.FieldInstanceKey, itemField{get: func(v *itemView) any {
			key := binary.BigEndian.AppendUint64(nil, uint64(v.it.ID))
			if day, ok := v.it.Day(); ok {
				key = binary.BigEndian.AppendUint32(key, uint32(day))
			}
			return key
		}}},
	}
}

func someTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// timeOrCreated is a time that items have only if they travelled; the others
// show when they were made, as Exchange does.
func timeOrCreated(p mailbox.Prop) itemField {
	return itemField{prop: p, get: func(v *itemView) any {
		if t, ok := v.it.Props.Time(p); ok {
			return t
		}
		return someTime(v.it.Created)
	}}
}

func shownNames(p mailbox.Prop) itemField {
	return itemField{prop: p, get: func(v *itemView) any { return v.it.Props.String(p) }}
}

func subjectField() itemField {
	f := textField(mailbox.PidTagSubject)
	f.set = func(e *itemEdit, v *ews.Value) error {
		s, _ := v.V.(string)
		if len(s) > 255*4 { // Exchange keeps 255 characters, [MS-OXWSCORE] 2.2.4.24
			return invalidValue(v)
		}
		e.it.Props.SetString(mailbox.PidTagSubject, s)
		e.it.Props.SetString(mailbox.PidTagNormalizedSubject, normalizedSubject(s))
		return nil
	}
	return f
}

// normalizedSubject takes off the prefixes of replies, [MS-OXCMSG] 2.2.1.10:
// one to three characters, a colon and a blank.
func normalizedSubject(s string) string {
	i := strings.IndexByte(s, ':')
	if i < 1 || i > 3 || i+1 >= len(s) || s[i+1] != ' ' || strings.ContainsAny(s[:i], " 0123456789") {
		return s
	}
	return strings.TrimLeft(s[i+1:], " ")
}

// sensitivityField keeps PidLidPrivate beside PidTagSensitivity, because it is
// what hides items from those who may not see private ones. [MS-OXCMSG] 2.2.1.25
func sensitivityField() itemField {
	f := wordField(mailbox.PidTagSensitivity, 0, "Normal", "Personal", "Private", "Confidential")
	set := f.set
	f.set = func(e *itemEdit, v *ews.Value) error {
		if err := set(e, v); err != nil {
			return err
		}
		e.it.Props.SetBool(mailbox.PidLidPrivate, v.V == string(ews.SensitivityPrivate))
		return nil
	}
	f.clear = func(e *itemEdit, _ string) error {
		e.it.Props.Delete(mailbox.PidTagSensitivity, mailbox.PidLidPrivate)
		return nil
	}
	return f
}

func reminderField() itemField {
	f := intField(mailbox.PidLidReminderDelta)
	set := f.set
	f.set = func(e *itemEdit, v *ews.Value) error {
		// Exchange takes what fits into 49 days' worth of minutes and more;
		// below zero there is no reminder. [MS-OXWSCDATA] 2.2.5.27
		if n, _ := v.V.(int64); n < 0 || n > 2629800 {
			return invalidValue(v)
		}
		return set(e, v)
	}
	return f
}

func cannotClear(*itemEdit, string) error { return errNotDeletable }

func setClass(e *itemEdit, v *ews.Value) error {
	class, _ := v.V.(string)
	if class == "" || kindOf(class) != e.kind && e.kind != ews.KindItem && e.kind != ews.KindMessage {
		return &ews.Fault{Code: ews.ErrorObjectTypeChanged}
	}
	e.it.Class = class
	return nil
}

func getModifier(v *itemView) any {
	if s := v.it.Props.String(mailbox.PidTagLastModifierName); s != "" {
		return s
	}
	if a, ok := v.c.s.Snapshot().FindSID(v.it.Creator); ok {
		return a.Name
	}
	return nil
}

func getEffectiveRights(v *itemView) any {
	if v.it.Limited() {
		return &ews.EffectiveRights{Read: true, Modify: v.it.Edits() != 0, ViewPrivateItems: new(false)}
	}
	r := v.effective()
	own := v.it.Creator != "" && v.it.Creator == v.c.s.Caller().Subject().SID
	private := r.Has(access.ReadAny | access.ReadPrivate)
	return &ews.EffectiveRights{
		Delete:           r.Has(access.DeleteAny) || own && r.Has(access.DeleteOwned),
		Modify:           r.Has(access.EditAny) || own && r.Has(access.EditOwned) || v.it.Edits() != 0,
		Read:             r.Has(access.ReadAny),
		ViewPrivateItems: &private,
	}
}

// getConversationID names the conversation as every protocol does.
func getConversationID(v *itemView) any {
	id := v.view.ConversationID(v.it)
	if id == nil {
		return nil
	}
	return &ews.ItemID{ID: base64.StdEncoding.EncodeToString(id)}
}

func conversationTopic(v *itemView) string { return v.it.ConversationTopic() }

// getResponseObjects tells which answers CreateItem takes to the item.
// [MS-OXWSCDATA] 2.2.4.45
func getResponseObjects(v *itemView) any {
	var names []string
	switch {
	case v.kind == ews.KindMeetingRequest:
		names = []string{"AcceptItem", "TentativelyAcceptItem", "DeclineItem", "ReplyToItem", "ReplyAllToItem", "ForwardItem"}
	case v.kind == ews.KindMeetingCancellation:
		names = []string{"RemoveItem", "ReplyToItem", "ReplyAllToItem", "ForwardItem"}
	case v.kind == ews.KindCalendarItem:
		names = calendarResponses(v)
	case v.kind.Is(ews.KindMessage):
		if v.it.MessageFlags()&flagUnsent == 0 {
			names = []string{"ReplyToItem", "ReplyAllToItem", "ForwardItem"}
		}
	case v.kind == ews.KindPostItem:
		names = []string{"ReplyToItem", "ForwardItem", "PostReplyItem"}
	case v.kind.IsItem():
		names = []string{"ForwardItem"}
	}
	if len(names) == 0 {
		return nil
	}
	return names
}

func calendarResponses(v *itemView) []string {
	flags, _ := v.it.Props.Int(mailbox.PidLidAppointmentStateFlags)
	switch {
	case flags&stateMeeting == 0:
		return []string{"ForwardItem"}
	case v.organizes():
		return []string{"CancelCalendarItem", "ForwardItem"}
	}
	return []string{"AcceptItem", "TentativelyAcceptItem", "DeclineItem", "ReplyToItem", "ReplyAllToItem", "ForwardItem"}
}

// Values of PidTagFlagStatus, [MS-OXOFLAG] 2.2.1.1.
const (
	followUpComplete = 1
	followUpFlagged  = 2
)

func getFlag(v *itemView) any {
	f := &ews.Flag{FlagStatus: ews.FlagNotFlagged}
	n, _ := v.it.Props.Int(mailbox.PidTagFlagStatus)
	switch n {
	case followUpFlagged:
		f.FlagStatus = ews.FlagFlagged
		f.StartDate, _ = v.it.Props.Time(mailbox.PidLidTaskStartDate)
		f.DueDate, _ = v.it.Props.Time(mailbox.PidLidTaskDueDate)
	case followUpComplete:
		f.FlagStatus = ews.FlagComplete
		f.CompleteDate, _ = v.it.Props.Time(mailbox.PidTagFlagCompleteTime)
	}
	return f
}

func setFlag(e *itemEdit, v *ews.Value) error {
	f, ok := v.V.(*ews.Flag)
	if !ok {
		return invalidValue(v)
	}
	if err := clearFlag(e, ""); err != nil {
		return err
	}
	ps := &e.it.Props
	switch f.FlagStatus {
	case ews.FlagFlagged:
		ps.SetInt(mailbox.PidTagFlagStatus, followUpFlagged)
		ps.SetInt(mailbox.PidTagFollowupIcon, 6) // red, [MS-OXOFLAG] 2.2.1.2
		ps.SetString(mailbox.PidLidFlagRequest, "Follow up")
		setSomeTime(e, mailbox.PidLidTaskStartDate, f.StartDate)
		setSomeTime(e, mailbox.PidLidTaskDueDate, f.DueDate)
	case ews.FlagComplete:
		ps.SetInt(mailbox.PidTagFlagStatus, followUpComplete)
		done := f.CompleteDate
		if done.IsZero() {
			done = e.c.s.Now()
		}
		ps.SetTime(mailbox.PidTagFlagCompleteTime, e.instant(done))
	}
	return nil
}

func setSomeTime(e *itemEdit, p mailbox.Prop, t time.Time) {
	if !t.IsZero() {
		e.it.Props.SetTime(p, e.instant(t))
	}
}

func clearFlag(e *itemEdit, _ string) error {
	e.it.Props.Delete(mailbox.PidTagFlagStatus, mailbox.PidTagFollowupIcon, mailbox.PidLidFlagRequest, mailbox.PidTagFlagCompleteTime)
	if e.kind != ews.KindTask {
		e.it.Props.Delete(mailbox.PidLidTaskStartDate, mailbox.PidLidTaskDueDate)
	}
	return nil
}

// cultures are the locales of PidTagMessageLocaleID that we name; others are
// not kept. [MS-LCID] 2.2
var cultures = [...]struct {
	id   int64
	name string
}{
	{0x0409, "en-US"},
	{0x0809, "en-GB"},
	{0x0407, "de-DE"},
	{0x0807, "de-CH"},
	{0x0c07, "de-AT"},
	{0x040c, "fr-FR"},
	{0x0c0a, "es-ES"},
	{0x0410, "it-IT"},
	{0x0413, "nl-NL"},
	{0x0414, "nb-NO"},
	{0x041d, "sv-SE"},
	{0x0406, "da-DK"},
	{0x040b, "fi-FI"},
	{0x0415, "pl-PL"},
	{0x0405, "cs-CZ"},
	{0x040e, "hu-HU"},
	{0x0416, "pt-BR"},
	{0x0816, "pt-PT"},
	{0x0419, "ru-RU"},
	{0x0422, "uk-UA"},
	{0x041f, "tr-TR"},
	{0x0408, "el-GR"},
	{0x040d, "he-IL"},
	{0x0411, "ja-JP"},
	{0x0412, "ko-KR"},
	{0x0804, "zh-CN"},
	{0x0404, "zh-TW"},
	{0x0439, "hi-IN"},
	{0x0c09, "en-AU"},
	{0x1009, "en-CA"},
}

func getCulture(v *itemView) any {
	n, ok := v.it.Props.Int(mailbox.PidTagMessageLocaleID)
	if !ok {
		return nil
	}
	for _, c := range cultures {
		if c.id == n {
			return c.name
		}
	}
	return nil
}

func setCulture(e *itemEdit, v *ews.Value) error {
	for _, c := range cultures {
		if strings.EqualFold(c.name, v.V.(string)) {
			e.it.Props.SetInt(mailbox.PidTagMessageLocaleID, c.id)
			return nil
		}
	}
	return invalidValue(v)
}
