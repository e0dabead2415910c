"""The folder tree is walked; folders are made, renamed, moved, counted, emptied and removed."""

from lab import account, equal, refused

from exchangelib import Message
from exchangelib.errors import ErrorDeleteDistinguishedFolder, ErrorFolderExists, ErrorFolderNotFound
from exchangelib.folders import Calendar, Contacts, Inbox, Messages, Tasks

anna = account(0)
tree = list(anna.root.walk())
assert len(tree) > 15, f"only {len(tree)} folders"
equal(anna.root.absolute, "/root", "root")
equal(anna.inbox.absolute, "/root/Top of Information Store/Inbox", "inbox")
for folder, kind, cls in ((anna.inbox, Inbox, "IPF.Note"), (anna.calendar, Calendar, "IPF.Appointment"), (anna.contacts, Contacts, "IPF.Contact"), (anna.tasks, Tasks, "IPF.Task")):
    equal((type(folder), folder.folder_class), (kind, cls), folder.name)
    assert any(f.id == folder.id for f in tree), f"{folder.name} is not in the tree"
assert (anna.root / "Top of Information Store" / "Inbox").id == anna.inbox.id

top = Messages(parent=anna.inbox, name="Interop Ordner ß")
top.save()
sub = Messages(parent=top, name="Sub")
sub.save()
top.name = "Interop Ordner"
top.save()  # every field it can write: it takes the permission set for empty
top.name = "Interop Ordner ß"
top.save(update_fields=["name"])
refused(ErrorFolderExists, Messages(parent=top, name="Sub").save)
anna.root.clear_cache()
found = anna.inbox / "Interop Ordner ß" / "Sub"
equal(found.id, sub.id, "found by path")
equal(found.folder_class, "IPF.Note", "class")
top.refresh()
equal(top.child_folder_count, 1, "children")

for n in range(3):
    Message(account=anna, folder=sub, subject=f"Interop {n}").save()
sub.refresh()
equal(sub.total_count, 3, "items")
sub.name = "Renamed"
sub.save(update_fields=["name"])
sub.move(anna.inbox)
anna.root.clear_cache()
equal((anna.inbox / "Renamed").id, sub.id, "renamed and moved")
equal((anna.inbox / "Interop Ordner ß").child_folder_count, 0, "children left")

equal(sub.all().count(), 3, "before emptying")
sub.empty()
equal(sub.all().count(), 0, "after emptying")
sub.delete()
top.delete(delete_type="HardDelete")
anna.root.clear_cache()
refused(ErrorFolderNotFound, lambda: anna.inbox / "Renamed")
assert not any(f.name.startswith("Interop") for f in anna.root.walk()), "a folder is left"
refused(ErrorDeleteDistinguishedFolder, anna.inbox.delete)
