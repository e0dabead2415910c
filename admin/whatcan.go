package admin

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"entente"
	"entente/access"
	"entente/clientaccess"
	"entente/directory"
)

// WhatCan asks what somebody may do.
type WhatCan struct {
	Principal string `json:"principal" arg:"" help:"Account, or group: what every member has by being in it; or the address of somebody of another organization."`
	Folders   bool   `json:"folders,omitempty" help:"Look into the folders of every mailbox too; that is recorded for each."`
	Page
}

// CanInfo is one thing somebody may do.
type CanInfo struct {
	Kind   string `json:"kind"` // gate, group, administer, act-as, mailbox, folder, item
	Object string `json:"object"`
	Rights string `json:"rights"`
	Via    string `json:"via"`
}

// Abilities are what somebody may do.
type Abilities struct {
	Done string    `json:"done"`
	Next string    `json:"next,omitempty"` // ask after this for what concerns more accounts
	Can  []CanInfo `json:"can"`
}

// WhatCan tells what an account may do now, each thing as decided: which gates
// it passes, in which groups it is, as whom it may act, what it may in others'
// mailboxes, folders and items. Its own mailbox is left out.
func (a *API) WhatCan(ctx context.Context, q WhatCan) (Abilities, error) {
	who, err := a.account(ctx, q.Principal)
	if isKind(err, entente.NotFound) {
		if mail, bad := entente.ParseSMTPAddress(q.Principal); bad == nil && !a.Directory.Accepted(mail.Domain()) {
			return a.whatForeignCan(ctx, q, mail)
		}
		return a.whatGroupCan(ctx, q)
	}
	if err != nil {
		return Abilities{}, err
	}
	r := abilities{API: a, ctx: ctx, who: who, out: Abilities{Can: []CanInfo{}}}
	if q.After == "" {
		if err := r.himself(); err != nil {
			return r.out, err
		}
	}
	if r.origins, err = a.origins(ctx, &access.Supposition{}); err != nil {
		return r.out, err
	}
	r.out.Next, err = a.candidates(ctx, q.Page, func(other *directory.Account) bool {
		before := len(r.out.Can)
		if err == nil {
			err = r.concerning(other, q.Folders)
		}
		return len(r.out.Can) > before
	})
	r.out.Done = plural(len(r.out.Can), "thing") + " " + string(who.UPN) + " may"
	if r.out.Next != "" {
		r.out.Done += "; there may be more, after " + r.out.Next
	}
	return r.out, err
}

// abilities gathers what one account may.
type abilities struct {
	*API
	ctx     context.Context
	who     *directory.Account
	origins *origins
	out     Abilities
}

func (r *abilities) add(kind, object, rights, via string) {
	r.out.Can = append(r.out.Can, CanInfo{kind, object, rights, via})
}

// himself tells what does not concern others.
func (r *abilities) himself() error {
	for _, p := range []clientaccess.Protocol{clientaccess.EWS, "rest", clientaccess.ActiveSync} {
		d := r.Door.AskFor(r.who.Principal, access.Question{
			On: access.Object{Kind: access.OrganizationObject, Name: string(p)}, Want: access.Enter, At: r.Now(),
		})
		if d.Allowed() {
			r.add("gate", string(p), "Enter", lastFact(&d))
		}
	}
	d := r.Door.AskFor(r.who.Principal, access.Question{On: access.Object{Kind: access.OrganizationObject}, Want: access.Administer, At: r.Now()})
	if d.Allowed() {
		r.add("administer", "organization", "Administer", "administrator")
	}
	facts := r.Directory.Snapshot().Facts()
	for _, g := range access.GroupsOf(facts, r.who.SID) {
		r.add("group", r.nameOf(r.ctx, g), "member", "membership")
	}
	return nil
}

// lastFact is what the gate's settings say.
func lastFact(d *access.Decision) string {
	fact := ""
	for _, s := range d.Steps() {
		if s.Needed && s.Fact != "" {
			fact = s.Fact
		}
	}
	return fact
}

