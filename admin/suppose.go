package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/mailbox"
)

// ExplainAccess asks what would be decided about a request that nobody makes.
type ExplainAccess struct {
	Caller      string `json:"caller" help:"Account that would sign in, by EWS; or the address of somebody of another organization." required:""`
	As          string `json:"as,omitempty" help:"Account it would act as (ExchangeImpersonation)."`
	Mailbox     string `json:"mailbox,omitempty" help:"Account whose mailbox it would open. Default: that of whom it acts as."`
	Folder      string `json:"folder,omitempty" help:"Folder of that mailbox, by its distinguished name (inbox, calendar, …) or a path from the top."`
	Right       string `json:"right,omitempty" help:"What it wants: read, create, edit, delete, time or details of free/busy; without a folder full-access, send-as, send-on-behalf or read-private." default:""`
	UserAgent   string `json:"user_agent,omitempty" help:"Client it would use, for EwsAllowList and EwsBlockList."`
	Application string `json:"application,omitempty" help:"Application it would sign in as, for EwsAllowedAppIDs." placeholder:"ID"`
	Protocol    string `json:"protocol,omitempty" help:"By which protocol: ews, rest, activesync, autodiscover." default:"ews"`
	Device      string `json:"device,omitempty" help:"Mobile device it would come with, by its id; protocol activesync." placeholder:"ID"`
	Item        string `json:"item,omitempty" help:"One item of that mailbox, by the id EWS gives it." xor:"item" placeholder:"ID"`
	UID         string `json:"uid,omitempty" name:"uid" help:"One appointment of that mailbox, by its UID." xor:"item"`
	Server      string `json:"server,omitempty" help:"Server it would call. Default: this one."`
	At          string `json:"at,omitempty" help:"When: a time, or a duration from now such as 72h. Default: now." placeholder:"TIME"`

	ForeignCaller

	// What the ExchangeImpersonation header would say, in place of as.
	PrincipalName      string `json:"principal_name,omitempty" help:"PrincipalName in the header, in place of --as." placeholder:"UPN"`
	SID                string `json:"sid,omitempty" name:"sid" help:"SID in the header." placeholder:"SID"`
	PrimarySmtpAddress string `json:"primary_smtp_address,omitempty" help:"PrimarySmtpAddress in the header." placeholder:"ADDRESS"`
	SmtpAddress        string `json:"smtp_address,omitempty" help:"SmtpAddress in the header." placeholder:"ADDRESS"`
}

// StepInfo is one rule that was looked at, with the fact it was applied to and
// where that comes from.
type StepInfo struct {
	Question string `json:"question"`
	Rule     string `json:"rule"`
	Fact     string `json:"fact,omitempty"`
	Holds    bool   `json:"holds"`
	Needed   bool   `json:"needed"`
	Origin   string `json:"origin,omitempty"`
}

// ChangeInfo is a piece of what would turn the answer: all pieces of one option
// together do, and no part of them.
type ChangeInfo struct {
	Option  int    `json:"option"`
	Does    string `json:"does"`
	Command string `json:"command,omitempty"`
}

// AccessExplained is what would be decided, why, and what would change it.
type AccessExplained struct {
	Done    string       `json:"done"`
	Allowed bool         `json:"allowed"`
	Reason  string       `json:"reason,omitempty"`
	Steps   []StepInfo   `json:"steps"`
	Changes []ChangeInfo `json:"changes"`
}

// folderRights are the rights that can be asked about in a folder.
var folderRights = [...]struct {
	name  string
	right access.Rights
}{
	{"read", access.ReadAny},
	{"create", access.Create},
	{"edit", access.EditAny},
	{"delete", access.DeleteAny},
	{"time", access.FreeBusySimple},
	{"details", access.FreeBusyDetailed},
}

// ExplainAccess explains what would be decided, by the rules and the settings
// that a request would meet now. Nothing is opened by asking.
func (a *API) ExplainAccess(ctx context.Context, q ExplainAccess) (AccessExplained, error) {
	x, box, err := a.supposition(ctx, q)
	if err != nil {
		return AccessExplained{}, err
	}
	if x.Foreign != nil {
		if box, err = a.ofForeign(ctx, &x, &q); err != nil {
			return AccessExplained{}, err
		}
	}
	if q.Folder != "" || q.Item != "" || q.UID != "" {
		if err := a.inside(ctx, &x, box, &q); err != nil {
			return AccessExplained{}, err
		}
	}
	if x.Want, err = wanted(q.Right, x.Folder != nil); err != nil {
		return AccessExplained{}, err
	}
	if q.Device != "" {
		if x.Device, err = a.deviceFacts(ctx, &x, q.Device); err != nil {
			return AccessExplained{}, err
		}
	}
	return a.explained(ctx, x)
}

