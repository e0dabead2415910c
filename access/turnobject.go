package access

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// giveMailbox proposes how the mailbox asked about could come to be, and what
// could be granted on it as a whole.
func (w *situation) giveMailbox() []Change {
	who, box := w.subject(), w.owner()
	switch {
	case w.x.Own && who == nil:
		return w.createCaller()
	case w.x.Own && who.Mailbox.IsZero():
		return []Change{enableMailbox(who)}
	}
	if box == nil && !w.x.Mailbox.IsZero() {
		id := w.x.Mailbox
		a := Account{Principal: Principal{SID: "S-1-5-21-0-0-0-1"}, Kind: KindUser, Enabled: true, Mailbox: id}
		return []Change{{
			Does: "Create the account with the mailbox " + id.String() + ".", key: "create mailbox", rank: thisAccount, edit: with(accounts, a),
		}}
	}
	if who == nil || box == nil {
		return nil
	}
	var c []Change
	for _, p := range w.f.Permissions {
		if p.Mailbox == box.Mailbox && p.Deny && w.concerns(p.To, who) {
			c = append(c, w.revoke(box, p, mendsFact))
			c = append(c, w.leave(who, p.To)...)
		}
	}
	want := w.x.Want & grantedRights
	if rest := w.x.Want &^ memberRights; want == 0 || w.x.Folder != nil || rest&^grantedRights != 0 {
		want = FullAccess // gives every folder
	}
	return append(c, Change{
		Does:    fmt.Sprintf("Grant %s %s on the mailbox of %s.", who.called(), want, box.called()),
		Command: command("permission grant %s --to %s --rights ", box.called(), who.called()) + mailboxRightsText(want),
		key:     "grant " + want.String(), rank: thisObject,
		edit: with(permissions, MailboxPermission{Mailbox: box.Mailbox, To: who.SID, Rights: want}),
	})
}

// mailboxRightsText names rights as the command permission grant does.
func mailboxRightsText(r Rights) string {
	var names []string
	for _, n := range [...]struct {
		r    Rights
		name string
	}{{FullAccess, "full-access"}, {SendAs, "send-as"}, {SendOnBehalf, "send-on-behalf"}, {ReadPrivate, "read-private"}} {
		if r&n.r != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ",")
}

// revoke takes back a permission, or a denial.
func (w *situation) revoke(box *Account, p MailboxPermission, rank int) Change {
	does, option := "Take %s back from %s on the mailbox of %s.", ""
	if p.Deny {
		does, option = "Take back the denial of %s to %s on the mailbox of %s.", " --deny"
	}
	return Change{
		Does:    fmt.Sprintf(does, p.Rights, w.name(p.To), box.called()),
		Command: command("permission revoke %s --to %s", box.called(), w.name(p.To)) + option,
		key:     fmt.Sprint("revoke ", p.To, p.Deny, p.Rights), rank: rank,
		edit: without(permissions, func(x *MailboxPermission) bool { return *x == p }),
	}
}

// withholdMailbox takes from the caller what he was granted on the mailbox.
func (w *situation) withholdMailbox() []Change {
	who, box := w.subject(), w.owner()
	if who == nil || box == nil || who == box {
		return nil
	}
	var c []Change
	var granted Rights
	for _, p := range w.f.Permissions {
		if p.Mailbox != box.Mailbox || p.Deny || !w.concerns(p.To, who) {
			continue
		}
		granted |= p.Rights
		rank := thisObject
		if p.To != who.SID {
			rank = thisAccount
		}
		c = append(c, w.revoke(box, p, rank))
		c = append(c, w.leave(who, p.To)...)
	}
	if granted != 0 {
		c = append(c, Change{
			Does:    fmt.Sprintf("Deny %s %s on the mailbox of %s.", who.called(), granted, box.called()),
			Command: command("permission grant %s --to %s --rights ", box.called(), who.called()) + mailboxRightsText(granted) + " --deny",
			key:     "deny " + granted.String(), rank: thisObject,
			edit: with(permissions, MailboxPermission{Mailbox: box.Mailbox, To: who.SID, Rights: granted, Deny: true}),
		})
	}
	return c
}

// entryName is how an entry of a folder's table is called.
func (w *situation) entryName(e *Entry) string {
	switch e.Who {
	case Default:
		return "Default"
	case Anonymous:
		return "Anonymous"
	case ExternalUser:
		return string(e.External)
	}
	return w.name(e.SID)
}

