package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/clientaccess"
	"entente/directory"
	"entente/mailbox"
)

// Who acts for another may give rights in the other's name: in a folder's
// permission table, as a delegate. They do not end with what let him act. So
// taking that away lists them, and undoes them if asked to. (threats D4)

// GivenInfo is a right that somebody gave while he acted for another.
type GivenInfo struct {
	Time    string `json:"time"`
	Mailbox string `json:"mailbox"` // whose
	Where   string `json:"where"`   // folder, list of delegates, or the mailbox as a whole
	To      string `json:"to"`
	Before  string `json:"before"`
	Given   string `json:"given"`
	By      string `json:"by"` // who really gave it
	Request string `json:"request" table:"-"`
	Outcome string `json:"outcome,omitempty"` // of undoing or keeping it
}

// Withdrawal says what becomes of rights that were given under what is taken
// away.
type Withdrawal struct {
	Undo bool `json:"undo,omitempty" help:"Take back what was given under it, but for what the owner changed since." xor:"given"`
	Keep bool `json:"keep,omitempty" help:"Let what was given under it stand, and list it no more." xor:"given"`
}

// Withdrawn is what was done, and what had been given under what was taken
// away.
type Withdrawn struct {
	Done  string      `json:"done"`
	Given []GivenInfo `json:"given,omitempty"`
}

// A given is a right that was given: in a mailbox, or on one as a whole.
type given struct {
	in *mailbox.Given
	on *audit.Given
}

func (g *given) mailbox() entente.MailboxID {
	if g.in != nil {
		return g.in.Mailbox
	}
	id, _ := entente.ParseMailboxID(g.on.Mailbox) // written by us; zero is nobody's
	return id
}

func (g *given) grounds() []string {
	if g.in != nil {
		return g.in.Grounds
	}
	return g.on.Grounds
}

// givenUnder finds what stands of what was given on a ground, in all databases,
// or in one mailbox.
func (a *API) givenUnder(ctx context.Context, ground string, in entente.MailboxID) ([]given, error) {
	var all []given
	databases, err := a.Directory.Databases(ctx)
	if err != nil {
		return nil, err
	}
	var same []string // databases of several names
	for _, d := range databases {
		if slices.Contains(same, d.URL) || a.here(d.Name) != nil {
			continue // what another node holds is asked for there
		}
		same = append(same, d.URL)
		list, err := a.Mailboxes.Given(ctx, d.Name)
		if err != nil {
			return nil, fmt.Errorf("what was given in database %s: %w", d.Name, err)
		}
		for i := range list {
			all = append(all, given{in: &list[i]})
		}
	}
	boxes, err := a.Audit.Given(ctx)
	for i := range boxes {
		all = append(all, given{on: &boxes[i]})
	}
	return slices.DeleteFunc(all, func(g given) bool {
		return !slices.Contains(g.grounds(), ground) || !in.IsZero() && g.mailbox() != in
	}), err
}

func (a *API) givenInfo(ctx context.Context, g *given) GivenInfo {
	i := GivenInfo{Mailbox: g.mailbox().String()}
	if x, ok := a.Directory.Snapshot().FindMailbox(g.mailbox()); ok {
		i.Mailbox = string(x.UPN)
	}
	if g.on != nil {
		i.Time, i.Where, i.To, i.Request = stamp(g.on.At), "mailbox", a.nameOf(ctx, g.on.To), g.on.Request
		i.Before, i.Given, i.By = rightsText(g.on.Had), rightsText(g.on.Has), a.nameOf(ctx, g.on.By)
		return i
	}
	i.Time, i.By, i.Request = stamp(g.in.At), a.nameOf(ctx, g.in.By), g.in.Request
	switch g.in.Who {
	case access.Default:
		i.To = "Default"
	case access.Anonymous:
		i.To = "Anonymous"
	default:
		i.To = a.nameOf(ctx, g.in.SID)
	}
	if g.in.Folder == 0 {
		i.Where, i.Before, i.Given = "delegates", delegateText(g.in.Had), delegateText(g.in.Has)
		return i
	}
	i.Where, i.Before, i.Given = "folder "+g.in.Name, heldText(g.in.Had), heldText(g.in.Has)
	return i
}

func heldText(h mailbox.Held) string {
	if h == mailbox.NoEntry {
		return "no entry"
	}
	return rightsText(access.Rights(h))
}

func rightsText(r access.Rights) string {
	if r == 0 {
		return "none"
	}
	return r.String()
}

func delegateText(h mailbox.Held) string {
	switch h {
	case mailbox.NoEntry:
		return "no delegate"
	case 1:
		return "delegate, with copies"
	}
	return "delegate"
}

// settle undoes or keeps what was given, each on its own and each on record, or
// only lists it.
func (a *API) settle(ctx context.Context, what string, all []given, q Withdrawal) []GivenInfo {
	list := make([]GivenInfo, 0, len(all))
	for i := range all {
		info := a.givenInfo(ctx, &all[i])
		if q.Undo || q.Keep {
			info.Outcome = outcomeText(a.settleOne(ctx, what, &all[i], &info, q.Keep), q.Keep)
		}
		list = append(list, info)
	}
	return list
}

func outcomeText(err error, keep bool) string {
	switch {
	case err == nil && keep:
		return "kept"
	case err == nil:
		return "undone"
	case isReason(err, mailbox.GivenChanged):
		return "changed since, left as it is"
	}
	return "failed: " + err.Error()
}

func isReason(err error, r entente.Reason) bool {
	e, ok := asError(err)
	return ok && e.Reason == r
}

