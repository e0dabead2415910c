package access

import (
	"fmt"
	"slices"
	"strings"

	"entente"
)

// changes proposes what could turn the answer, one fact at a time. Proposing too
// much costs a trial each and is never told; what turns nothing is not shown.
func (w *situation) changes(wasAllowed bool) []Change {
	var c []Change
	if wasAllowed && w.x.Foreign != nil {
		return append(w.withholdForeign(), w.withholdFolder()...)
	}
	if wasAllowed {
		c = append(c, w.disable()...)
		c = append(c, w.stopImpersonation()...)
		c = append(c, w.shutGate()...)
		c = append(c, w.shutDevice()...)
		c = append(c, w.withholdMailbox()...)
		c = append(c, w.withholdFolder()...)
		return append(c, w.withholdItem()...)
	}
	if w.x.Foreign != nil {
		return w.giveForeign()
	}
	failed := w.failed()
	if failed["caller-known"] || failed["acts-as"] && w.x.Method == Local || failed["folder-external"] {
		c = append(c, w.createCaller()...)
	}
	if failed["caller-enabled"] && w.caller() != nil {
		c = append(c, enable(w.caller()))
	}
	if failed["not-administrator"] {
		c = append(c, w.dismiss()...)
	}
	switch stage := w.r.Outcomes[len(w.r.Outcomes)-1].Stage; {
	case stage == StageImpersonation || failed["acts-as"]:
		c = append(c, w.nameTarget()...)
		c = append(c, w.allowImpersonation()...)
	case stage == StageGate:
		c = append(c, w.openGate()...)
	case stage == StageDevice:
		c = append(c, w.openDevice()...)
	case stage == StageMailbox:
		c = append(c, w.giveMailbox()...)
	default:
		c = append(c, w.giveMailbox()...)
		c = append(c, w.giveFolder()...)
		c = append(c, w.giveItem()...)
	}
	return c
}

// failed are the rules the last decision failed by.
func (w *situation) failed() map[string]bool {
	failed := map[string]bool{}
	if n := len(w.r.Outcomes); n > 0 {
		for _, d := range w.r.Outcomes[n-1].Decisions {
			for _, s := range d.Steps() {
				if s.Needed && !s.Holds {
					failed[s.Rule] = true
				}
			}
		}
	}
	return failed
}

// createCaller makes the account that signed in and is not known.
func (w *situation) createCaller() []Change {
	p := w.x.Caller
	if w.x.ActsAs != nil && w.account(w.x.ActsAs.SID) == nil {
		p = *w.x.ActsAs
	}
	if p.SID == "" || w.account(p.SID) != nil {
		return nil
	}
	a := Account{Principal: p, Kind: KindUser, Enabled: true}
	return []Change{{
		Does: fmt.Sprintf("Create the account of %s.", p.SID), key: "create " + string(p.SID), rank: thisAccount,
		edit: with(accounts, a),
	}}
}

func enable(a *Account) Change {
	return Change{
		Does: fmt.Sprintf("Enable the account %s.", a.called()), Command: command("account set %s --enabled on", a.called()),
		key: "enable " + string(a.SID), rank: mendsFact, edit: editAccount(a.SID, func(a *Account) { a.Enabled = true }),
	}
}

// disable stops everything the caller does.
func (w *situation) disable() []Change {
	var c []Change
	for _, a := range [...]*Account{w.caller(), w.subject()} {
		if a == nil || !a.Enabled || a == w.subject() && a != w.caller() && a.standsForNobody() {
			continue
		}
		c = append(c, Change{
			Does: fmt.Sprintf("Disable the account %s.", a.called()), Command: command("account set %s --enabled off", a.called()),
			key: "disable " + string(a.SID), rank: thisAccount, edit: editAccount(a.SID, func(a *Account) { a.Enabled = false }),
		})
	}
	return c
}

// dismiss stops the caller from administering, by whichever of the ways he does.
func (w *situation) dismiss() []Change {
	a := w.caller()
	if a == nil {
		return nil
	}
	var c []Change
	for _, sid := range w.f.Administrators {
		if !w.concerns(sid, a) {
			continue
		}
		c = append(c, Change{
			Does:    fmt.Sprintf("Stop %s from administering: administrators impersonate nobody.", w.name(sid)),
			Command: command("administrator remove %s", w.name(sid)), key: "dismiss " + string(sid), rank: everybody,
			edit: without(administrators, func(x *entente.SID) bool { return *x == sid }),
		})
		c = append(c, w.leave(a, sid)...)
	}
	return c
}

