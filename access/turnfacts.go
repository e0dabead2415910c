package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"entente"
)

// excerpt is the part of the facts that the answer to x can rest on: whoever is
// named in it, everyone who shares a name with one of them, and what concerns
// these. It makes trying changes cheap, whatever the size of the organization.
func excerpt(f Facts, x *Supposition) Facts {
	in := named{names: map[string]bool{}, sids: map[entente.SID]bool{x.Caller.SID: true}, boxes: map[entente.MailboxID]bool{x.Mailbox: true}}
	if x.ActsAs != nil {
		in.sids[x.ActsAs.SID] = true
	}
	if h := x.Header; h != nil {
		for _, n := range [...]string{h.PrincipalName, h.PrimarySmtpAddress, h.SmtpAddress} {
			in.names[strings.ToLower(strings.Trim(n, xmlSpace))] = true
		}
		in.sids[entente.SID(strings.ToUpper(strings.Trim(h.SID, xmlSpace)))] = true
	}
	var kept []Account
	for range 2 { // the second time, those who share a name with one of the first
		kept = kept[:0]
		for i := range f.Accounts {
			if a := &f.Accounts[i]; in.account(a) {
				kept = append(kept, *a)
			}
		}
		for i := range kept {
			in.add(&kept[i])
		}
	}
	f.Accounts = kept
	f.Groups = excerptGroups(f.Groups, in.sids, x.Groups)
	f.Permissions = slices.DeleteFunc(slices.Clone(f.Permissions), func(p MailboxPermission) bool { return !in.boxes[p.Mailbox] })
	f.ItemGrants = slices.DeleteFunc(slices.Clone(f.ItemGrants), func(g ItemGrant) bool { return !in.boxes[g.Mailbox] })
	return f
}

// named are the names, SIDs and mailboxes that an excerpt is about. Names are in
// lower case; nothing is not among them.
type named struct {
	names map[string]bool
	sids  map[entente.SID]bool
	boxes map[entente.MailboxID]bool
}

func (n *named) add(a *Account) {
	n.names[string(a.UPN)], n.names[string(a.Mail)] = true, true
	n.sids[a.SID], n.sids[a.Master] = true, true
	n.boxes[a.Mailbox] = true
	for _, p := range a.Proxies {
		n.names[string(p)] = true
	}
}

// account reports whether the account has one of the names.
func (n *named) account(a *Account) bool {
	if n.sids[a.SID] || a.Master != "" && n.sids[a.Master] || !a.Mailbox.IsZero() && n.boxes[a.Mailbox] ||
		a.UPN != "" && n.names[string(a.UPN)] || a.Mail != "" && n.names[string(a.Mail)] {
		return true
	}
	return slices.ContainsFunc(a.Proxies, func(p entente.SMTPAddress) bool { return n.names[string(p)] })
}

// excerptGroups leaves of each group the members that are groups, or named.
func excerptGroups(groups []Group, accounts map[entente.SID]bool, more []entente.SID) []Group {
	keep := map[entente.SID]bool{}
	for i := range groups {
		keep[groups[i].SID], keep[groups[i].Master] = true, true
	}
	for _, sid := range more {
		keep[sid] = true
	}
	out := slices.Clone(groups)
	for i := range out {
		out[i].Members = slices.DeleteFunc(slices.Clone(out[i].Members), func(sid entente.SID) bool {
			return !keep[sid] && !accounts[sid]
		})
	}
	return out
}

// account finds an account by its own or its master's SID.
func (w *situation) account(sid entente.SID) *Account {
	for i := range w.f.Accounts {
		if a := &w.f.Accounts[i]; sid != "" && (a.SID == sid || a.Master == sid) {
			return a
		}
	}
	return nil
}

// caller, subject and owner are who the question is about; nil if there is no
// such account.
func (w *situation) caller() *Account { return w.account(w.x.Caller.SID) }

func (w *situation) subject() *Account { return w.account(w.r.As.SID) }

func (w *situation) owner() *Account {
	if w.x.Own {
		return w.subject()
	}
	for i := range w.f.Accounts {
		if a := &w.f.Accounts[i]; !a.Mailbox.IsZero() && a.Mailbox == w.x.Mailbox {
			return a
		}
	}
	return nil
}

// target is whom the caller acts as, or would.
func (w *situation) target() *Account {
	if w.x.ActsAs != nil {
		return w.account(w.x.ActsAs.SID)
	}
	if w.x.Header == nil {
		return nil
	}
	a, _, err := Compile(w.f).resolve(*w.x.Header)
	if err != nil {
		return nil
	}
	return w.account(a.SID)
}

// groupsOf are all groups an account is in, through others too.
func (w *situation) groupsOf(a *Account) map[entente.SID]bool {
	in := map[entente.SID]bool{a.SID: true}
	if a.Master != "" {
		in[a.Master] = true
	}
	for grew := true; grew; {
		grew = false
		for i := range w.f.Groups {
			g := &w.f.Groups[i]
			if !in[g.SID] && slices.ContainsFunc(g.Members, func(m entente.SID) bool { return in[m] }) {
				in[g.SID], grew = true, true
			}
		}
	}
	delete(in, a.SID)
	delete(in, a.Master)
	return in
}

