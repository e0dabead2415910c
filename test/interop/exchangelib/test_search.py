"""Restrictions in every form, sorts by several fields, and pages."""

import datetime

from lab import UTC, account, equal

from exchangelib import EWSDateTime, Message, Q
from exchangelib.folders import Messages

anna = account(0)
box = Messages(parent=anna.inbox, name="Interop search")
box.save()
words = ["alpha", "Beta", "gamma", "delta", "Epsilon", "zeta", "eta", "theta", "iota", "kappa"]
for n, word in enumerate(words):
    Message(
        account=anna,
        folder=box,
        subject=f"{word} {n % 3}",
        body=f"body of {word}",
        importance=("Low", "Normal", "High")[n % 3],
        categories=["even"] if n % 2 == 0 else None,
        to_recipients=[f"{word}@fabrikam.example"],
    ).save()


def found(*q, **f):
    return sorted(i.subject.split()[0] for i in box.filter(*q, **f).only("subject"))


equal(found(subject="alpha 0"), ["alpha"], "equal")
equal(found(subject__in=["alpha 0", "gamma 2", "no"]), ["alpha", "gamma"], "one of")
equal(found(subject__startswith="eta"), ["eta"], "prefix")
equal(found(subject__icontains="ETA"), ["Beta", "eta", "theta", "zeta"], "substring without case")
equal(found(subject__contains="eta"), ["Beta", "eta", "theta", "zeta"], "substring")
equal(found(importance="High"), sorted(w for n, w in enumerate(words) if n % 3 == 2), "choice")
equal(found(~Q(importance="High")), sorted(w for n, w in enumerate(words) if n % 3 != 2), "not")
equal(found(Q(importance="Low") & Q(categories__contains=["even"])), sorted(w for n, w in enumerate(words) if n % 6 == 0), "and")
equal(found(Q(subject__startswith="alpha") | Q(subject__startswith="kappa")), ["alpha", "kappa"], "or")
equal(found(datetime_created__gt=EWSDateTime(2020, 1, 1, tzinfo=UTC)), sorted(words), "greater")
equal(found(datetime_created__range=(EWSDateTime(2020, 1, 1, tzinfo=UTC), EWSDateTime(2021, 1, 1, tzinfo=UTC))), [], "range")
equal(found(categories__exists=True), sorted(words[::2]), "exists")
equal(found(has_attachments=False, is_read=False), sorted(words), "booleans")

by = [i.subject for i in box.all().order_by("importance", "-subject").only("subject", "importance")]
want = [w for k in ("0", "1", "2") for w in sorted((f"{w} {n % 3}" for n, w in enumerate(words) if str(n % 3) == k), key=str.lower, reverse=True)]
equal(by, want, "sorted by two fields")
equal([i.subject.split()[0].lower() for i in box.all().order_by("subject").only("subject")], sorted(w.lower() for w in words), "sorted")

# Pages: by offset, by slices, and with a small page each.
equal(box.all().count(), 10, "count")
everything = [i.id for i in box.all().order_by("subject").only("subject")]
equal([i.id for i in box.all().order_by("subject").only("subject")[3:7]], everything[3:7], "a slice")
query = box.all().order_by("subject").only("subject")
query.page_size = 3
equal([i.id for i in query], everything, "pages of three")
equal(len(set(everything)), 10, "nothing twice")
box.all().delete()
box.delete()