// entry gives somebody rights in the folder in place of those he had there.
func (w *situation) entry(e Entry, rank int) Change {
	c := Change{
		Does: fmt.Sprintf("Give %s the rights %s in the folder.", w.entryName(&e), FolderRightsText(e.Rights)),
		key:  fmt.Sprint("entry ", e.Who, e.SID, e.External, e.Rights), rank: rank,
		edit: editTable(func(all []Entry) []Entry {
			for i := range all {
				if all[i].same(&e) {
					all[i].Rights = e.Rights
					return all
				}
			}
			return append(all, e)
		}),
	}
	if box := w.owner(); box != nil && w.x.FolderName != "" {
		c.Command = command("folder grant %s --folder %s --to %s --rights %s", box.called(), w.x.FolderName, w.entryName(&e), FolderRightsText(e.Rights))
	}
	return c
}

// same reports whether two entries are for the same.
func (e *Entry) same(x *Entry) bool {
	return e.Who == x.Who && e.SID == x.SID && e.External == x.External
}

// drop takes an entry out of the folder's table.
func (w *situation) drop(e Entry, rank int) Change {
	c := Change{
		Does: fmt.Sprintf("Take the entry of %s out of the folder's permissions.", w.entryName(&e)),
		key:  fmt.Sprint("drop ", e.Who, e.SID, e.External), rank: rank,
		edit: editTable(func(all []Entry) []Entry {
			return slices.DeleteFunc(all, func(x Entry) bool { return x.same(&e) })
		}),
	}
	if box := w.owner(); box != nil && w.x.FolderName != "" {
		c.Command = command("folder revoke %s --folder %s --to %s", box.called(), w.x.FolderName, w.entryName(&e))
	}
	return c
}

// folderWant is what of the wanted rights a folder's table can give.
func (w *situation) folderWant() Rights {
	want := w.x.Want & FolderRights
	if w.x.Item != (ItemKey{}) || w.x.Want&(ReadItem|EditItem) != 0 {
		want |= ReadAny | FolderVisible
		if w.x.Want&(EditItem|EditAny|EditOwned) != 0 {
			want |= EditAny
		}
	}
	if want == 0 {
		want = FolderVisible
	}
	return want
}

// giveFolder proposes entries of the folder's table.
func (w *situation) giveFolder() []Change {
	t := w.x.Folder
	if t == nil {
		return nil
	}
	want, who := w.folderWant(), w.subject()
	var c []Change
	has := (w.r.Got() & FolderRights) | want
	switch {
	case who != nil:
		c = append(c, w.entry(Entry{SID: who.SID, Rights: has}, thisRequest))
	case w.x.Caller == (Principal{}):
		c = append(c, w.entry(Entry{Who: Anonymous, Rights: has}, everybody))
	default:
		c = append(c, w.entry(Entry{Who: Default, Rights: has}, everybody))
	}
	for _, e := range t.Entries {
		switch {
		case who == nil:
		case e.Who == Named && (e.SID == who.SID || e.SID == who.Master):
			c = append(c, w.drop(e, thisRequest))
		case e.Who == Named && w.concerns(e.SID, who), e.Who == Default:
			e.Rights |= want
			c = append(c, w.entry(e, thisObject+1))
		case e.Who == Named && !w.concerns(e.SID, who):
			c = append(c, w.join(who, e.SID)...)
		}
	}
	return c
}

// withholdFolder takes the rights wanted out of the entries that give them.
func (w *situation) withholdFolder() []Change {
	t := w.x.Folder
	if t == nil {
		return nil
	}
	want, who := w.folderWant(), w.subject()
	var c []Change
	for _, e := range t.Entries {
		mine := e.Who == Default || e.Who == Anonymous || who != nil && w.concerns(e.SID, who) || e.Who == ExternalUser && e.External == w.x.Caller.Mail
		if !mine || e.Rights.Complete()&want == 0 {
			continue
		}
		rank := thisObject
		if e.Who == ExternalUser || e.Who == Named && who != nil && e.SID == who.SID {
			rank = thisRequest
			c = append(c, w.drop(e, rank))
		}
		e.Rights = lessening(e.Rights, want)
		c = append(c, w.entry(e, rank))
		if e.Who == Named && who != nil && e.SID != who.SID {
			c = append(c, w.leave(who, e.SID)...)
		}
	}
	if who != nil && w.r.Got().Has(want) {
		c = append(c, w.entry(Entry{SID: who.SID, Rights: lessening(w.r.Got()&FolderRights, want)}, thisRequest))
	}
	return c
}

