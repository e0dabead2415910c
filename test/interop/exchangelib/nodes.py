"""URL NAME:PASSWORD NAME:PASSWORD: two people of contoso.example work with each other by one node, whichever has their mailboxes."""

import datetime
import socket
import sys
import threading
import time

from exchangelib import DELEGATE, Account, CalendarItem, Configuration, Credentials, EWSDateTime, EWSTimeZone, Mailbox, Message
from exchangelib.items import SEND_TO_ALL_AND_SAVE_COPY
from exchangelib.protocol import BaseProtocol

BaseProtocol.TIMEOUT = 30

# The names of the nodes are in no DNS.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *args, **more: resolve("127.0.0.1" if host.endswith(".contoso.example") else host, *args, **more)


def account(who):
    name, password = who.split(":")
    credentials = Credentials(name + "@contoso.example", password)
    return Account(name + "@contoso.example", config=Configuration(service_endpoint=sys.argv[1], credentials=credentials), access_type=DELEGATE)


def soon(f, seconds=30):
    end = time.monotonic() + seconds
    while True:
        if got := f():
            return got
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.2)


def by_subject(folder, subject):
    return soon(lambda: list(folder.filter(subject=subject)))[0]


anna, ben = account(sys.argv[2]), account(sys.argv[3])
mark = str(time.time_ns())
told, listening = [], threading.Event()


def listen():
    with ben.inbox.streaming_subscription() as subscription:
        listening.set()
        for notification in ben.inbox.get_streaming_events(subscription, connection_timeout=1):
            told.extend(type(e).__name__ for e in notification.events)
            if "NewMailEvent" in told:
                return


stream = threading.Thread(target=listen, daemon=True)
stream.start()
assert listening.wait(30)

to_ben = Message(account=anna, folder=anna.sent, subject="Mail " + mark, body="text", to_recipients=[Mailbox(email_address="ben@contoso.example")])
to_ben.send_and_save()
by_subject(anna.sent, "Mail " + mark)
mail = by_subject(ben.inbox, "Mail " + mark)
stream.join(60)
assert "NewMailEvent" in told, told

mail.reply("RE: Mail " + mark, "answer")
answer = by_subject(anna.inbox, "RE: Mail " + mark)
answer.is_read = True
answer.save(update_fields=["is_read"])
assert by_subject(anna.inbox, "RE: Mail " + mark).is_read

start = EWSDateTime.now(EWSTimeZone("UTC")) + datetime.timedelta(days=3)
meeting = CalendarItem(
    account=anna, folder=anna.calendar, start=start, end=start + datetime.timedelta(hours=1), subject="Meeting " + mark, required_attendees=["ben@contoso.example"]
)
meeting.save(send_meeting_invitations=SEND_TO_ALL_AND_SAVE_COPY)
by_subject(ben.inbox, "Meeting " + mark).accept(body="gladly")
soon(lambda: [a for a in anna.calendar.get(subject="Meeting " + mark).required_attendees if a.response_type == "Accept"])
free = ben.protocol.get_free_busy_info(
    accounts=[(anna, "Required", False), (ben, "Required", False)], start=start - datetime.timedelta(days=1), end=start + datetime.timedelta(days=1)
)
for who in free:
    assert "Busy" in [e.busy_type for e in who.calendar_events or []], who

answer.move_to_trash()
assert anna.trash.filter(subject="RE: Mail " + mark).count() == 1
here = anna.inbox.all().count()  # total_count is what the folder was when it was looked up
assert here > 0 and len(list(anna.inbox.sync_items())) == here
