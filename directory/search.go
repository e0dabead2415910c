package directory

import (
	"context"
	"errors"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// An Entry is a line of the address list: an account or a group.
type Entry struct {
	Account *Account // nil for a group
	Group   *Group   // nil for an account
}

// Name returns the display name.
func (e Entry) Name() string {
	if e.Account != nil {
		return e.Account.Name
	}
	return e.Group.Name
}

// Mail returns the primary SMTP address.
func (e Entry) Mail() entente.SMTPAddress {
	if e.Account != nil {
		return e.Account.Mail
	}
	return e.Group.Mail
}

// Hidden reports whether the entry is in no address list.
func (e Entry) Hidden() bool {
	if e.Account != nil {
		return e.Account.Hidden
	}
	return e.Group.Hidden
}

// Search resolves an ambiguous name: it finds what has an address, is not
// hidden, and whose name, word of a name, alias or address begins with prefix,
// whatever the case. At most limit entries come, by name; more says that there
// are others.
func (d *Directory) Search(ctx context.Context, prefix string, limit int) (found []Entry, more bool, err error) {
	prefix = normalize(prefix)
	if prefix == "" || len(prefix) > maxText {
		return nil, false, nil
	}
	err = d.view(ctx, func(tx *db.Tx) error {
		found = nil
		// The last code point ends what begins with the prefix, since the
		// column is compared byte by byte.
		end := prefix + "\U0010ffff"
		rows, err := tx.Query(accountColumns+foundByKey, prefix, end, limit+1)
		accounts, err := scanAccounts(rows, err)
		if err != nil {
			return err
		}
		rows, err = tx.Query(groupColumns+foundByKey, prefix, end, limit+1)
		groups, err := scanGroups(rows, err)
		for i := range accounts {
			found = append(found, Entry{Account: &accounts[i]})
		}
		for i := range groups {
			found = append(found, Entry{Group: &groups[i]})
		}
		return err
	})
	if more = len(found) > limit; more {
		found = found[:limit]
	}
	slices.SortStableFunc(found, func(a, b Entry) int {
		return strings.Compare(strings.ToLower(a.Name()), strings.ToLower(b.Name()))
	})
	return found, more, err
}

const foundByKey = ` WHERE sid IN (SELECT sid FROM directory_key WHERE word >= $1 AND word < $2
	GROUP BY sid ORDER BY sid LIMIT $3)`

// entries reads accounts and groups by SID; unknown ones are left out.
func entries(tx *db.Tx, sids []entente.SID) ([]Entry, error) {
	var found []Entry
	for _, sid := range sids {
		rows, err := tx.Query(accountColumns+` WHERE sid = $1 OR master_sid = $1`, sid)
		accounts, err := scanAccounts(rows, err)
		if err != nil {
			return nil, err
		}
		for i := range accounts {
			found = append(found, Entry{Account: &accounts[i]})
		}
		if len(accounts) > 0 {
			continue
		}
		rows, err = tx.Query(groupColumns+` WHERE sid = $1`, sid)
		groups, err := scanGroups(rows, err)
		if err != nil {
			return nil, err
		}
		for i := range groups {
			found = append(found, Entry{Group: &groups[i]})
		}
	}
	return found, nil
}

// ByAddress returns the account or group that has an address, primary or not,
// hidden or not. NotFound if there is none.
func (d *Directory) ByAddress(ctx context.Context, address entente.SMTPAddress) (e Entry, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		var sid entente.SID
		err := tx.QueryRow(`SELECT sid FROM directory_address WHERE address = $1`, address).Scan(&sid)
		if errors.Is(err, db.ErrNoRows) {
			return entente.Errorf(entente.NotFound, "nobody has the address %s", address)
		}
		if err != nil {
			return err
		}
		found, err := entries(tx, []entente.SID{sid})
		if err == nil && len(found) == 1 {
			e = found[0]
		}
		return err
	})
	return e, err
}

// ExpandDL returns the direct members of the group with an address, those that
// are not hidden and can be sent to. NotFound with reason NoSuchGroup.
func (d *Directory) ExpandDL(ctx context.Context, address entente.SMTPAddress) (members []Entry, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		g, err := groupByAddress(tx, address)
		if err != nil {
			return err
		}
		all, err := entries(tx, g.Members)
		members = slices.DeleteFunc(all, func(e Entry) bool {
			return e.Mail() == "" || e.Account != nil && e.Account.Hidden || e.Group != nil && e.Group.Hidden
		})
		return err
	})
	return members, err
}

