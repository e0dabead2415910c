package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"entente"
	"entente/db"
	"entente/directory"
	"entente/mailbox"
)

func cutSQLite(url string) (string, bool) { return strings.CutPrefix(url, "sqlite:") }

// databases opens the mailbox databases that the directory names, each once,
// when it is first asked for.
type databases struct {
	server *Server
	mu     sync.Mutex
	open   map[string]*db.DB
	anew   bool // files are made in which there should be mailboxes: a backup is restored
}

// get returns the handle of a mailbox database. The lock is held while one is
// opened, so that no file is opened twice; that happens once a database.
//
// One that another node holds is never opened, and closed as soon as somebody
// asks for it if it was this node's until now: two processes on one file do not
// see each other's changes, and a file's absence would be an empty mailbox.
func (d *databases) get(name string) (*db.DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	holder := d.server.Directory.Holder(name)
	h, ok := d.open[name]
	if holder != "" && holder != d.server.config.Name {
		if ok {
			delete(d.open, name)
			// Requests that are at work on it come to their end first.
			go func() { _ = h.Close() }()
		}
		return nil, entente.Errorf(entente.Unavailable, "the mailbox database %q is held by another node", name).Because(directory.NotHere)
	}
	if ok {
		return h, nil
	}
	ctx := context.Background()
	x, err := d.server.database(ctx, name)
	if err != nil {
		return nil, err
	}
	if !d.anew {
		if err := d.server.whereItShouldBe(ctx, x); err != nil {
			return nil, err
		}
	}
	h, err = d.server.open(ctx, x.URL)
	if err != nil {
		return nil, err
	}
	if err := migrateMailboxes(ctx, h); err != nil {
		return nil, errors.Join(fmt.Errorf("mailbox database %s: %w", name, err), h.Close())
	}
	d.open[name] = h
	return h, nil
}

// migrateMailboxes brings a database that a former version of the program made
// up to date, and refuses one that a newer version made.
func migrateMailboxes(ctx context.Context, h *db.DB) error {
	s := mailbox.New(mailbox.Config{Databases: func(string) (*db.DB, error) { return h, nil }})
	return errors.Join(s.Migrate(ctx, ""), s.Close())
}

// expected is the mailbox that the directory speaks of: an account may have got
// one by a sync, or by a verb at a node that does not hold the database.
func (s *Server) expected(id entente.MailboxID) (mailbox.NewMailbox, bool) {
	a, ok := s.Directory.Snapshot().FindMailbox(id)
	return mailbox.NewMailbox{
		ID: id, Database: a.Database, Owner: a.Principal, Address: a.Mail, Name: a.Name, Kind: mailbox.KindFor(a.Kind),
	}, ok
}

func (d *databases) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, h := range d.open {
		errs = append(errs, h.Close())
	}
	d.open = map[string]*db.DB{}
	return errors.Join(errs...)
}

// database is what the directory says of a mailbox database.
func (s *Server) database(ctx context.Context, name string) (*directory.Database, error) {
	all, err := s.Directory.Databases(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(x directory.Database) bool { return x.Name == name })
	if i < 0 {
		return nil, entente.Errorf(entente.NotFound, "there is no mailbox database %q", name)
	}
	return &all[i], nil
}

// whereItShouldBe refuses to make a file anew in which there should be
// mailboxes: it lies in the state of another node, or was not brought here.
func (s *Server) whereItShouldBe(ctx context.Context, x *directory.Database) error {
	if !s.main.Shared() || s.hasFile(x) {
		return nil
	}
	if inhabited, err := s.Directory.Inhabited(ctx, x.Name); err != nil || !inhabited {
		return err
	}
	return entente.Errorf(entente.Unavailable, "the file of mailbox database %q is not in this node's state", x.Name).Because(directory.NotHere)
}

// hasFile reports whether a database is here as far as this node can see: the
// server that keeps it will say, or its file is here.
func (s *Server) hasFile(x *directory.Database) bool {
	file, ok := cutSQLite(x.URL)
	if !ok {
		return true
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.config.State, file)
	}
	_, err := os.Stat(file)
	return err == nil
}

// adopt enters this node as the holder of the files in its state that have none:
// an organization that was of one node until now has no places.
func (s *Server) adopt(ctx context.Context) error {
	if !s.main.Shared() {
		return nil // there is no other node
	}
	all, err := s.Directory.Databases(ctx)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(x directory.Database) bool {
		_, file := cutSQLite(x.URL)
		return !file || x.Node != "" || !s.hasFile(&x)
	})
	if len(all) == 0 {
		return nil
	}
	return s.Directory.Update(ctx, func(c *directory.Change) error {
		for _, x := range all {
			x.Node = s.config.Name
			if err := c.SetDatabase(x); err != nil {
				return err
			}
		}
		return nil
	})
}
