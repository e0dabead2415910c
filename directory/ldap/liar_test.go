package ldap

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/db/dbtest"
	"entente/directory"
)

// A liar is a server that answers like a domain controller, except where a test
// has it do something else.
type liar struct {
	t          *testing.T
	tls        *tls.Config
	roots      *x509.CertPool
	address    string
	objects    []*goldap.Entry
	root       map[string][]string
	invocation string // of 16 bytes
	dials      atomic.Int32

	mu sync.Mutex // while it answers, and while it is changed

	search func(l *liar, w io.Writer, id int64, q asked) bool // true: it has answered
	plain  func(c net.Conn) bool                              // before TLS: true to go on
}

// asked is a search.
type asked struct {
	base, filter string
	attrs        []string
	paged        bool
}

func newLiar(t *testing.T) *liar {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{t: t, roots: x509.NewCertPool(), tls: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	l.roots.AddCert(made)
	l.invocation = "0123456789abcdef"
	l.root = map[string][]string{
		"defaultNamingContext": {"DC=entente,DC=test"}, "dsServiceName": {"CN=NTDS Settings"}, "highestCommittedUSN": {"1000"},
		"supportedControl": {goldap.ControlTypeMicrosoftShowDeleted, goldap.ControlTypeMicrosoftExtendedDN}, "isSynchronized": {"TRUE"},
	}
	for i := range 3 {
		l.objects = append(l.objects, person(i))
	}
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.address = n.Addr().String()
	t.Cleanup(func() { _ = n.Close() })
	go func() {
		for {
			c, err := n.Accept()
			if err != nil {
				return
			}
			l.dials.Add(1)
			go l.serve(c)
		}
	}()
	return l
}

func binarySID(rid uint32) string {
	b := []byte{1, 5, 0, 0, 0, 0, 0, 5}
	for _, n := range [...]uint32{21, 1, 2, 3, rid} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return string(b)
}

func person(i int) *goldap.Entry {
	name := fmt.Sprintf("p%04d", i)
	return goldap.NewEntry("CN="+name+",DC=entente,DC=test", map[string][]string{
		"objectClass": {"top", "person", "user"}, "objectGUID": {fmt.Sprintf("%016d", i+1)}, "objectSid": {binarySID(uint32(2000 + i))},
		"uSNChanged": {fmt.Sprint(100 + i)}, "sAMAccountName": {name}, "userPrincipalName": {name + "@entente.test"},
		"displayName": {name}, "userAccountControl": {"512"}, "primaryGroupID": {"513"},
	})
}

func (l *liar) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if l.plain != nil && !l.plain(c) {
		return
	}
	over := tls.Server(c, l.tls)
	for {
		p, err := ber.ReadPacket(over)
		if err != nil || len(p.Children) < 2 {
			return
		}
		id, _ := p.Children[0].Value.(int64)
		switch p.Children[1].Tag {
		case goldap.ApplicationBindRequest:
			_, _ = over.Write(message(id, result(goldap.ApplicationBindResponse, 0, "")))
		case goldap.ApplicationSearchRequest:
			l.answer(over, id, p)
		default:
			return
		}
	}
}

func (l *liar) answer(w io.Writer, id int64, p *ber.Packet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := p.Children[1].Children
	q := asked{base: fmt.Sprint(r[0].Value), paged: len(p.Children) > 2 && bytes.Contains(p.Children[2].Bytes(), []byte(goldap.ControlTypePaging))}
	q.filter, _ = goldap.DecompileFilter(r[6])
	for _, a := range r[7].Children {
		q.attrs = append(q.attrs, fmt.Sprint(a.Value))
	}
	if l.search != nil && l.search(l, w, id, q) {
		return
	}
	l.honest(w, id, q)
}

var changedSince = regexp.MustCompile(`uSNChanged>=(\d+)`)

