package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"entente"
	"entente/db"
)

// ImportOptions say how accounts and groups are imported.
type ImportOptions struct {
	// Database is where new accounts with an address get a mailbox; empty for
	// none.
	Database string
	// DryRun has everything checked and nothing kept.
	DryRun bool
	// Kept, if set, is called for each batch of records in the transaction that
	// keeps them, with a line for each. It is not called in a dry run.
	Kept func(tx *db.Tx, lines []ImportLine) error

	master bool // the records are of the directory that is the master of them
}

// An ImportLine is what became of one record.
type ImportLine struct {
	Line   int    // of the file, where the record begins
	Name   string // of what it is about, as far as known
	SID    entente.SID
	Action string // created, changed, unchanged, refused
	Err    error  // why it was refused, or what of it was left out
}

// An ImportReport is what became of a whole file.
type ImportReport struct {
	Lines                                []ImportLine
	Created, Changed, Unchanged, Refused int
}

// ImportCSV imports accounts and groups from a table whose first row names the
// attributes, by their names in Active Directory or in Exchange's commands:
// UserPrincipalName, DisplayName, PrimarySmtpAddress, EmailAddresses, Members ….
// A type column says "group" (distribution, security, room-list) where it is
// not about an account.
//
// Records are matched by ObjectGUID, else by SID, else by UPN or, groups, by
// address; importing a file twice changes nothing the second time. Only
// attributes the file has are set. What is wrong with one record is reported
// and does not hold up the others; an error means that reading ended there.
func (d *Directory) ImportCSV(ctx context.Context, in io.Reader, o ImportOptions) (ImportReport, error) {
	r, err := newCSVReader(in)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = entente.Errorf(entente.Invalid, "the table is empty")
		}
		return ImportReport{}, err
	}
	return d.importAll(ctx, r.next, o)
}

// ImportLDIF is ImportCSV for LDIF (RFC 2849) as Active Directory and other
// directories export it. Members of groups are found by their dn in the file.
func (d *Directory) ImportLDIF(ctx context.Context, in io.Reader, o ImportOptions) (ImportReport, error) {
	return d.importAll(ctx, newLDIFReader(in).next, o)
}

// batch is how many records share a transaction.
const batch = 200

// errDryRun undoes what a dry run has tried, errUnchanged a batch that came to nothing:
// other nodes need not look.
var (
	errDryRun    = errors.New("dry run")
	errUnchanged = errors.New("unchanged")
)

// An importer carries what is known across the records of a file.
type importer struct {
	d       *Directory
	o       ImportOptions
	report  ImportReport
	byDN    map[string]entente.SID
	members []pendingMembers
}

// pendingMembers wait until all accounts of the file are known.
type pendingMembers struct {
	line  int // in the report
	group entente.SID
	names []string
}

func (d *Directory) importAll(ctx context.Context, next func() (*record, error), o ImportOptions) (ImportReport, error) {
	im := &importer{d: d, o: o, byDN: map[string]entente.SID{}}
	var failed error
	if o.DryRun {
		return im.try(ctx, next)
	}
	var generation uint64
	commit := func(f func(*Change) error) error {
		done := len(im.report.Lines)
		pending := len(im.members)
		n, err := d.change(ctx, func(c *Change) error {
			// The function may run again: what it reported is taken back.
			im.report.Lines, im.members = im.report.Lines[:done], im.members[:pending]
			before := im.changes()
			if err := f(c); err != nil {
				return err
			}
			if o.master && im.changes() == before {
				return errUnchanged
			}
			return im.kept(c.tx, done)
		})
		if errors.Is(err, errUnchanged) {
			if o.Kept == nil {
				return nil
			}
			return d.db.Update(ctx, func(tx *db.Tx) error { return im.kept(tx, done) })
		}
		if err != nil {
			return err
		}
		// The next batch goes on from this one: were it put off to the end, each
		// would have to follow all before it. If it fails it is done there.
		generation = n
		if err := d.load(ctx, n); err != nil {
			d.failed(fmt.Errorf("load what was imported: %w", err))
		}
		return nil
	}
	failed = im.read(ctx, next, func(records []*record) error {
		return commit(func(c *Change) error { return im.apply(c, records) })
	})
	if len(im.members) > 0 {
		pending := im.members
		failed = errors.Join(failed, commit(func(c *Change) error {
			im.members = pending
			return im.resolve(c)
		}))
	}
	im.count()
	if generation != 0 {
		failed = errors.Join(failed, d.load(ctx, generation))
	}
	if failed != nil {
		return im.report, tell(failed)
	}
	return im.report, nil
}

