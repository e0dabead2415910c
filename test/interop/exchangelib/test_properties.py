"""Extended properties of every kind are kept, searched and removed."""

import datetime
from decimal import Decimal

from lab import UTC, account, equal

from exchangelib import ExtendedProperty, Message
from exchangelib.ewsdatetime import EWSDateTime

anna = account(0)


def define(name, kind, value, python, **where):
    where = where or {"distinguished_property_set_id": "PublicStrings", "property_name": "interop-" + name}
    cls = type("P" + name, (ExtendedProperty,), {"property_type": kind, **where})
    Message.register("interop_" + name, cls)
    return "interop_" + name, value


when = EWSDateTime(2031, 6, 1, 12, 30, tzinfo=UTC)
values = dict(
    [
        define("text", "String", "grün <&>", str),
        define("long", "Integer", -7, int),
        define("big", "Long", 1 << 40, int),
        define("double", "Double", Decimal("2.5"), Decimal),
        define("flag", "Boolean", True, bool),
        define("time", "SystemTime", when, EWSDateTime),
        define("guid", "CLSID", "b8f6e2c1-0000-4000-8000-00000000abcd", str),
        define("blob", "Binary", b"\x00\xff" * 100, bytes),
        define("many", "StringArray", ["a", "b", "ü"], str),
        define("tag", "String", "by tag", str, property_tag=0x6805),
        define("id", "Integer", 42, int, property_set_id="c11ff724-aa03-4555-9952-8fa248a11c3e", property_id=0x8571),
    ]
)
m = Message(account=anna, folder=anna.drafts, subject="Interop properties", **values)
m.save()
got = anna.drafts.get(subject="Interop properties")
for name, want in values.items():
    have = getattr(got, name)
    equal(have.lower() if name == "interop_guid" else have, want, name)
equal(anna.drafts.filter(interop_text="grün <&>").count(), 1, "searched by text")
equal(anna.drafts.filter(interop_long__lt=0).count(), 1, "searched by number")
equal(anna.drafts.filter(interop_id__exists=True).count(), 1, "searched by being there")
got.interop_text = None
got.interop_long = 8
got.save()
again = anna.drafts.get(subject="Interop properties")
equal((again.interop_text, again.interop_long, again.interop_flag), (None, 8, True), "after a change")
again.delete()
