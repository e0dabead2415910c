package ewsserver

import (
	"entente"
	"entente/delivery"
	"entente/ews"
)

// codeOfMeeting maps the reasons of delivery and meetings.
func codeOfMeeting(r entente.Reason) (ews.ResponseCode, bool) {
	switch r {
	case delivery.NoRecipients:
		return ews.ErrorInvalidRecipients, true
	case delivery.TooManyRecipients:
		return ews.ErrorMessageSizeExceeded, true
	case delivery.NotOrganizer:
		return ews.ErrorCalendarIsNotOrganizer, true
	case delivery.IsOrganizer:
		return ews.ErrorCalendarIsOrganizerForAccept, true
	case delivery.MeetingCancelled:
		return ews.ErrorCalendarIsCancelledForAccept, true
	case delivery.MeetingOutOfDate:
		return ews.ErrorCalendarMeetingRequestIsOutOfDate, true
	case delivery.NotMeeting:
		return ews.ErrorCalendarInvalidPropertyState, true
	}
	return "", false
}
