"""Free/busy of another organization: its people at each level and with each failure, asked by contoso's own server."""

import datetime
import json
import logging
import os
import subprocess

from lab import ORG, account, equal, soon

from exchangelib import UTC
from exchangelib.errors import EWSError

with open(os.environ["ENTENTE_DESCRIBE"]) as f:
    ORGS = {o["name"]: o for o in json.load(f)["organizations"]}
FABRIKAM = ORGS["fabrikam"]
DOMAIN = FABRIKAM["domain"]

anna = account(0)
logging.disable(logging.WARNING)  # of times without a zone, which are the protocol's
start = datetime.datetime.now(tz=UTC)
end = start + datetime.timedelta(days=7)


def admin(org, *args):
    """Administers one of the organizations, and waits until its server goes by it."""
    env = dict(os.environ, ENTENTE_ADMIN=org["admin_url"].removeprefix("unix://"))
    for line in (args, ("node", "wait")):
        done = subprocess.run([os.environ["ENTENTE_BINARY"], *line], env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{' '.join(line)}: {done.stdout}{done.stderr}"


def ask(*people):
    """Asks about people, and returns for each the error's name, or whether there are events and the first subject.

    exchangelib gives some errors back beside the other answers, and raises others; those are asked about alone."""
    out = []
    try:
        answers = list(
            anna.protocol.get_free_busy_info(
                accounts=[(p, "Required", False) for p in people], start=start, end=end, merged_free_busy_interval=30, requested_view="DetailedMerged"
            )
        )
    except EWSError as e:
        assert len(people) == 1, e
        return [type(e).__name__]
    for one in answers:
        if isinstance(one, EWSError):
            out.append(type(one).__name__)
            continue
        events = one.calendar_events or []
        subjects = [e.details.subject for e in events if e.details and e.details.subject]
        out.append(("busy" if events else "free", subjects[0] if subjects else None))
    return out


def becomes(want, *people):
    """Waits until an answer is what it should be: what is remembered of partners may hold for a moment."""
    got = None

    def look():
        nonlocal got
        got = ask(*people)
        return got == want

    try:
        soon(look, 15)
    except AssertionError:
        equal(got, want, f"about {people}")


amy, ben, cora, dan = (f"{name}@{DOMAIN}" for name in ("amy", "ben", "cora", "dan"))

# Each shows what his calendar shows everybody, and those beyond the relationship's scope nothing.
equal(ask(amy), [("busy", "Stand-up")], "details")
equal(ask(ben), [("busy", None)], "times")
equal(ask(cora), ["ErrorNoFreeBusyAccess"], "nothing")
equal(ask(dan), ["ErrorNoFreeBusyAccess"], "out of scope")
equal(ask(f"nobody@{DOMAIN}"), ["ErrorMailRecipientNotFound"], "nobody")
equal(ask("kim@tailspin.example"), ["ErrorMailRecipientNotFound"], "no relationship")
equal(ask("amy@fabrikam-org.example"), [("busy", "Stand-up")], "another of its domains")

# In one question, each has an answer of his own.
mixed = ask(ORG["accounts"][1]["smtp"], amy, f"nobody@{DOMAIN}", "kim@tailspin.example", ben)
equal(mixed[1:], [("busy", "Stand-up"), "ErrorMailRecipientNotFound", "ErrorMailRecipientNotFound", ("busy", None)], "mixed")
equal(isinstance(mixed[0], tuple), True, "a colleague among them")

# The other side lowers its level, and takes free/busy from the relationship.
admin(FABRIKAM, "relationship", "set", "contoso", "--free-busy-level", "AvailabilityOnly")
becomes([("busy", None)], amy)
admin(FABRIKAM, "relationship", "set", "contoso", "--free-busy-level", "None")
becomes(["ErrorNoFreeBusyAccess"], amy)
admin(FABRIKAM, "relationship", "set", "contoso", "--free-busy-level", "LimitedDetails", "--free-busy", "off")
becomes(["ErrorInvalidOrganizationRelationshipForFreeBusy"], amy)
admin(FABRIKAM, "relationship", "set", "contoso", "--free-busy", "on")
becomes([("busy", "Stand-up")], amy)

# The calendar's owner has the last word.
admin(FABRIKAM, "folder", "grant", amy, "--folder", "calendar", "--to", "Default", "--rights", "AvailabilityOnly")
becomes([("busy", None)], amy)
admin(FABRIKAM, "folder", "grant", amy, "--folder", "calendar", "--to", "Default", "--rights", "LimitedDetails")
becomes([("busy", "Stand-up")], amy)

# This side.
admin(ORG, "relationship", "set", "fabrikam", "--free-busy", "off")
becomes(["ErrorInvalidOrganizationRelationshipForFreeBusy"], amy)
admin(ORG, "relationship", "set", "fabrikam", "--free-busy", "on", "--enabled", "off")
becomes(["ErrorMailRecipientNotFound"], amy)
admin(ORG, "relationship", "set", "fabrikam", "--enabled", "on")
admin(ORG, "federation", "switch-off")
becomes(["ErrorOrganizationNotFederated"], amy)
admin(ORG, "federation", "switch-on")
becomes([("busy", "Stand-up")], amy)
