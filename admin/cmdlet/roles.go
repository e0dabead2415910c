package cmdlet

import (
	"slices"
	"strings"

	"entente"
	"entente/admin"
)

// Rights of Exchange 2007 that Add-ADPermission grants, and what our verbs call
// them.
const (
	epiImpersonation  = "ms-Exch-EPI-Impersonation"
	epiMayImpersonate = "ms-Exch-EPI-May-Impersonate"
	sendAs            = "Send-As"
)

// ManagementScope is what Get-ManagementScope shows.
type ManagementScope struct {
	Name            string `json:"Name"`
	RecipientFilter string `json:"RecipientFilter"`
	Exclusive       bool   `json:"Exclusive"`
}

// RoleAssignment is what Get-ManagementRoleAssignment shows.
type RoleAssignment struct {
	Name             string `json:"Name"`
	Role             string `json:"Role"`
	RoleAssigneeName string `json:"RoleAssigneeName"`
	WriteScope       string `json:"RecipientWriteScope"`
	Enabled          bool   `json:"Enabled"`
	NotAfter         string `json:"NotAfter"` // ours: assignments end
}

// ADPermission is what Get-ADPermission shows.
type ADPermission struct {
	Identity       string `json:"Identity"`
	User           string `json:"User"`
	ExtendedRights string `json:"ExtendedRights"`
	Deny           bool   `json:"Deny"`
}

func roleCmdlets() []Cmdlet {
	return append(append(scopeCmdlets(), assignmentCmdlets()...), adCmdlets()...)
}

func scopeCmdlets() []Cmdlet {
	name := Parameter{Name: "Name", First: true, Mandatory: true, Help: "The scope's name."}
	identity := Parameter{Name: "Identity", First: true, Mandatory: true, Help: "The scope's name."}
	filter := Parameter{Name: "RecipientRestrictionFilter", Mandatory: true, Help: `Which recipients: "Department -eq 'Sales'".`}
	return []Cmdlet{
		{
			Name: "New-ManagementScope", Synopsis: "Make a named set of recipients.", Verbs: "scope create",
			Parameters: []Parameter{
				name, filter,
				{Name: "Exclusive", Kind: Switch, Help: "Keep everyone without an exclusive scope away from these recipients."},
				{Name: "Force", Kind: Switch, Help: "Taken."},
			},
			run: func(c *call) (any, error) {
				s, err := do[admin.ScopeInfo](c, "scope", "create", admin.CreateScope{
					ScopeName: admin.ScopeName{Name: c.Text("Name")}, Filter: c.Text("RecipientRestrictionFilter"), Exclusive: c.Is("Exclusive"),
				})
				return ManagementScope{s.Name, s.Filter, s.Exclusive}, err
			},
		},
		{
			Name: "Get-ManagementScope", Synopsis: "Show named sets of recipients.", Verbs: "scope list",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Help: "Only this one."},
				{Name: "Exclusive", Kind: Bool, Help: "Only exclusive ones, or only others."},
			},
			run: getManagementScope,
		},
		{
			Name: "Set-ManagementScope", Synopsis: "Change whom a named set of recipients holds.", Verbs: "scope set",
			Parameters: []Parameter{identity, filter},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "scope", "set", admin.SetScope{
					ScopeName: admin.ScopeName{Name: c.Text("Identity")}, Filter: c.Text("RecipientRestrictionFilter"),
				})
				return nil, err
			},
		},
		{
			Name: "Remove-ManagementScope", Synopsis: "Remove a named set of recipients that nothing is about.", Verbs: "scope remove",
			Parameters: []Parameter{identity},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "scope", "remove", admin.ScopeName{Name: c.Text("Identity")})
				return nil, err
			},
		},
	}
}

func getManagementScope(c *call) (any, error) {
	all, err := get[[]admin.ScopeInfo](c, "scope", "list", admin.Nothing{})
	list := []ManagementScope{}
	for _, s := range all {
		if like(orStar(c.Text("Identity")), s.Name) && (!c.Has("Exclusive") || c.Is("Exclusive") == s.Exclusive) {
			list = append(list, ManagementScope{s.Name, s.Filter, s.Exclusive})
		}
	}
	if err == nil && len(list) == 0 && c.Has("Identity") && !strings.Contains(c.Text("Identity"), "*") {
		return nil, notFound(c.Text("Identity"))
	}
	return list, err
}

func orStar(pattern string) string {
	if pattern == "" {
		return "*"
	}
	return pattern
}

