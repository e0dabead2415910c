package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"entente/audit"
	"entente/clientaccess"
	"entente/db"
	"entente/device"
	"entente/directory"
	"entente/directory/ldap"
	"entente/ews/ewssharing"
	"entente/federation"
	"entente/hop"
	"entente/keys"
	"entente/partner"
	"entente/relay"
	"entente/sharing"
	"entente/transport"
)

// A Store is the data of an organization, opened to be copied or checked and
// not to be served. Nothing listens and nothing is decided on it.
type Store struct{ s *Server }

// OpenStore opens what a configuration names. A server may be running on it.
func OpenStore(ctx context.Context, c Config) (*Store, error) {
	s := &Server{config: c, options: Options{Now: time.Now}, log: slog.New(slog.DiscardHandler)}
	for _, step := range []func(context.Context) error{s.existing, s.openState, s.openDatabase, s.openKeys, s.openDirectory, s.openMailboxes} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return &Store{s}, nil
}

// existing refuses to make an organization by looking for one.
func (s *Server) existing(context.Context) error {
	file, ok := cutSQLite(s.config.Database)
	if !ok {
		return nil
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.config.State, file)
	}
	_, err := os.Stat(file)
	return err
}

// Close closes the databases.
func (st *Store) Close() error { return st.s.Close() }

// An Advance says how far work on one database has come.
type Advance = db.Progress

// A Progress is told what is being worked on, and how far that is.
type Progress func(what string, at Advance)

func (f Progress) of(what string) func(Advance) {
	return func(at Advance) {
		if f != nil {
			f(what, at)
		}
	}
}

// brokerPart names the broker's database in a backup. No mailbox database is
// called so: no name has a NUL.
const brokerPart = "\x00broker"

// A place is a database with the names of what lies in it: the main database,
// whose name is empty, mailbox databases, or both; or the broker's.
type place struct {
	names  []string
	handle *db.DB
}

func (p *place) String() string {
	switch p.names[0] {
	case "":
		return "the main database"
	case brokerPart:
		return "the broker's database"
	}
	return "mailbox database " + p.names[0]
}

