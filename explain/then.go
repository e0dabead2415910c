package explain

import (
	"encoding/json"
	"reflect"
	"strconv"

	"entente"
	"entente/access"
)

// A then is the part of a question that a set of changes leaves otherwise: put
// in place of the keys of the same names, it makes the question whose answer is
// turned.
type then struct {
	Organization    *organization    `json:"organization,omitempty"`
	Accounts        []account        `json:"accounts,omitempty"`
	Groups          []group          `json:"groups,omitempty"`
	Administrators  *[]string        `json:"administrators,omitempty"`
	Permissions     *[]permission    `json:"permissions,omitempty"`
	Scopes          *[]scope         `json:"scopes,omitempty"`
	Policies        []scopePolicy    `json:"policies,omitempty"`
	Assignments     *[]assignment    `json:"assignments,omitempty"`
	ItemGrants      *[]itemGrant     `json:"item_grants,omitempty"`
	Relationships   *[]relationship  `json:"relationships,omitempty"`
	SharingPolicies *[]sharingPolicy `json:"sharing_policies,omitempty"`
	Folders         []folder         `json:"folders,omitempty"`
	Request         *request         `json:"request,omitempty"`
}

// then writes down what a set of changes makes of the question.
func (b *builder) then(x access.Supposition, set []access.Change) then {
	f, y := b.facts, x
	for _, c := range set {
		f, y = c.Apply(f, y)
	}
	w := writer{b: b, facts: &f, names: map[entente.SID]string{}}
	for sid, name := range b.names {
		w.names[sid] = name
	}
	w.nameNew()
	var t then
	differs := func(x, y any) bool { return !reflect.DeepEqual(x, y) }
	if differs(f.Organization, b.facts.Organization) {
		t.Organization = w.organization()
	}
	if differs(f.Accounts, b.facts.Accounts) {
		t.Accounts = each(f.Accounts, w.account)
	}
	if differs(f.Groups, b.facts.Groups) {
		t.Groups = each(f.Groups, w.group)
	}
	if differs(f.Administrators, b.facts.Administrators) {
		t.Administrators = kept(each(f.Administrators, func(sid *entente.SID) string { return w.name(*sid) }))
	}
	if differs(f.Permissions, b.facts.Permissions) {
		t.Permissions = kept(each(f.Permissions, w.permission))
	}
	if differs(f.Scopes, b.facts.Scopes) {
		t.Scopes = kept(each(f.Scopes, func(s *access.ManagementScope) scope { return scope{s.Name, s.Filter, s.Exclusive} }))
	}
	if differs(f.Policies, b.facts.Policies) {
		t.Policies = each(f.Policies, func(p *access.ScopePolicy) scopePolicy {
			return scopePolicy{writePolicy(&p.Policy), p.Scope, p.Priority}
		})
	}
	if differs(f.Assignments, b.facts.Assignments) {
		t.Assignments = kept(each(f.Assignments, w.assignment))
	}
	if differs(f.ItemGrants, b.facts.ItemGrants) {
		t.ItemGrants = kept(each(f.ItemGrants, w.itemGrant))
	}
	if differs(f.Relationships, b.facts.Relationships) {
		t.Relationships = kept(each(f.Relationships, w.relationship))
	}
	if differs(f.SharingPolicies, b.facts.SharingPolicies) {
		t.SharingPolicies = kept(each(f.SharingPolicies, w.sharingPolicy))
	}
	if differs(x.Folder, y.Folder) {
		t.Folders, t.Request = w.folders(&y)
	}
	return t
}

func each[T, U any](all []T, one func(*T) U) []U {
	out := make([]U, 0, len(all))
	for i := range all {
		out = append(out, one(&all[i]))
	}
	return out
}

// kept keeps an empty list from being left out.
func kept[T any](all []T) *[]T { return &all }

// A writer turns facts into the words of questions.
type writer struct {
	b     *builder
	facts *access.Facts
	names map[entente.SID]string
}

// nameNew gives accounts that a change makes the names that the request knows
// them by.
func (w *writer) nameNew() {
	r := w.b.q.Request
	for i := len(w.b.facts.Accounts); i < len(w.facts.Accounts); i++ {
		a := &w.facts.Accounts[i]
		name := string(a.SID)
		switch {
		case a.SID == w.b.principal(r.Caller).SID:
			name = r.Caller
		case a.SID == w.b.principal(r.ActsAs).SID && r.ActsAs != "":
			name = r.ActsAs
		case a.Mailbox == nowhere():
			name = r.Mailbox
		case a.UPN != "":
			name = string(a.UPN)
		case a.Mail != "":
			name = string(a.Mail)
		}
		w.names[a.SID] = name
	}
}

func (w *writer) name(sid entente.SID) string {
	if name := w.names[sid]; name != "" {
		return name
	}
	return string(sid)
}

func (w *writer) mailbox(id entente.MailboxID) string {
	for i := range w.facts.Accounts {
		if a := &w.facts.Accounts[i]; a.Mailbox == id {
			return w.name(a.SID)
		}
	}
	return ""
}

func writePolicy(p *access.ClientPolicy) policy {
	out := policy{
		ActiveSyncEnabled: setting{p.ActiveSyncEnabled}, EwsEnabled: setting{p.EwsEnabled}, EwsAllowOutlook: setting{p.EwsAllowOutlook},
		EwsAllowMacOutlook: setting{p.EwsAllowMacOutlook}, EwsAllowEntourage: setting{p.EwsAllowEntourage},
		EwsApplicationAccessPolicy: string(p.EwsApplicationAccessPolicy), EwsAllowList: p.EwsAllowList, EwsBlockList: p.EwsBlockList,
	}
	for _, id := range p.EwsAllowedAppIDs {
		out.EwsAllowedAppIDs = append(out.EwsAllowedAppIDs, string(id))
	}
	return out
}