func assignmentCmdlets() []Cmdlet {
	role := Parameter{Name: "Role", Kind: Enum, Values: []string{"ApplicationImpersonation"}, Help: "The management role."}
	mustRole := role
	mustRole.Mandatory = true
	identity := Parameter{Name: "Identity", First: true, Mandatory: true, Help: "The assignment's name."}
	return []Cmdlet{
		{
			Name: "New-ManagementRoleAssignment", Synopsis: "Let an application act as others.", Verbs: "assignment create",
			Parameters: []Parameter{
				{Name: "Name", First: true, Help: "What the assignment is called."},
				mustRole,
				{Name: "User", Help: "The application's account."},
				{Name: "SecurityGroup", Help: "A group of them, instead."},
				{Name: "CustomRecipientWriteScope", Help: "Over the recipients of this management scope."},
				{Name: "ExclusiveRecipientWriteScope", Help: "Likewise, of an exclusive one."},
				{Name: "RecipientRelativeWriteScope", Kind: Enum, Values: []string{"Organization"}, Help: "Organization: over everybody. That must be said here."},
				{Name: "Days", Kind: Number, Help: "Ours: for how many days it holds; 365 without it."},
			},
			run: newRoleAssignment,
		},
		{
			Name: "Get-ManagementRoleAssignment", Synopsis: "Show who may act as others.", Verbs: "assignment list",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Help: "Only this one."},
				role,
				{Name: "RoleAssignee", Help: "Only this account's or group's."},
				{Name: "Enabled", Kind: Bool, Help: "Only those that hold, or do not."},
			},
			run: getRoleAssignment,
		},
		{
			Name: "Set-ManagementRoleAssignment", Synopsis: "Have an assignment hold or not.", Verbs: "assignment enable, assignment disable",
			Parameters: []Parameter{identity, {Name: "Enabled", Kind: Bool, Mandatory: true, Help: "Whether it holds."}},
			run: func(c *call) (any, error) {
				verb := "disable"
				if c.Is("Enabled") {
					verb = "enable"
				}
				_, err := do[admin.Done](c, "assignment", verb, admin.ID{ID: c.Text("Identity")})
				return nil, err
			},
		},
		{
			Name: "Remove-ManagementRoleAssignment", Synopsis: "Take an assignment back.", Verbs: "assignment remove",
			Parameters: []Parameter{identity},
			run: func(c *call) (any, error) {
				_, err := do[admin.Done](c, "assignment", "remove", admin.ID{ID: c.Text("Identity")})
				return nil, err
			},
		},
	}
}

func newRoleAssignment(c *call) (any, error) {
	q := admin.CreateAssignment{ID: c.Text("Name"), Assignee: c.Text("User"), Days: c.Number("Days")}
	switch {
	case c.Has("User") && c.Has("SecurityGroup"):
		return nil, entente.Errorf(entente.Invalid, "Parameter set cannot be resolved using the specified named parameters.")
	case c.Has("SecurityGroup"):
		q.Assignee = c.Text("SecurityGroup")
	case !c.Has("User"):
		return nil, entente.Errorf(entente.Invalid, "Cannot process command because of one or more missing mandatory parameters: User.")
	}
	if q.Scope = c.Text("CustomRecipientWriteScope"); q.Scope == "" {
		q.Scope = c.Text("ExclusiveRecipientWriteScope")
	}
	q.AllMailboxes = c.Text("RecipientRelativeWriteScope") == "Organization"
	if q.Scope == "" && !q.AllMailboxes {
		return nil, entente.Errorf(entente.Invalid, "say over whom: -CustomRecipientWriteScope or -ExclusiveRecipientWriteScope SCOPE, "+
			"or -RecipientRelativeWriteScope Organization if that is meant to be everybody")
	}
	x, err := do[admin.AssignmentInfo](c, "assignment", "create", q)
	if err != nil {
		return nil, err
	}
	return roleAssignment(&x), nil
}

func roleAssignment(x *admin.AssignmentInfo) RoleAssignment {
	scope := x.Over
	if scope == "all mailboxes" {
		scope = "Organization"
	}
	return RoleAssignment{x.ID, x.Rights, x.Assignee, scope, x.Enabled, x.NotAfter}
}

func getRoleAssignment(c *call) (any, error) {
	all, err := get[[]admin.AssignmentInfo](c, "assignment", "list", admin.Nothing{})
	list := []RoleAssignment{}
	for i := range all {
		x := &all[i]
		switch {
		case x.Rights != "ApplicationImpersonation" || x.Deny:
		case !like(orStar(c.Text("Identity")), x.ID):
		case c.Has("RoleAssignee") && !strings.EqualFold(c.Text("RoleAssignee"), x.Assignee):
		case c.Has("Enabled") && c.Is("Enabled") != x.Enabled:
		default:
			list = append(list, roleAssignment(x))
		}
	}
	if err == nil && len(list) == 0 && c.Has("Identity") && !strings.Contains(c.Text("Identity"), "*") {
		return nil, notFound(c.Text("Identity"))
	}
	return list, err
}

