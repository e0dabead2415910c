# A client by Samba: writes the first token of a mechanism for http@HOST, reads
# what the service answers, and says whether that proves the service to it.
import base64, os, sys
from samba import credentials, gensec, param

host, mechanism = sys.argv[1:3]
lp = param.LoadParm()
lp.set("realm", os.environ["REALM"])
lp.set("workgroup", os.environ["REALM"].split(".")[0])
creds = credentials.Credentials()
creds.guess(lp)
creds.set_kerberos_state(credentials.MUST_USE_KERBEROS)
creds.set_named_ccache(os.environ["KRB5CCNAME"].removeprefix("FILE:"), credentials.SPECIFIED, lp)
client = gensec.Security.start_client({"lp_ctx": lp, "target_hostname": host})
client.set_credentials(creds)
client.set_target_service("http")
client.set_target_hostname(host)
client.want_feature(gensec.FEATURE_SIGN)  # with it goes mutual authentication
client.start_mech_by_name(mechanism)
_, token = client.update(b"")
print(base64.b64encode(token).decode(), flush=True)
done, more = client.update(base64.b64decode(sys.stdin.readline()))
print("done" if done and not more else "more", flush=True)
