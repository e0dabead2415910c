package admin

import (
	"context"
	"slices"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
)

// PrincipalInfo is an account or group that holds a right.
type PrincipalInfo struct {
	Name string `json:"name"`
	SID  string `json:"sid"`
}

// ListAdministrators lists who may administer.
func (a *API) ListAdministrators(ctx context.Context, _ Nothing) ([]PrincipalInfo, error) {
	sids, err := a.Directory.Administrators(ctx)
	list := make([]PrincipalInfo, 0, len(sids))
	for _, sid := range sids {
		list = append(list, PrincipalInfo{a.nameOf(ctx, sid), string(sid)})
	}
	return list, err
}

// Grantee names an account or a group.
type Grantee struct {
	Grantee string `json:"grantee" arg:"" help:"Account or group."`
}

// AddAdministrator lets an account, or all in a group, administer.
func (a *API) AddAdministrator(ctx context.Context, q Grantee) (Done, error) {
	sid, err := a.grantee(ctx, q.Grantee)
	if err != nil {
		return Done{}, err
	}
	if err := a.notOneself(sid); err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "administrator.add", []string{q.Grantee}, func(c *directory.Change) error {
		return c.AddAdministrator(sid)
	})
	return Done{q.Grantee + " may administer, and impersonate nobody"}, err
}

// RemoveAdministrator stops an account or group from administering.
func (a *API) RemoveAdministrator(ctx context.Context, q Grantee) (Done, error) {
	sid, err := a.grantee(ctx, q.Grantee)
	if err != nil {
		return Done{}, err
	}
	err = a.change(ctx, "administrator.remove", []string{q.Grantee}, func(c *directory.Change) error {
		return c.RemoveAdministrator(sid)
	})
	return Done{q.Grantee + " may no longer administer"}, err
}

// notOneself refuses grants to whoever makes them: nobody promotes himself.
func (a *API) notOneself(sid entente.SID) error {
	if a.who.SID != "" && a.who.SID == sid {
		return entente.Errorf(entente.Denied, "administrators grant nothing to themselves; ask another one")
	}
	return nil
}

// AssignmentInfo is who may act as whom.
type AssignmentInfo struct {
	ID        string `json:"id"`
	Assignee  string `json:"assignee"`
	Rights    string `json:"rights"`
	Over      string `json:"over"`
	Server    string `json:"server,omitempty"`
	Enabled   bool   `json:"enabled"`
	Deny      bool   `json:"deny"`
	NotAfter  string `json:"not_after"`
	LastUse   string `json:"last_use,omitempty"` // to the minute; empty if it never was
	CreatedBy string `json:"created_by,omitempty"`
}

func (a *API) assignmentInfo(ctx context.Context, x *directory.Assignment) AssignmentInfo {
	i := AssignmentInfo{
		ID: x.ID, Assignee: a.nameOf(ctx, x.Assignee), Rights: x.Rights.String(),
		Server: x.Server, Enabled: x.Enabled, Deny: x.Deny, NotAfter: stamp(x.NotAfter),
	}
	if x.Rights == access.ApplicationImpersonation {
		i.Rights = "ApplicationImpersonation"
	}
	switch x.Scope.Kind {
	case access.ScopeAccount:
		i.Over = "account " + a.nameOf(ctx, entente.SID(x.Scope.Name))
	case access.ScopeGroup:
		i.Over = "group " + a.nameOf(ctx, entente.SID(x.Scope.Name))
	case access.ScopeDatabase:
		i.Over = "database " + x.Scope.Name
	case access.ScopeManagement:
		i.Over = "scope " + x.Scope.Name
	case access.ScopeAll:
		i.Over = "all mailboxes"
	}
	if x.CreatedBy != "" {
		i.CreatedBy = a.nameOf(ctx, x.CreatedBy)
	}
	return i
}

// ListAssignments lists who may act as whom, and when each last did.
func (a *API) ListAssignments(ctx context.Context, _ Nothing) ([]AssignmentInfo, error) {
	all, err := a.Directory.Assignments(ctx)
	if err != nil {
		return nil, err
	}
	used, err := a.Audit.LastUses(ctx)
	list := make([]AssignmentInfo, 0, len(all))
	for i := range all {
		info := a.assignmentInfo(ctx, &all[i])
		if at, ok := used[info.ID]; ok {
			info.LastUse = stamp(at)
		}
		list = append(list, info)
	}
	return list, err
}

// CreateAssignment asks for the right to act as others. Over whom must be
// said; so must, if that is meant, that it is everybody.
type CreateAssignment struct {
	Assignee     string `json:"assignee" arg:"" help:"Account or group of the application."`
	Account      string `json:"account,omitempty" help:"Over one account." xor:"scope"`
	Group        string `json:"group,omitempty" help:"Over the members of a group." xor:"scope"`
	Database     string `json:"database,omitempty" help:"Over the mailboxes of a database." xor:"scope"`
	Scope        string `json:"scope,omitempty" help:"Over the recipients of a management scope." xor:"scope"`
	AllMailboxes bool   `json:"all_mailboxes,omitempty" help:"Over everybody." xor:"scope"`
	ID           string `json:"id,omitempty" help:"The name it goes by; a random one if empty."`
	Rights       string `json:"rights,omitempty" help:"application-impersonation (Exchange 2010's role), impersonate (at a server) or may-impersonate (over accounts)." default:"application-impersonation"`
	Server       string `json:"server,omitempty" help:"Only at this server."`
	Days         int    `json:"days,omitempty" help:"For how long." default:"365"`
	Bypass       bool   `json:"bypass_gate,omitempty" help:"Whatever EwsEnabled says of the mailbox, for archives."`
	Disabled     bool   `json:"allow_disabled,omitempty" help:"Over disabled accounts too."`
	Deny         bool   `json:"deny,omitempty" help:"Withhold instead of give."`
}

