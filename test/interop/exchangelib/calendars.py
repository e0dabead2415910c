"""FILE=USER: what icalendar and dateutil read in a file is what its owner sees, and what the server's export says again."""

import datetime
import sys

from dateutil.rrule import rrulestr
from icalendar import Calendar

from lab import PEOPLE, UTC, config, equal

from exchangelib import DELEGATE, Account, EWSDateTime

DAY = datetime.timedelta(days=1)
YEAR = datetime.timedelta(days=400)


def local(value, zone):
    """Puts a wall clock's time into a zone of icalendar's, whatever library that is from."""
    if zone is None:
        return value.replace(tzinfo=datetime.timezone.utc)  # floating: the demo imports it as UTC
    return zone.localize(value) if hasattr(zone, "localize") else value.replace(tzinfo=zone)


def instant(value):
    """Makes values comparable: days stay days, times become UTC."""
    if not isinstance(value, datetime.datetime):
        return datetime.date(value.year, value.month, value.day)
    return local(value, None) if value.tzinfo is None else datetime.datetime.fromtimestamp(value.timestamp(), datetime.timezone.utc)


def listed(event, name):
    found = event.get(name, [])
    return [d.dt for one in (found if isinstance(found, list) else [found]) for d in one.dts]


def events(calendars):
    return [e for c in calendars for e in c.walk("VEVENT") if "dtstart" in e]


def length(event):
    start = event["dtstart"].dt
    if "dtend" in event:
        return event["dtend"].dt - start if not isinstance(start, datetime.datetime) else instant(event["dtend"].dt) - instant(start)
    if "duration" in event:
        return event["duration"].dt
    return datetime.timedelta(0) if isinstance(start, datetime.datetime) else DAY


def starts(event, until):
    """Expands a rule by the wall clock of the event's zone."""
    first = event["dtstart"].dt
    days = not isinstance(first, datetime.datetime)
    zone = None if days else first.tzinfo
    wall = datetime.datetime(first.year, first.month, first.day) if days else first.replace(tzinfo=None)
    rule = event["rrule"].copy()
    if "UNTIL" in rule:
        end = rule.pop("UNTIL")[0]
        if isinstance(end, datetime.datetime) and end.tzinfo is not None and zone is not None:
            end = end.astimezone(zone).replace(tzinfo=None)
        elif not isinstance(end, datetime.datetime):
            end = datetime.datetime(end.year, end.month, end.day, 23, 59, 59)
        until = min(until, end.replace(tzinfo=None))
    for at in rrulestr(rule.to_ical().decode(), dtstart=wall):
        if at > until:
            return
        yield at.date() if days else local(at, zone)


def expand(calendars, until):
    """Returns (start, end, summary) of everything in calendars up to a time."""
    exceptions = {(str(e.get("uid")), instant(e["recurrence-id"].dt)) for e in events(calendars) if "recurrence-id" in e}
    for e in events(calendars):
        took, summary = length(e), str(e.get("summary", ""))
        if "rrule" not in e:
            at = instant(e["dtstart"].dt)
            yield at, at + took, summary
            continue
        skip = {instant(d) for d in listed(e, "exdate")}
        for at in map(instant, starts(e, until)):
            if at not in skip and (str(e.get("uid")), at) not in exceptions:
                yield at, at + took, summary


def as_time(value):
    return value if isinstance(value, datetime.datetime) else datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.timezone.utc)


def windows(calendars):
    """Returns the times to look at: a good year from where each event begins."""
    merged = []
    for first in sorted(as_time(instant(e["dtstart"].dt)) for e in events(calendars)):
        if merged and first - DAY <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], first + YEAR)
        else:
            merged.append([first - DAY, first + YEAR])
    return merged


def within(found, spans):
    inside = {x for x in found if any(start <= as_time(x[0]) < end for start, end in spans)}
    return sorted(inside, key=lambda x: (as_time(x[0]), x[2]))


def meaning(event):
    """What an event says besides when it is."""
    alarms = [a["trigger"].dt for a in event.walk("VALARM")]
    categories = event.get("categories", [])
    return {
        "uid": str(event.get("uid", "")),
        "location": str(event.get("location", "")),
        "description": str(event.get("description", "")).strip(),
        "free": str(event.get("transp", "OPAQUE")) == "TRANSPARENT",
        "alarm": alarms[0] if alarms else None,
        "categories": sorted(str(c) for c in getattr(categories, "cats", categories)),
    }


def masters(calendars):
    return {(str(e.get("summary", "")), instant(e["dtstart"].dt)): meaning(e) for e in events(calendars) if "recurrence-id" not in e}


file, user = sys.argv[1].rsplit("=", 1)
with open(file, "rb") as f:
    calendars = Calendar.from_ical(f.read(), multiple=True)
spans = windows(calendars)
until = spans[-1][1].replace(tzinfo=None)
want = within(expand(calendars, until), spans)
assert want, f"the oracle sees nothing in {file}"
subjects = {s for _, _, s in want}

me = [p for p in PEOPLE if p["smtp"].split("@")[0] == user][0]
account = Account(me["smtp"], config=config(me), access_type=DELEGATE)


def at_server(value):
    return EWSDateTime(*value.timetuple()[:6], tzinfo=UTC)


def seen():
    for start, end in spans:
        while start < end:  # a view reaches two years at most
            to = min(start + datetime.timedelta(days=300), end)
            for i in account.calendar.view(start=at_server(start), end=at_server(to)):
                if (i.subject or "") in subjects:
                    yield instant(i.start), instant(i.end) + (DAY if i.is_all_day else 0 * DAY), i.subject or ""
            start = to


equal(within(seen(), spans), want, f"what {user} sees of {file}")

items = [i for i in account.calendar.all().only("subject", "mime_content", "type") if (i.subject or "") in subjects]
exported = [c for i in items for c in Calendar.from_ical(i.mime_content, multiple=True)]
equal(within(expand(exported, until), spans), want, f"the export of {file}")
got = masters(exported)
for key, m in masters(calendars).items():
    assert key in got, f"the export of {file} lacks {key}"
    if not m["uid"]:
        m["uid"] = got[key]["uid"]  # the server gives one to events that have none
    equal(got[key], m, f"the export of {file}")
print(len(want), "occurrences of", len(items), "items")
