// Package minttest mints Kerberos tickets for tests: a Realm is one of which the
// test is the KDC, and whatever a ticket or its PAC says is the test's to
// choose, whether a KDC would say it or not.
//
//	realm := minttest.NewRealm("CONTOSO.EXAMPLE", "S-1-5-21-1-2-3")
//	http := realm.Service("HTTP/mail.contoso.example")
//	keytab, _ := kerberos.ReadKeytab(bytes.NewReader(minttest.Keytab(http)))
//	ticket := http.Issue(time.Now(), minttest.Ticket{Client: "anna", PAC: &minttest.PAC{RID: 1104}})
//	r.Header.Set("Authorization", "Negotiate "+base64.StdEncoding.EncodeToString(ticket.Token(time.Now(), minttest.Request{})))
//
// It writes by itself what package kerberos reads, and shares nothing with it
// but the cryptography: what both misread alike would go unseen.
package minttest

import (
	"encoding/binary"
	"strings"
	"time"

	"entente"
	"entente/kerberos/enctype"
)

// A Realm is a realm whose keys the test has.
type Realm struct {
	Name   string
	Domain entente.SID // of the accounts in PACs
	// TGS is the key that only KDCs have.
	TGS *enctype.Key
}

// NewRealm makes a realm with a key of its own.
func NewRealm(name string, domain entente.SID) *Realm {
	return &Realm{name, domain, key(enctype.AES256SHA1)}
}

func key(e enctype.Etype) *enctype.Key {
	if e == enctype.RC4HMAC {
		k, err := enctype.Generate(enctype.AES128SHA1)
		if err == nil {
			k, err = enctype.NewRC4(k.Bytes())
		}
		must(err)
		return k
	}
	k, err := enctype.Generate(e)
	must(err)
	return k
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A Service is an account that tickets are for.
type Service struct {
	Realm *Realm
	Name  string // HTTP/mail.contoso.example
	Kvno  uint32
	Key   *enctype.Key
}

// Service makes one with an AES-256 key.
func (r *Realm) Service(name string) *Service {
	return &Service{r, name, 1, key(enctype.AES256SHA1)}
}

// With returns the service with another key, of a type and version.
func (s *Service) With(e enctype.Etype, kvno uint32) *Service {
	return &Service{s.Realm, s.Name, kvno, key(e)}
}

// As returns another name of the same account.
func (s *Service) As(name string) *Service { return &Service{s.Realm, name, s.Kvno, s.Key} }

// Keytab writes the keys of services in the format of MIT Kerberos, 5.2.
func Keytab(services ...*Service) []byte {
	out := []byte{5, 2}
	text := func(b []byte, s string) []byte {
		return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
	}
	for _, s := range services {
		parts := strings.Split(s.Name, "/")
		e := binary.BigEndian.AppendUint16(nil, uint16(len(parts)))
		e = text(e, s.Realm.Name)
		for _, p := range parts {
			e = text(e, p)
		}
		e = binary.BigEndian.AppendUint32(e, 1)          // KRB5_NT_PRINCIPAL
		e = binary.BigEndian.AppendUint32(e, 1700000000) // when it was written
		e = append(e, byte(s.Kvno))
		e = binary.BigEndian.AppendUint16(e, uint16(s.Key.Etype()))
		e = text(e, string(s.Key.Bytes()))
		e = binary.BigEndian.AppendUint32(e, s.Kvno)
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(e))), e...)
	}
	return out
}

// A Ticket is what a ticket is to say. What is not said is as a KDC has it: of
// now, for ten hours, forwardable, without a PAC.
type Ticket struct {
	Client      string // anna
	ClientRealm string // default the service's
	NameType    int64  // default 1, KRB5_NT_PRINCIPAL
	PAC         *PAC

	Flags            uint32 // default forwardable and pre-authenticated
	Auth, Start, End time.Time
	Session          enctype.Etype // default AES-256
	Transited        string
	// Data is more authorization data: of kind, as it is.
	Data []Data
	// SpoilPAC changes the finished PAC, and Spoil the finished content of the
	// ticket, before it is encrypted.
	SpoilPAC, Spoil func([]byte) []byte
}

// Data is an element of authorization data.
type Data struct {
	Kind  int64
	Bytes []byte
}

// Flags that tests set. RFC 4120 5.3
const (
	Forwardable      = 1 << (31 - 1)
	Invalid          = 1 << (31 - 7)
	PreAuthenticated = 1 << (31 - 10)
	PolicyChecked    = 1 << (31 - 12)
)

// Issued is a ticket and its session key, as a client has them.
type Issued struct {
	Raw         []byte // Ticket, RFC 4120 5.3
	Session     *enctype.Key
	Client      string
	ClientRealm string
	NameType    int64
}

// Issue makes a ticket.
func (s *Service) Issue(now time.Time, t Ticket) *Issued {
	now = now.Truncate(time.Second)
	t.fill(s, now)
	i := &Issued{Session: key(t.Session), Client: t.Client, ClientRealm: t.ClientRealm, NameType: t.NameType}
	plain := s.content(t, i.Session)
	if t.Spoil != nil {
		plain = t.Spoil(plain)
	}
	i.Raw = s.seal(plain)
	return i
}

func (t *Ticket) fill(s *Service, now time.Time) {
	if t.ClientRealm == "" {
		t.ClientRealm = s.Realm.Name
	}
	if t.NameType == 0 {
		t.NameType = 1
	}
	if t.Flags == 0 {
		t.Flags = Forwardable | PreAuthenticated
	}
	if t.Auth.IsZero() {
		t.Auth = now
	}
	if t.Start.IsZero() {
		t.Start = now
	}
	if t.End.IsZero() {
		t.End = now.Add(10 * time.Hour)
	}
	if t.Session == 0 {
		t.Session = enctype.AES256SHA1
	}
}