// lie has it answer otherwise from now on; nil ends it.
func (l *liar) lie(search func(l *liar, w io.Writer, id int64, q asked) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.search = search
}

// become changes what it has.
func (l *liar) become(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// honest answers as it should be.
func (l *liar) honest(w io.Writer, id int64, q asked) {
	var found []*goldap.Entry
	switch {
	case q.base == "":
		found = append(found, goldap.NewEntry("", l.root))
	case q.base == "CN=NTDS Settings":
		found = append(found, goldap.NewEntry(q.base, map[string][]string{"invocationId": {l.invocation}}))
	case q.base == "CN=Schema":
		found = append(found, goldap.NewEntry("CN=ms-Exch-Recipient-Type-Details,CN=Schema", nil))
	case strings.HasPrefix(q.base, "CN=Deleted Objects"):
		found = append(found, goldap.NewEntry(q.base, nil))
	case !q.paged && q.filter == "(objectClass=*)":
		for _, e := range l.objects {
			if e.DN == q.base {
				found = append(found, e)
			}
		}
		if q.base == "DC=entente,DC=test" {
			b := binarySID(0)
			found = append(found, goldap.NewEntry(q.base, map[string][]string{"objectSid": {"\x01\x04" + b[2:len(b)-4]}}))
		}
	default:
		groups := strings.Contains(q.filter, "(objectCategory=group)")
		since := 0
		if m := changedSince.FindStringSubmatch(q.filter); m != nil {
			since, _ = strconv.Atoi(m[1])
		}
		for _, e := range l.objects {
			if n, _ := strconv.Atoi(e.GetAttributeValue("uSNChanged")); n >= since && groups == (e.GetAttributeValue("groupType") != "") {
				found = append(found, e)
			}
		}
	}
	for _, e := range found {
		_, _ = w.Write(message(id, entryPacket(e)))
	}
	l.done(w, id, q.paged, "")
}

// done ends an answer.
func (l *liar) done(w io.Writer, id int64, paged bool, cookie string) {
	if !paged {
		_, _ = w.Write(message(id, result(goldap.ApplicationSearchResultDone, 0, "")))
		return
	}
	control := goldap.NewControlPaging(0)
	control.SetCookie([]byte(cookie))
	controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
	controls.AppendChild(control.Encode())
	_, _ = w.Write(message(id, result(goldap.ApplicationSearchResultDone, 0, ""), controls))
}

func message(id int64, parts ...*ber.Packet) []byte {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	for _, x := range parts {
		p.AppendChild(x)
	}
	return p.Bytes()
}

func result(tag ber.Tag, code int, text string) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	p.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	p.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, ""))
	return p
}

func entryPacket(e *goldap.Entry) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultEntry, nil, "")
	p.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, e.DN, ""))
	attrs := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for _, a := range e.Attributes {
		one := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		one.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, a.Name, ""))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range a.Values {
			set.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, v, ""))
		}
		one.AppendChild(set)
		attrs.AppendChild(one)
	}
	p.AppendChild(attrs)
	return p
}

func referral(tag ber.Tag) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	p.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "ldap://127.0.0.1:1/DC=elsewhere", ""))
	return p
}

// client is one that asks the liar.
func (l *liar) client(t *testing.T, servers ...string) (*Client, *directory.Directory) {
	t.Helper()
	d := dbtest.SQLite(t)
	here, err := directory.Open(t.Context(), directory.Config{DB: d, Organization: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(t.Context(), Schema()); err != nil {
		t.Fatal(err)
	}
	if servers == nil {
		servers = []string{"ldaps://" + l.address}
	}
	c, err := New(Config{
		Servers: servers, BindDN: "reader", Password: entente.NewSecret("x"), TLS: &tls.Config{RootCAs: l.roots},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != l.address {
				t.Errorf("%s was asked, which nobody configured", address)
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		Timeout: 20 * time.Second, Directory: here, DB: d, Node: "one", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, here
}
