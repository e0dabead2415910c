package relay

import (
	"context"
	"io"
	"time"

	"entente"
	"entente/access"
	"entente/audit"
	"entente/authn"
	"entente/availability"
	"entente/calendar"
	"entente/mailbox"
)

// allowed finds the agreement under which something is asked, by this side's
// own copy, and takes from its rate. Everything that is asked costs, so that a
// flood of wrong questions is no cheaper than one of right ones.
func (r *Relay) allowed(p *peer, name string, o Operation) (*Agreement, error) {
	a := r.agreement(p, name)
	if a == nil {
		if !r.rates.take(&Agreement{Name: "\x00" + p.Name, Rate: defaultRate}, r.Now()) {
			return nil, TooFast
		}
		return nil, NoAgreement
	}
	if !r.rates.take(a, r.Now()) {
		return a, TooFast
	}
	if o != "" && !a.allows(o) {
		return a, NotOperation
	}
	return a, nil
}

// answerTimes tells the outer side when members are free.
func (r *Relay) answerTimes(ctx context.Context, by *callers, body io.Reader) (any, error) {
	var q question
	if err := decode(body, maxQuestion, &q); err != nil || q.check() != nil {
		return nil, r.refuse(ctx, by, GetUserAvailability, "", authn.Relayed{}, nil, NotUnderstood)
	}
	who := by.relayed(q.Agreement, q.Asker)
	a, err := r.allowed(by.peer, q.Agreement, GetUserAvailability)
	if err == nil {
		err = r.mayAsk(a, &q)
	}
	if no, ok := refusalOf(err); ok {
		return nil, r.refuse(ctx, by, GetUserAvailability, q.Request, who, q.Of, no)
	}
	members, err := r.membersOf(ctx, a)
	if err != nil {
		return nil, err
	}
	known, others := split(q.Of, func(a entente.SMTPAddress) (access.Account, bool) {
		m, ok := members[a]
		return m, ok
	})
	if err := r.recordUnknown(ctx, GetUserAvailability, q.Request, who, others); err != nil {
		return nil, err
	}
	out := &times{People: make([]person, len(q.Of))}
	if len(known) == 0 {
		return out, nil
	}
	s := r.Door.Relayed(who, q.Request, string(GetUserAvailability), false)
	for _, k := range known {
		s.Target(k.Mailbox, q.Of[k.at])
	}
	err = r.times(ctx, s, &q, known, out)
	code := ""
	if err != nil {
		code = string(NotNow)
	}
	if e := s.Finish(ctx, code); err == nil {
		err = e
	}
	return out, err
}

// known is somebody of a list of addresses who may be reached.
type known struct {
	access.Account
	at int // in the list
}

// split finds who of a list may be reached, by find alone, and returns the
// addresses of the others.
func split(list []string, find func(entente.SMTPAddress) (access.Account, bool)) (found []known, others []string) {
	for i, s := range list {
		address, _ := entente.ParseSMTPAddress(s) // check has read it
		if a, ok := find(address); ok {
			found = append(found, known{a, i})
		} else {
			others = append(others, s)
		}
	}
	return found, others
}

// recordUnknown records who was asked about in vain, not in the group or nobody.
func (r *Relay) recordUnknown(ctx context.Context, o Operation, request string, who authn.Relayed, of []string) error {
	if len(of) == 0 {
		return nil
	}
	return r.Audit.Append(ctx, external(o, request, who, of, string(unknown)))
}

// mayAsk holds a question against the inner side's copy of the agreement.
func (r *Relay) mayAsk(a *Agreement, q *question) error {
	asks := entente.SMTPAddress(q.Asker.Mail)
	w := q.window()
	switch {
	case !covers(a.Askers, asks) || r.here(asks):
		return NotAsker
	case !a.window(w, r.Now()) || w.Duration() > availability.MaxDays*24*time.Hour:
		return NotWindow
	case q.Details && a.Level != Details:
		return NotLevel
	}
	return nil
}