// places returns every database once, the main one first: a mailbox that is
// made meanwhile is then in its own database and unknown to the directory,
// which does no harm, and not the other way round.
func (st *Store) places(ctx context.Context) ([]place, error) {
	all := []place{{names: []string{""}, handle: st.s.main}}
	urls := []string{st.s.config.Database}
	boxes, err := st.s.Directory.Databases(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range boxes {
		if b.Node != "" && b.Node != st.s.config.Name {
			continue // another node's, whose backup has it
		}
		if i := slices.Index(urls, b.URL); i >= 0 {
			all[i].names = append(all[i].names, b.Name)
			continue
		}
		h, err := st.s.boxes.get(b.Name)
		if err != nil {
			return nil, fmt.Errorf("mailbox database %s: %w", b.Name, err)
		}
		all, urls = append(all, place{[]string{b.Name}, h}), append(urls, b.URL)
	}
	if st.s.config.Broker == nil {
		return all, nil
	}
	h, err := st.s.openBrokerDatabase(ctx)
	if err != nil {
		return nil, fmt.Errorf("the broker's database: %w", err)
	}
	return append(all, place{[]string{brokerPart}, h}), nil
}

// Backup writes everything the databases hold to w, while a server may go on
// working. The keys of the node are not in it: who finds the backup shall not
// be able to open what they seal.
func (st *Store) Backup(ctx context.Context, w io.Writer, progress Progress) error {
	places, err := st.places(ctx)
	if err != nil {
		return err
	}
	a, err := newArchiveWriter(w)
	if err != nil {
		return err
	}
	for i := range places {
		p := &places[i]
		err := a.part(p.names, func(w io.Writer) error { return p.handle.Backup(ctx, w, progress.of(p.String())) })
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return a.close()
}

// CheckBackup reads a backup to its end, without a database.
func CheckBackup(r io.Reader, progress Progress) error {
	a, err := newArchiveReader(r)
	if err != nil {
		return err
	}
	for parts := 0; ; parts++ {
		names, part, err := a.next()
		switch {
		case errors.Is(err, io.EOF) && parts > 0:
			return nil
		case err != nil:
			return err
		case (parts == 0) != (names[0] == ""):
			return errArchive
		}
		if err := db.VerifyBackup(part, progress.of((&place{names: names}).String())); err != nil {
			return err
		}
	}
}

// Restore reads a backup into an empty state. urls says where mailbox
// databases are to lie now, by name; the others lie where they lay. What was
// not restored to its end must be removed before the next try.
//
// Every mailbox gets a new replica number, so that clients synchronize anew:
// numbers they saw since the backup will be given out again.
func Restore(ctx context.Context, c Config, r io.Reader, urls map[string]string, progress Progress) (err error) {
	s := &Server{config: c, options: Options{Now: time.Now}, log: slog.New(slog.DiscardHandler)}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, step := range []func(context.Context) error{s.openState, s.openDatabase, s.migrateMain} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	a, err := newArchiveReader(r)
	if err != nil {
		return err
	}
	names, part, err := a.next()
	if err != nil {
		return err
	}
	if err := s.restoreMain(ctx, names, part, urls, progress); err != nil {
		return err
	}
	s.boxes.anew = true
	for {
		names, part, err := a.next()
		if errors.Is(err, io.EOF) {
			return s.renewReplicas(ctx)
		}
		if err != nil {
			return err
		}
		if names[0] == brokerPart {
			if err := s.restoreBroker(ctx, part, progress); err != nil {
				return fmt.Errorf("the broker's database: %w", err)
			}
			continue
		}
		if err := s.restoreMailboxes(ctx, names[0], part, progress); err != nil {
			return fmt.Errorf("mailbox database %s: %w", names[0], err)
		}
	}
}

// migrateMain makes the tables of the main database, with nothing in them.
func (s *Server) migrateMain(ctx context.Context) error {
	sealed, err := keys.Schema()
	if err != nil {
		return err
	}
	accounts, err := directory.Schema()
	if err != nil {
		return err
	}
	for _, m := range []db.Migration{sealed, accounts, ldap.Schema(), audit.Schema(), clientaccess.Schema(), relay.Schema(), sharing.Schema(), ewssharing.Schema(), federation.Schema(), partner.Schema(), hop.Schema(), transport.Schema(), device.Schema()} {
		if err := s.main.Migrate(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) restoreMain(ctx context.Context, names []string, part io.Reader, urls map[string]string, progress Progress) error {
	if names[0] != "" {
		return errArchive
	}
	if len(names) > 1 {
		if err := migrateMailboxes(ctx, s.main); err != nil {
			return err
		}
	}
	if err := s.main.Restore(ctx, part, progress.of("the main database")); err != nil {
		return err
	}
	// A change of the directory needs the key it is sealed with.
	if len(urls) > 0 {
		if err := s.openKeys(ctx); err != nil {
			return err
		}
	}
	if err := s.openDirectory(ctx); err != nil {
		return fmt.Errorf("%w (are the keys in %s those of the state the backup is of?)", err, filepath.Join(s.config.State, "keys"))
	}
	if len(urls) == 0 {
		return s.openMailboxes(ctx)
	}
	err := s.Directory.Update(ctx, func(c *directory.Change) error {
		for name, url := range urls {
			x := directory.Database{Name: name, URL: url}
			if _, file := cutSQLite(url); file && s.main.Shared() {
				x.Node = s.config.Name
			}
			if err := c.SetDatabase(x); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.openMailboxes(ctx)
}

func (s *Server) restoreMailboxes(ctx context.Context, name string, part io.Reader, progress Progress) error {
	h, err := s.boxes.get(name)
	if err != nil {
		return err
	}
	return h.Restore(ctx, part, progress.of("mailbox database "+name))
}

func (s *Server) restoreBroker(ctx context.Context, part io.Reader, progress Progress) error {
	if s.config.Broker == nil {
		return errors.New("the backup is of a broker, and the configuration has no section of that name")
	}
	h, err := s.openBrokerDatabase(ctx)
	if err != nil {
		return err
	}
	return h.Restore(ctx, part, progress.of("the broker's database"))
}

func (s *Server) renewReplicas(ctx context.Context) error {
	all, err := s.Directory.Databases(ctx)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.Node != "" && x.Node != s.config.Name {
			continue
		}
		if err := s.Mailboxes.RenewReplicas(ctx, x.Name); err != nil {
			return fmt.Errorf("mailbox database %s: %w", x.Name, err)
		}
	}
	return nil
}

// Verify looks for damage: in the databases themselves, in what must always
// hold of mailboxes, and in the audit logs of all nodes. known is checkpoints
// that were kept elsewhere, or empty. done is told of each check that
// found nothing; the first fault ends it.
func (st *Store) Verify(ctx context.Context, known string, done func(what string)) error {
	places, err := st.places(ctx)
	if err != nil {
		return err
	}
	for i := range places {
		p := &places[i]
		if err := p.handle.Check(ctx); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		done(p.String() + " is whole")
		for _, name := range p.names {
			if name == brokerPart {
				reports, err := st.s.verifyBrokerLog(ctx, p.handle)
				if err != nil {
					return err
				}
				tellReports(reports, done)
			}
			if name == "" || name == brokerPart {
				continue
			}
			if err := st.s.Mailboxes.Verify(ctx, name); err != nil {
				return fmt.Errorf("mailboxes in %s: %w", name, err)
			}
			done("the mailboxes in " + name + " are in order")
		}
	}
	return st.verifyAudit(ctx, known, done)
}

// verifyAudit checks the logs of all nodes: each node's key is published under
// the organization's seal, and this one's is at hand.
func (st *Store) verifyAudit(ctx context.Context, kept string, done func(what string)) error {
	if err := st.s.main.Migrate(ctx, audit.Schema()); err != nil {
		return err
	}
	reports, err := st.s.verifyLogs(ctx, "", kept)
	tellReports(reports, done)
	return err
}

func tellReports(reports []audit.Report, done func(what string)) {
	for _, r := range reports {
		done(fmt.Sprintf("the audit log of %s is unaltered: %d records, %d of them signed for, %d erased", r.Node, r.Records, r.Signed, r.Erased))
	}
}
