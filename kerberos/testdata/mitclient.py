# A client by the C library of MIT: writes the first token for HTTP@HOST, reads
# what the service answers, and says whether that proves the service to it. The
# third argument is the hash of the certificate it sees, in hex, or "-" if it
# says nothing of a channel.
import base64, ctypes, sys

host, mechanism, endpoint = sys.argv[1:4]
gss = ctypes.CDLL("libgssapi_krb5.so.2")


class Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]


class OID(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint32), ("elements", ctypes.c_char_p)]


class Bindings(ctypes.Structure):
    _fields_ = [
        ("initiator_addrtype", ctypes.c_uint32), ("initiator_address", Buffer),
        ("acceptor_addrtype", ctypes.c_uint32), ("acceptor_address", Buffer),
        ("application_data", Buffer),
    ]


kept = []


def buffer(b):
    kept.append(ctypes.create_string_buffer(b, len(b)))
    return Buffer(len(b), ctypes.cast(kept[-1], ctypes.c_void_p))


def oid(hexed):
    b = bytes.fromhex(hexed)
    return OID(len(b), b)


minor = ctypes.c_uint32()
name = ctypes.c_void_p()
hostbased = oid("2a864886f71201020104")  # GSS_C_NT_HOSTBASED_SERVICE
assert gss.gss_import_name(ctypes.byref(minor), ctypes.byref(buffer(b"HTTP@" + host.encode())), ctypes.byref(hostbased), ctypes.byref(name)) == 0
mech = oid({"spnego": "2b0601050502", "krb5": "2a864886f712010202"}[mechanism])
bindings = None
if endpoint != "-":
    b = Bindings()
    b.application_data = buffer(b"tls-server-end-point:" + bytes.fromhex(endpoint))
    bindings = ctypes.byref(b)
context = ctypes.c_void_p()
MUTUAL, COMPLETE, CONTINUE = 2, 0, 1


def step(received):
    out = Buffer()
    status = gss.gss_init_sec_context(
        ctypes.byref(minor), None, ctypes.byref(context), name, ctypes.byref(mech), MUTUAL, 0, bindings,
        ctypes.byref(received) if received else None, None, ctypes.byref(out), None, None)
    return status, ctypes.string_at(out.value, out.length) if out.length else b""


status, token = step(None)
if status != CONTINUE:
    sys.exit("gss_init_sec_context: %x, %x" % (status, minor.value))
print(base64.b64encode(token).decode(), flush=True)
status, more = step(buffer(base64.b64decode(sys.stdin.readline())))
print("done" if status == COMPLETE and not more else "status %x" % status, flush=True)
