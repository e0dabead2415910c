package clientaccess

import (
	"context"
	"slices"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/mailbox"
)

// Operation names what the request does, and whether it changes anything.
func (s *Session) Operation(name string, writes bool) {
	s.record.Action = string(s.protocol) + "." + name
	s.writes = writes
}

// Glance marks an operation that learns no more than who is free when. Asking
// that of others is everybody's everyday business, and what each shows is in
// his own calendar's permission table: it is recorded like an owner's reading,
// and nobody waits for the record. What people of other organizations learn so is
// recorded always.
func (s *Session) Glance() { s.glance = true }

// maxTargets bounds how many ids one record names; the rest are counted.
const maxTargets = 20

// A target is what the request was about in one mailbox.
type target struct {
	box  entente.MailboxID
	ids  []string
	more int
}

// Target adds the id of a folder or item of a mailbox that the operation is
// about.
func (s *Session) Target(box entente.MailboxID, id string) {
	t := s.target(box)
	if t == nil {
		s.targets = append(s.targets, target{box: box})
		t = &s.targets[len(s.targets)-1]
	}
	if len(t.ids) < maxTargets {
		t.ids = append(t.ids, id)
		return
	}
	t.more++
}

func (s *Session) target(box entente.MailboxID) *target {
	for i := range s.targets {
		if s.targets[i].box == box {
			return &s.targets[i]
		}
	}
	return nil
}

// A witness leaves the session's record with everything it writes.
type witness struct{ *Session }

// aborted is the code of a request whose end nobody saw.
const aborted = "Aborted"

// Note is mailbox.Witness's: the record as it stands, should this process not
// live to tell the end.
func (w witness) Note(database string, id entente.MailboxID) mailbox.Note {
	s := w.Session
	note := mailbox.NoteID{Database: database, Mailbox: id, Request: s.id}
	if !slices.Contains(s.notes, note) {
		s.notes = append(s.notes, note)
	}
	r := s.recordOf(id, aborted)
	return mailbox.Note{Request: s.id, Record: r.Text()}
}

// Conclude writes the audit records, one for each mailbox, with the code the
// answer will carry, "" for success, and must have returned nil before the
// answer is written: what could not be recorded must not be told. What owners do
// in their own mailboxes goes unrecorded if they only read.
//
// Of what was written there is a note beside it, so that the record is not lost
// if the log cannot take it now or the process dies here.
func (s *Session) Conclude(ctx context.Context, code string) error {
	if s.concluded {
		return nil
	}
	s.concluded = true
	if s.door.Observe != nil {
		s.door.Observe(Observation{s.protocol, s.record.Action, code, s.door.Now().Sub(s.started)})
	}
	if s.visits {
		s.door.visits.count(s, code)
		return nil
	}
	var records []audit.Record
	wait := false
	boxes := s.touched()
	for i, box := range boxes {
		r := s.recordOf(box, code)
		if i == 0 {
			s.record = r // for the server's own log
		}
		keep, must := s.keeps(&r)
		if keep {
			records = append(records, r)
		}
		wait = wait || must
	}
	switch {
	case len(records) == 0:
		return nil
	case !wait:
		s.door.Log.AppendLater(records...)
		return nil
	}
	err := s.door.Log.Append(ctx, records...)
	if err == nil {
		s.door.Mailboxes.Settle(s.notes...)
		return nil
	}
	s.amend(ctx, records)
	return err
}

// keeps says whether a record belongs into the log, and whether the answer must
// wait for it.
func (s *Session) keeps(r *audit.Record) (keep, wait bool) {
	owner := r.Kind == audit.Owner && r.Allowed
	glance := s.glance && s.caller.ActsAs == nil
	reads := !s.writes && (owner || glance)
	if len(s.notes) > 0 && s.notedText(r.Mailbox) {
		reads = false // whatever the operation is called
	}
	switch {
	case glance && s.caller.Foreign != nil:
		return true, false // who of another organization looked is on record
	case reads && r.Allowed && !s.door.OwnerReads:
		return false, false
	case reads:
		return true, false
	}
	return true, true
}

// Origin is mailbox.Witness's.
func (w witness) Origin(id entente.MailboxID) (mailbox.Origin, bool) {
	return w.origin(id)
}

// origin says for whom and by what rights the request acts in a mailbox.
func (s *Session) origin(id entente.MailboxID) (mailbox.Origin, bool) {
	subject, _ := s.snapshot.FindSID(s.caller.Subject().SID)
	if s.caller.Method == access.Local || s.caller.ActsAs == nil && subject.Mailbox == id {
		return mailbox.Origin{}, false
	}
	o := mailbox.Origin{Request: s.id, By: s.caller.Authenticated.SID, As: s.caller.Subject().SID}
	r := s.recordOf(id, "")
	for _, g := range r.Grounds {
		o.Grounds = append(o.Grounds, string(g.Kind)+" "+g.ID)
	}
	return o, true
}