// supposition finds who and whose a question is about.
func (a *API) supposition(ctx context.Context, q ExplainAccess) (access.Supposition, *directory.Account, error) {
	x := access.Supposition{UserAgent: q.UserAgent, Application: access.ApplicationID(q.Application), Protocol: strings.ToLower(q.Protocol), Server: q.Server}
	caller, err := a.account(ctx, q.Caller)
	if isKind(err, entente.NotFound) || q.ForeignCaller != (ForeignCaller{}) {
		p, f, ok, bad := a.foreign(q.Caller, q.ForeignCaller)
		if ok {
			x.Caller, x.Foreign = p, f
			x.At, bad = a.ahead(q.At)
			return x, nil, bad
		}
		if bad != nil {
			err = bad
		}
	}
	if err != nil {
		return x, nil, err
	}
	x.Caller = caller.Principal
	if x.At, err = a.ahead(q.At); err != nil {
		return x, nil, err
	}
	box := caller
	header := access.ConnectingSID{
		PrincipalName: q.PrincipalName, SID: q.SID, PrimarySmtpAddress: q.PrimarySmtpAddress, SmtpAddress: q.SmtpAddress,
	}
	switch {
	case q.As != "" && header != (access.ConnectingSID{}):
		return x, nil, entente.Errorf(entente.Invalid, "say whom it acts as either by as or by what the header says")
	case q.As != "":
		if box, err = a.account(ctx, q.As); err != nil {
			return x, nil, err
		}
		header.SID = string(box.SID)
	case header != (access.ConnectingSID{}):
		box = nil
		x.Own = true
	}
	if header != (access.ConnectingSID{}) {
		x.Header = &header
	}
	if q.Mailbox != "" {
		if box, err = a.withMailbox(ctx, q.Mailbox); err != nil {
			return x, nil, err
		}
		x.Own = false
	}
	if box != nil {
		x.Mailbox = box.Mailbox
	}
	return x, box, nil
}

// inside finds the folder, and the item, of a question. It reads the folder's
// permission table on behalf of the mailbox's owner, who is the one that may see
// it; that is recorded.
func (a *API) inside(ctx context.Context, x *access.Supposition, box *directory.Account, q *ExplainAccess) error {
	if box == nil {
		return entente.Errorf(entente.Invalid, "say in whose mailbox the folder is")
	}
	return a.inMailbox(ctx, "explain.access", string(box.SID), false, func(v *mailbox.View, _ *directory.Account) error {
		x.FolderName = q.Folder
		if q.Folder != "" {
			f, err := findFolder(ctx, v, q.Folder)
			if isKind(err, entente.NotFound) {
				return entente.Errorf(entente.Invalid, "%q is not a distinguished folder, such as inbox or calendar, nor the path of one", q.Folder)
			}
			if err != nil {
				return err
			}
			x.Folder = &f.Table
		}
		if q.Item == "" && q.UID == "" {
			return nil
		}
		return a.insideItem(ctx, x, v, q)
	})
}

// insideItem finds an item, and the folder it is in unless that is named.
func (a *API) insideItem(ctx context.Context, x *access.Supposition, v *mailbox.View, q *ExplainAccess) error {
	s, err := a.selector(ctx, v, &CreateGrant{Item: q.Item, UID: q.UID})
	if err != nil {
		return err
	}
	keys, err := v.ItemKeys(ctx, s)
	if err != nil {
		return err
	}
	x.Item = keys[0]
	if x.Folder != nil {
		return nil
	}
	it, err := v.Item(ctx, mailbox.ItemID(x.Item.Content), 0)
	if err != nil {
		return err
	}
	f, err := v.Folder(ctx, it.Folder)
	if err != nil {
		return err
	}
	x.Folder, x.FolderName = &f.Table, string(f.Distinguished)
	return nil
}

func wanted(name string, inFolder bool) (access.Rights, error) {
	if !inFolder {
		return mailboxRights(name)
	}
	var names []string
	for _, r := range folderRights {
		if r.name == name || name == "" && r.name == "read" {
			return r.right, nil
		}
		names = append(names, r.name)
	}
	return 0, entente.Errorf(entente.Invalid, "right %q is none of %s", name, strings.Join(names, ", "))
}

func mailboxRights(name string) (access.Rights, error) {
	if name == "" {
		return 0, nil
	}
	return permissionRights([]string{name})
}

// explained puts what a request would meet into words. What comes after a
// refusal is not asked.
func (a *API) explained(ctx context.Context, x access.Supposition) (AccessExplained, error) {
	r := a.Door.Suppose(x)
	e := AccessExplained{Done: "allowed", Allowed: r.Allowed(), Reason: string(r.Reason()), Steps: []StepInfo{}, Changes: []ChangeInfo{}}
	origins, err := a.origins(ctx, &x)
	if err != nil {
		return e, err
	}
	for _, d := range r.Decisions() {
		about := a.question(ctx, &d)
		for _, s := range d.Steps() {
			e.Steps = append(e.Steps, StepInfo{about, s.Rule, a.factName(ctx, s.Fact), s.Holds, s.Needed, origins.of(&s)})
		}
	}
	if refused := r.Err(); refused != nil {
		e.Done = "refused: " + refused.Error()
		if t := (*entente.Error)(nil); errors.As(refused, &t) {
			e.Done = "refused: " + t.Text
		}
	}
	e.Changes = a.changes(x, r.Allowed())
	return e, nil
}

