package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entente/audit"
	"entente/directory"
)

// What is written in a mailbox leaves its record beside it, in the mailbox's own
// database, and the log gets the record when the request ends. Here the log gets
// those of requests that did not end, because the process died, or that ended
// while the log was away. design/0007.

const (
	// recordsEvery is how soon what a log that was away has missed is told after
	// it is back.
	recordsEvery = 10 * time.Second
	// inheritAfter is more than any request lasts, and any lease: a node that
	// has been silent for so long concludes nothing any more.
	inheritAfter = 15 * time.Minute
)

// settleRecords tells the log what this node left when it ended last. A database
// that is away stops no start; it is looked at again.
func (s *Server) settleRecords(ctx context.Context) error {
	if err := s.settleAll(ctx); err != nil {
		s.log.Warn("audit records of former requests", "err", err)
	}
	return nil
}

// watchRecords does so from time to time, and for nodes that are gone.
func (s *Server) watchRecords(ctx context.Context) {
	tick := time.NewTicker(recordsEvery)
	defer tick.Stop()
	ill := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := errors.Join(s.inheritRecords(ctx), s.settleAll(ctx))
		if err != nil && !ill && ctx.Err() == nil { // an outage is told once
			s.log.Warn("audit records of former requests", "err", err)
		}
		ill = err != nil
	}
}

func (s *Server) settleAll(ctx context.Context) error {
	all, err := s.servedDatabases(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range all {
		if err := s.settleDatabase(ctx, name); err != nil {
			errs = append(errs, fmt.Errorf("mailbox database %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// settleDatabase appends what the log lacks. That comes first and the note goes
// afterwards: dying between the two, it is looked for in the log again.
func (s *Server) settleDatabase(ctx context.Context, name string) error {
	for {
		left, err := s.Mailboxes.Unsettled(ctx, name)
		if err != nil || len(left) == 0 {
			return err
		}
		for i := range left {
			r, err := audit.ParseRecord(left[i].Record)
			if err != nil {
				return fmt.Errorf("request %s: %w", left[i].Request, err)
			}
			if err := s.Audit.AppendOnce(ctx, *r); err != nil {
				return err
			}
			s.Mailboxes.Settle(left[i].NoteID)
		}
	}
}

// servedDatabases are the mailbox databases this node has: all but files that
// are another node's.
func (s *Server) servedDatabases(ctx context.Context) (names []string, err error) {
	all, err := s.Directory.Databases(ctx)
	for i := range all {
		if s.has(&all[i]) {
			names = append(names, all[i].Name)
		}
	}
	return names, err
}

func (s *Server) has(d *directory.Database) bool {
	return (d.Node == "" || d.Node == s.config.Name) && s.hasFile(d)
}

// inheritRecords takes over what nodes that are gone have left.
func (s *Server) inheritRecords(ctx context.Context) error {
	nodes, err := s.Directory.Nodes(ctx)
	if err != nil {
		return err
	}
	alive := map[string]bool{s.config.Name: true}
	for i := range nodes {
		alive[nodes[i].ID] = alive[nodes[i].ID] || !nodes[i].Down
	}
	before := time.Now().Add(-inheritAfter)
	left, err := s.Audit.Writers(ctx)
	if err != nil {
		return err
	}
	for _, node := range left {
		if !alive[node] {
			if err := s.Audit.Inherit(ctx, node, before); err != nil {
				return err
			}
		}
	}
	return s.inheritNotes(ctx, alive, before)
}

func (s *Server) inheritNotes(ctx context.Context, alive map[string]bool, before time.Time) error {
	all, err := s.servedDatabases(ctx)
	if err != nil {
		return err
	}
	for _, name := range all {
		nodes, err := s.Mailboxes.Writers(ctx, name)
		if err != nil {
			return err
		}
		for _, node := range nodes {
			if alive[node] {
				continue
			}
			if err := s.Mailboxes.Inherit(ctx, name, node, before); err != nil {
				return err
			}
		}
	}
	return nil
}
