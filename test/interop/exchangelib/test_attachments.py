"""Files and items are attached, read whole and in pieces, and detached."""

import datetime

from lab import account, equal

from exchangelib import CalendarItem, EWSDateTime, EWSTimeZone, FileAttachment, ItemAttachment, Message

anna = account(0)
binary = bytes(range(256)) * 1024
m = Message(account=anna, folder=anna.drafts, subject="Interop attachments", body="see below")
m.attach(FileAttachment(name="ä b.bin", content=binary))
m.attach(FileAttachment(name="logo.png", content=b"\x89PNG\r\n\x1a\n", is_inline=True, content_id="logo@interop"))
m.save()
inner = Message(account=anna, subject="Interop inner", body="within", to_recipients=["x@fabrikam.example"])
m.attach(ItemAttachment(name="inner", item=inner))

got = anna.drafts.get(subject="Interop attachments")
equal(got.has_attachments, True, "has attachments")
by_name = {a.name: a for a in got.attachments}
equal(sorted(by_name), ["inner", "logo.png", "ä b.bin"], "names")
equal(by_name["ä b.bin"].content, binary, "content")
with by_name["ä b.bin"].fp as f:
    pieces = b""
    while piece := f.read(10000):
        pieces += piece
equal(pieces, binary, "content in pieces")
assert by_name["ä b.bin"].size >= len(binary), by_name["ä b.bin"].size
equal((by_name["logo.png"].is_inline, by_name["logo.png"].content_id), (True, "logo@interop"), "inline")
item = by_name["inner"].item
equal((type(item), item.subject), (Message, "Interop inner"), "the item within")
assert "within" in item.body, item.body

got.detach([by_name["logo.png"], by_name["inner"]])
again = anna.drafts.get(subject="Interop attachments")
equal([a.name for a in again.attachments], ["ä b.bin"], "after detaching")
again.delete()

# Appointments carry attachments too.
start = EWSDateTime(2031, 4, 1, 9, tzinfo=EWSTimeZone("UTC"))
c = CalendarItem(account=anna, folder=anna.calendar, subject="Interop with agenda", start=start, end=start + datetime.timedelta(hours=1))
c.attach(FileAttachment(name="agenda.txt", content=b"1. open\r\n"))
c.save()
got = anna.calendar.get(subject="Interop with agenda")
equal([a.content for a in got.attachments], [b"1. open\r\n"], "agenda")
got.delete()
