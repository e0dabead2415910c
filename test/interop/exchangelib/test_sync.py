"""Item and folder changes are followed by sync states, in pages, and nothing is told twice."""

from lab import account, equal

from exchangelib import Message
from exchangelib.folders import Messages
from exchangelib.properties import ItemId

anna = account(0)
box = Messages(parent=anna.inbox, name="Interop sync")
box.save()
items = [Message(account=anna, folder=box, subject=f"Interop {n}") for n in range(5)]
for i in items:
    i.save()


def changes(max_changes_returned=512):
    return [(kind, i.id if isinstance(i, ItemId) else (i[0].id if isinstance(i, tuple) else i.id)) for kind, i in box.sync_items(only_fields=["subject", "is_read"], max_changes_returned=max_changes_returned)]


equal(sorted(changes(2)), sorted(("create", i.id) for i in items), "the first time, by twos")
state = box.item_sync_state
equal(changes(), [], "with nothing new")

items[0].subject = "Interop changed"
items[0].save(update_fields=["subject"])
gone = items[1].id
items[1].delete()
new = Message(account=anna, folder=box, subject="Interop new")
new.save()
equal(sorted(changes()), sorted([("update", items[0].id), ("delete", gone), ("create", new.id)]), "after three changes")
items[2].is_read = not items[2].is_read
items[2].save(update_fields=["is_read"])
got = changes()
equal([k for k, _ in got], ["read_flag_change"], "read")

# An older state still leads to where we are now.
box.item_sync_state = state
got = dict((i, k) for k, i in changes())
equal((got[items[0].id], got[gone]), ("update", "delete"), "from the older state")

# Folders likewise.
list(anna.root.sync_hierarchy())
sub = Messages(parent=box, name="Interop sub")
sub.save()
equal([(k, f.id) for k, f in anna.root.sync_hierarchy() if f.id == sub.id], [("create", sub.id)], "a new folder")
sub.name = "Interop sub 2"
sub.save()
equal([(k, f.name) for k, f in anna.root.sync_hierarchy() if f.id == sub.id], [("update", "Interop sub 2")], "a renamed folder")
gone = sub.id
sub.delete()
assert ("delete", gone) in [(k, f.id) for k, f in anna.root.sync_hierarchy()], "a removed folder was not told"
box.delete()
