package ewsserver

import (
	"strings"

	"entente/ews"
	"entente/mailbox"
)

// Values of PidLidMeetingType, [MS-OXOCAL] 2.2.6.5.
const (
	meetingRequest   = 0x00000001
	meetingFull      = 0x00010000
	meetingInfo      = 0x00020000
	meetingOutOfDate = 0x00080000
	meetingCopy      = 0x00100000
)

// meetingFields are what messages about meetings say. [MS-OXWSMTGS] 2.2.4.21
func meetingFields() []row {
	return []row{
		{ews.FieldAssociatedCalendarItemId, itemField{get: getAssociated}},
		{ews.FieldIsDelegated, itemField{get: func(v *itemView) any {
			by, of := v.it.Props.String(mailbox.PidTagReceivedByAddress), v.it.Props.String(mailbox.PidTagReceivedRepresentingAddress)
			return of != "" && !strings.EqualFold(by, of)
		}}},
		{ews.FieldIsOutOfDate, itemField{get: func(v *itemView) any {
			n, _ := v.it.Props.Int(mailbox.PidLidMeetingType)
			return n&meetingOutOfDate != 0
		}}},
		{ews.FieldHasBeenProcessed, itemField{get: func(*itemView) any { return true }}},
		{ews.FieldResponseType, itemField{get: getResponseType}},
		{ews.FieldMeetingRequestType, itemField{prop: mailbox.PidLidMeetingType, get: getRequestType}},
		{ews.FieldProposedStart, readOnly(timeField(mailbox.PidLidAppointmentProposedStartWhole))},
		{ews.FieldProposedEnd, readOnly(timeField(mailbox.PidLidAppointmentProposedEndWhole))},
	}
}

// getAssociated finds the appointment a message is about, by the UID they share.
func getAssociated(v *itemView) any {
	uid, _ := getUID(v).(string)
	if uid == "" || v.list {
		return nil
	}
	// A delegate's copy is about the calendar of whom he acts for.
	box, err := v.c.principal(v.view, v.it)
	if err != nil {
		return nil
	}
	f, err := box.FolderByName(v.c.ctx, mailbox.Calendar)
	if err != nil {
		return nil
	}
	page, err := box.Find(v.c.ctx, mailbox.Query{
		Folder:   f.ID,
		Restrict: &mailbox.Restriction{Op: mailbox.Equal, Prop: mailbox.PidNameCalendarUID, Value: mailbox.Value{Text: uid}},
		Paging:   mailbox.Paging{Max: 1},
	})
	if err != nil || len(page.Items) == 0 {
		return nil
	}
	return itemID(box.Mailbox(), page.Items[0])
}

// getResponseType reads the answer off the class of the message.
// [MS-OXOCAL] 2.2.8
func getResponseType(v *itemView) any {
	switch class := strings.ToLower(v.it.Class); {
	case strings.HasSuffix(class, ".resp.pos"):
		return string(ews.ResponseAccept)
	case strings.HasSuffix(class, ".resp.tent"):
		return string(ews.ResponseTentative)
	case strings.HasSuffix(class, ".resp.neg"):
		return string(ews.ResponseDecline)
	case v.kind == ews.KindMeetingRequest:
		n, _ := v.it.Props.Int(mailbox.PidLidResponseStatus)
		if n > 0 && int(n) < len(responseWords) {
			return responseWords[n]
		}
		return string(ews.ResponseNoResponseReceived)
	}
	return string(ews.ResponseUnknown)
}

func getRequestType(v *itemView) any {
	n, _ := v.it.Props.Int(mailbox.PidLidMeetingType)
	switch {
	case n&meetingOutOfDate != 0:
		return string(ews.MeetingRequestOutdated)
	case n&meetingFull != 0:
		return string(ews.MeetingRequestFullUpdate)
	case n&meetingInfo != 0:
		return string(ews.MeetingRequestInformationalUpdate)
	case n&meetingCopy != 0:
		return string(ews.MeetingRequestPrincipalWantsCopy)
	case n&meetingRequest != 0:
		return string(ews.MeetingRequestNewMeetingRequest)
	}
	return string(ews.MeetingRequestNone)
}
