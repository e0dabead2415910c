"""Many items in a call have an answer each, in order, and one that is wrong does not fail the rest."""

from lab import account, equal

from exchangelib import Message
from exchangelib.errors import ErrorInvalidIdMalformed, ErrorItemNotFound
from exchangelib.folders import Messages

anna, ben = account(0), account(1)
box = Messages(parent=anna.inbox, name="Interop bulk")
box.save()
made = anna.bulk_create(folder=box, items=[Message(account=anna, folder=box, subject=f"Interop {n:03}") for n in range(120)], chunk_size=50)
equal(len(set(i.id for i in made)), 120, "ids")
got = list(anna.fetch(ids=made, only_fields=["subject"]))
equal([i.subject for i in got], [f"Interop {n:03}" for n in range(120)], "in order")

# Two of five are not there any more.
anna.bulk_delete(made[1:3])
got = list(anna.fetch(ids=made[:5], only_fields=["subject"]))
equal([type(i) for i in got], [Message, ErrorItemNotFound, ErrorItemNotFound, Message, Message], "with two gone")
got = list(anna.fetch(ids=[made[0], ("not an id", "nor a change key"), made[3]], only_fields=["subject"]))
equal([type(i) for i in got], [Message, ErrorInvalidIdMalformed, Message], "with one that is no id")

# Another's item is not there for him.
got = list(ben.fetch(ids=made[3:5], only_fields=["subject"]))
assert all(isinstance(i, Exception) for i in got), got

whole = list(anna.fetch(ids=made[3:13]))
for i in whole:
    i.subject += " changed"
anna.bulk_update([(i, ["subject"]) for i in whole])
equal(sum(i.subject.endswith("changed") for i in box.all().only("subject")), 10, "changed")

# Moved and copied many at a time.
moved = anna.bulk_move(ids=made[3:6], to_folder=anna.junk)
equal(len(moved), 3, "moved")
copied = anna.bulk_copy(ids=moved, to_folder=box)
equal(box.all().count(), 115 + len(copied), "left in the folder")
anna.bulk_delete(moved)
equal(anna.junk.filter(subject__startswith="Interop").count(), 0, "left in junk")
box.all().delete()
box.delete()
