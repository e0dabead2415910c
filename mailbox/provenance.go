package mailbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/access"
	"entente/db"
)

// An Origin says on whose account rights are given: somebody who acts for the
// owner, and what lets him.
type Origin struct {
	Request string
	By, As  entente.SID
	Grounds []string // such as "assignment 7" or "mailbox-permission S-1-5-…"
}

// A Given is one right in a mailbox that was given, changed or taken by somebody
// who acted for its owner, and stands as he left it, as far as is known.
type Given struct {
	Number uint64 // with Part it names the Given within its mailbox
	Part   int
	At     time.Time
	Origin
	Mailbox entente.MailboxID
	Folder  FolderID // 0 for the list of delegates
	Name    string   // of the folder
	Who     access.EntryKind
	SID     entente.SID // of an ExternalUser his address
	Had     Held        // before
	Has     Held        // and after
}

// Held is what somebody holds: rights, or for a delegate whether he gets copies;
// less than 0 if he has no entry at all.
type Held int64

// NoEntry is what is held by who has no entry.
const NoEntry Held = -1

// Reasons why a Given is not undone.
const (
	GivenChanged entente.Reason = "given-changed" // the owner changed it since
	GivenUnknown entente.Reason = "given-unknown"
)

// given keeps the origin of changed entries, if who changes them acts for
// another. It is called where tables are stored, in the same transaction.
func (v *View) given(tx *db.Tx, number uint64, folder FolderID, old, now []access.Entry) error {
	if v.witness == nil {
		return nil
	}
	o, acts := v.witness.Origin(v.id)
	if !acts {
		return nil
	}
	part := 0
	keep := func(e *access.Entry, had, has Held) error {
		if had == has {
			return nil
		}
		part++
		return v.insertGiven(tx, &Given{Number: number, Part: part, Origin: o, Folder: folder, Who: e.Who, SID: nameOf(e), Had: had, Has: has})
	}
	for i := range now {
		if err := keep(&now[i], held(old, &now[i]), Held(now[i].Rights)); err != nil {
			return err
		}
	}
	for i := range old {
		if held(now, &old[i]) != NoEntry {
			continue
		}
		if err := keep(&old[i], Held(old[i].Rights), NoEntry); err != nil {
			return err
		}
	}
	return nil
}

// inherited keeps the origin of what is in the table of a new folder: of what it
// has from the folder it is in, the origin it has there. Otherwise what was given
// above would stand below after it was undone.
func (v *View) inherited(tx *db.Tx, number uint64, in *Folder, entries []access.Entry) error {
	above, err := v.standing(tx, in.ID)
	if err != nil {
		return err
	}
	was := slices.Clone(in.Table.Entries) // the table above as it would be without what was given in it
	origin := map[access.Entry]Origin{}
	for i := range above { // newest first: each leads to the one before it
		g := &above[i]
		at := entryOf(was, g.Who, g.SID)
		if at < 0 || Held(was[at].Rights) != g.Has {
			continue
		}
		if now := entryOf(in.Table.Entries, g.Who, g.SID); origin[in.Table.Entries[now]].Request == "" {
			origin[in.Table.Entries[now]] = g.Origin
		}
		if g.Had == NoEntry {
			was = slices.Delete(was, at, at+1)
			continue
		}
		was[at].Rights = access.Rights(g.Had)
	}
	if v.witness != nil {
		if _, acts := v.witness.Origin(v.id); acts {
			return v.given(tx, number, FolderID(number), was, entries)
		}
	}
	part := 0
	for i := range entries {
		e := &entries[i]
		o, ok := origin[*e]
		if !ok {
			continue
		}
		part++
		g := Given{Number: number, Part: part, Origin: o, Folder: FolderID(number), Who: e.Who, SID: nameOf(e), Had: held(was, e), Has: Held(e.Rights)}
		if err := v.insertGiven(tx, &g); err != nil {
			return err
		}
	}
	return nil
}

// standing returns what stands of what was given in a folder, newest first.
func (v *View) standing(tx *db.Tx, folder FolderID) (all []Given, err error) {
	rows, err := tx.Query(`SELECT request, by_sid, as_sid, grounds, who, sid, had, has FROM provenance
		WHERE mailbox_id = $1 AND folder_id = $2 AND state = 0 ORDER BY number DESC, part DESC`, v.key, folder)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var g Given
		var grounds string
		if err := rows.Scan(&g.Request, &g.By, &g.As, &grounds, &g.Who, &g.SID, &g.Had, &g.Has); err != nil {
			return nil, err
		}
		g.Grounds = strings.Split(grounds, "\n")
		all = append(all, g)
	}
	return all, rows.Err()
}

// held is what a table gives the one that an entry is for.
func held(entries []access.Entry, e *access.Entry) Held {
	if i := entryOf(entries, e.Who, nameOf(e)); i >= 0 {
		return Held(entries[i].Rights)
	}
	return NoEntry
}

func entryOf(entries []access.Entry, who access.EntryKind, sid entente.SID) int {
	return slices.IndexFunc(entries, func(x access.Entry) bool { return x.Who == who && nameOf(&x) == sid })
}

func (v *View) insertGiven(tx *db.Tx, g *Given) error {
	_, err := tx.Exec(`INSERT INTO provenance (mailbox_id, number, part, at, request, by_sid, as_sid, grounds, folder_id, who, sid, had, has, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)`,
		v.key, g.Number, g.Part, v.s.now().UnixMicro(), g.Request, string(g.By), string(g.As), strings.Join(g.Grounds, "\n"),
		g.Folder, int(g.Who), string(g.SID), int64(g.Had), int64(g.Has))
	return err
}

