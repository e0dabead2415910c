"""A delegate is made, listed, works in the owner's calendar and answers for the owner; then he is one no more."""

import datetime
import xml.sax.saxutils as sax

import requests
from lab import DELEGATE, ORG, PEOPLE, UTC, Account, account, config, equal, refused, soon

from exchangelib import Attendee, CalendarItem, EWSDateTime, Mailbox
from exchangelib.errors import ErrorAccessDenied, ErrorFolderNotFound
from exchangelib.folders import SingleFolderQuerySet
from exchangelib.items import SEND_ONLY_TO_ALL, MeetingRequest
from exchangelib.properties import DistinguishedFolderId

T = "http://schemas.microsoft.com/exchange/services/2006/types"
M = "http://schemas.microsoft.com/exchange/services/2006/messages"


def call(who, body):
    """exchangelib can list delegates; what changes them is written out."""
    r = requests.post(
        ORG["ews_url"],
        auth=(who["upn"], who["password"]),
        headers={"Content-Type": "text/xml; charset=utf-8"},
        data=f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="{T}" xmlns:m="{M}"><s:Body>{body}</s:Body></s:Envelope>',
        timeout=30,
    )
    r.raise_for_status()
    return r.text


def box(smtp):
    return f"<m:Mailbox><t:EmailAddress>{sax.escape(smtp)}</t:EmailAddress></m:Mailbox>"


def folder_of(smtp, name, by):
    """exchangelib's way to one folder of a mailbox whose root may not be seen."""
    return SingleFolderQuerySet(account=by, folder=DistinguishedFolderId(id=name, mailbox=Mailbox(email_address=smtp))).resolve()


def user(smtp):
    return f"<t:UserId><t:PrimarySmtpAddress>{sax.escape(smtp)}</t:PrimarySmtpAddress></t:UserId>"


owner, delegate, organizer = PEOPLE[2], PEOPLE[3], PEOPLE[4]
boss, helper, other = account(2), account(3), account(4)
remove = f"<m:RemoveDelegate>{box(owner['smtp'])}<m:UserIds>{user(delegate['smtp'])}</m:UserIds></m:RemoveDelegate>"

equal(boss.delegates, [], "delegates at first")
refused(ErrorAccessDenied, lambda: Account(owner["smtp"], config=config(delegate), access_type=DELEGATE).delegates)
answer = call(
    owner,
    f"<m:AddDelegate>{box(owner['smtp'])}<m:DelegateUsers><t:DelegateUser>{user(delegate['smtp'])}<t:DelegatePermissions>"
    "<t:CalendarFolderPermissionLevel>Editor</t:CalendarFolderPermissionLevel><t:TasksFolderPermissionLevel>Reviewer</t:TasksFolderPermissionLevel>"
    "</t:DelegatePermissions><t:ReceiveCopiesOfMeetingMessages>true</t:ReceiveCopiesOfMeetingMessages><t:ViewPrivateItems>false</t:ViewPrivateItems>"
    "</t:DelegateUser></m:DelegateUsers><m:DeliverMeetingRequests>DelegatesAndMe</m:DeliverMeetingRequests></m:AddDelegate>",
)
assert answer.count("<m:ResponseCode>NoError<") == 2, answer
try:
    (d,) = boss.delegates
    equal(d.user_id.primary_smtp_address, delegate["smtp"], "delegate")
    equal(d.delegate_permissions.calendar_folder_permission_level, "Editor", "calendar")
    equal(d.delegate_permissions.tasks_folder_permission_level, "Reviewer", "tasks")
    equal(d.delegate_permissions.inbox_folder_permission_level, "None", "inbox")
    equal((d.receive_copies_of_meeting_messages, d.view_private_items), (True, False), "flags")

    # The owner reads the permission set, the delegate all the rest of the folder.
    boss.calendar.refresh()
    levels = {p.user_id.primary_smtp_address: p.calendar_permission_level for p in boss.calendar.permission_set.calendar_permissions}
    equal(levels[delegate["smtp"]], "Editor", "permission set")
    shared = folder_of(owner["smtp"], "calendar", helper)
    equal(shared.permission_set, None, "permission set for the delegate")
    equal(shared.effective_rights.create_contents, True, "effective rights")
    equal(type(folder_of(owner["smtp"], "contacts", helper)), ErrorFolderNotFound, "contacts for the delegate")

    # Somebody invites the owner: the delegate gets a copy and accepts for him.
    start = EWSDateTime.now(tz=UTC).replace(minute=0, second=0, microsecond=0) + datetime.timedelta(days=40)
    meeting = CalendarItem(
        account=other, folder=other.calendar, subject="Interop for the boss", start=start, end=start + datetime.timedelta(hours=1),
        required_attendees=[Attendee(mailbox=Mailbox(email_address=owner["smtp"]))],
    )
    meeting.save(send_meeting_invitations=SEND_ONLY_TO_ALL)
    request = soon(lambda: next((m for m in helper.inbox.filter(subject="Interop for the boss") if isinstance(m, MeetingRequest)), None))
    equal(request.is_delegated, True, "delegated")
    equal(request.received_representing.email_address, owner["smtp"], "received for")
    equal(helper.calendar.filter(subject="Interop for the boss").count(), 0, "in the delegate's own calendar")
    request.accept(body="Accepted for the boss")
    kept = boss.calendar.get(subject="Interop for the boss")
    equal(kept.my_response_type, "Accept", "the owner's answer")
    reply = soon(lambda: next(iter(other.inbox.filter(subject="Accepted: Interop for the boss")), None))
    equal(reply.author.email_address, owner["smtp"], "answered for")
    equal(reply.sender.email_address, delegate["smtp"], "answered by")
    for folder in (boss.inbox, boss.calendar, boss.trash, helper.inbox, helper.trash, helper.sent, other.inbox):
        for m in folder.filter(subject__contains="Interop for the boss"):
            m.delete()
    meeting.refresh()
    meeting.delete(send_meeting_cancellations="SendToNone")
finally:
    answer = call(owner, remove)
assert answer.count("<m:ResponseCode>NoError<") == 2, answer
equal(boss.delegates, [], "delegates at last")
equal(type(folder_of(owner["smtp"], "tasks", helper)), ErrorFolderNotFound, "tasks at last")