func (a *API) settleOne(ctx context.Context, what string, g *given, info *GivenInfo, keep bool) error {
	verb := "given.undo"
	if keep {
		verb = "given.keep"
	}
	targets := []string{what, info.Mailbox, info.Where, info.To}
	if g.on != nil {
		if err := a.unchanged(ctx, g.on, keep); err != nil {
			return err
		}
		return a.change(ctx, verb, targets, func(c *directory.Change) error {
			if err := c.Also(a.Audit.SettleGiven(g.on.ID, keep)); err != nil || keep {
				return err
			}
			return c.SetDelegate(g.mailbox(), g.on.To, g.on.Had&^g.on.Has, g.on.Has&^g.on.Had)
		})
	}
	return a.recorded(ctx, verb, targets, func() error {
		owner, ok := a.Directory.Snapshot().FindMailbox(g.in.Mailbox)
		if !ok {
			return entente.Errorf(entente.NotFound, "the mailbox is nobody's")
		}
		s := a.Door.Local(owner.Principal, "admin."+verb)
		err := a.settleIn(ctx, s, g.in, keep)
		code := ""
		if err != nil {
			code = codeOf(err)
		}
		if e := s.Finish(ctx, code); err == nil {
			err = e
		}
		return err
	})
}

func (a *API) settleIn(ctx context.Context, s *clientaccess.Session, g *mailbox.Given, keep bool) error {
	v, err := s.Own(ctx)
	if err != nil {
		return err
	}
	if keep {
		return v.Keep(ctx, g)
	}
	return v.Undo(ctx, g)
}

// unchanged makes sure that rights on a mailbox are as they were given.
func (a *API) unchanged(ctx context.Context, g *audit.Given, keep bool) error {
	id, err := entente.ParseMailboxID(g.Mailbox)
	if err != nil || keep {
		return err
	}
	all, err := a.Directory.MailboxPermissions(ctx, id)
	if err != nil {
		return err
	}
	var now access.Rights
	for _, p := range all {
		if p.To == g.To && !p.Deny {
			now = p.Rights
		}
	}
	if now&(g.Had|g.Has) != g.Has {
		return entente.Errorf(entente.Conflict, "it was changed since, and stays as it is").Because(mailbox.GivenChanged)
	}
	return nil
}

// withdrawn is the answer of what takes a ground away: what was given on it is
// listed in any case.
func (a *API) withdrawn(ctx context.Context, done, ground, what string, in entente.MailboxID, q Withdrawal) (Withdrawn, error) {
	if q.Undo && q.Keep {
		return Withdrawn{}, entente.Errorf(entente.Invalid, "either undo or keep what was given")
	}
	all, err := a.givenUnder(ctx, ground, in)
	if err != nil {
		return Withdrawn{Done: done}, err
	}
	w := Withdrawn{Done: done, Given: a.settle(ctx, what, all, q)}
	if n := len(all); n > 0 && !q.Undo && !q.Keep {
		w.Done += fmt.Sprintf("; %d rights that were given under it stand: say --undo to take them back, --keep to let them stand", n)
	}
	return w, nil
}

func groundOf(kind audit.GroundKind, id string) string { return string(kind) + " " + id }

// GivenUnder asks what was given under an assignment or an item grant, whether
// that still exists or not.
type GivenUnder struct {
	ID
	Withdrawal
}

// AssignmentGiven lists what was given under an assignment and stands; it undoes
// or keeps it if asked to. The assignment may be gone.
func (a *API) AssignmentGiven(ctx context.Context, q GivenUnder) (Withdrawn, error) {
	return a.withdrawn(ctx, "what was given under assignment "+q.ID.ID, groundOf(audit.ByAssignment, q.ID.ID), q.ID.ID, entente.MailboxID{}, q.Withdrawal)
}

// RemoveAssignment asks for an assignment to end.
type RemoveAssignment struct {
	ID
	Withdrawal
}

// RemoveAssignment removes an assignment, at once, and lists what was given
// under it.
func (a *API) RemoveAssignment(ctx context.Context, q RemoveAssignment) (Withdrawn, error) {
	if q.Undo && q.Keep {
		return Withdrawn{}, entente.Errorf(entente.Invalid, "either undo or keep what was given")
	}
	err := a.change(ctx, "assignment.remove", []string{q.ID.ID}, func(c *directory.Change) error { return c.RemoveAssignment(q.ID.ID) })
	if err != nil {
		return Withdrawn{}, err
	}
	return a.withdrawn(ctx, "the assignment was removed", groundOf(audit.ByAssignment, q.ID.ID), q.ID.ID, entente.MailboxID{}, q.Withdrawal)
}

// DisableAssignment stops an assignment without forgetting it, and lists what
// was given under it.
func (a *API) DisableAssignment(ctx context.Context, q RemoveAssignment) (Withdrawn, error) {
	if _, err := a.setAssignment(ctx, "assignment.disable", "", q.ID, false); err != nil {
		return Withdrawn{}, err
	}
	return a.withdrawn(ctx, "the assignment no longer holds", groundOf(audit.ByAssignment, q.ID.ID), q.ID.ID, entente.MailboxID{}, q.Withdrawal)
}

// revoked lists what somebody gave in a mailbox under what was granted to him on
// it.
func (a *API) revoked(ctx context.Context, done string, x *directory.Account, to entente.SID, q Withdrawal) (Withdrawn, error) {
	what := strings.TrimSpace(string(x.UPN) + " " + a.nameOf(ctx, to))
	return a.withdrawn(ctx, done, groundOf(audit.ByMailboxPermission, string(to)), what, x.Mailbox, q)
}
