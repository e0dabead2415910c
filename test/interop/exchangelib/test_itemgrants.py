"""An employee of the firm that organizes the speakers works on granted appointments of an executive's calendar as on any other."""

import datetime

from lab import DELEGATE, PEOPLE, admin, account, config, equal, refused

from exchangelib import Account, Attendee, CalendarItem, EWSDateTime, EWSTimeZone, Mailbox
from exchangelib.errors import ErrorAccessDenied, ErrorCreateItemAccessDenied, ErrorFolderNotFound, ErrorItemNotFound
from exchangelib.recurrence import Recurrence, WeeklyPattern

OWNER, FIRM, GUEST = 20, 21, 22
berlin = EWSTimeZone("Europe/Berlin")
owner = account(OWNER)


def at(*when):
    return EWSDateTime(*when, tzinfo=berlin)


def executive():
    """Returns the executive's mailbox as the firm's employee has it: anew, for what is cached is not what is there."""
    return Account(PEOPLE[OWNER]["smtp"], config=config(PEOPLE[FIRM]), access_type=DELEGATE)


def grant(*args):
    return admin("grant", "create", PEOPLE[OWNER]["upn"], "--to", PEOPLE[FIRM]["upn"], *args)["id"]


def make(subject, hour, categories=()):
    c = CalendarItem(
        account=owner, folder=owner.calendar, subject=subject, start=at(2031, 9, 8, hour), end=at(2031, 9, 8, hour + 1), location="Hall A",
        body=f"Interop secret of {subject}", categories=["Speakers", *categories], sensitivity="Private", legacy_free_busy_status="OOF",
        required_attendees=[Attendee(mailbox=Mailbox(email_address=PEOPLE[GUEST]["smtp"]), response_type="Unknown")],
    )
    c.save()
    return c


keynote, panel = make("Interop keynote", 9), make("Interop panel", 11)
board = make("Interop board", 13)
board.categories = []
board.save(update_fields=["categories"])
series = CalendarItem(
    account=owner, folder=owner.calendar, subject="Interop series", start=at(2031, 9, 1, 15), end=at(2031, 9, 1, 16), location="Hall A",
    recurrence=Recurrence(pattern=WeeklyPattern(interval=1, weekdays=["Monday"]), start=datetime.date(2031, 9, 1), number=4),
)
series.save()

# A calendar of which nothing is granted is not there.
refused(ErrorFolderNotFound, lambda: executive().calendar)

whole = grant(
    "--label", "Speakers", "--read", "Subject", "--write", "Time,Location", "--earliest", "2031-09-08T00:00:00Z", "--latest", "2031-09-10T00:00:00Z",
    "--locations", "Hall A", "--locations", "Hall B",
)
theirs = executive()
equal(sorted(i.subject for i in theirs.calendar.all()), ["Interop keynote", "Interop panel"], "all")
equal(theirs.calendar.total_count, 2, "count")
equal([i.subject for i in theirs.calendar.filter(start__gte=at(2031, 9, 8, 10)).order_by("start")], ["Interop panel"], "filter")
equal(theirs.calendar.filter(subject__contains="board").count(), 0, "what is not granted")
equal(theirs.calendar.filter(body__contains="secret").count(), 0, "what is hidden")
equal([i.subject for i in theirs.calendar.view(start=at(2031, 9, 1), end=at(2031, 10, 1))], ["Interop keynote", "Interop panel"], "view")
one = theirs.calendar.get(subject="Interop keynote")
equal((one.start, one.end, one.location), (at(2031, 9, 8, 9), at(2031, 9, 8, 10), "Hall A"), "what is granted")
for name in ("body", "text_body", "mime_content", "categories", "required_attendees", "organizer", "uid", "size", "display_to"):
    assert not getattr(one, name), f"{name} is {getattr(one, name)!r}"
equal((one.sensitivity, one.legacy_free_busy_status), ("Normal", "Busy"), "what exchangelib takes where nothing is said")
equal((one.attachments, one.has_attachments), ([], False), "attachments")
equal((one.effective_rights.read, one.effective_rights.modify, one.effective_rights.delete), (True, True, False), "rights")

