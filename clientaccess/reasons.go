package clientaccess

import (
	"slices"
	"strconv"

	"entente/access"
	"entente/audit"
)

// maxSteps bounds the reasons kept of one request, maxGrounds what they rest on.
const (
	maxSteps   = 64
	maxGrounds = 16
)

// reasons gathers decisions into a record: equal ones once, since a list asks
// the same of a folder for each of its items.
type reasons struct {
	record *audit.Record
	local  bool // this process, whose rights come from nobody
	had    []*access.Decision
}

func (p *reasons) add(d *access.Decision) {
	r := p.record
	if !d.Allowed() {
		r.Allowed = false
	}
	plain := r.Kind == audit.Owner || r.Kind == audit.Sender // what everybody may
	if d.Allowed() && plain || len(r.Steps) >= maxSteps {
		return
	}
	if slices.ContainsFunc(p.had, func(e *access.Decision) bool { return *e == *d }) {
		return
	}
	p.had = append(p.had, d)
	for i, st := range d.Steps() {
		step := audit.Step{Rule: st.Rule, Fact: st.Fact, Holds: st.Holds}
		if i == 0 {
			step.On, step.Want = objectText(&d.On), d.Want.String()
		}
		if len(r.Steps) < maxSteps {
			r.Steps = append(r.Steps, step)
		}
		if d.Allowed() && st.Holds && !p.local {
			p.ground(&st, d.Want)
		}
	}
}

// ground keeps what a right that was wanted came from.
func (p *reasons) ground(st *access.Step, want access.Rights) {
	var kind audit.GroundKind
	switch st.Rule {
	case "acts-as", "may-impersonate", "impersonation-at-server":
		kind = audit.ByAssignment
	case "mailbox-permission":
		kind = audit.ByMailboxPermission
	case "folder-entry", "folder-groups", "folder-default", "folder-anonymous":
		kind = audit.ByFolderPermission
	case "item-grant":
		kind = audit.ByItemGrant
	}
	if kind == "" || st.Fact == "" || kind != audit.ByAssignment && st.Gives&want == 0 {
		return
	}
	g := audit.Ground{Kind: kind, ID: st.Fact}
	if r := p.record; len(r.Grounds) < maxGrounds && !slices.Contains(r.Grounds, g) {
		r.Grounds = append(r.Grounds, g)
	}
}

// objectText names what a decision was about.
func objectText(o *access.Object) string {
	switch o.Kind {
	case access.ServerObject:
		return "server " + o.Name
	case access.DatabaseObject:
		return "database " + o.Name
	case access.AccountObject:
		return "account " + o.Name
	case access.MailboxObject:
		return "mailbox"
	case access.FolderObject:
		return "folder " + strconv.FormatUint(o.Folder, 10)
	case access.ItemObject:
		return "item " + strconv.FormatUint(o.Item.Content, 10) + " in folder " + strconv.FormatUint(o.Folder, 10)
	case access.DeviceObject:
		return "device " + o.Name
	case access.OrganizationObject:
		return "gate " + o.Name
	}
	return ""
}
