package access

import (
	"fmt"
	"strings"
	"time"
)

// allowImpersonation proposes how the caller could come to act as the target:
// by an assignment that is there and does not hold, by taking away what denies
// it, or by a new one, over nobody more than him.
func (w *situation) allowImpersonation() []Change {
	by, target := w.caller(), w.target()
	if by == nil {
		return nil
	}
	var c []Change
	for i := range w.f.Assignments {
		a := &w.f.Assignments[i]
		switch {
		case a.Deny && w.concerns(a.Assignee, by):
			c = append(c, removeAssignment(a, mendsFact))
		case !a.Deny && !isNew(a) && w.concerns(a.Assignee, by):
			c = append(c, w.mend(a, target)...)
		case !a.Deny:
			c = append(c, w.join(by, a.Assignee)...)
		}
	}
	if target == nil {
		// Nobody is named yet: that such calls may be made at all comes first.
		return append(c, w.assign(by, nil, Scope{}, Impersonate, "", "--rights impersonate"),
			w.assign(by, nil, Scope{}, Impersonate, w.x.Server, "--rights impersonate --server "+command("%s", w.x.Server)))
	}
	over := Scope{Kind: ScopeAccount, Name: string(target.SID)}
	option := command("--account %s", target.called())
	if !target.Enabled && !target.standsForNobody() {
		c = append(c, enable(target))
		option += " --disabled"
	}
	c = append(c, w.assign(by, target, over, ApplicationImpersonation, "", option))
	if w.x.Server != "" {
		c = append(c, w.assign(by, target, over, ApplicationImpersonation, w.x.Server, option+command(" --server %s", w.x.Server)))
	}
	for i := range w.f.Scopes {
		// Where an exclusive scope keeps others out, an assignment must have one.
		if m := &w.f.Scopes[i]; m.Exclusive {
			c = append(c,
				w.assign(by, target, Scope{Kind: ScopeManagement, Name: m.Name}, ApplicationImpersonation, "", command("--scope %s", m.Name)),
				Change{
					Does: fmt.Sprintf("Make the scope %s one that is not exclusive.", m.Name), key: "scope " + m.Name, rank: everybody,
					edit: editScope(m.Name, func(m *ManagementScope) { m.Exclusive = false }),
				})
		}
	}
	return c
}

// assign makes a new assignment.
func (w *situation) assign(by, target *Account, over Scope, rights Rights, server, options string) Change {
	a := Assignment{
		ID: "new", Assignee: by.SID, Rights: rights, Server: server, Scope: over, Enabled: true,
		AllowDisabled: target != nil && !target.Enabled,
	}
	does := fmt.Sprintf("Let %s call with impersonation", by.called())
	if target != nil {
		does = fmt.Sprintf("Let %s act as %s", by.called(), target.called())
		if over.Kind == ScopeManagement {
			does = fmt.Sprintf("Let %s act as the recipients of the scope %s", by.called(), over.Name)
		}
	}
	if server != "" {
		does += " at the server " + server
	}
	a.ID = "new " + server + over.Name
	return Change{
		Does: does + ".", Command: command("assignment create %s ", by.called()) + options,
		key: "assign " + a.ID, rank: thisRequest, edit: with(assignments, a),
	}
}

// isNew reports whether the assignment is a piece of the change itself.
func isNew(a *Assignment) bool { return strings.HasPrefix(a.ID, "new ") }

