package ldap

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"entente"
	"entente/db"
	"entente/directory"
)

// Options of one sync.
type Options struct {
	Full    bool // everything is compared
	Confirm bool // disable even many
	DryRun  bool // say what would be done
}

// A Report is what a sync did.
type Report struct {
	Began     time.Time     `json:"began,omitzero"`
	Took      time.Duration `json:"took,omitempty"`
	Server    string        `json:"server,omitempty"`
	Full      bool          `json:"full"`
	DryRun    bool          `json:"dry_run,omitempty"`
	Listed    int           `json:"listed"`
	Created   int           `json:"created"`
	Changed   int           `json:"changed"`
	Unchanged int           `json:"unchanged"` // of those that were read
	Disabled  int           `json:"disabled"`  // that are gone there
	Emptied   int           `json:"emptied"`   // groups
	Refused   int           `json:"refused"`
	// WouldDisable counts accounts that are enabled here and not there any more.
	WouldDisable int                    `json:"would_disable,omitempty"`
	Lines        []directory.ImportLine `json:"-"` // of what was created, changed, disabled, refused
}

// did reports whether a sync did anything.
func (r *Report) did() bool {
	return r.Full || r.Created+r.Changed+r.Disabled+r.Emptied+r.Refused > 0
}

func (r *Report) summary() Report {
	s := *r
	s.Lines = nil
	return s
}

// maxLines bounds what a report tells one by one.
const maxLines = 10000

// Sync brings the local directory up to date: all of it the first time, and
// then what changed.
func (c *Client) Sync(ctx context.Context) (Report, error) { return c.SyncWith(ctx, Options{}) }

// SyncWith is Sync with options. Conflict with reason Held if an administrator has
// to confirm it, and Conflict while another node syncs. It waits for one that is
// under way on this node.
func (c *Client) SyncWith(ctx context.Context, o Options) (Report, error) {
	select {
	case c.syncing <- struct{}{}:
		defer func() { <-c.syncing }()
	case <-ctx.Done():
		return Report{}, unavailable(ctx.Err())
	}
	if c.Ready != nil {
		if err := c.Ready(ctx); err != nil {
			return Report{}, err
		}
	}
	before, err := c.lease(ctx)
	if err != nil {
		return Report{}, err
	}
	r := &run{Client: c, Options: o, dry: o.DryRun, began: c.Now(), before: before}
	r.prolonged = r.began
	r.report.Began, r.report.DryRun = r.began, o.DryRun
	err = r.do(ctx)
	r.report.Took, r.report.Full = c.Now().Sub(r.began), r.full
	if r.con != nil {
		r.report.Server = r.con.server.name
		defer r.con.close()
		if kindOfError(err) == entente.Unavailable {
			r.con.server.failed(c.Now(), err) // the next one is asked another
		}
	}
	c.progress.Store(nil)
	// What was found out is kept even if whoever asked does not wait any more.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if failed := c.finish(keep, r, err); err == nil {
		err = failed
	}
	if _, look := c.look(keep); err == nil {
		err = look
	}
	c.tell(r, err)
	if c.Synced != nil {
		c.Synced(keep, r.report, err)
	}
	return r.report, err
}

func (r *run) do(ctx context.Context) (err error) {
	if err := r.prepare(ctx); err != nil {
		return unavailable(err)
	}
	if err := r.digest(ctx); err != nil {
		return err
	}
	if err := r.scope(ctx); err != nil {
		return err
	}
	if r.seen, err = r.seenObjects(ctx); err != nil {
		return err
	}
	if err := r.list(ctx); err != nil {
		return unavailable(err)
	}
	r.report.Listed = len(r.listed)
	if err := r.plan(); err != nil && !r.dry {
		return err
	}
	if err := r.ensureRealm(ctx); err != nil {
		return err
	}
	// Who has to be stopped goes first.
	if err := r.stop(ctx); err != nil {
		return err
	}
	if err := r.read(ctx); err != nil {
		return err
	}
	r.make(ctx, nil, nil) // of an earlier sync
	return nil
}

// stop disables accounts that are gone, and takes the members from groups that
// are.
func (r *run) stop(ctx context.Context) error {
	for some := range slices.Chunk(r.lost, batch) {
		if r.dry {
			r.wouldStop(some)
			continue
		}
		var lines []directory.ImportLine
		if err := r.Directory.Update(ctx, func(c *directory.Change) error {
			lines = nil
			for _, g := range some {
				l, err := r.stopOne(c, g)
				if err != nil {
					return err
				}
				if l.Action != "" {
					lines = append(lines, l)
				}
			}
			return c.Also(r.hold)
		}); err != nil {
			return err
		}
		for _, l := range lines {
			r.stopped(l)
		}
	}
	return nil
}

func (r *run) stopped(l directory.ImportLine) {
	if l.Action == "disabled" {
		r.report.Disabled++
	} else {
		r.report.Emptied++
	}
	r.line(l)
}

func (r *run) wouldStop(some []directory.GUID) {
	here := r.Directory.Snapshot()
	for _, g := range some {
		switch s := r.seen[g]; {
		case s.group && s.state == kept:
			r.stopped(directory.ImportLine{SID: s.sid, Name: string(s.sid), Action: "emptied"})
		case !s.group && enabled(here, s.sid):
			r.stopped(directory.ImportLine{SID: s.sid, Name: string(s.sid), Action: "disabled"})
		}
	}
}

func (r *run) stopOne(c *directory.Change, g directory.GUID) (l directory.ImportLine, err error) {
	s := r.seen[g]
	if err := c.Also(func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE ldap_object SET state = 'gone', note = '' WHERE guid = $1`, g)
		return err
	}); err != nil {
		return l, err
	}
	if s.group {
		changed, err := c.SetMembers(s.sid, nil)
		if kindOfError(err) == entente.NotFound { // it was refused, or removed here
			return l, nil
		}
		if err == nil && changed {
			l = directory.ImportLine{SID: s.sid, Name: string(s.sid), Action: "emptied"}
		}
		return l, err
	}
	done, err := c.Disable([]entente.SID{s.sid})
	if err == nil && len(done) > 0 {
		l = directory.ImportLine{SID: s.sid, Name: string(s.sid), Action: "disabled"}
		if a, err := c.Account(s.sid); err == nil {
			l.Name = string(a.UPN)
		}
	}
	return l, err
}

func kindOfError(err error) entente.Kind {
	var told *entente.Error
	if errors.As(err, &told) {
		return told.Kind
	}
	return entente.Internal
}

// Batches: of objects stopped in one transaction, and asked for in one search.
const (
	batch  = 200
	inOnce = 40
)

// tell logs how a sync ended.
func (c *Client) tell(r *run, err error) {
	p := &r.report
	attrs := []any{
		"server", p.Server, "full", p.Full, "dry_run", p.DryRun, "listed", p.Listed, "created", p.Created, "changed", p.Changed,
		"disabled", p.Disabled, "emptied", p.Emptied, "refused", p.Refused, "took", p.Took.Round(time.Millisecond),
	}
	level := slog.LevelDebug
	switch {
	case err != nil:
		level, attrs = slog.LevelError, append(attrs, "err", err)
	case p.DryRun:
	case p.Created+p.Changed+p.Disabled+p.Emptied > 0 || r.Full:
		level = slog.LevelInfo
	}
	c.Log.Log(context.Background(), level, "directory sync", attrs...)
	for _, l := range p.Lines {
		if !p.DryRun && (l.Action == "disabled" || l.Action == "emptied") {
			c.Log.Info("directory sync: gone there", "sid", l.SID, "name", l.Name, "action", l.Action)
		}
	}
}