# He moves it; all he does not see stays.
one.start, one.end, one.location = at(2031, 9, 8, 16), at(2031, 9, 8, 17), "Hall B"
one.save(update_fields=["start", "end", "location"])
kept = owner.calendar.get(subject="Interop keynote")
equal((kept.start, kept.location, kept.sensitivity, kept.legacy_free_busy_status), (at(2031, 9, 8, 16), "Hall B", "Private", "OOF"), "moved")
equal((kept.body.strip(), kept.categories, len(kept.required_attendees)), ("Interop secret of Interop keynote", ["Speakers"], 1), "the rest")

# One field that is not granted, and nothing is written.
one = executive().calendar.get(subject="Interop keynote")
one.subject, one.location = "Interop hijacked", "Hall A"
e = refused(ErrorAccessDenied, lambda: one.save(update_fields=["subject", "location"]))
assert "Subject" in str(e), e
one = executive().calendar.get(subject="Interop keynote")
one.start, one.end = at(2031, 9, 12, 9), at(2031, 9, 12, 10)
assert "Time" in str(refused(ErrorAccessDenied, lambda: one.save(update_fields=["start", "end"])))
one = executive().calendar.get(subject="Interop keynote")
one.location = "The bar"
assert "Location" in str(refused(ErrorAccessDenied, lambda: one.save(update_fields=["location"])))
equal(owner.calendar.get(subject="Interop keynote").location, "Hall B", "location after refusals")
one = executive().calendar.get(subject="Interop keynote")
refused(ErrorAccessDenied, one.delete)
refused(ErrorAccessDenied, lambda: one.copy(to_folder=account(FIRM).calendar))
refused(ErrorCreateItemAccessDenied, lambda: CalendarItem(account=theirs, folder=theirs.calendar, subject="x", start=at(2031, 9, 8, 9), end=at(2031, 9, 8, 10)).save())
refused(ErrorFolderNotFound, lambda: theirs.inbox)
(missing,) = theirs.fetch(ids=[(board.id, board.changekey)])
equal(type(missing), ErrorItemNotFound, "an id of what is not granted")

# Synchronization: what is granted comes, what is taken back goes.
calendar = executive().calendar
changes = list(calendar.sync_items(only_fields=["subject", "start"]))
equal(sorted((kind, i.subject) for kind, i in changes), [("create", "Interop keynote"), ("create", "Interop panel")], "first round")
equal(list(calendar.sync_items(only_fields=["subject", "start"])), [], "nothing new")
board.location = "Elsewhere"
board.save(update_fields=["location"])
equal(list(calendar.sync_items(only_fields=["subject", "start"])), [], "what others change")
day = grant("--item", series.id, "--day", "2031-09-15", "--read", "Subject,Time,Location", "--write", "Location")
(created,) = calendar.sync_items(only_fields=["subject", "start"])
equal((created[0], created[1].subject, created[1].start), ("create", "Interop series", at(2031, 9, 15, 15)), "one day of a series")
panel.subject = "Interop panel two"
panel.save(update_fields=["subject"])
equal([(kind, i.subject) for kind, i in calendar.sync_items(only_fields=["subject", "start"])], [("update", "Interop panel two")], "changed")

# The granted day alone: it is an appointment, and changing it leaves the others.
talk = executive().calendar.get(subject="Interop series")
equal((talk.type, talk.is_recurring, talk.recurrence), ("Single", False, None), "a day by itself")
talk.location = "Hall B"
talk.save(update_fields=["location"])
places = [i.location for i in owner.calendar.view(start=at(2031, 9, 1), end=at(2031, 10, 1)) if i.subject == "Interop series"]
equal(places, ["Hall A", "Hall A", "Hall B", "Hall A"], "places of the series")
(missing,) = executive().fetch(ids=[(series.id, series.changekey)])
equal(type(missing), ErrorItemNotFound, "the series")

admin("grant", "revoke", whole)
gone = [kind for kind, _ in calendar.sync_items(only_fields=["subject", "start"])]
equal(sorted(gone), ["delete", "delete", "update"], "the end of a grant")
equal([i.subject for i in executive().calendar.all()], ["Interop series"], "what is left")
admin("grant", "revoke", day)
refused(ErrorFolderNotFound, lambda: executive().calendar)

for c in (keynote, panel, board, series):
    c.delete()
