"""Contacts are kept with all their indexed fields; distribution lists with members."""

import datetime

from lab import account, equal

from exchangelib import Contact, DistributionList
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress
from exchangelib.properties import Mailbox, Member

anna = account(0)
c = Contact(
    account=anna,
    folder=anna.contacts,
    given_name="Zoë",
    surname="Interop",
    display_name="Zoë Interop",
    file_as="Interop, Zoë",
    company_name="Fabrikam",
    job_title="Buyer",
    email_addresses=[EmailAddress(email="zoe@fabrikam.example", label="EmailAddress1"), EmailAddress(email="z@fabrikam.example", label="EmailAddress2")],
    phone_numbers=[PhoneNumber(label="BusinessPhone", phone_number="+49 30 1234"), PhoneNumber(label="MobilePhone", phone_number="+49 170 1")],
    physical_addresses=[PhysicalAddress(label="Business", street="Hauptstraße 1", city="Berlin", state="BE", country="Germany", zipcode="10115")],
    birthday=datetime.date(1980, 2, 29),
)
c.save()
got = anna.contacts.get(display_name="Zoë Interop")
equal(got.id, c.id, "id")
equal((got.given_name, got.surname, got.company_name, got.job_title, got.file_as), ("Zoë", "Interop", "Fabrikam", "Buyer", "Interop, Zoë"))
equal({e.label: e.email for e in got.email_addresses}, {"EmailAddress1": "zoe@fabrikam.example", "EmailAddress2": "z@fabrikam.example"})
phones = {p.label: p.phone_number for p in got.phone_numbers if p.phone_number}
equal(phones, {"BusinessPhone": "+49 30 1234", "MobilePhone": "+49 170 1"})
address = [a for a in got.physical_addresses if a.label == "Business"][0]
equal((address.street, address.city, address.zipcode, address.country), ("Hauptstraße 1", "Berlin", "10115", "Germany"))
equal(got.birthday, datetime.date(1980, 2, 29), "birthday")

# One phone number changes, the others stay.
got.phone_numbers = [PhoneNumber(label="BusinessPhone", phone_number="+49 30 99"), PhoneNumber(label="MobilePhone", phone_number="+49 170 1")]
got.job_title = None
got.save()
again = anna.contacts.get(display_name="Zoë Interop")
equal({p.label: p.phone_number for p in again.phone_numbers if p.phone_number}, {"BusinessPhone": "+49 30 99", "MobilePhone": "+49 170 1"})
equal(again.job_title, None, "a field that was deleted")

# Indexed fields are searched.
found = list(anna.contacts.filter(surname="Interop"))
equal([f.id for f in found], [again.id], "by surname")
again.delete()
equal(anna.contacts.filter(surname="Interop").count(), 0, "left behind")

# A private distribution list keeps its members.
dl = DistributionList(
    account=anna,
    folder=anna.contacts,
    display_name="Interop list",
    members=[Member(mailbox=Mailbox(name="Zoë", email_address="zoe@fabrikam.example", routing_type="SMTP", mailbox_type="OneOff"))],
)
dl.save()
got = anna.contacts.get(display_name="Interop list")
equal(type(got), DistributionList, "class")
equal([m.mailbox.email_address for m in got.members], ["zoe@fabrikam.example"], "members")
got.delete()