func (s *Session) notedText(box string) bool {
	return slices.ContainsFunc(s.notes, func(n mailbox.NoteID) bool { return n.Mailbox.String() == box })
}

// amend has the notes say how the request ended, if that can be written, and
// leaves them to be told from what the log has.
func (s *Session) amend(ctx context.Context, records []audit.Record) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	for i := range records {
		for _, n := range s.notes {
			if n.Mailbox.String() == records[i].Mailbox {
				_ = s.door.Mailboxes.Amend(ctx, n, records[i].Text()) // what the note says is true, if less
			}
		}
	}
	s.door.Mailboxes.Abandon(s.notes...)
}

// end closes the session: it gives the budget back, and records a request whose
// handler ended without a conclusion.
func (s *Session) end(ctx context.Context) {
	switch s.hold {
	case holdsPlace:
		s.door.throttle.leave(s.place, s.door.Now())
	case holdsTime:
		now := s.door.Now()
		s.door.throttle.charge(s.place, now.Sub(s.started), now)
	}
	if s.release != nil {
		s.release()
	}
	if !s.concluded {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := s.Conclude(ctx, aborted); err != nil {
			s.door.Slog.Error("audit", "request", s.id, "err", err)
		}
	}
	if s.door.Slog.Enabled(ctx, levelRequest) {
		s.door.Slog.LogAttrs(ctx, levelRequest, "request", s.attrs()...)
	}
}

// touched returns the mailboxes the request was about, in the order in which it
// came to them; the zero id alone if there are none.
func (s *Session) touched() []entente.MailboxID {
	boxes := make([]entente.MailboxID, 0, 1)
	for i := range s.trace.Decisions {
		box := s.trace.Decisions[i].On.Mailbox
		if n := len(boxes); box.IsZero() || n > 0 && boxes[n-1] == box || slices.Contains(boxes, box) {
			continue
		}
		boxes = append(boxes, box)
	}
	for i := range s.targets {
		if box := s.targets[i].box; !slices.Contains(boxes, box) {
			boxes = append(boxes, box)
		}
	}
	if len(boxes) == 0 {
		boxes = append(boxes, entente.MailboxID{})
	}
	return boxes
}

// recordOf makes the record of what the request did in one mailbox.
func (s *Session) recordOf(box entente.MailboxID, code string) audit.Record {
	r := audit.Record{
		Time: s.started, Request: s.id, Code: code, Action: s.record.Action,
		By: s.onePerson(s.caller.Authenticated), As: s.onePerson(s.caller.Subject()),
		Via: s.caller.Chain, Method: s.caller.Method, Evidence: s.caller.Evidence,
		Application: s.caller.Application, UserAgent: s.caller.UserAgent, Address: s.caller.Address,
		Snapshot: s.snapshot.Generation(), SnapshotHash: s.hash, Kind: s.kind(box), Allowed: true,
	}
	if !box.IsZero() {
		r.Mailbox = box.String()
	}
	if t := s.target(box); t != nil {
		r.Targets, r.Count = t.ids, t.more
	}
	p := reasons{record: &r, local: s.caller.Method == access.Local}
	for i := range s.trace.Decisions {
		// What was decided of no mailbox, the gate and whom to act as, was decided
		// of each.
		if d := &s.trace.Decisions[i]; d.On.Mailbox.IsZero() || d.On.Mailbox == box {
			p.add(d)
		}
	}
	return r
}

// onePerson returns a principal as records know him. Who owns a linked mailbox is the
// same person by his master account's SID, the placeholder's, its UPN and any of
// its addresses; the SID he signed in with is in the chain.
func (s *Session) onePerson(p access.Principal) access.Principal {
	if a, ok := s.snapshot.FindSID(p.SID); ok && a.Master == p.SID {
		return a.Principal
	}
	return p
}

// kind tells in which role the caller came to a mailbox.
func (s *Session) kind(box entente.MailboxID) audit.Kind {
	subject, _ := s.snapshot.FindSID(s.caller.Subject().SID)
	foreign := !box.IsZero() && box != subject.Mailbox || box.IsZero() && s.elsewhere
	granted, sends := false, foreign && !box.IsZero()
	for i := range s.trace.Decisions {
		d := &s.trace.Decisions[i]
		if d.On.Mailbox != box {
			continue
		}
		// Items are asked for one by one only where their folder gives nothing.
		granted = granted || d.On.Kind == access.ItemObject && d.Allowed()
		sends = sends && d.Want == access.Deliver
	}
	delegate := foreign && !sends
	switch {
	case s.caller.Method == access.Local:
		return audit.System
	case s.caller.External():
		return audit.External
	case box.IsZero() && s.sentOn && !delegate && s.caller.ActsAs == nil:
		return audit.Sender
	case s.caller.ActsAs != nil && delegate:
		return audit.ImpersonatedDelegate
	case s.caller.ActsAs != nil:
		return audit.Impersonated
	case delegate && granted:
		return audit.ItemGrant
	case delegate:
		return audit.Delegate
	case sends:
		return audit.Sender
	}
	return audit.Owner
}