// concerning tells what may be done with another account: acting as it, in its
// mailbox, in its folders, with its items.
func (r *abilities) concerning(other *directory.Account, folders bool) error {
	if other.SID == r.who.SID {
		return nil
	}
	act := access.Question{On: access.Object{Kind: access.AccountObject, Name: string(other.SID)}, Want: access.MayImpersonate, At: r.Now()}
	if via, ok := r.holds(r.ctx, act, r.who, r.origins); ok {
		r.add("act-as", string(other.UPN), "ApplicationImpersonation", via)
	}
	if other.Mailbox.IsZero() {
		return nil
	}
	q := access.Question{On: access.MailboxOf(other.Mailbox), Want: access.FolderLookup, At: r.Now()}
	d := r.Door.AskFor(r.who.Principal, q)
	const granted = access.FullAccess | access.SendAs | access.SendOnBehalf | access.ReadPrivate
	if got := d.Got & granted; d.Allowed() && got != 0 {
		o, err := r.API.origins(r.ctx, &access.Supposition{Mailbox: other.Mailbox})
		if err != nil {
			return err
		}
		r.add("mailbox", string(other.UPN), got.String(), r.via(r.ctx, &d, got, o))
	}
	if err := r.items(other); err != nil || !folders || d.Got&access.FullAccess != 0 {
		return err
	}
	return r.folders(other)
}

// items tells what is granted on single items of a mailbox.
func (r *abilities) items(other *directory.Account) error {
	grants, err := r.Directory.ItemGrantsOn(r.ctx, other.Mailbox)
	if err != nil || len(grants) == 0 {
		return err
	}
	for _, g := range r.Door.GrantedTo(r.who.Principal, other.Mailbox) {
		object := fmt.Sprintf("%s item %d", other.UPN, g.Key.Content)
		if g.Key.Day != 0 {
			object += " on " + strconv.Itoa(int(g.Key.Day))
		}
		ids := make([]string, 0, len(g.By))
		for _, by := range g.By {
			ids = append(ids, by.ID)
		}
		slices.Sort(ids)
		r.add("item", object, "read "+g.Read.String()+", write "+g.Write.String(), fmt.Sprintf("item grants %v", ids))
	}
	return nil
}

// folders tells which folders of a mailbox name the account, or a group it is
// in; what everyone has by Default is not told again for each.
func (r *abilities) folders(other *directory.Account) error {
	all, err := r.tables(r.ctx, string(other.SID))
	if err != nil {
		return err
	}
	for _, f := range all {
		d := r.Door.AskFor(r.who.Principal, access.Question{
			On: access.FolderOf(other.Mailbox, f.Table.Folder), Folder: &f.Table, Want: access.FolderVisible, At: r.Now(),
		})
		for _, s := range d.Steps() {
			if s.Holds && (s.Rule == "folder-entry" || s.Rule == "folder-groups") && d.Got&access.FolderRights != 0 {
				r.add("folder", string(other.UPN)+`:\`+f.Name, access.FolderRightsText(d.Got&access.FolderRights), s.Rule+" "+r.factName(r.ctx, s.Fact))
			}
		}
	}
	return nil
}

// whatGroupCan tells what is granted to a group, which its members have by being
// in it.
func (a *API) whatGroupCan(ctx context.Context, q WhatCan) (Abilities, error) {
	sid, err := a.grantee(ctx, q.Principal)
	if err != nil {
		return Abilities{}, err
	}
	facts := a.Directory.Snapshot().Facts()
	out := Abilities{Can: []CanInfo{}}
	add := func(kind, object, rights, via string) { out.Can = append(out.Can, CanInfo{kind, object, rights, via}) }
	for _, g := range access.GroupsOf(facts, sid) {
		add("group", a.nameOf(ctx, g), "member", "membership")
	}
	for _, by := range append(access.GroupsOf(facts, sid), sid) {
		name := a.nameOf(ctx, by)
		if slices.Contains(facts.Administrators, by) {
			add("administer", "organization", "Administer", name)
		}
		assignments, err := a.Directory.Assignments(ctx)
		if err != nil {
			return out, err
		}
		for i := range assignments {
			if x := &assignments[i]; x.Assignee == by && x.Enabled {
				info := a.assignmentInfo(ctx, x)
				add("act-as", info.Over, info.Rights, "assignment "+info.ID+" to "+name)
			}
		}
		for _, p := range facts.Permissions {
			if box, ok := a.Directory.Snapshot().FindMailbox(p.Mailbox); ok && p.To == by {
				kind := "mailbox"
				if p.Deny {
					kind = "mailbox denied"
				}
				add(kind, string(box.UPN), p.Rights.String(), "permission to "+name)
			}
		}
		for i := range facts.ItemGrants {
			g := &facts.ItemGrants[i]
			if box, ok := a.Directory.Snapshot().FindMailbox(g.Mailbox); ok && g.To == by && g.Enabled {
				add("item", string(box.UPN), "read "+g.Read.String()+", write "+g.Write.String(), "item grant "+g.ID+" to "+name)
			}
		}
	}
	out.Done = plural(len(out.Can), "thing") + " is given to " + q.Principal
	return out, nil
}
