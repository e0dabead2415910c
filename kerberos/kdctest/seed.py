# What kdctest does to a Samba AD DC's database, without a server running:
#
#	seed.py seed BASE
#	seed.py export BASE KEYTAB PRINCIPAL...
import sys

import ldb
import samba.dckeytab  # gives Net its export_keytab
from samba.auth import system_session
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB

REALM, DOMAIN, PASSWORD = "ENTENTE.TEST", "entente.test", "Lab-Pass!1"

# userAccountControl, [MS-ADTS] 2.2.16
NORMAL, DISABLED, NO_EXPIRY = 0x200, 0x2, 0x10000
NOT_DELEGATED, TRUSTED_TO_AUTH_FOR_DELEGATION = 0x100000, 0x1000000

SERVICES = ["gw", "cas", "konly", "none", "mbx", "other"]
DELEGATION = {"gw": "cas", "konly": "cas", "cas": "mbx"}
ANY_PROTOCOL = ["gw", "cas"]


def load(base):
    lp = LoadParm()
    lp.load(base + "/etc/smb.conf")
    return lp


def seed(base):
    lp = load(base)
    db = SamDB(url=base + "/private/sam.ldb", lp=lp, session_info=system_session())
    users = "CN=Users," + str(db.domain_dn())

    def user(name, uac=0, **attributes):
        db.newuser(name, PASSWORD, mailaddress=attributes.pop("mail", None))
        m = ldb.Message()
        m.dn = ldb.Dn(db, "CN=%s,%s" % (name, users))
        attributes["userAccountControl"] = str(NORMAL | NO_EXPIRY | uac)
        # AES alone, [MS-KILE] 2.2.7
        attributes["msDS_SupportedEncryptionTypes"] = "24"
        for key, value in attributes.items():
            key = key.replace("_", "-")
            m[key] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, key)
        db.modify(m)

    def person(name, uac=0, upn=None, full=None):
        first, _, last = (full or name).partition(" ")
        user(name, uac, userPrincipalName="%s@%s" % (upn or name, DOMAIN), mail="%s@%s" % (name, DOMAIN),
             givenName=first, sn=last or name, displayName=full or name)

    db.transaction_start()
    person("alice", full="Alice Ahrens")
    person("bob", upn="robert.b", full="Robert Brandt")
    person("carol", NOT_DELEGATED, full="Carol Conrad")
    person("dave", DISABLED, full="Dave Dietrich")
    for i in range(1, 17):
        person("u%02d" % i)
    for s in SERVICES:
        more = {"servicePrincipalName": ["HTTP/%s.%s" % (s, DOMAIN)]}
        if s in DELEGATION:
            more["msDS_AllowedToDelegateTo"] = ["HTTP/%s.%s" % (DELEGATION[s], DOMAIN)]
        user("svc-" + s, TRUSTED_TO_AUTH_FOR_DELEGATION if s in ANY_PROTOCOL else 0, **more)
    user("svc-ldap")
    # Users of mail has the Branch office, which has alice.
    for group, members in (("Branch office", ["alice", "u01"]), ("Users of mail", ["Branch office", "bob"])):
        db.newgroup(group, mailaddress="%s@%s" % (group.lower().replace(" ", "."), DOMAIN))
        db.add_remove_group_members(group, members, add_members_operation=True)
    db.transaction_commit()
    names = ["svc-" + s for s in SERVICES] + ["HTTP/%s.%s" % (s, DOMAIN) for s in SERVICES]
    export(base, base + "/keytab", names + ["krbtgt/" + REALM])


def export(base, keytab, principals):
    net = Net(None, load(base))
    for p in principals:
        net.export_keytab(keytab=keytab, principal=p + "@" + REALM)


if sys.argv[1] == "seed":
    seed(sys.argv[2])
else:
    export(sys.argv[2], sys.argv[3], sys.argv[4:])
