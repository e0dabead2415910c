// Package pac reads the authorization data that Active Directory puts into its
// tickets, the PAC of [MS-PAC]: who somebody is, in which groups, and which
// services have passed his request on.
//
// It reads what its caller has decrypted. Whether a PAC is a KDC's word is in
// its signatures, so that Open checks before it reads. A service can check one
// of them, the one made with the service's own key: that nobody who has not
// this key has made or changed the PAC. Those made with the KDC's key (of the
// first one, of the ticket, and of all the PAC) are for KDCs; a service that
// could check them could forge them. So whoever holds the service's key can
// forge what he shows to this service, and to no other.
package pac

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"entente"
	"entente/kerberos/enctype"
)

// A PAC is what the buffers say that this server uses. [MS-PAC] 2.3.
type PAC struct {
	// Of LOGON_INFO, [MS-PAC] 2.5.
	Account            string        // EffectiveName: sAMAccountName
	Domain             string        // LogonDomainName: NetBIOS
	DomainSID          entente.SID   // LogonDomainId
	SID                entente.SID   // LogonDomainId and UserId
	Groups             []entente.SID // of the domain, extra SIDs and resource groups
	UserFlags          uint32
	UserAccountControl uint32

	// Of CLIENT_INFO, [MS-PAC] 2.7: it must be the ticket's client and time.
	ClientName string
	ClientID   time.Time

	// Of UPN_DNS_INFO, [MS-PAC] 2.10; its SID, where there is one, is SID.
	UPN       string
	DNSDomain string

	// Of S4U_DELEGATION_INFO, [MS-PAC] 2.9: for which service the last ticket was
	// asked, and by which services before it, the first one first. Empty without
	// constrained delegation.
	Target    string
	Transited []string

	// HasLogonInfo is false for KDCs that say no more than CLIENT_INFO.
	HasLogonInfo bool
	// TicketSigned is true if there is a ticket signature (buffer 16), without
	// which a service's own key can forge whom it got a ticket for.
	TicketSigned bool
	// FullySigned is true if the KDC has signed the PAC whole (buffer 19). Neither
	// is checked here: it takes the KDC's key.
	FullySigned bool
}

// Types of buffers, [MS-PAC] 2.4.
const (
	bufLogonInfo     = 1
	bufServerSum     = 6
	bufKDCSum        = 7
	bufClientInfo    = 10
	bufDelegation    = 11
	bufUPNDNS        = 12
	bufTicketSum     = 16
	bufRequestor     = 18
	bufFullSum       = 19
	maxPAC           = 64 << 10 // MaxTokenSize of Windows ends before
	maxBuffers       = 32
	usageSignature   = 17 // KERB_NON_KERB_CKSUM_SALT, [MS-PAC] 2.8.1
	upnHasExtension  = 0x2
	filetimeOfUnix   = 116444736000000000 // 1970 in 100 ns since 1601
	filetimesASecond = 10_000_000
)

// What can be wrong with a PAC. Malformed also tells of duplicates and of
// parts that contradict one another.
var (
	ErrMalformed = errors.New("the PAC is malformed")
	ErrUnsigned  = errors.New("the PAC has no signature of the service's key")
	ErrSignature = errors.New("the PAC's signature is not one of the service's key")
	ErrClient    = errors.New("the PAC is not of the ticket's client and time")
)

// buffers are the places of what is read; of what is not there it is nil.
type buffers struct {
	logon, client, delegation, upn, requestor []byte
	server, kdc, ticket, full                 []byte
	serverAt, kdcAt                           int
}

// Open checks a PAC and reads it: that it is signed with the service's key,
// and is about the client and time that the ticket is about. The name is that
// of the ticket's cname, its parts joined by "/".
func Open(b []byte, key *enctype.Key, client string, authTime time.Time) (*PAC, error) {
	f, err := split(b)
	if err != nil {
		return nil, err
	}
	if err := verify(b, f, key); err != nil {
		return nil, err
	}
	p := new(PAC)
	if err := p.read(f); err != nil {
		return nil, err
	}
	if p.ClientName != client || !p.ClientID.Equal(authTime) {
		return nil, fmt.Errorf("%w: it names %q", ErrClient, p.ClientName)
	}
	return p, nil
}

// split finds the buffers. [MS-PAC] 2.3, 2.4
func split(b []byte) (f buffers, err error) {
	if len(b) < 8 || len(b) > maxPAC {
		return f, ErrMalformed
	}
	n, version := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if version != 0 || n > maxBuffers || len(b) < 8+16*int(n) {
		return f, ErrMalformed
	}
	var seen uint64
	var spans [maxBuffers][2]int
	for i := range int(n) {
		h := b[8+16*i:]
		kind, size, at := binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:]), binary.LittleEndian.Uint64(h[8:])
		if at > uint64(len(b)) || uint64(size) > uint64(len(b))-at || at < uint64(8+16*n) || at%8 != 0 {
			return f, ErrMalformed
		}
		spans[i] = [2]int{int(at), int(at) + int(size)}
		for _, s := range spans[:i] {
			if s[0] < spans[i][1] && spans[i][0] < s[1] {
				return f, fmt.Errorf("%w: buffers lie over one another", ErrMalformed)
			}
		}
		if kind < 64 {
			if seen&(1<<kind) != 0 {
				return f, fmt.Errorf("%w: two buffers of type %d", ErrMalformed, kind)
			}
			seen |= 1 << kind
		}
		f.set(kind, b[at:at+uint64(size)], int(at))
	}
	return f, nil
}