// lessening takes rights away, with what implies them.
func lessening(r, want Rights) Rights {
	r &^= want
	if want&EditOwned != 0 {
		r &^= EditAny
	}
	if want&DeleteOwned != 0 {
		r &^= DeleteAny
	}
	if want&FreeBusySimple != 0 {
		r &^= FreeBusyDetailed
	}
	return r
}

// giveItem proposes item grants: those there are, put right, or a new one for
// this item and these fields.
func (w *situation) giveItem() []Change {
	if w.x.Item == (ItemKey{}) {
		return nil
	}
	read, write := Fields(0), Fields(0)
	if w.x.Want&(EditItem|EditAny|EditOwned) != 0 {
		if write = AllFields; w.x.Change != nil {
			write = w.x.Change.Fields
		}
	} else {
		read = AllFields
	}
	var c []Change
	for i := range w.f.ItemGrants {
		if g := &w.f.ItemGrants[i]; w.grantee(g) {
			c = append(c, w.mendItem(g, read, write)...)
		}
	}
	who, box := w.subject(), w.owner()
	if box == nil {
		return c
	}
	g := ItemGrant{ID: "new", Mailbox: box.Mailbox, Items: []ItemKey{w.x.Item}, Read: read, Write: write, Enabled: true}
	switch {
	case who != nil:
		g.To = who.SID
	case w.x.Caller.Mail != "":
		g.External = w.x.Caller.Mail
	default:
		return c
	}
	return append(c, Change{
		Does: fmt.Sprintf("Grant %s the item for %s.", cmp3(string(g.External), w.name(g.To)), fieldsText(read, write)),
		key:  "grant item", rank: thisRequest, edit: with(itemGrants, g),
	})
}

func fieldsText(read, write Fields) string {
	if write != 0 {
		return "writing " + write.String()
	}
	return "reading " + read.String()
}

// grantee reports whether a grant on the mailbox is for whom the caller acts as.
func (w *situation) grantee(g *ItemGrant) bool {
	box := w.owner()
	if box == nil || g.Mailbox != box.Mailbox {
		return false
	}
	return w.concerns(g.To, w.subject()) || g.External != "" && g.External == w.x.Caller.Mail
}

func (w *situation) mendItem(g *ItemGrant, read, write Fields) []Change {
	id := g.ID
	var c []Change
	add := func(key, does string, edit func(*ItemGrant)) {
		c = append(c, Change{Does: does, key: key + " item grant " + id, rank: mendsFact, edit: editItemGrant(id, edit)})
	}
	if !g.Enabled {
		add("enable", fmt.Sprintf("Enable the item grant %s.", id), func(g *ItemGrant) { g.Enabled = true })
	}
	if !g.NotBefore.IsZero() || !g.NotAfter.IsZero() {
		add("extend", fmt.Sprintf("Extend the time of the item grant %s%s.", id, period(g.NotBefore, g.NotAfter)),
			func(g *ItemGrant) { g.NotBefore, g.NotAfter = time.Time{}, time.Time{} })
	}
	if !slices.Contains(g.Items, w.x.Item) {
		add("item", fmt.Sprintf("Add the item to the item grant %s.", id), func(g *ItemGrant) { g.Items = append(slices.Clip(g.Items), w.x.Item) })
	}
	if g.Write&write != write || (g.Read|g.Write)&read == 0 && read != 0 {
		add("fields", fmt.Sprintf("Add %s to the item grant %s.", fieldsText(read, write), id), func(g *ItemGrant) { g.Read, g.Write = g.Read|read, g.Write|write })
	}
	if !g.Earliest.IsZero() || !g.Latest.IsZero() {
		add("window", fmt.Sprintf("Lift the bounds of time of the item grant %s.", id), func(g *ItemGrant) { g.Earliest, g.Latest = time.Time{}, time.Time{} })
	}
	if len(g.Locations) > 0 {
		add("locations", fmt.Sprintf("Lift the bounds of place of the item grant %s.", id), func(g *ItemGrant) { g.Locations = nil })
	}
	return c
}

// withholdItem takes item grants away.
func (w *situation) withholdItem() []Change {
	if w.x.Item == (ItemKey{}) {
		return nil
	}
	var c []Change
	for i := range w.f.ItemGrants {
		g := &w.f.ItemGrants[i]
		if !w.grantee(g) {
			continue
		}
		id := g.ID
		c = append(c, Change{
			Does: fmt.Sprintf("Remove the item grant %s.", id), key: "remove item grant " + id, rank: thisObject,
			edit: without(itemGrants, func(x *ItemGrant) bool { return x.ID == id }),
		})
		if g.To != "" {
			c = append(c, w.leave(w.subject(), g.To)...)
		}
	}
	return c
}
