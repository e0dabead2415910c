"""The five scenarios of acting for others, as far as this client can express them: doc/scenarios.md has them whole."""

import datetime

from lab import DELEGATE, IMPERSONATION, ORG, UTC, account, config, equal, refused

from exchangelib import Account, EWSDateTime, Message
from exchangelib.account import Identity
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorFolderNotFound,
    ErrorImpersonateUserDenied,
    ErrorInvalidExchangeImpersonationHeaderData,
)
from exchangelib.folders import Messages

SERVICES = {s["upn"].split("@")[0]: s for s in ORG["services"]}
BY_NAME = {a["upn"].split("@")[0]: a for a in ORG["accounts"]}


def through(service, smtp, **also):
    """Returns somebody's mailbox as a service reaches it, acting as its owner, who may be named in other ways too."""
    a = Account(smtp, config=config(SERVICES[service]), access_type=IMPERSONATION)
    a.identity = Identity(primary_smtp_address=smtp, **also)
    return a


# A web portal acts for everybody of the mailbox database, by whatever name.
anna = BY_NAME["anna"]
for also in ({}, {"upn": anna["upn"]}, {"sid": anna["sid"]}, {"smtp_address": anna["smtp"]}):
    portal = through("svc-portal", anna["smtp"], **also)
    equal(portal.inbox.total_count, account(0).inbox.total_count, f"inbox by {also}")
refused(ErrorInvalidExchangeImpersonationHeaderData, lambda: through("svc-portal", anna["smtp"], upn=BY_NAME["ben"]["upn"]).inbox)

# A team's folder: written through the portal by one member, seen so by another, and nothing else is.
folder = through("svc-portal", anna["smtp"]).msg_folder_root / "Aurora"
jonas, kavya, quinn = (through("svc-portal", BY_NAME[n]["smtp"]) for n in ("jonas", "kavya", "quinn"))


def shared(who):
    return Messages(root=who.root, id=folder.id, changekey=folder.changekey, name=folder.name)


Message(account=jonas, folder=shared(jonas), subject="Interop plan").save()
equal([m.subject for m in shared(kavya).filter(subject="Interop plan").only("subject")], ["Interop plan"], "for another member")
refused(ErrorFolderNotFound, lambda: list(shared(quinn).all().only("subject")))
refused(ErrorFolderNotFound, lambda: Account(anna["smtp"], config=config(BY_NAME["jonas"]), access_type=DELEGATE).inbox)

# Behind the relay: when a member is free, and nothing of whoever is none.
now = datetime.datetime.now(tz=UTC)
start = EWSDateTime(now.year, now.month, now.day, tzinfo=UTC)
ask = account(0)
asked = [(Account(smtp, config=ask.protocol.config, autodiscover=False, access_type=DELEGATE), "Required", False)
         for smtp in ("vera@vault.contoso.example", "wanda@vault.contoso.example")]
vera, wanda = ask.protocol.get_free_busy_info(accounts=asked, start=start, end=start + datetime.timedelta(days=1))
equal([(e.busy_type, e.details) for e in vera.calendar_events], [("Busy", None)], "vera")
equal(getattr(wanda, "calendar_events", None) or [], [], "wanda")

# The external firm's employee has the talk, may set the hall, and nothing else.
gil = Account(anna["smtp"], config=config(next(a for a in ORG["accounts"] if "guest" in a["roles"])), access_type=DELEGATE)
talk = gil.calendar.get(subject="Talk 1 at the conference")
equal(gil.calendar.total_count, 1, "items of the calendar")
equal((talk.location, talk.body, talk.has_attachments), ("to be arranged", None, False), "talk")
talk.location = "Hall 1"
talk.save(update_fields=["location"])
talk.subject = "Cancelled"
refused(ErrorAccessDenied, lambda: talk.save(update_fields=["subject"]))
equal(account(0).calendar.get(subject="Talk 1 at the conference").location, "Hall 1", "location as the owner sees it")
refused(ErrorFolderNotFound, lambda: gil.inbox)

# The resource forest: its portal names the owner of a linked mailbox by the SID of the other forest.
petra = BY_NAME["petra"]
master = next(r.removeprefix("linked to ") for r in petra["roles"] if r.startswith("linked to "))
equal(through("svc-userportal", petra["smtp"], sid=master).inbox.name, "Inbox", "linked mailbox")
refused(ErrorImpersonateUserDenied, lambda: through("svc-userportal", anna["smtp"]).inbox)
