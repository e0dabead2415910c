"""Five people's free/busy, with time zones, merged and in detail; rooms are found and asked."""

import datetime

from lab import PEOPLE, account, equal

from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone
from exchangelib.errors import ErrorMailRecipientNotFound, EWSError

anna = account(0)
berlin = EWSTimeZone("Europe/Berlin")


def at(*when):
    return EWSDateTime(*when, tzinfo=berlin)


made = []
for status, hour in (("Busy", 9), ("Tentative", 11), ("OOF", 13), ("Free", 15)):
    c = CalendarItem(
        account=anna, folder=anna.calendar, subject=f"Interop {status}", start=at(2031, 5, 6, hour), end=at(2031, 5, 6, hour + 1), legacy_free_busy_status=status
    )
    c.save()
    made.append(c)

people = [(p["smtp"], "Required", False) for p in PEOPLE[:5]]
info = list(
    anna.protocol.get_free_busy_info(accounts=people, start=at(2031, 5, 6), end=at(2031, 5, 7), merged_free_busy_interval=30, requested_view="DetailedMerged")
)
equal(len(info), 5, "answers")
for one in info:
    equal(len(one.merged), 48, "half hours")
annas = info[0]
merged = annas.merged
# As [MS-OXWSAVAIL] numbers them: 0 free, 1 tentative, 2 busy, 3 out of office.
equal((merged[18:20], merged[22:24], merged[26:28], merged[30:32]), ("22", "11", "33", "00"), "merged")
equal(merged[:18] + merged[32:], "0" * 34, "the rest of the day")
events = sorted((e for e in annas.calendar_events if e.details and e.details.subject.startswith("Interop")), key=lambda e: e.start)
equal([(e.busy_type, e.start.hour) for e in events], [("Busy", 9), ("Tentative", 11), ("OOF", 13), ("Free", 15)], "her own in detail")
assert annas.working_hours, "no working hours"

# A colleague sees that she is busy, and not with what.
ben = account(1)
(seen,) = ben.protocol.get_free_busy_info(accounts=people[:1], start=at(2031, 5, 6), end=at(2031, 5, 7), merged_free_busy_interval=60, requested_view="DetailedMerged")
equal(seen.merged[9] + seen.merged[11] + seen.merged[13], "213", "as a colleague sees it")
for e in seen.calendar_events:
    assert e.details is None or e.details.subject is None, f"a colleague reads {e.details.subject!r}"

# Who does not exist is an error of his own.
mixed = list(
    anna.protocol.get_free_busy_info(
        accounts=people[1:3] + [("nobody@" + PEOPLE[0]["smtp"].split("@")[1], "Optional", False)], start=at(2031, 5, 6), end=at(2031, 5, 7)
    )
)
equal([isinstance(i, EWSError) for i in mixed], [False, False, True], "answers of three")
equal(type(mixed[2]), ErrorMailRecipientNotFound, "of nobody")

for c in made:
    c.delete()
