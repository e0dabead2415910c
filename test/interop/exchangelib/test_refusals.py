"""What is wrong or not served is a clean exception of its own, and leaves the connection usable."""

import datetime

from lab import account, equal, refused

from exchangelib import EWSDateTime, EWSTimeZone, Message
from exchangelib.errors import (
    ErrorCalendarViewRangeTooBig,
    ErrorInvalidOperation,
    ErrorIrresolvableConflict,
)

anna = account(0)
berlin = EWSTimeZone("Europe/Berlin")
start = EWSDateTime(2030, 1, 1, tzinfo=berlin)

# A view of ten years.
refused(ErrorCalendarViewRangeTooBig, lambda: list(anna.calendar.view(start=start, end=start + datetime.timedelta(days=3650))))

# A change by somebody who has not seen the last one.
m = Message(account=anna, folder=anna.drafts, subject="Interop conflict")
m.save()
other = anna.drafts.get(subject="Interop conflict")
m.subject = "Interop conflict 2"
m.save(update_fields=["subject"])
other.subject = "Interop conflict 3"
refused(ErrorIrresolvableConflict, lambda: other.save(update_fields=["subject"], conflict_resolution="NeverOverwrite"))
equal(anna.drafts.filter(subject="Interop conflict 2").count(), 1, "the first change stays")
m.delete()

# Operations that are not served are said not to be.
refused(ErrorInvalidOperation, lambda: list(anna.export([next(iter(anna.inbox.all().only("subject")[:1]))])))

# After all that the same connection serves.
anna.inbox.refresh()
equal(anna.inbox.name, "Inbox")
