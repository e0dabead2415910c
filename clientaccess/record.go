package clientaccess

import (
	"context"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
)

// Operation names what the request does, and whether it changes anything.
func (s *Session) Operation(name string, writes bool) {
	s.record.Action = string(s.protocol) + "." + name
	s.writes = writes
}

// Glance marks an operation that learns no more than who is free when. Asking
// that of others is everybody's everyday business, and what each shows is in
// his own calendar's permission table: it is recorded like an owner's reading,
// and nobody waits for the record.
func (s *Session) Glance() { s.glance = true }

// maxTargets bounds how many ids one record names; the rest are counted.
const maxTargets = 20

// Target adds the id of a folder or item the operation is about.
func (s *Session) Target(id string) {
	if len(s.record.Targets) < maxTargets {
		s.record.Targets = append(s.record.Targets, id)
		return
	}
	s.record.Count++
}

// Conclude writes the audit record with the code the answer will carry, "" for
// success, and must have returned nil before the answer is written: what could
// not be recorded must not be told. What owners do in their own mailboxes may
// lag one batch, or goes unrecorded if they only read.
func (s *Session) Conclude(ctx context.Context, code string) error {
	if s.concluded {
		return nil
	}
	s.concluded = true
	s.finishRecord(code)
	if s.door.Observe != nil {
		s.door.Observe(Observation{s.protocol, s.record.Action, code, s.door.Now().Sub(s.started)})
	}
	owner := s.record.Kind == audit.Owner && s.record.Allowed
	reads := !s.writes && (owner || s.glance && s.caller.ActsAs == nil)
	switch {
	case reads && s.record.Allowed && !s.door.OwnerReads:
		return nil
	case reads:
		s.door.Log.AppendLater(s.record)
		return nil
	}
	return s.door.Log.Append(ctx, s.record)
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
		if err := s.Conclude(ctx, "Aborted"); err != nil {
			s.door.Slog.Error("audit", "request", s.id, "err", err)
		}
	}
	if s.door.Slog.Enabled(ctx, levelRequest) {
		s.door.Slog.LogAttrs(ctx, levelRequest, "request", s.attrs()...)
	}
}

func (s *Session) finishRecord(code string) {
	r := &s.record
	r.Time, r.Request, r.Code = s.started, s.id, code
	r.By, r.As = s.caller.Authenticated, s.caller.Subject()
	r.Via, r.Method, r.Evidence = s.caller.Chain, s.caller.Method, s.caller.Evidence
	r.Application, r.UserAgent, r.Address = s.caller.Application, s.caller.UserAgent, s.caller.Address
	r.Snapshot = s.snapshot.Generation()
	r.Kind, r.Mailbox = s.kind()
	r.Allowed = true
	for i := range s.trace.Decisions {
		d := &s.trace.Decisions[i]
		if !d.Allowed() {
			r.Allowed = false
		}
		if !d.Allowed() || r.Kind != audit.Owner {
			r.Steps = appendSteps(r.Steps, d)
		}
	}
}

// kind tells in which role the caller came, and to whose mailbox: the first
// that is not his own counts, for that is what an auditor looks for.
func (s *Session) kind() (audit.Kind, string) {
	subject, _ := s.snapshot.FindSID(s.caller.Subject().SID)
	var box entente.MailboxID
	delegate, granted := false, false
	for i := range s.trace.Decisions {
		d := &s.trace.Decisions[i]
		// Items are asked for one by one only where their folder gives nothing.
		granted = granted || d.On.Kind == access.ItemObject && d.Allowed()
		if id := d.On.Mailbox; !id.IsZero() && d.Want != access.Deliver && !delegate {
			box, delegate = id, id != subject.Mailbox
		}
	}
	text := ""
	if !box.IsZero() {
		text = box.String()
	}
	switch {
	case s.caller.Method == access.Local:
		return audit.System, text
	case s.caller.External():
		return audit.External, text
	case s.caller.ActsAs != nil && delegate:
		return audit.ImpersonatedDelegate, text
	case s.caller.ActsAs != nil:
		return audit.Impersonated, text
	case delegate && granted:
		return audit.ItemGrant, text
	case delegate:
		return audit.Delegate, text
	}
	return audit.Owner, text
}

// maxSteps bounds the reasons kept of one request.
const maxSteps = 64

func appendSteps(to []audit.Step, d *access.Decision) []audit.Step {
	for _, st := range d.Steps() {
		if len(to) == maxSteps {
			break
		}
		to = append(to, audit.Step{Rule: st.Rule, Fact: st.Fact, Holds: st.Holds})
	}
	return to
}
