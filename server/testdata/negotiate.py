"""exchangelib by Kerberos: who asks is known by his ticket, and the server proves itself too.

HOST, PORT: the server; WHO: whose mailbox.
"""

import functools
import os
import socket

import exchangelib.transport
from exchangelib import DELEGATE, GSSAPI, Account, Configuration
from exchangelib.protocol import BaseProtocol
from requests_kerberos import REQUIRED, HTTPKerberosAuth

HOST, PORT = os.environ["HOST"], int(os.environ["PORT"])
BaseProtocol.TIMEOUT = 30

# The server's name stands in its certificate and in the ticket, and in no DNS.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *a, **k: resolve("127.0.0.1" if host == HOST else host, *a, **k)

# Debian has requests_kerberos and not requests_gssapi. REQUIRED has it refuse an answer without the server's proof.
exchangelib.transport.AUTH_TYPE_MAP[GSSAPI] = functools.partial(HTTPKerberosAuth, mutual_authentication=REQUIRED)

account = Account(
    os.environ["WHO"],
    config=Configuration(service_endpoint=f"https://{HOST}:{PORT}/EWS/Exchange.asmx", auth_type=GSSAPI),
    autodiscover=False,
    access_type=DELEGATE,
)
for _ in range(3):
    account.inbox.refresh()
print(account.inbox.name, account.inbox.total_count)
