"""Names are resolved, groups expanded, rooms listed, zones and ids converted."""

from lab import ORG, PEOPLE, account, equal

from exchangelib.errors import ErrorNameResolutionNoResults
from exchangelib.properties import AlternateId, EWS_ID, HEX_ENTRY_ID

anna = account(0)
alias = PEOPLE[1]["smtp"].split("@")[0]
(found,) = anna.protocol.resolve_names([alias])
equal(found.email_address, PEOPLE[1]["smtp"], "resolved")
(pair,) = anna.protocol.resolve_names([PEOPLE[2]["smtp"]], return_full_contact_data=True)
mailbox, contact = pair
equal(mailbox.email_address, PEOPLE[2]["smtp"], "resolved with contact data")
assert contact.display_name, "no name"
none = anna.protocol.resolve_names(["zzz-nobody"])
assert none == [] or all(isinstance(n, ErrorNameResolutionNoResults) for n in none), none

lists = list(anna.protocol.get_roomlists())
assert lists, "no room lists"
rooms = list(anna.protocol.get_rooms(lists[0].email_address))
assert rooms and all(r.email_address.endswith(ORG["domain"]) for r in rooms), rooms

zones = {z[0] if isinstance(z, tuple) else z.id for z in anna.protocol.get_timezones(return_full_timezone_data=True)}
for zone in ("W. Europe Standard Time", "New Zealand Standard Time", "UTC"):
    assert zone in zones, f"{zone} is not among {len(zones)} zones"

# An id stays itself through another format and back.
item = next(iter(anna.inbox.all().only("subject")[:1]))
(there,) = anna.protocol.convert_ids([AlternateId(id=item.id, format=EWS_ID, mailbox=anna.primary_smtp_address)], destination_format=HEX_ENTRY_ID)
(back,) = anna.protocol.convert_ids([AlternateId(id=there.id, format=HEX_ENTRY_ID, mailbox=anna.primary_smtp_address)], destination_format=EWS_ID)
equal(back.id, item.id, "there and back")

# Out of office says that nothing is set.
settings = anna.oof_settings
equal(settings.state, "Disabled", "out of office")
# Nobody has a delegate.
equal(list(anna.delegates), [], "delegates")
equal(anna.version.build.major_version, 15, "version")