// mend makes an assignment of the caller hold that does not.
func (w *situation) mend(a *Assignment, target *Account) []Change {
	var c []Change
	id := a.ID
	if !a.Enabled {
		c = append(c, Change{
			Does: fmt.Sprintf("Enable the assignment %s.", id), Command: command("assignment enable %s", id),
			key: "enable assignment " + id, rank: mendsFact, edit: editAssignment(id, func(a *Assignment) { a.Enabled = true }),
		})
	}
	if !a.inForce(w.x.At) {
		c = append(c, Change{
			Does: fmt.Sprintf("Extend the time of the assignment %s%s.", id, period(a.NotBefore, a.NotAfter)),
			key:  "extend assignment " + id, rank: mendsFact,
			edit: editAssignment(id, func(a *Assignment) { a.NotBefore, a.NotAfter = time.Time{}, time.Time{} }),
		})
	}
	if target != nil && !target.Enabled && !a.AllowDisabled {
		c = append(c, Change{
			Does: fmt.Sprintf("Let the assignment %s hold over disabled accounts too.", id),
			key:  "disabled " + id, rank: mendsFact, edit: editAssignment(id, func(a *Assignment) { a.AllowDisabled = true }),
		})
	}
	if a.Rights != ApplicationImpersonation {
		c = append(c, Change{
			Does: fmt.Sprintf("Give the assignment %s both rights of the role ApplicationImpersonation.", id),
			key:  "role " + id, rank: mendsFact, edit: editAssignment(id, func(a *Assignment) { a.Rights = ApplicationImpersonation }),
		})
	}
	if a.Server != "" && w.x.Server != "" {
		c = append(c, Change{
			Does: fmt.Sprintf("Let the assignment %s hold at every server, not at %s alone.", id, a.Server),
			key:  "server " + id, rank: thisAccount, edit: editAssignment(id, func(a *Assignment) { a.Server = "" }),
		})
	}
	if target != nil && a.Scope.Kind == ScopeGroup {
		for i := range w.f.Groups {
			if g := &w.f.Groups[i]; string(g.SID) == a.Scope.Name {
				c = append(c, w.join(target, g.SID)...)
			}
		}
	}
	return c
}

// period says when something holds, in brackets.
func period(from, until time.Time) string {
	text := ""
	if !from.IsZero() {
		text += ", which begins " + from.UTC().Format(time.RFC3339)
	}
	if !until.IsZero() {
		text += ", which ends " + until.UTC().Format(time.RFC3339)
	}
	return text
}

func removeAssignment(a *Assignment, rank int) Change {
	id, what := a.ID, "assignment"
	if a.Deny {
		what = "denying assignment"
	}
	return Change{
		Does: fmt.Sprintf("Remove the %s %s.", what, id), Command: command("assignment remove %s", id),
		key: "remove assignment " + id, rank: rank, edit: without(assignments, func(x *Assignment) bool { return x.ID == id }),
	}
}

// stopImpersonation takes from the caller what lets him act as the target.
func (w *situation) stopImpersonation() []Change {
	by, target := w.caller(), w.target()
	if by == nil || target == nil {
		return nil
	}
	var c []Change
	for i := range w.f.Assignments {
		a := &w.f.Assignments[i]
		if a.Deny || !w.concerns(a.Assignee, by) {
			continue
		}
		rank := thisAccount
		if a.Scope.Kind == ScopeAccount && a.Assignee == by.SID {
			rank = thisRequest
		}
		c = append(c, removeAssignment(a, rank))
		c = append(c, w.leave(by, a.Assignee)...)
		if a.Gate == GateBypass {
			id := a.ID
			c = append(c, Change{
				Does: fmt.Sprintf("Have requests under the assignment %s pass the gate of the mailbox's owner.", id),
				key:  "gate " + id, rank: thisAccount, edit: editAssignment(id, func(a *Assignment) { a.Gate = GateOwner }),
			})
		}
	}
	deny := Assignment{ID: "new denial", Assignee: by.SID, Rights: MayImpersonate, Scope: Scope{Kind: ScopeAccount, Name: string(target.SID)}, Enabled: true, Deny: true}
	return append(c, Change{
		Does:    fmt.Sprintf("Deny %s to act as %s.", by.called(), target.called()),
		Command: command("assignment create %s --account %s --rights may-impersonate --deny", by.called(), target.called()),
		key:     "deny", rank: thisRequest, edit: with(assignments, deny),
	})
}