// concerns reports whether what is given to sid is given to the account.
func (w *situation) concerns(sid entente.SID, a *Account) bool {
	return a != nil && sid != "" && (a.SID == sid || a.Master == sid || w.groupsOf(a)[sid])
}

// name is how a sentence calls an account or group.
func (w *situation) name(sid entente.SID) string {
	if a := w.account(sid); a != nil {
		return a.called()
	}
	for i := range w.f.Groups {
		if g := &w.f.Groups[i]; g.SID == sid {
			return g.called()
		}
	}
	return string(sid)
}

func (a *Account) called() string {
	if a.UPN != "" {
		return string(a.UPN)
	}
	return string(a.SID)
}

func (g *Group) called() string {
	if g.Mail != "" {
		return string(g.Mail)
	}
	return string(g.SID)
}

// command writes a command line. Arguments are quoted for the shell where that
// is needed; options stand as they are.
func command(words string, args ...string) string {
	quoted := make([]any, len(args))
	for i, a := range args {
		plain := a != "" && !strings.ContainsFunc(a, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("@._-:/+", r)
		})
		if !plain {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		quoted[i] = a
	}
	return fmt.Sprintf(words, quoted...)
}

// editAccount changes an account in a copy.
func editAccount(sid entente.SID, edit func(*Account)) func(*Facts, *Supposition) {
	return func(f *Facts, _ *Supposition) {
		f.Accounts = slices.Clone(f.Accounts)
		for i := range f.Accounts {
			if f.Accounts[i].SID == sid {
				edit(&f.Accounts[i])
			}
		}
	}
}

func editGroup(sid entente.SID, edit func(*Group)) func(*Facts, *Supposition) {
	return func(f *Facts, _ *Supposition) {
		f.Groups = slices.Clone(f.Groups)
		for i := range f.Groups {
			if f.Groups[i].SID == sid {
				edit(&f.Groups[i])
			}
		}
	}
}

func editAssignment(id string, edit func(*Assignment)) func(*Facts, *Supposition) {
	return func(f *Facts, _ *Supposition) {
		f.Assignments = slices.Clone(f.Assignments)
		for i := range f.Assignments {
			if f.Assignments[i].ID == id {
				edit(&f.Assignments[i])
			}
		}
	}
}

func editScope(name string, edit func(*ManagementScope)) func(*Facts, *Supposition) {
	return func(f *Facts, _ *Supposition) {
		f.Scopes = slices.Clone(f.Scopes)
		for i := range f.Scopes {
			if f.Scopes[i].Name == name {
				edit(&f.Scopes[i])
			}
		}
	}
}

func editItemGrant(id string, edit func(*ItemGrant)) func(*Facts, *Supposition) {
	return func(f *Facts, _ *Supposition) {
		f.ItemGrants = slices.Clone(f.ItemGrants)
		for i := range f.ItemGrants {
			if f.ItemGrants[i].ID == id {
				edit(&f.ItemGrants[i])
			}
		}
	}
}

// without drops the facts of a list that a condition holds for.
func without[T any](list func(*Facts) *[]T, is func(*T) bool) func(*Facts, *Supposition) {
	return func(f *Facts, _ *Supposition) {
		l := list(f)
		*l = slices.DeleteFunc(slices.Clone(*l), func(x T) bool { return is(&x) })
	}
}

// with adds a fact to a list.
func with[T any](list func(*Facts) *[]T, x T) func(*Facts, *Supposition) {
	return func(f *Facts, _ *Supposition) {
		l := list(f)
		*l = append(slices.Clip(*l), x)
	}
}

func accounts(f *Facts) *[]Account              { return &f.Accounts }
func assignments(f *Facts) *[]Assignment        { return &f.Assignments }
func permissions(f *Facts) *[]MailboxPermission { return &f.Permissions }
func itemGrants(f *Facts) *[]ItemGrant          { return &f.ItemGrants }
func administrators(f *Facts) *[]entente.SID    { return &f.Administrators }

// editTable changes the permission table of the folder asked about.
func editTable(edit func([]Entry) []Entry) func(*Facts, *Supposition) {
	return func(_ *Facts, x *Supposition) {
		t := *x.Folder
		t.Entries = edit(slices.Clone(t.Entries))
		x.Folder = &t
	}
}

// GroupsOf are all groups that facts put an account or group in, through others
// too, in the order of their SIDs.
func GroupsOf(f Facts, sid entente.SID) []entente.SID {
	w := situation{f: f}
	a := &Account{Principal: Principal{SID: sid}}
	if known := w.account(sid); known != nil {
		a = known
	}
	return slices.Sorted(maps.Keys(w.groupsOf(a)))
}