// maxAssignmentDays bounds how long a right may be forgotten.
const maxAssignmentDays = 3650

// CreateAssignment lets an application act as others, or withholds that.
func (a *API) CreateAssignment(ctx context.Context, q CreateAssignment) (AssignmentInfo, error) {
	assignee, err := a.grantee(ctx, q.Assignee)
	if err != nil {
		return AssignmentInfo{}, err
	}
	if err := a.notOneself(assignee); err != nil {
		return AssignmentInfo{}, err
	}
	if err := a.notAdministrator(ctx, q, assignee); err != nil {
		return AssignmentInfo{}, err
	}
	x := directory.Assignment{CreatedBy: a.who.SID, Created: a.Now()}
	x.ID, x.Assignee, x.Server, x.Enabled, x.Deny, x.AllowDisabled = q.ID, assignee, q.Server, true, q.Deny, q.Disabled
	if q.Bypass {
		x.Gate = access.GateBypass
	}
	if x.Rights, err = assignmentRights(q.Rights); err != nil {
		return AssignmentInfo{}, err
	}
	if x.Scope, err = a.scope(ctx, q, x.Rights); err != nil {
		return AssignmentInfo{}, err
	}
	days := bounded(q.Days, 365, 1<<30)
	if days > maxAssignmentDays {
		return AssignmentInfo{}, entente.Errorf(entente.Invalid, "an assignment holds for at most %d days", maxAssignmentDays)
	}
	x.NotAfter = a.Now().Add(time.Duration(days) * 24 * time.Hour)
	made := x
	targets := []string{q.Assignee, string(x.Scope.Name), ""}
	err = a.change(ctx, "assignment.create", targets, func(c *directory.Change) error {
		made = x
		err := c.CreateAssignment(&made)
		targets[2] = made.ID
		return err
	})
	if err != nil {
		return AssignmentInfo{}, err
	}
	info := a.assignmentInfo(ctx, &made)
	if a.Assigned != nil {
		a.Assigned(string(a.who.UPN), info)
	}
	return info, nil
}

// notAdministrator refuses what no decision would follow: rights to
// impersonate mean nothing in the hands of those who hand them out.
func (a *API) notAdministrator(ctx context.Context, q CreateAssignment, assignee entente.SID) error {
	all, err := a.Directory.Administrators(ctx)
	if err == nil && !q.Deny && slices.Contains(all, assignee) {
		err = entente.Errorf(entente.Denied, "%s administers, and administrators impersonate nobody", q.Assignee)
	}
	return err
}

func assignmentRights(name string) (access.Rights, error) {
	switch name {
	case "", "application-impersonation":
		return access.ApplicationImpersonation, nil
	case "impersonate":
		return access.Impersonate, nil
	case "may-impersonate":
		return access.MayImpersonate, nil
	}
	return 0, entente.Errorf(entente.Invalid, "rights %q is none of application-impersonation, impersonate, may-impersonate", name)
}

// scope reads over whom a right is asked. The right to call a server with
// impersonation has no scope; every other one must name it.
func (a *API) scope(ctx context.Context, q CreateAssignment, rights access.Rights) (access.Scope, error) {
	var found []access.Scope
	if q.Account != "" {
		x, err := a.account(ctx, q.Account)
		if err != nil {
			return access.Scope{}, err
		}
		found = append(found, access.Scope{Kind: access.ScopeAccount, Name: string(x.SID)})
	}
	if q.Group != "" {
		g, err := a.group(ctx, q.Group)
		if err != nil {
			return access.Scope{}, err
		}
		found = append(found, access.Scope{Kind: access.ScopeGroup, Name: string(g.SID)})
	}
	if q.Database != "" {
		found = append(found, access.Scope{Kind: access.ScopeDatabase, Name: q.Database})
	}
	if q.Scope != "" {
		found = append(found, access.Scope{Kind: access.ScopeManagement, Name: q.Scope})
	}
	if q.AllMailboxes {
		found = append(found, access.Scope{Kind: access.ScopeAll})
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && rights == access.Impersonate:
		return access.Scope{}, nil
	}
	return access.Scope{}, entente.Errorf(entente.Invalid, "say over whom: exactly one of account, group, database, management scope, or all mailboxes")
}

// EnableAssignment lets an assignment hold again.
func (a *API) EnableAssignment(ctx context.Context, q ID) (Done, error) {
	return a.setAssignment(ctx, "assignment.enable", "the assignment holds", q, true)
}

func (a *API) setAssignment(ctx context.Context, action, done string, q ID, enabled bool) (Done, error) {
	err := a.change(ctx, action, []string{q.ID}, func(c *directory.Change) error {
		return c.SetAssignment(q.ID, func(x *access.Assignment) error {
			if err := a.notOneself(x.Assignee); err != nil && enabled {
				return err
			}
			x.Enabled = enabled
			return nil
		})
	})
	return Done{done}, err
}
