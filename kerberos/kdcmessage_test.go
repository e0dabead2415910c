package kerberos

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente/kerberos/enctype"
)

// said returns what KDCs have said, by the names of the files: the realm's
// domain and what it is. The keys in it were a test's.
func said(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/kdc/*")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	all := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(f)] = b
	}
	return all
}

// TestSaid reads what Samba, Heimdal and MIT Kerberos have said.
func TestSaid(t *testing.T) {
	for name, b := range said(t) {
		_, kind, _ := strings.Cut(name, "-")
		realm := strings.ToUpper(strings.TrimSuffix(name, "-"+kind))
		switch kind {
		case "self":
			r, err := readReply(b, messageTGSRep)
			if err != nil || r.client != (Principal{"alice", realm}) || string(r.ticket.realm) != realm {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		case "self-part":
			p, err := readReplyPart(b)
			if err != nil || p.realm != realm || p.flags&flagForwardable == 0 || p.end.Sub(p.start) != ticketLife || p.etype != int64(enctype.AES256SHA1) {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		case "unknown":
			e, ok := readError(b)
			if !ok || e.code != errClientUnknown || e.server.Year() != 2026 {
				t.Errorf("%s: %+v", name, e)
			}
		case "as":
			if e, ok := readError(b); ok {
				if e.code != errPreauthRequired || len(e.preferred()) == 0 || e.preferred()[0] != enctype.AES256SHA1 {
					t.Errorf("%s: %v, %v", name, e, e.preferred())
				}
			} else if r, err := readReply(b, messageASRep); err != nil || r.client.Realm != realm {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
		for n := range b {
			if _, err := readReply(b[:n], messageTGSRep); err == nil {
				t.Errorf("%s: %d bytes of it are a reply", name, n)
			}
			if _, ok := readError(b[:n]); ok {
				t.Errorf("%s: %d bytes of it are an error", name, n)
			}
		}
	}
}

// TestExtendedStatus reads what Windows adds to an error. [MS-KILE] 2.2.2
func TestExtendedStatus(t *testing.T) {
	account := []byte{0x30, 0x15, 0xa1, 0x03, 0x02, 0x01, 0x03, 0xa2, 0x0e, 0x04, 0x0c, 0x72, 0x00, 0x00, 0xc0, 0, 0, 0, 0, 1, 0, 0, 0}
	if got := extendedStatus(account); got != 0xc0000072 { // STATUS_ACCOUNT_DISABLED
		t.Errorf("0x%08x", got)
	}
	for n := range account {
		if got := extendedStatus(account[:n]); got != 0 {
			t.Errorf("%d bytes: 0x%08x", n, got)
		}
	}
}

// FuzzKDC reads anything as everything that a KDC says.
func FuzzKDC(f *testing.F) {
	for _, b := range said(f) {
		f.Add(b)
	}
	session, err := enctype.Generate(enctype.AES256SHA1)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range []uint8{messageASRep, messageTGSRep} {
			r, err := readReply(b, kind)
			if err != nil {
				continue
			}
			if r.client.Name == "" || r.client.Realm == "" || !bytes.Contains(b, r.ticket.raw) || len(r.preauth) > maxPreauth {
				t.Errorf("%+v", r)
			}
			_ = checkS4UReply(session, r.preauth, r.client, 1)
		}
		if p, err := readReplyPart(b); err == nil && (p.service == "" || p.realm == "" || p.end.IsZero()) {
			t.Errorf("%+v", p)
		}
		if e, ok := readError(b); ok {
			if strings.ContainsAny(e.Error(), "\r\n\x00") || len(e.preferred()) > maxPreauth*maxEtypeInfo {
				t.Errorf("%q", e.Error())
			}
		}
		// By itself, since a checksum stands before it otherwise.
		_ = checkS4UReply(session, []preauth{{paS4UX509User, b}}, Principal{"alice", "MIT.TEST"}, 1)
	})
}

// FuzzProof reads anything as a service's proof.
func FuzzProof(f *testing.F) {
	session, err := enctype.Generate(enctype.AES256SHA1)
	if err != nil {
		f.Fatal(err)
	}
	ticket := &Ticket{Client: Principal{"alice", "HEIM.TEST"}, End: time.Unix(1<<33, 0), session: session, raw: []byte{0x61, 0}}
	made := time.UnixMicro(1_800_000_000_123_456)
	var n negotiation
	n.spnego, n.mech = true, []byte(oidKRB5)
	f.Add(n.answer(makeAPRep(session, &authenticator{made: made, micro: 123_456}), nil))
	f.Add(n.answer(nil, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = ticket.proves("Negotiate "+base64.StdEncoding.EncodeToString(b), made.UnixMicro())
		_ = ticket.proves(string(b), made.UnixMicro())
	})
}

// FuzzUser asks about anybody: what is written can be read, and says the name.
func FuzzUser(f *testing.F) {
	for _, s := range []string{"alice", "robert.b@entente.test", "HTTP/gw.entente.test", `a\/b`, `svc$`, "Zoë"} {
		f.Add(s)
	}
	session, err := enctype.Generate(enctype.AES256SHA1)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, user string) {
		if !properName(user) {
			return
		}
		u := Principal{user, "CONTOSO.EXAMPLE"}
		reply := []preauth{{paS4UX509User, s4uUser(session, u, 7)}}
		// Its checksum is one of a request, and so none of an answer.
		if checkS4UReply(session, reply, u, 7) == nil {
			t.Error("a request is an answer")
		}
		_ = forUser(session, u)
		r := kdcRequest{client: &u, realm: u.Realm, service: user, till: time.Unix(0, 0), etypes: []enctype.Etype{enctype.AES256SHA1}}
		if kdcReq(messageASReq, nil, r.body()) == nil {
			t.Error("nothing is asked")
		}
	})
}
