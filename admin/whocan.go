package admin

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"entente"
	"entente/access"
	"entente/directory"
	"entente/mailbox"
)

// WhoCan asks who may do something.
type WhoCan struct {
	Right  string `json:"right" arg:"" help:"read, create, edit, delete, time, details (in a folder or of an item); open, full-access, send-as, send-on-behalf, read-private (on a mailbox); act-as (an account, a database or at a server); enter (a protocol); administer (organization)."`
	Object string `json:"object" arg:"" help:"Account whose mailbox it is, or whom one would act as; database:NAME; server:NAME; ews, rest, activesync; organization."`
	Folder string `json:"folder,omitempty" help:"Folder of the mailbox: a distinguished name or a path from the top."`
	Item   string `json:"item,omitempty" help:"One item of the mailbox, by the id EWS gives it." xor:"item" placeholder:"ID"`
	UID    string `json:"uid,omitempty" name:"uid" help:"One appointment of the mailbox, by its UID." xor:"item"`
	Page
}

// Page is a part of a long list.
type Page struct {
	After string `json:"after,omitempty" help:"Go on after this user principal name." placeholder:"UPN"`
	Limit int    `json:"limit,omitempty" help:"At most so many." default:"100"`
}

// HolderInfo is somebody who holds a right.
type HolderInfo struct {
	Name string `json:"name"`
	SID  string `json:"sid"`
	Via  string `json:"via"`
}

// Holders are who holds a right, in the order of their UPNs.
type Holders struct {
	Done    string       `json:"done"`
	Next    string       `json:"next,omitempty"` // ask after this for more
	Holders []HolderInfo `json:"holders"`
}

// maxCandidates bounds how many accounts one call asks about.
const maxCandidates = 20_000

// WhoCan tells who may do something now. Everyone is asked about, by the
// decision that a request would meet; who could by acting as another is told
// under act-as.
func (a *API) WhoCan(ctx context.Context, q WhoCan) (Holders, error) {
	x, err := a.asked(ctx, &q)
	if err != nil {
		return Holders{}, err
	}
	o, err := a.origins(ctx, &access.Supposition{Mailbox: x.On.Mailbox, Folder: x.Folder})
	if err != nil {
		return Holders{}, err
	}
	h := Holders{Holders: []HolderInfo{}}
	if q.After == "" { // those of other organizations come first, before the accounts
		h.Holders = a.foreignHolders(ctx, x, o)
	}
	abroad := len(h.Holders)
	h.Next, err = a.candidates(ctx, q.Page, func(c *directory.Account) bool {
		via, ok := a.holds(ctx, x, c, o)
		if ok {
			h.Holders = append(h.Holders, HolderInfo{string(c.UPN), string(c.SID), via})
		}
		return ok
	})
	h.Done = plural(len(h.Holders)-abroad, "account") + " may"
	if abroad > 0 {
		h.Done += "; so may " + strconv.Itoa(abroad) + " of other organizations"
	}
	if h.Next != "" {
		h.Done += "; there may be more, after " + h.Next
	}
	return h, err
}

// candidates runs f for accounts in the order of their UPNs until it has said yes
// as often as the page is long, or enough were asked about. It returns where to
// go on, empty at the end.
func (a *API) candidates(ctx context.Context, p Page, f func(*directory.Account) bool) (next string, err error) {
	after, found, asked := entente.UPN(strings.ToLower(p.After)), 0, 0
	limit := bounded(p.Limit, 100, 10_000)
	for {
		all, err := a.Directory.Accounts(ctx, after, 1_000)
		if err != nil || len(all) == 0 {
			return "", err
		}
		for i := range all {
			after = all[i].UPN
			if f(&all[i]) {
				found++
			}
			if asked++; found == limit || asked == maxCandidates {
				return string(after), nil
			}
		}
	}
}

