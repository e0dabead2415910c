package admin

import (
	"context"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/directory"
)

// ForeignCaller says what a delegation token would say of a caller who is of
// another organization.
type ForeignCaller struct {
	Organization string `json:"organization,omitempty" help:"Of somebody of another organization, whose address is CALLER: its application URI, as in his token. Default: as the relationship that names his domain says." placeholder:"URI"`
	Offer        string `json:"offer,omitempty" help:"What his token would be for: free-busy, or sharing-read for what was shared with him. Default: free-busy." placeholder:"OFFER"`
	Key          string `json:"key,omitempty" help:"Thumbprint of his organization's key that would sign; none is none. Default: one that the relationship pins." placeholder:"THUMBPRINT"`
}

// offers are the names of what tokens are for.
var offers = map[string]string{"": access.OfferFreeBusy, "free-busy": access.OfferFreeBusy, "sharing-read": access.OfferSharingRead}

// foreign makes of an address somebody of another organization, as he would come
// with a token. ok is false if the address is one of ours, or none.
func (a *API) foreign(name string, q ForeignCaller) (p access.Principal, f *access.Foreign, ok bool, err error) {
	mail, bad := entente.ParseSMTPAddress(name)
	said := q != (ForeignCaller{})
	if bad != nil || a.Directory.Accepted(mail.Domain()) && !said {
		if said {
			err = entente.Errorf(entente.Invalid, "%q is no address of somebody of another organization", name)
		}
		return p, nil, false, err
	}
	offer, known := offers[strings.ToLower(q.Offer)]
	if !known {
		return p, nil, false, entente.Errorf(entente.Invalid, "offer %q is neither free-busy nor sharing-read", q.Offer)
	}
	f = &access.Foreign{
		Organization: q.Organization, Domains: []entente.Domain{mail.Domain()}, Mails: []entente.SMTPAddress{mail}, Offer: offer, Key: q.Key,
	}
	if r, related := a.Directory.Snapshot().RelationshipFor(mail.Domain()); related {
		if f.Organization == "" {
			f.Organization = r.TargetApplicationURI
		}
		if f.Key == "" && len(r.Keys) > 0 {
			f.Key = r.Keys[0]
		}
	}
	if f.Key == nobody {
		f.Key = ""
	}
	return access.Principal{Mail: mail}, f, true, nil
}

// ofForeign completes a question about somebody of another organization: whose
// mailbox it is about must be said, and a token for free/busy asks about the
// calendar.
func (a *API) ofForeign(ctx context.Context, x *access.Supposition, q *ExplainAccess) (*directory.Account, error) {
	if q.Mailbox == "" {
		return nil, entente.Errorf(entente.Invalid, "say about whose mailbox somebody of another organization would ask")
	}
	if x.Header != nil || q.As != "" {
		return nil, entente.Errorf(entente.Invalid, "nobody of another organization acts as one of this")
	}
	box, err := a.withMailbox(ctx, q.Mailbox)
	if err != nil {
		return nil, err
	}
	x.Mailbox = box.Mailbox
	if x.Foreign.Offer == access.OfferFreeBusy && q.Folder == "" && q.Item == "" && q.UID == "" {
		q.Folder = "calendar"
	}
	if x.Foreign.Offer == access.OfferFreeBusy && q.Right == "" {
		q.Right = "time"
	}
	return box, nil
}

// relationshipText is how a relationship is shown where it decides.
func relationshipText(r *access.Relationship) string {
	text := "organization relationship " + r.Name + ": " + r.FreeBusyLevel.String()
	switch {
	case !r.Enabled:
		text += ", disabled"
	case !r.FreeBusy:
		text += ", without free/busy"
	}
	if len(r.Keys) == 0 {
		return text + ", broker-trusted"
	}
	return text + ", keys pinned"
}

// relations are how steps' relationships and sharing policies are shown.
func (a *API) relations() map[string]string {
	all := map[string]string{}
	for _, r := range a.Directory.Snapshot().Relationships() {
		all["relationship "+r.Name] = relationshipText(r)
	}
	for _, p := range a.Directory.Snapshot().SharingPolicies() {
		i := sharingPolicyInfo(p)
		text := "sharing policy: " + strings.Join(i.Rules, "; ")
		if !p.Enabled {
			text = "sharing policy, disabled"
		}
		all["policy "+p.Name] = text
	}
	return all
}

