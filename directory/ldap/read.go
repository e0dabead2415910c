package ldap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/db"
	"entente/directory"
)

// read reads the objects that are wanted and imports them: accounts first, so
// that groups find them.
func (r *run) read(ctx context.Context) error {
	r.progress.Store(&Progress{Total: len(r.wanted)})
	for i := range r.filters {
		if i == 1 {
			if err := r.wantGroups(ctx); err != nil {
				return err
			}
		}
		var some []directory.GUID
		for g := range r.wanted {
			if index(r.listed[g].group) == i {
				some = append(some, g)
			}
		}
		slices.SortFunc(some, func(a, b directory.GUID) int { return slices.Compare(a[:], b[:]) })
		if err := r.readKind(ctx, i, some); err != nil {
			return err
		}
	}
	// An address that somebody gave up and another took: who had it comes first now.
	return r.keep(ctx, r.conflicts, true)
}

// readKind reads accounts or groups: where most are wanted by going through
// all, else by asking for each.
func (r *run) readKind(ctx context.Context, kind int, some []directory.GUID) error {
	all := 0
	for _, l := range r.listed {
		if index(l.group) == kind {
			all++
		}
	}
	if r.full && len(some)*4 > all {
		return r.bring(ctx, query{base: r.base, filter: r.filters[kind]})
	}
	for few := range slices.Chunk(some, inOnce) {
		filter := "(|"
		for _, g := range few {
			filter += guidFilter(g)
		}
		if err := r.bring(ctx, query{base: r.base, filter: "(&" + r.filters[kind] + filter + "))"}); err != nil {
			return err
		}
	}
	return nil
}

