package ewsserver

import (
	"time"

	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// Bits of PidLidAppointmentStateFlags, [MS-OXOCAL] 2.2.1.10.
const (
	stateMeeting   = 1
	stateReceived  = 2
	stateCancelled = 4
)

// eventWhen is the time of a meeting in the organizer's words, which MAPI has no
// property for.
const eventWhen mailbox.Prop = 0x81F9001F

// responseWords are the answers in the order of PidLidResponseStatus.
// [MS-OXOCAL] 2.2.1.11
var responseWords = [...]string{"Unknown", "Organizer", "Tentative", "Accept", "Decline", "NoResponseReceived"}

var busyWords = [...]string{"Free", "Tentative", "Busy", "OOF", "WorkingElsewhere"}

// eventFields are what an appointment says beside its times. [MS-OXWSMTGS]
// 2.2.4.9
func eventFields() []row {
	return []row{
		{ews.FieldUID, itemField{prop: mailbox.PidNameCalendarUID, get: getUID, set: setUID, clear: cannotClear}},
		{ews.FieldLegacyFreeBusyStatus, busyField(mailbox.PidLidBusyStatus)},
		{ews.FieldIntendedFreeBusyStatus, readOnly(busyField(mailbox.PidLidIntendedBusyStatus))},
		{ews.FieldLocation, textField(mailbox.PidLidLocation)},
		{ews.FieldWhen, textField(eventWhen)},
		{ews.FieldIsMeeting, stateField(stateMeeting)},
		{ews.FieldIsCancelled, stateField(stateCancelled)},
		{ews.FieldMeetingRequestWasSent, readOnly(boolField(mailbox.PidLidFInvited))},
		{ews.FieldCalendarIsResponseRequested, responseRequested()},
		{ews.FieldMyResponseType, itemField{prop: mailbox.PidLidResponseStatus, words: responseWords[:], get: getMyResponse}},
		{ews.FieldOrganizer, itemField{prop: mailbox.PidTagSentRepresentingName, get: getOrganizer}},
		{ews.FieldIsOrganizer, itemField{get: func(v *itemView) any { return v.organizes() }}},
		{ews.FieldRequiredAttendees, attendeesField(mailbox.Required, mailbox.PidTagDisplayTo)},
		{ews.FieldOptionalAttendees, attendeesField(mailbox.Optional, mailbox.PidTagDisplayCc)},
		{ews.FieldResources, attendeesField(mailbox.Resource, mailbox.PidTagDisplayBcc)},
		{ews.FieldAppointmentReplyTime, readOnly(timeField(mailbox.PidLidAppointmentReplyTime))},
		{ews.FieldAppointmentSequenceNumber, readOnly(intField(mailbox.PidLidAppointmentSequence))},
		{ews.FieldAppointmentState, readOnly(intField(mailbox.PidLidAppointmentStateFlags))},
		{ews.FieldConferenceType, intField(mailbox.PidLidConferencingType)},
		{ews.FieldAllowNewTimeProposal, itemField{get: getAllowProposal, set: setAllowProposal}},
		{ews.FieldIsOnlineMeeting, boolField(mailbox.PidLidConferencingCheck)},
		{ews.FieldMeetingWorkspaceUrl, textField(mailbox.PidLidMeetingWorkspaceURL)},
		{ews.FieldNetShowUrl, textField(mailbox.PidLidNetShowURL)},
		{ews.FieldEnhancedLocation, itemField{get: getEnhancedLocation, set: setEnhancedLocation, clear: func(e *itemEdit, _ string) error {
			e.it.Props.Delete(mailbox.PidLidLocation)
			return nil
		}}},
	}
}

func busyField(p mailbox.Prop) itemField {
	f := wordField(p, 2, busyWords[:]...)
	set := f.set
	f.set = func(e *itemEdit, v *ews.Value) error {
		if v.V == string(ews.LegacyNoData) { // what a client says that does not know
			e.it.Props.Delete(p)
			return nil
		}
		return set(e, v)
	}
	return f
}

func stateField(bit int64) itemField {
	return itemField{get: func(v *itemView) any {
		n, _ := v.it.Props.Int(mailbox.PidLidAppointmentStateFlags)
		return n&bit != 0
	}}
}

func responseRequested() itemField {
	f := boolField(mailbox.PidTagResponseRequested)
	f.get = func(v *itemView) any {
		return !v.it.Props.Has(mailbox.PidTagResponseRequested) || v.it.Props.Bool(mailbox.PidTagResponseRequested)
	}
	return f
}

func getUID(v *itemView) any {
	if s := v.it.Props.String(mailbox.PidNameCalendarUID); s != "" {
		return s
	}
	if s := mailbox.UIDOf(v.it.Props.Bytes(mailbox.PidLidGlobalObjectID)); s != "" {
		return s
	}
	return nil
}

func setUID(e *itemEdit, v *ews.Value) error {
	uid, _ := v.V.(string)
	if uid == "" || len(uid) > 1024 {
		return &propertyError{ews.ErrorCalendarInvalidPropertyValue, pathOf(v)}
	}
	e.event.uid = uid
	return nil
}

// organizes reports whether the mailbox's owner is whose meeting it is.
func (v *itemView) organizes() bool {
	flags, _ := v.it.Props.Int(mailbox.PidLidAppointmentStateFlags)
	address := v.it.Props.String(mailbox.PidTagSentRepresentingSMTP)
	return flags&stateReceived == 0 && (address == "" || sameAddress(v.owner().Mail, address))
}

func getOrganizer(v *itemView) any {
	ps := &v.it.Props
	name, address := ps.String(mailbox.PidTagSentRepresentingName), ps.String(mailbox.PidTagSentRepresentingSMTP)
	if address == "" {
		address = ps.String(mailbox.PidTagSentRepresentingAddress)
	}
	if address == "" {
		owner := v.owner()
		name, address = owner.Name, string(owner.Mail)
	}
	m := v.c.mailboxOf(name, address, "")
	return &m
}

func getMyResponse(v *itemView) any {
	n, _ := v.it.Props.Int(mailbox.PidLidResponseStatus)
	switch {
	case n > 0 && n < int64(len(responseWords)):
		return responseWords[n]
	case v.organizes():
		return string(ews.ResponseOrganizer)
	}
	return string(ews.ResponseUnknown)
}

func getAllowProposal(v *itemView) any {
	return !v.it.Props.Bool(mailbox.PidLidAppointmentNotAllowPropose)
}

func setAllowProposal(e *itemEdit, v *ews.Value) error {
	allow, _ := v.V.(bool)
	e.it.Props.SetBool(mailbox.PidLidAppointmentNotAllowPropose, !allow)
	return nil
}

func getEnhancedLocation(v *itemView) any {
	s := v.it.Props.String(mailbox.PidLidLocation)
	if s == "" {
		return nil
	}
	return &ews.EnhancedLocation{DisplayName: s, PostalAddress: &ews.PersonaPostalAddress{
		Type: "Business", LocationSource: ews.LocationNone,
	}}
}

func setEnhancedLocation(e *itemEdit, v *ews.Value) error {
	l, ok := v.V.(*ews.EnhancedLocation)
	if !ok {
		return invalidValue(v)
	}
	e.it.Props.SetString(mailbox.PidLidLocation, l.DisplayName)
	return nil
}

// attendeesField is one line of attendees: recipients with their answers.
func attendeesField(kind mailbox.RecipientKind, shown mailbox.Prop) itemField {
	f := recipientsField(kind, shown)
	f.get = func(v *itemView) any {
		var list []ews.Attendee
		for i := range v.it.Recipients {
			r := &v.it.Recipients[i]
			if r.Kind != kind || r.Organizer {
				continue
			}
			list = append(list, ews.Attendee{
				Mailbox:      v.c.mailboxOf(r.Name, r.Address, r.AddressType),
				ResponseType: ews.ResponseType(responseWords[min(int(r.Response), len(responseWords)-1)]), LastResponseTime: r.ResponseTime,
			})
		}
		if list == nil {
			return nil
		}
		return list
	}
	f.add = func(e *itemEdit, v *ews.Value) error {
		list, ok := v.V.([]ews.Attendee)
		if !ok {
			return invalidValue(v)
		}
		for i := range list {
			r := e.addRecipient(kind, &list[i].Mailbox)
			// What an attendee answered is his to say: the answers of those who
			// are on the list already stay, others begin without one.
			for j := range e.invited {
				if old := &e.invited[j]; sameMailbox(old.Address, r.Address) {
					r.Response, r.ResponseTime = old.Response, old.ResponseTime
				}
			}
		}
		return nil
	}
	f.set = func(e *itemEdit, v *ews.Value) error {
		e.dropRecipients(kind)
		return f.add(e, v)
	}
	return f
}

// eventTimeFields are when an appointment is. What sets them is put together
// once all of them are known: see eventEdit.
func eventTimeFields() []row {
	return []row{
		{ews.FieldStart, eventTime(mailbox.PidLidAppointmentStartWhole, func(e *eventEdit) **time.Time { return &e.start })},
		{ews.FieldEnd, eventTime(mailbox.PidLidAppointmentEndWhole, func(e *eventEdit) **time.Time { return &e.end })},
		{ews.FieldIsAllDayEvent, itemField{
			prop: mailbox.PidLidAppointmentSubType,
			get:  func(v *itemView) any { return v.it.Props.Bool(mailbox.PidLidAppointmentSubType) },
			set: func(e *itemEdit, v *ews.Value) error {
				b, _ := v.V.(bool)
				e.event.allDay = &b
				return nil
			},
		}},
		{ews.FieldStartTimeZone, zoneField(false, func(e *eventEdit) **calendar.Zone { return &e.zone })},
		{ews.FieldEndTimeZone, zoneField(true, func(e *eventEdit) **calendar.Zone { return &e.endZone })},
		{ews.FieldMeetingTimeZone, itemField{set: setMeetingZone}},
		{ews.FieldTimeZone, itemField{get: func(v *itemView) any {
			if e := v.appointment(); e != nil && !e.Zone.IsZero() {
				return zoneName(e.Zone)
			}
			return nil
		}}},
		{ews.FieldStartTimeZoneId, zoneIDField(false)},
		{ews.FieldEndTimeZoneId, zoneIDField(true)},
		{ews.FieldDuration, itemField{get: func(v *itemView) any {
			start, ok := v.it.Props.Time(mailbox.PidLidAppointmentStartWhole)
			end, ok2 := v.it.Props.Time(mailbox.PidLidAppointmentEndWhole)
			if !ok || !ok2 {
				return nil
			}
			return string(ews.DurationOf(end.Sub(start)))
		}}},
		{ews.FieldOriginalStart, itemField{get: getOriginalStart}},
		{ews.FieldRecurrenceId, itemField{get: getOriginalStart}},
		{ews.FieldDateTimeStamp, itemField{get: func(v *itemView) any {
			if t, ok := v.it.Props.Time(mailbox.PidLidOwnerCriticalChange); ok {
				return t
			}
			return someTime(v.it.Modified)
		}}},
	}
}

func eventTime(p mailbox.Prop, at func(*eventEdit) **time.Time) itemField {
	f := timeField(p)
	f.set = func(e *itemEdit, v *ews.Value) error {
		t, _ := v.V.(time.Time)
		*at(&e.event) = &t
		return nil
	}
	f.clear = cannotClear
	return f
}

func zoneField(end bool, at func(*eventEdit) **calendar.Zone) itemField {
	return itemField{
		get: func(v *itemView) any {
			z, ok := v.zone(end)
			if !ok {
				return nil
			}
			return zoneOnWire(z)
		},
		set: func(e *itemEdit, v *ews.Value) error {
			d, ok := v.V.(*ews.TimeZoneDefinition)
			if !ok {
				return invalidValue(v)
			}
			z, err := e.c.h.zone(d)
			*at(&e.event) = &z
			return err
		},
		clear: cannotClear,
	}
}

func zoneIDField(end bool) itemField {
	return itemField{get: func(v *itemView) any {
		z, ok := v.zone(end)
		if !ok {
			return nil
		}
		return zoneOnWire(z).ID
	}}
}

// zone is the zone an appointment starts or ends in.
func (v *itemView) zone(end bool) (calendar.Zone, bool) {
	e := v.appointment()
	if e == nil {
		return calendar.Zone{}, false
	}
	if end && !e.EndZone.IsZero() {
		return e.EndZone, true
	}
	if e.Zone.IsZero() {
		return calendar.NewZone("UTC", time.UTC), true
	}
	return e.Zone, true
}

// zoneOnWire names a zone by the id clients know. Only what has none is
// spelled out, as its maker did.
func zoneOnWire(z calendar.Zone) *ews.TimeZoneDefinition {
	if id := z.Windows(); id != "" {
		return &ews.TimeZoneDefinition{ID: id, Name: calendar.ZoneDisplay(id)}
	}
	if z.Definition != nil {
		return definitionTo(z.Definition)
	}
	return &ews.TimeZoneDefinition{ID: z.ID, Name: zoneName(z)}
}

func zoneName(z calendar.Zone) string {
	if id := z.Windows(); id != "" {
		return calendar.ZoneDisplay(id)
	}
	if z.Definition != nil && z.Definition.Name != "" {
		return z.Definition.Name
	}
	return z.ID
}

// setMeetingZone takes the older property, of which only the name is of use:
// clients that send it name a Windows zone. [MS-OXWSMTGS] 2.2.4.38
func setMeetingZone(e *itemEdit, v *ews.Value) error {
	t, ok := v.V.(*ews.TimeZone)
	if !ok || e.event.zone != nil {
		return nil
	}
	if t.TimeZoneName == "" {
		return nil
	}
	z, err := e.c.h.zone(&ews.TimeZoneDefinition{ID: t.TimeZoneName})
	if err != nil {
		return err
	}
	e.event.zone = &z
	return nil
}

func getOriginalStart(v *itemView) any {
	if !v.occurrence() {
		return nil
	}
	return someTime(v.entry.OriginalStart)
}
