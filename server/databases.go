package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"entente"
	"entente/db"
	"entente/mailbox"
)

func cutSQLite(url string) (string, bool) { return strings.CutPrefix(url, "sqlite:") }

// databases opens the mailbox databases that the directory names, each once,
// when it is first asked for.
type databases struct {
	server *Server
	mu     sync.Mutex
	open   map[string]*db.DB
}

// get returns the handle of a mailbox database. The lock is held while one is
// opened, so that no file is opened twice; that happens once a database.
func (d *databases) get(name string) (*db.DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h, ok := d.open[name]; ok {
		return h, nil
	}
	ctx := context.Background()
	url, err := d.server.databaseURL(ctx, name)
	if err != nil {
		return nil, err
	}
	h, err := d.server.open(ctx, url)
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

// databaseURL is where the directory says a mailbox database lies.
func (s *Server) databaseURL(ctx context.Context, name string) (string, error) {
	all, err := s.Directory.Databases(ctx)
	if err != nil {
		return "", err
	}
	for _, x := range all {
		if x.Name == name {
			return x.URL, nil
		}
	}
	return "", entente.Errorf(entente.NotFound, "there is no mailbox database %q", name)
}
