package pac

import (
	"encoding/binary"
	"slices"
	"strconv"

	"entente"
)

// Flags of KERB_VALIDATION_INFO, [MS-PAC] 2.5: which of the lists count.
const (
	logonExtraSIDs      = 0x20
	logonResourceGroups = 0x200
)

// Attributes of a group, [MS-PAC] 2.2.1. One that is not enabled, or is there
// to be refused by only, gives nobody anything.
const (
	groupEnabled  = 0x4
	groupDenyOnly = 0x10
)

// readLogonInfo reads KERB_VALIDATION_INFO. [MS-PAC] 2.5
func (p *PAC) readLogonInfo(b []byte) bool {
	r := newReader(b)
	r.take(6*8, 4) // times: logon, logoff, kick-off, three of the password
	account := r.text()
	full, script, profile, home, drive := r.text(), r.text(), r.text(), r.text(), r.text()
	r.u16() // logons
	r.u16() // bad passwords
	user, primary := r.u32(), r.u32()
	groups, hasGroups := r.u32(), r.pointer()
	p.UserFlags = r.u32()
	r.take(16, 1) // session key: of NTLM
	server, domain := r.text(), r.text()
	hasDomainSID := r.pointer()
	r.take(8, 4) // reserved
	p.UserAccountControl = r.u32()
	r.take(4+8+8+4+4, 4) // sub-authentication, sign-ins, reserved
	extra, hasExtra := r.u32(), r.pointer()
	hasResourceSID := r.pointer()
	resources, hasResources := r.u32(), r.pointer()

	// What the pointers point to, in the order of the pointers.
	p.Account = r.chars(account, true)
	for _, t := range []text{full, script, profile, home, drive} {
		r.chars(t, false)
	}
	groupIDs := r.array(groups, hasGroups)
	r.chars(server, false)
	p.Domain = r.chars(domain, true)
	if hasDomainSID {
		p.DomainSID = r.sid()
	}
	extraSIDs := r.extraSIDs(extra, hasExtra)
	var resourceSID entente.SID
	if hasResourceSID {
		resourceSID = r.sid()
	}
	resourceIDs := r.array(resources, hasResources)
	if r.bad || p.Account == "" || p.DomainSID == "" || hasResources && resources > 0 && resourceSID == "" {
		return false
	}
	if p.UserFlags&logonExtraSIDs == 0 {
		extraSIDs = nil
	}
	if p.UserFlags&logonResourceGroups == 0 {
		resourceIDs = nil
	}
	// A UserId of 0 says that the account's SID is the first of the extra ones.
	if user != 0 {
		p.SID = withRID(p.DomainSID, user)
	} else if len(extraSIDs) > 0 {
		p.SID, extraSIDs = extraSIDs[0].sid, extraSIDs[1:]
	}
	if p.SID == "" {
		return false
	}
	p.Groups = appendRIDs(make([]entente.SID, 0, len(groupIDs)/8+len(extraSIDs)+len(resourceIDs)/8+1), p.DomainSID, groupIDs)
	if g := withRID(p.DomainSID, primary); primary != 0 && !slices.Contains(p.Groups, g) {
		p.Groups = append(p.Groups, g)
	}
	for _, e := range extraSIDs {
		if counts(e.attributes) {
			p.Groups = append(p.Groups, e.sid)
		}
	}
	p.Groups = appendRIDs(p.Groups, resourceSID, resourceIDs)
	p.HasLogonInfo = true
	return true
}

// array returns the bytes of n GROUP_MEMBERSHIPs, [MS-PAC] 2.2.2.
func (r *reader) array(n uint32, present bool) []byte {
	if !present {
		r.bad = r.bad || n != 0
		return nil
	}
	if r.u32() != n || int64(n)*8 > int64(len(r.b)) {
		r.bad = true
		return nil
	}
	return r.take(int(n)*8, 4)
}

type extraSID struct {
	sid        entente.SID
	attributes uint32
}

// extraSIDs reads an array of KERB_SID_AND_ATTRIBUTES, [MS-PAC] 2.2.1: their
// pointers and attributes first, then the SIDs.
func (r *reader) extraSIDs(n uint32, present bool) []extraSID {
	heads := r.array(n, present)
	if len(heads) == 0 {
		return nil
	}
	all := make([]extraSID, 0, n)
	for ; len(heads) > 0; heads = heads[8:] {
		if binary.LittleEndian.Uint32(heads) == 0 {
			r.bad = true
		}
		all = append(all, extraSID{r.sid(), binary.LittleEndian.Uint32(heads[4:])})
		if r.bad {
			return nil
		}
	}
	return all
}

func counts(attributes uint32) bool {
	return attributes&groupEnabled != 0 && attributes&groupDenyOnly == 0
}

// withRID is the SID of an account of a domain.
func withRID(domain entente.SID, rid uint32) entente.SID {
	var b [200]byte
	return entente.SID(strconv.AppendUint(append(append(b[:0], domain...), '-'), uint64(rid), 10))
}

// appendRIDs appends the groups of a domain that count. Their text is made at
// once: there may be a thousand.
func appendRIDs(dst []entente.SID, domain entente.SID, members []byte) []entente.SID {
	buf := make([]byte, 0, len(members)/8*(len(domain)+11))
	for m := members; len(m) > 0; m = m[8:] {
		if counts(binary.LittleEndian.Uint32(m[4:])) {
			buf = strconv.AppendUint(append(append(buf, domain...), '-'), uint64(binary.LittleEndian.Uint32(m)), 10)
			buf = append(buf, ' ')
		}
	}
	all := string(buf)
	for start, i := 0, 0; i < len(all); i++ {
		if all[i] == ' ' {
			dst = append(dst, entente.SID(all[start:i]))
			start = i + 1
		}
	}
	return dst
}

// readDelegation reads S4U_DELEGATION_INFO. [MS-PAC] 2.9
func (p *PAC) readDelegation(b []byte) bool {
	r := newReader(b)
	target := r.text()
	n, present := r.u32(), r.pointer()
	p.Target = r.chars(target, true)
	if !present {
		return !r.bad && n == 0
	}
	if r.u32() != n || n > maxTransited {
		return false
	}
	var heads [maxTransited]text
	for i := range n {
		heads[i] = r.text()
	}
	for i := range n {
		p.Transited = append(p.Transited, r.chars(heads[i], true))
	}
	return !r.bad
}

// maxTransited is how many services may have passed a request on.
const maxTransited = 32
