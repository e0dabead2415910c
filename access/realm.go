package access

import (
	"slices"
	"strconv"
	"strings"

	"entente"
)

// A party is an account with the groups that its own realm says it is in,
// beside those the organization knows of.
type party struct {
	*account
	claimed []int32 // numbers; few
}

// in reports whether he is in the group with a number, -1 being none.
func (p *party) in(group int32) bool {
	return p.account.in(group) || group >= 0 && slices.Contains(p.claimed, group)
}

// has reports whether what is given to a number is given to him.
func (p *party) has(n int32) bool {
	return p.account.has(n) || n >= 0 && slices.Contains(p.claimed, n)
}

// numbers is how many numbers there are to try of what is given to him.
func (p *party) numbers() int { return len(p.self) + len(p.groups) + len(p.claimed) }

// number returns one of them; -1 is nothing's.
func (p *party) number(i int) int32 {
	if i < len(p.self) {
		return p.self[i]
	}
	if i -= len(p.self); i < len(p.groups) {
		return p.groups[i]
	}
	return p.claimed[i-len(p.groups)]
}

// isAdmin reports whether somebody may change the organization.
func (s *Snapshot) isAdmin(p *party) bool {
	for _, n := range s.admins {
		if p.has(n) {
			return true
		}
	}
	return false
}

// claimed finds the numbers of the groups that the caller's realm says he is
// in, and of those that hold them or are linked to them. What the realm says of
// SIDs outside its own domain is dropped: nobody but ourselves makes members of
// our groups. Only here may an allowed decision allocate: for those of whom
// something is claimed.
func (s *Snapshot) claimed(c *Caller, d *Decision) (into []int32) {
	if c == nil || len(c.Groups) == 0 || c.Method == Local {
		return nil
	}
	realm := s.realm(c.Realm)
	forged := ""
	for _, sid := range c.Groups {
		if !realm.vouches(sid, s.organization.DomainSID) {
			if forged == "" {
				forged = bounded(string(sid))
			}
			continue
		}
		n := s.number(sid)
		if n < 0 {
			continue
		}
		x := s.nodes.get(n)
		if x.claims != (claims{}) {
			continue // an account is no group of anybody's
		}
		into = include(into, n)
		for _, h := range x.holders {
			into = include(into, s.nodes.get(h).above...)
		}
		for _, l := range x.linked {
			into = include(into, s.nodes.get(l).above...)
		}
	}
	d.give("realm-groups", forged, forged == "", 0)
	return into
}

func include(into []int32, numbers ...int32) []int32 {
	for _, n := range numbers {
		if !slices.Contains(into, n) {
			into = append(into, n)
		}
	}
	return into
}

// realm finds a realm by name; the zero Realm vouches for nobody.
func (s *Snapshot) realm(name string) Realm {
	for _, r := range s.realms {
		if name != "" && strings.EqualFold(r.Name, name) {
			return r
		}
	}
	return Realm{}
}

// vouches reports whether sid is one of the realm's own domain: its SID and one
// relative identifier, [MS-DTYP] 2.4.2. No realm speaks of our own domain.
func (r Realm) vouches(sid, own entente.SID) bool {
	if r.DomainSID == "" || r.DomainSID == own {
		return false
	}
	rid, ok := strings.CutPrefix(string(sid), string(r.DomainSID)+"-")
	if !ok || rid == "" || rid[0] < '0' || rid[0] > '9' || rid[0] == '0' && len(rid) > 1 {
		return false
	}
	_, err := strconv.ParseUint(rid, 10, 32)
	return err == nil
}

// Vouches reports whether a realm's word counts about a SID.
func (s *Snapshot) Vouches(realm string, sid entente.SID) bool {
	return s.realm(realm).vouches(sid, s.organization.DomainSID)
}

// RealmOf returns the realm whose word counts about a SID, "" if none's does.
func (s *Snapshot) RealmOf(sid entente.SID) string {
	for _, r := range s.realms {
		if r.vouches(sid, s.organization.DomainSID) {
			return r.Name
		}
	}
	return ""
}