// asked reads which right on what is asked about, into the question that is put
// for everyone.
func (a *API) asked(ctx context.Context, q *WhoCan) (access.Question, error) {
	x := access.Question{At: a.Now()}
	right := strings.ToLower(q.Right)
	kind, name, named := strings.Cut(q.Object, ":")
	switch {
	case right == "enter":
		x.Want, x.On = access.Enter, access.Object{Kind: access.OrganizationObject, Name: strings.ToLower(q.Object)}
		if !slices.Contains([]string{"ews", "rest", "activesync", "autodiscover"}, x.On.Name) {
			return x, entente.Errorf(entente.Invalid, "%q is none of ews, rest, activesync, autodiscover", q.Object)
		}
		return x, nil
	case right == "administer":
		x.Want, x.On = access.Administer, access.Object{Kind: access.OrganizationObject}
		return x, nil
	case right == "act-as" && named && kind == "server":
		x.Want, x.Server, x.On = access.Impersonate, name, access.Object{Kind: access.ServerObject, Name: name}
		return x, nil
	case right == "act-as" && named && kind == "database":
		x.Want, x.On = access.MayImpersonate, access.Object{Kind: access.DatabaseObject, Name: name}
		return x, nil
	case right == "act-as":
		who, err := a.account(ctx, q.Object)
		if err != nil {
			return x, err
		}
		x.Want, x.On = access.MayImpersonate, access.Object{Kind: access.AccountObject, Name: string(who.SID)}
		return x, nil
	}
	return x, a.askedOfMailbox(ctx, q, right, &x)
}

func (a *API) askedOfMailbox(ctx context.Context, q *WhoCan, right string, x *access.Question) error {
	box, err := a.withMailbox(ctx, q.Object)
	if err != nil {
		return err
	}
	x.On = access.MailboxOf(box.Mailbox)
	if q.Folder == "" && q.Item == "" && q.UID == "" {
		if x.Want = access.FolderLookup; right != "open" {
			x.Want, err = permissionRights([]string{right})
		}
		return err
	}
	var s access.Supposition
	if err := a.inside(ctx, &s, box, &ExplainAccess{Folder: q.Folder, Item: q.Item, UID: q.UID}); err != nil {
		return err
	}
	x.Folder, x.On = s.Folder, access.FolderOf(box.Mailbox, s.Folder.Folder)
	if x.Want, err = wanted(right, true); err != nil || s.Item == (access.ItemKey{}) {
		return err
	}
	x.On = access.ItemOf(box.Mailbox, s.Folder.Folder, s.Item)
	switch x.Want {
	case access.ReadAny:
		x.Want = access.ReadItem
	case access.EditAny:
		x.Want = access.EditItem
	default:
		return entente.Errorf(entente.Invalid, "of one item it is read or edit that is granted")
	}
	return nil
}

// holds asks for one account, and says by what it holds the right. Who may act
// as an account must be let to call with impersonation, too.
func (a *API) holds(ctx context.Context, q access.Question, who *directory.Account, o *origins) (via string, ok bool) {
	d := a.Door.AskFor(who.Principal, q)
	if !d.Allowed() {
		return "", false
	}
	if q.Want == access.MayImpersonate {
		server := q
		server.Want, server.On = access.Impersonate, access.Object{Kind: access.ServerObject, Name: q.Server}
		if at := a.Door.AskFor(who.Principal, server); !at.Allowed() {
			return "", false
		}
	}
	return a.via(ctx, &d, q.Want, o), true
}

// via names what gives the wanted rights: the steps that hold and give one of
// them.
func (a *API) via(ctx context.Context, d *access.Decision, want access.Rights, o *origins) string {
	var all []string
	for _, s := range d.Steps() {
		if !s.Holds || s.Gives&want == 0 {
			continue
		}
		text := o.of(&s)
		if text == "" {
			text = s.Rule
			if fact := a.factName(ctx, s.Fact); fact != "" && s.Rule != "owner" {
				text += " " + fact
			}
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func plural(n int, what string) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// tables reads the folders of a mailbox on behalf of its owner; that is recorded.
func (a *API) tables(ctx context.Context, box string) (all []*mailbox.Folder, err error) {
	err = a.inMailbox(ctx, "explain.what-can", box, false, func(v *mailbox.View, _ *directory.Account) error {
		top, err := v.FolderByName(ctx, mailbox.MsgFolderRoot)
		if err == nil {
			all, err = v.Folders(ctx, top.ID, true)
		}
		return err
	})
	return all, err
}