// foreignHolders tells who of other organizations may do what is asked: under
// which relationships a calendar is shown, and with whom it was shared.
func (a *API) foreignHolders(ctx context.Context, q access.Question, o *origins) []HolderInfo {
	list := []HolderInfo{}
	ask := func(name string, mail entente.SMTPAddress, offer, via string) {
		p, f, ok, err := a.foreign(string(mail), ForeignCaller{Offer: offer})
		if err != nil || !ok {
			return
		}
		x := access.Supposition{Caller: p, Foreign: f, Mailbox: q.On.Mailbox, Folder: q.Folder, Item: q.On.Item, Want: q.Want, At: q.At}
		r := a.Door.Suppose(x)
		if !r.Allowed() {
			return
		}
		if decided := r.Decisions(); via == "" {
			via = a.via(ctx, &decided[len(decided)-1], q.Want, o)
		}
		list = append(list, HolderInfo{Name: name, Via: via})
	}
	if q.Folder == nil {
		return list
	}
	if q.On.Kind == access.FolderObject {
		for _, r := range a.Directory.Snapshot().Relationships() {
			for _, d := range r.Domains {
				ask("*@"+string(d), entente.SMTPAddress("anybody@"+string(d)), "free-busy", relationshipText(r))
			}
		}
	}
	var asked []entente.SMTPAddress
	for _, e := range q.Folder.Entries {
		if e.Who == access.ExternalUser {
			asked = append(asked, e.External)
		}
	}
	if q.On.Kind == access.ItemObject {
		for _, g := range a.Directory.Snapshot().ItemGrantsOn(q.On.Mailbox) {
			if g.External != "" {
				asked = append(asked, g.External)
			}
		}
	}
	slices.Sort(asked)
	for _, mail := range slices.Compact(asked) {
		ask(string(mail), mail, "sharing-read", "")
	}
	return list
}

// whatForeignCan tells what somebody of another organization may do: what its
// relationship shows him, and what was shared with him.
func (a *API) whatForeignCan(ctx context.Context, q WhatCan, mail entente.SMTPAddress) (Abilities, error) {
	out := Abilities{Can: []CanInfo{}}
	add := func(kind, object, rights, via string) { out.Can = append(out.Can, CanInfo{kind, object, rights, via}) }
	if r, ok := a.Directory.Snapshot().RelationshipFor(mail.Domain()); ok && r.Enabled && r.FreeBusy && r.FreeBusyLevel != access.FreeBusyNone && q.After == "" {
		who := "everybody, as far as his calendar shows everyone"
		if r.FreeBusyScope != "" {
			who = "members of " + a.nameOf(ctx, r.FreeBusyScope) + ", as far as their calendars show everyone"
		}
		add("free/busy", who, r.FreeBusyLevel.String(), relationshipText(r))
	}
	p, f, ok, err := a.foreign(string(mail), ForeignCaller{Offer: "sharing-read"})
	if err != nil || !ok {
		return out, err
	}
	out.Next, err = a.candidates(ctx, q.Page, func(other *directory.Account) bool {
		before := len(out.Can)
		if err == nil && !other.Mailbox.IsZero() && q.Folders {
			err = a.sharedWith(ctx, other, access.Supposition{Caller: p, Foreign: f}, add)
		}
		return len(out.Can) > before
	})
	out.Done = plural(len(out.Can), "thing") + " " + string(mail) + " may"
	return out, err
}

// sharedWith tells which folders of a mailbox somebody of another organization
// may read.
func (a *API) sharedWith(ctx context.Context, other *directory.Account, x access.Supposition, add func(kind, object, rights, via string)) error {
	all, err := a.tables(ctx, string(other.SID))
	if err != nil {
		return err
	}
	for _, f := range all {
		x.Mailbox, x.Folder, x.Want = other.Mailbox, &f.Table, access.FolderVisible
		if r := a.Door.Suppose(x); r.Allowed() {
			add("folder", string(other.UPN)+`:\`+f.Name, access.FolderRightsText(r.Got()&access.FolderRights), "folder-shared "+string(x.Caller.Mail))
		}
	}
	return nil
}

// tokenOf is what a delegation token said, as far as the record of a request
// tells; nil if it does not tell what it was for.
func tokenOf(r *audit.Record) *access.Foreign {
	f := &access.Foreign{Mails: []entente.SMTPAddress{r.By.Mail}, Domains: []entente.Domain{r.By.Mail.Domain()}}
	for _, l := range r.Via {
		if words := strings.Fields(l.How); len(words) > 1 && words[0] == "federation" {
			f.Organization = words[1]
		}
	}
	for _, s := range r.Steps {
		switch s.Rule {
		case "offer":
			f.Offer = s.Fact
		case "relationship-key":
			f.Key = s.Fact
		}
	}
	if f.Offer == "" {
		return nil
	}
	return f
}