func (w *writer) organization() *organization {
	o := &w.facts.Organization
	out := &organization{policy: writePolicy(&o.Policy), Name: o.Name, DomainSID: o.DomainSID}
	if o.Precedence == access.Strict {
		out.Precedence = "strict"
	}
	return out
}

func (w *writer) account(a *access.Account) account {
	mail, has := string(a.Mail), !a.Mailbox.IsZero()
	out := account{
		Name: w.name(a.SID), SID: a.SID, UPN: string(a.UPN), Mail: &mail, Master: a.Master,
		Kind: string(a.Kind), Enabled: &a.Enabled, Mailbox: &has, Database: a.Database, SharingPolicy: a.SharingPolicy,
	}
	for _, p := range a.Proxies {
		out.Proxies = append(out.Proxies, string(p))
	}
	if a.Policy != nil {
		out.policy = writePolicy(a.Policy)
	}
	if x := a.Attributes; x != nil {
		out.Attributes = attributes{"Alias": x.Alias, "Title": x.Title, "Department": x.Department, "Company": x.Company, "Office": x.Office}
		for i, v := range x.Custom {
			out.Attributes["CustomAttribute"+strconv.Itoa(i+1)] = v
		}
		for k, v := range out.Attributes {
			if v == "" {
				delete(out.Attributes, k)
			}
		}
	}
	return out
}

func (w *writer) group(g *access.Group) group {
	return group{
		Name: w.name(g.SID), SID: g.SID, Mail: string(g.Mail), Master: g.Master,
		Members: each(g.Members, func(sid *entente.SID) string { return w.name(*sid) }),
	}
}

func writeRights(r access.Rights) words { return split(r.String()) }

func (w *writer) permission(p *access.MailboxPermission) permission {
	return permission{Mailbox: w.mailbox(p.Mailbox), To: w.name(p.To), Rights: writeRights(p.Rights), Deny: p.Deny}
}

func (w *writer) assignment(a *access.Assignment) assignment {
	out := assignment{
		ID: a.ID, To: w.name(a.Assignee), Rights: writeRights(a.Rights), Server: a.Server, AllowDisabled: a.AllowDisabled,
		NotBefore: moment{a.NotBefore}, NotAfter: moment{a.NotAfter}, Enabled: &a.Enabled, Deny: a.Deny,
	}
	if a.Gate == access.GateBypass {
		out.Gate = "bypass"
	}
	switch a.Scope.Kind {
	case access.ScopeAll:
		out.Over = "all"
	case access.ScopeAccount:
		out.Over = "account:" + w.name(entente.SID(a.Scope.Name))
	case access.ScopeGroup:
		out.Over = "group:" + w.name(entente.SID(a.Scope.Name))
	case access.ScopeDatabase:
		out.Over = "database:" + a.Scope.Name
	case access.ScopeManagement:
		out.Over = "scope:" + a.Scope.Name
	}
	return out
}

func (w *writer) itemGrant(g *access.ItemGrant) itemGrant {
	out := itemGrant{
		ID: g.ID, Mailbox: w.mailbox(g.Mailbox), External: string(g.External), Label: g.Label,
		Read: split(g.Read.String()), Write: split(g.Write.String()), Earliest: moment{g.Earliest}, Latest: moment{g.Latest},
		Locations: g.Locations, NotBefore: moment{g.NotBefore}, NotAfter: moment{g.NotAfter}, Enabled: &g.Enabled,
	}
	if g.To != "" {
		out.To = w.name(g.To)
	}
	for _, key := range g.Items {
		for name, n := range w.b.items {
			if n == key.Content {
				out.Items = append(out.Items, item{name, key.Day})
			}
		}
	}
	return out
}

// folders writes all folders, with the table of the one asked about as it has
// become. An item whose folder was not named gets one, and the request names it.
func (w *writer) folders(y *access.Supposition) ([]folder, *request) {
	out := append([]folder(nil), w.b.q.Folders...)
	entries := each(y.Folder.Entries, func(e *access.Entry) entry {
		if e.Who == access.ExternalUser {
			return entry{External: string(e.External), Rights: writeRights(e.Rights)}
		}
		to := w.name(e.SID)
		switch e.Who {
		case access.Default:
			to = "Default"
		case access.Anonymous:
			to = "Anonymous"
		}
		return entry{To: to, Rights: writeRights(e.Rights)}
	})
	if i := int(y.Folder.Folder) - 1; i < len(out) {
		out[i].Entries = entries
		return out, nil
	}
	r := *w.b.q.Request
	r.Folder = "folder of the item"
	box := r.Mailbox
	if box == "" {
		box = w.mailbox(y.Mailbox)
	}
	return append(out, folder{Name: r.Folder, Mailbox: box, Entries: entries}), &r
}

func (s setting) MarshalJSON() ([]byte, error) {
	switch s.Setting {
	case access.On:
		return []byte("true"), nil
	case access.Off:
		return []byte("false"), nil
	}
	return []byte("null"), nil
}

func (m moment) MarshalJSON() ([]byte, error) {
	if m.IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendQuote(nil, m.UTC().Format("2006-01-02T15:04:05.999999999Z07:00")), nil
}

// IsZero lets what is not set be left out.
func (s setting) IsZero() bool { return s.Setting == access.Unset }

func (i item) MarshalJSON() ([]byte, error) {
	if i.Day == 0 {
		return json.Marshal(i.Name)
	}
	return json.Marshal(map[string]any{"content": i.Name, "day": i.Day})
}
