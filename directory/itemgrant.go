package directory

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// An ItemGrant is access.ItemGrant with where it comes from.
type ItemGrant struct {
	access.ItemGrant
	Created   time.Time
	CreatedBy entente.SID // whose right it was to give: the mailbox's owner, or an administrator
	Chain     *Chain      // nil if CreatedBy gave it himself
}

// A Chain is how a right came to be given by somebody who acted as another: who
// is to be asked about it, and what has to be undone when he should not have
// been let.
type Chain struct {
	Authenticated entente.SID   // who signed in
	Assignment    string        // by which he acted as CreatedBy, by id
	Via           []access.Link `json:",omitempty"` // who passed the request on, nearest first
}

// Bounds of an item grant. The items are read with every load of the facts.
const (
	maxGrantItems     = 1000
	maxGrantLocations = 100
)

const itemGrantColumns = `SELECT id, mailbox_id, to_sid, external, items, label, read_fields, write_fields, earliest, latest,
	locations, not_before, not_after, enabled, created, created_by, chain FROM directory_item_grant`

func eachItemGrant(over over, rows *db.Rows, err error, f func(ItemGrant)) error {
	var g ItemGrant
	var items, locations, chain string
	var earliest, latest, from, until, created *int64
	return over(rows, err, func() error {
		n := g // g is the row's place, filled again
		n.Earliest, n.Latest = fromUnix(earliest), fromUnix(latest)
		n.NotBefore, n.NotAfter, n.Created = fromUnix(from), fromUnix(until), fromUnix(created)
		err := errors.Join(json.Unmarshal([]byte(items), &n.Items), json.Unmarshal([]byte(locations), &n.Locations))
		if chain != "" {
			n.Chain = &Chain{}
			err = errors.Join(err, json.Unmarshal([]byte(chain), n.Chain))
		}
		if err != nil {
			return fmt.Errorf("item grant %s: %w", n.ID, err)
		}
		f(n)
		return nil
	}, &g.ID, &g.Mailbox, &g.To, &g.External, &items, &g.Label, &g.Read, &g.Write, &earliest, &latest,
		&locations, &from, &until, &g.Enabled, &created, &g.CreatedBy, &chain)
}

// ItemGrants returns all item grants by id.
func (d *Directory) ItemGrants(ctx context.Context) (all []ItemGrant, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(itemGrantColumns + ` ORDER BY id`)
		return eachItemGrant(each, rows, err, func(g ItemGrant) { all = append(all, g) })
	})
	return all, err
}

// ItemGrantsOn returns the item grants on a mailbox by id.
func (d *Directory) ItemGrantsOn(ctx context.Context, id entente.MailboxID) (all []ItemGrant, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(itemGrantColumns+` WHERE mailbox_id = $1 ORDER BY id`, id)
		return eachItemGrant(each, rows, err, func(g ItemGrant) { all = append(all, g) })
	})
	return all, err
}

// ItemGrantsUnder returns the item grants that were given by somebody who acted
// under an assignment, by id; the assignment need not exist any more.
func (d *Directory) ItemGrantsUnder(ctx context.Context, assignment string) (all []ItemGrant, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(itemGrantColumns+` WHERE assignment = $1 AND chain <> '' ORDER BY id`, assignment)
		return eachItemGrant(each, rows, err, func(g ItemGrant) { all = append(all, g) })
	})
	return all, err
}

// ItemGrant returns an item grant. NotFound if there is none with the id.
func (d *Directory) ItemGrant(ctx context.Context, id string) (g *ItemGrant, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		g, err = itemGrantByID(tx, id)
		return err
	})
	return g, err
}

// ItemGrant returns an item grant as the change so far leaves it.
func (c *Change) ItemGrant(id string) (*ItemGrant, error) { return itemGrantByID(c.tx, id) }

func itemGrantByID(tx *db.Tx, id string) (*ItemGrant, error) {
	var found *ItemGrant
	rows, err := tx.Query(itemGrantColumns+` WHERE id = $1`, id)
	err = eachItemGrant(each, rows, err, func(g ItemGrant) { found = &g })
	if err != nil || found == nil {
		return nil, missed(0, err, "item grant", id)
	}
	return found, nil
}

// CreateItemGrant adds an item grant; an empty ID is given a random one. Times
// are kept in whole seconds.
//
// Errors: Invalid for one that says nothing; NotFound for an unknown mailbox or
// grantee.
func (c *Change) CreateItemGrant(g *ItemGrant) error {
	if g.ID == "" {
		g.ID = strings.ToLower(rand.Text()[:16])
	}
	if err := c.checkItemGrant(&g.ItemGrant); err != nil {
		return err
	}
	g.Created = c.now.UTC().Truncate(time.Second)
	items, locations, err := encodeItems(&g.ItemGrant)
	if err != nil {
		return err
	}
	var chain, assignment string
	if g.Chain != nil {
		b, err := json.Marshal(g.Chain)
		if err != nil {
			return err
		}
		chain, assignment = string(b), g.Chain.Assignment
	}
	n, err := write(c, itemGrantUnit(g.ID), c.tx.Exec, `INSERT INTO directory_item_grant (id, mailbox_id, to_sid, external, items, label, read_fields,
		write_fields, earliest, latest, locations, not_before, not_after, enabled, created, created_by, assignment, chain)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT (id) DO NOTHING`,
		g.Mailbox, g.To, g.External, items, g.Label, g.Read, g.Write, unix(g.Earliest), unix(g.Latest),
		locations, unix(g.NotBefore), unix(g.NotAfter), g.Enabled, g.Created.Unix(), g.CreatedBy, assignment, chain)
	if err == nil && n == 0 {
		return entente.Errorf(entente.Conflict, "there is an item grant %q", g.ID)
	}
	return err
}