// try makes all changes in one transaction, so that later records see earlier
// ones, and undoes it.
func (im *importer) try(ctx context.Context, next func() (*record, error)) (ImportReport, error) {
	var records []*record
	failed := im.read(ctx, next, func(some []*record) error {
		records = append(records, some...)
		return nil
	})
	_, err := im.d.change(ctx, func(c *Change) error {
		im.report, im.members = ImportReport{}, nil
		if err := im.apply(c, records); err != nil {
			return err
		}
		if err := im.resolve(c); err != nil {
			return err
		}
		return errDryRun
	})
	if !errors.Is(err, errDryRun) {
		return im.report, tell(err)
	}
	return im.report, failed
}

// read hands the records on in batches.
func (im *importer) read(ctx context.Context, next func() (*record, error), apply func([]*record) error) error {
	for {
		var records []*record
		var end error
		for len(records) < batch && end == nil {
			var r *record
			if r, end = next(); end == nil {
				records = append(records, r)
			}
		}
		if len(records) > 0 {
			if err := apply(records); err != nil {
				return err
			}
		}
		if errors.Is(end, io.EOF) {
			return ctx.Err()
		}
		if end != nil {
			return end
		}
	}
}

// apply makes the changes that records ask for. Only a failing database ends
// all.
func (im *importer) apply(c *Change, records []*record) error {
	for _, r := range records {
		l := ImportLine{Line: r.line, Name: r.dn, Action: "refused", Err: r.err}
		if r.err == nil {
			if err := im.keepOrNot(c, r, &l); err != nil {
				return err
			}
		}
		im.report.Lines = append(im.report.Lines, l)
	}
	return nil
}

// keepOrNot makes the changes of one record, all of them or, if it is refused,
// none. The refusals of verbs come before the database would fail, so that the
// transaction can go on after them.
func (im *importer) keepOrNot(c *Change, r *record, l *ImportLine) error {
	if _, err := c.tx.Exec(`SAVEPOINT import_record`); err != nil {
		return err
	}
	err := im.one(c, r, l)
	var e *entente.Error
	switch {
	case err != nil && !errors.As(err, &e):
		return err
	case err != nil:
		l.Action, l.Err = "refused", err
		if _, err := c.tx.Exec(`ROLLBACK TO SAVEPOINT import_record`); err != nil {
			return err
		}
	case r.dn != "":
		im.byDN[normalDN(r.dn)] = l.SID
	}
	_, err = c.tx.Exec(`RELEASE SAVEPOINT import_record`)
	return err
}

func (im *importer) one(c *Change, r *record, l *ImportLine) error {
	kind, err := r.groupKind()
	if err != nil {
		return err
	}
	if kind != "" {
		return im.oneGroup(c, r, kind, l)
	}
	if classes, ok := r.attrs["objectclass"]; ok && (!slices.ContainsFunc(classes, isPerson) || slices.ContainsFunc(classes, isComputer)) {
		return entente.Errorf(entente.Invalid, "neither a person nor a group")
	}
	return im.oneAccount(c, r, l)
}

func isPerson(class string) bool {
	return strings.EqualFold(class, "user") || strings.EqualFold(class, "inetOrgPerson") || strings.EqualFold(class, "person")
}

// isComputer tells machines, which Active Directory counts among users.
func isComputer(class string) bool { return strings.EqualFold(class, "computer") }

