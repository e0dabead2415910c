package minttest

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"entente"
	"entente/kerberos/enctype"
)

// A PAC is what a PAC is to say, [MS-PAC] 2. What is not said is as a KDC has
// it: the ticket's client in the realm's domain.
type PAC struct {
	Account   string      // default the ticket's client
	RID       uint32      // of the account
	DomainSID entente.SID // default the realm's; another one is forged
	NetBIOS   string      // default the first label of the realm
	Groups    []uint32    // of the domain, default 513
	ExtraSIDs []entente.SID
	// Resource groups, of a domain that may be another one.
	ResourceDomain entente.SID
	ResourceGroups []uint32
	Attributes     uint32 // of groups, default 7: mandatory, on by default, enabled
	UserFlags      uint32 // default 0x20 and 0x200 as there is something to tell; another flag leaves them alone

	UPN, DNSDomain string
	UPNSID         entente.SID // default the account's
	Target         string      // S4U_DELEGATION_INFO
	Transited      []string
	ClientName     string // CLIENT_INFO, default the ticket's client
	ClientTime     time.Time

	// SignedBy makes the server signature, default the service's key.
	SignedBy *enctype.Key
	// KDCFirst has the KDC's signature before the service's.
	KDCFirst bool
	// Without are types of buffers that are left out; More are added.
	Without []uint32
	More    []Buffer
}

// A Buffer is a PAC_INFO_BUFFER.
type Buffer struct {
	Type  uint32
	Bytes []byte
}

// SID returns the account's.
func (p *PAC) sid(r *Realm) entente.SID {
	d := p.DomainSID
	if d == "" {
		d = r.Domain
	}
	return d + "-" + entente.SID(strconv.FormatUint(uint64(p.RID), 10))
}

func (p *PAC) bytes(s *Service, t Ticket) []byte {
	q := *p
	q.fill(s.Realm, t)
	signer := q.SignedBy
	if signer == nil {
		signer = s.Key
	}
	all := []Buffer{
		{1, q.logonInfo()},
		{10, clientInfo(q.ClientName, q.ClientTime)},
		{12, q.upnInfo(s.Realm)},
	}
	if q.Target != "" {
		all = append(all, Buffer{11, q.delegation()})
	}
	sums := []Buffer{{6, unsigned(signer)}, {7, unsigned(s.Realm.TGS)}}
	if q.KDCFirst {
		sums[0], sums[1] = sums[1], sums[0]
	}
	all = append(append(all, Buffer{16, unsigned(s.Realm.TGS)}), sums...)
	kept := all[:0]
	for _, b := range all {
		if !has(q.Without, b.Type) {
			kept = append(kept, b)
		}
	}
	return sign(append(kept, q.More...), signer, s.Realm.TGS)
}

func has(all []uint32, n uint32) bool {
	for _, a := range all {
		if a == n {
			return true
		}
	}
	return false
}

func (p *PAC) fill(r *Realm, t Ticket) {
	text := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	text(&p.Account, t.Client)
	text(&p.ClientName, t.Client)
	label, _, _ := strings.Cut(r.Name, ".")
	text(&p.NetBIOS, label)
	text(&p.UPN, t.Client+"@"+strings.ToLower(r.Name))
	text(&p.DNSDomain, r.Name)
	if p.DomainSID == "" {
		p.DomainSID = r.Domain
	}
	if p.UPNSID == "" {
		p.UPNSID = p.sid(r)
	}
	if p.Groups == nil {
		p.Groups = []uint32{513}
	}
	if p.Attributes == 0 {
		p.Attributes = 7
	}
	if p.ClientTime.IsZero() {
		p.ClientTime = t.Auth
	}
	if p.UserFlags == 0 && len(p.ExtraSIDs) > 0 {
		p.UserFlags = 0x20
	}
	if p.UserFlags&^0x20 == 0 && len(p.ResourceGroups) > 0 {
		p.UserFlags |= 0x200
	}
}

func unsigned(k *enctype.Key) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(int32(k.ChecksumType()))), make([]byte, len(k.Checksum(nil, 17)))...)
}

// sign puts the buffers together and signs them as [MS-PAC] 2.8 has it.
func sign(all []Buffer, server, tgs *enctype.Key) []byte {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(all)))
	head = binary.LittleEndian.AppendUint32(head, 0)
	at := map[uint32]int{}
	off := len(head) + 16*len(all)
	for _, b := range all {
		head = binary.LittleEndian.AppendUint32(head, b.Type)
		head = binary.LittleEndian.AppendUint32(head, uint32(len(b.Bytes)))
		head = binary.LittleEndian.AppendUint64(head, uint64(off))
		at[b.Type] = off
		off += (len(b.Bytes) + 7) &^ 7
	}
	for _, b := range all {
		head = append(head, b.Bytes...)
		head = append(head, make([]byte, -len(b.Bytes)&7)...)
	}
	if i, ok := at[6]; ok {
		sum := server.Checksum(nil, 17, head)
		copy(head[i+4:], sum)
		if j, ok := at[7]; ok {
			copy(head[j+4:], tgs.Checksum(nil, 17, sum))
		}
	}
	return head
}

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func filetime(t time.Time) uint64 { return uint64(t.Unix()*10_000_000 + 116444736000000000) }

func clientInfo(name string, at time.Time) []byte {
	n := utf16le(name)
	b := binary.LittleEndian.AppendUint64(nil, filetime(at))
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(n))), n...)
}

// SIDBytes is the packet form of a SID, [MS-DTYP] 2.4.2.2.
func SIDBytes(s entente.SID) []byte {
	parts := strings.Split(string(s), "-")
	n := func(i int) uint64 { v, err := strconv.ParseUint(parts[i], 10, 64); must(err); return v }
	var authority [8]byte
	binary.BigEndian.PutUint64(authority[:], n(2))
	b := append([]byte{1, byte(len(parts) - 3)}, authority[2:]...)
	for i := 3; i < len(parts); i++ {
		b = binary.LittleEndian.AppendUint32(b, uint32(n(i)))
	}
	return b
}

// upnInfo is UPN_DNS_INFO with its extension, [MS-PAC] 2.10.
func (p *PAC) upnInfo(*Realm) []byte {
	parts := [][]byte{utf16le(p.UPN), utf16le(p.DNSDomain), utf16le(p.Account), SIDBytes(p.UPNSID)}
	const head = 24
	var body []byte
	place := func(b, part []byte) []byte {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(part)))
		b = binary.LittleEndian.AppendUint16(b, uint16(head+len(body)))
		body = append(body, part...)
		body = append(body, make([]byte, -len(body)&7)...)
		return b
	}
	b := place(place(nil, parts[0]), parts[1])
	b = binary.LittleEndian.AppendUint32(b, 2)
	b = place(place(b, parts[2]), parts[3])
	return append(append(b, 0, 0, 0, 0), body...)
}
