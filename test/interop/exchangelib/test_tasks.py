"""Tasks are kept, completed and deleted."""

import datetime
from decimal import Decimal

from lab import account, equal

from exchangelib import Task

anna = account(0)
t = Task(
    account=anna,
    folder=anna.tasks,
    subject="Interop task",
    body="write it down",
    start_date=datetime.date(2027, 1, 4),
    due_date=datetime.date(2027, 1, 8),
    total_work=120,
    companies=["Fabrikam"],
)
t.save()
got = anna.tasks.get(subject="Interop task")
equal((got.start_date, got.due_date), (datetime.date(2027, 1, 4), datetime.date(2027, 1, 8)), "dates")
equal((got.status, got.percent_complete, got.is_complete, got.total_work), ("NotStarted", Decimal(0), False, 120))

got.status, got.percent_complete = "InProgress", Decimal(40)
got.save()
again = anna.tasks.get(subject="Interop task")
equal((again.status, again.percent_complete), ("InProgress", Decimal(40)))

again.complete()
done = anna.tasks.get(subject="Interop task")
equal((done.status, done.percent_complete, done.is_complete), ("Completed", Decimal(100), True))
assert done.complete_date, "no date of completion"
equal([x.id for x in anna.tasks.filter(is_complete=True, subject="Interop task")], [done.id], "found as completed")
done.delete()
equal(anna.tasks.filter(subject="Interop task").count(), 0, "left behind")
