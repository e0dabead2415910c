package oracle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"entente/access"
)

// boxRights are rights on a mailbox as a whole.
func boxRights() []access.Rights {
	return []access.Rights{access.FullAccess, access.SendAs, access.SendOnBehalf, access.ReadPrivate}
}

// folderRights are those a folder's table gives, one by one.
func folderRights() []access.Rights {
	return []access.Rights{
		access.ReadAny, access.Create, access.EditOwned, access.DeleteOwned, access.EditAny, access.DeleteAny,
		access.CreateSubFolder, access.FolderOwner, access.FolderContact, access.FolderVisible, access.FreeBusySimple, access.FreeBusyDetailed,
	}
}

// mailbox: its owner may everything; others what they are granted, unless it is
// denied to them; everyone may look into it, and deliver.
func (o *oracle) mailbox(a *access.Account) {
	box := literal(uid("Mailbox", a.Mailbox.String()))
	owner := literal(who(a.SID))
	o.say(`permit (principal == %s, action, resource == %s);`, owner, box)
	o.say(`permit (principal, action in [Action::"FolderLookup", Action::"Deliver"], resource == %s);`, box)
	var denied []string // of FullAccess
	for _, p := range o.facts.Permissions {
		if p.Mailbox == a.Mailbox && p.Deny && p.Rights.Has(access.FullAccess) {
			denied = append(denied, "principal in "+literal(who(p.To)))
		}
	}
	for _, p := range o.facts.Permissions {
		if p.Mailbox != a.Mailbox {
			continue
		}
		to := literal(who(p.To))
		for _, r := range boxRights() {
			switch {
			case !p.Rights.Has(r):
			case p.Deny:
				o.say(`forbid (principal in %s, action == Action::%q, resource == %s) unless { principal == %s };`, to, r.String(), box, owner)
			default:
				o.say(`permit (principal in %s, action == Action::%q, resource == %s);`, to, r.String(), box)
			}
		}
		// Full access shows private items too.
		if p.Rights.Has(access.FullAccess) && !p.Deny {
			unless := strings.Join(append(denied, "false"), " || ")
			o.say(`permit (principal in %s, action == Action::"ReadPrivate", resource == %s) unless { %s };`, to, box, unless)
		}
	}
}

func folderUID(t *access.FolderTable) cedar.EntityUID { return uid("Folder", fmt.Sprint(t.Folder)) }

// folder: an own entry counts alone, then those of groups together, then
// Default. What gives more implies what is less.
func (o *oracle) folder(t *access.FolderTable) {
	f := literal(folderUID(t))
	o.entities[folderUID(t)] = cedar.Entity{UID: folderUID(t), Attributes: cedar.NewRecord(nil)}
	people, groups := []string{"false"}, []string{"false"}
	for _, e := range t.Entries {
		if e.Who != access.Named {
			continue
		}
		if o.isGroup(e) {
			groups = append(groups, "principal in "+literal(who(e.SID)))
		} else {
			people = append(people, "principal == "+literal(who(e.SID)))
		}
	}
	named, grouped := strings.Join(people, " || "), strings.Join(groups, " || ")
	for _, e := range t.Entries {
		head, unless := "principal", named+" || "+grouped
		switch {
		case e.Who == access.Anonymous:
			continue
		case e.Who == access.Named && o.isGroup(e):
			head, unless = "principal in "+literal(who(e.SID)), named
		case e.Who == access.Named:
			head, unless = "principal == "+literal(who(e.SID)), "false"
		}
		for _, r := range given(e.Rights) {
			o.say(`permit (%s, action == Action::%q, resource == %s) unless { %s };`, head, r.String(), f, unless)
		}
	}
}

func (o *oracle) isGroup(e access.Entry) bool {
	return slices.ContainsFunc(o.facts.Groups, func(g access.Group) bool { return g.SID == e.SID })
}

// given are the rights of an entry, with those that come with them,
// [MS-OXCPERM] 2.2.7.
func given(r access.Rights) []access.Rights {
	var all []access.Rights
	for _, one := range folderRights() {
		more := map[access.Rights]access.Rights{
			access.EditOwned: access.EditAny, access.DeleteOwned: access.DeleteAny, access.FreeBusySimple: access.FreeBusyDetailed,
		}[one]
		if r&(one|more) != 0 {
			all = append(all, one)
		}
	}
	return all
}

// itemGrant: while it holds, to read what it shows and to write what it lets be
// written. An occurrence is in its series.
func (o *oracle) itemGrant(g *access.ItemGrant) {
	if !g.Enabled {
		return
	}
	when := "true"
	if !g.NotAfter.IsZero() {
		when = fmt.Sprintf("context.at < %d", g.NotAfter.Unix())
	}
	for _, key := range g.Items {
		item := literal(itemUID(g.Mailbox, key.Content, key.Day))
		if g.Read|g.Write != 0 {
			o.say(`permit (principal in %s, action == Action::"ReadItem", resource in %s) when { %s };`, literal(who(g.To)), item, when)
		}
		if g.Write != 0 {
			o.say(`permit (principal in %s, action == Action::"EditItem", resource in %s) when { %s };`, literal(who(g.To)), item, when)
		}
	}
}
