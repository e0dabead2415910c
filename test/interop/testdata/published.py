"""Reads a published calendar with icalendar: every event can be placed in time,
has a name of its own, and tells nobody who is invited."""
import ssl
import sys
import urllib.request

import icalendar

url, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)


def get(**headers):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), context=context)


answer = get()
assert answer.headers["Content-Type"].startswith("text/calendar"), answer.headers
text = answer.read()
for line in text.split(b"\r\n"):
    assert len(line) <= 75, line
calendar = icalendar.Calendar.from_ical(text)
zones = {str(z["TZID"]) for z in calendar.walk("VTIMEZONE")}
events = calendar.walk("VEVENT")
assert len(events) > 3, len(events)
assert len({str(e["UID"]) for e in events}) == len(events), "two events of one name"
for e in events:
    assert not e.errors, (e, e.errors)
    assert e["DTSTART"].dt <= e["DTEND"].dt, e
    assert "RRULE" not in e and "ATTENDEE" not in e and "ORGANIZER" not in e, e
    zone = e["DTSTART"].params.get("TZID")
    assert zone is None or zone in zones, (zone, zones)
hostile = [e for e in events if "pwned" in str(e.get("SUMMARY", ""))]
assert len(hostile) == 1, hostile
assert "<script>document.title='pwned'</script>" in str(hostile[0]["SUMMARY"]), hostile
assert "\nATTENDEE:mailto:a@b.example" in str(hostile[0]["DESCRIPTION"]), hostile
try:
    get(**{"If-None-Match": answer.headers["ETag"]})
    raise SystemExit("sent again to who has it")
except urllib.error.HTTPError as e:
    assert e.code == 304, e
