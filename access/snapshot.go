package access

import (
	"slices"
	"strings"

	"entente"
)

// A Snapshot is what decisions are made from: Facts, compiled for look-up. It
// never changes; the directory makes a new one after every change and swaps it
// in by an atomic pointer. It is safe for concurrent use.
type Snapshot struct {
	generation   uint64
	organization Organization
	accounts     []account

	// A name that two accounts claim finds neither: to guess would be to give
	// one of them the other's mail.
	bySID     map[entente.SID]*account // own and master SIDs
	byUPN     map[entente.UPN]*account
	byPrimary map[entente.SMTPAddress]*account
	bySMTP    map[entente.SMTPAddress]*account
	byMailbox map[entente.MailboxID]*account

	groups   map[entente.SID]int32 // to its number
	assigned [][]*Assignment       // by number of the group assigned to
	admins   map[entente.SID]bool
}

// account is an Account with what concerns it gathered.
type account struct {
	Account
	groups      []int32       // all it is in, through others too; sorted
	assigned    []*Assignment // to itself
	permissions []permission  // on its mailbox
	grants      []itemGrant   // on items of its mailbox
	admin       bool
}

type permission struct {
	to     entente.SID
	group  int32 // its number, -1 if to is none
	rights Rights
	deny   bool
}

// Compile makes a Snapshot.
func Compile(f Facts) *Snapshot {
	s := &Snapshot{
		generation:   f.Generation,
		organization: f.Organization,
		accounts:     make([]account, len(f.Accounts)),
		bySID:        make(map[entente.SID]*account, len(f.Accounts)),
		byUPN:        make(map[entente.UPN]*account, len(f.Accounts)),
		byPrimary:    make(map[entente.SMTPAddress]*account, len(f.Accounts)),
		bySMTP:       make(map[entente.SMTPAddress]*account, 2*len(f.Accounts)),
		byMailbox:    make(map[entente.MailboxID]*account, len(f.Accounts)),
		groups:       make(map[entente.SID]int32, len(f.Groups)),
		assigned:     make([][]*Assignment, len(f.Groups)),
		admins:       make(map[entente.SID]bool, len(f.Administrators)),
	}
	for i := range f.Accounts {
		s.accounts[i].Account = f.Accounts[i]
		s.index(&s.accounts[i])
	}
	s.expand(f.Groups)
	s.compileAdministrators(f.Administrators)
	s.compilePermissions(f.Permissions)
	s.compileAssignments(f.Assignments)
	s.compileItemGrants(f.ItemGrants)
	return s
}

func (s *Snapshot) index(a *account) {
	claim(s.bySID, a.SID, a)
	claim(s.bySID, a.Master, a)
	claim(s.byUPN, a.UPN, a)
	claim(s.byPrimary, a.Mail, a)
	claim(s.bySMTP, a.Mail, a)
	for _, p := range a.Proxies {
		claim(s.bySMTP, p, a)
	}
	claim(s.byMailbox, a.Mailbox, a)
}

// claim enters a under k, or nil if another account claims k too.
func claim[K comparable](m map[K]*account, k K, a *account) {
	var zero K
	if k == zero {
		return
	}
	if other, taken := m[k]; taken && other != a {
		a = nil
	}
	m[k] = a
}

// expand finds for every account all groups it is in. A group is in its own
// ancestors' lists once, however often the groups hold each other.
func (s *Snapshot) expand(groups []Group) {
	for i := range groups {
		s.groups[groups[i].SID] = int32(i)
	}
	holders := map[entente.SID][]int32{} // of an account or group
	for i := range groups {
		for _, m := range groups[i].Members {
			holders[m] = append(holders[m], int32(i))
		}
	}
	above := make([][]int32, len(groups)) // the group itself and all that hold it
	seen := make([]int, len(groups))
	for i := range groups {
		todo := []int32{int32(i)}
		seen[i] = i + 1
		for n := 0; n < len(todo); n++ {
			for _, h := range holders[groups[todo[n]].SID] {
				if seen[h] != i+1 {
					seen[h] = i + 1
					todo = append(todo, h)
				}
			}
		}
		above[i] = todo
	}
	for i := range s.accounts {
		a := &s.accounts[i]
		for _, sid := range [...]entente.SID{a.SID, a.Master} {
			if sid == "" {
				continue
			}
			for _, h := range holders[sid] {
				a.groups = append(a.groups, above[h]...)
			}
		}
		slices.Sort(a.groups)
		a.groups = slices.Clip(slices.Compact(a.groups))
	}
}

