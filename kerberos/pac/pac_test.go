package pac

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/kerberos/enctype"
)

// example is the PAC of [MS-PAC] 3, of a domain controller of Windows Server.
func example(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/ms-pac-3.hex")
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signedWith puts the signature of a key into a PAC whose own signatures are
// of the same length or longer.
func signedWith(t testing.TB, b []byte, k *enctype.Key) []byte {
	t.Helper()
	b = bytes.Clone(b)
	f, err := split(b)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(f.server, uint32(int32(k.ChecksumType())))
	clear(f.server[4:])
	_, kdc, _ := signature(f.kdc)
	zeroed := bytes.Clone(b)
	clear(zeroed[f.kdcAt+4 : f.kdcAt+4+len(kdc)])
	copy(f.server[4:], k.Checksum(nil, usageSignature, zeroed))
	return b
}

func TestExample(t *testing.T) {
	k, err := enctype.NewRC4([]byte("sixteen bytes ok"))
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2006, 4, 28, 1, 42, 50, 0, time.UTC)
	p, err := Open(signedWith(t, example(t), k), k, "lzhu", when)
	if err != nil {
		t.Fatal(err)
	}
	const domain = "S-1-5-21-397955417-626881126-188441444"
	if p.Account != "lzhu" || p.Domain != "NTDEV" || p.DomainSID != domain || p.SID != domain+"-2914711" || p.UserFlags != 32 || p.UserAccountControl != 16 {
		t.Errorf("%+v", p)
	}
	if p.UPN != "" || p.TicketSigned || p.Target != "" {
		t.Errorf("%+v", p)
	}
	if len(p.Groups) != 26+13 || p.Groups[0] != domain+"-3392609" || p.Groups[25] != domain+"-3018354" ||
		p.Groups[26] != "S-1-5-21-773533881-1816936887-355810188-513" || !slices.Contains(p.Groups, domain+"-3248111") {
		t.Errorf("%d groups: %v", len(p.Groups), p.Groups)
	}
	for _, c := range []struct {
		name, client string
		when         time.Time
		err          error
	}{
		{"another client", "lzh", when, ErrClient},
		{"another case", "LZHU", when, ErrClient},
		{"nobody", "", when, ErrClient},
		{"a second later", "lzhu", when.Add(time.Second), ErrClient},
	} {
		if _, err := Open(signedWith(t, example(t), k), k, c.client, c.when); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Open(example(t), k, "lzhu", when); !errors.Is(err, ErrSignature) {
		t.Errorf("with the signature of another key: %v", err)
	}
	other, _ := enctype.Generate(enctype.AES256SHA1)
	if _, err := Open(signedWith(t, example(t), k), other, "lzhu", when); !errors.Is(err, ErrSignature) {
		t.Errorf("with a key of another type: %v", err)
	}
}

// TestRecorded are PACs that KDCs have made, at the end of a way over two
// services, with the key that they are signed for.
func TestRecorded(t *testing.T) {
	for _, c := range []struct {
		file             string
		account, sid     string
		groups           int
		target           string
		transited        []string
		ticket, wholePAC bool
	}{
		{"samba-second-hop.txt", "alice", "-1102", 4, "HTTP/mbx.entente.test", []string{"svc-gw@ENTENTE.TEST", "HTTP/cas.entente.test@ENTENTE.TEST"}, true, true},
		{"mit-second-hop.txt", "", "", 0, "HTTP/mbx.mit.test", []string{"HTTP/gw.mit.test@MIT.TEST", "HTTP/cas.mit.test@MIT.TEST"}, true, false},
	} {
		text, err := os.ReadFile("testdata/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		say := map[string]string{}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			say[name] = value
		}
		unhex := func(name string) []byte { b, err := hex.DecodeString(say[name]); must(t, err); return b }
		k, err := enctype.New(enctype.AES256SHA1, unhex("key"))
		must(t, err)
		when, err := time.Parse(time.RFC3339, say["auth-time"])
		must(t, err)
		p, err := Open(unhex("pac"), k, say["client"], when)
		must(t, err)
		if p.Account != c.account || !strings.HasSuffix(string(p.SID), c.sid) || p.HasLogonInfo != (c.account != "") || p.ClientName != "alice" ||
			p.Target != c.target || !slices.Equal(p.Transited, c.transited) || p.TicketSigned != c.ticket || p.FullySigned != c.wholePAC || len(p.Groups) != c.groups {
			t.Errorf("%s: %+v", c.file, p)
		}
		if c.account != "" && (p.UPN != "alice@entente.test" || p.DNSDomain != "ENTENTE.TEST" || p.Domain != "ENTENTE") {
			t.Errorf("%s: %+v", c.file, p)
		}
		for i := range unhex("pac") {
			b := unhex("pac")
			b[i] ^= 0x80
			if q, err := Open(b, k, say["client"], when); err == nil && (q.SID != p.SID || q.Target != p.Target) {
				t.Errorf("%s: byte %d changed, and it says %+v", c.file, i, q)
			}
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryBit: a PAC is signed whole. What is not signed is the KDC's
// signature alone.
func TestEveryBit(t *testing.T) {
	k, _ := enctype.NewRC4([]byte("sixteen bytes ok"))
	good := signedWith(t, example(t), k)
	f, _ := split(good)
	_, kdc, _ := signature(f.kdc)
	when := time.Date(2006, 4, 28, 1, 42, 50, 0, time.UTC)
	for i := range len(good) * 8 {
		b := bytes.Clone(good)
		b[i/8] ^= 1 << (i % 8)
		_, err := Open(b, k, "lzhu", when)
		if at := i / 8; at >= f.kdcAt+4 && at < f.kdcAt+4+len(kdc) {
			if err != nil {
				t.Errorf("bit %d of the KDC's signature: %v", i, err)
			}
		} else if err == nil {
			t.Errorf("bit %d may be changed", i)
		}
	}
	for n := range good {
		if _, err := Open(good[:n], k, "lzhu", when); err == nil {
			t.Errorf("the first %d bytes are accepted", n)
		}
	}
}

// TestContradictions are PACs that are signed, and still not right: a KDC that
// errs, or one of a realm that should not be believed in everything.
func TestContradictions(t *testing.T) {
	k, _ := enctype.NewRC4([]byte("sixteen bytes ok"))
	when := time.Date(2006, 4, 28, 1, 42, 50, 0, time.UTC)
	info := func(b []byte) []byte { f, _ := split(b); return f.logon }
	// Where in LOGON_INFO: behind the headers of 16 bytes and a pointer of 4.
	const (
		userID     = 20 + 48 + 48 + 4
		groupCount = userID + 8
		userFlags  = groupCount + 8
	)
	for _, c := range []struct {
		name   string
		change func(b []byte)
		want   string // what the error says, or "" with what check finds
		check  func(p *PAC) bool
	}{
		{"a version of 1", func(b []byte) { b[4] = 1 }, "malformed", nil},
		{"no buffers", func(b []byte) { binary.LittleEndian.PutUint32(b, 0) }, "no signature", nil},
		{"more buffers than there is room for", func(b []byte) { binary.LittleEndian.PutUint32(b, 32) }, "malformed", nil},
		{"a billion buffers", func(b []byte) { binary.LittleEndian.PutUint32(b, 1<<30) }, "malformed", nil},
		{"a buffer behind the end", func(b []byte) { binary.LittleEndian.PutUint64(b[16:], uint64(len(b)+8)) }, "malformed", nil},
		{"a buffer far behind the end", func(b []byte) { binary.LittleEndian.PutUint64(b[16:], 1<<63) }, "malformed", nil},
		{"a buffer in the header", func(b []byte) { binary.LittleEndian.PutUint64(b[16:], 0) }, "malformed", nil},
		{"a buffer that is too long", func(b []byte) { binary.LittleEndian.PutUint32(b[12:], 1<<31) }, "malformed", nil},
		{"a buffer over the next", func(b []byte) { binary.LittleEndian.PutUint32(b[12:], 0x4c0) }, "over one another", nil},
		{"a buffer that is not aligned", func(b []byte) { b[16]++ }, "malformed", nil},
		{"the same type twice", func(b []byte) { binary.LittleEndian.PutUint32(b[8+16:], 1) }, "two buffers of type 1", nil},
		{"a group count of a billion", func(b []byte) { binary.LittleEndian.PutUint32(info(b)[groupCount:], 1<<30) }, "LOGON_INFO", nil},
		{"a group count of one less", func(b []byte) { binary.LittleEndian.PutUint32(info(b)[groupCount:], 25) }, "LOGON_INFO", nil},
		{"big endian", func(b []byte) { info(b)[1] = 0 }, "LOGON_INFO", nil},
		{"an odd length of a name", func(b []byte) { info(b)[20+48]++ }, "LOGON_INFO", nil},
		{"a name longer than its room", func(b []byte) { info(b)[20+48+2] = 2 }, "LOGON_INFO", nil},
		{"a name shorter than its length", func(b []byte) { info(b)[236+8] = 3 }, "LOGON_INFO", nil},
		{"a name that begins later", func(b []byte) { info(b)[236+4] = 1 }, "LOGON_INFO", nil},
		{"a name of a billion", func(b []byte) { copy(info(b)[236:], "\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x40") }, "LOGON_INFO", nil},
		{"a size beyond the buffer", func(b []byte) { binary.LittleEndian.PutUint32(info(b)[8:], 1<<20) }, "LOGON_INFO", nil},
		{"extra SIDs without the flag for them", func(b []byte) { binary.LittleEndian.PutUint32(info(b)[userFlags:], 0) }, "", func(p *PAC) bool { return len(p.Groups) == 26 }},
		{"no user: the first extra SID is his", func(b []byte) { binary.LittleEndian.PutUint32(info(b)[userID:], 0) }, "", func(p *PAC) bool {
			return p.SID == "S-1-5-21-773533881-1816936887-355810188-513" && len(p.Groups) == 26+12
		}},
		{"no user and no extra SID", func(b []byte) {
			binary.LittleEndian.PutUint32(info(b)[userID:], 0)
			binary.LittleEndian.PutUint32(info(b)[userFlags:], 0)
		}, "LOGON_INFO", nil},
	} {
		b := example(t)
		c.change(b)
		if f, err := split(b); err == nil && f.server != nil {
			b = signedWith(t, b, k)
		}
		p, err := Open(b, k, "lzhu", when)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		case c.want == "" && (err != nil || !c.check(p)):
			t.Errorf("%s: %+v, %v", c.name, p, err)
		}
	}
}

// TestGroupsThatCount: a group that is not enabled, or there to be refused by
// only, is none.
func TestGroupsThatCount(t *testing.T) {
	ids := func(pairs ...uint32) (b []byte) {
		for _, v := range pairs {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		return b
	}
	got := appendRIDs(nil, "S-1-5-21-1", ids(513, 7, 600, 3, 601, 0x17, 602, 0x20000007, 4294967295, 4))
	if want := []entente.SID{"S-1-5-21-1-513", "S-1-5-21-1-602", "S-1-5-21-1-4294967295"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestParseSID(t *testing.T) {
	for _, c := range []struct{ hex, sid string }{
		{"010500000000000515000000010000000200000003000000f4010000", "S-1-5-21-1-2-3-500"},
		{"010100000000000512000000", "S-1-5-18"},
		{"0101ffffffffffff00000000", "S-1-281474976710655-0"},
		{"0100000000000005", ""},                  // no sub-authority
		{"020100000000000512000000", ""},          // revision 2
		{"0102000000000005120000", ""},            // cut
		{"01010000000000051200000000", ""},        // more
		{"0110" + strings.Repeat("00", 6+64), ""}, // sixteen sub-authorities
	} {
		b, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := parseSID(b)
		if string(s) != c.sid || ok != (c.sid != "") {
			t.Errorf("%s: %q, %v, want %q", c.hex, s, ok, c.sid)
		}
		if p, err := entente.ParseSID(c.sid); c.sid != "" && (err != nil || p != s) {
			t.Errorf("%q is none: %v", c.sid, err)
		}
	}
}

// FuzzRead reads what a KDC may have signed. It allocates no more than a few
// times what it is given, whatever that says of its lengths.
func FuzzRead(f *testing.F) {
	f.Add(example(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		bufs, err := split(b)
		if err != nil {
			return
		}
		_ = verify(b, bufs, fuzzKey)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p := new(PAC)
		err = p.read(bufs)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 64*uint64(len(b))+64<<10 {
			t.Fatalf("%d bytes for %d", n, len(b))
		}
		if err != nil {
			return
		}
		for _, s := range append(p.Groups, p.SID, p.DomainSID) {
			if !p.HasLogonInfo {
				break
			}
			if strings.ContainsAny(string(s), "\x00\n ") || !strings.HasPrefix(string(s), "S-1-") {
				t.Errorf("%q is no SID", s)
			}
		}
		for _, s := range append(p.Transited, p.Account, p.Domain, p.UPN, p.DNSDomain, p.Target, p.ClientName) {
			if strings.ContainsAny(s, "\x00\r\n\x7f") {
				t.Errorf("%q has control characters", s)
			}
		}
	})
}

var fuzzKey, _ = enctype.New(enctype.AES128SHA1, []byte("sixteen bytes ok"))
