"""Appointments are created, found in a view, changed, and deleted; all-day ones keep their days."""

from lab import account, equal, refused

from exchangelib import CalendarItem, EWSDate, EWSDateTime, EWSTimeZone
from exchangelib.errors import ErrorCalendarEndDateIsEarlierThanStartDate

anna = account(0)
berlin = EWSTimeZone("Europe/Berlin")
auckland = EWSTimeZone("Pacific/Auckland")


def at(zone, *when):
    return EWSDateTime(*when, tzinfo=zone)


def view(*days, zone=berlin):
    return [i for i in anna.calendar.view(start=at(zone, 2031, 3, days[0]), end=at(zone, 2031, 3, days[1])) if i.subject.startswith("Interop")]


item = CalendarItem(
    account=anna,
    folder=anna.calendar,
    subject="Interop appointment",
    location="Café",
    start=at(berlin, 2031, 3, 3, 9),
    end=at(berlin, 2031, 3, 3, 10, 30),
    legacy_free_busy_status="Tentative",
    reminder_is_set=True,
    reminder_minutes_before_start=30,
    categories=["Red"],
)
item.save()
got = anna.calendar.get(subject="Interop appointment")
equal((got.start, got.end), (at(berlin, 2031, 3, 3, 9), at(berlin, 2031, 3, 3, 10, 30)), "when")
equal((got.location, got.legacy_free_busy_status, got.type), ("Café", "Tentative", "Single"))
equal((got.reminder_is_set, got.reminder_minutes_before_start, got.categories), (True, 30, ["Red"]))
equal(got._start_timezone.key, "Europe/Berlin", "zone")
assert got.uid, "no UID"
equal([i.id for i in view(3, 4)], [item.id], "in the view of its day")
equal(view(4, 5), [], "in the view of the next day")
equal([i.id for i in view(3, 4)][0], got.id)

# Moved to another day and zone: the view follows.
got.start, got.end = at(auckland, 2031, 3, 5, 8), at(auckland, 2031, 3, 5, 9)
got.save()
equal(view(3, 4), [], "left on the old day")
moved = view(4, 6)
equal([(i.start, i.end) for i in moved], [(at(auckland, 2031, 3, 5, 8), at(auckland, 2031, 3, 5, 9))], "on the new day")
moved[0].delete()

# An all-day event is days, whatever the zone.
day = CalendarItem(
    account=anna,
    folder=anna.calendar,
    subject="Interop holiday",
    start=EWSDate(2031, 3, 11),
    end=EWSDate(2031, 3, 12),
    is_all_day=True,
    legacy_free_busy_status="OOF",
)
day.save()
got = anna.calendar.get(subject="Interop holiday")
equal((got.start, got.end, got.is_all_day), (EWSDate(2031, 3, 11), EWSDate(2031, 3, 12), True))
home = anna.default_timezone  # which the client made it in
equal(view(10, 11, zone=home), [], "before it")
equal([i.subject for i in view(12, 13, zone=home)], ["Interop holiday"], "on its second day")
equal(view(13, 14, zone=home), [], "after it")
got.delete()

# An end before its start is refused by the server too, not only by the client.
bad = CalendarItem(account=anna, folder=anna.calendar, subject="Interop backwards", start=at(berlin, 2031, 3, 3, 9), end=at(berlin, 2031, 3, 3, 10))
bad.save()
bad.clean = lambda *args, **kwargs: None
bad.end = at(berlin, 2031, 3, 3, 8)
refused(ErrorCalendarEndDateIsEarlierThanStartDate, lambda: bad.save(update_fields=["end"]))
for i in view(1, 31):
    i.delete()
