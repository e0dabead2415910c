package kerberos

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/kerberos/enctype"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"
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

// TestShape takes fields out of what KDCs have said, repeats them, changes their
// tags and contents: what has to be there has to be there once and be what it is.
func TestShape(t *testing.T) {
	reply := func(b []byte) bool { _, err := readReply(b, messageTGSRep); return err == nil }
	part := func(b []byte) bool { _, err := readReplyPart(b); return err == nil }
	failure := func(b []byte) bool { _, ok := readError(b); return ok }
	cases := []struct {
		kind     string
		read     func([]byte) bool
		optional string // numbers of fields that need not be there
		unread   string // and of those whose content does not matter
	}{
		{"self", reply, " 2 ", ""},
		{"self-part", part, " 3 6 8 11 12 ", " 1 3 8 11 12 "},
		{"unknown", failure, " 2 3 7 8 11 12 ", " 2 3 5 7 8 9 10 "},
	}
	in := func(list string, n byte) bool { return strings.Contains(list, fmt.Sprintf(" %d ", n)) }
	for name, b := range said(t) {
		for _, c := range cases {
			if !strings.HasSuffix(name, ".test-"+c.kind) {
				continue
			}
			fields := fieldsOf(t, b)
			for i, f := range fields {
				n := f[0] & 0x1f
				try := func(what string, want bool, with ...[]byte) {
					if got := c.read(withFields(b[0], slices.Concat(fields[:i], with, fields[i+1:]))); got != want {
						t.Errorf("%s, field %d %s: read is %v", name, n, what, got)
					}
				}
				try("as it is", true, f)
				try("left out", in(c.optional, n))
				try("twice", false, f, f)
				try("empty", in(c.unread, n), []byte{f[0], 0})
				try("of another content", in(c.unread, n), []byte{f[0], 2, 5, 0})
				try("behind one that nobody knows", false, []byte{0xbe, 2, 5, 0}, f)
				retagged := slices.Clone(f)
				retagged[0] = 0x80 | n // implicit
				try("with another tag", false, retagged)
			}
		}
	}
}

// fieldsOf are those of the sequence in an application's element.
func fieldsOf(t *testing.T, b []byte) [][]byte {
	t.Helper()
	var outer, seq cryptobyte.String
	s := cryptobyte.String(b)
	if !s.ReadASN1(&outer, cryptobyteasn1.Tag(b[0])) || !outer.ReadASN1(&seq, cryptobyteasn1.SEQUENCE) {
		t.Fatal("no message")
	}
	var all [][]byte
	for !seq.Empty() {
		var one cryptobyte.String
		var tag cryptobyteasn1.Tag
		if !seq.ReadAnyASN1Element(&one, &tag) {
			t.Fatal("no field")
		}
		all = append(all, one)
	}
	return all
}

func withFields(tag byte, fields [][]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cryptobyteasn1.Tag(tag), func(b *cryptobyte.Builder) {
		b.AddASN1(cryptobyteasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(slices.Concat(fields...)) })
	})
	return b.BytesOrPanic()
}

// TestErrorText shows what a KDC says where it is text and not too long: it goes
// into logs.
func TestErrorText(t *testing.T) {
	b := said(t)["entente.test-unknown"]
	var fields [][]byte
	for _, f := range fieldsOf(t, b) {
		if f[0]&0x1f < 11 {
			fields = append(fields, f)
		}
	}
	for text, want := range map[string]string{
		"all is well": " (all is well)", strings.Repeat("a", 200): " (" + strings.Repeat("a", 200) + ")", strings.Repeat("a", 201): "",
		"a\nb": "", "a\x00": "", "": "", "\xff": "", "Gerät": " (Gerät)",
	} {
		var f cryptobyte.Builder
		addString(&f, 11, text)
		e, ok := readError(withFields(b[0], append(slices.Clone(fields), f.BytesOrPanic())))
		if !ok || e.Error() != "the KDC says KDC_ERR_C_PRINCIPAL_UNKNOWN"+want {
			t.Errorf("%q: %v %v", text, e, ok)
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
	for name, b := range map[string][]byte{
		"of clocks":        {0x30, 0x0b, 0xa1, 0x03, 0x02, 0x01, 0x02, 0xa2, 0x04, 0x04, 0x02, 1, 2},
		"of three bytes":   {0x30, 0x0c, 0xa1, 0x03, 0x02, 0x01, 0x03, 0xa2, 0x05, 0x04, 0x03, 1, 2, 3},
		"without its data": {0x30, 0x05, 0xa1, 0x03, 0x02, 0x01, 0x03},
	} {
		if got := extendedStatus(b); got != 0 {
			t.Errorf("%s: 0x%08x", name, got)
		}
	}
	var data cryptobyte.Builder
	addOctets(&data, 12, account)
	b := said(t)["heim.test-unknown"]
	e, ok := readError(withFields(b[0], append(fieldsOf(t, b), data.BytesOrPanic())))
	if !ok || e.Error() != "the KDC says KDC_ERR_C_PRINCIPAL_UNKNOWN, NTSTATUS 0xc0000072" {
		t.Errorf("%v", e)
	}
}

// TestPreferred reads which types of keys a KDC wants, out of what it can be
// asked by. RFC 4120 5.2.7.5
func TestPreferred(t *testing.T) {
	sequence := func(all ...preauth) []byte {
		var b cryptobyte.Builder
		addPreauth(&b, all)
		return b.BytesOrPanic()
	}
	var info []preauth // of the same shape, but for what is in it
	if !readPreauth(etypeInfo2(enctype.AES128SHA1), &info) {
		t.Fatal("no ETYPE-INFO2")
	}
	aes128 := info[0].value
	long := bytes.Repeat(aes128[2:], maxEtypeInfo+4)
	long = append([]byte{0x30, 0x82, byte(len(long) >> 8), byte(len(long))}, long...)
	other := preauth{paEncTimestamp, nil}
	many := slices.Repeat([]preauth{other}, maxPreauth)
	cases := []struct {
		name string
		data []byte
		want int // types, all of them AES128
	}{
		{"nothing", nil, 0},
		{"one", sequence(info[0]), 1},
		{"one behind others", sequence(other, other, info[0]), 1},
		{"of another kind", sequence(preauth{paPACOptions, aes128}), 0},
		{"what is none, and one", sequence(preauth{paETypeInfo2, []byte{5, 0}}, info[0]), 1},
		{"one, and what is none", sequence(preauth{paETypeInfo2, append([]byte{0x30, byte(len(aes128))}, append(slices.Clone(aes128[2:]), 5, 0)...)}), 1},
		{"more than anybody has", sequence(preauth{paETypeInfo2, long}), maxEtypeInfo},
		{"as many data as are read", sequence(append(many[:maxPreauth-1:maxPreauth-1], info[0])...), 1},
		{"one more", sequence(append(many, info[0])...), 0},
		{"something behind", append(sequence(info[0]), 5, 0), 0},
		{"no sequence", aes128[2:], 0},
	}
	for _, c := range cases {
		got := (&kdcError{data: c.data}).preferred()
		if len(got) != c.want || slices.ContainsFunc(got, func(e enctype.Etype) bool { return e != enctype.AES128SHA1 }) {
			t.Errorf("%s: %v, want %d", c.name, got, c.want)
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