func adCmdlets() []Cmdlet {
	parameters := []Parameter{
		{Name: "Identity", First: true, Mandatory: true, Help: "A server (for " + epiImpersonation + "), a mailbox database or an account (for " + epiMayImpersonate + "), a mailbox (for Send-As)."},
		{Name: "User", Mandatory: true, Help: "Account or group that gets the right."},
		{Name: "ExtendedRights", Kind: Enums, Values: []string{epiImpersonation, epiMayImpersonate, sendAs}, Mandatory: true, Help: "Which rights."},
		{Name: "Deny", Kind: Switch, Help: "Deny instead of grant."},
	}
	return []Cmdlet{
		{
			Name: "Add-ADPermission", Synopsis: "Grant the permissions of Exchange 2007: to call a server with impersonation, to act as an account or those of a database.",
			Verbs: "assignment create, permission grant", Parameters: parameters, run: addADPermission,
		},
		{
			Name: "Get-ADPermission", Synopsis: "Show those permissions.", Verbs: "assignment list",
			Parameters: []Parameter{
				{Name: "Identity", First: true, Help: "Only on this server, database or account."},
				{Name: "User", Help: "Only this account's or group's."},
			},
			run: func(c *call) (any, error) {
				list := []ADPermission{}
				all, err := c.adPermissions()
				for _, x := range all {
					list = append(list, x.ADPermission)
				}
				return list, err
			},
		},
		{
			Name: "Remove-ADPermission", Synopsis: "Take those permissions back.", Verbs: "assignment remove, permission revoke",
			Parameters: parameters, run: removeADPermission,
		},
	}
}

func addADPermission(c *call) (any, error) {
	list := []ADPermission{}
	for _, right := range c.list("ExtendedRights") {
		if right == sendAs {
			if _, err := c.permit("User", []string{"SendAs"}); err != nil {
				return nil, err
			}
			list = append(list, ADPermission{c.Text("Identity"), c.Text("User"), right, c.Is("Deny")})
			continue
		}
		q := admin.CreateAssignment{Assignee: c.Text("User"), Deny: c.Is("Deny")}
		if err := c.place(&q, right); err != nil {
			return nil, err
		}
		if _, err := do[admin.AssignmentInfo](c, "assignment", "create", q); err != nil {
			return nil, err
		}
		list = append(list, ADPermission{c.Text("Identity"), c.Text("User"), right, c.Is("Deny")})
	}
	if c.planned != nil {
		return nil, nil
	}
	return list, nil
}

// place says where a right is held: at a server, or over a database or an
// account, whichever has the name.
func (c *call) place(q *admin.CreateAssignment, right string) error {
	name := c.Text("Identity")
	if right == epiImpersonation {
		q.Rights, q.Server = "impersonate", name
		return nil
	}
	q.Rights = "may-impersonate"
	all, err := get[[]admin.DatabaseInfo](c, "database", "list", admin.Nothing{})
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(all, func(d admin.DatabaseInfo) bool { return strings.EqualFold(d.Name, name) }); i >= 0 {
		q.Database = all[i].Name
		return nil
	}
	x, err := get[admin.AccountDetails](c, "account", "show", admin.AccountName{Account: name})
	if isNotFound(err) {
		return notFound(name)
	}
	q.Account = x.UPN
	return err
}

// A heldPermission is an ADPermission and the assignment it is.
type heldPermission struct {
	ADPermission
	id string
}

// adPermissions are the assignments that have the form of 2007.
func (c *call) adPermissions() ([]heldPermission, error) {
	all, err := get[[]admin.AssignmentInfo](c, "assignment", "list", admin.Nothing{})
	var list []heldPermission
	for i := range all {
		x := &all[i]
		p := heldPermission{ADPermission{x.Server, x.Assignee, x.Rights, x.Deny}, x.ID}
		if x.Rights == epiMayImpersonate {
			kind, name, _ := strings.Cut(x.Over, " ")
			if kind != "account" && kind != "database" {
				continue
			}
			p.Identity = name
		}
		switch {
		case x.Rights != epiImpersonation && x.Rights != epiMayImpersonate:
		case c.Has("Identity") && !strings.EqualFold(c.Text("Identity"), p.Identity):
		case c.Has("User") && !strings.EqualFold(c.Text("User"), p.User):
		default:
			list = append(list, p)
		}
	}
	return list, err
}

func removeADPermission(c *call) (any, error) {
	all, err := c.adPermissions()
	if err != nil {
		return nil, err
	}
	for _, right := range c.list("ExtendedRights") {
		if right == sendAs {
			if err := c.withdraw("User", []string{"SendAs"}); err != nil {
				return nil, err
			}
			continue
		}
		found := false
		for _, x := range all {
			if x.ExtendedRights != right || x.Deny != c.Is("Deny") {
				continue
			}
			found = true
			if _, err := do[admin.Done](c, "assignment", "remove", admin.ID{ID: x.id}); err != nil {
				return nil, err
			}
		}
		if !found {
			return nil, entente.Errorf(entente.NotFound, "Cannot remove ACE on object \"%s\" for account \"%s\" because it is not present.", c.Text("Identity"), c.Text("User"))
		}
	}
	return nil, nil
}
