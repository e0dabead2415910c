package admin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/calendar"
	"entente/directory"
	"entente/ews"
	"entente/mailbox"
)

// GrantInfo is a grant on single items.
type GrantInfo struct {
	ID        string `json:"id"`
	To        string `json:"to"`
	Mailbox   string `json:"mailbox"`
	Items     int    `json:"items"`
	Label     string `json:"label,omitempty"`
	Read      string `json:"read"`
	Write     string `json:"write,omitempty"`
	Within    string `json:"within,omitempty"`
	Locations string `json:"locations,omitempty"`
	From      string `json:"from,omitempty"`
	Until     string `json:"until,omitempty"`
	State     string `json:"state"`
	CreatedBy string `json:"created_by,omitempty"`
}

func (a *API) grantInfo(ctx context.Context, g *directory.ItemGrant) GrantInfo {
	i := GrantInfo{
		ID: g.ID, To: string(g.External), Mailbox: g.Mailbox.String(), Items: len(g.Items), Label: g.Label,
		Read: (g.Read | g.Write).String(), Write: g.Write.String(), Locations: strings.Join(g.Locations, ","),
		From: stamp(g.NotBefore), Until: stamp(g.NotAfter), State: grantState(&g.ItemGrant, a.Now()),
	}
	if x, ok := a.Directory.Snapshot().FindMailbox(g.Mailbox); ok {
		i.Mailbox = string(x.UPN)
	}
	if g.To != "" {
		i.To = a.nameOf(ctx, g.To)
	}
	if g.CreatedBy != "" {
		i.CreatedBy = a.nameOf(ctx, g.CreatedBy)
	}
	if !g.Earliest.IsZero() || !g.Latest.IsZero() {
		i.Within = stamp(g.Earliest) + " – " + stamp(g.Latest)
	}
	return i
}

func grantState(g *access.ItemGrant, now time.Time) string {
	switch {
	case !g.Enabled:
		return "off"
	case now.Before(g.NotBefore):
		return "not yet"
	case !g.NotAfter.IsZero() && !now.Before(g.NotAfter):
		return "over"
	}
	return "in force"
}

// ListGrants asks for grants on single items. What is empty does not restrict.
type ListGrants struct {
	Account string `json:"account,omitempty" help:"Only on items of this mailbox."`
	To      string `json:"to,omitempty" help:"Only to this account, group or address."`
}

// ListGrants lists the grants on single items.
func (a *API) ListGrants(ctx context.Context, q ListGrants) ([]GrantInfo, error) {
	var all []directory.ItemGrant
	var err error
	if q.Account != "" {
		x, err := a.withMailbox(ctx, q.Account)
		if err != nil {
			return nil, err
		}
		all, err = a.Directory.ItemGrantsOn(ctx, x.Mailbox)
		if err != nil {
			return nil, err
		}
	} else if all, err = a.Directory.ItemGrants(ctx); err != nil {
		return nil, err
	}
	list := []GrantInfo{}
	for i := range all {
		g := a.grantInfo(ctx, &all[i])
		if q.To == "" || strings.EqualFold(q.To, g.To) || strings.EqualFold(q.To, string(all[i].To)) {
			list = append(list, g)
		}
	}
	return list, nil
}

// CreateGrant asks to let somebody see, and perhaps change, single items of a
// mailbox: one item, an appointment by its UID, or all that have a label now.
type CreateGrant struct {
	AccountName
	To        string   `json:"to,omitempty" help:"Account or group it is for." xor:"to"`
	External  string   `json:"external,omitempty" help:"Somebody of a partner organization it is for, by address." xor:"to" placeholder:"ADDRESS"`
	Item      string   `json:"item,omitempty" help:"The item, by the id EWS gives it." xor:"items" placeholder:"ID"`
	UID       string   `json:"uid,omitempty" name:"uid" help:"The appointment with this UID, or global object id in hex." xor:"items"`
	Label     string   `json:"label,omitempty" help:"All items that have this category now; those that get it later are not among them." xor:"items"`
	Folder    string   `json:"folder,omitempty" help:"With --uid or --label: only those in this folder."`
	Day       string   `json:"day,omitempty" help:"One occurrence of a series, by its original date." placeholder:"YYYY-MM-DD"`
	Read      []string `json:"read,omitempty" help:"Fields that may be read: Subject, Time, Location, ShowAs, Body, Categories, Reminder, Attendees, Importance, Other, or All." placeholder:"FIELD"`
	Write     []string `json:"write,omitempty" help:"Fields that may be changed, and so read." placeholder:"FIELD"`
	Earliest  string   `json:"earliest,omitempty" help:"Nothing may be put before this time (RFC 3339)." placeholder:"TIME"`
	Latest    string   `json:"latest,omitempty" help:"Nor end after this one." placeholder:"TIME"`
	Locations []string `json:"locations,omitempty" help:"What may be written as location; anything if none is named." sep:"none" placeholder:"NAME"`
	From      string   `json:"from,omitempty" help:"When it begins to hold: a time, or a duration from now such as 2h." placeholder:"TIME"`
	Until     string   `json:"until,omitempty" help:"When it ends: a time, or a duration from now such as 4h. Default: 30 days from now." placeholder:"TIME"`
	ID        string   `json:"id,omitempty" help:"The name it goes by; a random one if empty."`
}

