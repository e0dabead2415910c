"""A series is seen in a calendar view with one occurrence moved and one deleted, across changes of the clock."""

import datetime

from lab import UTC, account, equal

from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib.recurrence import AbsoluteMonthlyPattern, DailyPattern, Recurrence, RelativeMonthlyPattern, RelativeYearlyPattern, WeeklyPattern, AbsoluteYearlyPattern
from exchangelib.fields import MONDAY, WEDNESDAY, FRIDAY, LAST, SECOND, WEEK_DAY

anna = account(0)
berlin = EWSTimeZone("Europe/Berlin")
auckland = EWSTimeZone("Pacific/Auckland")


def at(zone, *when):
    return EWSDateTime(*when, tzinfo=zone)


def series(subject, start, pattern, **boundary):
    item = CalendarItem(
        account=anna,
        folder=anna.calendar,
        subject=subject,
        start=start,
        end=start + datetime.timedelta(hours=1),
        recurrence=Recurrence(pattern=pattern, start=start.date(), **boundary),
    )
    item.save()
    return item


def view(subject, start, end):
    return sorted((i for i in anna.calendar.view(start=start, end=end) if i.subject == subject), key=lambda i: i.start)


# Every Monday and Wednesday at 9 in Berlin, over the change to summer time (31 March 2030).
S = "Interop series"
master = series(S, at(berlin, 2030, 3, 18, 9), WeeklyPattern(interval=1, weekdays=[MONDAY, WEDNESDAY], first_day_of_week=MONDAY), number=6)
window = at(berlin, 2030, 3, 1), at(berlin, 2030, 5, 1)
days = [(3, 18), (3, 20), (3, 25), (3, 27), (4, 1), (4, 3)]
equal([i.start for i in view(S, *window)], [at(berlin, 2030, m, d, 9) for m, d in days], "all six, at nine by the wall")
equal({i.type for i in view(S, *window)}, {"Occurrence"}, "types")
assert len({i.id for i in view(S, *window)}) == 6, "occurrences share an id"

# Listed without a view there is the master alone.
listed = list(anna.calendar.filter(subject=S))
equal([(i.type, i.id) for i in listed], [("RecurringMaster", master.id)], "listed")

# The second is moved by index, the fourth deleted.
second = anna.calendar.get(id=master.id).occurrence(index=2)
second.refresh()
second.start, second.end = at(berlin, 2030, 3, 21, 15), at(berlin, 2030, 3, 21, 16)
second.save(update_fields=["start", "end"])
fourth = master.occurrence(index=4)
fourth.delete()
got = view(S, *window)
want = [at(berlin, 2030, 3, 18, 9), at(berlin, 2030, 3, 21, 15), at(berlin, 2030, 3, 25, 9), at(berlin, 2030, 4, 1, 9), at(berlin, 2030, 4, 3, 9)]
equal([i.start for i in got], want, "with one moved and one deleted")
equal([i.type for i in got], ["Occurrence", "Exception", "Occurrence", "Occurrence", "Occurrence"], "types")
whole = anna.calendar.get(id=master.id)
equal([o.original_start for o in whole.modified_occurrences], [at(berlin, 2030, 3, 20, 9)], "modified occurrences")
equal([o.start for o in whole.deleted_occurrences], [at(berlin, 2030, 3, 27, 9)], "deleted occurrences")
equal((whole.first_occurrence.start, whole.last_occurrence.start), (want[0], want[-1]), "first and last")
# The exception knows its series.
owner = got[1].recurring_master()
owner.refresh()
equal(owner.id, master.id, "master of the exception")
# A view that only the moved occurrence reaches, and one it has left.
equal(len(view(S, at(berlin, 2030, 3, 21), at(berlin, 2030, 3, 22))), 1, "on the new day")
equal(view(S, at(berlin, 2030, 3, 20), at(berlin, 2030, 3, 21)), [], "on the old day")
# One occurrence changes its text alone.
fifth = master.occurrence(index=5)
fifth.refresh()
fifth.location = "Elsewhere"
fifth.save(update_fields=["location"])
equal([i.location for i in view(S, *window)], [None, None, None, "Elsewhere", None], "locations")
whole.delete()
equal(view(S, *window), [], "after the master was deleted")

# In the southern hemisphere the clock goes the other way (7 April 2030).
S = "Interop south"
south = series(S, at(auckland, 2030, 4, 5, 8), DailyPattern(interval=1), number=4)
got = [i.start for i in view(S, at(auckland, 2030, 4, 1), at(auckland, 2030, 5, 1))]
equal(got, [at(auckland, 2030, 4, d, 8) for d in (5, 6, 7, 8)], "in Auckland")
equal([g.astimezone(UTC).hour for g in got], [19, 19, 20, 20], "in UTC")
south.delete()


# Every pattern comes back as it went in, and falls on its days.
def pattern(p, start, want, **boundary):
    S = "Interop pattern"
    item = series(S, start, p, **(boundary or {"number": len(want)}))
    back = anna.calendar.get(id=item.id).recurrence
    equal(back.pattern, p, "pattern")
    if "number" in boundary or not boundary:
        equal(back.boundary.number, len(want), "number")
    seen = anna.calendar.view(start=start - datetime.timedelta(days=1), end=start + datetime.timedelta(days=700)).only("subject", "start")
    got = sorted((i.start.year, i.start.month, i.start.day) for i in seen if i.subject == S)
    equal(got, want, str(p))
    item.delete()


pattern(DailyPattern(interval=3), at(berlin, 2030, 1, 1, 12), [(2030, 1, 1), (2030, 1, 4), (2030, 1, 7)])
pattern(WeeklyPattern(interval=2, weekdays=[FRIDAY], first_day_of_week=MONDAY), at(berlin, 2030, 1, 4, 12), [(2030, 1, 4), (2030, 1, 18), (2030, 2, 1)])
pattern(AbsoluteMonthlyPattern(interval=1, day_of_month=31), at(berlin, 2030, 1, 31, 12), [(2030, 1, 31), (2030, 2, 28), (2030, 3, 31)])
pattern(RelativeMonthlyPattern(interval=1, weekday=FRIDAY, week_number=LAST), at(berlin, 2030, 1, 25, 12), [(2030, 1, 25), (2030, 2, 22), (2030, 3, 29)])
pattern(AbsoluteYearlyPattern(day_of_month=3, month=10), at(berlin, 2030, 10, 3, 12), [(2030, 10, 3), (2031, 10, 3)])
pattern(RelativeYearlyPattern(weekday=MONDAY, week_number=SECOND, month=5), at(berlin, 2030, 5, 13, 12), [(2030, 5, 13), (2031, 5, 12)])
pattern(RelativeMonthlyPattern(interval=1, weekday=WEEK_DAY, week_number=LAST), at(berlin, 2030, 1, 31, 12), [(2030, 1, 31), (2030, 2, 28), (2030, 3, 29)])
pattern(DailyPattern(interval=1), at(berlin, 2030, 1, 1, 12), [(2030, 1, 1), (2030, 1, 2)], end=datetime.date(2030, 1, 2))
