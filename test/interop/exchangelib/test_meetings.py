"""A meeting is asked for, accepted by one, declined by another, moved and cancelled."""

import datetime

from lab import PEOPLE, account, equal, soon

from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib.items import MeetingCancellation, MeetingRequest, MeetingResponse, SEND_TO_ALL_AND_SAVE_COPY

anna, ben, carla = account(0), account(1), account(2)
berlin = EWSTimeZone("Europe/Berlin")
start = EWSDateTime(2031, 7, 1, 14, tzinfo=berlin)
S = "Interop meeting"
meeting = CalendarItem(
    account=anna,
    folder=anna.calendar,
    subject=S,
    location="Room 1",
    start=start,
    end=start + datetime.timedelta(hours=1),
    required_attendees=[PEOPLE[1]["smtp"]],
    optional_attendees=[PEOPLE[2]["smtp"]],
)
meeting.save(send_meeting_invitations=SEND_TO_ALL_AND_SAVE_COPY)
kept = anna.calendar.get(subject=S)
equal((kept.is_meeting, kept.my_response_type, kept.organizer.email_address), (True, "Organizer", PEOPLE[0]["smtp"]))


def mine(a, when=start):
    return [i for i in a.calendar.view(start=when, end=when + datetime.timedelta(hours=1)) if i.subject.endswith(S)]


def inbox(a, kind):
    return [i for i in a.inbox.filter(subject__contains=S) if isinstance(i, kind)]


request = soon(lambda: inbox(ben, MeetingRequest))[0]
equal((request.start, request.location, request.organizer.email_address), (start, "Room 1", PEOPLE[0]["smtp"]), "request")
tentative = soon(lambda: mine(ben))[0]
equal((tentative.legacy_free_busy_status, tentative.uid), ("Tentative", kept.uid), "in Ben's calendar before he answers")
request.accept(body="gladly", message_disposition="SendAndSaveCopy")
soon(lambda: inbox(carla, MeetingRequest))[0].decline(body="away", message_disposition="SendAndSaveCopy")
equal([(i.legacy_free_busy_status, i.my_response_type) for i in mine(ben)], [("Busy", "Accept")], "Ben accepted")
equal(mine(carla), [], "Carla declined")
answers = soon(lambda: (lambda r: r if len(r) == 2 else None)(inbox(anna, MeetingResponse)))
equal(sorted((r.sender.email_address, r.response_type) for r in answers), sorted([(PEOPLE[1]["smtp"], "Accept"), (PEOPLE[2]["smtp"], "Decline")]), "answers")
kept = anna.calendar.get(subject=S)
equal([(a.mailbox.email_address, a.response_type) for a in kept.required_attendees], [(PEOPLE[1]["smtp"], "Accept")], "required")
equal([(a.mailbox.email_address, a.response_type) for a in kept.optional_attendees], [(PEOPLE[2]["smtp"], "Decline")], "optional")

# Moved: Ben's calendar follows once more.
later = start + datetime.timedelta(days=1)
kept.start, kept.end = later, later + datetime.timedelta(hours=1)
kept.save(update_fields=["start", "end"], send_meeting_invitations=SEND_TO_ALL_AND_SAVE_COPY)
soon(lambda: mine(ben, later))
equal(mine(ben), [], "Ben on the old day")

# Cancelled: gone from Anna's, marked in Ben's.
kept = anna.calendar.get(subject=S)
kept.cancel(new_body="no longer needed")
soon(lambda: inbox(ben, MeetingCancellation))
equal(mine(anna, later), [], "Anna's calendar")
for i in mine(ben, later):
    assert i.is_cancelled, "Ben's copy is not marked as cancelled"

for a in (anna, ben, carla):
    for folder in (a.inbox, a.sent, a.calendar, a.trash):
        for i in folder.filter(subject__contains=S):
            i.delete()
