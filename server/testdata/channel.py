"""Asks by Negotiate with MIT's GSSAPI, whose tokens say over which TLS channel they go (RFC 5929), and checks the server's proof.

HOST, PORT: the server; BINDINGS: end-point, none, or wrong. Prints the status.
"""

import base64
import hashlib
import http.client
import os
import ssl
import sys

import gssapi

HOST, PORT = os.environ["HOST"], int(os.environ["PORT"])

tls = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
tls.check_hostname = False  # it is asked by its address; what it proves is checked below
connection = http.client.HTTPSConnection("127.0.0.1", PORT, context=tls, timeout=30)
connection.connect()
certificate = connection.sock.getpeercert(binary_form=True)

bindings = {
    "none": lambda: None,
    "end-point": lambda: b"tls-server-end-point:" + hashlib.sha256(certificate).digest(),
    "wrong": lambda: b"tls-server-end-point:" + hashlib.sha256(b"another certificate").digest(),
}[os.environ["BINDINGS"]]()
context = gssapi.SecurityContext(
    name=gssapi.Name(f"HTTP@{HOST}", gssapi.NameType.hostbased_service),
    mech=gssapi.OID.from_int_seq("1.3.6.1.5.5.2"),
    flags=gssapi.RequirementFlag.mutual_authentication,
    channel_bindings=bindings and gssapi.raw.ChannelBindings(application_data=bindings),
    usage="initiate",
)
token = base64.b64encode(context.step()).decode()
connection.request("POST", "/EWS/Exchange.asmx", sys.stdin.read(), {"Authorization": "Negotiate " + token, "Content-Type": "text/xml; charset=utf-8", "Host": f"{HOST}:{PORT}"})
answer = connection.getresponse()
said = [v for v in answer.headers.get_all("WWW-Authenticate", []) if v.startswith("Negotiate ")]
if answer.status == 200:
    context.step(base64.b64decode(said[0].removeprefix("Negotiate ")))
    assert context.complete, "the server did not prove itself"
    assert b"NoError" in answer.read()
else:
    assert not said, f"{answer.status} with {said}"
print(answer.status)
