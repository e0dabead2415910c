package access

import (
	"cmp"
	"slices"
	"strings"

	"entente"
)

// A Snapshot is what decisions are made from: Facts, compiled for look-up. It
// never changes; the directory makes a new one after every change and swaps it
// in by an atomic pointer. It is safe for concurrent use.
//
// Every SID that the facts name has a number, and whatever is said of a SID is
// said of its number: rights are given to numbers, and an account is known by
// those of its own SIDs and of the groups it is in.
type Snapshot struct {
	generation   uint64
	organization Organization
	servers      []string
	databases    []string
	realms       []Realm

	sids  table[entente.SID, int32]
	nodes vector[node] // by number

	accounts  vector[account]
	free      []int32 // numbers of accounts that are gone
	byUPN     table[entente.UPN, claims]
	byPrimary table[entente.SMTPAddress, claims]
	bySMTP    table[entente.SMTPAddress, claims]
	boxes     table[entente.MailboxID, *box]

	byIdentity table[string, claims]

	administrators []entente.SID
	admins         []int32 // their numbers

	scopeNumbers map[string]int32 // by name in lower case
	scopes       []*scope         // by number; nil if there is none of the name
	exclusive    bool             // whether any is
	policies     []scopePolicy    // in order of priority

	relationships  []*relationship
	partners       map[entente.Domain]*relationship // by domain; nil if two name it
	sharing        []*SharingPolicy
	sharingNames   map[string]*SharingPolicy // nil if two have it
	sharingDefault *SharingPolicy

	devices          DeviceOrganization
	deviceDefault    string // as steps have it
	deviceRules      map[ruleKey]*deviceRule
	deviceRuleList   []DeviceRule
	discovers        bool                     // a rule looks at what devices say in DeviceInformation
	mobilePolicies   map[string]*MobilePolicy // by name in lower case; nil if two have it
	mobilePolicyList []MobilePolicy
	mobileDefault    *MobilePolicy

	assignments table[string, []*assignment]
	itemGrants  table[string, []*ItemGrant]
}

// node is what is said of one SID.
type node struct {
	owner    *edit
	sid      entente.SID
	claims   claims  // the accounts whose own or master SID it is
	group    *Group  // nil if it is none
	above    []int32 // of a group: itself and all that hold it
	holders  []int32 // groups that hold it directly
	linked   []int32 // groups whose Master it is
	assigned []*assignment
}

// account is an Account with what concerns it gathered.
type account struct {
	Account
	self   [2]int32 // numbers of its own SID and of its master's; -1 if it has none, or not alone
	groups []int32  // all it is in, through others too; sorted
	scopes []int32  // management scopes that hold over it; sorted
}

// box is a mailbox with what has been granted on it.
type box struct {
	owner       *edit
	claims      claims // whose it is
	permissions []permission
	grants      []itemGrant // in order of whom they are for
}

type permission struct {
	to     int32
	deny   bool
	rights Rights
}

// assignment is an Assignment with the number of its management scope.
type assignment struct {
	Assignment
	scope int32 // -1 if its scope is none
}

// bySID finds an account by its own SID or its master's; nil if none.
func (s *Snapshot) bySID(sid entente.SID) *account {
	n, ok := s.sids.get(sid)
	if !ok || sid == "" {
		return nil
	}
	return s.accounts.get(s.nodes.get(n).claims.account())
}

// byName finds an account in one of the tables of names; nil if none.
func byName[K ~string](s *Snapshot, names *table[K, claims], name K) *account {
	c, ok := names.get(name)
	if !ok || name == "" {
		return nil
	}
	return s.accounts.get(c.account())
}

// box finds a mailbox and the account it belongs to; nil if there is none.
func (s *Snapshot) box(id entente.MailboxID) (*box, *account) {
	b, _ := s.boxes.get(id)
	if b == nil || id.IsZero() {
		return nil, nil
	}
	if a := s.accounts.get(b.claims.account()); a != nil {
		return b, a
	}
	return nil, nil
}

// number returns the number of a SID, -1 if no fact names it.
func (s *Snapshot) number(sid entente.SID) int32 {
	if n, ok := s.sids.get(sid); ok && sid != "" {
		return n
	}
	return -1
}

// in reports whether the account is in the group with a number, -1 being none.
func (a *account) in(group int32) bool {
	_, ok := slices.BinarySearch(a.groups, group)
	return ok
}

// has reports whether what is given to a number is given to the account.
func (a *account) has(n int32) bool {
	return n >= 0 && (a.self[0] == n || a.self[1] == n || a.in(n))
}

// is reports whether sid names the account, here or in its own forest.
func (a *account) is(sid entente.SID) bool {
	return sid != "" && (a.SID == sid && a.self[0] >= 0 || a.Master == sid && a.self[1] >= 0)
}

// Generation returns the number of the directory's state that the snapshot
// was made from.
func (s *Snapshot) Generation() uint64 { return s.generation }

// Organization returns what is set for everyone.
func (s *Snapshot) Organization() Organization { return s.organization }

// Accounts reports how many accounts there are.
func (s *Snapshot) Accounts() int { return int(s.accounts.n) - len(s.free) }

// FindSID finds an account by its SID, or by that of its master account. What
// the returned Account points to must not be changed; that holds for all of
// the Find methods.
func (s *Snapshot) FindSID(sid entente.SID) (Account, bool) { return view(s.bySID(sid)) }

// FindUPN finds an account by user principal name, in any case of letters.
// It never looks among addresses.
func (s *Snapshot) FindUPN(upn string) (Account, bool) {
	return view(byName(s, &s.byUPN, entente.UPN(strings.ToLower(upn))))
}

// FindPrimary finds an account by its primary SMTP address.
func (s *Snapshot) FindPrimary(address string) (Account, bool) {
	return view(byName(s, &s.byPrimary, entente.SMTPAddress(strings.ToLower(address))))
}

// FindSMTP finds an account by any of its SMTP addresses. It never looks among
// user principal names.
func (s *Snapshot) FindSMTP(address string) (Account, bool) {
	return view(byName(s, &s.bySMTP, entente.SMTPAddress(strings.ToLower(address))))
}

// FindMailbox finds the account a mailbox belongs to.
func (s *Snapshot) FindMailbox(id entente.MailboxID) (Account, bool) {
	_, a := s.box(id)
	return view(a)
}

func view(a *account) (Account, bool) {
	if a == nil {
		return Account{}, false
	}
	return a.Account, true
}

// compareGrants orders grants by whom they are for, then by ID.
func compareGrants(a, b itemGrant) int {
	return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.ID, b.ID))
}