// leave takes an account out of the groups by which it is in one.
func (w *situation) leave(a *Account, group entente.SID) []Change {
	var c []Change
	in := w.groupsOf(a)
	for i := range w.f.Groups {
		g := &w.f.Groups[i]
		if !in[group] || !in[g.SID] || g.SID != group && !w.holds(group, g.SID) {
			continue
		}
		for _, m := range g.Members {
			if m != a.SID && (a.Master == "" || m != a.Master) {
				continue
			}
			c = append(c, Change{
				Does: fmt.Sprintf("Take %s out of the group %s.", a.called(), g.called()), Command: command("group drop %s %s", g.called(), a.called()),
				key: "leave " + string(g.SID) + " " + string(m), rank: thisAccount,
				edit: editGroup(g.SID, func(g *Group) {
					g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(x entente.SID) bool { return x == m })
				}),
			})
		}
	}
	return c
}

// holds reports whether one group holds another, through others too.
func (w *situation) holds(outer, inner entente.SID) bool {
	return w.groupsOf(&Account{Principal: Principal{SID: inner}})[outer]
}

// join puts an account into a group.
func (w *situation) join(a *Account, group entente.SID) []Change {
	for i := range w.f.Groups {
		if g := &w.f.Groups[i]; g.SID == group && !w.groupsOf(a)[group] {
			return []Change{{
				Does: fmt.Sprintf("Put %s into the group %s.", a.called(), g.called()), Command: command("group add %s %s", g.called(), a.called()),
				key: "join " + string(g.SID) + " " + string(a.SID), rank: thisAccount,
				edit: editGroup(g.SID, func(g *Group) { g.Members = append(slices.Clip(g.Members), a.SID) }),
			}}
		}
	}
	return nil
}

// nameTarget makes the name in the header name somebody.
func (w *situation) nameTarget() []Change {
	h := w.x.Header
	if h == nil {
		return nil
	}
	var c []Change
	trim := func(s string) string { return strings.ToLower(strings.Trim(s, xmlSpace)) }
	upn, upnErr := entente.ParseUPN(trim(h.PrincipalName))
	primary, primaryErr := entente.ParseSMTPAddress(trim(h.PrimarySmtpAddress))
	other, otherErr := entente.ParseSMTPAddress(trim(h.SmtpAddress))
	sid, sidErr := entente.ParseSID(strings.Trim(h.SID, xmlSpace))
	a := Account{Kind: KindUser, Enabled: true, Mailbox: entente.MailboxID{0: 0xfe}}
	a.SID, a.UPN, a.Mail = "S-1-5-21-0-0-0-0", upn, primary
	if a.Mail == "" && otherErr == nil {
		a.Mail = other
	}
	if sidErr == nil {
		a.SID = sid
	}
	if upnErr != nil && primaryErr != nil && otherErr != nil && sidErr != nil {
		return nil // whatever there is, it is not named by this
	}
	name := cmp3(string(a.UPN), string(a.Mail), string(a.SID))
	c = append(c, Change{
		Does: fmt.Sprintf("Create the account %s with a mailbox.", name), key: "create " + name, rank: thisAccount, edit: with(accounts, a),
	})
	if a.UPN != "" {
		c[0].Command = command("account create %s --database DATABASE", string(a.UPN))
	}
	for i := range w.f.Accounts {
		c = append(c, w.readdress(&w.f.Accounts[i], upn, primary, other)...)
	}
	return c
}

// cmp3 is the first text that is not empty.
func cmp3(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// readdress makes an address the primary one, gives its account a mailbox, or
// takes it from one of two that claim it.
func (w *situation) readdress(a *Account, upn entente.UPN, primary, other entente.SMTPAddress) []Change {
	var c []Change
	address := entente.SMTPAddress(cmp3(string(primary), string(other)))
	proxy := address != "" && slices.Contains(a.Proxies, address)
	if primary != "" && proxy && a.Mail != primary {
		c = append(c, Change{
			Does:    fmt.Sprintf("Make %s the primary address of %s.", primary, a.called()),
			Command: command("account set %s --mail %s", a.called(), string(primary)), key: "primary " + string(a.SID), rank: thisAccount,
			edit: editAccount(a.SID, func(a *Account) { a.Proxies, a.Mail = append(slices.Clip(a.Proxies), a.Mail), primary }),
		})
	}
	if proxy {
		c = append(c, Change{
			Does: fmt.Sprintf("Take the address %s from %s.", address, a.called()), key: "unaddress " + string(a.SID), rank: thisAccount,
			edit: editAccount(a.SID, func(a *Account) {
				a.Proxies = slices.DeleteFunc(slices.Clone(a.Proxies), func(p entente.SMTPAddress) bool { return p == address })
			}),
		})
	}
	if a.Mailbox.IsZero() && (proxy || address != "" && a.Mail == address || upn != "" && a.UPN == upn) {
		c = append(c, enableMailbox(a))
	}
	return c
}

func enableMailbox(a *Account) Change {
	return Change{
		Does:    fmt.Sprintf("Give %s a mailbox.", a.called()),
		Command: command("mailbox enable %s --database DATABASE", a.called()), key: "mailbox " + string(a.SID), rank: thisAccount,
		edit: editAccount(a.SID, func(a *Account) { a.Mailbox = entente.MailboxID{0: 0xfd} }),
	}
}
