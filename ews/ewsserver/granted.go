package ewsserver

import (
	"entente"
	"entente/access"
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// Somebody who knows an item by an item grant alone gets the elements that the
// granted fields fill, and no others: not even with the values that items have
// which say nothing, for he would take them for what the item says.

// neverGranted is a field that no grant gives.
const neverGranted = access.AllFields + 1

// grantedBy returns the fields that somebody must be granted who is to see a
// property, or to name it in a change: 0 for what every item shows. ok is false
// for a property of which nobody has said.
func grantedBy(f ews.Field, p mailbox.Prop) (fields access.Fields, ok bool) {
	switch f {
	case ews.FieldItemId, ews.FieldParentFolderId, ews.FieldItemClass, ews.FieldDateTimeCreated, ews.FieldLastModifiedTime,
		ews.FieldIsAssociated, ews.FieldEffectiveRights, ews.FieldStoreEntryId, ews.FieldInstanceKey, ews.FieldHasAttachments,
		ews.FieldCalendarItemType:
		return 0, true
	case ews.FieldMimeContent, ews.FieldAttachments, ews.FieldSize, ews.FieldResponseObjects:
		return neverGranted, true
	case ews.FieldInternetMessageHeaders, ews.FieldInternetMessageHeader:
		return access.AllFields, true
	case ews.FieldBody, ews.FieldUniqueBody, ews.FieldNormalizedBody, ews.FieldTextBody, ews.FieldPreview, ews.FieldContactNotes:
		return access.FieldBody, true
	case ews.FieldConversationId:
		return access.FieldSubject, true
	case ews.FieldContactCompleteName:
		return access.FieldSubject | access.FieldOther, true
	case ews.FieldEnhancedLocation:
		return access.FieldLocation, true
	case ews.FieldRecurrenceId, ews.FieldOriginalStart, ews.FieldDuration, ews.FieldTimeZone, ews.FieldMeetingTimeZone,
		ews.FieldStartTimeZone, ews.FieldEndTimeZone, ews.FieldStartTimeZoneId, ews.FieldEndTimeZoneId, ews.FieldRecurrence,
		ews.FieldFirstOccurrence, ews.FieldLastOccurrence, ews.FieldModifiedOccurrences, ews.FieldDeletedOccurrences,
		ews.FieldTaskRecurrence:
		return access.FieldTime, true
	case ews.FieldIsMeeting, ews.FieldIsCancelled, ews.FieldIsOrganizer, ews.FieldAllowNewTimeProposal, ews.FieldResponseType,
		ews.FieldTaskDelegationState, ews.FieldMembers, ews.FieldMember:
		return access.FieldAttendees, true
	case ews.FieldIsSubmitted, ews.FieldIsDraft, ews.FieldIsFromMe, ews.FieldIsResend, ews.FieldIsUnmodified, ews.FieldDateTimeStamp,
		ews.FieldAssociatedCalendarItemId, ews.FieldIsDelegated, ews.FieldIsOutOfDate, ews.FieldHasBeenProcessed,
		ews.FieldTaskStatusDescription, ews.FieldContactContactSource, ews.FieldContactEmailAddresses, ews.FieldContactEmailAddress, ews.FieldContactPhysicalAddresses,
		ews.FieldContactPhysicalAddressStreet, ews.FieldContactPhysicalAddressCity, ews.FieldContactPhysicalAddressState,
		ews.FieldContactPhysicalAddressCountryOrRegion, ews.FieldContactPhysicalAddressPostalCode, ews.FieldContactPhoneNumbers, ews.FieldContactPhoneNumber,
		ews.FieldContactImAddresses, ews.FieldContactImAddress:
		return access.FieldOther, true
	}
	if p == 0 {
		return neverGranted, false
	}
	return mailbox.FieldsOf(p), true
}

// whole refuses what cannot be done to something that the caller knows by an item
// grant alone.
func (c *call) whole(ref *itemRef, want access.Rights) error {
	if !ref.view.HasGrants() || len(ref.attachments) > 0 {
		return nil
	}
	entry, err := c.entry(ref, 0)
	if err != nil || !entry.Item.Limited() {
		return err
	}
	return c.refuseWhole(ref, entry.Item, want)
}

func (c *call) refuseWhole(ref *itemRef, it *mailbox.Item, want access.Rights) error {
	f, err := ref.view.Folder(c.ctx, it.Folder)
	if err != nil {
		return err
	}
	return refused(ref.view, f, want, mailbox.Denial(want))
}

// byGrant tells whether an update is one of granted fields: the folder does not
// let the caller change the item, and a grant lets him change some of it. What
// else he asks for is then refused here.
func (u *update) byGrant() (bool, error) {
	if !u.ref.view.HasGrants() {
		return false, nil
	}
	entry, err := u.c.entry(&u.ref, 0)
	if err != nil {
		return false, err
	}
	it := entry.Item
	if !it.Limited() {
		f, err := u.ref.view.Folder(u.c.ctx, it.Folder)
		if err != nil || it.Edits() == 0 || mayEditIn(f, it, u.c) {
			return false, err
		}
	}
	if it.Edits() == 0 || u.tellsMore() {
		return true, u.c.refuseWhole(&u.ref, it, access.EditAny)
	}
	return true, u.grantedSets(it)
}

// tellsMore reports whether a change is to be sent to somebody. A grant lets
// nobody write in the owner's name; but SendToAllAndSaveCopy is what the EWS
// Managed API and its kin ask for unless they are told otherwise, and so is no
// sign that anybody wants it: the change is made, and nothing is sent.
func (u *update) tellsMore() bool {
	switch u.req.SendMeetingInvitationsOrCancellations {
	case "", ews.UpdateSendToNone, ews.UpdateSendToAllAndSaveCopy:
	default:
		return true
	}
	return u.req.MessageDisposition == ews.SendOnly || u.req.MessageDisposition == ews.SendAndSaveCopy
}

// grantedSets finds out which fields the changes name, and the tags of extended
// properties. Who may not change them makes no names of properties.
func (u *update) grantedSets(it *mailbox.Item) error {
	var values [][]ews.Value
	for i := range u.changes {
		ch := &u.changes[i]
		values = append(values, ch.values, []ews.Value{ch.path})
		if ch.path.Ext == nil {
			u.sets |= u.c.h.field(ch.path.Field).granted
		}
	}
	if u.sets&neverGranted != 0 {
		return u.c.refuseWhole(&u.ref, it, access.EditAny)
	}
	var err error
	if u.tags, err = u.c.extendedTags(u.ref.view, it.Edits().Has(access.FieldOther), values...); err != nil {
		return err
	}
	for _, tag := range u.tags {
		if tag == 0 {
			err := u.c.refuseWhole(&u.ref, it, access.EditAny)
			return &entente.Error{
				Kind: entente.Denied, Reason: access.FieldNotGranted, Err: err,
				Text: "Access is denied. What was granted does not allow a change of " + access.FieldOther.String() + ".",
			}
		}
		u.sets |= mailbox.FieldsOf(tag)
	}
	return nil
}

// underGrant makes the changes as far as they are granted.
func (u *update) underGrant(day *calendar.Date, ifChange uint64) ([]ews.Item, error) {
	entry, err := u.ref.view.UpdateGranted(u.c.ctx, mailbox.GrantedChange{
		Item: u.ref.id, Day: day, IfChange: ifChange, Parts: u.parts, Sets: u.sets,
	}, u.apply)
	if err != nil {
		return nil, err
	}
	return u.answer(entry), nil
}

// mayEditIn reports whether the folder's own rights let the caller change an item.
func mayEditIn(f *mailbox.Folder, it *mailbox.Item, c *call) bool {
	own := it.Creator != "" && it.Creator == c.s.Caller().Subject().SID
	return f.Rights.Has(access.EditAny) || own && f.Rights.Has(access.EditOwned)
}

// shows reports whether the caller may see a property of the item.
func (v *itemView) shows(row *itemField) bool {
	return !v.it.Limited() || row.granted == 0 || v.it.Shows(row.granted)
}

// instance names the occurrence that an item shown alone is.
func instance(it *mailbox.Item) (i ews.InstanceDate) {
	if day, ok := it.Day(); ok {
		year, month, d := day.Civil()
		i = ews.InstanceDate{Year: uint16(year), Month: uint8(month), Day: uint8(d)}
	}
	return i
}