func (q *question) window() calendar.Interval {
	return (&stretch{Start: q.Start, End: q.End}).interval()
}

// times looks up those of the group.
func (r *Relay) times(ctx context.Context, o availability.Opener, q *question, of []known, out *times) error {
	ask := availability.Request{Window: q.window(), View: availability.FreeBusy, Zone: calendar.UTC()}
	if q.Details {
		ask.View = availability.Detailed
	}
	for i := range of {
		ask.Mailboxes = append(ask.Mailboxes, string(of[i].Mail))
	}
	answers, err := r.free.FreeBusy(ctx, o, ask)
	if err != nil {
		return err
	}
	for i := range of {
		if err := out.People[of[i].at].fill(&answers[i], ask.Window, q.Details); err != nil {
			return err
		}
	}
	return nil
}

// fill writes down what a calendar shows. One that shows nothing has no data:
// that is not the same as being free.
func (p *person) fill(a *availability.Answer, w calendar.Interval, details bool) error {
	p.Known = true
	if a.Err != nil {
		if reasonOf(a.Err) != mailbox.NoFreeBusy {
			return a.Err
		}
		p.Busy = []stretch{{Start: minute(w.Start), End: minute(w.End), Status: uint8(calendar.StatusNoData)}}
		return nil
	}
	if len(a.Busy) > maxBusy {
		return TooMany
	}
	for i := range a.Busy {
		b := &a.Busy[i]
		s := stretch{
			Start: minute(latest(b.Start, w.Start)), End: minuteUp(earlier(b.End, w.End)), Status: uint8(b.Status),
		}
		if d := b.Detail; details && d != nil && !d.Private {
			s.Subject, s.Location = words(d.Subject), words(d.Location)
		}
		p.Busy = append(p.Busy, s)
	}
	return nil
}

func minute(t time.Time) int64   { return t.Unix() / 60 }
func minuteUp(t time.Time) int64 { return (t.Unix() + 59) / 60 }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// relayed is the caller that a channel brings.
func (by *callers) relayed(agreement string, who asker) authn.Relayed {
	mail, _ := entente.ParseSMTPAddress(who.Mail)
	out := authn.Relayed{
		For: access.Principal{Mail: mail}, Peer: by.Name, Agreement: agreement,
		Evidence: string(by.pin), Address: by.address,
	}
	for _, l := range who.Chain {
		out.Chain = append(out.Chain, access.Link{Who: access.Principal{UPN: entente.UPN(l.UPN)}, How: l.How})
	}
	return out
}

// refuse records a refusal and returns it. What exceeds the rate is recorded
// once and counted: whoever floods the channel must not flood the log.
func (r *Relay) refuse(ctx context.Context, by *callers, o Operation, request string, who authn.Relayed, of []string, no Refusal) error {
	n := 1
	if no == TooFast {
		if n = r.rates.refused(by.Name, r.Now()); n == 0 {
			return no
		}
	}
	if who.Peer == "" {
		who = by.relayed("", asker{})
	}
	rec := external(o, request, who, of, string(no))
	if n > 1 {
		rec.Count = n
	}
	if err := r.Audit.Append(ctx, rec); err != nil {
		return err
	}
	return no
}

// external is the record of what somebody outside was refused, or what became of
// it without a mailbox here.
func external(o Operation, request string, who authn.Relayed, of []string, code string) audit.Record {
	c := who.Caller()
	return audit.Record{
		Kind: audit.External, Request: request, As: c.Authenticated, By: c.Authenticated, Via: c.Chain,
		Method: access.Relay, Evidence: c.Evidence, Address: c.Address,
		Action: "relay." + string(o), Targets: of[:min(len(of), 20)], Count: max(0, len(of)-20), Allowed: code == "", Code: code,
		Steps: []audit.Step{{Rule: "relay-agreement", Fact: who.Agreement, Holds: code == ""}},
	}
}