func (s *Snapshot) compileAdministrators(sids []entente.SID) {
	var numbers []int32
	for _, sid := range sids {
		s.admins[sid] = true
		if n, ok := s.groups[sid]; ok {
			numbers = append(numbers, n)
		}
	}
	for i := range s.accounts {
		a := &s.accounts[i]
		a.admin = s.admins[a.SID] || a.Master != "" && s.admins[a.Master] ||
			slices.ContainsFunc(numbers, a.in)
	}
}

func (s *Snapshot) compilePermissions(all []MailboxPermission) {
	for i := range all {
		p := &all[i]
		if a := s.byMailbox[p.Mailbox]; a != nil {
			a.permissions = append(a.permissions, permission{p.To, s.group(p.To), p.Rights, p.Deny})
		}
	}
}

func (s *Snapshot) compileAssignments(all []Assignment) {
	for i := range all {
		a := &all[i]
		if n := s.group(a.Assignee); n >= 0 {
			s.assigned[n] = append(s.assigned[n], a)
		} else if who := s.bySID[a.Assignee]; who != nil {
			who.assigned = append(who.assigned, a)
		}
	}
}

func (s *Snapshot) compileItemGrants(all []ItemGrant) {
	for i := range all {
		if a := s.byMailbox[all[i].Mailbox]; a != nil {
			a.grants = append(a.grants, itemGrant{&all[i], s.group(all[i].To)})
		}
	}
}

// group returns a group's number, -1 if sid is none.
func (s *Snapshot) group(sid entente.SID) int32 {
	if n, ok := s.groups[sid]; ok {
		return n
	}
	return -1
}

// in reports whether the account is in the group with a number, -1 being none.
func (a *account) in(group int32) bool {
	_, ok := slices.BinarySearch(a.groups, group)
	return ok
}

// is reports whether sid names the account, here or in its own forest.
func (a *account) is(sid entente.SID) bool {
	return sid != "" && (a.SID == sid || a.Master == sid)
}

// Generation returns the number of the directory's state that the snapshot
// was made from.
func (s *Snapshot) Generation() uint64 { return s.generation }

// Organization returns what is set for everyone.
func (s *Snapshot) Organization() Organization { return s.organization }

// Accounts reports how many accounts there are.
func (s *Snapshot) Accounts() int { return len(s.accounts) }

// FindSID finds an account by its SID, or by that of its master account. What
// the returned Account points to must not be changed; that holds for all of
// the Find methods.
func (s *Snapshot) FindSID(sid entente.SID) (Account, bool) { return view(s.bySID[sid]) }

// FindUPN finds an account by user principal name, in any case of letters.
// It never looks among addresses.
func (s *Snapshot) FindUPN(upn string) (Account, bool) {
	return view(s.byUPN[entente.UPN(strings.ToLower(upn))])
}

// FindPrimary finds an account by its primary SMTP address.
func (s *Snapshot) FindPrimary(address string) (Account, bool) {
	return view(s.byPrimary[entente.SMTPAddress(strings.ToLower(address))])
}

// FindSMTP finds an account by any of its SMTP addresses. It never looks among
// user principal names.
func (s *Snapshot) FindSMTP(address string) (Account, bool) {
	return view(s.bySMTP[entente.SMTPAddress(strings.ToLower(address))])
}

// FindMailbox finds the account a mailbox belongs to.
func (s *Snapshot) FindMailbox(id entente.MailboxID) (Account, bool) { return view(s.byMailbox[id]) }

func view(a *account) (Account, bool) {
	if a == nil {
		return Account{}, false
	}
	return a.Account, true
}
