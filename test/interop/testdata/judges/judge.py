"""Judges tokens a folder at a time, as Judge.java does: SAML by libxmlsec
(python3-xmlsec), JWTs by jwcrypto (python3-jwcrypto).

judge.py verify CERTIFICATE FOLDER         signed assertions
judge.py decrypt KEY FOLDER OUT            EncryptedData elements
judge.py jwt ISSUER-KEY TARGET-KEY FOLDER OUT   JWEs around JWSs
judge.py issue ISSUER-KEY TARGET-KEY PAYLOAD    makes one, on standard output
"""

import json
import os
import sys


def verify(args):
    import xmlsec
    from lxml import etree

    key = xmlsec.Key.from_file(args[0], xmlsec.KeyFormat.CERT_PEM)

    def one(text):
        root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
        signatures = root.findall(".//{http://www.w3.org/2000/09/xmldsig#}Signature")
        if len(signatures) != 1 or signatures[0].getparent() is not root or root.getroottree().docinfo.doctype:
            raise ValueError("not one signature, below the root")
        references = signatures[0].findall(".//{http://www.w3.org/2000/09/xmldsig#}Reference")
        if len(references) != 1 or references[0].get("URI") != "#" + root.get("AssertionID"):
            raise ValueError("not one reference, to the root")
        xmlsec.tree.add_ids(root, ["AssertionID"])
        context = xmlsec.SignatureContext()
        context.key = key
        context.verify(signatures[0])

    return one


def decrypt(args):
    import xmlsec
    from lxml import etree

    def one(text):
        root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
        manager = xmlsec.KeysManager()
        manager.add_key(xmlsec.Key.from_file(args[0], xmlsec.KeyFormat.PEM))
        opened = xmlsec.EncryptionContext(manager).decrypt(root)
        return etree.tostring(opened)

    return one


def jwk(path):
    from jwcrypto import jwk as keys

    with open(path, "rb") as f:
        return keys.JWK.from_pem(f.read())


def jwt(args):
    from jwcrypto import jwe, jws

    issuer, target = jwk(args[0]), jwk(args[1])

    def one(text):
        outer = jwe.JWE(algs=["ECDH-ES", "A256GCM"])
        outer.deserialize(text.decode(), key=target)
        inner = jws.JWS()
        inner.allowed_algs = ["ES256"]
        inner.deserialize(outer.payload.decode(), key=issuer)
        return inner.payload

    return one


def issue(args):
    from jwcrypto import jwe, jws

    issuer, target = jwk(args[0]), jwk(args[1])
    kind = "entente-delegation+jwt"
    inner = jws.JWS(args[2])
    inner.add_signature(issuer, protected=json.dumps({"typ": kind, "alg": "ES256", "kid": issuer.thumbprint()}))
    header = {"kid": target.thumbprint(), "cty": "JWT", "typ": kind, "alg": "ECDH-ES", "enc": "A256GCM"}
    outer = jwe.JWE(inner.serialize(compact=True), protected=json.dumps(header), recipient=target)
    print(outer.serialize(compact=True), end="")


def main():
    mode, args = sys.argv[1], sys.argv[2:]
    if mode == "issue":
        issue(args)
        return
    one = {"verify": verify, "decrypt": decrypt, "jwt": jwt}[mode](args)
    folder = args[2] if mode == "jwt" else args[1]
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            text = f.read()
        try:
            opened = one(text)
            if opened is not None:
                with open(os.path.join(args[-1], name), "wb") as f:
                    f.write(opened)
            print(name, "accepted")
        except Exception:
            print(name, "refused")


main()
