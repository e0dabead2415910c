package kerberos_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/kerberos"
	"entente/kerberos/enctype"
	"entente/kerberos/minttest"
)

func TestReadKeytab(t *testing.T) {
	r := minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID)
	a, b := r.Service(httpService), r.Service("svc-mail$").With(enctype.AES128SHA256, 300)
	whole := minttest.Keytab(a, b)
	first := 2 + 4 + int(binary.BigEndian.Uint32(whole[2:])) // where the second one begins
	hole := func(k []byte, at int) []byte {
		k = bytes.Clone(k)
		n := int32(binary.BigEndian.Uint32(k[at:]))
		binary.BigEndian.PutUint32(k[at:], uint32(-n))
		for i := range n {
			k[at+4+int(i)] = 0xff
		}
		return k
	}
	short := func(n int) []byte { // the first entry loses its last bytes
		k := bytes.Clone(whole[:first-n])
		binary.BigEndian.PutUint32(k[2:], binary.BigEndian.Uint32(k[2:])-uint32(n))
		return append(k, whole[first:]...)
	}
	for _, c := range []struct {
		name string
		file []byte
		want string // principals and versions; "" if it is refused
	}{
		{"two entries", whole, "HTTP/mail.contoso.example@CONTOSO.EXAMPLE 1, svc-mail$@CONTOSO.EXAMPLE 300"},
		{"the first deleted", hole(whole, 2), "svc-mail$@CONTOSO.EXAMPLE 300"},
		{"the last deleted", hole(whole, first), "HTTP/mail.contoso.example@CONTOSO.EXAMPLE 1"},
		{"none", []byte{5, 2}, "none"},
		{"space that was never used", append(bytes.Clone(whole), make([]byte, 100)...), "HTTP/mail.contoso.example@CONTOSO.EXAMPLE 1, svc-mail$@CONTOSO.EXAMPLE 300"},
		{"a version of one byte", short(4), "HTTP/mail.contoso.example@CONTOSO.EXAMPLE 1, svc-mail$@CONTOSO.EXAMPLE 300"},
		{"a version of zero behind, which says nothing", slices.Concat(whole[:first-4], make([]byte, 4), whole[first:]), "HTTP/mail.contoso.example@CONTOSO.EXAMPLE 1, svc-mail$@CONTOSO.EXAMPLE 300"},
		{"nine parts in a name", minttest.Keytab(r.Service("1/2/3/4/5/6/7/8/9")), ""},
		{"eight parts in a name", minttest.Keytab(r.Service("1/2/3/4/5/6/7/8")), "1/2/3/4/5/6/7/8@CONTOSO.EXAMPLE 1"},
		{"cut within a key", short(5), ""},
		{"cut within a name", short(70), ""},
		{"cut within an entry", whole[:first-1], ""},
		{"cut within a length", append(bytes.Clone(whole), 0, 0), ""},
		{"a length beyond the end", []byte{5, 2, 0x7f, 0xff, 0xff, 0xff}, ""},
		{"the most negative length", []byte{5, 2, 0x80, 0, 0, 0}, ""},
		{"version 5.1", []byte{5, 1}, ""},
		{"nothing", nil, ""},
		{"too large", append([]byte{5, 2}, make([]byte, 1<<20)...), ""},
		{"a name with a line break", bytes.Replace(whole, []byte("mail."), []byte("ma\nl."), 1), ""},
		{"a key of the wrong size", bytes.Replace(whole, []byte{0, 18, 0, 32}, []byte{0, 17, 0, 32}, 1), ""},
		{"a type that is not known", bytes.Replace(whole, []byte{0, 18, 0, 32}, []byte{0, 99, 0, 32}, 1), "HTTP/mail.contoso.example@CONTOSO.EXAMPLE 1, svc-mail$@CONTOSO.EXAMPLE 300"},
	} {
		k, err := kerberos.ReadKeytab(bytes.NewReader(c.file))
		got := ""
		if err == nil {
			var all []string
			for _, e := range k.Entries() {
				all = append(all, e.Principal.String()+" "+string(rune('0'+e.Version%10)))
			}
			if got = strings.Join(all, ", "); got == "" {
				got = "none"
			}
		}
		if want := strings.ReplaceAll(c.want, " 300", " 0"); got != want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, want)
		}
	}
	k, err := kerberos.ReadKeytab(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	if e := k.Entries()[1]; e.Version != 300 || e.Etype != 19 || !e.Written.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("%+v", e)
	}
	if !slices.ContainsFunc(k.Entries(), func(e kerberos.KeytabEntry) bool { return e.Principal.Name == "svc-mail$" }) {
		t.Error("no svc-mail$")
	}
}

func FuzzReadKeytab(f *testing.F) {
	r := minttest.NewRealm("CONTOSO.EXAMPLE", contosoSID)
	f.Add(minttest.Keytab(r.Service(httpService), r.Service("svc-mail$")))
	f.Add([]byte{5, 2, 0xff, 0xff, 0xff, 0xfe, 1, 2, 0, 0, 0, 0})
	f.Add([]byte{5, 2, 0x80, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := kerberos.ReadKeytab(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, e := range k.Entries() {
			p, err := kerberos.ParsePrincipal(e.Principal.String(), "")
			if err != nil || p != e.Principal {
				t.Errorf("%q is read as %q, %v", e.Principal, p, err)
			}
		}
	})
}
