"""Eight threads write to one folder and to one item; nothing is lost, and nothing is made twice."""

from concurrent.futures import ThreadPoolExecutor

from lab import account, equal

from exchangelib import Message
from exchangelib.folders import Messages

anna = account(0)
anna.protocol.config.max_connections = 8
box = Messages(parent=anna.inbox, name="Interop threads")
box.save()


def write(n):
    m = Message(account=anna, folder=box, subject=f"Interop {n:02}", body="x" * 10000)
    m.save()
    m.subject += " changed"
    m.save(update_fields=["subject"])
    return m.id


with ThreadPoolExecutor(8) as pool:
    ids = list(pool.map(write, range(40)))
equal(len(set(ids)), 40, "ids")
equal(sorted(i.subject for i in box.all().only("subject")), [f"Interop {n:02} changed" for n in range(40)], "subjects")
box.refresh()
equal(box.total_count, 40, "count")

item = box.all().order_by("subject")[0]


def touch(n):
    mine = next(iter(anna.fetch([item], only_fields=["subject"])))
    mine.categories = [f"c{n}"]
    mine.save(update_fields=["categories"], conflict_resolution="AlwaysOverwrite")


with ThreadPoolExecutor(8) as pool:
    list(pool.map(touch, range(16)))
last = next(iter(anna.fetch([item])))
assert len(last.categories) == 1, last.categories
box.all().delete()
box.delete()