// givenDelegates keeps the origin of changes of the list of delegates.
func (v *View) givenDelegates(tx *db.Tx, number uint64, old, now []Delegate) error {
	if v.witness == nil {
		return nil
	}
	o, acts := v.witness.Origin(v.id)
	if !acts {
		return nil
	}
	part := 0
	all := slices.Concat(now, old)
	for i, d := range all {
		had, has := heldAsDelegate(old, d.SID), heldAsDelegate(now, d.SID)
		again := slices.ContainsFunc(all[:i], func(x Delegate) bool { return x.SID == d.SID })
		if had == has || again {
			continue
		}
		part++
		if err := v.insertGiven(tx, &Given{Number: number, Part: part, Origin: o, SID: d.SID, Had: had, Has: has}); err != nil {
			return err
		}
	}
	return nil
}

func heldAsDelegate(list []Delegate, sid entente.SID) Held {
	for _, d := range list {
		switch {
		case d.SID == sid && d.Copies:
			return 1
		case d.SID == sid:
			return 0
		}
	}
	return NoEntry
}

// Given returns what stands in a database of what was given by those who acted
// for others, newest first. It needs no permit: administration asks.
func (s *Store) Given(ctx context.Context, database string) (all []Given, err error) {
	d, err := s.databases(database)
	if err != nil {
		return nil, err
	}
	err = d.View(ctx, func(tx *db.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT p.mailbox_id, p.number, p.part, p.at, p.request, p.by_sid, p.as_sid, p.grounds, p.folder_id,
				p.who, p.sid, p.had, p.has, coalesce(f.name, '') FROM provenance p
			LEFT JOIN folder f ON f.mailbox_id = p.mailbox_id AND f.folder_id = p.folder_id
			WHERE p.state = 0 ORDER BY p.at DESC, p.number DESC, p.part`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var g Given
			var at int64
			var grounds string
			if err := rows.Scan(&g.Mailbox, &g.Number, &g.Part, &at, &g.Request, &g.By, &g.As, &grounds, &g.Folder,
				&g.Who, &g.SID, &g.Had, &g.Has, &g.Name); err != nil {
				return err
			}
			g.At, g.Grounds = time.UnixMicro(at).UTC(), strings.Split(grounds, "\n")
			all = append(all, g)
		}
		return rows.Err()
	})
	return all, err
}

// Keep says that what was given is to stand.
func (v *View) Keep(ctx context.Context, g *Given) error {
	return v.db.Update(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		return v.settleGiven(tx, g, 2)
	})
}

// Undo sets what was given back to what was there before. It needs the rights
// of the mailbox's owner. What he has changed since stays as he left it: the
// error then has the reason GivenChanged.
func (v *View) Undo(ctx context.Context, g *Given) error {
	return v.db.Update(ctx, func(tx *db.Tx) error {
		if err := v.ownerOnly(tx); err != nil {
			return err
		}
		if err := v.settleGiven(tx, g, 1); err != nil {
			return err
		}
		if g.Folder == 0 {
			return v.undoDelegate(tx, g)
		}
		return v.undoEntry(tx, g)
	})
}

func (v *View) settleGiven(tx *db.Tx, g *Given, state int) error {
	n, err := tx.Exec(`UPDATE provenance SET state = $4 WHERE mailbox_id = $1 AND number = $2 AND part = $3 AND state = 0`,
		v.key, g.Number, g.Part, state)
	if err == nil && n == 0 {
		return entente.Errorf(entente.NotFound, "this was undone or kept already").Because(GivenUnknown)
	}
	return err
}

func givenChanged() error {
	return entente.Errorf(entente.Conflict, "it was changed since, and stays as it is").Because(GivenChanged)
}

func (v *View) undoEntry(tx *db.Tx, g *Given) error {
	f, err := v.folder(tx, g.Folder)
	if answer(err) {
		return nil // with the folder what was given in it is gone
	}
	if err != nil {
		return err
	}
	at := entryOf(f.Table.Entries, g.Who, g.SID)
	now := NoEntry
	if at >= 0 {
		now = Held(f.Table.Entries[at].Rights)
	}
	if now != g.Has {
		return givenChanged()
	}
	entries := slices.Clone(f.Table.Entries)
	switch {
	case g.Had == NoEntry && at >= 0:
		entries = slices.Delete(entries, at, at+1)
	case at >= 0:
		entries[at].Rights = access.Rights(g.Had)
	default:
		entries = append(entries, entryNamed(g.Who, g.SID, access.Rights(g.Had)))
	}
	if entries, err = v.checkPermissions(entries); err != nil {
		return err
	}
	_, err = v.storePermissions(tx, f.ID, entries)
	return err
}

func (v *View) undoDelegate(tx *db.Tx, g *Given) error {
	d, err := v.delegates(tx)
	if err != nil {
		return err
	}
	if heldAsDelegate(d.List, g.SID) != g.Has {
		return givenChanged()
	}
	d.List = slices.DeleteFunc(d.List, func(x Delegate) bool { return x.SID == g.SID })
	if g.Had != NoEntry {
		d.List = append(d.List, Delegate{SID: g.SID, Copies: g.Had == 1})
	}
	return v.storeDelegates(tx, &d)
}
