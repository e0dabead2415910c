"""Messages are created, found, changed, sent, answered, moved and deleted."""

from lab import PEOPLE, account, equal, refused, soon

from exchangelib import HTMLBody, Mailbox, Message, Q
from exchangelib.errors import DoesNotExist, ErrorItemNotFound

anna, ben = account(0), account(1)

# A draft is kept, found by its subject, changed and gone when deleted.
draft = Message(account=anna, folder=anna.drafts, subject="Interop draft", body="first", to_recipients=["x@fabrikam.example"])
draft.save()
found = anna.drafts.get(subject="Interop draft")
equal(found.id, draft.id, "id")
equal(found.is_draft, True, "draft")
equal([r.email_address for r in found.to_recipients], ["x@fabrikam.example"], "recipients")
old = found.changekey
found.subject, found.body, found.categories, found.importance = "Interop draft 2", HTMLBody("<p>second &amp; last"), ["Blue", "Grün"], "High"
found.save()
assert found.changekey != old, "a change left the change key as it was"
again = anna.drafts.get(subject="Interop draft 2")
equal((again.categories, again.importance), (["Blue", "Grün"], "High"))
assert "second &amp; last" in again.body, again.body
assert "second & last" in again.text_body, again.text_body
again.delete()
equal(anna.drafts.filter(subject__contains="Interop draft").count(), 0, "after deleting")
refused(DoesNotExist, lambda: anna.drafts.get(subject="Interop draft 2"))
refused(ErrorItemNotFound, draft.refresh)

# Mail to a colleague and to oneself is there at once, unread, with the sender.
subject = "Interop übergreifend 你好"
sent = Message(
    account=anna,
    folder=anna.sent,
    subject=subject,
    body="Good morning",
    to_recipients=[Mailbox(email_address=PEOPLE[1]["smtp"])],
    cc_recipients=[Mailbox(email_address=PEOPLE[0]["smtp"])],
)
sent.send_and_save()
got = soon(lambda: list(ben.inbox.filter(subject=subject)))[0]
equal(got.sender.email_address, PEOPLE[0]["smtp"], "sender")
equal(got.author.email_address, PEOPLE[0]["smtp"], "from")
equal([r.email_address for r in got.cc_recipients], [PEOPLE[0]["smtp"]], "cc")
equal(got.is_read, False, "read")
assert got.message_id, "no Message-ID"
assert "Good morning" in got.text_body, got.text_body
assert b"Good morning" in got.mime_content or b"R29vZCBtb3JuaW5n" in got.mime_content, got.mime_content
own = soon(lambda: list(anna.inbox.filter(subject=subject)))[0]
kept = anna.sent.get(subject=subject)
equal(kept.is_read, True, "sent items are read")

# Read and unread counts follow.
before = (ben.inbox.refresh(), ben.inbox.unread_count)[1]
got.is_read = True
got.save(update_fields=["is_read"])
equal((ben.inbox.refresh(), ben.inbox.unread_count)[1], before - 1, "unread")

# An answer reaches the asker, a forward a third; they carry the subject.
got.reply(subject="RE: " + subject, body="Good morning to you")
answer = soon(lambda: list(anna.inbox.filter(subject="RE: " + subject)))[0]
equal(answer.in_reply_to, got.message_id, "In-Reply-To")
carla = account(2)
got.forward(subject="FW: " + subject, body="look", to_recipients=[PEOPLE[2]["smtp"]])
forwarded = soon(lambda: list(carla.inbox.filter(subject="FW: " + subject)))[0]
got.reply_all(subject="RE: all " + subject, body="to all")
soon(lambda: list(anna.inbox.filter(subject="RE: all " + subject)))

# Moved and copied items are where they went.
got.move(ben.junk)
equal(ben.inbox.filter(subject=subject).count(), 0, "in the inbox after moving")
equal(ben.junk.filter(subject=subject).count(), 1, "in junk")
got.copy(ben.drafts)
equal(ben.drafts.filter(subject=subject).count(), 1, "copied")

# Everything goes to Deleted Items, and from there for good.
for a in (anna, ben, carla):
    for folder in (a.inbox, a.sent, a.junk, a.drafts):
        for item in folder.filter(subject__contains=subject):
            item.move_to_trash()
    equal(a.trash.filter(subject__contains=subject).count() > 0, True, "in Deleted Items")
    a.trash.filter(Q(subject__contains=subject)).delete()
    equal(a.trash.filter(subject__contains=subject).count(), 0, "left behind")
