"""Knowing an address and a password is enough; a wrong password and an unknown address are clean errors."""

from lab import PEOPLE, equal

from exchangelib import DELEGATE, Account, Credentials
from exchangelib.autodiscover import clear_cache
from exchangelib.autodiscover.discovery.pox import PoxAutodiscovery
from exchangelib.autodiscover.discovery.soap import SoapAutodiscovery
from exchangelib.errors import AutoDiscoverFailed, ErrorNonExistentMailbox, UnauthorizedError

anna = PEOPLE[0]
credentials = Credentials(anna["upn"], anna["password"])

for discovery in (PoxAutodiscovery, SoapAutodiscovery):
    clear_cache()
    response, protocol = discovery(email=anna["smtp"], credentials=credentials).discover()
    equal(response.autodiscover_smtp_address, anna["smtp"], discovery.__name__)
    assert protocol.service_endpoint.lower().endswith("/ews/exchange.asmx"), protocol.service_endpoint
    clear_cache()
    try:
        discovery(email="nobody@" + anna["smtp"].split("@")[1], credentials=credentials).discover()
        raise AssertionError("somebody who does not exist was found")
    except ErrorNonExistentMailbox:
        pass
    clear_cache()
    try:
        discovery(email=anna["smtp"], credentials=Credentials(anna["upn"], "wrong")).discover()
        raise AssertionError("a wrong password was taken")
    except (AutoDiscoverFailed, UnauthorizedError):  # as POX says it, and as SOAP does
        pass

clear_cache()
account = Account(anna["smtp"], credentials=credentials, autodiscover=True, access_type=DELEGATE)
equal(account.primary_smtp_address, anna["smtp"], "address")
assert account.inbox.total_count >= 0
print("found", account.protocol.service_endpoint, account.version)