// SetItemGrant changes an item grant: f is given it as it is. Its ID, its
// mailbox and its origin stay.
func (c *Change) SetItemGrant(id string, f func(*access.ItemGrant) error) error {
	found, err := itemGrantByID(c.tx, id)
	if err != nil {
		return err
	}
	g := &found.ItemGrant
	box := g.Mailbox
	if err := f(g); err != nil {
		return err
	}
	g.ID, g.Mailbox = id, box
	if err := c.checkItemGrant(g); err != nil {
		return err
	}
	items, locations, err := encodeItems(g)
	if err != nil {
		return err
	}
	_, err = write(c, itemGrantUnit(id), c.tx.Exec, `UPDATE directory_item_grant SET to_sid = $2, external = $3, items = $4, label = $5, read_fields = $6,
		write_fields = $7, earliest = $8, latest = $9, locations = $10, not_before = $11, not_after = $12, enabled = $13 WHERE id = $1`,
		g.To, g.External, items, g.Label, g.Read, g.Write, unix(g.Earliest), unix(g.Latest),
		locations, unix(g.NotBefore), unix(g.NotAfter), g.Enabled)
	return err
}

// RevokeItemGrant takes an item grant back. It leaves nothing behind: what it
// was is in the audit log.
func (c *Change) RevokeItemGrant(id string) error {
	n, err := write(c, itemGrantUnit(id), c.tx.Exec, `DELETE FROM directory_item_grant WHERE id = $1`)
	return missed(n, err, "item grant", id)
}

func encodeItems(g *access.ItemGrant) (items, locations string, err error) {
	i, err1 := json.Marshal(g.Items)
	l, err2 := json.Marshal(g.Locations)
	return string(i), string(l), errors.Join(err1, err2)
}

func (c *Change) checkItemGrant(g *access.ItemGrant) error {
	if err := checkTexts(append([]string{g.ID, g.Label}, g.Locations...)...); err != nil {
		return err
	}
	switch {
	case len(g.Items) == 0:
		return entente.Errorf(entente.Invalid, "an item grant is about at least one item")
	case len(g.Items) > maxGrantItems:
		return entente.Errorf(entente.TooLarge, "an item grant is about at most %d items", maxGrantItems)
	case len(g.Locations) > maxGrantLocations:
		return entente.Errorf(entente.TooLarge, "an item grant names at most %d locations", maxGrantLocations)
	case g.Read|g.Write == 0:
		return entente.Errorf(entente.Invalid, "an item grant gives at least one field")
	case (g.Read|g.Write)&^access.AllFields != 0:
		return entente.Errorf(entente.Invalid, "the fields of an item are %s", access.AllFields)
	case !g.Earliest.IsZero() && !g.Latest.IsZero() && !g.Earliest.Before(g.Latest):
		return entente.Errorf(entente.Invalid, "the times that may be written end before they begin")
	case !g.NotAfter.IsZero() && !g.NotBefore.Before(g.NotAfter):
		return entente.Errorf(entente.Invalid, "the item grant ends before it begins")
	}
	for _, key := range g.Items {
		if key.Content == 0 || key.Day != 0 && !validDay(key.Day) {
			return entente.Errorf(entente.Invalid, "%d on day %d is no item", key.Content, key.Day)
		}
	}
	var n int
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_account WHERE mailbox_id = $1`, g.Mailbox).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return entente.Errorf(entente.NotFound, "there is no such mailbox")
	}
	return c.checkGrantee(g)
}

// checkGrantee wants one grantee: somebody here, or by address somebody who is
// not. An address of ours would be a second name for an account, under which
// the grant would outlive it.
func (c *Change) checkGrantee(g *access.ItemGrant) error {
	switch {
	case (g.To == "") == (g.External == ""):
		return entente.Errorf(entente.Invalid, "an item grant is for an account or group, or for an external address")
	case g.To != "":
		return c.known(g.To, true)
	}
	var err error
	if g.External, err = entente.ParseSMTPAddress(string(g.External)); err != nil {
		return err
	}
	var n int
	if err := c.tx.QueryRow(`SELECT COUNT(*) FROM directory_domain WHERE name = $1`, g.External.Domain()).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return entente.Errorf(entente.Invalid, "%s is in a domain of this organization: name the account", g.External)
	}
	return nil
}

// validDay reports whether a day is a date as yyyymmdd.
func validDay(day int32) bool {
	_, err := time.Parse("20060102", fmt.Sprintf("%08d", day))
	return err == nil
}