func (im *importer) oneAccount(c *Change, r *record, l *ImportLine) error {
	wanted := &Account{}
	wanted.Enabled = true
	if err := r.fill(wanted); err != nil {
		return err
	}
	l.Name = string(wanted.UPN)
	dropped, err := im.dropForeign(c, wanted)
	if err != nil {
		return err
	}
	if len(dropped) > 0 {
		l.Err = entente.Errorf(entente.Invalid, "left out: %s, in a domain that is not accepted", dropped[0]).Because(NotAccepted)
	}
	if _, left := readIdentities(r.attrs["altsecurityidentities"]); left != nil && l.Err == nil {
		l.Err = left
	}
	if v, _ := r.get("samaccountname", "logonname"); l.Err == nil && checkLogonName(v) != nil {
		l.Err = entente.Errorf(entente.Invalid, "left out: the logon name %q", bounds(v))
	}
	found, err := c.match(wanted)
	if err != nil {
		return err
	}
	if found == "" {
		if err := c.CreateAccount(wanted); err != nil {
			return err
		}
		l.SID, l.Action = wanted.SID, "created"
		if _, err := c.importMedia(r, wanted.SID, l); err != nil {
			return err
		}
		return im.mailbox(c, wanted)
	}
	l.SID, l.Action = found, "unchanged"
	old, err := accountBySID(c.tx, found)
	if err != nil {
		return err
	}
	updated := *old
	updated.Proxies = slices.Clone(old.Proxies)
	if err := r.fill(&updated); err != nil {
		return err
	}
	updated.SID = found
	if _, err := im.dropForeign(c, &updated); err != nil {
		return err
	}
	if im.o.master {
		keepAddresses(old, &updated, l)
	}
	if err := updated.check(); err != nil {
		return err
	}
	shown, err := c.importMedia(r, found, l)
	if err != nil {
		return err
	}
	if shown {
		l.Action = "changed"
	}
	if reflect.DeepEqual(*old, updated) {
		return nil
	}
	l.Action = "changed"
	if err := c.SetAccount(found, func(a *Account) error {
		*a = updated
		return nil
	}); err != nil {
		return err
	}
	if im.o.master && old.Mail == "" {
		return im.mailbox(c, &updated)
	}
	return nil
}

// dropForeign takes out addresses in domains that are not ours. Exports are full
// of them (onmicrosoft.com, old internal names), and a person is not refused
// for what he has elsewhere; a primary address there is another matter.
func (c *Change) dropForeign(addresses *[]entente.SMTPAddress) (dropped []entente.SMTPAddress, err error) {
	domains := map[entente.Domain]bool{}
	var name entente.Domain
	rows, err := c.tx.Query(`SELECT name FROM directory_domain`)
	if err := each(rows, err, func() error {
		domains[name] = true
		return nil
	}, &name); err != nil {
		return nil, err
	}
	var kept []entente.SMTPAddress
	for _, a := range *addresses {
		if domains[a.Domain()] {
			kept = append(kept, a)
		} else {
			dropped = append(dropped, a)
		}
	}
	slices.Sort(kept)
	*addresses = kept
	return dropped, nil
}

// match finds the account that a record is about, "" if there is none yet. A
// UPN that belongs to an account with another GUID is somebody else's, who must
// not be overwritten: that is left to vacant to refuse.
func (c *Change) match(a *Account) (sid entente.SID, err error) {
	ask := func(row *db.Row) error {
		err := row.Scan(&sid)
		if errors.Is(err, db.ErrNoRows) {
			sid, err = "", nil
		}
		return err
	}
	if a.GUID != (GUID{}) {
		if err := ask(c.tx.QueryRow(`SELECT sid FROM directory_account WHERE guid = $1`, a.GUID)); err != nil || sid != "" {
			return sid, err
		}
	}
	if a.SID != "" {
		return sid, ask(c.tx.QueryRow(`SELECT sid FROM directory_account WHERE sid = $1`, a.SID))
	}
	if a.GUID == (GUID{}) {
		err = ask(c.tx.QueryRow(`SELECT sid FROM directory_account WHERE upn = $1`, a.UPN))
	}
	return sid, err
}

func (im *importer) count() {
	r := &im.report
	r.Created, r.Changed, r.Unchanged, r.Refused = 0, 0, 0, 0
	for _, l := range r.Lines {
		switch l.Action {
		case "created":
			r.Created++
		case "changed":
			r.Changed++
		case "unchanged":
			r.Unchanged++
		default:
			r.Refused++
		}
	}
}
