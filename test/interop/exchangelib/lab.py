"""What every script needs: the demo's accounts, and assertions that say what they saw."""

import json
import os
import subprocess
import time

from exchangelib import BASIC, DELEGATE, IMPERSONATION, Account, Configuration, Credentials, EWSTimeZone
from exchangelib.protocol import BaseProtocol

BaseProtocol.TIMEOUT = 30

with open(os.environ["ENTENTE_DESCRIBE"]) as f:
    ORG = json.load(f)["organizations"][0]

PEOPLE = [a for a in ORG["accounts"] if a.get("password") and a.get("smtp")]
SERVICE = ORG["services"][0]
UTC = EWSTimeZone("UTC")


def config(who, password=None, **more):
    """Returns a configuration for an account; version and scheme are found out."""
    return Configuration(
        service_endpoint=ORG["ews_url"],
        credentials=Credentials(who["upn"], password or who["password"]),
        **more,
    )


def account(n=0):
    """Returns the account of the n-th person, who signs in for himself."""
    return Account(PEOPLE[n]["smtp"], config=config(PEOPLE[n]), access_type=DELEGATE)


def acting_for(n=0, smtp=None):
    """Returns the n-th person's account as the service account impersonates him."""
    return Account(smtp or PEOPLE[n]["smtp"], config=config(SERVICE), access_type=IMPERSONATION)


def admin(*args):
    """Runs a command of administration on the demo, and returns what it answers."""
    env = dict(os.environ, ENTENTE_ADMIN=ORG["admin_url"].removeprefix("unix://"))
    done = subprocess.run([os.environ["ENTENTE_BINARY"], *args, "--json"], env=env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{' '.join(args)}: {done.stdout}{done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip() else None


def equal(got, want, what=""):
    assert got == want, f"{what}: got {got!r}, want {want!r}"


def refused(kind, f):
    """Expects f to raise exactly this kind of error, and returns it."""
    try:
        f()
    except kind as e:
        equal(type(e), kind, f"kind of {e!r}")
        return e
    raise AssertionError(f"no {kind.__name__} was raised")


def soon(f, seconds=5):
    """Waits until f returns something, as a person waits for his mail."""
    end = time.monotonic() + seconds
    while True:
        if got := f():
            return got
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.1)