// bring imports what a query finds, a page at a time.
func (r *run) bring(ctx context.Context, q query) error {
	q.scope, q.controls = goldap.ScopeWholeSubtree, []goldap.Control{extendedDN()}
	q.attrs = strings.Fields(attributes)
	if r.domain.exchange {
		q.attrs = strings.Fields(attributes + exchangeAttributes)
	}
	var page []*object
	err := r.pages(ctx, r.con, q, func() error {
		err := r.keep(ctx, page, false)
		page = nil
		return err
	}, func(e *goldap.Entry) error {
		o, err := r.domain.convert(e)
		if o == nil { // nobody, as far as this account may read
			r.report.Refused++
			r.line(directory.ImportLine{Name: parseName(e.DN).dn, Action: refused, Err: invalid(err)})
			return nil
		}
		if !r.wanted[o.guid] {
			return nil
		}
		o.entry.Err = invalid(err)
		page = append(page, o)
		return nil
	})
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// invalid says why an object cannot be used.
func invalid(err error) error {
	var told *entente.Error
	if err == nil || errors.As(err, &told) && told.Text == err.Error() {
		return err
	}
	return entente.Errorf(entente.Invalid, "%s", err)
}

// keep imports objects and remembers them in the same transaction. Those that
// another was in the way of are tried again at last: when all are read he may not
// be.
func (r *run) keep(ctx context.Context, some []*object, last bool) error {
	for _, o := range some {
		if o.group && o.entry.Err == nil {
			if err := r.completeGroup(ctx, o); err != nil {
				return err
			}
		}
	}
	i := 0
	report, err := r.Directory.ImportObjects(ctx, func() (directory.Object, error) {
		if i == len(some) {
			return directory.Object{}, io.EOF
		}
		i++
		return some[i-1].entry, nil
	}, directory.ImportOptions{
		Database: r.MailboxDatabase, DryRun: r.dry,
		Kept: func(tx *db.Tx, lines []directory.ImportLine) error {
			for _, l := range lines {
				o := some[l.Line-1]
				is, note := kept, o.note
				if l.Action == refused {
					is = refused
				}
				if l.Err != nil {
					note = l.Err.Error()
				}
				if err := o.remember(tx, r.invocation, is, note); err != nil {
					return err
				}
			}
			return r.hold(tx)
		},
	})
	if err != nil {
		return err
	}
	var disable []entente.SID
	for _, l := range report.Lines {
		o := some[l.Line-1]
		if l.Action == refused && !last && kindOfError(l.Err) == entente.Conflict {
			r.conflicts = append(r.conflicts, o)
			continue
		}
		if l.Action == refused && !o.group && !o.enabled {
			disable = append(disable, o.sid)
		}
		r.count(l, o)
	}
	if err := r.disableRefused(ctx, disable); err != nil {
		return err
	}
	r.make(ctx, report.Lines, some)
	return nil
}

// make has mailboxes made that the directory has now. One that cannot be is made
// when somebody opens it, or with the next sync: what is known of accounts, and who
// has to be stopped, does not wait for a database of mailboxes.
func (r *run) make(ctx context.Context, lines []directory.ImportLine, some []*object) {
	if r.dry || r.Made == nil {
		return
	}
	for _, l := range lines {
		if o := some[l.Line-1]; !o.group && l.SID != "" && l.Action != refused && (l.Action != "unchanged" || r.again) {
			r.unmade = append(r.unmade, l.SID)
		}
	}
	if len(r.unmade) == 0 || r.unable {
		return
	}
	slices.Sort(r.unmade)
	r.unmade = slices.Compact(r.unmade)
	if err := r.Made(ctx, r.unmade); err != nil {
		r.unable = true
		r.Log.Warn("directory sync: mailboxes cannot be made now", "accounts", len(r.unmade), "err", err)
		return
	}
	r.unmade = nil
}

func (r *run) count(l directory.ImportLine, o *object) {
	switch l.Action {
	case "created":
		r.report.Created++
	case "changed":
		r.report.Changed++
	case refused:
		r.report.Refused++
	default:
		r.report.Unchanged++
		if l.Err == nil {
			l.Action = ""
		}
	}
	if p := r.progress.Load(); p != nil {
		r.progress.Store(&Progress{Done: p.Done + 1, Total: p.Total})
	}
	if l.Action != "" {
		if l.Name == "" {
			l.Name = o.name
		}
		r.line(l)
	}
}

// line keeps what is told one by one.
func (r *run) line(l directory.ImportLine) {
	if len(r.report.Lines) < maxLines {
		l.Line = len(r.report.Lines) + 1
		r.report.Lines = append(r.report.Lines, l)
	}
}

// disableRefused disables accounts that cannot be brought up to date and are
// disabled there: that much must be done.
func (r *run) disableRefused(ctx context.Context, sids []entente.SID) error {
	here := r.Directory.Snapshot()
	sids = slices.DeleteFunc(sids, func(s entente.SID) bool { return !enabled(here, s) })
	if len(sids) == 0 || r.dry {
		return nil
	}
	var done []entente.SID
	err := r.Directory.Update(ctx, func(c *directory.Change) (err error) {
		done, err = c.Disable(sids)
		return err
	})
	for _, s := range done {
		r.stopped(directory.ImportLine{SID: s, Name: string(s), Action: "disabled"})
	}
	return err
}

// completeGroup reads the members that did not come with a group, and adds those
// whose primary group it is.
func (r *run) completeGroup(ctx context.Context, o *object) error {
	for o.rest > 0 {
		at := o.rest
		asked, cancel := context.WithTimeout(ctx, r.Timeout)
		e, err := r.con.one(asked, query{
			base: o.name, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)",
			attrs: []string{fmt.Sprintf("member;range=%d-*", at)}, controls: []goldap.Control{extendedDN()},
		})
		cancel()
		if err != nil {
			return unavailable(err)
		}
		if e == nil {
			return unavailable(fmt.Errorf("%.64q is gone while its members are read", o.name))
		}
		if err := o.addMembers(e); err != nil {
			return unavailable(err)
		}
		if o.rest != 0 && o.rest <= at {
			return unavailable(errEndless)
		}
	}
	more, err := primaryMembers(ctx, r.DB, o.sid)
	o.entry.Members = append(o.entry.Members, more...)
	return err
}

// wantGroups wants groups too that did not change themselves: those that became
// or ceased to be the primary group of an account just read, and those that had
// as a member who is lost, which on the servers is no change to the group.
func (r *run) wantGroups(ctx context.Context) error {
	if r.dry || len(r.wanted)+len(r.lost) == 0 {
		return nil
	}
	now, err := r.seenObjects(ctx)
	if err != nil {
		return err
	}
	touched := map[entente.SID]bool{}
	for g := range r.wanted {
		was, is := r.seen[g], now[g]
		if was.primary != is.primary && !is.group {
			touched[was.primary], touched[is.primary] = true, true
		}
	}
	for _, g := range r.lost {
		holders, err := r.Directory.Holders(ctx, r.seen[g].sid)
		if err != nil {
			return err
		}
		for _, h := range holders {
			touched[h] = true
		}
	}
	for g, s := range now {
		if s.group && s.state != gone && touched[s.sid] && !r.wanted[g] {
			r.wanted[g] = true
			r.listed[g] = listed{group: true, usn: s.usn}
		}
	}
	return nil
}
