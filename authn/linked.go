package authn

import (
	"net/http"
	"slices"

	"entente"
	"entente/access"
)

// Vouched is what another forest says of one of its accounts: by a Kerberos
// ticket's PAC, or by what stands for it.
type Vouched struct {
	Realm    string      // whose word it is
	SID      entente.SID // of the account there: the master account
	Groups   []entente.SID
	Method   access.Method // how it came
	Evidence string        // hash of the ticket or token
}

// maxVouched bounds how many groups a realm may name: as many as Windows puts
// into one ticket, MaxTokenSize aside.
const maxVouched = 1024

// Linked makes the caller of a request that another forest vouches for: the
// owner of a linked mailbox, by his master account. Nothing is asked of that
// forest, now or later: what it says holds for accounts and groups of its own
// domain, and of nothing else: what Windows calls SID filtering. A SID of another
// domain among the groups is dropped; an account of another domain, or one that
// no mailbox is linked to, is nobody.
//
// The caller is authenticated as the master account. Which account of ours that
// is, the snapshot says at each request, so that unlinking it is enough.
func Linked(s *access.Snapshot, r *http.Request, v Vouched) (*access.Caller, error) {
	a, ok := s.FindSID(v.SID)
	if !ok || a.Master != v.SID || !s.Vouches(v.Realm, v.SID) {
		return nil, refused()
	}
	c := caller(r, access.Principal{SID: v.SID, UPN: a.UPN, Mail: a.Mail}, v.Method)
	c.Evidence, c.Realm = v.Evidence, v.Realm
	c.Groups = vouched(s, v.Realm, v.Groups)
	c.Chain = []access.Link{{Who: access.Principal{SID: v.SID}, How: "realm " + clean(v.Realm)}}
	return c, nil
}

// vouched returns those of the groups that the realm may speak of.
func vouched(s *access.Snapshot, realm string, groups []entente.SID) []entente.SID {
	groups = slices.DeleteFunc(slices.Clone(groups), func(g entente.SID) bool { return !s.Vouches(realm, g) })
	return groups[:min(len(groups), maxVouched)]
}