// usualGrant is how long a grant holds if nobody says, and longestGrant how long
// it may at most: a right nobody remembers should not be there.
const (
	usualGrant   = 30 * 24 * time.Hour
	longestGrant = maxAssignmentDays * 24 * time.Hour
)

// CreateGrant grants single items of a mailbox. Labels and UIDs are looked up
// now, on behalf of the owner; the grant is about what was found.
func (a *API) CreateGrant(ctx context.Context, q CreateGrant) (GrantInfo, error) {
	g := directory.ItemGrant{CreatedBy: a.who.SID}
	g.ID, g.Label, g.Locations, g.Enabled = q.ID, q.Label, q.Locations, true
	if err := a.grantTerms(ctx, &q, &g); err != nil {
		return GrantInfo{}, err
	}
	box, err := a.withMailbox(ctx, q.Account)
	if err != nil {
		return GrantInfo{}, err
	}
	g.Mailbox = box.Mailbox
	err = a.inMailbox(ctx, "grant.create", q.Account, false, func(v *mailbox.View, _ *directory.Account) error {
		s, err := a.selector(ctx, v, &q)
		if err == nil {
			g.Items, err = v.ItemKeys(ctx, s)
		}
		if isKind(err, entente.NotFound) {
			return entente.Errorf(entente.NotFound, "no item of %s is meant by that", box.UPN)
		}
		return err
	})
	if err != nil {
		return GrantInfo{}, err
	}
	made := g
	err = a.change(ctx, "grant.create", []string{string(box.UPN), q.To + q.External, fmt.Sprintf("%d items", len(g.Items)), "read " + g.Read.String(), "write " + g.Write.String()},
		func(c *directory.Change) error {
			made = g
			return c.CreateItemGrant(&made)
		})
	if err != nil {
		return GrantInfo{}, err
	}
	return a.grantInfo(ctx, &made), nil
}

// grantTerms reads for whom a grant is, which fields, and when.
func (a *API) grantTerms(ctx context.Context, q *CreateGrant, g *directory.ItemGrant) (err error) {
	switch {
	case (q.To == "") == (q.External == ""):
		return entente.Errorf(entente.Invalid, "say for whom: an account or group, or with external the address of somebody elsewhere")
	case q.To != "":
		if g.To, err = a.grantee(ctx, q.To); err != nil {
			return err
		}
		err = a.notOneself(g.To)
	default:
		g.External, err = entente.ParseSMTPAddress(q.External)
	}
	if err != nil {
		return err
	}
	if g.Read, err = access.ParseFields(strings.Join(q.Read, ",")); err != nil {
		return err
	}
	if g.Write, err = access.ParseFields(strings.Join(q.Write, ",")); err != nil {
		return err
	}
	g.Read |= g.Write
	for _, t := range []struct {
		to   *time.Time
		text string
	}{{&g.Earliest, q.Earliest}, {&g.Latest, q.Latest}, {&g.NotBefore, q.From}, {&g.NotAfter, q.Until}} {
		if *t.to, err = a.ahead(t.text); err != nil {
			return err
		}
	}
	if g.NotAfter.IsZero() {
		g.NotAfter = a.Now().Add(usualGrant)
	}
	if g.NotAfter.After(a.Now().Add(longestGrant)) {
		return entente.Errorf(entente.Invalid, "a grant holds for at most %d days", maxAssignmentDays)
	}
	return nil
}

// ahead reads a time, or how far ahead it is.
func (a *API) ahead(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return a.Now().Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, entente.Errorf(entente.Invalid, "%q is neither a time such as 2026-06-15T08:00:00Z nor a duration such as 4h", s)
	}
	return t, nil
}

// selector reads which items are meant.
func (a *API) selector(ctx context.Context, v *mailbox.View, q *CreateGrant) (s mailbox.ItemSelector, err error) {
	if q.Day != "" {
		d, err := calendar.ParseDate(q.Day)
		if err != nil {
			return s, entente.Errorf(entente.Invalid, "%q is not a date such as 2026-06-15", q.Day)
		}
		s.Day = &d
	}
	given := 0
	for _, x := range []string{q.Item, q.UID, q.Label} {
		if x != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return s, entente.Errorf(entente.Invalid, "say which items: exactly one of item, uid, or label")
	case q.Label != "" && s.Day != nil:
		return s, entente.Errorf(entente.Invalid, "a day is one of a series: name it by item or uid")
	}
	if q.Folder != "" {
		f, err := findFolder(ctx, v, q.Folder)
		if err != nil {
			return s, err
		}
		s.Folder = f.ID
	}
	s.UID, s.Label = q.UID, q.Label
	if q.Item == "" {
		return s, nil
	}
	id, err := ews.ParseStoreID(q.Item)
	if err != nil || id.Mailbox != v.Mailbox() || id.IsFolder() || id.IsAttachment() {
		return s, entente.Errorf(entente.NotFound, "there is no such item")
	}
	s.Item = mailbox.ItemID(id.Item)
	if i := id.Instance; !i.IsZero() && s.Day == nil {
		d := calendar.DateOf(i.In(time.UTC))
		s.Day = &d
	}
	return s, nil
}

// RevokeGrant takes a grant back. What the grantee has copied elsewhere stays
// with him; the next request finds nothing.
func (a *API) RevokeGrant(ctx context.Context, q ID) (Done, error) {
	err := a.change(ctx, "grant.revoke", []string{q.ID}, func(c *directory.Change) error { return c.RevokeItemGrant(q.ID) })
	return Done{"the grant was taken back"}, err
}
