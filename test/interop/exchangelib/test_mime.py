"""A message made of MIME is kept byte for byte, and read as what it says."""

from lab import account, equal

from exchangelib import FileAttachment, Message

anna = account(0)
raw = (
    "From: =?utf-8?q?Ren=C3=A9e?= <renee@fabrikam.example>\r\n"
    "To: anna@contoso.example, \"Berg, Anna\" <anna.berg@contoso.example>\r\n"
    "Subject: =?utf-8?b?R3LDvMOfZSAvIEludGVyb3A=?=\r\n"
    "Date: Mon, 02 Mar 2026 09:00:00 +0100\r\n"
    "Message-ID: <mime-1@fabrikam.example>\r\n"
    "X-Odd-Header:   two  spaces\t and a tab\r\n"
    "MIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="=_b"\r\n'
    "\r\n"
    "preamble\r\n"
    "--=_b\r\n"
    'Content-Type: multipart/alternative; boundary="=_a"\r\n'
    "\r\n"
    "--=_a\r\n"
    "Content-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "Sch=F6ne Gr=FC=DFe\r\n"
    "--=_a\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "PHA+U2Now7ZuZSA8Yj5HcsO8w59lPC9iPjwvcD4=\r\n"
    "--=_a--\r\n"
    "--=_b\r\n"
    "Content-Type: application/octet-stream; name=\"=?utf-8?q?=C3=A4.bin?=\"\r\n"
    "Content-Disposition: attachment; filename*=utf-8''%C3%A4.bin\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "AAECAwQF\r\n"
    "--=_b--\r\n"
    "epilogue\r\n"
).encode("ascii")
m = Message(account=anna, folder=anna.drafts, mime_content=raw)
m.save()
got = next(iter(anna.drafts.filter(subject="Grüße / Interop")))
equal(got.mime_content, raw, "MIME")
equal(got.author.name, "Renée", "from")
equal(got.message_id, "<mime-1@fabrikam.example>", "Message-ID")
equal(got.text_body.strip(), "Schöne Grüße", "text")
assert "<b>Grüße</b>" in got.body, got.body
equal([(a.name, a.content) for a in got.attachments if isinstance(a, FileAttachment)], [("ä.bin", bytes(range(6)))], "attachment")
equal([r.email_address for r in got.to_recipients], ["anna@contoso.example", "anna.berg@contoso.example"], "to")
equal({h.name: h.value for h in got.headers}.get("X-Odd-Header", "").split(), ["two", "spaces", "and", "a", "tab"], "a header")
got.delete()
equal(anna.drafts.filter(subject="Grüße / Interop").count(), 0, "left behind")