func (f *buffers) set(kind uint32, b []byte, at int) {
	switch kind {
	case bufLogonInfo:
		f.logon = b
	case bufServerSum:
		f.server, f.serverAt = b, at
	case bufKDCSum:
		f.kdc, f.kdcAt = b, at
	case bufClientInfo:
		f.client = b
	case bufDelegation:
		f.delegation = b
	case bufUPNDNS:
		f.upn = b
	case bufTicketSum:
		f.ticket = b
	case bufRequestor:
		f.requestor = b
	case bufFullSum:
		f.full = b
	}
}

// verify checks the server signature: over the whole PAC, with the values of
// this signature and of the KDC's over it taken as zeros. [MS-PAC] 2.8.1
func verify(b []byte, f buffers, key *enctype.Key) error {
	kind, sum, ok := signature(f.server)
	_, kdcSum, okKDC := signature(f.kdc)
	if !ok || !okKDC {
		return ErrUnsigned
	}
	// A signature of another type would be one of another key, or of a weaker
	// algorithm than the ticket's.
	if kind != key.ChecksumType() {
		return fmt.Errorf("%w: it is of type %d", ErrSignature, kind)
	}
	var zeros [64]byte
	first, firstLen := f.serverAt+4, len(sum)
	second, secondLen := f.kdcAt+4, len(kdcSum)
	if first > second {
		first, firstLen, second, secondLen = second, secondLen, first, firstLen
	}
	if !key.Verify(sum, usageSignature, b[:first], zeros[:firstLen], b[first+firstLen:second], zeros[:secondLen], b[second+secondLen:]) {
		return ErrSignature
	}
	return nil
}

// signature reads PAC_SIGNATURE_DATA. [MS-PAC] 2.8
func signature(b []byte) (enctype.ChecksumType, []byte, bool) {
	if len(b) < 4 {
		return 0, nil, false
	}
	kind := enctype.ChecksumType(int32(binary.LittleEndian.Uint32(b)))
	size := 0
	switch kind {
	case enctype.ChecksumSHA1AES128, enctype.ChecksumSHA1AES256:
		size = 12
	case enctype.ChecksumHMACMD5, enctype.ChecksumSHA256AES128:
		size = 16
	case enctype.ChecksumSHA384AES256:
		size = 24
	}
	// Behind it may stand the number of a read-only domain controller.
	if size == 0 || len(b) < 4+size || len(b) > 4+size+4 {
		return 0, nil, false
	}
	return kind, b[4 : 4+size], true
}

// read reads the buffers of a PAC whose signature has been verified.
func (p *PAC) read(f buffers) error {
	if !p.readClientInfo(f.client) {
		return fmt.Errorf("%w: CLIENT_INFO", ErrMalformed)
	}
	if f.logon != nil && !p.readLogonInfo(f.logon) {
		return fmt.Errorf("%w: LOGON_INFO", ErrMalformed)
	}
	if f.upn != nil && !p.readUPN(f.upn) {
		return fmt.Errorf("%w: UPN_DNS_INFO", ErrMalformed)
	}
	if f.delegation != nil && !p.readDelegation(f.delegation) {
		return fmt.Errorf("%w: S4U_DELEGATION_INFO", ErrMalformed)
	}
	if f.requestor != nil {
		// [MS-PAC] 2.15: who asked for the ticket, which is the client.
		if s, ok := parseSID(f.requestor); !ok || p.HasLogonInfo && s != p.SID {
			return fmt.Errorf("%w: PAC_REQUESTOR", ErrMalformed)
		}
	}
	_, _, p.TicketSigned = signature(f.ticket)
	_, _, p.FullySigned = signature(f.full)
	return nil
}

// readClientInfo reads PAC_CLIENT_INFO. [MS-PAC] 2.7
func (p *PAC) readClientInfo(b []byte) (ok bool) {
	if len(b) < 10 || len(b) != 10+int(binary.LittleEndian.Uint16(b[8:])) {
		return false
	}
	p.ClientID = filetime(binary.LittleEndian.Uint64(b))
	p.ClientName, ok = decode(b[10:])
	return ok && p.ClientName != ""
}

func filetime(v uint64) time.Time {
	d := int64(v) - filetimeOfUnix
	return time.Unix(d/filetimesASecond, d%filetimesASecond*100).UTC()
}

// readUPN reads UPN_DNS_INFO, and the SID of its extension, which has to be
// that of LOGON_INFO. [MS-PAC] 2.10
func (p *PAC) readUPN(b []byte) bool {
	if len(b) < 12 {
		return false
	}
	flags := binary.LittleEndian.Uint32(b[8:])
	head := 12
	if flags&upnHasExtension != 0 {
		if head = 20; len(b) < head {
			return false
		}
	}
	part := func(at int) []byte {
		n, off := int(binary.LittleEndian.Uint16(b[at:])), int(binary.LittleEndian.Uint16(b[at+2:]))
		if n == 0 {
			return []byte{}
		}
		if off < head || off+n > len(b) {
			return nil
		}
		return b[off : off+n]
	}
	upn, dns := part(0), part(4)
	if upn == nil || dns == nil {
		return false
	}
	var okUPN, okDNS bool
	p.UPN, okUPN = decode(upn)
	p.DNSDomain, okDNS = decode(dns)
	if !okUPN || !okDNS || flags&upnHasExtension == 0 {
		return okUPN && okDNS
	}
	if sam := part(12); sam == nil {
		return false
	}
	sid, ok := parseSID(part(16))
	return ok && (!p.HasLogonInfo || sid == p.SID)
}