// Recipients returns every account with an address that a group holds,
// directly or through other groups, each once; groups may hold each other.
// TooLarge if there are more than limit.
func (d *Directory) Recipients(ctx context.Context, address entente.SMTPAddress, limit int) (all []Account, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		all = nil
		g, err := groupByAddress(tx, address)
		if err != nil {
			return err
		}
		seen := map[entente.SID]bool{g.SID: true}
		for todo := []*Group{g}; len(todo) > 0; todo = todo[1:] {
			found, err := entries(tx, todo[0].Members)
			if err != nil {
				return err
			}
			for _, e := range found {
				switch {
				case e.Group != nil && !seen[e.Group.SID]:
					seen[e.Group.SID] = true
					next, err := groupBySID(tx, e.Group.SID)
					if err != nil {
						return err
					}
					todo = append(todo, next)
				case e.Account != nil && !seen[e.Account.SID] && e.Account.Mail != "":
					seen[e.Account.SID] = true
					all = append(all, *e.Account)
				}
			}
			if len(all) > limit {
				return entente.Errorf(entente.TooLarge, "the group has more than %d members", limit)
			}
		}
		return nil
	})
	return all, err
}

// RoomLists returns the groups of rooms, by name.
func (d *Directory) RoomLists(ctx context.Context) (all []Group, err error) {
	err = d.view(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(groupColumns+` WHERE kind = $1 AND hidden = $2 ORDER BY name, sid`, RoomList, false)
		all, err = scanGroups(rows, err)
		return err
	})
	return all, err
}

// Rooms returns the rooms in a room list, by name. NotFound with reason
// NoSuchGroup if the address is not that of a room list.
func (d *Directory) Rooms(ctx context.Context, list entente.SMTPAddress) ([]Account, error) {
	g, err := d.GroupByAddress(ctx, list)
	if err != nil {
		return nil, err
	}
	if g.Kind != RoomList {
		return nil, entente.Errorf(entente.NotFound, "%s is not a room list", list).Because(NoSuchGroup)
	}
	members, err := d.ExpandDL(ctx, list)
	if err != nil {
		return nil, err
	}
	var rooms []Account
	for _, e := range members {
		if e.Account != nil && e.Account.Kind == access.KindRoom {
			rooms = append(rooms, *e.Account)
		}
	}
	slices.SortStableFunc(rooms, func(a, b Account) int { return strings.Compare(a.Name, b.Name) })
	return rooms, nil
}

// maxWords bounds how many keys one name makes.
const maxWords = 8

// searchWords returns what a person with these names is found by: each name
// from each of its words on, so that "maria b" finds Anna Maria Berg.
func searchWords(names ...string) []string {
	var words []string
	for _, n := range names {
		n = normalize(n)
		for i := 0; i < maxWords && n != ""; i++ {
			words = append(words, n)
			_, n, _ = strings.Cut(n, " ")
		}
	}
	if len(names) == 4 { // a person's: surname first is asked for as well
		if given, sur := normalize(names[1]), normalize(names[2]); given != "" && sur != "" {
			words = append(words, given+" "+sur, sur+" "+given, sur+", "+given)
		}
	}
	return words
}

// normalize lower-cases and leaves single spaces.
func normalize(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

// setKeys has a SID found by exactly these words and addresses. What has no
// address is nobody's recipient and is not found at all.
func (c *Change) setKeys(sid entente.SID, words []string, addresses []entente.SMTPAddress) error {
	if _, err := c.tx.Exec(`DELETE FROM directory_key WHERE sid = $1`, sid); err != nil || len(addresses) == 0 {
		return err
	}
	for _, a := range addresses {
		words = append(words, string(a))
	}
	slices.Sort(words)
	for _, w := range slices.Compact(words) {
		if w == "" {
			continue
		}
		if _, err := c.tx.Exec(`INSERT INTO directory_key (word, sid) VALUES ($1, $2) ON CONFLICT (word, sid) DO NOTHING`, w, sid); err != nil {
			return err
		}
	}
	return nil
}