// changes looks for what would turn the answer, on the facts that decided. If
// those have just become others, it says nothing.
func (a *API) changes(x access.Supposition, allowed bool) []ChangeInfo {
	list := []ChangeInfo{}
	facts := a.Directory.Snapshot().Facts()
	x = a.Door.Complete(x)
	t := access.Turn(facts, x)
	if t.Was != allowed {
		return list
	}
	for i, set := range t.Sets {
		for _, c := range set {
			info := ChangeInfo{Option: i + 1, Does: c.Does}
			if info.Command = c.Command; c.Command != "" {
				info.Command = "entente " + c.Command
			}
			list = append(list, info)
		}
	}
	return list
}

// factName shows a SID by the name it has.
func (a *API) factName(ctx context.Context, fact string) string {
	if sid, err := entente.ParseSID(fact); err == nil {
		return a.nameOf(ctx, sid)
	}
	return fact
}

// question says what a decision is about.
func (a *API) question(ctx context.Context, d *access.Decision) string {
	box := d.On.Mailbox.String()
	if x, ok := a.Directory.Snapshot().FindMailbox(d.On.Mailbox); ok {
		box = string(x.UPN)
	}
	switch d.On.Kind {
	case access.ServerObject:
		return d.Want.String() + " at server " + d.On.Name
	case access.DeviceObject:
		return d.Want.String() + " with device " + d.On.Name
	case access.AccountObject:
		return d.Want.String() + " account " + a.factName(ctx, d.On.Name)
	case access.MailboxObject:
		return d.Want.String() + " in mailbox " + box
	case access.FolderObject:
		return d.Want.String() + " in the folder"
	case access.ItemObject:
		return d.Want.String() + " of the item"
	}
	return d.Want.String()
}

// origins say where facts come from, by what steps call them.
type origins struct {
	assignments map[string]string
	grants      map[string]string
	permissions map[string]string // by whom they are for
	entries     map[string]string
	relations   map[string]string // relationships and sharing policies
}

func (o *origins) of(s *access.Step) string {
	switch s.Rule {
	case "impersonation-at-server", "may-impersonate", "acts-as", "gate-bypassed":
		return o.assignments[s.Fact]
	case "relationship", "relationship-enabled", "relationship-free-busy":
		return o.relations["relationship "+s.Fact]
	case "sharing-policy":
		return o.relations["policy "+s.Fact]
	case "item-grant":
		return o.grants[s.Fact]
	case "mailbox-permission":
		return o.permissions["allow "+s.Fact]
	case "mailbox-denied":
		return o.permissions["deny "+s.Fact]
	case "folder-entry", "folder-groups", "folder-default", "folder-anonymous", "folder-external", "folder-shared":
		if s.Holds {
			return o.entries[s.Fact]
		}
	}
	return ""
}

// origins reads where the facts about a request come from: which assignment,
// and by whom and when it was made; which permission; which entry.
func (a *API) origins(ctx context.Context, x *access.Supposition) (*origins, error) {
	o := &origins{map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}, a.relations()}
	assignments, err := a.Directory.Assignments(ctx)
	if err != nil {
		return nil, err
	}
	for i := range assignments {
		info := a.assignmentInfo(ctx, &assignments[i])
		o.assignments[info.ID] = fmt.Sprintf("assignment of %s to %s%s%s", info.Rights, info.Assignee, overWhom(info.Over), a.made(ctx, assignments[i].CreatedBy, assignments[i].Created))
	}
	grants, err := a.Directory.ItemGrantsOn(ctx, x.Mailbox)
	if err != nil {
		return nil, err
	}
	for i := range grants {
		g := &grants[i]
		o.grants[g.ID] = "item grant" + a.made(ctx, g.CreatedBy, g.Created)
	}
	permissions, err := a.Directory.MailboxPermissions(ctx, x.Mailbox)
	if err != nil {
		return nil, err
	}
	for _, p := range permissions {
		key, word := "allow ", "permission"
		if p.Deny {
			key, word = "deny ", "denial"
		}
		o.permissions[key+string(p.To)] = fmt.Sprintf("%s on the mailbox: %s to %s", word, p.Rights, a.nameOf(ctx, p.To))
	}
	if x.Folder != nil {
		for _, e := range x.Folder.Entries {
			name := a.entryName(ctx, &e)
			fact := name
			if e.Who == access.Named {
				fact = string(e.SID)
			}
			o.entries[fact] = "folder permission: " + access.FolderRightsText(e.Rights) + " to " + name
		}
	}
	return o, nil
}

func overWhom(what string) string {
	if what == "" {
		return ""
	}
	return " over " + what
}

// made says by whom and when something was made, where that is known.
func (a *API) made(ctx context.Context, by entente.SID, when time.Time) string {
	text := ""
	if by != "" {
		text = ", made by " + a.nameOf(ctx, by)
	}
	if !when.IsZero() {
		text += ", made " + when.UTC().Format(time.RFC3339)
	}
	return text
}
